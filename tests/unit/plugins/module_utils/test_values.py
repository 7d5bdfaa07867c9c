# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._values import (
    DesiredAgent,
    InputError,
    is_private,
    parse_address,
    parse_agent,
    parse_id,
    same_address,
    unique_addresses,
)


@pytest.mark.parametrize(
    "address",
    [
        "sip:trunk.example.com:5060",
        "trunk.example.com",
        "203.0.113.7:5080",
        "sips:trunk.example.com;transport=tls",
        "sip:user@trunk.example.com",
        "[2001:db8::1]:5060",
    ],
)
def test_a_valid_address_is_unchanged(address: str) -> None:
    assert parse_address(address) == address


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("sip:", "not a SIP address"),
        ("sip:trunk.example.com:", "not a SIP address"),
        ("sip:trunk.example.com:65536", "not a SIP address"),
        ("trunk,example.com", "not a SIP address"),
        ("trunk..example.com", "not a SIP address"),
        ("sip//trunk.example.com", "not a SIP address"),
        ("sip:https://trunk.example.com", "not a SIP address"),
        ("sip:트렁크.example.com", "not a SIP address"),
        ("s3cret@trunk example.com", "not a SIP address"),
        ("trunk.example.com:sip", "not a SIP address"),
        ("2001:db8::1", "not a SIP address"),
        ("[2001:db8::g]", "not a SIP address"),
        ("[:::::]", "not a SIP address"),
        ("999.1.1.1", "not a SIP address"),
        ("[192.0.2.1]", "not a SIP address"),
        ("me:s3cret", "address is not a SIP address"),
        ("sip:me:s3cret", "address is not a SIP address"),
        ("trunk,example.com:5060", "address 'trunk,example.com:5060' is no"),
        ("070-1111-2222", "not a SIP address"),
        ("5060", "not a SIP address"),
        ("-", "not a SIP address"),
        ("null", "not a SIP address"),
        ("None", "not a SIP address"),
        ("sip:sip", "not a SIP address"),
        ("trunk-.example.com", "not a SIP address"),
        ("trunk.example.com:0", "not a SIP address"),
        ("sip:@trunk.example.com", "not a SIP address"),
        ("trunk.example.com;", "not a SIP address"),
        ("trunk example.com", "not a SIP address"),
        ("trunk.example.com\n", "not a SIP address"),
        ("trunk\x00.example.com", "not a SIP address"),
        ("trunk.example.com;x=\x85", "not a SIP address"),
        ("trunk.example.com;x=\ud800", "not a SIP address"),
        # In Unicode, these are other cases of s and k.
        ("\u017fip:trunk.example.com", "not a SIP address"),
        ("sip:trun\u212a.example.com", "not a SIP address"),
        ("trunk.example.com!" * 10**5, r"not a SIP address.{1,99}$"),
        ("sip:user:s3cret@trunk.example.com", "contains a password"),
        ("user:s3cret@trunk.example.com", "contains a password"),
    ],
)
def test_an_invalid_address_is_refused_without_quoting_it(address: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        parse_address(address)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:trunk.example.com:5060", "trunk.example.com", True),
        ("SIP:Trunk.Example.COM", "sip:trunk.example.com:5060", True),
        ("sip:trunk.example.com:5061", "sip:trunk.example.com", False),
        ("sips:trunk.example.com:5061", "sips:trunk.example.com", True),
        ("sips:trunk.example.com", "sip:trunk.example.com", False),
        ("sip:a@trunk.example.com", "sip:A@trunk.example.com", False),
        ("sip:trunk.example.com;transport=tcp", "trunk.example.com:5060;transport=tcp", True),
        ("sip:trunk.example.com;transport=tcp", "sip:trunk.example.com", False),
        ("sip:[2001:DB8::1]", "[2001:db8::1]:5060", True),
        ("sip:[2001:db8:0:0::0001]", "sip:[2001:db8::1]", True),
        ("sip:[2001:db8::2]", "sip:[2001:db8::1]", False),
        ("2001:db8::1", "sip:[2001:db8::1]:5060", True),
        ("sip:trunk.example.com.", "trunk.example.com:05060", True),
        ("sip:trunk.example.com", None, False),
        ("sip:trunk.example.com", 7, False),
        ("sip:trunk.example.com", {"host": "trunk.example.com"}, False),
        ("sip:trunk.example.com", "", False),
    ],
)
def test_addresses_of_the_same_trunk(one: str, other: object, same: bool) -> None:
    for pair in ((one, other), (other, one)):
        assert same_address(*pair) is same


