# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role telephone_numbers: defaults for all numbers, and the module's results."""

from __future__ import annotations

import json
import os
import subprocess
from textwrap import indent
from typing import Any

from integration._playbook import BULK, COLLECTION, KEY, LIST, NUMBER, PASSWORD, SECRET, UNKNOWN, Ansible, Seen
from integration._scenario import CONTROLLER, Script, scenario
from integration.test_ansible import VAULT_PASSWORD, VAULTED
from simulator import Simulator

OTHER, BOUGHT = "07033334444", "07055556666"
TRUNK = {"address": "sip:trunk.example.com:5060", "auth_username": "main", "auth_password": "{{ sip_password }}"}


def role(entries: list[dict[str, Any]], check_mode: bool = False, **variables: Any) -> dict[str, Any]:
    """Return a task that applies the role; `variables` are its other variables, without their prefix."""
    prefixed = {f"vox_telephone_numbers_{name}": value for name, value in variables.items()}
    return {
        "ansible.builtin.include_role": {
            "name": COLLECTION + "telephone_numbers",
            "apply": {"ignore_errors": True, "check_mode": check_mode},
        },
        "vars": {"vox_telephone_numbers": entries, **prefixed},
    }


def applied(seen: list[Seen]) -> list[Seen]:
    """Return the role's tasks, without Ansible's check of its arguments."""
    return [task for task in seen if task.action == BULK]


@scenario()
def test_defaults_are_merged(sim: Simulator) -> Script:
    sim.add(BOUGHT, provider="vox")
    entries: list[dict[str, Any]] = [
        {"number": "070-1111-2222", "memo": "본사"},
        {"number": OTHER, "address": "sip:other.example.com", "auth_username": None},
        {"number": BOUGHT, "address": None, "update_password": None, "memo": "bought"},
    ]
    defaults = {**TRUNK, "update_password": "on_create", "inbound_agent": {}}
    seen = yield [role(entries, defaults=defaults), role(entries, defaults=defaults)]
    first, second = applied(seen)
    assert not first.failed, first.message
    bodies = sorted(first.bodies(sim), key=lambda body: body.get("number", ""))
    assert bodies == [
        {"memo": "bought"},
        {"number": NUMBER, **TRUNK, "auth_password": PASSWORD, "memo": "본사"},
        {"number": OTHER, "address": "sip:other.example.com", "auth_password": PASSWORD},
    ]
    assert second.result["changed"] is False
    assert second.requests(sim) == [LIST]


@scenario(CONTROLLER)
def test_result_is_registered(sim: Simulator) -> Script:
    sim.add(NUMBER)
    shown = {"ansible.builtin.debug": {"msg": "{{ vox_telephone_numbers_result.summary.unchanged }}"}}
    seen = yield [role([{"number": NUMBER}]), shown]
    assert seen[-1].message == "1"


@scenario(CONTROLLER)
def test_check_mode_writes_nothing(sim: Simulator) -> Script:
    seen = yield [role([{"number": NUMBER}], check_mode=True, defaults=TRUNK)]
    (tried,) = applied(seen)
    assert tried.result["summary"]["registered"] == 1
    assert tried.requests(sim) == UNKNOWN


@scenario(CONTROLLER)
def test_prune(sim: Simulator) -> Script:
    for number in (NUMBER, OTHER):
        sim.add(number)
    sim.add(BOUGHT, provider="vox")
    entries = [{"number": NUMBER}]
    seen = yield [
        role(entries),
        role(entries, prune=True),
        role(entries, prune=True, max_deletions=0),
        role(entries, prune=True, max_deletions=1),
    ]
    kept, no_limit, too_many, pruned = applied(seen)
    assert kept.result["changed"] is False
    assert no_limit.failed and "max_deletions" in no_limit.message
    assert too_many.failed and OTHER in too_many.message
    assert [entry["number"] for entry in pruned.result["pruned"]] == [OTHER]
    assert len(sim.writes) == 1


@scenario(CONTROLLER)
def test_numbers_without_quotes_are_refused(sim: Simulator) -> Script:
    seen = yield [role([{"number": OTHER}, {"number": 0o7011112222}], defaults=TRUNK)]
    (refused,) = applied(seen)
    assert refused.failed
    assert "entry 2 (941921426): number is 941921426, which is not a string" in refused.message
    assert "Write it in quotes" in refused.message
    assert sim.writes == []


