# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 2, the API client: endpoints, retries, typed errors.

Speaks the terms of the vox.ai v3 reference; knows nothing of wanted states.
What may be repeated is repeated here. What must not be (a registration whose
fate is unknown) raises an error that is ``uncertain``, for the domain to look.
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
"""The fields of a telephone number that the API's reference names."""

_NOTHING = dict.fromkeys(RECORD_FIELDS)

_NEVER_NULL = ("id", "number", "provider", "status", "start_at", "created_at", "updated_at")
"""Those that are in every whole record. Each of the others may be null, and servers often leave out what is null."""

HELD = ("active", "scheduled", "cancel_requested")
"""The statuses of a number that is held, most frequent first. The API lists one at a time."""

PAGE_SIZE = 100
"""The most that a list endpoint returns at once."""

MAX_PAGES = 1000
"""A hundred thousand records: a list that goes on is not one."""

MAX_LIST = 64 * 1024 * 1024
"""Bytes of all pages of a list, which is what a hundred thousand records take."""

MAX_REFUSED = 600.0
"""Seconds for which a request that is refused because of the rate limit is sent again."""

_LONGEST_OWN = 3
"""Refusals after which the wait between two tries grows no more: other processes may use the same limit."""
_MAX_RETRY_AFTER = 60.0
_MOST_OF_FIELD = 60
_MOST_OF_TEXT = 1000
_MOST_OF_CURSOR = 2000
"""Characters. A cursor becomes a part of a URL."""
_MOST_OF_ERROR = 64 * 1024
"""Bytes of an error's answer, beyond which its details are not passed on."""
_MAX_DEPTH = 64
"""Levels of an answer. The API's own have four."""
_LIMIT_HEADER = re.compile("rate-?limit|retry-after", re.IGNORECASE)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half of a character. JSON can write it; nothing else can."""
_MOST_OF_INTEGER = 100
"""Digits. Some releases of Python take minutes for a million of them, and others refuse 5,000."""
_MOST_OF_ANSWER = 200
"""Characters of an answer that a message quotes."""
_NONE = (404, 410)
"""The statuses of an answer that there is no such record."""
_CHECK_URL = "Check api_url (or VOX_API_URL): the API's own ends in /v3"
_THE_API_S = "Check api_url (or VOX_API_URL): is it the API's address, and nothing in between?"
_REFUSED_TOO_LONG = (
    f"The request has been refused for {MAX_REFUSED / 60:g} minutes. Run fewer jobs with this API key at the same time,"
    " and check requests_per_second and requests_per_minute"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""No secret has one of these: with a blank in its place, it would not be recognized."""


class ApiError(Exception):
    """The API refused, or could not be reached.

    ``http_status``, ``code``, ``message``, ``details``: as they came, None where nothing came.
    ``uncertain``: the request may have been processed all the same.
    ``repeated``: an earlier try of the same request may have been processed.
    ``from_api``: the answer has the form of the API's errors; something in between would not know it.
    ``unanswered``: there is no answer, or no complete one.
    ``part``: where there is none, what failed, as in TransportError; else empty.
    ``hint``: what the user can do about it, in our words.
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
        """The field of the request that the API's details name; empty if they name none."""
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
            text = f"{text} ({self.field[:_MOST_OF_FIELD]})"
        # It goes to a terminal, where a server must not clear the screen, or write lines of its own.
        text = _CONTROL.sub(" ", text)
        return f"{text.rstrip('.')}. {self.hint}" if self.hint else text


@dataclass
class Position:
    """How far a list has been read. Plain values, so that another process can read on.

    ``cursor``: what the next page begins with; None at the end.
    ``seen``: the cursors so far. ``size``: bytes of the pages so far.
    ``wrong``: why there can be no next page although the last one was not the end.
    """

    cursor: str | None = ""
    seen: list[str] = field(default_factory=list)
    size: int = 0
    wrong: str = ""


