# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For simulators that each violate one statement, the suite reports this statement and the place that implements it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simulator._simulator
from contract._statements import NEVER, STATEMENTS
from simulator import LoggedRequest, Simulator, Switches
from simulator._errors import envelope
from simulator._exchange import Answer, Exchange
from simulator._state import number_record
from unit.contract.running import NUMBER, left, start, touched

ADDRESS = "sip:trunk.example.com:5060"
NUMBERS, REGISTER = "/organization-telephone-numbers", "/telephone-numbers/register"
Lie = Callable[[LoggedRequest, Answer, Any], Any]
"""Takes a request, its response and the response's JSON; changes the response, or returns other JSON or bytes."""
INVALID = envelope(400)
EMPTY = {"items": [], "total_count": 0, "next_cursor": None}


def is_list(request: LoggedRequest, path: str = NUMBERS) -> bool:
    return request.method == "GET" and request.path == path


def is_error(content: Any) -> bool:
    return isinstance(content, dict) and "error" in content


def is_record(content: Any) -> bool:
    return isinstance(content, dict) and "number" in content and "created_at" in content


def each_record(change: Callable[[dict[str, Any]], object]) -> Lie:
    """Change every telephone number in every response."""

    def lie(request: LoggedRequest, answer: Answer, content: Any) -> Any:
        for record in [content, *(content.get("items", []) if isinstance(content, dict) else [])]:
            if is_record(record):
                change(record)
        return content

    return lie


def each_agent(change: Callable[[dict[str, Any]], object]) -> Lie:
    def lie(request: LoggedRequest, answer: Answer, content: Any) -> Any:
        if is_list(request, "/agents") and answer.status == 200:
            for agent in content["items"]:
                change(agent)
        return content

    return lie


def listed(change: Callable[[LoggedRequest, dict[str, Any]], object], path: str = NUMBERS) -> Lie:
    """Change the pages of a list."""

    def lie(request: LoggedRequest, answer: Answer, content: Any) -> Any:
        if is_list(request, path) and answer.status == 200:
            return change(request, content) or content
        return content

    return lie


def answered(status: int, when: Callable[[LoggedRequest, Any], bool], body: Any = None) -> Lie:
    """Respond to some requests with another status and another body."""

    def lie(request: LoggedRequest, answer: Answer, content: Any) -> Any:
        if when(request, content):
            answer.status = status
            return content if body is None else body
        return content

    return lie


def error(change: Callable[[dict[str, Any]], object]) -> Lie:
    def lie(request: LoggedRequest, answer: Answer, content: Any) -> Any:
        if answer.status >= 400:
            change(content["error"])
        return content

    return lie


def asked(request: LoggedRequest, **query: str) -> bool:
    return set(query.items()) <= set(request.query)


def is_agents_patch(request: LoggedRequest) -> bool:
    return request.method == "PATCH" and request.path.endswith("/agent")


def has_version(request: LoggedRequest) -> bool:
    mapping = (request.body or {}).get("inbound_agent")
    return isinstance(mapping, dict) and "agent_version" in mapping


def drop(*names: str) -> Callable[[dict[str, Any]], object]:
    return lambda record: [record.pop(name, None) for name in names]


def without_message(request: LoggedRequest, answer: Answer, content: Any) -> Any:
    if answer.status == 400:
        content["error"].pop("message")
    return content


def draft(record: dict[str, Any]) -> None:
    if isinstance(record.get("inbound_agent"), dict) and record["inbound_agent"]["agent_version"] == "current":
        record["inbound_agent"]["agent_version"] = "production"


def kept_agent(record: dict[str, Any]) -> None:
    record["inbound_agent"] = record["inbound_agent"] or {"agent_id": record["id"], "agent_version": "current"}


def walk_again(request: LoggedRequest, page: dict[str, Any]) -> None:
    """Return the first page again for each cursor."""
    if any(name == "cursor" for name, _value in request.query):
        page["items"] = walk_again.first  # type: ignore[attr-defined]
    else:
        walk_again.first = list(page["items"])  # type: ignore[attr-defined]


def more_with_100(request: LoggedRequest, page: dict[str, Any]) -> None:
    if asked(request, limit="100"):
        page["next_cursor"] = page["next_cursor"] or "more"


def other_memo_length(request: LoggedRequest, content: Any) -> bool:
    return request.method == "PATCH" and len((request.body or {}).get("memo") or "") == 200


