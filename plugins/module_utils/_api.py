# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 2, the API client: endpoints, retries, typed errors.

Uses the terms of the vox.ai v3 reference, and has no desired states.
Requests that may be repeated are retried here. A request that must not be
repeated, such as a registration without an answer, raises an error that is
``uncertain``. The domain then looks the number up.
"""

from __future__ import annotations

import json
import math
import random
import re
import threading
import time
import typing as t
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial

from ansible_collections.voxai.telephony.plugins.module_utils._http import HttpSession, Response, TransportError
from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id, is_id, same_id
from ansible_collections.voxai.telephony.plugins.module_utils._rate_limit import RateLimiter, Turn
from ansible_collections.voxai.telephony.plugins.module_utils._store import Store, claimed

Record = dict[str, t.Any]
"""A telephone number as the API returns it, unknown fields included."""

RECORD_FIELDS = (
    "id",
    "number",
    "provider",
    "status",
    "start_at",
    "created_at",
    "updated_at",
    "monthly_fee",
    "address",
    "inbound_trunk_id",
    "outbound_trunk_id",
    "inbound_agent",
    "outbound_agent",
    "sms_inbound_agent",
    "memo",
    "end_at",
    "cancel_requested_at",
)
"""The documented fields of a telephone number."""

_NOTHING = dict.fromkeys(RECORD_FIELDS)

_NEVER_NULL = ("id", "number", "provider", "status", "start_at", "created_at", "updated_at")
"""Fields that every complete record has. The others may be null, and servers often leave out null fields."""

HELD = ("active", "scheduled", "cancel_requested")
"""The statuses of a number that is held, most frequent first. The API lists one status at a time."""

PAGE_SIZE = 100
"""Maximum number of items in an answer of a list endpoint."""

MAX_PAGES = 1000
"""Maximum number of pages. A list with more than 100,000 records is an error of the server."""

MAX_LIST = 64 * 1024 * 1024
"""Maximum size of all pages of a list in bytes, enough for 100,000 records."""

MAX_REFUSED = 600.0
"""Seconds for which a request that is refused because of the rate limit is retried."""

_MAX_BACKOFF_STEPS = 4
"""Refusals after which the wait between two tries no longer grows, because other processes may use the same limit."""
_MAX_RETRY_AFTER = 60.0
_MAX_FIELD = 60
_MAX_TEXT = 1000
_MAX_CURSOR = 2000
"""Characters. A cursor becomes a part of a URL."""
_MAX_ERROR = 64 * 1024
"""Maximum size of an error answer in bytes. The details of a larger one are not passed on."""
_MAX_DEPTH = 64
"""Maximum number of nested levels in an answer. The API's answers have four."""
_LIMIT_HEADER = re.compile("rate-?limit|retry-after", re.IGNORECASE)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of a surrogate. JSON can contain a lone one, but no other encoding can."""
_MAX_INTEGER = 100
"""Maximum number of digits of an integer. Some Python releases take minutes for a million, others refuse 5,000."""
_MAX_ANSWER = 200
"""Maximum length of an answer in a message."""
_NOT_FOUND = (404, 410)
"""The HTTP statuses of an answer that a record does not exist."""
_CHECK_URL = "Check api_url (or VOX_API_URL): the API's own URL ends in /v3"
_CHECK_SERVER = "Check api_url (or VOX_API_URL): a proxy or another server may have answered instead of the API"
_REFUSED_TOO_LONG = (
    f"The request has been refused for {MAX_REFUSED / 60:g} minutes. Run fewer jobs with this API key at the same time,"
    " and check requests_per_second and requests_per_minute"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Control characters. No secret has one, so replacing them does not hide a secret from the masker."""


