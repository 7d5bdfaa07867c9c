# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 3, the domain: what an organization holds, read no further than asked for."""

from __future__ import annotations

import typing as t
import unicodedata

from ansible_collections.voxai.telephony.plugins.module_utils._api import HELD, Api, Record, canonical_id
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

_MOST_NAMES, _MOST_OF_NAME = 20, 100
"""Agents that a message names, and characters of a name."""


class Holdings:
    """The numbers an organization holds, found by number through paging.

    Kept for a whole loop, so that its items share one listing. Each number is answered
    from the listing once: who asks again (a task with ``until``, an item after a
    failed write) wants news, and gets it from the server.
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        """Replaced where the items of a loop differ in how they connect, and not in where to."""
        self._agents: dict[str, str] = {}
        self._listed: dict[str, Record] = {}
        self._answered: set[str] = set()
        # What the server has said of single records. A list that lags knows no better.
        self._kept: dict[str, Record] = {}
        self._gone: set[str] = set()
        self._start_over()

    def look_up(self, number: str) -> Record | None:
        """The record of a number that is held, or None. Raises ApiError.

        The first time it is taken from the listing, which is read no further than needed. After that it is read again.
        """
        if number in self._answered or number in self._kept:
            return self.read_again(number)
        self._answered.add(number)
        while number not in self._listed and not self._complete:
            self._read_page()
        return self._listed.get(number)

    def read_again(self, number: str) -> Record | None:
        """The same, with what is known of the number read anew."""
        known = self._kept.pop(number, None) or self._listed.get(number)
        record = self.api.number(known["id"], number) if known else None
        if record is not None and record["status"] in HELD:
            self.keep(record)
            return record
        if known:
            self._gone.add(canonical_id(known["id"]))
        # It may be held under another id by now, and any page may be an old one.
        self._listed.clear()
        self._answered.clear()
        self._start_over()
        return self.look_up(number)

    def keep(self, record: Record) -> None:
        """Remember what a write has left."""
        self._kept[record["number"]] = record

    def drop(self, record: Record) -> None:
        """Forget a record that was given up."""
        self._gone.add(canonical_id(record["id"]))
        self._kept.pop(record["number"], None)
        self._listed.pop(record["number"], None)

    def status_changed(self) -> None:
        """A number has changed its status: what was behind a cursor may have moved up to where it was read already."""
        if not self._complete:
            self._start_over()

    def agent_id(self, name: str) -> str:
        """The id of the one agent with exactly this name."""
        if name not in self._agents:
            self._agents[name] = pick_agent(name, self.api.agents(name))
        return self._agents[name]

    def _start_over(self) -> None:
        self._pages = self._list()
        self._complete = False

    def _read_page(self) -> None:
        try:
            page = next(self._pages, None)
            for record in page or ():
                # The first one wins: an active record is never hidden by another.
                self._listed.setdefault(record["number"], record)
        except BaseException:
            # A generator that has raised is at its end. What it did not come to is not "not held".
            self._start_over()
            raise
        self._complete = page is None

    def _list(self) -> t.Iterator[list[Record]]:
        for status in HELD:
            for page in self.api.numbers(status):
                yield [record for record in page if not (self._gone and canonical_id(record["id"]) in self._gone)]


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
