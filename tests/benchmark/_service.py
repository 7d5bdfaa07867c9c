# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator in a process of its own, so that it takes no time and no memory of what is measured."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from simulator import Simulator

KEY = "key-benchmark"
ADDRESS = "sip:trunk.example.com:5060"
MEMO = "benchmark"
PAGE = 100


@dataclass(frozen=True)
class Request:
    """``connection`` tells TCP connections apart, ``at`` is of time.monotonic()."""

    method: str
    connection: int
    at: float


class Service:
    """The API as one organization sees it, which holds ``numbers`` (newest first) with ADDRESS and MEMO."""

    def __init__(self, pipe: Connection, numbers: list[str]) -> None:
        self._pipe = pipe
        self.numbers = numbers
        self.pages = -(-len(numbers) // PAGE)
        self.url: str
        self.ca_path: str | None
        self.url, self.ca_path = pipe.recv()

    def spread(self, count: int) -> list[str]:
        """So many of the numbers, evenly spread, the last one of the last page among them."""
        return [self.numbers[(index + 1) * len(self.numbers) // count - 1] for index in range(count)]

    def take_log(self) -> list[Request]:
        """The requests received since this was last called."""
        self._pipe.send("log")
        return [Request(*fields) for fields in self._pipe.recv()]


@contextmanager
def serve(held: int, tls: bool) -> Iterator[Service]:
    """A service whose organization holds so many numbers, while the ``with`` block lasts."""
    numbers = [f"070{index:08}" for index in range(held)]
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_simulate, args=(theirs, numbers, tls), name="simulator")
    process.start()
    theirs.close()
    try:
        yield Service(ours, numbers[::-1])
    finally:
        ours.close()
        process.join()


def _simulate(pipe: Connection, numbers: list[str], tls: bool) -> None:
    """Serve, and answer each message with the log so far, until the other end of the pipe is closed."""
    with Simulator((KEY,), tls=tls) as simulator:
        for number in numbers:
            simulator.add(number, address=ADDRESS, memo=MEMO)
        pipe.send((simulator.url, simulator.ca_path))
        while True:
            try:
                pipe.recv()
            except EOFError:
                return
            pipe.send([(request.method, request.connection, request.at) for request in simulator.requests])
            simulator.clear_log()
