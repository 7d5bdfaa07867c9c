# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several workers of one run in parallel. One worker is killed during a request, or a fault occurs in any of them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from torture._cases import AGENTS, FRONT, KEY, NUMBER, SECOND, TRUNK, Case
from torture._task import MANY, ONE, Workers, connected_to
from torture._trial import Trial
from torture._world import Violation, judge
from torture.test_fault_matrix import FAULTS, WHEN

WORKERS = 6
LISTS = 3
TIMEOUT = 20
"""Seconds. The steps normally take less than one."""


def _cases(same: bool) -> list[Case]:
    numbers = ["07040000000"] * WORKERS if same else [f"0704000{n:04}" for n in range(WORKERS)]
    return [Case("worker", ONE, [{"number": number, **TRUNK, "memo": f"{n}"}]) for n, number in enumerate(numbers)]


@pytest.mark.parametrize("same", [False, True], ids=["different numbers", "the same number"])
@pytest.mark.parametrize("fault", ["slow", "late"])
@pytest.mark.parametrize("request_", range(1, LISTS + 2))
def test_killed_worker_does_not_block_others(
    trial: Trial, request_: int, fault: str, same: bool, tmp_path: Any
) -> None:
    """It is killed while it lists or has claimed a number. The API processes the request before or after that."""
    cases = _cases(same)
    trial.tally["cases"] += 1
    trial.begin(cases[0], f"killed at request {request_}, {fault}")
    sim = trial.sim
    if fault == "slow":
        # The API would register a number twice. Only the workers prevent it.
        sim.switches.duplicate_status = 201
    # Long enough to kill the worker during the request.
    sim.fault(fault, None, None, request_, seconds=2)
    arguments = [(ONE, case.arguments(sim) | {"timeout": 50}) for case in cases]
    workers = Workers(arguments, str(tmp_path))
    deadline = time.monotonic() + TIMEOUT
    while not any(one.fault for one in sim.requests):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    (disturbed,) = [one for one in sim.requests if one.fault]
    if disturbed.method == "POST":
        victim = int(disturbed.body["memo"])
    else:
        # One worker lists, and the others wait for it.
        (pid,) = connected_to(urlsplit(sim.url).port or 0, workers.pids)
        victim = workers.pids.index(pid)
    os.kill(workers.pids[victim], signal.SIGKILL)
    killed = time.monotonic()
    trial.tally["faults injected"] += 1
    trial.tally["runs with several workers"] += 1
    results = workers.results()
    taken = time.monotonic() - killed
    trial.tally["runs of a task"] += len(cases)
    if taken > 2 + TIMEOUT / 2:
        trial.blame(Violation("unfinished", f"the other workers continued after {taken:.1f} s"))
    for index, result in enumerate(results):
        if index != victim and result.get("failed"):
            trial.blame(Violation("unfinished", f"worker {index}: {result['msg']}"))
    world = trial.world()
    numbers = [one["number"] for one in world.records.values()]
    if len(set(numbers)) != len(numbers):
        trial.blame(Violation("double", f"{numbers}"))
    assert sim.numbers(KEY)
    for case in cases:
        trial.finish(case, trial.world())


SHARED = {"number": NUMBER, **TRUNK, "memo": "shared", "inbound_agent": FRONT}
OWN = {"number": SECOND, **TRUNK, "memo": "own", "inbound_agent": FRONT}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(trial: Trial, fault: str, long: bool, tmp_path: Path) -> None:
    """Two workers have the same number, and the third has another one. The fault can affect any of them."""
    calls, turn = trial.calls(Case("alone", ONE, [SHARED])), list(FAULTS).index(fault)
    for index, call in enumerate(calls if long else [calls[turn % len(calls)]]):
        for when in WHEN if long else ("second", "first")[turn % 2 :]:
            run = tmp_path / f"{index} {when}"
            run.mkdir()
            if _try(trial, call, fault, when, str(run)) and not long:
                break


def _try(trial: Trial, call: tuple[str, str], name: str, when: str, run: str) -> bool:
    """Return whether the fault occurred."""
    fault, both = FAULTS[name], Case("several workers", MANY, [SHARED, OWN])
    trial.begin(both, f"{name} at {' '.join(call)}, {when}")
    trial.tally["cases"] += 1
    if not (fault.lies or fault.action == "late"):
        # The API would register a number twice. Only the workers prevent it.
        trial.sim.switches.duplicate_status = 201
    for occurrence in WHEN[when]:
        trial.sim.fault(fault.action, *call, occurrence, **fault.parameters)
    first = trial.world()
    results = trial.several([Case("worker", ONE, [wish]) for wish in (SHARED, SHARED, OWN)], run)
    injected = sum(request.fault is not None for request in trial.sim.requests)
    trial.tally["faults injected"] += injected
    one, other, own = (not result.get("failed") and not fault.lies for result in results)
    trial.blame(*judge(first, trial.world(), both.wishes, [one or other, own], AGENTS, False, False))
    registered = [result["actions"].count("registered") for result in results]
    if registered[0] + registered[1] > 1 and not fault.lies:
        trial.blame(Violation("lie", "two workers have registered the same number"))
    trial.finish(both, first)
    return bool(injected)
