# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers are released."""

from __future__ import annotations

from integration._playbook import DELETE, GET, LIST, NUMBER, UNKNOWN, vox
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator

GONE = {"number": NUMBER, "state": "absent"}
ID = "55555555-5555-4555-8555-555555555555"


@scenario()
def test_a_custom_number_is_deleted(sim: Simulator) -> Script:
    sim.add(NUMBER)
    checked, deleted, again, checked_again = yield [
        vox(GONE, check_mode=True, diff=True),
        vox(GONE, diff=True),
        vox(GONE, diff=True),
        vox(GONE, check_mode=True),
    ]
    assert checked.requests(sim) == [LIST]
    assert deleted.after_look_up(sim) == [DELETE]
    for task in (checked, deleted):
        assert task.result["actions"] == ["deleted"]
        assert task.record is None
        assert task.result["diff"]["before"]["number"] == NUMBER
        assert task.result["diff"]["after"] == {}
    for task in (again, checked_again):
        assert task.after_look_up(sim) == []
        assert task.result["changed"] is False
        assert task.record is None
    assert again.result["diff"] == {"before": {}, "after": {}}
    assert [number["status"] for number in sim.numbers()] == ["expired"]


def _deleted_with_a_lost_response(sim: Simulator) -> Script:
    """At the second DELETE, the number has expired, or its cancellation is pending."""
    bought = sim.add("0212345678", provider="vox")
    for record in (sim.add(NUMBER), bought):
        sim.fault("close_after", method="DELETE", path=f"/organization-telephone-numbers/{record['id']}")
    deleted, cancelled = yield [
        vox(GONE),
        vox({"number": bought["number"], "state": "absent", "cancel_vox_number": True}),
    ]
    assert deleted.result["actions"] == ["deleted"]
    assert deleted.record is None
    assert cancelled.result["actions"] == ["cancel_requested"]
    assert cancelled.record["status"] == "cancel_requested"


@scenario(CONTROLLER)
def test_a_second_deletion_that_is_refused(sim: Simulator) -> Script:
    sim.switches.delete_expired = sim.switches.delete_cancel_requested = 409
    yield from _deleted_with_a_lost_response(sim)


@scenario(CONTROLLER)
def test_a_second_deletion_that_is_accepted(sim: Simulator) -> Script:
    sim.switches.delete_expired = sim.switches.delete_cancel_requested = 200
    yield from _deleted_with_a_lost_response(sim)


@scenario(CONTROLLER)
def test_a_pending_cancellation_must_be_revoked_before_other_changes(sim: Simulator) -> Script:
    sim.switches.patch_cancel_requested = False
    sim.switches.register_status = 200
    sim.add("0212345678", provider="vox", status="cancel_requested")
    changed, registered = yield [
        vox({"number": "0212345678", "memo": "m"}),
        vox({"number": NUMBER, "address": "sip:a"}),
    ]
    assert changed.result["actions"] == ["cancel_revoked", "memo_updated"]
    assert registered.result["actions"] == ["registered"]


@scenario()
def test_a_bought_number_is_cancelled_only_on_request(sim: Simulator) -> Script:
    sim.add(NUMBER, provider="vox")
    refused, checked, cancelled, again, again_by_accident = yield [
        vox(GONE, check_mode=True),
        vox(GONE | {"cancel_vox_number": True}, check_mode=True),
        vox(GONE | {"cancel_vox_number": True}),
        vox(GONE | {"cancel_vox_number": True}),
        vox(GONE),
    ]
    assert refused.failed
    assert "cancel_vox_number" in refused.message
    assert refused.record["status"] == "active"
    assert checked.result["actions"] == cancelled.result["actions"] == ["cancel_requested"]
    assert checked.record["status"] == "cancel_requested"
    assert cancelled.after_look_up(sim) == [DELETE, GET]
    assert cancelled.record == sim.numbers()[0]
    assert cancelled.record["status"] == "cancel_requested"
    for task in (again, again_by_accident):
        assert task.after_look_up(sim) == []
        assert task.result["changed"] is False
        assert task.record["status"] == "cancel_requested"
    assert len(sim.writes) == 1


@scenario(CONTROLLER)
def test_a_bought_number_is_also_refused_outside_check_mode(sim: Simulator) -> Script:
    sim.add(NUMBER, provider="vox")
    (refused,) = yield [vox(GONE)]
    assert refused.failed
    assert sim.writes == []


@scenario(CONTROLLER)
def test_a_number_that_was_never_held(sim: Simulator) -> Script:
    sim.add("07099990000")
    sim.add(NUMBER, status="expired")
    by_number, by_id = yield [vox(GONE), vox({"id": ID, "state": "absent"})]
    assert by_number.requests(sim) == UNKNOWN
    # At a wrong URL, every response is a 404, so the module verifies that it is the API.
    assert by_id.after_look_up(sim) == []
    for task in (by_number, by_id):
        assert not task.failed
        assert task.result["changed"] is False
        assert task.record is None


@scenario(CONTROLLER)
def test_by_id(sim: Simulator) -> Script:
    sim.add(NUMBER, id=ID)
    by_id = {"id": ID, "state": "absent"}
    deleted, again = yield [vox(by_id), vox(by_id)]
    assert deleted.requests(sim) == [GET, DELETE]
    assert deleted.result["actions"] == ["deleted"]
    assert again.requests(sim) == [GET]
    assert again.result["changed"] is False


@scenario(CONTROLLER)
def test_a_deletion_with_a_lost_response(sim: Simulator) -> Script:
    sim.fault("close_after", "DELETE", "/organization-telephone-numbers/{id}")
    sim.add(NUMBER)
    (seen,) = yield [vox(GONE)]
    # The 404 for the second DELETE counts as success.
    assert seen.requests(sim) == [LIST, DELETE, DELETE, GET]
    assert seen.result["actions"] == ["deleted"]
    assert seen.record is None


@scenario(CONTROLLER)
def test_a_number_that_another_client_has_deleted(sim: Simulator) -> Script:
    sim.fault("answer", "DELETE", "/organization-telephone-numbers/{id}", status=404, body={}, processed=True)
    sim.add(NUMBER)
    (seen,) = yield [vox(GONE)]
    assert not seen.failed
    assert seen.result["actions"] == []
    assert seen.record is None


@scenario(alike=False)
def test_a_404_of_a_wrong_url_is_not_an_absent_number(sim: Simulator) -> Script:
    sim.add(NUMBER, id=ID)
    by_id = {"id": ID, "state": "absent"}
    wrong, looped, without_a_path = yield [
        vox(by_id | {"api_url": f"{sim.url}/v3"}),
        # In the controller, one list is enough for all items of a loop. As a module, each item needs its own.
        vox({"id": "{{ item }}", "state": "absent"}, loop=[ID[:-1] + digit for digit in "678"]),
        vox(by_id | {"api_url": sim.url.removesuffix("/v3")}),
    ]
    assert wrong.failed
    assert "HTTP 404" in wrong.message
    assert "Check api_url" in wrong.message
    assert wrong.result["api_requests"] == 2
    assert not looped.failed
    assert looped.requests(sim) in ([GET, LIST, GET, GET], [GET, LIST] * 3)
    assert without_a_path.requests(sim) == [GET, DELETE]
    assert without_a_path.result["actions"] == ["deleted"]
