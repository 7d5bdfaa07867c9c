# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How AWX processes the variables and the credentials of a job that is launched over its API.

The rules are from its source: awx/main/models/mixins.py SurveyJobTemplateMixin, and awx/api/serializers.py
JobLaunchSerializer. The web interface sends an answer to each question, by default the question's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]


def has_input(credential: Mapping[str, Any], field: str) -> bool:
    """Whether a field of a credential has a value."""
    return credential["inputs"].get(field) not in (None, "")


class Launch:
    """The launch of a job template. Call `receive` first."""

    def __init__(
        self,
        template: Item,
        survey: Mapping[str, Any],
        attached: list[Item],
        items: Mapping[str, Mapping[int, Item]],
    ) -> None:
        self._template, self._attached, self._items = template, attached, items
        self._questions: list[Item] = survey.get("spec", []) if template["survey_enabled"] else []
        self.variables: Item = {}
        """Extra variables of the job."""
        self.credentials = attached
        self.ignored: Item = {}
        """Variables that AWX drops and reports, because the template does not ask for them."""

    def receive(self, body: Mapping[str, Any]) -> Item:
        """Process a client's request. Return the errors by field; with any error, no job is created."""
        errors: Item = {}
        given = body.get("extra_vars", {})
        problems = [problem for question in self._questions for problem in _problems(question, given)]
        if problems:
            errors["variables_needed_to_start"] = problems
        asked = {question["variable"] for question in self._questions}
        unasked = {name: value for name, value in given.items() if name not in asked}
        if unasked:
            self.ignored["extra_vars"] = unasked
        # A valid default is used, but a required question needs an answer anyway.
        defaults = {
            question["variable"]: question["default"]
            for question in self._questions
            if not _problems(question, {question["variable"]: question["default"]})
        }
        self.variables = defaults | {name: value for name, value in given.items() if name in asked}
        for field in ("job_type", "diff_mode", "limit", "verbosity"):
            if field in body and not self._template.get(f"ask_{field}_on_launch"):
                self.ignored[field] = body[field]
        if "credentials" in body:
            errors |= self._receive_credentials(body["credentials"])
        return errors

    def _receive_credentials(self, numbers: list[int]) -> Item:
        given = [self._items["credentials"][number] for number in numbers]
        types = {credential["credential_type"] for credential in given}
        problems = []
        if len(types) < len(given):
            problems.append("Cannot assign multiple credentials of one type.")
        lacking = [credential for credential in self._attached if credential["credential_type"] not in types]
        for credential in lacking:
            name = self._items["credential_types"][credential["credential_type"]]["name"]
            problems.append(
                f"Removing {name} credential at launch time without replacement is not supported. Provided list lacked"
                f" credential(s): {', '.join(other['name'] for other in lacking)}."
            )
        if not self._template["ask_credential_on_launch"]:
            self.ignored["credentials"] = numbers
        else:
            self.credentials = given
        return {"credentials": problems} if problems else {}


def _problems(question: Item, given: Mapping[str, Any]) -> list[str]:
    name = question["variable"]
    if name not in given:
        return [f"'{name}' value missing"] if question["required"] else []
    value = given[name]
    if question["type"] == "multiplechoice":
        known = value in question["choices"]
        return [] if known else [f"Value {value} for '{name}' expected to be one of {question['choices']}."]
    if not isinstance(value, str):
        return [f"Value {value} for '{name}' expected to be a string."]
    if len(value) < question["min"]:
        return [f"'{name}' value {value} is too small (length is {len(value)} must be at least {question['min']})."]
    if len(value) > question["max"]:
        return [f"'{name}' value {value} is too large (must be no more than {question['max']})."]
    return []
