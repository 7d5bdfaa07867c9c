# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook check_connection: its report, the failed part, and the values that it never prints."""

from __future__ import annotations

import dataclasses
import socket
import sys
from pathlib import Path
from typing import Any

import yaml

from contract.__main__ import run as run_contract
from integration._playbook import BULK, COLLECTION, KEY, NUMBER, OTHER_KEY, Ansible, Run
from integration._scenario import BOTH
from simulator import Simulator, Switches, observed_switches

PLAYBOOK = Path(COLLECTION + "check_connection")
"""Ansible finds this playbook in the collection."""


def check(ansible: Ansible, verbosity: str = "-v", **environment: str) -> tuple[Run, list[str]]:
    """Run it like users, and return its report. Check that it contains no key, number, host name or path."""
    run = ansible.run(PLAYBOOK, {}, verbosity=verbosity, **environment)
    reports: list[Any] = [seen.result["msg"] for seen in run.tasks if seen.action.endswith("debug")]
    assert len(reports) == 1, run.output
    report = "\n".join(reports[0])
    for hidden in (KEY, OTHER_KEY, NUMBER, "127.0.0.1", "localhost", "proxy.example", "Xyzzy", str(ansible.directory)):
        assert hidden not in report
    for secret in (KEY, "Xyzzy"):
        assert secret not in run.output
    return run, reports[0]


def line(report: list[str], name: str) -> str:
    return next(one for one in report if one.startswith(f"{name}: "))


def test_report_of_a_working_connection(ansible: Ansible, sim: Simulator) -> None:
    sim.switches = Switches(rate_limit=(50, 500), limit_headers=True)
    for index, status in enumerate(("active", "active", "scheduled", "expired")):
        sim.add(f"0701111222{index}", status=status)
    sim.add_agent()
    run, report = check(ansible, VOX_API_URL=sim.url, VOX_API_KEY=KEY)
    assert run.code == 0, run.output
    assert [request.method for request in sim.requests] == ["GET"] * 4
    assert report[0].startswith("voxai.telephony 0.") and ", ansible-core 2." in report[0]
    assert report[1] == "The connection works."
    assert line(report, "Key") == "Key: accepted"
    assert "2 active, 1 scheduled, 0 cancel_requested; agents: 1" in line(report, "Organization")
    assert "x-ratelimit-limit-minute: 500" in line(report, "Rate limit").lower()
    assert line(report, "Proxy") == "Proxy: none"
    assert "Python 3." in line(report, "Versions") and "requests 2." in line(report, "Versions")


def test_failed_part_is_reported(ansible: Ansible, sim: Simulator) -> None:
    with Simulator(keys=(KEY,), tls=True) as secure, Simulator(keys=(KEY,)) as limited:
        limited.switches = Switches(rate_limit=(50, 1))
        remote = secure.url.replace("127.0.0.1", "vox.example.invalid")
        cases: dict[str, tuple[dict[str, str], str]] = {
            "key": ({"VOX_API_URL": sim.url, "VOX_API_KEY": "key-Xyzzy"}, "Key"),
            "no key": ({"VOX_API_URL": sim.url}, "Key"),
            "TLS": ({"VOX_API_URL": secure.url, "VOX_API_KEY": KEY}, "TLS"),
            "no TLS": ({"VOX_API_URL": sim.url.replace("http:", "https:"), "VOX_API_KEY": KEY}, "TLS"),
            "proxy": (
                {"VOX_API_URL": remote, "VOX_API_KEY": KEY, "HTTPS_PROXY": "http://u:Xyzzy@127.0.0.1:1"},
                "Proxy",
            ),
            "network": ({"VOX_API_URL": "http://127.0.0.1:1", "VOX_API_KEY": KEY}, "API"),
            "address": ({"VOX_API_URL": sim.url + "/wrong", "VOX_API_KEY": KEY}, "API"),
            "rate limit": ({"VOX_API_URL": limited.url, "VOX_API_KEY": KEY}, "Rate limit"),
        }
        # One run for all cases, with a different environment for each task.
        tasks = [
            {f"{COLLECTION}vox_connection_info": {}, "environment": environment, "ignore_errors": True}
            for environment, _part in cases.values()
        ]
        play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
        # At -vvvv Ansible prints the environment of a task.
        hosts = {way: ansible.host(way) for way in BOTH}
        run = ansible.run([play], hosts, verbosity="-v")
    assert all(one.failed for one in run.tasks)
    for way in BOTH:
        seen = {name: one.result for name, one in zip(cases, run.of(way), strict=True)}
        assert {name: one["failed_part"] for name, one in seen.items()} == {
            name: part for name, (_e, part) in cases.items()
        }
        for result in seen.values():
            assert result["report"][0].startswith("The connection failed (")
            text = "\n".join(result["report"])
            assert not any(hidden in text for hidden in ("127.0.0.1", "vox.example", "Xyzzy", KEY)), text
        assert "is not trusted" in seen["TLS"]["msg"] and "does not speak TLS" in seen["no TLS"]["msg"]
        assert "Key: FAILED: HTTP 401, code UNAUTHORIZED" in seen["key"]["report"][4]
        assert seen["TLS"]["report"][3].startswith("TLS: certificate check is on; FAILED: ")
    assert "Xyzzy" not in run.output
    assert sim.writes == []


