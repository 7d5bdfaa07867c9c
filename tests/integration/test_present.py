# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers are registered, found, and updated if they differ."""

from __future__ import annotations

from integration._playbook import (
    AGENTS,
    DELETE,
    GET,
    HIDDEN,
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
    bulk,
    vox,
)
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator

FRONT_DESK = "11111111-1111-4111-8111-111111111111"
NIGHT_DESK = "22222222-2222-4222-8222-222222222222"


@scenario()
def test_vendors_example(sim: Simulator) -> Script:
    checked, done, again, checked_again = yield [
        vox(VENDOR_EXAMPLE, check_mode=True, diff=True),
        vox(VENDOR_EXAMPLE, diff=True),
        vox(VENDOR_EXAMPLE, diff=True),
        vox(VENDOR_EXAMPLE, check_mode=True),
    ]
    (number,) = sim.numbers()
    after = {
        "number": NUMBER,
        "provider": "custom",
        "status": "active",
        "address": "sip:trunk.example.com:5060",
        "memo": "본사 대표번호",
        "inbound_agent": None,
        "outbound_agent": None,
        "sms_inbound_agent": None,
    }
    credentials = {"auth_username": "vox-customer-12", "auth_password": HIDDEN}

    assert checked.requests(sim) == UNKNOWN
    assert checked.result["actions"] == ["registered"]
    assert checked.record == dict.fromkeys(number) | after
    assert checked.result["diff"] == {"before": {}, "after": after | credentials}

    assert done.requests(sim) == [*UNKNOWN, REGISTER]
    assert done.bodies(sim) == [VENDOR_EXAMPLE]
    assert done.result["actions"] == ["registered"]
    assert done.record == number
    assert len(number) == 17
    assert done.result["diff"] == checked.result["diff"]
    assert sim.credentials(number["id"]) == ("vox-customer-12", PASSWORD)

    for unchanged in (again, checked_again):
        assert unchanged.after_look_up(sim) == []
        assert unchanged.result["changed"] is False
        assert unchanged.result["actions"] == []
        assert unchanged.record == number
    assert again.result["diff"] == {"before": after, "after": after}
    assert "diff" not in checked_again.result


@scenario(CONTROLLER)
def test_usual_notations_of_numbers(sim: Simulator) -> Script:
    written = {
        "070-1111-2222": "07011112222",
        "070 1111 2222": "07011112222",
        "(070) 1111-2222": "07011112222",
        "+82 70-1111-2222": "07011112222",
        "+82-(0)70-1111-2222": "07011112222",
        "+82 1588-0000": "15880000",
        "1588-0000": "15880000",
    }
    # In check mode, so that the organization holds no number at each item.
    (looped,) = yield [vox({"number": "{{ item }}", "address": "sip:a"}, loop=list(written), check_mode=True)]
    assert [item["telephone_number"]["number"] for item in looped.result["results"]] == list(written.values())


@scenario(CONTROLLER)
def test_invalid_numbers(sim: Simulator) -> Script:
    wrong = [
        "call-me",
        "+1 202 555 0100",
        "- -",
        "9" * 21,
        "０７０１１１１２２２２",
        "",
        " ",
        "(070 1111 2222",
        "070/1111",
    ]
    (looped,) = yield [vox({"number": "{{ item }}", "address": "sip:a"}, loop=wrong)]
    assert sim.requests == []
    for item in looped.result["results"]:
        assert item["failure"]["http_status"] is None
        assert "number" in item["msg"]
    assert len(looped.result["results"]) == len(wrong)


@scenario()
def test_an_integer_is_refused(sim: Simulator) -> Script:
    seen = yield """\
- {voxai.telephony.vox_telephone_number: {number: 07011112222, address: "sip:a"}, ignore_errors: true}
- {voxai.telephony.vox_telephone_number: {number: 15880000, address: "sip:a"}, ignore_errors: true}
- {voxai.telephony.vox_telephone_number: {number: 0.5, address: "sip:a"}, ignore_errors: true, check_mode: true}
"""
    assert sim.requests == []
    for task in seen:
        assert task.failed
        assert "Write it in quotes" in task.message
        assert "in quotes, '07011112222', or with hyphens, 070-1111-2222" in task.message
    assert len(seen) == 3


