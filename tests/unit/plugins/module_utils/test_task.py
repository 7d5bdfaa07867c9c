# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import Masker
from ansible_collections.voxai.telephony.plugins.module_utils._task import Task, failure_of
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number import TASK as ONE
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number_info import TASK as INFO
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_numbers import TASK as MANY

MASK = "********"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ({"auth_password": "s", "memo": "m", "update_password": "always"}, {"s"}),
        ({"auth_password": ["s", {"p": 1}]}, {"s", "1"}),
        ({"inbound_agent": {"api_key": "s", "agent_name": "n"}}, {"s"}),
        # Unknown options.
        ({"password": "s", "colour": "red", 7: "x"}, {"s"}),
        ({"auth_pasword": "s", "_ansible_some_key": False}, {"s"}),
        ({"udpate_password": "always", "keyword": True}, set()),
        ({"connection": [{"sip_secret": "s"}]}, {"s"}),
        # Secrets in URLs.
        ({"api_url": "https://k@host/v3"}, {"k"}),
        ({"api_url": "https://u:p@q@host/v3?x"}, {"u:p@q", "u%3Ap%40q", "u%3ap%40q", "x"}),
        ({"api_url": "https://host/v3?key=s"}, {"key=s", "key%3Ds", "key%3ds"}),
        ({"api_url": "https://host/v3"}, set()),
        ({"address": "sip:u:p@host"}, {"p"}),
        ({"address": "u:p@q@host:5060"}, {"p@q", "p%40q"}),
        ({"address": "SIP:u@host:5060"}, set()),
        ({"address": "sip:100@pbx:p@host"}, {"p"}),
        ({"api_url": "http:u:p@host"}, {"u:p", "u%3Ap", "u%3ap"}),
        ({"api_url": "https:/u@host"}, {"u"}),
        ({"api_url": "https://p#q@host"}, {"p#q", "p%23q"}),
        ({"비밀번호": "s", "auth_psswd": "q", "패스워드": "p"}, {"s", "q", "p"}),
        ({"auth_password": " "}, set()),
        ({"address": "sip:host:5060"}, set()),
    ],
)
def test_secrets_are_found_in_wrong_places(written: dict[str, t.Any], secrets: set[str]) -> None:
    assert ONE.secrets(written) == secrets


@pytest.mark.parametrize(
    ("entries", "secrets"),
    [
        ("number=070 auth_password=s,number=071", {"s"}),
        ({"number": "070", "auth_password": "s"}, {"s"}),
        (['{"number": "070", "auth_password": "s"}'], {"s"}),
        (["070"], set()),
        ("070", set()),
    ],
)
def test_secrets_of_many_are_found_in_texts(entries: t.Any, secrets: set[str]) -> None:
    assert MANY.secrets({"telephone_numbers": entries}) == secrets


@pytest.mark.parametrize(
    "quoted",
    [
        "a'b\"c\\d/ é",
        "a'b\\\"c\\\\d/ é",
        "a'b\\\"c\\\\d/ \\u00e9",
        "a\\'b\"c\\\\d/ é",
        "a%27b%22c%5Cd/%20%C3%A9",
        "a%27b%22c%5Cd%2F%20%C3%A9",
        "a'b%22c%5Cd%2F%20%C3%A9",
        "a%27b%22c%5Cd%2F+%C3%A9",
        "a&#x27;b&quot;c\\d/ é",
        "a&#39;b&#34;c\\d/ é",
        "a&#039;b&quot;c\\d/ é",
        "a'b\\\"c\\\\d\\/ \\u00e9",
        "a%27b%22c%5cd%2f%20%c3%a9",
        "a'b\\\\\\\"c\\\\\\\\d/ \\\\u00e9",
    ],
)
def test_secrets_are_found_in_all_quotations(quoted: str) -> None:
    assert quoted in ONE.secrets({"auth_password": "a'b\"c\\d/ é"})


def test_secrets_are_found_without_surrounding_blanks() -> None:
    assert ONE.secrets({"auth_password": " s "}) >= {" s ", "s"}


