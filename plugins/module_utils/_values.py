# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users write, as values: SIP addresses, agents, texts. Pure; no request, no file.

Raises InputError with a text that says what to write instead.
"""

from __future__ import annotations

import re
import socket
import typing as t
from ipaddress import IPv4Address, IPv6Address, ip_address

from ansible_collections.voxai.telephony.plugins.module_utils._ids import canonical_id, is_id, same_id

MAX_PORT = 65535
MAX_WRITTEN = 64
"""Characters of a number as people write it, with room to spare."""

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""What stands in place of a secret, as Ansible writes it."""

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of a character."""
_AGENT_VERSION = re.compile(r"current|production|v[1-9][0-9]*")
_PRIVATE_DOMAINS = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)"
)
"""Domains of one machine or network, reserved or customary. The public DNS has none of them (RFC 6761, 6762, 8375)."""
_SIP_ADDRESS = re.compile(
    r"(?:(?P<scheme>sips?):)?(?:(?P<user>[^@]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[0-9a-z](?:[0-9a-z_-]*[0-9a-z])?(?:\.[0-9a-z_](?:[0-9a-z_-]*[0-9a-z])?)*\.?)(?::(?P<port>[0-9]{1,5}))?(?P<parameters>[;?].*)?",
    # Without ASCII, a Kelvin sign would be a k.
    re.IGNORECASE | re.ASCII,
)


class InputError(Exception):
    """Something the user wrote can't be meant. The text says what to write."""


def shown(written: t.Any) -> str:
    """What was written, as far as a message shows it."""
    if isinstance(written, int) and abs(written) >= 10**MAX_WRITTEN:
        # Python writes out no more than some thousands of digits.
        return "an integer of too many digits"
    return repr(written[:MAX_WRITTEN] if isinstance(written, str) else written)


def check_quoted(option: str, written: t.Any) -> None:
    """Refuse what YAML has made something else of than a string."""
    if written is not None and not isinstance(written, str):
        # The value is not quoted: it may be a part of a password.
        raise InputError(
            f"{option} is no string: without quotes, YAML makes something else of digits (0123 becomes 83),"
            " and of words like no. Put it in quotes"
        )


def parse_id(written: str | None) -> str | None:
    """A record's id, a UUID in its canonical form. It becomes a part of a path."""
    if written is None:
        return None
    if not is_id(written):
        raise InputError(f"id {shown(written)} is no record's id: write the id that the API returned, or number")
    return canonical_id(written)


def check_text(option: str, written: str, multiline: bool = False) -> None:
    """Refuse what can't be sent, or can't be meant: characters that no terminal shows."""
    visible = written.replace("\n", "").replace("\t", "") if multiline else written
    if _UNSEEN.search(visible):
        raise InputError(f"{option} has control characters or a line break: write it without")


def parse_address(written: str) -> str:
    """The address as written, if it can be a SIP trunk's."""
    if not written.strip():
        raise InputError(
            "address is empty, which would leave the number without a trunk: leave the option out to keep the address,"
            " or write one, such as 'sip:trunk.example.com:5060'"
        )
    match = _SIP_ADDRESS.fullmatch(written)
    if (
        not match
        or re.search(r"\s", written)
        or _UNSEEN.search(written)
        or not 1 <= int(match["port"] or 5060) <= MAX_PORT
        or not _is_host(match["host"])
        or match["user"] == ""
        or match["parameters"] in (";", "?")
    ):
        # What is before an @, or where a port should be, may be a password.
        value = "" if re.search("@|:(?!//|[0-9]+$)", re.sub(r"(?i)\Asips?:", "", written)) else f" {shown(written)}"
        raise InputError(f"address{value} is no SIP address: write it like 'sip:trunk.example.com:5060'")
    if ":" in (match["user"] or ""):
        raise InputError(
            "address carries a password: write credentials in auth_username and auth_password,"
            " and the address like 'sip:trunk.example.com:5060'"
        )
    return written


class TrunkAddress(t.NamedTuple):
    """The parts of a SIP address. ``uri``: all of it, as a request names it."""

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
    """Whether it can be a host: an IP address, or a name, but none that stands for nothing."""
    try:
        return ip_address(host.strip("[]")).version == (6 if host.startswith("[") else 4)
    except ValueError:
        name = host.lower().rstrip(".")
        return (
            not name.startswith("[") and bool(re.search("[a-z]", name)) and name not in ("null", "none", "sip", "sips")
        )


