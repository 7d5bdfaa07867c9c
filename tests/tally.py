# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts of what the tests did, and of failed invariants, summed over all tests and their processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

TRIED = ("cases", "runs of a task", "faults injected")
"""Counts that show how much was tested."""

WRONG = {
    "double": "duplicate registrations",
    "loss": "numbers lost, or changed without being asked for",
    "lie": "wrong results",
    "unclear": "failures without a reason",
    "unfinished": "runs that did not finish what was started",
    "meant": "requests that should not have been sent",
    "late": "writes that arrived after they were abandoned",
    "traceback": "tracebacks",
    "leak": "leaked secrets",
    "unbounded": "responses that were read without limits",
}
"""Each kind of failure, with its text in the summary."""

PROPERTY = "tally"
"""The name of the test property with the counts. pytest transfers it from the worker to the controller."""


def of(reports: Iterable[Any]) -> Counter[str]:
    """Sum up the counts of all tests. `reports`: the test reports of pytest."""
    total: Counter[str] = Counter()
    for report in reports:
        if getattr(report, "when", None) == "teardown":
            for name, counts in report.user_properties:
                total.update(counts if name == PROPERTY else {})
    return total


def summary(total: Counter[str]) -> list[str]:
    """Return the lines of the summary: first what was tested, then the failures, zeros included."""
    tried = [*TRIED, *sorted(set(total) - {*TRIED, *WRONG})]
    named = {**{name: name for name in tried}, **WRONG}
    return [f"{total[name]:>7,} {words}" for name, words in named.items() if name in total]
