# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _api
from ansible_collections.voxai.telephony.plugins.module_utils._api import (
    RECORD_FIELDS,
    Answer,
    Api,
    ApiError,
)
from ansible_collections.voxai.telephony.plugins.module_utils._http import TransportError
from ansible_collections.voxai.telephony.plugins.module_utils._rate_limit import Stopped

LIST = "/organization-telephone-numbers"
ONE = f"{LIST}/id-1"
REFUSED = TransportError("no connection", sent=False)
LOST = TransportError("broke", sent=True)
READABLE = {"id": "id-1", "number": "07011112222", "provider": "custom", "status": "active"}
RECORD = {**dict.fromkeys(RECORD_FIELDS), **READABLE, "new_field": 7}
REGISTER = "POST /telephone-numbers/register"


@pytest.fixture
def api(conversation: t.Any) -> Api:
    return t.cast(Api, conversation.api(retries=2))


CALLS: list[tuple[str, t.Callable[[Api], t.Any], t.Any]] = [
    (f"GET {ONE}", lambda api: api.number("id-1"), None),
    (f"PATCH {ONE}", lambda api: api.update_memo("id-1", {"memo": "m"}), {"memo": "m"}),
    (f"PATCH {ONE}/sip", lambda api: api.update_sip("id-1", {"address": "a"}), {"address": "a"}),
    (f"PATCH {ONE}/agent", lambda api: api.update_agents("id-1", {"inbound_agent": None}), {"inbound_agent": None}),
    (f"DELETE {ONE}", lambda api: api.delete("id-1"), None),
]


@pytest.mark.parametrize(("request_line", "call", "body"), CALLS)
@pytest.mark.parametrize(
    "trouble", [REFUSED, LOST, 429, 408, 500, 502, 503, 504, 524, b"<html>", b'{"id": "id-', b"[" * 10**6]
)
def test_idempotent_requests_are_retried(
    conversation: t.Any, api: Api, request_line: str, call: t.Any, body: t.Any, trouble: t.Any
) -> None:
    for _index in range(2):
        if isinstance(trouble, int):
            conversation.refuse(request_line, trouble, body=body)
        else:
            conversation.expect(request_line, trouble, body=body)
    conversation.expect(request_line, {"id": "id-1"} if request_line.startswith("DELETE") else RECORD, body=body)
    answer = call(api)
    assert (answer.record_id if isinstance(answer, Answer) else answer["id"]) == "id-1"
    assert api.requests_sent == (1 if trouble is REFUSED else 3)
    assert len(conversation.waits) == 2


@pytest.mark.parametrize("trouble", [400, 401, 403, 404, 409, 422, 418])
def test_refusal_is_not_retried_and_is_reported_unchanged(conversation: t.Any, api: Api, trouble: int) -> None:
    conversation.refuse(f"PATCH {ONE}", trouble, "안 됩니다", body={"memo": "m"})
    with pytest.raises(ApiError) as caught:
        api.update_memo("id-1", {"memo": "m"})
    error = caught.value
    assert (error.http_status, error.code, error.message, error.details) == (
        trouble,
        "VALIDATION_ERROR",
        "안 됩니다",
        {},
    )
    assert not error.uncertain
    assert str(error).startswith(f"HTTP {trouble} VALIDATION_ERROR: 안 됩니다")
    assert ("Check api_key" in str(error)) == (trouble in (401, 403))


@pytest.mark.parametrize("trouble", [REFUSED, 429])
def test_registration_that_was_not_processed_is_retried(conversation: t.Any, api: Api, trouble: t.Any) -> None:
    body = {"number": "07011112222"}
    if isinstance(trouble, int):
        conversation.refuse(REGISTER, trouble, body=body)
    else:
        conversation.expect(REGISTER, trouble, body=body)
    conversation.expect(REGISTER, RECORD, 201, body=body)
    assert api.register(body).record(body) == RECORD


@pytest.mark.parametrize("trouble", [LOST, 408, 500, 502, 503, 504, 524, b"<html>"])
def test_registration_that_may_have_been_processed_is_not_retried(
    conversation: t.Any, api: Api, trouble: t.Any
) -> None:
    if isinstance(trouble, int):
        conversation.refuse(REGISTER, trouble, body={})
    else:
        conversation.expect(REGISTER, trouble, 201, body={})
    with pytest.raises(ApiError) as caught:
        api.register({})
    assert caught.value.uncertain
    assert api.requests_sent == 1