@pytest.mark.parametrize(
    ("address", "private"),
    [
        *(
            (f"sip:{host}:5060", True)
            for host in ("localhost", "LOCALHOST.", "pbx.localhost", "pbx.local", "a.internal")
        ),
        *((f"sip:{host}", True) for host in ("127.0.0.1", "10.0.0.5", "172.31.255.255", "192.168.1.7", "169.254.1.1")),
        *((host, True) for host in ("100.64.0.1", "0.0.0.0", "240.0.0.1", "255.255.255.255", "224.0.0.1", "192.0.2.1")),
        *((f"sip:[{host}]:5060", True) for host in ("::1", "::", "fd00::5", "fe80::1", "2001:db8::1", "ff02::1")),
        *(
            (address, True)
            for address in ("[::ffff:10.0.0.5]", "fd00::5", "sip:fd00::5", "sip:pbx@10.0.0.5;transport=tcp")
        ),
        *(
            (address, False)
            for address in ("sip:trunk.example.com", "sip:8.8.8.8:5060", "[2606:4700::1]", "172.32.0.1")
        ),
        *(
            (address, False)
            for address in ("[::ffff:8.8.8.8]", "local.example.com", "mylocal", "my.notlocal", "10.example.com")
        ),
        *((address, False) for address in (None, "", "?", 7, "home.arpa.example.com")),
        *((host, True) for host in ("pbx.home.arpa", "home.arpa", "pbx.lan", "pbx.corp.", "PBX.Intranet:5070")),
        *((host, True) for host in ("0x7f.1", "0xa000005", "127.1", "167772165", "sip:[fec0::1]", "[4000::1]")),
        *((host, False) for host in ("sip:0x8.8.8.8", "134744072", "pbx.lan.example.com")),
    ],
)
def test_addresses_that_are_not_reachable_from_the_internet(address: object, private: bool) -> None:
    assert is_private(address) is private


@pytest.mark.parametrize(
    ("addresses", "unique"),
    [
        (["Sip:Line@Trunk.example.com", "Line@trunk.example.com.:5060", "sip:trunk.example.com"], [0, 2]),
        (["sips:a.example:5060", "sips:a.example", "sips:a.example:5061", "a.example:5060", "a.example"], [0, 1, 3]),
        (["[fd00::5]:5060", "fd00:0::5", "[fd00::5060]"], [0, 2]),
        (["a.example;transport=tls", "a.example;transport=tcp", "a.example:5060;transport=tls"], [0, 1]),
        ([None, "", 5060, {}, [], "no address", {"a": 1}, 5060], [2, 5, 6]),
    ],
)
def test_each_trunk_once(addresses: list[object], unique: list[int]) -> None:
    assert unique_addresses(addresses) == [addresses[index] for index in unique]


def test_an_agent_is_given_by_id_or_name() -> None:
    assert parse_agent("inbound_agent", {"agent_id": "a-1"}) == DesiredAgent("a-1", None, None)
    assert parse_agent("inbound_agent", {"agent_name": "Desk", "agent_version": "v3"}) == DesiredAgent(
        None, "Desk", "v3"
    )
    assert parse_agent("inbound_agent", {"agent_id": None, "agent_name": None, "agent_version": None}) is None


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"agent_id": "a-1", "agent_name": "Desk"}, "either"),
        ({"agent_version": "v3"}, "either"),
        ({"agent_id": " "}, "agent_id is empty"),
        ({"agent_name": ""}, "agent_name is empty"),
        ({"agent_id": "a-1", "agent_version": "v0"}, "write current, production, or v1"),
        ({"agent_id": "a-1", "agent_version": "latest"}, "write current, production, or v1"),
        ({"agent_id": "a-1", "agent_version": "V1"}, "write current, production, or v1"),
        ({"agent_id": "a-1", "agent_version": "v1\n"}, "write current, production, or v1"),
        ({"agent_id": "a-1", "agent_version": "v\uff11"}, "write current, production, or v1"),
        ({"agent_id": "a/" * 10**5}, "agent_id '.{64}' is not an id"),
        ({"agent_name": "Desk\n"}, "agent_name has control characters"),
        ({"agent_name": "\ud800"}, "agent_name has control characters"),
    ],
)
def test_an_invalid_agent_is_refused(written: dict[str, str], complaint: str) -> None:
    with pytest.raises(InputError, match=f"^outbound_agent.*{complaint}"):
        parse_agent("outbound_agent", written)


@pytest.mark.parametrize(
    ("version", "mapped", "met"),
    [
        # Only UUIDs ignore case.
        (None, {"agent_id": "A-1", "agent_version": "v2"}, False),
        ("v2", {"agent_id": "a-1", "agent_version": "v2"}, True),
        ("v3", {"agent_id": "a-1", "agent_version": "v2"}, False),
        (None, {"agent_id": "a-2", "agent_version": "v2"}, False),
        (None, None, False),
    ],
)
def test_when_a_mapping_is_up_to_date(version: str | None, mapped: object, met: bool) -> None:
    assert DesiredAgent("a-1", None, version).matches(mapped) is met


UUID = "9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53"


@pytest.mark.parametrize("written", [UUID, UUID.upper(), UUID.replace("-", ""), UUID.replace("-", "").upper()])
def test_a_uuid_has_one_canonical_form(written: str) -> None:
    assert parse_id(written) == UUID
    assert parse_agent("inbound_agent", {"agent_id": written}) == DesiredAgent(UUID, None, None)
    assert DesiredAgent(UUID, None, None).matches({"agent_id": written})
    assert DesiredAgent(written, None, None).matches({"agent_id": UUID})


@pytest.mark.parametrize("written", ["ID-1", UUID.upper()[:-1], f"{UUID}A", f"{UUID[:-1]}G"])
def test_an_id_that_is_not_a_uuid_is_unchanged(written: str) -> None:
    assert parse_id(written) == written
    assert not DesiredAgent(written, None, None).matches({"agent_id": written.lower()})
