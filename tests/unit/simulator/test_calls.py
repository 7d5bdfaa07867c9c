# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call of the API, as in its reference."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from simulator import Simulator
from unit.simulator.calling import BODY, NUMBERS, REGISTER, Api, error

FIELDS = {
    *("id", "number", "provider", "status", "start_at", "created_at", "updated_at", "monthly_fee", "address"),
    *("inbound_trunk_id", "outbound_trunk_id", "inbound_agent", "outbound_agent", "sms_inbound_agent", "memo"),
    *("end_at", "cancel_requested_at"),
}


# --- every call ---

EVERY_CALL = [
    ("GET", NUMBERS),
    ("GET", f"{NUMBERS}/{{id}}"),
    ("PATCH", f"{NUMBERS}/{{id}}"),
    ("PATCH", f"{NUMBERS}/{{id}}/sip"),
    ("PATCH", f"{NUMBERS}/{{id}}/agent"),
    ("DELETE", f"{NUMBERS}/{{id}}"),
    ("POST", f"{NUMBERS}/{{id}}/revoke-cancel"),
    ("POST", REGISTER),
    ("GET", "/agents"),
    ("GET", "/telephone-numbers/available"),
]


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
@pytest.mark.parametrize("authorization", [None, "Bearer nobody", "Bearer ", "key-a", "Basic key-a"])
def test_a_key_is_needed(sim: Simulator, api: Api, method: str, path: str, authorization: str | None) -> None:
    path = path.replace("{id}", sim.add()["id"])
    headers = {"Authorization": authorization} if authorization else {}
    response = api(method, path, key=None, headers=headers, data="{")
    error(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_an_unknown_query_parameter_is_refused(sim: Simulator, api: Api, method: str, path: str) -> None:
    path = path.replace("{id}", sim.add(status="cancel_requested", provider="vox")["id"])
    bodies = {"/sip": {"memo": "m"}, "/agent": {"inbound_agent": None}, REGISTER: BODY}
    body = next((body for end, body in bodies.items() if path.endswith(end)), {"memo": "m"})
    before = sim.numbers()
    details = error(api(method, path, params={"number": "1"}, json=body if method != "GET" else None), 400)
    assert details["field"] == "number"
    assert isinstance(details["allowed_query_parameters"], list)
    assert sim.numbers() == before


def test_allowed_query_parameters_are_listed(api: Api) -> None:
    details = error(api("GET", NUMBERS, params={"numbr": "1"}), 400)
    expected = ["cursor", "limit", "provider", "sort_by", "sort_order", "status"]
    assert details["allowed_query_parameters"] == expected


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", f"{NUMBERS}/", 404),
        ("GET", "/../agents", 404),
        ("PUT", NUMBERS, 405),
        ("GET", REGISTER, 405),
        ("POST", "/agents", 405),
    ],
)
def test_unknown_calls(api: Api, method: str, path: str, status: int) -> None:
    response = api(method, path)
    error(response, status)
    assert ("Allow" in response.headers) == (status == 405)


@pytest.mark.parametrize(("method", "path"), [call for call in EVERY_CALL if "{id}" in call[1]])
def test_another_organizations_number_is_not_found(sim: Simulator, api: Api, method: str, path: str) -> None:
    foreign = sim.add(key="key-b", status="cancel_requested", provider="vox")["id"]
    before = sim.numbers("key-b")
    body = {"inbound_agent": None} if path.endswith("agent") else {"memo": "mine"}
    for number_id in (foreign, str(uuid.uuid4()), "nonsense"):
        error(api(method, path.replace("{id}", number_id), json=body if method == "PATCH" else None), 404)
    assert sim.numbers("key-b") == before


def test_organizations_do_not_see_each_other(sim: Simulator, api: Api) -> None:
    sim.add(number="1")
    sim.add(number="2", key="key-b")
    sim.add_agent("Ours")
    sim.add_agent("Theirs", key="key-b")
    for key, number, agent in (("key-a", "1", "Ours"), ("key-b", "2", "Theirs")):
        assert [item["number"] for item in api("GET", NUMBERS, key=key).json()["items"]] == [number]
        assert [item["name"] for item in api("GET", "/agents", key=key).json()["items"]] == [agent]
    assert api("POST", REGISTER, json=BODY | {"number": "2"}).status_code == 201


