# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After any fault at a registration, there is one record, and the result of each run is true."""

from __future__ import annotations

from typing import Any

from integration._playbook import (
    DELETE,
    GET,
    HIDDEN,
    LIST,
    NUMBER,
    PATCH_MEMO,
    PATCH_SIP,
    REGISTER,
    UNKNOWN,
    VENDOR_EXAMPLE,
    bulk,
    vox,
)
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator, number_record

NUMBERS = "/organization-telephone-numbers"


def _live(sim: Simulator) -> list[dict[str, Any]]:
    return [number for number in sim.numbers() if number["status"] == "active"]


# fault, its parameters, and the requests of the run: if the outcome of the POST is unknown, the number is looked up. If
# it is found, another client may have registered it, so the credentials are sent again.
FAULTS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "close_before": ("close_before", {}, [*UNKNOWN, REGISTER, *UNKNOWN, *UNKNOWN, REGISTER]),
    "close_after": ("close_after", {}, [*UNKNOWN, REGISTER, LIST, PATCH_SIP]),
    "error_500_before": ("error_before", {"status": 500}, [*UNKNOWN, REGISTER, *UNKNOWN, *UNKNOWN, REGISTER]),
    "error_503_before": ("error_before", {"status": 503}, [*UNKNOWN, REGISTER, *UNKNOWN, *UNKNOWN, REGISTER]),
    "error_500_after": ("error_after", {"status": 500}, [*UNKNOWN, REGISTER, LIST, PATCH_SIP]),
    "error_503_after": ("error_after", {"status": 503}, [*UNKNOWN, REGISTER, LIST, PATCH_SIP]),
    "truncated": ("truncated", {}, [*UNKNOWN, REGISTER, LIST, PATCH_SIP]),
    "html_before": ("html", {"processed": False}, [*UNKNOWN, REGISTER, *UNKNOWN, *UNKNOWN, REGISTER]),
    "html_after": ("html", {"processed": True}, [*UNKNOWN, REGISTER, LIST, PATCH_SIP]),
    "slow": ("slow", {"seconds": 10}, [*UNKNOWN, REGISTER, LIST, PATCH_SIP]),
    "limited": ("rate_limited", {}, [*UNKNOWN, REGISTER, REGISTER]),
    "limited_for_a_second": ("rate_limited", {"retry_after": 1}, [*UNKNOWN, REGISTER, REGISTER]),
}


def _fault_at_a_registration(name: str) -> Any:
    action, parameters, conversation = FAULTS[name]

    def script(sim: Simulator) -> Script:
        sim.fault(action, **parameters)
        done, again = yield [vox(VENDOR_EXAMPLE | {"timeout": 1}), vox(VENDOR_EXAMPLE)]
        assert not done.failed
        assert done.requests(sim) == conversation
        assert done.result["actions"] == ["registered", *(["sip_updated"] if PATCH_SIP in conversation else [])]
        assert [done.record] == _live(sim)
        assert again.result["changed"] is False
        assert again.after_look_up(sim) == []
        if name == "limited_for_a_second":
            first, second = [request.at for request in sim.writes]
            assert 1 <= second - first < 1.9

    script.__name__ = f"test_{name}"
    return scenario(CONTROLLER)(script)


for _name in FAULTS:
    globals()[f"test_{_name}"] = _fault_at_a_registration(_name)


@scenario()
def test_a_lost_response_and_a_stale_list(sim: Simulator) -> Script:
    sim.switches.list_lag = 1.2
    sim.fault("close_after")
    done, again = yield [
        vox(VENDOR_EXAMPLE | {"retries": 3}),
        # By now, the list contains it.
        vox(VENDOR_EXAMPLE, retries=4, delay=0.5, register="seen", until="seen is succeeded"),
    ]
    assert not done.failed
    assert done.result["actions"] == ["registered", "sip_updated"]
    assert done.requests(sim).count(REGISTER) == 1
    assert [done.record] == _live(sim)
    assert again.result["changed"] is False
    assert len(sim.writes) == 2


@scenario()
def test_a_number_that_is_found_later_may_belong_to_another_client(sim: Simulator) -> Script:
    """Another client registers it after our request was lost, with credentials of another trunk."""

    def register() -> None:
        sim.add(NUMBER, address=VENDOR_EXAMPLE["address"], auth_username="them", auth_password="theirs")

    sim.fault("close_before", "POST")
    sim.fault("meanwhile", "GET", NUMBERS, occurrence=4, change=register)
    (done,) = yield [vox(VENDOR_EXAMPLE)]
    assert not done.failed
    assert done.requests(sim) == [*UNKNOWN, REGISTER, LIST, PATCH_SIP]
    (record,) = _live(sim)
    assert sim.credentials(record["id"]) == (VENDOR_EXAMPLE["auth_username"], VENDOR_EXAMPLE["auth_password"])


