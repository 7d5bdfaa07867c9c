# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a process."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import simulator
from unit.simulator.calling import BODY, REGISTER

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(simulator.__file__).parents[1])}


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def variables(line: str) -> dict[str, str]:
    """Return the variables in the first line of output."""
    command, *assignments = shlex.split(line)
    assert command == "export"
    return dict(assignment.split("=", 1) for assignment in assignments)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_url_responds_and_stops(stop: signal.Signals) -> None:
    with start() as process:
        assert process.stdout is not None
        exported = variables(process.stdout.readline())
        assert set(exported) == {"VOX_API_URL", "VOX_API_KEY"}
        headers = {"Authorization": f"Bearer {exported['VOX_API_KEY']}"}
        response = requests.post(exported["VOX_API_URL"] + REGISTER, json=BODY, headers=headers, timeout=5)
        assert response.status_code == 201
        process.send_signal(stop)
        rest, errors = process.communicate(timeout=5)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_every_option(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    options = ["--tls", "--log", "--ready-file", str(ready_file), "--latency", "1", "--rate-limit", "9", "1"]
    names = ["--key", "first", "--key", "second", "--agent", "Front desk", "--agent", "Sales"]
    with start(*options, *names) as process:
        assert process.stdout is not None
        exported = variables(process.stdout.readline())
        comments = [process.stdout.readline(), process.stdout.readline()]
        # The file is written after the output, and requests are served after that.
        url, ca_path = exported["VOX_API_URL"], exported["VOX_CA_PATH"]
        body = BODY | {"auth_password": "hunter2"}
        statuses = [
            requests.post(
                url + REGISTER, json=body, headers={"Authorization": f"Bearer {key}"}, verify=ca_path, timeout=5
            ).status_code
            for key in ("first", "first", "second", "third")
        ]
        ready = json.loads(ready_file.read_text())
        process.terminate()
        _output, log = process.communicate(timeout=5)
    assert process.returncode == 0
    assert statuses == [201, 429, 201, 401]
    assert exported["VOX_API_KEY"] == ready["key"] == "first"
    assert (ready["url"], ready["ca_path"], ready["pid"]) == (url, ca_path, process.pid)
    assert [agent["name"] for agent in ready["agents"]] == ["Front desk", "Sales"]
    assert comments == [f"# agent {agent['agent_id']} {agent['name']}\n" for agent in ready["agents"]]
    lines = [line.split() for line in log.splitlines()]
    assert [line[1:] for line in lines] == [["POST", REGISTER, str(status)] for status in statuses]
    assert "hunter2" not in log
    assert not Path(ca_path).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]


def test_observed_switches(tmp_path: Path) -> None:
    observed = tmp_path / "observed.yml"
    observed.write_text("---\nswitches:\n  register_status: 200\n  latency: 0\n", encoding="utf-8")
    with start("--observed", str(observed)) as process:
        assert process.stdout is not None
        exported = variables(process.stdout.readline())
        headers = {"Authorization": f"Bearer {exported['VOX_API_KEY']}"}
        response = requests.post(exported["VOX_API_URL"] + REGISTER, json=BODY, headers=headers, timeout=5)
        process.terminate()
    assert response.status_code == 200
    observed.write_text("switches: {colour: red}\n", encoding="utf-8")
    with start("--observed", str(observed)) as process:
        output, errors = process.communicate(timeout=5)
    assert (process.returncode, output) == (1, "")
    assert errors == f"--observed {observed}: the simulator has no switch colour\n"
