# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of ansible-core that the collection is tested with. Add a new one when PyPI has its first pre-release.

As a program, writes the compatibility table of README.md. With --json, prints the releases for GitHub's workflow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CORES = {
    "2.22": ("3.13", "3.14"),
    "2.21": ("3.13", "3.12", "3.14"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.18": ("3.12", "3.11", "3.13"),
    "2.17": ("3.11", "3.10", "3.12"),
    "2.16": ("3.10", "3.11", "3.12"),
}
"""Each release, newest first, and its Python versions. The tests use the first one."""

OLDEST_TARGET = "3.9"
"""The oldest supported Python version of a managed node."""

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- begin: tests/cores.py -->\n", "<!-- end: tests/cores.py -->\n"


def requirement(core: str) -> str:
    """Return the requirement for the newest version of a release, which may be a pre-release."""
    return f"ansible-core>={core}.0b1,=={core}.*"


def table() -> str:
    """Return the compatibility table in Markdown."""
    newest, *_others, oldest = CORES
    quick = {newest: "all", oldest: "modules, action plugins, role, sanity"}
    lines = [
        "| ansible-core | Python of the controller | `make test` | `make test-all` |",
        "|---|---|---|---|",
        *(
            f"| {core} | {', '.join(sorted(pythons))} | {quick.get(core, '')} | all |"
            for core, pythons in CORES.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """Return the text of README.md with the current table."""
    before, _begin, rest = readme.partition(BEGIN)
    _table, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    if "--json" in sys.argv:
        print(json.dumps(list(CORES)))
    else:
        README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
