# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures many numbers: in one task, in a loop, and with uri.

    make bench
    PYTHONPATH=tests python tests/benchmark/many.py --rounds 5 --only sizes --json figures.json

Has the same requirements and methods as run.py: the contenders run alternately, with the service in its own process,
with TLS. Each playbook runs right after a playbook with one debug task and the same variables. Only the difference
between the two counts.

- sizes: 10, 100 and 1000 numbers, first registered in an empty organization, then unchanged. uri takes six minutes to
  register 1000 numbers, so it does this only once.
- latency: 100 registrations. Each response takes 50 ms.
- listing: 1000 and 10,000 unchanged numbers, also with the module, for which the memory of its own process is measured.
- paced: 150 registrations within the rate limit of the real service, compared with the minimum time that the limit
  allows. One minute each, so only once.

Exits with 0 once everything was measured, whether or not the targets were reached.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmark import _command as command
from benchmark._machine import describe
from benchmark._many_report import Sample, print_report, targets
from benchmark._playbook import Ansible, PlaybookFailed
from benchmark._service import ADDRESS, KEY, MEMO, WINDOWS, Service, numbers, serve


@dataclass(frozen=True)
class Way:
    """Tasks that make the organization hold the numbers of the variable ``lines``."""

    name: str
    tasks: list[dict[str, Any]]
    host: str = "here"


_LINE = {name: f"{{{{ item.{name} }}}}" for name in ("number", "address", "memo")}
_BULK = [{"voxai.telephony.vox_telephone_numbers": {"telephone_numbers": "{{ lines }}"}}]

BULK = Way("vox_telephone_numbers", _BULK)
BULK_AS_MODULE = Way("vox_telephone_numbers, as a module", _BULK, host="weighed")
LOOP = Way("vox_telephone_number in a loop", [{"voxai.telephony.vox_telephone_number": _LINE, "loop": "{{ lines }}"}])
URI = Way("uri", [{"ansible.builtin.include_tasks": str(Path(__file__).parent / "tasks" / "uri.yml")}])
DEBUG = Way("debug", [{"ansible.builtin.debug": {"msg": ""}}])

LIMITS = {"VOX_REQUESTS_PER_SECOND": str(WINDOWS[1.0]), "VOX_REQUESTS_PER_MINUTE": str(WINDOWS[60.0])}


class Bench:
    """Collects ``samples``: by scenario, then by way."""

    def __init__(self, ansible: Ansible, service: Service, rounds: int, quick: bool) -> None:
        self._ansible, self._service = ansible, service
        self._rounds, self._quick = rounds, quick
        self.samples: dict[str, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))

    def warm_up(self) -> None:
        """Let Python write its caches."""
        for way in (BULK, BULK_AS_MODULE, LOOP, URI):
            self._service.hold(0)
            self._run(way, 10)

    def sizes(self) -> None:
        for count in (10, 100) if self._quick else (10, 100, 1000):
            # Ten numbers take little more time than debug, so they need more samples.
            for turn in range(self._rounds * (3 if count == 10 else 1)):
                for way in (BULK, LOOP, URI)[:: -1 if turn % 2 else 1]:
                    if way is not URI or count < 1000 or turn == 0:
                        self._service.hold(0)
                        self._take(f"first run of {count}", way, count, missing=count)
                        self._take(f"no-op of {count}", way, count)

    def latency(self) -> None:
        for turn in range(self._rounds):
            for way in (BULK, LOOP, URI)[:: -1 if turn % 2 else 1]:
                self._service.hold(0, latency=0.05)
                self._take("first run of 100 at 50 ms", way, 100, missing=100, latency=0.05)

    def listing(self) -> None:
        for _turn in range(self._rounds):
            for count in (1000, 10_000):
                self._service.hold(count)
                for way in (BULK, BULK_AS_MODULE):
                    self._take(f"{count} held", way, count)

    def paced(self) -> None:
        for latency in (0.05, 0.5):
            self._service.hold(0, latency=latency, rate_limit=tuple(WINDOWS.values()))
            self._take(f"paced, at {1000 * latency:.0f} ms", BULK, 150, 150, LIMITS, latency)

    def _take(
        self,
        scenario: str,
        way: Way,
        count: int,
        missing: int = 0,
        environment: Mapping[str, str] | None = None,
        latency: float = 0.0,
    ) -> None:
        """``missing``: the number of registrations that are expected."""
        print(f"{scenario}: {way.name}", file=sys.stderr)
        sample = self._run(way, count, environment, latency)
        if sample.registered != missing:
            raise PlaybookFailed(f"{scenario}: {way.name} registered {sample.registered} numbers, not {missing}")
        self.samples[scenario][way.name].append(sample)

    def _run(self, way: Way, count: int, environment: Mapping[str, str] | None = None, latency: float = 0.0) -> Sample:
        lines = [{"number": number, "address": ADDRESS, "memo": MEMO} for number in numbers(count)]
        variables = {"lines": lines, "url": self._service.url, "key": KEY, "ca_path": self._service.ca_path}
        debug = self._ansible.run(DEBUG.host, DEBUG.tasks, variables=variables)
        run = self._ansible.run(way.host, way.tasks, environment, variables)
        log = self._service.take_log()
        gets = sum(request.method == "GET" for request in log)
        return Sample(
            all_seconds=run.seconds,
            all_cpu=run.cpu,
            debug_seconds=debug.seconds,
            debug_cpu=debug.cpu,
            peak=run.peak,
            module_peak=run.module_peak,
            gets=gets,
            others=len(log) - gets,
            registered=sum(request.status == 201 for request in log),
            refused=sum(request.status == 429 for request in log),
            latency=latency,
        )


PARTS = {"sizes": Bench.sizes, "latency": Bench.latency, "listing": Bench.listing, "paced": Bench.paced}


def _arguments() -> argparse.Namespace:
    parser = command.parser(str(__doc__), 3, "one round, sizes up to 100")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure (default: all)")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    rounds = 1 if arguments.quick else arguments.rounds
    ansible_bin = arguments.ansible_bin.absolute()
    machine = describe(ansible_bin)
    with TemporaryDirectory(prefix="benchmark-") as directory, serve(0, tls=True) as service:
        bench = Bench(Ansible(ansible_bin, Path(directory), service), service, rounds, arguments.quick)
        try:
            bench.warm_up()
            for part in arguments.only:
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
