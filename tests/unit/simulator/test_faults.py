# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault, and the requests that it applies to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from simulator import Simulator
from unit.simulator.calling import BODY, NUMBERS, REGISTER, Api

Wire = tuple[Simulator, requests.Session]


@pytest.fixture(params=[False, True], ids=["http", "https"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """A simulator with and without TLS, and a session for it."""
    with Simulator(tls=request.param) as sim, requests.Session() as session:
        session.trust_env = False
        session.verify = sim.ca_path or True
        session.headers["Authorization"] = "Bearer key-a"
        yield sim, session


@pytest.mark.parametrize(("action", "registered"), [("close_before", 0), ("close_after", 1)])
def test_a_connection_is_closed_without_a_response(wire: Wire, action: str, registered: int) -> None:
    sim, session = wire
    sim.fault(action)
    with pytest.raises(requests.ConnectionError):
        session.post(sim.url + REGISTER, json=BODY, timeout=5)
    assert len(sim.numbers()) == registered
    assert [(entry.status, entry.fault, entry.key) for entry in sim.requests] == [(None, action, "key-a")]
    assert session.get(sim.url + "/agents", timeout=5).status_code == 200


def test_a_truncated_response(wire: Wire) -> None:
    sim, session = wire
    sim.fault("truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        session.post(sim.url + REGISTER, json=BODY, timeout=5)
    assert len(sim.numbers()) == 1
    assert sim.requests[0].status == 201


def test_two_faults_may_close_the_port_at_once() -> None:
    """They leave no open socket. Otherwise, pytest fails the test because of its warning."""
    with Simulator() as sim:
        server = sim._server
        assert server._loop

        async def close_twice() -> None:
            await asyncio.gather(server.close_port(), server.close_port())
            server.reopen_port(3600)
            server.listen_again()

        asyncio.run_coroutine_threadsafe(close_twice(), server._loop).result()
        gc.collect()
        requests.get(sim.url + NUMBERS, timeout=5)


def test_connections_are_refused_for_a_while(wire: Wire) -> None:
    sim, session = wire
    with requests.Session() as idle:
        idle.trust_env = False
        idle.get(sim.url + "/agents", verify=sim.ca_path, timeout=5)
        sim.fault("refuse", seconds=1)
        start = time.monotonic()
        assert session.post(sim.url + REGISTER, json=BODY, timeout=5).status_code == 201
        for client in (session, idle):
            with pytest.raises(requests.ConnectionError, match="refused"):
                client.get(sim.url + "/agents", verify=sim.ca_path or True, timeout=5)
    while not sim.requests[2:]:
        time.sleep(0.05)
        with contextlib.suppress(requests.ConnectionError):
            assert session.get(sim.url + "/agents", timeout=5).status_code == 200
    assert time.monotonic() - start >= 1


@pytest.mark.parametrize("end", [Simulator.reset, Simulator.clear_faults])
def test_a_refusal_can_be_ended(sim: Simulator, api: Api, end: Callable[[Simulator], None]) -> None:
    sim.fault("refuse", seconds=60)
    api("POST", REGISTER, json=BODY)
    end(sim)
    assert api("GET", "/agents").status_code == 200


@pytest.mark.parametrize(("action", "registered"), [("error_before", 0), ("error_after", 1)])
@pytest.mark.parametrize("status", [None, 502, 503, 504])
def test_a_server_error(sim: Simulator, api: Api, action: str, registered: int, status: int | None) -> None:
    parameters: dict[str, Any] = {"status": status} if status else {}
    sim.fault(action, **parameters)
    response = api("POST", REGISTER, json=BODY)
    assert response.status_code == (status or 500)
    assert response.json()["error"]["code"] == "INTERNAL_ERROR"
    assert response.json()["error"]["details"] == {}
    assert len(sim.numbers()) == registered
    assert (sim.requests[0].status, sim.requests[0].fault) == (status or 500, action)


@pytest.mark.parametrize("retry_after", [None, 3, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_too_many_requests(sim: Simulator, api: Api, retry_after: Any) -> None:
    sim.fault("rate_limited", retry_after=retry_after)
    response = api("POST", REGISTER, json=BODY)
    assert response.status_code == 429
    assert response.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
    assert sim.numbers() == []


@pytest.mark.parametrize(("parameters", "registered"), [({}, 0), ({"processed": True}, 1)])
def test_a_page_of_html(sim: Simulator, api: Api, parameters: dict[str, Any], registered: int) -> None:
    sim.fault("html", **parameters)
    response = api("POST", REGISTER, json=BODY)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert len(sim.numbers()) == registered


def test_a_slow_response_to_a_waiting_client(sim: Simulator, api: Api) -> None:
    sim.fault("slow", seconds=0.2)
    start = time.monotonic()
    assert api("POST", REGISTER, json=BODY).status_code == 201
    assert 0.2 <= time.monotonic() - start < 1


@pytest.mark.parametrize("timeout", [5, 0.05])
def test_a_request_that_is_processed_late(sim: Simulator, api: Api, timeout: float) -> None:
    sim.fault("late", seconds=0.2)
    with contextlib.suppress(requests.Timeout):
        assert api("POST", REGISTER, json=BODY, timeout=timeout).status_code == 201
    assert len(sim.numbers()) == (timeout > 0.2)
    while not sim.requests[0].over:
        time.sleep(0.01)
    assert len(sim.numbers()) == 1


def test_another_client_is_faster(sim: Simulator, api: Api) -> None:
    held = sim.add("0701")

    def change() -> None:
        sim.add(BODY["number"])
        sim.change(held["id"], status="expired")

    sim.fault("meanwhile", change=change)
    assert api("POST", REGISTER, json=BODY).status_code == 409
    assert [(number["number"], number["status"]) for number in sim.numbers()] == [
        ("0701", "expired"),
        (BODY["number"], "active"),
    ]
    with pytest.raises(KeyError):
        sim.change("unknown", memo="x")


def test_a_change_is_ignored(sim: Simulator, api: Api) -> None:
    number = sim.add(memo="old")
    sim.fault("ignored", None, None, occurrence=0)
    path = f"{NUMBERS}/{number['id']}"
    answer = api("PATCH", path, json={"memo": "new"})
    assert (answer.status_code, answer.json()) == (200, number)
    assert api("DELETE", path).json() == number
    assert api("POST", REGISTER, json=BODY).json() == {}
    assert sim.numbers() == [number]


def test_a_partial_record(sim: Simulator, api: Api) -> None:
    sim.fault("part", None, None, occurrence=0)
    answer = api("POST", REGISTER, json=BODY)
    (number,) = sim.numbers()
    assert (answer.status_code, answer.json()) == (201, {"id": number["id"]})
    assert api("GET", NUMBERS).json()["items"] == [number]
    assert api("GET", f"{NUMBERS}/unknown").status_code == 404


def test_a_response_quotes_the_request(sim: Simulator, api: Api) -> None:
    sim.fault("echo")
    response = api("POST", REGISTER, json=BODY)
    assert response.status_code == 400
    error = response.json()["error"]
    assert "Bearer key-a" in error["message"]
    assert BODY["number"] in error["message"]
    assert error["details"]["received"] == BODY
    assert BODY["number"] in error["details"]
    assert sim.numbers() == []


def test_faults_are_removed(sim: Simulator, api: Api) -> None:
    sim.fault("error_before", occurrence=0)
    assert sim.disturbed
    sim.clear_faults()
    assert not sim.disturbed
    assert api("POST", REGISTER, json=BODY).status_code == 201


def test_a_slow_response_to_a_disconnected_client(sim: Simulator, api: Api) -> None:
    sim.fault("slow", seconds=30)
    with pytest.raises(requests.Timeout):
        api("POST", REGISTER, json=BODY, timeout=0.2)
    assert len(sim.numbers()) == 1
    assert [entry.status for entry in sim.requests] == [None]


def test_a_redirect(sim: Simulator, api: Api) -> None:
    sim.fault("redirect", location="http://127.0.0.1:9/elsewhere")
    response = api("POST", REGISTER, json=BODY)
    assert response.status_code == 302
    assert response.headers["Location"] == "http://127.0.0.1:9/elsewhere"
    assert sim.numbers() == []


@pytest.mark.parametrize(
    ("body", "content_type", "raw"),
    [
        (b"\xff\x00", "application/octet-stream", b"\xff\x00"),
        ("{", "text/plain; charset=utf-8", b"{"),
        ([1], "application/json", b"[1]"),
        (None, "application/json", b"null"),
    ],
)
def test_any_response(sim: Simulator, api: Api, body: Any, content_type: str, raw: bytes) -> None:
    sim.fault("answer", status=418, body=body, headers={"X-Kettle": "on"}, processed=True)
    response = api("POST", REGISTER, json=BODY)
    assert (response.status_code, response.content) == (418, raw)
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Kettle"] == "on"
    assert len(sim.numbers()) == 1


def test_any_response_with_its_own_content_type_and_without_processing(sim: Simulator, api: Api) -> None:
    sim.fault("answer", body="{}", headers={"Content-Type": "application/json"})
    response = api("POST", REGISTER, json=BODY)
    assert (response.status_code, response.json()) == (200, {})
    assert response.headers["Content-Type"] == "application/json"
    assert sim.numbers() == []


# --- the requests of a fault ---


def statuses(api: Api, *calls: Any) -> list[int]:
    return [api(*call).status_code for call in calls]


def test_once_at_the_next_match(sim: Simulator, api: Api) -> None:
    sim.fault("error_before", "GET", "/agents")
    assert statuses(api, ("GET", NUMBERS), ("GET", "/agents"), ("GET", "/agents")) == [200, 500, 200]


def test_at_a_later_match(sim: Simulator, api: Api) -> None:
    api("GET", "/agents")
    sim.fault("error_before", "GET", "/agents", occurrence=2)
    assert statuses(api, *[("GET", "/agents")] * 3) == [200, 500, 200]


def test_at_every_match(sim: Simulator, api: Api) -> None:
    sim.fault("error_before", "GET", "/agents", occurrence=0)
    assert statuses(api, *[("GET", "/agents")] * 3, ("GET", NUMBERS)) == [500, 500, 500, 200]


def test_any_method_and_any_id(sim: Simulator, api: Api) -> None:
    number_id = sim.add()["id"]
    sim.fault("error_before", None, NUMBERS + "/{id}", occurrence=0)
    path = f"{NUMBERS}/{number_id}"
    assert statuses(api, ("GET", path), ("DELETE", path)) == [500, 500]
    assert statuses(api, ("GET", NUMBERS), ("POST", f"{path}/revoke-cancel")) == [200, 409]


def test_two_equal_faults_apply_to_two_requests(sim: Simulator, api: Api) -> None:
    sim.fault("error_before", "GET", "/agents", status=503)
    sim.fault("error_before", "GET", "/agents", status=502)
    assert statuses(api, *[("GET", "/agents")] * 3) == [503, 502, 200]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [("explode", {}), ("slow", {}), ("close_before", {"seconds": 1}), ("error_after", {"code": 500})],
)
def test_an_unknown_fault(sim: Simulator, action: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=action):
        sim.fault(action, **parameters)


def test_a_fault_does_not_bypass_the_key_or_the_rate_limit(sim: Simulator, api: Api) -> None:
    sim.fault("close_after")
    with pytest.raises(requests.ConnectionError):
        api("POST", REGISTER, key="nobody", json=BODY)
    assert sim.numbers() == []


def test_a_request_is_processed_if_the_client_disconnects_during_the_latency(sim: Simulator, api: Api) -> None:
    sim.switches.latency = 5
    with pytest.raises(requests.Timeout):
        api("POST", REGISTER, json=BODY, timeout=0.1)
    while not sim.numbers():
        time.sleep(0.005)
    assert sim.requests[0].status is None


def test_a_slow_response_does_not_delay_others(sim: Simulator, api: Api) -> None:
    sim.fault("slow", "GET", "/agents", seconds=30)
    host, port = sim.url.removeprefix("http://").removesuffix("/v3").split(":")
    with socket.create_connection((host, int(port))) as waiting:
        waiting.sendall(b"GET /v3/agents HTTP/1.1\r\nHost: x\r\n\r\n")
        while not sim.requests:
            time.sleep(0.005)
        assert api("GET", NUMBERS).status_code == 200
        assert [entry.status for entry in sim.requests] == [None, 200]
