# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import itertools
import re
import typing as t
from collections import Counter

import yaml
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.voxai.telephony.plugins.module_utils._numbering_plan import (
    find_number,
    has_usual_length,
    is_in_plan,
    number_warning,
    parse_number,
)
from ansible_collections.voxai.telephony.plugins.module_utils._plan import AGENT_OPTIONS
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number import NUMBER_SPEC
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError
from ansible_collections.voxai.telephony.plugins.plugin_utils._job_output import export_from_job_output

DOCUMENTATION = r"""
name: numbers_from_text
short_description: Convert a text with telephone numbers to list entries
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Converts a text to entries for M(voxai.telephony.vox_telephone_numbers). The text is a CSV table, a list in YAML, or
    plain numbers, one per line.
  - A CSV table is separated by commas, semicolons or tabs. Its first line names the columns, in any order. The column
    names are the options of M(voxai.telephony.vox_telephone_number). The column C(number) is required. An agent is
    given by its name.
  - YAML is a list of numbers, or of dictionaries with the same options, in which an agent may also be a dictionary. The
    list may be the value of the key C(vox_telephone_numbers), as in the files of the playbook
    C(voxai.telephony.export). All values are read as strings, so numbers need no quotes. Only a null value, such as
    C(address:), stays null, and overrides a default of the role. Aliases are not accepted.
  - The text may also be an export that was copied from AWX, from the output of a job with the playbook
    C(voxai.telephony.export) or from its artifact C(vox_export).
  - Blank lines, empty rows and comments are skipped, and a warning reports how many. Comments are YAML comments, and
    lines that begin with C(#) in a list of plain numbers or before a table. All rows of a table are data.
  - An empty value counts as left out. A single C(-) is an error, except as a memo.
  - The filter reports a number without its leading C(0), which spreadsheets drop, and a number with too few or too many
    digits for its prefix. It also reports an address that is a single word, and a quote that is not closed.
  - SIP credentials are an error. Keep passwords out of such lists.
positional: _input
options:
  _input:
    description: The text.
    type: str
    required: true
seealso:
  - plugin: voxai.telephony.entry_from_record
    plugin_type: filter
  - module: voxai.telephony.vox_telephone_numbers
  - name: AWX
    description: Guide to job templates that read such lists.
    link: https://github.com/voxai/telephony/blob/main/docs/awx.md
"""

EXAMPLES = r"""
- name: Register the numbers of a spreadsheet
  voxai.telephony.vox_telephone_numbers:
    telephone_numbers: "{{ lookup('ansible.builtin.file', 'numbers.csv') | voxai.telephony.numbers_from_text }}"

# numbers.csv:
#
# number,address,memo,inbound_agent
# 070-1111-2222,sip:trunk.example.com:5060,본사 대표번호,Front desk
# 070-3333-4444,sip:trunk.example.com:5060,"Branch, second floor",

- name: Register the same numbers with a default address and credentials
  ansible.builtin.include_role:
    name: voxai.telephony.telephone_numbers
  vars:
    vox_telephone_numbers: "{{ lookup('ansible.builtin.file', 'numbers.csv') | voxai.telephony.numbers_from_text }}"
    vox_telephone_numbers_defaults:
      address: sip:trunk.example.com:5060
      auth_username: vox-customer-12
      auth_password: "{{ sip_password }}"
"""

RETURN = r"""
_value:
  description: The entries, in the order of the text.
  type: list
  elements: dict
  sample:
    - number: 070-1111-2222
      address: sip:trunk.example.com:5060
      memo: 본사 대표번호
      inbound_agent:
        agent_name: Front desk
"""

_CREDENTIALS = ("auth_username", "auth_password", "update_password")
_OPTIONS = [option for option in NUMBER_SPEC if option not in _CREDENTIALS]
_VARIABLE = "vox_telephone_numbers"
_NULLS = ("", "~", "null", "Null", "NULL")
_FAILED_FORMULA = re.compile(r"#(?:#+|N/A|GETTING_DATA|[A-Z0-9/]+[!?])(?![^\s,;])")
"""What a spreadsheet shows instead of a value that it cannot calculate or display. It looks like a comment."""
_WORD_OF_NUMBER = re.compile("(?:ext|tel|fax|x)[.]?(?=[0-9])", re.IGNORECASE)
_NAME_COLUMNS = "begin a table with the names of its columns, such as number,address,memo"
_SPREADSHEET = "a spreadsheet drops a leading 0 and rounds long numbers. Write it with hyphens, such as 070-1111-2222"

