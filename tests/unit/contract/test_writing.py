# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes are announced, affect only an unused number, and are always cleaned up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import simulator
from contract._client import Answer, Client
from simulator import Simulator
from unit.contract.running import HELD, KEY, NUMBER, WRITTEN, left, populate, start, touched

REGISTER = "/telephone-numbers/register"
ONE = "/organization-telephone-numbers/{id}"


def others(sim: Simulator) -> list[dict[str, Any]]:
    return [record for record in sim.numbers() if record["number"] != NUMBER]


def check_clean(sim: Simulator, before: list[dict[str, Any]]) -> None:
    assert set(left(sim)) <= {"expired"}
    assert others(sim) == before
    assert not touched(sim) & {record["id"] for record in before}


def test_plan_is_printed_before_the_first_write(sim: Simulator, tmp_path: Path) -> None:
    said: list[tuple[str, int]] = []

    class Lines(list[str]):
        def append(self, line: str) -> None:
            said.append((line, len(sim.writes)))

    from contract.__main__ import run

    settings = {"VOX_API_KEY": KEY, "VOX_API_URL": sim.url, "WRITE": "yes", "NUMBER": WRITTEN, "ADDRESS": "a.example"}
    settings["OBSERVED"] = str(tmp_path / "observed.yml")
    assert run(settings, Lines().append, sleep=lambda _seconds: None) == 0
    line, writes = said[0]
    assert writes == 0 and "this registers 070******88" in line and "cannot be undone" in line
    assert any("numbers are deleted" in line for line, _writes in said)


@pytest.mark.parametrize("status", ["active", "scheduled", "cancel_requested"])
def test_a_held_number_is_refused(sim: Simulator, tmp_path: Path, status: str) -> None:
    for index in range(120):
        sim.add(f"07055{index:06}", status=status)
    sim.add(NUMBER, status=status, created_at=1)
    ran = start(sim.url, tmp_path, write=True)
    assert ran.code == 2
    assert f"nothing was written: 070******88 is held (status {status})" in ran.output
    assert sim.writes == []


@pytest.mark.parametrize(
    "fields",
    [{"number": "+82 70-9999-8888"}, {"number": "070-9999-8888"}, {"status": "suspended"}],
)
def test_a_held_number_in_another_notation_is_refused(sim: Simulator, tmp_path: Path, fields: dict[str, Any]) -> None:
    held = sim.add(NUMBER)
    sim.change(held["id"], **{name: value for name, value in fields.items() if name == "number"})
    ran = start(sim.url, tmp_path, write=True)
    assert ran.code == 2 and sim.writes == []


def test_an_expired_number_is_not_held(sim: Simulator, tmp_path: Path) -> None:
    old = sim.add(NUMBER, status="expired")
    ran = start(sim.url, tmp_path, write=True)
    assert ran.code == 0
    assert old["id"] not in touched(sim)


@pytest.mark.parametrize("status", ["active", "scheduled", "cancel_requested", "expired"])
def test_nothing_is_written_if_a_list_cannot_be_read(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    send = Client._send

    def broken(client: Client, method: str, path: str, query: Any, *more: Any) -> Answer:
        # `most` is set during the reads that come before.
        if client.most is None and ("status", status) in query:
            return Answer(400, {}, {"error": {}}, False)
        return send(client, method, path, query, *more)

    monkeypatch.setattr(Client, "_send", broken)
    ran = start(sim.url, tmp_path, write=True)
    assert ran.code == 2 and "is not certain" in ran.output
    assert sim.writes == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 9, 13, 17, 20, 21])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_early_end_cleans_up(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, after: bool, error: type[BaseException]
) -> None:
    """Interrupted at a write: before it is sent, or when its response is lost."""
    before, send, count = others(sim), Client._send, [0]

    def interrupted(client: Client, method: str, *more: Any) -> Answer:
        if method == "GET" or client.most is not None:
            return send(client, method, *more)
        count[0] += 1
        if count[0] == at and not after:
            raise error
        answer = send(client, method, *more)
        if count[0] == at:
            raise error
        return answer

    monkeypatch.setattr(Client, "_send", interrupted)
    ran = start(sim.url, tmp_path, write=True)
    assert count[0] >= at
    check_clean(sim, before)
    # A registration without a record may still arrive, so the user is told to search for it.
    lost = at == 2 or (at in (1, 21) and not after)
    assert ran.code == (3 if lost else 2)
    assert ("is unknown. No list contains it so far" in ran.output) == lost
    if error is KeyboardInterrupt:
        assert ran.text == ""


@pytest.mark.parametrize("occurrence", [1, 2])
@pytest.mark.parametrize("fault", ["close_after", "error_after", "truncated", "html"])
def test_a_registration_with_a_lost_response(sim: Simulator, tmp_path: Path, fault: str, occurrence: int) -> None:
    before = others(sim)
    parameters = {"processed": True} if fault == "html" else {}
    sim.switches.duplicate_status = 201
    sim.fault(fault, "POST", REGISTER, occurrence, **parameters)
    ran = start(sim.url, tmp_path, write=True)
    check_clean(sim, before)
    assert len(left(sim)) >= 1
    assert ran.code in (0, 1, 2)
    assert "NOT CLEANED UP" not in ran.output


