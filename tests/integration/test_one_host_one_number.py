# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with one number each: the workers of a run share the listing of an organization and the rate limit."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
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
    Seen,
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


def test_hundred_hosts_share_one_listing(ansible: Ansible, sim: Simulator) -> None:
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


def test_sixty_hosts_register_within_the_rate_limit(ansible: Ansible, sim: Simulator) -> None:
    sim.switches.rate_limit = (5, 120)
    sim.switches.latency = 0.05
    hosts = hosts_of(ansible, sim, numbers(60))
    run = ansible.run(play(registering()), hosts, "--forks=20", verbosity="-v", **LIMITS)
    assert changed(run) == 60
    assert sorted(number["number"] for number in sim.numbers()) == numbers(60)
    refused = [request for request in sim.requests if request.status == 429]
    # On a machine with other work, some requests arrive too late. Without a shared limit, dozens are refused.
    assert len(refused) <= 6
    assert sent(sim)["POST"] - len(refused) <= 60
    assert sent(sim)["GET"] <= 6
    sim.clear_log()
    assert changed(ansible.run(play(registering()), hosts, "--forks=20", verbosity="-v", **LIMITS)) == 0
    assert sent(sim) == {"GET": 1}


@scenario(CONTROLLER)
def test_each_task_knows_the_writes_of_earlier_tasks(sim: Simulator) -> Script:
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


@scenario(CONTROLLER)
def test_change_by_another_client_is_seen_by_the_next_task(sim: Simulator) -> Script:
    record = sim.add(NUMBER, memo="ours")
    sim.fault("meanwhile", "GET", None, 2, change=lambda: sim.change(record["id"], memo="theirs"))
    task = vox({"number": NUMBER, "memo": "ours"}, diff=True)
    seen = yield [task, task]
    assert [task.requests(sim) for task in seen] == [[LIST], [GET, PATCH_MEMO]]
    assert seen[1].result["diff"]["before"]["memo"] == "theirs"


def test_parallel_runs_with_the_same_key(ansible: Ansible, sim: Simulator) -> None:
    """Five job slices use the same key and share no state. They slow each other down, and all of them finish."""
    sim.switches.rate_limit = (5, 120)
    running = []
    for index in range(5):
        # A short name: Ansible's sockets are in this directory, and their paths must not be too long.
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
    # After a refusal, the runs wait instead of retrying at once.
    assert refused < len(sim.requests) / 2


@dataclass
class Case:
    """A play for hosts with one number each, with its own keywords and its own simulator.

    ``prepare``: sets what the simulator holds and does.
    """

    lines: Sequence[str]
    task: Mapping[str, Any]
    play: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Simulator], object] = lambda sim: None
    connection: str = "local"


def _hold(sim: Simulator) -> None:
    for number in numbers(30):
        sim.add(number, memo="m" * 200)


def _allow_duplicates(sim: Simulator) -> None:
    """The API would register a number twice."""
    sim.switches.duplicate_status = 201
    sim.switches.latency = 0.02


def _register_after_the_listing(sim: Simulator) -> None:
    """Another client registers the numbers after the first listing of the run."""
    sim.fault("meanwhile", "GET", None, 4, change=lambda: [sim.add(number) for number in numbers(3)])


STRATEGIES = ("linear", "free", "host_pinned")
TROUBLES = ("full", "read-only", "no-locks")
FOUND = {
    COLLECTION + "vox_telephone_number_info": {"number": "{{ line }}"},
    "register": "found",
    "until": "found.telephone_numbers | length > 0",
    "retries": 3,
    "delay": 0,
}
CASES = {
    **{
        strategy: Case([NUMBER] * 12, registering(memo="same"), {"strategy": strategy}, _allow_duplicates)
        for strategy in STRATEGIES
    },
    "serial": Case(numbers(6), registering(), {"serial": 2}),
    "throttle": Case(numbers(6), registering() | {"throttle": 2}),
    "run_once": Case(numbers(6), registering() | {"run_once": True}),
    "delegate_to": Case(numbers(6), registering() | {"delegate_to": "localhost"}, connection="elsewhere"),
    "async": Case(numbers(2), registering() | {"async": 60, "poll": 1}),
    "check_mode": Case(numbers(6), registering() | {"check_mode": True}),
    "until": Case(numbers(3), FOUND, prepare=_register_after_the_listing),
    "include_tasks": Case([NUMBER], {"ansible.builtin.include_tasks": "one.yml", "loop": numbers(30)}, prepare=_hold),
    **{
        trouble: Case(numbers(32)[30:], registering(), {"environment": {"TROUBLE": trouble}}, _hold)
        for trouble in TROUBLES
    },
}
INCLUDED = """\
- voxai.telephony.vox_telephone_number:
    number: "{{ item }}"
    memo: "{{ 'm' * 200 }}"
"""
TROUBLED = """\
import errno, fcntl, os, sqlite3

open_file, lock, connect = os.open, fcntl.lockf, sqlite3.connect

def troubled_open(path, *arguments, **more):
    if os.environ.get("TROUBLE") == "read-only" and "vox-" in str(path):
        raise OSError(errno.EROFS, "Read-only file system")
    return open_file(path, *arguments, **more)

def troubled_lock(*arguments):
    if os.environ.get("TROUBLE") == "no-locks":
        raise OSError(errno.ENOLCK, "No locks available")
    return lock(*arguments)

class Full(sqlite3.Connection):
    def execute(self, statement, *arguments):
        if statement.startswith("BEGIN"):
            super().execute("PRAGMA max_page_count = 4")
        return super().execute(statement, *arguments)

def troubled_connect(*arguments, **more):
    factory = Full if os.environ.get("TROUBLE") == "full" else sqlite3.Connection
    return connect(*arguments, factory=factory, **more)

os.open, fcntl.lockf, sqlite3.connect = troubled_open, troubled_lock, troubled_connect
"""


