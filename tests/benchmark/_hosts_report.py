# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results and tables of hosts.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from ._many_report import expectation, floor
from ._report import print_targets, table

DEBUG, OURS, URI = "debug", "vox_telephone_number", "uri"
FILE, PLUGIN = "a file", "numbers"
HOSTS = 100


@dataclass(frozen=True)
class Sample:
    """The measurements of one run: ``cpu`` of all processes, ``peak`` (bytes) of the largest one.

    ``busy``: seconds from the first request to the response to the last one.
    ``latency``: seconds by which the service delayed each request.
    """

    seconds: float
    cpu: float
    peak: int
    gets: int
    posts: int
    refused: int
    connections: int
    busy: float
    latency: float

    @property
    def over(self) -> float:
        """Percent over the minimum time that the rate limit allows for this number of requests."""
        return 100 * (self.busy / (floor(self.gets + self.posts) + self.latency) - 1)


Samples = Mapping[str, Mapping[str, list[Sample]]]


def targets(samples: Samples) -> list[dict[str, Any]]:
    """Return the targets of the measured scenarios, the measured values, and whether they reach the targets."""
    rows: list[dict[str, Any]] = []

    def expect(target: str, value: float, sign: str, limit: float) -> None:
        rows.append(expectation(target, value, sign, limit))

    for scenario, ways in samples.items():
        ours = ways.get(OURS, [])
        if "no-op" in scenario:
            # The other workers wait while one worker lists.
            beyond = [(one.seconds - one.busy) / debug.seconds for one, debug in zip(ours, ways[DEBUG], strict=True)]
            expect(f"{scenario}: GETs", _worst(ours, "gets"), "≤", 13)
            expect(f"{scenario}: seconds without the listing / debug", median(beyond), "≤", 1.5)
        if "first run" in scenario:
            expect(f"{scenario}: POSTs that were not refused", max(one.posts - one.refused for one in ours), "=", HOSTS)
        if "rate limit" in scenario:
            expect(f"{scenario}: requests refused", _worst(ours, "refused"), "≤", 0 if "no-op" in scenario else 1)
        if scenario.endswith("first run, rate limit"):
            expect(f"{scenario}: percent over the minimum time", median(one.over for one in ours), "≤", 15)
        if "tasks" in scenario:
            expect(f"{scenario}: GETs", _worst(ours, "gets"), "≤", 13)
    return rows


def print_report(result: dict[str, Any], samples: Samples) -> None:
    """Print the tables. Ratios come first, because they differ less between machines than seconds."""
    print_targets(result, "TLS")
    head = ("", "time /", "CPU /", "s, median", "lowest", "highest", "CPU s", "peak MB", "GETs", "POSTs", "refused")
    print("\n# Hosts, tasks, inventory\n")
    table(
        head,
        [
            (
                f"{scenario}: {way}",
                f"{ratio(taken, next(iter(ways.values())), 'seconds'):.2f}",
                f"{ratio(taken, next(iter(ways.values())), 'cpu'):.2f}",
                *(f"{pick(one.seconds for one in taken):.2f}" for pick in (median, min, max)),
                f"{median(one.cpu for one in taken):.2f}",
                f"{_worst(taken, 'peak') / 1e6:.0f}",
                *(str(_worst(taken, name)) for name in ("gets", "posts", "refused")),
            )
            for scenario, ways in samples.items()
            for way, taken in ways.items()
        ],
    )
    print("\n# Machine\n")
    table(("", ""), [(name, str(value)) for name, value in result["machine"].items()])


def ratio(subject: list[Sample], reference: list[Sample], quantity: str) -> float:
    """Return the median of the ratios of each round, which does not depend on the load of the machine."""
    pairs = zip(subject, reference, strict=True)
    return float(median(getattr(one, quantity) / getattr(other, quantity) for one, other in pairs))


def _worst(taken: list[Sample], quantity: str) -> Any:
    return max(getattr(sample, quantity) for sample in taken)
