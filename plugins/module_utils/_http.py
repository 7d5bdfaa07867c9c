# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 1, HTTP: one exchange with one server.

Knows TLS, proxies, time and size limits; knows neither the API nor retries.
The API key goes to the server that was named and nowhere else: no redirect is
followed, no ``.netrc`` entry replaces it, and plain HTTP is for loopback alone.
A request is either written or given up: one that was given up is never written later.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import threading
import time
import traceback
import typing as t
import zlib
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError:
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
    HTTPAdapter = object  # type: ignore[assignment,misc]
else:
    REQUESTS_IMPORT_ERROR = None

MAX_BODY = 4 * 1024 * 1024
"""Bytes of an answer, unpacked. A page of 100 numbers takes some 60 kB. In memory it may be 25 times as much."""

_CHUNK = 64 * 1024

_GZIP = "gzip"

_GRACE = 0.5
"""Seconds after the timeout, in which requests itself may tell what it has been waiting for."""

_CHECK_SERVER = "check api_url (or VOX_API_URL)"
_CHECK_PROXY = "check the proxy variables (HTTPS_PROXY, ALL_PROXY)"

_STRICT = range(79, 95)
"""OpenSSL's codes for certificates that X509_V_FLAG_X509_STRICT refuses, which urllib3 sets from Python 3.13 on."""

_ISSUE_ANEW = (
    "Python 3.13 and newer refuse certificates that break the rules of RFC 5280, also those of an authority in ca_path."
    " Have the authority, often that of a proxy which inspects TLS, issue its certificates anew"
)

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""OpenSSL's reasons where the peer answers in something else than TLS, the second from OpenSSL 3.2 on."""


class TransportError(Exception):
    """No complete answer came back.

    ``sent``: the server may have received, and so processed, the request.
    ``permanent``: trying again can't help (a certificate that is not trusted, say).
    ``part``: what failed: ``proxy``, ``TLS``, ``network``, or ``answer`` once the request was sent.
    """

    def __init__(self, message: str, sent: bool, permanent: bool = False, part: str = "answer") -> None:
        super().__init__(message)
        self.sent = sent
        self.permanent = permanent
        self.part = part


class Response(t.NamedTuple):
    status: int
    headers: t.Mapping[str, str]
    body: bytes


class _Exchange:
    """One request: whom it is for, and whether it was written.

    ``proxy``: the proxy's URL without its password; empty without one, and once it has let the request through.
    ``written``: the server may have received some of the request.
    """

    def __init__(self, server: str, proxy: str, timeout: float, before_writing: t.Callable[[], None]) -> None:
        self.server = server
        self.proxy = proxy
        self.timeout = timeout
        self.deadline = time.monotonic() + timeout
        self.written = False
        self._before_writing = before_writing
        self._given_up = False
        self._deciding = threading.Lock()

    def write(self) -> None:
        """Called when the connection is ready. Raises where the request must not be written."""
        with self._deciding:
            if self._given_up or time.monotonic() > self.deadline:
                raise _transport_error(requests.ConnectTimeout(), self)
            self._before_writing()
            self.written = True

    def give_up(self) -> None:
        """From now on the request is not written; ``written`` is final."""
        with self._deciding:
            self._given_up = True


_current = threading.local()
"""``exchange``: the one that this thread was started for."""


class _Adapter(HTTPAdapter):
    """Its connections ask their exchange before they write a request."""

    def init_poolmanager(self, *args: t.Any, **more: t.Any) -> None:
        super().init_poolmanager(*args, **more)
        _ask_before_writing(self.poolmanager)

    def proxy_manager_for(self, proxy: t.Any, **more: t.Any) -> t.Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **more)
        if not known:
            _ask_before_writing(manager)
        return manager


def _ask_before_writing(manager: t.Any) -> None:
    pools = manager.pool_classes_by_scheme.items()
    manager.pool_classes_by_scheme = {scheme: _asking(pool) for scheme, pool in pools}


def _asking(pool: t.Any) -> t.Any:
    class Connection(pool.ConnectionCls):
        def _tunnel(self) -> None:
            super()._tunnel()
            _current.exchange.proxy = ""

        def endheaders(self, *args: t.Any, **more: t.Any) -> None:
            # http.client writes a request from here on, and would open the connection first. CONNECT is written
            # while the connection is opened.
            if self.sock is None:
                self.connect()
            _current.exchange.write()
            super().endheaders(*args, **more)

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


