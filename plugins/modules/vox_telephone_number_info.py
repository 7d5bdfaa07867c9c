#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_telephone_number_info
short_description: Get information about telephone numbers at vox.ai
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Returns the records of all telephone numbers that a vox.ai organization holds, or of some of them. A number is held
    if its record has not expired.
  - The module only reads. If no number matches, the list is empty. This is not an error.
extends_documentation_fragment:
  - voxai.telephony._connection
  - voxai.telephony._attributes
attributes:
  check_mode:
    details:
      - Does not change anything. It does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - Does not change anything.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
seealso:
  - module: voxai.telephony.vox_telephone_number
  - module: voxai.telephony.vox_audit_info
  - plugin: voxai.telephony.entry_from_record
    plugin_type: filter
  - name: Quick start
    description: Guide to registering, changing and reading a telephone number.
    link: https://github.com/voxai/telephony/blob/main/docs/start.md
  - name: vox.ai API reference
    description: The vendor's reference (Korean).
    link: https://docs.tryvox.co/api-reference/v3
options:
  number:
    description:
      - Return only this telephone number, or the numbers of this list, as B(strings), such as V('07011112222').
      - Separators are allowed, such as V(070-1111-2222) or V(+82 70-1111-2222). An integer is an error.
      - See O(voxai.telephony.vox_telephone_number#module:number).
    type: raw
  id:
    description:
      - Return only the record with this id, whatever its status. The module then reads this record and does not list
        numbers.
      - Mutually exclusive with O(number), O(provider) and O(status).
    type: str
  provider:
    description:
      - Return only your own numbers, V(custom), or only numbers bought from vox.ai, V(vox).
    type: str
    choices:
      - vox
      - custom
  status:
    description:
      - Return only numbers with one of these statuses.
      - If left out, all numbers that are held are returned, that is, all except V(expired).
    type: list
    elements: str
    choices:
      - active
      - scheduled
      - cancel_requested
      - expired
"""

EXAMPLES = r"""
- name: Read all numbers that are held
  voxai.telephony.vox_telephone_number_info:
  register: result

- name: Show the agent of each number
  ansible.builtin.debug:
    msg: "{{ item.number }}: {{ (item.inbound_agent or {}).agent_id | default('no agent') }}"
  loop: "{{ result.telephone_numbers }}"
  loop_control:
    label: "{{ item.number }}"

- name: Read two numbers
  voxai.telephony.vox_telephone_number_info:
    number:
      - 070-1111-2222
      - 1588-0000

- name: Read the numbers bought from vox.ai whose cancellation is pending
  voxai.telephony.vox_telephone_number_info:
    provider: vox
    status:
      - cancel_requested
"""

RETURN = r"""
telephone_numbers:
  description:
    - The records, as the API returns them, grouped by status, newest first.
    - See RV(voxai.telephony.vox_telephone_number#module:telephone_number) for their fields.
  returned: always
  type: list
  elements: dict
  sample:
    - id: 3f0e9a52-6c7d-4a0b-9a53-1a2f6c1e7d10
      number: "07011112222"
      provider: custom
      status: active
      address: sip:trunk.example.com:5060
      memo: 본사 대표번호
msg:
  description: The number of records found, or the error, as a text.
  returned: always
  type: str
  sample: 2 found
api_requests:
  description:
    - The number of requests sent, including retries.
    - Null after an unexpected internal error, as is RV(telephone_numbers).
  returned: always
  type: int
  sample: 3
failure:
  description: The error.
  returned: on failure
  type: dict
  contains:
    http_status:
      description: The HTTP status of the API's answer. Null if there was no answer, and for input errors.
      type: int
      returned: on failure
    code:
      description: The API's error code.
      type: str
      returned: on failure
    message:
      description: The API's message, or the problem with the input or the connection.
      type: str
      returned: on failure
    details:
      description: The API's details.
      type: raw
      returned: on failure
"""

from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number_info import TASK


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
