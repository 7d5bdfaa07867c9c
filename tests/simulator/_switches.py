# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Switches for the behaviours that the vendor's reference leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError


@dataclass
class Switches:
    """The switches are read at each request, so a test can change one between two requests."""

    no_key_status: Literal[401, 403] = 401
    """The status of the response to a request without an API key."""

    wrong_key_status: Literal[401, 403] = 401
    """The status of the response to a request with an unknown API key."""

    error_bodies: dict[int, Literal["envelope", "other", "empty"]] = field(default_factory=dict)
    """For an HTTP status: whether its body is the envelope (the default), other JSON, or empty."""

    error_codes: dict[int, str] = field(default_factory=dict)
    """For an HTTP status: the code in its envelope, instead of the simulator's default."""

    unknown_route: Literal["envelope", "other"] = "envelope"
    """Whether the 404 for a path that the API does not have contains the envelope, or other JSON."""

    limit_beyond: Literal["refuse", "clamp"] = "refuse"
    """Whether a `limit` below 1 or above 100 is refused with 400, or replaced by the nearest allowed value."""

    unknown_cursor: Literal["refuse", "first_page", "empty"] = "refuse"
    """The response of a list to a cursor that was never issued: 400, its first page, or an empty page."""

    unknown_status: Literal["refuse", "empty"] = "refuse"
    """The response of a list to a `status` that does not exist: 400, or an empty page."""

    repeated_status: Literal["refuse", "last", "first", "all"] = "refuse"
    """The response of a list to several `status` parameters: 400, or it uses the last one, the first one, or all."""

    malformed_id: Literal[400, 404, 422] = 404
    """The status of the response to a call with an id that is not a UUID."""

    upper_case_id: bool = False
    """Whether an id in upper case is found."""

    q_ignores_case: bool = True
    """Whether `q` of the list of agents ignores case."""

    register_status: Literal[200, 201] = 201
    """The status of the response to a successful registration."""

    registered_as: Literal["active", "scheduled"] = "active"
    """The status of a number that has just been registered."""

    duplicate_status: Literal[201, 400, 409, 422] = 409
    """The status of the response to the registration of a number that is registered already. With 201, the number is
    registered a second time."""

    password_demanded: bool = True
    """Whether a change of address or user name needs `auth_password` even if the trunk has no password."""

    unknown_agent: Literal[400, 404, 409, 422] = 400
    """The status of the response if a mapped agent does not exist in the organization."""

    get_expired: Literal[200, 404] = 200
    """The status of the response to GET of an expired number by its id."""

    delete_expired: Literal[200, 204, 404, 409] = 404
    """The status of the response to DELETE of an expired number."""

    delete_cancel_requested: Literal[200, 409] = 409
    """The status of the response to DELETE of a number with a pending cancellation."""

    patch_cancel_requested: bool = True
    """Whether a number with a pending cancellation can still be changed. If not, PATCH responds with 409."""

    patch_expired: Literal[200, 400, 404, 409, 422] = 409
    """The status of the response to a change of the memo or the trunk of an expired number, which stays expired."""

    agents_expired: Literal[400, 404, 409, 422] = 409
    """The status of the response to a change of the agents of an expired number."""

    echo_sip: bool = True
    """Whether an address is returned unchanged, or without its `sip:` scheme."""

    echo_memo: Literal[True, False, "trimmed", "composed"] = True
    """Whether a memo is returned unchanged. `trimmed`: without leading and trailing blanks. `composed`: in Unicode's
    composed form (NFC). False: both."""

    empty_memo: Literal["kept", "null", "refuse"] = "kept"
    """Whether an empty memo is stored as an empty string, stored as null, or refused with 400."""

    patch_answers: Literal["record", "part", "empty", "nothing"] = "record"
    """The response to PATCH: the record, a part of it (`id`, `number`, and the changed fields), `{}`, or 204 without a
    body."""

    show_nulls: bool = True
    """Whether a record contains the fields that are null."""

    show_ab_test: bool = False
    """Whether the record of a number with an A/B test contains it, in a field `ab_test`."""

    patch_ends_ab_test: bool = False
    """Whether a change of an agent ends the A/B test of that direction."""

    list_lag: float = 0
    """Seconds for which the list of numbers is stale after a write. GET by id is never stale."""

    rate_limit: tuple[int, int] | None = None
    """Requests per second and per minute, in sliding windows for each key. Refused requests do not count."""

    limit_headers: bool = False
    """Whether responses contain the rate limit, in `X-RateLimit-Limit-Second` and `X-RateLimit-Limit-Minute`."""

    retry_after: float | None = None
    """Seconds in the `Retry-After` header of a 429. None: no such header."""

    latency: float = 0
    """Seconds of delay before each request is processed."""


def observed_switches(content: Any) -> Switches:
    """Return the switches from the content of `observed.yml`, which `make contract` writes. Others keep their defaults.

    Raises ValueError for a switch or a value that the simulator does not have.
    """
    values = content.get("switches") if isinstance(content, Mapping) else None
    if not isinstance(values, Mapping):
        raise ValueError("the mapping 'switches' is missing")
    unknown = {str(name) for name in values} - {switch.name for switch in fields(Switches)}
    if unknown:
        raise ValueError(f"the simulator has no switch {', '.join(sorted(unknown))}")
    try:
        return TypeAdapter(Switches).validate_python(dict(values))
    except ValidationError as error:
        wrong = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]}))
        raise ValueError(f"invalid values of these switches: {wrong}") from None