@scenario(CONTROLLER)
def test_a_lost_response_and_a_list_that_stays_stale(sim: Simulator) -> Script:
    sim.switches.list_lag = 3600
    sim.fault("close_after")
    (done,) = yield [vox(VENDOR_EXAMPLE)]
    # The second POST is refused as a duplicate, which the list does not contain.
    assert done.failed
    assert len(_live(sim)) == 1
    assert "again" in done.message or "409" in done.message


@scenario(CONTROLLER)
def test_a_server_that_always_fails(sim: Simulator) -> Script:
    sim.fault("error_before", occurrence=0)
    (failed,) = yield [vox(VENDOR_EXAMPLE)]
    assert failed.failed
    assert failed.result["failure"]["http_status"] == 500
    assert failed.result["failure"]["code"] == "INTERNAL_ERROR"
    assert failed.result["actions"] == []
    assert failed.record is None
    assert failed.requests(sim).count(REGISTER) == 2
    assert "Run the task again" in failed.message


@scenario(CONTROLLER)
def test_a_second_run_completes_a_failed_one(sim: Simulator) -> Script:
    # The response is lost, and the listing to verify the outcome fails, too: 1 try, and 1 retry.
    sim.fault("close_after")
    for _index in range(2):
        sim.fault("error_before", "GET", NUMBERS, occurrence=4)
    failed, finished = yield [vox(VENDOR_EXAMPLE), vox(VENDOR_EXAMPLE)]
    assert failed.failed
    assert failed.requests(sim) == [*UNKNOWN, REGISTER, LIST, LIST]
    assert failed.result["failure"]["http_status"] == 500
    assert "Run the task again" in failed.message
    assert not finished.failed
    assert finished.requests(sim) == [LIST]
    assert len(_live(sim)) == 1


def _another_client_was_faster(status: int) -> Any:
    def script(sim: Simulator) -> Script:
        sim.switches.duplicate_status = status  # type: ignore[assignment]
        theirs = sim.add(NUMBER, memo="theirs")
        for _index in range(3):
            sim.fault("answer", "GET", NUMBERS, body={"items": [], "total_count": 0, "next_cursor": None})
        (seen,) = yield [vox(VENDOR_EXAMPLE)]
        assert not seen.failed
        assert seen.requests(sim) == [
            *UNKNOWN,
            REGISTER,
            LIST,
            "PATCH /organization-telephone-numbers/{id}",
        ]
        assert seen.result["actions"] == ["memo_updated"]
        assert seen.record["id"] == theirs["id"]
        assert seen.record["memo"] == VENDOR_EXAMPLE["memo"]
        assert len(sim.numbers()) == 1

    script.__name__ = f"test_duplicate_{status}"
    return scenario(CONTROLLER)(script)


for _status in (400, 409, 422):
    globals()[f"test_duplicate_{_status}"] = _another_client_was_faster(_status)


def _a_duplicate_missing_in_the_list(status: int, many: bool) -> Any:
    def script(sim: Simulator) -> Script:
        sim.switches.duplicate_status = status  # type: ignore[assignment]
        sim.add(NUMBER)
        # Three look-ups of three lists each do not find it yet: one before, and two after the refusal.
        for _index in range(9):
            sim.fault("answer", "GET", NUMBERS, body={"items": [], "total_count": 0, "next_cursor": None})
        wanted = {"number": NUMBER, "address": VENDOR_EXAMPLE["address"]}
        (task,) = yield [bulk([wanted], retries=2) if many else vox({**wanted, "retries": 2})]
        assert not task.failed
        assert task.result["changed"] is False
        assert task.requests(sim) == [*UNKNOWN, REGISTER, *UNKNOWN, *UNKNOWN, LIST]

    script.__name__ = f"test_{'many' if many else 'one'}_duplicate_{status}_and_a_list_that_lags"
    return scenario(CONTROLLER)(script)


for _status in (400, 409, 422):
    for _many in (False, True):
        _test = _a_duplicate_missing_in_the_list(_status, _many)
        globals()[_test.__name__] = _test


