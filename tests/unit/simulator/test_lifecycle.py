# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start, stop, the log, and the interface for tests."""

from __future__ import annotations

import gc
import socket
import threading
import time
from pathlib import Path

import pytest
import requests

from simulator import Simulator, Switches, number_record
from unit.simulator.calling import BODY, NUMBERS, REGISTER, Api


def address_of(sim: Simulator) -> tuple[str, int]:
    return "127.0.0.1", int(sim.url.split(":")[2].removesuffix("/v3"))


@pytest.mark.parametrize("tls", [False, True])
def test_a_stop_with_open_connections_is_clean_and_quick(tls: bool) -> None:
    with requests.Session() as session, Simulator(tls=tls) as sim:
        session.trust_env = False
        session.get(sim.url + "/agents", verify=sim.ca_path or True, timeout=5)
        silent = socket.create_connection(address_of(sim))
        half = socket.create_connection(address_of(sim))
        half.sendall(b"POST /v3/agents HTTP/1.1\r\nContent-Length: 5\r\n\r\n1")
        start = time.monotonic()
    assert time.monotonic() - start < 1.5
    with silent, half, pytest.raises(ConnectionRefusedError):
        socket.create_connection(address_of(sim))
    assert not [thread for thread in threading.enumerate() if str(address_of(sim)[1]) in thread.name]
    gc.collect()  # An open transport would warn now, and warnings are errors.


def test_a_stop_does_not_wait_for_a_slow_response() -> None:
    with Simulator() as sim:
        sim.fault("slow", "GET", "/agents", seconds=30)
        client = socket.create_connection(address_of(sim))
        client.sendall(b"GET /v3/agents HTTP/1.1\r\nHost: x\r\n\r\n")
        while not sim.requests:
            time.sleep(0.005)
        start = time.monotonic()
    assert time.monotonic() - start < 1.5
    with client:
        assert client.recv(1) == b""


def test_a_stop_while_connections_are_refused() -> None:
    with Simulator() as other:
        other.fault("refuse", seconds=30)
        requests.post(other.url + REGISTER, json=BODY, timeout=5)
    with Simulator(port=address_of(other)[1]):
        pass


def test_parallel_requests() -> None:
    simulators = [Simulator() for _index in range(5)]
    for sim in simulators:
        sim.__enter__()
    assert len({sim.url for sim in simulators}) == 5
    simulators[0].add()
    assert [len(sim.numbers()) for sim in simulators] == [1, 0, 0, 0, 0]
    for sim in simulators:
        sim.__exit__()


def test_a_chosen_port(sim: Simulator) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Simulator(port=port) as chosen:
        assert chosen.url == f"http://127.0.0.1:{port}/v3"
    with pytest.raises(OSError, match="in use"):
        Simulator(port=address_of(sim)[1])


def test_tls_is_verified_against_its_own_authority() -> None:
    with Simulator(tls=True) as sim, requests.Session() as session:
        session.trust_env = False
        assert sim.ca_path
        assert sim.url.startswith("https://127.0.0.1:")
        assert session.get(sim.url + "/agents", verify=sim.ca_path, timeout=5).status_code == 401
        named = sim.url.replace("127.0.0.1", "localhost")
        assert session.get(named + "/agents", verify=sim.ca_path, timeout=5).status_code == 401
        with Simulator(tls=True) as other, pytest.raises(requests.exceptions.SSLError):
            session.get(sim.url + "/nowhere", verify=other.ca_path, timeout=5)
    assert not Path(sim.ca_path).exists()


def test_without_tls_there_is_no_authority(sim: Simulator) -> None:
    assert sim.ca_path is None


# --- the log ---


def test_a_logged_request(sim: Simulator, api: Api) -> None:
    before = time.monotonic()
    api(
        "PATCH",
        f"{NUMBERS}/7",
        params=[("a", "1"), ("a", "가"), ("b", "")],
        json={"memo": "메모"},
        headers={"X-One": "1"},
    )
    (entry,) = sim.requests
    assert (entry.method, entry.path, entry.status, entry.key) == ("PATCH", f"{NUMBERS}/7", 400, "key-a")
    assert entry.query == [("a", "1"), ("a", "가"), ("b", "")]
    assert entry.body == {"memo": "메모"}
    assert entry.headers["x-one"] == "1"
    assert entry.headers["authorization"] == "Bearer key-a"
    assert entry.fault is None
    assert before < entry.at < time.monotonic()


def test_logged_bodies(sim: Simulator, api: Api) -> None:
    for data in (b"", b"null", b"{", b"\xff"):
        api("POST", REGISTER, key=None, data=data)
    assert [entry.body for entry in sim.requests] == [None, None, b"{", b"\xff"]
    assert {entry.key for entry in sim.requests} == {None}
    assert {entry.status for entry in sim.requests} == {401}


