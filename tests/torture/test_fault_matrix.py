# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault, at the first or at the second request of every call of each module."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest

from simulator import Simulator, Switches
from simulator._faults import ACTIONS
from torture._cases import CASES, NUMBER, Case
from torture._trial import Trial

LATE, SLOW = 0.3, 0.5
"""Seconds, longer than the timeout of a request."""


Call = tuple[str, str]
"""Method and path."""
Calls = dict[str, list[Call]]
"""The calls of each case."""


class Fault(NamedTuple):
    """`lies`: the response is valid, but its content is false."""

    action: str
    parameters: dict[str, Any]
    lies: bool = False


def _answer(body: Any, status: int = 200, processed: bool = False, lies: bool = False, **headers: str) -> Fault:
    return Fault("answer", {"body": body, "status": status, "processed": processed, "headers": headers}, lies)


def _error(status: int, processed: bool = False, lies: bool = False) -> Fault:
    body = {"error": {"code": "SOME_CODE", "message": "거부", "details": {"field": "number"}}}
    return _answer(body, status, processed, lies)


_RECORD = {
    "id": "5c4b2b9e-8f5e-4a0c-9a53-0c5a1f1d9999",
    "number": "07000000000",
    "provider": "custom",
    "status": "active",
}

FAULTS = {
    "closed before": Fault("close_before", {}),
    "closed after": Fault("close_after", {}),
    **{f"{status} before": Fault("error_before", {"status": status}) for status in (408, 500, 502, 503, 504)},
    **{f"{status} after": Fault("error_after", {"status": status}) for status in (408, 500, 503)},
    "ignored": Fault("ignored", {}),
    "a part": Fault("part", {}),
    "429": Fault("rate_limited", {}),
    "429, a date": Fault("rate_limited", {"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "429, nonsense": Fault("rate_limited", {"retry_after": "soon"}),
    "truncated": Fault("truncated", {}),
    "HTML before": Fault("html", {}),
    "HTML after": Fault("html", {"processed": True}),
    "slow": Fault("slow", {"seconds": SLOW}),
    "late": Fault("late", {"seconds": LATE}),
    "redirect": Fault("redirect", {"location": "http://127.0.0.1:1/elsewhere"}),
    "port closed": Fault("refuse", {"seconds": 0.03}),
    **{f"{status}": _error(status) for status in (400, 401, 403, 409, 422)},
    "400 that quotes the request": Fault("echo", {}),
    "404 of a proxy": _answer("<html>Not found</html>", 404),
    "400 after": _error(400, processed=True, lies=True),
    "404": _error(404, lies=True),
    "nothing": _answer(b"", 204, lies=True),
    "nothing after": _answer(b"", 204, processed=True),
    "null": _answer(None, lies=True),
    "{} after": _answer({}, processed=True),
    "a list": _answer([], lies=True),
    "empty page": _answer({"items": [], "total_count": 0, "next_cursor": None}, lies=True),
    "another record": _answer(_RECORD, lies=True),
    "another number's page": _answer({"items": [_RECORD], "total_count": 1, "next_cursor": None}, lies=True),
    "wrong types": _answer({name: [] for name in _RECORD}, lies=True),
    "wrong types in a page": _answer({"items": [{**_RECORD, "number": NUMBER, "id": 5}, 7, None]}, lies=True),
    "half JSON": _answer('{"id": "5c4b2b9e', processed=True),
    "not UTF-8": _answer(b'{"id": "\xff\xfe"}', processed=True),
}

WHEN = {"first": (1,), "second": (2,), "both": (1, 1), "always": (0,)}
"""The requests with the fault, by the simulator's count. A short run alternates between the first two.

It tries each fault only in every second case with a call.
"""

SWITCHES: tuple[dict[str, Any], ...] = (
    {},
    {"duplicate_status": 400, "patch_answers": "empty", "register_status": 200},
    {"list_lag": 0.01, "duplicate_status": 422, "echo_sip": False, "patch_expired": 200, "show_nulls": False},
    {"delete_expired": 409, "password_demanded": False, "repeated_status": "last", "patch_answers": "part"},
    {"duplicate_status": 201, "delete_expired": 200, "delete_cancel_requested": 200, "patch_cancel_requested": False},
)
"""Alternatives that the API's reference leaves open. A trial uses one of them, a long run all of them."""

UNPROTECTED = 4
"""The alternative in which the API registers a number twice. Then a false list or a late request causes duplicates."""


def test_each_fault_of_the_simulator_is_tried() -> None:
    # "meanwhile" is another client, see test_somebody_else.py.
    assert {fault.action for fault in FAULTS.values()} == set(ACTIONS) - {"meanwhile"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("switches", SWITCHES, ids=range(len(SWITCHES)))
def test_without_faults(trial: Trial, case: Case, switches: dict[str, Any]) -> None:
    """Check mode predicts what is done, and a second run changes nothing."""
    trial.tally["cases"] += 1
    trial.begin(case, f"{switches}")
    trial.sim.switches = Switches(**switches | {"list_lag": 0})
    first = trial.world()
    predicted = trial.run(case, check_mode=True)
    done = trial.run(case)
    assert not done.get("failed"), done["msg"]
    assert _comparable(predicted, done) == _comparable(done, done)
    trial.finish(case, first)


def _comparable(result: Any, done: Any) -> Any:
    """Return a result without the values that only the API knows, whose prediction is null."""
    if isinstance(result, dict) and isinstance(done, dict):
        return {
            name: _comparable(value, done.get(name))
            for name, value in result.items()
            if name not in ("api_requests", "msg") and not _INVENTED.fullmatch(name)
        }
    if isinstance(result, list) and isinstance(done, list):
        return [_comparable(one, other) for one, other in zip(result, done, strict=True)]
    return result.removeprefix("sip:") if isinstance(result, str) else result


_INVENTED = re.compile(r"id|.*_trunk_id|.*_at|monthly_fee")


@pytest.fixture(scope="session")
def calls(simulator: Simulator) -> Calls:
    trial = Trial(simulator)
    return {case.name: trial.calls(case) for case in CASES}


def _short(calls: Calls, case: Case, fault: str) -> list[tuple[Call, str]]:
    """Return the calls of a case that have the fault in a short run, each with the request that has it first."""
    chosen = []
    for call in calls[case.name]:
        sharing = [other for other in CASES if other.module == case.module and call in calls[other.name]]
        turn = sharing.index(case) + list(FAULTS).index(fault)
        if turn % 2 == 0 or len(sharing) == 1:
            chosen.append((call, ("first", "second")[turn // 2 % 2]))
    return chosen


def test_a_short_run_tries_each_fault_in_each_call_of_each_module(calls: Calls) -> None:
    tried = {
        (case.module, call, fault) for case in CASES for fault in FAULTS for call, _when in _short(calls, case, fault)
    }
    assert tried == {(case.module, call, fault) for case in CASES for call in calls[case.name] for fault in FAULTS}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault(trial: Trial, calls: Calls, case: Case, fault: str, long: bool) -> None:
    index = CASES.index(case) + list(FAULTS).index(fault)
    for switches in SWITCHES if long else [SWITCHES[index % len(SWITCHES)]]:
        if switches == SWITCHES[UNPROTECTED] and (FAULTS[fault].lies or FAULTS[fault].action == "late"):
            switches = SWITCHES[0]
        everything = [(call, when) for call in calls[case.name] for when in WHEN]
        for call, when in everything if long else _short(calls, case, fault):
            if not _try(trial, case, call, fault, when, switches) and not long:
                _try(trial, case, call, fault, "first", switches)
        if not trial.tally["cases"]:
            _try(trial, case, calls[case.name][0], fault, "first", switches)
    assert trial.tally["cases"]


def _try(trial: Trial, case: Case, call: Call, name: str, when: str, switches: dict[str, Any]) -> bool:
    """Run a case with a fault. Return whether the faulty request was sent."""
    fault = FAULTS[name]
    trial.begin(case, f"{name} at {' '.join(call)}, {when}, {switches}")
    trial.sim.switches = Switches(**switches)
    for occurrence in WHEN[when]:
        trial.sim.fault(fault.action, *call, occurrence, **fault.parameters)
    first = trial.world()
    # Records do not show whether the credentials were accepted.
    unseen = fault.action == "ignored" and any(wish.get("update_password") for wish in case.wishes)
    result = trial.run(case, believed=not (fault.lies or unseen))
    injected = sum(request.fault is not None for request in trial.sim.requests)
    if injected:
        trial.tally["cases"] += 1
        trial.tally["faults injected"] += injected
        trial.tally["cases finished by the next run" if result.get("failed") else "cases that succeeded at once"] += 1
        trial.finish(case, first)
    return bool(injected)
