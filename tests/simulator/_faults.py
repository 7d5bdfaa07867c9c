# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripted faults: what can go wrong between a client and the API, one function for each action.

To add one, write a coroutine function and name it in ACTIONS; its keyword arguments are the fault's parameters.
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
    """Close the connection, nothing processed."""
    await exchange.close()


async def close_after(exchange: Exchange, server: Server) -> None:
    """Process the request, then close the connection without an answer."""
    await exchange.process()
    await exchange.close()


async def error_before(exchange: Exchange, server: Server, *, status: int = 500) -> None:
    """Answer with a server error, nothing processed."""
    await exchange.answer(Answer.json(status, envelope(status)))


async def error_after(exchange: Exchange, server: Server, *, status: int = 500) -> None:
    """Process the request, then answer with a server error."""
    await exchange.process()
    await exchange.answer(Answer.json(status, envelope(status)))


async def ignored(exchange: Exchange, server: Server) -> None:
    """Answer as if the request had been processed, with the number as it is."""
    await exchange.answer(Answer.json(200, exchange.number()))


async def part(exchange: Exchange, server: Server) -> None:
    """Process the request, and answer with nothing of a number but its `id`."""
    answer = await exchange.process()
    content = json.loads(answer.body or b"null")
    if isinstance(content, dict) and "id" in content:
        answer = Answer.json(answer.status, {"id": content["id"]})
    await exchange.answer(answer)


async def rate_limited(exchange: Exchange, server: Server, *, retry_after: float | str | None = None) -> None:
    """Answer 429, nothing processed; `retry_after` is the header's value."""
    await exchange.answer(too_many(retry_after))


async def truncated(exchange: Exchange, server: Server) -> None:
    """Process the request, then answer with half of the body that the header announces, and close."""
    answer = await exchange.process()
    await exchange.answer(answer, missing=len(answer.body) - len(answer.body) // 2)


async def html(exchange: Exchange, server: Server, *, processed: bool = False) -> None:
    """Answer 200 with a page of HTML, as a proxy or a maintenance page does."""
    if processed:
        await exchange.process()
    page = b"<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>"
    await exchange.answer(Answer(200, page, {"content-type": "text/html; charset=utf-8"}))


async def slow(exchange: Exchange, server: Server, *, seconds: float) -> None:
    """Process the request, and answer after a delay if the client has waited for it."""
    answer = await exchange.process()
    if await exchange.wait(seconds):
        await exchange.answer(answer)


async def late(exchange: Exchange, server: Server, *, seconds: float) -> None:
    """Process the request only after a delay, whether or not the client has waited for it, and answer."""
    await asyncio.sleep(seconds)
    await exchange.answer(await exchange.process())


async def meanwhile(exchange: Exchange, server: Server, *, change: Callable[[], object]) -> None:
    """Let somebody else be faster: call `change`, which may use the simulator, then answer normally."""
    change()
    await exchange.answer(await exchange.process())


async def echo(exchange: Exchange, server: Server) -> None:
    """Answer 400, nothing processed, with all that was received, secrets included, in message and details."""
    request = exchange.request
    key = request.headers["authorization"]
    message = f"{key} {json.dumps(request.body)} {json.dumps(request.body, ensure_ascii=False)} {request.body}"
    values = request.body.values() if isinstance(request.body, dict) else ()
    details = {"field": key, "received": request.body, **{str(value): str(value) for value in values}}
    await exchange.answer(Answer.json(400, envelope(400, message, **details)))


async def redirect(exchange: Exchange, server: Server, *, location: str) -> None:
    """Answer 302, nothing processed."""
    await exchange.answer(Answer(302, b"", {"location": location}))


async def refuse(exchange: Exchange, server: Server, *, seconds: float) -> None:
    """Answer normally, then refuse connections for some seconds; those that are open are closed."""
    answer = await exchange.process()
    # The port closes first: a client that has its answer must not be able to connect.
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
    """Answer anything: `body` as it is if bytes or text, as JSON otherwise."""
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
    """An action that waits for its request. Raises ValueError for an action or a parameter there is not."""

    action: str
    method: str | None
    path: str | None
    occurrence: int
    parameters: dict[str, Any]
    _seen: int = 0

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"no fault {self.action!r}; there are {', '.join(ACTIONS)}")
        try:
            inspect.signature(ACTIONS[self.action]).bind(None, None, **self.parameters)
        except TypeError as error:
            raise ValueError(f"fault {self.action!r}: {error}") from error

    def due(self, method: str, path: str) -> bool:
        """Count a request if it is of the kind waited for; return whether it is this fault's turn.

        A fault stays due until it is taken, so two of one kind hit two requests.
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
    """Return the fault that a request meets, the first added if several are due; one that is used up is removed."""
    due = [fault for fault in faults if fault.due(method, path)]
    if not due:
        return None
    if due[0].occurrence:
        faults.remove(due[0])
    return due[0]
