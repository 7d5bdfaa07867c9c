# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server in front of the simulator that sends wrong or endless responses to some requests."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from simulator import Simulator

Call = tuple[str, str]
"""Method, and path without the base path; a segment `{id}` matches any segment."""


class Answer(NamedTuple):
    """The simulator's response."""

    status: int
    body: bytes


class Attack(NamedTuple):
    """A hostile response.

    `answer`: converts the simulator's response to the bytes to send, until the client closes the connection.
    `processed`: whether the simulator processes the request; if not, its response is empty.
    `lies`: whether the response is valid, but its content is false.
    `slow`: whether it ends only by the client's timeout.
    """

    answer: Callable[[Answer], Iterable[bytes]]
    processed: bool = False
    lies: bool = False
    slow: bool = False


class Hostile:
    """Serves on a free port of 127.0.0.1, for the duration of a `with` block.

    `hits`: the number of attacks. `requests`: the number of received requests.
    """

    def __init__(self, behind: Simulator, tls: ssl.SSLContext | None = None) -> None:
        self._behind, self._tls = urlsplit(behind.url), tls
        self._attack: Attack | None = None
        self._call: Call | None = None
        self._once = False
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self.hits = self.requests = 0

    def __enter__(self) -> Hostile:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        port = self._listener.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}{self._behind.path}"
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        # close() does not interrupt accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self.calm()

    def attack(self, attack: Attack, call: Call | None = None, once: bool = False) -> None:
        """Attack each request of a call from now on, or only the next one."""
        self.calm()
        self._attack, self._call, self._once, self.hits = attack, call, once, 0

    def calm(self) -> None:
        """Stop attacking, and close the connections that still receive an attack."""
        self._attack = None
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
        try:
            # The client may disconnect at any time.
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self._tls:
                    with self._tls.wrap_socket(connection, server_side=True) as secured:
                        self._exchange(secured)
                else:
                    self._exchange(connection)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _exchange(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as reader:
            while line := reader.readline():
                method, target, _version = line.decode().split()
                headers = http.client.parse_headers(reader)
                body = reader.read(int(headers.get("Content-Length", 0)))
                attack = self._next(method, target)
                answer = Answer(0, b"")
                if attack is None or attack.processed:
                    answer = self._pass_on(method, target, body, headers.get("Authorization", ""))
                if attack:
                    for part in attack.answer(answer):
                        connection.sendall(part)
                    return
                head = f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(answer.body)}\r\n\r\n"
                connection.sendall(head.encode() + answer.body)

    def _next(self, method: str, target: str) -> Attack | None:
        path = urlsplit(target).path.removeprefix(self._behind.path)
        with self._lock:
            self.requests += 1
            attack = self._attack
            if attack is None or not (self._call is None or _is(self._call, method, path)):
                return None
            self.hits += 1
            if self._once:
                self._attack = None
            return attack

    def _pass_on(self, method: str, target: str, body: bytes, authorization: str) -> Answer:
        behind = http.client.HTTPConnection(str(self._behind.hostname), self._behind.port)
        try:
            behind.request(method, target, body, {"Authorization": authorization, "Content-Type": "application/json"})
            answer = behind.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            behind.close()


def _is(call: Call, method: str, path: str) -> bool:
    wanted, given = call[1].split("/"), path.split("/")
    return (
        call[0] == method
        and len(wanted) == len(given)
        and all(one in (other, "{id}") for one, other in zip(wanted, given, strict=True))
    )
