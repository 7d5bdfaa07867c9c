# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_telephone_number``, from options to result.

The module and the action plugin both run it, so that they do the same.
"""

from __future__ import annotations

import typing as t

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC, check_given
from ansible_collections.voxai.telephony.plugins.module_utils._converge import Outcome, converge
from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import number_warning
from ansible_collections.voxai.telephony.plugins.module_utils._plan import AGENT_OPTIONS, parse_desired
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    as_dict,
    failure_in_words,
    failure_of,
    in_words,
)
from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    InputError,
    check_quoted,
    empty_in_agent,
)

_TEXTS = ("id", "address", "auth_username", "auth_password")
"""Options that must be strings, because a converted value could take the number out of service. A memo may be 2024."""

_AGENT_SPEC = {
    "type": "dict",
    "options": {"agent_id": {"type": "str"}, "agent_name": {"type": "str"}, "agent_version": {"type": "str"}},
}

NUMBER_SPEC: dict[str, dict[str, t.Any]] = {
    "number": {"type": "raw"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "address": {"type": "str"},
    "auth_username": {"type": "str"},
    "auth_password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    "memo": {"type": "str"},
    **dict.fromkeys(AGENT_OPTIONS, _AGENT_SPEC),
    "cancel_vox_number": {"type": "bool", "default": False},
}


def check_written(arguments: Options) -> None:
    """Refuse values that Ansible's validation would silently convert. Raises InputError."""
    for option in _TEXTS:
        check_quoted(option, arguments.get(option))
    if isinstance(arguments.get("memo"), (dict, list)):
        raise InputError("memo must be a string: write a text")
    for option in AGENT_OPTIONS:
        # To Ansible, a null option is left out, and {} removes the agent.
        value = arguments.get(option)
        if value is None:
            continue
        agent = as_dict(value)
        if agent is None:
            raise InputError(f"{option} must be a dictionary: write {{agent_name: Front desk}}, or use agent_id")
        blank = [key for key, part in agent.items() if part is None]
        if blank:
            raise empty_in_agent(option, blank[0])
        for key in _AGENT_SPEC["options"]:
            check_quoted(f"{option}: {key}", agent.get(key))


def run(written: Options, options: Options, connect: Connect, check_mode: bool, report: Report) -> Result:
    """Bring one number to its desired state."""
    outcome = Outcome()
    failed: Result = {}
    label = ""
    warnings = []
    requests_sent: t.Callable[[], int] = int
    try:
        check_given(written.get("api_key"))
        check_written(written)
        desired = parse_desired(options)
        label = f"{desired.label}: "
        warning = desired.number and number_warning(desired.number)
        if warning:
            warnings.append(warning)
        api, ledger = connect(options)
        requests_sent = api.counter()
        converge(api, ledger, desired, check_mode, outcome)
        text = in_words(outcome, check_mode)
    except (InputError, ApiError) as error:
        failed = {"failed": True, "failure": failure_of(error)}
        text = failure_in_words(error, outcome)
    return {
        **failed,
        "changed": bool(outcome.actions),
        "msg": label + text,
        "telephone_number": outcome.record,
        "actions": outcome.actions,
        "api_requests": requests_sent(),
        "diff": outcome.diff(),
        "warnings": [*warnings, *(outcome.plan.warnings if outcome.plan else []), *outcome.warnings],
    }


TASK = Task(
    spec={**CONNECTION_SPEC, "id": {"type": "str"}, **NUMBER_SPEC},
    constraints={"required_one_of": [("number", "id")], "mutually_exclusive": [("number", "id")]},
    run=run,
    empty={
        "changed": False,
        "telephone_number": None,
        "actions": [],
        "api_requests": 0,
        "diff": {"before": {}, "after": {}},
    },
)
