# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import signal
import threading
import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _bulk
from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._bulk import Bulk, Entry, converge_all
from ansible_collections.voxai.telephony.plugins.module_utils._converge import apply_plan
from ansible_collections.voxai.telephony.plugins.module_utils._http import TransportError
from ansible_collections.voxai.telephony.plugins.module_utils._plan import Desired
from ansible_collections.voxai.telephony.plugins.module_utils._rate_limit import RateLimiter
from ansible_collections.voxai.telephony.plugins.module_utils._store import MemoryStore
from ansible_collections.voxai.telephony.plugins.module_utils._values import DesiredAgent, InputError

REGISTER = "POST /telephone-numbers/register"
NUMBERS = "/organization-telephone-numbers"
ADDRESS = "sip:trunk.example.com:5060"
LOST = TransportError("broke", sent=True)


@pytest.fixture(autouse=True)
def use_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The expected requests have a fixed order."""
    monkeypatch.setattr(_bulk, "WORKERS", 1)


def wanted(number: str, **options: t.Any) -> Entry:
    return Entry(number, Desired(number=number, **{"address": ADDRESS, **options}))


def absent(number: str) -> Entry:
    return Entry(number, Desired(number=number, absent=True))


def body(number: str) -> dict[str, str]:
    return {"number": number, "address": ADDRESS}


def converge(
    conversation: t.Any, *entries: Entry, prune: int | None = None, check_mode: bool = False, retries: int = 0
) -> Bulk:
    bulk = Bulk(list(entries))
    api, ledger = conversation.organization(retries)
    converge_all(api, ledger, bulk, prune, check_mode, lambda words: None)
    return bulk


def actions_of(bulk: Bulk) -> list[list[str]]:
    return [entry.outcome.actions for entry in bulk.entries]


def test_uncertain_registrations_are_looked_up_together(conversation: t.Any, record: t.Any) -> None:
    one, two, three = (record(id=f"id-{n}", number=f"070{n}") for n in (1, 2, 3))
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=body("0701"))
    conversation.refuse(REGISTER, 409, body=body("0702"))
    conversation.expect(REGISTER, three, 201, body=body("0703"))
    conversation.expect_list("active", two, one)
    bulk = converge(conversation, wanted("0701"), wanted("0702"), wanted("0703"))
    assert [entry.error for entry in bulk.entries] == [None, None, None]
    # Another client has registered the second number.
    assert actions_of(bulk) == [["registered"], [], ["registered"]]
    assert [entry.outcome.record for entry in bulk.entries] == [one, two, three]


def test_lost_registration_is_sent_again_and_a_refused_one_is_not(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.refuse(REGISTER, 400, "거부", body=body("0702"))
    conversation.expect(REGISTER, LOST, body=body("0701"))
    conversation.expect_not_held()
    conversation.expect_not_held()  # for the one that was refused, which may be a duplicate
    conversation.expect(REGISTER, record(number="0701"), 201, body=body("0701"))
    bulk = converge(conversation, wanted("0702"), wanted("0701"))
    assert actions_of(bulk) == [[], ["registered"]]
    assert str(bulk.entries[0].error) == "HTTP 400 VALIDATION_ERROR: 거부"
    assert bulk.entries[1].error is None


@pytest.mark.parametrize(("status", "details"), [(409, {}), (400, {"field": "number"}), (422, {"field": "number"})])
def test_duplicate_is_looked_up_until_the_list_is_up_to_date(
    conversation: t.Any, record: t.Any, status: int, details: t.Any
) -> None:
    conversation.expect_not_held()
    conversation.refuse(REGISTER, status, body=body("0701"), details=details)
    conversation.expect_not_held()
    conversation.expect_not_held()
    conversation.expect_list("active", record(number="0701"))
    bulk = converge(conversation, wanted("0701"), retries=2)
    assert bulk.entries[0].error is None
    assert len(conversation.waits) == 2


def test_failed_lookup_is_reported_for_each_number(conversation: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=body("0701"))
    conversation.refuse(REGISTER, 409, "둘", body=body("0702"))
    conversation.refuse(f"GET {NUMBERS}", 403, "금지", query={"status": "active", "limit": "100"})
    bulk = converge(conversation, wanted("0701"), wanted("0702"))
    first, second = (str(entry.error) for entry in bulk.entries)
    assert "403" in first and "broke" in first and "Run the task again" in first
    assert "403" in second and "둘" in second


def test_no_number_is_started_after_the_api_fails(conversation: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 1)
    conversation.expect_not_held()
    conversation.refuse(REGISTER, 403, body=body("0701"))
    bulk = converge(conversation, wanted("0701"), wanted("0702"), wanted("0703"))
    assert [str(entry.error).partition(":")[0] for entry in bulk.entries] == [
        "HTTP 403 VALIDATION_ERROR",
        "not processed",
        "not processed",
    ]


def test_temporary_failure_does_not_stop_the_task(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 1)
    conversation.expect_not_held()
    conversation.refuse(REGISTER, 503, body=body("0701"))
    conversation.expect_not_held()
    conversation.expect(REGISTER, record(id="id-1", number="0701"), 201, body=body("0701"))
    conversation.expect(REGISTER, record(id="id-2", number="0702"), 201, body=body("0702"))
    bulk = converge(conversation, wanted("0701"), wanted("0702"))
    assert actions_of(bulk) == [["registered"], ["registered"]]


def test_breaker_opens_only_after_consecutive_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    breaker = _bulk._Breaker()
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 2)
    gone, moved, strange, refused = (
        Entry("0701", error=ApiError("no", status, uncertain=status == 503)) for status in (503, 302, 404, 400)
    )
    for entry in (gone, Entry("0702"), moved, refused, strange):
        breaker.note(entry)
        assert not breaker.open
    breaker.note(gone)
    assert breaker.open
    assert breaker.still_failing()
    gone.error = None
    assert not breaker.still_failing()


def test_internal_error_for_one_number_does_not_affect_the_others(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = apply_plan

    def broken(api: t.Any, ledger: t.Any, desired: t.Any, outcome: t.Any) -> t.Any:
        if desired.number == "0701":
            raise KeyError("oops")
        yield from real(api, ledger, desired, outcome)

    monkeypatch.setattr(_bulk, "apply_plan", broken)
    conversation.expect_not_held()
    conversation.expect(REGISTER, record(number="0702"), 201, body=body("0702"))
    bulk = converge(conversation, wanted("0701"), wanted("0702"))
    complaint = str(bulk.entries[0].error)
    assert complaint.startswith("unexpected internal error (KeyError in broken, line ")
    assert "oops" not in complaint
    assert actions_of(bulk) == [[], ["registered"]]


def test_found_numbers_are_reported_if_the_api_fails_afterwards(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 1)
    conversation.expect_not_held()
    for number in ("0701", "0702"):
        conversation.refuse(REGISTER, 409, body={**body(number), "memo": "y"})
    second = record(id="id-2", number="0702", memo="x")
    conversation.expect_list("active", record(id="id-1", number="0701", memo="x"), second)
    conversation.refuse(f"PATCH {NUMBERS}/id-1", 401, body={"memo": "y"})
    bulk = converge(conversation, wanted("0701", memo="y"), wanted("0702", memo="y"))
    first, error = (str(entry.error) for entry in bulk.entries)
    assert first.startswith("HTTP 401")
    assert error.startswith("not finished: the API has failed for 1 numbers in a row (HTTP 401")
    assert bulk.entries[1].outcome.record == second
    assert actions_of(bulk) == [[], []]


def test_found_registrations_are_reported_if_the_api_fails_afterwards(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 2)
    credentials = {"auth_username": "vox-customer-12", "auth_password": "s3cret"}
    with_credentials = [wanted(number, **credentials) for number in ("0701", "0702", "0703")]
    without, missing = wanted("0704"), wanted("0705")
    entries = [*with_credentials, without, missing]
    conversation.expect_not_held()
    for entry in entries:
        own = credentials if entry in with_credentials else {}
        conversation.expect(REGISTER, LOST, body={**body(entry.number), **own})
        # A success between the lost answers, so that they are not failures in a row.
        between = f"1{entry.number}"
        conversation.expect(REGISTER, record(id=f"id-{between}", number=between), 201, body=body(between))
    held = [record(id=f"id-{entry.number}", number=entry.number) for entry in entries if entry is not missing]
    conversation.expect_list("active", *held)
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    for one in held[:2]:
        conversation.refuse(f"PATCH {NUMBERS}/{one['id']}/sip", 403, body=credentials)
    bulk = converge(conversation, *(one for entry in entries for one in (entry, wanted(f"1{entry.number}"))))
    assert all(entry.outcome.actions == ["registered"] and not entry.error for entry in bulk.entries[1::2])
    assert [entry.outcome.actions for entry in entries] == [["registered"]] * 4 + [[]]
    assert [entry.outcome.record for entry in entries] == [*held, None]
    refused, unfinished = str(entries[0].error), str(entries[2].error)
    assert refused.startswith("HTTP 403")
    assert unfinished.startswith("not finished: the API has failed for 2 numbers in a row")
    # This number needed no further change.
    assert without.error is None
    assert str(missing.error).startswith("broke. The number was not found afterwards (not finished: the API has")


def test_registration_lost_twice_is_looked_up_even_if_the_api_fails_afterwards(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 2)
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=body("0701"))
    conversation.refuse(REGISTER, 409, body=body("0702"))
    for number in ("0703", "0704"):
        conversation.refuse(REGISTER, 409, body={**body(number), "memo": "y"})
    conversation.expect_list("active", *(record(id=f"id-{n}", number=f"070{n}") for n in (2, 3, 4)))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect(REGISTER, LOST, body=body("0701"))
    for record_id in ("id-3", "id-4"):
        conversation.refuse(f"PATCH {NUMBERS}/{record_id}", 401, body={"memo": "y"})
    first = record(id="id-1", number="0701")
    conversation.expect_list("active", first)
    others = [wanted("0702"), *(wanted(number, memo="y") for number in ("0703", "0704"))]
    bulk = converge(conversation, wanted("0701"), *others)
    assert actions_of(bulk) == [["registered"], [], [], []]
    assert [entry.error is None for entry in bulk.entries] == [True, True, False, False]
    assert bulk.entries[0].outcome.record == first


def test_uncertain_deletions_are_read_before_they_are_reported(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deletions that took effect are not failures, so they do not stop the task."""
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 2)
    held = [record(id=f"id-{n}", number=f"070{n}") for n in range(4)]
    conversation.expect_list("active", *held)
    for one in held:
        conversation.refuse(f"DELETE {NUMBERS}/{one['id']}", 502)
        conversation.expect(f"GET {NUMBERS}/{one['id']}", {**one, "status": "expired"})
    bulk = converge(conversation, *(absent(one["number"]) for one in held))
    assert actions_of(bulk) == [["deleted"]] * 4
    assert not any(entry.error or entry.outcome.record for entry in bulk.entries)


