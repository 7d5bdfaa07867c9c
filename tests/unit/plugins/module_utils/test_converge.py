# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _api
from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._converge import Outcome, converge
from ansible_collections.voxai.telephony.plugins.module_utils._http import TransportError
from ansible_collections.voxai.telephony.plugins.module_utils._plan import parse_desired
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number import NUMBER_SPEC
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

ONE = "/organization-telephone-numbers/id-1"
REGISTER = "POST /telephone-numbers/register"
ADDRESS = "sip:trunk.example.com:5060"
BODY = {"number": "07011112222", "address": ADDRESS}
LOST = TransportError("broke", sent=True)
DESK = {"agent_id": "a-1", "agent_version": "current"}
LEFT_OUT = {"id": None, **{option: spec.get("default") for option, spec in NUMBER_SPEC.items()}}


def converge_to(
    conversation: t.Any, check_mode: bool = False, retries: int = 1, **options: t.Any
) -> tuple[Outcome, Exception | None]:
    """Return the outcome of a number, and the error that was raised."""
    defaults = LEFT_OUT if "id" in options else {**LEFT_OUT, "number": "07011112222"}
    api, ledger = conversation.organization(retries)
    outcome = Outcome()
    try:
        converge(api, ledger, parse_desired({**defaults, **options}), check_mode, outcome)
    except (ApiError, InputError) as error:
        return outcome, error
    return outcome, None


def test_registers_number_and_assigns_agent(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, record(), 201, body=BODY)
    mapped = record(inbound_agent=DESK)
    conversation.expect(f"PATCH {ONE}/agent", mapped, body={"inbound_agent": {"agent_id": "a-1"}})
    outcome, error = converge_to(conversation, address=ADDRESS, inbound_agent={"agent_id": "a-1"})
    assert error is None
    assert (outcome.record, outcome.actions) == (mapped, ["registered", "agents_updated"])


def test_check_mode_sends_no_write_and_reports_the_same(conversation: t.Any) -> None:
    conversation.expect_not_held()
    outcome, error = converge_to(conversation, check_mode=True, address=ADDRESS, inbound_agent={"agent_id": "a-1"})
    assert error is None
    assert outcome.actions == ["registered", "agents_updated"]
    assert outcome.record and outcome.record["inbound_agent"] == DESK


def test_registration_without_an_answer_is_looked_up(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=BODY)
    conversation.expect_not_held()  # the list is stale
    conversation.expect_list("active", record())
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert error is None
    assert (outcome.record, outcome.actions) == (record(), ["registered"])
    assert outcome.plan and outcome.plan.before is None


def test_remaining_changes_follow_a_registration_without_an_answer(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=BODY)
    conversation.expect_list("active", record())
    mapped = record(inbound_agent=DESK)
    conversation.expect(f"PATCH {ONE}/agent", mapped, body={"inbound_agent": {"agent_id": "a-1"}})
    outcome, _error = converge_to(conversation, address=ADDRESS, inbound_agent={"agent_id": "a-1"})
    assert (outcome.record, outcome.actions) == (mapped, ["registered", "agents_updated"])


def test_registration_is_sent_again_only_if_the_number_is_not_found(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=BODY)
    conversation.expect_not_held()
    conversation.expect_not_held()
    conversation.expect(REGISTER, record(), 201, body=BODY)
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert error is None
    assert outcome.actions == ["registered"]


def test_duplicate_refusal_after_a_lost_registration_counts_as_registered(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=BODY)
    conversation.expect_not_held()
    conversation.expect_not_held()
    conversation.refuse(REGISTER, 400, body=BODY)
    conversation.expect_not_held()
    conversation.expect_list("active", record())
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert error is None
    assert outcome.actions == ["registered"]


def test_credentials_are_sent_again_if_the_registration_is_found_later(conversation: t.Any, record: t.Any) -> None:
    """Another client may have registered the number with a different password."""
    credentials: dict[str, t.Any] = {"auth_username": "vox-customer-12", "auth_password": "s3cret"}
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body={**BODY, **credentials})
    conversation.expect_list("active", record())
    conversation.expect(f"PATCH {ONE}/sip", record(), body=credentials)
    outcome, error = converge_to(conversation, address=ADDRESS, **credentials)
    assert error is None
    assert outcome.actions == ["registered", "sip_updated"]


def test_credentials_are_sent_again_if_the_second_registration_is_refused(conversation: t.Any, record: t.Any) -> None:
    """Between the two requests, another client may have registered the number with a different password."""
    credentials: dict[str, t.Any] = {"auth_username": "vox-customer-12", "auth_password": "s3cret"}
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body={**BODY, **credentials})
    conversation.expect_not_held()
    conversation.expect_not_held()
    conversation.refuse(REGISTER, 409, body={**BODY, **credentials})
    conversation.expect_list("active", record())
    conversation.expect(f"PATCH {ONE}/sip", record(), body=credentials)
    outcome, error = converge_to(conversation, address=ADDRESS, **credentials)
    assert error is None
    assert outcome.actions == ["registered", "sip_updated"]


def test_refused_second_registration_that_is_not_found_says_to_run_again(conversation: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=BODY)
    conversation.expect_not_held()
    conversation.expect_not_held()
    conversation.refuse(REGISTER, 409, "이미 등록된 전화번호입니다.", body=BODY)
    conversation.expect_not_held()
    conversation.expect_not_held()
    _outcome, error = converge_to(conversation, address=ADDRESS)
    assert "등록된" in str(error) and "Run the task again" in str(error)


