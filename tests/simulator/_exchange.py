# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request in the simulator: it is logged, authorized, processed and answered, or disconnected."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from ._errors import envelope, other_body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ._state import Organization, World

BASE_PATH = "/v3"
logger = logging.getLogger("simulator")


@dataclass
class LoggedRequest:
    """A request that the simulator has received."""

    method: str
    path: str
    """Without the base path `/v3`."""
    query: list[tuple[str, str]]
    body: Any
    """Parsed JSON; bytes if it is invalid JSON or nested too deeply, None if it is empty."""
    headers: dict[str, str]
    """With names in lower case."""
    key: str | None
    """The API key of the request's organization, None if the key is unknown."""
    connection: int
    """Identifies the TCP connection."""
    at: float = field(default_factory=time.monotonic)
    status: int | None = None
    """The status of the response, None if there is none yet or at all."""
    fault: str | None = None
    """The action of the fault that was applied to this request."""
    over: bool = False
    """Whether the request has had all its effects, even if its response has not been received."""


@dataclass
class Answer:
    """A complete response, kept until it is decided whether and how it is sent."""

    status: int
    body: bytes
    headers: dict[str, str]

    @classmethod
    def json(cls, status: int, content: Any, **headers: str) -> Answer:
        """Return a response with a JSON body."""
        body = json.dumps(content, ensure_ascii=False).encode()
        return cls(status, body, {"content-type": "application/json"} | headers)


class Connection(Protocol):
    """What an exchange needs from its connection."""

    id: int
    transport: asyncio.Transport


class Exchange:
    """A request and its processing. Raises ConnectionError if the client disconnects before the request is complete."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, app: ASGIApp) -> None:
        self._scope, self._receive, self._send, self._app = scope, receive, send, app
        self._connection: Connection = scope["state"]["connection"]
        self._world: World = scope["state"]["world"]
        self._body = b""
        self._client_left = False
        self.request: LoggedRequest

    async def read(self) -> None:
        """Read and log the request."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            self._body += message.get("body", b"")
            more = message.get("more_body", False)
        headers: dict[str, str] = {}
        for raw_name, raw_value in self._scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        organization = self._authorize(headers.get("authorization", ""))
        self._scope["state"]["organization"] = organization
        self.request = LoggedRequest(
            method=self._scope["method"],
            path=self._scope["path"].removeprefix(BASE_PATH),
            query=parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True),
            body=_parsed(self._body),
            headers=headers,
            key=organization.key if organization else None,
            connection=self._connection.id,
        )
        self._world.requests.append(self.request)

    def _authorize(self, authorization: str) -> Organization | None:
        scheme, _space, key = authorization.partition(" ")
        return self._world.organizations.get(key) if scheme.lower() == "bearer" else None

    def number(self) -> dict[str, Any]:
        """The record of the number whose id is in the path; `{}` if there is none."""
        organization = self._scope["state"]["organization"]
        numbers = organization.numbers if organization else {}
        found = [number for record_id, number in numbers.items() if record_id in self.request.path]
        return self._world.show(found[0].fields) if found else {}

    async def process(self) -> Answer:
        """Process the request and return the API's response."""
        switches = self._world.switches
        answer = self._in_its_form(await self._processed())
        if switches.limit_headers and switches.rate_limit:
            for window, limit in zip(("second", "minute"), switches.rate_limit, strict=True):
                answer.headers[f"x-ratelimit-limit-{window}"] = str(limit)
        return answer

    def _in_its_form(self, answer: Answer) -> Answer:
        """Return the response with the body that is configured for errors of its status."""
        switches, status = self._world.switches, answer.status
        form = switches.error_bodies.get(status, "envelope")
        if status >= 400 and form != "envelope":
            answer.body = b"" if form == "empty" else json.dumps(other_body(status)).encode()
        elif status in switches.error_codes:
            content = _parsed(answer.body)
            if isinstance(content, dict) and "error" in content:
                content["error"]["code"] = switches.error_codes[status]
                answer.body = json.dumps(content, ensure_ascii=False).encode()
        return answer

    async def _processed(self) -> Answer:
        switches = self._world.switches
        if switches.latency:
            await self.wait(switches.latency)
        if self._scope["path"].startswith(f"{BASE_PATH}/"):
            organization = self._scope["state"]["organization"]
            if organization is None:
                given = "authorization" in self.request.headers
                status = switches.wrong_key_status if given else switches.no_key_status
                return Answer.json(status, envelope(status), **{"www-authenticate": "Bearer"})
            if switches.rate_limit and not organization.admit(*switches.rate_limit):
                return too_many(switches.retry_after)
        return await self._call_app()

    async def _call_app(self) -> Answer:
        answer = Answer(500, b"", {})

        async def receive() -> Message:
            return {"type": "http.request", "body": self._body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        try:
            await self._app(self._scope, receive, send)
        except Exception:
            logger.exception("%s %s failed", self.request.method, self.request.path)
            return Answer.json(500, envelope(500))
        return answer

    async def answer(self, answer: Answer, *, missing: int = 0) -> None:
        """Send a response. With `missing`, close the connection before that many bytes at the end of the body."""
        if self._client_left:
            return
        self.request.status = answer.status
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        headers["content-length"] = str(len(answer.body))
        await self._send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            }
        )
        sent = answer.body[: len(answer.body) - missing]
        await self._send({"type": "http.response.body", "body": sent, "more_body": bool(missing)})
        if missing:
            self._connection.transport.close()
            await self._left()

    async def close(self) -> None:
        """Close the connection."""
        self._connection.transport.abort()
        await self._left()

    async def wait(self, seconds: float) -> bool:
        """Wait, and return whether the client is still connected."""
        try:
            await asyncio.wait_for(self._left(), seconds)
        except TimeoutError:
            return True
        return False

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._client_left = True


def too_many(retry_after: float | str | None) -> Answer:
    """Return the response to a request above the rate limit."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Answer.json(429, envelope(429), **headers)


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
