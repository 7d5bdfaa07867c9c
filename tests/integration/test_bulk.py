# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many numbers in one task."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from integration._playbook import (
    AGENTS,
    DELETE,
    HIDDEN,
    KEY,
    LIST,
    NUMBER,
    PASSWORD,
    PATCH_AGENTS,
    PATCH_MEMO,
    PATCH_SIP,
    REGISTER,
    REVOKE_CANCEL,
    UNKNOWN,
    VENDOR_EXAMPLE,
    Ansible,
    Seen,
    bulk,
)
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator

ADDRESS = "sip:trunk.example.com:5060"
REFUSED = "sip:refused.example.com"
NOTHING = {"registered": 0, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 0}
ENTRY_KEYS = {"number", "changed", "failed", "actions", "telephone_number", "failure", "msg"}


def numbered(count: int, **options: Any) -> list[dict[str, Any]]:
    return [{"number": f"0704000{index:04}", "address": ADDRESS, **options} for index in range(count)]


def held(sim: Simulator, count: int, **fields: Any) -> None:
    for index in range(count):
        sim.add(f"0704000{index:04}", **fields)


def entries_of(task: Seen) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = task.result["telephone_numbers"]
    assert all(set(entry) == ENTRY_KEYS for entry in [*entries, *task.result["pruned"]])
    return entries


def summary_of(task: Seen) -> dict[str, int]:
    """Return the counts of the summary that are not 0."""
    summary: dict[str, int] = task.result["summary"]
    assert set(summary) == set(NOTHING)
    return {kind: count for kind, count in summary.items() if count}


def live(sim: Simulator) -> list[str]:
    return sorted(number["number"] for number in sim.numbers() if number["status"] == "active")


@scenario()
def test_missing_arguments(sim: Simulator) -> Script:
    nothing, unlimited, no_number, no_list, odd_entry = yield [
        bulk([]) | {"voxai.telephony.vox_telephone_numbers": {}},
        bulk(numbered(1), prune=True),
        bulk([{"address": ADDRESS}, {"number": None}]),
        bulk("number=0701 memo=Front desk"),
        bulk([{"number": "07000000001", "inbound_agent": "text", "auth_password": PASSWORD}, "memo=Front desk", 7]),
    ]
    assert nothing.message == "missing required arguments: telephone_numbers"
    assert unlimited.message == "prune is True but all of the following are missing: max_deletions"
    assert no_number.message.count("missing required arguments: number") == 2
    assert "telephone_numbers is a text: write a list" in no_list.message
    assert "entry 1 (07000000001): inbound_agent must be a dictionary" in odd_entry.message
    assert "entry 2: the entry must be a dictionary" in odd_entry.message
    assert "entry 3: the entry must be a dictionary" in odd_entry.message
    assert all(task.failed for task in (nothing, unlimited, no_number, no_list))
    assert sim.requests == []


