# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries that leave their records unchanged."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.filter.entry_from_record import FilterModule

entry_from_record = FilterModule().filters()["entry_from_record"]

AGENT = {"agent_id": "11111111-1111-4111-8111-111111111111", "agent_version": "v3"}
NOTHING_ELSE = {"number": "07011112222", "address": "sip:trunk.example.com:5060"}


def test_everything(record: t.Any) -> None:
    entry = {**NOTHING_ELSE, "memo": "본사", "inbound_agent": AGENT, "sms_inbound_agent": AGENT}
    assert entry_from_record(record(**entry)) == entry


def test_a_bought_number_has_a_null_address(record: t.Any) -> None:
    entry = entry_from_record(record(provider="vox", address="sip:its-own"))
    assert entry == {"number": "07011112222", "address": None}


@pytest.mark.parametrize(
    "refused",
    [
        {"memo": " "},
        {"memo": ""},
        {"memo": None},
        {"memo": 42},
        {"memo": "가" * 201},
        {"inbound_agent": {}},
        {"inbound_agent": {"agent_id": None, "agent_version": "v1"}},
        {"outbound_agent": "Front desk"},
    ],
)
def test_values_that_the_module_refuses_are_left_out(record: t.Any, refused: dict[str, t.Any]) -> None:
    assert entry_from_record(record(address=NOTHING_ELSE["address"], **refused)) == NOTHING_ELSE


def test_an_unknown_version_is_left_out(record: t.Any) -> None:
    entry = entry_from_record(record(inbound_agent={**AGENT, "agent_version": 3}))
    assert entry["inbound_agent"] == {"agent_id": AGENT["agent_id"]}


@pytest.mark.parametrize("address", ["sip:trunk/x", "sip:trunk.example.com:0", "sip:none", 5060, {}])
def test_an_invalid_address_is_left_out(record: t.Any, address: t.Any) -> None:
    assert entry_from_record(record(address=address)) == {"number": "07011112222"}


@pytest.mark.parametrize(
    "fields",
    [{"status": "cancel_requested"}, {"status": "expired"}, {"number": "+827011112222"}, {"number": "0012345678"}],
)
def test_records_without_an_entry(record: t.Any, fields: dict[str, t.Any]) -> None:
    assert entry_from_record(record(**fields)) == {}
