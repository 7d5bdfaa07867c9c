# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, the domain: bring many numbers to their wanted states.

One listing and one plan for all of them come first, and if anything in the input is wrong, nothing is written. Then
the numbers are changed side by side. What is given up comes last, and only if all else has succeeded.
"""

from __future__ import annotations

import re
import threading
import typing as t
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from ansible_collections.voxai.telephony.plugins.module_utils._api import Api, ApiError, Record
from ansible_collections.voxai.telephony.plugins.module_utils._converge import (
    Look,
    Outcome,
    Work,
    carry_out,
    predict,
)
from ansible_collections.voxai.telephony.plugins.module_utils._holdings import (
    HELD,
    Holdings,
    pick_agent,
    read_numbers,
)
from ansible_collections.voxai.telephony.plugins.module_utils._plan import Desired, make_plan, resolve_agents
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

WORKERS = 8
"""Numbers that are changed side by side. Fills five requests a second where each takes a second, with some to spare."""

_MOST_IN_A_ROW = 8
"""Numbers that may fail one after the other for reasons of the API's before the rest is left alone."""

_TICK = 1.0
"""Seconds after which it is told how far the work is, if nothing has come of it."""

_FEW_NAMES = 5
"""Agents by name, for more than which all agents are listed, a hundred at a time."""

Report = t.Callable[[str], None]


@dataclass
class Entry:
    """One number of many.

    ``held_back``: why what was planned was not begun, if it wasn't.
    ``look``: what its work waits for, if it does; then ``found`` is what came of it.
    """

    number: str
    desired: Desired | None = None
    outcome: Outcome = field(default_factory=Outcome)
    error: InputError | ApiError | None = None
    held_back: str = ""
    work: Work | None = None
    look: Look | None = None
    found: Record | ApiError | None = None


@dataclass
class Bulk:
    """What is wanted, and what has come of it; complete after a failure, too.

    ``entries``: as the user listed them. Those without ``desired`` have an error already.
    ``pruned``: numbers that are held and not listed.
    ``error``: what is wrong with the whole, other than errors of entries.
    ``begun``: whether anything could be written. Nothing is as long as there are errors in the input.
    """

    entries: list[Entry]
    pruned: list[Entry] = field(default_factory=list)
    error: InputError | ApiError | None = None
    begun: bool = False

    def refuse(self) -> None:
        """Begin nothing."""
        _hold_back([*self.entries, *self.pruned], "not begun, because of the task's errors")


@dataclass(frozen=True)
class Prune:
    """Give up the custom numbers that are not listed, if there are ``at_most`` so many."""

    at_most: int


def converge_all(api: Api, bulk: Bulk, prune: Prune | None, check_mode: bool, report: Report) -> None:
    """Plan everything, and unless in check mode, do. Raises nothing: each error is in ``bulk``."""
    try:
        _plan_all(api, bulk, prune, report)
    except InputError as error:
        bulk.error = error
    except ApiError as error:
        bulk.error = error
        for entry in bulk.entries:
            entry.error = entry.error or error
    if bulk.error or any(isinstance(entry.error, InputError) for entry in bulk.entries):
        bulk.refuse()
        return
    bulk.begun = True
    changing = [entry for entry in bulk.entries if not entry.error and _steps(entry)]
    last = [entry for entry in changing if _desired(entry).absent] + bulk.pruned
    for turn in ([entry for entry in changing if not _desired(entry).absent], last):
        if turn is last and any(entry.error for entry in bulk.entries):
            _hold_back(last, "held back: numbers are given up only once everything else has succeeded")
        elif check_mode:
            for entry in turn:
                predict(entry.outcome)
        else:
            _carry_out_all(api, turn, report)