def not_expired(request: LoggedRequest, answer: Answer, content: Any) -> Any:
    # Only at the first GET after a DELETE: the clean-up must see the real status.
    if is_record(content) and content["status"] == "expired" and request.method == "GET" and not_expired.lies:  # type: ignore[attr-defined]
        not_expired.lies -= 1  # type: ignore[attr-defined]
        content["status"] = "cancel_requested"
    return content


not_expired.lies = 1  # type: ignore[attr-defined]


def unmoved(record: dict[str, Any]) -> None:
    """Keep the address, whatever is sent."""
    if record["number"] == NUMBER and record["address"]:
        record["address"] = ADDRESS


def with_limit_on_some(request: LoggedRequest, answer: Answer, content: Any) -> Any:
    if is_list(request):
        answer.headers["x-ratelimit-limit-second"] = "5"
    return content


LIES: dict[str, Lie] = {
    "C1": answered(200, lambda request, content: "authorization" not in request.headers, EMPTY),
    "C2": answered(418, lambda request, content: "not-a-key" in request.headers.get("authorization", "")),
    # As if API keys also needed the header of the vendor's client.
    "C3": answered(400, lambda request, content: "x-vox-organization-id" not in request.headers, INVALID),
    "C4": without_message,
    "C5": error(lambda one: one.update(code="BAD_REQUEST") if one["code"] == "VALIDATION_ERROR" else None),
    "C6": error(lambda one: one.update(message="Something is wrong")),
    "C7": lambda request, answer, content: b"<html>" if answer.status == 404 else content,
    "C8": error(lambda one: one.update(code=7) if one["code"] == "NOT_FOUND" else None),
    "C9": answered(200, lambda request, content: is_list(request) and asked(request, contract_unknown="1"), EMPTY),
    "C10": error(lambda one: one["details"].pop("allowed_query_parameters", None)),
    "C11": answered(400, lambda request, content: request.path == "/contract-unknown-route", INVALID),
    "C12": with_limit_on_some,
    "C13": lambda request, answer, content: content,
    "L1": listed(lambda request, page: page.pop("total_count") and None if request.query == [] else None),
    "L2": listed(more_with_100),
    "L3": listed(
        lambda request, page: (
            [one.update(status="scheduled") for one in page["items"]] and None if request.query == [] else None
        )
    ),
    "L4": listed(
        lambda request, page: (
            [one.update(status="active") for one in page["items"]] and None
            if asked(request, status="expired")
            else None
        )
    ),
    "L5": answered(
        200,
        lambda request, content: is_list(request) and len([1 for name, _one in request.query if name == "status"]) > 1,
        {**EMPTY},
    ),
    "L6": answered(
        200,
        lambda request, content: is_list(request) and asked(request, status="contract_unknown"),
        {**EMPTY, "items": [number_record()]},
    ),
    "L7": listed(
        lambda request, page: page.update(items=[]) if asked(request, limit="1") and len(request.query) == 1 else None
    ),
    "L8": answered(400, lambda request, content: is_list(request) and asked(request, limit="100"), INVALID),
    "L9": answered(200, lambda request, content: is_list(request) and asked(request, limit="0"), EMPTY),
    "L10": listed(lambda request, page: page.update(next_cursor="more") if request.query == [] else None),
    "L11": listed(walk_again),
    "L12": answered(
        200,
        lambda request, content: is_list(request) and asked(request, cursor="contract-made-up"),
        {**EMPTY, "items": [number_record()]},
    ),
    "L13": listed(lambda request, page: page.update(total_count=page["total_count"] + 1)),
    "L14": listed(lambda request, page: None if asked(request, sort_order="asc") else page["items"].reverse()),
    "L15": listed(lambda request, page: page["items"].reverse() if asked(request, sort_order="asc") else None),
    "L16": listed(
        lambda request, page: (
            [one.update(provider="vox") for one in page["items"]] and None
            if asked(request, provider="custom")
            else None
        )
    ),
    "R1": each_record(drop("created_at")),
    "R2": each_record(lambda record: record.update(monthly_fee="4400")),
    "R4": each_record(lambda record: record.update(auth_password="sip-Xyzzy")),
    "R5": each_record(lambda record: record.update(id=f"number_{record['id']}")),
    "R6": each_record(lambda record: record.update(updated_at=record["updated_at"] // 1000)),
    "R7": each_record(lambda record: record.update(inbound_trunk_id="TRUNK_1")),
    "R8": each_record(
        lambda record: (record["outbound_agent"] or record["inbound_agent"] or {}).pop("agent_version", None)
    ),
    "R9": lambda request, answer, content: (
        {**content, "number": "0701"} if request.method == "GET" and is_record(content) else content
    ),
    "R10": answered(
        400,
        lambda request, content: (
            request.method == "GET"
            and request.path.startswith(NUMBERS + "/")
            and request.path == request.path.lower()
            and "not-a" not in request.path
            and "error" in content
        ),
        INVALID,
    ),
    "R11": answered(200, lambda request, content: request.path.endswith("/not-a-uuid"), {}),
    "R12": answered(200, lambda request, content: request.path != request.path.lower(), {}),
    "R14": each_record(drop("memo")),
    "A1": listed(lambda request, page: page.pop("next_cursor") and None, "/agents"),
    "A2": each_agent(drop("production_version")),
    "A3": listed(
        lambda request, page: page.update(items=[]) if asked(request, q="Front") or asked(request, q="Night") else None,
        "/agents",
    ),
    "A4": answered(400, lambda request, content: is_list(request, "/agents") and asked(request, q="nIGHT"), INVALID),
    "A5": listed(
        lambda request, page: (
            page["items"].append({"agent_id": "x", "name": "Front", "type": "other", "production_version": None})
            if len([1 for name, _one in request.query if name == "type"]) == 1
            else None
        ),
        "/agents",
    ),
    "A6": listed(
        lambda request, page: (
            page.update(items=page["items"][:1])
            if len([1 for name, _one in request.query if name == "type"]) == 2
            else None
        ),
        "/agents",
    ),
    "A7": listed(
        lambda request, page: (
            page["items"].reverse()
            if asked(request, limit="1") is False and request.query == [("limit", "100")]
            else None
        ),
        "/agents",
    ),
    "A8": answered(
        200, lambda request, content: is_list(request, "/agents") and asked(request, contract_unknown="1"), EMPTY
    ),
    "W1": answered(202, lambda request, content: request.path == REGISTER and is_record(content)),
    "W2": lambda request, answer, content: (
        {**content, "memo": "another"} if request.path == REGISTER and is_record(content) else content
    ),
    "W3": lambda request, answer, content: (
        {**content, "status": "pending"} if request.path == REGISTER and is_record(content) else content
    ),
    "W4": lambda request, answer, content: (
        {**content, "address": "10.0.0.1"} if request.path == REGISTER and is_record(content) else content
    ),
    "W5": listed(
        lambda request, page: page.update(
            items=[one for one in page["items"] if not str(one["memo"]).startswith("contract-")]
        )
    ),
    "W6": answered(418, lambda request, content: request.path == REGISTER and "error" in content),
    "W7": each_record(
        lambda record: record.update(memo=record["memo"].upper()) if "memo" in str(record["memo"]) else None
    ),
    "W8": each_record(lambda record: record.update(memo="empty") if record["memo"] == "" else None),
    "W9": answered(400, other_memo_length, INVALID),
    "W10": answered(
        200, lambda request, content: request.method == "PATCH" and len((request.body or {}).get("memo") or "") == 201
    ),
    "W11": each_record(
        lambda record: (
            record.update(memo="left") if record["memo"] is None and record["number"].endswith("8888") else None
        )
    ),
    "W12": answered(200, lambda request, content: request.method == "PATCH" and request.body == {}),
    "W13": answered(
        422, lambda request, content: request.method == "PATCH" and "contract_unknown" in (request.body or {})
    ),
    "W14": each_record(lambda record: record.update(start_at=None) if "memo" in str(record["memo"]) else None),
    "W15": lambda request, answer, content: [] if request.method == "PATCH" and answer.status == 200 else content,
    "W16": each_record(unmoved),
    "W17": answered(
        400, lambda request, content: request.path.endswith("/sip") and "auth_password" in request.body, INVALID
    ),
    "W18": answered(
        422, lambda request, content: request.path.endswith("/sip") and "auth_password" not in request.body
    ),
    "W19": each_record(draft),
    "W20": answered(
        200, lambda request, content: is_agents_patch(request) and "error" in content and "not_found" in str(content)
    ),
    "W21": answered(422, lambda request, content: is_agents_patch(request) and has_version(request)),
    "W22": each_record(lambda record: kept_agent(record) if record["number"].endswith("8888") else None),
    "W23": lambda request, answer, content: (
        {"id": content["id"]} if request.method == "DELETE" and answer.status == 200 else content
    ),
    "W24": not_expired,
    "W25": answered(
        410, lambda request, content: request.method == "GET" and is_record(content) and content["status"] == "expired"
    ),
    "W26": answered(418, lambda request, content: request.method == "PATCH" and request.body == {"memo": "expired"}),
    "W27": answered(
        200,
        lambda request, content: (
            is_agents_patch(request) and "error" in content and content["error"]["details"].get("reason") == "expired"
        ),
    ),
    "W28": answered(418, lambda request, content: request.method == "DELETE" and is_error(content)),
    "W29": lambda request, answer, content: content,
}

PREPARED: dict[str, Callable[[Simulator], object]] = {
    "C13": lambda sim: sim.fault("rate_limited", "GET", "/agents", retry_after="Fri, 31 Dec 2027 23:59:59 GMT"),
    # It is accepted without a password.
    "W16": lambda sim: setattr(sim.switches, "password_demanded", False),
    # The first registration is followed by a duplicate.
    "W29": lambda sim: sim.fault("answer", "POST", REGISTER, 3, status=409, body=envelope(409)),
}
"""The preparation that a lie needs."""

FOLLOWS = {
    "L2": {"L13"},
    "L8": {"L11", "L12", "L15", "L16", "A1", "A3", "A5", "A7"},
    "L10": {"L13"},
    "L11": {"A7"},
    "L14": {"L11"},
    "R5": {"R9"},
    "R6": {"R9"},
    "R8": {"W19"},
    "R14": {"R9"},
    "A1": {"A7"},
    "W10": {"W15"},
    "W16": {"W17"},
    "W20": {"W15"},
}
"""Other statements that differ because of the lie."""

ANY_HOLDS = {
    "C14": "any value holds",
    "R3": "any field holds",
    "R13": "holds with and without",
}
"""Statements that cannot differ: only their observation is reported (test_open_statements_are_reported)."""


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lie], None]:
    """Install a lie in all simulators."""

    def install(lie: Lie) -> None:
        class Lying(Exchange):
            async def process(self) -> Answer:
                answer = await super().process()
                content = lie(self.request, answer, json.loads(answer.body) if answer.body else None)
                answer.body = content if isinstance(content, bytes) else json.dumps(content).encode()
                return answer

        monkeypatch.setattr(simulator._simulator, "Exchange", Lying)

    return install


