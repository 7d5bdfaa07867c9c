# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was tried, and what must not have happened, counted over all tests and all their processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

TRIED = ("cases", "runs of a task", "faults injected")
"""What says how much was tried."""

WRONG = {
    "double": "double registrations",
    "loss": "losses",
    "lie": "untrue results",
    "unclear": "failures without an explanation",
    "unfinished": "runs that did not finish what was begun",
    "meant": "requests that were not meant",
    "traceback": "tracebacks",
    "leak": "leaks",
    "unbounded": "answers that were read without bounds",
}
"""Each kind of thing that must not happen, in the words of the summary."""

PROPERTY = "tally"
"""The name under which a test hands its counts to the summary; pytest carries it from worker to controller."""


def summary(counts: Iterable[dict[str, int]]) -> list[str]:
    """The lines that tell of all counts together; what must not happen is told of even where it did not."""
    total: Counter[str] = Counter()
    for some in counts:
        total.update(some)
    lines = [f"{total[name]:>7,} {name}" for name in (*TRIED, *sorted(set(total) - {*TRIED, *WRONG}))]
    return [*lines, *(f"{total[kind]:>7,} {words}" for kind, words in WRONG.items())]
