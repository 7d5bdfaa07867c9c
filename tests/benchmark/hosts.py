# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures runs with many hosts or many tasks, and an inventory of all numbers.

    make bench
    PYTHONPATH=tests python tests/benchmark/hosts.py --rounds 5 --only tasks --json figures.json

Has the same requirements and methods as run.py: the contenders run alternately, with the service in its own process,
with TLS. Ratios are those of each round.

- hosts: 100 hosts with one number each, 20 forks. Each response takes 50 ms. First all numbers are up to date (the
  service holds 1000), then none is held. With and without the rate limit of the real service; uri only without,
  because it has no rate limit.
- tasks: 25 tasks on one host, each for another number.
- inventory: ansible-inventory with 1000 and 10,000 numbers, and with a file that has the same hosts and variables.

Exits with 0 once everything was measured, whether or not the targets were reached.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmark import _command as command
from benchmark._hosts_report import DEBUG, FILE, HOSTS, OURS, PLUGIN, URI, Sample, print_report, targets
from benchmark._machine import describe
from benchmark._playbook import Ansible, PlaybookFailed, Usage
from benchmark._service import ADDRESS, KEY, MEMO, WINDOWS, Service, serve

HELD, FORKS, TASKS, LATENCY = 1000, 20, 25, 0.05
LIMITS = {"VOX_REQUESTS_PER_SECOND": str(WINDOWS[1.0]), "VOX_REQUESTS_PER_MINUTE": str(WINDOWS[60.0])}


@dataclass(frozen=True)
class Setting:
    """``missing``: whether the service holds none of the numbers. ``limited``: whether there is a rate limit."""

    name: str
    missing: bool = False
    limited: bool = False


HOST_SETTINGS = (
    Setting("no-op"),
    Setting("first run", missing=True),
    Setting("no-op, rate limit", limited=True),
    Setting("first run, rate limit", missing=True, limited=True),
)


