# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: a task run as a module."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.voxai.telephony.plugins.module_utils._connection import connect
from ansible_collections.voxai.telephony.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.voxai.telephony.plugins.module_utils._task import Options, Task, without_nulls


def run_module(task: Task) -> None:
    """Run the task with this process's arguments, print its result, and exit."""

    class Module(AnsibleModule):
        params: Options
        written: Options
        no_log_values: set[str]

        def _load_params(self) -> None:
            super()._load_params()
            self.written = without_nulls(self.params)
            self.no_log_values.update(task.secrets(self.written))
            self.params = task.set_entries_aside(self.written)

        def _log_invocation(self) -> None:
            # To the system's log. Ansible looks for user:password@ first, and may leave a secret in pieces.
            validated, self.params = self.params, remove_values(self.params, self.no_log_values)
            super()._log_invocation()
            self.params = validated

    module = Module(argument_spec=task.spec, supports_check_mode=True, **task.constraints)
    if REQUESTS_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("requests"), exception=REQUESTS_IMPORT_ERROR)
    result = task.carry_out(module.written, module.params, connect, module.check_mode, lambda words: None)
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if not module._diff:
        result.pop("diff", None)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
