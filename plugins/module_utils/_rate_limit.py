# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 2: the rate limiter for all users of a store: the threads of a process, or all workers of a run.

A request reserves the next free slot, waits for it, and checks again. When it is written, its slot moves to that time,
because it may have opened a connection first. There is no polling, and slots are used in order.
"""

from __future__ import annotations

import math
import threading
import time
import typing as t
from contextlib import contextmanager

from ansible_collections.voxai.telephony.plugins.module_utils._store import Facts, Store

_MARGIN = 0.05
"""Additional seconds of a window, because the intervals between requests vary on their way to the server."""

_FIRST_GAP, _LAST_GAP = 0.4, 5.0
"""Seconds between two requests after the first refusal, and the maximum after several refusals."""

_SHRINK = 0.97
"""Factor by which the gap shrinks with each request."""

_NO_GAP = 0.01

_KIND, _KEY = "rate", "state"


class Stopped(BaseException):
    """The task has ended, so requests that are waiting must not be sent."""


class Turn:
    """The turn of one request. Call ``write`` when the request is written."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self.slot: int | None = None
        self.written = -math.inf

    def write(self) -> None:
        """Raises Stopped if the request must not be written."""
        self._limiter.go_on()
        self.written = self._limiter.move(self.slot)

    def refused(self, retry_after: float | None, backoff: t.Callable[[int], float]) -> None:
        """The server has refused the request because of its rate limit.

        ``retry_after``: the seconds to wait according to the server, if it says so.
        ``backoff``: the seconds to wait otherwise, by the number of refusals since a request was last admitted.
        """
        self._limiter.hold(self.written, retry_after, backoff)


class RateLimiter:
    """Sliding windows over the times at which requests were written, and pauses after refusals by the server.

    All users of the store share the windows. Each user has its own limits. 0 means no limit.

    ``stopped``: once set, all waiting requests raise Stopped, permanently, also those of threads that were abandoned.
    ``abandoned``: whether the process that started the task has ended. Then no request is sent.
    """

    def __init__(
        self,
        store: Store,
        per_second: int,
        per_minute: int,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], t.Any] | None = None,
    ) -> None:
        self._store = store
        self._windows = [
            (length + _MARGIN, limit) for length, limit in ((1.0, per_second), (60.0, per_minute)) if limit
        ]
        self.stopped = threading.Event()
        self.abandoned: t.Callable[[], bool] = lambda: False
        self.clock = clock
        self._sleep = sleep or self.stopped.wait

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped."""
        self._sleep(seconds)
        self.go_on()

    def go_on(self) -> None:
        """Raises Stopped if no further request may be sent."""
        if self.stopped.is_set() or self.abandoned():
            raise Stopped

    @contextmanager
    def turn(self) -> t.Iterator[Turn]:
        """Wait until the next request may be sent. Send it and read its answer in the ``with`` block."""
        self.go_on()
        turn = Turn(self)
        try:
            while True:
                turn.slot, wait = self._store.do(lambda facts: self._reserve(facts, turn.slot))
                if wait <= 0:
                    break
                self.sleep(wait)
        except BaseException:
            # Also if the task is interrupted.
            self._store.do(lambda facts: self._give_back(facts, turn.slot))
            raise
        turn.written = self.clock()
        yield turn

    def admitted(self) -> None:
        """The server has not refused a request."""

        def note(facts: Facts) -> None:
            state = facts.get(_KIND, _KEY)
            if state and state["refusals"]:
                facts.put(_KIND, {_KEY: {**state, "refusals": 0}})

        self._store.do(note)

    def hold(self, written: float, retry_after: float | None, backoff: t.Callable[[int], float]) -> None:
        """Pause all requests, and slow down afterwards."""

        def note(facts: Facts) -> None:
            state = facts.get(_KIND, _KEY) or _state()
            now = self.clock()
            refusals = state["refusals"]
            seconds = retry_after or 0.0
            if written >= state["held"]:
                own = backoff(refusals)
                # If the server refuses again after Retry-After, the limit per minute is used up, or others use it too.
                seconds = max(seconds, own) if refusals or not retry_after else seconds
                # Only the first refusal in a row increases the gap. Further ones wait for the end of the same minute.
                gap = state["gap"] if refusals else min(max(2 * state["gap"], _FIRST_GAP), _LAST_GAP)
                state = {**state, "held": now, "refusals": refusals + 1, "gap": gap}
            # Otherwise the request was already sent when another one was refused.
            not_before = max(state["not_before"], now + seconds)
            facts.put(_KIND, {_KEY: {**state, "not_before": not_before}})

        self._store.do(note)

    def move(self, slot: int | None) -> float:
        """Move the slot to the current time, because its request is written now. Returns the time."""

        def note(facts: Facts) -> float:
            state = facts.get(_KIND, _KEY)
            now = self.clock()
            if slot is not None and state:
                slots = [[now, number] if number == slot else [at, number] for at, number in state["slots"]]
                facts.put(_KIND, {_KEY: {**state, "slots": sorted(slots)}})
            return now

        return self._store.do(note)

    def _give_back(self, facts: Facts, slot: int | None) -> None:
        state = facts.get(_KIND, _KEY)
        if state and slot is not None:
            slots = [[at, number] for at, number in state["slots"] if number != slot]
            facts.put(_KIND, {_KEY: {**state, "slots": slots}})

    def _reserve(self, facts: Facts, slot: int | None) -> tuple[int | None, float]:
        """The number of the slot, a new one if it has none yet, and the seconds until it may be used."""
        state = facts.get(_KIND, _KEY)
        if not (state or self._windows):
            return None, 0.0
        state = state or _state()
        now = self.clock()
        # Keep as many past slots as the highest limit of all users needs.
        most = max([state["most"], *(limit for _length, limit in self._windows)])
        gap = state["gap"] if state["gap"] > _NO_GAP else 0.0
        own = next((at for at, number in state["slots"] if number == slot), math.inf)
        others = [[at, number] for at, number in state["slots"] if number != slot]
        before = [at for at, _number in others if at <= max(own, now)]
        start = max(now, state["not_before"], before[-1] + gap if before else now)
        for length, limit in self._windows:
            if len(before) >= limit:
                start = max(start, before[-limit] + length)
        number = state["next"] if slot is None or own == math.inf else slot
        past = [other for other in others if other[0] <= now]
        slots = sorted([*past[-max(most, 1) :], *others[len(past) :], [start, number]])
        facts.put(
            _KIND,
            {
                _KEY: {
                    **state,
                    "slots": slots,
                    "most": most,
                    "next": max(state["next"], number + 1),
                    "gap": gap * _SHRINK if start <= now else gap,
                }
            },
        )
        return number, start - now


def _state() -> dict[str, t.Any]:
    """``slots``: times and numbers, in order. ``held``: when the last pause began."""
    return {"slots": [], "most": 0, "next": 0, "gap": 0.0, "refusals": 0, "held": 0.0, "not_before": 0.0}