def test_failed_connection_fails_the_playbook(ansible: Ansible, sim: Simulator) -> None:
    run, report = check(ansible, VOX_API_URL=sim.url, VOX_API_KEY="key-Xyzzy")
    assert run.code == 2
    assert report[1].startswith("The connection failed (Key): HTTP 401")
    assert len(sim.requests) == 1


def test_missing_requests_is_reported(ansible: Ansible) -> None:
    without = ansible.directory / "without"
    without.mkdir()
    (without / "requests.py").write_text("raise ImportError('no requests here')\n")
    run, report = check(ansible, PYTHONPATH=str(without), VOX_API_KEY=KEY)
    assert run.code == 2
    assert report[1].startswith("Failed to import the required Python library (requests) for the Python of this task.")
    assert socket.gethostname() not in report[1] and sys.executable not in report[1] and ansible.python not in report[1]


def test_modules_work_with_observed_switches(ansible: Ansible, tmp_path: Path) -> None:
    """A simulator behaves as `make contract` has observed it, and the modules work with it."""
    path = tmp_path / "observed.yml"
    switches = Switches(
        register_status=200,
        duplicate_status=422,
        echo_sip=False,
        patch_answers="empty",
        delete_expired=204,
        get_expired=404,
        show_nulls=False,
        unknown_route="other",
        error_bodies={401: "envelope", 404: "other", 409: "envelope", 422: "empty"},
    )
    with Simulator(keys=(KEY,), switches=switches) as live:
        live.add_agent()
        settings = {"VOX_API_URL": live.url, "VOX_API_KEY": KEY, "OBSERVED": str(path)}
        settings |= {"WRITE": "yes", "NUMBER": "070-9999-8888", "ADDRESS": "trunk.example.com"}
        assert run_contract(settings, lambda _line: None, sleep=lambda _seconds: None) == 0
    observed = observed_switches(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert dataclasses.replace(observed, latency=0, error_codes={}) == switches
    with Simulator(keys=(KEY,), switches=observed) as sim:
        held = sim.add("07033334444", memo="old")
        entries = [
            {"number": NUMBER, "address": "sip:trunk.example.com:5060"},
            {"number": held["number"], "memo": "new"},
        ]
        task = {BULK: {"telephone_numbers": entries, "api_url": sim.url, "api_key": KEY}}
        gone = {BULK: {**task[BULK], "telephone_numbers": [{"number": NUMBER, "state": "absent"}]}}
        play = {"hosts": "all", "gather_facts": False, "tasks": [task, task, gone, gone]}
        run = ansible.run([play], {"here": ansible.host("action")})
        assert run.code == 0, run.output
        first, second, third, fourth = (seen.result for seen in run.tasks)
        assert first["summary"]["registered"] == first["summary"]["updated"] == 1
        assert (second["changed"], second["summary"]["unchanged"]) == (False, 2)
        assert (third["summary"]["deleted"], fourth["changed"]) == (1, False)
        assert sorted(record["number"] for record in sim.numbers()) == [NUMBER, held["number"]]