def test_record_of_another_number_is_not_accepted(conversation: t.Any, api: Api) -> None:
    other = {"number": "07099999999"}
    conversation.expect(REGISTER, RECORD, 201, body=other)
    answer = api.register(other)
    assert not answer.is_about(other)
    assert answer.record(other) is None
    conversation.expect(f"GET {ONE}", {**RECORD, "id": "id-2"})
    with pytest.raises(ApiError, match="another number than requested"):
        api.number("id-1")


def test_uuids_are_compared_case_insensitively(conversation: t.Any, api: Api) -> None:
    uuid = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"
    returned = {**RECORD, "id": uuid.upper()}
    conversation.expect(f"GET {LIST}/{uuid}", returned)
    assert api.number(uuid) == returned
    known = {**RECORD, "id": uuid}
    conversation.expect(f"PATCH {LIST}/{uuid}", returned, body={"memo": None})
    assert api.update_memo(uuid, {"memo": None}).record(known) == returned
    conversation.expect(f"DELETE {LIST}/{uuid}", {"id": uuid.replace("-", "")})
    assert api.delete(uuid).is_about(known)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_404_from_a_proxy_is_not_an_answer_of_the_api(conversation: t.Any, api: Api, status: int, method: str) -> None:
    body = {"memo": "m"} if method == "PATCH" else None
    conversation.expect(f"{method} {ONE}", b"<h1>Not Found</h1>", status, body=body)
    with pytest.raises(ApiError, match=f"HTTP {status}: no message in the answer. Check api_url"):
        api.update_memo("id-1", body) if body else api.number("id-1")


def test_revoke_cancel_is_not_retried(conversation: t.Any, api: Api) -> None:
    conversation.expect(f"POST {ONE}/revoke-cancel", LOST)
    with pytest.raises(ApiError) as caught:
        api.revoke_cancel("id-1")
    assert caught.value.uncertain


def test_retries_are_limited(conversation: t.Any, api: Api) -> None:
    for _index in range(3):
        conversation.refuse(f"GET {ONE}", 503)
    with pytest.raises(ApiError, match="HTTP 503") as caught:
        api.number("id-1")
    assert caught.value.repeated
    assert len(conversation.waits) == 2


def test_abandoned_task_sends_no_request(conversation: t.Any, api: Api) -> None:
    """This includes a request that the rate limit allows, but that is still waiting for a connection."""
    asked = iter([False])
    api.limiter.abandoned = lambda: next(asked, True)
    conversation.expect(f"GET {ONE}", RECORD)
    with pytest.raises(Stopped):
        api.number("id-1")


def test_waits_grow_and_have_jitter(conversation: t.Any) -> None:
    api = conversation.api(retries=4)
    for _index in range(5):
        conversation.expect(f"GET {ONE}", REFUSED)
    with pytest.raises(ApiError):
        api.number("id-1")
    for wait, least in zip(conversation.waits, (0.5, 1, 2, 4), strict=True):
        assert least <= wait <= 1.25 * least
    assert len({api.backoff(3) for _index in range(9)}) > 1


def test_permanent_transport_error_is_not_retried(conversation: t.Any, api: Api) -> None:
    conversation.expect(f"GET {ONE}", TransportError("certificate", sent=False, permanent=True))
    with pytest.raises(ApiError, match="certificate"):
        api.number("id-1")


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7),
        ("100000", 60, 60),
        ("0", 1, 1.25),
        ("soon", 1, 1.25),
        ("-5", 1, 1.25),
        ("9" * 400, 60, 60),
        # With an id, because pytest-xdist needs the same name in each worker.
        pytest.param(format_datetime(datetime.now(timezone.utc) + timedelta(days=1), usegmt=True), 60, 60, id="later"),
        pytest.param(format_datetime(datetime.now(timezone.utc) - timedelta(days=1), usegmt=True), 1, 1.25, id="past"),
    ],
)
def test_retry_after_is_used_up_to_one_minute(
    conversation: t.Any, api: Api, value: str, least: float, most: float
) -> None:
    conversation.refuse(f"GET {ONE}", 429, headers={"Retry-After": value})
    conversation.expect(f"GET {ONE}", RECORD)
    api.number("id-1")
    assert least - 0.001 <= sum(conversation.waits) <= most + 0.001


