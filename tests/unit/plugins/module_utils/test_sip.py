# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
import typing as t
from dataclasses import replace

import pytest
from ansible.module_utils import basic

from ansible_collections.voxai.telephony.plugins.module_utils import _sip, _sip_trunk_info
from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module
from ansible_collections.voxai.telephony.plugins.module_utils._sip import (
    Answer,
    Credentials,
    NoAnswer,
    Server,
    ask,
    resolve,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError, split_address

OWN = Credentials('us"er', "p\\w:한")
CHALLENGE = 'Digest realm="a \\"b\\", c", nonce="n=1", qop="auth,auth-int", opaque="o", algorithm='


def fields_of(header: str) -> dict[str, str]:
    pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,]+))', header.partition(" ")[2])
    return {name: re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in pairs}


@pytest.mark.parametrize(
    ("algorithm", "name"), [("MD5", "md5"), ("SHA-256", "sha256"), ("SHA-512-256", "sha512_256"), ("md5-sess", "md5")]
)
def test_digest(algorithm: str, name: str) -> None:
    """Computed by the formula of RFC 3261, section 22.4, and RFC 8760."""
    challenge = _sip._pick(["Basic realm=x", f"{CHALLENGE}{algorithm}"])
    assert challenge
    sent = fields_of(_sip._authorize(challenge, OWN, "sip:b"))

    def hashed(*parts: str) -> str:
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    identity = hashed('us"er', 'a "b", c', "p\\w:한")
    if "sess" in algorithm:
        identity = hashed(identity, "n=1", sent["cnonce"])
    expected = hashed(identity, "n=1", "00000001", sent["cnonce"], "auth", hashed("OPTIONS", "sip:b"))
    assert sent["response"] == expected
    assert (sent["username"], sent["realm"], sent["opaque"]) == ('us"er', 'a "b", c', "o")
    assert (sent["qop"], sent["nc"], sent["uri"], sent["algorithm"]) == ("auth", "00000001", "sip:b", algorithm)


def test_digest_without_qop_and_algorithm() -> None:
    challenge = _sip._pick(['Digest realm="r", nonce=n'])
    assert challenge
    sent = fields_of(_sip._authorize(challenge, Credentials("u", "p"), "sip:b"))
    assert set(sent) == {"username", "realm", "nonce", "uri", "response"}


@pytest.mark.parametrize(
    ("challenges", "picked"),
    [
        (["Digest realm=a, nonce=n, algorithm=SHA-256", "Digest realm=b, nonce=n"], "a"),
        (["Digest realm=a, nonce=n, algorithm=AKAv1-MD5", "Digest realm=b, nonce=n"], "b"),
        (["Digest realm=a, nonce=n, qop=auth-int", "digest  realm=b,nonce=n"], "b"),
        (["Digest realm=a", "Bearer realm=b, nonce=n", ""], None),
    ],
)
def test_the_first_supported_challenge_is_used(challenges: list[str], picked: str | None) -> None:
    challenge = _sip._pick(challenges)
    assert (challenge and challenge["realm"]) == picked


