# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs with secrets, and all of their output and files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from integration._playbook import Ansible, Run, Seen, as_yaml
from integration._secret_cases import ROLE, Case
from integration._traces import SECRETS, files_below, processes_with
from simulator import Simulator

HOST = "organization"
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  vars: {url: set for each task}
  vars_files: [secrets.yml]
  module_defaults:
    group/voxai.telephony.vox: {api_url: "{{ url }}", api_key: "{{ key | default(omit) }}", retries: 0}
  tasks:
    - ansible.builtin.include_tasks: tasks.yml
"""


@dataclass
class SecretRun:
    """A run of several cases, and its output and files: by kind of place, and place."""

    run: Run
    directory: Path
    """The directory of its files."""
    simulators: Mapping[str, Simulator]
    places: Mapping[str, Mapping[str, bytes]]

    def seen(self, case: str) -> Seen:
        """Return the result of a case. For a role, that of its last task."""
        start = [seen.name for seen in self.run.tasks].index(case)
        of_role = takewhile(lambda seen: seen.name.startswith(ROLE), self.run.tasks[start + 1 :])
        return [self.run.tasks[start], *of_role][-1]


def stage(
    stack: ExitStack, inputs: Path, host: Mapping[str, Any], cases: Mapping[str, Case], secrets: Mapping[str, str]
) -> dict[str, Simulator]:
    """Write site.yml, hosts.yml and the files that they include. Start a simulator for each case."""
    simulators: dict[str, Simulator] = {}
    tasks: list[dict[str, Any]] = []
    results: list[str] = []
    for name, case in cases.items():
        simulators[name] = stack.enter_context(Simulator(keys=(SECRETS["key"],), tls=case.tls))
        case.prepare(simulators[name])
        results.append("vox_telephone_numbers_result" if case.action == ROLE else f"result_{len(results)}")
        tasks.append(case.task(name, case.api_url(simulators[name]), results[-1]))
    together = f"[{', '.join(results)}]"
    tasks += [
        {"ansible.builtin.debug": {"msg": f"{{{{ {together} }}}}"}},
        {"ansible.builtin.set_fact": {"results": f"{{{{ {together} }}}}", "cacheable": True}},
        # A failed host is written to a retry file.
        {"ansible.builtin.fail": {"msg": f"{{{{ {together} | to_json }}}}"}},
    ]
    unsafe = [f"{name}: !unsafe {json.dumps(text, ensure_ascii=False)}\n" for name, text in secrets.items()]
    written = {
        "site.yml": PLAYBOOK,
        "tasks.yml": as_yaml(tasks),
        "hosts.yml": as_yaml({"all": {"hosts": {HOST: host}}}),
        "secrets.yml": "".join(unsafe),
    }
    for name, text in written.items():
        (inputs / name).write_text(text, encoding="utf-8")
    return simulators


def run_with_secrets(
    stack: ExitStack,
    ansible: Ansible,
    way: str,
    cases: Mapping[str, Case],
    *options: str,
    environment: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
) -> SecretRun:
    """Run the cases in one way, and collect output and files. The input of the run is in another directory."""
    directory = ansible.directory / "run"
    inputs = ansible.directory / "inputs"
    for made in (directory, inputs):
        made.mkdir()
    ansible = Ansible(ansible.bin, ansible.collections_path, ansible.root, directory)
    simulators = stage(stack, inputs, ansible.host(way), cases, secrets or SECRETS)
    waiting = [simulators[name] for name, case in cases.items() if case.waits]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ansible.run, inputs / "site.yml", inputs / "hosts.yml", *options, **environment)
        processes = dict(_look_at_processes(waiting, running, directory))
        run = running.result()
    # A task without polling ends after the run.
    while processes_with(str(directory)):
        time.sleep(0.1)
    places: dict[str, dict[str, bytes]] = {
        "stdout": {"stdout": run.stdout.encode()},
        "stderr": {"stderr": run.stderr.encode()},
        "processes": processes,
    }
    for name, content in files_below(directory).items():
        # The kind of a file is its top directory, or its own name.
        places.setdefault(Path(name).parts[0].partition(".")[0], {})[name] = content
    return SecretRun(run, directory, simulators, places)


def _look_at_processes(waiting: list[Simulator], running: Future[Run], directory: Path) -> Iterator[tuple[str, bytes]]:
    """Yield arguments and environments of the run's processes, whenever a request waits for its response."""
    while waiting and not running.done():
        for simulator in [simulator for simulator in waiting if simulator.requests]:
            found = processes_with(str(directory))
            assert simulator.requests[0].status is None, "the processes were inspected too late"
            yield from found.items()
            waiting.remove(simulator)
        time.sleep(0.02)
    assert not waiting
