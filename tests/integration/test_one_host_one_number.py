# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with one number each: what a run knows of an organization, and its rate limit, belong to the run."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from integration._playbook import (
    AGENTS,
    COLLECTION,
    DELETE,
    GET,
    KEY,
    LIST,
    NUMBER,
    PATCH_AGENTS,
    PATCH_MEMO,
    REGISTER,
    SECRET,
    UNKNOWN,
    VENDOR_EXAMPLE,
    Ansible,
    Run,
    bulk,
    vox,
)
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator

TRUNK = "sip:trunk.example.com:5060"
LIMITS = {"VOX_REQUESTS_PER_SECOND": "5", "VOX_REQUESTS_PER_MINUTE": "120"}
INFO = {COLLECTION + "vox_telephone_number_info": {"number": NUMBER}}


def numbers(count: int) -> list[str]:
    return [f"0705000{index:04}" for index in range(count)]


def hosts_of(ansible: Ansible, sim: Simulator, some: Sequence[str]) -> dict[str, dict[str, Any]]:
    """A host for each number."""
    return {
        f"line{index:03}": ansible.host("action", line=number, vox_url=sim.url, vox_key=KEY)
        for index, number in enumerate(some)
    }


def play(*tasks: Mapping[str, Any], **keywords: Any) -> list[dict[str, Any]]:
    defaults = {"group/voxai.telephony.vox": {"api_url": "{{ vox_url }}", "api_key": "{{ vox_key }}"}}
    return [{"hosts": "all", "gather_facts": False, "module_defaults": defaults, "tasks": list(tasks), **keywords}]


def registering(**options: Any) -> dict[str, Any]:
    return {COLLECTION + "vox_telephone_number": {"number": "{{ line }}", "address": TRUNK, **options}}


def sent(sim: Simulator) -> Counter[str]:
    return Counter(request.method for request in sim.requests)


def changed(run: Run) -> int:
    assert run.code == 0, run.output
    assert SECRET not in run.output.replace("VOX_API_KEY", "")
    return sum(task.result["changed"] for task in run.tasks)


def test_a_hundred_hosts_cost_what_one_list_costs(ansible: Ansible, sim: Simulator) -> None:
    for number in numbers(1000):
        sim.add(number, address=TRUNK)
    sim.switches.rate_limit = (5, 120)
    sim.switches.latency = 0.05
    run = ansible.run(
        play(registering()), hosts_of(ansible, sim, numbers(1000)[::10]), "--forks=20", verbosity="-v", **LIMITS
    )
    assert changed(run) == 0
    assert len(run.tasks) == 100
    assert len(sim.requests) <= 13
    assert not [request for request in sim.requests if request.status == 429]


def test_sixty_hosts_register_at_the_limit(ansible: Ansible, sim: Simulator) -> None:
    sim.switches.rate_limit = (5, 120)
    sim.switches.latency = 0.05
    hosts = hosts_of(ansible, sim, numbers(60))
    run = ansible.run(play(registering()), hosts, "--forks=20", verbosity="-v", **LIMITS)
    assert changed(run) == 60
    assert sorted(number["number"] for number in sim.numbers()) == numbers(60)
    refused = [request for request in sim.requests if request.status == 429]
    assert len(refused) <= 1
    assert sent(sim)["POST"] - len(refused) <= 60
    assert sent(sim)["GET"] <= 6
    sim.clear_log()
    assert changed(ansible.run(play(registering()), hosts, "--forks=20", verbosity="-v", **LIMITS)) == 0
    assert sent(sim) == {"GET": 1}


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_hosts_with_the_same_number_register_it_once(ansible: Ansible, sim: Simulator, strategy: str) -> None:
    """Even with an API that would register it twice."""
    sim.switches.duplicate_status = 201
    sim.switches.latency = 0.02
    hosts = hosts_of(ansible, sim, [NUMBER] * 30)
    run = ansible.run(
        play(registering(memo="same"), strategy=f"ansible.builtin.{strategy}"), hosts, "--forks=15", verbosity="-v"
    )
    assert changed(run) == 1
    assert sent(sim)["POST"] == 1
    assert len(sim.numbers()) == 1