_YAML = re.compile(
    # Text after a closing bracket is not YAML: [본사] 02-123-4567.
    r"---|\s*(?:- |-$)|\s*[\[{](?![^\]}]*[\]}]\s*[^\s,\]}#])|[a-z_]+:\s*(?:[\[{#]|$)"
)
"""The beginning of the first line of a YAML list."""

Entry = dict[str, t.Any]
Placed = list[tuple[str, Entry]]
"""Entries, each with its place in the text, such as ``line 3``."""
Skipped = t.Counter[str]
"""The number of skipped lines of each kind."""


def numbers_from_text(text: t.Any) -> list[Entry]:
    """The entries of a text. Raises AnsibleFilterError, with all errors in one message."""
    if isinstance(text, (int, float)):
        raise AnsibleFilterError(
            f"the list is {text!r}, which is not a text: Ansible converts a value that looks like a number (07011112222"
            " becomes 941921426). Write telephone numbers with hyphens, such as 070-1111-2222"
        )
    if not isinstance(text, str):
        # The value is not quoted: it may contain passwords.
        raise AnsibleFilterError(
            "the list is not a text: pass the content of a file, or a pasted text. A list variable needs no filter"
        )
    text = re.sub("\r\n?", "\n", text.lstrip("\ufeff"))
    try:
        text = export_from_job_output(text, _load) or text
    except InputError as error:
        raise AnsibleFilterError(str(error)) from None
    if re.search("[\x00-\x08\x0e-\x1f\ud800-\udfff]", text):
        raise AnsibleFilterError("the list is not UTF-8 text: save the file as UTF-8 (in a spreadsheet: CSV UTF-8)")
    lines = text.rstrip("\n").split("\n")
    skipped: Skipped = Counter()
    first = next((line for line in lines if not _kind_of_skipped(line) or _columns(line)), "")
    try:
        if _YAML.match(first):
            placed = _from_yaml(text, skipped)
        else:
            columns = _columns(first)
            placed = _from_table(lines, *columns, skipped) if columns else _from_plain(lines, skipped)
        if not placed:
            raise InputError("the list is empty: write telephone numbers, one per line")
        problems = [f"{where}: {problem}" for where, entry in placed for problem in _problems(entry)]
        if problems:
            raise InputError("\n- ".join(["the list is invalid:", *problems]))
    except InputError as error:
        raise AnsibleFilterError(str(error)) from None
    if skipped:
        counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(skipped.items()))
        Display().warning(f"numbers_from_text: entries: {len(placed)}. Skipped: {counts}")
    return [_as_options(entry) for _where, entry in placed]


def _kind_of_skipped(line: str) -> str | None:
    """The kind of a line that is skipped, outside of YAML and of the rows of a table. None if it is not skipped."""
    if not line.strip():
        return "blank lines"
    return "comments" if line.startswith("#") and not _FAILED_FORMULA.match(line) else None


# Messages do not quote text that cannot be read: the user may have chosen a wrong file, with secrets in it.


class _Loader(yaml.BaseLoader):
    """Reads every scalar as a string, so 07011112222 is not an octal integer. Only a null becomes None."""

    MAX_DEPTH = 5
    """Levels: the variable, its list, an entry, an agent, and a text in it."""
    LOST_VALUE = re.compile(r"[ \t]*#[^\s#]")
    """A value after an empty one that YAML reads as a comment. Real comments have a blank after the #."""
    _depth = 0

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.whole_text = text

    def compose_node(self, parent: yaml.Node | None, index: t.Any) -> yaml.Node | None:
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
        # With aliases, a few hundred characters can expand to more than the memory holds.
        if self.check_event(yaml.AliasEvent):
            raise InputError(f"line {line} has an alias (*): write out its value, or put a text with * in quotes")
        if self._depth == self.MAX_DEPTH:
            raise InputError(
                f"line {line} is nested too deeply: an entry has texts, and its agents are dictionaries of texts"
            )
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> t.Any:
        is_plain = isinstance(node, yaml.ScalarNode) and node.style is None and node.tag == self.DEFAULT_SCALAR_TAG
        if not is_plain or node.value not in _NULLS:
            return super().construct_object(node, deep)
        if self.LOST_VALUE.match(self.whole_text, node.end_mark.index):
            line = node.end_mark.line + 1
            raise InputError(f"line {line} has a value that YAML reads as a comment because it begins with #: quote it")
        return None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[t.Any, t.Any]:
        names = set()
        for key, _value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise InputError(f"line {line} has a key that is not a text: write the name of an option")
            if key.value in names:
                raise InputError(
                    f"line {line}: {key.value} is given twice in one entry: remove one, or begin a new entry with a"
                    " dash (-)"
                )
            names.add(key.value)
        return {key.value: self.construct_object(value, deep) for key, value in node.value}