class ApiError(Exception):
    """The API has refused a request, or could not be reached.

    ``http_status``, ``code``, ``message``, ``details``: from the answer. None without an answer.
    ``uncertain``: the request may have been processed.
    ``repeated``: an earlier try of the same request may have been processed.
    ``from_api``: the answer has the form of the API's errors, which a proxy or gateway does not use.
    ``unanswered``: there was no answer, or no complete one.
    ``part``: without an answer, the part that failed, as in TransportError. Empty otherwise.
    ``hint``: what the user can do.
    """

    def __init__(
        self,
        message: str,
        http_status: int | None = None,
        code: str | None = None,
        details: t.Any = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = _cut(message)
        self.http_status = http_status
        self.code = code
        self.details = details
        self.uncertain = uncertain
        self.repeated = False
        self.from_api = False
        self.unanswered = False
        self.part = ""
        self.hint = ""

    @property
    def field(self) -> str:
        """The field of the request in the API's details. Empty if there is none."""
        field = self.details.get("field") if isinstance(self.details, dict) else None
        return field if isinstance(field, str) else ""

    def as_dict(self) -> dict[str, t.Any]:
        """The error as plain values, for another process."""
        return {**vars(self)}

    @classmethod
    def from_dict(cls, values: t.Mapping[str, t.Any]) -> ApiError:
        error = cls("")
        vars(error).update(values)
        return error

    def __str__(self) -> str:
        origin = " ".join(str(part) for part in ("HTTP", self.http_status, self.code) if part)
        text = f"{origin}: {self.message}" if self.http_status else self.message
        if self.field:
            text = f"{text} ({self.field[:_MAX_FIELD]})"
        # The text is shown in a terminal, where control characters from a server must not have an effect.
        text = _CONTROL.sub(" ", text)
        return f"{text.rstrip('.')}. {self.hint}" if self.hint else text


@dataclass
class Position:
    """The position in a list. It has plain values, so that another process can continue.

    ``cursor``: the cursor of the next page. None at the end.
    ``seen``: the cursors so far. ``size``: bytes of the pages so far.
    ``wrong``: why the next page cannot be read, although the last page was not the end.
    """

    cursor: str | None = ""
    seen: list[str] = field(default_factory=list)
    size: int = 0
    wrong: str = ""


class Answer(t.NamedTuple):
    """The 2xx answer to a write. Its content is only documented for some calls.

    ``content``: the decoded JSON.
    ``text``: the HTTP status and the content in one line, for messages.
    """

    content: t.Any
    text: str

    @property
    def record_id(self) -> str:
        """The id in the answer. Empty if there is none."""
        record_id = self._field("id")
        return str(record_id) if is_id(record_id) else ""

    @property
    def status(self) -> str:
        """The status of the number in the answer. Empty if there is none."""
        return str(self._field("status") or "")

    def is_about(self, known: Record) -> bool:
        """Whether the answer has an id, and does not contradict what is ``known`` about the number."""
        number = self._field("number")
        return (
            bool(self.record_id)
            and ("id" not in known or same_id(self.record_id, known["id"]))
            and number in (None, known["number"])
        )

    def record(self, known: Record) -> Record | None:
        """The record in the answer, if it is complete and the number is held. None otherwise.

        ``known``: the number's fields so far, with those that were sent. If a field with a value is missing in the
        answer, the answer is only a part of the record. A null field may be missing.
        """
        try:
            record = _record(self.content)
        except ApiError:
            return None
        missing = set(RECORD_FIELDS) - set(self.content)
        is_part = any(name in _NEVER_NULL or known.get(name) is not None for name in missing)
        return record if self.is_about(known) and not is_part and record["status"] in HELD else None

    def _field(self, name: str) -> t.Any:
        return self.content.get(name) if isinstance(self.content, dict) else None


class Api:
    """The organization's telephone numbers, with one method per call. Each method raises ApiError.

    Thread-safe.

    ``limiter``: the rate limiter, shared by all users of the same API key.
    ``store``: keeps whether the server has returned a record by its id, which a gateway for lists only does not.
    ``retries``: how often a request is retried.
    ``max_refused``: how long one request waits while it is refused with 429, in seconds.
    ``way``: identifies the connection options, such as the proxy. Clients with another way may succeed.
    ``requests_sent``: the number of requests that were written so far, by all calls.
    ``limit_headers``: the headers of the last answer about the rate limit.
    ``recognized``: whether a list or a record has shown that the server is the API.
    ``listed``: the ids in the lists so far.
    ``hide``: masks secrets in the server's texts. It comes before a text is cut, because a part of a secret is secret.
    """

    def __init__(self, http: HttpSession, limiter: RateLimiter, store: Store, retries: int, way: str = "") -> None:
        self._http = http
        self.limiter = limiter
        self._store = store
        self.retries = retries
        self.max_refused = MAX_REFUSED
        self.way = way
        self.requests_sent = 0
        self.recognized = False
        self._knows_ids = False
        self.listed: set[str] = set()
        self.limit_headers: dict[str, str] = {}
        self.hide: t.Callable[[t.Any], t.Any] = lambda value: value
        self._counting = threading.Lock()

    def counter(self) -> t.Callable[[], int]:
        """A function that returns how many requests have been sent since this call."""
        before = self.requests_sent
        return lambda: self.requests_sent - before

    # Numbers

    def numbers(self, status: str, provider: str | None = None) -> t.Iterator[list[Record]]:
        """Pages of the numbers with one status, newest first. A page is only requested when it is needed."""
        position = Position()
        while position.cursor is not None:
            yield self.page(status, position, provider)

    def page(self, status: str, position: Position, provider: str | None = None) -> list[Record]:
        """The page at the position, which is advanced.

        Records that do not match the query are left out, in case the server ignores a part of it.
        """
        query = [("status", status), *([("provider", provider)] if provider else [])]
        page = [_record(item) for item in self._page("/organization-telephone-numbers", query, position)]
        self.has_been_listed(page)
        return [record for record in page if record["status"] == status and provider in (None, record["provider"])]

    def has_been_listed(self, records: t.Iterable[Record]) -> None:
        """Note that the API has listed these records, to this process or to another one with the same store."""
        self.recognized = True
        self.listed.update(canonical_id(record["id"]) for record in records)

    def number(self, record_id: str, number: str | None = None, sure: bool = True) -> Record | None:
        """The record with this id, with any status. None if there is none.

        ``number``: the number that the record must have, if known.
        ``sure``: after a 404, whether to make sure with at most one list that the answer is from the API.
        """
        try:
            record = _record(self._send("GET", _path(record_id))[0])
        except ApiError as error:
            if error.http_status in _NOT_FOUND and error.from_api:
                if sure:
                    self._make_sure(canonical_id(record_id))
                return None
            raise
        self.recognized = True
        if not same_id(record["id"], record_id) or number not in (None, record["number"]):
            raise _unexpected("another number than requested")
        self._note_ids()
        return record

    def register(self, body: t.Mapping[str, t.Any]) -> Answer:
        """Register a custom number. Not retried if it may have been processed."""
        return self._write("POST", "/telephone-numbers/register", body, repeatable=False)

    def revoke_cancel(self, record_id: str) -> Answer:
        """Revoke a pending cancellation. Not retried if it may have been processed."""
        return self._write("POST", _path(record_id, "/revoke-cancel"), repeatable=False)

    def update_memo(self, record_id: str, body: t.Mapping[str, t.Any]) -> Answer:
        return self._write("PATCH", _path(record_id), body)

    def update_sip(self, record_id: str, body: t.Mapping[str, t.Any]) -> Answer:
        return self._write("PATCH", _path(record_id, "/sip"), body)

    def update_agents(self, record_id: str, body: t.Mapping[str, t.Any]) -> Answer:
        return self._write("PATCH", _path(record_id, "/agent"), body)

    def delete(self, record_id: str) -> Answer:
        """Release a number: a custom number at once, a number bought from vox.ai at the end of its paid period."""
        return self._write("DELETE", _path(record_id))

    # Agents

    def agents(self, name: str | None = None) -> list[Record]:
        """All agents, or those whose name contains ``name``."""
        # Non-ASCII letters have several Unicode forms, and it is not documented how the API compares them.
        query = [("q", name)] if name and name.isascii() else []
        position = Position()
        found: list[t.Any] = []
        while position.cursor is not None:
            found += self._page("/agents", query, position)
        if not all(isinstance(agent, dict) and is_id(agent.get("agent_id")) for agent in found):
            raise _unexpected("an agent without an agent_id")
        return found

    # Counting

    def held(self, status: str) -> int | None:
        """The API's count of the numbers with one status, with one request."""
        return self._total("/organization-telephone-numbers", [("status", status)])

    def agent_count(self) -> int | None:
        return self._total("/agents", [])

    # Waiting

    def backoff(self, attempt: int, first: float = 0.5) -> float:
        """Seconds to wait after try ``attempt`` (from 0): doubled up to five times, with jitter of up to 25 %."""
        return float(first * 2 ** min(attempt, 5) * random.uniform(1, 1.25))

    def _rate_backoff(self, refusals: int) -> float:
        # The limit per second is free again after one second. Only a limit per minute takes longer.
        return self.backoff(min(refusals, _MAX_BACKOFF_STEPS), first=1.0)

    # One call

    def _count(self, turn: Turn) -> None:
        """Called before a request is written. Raises Stopped if the task ended while the request was waiting."""
        turn.write()
        with self._counting:
            self.requests_sent += 1

    def _make_sure(self, record_id: str) -> None:
        """After a 404 for a record, make sure that the record does not exist, with at most one list. Raises ApiError.

        At a wrong URL, an unknown route is answered with the same 404 as an unknown record. A gateway may forward lists
        and answer everything else with 404.
        """
        # Threads and workers that get here at the same time need only one list.
        with claimed(self._store, f"ids {self.way}", self.limiter.sleep):
            if self._has_read_ids() or (self.recognized and record_id not in self.listed):
                return
            if record_id in self.listed:
                # A list has shown the record, and now it does not exist. List again: it may have been deleted between.
                self.listed.discard(record_id)
                for status in HELD:
                    for _page in self.numbers(status):
                        self._check_unlisted(record_id)
                self._note_ids()
            else:
                next(self.numbers(HELD[0]))
                self._check_unlisted(record_id)

    def _has_read_ids(self) -> bool:
        self._knows_ids = self._knows_ids or bool(self._store.read(lambda facts: facts.get("knows_ids", self.way)))
        return self._knows_ids

    def _note_ids(self) -> None:
        if not self._knows_ids:
            self._knows_ids = True
            self._store.do(lambda facts: facts.put("knows_ids", {self.way: True}))

    def _check_unlisted(self, record_id: str) -> None:
        if record_id in self.listed:
            error = ApiError(f"the API lists the record {record_id}, but answers 404 when it is read by its id", 404)
            error.hint = f"{_CHECK_SERVER}. Otherwise the list lags: run the task again"
            raise error

    def _page(self, path: str, query: list[tuple[str, str]], position: Position) -> list[t.Any]:
        """The items of a page at the position, which is advanced."""
        if position.wrong:
            raise _unexpected(position.wrong)
        page = [("limit", str(PAGE_SIZE))] + ([("cursor", position.cursor)] if position.cursor else [])
        try:
            answer, response = self._send("GET", path, query=[*query, *page])
        except ApiError as error:
            if error.http_status == 404:
                # Lists always exist, so this 404 is for an unknown route.
                error.hint = _CHECK_URL
            raise
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise _unexpected("a list without items")
        cursor = answer.get("next_cursor")
        position.size += len(response.body)
        if cursor is None or cursor == "":
            position.cursor = None
        # An invalid cursor is not the end of the list: the numbers on the following pages would count as not held.
        elif not isinstance(cursor, str) or len(cursor) > _MAX_CURSOR:
            position.wrong = "an invalid next_cursor"
        elif cursor in position.seen or len(position.seen) == MAX_PAGES or position.size > MAX_LIST:
            position.wrong = "a list that has no end"
        else:
            position.cursor = cursor
            position.seen.append(cursor)
        return items

    def _total(self, path: str, query: list[tuple[str, str]]) -> int | None:
        """The ``total_count`` of a list. None if it has none. Only the connection check uses it."""
        answer = self._send("GET", path, query=[*query, ("limit", "1")])[0]
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise _unexpected("a list without items")
        total = answer.get("total_count")
        return total if isinstance(total, int) and not isinstance(total, bool) else None

    def _write(
        self, method: str, path: str, body: t.Mapping[str, t.Any] | None = None, repeatable: bool = True
    ) -> Answer:
        content, response = self._send(method, path, body=body, repeatable=repeatable)
        # Masked as a text, because keys are quoted too, and before it is cut, because a part of a secret is secret.
        shown = str(self.hide(json.dumps(content, ensure_ascii=False))) if response.body else "no content"
        return Answer(content, f"HTTP {response.status}: {_CONTROL.sub(' ', shown)[:_MAX_ANSWER]}")

    def _send(
        self,
        method: str,
        path: str,
        query: t.Sequence[tuple[str, str]] = (),
        body: t.Mapping[str, t.Any] | None = None,
        repeatable: bool = True,
    ) -> tuple[t.Any, Response]:
        """Send a request with retries. Returns the decoded JSON of a 2xx answer, and the answer.

        A request that is not ``repeatable`` is only retried if it cannot have been processed.
        """
        repeated = False
        attempt = 0
        refused_since: float | None = None
        while True:
            response: Response | None = None
            try:
                with self.limiter.turn() as turn:
                    response = self._http.exchange(method, path, query, body, partial(self._count, turn))
                    self.limit_headers = {
                        name: value for name, value in response.headers.items() if _LIMIT_HEADER.search(name)
                    }
                    if response.status == 429:
                        # The limit applies to the API key, so no other request may be sent meanwhile either.
                        turn.refused(_retry_after(response), self._rate_backoff)
                    else:
                        self.limiter.admitted()
                return _decode(response, self.hide), response
            except TransportError as exc:
                error = ApiError(str(exc), uncertain=exc.sent)
                error.unanswered = True
                error.part = exc.part
                transient = not exc.permanent
            except ApiError as exc:
                error = exc
                transient = exc.uncertain
            error.repeated = repeated
            repeated = repeated or error.uncertain
            if error.http_status == 429:
                # This does not count as a try. The limiter waits.
                now = self.limiter.clock()
                refused_since = now if refused_since is None else refused_since
                if now - refused_since >= self.max_refused:
                    error.hint = _REFUSED_TOO_LONG if self.max_refused else ""
                    raise error
                continue
            if not transient or (error.uncertain and not repeatable) or attempt == self.retries:
                raise error
            self.limiter.sleep((response and _retry_after(response)) or self.backoff(attempt))
            attempt += 1


def _path(record_id: str, action: str = "") -> str:
    return f"/organization-telephone-numbers/{record_id}{action}"


def _record(item: t.Any) -> Record:
    """``item``, if it is a record of a telephone number, which has at least id, number, status and provider.

    Other documented fields that are missing are set to null.
    """
    if (
        isinstance(item, dict)
        and is_id(item.get("id"))
        and isinstance(item.get("number"), str)
        and {"status", "provider"} <= set(item)
    ):
        # According to the reference, the API never returns it. It must not appear in results.
        return {**_NOTHING, **{name: value for name, value in item.items() if name != "auth_password"}}
    raise _unexpected("a telephone number without id, number, status or provider")


def _unexpected(what: str) -> ApiError:
    error = ApiError(f"the server answered with {what}", uncertain=True)
    error.hint = _CHECK_SERVER
    return error


def _decode(response: Response, hide: t.Callable[[t.Any], t.Any]) -> t.Any:
    """The JSON of a 2xx answer. Raises ApiError for other answers, with texts masked by ``hide``."""
    content, readable = None, True
    try:
        content = _load(response.body) if response.body else None
    except (ValueError, RecursionError):
        readable = False
    status = response.status
    if 200 <= status < 300:
        if readable:
            return content
        error = ApiError("the answer is not JSON", status, uncertain=True)
        error.hint = _CHECK_SERVER
        raise error
    if 300 <= status < 400:
        raise ApiError("the server redirects, but the API key is only sent to the host of api_url", status)
    error_field = content.get("error") if isinstance(content, dict) else None
    envelope = error_field if isinstance(error_field, dict) else {}

    def text_of(name: str) -> str:
        return str(hide(str(envelope.get(name) or "")[:_MAX_ERROR]))

    error = ApiError(
        text_of("message") or "no message in the answer",
        status,
        code=_cut(text_of("code")) or None,
        details=hide(envelope.get("details")) if len(response.body) <= _MAX_ERROR else None,
        uncertain=status >= 500 or status == 408,
    )
    error.from_api = bool(envelope)
    if status in _NOT_FOUND and not error.from_api:
        error.hint = _CHECK_URL
    if status in (401, 403):
        error.hint = "Check api_key (or VOX_API_KEY): it must be a valid key of your organization"
    raise error


def _load(body: bytes) -> t.Any:
    """The JSON in a body, limited to values that Ansible can pass on. Raises ValueError or RecursionError."""
    text = body.decode("utf-8-sig", "replace")
    content = json.loads(text, parse_int=_integer, parse_float=_finite, parse_constant=_finite)
    if _is_deep(content):
        raise ValueError
    return _without_surrogates(content) if _SURROGATE.search(text) else content


def _integer(text: str) -> int:
    if len(text) > _MAX_INTEGER:
        raise ValueError
    return int(text)


def _finite(text: str) -> float | None:
    """The number, or None for infinity and NaN, which JSON cannot represent."""
    number = float(text)
    return number if math.isfinite(number) else None


def _is_deep(content: t.Any) -> bool:
    level: list[t.Any] = [[content]]
    for _level in range(_MAX_DEPTH + 1):
        nested = (value.values() if isinstance(value, dict) else value for value in level)
        level = [part for parts in nested for part in parts if type(part) in (dict, list)]
    return bool(level)


def _without_surrogates(value: t.Any) -> t.Any:
    """The value with a replacement character for each lone surrogate."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(part) for name, part in value.items()}
    return [_without_surrogates(part) for part in value] if isinstance(value, list) else value


def _cut(text: t.Any) -> str:
    """A text of the API, cut to a readable length."""
    return str(text)[:_MAX_TEXT] if text else ""


def _retry_after(response: Response) -> float | None:
    """The seconds of the Retry-After header, at most a minute. None without the header."""
    value = response.headers.get("Retry-After")
    if not value:
        return None
    try:
        seconds = float(value) if value.isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER)
