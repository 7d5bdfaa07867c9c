# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.voxai.telephony.plugins.module_utils._pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def times_of(count: int, per_second: int, per_minute: int, hold: float = 0) -> list[float]:
    """When ``count`` requests are sent that take no time, in seconds since the start."""
    clock = Clock()
    pace = Pace(per_second, per_minute, clock.time, clock.sleep)
    times = []
    for index in range(count):
        pace.wait()
        times.append(round(clock.now - 100.0, 6))
        if index == 0 and hold:
            pace.hold(hold)
    return times


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= other < start + seconds for other in times) for start in times)


def test_no_second_and_no_minute_has_more_than_allowed() -> None:
    times = times_of(300, 5, 120)
    assert most_within(times, 1.0) == 5
    assert most_within(times, 60.0) == 120


def test_no_time_is_lost() -> None:
    assert times_of(6, 5, 120) == [0, 0, 0, 0, 0, 1]
    assert times_of(121, 0, 120)[119:] == [0, 60]


def test_a_limit_of_nought_is_none() -> None:
    assert times_of(1000, 0, 0)[-1] == 0


def test_hold_holds_all() -> None:
    assert times_of(3, 0, 0, hold=7) == [0, 7, 7]
