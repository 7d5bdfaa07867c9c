# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, domain: bring many numbers to their desired states.

All numbers are listed and planned first. If the input has errors, nothing is written. Then the numbers are changed in
parallel. Numbers are released last, and only if everything else has succeeded.
"""

from __future__ import annotations

import threading
import traceback
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from ansible_collections.voxai.telephony.plugins.module_utils._api import Api, ApiError, Record
from ansible_collections.voxai.telephony.plugins.module_utils._converge import (
    Found,
    Look,
    Outcome,
    Work,
    apply_plan,
    predict,
)
from ansible_collections.voxai.telephony.plugins.module_utils._ledger import Ledger, Report
from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import is_in_plan
from ansible_collections.voxai.telephony.plugins.module_utils._plan import Desired, make_plan, resolve_agents
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

WORKERS = 8
"""Numbers that are changed in parallel. Enough for five requests per second if each takes a second."""

_MAX_FAILURES_IN_A_ROW = 8
"""Numbers that may fail in a row because of the API before the task stops."""

_REPORT_INTERVAL = 1.0
"""Seconds between two reports of the progress."""


@dataclass
class Entry:
    """One number of many.

    ``held_back``: why the number was not processed, if it was not.
    ``look``: the look-up that its work waits for, if any.
    ``settled``: whether its work has ended, successfully or not.
    """

    number: str
    desired: Desired | None = None
    outcome: Outcome = field(default_factory=Outcome)
    error: InputError | ApiError | None = None
    held_back: str = ""
    work: Work | None = None
    look: Look | None = None
    settled: bool = False


@dataclass
class Bulk:
    """The entries of a task and their results. Also complete after a failure.

    ``entries``: in the order of the list. Entries without ``desired`` have an error.
    ``pruned``: numbers that are held but not listed.
    ``error``: an error of the whole task, other than errors of entries.
    ``begun``: whether the task could write. It does not write if the input has errors.
    """

    entries: list[Entry]
    pruned: list[Entry] = field(default_factory=list)
    error: InputError | ApiError | None = None
    begun: bool = False

    def refuse(self) -> None:
        """Process no number."""
        _hold_back([*self.entries, *self.pruned], "not processed because the task has errors")


def converge_all(
    api: Api, ledger: Ledger, bulk: Bulk, max_deletions: int | None, check_mode: bool, report: Report
) -> None:
    """Plan all entries and, except in check mode, apply the plans. Raises nothing: all errors are in ``bulk``.

    ``max_deletions``: how many custom numbers that are not listed may be released. None: do not prune.
    """
    try:
        _plan_all(api, ledger, bulk, max_deletions, report)
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

    def do(some: list[Entry]) -> None:
        if not check_mode:
            _apply_all(api, ledger, report, some)
        else:
            for entry in some:
                predict(entry.outcome)

    changing = [entry for entry in bulk.entries if not entry.error and _steps(entry)]
    do([entry for entry in changing if not _desired(entry).absent])
    last = [entry for entry in changing if _desired(entry).absent] + bulk.pruned
    if any(entry.error for entry in bulk.entries):
        _hold_back(last, "held back: numbers are only released after everything else has succeeded")
    else:
        do(last)


def _plan_all(api: Api, ledger: Ledger, bulk: Bulk, max_deletions: int | None, report: Report) -> None:
    entries = [entry for entry in bulk.entries if entry.desired]
    listed = {entry.number for entry in entries}
    asked = ledger.now()
    held = ledger.held(api, listed if max_deletions is None else None, report=report)
    agents = ledger.agent_ids(api, _names_of_agents(entries))

    def agent_id(name: str) -> str:
        found = agents[name]
        if isinstance(found, Exception):
            raise found
        return found

    for entry in entries:
        entry.outcome.asked = asked
        entry.outcome.record = held.get(entry.number)
        try:
            if not _desired(entry).absent:
                entry.desired = resolve_agents(_desired(entry), agent_id)
            entry.outcome.plan = make_plan(_desired(entry), entry.outcome.record)
        except (InputError, ApiError) as error:
            entry.error = error
    # An invalid entry may be any number, so nothing is pruned.
    if max_deletions is not None and len(entries) == len(bulk.entries):
        bulk.pruned = [_to_prune(held[number], asked) for number in sorted(held) if _may_go(held[number], listed)]
        if len(bulk.pruned) > max_deletions:
            raise InputError(
                f"prune would release {len(bulk.pruned)} numbers, but max_deletions is {max_deletions}:"
                f" add the numbers to keep to the list, or raise max_deletions."
                f" Not listed: {some_of([entry.number for entry in bulk.pruned])}"
            )


def _may_go(record: Record, listed: set[str]) -> bool:
    """Whether a number may be pruned: a custom number that is held and not listed."""
    return (
        record.get("provider") == "custom"
        and record.get("status") in ("active", "scheduled")
        # 827011112222 may be another form of a listed number. Numbers that a list cannot contain are kept.
        and is_in_plan(record["number"])
        and record["number"] not in listed
    )


def _to_prune(record: Record, asked: float) -> Entry:
    # By its id, because another client may register the same number again meanwhile.
    desired = Desired(number=record["number"], record_id=record["id"], absent=True)
    return Entry(record["number"], desired, Outcome(make_plan(desired, record), record, asked=asked))


def _names_of_agents(entries: list[Entry]) -> set[str]:
    agents = (agent for entry in entries if not _desired(entry).absent for agent in _desired(entry).agents.values())
    return {agent.agent_name for agent in agents if agent and agent.agent_name}


def _apply_all(api: Api, ledger: Ledger, report: Report, entries: list[Entry]) -> None:
    """Apply the plans, until the API fails for too many numbers in a row.

    Numbers whose registration is in doubt, and numbers whose record has disappeared, are looked up after the others are
    done, with one listing for all of them.
    """

    def in_parallel(work: t.Callable[[Entry], None], some: list[Entry]) -> None:
        def report_progress() -> None:
            report(f"{sum(entry.settled for entry in entries)} of {len(entries)} numbers done")

        _in_parallel(api, work, some, report_progress)

    rest = entries
    while rest:
        breaker = _Breaker()
        in_parallel(partial(_begin, api, ledger, breaker), rest)
        _settle(api, ledger, rest, in_parallel, report)
        rest = [entry for entry in rest if not entry.work]
        if breaker.still_failing():
            for entry in rest:
                entry.error = ApiError(f"not processed: {breaker}")
            break


def _settle(
    api: Api,
    ledger: Ledger,
    entries: list[Entry],
    in_parallel: t.Callable[[t.Callable[[Entry], None], list[Entry]], None],
    report: Report,
) -> None:
    """Look up the numbers in doubt and resume their work, until no number is in doubt."""
    while True:
        doubtful = [entry for entry in entries if entry.look]
        if not doubtful:
            break
        breaker = _Breaker()
        found = _look_for_all(api, ledger, doubtful, report)
        in_parallel(partial(_resume, api, ledger, breaker, found), doubtful)
        if breaker.still_failing():
            # Report the numbers that were found, and send no further requests.
            reason = ApiError(f"not finished: {breaker}")
            for entry in doubtful:
                entry.outcome.stop = reason
                if entry.number in found:
                    _go_on(api, ledger, entry, found.pop(entry.number))


def _begin(api: Api, ledger: Ledger, breaker: _Breaker, entry: Entry) -> None:
    if not breaker.open:
        entry.work = apply_plan(api, ledger, _desired(entry), entry.outcome)
        _go_on(api, ledger, entry, None)
        breaker.note(entry)


def _resume(api: Api, ledger: Ledger, breaker: _Breaker, found: dict[str, Found], entry: Entry) -> None:
    """Resume an entry with its result in ``found``, and remove it from ``found``. The rest was not resumed."""
    if not breaker.open:
        _go_on(api, ledger, entry, found.pop(entry.number))
        breaker.note(entry)


def _go_on(api: Api, ledger: Ledger, entry: Entry, found: Found) -> None:
    """Let an entry's work run until it ends or needs a look-up. The number is only claimed during that time."""
    entry.look = None
    try:
        with ledger.claim(api, entry.number):
            entry.look = t.cast(Work, entry.work).send(found)
    except StopIteration:
        pass
    except (InputError, ApiError) as error:
        entry.error = error
    except Exception as error:  # A defect with one number must not hide the results of the others.
        place = traceback.extract_tb(error.__traceback__)[-1]
        # The text of the exception may contain secrets.
        where = f"{type(error).__name__} in {place.name}, line {place.lineno}"
        entry.error = ApiError(f"unexpected internal error ({where}). Please report it, and run the task again")
    entry.settled = entry.look is None


