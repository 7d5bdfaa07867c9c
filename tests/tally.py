# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests tried, and what must not have happened, counted over all of them and all their processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

TRIED = ("cases", "runs of a task", "faults injected")
"""What says how much was tried."""

WRONG = {
    "double": "double registrations",
    "loss": "losses",
    "lie": "untrue results",
    "unclear": "failures without an explanation",
    "unfinished": "runs that did not finish what was begun",
    "meant": "requests that were not meant",
    "late": "writes that arrived after they were given up",
    "traceback": "tracebacks",
    "leak": "leaks",
    "unbounded": "answers that were read without bounds",
}
"""Each kind of thing that must not happen, in the words of the summary."""

PROPERTY = "tally"
"""The name under which a test hands its counts to the summary; pytest carries it from worker to controller."""


def of(reports: Iterable[Any]) -> Counter[str]:
    """All counts that tests have handed over, together. `reports`: pytest's."""
    total: Counter[str] = Counter()
    for report in reports:
        if getattr(report, "when", None) == "teardown":
            for name, counts in report.user_properties:
                total.update(counts if name == PROPERTY else {})
    return total


def summary(total: Counter[str]) -> list[str]:
    """The lines that tell of them: first what was tried, then what must not happen, even where it did not."""
    tried = [*TRIED, *sorted(set(total) - {*TRIED, *WRONG})]
    named = {**{name: name for name in tried}, **WRONG}
    return [f"{total[name]:>7,} {words}" for name, words in named.items() if name in total]