def test_writes_are_all_requests_except_get(sim: Simulator, api: Api) -> None:
    api("GET", NUMBERS)
    api("POST", REGISTER, json=BODY)
    api("DELETE", f"{NUMBERS}/7")
    assert [entry.method for entry in sim.writes] == ["POST", "DELETE"]
    sim.clear_log()
    assert sim.requests == sim.writes == []
    assert len(sim.numbers()) == 1


def test_connections_are_distinguished(sim: Simulator, api: Api) -> None:
    api("GET", "/agents")
    api("GET", "/nowhere")
    requests.get(sim.url + "/agents", timeout=5)
    first, second, third = (entry.connection for entry in sim.requests)
    assert first == second != third


def test_a_failure_of_the_simulator_itself(
    sim: Simulator, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("simulator._app._check_address", None)
    response = api("POST", REGISTER, json=BODY)
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "INTERNAL_ERROR"
    assert "TypeError" in caplog.text


# --- the interface for tests ---


def test_other_fields_of_an_added_number_are_consistent(sim: Simulator) -> None:
    bought = sim.add(number="15880000", provider="vox")
    assert bought["monthly_fee"]
    assert bought["address"] is bought["inbound_trunk_id"] is None
    pending = sim.add(status="cancel_requested")
    assert pending["end_at"] > pending["cancel_requested_at"]
    assert sim.add(status="expired", end_at=5)["end_at"] == 5
    assert sim.add(id="mine", memo="m", inbound_agent={"agent_id": "a", "agent_version": "v1"})["memo"] == "m"
    with pytest.raises(TypeError, match="adress"):
        sim.add(adress="sip:x")


def test_a_field_that_the_api_adds_later(sim: Simulator, api: Api) -> None:
    number = sim.add(unknown={"region": "KR"})
    assert number["region"] == "KR"
    assert api("GET", f"{NUMBERS}/{number['id']}").json() == number
    assert api("PATCH", f"{NUMBERS}/{number['id']}", json={"memo": "m"}).json()["region"] == "KR"


def test_returned_records_are_copies(sim: Simulator) -> None:
    agent = sim.add_agent()
    number = sim.add(inbound_agent={"agent_id": agent["agent_id"], "agent_version": "current"})
    agent["name"] = number["memo"] = number["inbound_agent"]["agent_id"] = sim.numbers()[0]["memo"] = "changed"
    assert sim.numbers()[0]["memo"] is None
    assert sim.numbers()[0]["inbound_agent"]["agent_id"] != "changed"


def test_credentials(sim: Simulator) -> None:
    assert sim.credentials(sim.add()["id"]) == (None, None)
    assert sim.credentials(sim.add(auth_username="u", auth_password="p", key="key-b")["id"]) == ("u", "p")
    with pytest.raises(KeyError):
        sim.credentials("7")


def test_other_organizations() -> None:
    with Simulator(keys=["k1", "k2", "k3"]) as sim:
        sim.add(key="k3")
        assert [len(sim.numbers(key)) for key in (None, "k1", "k2", "k3")] == [0, 0, 0, 1]


def test_before_and_after_the_block() -> None:
    sim = Simulator(switches=Switches(echo_sip=False))
    sim.add(address="sip:early")
    with sim:
        assert sim.numbers()[0]["address"] == "early"
    assert len(sim.numbers()) == 1
    assert sim.requests == []


def test_reset(sim: Simulator, api: Api) -> None:
    number = sim.add()
    sim.add_agent()
    sim.switches.latency = 5
    sim.fault("close_before", None, "/agents", occurrence=0)
    url = sim.url
    sim.reset()
    assert sim.switches == Switches()
    assert sim.requests == []
    assert sim.numbers() == []
    assert sim.url == url
    assert api("GET", "/agents").json()["items"] == []
    assert api("GET", f"{NUMBERS}/{number['id']}").status_code == 404


def test_a_record_without_a_simulator() -> None:
    record = number_record("0212345678", memo="m")
    assert (record["number"], record["memo"], record["provider"]) == ("0212345678", "m", "custom")
    assert len(record) == 17


def test_use_from_several_threads(sim: Simulator) -> None:
    def write(index: int) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = "Bearer key-a"
            for each in range(20):
                body = BODY | {"number": f"{index}{each}"}
                assert session.post(sim.url + REGISTER, json=body, timeout=5).status_code == 201
                sim.add(number=f"9{index}{each}")
                assert sim.numbers()

    threads = [threading.Thread(target=write, args=(index,)) for index in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created = [number["created_at"] for number in sim.numbers()]
    assert len(set(created)) == 160
    assert len(sim.writes) == 80
