# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 1, SIP: a client that sends OPTIONS (RFC 3261) to one server. It does not use the API.

It supports UDP, TCP and TLS, and digest authentication (RFC 3261 and 8760). The size and the time of a server's answers
are limited.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import secrets
import socket
import ssl
import threading
import time
import traceback
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

try:
    from sipmessage import CSeq, Message, Response
except ImportError:
    SIPMESSAGE_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    SIPMESSAGE_IMPORT_ERROR = None

UNRESOLVED, REFUSED, UNREACHABLE, TLS, SILENT = "unresolved", "refused", "unreachable", "tls", "silent"
"""Why there is no answer: the host name, the port, the network, TLS, or an unknown reason."""

_T1, _T2 = 0.5, 4.0
"""Seconds: the first and the longest interval of retransmissions over UDP."""
_MAX_HEAD = 16 * 1024
"""Maximum size of a message without its body, in bytes."""
_MAX_BODY = 64 * 1024
"""Maximum size in bytes of a body that is skipped to read the next message on a connection."""
_MAX_CHALLENGES = 3
_DATAGRAM = 65535
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# The search only begins at the first letter of a name. Otherwise a long name would be read again from each letter.
_PARAMETER = re.compile(r'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_BRANCH = re.compile(r"(?i)[^,]*?;\s*branch\s*=\s*([^\s;,]+)")
"""The branch of the topmost Via."""
_FOLD = re.compile(r"\r\n[ \t]+")
_BLANK_BEFORE_COLON = re.compile(r"(?<=\n)([^\s:]+)[ \t]+:")
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_CHALLENGES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


class NoAnswer(Exception):
    """There was no answer. ``problem``: the reason, one of the constants above."""

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem


class Server(t.NamedTuple):
    """The server to ask, and the transport. ``uri``: the Request-URI."""

    host: str
    port: int
    transport: str
    uri: str
    context: ssl.SSLContext | None = None


class Credentials(t.NamedTuple):
    username: str
    password: str


@dataclass
class Answer:
    """The last answer, and the state of the authentication: not_asked, accepted, refused, not_tried.

    ``answered_all``: whether the last request was answered. The server may not answer after a challenge.
    """

    status: int
    reason: str
    server: str | None
    remote: str
    round_trip_ms: float
    authentication: str = "not_asked"
    answered_all: bool = True


Address = t.Tuple[t.Any, ...]  # noqa: UP006 (evaluated, and Python 3.9 is the oldest)


def resolve(host: str, port: int, timeout: float) -> list[tuple[int, Address]]:
    """Family and socket address of each address of a host. Raises NoAnswer."""
    found: list[tuple[int, Address]] = []
    errors: list[Exception] = []

    def look_up() -> None:
        try:
            # SOCK_STREAM returns each address once. The actual type of the socket is chosen later.
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys((int(family), address) for family, _type, _proto, _name, address in entries))
        except UnicodeError:
            errors.append(ValueError("a label is longer than 63 characters"))
        except OSError as error:
            errors.append(error)

    # The system's resolver has no timeout.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout)
    if not found:
        reason = getattr(errors[0], "strerror", None) or errors[0] if errors else f"no answer within {timeout:g} s"
        raise NoAnswer(UNRESOLVED, f"the host name {host} does not resolve ({reason})")
    return found


def ask(
    server: Server, addresses: t.Sequence[tuple[int, Address]], credentials: Credentials | None, timeout: float
) -> Answer:
    """The answer of the first address that answers. Raises NoAnswer."""
    deadline = time.monotonic() + timeout
    failures: list[NoAnswer] = []
    for index, (family, address) in enumerate(addresses):
        # Each address gets an equal share of the remaining time.
        share = (deadline - time.monotonic()) / (len(addresses) - index)
        try:
            return _Dialog(server, credentials, time.monotonic() + share).run(family, address)
        except NoAnswer as failure:
            failures.append(failure)
    # Report an address that was silent rather than one that refused.
    raise next((failure for failure in failures if failure.problem == SILENT), failures[0])


