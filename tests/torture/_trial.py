# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trial: a case, its faults, and the invariants that must hold nevertheless."""

from __future__ import annotations

import json
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator import Simulator
from tally import TRIED, WRONG
from torture._cases import AGENTS, KEY, OTHER_KEY, SECRET, Case
from torture._task import AGENT_INFO, AUDIT, INFO, MANY, ONE, Workers, run_task
from torture._world import Record, Violation, World, judge

Result = dict[str, Any]

_FAILURE = {"http_status", "code", "message", "details"}


class Trial:
    """Counts the runs, and collects violations of the invariants with the case and the fault."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.tally = Counter(dict.fromkeys((*TRIED, *WRONG), 0))
        self.violations: list[str] = []
        self.where = ""

    def begin(self, case: Case, where: str) -> None:
        """Reset the simulator to the initial state of the case."""
        self.where = f"{case.name}: {where}"
        self.sim.reset()
        case.prepare(self.sim)

    def calls(self, case: Case) -> list[tuple[str, str]]:
        """Return method and path of the calls of the case, and of the call that reads a number after a fault."""
        self.begin(case, "calls")
        undisturbed = self.run(case)
        assert not undisturbed.get("failed"), undisturbed["msg"]
        calls = [(request.method, re.sub("/[0-9a-f-]{36}", "/{id}", request.path)) for request in self.sim.requests]
        look = [("GET", "/organization-telephone-numbers/{id}")] if self.sim.writes else []
        return list(dict.fromkeys(calls + look))

    def world(self) -> World:
        """Return the state after every request has been processed and the list is up to date."""
        while not all(request.over for request in self.sim.requests):
            time.sleep(0.01)
        time.sleep(self.sim.switches.list_lag)
        return World.of(self.sim, KEY, OTHER_KEY)

    def blame(self, *violations: Violation) -> None:
        for kind, text in violations:
            self.tally[kind] += 1
            self.violations.append(f"{kind}: {self.where}: {text}")

    def run(
        self,
        case: Case,
        check_mode: bool = False,
        believed: bool = True,
        run: str | None = None,
        hurried: bool = False,
    ) -> Result:
        """Run the case's task once, and check its effects and its result.

        `believed`: whether the server's responses are true, so that the result must be true.
        `hurried`: whether timeouts are short although the simulator causes no delay.
        """
        before = self.world()
        arguments = case.arguments(self.sim) | ({"timeout": 1} if hurried else {})
        result = self.task(case.module, arguments, check_mode, run)
        after = self.world()
        if check_mode:
            if after != before:
                self.blame(Violation("lie", "check mode changed something"))
            return result
        succeeded = case.succeeded(result) if believed else [False] * len(case.wishes)
        pruned = believed and not result.get("failed")
        self.blame(*judge(before, after, case.wishes, succeeded, AGENTS, case.prune, pruned))
        if believed:
            self.blame(*_untrue(case, result, before, after))
        if case.module == MANY:
            self.blame(*_too_early(case, result, before, after))
        return result

    def task(
        self, module: str, arguments: Mapping[str, Any], check_mode: bool = False, run: str | None = None
    ) -> Result:
        """Run a task once, and check the form of its result."""
        self.tally["runs of a task"] += 1
        try:
            result = run_task(module, arguments, check_mode, run)
        except BaseException:
            text = traceback.format_exc()
            self.blame(Violation("traceback", text))
            if SECRET in text:
                self.blame(Violation("leak", "in that traceback"))
            return {"failed": True, "telephone_numbers": [], "actions": []}
        self._judge_form(module, result)
        return result

    def several(self, cases: Sequence[Case], run: str) -> list[Result]:
        """Run the tasks in parallel, as workers of one run, and check the form of their results."""
        self.tally["runs with several workers"] += 1
        self.tally["runs of a task"] += len(cases)
        results = Workers([(case.module, case.arguments(self.sim)) for case in cases], run).results()
        for case, result in zip(cases, results, strict=True):
            self._judge_form(case.module, result)
        return results

    def _judge_form(self, module: str, result: Result) -> None:
        text = json.dumps(result, ensure_ascii=False)
        if "unexpected internal error" in text:
            self.blame(Violation("traceback", f"{result['msg']}\n{result.get('exception', '')}"))
        if SECRET in text:
            self.blame(Violation("leak", "in the result"))
        self.blame(*_unclear(module, result))

    def finish(self, case: Case, first: World) -> None:
        """Check that one more run without faults completes the changes, and that another run changes nothing.

        `first`: the state before the runs with faults.
        """
        self.sim.clear_faults()
        for text in (_wrong_with(self.run(case)), self._wrong_with_repetition(case)):
            if text:
                self.blame(Violation("unfinished", text))
        self.blame(*judge(first, self.world(), case.wishes, [True] * len(case.wishes), AGENTS, case.prune, True))

    def _wrong_with_repetition(self, case: Case) -> str:
        written = len(self.sim.writes)
        again = self.run(case)
        always = sum(wish.get("update_password") == "always" for wish in case.wishes)
        if not again.get("failed") and again["changed"] == bool(always) and len(self.sim.writes) == written + always:
            return ""
        return f"again: {_shown(again)}"


def _wrong_with(result: Result) -> str:
    return f"undisturbed: {_shown(result)}" if result.get("failed") else ""


def _shown(result: Result) -> str:
    return f"changed: {result.get('changed')}, {result.get('msg')}"


def _unclear(module: str, result: Result) -> list[Violation]:
    """Return the keys that are missing in a result."""
    missing = {"changed", "msg", "api_requests"} - set(result)
    parts = [result]
    if result.get("failed"):
        if module == ONE:
            missing |= {"actions", "telephone_number"} - set(result)
        if module == MANY:
            parts = [one for one in (*result["telephone_numbers"], *result["pruned"]) if one["failed"]]
            if result["failure"]:
                parts.append(result)
            if not parts:
                missing.add("failed entries")
        for part in parts:
            if set(part.get("failure") or ()) != _FAILURE or not part["msg"]:
                missing.add("failure")
    return [Violation("unclear", f"no {', '.join(sorted(missing))} in {result}")] if missing else []


def _untrue(case: Case, result: Result, before: World, after: World) -> list[Violation]:
    """Return the false statements of a result."""
    found = []
    if case.module == INFO:
        numbers = (
            [case.options["number"]] if "number" in case.options else {one["number"] for one in after.records.values()}
        )
        there = [one for number in numbers for one in after.live(number)]
        if not result.get("failed") and sorted(there, key=str) != sorted(result["telephone_numbers"], key=str):
            found.append("returned other numbers than the API has")
        return [Violation("lie", text) for text in found]
    if case.module == AGENT_INFO:
        names = {agent["name"]: agent["agent_id"] for agent in result["agents"]}
        return [] if result.get("failed") or names == AGENTS else [Violation("lie", f"returned these agents: {names}")]
    if case.module == AUDIT:
        listed = [line["id"] for line in result["telephone_numbers"]]
        ids = [one["id"] for one in after.records.values() if one["status"] != "expired"]
        told = result.get("failed") or sorted(listed) == sorted(ids)
        return [] if told else [Violation("lie", f"audited {listed} instead of {ids}")]
    parts = [result] if case.module == ONE else result["telephone_numbers"]
    for wish, part in zip(case.wishes, parts, strict=False):
        made = any(
            one["number"] == wish["number"] and one["id"] not in before.records for one in after.records.values()
        )
        if "registered" in part["actions"] and not made:
            found.append(f"{wish['number']} was not registered")
        if "deleted" in part["actions"] and after.live(wish["number"]):
            found.append(f"{wish['number']} was not deleted")
        if case.module == ONE and not part["actions"] and part["diff"]["before"] != part["diff"]["after"]:
            found.append(f"{wish['number']}: the diff shows a change, but there are no actions")
        if case.module == ONE and part["actions"] and part["diff"]["before"] == part["diff"]["after"]:
            found.append(f"{wish['number']}: the diff shows no change, but there are {part['actions']}")
        if part["changed"] != bool(part["actions"]):
            found.append(f"{wish['number']}: changed is {part['changed']}, actions are {part['actions']}")
        held = next(iter(after.live(wish["number"])), None)
        # After a failure, the state of the number may be unknown. The message must then say so.
        in_doubt = bool(part.get("failed")) and "Run the task again" in part["msg"]
        unknown = bool(part.get("failed")) and part["telephone_number"] is None
        if _without_update_time(part["telephone_number"]) != _without_update_time(held) and not (in_doubt or unknown):
            found.append(f"{wish['number']}: the record in the result differs from the API's")
        was = next(iter(before.live(wish["number"])), None)
        if not part["changed"] and was != held and not in_doubt:
            found.append(f"{wish['number']} was changed, but the result does not say so")
        if case.module == ONE and part["actions"] and not in_doubt:
            shown = part["diff"]["after"]
            if shown and any(shown[name] != (held or {}).get(name) for name in shown if not name.startswith("auth_")):
                found.append(f"{wish['number']}: the diff does not show the actual state")
    return [Violation("lie", text) for text in found]


def _too_early(case: Case, result: Result, before: World, after: World) -> Iterator[Violation]:
    """Yield the numbers that were released although another change had failed."""
    stays = [wish.get("state") != "absent" for wish in case.wishes]
    failed = any(one["failed"] and stay for one, stay in zip(result["telephone_numbers"], stays, strict=False))
    for record_id, record in before.records.items():
        now = after.records[record_id]["status"]
        if failed and now != record["status"] and now in ("expired", "cancel_requested"):
            yield Violation("loss", f"{record['number']} was released before all other changes had succeeded")


def _without_update_time(record: Record | None) -> Record | None:
    """Remove `updated_at`, because a repeated change after a lost response may have changed it in the meantime."""
    return record and {**record, "updated_at": None}