@pytest.mark.parametrize("key", LIES)
def test_a_violated_statement_is_reported(
    sim: Simulator, tmp_path: Path, lying: Callable[[Lie], None], key: str
) -> None:
    lying(LIES[key])
    PREPARED.get(key, lambda sim: None)(sim)
    ran = start(sim.url, tmp_path, write=key.startswith("W"), patience=0.1)
    assert key in ran.differing, ran.output
    assert set(ran.differing) - {key} <= FOLLOWS.get(key, set()), ran.output
    assert ran.code in (1, 2)
    place = ran.differing[key]
    assert f"{key} differs" in ran.output and f"change {place}" in ran.output
    assert place == STATEMENTS[key].place or place.startswith("tests/simulator/_switches.py, ")
    if key.startswith("W"):
        assert set(left(sim)) <= {"expired"}


def test_nothing_differs_without_a_lie(sim: Simulator, tmp_path: Path, lying: Callable[[Lie], None]) -> None:
    lying(lambda request, answer, content: content)
    assert start(sim.url, tmp_path, write=True).differing == {}


def is_single(request: LoggedRequest) -> bool:
    return request.method == "GET" and request.path.startswith(NUMBERS + "/")


def small_pages(request: LoggedRequest, page: dict[str, Any]) -> None:
    if asked(request, limit="100", status="active") and len(request.query) == 2:
        page.update(items=page["items"][:2], next_cursor="more")