@scenario(CONTROLLER)
def test_arguments_are_checked(sim: Simulator) -> Script:
    entry = {"number": NUMBER, "auth_password": "{{ sip_password }}"}
    missing = role([])
    del missing["vars"]["vox_telephone_numbers"]
    seen = yield [missing, role([{**entry, "adress": "sip:a"}]), role([{**entry, "inbound_agent": "Front desk"}])]
    no_list = seen[0]
    assert no_list.failed and "missing required arguments: vox_telephone_numbers" in no_list.message
    *_others, misspelt, no_dictionary = applied(seen)
    for refused, complaint in (
        (misspelt, "Unsupported parameters: adress"),
        (no_dictionary, "inbound_agent must be a dictionary: write {agent_name: Front desk}"),
    ):
        assert refused.failed and f"entry 1 ({NUMBER}): {complaint}" in refused.message
    assert sim.requests == []


def test_defaults_are_the_options_of_the_module(ansible: Ansible) -> None:
    def documented(kind: str, name: str) -> Any:
        """Return the output of ansible-doc."""
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(ansible.collections_path),
            "HOME": str(ansible.directory),
            "LANG": "C.UTF-8",
            "PATH": os.defpath,
        }
        command = [str(ansible.bin / "ansible-doc"), "--json", "--type", kind, COLLECTION + name]
        text = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
        return json.loads(text)[COLLECTION + name]

    def types(options: dict[str, Any]) -> dict[str, Any]:
        """Return the types of the options, with those of their suboptions."""
        inner = ("suboptions", "options")
        return {
            name: (option["type"], types(next((option[key] for key in inner if key in option), {})))
            for name, option in options.items()
        }

    entry = types(documented("module", "vox_telephone_numbers")["doc"]["options"]["telephone_numbers"]["suboptions"])
    arguments = documented("role", "telephone_numbers")["entry_points"]["main"]["options"]
    del entry["number"]
    assert types(arguments["vox_telephone_numbers_defaults"]["options"]) == entry


def test_vaulted_and_unsafe_values(ansible: Ansible, sim: Simulator) -> None:
    """As in vars files. The role is applied like in most playbooks, with parameters."""
    memo = "{{ 7 * 6 }} {% # 'yes' \"2024\"\n07088889999"
    vault = ansible.directory / "vault-password"
    vault.write_text(VAULT_PASSWORD)
    (ansible.directory / "numbers.yml").write_text(f"""\
trunk_password: !vault |
{indent(VAULTED, " " * 2)}
numbers:
  - number: '{NUMBER}'
    memo: !unsafe {json.dumps(memo)}
    auth_username: "{{{{ 'ma' ~ 'in' }}}}"
  - number: '07000000000'
    memo: 'yes'
  - number: '{OTHER}'
    memo: '2024'
    auth_password: own-Xyzzy
""")
    playbook = """\
- hosts: all
  gather_facts: false
  module_defaults:
    group/voxai.telephony.vox: {api_url: "{{ vox_url }}", api_key: "{{ vox_key }}"}
  vars_files: [numbers.yml]
  roles:
    - role: voxai.telephony.telephone_numbers
      vox_telephone_numbers: "{{ numbers }}"
      vox_telephone_numbers_defaults:
        address: sip:a
        auth_password: "{{ trunk_password }}"
    - role: voxai.telephony.telephone_numbers
      vox_telephone_numbers: "{{ numbers }}"
"""
    hosts = {"organization": ansible.host("action", vox_url=sim.url, vox_key=KEY)}
    run = ansible.run(playbook, hosts, f"--vault-password-file={vault}")
    assert run.code == 0, run.output
    defaults = {"address": "sip:a", "auth_password": "vaulted-Xyzzy"}
    assert {request.body["number"]: request.body for request in sim.writes} == {
        NUMBER: {"number": NUMBER, **defaults, "auth_username": "main", "memo": memo},
        "07000000000": {"number": "07000000000", **defaults, "memo": "yes"},
        OTHER: {"number": OTHER, **defaults, "auth_password": "own-Xyzzy", "memo": "2024"},
    }
    _first, second = applied(run.tasks)
    assert second.result["changed"] is False
    assert SECRET not in run.output