class _Dialog:
    """The requests to one address, with the same Call-ID: the first one, and another one for each challenge."""

    def __init__(self, server: Server, credentials: Credentials | None, deadline: float) -> None:
        self._server = server
        self._credentials = credentials
        self._deadline = deadline
        self._call_id = secrets.token_hex(12)
        self._tag = secrets.token_hex(6)

    def run(self, family: int, address: Address) -> Answer:
        remote = _host_and_port(address)
        try:
            with self._open(family, address) as channel:
                return self._converse(channel, remote)
        except ConnectionRefusedError:
            raise NoAnswer(REFUSED, f"{remote} refuses the connection ({self._server.transport})") from None
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", None) or (error.reason or "no TLS").replace("_", " ").lower()
            raise NoAnswer(TLS, f"no TLS connection to {remote} ({reason})") from None
        except (TimeoutError, socket.timeout):
            raise NoAnswer(SILENT, f"no answer from {remote} over {self._server.transport} in time") from None
        except OSError as error:
            problem = SILENT if isinstance(error, ConnectionError) else UNREACHABLE
            raise NoAnswer(problem, f"no answer from {remote} ({error.strerror or error})") from None

    def _open(self, family: int, address: Address) -> _Channel:
        kind = socket.SOCK_DGRAM if self._server.transport == "udp" else socket.SOCK_STREAM
        sock = socket.socket(family, kind)
        try:
            sock.settimeout(_left(self._deadline))
            # Also over UDP: the system then reports a port that refuses, and drops messages from other addresses.
            sock.connect(address)
            if self._server.context:
                sock.settimeout(_left(self._deadline))
                sock = self._server.context.wrap_socket(sock, server_hostname=self._server.host.rstrip("."))
        except BaseException:
            sock.close()
            raise
        return _Channel(sock, kind == socket.SOCK_DGRAM, self._deadline)

    def _converse(self, channel: _Channel, remote: str) -> Answer:
        answer: Answer | None = None
        # The challenges, each with a counter of its nonce, by the header that answers them.
        challenges: dict[str, tuple[dict[str, str], t.Iterator[int]]] = {}
        for sequence in range(1, _MAX_CHALLENGES + 2):
            branch = f"z9hG4bK{secrets.token_hex(10)}"
            authorization = {
                header: _authorize(challenge, t.cast(Credentials, self._credentials), self._server.uri, next(uses))
                for header, (challenge, uses) in challenges.items()
            }
            request = self._request(channel.local, branch, sequence, authorization)
            started = time.monotonic()
            try:
                response = channel.exchange(request, partial(self._is_ours, branch=branch, sequence=sequence))
            except OSError:
                if answer is None:
                    raise
                response = None
            if response is None:
                break
            answer = Answer(
                status=response.code,
                reason=_clean(response.phrase),
                server=_clean(response.headers.get("Server") or response.headers.get("User-Agent") or "") or None,
                remote=remote,
                round_trip_ms=round((time.monotonic() - started) * 1000, 1),
                authentication=_authentication(response.code, bool(authorization)),
            )
            if response.code not in _CHALLENGES:
                return answer
            challenge_header, header = _CHALLENGES[response.code]
            challenge = _pick(response.headers.getlist(challenge_header))
            answer.authentication = "refused" if header in challenges else "not_tried"
            if not self._credentials or not challenge:
                return answer
            if header in challenges and challenge.get("stale", "").lower() != "true":
                return answer
            challenges[header] = challenge, itertools.count(1)
        if answer is None:
            raise NoAnswer(SILENT, f"no answer from {remote} over {self._server.transport} in time")
        # The server did not answer after a challenge, or sent too many challenges.
        return replace(answer, authentication="refused", answered_all=response is not None)

    def _request(self, local: Address, branch: str, sequence: int, authorization: t.Mapping[str, str]) -> bytes:
        transport, own = self._server.transport, _host_and_port(local)
        # By RFC 3261, section 8.1.1.8, it has the scheme of the Request-URI. With sips:, TLS goes without saying.
        contact = (
            f"sips:options@{own}"
            if self._server.uri.startswith("sips:")
            else f"sip:options@{own};transport={transport}"
        )
        lines = [
            f"OPTIONS {self._server.uri} SIP/2.0",
            f"Via: SIP/2.0/{transport.upper()} {own};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:options@{own}>;tag={self._tag}",
            f"To: <{self._server.uri}>",
            f"Call-ID: {self._call_id}",
            f"CSeq: {sequence} OPTIONS",
            f"Contact: <{contact}>",
            "Accept: application/sdp",
            "User-Agent: voxai.telephony",
            *(f"{header}: {value}" for header, value in authorization.items()),
            "Content-Length: 0",
        ]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()

    def _is_ours(self, response: Response, branch: str, sequence: int) -> bool:
        """Whether the response is for this request, and not for an earlier one or another client's."""
        try:
            # Not parsed with sipmessage, which does not accept an IPv6 address in received=.
            own = _BRANCH.match(response.headers["Via"])
            number = CSeq.parse(response.headers["CSeq"])
        except (KeyError, ValueError):
            return False
        return (own and own[1], number.sequence, number.method, response.headers.get("Call-ID")) == (
            branch,
            sequence,
            "OPTIONS",
            self._call_id,
        )