def _look_for_all(api: Api, ledger: Ledger, entries: list[Entry], report: Report) -> dict[str, Found]:
    """Look up the numbers in doubt, several times, because the list may lag behind writes."""
    looks = {entry.number: t.cast(Look, entry.look) for entry in entries}
    found: dict[str, Found] = dict.fromkeys(looks)
    for attempt in range(max(look.times for look in looks.values())):
        due = {number for number, look in looks.items() if attempt < look.times and found[number] is None}
        if not due:
            break
        if attempt:
            api.limiter.sleep(api.backoff(attempt - 1))
        try:
            found.update(ledger.held(api, due, after=ledger.now(), report=report))
        except ApiError as error:
            found.update(dict.fromkeys(due, error))
    return found


def _in_parallel(
    api: Api, work: t.Callable[[Entry], None], entries: list[Entry], report_progress: t.Callable[[], None]
) -> None:
    """Do the work on all entries in parallel, in their order.

    If it is interrupted (by the task's timeout), it sends no further requests, and does not wait for requests that were
    sent.
    """
    waiting: SimpleQueue[Entry] = SimpleQueue()
    for entry in entries:
        waiting.put(entry)
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def work_off() -> None:
        try:
            while True:
                work(waiting.get_nowait())
        except Empty:
            ended.put(None)
        except BaseException as error:
            ended.put(error)

    # Daemon threads, unlike those of ThreadPoolExecutor: the process must not wait for them when it ends.
    threads = [threading.Thread(target=work_off, daemon=True) for _index in range(min(WORKERS, len(entries)))]
    try:
        for thread in threads:
            thread.start()
        working = len(threads)
        while working:
            with suppress(Empty):
                error = ended.get(timeout=_REPORT_INTERVAL)
                working -= 1
                if error:
                    raise error
            report_progress()
    except BaseException:
        api.limiter.stopped.set()
        raise


