# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator in a separate process, so that its time and memory are not measured."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from simulator import Simulator, Switches

KEY = "key-benchmark"
ADDRESS = "sip:trunk.example.com:5060"
MEMO = "benchmark"
PAGE = 100
WINDOWS = {1.0: 5, 60.0: 120}
"""The rate limits of the real service: requests by seconds."""


@dataclass(frozen=True)
class Request:
    """``connection`` identifies the TCP connection, ``at`` is a time.monotonic()."""

    method: str
    connection: int
    at: float
    status: int | None


def numbers(count: int) -> list[str]:
    """Return this many telephone numbers."""
    return [f"070{index:08}" for index in range(count)]


class Service:
    """The API of one organization, which holds ``numbers`` (newest first) with ADDRESS and MEMO."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.numbers: list[str]
        self.pages: int
        self.url: str
        self.ca_path: str | None
        self.url, self.ca_path = pipe.recv()

    def hold(self, count: int, **switches: Any) -> None:
        """Reset the simulator, and add this many numbers, with these switches."""
        self._ask("hold", count, switches)
        self.numbers = numbers(count)[::-1]
        self.pages = -(-count // PAGE)

    def spread(self, count: int) -> list[str]:
        """Return this many of the numbers, evenly spread, including the last one of the last page."""
        return [self.numbers[(index + 1) * len(self.numbers) // count - 1] for index in range(count)]

    def take_log(self) -> list[Request]:
        """Return the requests since the last call."""
        return [Request(*fields) for fields in self._ask("take_log")]

    def _ask(self, *command: Any) -> Any:
        self._pipe.send(command)
        return self._pipe.recv()


@contextmanager
def serve(held: int, tls: bool) -> Iterator[Service]:
    """Run a service whose organization holds this many numbers, for the duration of the ``with`` block."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_simulate, args=(theirs, tls), name="simulator")
    process.start()
    theirs.close()
    try:
        service = Service(ours)
        service.hold(held)
        yield service
    finally:
        ours.close()
        process.join()


def _simulate(pipe: Connection, tls: bool) -> None:
    """Serve, and execute the command of each message, until the other end of the pipe is closed."""
    with Simulator((KEY,), tls=tls) as simulator:

        def hold(count: int, switches: dict[str, Any]) -> None:
            simulator.reset()
            simulator.switches = Switches(**switches)
            for number in numbers(count):
                simulator.add(number, address=ADDRESS, memo=MEMO)

        def take_log() -> list[tuple[Any, ...]]:
            log = [(request.method, request.connection, request.at, request.status) for request in simulator.requests]
            simulator.clear_log()
            return log

        commands: dict[str, Callable[..., Any]] = {"hold": hold, "take_log": take_log}
        pipe.send((simulator.url, simulator.ca_path))
        while True:
            try:
                command, *arguments = pipe.recv()
            except EOFError:
                return
            pipe.send(commands[command](*arguments))
