# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer imports only from itself and from the layers below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _http

FOLDER = Path(_http.__file__).parent
LAYERS = (
    ("_http", "_ids", "_sip", "_store"),
    ("_rate_limit", "_api"),
    ("_values", "_numbering_plan", "_ledger", "_plan", "_converge", "_bulk", "_audit"),
    (
        "_connection",
        "_connection_info",
        "_secrets",
        "_task",
        "_telephone_number",
        "_telephone_numbers",
        "_telephone_number_info",
        "_agent_info",
        "_audit_info",
        "_sip_trunk_info",
        "_module",
    ),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imports_of(name: str) -> list[str]:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    plain = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]


def test_each_file_is_in_a_layer() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(LEVEL)


@pytest.mark.parametrize("name", LEVEL)
def test_imports_point_down(name: str) -> None:
    own = [module.rpartition(".")[2] for module in imports_of(name) if module.startswith("ansible_collections.")]
    assert all(LEVEL[other] <= LEVEL[name] for other in own), own


@pytest.mark.parametrize("name", [name for names in LAYERS[:3] for name in names])
def test_only_the_glue_imports_ansible(name: str) -> None:
    assert not [module for module in imports_of(name) if module.split(".")[0] == "ansible"]


@pytest.mark.parametrize("name", [name for name in LEVEL if name != "_http"])
def test_only_http_imports_requests(name: str) -> None:
    assert not {module.split(".")[0] for module in imports_of(name)} & {"requests", "urllib3"}
