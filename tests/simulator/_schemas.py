# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and responses as in the vendor's reference: no coercion, no unknown fields."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

_ADDRESS = "^[!-~]+$"
_VERSION = r"^(current|production|v[1-9][0-9]*)$"

Provider = Literal["vox", "custom"]
Status = Literal["active", "scheduled", "cancel_requested", "expired"]
STATUSES: tuple[str, ...] = get_args(Status)
MAX_LIMIT = 100


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Patch(_Strict):
    """A missing field keeps its value, null clears it, and a body without fields is refused."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _something_to_change(self) -> Any:
        if not self.model_fields_set:
            raise ValueError("empty_body")
        return self


# --- queries ---


def _decimal(value: Any) -> int:
    # Query values are text. Only plain digits are valid: pydantic itself would also accept "1_0" and " 10 ".
    # Some versions of FastAPI also pass the default, which is already an integer.
    if not re.fullmatch("[0-9]{1,9}", str(value)):
        raise ValueError("integer_expected")
    return int(value)


Limit = Annotated[
    int,
    BeforeValidator(_decimal),
    # The call checks the range, because a switch changes its response.
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50}),
]
Cursor = Annotated[str | None, WithJsonSchema({"type": "string", "format": "cursor"})]
SortOrder = Literal["asc", "desc"]


class NoQuery(BaseModel):
    """Calls without query parameters."""

    model_config = ConfigDict(extra="forbid")


class _Page(NoQuery):
    cursor: Cursor = None
    limit: Limit = 50
    sort_order: SortOrder = "desc"


class NumbersQuery(_Page):
    """Query parameters of `GET /organization-telephone-numbers`."""

    provider: Annotated[Provider | None, WithJsonSchema({"type": "string", "enum": ["vox", "custom"]})] = None
    # The call refuses any other value, unless a switch changes this.
    status: Annotated[str, WithJsonSchema({"type": "string", "enum": list(STATUSES)})] = "active"
    sort_by: Literal["created_at"] = "created_at"


class AgentsQuery(_Page):
    """Query parameters of `GET /agents`."""

    q: str = ""
    type: list[str] = Field(default=[])


class AvailableQuery(_Page):
    """Query parameters of `GET /telephone-numbers/available`."""

    line_type: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    sort_by: Literal["number", "monthly_fee"] = "number"


# --- bodies ---

Memo = Annotated[str, Field(max_length=200)]
Address = Annotated[str, Field(pattern=_ADDRESS)]


class Register(_Strict):
    """Body of a registration."""

    number: Annotated[str, Field(pattern="^[0-9]+$", min_length=1, max_length=20)]
    address: Address
    auth_username: str | None = None
    auth_password: str | None = None
    memo: Memo | None = None


class MemoPatch(_Patch):
    """Body of a change of the memo."""

    memo: Memo | None = None


class SipPatch(_Patch):
    """Body of a change of the trunk. In the reference, null clears the address and the user name, not the password."""

    address: Address | None = None
    auth_username: str | None = None
    auth_password: str = ""
    memo: Memo | None = None


class AgentMapping(_Strict):
    """An agent and the version that takes the calls."""

    agent_id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    agent_version: Annotated[str, Field(pattern=_VERSION)] = "current"


class AgentPatch(_Patch):
    """Body of a change of the agents; null unmaps one."""

    inbound_agent: AgentMapping | None = None
    outbound_agent: AgentMapping | None = None
    sms_inbound_agent: AgentMapping | None = None


# --- responses, for the OpenAPI description ---

Millis = int


class NumberAnswer(_Strict):
    """The number resource. Credentials are not part of it."""

    id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    number: str
    provider: Provider
    status: Status
    start_at: Millis | None
    created_at: Millis
    updated_at: Millis
    monthly_fee: int | None
    address: str | None
    inbound_trunk_id: str | None
    outbound_trunk_id: str | None
    inbound_agent: AgentMapping | None
    outbound_agent: AgentMapping | None
    sms_inbound_agent: AgentMapping | None
    memo: str | None
    end_at: Millis | None
    cancel_requested_at: Millis | None


class DeleteAnswer(_Strict):
    """The response to a deletion."""

    id: str
    number: str
    provider: Provider
    effective_at: Millis


class AgentAnswer(_Strict):
    """An agent in a list."""

    agent_id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    name: str
    type: str
    production_version: str | None


class AvailableAnswer(_Strict):
    """A number that can be bought."""

    number: str
    line_type: str
    monthly_fee: int


class _PageAnswer(_Strict):
    total_count: int
    next_cursor: str | None


class NumbersAnswer(_PageAnswer):
    """A page of numbers."""

    items: list[NumberAnswer]


class AgentsAnswer(_PageAnswer):
    """A page of agents."""

    items: list[AgentAnswer]


class AvailablesAnswer(_PageAnswer):
    """A page of numbers that can be bought."""

    items: list[AvailableAnswer]


class _Error(_Strict):
    code: str
    message: str
    details: dict[str, Any]


class ErrorAnswer(_Strict):
    """The envelope of every error."""

    error: _Error
