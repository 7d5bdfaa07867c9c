# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the service: organizations, their numbers and agents, numbers that can be bought, and cursors.

It is accessed only in the server's thread, so it needs no locks.
"""

from __future__ import annotations

import operator
import secrets
import time
import unicodedata
import uuid
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._errors import ApiError
from ._schemas import NumberAnswer
from ._switches import Switches

if TYPE_CHECKING:
    from ._exchange import LoggedRequest
    from ._faults import Fault

NUMBER_FIELDS = tuple(NumberAnswer.model_fields)
HELD = ("active", "scheduled", "cancel_requested")
PAID_PERIOD_MS = 30 * 24 * 3600 * 1000

ON_SALE = tuple(
    {"number": number, "line_type": line_type, "monthly_fee": monthly_fee}
    for number, line_type, monthly_fee in (
        ("07040001001", "internet", 3300),
        ("07040001002", "internet", 3300),
        ("07040002003", "internet", 4400),
        ("0240003001", "local", 5500),
        ("0240003002", "local", 5500),
        ("15774001", "representative", 33000),
    )
)


def now_ms() -> int:
    """Return the time in unix milliseconds."""
    return time.time_ns() // 1_000_000


def number_record(
    number: str = "07011112222",
    provider: str = "custom",
    status: str = "active",
    created_at: int | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return a record that is consistent for its provider and status; `fields` replace its values.

    Raises TypeError for an unknown field.
    """
    unknown = set(fields) - set(NUMBER_FIELDS)
    if unknown:
        raise TypeError(f"a number has no field {', '.join(sorted(unknown))}")
    created = now_ms() if created_at is None else created_at
    record: dict[str, Any] = dict.fromkeys(NUMBER_FIELDS)
    record |= {
        "id": str(uuid.uuid4()),
        "number": number,
        "provider": provider,
        "status": status,
        "start_at": created,
        "created_at": created,
        "updated_at": created,
    }
    if provider == "custom":
        record |= {
            "address": "sip:trunk.example.com:5060",
            "inbound_trunk_id": f"ST_{secrets.token_hex(6)}",
            "outbound_trunk_id": f"ST_{secrets.token_hex(6)}",
        }
    else:
        record["monthly_fee"] = 4400
    if status == "cancel_requested":
        record |= {"cancel_requested_at": created, "end_at": created + PAID_PERIOD_MS}
    elif status == "expired":
        record["end_at"] = created
    return record | fields


@dataclass
class Number:
    """A number, with the data that the API does not return: its credentials and its previous states."""

    fields: dict[str, Any]
    auth_username: str | None = None
    auth_password: str | None = None
    history: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """Each state with the time.monotonic() of its beginning, oldest first."""

    def write(self, now: int, **changes: Any) -> None:
        """Change fields at the unix time `now` in milliseconds."""
        self.fields = self.fields | changes | {"updated_at": now}
        self.history.append((time.monotonic(), self.fields))

    def seen(self, lag: float) -> dict[str, Any] | None:
        """Return the state of `lag` seconds ago, None if the number did not exist then."""
        horizon = time.monotonic() - lag
        return next((fields for at, fields in reversed(self.history) if at <= horizon), None)


@dataclass
class Organization:
    """The data that one API key gives access to. Agents contain their `created_at`, which the API does not return."""

    key: str
    numbers: dict[str, Number] = field(default_factory=dict)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    admitted: deque[float] = field(default_factory=deque)
    """The time.monotonic() of each request of the last minute, for the rate limit."""

    def number(self, number_id: str) -> Number:
        """Return a number by id. Raises ApiError (404) if the organization has no such number."""
        if number_id not in self.numbers:
            raise ApiError(404, "전화번호를 찾을 수 없습니다.")
        return self.numbers[number_id]

    def admit(self, per_second: int, per_minute: int) -> bool:
        """Count a request for the rate limit. Return False if it exceeds one of the two limits."""
        now = time.monotonic()
        while self.admitted and self.admitted[0] <= now - 60:
            self.admitted.popleft()
        last_second = sum(at > now - 1 for at in self.admitted)
        if last_second >= per_second or len(self.admitted) >= per_minute:
            return False
        self.admitted.append(now)
        return True


class World:
    """The whole state of a simulator."""

    def __init__(self, keys: Iterable[str], switches: Switches | None = None) -> None:
        self.switches = switches or Switches()
        self.organizations = {key: Organization(key) for key in keys}
        self.requests: list[LoggedRequest] = []
        self.faults: list[Fault] = []
        self._cursors: dict[str, tuple[str, Any]] = {}
        self._ordered: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
        self._last_ms = 0

    def now(self) -> int:
        """Return the time in unix milliseconds, later than at any call before, so that creation times are unique."""
        self._last_ms = max(self._last_ms + 1, now_ms())
        return self._last_ms

    def show(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a number's fields as the API returns them."""
        shown = fields | {
            "address": self.shown_address(fields["address"]),
            "memo": self.shown_memo(fields["memo"]),
        }
        if not self.switches.show_ab_test:
            shown.pop("ab_test", None)
        return {name: value for name, value in shown.items() if value is not None or self.switches.show_nulls}

    def shown_address(self, address: str | None) -> str | None:
        """Return an address as the API returns it."""
        return address if address is None or self.switches.echo_sip else address.removeprefix("sip:")

    def shown_memo(self, memo: str | None) -> str | None:
        """Return a memo as the API returns it."""
        if memo is not None and self.switches.echo_memo in (False, "trimmed"):
            memo = memo.strip()
        if memo is not None and self.switches.echo_memo in (False, "composed"):
            memo = unicodedata.normalize("NFC", memo)
        return memo

    def page(
        self,
        items: Iterable[dict[str, Any]],
        position: Callable[[dict[str, Any]], Any],
        *,
        scope: str,
        cursor: str | None,
        limit: int,
        descending: bool,
    ) -> dict[str, Any]:
        """Return one page `{items, total_count, next_cursor}` of the items, in the order of their unique positions.

        A cursor is valid for the `scope` for which it was issued. `unknown_cursor` selects the response to any other.
        """
        listed = list(items)
        before, ordered = self._ordered.get(scope, ([], []))
        # Mostly they are the items of the previous page. To compare them is much faster than to sort thousands.
        if listed != before:
            ordered = sorted(listed, key=position, reverse=descending)
            self._ordered[scope] = listed, ordered
        start = 0
        if cursor is not None:
            issued_for, last = self._cursors.get(cursor, (None, ()))
            if issued_for == scope:
                behind = operator.lt if descending else operator.gt
                start = bisect_left(ordered, True, key=lambda item: behind(position(item), last))
            elif self.switches.unknown_cursor == "refuse":
                raise ApiError(400, "커서가 올바르지 않습니다.", field="cursor", reason="invalid_cursor")
            elif self.switches.unknown_cursor == "empty":
                start = len(ordered)
        shown, next_cursor = ordered[start : start + limit], None
        if len(ordered) > start + limit:
            next_cursor = secrets.token_urlsafe(18)
            self._cursors[next_cursor] = (scope, position(shown[-1]))
        return {"items": shown, "total_count": len(ordered), "next_cursor": next_cursor}