def _load(text: str) -> t.Any:
    return yaml.load(text, Loader=_Loader)


def _from_yaml(text: str, skipped: Skipped) -> Placed:
    try:
        entries = _load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        # PyYAML quotes the user's text. Its own single characters and <token names> are kept.
        problem = re.sub(r"'(?!<)[^']{2,}'", "'…'", str(error.problem))
        raise InputError(f"the list is not valid YAML: {problem}, in line {line}") from None
    except yaml.YAMLError:
        raise InputError("the list is not valid YAML: it has characters that YAML does not allow") from None
    if isinstance(entries, dict) and list(entries) == [_VARIABLE]:
        entries = entries[_VARIABLE]
    if isinstance(entries, list):
        entries = [{"number": entry} if entry is None or isinstance(entry, str) else entry for entry in entries]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(
            "the YAML is not a list of numbers or dictionaries: write such a list, or a dictionary with the list as"
            f" {_VARIABLE} and no other key"
        )
    skipped.update(_skipped_in_yaml(text))
    return [(f"entry {position}", entry) for position, entry in enumerate(entries, 1)]


def _skipped_in_yaml(text: str) -> t.Iterator[str]:
    """The kind of each comment and blank line between YAML tokens."""
    end = 0
    for token in yaml.scan(text):
        between = text[end : token.start_mark.index].split("\n")
        for position, line in enumerate(between):
            if line.lstrip().startswith("#"):
                yield "comments"
            # The first and the last line also contain a token.
            elif 0 < position < len(between) - 1:
                yield "blank lines"
        end = max(end, token.end_mark.index)


def _names(cells: list[str]) -> list[str]:
    return [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in cells]


def _columns(first: str) -> tuple[list[str], str] | None:
    """The column names in the first line of a table, and the delimiter. None if the line has no column number."""
    if len(first) > csv.field_size_limit():
        return None
    for delimiter in ",;\t":
        names = _names(next(csv.reader([first], delimiter=delimiter), []))
        if "number" in names:
            return names, delimiter
    return None


def _from_table(lines: list[str], names: list[str], delimiter: str, skipped: Skipped) -> Placed:
    unknown = [name for name in names if name and name not in _OPTIONS]
    if unknown:
        raise InputError(f"unknown column {', '.join(unknown)}: the columns are {', '.join(_OPTIONS)}{_why(unknown)}")
    if any(names.count(name) > 1 for name in names if name):
        raise InputError("two columns have the same name: remove one")
    before = [kind for kind in itertools.takewhile(bool, map(_kind_of_skipped, lines)) if kind]
    skipped.update(before)
    reader = csv.reader((f"{line}\n" for line in lines[len(before) :]), delimiter=delimiter, strict=True)
    placed: Placed = []
    last = len(before)
    try:
        for row in reader:
            where, last = f"line {last + 1}", len(before) + reader.line_num
            if not any(cell.strip() for cell in row):
                skipped["empty rows" if row else "blank lines"] += 1
                continue
            # A quote that is not closed extends the cell to the next quote, over other rows.
            is_first = not placed
            if (is_first and _names(row) != names) or any(_has_row(cell, delimiter) for cell in row):
                raise InputError(f"{where} begins a cell that contains other rows: close the quote at the cell's end")
            nameless = [cell for name, cell in itertools.zip_longest(names, row, fillvalue="") if not name]
            if any(cell.strip() for cell in nameless):
                raise InputError(f"{where} has more cells than columns: quote a text that contains {delimiter!r}")
            placed.append((where, {name: cell for name, cell in zip(names, row) if name}))
    except csv.Error as error:
        raise InputError(
            f"line {last + 1} begins a row that is not valid CSV ({error}): close the quote at the cell's end"
        ) from None
    return placed[1:]


def _has_row(cell: str, delimiter: str) -> bool:
    """Whether a cell has a line that looks like a row, because one of its parts is a telephone number."""
    parts = (part for line in cell.split("\n") for part in line.split(delimiter)) if "\n" in cell else ()
    return any(_is_number(part) for part in parts)


