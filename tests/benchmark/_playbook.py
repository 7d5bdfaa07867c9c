# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-playbook or ansible-inventory once, and measures it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from checkout import collections_path

from ._service import KEY, Service

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Usage:
    """``seconds``: from start to end of the process. ``cpu``: seconds of all its processes.

    ``peak``: bytes resident in its largest process.
    """

    seconds: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Run(Usage):
    """``module_peak``: bytes resident in the largest module on the host ``weighed``.

    ``began``: the time.monotonic() of the start of each task, by name; ``end`` is the end of the last one.
    """

    module_peak: int
    began: dict[str, float]
    stderr: str


class PlaybookFailed(Exception):
    """Contains the output of the playbook."""


class Ansible:
    """An ansible-core with its own home in ``directory``, without the caller's settings."""

    def __init__(self, ansible_bin: Path, directory: Path, service: Service) -> None:
        self._bin = ansible_bin
        self._directory = directory
        python = ansible_bin / "python"
        self._module_peaks = directory / "module_peaks"
        weighing = directory / "python"
        weighing.write_text(
            f'#!/bin/sh\nexec "{python}" -IS "{_HERE / "_peak.py"}" "{self._module_peaks}" "{python}" "$@"\n',
            encoding="utf-8",
        )
        weighing.chmod(0o755)
        hosts = {
            name: {"ansible_connection": connection, "ansible_python_interpreter": str(interpreter)}
            for name, connection, interpreter in (
                ("here", "local", python),
                ("elsewhere", "elsewhere", python),
                ("weighed", "elsewhere", weighing),
            )
        }
        inventory = directory / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        settings = directory / "ansible.cfg"
        settings.touch()
        self._times = directory / "times.json"
        # Without the caller's environment: no proxy, no CA bundle, no PYTHONDONTWRITEBYTECODE.
        self._environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(directory),
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_INVENTORY": str(inventory),
            "ANSIBLE_INVENTORY_ENABLED": "auto,yaml",
            "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
            "ANSIBLE_ACTION_PLUGINS": str(_HERE / "action_plugins"),
            "ANSIBLE_CONNECTION_PLUGINS": str(_HERE.parent / "integration" / "connection_plugins"),
            "ANSIBLE_CALLBACK_PLUGINS": str(_HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_times",
            "BENCHMARK_TASK_TIMES": str(self._times),
            "VOX_API_URL": service.url,
            "VOX_API_KEY": KEY,
            "VOX_REQUESTS_PER_SECOND": "0",
            "VOX_REQUESTS_PER_MINUTE": "0",
            **({"VOX_CA_PATH": service.ca_path} if service.ca_path else {}),
        }

    def run(
        self,
        host: str,
        tasks: Sequence[dict[str, Any]],
        environment: Mapping[str, str] | None = None,
        variables: Mapping[str, Any] | None = None,
        hosts: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Run:
        """Run a playbook. Raises PlaybookFailed.

        ``hosts``: an inventory with these hosts, instead of the default with three hosts.
        """
        play = {"hosts": host, "gather_facts": False, "vars": dict(variables or {}), "tasks": list(tasks)}
        playbook = self._directory / "playbook.json"
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        self._module_peaks.write_text("0\n", encoding="utf-8")
        command: list[str | Path] = ["ansible-playbook", playbook]
        if hosts is not None:
            command += ["-i", self.inventory(hosts)]
        usage = self._measure(command, environment)
        began = json.loads(self._times.read_text(encoding="utf-8"))
        module_peak = max(map(int, self._module_peaks.read_text(encoding="utf-8").split()))
        stderr = (self._directory / "stderr").read_text(encoding="utf-8")
        return Run(**asdict(usage), module_peak=module_peak, began=began, stderr=stderr)

    def inventory(self, hosts: Mapping[str, Mapping[str, Any]]) -> Path:
        """Write an inventory with these hosts, on which tasks run in the controller."""
        path = self._directory / "hosts.json"
        here = {"ansible_connection": "local", "ansible_python_interpreter": str(self._bin / "python")}
        path.write_text(json.dumps({"all": {"vars": here, "hosts": hosts}}), encoding="utf-8")
        return path

    def list_inventory(self, source: Path) -> Usage:
        """Run ansible-inventory. Raises PlaybookFailed."""
        return self._measure(["ansible-inventory", "--list", "-i", source])

    def _measure(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Usage:
        out, err = self._directory / "stdout", self._directory / "stderr"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            start = time.perf_counter()
            process = subprocess.Popen(
                [self._bin / command[0], *command[1:]],
                env=self._environment | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
            # Not process.wait(): this also returns the resources of the process and its descendants.
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise PlaybookFailed(out.read_text(encoding="utf-8") + err.read_text(encoding="utf-8"))
        return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
