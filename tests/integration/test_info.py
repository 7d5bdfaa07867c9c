# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, agents, the connection and the audit are read."""

from __future__ import annotations

from typing import Any

from integration._playbook import AGENTS, GET, LIST, NUMBER, Seen
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator

AGENT = "0b6f4f0e-8a39-4d8e-9f5e-9a6f4c0c3b11"


def info(**arguments: Any) -> dict[str, Any]:
    return {"voxai.telephony.vox_telephone_number_info": arguments}


def agents(**arguments: Any) -> dict[str, Any]:
    return {"voxai.telephony.vox_agent_info": arguments}


def audit(**arguments: Any) -> dict[str, Any]:
    return {"voxai.telephony.vox_audit_info": arguments}


def connection(**arguments: Any) -> dict[str, Any]:
    return {"voxai.telephony.vox_connection_info": arguments}


def break_every_rule_once(sim: Simulator) -> None:
    """Add a number that violates it for each rule of the audit, with constant ids."""
    ids = (f"{index:08}-0000-4000-8000-00000000000b" for index in range(1, 100))
    good, draft = (sim.add_agent(name, agent_id=next(ids))["agent_id"] for name in ("Front desk", "<b>Night</b> desk"))
    unpublished = sim.add_agent("=1+1", agent_id=next(ids), production_version=None)["agent_id"]

    def add(number: str, agent: str | None = good, version: str = "production", **fields: Any) -> None:
        mapping = {"agent_id": agent, "agent_version": version} if agent else None
        sim.add(number, id=next(ids), inbound_agent=mapping, **fields)

    add("07011110001", None)
    add("07011110002", next(ids))
    add("07011110003", address=None, inbound_trunk_id=None, outbound_trunk_id=None)
    add("07011110004")
    add("07011110004")
    add("07011110005", address="sip:10.0.0.5:5060")
    add("07011110006", draft, "current")
    add("07011110007", unpublished)
    add("07011110008", provider="vox", status="cancel_requested", memo="<script>alert(1)</script>")
    add("941921426", memo='=HYPERLINK("http://example.com")')


def numbers_of(task: Seen) -> list[str]:
    assert not task.failed, task.message
    assert task.result["changed"] is False
    return [record["number"] for record in task.result["telephone_numbers"]]


@scenario()
def test_numbers_are_read(sim: Simulator) -> Script:
    for index in range(101):
        sim.add(f"070{index:08}")
    bought = sim.add("0212345678", provider="vox", status="cancel_requested", unknown={"new_field": 7})
    expired = sim.add(NUMBER, status="expired")
    everything, bought_ones, some, nothing, by_id, in_capitals, no_id, wrong_url, expired_ones, octal = yield [
        info(),
        info(provider="vox") | {"check_mode": True, "diff": True},
        info(number=["+82 70 0000 0000", "070-0000-0002"]),
        info(number=NUMBER),
        info(id=expired["id"]),
        info(id=expired["id"].upper()),
        info(id="none"),
        info(id=expired["id"], api_url=f"{sim.url}/v4") | {"ignore_errors": True},
        info(number=NUMBER, status=["active", "expired"]),
        info(number=0o7011112222) | {"ignore_errors": True},
    ]
    assert len(numbers_of(everything)) == 102
    assert everything.requests(sim) == [LIST] * 4
    assert bought_ones.result["telephone_numbers"] == [bought]
    assert "diff" not in bought_ones.result
    assert numbers_of(some) == ["07000000002", "07000000000"]
    assert some.after_look_up(sim) == []
    assert numbers_of(nothing) == []
    assert in_capitals.result["telephone_numbers"] == [expired]
    assert by_id.result["telephone_numbers"] == expired_ones.result["telephone_numbers"] == [expired]
    assert by_id.requests(sim) == [GET]
    assert numbers_of(no_id) == []
    assert [request for request in no_id.requests(sim) if request != LIST] == [GET.replace("{id}", "none")]
    assert wrong_url.failed
    assert "Check api_url" in wrong_url.message
    assert octal.failed
    assert "Write it in quotes" in octal.message
    assert sim.writes == []


@scenario()
def test_agents_are_read(sim: Simulator) -> Script:
    for index in range(101):
        sim.add_agent(f"Desk {index}", agent_id=f"{index:08}-0000-4000-8000-00000000000a")
    wanted = sim.add_agent("Front desk", type="flow", production_version=None, agent_id=AGENT)
    everything, by_name, by_id, by_type, nothing, blank = yield [
        agents(),
        agents(agent_name="Front desk") | {"check_mode": True, "diff": True},
        agents(agent_id=wanted["agent_id"].upper()),
        agents(type=["flow", "other"]),
        agents(agent_name="Front"),
        agents(agent_name="") | {"ignore_errors": True},
    ]
    assert len(everything.result["agents"]) == 102
    assert everything.requests(sim) == [AGENTS] * 2
    for task in (by_name, by_id, by_type):
        assert task.result["agents"] == [wanted]
    assert by_name.requests(sim) == [AGENTS]
    assert "diff" not in by_name.result
    assert nothing.result["agents"] == []
    assert nothing.result["changed"] is False
    assert blank.failed and "agent_name is empty" in blank.message
    assert sim.writes == []


@scenario(alike=False)
def test_a_connection_is_checked(sim: Simulator) -> Script:
    sim.add(NUMBER)
    *single, looped = yield [
        connection(),
        connection() | {"check_mode": True, "diff": True},
        # The items of a loop are independent.
        connection(requests_per_second="{{ item }}") | {"loop": [5, 5]},
    ]
    for seen in [*(task.result for task in single), *looped.result["results"]]:
        assert seen["msg"] == "The connection works."
        assert (seen["changed"], seen["failed_part"], seen["api_requests"]) == (False, None, 4)
        assert "numbers: 1 active, 0 scheduled, 0 cancel_requested; agents: 0" in "".join(seen["report"])
        assert "diff" not in seen
    assert len(sim.requests) == 16 and sim.writes == []


@scenario()
def test_every_rule_finds_its_fault(sim: Simulator) -> Script:
    break_every_rule_once(sim)
    found, two_rules, no_rule = yield [
        audit() | {"check_mode": True, "diff": True},
        audit(rules=["ending", "odd_number"]),
        audit(rules=["no_agent"]) | {"ignore_errors": True},
    ]
    assert [(finding["severity"], finding["rule"]) for finding in found.result["findings"]] == [
        ("error", "no_inbound_agent"),
        ("error", "unknown_agent"),
        ("error", "no_trunk"),
        ("error", "held_twice"),
        ("warning", "private_trunk"),
        ("warning", "draft_agent"),
        ("warning", "no_production_version"),
        ("warning", "ending"),
        ("notice", "odd_number"),
    ]
    assert found.requests(sim) == [LIST] * 3 + [AGENTS]
    assert [found.result["summary"][name] for name in ("errors", "warnings", "notices")] == [4, 4, 1]
    assert found.result["changed"] is False and "diff" not in found.result
    assert [finding["rule"] for finding in two_rules.result["findings"]] == ["ending", "odd_number"]
    assert no_rule.failed and "no_inbound_agent" in no_rule.message
    assert sim.writes == []


@scenario(CONTROLLER)
def test_an_organization_without_faults_has_no_findings(sim: Simulator) -> Script:
    agent = sim.add_agent()["agent_id"]
    for number in (NUMBER, "15880000"):
        sim.add(number, inbound_agent={"agent_id": agent, "agent_version": "production"})
    (found,) = yield [audit()]
    assert (found.failed, found.result["findings"]) == (False, [])
    assert found.result["summary"]["numbers"] == 2
