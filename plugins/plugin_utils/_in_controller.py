# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's task inside the controller, if the task would run there anyway.

A module on localhost starts a Python interpreter for each item of a loop, and lists the organization's numbers again.
Ansible runs all items of a loop for one host in one worker process, where they share one HTTP session. All workers of a
run share what is known about an organization, and its rate limit.
"""

from __future__ import annotations

import os
import pwd
import time
import typing as t
from contextlib import contextmanager

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.voxai.telephony.plugins.module_utils._connection import (
    CONNECTION_SPEC,
    Organization,
    connect,
)
from ansible_collections.voxai.telephony.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import Masker, register_secrets
from ansible_collections.voxai.telephony.plugins.module_utils._task import Options, Result, Task, without_nulls
from ansible_collections.voxai.telephony.plugins.plugin_utils._run_store import RunStore

_IMPORTED_BY = os.getpid()
"""The process id of the controller, which loads action plugins before it forks workers."""

_PROGRESS_EVERY = 5.0
"""Seconds between two lines of progress, and before the first one."""

_LINE_CALLBACKS = ("default", "yaml", "debug", "awx_display")
"""Callbacks whose output is lines for people. The output of others (json, oneline) must not have additional lines."""


class _Worker:
    """The state of a worker process: the connections and stores, which the items of a loop share."""

    stores: t.ClassVar[dict[tuple[str, str], RunStore]] = {}
    organizations: t.ClassVar[dict[t.Any, Organization]] = {}

    @staticmethod
    def directory() -> str:
        """The directory of the run. Ansible creates it before it forks the workers, and removes it at the end."""
        return str(C.DEFAULT_LOCAL_TMP)

    @classmethod
    def organization(cls, options: t.Mapping[str, t.Any]) -> Organization:
        directory = cls.directory()

        def store_of(name: str) -> RunStore:
            if (directory, name) not in cls.stores:
                cls.stores[directory, name] = RunStore(directory, name, Display().v)
            return cls.stores[directory, name]

        # Calls with different connection options do not share connections.
        key = (directory, *(options[name] for name in CONNECTION_SPEC))
        organization = cls.organizations.get(key)
        # The limiter of an item that exceeded the task's timeout stays stopped.
        if organization is None or organization.api.limiter.stopped.is_set():
            organization = cls.organizations[key] = connect(options, store_of)
            # A worker may have lost its controller before it gets here.
            controller = os.getppid() if os.getpid() == _IMPORTED_BY else _IMPORTED_BY
            # If the controller is killed (AWX cancels a job), its workers go on without anyone to report to.
            organization.api.limiter.abandoned = lambda: os.getppid() != controller
        return organization


class InControllerAction(NormalAction):
    """Runs ``TASK`` in this process, or runs the module of the same name."""

    TASK: Task

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        # The arguments as a module would receive them: plain values, with decrypted secrets.
        written = without_nulls(plain(self._task.args))
        environment: dict[str, t.Any] = {}
        # Fills the dictionary. The return value is for a shell.
        self._compute_environment_string(environment)
        with _set_in_environment({name: str(value) for name, value in environment.items()}):
            secrets = self.TASK.secrets(written)
            register_secrets(secrets)
            if self._runs_here():
                return self._run_here(written, Masker(secrets), task_vars or {})
        return t.cast(Result, super().run(tmp, task_vars))

    def _runs_here(self) -> bool:
        """Whether the module would run on the controller, as the same user, synchronously, and with requests."""
        if REQUESTS_IMPORT_ERROR or self._task.async_val or self._connection.transport != "local":
            return False
        become = self._connection.become
        return become is None or _is_own_user(become.get_option("become_user", playcontext=self._play_context))

    def _run_here(self, written: Options, masker: Masker, task_vars: dict[str, t.Any]) -> Result:
        task = self.TASK
        validator = ModuleArgumentSpecValidator(task.spec, **task.constraints)
        validated = validator.validate(task.set_entries_aside(written))
        options = validated.validated_parameters
        if validated.error_messages:
            message = validated.errors.msg
            if isinstance(validated.errors[0], UnsupportedError):
                message = f"Unsupported parameters for ({self._task.action}) module: {message}"
            result = task.refuse(message, masker)
        else:
            result = task.carry_out(
                written,
                options,
                _Worker.organization,
                self._task.check_mode,
                _Progress(f"[{task_vars.get('inventory_hostname')}]: {self._task.get_name()}"),
                masker,
            )
            if not result.get("warnings"):
                result.pop("warnings", None)
        if not self._task.diff:
            result.pop("diff", None)
        if _shows_invocation(task_vars):
            result["invocation"] = {"module_args": masker.mask(options)}
        return result


class _Progress:
    """Shows the progress of a long task, one line at a time, as Ansible shows its retries."""

    def __init__(self, task: str) -> None:
        self._task = task
        has_lines = C.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] in _LINE_CALLBACKS
        self._shown = has_lines and not context.CLIARGS.get("one_line")
        self._next = time.monotonic() + _PROGRESS_EVERY

    def __call__(self, words: str) -> None:
        if self._shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + _PROGRESS_EVERY
            Display().display(f"PROGRESS - {self._task} ({words})")


def plain(value: t.Any) -> t.Any:
    """The value as a module would receive it."""
    if isinstance(value, t.Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)  # A plain str: messages would show the types of Ansible's own strings.
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)  # Decrypts a vaulted string (ansible-core before 2.19).


def _shows_invocation(task_vars: dict[str, t.Any]) -> bool:
    """Whether results include the arguments: always before ansible-core 2.21, and if configured since then."""
    try:
        return bool(C.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
    except AnsibleError:
        return True


def _is_own_user(name: t.Any) -> bool:
    """Whether it is the user of this process. In a container, the user may have no name."""
    try:
        return pwd.getpwnam(str(name)).pw_uid == os.geteuid()
    except KeyError:
        return False


@contextmanager
def _set_in_environment(variables: t.Mapping[str, str]) -> t.Iterator[None]:
    """Set the task's ``environment:`` as for a module, such as the API key and proxies."""
    before = {name: os.environ.get(name) for name in variables}
    try:
        try:
            os.environ.update(variables)
        except ValueError as error:
            raise AnsibleError(f"environment: {error}") from None
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
