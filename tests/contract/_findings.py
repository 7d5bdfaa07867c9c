# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The observations for each statement, without secrets and complete telephone numbers."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ._statements import NEVER, STATEMENTS, SWITCHES

Verdict = Literal["holds", "differs", "not seen"]

_DIGITS = re.compile(r"\+?\d(?:[ ().-]{0,3}\d){6,}")
_MOST = 160


def mask_number(number: str) -> str:
    """Return a telephone number with most of its digits masked."""
    return f"{number[:3]}{'*' * max(len(number) - 5, 4)}{number[-2:]}"


class Scrubber:
    """Masks secrets, telephone numbers and control characters in texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = {secret for secret in secrets if secret}
        self.faults: list[str] = []
        """Unexpected responses."""

    def add(self, secret: str) -> None:
        self._secrets.add(secret)

    def without_secrets(self, text: str) -> str:
        # Longest first, because a secret may be part of another.
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return "".join(char if char.isprintable() else " " for char in text)

    def without_lines(self, text: str) -> str:
        """Mask secrets in a text of several lines, but keep ids."""
        return "\n".join(map(self.without_secrets, text.split("\n")))

    def scrub(self, value: Any) -> str:
        text = _DIGITS.sub(lambda match: mask_number(match[0]), self.without_secrets(str(value)))
        return text if len(text) <= _MOST else text[:_MOST] + "…"

    def name(self, value: Any, what: str = "name") -> str:
        """Return a word from the server if it looks like a name, otherwise a replacement."""
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.:-]{1,60}", value) and self.scrub(value) == value:
            return value
        return f"(no plain {what})"


@dataclass
class Finding:
    verdict: Verdict
    seen: str
    place: str = ""
    """The place in the simulator that must be changed, if the statement differs."""


@dataclass
class Findings:
    """The observations so far."""

    scrubber: Scrubber
    findings: dict[str, Finding] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)

    def note(self, key: str, verdict: Verdict, seen: Any, place: str = "") -> None:
        """Add an observation. A verdict "differs" is final."""
        known = self.findings.get(key)
        if known and (known.verdict == "differs" or (known.verdict == "holds" and verdict == "not seen")):
            return
        if verdict == "differs":
            place = place or STATEMENTS[key].place
            # No value of the switch has this behaviour.
            for name in STATEMENTS[key].switches:
                self.switches.pop(name, None)
        self.findings[key] = Finding(verdict, self.scrubber.scrub(seen), place)

    def check(self, key: str, holds: bool, seen: Any) -> None:
        self.note(key, "holds" if holds else "differs", seen)

    def unseen(self, key: str, why: object) -> None:
        self.note(key, "not seen", why)

    def value(self, key: str, switch: str, value: Any, seen: Any = None) -> None:
        """Set the value of a switch, if it is valid and no other value was observed before."""
        allowed = STATEMENTS[key].switches[switch]
        before = self.switches.get(switch, value)
        shown = f"{switch}: {json.dumps(value)}" if seen is None else f"{seen} ({switch}: {json.dumps(value)})"
        if allowed and not any(value == one and type(value) is type(one) for one in allowed):
            self.note(key, "differs", seen if seen is not None else f"HTTP {value}", f"{SWITCHES}, {switch}")
        elif allowed and before != value:
            self.note(key, "differs", f"{json.dumps(before)} and {json.dumps(value)}", f"{SWITCHES}, {switch}")
        elif key not in self.findings or self.findings[key].verdict != "differs":
            self.switches[switch] = value
            self.note(key, "holds", shown)

    def finish(self, why: str, writes: bool) -> None:
        """Set the verdict of all other statements to "not seen"."""
        for key in STATEMENTS:
            if key not in self.findings:
                unasked = "not observed" if writes or not key.startswith("W") else "checked only with WRITE=yes"
                self.unseen(key, NEVER.get(key) or why or unasked)

    @property
    def differing(self) -> dict[str, Finding]:
        return {key: self.findings[key] for key in STATEMENTS if self.findings[key].verdict == "differs"}

    @property
    def switches_unseen(self) -> list[str]:
        return [name for one in STATEMENTS.values() for name in one.switches if name not in self.switches]

    def table(self) -> str:
        """Return the table of all statements, with one or more lines for each."""
        widths = (4, 4, 40, 28, 44, 8)
        lines = [("", "mark", "statement", "expected", "seen", "verdict")]
        for key, one in STATEMENTS.items():
            found = self.findings[key]
            lines.append((key, one.mark, one.text, one.expected, found.seen, found.verdict))
        return "\n".join(_row(line, widths) for line in lines)

    def summary(self) -> str:
        """Return the counts of the verdicts, and what to change for the statements that differ."""
        verdicts = [finding.verdict for finding in self.findings.values()]
        lines = [", ".join(f"{verdicts.count(one)} {one}" for one in ("holds", "differs", "not seen")) + "."]
        for key, finding in self.differing.items():
            lines.append(f"{key} differs ({STATEMENTS[key].text}: {finding.seen}): change {finding.place}.")
        if self.switches_unseen:
            lines.append(f"Switches that were not seen: {', '.join(self.switches_unseen)}.")
        return "\n".join(lines)

    def observed(self, mode: str, when: str) -> str:
        """Return the content of observed.yml. JSON texts are valid YAML."""
        lines = [
            "---",
            "# Written by make contract. To simulate this behaviour: python -m simulator --observed FILE",
            f"date: {json.dumps(when)}",
            f"mode: {mode}",
            "switches:" if self.switches else "switches: {}",
        ]
        for name, value in sorted(self.switches.items()):
            if isinstance(value, dict):
                lines.append(f"  {name}:" if value else f"  {name}: {{}}")
                lines += [f"    {part}: {_yaml(one)}" for part, one in sorted(value.items())]
            else:
                lines.append(f"  {name}: {_yaml(value)}")
        lines.append(f"not_seen: {_yaml(self.switches_unseen)}")
        differing = self.differing
        lines.append("differs:" if differing else "differs: []")
        for key, finding in differing.items():
            one = STATEMENTS[key]
            parts = {"statement": key, "text": one.text, "expected": one.expected, "seen": finding.seen}
            for index, (name, value) in enumerate({**parts, "place": finding.place}.items()):
                lines.append(f"  {'  ' if index else '- '}{name}: {_yaml(value)}")
        return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _row(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    return "\n".join(
        "  ".join(
            (cell[line] if line < len(cell) else "").ljust(width) for cell, width in zip(wrapped, widths, strict=True)
        ).rstrip()
        for line in range(height)
    )
