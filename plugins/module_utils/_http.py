# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 1, HTTP: one exchange with one server.

Handles TLS, proxies, time and size limits, but neither the API nor retries.
The API key is only sent to the configured server: redirects are not followed,
and no ``.netrc`` entry replaces the key. Plain HTTP is only for loopback.
A request is either written or cancelled. A cancelled request is never written later.
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
"""Maximum size of an uncompressed answer in bytes. A page of 100 numbers has about 60 kB. The memory needed may be 25
times the size."""

_CHUNK = 64 * 1024

_GZIP = "gzip"

_GRACE = 0.5
"""Additional seconds after the timeout, in which requests can report its own timeout with a better reason."""

_CHECK_SERVER = "check api_url (or VOX_API_URL)"
_CHECK_PROXY = "check the proxy variables (HTTPS_PROXY, ALL_PROXY)"

_STRICT = range(79, 95)
"""OpenSSL's error codes of X509_V_FLAG_X509_STRICT, which urllib3 sets from Python 3.13 on."""

_REISSUE = (
    "Python 3.13 and newer refuse certificates that break the rules of RFC 5280, also those of an authority in ca_path."
    " Ask the authority, often the one of a proxy that inspects TLS, to reissue its certificates"
)

_OTHER_HOST = "it belongs to another host"

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""OpenSSL's reasons if the peer does not speak TLS, the second from OpenSSL 3.2 on."""


class TransportError(Exception):
    """No complete answer was received.

    ``sent``: the server may have received and processed the request.
    ``permanent``: a retry cannot help, for example with a certificate that is not trusted.
    ``part``: the part that failed: ``proxy``, ``TLS``, ``network``, or ``answer`` after the request was sent.
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
    """One request, its server, and whether it was written.

    ``proxy``: the proxy's URL without its password. Empty without a proxy, and after the proxy has opened the tunnel.
    ``written``: the server may have received a part of the request.
    """

    def __init__(self, server: str, proxy: str, timeout: float, before_writing: t.Callable[[], None]) -> None:
        self.server = server
        self.proxy = proxy
        self.timeout = timeout
        self.deadline = time.monotonic() + timeout
        self.written = False
        self._before_writing = before_writing
        self._cancelled = False
        self._deciding = threading.Lock()

    def write(self) -> None:
        """Called when the connection is ready. Raises if the request must not be written."""
        with self._deciding:
            if self._cancelled or time.monotonic() > self.deadline:
                raise _transport_error(requests.ConnectTimeout(), self)
            self._before_writing()
            self.written = True

    def cancel(self) -> None:
        """The request is not written from now on. ``written`` no longer changes."""
        with self._deciding:
            self._cancelled = True


_current = threading.local()
"""``exchange``: the exchange that this thread was started for."""


class _Adapter(HTTPAdapter):
    """An adapter whose connections call ``_Exchange.write`` before they write a request."""

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
            # From here on, http.client would open the connection and write the request. The CONNECT request to a proxy
            # is written while the connection is opened.
            if self.sock is None:
                self.connect()
            _current.exchange.write()
            super().endheaders(*args, **more)

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


def versions() -> str:
    """The versions of the HTTP libraries."""
    return f"requests {requests.__version__}, urllib3 {t.cast(t.Any, urllib3).__version__}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is always this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class HttpSession:
    """Exchanges with one server over persistent connections. Each thread has its own connections.

    ``verify``: as in requests: True, False, or the path of a PEM bundle.
    ``timeout``: seconds for one exchange.
    """

    def __init__(self, base_url: str, token: str, verify: bool | str, timeout: float) -> None:
        self._base_url = base_url
        self._token = token
        self._verify = verify
        self._timeout = timeout
        self._of_thread = threading.local()
        if verify is False:
            # The user has chosen this with validate_certs, so a warning on each request is not needed.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    @property
    def _session(self) -> t.Any:
        """The session of this thread. Sessions of requests are not documented as thread-safe."""
        try:
            return self._of_thread.session
        except AttributeError:
            session = t.cast(t.Any, requests.Session())
            # Otherwise requests would read proxies from the system's settings, which can crash a forked process on
            # macOS, and another Authorization header from .netrc.
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter())
            # Otherwise requests would read the whole body of a redirect without a size limit.
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
        """Send one request and read the whole answer, with any status.

        ``before_writing``: called before the request is written. If it raises, the request is not written.

        Raises TransportError if no complete answer was received.
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
        # The timeout of requests is for each read, so a server that sends a byte now and then would never time out.
        thread = threading.Thread(target=_answer, args=(answers, exchange, self._session, request), daemon=True)
        try:
            thread.start()
            answer = answers.get(timeout=self._timeout + _GRACE)
        except BaseException as error:
            # Also if the task is interrupted. A thread that still reads is abandoned, with its connections.
            exchange.cancel()
            del self._of_thread.session
            if not isinstance(error, Empty):
                raise
            answer = _transport_error(requests.Timeout(), exchange)
        if isinstance(answer, BaseException):
            # Raised outside of an except block, so that no traceback has the exception that contains the request.
            raise answer
        return answer