def test_two_lost_registrations_that_are_not_found_are_a_failure(conversation: t.Any) -> None:
    conversation.expect_not_held()
    for _index in range(2):
        conversation.expect(REGISTER, LOST, body=BODY)
        conversation.expect_not_held()
        conversation.expect_not_held()
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert "may appear later. Run the task again" in str(error)
    assert outcome.actions == []


def test_failed_lookup_after_a_registration_reports_both_errors(conversation: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=BODY)
    conversation.refuse("GET /organization-telephone-numbers", 403, "금지", query={"status": "active", "limit": "100"})
    _outcome, error = converge_to(conversation, address=ADDRESS)
    assert "금지" in str(error) and "the registration was answered with: broke" in str(error)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_number_that_another_client_registered_first_is_updated(
    conversation: t.Any, record: t.Any, status: int
) -> None:
    conversation.expect_not_held()
    conversation.refuse(REGISTER, status, body={**BODY, "memo": "m"})
    conversation.expect_list("active", record(memo="other"))
    conversation.expect(f"PATCH {ONE}", record(memo="m"), body={"memo": "m"})
    outcome, error = converge_to(conversation, address=ADDRESS, memo="m")
    assert error is None
    assert outcome.actions == ["memo_updated"]
    assert outcome.plan and outcome.plan.before == record(memo="other")


@pytest.mark.parametrize(
    ("status", "details", "looks"),
    [
        (400, {}, 2),
        (422, {"field": "address"}, 2),
        (422, ["number"], 2),
        (400, {"field": "number"}, 4),
        (422, {"field": "number", "reason": "duplicate"}, 4),
        (409, {}, 4),
    ],
)
def test_refused_registration_of_a_number_that_is_not_found_is_a_failure(
    conversation: t.Any, status: int, details: t.Any, looks: int
) -> None:
    conversation.expect_not_held()
    conversation.refuse(REGISTER, status, "주소가 잘못되었습니다", body=BODY, details=details)
    for _index in range(looks):
        conversation.expect_not_held()
    outcome, error = converge_to(conversation, retries=3, address=ADDRESS)
    assert str(error).startswith(f"HTTP {status} VALIDATION_ERROR: 주소가 잘못되었습니다")
    assert outcome.actions == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refusal_that_cannot_be_a_duplicate_is_reported_without_a_lookup(conversation: t.Any, status: int) -> None:
    conversation.expect_not_held()
    conversation.refuse(REGISTER, status, body=BODY)
    _outcome, error = converge_to(conversation, address=ADDRESS)
    assert isinstance(error, ApiError) and error.http_status == status


def test_failed_agent_update_reports_the_registration(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, record(), 201, body=BODY)
    conversation.refuse(f"PATCH {ONE}/agent", 400, body={"inbound_agent": {"agent_id": "a-1"}})
    conversation.expect(f"GET {ONE}", record())
    outcome, error = converge_to(conversation, address=ADDRESS, inbound_agent={"agent_id": "a-1"})
    assert isinstance(error, ApiError)
    assert (outcome.record, outcome.actions) == (record(), ["registered"])