@scenario()
def test_a_mixed_list(sim: Simulator) -> Script:
    sim.add("07040000001", memo="old")
    sim.add("07040000002", address="sip:old.example.com")
    sim.add("07040000003")
    sim.add("0212345678", provider="vox", status="cancel_requested")
    sim.add("07040000005", memo="as wanted")
    sim.add("07040000009", memo="not listed")
    desk = "11111111-1111-4111-8111-111111111111"
    sim.add_agent("Front desk", agent_id=desk)
    wanted: list[dict[str, Any]] = [
        VENDOR_EXAMPLE | {"inbound_agent": {"agent_name": "Front desk"}},
        {"number": "070-4000-0001", "memo": "new"},
        {"number": "07040000002", "address": "sip:new.example.com", "auth_password": PASSWORD, "memo": None},
        {"number": "07040000003", "state": "absent"},
        {"number": "02-1234-5678"},
        {"number": "07040000005", "memo": "as wanted"},
        {"number": "07040000006", "state": "absent"},
    ]
    checked, done, again = yield [
        bulk(wanted, check_mode=True, diff=True),
        bulk(wanted, diff=True),
        bulk(wanted, diff=True),
    ]
    assert checked.requests(sim) == [*UNKNOWN, AGENTS]
    # In the controller, the agent's id is known already.
    assert sorted(set(done.after_look_up(sim)) - {AGENTS}) == sorted(
        [REGISTER, PATCH_AGENTS, PATCH_MEMO, PATCH_SIP, REVOKE_CANCEL, DELETE]
    )
    # Releases come last.
    assert done.requests(sim)[-1] == DELETE
    actions = [
        ["registered", "agents_updated"],
        ["memo_updated"],
        ["sip_updated"],
        ["deleted"],
        ["cancel_revoked"],
        [],
        [],
    ]
    for task in (checked, done):
        assert not task.failed
        assert [entry["actions"] for entry in entries_of(task)] == actions
        assert [entry["number"] for entry in entries_of(task)] == [
            "".join(filter(str.isdigit, entry["number"])) for entry in wanted
        ]
        assert task.result["summary"] == {"registered": 1, "updated": 3, "unchanged": 2, "deleted": 1, "failed": 0}
    numbers = {number["number"]: number for number in sim.numbers()}
    for entry in entries_of(done):
        number = numbers.get(entry["number"])
        assert entry["telephone_number"] == (None if entry["actions"] == ["deleted"] else number)
    assert numbers["07040000009"]["status"] == "active"
    assert sim.credentials(numbers[NUMBER]["id"]) == ("vox-customer-12", PASSWORD)

    assert done.result["diff"] == checked.result["diff"]
    before, after = done.result["diff"]["before"], done.result["diff"]["after"]
    assert list(after) == sorted(after)
    assert before == {
        "0212345678": {"status": "cancel_requested"},
        "07040000001": {"memo": "old"},
        "07040000002": {"address": "sip:old.example.com", "auth_password": None},
        "07040000003": {
            "number": "07040000003",
            "provider": "custom",
            "status": "active",
            "address": ADDRESS,
        },
    }
    assert after["07040000002"] == {"address": "sip:new.example.com", "auth_password": HIDDEN}
    assert after[NUMBER]["inbound_agent"] == {"agent_id": desk, "agent_version": "current"}
    assert set(after) == {"0212345678", "07040000001", "07040000002", NUMBER}

    assert again.result["changed"] is False
    assert set(again.after_look_up(sim)) <= {AGENTS}
    assert again.result["diff"] == {"before": {}, "after": {}}
    assert summary_of(again) == {"unchanged": 7}


@scenario()
def test_a_thousand_held_numbers(sim: Simulator) -> Script:
    held(sim, 1000)
    (seen,) = yield [bulk(numbered(1000))]
    assert seen.requests(sim) == [LIST] * 10
    assert summary_of(seen) == {"unchanged": 1000}
    assert [entry["number"] for entry in entries_of(seen)] == [entry["number"] for entry in numbered(1000)]


@scenario(CONTROLLER)
def test_a_thousand_new_numbers(sim: Simulator) -> Script:
    wanted = numbered(1000, auth_password=PASSWORD)
    done, again = yield [bulk(wanted), bulk(wanted)]
    assert Counter(done.requests(sim)) == {LIST: 3, REGISTER: 1000}
    assert summary_of(done) == {"registered": 1000}
    assert [entry["telephone_number"]["number"] for entry in entries_of(done)] == [one["number"] for one in wanted]
    assert len({request.connection for request in done.logged(sim)}) <= 9
    assert again.requests(sim) == [LIST] * 10
    assert again.result["changed"] is False


@scenario()
def test_five_of_three_hundred_are_refused(sim: Simulator) -> Script:
    bad = (0, 77, 150, 151, 299)
    wanted = [{**one, "address": REFUSED} if index in bad else one for index, one in enumerate(numbered(300))]
    done, again = yield [bulk(wanted), bulk(wanted)]
    for task in (done, again):
        assert task.failed
        assert [index for index, entry in enumerate(entries_of(task)) if entry["failed"]] == list(bad)
        for index in bad:
            entry = entries_of(task)[index]
            assert f"entry {index + 1} ({wanted[index]['number']}): HTTP 400" in task.message
            assert entry["failure"]["http_status"] == 400
            assert entry["failure"]["message"] in task.message
            assert entry["telephone_number"] is None
        assert task.result["failure"] is None
    assert summary_of(done) == {"registered": 295, "failed": 5}
    assert summary_of(again) == {"unchanged": 295, "failed": 5}
    assert again.result["changed"] is False
    assert len(sim.numbers()) == 295
    assert Counter(again.requests(sim))[REGISTER] == 5