VERDICTS: dict[str, tuple[Lie, dict[str, str]]] = {
    "an empty cursor on the last page": (
        listed(lambda request, page: page.update(next_cursor=page["next_cursor"] or "")),
        {"L2": "differs", "L10": "not seen", "L11": "holds", "L13": "holds"},
    ),
    "pages smaller than their limit": (listed(small_pages), {"L2": "holds", "L8": "differs"}),
    "one number": (listed(lambda request, page: page.update(items=page["items"][:1])), {"L7": "not seen"}),
    "one agent": (
        listed(lambda request, page: page.update(items=[{**page["items"][0], "name": "One"}]), "/agents"),
        {"A3": "not seen", "A4": "not seen", "A5": "not seen", "A6": "not seen", "A7": "not seen"},
    ),
    "a server error for a valid request": (
        answered(500, lambda request, content: asked(request, sort_order="asc"), INVALID),
        {"L14": "holds", "L15": "not seen"},
    ),
    "a server error for an invalid request": (
        answered(500, lambda request, content: request.path.endswith("/not-a-uuid")),
        {"R10": "holds", "R11": "differs"},
    ),
    "a redirect": (
        answered(302, lambda request, content: request.path == "/agents", {}),
        {"A1": "not seen", "A3": "not seen"},
    ),
    "a registration without a response body": (
        lambda request, answer, content: {} if request.path == REGISTER else content,
        {"W1": "holds", "W2": "differs", "W3": "not seen", "W29": "not seen"},
    ),
    "a number that cannot be read": (
        lambda request, answer, content: {"data": content} if is_single(request) and is_record(content) else content,
        dict.fromkeys(("W7", "W8", "W9", "W11", "W14", "W17", "W19", "W22", "W24"), "not seen"),
    ),
    "changes of the memo that are ignored": (
        each_record(lambda record: record.update(memo="kept") if record["number"] == NUMBER else None),
        {"W7": "differs", "W11": "differs", "W14": "not seen"},
    ),
    "a mapping that is ignored": (
        each_record(lambda record: record.update(inbound_agent=None) if record["number"] == NUMBER else None),
        {"W19": "differs", "W22": "not seen"},
    ),
    "an address that is refused even with a password": (
        answered(400, lambda request, content: request.path.endswith("/sip"), INVALID),
        {"W16": "not seen", "W17": "differs", "W18": "not seen"},
    ),
    "a number that does not expire": (
        lambda request, answer, content: (
            {**content, "status": "cancel_requested"} if is_single(request) and is_record(content) else content
        ),
        {"W24": "differs", "W25": "not seen", "W26": "not seen", "W28": "not seen"},
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_need_an_observation(sim: Simulator, tmp_path: Path, lying: Callable[[Lie], None], name: str) -> None:
    lie, verdicts = VERDICTS[name]
    lying(lie)
    ran = start(sim.url, tmp_path, write="W" in "".join(verdicts), patience=0.1)
    assert ran.verdicts(*verdicts) == verdicts, ran.output
    assert set(left(sim)) <= {"expired"}


def test_open_statements_are_reported(sim: Simulator, tmp_path: Path, lying: Callable[[Lie], None]) -> None:
    lying(each_record(lambda record: record.update(color="red", experiment={})))
    sim.switches.latency = 0.02
    ran = start(sim.url, tmp_path)
    assert "color, experiment" in ran.row("R3")
    assert "experiment" in ran.row("R13") and ran.observed["switches"]["show_ab_test"] is True
    assert ran.observed["switches"]["latency"] >= 0.02


@pytest.mark.parametrize("key", NEVER)
def test_statements_that_are_not_checked_are_not_seen(sim: Simulator, tmp_path: Path, key: str) -> None:
    """Independent of the simulator's behaviour."""
    ending = sim.add("07066667777", provider="vox", status="cancel_requested")
    sim.switches = Switches(
        delete_cancel_requested=200, patch_cancel_requested=False, patch_ends_ab_test=True, rate_limit=(1000, 10_000)
    )
    ran = start(sim.url, tmp_path, write=True)
    assert ran.verdicts(key) == {key: "not seen"}
    assert not set(STATEMENTS[key].switches) & set(ran.observed["switches"])
    assert ending["id"] not in touched(sim)


def test_each_statement_that_can_differ_has_a_wrong_simulator() -> None:
    assert set(LIES) == set(STATEMENTS) - set(NEVER) - set(ANY_HOLDS)
    assert set(PREPARED) | set(FOLLOWS) <= set(LIES)
