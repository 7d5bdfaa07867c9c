# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4, glue: the connection options, and the organization that they lead to."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import ssl
import typing as t
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.voxai.telephony.plugins.module_utils._api import Api
from ansible_collections.voxai.telephony.plugins.module_utils._http import HttpSession, is_loopback
from ansible_collections.voxai.telephony.plugins.module_utils._ledger import Ledger
from ansible_collections.voxai.telephony.plugins.module_utils._rate_limit import RateLimiter
from ansible_collections.voxai.telephony.plugins.module_utils._store import MemoryStore, Store
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError, check_quoted, shown


def _from_environment(name: str) -> str:
    """The value of an environment variable. An empty one counts as unset, because AWX sets blank fields so."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise AnsibleFallbackNotFound
    return value


def _key_from_environment(name: str) -> str:
    """The API key, or an empty text. ``_check_key`` then names the variable, which Ansible's own message does not."""
    return os.environ.get(name, "").strip()


_PATH = "/v3"

CONNECTION_SPEC: dict[str, dict[str, t.Any]] = {
    "api_key": {"type": "str", "required": True, "no_log": True, "fallback": (_key_from_environment, ["VOX_API_KEY"])},
    "api_url": {
        "type": "str",
        "default": f"https://client-api.tryvox.co{_PATH}",
        "fallback": (_from_environment, ["VOX_API_URL"]),
    },
    "validate_certs": {"type": "bool", "default": True, "fallback": (_from_environment, ["VOX_VALIDATE_CERTS"])},
    "ca_path": {"type": "path", "fallback": (_from_environment, ["VOX_CA_PATH"])},
    "timeout": {"type": "int", "default": 30, "fallback": (_from_environment, ["VOX_TIMEOUT"])},
    "retries": {"type": "int", "default": 5, "fallback": (_from_environment, ["VOX_RETRIES"])},
    "requests_per_second": {
        "type": "int",
        "default": 5,
        "fallback": (_from_environment, ["VOX_REQUESTS_PER_SECOND"]),
    },
    "requests_per_minute": {
        "type": "int",
        "default": 120,
        "fallback": (_from_environment, ["VOX_REQUESTS_PER_MINUTE"]),
    },
}

_RANGES = {
    "timeout": (1, 3600),
    "retries": (0, 100),
    "requests_per_second": (0, 1000),
    "requests_per_minute": (0, 60_000),
}


_URL = re.compile(r"[^\s\\\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,2000}")
"""A URL without characters that libraries interpret differently, such as a backslash."""


class Organization(t.NamedTuple):
    """The organization of an API key: its API client, and what is known about it so far."""

    api: Api
    ledger: Ledger


def connect(
    options: t.Mapping[str, t.Any], store_of: t.Callable[[str], Store] = lambda name: MemoryStore()
) -> Organization:
    """Prepare the API client. Sends no request. Raises InputError.

    ``store_of``: returns the store for an organization, by a name that does not contain the key.
    """
    for option, (least, most) in _RANGES.items():
        # In Python and Ansible, a bool is also an int.
        if isinstance(options[option], bool) or not least <= options[option] <= most:
            raise InputError(f"{option} is {shown(options[option])}: write a number from {least} to {most}")
    url = _check_url(options["api_url"])
    verify: bool | str = options["validate_certs"]
    if verify and options["ca_path"]:
        verify = check_bundle(options["ca_path"])
    key = _check_key(options["api_key"])
    store = store_of(_keyed_hash(key, _normalized(url)))
    way = _keyed_hash(key, repr((verify, options["timeout"], options["retries"], getproxies_environment())))
    limiter = RateLimiter(store, options["requests_per_second"], options["requests_per_minute"])
    api = Api(HttpSession(url, key, verify, options["timeout"]), limiter, store, options["retries"], way)
    ledger = Ledger(store)
    api.recognized = ledger.has_listed()
    return Organization(api, ledger)


def _keyed_hash(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _normalized(url: str) -> str:
    """The URL in a canonical form, which is the same for all spellings of the URL."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path}"


def check_given(key: t.Any) -> None:
    """Refuse an empty api_key option. Raises InputError."""
    check_quoted("api_key", key)
    if key is not None and not key.strip():
        raise InputError(
            "api_key is empty: check the variable that it comes from, or leave api_key out to use VOX_API_KEY"
        )


def _check_key(key: str) -> str:
    if not key:
        raise InputError(
            "api_key is missing: set api_key, or the environment variable VOX_API_KEY"
            " (in AWX, choose a credential of the type vox.ai for the job template)"
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise InputError("api_key has invalid characters (a space, a line break, or not ASCII): copy it again")
    return key


def _check_url(url: str) -> str:
    """The URL without a trailing slash, and with the API's path if it has no path."""
    example = "write it like https://client-api.tryvox.co/v3"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise InputError(f"api_url is not a URL: {example}") from None
    # The URL is not quoted, because the misplaced part may be the key.
    if "@" in url:
        raise InputError(f"api_url must not contain a user or password: {example}, and the key in api_key")
    if "?" in url or "#" in url:
        raise InputError(f"api_url must not have a query or a fragment: {example}")
    if parts.scheme not in ("http", "https") or not host or not _URL.fullmatch(url):
        raise InputError(f"api_url is {shown(url)}, which is not a URL: {example}")
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(
            f"api_url is {shown(url)}, and without TLS others could read the API key: use https."
            " (Plain http is only for loopback addresses, such as the simulator's.)"
        )
    url = url.rstrip("/")
    # The vendor's own client uses the base URL without the path.
    return url if urlsplit(url).path else url + _PATH


def check_bundle(path: str) -> str:
    """The path of a PEM bundle, if the file can be read. Raises InputError."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (OSError, ValueError) as exc:
        # OpenSSL's own message about a file without certificates does not help users.
        unreadable = getattr(exc, "strerror", None) or "it is not a path"
        reason = "it has no PEM certificates" if isinstance(exc, ssl.SSLError) else unreadable
        raise InputError(
            f"ca_path {shown(path)} cannot be read ({reason}): write the path of a PEM bundle of CA certificates"
        ) from None
    return path
