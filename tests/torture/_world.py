# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of an organization, and the changes that a task must and must not make.

A small, independent model of each wish. It shares no code with the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulator import Simulator
from simulator._state import NUMBER_FIELDS

Record = dict[str, Any]
Wish = Mapping[str, Any]
"""The options of one number, with the number as digits."""

HELD = ("active", "scheduled", "cancel_requested")
AGENTS = ("inbound_agent", "outbound_agent", "sms_inbound_agent")
_WANTED = ("address", "memo", *AGENTS)
_TIMES = {"updated_at", "end_at", "cancel_requested_at"}
"""Fields that the API changes by itself together with others."""


class Violation(NamedTuple):
    """A violation of an invariant. `kind` is one of the kinds of the tally."""

    kind: str
    text: str


@dataclass(frozen=True)
class World:
    """The numbers of all organizations at a point in time."""

    records: dict[str, Record]
    credentials: dict[str, tuple[str | None, str | None]]
    others: list[Record]
    """The numbers of the organizations that no task uses."""

    @classmethod
    def of(cls, sim: Simulator, key: str, *other_keys: str) -> World:
        # The switches must not hide fields here.
        records = {record["id"]: dict.fromkeys(NUMBER_FIELDS) | record for record in sim.numbers(key)}
        others = [record for other in other_keys for record in sim.numbers(other)]
        return cls(records, {one: sim.credentials(one) for one in records}, others)

    def live(self, number: str) -> list[Record]:
        """Return the records of a number with a status in which it is held."""
        return [one for one in self.records.values() if one["number"] == number and one["status"] in HELD]


class Aim(NamedTuple):
    """The expected outcome of a wish: refused before any write, or a live record with these fields, or none."""

    refused: bool
    fields: Record | None


def aim(wish: Wish, live: Record | None, agents: Mapping[str, str]) -> Aim:
    """`live`: the number's record if it is held. `agents`: their ids by name."""
    if wish.get("state") == "absent":
        if live is None or live["status"] == "cancel_requested":
            return Aim(False, live)
        if live["provider"] == "custom":
            return Aim(False, None)
        cancelled = {**live, "status": "cancel_requested"}
        return Aim(False, cancelled) if wish.get("cancel_vox_number") else Aim(True, live)
    bought = live is not None and live["provider"] == "vox"
    if bought and ("address" in wish or wish.get("update_password") == "always"):
        return Aim(True, live)
    if live is None and "address" not in wish:
        return Aim(True, None)
    fields: Record = dict(live) if live else {**dict.fromkeys(_WANTED), "provider": "custom", "status": "active"}
    if fields["status"] == "cancel_requested":
        fields["status"] = "active"
    if "address" in wish and not same_trunk(wish["address"], fields["address"]):
        fields["address"] = wish["address"]
    if "memo" in wish:
        fields["memo"] = wish["memo"] or None
    for name in AGENTS:
        if name in wish:
            fields[name] = _mapped(wish[name], fields[name], agents)
    return Aim(False, fields)


def _mapped(wish: Wish, mapped: Record | None, agents: Mapping[str, str]) -> Record | None:
    if not wish:
        return None
    agent = wish.get("agent_id") or agents[wish["agent_name"]]
    if "agent_version" not in wish and mapped and mapped["agent_id"] == agent:
        return mapped
    return {"agent_id": agent, "agent_version": wish.get("agent_version", "current")}


def same_trunk(one: str | None, other: str | None) -> bool:
    """Whether two addresses are equal without the parts that the API may drop. Sufficient for the addresses here."""
    return _bare(one) == _bare(other)


def _bare(address: str | None) -> str:
    return (address or "").lower().removeprefix("sip:").removesuffix(":5060")


