# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, the domain: what is known of an organization, shared by all who share a store.

One listing, read page by page and no further than anybody needs; what own writes have left; agents by name. The store
is a process's memory, or a directory that all workers of a run have in common.
"""

from __future__ import annotations

import math
import time
import typing as t
import unicodedata
from contextlib import contextmanager
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
from ansible_collections.voxai.telephony.plugins.module_utils._store import Facts, Store
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

BELIEVED = 30.0
"""Seconds for which a listing is believed, from when it began. Agents' names as well."""

_POLL = 0.02
"""Seconds after which is looked again whether another worker is done."""

_MOST_NAMES, _MOST_OF_NAME = 20, 100
"""Agents that a message names, and characters of a name."""

_FEW_NAMES = 5
"""Agents by name, for more than which all agents are listed, a hundred at a time."""

_NOT_LISTED = -1
"""In place of the order in the list: a record that an answer has shown. Before all others."""

_EVERYTHING = ""
"""In place of a number: all of them."""

Report = t.Callable[[str], None]


class Ledger:
    """The numbers that an organization holds, and the ids of its agents.

    Each number is answered from the listing once. Who asks again gets its record read by its id, or, if it was not
    held or if it is one of many, a listing that begins later. What a record was after an own write, or when it was read
    by its id, counts for more than a listing that began earlier.

    Facts, by kind: ``listing`` (its state), ``held`` (its records by number), ``noted`` (records of single numbers),
    ``wrote`` (when a number was last written, and what that left), ``gone`` (ids), ``answered`` (numbers), ``agents``
    (ids by name).
    """

    def __init__(self, store: Store, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self.now = clock

    def has_listed(self) -> bool:
        """Whether a page of the listing has been read, which shows that it is the API that answers."""
        return self._store.read(lambda facts: facts.get("listing", "state") is not None)

    # What is held

    def look_up(self, api: Api, number: str) -> Record | None:
        """The record of a number that is held, or None. Raises ApiError."""
        asked = self.now()
        known = self._store.read(lambda facts: _known(facts, number))
        if known is None:
            return self.held(api, {number}).get(number)
        return self._read_by_id(api, number, known) or self.held(api, {number}, after=asked).get(number)

    def records(self, api: Api, wanted: t.Collection[str] | None) -> list[Record]:
        """The same for several numbers, newest first in each status; with all records of a number that has several."""
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

        ``after``: only what was listed or read later than that counts.
        ``rows``: takes what was listed.
        """
        asked = self.now()
        since = after
        if since is None:
            again = self._store.read(lambda facts: _is_asked_again(facts, wanted))
            since = asked if again else asked - BELIEVED
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
            # So many can't be in fewer records.
            if complete or len(missing) <= PAGE_SIZE or not 0 <= order - read < len(missing):
                read = order
                rows.update(_rows(facts, missing, since))
                missing.difference_update(rows)
            return complete or not missing

        self._list(api, is_answered, since, asked, report)
        # It may be another worker that has listed them.
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
        """What a number is, of which there is a listed record (or none) and one that was written or read by its id."""
        noted: Record = note["record"]
        if note["at"] >= (row["began"] if row else since):
            return noted
        if row and same_id(row["record"]["id"], noted["id"]):
            listed: Record = row["record"]
            # A list may lag.
            return noted if _updated_at(noted) > _updated_at(listed) else listed
        return self._read_by_id(api, number, noted) or (row["record"] if row else None)

    def _read_by_id(self, api: Api, number: str, known: Record) -> Record | None:
        """The record of an id that was held, read anew; None if it is not held any more."""
        at = self.now()
        # Where there is none, it is a listing that decides.
        record = api.number(known["id"], number, sure=False)
        if record is not None and record["status"] in HELD:
            self._store.do(lambda facts: _note(facts, record, at))
            return record
        # A 404 may be a passing one: only an expired record is gone for good.
        self._store.do(lambda facts: _forget(facts, known, gone=record is not None))
        return None

    # Own writes

    def writing(self, number: str) -> None:
        """A number is about to be written. If that is never answered, nobody knows what the number is."""
        self._store.do(lambda facts: self._wrote(facts, number, None, known=False))

    def note(self, record: Record) -> None:
        """A number was written, and answered with this record."""

        def work(facts: Facts) -> None:
            _note(facts, record, self.now())
            self._wrote(facts, record["number"], record)

        self._store.do(work)

    def gone(self, record: Record) -> None:
        """The record was deleted, or has expired."""

        def work(facts: Facts) -> None:
            _forget(facts, record, gone=True)
            self._wrote(facts, record["number"], None)

        self._store.do(work)

    def _wrote(self, facts: Facts, number: str, record: Record | None, known: bool = True) -> None:
        facts.put("wrote", {number: {"at": self.now(), "record": record, "known": known}})

    def status_changed(self) -> None:
        """A number has changed its status: what was behind a cursor may have moved up to where it was read already."""
        self._store.do(lambda facts: facts.put("listing", {"moved": self.now()}))

    def written_since(self, number: str, moment: float) -> dict[str, t.Any] | None:
        """What somebody who shares the store has made of the number since then: its ``record``, if that is ``known``.

        None if nobody has written it.
        """

        def work(facts: Facts) -> dict[str, t.Any] | None:
            wrote = facts.get("wrote", number)
            if not wrote or wrote["at"] <= moment:
                return None
            note = facts.get("noted", number)
            return {**wrote, "record": note["record"]} if note else wrote

        return self._store.read(work)

    def claim(self, api: Api, number: str) -> t.ContextManager[None]:
        """Have a number for oneself, among those who share the store. Waits for it."""
        return self._wait_for(api, f"number {number}")

    # Agents

    def agent_id(self, api: Api, name: str) -> str:
        """The id of the one agent with exactly this name. Raises InputError, ApiError."""
        found = self.agent_ids(api, [name])[name]
        if isinstance(found, Exception):
            raise found
        return found

    def agent_ids(self, api: Api, names: t.Collection[str]) -> dict[str, str | InputError | ApiError]:
        """The id of each agent, or what is wrong with its name."""

        asked = self.now()

        def work(facts: Facts) -> dict[str, str | InputError | ApiError]:
            known = facts.some("agents", names)
            return {name: _agent(row) for name, row in known.items() if _is_believed(row, asked, api.way)}

        found = self._store.read(work)
        if len(found) == len(set(names)):
            return found
        with self._wait_for(api, "agents"):
            # Another worker may have asked meanwhile.
            found.update(self._store.read(work))
            missing = sorted(set(names) - set(found))
            at = self.now()
            answers: dict[str, t.Any] = {}
            try:
                everyone = api.agents() if len(missing) > _FEW_NAMES else None
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
        """Read pages until the question is answered. One worker reads, the others wait, and take over if it ends."""
        while not self._store.read(is_answered):
            with self._store.claim("listing") as mine:
                while mine and not self._store.read(is_answered):
                    self._raise_failure(api, asked)
                    self._read_page(api, since, report)
                if mine:
                    return
            self._raise_failure(api, asked)
            api.limiter.sleep(_POLL)

    def _raise_failure(self, api: Api, asked: float) -> None:
        """Raises the error of a listing that was waited for: to try the same once more for each would take hours."""
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

            def give_up(facts: Facts) -> None:
                # What a listing that broke off did not come to is not "not held".
                facts.drop("listing", "state")
                facts.put("listing", {"failure": failure})

            self._store.do(give_up)
            raise
        order = state["order"] + len(records)
        report(f"{order} numbers found in the list")
        after = {**state, "position": asdict(position), "order": order}
        if position.cursor is None and not position.wrong:
            last = state["status"] + 1 == len(HELD)
            after.update(status=state["status"] + (not last), position=asdict(Position()), complete=last)
        self._store.do(lambda facts: _keep_page(facts, state, after, records))

    @contextmanager
    def _wait_for(self, api: Api, name: str) -> t.Iterator[None]:
        while True:
            with self._store.claim(name) as mine:
                if mine:
                    yield
                    return
            api.limiter.sleep(_POLL)


def _known(facts: Facts, number: str) -> Record | None:
    """The record to read by its id, for who asks again."""
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
    """What was listed, or noted, later than that, by number."""
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
    """Those of the rows whose record is not gone."""
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
                # The number is held once more.
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
            # The first one wins: an active record is never hidden by another.
            rows[number] = {**row, "also": [*row["also"], [order, record]]}
    facts.put("held", rows)
    if after["complete"]:
        if (facts.get("listing", "moved") or began) > began:
            # Something may have moved up past the cursor: this listing is no proof that a number is not held.
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
    """What was found out about an agent's name."""
    if "error" in row:
        return ApiError.from_dict(row["error"])
    return InputError(row["wrong"]) if "wrong" in row else str(row["id"])


def _is_believed(row: dict[str, t.Any], asked: float, way: str) -> bool:
    """Whether it counts for who asks. An id does for a while, and anything else only for those who waited for it."""
    return bool(row["at"] >= (asked - BELIEVED if "id" in row else asked) and row.get("way", way) == way)


def pick_agent(name: str, agents: list[Record]) -> str:
    """The id of the one agent with exactly this name, however its letters are encoded (a Mac decomposes Hangul)."""
    name = unicodedata.normalize("NFC", name)
    names = {id(agent): unicodedata.normalize("NFC", str(agent.get("name"))) for agent in agents}
    similar = [agent for agent in agents if name.casefold() in names[id(agent)].casefold()]
    # One that moves while they are listed comes twice.
    candidates = list({canonical_id(agent["agent_id"]): agent for agent in similar}.values())
    matches = [agent for agent in candidates if names[id(agent)] == name]
    if len(matches) == 1:
        return str(matches[0]["agent_id"])
    shown = [f"{str(agent.get('name'))[:_MOST_OF_NAME]!r} ({agent['agent_id']})" for agent in matches or candidates]
    listed = ", ".join(shown[:_MOST_NAMES]) + (f" and {len(shown) - _MOST_NAMES} more" if shown[_MOST_NAMES:] else "")
    if matches:
        raise InputError(f"{len(matches)} agents are named {name!r}: {listed}. Give agent_id instead of agent_name")
    raise InputError(
        f"no agent is named {name!r}"
        + (f". Similar names: {listed}" if listed else ", and none has that in its name")
        + ". Write the exact name, or give agent_id"
    )


def read_numbers(
    api: Api, numbers: t.Collection[str] | None, provider: str | None, statuses: t.Iterable[str]
) -> t.Iterator[Record]:
    """All records, or those of some numbers, in the order of statuses, newest first.

    A record that moves while it is read may come twice.
    """
    wanted = set(numbers or ())
    missing = set(wanted)
    for status in dict.fromkeys(statuses):
        pages = api.numbers(status, provider)
        # A number has one record that is held at most, but may have any number of expired ones.
        while numbers is None or missing or (wanted and status not in HELD):
            page = next(pages, None)
            if page is None:
                break
            records = [record for record in page if numbers is None or record["number"] in wanted]
            if status in HELD:
                missing.difference_update(record["number"] for record in records)
            yield from records