def test_retry_after_of_a_503_is_used(conversation: t.Any, api: Api) -> None:
    conversation.refuse(f"GET {ONE}", 503, headers={"Retry-After": "9"})
    conversation.expect(f"GET {ONE}", RECORD)
    api.number("id-1")
    assert conversation.waits == [9]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused(conversation: t.Any, api: Api, status: int) -> None:
    conversation.expect(f"GET {ONE}", None, status, headers={"Location": "https://elsewhere.example.com"})
    with pytest.raises(ApiError, match="redirects"):
        api.number("id-1")


@pytest.mark.parametrize(
    "answer", [b"", b"Bad Gateway", {"error": "text"}, {"error": {}}, ["x"], {"error": {"message": 7}}]
)
def test_an_error_without_the_envelope_is_an_error(conversation: t.Any, api: Api, answer: t.Any) -> None:
    conversation.expect(f"GET {ONE}", answer, 400)
    with pytest.raises(ApiError, match="HTTP 400"):
        api.number("id-1")


@pytest.mark.parametrize("status", [404, 410])
def test_404_by_id_means_not_held_once_the_api_is_recognized(conversation: t.Any, api: Api, status: int) -> None:
    conversation.refuse(f"GET {ONE}", status)
    conversation.expect_list("active")
    assert api.number("id-1") is None
    conversation.refuse(f"GET {ONE}", status)
    assert api.number("id-1") is None


@pytest.mark.parametrize("shown_by", ["list", "agents", "record"])
def test_api_is_recognized_by_its_responses(conversation: t.Any, api: Api, shown_by: str) -> None:
    if shown_by == "list":
        conversation.expect_list("scheduled")
        list(api.numbers("scheduled"))
    elif shown_by == "agents":
        conversation.expect("GET /agents", {"items": []}, query={"limit": "100"})
        api.agents()
    else:
        conversation.expect(f"GET {LIST}/id-2", {**RECORD, "id": "id-2"})
        api.number("id-2")
    conversation.refuse(f"GET {ONE}", 404)
    if shown_by == "agents":
        # Another service may have agents at the same path.
        conversation.expect_list("active")
    assert api.number("id-1") is None


def test_404_for_a_listed_record_is_confirmed_by_a_new_listing(conversation: t.Any, api: Api) -> None:
    conversation.expect_list("active", RECORD, {**RECORD, "id": "id-2"})
    list(api.numbers("active"))
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_not_held()
    assert api.number("id-1") is None
    # From now on, a 404 for a single record is trusted.
    conversation.refuse(f"GET {LIST}/id-2", 404)
    assert api.number("id-2") is None


def test_404_for_a_record_that_is_still_listed_is_an_error(conversation: t.Any, api: Api) -> None:
    conversation.expect_list("active", RECORD)
    list(api.numbers("active"))
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_list("active")
    conversation.expect_list("scheduled", {**RECORD, "status": "scheduled"})
    with pytest.raises(ApiError, match=r"HTTP 404: the API lists the record id-1, .*Check api_url"):
        api.number("id-1")


def test_404_for_a_record_in_the_first_listing_is_an_error(conversation: t.Any, api: Api) -> None:
    conversation.refuse(f"GET {ONE}", 404)
    conversation.expect_list("active", RECORD)
    with pytest.raises(ApiError, match="the API lists the record id-1"):
        api.number("id-1")


def test_404_is_trusted_once_records_have_been_read(conversation: t.Any, api: Api) -> None:
    conversation.expect_list("active", RECORD)
    list(api.numbers("active"))
    conversation.expect(f"GET {ONE}", RECORD)
    assert api.number("id-1") == RECORD
    conversation.refuse(f"GET {ONE}", 404)
    assert api.number("id-1") is None


def test_list_is_filtered_by_status_and_provider(conversation: t.Any, api: Api) -> None:
    """A proxy's cache may ignore the query, and an older server may not know all parameters."""
    others = [{**RECORD, "id": "id-2", "status": "expired"}, {**RECORD, "id": "id-3", "provider": "vox"}]
    conversation.expect_list("active", *others, RECORD)
    assert list(api.numbers("active")) == [[others[1], RECORD]]
    conversation.expect(
        f"GET {LIST}",
        {"items": [*others, RECORD]},
        query={"status": "active", "provider": "custom", "limit": "100"},
    )
    assert list(api.numbers("active", "custom")) == [[RECORD]]


