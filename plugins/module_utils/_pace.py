# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client's own pace: so many requests in any second, and in any minute, of all threads together."""

from __future__ import annotations

import math
import threading
import time
import typing as t
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass

_MARGIN = 0.03
"""Seconds that a window is made longer, since requests don't arrive exactly as far apart as they were sent."""

_FIRST_GAP, _LAST_GAP = 0.4, 5.0
"""Seconds between two requests after one that was refused, and at most after many."""

_MOST_LATE = 0.5
"""Seconds by which a request can be late because its connection had to be opened. What takes longer is the answer."""

_CATCHING_UP = 0.97
"""By what the gap shrinks with each request."""


class Stopped(BaseException):
    """The task is over: what was waiting to be sent must not be sent any more."""


@dataclass
class Turn:
    """A request of some kind; those of a kind take about the same time.

    ``refused_for``: how many seconds to send nothing, since the server has refused it for the pace.
    """

    kind: str
    sent: float
    over: float | None = None
    refused_for: float | None = None


class Pace:
    """Sliding windows over the times at which past requests arrived at the server.

    That time is not known: a request that opens a connection arrives later than one that finds it open. A request
    that took longer than the quickest of its kind is taken to have arrived by so much later.

    A limit of 0 switches its window off.

    ``admitted``: requests so far that the server has not refused for the pace.
    ``stopped``: once set, all who wait raise Stopped, for good: threads that were left behind may still come to it.
    ``abandoned``: whether nobody is left to be told what comes of a request. So is none sent.
    """

    def __init__(
        self,
        per_second: int,
        per_minute: int,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], t.Any] | None = None,
    ) -> None:
        self._windows = [
            (length + _MARGIN, limit, deque[Turn]())
            for length, limit in ((1.0, per_second), (60.0, per_minute))
            if limit
        ]
        self._quickest: dict[str, float] = {}
        self._not_before = self._last = -math.inf
        self._gap = 0.0
        self._smooth = True
        self.admitted = 0
        self.stopped = threading.Event()
        self.abandoned: t.Callable[[], bool] = lambda: False
        self._clock = clock
        self._sleep = sleep or self.stopped.wait
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped."""
        self._sleep(seconds)
        self.go_on()

    def go_on(self) -> None:
        """Raises Stopped if nothing more may be sent."""
        if self.stopped.is_set() or self.abandoned():
            raise Stopped

    @contextmanager
    def turn(self, kind: str) -> t.Iterator[Turn]:
        """Wait until the next request may be sent; send it, and read its answer, in the ``with`` block."""
        turn = self._wait(kind)
        answered = False
        try:
            yield turn
            answered = True
        finally:
            with self._lock:
                turn.over = self._clock()
                if turn.refused_for is not None:
                    self._hold(turn.over, turn.refused_for)
                elif answered:
                    taken = turn.over - turn.sent
                    self._quickest[kind] = min(self._quickest.get(kind, taken), taken)
                    self._smooth = True
                    self.admitted += 1

    def _hold(self, now: float, seconds: float) -> None:
        """Send nothing at all for a while, and less from then on."""
        # A minute that is used up refuses again and again: that is waited for, and no reason to go slower still.
        if self._smooth:
            self._gap = min(max(2 * self._gap, _FIRST_GAP), _LAST_GAP)
            self._smooth = False
        self._not_before = max(self._not_before, now + seconds)

    def _wait(self, kind: str) -> Turn:
        self.go_on()
        while True:
            with self._lock:
                now = self._clock()
                start = self._start(now)
                if start <= now:
                    turn = Turn(kind, now)
                    for _length, _limit, turns in self._windows:
                        turns.append(turn)
                    self._last = now
                    self._gap *= _CATCHING_UP
                    return turn
            # Looked at anew after that: others may have been refused meanwhile.
            self.sleep(start - now)

    def _start(self, now: float) -> float:
        """When the next request may be sent, as far as is known."""
        start = max(self._not_before, self._last + self._gap)
        for length, limit, turns in self._windows:
            while turns and self._arrival(turns[0], now) + length <= now:
                turns.popleft()
            if len(turns) >= limit:
                # Who was sent first may have arrived last.
                start = max(start, length + sorted(self._arrival(turn, now) for turn in turns)[-limit])
        return start

    def _arrival(self, turn: Turn, now: float) -> float:
        taken = (now if turn.over is None else turn.over) - turn.sent
        late = taken - self._quickest.get(turn.kind, math.inf)
        return turn.sent + min(max(late, 0.0), _MOST_LATE)