@dataclass
class _Channel:
    """A connected socket, with the received data that is not read yet."""

    sock: socket.socket
    datagrams: bool
    deadline: float
    received: bytes = field(default=b"", repr=False)

    def __enter__(self) -> _Channel:
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(OSError):
            self.sock.close()

    @property
    def local(self) -> Address:
        return t.cast(Address, self.sock.getsockname())

    def exchange(self, request: bytes, is_ours: t.Callable[[Response], bool]) -> Response | None:
        """Send the request. Returns the final response, or the last provisional one if the time is over."""
        interval = _T1
        provisional: Response | None = None
        while True:
            # Wait for a whole interval after each copy of the request. TCP needs only one copy.
            until = min(time.monotonic() + interval, self.deadline) if self.datagrams else self.deadline
            try:
                self.sock.settimeout(_left(self.deadline))
                self.sock.sendall(request)
                while True:
                    response = self._receive(until)
                    if response and is_ours(response):
                        if response.code >= 200:
                            return response
                        provisional, interval = response, _T2
                        until = min(time.monotonic() + interval, self.deadline) if self.datagrams else until
            except (TimeoutError, socket.timeout):
                interval = min(2 * interval, _T2)
                if not self.datagrams or time.monotonic() >= self.deadline:
                    return provisional
            except (ConnectionRefusedError, ssl.SSLError):
                raise
            except OSError:
                if provisional:
                    return provisional
                raise

    def _receive(self, until: float) -> Response | None:
        """The next message. None if it is not a response. Raises OSError, and TimeoutError at the end of the time."""
        if self.datagrams:
            self.sock.settimeout(_left(until))
            # The limit of the size also limits the time for parsing.
            head, blank, _body = self.sock.recv(_DATAGRAM).lstrip(b"\r\n").partition(b"\r\n\r\n")
            return _parse(head + blank) if len(head) <= _MAX_HEAD else None
        while b"\r\n\r\n" not in self.received.lstrip(b"\r\n"):
            self._fill(until, _MAX_HEAD)
        head, _blank, self.received = self.received.lstrip(b"\r\n").partition(b"\r\n\r\n")
        response = _parse(head + _blank)
        if response is None or response.code < 200 or response.code in _CHALLENGES:
            self._skip_body(head, until)
        return response

    def _skip_body(self, head: bytes, until: float) -> None:
        """Skip the body, so that the next message can be read. Not needed after a final answer."""
        length = re.search(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?$", head)
        size = int(length[1]) if length else 0
        if size > _MAX_BODY:
            raise ConnectionError("the body is too long")
        while len(self.received) < size:
            self._fill(until, _MAX_BODY)
        self.received = self.received[size:]

    def _fill(self, until: float, most: int) -> None:
        if len(self.received) > most:
            raise ConnectionError("the message is too long")
        self.sock.settimeout(_left(until))
        part = self.sock.recv(_MAX_HEAD)
        if not part:
            raise ConnectionError("the connection ended")
        self.received += part


def _left(until: float) -> float:
    """The remaining seconds. Raises TimeoutError if there are none."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _parse(data: bytes) -> Response | None:
    """The response with this head. None if it is not a response."""
    # sipmessage does not accept headers of several lines, a blank before the colon, and encodings other than UTF-8,
    # which RFC 3261 allows or servers send.
    head = _BLANK_BEFORE_COLON.sub(r"\1:", _FOLD.sub(" ", data.decode(errors="replace")))
    try:
        message = Message.parse(head.encode())
    except ValueError:
        return None
    return message if isinstance(message, Response) and 100 <= message.code <= 699 else None


def _host_and_port(address: Address) -> str:
    host, port = address[:2]
    return f"[{host.partition('%')[0]}]:{port}" if ":" in host else f"{host}:{port}"


def _clean(text: str) -> str:
    """A server's text without control characters, which could add lines in a terminal."""
    return _CONTROL.sub(" ", text).strip()


# Digest authentication


def _authentication(status: int, credentials_sent: bool) -> str:
    """The state of the authentication after an answer. Many servers refuse credentials with 403."""
    if not credentials_sent:
        return "not_asked"
    return "refused" if status == 403 or status < 200 else "accepted"


def _pick(challenges: t.Sequence[str]) -> dict[str, str] | None:
    """The parameters of the first supported challenge. A server lists them by preference (RFC 8760)."""
    for challenge in challenges:
        scheme, _space, rest = _clean(challenge).partition(" ")
        # Not parsed with sipmessage, which ends a quoted value at its first comma: qop="auth,auth-int".
        found = {
            match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
            for match in _PARAMETER.finditer(rest)
        }
        if scheme.lower() != "digest" or not {"realm", "nonce"} <= set(found):
            continue
        offered = [part.strip().lower() for part in found.get("qop", "").split(",")]
        if _hash_of(found) and (offered == [""] or "auth" in offered):
            return {**found, "qop": "auth" if "auth" in offered else ""}
    return None


def _hash_of(challenge: t.Mapping[str, str]) -> str | None:
    """Python's name for the hash of a challenge. None if it is not supported."""
    name = _HASHES.get(re.sub("-SESS$", "", challenge.get("algorithm", "MD5").upper()))
    return name if name in hashlib.algorithms_available else None


def _authorize(challenge: t.Mapping[str, str], credentials: Credentials, uri: str, use: int = 1) -> str:
    """The value of an Authorization header. ``use``: the counter of the challenge's nonce."""
    name = _hash_of(challenge) or "md5"

    def hashed(*parts: str) -> str:
        return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    realm, nonce, qop = challenge["realm"], challenge["nonce"], challenge["qop"]
    own_nonce = secrets.token_hex(8)
    identity = hashed(credentials.username, realm, credentials.password)
    if challenge.get("algorithm", "").upper().endswith("-SESS"):
        identity = hashed(identity, nonce, own_nonce)
    request = hashed("OPTIONS", uri)
    quoted = {"username": credentials.username, "realm": realm, "nonce": nonce, "uri": uri}
    plain = {}
    if qop:
        quoted["cnonce"] = own_nonce
        plain = {"qop": qop, "nc": f"{use:08x}"}
        response = hashed(identity, nonce, plain["nc"], own_nonce, qop, request)
    else:
        response = hashed(identity, nonce, request)
    quoted["response"] = response
    if "opaque" in challenge:
        quoted["opaque"] = challenge["opaque"]
    if "algorithm" in challenge:
        plain["algorithm"] = challenge["algorithm"]
    fields = [
        *('{}="{}"'.format(key, re.sub(r'(["\\])', r"\\\1", value)) for key, value in quoted.items()),
        *(f"{key}={value}" for key, value in plain.items()),
    ]
    return f"Digest {', '.join(fields)}"