def _plan_all(api: Api, bulk: Bulk, prune: Prune | None, report: Report) -> None:
    entries = [entry for entry in bulk.entries if entry.desired]
    listed = {entry.number for entry in entries}
    held = _read_held(api, None if prune else listed, report)
    agents = _read_agents(api, entries)

    def agent_id(name: str) -> str:
        found = agents[name]
        if isinstance(found, Exception):
            raise found
        return found

    for entry in entries:
        entry.outcome.record = held.get(entry.number)
        try:
            if not _desired(entry).absent:
                entry.desired = resolve_agents(_desired(entry), agent_id)
            entry.outcome.plan = make_plan(_desired(entry), entry.outcome.record)
        except (InputError, ApiError) as error:
            entry.error = error
    # An entry that could not be read may be any number.
    if prune and len(entries) == len(bulk.entries):
        bulk.pruned = [_to_prune(held[number]) for number in sorted(held) if _may_go(held[number], listed)]
        if len(bulk.pruned) > prune.at_most:
            raise InputError(
                f"prune would give up {len(bulk.pruned)} numbers, and max_deletions is {prune.at_most}:"
                f" add those that stay to the list, or raise max_deletions."
                f" Not listed: {_some([entry.number for entry in bulk.pruned])}"
            )


def _read_held(api: Api, numbers: set[str] | None, report: Report) -> dict[str, Record]:
    held: dict[str, Record] = {}
    for record in read_numbers(api, numbers, None, HELD):
        report(f"{len(held)} of the numbers that are held read")
        # Whatever a server makes of the filter. The first one wins: an active record is never hidden by another.
        if record.get("status") != "expired":
            held.setdefault(record["number"], record)
    return held


def _may_go(record: Record, listed: set[str]) -> bool:
    """Whether a number is surely one's own, held, and not listed."""
    return (
        record.get("provider") == "custom"
        and record.get("status") in ("active", "scheduled")
        # In another form, it may be one that is listed.
        and re.fullmatch("[0-9]+", record["number"]) is not None
        and record["number"] not in listed
    )


def _to_prune(record: Record) -> Entry:
    # By its id: what somebody may register under the number meanwhile is not what was listed.
    desired = Desired(number=record["number"], record_id=record["id"], absent=True)
    return Entry(record["number"], desired, Outcome(make_plan(desired, record), record))


def _read_agents(api: Api, entries: list[Entry]) -> dict[str, str | InputError | ApiError]:
    """The id of each agent that an entry names, or what is wrong with the name."""
    wishes = (wish for entry in entries if not _desired(entry).absent for wish in _desired(entry).agents.values())
    names = sorted({wish.agent_name for wish in wishes if wish and wish.agent_name})
    found: dict[str, str | InputError | ApiError] = {}
    try:
        everyone = api.agents() if len(names) > _FEW_NAMES else None
        for name in names:
            candidates = api.agents(name) if everyone is None else everyone
            try:
                found[name] = pick_agent(name, candidates)
            except InputError as error:
                found[name] = error
    except ApiError as error:
        found.update((name, error) for name in names if name not in found)
    return found


def _carry_out_all(api: Api, entries: list[Entry], report: Report) -> None:
    """Do what is planned, as long as the API does its part.

    Numbers in doubt are looked for when the others are done, with one listing for all.
    """
    rest = entries
    while rest:
        breaker = _Breaker()
        _side_by_side(api, partial(_begin, api, breaker), rest, len(entries), report)
        doubtful = rest
        while True:
            doubtful = [entry for entry in doubtful if entry.look]
            if not doubtful:
                break
            _look_for_all(api, doubtful, report)
            _side_by_side(api, _resume, doubtful, len(entries), report)
        rest = [entry for entry in rest if not entry.work]
        # What came right when it was looked at again was a disturbance, and is over.
        if all(entry.error for entry in breaker.failed):
            for entry in rest:
                entry.error = ApiError(
                    f"not begun: the API has failed for {_MOST_IN_A_ROW} numbers in a row ({breaker.failed[0].error})"
                )
            break


def _begin(api: Api, breaker: _Breaker, entry: Entry) -> None:
    if breaker.open:
        return
    # Holdings of its own: what one number shows must not wait for what another one is looking for.
    entry.work = carry_out(api, Holdings(api), _desired(entry), entry.outcome, late=True)
    _go_on(entry, lambda work: next(work))
    breaker.note(entry)


