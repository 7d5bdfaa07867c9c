# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the values that users write: SIP addresses, agents, texts. Pure functions, no requests, no files.

Invalid values raise InputError, whose text says what to write instead.
"""

from __future__ import annotations

import re
import socket
import typing as t
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address

from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id, is_id, same_id

MAX_PORT = 65535
MAX_WRITTEN = 64
"""Maximum length of a telephone number with separators. Longer texts are not numbers."""

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""Ansible's replacement for a secret value."""

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and lone surrogates."""
_AGENT_VERSION = re.compile(r"current|production|v[1-9][0-9]*")
_PRIVATE_DOMAINS = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)"
)
"""Domains for one machine or a local network, which the public DNS does not have (RFC 6761, 6762, 8375)."""
_SIP_ADDRESS = re.compile(
    r"(?:(?P<scheme>sips?):)?(?:(?P<user>[^@]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[0-9a-z](?:[0-9a-z_-]*[0-9a-z])?(?:\.[0-9a-z_](?:[0-9a-z_-]*[0-9a-z])?)*\.?)(?::(?P<port>[0-9]{1,5}))?(?P<parameters>[;?].*)?",
    # Without re.ASCII, the Kelvin sign would match k.
    re.IGNORECASE | re.ASCII,
)


class InputError(Exception):
    """A value that the user wrote is invalid. The text says what to write instead."""


def shown(written: t.Any) -> str:
    """A value as messages quote it."""
    if isinstance(written, int) and abs(written) >= 10**MAX_WRITTEN:
        # Python refuses to convert an integer of several thousand digits to a string.
        return "an integer with too many digits"
    return repr(written[:MAX_WRITTEN] if isinstance(written, str) else written)


def nfc(value: t.Any) -> str:
    """A text in canonical form, for comparison (macOS decomposes Hangul)."""
    return unicodedata.normalize("NFC", str(value))


def check_quoted(option: str, written: t.Any) -> None:
    """Refuse a value that is not a string, because YAML has converted it."""
    if written is not None and not isinstance(written, str):
        # The value is not quoted: it may be a part of a password.
        raise InputError(
            f"{option} must be a string: without quotes, YAML converts digits (0123 becomes 83) and words such as no."
            " Put it in quotes"
        )


def parse_id(written: str | None) -> str | None:
    """A record's id, a UUID in its canonical form. It becomes a part of a URL path."""
    if written is None:
        return None
    if not is_id(written):
        raise InputError(f"id {shown(written)} is not a record's id: write the id that the API returned, or use number")
    return canonical_id(written)


def check_text(option: str, written: str, multiline: bool = False) -> None:
    """Refuse a text with control characters."""
    visible = written.replace("\n", "").replace("\t", "") if multiline else written
    if _CONTROL_CHARACTER.search(visible):
        raise InputError(f"{option} has control characters or a line break: remove them")


def parse_address(written: str) -> str:
    """The address as written. Raises InputError if it is not a valid SIP address."""
    if not written.strip():
        raise InputError(
            "address is empty, which would leave the number without a trunk: leave the option out to keep the address,"
            " or write one, such as 'sip:trunk.example.com:5060'"
        )
    match = _SIP_ADDRESS.fullmatch(written)
    if (
        not match
        or re.search(r"\s", written)
        or _CONTROL_CHARACTER.search(written)
        or not 1 <= int(match["port"] or 5060) <= MAX_PORT
        or not _is_host(match["host"])
        or match["user"] == ""
        or match["parameters"] in (";", "?")
    ):
        # The text before an @, or in place of a port, may be a password.
        value = "" if re.search("@|:(?!//|[0-9]+$)", re.sub(r"(?i)\Asips?:", "", written)) else f" {shown(written)}"
        raise InputError(f"address{value} is not a SIP address: write it like 'sip:trunk.example.com:5060'")
    if ":" in (match["user"] or ""):
        raise InputError(
            "address contains a password: write the credentials in auth_username and auth_password,"
            " and the address like 'sip:trunk.example.com:5060'"
        )
    return written


class TrunkAddress(t.NamedTuple):
    """The parts of a SIP address. ``uri``: the whole address, as in a SIP request."""

    scheme: str
    host: str
    port: int | None
    parameters: str
    uri: str


def split_address(written: str) -> TrunkAddress:
    """The parts of an address. Raises InputError."""
    match = t.cast(t.Any, _SIP_ADDRESS.fullmatch(parse_address(written)))
    scheme, host = (match["scheme"] or "sip").lower(), match["host"]
    port = int(match["port"]) if match["port"] else None
    parameters = (match["parameters"] or "").partition("?")[0]
    user = f"{match['user']}@" if match["user"] else ""
    uri = f"{scheme}:{user}{host}{f':{port}' if port else ''}{parameters}"
    return TrunkAddress(scheme, host.strip("[]"), port, parameters, uri)