@scenario()
def test_a_warning_for_a_number_that_may_have_been_octal(sim: Simulator) -> Script:
    octal, plain = yield [
        vox({"number": "941921426", "address": "sip:a"}, check_mode=True),
        vox({"number": "1588-0000", "address": "sip:a"}, check_mode=True),
    ]
    (warning,) = octal.result["warnings"]
    assert "octal" in str(warning)
    assert "warnings" not in plain.result


@scenario(CONTROLLER)
def test_a_number_on_the_third_page(sim: Simulator) -> Script:
    for index in range(250):
        sim.add(f"0704000{index:04}")
    found, on_the_first = yield [vox({"number": "07040000010"}), vox({"number": "07040000249"})]
    # Newest first, 100 per page.
    assert found.requests(sim) == [LIST, LIST, LIST]
    assert {request.query[0] for request in found.logged(sim)} == {("status", "active")}
    assert found.result["changed"] is False
    assert found.record["number"] == "07040000010"
    # The next task of the run has its record already.
    assert on_the_first.requests(sim) == []


@scenario(CONTROLLER)
def test_a_scheduled_number(sim: Simulator) -> Script:
    sim.add(NUMBER, status="scheduled")
    (seen,) = yield [vox(VENDOR_EXAMPLE | {"memo": ""})]
    assert seen.requests(sim) == [LIST, LIST]
    assert seen.result["changed"] is False
    assert seen.record["status"] == "scheduled"


@scenario(CONTROLLER)
def test_a_cancellation_is_revoked(sim: Simulator) -> Script:
    sim.add(NUMBER, provider="vox", status="cancel_requested")
    checked, seen, again = yield [
        vox({"number": NUMBER, "memo": "kept"}, check_mode=True),
        vox({"number": NUMBER, "memo": "kept"}),
        vox({"number": NUMBER, "memo": "kept"}),
    ]
    assert checked.result["actions"] == ["cancel_revoked", "memo_updated"]
    assert checked.record["status"] == "active"
    assert seen.after_look_up(sim) == [REVOKE_CANCEL, PATCH_MEMO]
    assert seen.result["actions"] == ["cancel_revoked", "memo_updated"]
    assert seen.record == sim.numbers()[0]
    assert (seen.record["status"], seen.record["cancel_requested_at"]) == ("active", None)
    assert again.result["changed"] is False


@scenario(CONTROLLER)
def test_an_expired_record_of_the_same_number_is_ignored(sim: Simulator) -> Script:
    live = sim.add(NUMBER, memo="live")
    sim.add(NUMBER, status="expired", memo="gone")
    sim.add("07033334444", status="expired")
    beside, alone = yield [vox({"number": NUMBER}), vox(VENDOR_EXAMPLE | {"number": "07033334444"})]
    assert beside.requests(sim) == [LIST]
    assert beside.record == live
    assert alone.result["actions"] == ["registered"]
    assert alone.record["status"] == "active"


