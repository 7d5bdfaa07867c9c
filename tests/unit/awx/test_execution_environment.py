# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-builder with the collection, and with the example of an execution environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from checkout import collections_path

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "awx" / "execution-environment.yml"


def ansible_builder(*arguments: str) -> str:
    """Run ansible-builder, and return its output."""
    command = [str(Path(sys.executable).parent / "ansible-builder"), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_collection_declares_its_requirements() -> None:
    (needs,) = yaml.safe_load_all(ansible_builder("introspect", str(collections_path())))
    assert needs == {"python": ["requests  # from collection voxai.telephony"], "system": []}


def test_an_image_can_be_prepared(tmp_path: Path) -> None:
    """Its build instructions are created, and install the collection."""
    ansible_builder("create", "--file", str(EXAMPLE), "--context", str(tmp_path), "--output-filename", "Containerfile")
    assert "FROM" in (tmp_path / "Containerfile").read_text(encoding="utf-8")
    wanted = yaml.safe_load((tmp_path / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert [collection["name"] for collection in wanted["collections"]] == ["voxai.telephony"]
