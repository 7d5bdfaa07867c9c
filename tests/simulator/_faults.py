# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripted faults of the network and the server, one function for each action.

To add one, write a coroutine function and list it in ACTIONS. Its keyword arguments are the fault's parameters.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._errors import envelope
from ._exchange import Answer, Exchange, too_many

if TYPE_CHECKING:
    from ._server import Server


async def close_before(exchange: Exchange, server: Server) -> None:
    """Close the connection without processing the request."""
    await exchange.close()


async def close_after(exchange: Exchange, server: Server) -> None:
    """Process the request, then close the connection without a response."""
    await exchange.process()
    await exchange.close()


async def error_before(exchange: Exchange, server: Server, *, status: int = 500) -> None:
    """Respond with a server error without processing the request."""
    await exchange.answer(Answer.json(status, envelope(status)))


async def error_after(exchange: Exchange, server: Server, *, status: int = 500) -> None:
    """Process the request, then respond with a server error."""
    await exchange.process()
    await exchange.answer(Answer.json(status, envelope(status)))


async def ignored(exchange: Exchange, server: Server) -> None:
    """Respond as if the request had been processed, with the unchanged number."""
    await exchange.answer(Answer.json(200, exchange.number()))


async def part(exchange: Exchange, server: Server) -> None:
    """Process the request, and respond with a record that contains only the `id`."""
    answer = await exchange.process()
    content = json.loads(answer.body or b"null")
    if isinstance(content, dict) and "id" in content:
        answer = Answer.json(answer.status, {"id": content["id"]})
    await exchange.answer(answer)


async def rate_limited(exchange: Exchange, server: Server, *, retry_after: float | str | None = None) -> None:
    """Respond with 429 without processing the request; `retry_after` is the header's value."""
    await exchange.answer(too_many(retry_after))


async def truncated(exchange: Exchange, server: Server) -> None:
    """Process the request, then send half of the body that `Content-Length` announces, and close the connection."""
    answer = await exchange.process()
    await exchange.answer(answer, missing=len(answer.body) - len(answer.body) // 2)


async def html(exchange: Exchange, server: Server, *, processed: bool = False) -> None:
    """Respond with 200 and an HTML page, like a proxy or a maintenance page."""
    if processed:
        await exchange.process()
    page = b"<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>"
    await exchange.answer(Answer(200, page, {"content-type": "text/html; charset=utf-8"}))


async def slow(exchange: Exchange, server: Server, *, seconds: float) -> None:
    """Process the request, and respond after a delay if the client is still connected."""
    answer = await exchange.process()
    if await exchange.wait(seconds):
        await exchange.answer(answer)


async def late(exchange: Exchange, server: Server, *, seconds: float) -> None:
    """Process the request only after a delay, even if the client has disconnected, and respond."""
    await asyncio.sleep(seconds)
    await exchange.answer(await exchange.process())


async def meanwhile(exchange: Exchange, server: Server, *, change: Callable[[], object]) -> None:
    """Simulate a change by another client: call `change`, which may use the simulator, then respond normally."""
    change()
    await exchange.answer(await exchange.process())


async def echo(exchange: Exchange, server: Server) -> None:
    """Respond with 400 without processing, and quote the whole request, with its secrets, in message and details."""
    request = exchange.request
    key = request.headers["authorization"]
    message = f"{key} {json.dumps(request.body)} {json.dumps(request.body, ensure_ascii=False)} {request.body}"
    values = request.body.values() if isinstance(request.body, dict) else ()
    details = {"field": key, "received": request.body, **{str(value): str(value) for value in values}}
    await exchange.answer(Answer.json(400, envelope(400, message, **details)))


async def redirect(exchange: Exchange, server: Server, *, location: str) -> None:
    """Respond with 302 without processing the request."""
    await exchange.answer(Answer(302, b"", {"location": location}))


async def refuse(exchange: Exchange, server: Server, *, seconds: float) -> None:
    """Respond normally, close all connections, and refuse new ones for some seconds."""
    answer = await exchange.process()
    # The port closes first: a client that has received the response must not be able to connect.
    await server.close_port()
    answer.headers["connection"] = "close"
    await exchange.answer(answer)
    server.reopen_port(seconds)


async def answer(
    exchange: Exchange,
    server: Server,
    *,
    status: int = 200,
    body: Any = b"",
    headers: Mapping[str, str] | None = None,
    processed: bool = False,
) -> None:
    """Send any response: `body` unchanged if it is bytes or text, otherwise as JSON."""
    if processed:
        await exchange.process()
    if isinstance(body, bytes):
        raw, content_type = body, "application/octet-stream"
    elif isinstance(body, str):
        raw, content_type = body.encode(), "text/plain; charset=utf-8"
    else:
        raw, content_type = json.dumps(body).encode(), "application/json"
    named = {name.lower(): value for name, value in (headers or {}).items()}
    await exchange.answer(Answer(status, raw, {"content-type": content_type} | named))


ACTIONS = {
    action.__name__: action
    for action in (
        close_before,
        close_after,
        error_before,
        error_after,
        ignored,
        part,
        rate_limited,
        truncated,
        html,
        slow,
        late,
        meanwhile,
        redirect,
        refuse,
        echo,
        answer,
    )
}


@dataclass
class Fault:
    """An action for a future request. Raises ValueError for an unknown action or parameter."""

    action: str
    method: str | None
    path: str | None
    occurrence: int
    parameters: dict[str, Any]
    _seen: int = 0

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"unknown fault {self.action!r}, expected one of {', '.join(ACTIONS)}")
        try:
            inspect.signature(ACTIONS[self.action]).bind(None, None, **self.parameters)
        except TypeError as error:
            raise ValueError(f"fault {self.action!r}: {error}") from error

    def due(self, method: str, path: str) -> bool:
        """Count a request if method and path match; return whether the fault applies to it.

        A fault stays due until it is used, so two equal faults apply to two requests.
        """
        if self.method not in (None, method) or not self._matches(path):
            return False
        self._seen += 1
        return self._seen >= self.occurrence

    def _matches(self, path: str) -> bool:
        if self.path is None:
            return True
        wanted, given = self.path.split("/"), path.split("/")
        return len(wanted) == len(given) and all(
            one == other or (one.startswith("{") and other) for one, other in zip(wanted, given, strict=True)
        )


def take(faults: list[Fault], method: str, path: str) -> Fault | None:
    """Return the fault that applies to a request. If several are due: the first added. Used faults are removed."""
    due = [fault for fault in faults if fault.due(method, path)]
    if not due:
        return None
    if due[0].occurrence:
        faults.remove(due[0])
    return due[0]
