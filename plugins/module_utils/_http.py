# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 1, HTTP: one exchange with one server.

Knows TLS, proxies, time and size limits; knows neither the API nor retries.
The API key goes to the server that was named and nowhere else: no redirect is
followed, no ``.netrc`` entry replaces it, and plain HTTP is for loopback alone.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
import traceback
import typing as t
import zlib
from contextlib import suppress
from http.client import HTTPException, IncompleteRead
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

try:
    import requests
    import urllib3
except ImportError:
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

MAX_BODY = 4 * 1024 * 1024
"""Bytes of an answer, unpacked. A page of 100 numbers takes some 60 kB. In memory it may be 25 times as much."""

_CHUNK = 64 * 1024

_GZIP = "gzip"

_GRACE = 0.5
"""Seconds after the timeout, in which requests itself may tell what it has been waiting for."""


class TransportError(Exception):
    """No complete answer came back.

    ``sent``: the server may have received, and so processed, the request.
    ``permanent``: trying again can't help (a certificate that is not trusted, say).
    """

    def __init__(self, message: str, sent: bool, permanent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent
        self.permanent = permanent


class Response(t.NamedTuple):
    status: int
    headers: t.Mapping[str, str]
    body: bytes


class _Bearer:
    """An auth object of our own keeps requests from looking into ``.netrc``."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: t.Any) -> t.Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


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
        self._server = urlsplit(base_url).netloc
        self._auth = _Bearer(token)
        self._verify = verify
        self._timeout = timeout
        self._of_thread = threading.local()
        # A proxy can't reach this machine's loopback, and would see the key of a plain-HTTP request.
        loopback = is_loopback(urlsplit(base_url).hostname or "")
        self._proxies: dict[str, t.Any] = {"http": None, "https": None, "all": None} if loopback else {}
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
            # Or else requests would read a redirect's whole body, whatever its size, even where it follows none.
            session.get_redirect_target = lambda answer: None
            session.headers["Accept"] = "application/json"
            session.headers["Accept-Encoding"] = _GZIP
            session.headers["User-Agent"] = "ansible-voxai.telephony"
            self._of_thread.session = session
            return session

    def exchange(
        self,
        method: str,
        path: str,
        query: t.Sequence[tuple[str, str]] = (),
        body: t.Mapping[str, t.Any] | None = None,
    ) -> Response:
        """Send one request and read the whole answer, whatever its status.

        Raises TransportError when no complete answer came.
        """
        answers: SimpleQueue[Response | BaseException] = SimpleQueue()
        arguments = (answers, self._session, method, path, query, body)
        # requests' own timeout is for each read: a server that sends a byte now and then would hold us for ever.
        threading.Thread(target=self._answer, args=arguments, daemon=True).start()
        try:
            answer = answers.get(timeout=self._timeout + _GRACE)
        except Empty:
            # What still reads is left behind, with its connections.
            del self._of_thread.session
            answer = TransportError(f"no complete answer within {self._timeout:g} s", sent=True)
        if isinstance(answer, BaseException):
            # Raised where no exception is being handled: no traceback carries the one with the request in it.
            raise answer
        return answer

    def _answer(self, answers: SimpleQueue[t.Any], *request: t.Any) -> None:
        try:
            answers.put(self._try(*request))
        except BaseException as error:
            answers.put(error)

    def _try(
        self,
        session: t.Any,
        method: str,
        path: str,
        query: t.Sequence[tuple[str, str]],
        body: t.Mapping[str, t.Any] | None,
    ) -> Response | TransportError:
        deadline = time.monotonic() + self._timeout
        try:
            with session.request(
                method,
                self._base_url + path,
                params=list(query),
                data=None if body is None else json.dumps(body).encode(),
                headers=None if body is None else {"Content-Type": "application/json"},
                auth=self._auth,
                # Given for each request: on the session, REQUESTS_CA_BUNDLE would override it.
                verify=self._verify,
                proxies=self._proxies,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return Response(answer.status_code, answer.headers, _read(answer, deadline))
        except TransportError as error:
            return error
        # The body is read past requests, which would wrap what happens there in exceptions of its own.
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as exc:
            return _transport_error(exc, self._server, self._timeout)


def _read(answer: t.Any, deadline: float) -> bytes:
    """The whole body, of an answer of which requests has read the headers."""
    if answer.status_code < 200:
        # http.client knows of 100 alone. What comes next here would pass for the answer to the next request.
        raise TransportError(f"the answer can't be read (HTTP {answer.status_code} comes before an answer)", sent=True)
    # http.client's own reader, because those above it have no bounds: they unpack what comes however large it gets,
    # and read a chunk that says it is -1 bytes long until the connection ends.
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


def _transport_error(exc: BaseException, server: str, timeout: float) -> TransportError:
    """Say what happened in few words, without anything of the request."""
    chain = list(_chain(exc))

    def wraps(*types: type[BaseException]) -> bool:
        return any(isinstance(link, types) for link in chain)

    untrusted = _untrusted(chain)
    if untrusted:
        reason = (
            f"the server's certificate is not trusted ({untrusted}): check api_url (or VOX_API_URL),"
            " and for an authority of your own ca_path (or VOX_CA_PATH)"
        )
        return TransportError(reason, sent=False, permanent=True)
    if any(isinstance(link, ssl.SSLError) and link.reason == "WRONG_VERSION_NUMBER" for link in chain):
        return TransportError(f"{server} speaks no TLS at this port", sent=False, permanent=True)
    if exc.__class__ is OSError and exc.errno is None:
        # A bundle of the machine's that can't be read, in requests' own words.
        reason = f"{exc}: check REQUESTS_CA_BUNDLE, or name a PEM bundle of CA certificates in ca_path"
        return TransportError(reason, sent=True, permanent=True)
    if isinstance(exc, requests.exceptions.InvalidHeader) and wraps(urllib3.exceptions.HTTPError):
        return TransportError(f"the answer can't be read ({type(chain[-1]).__name__})", sent=True)
    if isinstance(exc, ValueError):
        # A URL or proxy setting that requests can't use. Its text may quote a proxy's password.
        reason = (
            f"the request could not be made ({type(exc).__name__}): check api_url (or VOX_API_URL), and the proxy"
            " variables"
        )
        return TransportError(reason, sent=False, permanent=True)
    peer = "the proxy" if wraps(requests.exceptions.ProxyError) else server
    if wraps(urllib3.exceptions.NewConnectionError):
        return TransportError(f"no connection to {peer} ({_innermost(chain)})", sent=False)
    if wraps(requests.ConnectTimeout):
        return TransportError(f"no connection to {peer} within {timeout:g} s", sent=False)
    # A timeout of the socket is no TimeoutError before Python 3.10.
    if wraps(requests.Timeout, urllib3.exceptions.TimeoutError, socket.timeout):
        return TransportError(f"no complete answer within {timeout:g} s", sent=True)
    return TransportError(f"the connection broke before the answer was complete ({_innermost(chain)})", sent=True)


def _untrusted(chain: list[BaseException]) -> str | None:
    """What is wrong with the server's certificate, if that is what went wrong."""
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
