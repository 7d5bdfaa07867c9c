# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared doubles of the plugins' unit tests, such as a scripted HTTP conversation."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._api import Api
from ansible_collections.voxai.telephony.plugins.module_utils._connection import Organization
from ansible_collections.voxai.telephony.plugins.module_utils._http import Response, TransportError
from ansible_collections.voxai.telephony.plugins.module_utils._ledger import Ledger
from ansible_collections.voxai.telephony.plugins.module_utils._rate_limit import RateLimiter
from ansible_collections.voxai.telephony.plugins.module_utils._store import MemoryStore, Store
from ansible_collections.voxai.telephony.plugins.plugin_utils._run_store import RunStore

LIST = "/organization-telephone-numbers"


class Conversation:
    """Replaces HttpSession. Each exchange must be expected beforehand; a missing or an extra one fails the test."""

    def __init__(self) -> None:
        self._expected: list[tuple[tuple[str, str, dict[str, str], t.Any], t.Any]] = []
        self.waits: list[float] = []
        self.now = 1000.0
        self.make_store: t.Callable[[], Store] = MemoryStore

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        """Never return the same time twice, like a real clock."""
        self.now += 1e-6
        return self.now

    def api(self, retries: int = 2) -> Api:
        return self.organization(retries).api

    def organization(self, retries: int = 2) -> Organization:
        store = self.make_store()
        limiter = RateLimiter(store, 0, 0, clock=self.clock, sleep=self.sleep)
        return Organization(Api(t.cast(t.Any, self), limiter, store, retries), Ledger(store, self.clock))

    def expect(
        self,
        request: str,
        answer: t.Any = None,
        status: int = 200,
        query: dict[str, str] | None = None,
        body: t.Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """``request``: method and path. ``answer``: JSON, unchanged bytes, or a TransportError to raise."""
        method, _space, path = request.partition(" ")
        if not isinstance(answer, (bytes, TransportError)):
            answer = json.dumps(answer).encode()
        response = answer if isinstance(answer, TransportError) else Response(status, headers or {}, answer)
        self._expected.append(((method, path, query or {}, body), response))

    def expect_list(self, status: str, *records: t.Any, cursor: str = "", next_cursor: str | None = None) -> None:
        query = {"status": status, "limit": "100", **({"cursor": cursor} if cursor else {})}
        page = {"items": list(records), "total_count": 999, "next_cursor": next_cursor}
        self.expect(f"GET {LIST}", page, query=query)

    def expect_not_held(self) -> None:
        for status in ("active", "scheduled", "cancel_requested"):
            self.expect_list(status)

    def refuse(
        self, request: str, status: int, message: str = "거부", body: t.Any = None, details: t.Any = None, **more: t.Any
    ) -> None:
        error = {"code": "VALIDATION_ERROR", "message": message, "details": details or {}}
        self.expect(request, {"error": error}, status, body=body, **more)

    def exchange(
        self,
        method: str,
        path: str,
        query: t.Sequence[tuple[str, str]] = (),
        body: t.Any = None,
        before_writing: t.Callable[[], None] = lambda: None,
    ) -> Response:
        assert self._expected, f"not expected: {method} {path} {query} {body}"
        expected, answer = self._expected.pop(0)
        assert (method, path, dict(query), body) == expected
        if not isinstance(answer, TransportError) or answer.sent:
            before_writing()
        if isinstance(answer, TransportError):
            raise answer
        return t.cast(Response, answer)

    def assert_over(self) -> None:
        assert not self._expected, f"never sent: {[request for request, _answer in self._expected]}"


@pytest.fixture
def conversation() -> t.Iterator[Conversation]:
    """Fails the test if an expected request was not sent."""
    script = Conversation()
    yield script
    script.assert_over()


@pytest.fixture
def record() -> t.Callable[..., dict[str, t.Any]]:
    """Makes records as the API returns them."""

    def make(**fields: t.Any) -> dict[str, t.Any]:
        return {
            "id": "id-1",
            "number": "07011112222",
            "provider": "custom",
            "status": "active",
            "start_at": 1767225600000,
            "created_at": 1767225600000,
            "updated_at": 1767225600000,
            "monthly_fee": None,
            "address": "sip:trunk.example.com:5060",
            "inbound_trunk_id": "ST_in",
            "outbound_trunk_id": "ST_out",
            "inbound_agent": None,
            "outbound_agent": None,
            "sms_inbound_agent": None,
            "memo": None,
            "end_at": None,
            "cancel_requested_at": None,
            **fields,
        }

    return make


@pytest.fixture(params=["memory", "run"])
def make_store(request: pytest.FixtureRequest, open_store: t.Callable[..., RunStore]) -> t.Callable[[], Store]:
    """Creates stores of both kinds. Stores of a run share all facts."""
    return MemoryStore if request.param == "memory" else open_store


@pytest.fixture
def open_store(tmp_path: Path) -> t.Iterator[t.Callable[..., RunStore]]:
    """Opens the store of a run. Any message of it fails the test, unless `tell` is given."""
    stores: list[RunStore] = []

    def fail(words: str) -> None:
        pytest.fail(words)

    def make(directory: Path = tmp_path, tell: t.Callable[[str], None] = fail) -> RunStore:
        stores.append(RunStore(str(directory), "org", tell))
        return stores[-1]

    yield make
    for store in stores:
        store.close()