@scenario()
def test_all_invalid_entries_are_reported_at_once(sim: Simulator) -> Script:
    sim.add("0212345678", provider="vox")
    wanted: list[Any] = [
        {"number": "070-1111-2222", "address": ADDRESS},
        {"number": 15880000, "address": ADDRESS},
        {"number": "+82 70 1111 2222", "address": ADDRESS},
        {"number": "07000000005", "state": "gone"},
        {"number": "07000000006", "adress": ADDRESS},
        {"number": "07000000007", "address": ADDRESS, "auth_password": {"nested": ["very-Xyzzy"]}},
        {"number": "07000000008"},
        {"number": "0212345678", "state": "absent"},
        {"number": "07000000009", "address": ADDRESS, "inbound_agent": {"agent_name": "Nobody"}},
    ]
    for_real, checked = yield [bulk(wanted), bulk(wanted, check_mode=True)]
    for task in (for_real, checked):
        assert task.failed
        assert task.bodies(sim) == []
        for complaint in (
            "entry 2 (15880000): number is 15880000, which is not a string",
            "entry 3 (07011112222): the number is listed twice, as entries 1 and 3",
            "entry 4 (07000000005): value of state must be one of: present, absent, got: gone",
            "entry 5 (07000000006): Unsupported parameters: adress",
            "entry 6 (07000000007): auth_password must be a string",
            "entry 7 (07000000008): the number is not held yet: add address",
            "entry 8 (0212345678): the number was bought from vox.ai",
            "entry 9 (07000000009): no agent is named 'Nobody'",
        ):
            assert complaint in task.message
        assert "entry 1 " not in task.message
        assert task.result["changed"] is False
        assert summary_of(task) == {"unchanged": 1, "failed": 8}
        assert entries_of(task)[0]["msg"].startswith("not processed")
    assert for_real.message == checked.message


@scenario(CONTROLLER)
def test_a_failed_entry_does_not_stop_the_others(sim: Simulator) -> Script:
    held(sim, 4)
    sim.fault("answer", "PATCH", "/organization-telephone-numbers/{id}", occurrence=2, status=400, body={})
    wanted = [{"number": f"0704000{index:04}", "memo": "new"} for index in range(3)]
    wanted.append({"number": "07040000003", "state": "absent"})
    first, second = yield [
        bulk(wanted, prune=True, max_deletions=0),
        bulk(wanted, prune=True, max_deletions=0),
    ]
    assert first.failed
    assert summary_of(first) == {"updated": 2, "unchanged": 1, "failed": 1}
    assert entries_of(first)[3]["msg"].startswith("held back")
    assert DELETE not in first.requests(sim)
    assert summary_of(second) == {"updated": 1, "unchanged": 2, "deleted": 1}
    assert live(sim) == ["07040000000", "07040000001", "07040000002"]


