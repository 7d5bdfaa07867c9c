# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the task ``vox_telephone_numbers``, from options to result."""

from __future__ import annotations

import typing as t
from collections import Counter

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.voxai.telephony.plugins.module_utils._bulk import Bulk, Entry, converge_all, some_of
from ansible_collections.voxai.telephony.plugins.module_utils._connection import CONNECTION_SPEC, check_given
from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import number_warning
from ansible_collections.voxai.telephony.plugins.module_utils._plan import parse_desired
from ansible_collections.voxai.telephony.plugins.module_utils._task import (
    Connect,
    Options,
    Report,
    Result,
    Task,
    as_ansible_reads,
    as_dict,
    failure_in_words,
    failure_of,
    in_words,
    is_unreadable,
    without_nulls,
)
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number import NUMBER_SPEC, check_written
from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    MAX_WRITTEN,
    InputError,
    shown,
)

ENTRIES = "telephone_numbers"

ENTRY_SPEC: dict[str, dict[str, t.Any]] = {**NUMBER_SPEC, "number": {"type": "raw", "required": True}}

_VALIDATOR = ArgumentSpecValidator(ENTRY_SPEC)

_MAX_ENTRY_ERROR = 1000
"""Maximum length of Ansible's message about an entry, which quotes the whole entry."""

_MAX_LINES = 20
"""Maximum number of failures in the message, and of warnings about values that the API returns differently. Input
errors are always listed completely."""


def run(written: Options, options: Options, connect: Connect, check_mode: bool, report: Report) -> Result:
    """Bring many numbers to their desired states."""
    entries = written[ENTRIES] if isinstance(written[ENTRIES], list) else options[ENTRIES]
    # Otherwise Ansible would show all entries again with the arguments.
    options[ENTRIES] = f"({len(entries)} entries, see the result)"
    bulk = Bulk([parse_entry(entry) for entry in entries])
    _refuse_duplicates(bulk.entries)
    requests_sent: t.Callable[[], int] = int
    try:
        if is_unreadable(written[ENTRIES]):
            raise InputError(
                f"{ENTRIES} is a text: write a list with the options of each number, or convert the text with the"
                " filter voxai.telephony.numbers_from_text"
            )
        check_given(written.get("api_key"))
        max_deletions = _parse_max_deletions(options, bulk.entries)
        api, ledger = connect(options)
    except InputError as error:
        bulk.error = error
        bulk.refuse()
    else:
        requests_sent = api.counter()
        converge_all(api, ledger, bulk, max_deletions, check_mode, report)
    everything = [*bulk.entries, *bulk.pruned]
    failed = bulk.error is not None or any(entry.error for entry in everything)
    return {
        **({"failed": True, "failure": failure_of(bulk.error) if bulk.error else None} if failed else {}),
        "changed": any(entry.outcome.actions for entry in everything),
        "msg": (_failure_message if failed else _counts)(bulk, check_mode),
        ENTRIES: [_result(entry, check_mode) for entry in bulk.entries],
        "pruned": [_result(entry, check_mode) for entry in bulk.pruned],
        "summary": _summary(everything),
        "api_requests": requests_sent(),
        "diff": _diff(everything),
        "warnings": _warnings(bulk.entries),
    }


def parse_entry(written: t.Any) -> Entry:
    """An entry, with an error if it is invalid."""
    arguments = as_dict(written)
    if arguments is None:
        return Entry("", error=InputError("the entry must be a dictionary: write options, such as number and address"))
    arguments = without_nulls(arguments)
    number = arguments.get("number", "")
    entry = Entry((number if isinstance(number, str) else shown(number))[:MAX_WRITTEN])
    try:
        check_written(arguments)
        validated = _VALIDATOR.validate(as_ansible_reads(ENTRY_SPEC, arguments))
        if validated.error_messages:
            # Report unknown options first: a missing option may be misspelt.
            error = max(validated.errors.errors, key=lambda error: isinstance(error, UnsupportedError))
            words = "Unsupported parameters: " if isinstance(error, UnsupportedError) else ""
            raise InputError(words + error.msg[:_MAX_ENTRY_ERROR])
        entry.desired = parse_desired(validated.validated_parameters)
        entry.number = str(entry.desired.number)
    except InputError as error:
        entry.error = error
    return entry


def _refuse_duplicates(entries: list[Entry]) -> None:
    first: dict[str, int] = {}
    for position, entry in enumerate(entries, 1):
        if entry.desired and first.setdefault(entry.number, position) != position:
            entry.desired = None
            entry.error = InputError(f"the number is listed twice, as entries {first[entry.number]} and {position}")


