# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Input that is refused before any write, in check mode and outside of it."""

from __future__ import annotations

from typing import Any

from integration._playbook import BULK, COLLECTION, NUMBER, PASSWORD, VENDOR_EXAMPLE, vox
from integration._scenario import CONTROLLER, Script, scenario
from simulator import Simulator

Case = tuple[dict[str, Any], str]
"""Arguments, and a part of the message."""

IN_ANSIBLES_WORDS: list[Case] = [
    ({"memo": "x"}, "one of the following is required: number, id"),
    ({"number": NUMBER, "id": "x"}, "parameters are mutually exclusive: number|id"),
    ({"number": NUMBER, "colour": "red"}, "Unsupported parameters for (voxai.telephony."),
    ({"number": NUMBER, "inbound_agent": {"name": "x"}}, "inbound_agent.name"),
    # Here, Ansible fails before it has found the secrets.
    ({"number": NUMBER, "timeout": "soon", "auth_password": PASSWORD}, "timeout"),
    ({"number": NUMBER, "state": "gone"}, "value of state must be one of: present, absent, got: gone"),
    ({"number": NUMBER, "cancel_vox_number": "maybe"}, "cancel_vox_number"),
]

IN_WORDS_OF_OUR_OWN: list[Case] = [
    ({"number": NUMBER, "memo": "가" * 201}, "memo has 201 characters"),
    ({"number": NUMBER, "update_password": "always"}, "auth_password"),
    (VENDOR_EXAMPLE | {"auth_password": ""}, "auth_password is empty"),
    ({"number": NUMBER, "address": ""}, "address is empty"),
    ({"number": NUMBER, "address": f"sip:u:{PASSWORD}@host"}, "auth_password"),
    ({"number": NUMBER, "inbound_agent": {"agent_name": None}}, "agent_name is empty"),
    (
        {"number": NUMBER, "inbound_agent": "text", "auth_password": PASSWORD},
        "inbound_agent must be a dictionary: write {ag",
    ),
    ({"number": NUMBER, "inbound_agent": "agent_name=Front desk"}, "inbound_agent must be a dictionary"),
    ({"number": NUMBER, "inbound_agent": ["Front desk"]}, "inbound_agent must be a dictionary"),
    ({"number": NUMBER, "api_key": ""}, "api_key is empty: check the variable"),
    ({"number": NUMBER, "api_url": "http://client-api.tryvox.co/v3"}, "use https"),
    ({"number": NUMBER, "api_url": "client-api.tryvox.co"}, "not a URL"),
    ({"number": NUMBER, "api_url": "https://u:p@client-api.tryvox.co/v3"}, "api_url"),
    ({"number": NUMBER, "timeout": 0}, "timeout is 0"),
    ({"number": NUMBER, "retries": -1}, "retries is -1"),
    ({"number": NUMBER, "ca_path": "/nonexistent/ca.pem"}, "ca_path"),
    ({"number": NUMBER, "api_key": "two words"}, "api_key"),
]


@scenario()
def test_arguments_that_ansible_refuses(sim: Simulator) -> Script:
    seen = yield [vox(arguments) for arguments, _text in IN_ANSIBLES_WORDS]
    assert sim.requests == []
    for task, (_arguments, text) in zip(seen, IN_ANSIBLES_WORDS, strict=True):
        assert task.failed, text
        assert text in task.message
        assert task.result["failure"] == FAILURE | {"message": task.message}
        assert EMPTY_ONE.items() <= task.result.items()


EMPTY_ONE: dict[str, Any] = {"changed": False, "telephone_number": None, "actions": [], "api_requests": 0}
EMPTY_MANY: dict[str, Any] = {
    "changed": False,
    "telephone_numbers": [],
    "pruned": [],
    "summary": {"registered": 0, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 0},
    "api_requests": 0,
}
EMPTY_INFO: dict[str, Any] = {"changed": False, "telephone_numbers": [], "api_requests": 0}
EMPTY_CONNECTION: dict[str, Any] = {"changed": False, "report": [], "failed_part": None, "api_requests": 0}
FAILURE: dict[str, Any] = {"http_status": None, "code": None, "message": "", "details": None}


