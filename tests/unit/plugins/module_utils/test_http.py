# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import datetime
import gzip
import inspect
import json
import os
import re
import socket
import ssl
import struct
import threading
import time
import typing as t
import urllib.request
from http.client import HTTPConnection, parse_headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue

import pytest
import requests
import urllib3

from ansible_collections.voxai.telephony.plugins.module_utils import _http
from ansible_collections.voxai.telephony.plugins.module_utils._http import HttpSession, TransportError, is_loopback

Handler = t.Callable[[BaseHTTPRequestHandler], None]

# The handler of a peer uses the peer, which does not exist yet.
# pylint: disable=unnecessary-lambda


class Server:
    """Serves each request with ``handle``, on a free port."""

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


def test_any_status_is_a_response(server: Server) -> None:
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
def test_the_body_of_a_redirect_is_limited_and_its_target_ignored(
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
def test_requests_to_loopback_use_no_proxy(server: Server, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    proxy = Server()
    try:
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        session_for(server).exchange("GET", "/x")
        assert (len(server.seen), len(proxy.seen)) == (1, 0)
    finally:
        proxy.close()


API = "https://api.example.com/v3"
PROXY_PASSWORD = "pr0xy-secret"


class Peer:
    """Accepts connections on a free port, and passes each to ``handle``.

    ``requests``: the number of received requests.
    """

    def __init__(self, handle: t.Callable[[socket.socket], None]) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.port = self._listener.getsockname()[1]
        self.requests = 0
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._handle(connection)

    def take_request(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as reader:
            if reader.readline():
                self.requests += 1
                reader.read(int(parse_headers(reader).get("Content-Length", 0)))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_exception: object) -> None:
        # close() does not interrupt accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return monkeypatch


def failure(timeout: float = 5, url: str = API, verify: bool | str = True) -> TransportError:
    with pytest.raises(TransportError) as caught:
        HttpSession(url, "the-key", verify, timeout).exchange("POST", "/x", body={"auth_password": "s3cret"})
    return caught.value


def answers(answer: bytes) -> t.Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(2**16)
        connection.sendall(answer)

    return handle


def reset(connection: socket.socket) -> None:
    connection.recv(2**16)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say_nothing(connection: socket.socket) -> None:
    while connection.recv(2**16):
        pass


def go_on_with_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _index in range(100):
        connection.sendall(b"X: y\r\n")
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("handle", "reason", "permanent"),
    [
        (answers(b"HTTP/1.1 407 Who are you?\r\n\r\n"), "HTTP 407 Proxy Authentication Required", True),
        (answers(b"HTTP/1.0 403 No\r\nContent-Length: 0\r\n\r\n"), "HTTP 403 Forbidden", True),
        (answers(b"HTTP/1.1 404\r\n\r\n"), "HTTP 404 Not Found", True),
        (answers(b"HTTP/1.1 405 X\r\n\r\n"), "HTTP 405 Method Not Allowed", True),
        (answers(b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), "HTTP 302 Found", True),
        (answers(b"HTTP/1.1 204 X\r\n\r\n"), "HTTP 204 No Content", True),
        (answers(b"HTTP/1.1 499 \x1b[2J\r\n\r\n"), r"\(HTTP 499\)", True),
        (answers(b"HTTP/1.1 429 X\r\n\r\n"), "HTTP 429 Too Many Requests", False),
        (answers(b"HTTP/1.1 502 X\r\n\r\n"), "HTTP 502 Bad Gateway", False),
        (answers(b"HTTP/1.1 503 pr0xy-secret\r\n\r\n"), "HTTP 503 Service Unavailable", False),
        (answers(b"HTTP/1.1 504 X\r\n\r\n"), "HTTP 504 Gateway Timeout", False),
        (answers(b""), "RemoteDisconnected", False),
        (answers(b"\x00\xff nonsense pr0xy-secret\r\n\r\n"), "BadStatusLine", False),
        (answers(b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n"), "LineTooLong", False),
        (answers(b"<html>pr0xy-secret</html>"), "BadStatusLine", False),
        (reset, "Connection reset by peer", False),
        (say_nothing, "within 0.3 s", False),
        (go_on_with_headers, "within 0.3 s", False),
    ],
)
def test_an_error_of_a_proxy_is_reported_as_such(
    no_proxies: pytest.MonkeyPatch, handle: t.Callable[[socket.socket], None], reason: str, permanent: bool
) -> None:
    with Peer(handle) as proxy:
        no_proxies.setenv("HTTPS_PROXY", f"http://user:{PROXY_PASSWORD}@127.0.0.1:{proxy.port}/")
        error = failure(timeout=0.3 if "within" in reason else 5)
        assert f"the proxy http://127.0.0.1:{proxy.port}" in str(error)
    assert re.search(reason, str(error))
    assert "check the proxy variables" in str(error)
    assert PROXY_PASSWORD not in str(error)
    assert (error.sent, error.permanent) == (False, permanent)


@pytest.mark.parametrize(
    ("proxy", "reason", "permanent"),
    [
        (
            "http://user:pr0xy-secret@127.0.0.1:{closed}",
            r"the proxy http://127\.0\.0\.1:\d+ \(Connection refused\)",
            False,
        ),
        ("user:pr0xy-secret@127.0.0.1:{closed}", r"the proxy http://127\.0\.0\.1:\d+ \(Connection refused\)", False),
        ("http://pr0xy-secret@proxy.invalid:3128", r"no connection to the proxy http://proxy\.invalid:3128 \(", False),
        (
            "https://pr0xy-secret@localhost:{plain}",
            r"https://localhost:\d+ does not speak TLS .* write http:// inst",
            True,
        ),
        (
            "HTTPS://pr0xy-secret@localhost:{plain}",
            r"https://localhost:\d+ does not speak TLS .* write http:// inst",
            True,
        ),
        ("socks5://user:pr0xy-secret@127.0.0.1:{closed}", r"socks5://127\.0\.0\.1:\d+ needs .* PySocks", True),
        ("ftp://user:pr0xy-secret@127.0.0.1:21", r"the URL of the proxy .* is invalid", True),
        ("http://user:pr0xy-secret@", r"the URL of the proxy .* is invalid", True),
        ("http://user:비밀pr0xy-secret@127.0.0.1:{closed}", r"the URL of the proxy .* is invalid \(Unicode", True),
        ("http://user:pr0xy-secret/@127.0.0.1:{closed}", r"the proxy http://127\.0\.0\.1:\d+ ", True),
        ("http://user:pr0xy-secret]@127.0.0.1:{closed}", r"the proxy http://127\.0\.0\.1:\d+ ", True),
        ("http://user:pr0xy-secret@[::1", r"the URL of the proxy .* is invalid", True),
        ("h ttp://user:pr0xy-secret@", r"the URL of the proxy .* is invalid", True),
        ("http://a..pr0xy@b..c:1", "the proxy http://b..c:1", None),
    ],
)
def test_an_unusable_proxy_is_reported_without_its_password(
    no_proxies: pytest.MonkeyPatch, proxy: str, reason: str, permanent: bool | None
) -> None:
    def no_socks(*args: t.Any, **more: t.Any) -> t.NoReturn:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    no_proxies.setattr(requests.adapters, "SOCKSProxyManager", no_socks)
    with socket.socket() as closed, Peer(answers(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as plain:
        closed.bind(("127.0.0.1", 0))
        no_proxies.setenv("https_proxy", proxy.format(closed=closed.getsockname()[1], plain=plain.port))
        error = failure()
    assert re.search(reason, str(error))
    assert "pr0xy" not in str(error).replace("http://b..c", "")
    assert not error.sent
    assert permanent is None or error.permanent is permanent


@pytest.mark.parametrize("handle", [answers(b""), say_nothing])
def test_a_plain_http_proxy_may_not_respond_to_tls(
    no_proxies: pytest.MonkeyPatch, handle: t.Callable[[socket.socket], None]
) -> None:
    with Peer(handle) as proxy:
        no_proxies.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        error = failure(timeout=0.3)
    assert re.search(r"through the proxy https://localhost:\d+ .* write http://", str(error))
    assert (error.sent, error.permanent) == (False, False)


def test_an_error_of_a_socks_proxy_is_reported_as_such(no_proxies: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socks", reason="PySocks is not installed")
    with Peer(answers(b"\x05\xff")) as proxy:
        no_proxies.setenv("ALL_PROXY", f"socks5h://user:{PROXY_PASSWORD}@127.0.0.1:{proxy.port}")
        error = failure()
        assert f"the proxy socks5h://127.0.0.1:{proxy.port}" in str(error)
    assert PROXY_PASSWORD not in str(error)
    assert (error.sent, error.permanent) == (False, False)


def test_an_error_of_a_server_behind_a_proxy_is_reported_as_such(no_proxies: pytest.MonkeyPatch) -> None:
    def let_through(connection: socket.socket) -> None:
        connection.recv(2**16)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.recv(2**16)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Peer(let_through) as proxy:
        no_proxies.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        error = failure()
    assert str(error) == "api.example.com does not speak TLS at this port: check api_url (or VOX_API_URL)"
    assert (error.sent, error.permanent) == (False, True)


@pytest.mark.parametrize(
    ("variables", "proxied"),
    [
        ({"HTTPS_PROXY": "{}"}, True),
        ({"https_proxy": "{}"}, True),
        ({"ALL_PROXY": "{}"}, True),
        ({"HTTP_PROXY": "{}"}, False),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "example.com"}, False),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "other.example, .example.com"}, False),
        ({"HTTPS_PROXY": "{}", "no_proxy": "api.example.com:8443"}, False),
        ({"HTTPS_PROXY": "{}", "no_proxy": "api.example.com:443"}, True),
        ({"ALL_PROXY": "{}", "no_proxy": "*"}, False),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "ample.com"}, True),
        ({}, False),
    ],
)
def test_proxies_come_only_from_the_environment(
    no_proxies: pytest.MonkeyPatch, variables: dict[str, str], proxied: bool
) -> None:
    def ask(*args: t.Any, **more: t.Any) -> t.NoReturn:
        raise AssertionError("the system or .netrc was asked")

    for module in (urllib.request, requests.utils, requests.sessions, requests.compat):
        for name in ("getproxies", "proxy_bypass", "get_netrc_auth", "get_environ_proxies", "should_bypass_proxies"):
            no_proxies.setattr(module, name, ask, raising=False)
    no_proxies.setattr(socket, "getaddrinfo", only_loopback)
    with Peer(answers(b"HTTP/1.1 503 X\r\n\r\n")) as proxy:
        for name, value in variables.items():
            no_proxies.setenv(name, value.format(f"http://127.0.0.1:{proxy.port}"))
        error = failure(url="https://api.example.com:8443/v3")
    assert ("the proxy http://" in str(error)) is proxied