def test_revocation_that_keeps_failing_opens_the_breaker(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk, "_MAX_FAILURES_IN_A_ROW", 1)
    bought = {"provider": "vox", "status": "cancel_requested"}
    pending = [record(id=f"id-{n}", number=f"070{n}", **bought) for n in range(2)]
    conversation.expect_list("active")
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested", *pending)
    for _time in range(2):
        conversation.refuse(f"POST {NUMBERS}/id-0/revoke-cancel", 502)
        conversation.expect(f"GET {NUMBERS}/id-0", pending[0])
    bulk = converge(conversation, *(wanted(one["number"], address=None) for one in pending))
    first, second = (str(entry.error) for entry in bulk.entries)
    assert first.startswith("HTTP 502")
    assert second.startswith("not processed: the API has failed")


def test_stale_list_does_not_bring_back_an_expired_record(conversation: t.Any, record: t.Any) -> None:
    old, new = record(id="old", number="0701"), record(id="new", number="0701", memo="new")
    conversation.expect_list("active", old)
    conversation.refuse(f"PATCH {NUMBERS}/old", 409, body={"memo": "new"})
    conversation.expect(f"GET {NUMBERS}/old", {**old, "status": "expired"})
    conversation.expect_list("active", old)
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect(REGISTER, new, 201, body={**body("0701"), "memo": "new"})
    bulk = converge(conversation, wanted("0701", memo="new"))
    assert actions_of(bulk) == [["registered"]]


