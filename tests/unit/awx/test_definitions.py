# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential type and the surveys, validated by the rules of AWX and used by its own code."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from awx_double import CredentialType, Survey
from integration._awx import injected

ROOT = Path(__file__).parents[3]
EXTENSION = ROOT / "extensions" / "awx"
SURVEYS = sorted((EXTENSION / "surveys").glob("*.yml"))


@pytest.fixture
def definition() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXTENSION / "credential_type.yml").read_text(encoding="utf-8"))
    return found


def test_awx_accepts_the_credential_type(definition: dict[str, Any]) -> None:
    kept = CredentialType.model_validate(definition)
    assert {field.id: (field.secret, field.type) for field in kept.inputs.fields} == {
        "api_key": (True, "string"),
        "api_url": (False, "string"),
        "sip_username": (False, "string"),
        "sip_password": (True, "string"),
    }
    assert kept.inputs.required == ["api_key"]
    # AWX adds a missing type, so that the credential type would always differ from this file.
    assert all("type" in field for field in definition["inputs"]["fields"])
    # Other injectors would be templated again, or write a file.
    assert set(definition["injectors"]) == {"env"}


def _field(**keys: Any) -> Callable[[dict[str, Any]], None]:
    return lambda definition: definition["inputs"]["fields"][0].update(keys)


def _env(name: str, template: str) -> Callable[[dict[str, Any]], None]:
    return lambda definition: definition["injectors"]["env"].update({name: template})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda definition: definition.update(kind="vault"), "'cloud' or 'net'"),
        (_field(ask_at_runtime=True), "ask_at_runtime"),
        (_field(id="api-key"), "pattern"),
        (_field(id="tower"), "reserved field name"),
        (_field(id="api_url"), "must be unique"),
        (_field(type="boolean"), "secret not allowed for boolean"),
        (_field(default=True), "True is not a string"),
        (_env("ANSIBLE_CALLBACK_RESULT_FORMAT", "yaml"), "is not allowed to be used in credentials"),
        (_env("AWX_HOST", "x"), "is not allowed to be used in credentials"),
        (_env("VOX_KEY", "{{ key }}"), "'key' is undefined"),
        (_env("VOX_KEY", "{{ api_key"), "can't be rendered"),
        (_env("VOX_KEY", "키"), "pattern"),
    ],
)
def test_the_double_refuses_what_awx_refuses(
    definition: dict[str, Any], spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    """The rules of the double have an effect."""
    spoil(definition)
    with pytest.raises(ValidationError, match=re.escape(message)):
        CredentialType.model_validate(definition)


@pytest.mark.parametrize("password", ["sip-Xyzzy", "Xyzzy {{ 7 * 6 }}", "{% raw %}Xyzzy", "Xyzzy\"'\\$HOME#한"])
def test_a_credential_is_injected_unchanged(definition: dict[str, Any], password: str, tmp_path: Path) -> None:
    given = {"api_key": "key-Xyzzy", "api_url": "https://vox.example.com/v3", "sip_username": "u {{ 1 }}"}
    assert injected(definition, given | {"sip_password": password}, tmp_path) == {
        "VOX_API_KEY": "key-Xyzzy",
        "VOX_API_URL": "https://vox.example.com/v3",
        "VOX_SIP_USERNAME": "u {{ 1 }}",
        "VOX_SIP_PASSWORD": password,
    }
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blank", [{}, {"api_url": "", "sip_username": "", "sip_password": ""}])
def test_fields_left_blank_arrive_empty(definition: dict[str, Any], blank: dict[str, str], tmp_path: Path) -> None:
    environment = injected(definition, {"api_key": "key-Xyzzy", **blank}, tmp_path)
    assert {name for name, value in environment.items() if value == ""} == {
        "VOX_API_URL",
        "VOX_SIP_USERNAME",
        "VOX_SIP_PASSWORD",
    }


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_awx_accepts_the_surveys(path: Path) -> None:
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    survey = Survey.model_validate(definition)
    spoilt = copy.deepcopy(definition)
    spoilt["spec"].append(spoilt["spec"][0])
    with pytest.raises(ValidationError, match="duplicated"):
        Survey.model_validate(spoilt)
    playbook = (ROOT / "playbooks" / path.name).read_text(encoding="utf-8")
    for question in survey.spec:
        # Secrets belong in the credential. Choices must not be changed by YAML: yes would become true.
        assert question.type != "password"
        assert all(isinstance(yaml.safe_load(choice), str) for choice in question.choices or [])
        assert question.variable in playbook
    assert any("070-1111-2222" in question.question_description for question in survey.spec)