class Answer(t.NamedTuple):
    """What a write that was not refused was answered with, which is documented for some only.

    ``content``: the decoded JSON.
    ``text``: the HTTP status and the content, in one line for messages.
    """

    content: t.Any
    text: str

    @property
    def record_id(self) -> str:
        """The id that it names; empty if it names none."""
        record_id = self._field("id")
        return str(record_id) if is_id(record_id) else ""

    @property
    def status(self) -> str:
        """The status of a number that it names; empty if it names none."""
        return str(self._field("status") or "")

    def is_about(self, known: Record) -> bool:
        """Whether it names an id, and nothing that is not as it is ``known`` of the number."""
        number = self._field("number")
        return (
            bool(self.record_id)
            and ("id" not in known or same_id(self.record_id, known["id"]))
            and number in (None, known["number"])
        )

    def record(self, known: Record) -> Record | None:
        """The record, if it is a whole one of a number that is held.

        ``known``: the number's fields so far, with those that were sent. One that has a value and is missing in the
        answer shows that this is only a part of the record. One that is null may be missing.
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
    """The organization's telephone numbers, one method for each call. Each raises ApiError.

    May be used by several threads at once.

    ``limiter``: the rate limit, shared by all who use the same API key.
    ``retries``: further tries of one request.
    ``way``: tells apart those who reach the same API otherwise: by another proxy, say.
    ``requests_sent``: tries so far that were written, of all calls together.
    ``limit_headers``: the headers of the last answer that have to do with the rate limit.
    ``recognized``: whether a list or a record has shown that it is the API that answers, and not something else.
    ``knows_ids``: whether an answer has shown that it also answers by id, and not a gateway that passes on only lists.
    ``listed``: the ids that lists have shown.
    ``hide``: takes the secrets out of what the server says of an error, before it is cut: half of one is one, too.
    """

    def __init__(self, http: HttpSession, limiter: RateLimiter, retries: int, way: str = "") -> None:
        self._http = http
        self.limiter = limiter
        self.retries = retries
        self.way = way
        self.requests_sent = 0
        self.recognized = False
        self.knows_ids = False
        self.listed: set[str] = set()
        self.limit_headers: dict[str, str] = {}
        self.hide: t.Callable[[t.Any], t.Any] = lambda value: value
        self._counting = threading.Lock()
        self._looking = threading.Lock()

    def counter(self) -> t.Callable[[], int]:
        """A function that tells how many requests have been sent since now."""
        before = self.requests_sent
        return lambda: self.requests_sent - before

    # Numbers

    def numbers(self, status: str, provider: str | None = None) -> t.Iterator[list[Record]]:
        """Pages of the numbers in one status, newest first. A page is asked for when it is wanted."""
        position = Position()
        while position.cursor is not None:
            yield self.page(status, position, provider)

    def page(self, status: str, position: Position, provider: str | None = None) -> list[Record]:
        """The page at the position, which is moved on.

        Whatever a server makes of the query, the records are those that were asked for.
        """
        query = [("status", status), *([("provider", provider)] if provider else [])]
        page = [_record(item) for item in self._page("/organization-telephone-numbers", query, position)]
        self.has_been_listed(page)
        return [record for record in page if record["status"] == status and provider in (None, record["provider"])]

    def has_been_listed(self, records: t.Iterable[Record]) -> None:
        """The API has listed these records: to this process, or to another one that shares what is known."""
        self.recognized = True
        self.listed.update(canonical_id(record["id"]) for record in records)

    def number(self, record_id: str, number: str | None = None, sure: bool = True) -> Record | None:
        """One number, whatever its status; None if there is none by that id.

        ``number``: what it must be, if that is known.
        ``sure``: whether to make sure, where there is none, that it is the API that says so, by one list at most.
        """
        try:
            record = _record(self._send("GET", _path(record_id))[0])
        except ApiError as error:
            if error.http_status in _NONE and error.from_api:
                if sure:
                    self._make_sure(canonical_id(record_id))
                return None
            raise
        self.recognized = True
        if not same_id(record["id"], record_id) or number not in (None, record["number"]):
            raise _unexpected("another number than was asked for")
        self.knows_ids = True
        return record

    def register(self, body: t.Mapping[str, t.Any]) -> Answer:
        """Register a custom number. Never repeated once it may have been processed."""
        return self._write("POST", "/telephone-numbers/register", body, repeatable=False)

    def revoke_cancel(self, record_id: str) -> Answer:
        """Take back a pending cancellation. Never repeated once it may have been processed."""
        return self._write("POST", _path(record_id, "/revoke-cancel"), repeatable=False)

    def update_memo(self, record_id: str, body: t.Mapping[str, t.Any]) -> Answer:
        return self._write("PATCH", _path(record_id), body)

    def update_sip(self, record_id: str, body: t.Mapping[str, t.Any]) -> Answer:
        return self._write("PATCH", _path(record_id, "/sip"), body)

    def update_agents(self, record_id: str, body: t.Mapping[str, t.Any]) -> Answer:
        return self._write("PATCH", _path(record_id, "/agent"), body)

    def delete(self, record_id: str) -> Answer:
        """Give a number up: a custom one at once, a vox one at the end of its paid period."""
        return self._write("DELETE", _path(record_id))

    # Agents

    def agents(self, name: str | None = None) -> list[Record]:
        """All agents, or those with ``name`` as a part of theirs."""
        # Other letters than ASCII's can be encoded in several ways, and how the API compares them is not documented.
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
        """How many numbers in one status there are, as the API counts them. One request, however many there are."""
        return self._total("/organization-telephone-numbers", [("status", status)])

    def agent_count(self) -> int | None:
        return self._total("/agents", [])

    # Waiting

    def backoff(self, attempt: int, first: float = 0.5) -> float:
        """Seconds to wait after try ``attempt`` (from 0): doubled up to five times, spread by up to a quarter."""
        return float(first * 2 ** min(attempt, 5) * random.uniform(1, 1.25))

    def _rate_backoff(self, refusals: int) -> float:
        return self.backoff(min(refusals, _LONGEST_OWN), first=2.0)

    # One call

    def _count(self, turn: Turn) -> None:
        """Called when a request is about to be written: it may have waited long enough to outlive its task."""
        turn.write()
        with self._counting:
            self.requests_sent += 1

    def _make_sure(self, record_id: str) -> None:
        """Make sure that a record is not there because the API says so, at the cost of one list at most.

        At a wrong URL, an unknown route is a 404 like that of an unknown record. And a gateway may pass on lists, and
        answer everything else with a 404. Raises ApiError.
        """
        # Threads that come to this at the same time need one list together.
        with self._looking:
            if self.knows_ids or (self.recognized and record_id not in self.listed):
                return
            if record_id in self.listed:
                # An answer says that it is there, and another one that it isn't. Has it gone in between?
                self.listed.discard(record_id)
                for status in HELD:
                    for _page in self.numbers(status):
                        self._check_unlisted(record_id)
                self.knows_ids = True
            else:
                next(self.numbers(HELD[0]))
                self._check_unlisted(record_id)

    def _check_unlisted(self, record_id: str) -> None:
        if record_id in self.listed:
            error = ApiError(f"the API lists the record {record_id}, but does not know its id when it is read", 404)
            error.hint = f"{_THE_API_S} Or else the list lags: run the task again"
            raise error

    def _page(self, path: str, query: list[tuple[str, str]], position: Position) -> list[t.Any]:
        """The page of a list at the position, which is moved on."""
        if position.wrong:
            raise _unexpected(position.wrong)
        page = [("limit", str(PAGE_SIZE))] + ([("cursor", position.cursor)] if position.cursor else [])
        try:
            answer, response = self._send("GET", path, query=[*query, *page])
        except ApiError as error:
            if error.http_status == 404:
                # A list is always there, so this is the API's word for an unknown route.
                error.hint = _CHECK_URL
            raise
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise _unexpected("a list without items")
        cursor = answer.get("next_cursor")
        position.size += len(response.body)
        if cursor is None or cursor == "":
            position.cursor = None
        # Whatever else it is: to take it for the end would be to take what follows for not there.
        elif not isinstance(cursor, str) or len(cursor) > _MOST_OF_CURSOR:
            position.wrong = "a next_cursor that is none"
        elif cursor in position.seen or len(position.seen) == MAX_PAGES or position.size > MAX_LIST:
            position.wrong = "a list that has no end"
        else:
            position.cursor = cursor
            position.seen.append(cursor)
        return items

    def _total(self, path: str, query: list[tuple[str, str]]) -> int | None:
        """The ``total_count`` of a list; None if it has none. The collection relies on it nowhere else."""
        answer = self._send("GET", path, query=[*query, ("limit", "1")])[0]
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise _unexpected("a list without items")
        total = answer.get("total_count")
        return total if isinstance(total, int) and not isinstance(total, bool) else None

    def _write(
        self, method: str, path: str, body: t.Mapping[str, t.Any] | None = None, repeatable: bool = True
    ) -> Answer:
        content, response = self._send(method, path, body=body, repeatable=repeatable)
        # Hidden before it is cut, since half of a secret is one, too, and as a text, since keys are quoted as well.
        shown = str(self.hide(json.dumps(content, ensure_ascii=False))) if response.body else "no content"
        return Answer(content, f"HTTP {response.status}: {_CONTROL.sub(' ', shown)[:_MOST_OF_ANSWER]}")

    def _send(
        self,
        method: str,
        path: str,
        query: t.Sequence[tuple[str, str]] = (),
        body: t.Mapping[str, t.Any] | None = None,
        repeatable: bool = True,
    ) -> tuple[t.Any, Response]:
        """Send a request until it is answered; return the decoded JSON of a 2xx answer, and the answer.

        A request that is not ``repeatable`` is sent again only when it surely was not processed.
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
                        # The limit is the key's, not this request's: nothing else may be sent meanwhile either.
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
                # Waiting is no failure, so it costs no try. The limiter waits.
                now = self.limiter.clock()
                refused_since = now if refused_since is None else refused_since
                if now - refused_since >= MAX_REFUSED:
                    error.hint = _REFUSED_TOO_LONG
                    raise error
                continue
            if not transient or (error.uncertain and not repeatable) or attempt == self.retries:
                raise error
            self.limiter.sleep((response and _retry_after(response)) or self.backoff(attempt))
            attempt += 1