@pytest.mark.parametrize(
    ("answer", "status", "complaint"),
    [
        ({"error": {"code": "NOT_FOUND", "message": "없음"}}, 404, r"HTTP 404 NOT_FOUND: 없음\. Check api_url"),
        ({"numbers": []}, 200, r"a list without items\. Check api_url"),
        (b"<html>", 200, r"not JSON\. Check api_url"),
        ({"error": {"code": "C", "message": "금지"}}, 403, "HTTP 403 C: 금지. Check api_key"),
    ],
)
def test_404_from_another_service_is_not_a_number_that_is_gone(
    conversation: t.Any, answer: t.Any, status: int, complaint: str
) -> None:
    api = conversation.api(retries=0)
    for _time in range(2):
        conversation.refuse(f"GET {ONE}", 404)
        conversation.expect(f"GET {LIST}", answer, status, query={"status": "active", "limit": "100"})
        with pytest.raises(ApiError, match=complaint):
            api.number("id-1")


def without(*names: str) -> dict[str, t.Any]:
    return {name: value for name, value in RECORD.items() if name not in names}


COMPLETE = {**RECORD, "start_at": 1, "created_at": 1, "updated_at": 1}
KNOWN = {**COMPLETE, "address": "sip:a", "memo": None}
NEVER_NULL = ("id", "number", "provider", "status", "start_at", "created_at", "updated_at")
INCOMPLETE_OR_NOT_HELD: list[t.Any] = [
    {},
    None,
    [],
    "ok",
    READABLE,
    *(without(name) for name in NEVER_NULL),
    {**RECORD, "status": "expired"},
    {**RECORD, "status": None},
    {**RECORD, "status": []},
    {**RECORD, "id": "other"},
    {**RECORD, "number": "07099999999"},
    # The known record has a value.
    without("address"),
    # The request sent a value.
    without("memo"),
]


@pytest.mark.parametrize("answer", INCOMPLETE_OR_NOT_HELD)
def test_incomplete_answer_to_a_change_is_not_a_record(conversation: t.Any, api: Api, answer: t.Any) -> None:
    conversation.expect(f"PATCH {ONE}", answer, body={"memo": "m"})
    assert api.update_memo("id-1", {"memo": "m"}).record({**KNOWN, "memo": "m"}) is None
    conversation.expect(f"POST {ONE}/revoke-cancel", answer)
    assert api.revoke_cancel("id-1").record({**KNOWN, "memo": "m"}) is None


def test_null_fields_may_be_missing(conversation: t.Any, api: Api) -> None:
    """Many servers leave out null fields."""
    answer = {name: value for name, value in {**COMPLETE, "address": "sip:a"}.items() if value is not None}
    conversation.expect(f"PATCH {ONE}", answer, body={"memo": None})
    complete = {**COMPLETE, "address": "sip:a"}
    assert api.update_memo("id-1", {"memo": None}).record(KNOWN) == complete
    conversation.expect(f"GET {ONE}", answer)
    assert api.number("id-1") == complete
    conversation.expect_list("active", answer)
    assert list(api.numbers("active")) == [[complete]]


def test_answer_is_reported_in_one_line_and_without_secrets(conversation: t.Any, api: Api) -> None:
    api.hide = lambda value: json.loads(json.dumps(value).replace("s3cret", "***"))
    conversation.expect(f"DELETE {ONE}", {"s3cret": "a\nb\x9b s3cret" + "x" * 999})
    text = api.delete("id-1").text
    assert text.startswith('HTTP 200: {"***": "a\\nb  ***xxx') and len(text) < 220
    conversation.expect(f"DELETE {ONE}", b"", 204)
    assert api.delete("id-1").text == "HTTP 204: no content"


def test_request_that_was_not_written_is_not_counted(conversation: t.Any) -> None:
    """For example, a proxy refuses CONNECT, or a host name does not resolve."""
    api = conversation.api(retries=3)
    conversation.expect(f"GET {ONE}", REFUSED)
    conversation.expect(f"GET {ONE}", LOST)
    conversation.refuse(f"GET {ONE}", 503)
    conversation.expect(f"GET {ONE}", RECORD)
    api.number("id-1")
    assert api.requests_sent == 3


