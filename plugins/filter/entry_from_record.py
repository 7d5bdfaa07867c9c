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
short_description: Say as an entry of a list what a telephone number is
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Makes of a record, as M(voxai.telephony.vox_telephone_number_info) returns it, the entry of
    M(voxai.telephony.vox_telephone_numbers) that leaves the number as it is. The playbook C(voxai.telephony.export)
    writes such entries.
  - What the module would refuse is left out, a blank memo for example. So is an agent that is not mapped, since an
    entry without it leaves it alone.
  - A number that was bought from vox.ai has C(address:) with nothing behind it, which opts out of a default of the
    role.
  - SIP credentials are not in it. The API never returns them.
  - There is no such entry, and so an empty dictionary, for a number that is not held any more, and for one whose
    cancellation is pending, which an entry would take back.
positional: _input
options:
  _input:
    description: The record.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Read what is held
  voxai.telephony.vox_telephone_number_info:
  register: held

- name: Have an agent answer all numbers that begin with 070, and leave everything else as it is
  voxai.telephony.vox_telephone_numbers:
    telephone_numbers: >-
      {{ held.telephone_numbers | selectattr('number', 'match', '070') | map('voxai.telephony.entry_from_record')
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
    """The entry that leaves a record as it is; empty if there is none."""
    entry = {"number": record["number"]}
    if not _leaves(record, entry):
        return {}
    for option, values in _choices(record):
        entry.update(next(({option: value} for value in values if _leaves(record, {**entry, option: value})), {}))
    return entry


def _choices(record: Record) -> t.Iterator[tuple[str, list[t.Any]]]:
    """What each option may be, the best first."""
    # A null opts out of a default: what was bought has no trunk of its own, and refuses an address.
    yield "address", [None] if record.get("provider") == "vox" else _given(record, "address")
    yield "memo", _given(record, "memo")
    for option in AGENT_OPTIONS:
        agent = record.get(option)
        if agent and isinstance(agent, dict):
            parts = {name: agent[name] for name in ("agent_id", "agent_version") if agent.get(name)}
            yield option, [parts, {"agent_id": agent.get("agent_id")}]


def _given(record: Record, option: str) -> list[t.Any]:
    return [record[option]] if record.get(option) not in (None, "") else []


def _leaves(record: Record, entry: Entry) -> bool:
    """Whether the module takes the entry, and has nothing to do."""
    desired = parse_entry(entry).desired
    try:
        return bool(desired and desired.number == record["number"] and not make_plan(desired, record).steps)
    except InputError:
        return False


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"entry_from_record": entry_from_record}
