# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements of docs/api.md, and the places where the simulator implements them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

APP, SCHEMAS, STATE, EXCHANGE = (f"tests/simulator/_{name}.py" for name in ("app", "schemas", "state", "exchange"))
SWITCHES = "tests/simulator/_switches.py"


@dataclass(frozen=True)
class Statement:
    """One statement with its mark; `place` is where the simulator implements it.

    `switches`: the values of each switch that belongs to the statement; empty: any value of its type.
    """

    id: str
    mark: str
    text: str
    expected: str
    place: str
    switches: dict[str, tuple[Any, ...]]


STATEMENTS: dict[str, Statement] = {}


def _state(key: str, mark: str, text: str, expected: str, place: str, **switches: tuple[Any, ...]) -> None:
    STATEMENTS[key] = Statement(key, mark, text, expected, place, switches)


PROCESS = f"{EXCHANGE}, Exchange.process"
LIST, PAGE, GET = f"{APP}, list_numbers", f"{STATE}, World.page", f"{APP}, get_number"
RECORD, SHOW = f"{SCHEMAS}, NumberAnswer", f"{STATE}, World.show"
AGENTS, AGENT = f"{APP}, list_agents", f"{SCHEMAS}, AgentAnswer"
REGISTER, MEMO, SIP = f"{APP}, register", f"{APP}, patch_memo", f"{APP}, patch_sip"
MAP, DELETE, PATCHES = f"{APP}, patch_agents", f"{APP}, delete_number", f"{SCHEMAS}, _Patch"

_state("C1", "?", "status of a request without a key", "401 or 403", PROCESS, no_key_status=(401, 403))
_state("C2", "?", "status of a request with a wrong key", "401 or 403", PROCESS, wrong_key_status=(401, 403))
_state("C3", "V", "a request with the key only", "200", PROCESS)
_state("C4", "V", "an error has error.code, .message and .details", "all three", "tests/simulator/_errors.py, envelope")
_state("C5", "O", "the code of a 400", "VALIDATION_ERROR", "tests/simulator/_errors.py, _DEFAULTS")
_state("C6", "O", "messages are Korean", "Korean", "tests/simulator/_errors.py, _DEFAULTS")
_state("C7", "?", "bodies of 401, 403, 404, 409, 422, 429", "envelope, other or empty", PROCESS, error_bodies=())
_state("C8", "?", "codes of 401, 403, 404, 409, 422, 429", "any in upper case", PROCESS, error_codes=())
_state("C9", "O", "an unknown query parameter", "400", f"{SCHEMAS}, NoQuery")
_state("C10", "O", "its details.allowed_query_parameters", "a list of names", f"{APP}, _invalid")
_state("C11", "?", "an unknown route", "404", f"{APP}, _no_such_call", unknown_route=("envelope", "other"))
_state(
    "C12",
    "?",
    "headers with the rate limit",
    "in all answers or none",
    PROCESS,
    limit_headers=(True, False),
    rate_limit=(),
)
_state("C13", "?", "Retry-After of a 429", "seconds or none", f"{EXCHANGE}, too_many", retry_after=())
_state("C14", "?", "latency", "any", PROCESS, latency=())

_state("L1", "V", "a list is {items, total_count, next_cursor}", "all three", PAGE)
_state("L2", "V", "next_cursor of the last page", "null", PAGE)
_state("L3", "V", "statuses in a list without status", "active", LIST)
_state("L4", "V", "statuses in a list with status", "the one asked for", LIST)
_state(
    "L5",
    "?",
    "status twice",
    "refused, or the last, first or all are used",
    LIST,
    repeated_status=("refuse", "last", "first", "all"),
)
_state("L6", "?", "an unknown status", "refused or empty", LIST, unknown_status=("refuse", "empty"))
_state("L7", "V", "limit=1", "one item", PAGE)
_state("L8", "V", "limit=100", "200", f"{SCHEMAS}, Limit")
_state("L9", "?", "limit=0 and limit=101", "refused or clamped", f"{APP}, _page", limit_beyond=("refuse", "clamp"))
_state("L10", "V", "items of a list without limit", "at most 50", f"{SCHEMAS}, _Page")
_state("L11", "V", "pages by next_cursor", "each item once", PAGE)
_state(
    "L12",
    "?",
    "an unknown cursor",
    "refused, first page or empty",
    PAGE,
    unknown_cursor=("refuse", "first_page", "empty"),
)
_state("L13", "V", "total_count", "items of all pages", PAGE)
_state("L14", "V", "order of a list", "newest first", PAGE)
_state("L15", "V", "order with sort_order=asc", "oldest first", PAGE)
_state("L16", "V", "provider=custom and provider=vox", "only this provider", LIST)

_state("R1", "V", "fields of a number", "all, unless null", RECORD)
_state("R2", "V", "types of its fields", "as documented", RECORD)
_state("R3", "O", "fields that are not documented", "some or none", RECORD)
_state("R4", "V", "credentials in an answer", "never", RECORD)
_state("R5", "V", "id", "a UUID", f"{STATE}, number_record")
_state("R6", "V", "times", "milliseconds, integers", f"{STATE}, number_record")
_state("R7", "G", "trunk ids", "begin with ST_", f"{STATE}, number_record")
_state("R8", "V", "a mapping is {agent_id, agent_version}", "both", f"{SCHEMAS}, AgentMapping")
_state("R9", "V", "a number by its id", "as in the list", GET)
_state("R10", "C", "an unknown id", "404", f"{STATE}, Organization.number")
_state("R11", "?", "an id that is not a UUID", "400, 404 or 422", f"{APP}, _number", malformed_id=(400, 404, 422))
_state("R12", "?", "an id in upper case", "found or not", f"{APP}, _number", upper_case_id=(True, False))
_state("R13", "?", "A/B tests in a record", "shown or not", SHOW, show_ab_test=(True, False))
_state("R14", "?", "fields that are null", "shown or left out", SHOW, show_nulls=(True, False))