# --- lists ---


@pytest.fixture
def three_of_each(sim: Simulator) -> None:
    for status in ("active", "scheduled", "cancel_requested", "expired"):
        for provider in ("custom", "vox", "custom"):
            sim.add(status=status, provider=provider)


@pytest.mark.usefixtures("three_of_each")
@pytest.mark.parametrize(
    ("query", "count", "statuses"),
    [
        ({}, 3, {"active"}),
        ({"status": "expired"}, 3, {"expired"}),
        ({"status": "scheduled"}, 3, {"scheduled"}),
        ({"provider": "vox"}, 1, {"active"}),
        ({"provider": "custom", "status": "cancel_requested"}, 2, {"cancel_requested"}),
    ],
)
def test_the_list_is_filtered(api: Api, query: dict[str, Any], count: int, statuses: set[str]) -> None:
    page = api("GET", NUMBERS, params=query).json()
    assert set(page) == {"items", "total_count", "next_cursor"}
    assert page["total_count"] == len(page["items"]) == count
    assert {item["status"] for item in page["items"]} == statuses
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (NUMBERS, {"limit": "0"}, "limit"),
        (NUMBERS, {"limit": "101"}, "limit"),
        (NUMBERS, {"limit": "-1"}, "limit"),
        (NUMBERS, {"limit": "1_0"}, "limit"),
        (NUMBERS, {"limit": " 1"}, "limit"),
        (NUMBERS, {"limit": "ten"}, "limit"),
        (NUMBERS, {"limit": ""}, "limit"),
        (NUMBERS, {"limit": "9" * 30}, "limit"),
        (NUMBERS, {"status": "held"}, "status"),
        (NUMBERS, {"status": ""}, "status"),
        (NUMBERS, {"status": "active,expired"}, "status"),
        (NUMBERS, {"provider": "other"}, "provider"),
        (NUMBERS, {"sort_by": "number"}, "sort_by"),
        (NUMBERS, {"sort_order": "up"}, "sort_order"),
        (NUMBERS, {"cursor": ""}, "cursor"),
        (NUMBERS, {"cursor": "MQ=="}, "cursor"),
        ("/agents", {"limit": "101"}, "limit"),
        ("/agents", {"sort_order": "DESC"}, "sort_order"),
        ("/agents", {"cursor": "2"}, "cursor"),
        ("/telephone-numbers/available", {"sort_by": "created_at"}, "sort_by"),
        ("/telephone-numbers/available", {"limit": "0"}, "limit"),
    ],
)
def test_an_invalid_query_is_refused(api: Api, path: str, query: dict[str, Any], field: str) -> None:
    assert error(api("GET", path, params=query), 400)["field"] == field


def test_allowed_values_are_listed(api: Api) -> None:
    details = error(api("GET", NUMBERS, params={"status": "held"}), 400)
    assert details["allowed_values"] == ["active", "scheduled", "cancel_requested", "expired"]


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_show_each_number_once(sim: Simulator, api: Api, order: str, limit: int) -> None:
    numbers = [sim.add(number=str(index))["number"] for index in range(7)]
    seen, cursor = [], None
    while True:
        query = {"limit": limit, "sort_order": order} | ({"cursor": cursor} if cursor else {})
        page = api("GET", NUMBERS, params=query).json()
        assert page["total_count"] == 7
        seen += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == limit
    assert seen == (numbers if order == "asc" else numbers[::-1])


def test_fifty_numbers_per_page_newest_first(sim: Simulator, api: Api) -> None:
    created = [sim.add()["created_at"] for _index in range(51)]
    assert created == sorted(set(created)), "creation times are unique"
    page = api("GET", NUMBERS).json()
    assert [item["created_at"] for item in page["items"]] == created[:0:-1]