def _resume(entry: Entry) -> None:
    found, entry.look = entry.found, None
    _go_on(entry, lambda work: work.throw(found) if isinstance(found, ApiError) else work.send(found))


def _go_on(entry: Entry, step: t.Callable[[Work], Look]) -> None:
    """Let an entry's work go on until it is done or in doubt."""
    try:
        entry.look = step(t.cast(Work, entry.work))
    except StopIteration:
        pass
    except (InputError, ApiError) as error:
        entry.error = error
    except Exception as error:  # A defect with one number must not hide what has come of the others.
        entry.error = ApiError(f"unexpected {type(error).__name__}: {error}", uncertain=True)


def _look_for_all(api: Api, entries: list[Entry], report: Report) -> None:
    """Find the numbers that are in doubt: again and again, as a list may lag behind writes."""
    looks = {entry.number: t.cast(Look, entry.look) for entry in entries}
    found: dict[str, Record | ApiError] = {}
    for time in range(max(look.times for look in looks.values())):
        due = {number for number, look in looks.items() if time < look.times and number not in found}
        if not due:
            break
        if time:
            api.pace.sleep(api.backoff(time - 1))
        try:
            found.update(_read_held(api, due, report))
        except ApiError as error:
            found.update(dict.fromkeys(due, error))
    for entry in entries:
        entry.found = found.get(entry.number)


def _side_by_side(api: Api, work: t.Callable[[Entry], None], entries: list[Entry], of: int, report: Report) -> None:
    """Do work on all entries, some at a time, in their order. ``of``: how many there are in all, for the report."""
    finished: SimpleQueue[Future[None]] = SimpleQueue()
    waiting, done = len(entries), of - len(entries)
    pool = ThreadPoolExecutor(WORKERS)
    try:
        entry_of = {pool.submit(work, entry): entry for entry in entries}
        for future in entry_of:
            future.add_done_callback(finished.put)
        while waiting:
            with suppress(Empty):
                future = finished.get(timeout=_TICK)
                future.result()
                waiting -= 1
                done += entry_of[future].work is not None
            report(f"{done} of {of} numbers done")
    except BaseException:
        # The task is stopped. What has been sent is waited for, and nothing else is sent.
        api.pace.stopped.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        api.pace.stopped.clear()


class _Breaker:
    """Opens when it is the API that fails, and not single numbers.

    To try thousands of numbers, each again and again, on a service that is down or a key that was revoked helps nobody.
    ``failed``: the entries that it has failed for, in a row.
    """

    def __init__(self) -> None:
        self.failed: list[Entry] = []
        self.open = False
        self._lock = threading.Lock()

    def note(self, entry: Entry) -> None:
        """Take note of an entry that was begun."""
        error = entry.look.error if entry.look else entry.error
        with self._lock:
            if self.open:
                return
            if isinstance(error, ApiError) and _is_api_failure(error):
                self.failed.append(entry)
                self.open = len(self.failed) == _MOST_IN_A_ROW
            else:
                self.failed.clear()


def _is_api_failure(error: ApiError) -> bool:
    status = error.http_status
    elsewhere = status is None or 300 <= status < 400 or (status == 404 and not error.from_api)
    return elsewhere or error.uncertain or status in (401, 403, 429)


def _hold_back(entries: list[Entry], reason: str) -> None:
    for entry in entries:
        if not entry.error and (entry.outcome.plan is None or _steps(entry)):
            entry.held_back = reason


def _steps(entry: Entry) -> t.Sequence[t.Any]:
    return entry.outcome.plan.steps if entry.outcome.plan else ()


def _desired(entry: Entry) -> Desired:
    return t.cast(Desired, entry.desired)


def _some(numbers: list[str], most: int = 10) -> str:
    more = len(numbers) - most
    return ", ".join(numbers[:most]) + (f" and {more} more" if more > 0 else "")