def only_loopback(host: t.Any, *args: t.Any, **more: t.Any) -> t.Any:
    if host != "127.0.0.1":
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return resolve(host, *args, **more)


resolve = socket.getaddrinfo


def test_netrc_is_not_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*args: t.Any, **more: t.Any) -> t.NoReturn:
        raise AssertionError(".netrc was asked")

    for module in (requests.utils, requests.sessions):
        monkeypatch.setattr(module, "get_netrc_auth", ask)
    session_for(server).exchange("GET", "/x")


# --- An abandoned request is not sent ---


def wait_for_abandoned_requests() -> None:
    """Wait until all abandoned exchanges have ended."""
    for thread in threading.enumerate():
        if getattr(thread, "_target", None) is _http._answer:
            thread.join(10)
            assert not thread.is_alive()


class EndedQueue(SimpleQueue):  # type: ignore[type-arg]
    """The task ends, so nothing waits for the outcome of an exchange."""

    def get(self, *args: t.Any, **more: t.Any) -> t.NoReturn:
        raise KeyboardInterrupt


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "_GRACE", 0.05)


@pytest.mark.parametrize("ended", [False, True], ids=["timeout", "ended"])
@pytest.mark.parametrize(
    ("place", "name", "warm"),
    [
        (socket, "getaddrinfo", False),
        (urllib3.util.connection, "create_connection", False),
        # The request is ready, on a new connection or on an open one, but the machine is busy.
        (HTTPConnection, "putrequest", True),
        (HTTPConnection, "putheader", False),
    ],
)
def test_an_abandoned_request_is_never_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch, no_grace: None, place: t.Any, name: str, warm: bool, ended: bool
) -> None:
    """It is abandoned after its timeout, or at the end of its task (Ctrl-C, or Ansible's own timeout)."""
    session, abandoned = session_for(server), threading.Event()
    if warm:
        session.exchange("GET", "/x")
    session._timeout = 0.2
    before, original = len(server.seen), getattr(place, name)

    def slow(*args: t.Any, **more: t.Any) -> t.Any:
        result = original(*args, **more)
        abandoned.wait(10)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(place, name, slow)
        if ended:
            patch.setattr(_http, "SimpleQueue", EndedQueue)
        with pytest.raises(KeyboardInterrupt if ended else TransportError) as caught:
            session.exchange("POST", "/x", body={})
        abandoned.set()
        wait_for_abandoned_requests()
    assert len(server.seen) == before
    if not ended:
        assert re.match(r"no connection to 127\.0\.0\.1:\d+ within 0\.2 s: check api_url", str(caught.value))
        assert not t.cast(TransportError, caught.value).sent
    # The next request is not affected.
    session._timeout = 5
    assert session.exchange("POST", "/x", body={}).status == 200