def test_secrets_are_found_in_json_that_is_safe_in_html() -> None:
    assert "a\\u003cb\\u0026c\\u003e" in ONE.secrets({"auth_password": "a<b&c>"})


def test_a_lone_surrogate_can_be_part_of_a_secret() -> None:
    assert "a\ud800" in ONE.secrets({"auth_password": "a\ud800"})


def carry_out(task: Task, result: dict[str, t.Any] | Exception, **written: t.Any) -> dict[str, t.Any]:
    """Run a task with this result or exception, and return its result."""

    def run(*_arguments: t.Any) -> dict[str, t.Any]:
        if isinstance(result, Exception):
            raise result
        return result

    stand_in = Task(task.spec, task.constraints, run, task.empty, task.entries_option)
    masker = Masker(stand_in.secrets(written))
    return stand_in.carry_out(written, written, t.cast(t.Any, None), False, print, masker)


def failed(text: str) -> dict[str, t.Any]:
    """Return the failure of a server that quotes a text."""
    error = ApiError(f"not {text}", 400, text, {text: [text, {text: 1}], "field": text})
    return {"failed": True, "msg": str(error), "failure": failure_of(error)}


MASKED = {
    "http_status": 400,
    "code": HIDDEN,
    "message": f"not {MASK}",
    "details": {HIDDEN: [HIDDEN, {HIDDEN: 1}], "field": HIDDEN},
}


@pytest.mark.parametrize("secret", ["from-env", "secret", "secret-and-more"])
def test_quoted_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("VOX_API_KEY", "from-env")
    # Independent of the order of a set, although one secret is the beginning of another.
    result = carry_out(ONE, failed(secret), auth_password=["secret", "secret-and-more"])
    assert result["failure"] == MASKED
    assert result["msg"] == f"HTTP 400 {MASK}: not {MASK} ({MASK})"


def test_quoted_secrets_of_an_entry_are_masked() -> None:
    entries = [{"auth_password": "secret"}, {"auth_password": "secret-and-more"}]
    result = {
        "failed": True,
        "failure": None,
        "msg": "secret-and-more",
        "telephone_numbers": [failed("secret"), failed("secret-and-more"), {"failed": False, "failure": None}],
        "pruned": [failed("secret")],
    }
    hidden = carry_out(MANY, result, telephone_numbers=entries)
    assert hidden["msg"] == HIDDEN
    assert [part["failure"] for part in hidden["telephone_numbers"]] == [MASKED, MASKED, None]
    assert [part["failure"] for part in hidden["pruned"]] == [MASKED]


def test_the_text_of_an_unexpected_error_is_not_shown() -> None:
    result = carry_out(ONE, KeyError("hush"))
    assert result["failed"] is True
    assert "KeyError" in result["msg"]
    assert "in carry_out" in result["exception"]
    assert result["exception"].endswith("KeyError")
    assert "hush" not in str(result)


@pytest.mark.parametrize("task", [ONE, MANY, INFO])
def test_the_key_of_the_environment_is_a_secret(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    monkeypatch.setenv("VOX_API_KEY", " from-env\n")
    assert task.secrets({}) == {"from-env"}
    assert task.secrets({"api_key": "own"}) == {"own"}


@pytest.mark.parametrize("task", [ONE, MANY, INFO])
def test_a_refusal_has_the_keys_of_every_failure(task: Task) -> None:
    refused = task.refuse("not secret", Masker(["secret"]))
    unforeseen = carry_out(task, KeyError("hush"))
    assert set(unforeseen) - set(refused) == {"exception"}
    assert refused["msg"] == f"not {MASK}"
    assert refused["failure"] == {"http_status": None, "code": None, "message": f"not {MASK}", "details": None}
    # The actions before an unexpected error are unknown.
    assert {key: value for key, value in unforeseen.items() if value is None} == dict.fromkeys(
        set(task.empty) - {"changed", "diff"}
    )


def test_messages_of_ansible_are_masked_before_they_are_truncated() -> None:
    refused = ONE.refuse(3995 * "x" + "a-long-secret" + 1000 * "x", Masker(["a-long-secret"]))
    assert refused["msg"] == refused["failure"]["message"] == 3995 * "x" + MASK[:5]
