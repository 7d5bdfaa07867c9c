# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the export in text that was copied from a job in AWX: its output, a part of it, or its artifacts.

ansible-runner shows a result as JSON. From 2.4.3 on, it shows YAML if ansible.cfg is set so.
"""

from __future__ import annotations

import re
import textwrap
import typing as t

import yaml

from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_RESULT = re.compile(r"^(?:ok|changed): \[([^\]\n]+)\] =>(?: \(item=.*\) =>)?", re.MULTILINE)
"""The beginning of a task's result on a host."""
_OTHER = re.compile(
    r"^(?:TASK |PLAY |(?:ok|changed|skipping|fatal|failed|included): |\[(?:WARNING|ERROR|DEPRECATION)|\S+ *: ok=)",
    re.MULTILINE,
)
"""A line of the output that ends a result."""
_INSIDE = re.compile(
    r"""\s*(?:[{\[]\s*)?
    (?: ["']?(?:msg|vox_export)["']?:
      | (?:-\s+)?["'](?:---|\#\ |vox_telephone_numbers:|\s+-\ number:))""",
    re.VERBOSE,
)
"""The beginning of a result without its first line, and of artifacts."""
_EXPORT = re.compile(r"^(?:vox_telephone_numbers:|\s*- number:)", re.MULTILINE)
_BRACKETS = " \n{}[]"


def export_from_job_output(text: str, load: t.Callable[[str], t.Any]) -> str | None:
    """The vars file in the output of the playbook export. None if the text is not the output of a job.

    ``load`` reads YAML with all values as strings. Raises InputError if the output has no export, more than one, or an
    incomplete one.
    """
    plain = _COLOR.sub("", text)
    results = list(_RESULT.finditer(plain))
    if not results and not _INSIDE.match(plain):
        return None
    ends = [result.start() for result in results[1:]] + [len(plain)]
    inside = [(result[1], plain[result.end() : end]) for result, end in zip(results, ends)] or [("", plain)]
    shown = [(host, _shown(output, load)) for host, output in inside]
    parts = [(host, part) for host, part in shown if part]
    export = "\n".join(part for _host, part in parts)
    if not _EXPORT.search(export):
        if results:
            raise InputError("the list is a job's output without an export: paste the output of the playbook export")
        return None
    if len({host for host, _part in parts}) > 1 or len(re.findall("^---", export, re.MULTILINE)) > 1:
        raise InputError("the list is a job's output with more than one export: paste one of them")
    return export


def _shown(output: str, load: t.Callable[[str], t.Any]) -> str:
    """The text or the lines that a result shows. Blank if it shows another value."""
    end = _OTHER.search(output)
    body = (output[: end.start()] if end else output).rstrip()
    value = _read(body, load)
    if isinstance(value, dict):
        value = value.get("msg", value.get("vox_export"))
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "\n".join(value)
    if body.endswith("…") and (value is None or isinstance(value, str)):
        raise InputError(
            "the list is a job's output that AWX has cut at …: paste the downloaded output, or the artifact vox_export"
        )
    return value if isinstance(value, str) else ""


def _read(body: str, load: t.Callable[[str], t.Any]) -> t.Any:
    """The value of JSON or YAML, complete, without the outer brackets, or only the lines of the message."""
    lines = re.sub(r"^[\s{]*\"msg\":", "", body).strip(_BRACKETS)
    for candidate in (body, textwrap.dedent(body.strip("{}").strip("\n")), f"[{lines}]"):
        try:
            return load(candidate)
        except (InputError, yaml.YAMLError):
            continue
    return None
