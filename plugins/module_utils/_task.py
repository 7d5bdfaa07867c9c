# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task that a module and its action plugin share."""

from __future__ import annotations

import re
import traceback
import typing as t
from copy import deepcopy
from dataclasses import dataclass

from ansible.module_utils.common.validation import check_type_dict

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import Organization, check_given
from ansible_collections.voxai.telephony.plugins.module_utils._converge import Outcome
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import Masker, find_secrets
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError, shown

Options = dict[str, t.Any]
Result = dict[str, t.Any]
Connect = t.Callable[[t.Mapping[str, t.Any]], Organization]
Report = t.Callable[[str], None]
"""A function that is called with the progress as a text, whenever it changes."""

_POWER = re.compile(r"\s*[+-]?(?:inf|[0-9_.]+e)", re.IGNORECASE)
"""Numbers that Python converts to infinity or to an integer with thousands of digits."""

_MAX_MESSAGE = 4000
"""Maximum length of Ansible's message about invalid arguments."""


@dataclass(frozen=True)
class Task:
    """The work of a module, run as a module or by the action plugin.

    ``spec`` and ``constraints``: ``argument_spec`` and the other keyword arguments of AnsibleModule.
    ``run``: takes the arguments as written and the validated options, and returns the result. A result always has the
    same keys, also ``warnings``, ``diff`` if the task changes anything, and on failure ``failed`` and ``failure``.
    User errors raise no exception.
    ``empty``: the keys that every result has, with their values before the task does anything.
    ``entries_option``: the option whose elements the task validates itself, to report the errors of each one.
    ``instead_of_requests``: the library that a task without the API needs, and the traceback if it is missing.
    """

    spec: dict[str, dict[str, t.Any]]
    constraints: dict[str, t.Any]
    run: t.Callable[[Options, Options, Connect, bool, Report], Result]
    empty: Result
    entries_option: str | None = None
    instead_of_requests: tuple[str, str | None] | None = None

    def set_entries_aside(self, written: Options) -> Options:
        """The arguments that Ansible validates: without the entries, which the task validates itself."""
        entries = written.get(self.entries_option) if self.entries_option else None
        if self.entries_option and (isinstance(entries, list) or is_unreadable(entries)):
            written = {**written, self.entries_option: []}
        return as_ansible_reads(self.spec, written)

    def secrets(self, written: Options) -> set[str]:
        """The secrets in the arguments, and the API key in the environment.

        Ansible does not find secrets in the entries, in values of a wrong type, and in misspelt or misplaced options.
        """
        entry_spec = self.spec[self.entries_option]["options"] if self.entries_option else {}
        read_key, variables = self.spec.get("api_key", {}).get("fallback", (None, ()))
        from_environment = {"api_key": read_key(*variables)} if read_key else {}
        read = {self.entries_option: _read(written.get(self.entries_option))} if self.entries_option else {}
        return find_secrets({**from_environment, **written, **read}, {**self.spec, **entry_spec})

    def carry_out(
        self,
        written: Options,
        options: Options,
        connect: Connect,
        check_mode: bool,
        report: Report,
        masker: Masker,
    ) -> Result:
        """Run the task. The result has no secrets, even if the server returns them."""

        def connect_and_mask(options: t.Mapping[str, t.Any]) -> Organization:
            organization = connect(options)
            organization.api.hide = masker.mask
            return organization

        try:
            result = self.run(written, options, connect_and_mask, check_mode, report)
        except Exception as error:
            result = self._internal_error(error)
        # The server chooses the keys of the details, so they are masked too.
        for part in (result, *(result.get(self.entries_option or "") or ()), *(result.get("pruned") or ())):
            if part.get("failure"):
                part["failure"]["details"] = masker.mask(part["failure"]["details"], keys=True)
        return t.cast(Result, masker.mask(result))

    def refuse(self, message: str, masker: Masker) -> Result:
        """The result if the arguments are invalid, with the keys that every result has."""
        # Ansible quotes the arguments. The message is masked before it is cut, because a part of a secret is secret.
        message = masker.mask(message)[:_MAX_MESSAGE]
        return {"failed": True, "msg": message, "failure": failure_of(InputError(message)), **deepcopy(self.empty)}

    def _internal_error(self, error: Exception) -> Result:
        """The result of a defect in this collection. The text of the exception may contain secrets and is left out."""
        name = type(error).__name__
        message = (
            f"unexpected internal error ({name}). It is not known what was done before it: run the task again, it reads"
            " the numbers first. Please report the error with its traceback, which -vvv shows (from ansible-core 2.19"
            " on: ANSIBLE_DISPLAY_TRACEBACK=error)"
        )
        # Only places in source code, no values.
        places = "".join(traceback.format_tb(error.__traceback__))
        return {
            **{key: value if key in ("changed", "diff") else None for key, value in self.empty.items()},
            "failed": True,
            "msg": message,
            "failure": failure_of(InputError(message)),
            "exception": f"Traceback (most recent call last):\n{places}{name}",
        }


