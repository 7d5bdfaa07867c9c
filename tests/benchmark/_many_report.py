# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results and tables of many.py."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from ._report import print_targets, table
from ._service import WINDOWS

BULK, AS_MODULE, URI = "vox_telephone_numbers", "vox_telephone_numbers, as a module", "uri"
_COMPARE = {"=": operator.eq, "≤": operator.le, "≥": operator.ge, "<": operator.lt}


@dataclass(frozen=True)
class Sample:
    """The measurements of a playbook, and of the one with debug before it: ``cpu`` of all processes.

    ``peak`` and ``module_peak``: bytes, of the largest process, and of the module on the host ``weighed``. ``others``:
    requests other than GET. ``latency``: seconds by which the service delayed each request.
    """

    all_seconds: float
    all_cpu: float
    debug_seconds: float
    debug_cpu: float
    peak: int
    module_peak: int
    gets: int
    others: int
    registered: int
    refused: int
    latency: float

    @property
    def seconds(self) -> float:
        return self.all_seconds - self.debug_seconds

    @property
    def cpu(self) -> float:
        return self.all_cpu - self.debug_cpu

    @property
    def floor(self) -> float:
        """The minimum seconds for this number of requests and their responses."""
        return floor(self.gets + self.others) + self.latency

    @property
    def loss(self) -> float:
        """Percent over the minimum time."""
        return 100 * (self.seconds / self.floor - 1)


Samples = Mapping[str, Mapping[str, list[Sample]]]


def floor(requests: int) -> float:
    """Return the minimum seconds in which so many requests can be sent within the rate limit."""
    sent: list[float] = []
    for index in range(requests):
        free = [sent[index - limit] + seconds for seconds, limit in WINDOWS.items() if index >= limit]
        sent.append(max(free, default=0.0))
    return sent[-1]


def expectation(target: str, value: float, sign: str, limit: float) -> dict[str, Any]:
    """Return the target of a value, and whether it is reached."""
    reached = _COMPARE[sign](value, limit)
    return {"target": target, "wanted": f"{sign} {limit:g}", "measured": round(value, 2), "reached": reached}


def targets(samples: Samples) -> list[dict[str, Any]]:
    """Return the targets of the measured scenarios, the measured values, and whether they reach the targets."""
    rows: list[dict[str, Any]] = []

    def expect(target: str, value: float, sign: str, limit: float) -> None:
        rows.append(expectation(target, value, sign, limit))

    if ways := samples.get("no-op of 1000"):
        expect("no-op of 1000: GETs", _worst(ways[BULK], "gets"), "≤", 12)
        expect("no-op of 1000: seconds over debug", _median(ways[BULK], "seconds"), "≤", 0.6)
    if ways := samples.get("first run of 1000"):
        expect("first run of 1000: POSTs", _worst(ways[BULK], "others"), "=", 1000)
        expect("first run of 1000: GETs, one for each status", _worst(ways[BULK], "gets"), "≤", 3)
        expect("first run of 1000: uri / vox_telephone_numbers", _ratio(ways[URI], ways[BULK], "seconds"), "≥", 50)
    if ways := samples.get("first run of 100 at 50 ms"):
        expect(
            "first run of 100 at 50 ms: uri / vox_telephone_numbers", _ratio(ways[URI], ways[BULK], "seconds"), "≥", 15
        )
    if ways := samples.get("10000 held"):
        fewer = samples["1000 held"]
        for way, name in ((BULK, ""), (AS_MODULE, ", as a module")):
            expect(f"no-op of 10000{name}: GETs", _worst(ways[way], "gets"), "≤", 102)
            growth = _ratio(ways[way], fewer[way], "seconds")
            expect(f"no-op of 10000 / of 1000{name}: seconds over debug", growth, "≤", 10)
        expect("no-op of 10000: MB of the module's process", _worst(ways[AS_MODULE], "module_peak") / 1e6, "<", 64)
    for scenario, ways in samples.items():
        if scenario.startswith("paced"):
            expect(f"{scenario}: requests refused", _worst(ways[BULK], "refused"), "=", 0)
            expect(f"{scenario}: percent over the minimum time", _worst(ways[BULK], "loss"), "≤", 5)
    return rows


def print_report(result: dict[str, Any], samples: Samples) -> None:
    """Print the tables. Ratios come first, because they differ less between machines than seconds."""
    print_targets(result, "TLS")
    paced = {scenario: ways[BULK][0] for scenario, ways in samples.items() if scenario.startswith("paced")}
    if compared := {scenario: ways for scenario, ways in samples.items() if scenario not in paced}:
        print("\n# Many numbers (times beyond a playbook with one debug)\n")
        table(
            ("", "time /", "CPU /", "s", "lowest", "highest", "CPU s", "peak MB", "module MB", "GETs", "others"),
            [
                (
                    f"{scenario}: {way}",
                    f"{_ratio(taken, ways[BULK], 'seconds'):.3g}",
                    f"{_ratio(taken, ways[BULK], 'cpu'):.3g}",
                    *(f"{value:.2f}" for value in _spread(taken)),
                    f"{_median(taken, 'cpu'):.2f}",
                    f"{_worst(taken, 'peak') / 1e6:.0f}",
                    f"{_worst(taken, 'module_peak') / 1e6:.0f}" if way == AS_MODULE else "",
                    f"{_worst(taken, 'gets')}",
                    f"{_worst(taken, 'others')}",
                )
                for scenario, ways in compared.items()
                for way, taken in ways.items()
            ],
        )
    if paced:
        print("\n# 150 registrations within the rate limit (5 requests per second, 120 per minute)\n")
        table(
            ("", "requests", "refused", "least s", "s", "% over"),
            [
                (
                    scenario,
                    f"{sample.gets + sample.others}",
                    f"{sample.refused}",
                    f"{sample.floor:.2f}",
                    f"{sample.seconds:.2f}",
                    f"{sample.loss:.1f}",
                )
                for scenario, sample in paced.items()
            ],
        )
    print("\n# Machine\n")
    table(("", ""), [(name, str(value)) for name, value in result["machine"].items()])


def _ratio(subject: list[Sample], reference: list[Sample], quantity: str) -> float:
    """Return the ratio of the medians. A ratio of two samples varies too much if the time beyond debug is short."""
    return _median(subject, quantity) / _median(reference, quantity)


def _median(taken: list[Sample], quantity: str) -> float:
    return float(median(getattr(sample, quantity) for sample in taken))


def _worst(taken: list[Sample], quantity: str) -> Any:
    return max(getattr(sample, quantity) for sample in taken)


def _spread(taken: list[Sample]) -> tuple[float, float, float]:
    seconds = [sample.seconds for sample in taken]
    return median(seconds), min(seconds), max(seconds)