def test_the_next_page_continues_despite_changes(sim: Simulator, api: Api) -> None:
    ids = [sim.add(number=str(index))["id"] for index in range(4)]
    page = api("GET", NUMBERS, params={"limit": 2}).json()
    assert [item["number"] for item in page["items"]] == ["3", "2"]
    sim.add(number="4")
    api("DELETE", f"{NUMBERS}/{ids[2]}")
    rest = api("GET", NUMBERS, params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [item["number"] for item in rest["items"]] == ["1", "0"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (NUMBERS, {"status": "expired"}),
        (NUMBERS, {"provider": "custom"}),
        (NUMBERS, {"sort_order": "asc"}),
        ("/agents", {}),
    ],
)
def test_a_cursor_is_valid_only_for_its_own_query(sim: Simulator, api: Api, path: str, query: dict[str, Any]) -> None:
    for _index in range(3):
        sim.add()
        sim.add_agent()
    cursor = api("GET", NUMBERS, params={"limit": 1}).json()["next_cursor"]
    assert error(api("GET", path, params=query | {"cursor": cursor}), 400)["field"] == "cursor"
    error(api("GET", NUMBERS, key="key-b", params={"cursor": cursor}), 400)
    assert api("GET", NUMBERS, params={"cursor": cursor, "limit": 2}).status_code == 200


# --- one number, and registrations ---


def test_a_registered_number(sim: Simulator, api: Api) -> None:
    body = BODY | {"memo": "메모", "auth_username": "user", "auth_password": "secret"}
    response = api("POST", REGISTER, json=body)
    assert response.status_code == 201
    record = response.json()
    assert set(record) == FIELDS
    assert record | BODY | {"memo": "메모", "provider": "custom", "status": "active"} == record
    assert record["monthly_fee"] is record["inbound_agent"] is record["end_at"] is None
    assert all(isinstance(record[name], str) for name in ("inbound_trunk_id", "outbound_trunk_id"))
    assert str(uuid.UUID(record["id"])) == record["id"]
    assert record["created_at"] == record["start_at"] <= record["updated_at"]
    assert "secret" not in response.text
    assert api("GET", f"{NUMBERS}/{record['id']}").json() == record
    assert api("GET", NUMBERS).json()["items"] == sim.numbers() == [record]
    assert sim.credentials(record["id"]) == ("user", "secret")


@pytest.mark.parametrize("number", ["1", "0" * 20])
def test_the_shortest_and_the_longest_number(api: Api, number: str) -> None:
    assert api("POST", REGISTER, json=BODY | {"number": number}).json()["number"] == number


@pytest.mark.parametrize("nullable", ["auth_username", "auth_password", "memo"])
def test_null_counts_as_missing_in_a_registration(api: Api, nullable: str) -> None:
    assert api("POST", REGISTER, json=BODY | {nullable: None}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"number": ""}, "number"),
        ({"number": "0" * 21}, "number"),
        ({"number": "070-1111-2222"}, "number"),
        ({"number": "+827011112222"}, "number"),
        ({"number": "07011112222\n"}, "number"),
        ({"number": "٠٧٠"}, "number"),
        ({"number": 941921426}, "number"),
        ({"number": None}, "number"),
        ({"address": ""}, "address"),
        ({"address": None}, "address"),
        ({"address": "sip: trunk.example.com"}, "address"),
        ({"address": "sip:refused.example.com:5060"}, "address"),
        ({"address": 5060}, "address"),
        ({"memo": "m" * 201}, "memo"),
        ({"memo": 1}, "memo"),
        ({"memo": "\ud800"}, "memo"),
        ({"auth_username": 7}, "auth_username"),
        ({"auth_password": True}, "auth_password"),
        ({"inbound_agent": None}, "inbound_agent"),
    ],
)
def test_an_invalid_registration_is_refused(sim: Simulator, api: Api, body: Any, field: str) -> None:
    assert error(api("POST", REGISTER, json=BODY | body), 400)["field"] == field
    assert sim.numbers() == []