@scenario(CONTROLLER)
def test_lists_that_fail_at_first(sim: Simulator) -> Script:
    sim.add(NUMBER)
    for action in ("close_before", "error_before"):
        sim.fault(action, "GET", NUMBERS)
    # In a separate task, because each retry waits twice as long as the one before it.
    for action in ("truncated", "html"):
        sim.fault(action, "GET", NUMBERS, occurrence=4)
    sim.fault("rate_limited", "GET", NUMBERS, occurrence=4, retry_after=1)
    twice, limited = yield [
        vox({"number": NUMBER, "retries": 2}),
        # Continues where the first task stopped. Waiting for the rate limit does not count as a retry.
        vox({"number": "07099998888", "state": "absent", "retries": 2}),
    ]
    assert not twice.failed and not limited.failed
    assert twice.requests(sim) == [LIST] * 3
    assert limited.requests(sim) == [LIST] * 5


@scenario(CONTROLLER)
def test_errors_without_a_retry(sim: Simulator) -> Script:
    for status in (400, 401, 403, 404, 418):
        sim.fault("answer", "GET", NUMBERS, status=status, body={"error": {"code": "C", "message": "거부"}})
    seen = yield [vox({"number": NUMBER}) for _index in range(5)]
    for task, status in zip(seen, (400, 401, 403, 404, 418), strict=True):
        assert task.failed
        assert task.requests(sim) == [LIST]
        assert task.result["failure"] == {"http_status": status, "code": "C", "message": "거부", "details": None}


@scenario(api_key="unknown-Xyzzy")
def test_an_unknown_key(sim: Simulator) -> Script:
    (seen,) = yield [vox({"number": NUMBER})]
    assert seen.failed
    assert seen.result["failure"]["http_status"] == 401
    assert seen.requests(sim) == [LIST]
    assert seen.result["api_requests"] == 1


@scenario(CONTROLLER)
def test_refused_connections(sim: Simulator) -> Script:
    sim.fault("refuse", "GET", NUMBERS, seconds=1)
    lost, found = yield [
        vox({"number": NUMBER, "address": "sip:a", "retries": 0}),
        vox({"number": NUMBER, "address": "sip:a", "retries": 5}),
    ]
    assert lost.failed
    assert lost.result["failure"]["http_status"] is None
    # One request had a response. The next one was not sent, because the port was closed.
    assert lost.result["api_requests"] == 1
    assert not found.failed
    assert [found.record] == sim.numbers()


@scenario(CONTROLLER)
def test_a_change_with_a_lost_response(sim: Simulator) -> Script:
    sim.fault("close_after", "PATCH", f"{NUMBERS}/{{id}}")
    sim.add(NUMBER)
    (seen,) = yield [vox({"number": NUMBER, "memo": "new"})]
    assert seen.result["actions"] == ["memo_updated"]
    assert seen.requests(sim) == [LIST, "PATCH " + GET.split()[1], "PATCH " + GET.split()[1]]


@scenario(CONTROLLER)
def test_a_revocation_with_a_lost_response(sim: Simulator) -> Script:
    sim.fault("close_after", "POST", f"{NUMBERS}/{{id}}/revoke-cancel")
    sim.add(NUMBER, provider="vox", status="cancel_requested")
    (seen,) = yield [vox({"number": NUMBER})]
    assert not seen.failed
    assert seen.result["actions"] == ["cancel_revoked"]
    assert seen.record["status"] == "active"
    assert len(sim.writes) == 1


@scenario()
def test_a_change_of_an_expired_record_is_not_a_success(sim: Simulator) -> Script:
    sim.switches.patch_expired = 200
    address = VENDOR_EXAMPLE["address"]
    numbers = [NUMBER, "07011112223", "07011112224", "07011112225"]
    records = [sim.add(number) for number in numbers]
    for record in records:
        sim.fault(
            "meanwhile",
            "PATCH",
            f"{NUMBERS}/{record['id']}",
            change=lambda record=record: sim.change(record["id"], status="expired"),
        )
    registered, by_id, registered_by_bulk, failed_in_bulk = yield [
        vox({"number": numbers[0], "address": address, "memo": "m"}, diff=True),
        vox({"id": records[1]["id"], "memo": "m"}),
        bulk([{"number": numbers[2], "address": address, "memo": "m"}], diff=True),
        bulk([{"number": numbers[3], "memo": "m"}]),
    ]
    assert registered.requests(sim) == [LIST, PATCH_MEMO, GET, *UNKNOWN, REGISTER]
    for one in (registered.result, registered_by_bulk.result["telephone_numbers"][0]):
        assert one["actions"] == ["registered"]
        assert one["telephone_number"]["status"] == "active"
    for task, number, record in ((registered, numbers[0], records[0]), (registered_by_bulk, numbers[2], records[2])):
        (warning,) = task.result["warnings"]
        assert f"the record {record['id']} expired or was deleted" in str(warning)
        before, after = (side.get(number, side) for side in task.result["diff"].values())
        (new,) = [one for one in _live(sim) if one["number"] == number]
        assert (before["id"], after["id"]) == (record["id"], new["id"])
    assert by_id.failed
    assert "has expired" in by_id.message
    assert failed_in_bulk.failed
    assert "not held yet" in failed_in_bulk.message
    assert sorted(record["number"] for record in _live(sim)) == [numbers[0], numbers[2]]


