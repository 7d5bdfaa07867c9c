# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hostile server or proxy: the task does not trust invalid responses, and limits its time and memory.

The next run, with a normal server, completes the changes.
"""

from __future__ import annotations

import datetime
import re
import socket
import ssl
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from ansible_collections.voxai.telephony.plugins.module_utils import _api, _http
from torture import _attacks
from torture._cases import CASES, Case
from torture._hostile import Answer, Attack, Call, Hostile
from torture._task import AGENT_INFO, INFO, TASKS
from torture._trial import Trial
from torture._world import Violation

LONGEST = 60.0
"""Seconds for a task. On an idle machine, none takes more than two."""

MOST_HELD, MOST_READ = 8, 60
"""The limits of Python's memory, relative to the largest allowed response: while it is read, and afterwards.

Nested lists need the most: 4 MiB become about 160 MiB.
"""

ATTACKS: dict[str, Attack] = {
    **_attacks.WIRE,
    **{f"packed: {name}": attack for name, attack in _attacks.PACKED.items()},
    **{f"JSON: {name}": attack for name, attack in _attacks.JSON.items()},
    **{f"error: {name}": attack for name, attack in _attacks.ERRORS.items()},
    **{f"types: {name}": attack for name, attack in _attacks.TYPES.items()},
}

LIST = "GET", "/organization-telephone-numbers"
BY_MODULE = [[case for case in CASES if case.module == module] for module in TASKS]
OF_EACH_MODULE = [cases[0] for cases in BY_MODULE]


@pytest.fixture
def hostile(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    with Hostile(trial.sim) as server:
        monkeypatch.setattr(trial.sim, "url", server.url)
        yield server


@pytest.mark.parametrize("share", range(16))
def test_attack(trial: Trial, hostile: Hostile, share: int, part: int) -> None:
    """Each attack at some call: most HTTP attacks at one call of each module, the others at one call each."""
    calls: dict[str, list[Call]] = {}
    for number, (name, attack) in list(enumerate(ATTACKS.items()))[share::16]:
        turn = number // 16 + part
        some = BY_MODULE if name in _attacks.WIRE and not attack.slow else [CASES]
        for case in (cases[turn % len(cases)] for cases in some):
            hostile.calm()
            of_case = calls.get(case.name) or calls.setdefault(case.name, trial.calls(case))
            _try(trial, hostile, case, of_case[turn // len(CASES) % len(of_case)], name, attack)
    assert trial.tally["hostile responses"]


def _try(trial: Trial, hostile: Hostile, case: Case, call: Call | None, name: str, attack: Attack) -> None:
    trial.begin(case, f"{name} at {' '.join(call or ('any',))}")
    first = trial.world()
    hostile.attack(attack, call)
    with _in_time(trial):
        result = trial.run(case, believed=not attack.lies, hurried=True)
    # The call may be missing: a number is read only if its state is uncertain.
    assert hostile.hits or call, name
    if hostile.hits:
        trial.tally["hostile responses"] += hostile.hits
        if not _can_be_passed_on(result):
            trial.blame(Violation("traceback", "Ansible could not transfer the result"))
        hostile.calm()
        trial.finish(case, first)


def _can_be_passed_on(value: Any, depth: int = 0) -> bool:
    """Whether the value is valid JSON in UTF-8, not nested too deeply for other parsers."""
    if isinstance(value, dict):
        return all(_can_be_passed_on(part, depth + 1) for part in (*value, *value.values()))
    if isinstance(value, list):
        return depth < 100 and all(_can_be_passed_on(part, depth + 1) for part in value)
    if isinstance(value, str):
        return not any("\ud800" <= char <= "\udfff" for char in value)
    return not isinstance(value, (int, float)) or abs(value) < 10**200


@contextmanager
def _in_time(trial: Trial) -> Iterator[None]:
    started = time.monotonic()
    yield
    if time.monotonic() - started > LONGEST:
        trial.blame(Violation("unbounded", f"took {time.monotonic() - started:.0f} s"))


REDIRECTS = (
    "300 Multiple Choices",
    "301 Moved",
    "302 Found",
    "303 See Other",
    "305 Use Proxy",
    "307 X",
    "308 X",
    "399 X",
)


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_is_not_followed(trial: Trial, hostile: Hostile, status: str, long: bool) -> None:
    """The target of the redirect gets no connection, and so no key."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        for number, location in enumerate(
            (
                *(f"http://127.0.0.1:{port}/v3/organization-telephone-numbers", f"//127.0.0.1:{port}/", "?", ""),
                *(f"http://user:password@127.0.0.1:{port}/", "/v3/elsewhere", "file:///etc/passwd", "http://[::1"),
                *(f"https://localhost:{port}/", "javascript:alert(1)", "\xff\xfe", f"\thttp://127.0.0.1:{port}"),
            )
        ):
            attack = _attacks.fixed(_attacks.whole(b"", status, f"Location: {location}"))
            for case in OF_EACH_MODULE if long else [OF_EACH_MODULE[number % len(OF_EACH_MODULE)]]:
                _try(trial, hostile, case, None, f"{status} to {location!r}", attack)
        elsewhere.settimeout(0)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