@scenario()
def test_prune(sim: Simulator) -> Script:
    held(sim, 5)
    sim.add("07040001111", status="scheduled")
    sim.add("0212345678", provider="vox")
    sim.add("0212345679", provider="vox", status="cancel_requested")
    sim.add("07040009999", status="expired")
    wanted = [{"number": "+82-70-4000-0000"}, {"number": "07040000001", "state": "absent"}]
    beyond, checked, done, again = yield [
        bulk(wanted, prune=True, max_deletions=3),
        bulk(wanted, prune=True, max_deletions=4, check_mode=True, diff=True),
        bulk(wanted, prune=True, max_deletions=4, diff=True),
        bulk(wanted, prune=True, max_deletions=4),
    ]
    gone = ["07040000002", "07040000003", "07040000004", "07040001111"]
    assert beyond.failed
    assert beyond.bodies(sim) == []
    assert "prune would release 4 numbers, but max_deletions is 3" in beyond.message
    assert all(number in beyond.message for number in gone)
    assert beyond.result["failure"]["message"] in beyond.message
    for task in (beyond, checked, done):
        assert [entry["number"] for entry in task.result["pruned"]] == gone
    assert checked.bodies(sim) == []
    for task in (checked, done):
        assert [entry["actions"] for entry in task.result["pruned"]] == [["deleted"]] * 4
        assert summary_of(task) == {"unchanged": 1, "deleted": 5}
        assert set(task.result["diff"]["before"]) == {"07040000001", *gone}
        assert task.result["diff"]["after"] == {}
    assert done.requests(sim) == [*UNKNOWN, *[DELETE] * 5]
    assert again.requests(sim) == UNKNOWN
    assert again.result["changed"] is False
    assert again.result["pruned"] == []
    statuses = {number["number"]: number["status"] for number in sim.numbers()}
    assert statuses["07040000000"] == statuses["0212345678"] == "active"
    assert statuses["0212345679"] == "cancel_requested"


@scenario()
def test_prune_is_refused(sim: Simulator) -> Script:
    held(sim, 2)
    empty, absent, negative, boolean, wrong = yield [
        bulk([], prune=True, max_deletions=100),
        bulk([{"number": "07040000000", "state": "absent"}], prune=True, max_deletions=100),
        bulk(numbered(1), prune=True, max_deletions=-1),
        bulk(numbered(1), prune=True, max_deletions=True),
        bulk([*numbered(1), {"number": "x"}], prune=True, max_deletions=100),
    ]
    assert "prune with an empty list" in empty.message
    assert "with only absent entries" in absent.message
    assert "max_deletions is -1" in negative.message
    assert "max_deletions is True" in boolean.message
    assert "entry 2 (x): number 'x' has 'x' as character 1" in wrong.message
    for task in (empty, absent, negative, boolean):
        assert task.requests(sim) == []
    for task in (empty, absent, negative, boolean, wrong):
        assert task.failed
        assert task.result["pruned"] == []
    assert len(live(sim)) == 2
    assert sim.writes == []


@scenario()
def test_a_password_that_the_api_quotes(sim: Simulator) -> Script:
    error = {"code": "VALIDATION_ERROR", "message": f"no: {PASSWORD}", "details": {"field": "auth_password"}}
    sim.fault("answer", status=400, body={"error": error})
    (seen,) = yield [bulk(numbered(1, auth_password=PASSWORD), diff=True)]
    assert seen.failed
    assert "no: ********" in seen.message
    assert "(auth_password)" in seen.message


@scenario()
def test_arguments_in_the_output(sim: Simulator) -> Script:
    held(sim, 2)
    (seen,) = yield [bulk(numbered(2, auth_password=PASSWORD))]
    # Since ansible-core 2.21, they are shown only on request.
    shown = seen.result.get("invocation", {"module_args": {"telephone_numbers": "(2 entries, see the result)"}})
    assert shown["module_args"]["telephone_numbers"] == "(2 entries, see the result)"


@scenario(CONTROLLER)
def test_an_empty_list(sim: Simulator) -> Script:
    (seen,) = yield [bulk([])]
    assert not seen.failed
    assert (seen.result["changed"], seen.result["telephone_numbers"]) == (False, [])
    assert sim.requests == []


@scenario(api_key="unknown-Xyzzy")
def test_a_listing_that_fails(sim: Simulator) -> Script:
    held(sim, 3)
    (seen,) = yield [bulk(numbered(3))]
    assert seen.failed
    assert seen.result["failure"]["http_status"] == 401
    assert seen.message.count("HTTP 401") == 1
    assert "nothing was changed" in seen.message
    assert summary_of(seen) == {"failed": 3}
    assert seen.requests(sim) == [LIST]


