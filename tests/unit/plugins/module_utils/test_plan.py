# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._api import RECORD_FIELDS
from ansible_collections.voxai.telephony.plugins.module_utils._plan import (
    Plan,
    Step,
    ignored_fields,
    make_diff,
    make_plan,
    not_as_sent,
    parse_desired,
    resolve_agents,
    took_effect,
)
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number import NUMBER_SPEC
from ansible_collections.voxai.telephony.plugins.module_utils._values import HIDDEN, InputError

MakeRecord = t.Callable[..., dict[str, t.Any]]

LEFT_OUT: dict[str, t.Any] = {
    "id": None,
    **{option: spec.get("default") for option, spec in NUMBER_SPEC.items()},
}
CREDENTIALS = {"auth_username": "vox-customer-12", "auth_password": "s3cret"}


def plan_for(record: dict[str, t.Any] | None, **options: t.Any) -> Plan:
    number = {} if "id" in options else {"number": "070-1111-2222"}
    desired = parse_desired({**LEFT_OUT, **number, **options})
    return make_plan(resolve_agents(desired, lambda name: f"id of {name}"), record)


def steps_of(plan: Plan) -> list[tuple[str, dict[str, t.Any]]]:
    return [(step.call, step.body) for step in plan.steps]


def test_registration_sends_only_the_given_options() -> None:
    everything = {"address": "sip:trunk.example.com:5060", **CREDENTIALS, "memo": "본사"}
    plan = plan_for(None, **everything)
    assert steps_of(plan) == [("register", {"number": "07011112222", **everything})]
    assert plan.actions == ["registered"]
    least = plan_for(None, address="trunk.example.com", memo="")
    assert steps_of(least) == [("register", {"number": "07011112222", "address": "trunk.example.com"})]


def test_registration_predicts_all_known_fields() -> None:
    plan = plan_for(None, address="trunk.example.com", memo="m", inbound_agent={"agent_name": "Desk"})
    assert plan.before is None
    assert plan.after == {
        **dict.fromkeys(RECORD_FIELDS),
        "number": "07011112222",
        "provider": "custom",
        "status": "active",
        "address": "trunk.example.com",
        "memo": "m",
        "inbound_agent": {"agent_id": "id of Desk", "agent_version": "current"},
    }
    assert steps_of(plan)[1:] == [("update_agents", {"inbound_agent": {"agent_id": "id of Desk"}})]
    assert plan.actions == ["registered", "agents_updated"]


@pytest.mark.parametrize(
    ("held", "options", "steps", "actions"),
    [
        ({}, {}, [], []),
        ({}, {"address": "TRUNK.example.com"}, [], []),
        ({"address": "trunk.example.com"}, {"address": "sip:trunk.example.com:5060", **CREDENTIALS}, [], []),
        ({"memo": "m"}, {"memo": "m"}, [], []),
        ({"memo": None}, {"memo": ""}, [], []),
        ({"memo": "m"}, {"memo": ""}, [("update_memo", {"memo": None})], ["memo_updated"]),
        ({"memo": "m"}, {"memo": "n"}, [("update_memo", {"memo": "n"})], ["memo_updated"]),
        ({}, {"address": "b.example.com"}, [("update_sip", {"address": "b.example.com"})], ["sip_updated"]),
        (
            {"memo": "m"},
            {"address": "b.example.com", **CREDENTIALS, "memo": ""},
            [("update_sip", {"address": "b.example.com", **CREDENTIALS, "memo": None})],
            ["sip_updated", "memo_updated"],
        ),
        (
            {},
            {"auth_password": "s3cret", "update_password": "always"},
            [("update_sip", {"auth_password": "s3cret"})],
            ["sip_updated"],
        ),
        (
            {"inbound_agent": {"agent_id": "a-1", "agent_version": "v2"}},
            {"inbound_agent": {"agent_id": "a-1"}, "outbound_agent": {}, "sms_inbound_agent": {}},
            [],
            [],
        ),
        (
            {
                "inbound_agent": {"agent_id": "a-1", "agent_version": "v2"},
                "outbound_agent": {"agent_id": "a-1", "agent_version": "v2"},
            },
            {
                "inbound_agent": {"agent_id": "a-1", "agent_version": "v3"},
                "outbound_agent": {},
                "sms_inbound_agent": {"agent_id": "a-2"},
            },
            [
                (
                    "update_agents",
                    {
                        "inbound_agent": {"agent_id": "a-1", "agent_version": "v3"},
                        "outbound_agent": None,
                        "sms_inbound_agent": {"agent_id": "a-2"},
                    },
                )
            ],
            ["agents_updated"],
        ),
        (
            {"provider": "vox", "status": "cancel_requested", "memo": "m"},
            {"memo": "n", **CREDENTIALS},
            [("revoke_cancel", {}), ("update_memo", {"memo": "n"})],
            ["cancel_revoked", "memo_updated"],
        ),
        ({"status": "scheduled"}, {"address": "trunk.example.com"}, [], []),
    ],
)
def test_a_held_number_is_changed_only_where_it_differs(
    record: MakeRecord,
    held: dict[str, t.Any],
    options: dict[str, t.Any],
    steps: list[t.Any],
    actions: list[str],
) -> None:
    before = record(**held)
    plan = plan_for(before, **options)
    assert steps_of(plan) == steps
    assert plan.actions == actions
    assert plan.before == before
    if not steps:
        assert plan.after == before


