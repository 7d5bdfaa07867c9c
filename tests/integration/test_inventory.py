# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telephone numbers as hosts, by ansible-inventory and in plays."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from integration._playbook import COLLECTION, KEY, OTHER_KEY, SECRET, Ansible, as_yaml
from simulator import Simulator

MANY = 10_000
DESK = "11111111-1111-4111-8111-111111111111"


def write_source(ansible: Ansible, name: str = "lines.vox.yml", **options: Any) -> Path:
    path = ansible.directory / name
    path.write_text(as_yaml({"plugin": "voxai.telephony.numbers", **options}), encoding="utf-8")
    return path


def list_inventory(ansible: Ansible, inventory: Path, url: str, **environment: str) -> tuple[dict[str, Any], str]:
    """Return the output of ansible-inventory, and its error messages."""
    ansible.home.mkdir(exist_ok=True)
    variables = ansible.environment(ansible.directory / "record.jsonl")
    done = subprocess.run(
        [str(ansible.bin / "ansible-inventory"), "-i", str(inventory), "--list"],
        env={**variables, "VOX_API_URL": url, "VOX_API_KEY": KEY, "ANSIBLE_INVENTORY_ENABLED": "auto", **environment},
        cwd=ansible.root,
        capture_output=True,
        check=False,
        text=True,
    )
    assert SECRET not in done.stdout + done.stderr
    shown: dict[str, Any] = plain(json.loads(done.stdout))
    return shown, done.stderr


