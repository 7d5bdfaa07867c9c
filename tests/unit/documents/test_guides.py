# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides are listed in the site's menu and for antsibull-docs, and are readable on a phone."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._audit import RULES

ROOT = Path(__file__).parents[3]
SITE = ROOT / "docs" / "docsite"
GUIDES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [ROOT / "README.md", *GUIDES]
COLUMNS = 80


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def width_of(line: str) -> int:
    """Return the width in terminal columns. A Korean syllable is two columns wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "FW" else 1 for character in line)


def code_of(page: Path) -> list[str]:
    blocks = re.findall(r"(?ms)^ *```\w*\n(.*?)^ *```$", page.read_text(encoding="utf-8"))
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_fits_into_a_terminal(page: Path) -> None:
    assert [line for line in code_of(page) if width_of(line) > COLUMNS] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_column_of_a_table_has_a_heading(page: Path) -> None:
    headings = re.findall(r"(?m)^ *\|(.*)\|\n *\|[-:| ]+\|$", page.read_text(encoding="utf-8"))
    assert [heading for heading in headings if "" in map(str.strip, heading.split("|"))] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_mentioned_test_file_exists(page: Path) -> None:
    named = set(re.findall(r"`(?:tests/[\w/]*/)?(\w+\.py)`", page.read_text(encoding="utf-8")))
    files = {path.name for folder in ("plugins", "tests") for path in (ROOT / folder).rglob("*.py")}
    assert named - files - {"NAME.py", "noxfile.py"} == set()


def sources() -> str:
    """Return the code with messages, with adjacent string literals joined."""
    files = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "playbooks").rglob("*.yml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*f?"', "", text))


def test_messages_are_quoted_exactly() -> None:
    """Those in the headings and tables of Troubleshooting, without the inserted values."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    lines = re.findall(r'(?m)^(?:### |\| )("[^|\n]*")', text)
    messages = [message for line in lines for message in re.findall('"([^"]*)"', line)]
    assert len(messages) > 20
    filled_in = r"…|\.\.\.|U\+[0-9A-F]+(?: [A-Z]+)+|[0-9][0-9x.-]*|: "
    parts = [part.strip(" ,)") for message in messages for part in re.split(filled_in, message)]
    code = sources()
    assert [part for part in parts if part not in code] == []


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_each_guide_is_in_the_menu_and_in_the_list(guide: Path) -> None:
    menu = (SITE / "site" / "index.rst").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^   (.* <)?{re.escape(name_of(guide).removesuffix('.md'))}>?$", menu)
    assert f"/blob/main/{name_of(guide)}>`__" in (SITE / "rst" / "guides.rst").read_text(encoding="utf-8")


def test_the_audit_guide_lists_each_rule() -> None:
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    listed = re.findall(r"(?m)^\| `(\w+)` \| (error|warning|notice) \|", text)
    assert sorted(listed) == sorted((name, rule.severity) for name, rule in RULES.items())
