# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases: organizations and desired states with which each module makes each of its calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator import Simulator
from torture._task import AGENT_INFO, AUDIT, INFO, MANY, ONE
from torture._world import Wish

KEY, OTHER_KEY = "vox-key-Xyzzy-1", "vox-key-Xyzzy-2"
PASSWORD = "sip-Xyzzy"
SECRET = "Xyzzy"
"""A part of every secret, and of no other text."""

NUMBER, SECOND, THIRD, BYSTANDER = "07011112222", "07022223333", "07033334444", "07099998888"
AGENTS = {"Front desk": "5c4b2b9e-8f5e-4a0c-9a53-0c5a1f1d0001", "Night desk": "5c4b2b9e-8f5e-4a0c-9a53-0c5a1f1d0002"}
TRUNK = {"address": "sip:trunk.example.com:5060", "auth_username": "vox-customer-12", "auth_password": PASSWORD}
MOVED = {"address": "sip:other.example.com", "auth_username": "vox-customer-13", "auth_password": "new-Xyzzy"}


def populate(sim: Simulator) -> None:
    """Add what every case has and no case changes: agents, other numbers, an expired record of the same number."""
    for name, agent_id in AGENTS.items():
        sim.add_agent(name, agent_id=agent_id)
    sim.add(NUMBER, status="expired", memo="long gone")
    sim.add(BYSTANDER, memo="keep me", auth_username="them", auth_password="theirs-Xyzzy")
    sim.add("15881234", provider="vox", memo="paid for")
    sim.add(NUMBER, key=OTHER_KEY, memo="of another organization")


@dataclass(frozen=True)
class Case:
    """`held`: the numbers at the start, as arguments of the simulator's `add`."""

    name: str
    module: str
    wishes: Sequence[Wish]
    held: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prune(self) -> bool:
        return bool(self.options.get("prune"))

    def prepare(self, sim: Simulator) -> None:
        populate(sim)
        for record in self.held:
            sim.add(**record)

    def arguments(self, sim: Simulator) -> dict[str, Any]:
        """The task's arguments."""
        # Without a fault, the timeout is long, so that a busy machine does not cause failures.
        connection = {"api_key": KEY, "api_url": sim.url, "retries": 2, "timeout": 1 if sim.disturbed else 50}
        pace = {"requests_per_second": 0, "requests_per_minute": 0}
        if self.module == ONE:
            (wish,) = self.wishes
            what: dict[str, Any] = self._by_id(sim, wish) if "id" in self.options else dict(wish)
        elif self.module == MANY:
            what = {"telephone_numbers": [dict(wish) for wish in self.wishes], **self.options}
        else:
            what = dict(self.options)
        return {**connection, **pace, **what}

    def _by_id(self, sim: Simulator, wish: Wish) -> dict[str, Any]:
        number = wish["number"]
        (record,) = [one for one in sim.numbers(KEY) if one["number"] == number and one["status"] != "expired"]
        return {**{name: value for name, value in wish.items() if name != "number"}, "id": record["id"]}

    def succeeded(self, result: Mapping[str, Any]) -> list[bool]:
        """Return for each wish whether the task reports success."""
        if self.module != MANY:
            return [not result.get("failed")] * len(self.wishes)
        if not result.get("telephone_numbers"):
            return [False] * len(self.wishes)
        # Entries that the task has skipped count as failed.
        return [
            not one["failed"] and not one["msg"].startswith(("held back", "not processed"))
            for one in result["telephone_numbers"]
        ]


FRONT, NIGHT = {"agent_name": "Front desk"}, {"agent_id": AGENTS["Night desk"], "agent_version": "v2"}
_MAPPED = {"agent_id": AGENTS["Front desk"], "agent_version": "current"}

CASES = (
    Case(
        "register", ONE, [{"number": NUMBER, **TRUNK, "memo": "본사", "inbound_agent": FRONT, "outbound_agent": NIGHT}]
    ),
    Case(
        "change",
        ONE,
        [{"number": NUMBER, **MOVED, "memo": "new", "inbound_agent": {}, "sms_inbound_agent": FRONT}],
        [{"number": NUMBER, **TRUNK, "inbound_agent": _MAPPED, "outbound_agent": _MAPPED}],
    ),
    Case("memo", ONE, [{"number": NUMBER, "memo": "new"}], [{"number": NUMBER, "status": "scheduled", "memo": "old"}]),
    Case(
        "change by id",
        ONE,
        [{"number": NUMBER, "memo": "", "inbound_agent": NIGHT}],
        [{"number": NUMBER, "memo": "old"}],
        {"id": True},
    ),
    Case(
        "always the password",
        ONE,
        [{"number": NUMBER, **TRUNK, "update_password": "always"}],
        [{"number": NUMBER, **MOVED, "address": TRUNK["address"]}],
    ),
    Case("release", ONE, [{"number": NUMBER, "state": "absent"}], [{"number": NUMBER}]),
    Case(
        "cancel",
        ONE,
        [{"number": NUMBER, "state": "absent", "cancel_vox_number": True}],
        [{"number": NUMBER, "provider": "vox"}],
    ),
    Case(
        "revoke a cancellation",
        ONE,
        [{"number": NUMBER, "memo": "kept", "inbound_agent": FRONT}],
        [{"number": NUMBER, "provider": "vox", "status": "cancel_requested"}],
    ),
    Case(
        "many",
        MANY,
        [
            {"number": NUMBER, **TRUNK, "inbound_agent": FRONT},
            {"number": SECOND, **MOVED, "memo": "moved"},
            {"number": THIRD, "state": "absent"},
            {"number": "07044445555", "memo": "back again"},
            {"number": "07055556666", **TRUNK},
        ],
        [
            {"number": SECOND, **TRUNK},
            {"number": THIRD},
            {"number": "07044445555", "provider": "vox", "status": "cancel_requested"},
        ],
    ),
    Case(
        "prune",
        MANY,
        [{"number": NUMBER, **TRUNK, "memo": "kept"}, {"number": BYSTANDER, "outbound_agent": NIGHT}],
        [{"number": SECOND}, {"number": THIRD, "status": "scheduled"}],
        {"prune": True, "max_deletions": 2},
    ),
    Case("read all", INFO, [], [{"number": NUMBER}]),
    Case("read one", INFO, [], [{"number": NUMBER}], {"number": NUMBER}),
    Case("read agents", AGENT_INFO, []),
    Case("audit", AUDIT, [], [{"number": NUMBER, "inbound_agent": _MAPPED}]),
)