@scenario(CONTROLLER)
def test_a_partial_record_in_a_response_is_read_again(sim: Simulator) -> Script:
    records = [sim.add(NUMBER), sim.add("07011112223")]
    for record in records:
        part = {"id": record["id"], "number": record["number"], "memo": "m"}
        sim.fault("answer", "PATCH", f"{NUMBERS}/{record['id']}", body=part, processed=True)
    new = {"number": "07011112224", "address": "sip:a"}
    sim.fault("part")
    one, many, registered = yield [
        vox({"number": NUMBER, "memo": "m"}),
        bulk([{"number": "07011112223", "memo": "m"}]),
        vox(new),
    ]
    assert one.after_look_up(sim) == many.after_look_up(sim) == [PATCH_MEMO, GET]
    assert registered.requests(sim) == [*UNKNOWN[1:], REGISTER, GET]
    assert registered.result["actions"] == ["registered"]
    shown = [one.record, many.result["telephone_numbers"][0]["telephone_number"], registered.record]
    assert shown == sim.numbers()


@scenario()
def test_each_task_reports_what_it_has_done(sim: Simulator) -> Script:
    """With responses without a record, failed reads, ignored changes, and other values than those sent."""
    numbers = [NUMBER, *(f"0701111222{index}" for index in range(3, 6))]
    records = [sim.add(number) for number in numbers]
    for record in records[:2]:
        path = f"{NUMBERS}/{record['id']}"
        sim.fault("answer", "DELETE", path, status=204, processed=True)
        sim.fault("error_before", "GET", path, occurrence=0)
    for record in records[2:]:
        sim.fault("ignored", "PATCH", f"{NUMBERS}/{record['id']}/sip")
    new = {"number": "07011112229", "address": "sip:a", "memo": " m", "auth_password": "s3cret-s3cret"}
    scheduled = number_record(new["number"], status="scheduled", address="a", memo="m")
    sim.fault("answer", body=scheduled, status=201)
    moved = {"address": "sip:new.example.com", "auth_password": "s3cret-s3cret"}
    tasks = yield [
        vox({"number": numbers[0], "state": "absent"}, diff=True),
        bulk([{"number": numbers[1], "state": "absent"}], diff=True),
        vox({"number": numbers[2], **moved}, diff=True),
        bulk([{"number": numbers[3], **moved}], diff=True),
        vox(new, diff=True),
    ]
    deleted, deleted_by_bulk, ignored, ignored_by_bulk, registered = tasks
    for task in (deleted, deleted_by_bulk):
        (one,) = task.result.get("telephone_numbers") or [task.result]
        assert task.failed and one["changed"]
        assert (one["actions"], one["telephone_number"]) == (["deleted"], None)
        assert "the deletion was answered with HTTP 204: no content" in one["msg"]
        assert task.result["diff"]["before"] and not task.result["diff"]["after"]
    for task, number in zip((ignored, ignored_by_bulk), records[2:], strict=True):
        (one,) = task.result.get("telephone_numbers") or [task.result]
        assert task.failed and not one["changed"]
        assert (one["actions"], one["telephone_number"]) == ([], number)
        assert f"the API confirmed the change, but address is still '{number['address']}'" in one["msg"]
        assert task.result["diff"]["before"] == task.result["diff"]["after"]
    assert not registered.failed
    after = registered.result["diff"]["after"]
    assert after.pop("auth_password") == HIDDEN
    assert after == {name: scheduled[name] for name in after} and after["status"] == "scheduled"


@scenario(CONTROLLER)
def test_a_number_that_another_client_released_is_not_in_the_diff(sim: Simulator) -> Script:
    numbers = [NUMBER, "07011112223"]
    for number in numbers:
        record = sim.add(number)
        sim.fault(
            "meanwhile",
            "DELETE",
            f"{NUMBERS}/{record['id']}",
            change=lambda record=record: sim.change(record["id"], status="expired"),
        )
    one, many = yield [
        vox({"number": numbers[0], "state": "absent"}, diff=True),
        bulk([{"number": numbers[1], "state": "absent"}], diff=True),
    ]
    for task in (one, many):
        # The number may be held again under another id, so it is looked up again.
        assert task.after_look_up(sim) == [DELETE, GET, *UNKNOWN]
        assert not task.failed
        assert task.result["changed"] is False
        assert task.result["diff"] == {"before": {}, "after": {}}
    assert one.result["actions"] == []
