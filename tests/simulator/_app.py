# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of the API and their rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Annotated, Any, get_type_hints

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ._errors import ApiError, envelope, other_body
from ._exchange import BASE_PATH
from ._schemas import (
    MAX_LIMIT,
    STATUSES,
    AgentPatch,
    AgentsAnswer,
    AgentsQuery,
    AvailableQuery,
    AvailablesAnswer,
    DeleteAnswer,
    ErrorAnswer,
    MemoPatch,
    NoQuery,
    NumberAnswer,
    NumbersAnswer,
    NumbersQuery,
    Register,
    SipPatch,
)
from ._state import HELD, ON_SALE, PAID_PERIOD_MS, Number, Organization, World, number_record

REFUSED_HOST = "refused.example.com"
"""The API refuses every address on this host, even a valid one."""

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


# Coroutines, although they do not await anything: the framework runs a plain function in a thread for each request.
async def _world(request: Request) -> World:
    return request.state.world  # type: ignore[no-any-return]


async def _organization(request: Request) -> Organization:
    return request.state.organization  # type: ignore[no-any-return]


InWorld = Annotated[World, Depends(_world)]
Of = Annotated[Organization, Depends(_organization)]
No = Annotated[NoQuery, Query()]
NumberId = Annotated[str, Path(json_schema_extra={"format": "uuid"})]

# The exchange has already checked the key. This only adds it to the OpenAPI description.
router = APIRouter(prefix=BASE_PATH, dependencies=[Depends(HTTPBearer(auto_error=False))])


# --- reading ---


@router.get("/organization-telephone-numbers", response_model=NumbersAnswer)
async def list_numbers(
    request: Request, world: InWorld, organization: Of, query: Annotated[NumbersQuery, Query()]
) -> JSONResponse:
    """List the organization's numbers; without `status`, only the active ones."""
    given = request.query_params.getlist("status") or [query.status]
    if world.switches.repeated_status == "refuse" and len(given) > 1:
        raise ApiError(400, field="status", reason="repeated")
    counting = {"first": given[:1], "all": given}.get(world.switches.repeated_status, given[-1:])
    unknown = [one for one in counting if one not in STATUSES]
    if unknown and world.switches.unknown_status == "refuse":
        raise ApiError(400, field="status", reason="literal_error", allowed_values=list(STATUSES))
    # Each page goes through all numbers, possibly many thousands.
    lag, provider = world.switches.list_lag, query.provider
    numbers = organization.numbers.values()
    seen = [number.seen(lag) for number in numbers] if lag else [number.fields for number in numbers]
    matching = [fields for fields in seen if fields and fields["status"] in counting]
    if provider:
        matching = [fields for fields in matching if fields["provider"] == provider]
    return _page(request, world, organization, query, matching, world.show, "created_at", "id")


@router.get("/organization-telephone-numbers/{number_id}", response_model=NumberAnswer)
async def get_number(number_id: NumberId, world: InWorld, organization: Of, query: No) -> JSONResponse:
    """Return one number, in any status."""
    number = _number(world, organization, number_id)
    if number.fields["status"] == "expired" and world.switches.get_expired == 404:
        raise ApiError(404)
    return JSONResponse(world.show(number.fields))


@router.get("/agents", response_model=AgentsAnswer)
async def list_agents(
    request: Request, world: InWorld, organization: Of, query: Annotated[AgentsQuery, Query()]
) -> JSONResponse:
    """List the organization's agents, filtered by a part of the name and by type."""
    ignore_case = world.switches.q_ignores_case
    matching = [
        agent
        for agent in organization.agents.values()
        if (query.q in agent["name"] or (ignore_case and query.q.casefold() in agent["name"].casefold()))
        and (not query.type or agent["type"] in query.type)
    ]
    return _page(request, world, organization, query, matching, _shown_agent, "created_at", "agent_id")


@router.get("/telephone-numbers/available", response_model=AvailablesAnswer)
async def list_available(
    request: Request, world: InWorld, organization: Of, query: Annotated[AvailableQuery, Query()]
) -> JSONResponse:
    """List the numbers that can be bought."""
    matching = [number for number in ON_SALE if query.line_type in (None, number["line_type"])]
    return _page(request, world, organization, query, matching, dict, query.sort_by, "number")