def test_a_request_that_is_ready_too_late_is_not_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even before it is abandoned, because the response would probably come too late."""
    connect = urllib3.util.connection.create_connection

    def slow(*args: t.Any, **more: t.Any) -> t.Any:
        time.sleep(0.15)
        return connect(*args, **more)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", slow)
    error = failure(timeout=0.1, url=server.url)
    assert ("within 0.1 s" in str(error), error.sent, server.seen) == (True, False, [])


def test_nothing_is_sent_after_it_is_forbidden(server: Server) -> None:
    class Stopped(BaseException):
        pass

    def stop() -> None:
        raise Stopped

    session = session_for(server)
    session.exchange("GET", "/x")
    with pytest.raises(Stopped):
        session.exchange("POST", "/x", body={}, before_writing=stop)
    assert len(server.seen) == 1


def test_a_library_that_sends_without_permission_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A future library: a request that it has sent would count as not sent."""
    monkeypatch.setattr(_http, "_ask_before_writing", lambda manager: None)
    with pytest.raises(RuntimeError, match="does not call endheaders"):
        session_for(server).exchange("GET", "/x")


def test_a_request_is_either_sent_or_abandoned() -> None:
    """Never both: a thread that abandons it during the decision waits for the decision."""
    deciding, go_on = threading.Event(), threading.Event()
    seen: list[bool] = []

    def decide() -> None:
        deciding.set()
        go_on.wait(10)

    def abandon() -> None:
        exchange.cancel()
        seen.append(exchange.written)

    exchange = _http._Exchange("server", "", 5, decide)
    threads = [threading.Thread(target=exchange.write), threading.Thread(target=abandon)]
    threads[0].start()
    deciding.wait(10)
    threads[1].start()
    # Enough time for a thread that does not wait.
    threads[1].join(0.2)
    go_on.set()
    for thread in threads:
        thread.join()
    assert (seen, exchange.written) == ([True], True)