@scenario(CONTROLLER)
def test_lost_responses(sim: Simulator) -> Script:
    for occurrence, fault in ((3, "close_after"), (5, "error_after"), (8, "close_before"), (12, "truncated")):
        sim.fault(fault, occurrence=occurrence)
    sim.fault("rate_limited", occurrence=15, retry_after=1)
    done, again = yield [bulk(numbered(20, auth_password=PASSWORD)), bulk(numbered(20))]
    assert summary_of(done) == {"registered": 20}
    assert sorted(live(sim)) == [one["number"] for one in numbered(20)]
    # Two of these five were never processed. Only these are sent twice.
    assert Counter(done.requests(sim))[REGISTER] == 22
    assert summary_of(again) == {"unchanged": 20}


@scenario(CONTROLLER)
def test_a_service_that_breaks_down(sim: Simulator) -> Script:
    sim.fault("error_before", occurrence=0)
    (seen,) = yield [bulk(numbered(60))]
    assert summary_of(seen) == {"failed": 60}
    begun = [entry for entry in entries_of(seen) if not entry["msg"].startswith("not processed")]
    # The task stops as soon as it is clear that the API itself fails.
    assert 8 <= len(begun) <= 16
    assert all(entry["failure"]["http_status"] == 500 for entry in begun)
    assert "and 40 more" in seen.message


@scenario(CONTROLLER)
def test_agents_by_name(sim: Simulator) -> Script:
    held(sim, 20)
    for index in range(150):
        sim.add_agent(f"Desk {index}")
    few = [{"number": f"0704000{i:04}", "inbound_agent": {"agent_name": f"Desk {i % 3}"}} for i in range(20)]
    many = [{"number": f"0704000{i:04}", "inbound_agent": {"agent_name": f"Desk {i}"}} for i in range(20)]
    first, second, third = yield [bulk(few), bulk(many), bulk(many)]
    assert Counter(first.requests(sim)) == {LIST: 1, AGENTS: 3, PATCH_AGENTS: 20}
    # The run has the ids of three of them already.
    assert Counter(second.requests(sim)) == {LIST: 1, AGENTS: 2, PATCH_AGENTS: 17}
    # Agents are known for 30 seconds. On a machine with other work, the hosts of this play can take longer for a task.
    assert third.requests(sim) == [LIST] or third.start - second.start > 30


@scenario(CONTROLLER)
def test_a_run_remembers_its_writes_despite_a_stale_list(sim: Simulator) -> Script:
    held(sim, 2)
    sim.switches.list_lag = 30
    given_up, taken, again, anew = yield [
        bulk([{"number": "07040000000", "state": "absent"}, *numbered(3)[2:]]),
        bulk(numbered(3)[:1] + numbered(3)[2:]),
        bulk(numbered(3)[:1] + numbered(3)[2:]),
        bulk(numbered(1, memo="new")),
    ]
    assert summary_of(given_up) == {"registered": 1, "deleted": 1}
    assert summary_of(taken) == {"registered": 1, "unchanged": 1}
    assert summary_of(again) == {"unchanged": 2}
    assert summary_of(anew) == {"updated": 1}
    assert live(sim) == ["07040000000", "07040000001", "07040000002"]


@scenario(ways=("module",))
def test_numbers_that_a_stale_list_shows_wrongly(sim: Simulator) -> Script:
    """In the stale list, a released number is still held, and a held number is missing."""
    held(sim, 2)
    sim.switches.list_lag = 30
    given_up, taken, anew = yield [
        bulk([{"number": "07040000000", "state": "absent"}, *numbered(3)[2:]]),
        bulk(numbered(3)[:1] + numbered(3)[2:]),
        bulk(numbered(1, memo="new")),
    ]
    assert summary_of(given_up) == {"registered": 1, "deleted": 1}
    assert taken.failed
    assert summary_of(taken) == {"unchanged": 1, "failed": 1}
    assert entries_of(taken)[1]["failure"]["http_status"] == 409
    assert summary_of(anew) == {"registered": 1}
    assert live(sim) == ["07040000000", "07040000001", "07040000002"]


