#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_agent_info
short_description: Get information about agents at vox.ai
version_added: 0.2.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Returns all agents of a vox.ai organization, or some of them.
  - The module only reads. If no agent matches, the list is empty. This is not an error.
  - If several filters are given, an agent is returned only if it matches all of them.
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
options:
  agent_name:
    description:
      - Return only agents with this exact name.
    type: str
  agent_id:
    description:
      - Return only the agent with this id.
    type: str
  type:
    description:
      - Return only agents of these types, such as V(single_prompt).
    type: list
    elements: str
seealso:
  - module: voxai.telephony.vox_telephone_number
  - module: voxai.telephony.vox_audit_info
  - name: Quick start
    description: Guide to registering, changing and reading a telephone number.
    link: https://github.com/voxai/telephony/blob/main/docs/start.md
  - name: vox.ai API reference
    description: The vendor's reference (Korean).
    link: https://docs.tryvox.co/api-reference/v3
"""

EXAMPLES = r"""
- name: Read all agents
  voxai.telephony.vox_agent_info:
  register: result

- name: Show the agents that have no production version
  ansible.builtin.debug:
    msg: "{{ result.agents | rejectattr('production_version') | map(attribute='name') }}"

- name: Read one agent by its name
  voxai.telephony.vox_agent_info:
    agent_name: Front desk
"""

RETURN = r"""
agents:
  description:
    - The agents, as the API returns them, with all fields.
  returned: always
  type: list
  elements: dict
  sample:
    - agent_id: 0b6f4f0e-8a39-4d8e-9f5e-9a6f4c0c3b11
      name: Front desk
      type: single_prompt
      production_version: v3
msg:
  description: The number of agents found, or the error, as a text.
  returned: always
  type: str
  sample: 1 found
api_requests:
  description:
    - The number of requests sent, including retries.
    - Null after an unexpected internal error, as is RV(agents).
  returned: always
  type: int
  sample: 1
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

from ansible_collections.voxai.telephony.plugins.module_utils._agent_info import TASK
from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