def test_a_partly_sent_request_counts_as_sent(no_grace: None) -> None:
    """The server does not read the body. It has a part of the request, and may process it."""
    over = threading.Event()
    with Peer(lambda connection: t.cast(None, over.wait(10))) as peer, pytest.raises(TransportError) as caught:
        try:
            session = HttpSession(f"http://127.0.0.1:{peer.port}", "the-key", True, 2)
            session.exchange("POST", "/x", body={"memo": "x" * 2**24})
        finally:
            over.set()
    assert caught.value.sent


def test_a_reset_after_the_request_may_have_been_sent() -> None:
    with Peer(reset) as peer:
        error = failure(url=f"http://127.0.0.1:{peer.port}")
    assert "broke" in str(error)
    assert (error.sent, error.permanent) == (True, False)


# --- TLS ---


class Authority(t.NamedTuple):
    path: str
    server: ssl.SSLContext


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An unknown authority, and the context of a server with its certificate."""
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    made, server = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    made.issue_cert("127.0.0.1", "localhost").configure_cert(server)
    return Authority(str(tmp_path / "ca.pem"), server)


def secured(context: ssl.SSLContext, handle: t.Callable[[t.Any], None]) -> t.Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            handle(tls)

    return serve


def let_through(peer: Peer, pause: float = 0, headers: int = 0) -> t.Callable[[socket.socket], None]:
    """Return the handler of a proxy that forwards everything to ``peer``.

    ``pause``: seconds before each 100 bytes of the response. ``headers``: the number of headers it sends slowly.
    """

    def handle(connection: socket.socket) -> None:
        connection.recv(2**16)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _index in range(headers):
            connection.sendall(b"X: y\r\n")
            time.sleep(0.05)
        connection.sendall(b"\r\n")
        with socket.create_connection(("127.0.0.1", peer.port), timeout=10) as server:
            back = threading.Thread(target=copy, args=(server, connection, 100 if pause else 2**16, pause))
            back.start()
            copy(connection, server, 2**16, 0)
            back.join()

    return handle


def copy(one: socket.socket, other: socket.socket, size: int, pause: float) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(size):
            time.sleep(pause)
            other.sendall(data)
        other.shutdown(socket.SHUT_RDWR)


def test_a_request_through_a_proxy(no_proxies: pytest.MonkeyPatch, authority: Authority) -> None:
    """The server's certificate is verified."""
    with Peer(lambda connection: secured(authority.server, peer.take_request)(connection)) as peer:
        with Peer(let_through(peer)) as proxy:
            no_proxies.setenv("HTTPS_PROXY", f"http://user:{PROXY_PASSWORD}@127.0.0.1:{proxy.port}")
            no_proxies.setattr(_http, "is_loopback", lambda host: False)
            session = HttpSession(f"https://127.0.0.1:{peer.port}", "the-key", authority.path, 5)
            assert session.exchange("POST", "/x", body={}).status == 200
            error = failure(url=f"https://127.0.0.1:{peer.port}")
        assert peer.requests == 1
    assert str(error).startswith(f"the certificate of 127.0.0.1:{peer.port} is not trusted")
    assert (error.sent, error.permanent) == (False, True)


