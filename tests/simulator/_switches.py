# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the vendor's reference leaves open, one switch for each question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError


@dataclass
class Switches:
    """Read at each request, so a test may turn one between two requests."""

    no_key_status: Literal[401, 403] = 401
    """What a request without an API key is answered with."""

    wrong_key_status: Literal[401, 403] = 401
    """What a request with an unknown API key is answered with."""

    error_bodies: dict[int, Literal["envelope", "other", "empty"]] = field(default_factory=dict)
    """For an HTTP status: whether its body is the envelope (as it is if not named here), other JSON, or empty."""

    error_codes: dict[int, str] = field(default_factory=dict)
    """For an HTTP status: the code in its envelope, in place of the simulator's own."""

    unknown_route: Literal["envelope", "other"] = "envelope"
    """Whether a path that the API does not have is a 404 in the envelope, or with other JSON."""

    limit_beyond: Literal["refuse", "clamp"] = "refuse"
    """Whether a `limit` below 1 or above 100 is a 400, or taken for the nearest that is allowed."""

    unknown_cursor: Literal["refuse", "first_page", "empty"] = "refuse"
    """What a list does with a cursor that was never issued: 400, or its first page, or an empty page."""

    unknown_status: Literal["refuse", "empty"] = "refuse"
    """What a list does with a `status` that does not exist: 400, or an empty page."""

    repeated_status: Literal["refuse", "last", "first", "all"] = "refuse"
    """What a list does when `status` is given more than once: 400, or its last or first value counts, or all do."""

    malformed_id: Literal[400, 404, 422] = 404
    """What a call with an id that is not a UUID is answered with."""

    upper_case_id: bool = False
    """Whether an id is found when its letters are written in upper case."""

    q_ignores_case: bool = True
    """Whether `q` of the list of agents ignores the case of letters."""

    register_status: Literal[200, 201] = 201
    """What a successful registration answers with."""

    registered_as: Literal["active", "scheduled"] = "active"
    """The status of a number that has just been registered."""

    duplicate_status: Literal[201, 400, 409, 422] = 409
    """What registering a number that is already held answers with. With 201 it is not refused: there are two of it."""

    password_demanded: bool = True
    """Whether a change of address or user name needs `auth_password` on a trunk that has no password, too."""

    unknown_agent: Literal[400, 404, 409, 422] = 400
    """What mapping an agent that the organization does not have is answered with."""

    get_expired: Literal[200, 404] = 200
    """What reading an expired number by its id answers with."""

    delete_expired: Literal[200, 204, 404, 409] = 404
    """What DELETE of an expired number answers with."""

    delete_cancel_requested: Literal[200, 409] = 409
    """What DELETE of a number whose cancellation is pending answers with."""

    patch_cancel_requested: bool = True
    """Whether a number whose cancellation is pending may still be changed; if not, PATCH answers 409."""

    patch_expired: Literal[200, 400, 404, 409, 422] = 409
    """What a change of the memo or the trunk of an expired number answers with. It stays expired."""

    agents_expired: Literal[400, 404, 409, 422] = 409
    """What mapping agents to an expired number is answered with."""

    echo_sip: bool = True
    """Whether an address is returned with its `sip:` scheme as it was given, or without."""

    echo_memo: Literal[True, False, "trimmed", "composed"] = True
    """Whether a memo is returned as it was given. `trimmed`: without blanks around it. `composed`: in Unicode's
    composed form (NFC). False: both."""

    empty_memo: Literal["kept", "null", "refuse"] = "kept"
    """What becomes of a memo without a character: it is stored as it is, or as null, or it is a 400."""

    patch_answers: Literal["record", "part", "empty", "nothing"] = "record"
    """Whether PATCH answers with the number, with a part of it (`id`, `number`, and what was changed), with `{}`, or
    with 204 and no body."""

    show_nulls: bool = True
    """Whether a number is shown with fields that are null, or without them."""

    show_ab_test: bool = False
    """Whether a number that runs an A/B test shows it, in a field `ab_test`."""

    patch_ends_ab_test: bool = False
    """Whether mapping an agent ends the A/B test of that direction."""

    list_lag: float = 0
    """Seconds for which the list of numbers still shows the state before a write. GET by id never lags."""

    rate_limit: tuple[int, int] | None = None
    """Requests per second and per minute, in sliding windows for each key. Refused requests are not counted."""

    limit_headers: bool = False
    """Whether answers name the rate limit, in `X-RateLimit-Limit-Second` and `X-RateLimit-Limit-Minute`."""

    retry_after: float | None = None
    """Seconds to name in the `Retry-After` header of a 429; without it there is no such header."""

    latency: float = 0
    """Seconds each request takes before it is processed."""


def observed_switches(content: Any) -> Switches:
    """Return the switches as the file `observed.yml` of `make contract` has them; those not seen keep their defaults.

    Raises ValueError for a switch or a value that the simulator does not have.
    """
    values = content.get("switches") if isinstance(content, Mapping) else None
    if not isinstance(values, Mapping):
        raise ValueError("it has no mapping 'switches'")
    unknown = {str(name) for name in values} - {switch.name for switch in fields(Switches)}
    if unknown:
        raise ValueError(f"the simulator has no switch {', '.join(sorted(unknown))}")
    try:
        return TypeAdapter(Switches).validate_python(dict(values))
    except ValidationError as error:
        wrong = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]}))
        raise ValueError(f"the simulator can't be switched so: {wrong}") from None