@pytest.mark.parametrize("missing", ["number", "address"])
def test_a_registration_without_a_required_field(api: Api, missing: str) -> None:
    body = {name: value for name, value in BODY.items() if name != missing}
    assert error(api("POST", REGISTER, json=body), 400)["field"] == missing


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', '{"number": NaN}', "{}"])
def test_an_invalid_body_of_a_registration(sim: Simulator, api: Api, body: Any) -> None:
    error(api("POST", REGISTER, data=body.encode(), headers={"Content-Type": "application/json"}), 400)
    assert sim.numbers() == []


def test_json_needs_its_content_type(api: Api) -> None:
    error(
        api("POST", REGISTER, data='{"number": "1", "address": "sip:x"}', headers={"Content-Type": "text/plain"}), 400
    )


@pytest.mark.parametrize("status", ["active", "scheduled", "cancel_requested"])
def test_a_held_number_is_not_registered_twice(sim: Simulator, api: Api, status: str) -> None:
    sim.add(status=status)
    assert error(api("POST", REGISTER, json=BODY), 409)["field"] == "number"
    assert len(sim.numbers()) == 1


def test_an_expired_number_is_registered_again(sim: Simulator, api: Api) -> None:
    sim.add(status="expired")
    sim.add(status="expired")
    assert api("POST", REGISTER, json=BODY).status_code == 201
    assert [number["status"] for number in sim.numbers()] == ["expired", "expired", "active"]


# --- changes ---


@pytest.mark.parametrize("end", ["", "/sip", "/agent"])
@pytest.mark.parametrize("body", [{}, {"unknown": 1}, {"number": "1"}, {"status": "expired"}])
def test_a_change_without_fields_or_with_unknown_ones_is_refused(sim: Simulator, api: Api, end: str, body: Any) -> None:
    before = sim.add()
    details = error(api("PATCH", f"{NUMBERS}/{before['id']}{end}", json=body), 400)
    assert details.get("field") == next(iter(body), None)
    assert sim.numbers() == [before]


@pytest.mark.parametrize("end", ["", "/sip", "/agent"])
def test_an_expired_number_cannot_be_changed(sim: Simulator, api: Api, end: str) -> None:
    expired = sim.add(status="expired")
    body = {"inbound_agent": None} if end == "/agent" else {"memo": "late"}
    error(api("PATCH", f"{NUMBERS}/{expired['id']}{end}", json=body), 409)
    assert sim.numbers() == [expired]


@pytest.mark.parametrize("end", ["", "/sip"])
@pytest.mark.parametrize("memo", ["new", "가" * 200, "", None])
def test_the_memo(sim: Simulator, api: Api, end: str, memo: Any) -> None:
    before = sim.add(memo="old")
    after = api("PATCH", f"{NUMBERS}/{before['id']}{end}", json={"memo": memo}).json()
    assert after == before | {"memo": memo, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    assert sim.numbers() == [after]


@pytest.mark.parametrize("memo", ["m" * 201, 1, ["m"]])
def test_an_invalid_memo(sim: Simulator, api: Api, memo: Any) -> None:
    number = sim.add()
    assert error(api("PATCH", f"{NUMBERS}/{number['id']}", json={"memo": memo}), 400)["field"] == "memo"


@pytest.mark.parametrize(
    ("body", "address", "credentials"),
    [
        ({"address": "sip:new", "auth_password": "p2"}, "sip:new", ("u", "p2")),
        ({"auth_username": "u2", "auth_password": "p2"}, "sip:old", ("u2", "p2")),
        ({"auth_password": "p2"}, "sip:old", ("u", "p2")),
        ({"address": None, "auth_password": "p2"}, None, ("u", "p2")),
        ({"auth_username": None, "auth_password": "p2"}, "sip:old", (None, "p2")),
        ({"address": "sip:old"}, "sip:old", ("u", "p")),
        ({"auth_username": "u"}, "sip:old", ("u", "p")),
    ],
)
def test_the_trunk(
    sim: Simulator, api: Api, body: Any, address: str | None, credentials: tuple[str | None, str | None]
) -> None:
    before = sim.add(address="sip:old", auth_username="u", auth_password="p")
    response = api("PATCH", f"{NUMBERS}/{before['id']}/sip", json=body)
    assert response.json() == before | {"address": address, "updated_at": response.json()["updated_at"]}
    assert sim.credentials(before["id"]) == credentials


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"address": "sip:new"}, "auth_password"),
        ({"address": None}, "auth_password"),
        ({"auth_username": "u2"}, "auth_password"),
        ({"auth_username": None}, "auth_password"),
        ({"address": "sip:new", "auth_password": None}, "auth_password"),
        ({"address": "", "auth_password": "p"}, "address"),
        ({"address": "sip:refused.example.com", "auth_password": "p"}, "address"),
        ({"address": "two words", "auth_password": "p"}, "address"),
    ],
)
def test_an_invalid_change_of_the_trunk(sim: Simulator, api: Api, body: Any, field: str) -> None:
    before = sim.add(address="sip:old", auth_username="u", auth_password="p")
    assert error(api("PATCH", f"{NUMBERS}/{before['id']}/sip", json=body), 400)["field"] == field
    assert sim.numbers() == [before]
    assert sim.credentials(before["id"]) == ("u", "p")