def test_a_change_predicts_other_fields_as_unchanged(record: MakeRecord) -> None:
    before = record(memo="m", new_field=7)
    plan = plan_for(before, memo="n", address="b.example.com")
    assert plan.after == {**before, "memo": "n", "address": "b.example.com"}


@pytest.mark.parametrize(
    ("held", "options", "actions", "after"),
    [
        (None, {}, [], None),
        ({"status": "expired"}, {}, [], None),
        ({}, {}, ["deleted"], None),
        ({"provider": "vox"}, {"cancel_vox_number": True}, ["cancel_requested"], "cancel_requested"),
        ({"provider": "vox", "status": "cancel_requested"}, {}, [], "cancel_requested"),
    ],
)
def test_absent(record: MakeRecord, held: t.Any, options: t.Any, actions: list[str], after: str | None) -> None:
    plan = plan_for(None if held is None else record(**held), state="absent", **options)
    assert plan.actions == actions
    assert (plan.after or {}).get("status") == after


@pytest.mark.parametrize(
    ("held", "options", "complaint"),
    [
        (None, {}, "the number is not held yet: add address"),
        (None, {"id": "id-1"}, "no record has this id"),
        ({"status": "expired"}, {"id": "id-1"}, "has expired"),
        ({"provider": "vox"}, {"address": "trunk.example.com"}, "leave address out"),
        ({"provider": "vox"}, {"update_password": "always", "auth_password": "x"}, "update_password at on_create"),
        ({"provider": "vox"}, {"state": "absent"}, "cancel_vox_number"),
        ({"provider": None}, {"state": "absent"}, "cancel_vox_number"),
    ],
)
def test_impossible_changes_are_refused_before_any_step(
    record: MakeRecord, held: t.Any, options: t.Any, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        plan_for(None if held is None else record(**held), **options)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"memo": "m" * 201}, "201 characters"),
        ({"memo": "  "}, "memo is blank"),
        ({"auth_username": ""}, "auth_username is empty"),
        ({"auth_username": "a\nb"}, "auth_username has control characters"),
        ({"auth_password": "a\x00b"}, "auth_password has control characters"),
        ({"memo": "a\x1bb"}, "memo has control characters"),
        ({"memo": "\ud800"}, "memo has control characters"),
        ({"memo": "a\x85b"}, "memo has control characters"),
        ({"inbound_agent": {"agent_id": "Front desk"}}, "use agent_name for a name"),
        ({"auth_password": " "}, "auth_password is empty"),
        ({"update_password": "always"}, "auth_password is missing"),
        ({"address": ""}, "address is empty"),
        ({"id": "../agents"}, "is not a record's id"),
        ({"id": ""}, "is not a record's id"),
        ({"inbound_agent": {"agent_version": "v1"}}, "inbound_agent"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, t.Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        plan_for(None, **options)


def test_a_memo_may_have_200_characters() -> None:
    assert parse_desired({**LEFT_OUT, "number": "07011112222", "memo": "본" * 200}).memo == "본" * 200


@pytest.mark.parametrize(
    ("held", "options", "warned"),
    [
        (True, {"address": "b.example.com"}, True),
        (True, {"address": "b.example.com", **CREDENTIALS}, False),
        (True, {"memo": "m"}, False),
        (False, {"address": "b.example.com"}, False),
        (False, {"address": "sip:10.0.0.5"}, True),
        (True, {"address": "sip:10.0.0.5", **CREDENTIALS}, True),
        (True, {"address": "sip:10.0.0.5", "state": "absent"}, False),
    ],
)
def test_a_warning_for_changes_that_the_api_may_refuse(
    record: MakeRecord, held: bool, options: t.Any, warned: bool
) -> None:
    assert bool(plan_for(record() if held else None, **options).warnings) is warned


def diff_of(plan: Plan) -> dict[str, dict[str, t.Any]]:
    credentials = {name: text for step in plan.steps for name, text in step.credentials.items()}
    return make_diff(plan.before, plan.after, credentials)


def test_the_diff_shows_changes_without_secrets(record: MakeRecord) -> None:
    diff = diff_of(plan_for(record(memo="m"), address="b.example.com", **CREDENTIALS))
    changed = {name for name in diff["after"] if diff["after"][name] != diff["before"].get(name)}
    assert changed == {"address", "auth_username", "auth_password"}
    assert diff["after"]["auth_password"] == HIDDEN
    assert "auth_password" not in diff["before"]


def test_the_diff_without_changes_has_equal_sides(record: MakeRecord) -> None:
    diff = diff_of(plan_for(record(memo="m"), memo="m", **CREDENTIALS))
    assert diff["before"] == diff["after"] != {}


def test_the_diff_of_a_registration_or_deletion_has_an_empty_side(record: MakeRecord) -> None:
    assert diff_of(plan_for(None, address="b.example.com"))["before"] == {}
    assert diff_of(plan_for(record(), state="absent"))["after"] == {}


def test_the_diff_of_another_record_shows_its_id(record: MakeRecord) -> None:
    diff = make_diff(record(), record(id="id-2"))
    assert (diff["before"]["id"], diff["after"]["id"]) == ("id-1", "id-2")
    assert "id" not in make_diff(record(), record(memo="m"))["after"]


A = {"agent_id": "a"}
BOTH = {"inbound_agent": A, "outbound_agent": {"agent_id": "b"}}
B, C = "sip:b.example.com", "sip:c.example.com"


@pytest.mark.parametrize(
    ("sent", "before", "after", "ignored", "done", "shown"),
    [
        ({"address": B, "memo": "m"}, {}, {"address": B, "memo": "m"}, [], ["sip_updated", "memo_updated"], True),
        ({"address": B, "memo": "m"}, {}, {}, ["address", "memo"], [], False),
        ({"address": B, "memo": "m"}, {}, {"memo": "m"}, ["address"], ["memo_updated"], False),
        ({"address": B, "memo": "m"}, {}, {"address": B}, ["memo"], ["sip_updated"], False),
        # A third value is a conversion by the API.
        ({"address": B}, {}, {"address": C}, [], ["sip_updated"], False),
        ({"address": B}, {"address": C}, {"address": "C.example.com:5060"}, ["address"], [], False),
        # The same text in another form, so each run sends it again.
        ({"memo": " M\u0065\u0301\n"}, {"memo": "M\u00e9"}, {"memo": "M\u00e9"}, [], ["memo_updated"], True),
        ({"memo": None}, {"memo": "m"}, {"memo": "m"}, ["memo"], [], False),
        ({"memo": None}, {"memo": "m"}, {"memo": ""}, [], ["memo_updated"], True),
        # Records do not show whether the credentials were accepted.
        ({"auth_password": "s3cret"}, {}, {}, [], ["sip_updated"], False),
        ({"auth_password": "s3cret", "memo": "m"}, {}, {}, ["memo"], [], False),
        ({"inbound_agent": None}, {"inbound_agent": A}, {"inbound_agent": A}, ["inbound_agent"], [], False),
        ({"inbound_agent": A}, {}, {"inbound_agent": {**A, "agent_version": "v1"}}, [], ["agents_updated"], True),
        (BOTH, {}, {"inbound_agent": A}, ["outbound_agent"], ["agents_updated"], False),
    ],
)
def test_an_unchanged_field_was_ignored(
    record: MakeRecord,
    sent: dict[str, t.Any],
    before: dict[str, t.Any],
    after: dict[str, t.Any],
    ignored: list[str],
    done: list[str],
    shown: bool,
) -> None:
    call = "update_agents"
    actions: tuple[str, ...] = ("agents_updated",)
    if {"address", "auth_password"} & set(sent):
        call, actions = "update_sip", ("sip_updated", *(["memo_updated"] if "memo" in sent else []))
    elif "memo" in sent:
        call, actions = "update_memo", ("memo_updated",)
    step = Step(t.cast(t.Any, call), actions, sent)
    old = record(**before)
    new = {**old, **after}
    assert ignored_fields(step, old, new) == ignored
    assert took_effect(step, new) is shown
    if ignored:
        assert list(step.without(ignored).actions) == done
        assert "sip_updated" in done or not step.without(ignored).credentials


def test_no_repr_contains_a_password(record: MakeRecord) -> None:
    desired = parse_desired({**LEFT_OUT, "number": "07011112222", "address": "a.example.com", **CREDENTIALS})
    assert "s3cret" not in repr(desired)
    assert "s3cret" not in repr(make_plan(desired, None))


DESK = {"agent_id": "a-1", "agent_version": "production"}


@pytest.mark.parametrize(
    ("sent", "returned", "words"),
    [
        ({"memo": " m\n"}, {"memo": "m"}, r"memo was sent as ' m\\n', and the API returned 'm'\. Write"),
        ({"memo": "cafe\u0301"}, {"memo": "caf\u00e9"}, "which only differs in its Unicode normalization"),
        ({"memo": None}, {"memo": "m"}, "sent as None, and the API returned 'm'"),
        ({"memo": "m"}, {"memo": None}, "sent as 'm', and the API returned None"),
        ({"memo": "m"}, {"memo": ["m"] * 10**6}, "returned .{400}\\. Write"),
        ({"address": "sip:a"}, {"address": "sip:b"}, "address was sent as 'sip:a', and the API returned 'sip:b'"),
        ({"inbound_agent": DESK}, {"inbound_agent": {**DESK, "agent_version": "v3"}}, "'v3'"),
        ({"inbound_agent": DESK}, {"inbound_agent": None}, "inbound_agent was sent"),
        ({"inbound_agent": None}, {"inbound_agent": DESK}, "inbound_agent was sent as None"),
        ({"inbound_agent": {"agent_id": "a-1"}}, {"inbound_agent": DESK}, None),
        ({"memo": None}, {"memo": ""}, None),
        ({"memo": "m", "inbound_agent": DESK}, {"memo": "m", "inbound_agent": DESK}, None),
        ({"address": "sip:a:5060"}, {"address": "A"}, None),
        # The API never returns it.
        ({"auth_username": "u", "auth_password": "s3cret"}, {}, None),
        ({"number": "0701"}, {}, None),
    ],
)
def test_a_warning_for_values_that_the_api_converts(
    record: MakeRecord, sent: dict[str, t.Any], returned: dict[str, t.Any], words: str | None
) -> None:
    warnings = not_as_sent(Step("update_memo", (), sent), record(**returned), lambda value: value)
    if words is None:
        assert warnings == []
    else:
        (warning,) = warnings
        assert re.search(words, warning)
        assert warning.endswith("ach run sends it and reports a change")
        assert ("Write it as the API returns it" in warning) == ("inbound_agent" not in sent)


def test_a_secret_is_masked_before_a_returned_value_is_truncated(record: MakeRecord) -> None:
    step = Step("update_memo", (), {"memo": "m"})
    returned = record(memo="x" * 195 + "s3cret-s3cret")
    (warning,) = not_as_sent(step, returned, lambda value: value.replace("s3cret-s3cret", "***"))
    assert "s3c" not in warning


def test_no_warning_for_an_unchanged_private_address(record: MakeRecord) -> None:
    assert plan_for(record(address="10.0.0.5"), address="sip:10.0.0.5:5060").warnings == []
