# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a task in this process like a worker of Ansible: through the action plugin, over real HTTP.

Hundreds of playbooks would take hours. Only parts of Ansible are left out: templates, forks, output.
"""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import (
    _agent_info,
    _audit_info,
    _telephone_number,
    _telephone_number_info,
    _telephone_numbers,
)
from ansible_collections.voxai.telephony.plugins.plugin_utils._in_controller import InControllerAction, _Worker
from torture._hurry import hurry

ONE, MANY, INFO = "vox_telephone_number", "vox_telephone_numbers", "vox_telephone_number_info"
AGENT_INFO, AUDIT = "vox_agent_info", "vox_audit_info"
READING = INFO, AGENT_INFO, AUDIT
"""Modules that only read."""

TASKS = {
    ONE: _telephone_number.TASK,
    MANY: _telephone_numbers.TASK,
    INFO: _telephone_number_info.TASK,
    AGENT_INFO: _agent_info.TASK,
    AUDIT: _audit_info.TASK,
}


class _Run(threading.local):
    """The run that this thread belongs to. In Ansible, it belongs to the process."""

    directory = ""


_current = _Run()
_Worker.directory = staticmethod(lambda: _current.directory)  # type: ignore[method-assign]


def run_task(
    module: str, arguments: Mapping[str, Any], check_mode: bool = False, run: str | None = None
) -> dict[str, Any]:
    """Run a module's task and return its result. Does not catch the task's exceptions, because it must not raise any.

    `run`: the directory of the run that this task belongs to. None: a new run.
    """
    # A worker that is killed would leave a directory of its own behind.
    with TemporaryDirectory(prefix="run-") if run is None else nullcontext(run) as directory:
        _current.directory = directory
        try:
            return _run(module, arguments, check_mode)
        finally:
            if run is None:
                close_run(directory)


_FORKS = multiprocessing.get_context("forkserver")
"""Forks a process without threads, not this process, in which the simulator's thread runs."""
_FORKS.set_forkserver_preload(["torture._task"])


def _work(writer: Connection, module: str, arguments: Mapping[str, Any], run: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        writer.send(run_task(module, arguments, run=run))


class Workers:
    """Tasks that run in parallel, each in a separate process, like Ansible's workers for several hosts."""

    def __init__(self, tasks: Sequence[tuple[str, Mapping[str, Any]]], run: str) -> None:
        self._processes = []
        self._readers = []
        with pytest.MonkeyPatch.context() as patch:
            # The server imports these modules once for all children. Before Python 3.13.1, it searches them here.
            patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
            forkserver.ensure_running()
        for module, arguments in tasks:
            reader, writer = _FORKS.Pipe(duplex=False)
            process = _FORKS.Process(target=_work, args=(writer, module, dict(arguments), run))
            process.start()
            writer.close()
            self._processes.append(process)
            self._readers.append(reader)

    @property
    def pids(self) -> list[int]:
        return [int(process.pid or 0) for process in self._processes]

    def results(self) -> list[dict[str, Any]]:
        """Wait for all, and return their results. A killed process counts as failed."""
        results = []
        for process, reader in zip(self._processes, self._readers, strict=True):
            try:
                results.append(reader.recv())
            except EOFError:
                results.append({"failed": True, "actions": [], "msg": "no result"})
            reader.close()
            process.join()
            process.close()
        return results


def connected_to(port: int, pids: Sequence[int]) -> list[int]:
    """Return the processes with a connection to that port."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    inodes = {f"socket:[{line.split()[9]}]" for line in lines if line.split()[2].endswith(f":{port:04X}")}
    found = []
    for pid in pids:
        # It may have ended.
        with suppress(OSError):
            links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
            found += [pid] if inodes.intersection(links) else []
    return found


def close_run(directory: str) -> None:
    """Close the files of a run that this process has opened."""
    for key in [key for key in _Worker.organizations if key[0] == directory]:
        del _Worker.organizations[key]
    for name in [name for name in _Worker.stores if name[0] == directory]:
        _Worker.stores.pop(name).close()


def _run(module: str, arguments: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    task = SimpleNamespace(
        action=f"voxai.telephony.{module}",
        args=copy.deepcopy(dict(arguments)),
        async_val=0,
        check_mode=check_mode,
        diff=True,
        environment=None,
        get_name=lambda: module,
    )
    here = SimpleNamespace(transport="local", become=None, _shell=SimpleNamespace(env_prefix=lambda **variables: ""))
    action = type("Action", (InControllerAction,), {"TASK": TASKS[module]})(task, here, None, None, None, None)
    # Ansible sends results from the worker to the controller as JSON.
    result: dict[str, Any] = json.loads(json.dumps(action.run(None, {"inventory_hostname": "localhost"})))
    return result
