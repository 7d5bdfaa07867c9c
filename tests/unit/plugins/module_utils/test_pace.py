# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._pace import Pace, Stopped


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def times_of(
    count: int, per_second: int, per_minute: int, taken: t.Sequence[float] = (), hold: float = 0
) -> list[float]:
    """When ``count`` requests are sent, in seconds since the start.

    ``taken``: how long the first of them take; the others are over at once. ``hold``: what the first is told to.
    """
    clock = Clock()
    pace = Pace(per_second, per_minute, clock.time, clock.sleep)
    times = []
    for index in range(count):
        with pace.turn("GET") as turn:
            times.append(round(clock.now - 100.0, 6))
            clock.now += dict(enumerate(taken)).get(index, 0)
            if index == 0 and hold:
                turn.refused_for = hold
    return times


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= other < start + seconds for other in times) for start in times)


def test_no_second_and_no_minute_has_more_than_allowed() -> None:
    times = times_of(300, 5, 120)
    assert most_within(times, 1.0) == 5
    assert most_within(times, 60.0) == 120


def test_hardly_any_time_is_lost() -> None:
    assert times_of(6, 5, 120) == [0, 0, 0, 0, 0, 1.03]
    assert times_of(121, 0, 120)[119:] == [0, 60.03]


def test_a_limit_of_nought_is_none() -> None:
    assert times_of(1000, 0, 0)[-1] == 0


def test_a_request_counts_from_when_it_may_have_arrived() -> None:
    # What took a quarter of a second more than the quickest may have arrived by so much later.
    assert times_of(4, 1, 0, taken=(0.25, 0.5, 0.25, 0.25)) == [0, 1.03, 2.31, 3.34]
    # But no more than opening a connection can take: the rest is the server's own time.
    assert times_of(3, 1, 0, taken=(0.25, 3.25)) == [0, 1.03, 4.28]


def test_who_was_sent_first_may_arrive_last() -> None:
    clock = Clock()
    pace = Pace(5, 0, clock.time, clock.sleep)
    with pace.turn("GET"):
        clock.now += 0.1
    clock.now += 10
    began, times, arrivals = clock.now, [], []
    for late in (0.5, 0, 0, 0, 0, 0, 0):
        with pace.turn("GET"):
            times.append(clock.now - began)
            arrivals.append(times[-1] + late)
            clock.now += 0.1 + late
        clock.now = max(began, clock.now - 0.1 - late)  # They are sent side by side.
    assert most_within(sorted(arrivals), 1.0) <= 5


def test_requests_of_another_kind_may_take_longer() -> None:
    clock = Clock()
    pace = Pace(1, 0, clock.time, clock.sleep)
    times = []
    for kind, taken in (("GET", 0.1), ("POST", 0.9), ("POST", 0.9), ("GET", 0.1)):
        with pace.turn(kind):
            times.append(round(clock.now - 100.0, 6))
            clock.now += taken
    assert times == [0, 1.03, 2.06, 3.09]


def test_a_refusal_holds_all_and_then_slows_down() -> None:
    assert times_of(4, 0, 0, hold=7) == [0, 7, 7.388, 7.76436]


def test_to_be_refused_again_slows_down_no_further() -> None:
    clock = Clock()
    pace = Pace(0, 0, clock.time, clock.sleep)
    for _time in range(5):
        with pace.turn("GET") as turn:
            turn.refused_for = 10
    with pace.turn("GET"):
        sent = clock.now
    with pace.turn("GET"):
        assert 0.3 < clock.now - sent < 0.4


def test_who_waits_is_stopped() -> None:
    pace = Pace(1, 0)
    with pace.turn("GET"):
        pass
    pace.stopped.set()
    with pytest.raises(Stopped), pace.turn("GET"):
        raise AssertionError("this must not be sent")


@pytest.mark.parametrize("limit", [0, 1])
def test_what_nobody_waits_for_is_not_sent(limit: int) -> None:
    clock = Clock()
    pace = Pace(limit, 0, clock.time, clock.sleep)
    with pace.turn("GET"):
        pass
    pace.abandoned = lambda: clock.now > 100 or not limit
    with pytest.raises(Stopped), pace.turn("GET"):
        raise AssertionError("this must not be sent")


def test_a_refusal_reaches_threads_that_wait_already() -> None:
    clock = Clock()
    waiting, refused = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting.set()
        refused.wait(10)
        clock.sleep(seconds)

    pace = Pace(1, 0, clock.time, sleep)
    times = []

    def send() -> None:
        with pace.turn("GET"):
            times.append(clock.now)

    with pace.turn("GET") as turn:
        thread = threading.Thread(target=send)
        thread.start()
        assert waiting.wait(10)
        turn.refused_for = 30
    refused.set()
    thread.join(10)
    assert times == [130.0]
