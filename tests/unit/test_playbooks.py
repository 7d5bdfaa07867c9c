# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of the playbooks and the role remain after their plays, and override the variables of later plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
TASK_FILES = [*PLAYBOOKS, *sorted((ROOT / "playbooks" / "tasks").glob("*.yml")), *sorted(ROOT.glob("roles/*/*/*.yml"))]
OUTPUTS = {
    "vox_telephone_number",
    "vox_actions",
    "vox_summary",
    "vox_export",
    "vox_audit",
    "vox_telephone_numbers_result",
}
"""Documented results. All except the last one are artifacts of an AWX job, which are variables of the next job."""
SETS = ("ansible.builtin.set_fact", "set_fact", "ansible.builtin.include_vars", "include_vars")
STATS = ("ansible.builtin.set_stats", "set_stats")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a file, at any depth."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(part)


def names_set(path: Path) -> tuple[set[str], set[str]]:
    """Return the names of facts and of statistics, which AWX converts to variables. Both remain until the run ends."""
    variables: set[str] = set()
    stats: set[str] = set()
    for mapping in mappings(load(path)):
        if isinstance(mapping.get("register"), str):
            variables.add(mapping["register"])
        for action in SETS:
            variables |= set(mapping.get(action, {}))
        for action in STATS:
            if action in mapping:
                assert isinstance(mapping[action]["data"], dict), "names must be literal"
                stats |= set(mapping[action]["data"])
    return variables, stats


def inputs() -> set[str]:
    """Return the names of the variables that users set for a playbook or the role, and of derived variables."""
    names: set[str] = set()
    for path in PLAYBOOKS:
        comments = re.findall(r"(?m)^# ((?:vox_\w+(?:, )?)+):", path.read_text(encoding="utf-8"))
        names |= {name for line in comments for name in line.split(", ")}
        for play in load(path):
            names |= set(play.get("vars", {}))
    for path in (ROOT / "playbooks" / "vars").glob("*.yml"):
        names |= set(load(path)) | set(load(path).get("vox_texts", ()))
    for path in (ROOT / "extensions" / "awx" / "surveys").glob("*.yml"):
        names |= {question["variable"] for question in load(path)["spec"]}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        names |= set(load(path)["argument_specs"]["main"]["options"])
    for kind in ("defaults", "vars"):
        for path in ROOT.glob(f"roles/*/{kind}/*.yml"):
            names |= set(load(path))
    return names


def test_inputs_are_found() -> None:
    assert {
        "vox_telephone_numbers",
        "vox_telephone_numbers_prune",
        "vox_number",
        "vox_numbers",
        "vox_numbers_file",
        "vox_outbound_agent",
        "vox_update_password",
        "vox_export_file",
        "vox_api_key",
        "vox_awx_scm_url",
        "vox_given",
    } <= inputs()


@pytest.mark.parametrize("path", TASK_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_facts_are_not_inputs(path: Path) -> None:
    variables, stats = names_set(path)
    assert not (variables | stats) & inputs()
    # All other names have an internal prefix, so that they do not collide with variables of users.
    assert {name for name in variables if not name.startswith("_vox_")} <= OUTPUTS
    assert stats <= OUTPUTS


def test_no_artifact_has_the_name_of_an_input() -> None:
    """Facts cannot override extra variables: the playbook would read the value of the previous job."""
    every = [names_set(path) for path in TASK_FILES]
    variables = set().union(*(names for names, _stats in every))
    stats = set().union(*(stats for _names, stats in every))
    assert stats and variables and not variables & stats
