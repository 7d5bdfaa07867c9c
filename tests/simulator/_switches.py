# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the vendor's reference leaves open, one switch for each question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Switches:
    """Read at each request, so a test may turn one between two requests."""

    register_status: Literal[200, 201] = 201
    """What a successful registration answers with."""

    duplicate_status: Literal[201, 400, 409, 422] = 409
    """What registering a number that is already held answers with. With 201 it is not refused: there are two of it."""

    password_demanded: bool = True
    """Whether a change of address or user name needs `auth_password` on a trunk that has no password, too."""

    delete_expired: Literal[200, 404, 409] = 404
    """What DELETE of an expired number answers with."""

    delete_cancel_requested: Literal[200, 409] = 409
    """What DELETE of a number whose cancellation is pending answers with."""

    patch_cancel_requested: bool = True
    """Whether a number whose cancellation is pending may still be changed; if not, PATCH answers 409."""

    patch_expired: Literal[200, 409] = 409
    """What a change of the memo or the trunk of an expired number answers with. It stays expired."""

    repeated_status: Literal["refuse", "last"] = "refuse"
    """What a list does when `status` is given more than once: 400, or its last value counts."""

    echo_sip: bool = True
    """Whether an address is returned with its `sip:` scheme as it was given, or without."""

    echo_memo: bool = True
    """Whether a memo is returned as it was given, or without blanks around it and in Unicode's composed form (NFC)."""

    patch_answers: Literal["record", "part", "empty"] = "record"
    """Whether PATCH answers with the number, with a part of it (`id`, `number`, and what was changed), or with `{}`."""

    show_nulls: bool = True
    """Whether a number is shown with fields that are null, or without them."""

    list_lag: float = 0
    """Seconds for which the list of numbers still shows the state before a write. GET by id never lags."""

    rate_limit: tuple[int, int] | None = None
    """Requests per second and per minute, in sliding windows for each key. Refused requests are not counted."""

    retry_after: float | None = None
    """Seconds to name in the `Retry-After` header of a 429; without it there is no such header."""

    latency: float = 0
    """Seconds each request takes before it is processed."""