def test_absent_entry_needs_no_agent(conversation: t.Any) -> None:
    conversation.expect_not_held()
    entry = absent("0701")
    assert entry.desired
    entry.desired.agents["inbound_agent"] = DesiredAgent(None, "Nobody", None)
    assert converge(conversation, entry).begun


def test_credentials_are_sent_again_if_the_registration_is_found_later(conversation: t.Any, record: t.Any) -> None:
    credentials = {"auth_username": "vox-customer-12", "auth_password": "s3cret"}
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body={**body("0701"), **credentials})
    conversation.expect_list("active", record(number="0701"))
    conversation.expect(f"PATCH {NUMBERS}/id-1/sip", record(number="0701"), body=credentials)
    bulk = converge(conversation, wanted("0701", **credentials))
    assert actions_of(bulk) == [["registered", "sip_updated"]]


def test_stopped_task_sends_no_further_request(conversation: t.Any, record: t.Any) -> None:
    """Requests that are waiting for the rate limit are not sent after the task has ended."""
    conversation.expect_not_held()
    conversation.expect(REGISTER, record(number="0701"), 201, body=body("0701"))
    bulk = Bulk([wanted("0701"), wanted("0702")])
    api, ledger = conversation.organization()
    api.limiter = RateLimiter(MemoryStore(), 0, 4, clock=lambda: 1000.0)  # The list takes three requests.

    def stop(words: str) -> None:
        if "1 of 2" in words:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        converge_all(api, ledger, bulk, None, False, stop)
    assert actions_of(bulk) == [["registered"], []]
    assert api.limiter.stopped.is_set()