def _page(
    request: Request,
    world: World,
    organization: Organization,
    query: NumbersQuery | AgentsQuery | AvailableQuery,
    items: list[dict[str, Any]],
    show: Callable[[dict[str, Any]], dict[str, Any]],
    *sort_by: str,
) -> JSONResponse:
    limit = query.limit
    if not 1 <= limit <= MAX_LIMIT:
        if world.switches.limit_beyond == "refuse":
            raise ApiError(400, field="limit", reason="out_of_range")
        limit = min(max(limit, 1), MAX_LIMIT)
    filters = query.model_dump_json(exclude={"cursor", "limit"})
    page = world.page(
        items,
        itemgetter(*sort_by),
        scope=f"{organization.key} {request.url.path} {filters}",
        cursor=query.cursor,
        limit=limit,
        descending=query.sort_order == "desc",
    )
    page["items"] = [show(item) for item in page["items"]]
    return JSONResponse(page)


def _shown_agent(agent: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in agent.items() if name != "created_at"}


# --- writing ---


@router.post(
    "/telephone-numbers/register",
    status_code=201,
    response_model=NumberAnswer,
    responses={200: {"model": NumberAnswer}},
)
async def register(body: Register, world: InWorld, organization: Of, query: No) -> JSONResponse:
    """Register a custom number on a SIP trunk."""
    _check_address(body.address)
    held = (one.fields["number"] for one in organization.numbers.values() if one.fields["status"] in HELD)
    if world.switches.duplicate_status != 201 and body.number in held:
        raise ApiError(
            world.switches.duplicate_status, "이미 등록된 전화번호입니다.", field="number", reason="duplicate"
        )
    fields = number_record(
        body.number,
        status=world.switches.registered_as,
        created_at=world.now(),
        address=body.address,
        memo=_memo(world, body.memo),
    )
    number = Number(fields, body.auth_username, body.auth_password)
    number.write(fields["created_at"])
    organization.numbers[fields["id"]] = number
    return JSONResponse(world.show(fields), world.switches.register_status)


@router.patch("/organization-telephone-numbers/{number_id}", response_model=NumberAnswer)
async def patch_memo(number_id: NumberId, body: MemoPatch, world: InWorld, organization: Of, query: No) -> Response:
    """Change the memo."""
    number = _changeable(world, organization, number_id, expired=world.switches.patch_expired)
    return _patched(world, number, memo=_memo(world, body.memo))


@router.patch("/organization-telephone-numbers/{number_id}/sip", response_model=NumberAnswer)
async def patch_sip(number_id: NumberId, body: SipPatch, world: InWorld, organization: Of, query: No) -> Response:
    """Change the SIP trunk of a custom number."""
    number = _changeable(world, organization, number_id, expired=world.switches.patch_expired)
    if number.fields["provider"] != "custom":
        raise ApiError(400, "직접 등록한 번호만 SIP 설정을 변경할 수 있습니다.", field="provider", reason="custom_only")
    _check_address(body.address)
    given = body.model_fields_set
    changes_trunk = (
        "address" in given and world.shown_address(body.address) != world.shown_address(number.fields["address"])
    ) or ("auth_username" in given and body.auth_username != number.auth_username)
    demanded = world.switches.password_demanded or number.auth_password is not None
    if changes_trunk and demanded and "auth_password" not in given:
        raise ApiError(400, "auth_password를 함께 보내야 합니다.", field="auth_password", reason="required")
    if "auth_username" in given:
        number.auth_username = body.auth_username
    if "auth_password" in given:
        number.auth_password = body.auth_password
    changes = body.model_dump(include=given & {"address", "memo"})
    if "memo" in changes:
        changes["memo"] = _memo(world, changes["memo"])
    return _patched(world, number, **changes)


@router.patch("/organization-telephone-numbers/{number_id}/agent", response_model=NumberAnswer)
async def patch_agents(number_id: NumberId, body: AgentPatch, world: InWorld, organization: Of, query: No) -> Response:
    """Map agents, or unmap them with null."""
    number = _changeable(world, organization, number_id, expired=world.switches.agents_expired)
    changes = body.model_dump(include=body.model_fields_set)
    for name, mapping in changes.items():
        if mapping and mapping["agent_id"] not in organization.agents:
            status = world.switches.unknown_agent
            raise ApiError(status, "에이전트를 찾을 수 없습니다.", field=f"{name}.agent_id", reason="not_found")
    test = number.fields.get("ab_test")
    if test and world.switches.patch_ends_ab_test:
        changes["ab_test"] = {name: shares for name, shares in test.items() if name not in changes}
    return _patched(world, number, **changes)


