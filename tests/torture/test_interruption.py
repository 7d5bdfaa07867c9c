# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of ansible-playbook is ended during any request: it sends nothing more, and the next run completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ansible_runner
import pytest

from integration._playbook import COLLECTION, Ansible
from simulator import Simulator
from torture._cases import CASES, PASSWORD, SECRET, TRUNK, Case
from torture._task import MANY, ONE, connected_to
from torture._trial import Trial
from torture._world import Violation

DOZEN = Case(
    "a dozen",
    MANY,
    [
        *({"number": f"0704000{n:04}", **TRUNK, "inbound_agent": {"agent_name": "Front desk"}} for n in range(12)),
        {"number": "07033334444", "state": "absent"},
    ],
    [{"number": "07033334444"}],
)
ONE_NUMBER = CASES[0]
HOSTS = Case("hosts with a number each", MANY, [{**wish, "memo": "a host's"} for wish in DOZEN.wishes[:-1]])
"""The numbers of all hosts. Each host has its own task."""
_REQUESTS_PER_SECOND = 10
"""Requests that a run sends per second. A faster run would be finished before the signal has an effect."""

_MAX_MORE_REQUESTS = 15
"""Requests that may still be sent after a run is ended."""

_MAX_MORE_REQUESTS_OF_HOSTS = 6
"""The same for several workers, each of which sends few requests: those of four workers, and some more."""

PATIENCE = 30
"""Timeout in seconds for something that takes about one second."""

End = Callable[[int], None]
"""Ends the process of ansible-playbook with this id, which is the leader of its process group."""

ENDS: dict[str, End] = {
    # AWX cancels a job, or ends it after its timeout, by killing its process group.
    "killed, all processes": lambda pid: os.killpg(pid, signal.SIGKILL),
    "killed, without its worker": lambda pid: os.kill(pid, signal.SIGKILL),
    "interrupted at the terminal": lambda pid: os.killpg(pid, signal.SIGINT),
    "interrupted": lambda pid: os.kill(pid, signal.SIGINT),
    "terminated": lambda pid: os.kill(pid, signal.SIGTERM),
    "terminated, all processes": lambda pid: os.killpg(pid, signal.SIGTERM),
}


