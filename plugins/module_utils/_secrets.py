# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: find the secrets among a task's arguments, and mask them in its result.

Masking is our own on every ansible-core release. Ansible's ``remove_values`` searches each text for each secret, which
takes minutes for thousands of passwords, and is deprecated from ansible-core 2.22 on. Its replacement masks only what
callbacks and the display show: registered results, fact caches and the files of asynchronous jobs keep the secrets.
"""

from __future__ import annotations

import json
import re
import typing as t
from functools import cache
from urllib.parse import quote, quote_plus

from ansible_collections.voxai.telephony.plugins.module_utils._values import HIDDEN

try:
    from ansible.module_utils.secrets import register_secrets as _register  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # Before ansible-core 2.22.
    _register = None

MASK = 8 * "*"
"""What stands in place of a secret within a text, as Ansible writes it."""

_ANCHOR = 4
"""Characters of a secret's beginning that the masker searches for first."""

_TELLING = re.compile(
    "(?!_ansible_).*(?:pas|pss|psw|pw|secret|token|key|cred|비밀|비번|암호|패스워드|토큰)", re.IGNORECASE
)
"""Names of secrets. An option that there is not may be one that was misspelt."""

_NO_SECRETS = (True, False, "always", "on_create")
"""What stands in a misspelt ``update_password``, and would be masked in every message."""

# As html.escape does it, which loads thousands of names for that.
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_IN_JSON_FOR_HTML = str.maketrans({"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"})


class Masker:
    """Masks secrets in a value, in time proportional to the value's size, however many secrets there are."""

    def __init__(self, secrets: t.Iterable[str]) -> None:
        self._secrets = set(secrets)
        # By the first characters of secrets, the lengths of those that begin so.
        self._lengths: dict[str, set[int]] = {}
        for secret in self._secrets:
            self._lengths.setdefault(secret[:_ANCHOR], set()).add(len(secret))
        # More than one where a secret is shorter than an anchor.
        self._anchors = sorted({len(anchor) for anchor in self._lengths})
        # Most texts of a result are in it several times.
        self._mask_text_once = cache(self._mask_text)

    def mask(self, value: t.Any, keys: bool = False) -> t.Any:
        """A copy of the value without the secrets. ``keys``: those of dictionaries are masked as well."""
        if isinstance(value, str):
            return self._mask_text_once(value)
        if isinstance(value, dict):
            return {self.mask(name) if keys else name: self.mask(part, keys) for name, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.mask(part, keys) for part in value]
        if value is None or isinstance(value, bool):
            return value
        return HIDDEN if self._spans(str(value)) else value

    def _mask_text(self, text: str) -> str:
        if text in self._secrets:
            return HIDDEN
        masked: list[str] = []
        end = 0
        # Secrets that overlap or touch become one mask, so that nothing of the longer one is left.
        for start, stop in self._spans(text):
            if start > end or not masked:
                masked += [text[end:start], MASK]
            end = max(end, stop)
        return "".join([*masked, text[end:]]) if masked else text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets begin and end in the text, in order."""
        lengths, secrets = self._lengths, self._secrets
        spans = [
            (start, start + length)
            for size in self._anchors
            for start in range(len(text) - size + 1)
            for length in lengths.get(text[start : start + size], ())
            if text[start : start + length] in secrets
        ]
        spans.sort()
        return spans


def register_secrets(secrets: t.Iterable[str]) -> None:
    """Have Ansible mask them in all that the run shows, which it can from ansible-core 2.22 on."""
    if _register:
        _register(secrets)


def find_secrets(written: t.Any, known: t.Mapping[str, dict[str, t.Any]]) -> set[str]:
    """The secrets among arguments, at any depth and in wrong places too, each in all ways in which it may be quoted.

    ``known``: the specification of the options that there are.
    """
    found = {secret for secret in _find(written, known) if secret.strip()}
    return {quoted for secret in found for quoted in _quoted(secret)}


def _quoted(secret: str) -> tuple[str, ...]:
    """The ways in which a server's message may quote it."""
    return (
        secret,
        secret.strip(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, errors="replace"),
        quote(secret, safe="", errors="replace"),
        # As JavaScript does it.
        quote(secret, safe="!'()*", errors="replace"),
        quote_plus(secret, errors="replace"),
        secret.translate(_IN_HTML),
        secret.translate(_IN_HTML).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
        # As PHP does it.
        secret.translate(_IN_HTML).replace("&#x27;", "&#039;"),
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        # As .NET does it.
        re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="", errors="replace")),
        # A whole body, quoted once more.
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1].translate(_IN_JSON_FOR_HTML),
    )


def _find(value: t.Any, known: t.Mapping[str, dict[str, t.Any]]) -> t.Iterator[str]:
    """The secrets among options and their own options, at any depth; ``known`` are those that there are."""
    if isinstance(value, dict):
        for name, part in value.items():
            if known[name].get("no_log") if name in known else _TELLING.match(str(name)) and part not in _NO_SECRETS:
                yield from _leaves(part)
            elif isinstance(part, str):
                yield from _IN_URLS[name](part) if name in _IN_URLS else ()
            else:
                yield from _find(part, known)
    elif isinstance(value, list):
        for part in value:
            yield from _find(part, known)


def _in_api_url(url: str) -> t.Iterator[str]:
    before, _at, after = url.rpartition("@")
    yield re.sub(r"\A[A-Za-z]*:/*", "", before)
    # No part of the other one: were it hidden first, the rest of the other would be left.
    yield "".join(re.split("[?#]", after, maxsplit=1)[1:])


def _in_address(address: str) -> t.Iterator[str]:
    before, _at, _host = address.rpartition("@")
    # The user alone is a part of many a trunk's address.
    _user, _colon, password = re.sub(r"(?i)\Asips?:", "", before).partition(":")
    yield password


_IN_URLS = {"api_url": _in_api_url, "address": _in_address}
"""What may be a secret in a URL, although it is refused there."""


def _leaves(value: t.Any) -> t.Iterator[str]:
    """The texts in a value, which may be anything: it was not validated."""
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif value is not None:
        yield str(value)
