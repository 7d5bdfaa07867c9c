# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The responses of a hostile server."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain, repeat
from typing import Any

from ansible_collections.voxai.telephony.plugins.module_utils import _http
from torture._cases import KEY
from torture._hostile import Answer, Attack

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BLANKS = b" " * 2**16
RECORD = {"id": "5c4b2b9e-8f5e-4a0c-9a53-0c5a1f1d9999", "number": "07000000000", "provider": "custom"}
RECORD |= {"status": "active"}


def whole(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return a complete response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def fixed(*parts: bytes, lies: bool = False) -> Attack:
    """Return an attack that always sends the same bytes."""
    return Attack(lambda _answer: parts, lies=lies)


def _for_ever(part: bytes, *first: bytes) -> Attack:
    return Attack(lambda _answer: chain(first, repeat(part)))


def _now_and_then(part: bytes, *first: bytes, pause: float = 0.02) -> Attack:
    def drip(_answer: Answer) -> Iterator[bytes]:
        yield from first
        while True:
            yield part
            time.sleep(pause)

    return Attack(drip, slow=True)


# --- HTTP ---

_STATUS_LINES = {
    "garbage": b"\x00\xff\xfe garbage\r\n\r\n",
    "only line breaks": b"\r\n\r\n\r\n\r\n",
    "HTML without HTTP": b"<html>hello</html>\r\n\r\n",
    "HTTP/0.9": b'{"items": [], "next_cursor": null}',
    "HTTP/9.9": b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "ICY": b"ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no status": b"HTTP/1.1\r\n\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x28",
    **{
        f"status {status}": f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        for status in (
            "000",
            "099",
            "100",
            "101",
            "102",
            "103",
            "199",
            "600",
            "999",
            "1000",
            "-200",
            "+200",
            "2e2",
            "２００",
        )
    },
    "103 before the response": b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" + whole(b"{}"),
    "two answers": whole(b"{}") + whole(b'{"items": [], "next_cursor": null}'),
}

_HEADERS = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "two lengths in one header": b"Content-Length: 2, 5\r\n\r\n{}",
    "a negative length": b"Content-Length: -1\r\n\r\n{}",
    "a length of 5,000 digits": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "a length in fullwidth digits": "Content-Length: ２\r\n\r\n{}".encode(),
    "chunked with a length": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked without chunks": b"Transfer-Encoding: chunked\r\n\r\n{}",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "an invalid chunk size": b"Transfer-Encoding: chunked\r\n\r\n0x2_\r\n{}\r\n0\r\n\r\n",
    "a chunk of a billion bytes": b"Transfer-Encoding: chunked\r\n\r\n3B9ACA00\r\n{}",
    "headers without a colon": b"nonsense\r\n: nothing\r\n\x00\r\nContent-Length: 2\r\n\r\n{}",
    "headers in another encoding": "X-본사: 본사\r\nContent-Length: 2\r\n\r\n{}".encode("utf-16"),
    "folded headers": b"X: a\r\n b\r\n\tc\r\nContent-Length:\r\n 2\r\n\r\n{}",
    "thousands of headers": b"X: y\r\n" * 5000 + b"Content-Length: 2\r\n\r\n{}",
    "a header of megabytes": b"X: " + b"y" * 4 * 2**20 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "cookies": b"".join(b"Set-Cookie: c%d=" % n + b"y" * 60_000 + b"; Path=/\r\n" for n in range(50))
    + b"Set-Cookie: \xff\x00; expires=never; Max-Age=1e999; Domain=.\r\nContent-Length: 2\r\n\r\n{}",
    "an unknown content encoding": b"Content-Encoding: \xff, nonsense\r\nContent-Length: 2\r\n\r\n{}",
    "an invalid content type": b'Content-Type: application/json; charset="\xff\r\nContent-Length: 2\r\n\r\n{}',
    "an upgrade": b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
}