def _read(entries: t.Any) -> t.Any:
    """The entries as Ansible reads them. They may be written as texts."""
    if isinstance(entries, str):
        entries = entries.split(",")
    return [as_dict(entry) or entry for entry in entries] if isinstance(entries, list) else entries


def is_unreadable(entries: t.Any) -> bool:
    """Whether it is a text that Ansible cannot convert to a list of dictionaries."""
    return isinstance(entries, str) and not all(isinstance(entry, dict) for entry in _read(entries))


def as_dict(written: t.Any) -> Options | None:
    """The dictionary that Ansible reads from YAML, JSON or ``key=value``. None if it is not a dictionary."""
    try:
        read = check_type_dict(written)
    except (TypeError, ValueError):  # ansible-core 2.16 raises ValueError for "agent_name=Front desk".
        return None
    # Ansible reads "{1}" as a set.
    return {str(name): value for name, value in read.items()} if isinstance(read, dict) else None


def as_ansible_reads(spec: t.Mapping[str, dict[str, t.Any]], written: Options) -> Options:
    """The arguments without values for which Ansible's validation fails, or has an unhelpful message.

    An invalid dictionary is replaced by an empty one, and ``check_written`` reports it with a better message.
    """

    def read(name: str, value: t.Any) -> t.Any:
        kind = spec.get(name, {}).get("type")
        if kind == "dict" and as_dict(value) is None:
            return {}
        if kind == "int" and isinstance(value, (str, float)) and _POWER.match(str(value)):
            return f"({shown(value)})"
        return value

    return {name: read(name, value) for name, value in written.items()}


def without_nulls(arguments: Options) -> Options:
    """The arguments without nulls. To Ansible a null counts as left out, but its validation would check the value."""
    return {name: value for name, value in arguments.items() if value is not None or name.startswith("_")}


Read = t.Callable[[Result, Options, Options, Connect, Report], None]
"""Fills the result from the arguments as written and the validated options. Raises InputError, ApiError."""


def read_only(empty: Result) -> t.Callable[[Read], t.Callable[[Options, Options, Connect, bool, Report], Result]]:
    """Make the ``run`` of a task that only reads, in check mode too. ``empty``: that of the task."""

    def make_run(read: Read) -> t.Callable[[Options, Options, Connect, bool, Report], Result]:
        def run(written: Options, options: Options, connect: Connect, check_mode: bool, report: Report) -> Result:
            result: Result = {**deepcopy(empty), "warnings": []}
            requests_sent: t.Callable[[], int] = int

            def connect_and_count(options: t.Mapping[str, t.Any]) -> Organization:
                nonlocal requests_sent
                organization = connect(options)
                requests_sent = organization.api.counter()
                return organization

            try:
                check_given(written.get("api_key"))
                read(result, written, options, connect_and_count, report)
            except (InputError, ApiError) as error:
                result.update(failed=True, failure=failure_of(error), msg=str(error))
            return {**result, "api_requests": requests_sent()}

        return run

    return make_run


def in_words(outcome: Outcome, check_mode: bool) -> str:
    """The message about a number that did not fail."""
    if outcome.actions:
        return f"{'would be ' if check_mode else ''}{', '.join(outcome.actions)}"
    return "up to date" if outcome.record else "not held"


def failure_in_words(error: Exception, outcome: Outcome) -> str:
    """The message about a number that failed, with the actions done before."""
    return f"{error} (done before: {', '.join(outcome.actions)})" if outcome.actions else str(error)


def failure_of(error: Exception) -> dict[str, t.Any]:
    """The result's ``failure``. An input error only has a message."""
    if isinstance(error, ApiError):
        fields = (error.http_status, error.code, error.message, error.details)
    else:
        fields = (None, None, str(error), None)
    return dict(zip(("http_status", "code", "message", "details"), fields))
