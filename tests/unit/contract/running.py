# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the suite in this process, without its delays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from contract.__main__ import run
from simulator import Simulator

KEY = "sk_Xyzzy-organization-key"
NUMBER, WRITTEN = "07099998888", "070-9999-8888"
HELD = ["07011112220", "07011112221", "07011112222", "07011112223", "07044445555"]


@dataclass
class Ran:
    """A finished run."""

    code: int
    output: str
    observed: dict[str, Any]
    text: str
    """The content of the file observed.yml."""

    @property
    def differing(self) -> dict[str, str]:
        """The statements that differ, with the place where the simulator implements them."""
        return {one["statement"]: one["place"] for one in self.observed["differs"]}

    def row(self, key: str) -> str:
        """Return the first line of a statement in the table."""
        return next(line for line in self.output.splitlines() if line.startswith(f"{key} "))

    def verdicts(self, *keys: str) -> dict[str, str]:
        return {key: self.row(key).rpartition("  ")[2] for key in keys}


def populate(sim: Simulator) -> None:
    """Add numbers and agents with which every statement can be checked."""
    agent = sim.add_agent("Front desk")
    sim.add_agent("Night desk", type="flow", production_version=None)
    sim.add_agent("야간 안내", type="flow")
    mapping = {"agent_id": agent["agent_id"], "agent_version": "production"}
    for index, number in enumerate(HELD[:4]):
        # An id that contains letters.
        identity = f"6ba7b810-9dad-41d1-80b4-00c04fd430c{index}"
        test = {"inbound_agent": [{"agent_version": "v1", "share": 100}]}
        sim.add(number, id=identity, inbound_agent=mapping, unknown={"ab_test": test})
    sim.add(HELD[4], provider="vox")
    sim.add("07044445556", status="expired")


def start(
    url: str, directory: Path, write: bool = False, patience: float = 2.0, settings: Mapping[str, str] | None = None
) -> Ran:
    """Run the suite, and check its output for secrets, complete numbers and control characters."""
    lines: list[str] = []
    path = directory / "observed.yml"
    environment = {"VOX_API_KEY": KEY, "VOX_API_URL": url, "OBSERVED": str(path)}
    if write:
        environment |= {"WRITE": "yes", "NUMBER": WRITTEN, "ADDRESS": "trunk.example.com"}
    code = run(environment | dict(settings or {}), lines.append, sleep=lambda _seconds: None, patience=patience)
    output = "\n".join(lines)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for shown in (output, text):
        assert "Xyzzy" not in shown
        for number in (*HELD, NUMBER, WRITTEN, "07044445556"):
            assert number not in shown
    return Ran(code, output, yaml.safe_load(text) if text else {}, text)


def left(sim: Simulator) -> list[str]:
    """Return the statuses of the number's records."""
    return [record["status"] for record in sim.numbers() if record["number"] == NUMBER]


def touched(sim: Simulator) -> set[str]:
    """Return the ids of the records that were changed."""
    return {request.path.split("/")[2] for request in sim.writes if request.method != "POST"}
