# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import urllib3

from ansible_collections.voxai.telephony.plugins.module_utils import _http
from ansible_collections.voxai.telephony.plugins.module_utils._http import HttpSession, TransportError, is_loopback

Handler = t.Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each request by ``handle``, on a free port."""

    def __init__(self) -> None:
        self.handle: Handler = lambda request: self.answer(request, b"{}")
        self.seen: list[dict[str, str]] = []
        self.connections: set[t.Any] = set()
        server = self

        class RequestHandler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.seen.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
                server.connections.add(self.client_address)
                server.handle(self)

            do_POST = do_GET

            def log_message(self, *args: t.Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), RequestHandler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v3"

    @staticmethod
    def answer(request: t.Any, body: bytes, status: int = 200, length: int | str | None = None, **headers: str) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)
        request.wfile.flush()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> t.Iterator[Server]:
    running = Server()
    yield running
    running.close()


def session_for(server: Server, timeout: float = 5) -> HttpSession:
    return HttpSession(server.url, "the-key", True, timeout)


def test_sends_the_key_and_the_body_on_one_connection(server: Server) -> None:
    session = session_for(server)
    server.handle = lambda request: Server.answer(request, request.rfile.read(int(request.headers["Content-Length"])))
    for _index in range(3):
        response = session.exchange("POST", "/x", [("q", "a b&c")], {"memo": "본사"})
        assert (response.status, json.loads(response.body)) == (200, {"memo": "본사"})
    assert len(server.connections) == 1
    assert server.seen[0]["path"] == "/v3/x?q=a+b%26c"
    assert server.seen[0]["authorization"] == "Bearer the-key"
    assert server.seen[0]["content-type"] == "application/json"


def test_any_status_is_an_answer(server: Server) -> None:
    server.handle = lambda request: Server.answer(request, b"oops", 503, retry_after="7")
    response = session_for(server).exchange("GET", "/x")
    assert (response.status, response.headers["retry-after"], response.body) == (503, "7", b"oops")


def test_a_redirect_is_not_followed(server: Server) -> None:
    elsewhere = Server()
    try:
        server.handle = lambda request: Server.answer(request, b"", 307, Location=elsewhere.url)
        assert session_for(server).exchange("GET", "/x").status == 307
        assert elsewhere.seen == []
    finally:
        elsewhere.close()


@pytest.mark.parametrize("location", ["http://[::1", "https://elsewhere.example.com/\xff", ""])
def test_a_redirect_s_body_is_cut_off_and_its_target_not_looked_at(
    server: Server, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.setattr(_http, "MAX_BODY", 2**20)
    server.handle = lambda request: Server.answer(request, b"", 302, location=location)
    assert session_for(server).exchange("GET", "/x").status == 302
    server.handle = lambda request: Server.answer(request, b" " * (2**20 + 1), 302, location=location)
    with pytest.raises(TransportError, match="larger than 1 MiB"):
        session_for(server).exchange("GET", "/x")


def test_netrc_does_not_replace_the_key(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(server.url), "the entry would be found"
    session_for(server).exchange("GET", "/x")
    assert server.seen[0]["authorization"] == "Bearer the-key"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_never_sees_what_is_meant_for_loopback(
    server: Server, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    proxy = Server()
    try:
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        session_for(server).exchange("GET", "/x")
        assert (len(server.seen), len(proxy.seen)) == (1, 0)
    finally:
        proxy.close()


def test_other_hosts_are_reached_through_the_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.handle = lambda request: Server.answer(request, b"", 403)
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("http://", "http://user:pr0xy-secret@"))
    session = HttpSession("https://api.example.com/v3", "the-key", True, 5)
    # The stand-in knows no CONNECT, and so answers it with an error of its own.
    with pytest.raises(TransportError) as caught:
        session.exchange("GET", "/x")
    assert "pr0xy-secret" not in str(caught.value)
    assert "the-key" not in str(server.seen)


def test_a_refused_connection_was_not_sent() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        session = HttpSession(f"http://127.0.0.1:{reserved.getsockname()[1]}", "the-key", True, 5)
        with pytest.raises(TransportError, match="Connection refused") as caught:
            session.exchange("GET", "/x")
    assert not caught.value.sent
    assert not caught.value.permanent


def test_a_name_that_is_not_known_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: t.Any, **more: t.Any) -> t.NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(TransportError, match="no connection") as caught:
        HttpSession("https://name.invalid", "the-key", True, 5).exchange("GET", "/x")
    assert not caught.value.sent


def close(request: t.Any) -> None:
    with contextlib.suppress(OSError):
        request.connection.shutdown(socket.SHUT_RDWR)
    request.close_connection = True


def truncate(request: t.Any) -> None:
    Server.answer(request, b'{"id":', length=100)
    close(request)


def stall(request: t.Any) -> None:
    Server.answer(request, b"{", length=2)
    time.sleep(1.5)


def garble(request: t.Any) -> None:
    Server.answer(request, b"{}", length="123, 7")
    close(request)


def drip(request: t.Any) -> None:
    Server.answer(request, b"{", length=100)
    drip_until_the_test_is_over(request, b" ")


def drip_headers(request: t.Any) -> None:
    drip_until_the_test_is_over(request, b"HTTP/1.1 200 OK\r\nX: ")


def go_on_and_on(request: t.Any) -> None:
    drip_until_the_test_is_over(request, b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_until_the_test_is_over(request: t.Any, text: bytes) -> None:
    """As long as the other side listens, and at most for a time in which it would have had to leave."""
    with contextlib.suppress(OSError):
        for index in range(200):
            request.wfile.write(text if index == 0 or text.endswith(b"\n") else b"x")
            request.wfile.flush()
            time.sleep(0.05)
    close(request)


def chunk(request: t.Any, size: bytes, body: bytes = b"") -> None:
    """Something that is chunked, and goes on as long as the other side listens."""
    with contextlib.suppress(OSError):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size)
        for _index in range(10_000):
            request.wfile.write(body or b"x" * 10_000)
    close(request)


def pack(request: t.Any, body: bytes, *encodings: str) -> None:
    for _encoding in encodings:
        body = gzip.compress(body)
    Server.answer(request, body, content_encoding=", ".join(encodings))


def hint_early(request: t.Any) -> None:
    request.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        (close, "broke"),
        (truncate, "broke"),
        (garble, "can't be read"),
        (stall, "no complete answer within 0.5 s"),
        (drip, "no complete answer within 0.5 s"),
        (drip_headers, "no complete answer within 0.5 s"),
        (go_on_and_on, "no complete answer within 0.5 s"),
        (lambda request: chunk(request, b"-1\r\n"), r"broke .*\(LineTooLong\)"),
        (lambda request: chunk(request, b"1;"), r"broke .*\(LineTooLong\)"),
        (lambda request: chunk(request, b"x\r\n"), r"broke .*\(IncompleteRead\)"),
        (lambda request: pack(request, b"{}", "gzip", "gzip"), "packed otherwise"),
        (lambda request: pack(request, b"{}", "br"), "packed otherwise"),
        (lambda request: Server.answer(request, b"{}", content_encoding="gzip"), "no whole gzip"),
        (lambda request: Server.answer(request, gzip.compress(b"{}")[:-9], content_encoding="gzip"), "no whole gzip"),
        (hint_early, "can't be read"),
    ],
)
def test_a_lost_answer_may_have_been_sent(server: Server, handle: Handler, reason: str) -> None:
    server.handle = handle
    with pytest.raises(TransportError, match=reason) as caught:
        session_for(server, timeout=0.5).exchange("POST", "/x", body={"auth_password": "s3cret"})
    assert caught.value.sent
    assert not caught.value.permanent
    # Nothing that holds the request hangs on the error, where a traceback or a debugger could show it.
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_an_answer_without_an_end_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "MAX_BODY", 2**20)
    larger = b" " * (2**20 + 1)
    for handle in (lambda request: Server.answer(request, larger), lambda request: pack(request, larger, "gzip")):
        server.handle = handle
        with pytest.raises(TransportError, match="larger than 1 MiB: check api_url") as caught:
            session_for(server).exchange("GET", "/x")
        assert caught.value.permanent


def test_an_answer_may_be_packed_or_in_chunks(server: Server) -> None:
    session = session_for(server)
    server.handle = lambda request: pack(request, b'{"a": 1}', "gzip")
    assert session.exchange("GET", "/x").body == b'{"a": 1}'
    assert server.seen[0]["accept-encoding"] == "gzip"
    server.handle = lambda request: Server.answer(request, b"", content_encoding="gzip")
    assert session.exchange("GET", "/x").body == b""

    def in_chunks(request: t.Any) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        request.wfile.write(b"2\r\n[1\r\n1;a=b\r\n]\r\n0\r\nX: y\r\n\r\n")

    server.handle = in_chunks
    assert session.exchange("GET", "/x").body == b"[1]"
    assert len(server.connections) == 1


def test_what_comes_before_an_answer_is_not_mixed_up_with_the_next_one(server: Server) -> None:
    session = session_for(server)
    server.handle = hint_early
    with pytest.raises(TransportError, match="HTTP 103"):
        session.exchange("GET", "/x")
    server.handle = lambda request: Server.answer(request, b"[]")
    assert session.exchange("GET", "/x").body == b"[]"
    assert len(server.connections) == 2


def test_a_bundle_of_the_machine_that_can_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    with pytest.raises(TransportError, match=r"nothing\.pem: check REQUESTS_CA_BUNDLE") as caught:
        HttpSession("https://127.0.0.1:9", "the-key", True, 5).exchange("GET", "/x")
    assert caught.value.permanent


class CertificateError(ValueError):
    """urllib3 has one, or had."""


@pytest.mark.parametrize(
    ("raised", "sent", "permanent", "text"),
    [
        (requests.ConnectTimeout("t"), False, False, "no connection to api.example.com within 5 s"),
        (
            requests.exceptions.InvalidProxyURL("http://user:pr0xy-secret@"),
            False,
            True,
            r"check api_url .*proxy variables",
        ),
        (urllib3.exceptions.SSLError("bad record mac"), True, False, "broke"),
        # So older releases of urllib3 and of Python tell of a certificate for another host.
        (
            requests.exceptions.SSLError(urllib3.exceptions.SSLError(CertificateError("x"))),
            False,
            True,
            "another host's",
        ),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("x")), False, True, r"\(it is another host's\)"),
        (ConnectionResetError(104, "Connection reset by peer"), True, False, r"broke .*\(Connection reset by peer\)"),
    ],
)
def test_what_can_hardly_be_provoked(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, sent: bool, permanent: bool, text: str
) -> None:
    def fail(*args: t.Any, **more: t.Any) -> t.NoReturn:
        raise raised

    monkeypatch.setattr(requests.Session, "request", fail)
    with pytest.raises(TransportError, match=text) as caught:
        HttpSession("https://api.example.com/v3", "the-key", True, 5).exchange("GET", "/x")
    assert (caught.value.sent, caught.value.permanent) == (sent, permanent)
    assert "pr0xy-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