def _is_host(host: str) -> bool:
    """Whether it is a valid host: an IP address, or a host name other than words such as null or none."""
    try:
        return ip_address(host.strip("[]")).version == (6 if host.startswith("[") else 4)
    except ValueError:
        name = host.lower().rstrip(".")
        return (
            not name.startswith("[") and bool(re.search("[a-z]", name)) and name not in ("null", "none", "sip", "sips")
        )


def same_address(one: str | None, other: t.Any) -> bool:
    """Whether two addresses name the same trunk.

    These differences do not count: the scheme ``sip:`` is left out, the letter case of scheme and host, the spelling of
    an IPv6 address, a dot at the end of a host name, and the default port.
    """
    return _canonical(one or "") == _canonical(other or "")


def unique_addresses(addresses: t.Iterable[t.Any]) -> list[t.Any]:
    """The addresses without duplicates, each trunk as it is written first. Empty addresses are left out."""
    unique: dict[t.Any, t.Any] = {}
    for address in addresses:
        if address:
            # The module refuses an address that is not a string later.
            unique.setdefault(_canonical(address if isinstance(address, str) else repr(address)), address)
    return list(unique.values())


def is_private(address: t.Any) -> bool:
    """Whether a trunk's address cannot be reached from the internet: loopback, private, link-local or reserved."""
    _scheme, _user, named, *_rest = (*_canonical(address), "", "")
    host = _ipv4_in_any_form(named) if isinstance(named, str) else named
    if not host:
        return bool(_PRIVATE_DOMAINS.fullmatch(named))
    # An IPv4-mapped IPv6 address is private if the IPv4 address is.
    host = getattr(host, "ipv4_mapped", None) or host
    return not host.is_global or host.is_multicast or host.is_reserved or getattr(host, "is_site_local", False)


def _canonical(address: t.Any) -> tuple[t.Any, ...]:
    """The parts of an address in canonical form, for comparison. The host is an IP address or a name."""
    if not isinstance(address, str):
        return (address,)
    match = _SIP_ADDRESS.fullmatch(address)
    if not match:
        # This collection does not accept an IPv6 address without brackets, but other clients may register one.
        bare = _ip_of(re.sub(r"(?i)\Asips?:", "", address))
        return ("sip", "", bare, 5060, "") if bare else (address,)
    scheme = (match["scheme"] or "sip").lower()
    port = int(match["port"] or (5060 if scheme == "sip" else 5061))
    name = match["host"].lower().rstrip(".")
    return scheme, match["user"] or "", _ip_of(name.strip("[]")) or name, port, match["parameters"] or ""


def _ipv4_in_any_form(host: str) -> IPv4Address | None:
    """The IPv4 address that the system reads from a name such as ``0x7f.1``. Not for comparisons."""
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _ip_of(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


class DesiredAgent(t.NamedTuple):
    """The agent to assign to a number, by id or, until the name is resolved, by name.

    ``version`` None: keep the assigned version if the agent is the same, else use the API's default.
    """

    agent_id: str | None
    agent_name: str | None
    version: str | None

    def matches(self, assigned: t.Any) -> bool:
        """Whether ``assigned``, the record's field, is this agent in this version."""
        if not isinstance(assigned, dict) or not same_id(assigned.get("agent_id"), self.agent_id):
            return False
        return self.version in (None, assigned.get("agent_version"))

    def as_body(self) -> dict[str, str]:
        body = {"agent_id": str(self.agent_id)}
        return {**body, "agent_version": self.version} if self.version else body


def empty_in_agent(option: str, key: str) -> InputError:
    """The error for an empty value. It does not remove the agent, because calls would then not be answered."""
    return InputError(f"{option}: {key} is empty: leave {option} out to keep the agent, or write {{}} to remove it")


def check_agent_id(option: str, written: str) -> None:
    if not is_id(written):
        raise InputError(f"{option} {shown(written)} is not an id: use agent_name for a name")


def parse_agent(option: str, written: t.Mapping[str, t.Any]) -> DesiredAgent | None:
    """The agent that an option names. None for ``{}``, which removes the agent."""
    given = {key: value for key, value in written.items() if value is not None}
    if not given:
        return None
    for key, value in given.items():
        if not str(value).strip():
            raise empty_in_agent(option, key)
    if ("agent_id" in given) == ("agent_name" in given):
        raise InputError(f"{option}: write either agent_id or agent_name, or {{}} to remove the agent")
    agent_id = given.get("agent_id")
    if agent_id is not None:
        check_agent_id(f"{option}: agent_id", agent_id)
    check_text(f"{option}: agent_name", given.get("agent_name", ""))
    version = given.get("agent_version")
    if version is not None and not _AGENT_VERSION.fullmatch(version):
        raise InputError(f"{option}: agent_version is {shown(version)}: write current, production, or v1, v2 and so on")
    return DesiredAgent(agent_id and canonical_id(agent_id), given.get("agent_name"), version)