_state("A1", "V", "the list of agents", "items, total_count, next_cursor", AGENTS)
_state("A2", "O", "fields of an agent", "agent_id, name, type, production_version", AGENT)
_state("A3", "V", "q", "names with this part", AGENTS)
_state("A4", "?", "letter case of q", "ignored or not", AGENTS, q_ignores_case=(True, False))
_state("A5", "V", "type", "agents of this type", AGENTS)
_state("A6", "V", "type twice", "agents of both types", AGENTS)
_state("A7", "V", "pages of agents", "each agent once", PAGE)
_state("A8", "O", "an unknown query parameter of agents", "400", f"{SCHEMAS}, AgentsQuery")

_state("W1", "?", "status of a registration", "200 or 201", REGISTER, register_status=(200, 201))
_state("W2", "V", "answer of a registration", "the number as sent", REGISTER)
_state(
    "W3", "?", "status field of a new number", "active or scheduled", REGISTER, registered_as=("active", "scheduled")
)
_state("W4", "?", "address returned", "with or without sip:", f"{STATE}, World.shown_address", echo_sip=(True, False))
_state("W5", "?", "the list shows a new number after", "seconds", LIST, list_lag=())
_state(
    "W6",
    "?",
    "a registration of a held number",
    "201, 400, 409 or 422",
    REGISTER,
    duplicate_status=(201, 400, 409, 422),
)
_state(
    "W7",
    "?",
    "memo returned",
    "as sent, trimmed, composed or both",
    f"{STATE}, World.shown_memo",
    echo_memo=(True, False, "trimmed", "composed"),
)
_state("W8", "?", 'memo ""', "kept, null or refused", f"{APP}, _memo", empty_memo=("kept", "null", "refuse"))
_state("W9", "V", "a memo of 200 characters", "accepted", f"{SCHEMAS}, Memo")
_state("W10", "V", "a memo of 201 characters", "400", f"{SCHEMAS}, Memo")
_state("W11", "V", "memo null", "cleared", MEMO)
_state("W12", "V", "PATCH with {}", "400", PATCHES)
_state("W13", "V", "PATCH with an unknown field", "400", f"{SCHEMAS}, _Strict")
_state("W14", "V", "fields left out of a PATCH", "unchanged", MEMO)
_state(
    "W15",
    "?",
    "answer of a PATCH",
    "the number, a part, {} or nothing",
    f"{APP}, _patched",
    patch_answers=("record", "part", "empty", "nothing"),
)
_state(
    "W16",
    "?",
    "another address without a password, if the trunk has none",
    "refused or accepted",
    SIP,
    password_demanded=(True, False),
)
_state("W17", "V", "another address with a password", "accepted", SIP)
_state("W18", "V", "another address without its password", "400", SIP)
_state("W19", "V", "agent_version left out", "current", f"{SCHEMAS}, AgentMapping")
_state("W20", "?", "an unknown agent", "400, 404, 409 or 422", MAP, unknown_agent=(400, 404, 409, 422))
_state("W21", "V", "agent_version null", "400", f"{SCHEMAS}, AgentMapping")
_state("W22", "V", "inbound_agent null", "unmapped", MAP)
_state("W23", "V", "answer of a DELETE", "id, number, provider, effective_at", DELETE)
_state("W24", "V", "a custom number that was deleted", "expired at once", DELETE)
_state("W25", "?", "an expired number by its id", "200 or 404", GET, get_expired=(200, 404))
_state(
    "W26",
    "?",
    "PATCH of an expired number",
    "200, 400, 404, 409 or 422",
    f"{APP}, _changeable",
    patch_expired=(200, 400, 404, 409, 422),
)
_state("W27", "?", "agents for an expired number", "400, 404, 409 or 422", MAP, agents_expired=(400, 404, 409, 422))
_state("W28", "?", "DELETE of an expired number", "200, 204, 404 or 409", DELETE, delete_expired=(200, 204, 404, 409))
_state("W29", "V", "an expired number registered again", "a new record", REGISTER)

_state("N1", "?", "DELETE while a cancellation is pending", "200 or 409", DELETE, delete_cancel_requested=(200, 409))
_state(
    "N2",
    "?",
    "PATCH while a cancellation is pending",
    "accepted or 409",
    f"{APP}, _changeable",
    patch_cancel_requested=(True, False),
)
_state("N3", "?", "an A/B test when its agent is mapped", "goes on or ends", MAP, patch_ends_ab_test=(True, False))
_state("N4", "O", "5 requests a second, 120 a minute", "more are refused", f"{STATE}, Organization.admit")

NEVER = {
    "N1": "would end the contract of a bought number",
    "N2": "would end the contract of a bought number",
    "N3": "needs a number that runs an A/B test",
    "N4": "the suite keeps within the limit",
}
"""Why some statements are never checked."""