def test_change_with_an_empty_answer_is_read(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.expect(f"PATCH {ONE}", {}, body={"memo": "m"})
    conversation.expect(f"GET {ONE}", record(memo="m"))
    outcome, _error = converge_to(conversation, memo="m")
    assert outcome.record == record(memo="m")


@pytest.mark.parametrize("empty", [True, False])
def test_memo_that_is_returned_differently_causes_a_warning_in_each_run(
    conversation: t.Any, record: t.Any, empty: bool
) -> None:
    trimmed = record(memo="m")
    conversation.expect_not_held()
    conversation.expect(REGISTER, trimmed, 201, body={**BODY, "memo": " m"})
    first, error = converge_to(conversation, address=ADDRESS, memo=" m")
    assert error is None
    conversation.expect_list("active", trimmed)
    conversation.expect(f"PATCH {ONE}", {} if empty else trimmed, body={"memo": " m"})
    if empty:
        conversation.expect(f"GET {ONE}", trimmed)
    second, error = converge_to(conversation, address=ADDRESS, memo=" m")
    assert error is None
    assert first.warnings == second.warnings
    (warning,) = first.warnings
    assert "sent as ' m', and the API returned 'm'" in warning


NO_PROOF: list[dict[str, t.Any]] = [{"status": "expired"}, {"status": None}, {"address": ...}, {"updated_at": ...}]
"""Fields with which an answer does not prove that the number is held. ``...``: the field is missing."""


def changed(record: dict[str, t.Any], fields: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in {**record, **fields}.items() if value is not ...}


@pytest.mark.parametrize("fields", NO_PROOF)
@pytest.mark.parametrize(
    ("part", "options"),
    [
        ("", {"memo": "m"}),
        ("/sip", {"address": "sip:b.example.com", "auth_password": "s3cret"}),
        ("/agent", {"inbound_agent": {"agent_id": "a-1"}}),
    ],
)
def test_change_is_read_unless_answered_with_a_complete_held_record(
    conversation: t.Any, record: t.Any, part: str, options: dict[str, t.Any], fields: dict[str, t.Any]
) -> None:
    after = record(memo="m", address="sip:b.example.com", inbound_agent=DESK)
    conversation.expect_list("active", record())
    conversation.expect(f"PATCH {ONE}{part}", changed(after, fields), body=options)
    conversation.expect(f"GET {ONE}", after)
    outcome, error = converge_to(conversation, **options)
    assert error is None
    assert outcome.record == after
    assert len(outcome.actions) == 1


def test_change_of_an_expired_number_by_id_is_a_failure(conversation: t.Any, record: t.Any) -> None:
    gone = record(memo="m", status="expired")
    conversation.expect(f"GET {ONE}", record())
    conversation.expect(f"PATCH {ONE}", gone, body={"memo": "m"})
    conversation.expect(f"GET {ONE}", gone)
    conversation.expect(f"GET {ONE}", gone)
    _outcome, error = converge_to(conversation, id="id-1", memo="m")
    assert isinstance(error, InputError) and "has expired" in str(error)


def test_change_of_an_expired_number_registers_it_again(conversation: t.Any, record: t.Any) -> None:
    gone = record(memo="m", status="expired")
    conversation.expect_list("active", record())
    conversation.expect(f"PATCH {ONE}", gone, body={"memo": "m"})
    conversation.expect(f"GET {ONE}", gone)
    conversation.expect_not_held()
    new = record(id="id-2", memo="m")
    conversation.expect(REGISTER, new, 201, body={**BODY, "memo": "m"})
    outcome, error = converge_to(conversation, address=ADDRESS, memo="m")
    assert error is None
    # The change of the expired record is not reported. That the line was down is reported.
    assert (outcome.record, outcome.actions) == (new, ["registered"])
    before, after = outcome.diff().values()
    assert (before["id"], before["memo"], after["id"], after["memo"]) == ("id-1", None, "id-2", "m")
    (warning,) = outcome.warnings
    assert "the record id-1 expired or was deleted" in warning and "the number was out of service" in warning


def test_diff_of_a_registration_found_later_shows_the_actual_values(conversation: t.Any, record: t.Any) -> None:
    found = record(memo="theirs")
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body={**BODY, "auth_password": "s3cret"})
    conversation.expect_list("active", found)
    conversation.expect(f"PATCH {ONE}/sip", found, body={"auth_password": "s3cret"})
    outcome, error = converge_to(conversation, address=ADDRESS, auth_password="s3cret")
    assert error is None
    diff = outcome.diff()
    assert diff["before"] == {}
    assert diff["after"]["memo"] == "theirs"
    assert diff["after"]["auth_password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.mark.parametrize("fields", NO_PROOF)
def test_registration_is_read_unless_answered_with_a_complete_held_record(
    conversation: t.Any, record: t.Any, fields: dict[str, t.Any]
) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, changed(record(), fields), 201, body=BODY)
    conversation.expect(f"GET {ONE}", record())
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert error is None
    assert (outcome.record, outcome.actions) == (record(), ["registered"])


@pytest.mark.parametrize("fields", [*NO_PROOF, {"status": "cancel_requested"}])
@pytest.mark.parametrize("done", [True, False])
def test_revocation_is_read_unless_its_answer_proves_it(
    conversation: t.Any, record: t.Any, fields: dict[str, t.Any], done: bool
) -> None:
    expect_pending(conversation, record)
    conversation.expect(f"POST {ONE}/revoke-cancel", changed(record(provider="vox"), fields))
    after = record(provider="vox") if done else record(**PENDING)
    shown = fields == {"status": "cancel_requested"}
    for _time in range(1 if done or shown else 2):  # The first read may be stale.
        conversation.expect(f"GET {ONE}", after)
    outcome, error = converge_to(conversation)
    if done:
        assert (error, outcome.record, outcome.actions) == (None, after, ["cancel_revoked"])
    else:
        assert str(error) == "the API confirmed the change, but the number is cancel_requested"
        assert outcome.actions == []


