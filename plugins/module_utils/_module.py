# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: run a task as a module."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule, _load_params, missing_required_lib

from ansible_collections.voxai.telephony.plugins.module_utils._connection import connect
from ansible_collections.voxai.telephony.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import Masker, register_secrets
from ansible_collections.voxai.telephony.plugins.module_utils._task import Options, Result, Task, without_nulls


def run_module(task: Task) -> None:
    """Run the task with this process's arguments, print its result, and exit."""
    written = without_nulls(_load_params() or {})
    secrets = task.secrets(written)
    masker = Masker(secrets)
    # Before AnsibleModule is created. ansible-core 2.22 returns secrets that are registered later with the result, so
    # they would be in the file of an asynchronous job and in debugging output.
    register_secrets(secrets)

    class Module(AnsibleModule):
        params: Options
        no_log_values: set[str]

        def _load_params(self) -> None:
            super()._load_params()
            self.params = task.set_entries_aside(written)

        def _log_invocation(self) -> None:
            # Writes to the system log. Ansible first masks user:password@, which may leave a part of a secret.
            validated, self.params = self.params, masker.mask(self.params)
            super()._log_invocation()
            self.params = validated

        def exit_json(self, **result: t.Any) -> None:
            super().exit_json(**self._finish(result))

        def fail_json(self, msg: str, **result: t.Any) -> None:
            # Without a failure, Ansible has called it because the arguments are invalid.
            complete = {"msg": msg} if "failure" in result else task.refuse(msg, masker)
            super().fail_json(**self._finish({**complete, **result}))

        def _finish(self, result: Result) -> Result:
            for warning in result.pop("warnings", ()):
                self.warn(warning)
            if not self._diff:
                result.pop("diff", None)
            # Ansible returns the parameters as the invocation.
            self.params = masker.mask(self.params)
            # All secrets are masked. Before 2.19, ansible-core would also mask booleans.
            self.no_log_values = set()
            return result

    module = Module(argument_spec=task.spec, supports_check_mode=True, **task.constraints)
    library, import_error = task.instead_of_requests or ("requests", REQUESTS_IMPORT_ERROR)
    if import_error:
        module.fail_json(msg=missing_required_lib(library), exception=import_error)
    result = task.carry_out(written, module.params, connect, module.check_mode, lambda words: None, masker)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