@pytest.mark.parametrize("name", READABLE)
def test_record_must_have_id_number_provider_and_status(conversation: t.Any, name: str) -> None:
    api = conversation.api(retries=0)
    conversation.expect(f"GET {ONE}", without(name))
    with pytest.raises(ApiError, match="a telephone number without"):
        api.number("id-1")
    conversation.expect_list("active", without(name))
    with pytest.raises(ApiError, match="a telephone number without"):
        next(api.numbers("active"))


def test_pages_are_requested_when_needed_up_to_the_last(conversation: t.Any, api: Api) -> None:
    conversation.expect_list("active", RECORD, next_cursor="c 1/")
    pages = api.numbers("active")
    assert next(pages) == [RECORD]
    conversation.assert_over()
    conversation.expect_list("active", cursor="c 1/", next_cursor="c2")
    conversation.expect_list("active", RECORD, cursor="c2")
    assert list(pages) == [[], [RECORD]]


def test_repeated_cursor_is_an_error(conversation: t.Any, api: Api) -> None:
    conversation.expect_list("active", next_cursor="c1")
    conversation.expect_list("active", cursor="c1", next_cursor="c2")
    conversation.expect_list("active", cursor="c2", next_cursor="c1")
    with pytest.raises(ApiError, match="no end"):
        list(api.numbers("active"))


@pytest.mark.parametrize(
    "answer", [{}, None, [], {"items": None}, {"items": {}}, {"items": [{"number": "1"}]}, {"items": [RECORD, "x"]}]
)
def test_invalid_list_is_an_error(conversation: t.Any, api: Api, answer: t.Any) -> None:
    conversation.expect(f"GET {LIST}", answer, query={"status": "active", "limit": "100"})
    with pytest.raises(ApiError, match="the server answered with"):
        list(api.numbers("active"))


def test_404_for_the_list_says_to_check_api_url(conversation: t.Any, api: Api) -> None:
    conversation.refuse(f"GET {LIST}", 404, "없습니다.", query={"status": "active", "limit": "100"})
    with pytest.raises(ApiError, match=r"없습니다\. Check api_url"):
        list(api.numbers("active"))


@pytest.mark.parametrize("cursor", [0, False, 7, 1.5, [], ["c"], {}, "c" * 2001])
def test_invalid_cursor_is_an_error(conversation: t.Any, api: Api, cursor: t.Any) -> None:
    conversation.expect_list("active", RECORD, next_cursor=cursor)
    with pytest.raises(ApiError, match=r"an invalid next_cursor\. Check api_url"):
        list(api.numbers("active"))