def proxy_of(url: str) -> str:
    """The proxy for requests to the URL, without its password. Empty without a proxy."""
    proxy = _proxy_for(urlsplit(url))
    return proxy and _without_password(proxy)


def _proxy_for(url: t.Any) -> str:
    """The proxy from the environment variables for the URL, or an empty text."""
    # A proxy cannot reach this machine's loopback addresses, and would see the API key of a plain HTTP request.
    if is_loopback(url.hostname) or any(map(proxy_bypass_environment, (url.hostname, url.netloc))):
        return ""
    proxies = getproxies_environment()
    proxy = (proxies.get(url.scheme) or proxies.get("all") or "").strip()
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


_PROXY = re.compile(r"(\w+://)?(?:.*@)?([\w.:\[\]-]*)", re.DOTALL)


def _without_password(proxy: str) -> str:
    """The parts of a proxy's URL that may be shown: scheme, host and port."""
    scheme, host = t.cast(t.Any, _PROXY.match(proxy)).groups()
    return f"{scheme or 'http://'}{host}".lower()


def _bundle() -> bool | str:
    """The CA bundle from the environment variables of requests, used without ca_path. True without one."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True


def _answer(answers: SimpleQueue[t.Any], exchange: _Exchange, session: t.Any, request: dict[str, t.Any]) -> None:
    """The target of the thread of one exchange."""
    _current.exchange = exchange
    try:
        answers.put(_try(exchange, session, request))
    except BaseException as error:
        answers.put(error)


def _try(exchange: _Exchange, session: t.Any, request: dict[str, t.Any]) -> Response | TransportError:
    try:
        if exchange.proxy.endswith("/"):
            # The proxy has no host, for which requests would raise various exceptions.
            raise requests.exceptions.InvalidProxyURL
        with session.request(timeout=exchange.timeout, allow_redirects=False, stream=True, **request) as answer:
            if not exchange.written:
                # With such a urllib3, a request whose answer is lost would count as not sent.
                raise RuntimeError("this release of urllib3 does not call endheaders before it writes a request")
            return Response(answer.status_code, answer.headers, _read(answer, exchange.deadline))
    except TransportError as error:
        return error
    # The body is read without requests, so exceptions of the lower layers are not wrapped.
    except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as exc:
        return _transport_error(exc, exchange)


def _read(answer: t.Any, deadline: float) -> bytes:
    """The whole body of an answer whose headers requests has read."""
    if answer.status_code < 200:
        # http.client only skips 100. The final answer would be read as the answer to the next request.
        raise TransportError(f"the answer cannot be read (HTTP {answer.status_code} comes before an answer)", sent=True)
    # This is http.client's own reader, through a private attribute of urllib3, because the public functions have no
    # limit: read(n, decode_content=False) calls http.client's read(n). From Python 3.10 on, it reads a chunk with the
    # length -1 until the connection ends, with every urllib3. readinto() stops at the end of its buffer.
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
    # Return the connection to the pool.
    answer.raw.release_conn()
    return _unpack(bytes(body), answer.headers.get("Content-Encoding", ""))


def _unpack(body: bytes, encoding: str) -> bytes:
    if encoding.lower() in ("", "identity"):
        return body
    if encoding.lower() != _GZIP:
        raise TransportError("the answer cannot be read (unsupported Content-Encoding)", sent=True)
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    unpacked = b""
    with suppress(zlib.error):
        unpacked = unpacker.decompress(body, MAX_BODY + 1)
    if len(unpacked) > MAX_BODY:
        raise _too_large()
    if body and not unpacker.eof:
        raise TransportError("the answer cannot be read (its gzip data is incomplete or invalid)", sent=True)
    return unpacked


def _too_large() -> TransportError:
    size = f"{MAX_BODY // 2**20} MiB"
    return TransportError(
        f"the answer is larger than {size}: check api_url (or VOX_API_URL)", sent=True, permanent=True
    )


def _transport_error(exc: BaseException, exchange: _Exchange) -> TransportError:
    """The error in a short message that contains nothing of the request."""
    chain = list(_chain(exc)) or [exc]
    # Before Python 3.10, socket.timeout is not TimeoutError.
    timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError, socket.timeout)
    permanent, part = False, "answer"
    if not exchange.written:
        part = _part(exc, chain, exchange)
        reason, permanent = _no_connection(exc, chain, exchange, _is_any(chain, *timeouts))
    elif isinstance(exc, (requests.exceptions.InvalidHeader, urllib3.exceptions.InvalidHeader)):
        reason = f"the answer cannot be read ({type(chain[-1]).__name__})"
    elif _is_any(chain, *timeouts):
        reason = f"no complete answer within {exchange.timeout:g} s"
    else:
        reason = f"the connection broke before the answer was complete ({_innermost(chain)})"
    return TransportError(reason, exchange.written, permanent, part)


def _part(exc: BaseException, chain: list[BaseException], exchange: _Exchange) -> str:
    """The part that failed before the request was written."""
    tls = _is_any(chain, ssl.SSLError, urllib3.exceptions.SSLError)
    if exchange.proxy and not (tls and exchange.proxy.startswith("socks")):
        return "proxy"
    # requests raises OSError without a number if it cannot read the machine's CA bundle.
    return "TLS" if tls or (exc.__class__ is OSError and exc.errno is None) else "network"


def _no_connection(
    exc: BaseException, chain: list[BaseException], exchange: _Exchange, timed_out: bool
) -> tuple[str, bool]:
    """Why the request was not written, with the peer that failed, and whether the error is permanent."""
    tls = _is_any(chain, ssl.SSLError, urllib3.exceptions.SSLError)
    # SOCKS proxies do not use TLS, so a TLS error is the server's.
    proxy = "" if tls and exchange.proxy.startswith("socks") else exchange.proxy
    peer = f"the proxy {proxy}" if proxy else exchange.server
    check = _CHECK_PROXY if proxy else _CHECK_SERVER

    untrusted = _untrusted(chain)
    if untrusted:
        strict = any(getattr(link, "verify_code", 0) in _STRICT for link in chain)
        remedy = _REISSUE if strict else f"{check}, or set ca_path (or VOX_CA_PATH) to your own authority's certificate"
        return f"the certificate of {peer} is not trusted ({untrusted}): {remedy}", True
    if any(isinstance(link, ssl.SSLError) and link.reason in _NO_TLS for link in chain):
        remedy = "write http:// instead of https:// in HTTPS_PROXY" if proxy else check
        return f"{peer} does not speak TLS at this port: {remedy}", True
    if exc.__class__ is OSError and exc.errno is None:
        # The message of requests about a CA bundle of the machine that it cannot read.
        return f"{exc}: check REQUESTS_CA_BUNDLE, or set ca_path to a PEM bundle of CA certificates", True
    if proxy and isinstance(exc, requests.exceptions.InvalidSchema) and proxy.startswith("socks"):
        return f"{peer} needs the Python library PySocks: use an HTTP proxy in HTTPS_PROXY, or install PySocks", True
    if isinstance(exc, ValueError):
        # requests cannot use the URL. Its message may contain the proxy's password.
        what = f"the URL of {peer}" if proxy else "api_url"
        return f"{what} is invalid ({type(exc).__name__}): {check}", True
    status = _refused(chain)
    if status:
        permanent = status < 500 and status not in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
        # The proxy's own reason phrase is not used, because it may contain anything.
        name = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        return f"{peer} refuses the connection (HTTP {f'{status} {name}'.strip()}): {check}", permanent
    # To urllib3, NewConnectionError is a timeout too.
    unconnected = _is_any(chain, urllib3.exceptions.NewConnectionError)
    why = f"within {exchange.timeout:g} s" if timed_out and not unconnected else f"({_innermost(chain)})"
    way = "through" if proxy and not unconnected else "to"
    if proxy.startswith("https:") and not unconnected:
        # Plain HTTP proxies differ in how they answer TLS: they may also close the connection, or wait.
        check = f"if the proxy speaks plain HTTP, write http:// in HTTPS_PROXY; {check}"
    return f"no connection {way} {peer} {why}: {check}, and the network", False


def _refused(chain: list[BaseException]) -> int:
    """The status with which a proxy has refused CONNECT, or 0."""
    found = (re.match(r"Tunnel connection failed: (\d{3})\b", str(link)) for link in chain)
    return next((int(match[1]) for match in found if match), 0)


def _is_any(chain: list[BaseException], *types: type[BaseException]) -> bool:
    return any(isinstance(link, types) for link in chain)


def _untrusted(chain: list[BaseException]) -> str | None:
    """The problem with the certificate, if that is the error."""
    for link in chain:
        # Before Python 3.10, and in urllib3 before 2, an error of the host name has no verify_message.
        if isinstance(link, ssl.SSLCertVerificationError):
            return getattr(link, "verify_message", "").rstrip(".") or _OTHER_HOST
        if any(type(arg).__name__ == "CertificateError" for arg in link.args):
            return _OTHER_HOST
    return None


def _chain(exc: BaseException | None) -> t.Iterator[BaseException]:
    """The exception and those it wraps, outermost first."""
    seen: set[int] = set()
    # Exceptions of other types were being handled when the request was sent, and are not a part of the error.
    while isinstance(exc, (urllib3.exceptions.HTTPError, HTTPException, OSError)) and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        wrapped = getattr(exc, "reason", None)
        if not isinstance(wrapped, BaseException):
            wrapped = next((arg for arg in exc.args if isinstance(arg, BaseException)), None)
        exc = wrapped or exc.__cause__ or exc.__context__


def _innermost(chain: list[BaseException]) -> str:
    """The operating system's message, or the type of the innermost exception."""
    inner = chain[-1]
    if isinstance(inner, ssl.SSLError) and inner.reason:
        return inner.reason.replace("_", " ").lower()
    return inner.strerror if isinstance(inner, OSError) and inner.strerror else type(inner).__name__
