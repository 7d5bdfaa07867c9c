# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random organizations, wishes, faults and switches, compared with the predictions of a small model.

If a test fails, Hypothesis prints the shortest story with the same failure, and its seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ansible_collections.voxai.telephony.plugins.module_utils import _api
from simulator import Simulator, Switches
from torture._cases import AGENTS, KEY, OTHER_KEY, Case
from torture._task import INFO, MANY, ONE, close_run
from torture._trial import Trial
from torture._world import AGENTS as AGENT_FIELDS
from torture._world import HELD, Violation, World, aim

NUMBERS = ("07011112222", "0212345678", "15881234", "07000000001", "07000000002")
ADDRESSES = ("sip:a.example.com", "A.example.com:5060", "sip:b.example.com:5061", "sips:b.example.com")
MEMOS = ("", "본사", "{{ not a template }}", "two\nlines")
CREDENTIALS = (("one", "p1-Xyzzy"), ("two", 'p"2\\-Xyzzy'), ("three", "p3-Xyzzy"))
HONEST_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("close_before", {}),
    ("close_after", {}),
    ("error_before", {"status": 503}),
    ("error_after", {"status": 500}),
    ("truncated", {}),
    ("html", {"processed": True}),
    ("html", {}),
    ("rate_limited", {}),
    ("refuse", {"seconds": 0.02}),
    ("slow", {"seconds": 0.4}),
    ("late", {"seconds": 0.3}),
    ("answer", {"status": 403, "body": {"error": {"code": "C", "message": "거부"}}}),
)

mappings = st.builds(
    lambda agent, version: {"agent_id": AGENTS[agent], "agent_version": version},
    st.sampled_from(sorted(AGENTS)),
    st.sampled_from(["current", "production", "v3"]),
)
agent_wishes = st.one_of(
    st.just({}),
    st.builds(lambda name: {"agent_name": name}, st.sampled_from(sorted(AGENTS))),
    st.builds(lambda name: {"agent_id": AGENTS[name]}, st.sampled_from(sorted(AGENTS))),
    mappings,
)


@st.composite
def wishes(draw: st.DrawFn, number: str | None = None) -> dict[str, Any]:
    """Draw the options of one number. An address has credentials, because the API may require them."""
    wish: dict[str, Any] = {"number": number or draw(st.sampled_from(NUMBERS))}
    if draw(st.integers(0, 3)) == 0:
        return {**wish, "state": "absent", "cancel_vox_number": draw(st.booleans())}
    if draw(st.booleans()):
        user, password = draw(st.sampled_from(CREDENTIALS))
        wish |= {"address": draw(st.sampled_from(ADDRESSES)), "auth_username": user, "auth_password": password}
        if draw(st.integers(0, 4)) == 0:
            wish["update_password"] = "always"
    if draw(st.booleans()):
        wish["memo"] = draw(st.sampled_from(MEMOS))
    for name in AGENT_FIELDS:
        if draw(st.integers(0, 2)) == 0:
            wish[name] = draw(agent_wishes)
    return wish


lists_of_wishes = st.lists(wishes(), min_size=1, max_size=5, unique_by=lambda wish: wish["number"])

held = st.fixed_dictionaries(
    {
        "number": st.sampled_from(NUMBERS),
        "provider": st.sampled_from(["custom", "vox"]),
        "status": st.sampled_from([*HELD, "expired", "expired"]),
        "memo": st.sampled_from([None, *MEMOS[1:]]),
        "inbound_agent": st.none() | mappings,
        "outbound_agent": st.none() | mappings,
    }
)

faults = st.lists(st.tuples(st.sampled_from(HONEST_FAULTS), st.integers(1, 6)), max_size=4)

switches = st.builds(
    Switches,
    register_status=st.sampled_from([200, 201]),
    duplicate_status=st.sampled_from([400, 409, 422]),
    password_demanded=st.booleans(),
    delete_expired=st.sampled_from([200, 404, 409]),
    delete_cancel_requested=st.sampled_from([200, 409]),
    patch_cancel_requested=st.booleans(),
    patch_expired=st.sampled_from([200, 409]),
    repeated_status=st.sampled_from(["refuse", "last"]),
    echo_sip=st.booleans(),
    patch_answers=st.sampled_from(["record", "empty"]),
    list_lag=st.sampled_from([0, 0, 0.01]),
    retry_after=st.sampled_from([None, 0]),
)