@pytest.fixture
def ansible(
    ansible_bin: Path, collections_path: Path, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Ansible:
    # A short name: Ansible creates a socket below it, whose path is limited to about 100 characters.
    return Ansible(ansible_bin, collections_path, pytestconfig.rootpath, tmp_path_factory.mktemp("run"))


def _play(case: Case, sim: Simulator) -> list[dict[str, Any]]:
    module, arguments = case.module, case.arguments(sim)
    if case is HOSTS:
        module, arguments = ONE, {**arguments, **case.wishes[0], "number": "{{ line }}"}
        del arguments["telephone_numbers"]
    task = {COLLECTION + module: arguments | {"timeout": 20, "requests_per_second": _REQUESTS_PER_SECOND}}
    return [{"hosts": "all", "gather_facts": False, "tasks": [task]}]


def _hosts(case: Case, ansible: Ansible) -> dict[str, dict[str, Any]]:
    lines = [wish["number"] for wish in case.wishes] if case is HOSTS else [""]
    return {f"host{line}": ansible.host("action", line=line) for line in lines}


@contextmanager
def _started(ansible: Ansible, case: Case, sim: Simulator) -> Iterator[subprocess.Popen[str]]:
    """Start a run, and end all of its processes afterwards."""
    # Fewer workers than hosts. Otherwise, Ansible ends the run when it finds a dead worker.
    command, environment = ansible.prepare(_play(case, sim), _hosts(case, ansible), "--forks=4")
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=ansible.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    try:
        yield process
    finally:
        for left in _processes_of(ansible):
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        process.communicate()


def _wait(for_what: str, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"timeout: {for_what}"
        time.sleep(0.005)


def _processes_of(ansible: Ansible) -> set[int]:
    """Return the processes of a run. Its workers have separate sessions, but the same environment."""
    mark = str(ansible.directory / "record.jsonl").encode()
    found = set()
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (directory / "environ").read_bytes():
                found.add(int(directory.name))
    return found


def _end(trial: Trial, ansible: Ansible, case: Case, request: int, fault: str, how: str) -> None:
    trial.tally["cases"] += 1
    trial.tally["runs of a task"] += 1
    trial.begin(case, f"{how} at request {request}, {fault}")
    sim, first = trial.sim, trial.world()
    # This request lasts long enough, and is processed before or after the end of the run.
    sim.fault(fault, None, None, request, seconds=1)
    with _started(ansible, case, sim) as process:
        _wait("the request", lambda: any(one.fault for one in sim.requests))
        trial.tally["faults injected"] += 1
        ENDS[how](process.pid)
        output, _none = process.communicate(timeout=PATIENCE)
        _wait("the end of all processes", lambda: not _processes_of(ansible))
    if SECRET in output:
        trial.blame(Violation("leak", "in the output"))
    if "Traceback" in output:
        trial.blame(Violation("traceback", output))
    if len(sim.requests) > request + (_MAX_MORE_REQUESTS_OF_HOSTS if case is HOSTS else _MAX_MORE_REQUESTS):
        trial.blame(Violation("lie", f"{len(sim.requests) - request} more requests were sent"))
    trial.finish(case, first)


# 3 lists, the agent, a registration and a change of agents for each number, and a deletion.
@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize(("fault", "requests"), [("slow", (9, 29)), ("late", (7,))])
def test_many_numbers(
    trial: Trial, ansible: Ansible, fault: str, requests: tuple[int, ...], how: str, long: bool
) -> None:
    for request in range(1, 30) if long else requests:
        _end(trial, ansible, DOZEN, request, fault, how)


@pytest.mark.parametrize("how", ENDS)
def test_one_number(trial: Trial, ansible: Ansible, how: str, long: bool) -> None:
    for request in range(1, 7) if long else (5,):
        _end(trial, ansible, ONE_NUMBER, request, "slow", how)


@pytest.mark.parametrize("how", ["killed, all processes", "killed, without its worker"])
@pytest.mark.parametrize("request_", [1, 9])
def test_a_number_for_each_host(trial: Trial, ansible: Ansible, request_: int, how: str) -> None:
    """One worker lists while the others wait, or several workers have claimed numbers."""
    trial.tally["runs with several workers"] += 1
    _end(trial, ansible, HOSTS, request_, "slow", how)


@pytest.mark.parametrize("request_", [1, 9])
def test_a_killed_worker(trial: Trial, ansible: Ansible, request_: int) -> None:
    """The other workers continue. Ansible itself waits forever for the result of the killed one."""
    trial.tally["cases"] += 1
    trial.tally["runs with several workers"] += 1
    trial.begin(HOSTS, f"a worker is killed at request {request_}")
    sim, first = trial.sim, trial.world()
    sim.fault("slow", None, None, request_, seconds=1)
    with _started(ansible, HOSTS, sim) as process:
        _wait("the request", lambda: any(one.fault for one in sim.requests))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        victim, *_others = connected_to(urlsplit(sim.url).port or 0, [int(child) for child in children])
        os.kill(victim, signal.SIGKILL)
        wanted = {wish["number"] for wish in HOSTS.wishes}
        _wait("the others", lambda: len(wanted & {one["number"] for one in sim.numbers()}) >= len(wanted) - 1)
    trial.finish(HOSTS, first)


def test_a_cancelled_job(trial: Trial, ansible: Ansible, tmp_path: Path) -> None:
    """ansible-runner cancels it, like AWX."""
    job = tmp_path / "job"
    job.mkdir()
    trial.begin(DOZEN, "cancelled")
    trial.tally["cases"] += 1
    sim, first = trial.sim, trial.world()
    sim.fault("slow", None, None, 12, seconds=1)
    _command, environment = ansible.prepare(_play(DOZEN, sim), _hosts(DOZEN, ansible))
    ran = ansible_runner.run(
        private_data_dir=str(job),
        playbook=str(ansible.directory / "playbook.yml"),
        inventory=str(ansible.directory / "inventory.yml"),
        envvars=environment,
        cancel_callback=lambda: any(one.fault for one in sim.requests),
        settings={"pexpect_timeout": 1},
        quiet=True,
    )
    assert ran.status == "canceled"
    _wait("the end of all processes", lambda: not _processes_of(ansible))
    assert 12 <= len(sim.requests) < 29
    trial.finish(DOZEN, first)
    assert PASSWORD not in "".join(str(event) for event in ran.events)
