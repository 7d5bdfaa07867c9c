# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client's own pace: so many requests in any second, and in any minute."""

from __future__ import annotations

import time
import typing as t
from collections import deque


class Pace:
    """Sliding windows over the times of past requests.

    A limit of 0 switches its window off.
    """

    def __init__(
        self,
        per_second: int,
        per_minute: int,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._windows = [
            (length, deque[float](maxlen=limit)) for length, limit in ((1.0, per_second), (60.0, per_minute)) if limit
        ]
        self._not_before = 0.0
        self._clock = clock
        self._sleep = sleep

    def wait(self) -> None:
        """Return when the next request may be sent."""
        start = max(self._clock(), self._not_before)
        for length, times in self._windows:
            if len(times) == times.maxlen:
                start = max(start, times[0] + length)
        for _length, times in self._windows:
            times.append(start)
        delay = start - self._clock()
        if delay > 0:
            self._sleep(delay)

    def hold(self, seconds: float) -> None:
        """Send nothing at all for ``seconds``: the server asked for it."""
        self._not_before = max(self._not_before, self._clock() + seconds)
