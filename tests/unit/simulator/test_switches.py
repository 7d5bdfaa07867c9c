# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All values of every switch."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from simulator import Simulator, Switches, observed_switches
from unit.simulator.calling import BODY, NUMBERS, REGISTER, Api, error


@pytest.mark.parametrize("status", [200, 201])
def test_register_status(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.register_status = status
    assert api("POST", REGISTER, json=BODY).status_code == status


@pytest.mark.parametrize(("status", "records"), [(201, 2), (400, 1), (409, 1), (422, 1)])
def test_duplicate_status(sim: Simulator, api: Api, status: Any, records: int) -> None:
    sim.switches.duplicate_status = status
    sim.add()
    assert api("POST", REGISTER, json=BODY).status_code == status
    assert len(sim.numbers()) == records


@pytest.mark.parametrize(("demanded", "password", "status"), [(True, None, 400), (False, None, 200), (False, "p", 400)])
@pytest.mark.parametrize("change", [{"address": "sip:new"}, {"auth_username": "u"}])
def test_password_demanded(
    sim: Simulator, api: Api, demanded: bool, password: str | None, status: Any, change: dict[str, Any]
) -> None:
    sim.switches.password_demanded = demanded
    number = sim.add(auth_password=password)
    assert api("PATCH", f"{NUMBERS}/{number['id']}/sip", json=change).status_code == status


@pytest.mark.parametrize("status", [200, 204, 404, 409])
def test_delete_expired(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.delete_expired = status
    number = sim.add(status="expired")
    response = api("DELETE", f"{NUMBERS}/{number['id']}")
    assert response.status_code == status
    if status == 200:
        assert response.json()["effective_at"] == number["end_at"]
    assert sim.numbers() == [number]


@pytest.mark.parametrize("status", [200, 409])
def test_delete_cancel_requested(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.delete_cancel_requested = status
    number = sim.add(status="cancel_requested", provider="vox")
    assert api("DELETE", f"{NUMBERS}/{number['id']}").status_code == status
    assert sim.numbers() == [number]


@pytest.mark.parametrize(("allowed", "status"), [(True, 200), (False, 409)])
@pytest.mark.parametrize(
    ("end", "body"), [("", {"memo": "m"}), ("/sip", {"memo": "m"}), ("/agent", {"inbound_agent": None})]
)
def test_patch_cancel_requested(sim: Simulator, api: Api, allowed: bool, status: Any, end: str, body: Any) -> None:
    sim.switches.patch_cancel_requested = allowed
    number = sim.add(status="cancel_requested")
    assert api("PATCH", f"{NUMBERS}/{number['id']}{end}", json=body).status_code == status


@pytest.mark.parametrize("status", [200, 400, 404, 409, 422])
@pytest.mark.parametrize(("end", "body"), [("", {"memo": "m"}), ("/sip", {"memo": "m"})])
def test_patch_expired(sim: Simulator, api: Api, status: Any, end: str, body: Any) -> None:
    sim.switches.patch_expired = status
    number = sim.add(status="expired")
    response = api("PATCH", f"{NUMBERS}/{number['id']}{end}", json=body)
    assert response.status_code == status
    if status == 200:
        assert (response.json()["status"], response.json()["memo"]) == ("expired", "m")
    # The reference says that agents of an expired number cannot be changed.
    agents = api("PATCH", f"{NUMBERS}/{number['id']}/agent", json={"inbound_agent": None})
    assert agents.status_code == 409


def test_repeated_status(sim: Simulator, api: Api) -> None:
    sim.add(status="expired")
    query = [("status", "active"), ("status", "expired")]
    assert api("GET", NUMBERS, params=query).json()["error"]["details"]["field"] == "status"
    for value, counts in (("last", (1, 0)), ("first", (0, 1)), ("all", (1, 1))):
        sim.switches.repeated_status = value  # type: ignore[assignment]
        answers = [api("GET", NUMBERS, params=params).json() for params in (query, query[::-1])]
        assert tuple(answer["total_count"] for answer in answers) == counts


@pytest.mark.parametrize(("echo", "address"), [(True, "sip:host:5060"), (False, "host:5060")])
def test_echo_sip(sim: Simulator, api: Api, echo: bool, address: str | None) -> None:
    sim.switches.echo_sip = echo
    number = api("POST", REGISTER, json=BODY | {"address": "sip:host:5060"}).json()
    shown = [
        number,
        api("GET", f"{NUMBERS}/{number['id']}").json(),
        sim.numbers()[0],
        api("GET", NUMBERS).json()["items"][0],
    ]
    assert [record["address"] for record in shown] == [address] * 4
    # Writing back the returned address changes nothing, so it needs no password.
    assert api("PATCH", f"{NUMBERS}/{number['id']}/sip", json={"address": address}).status_code == 200


@pytest.mark.parametrize(
    ("echo", "memo"),
    [(True, " cafe\u0301 "), (False, "caf\u00e9"), ("trimmed", "cafe\u0301"), ("composed", " caf\u00e9 ")],
)
def test_echo_memo(sim: Simulator, api: Api, echo: Any, memo: str) -> None:
    sim.switches.echo_memo = echo
    number = api("POST", REGISTER, json=BODY | {"memo": " cafe\u0301 "}).json()
    shown = [
        number,
        api("PATCH", f"{NUMBERS}/{number['id']}", json={"memo": " cafe\u0301 "}).json(),
        api("GET", f"{NUMBERS}/{number['id']}").json(),
        sim.numbers()[0],
        api("GET", NUMBERS).json()["items"][0],
    ]
    assert [record["memo"] for record in shown] == [memo] * 5


@pytest.mark.parametrize(
    ("end", "body"), [("", {"memo": "m"}), ("/sip", {"memo": "m"}), ("/agent", {"inbound_agent": None})]
)
def test_patch_answers(sim: Simulator, api: Api, end: str, body: Any) -> None:
    number = sim.add()
    path = f"{NUMBERS}/{number['id']}{end}"
    assert api("PATCH", path, json=body).json()["id"] == number["id"]
    sim.switches.patch_answers = "part"
    assert api("PATCH", path, json=body).json() == {"id": number["id"], "number": number["number"], **body}
    sim.switches.patch_answers = "empty"
    assert api("PATCH", path, json=body).json() == {}
    sim.switches.patch_answers = "nothing"
    response = api("PATCH", path, json=body)
    assert (response.status_code, response.content) == (204, b"")


def test_show_nulls(sim: Simulator, api: Api) -> None:
    sim.switches.show_nulls = False
    shown = api("POST", REGISTER, json=BODY).json()
    assert {"id", "number", "address"} <= set(shown) and None not in shown.values()
    assert api("GET", f"{NUMBERS}/{shown['id']}").json() == shown
    assert api("GET", NUMBERS).json()["items"] == [shown]


def test_list_lag(sim: Simulator, api: Api) -> None:
    sim.switches.list_lag = 60
    old = sim.add(number="1", memo="old")
    api("PATCH", f"{NUMBERS}/{old['id']}", json={"memo": "new"})
    new = api("POST", REGISTER, json=BODY).json()
    assert api("GET", NUMBERS).json()["items"] == [old]
    assert api("GET", f"{NUMBERS}/{old['id']}").json()["memo"] == "new"
    assert api("GET", f"{NUMBERS}/{new['id']}").json() == new
    time.sleep(0.1)
    sim.switches.list_lag = 0.1
    assert [item["memo"] for item in api("GET", NUMBERS).json()["items"]] == [None, "new"]


@pytest.mark.parametrize("limit", [(2, 100), (100, 2)])
def test_rate_limit(sim: Simulator, api: Api, limit: tuple[int, int]) -> None:
    sim.switches.rate_limit = limit
    assert [api("GET", "/agents").status_code for _index in range(4)] == [200, 200, 429, 429]
    assert api("GET", "/agents", key="key-b").status_code == 200, "each key has its own windows"
    time.sleep(1)
    assert api("GET", "/agents").status_code == (200 if limit[0] == 2 else 429)


def test_requests_above_the_rate_limit_are_not_processed(sim: Simulator, api: Api) -> None:
    sim.switches.rate_limit = (1, 1)
    assert api("GET", "/agents").status_code == 200
    response = api("POST", REGISTER, json=BODY)
    assert response.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert "Retry-After" not in response.headers
    assert sim.numbers() == []


def test_latency(sim: Simulator, api: Api) -> None:
    sim.switches.latency = 0.2
    start = time.monotonic()
    assert api("GET", "/agents").status_code == 200
    assert 0.2 <= time.monotonic() - start < 1


def test_retry_after(sim: Simulator, api: Api) -> None:
    sim.switches = Switches(rate_limit=(0, 0), retry_after=1.5)
    assert api("GET", "/agents").headers["Retry-After"] == "1.5"


@pytest.mark.parametrize("status", [401, 403])
def test_no_key_status(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.no_key_status = status
    error(api("GET", NUMBERS, key=None), status)
    error(api("GET", NUMBERS, key="wrong"), 401)


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_key_status(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.wrong_key_status = status
    error(api("GET", NUMBERS, key="wrong"), status)
    error(api("GET", NUMBERS, key=None), 401)


@pytest.mark.parametrize(("body", "text"), [("other", '{"statusCode": 404, "message": "Error"}'), ("empty", "")])
def test_error_bodies(sim: Simulator, api: Api, body: Any, text: str) -> None:
    sim.switches.error_bodies = {404: body, 401: "envelope"}
    assert api("GET", f"{NUMBERS}/unknown").text == text
    error(api("GET", NUMBERS, key=None), 401)


def test_error_codes(sim: Simulator, api: Api) -> None:
    sim.switches.error_codes = {404: "TELEPHONE_NUMBER_NOT_FOUND"}
    response = api("GET", f"{NUMBERS}/unknown")
    error(response, 404)
    assert response.json()["error"]["code"] == "TELEPHONE_NUMBER_NOT_FOUND"
    assert api("GET", NUMBERS, key=None).json()["error"]["code"] == "UNAUTHORIZED"


def test_unknown_route(sim: Simulator, api: Api) -> None:
    error(api("GET", "/unknown"), 404)
    sim.switches.unknown_route = "other"
    response = api("GET", "/unknown")
    assert (response.status_code, "error" in response.json()) == (404, False)
    error(api("GET", f"{NUMBERS}/unknown"), 404)


def test_limit_beyond(sim: Simulator, api: Api) -> None:
    for index in range(101):
        sim.add(number=str(index))
    for limit, shown in (("0", 1), ("101", 100)):
        sim.switches.limit_beyond = "refuse"
        assert error(api("GET", NUMBERS, params={"limit": limit}), 400)["field"] == "limit"
        sim.switches.limit_beyond = "clamp"
        assert len(api("GET", NUMBERS, params={"limit": limit}).json()["items"]) == shown


@pytest.mark.parametrize(("value", "shown"), [("first_page", 1), ("empty", 0)])
def test_unknown_cursor(sim: Simulator, api: Api, value: Any, shown: int) -> None:
    sim.add()
    error(api("GET", NUMBERS, params={"cursor": "made-up"}), 400)
    sim.switches.unknown_cursor = value
    page = api("GET", NUMBERS, params={"cursor": "made-up"}).json()
    assert (len(page["items"]), page["next_cursor"]) == (shown, None)


def test_unknown_status(sim: Simulator, api: Api) -> None:
    sim.add()
    assert "expired" in error(api("GET", NUMBERS, params={"status": "lost"}), 400)["allowed_values"]
    sim.switches.unknown_status = "empty"
    assert api("GET", NUMBERS, params={"status": "lost"}).json()["items"] == []


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_malformed_id(sim: Simulator, api: Api, status: Any, method: str) -> None:
    sim.switches.malformed_id = status
    error(api(method, f"{NUMBERS}/no-uuid"), status)


@pytest.mark.parametrize(("found", "status"), [(True, 200), (False, 404)])
def test_upper_case_id(sim: Simulator, api: Api, found: bool, status: int) -> None:
    sim.switches.upper_case_id = found
    number = sim.add(id="6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    assert api("GET", f"{NUMBERS}/{number['id'].upper()}").status_code == status
    assert api("GET", f"{NUMBERS}/{number['id']}").json()["id"] == number["id"]


def test_q_ignores_case(sim: Simulator, api: Api) -> None:
    sim.add_agent("Front desk")
    for ignored in (True, False):
        sim.switches.q_ignores_case = ignored
        found = [api("GET", "/agents", params={"q": q}).json()["total_count"] for q in ("desk", "DESK")]
        assert found == [1, int(ignored)]


@pytest.mark.parametrize("status", ["active", "scheduled"])
def test_registered_as(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.registered_as = status
    assert api("POST", REGISTER, json=BODY).json()["status"] == status
    assert api("GET", NUMBERS, params={"status": status}).json()["total_count"] == 1


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_unknown_agent(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.unknown_agent = status
    number = sim.add()
    body = {"inbound_agent": {"agent_id": number["id"]}}
    error(api("PATCH", f"{NUMBERS}/{number['id']}/agent", json=body), status)
    assert sim.numbers() == [number]


@pytest.mark.parametrize("status", [200, 404])
def test_get_expired(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.get_expired = status
    number = sim.add(status="expired")
    assert api("GET", f"{NUMBERS}/{number['id']}").status_code == status


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_agents_expired(sim: Simulator, api: Api, status: Any) -> None:
    sim.switches.agents_expired = status
    number = sim.add(status="expired")
    error(api("PATCH", f"{NUMBERS}/{number['id']}/agent", json={"inbound_agent": None}), status)


@pytest.mark.parametrize(("value", "memo", "status"), [("kept", "", 200), ("null", None, 200), ("refuse", "old", 400)])
@pytest.mark.parametrize("end", ["", "/sip"])
def test_empty_memo(sim: Simulator, api: Api, value: Any, memo: Any, status: int, end: str) -> None:
    sim.switches.empty_memo = value
    number = sim.add(memo="old")
    assert api("PATCH", f"{NUMBERS}/{number['id']}{end}", json={"memo": ""}).status_code == status
    assert sim.numbers()[0]["memo"] == memo
    assert api("POST", REGISTER, json=BODY | {"number": "1", "memo": ""}).status_code == (201 if status == 200 else 400)


AB_TEST = {"inbound_agent": [{"agent_version": "v1", "share": 50}, {"agent_version": "v2", "share": 50}]}


def test_show_ab_test(sim: Simulator, api: Api) -> None:
    number = sim.add(unknown={"ab_test": AB_TEST})
    assert "ab_test" not in number
    sim.switches.show_ab_test = True
    assert api("GET", f"{NUMBERS}/{number['id']}").json()["ab_test"] == AB_TEST


@pytest.mark.parametrize(("ends", "left"), [(True, {}), (False, AB_TEST)])
def test_patch_ends_ab_test(sim: Simulator, api: Api, ends: bool, left: Any) -> None:
    sim.switches = Switches(show_ab_test=True, patch_ends_ab_test=ends)
    number = sim.add(unknown={"ab_test": AB_TEST})
    path = f"{NUMBERS}/{number['id']}/agent"
    assert api("PATCH", path, json={"outbound_agent": None}).json()["ab_test"] == AB_TEST
    assert api("PATCH", path, json={"inbound_agent": None}).json()["ab_test"] == left


def test_limit_headers(sim: Simulator, api: Api) -> None:
    sim.switches = Switches(rate_limit=(9, 99), limit_headers=True)
    headers = api("GET", "/agents").headers
    assert (headers["X-RateLimit-Limit-Second"], headers["X-RateLimit-Limit-Minute"]) == ("9", "99")


def test_observed_switches() -> None:
    seen = {"register_status": 200, "rate_limit": [5, 120], "error_codes": {404: "GONE"}}
    assert observed_switches({"switches": seen}) == Switches(
        register_status=200, rate_limit=(5, 120), error_codes={404: "GONE"}
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text", "the mapping 'switches' is missing"),
        ({"switches": [1]}, "the mapping 'switches' is missing"),
        ({"switches": {"colour": 1, 2: 3}}, "the simulator has no switch 2, colour"),
        ({"switches": {"register_status": 418, "error_bodies": 1}}, "these switches: error_bodies, register_status"),
    ],
)
def test_invalid_observed_switches(content: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        observed_switches(content)


def test_every_switch_is_tested_here() -> None:
    tested = {name.removeprefix("test_") for name in globals()}
    assert {switch.name for switch in dataclasses.fields(Switches)} <= tested