@scenario()
def test_only_what_differs_is_sent(sim: Simulator) -> Script:
    sim.add_agent("Front desk", agent_id=FRONT_DESK)
    sim.add(NUMBER, memo="old", auth_password="other", outbound_agent={"agent_id": FRONT_DESK, "agent_version": "v2"})
    agent = {"agent_id": FRONT_DESK}
    moved = VENDOR_EXAMPLE | {"address": "sip:new.example.com"}
    alone, credentials, all_of_it, outbound, nothing = yield [
        vox({"number": NUMBER, "memo": "new"}, diff=True),
        vox({"number": NUMBER, "address": "sip:TRUNK.example.com", "auth_username": "u", "auth_password": PASSWORD}),
        vox(moved | {"inbound_agent": agent}, diff=True),
        vox({"number": NUMBER, "inbound_agent": agent, "outbound_agent": agent}),
        vox({"number": NUMBER}),
    ]
    assert alone.after_look_up(sim) == [PATCH_MEMO]
    assert alone.bodies(sim) == [{"memo": "new"}]
    assert alone.result["diff"]["before"] | {"memo": "new"} == alone.result["diff"]["after"]
    assert credentials.after_look_up(sim) == []
    assert all_of_it.after_look_up(sim) == [PATCH_SIP, PATCH_AGENTS]
    sip = {name: value for name, value in moved.items() if name != "number"}
    assert all_of_it.bodies(sim) == [sip, {"inbound_agent": agent}]
    assert all_of_it.result["actions"] == ["sip_updated", "memo_updated", "agents_updated"]
    assert all_of_it.result["diff"]["after"]["auth_password"] == HIDDEN
    assert all_of_it.record["outbound_agent"] == {"agent_id": FRONT_DESK, "agent_version": "v2"}
    # Without a version, the mapped one is kept.
    assert outbound.after_look_up(sim) == []
    assert nothing.after_look_up(sim) == []
    assert nothing.record == sim.numbers()[0]


@scenario(CONTROLLER)
def test_empty_values_clear(sim: Simulator) -> Script:
    mapped = {"agent_id": FRONT_DESK, "agent_version": "current"}
    sim.add_agent("Front desk", agent_id=FRONT_DESK)
    sim.add(NUMBER, memo="old", inbound_agent=mapped, sms_inbound_agent=mapped)
    wanted = {"number": NUMBER, "memo": "", "inbound_agent": {}}
    cleared, again = yield [vox(wanted), vox(wanted)]
    assert cleared.after_look_up(sim) == [PATCH_MEMO, PATCH_AGENTS]
    assert cleared.bodies(sim) == [{"memo": None}, {"inbound_agent": None}]
    assert cleared.record == sim.numbers()[0]
    assert (cleared.record["memo"], cleared.record["inbound_agent"]) == (None, None)
    assert cleared.record["sms_inbound_agent"] == mapped
    assert again.after_look_up(sim) == []


@scenario(CONTROLLER)
def test_an_address_that_is_returned_in_another_form(sim: Simulator) -> Script:
    sim.switches.echo_sip = False
    registered, again, spelled, other = yield [
        vox(VENDOR_EXAMPLE),
        vox(VENDOR_EXAMPLE),
        vox({"number": NUMBER, "address": "SIP:Trunk.Example.com"}),
        vox(VENDOR_EXAMPLE | {"address": "sip:trunk.example.com:5080"}),
    ]
    assert registered.record["address"] == "trunk.example.com:5060"
    assert again.after_look_up(sim) == spelled.after_look_up(sim) == []
    assert other.result["actions"] == ["sip_updated"]


@scenario()
def test_a_memo_that_is_returned_in_another_form(sim: Simulator) -> Script:
    sim.switches.echo_memo = False
    entry = {"number": NUMBER, "address": "sip:a", "memo": " 본사 "}
    many = [{"number": f"0701111{index:04}", "address": "sip:a", "memo": f" {index}"} for index in range(25)]
    registered, again, checked, as_returned, in_bulk = yield [
        vox(entry),
        vox(entry),
        vox(entry, check_mode=True),
        vox(entry | {"memo": "본사"}),
        bulk([entry, *many]),
    ]
    assert registered.result["actions"] == ["registered"]
    assert again.result["actions"] == checked.result["actions"] == ["memo_updated"]
    for task in (registered, again):
        (warning,) = task.result["warnings"]
        assert "memo was sent as ' 본사 ', and the API returned '본사'" in str(warning)
    assert as_returned.result["changed"] is False
    assert "warnings" not in as_returned.result
    warnings = [str(warning) for warning in in_bulk.result["warnings"]]
    assert "entry 1: memo was sent as ' 본사 '" in warnings[0]
    assert "entry 2: memo was sent as ' 0'" in warnings[1]
    assert "and 6 more" in warnings[20]
    assert len(warnings) == 21


