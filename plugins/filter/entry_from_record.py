# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.voxai.telephony.plugins.module_utils._api import Record
from ansible_collections.voxai.telephony.plugins.module_utils._plan import AGENT_OPTIONS, make_plan
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_numbers import parse_entry
from ansible_collections.voxai.telephony.plugins.module_utils._values import InputError

DOCUMENTATION = r"""
name: entry_from_record
short_description: Convert a telephone number record to a list entry
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Converts an API record, as M(voxai.telephony.vox_telephone_number_info) returns it, to an entry for
    M(voxai.telephony.vox_telephone_numbers). The entry leaves the number unchanged. The playbook
    C(voxai.telephony.export) writes such entries.
  - Values that the module does not accept are left out, such as a blank memo. Agents that are not assigned are left out
    too, so the module leaves them unchanged.
  - The entry of a number bought from vox.ai has a null C(address), so that the default of the role is not used.
  - SIP credentials are not included, because the API never returns them.
  - The result is an empty dictionary if the number has expired, or if its cancellation is pending. An entry would
    register the number again, or revoke the cancellation.
positional: _input
options:
  _input:
    description: The record.
    type: dict
    required: true
seealso:
  - plugin: voxai.telephony.numbers_from_text
    plugin_type: filter
  - module: voxai.telephony.vox_telephone_number_info
  - module: voxai.telephony.vox_telephone_numbers
  - name: Take over existing numbers
    description: Guide to the export of numbers that the organization holds.
    link: https://github.com/voxai/telephony/blob/main/docs/takeover.md
"""

EXAMPLES = r"""
- name: Read the numbers
  voxai.telephony.vox_telephone_number_info:
  register: result

- name: Assign an agent to all numbers that begin with 070
  voxai.telephony.vox_telephone_numbers:
    telephone_numbers: >-
      {{ result.telephone_numbers | selectattr('number', 'match', '070') | map('voxai.telephony.entry_from_record')
         | select | map('combine', {'inbound_agent': agent}) }}
  vars:
    agent:
      agent_name: Front desk
      agent_version: production
"""

RETURN = r"""
_value:
  description: The entry.
  type: dict
  sample:
    number: '07011112222'
    address: sip:trunk.example.com:5060
    memo: 본사 대표번호
    inbound_agent:
      agent_id: 11111111-1111-4111-8111-111111111111
      agent_version: current
"""

Entry = dict[str, t.Any]


def entry_from_record(record: Record) -> Entry:
    """The entry that leaves the number unchanged. Empty if there is no such entry."""
    entry = {"number": record["number"]}
    if not _is_no_op(record, entry):
        return {}
    for option, values in _candidates(record):
        entry.update(next(({option: value} for value in values if _is_no_op(record, {**entry, option: value})), {}))
    return entry


def _candidates(record: Record) -> t.Iterator[tuple[str, list[t.Any]]]:
    """Each option with the values to try, the preferred one first."""
    # A null overrides a default of the role: a number bought from vox.ai has no trunk of its own.
    yield "address", [None] if record.get("provider") == "vox" else _given(record, "address")
    yield "memo", _given(record, "memo")
    for option in AGENT_OPTIONS:
        agent = record.get(option)
        if agent and isinstance(agent, dict):
            parts = {name: agent[name] for name in ("agent_id", "agent_version") if agent.get(name)}
            yield option, [parts, {"agent_id": agent.get("agent_id")}]


def _given(record: Record, option: str) -> list[t.Any]:
    return [record[option]] if record.get(option) not in (None, "") else []


def _is_no_op(record: Record, entry: Entry) -> bool:
    """Whether the module accepts the entry and changes nothing."""
    desired = parse_entry(entry).desired
    try:
        return bool(desired and desired.number == record["number"] and not make_plan(desired, record).steps)
    except InputError:
        return False


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"entry_from_record": entry_from_record}
