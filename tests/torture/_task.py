# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a task in this process as a worker of Ansible's runs it: through the action plugin, over real HTTP.

Hundreds of playbooks would take hours. What is left out of a playbook's way is Ansible's alone: templates, forks,
output.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ansible_collections.voxai.telephony.plugins.module_utils import (
    _agent_info,
    _audit_info,
    _telephone_number,
    _telephone_number_info,
    _telephone_numbers,
)
from ansible_collections.voxai.telephony.plugins.plugin_utils._in_controller import InControllerAction

ONE, MANY, INFO = "vox_telephone_number", "vox_telephone_numbers", "vox_telephone_number_info"
AGENT_INFO, AUDIT = "vox_agent_info", "vox_audit_info"
READING = INFO, AGENT_INFO, AUDIT
"""Those that only read."""

TASKS = {
    ONE: _telephone_number.TASK,
    MANY: _telephone_numbers.TASK,
    INFO: _telephone_number_info.TASK,
    AGENT_INFO: _agent_info.TASK,
    AUDIT: _audit_info.TASK,
}


def run_task(
    module: str, arguments: Mapping[str, Any], check_mode: bool = False, loop: str | None = None
) -> dict[str, Any]:
    """Run a module's task and return its result. Raises whatever the task raises, which it should not.

    `loop`: a name that the items of one loop have in common.
    """
    task = SimpleNamespace(
        action=f"voxai.telephony.{module}",
        args=copy.deepcopy(dict(arguments)),
        async_val=0,
        check_mode=check_mode,
        diff=True,
        environment=None,
        get_name=lambda: module,
        _uuid=loop or str(uuid.uuid4()),
    )
    here = SimpleNamespace(transport="local", become=None, _shell=SimpleNamespace(env_prefix=lambda **variables: ""))
    action = type("Action", (InControllerAction,), {"TASK": TASKS[module]})(task, here, None, None, None, None)
    # Ansible sends a result from the worker to the controller as JSON.
    result: dict[str, Any] = json.loads(json.dumps(action.run(None, {"inventory_hostname": "localhost"})))
    return result
