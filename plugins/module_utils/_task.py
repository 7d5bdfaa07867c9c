# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: what a module and its action plugin have in common."""

from __future__ import annotations

import re
import traceback
import typing as t
from copy import deepcopy
from dataclasses import dataclass

from ansible.module_utils.common.validation import check_type_dict

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import Organization
from ansible_collections.voxai.telephony.plugins.module_utils._converge import Outcome
from ansible_collections.voxai.telephony.plugins.module_utils._secrets import Masker, find_secrets
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError, shown

Options = dict[str, t.Any]
Result = dict[str, t.Any]
Connect = t.Callable[[t.Mapping[str, t.Any]], Organization]
Report = t.Callable[[str], None]
"""Told how far the work is, in words, as often as there is news."""

_POWER = re.compile(r"\s*[+-]?(?:inf|[0-9_.]+e)", re.IGNORECASE)
"""An integer that would be infinite, or one in whose place Python would write a thousand zeros."""

_MOST_OF_MESSAGE = 4000
"""Characters of what Ansible says of arguments that it refuses."""


@dataclass(frozen=True)
class Task:
    """A module's work, wherever it runs.

    ``spec`` and ``constraints``: what AnsibleModule takes as argument_spec and as further keywords.
    ``run``: from the arguments as they were written, and the validated options, to the result: always the same
    keys, with ``warnings``, with ``diff`` if it changes anything, and on failure with ``failed`` and ``failure``.
    Raises nothing that a user can cause.
    ``empty``: the keys that every result has, as they are where nothing was begun.
    ``entries_option``: the option whose elements the task validates itself, to tell what is wrong with each of them.
    ``instead_of_requests``: the library that a task without API needs, and the traceback where it is missing.
    """

    spec: dict[str, dict[str, t.Any]]
    constraints: dict[str, t.Any]
    run: t.Callable[[Options, Options, Connect, bool, Report], Result]
    empty: Result
    entries_option: str | None = None
    instead_of_requests: tuple[str, str | None] | None = None

    def set_entries_aside(self, written: Options) -> Options:
        """The arguments for Ansible to validate."""
        entries = written.get(self.entries_option) if self.entries_option else None
        if self.entries_option and (isinstance(entries, list) or is_unreadable(entries)):
            written = {**written, self.entries_option: []}
        return as_ansible_reads(self.spec, written)

    def secrets(self, written: Options) -> set[str]:
        """The secrets among the arguments, and the API key of the environment.

        Ansible finds some of them itself, but not in what was set aside, not where something is of the wrong type, and
        not in a wrong place.
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
        """Run it. The result has no secrets, whatever a server says."""

        def connect_and_mask(options: t.Mapping[str, t.Any]) -> Organization:
            organization = connect(options)
            organization.api.hide = masker.mask
            return organization

        try:
            result = self.run(written, options, connect_and_mask, check_mode, report)
        except Exception as error:
            result = self._unforeseen(error)
        # Names that a server made up. All others are ours, and stay.
        for part in (result, *(result.get(self.entries_option or "") or ()), *(result.get("pruned") or ())):
            if part.get("failure"):
                part["failure"]["details"] = masker.mask(part["failure"]["details"], keys=True)
        return t.cast(Result, masker.mask(result))

    def refuse(self, message: str, masker: Masker) -> Result:
        """The result where nothing was begun, with the keys that every result has."""
        # Ansible quotes all that was written. A part of a secret is one, too, so it is cut last.
        message = masker.mask(message)[:_MOST_OF_MESSAGE]
        return {"failed": True, "msg": message, "failure": failure_of(InputError(message)), **deepcopy(self.empty)}

    def _unforeseen(self, error: Exception) -> Result:
        """The result of an error that is a defect of ours. Its text may quote anything, so it is not told."""
        name = type(error).__name__
        message = (
            f"an error that nobody foresaw ({name}). What had been done by then is not known: run the task again, it"
            " looks first. And please report it, with the traceback: -vvv shows it, and from ansible-core 2.19 on"
            " ANSIBLE_DISPLAY_TRACEBACK=error"
        )
        # Places in source code, and no values.
        places = "".join(traceback.format_tb(error.__traceback__))
        return {
            **{key: value if key in ("changed", "diff") else None for key, value in self.empty.items()},
            "failed": True,
            "msg": message,
            "failure": failure_of(InputError(message)),
            "exception": f"Traceback (most recent call last):\n{places}{name}",
        }


def _read(entries: t.Any) -> t.Any:
    """The entries as Ansible reads them, where they are written as texts."""
    if isinstance(entries, str):
        entries = entries.split(",")
    return [as_dict(entry) or entry for entry in entries] if isinstance(entries, list) else entries


def is_unreadable(entries: t.Any) -> bool:
    """Whether it is a text, and none that Ansible makes a list of dictionaries of."""
    return isinstance(entries, str) and not all(isinstance(entry, dict) for entry in _read(entries))


def as_dict(written: t.Any) -> Options | None:
    """A dictionary as Ansible lets it be written, in YAML, JSON, or as ``key=value``; None if it is none."""
    try:
        read = check_type_dict(written)
    except (TypeError, ValueError):  # ValueError: in ansible-core 2.16, of "agent_name=Front desk".
        return None
    # "{1}" would be a set.
    return {str(name): value for name, value in read.items()} if isinstance(read, dict) else None


def as_ansible_reads(spec: t.Mapping[str, dict[str, t.Any]], written: Options) -> Options:
    """The same, but for values that Ansible's validation refuses in words that don't help, or breaks on.

    In the place of what should be a dictionary is an empty one: ``check_written`` refuses it in better words.
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
    """To Ansible a null is an option left out; to its own validation it is a value."""
    return {name: value for name, value in arguments.items() if value is not None or name.startswith("_")}


def in_words(outcome: Outcome, check_mode: bool) -> str:
    """What has come of a number."""
    if outcome.actions:
        return f"{'would be ' if check_mode else ''}{', '.join(outcome.actions)}"
    return "as wanted already" if outcome.record else "not held"


def failure_in_words(error: Exception, outcome: Outcome) -> str:
    """What went wrong, and what had been done to the number by then."""
    return f"{error} (done before: {', '.join(outcome.actions)})" if outcome.actions else str(error)


def failure_of(error: Exception) -> dict[str, t.Any]:
    """The result's ``failure``. An input error has a message alone."""
    if isinstance(error, ApiError):
        fields = (error.http_status, error.code, error.message, error.details)
    else:
        fields = (None, None, str(error), None)
    return dict(zip(("http_status", "code", "message", "details"), fields))
