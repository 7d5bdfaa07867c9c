# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are easy to find again, and a search of all that a run leaves."""

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
"""At both ends of each secret that is long enough. No way of writing a secret down changes it, but base64."""

SECRETS = {
    "key": f"{MARK}/vox+key={MARK}",
    "plain": f"{MARK}-plain-{MARK}",
    # A part of another one: what is masked first must not leave the rest of the other.
    "longer": f"{MARK}-plain-{MARK}-and-more-{MARK}",
    "odd": f"{MARK}\"q\\b é한 {{{{ 7*6 }}}} {{% %41 'x' $HOME & <b> # : {MARK}",
    "short": "X%7;",
}
"""What is planted: the API key, and SIP passwords, by the names of the variables that hold them."""


def ways_to_write(secret: str) -> set[str]:
    """The ways in which a secret may come back from a server, or get into a file."""
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
    """The text in base64, without the characters that depend on what stands beside it: one for each alignment."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode()).decode()
        yield encoded[math.ceil(before * 8 / 6) : (before + len(text.encode())) * 8 // 6]


_NEEDLES = {
    needle.encode(): secret for secret, text in SECRETS.items() if MARK not in text for needle in ways_to_write(text)
} | {needle.encode(): "a long secret" for needle in (MARK, *_in_base64(MARK))}


@dataclass(frozen=True)
class Leak:
    """A secret, where none may be."""

    place: str
    secret: str
    around: str

    def __str__(self) -> str:
        return f"{self.secret} in {self.place}: {self.around}"


def search(places: Mapping[str, bytes]) -> list[Leak]:
    """Look for every secret, however written, in every place. Tells of the first of a kind in each."""
    return [
        Leak(place, secret, content[max(0, at - 100) : at + 100].decode("utf-8", "replace"))
        for place, content in places.items()
        for needle, secret in _NEEDLES.items()
        if (at := content.find(needle)) >= 0
    ]


def files_below(directory: Path) -> dict[str, bytes]:
    """Every file there is, by its path. A name is a place, too, that of a directory as well."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        found[name] = name.encode() + (b"\n" + path.read_bytes() if path.is_file() else b"")
    return found


def processes_with(text: str) -> dict[str, bytes]:
    """Arguments and environment of each process that has the text in its environment."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment, arguments = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue  # It has ended, or is somebody else's.
        if text.encode() in environment:
            found[f"arguments of {process.name}"] = arguments
            found[f"environment of {process.name}"] = environment
    return found
