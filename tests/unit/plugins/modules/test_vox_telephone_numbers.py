# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _bulk
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_numbers import TASK

OPTIONS = {"telephone_numbers": [], "prune": False, "max_deletions": None}


def run(conversation: t.Any, *entries: t.Any, check_mode: bool = False) -> dict[str, t.Any]:
    """Return the task's result for these entries."""
    return TASK.run(
        {"telephone_numbers": list(entries)},
        dict(OPTIONS),
        lambda options: conversation.organization(0),
        check_mode,
        lambda words: None,
    )


def test_entries_may_be_texts(conversation: t.Any) -> None:
    conversation.expect_not_held()
    entries = ("number=070-1111-2222 address=sip:a", '{"number": "07000000002", "state": "absent"}')
    assert run(conversation, *entries, check_mode=True)["msg"] == "would be: 1 registered, 1 unchanged"


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"number": 10**4000}, "entry 1 (an integer with too many digits): number is an integer with too many digits"),
        ({"number": "07000000001", "inbound_agent": 5}, "inbound_agent must be a dictionary"),
        ({"number": "07000000001", "state": "x" * 10**6}, "value of state must be one of"),
        ("{1}", "entry 1: the entry must be a dictionary"),
    ],
)
def test_an_entry_that_breaks_ansible_is_refused(conversation: t.Any, entry: t.Any, complaint: str) -> None:
    result = run(conversation, entry)
    assert complaint in result["msg"]
    assert len(result["msg"]) < 2000


def test_a_key_that_is_not_a_string_is_refused(conversation: t.Any) -> None:
    connect = t.cast(t.Any, None)
    result = TASK.run({"telephone_numbers": [], "api_key": 83}, dict(OPTIONS), connect, False, lambda words: None)
    assert "api_key must be a string" in result["msg"]


def test_one_warning_for_several_entries(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", *(record(id=f"id-{n}", number=f"0700000000{n}") for n in (1, 2, 3)))
    moved = [{"number": f"0700000000{n}", "address": "sip:b"} for n in (1, 2)]
    result = run(conversation, moved[0], {"number": "07000000003"}, moved[1], check_mode=True)
    assert result["warnings"] == [
        "entries 1, 3: address changes, but auth_password is missing: the API requires it and may refuse"
        " the change. Add auth_password"
    ]
    assert result["msg"] == "would be: 2 updated, 1 unchanged"


def test_a_warning_for_a_number_that_may_have_been_octal(conversation: t.Any) -> None:
    conversation.expect_not_held()
    (warning,) = run(conversation, {"number": "941921426", "address": "sip:a"}, check_mode=True)["warnings"]
    assert warning.startswith("entry 1: number 941921426 has no leading 0")


def test_a_null_counts_as_a_missing_option(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(memo="kept"))
    left_out = dict.fromkeys(("state", "address", "memo", "update_password", "inbound_agent"))
    assert run(conversation, {"number": "07011112222", **left_out})["changed"] is False


def test_the_message_lists_some_of_many_failures(conversation: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bulk, "WORKERS", 1)  # A scripted conversation needs a fixed order.
    entries = [{"number": f"070{index:08}", "address": "sip:a"} for index in range(25)]
    conversation.expect_not_held()
    for entry in entries:
        conversation.refuse("POST /telephone-numbers/register", 418, body=entry)
    result = run(conversation, *entries)
    assert result["msg"].startswith("25 failed:\n- entry 1 (07000000000): HTTP 418")
    assert result["msg"].endswith("\n- and 5 more")
    assert result["summary"]["failed"] == 25


def test_skipped_releases_are_in_the_message_but_not_in_the_diff(conversation: t.Any, record: t.Any) -> None:
    conversation.expect_list("active", record(number="07000000001"))
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested")
    conversation.refuse("POST /telephone-numbers/register", 403, body={"number": "07000000002", "address": "sip:a"})
    result = run(
        conversation, {"number": "07000000001", "state": "absent"}, {"number": "07000000002", "address": "sip:a"}
    )
    assert result["msg"].endswith(
        "- held back: numbers to release (1). They are only released after everything else has succeeded"
    )
    assert result["diff"] == {"before": {}, "after": {}}


def test_secrets_are_known_before_anything_is_validated() -> None:
    written = {
        "api_key": "the-key",
        "telephone_numbers": [
            {"number": "07000000001", "auth_password": "one"},
            {"auth_password": {"nested": ["two", 3]}},
            "number=07000000003 auth_password=four",
            7,
        ],
    }
    assert TASK.secrets(written) == {"the-key", "one", "two", "3", "four"}
    # A secret in a wrong place.
    misplaced = {"auth_password": "five", "telephone_numbers": [{"number": {"auth_password": "six"}}]}
    assert TASK.secrets(misplaced) == {"five", "six"}
    assert TASK.secrets({"api_key": "the-key", "telephone_numbers": "auth_password"}) == {"the-key"}
    # A server may quote them in this form.
    assert TASK.secrets({"api_key": 'a "b"/c'}) >= {'a "b"/c', 'a \\"b\\"/c', "a%20%22b%22/c", "a+%22b%22%2Fc"}
    assert TASK.set_entries_aside(written) == {"api_key": "the-key", "telephone_numbers": []}
    as_text = {"telephone_numbers": "number=07000000001 state=absent"}
    assert TASK.set_entries_aside(as_text) == as_text
    # Ansible's validation raises an exception for some unreadable entries.
    for text in ("text", "number=07000000001 memo=Front desk"):
        assert TASK.set_entries_aside({"telephone_numbers": text}) == {"telephone_numbers": []}