def test_a_bought_number_has_no_custom_trunk(sim: Simulator, api: Api) -> None:
    bought = sim.add(provider="vox")
    error(api("PATCH", f"{NUMBERS}/{bought['id']}/sip", json={"address": "sip:x", "auth_password": "p"}), 400)
    assert sim.numbers() == [bought]


@pytest.mark.parametrize("name", ["inbound_agent", "outbound_agent", "sms_inbound_agent"])
@pytest.mark.parametrize("version", [None, "current", "production", "v1", "v10"])
def test_an_agent_is_mapped_and_unmapped(sim: Simulator, api: Api, name: str, version: str | None) -> None:
    number, agent = sim.add(), sim.add_agent()
    mapping = {"agent_id": agent["agent_id"]} | ({"agent_version": version} if version else {})
    mapped = api("PATCH", f"{NUMBERS}/{number['id']}/agent", json={name: mapping}).json()
    assert mapped == number | {
        name: {"agent_id": agent["agent_id"], "agent_version": version or "current"},
        "updated_at": mapped["updated_at"],
    }
    unmapped = api("PATCH", f"{NUMBERS}/{number['id']}/agent", json={name: None}).json()
    assert unmapped == number | {"updated_at": unmapped["updated_at"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"agent_version": None}, "inbound_agent.agent_version"),
        ({"agent_version": "v0"}, "inbound_agent.agent_version"),
        ({"agent_version": "v01"}, "inbound_agent.agent_version"),
        ({"agent_version": "latest"}, "inbound_agent.agent_version"),
        ({"agent_version": 3}, "inbound_agent.agent_version"),
        ({"agent_id": None}, "inbound_agent.agent_id"),
        ({"agent_id": "00000000-0000-4000-8000-000000000000"}, "inbound_agent.agent_id"),
        ({"agent_name": "Front desk"}, "inbound_agent.agent_name"),
    ],
)
def test_an_invalid_mapping(sim: Simulator, api: Api, change: dict[str, Any], field: str) -> None:
    number, agent = sim.add(), sim.add_agent()
    body = {"inbound_agent": {"agent_id": agent["agent_id"]} | change, "outbound_agent": None}
    assert error(api("PATCH", f"{NUMBERS}/{number['id']}/agent", json=body), 400)["field"] == field
    assert sim.numbers() == [number]


def test_another_organizations_agent_cannot_be_mapped(sim: Simulator, api: Api) -> None:
    number, agent = sim.add(), sim.add_agent(key="key-b")
    body = {"inbound_agent": {"agent_id": agent["agent_id"]}}
    error(api("PATCH", f"{NUMBERS}/{number['id']}/agent", json=body), 400)


# --- deletions ---


def test_a_custom_number_expires_at_once(sim: Simulator, api: Api) -> None:
    number = sim.add()
    answer = api("DELETE", f"{NUMBERS}/{number['id']}").json()
    after = sim.numbers()[0]
    assert answer == {name: number[name] for name in ("id", "number", "provider")} | {"effective_at": after["end_at"]}
    assert after["status"] == "expired"
    assert after["cancel_requested_at"] is None
    assert api("GET", f"{NUMBERS}/{number['id']}").json() == after
    assert api("GET", NUMBERS).json()["items"] == []
    assert api("GET", NUMBERS, params={"status": "expired"}).json()["items"] == [after]