WIRE: dict[str, Attack] = {
    "endless body with a length": _for_ever(BLANKS, OK + b"Content-Length: 1000000000000\r\n\r\n"),
    "endless body without a length": _for_ever(BLANKS, OK + b"\r\n"),
    "no end, chunked": _for_ever(b"10000\r\n" + BLANKS + b"\r\n", CHUNKED),
    "endless chunks of a byte": _for_ever(b"1\r\n \r\n" * 2**12, CHUNKED),
    "endless chunk of size -1": _for_ever(BLANKS, CHUNKED + b"-1\r\n"),
    "endless chunk size": _for_ever(b"0" * 2**16, CHUNKED),
    "endless chunk extension": _for_ever(BLANKS, CHUNKED + b"1;"),
    # Paused: the abandoned thread still reads what the kernel has buffered, which must not delay other threads.
    "endless trailers": _now_and_then(b"X: y\r\n" * 10, CHUNKED + b"0\r\n", pause=0.001),
    "endless trailer": _for_ever(BLANKS, CHUNKED + b"0\r\nX: "),
    "endless redirect": _for_ever(BLANKS, b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"),
    "endless error": _for_ever(BLANKS, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "endless headers": _for_ever(b"X: y\r\n" * 2**10, OK),
    "endless header": _for_ever(b"y" * 2**16, OK + b"X: "),
    "endless status line": _for_ever(b"0" * 2**16, b"HTTP/1.1 200 "),
    "endless 100 responses": _now_and_then(b"HTTP/1.1 100 Continue\r\n\r\n" * 10, pause=0.001),
    "endless 102 responses": _for_ever(b"HTTP/1.1 102 Processing\r\n\r\n" * 100),
    "silence": _now_and_then(b""),
    "a slow body": _now_and_then(b" ", OK + b"Content-Length: 1000000\r\n\r\n"),
    "slow chunks": _now_and_then(b"1\r\n \r\n", CHUNKED),
    "slow headers": _now_and_then(b"X: y\r\n", OK),
    "slow 100 responses": _now_and_then(b"HTTP/1.1 100 Continue\r\n\r\n"),
    **{f"status line: {name}": fixed(text, lies=True) for name, text in _STATUS_LINES.items()},
    **{f"headers: {name}": fixed(OK + text, lies=True) for name, text in _HEADERS.items()},
    **{
        f"status {status}": fixed(whole(b"", status, *headers))
        for status, *headers in (
            ("304 Not Modified",),
            ("401 Unauthorized", "WWW-Authenticate: Basic realm=x", "WWW-Authenticate: Negotiate"),
            ("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=x"),
            ("451 Unavailable For Legal Reasons",),
            ("429 Too Many Requests", "Retry-After: -5"),
            ("429 Too Many Requests", "Retry-After: Thu, 99 Foo 99999 99:99:99 +9999"),
            ("503 Service Unavailable", "Retry-After: \xb2"),
            ("503 Service Unavailable", "Retry-After: 0x5"),
        )
    },
}

# --- compression ---


@cache
def bomb(times: int = 1, size: int = 2**26) -> bytes:
    """Return blanks of this size, compressed this many times."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    blanks = b" " * 2**20
    packed = b"".join(packer.compress(blanks) for _index in range(size // len(blanks))) + packer.flush()
    return gzip.compress(packed) if times > 1 else packed


def _packed(encoding: str, body: Callable[[], bytes], status: str = "200 OK") -> Attack:
    return Attack(lambda _answer: [whole(body(), status, f"Content-Encoding: {encoding}")])


PACKED = {
    "gzip": _packed("gzip", bomb),
    "GZIP": _packed("GZIP", bomb),
    "x-gzip": _packed("x-gzip", bomb),
    "deflate": _packed("deflate", lambda: bomb()[10:-8]),
    "gzip, gzip": _packed("gzip, gzip", lambda: bomb(2)),
    "gzip a hundred times": _packed(", ".join(["gzip"] * 100), lambda: bomb(2)),
    "br": _packed("br", lambda: b"\xcf\xff\xff\xff\x3f" * 10),
    "zstd": _packed("zstd", lambda: b"\x28\xb5\x2f\xfd" + b"\0" * 100),
    "gzip of an error": _packed("gzip", bomb, "400 Bad Request"),
    "gzip of a failure": _packed("gzip", bomb, "500 Internal Server Error"),
    "gzip of a redirect": _packed("gzip", bomb, "302 Found"),
    "invalid gzip": _packed("gzip", lambda: b"{}"),
    "half a gzip": _packed("gzip", lambda: gzip.compress(b'{"items": []}')[:-9]),
    "two gzips": _packed("gzip", lambda: gzip.compress(b"{}") + bomb()),
}


# --- JSON ---


def _json(text: str | bytes, status: str = "200 OK", processed: bool = False) -> Attack:
    body = text if isinstance(text, bytes) else text.encode()
    return Attack(lambda _answer: [whole(body, status)], processed, lies=True)


def _with_field(value: str) -> str:
    """Return JSON that is a record, a page with it, and an error, with a field of that value."""
    record: dict[str, Any] = {**RECORD, "field": 0, "items": [{**RECORD, "field": 0}], "next_cursor": None}
    record["error"] = {"code": "C", "message": "m", "details": {"field": 0}}
    return json.dumps(record).replace('"field": 0', f'"field": {value}')


_VALUES = {
    "deep lists": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "lists nested as deep as Python can read": "[" * 900 + "]" * 900,
    "a million digits": "1" * 10**6,
    "4,000 digits": "1" * 4000,
    "a fraction of a million digits": "0." + "1" * 10**6,
    "1e999": "1e999",
    "-1e999": "-1e999",
    "1e-999999999": "1e-999999999",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "half a character": '"\\ud800"',
    "surrogates in the wrong order": '"\\udc00\\ud800"',
    "a lone surrogate as a key": '{"\\ud800": 1}',
    "NUL": '"\\u0000"',
    "an escape": '"\\u001b[2J\\u009bK\\u202e"',
    "a megabyte": '"' + "x" * 2**20 + '"',
    "a template": '"{{ 7 * 7 }} {% raw %}"',
    "an internal object of Ansible": '{"__ansible_unsafe": "x", "__ansible_vault": "y", "_ansible_no_log": true}',
    "duplicate keys": '1, "id": "../../x", "number": "07099998888", "id": 5',
    "a nested record": json.dumps(RECORD),
}

JSON: dict[str, Attack] = {
    **{name: _json(_with_field(value)) for name, value in _VALUES.items()},
    **{f"{name}, after": _json(_with_field(value), processed=True) for name, value in _VALUES.items()},
    **{f"{name} of an error": _json(_with_field(value), "400 Bad Request") for name, value in _VALUES.items()},
    "BOM": _json(b"\xef\xbb\xbf{}"),
    "UTF-16": _json('{"items": [], "next_cursor": null}'.encode("utf-16")),
    "invalid UTF-8": _json(b'{"items": [], "\xff\xc0\x80": "\xed\xa0\x80"}'),
    "two objects": _json('{"items": []}{"items": []}'),
    "a comment": _json('{"items": [] /* none */}'),
    "blanks": _json(" " * 2**20),
    "a string": _json('"ok"'),
    "a number": _json("7"),
    "true": _json("true"),
    "many tiny records": _json('{"items": [' + ",".join(['{"id":"a","number":"1"}'] * 100_000) + "]}"),
}


def large(item: str, count: int | None = None) -> Attack:
    """Return a page of this many items, or of as many as the limit for a response allows."""

    def answer(_answer: Answer) -> Iterable[bytes]:
        some = max(10**4 // len(item), 1)
        part = f"{item},".encode() * some
        first, last = b'{"items": [', item.encode() + b'], "next_cursor": null}'
        times = count // some if count else (_http.MAX_BODY - len(first + last)) // len(part)
        head = OK + f"Content-Length: {len(first) + times * len(part) + len(last)}\r\n\r\n".encode()
        return chain([head + first], repeat(part, times), [last])

    return Attack(answer, lies=True)


QUOTES = (KEY, f"Bearer {KEY}", f'{{"Authorization": "Bearer {KEY}"}}', f"{KEY}\x1b[2J{KEY}")


def _error(error: Any, status: str = "400 Bad Request") -> Attack:
    return fixed(whole(json.dumps({"error": error}).encode(), status), lies=status.startswith("2"))


ERRORS = {
    **{f"quoting {number}": _error({"message": text, "code": text}) for number, text in enumerate(QUOTES)},
    **{f"quoting {number} in details": _error({"details": {text: [text]}}) for number, text in enumerate(QUOTES)},
    "a message of megabytes": _error({"message": "x" * 3 * 2**20, "code": "y" * 2**19}),
    "control characters": _error(
        {"message": "no\r\nok: [localhost]\n\nPLAY RECAP\n\x1b[2J", "code": "\x1b]0;title\x07"}
    ),
    "many details": _error({"message": "m", "details": {str(number): {} for number in range(5000)}}),
    "a field of megabytes": _error({"message": "m", "details": {"field": "x" * 2**20}}),
    "a list of errors": _error([{"message": "m"}]),
    "an error with a 200": _error({"message": "m"}, "200 OK"),
    "an error with a 204": _error({"message": "m"}, "204 No Content"),
}

# --- wrong types ---

WRONG: dict[str, Any] = {
    "null": None,
    "an integer": 7,
    "a negative fraction": -1.5,
    "true": True,
    "a list": [],
    "a list of objects": [{"id": "x"}],
    "an object": {},
    "a text": "x",
    "no text": "",
    "a huge text": "x" * 2**16,
    "NaN": float("nan"),
}
FIELDS = (
    *("id", "number", "provider", "status", "address", "memo", "start_at", "created_at", "updated_at", "monthly_fee"),
    *("inbound_trunk_id", "outbound_trunk_id", "inbound_agent", "outbound_agent", "sms_inbound_agent", "end_at"),
    *(
        "cancel_requested_at",
        "items",
        "total_count",
        "next_cursor",
        "agent_id",
        "agent_version",
        "name",
        "effective_at",
    ),
)
"""The fields of a record, a page, an agent, a mapping, and the response to a deletion."""


def wrong(field: str, value: Any) -> Attack:
    """Replace a field of the simulator's response, at any depth."""

    def answer(real: Answer) -> Iterable[bytes]:
        body = json.dumps(_replaced(json.loads(real.body), field, value)).encode()
        return [whole(body, f"{real.status} X")]

    return Attack(answer, processed=True, lies=True)


def without(field: str) -> Attack:
    """Remove a field from the simulator's response, at any depth."""

    def answer(real: Answer) -> Iterable[bytes]:
        return [whole(json.dumps(_removed(json.loads(real.body), field)).encode(), f"{real.status} X")]

    return Attack(answer, processed=True, lies=True)


def _replaced(content: Any, field: str, value: Any) -> Any:
    if isinstance(content, dict):
        return {name: value if name == field else _replaced(part, field, value) for name, part in content.items()}
    return [_replaced(part, field, value) for part in content] if isinstance(content, list) else content


def _removed(content: Any, field: str) -> Any:
    if isinstance(content, dict):
        return {name: _removed(part, field) for name, part in content.items() if name != field}
    return [_removed(part, field) for part in content] if isinstance(content, list) else content


TYPES = {f"{field} is {name}": wrong(field, value) for field in FIELDS for name, value in WRONG.items()}
TYPES |= {f"no {field}": without(field) for field in FIELDS}
TYPES |= {
    f"{field} of an error is {name}": _error({"code": "C", "message": "m", "details": {"field": "f"}} | {field: value})
    for field in ("code", "message", "details")
    for name, value in WRONG.items()
}
TYPES |= {f"an error is {name}": _error(value) for name, value in WRONG.items()}

# --- lists ---


def _pages(make: Callable[[int], dict[str, Any]]) -> Attack:
    """Return a list whose pages are made by `make`."""
    count = iter(range(10**9))
    return Attack(lambda _answer: [whole(json.dumps(make(next(count))).encode())], lies=True)


def _page(number: int, cursor: str) -> dict[str, Any]:
    record = {**RECORD, "id": f"id-{number}", "agent_id": f"id-{number}", "name": "Somebody"}
    return {"items": [record], "total_count": 1, "next_cursor": cursor}


LISTS: dict[str, Callable[[], Attack]] = {
    "a cursor that repeats": lambda: _pages(lambda number: _page(number, "again")),
    "two cursors that repeat": lambda: _pages(lambda number: _page(number, f"again {number % 2}")),
    "always a new cursor": lambda: _pages(lambda number: _page(number, f"c{number}")),
    "always a new cursor with the same page": lambda: _pages(lambda number: _page(0, f"c{number}")),
    "always a new cursor with an empty page": lambda: _pages(lambda number: {"items": [], "next_cursor": f"c{number}"}),
    "a cursor of a megabyte": lambda: _pages(lambda number: _page(number, "c" * 2**20)),
    "endless large pages": lambda: _pages(lambda number: {**_page(number, f"c{number}"), "more": "x" * 2**20}),
}
"""Functions, because each use starts again with the first page."""