@pytest.mark.parametrize("name", _attacks.LISTS)
def test_an_endless_list(
    trial: Trial, hostile: Hostile, name: str, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of numbers or agents. A long run uses the real limit of the collection, a short run a lower one."""
    if not long:
        monkeypatch.setattr(_api, "MAX_PAGES", 30)
    monkeypatch.setattr(_api, "MAX_LIST", 2**24)
    # Some modules read only one of the lists.
    other = {INFO: "/agents", AGENT_INFO: "/organization-telephone-numbers"}
    lists = [(case, path) for case in OF_EACH_MODULE for path in ("/organization-telephone-numbers", "/agents")]
    for case, path in [(case, path) for case, path in lists if path != other.get(case.module)]:
        trial.begin(case, f"{name} at {path}")
        first = trial.world()
        hostile.attack(_attacks.LISTS[name](), ("GET", path))
        with _in_time(trial):
            result = trial.run(case, believed=False)
        trial.tally["hostile responses"] += hostile.hits
        assert result["failed"]
        assert "a list that has no end" in result["msg"] or "an invalid next_cursor" in result["msg"]
        hostile.calm()
        trial.finish(case, first)


FULL = {
    "lists in lists": _attacks.large("[[[[]]]]"),
    "tiny records": _attacks.large('{"id":"a","number":"1"}'),
    "a million records": _attacks.large('{"id":"a","number":"1"}', 10**6),
    "long texts": _attacks.large('"' + "x" * 10**5 + '"'),
    "long texts of lone surrogates": _attacks.large('"' + "\\ud800" * 10**5 + '"'),
}
ENDLESS = {
    **{name: attack for name, attack in _attacks.WIRE.items() if name.startswith("endless")},
    **_attacks.PACKED,
}
MORE = {f"many of {item}": _attacks.large(item) for item in ("[]", "{}", "1.5", "[1]", '"x"', "1e9", '"\\ud800"')}
"""Attacks whose memory takes seconds to measure."""


@pytest.mark.parametrize("share", range(3))
def test_memory(trial: Trial, hostile: Hostile, share: int, long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the server sends, the memory is limited to that of the largest allowed response.

    This limit is lower in a short run.
    """
    if not long:
        monkeypatch.setattr(_http, "MAX_BODY", 2**20)
    attacks = list((FULL | ENDLESS | (MORE if long else {})).items())
    for number, (name, attack) in list(enumerate(attacks))[share::3]:
        for case in OF_EACH_MODULE if long else [OF_EACH_MODULE[number // 3 % len(OF_EACH_MODULE)]]:
            trial.begin(case, name)
            hostile.attack(attack, ("GET", "/agents") if case.module == AGENT_INFO else LIST)
            # Create the response before the measurement.
            attack.answer(Answer(0, b""))
            with _in_time(trial), _in_space(trial, MOST_HELD if name in ENDLESS else MOST_READ):
                trial.task(case.module, case.arguments(trial.sim) | {"retries": 0, "timeout": 1})
            assert hostile.hits, name
            trial.tally["hostile responses"] += hostile.hits


@contextmanager
def _in_space(trial: Trial, most: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if peak > most * _http.MAX_BODY:
        trial.blame(Violation("unbounded", f"{peak / 2**20:.0f} MiB were used"))


# --- TLS ---


Moment = datetime.datetime | None


def _context(
    *identities: str, authority: trustme.CA, not_before: Moment = None, not_after: Moment = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*identities, not_before=not_before, not_after=not_after).configure_cert(context)
    return context


def _old(authority: trustme.CA) -> ssl.SSLContext:
    context = _context("127.0.0.1", authority=authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


def _year(year: int) -> datetime.datetime:
    return datetime.datetime(year, 1, 1, tzinfo=datetime.UTC)


TLS: dict[str, tuple[Callable[[trustme.CA], ssl.SSLContext], str]] = {
    "of an unknown authority": (lambda _known: _context("127.0.0.1", authority=trustme.CA()), "not trusted"),
    "expired": (
        lambda known: _context("127.0.0.1", authority=known, not_before=_year(2001), not_after=_year(2002)),
        "certificate has expired",
    ),
    "not valid yet": (
        lambda known: _context("127.0.0.1", authority=known, not_before=_year(2098), not_after=_year(2099)),
        "not yet valid",
    ),
    "for another host": (
        lambda known: _context("example.com", "127.0.0.2", authority=known),
        "address mismatch|belongs to another host",
    ),
    "in an old version of TLS": (_old, "protocol version"),
}


@pytest.mark.parametrize("name", TLS)
@pytest.mark.parametrize("case", OF_EACH_MODULE, ids=lambda case: case.module)
def test_an_untrusted_server(
    trial: Trial, tmp_path: Path, case: Case, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no request, and so no key."""
    known = trustme.CA()
    known.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    make, reason = TLS[name]
    with Hostile(trial.sim, make(known)) as server:
        trial.begin(case, name)
        monkeypatch.setattr(trial.sim, "url", server.url)
        result = trial.task(case.module, case.arguments(trial.sim) | {"ca_path": str(tmp_path / "ca.pem")})
        trial.tally["hostile responses"] += 1
        assert result["failed"]
        assert re.search(reason, result["msg"])
        assert (server.requests, trial.sim.requests) == (0, [])


def test_a_trusted_server(trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with a valid certificate. It shows that the refusals above have the stated reason."""
    known = trustme.CA()
    known.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Hostile(trial.sim, _context("127.0.0.1", authority=known)) as server:
        for case in OF_EACH_MODULE:
            trial.begin(case, "trusted")
            monkeypatch.setattr(trial.sim, "url", server.url)
            arguments = case.arguments(trial.sim) | {"ca_path": str(tmp_path / "ca.pem")}
            assert not trial.task(case.module, arguments).get("failed")
