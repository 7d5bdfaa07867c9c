# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both sides of every switch."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from simulator import Simulator, Switches
from unit.simulator.calling import BODY, NUMBERS, REGISTER, Api


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


@pytest.mark.parametrize("status", [200, 404, 409])
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


@pytest.mark.parametrize("status", [200, 409])
@pytest.mark.parametrize(("end", "body"), [("", {"memo": "m"}), ("/sip", {"memo": "m"})])
def test_patch_expired(sim: Simulator, api: Api, status: Any, end: str, body: Any) -> None:
    sim.switches.patch_expired = status
    number = sim.add(status="expired")
    response = api("PATCH", f"{NUMBERS}/{number['id']}{end}", json=body)
    assert response.status_code == status
    if status == 200:
        assert (response.json()["status"], response.json()["memo"]) == ("expired", "m")
    # The reference says so of agents.
    agents = api("PATCH", f"{NUMBERS}/{number['id']}/agent", json={"inbound_agent": None})
    assert agents.status_code == 409


def test_repeated_status(sim: Simulator, api: Api) -> None:
    sim.add(status="expired")
    query = [("status", "active"), ("status", "expired")]
    assert api("GET", NUMBERS, params=query).json()["error"]["details"]["field"] == "status"
    sim.switches.repeated_status = "last"
    assert api("GET", NUMBERS, params=query).json()["total_count"] == 1
    assert api("GET", NUMBERS, params=query[::-1]).json()["total_count"] == 0


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
    # What was read back may be written back: it changes nothing, so no password is needed.
    assert api("PATCH", f"{NUMBERS}/{number['id']}/sip", json={"address": address}).status_code == 200


@pytest.mark.parametrize(("echo", "memo"), [(True, " cafe\u0301 "), (False, "caf\u00e9")])
def test_echo_memo(sim: Simulator, api: Api, echo: bool, memo: str) -> None:
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


def test_over_the_limit_nothing_is_done(sim: Simulator, api: Api) -> None:
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


def test_every_switch_is_tested_here() -> None:
    tested = {name.removeprefix("test_") for name in globals()}
    assert {switch.name for switch in dataclasses.fields(Switches)} <= tested
