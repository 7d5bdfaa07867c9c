# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the number of tests of each session and the ten slowest tests, from a directory of JUnit files."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

COUNT = 10


def summary(directory: Path) -> list[str]:
    """Return the lines to print. The time of a shared fixture is included in the first test that uses it."""
    lines, tests = [], []
    for file in sorted(directory.glob("*.xml")):
        cases = ET.parse(file).getroot().findall(".//testcase")
        seconds = sum(float(case.attrib["time"]) for case in cases)
        lines.append(f"{len(cases):>6,} tests in {file.stem}, {seconds:,.0f} s")
        tests += [
            (float(case.attrib["time"]), f"{file.stem}: {case.attrib['classname']}::{case.attrib['name']}")
            for case in cases
        ]
    slowest = sorted(tests, reverse=True)[:COUNT]
    return [*lines, f"The {len(slowest)} slowest tests (the first test of a shared fixture includes its time):"] + [
        f"{seconds:>6.1f} s {name}" for seconds, name in slowest
    ]


if __name__ == "__main__":
    print("\n".join(summary(Path(sys.argv[1]))))
