# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slow name resolution and short timeouts: an abandoned request must never be sent later."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _http
from ansible_collections.voxai.telephony.plugins.module_utils._http import HttpSession, Response, TransportError
from torture._cases import CASES, Case
from torture._trial import Trial
from torture._world import Violation

TOO_LONG = 0.4
"""Seconds, longer than the timeout of a request here."""

Call = tuple[str, str]
"""Method and path of a request."""


class Names:
    """Resolves names, some of them slowly.

    `slow`: the number of look-ups that took longer than the timeout.
    `may_have_been_sent`: the requests that, as reported to the task, were not abandoned before they were sent.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._resolve, self._exchange = socket.getaddrinfo, HttpSession.exchange
        self._delays: Iterator[float] = iter(())
        self.slow = 0
        self.may_have_been_sent: Counter[Call] = Counter()
        self._lock = threading.Lock()
        patch.setattr(socket, "getaddrinfo", self.resolve)
        names = self

        def exchange(self: HttpSession, method: str, path: str, *more: Any, **keywords: Any) -> Response:
            return names.exchange(self, method, path, *more, **keywords)

        patch.setattr(HttpSession, "exchange", exchange)

    def begin(self, *delays: float) -> None:
        """`delays`: seconds for each look-up, in this order; further look-ups have no delay."""
        self._delays, self.slow = iter(delays), 0
        self.may_have_been_sent.clear()

    def resolve(self, *arguments: Any, **keywords: Any) -> Any:
        with self._lock:
            delay = next(self._delays, 0.0)
            self.slow += delay >= TOO_LONG
        time.sleep(delay)
        return self._resolve(*arguments, **keywords)

    def exchange(self, session: HttpSession, method: str, path: str, *more: Any, **keywords: Any) -> Response:
        # Each request has a new connection, so that its name is resolved.
        vars(session._of_thread).pop("session", None)
        sent = True
        try:
            return self._exchange(session, method, path, *more, **keywords)
        except TransportError as error:
            sent = error.sent
            raise
        finally:
            with self._lock:
                self.may_have_been_sent[method, path] += sent


def wait_for_abandoned_requests() -> None:
    """Wait until all abandoned requests have ended."""
    for thread in threading.enumerate():
        if getattr(thread, "_target", None) is _http._answer:
            thread.join()


@pytest.fixture
def names(hurried: None, monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_slow_names(trial: Trial, names: Names, case: Case, long: bool, part: int) -> None:
    """Delay each look-up in turn beyond the timeout, then several of them by random times."""
    calls = len(trial.calls(case)) + 2
    delays = [[0.0] * index + [TOO_LONG] for index in range(calls)]
    chance = random.Random(f"{case.name} {part}")
    delays += [[chance.uniform(0, 1.5 * TOO_LONG) for _call in range(calls)] for _turn in range(5 if long else 1)]
    for delay in delays:
        _try(trial, names, case, delay)
    assert trial.tally["cases"]


def _try(trial: Trial, names: Names, case: Case, delays: list[float]) -> None:
    trial.begin(case, f"names take {', '.join(f'{delay:.2f}' for delay in delays)} s")
    first = trial.world()
    names.begin(*delays)
    trial.run(case, hurried=True)
    wait_for_abandoned_requests()
    trial.world()
    late = Counter((request.method, request.path) for request in trial.sim.writes) - names.may_have_been_sent
    trial.blame(*(Violation("late", " ".join(call)) for call in late.elements()))
    if names.slow:
        trial.tally["cases"] += 1
        trial.tally["slow name resolutions"] += names.slow
    names.begin()
    trial.finish(case, first)
