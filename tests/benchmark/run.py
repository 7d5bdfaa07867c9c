# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures a task of this collection, compared with debug and with uri.

    make bench
    PYTHONPATH=tests python tests/benchmark/run.py --rounds 9 --json figures.json

Needs tests/requirements/demo.txt. Runs the ansible-playbook next to the running Python, unless --ansible-bin is given.

The service is the simulator, in its own process, with TLS. It holds 150 numbers, which are two pages. In each round,
the contenders of `_contenders.py` run their playbooks alternately, so that a machine that gets slower affects all of
them. Before the first round, each contender runs once, so that Python writes its caches.

- One task for one number: the wall time of the whole process, three times per round.
- The same task for one number (which includes the costs of a first task), for few, and for many numbers. The
  difference between many and few, per number, is the cost of one more number.

The client's rate limit is off. No task changes anything: a request other than GET ends the run. Exits with 0 once
everything was measured, whether or not the targets were reached.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmark import _command as command
from benchmark import _imports
from benchmark._contenders import CONTENDERS, Contender
from benchmark._machine import describe
from benchmark._playbook import Ansible, PlaybookFailed
from benchmark._report import Samples, print_report, targets
from benchmark._service import Request, Service, serve

HELD = 150
# Playbooks with one task are short and differ little, so they need more samples.
SINGLES = 3
IMPORTS = ("debug", "vox_telephone_number")


def _arguments() -> argparse.Namespace:
    parser = command.parser(str(__doc__), 7, "two rounds")
    parser.add_argument("--plain", action="store_true", help="without TLS")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    rounds = 2 if arguments.quick else arguments.rounds
    ansible_bin = arguments.ansible_bin.absolute()
    machine = describe(ansible_bin)
    with TemporaryDirectory(prefix="benchmark-") as directory, serve(HELD, tls=not arguments.plain) as service:
        ansible = Ansible(ansible_bin, Path(directory), service)
        try:
            samples, imports = _measure(ansible, service, rounds)
        except PlaybookFailed as failure:
            print(failure, file=sys.stderr)
            return 1
    result = {
        "rounds": rounds,
        "tls": not arguments.plain,
        "machine": machine,
        "targets": targets(samples, service.pages),
        "imports_ms": imports,
        "samples": {name: asdict(sample) for name, sample in samples.items()},
    }
    print_report(result, samples)
    command.save(result, arguments.json)
    return 0


def _measure(ansible: Ansible, service: Service, rounds: int) -> tuple[dict[str, Samples], dict[str, float]]:
    samples = {contender.name: Samples(numbers=1 + sum(contender.counts)) for contender in CONTENDERS}
    imports: list[dict[str, float]] = []
    for contender in CONTENDERS:
        _time_single(ansible, service, contender, Samples())
    for count in range(rounds):
        print(f"round {count + 1} of {rounds}", file=sys.stderr)
        # Every second round in reverse order, so that no contender always runs after the same one.
        turn = CONTENDERS[:: -1 if count % 2 else 1]
        for contender in turn * SINGLES:
            _time_single(ansible, service, contender, samples[contender.name])
        for contender in turn:
            _time_numbers(ansible, service, contender, samples[contender.name])
        imports.append(_time_imports(ansible, service))
    return samples, {package: median(one.get(package, 0.0) for one in imports) for package in imports[0]}


def _time_single(ansible: Ansible, service: Service, contender: Contender, samples: Samples) -> None:
    run = ansible.run(contender.host, [_single(contender, service)])
    _take_log(service, contender)
    samples.single.append(run.seconds)
    samples.single_cpu.append(run.cpu)
    samples.peak_single.append(run.peak)


def _time_numbers(ansible: Ansible, service: Service, contender: Contender, samples: Samples) -> None:
    few, many = contender.counts
    # Each task has its own numbers, because a number that was looked up before in the run is read by its id. The first
    # number is at the end of the list.
    oldest_first = service.numbers[::-1]
    shares = {"first": (0, 1), "few": (1, 1 + few), "many": (1 + few, 1 + few + many)}
    tasks = [
        {"name": name, **contender.task(service, oldest_first[begin:end])} for name, (begin, end) in shares.items()
    ]
    run = ansible.run(contender.host, tasks)
    log = _take_log(service, contender)
    for_few, for_many = run.began["many"] - run.began["few"], run.began["end"] - run.began["many"]
    samples.item.append((for_many - for_few) / (many - few))
    samples.peak_loop.append(run.peak)
    samples.gets.append(len(log))
    samples.connections.append(len({request.connection for request in log}))


def _time_imports(ansible: Ansible, service: Service) -> dict[str, float]:
    runs = [
        ansible.run(contender.host, [_single(contender, service)], _imports.ENVIRONMENT)
        for name in IMPORTS
        for contender in CONTENDERS
        if contender.name == name
    ]
    service.take_log()
    return _imports.milliseconds(runs[1], runs[0])


def _single(contender: Contender, service: Service) -> dict[str, Any]:
    """Return the task for a number of the first page. It takes one GET, as with uri."""
    return contender.task(service, service.numbers[:1])


def _take_log(service: Service, contender: Contender) -> list[Request]:
    log = service.take_log()
    if any(request.method != "GET" for request in log):
        raise PlaybookFailed(f"{contender.name} wrote to the service, although all numbers are up to date")
    return log


if __name__ == "__main__":
    sys.exit(main())
