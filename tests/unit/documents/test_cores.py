# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents list exactly the releases of ansible-core that are tested."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from cores import CORES, OLDEST_TARGET, with_table

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_in_the_readme_is_up_to_date() -> None:
    """If it fails, run python tests/cores.py."""
    assert with_table(README) == README


def test_the_oldest_release_is_the_oldest_allowed_one() -> None:
    required = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    assert required == f">={list(CORES)[-1]}.0"
    assert f"ansible-core {list(CORES)[-1]} or newer" in README
    assert f"Python {OLDEST_TARGET} or newer" in README


def test_the_workflow_sets_up_each_python() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    set_up = set(re.findall(r"(?m)^ +(3\.\d+)$", workflow))
    assert {OLDEST_TARGET, *(pythons[0] for pythons in CORES.values())} <= set_up
