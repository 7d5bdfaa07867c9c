# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With any response of a server, the suite does not crash, and does not write unless it is told to."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._connection import connect
from ansible_collections.voxai.telephony.plugins.module_utils._connection_info import TASK
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import Masker
from unit.contract.running import KEY, NUMBER, start

Reply = tuple[int, dict[str, str], bytes]
_numbers = itertools.count()


def as_json(content: Any, status: int = 200, **headers: str) -> Reply:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(content).encode()


def page(items: Any, **more: Any) -> Reply:
    return as_json({"items": items, "total_count": 1, "next_cursor": None, **more})


def record(**fields: Any) -> dict[str, Any]:
    return {"id": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "number": "07011112222", "status": "active", **fields}


REPLIES: dict[str, Callable[[], Reply]] = {
    "html": lambda: (200, {"Content-Type": "text/html"}, b"<html>Maintenance</html>"),
    "html error": lambda: (502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"),
    "nothing": lambda: (200, {}, b""),
    "no content": lambda: (204, {}, b""),
    "redirect": lambda: (302, {"Location": "http://127.0.0.1:1/elsewhere"}, b""),
    "redirect here": lambda: (307, {"Location": "/v3/organization-telephone-numbers"}, b""),
    "server error": lambda: as_json({"error": {"code": "INTERNAL_ERROR", "message": "x", "details": {}}}, 500),
    "not found": lambda: as_json({"error": {"code": "NOT_FOUND", "message": "x", "details": {}}}, 404),
    "key refused": lambda: as_json({"error": {"code": 7, "message": ["x"], "details": "x"}}, 401),
    "limited": lambda: as_json({"error": {}}, 429, **{"Retry-After": "86400"}),
    "limited until a day": lambda: as_json([], 429, **{"Retry-After": "Fri, 31 Dec 2999 23:59:59 GMT"}),
    "a list": lambda: as_json([1, 2, 3]),
    "a text": lambda: as_json("x"),
    "a number": lambda: (200, {}, b"NaN"),
    "null": lambda: as_json(None),
    "an error that is a string": lambda: as_json({"error": "x"}, 400),
    "items that are a dict": lambda: page({"a": 1}),
    "items of all types": lambda: page(
        [1, "x", None, True, [1], {}, {"id": [1]}, {"id": {}, "number": {}, "status": []}]
    ),
    "wrong types": lambda: page(
        [record(**{name: [1] for name in ("number", "status", "address", "created_at", "id")})]
    ),
    "more wrong types": lambda: page(
        [{name: {"a": [1]} for name in ("id", "number", "agent_id", "name", "type", "q")}]
    ),
    "odd agents": lambda: page(
        [{"agent_id": "a", "name": 5, "type": "\u0000"}, {"agent_id": "b", "name": "", "type": []}]
    ),
    "names of fields": lambda: page([record(**{f"{KEY}": 1, "07011112222": 2, "\ud800\u001b[2J": 3})]),
    "lone surrogates": lambda: page([record(memo="\ud800", address="\udfff")], next_cursor="\ud800"),
    "a cursor that is a number": lambda: page([record()], next_cursor=5),
    "a cursor without an end": lambda: page([record()], next_cursor="x" * 100_000),
    "a list without an end": lambda: page([record(id=f"a{next(_numbers)}")] * 2, next_cursor=f"c{next(_numbers)}"),
    "the same cursor": lambda: page([record(), record(id="b")], next_cursor="c"),
    "nested": lambda: (200, {}, b"[" * 100_000),
    "a long integer": lambda: (200, {}, b'{"items": [], "total_count": ' + b"9" * 10_000 + b"}"),
    "not UTF-8": lambda: (200, {}, b'{"items": "\xff\xfe"}'),
    "compression that is invalid": lambda: (200, {"Content-Encoding": "gzip"}, b"no gzip"),
    "the key and a number": lambda: as_json(
        {"error": {"code": KEY, "message": KEY, "details": {"allowed_query_parameters": [KEY, "07011112222", 1]}}},
        400,
        **{"X-RateLimit-Limit": KEY, f"X-RateLimit-{KEY}": "1", "Retry-After": KEY},
    ),
    "secrets in a record": lambda: page([record(auth_password="Xyzzy", status=KEY, provider=KEY, memo=KEY)]),
}


NOT_THE_API = {
    "html", "html error", "nothing", "no content", "redirect", "redirect here", "a list", "a text", "a number", "null",
    "nested", "a long integer", "not UTF-8", "compression that is invalid",
}  # fmt: skip
LISTS = {name for name, reply in REPLIES.items() if b'"items": [' in reply()[2]} - {"a long integer"}
NEED_DIFFERENT_ANSWERS = {
    "C1", "C2", "C9", "C10", "C11", "L4", "L5", "L6", "L7", "L9", "L11", "L14", "L15", "L16", "R9", "R10", "R11", "R12",
    "A3", "A4", "A5", "A6", "A7", "A8",
}  # fmt: skip


@contextmanager
def serving(reply: Callable[[], Reply]) -> Iterator[tuple[str, list[str]]]:
    """Serve the same response to every request. Yield the URL, and the methods of the requests."""
    methods: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            methods.append(str(self.command))
            status, headers, body = reply()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v3", methods
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("name", REPLIES)
def test_any_response(tmp_path: Path, name: str) -> None:
    with serving(REPLIES[name]) as (url, methods):
        ran = start(url, tmp_path)
        assert len(methods) <= 40
        assert set(methods) == {"GET"}
        asked = start(url, tmp_path, write=True)
    assert ran.code in (1, 2) and asked.code in (1, 2, 3)
    # Statements that need two different responses cannot hold.
    holding = {line.split()[0] for line in ran.output.splitlines() if line.endswith("  holds")}
    assert not holding & NEED_DIFFERENT_ANSWERS
    if name in NOT_THE_API:
        assert holding == set()
    # If the lists can be read completely, a registration is tried. The response is not a record of the number.
    assert set(methods) <= {"GET", *(["POST"] if asked.code == 3 else [])}
    assert "please report" not in ran.output + asked.output
    assert not any(char < " " and char != "\n" for char in ran.output)
    ran.output.encode()


@pytest.mark.parametrize("name", REPLIES)
def test_connection_check_with_any_response(name: str) -> None:
    """The playbook check_connection is not part of the suite, but is tested with the same servers."""
    with serving(REPLIES[name]) as (url, methods):
        options = {name: option.get("default") for name, option in TASK.spec.items()}
        options |= {"api_url": url, "api_key": KEY, "timeout": 5, "retries": 5}
        masker = Masker([KEY])
        result = TASK.carry_out(options, options, connect, False, lambda words: None, masker)
    assert set(methods) == {"GET"} and len(methods) <= 4
    assert result["failed_part"] in ((None,) if name in LISTS else ("API", "Key", "Rate limit"))
    assert "internal error" not in result["msg"]
    text = str(result["report"])
    assert not any(hidden in text for hidden in ("Xyzzy", "127.0.0.1", "07011112222", "Maintenance"))


def test_a_server_that_does_not_respond(tmp_path: Path) -> None:
    assert "no answer" in start("http://127.0.0.1:1", tmp_path).output
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ran = start(f"http://127.0.0.1:{port}", tmp_path, settings={"VOX_TIMEOUT": "1"})
        assert ran.code == 2
        assert "the numbers cannot be listed (no answer (no complete answer within 1 s))" in ran.output
    with serving(REPLIES["null"]) as (url, methods):
        ran = start(url.replace("http:", "https:"), tmp_path)
        assert (ran.code, methods) == (2, [])
        assert "does not speak TLS" in ran.output


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"VOX_API_KEY": ""}, "VOX_API_KEY must be the organization's API key."),
        ({"VOX_API_KEY": "sk Xyzzy"}, "VOX_API_KEY must be the organization's API key."),
        ({"VOX_API_URL": "http://example.com"}, "must begin with https://"),
        ({"VOX_API_URL": f"https://{KEY}@example.com"}, "a host and a path only"),
        ({"VOX_API_URL": "https://[::1"}, "VOX_API_URL is not a URL."),
        ({"VOX_CA_PATH": "/nowhere"}, "VOX_CA_PATH must be a file."),
        ({"VOX_TIMEOUT": "long"}, "VOX_TIMEOUT must be a number"),
        ({"WRITE": "1"}, "WRITE must be yes or unset."),
        ({"WRITE": "yes", "NUMBER": "", "ADDRESS": "sip:a"}, "NUMBER must be"),
        ({"WRITE": "yes", "NUMBER": "070-1111-2222 (1)", "ADDRESS": "sip:a"}, "NUMBER must be"),
        ({"WRITE": "yes", "NUMBER": NUMBER, "ADDRESS": ""}, "ADDRESS must be a SIP address"),
        ({"WRITE": "yes", "NUMBER": NUMBER, "ADDRESS": "sip:u:Xyzzy@a"}, "ADDRESS must be a SIP address"),
    ],
)
def test_invalid_settings(tmp_path: Path, environment: dict[str, str], message: str) -> None:
    ran = start("http://127.0.0.1:1", tmp_path, settings=environment)
    assert ran.code == 2
    assert message in ran.output
    assert ran.text == ""