@pytest.mark.parametrize("slow", [{"headers": 8}, {"headers": 3, "pause": 0.012}], ids=["CONNECT", "CONNECT and TLS"])
def test_an_abandoned_request_is_not_sent_after_a_slow_handshake(
    no_proxies: pytest.MonkeyPatch, no_grace: None, authority: Authority, slow: dict[str, t.Any]
) -> None:
    with Peer(lambda connection: secured(authority.server, peer.take_request)(connection)) as peer:
        with Peer(let_through(peer, **slow)) as proxy:
            no_proxies.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            no_proxies.setattr(_http, "is_loopback", lambda host: False)
            error = failure(0.2, f"https://127.0.0.1:{peer.port}", authority.path)
            wait_for_abandoned_requests()
        assert (peer.requests, error.sent) == (0, False)


def test_an_untrusted_proxy_is_reported_as_such(no_proxies: pytest.MonkeyPatch, authority: Authority) -> None:
    with Peer(secured(authority.server, say_nothing)) as proxy:
        no_proxies.setenv("HTTPS_PROXY", f"https://user:{PROXY_PASSWORD}@localhost:{proxy.port}")
        error = failure()
        assert f"the certificate of the proxy https://localhost:{proxy.port} is not trusted" in str(error)
    assert "check the proxy variables" in str(error)
    assert PROXY_PASSWORD not in str(error)
    assert (error.sent, error.permanent) == (False, True)