@scenario()
def test_keys_of_a_result_that_ansible_refused(sim: Simulator) -> Script:
    """It has all keys of RETURN, as after any other failure."""
    seen = yield [
        {BULK: {"telephone_numbers": [], "colour": "red"}, "ignore_errors": True},
        {BULK: {"telephone_numbers": [], "prune": True}, "ignore_errors": True, "diff": True},
    ]
    for task in seen:
        assert task.failed
        assert task.result["failure"] == FAILURE | {"message": task.message}
        assert EMPTY_MANY.items() <= task.result.items()
    assert seen[1].result["diff"] == {"before": {}, "after": {}}


@scenario()
def test_keys_of_a_connection_check_that_ansible_refused(sim: Simulator) -> Script:
    (seen,) = yield [{COLLECTION + "vox_connection_info": {"colour": "red"}, "ignore_errors": True}]
    assert seen.failed
    assert seen.result["failure"] == FAILURE | {"message": seen.message}
    assert EMPTY_CONNECTION.items() <= seen.result.items()


@scenario()
def test_our_messages_are_complete(sim: Simulator) -> Script:
    """Ansible's own message is truncated; ours contains every invalid entry."""
    entries = [{"number": f"0701111{index:04}", "state": "gone"} for index in range(100)]
    (seen,) = yield [{BULK: {"telephone_numbers": entries}, "ignore_errors": True}]
    assert "entry 100 (07011110099): value of state" in seen.message


@scenario(("module",))
def test_keys_of_an_info_result_that_ansible_refused(sim: Simulator) -> Script:
    (seen,) = yield [{COLLECTION + "vox_telephone_number_info": {"colour": "red"}, "ignore_errors": True}]
    assert seen.failed
    assert seen.result["failure"] == FAILURE | {"message": seen.message}
    assert EMPTY_INFO.items() <= seen.result.items()


@scenario(CONTROLLER)
def test_arguments_without_effect(sim: Simulator) -> Script:
    seen = yield [
        vox(arguments, check_mode=check_mode)
        for arguments, _text in IN_WORDS_OF_OUR_OWN
        for check_mode in (True, False)
    ]
    assert sim.requests == []
    for index, task in enumerate(seen):
        assert task.failed
        assert IN_WORDS_OF_OUR_OWN[index // 2][1] in task.message
        assert set(task.result["failure"]) == {"http_status", "code", "message", "details"}
        assert task.result["failure"]["http_status"] is None
        assert task.result["actions"] == []
        assert task.record is None


@scenario(api_key="{{ omit }}")
def test_no_key(sim: Simulator) -> Script:
    seen = yield [
        vox({"number": NUMBER}),
        vox({"number": NUMBER}, environment={"VOX_API_KEY": ""}),
        vox({"number": NUMBER}, environment={"VOX_API_KEY": " "}, check_mode=True),
    ]
    for task in seen:
        assert task.failed
        assert "api_key is missing: set api_key, or the environment variable VOX_API_KEY" in task.message
    assert sim.requests == []


@scenario(CONTROLLER)
def test_no_address_for_a_number_that_is_not_held(sim: Simulator) -> Script:
    seen = yield [vox({"number": NUMBER, "memo": "x"}), vox({"number": NUMBER}, check_mode=True)]
    for task in seen:
        assert task.failed
        assert "address" in task.message
    assert sim.writes == []


@scenario(CONTROLLER)
def test_a_memo_of_200_characters(sim: Simulator) -> Script:
    memo = "가" * 200
    (seen,) = yield [vox(VENDOR_EXAMPLE | {"memo": memo})]
    assert seen.record["memo"] == memo
