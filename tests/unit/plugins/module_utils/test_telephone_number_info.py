# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number_info import run

ONE = "/organization-telephone-numbers/id-1"


def read(conversation: t.Any, **options: t.Any) -> dict[str, t.Any]:
    left_out = dict.fromkeys(("number", "id", "provider", "status"))
    return run(options, {**left_out, **options}, lambda options: conversation.organization(), False, print)


def ids_of(result: dict[str, t.Any]) -> list[str]:
    assert not result.get("failed")
    assert result["changed"] is False
    return [record["id"] for record in result["telephone_numbers"]]


def test_all_held_numbers_of_all_pages(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(id="a"), next_cursor="c")
    conversation.expect_list("active", record(id="b"), record(id="a"), cursor="c")
    conversation.expect_list("scheduled", record(id="s", status="scheduled"))
    conversation.expect_list("cancel_requested", record(id="r", status="cancel_requested", new_field=7))
    result = read(conversation)
    assert ids_of(result) == ["a", "b", "s", "r"]
    assert result["telephone_numbers"][-1]["new_field"] == 7
    assert result["api_requests"] == 4


def test_other_numbers_than_requested_are_ignored(conversation: t.Any, record: t.Any) -> None:
    """A server or a cache may ignore the query."""
    others = record(id="e", status="expired"), record(id="v", provider="vox")
    query = {"status": "active", "provider": "custom", "limit": "100"}
    page = {"items": [*others, record(id="a")]}
    conversation.expect("GET /organization-telephone-numbers", page, query=query)
    assert ids_of(read(conversation, provider="custom", status=["active"])) == ["a"]
    conversation.expect("GET /organization-telephone-numbers", page, query=query)
    assert ids_of(read(conversation, provider="custom", status=["active"], number="07011112222")) == ["a"]


def test_reading_stops_after_the_requested_numbers(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(id="a", number="07011112222"), record(id="x"), next_cursor="c")
    conversation.expect_list("active", record(id="b", number="15880000"), cursor="c", next_cursor="d")
    result = read(conversation, number=["+82 1588-0000", "070-1111-2222", "07011112222"])
    assert ids_of(result) == ["a", "x", "b"]


@pytest.mark.parametrize("option", ["id", "api_key"])
def test_options_that_are_not_strings_are_refused(conversation: t.Any, option: str) -> None:
    assert f"{option} must be a string" in read(conversation, **{option: 83})["msg"]


def test_one_number_that_is_not_held(conversation: t.Any) -> None:
    conversation.expect_not_held()
    assert ids_of(read(conversation, number="070-1111-2222")) == []


def test_an_empty_list_of_numbers(conversation: t.Any) -> None:
    assert ids_of(read(conversation, number=[], status=["active", "expired"])) == []


def test_all_expired_records_of_a_number(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("expired", record(id="e1", status="expired"), next_cursor="c")
    conversation.expect_list("expired", record(id="e2", status="expired"), cursor="c")
    conversation.expect_list("active", record(id="a"))
    result = read(conversation, number="07011112222", status=["expired", "active", "expired"])
    assert ids_of(result) == ["e1", "e2", "a"]


def test_one_provider(conversation: t.Any, record: t.Any) -> None:
    page = {"items": [record(id="v", provider="vox")], "next_cursor": None}
    query = {"status": "active", "provider": "vox", "limit": "100"}
    conversation.expect("GET /organization-telephone-numbers", page, query=query)
    assert ids_of(read(conversation, provider="vox", status=["active"])) == ["v"]


@pytest.mark.parametrize("there", [True, False])
def test_by_id(conversation: t.Any, record: t.Any, there: bool) -> None:
    if there:
        conversation.expect(f"GET {ONE}", record(status="expired"))
    else:
        conversation.refuse(f"GET {ONE}", 404)
        conversation.expect_list("active")
    assert ids_of(read(conversation, id="id-1")) == (["id-1"] if there else [])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"number": 941921426}, "Write it in quotes"),
        ({"number": ["070-1111-2222", 15880000]}, "Write it in quotes"),
        ({"number": ["070-1111-2222", None]}, "number is empty"),
        ({"number": {"a": 1}}, "number is empty"),
        ({"id": "../agents"}, "is not a record's id"),
    ],
)
def test_invalid_options_are_refused(conversation: t.Any, options: dict[str, t.Any], complaint: str) -> None:
    result = read(conversation, **options)
    assert result["failed"] and complaint in result["msg"]
    assert result["api_requests"] == 0
    assert result["failure"] == {"http_status": None, "code": None, "message": result["msg"], "details": None}


def test_a_failure_has_the_same_keys_as_every_result(conversation: t.Any) -> None:
    query = {"status": "active", "limit": "100"}
    conversation.refuse("GET /organization-telephone-numbers", 403, "금지", query=query)
    result = read(conversation)
    assert result["failed"] and result["failure"]["http_status"] == 403
    assert (result["telephone_numbers"], result["api_requests"]) == ([], 1)


def test_a_warning_for_a_number_that_may_have_been_octal(conversation: t.Any) -> None:
    conversation.expect_not_held()
    assert "octal" in read(conversation, number="941921426")["warnings"][0]