def versions() -> str:
    """The releases of the libraries that requests are sent with."""
    return f"requests {requests.__version__}, urllib3 {t.cast(t.Any, urllib3).__version__}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class HttpSession:
    """Exchanges with one server over kept-alive connections. Each thread has its own.

    ``verify``: what requests takes: True, False, or the path of a PEM bundle.
    ``timeout``: seconds for one exchange.
    """

    def __init__(self, base_url: str, token: str, verify: bool | str, timeout: float) -> None:
        self._base_url = base_url
        self._token = token
        self._verify = verify
        self._timeout = timeout
        self._of_thread = threading.local()
        if verify is False:
            # The user asked for it, with validate_certs: a warning on each request tells nothing new.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    @property
    def _session(self) -> t.Any:
        """This thread's session: requests doesn't promise that threads may share one."""
        try:
            return self._of_thread.session
        except AttributeError:
            session = t.cast(t.Any, requests.Session())
            # Or else requests would look for proxies in the system's settings, which on macOS can kill a forked
            # process, and for another Authorization in .netrc.
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter())
            # Or else requests would read a redirect's whole body, whatever its size, even where it follows none.
            session.get_redirect_target = lambda answer: None
            session.headers["Accept"] = "application/json"
            session.headers["Accept-Encoding"] = _GZIP
            session.headers["Authorization"] = f"Bearer {self._token}"
            session.headers["User-Agent"] = "ansible-voxai.telephony"
            self._of_thread.session = session
            return session

    def exchange(
        self,
        method: str,
        path: str,
        query: t.Sequence[tuple[str, str]] = (),
        body: t.Mapping[str, t.Any] | None = None,
        before_writing: t.Callable[[], None] = lambda: None,
    ) -> Response:
        """Send one request and read the whole answer, whatever its status.

        ``before_writing``: called when the request is about to be written. If it raises, the request is not written.

        Raises TransportError when no complete answer came.
        """
        url = urlsplit(self._base_url)
        proxy = _proxy_for(url)
        request = {
            "method": method,
            "url": self._base_url + path,
            "params": list(query),
            "data": None if body is None else json.dumps(body).encode(),
            "headers": None if body is None else {"Content-Type": "application/json"},
            "verify": _bundle() if self._verify is True else self._verify,
            "proxies": {url.scheme: proxy} if proxy else {},
        }
        exchange = _Exchange(url.netloc, proxy and _without_password(proxy), self._timeout, before_writing)
        answers: SimpleQueue[Response | BaseException] = SimpleQueue()
        # requests' own timeout is for each read: a server that sends a byte now and then would hold us for ever.
        thread = threading.Thread(target=_answer, args=(answers, exchange, self._session, request), daemon=True)
        try:
            thread.start()
            answer = answers.get(timeout=self._timeout + _GRACE)
        except BaseException as error:
            # Also when the task itself is ended. What still reads is left behind, with its connections.
            exchange.give_up()
            del self._of_thread.session
            if not isinstance(error, Empty):
                raise
            answer = _transport_error(requests.Timeout(), exchange)
        if isinstance(answer, BaseException):
            # Raised where no exception is being handled: no traceback carries the one with the request in it.
            raise answer
        return answer


def proxy_of(url: str) -> str:
    """The proxy that requests to the URL go through, without its password; an empty text without one."""
    proxy = _proxy_for(urlsplit(url))
    return proxy and _without_password(proxy)


def _proxy_for(url: t.Any) -> str:
    """The proxy that the environment names for the URL, or an empty text."""
    # A proxy can't reach this machine's loopback, and would see the key of a plain-HTTP request.
    if is_loopback(url.hostname) or any(map(proxy_bypass_environment, (url.hostname, url.netloc))):
        return ""
    proxies = getproxies_environment()
    proxy = (proxies.get(url.scheme) or proxies.get("all") or "").strip()
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


_PROXY = re.compile(r"(\w+://)?(?:.*@)?([\w.:\[\]-]*)", re.DOTALL)


def _without_password(proxy: str) -> str:
    """A proxy's URL as far as it may be shown: scheme, host and port."""
    scheme, host = t.cast(t.Any, _PROXY.match(proxy)).groups()
    return f"{scheme or 'http://'}{host}".lower()


