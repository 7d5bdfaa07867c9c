# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: what a module and its action plugin have in common."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from ansible.module_utils.common.validation import check_type_dict

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import Organization
from ansible_collections.voxai.telephony.plugins.module_utils._converge import Outcome

Options = dict[str, t.Any]
Result = dict[str, t.Any]
Connect = t.Callable[[t.Mapping[str, t.Any]], Organization]
Report = t.Callable[[str], None]
"""Told how far the work is, in words, as often as there is news."""


@dataclass(frozen=True)
class Task:
    """A module's work, wherever it runs.

    ``spec`` and ``constraints``: what AnsibleModule takes as argument_spec and as further keywords.
    ``run``: from the arguments as they were written, and the validated options, to the result: always the same
    keys, with ``warnings``, with ``diff`` if it changes anything, and on failure with ``failed`` and ``failure``.
    Raises nothing that a user can cause.
    ``entries``: the option whose elements the task validates itself, to tell what is wrong with each of them.
    """

    spec: dict[str, dict[str, t.Any]]
    constraints: dict[str, t.Any]
    run: t.Callable[[Options, Options, Connect, bool, Report], Result]
    entries: str | None = None

    def set_entries_aside(self, written: Options) -> Options:
        """The arguments for Ansible to validate."""
        if self.entries and isinstance(written.get(self.entries), list):
            return {**written, self.entries: []}
        return dict(written)

    def secrets(self, written: Options) -> set[str]:
        """The secrets that were given, for Ansible to keep out of the result.

        It finds them itself, but not in what was set aside, not where something is of the wrong type, and not in a
        wrong place.
        """
        specs = [self.spec, self.spec[self.entries]["options"] if self.entries else {}]
        names = {name for spec in specs for name in spec if spec[name].get("no_log")}
        entries = written.get(self.entries) if self.entries else None
        read = {self.entries: [as_dict(entry) or entry for entry in entries]} if isinstance(entries, list) else {}
        found = {secret for secret in _find({**written, **read}, names) if secret}
        return {quoted for secret in found for quoted in _quoted(secret)}


def _quoted(secret: str) -> tuple[str, ...]:
    """The ways in which a server's message may quote it."""
    return (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret),
        quote_plus(secret),
    )


def _find(value: t.Any, names: set[str]) -> t.Iterator[str]:
    """The texts under these names, at any depth."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part) if name in names else _find(part, names)
    elif isinstance(value, list):
        for part in value:
            yield from _find(part, names)


def _leaves(value: t.Any) -> t.Iterator[str]:
    """The texts in a value, which may be anything: it was not validated."""
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif value is not None:
        yield str(value)


def as_dict(written: t.Any) -> Options | None:
    """A dictionary as Ansible lets it be written, in YAML, JSON, or as ``key=value``; None if it is none."""
    try:
        return {str(name): value for name, value in check_type_dict(written).items()}
    except TypeError:
        return None


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
