# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios: the state of a simulator, the tasks that run against it, and the expected results.

A scenario is a generator function. It gets its own simulator and prepares it, yields its tasks (data, or YAML text),
gets the result of each of them, and asserts. All scenarios of a file share a single run of ansible-playbook, each on
two hosts: on one its tasks run in the controller, on the other as modules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any

import pytest

from integration._playbook import COLLECTION, KEY, OTHER_KEY, SECRET, UUID, Ansible, Run, Seen, as_yaml
from simulator import Simulator

BOTH = ("action", "module")
CONTROLLER = ("action",)
"""For code that does not depend on the way. A module takes a third of a second longer than a task in the controller."""
Tasks = Sequence[Mapping[str, Any]] | str
Script = Generator[Tasks, list[Seen], None]

_VOLATILE = (
    "id",
    "created_at",
    "updated_at",
    "start_at",
    "end_at",
    "cancel_requested_at",
    "inbound_trunk_id",
    "outbound_trunk_id",
)


@dataclass(frozen=True)
class Scenario:
    """A script with its settings."""

    script: Callable[[Simulator], Script]
    ways: tuple[str, ...]
    tls: bool
    variables: Mapping[str, Any] = field(hash=False)

    @property
    def name(self) -> str:
        return self.script.__name__.removeprefix("test_")


def scenario(
    ways: tuple[str, ...] = BOTH, alike: bool | None = None, tls: bool = False, **variables: Any
) -> Callable[[Callable[[Simulator], Script]], Callable[..., None]]:
    """Create the tests of a script: one for each way, and one that compares both ways, if they are `alike`.

    `variables` are variables of its hosts. `api_url` and `api_key` are set for all of its tasks.
    """
    alike = ways == BOTH if alike is None else alike

    def decorate(script: Callable[[Simulator], Script]) -> Callable[..., None]:
        played = Scenario(script, ways, tls, variables)

        @pytest.mark.parametrize("way", [*ways, *(["alike"] if alike else [])])
        def test(playing: Playing, way: str) -> None:
            if way == "alike":
                playing.compare(played)
            else:
                playing.check(played, way)

        test.scenario = played  # type: ignore[attr-defined]
        test.__doc__ = script.__doc__
        return test

    return decorate


@dataclass
class _Part:
    """A scenario on one of its hosts."""

    sim: Simulator
    script: Script


class Playing:
    """The common run of several scenarios."""

    def __init__(self, ansible: Ansible, scenarios: list[Scenario]) -> None:
        self._parts: dict[str, _Part] = {}
        self.run: Run
        self._ansible, self._scenarios = ansible, scenarios
        self._stack = ExitStack()

    def __enter__(self) -> Playing:
        with self._stack:
            self._play()
            # If nothing was raised, the simulators run until the end of the tests.
            self._stack = self._stack.pop_all()
        return self

    def _play(self) -> None:
        ansible, hosts = self._ansible, {}
        for scenario in self._scenarios:
            for way in scenario.ways:
                host = _host(scenario, way)
                sim = self._stack.enter_context(Simulator(keys=(KEY, OTHER_KEY), tls=scenario.tls))
                script = scenario.script(sim)
                part = self._parts[host] = _Part(sim, script)
                tasks = ansible.directory / f"{host}.yml"
                wanted = next(part.script)
                tasks.write_text(wanted if isinstance(wanted, str) else as_yaml(wanted), encoding="utf-8")
                connection = {"api_url": sim.url, "api_key": KEY, "ca_path": sim.ca_path}
                hosts[host] = ansible.host(way, task_file=str(tasks), **{**connection, **scenario.variables})
        self.run = ansible.run(_PLAYBOOK, hosts)
        assert self.run.tasks, self.run.output

    def __exit__(self, *_exception: object) -> None:
        for part in self._parts.values():
            part.script.close()
        self._stack.close()

    def check(self, scenario: Scenario, way: str) -> None:
        """Pass the results of its tasks to the script, and check the invariants of each task."""
        host = _host(scenario, way)
        part, seen = self._parts[host], self._seen(host)
        for task in seen:
            _check_always(task, part.sim)
        if way == "module":
            assert self.run.modules(host) >= len([task for task in seen if task.action.startswith(COLLECTION)])
        else:
            assert self.run.modules(host) == 0
        try:
            part.script.send(seen)
        except StopIteration:
            return
        raise AssertionError("a script must yield exactly once")

    def compare(self, scenario: Scenario) -> None:
        """Check that both ways have the same results, with the same keys and types."""
        action, module = (
            [_comparable(task, self._parts[host].sim) for task in self._seen(host)]
            for host in (_host(scenario, way) for way in BOTH)
        )
        assert action, "the scenario has no task"
        if action != module:
            pytest.fail("\n".join(unified_diff("\n".join(action).split("\n"), "\n".join(module).split("\n"), *BOTH)))

    def secrets_shown(self) -> list[str]:
        """Return the lines of the output with a secret, except the `environment:` of modules, which Ansible prints."""
        return [line for line in self.run.output.splitlines() if SECRET in line and "VOX_API_KEY=" not in line]

    def _seen(self, host: str) -> list[Seen]:
        return [seen for seen in self.run.of(host) if "include" not in seen.action]


_PLAYBOOK = """\
- hosts: all
  gather_facts: false
  strategy: free
  module_defaults:
    group/voxai.telephony.vox:
      api_url: "{{ api_url }}"
      api_key: "{{ api_key }}"
      ca_path: "{{ ca_path | default(omit, true) }}"
      retries: 1
  tasks:
    - ansible.builtin.include_tasks: "{{ task_file }}"
"""


def _host(scenario: Scenario, way: str) -> str:
    return f"{scenario.name}-{way}"


def _check_always(task: Seen, sim: Simulator) -> None:
    """Check the invariants of each task."""
    assert "deprecations" not in task.result
    if task.check_mode:
        assert not task.bodies(sim)
    items = task.result.get("results", [task.result])
    for item in items:
        if "actions" in item:
            assert item["changed"] == bool(item["actions"])
            assert {"telephone_number", "msg", "api_requests"} <= set(item)
    # Without a listening server, requests are sent but not received.
    refusing = any(request.fault == "refuse" for request in sim.requests)
    # With several attempts, the result belongs to the last one.
    if all("api_requests" in item and "attempts" not in item for item in items) and not refusing:
        assert sum(item["api_requests"] for item in items) == len(task.requests(sim))


def _comparable(task: Seen, sim: Simulator) -> str:
    """Return a result as text, without the parts that differ between runs or depend on the state of a run."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: "made up" if name in (*_VOLATILE, "api_requests") and item is not None else plain(item)
                for name, item in value.items()
                if not name.startswith("_ansible_")
            }
        return [plain(item) for item in value] if isinstance(value, list) else value

    text = json.dumps([task.event, plain(task.result)], sort_keys=True, indent=1, ensure_ascii=False)
    names = {record["id"]: f"id-{number}" for number, record in enumerate(sim.numbers())}
    text = re.sub(UUID, lambda found: names.get(found[0], found[0]), text)
    return re.sub(r"127\.0\.0\.1:[0-9]+", "host", text)