@scenario(CONTROLLER)
def test_patches_with_empty_responses(sim: Simulator) -> Script:
    sim.switches.patch_answers = "empty"
    sim.add(NUMBER)
    (seen,) = yield [vox({"number": NUMBER, "memo": "new"})]
    assert seen.requests(sim) == [LIST, PATCH_MEMO, GET]
    assert seen.record == sim.numbers()[0]
    assert seen.record["memo"] == "new"


@scenario(CONTROLLER)
def test_agents_by_name(sim: Simulator) -> Script:
    sim.add_agent("Front desk", agent_id=FRONT_DESK)
    sim.add_agent("Front desk (night)", agent_id=NIGHT_DESK)
    sim.add_agent("Twin", agent_id="33333333-3333-4333-8333-333333333333")
    sim.add_agent("Twin", agent_id="44444444-4444-4444-8444-444444444444")
    one, none, several, nowhere = yield [
        vox(VENDOR_EXAMPLE | {"inbound_agent": {"agent_name": "Front desk", "agent_version": "v3"}}),
        vox({"number": NUMBER, "memo": "x", "inbound_agent": {"agent_name": "desk"}}),
        vox({"number": NUMBER, "memo": "x", "inbound_agent": {"agent_name": "Twin"}}, check_mode=True),
        vox({"number": "07099998888", "address": "sip:a", "inbound_agent": {"agent_name": "Nobody"}}),
    ]
    mapping = {"agent_id": FRONT_DESK, "agent_version": "v3"}
    assert one.requests(sim) == [*UNKNOWN, AGENTS, REGISTER, PATCH_AGENTS]
    assert one.bodies(sim) == [VENDOR_EXAMPLE, {"inbound_agent": mapping}]
    assert one.result["actions"] == ["registered", "agents_updated"]
    assert one.record["inbound_agent"] == mapping
    for refused in (none, several, nowhere):
        assert refused.failed
        assert refused.bodies(sim) == []
        assert refused.result["failure"]["http_status"] is None
    assert all(agent_id in none.message for agent_id in (FRONT_DESK, NIGHT_DESK))
    assert "33333333" in several.message and "44444444" in several.message
    assert len(sim.numbers()) == 1


@scenario(CONTROLLER)
def test_agent_versions(sim: Simulator) -> Script:
    for name, agent_id in (("Front desk", FRONT_DESK), ("Night desk", NIGHT_DESK)):
        sim.add_agent(name, agent_id=agent_id)
    sim.add(NUMBER, inbound_agent={"agent_id": FRONT_DESK, "agent_version": "production"})

    def to(**agent: str) -> dict[str, object]:
        return vox({"number": NUMBER, "inbound_agent": agent})

    same, upper, pinned, other, checked, wrong, both, version_alone = yield [
        to(agent_id=FRONT_DESK),
        to(agent_id=FRONT_DESK.upper()),
        to(agent_id=FRONT_DESK, agent_version="v12"),
        to(agent_id=NIGHT_DESK),
        vox({"number": NUMBER, "inbound_agent": {"agent_id": FRONT_DESK}}, check_mode=True),
        to(agent_id=FRONT_DESK, agent_version="v0"),
        to(agent_id=FRONT_DESK, agent_name="Front desk"),
        to(agent_version="v1"),
    ]
    assert same.after_look_up(sim) == upper.after_look_up(sim) == []
    assert pinned.bodies(sim) == [{"inbound_agent": {"agent_id": FRONT_DESK, "agent_version": "v12"}}]
    assert other.bodies(sim) == [{"inbound_agent": {"agent_id": NIGHT_DESK}}]
    assert other.record["inbound_agent"] == {"agent_id": NIGHT_DESK, "agent_version": "current"}
    assert checked.record["inbound_agent"] == {"agent_id": FRONT_DESK, "agent_version": "current"}
    for refused in (wrong, both, version_alone):
        assert refused.failed
        assert refused.requests(sim) == []
        assert "inbound_agent" in refused.message