def answer_with(reply: t.Callable[[bytes], list[bytes]]) -> t.Callable[..., Answer]:
    """Start a UDP server that replies with these datagrams. Return a function that sends it a request."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    port = int(server.getsockname()[1])

    def serve() -> None:
        with server:
            request, client = server.recvfrom(65535)
            while request:
                for datagram in reply(request):
                    server.sendto(datagram, client)
                request, client = server.recvfrom(65535)

    def ask_it(credentials: Credentials | None = None, timeout: float = 5) -> Answer:
        pytest.importorskip("sipmessage", reason="sipmessage is not installed")
        try:
            address = (socket.AF_INET, ("127.0.0.1", port))
            return ask(Server("x", port, "udp", "sip:x"), [address], credentials, timeout)
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", ("127.0.0.1", port))

    threading.Thread(target=serve, daemon=True).start()
    return ask_it


def answer(request: bytes, status: bytes = b"200 OK", *headers: bytes) -> bytes:
    kept = [line for line in request.split(b"\r\n") if re.match(rb"Via|From|To|Call-ID|CSeq", line)]
    lines = [b"SIP/2.0 " + status, *kept, b"Server: \x1b[2Jx", *headers, b"Content-Length: 0"]
    return b"".join(line + b"\r\n" for line in [*lines, b""])


BROKEN = [
    b"",
    b"\r\n\r\n",
    b"SIP/2.0 abc OK\r\n\r\n",
    b"SIP/2.0 99999 OK\r\n\r\n",
    b"SIP/2.0 200 OK\r\nno colon\r\n\r\n",
    b"SIP/2.0 200 OK\r\nVia: x\r\nCSeq: y\r\n\r\n",
    b"SIP/2.0 200 OK\r\n\xff: \xff\r\n\r\n",
    b"OPTIONS sip:a SIP/2.0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"\x00" * 60000,
]


def test_broken_messages_are_ignored() -> None:
    found = answer_with(
        lambda request: [
            *BROKEN,
            request,
            answer(request, b"200 " + b"x" * 17000),
            answer(request, b"200 OK", *[b"X:"] * 9000),
            answer(request, b"486 \x1b[2JBusy"),
        ]
    )()
    assert (found.status, found.reason, found.server) == (486, "[2JBusy", "[2Jx")


@pytest.mark.parametrize(
    "replacements",
    [
        {b"Via:": b"v:", b"From:": b"f:", b"To:": b"t:", b"Call-ID:": b"i:"},
        {b"Via:": b"VIA  :", b"CSeq:": b"cseq\t:", b"Call-ID:": b"call-id:"},
        {b";branch": b"\r\n ;branch", b"Server:": b"Subject: a\r\n\tb\r\nServer:"},
        {b"SIP/2.0 200": b"\r\n\r\nSIP/2.0 200"},
        {b"OK": "확인".encode("euc-kr")},
        {b"OK": b""},
    ],
)
def test_valid_forms_of_a_response(replacements: dict[bytes, bytes]) -> None:
    def reply(request: bytes) -> list[bytes]:
        whole = answer(request)
        for written, instead in replacements.items():
            assert written in whole
            whole = whole.replace(written, instead)
        return [whole]

    assert answer_with(reply)().status == 200


WWW, PROXY = b"Authorization: Digest", b"Proxy-Authorization: Digest"
FIRST = b'WWW-Authenticate: Digest realm="a", nonce="1", qop="auth"'
STALE = b'WWW-Authenticate: Digest realm="a", nonce="2", qop="auth", stale=TRUE'
UNKNOWN = b'WWW-Authenticate: Digest realm="a", nonce="1", algorithm=AKAv1-MD5'


def behind_a_proxy(request: bytes) -> list[bytes]:
    if b"\r\n" + PROXY not in request:
        return [answer(request, b"407 Proxy", FIRST.replace(b"WWW", b"Proxy"))]
    if b"\r\n" + WWW not in request:
        return [answer(request, b"401 Who", FIRST)]
    # Each use of a nonce has its own count.
    proxy, own = (re.search(header + rb".*nc=([0-9a-f]{8})", request) for header in (PROXY, rb"\n" + WWW))
    return [answer(request)] if proxy and own and (proxy[1], own[1]) == (b"00000002", b"00000001") else []


def challenging(*answers: bytes) -> t.Callable[[bytes], list[bytes]]:
    """Return replies that challenge a request without credentials, and these answers to one with credentials."""
    challenge = b"401 Who|" + FIRST
    return lambda request: [answer(request, *one.split(b"|")) for one in (answers if WWW in request else [challenge])]


def stale_at_first(request: bytes) -> list[bytes]:
    return challenging(b"200 OK" if b'nonce="2"' in request else b"401 Old|" + STALE)(request)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (challenging(b"200 OK"), (200, "accepted", True)),
        (challenging(b"503 Busy"), (503, "accepted", True)),
        (challenging(b"401 No|" + FIRST), (401, "refused", True)),
        (challenging(b"403 No"), (403, "refused", True)),
        (stale_at_first, (200, "accepted", True)),
        (challenging(b"401 Old|" + STALE), (401, "refused", True)),
        (behind_a_proxy, (200, "accepted", True)),
        (challenging(), (401, "refused", False)),
        (challenging(b"100 Trying"), (100, "refused", True)),
        (lambda request: [answer(request, b"401 Who", UNKNOWN)], (401, "not_tried", True)),
        (lambda request: [answer(request, b"401 Who")], (401, "not_tried", True)),
        (lambda request: [answer(request, b"100 Trying")], (100, "not_asked", True)),
    ],
)
def test_verdict_on_the_credentials(reply: t.Callable[[bytes], list[bytes]], expected: tuple[int, str, bool]) -> None:
    found = answer_with(reply)(OWN, 5 if expected[0] >= 200 and expected[2] else 0.5)
    assert (found.status, found.authentication, found.answered_all) == expected


@pytest.mark.parametrize(
    ("status", "authentication", "answered_all", "words"),
    [
        (200, "not_asked", True, "200 OK"),
        (200, "accepted", True, "200 OK, and accepted the credentials"),
        (403, "refused", True, "403 OK, and refused the credentials"),
        (401, "refused", False, "401 OK, and did not answer the request with credentials"),
        (401, "not_tried", True, "401 OK, and requires credentials"),
        (100, "refused", True, "100 OK, and sent no final answer"),
    ],
)
def test_message_of_an_answer(status: int, authentication: str, answered_all: bool, words: str) -> None:
    found = Answer(status, "OK", None, "192.0.2.1:5060", 1.0, authentication, answered_all)
    assert _sip_trunk_info._in_words(found, "udp") == f"192.0.2.1:5060 answered over udp with {words}"


def test_a_long_challenge_is_parsed_fast() -> None:
    """Otherwise, a server could block a module beyond its timeout."""
    started = time.process_time()
    assert _sip._pick(["Digest " + "a" * 60_000, 'Digest realm=r, nonce="' + "n" * 60_000]) is None
    assert time.process_time() - started < 2


def test_a_resolver_that_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: waiting.wait(20) and [])
    with pytest.raises(NoAnswer, match=r"trunk\.example\.com does not resolve \(no answer within 0\.1 s\)") as caught:
        resolve("trunk.example.com", 5060, 0.1)
    waiting.set()
    assert caught.value.problem == "unresolved"


@pytest.mark.parametrize(
    ("address", "transports"),
    [
        ("sip:a.example", ("udp", "tcp")),
        ("sips:a.example", ("tls",)),
        ("sips:a.example;transport=tcp", ("tls",)),
        ("a.example;lr;Transport=TCP?x=y", ("tcp",)),
        ("sip:a.example;transport=tls", ("tls",)),
        ("sip:a.example?x=;transport=tcp", ("udp", "tcp")),
    ],
)
def test_the_transport_of_an_address(address: str, transports: tuple[str, ...]) -> None:
    assert _sip_trunk_info._transports(split_address(address), "auto") == transports
    assert _sip_trunk_info._transports(split_address(address), "udp") == ("udp",)


def test_an_unknown_transport() -> None:
    with pytest.raises(InputError, match="write udp, tcp or tls"):
        _sip_trunk_info._transports(split_address("sip:a.example;transport=ws"), "auto")


@pytest.mark.parametrize(
    ("address", "uri", "port"),
    [
        ("Trunk.example.com", "sip:Trunk.example.com", None),
        ("SIPS:line@[2001:db8::1]:5070;x=y?h=1", "sips:line@[2001:db8::1]:5070;x=y", 5070),
    ],
)
def test_the_uri_of_a_request(address: str, uri: str, port: int | None) -> None:
    assert split_address(address).uri == uri
    assert split_address(address).port == port


@pytest.mark.parametrize(
    ("uri", "transport", "contact"),
    [
        ("sip:a.example", "tcp", b"<sip:options@192.0.2.1:1025;transport=tcp>"),
        ("sips:a.example", "tls", b"<sips:options@192.0.2.1:1025>"),
    ],
)
def test_the_contact_of_a_request(uri: str, transport: str, contact: bytes) -> None:
    dialog = _sip._Dialog(Server("a.example", 5061, transport, uri), None, 0)
    assert b"\r\nContact: " + contact + b"\r\n" in dialog._request(("192.0.2.1", 1025), "z9hG4bK1", 1, {})


def test_a_missing_library_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"address": "sip:trunk.example.com"}}).encode()
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr("ansible.module_utils._internal.is_controller", False)
    with pytest.raises(SystemExit):
        run_module(replace(_sip_trunk_info.TASK, instead_of_requests=("sipmessage", "Traceback")))
    result = json.loads(capsys.readouterr().out)
    assert result["failed"] and result["reachable"] is False
    assert result["msg"].startswith("Failed to import the required Python library (sipmessage) on ")