class Organization(RuleBasedStateMachine):
    """A story of changes to an organization."""

    sim: Simulator
    tried: Trial
    """Shared by all examples; set by the test."""

    @initialize(records=st.lists(held, max_size=12), switches=switches)
    def begin(self, records: list[dict[str, Any]], switches: Switches) -> None:
        self.sim.reset()
        for name, agent_id in AGENTS.items():
            self.sim.add_agent(name, agent_id=agent_id)
        self.sim.add(NUMBERS[0], key=OTHER_KEY, memo="of another organization")
        for record in records:
            self.another_client_adds(record)
        self.sim.switches = switches

    @rule(record=held)
    def another_client_adds(self, record: dict[str, Any]) -> None:
        live = World.of(self.sim, KEY).live(record["number"])
        # A number is held once at most, and only bought numbers have pending cancellations.
        if record["status"] in HELD and live:
            record = record | {"status": "expired"}
        if record["status"] == "cancel_requested":
            record = record | {"provider": "vox"}
        if record["provider"] == "custom":
            record = record | {"auth_username": "them", "auth_password": "theirs-Xyzzy"}
        self.sim.add(**record)

    @rule(switches=switches)
    def the_api_changes(self, switches: Switches) -> None:
        self.tried.world()  # Wait until the list is up to date.
        self.sim.switches = switches

    @rule(number=st.sampled_from(NUMBERS), memo=st.sampled_from(MEMOS), gone=st.booleans())
    def another_client_changes(self, number: str, memo: str, gone: bool) -> None:
        for record in World.of(self.sim, KEY).live(number):
            self.sim.change(record["id"], memo=memo, status="expired" if gone else record["status"])

    @rule(wish=wishes(), faults=faults)
    def one(self, wish: dict[str, Any], faults: list[Any]) -> None:
        self._converge(Case("one", ONE, [wish]), faults)

    @rule(wishes=lists_of_wishes, faults=faults, prune=st.booleans())
    def many(self, wishes: list[dict[str, Any]], faults: list[Any], prune: bool) -> None:
        keeps = any(wish.get("state") != "absent" for wish in wishes)
        options = {"prune": True, "max_deletions": 20} if prune and keeps else {}
        self._converge(Case("many", MANY, wishes, options=options), faults)

    @rule(wishes=st.lists(wishes(), min_size=2, max_size=4), faults=faults)
    def loop(self, wishes: list[dict[str, Any]], faults: list[Any]) -> None:
        """Items of a loop share their listing. A number may occur twice."""
        self._disturb(faults)
        with self._one_run() as directory:
            for wish in wishes:
                self._run_once(Case("loop", ONE, [wish]), run=directory)
        self.sim.clear_faults()
        for wish in wishes:
            self._converge(Case("item", ONE, [wish]), [])

    @rule(wishes=st.lists(wishes(), min_size=2, max_size=4), faults=faults)
    def workers(self, wishes: list[dict[str, Any]], faults: list[Any]) -> None:
        """Several parallel workers of one run. Several of them may have the same number."""
        before = self.tried.world()
        self._disturb(faults)
        cases = [Case("worker", ONE, [wish]) for wish in wishes]
        with self._one_run() as directory:
            results = self.tried.several(cases, directory)
        self.sim.clear_faults()
        after = self.tried.world()
        for number in {wish["number"] for wish in wishes}:
            new = [one for key, one in after.records.items() if key not in before.records and one["number"] == number]
            told = [result for wish, result in zip(wishes, results, strict=True) if wish["number"] == number]
            registered = sum("registered" in result["actions"] for result in told)
            if len(after.live(number)) > 1:
                self.tried.blame(Violation("double", f"{number} is held twice"))
            if registered > len(new) or (registered < len(new) and not any(one.get("failed") for one in told)):
                self.tried.blame(Violation("lie", f"{number}: {registered} registered, {len(new)} are new"))
        for case in cases:
            self._converge(case, [])

    @contextmanager
    def _one_run(self) -> Iterator[str]:
        with TemporaryDirectory(prefix="run-") as directory:
            yield directory
            close_run(directory)

    @rule(faults=faults)
    def read(self, faults: list[Any]) -> None:
        self._disturb(faults)
        self._run_once(Case("read", INFO, []))
        self.sim.clear_faults()

    def _disturb(self, faults: list[Any]) -> None:
        for (action, parameters), occurrence in faults:
            self.sim.fault(action, None, None, occurrence, **parameters)

    def _converge(self, case: Case, faults: list[Any]) -> None:
        first = self.tried.world()
        predicted = self._run_once(case, check_mode=True)
        self._disturb(faults)
        done = self._run_once(case)
        self.tried.tally["faults injected"] += sum(request.fault is not None for request in self.sim.requests)
        self.sim.clear_log()
        if not faults:
            self._compare(predicted, done)
        self.sim.clear_faults()
        refused = any(aim(wish, next(iter(first.live(wish["number"])), None), AGENTS).refused for wish in case.wishes)
        if not refused:
            self.tried.finish(case, first)
        elif self.tried.world() != first:
            self.tried.blame(Violation("lie", "something was changed, although a wish is impossible"))

    def _run_once(self, case: Case, check_mode: bool = False, run: str | None = None) -> dict[str, Any]:
        self.tried.tally["cases"] += 1
        self.tried.where = f"{case.name} {case.wishes} {case.options} {self.sim.switches}"
        return self.tried.run(case, check_mode, run=run)

    def _compare(self, predicted: dict[str, Any], done: dict[str, Any]) -> None:
        for name in ("failed", "changed", "actions", "summary", "diff"):
            # The real result contains the address as the API returns it.
            one, other = (
                json.dumps(result.get(name), sort_keys=True).replace('"sip:', '"') for result in (predicted, done)
            )
            if one != other:
                text = f"predicted {name} {predicted.get(name)!r}, done {done.get(name)!r}"
                self.tried.blame(Violation("lie", text))

    @invariant()
    def nothing_is_wrong(self) -> None:
        violations, self.tried.violations = self.tried.violations, []
        assert not violations, "\n".join(violations)
        for number in NUMBERS:
            assert len(World.of(self.sim, KEY).live(number)) <= 1


@pytest.mark.parametrize("page_size", [1, 100])
def test_random_stories_keep_invariants(
    trial: Trial, page_size: int, part: int, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_api, "PAGE_SIZE", page_size)
    trial.sim.reset()
    machine = type("Organization", (Organization,), {"sim": trial.sim, "tried": trial})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=15 if long else 8,
            # The same stories in each run, so that a failure is caused by a change of the code.
            derandomize=not long,
            deadline=None,
            database=None,
            print_blob=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    # These violations are from the search for the shortest story, which has already failed the test.
    trial.violations.clear()