def test_deletion_answered_with_a_held_record_is_read(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.expect(f"DELETE {ONE}", record())
    conversation.expect(f"GET {ONE}", record())
    outcome, error = converge_to(conversation, state="absent")
    assert "the number is active" in str(error)
    assert outcome.actions == []


def test_cancellation_without_effect_is_a_failure(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(provider="vox"))
    conversation.expect(f"DELETE {ONE}", {"id": "id-1"})
    for _time in range(2):
        conversation.expect(f"GET {ONE}", record(provider="vox"))
    outcome, error = converge_to(conversation, state="absent", cancel_vox_number=True)
    assert "the number is active" in str(error)
    assert outcome.actions == []


def test_number_is_held_only_if_its_record_has_a_held_status(conversation: t.Any, record: t.Any) -> None:
    for status in ("active", "scheduled", "cancel_requested"):
        conversation.expect_list(status, record(status="expired"), record(id="id-3", status=None))
    outcome, error = converge_to(conversation, state="absent")
    assert (error, outcome.record, outcome.actions) == (None, None, [])


def test_number_that_expired_in_the_meantime_is_registered_again(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    body = {**BODY, "memo": "m"}
    conversation.refuse(f"PATCH {ONE}", 409, body={"memo": "m"})
    conversation.expect(f"GET {ONE}", record(status="expired"))
    conversation.expect_not_held()
    conversation.expect(REGISTER, record(id="id-2", memo="m"), 201, body=body)
    outcome, error = converge_to(conversation, address=ADDRESS, memo="m")
    assert error is None
    assert outcome.actions == ["registered"]


def test_a_number_that_keeps_changing_is_a_failure(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    for record_id in ("id-1", "id-2"):
        path = f"/organization-telephone-numbers/{record_id}"
        conversation.refuse(f"PATCH {path}", 404, body={"memo": "m"})
        conversation.refuse(f"GET {path}", 404)
        if record_id == "id-1":
            conversation.expect_not_held()
            conversation.expect_list("active", record(id="id-2"))
    _outcome, error = converge_to(conversation, memo="m")
    assert "keeps changing" in str(error)


def test_refused_change_is_reported_even_if_the_number_cannot_be_read(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.refuse(f"PATCH {ONE}", 422, "메모", body={"memo": "m"})
    conversation.refuse(f"GET {ONE}", 403)
    _outcome, error = converge_to(conversation, memo="m")
    assert "메모" in str(error)


@pytest.mark.parametrize("given", [True, False])
def test_refused_address_change_without_a_password_names_the_option(
    conversation: t.Any, record: t.Any, given: bool
) -> None:
    password: dict[str, t.Any] = {"auth_password": "s3cret"} if given else {}
    conversation.expect_list("active", record())
    conversation.refuse(f"PATCH {ONE}/sip", 400, body={"address": "b.example.com", **password})
    conversation.expect(f"GET {ONE}", record())
    _outcome, error = converge_to(conversation, address="b.example.com", **password)
    assert ("add auth_password" in str(error)) is not given


def test_number_is_deleted_with_one_request(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.expect(f"DELETE {ONE}", {"id": "id-1"})
    outcome, error = converge_to(conversation, state="absent")
    assert error is None
    assert (outcome.record, outcome.actions) == (None, ["deleted"])


@pytest.mark.parametrize("status", [404, 409])
def test_repeated_deletion_refused_with_404_or_409_is_done(conversation: t.Any, record: t.Any, status: int) -> None:
    conversation.expect_list("active", record())
    conversation.expect(f"DELETE {ONE}", LOST)
    conversation.refuse(f"DELETE {ONE}", status)
    conversation.expect(f"GET {ONE}", record(status="expired"))
    outcome, error = converge_to(conversation, state="absent")
    assert error is None
    assert (outcome.record, outcome.actions) == (None, ["deleted"])


@pytest.mark.parametrize("answer", [{}, None, [], {"id": "id-2"}])
@pytest.mark.parametrize("gone", [True, False])
def test_deletion_answered_for_another_record_is_checked(
    conversation: t.Any, record: t.Any, answer: t.Any, gone: bool
) -> None:
    conversation.expect_list("active", record())
    conversation.expect(f"DELETE {ONE}", answer)
    for _time in range(1 if gone else 2):
        conversation.expect(f"GET {ONE}", record(status="expired" if gone else "active"))
    outcome, error = converge_to(conversation, state="absent")
    assert (error is None) is gone
    assert outcome.actions == (["deleted"] if gone else [])
    if gone:
        assert outcome.record is None


def test_number_deleted_in_a_loop_is_registered_again(conversation: t.Any, record: t.Any) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    conversation.expect(f"DELETE {ONE}", {"id": "id-1"})
    absent, present = (
        parse_desired({**LEFT_OUT, "number": "07011112222", **more})
        for more in ({"state": "absent"}, {"address": ADDRESS})
    )
    converge(api, ledger, absent, False, Outcome())
    # The list is stale and still shows the number.
    conversation.expect_list("active", record())
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect(REGISTER, record(id="id-2"), 201, body=BODY)
    outcome = Outcome()
    converge(api, ledger, present, False, outcome)
    assert outcome.actions == ["registered"]


def test_agents_are_not_looked_up_for_an_absent_number(conversation: t.Any) -> None:
    conversation.expect_not_held()
    outcome, error = converge_to(conversation, state="absent", inbound_agent={"agent_name": "Desk"})
    assert error is None
    assert outcome.actions == []


def test_number_deleted_by_another_client_is_no_change(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.refuse(f"DELETE {ONE}", 404)
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_not_held()
    conversation.expect_not_held()
    outcome, error = converge_to(conversation, state="absent")
    assert error is None
    assert (outcome.record, outcome.actions, outcome.warnings) == (None, [], [])
    assert outcome.diff() == {"before": {}, "after": {}}


def test_number_registered_again_by_another_client_is_deleted(conversation: t.Any, record: t.Any) -> None:
    """The number must be absent, not only the listed record."""
    conversation.expect_list("active", record())
    conversation.refuse(f"DELETE {ONE}", 404)
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_list("active", record(id="id-2", memo="new"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect_list("active", record(id="id-2", memo="new"))
    conversation.expect("DELETE /organization-telephone-numbers/id-2", {"id": "id-2"})
    outcome, error = converge_to(conversation, state="absent")
    assert error is None
    assert (outcome.record, outcome.actions, outcome.warnings) == (None, ["deleted"], [])
    assert outcome.diff()["before"]["memo"] == "new"


@pytest.mark.parametrize("then", ["absent", "present"])
def test_one_stale_404_does_not_hide_a_held_number(conversation: t.Any, record: t.Any, then: str) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    present, wanted = (
        parse_desired({**LEFT_OUT, "number": "07011112222", "address": ADDRESS, "state": state})
        for state in ("present", then)
    )
    converge(api, ledger, present, False, Outcome())
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_list("active", record())
    if then == "absent":
        conversation.expect(f"DELETE {ONE}", {"id": "id-1"})
    outcome = Outcome()
    converge(api, ledger, wanted, False, outcome)
    assert outcome.actions == (["deleted"] if then == "absent" else [])


def test_404_for_a_deletion_by_id_does_not_hide_the_number(conversation: t.Any, record: t.Any) -> None:
    """The 404 may be temporary: no other record has been read by its id."""
    api, ledger = conversation.organization()
    conversation.expect(f"GET {ONE}", record())
    conversation.refuse(f"DELETE {ONE}", 404)
    conversation.refuse(f"GET {ONE}", 404)
    converge(api, ledger, parse_desired({**LEFT_OUT, "id": "id-1", "state": "absent"}), False, Outcome())
    conversation.expect_list("active", record())
    assert ledger.look_up(api, "07011112222") == record()


def test_listing_is_not_trusted_after_an_uncertain_deletion(conversation: t.Any, record: t.Any) -> None:
    """If a cursor is a position, number 2 has moved up to the first page."""
    api, ledger = conversation.organization(0)
    conversation.expect_list("active", record(), next_cursor="c")
    conversation.expect(f"DELETE {ONE}", LOST)
    conversation.refuse(f"GET {ONE}", 500)
    with pytest.raises(ApiError):
        desired = parse_desired({**LEFT_OUT, "number": "07011112222", "state": "absent"})
        converge(api, ledger, desired, False, Outcome())
    conversation.expect_list("active", cursor="c")
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect_list("active", record(id="id-2", number="2"))
    assert ledger.look_up(api, "2") == record(id="id-2", number="2")


def test_listing_that_ends_during_a_deletion_is_not_trusted(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker reads one page before the deletion, and the last ones before the answer to the deletion."""
    api, ledger = conversation.organization()
    conversation.expect_list("active", record(), next_cursor="c")
    delete = api.delete
    found = []

    def delete_slowly(record_id: str) -> t.Any:
        found.append(ledger.look_up(api, "2"))
        return delete(record_id)

    monkeypatch.setattr(api, "delete", delete_slowly)
    conversation.expect_list("active", cursor="c")
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.expect_list("active", record(), record(id="id-2", number="2"))
    conversation.expect(f"DELETE {ONE}", {"id": "id-1"})
    converge(api, ledger, parse_desired({**LEFT_OUT, "number": "07011112222", "state": "absent"}), False, Outcome())
    assert found == [record(id="id-2", number="2")]


def test_diff_is_empty_if_nothing_was_done(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.refuse(f"PATCH {ONE}", 404, body={"memo": "m"})
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_not_held()
    conversation.expect_not_held()
    outcome, error = converge_to(conversation, memo="m")
    assert "not held yet" in str(error)
    assert outcome.diff() == {"before": {}, "after": {}}


def test_revocation_by_another_client_is_not_in_the_diff(conversation: t.Any, record: t.Any) -> None:
    expect_pending(conversation, record)
    active = record(provider="vox", cancel_requested_at=None)
    conversation.refuse(f"POST {ONE}/revoke-cancel", 409)
    conversation.expect(f"GET {ONE}", active)
    conversation.expect(f"PATCH {ONE}", {**active, "memo": "m"}, body={"memo": "m"})
    outcome, error = converge_to(conversation, memo="m")
    assert error is None
    assert outcome.actions == ["memo_updated"]
    before, after = outcome.diff().values()
    assert before == {**after, "memo": None}


def test_refused_deletion_is_a_failure(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.refuse(f"DELETE {ONE}", 409, "안 됩니다")
    conversation.expect(f"GET {ONE}", record())
    _outcome, error = converge_to(conversation, state="absent")
    assert "안 됩니다" in str(error)


def test_cancelled_vox_number_is_held_until_its_end(conversation: t.Any, record: t.Any) -> None:
    pending = record(provider="vox", status="cancel_requested")
    conversation.expect_list("active", record(provider="vox"))
    conversation.expect(f"DELETE {ONE}", {"id": "id-1"})
    conversation.expect(f"GET {ONE}", pending)
    outcome, _error = converge_to(conversation, state="absent", cancel_vox_number=True)
    assert (outcome.record, outcome.actions) == (pending, ["cancel_requested"])


def test_cancellation_is_reported_even_if_the_number_cannot_be_read(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(provider="vox"))
    conversation.expect(f"DELETE {ONE}", {"id": "id-1"})
    conversation.refuse(f"GET {ONE}", 403)
    outcome, error = converge_to(conversation, state="absent", cancel_vox_number=True)
    assert error is not None
    assert outcome.actions == ["cancel_requested"]


PENDING = {"provider": "vox", "status": "cancel_requested"}


def expect_pending(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active")
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested", record(**PENDING))


def test_cancellation_is_revoked(conversation: t.Any, record: t.Any) -> None:
    expect_pending(conversation, record)
    conversation.expect(f"POST {ONE}/revoke-cancel", record(provider="vox"))
    outcome, error = converge_to(conversation)
    assert error is None
    assert (outcome.record, outcome.actions) == (record(provider="vox"), ["cancel_revoked"])


def test_revocation_without_an_answer_is_read(conversation: t.Any, record: t.Any) -> None:
    expect_pending(conversation, record)
    conversation.expect(f"POST {ONE}/revoke-cancel", LOST)
    conversation.expect(f"GET {ONE}", record(provider="vox"))
    outcome, error = converge_to(conversation)
    assert error is None
    assert outcome.actions == ["cancel_revoked"]


def test_revocation_is_sent_again_if_it_had_no_effect(conversation: t.Any, record: t.Any) -> None:
    expect_pending(conversation, record)
    conversation.expect(f"POST {ONE}/revoke-cancel", LOST)
    conversation.expect(f"GET {ONE}", record(**PENDING))
    conversation.expect(f"POST {ONE}/revoke-cancel", record(provider="vox"))
    outcome, error = converge_to(conversation)
    assert error is None
    assert outcome.actions == ["cancel_revoked"]


def test_id_needs_no_listing(conversation: t.Any, record: t.Any) -> None:
    conversation.expect(f"GET {ONE}", record())
    conversation.expect(f"PATCH {ONE}", record(memo="m"), body={"memo": "m"})
    outcome, _error = converge_to(conversation, id="id-1", memo="m")
    assert outcome.actions == ["memo_updated"]


def test_absent_with_an_unknown_id_is_no_change(conversation: t.Any) -> None:
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_list("active")
    outcome, error = converge_to(conversation, id="id-1", state="absent")
    assert error is None
    assert (outcome.record, outcome.actions) == (None, [])


def test_present_with_an_unknown_id_is_an_error_after_one_request(conversation: t.Any) -> None:
    conversation.refuse(f"GET {ONE}", 404)
    _outcome, error = converge_to(conversation, id="id-1", memo="m")
    assert isinstance(error, InputError) and "check id and api_url" in str(error)


def test_unknown_agent_is_an_error_before_any_write(conversation: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect("GET /agents", {"items": []}, query={"q": "Desk", "limit": "100"})
    outcome, error = converge_to(conversation, address=ADDRESS, inbound_agent={"agent_name": "Desk"})
    assert isinstance(error, InputError)
    assert outcome.actions == []


def write_before_claim(ledger: t.Any, monkeypatch: pytest.MonkeyPatch, write: t.Callable[[], None]) -> None:
    """Let another worker of the run write before this one claims the number."""
    claim = ledger.claim

    def claim_late(*arguments: t.Any) -> t.Any:
        write()
        return claim(*arguments)

    monkeypatch.setattr(ledger, "claim", claim_late)


def test_number_registered_by_another_worker_is_not_registered_again(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, ledger = conversation.organization()
    conversation.expect_not_held()
    conversation.expect(f"PATCH {ONE}", record(memo="m"), body={"memo": "m"})
    write_before_claim(ledger, monkeypatch, lambda: ledger.note(record()))
    outcome = Outcome()
    desired = parse_desired({**LEFT_OUT, "number": "07011112222", "address": ADDRESS, "memo": "m"})
    converge(api, ledger, desired, False, outcome)
    assert outcome.actions == ["memo_updated"]


def test_number_that_another_worker_may_have_registered_is_looked_up_first(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example, that worker was killed during the request."""
    api, ledger = conversation.organization()
    conversation.expect_not_held()
    conversation.expect_list("active", record())
    write_before_claim(ledger, monkeypatch, lambda: ledger.writing("07011112222"))
    outcome = Outcome()
    desired = parse_desired({**LEFT_OUT, "number": "07011112222", "address": ADDRESS})
    converge(api, ledger, desired, False, outcome)
    assert (outcome.record, outcome.actions) == (record(), [])


def test_number_deleted_by_another_worker_is_not_deleted_again(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, ledger = conversation.organization()
    conversation.expect_list("active", record())
    write_before_claim(ledger, monkeypatch, lambda: ledger.gone(record()))
    outcome = Outcome()
    converge(api, ledger, parse_desired({**LEFT_OUT, "number": "07011112222", "state": "absent"}), False, outcome)
    assert (outcome.record, outcome.actions) == (None, [])
    assert outcome.diff() == {"before": {}, "after": {}}


def test_id_never_changes_another_record_of_the_number(
    conversation: t.Any, record: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has deleted the record, and registered the number again."""
    api, ledger = conversation.organization()
    conversation.expect(f"GET {ONE}", record())
    write_before_claim(ledger, monkeypatch, lambda: ledger.note(record(id="id-2")))
    conversation.expect(f"GET {ONE}", record(status="expired"))
    outcome = Outcome()
    converge(api, ledger, parse_desired({**LEFT_OUT, "id": "id-1", "state": "absent"}), False, outcome)
    assert (outcome.record, outcome.actions) == (None, [])


UNREADABLE = "the answer to the read"


@pytest.mark.parametrize(
    ("options", "request_line", "answer", "status", "held"),
    [
        ({"state": "absent"}, "DELETE", b"", 204, {}),
        ({"state": "absent"}, "DELETE", {"id": "other"}, 200, {}),
        ({"state": "absent", "cancel_vox_number": True}, "DELETE", {"id": "id-1"}, 200, {"provider": "vox"}),
        ({"memo": "m"}, "PATCH", {}, 200, {}),
        ({}, "POST", {}, 200, {"provider": "vox", "status": "cancel_requested"}),
    ],
)
@pytest.mark.parametrize("trouble", [500, 403, b"<html>"])
def test_confirmed_write_is_reported_even_if_the_number_cannot_be_read(
    conversation: t.Any,
    record: t.Any,
    options: dict[str, t.Any],
    request_line: str,
    answer: t.Any,
    status: int,
    held: dict[str, t.Any],
    trouble: t.Any,
) -> None:
    before = record(**held)
    conversation.expect(f"GET {ONE}", before)
    path = f"{ONE}/revoke-cancel" if request_line == "POST" else ONE
    body = options if request_line == "PATCH" else None
    conversation.expect(f"{request_line} {path}", answer, status, body=body)
    if trouble == b"<html>":
        conversation.expect(f"GET {ONE}", trouble, 404)
    else:
        conversation.refuse(f"GET {ONE}", trouble, UNREADABLE)
    outcome, error = converge_to(conversation, retries=0, id="id-1", **options)
    assert f"was answered with HTTP {status}" in str(error)
    assert "could not be read afterwards. Run the task again" in str(error)
    assert (UNREADABLE in str(error)) is (trouble != b"<html>")
    # The record before the write is out of date.
    assert outcome.record is None
    assert len(outcome.actions) == 1
    shown = outcome.diff()
    assert shown["before"]["status"] == before["status"]
    assert shown["before"] != shown["after"]
    if options.get("memo"):
        assert shown["after"]["memo"] == "m"


PART = {"id": "id-1", "number": "07011112222", "status": "active"}


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("answer", [PART, {"id": "id-1"}])
def test_registration_answered_with_an_id_is_read_and_never_sent_again(
    conversation: t.Any, record: t.Any, answer: t.Any, held: bool
) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, answer, 201, body=BODY)
    if held:
        conversation.expect(f"GET {ONE}", record())
    else:
        conversation.refuse(f"GET {ONE}", 404)
        conversation.expect_not_held()
        conversation.expect_not_held()
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert outcome.actions == ["registered"]
    assert outcome.record == (record() if held else None)
    assert (error is None) is held
    if not held:
        assert "HTTP 201" in str(error) and "may appear later. Run the task again" in str(error)
        assert outcome.diff()["after"]["address"] == ADDRESS


def test_registration_answered_with_an_unreadable_id_is_found_by_its_number(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, PART, 201, body=BODY)
    conversation.refuse(f"GET {ONE}", 403)
    conversation.expect_list("active", record())
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert (error, outcome.record, outcome.actions) == (None, record(), ["registered"])


def test_missing_null_fields_cost_no_further_request(conversation: t.Any, record: t.Any) -> None:
    def sparse(**fields: t.Any) -> dict[str, t.Any]:
        return {name: value for name, value in record(**fields).items() if value is not None}

    conversation.expect_not_held()
    conversation.expect(REGISTER, sparse(), 201, body=BODY)
    first, error = converge_to(conversation, address=ADDRESS)
    assert (error, first.record) == (None, record())
    conversation.expect_list("active", sparse(inbound_agent=DESK))
    conversation.expect(f"PATCH {ONE}", sparse(inbound_agent=DESK, memo="m"), body={"memo": "m"})
    conversation.expect(f"PATCH {ONE}/agent", sparse(memo="m"), body={"inbound_agent": None})
    second, error = converge_to(conversation, memo="m", inbound_agent={})
    assert (error, second.record) == (None, record(memo="m"))


@pytest.mark.parametrize("refusal", [400, 401, 403, 409, 429])
@pytest.mark.parametrize("what", ["done", "not done", "unread"])
@pytest.mark.parametrize(
    ("options", "request_line", "done"),
    [({"memo": "m"}, "PATCH", {"memo": "m"}), ({"state": "absent"}, "DELETE", {"status": "expired"})],
)
def test_refusal_after_a_try_that_may_have_been_processed(
    conversation: t.Any,
    record: t.Any,
    monkeypatch: pytest.MonkeyPatch,
    refusal: int,
    what: str,
    options: dict[str, t.Any],
    request_line: str,
    done: dict[str, t.Any],
) -> None:
    # Otherwise a 429 would be retried for ten minutes.
    monkeypatch.setattr(_api, "MAX_REFUSED", 0)
    body = options if request_line == "PATCH" else None
    conversation.expect(f"GET {ONE}", record(memo="old"))
    conversation.refuse(f"{request_line} {ONE}", 502, body=body)
    conversation.refuse(f"{request_line} {ONE}", refusal, "거부", body=body)
    after = record(**({"memo": "other"} if what == "not done" else done))
    if what == "unread":
        conversation.refuse(f"GET {ONE}", 403, "금지")
    else:
        conversation.expect(f"GET {ONE}", after)
    outcome, error = converge_to(conversation, id="id-1", **options)
    if what == "done":
        assert error is None
        assert outcome.actions == ["memo_updated" if body else "deleted"]
        assert outcome.record == (after if body else None)
    else:
        assert "거부. " in str(error)
        assert "An earlier try of the request may have taken effect" in str(error)
        assert ("금지" in str(error)) is (what == "unread")
        assert outcome.actions == []
        assert outcome.record == (None if what == "unread" else after)


@pytest.mark.parametrize("refusal", [401, 403])
@pytest.mark.parametrize("found", [True, False])
def test_refused_registration_after_a_lost_one(conversation: t.Any, record: t.Any, refusal: int, found: bool) -> None:
    conversation.expect_not_held()
    conversation.expect(REGISTER, LOST, body=BODY)
    conversation.expect_not_held()
    conversation.expect_not_held()
    conversation.refuse(REGISTER, refusal, "거부", body=BODY)
    if found:
        conversation.expect_list("active", record())
    else:
        conversation.expect_not_held()
        conversation.expect_not_held()
    outcome, error = converge_to(conversation, address=ADDRESS)
    assert outcome.actions == (["registered"] if found else [])
    assert found or ("거부" in str(error) and "may appear later. Run the task again" in str(error))


@pytest.mark.parametrize(
    ("part", "options", "old"),
    [
        ("", {"memo": "m"}, {"memo": "old"}),
        ("/sip", {"address": "sip:b.example.com", "auth_password": "s3cret"}, {"address": "sip:old.example.com"}),
        ("/agent", {"inbound_agent": {"agent_id": "a-2"}}, {"inbound_agent": DESK}),
        ("/agent", {"inbound_agent": {}}, {"inbound_agent": DESK}),
    ],
)
@pytest.mark.parametrize("empty", [True, False])
@pytest.mark.parametrize("late", [True, False])
def test_change_without_effect_is_a_failure(
    conversation: t.Any,
    record: t.Any,
    part: str,
    options: dict[str, t.Any],
    old: dict[str, t.Any],
    empty: bool,
    late: bool,
) -> None:
    body = {name: value or None for name, value in options.items()}
    shown = {name: value for name, value in body.items() if name != "auth_password"}
    before, after = record(**old), record(**shown)
    conversation.expect(f"GET {ONE}", before)
    conversation.expect(f"PATCH {ONE}{part}", {} if empty else before, body=body)
    if empty:
        conversation.expect(f"GET {ONE}", before)
    # The first read may be stale.
    conversation.expect(f"GET {ONE}", after if late else before)
    outcome, error = converge_to(conversation, id="id-1", **options)
    (name,) = old
    if late:
        assert error is None
        assert (outcome.record, len(outcome.actions)) == (after, 1)
        return
    assert str(error).startswith(f"the API confirmed the change, but {name} is still ")
    assert (outcome.record, outcome.actions, outcome.warnings) == (before, [], [])
    assert outcome.diff()["before"] == outcome.diff()["after"]


def test_partial_change_reports_the_part_that_took_effect(conversation: t.Any, record: t.Any) -> None:
    body: dict[str, t.Any] = {"address": "sip:b.example.com", "auth_password": "s3cret", "memo": "m"}
    conversation.expect(f"GET {ONE}", record())
    for line in (f"PATCH {ONE}/sip", f"GET {ONE}"):
        conversation.expect(line, record(memo="m"), body=body if "PATCH" in line else None)
    outcome, error = converge_to(conversation, id="id-1", **t.cast(t.Any, body))
    assert "address is still 'sip:trunk.example.com:5060'" in str(error) and "memo" not in str(error)
    assert outcome.actions == ["memo_updated"]
    before, after = outcome.diff().values()
    assert {name for name in after if after[name] != before.get(name)} == {"memo"}


def test_diff_shows_the_actual_values_and_not_the_planned_ones(conversation: t.Any, record: t.Any) -> None:
    answered = record(status="scheduled", memo="m", address="trunk.example.com")
    conversation.expect_not_held()
    conversation.expect(REGISTER, answered, 201, body={**BODY, "memo": " m", "auth_password": "s3cret"})
    outcome, error = converge_to(conversation, address=ADDRESS, memo=" m", auth_password="s3cret")
    assert error is None
    after = outcome.diff()["after"]
    assert {**after, "auth_password": None} == {**{name: answered.get(name) for name in after}, "auth_password": None}
    assert (after["status"], after["memo"]) == ("scheduled", "m")
    assert after["auth_password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_diff_of_a_failure_shows_the_changes_before_it(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.expect(f"PATCH {ONE}", record(memo="m"), body={"memo": "m"})
    conversation.refuse(f"PATCH {ONE}/agent", 400, body={"inbound_agent": {"agent_id": "a-1"}})
    conversation.expect(f"GET {ONE}", record(memo="m"))
    outcome, error = converge_to(conversation, memo="m", inbound_agent={"agent_id": "a-1"})
    assert error is not None
    before, after = outcome.diff().values()
    assert {name for name in after if after[name] != before[name]} == {"memo"}


def test_revocation_that_fails_twice_reports_the_api_error(conversation: t.Any, record: t.Any) -> None:
    expect_pending(conversation, record)
    for _time in range(2):
        conversation.refuse(f"POST {ONE}/revoke-cancel", 502, "고장")
        conversation.expect(f"GET {ONE}", record(**PENDING))
    outcome, error = converge_to(conversation)
    assert isinstance(error, ApiError) and (error.http_status, error.uncertain) == (502, True)
    assert "고장" in str(error) and "keeps changing" not in str(error) and "Run the task again" in str(error)
    assert (outcome.record, outcome.actions) == (record(**PENDING), [])


def test_change_answered_with_another_number_is_read(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.expect(f"PATCH {ONE}", record(number="07099998888", memo="m"), body={"memo": "m"})
    conversation.expect(f"GET {ONE}", record(memo="m"))
    outcome, error = converge_to(conversation, memo="m")
    assert (error, outcome.record) == (None, record(memo="m"))


def test_404_for_a_listed_number_is_a_failure(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record())
    conversation.refuse(f"DELETE {ONE}", 404)
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_list("active", record())
    outcome, error = converge_to(conversation, state="absent")
    assert "the API lists the record id-1" in str(error) and "Check api_url" in str(error)
    assert (outcome.record, outcome.actions) == (record(), [])


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    ("options", "request_line", "after"),
    [({"memo": "m"}, "PATCH", {"memo": "m"}), ({"state": "absent"}, "DELETE", {"status": "expired"})],
)
def test_uncertain_write_is_read_before_it_is_reported(
    conversation: t.Any,
    record: t.Any,
    options: dict[str, t.Any],
    request_line: str,
    after: dict[str, t.Any],
    done: bool,
) -> None:
    conversation.expect_list("active", record())
    conversation.refuse(f"{request_line} {ONE}", 502, body=options if request_line == "PATCH" else None)
    conversation.expect(f"GET {ONE}", record(**after) if done else record())
    outcome, error = converge_to(conversation, retries=0, **options)
    if done:
        assert error is None
        assert len(outcome.actions) == 1
    else:
        assert isinstance(error, ApiError) and error.uncertain
        assert "may have taken effect, but the number does not show it. Run the task again" in str(error)
        assert (outcome.actions, outcome.record) == ([], record())