def _is_number(text: str) -> bool:
    try:
        return is_in_plan(parse_number(text))
    except InputError:
        return False


def _can_be_quoted(text: str) -> bool:
    """Whether the text looks like an invalid number, and not like a secret such as a key or a hash."""
    digits = sum(sign.isdigit() for sign in text)
    words = _WORD_OF_NUMBER.sub(" ", re.sub("[0-9][eE][+]?[0-9]", "", text))
    return 2 * digits >= len("".join(text.split())) and not re.search("[0-9][A-Za-z]|[A-Za-z][0-9]", words)


def _from_plain(lines: list[str], skipped: Skipped) -> Placed:
    placed: Placed = []
    for position, line in enumerate(lines, 1):
        kind = _kind_of_skipped(line)
        if kind:
            skipped[kind] += 1
            continue
        cells = re.split("[,;\t]", line)
        if len(cells) > 1 and any(map(_is_number, cells)):
            what_to_do = "write each number on its own line" if all(map(_is_number, cells)) else _NAME_COLUMNS
            raise InputError(f"line {position} has several cells: {what_to_do}")
        if not (_can_be_quoted(line) or find_number(line) or _FAILED_FORMULA.match(line)):
            raise InputError(
                f"line {position} is not a telephone number, and the first line has no column named number:"
                f" {_NAME_COLUMNS}"
            )
        placed.append((f"line {position}", {"number": line}))
    return placed


def _problems(entry: Entry) -> t.Iterator[str]:
    """The errors of an entry that can be found without the other entries and without the API."""
    unknown = [option for option in entry if option not in _OPTIONS]
    if unknown:
        yield f"unknown option {', '.join(unknown)}: the options are {', '.join(_OPTIONS)}{_why(unknown)}"
    for option, value in entry.items():
        if isinstance(value, str):
            if value.strip() == "-" and option != "memo":
                yield f"{option} is -: leave it empty if there is none"
            elif option != "number" and _FAILED_FORMULA.fullmatch(value.strip()):
                yield f"{option} is {value.strip()}, a failed formula of a spreadsheet: write the value"
        elif isinstance(value, dict) and option in AGENT_OPTIONS:
            if not all(part is None or isinstance(part, str) for part in value.values()):
                yield f"{option} has values that are not texts: write agent_id or agent_name, and agent_version"
        elif value is not None:
            yield f"{option} is a {'dictionary' if isinstance(value, dict) else 'list'}: write a text"
    number = entry.get("number") or ""
    if not isinstance(number, str) or number.strip() == "-":
        return
    if not number.strip():
        yield "number is missing: write a telephone number"
        return
    try:
        digits = parse_number(number)
    except InputError as error:
        yield _as_problem(number, error)
        return
    if not is_in_plan(digits):
        if not digits.startswith("0"):
            yield (
                f"number {number.strip()} has no leading 0 and is not a representative number (15xx, 16xx, 18xx):"
                f" {_SPREADSHEET}"
            )
        elif not has_usual_length(digits):
            yield f"{number_warning(digits)}. If it is correct, use a separate task for it"
    address = entry.get("address")
    if isinstance(address, str) and re.fullmatch(r"\s*[^.:@\[\s-][^.:@\s]*\s*", address):
        yield (
            f"address {address.strip()} is a single word: write it like sip:trunk.example.com, or sip:{address.strip()}"
        )


def _as_problem(number: str, error: InputError) -> str:
    """The error of a number. The text is quoted only if it looks like a number."""
    if number.lstrip().startswith("#"):
        is_failed = _FAILED_FORMULA.match(number.lstrip())
        return f"{error}{'' if is_failed else '. A table has no comments: to skip the number, delete its row'}"
    if _can_be_quoted(number) or find_number(number):
        return str(error)
    return "number is not a telephone number: write digits, such as 070-1111-2222"


def _why(unknown: list[str]) -> str:
    return ". A list must not contain credentials" if set(unknown) & set(_CREDENTIALS) else ""


def _as_options(entry: Entry) -> Entry:
    stripped = {option: value.strip() if isinstance(value, str) else value for option, value in entry.items()}
    return {
        option: {"agent_name": value} if option in AGENT_OPTIONS and isinstance(value, str) else value
        for option, value in stripped.items()
        if value != ""
    }


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"numbers_from_text": numbers_from_text}