def plain(value: Any) -> Any:
    """Remove ansible-inventory's marks of values that are not templates."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def test_each_number_is_a_host(ansible: Ansible, sim: Simulator) -> None:
    sim.add_agent("Front desk", agent_id=DESK)
    mapped = {"agent_id": DESK.upper(), "agent_version": "v2"}
    first = sim.add("07040000001", memo="{{ 1 + 1 }} {% raw %}", inbound_agent=mapped, unknown={"new_field": [7]})
    sim.add("07040000002", provider="vox", status="cancel_requested")
    sim.add("07040000003", status="expired")
    inventory = write_source(
        ansible,
        agent_names=True,
        keyed_groups=[{"prefix": "agent", "key": "vox_inbound_agent_name | default('none', true)"}],
        groups={"bought": "vox_provider == 'vox'"},
        compose={"short": "vox_number[-4:]"},
    )
    shown, complaints = list_inventory(ansible, inventory, sim.url)
    variables = shown["_meta"]["hostvars"]
    assert set(variables) == {"07040000001", "07040000002"}
    one = variables["07040000001"]
    for name, value in first.items():
        assert one[f"vox_{name}"] == value
    assert one["ansible_connection"] == "local"
    assert (one["vox_inbound_agent_name"], one["vox_outbound_agent_name"]) == ("Front desk", None)
    assert one["short"] == "0001"
    assert shown["agent_Front_desk"]["hosts"] == ["07040000001"]
    assert shown["agent_none"]["hosts"] == shown["bought"]["hosts"] == ["07040000002"]
    assert "[ERROR]" not in complaints


def test_api_values_are_not_templates(ansible: Ansible, sim: Simulator) -> None:
    """Up to ansible-core 2.18, strings of an inventory are templates. The API key is encrypted with Ansible Vault."""
    created = ansible.directory / "created"
    pipe = f"lookup('ansible.builtin.pipe', 'touch {created}')"
    # The second memo sets other delimiters for templates.
    memos = ["{{ " + pipe + " }}", f"#jinja2:variable_start_string:'[%', variable_end_string:'%]'\n[% {pipe} %]"]
    for index, memo in enumerate(memos):
        sim.add(f"0704000000{index}", memo=memo, unknown={"nested": {"texts": [memo]}})
    password = ansible.directory / "password"
    password.write_text("vault-password\n", encoding="utf-8")
    ansible.home.mkdir()
    variables = ansible.environment(ansible.directory / "record.jsonl")
    variables |= {"VOX_API_URL": sim.url, "ANSIBLE_VAULT_PASSWORD_FILE": str(password)}
    vault = [str(ansible.bin / "ansible-vault"), "encrypt_string", KEY]
    vaulted = subprocess.run(vault, env=variables, cwd=ansible.root, capture_output=True, check=True, text=True).stdout
    inventory = ansible.directory / "lines.vox.yml"
    inventory.write_text(
        f"plugin: voxai.telephony.numbers\napi_key: {vaulted}\n"
        "compose:\n  same: vox_memo\n  longer: vox_memo ~ '!'\n"
        "keyed_groups:\n  - key: vox_memo\n",
        encoding="utf-8",
    )
    shown = "{{ [vox_memo, same, vox_nested.texts[0], longer] }}"
    play = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": shown}}]}]
    run = ansible.run(play, inventory, verbosity="-v", ANSIBLE_INVENTORY_ENABLED="auto", **variables)
    assert run.code == 0, run.output
    assert sorted(task.result["msg"] for task in run.tasks) == sorted([memo, memo, memo, memo + "!"] for memo in memos)
    assert not created.exists()


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({"status": ["expired", "active"]}, {"07040000001", "07040000003"}),
        ({"provider": "vox"}, {"07040000002"}),
        ({"api_key": "{{ 'vox-key-Xyz' ~ 'zy-2' }}"}, {"07040000009"}),
    ],
)
def test_options_select_the_numbers(ansible: Ansible, sim: Simulator, options: Any, numbers: set[str]) -> None:
    sim.add("07040000001")
    sim.add("07040000002", provider="vox", status="cancel_requested")
    sim.add("07040000003", status="expired")
    sim.add("07040000009", key=OTHER_KEY)
    shown, _complaints = list_inventory(ansible, write_source(ansible, **options), sim.url)
    assert set(shown["_meta"]["hostvars"]) == numbers


@pytest.mark.parametrize(
    ("options", "environment", "complaint"),
    [
        ({}, {"VOX_API_KEY": ""}, "api_key is missing"),
        ({"api_key": ""}, {}, "api_key is empty: check the variable"),
        ({"api_key": "wrong-Xyzzy"}, {}, "HTTP 401"),
        ({"timeout": 0}, {}, "timeout is 0"),
        ({"api_url": "http://example.com"}, {}, "without TLS"),
        ({"status": ["lost"]}, {}, "lost"),
    ],
)
def test_errors_are_reported(
    ansible: Ansible, sim: Simulator, options: Any, environment: dict[str, str], complaint: str
) -> None:
    shown, complaints = list_inventory(ansible, write_source(ansible, **options), sim.url, **environment)
    assert complaint in " ".join(complaints.split())
    assert shown["_meta"]["hostvars"] == {}


def test_each_organization_has_its_own_cache(ansible: Ansible, sim: Simulator) -> None:
    sim.add("07040000001")
    sim.add("07040000009", key=OTHER_KEY)
    cache: dict[str, Any] = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(ansible.directory / "cache"),
    }
    inventory = write_source(ansible, **cache)
    for _time in range(2):
        shown, _complaints = list_inventory(ansible, inventory, sim.url)
        assert set(shown["_meta"]["hostvars"]) == {"07040000001"}
    assert len(sim.requests) == 3
    shown, _complaints = list_inventory(ansible, inventory, sim.url, VOX_API_KEY=OTHER_KEY)
    assert set(shown["_meta"]["hostvars"]) == {"07040000009"}
    for file in (ansible.directory / "cache").iterdir():
        assert SECRET not in file.name + file.read_text(encoding="utf-8")


def test_numbers_of_an_agent_get_another_agent(ansible: Ansible, sim: Simulator) -> None:
    """First in check mode. The numbers of other agents are unchanged."""
    night = "22222222-2222-4222-8222-222222222222"
    sim.add_agent("Front desk", agent_id=DESK)
    sim.add_agent("Night desk", agent_id=night)
    for index in range(60):
        agent = {"agent_id": DESK if index % 2 else night, "agent_version": "current"}
        sim.add(f"0704000{index:04}", inbound_agent=agent)
    inventory = write_source(ansible, agent_names=True)
    task = {
        COLLECTION + "vox_telephone_number": {
            "number": "{{ inventory_hostname }}",
            "inbound_agent": {"agent_name": "Night desk"},
        },
        "when": "vox_inbound_agent_name == 'Front desk'",
    }
    play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    environment = {"VOX_API_URL": sim.url, "VOX_API_KEY": KEY, "ANSIBLE_INVENTORY_ENABLED": "auto"}
    checked = ansible.run(play, inventory, "--forks=10", "--check", "--diff", verbosity="-v", **environment)
    assert checked.code == 0, checked.output
    assert sum(seen.result.get("changed", False) for seen in checked.tasks) == 30
    # The inventory's numbers and agents, then the numbers and the agent that the tasks look up.
    assert [request.method for request in sim.requests] == ["GET"] * 6
    sim.clear_log()
    run = ansible.run(play, inventory, "--forks=10", "--limit=0704000000*", verbosity="-v", **environment)
    assert run.code == 0, run.output
    assert len(sim.writes) == 5
    assert {number["number"] for number in sim.numbers() if number["inbound_agent"]["agent_id"] == DESK} == {
        f"0704000{index:04}" for index in range(11, 60, 2)
    }


def test_inventory_and_tasks_share_the_rate_limit(ansible: Ansible, sim: Simulator) -> None:
    """The inventory uses all three requests of the minute, so the task waits."""
    sim.add("07040000001")
    task = {COLLECTION + "vox_telephone_number_info": {"number": "{{ inventory_hostname }}"}, "timeout": 1}
    play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    environment = {"VOX_API_URL": sim.url, "VOX_API_KEY": KEY, "ANSIBLE_INVENTORY_ENABLED": "auto"}
    run = ansible.run(play, write_source(ansible), VOX_REQUESTS_PER_MINUTE="3", **environment)
    assert [seen.failed for seen in run.tasks] == [True]
    assert len(sim.requests) == 3


def test_ten_thousand_numbers(ansible: Ansible, sim: Simulator) -> None:
    for index in range(MANY):
        sim.add(f"0704{index:07}")
    began = time.monotonic()
    shown, _complaints = list_inventory(ansible, write_source(ansible), sim.url)
    assert len(shown["_meta"]["hostvars"]) == MANY
    assert len(sim.requests) == 102
    assert time.monotonic() - began < 120
    # In kilobytes, of the largest child process so far. ansible-inventory takes about 200 MB.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 600 * 1024