@dataclass(repr=False)
class Plays:
    """The run in which each of the CASES is a play."""

    run: Run
    sims: Mapping[str, Simulator]

    def of(self, case: str) -> tuple[list[Seen], Simulator]:
        seen = [task for task in self.run.tasks if task.host.startswith(f"{case}-") and "include" not in task.action]
        assert not any(task.failed for task in seen), self.run.output
        return seen, self.sims[case]


@pytest.fixture(scope="module")
def plays(core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plays]:
    ansible = Ansible(core.bin, core.collections_path, core.root, tmp_path_factory.mktemp("plays"))
    (ansible.directory / "one.yml").write_text(INCLUDED)
    (ansible.directory / "sitecustomize.py").write_text(TROUBLED)
    with ExitStack() as stack:
        sims = {case: stack.enter_context(Simulator(keys=(KEY,))) for case in CASES}
        hosts, written = {}, []
        for name, case in CASES.items():
            case.prepare(sims[name])
            for host, variables in hosts_of(ansible, sims[name], case.lines).items():
                hosts[f"{name}-{host}"] = variables | {"ansible_connection": case.connection}
            written += [one | {"hosts": f"{name}-*"} for one in play(case.task, ignore_errors=True, **case.play)]
        run = ansible.run(written, hosts, "--forks=10", verbosity="-v", PYTHONPATH=str(ansible.directory))
        assert SECRET not in run.output.replace("VOX_API_KEY", "")
        yield Plays(run, sims)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_hosts_with_the_same_number_register_it_once(plays: Plays, strategy: str) -> None:
    seen, sim = plays.of(strategy)
    assert [task.result["changed"] for task in seen].count(True) == 1
    assert len(seen) == 12
    assert sent(sim)["POST"] == len(sim.numbers()) == 1


@pytest.mark.parametrize(
    ("case", "posts", "gets"),
    [
        ("serial", 6, 3),
        ("throttle", 6, 3),
        ("run_once", 1, 3),
        ("delegate_to", 6, 3),
        # Async tasks run as modules, which share no state.
        ("async", 2, 6),
        ("check_mode", 0, 3),
        ("include_tasks", 0, 1),
    ],
)
def test_keywords_that_control_where_and_when_a_task_runs(plays: Plays, case: str, posts: int, gets: int) -> None:
    seen, sim = plays.of(case)
    assert sent(sim) == {name: count for name, count in (("POST", posts), ("GET", gets)) if count}
    assert len(seen) == (30 if case == "include_tasks" else max(posts, 6 if case == "check_mode" else 0))
    assert all(task.result["changed"] is (case != "include_tasks") for task in seen)


def test_until_sees_a_number_that_appears_later(plays: Plays) -> None:
    seen, _sim = plays.of("until")
    attempts = [task.result["attempts"] for task in seen]
    # A host that starts late, on a machine with other work, sees the number at once.
    assert len(attempts) == 3 and max(attempts) == 2


@pytest.mark.parametrize("trouble", TROUBLES)
def test_unusable_run_directory(plays: Plays, trouble: str) -> None:
    """Each worker then lists for itself, and the output with -v says so."""
    seen, sim = plays.of(trouble)
    assert [task.result["changed"] for task in seen] == [True, True], plays.run.output
    assert sent(sim)["POST"] == 2
    assert sent(sim)["GET"] >= 6
    reasons = {"full": "full", "read-only": "Read-only file system", "no-locks": "No locks available"}
    lines = [line for line in plays.run.output.splitlines() if "each worker lists" in line]
    # After the first worker, the second one may only report that another worker could not use it.
    assert any(reasons[trouble] in line for line in lines)
    assert len(lines) == 2 * len(TROUBLES)