def same_address(one: str | None, other: t.Any) -> bool:
    """Whether two addresses name the same trunk.

    They do if they differ in the scheme ``sip:`` (left out or not), in the letter case of scheme and host, in the
    spelling of an IPv6 address, in the dot at the end of a name, or in a default port 5060 that one spells out.
    """
    return _canonical(one or "") == _canonical(other or "")


def unique_addresses(addresses: t.Iterable[t.Any]) -> list[t.Any]:
    """The addresses of a list, each trunk once, as it is written first. What is empty is left out."""
    unique: dict[t.Any, t.Any] = {}
    for address in addresses:
        if address:
            # What is no text is no address. The module that takes it next refuses it.
            unique.setdefault(_canonical(address if isinstance(address, str) else repr(address)), address)
    return list(unique.values())


def is_private(address: t.Any) -> bool:
    """Whether a trunk's address can't be reached from the internet: loopback, private, link-local or reserved."""
    _scheme, _user, named, *_rest = (*_canonical(address), "", "")
    host = _ipv4_in_any_form(named) if isinstance(named, str) else named
    if not host:
        return bool(_PRIVATE_DOMAINS.fullmatch(named))
    # An IPv4 address in an IPv6 one is private where the former is.
    host = getattr(host, "ipv4_mapped", None) or host
    return not host.is_global or host.is_multicast or host.is_reserved or getattr(host, "is_site_local", False)


def _canonical(address: t.Any) -> tuple[t.Any, ...]:
    """The parts of an address, in the form in which they are compared. The host is an IP address or a name."""
    if not isinstance(address, str):
        return (address,)
    match = _SIP_ADDRESS.fullmatch(address)
    if not match:
        # An IPv6 address without brackets can't be registered with this collection, but by other means.
        bare = _ip_of(re.sub(r"(?i)\Asips?:", "", address))
        return ("sip", "", bare, 5060, "") if bare else (address,)
    scheme = (match["scheme"] or "sip").lower()
    port = int(match["port"] or (5060 if scheme == "sip" else 5061))
    name = match["host"].lower().rstrip(".")
    return scheme, match["user"] or "", _ip_of(name.strip("[]")) or name, port, match["parameters"] or ""


def _ipv4_in_any_form(host: str) -> IPv4Address | None:
    """The IPv4 address that the system reads in a name of digits, such as ``0x7f.1``. It is not for comparisons."""
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _ip_of(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


class AgentWish(t.NamedTuple):
    """An agent that a number is to be mapped to, by id or, until it is resolved, by name.

    ``version`` None: what is mapped stays if the agent is the same, else the API's default.
    """

    agent_id: str | None
    agent_name: str | None
    version: str | None

    def is_met_by(self, mapped: t.Any) -> bool:
        """Whether ``mapped``, the record's field, is what is wished."""
        if not isinstance(mapped, dict) or not same_id(mapped.get("agent_id"), self.agent_id):
            return False
        return self.version in (None, mapped.get("agent_version"))

    def as_body(self) -> dict[str, str]:
        body = {"agent_id": str(self.agent_id)}
        return {**body, "agent_version": self.version} if self.version else body


def empty_in_agent(option: str, key: str) -> InputError:
    """A variable that happens to be empty would silence a line."""
    return InputError(f"{option}: {key} is empty: leave {option} out to keep the mapping, write {{}} to unmap")


def check_agent_id(option: str, written: str) -> None:
    if not is_id(written):
        raise InputError(f"{option} {shown(written)} is no id: to give a name, write agent_name")


def parse_agent(option: str, written: t.Mapping[str, t.Any]) -> AgentWish | None:
    """The agent that an option names; None for ``{}``, which unmaps."""
    given = {key: value for key, value in written.items() if value is not None}
    if not given:
        return None
    for key, value in given.items():
        if not str(value).strip():
            raise empty_in_agent(option, key)
    if ("agent_id" in given) == ("agent_name" in given):
        raise InputError(f"{option}: give either agent_id or agent_name, or {{}} to unmap")
    agent_id = given.get("agent_id")
    if agent_id is not None:
        check_agent_id(f"{option}: agent_id", agent_id)
    check_text(f"{option}: agent_name", given.get("agent_name", ""))
    version = given.get("agent_version")
    if version is not None and not _AGENT_VERSION.fullmatch(version):
        raise InputError(f"{option}: agent_version is {shown(version)}: write current, production, or v1, v2 and so on")
    return AgentWish(agent_id and canonical_id(agent_id), given.get("agent_name"), version)
