# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: find the secrets in a task's arguments, and mask them in its result.

The collection masks secrets itself with every ansible-core release. Ansible's ``remove_values`` searches each text for
each secret, which takes minutes for thousands of passwords, and is deprecated since ansible-core 2.22. Its replacement
only masks the output of callbacks and the display. Registered results, fact caches and the files of asynchronous jobs
would keep the secrets.
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
"""Ansible's replacement for a secret within a text."""

_ANCHOR = 4
"""Number of leading characters of a secret that the masker searches for first."""

_SECRET_NAME = re.compile(
    "(?!_ansible_).*(?:pas|pss|psw|pw|secret|token|key|cred|비밀|비번|암호|패스워드|토큰)", re.IGNORECASE
)
"""Names of unknown options whose values count as secrets, because the option may be misspelt."""

_NO_SECRETS = (True, False, "always", "on_create")
"""Values of a misspelt ``update_password``. They are words of messages and must not be masked."""

# Like html.escape, without importing html, which loads thousands of entity names.
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_IN_JSON_FOR_HTML = str.maketrans({"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"})


class Masker:
    """Masks secrets in a value. The time depends on the size of the value, not on the number of secrets."""

    def __init__(self, secrets: t.Iterable[str]) -> None:
        self._secrets = set(secrets)
        # Maps the first characters of secrets to the lengths of the secrets that begin with them.
        self._lengths: dict[str, set[int]] = {}
        for secret in self._secrets:
            self._lengths.setdefault(secret[:_ANCHOR], set()).add(len(secret))
        # Lengths below _ANCHOR are those of shorter secrets.
        self._anchors = sorted({len(anchor) for anchor in self._lengths})
        # Most texts occur several times in a result.
        self._mask_text_once = cache(self._mask_text)

    def mask(self, value: t.Any, keys: bool = False) -> t.Any:
        """A copy of the value with masked secrets. ``keys``: also mask the keys of dictionaries."""
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
        # Overlapping or adjacent secrets are replaced by one mask, so that no part of a longer secret remains.
        for start, stop in self._spans(text):
            if start > end or not masked:
                masked += [text[end:start], MASK]
            end = max(end, stop)
        return "".join([*masked, text[end:]]) if masked else text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """The start and end positions of the secrets in the text, in order."""
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
    """Register them with Ansible, which masks them in its output. Needs ansible-core 2.22 or newer."""
    if _register:
        _register(secrets)


def find_secrets(written: t.Any, known: t.Mapping[str, dict[str, t.Any]]) -> set[str]:
    """The secrets in arguments, at any depth and also in wrong places, in all encodings that a message may have.

    ``known``: the specification of the known options.
    """
    found = {secret for secret in _find(written, known) if secret.strip()}
    return {quoted for secret in found for quoted in _quoted(secret)}


def _quoted(secret: str) -> tuple[str, ...]:
    """The secret in all encodings that a server's message may have."""
    return (
        secret,
        secret.strip(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, errors="replace"),
        quote(secret, safe="", errors="replace"),
        # JavaScript's encodeURIComponent.
        quote(secret, safe="!'()*", errors="replace"),
        quote_plus(secret, errors="replace"),
        secret.translate(_IN_HTML),
        secret.translate(_IN_HTML).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
        # PHP's htmlspecialchars.
        secret.translate(_IN_HTML).replace("&#x27;", "&#039;"),
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        # .NET's UrlEncode.
        re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="", errors="replace")),
        # A JSON body within a JSON string.
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1].translate(_IN_JSON_FOR_HTML),
    )


def _find(value: t.Any, known: t.Mapping[str, dict[str, t.Any]]) -> t.Iterator[str]:
    """The secrets in options and suboptions, at any depth. ``known``: the specification of the known options."""
    if isinstance(value, dict):
        for name, part in value.items():
            looks_secret = _SECRET_NAME.match(str(name)) and part not in _NO_SECRETS
            if known[name].get("no_log") if name in known else looks_secret:
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
    # The query and the fragment are not part of the text before the @. Masking a part of it would keep the rest.
    yield "".join(re.split("[?#]", after, maxsplit=1)[1:])


def _in_address(address: str) -> t.Iterator[str]:
    before, _at, _host = address.rpartition("@")
    # The user name is not a secret: many trunk addresses contain one.
    _user, _colon, password = re.sub(r"(?i)\Asips?:", "", before).partition(":")
    yield password


_IN_URLS = {"api_url": _in_api_url, "address": _in_address}
"""Options with a URL, each with a function that finds secrets in it. Such a URL is an error, but Ansible
shows the arguments."""


def _leaves(value: t.Any) -> t.Iterator[str]:
    """The texts in a value of any type, which is not validated yet."""
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif value is not None:
        yield str(value)
