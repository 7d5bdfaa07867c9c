# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another client changes the same numbers: between two requests of a task, or with a second, parallel task."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _api
from simulator import Simulator
from torture._cases import AGENTS, CASES, KEY, MOVED, NUMBER, Case
from torture._task import READING
from torture._trial import Trial
from torture._world import HELD, Violation, aim

Change = Callable[[Simulator], object]


def _live(sim: Simulator) -> list[dict[str, Any]]:
    return [one for one in sim.numbers(KEY) if one["number"] == NUMBER and one["status"] in HELD]


def _register(sim: Simulator) -> None:
    if not _live(sim):
        sim.add(NUMBER, memo="theirs", auth_username="them", auth_password="theirs-Xyzzy")


def _release(sim: Simulator) -> None:
    for record in _live(sim):
        sim.change(record["id"], status="expired")


def _release_and_register(sim: Simulator) -> None:
    _release(sim)
    _register(sim)


def _change(sim: Simulator) -> None:
    for record in _live(sim):
        sim.change(record["id"], memo="theirs", address=MOVED["address"], inbound_agent=None)


def _reorder(sim: Simulator) -> None:
    """Shift the pages: add a new number, and cancel an old one."""
    sim.add("07066667777")
    for record in sim.numbers(KEY):
        if record["number"] == "15881234":
            sim.change(record["id"], status="cancel_requested")


CHANGES: dict[str, Change] = {
    "registers": _register,
    "releases": _release,
    "releases and registers": _release_and_register,
    "changes": _change,
    "reorders": _reorder,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("case", [case for case in CASES if case.module not in READING], ids=lambda case: case.name)
def test_between_two_requests(trial: Trial, case: Case, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_api, "PAGE_SIZE", 2)  # So that a listing needs several requests.
    trial.begin(case, "undisturbed")
    assert not trial.run(case).get("failed")
    for occurrence in range(1, len(trial.sim.requests) + 1):
        trial.tally["cases"] += 1
        trial.begin(case, f"another client {change} at request {occurrence}")
        arguments = case.arguments(trial.sim)
        trial.sim.fault("meanwhile", None, None, occurrence, change=functools.partial(CHANGES[change], trial.sim))
        trial.task(case.module, arguments)
        trial.tally["faults injected"] += 1
        assert any(request.fault for request in trial.sim.requests)
        _check(trial, case)
        # There may now be more to prune than allowed, or no number with that id. The user must decide.
        if "id" in case.options or case.prune:
            continue
        now = trial.world()
        lives = [next(iter(now.live(wish["number"])), None) for wish in case.wishes]
        if any(aim(wish, live, AGENTS).refused for wish, live in zip(case.wishes, lives, strict=True)):
            refused = trial.run(case)
            if not refused.get("failed") or trial.world() != now:
                trial.blame(Violation("lie", "an impossible request succeeded"))
        else:
            trial.finish(case, now)


def _check(trial: Trial, case: Case) -> None:
    for wish in case.wishes:
        live = trial.world().live(wish["number"])
        if len(live) > 1:
            trial.blame(Violation("double", f"{live}"))


@pytest.mark.parametrize("case", [case for case in CASES if case.module not in READING], ids=lambda case: case.name)
@pytest.mark.parametrize("loses", [None, "close_after", "error_after", "slow"])
def test_two_parallel_tasks(trial: Trial, case: Case, loses: str | None, long: bool) -> None:
    """Each of the two may fail with a reason. Afterwards, the desired number is held once."""
    for turn in range(20 if long else 4):
        trial.tally["cases"] += 1
        trial.begin(case, f"two parallel tasks, {loses}, {turn}")
        trial.sim.switches.latency = 0.001 * turn
        if loses:
            parameters: dict[str, Any] = {"seconds": 0.5} if loses == "slow" else {}
            trial.sim.fault(loses, None, None, turn + 1, **parameters)
            trial.sim.fault(loses, "POST", occurrence=turn % 3 + 1, **parameters)
            trial.tally["faults injected"] += 2
        first = trial.world()
        arguments = case.arguments(trial.sim)
        threads = [threading.Thread(target=trial.task, args=(case.module, arguments)) for _index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _check(trial, case)
        trial.sim.switches.latency = 0
        trial.finish(case, first)
