# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credential types and surveys, validated like in AWX.

The rules are from its source: awx/main/fields.py, awx/api/serializers.py, and of awx/api/views/__init__.py
JobTemplateSurveySpec.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from awx_plugins.interfaces._temporary_private_inject_api import ENV_BLOCKLIST
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

VARIABLE = r"^[a-zA-Z_]+[a-zA-Z0-9_]*$"


class Strict(BaseModel):
    """A JSON object without unknown fields and type coercion."""

    model_config = ConfigDict(extra="forbid", strict=True)


# --- credential types ---


class InputField(Strict):
    id: Annotated[str, StringConstraints(pattern=VARIABLE)]
    label: str
    type: Literal["string", "boolean"] = "string"
    format: Literal["ssh_private_key", "url"] | None = None
    choices: Annotated[list[str], Field(min_length=1)] | None = None
    help_text: str = ""
    multiline: bool = False
    secret: bool = False
    default: str | bool | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.id == "tower":
            raise ValueError('"tower" is a reserved field name')
        if self.default is not None and isinstance(self.default, bool) != (self.type == "boolean"):
            raise ValueError(f"{self.default} is not a {self.type}")
        text_only = {"choices", "multiline", "format", "secret"} & self.model_fields_set
        if self.type != "string" and text_only:
            raise ValueError(f"{text_only.pop()} not allowed for {self.type} type ({self.id})")
        return self


class Inputs(Strict):
    fields: list[InputField] = []
    required: list[str] = []

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [field.id for field in self.fields]
        if len(set(ids)) < len(ids):
            raise ValueError("field IDs must be unique")
        return self


def _allowed(name: str) -> str:
    if name.startswith("ANSIBLE_") or name in ENV_BLOCKLIST:
        raise ValueError(f"Environment variable {name} is not allowed to be used in credentials.")
    return name


class Injectors(Strict):
    env: dict[
        Annotated[str, StringConstraints(pattern=VARIABLE), AfterValidator(_allowed)],
        Annotated[str, StringConstraints(pattern=r"^[\x00-\x7f]*$")],
    ] = {}
    file: dict[str, str] = {}
    extra_vars: dict[str, Any] = {}


class CredentialType(Strict):
    name: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    description: str = ""
    kind: Literal["cloud", "net"]
    inputs: Inputs = Inputs()
    injectors: Injectors = Injectors()
    managed: bool = False
    """Read only: the value from a client is ignored."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = {field.id: "EXAMPLE" for field in self.inputs.fields}
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        for name, template in self.injectors.env.items():
            try:
                environment.from_string(template).render(known)
            except TemplateError as error:
                raise ValueError(f"{name} can't be rendered: {error}") from None
        return self


# --- surveys ---

_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (float, int),
}


class Question(Strict):
    question_name: str
    question_description: str = ""
    variable: Annotated[str, StringConstraints(min_length=1)]
    type: Literal["text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float"]
    required: bool
    default: str | int | float = ""
    choices: str | list[str] | None = None
    min: int | None = None
    max: int | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.default != "" and not isinstance(self.default, _TYPES[self.type]):
            raise ValueError(f"Default value {self.default} in survey question expected to be {self.type}.")
        if self.type in ("multiplechoice", "multiselect"):
            if self.choices is None:
                raise ValueError("Survey question must specify choices.")
            choices = self.choices.splitlines() if isinstance(self.choices, str) else self.choices
            if any(choice not in choices for choice in str(self.default).splitlines()):
                raise ValueError("Default choice must be answered from the choices listed.")
        return self


class Survey(Strict):
    name: str
    description: str
    spec: Annotated[list[Question], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        variables = [question.variable for question in self.spec]
        if len(set(variables)) < len(variables):
            raise ValueError("a variable is duplicated in the survey")
        return self
