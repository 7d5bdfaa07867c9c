# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, domain: what is known about an organization, shared by all users of a store.

It has one listing of the numbers, which is read page by page as far as needed, the records after own writes, and the
ids of agents. The store is the memory of a process, or a directory that all workers of a run share.
"""

from __future__ import annotations

import math
import time
import typing as t
from dataclasses import asdict

from ansible_collections.voxai.telephony.plugins.module_utils._api import (
    HELD,
    PAGE_SIZE,
    Api,
    ApiError,
    Position,
    Record,
)
from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id, same_id
from ansible_collections.voxai.telephony.plugins.module_utils._store import POLL, Facts, Store, claimed
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError, nfc

MAX_AGE = 30.0
"""Seconds for which a listing is used, from its beginning. The same for the names of agents."""

_MAX_NAMES, _MAX_NAME = 20, 100
"""Maximum number of agents in a message, and maximum length of a name."""

_MAX_SINGLE_NAMES = 5
"""Maximum number of agents that are looked up one by one. For more, all agents are listed, 100 per request."""

_NOT_LISTED = -1
"""The order of a record that is not from the list but from another answer. It comes before all others."""

_EVERYTHING = ""
"""The key for all numbers, in place of a number."""

Report = t.Callable[[str], None]


class Ledger:
    """The numbers that an organization holds, and the ids of its agents.

    The listing answers each number only once. If a number is looked up again, its record is read by its id. If it was
    not held, or if many numbers are looked up, a new listing is used. A record that was written or read by its id
    replaces the record of a listing that began earlier.

    Facts, by kind: ``listing`` (its state), ``held`` (its records by number), ``noted`` (records of single numbers),
    ``wrote`` (when a number was last written, and what that left), ``gone`` (ids), ``answered`` (numbers), ``agents``
    (ids by name).
    """

    def __init__(self, store: Store, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self.now = clock

    def has_listed(self) -> bool:
        """Whether a page of the listing has been read, which shows that the server is the API."""
        return self._store.read(lambda facts: facts.get("listing", "state") is not None)

    # Held numbers

    def look_up(self, api: Api, number: str) -> Record | None:
        """The record of a number that is held, or None. Raises ApiError."""
        asked = self.now()
        known = self._store.read(lambda facts: _known(facts, number))
        if known is None:
            return self.held(api, {number}).get(number)
        return self._read_by_id(api, number, known) or self.held(api, {number}, after=asked).get(number)

    def records(self, api: Api, wanted: t.Collection[str] | None) -> list[Record]:
        """The records of several numbers, newest first within each status, with all records of each number."""
        rows: dict[str, t.Any] = {}
        found = self.held(api, wanted, rows=rows)
        records = [
            (rows[number]["order"] if number in rows else _NOT_LISTED, record) for number, record in found.items()
        ]
        records += [
            (order, record)
            for number, row in rows.items()
            for order, record in [(row["order"], row["record"]), *row["also"]]
            if not same_id(record["id"], found.get(number, {}).get("id"))
        ]
        return [record for _order, record in sorted(records, key=lambda one: (HELD.index(one[1]["status"]), one[0]))]

    def held(
        self,
        api: Api,
        wanted: t.Collection[str] | None,
        after: float | None = None,
        report: Report = lambda words: None,
        rows: dict[str, t.Any] | None = None,
    ) -> dict[str, Record]:
        """The record of each of the wanted numbers (None: of all numbers) that is held. Raises ApiError.

        ``after``: only use records that were listed or read after this time.
        ``rows``: is filled with the listed records.
        """
        asked = self.now()
        since = after
        if since is None:
            again = self._store.read(lambda facts: _is_asked_again(facts, wanted))
            since = asked if again else asked - MAX_AGE
        rows = {} if rows is None else rows
        missing = None if wanted is None else set(wanted)
        read = -math.inf

        def is_answered(facts: Facts) -> bool:
            nonlocal read
            state = facts.get("listing", "state")
            complete = bool(state and state["complete"] and state["began"] >= since)
            if missing is None:
                if complete:
                    rows.update(facts.all("held"))
                return complete
            order = state["order"] if state else 0
            # Only look again after at least as many new records as numbers are missing.
            if complete or len(missing) <= PAGE_SIZE or not 0 <= order - read < len(missing):
                read = order
                rows.update(_rows(facts, missing, since))
                missing.difference_update(rows)
            return complete or not missing

        self._list(api, is_answered, since, asked, report)
        # Another worker may have listed them.
        api.has_been_listed(row["record"] for row in rows.values() if row["order"] != _NOT_LISTED)

        answered = dict.fromkeys([_EVERYTHING] if wanted is None else wanted, True)
        self._store.do(lambda facts: facts.put("answered", answered))

        def finish(facts: Facts) -> tuple[dict[str, t.Any], set[str]]:
            alive = set(_alive(facts, rows))
            return facts.all("noted") if wanted is None else facts.some("noted", wanted), alive

        notes, alive = self._store.read(finish)
        found = {number: row["record"] for number, row in rows.items() if number in alive}
        for number, note in notes.items():
            record = self._newer(api, number, rows.get(number) if number in alive else None, note, since)
            if record is None:
                found.pop(number, None)
            else:
                found[number] = record
        return found

    def _newer(self, api: Api, number: str, row: t.Any, note: t.Any, since: float) -> Record | None:
        """The current record of a number: the listed one, or the one that was written or read by its id."""
        noted: Record = note["record"]
        if note["at"] >= (row["began"] if row else since):
            return noted
        if row and same_id(row["record"]["id"], noted["id"]):
            listed: Record = row["record"]
            # A list may lag.
            return noted if _updated_at(noted) > _updated_at(listed) else listed
        return self._read_by_id(api, number, noted) or (row["record"] if row else None)

    def _read_by_id(self, api: Api, number: str, known: Record) -> Record | None:
        """The record of a number that was held, read again by its id. None if it is no longer held."""
        at = self.now()
        # If it does not exist, a listing decides.
        record = api.number(known["id"], number, sure=False)
        if record is not None and record["status"] in HELD:
            self._store.do(lambda facts: _note(facts, record, at))
            return record
        # A 404 may be temporary. Only an expired record is gone permanently.
        self._store.do(lambda facts: _forget(facts, known, gone=record is not None))
        return None

    # Own writes

    def writing(self, number: str) -> None:
        """Note that a number is about to be written. Without an answer, its record is not known."""
        self._store.do(lambda facts: self._wrote(facts, number, None, known=False))

    def note(self, record: Record) -> None:
        """Note the record of a number after an own write."""

        def work(facts: Facts) -> None:
            _note(facts, record, self.now())
            self._wrote(facts, record["number"], record)

        self._store.do(work)

    def gone(self, record: Record) -> None:
        """Note that the record was deleted or has expired."""

        def work(facts: Facts) -> None:
            _forget(facts, record, gone=True)
            self._wrote(facts, record["number"], None)

        self._store.do(work)

    def _wrote(self, facts: Facts, number: str, record: Record | None, known: bool = True) -> None:
        facts.put("wrote", {number: {"at": self.now(), "record": record, "known": known}})

    def status_changed(self) -> None:
        """Note that a number has changed its status. Records after a cursor may have moved to a page that was read."""
        self._store.do(lambda facts: facts.put("listing", {"moved": self.now()}))

    def written_since(self, number: str, moment: float) -> dict[str, t.Any] | None:
        """The last write of the number by a user of the store since then, and its ``record``, if that is ``known``.

        None if there was no such write.
        """

        def work(facts: Facts) -> dict[str, t.Any] | None:
            wrote = facts.get("wrote", number)
            if not wrote or wrote["at"] <= moment:
                return None
            note = facts.get("noted", number)
            return {**wrote, "record": note["record"]} if note else wrote

        return self._store.read(work)

    def claim(self, api: Api, number: str) -> t.ContextManager[None]:
        """Claim a number exclusively among the users of the store. Waits for it."""
        return claimed(self._store, f"number {number}", api.limiter.sleep)

    # Agents

    def agent_id(self, api: Api, name: str) -> str:
        """The id of the one agent with exactly this name. Raises InputError, ApiError."""
        found = self.agent_ids(api, [name])[name]
        if isinstance(found, Exception):
            raise found
        return found

    def agent_ids(self, api: Api, names: t.Collection[str]) -> dict[str, str | InputError | ApiError]:
        """The id of the agent of each name, or the error."""
        asked = self.now()

        def work(facts: Facts) -> dict[str, str | InputError | ApiError]:
            known = facts.some("agents", names)
            return {name: _agent(row) for name, row in known.items() if _is_current(row, asked, api.way)}

        found = self._store.read(work)
        if len(found) == len(set(names)):
            return found
        with claimed(self._store, "agents", api.limiter.sleep):
            # Another worker may have looked them up meanwhile.
            found.update(self._store.read(work))
            missing = sorted(set(names) - set(found))
            at = self.now()
            answers: dict[str, t.Any] = {}
            try:
                everyone = api.agents() if len(missing) > _MAX_SINGLE_NAMES else None
                for name in missing:
                    candidates = api.agents(name) if everyone is None else everyone
                    try:
                        answers[name] = {"at": at, "id": pick_agent(name, candidates)}
                    except InputError as error:
                        answers[name] = {"at": at, "wrong": str(error)}
            except ApiError as error:
                failure = {"at": at, "way": api.way, "error": error.as_dict()}
                answers.update((name, failure) for name in missing if name not in answers)
            self._store.do(lambda facts: facts.put("agents", answers))
            found.update((name, _agent(row)) for name, row in answers.items())
        return found

    # The listing

    def _list(
        self, api: Api, is_answered: t.Callable[[Facts], bool], since: float, asked: float, report: Report
    ) -> None:
        """Read pages until ``is_answered``. One worker reads. The others wait, and take over if it ends."""
        while not self._store.read(is_answered):
            with self._store.claim("listing") as mine:
                while mine and not self._store.read(is_answered):
                    self._raise_failure(api, asked)
                    self._read_page(api, since, report)
                if mine:
                    return
            self._raise_failure(api, asked)
            api.limiter.sleep(POLL)

    def _raise_failure(self, api: Api, asked: float) -> None:
        """Raise the error of the listing that this worker has waited for, so that not every worker retries it."""
        failure = self._store.read(lambda facts: facts.get("listing", "failure"))
        if failure and failure["at"] >= asked and failure["way"] == api.way:
            raise ApiError.from_dict(failure["error"])

    def _read_page(self, api: Api, since: float, report: Report) -> None:
        state = self._store.read(lambda facts: facts.get("listing", "state"))
        if state is None or state["began"] < since or state["complete"]:
            state = {"began": self.now(), "status": 0, "position": asdict(Position()), "order": 0, "complete": False}
        position = Position(**{**state["position"], "seen": list(state["position"]["seen"])})
        try:
            records = api.page(HELD[state["status"]], position)
        except ApiError as error:
            failure = {"at": self.now(), "way": api.way, "error": error.as_dict()}

            def note_failure(facts: Facts) -> None:
                # A number that is missing in an incomplete listing may be held.
                facts.drop("listing", "state")
                facts.put("listing", {"failure": failure})

            self._store.do(note_failure)
            raise
        order = state["order"] + len(records)
        report(f"{order} numbers found in the list")
        after = {**state, "position": asdict(position), "order": order}
        if position.cursor is None and not position.wrong:
            last = state["status"] + 1 == len(HELD)
            after.update(status=state["status"] + (not last), position=asdict(Position()), complete=last)
        self._store.do(lambda facts: _keep_page(facts, state, after, records))


def _known(facts: Facts, number: str) -> Record | None:
    """The record to read by its id, if the number is looked up again."""
    note = facts.get("noted", number)
    if note:
        return t.cast(Record, note["record"])
    row = facts.get("held", number)
    if not row or facts.get("gone", canonical_id(row["record"]["id"])):
        return None
    return t.cast(Record, row["record"]) if _is_answered(facts, number) else None


def _is_answered(facts: Facts, number: str) -> bool:
    return bool(facts.get("answered", number) or facts.get("answered", _EVERYTHING))


def _is_asked_again(facts: Facts, wanted: t.Collection[str] | None) -> bool:
    if wanted is None:
        return bool(facts.all("answered") or facts.all("noted"))
    return bool(facts.get("answered", _EVERYTHING) or facts.some("answered", wanted) or facts.some("noted", wanted))


def _rows(facts: Facts, numbers: t.Collection[str], since: float) -> dict[str, t.Any]:
    """The records that were listed or noted since then, by number."""
    recent = {number: row for number, row in facts.some("held", numbers).items() if row["began"] >= since}
    rows = _alive(facts, recent)
    notes = facts.some("noted", numbers).items()
    rows.update(
        (number, {"began": note["at"], "order": _NOT_LISTED, "record": note["record"], "also": []})
        for number, note in notes
        if note["at"] >= since
    )
    return rows


def _alive(facts: Facts, rows: dict[str, t.Any]) -> dict[str, t.Any]:
    """The rows whose record is not gone."""
    ids = {number: canonical_id(row["record"]["id"]) for number, row in rows.items()}
    gone = facts.some("gone", set(ids.values()))
    return {number: row for number, row in rows.items() if ids[number] not in gone}


def _note(facts: Facts, record: Record, at: float) -> None:
    note = facts.get("noted", record["number"])
    if not note or note["at"] <= at:
        facts.put("noted", {record["number"]: {"at": at, "record": record}})


def _forget(facts: Facts, record: Record, gone: bool) -> None:
    number = record["number"]
    for kind in ("noted", "held"):
        known = facts.get(kind, number)
        if known and same_id(known["record"]["id"], record["id"]):
            facts.drop(kind, number)
            if known.get("also"):
                # The number has another record.
                (order, other), *more = known["also"]
                facts.put(kind, {number: {**known, "order": order, "record": other, "also": more}})
    if gone:
        facts.put("gone", {canonical_id(record["id"]): True})


def _keep_page(facts: Facts, before: t.Any, after: t.Any, records: list[Record]) -> None:
    began = before["began"]
    gone = facts.some("gone", [canonical_id(record["id"]) for record in records])
    known = facts.some("held", [record["number"] for record in records])
    rows: dict[str, t.Any] = {}
    for order, record in enumerate(records, before["order"]):
        number = record["number"]
        if canonical_id(record["id"]) in gone:
            continue
        row = rows.get(number) or known.get(number)
        if row is None or row["began"] < began:
            rows[number] = {"began": began, "order": order, "record": record, "also": []}
        elif not same_id(row["record"]["id"], record["id"]):
            # The first record is used, so an active record is never hidden by another one.
            rows[number] = {**row, "also": [*row["also"], [order, record]]}
    facts.put("held", rows)
    if after["complete"]:
        if (facts.get("listing", "moved") or began) > began:
            # A record may have moved past the cursor, so a number that is missing in this listing may be held.
            facts.drop("listing", "state")
            return
        for number, row in facts.all("held").items():
            if row["began"] < began:
                facts.drop("held", number)
    facts.put("listing", {"state": after})


def _updated_at(record: Record) -> float:
    value = record.get("updated_at")
    return value if isinstance(value, (int, float)) else 0


def _agent(row: dict[str, t.Any]) -> str | InputError | ApiError:
    """The id of the agent of a name, or the error."""
    if "error" in row:
        return ApiError.from_dict(row["error"])
    return InputError(row["wrong"]) if "wrong" in row else str(row["id"])


def _is_current(row: dict[str, t.Any], asked: float, way: str) -> bool:
    """Whether the row answers a question asked then: an id for MAX_AGE, an error only if it is newer."""
    return bool(row["at"] >= (asked - MAX_AGE if "id" in row else asked) and row.get("way", way) == way)


def pick_agent(name: str, agents: list[Record]) -> str:
    """The id of the agent with exactly this name, in any Unicode normalization."""
    name = nfc(name)
    names = {id(agent): nfc(agent.get("name")) for agent in agents}
    similar = [agent for agent in agents if name.casefold() in names[id(agent)].casefold()]
    # An agent that changes during the listing may be listed twice.
    candidates = list({canonical_id(agent["agent_id"]): agent for agent in similar}.values())
    matches = [agent for agent in candidates if names[id(agent)] == name]
    if len(matches) == 1:
        return str(matches[0]["agent_id"])
    shown = [f"{str(agent.get('name'))[:_MAX_NAME]!r} ({agent['agent_id']})" for agent in matches or candidates]
    listed = ", ".join(shown[:_MAX_NAMES]) + (f" and {len(shown) - _MAX_NAMES} more" if shown[_MAX_NAMES:] else "")
    if matches:
        raise InputError(f"{len(matches)} agents are named {name!r}: {listed}. Use agent_id instead of agent_name")
    raise InputError(
        f"no agent is named {name!r}"
        + (f". Similar names: {listed}" if listed else ", and no agent's name contains it")
        + ". Write the exact name, or use agent_id"
    )


def read_numbers(
    api: Api, numbers: t.Collection[str] | None, provider: str | None, statuses: t.Iterable[str]
) -> t.Iterator[Record]:
    """All records, or those of some numbers, in the order of statuses, newest first.

    A record that changes during the listing may be returned twice.
    """
    wanted = set(numbers or ())
    missing = set(wanted)
    for status in dict.fromkeys(statuses):
        pages = api.numbers(status, provider)
        # A number has at most one record that is held, but any number of expired ones.
        while numbers is None or missing or (wanted and status not in HELD):
            page = next(pages, None)
            if page is None:
                break
            records = [record for record in page if numbers is None or record["number"] in wanted]
            if status in HELD:
                missing.difference_update(record["number"] for record in records)
            yield from records