def _path(record_id: str, action: str = "") -> str:
    return f"/organization-telephone-numbers/{record_id}{action}"


def _record(item: t.Any) -> Record:
    """``item`` if it can be a telephone number: what says whether it is held, and by whom it was bought, is there.

    What else is documented and missing is null.
    """
    if (
        isinstance(item, dict)
        and is_id(item.get("id"))
        and isinstance(item.get("number"), str)
        and {"status", "provider"} <= set(item)
    ):
        # By its reference the API never returns it. It would end up in results.
        return {**_NOTHING, **{name: value for name, value in item.items() if name != "auth_password"}}
    raise _unexpected("a telephone number without id, number, status or provider")


def _unexpected(what: str) -> ApiError:
    error = ApiError(f"the server answered with {what}", uncertain=True)
    error.hint = _THE_API_S
    return error


def _decode(response: Response, hide: t.Callable[[t.Any], t.Any]) -> t.Any:
    """The JSON of a 2xx answer. Raises ApiError for any other, with what is left of its words by ``hide``."""
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
        error.hint = _THE_API_S
        raise error
    if 300 <= status < 400:
        raise ApiError("the server redirects; the API key goes to the host of api_url and nowhere else", status)
    error_field = content.get("error") if isinstance(content, dict) else None
    envelope = error_field if isinstance(error_field, dict) else {}

    def told(name: str) -> str:
        return str(hide(str(envelope.get(name) or "")[:_MOST_OF_ERROR]))

    error = ApiError(
        told("message") or "no message in the answer",
        status,
        code=_cut(told("code")) or None,
        details=hide(envelope.get("details")) if len(response.body) <= _MOST_OF_ERROR else None,
        uncertain=status >= 500 or status == 408,
    )
    error.from_api = bool(envelope)
    if status in _NONE and not error.from_api:
        error.hint = _CHECK_URL
    if status in (401, 403):
        error.hint = "Check api_key (or VOX_API_KEY): is it this organization's, and still valid?"
    raise error


