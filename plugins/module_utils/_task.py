# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: what a module and its action plugin have in common."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import Organization

Options = dict[str, t.Any]
Result = dict[str, t.Any]
Connect = t.Callable[[t.Mapping[str, t.Any]], Organization]


@dataclass(frozen=True)
class Task:
    """A module's work, wherever it runs.

    ``spec`` and ``constraints``: what AnsibleModule takes as argument_spec and as further keywords.
    ``run``: from the arguments as they were written, and the validated options, to the result: always the same
    keys, with ``warnings``, with ``diff`` if it changes anything, and on failure with ``failed`` and ``failure``.
    Raises nothing that a user can cause.
    """

    spec: dict[str, dict[str, t.Any]]
    constraints: dict[str, t.Any]
    run: t.Callable[[Options, Options, Connect, bool], Result]


def without_nulls(arguments: Options) -> Options:
    """To Ansible a null is an option left out; to its own validation it is a value."""
    return {name: value for name, value in arguments.items() if value is not None or name.startswith("_")}


def failure_of(error: Exception) -> dict[str, t.Any]:
    """The result's ``failure``. An input error has a message alone."""
    if isinstance(error, ApiError):
        fields = (error.http_status, error.code, error.message, error.details)
    else:
        fields = (None, None, str(error), None)
    return dict(zip(("http_status", "code", "message", "details"), fields))