def _bundle() -> bool | str:
    """The authorities to trust where the task names none, by the variables that requests knows."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True


def _answer(answers: SimpleQueue[t.Any], exchange: _Exchange, session: t.Any, request: dict[str, t.Any]) -> None:
    """A thread of its own for one exchange."""
    _current.exchange = exchange
    try:
        answers.put(_try(exchange, session, request))
    except BaseException as error:
        answers.put(error)


def _try(exchange: _Exchange, session: t.Any, request: dict[str, t.Any]) -> Response | TransportError:
    try:
        if exchange.proxy.endswith("/"):
            # Without a host. requests would raise one of many things.
            raise requests.exceptions.InvalidProxyURL
        with session.request(timeout=exchange.timeout, allow_redirects=False, stream=True, **request) as answer:
            if not exchange.written:
                # With it, a request whose answer is lost would pass for one that was not sent.
                raise RuntimeError("this release of urllib3 writes a request without asking")
            return Response(answer.status_code, answer.headers, _read(answer, exchange.deadline))
    except TransportError as error:
        return error
    # The body is read past requests, which would wrap what happens there in exceptions of its own.
    except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as exc:
        return _transport_error(exc, exchange)


def _read(answer: t.Any, deadline: float) -> bytes:
    """The whole body, of an answer of which requests has read the headers."""
    if answer.status_code < 200:
        # http.client knows of 100 alone. What comes next here would pass for the answer to the next request.
        raise TransportError(f"the answer can't be read (HTTP {answer.status_code} comes before an answer)", sent=True)
    # http.client's own reader, by an attribute that is private to urllib3, because the public ways have no bounds:
    # read(n, decode_content=False) calls http.client's read(n), which from Python 3.10 on reads a chunk that says it
    # is -1 bytes long until the connection ends, with any urllib3. readinto() stops where its buffer ends.
    source = answer.raw._original_response
    body, part = bytearray(), bytearray(_CHUNK)
    while True:
        count = source.readinto(part)
        if not count:
            break
        body += part[:count]
        if len(body) > MAX_BODY:
            raise _too_large()
        if time.monotonic() > deadline:
            raise requests.ReadTimeout()
    if source.length:
        raise IncompleteRead(b"", source.length)
    # Done, so that it can be used again.
    answer.raw.release_conn()
    return _unpack(bytes(body), answer.headers.get("Content-Encoding", ""))


def _unpack(body: bytes, encoding: str) -> bytes:
    if encoding.lower() in ("", "identity"):
        return body
    if encoding.lower() != _GZIP:
        raise TransportError("the answer can't be read (packed otherwise than was asked for)", sent=True)
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    unpacked = b""
    with suppress(zlib.error):
        unpacked = unpacker.decompress(body, MAX_BODY + 1)
    if len(unpacked) > MAX_BODY:
        raise _too_large()
    if body and not unpacker.eof:
        raise TransportError("the answer can't be read (it is no whole gzip)", sent=True)
    return unpacked


def _too_large() -> TransportError:
    size = f"{MAX_BODY // 2**20} MiB"
    return TransportError(
        f"the answer is larger than {size}: check api_url (or VOX_API_URL)", sent=True, permanent=True
    )


def _transport_error(exc: BaseException, exchange: _Exchange) -> TransportError:
    """Say what happened in few words, without anything of the request."""
    chain = list(_chain(exc)) or [exc]
    # A timeout of the socket is no TimeoutError before Python 3.10.
    timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError, socket.timeout)
    permanent, part = False, "answer"
    if not exchange.written:
        part = _part(exc, chain, exchange)
        reason, permanent = _no_connection(exc, chain, exchange, _is_any(chain, *timeouts))
    elif isinstance(exc, (requests.exceptions.InvalidHeader, urllib3.exceptions.InvalidHeader)):
        reason = f"the answer can't be read ({type(chain[-1]).__name__})"
    elif _is_any(chain, *timeouts):
        reason = f"no complete answer within {exchange.timeout:g} s"
    else:
        reason = f"the connection broke before the answer was complete ({_innermost(chain)})"
    return TransportError(reason, exchange.written, permanent, part)


def _part(exc: BaseException, chain: list[BaseException], exchange: _Exchange) -> str:
    """What failed before the request was written."""
    tls = _is_any(chain, ssl.SSLError, urllib3.exceptions.SSLError)
    if exchange.proxy and not (tls and exchange.proxy.startswith("socks")):
        return "proxy"
    # An OSError without a number: requests can't read the machine's bundle of authorities.
    return "TLS" if tls or (exc.__class__ is OSError and exc.errno is None) else "network"


def _no_connection(
    exc: BaseException, chain: list[BaseException], exchange: _Exchange, timed_out: bool
) -> tuple[str, bool]:
    """Why the request was not written, whose fault it is, and whether that is permanent."""
    tls = _is_any(chain, ssl.SSLError, urllib3.exceptions.SSLError)
    # There is no TLS to a SOCKS proxy, so it is the server's.
    proxy = "" if tls and exchange.proxy.startswith("socks") else exchange.proxy
    peer = f"the proxy {proxy}" if proxy else exchange.server
    check = _CHECK_PROXY if proxy else _CHECK_SERVER

    untrusted = _untrusted(chain)
    if untrusted:
        strict = any(getattr(link, "verify_code", 0) in _STRICT for link in chain)
        remedy = _ISSUE_ANEW if strict else f"{check}, and for an authority of your own ca_path (or VOX_CA_PATH)"
        return f"the certificate of {peer} is not trusted ({untrusted}): {remedy}", True
    if any(isinstance(link, ssl.SSLError) and link.reason in _NO_TLS for link in chain):
        remedy = "write http:// instead of https:// in HTTPS_PROXY" if proxy else check
        return f"{peer} speaks no TLS at this port: {remedy}", True
    if exc.__class__ is OSError and exc.errno is None:
        # A bundle of the machine's that can't be read, in requests' own words.
        return f"{exc}: check REQUESTS_CA_BUNDLE, or name a PEM bundle of CA certificates in ca_path", True
    if proxy and isinstance(exc, requests.exceptions.InvalidSchema) and proxy.startswith("socks"):
        return f"{peer} needs the Python library PySocks: name an HTTP proxy in HTTPS_PROXY, or install PySocks", True
    if isinstance(exc, ValueError):
        # A URL that requests can't use. Its text may quote a proxy's password.
        what = peer if proxy else "api_url"
        return f"{what} can't be used ({type(exc).__name__}): {check}", True
    status = _refused(chain)
    if status:
        permanent = status < 500 and status not in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
        # The proxy's own words for the status may be anything.
        name = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        return f"{peer} refuses the connection (HTTP {f'{status} {name}'.strip()}): {check}", permanent
    # To urllib3 this is a timeout, too.
    unconnected = _is_any(chain, urllib3.exceptions.NewConnectionError)
    why = f"within {exchange.timeout:g} s" if timed_out and not unconnected else f"({_innermost(chain)})"
    way = "through" if proxy and not unconnected else "to"
    if proxy.startswith("https:") and not unconnected:
        # What a proxy of plain HTTP does with TLS differs: it may also close the connection, or wait.
        check = f"if the proxy speaks plain HTTP, write http:// in HTTPS_PROXY; {check}"
    return f"no connection {way} {peer} {why}: {check}, and the network", False


def _refused(chain: list[BaseException]) -> int:
    """The status other than 200 with which a proxy has answered CONNECT, or 0."""
    found = (re.match(r"Tunnel connection failed: (\d{3})\b", str(link)) for link in chain)
    return next((int(match[1]) for match in found if match), 0)


def _is_any(chain: list[BaseException], *types: type[BaseException]) -> bool:
    return any(isinstance(link, types) for link in chain)


def _untrusted(chain: list[BaseException]) -> str | None:
    """What is wrong with the certificate, if that is what went wrong."""
    for link in chain:
        # Before Python 3.10, and in urllib3 before 2, names are compared by other means, which say less.
        if isinstance(link, ssl.SSLCertVerificationError):
            return getattr(link, "verify_message", "").rstrip(".") or "it is another host's"
        if any(type(arg).__name__ == "CertificateError" for arg in link.args):
            return "it is another host's"
    return None


def _chain(exc: BaseException | None) -> t.Iterator[BaseException]:
    """The exception and those it wraps, outermost first."""
    seen: set[int] = set()
    # What was being handled when the request was sent is not a part of it.
    while isinstance(exc, (urllib3.exceptions.HTTPError, HTTPException, OSError)) and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        wrapped = getattr(exc, "reason", None)
        if not isinstance(wrapped, BaseException):
            wrapped = next((arg for arg in exc.args if isinstance(arg, BaseException)), None)
        exc = wrapped or exc.__cause__ or exc.__context__


def _innermost(chain: list[BaseException]) -> str:
    """The operating system's word for it, or the kind of the innermost exception."""
    inner = chain[-1]
    if isinstance(inner, ssl.SSLError) and inner.reason:
        return inner.reason.replace("_", " ").lower()
    return inner.strerror if isinstance(inner, OSError) and inner.strerror else type(inner).__name__
