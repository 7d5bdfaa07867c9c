# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: what a module and its action plugin have in common."""

from __future__ import annotations

import json
import re
import traceback
import typing as t
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, quote_plus

from ansible.module_utils.common.parameters import remove_values, sanitize_keys
from ansible.module_utils.common.validation import check_type_dict

from ansible_collections.voxai.telephony.plugins.module_utils._api import ApiError
from ansible_collections.voxai.telephony.plugins.module_utils._connection import Organization
from ansible_collections.voxai.telephony.plugins.module_utils._converge import Outcome
from ansible_collections.voxai.telephony.plugins.module_utils._values import shown

Options = dict[str, t.Any]
Result = dict[str, t.Any]
Connect = t.Callable[[t.Mapping[str, t.Any]], Organization]
Report = t.Callable[[str], None]
"""Told how far the work is, in words, as often as there is news."""

_POWER = re.compile(r"\s*[+-]?(?:inf|[0-9_.]+e)", re.IGNORECASE)
"""An integer that would be infinite, or one in whose place Python would write a thousand zeros."""

_TELLING = re.compile("(?!_ansible_).*(?:pas|pss|psw|pw|secret|token|key|cred|비밀|비번|암호)", re.IGNORECASE)
"""Names of secrets. An option that there is not may be one that was misspelt."""

_NO_SECRETS = (True, False, "always", "on_create")
"""What stands in a misspelt ``update_password``, and would be masked in every message."""

# As html.escape does it, which loads thousands of names for that.
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_IN_JSON_FOR_HTML = str.maketrans({"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"})


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
        entries = written.get(self.entries) if self.entries else None
        if self.entries and (isinstance(entries, list) or is_unreadable(entries)):
            written = {**written, self.entries: []}
        return as_ansible_reads(self.spec, written)

    def secrets(self, written: Options) -> set[str]:
        """The secrets that were given, for Ansible to keep out of the result.

        It finds them itself, but not in what was set aside, not where something is of the wrong type, and not in a
        wrong place.
        """
        entry_spec = self.spec[self.entries]["options"] if self.entries else {}
        known = {**self.spec, **entry_spec}
        read = {self.entries: _read(written.get(self.entries))} if self.entries else {}
        found = {secret for secret in _find({**written, **read}, known) if secret.strip()}
        return {quoted for secret in found for quoted in _quoted(secret)}

    def carry_out(
        self, written: Options, options: Options, connect: Connect, check_mode: bool, report: Report
    ) -> Result:
        """Run it, and keep the secrets out of what a server says of them, and out of what nobody foresaw.

        Ansible keeps them out of values, and leaves keys alone. Before ansible-core 2.19 it hides them in any order,
        and where one begins with another, the rest of the longer one may be left.
        """

        @cache
        def secrets() -> list[str]:
            return sorted(self.secrets({**options, **written}), key=len, reverse=True)

        def connect_and_hide(options: t.Mapping[str, t.Any]) -> Organization:
            organization = connect(options)
            organization.api.hide = lambda value: remove_values(value, secrets())
            return organization

        try:
            result = self.run(written, options, connect_and_hide, check_mode, report)
        except Exception as error:
            return _unforeseen(error)
        if not result.get("failed"):
            return result
        for part in (result, *result.get(self.entries or "", ()), *result.get("pruned", ())):
            if part.get("failed"):
                part["msg"] = remove_values(part["msg"], secrets())
            if part.get("failure"):
                failure = part["failure"] = remove_values(part["failure"], secrets())
                failure["details"] = sanitize_keys(failure["details"], secrets())
        return result


def _unforeseen(error: Exception) -> Result:
    """The result of an error that is a defect of ours. Its text may quote anything, so it is not told."""
    name = type(error).__name__
    message = (
        f"an error that nobody foresaw ({name}). What had been done by then is not known: run the task again, it looks"
        " first. And please report it, with the traceback: -vvv shows it, and from ansible-core 2.19 on"
        " ANSIBLE_DISPLAY_TRACEBACK=error"
    )
    # Places in source code, and no values.
    places = "".join(traceback.format_tb(error.__traceback__))
    return {"failed": True, "msg": message, "exception": f"Traceback (most recent call last):\n{places}{name}"}


def _quoted(secret: str) -> tuple[str, ...]:
    """The ways in which a server's message may quote it."""
    return (
        secret,
        secret.strip(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, errors="replace"),
        quote(secret, safe="", errors="replace"),
        # As JavaScript does it.
        quote(secret, safe="!'()*", errors="replace"),
        quote_plus(secret, errors="replace"),
        secret.translate(_IN_HTML),
        secret.translate(_IN_HTML).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
        # As PHP does it.
        secret.translate(_IN_HTML).replace("&#x27;", "&#039;"),
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        # As .NET does it.
        re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="", errors="replace")),
        # A whole body, quoted once more.
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1].translate(_IN_JSON_FOR_HTML),
    )


def _read(entries: t.Any) -> t.Any:
    """The entries as Ansible reads them, where they are written as texts."""
    if isinstance(entries, str):
        entries = entries.split(",")
    return [as_dict(entry) or entry for entry in entries] if isinstance(entries, list) else entries


def is_unreadable(entries: t.Any) -> bool:
    """Whether it is a text, and none that Ansible makes a list of dictionaries of."""
    return isinstance(entries, str) and not all(isinstance(entry, dict) for entry in _read(entries))


def _find(value: t.Any, known: t.Mapping[str, dict[str, t.Any]]) -> t.Iterator[str]:
    """The secrets among options and their own options, at any depth; ``known`` are those that there are."""
    if isinstance(value, dict):
        for name, part in value.items():
            if known[name].get("no_log") if name in known else _TELLING.match(str(name)) and part not in _NO_SECRETS:
                yield from _leaves(part)
            elif isinstance(part, str):
                yield from _IN_URLS[name](part) if name in _IN_URLS else ()
            else:
                yield from _find(part, known)
    elif isinstance(value, list):
        for part in value:
            yield from _find(part, known)


def _in_api_url(url: str) -> t.Iterator[str]:
    before, _at, after = url.rpartition("@")
    yield re.sub(r"\A[A-Za-z]*:/*", "", before)
    # No part of the other one: were it hidden first, the rest of the other would be left.
    yield "".join(re.split("[?#]", after, maxsplit=1)[1:])


def _in_address(address: str) -> t.Iterator[str]:
    before, _at, _host = address.rpartition("@")
    # The user alone is a part of many a trunk's address.
    _user, _colon, password = re.sub(r"(?i)\Asips?:", "", before).partition(":")
    yield password


_IN_URLS = {"api_url": _in_api_url, "address": _in_address}
"""What may be a secret in a URL, although it is refused there."""


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