def test_stopped_task_does_not_wait_for_answers(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible ends a task at its timeout in this way: a signal handler raises in the main thread."""
    monkeypatch.setattr(_bulk, "WORKERS", 3)
    conversation.expect_not_held()
    entries = [wanted(f"070{index}") for index in range(6)]
    answering, sent, expecting = threading.Event(), threading.Semaphore(0), threading.Lock()
    api, ledger = conversation.organization()
    exchange, before = conversation.exchange, set(threading.enumerate())

    def answer_late(method: str, *request: t.Any) -> t.Any:
        if method != "POST":
            return exchange(method, *request)
        # The threads may send in any order.
        with expecting:
            number = request[2]["number"]
            conversation.expect(REGISTER, record(number=number), 201, body=body(number))
            answer = exchange(method, *request)
        sent.release()
        answering.wait(20)
        return answer

    def interrupt(words: str) -> None:
        if "numbers done" in words:
            for _index in range(3):
                assert sent.acquire(timeout=20)
            signal.raise_signal(signal.SIGALRM)

    class Interrupted(BaseException):
        pass

    def on_alarm(_signal: int, _frame: t.Any) -> None:
        raise Interrupted

    conversation.exchange = answer_late
    handler = signal.signal(signal.SIGALRM, on_alarm)
    try:
        with pytest.raises(Interrupted):
            converge_all(api, ledger, Bulk(entries), None, False, interrupt)
    finally:
        signal.signal(signal.SIGALRM, handler)
    left = set(threading.enumerate()) - before
    assert len(left) == 3
    assert all(thread.daemon for thread in left), "otherwise the process would wait for them at its end"
    answering.set()
    for thread in left:
        thread.join(20)
    # Only three registrations were sent.
    assert sum(bool(entry.outcome.actions) for entry in entries) == 3


def test_numbers_are_deleted_last(conversation: t.Any, record: t.Any) -> None:
    first, extra = record(id="a", number="07000000001"), record(id="x", number="07000000009")
    conversation.expect_list("active", first, extra)
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect(REGISTER, record(id="b", number="07000000002"), 201, body=body("07000000002"))
    conversation.expect(f"DELETE {NUMBERS}/a", {"id": "a"})
    conversation.expect(f"DELETE {NUMBERS}/x", {"id": "x"})
    bulk = converge(conversation, absent("07000000001"), wanted("07000000002"), prune=1)
    assert actions_of(bulk) == [["deleted"], ["registered"]]
    assert [entry.outcome.actions for entry in bulk.pruned] == [["deleted"]]


def test_nothing_is_deleted_if_anything_fails(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(id="a", number="07000000001"), record(id="x", number="07000000009"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.refuse(REGISTER, 403, body=body("07000000002"))
    bulk = converge(conversation, absent("07000000001"), wanted("07000000002"), prune=1)
    assert [entry.held_back[:9] for entry in (bulk.entries[0], bulk.pruned[0])] == ["held back"] * 2
    assert bulk.begun


def test_number_that_expires_before_it_is_pruned_is_no_change(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(id="x", number="07000000009"), record(id="a", number="07000000001"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.refuse(f"DELETE {NUMBERS}/x", 404)
    conversation.expect(f"GET {NUMBERS}/x", record(id="x", number="07000000009", status="expired"))
    bulk = converge(conversation, wanted("07000000001"), prune=1)
    (pruned,) = bulk.pruned
    assert (pruned.error, pruned.outcome.actions, pruned.outcome.record) == (None, [], None)


@pytest.mark.parametrize(
    "fields",
    [
        {"provider": "vox"},
        {"provider": None},
        {"status": "cancel_requested"},
        {"status": "expired"},
        {"status": None},
        # Not in the API's format, or not Korean: it may be another form of a number in the list of entries.
        {"number": "+82709"},
        {"number": "827011112222"},
        {"number": "7011112222"},
        # No entry can have this number, because 101 may be an extension.
        {"number": "025551234101"},
        {"number": "0991234567"},
    ],
)
def test_records_that_are_never_pruned(conversation: t.Any, record: t.Any, fields: dict[str, t.Any]) -> None:
    conversation.expect_list("active", record(**{"number": "07000000009", **fields}))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    bulk = converge(conversation, absent("07000000001"), prune=0)
    assert (bulk.error, bulk.pruned) == (None, [])


def test_invalid_entry_prevents_pruning(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(number="07000000009"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    bulk = converge(conversation, absent("07000000001"), Entry("x", error=InputError("no number")), prune=0)
    assert (bulk.error, bulk.pruned, bulk.begun) == (None, [], False)


def test_only_needed_pages_are_read(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(number="0701"), record(id="z", number="0799"), next_cursor="c")
    bulk = converge(conversation, wanted("0701"))
    assert bulk.entries[0].outcome.record == record(number="0701")


def test_active_record_is_used_before_other_records(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(id="e", number="0701", status="expired"), next_cursor="c")
    conversation.expect_list("active", record(id="a", number="0701"), cursor="c")
    conversation.expect_list("scheduled", record(id="s", number="0701", status="scheduled"))
    conversation.expect_list("cancel_requested")
    bulk = converge(conversation, wanted("0701"), prune=0)
    assert bulk.entries[0].outcome.record == record(id="a", number="0701")


def test_failed_agent_lookup_affects_only_its_number(conversation: t.Any, record: t.Any) -> None:
    wish = DesiredAgent(None, "Desk", None)
    conversation.expect_not_held()
    conversation.refuse("GET /agents", 403, query={"q": "Desk", "limit": "100"})
    conversation.expect(REGISTER, record(number="0702"), 201, body=body("0702"))
    bulk = converge(conversation, wanted("0701", agents={"inbound_agent": wish}), wanted("0702"))
    assert [bool(entry.error) for entry in bulk.entries] == [True, False]


def test_unknown_agent_name_is_an_input_error(conversation: t.Any) -> None:
    wish = DesiredAgent(None, "Desk", None)
    conversation.expect_not_held()
    conversation.expect(
        "GET /agents", {"items": [{"agent_id": "d", "name": "Desk 1"}]}, query={"q": "Desk", "limit": "100"}
    )
    bulk = converge(
        conversation, *(wanted(n, agents={"inbound_agent": wish}) for n in ("0701", "0702")), wanted("0703")
    )
    assert [bool(entry.error) for entry in bulk.entries] == [True, True, False]
    assert not bulk.begun
    assert bulk.entries[2].held_back


def test_missing_numbers_are_looked_up_together(conversation: t.Any, record: t.Any) -> None:
    old = [record(id=f"old-{n}", number=f"070{n}") for n in range(3)]
    new = [record(id=f"new-{n}", number=f"070{n}", memo="m") for n in range(3)]
    conversation.expect_list("active", *old)
    for one in old:
        conversation.refuse(f"PATCH {NUMBERS}/{one['id']}", 404, body={"memo": "m"})
        conversation.refuse(f"GET {NUMBERS}/{one['id']}", 404)
        if one is old[0]:
            # Only once: a listing confirms that 404 by id can be trusted.
            conversation.expect_not_held()
    conversation.expect_not_held()
    for one in new:
        conversation.expect(REGISTER, one, 201, body={**body(one["number"]), "memo": "m"})
    bulk = converge(conversation, *(wanted(one["number"], memo="m") for one in old))
    assert [str(entry.error or "") for entry in bulk.entries] == [""] * 3
    assert actions_of(bulk) == [["registered"]] * 3


def test_pruned_record_is_deleted_by_id(conversation: t.Any, record: t.Any) -> None:
    """Another client may have registered its number again."""
    conversation.expect_list("active", record(number="07011112222"), record(id="id-2", number="07011113333"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.refuse(f"DELETE {NUMBERS}/id-2", 404)
    conversation.refuse(f"GET {NUMBERS}/id-2", 404)
    conversation.expect_not_held()
    bulk = converge(conversation, wanted("07011112222"), prune=1)
    assert [entry.error for entry in bulk.pruned] == [None]