@scenario(CONTROLLER)
def test_update_password(sim: Simulator) -> Script:
    number = sim.add(NUMBER, auth_username="old", auth_password="old")
    credentials = {"number": NUMBER, "auth_username": "u", "auth_password": PASSWORD}
    on_create, checked, always, again = yield [
        vox(credentials),
        vox(credentials | {"update_password": "always"}, check_mode=True),
        vox(credentials | {"update_password": "always"}, diff=True),
        vox(credentials | {"update_password": "always"}),
    ]
    assert on_create.after_look_up(sim) == []
    assert on_create.result["changed"] is False
    assert checked.result["actions"] == ["sip_updated"]
    for sent in (always, again):
        assert sent.after_look_up(sim) == [PATCH_SIP]
        assert sent.bodies(sim) == [{"auth_username": "u", "auth_password": PASSWORD}]
        assert sent.result["actions"] == ["sip_updated"]
    assert always.result["diff"]["after"]["auth_password"] == HIDDEN
    assert sim.credentials(number["id"]) == ("u", PASSWORD)


@scenario(CONTROLLER)
def test_an_address_without_its_required_password(sim: Simulator) -> Script:
    sim.add(NUMBER, auth_password="old")
    (refused,) = yield [vox({"number": NUMBER, "address": "sip:new.example.com"})]
    assert refused.failed
    assert refused.result["failure"]["http_status"] == 400
    assert refused.result["failure"]["details"]["field"] == "auth_password"
    assert "auth_password" in refused.message
    assert refused.result["changed"] is False
    assert refused.record == sim.numbers()[0]


@scenario(CONTROLLER)
def test_an_address_that_needs_no_password(sim: Simulator) -> Script:
    sim.switches.password_demanded = False
    sim.add(NUMBER)
    (seen,) = yield [vox({"number": NUMBER, "address": "sip:new.example.com"})]
    assert seen.bodies(sim) == [{"address": "sip:new.example.com"}]
    assert seen.result["actions"] == ["sip_updated"]


@scenario()
def test_an_address_that_the_api_refuses(sim: Simulator) -> Script:
    (refused,) = yield [vox(VENDOR_EXAMPLE | {"address": "sip:refused.example.com"})]
    assert refused.failed
    assert set(refused.result["failure"]) == {"http_status", "code", "message", "details"}
    assert refused.result["failure"]["http_status"] == 400
    assert refused.result["failure"]["code"] == "VALIDATION_ERROR"
    assert refused.result["failure"]["details"]["field"] == "address"
    assert refused.result["failure"]["message"] in refused.message
    assert refused.result["actions"] == []
    assert refused.record is None
    assert refused.requests(sim).count(REGISTER) == 1


@scenario(CONTROLLER)
def test_an_agent_that_the_api_refuses(sim: Simulator) -> Script:
    sim.fault("answer", "PATCH", "/organization-telephone-numbers/{id}/agent", status=400, body={})
    sim.add_agent("Front desk", agent_id=FRONT_DESK)
    wanted = VENDOR_EXAMPLE | {"inbound_agent": {"agent_id": FRONT_DESK}}
    first, second, third = yield [vox(wanted), vox(wanted), vox(wanted)]
    assert first.failed
    assert first.result["changed"] is True
    assert first.result["actions"] == ["registered"]
    assert "registered" in first.message
    assert first.result["failure"]["http_status"] == 400
    assert first.record["number"] == NUMBER
    assert second.result["actions"] == ["agents_updated"]
    assert second.after_look_up(sim) == [PATCH_AGENTS]
    assert third.result["changed"] is False