def _parse_max_deletions(options: Options, entries: list[Entry]) -> int | None:
    """The maximum number of numbers to prune. None without prune."""
    if not options["prune"]:
        return None
    if all(entry.desired and entry.desired.absent for entry in entries):
        raise InputError(
            "prune with an empty list, or with only absent entries, would release every number of your own: list the"
            " numbers to keep, or leave out prune"
        )
    # In Python and Ansible, a bool is also an int.
    max_deletions: int = options["max_deletions"]
    if isinstance(max_deletions, bool) or max_deletions < 0:
        raise InputError(f"max_deletions is {max_deletions}: write 0 or more")
    return max_deletions


# The result


def _result(entry: Entry, check_mode: bool) -> Result:
    outcome, error = entry.outcome, entry.error
    return {
        "number": entry.number or None,
        "changed": bool(outcome.actions),
        "failed": error is not None,
        "actions": outcome.actions,
        "telephone_number": outcome.record,
        "failure": failure_of(error) if error else None,
        "msg": failure_in_words(error, outcome) if error else entry.held_back or in_words(outcome, check_mode),
    }


def _summary(entries: list[Entry]) -> dict[str, int]:
    counts = Counter(_kind(entry) for entry in entries)
    return {kind: counts[kind] for kind in ("registered", "updated", "unchanged", "deleted", "failed")}


def _kind(entry: Entry) -> str:
    actions = entry.outcome.actions
    if entry.error:
        return "failed"
    if "registered" in actions:
        return "registered"
    if "deleted" in actions or "cancel_requested" in actions:
        return "deleted"
    return "updated" if actions else "unchanged"


def _counts(bulk: Bulk, check_mode: bool) -> str:
    """How many numbers have each result, as a text."""
    counts = _summary([*bulk.entries, *bulk.pruned])
    text = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"{'would be: ' if check_mode else ''}{text}" if text else "no entries"


def _failure_message(bulk: Bulk, check_mode: bool) -> str:
    """The errors, each with the position and the number of its entry."""
    everything = [(f"entry {position}", entry) for position, entry in enumerate(bulk.entries, 1)]
    everything += [("prune", entry) for entry in bulk.pruned]
    # An error that stopped all entries is listed only once.
    lines = [
        f"{where}{f' ({entry.number})' if entry.number else ''}: {failure_in_words(entry.error, entry.outcome)}"
        for where, entry in everything
        if entry.error and entry.error is not bulk.error
    ]
    if not bulk.begun:
        return "\n- ".join(["nothing was changed:", *([str(bulk.error)] if bulk.error else []), *lines])
    if len(lines) > _MAX_LINES:
        lines[_MAX_LINES:] = [f"and {len(lines) - _MAX_LINES} more"]
    held_back = sum(1 for _where, entry in everything if entry.held_back)
    if held_back:
        lines.append(
            f"held back: numbers to release ({held_back}). They are only released after everything else has succeeded"
        )
    return "\n- ".join([f"{_counts(bulk, check_mode)}:", *lines])


def _diff(entries: list[Entry]) -> dict[str, dict[str, t.Any]]:
    """The changes, by number. Fields and numbers that do not change are left out."""
    diff: dict[str, dict[str, t.Any]] = {"before": {}, "after": {}}
    for entry in sorted(entries, key=lambda entry: entry.number):
        if not entry.outcome.actions:
            continue
        before, after = entry.outcome.diff().values()
        differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        for side, fields in (("before", before), ("after", after)):
            if fields:
                diff[side][entry.number] = {name: fields.get(name) for name in differing}
    return diff


def _warnings(entries: list[Entry]) -> list[str]:
    """Each warning once, with the positions of its entries."""
    foreseen: dict[str, list[str]] = {}
    returned: dict[str, list[str]] = {}
    for position, entry in enumerate(entries, 1):
        if entry.desired:
            own = [number_warning(entry.number), *(entry.outcome.plan.warnings if entry.outcome.plan else [])]
            for texts, found in ((filter(None, own), foreseen), (entry.outcome.warnings, returned)):
                for text in texts:
                    found.setdefault(text, []).append(str(position))
    lines = [
        f"{'entry' if len(where) == 1 else 'entries'} {some_of(where)}: {text}"
        for text, where in {**foreseen, **dict(list(returned.items())[:_MAX_LINES])}.items()
    ]
    # These quote the values that were sent, so each text may be different.
    more = len(returned) - _MAX_LINES
    return [*lines, f"and {more} more values that the API returned differently"] if more > 0 else lines


TASK = Task(
    spec={
        **CONNECTION_SPEC,
        ENTRIES: {"type": "list", "elements": "dict", "required": True, "options": ENTRY_SPEC},
        "prune": {"type": "bool", "default": False},
        "max_deletions": {"type": "int"},
    },
    constraints={"required_if": [("prune", True, ["max_deletions"])]},
    run=run,
    empty={
        "changed": False,
        ENTRIES: [],
        "pruned": [],
        "summary": _summary([]),
        "api_requests": 0,
        "diff": {"before": {}, "after": {}},
    },
    entries_option=ENTRIES,
)
