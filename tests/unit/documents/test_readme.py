# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README meets the requirements of Automation Hub, and its links work wherever it is displayed."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]

# The template for certified collections: https://docs.ansible.com/projects/partner-certification-requirements/
HEADINGS = [
    "Description",
    "Requirements",
    "Installation",
    "Use Cases",
    "Testing",
    "Contributing",
    "Support",
    "Release Notes and Roadmap",
    "Related Information",
    "License Information",
]


def anchors(markdown: str) -> set[str]:
    """Return the anchors of the headings on GitHub and with MyST."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?ms)^```.*?^```", "", markdown))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[str]:
    """Return the targets of the README's links, inline and at its end."""
    return re.findall(r"\]\(([^)\s]+)\)", README) + re.findall(r"(?m)^\[[^]]+\]: (\S+)$", README)


def test_the_headings_are_those_of_the_template() -> None:
    assert re.findall(r"(?m)^## (.*)$", README) == HEADINGS


def test_each_link_works_outside_of_the_repository() -> None:
    assert [link for link in links() if not link.startswith(("https://", "#"))] == []
    assert [link for link in links() if link.startswith("#") and link[1:] not in anchors(README)] == []


def test_each_link_to_the_repository_has_a_file_and_a_heading() -> None:
    files = [link.removeprefix(f"{REPOSITORY}/blob/main/") for link in links() if f"{REPOSITORY}/blob/" in link]
    assert len(files) > 10
    for link in files:
        name, *anchor = link.split("#")
        assert (ROOT / name).is_file(), link
        assert set(anchor) <= anchors((ROOT / name).read_text(encoding="utf-8")), link


def test_reference_links_and_their_definitions_match() -> None:
    defined = set(re.findall(r"(?m)^\[([^]]+)\]: ", README))
    assert set(re.findall(r"\]\[([^]]+)\]", README)) == defined


def test_ansible_is_not_installed_with_pip() -> None:
    """Users of Automation Hub have execution environments, and must not install it."""
    assert not re.search(r"pip install (ansible|ansible-core)\b", README)