class _Breaker:
    """A circuit breaker, which opens when the API fails for several numbers in a row.

    It saves retries of thousands of numbers if the service is down or the key was revoked.
    """

    def __init__(self) -> None:
        self._failed: list[Entry] = []
        self._lock = threading.Lock()
        self.open = False

    def __str__(self) -> str:
        return f"the API has failed for {_MAX_FAILURES_IN_A_ROW} numbers in a row ({self._failed[0].error})"

    def note(self, entry: Entry) -> None:
        """Record the result of an entry."""
        error = entry.look.error if entry.look else entry.error
        with self._lock:
            if self.open:
                return
            if isinstance(error, ApiError) and _is_api_failure(error):
                self._failed.append(entry)
                self.open = len(self._failed) == _MAX_FAILURES_IN_A_ROW
            else:
                self._failed.clear()

    def still_failing(self) -> bool:
        """Whether it is open, and the entries that opened it still have errors. Otherwise the API has recovered."""
        return self.open and all(entry.error for entry in self._failed)


def _is_api_failure(error: ApiError) -> bool:
    status = error.http_status
    if status is None:
        return error.unanswered or error.uncertain
    elsewhere = 300 <= status < 400 or (status in (404, 410) and not error.from_api)
    return elsewhere or error.uncertain or status in (401, 403, 429)


def _hold_back(entries: list[Entry], reason: str) -> None:
    for entry in entries:
        if not entry.error and (entry.outcome.plan is None or _steps(entry)):
            entry.held_back = reason


def _steps(entry: Entry) -> t.Sequence[t.Any]:
    return entry.outcome.plan.steps if entry.outcome.plan else ()


def _desired(entry: Entry) -> Desired:
    return t.cast(Desired, entry.desired)


def some_of(words: list[str], most: int = 10) -> str:
    """The first words, and the number of the others."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")