def judge(
    before: World,
    after: World,
    wishes: Sequence[Wish],
    succeeded: Sequence[bool],
    agents: Mapping[str, str],
    prune: bool = False,
    pruned: bool = False,
) -> Iterator[Violation]:
    """Yield the violations between two states, with a task for `wishes` in between.

    A requested change may be missing, unless the task reports that it `succeeded`. `agents`: their ids by name.
    `prune`: whether other numbers were to be pruned; `pruned`: whether the task reports that they are.
    """
    if before.others != after.others:
        yield Violation("loss", "another organization's numbers changed")
    for record_id in before.records.keys() - after.records.keys():
        yield Violation("loss", f"the record {before.records[record_id]} is gone")
    wished = {wish["number"] for wish in wishes}
    for wish, success in zip(wishes, succeeded, strict=True):
        yield from _judge_one(before, after, wish, success, agents)
    for record_id, old in before.records.items():
        if old["number"] in wished and old["status"] in HELD:
            continue
        new = after.records.get(record_id, old)
        to_prune = prune and old["provider"] == "custom" and old["status"] in ("active", "scheduled")
        gone = new == old | {name: new[name] for name in _TIMES} | {"status": "expired"}
        if new != old and not (to_prune and gone):
            yield Violation("loss", f"not requested: {_differences(old, new)} of {old['number']}")
        if to_prune and pruned and not gone:
            yield Violation("lie", f"{old['number']} was to be pruned, but is still held")
    for record_id in after.records.keys() - before.records.keys():
        if after.records[record_id]["number"] not in wished:
            yield Violation("double", f"not requested: {after.records[record_id]}")


def _judge_one(
    before: World, after: World, wish: Wish, success: bool, agents: Mapping[str, str]
) -> Iterator[Violation]:
    number = wish["number"]
    old = next(iter(before.live(number)), None)
    target = aim(wish, old, agents)
    made = [
        one for record_id, one in after.records.items() if record_id not in before.records and one["number"] == number
    ]
    if len(made) > 1 or len(after.live(number)) > 1:
        yield Violation("double", f"{number} was registered twice: {made}")
    if made and (old or target.fields is None):
        yield Violation("double", f"{number} was registered, which was not requested")
    if success and target.refused:
        yield Violation("lie", f"{number}: an impossible request succeeded")
    new = after.records.get(old["id"]) if old else next(iter(made), None)
    if new is None:
        if success and target.fields is not None and not target.refused:
            yield Violation("lie", f"{number} should be held, but is not")
        return
    goal = (old if target.refused else target.fields) or {**(old or new), "status": "expired"}
    start = old or {**dict.fromkeys(_WANTED), "status": "active", "provider": "custom", "address": wish["address"]}
    for name in new.keys() - _TIMES:
        had, wanted = (one.get(name, new[name]) for one in (start, goal))
        met = same_trunk(new[name], wanted) if name == "address" else new[name] == wanted
        if not met and new[name] != had:
            yield Violation("loss", f"{number}: {name} is {new[name]!r}, was {had!r}, should be {wanted!r}")
        elif not met and success:
            yield Violation("lie", f"{number}: {name} is {new[name]!r}, should be {wanted!r}")
    yield from _judge_credentials(before, after, wish, success, old, new)


def _judge_credentials(
    before: World, after: World, wish: Wish, success: bool, old: Record | None, new: Record
) -> Iterator[Violation]:
    had = before.credentials[old["id"]] if old else (None, None)
    have = after.credentials[new["id"]]
    sent = old is None or wish.get("update_password") == "always" or not same_trunk(new["address"], old["address"])
    given = (wish.get("auth_username", had[0]), wish.get("auth_password", had[1]))
    if (have != given and (have != had or old is None)) or (have != had and not sent):
        # Without the values, because this text is printed.
        yield Violation("loss", f"{new['number']}: the credentials are neither the old nor the requested ones")
    elif success and sent and wish.get("state") != "absent" and have != given:
        yield Violation("lie", f"{new['number']}: the credentials are not the requested ones")


def _differences(old: Record, new: Record) -> str:
    return ", ".join(f"{name} {old[name]!r} -> {new[name]!r}" for name in old if old[name] != new[name])
