# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The items of a loop share one connection and one listing, and nothing else."""

from __future__ import annotations

from integration._playbook import (
    GET,
    KEY,
    LIST,
    NUMBER,
    OTHER_KEY,
    PATCH_MEMO,
    REGISTER,
    UNKNOWN,
    VENDOR_EXAMPLE,
    Ansible,
    vox,
)
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator

MODULE = ("module",)


@scenario(CONTROLLER)
def test_thirty_held_numbers_need_one_page(sim: Simulator) -> Script:
    for index in range(130):
        sim.add(f"0704000{index:04}")
    # The newest number is 129, so all items are on the first page.
    (looped,) = yield [vox({"number": "0704000{{ '%04d' | format(item) }}"}, loop=list(range(110, 80, -1)))]
    assert looped.requests(sim) == [LIST]
    results = looped.result["results"]
    assert [item["telephone_number"]["number"] for item in results] == [f"0704000{i:04}" for i in range(110, 80, -1)]
    assert sum(item["api_requests"] for item in results) == 1
    assert len({request.connection for request in looped.logged(sim)}) == 1


@scenario(CONTROLLER)
def test_items_share_a_listing_of_two_pages(sim: Simulator) -> Script:
    for index in range(130):
        sim.add(f"0704000{index:04}")
    (looped,) = yield [vox({"number": "0704000{{ '%04d' | format(item) }}"}, loop=list(range(0, 60, 2)))]
    assert looped.requests(sim) == [LIST, LIST]
    assert len({request.connection for request in looped.logged(sim)}) == 1


@scenario(CONTROLLER)
def test_five_registrations_share_a_listing(sim: Simulator) -> Script:
    numbers = [f"0704000000{index}" for index in range(5)]
    (looped,) = yield [vox(VENDOR_EXAMPLE | {"number": "{{ item }}"}, loop=numbers)]
    assert looped.requests(sim) == [*UNKNOWN, *[REGISTER] * 5]
    assert len({request.connection for request in looped.logged(sim)}) == 1
    assert [number["number"] for number in sim.numbers()] == numbers


@scenario(MODULE)
def test_a_module_connects_for_each_item(sim: Simulator) -> Script:
    sim.add("07040000000")
    sim.add("07040000001")
    (looped,) = yield [vox({"number": "{{ item }}"}, loop=["07040000000", "07040000001"])]
    assert looped.requests(sim) == [LIST, LIST]
    assert len({request.connection for request in looped.logged(sim)}) == 2


@scenario(CONTROLLER)
def test_next_task_sees_the_change_of_another_client(sim: Simulator) -> Script:
    """Each task runs in its own process. The processes of a run share their state."""
    record = sim.add(NUMBER)
    other = sim.add("0212345678")
    sim.fault(
        "meanwhile",
        "GET",
        "/organization-telephone-numbers/{id}",
        change=lambda: sim.change(record["id"], memo="theirs"),
    )
    first, second, third = yield [vox({"number": NUMBER}), vox({"number": NUMBER}), vox({"number": "0212345678"})]
    assert first.requests(sim) == [LIST]
    assert second.requests(sim) == [GET]
    assert third.requests(sim) == []
    assert (second.record["memo"], third.record["id"]) == ("theirs", other["id"])
    assert first.logged(sim)[0].connection != second.logged(sim)[0].connection


@scenario(CONTROLLER)
def test_until_reads_the_number_in_each_attempt(sim: Simulator) -> Script:
    sim.add(NUMBER, memo="x")
    (retried,) = yield [vox({"number": NUMBER}, register="seen", until="seen.api_requests == 0", retries=2, delay=0)]
    assert retried.failed
    assert retried.requests(sim) == [LIST, GET, GET]


