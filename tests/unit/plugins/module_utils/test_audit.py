# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._audit import RULES, audit, describe, summarize
from ansible_collections.voxai.telephony.plugins.module_utils._audit_info import run

AGENTS: dict[str, dict[str, t.Any]] = {
    "agent-1": {"agent_id": "agent-1", "name": "Front desk", "production_version": "v1"},
    "agent-2": {"agent_id": "agent-2", "name": "Night desk", "production_version": None},
    "agent-3": {"agent_id": "agent-3", "name": "Old API"},
}
GOOD = {"agent_id": "agent-1", "agent_version": "production"}


def mapped(agent_id: str = "agent-1", version: str = "production") -> dict[str, str]:
    return {"agent_id": agent_id, "agent_version": version}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, {}),
        ({"inbound_agent": None}, {"no_inbound_agent": "not answered"}),
        ({"inbound_agent": {}}, {"no_inbound_agent": "not answered"}),
        ({"outbound_agent": None, "sms_inbound_agent": None}, {}),
        ({"inbound_agent": mapped("agent-9")}, {"unknown_agent": "inbound_agent 'agent-9'"}),
        (
            {"outbound_agent": mapped("agent-8"), "sms_inbound_agent": mapped("agent-9")},
            {"unknown_agent": "outbound_agent 'agent-8', sms_inbound_agent 'agent-9'"},
        ),
        ({"inbound_agent": mapped("AGENT-1")}, {"unknown_agent": "AGENT-1"}),
        ({"address": None}, {"no_trunk": "address missing"}),
        ({"address": ""}, {"no_trunk": "address missing"}),
        ({"inbound_trunk_id": None, "outbound_trunk_id": None}, {"no_trunk": "inbound_trunk_id and outbound_trunk_id"}),
        ({"outbound_trunk_id": None}, {"no_trunk": "outbound_trunk_id"}),
        ({"provider": "vox", "address": None, "inbound_trunk_id": None, "outbound_trunk_id": None}, {}),
        ({"address": "sip:10.0.0.5:5060"}, {"private_trunk": "'sip:10.0.0.5:5060'"}),
        ({"inbound_agent": mapped(version="current")}, {"draft_agent": "inbound_agent 'Front desk'"}),
        ({"outbound_agent": mapped(version="current")}, {"draft_agent": "outbound_agent 'Front desk'"}),
        ({"inbound_agent": mapped(version="v3")}, {}),
        ({"inbound_agent": mapped("agent-2")}, {"no_production_version": "inbound_agent 'Night desk'"}),
        ({"inbound_agent": mapped("agent-2", "v1")}, {}),
        ({"inbound_agent": mapped("agent-3")}, {}),
        # 2026-01-31 15:00 UTC is 1 February in Korea.
        ({"status": "cancel_requested", "end_at": 1769871600000}, {"ending": "ends on 2026-02-01"}),
        ({"status": "cancel_requested", "end_at": None}, {"ending": "does not say when"}),
        ({"status": "cancel_requested", "end_at": 10**30}, {"ending": "does not say when"}),
        ({"status": "active", "end_at": 1769871600000}, {}),
        ({"number": "941921426"}, {"odd_number": "not the form"}),
        ({"number": "15880000"}, {}),
    ],
)
def test_rules(record: t.Any, fields: dict[str, t.Any], found: dict[str, str]) -> None:
    findings = audit([record(**{"inbound_agent": GOOD, **fields})], AGENTS, RULES)
    assert {finding.rule for finding in findings} == set(found)
    for finding in findings:
        assert found[finding.rule] in finding.msg
        assert finding.severity == RULES[finding.rule].severity


def test_a_number_with_two_records_is_found_once(record: t.Any) -> None:
    records = [record(id=name, inbound_agent=GOOD) for name in ("a", "b")]
    (finding,) = audit([*records, record(number="07033334444", inbound_agent=GOOD)], AGENTS, RULES)
    assert (finding.rule, finding.number, finding.id) == ("held_twice", "07011112222", "a")
    assert "(a, b)" in finding.msg


def test_findings_are_sorted_by_severity_then_number(record: t.Any) -> None:
    records = [
        record(number="2", inbound_agent=mapped(version="current")),
        record(number="07011113333", inbound_agent=None),
        record(number="07011112222", status="cancel_requested", inbound_agent=None),
    ]
    found = [(finding.severity, finding.number) for finding in audit(records, AGENTS, RULES)]
    assert found == [
        ("error", "07011112222"),
        ("error", "07011113333"),
        ("warning", "07011112222"),
        ("warning", "2"),
        ("notice", "2"),
    ]


def test_only_the_requested_rules(record: t.Any) -> None:
    records = [record(number="2", inbound_agent=None)]
    assert [finding.rule for finding in audit(records, AGENTS, ["odd_number"])] == ["odd_number"]


