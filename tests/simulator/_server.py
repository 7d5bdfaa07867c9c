# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server: uvicorn's HTTP protocol on an event loop in its own thread, optionally with TLS."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

T = TypeVar("T")

# Longer than any pause in a test, so that idle connections close only when a test closes them.
_KEEP_ALIVE_SECONDS = 120
_STOP_SECONDS = 2.0


class _Protocol(HttpToolsProtocol):
    """A connection that an exchange can close."""

    _ids = itertools.count(1)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.id = next(self._ids)
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["connection"] = self


class Server:
    """Serves an ASGI application on a port of 127.0.0.1 between start() and stop()."""

    def __init__(self, app: Any, state: dict[str, Any], *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._app, self._state, self._tls = app, state, tls
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        self._connections = ServerState()
        self._listener: asyncio.Server
        self._reopening: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: Future[None] = Future()
        self._stopping: asyncio.Event
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name=f"simulator:{self.port}", daemon=True
        )

    def start(self) -> None:
        """Start the thread, and return when the port is open."""
        self._thread.start()
        self._ready.result()

    def stop(self) -> None:
        """Close the port and every connection, and end the thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop = None

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the server's thread, between two steps of its requests, and return its result."""
        if self._loop is None or threading.current_thread() is self._thread:
            return function()
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except BaseException as error:
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        # uvicorn's Server class polls ten times a second, which would slow down each start and stop.
        self._config = Config(
            self._app,
            lifespan="off",
            ws="none",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        self._config.load()
        try:
            await self._listen()
        except OSError as error:
            self._ready.set_exception(error)
            return
        self._loop = asyncio.get_running_loop()
        self._ready.set_result(None)
        await self._stopping.wait()
        await self._shut_down()

    async def _listen(self) -> None:
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: _Protocol(self._config, self._connections, self._state),
            sock=self._socket,
            ssl=self._tls,
            ssl_shutdown_timeout=1 if self._tls else None,
        )

    async def _shut_down(self) -> None:
        if self._reopening:
            self._reopening.cancel()
        await self._close_listener()
        self._socket.close()
        # Handshakes are tasks that close their sockets when cancelled.
        for task in asyncio.all_tasks() - self._connections.tasks - {asyncio.current_task()}:
            task.cancel()
        # Requests end once their connection is closed.
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        while self._unfinished() and asyncio.get_running_loop().time() < deadline:
            for connection in list(self._connections.connections):
                connection.transport.abort()
            await asyncio.sleep(0.001)

    async def _close_listener(self) -> None:
        # The task of a new connection leaks its socket if the listener closes before the task's first step. So stop
        # accepting, let each task take that step, then close.
        asyncio.get_running_loop().remove_reader(self._socket)
        await asyncio.sleep(0)
        self._listener.close()

    def _unfinished(self) -> bool:
        return bool(self._connections.connections) or len(asyncio.all_tasks()) > 1

    # The following three methods are called in the server's thread.

    async def close_port(self) -> None:
        """Refuse new connections, close idle ones at once, and busy ones after their responses.

        The port stays reserved.
        """
        if self._listener.is_serving():
            await self._close_listener()
            # In the meantime, another fault may have bound a socket here.
            self._socket.close()
            self._socket = _bound(self.port)
        for connection in list(self._connections.connections):
            connection.shutdown()
        # asyncio closes sockets in the next iteration of its loop.
        await asyncio.sleep(0)

    def reopen_port(self, seconds: float) -> None:
        """Accept connections again after some seconds."""
        if self._reopening:
            self._reopening.cancel()
        self._reopening = asyncio.get_running_loop().call_later(seconds, self.listen_again)

    def listen_again(self) -> None:
        """Accept connections again, if they are refused."""
        if self._reopening:
            self._reopening.cancel()
            self._reopening = None
            # The kernel accepts connections from now on; the task takes them a moment later.
            self._socket.listen()
            self._relisten = asyncio.get_running_loop().create_task(self._listen())


def _bound(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only if the socket's protocol is given.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound


def make_certificate(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS context for 127.0.0.1 and localhost, and the path of the CA certificate (PEM)."""
    # Imported here because the import takes a third of the start-up time, and plain HTTP does not need it.
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    ca_path = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_path))
    return context, ca_path