@scenario(CONTROLLER)
def test_failed_item_does_not_affect_the_next(sim: Simulator) -> Script:
    for index in range(3):
        sim.add(f"0704000000{index}")
    sim.fault("answer", "PATCH", "/organization-telephone-numbers/{id}", occurrence=2, status=400, body={})
    wrong = [{"number": 7, "memo": "new"}, {"number": "07040000009", "memo": "new"}]
    right = [{"number": f"0704000000{index}", "memo": "new"} for index in range(3)]
    items = [wrong[0], right[0], wrong[1], right[1], right[2]]
    (looped,) = yield [vox({"number": "{{ item.number }}", "memo": "{{ item.memo }}"}, loop=items)]
    assert looped.failed
    assert [bool(item.get("failure")) for item in looped.result["results"]] == [True, False, True, True, False]
    # Before ansible-core 2.19, 7 arrives as a string. No such number is held.
    assert [line for line in looped.requests(sim) if line != LIST] == [PATCH_MEMO, PATCH_MEMO, GET, PATCH_MEMO]
    assert looped.requests(sim).count(LIST) == 3
    assert [number["memo"] for number in sim.numbers()] == ["new", None, "new"]


@scenario(CONTROLLER)
def test_same_number_twice_in_a_loop(sim: Simulator) -> Script:
    (looped,) = yield [
        vox({"number": NUMBER, "address": "sip:a", "memo": "{{ item }}"}, loop=["one", "two", "two"]),
    ]
    assert [item["actions"] for item in looped.result["results"]] == [["registered"], ["memo_updated"], []]
    assert looped.requests(sim) == [*UNKNOWN, REGISTER, GET, PATCH_MEMO, GET]


@scenario(CONTROLLER, other=OTHER_KEY)
def test_two_organizations_in_one_loop(sim: Simulator) -> Script:
    sim.add(NUMBER, memo="first")
    sim.add(NUMBER, memo="second", key=OTHER_KEY)
    keys = "{{ [api_key, other, api_key] }}"
    (looped,) = yield [vox({"number": NUMBER, "api_key": "{{ item }}"}, loop=keys, no_log=True)]
    assert [request.key for request in looped.logged(sim)] == [KEY, OTHER_KEY, KEY]
    assert looped.requests(sim) == [LIST, LIST, GET]


@scenario(CONTROLLER)
def test_items_with_different_timeouts_share_their_state(sim: Simulator) -> Script:
    sim.add(NUMBER, memo="a")
    sim.add("0212345678")
    items = [
        {"number": "0212345678", "state": "present", "timeout": 30},
        {"number": NUMBER, "state": "absent", "timeout": 20},
        {"number": NUMBER, "state": "present", "timeout": 30},
    ]
    arguments = {name: f"{{{{ item.{name} }}}}" for name in ("number", "state", "timeout")}
    (looped,) = yield [vox(arguments | {"address": "sip:trunk.example.com"}, loop=items)]
    assert [item["actions"] for item in looped.result["results"]] == [[], ["deleted"], ["registered"]]
    assert [number["status"] for number in sim.numbers() if number["number"] == NUMBER] == ["expired", "active"]


@scenario(CONTROLLER, limits={"VOX_REQUESTS_PER_SECOND": "4"})
def test_items_share_the_rate_limit(sim: Simulator) -> Script:
    (looped,) = yield [
        vox({"number": "0704000000{{ item }}", "address": "sip:a"}, loop=list(range(6)), environment="{{ limits }}"),
    ]
    times = [request.at for request in looped.logged(sim)]
    assert len(times) == 9
    # Four per second. Counted from the start of the task, because a busy machine can only make this longer.
    assert times[4] - looped.start >= 1
    assert times[8] - looped.start >= 2


def test_two_hosts_of_two_organizations(ansible: Ansible, sim: Simulator) -> None:
    for index in range(3):
        sim.add(f"0704000000{index}", memo="first")
        sim.add(f"0704000000{index}", memo="second", key=OTHER_KEY)
    hosts = {
        "first": ansible.host("action", vox_url=sim.url, vox_key=KEY),
        "second": ansible.host("action", vox_url=sim.url, vox_key=OTHER_KEY),
    }
    arguments = {"number": "0704000000{{ item }}", "api_url": "{{ vox_url }}", "api_key": "{{ vox_key }}"}
    run = ansible.run(
        [{"hosts": "all", "gather_facts": False, "tasks": [vox(arguments, loop=[0, 1, 2])]}],
        hosts,
    )
    for host, key in (("first", KEY), ("second", OTHER_KEY)):
        (looped,) = run.of(host)
        assert [item["telephone_number"]["memo"] for item in looped.result["results"]] == [host] * 3
        assert len([request for request in sim.requests if request.key == key]) == 1
    assert run.code == 0
