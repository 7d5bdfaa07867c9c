#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_telephone_number_info
short_description: Read the telephone numbers of a vox.ai organization
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Returns the records of the telephone numbers that a vox.ai organization holds, or of some of them.
  - Reads, and never writes. Nothing found is an empty list, and no error.
extends_documentation_fragment:
  - voxai.telephony._connection
  - voxai.telephony._attributes
attributes:
  check_mode:
    details:
      - Changes nothing, and does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - Changes nothing.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
options:
  number:
    description:
      - A telephone number, or a list of them, as B(strings), such as V('07011112222').
      - They may be written for people, such as V(070-1111-2222) or V(+82 70-1111-2222). An integer is refused.
      - If neither this nor O(id) is given, all numbers are returned.
    type: raw
  id:
    description:
      - A record's id in the API. No numbers are listed then, and the record is returned whatever its status.
      - Mutually exclusive with O(number), O(provider) and O(status).
    type: str
  provider:
    description:
      - Return only numbers of one's own, V(custom), or only those that were bought from vox.ai, V(vox).
    type: str
    choices:
      - vox
      - custom
  status:
    description:
      - Return only numbers in these statuses.
      - If left out, all that are held, which is all but V(expired).
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
  register: held

- name: Show which agent answers which of them
  ansible.builtin.debug:
    msg: "{{ item.number }} {{ (item.inbound_agent or {}).agent_id | default('nobody') }}"
  loop: "{{ held.telephone_numbers }}"
  loop_control:
    label: "{{ item.number }}"

- name: Read two numbers
  voxai.telephony.vox_telephone_number_info:
    number:
      - 070-1111-2222
      - 1588-0000

- name: Read the numbers bought from vox.ai whose contract is ending
  voxai.telephony.vox_telephone_number_info:
    provider: vox
    status:
      - cancel_requested
"""

RETURN = r"""
telephone_numbers:
  description:
    - The records, as the API returns them, newest first within each status.
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
api_requests:
  description:
    - How many requests were sent, retries included.
    - Null after an unexpected internal error, like all results other than RV(failure).
  returned: always
  type: int
  sample: 3
failure:
  description: What went wrong.
  returned: on failure
  type: dict
  contains:
    http_status:
      description: The HTTP status, if the API answered. Null if it did not, and for input errors.
      type: int
      returned: on failure
    code:
      description: The API's error code, as it came.
      type: str
      returned: on failure
    message:
      description: The API's message, as it came, or what is wrong with the input or the connection.
      type: str
      returned: on failure
    details:
      description: The API's details, as they came.
      type: raw
      returned: on failure
"""

from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number_info import TASK


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