def test_a_record_of_another_client_is_unchanged(sim: Simulator, tmp_path: Path) -> None:
    """Another client registers the number between the lists and the registration, whose response is lost."""
    sim.fault("meanwhile", "POST", REGISTER, change=lambda: sim.add(NUMBER, memo="ours"))
    ran = start(sim.url, tmp_path, write=True)
    assert "active" in left(sim)
    assert touched(sim) == set()
    assert ran.code == 2 and "the registration failed (HTTP 409" in ran.output


def test_a_response_with_another_number_is_not_deleted(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, send = sim.numbers()[0], Client._send

    def lying(client: Client, method: str, *more: Any) -> Answer:
        answer = send(client, method, *more)
        if method == "POST":
            answer.content = victim | {"number": NUMBER}
        return answer

    monkeypatch.setattr(Client, "_send", lying)
    start(sim.url, tmp_path, write=True)
    assert victim["id"] not in touched(sim)
    assert set(left(sim)) == {"expired"}


def test_number_that_could_not_be_deleted_is_reported(sim: Simulator, tmp_path: Path) -> None:
    sim.fault("error_before", "DELETE", ONE, occurrence=0)
    ran = start(sim.url, tmp_path, write=True)
    assert ran.code == 3
    identity = next(record["id"] for record in sim.numbers() if record["number"] == NUMBER)
    assert f'curl -X DELETE -H "Authorization: Bearer $VOX_API_KEY" {sim.url}' in ran.output
    assert f"NOT CLEANED UP. The number 070******88 may still be held. Its id is {identity}" in ran.output
    sim.clear_faults()


def test_a_failed_delete_is_repeated(sim: Simulator, tmp_path: Path) -> None:
    before = others(sim)
    for occurrence in (1, 2, 3):
        sim.fault("error_before", "DELETE", ONE, occurrence=occurrence)
    ran = start(sim.url, tmp_path, write=True)
    check_clean(sim, before)
    assert ran.code == 0
    assert "HTTP 500" in ran.row("W23") and "not seen" in ran.row("W23")


def test_a_number_that_is_not_found_yet_is_deleted(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error ends the run right after the registration. A 404 does not prove that the number is deleted."""
    before, send = others(sim), Client._send

    def lagging(client: Client, method: str, path: str, *more: Any) -> Answer:
        if "/organization-telephone-numbers/" in path and not any(one.method == "DELETE" for one in client.answers):
            if method == "GET":
                return Answer(404, {}, {"error": {"code": "NOT_FOUND"}}, False)
        elif client.most is None and method == "GET" and left(sim) == ["active"]:
            raise KeyboardInterrupt
        return send(client, method, path, *more)

    monkeypatch.setattr(Client, "_send", lagging)
    ran = start(sim.url, tmp_path, write=True)
    assert ran.code == 2 and "interrupted" in ran.output
    assert left(sim) == ["expired"]
    check_clean(sim, before)


def test_terminated_process_cleans_up(tmp_path: Path) -> None:
    # Only here the suite waits for the rate limit, so that there is time to send a signal. The runs are parallel.
    with ExitStack() as stack:
        ending = []
        # The first process loses the reader of its output, as with `| head`.
        for stop in (None, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            sim = stack.enter_context(Simulator(keys=(KEY,)))
            populate(sim)
            environment = os.environ | {
                "PYTHONPATH": str(Path(simulator.__file__).parents[1]),
                "VOX_API_KEY": KEY,
                "VOX_API_URL": sim.url,
                "WRITE": "yes",
                "NUMBER": WRITTEN,
                "ADDRESS": "trunk.example.com",
                "OBSERVED": str(tmp_path / f"{stop}.yml"),
            }
            command = [sys.executable, "-m", "contract"]
            popen = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
            ending.append((stop, sim, others(sim), stack.enter_context(popen)))
        for stop, sim, before, process in ending:
            deadline = time.monotonic() + 60
            while not left(sim) and time.monotonic() < deadline:
                time.sleep(0.02)
            if stop is None:
                assert process.stdout
                process.stdout.close()
                continue
            process.send_signal(stop)
            # Another signal does not stop the clean-up.
            process.send_signal(stop)
            output, _errors = process.communicate(timeout=60)
            # 3: the signal interrupted the second registration, so its outcome is unknown.
            assert process.returncode in (2, 3), output
            assert "Not all statements were checked: interrupted." in output
            assert left(sim) == ["expired"]
            assert KEY not in output and not any(number in output for number in (*HELD, NUMBER, WRITTEN))
            check_clean(sim, before)
        _stop, sim, before, process = ending[0]
        assert process.wait(timeout=90) == 0
        check_clean(sim, before)
    # An interrupted run writes no file.
    assert [path.name for path in tmp_path.iterdir()] == ["None.yml"]
