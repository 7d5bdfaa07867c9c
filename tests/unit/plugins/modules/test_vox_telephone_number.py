# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils import basic

from ansible_collections.voxai.telephony.plugins.module_utils import _module
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number import check_written
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError
from ansible_collections.voxai.telephony.plugins.modules import vox_telephone_number


@pytest.fixture
def run_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> t.Callable[..., dict[str, t.Any]]:
    """Runs the module in this process, with arguments in Ansible's form."""

    def run(**arguments: t.Any) -> dict[str, t.Any]:
        wrapped = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", wrapped)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # A test of code for the controller may have run before in this process.
        monkeypatch.setattr("ansible.module_utils._internal.is_controller", False)
        monkeypatch.delenv("VOX_API_KEY", raising=False)
        with pytest.raises(SystemExit) as caught:
            vox_telephone_number.main()
        result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
        # In ansible-core 2.22, this contains secrets in plain text that a module registers too late.
        assert "_ansible_new_secrets" not in result
        assert bool(caught.value.code) == result.get("failed", False)
        return result

    return run


def test_argument_errors_have_ansible_s_messages(run_module: t.Callable[..., dict[str, t.Any]]) -> None:
    assert run_module(api_key="k")["msg"] == "one of the following is required: number, id"
    assert run_module(api_key="k", number="070", id="x")["msg"] == "parameters are mutually exclusive: number|id"


def test_an_input_error_has_the_same_keys_as_every_result(run_module: t.Callable[..., dict[str, t.Any]]) -> None:
    result = run_module(api_key="the-key", number=941921426, _ansible_diff=True)
    result.pop("invocation", None)
    assert "Write it in quotes" in result["msg"]
    assert result == {
        "failed": True,
        "changed": False,
        "msg": result["msg"],
        "telephone_number": None,
        "actions": [],
        "api_requests": 0,
        "diff": {"before": {}, "after": {}},
        "failure": {"http_status": None, "code": None, "message": result["msg"], "details": None},
    }


def test_a_warning_is_passed_to_the_module(run_module: t.Callable[..., dict[str, t.Any]]) -> None:
    result = run_module(number="941921426")
    assert "api_key is missing" in result["msg"]
    assert "octal" in str(result["warnings"])
    assert "diff" not in result


def test_missing_requests_has_the_usual_message(
    run_module: t.Callable[..., dict[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_module, "REQUESTS_IMPORT_ERROR", "Traceback: no module named requests")
    message = run_module(api_key="k", number="070")["msg"]
    assert message.startswith("Failed to import the required Python library (requests) on ")


def test_a_null_in_an_agent_is_refused(run_module: t.Callable[..., dict[str, t.Any]]) -> None:
    result = run_module(api_key="k", number="070", inbound_agent={"agent_name": None})
    assert "agent_name is empty" in result["msg"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"inbound_agent": '{"agent_name": null}'}, "agent_name is empty"),
        ({"outbound_agent": {"agent_id": "a-1", "agent_version": None}}, "agent_version is empty"),
        ({"auth_password": 83}, "auth_password must be a string"),
        ({"auth_username": True}, "auth_username must be a string"),
        ({"auth_password": {"p": "q"}}, "auth_password must be a string"),
        ({"address": False}, "address must be a string"),
        ({"id": 83}, "id must be a string"),
        ({"inbound_agent": {"agent_id": 83}}, "inbound_agent: agent_id must be a string"),
        ({"outbound_agent": '{"agent_name": [1]}'}, "outbound_agent: agent_name must be a string"),
        ({"memo": {"auth_password": "p"}}, "memo must be a string"),
        ({"sms_inbound_agent": "Front desk"}, "sms_inbound_agent must be a dictionary: write"),
    ],
)
def test_values_that_ansible_would_convert_are_refused(arguments: dict[str, t.Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        check_written(arguments)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"api_key": 83}, "api_key must be a string"),
        ({"number": 10**4000}, "an integer with too many digits"),
        # Ansible's own validation raises exceptions for these.
        ({"inbound_agent": 5}, "inbound_agent must be a dictionary"),
        ({"inbound_agent": [None]}, "inbound_agent must be a dictionary"),
        ({"inbound_agent": "{1}"}, "inbound_agent must be a dictionary"),
        ({"inbound_agent": "agent_name=Front desk"}, "inbound_agent must be a dictionary"),
        ({"timeout": "inf"}, "unable to convert to int"),
        ({"retries": "1e999999999"}, "unable to convert to int"),
    ],
)
def test_values_that_break_ansible_are_refused(
    run_module: t.Callable[..., dict[str, t.Any]], arguments: dict[str, t.Any], complaint: str
) -> None:
    assert complaint in run_module(**{"api_key": "k", "number": "070", "memo": "m", **arguments})["msg"]


def test_valid_values_are_accepted() -> None:
    check_written({"memo": 2024, "inbound_agent": {}, "outbound_agent": "agent_name=Desk", "sms_inbound_agent": None})


def test_a_null_counts_as_a_missing_option(run_module: t.Callable[..., dict[str, t.Any]]) -> None:
    left_out = dict.fromkeys(("id", "state", "timeout", "memo"))
    result = run_module(api_key="k", number="1", api_url="http://127.0.0.1:9", retries=0, **left_out)
    assert result["failure"]["message"].startswith("no connection to 127.0.0.1:9")