@pytest.mark.parametrize(("limit", "value"), [("MAX_PAGES", 2), ("MAX_LIST", 350)])
def test_list_is_limited_in_pages_and_bytes(
    conversation: t.Any, api: Api, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """Each of these pages has about 140 bytes."""
    monkeypatch.setattr(_api, limit, value)
    for page in range(3):
        conversation.expect_list("active", READABLE, cursor=f"c{page}" if page else "", next_cursor=f"c{page + 1}")
    with pytest.raises(ApiError, match="no end"):
        list(api.numbers("active"))


def test_control_characters_in_a_message_are_replaced(conversation: t.Any, api: Api) -> None:
    message = "no\x1b[2J\r\nok: [localhost]\x9bK\u00a0"
    conversation.refuse(f"GET {ONE}", 400, message)
    with pytest.raises(ApiError) as caught:
        api.number("id-1")
    assert str(caught.value) == "HTTP 400 VALIDATION_ERROR: no [2J  ok: [localhost] K\u00a0"
    assert caught.value.message == message, "only the text for people is cleaned"


def test_agents_are_queried_by_part_of_the_name(conversation: t.Any, api: Api) -> None:
    desk, desks = {"agent_id": "a-1", "name": "Desk"}, {"agent_id": "a-2", "name": "Desks"}
    conversation.expect("GET /agents", {"items": [desk], "next_cursor": "c"}, query={"q": "Desk", "limit": "100"})
    conversation.expect("GET /agents", {"items": [desks]}, query={"q": "Desk", "limit": "100", "cursor": "c"})
    assert api.agents("Desk") == [desk, desks]


def test_an_agent_without_an_id_is_an_error(conversation: t.Any, api: Api) -> None:
    conversation.expect("GET /agents", {"items": [{"name": "Desk"}]}, query={"q": "Desk", "limit": "100"})
    with pytest.raises(ApiError, match="without an agent_id"):
        api.agents("Desk")


def test_429_does_not_use_up_retries(conversation: t.Any) -> None:
    """The request waits for the rate limit instead, for up to ten minutes."""
    for status in (429, 429, 503, *[429] * 9):
        conversation.refuse(f"GET {ONE}", status)
    conversation.expect(f"GET {ONE}", RECORD)
    assert conversation.api(retries=1).number("id-1") == RECORD


def test_429_for_ten_minutes_is_an_error(conversation: t.Any) -> None:
    for _try in range(11):
        conversation.refuse(f"GET {ONE}", 429, headers={"Retry-After": "60"})
    began = conversation.now
    with pytest.raises(ApiError, match=r"HTTP 429.*\. The request has been refused for 10 minutes\. Run fewer jobs"):
        conversation.api(retries=0).number("id-1")
    assert 600 <= conversation.now - began < 700


def test_long_error_fields_are_truncated(conversation: t.Any, api: Api) -> None:
    error = {"message": "m" * 100_000, "code": "c" * 2000, "details": {"field": "f" * 2000}}
    conversation.expect(f"GET {ONE}", {"error": error}, 418)
    with pytest.raises(ApiError) as caught:
        api.number("id-1")
    assert caught.value.message == "m" * 1000
    assert caught.value.code == "c" * 1000
    assert caught.value.details is None


def test_waits_grow_if_retry_after_is_too_short(conversation: t.Any) -> None:
    for _try in range(7):
        conversation.refuse(f"GET {ONE}", 429, headers={"Retry-After": "1"})
    conversation.expect(f"GET {ONE}", RECORD)
    assert conversation.api(retries=0).number("id-1") == RECORD
    assert 0.999 < conversation.waits[0] <= 1
    assert sum(conversation.waits) > 60


def test_returned_password_is_removed(conversation: t.Any, api: Api) -> None:
    conversation.expect(f"GET {ONE}", {**RECORD, "auth_password": "secret"})
    assert api.number("id-1") == RECORD


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"half of \ud83d"', "half of \ufffd"),
        (r'{"\udfff": ["\uD800x"]}', {"\ufffd": ["\ufffdx"]}),
        (r'"whole \ud83d\ude00"', "whole \U0001f600"),
        ("[NaN, Infinity, -Infinity, 1e999, 1.5]", [None, None, None, None, 1.5]),
        ("[" * 62 + "]" * 62, None),
    ],
)
def test_values_that_ansible_cannot_pass_on_are_replaced(
    conversation: t.Any, api: Api, written: str, read: t.Any
) -> None:
    conversation.expect(f"GET {ONE}", f'{json.dumps(READABLE)[:-1]}, "field": {written}}}'.encode())
    record = api.number("id-1")
    assert record and record["field"] == (json.loads(written) if read is None else read)


@pytest.mark.parametrize("nested", ["[" * 64 + "]" * 64, '{"a":' * 900 + "1" + "}" * 900, "1" * 101])
def test_deeply_nested_answers_and_huge_numbers_are_invalid(conversation: t.Any, api: Api, nested: str) -> None:
    body = f'{{"error": {{"code": "C", "message": "m", "details": {nested}}}}}'.encode()
    conversation.expect(f"GET {ONE}", body, status=400)
    with pytest.raises(ApiError) as caught:
        api.number("id-1")
    assert (caught.value.http_status, caught.value.message) == (400, "no message in the answer")


def test_secret_is_hidden_before_an_error_is_truncated(conversation: t.Any, api: Api) -> None:
    secret = "S3cret" * 20
    error = {"message": "x" * 985 + secret, "code": "y" * 985 + secret, "details": {"field": secret}}
    conversation.expect("GET /organization-telephone-numbers/x", {"error": error}, 400)
    api.hide = lambda value: json.loads(json.dumps(value).replace(secret, "***"))
    with pytest.raises(ApiError) as caught:
        api.number("x")
    text = f"{caught.value} {caught.value.message} {caught.value.code} {caught.value.details}"
    assert "S3cret" not in text
    assert text.count("***") == 6