def test_two_tasks_with_one_list(ansible: Ansible, sim: Simulator) -> None:
    sim.switches.latency = 0.01
    hosts = {name: ansible.host("action", vox_url=sim.url, vox_key=KEY) for name in ("first", "second")}
    task = bulk(numbered(100, auth_password=PASSWORD), api_url="{{ vox_url }}", api_key="{{ vox_key }}")
    run = ansible.run([{"hosts": "all", "gather_facts": False, "tasks": [task]}], hosts)
    (first,), (second,) = run.of("first"), run.of("second")
    assert not first.failed and not second.failed, run.output
    # Both tasks must overlap. Otherwise, the test would prove nothing.
    assert first.start < second.end and second.start < first.end
    assert live(sim) == [one["number"] for one in numbered(100)]
    registered = [summary_of(task).get("registered", 0) for task in (first, second)]
    assert sum(registered) == 100


@pytest.mark.parametrize(("callback", "lines"), [("default", 1), ("minimal", 0)])
def test_progress_is_shown(ansible: Ansible, sim: Simulator, callback: str, lines: int) -> None:
    hosts = {"org": ansible.host("action", vox_url=sim.url, vox_key=KEY)}
    pace = {"requests_per_second": 4, "requests_per_minute": 0}
    task = bulk(numbered(24), api_url="{{ vox_url }}", api_key="{{ vox_key }}", **pace) | {"name": "Keep the numbers"}
    play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    run = ansible.run(play, hosts, ANSIBLE_STDOUT_CALLBACK=callback)
    assert run.code == 0, run.output
    shown = [line for line in run.output.splitlines() if "PROGRESS" in line]
    assert len(shown) == lines
    for line in shown:
        assert line.startswith("PROGRESS - [org]: Keep the numbers (")
        assert line.endswith(" of 24 numbers done)")


@scenario(CONTROLLER)
def test_found_changes_are_reported_although_the_api_fails_later(sim: Simulator) -> Script:
    held(sim, 24, memo="theirs")
    for _index in range(3):
        sim.fault("answer", "GET", "/organization-telephone-numbers", body={"items": [], "next_cursor": None})
    sim.fault("error_before", "PATCH", "/organization-telephone-numbers/{id}", occurrence=0, status=403)
    (seen,) = yield [bulk(numbered(24, memo="ours"))]
    entries = entries_of(seen)
    assert summary_of(seen) == {"failed": 24}
    assert [entry["telephone_number"] for entry in entries] == sim.numbers()
    refused = [entry for entry in entries if entry["failure"]["http_status"] == 403]
    assert len(refused) < 24
    assert all("not finished: the API has failed" in entry["msg"] for entry in entries if entry not in refused)
    assert "not looked for" not in seen.message


@scenario(CONTROLLER)
def test_a_task_does_not_wait_for_responses_after_its_timeout(sim: Simulator) -> Script:
    """The responses would take longer than the run. The sent requests take effect, and nothing else is sent."""
    for _index in range(8):
        sim.fault("slow", "POST", seconds=600)
    stopped, next_one = yield [bulk(numbered(12), timeout=580) | {"timeout": 6}, bulk(numbered(12))]
    assert stopped.failed
    assert stopped.requests(sim) == [*UNKNOWN, *[REGISTER] * 8]
    assert not next_one.failed
    assert summary_of(next_one) == {"registered": 4, "unchanged": 8}
    assert len(sim.writes) == 12
    assert live(sim) == [entry["number"] for entry in numbered(12)]


@scenario(CONTROLLER)
def test_the_next_item_runs_after_a_timeout(sim: Simulator) -> Script:
    sim.fault("slow", "POST", seconds=600)
    entries = [{"number": f"0704000{{{{ item }}}}00{index}", "address": ADDRESS} for index in range(2)]
    (looped,) = yield [bulk(entries, timeout=580) | {"loop": ["0", "1"], "timeout": 6}]
    first, second = looped.result["results"]
    # The result of a timeout is from Ansible.
    assert "summary" not in first
    assert second["summary"] == NOTHING | {"registered": 2}
    assert live(sim) == sorted(f"0704000{item}00{index}" for item in range(2) for index in range(2))