def test_a_bought_number_ends_with_its_period_unless_this_is_revoked(sim: Simulator, api: Api) -> None:
    number = sim.add(provider="vox")
    answer = api("DELETE", f"{NUMBERS}/{number['id']}").json()
    after = sim.numbers()[0]
    assert after["status"] == "cancel_requested"
    assert answer["effective_at"] == after["end_at"] > after["cancel_requested_at"] > number["created_at"]
    revoked = api("POST", f"{NUMBERS}/{number['id']}/revoke-cancel").json()
    assert revoked == number | {"updated_at": revoked["updated_at"]}
    assert sim.numbers() == [revoked]


@pytest.mark.parametrize("status", ["active", "scheduled", "expired"])
def test_only_a_pending_cancellation_can_be_revoked(sim: Simulator, api: Api, status: str) -> None:
    number = sim.add(provider="vox", status=status)
    error(api("POST", f"{NUMBERS}/{number['id']}/revoke-cancel"), 409)
    assert sim.numbers() == [number]


# --- agents, and numbers that can be bought ---


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Night desk", "Sales", "Front desk"]),
        ({"sort_order": "asc"}, ["Front desk", "Sales", "Night desk"]),
        ({"q": "DESK"}, ["Night desk", "Front desk"]),
        ({"q": "nobody"}, []),
        ({"type": "flow"}, ["Night desk", "Sales"]),
        ({"type": ["flow", "single_prompt"]}, ["Night desk", "Sales", "Front desk"]),
        ({"type": "flow", "q": "desk"}, ["Night desk"]),
    ],
)
def test_agents(sim: Simulator, api: Api, query: dict[str, Any], names: list[str]) -> None:
    sim.add_agent("Front desk", production_version=None)
    sim.add_agent("Sales", type="flow")
    last = sim.add_agent("Night desk", type="flow")
    page = api("GET", "/agents", params=query).json()
    assert [item["name"] for item in page["items"]] == names
    assert page["total_count"] == len(names)
    if "Night desk" in names:
        assert last in page["items"]
        assert set(last) == {"agent_id", "name", "type", "production_version"}


def test_pages_of_agents(sim: Simulator, api: Api) -> None:
    for index in range(3):
        sim.add_agent(str(index))
    first = api("GET", "/agents", params={"limit": 2}).json()
    rest = api("GET", "/agents", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["2", "1", "0"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("sort_by", ["number", "monthly_fee"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_available_numbers(api: Api, sort_by: str, order: str) -> None:
    query = {"sort_by": sort_by, "sort_order": order, "limit": 4}
    first = api("GET", "/telephone-numbers/available", params=query).json()
    rest = api("GET", "/telephone-numbers/available", params=query | {"cursor": first["next_cursor"]}).json()
    items = first["items"] + rest["items"]
    assert len({item["number"] for item in items}) == len(items) == first["total_count"] > 4
    keys = [item[sort_by] for item in items]
    assert keys == sorted(keys, reverse=order == "desc")


def test_available_numbers_of_one_kind(api: Api) -> None:
    page = api("GET", "/telephone-numbers/available", params={"line_type": "local"}).json()
    assert page["items"]
    assert {item["line_type"] for item in page["items"]} == {"local"}


@pytest.mark.parametrize("body", ["[" * 10**4 + "]" * 10**4, '{"memo":' * 10**4 + "1" + "}" * 10**4])
@pytest.mark.parametrize(("method", "end"), [("POST", REGISTER), ("PATCH", f"{NUMBERS}/any"), ("PATCH", "/nowhere")])
def test_a_deeply_nested_body_is_refused(sim: Simulator, api: Api, method: str, end: str, body: str) -> None:
    response = api(method, end, data=body, headers={"Content-Type": "application/json"})
    error(response, 404 if end == "/nowhere" else 400)
    assert sim.requests[-1].body == body.encode()
