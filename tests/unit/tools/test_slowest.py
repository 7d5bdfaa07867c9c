# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of the slowest tests at the end of `make test`."""

from __future__ import annotations

from pathlib import Path

import slowest


def test_counts_by_session_and_ten_slowest_tests(tmp_path: Path) -> None:
    for session, first in (("unit", 0), ("integration-2.16", 20)):
        cases = "".join(f'<testcase classname="c" name="t{n}" time="{n / 10}" />' for n in range(first, first + 8))
        (tmp_path / f"{session}.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    counted, counted_too, _title, *tests = slowest.summary(tmp_path)
    assert counted.split() == ["8", "tests", "in", "integration-2.16,", "19", "s"]
    assert counted_too.split() == ["8", "tests", "in", "unit,", "3", "s"]
    assert [line.split()[-1] for line in tests] == [f"c::t{n}" for n in (27, 26, 25, 24, 23, 22, 21, 20, 7, 6)]


def test_no_results(tmp_path: Path) -> None:
    assert len(slowest.summary(tmp_path)) == 1
