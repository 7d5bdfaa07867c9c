# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._rate_limit import RateLimiter, Stopped
from ansible_collections.voxai.telephony.plugins.module_utils._store import MemoryStore


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def limiter(self, store: t.Any, per_second: int = 0, per_minute: int = 0) -> RateLimiter:
        return RateLimiter(store, per_second, per_minute, self.time, self.sleep)


def backoff(refusals: int) -> float:
    return float(2 * 2**refusals)


def times_of(store: t.Any, count: int, per_second: int, per_minute: int, connecting: t.Sequence[float] = ()) -> t.Any:
    """Return when ``count`` requests are written, in seconds since the start.

    ``connecting``: seconds that each of the first requests takes to connect, before it is written.
    """
    clock = Clock()
    limiter = clock.limiter(store, per_second, per_minute)
    times = []
    for index in range(count):
        with limiter.turn() as turn:
            clock.now += dict(enumerate(connecting)).get(index, 0)
            turn.write()
            times.append(round(clock.now - 100.0, 6))
    return times


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= other < start + seconds for other in times) for start in times)


def test_limits_hold_in_each_second_and_minute(make_store: t.Any) -> None:
    times = times_of(make_store(), 300, 5, 120)
    assert most_within(times, 1.0) == 5
    assert most_within(times, 60.0) == 120


def test_wait_is_little_longer_than_a_second(make_store: t.Any) -> None:
    assert times_of(make_store(), 6, 5, 120) == [0, 0, 0, 0, 0, 1.05]


def test_wait_is_little_longer_than_a_minute() -> None:
    assert times_of(MemoryStore(), 121, 0, 120)[119:] == [0, 60.05]


def test_limit_0_means_unlimited(make_store: t.Any) -> None:
    assert times_of(make_store(), 1000, 0, 0)[-1] == 0


def test_request_counts_from_the_time_it_is_written(make_store: t.Any) -> None:
    """Before that, it may have to open a connection."""
    assert times_of(make_store(), 4, 1, 0, connecting=(0.25, 3)) == [0.25, 4.3, 5.35, 6.4]


def test_waiting_request_checks_again_after_another_was_written(make_store: t.Any) -> None:
    clock = Clock()
    first = clock.limiter(make_store(), 1)
    store = make_store() if make_store is not MemoryStore else first._store
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        if not slept:
            turn.write()
        slept.append(seconds)
        clock.sleep(seconds)

    second = RateLimiter(store, 1, 0, clock.time, sleep)
    with first.turn() as turn:
        clock.now += 0.5
        with second.turn():
            assert clock.now == pytest.approx(101.55)
    assert len(slept) == 2


def test_slots_are_taken_in_order(make_store: t.Any) -> None:
    limiter, waits = Clock().limiter(make_store(), 1), []
    for _worker in range(3):
        waits.append(round(limiter._store.do(lambda facts: limiter._reserve(facts, None))[1], 6))
    assert waits == [0, 1.05, 2.1]


def test_each_limiter_applies_its_own_limits_to_all_requests(make_store: t.Any) -> None:
    clock = Clock()
    store = make_store()
    times = []
    for limit in (5, 5, 1, 5, 0, 2):
        with clock.limiter(store, limit).turn():
            times.append(round(clock.now - 100, 6))
    assert times == [0, 0, 1.05, 1.05, 1.05, 2.1]


def test_429_pauses_all_requests_and_then_slows_down(make_store: t.Any) -> None:
    clock = Clock()
    limiter = clock.limiter(make_store())
    times = []
    for index in range(4):
        with limiter.turn() as turn:
            turn.write()
            times.append(round(clock.now - 100, 6))
            if index:
                limiter.admitted()
            else:
                turn.refused(7, backoff)
    assert times == [0, 7, 7.388, 7.76436]


def test_consecutive_429s_wait_longer_but_do_not_slow_down_further(make_store: t.Any) -> None:
    clock = Clock()
    limiter = clock.limiter(make_store())
    times = []
    for index in range(6):
        with limiter.turn() as turn:
            turn.write()
            times.append(round(clock.now - 100, 3))
            if index < 4:
                turn.refused(1, backoff)
            else:
                limiter.admitted()
    # The first wait is the server's Retry-After. Further refusals wait longer.
    assert times[:5] == [0, 1, 5, 13, 29]
    assert 0.3 < times[5] - times[4] < 0.4


def test_concurrent_429s_count_as_one(make_store: t.Any) -> None:
    clock = Clock()
    limiter = clock.limiter(make_store())
    with limiter.turn() as one, limiter.turn() as two:
        for turn in (one, two):
            turn.write()
            clock.now += 0.1
        for turn in (one, two):
            turn.refused(None, backoff)
            clock.now += 0.1
    with limiter.turn():
        assert clock.now == pytest.approx(102.2)


def test_stop_ends_a_waiting_request() -> None:
    limiter = RateLimiter(MemoryStore(), 1, 0)
    with limiter.turn():
        pass
    limiter.stopped.set()
    with pytest.raises(Stopped), limiter.turn():
        raise AssertionError("this must not be sent")


@pytest.mark.parametrize("limit", [0, 1])
def test_abandoned_request_is_not_sent(limit: int) -> None:
    clock = Clock()
    limiter = clock.limiter(MemoryStore(), limit)
    with limiter.turn():
        pass
    limiter.abandoned = lambda: clock.now > 100 or not limit
    with pytest.raises(Stopped), limiter.turn():
        raise AssertionError("this must not be sent")


def test_abandoned_request_returns_its_slot(make_store: t.Any) -> None:
    clock = Clock()
    limiter = clock.limiter(make_store(), 1)
    with limiter.turn():
        pass
    limiter.abandoned = lambda: clock.now > 100
    with pytest.raises(Stopped), limiter.turn():
        raise AssertionError("this must not be sent")
    limiter.abandoned = lambda: False
    with limiter.turn():
        assert clock.now == pytest.approx(101.05)


def test_429_delays_threads_that_are_already_waiting() -> None:
    clock = Clock()
    waiting, refused = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting.set()
        refused.wait(10)
        clock.sleep(seconds)

    limiter = RateLimiter(MemoryStore(), 1, 0, clock.time, sleep)
    times = []

    def send() -> None:
        with limiter.turn():
            times.append(clock.now)

    with limiter.turn() as turn:
        turn.write()
        thread = threading.Thread(target=send)
        thread.start()
        assert waiting.wait(10)
        turn.refused(30, backoff)
    refused.set()
    thread.join(10)
    assert times == [130.0]
