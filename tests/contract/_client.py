# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bounded, rate limited requests to an API whose responses are untrusted. No response raises an exception."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))
import checkout

sys.path.insert(0, str(checkout.collections_path()))
# It limits time and size of a response, follows no redirect, and needs requests only.
from ansible_collections.voxai.telephony.plugins.module_utils._http import (
    HttpSession,
    TransportError,
    is_loopback,
)

MOST_READS = 40
_PER_MINUTE = 110
_INTERVAL = 0.25
_MOST_USELESS = 3
_MOST_WAIT = 60.0
_MOST_SECONDS = 600.0

_REPEATED = ("GET", "PATCH")
"""Methods that are safe to repeat after a failure."""

NOT_JSON = object()


class Stop(Exception):
    """The run cannot continue. The text says why."""


class SettingsError(Exception):
    """A variable is missing or invalid. The text is for the user."""


@dataclass
class Answer:
    """The outcome of a request to `path`; `key` is "right", "wrong" or "none"."""

    status: int | None
    """None if there was no complete response."""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Any = NOT_JSON
    empty: bool = True
    failure: str = ""
    method: str = "GET"
    path: str = ""
    key: str = "right"
    seconds: float = 0

    def __str__(self) -> str:
        if self.status is None:
            return f"no answer ({self.failure})"
        form = "" if self.empty or self.content is not NOT_JSON else ", not JSON"
        return f"HTTP {self.status}{form}"

    @property
    def of_api(self) -> bool:
        """Whether it comes from the API, not from a proxy, for example."""
        return isinstance(self.content, dict)

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        return self.status is not None and 400 <= self.status < 500 and self.status != 429

    @property
    def failed(self) -> bool:
        """Neither accepted nor refused, which the API does not do with a valid request."""
        return self.useless or not (self.ok or self.refused)

    @property
    def useless(self) -> bool:
        """Whether it shows nothing about the API.

        A 500 for a method that is repeated has come twice, so it is the API's response to this request.
        """
        if self.status is None or self.status == 429:
            return True
        return self.status > 500 or (self.status == 500 and self.method not in _REPEATED)

    @property
    def items(self) -> list[Any] | None:
        """The items of a page, None if it has no list of items."""
        items = self.content.get("items") if self.ok and isinstance(self.content, dict) else None
        return items if isinstance(items, list) else None

    @property
    def records(self) -> list[dict[str, Any]]:
        return [item for item in self.items or [] if isinstance(item, dict)]

    def get(self, name: str) -> Any:
        return self.content.get(name) if isinstance(self.content, dict) else None

    @property
    def is_last(self) -> bool:
        """Whether this is the last page. An empty cursor counts as null."""
        return self.get("next_cursor") in (None, "")

    @property
    def cursor(self) -> str | None:
        """The next_cursor, if it is a text that can be sent."""
        cursor = self.get("next_cursor")
        return cursor if isinstance(cursor, str) and re.fullmatch(r"[!-~]{1,2000}", cursor) else None

    @property
    def error(self) -> dict[str, Any]:
        error = self.get("error")
        return error if isinstance(error, dict) else {}


class _WithoutKey(HttpSession):
    @property
    def _session(self) -> Any:
        session = super()._session
        session.headers.pop("Authorization", None)
        return session


def checked_url(url: str) -> str:
    """The API's URL with its path. Raises SettingsError."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("VOX_API_URL is not a URL") from None
    if "@" in url or "?" in url or "#" in url or not re.fullmatch(r"[!-\[\]-~]{1,2000}", url):
        raise SettingsError("VOX_API_URL must have a host and a path only: no user, query, fragment or blanks")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise SettingsError("VOX_API_URL must begin with https:// (http:// is for loopback addresses only)")
    url = url.rstrip("/")
    return url if urlsplit(url).path else f"{url}/v3"


class Client:
    """Sends requests for ten minutes at most. `most`: how many requests may still be sent, None for no limit."""

    def __init__(
        self,
        url: str,
        key: str,
        verify: bool | str = True,
        timeout: float = 15,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sessions = {
            "right": HttpSession(url, key, verify, timeout),
            "wrong": HttpSession(url, "sk_not-a-key-of-any-organization", verify, timeout),
            "none": _WithoutKey(url, "", verify, timeout),
        }
        self.clock, self.sleep = clock, sleep
        self._sent: deque[float] = deque(maxlen=_PER_MINUTE)
        self._useless = 0
        self._until = clock() + _MOST_SECONDS
        self.most: int | None = MOST_READS
        self.requests = 0
        self.answers: list[Answer] = []

    def get(self, path: str, *query: tuple[str, str], key: str = "right") -> Answer:
        return self.ask("GET", path, query, key=key)

    def ask(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: Any = None, key: str = "right"
    ) -> Answer:
        """Send a request; repeat it once after a 429, or if safe after no response or a server error. Raises Stop."""
        answer = self._send(method, path, query, body, key)
        failed = (answer.status is None or answer.status >= 500) and method in _REPEATED
        if answer.status == 429 or failed:
            self.sleep(1.0 if failed else min(retry_after(answer) or 2.0, _MOST_WAIT))
            answer = self._send(method, path, query, body, key)
        self._useless = self._useless + 1 if answer.useless else 0
        if self._useless >= _MOST_USELESS:
            raise Stop(f"{self._useless} requests in a row had no useful answer: {answer}")
        return answer

    def allow(self, seconds: float) -> None:
        """Start a new time limit for requests."""
        self._until = self.clock() + seconds

    def _send(self, method: str, path: str, query: Sequence[tuple[str, str]], body: Any, key: str) -> Answer:
        if self.most is not None and self.requests >= self.most:
            raise Stop(f"{self.most} requests were sent")
        if self.clock() > self._until:
            raise Stop("the time limit of the run was reached")
        self._wait()
        self.requests += 1
        start = self.clock()
        try:
            response = self._sessions[key].exchange(method, path, query, body)
        except TransportError as error:
            answer = Answer(None, failure=str(error))
        except Exception as error:
            answer = Answer(None, failure=type(error).__name__)
        else:
            answer = Answer(response.status, response.headers, _parsed(response.body), not response.body)
        answer.method, answer.path, answer.key, answer.seconds = method, path, key, self.clock() - start
        self.answers.append(answer)
        return answer

    def _wait(self) -> None:
        now = self.clock()
        ready = self._sent[-1] + _INTERVAL if self._sent else now
        if len(self._sent) == _PER_MINUTE:
            ready = max(ready, self._sent[0] + 60)
        if ready > now:
            self.sleep(ready - now)
        self._sent.append(self.clock())


def retry_after(answer: Answer) -> float | None:
    """Return the seconds in the header; None if there is no header, or it contains a date."""
    value = answer.headers.get("Retry-After") or ""
    return float(value) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value) else None


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return NOT_JSON
