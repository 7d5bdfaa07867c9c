# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are easy to recognize, and a search of the output and the files of a run."""

from __future__ import annotations

import base64
import html
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

MARK = "Xyzzy"
"""At both ends of each long secret. No encoding except base64 changes it."""

SECRETS = {
    "key": f"{MARK}/vox+key={MARK}",
    "plain": f"{MARK}-plain-{MARK}",
    # The beginning of another secret: if it is masked first, the rest of the other must not remain.
    "longer": f"{MARK}-plain-{MARK}-and-more-{MARK}",
    "odd": f"{MARK}\"q\\b é한 {{{{ 7*6 }}}} {{% %41 'x' $HOME & <b> # : {MARK}",
    "short": "X%7;",
}
"""The API key and the SIP passwords, by the names of their variables."""


def ways_to_write(secret: str) -> set[str]:
    """Return the encodings of a secret in responses and files."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="!'()*"),
        quote_plus(secret),
        re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="")),
        html.escape(secret),
        html.escape(secret).replace("&#x27;", "&#039;"),
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        secret.strip(),
    }


def _in_base64(text: str) -> Iterator[str]:
    """Yield the text in base64 for each alignment, without the characters that depend on adjacent text."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode()).decode()
        yield encoded[math.ceil(before * 8 / 6) : (before + len(text.encode())) * 8 // 6]


_NEEDLES = {
    needle.encode(): secret for secret, text in SECRETS.items() if MARK not in text for needle in ways_to_write(text)
} | {needle.encode(): "a long secret" for needle in (MARK, *_in_base64(MARK))}


@dataclass(frozen=True)
class Leak:
    """A secret in a place where none may be."""

    place: str
    secret: str
    around: str

    def __str__(self) -> str:
        return f"{self.secret} in {self.place}: {self.around}"


def search(places: Mapping[str, bytes]) -> list[Leak]:
    """Search every secret, in all encodings, in every place. Return the first of each kind in each place."""
    return [
        Leak(place, secret, content[max(0, at - 100) : at + 100].decode("utf-8", "replace"))
        for place, content in places.items()
        for needle, secret in _NEEDLES.items()
        if (at := content.find(needle)) >= 0
    ]


def files_below(directory: Path) -> dict[str, bytes]:
    """Return every file by its path. Names of files and directories are places too."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        found[name] = name.encode() + (b"\n" + path.read_bytes() if path.is_file() else b"")
    return found


def processes_with(text: str) -> dict[str, bytes]:
    """Return arguments and environment of each process whose environment contains the text."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment, arguments = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue  # It has ended, or belongs to another user.
        if text.encode() in environment:
            found[f"arguments of {process.name}"] = arguments
            found[f"environment of {process.name}"] = environment
    return found