@router.delete("/organization-telephone-numbers/{number_id}", response_model=DeleteAnswer)
async def delete_number(number_id: NumberId, world: InWorld, organization: Of, query: No) -> Response:
    """Delete a custom number at once, or cancel a bought one at the end of its paid period."""
    number = _number(world, organization, number_id)
    status, provider = number.fields["status"], number.fields["provider"]
    refused = {"expired": world.switches.delete_expired, "cancel_requested": world.switches.delete_cancel_requested}
    if refused.get(status) == 204:
        return Response(status_code=204)
    if refused.get(status, 200) != 200:
        raise ApiError(refused[status])
    if status not in refused:
        now = world.now()
        if provider == "custom":
            number.write(now, status="expired", end_at=now)
        else:
            number.write(now, status="cancel_requested", cancel_requested_at=now, end_at=now + PAID_PERIOD_MS)
    effective_at = number.fields["end_at"]
    return JSONResponse(
        {"id": number_id, "number": number.fields["number"], "provider": provider, "effective_at": effective_at}
    )


@router.post("/organization-telephone-numbers/{number_id}/revoke-cancel", response_model=NumberAnswer)
async def revoke_cancel(number_id: NumberId, world: InWorld, organization: Of, query: No) -> JSONResponse:
    """Revoke a pending cancellation."""
    number = _number(world, organization, number_id)
    if number.fields["status"] != "cancel_requested":
        raise ApiError(409, "해지 예약된 번호가 아닙니다.", reason="not_cancel_requested")
    number.write(world.now(), status="active", cancel_requested_at=None, end_at=None)
    return JSONResponse(world.show(number.fields))


def _check_address(address: str | None) -> None:
    if address and REFUSED_HOST in address.lower():
        raise ApiError(400, "SIP 주소가 올바르지 않습니다.", field="address", reason="unreachable")


def _memo(world: World, memo: str | None) -> str | None:
    if memo == "" and world.switches.empty_memo == "refuse":
        raise ApiError(400, field="memo", reason="string_too_short")
    return None if memo == "" and world.switches.empty_memo == "null" else memo


def _number(world: World, organization: Organization, number_id: str) -> Number:
    if world.switches.malformed_id != 404 and not UUID.fullmatch(number_id):
        raise ApiError(world.switches.malformed_id, field="id", reason="uuid_parsing")
    return organization.number(number_id.lower() if world.switches.upper_case_id else number_id)


def _changeable(world: World, organization: Organization, number_id: str, expired: int) -> Number:
    number = _number(world, organization, number_id)
    status = number.fields["status"]
    pending = 200 if world.switches.patch_cancel_requested else 409
    refused = {"expired": expired, "cancel_requested": pending}.get(status, 200)
    if refused != 200:
        raise ApiError(refused, field="status", reason=status)
    return number


def _patched(world: World, number: Number, **changes: Any) -> Response:
    number.write(world.now(), **changes)
    if world.switches.patch_answers == "nothing":
        return Response(status_code=204)
    shown = world.show(number.fields)
    parts = {"record": set(shown), "part": {"id", "number", *changes}, "empty": set()}
    return JSONResponse({name: shown[name] for name in shown if name in parts[world.switches.patch_answers]})


# --- errors ---


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return JSONResponse(error.body, error.status)


async def _no_such_call(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # The framework lists only the methods of one of the calls with this path.
        here = [route for route in router.routes if route.matches(request.scope)[0] is not Match.NONE]
        headers["Allow"] = ", ".join(sorted(method for route in here for method in getattr(route, "methods", ())))
    if error.status_code == 404 and request.state.world.switches.unknown_route == "other":
        return JSONResponse(other_body(404), 404, headers)
    return JSONResponse(envelope(error.status_code), error.status_code, headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place, *path = first["loc"]
    details: dict[str, Any] = {"reason": first["type"]}
    if place == "query" and first["type"] == "extra_forbidden":
        query = get_type_hints(request.scope["route"].endpoint)["query"]
        details["allowed_query_parameters"] = sorted(query.model_fields)
    if first["type"] == "literal_error":
        details["allowed_values"] = re.findall("'([^']*)'", first["ctx"]["expected"])
    if path and first["type"] != "json_invalid":
        details["field"] = ".".join(map(str, path))
    return JSONResponse(envelope(400, **details), 400)


app = FastAPI(
    title="vox.ai v3 telephone numbers, simulated",
    version="3",
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
    responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
    exception_handlers={ApiError: _refused, HTTPException: _no_such_call, RequestValidationError: _invalid},
)
app.include_router(router)