@scenario(CONTROLLER)
def test_each_write_of_a_chain_is_known_to_the_next_task(sim: Simulator) -> Script:
    agent = {"inbound_agent": {"agent_name": "Front desk"}}
    sim.add_agent("Front desk", agent_id="11111111-1111-4111-8111-111111111111")
    tasks = [
        vox(VENDOR_EXAMPLE),
        vox({"number": NUMBER, "memo": "new"} | agent),
        vox({"number": NUMBER, "memo": "new"} | agent),
        vox({"number": NUMBER, "state": "absent"}, check_mode=True),
        vox({"number": NUMBER, "state": "absent"}),
        vox({"number": NUMBER, "state": "absent"}),
        vox(VENDOR_EXAMPLE),
        bulk([{"number": NUMBER, "memo": "bulk"}]),
        INFO,
        {COLLECTION + "vox_telephone_number_info": {}},
    ]
    seen = yield tasks
    assert [task.result.get("actions") for task in seen[:7]] == [
        ["registered"],
        ["memo_updated", "agents_updated"],
        [],
        ["deleted"],
        ["deleted"],
        [],
        ["registered"],
    ]
    (live,) = [number for number in sim.numbers() if number["status"] == "active"]
    assert live["memo"] == "bulk"
    for task in seen[-2:]:
        assert task.result["telephone_numbers"] == [live]
    assert [task.requests(sim) for task in seen] == [
        [*UNKNOWN, REGISTER],
        [GET, AGENTS, PATCH_MEMO, PATCH_AGENTS],
        [GET],
        [GET],
        [GET, DELETE],
        UNKNOWN,
        [*UNKNOWN, REGISTER],
        [LIST, PATCH_MEMO],
        [GET],
        UNKNOWN,
    ]


@scenario(CONTROLLER)
def test_many_tasks_share_one_listing(sim: Simulator) -> Script:
    for number in numbers(150):
        sim.add(number)
    seen = yield [vox({"number": number}) for number in numbers(25)]
    assert all(task.result["changed"] is False for task in seen)
    assert [request for task in seen for request in task.requests(sim)] == [LIST, LIST]


def test_files_that_are_included_in_a_loop_share_one_listing(ansible: Ansible, sim: Simulator) -> None:
    for number in numbers(30):
        sim.add(number)
    (ansible.directory / "one.yml").write_text(
        "---\n- voxai.telephony.vox_telephone_number:\n    number: '{{ item }}'\n    memo: ''\n"
    )
    include = {"ansible.builtin.include_tasks": str(ansible.directory / "one.yml"), "loop": numbers(30)}
    run = ansible.run(play(include), hosts_of(ansible, sim, [NUMBER]), verbosity="-v")
    assert run.code == 0, run.output
    assert sent(sim) == {"GET": 1}


@pytest.mark.parametrize("way", ["serial", "throttle", "run_once", "delegate_to", "async"])
def test_keywords_that_say_where_and_when(ansible: Ansible, sim: Simulator, way: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "serial": {},
        "throttle": {"throttle": 2},
        "run_once": {"run_once": True},
        "delegate_to": {"delegate_to": "localhost"},
        "async": {"async": 60, "poll": 1},
    }
    keywords = ways[way]
    hosts = hosts_of(ansible, sim, numbers(6))
    if way == "delegate_to":
        hosts = {name: variables | {"ansible_connection": "elsewhere"} for name, variables in hosts.items()}
    extra: dict[str, Any] = {"serial": 2} if way == "serial" else {}
    run = ansible.run(play(registering() | keywords, **extra), hosts, "--forks=6", verbosity="-v")
    count = 1 if way == "run_once" else 6
    assert run.code == 0, run.output
    assert [number["number"] for number in sorted(sim.numbers(), key=lambda one: one["number"])] == numbers(6)[:count]
    assert sent(sim)["POST"] == count
    # A module knows nothing of the others.
    assert sent(sim)["GET"] == (18 if way == "async" else 3)


def test_runs_at_once(ansible: Ansible, sim: Simulator) -> None:
    """Five job slices that know nothing of each other, on one key, slow each other down, and all finish."""
    sim.switches.rate_limit = (5, 120)
    running = []
    for index in range(5):
        # Ansible's sockets are in there: a longer path is too long for them.
        directory = ansible.directory / str(index)
        directory.mkdir()
        one = Ansible(ansible.bin, ansible.collections_path, ansible.root, directory)
        some = numbers(60)[index::5]
        command, environment = one.prepare(
            play(registering()), hosts_of(one, sim, some), "--forks=10", verbosity="-v", **LIMITS
        )
        running.append(
            subprocess.Popen(
                command, env=environment, cwd=one.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
    outputs = [process.communicate(timeout=300)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 5, "\n".join(outputs)
    assert sorted(number["number"] for number in sim.numbers()) == numbers(60)
    refused = sum(request.status == 429 for request in sim.requests)
    # Waiting is not hammering.
    assert refused < len(sim.requests) / 2


def test_a_run_s_directory_that_can_not_be_used(ansible: Ansible, sim: Simulator) -> None:
    """Each worker is on its own then, and -v says so."""
    (ansible.directory / "sitecustomize.py").write_text(
        "import sqlite3\n\n\ndef connect(*_arguments, **_more):\n    raise sqlite3.OperationalError('disk I/O error')\n"
        "\n\nsqlite3.connect = connect\n"
    )
    hosts = hosts_of(ansible, sim, numbers(4))
    run = ansible.run(play(registering()), hosts, verbosity="-v", PYTHONPATH=str(ansible.directory))
    assert changed(run) == 4
    assert sent(sim) == {"GET": 12, "POST": 4}
    assert "each worker lists" in run.output