class Bench:
    """Collects ``samples``: by scenario, then by way."""

    def __init__(self, ansible: Ansible, service: Service, directory: Path, rounds: int) -> None:
        self._ansible, self._service, self._directory = ansible, service, directory
        self._rounds = rounds
        self.samples: dict[str, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))

    def warm_up(self) -> None:
        """Let Python write its caches."""
        for way in (DEBUG, OURS, URI):
            self._hold(Setting("warm up"))
            self._ansible.run("all", [self._task(way)], hosts=self._hosts(1))
        self._ansible.list_inventory(self._source())
        self._service.take_log()

    def hosts(self) -> None:
        def run(way: str, setting: Setting) -> Usage:
            environment = {"ANSIBLE_FORKS": str(FORKS), **(LIMITS if setting.limited else {})}
            return self._ansible.run("all", [self._task(way, setting.missing)], environment, hosts=self._hosts(HOSTS))

        for setting in HOST_SETTINGS:
            # uri would exceed the rate limit.
            ways = (DEBUG, OURS) if setting.limited else (DEBUG, OURS, URI)
            self._take(f"{HOSTS} hosts, {setting.name}", setting, ways, run)

    def tasks(self) -> None:
        def run(way: str, setting: Setting) -> Usage:
            lines = self._service.spread(TASKS)
            return self._ansible.run(
                "all", [self._task(way) | {"vars": {"line": line}} for line in lines], hosts={"one": {}}
            )

        self._take(f"{TASKS} tasks", Setting("no-op"), (DEBUG, OURS, URI), run)

    def inventory(self) -> None:
        for held in (HELD, 10 * HELD):
            self._service.hold(held)
            plugin = self._source()
            self._ansible.list_inventory(plugin)
            listed = json.loads((self._directory / "stdout").read_text(encoding="utf-8"))
            sources = {PLUGIN: plugin, FILE: self._ansible.inventory(listed["_meta"]["hostvars"])}

            run = partial(self._list, sources)
            self._take(f"inventory of {held}", Setting("list"), (FILE, PLUGIN), run, held, latency=0.0)

    def _list(self, sources: Mapping[str, Path], way: str, setting: Setting) -> Usage:
        return self._ansible.list_inventory(sources[way])

    def _take(
        self,
        scenario: str,
        setting: Setting,
        ways: tuple[str, ...],
        run: Callable[[str, Setting], Usage],
        held: int = HELD,
        latency: float = LATENCY,
    ) -> None:
        for turn in range(self._rounds):
            for way in ways[:: -1 if turn % 2 else 1]:
                print(f"{scenario}: {way}", file=sys.stderr)
                self._hold(setting, held, latency)
                usage = run(way, setting)
                log = self._service.take_log()
                posts = sum(request.method == "POST" for request in log)
                if any(request.method not in ("GET", "POST") for request in log):
                    raise PlaybookFailed(f"{scenario}: {way} changed numbers that are up to date")
                at = [request.at for request in log]
                self.samples[scenario][way].append(
                    Sample(
                        seconds=usage.seconds,
                        cpu=usage.cpu,
                        peak=usage.peak,
                        gets=len(log) - posts,
                        posts=posts,
                        refused=sum(request.status == 429 for request in log),
                        connections=len({request.connection for request in log}),
                        busy=max(at) - min(at) + latency if log else 0.0,
                        latency=latency,
                    )
                )

    def _hold(self, setting: Setting, held: int = HELD, latency: float = LATENCY) -> None:
        limit: dict[str, Any] = {"rate_limit": tuple(WINDOWS.values())} if setting.limited else {}
        self._service.hold(0 if setting.missing else held, latency=latency, **limit)

    def _hosts(self, count: int) -> Mapping[str, Mapping[str, Any]]:
        """Hosts with a number each. If the service holds numbers, they are spread over its pages."""
        numbers = self._service.spread(count) if self._service.numbers else [f"0709{n:07}" for n in range(count)]
        return {f"line{index:03}": {"line": number} for index, number in enumerate(numbers)}

    def _task(self, way: str, missing: bool = False) -> dict[str, Any]:
        wanted = {"number": "{{ line }}", "address": ADDRESS, "memo": MEMO}
        if way == DEBUG:
            return {"ansible.builtin.debug": {"msg": "{{ line }}"}}
        if way == OURS:
            return {"voxai.telephony.vox_telephone_number": wanted}
        # A list of one number, which is the cheapest request, or only the registration.
        path = "/telephone-numbers/register" if missing else "/organization-telephone-numbers?limit=1"
        body = {"method": "POST", "body_format": "json", "body": wanted, "status_code": [200, 201]} if missing else {}
        return {
            "ansible.builtin.uri": {
                "url": self._service.url + path,
                "headers": {"Authorization": f"Bearer {KEY}"},
                "use_proxy": False,
                "ca_path": self._service.ca_path,
                **body,
            }
        }

    def _source(self) -> Path:
        path = self._directory / "all.vox.yml"
        path.write_text("plugin: voxai.telephony.numbers\n", encoding="utf-8")
        return path


PARTS = {"hosts": Bench.hosts, "tasks": Bench.tasks, "inventory": Bench.inventory}


def main() -> int:
    parser = command.parser(str(__doc__), 3, "one round")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure (default: all)")
    arguments: argparse.Namespace = parser.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    ansible_bin = arguments.ansible_bin.absolute()
    machine = describe(ansible_bin)
    with TemporaryDirectory(prefix="benchmark-") as name, serve(HELD, tls=True) as service:
        directory = Path(name)
        bench = Bench(Ansible(ansible_bin, directory, service), service, directory, rounds)
        try:
            bench.warm_up()
            # The inventory comes last: it enlarges this process, and later processes start as a copy of this one.
            for part in PARTS:
                if part in arguments.only:
                    PARTS[part](bench)
        except PlaybookFailed as failure:
            print(failure, file=sys.stderr)
            return 1
    result = command.result_of(rounds, machine, targets(bench.samples), bench.samples)
    print_report(result, bench.samples)
    command.save(result, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