@pytest.mark.parametrize(
    ("variables", "trusted"),
    [
        ({}, False),
        ({"REQUESTS_CA_BUNDLE": "{}"}, True),
        ({"CURL_CA_BUNDLE": "{}"}, True),
        ({"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "{}"}, True),
        ({"REQUESTS_CA_BUNDLE": requests.utils.DEFAULT_CA_BUNDLE_PATH, "CURL_CA_BUNDLE": "{}"}, False),
    ],
)
def test_the_variables_of_requests_select_the_authorities(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, variables: dict[str, str], trusted: bool
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, variables.get(name, "").format(authority.path))
    with Peer(lambda connection: secured(authority.server, peer.take_request)(connection)) as peer:
        session = HttpSession(f"https://127.0.0.1:{peer.port}", "the-key", True, 5)
        with contextlib.nullcontext() if trusted else pytest.raises(TransportError, match="not trusted"):
            session.exchange("GET", "/x")
    assert peer.requests == trusted


def flawed(folder: Path, flaw: str) -> Authority:
    """Return an authority and a server whose certificates have a flaw that Python 3.13 checks."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed")
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(SECP256R1())
    uses = {"key_cert_sign": True, "crl_sign": True, "digital_signature": True}
    uses = dict.fromkeys(list(inspect.signature(x509.KeyUsage).parameters), False) | uses
    extensions = {
        "ca": {
            "basic constraints": x509.BasicConstraints(True, None),
            "key usage": x509.KeyUsage(**uses),
            "subject key identifier": x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        },
        "server": {
            "names": x509.SubjectAlternativeName([x509.DNSName("localhost")]),
            "authority key identifier": x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
        },
    }
    today = datetime.datetime.now()
    for owner, of_owner in extensions.items():
        builder = x509.CertificateBuilder(
            subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, owner)]),
            issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca")]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=today - datetime.timedelta(2),
            not_valid_after=today + datetime.timedelta(2),
        )
        for name, extension in of_owner.items():
            if flaw != f"no {name}":
                builder = builder.add_extension(extension, name == "basic constraints" and flaw != f"weak {name}")
        (folder / f"{owner}.pem").write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "key.pem")
    return Authority(str(folder / "ca.pem"), server)


@pytest.mark.skipif(
    not urllib3.util.ssl_.create_urllib3_context().verify_flags & ssl.VERIFY_X509_STRICT,
    reason="Python before 3.13 and urllib3 before 2.4 accept these certificates",
)
@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ("none", ""),
        ("no authority key identifier", "Missing Authority Key Identifier"),
        ("no subject key identifier", "Missing Subject Key Identifier"),
        ("weak basic constraints", "Basic Constraints of CA cert not marked critical"),
        ("no basic constraints", "invalid CA certificate"),
        ("no key usage", "CA cert does not include key usage extension"),
    ],
)
def test_an_authority_that_python_3_13_refuses(tmp_path: Path, flaw: str, reason: str) -> None:
    made = flawed(tmp_path, flaw)
    with Peer(lambda connection: secured(made.server, peer.take_request)(connection)) as peer:
        url = f"https://localhost:{peer.port}"
        if not reason:
            assert HttpSession(url, "the-key", made.path, 5).exchange("GET", "/x").status == 200
            return
        error = failure(url=url, verify=made.path)
    assert f"is not trusted ({reason}): Python 3.13 and newer refuse certificates" in str(error)
    assert (error.sent, error.permanent, peer.requests) == (False, True, 0)


def test_a_request_over_a_refused_connection_was_not_sent() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        session = HttpSession(f"http://127.0.0.1:{reserved.getsockname()[1]}", "the-key", True, 5)
        with pytest.raises(TransportError, match="Connection refused") as caught:
            session.exchange("GET", "/x")
    assert not caught.value.sent
    assert not caught.value.permanent


def test_a_request_to_an_unknown_name_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
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
    """Send slowly while the client is connected, for at most a time in which it must have disconnected."""
    with contextlib.suppress(OSError):
        for index in range(200):
            request.wfile.write(text if index == 0 or text.endswith(b"\n") else b"x")
            request.wfile.flush()
            time.sleep(0.05)
    close(request)


def chunk(request: t.Any, size: bytes, body: bytes = b"") -> None:
    """Send chunks while the client is connected."""
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
        (garble, "cannot be read"),
        (stall, "no complete answer within 0.5 s"),
        (drip, "no complete answer within 0.5 s"),
        (drip_headers, "no complete answer within 0.5 s"),
        (go_on_and_on, "no complete answer within 0.5 s"),
        (lambda request: chunk(request, b"-1\r\n"), r"broke .*\(LineTooLong\)"),
        (lambda request: chunk(request, b"1;"), r"broke .*\(LineTooLong\)"),
        (lambda request: chunk(request, b"x\r\n"), r"broke .*\(IncompleteRead\)"),
        (lambda request: pack(request, b"{}", "gzip", "gzip"), "unsupported Content-Encoding"),
        (lambda request: pack(request, b"{}", "br"), "unsupported Content-Encoding"),
        (lambda request: Server.answer(request, b"{}", content_encoding="gzip"), "gzip data is incomplete or invalid"),
        (
            lambda request: Server.answer(request, gzip.compress(b"{}")[:-9], content_encoding="gzip"),
            "gzip data is incomplete or invalid",
        ),
        (hint_early, "cannot be read"),
    ],
)
def test_a_request_with_a_lost_response_may_have_been_sent(server: Server, handle: Handler, reason: str) -> None:
    server.handle = handle
    with pytest.raises(TransportError, match=reason) as caught:
        session_for(server, timeout=0.5).exchange("POST", "/x", body={"auth_password": "s3cret"})
    assert caught.value.sent
    assert not caught.value.permanent
    # The error does not refer to the request, which a traceback or a debugger could show.
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_an_endless_response_is_limited(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "MAX_BODY", 2**20)
    larger = b" " * (2**20 + 1)
    for handle in (lambda request: Server.answer(request, larger), lambda request: pack(request, larger, "gzip")):
        server.handle = handle
        with pytest.raises(TransportError, match="larger than 1 MiB: check api_url") as caught:
            session_for(server).exchange("GET", "/x")
        assert caught.value.permanent


def test_a_response_may_be_compressed_or_chunked(server: Server) -> None:
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


def test_informational_responses_do_not_affect_the_next_response(server: Server) -> None:
    session = session_for(server)
    server.handle = hint_early
    with pytest.raises(TransportError, match="HTTP 103"):
        session.exchange("GET", "/x")
    server.handle = lambda request: Server.answer(request, b"[]")
    assert session.exchange("GET", "/x").body == b"[]"
    assert len(server.connections) == 2


def test_an_unreadable_bundle_of_the_machine_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    with pytest.raises(TransportError, match=r"nothing\.pem: check REQUESTS_CA_BUNDLE") as caught:
        HttpSession("https://127.0.0.1:9", "the-key", True, 5).exchange("GET", "/x")
    assert (caught.value.sent, caught.value.permanent) == (False, True)


def no_tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError()
    error.reason = reason
    return error


class CertificateError(ValueError):
    """Like that of urllib3, in some releases."""


@pytest.mark.parametrize(
    ("raised", "sent", "permanent", "text"),
    [
        (requests.ConnectTimeout("t"), False, False, "no connection to api.example.com within 5 s"),
        (requests.exceptions.InvalidURL("x"), False, True, r"api_url is invalid \(InvalidURL\): check api_url"),
        (urllib3.exceptions.SSLError("bad record mac"), True, False, "broke"),
        (requests.exceptions.SSLError(no_tls("RECORD_LAYER_FAILURE")), False, True, "does not speak TLS at this port"),
        # Older releases of urllib3 and Python report a certificate for another host in this form.
        (
            requests.exceptions.SSLError(urllib3.exceptions.SSLError(CertificateError("x"))),
            False,
            True,
            "belongs to another host",
        ),
        (
            requests.exceptions.SSLError(ssl.SSLCertVerificationError("x")),
            False,
            True,
            r"\(it belongs to another host\)",
        ),
        (ConnectionResetError(104, "Connection reset by peer"), False, False, r"no connection .*\(Connection reset by"),
    ],
)
def test_errors_that_are_hard_to_provoke(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, sent: bool, permanent: bool, text: str
) -> None:
    def fail(*args: t.Any, **more: t.Any) -> t.NoReturn:
        if sent:
            _http._current.exchange.write()
        raise raised

    monkeypatch.setattr(requests.Session, "request", fail)
    with pytest.raises(TransportError, match=text) as caught:
        HttpSession("https://api.example.com/v3", "the-key", True, 5).exchange("GET", "/x")
    assert (caught.value.sent, caught.value.permanent) == (sent, permanent)


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
def test_loopback_addresses(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