@scenario(CONTROLLER)
def test_an_agent_that_a_failing_server_ignores(sim: Simulator) -> Script:
    for _index in range(2):
        sim.fault("error_before", "PATCH", "/organization-telephone-numbers/{id}/agent")
    sim.add_agent("Front desk", agent_id=FRONT_DESK)
    wanted = VENDOR_EXAMPLE | {"inbound_agent": {"agent_id": FRONT_DESK}}
    first, second = yield [vox(wanted), vox(wanted)]
    assert first.failed
    assert first.result["actions"] == ["registered"]
    assert first.result["failure"]["http_status"] == 500
    # The number is read before the task reports an unknown outcome.
    assert first.requests(sim) == [*UNKNOWN, REGISTER, PATCH_AGENTS, PATCH_AGENTS, GET]
    assert "may have taken effect, but the number does not show it" in first.message
    assert first.record["number"] == NUMBER
    assert second.result["actions"] == ["agents_updated"]


@scenario(CONTROLLER)
def test_a_bought_number_has_no_trunk(sim: Simulator) -> Script:
    sim.add(NUMBER, provider="vox")
    refused, always, memo = yield [
        vox(VENDOR_EXAMPLE),
        vox({"number": NUMBER, "auth_password": PASSWORD, "update_password": "always"}, check_mode=True),
        vox({"number": NUMBER, "memo": "new"}),
    ]
    for task in (refused, always):
        assert task.failed
        assert task.bodies(sim) == []
        assert "address" in task.message
    assert memo.result["actions"] == ["memo_updated"]


@scenario(CONTROLLER)
def test_an_id_needs_no_list(sim: Simulator) -> Script:
    held = "55555555-5555-4555-8555-555555555555"
    sim.add(NUMBER, id=held)
    sim.add("07033334444", id="66666666-6666-4666-8666-666666666666", status="expired")
    changed, unknown, expired, deleted = yield [
        vox({"id": held, "memo": "new"}),
        vox({"id": "77777777-7777-4777-8777-777777777777", "memo": "new"}),
        vox({"id": "66666666-6666-4666-8666-666666666666", "memo": "new"}),
        vox({"id": held, "state": "absent"}),
    ]
    assert changed.requests(sim) == [GET, PATCH_MEMO]
    assert changed.record["memo"] == "new"
    for refused in (unknown, expired):
        assert refused.failed
        assert refused.requests(sim) == [GET]
    assert deleted.requests(sim) == [GET, DELETE]
    assert deleted.record is None


@scenario(CONTROLLER)
def test_unknown_fields_are_returned(sim: Simulator) -> Script:
    sim.add(NUMBER, unknown={"recording": {"enabled": True}})
    seen, checked = yield [vox({"number": NUMBER}), vox({"number": NUMBER, "memo": "new"}, check_mode=True)]
    assert seen.record["recording"] == checked.record["recording"] == {"enabled": True}


@scenario(CONTROLLER)
def test_letter_case_of_ids_is_ignored(sim: Simulator) -> Script:
    desk = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"
    sim.add_agent(agent_id=desk)
    number = sim.add(NUMBER)
    mapped, again, by_bulk = yield [
        vox({"id": number["id"].upper(), "inbound_agent": {"agent_id": desk.upper()}}),
        vox({"id": number["id"].replace("-", ""), "inbound_agent": {"agent_id": desk.replace("-", "")}}),
        bulk([{"number": NUMBER, "inbound_agent": {"agent_id": desk.upper()}}]),
    ]
    assert mapped.requests(sim) == [GET, PATCH_AGENTS]
    assert mapped.bodies(sim) == [{"inbound_agent": {"agent_id": desk}}]
    assert (again.requests(sim), again.result["changed"]) == ([GET], False)
    assert by_bulk.result["changed"] is False