def test_the_summary(record: t.Any) -> None:
    records = [
        record(monthly_fee=None),
        record(status="scheduled", provider="vox", monthly_fee=4400),
        record(status="paused", provider="vox", monthly_fee=3300),
    ]
    assert summarize(records, audit(records, AGENTS, ["no_inbound_agent"])) == {
        "numbers": 3,
        "by_status": {"active": 1, "scheduled": 1, "cancel_requested": 0, "paused": 1},
        "by_provider": {"vox": 2, "custom": 1},
        "monthly_fee": 7700,
        "errors": 3,
        "warnings": 0,
        "notices": 0,
    }


def test_a_line_contains_the_names_of_its_agents(record: t.Any) -> None:
    line = describe(
        record(inbound_agent=mapped("agent-2"), outbound_agent=mapped("agent-9", "v2"), memo="m"), AGENTS, []
    )
    assert line["inbound_agent"] == {
        "agent_id": "agent-2",
        "agent_name": "Night desk",
        "agent_version": "production",
    }
    assert line["outbound_agent"] == {"agent_id": "agent-9", "agent_name": None, "agent_version": "v2"}
    assert (line["sms_inbound_agent"], line["memo"], line["end_day"]) == (None, "m", None)
    assert (line["written"], line["rules"], line["severity"]) == ("070-1111-2222", [], None)


# The task


def read(conversation: t.Any, **options: t.Any) -> dict[str, t.Any]:
    return run(options, {"rules": None, **options}, lambda options: conversation.organization(), False, print)


def expect(conversation: t.Any, *records: t.Any, read_by_id: t.Any = None) -> None:
    conversation.expect_list("active", *records)
    conversation.expect_list("scheduled")
    conversation.expect_list("cancel_requested", *records[:1])
    if read_by_id:
        conversation.expect(f"GET /organization-telephone-numbers/{read_by_id['id']}", read_by_id)
    conversation.expect("GET /agents", {"items": list(AGENTS.values()), "next_cursor": None}, query={"limit": "100"})


@pytest.mark.parametrize("rules", [None, []])
def test_numbers_are_read_once_and_counted_once(conversation: t.Any, record: t.Any, rules: t.Any) -> None:
    expect(conversation, record(), record(id="x", status="expired"), record(id="id-2", number="02"))
    result = read(conversation, rules=rules)
    assert [finding["rule"] for finding in result["findings"]] == ["no_inbound_agent"] * 2 + ["odd_number"]
    assert result["summary"]["numbers"] == len(result["telephone_numbers"]) == 2
    assert [line["rules"] for line in result["telephone_numbers"]] == [
        ["no_inbound_agent", "odd_number"],
        ["no_inbound_agent"],
    ]
    assert [line["severity"] for line in result["telephone_numbers"]] == ["error", "error"]
    assert (result["changed"], result["api_requests"]) == (False, 4)
    assert result["msg"] == "2 numbers: 2 errors, 0 warnings, 1 notices"


def test_registrations_of_the_run_count_despite_a_stale_list(conversation: t.Any, record: t.Any) -> None:
    organization = conversation.organization()
    organization.ledger.note(record(id="id-2", number="07011113333"))
    expect(conversation, record(), read_by_id=record(id="id-2", number="07011113333", memo="now"))
    result = run({}, {"rules": None}, lambda options: organization, False, print)
    assert [(line["number"], line["memo"]) for line in result["telephone_numbers"]] == [
        ("07011112222", None),
        ("07011113333", "now"),
    ]


def test_a_failure_has_the_same_keys_as_every_result(conversation: t.Any) -> None:
    conversation.refuse("GET /organization-telephone-numbers", 403, query={"status": "active", "limit": "100"})
    result = read(conversation)
    assert result["failed"] and result["failure"]["http_status"] == 403
    assert (result["findings"], result["summary"]["numbers"], result["api_requests"]) == ([], 0, 1)


def test_invalid_records_cause_no_internal_error(record: t.Any) -> None:
    strange: list[t.Any] = [7, [], {"a": 1}, "x" * 1000, True, -1e300]
    fields = ("address", "memo", "monthly_fee", "end_at", "inbound_agent", "inbound_trunk_id", "status", "provider")
    for value in strange:
        for name in fields:
            made_up = record(**{"status": "cancel_requested", name: value})
            for agent in ({**mapped(), "agent_id": value}, {**mapped(), "agent_version": value}):
                records = [made_up, {**made_up, "inbound_agent": agent}]
                summarize(records, audit(records, AGENTS, RULES))
                describe(records[1], {"agent-1": {"name": value, "production_version": value}}, [])