def _load(body: bytes) -> t.Any:
    """The JSON in a body, as far as Ansible can pass it on. Raises ValueError or RecursionError where there is none."""
    text = body.decode("utf-8-sig", "replace")
    content = json.loads(text, parse_int=_integer, parse_float=_finite, parse_constant=_finite)
    if _is_deep(content):
        raise ValueError
    return _mend(content) if _HALF.search(text) else content


def _integer(text: str) -> int:
    if len(text) > _MOST_OF_INTEGER:
        raise ValueError
    return int(text)


def _finite(text: str) -> float | None:
    """A number that JSON can write; as JavaScript does it, null for others."""
    number = float(text)
    return number if math.isfinite(number) else None


def _is_deep(content: t.Any) -> bool:
    level: list[t.Any] = [[content]]
    for _level in range(_MAX_DEPTH + 1):
        nested = (value.values() if isinstance(value, dict) else value for value in level)
        level = [part for parts in nested for part in parts if type(part) in (dict, list)]
    return bool(level)


def _mend(value: t.Any) -> t.Any:
    """The same, with a sign in place of each half of a character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mend(name): _mend(part) for name, part in value.items()}
    return [_mend(part) for part in value] if isinstance(value, list) else value


def _cut(text: t.Any) -> str:
    """A text of the API's, as far as anybody would read it."""
    return str(text)[:_MOST_OF_TEXT] if text else ""


def _retry_after(response: Response) -> float | None:
    """Seconds that the server asks to wait, at most a minute; None if it doesn't say."""
    value = response.headers.get("Retry-After")
    if not value:
        return None
    try:
        seconds = float(value) if value.isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER)
