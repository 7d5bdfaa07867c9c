# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results and tables of run.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ._contenders import ONE_LISTING, TARGETS


@dataclass
class Samples:
    """One contender's measurements, one value for each round.

    ``item``: seconds for one more number. ``single``: seconds of a playbook with one task, ``single_cpu``: CPU
    seconds of all its processes. ``peak_single`` and ``peak_loop``: bytes. ``gets`` and ``connections``: those of the
    tasks for all ``numbers`` of a playbook.
    """

    item: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    single_cpu: list[float] = field(default_factory=list)
    peak_single: list[int] = field(default_factory=list)
    peak_loop: list[int] = field(default_factory=list)
    gets: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    numbers: int = 0


def ratio(samples: dict[str, Samples], quantity: str, subject: str, reference: str) -> float:
    """Return the median of the ratios of each round, which does not depend on the load of the machine."""
    pairs = zip(getattr(samples[subject], quantity), getattr(samples[reference], quantity), strict=True)
    return float(median(one / other for one, other in pairs))


def targets(samples: dict[str, Samples], pages: int) -> list[dict[str, Any]]:
    """Return the targets, the measured values, and whether they reach the targets."""
    rows: list[dict[str, Any]] = []
    signs = {"le": "≤", "ge": "≥", "lt": "<"}
    names = {"item": "one more number in a loop", "single": "playbook with one task"}
    for target in TARGETS:
        value = ratio(samples, target.quantity, target.subject, target.reference)
        rows.append(
            {
                "target": f"{names[target.quantity]}: {target.subject} / {target.reference}",
                "wanted": f"{signs[target.compare.__name__]} {target.limit:g}",
                "measured": round(value, 2),
                "reached": target.compare(value, target.limit),
            }
        )
    for name in ONE_LISTING:
        for what, wanted in (("gets", pages), ("connections", 1)):
            value = max(getattr(samples[name], what))
            rows.append(
                {
                    "target": f"{what.replace('gets', 'GETs')} for {samples[name].numbers} numbers: {name}",
                    "wanted": f"= {wanted}",
                    "measured": value,
                    "reached": value == wanted,
                }
            )
    return rows


def print_report(result: dict[str, Any], samples: dict[str, Samples]) -> None:
    """Print the tables. Ratios come first, because they differ less between machines than milliseconds."""
    reference = next(iter(samples))
    print_targets(result, "TLS" if result["tls"] else "plain HTTP")
    print("\n# One more number in a task\n")
    table(
        ("", f"/ {reference}", "ms, median", "lowest", "highest", "of numbers", "GETs", "connections"),
        [
            (
                name,
                f"{ratio(samples, 'item', name, reference):.2f}",
                *_milliseconds(sample.item),
                str(sample.numbers),
                f"{max(sample.gets)}",
                f"{max(sample.connections)}",
            )
            for name, sample in samples.items()
        ],
    )
    print("\n# A playbook with one task for one number\n")
    table(
        ("", f"/ {reference}", "CPU /", "ms, median", "lowest", "highest", "peak MB", "peak MB, loop"),
        [
            (
                name,
                f"{ratio(samples, 'single', name, reference):.2f}",
                f"{ratio(samples, 'single_cpu', name, reference):.2f}",
                *_milliseconds(sample.single),
                f"{median(sample.peak_single) / 1e6:.0f}",
                f"{median(sample.peak_loop) / 1e6:.0f}",
            )
            for name, sample in samples.items()
        ],
    )
    print("\n# Imports of our task in the controller, beyond those of debug (slower, because profiled)\n")
    imports: dict[str, float] = result["imports_ms"]
    table(
        ("", "ms"),
        [(name, f"{value:.1f}") for name, value in imports.items() if value >= 1]
        + [("all", f"{sum(imports.values()):.1f}")],
    )
    print("\n# Machine\n")
    table(("", ""), [(name, str(value)) for name, value in result["machine"].items()])


def print_targets(result: dict[str, Any], protocol: str) -> None:
    print(f"\n# Targets ({result['rounds']} rounds, {protocol})\n")
    table(
        ("", "target", "measured", "reached"),
        [
            (row["target"], row["wanted"], f"{row['measured']:g}", "yes" if row["reached"] else "NO")
            for row in result["targets"]
        ],
    )


def _milliseconds(seconds: list[float]) -> list[str]:
    return [f"{1000 * value:.1f}" for value in (median(seconds), min(seconds), max(seconds))]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"

    print(line(head))
    print("|" + "|".join("-" * (width + 1) + (":" if index else "-") for index, width in enumerate(widths)) + "|")
    for row in rows:
        print(line(row))
