# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._agent_info import run

FRONT = {"agent_id": "6F1C1F0A-0000-4000-8000-00000000000A", "name": "Front desk", "type": "a", "new_field": 7}
NIGHT = {"agent_id": "id-2", "name": "야간", "type": "b"}


def read(conversation: t.Any, **options: t.Any) -> dict[str, t.Any]:
    left_out = dict.fromkeys(("agent_name", "agent_id", "type"))
    return run(options, {**left_out, **options}, lambda options: conversation.organization(), False, print)


def expect(conversation: t.Any, *agents: t.Any, **query: str) -> None:
    conversation.expect("GET /agents", {"items": agents, "next_cursor": None}, query={**query, "limit": "100"})


@pytest.mark.parametrize(
    ("options", "query", "found"),
    [
        ({}, {}, [FRONT, NIGHT]),
        ({"agent_name": "Front desk"}, {"q": "Front desk"}, [FRONT]),
        ({"agent_name": "front desk"}, {"q": "front desk"}, []),
        # Hangul in decomposed form.
        ({"agent_name": "\u110b\u1163\u1100\u1161\u11ab"}, {}, [NIGHT]),
        ({"agent_id": FRONT["agent_id"].lower()}, {}, [FRONT]),  # type: ignore[attr-defined]
        ({"agent_id": "id-3"}, {}, []),
        ({"type": ["b", "c"]}, {}, [NIGHT]),
        ({"type": []}, {}, [FRONT, NIGHT]),
        ({"agent_id": "id-2", "type": ["a"]}, {}, []),
    ],
)
def test_filters(conversation: t.Any, options: dict[str, t.Any], query: dict[str, str], found: list[t.Any]) -> None:
    expect(conversation, FRONT, NIGHT, **query)
    result = read(conversation, **options)
    assert result["agents"] == found
    assert (result["changed"], result["api_requests"]) == (False, 1)


def test_a_duplicate_agent_is_returned_once(conversation: t.Any) -> None:
    expect(conversation, NIGHT, FRONT, {**NIGHT, "name": "Night"})
    assert len(read(conversation)["agents"]) == 2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"agent_name": " "}, "agent_name is empty"),
        ({"agent_id": ""}, "agent_id is empty"),
        ({"agent_id": "../numbers"}, "is not an id"),
        ({"agent_name": 83}, "agent_name must be a string"),
        ({"agent_name": "Front\ndesk"}, "control characters"),
        ({"api_key": " "}, "api_key is empty"),
    ],
)
def test_invalid_options_are_refused(conversation: t.Any, options: dict[str, t.Any], complaint: str) -> None:
    result = read(conversation, **options)
    assert result["failed"] and complaint in result["msg"]
    assert (result["agents"], result["api_requests"]) == ([], 0)


def test_a_failure_has_the_same_keys_as_every_result(conversation: t.Any) -> None:
    conversation.refuse("GET /agents", 403, query={"limit": "100"})
    result = read(conversation)
    assert result["failed"] and result["failure"]["http_status"] == 403
    assert (result["agents"], result["api_requests"]) == ([], 1)
