# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers and agents that are read."""

from __future__ import annotations

from typing import Any

from integration._playbook import AGENTS, GET, LIST, NUMBER, Seen
from integration._scenario import Script, scenario
from simulator import Simulator

AGENT = "0b6f4f0e-8a39-4d8e-9f5e-9a6f4c0c3b11"


def info(**arguments: Any) -> dict[str, Any]:
    return {"voxai.telephony.vox_telephone_number_info": arguments}


def agents(**arguments: Any) -> dict[str, Any]:
    return {"voxai.telephony.vox_agent_info": arguments}


def numbers_of(task: Seen) -> list[str]:
    assert not task.failed, task.message
    assert task.result["changed"] is False
    return [record["number"] for record in task.result["telephone_numbers"]]


@scenario(ways=("module",))
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
    assert some.requests(sim) == [LIST] * 2
    assert numbers_of(nothing) == []
    assert in_capitals.result["telephone_numbers"] == [expired]
    assert by_id.result["telephone_numbers"] == expired_ones.result["telephone_numbers"] == [expired]
    assert by_id.requests(sim) == [GET]
    assert numbers_of(no_id) == []
    assert no_id.requests(sim)[1:] == [LIST]
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
