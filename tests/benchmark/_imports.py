# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The imports of a playbook with our task that a playbook with debug does not need."""

from __future__ import annotations

import re
from collections import Counter

from ._playbook import Run

ENVIRONMENT = {"PYTHONPROFILEIMPORTTIME": "1"}
"""Environment that prints the controller's imports and their times to stderr. Workers inherit the imports."""

_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)


def milliseconds(run: Run, reference: Run) -> dict[str, float]:
    """Return the times, by package, of the imports of one run that the other does not have, longest first.

    The time of a module excludes its own imports, so the sum is the time of all imports. Profiling slows them down.
    """
    known = {name for _time, name in _LINE.findall(reference.stderr)}
    times: Counter[str] = Counter()
    for microseconds, name in _LINE.findall(run.stderr):
        if name not in known:
            times[_package(name)] += int(microseconds)
    return {package: time / 1000 for package, time in times.most_common()}


def _package(module: str) -> str:
    return "voxai.telephony" if module.startswith("ansible_collections.") else module.partition(".")[0]
