# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook with our task imports beyond a playbook with debug."""

from __future__ import annotations

import re
from collections import Counter

from ._playbook import Run

ENVIRONMENT = {"PYTHONPROFILEIMPORTTIME": "1"}
"""For the run: the controller's imports, with their times, on stderr. Workers inherit what is imported."""

_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)


def milliseconds(run: Run, reference: Run) -> dict[str, float]:
    """Times by package of what the one has imported and the other has not, the longest first.

    Each module counts its own time alone, so the sum is that of all imports together. Profiling makes them slower.
    """
    known = {name for _time, name in _LINE.findall(reference.stderr)}
    times: Counter[str] = Counter()
    for microseconds, name in _LINE.findall(run.stderr):
        if name not in known:
            times[_package(name)] += int(microseconds)
    return {package: time / 1000 for package, time in times.most_common()}


def _package(module: str) -> str:
    return "voxai.telephony" if module.startswith("ansible_collections.") else module.partition(".")[0]
