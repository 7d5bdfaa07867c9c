#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_telephone_number
short_description: Manage a telephone number at vox.ai
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Registers, updates or releases one telephone number of a vox.ai organization.
  - A number is B(held) if the organization has a record of it that has not expired. The module registers a number that
    is not held, with its SIP trunk. It updates a number that is held only where it differs from the options. It never
    deletes and re-registers a number to change it.
  - Options that you leave out are neither changed nor compared.
  - A task with the connection C(local) runs inside the Ansible process. All such tasks, loop items and hosts of a run
    share one listing of the numbers and one rate limit. Otherwise, for example with C(async) or C(become), the task
    runs as an ordinary module. The results are the same.
extends_documentation_fragment:
  - voxai.telephony._connection
  - voxai.telephony._attributes
attributes:
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: partial
    details:
      - The API never returns SIP credentials, so the module cannot compare them.
        With O(update_password=always), each run sends them and reports a change.
notes:
  - If the task exceeds its keyword C(timeout), it fails with Ansible's own message and without the results of this
    module. A request that was already sent may still take effect. Run the task again. It reads the number first and
    only does what is missing.
seealso:
  - module: voxai.telephony.vox_telephone_numbers
  - module: voxai.telephony.vox_telephone_number_info
  - module: voxai.telephony.vox_agent_info
  - name: Quick start
    description: Guide to registering, changing and reading a telephone number.
    link: https://github.com/voxai/telephony/blob/main/docs/start.md
  - module: voxai.telephony.vox_sip_trunk_info
  - name: Your SIP trunk
    description: Guide to what the PBX must allow.
    link: https://github.com/voxai/telephony/blob/main/docs/sip-trunk.md
  - name: vox.ai API reference
    description: The vendor's reference (Korean).
    link: https://docs.tryvox.co/api-reference/v3
options:
  number:
    description:
      - The telephone number, as a B(string), such as V('07011112222').
      - Separators are allowed, such as V(070-1111-2222), V(070 1111 2222), V(070.1111.2222) or V(+82 70-1111-2222).
        The first group may be in parentheses. The country code +82 is replaced by the leading 0. The eight-digit
        representative numbers (15xx, 16xx, 18xx) have no leading 0.
      - The number must match the Korean numbering plan. Its prefix determines how many digits it has and where its
        groups end. Separators are only accepted between groups. Everything else is an error, such as an extension or a
        second number after it, or C(82) without the plus sign.
      - A number with a prefix outside the numbering plan is accepted without separators, with a warning.
      - An integer is an error. Without quotes, YAML reads V(07011112222) as an octal integer, which is a different
        number.
      - Exactly one of O(number) and O(id) is required.
    type: raw
  id:
    description:
      - The record's id in the API, instead of O(number). The module then reads this record and does not list numbers.
      - A number cannot be registered by id.
    type: str
  state:
    description:
      - With V(present), the number is registered if it is not held, and updated if it differs. A pending cancellation
        of a number bought from vox.ai is revoked.
      - With V(absent), the number is released. A custom number expires at once, which cannot be undone. A number bought
        from vox.ai stays held until its paid period ends, and requires O(cancel_vox_number=true).
    type: str
    choices:
      - present
      - absent
    default: present
  address:
    description:
      - The SIP address of the trunk, such as V(sip:trunk.example.com:5060).
      - Required if the number is not held yet. An error for a number bought from vox.ai.
      - A leading V(sip:), the default port 5060 and the letter case of the host make no difference when addresses are
        compared.
    type: str
  auth_username:
    description:
      - The user name for the SIP trunk.
      - See O(update_password) for when it is sent.
    type: str
  auth_password:
    description:
      - The password for the SIP trunk. Put it in quotes if it consists of digits.
      - The API never returns it, so the module cannot compare it. See O(update_password) for when it is sent.
      - The API requires it whenever O(address) changes.
    type: str
  update_password:
    description:
      - When O(auth_username) and O(auth_password) are sent.
      - With V(on_create), when the number is registered and when O(address) changes.
      - With V(always), on each run, which reports a change each time. Requires O(auth_password).
    type: str
    choices:
      - on_create
      - always
    default: on_create
  memo:
    description:
      - A note of up to 200 characters.
      - An empty string clears it.
    type: str
  inbound_agent:
    description:
      - The agent that answers calls to the number.
      - An empty dictionary V({}) removes the agent.
    type: dict
    suboptions: &agent
      agent_id:
        description:
          - The agent's id.
          - Exactly one of the agent's id and name is required.
        type: str
      agent_name:
        description:
          - The agent's exact name. The task fails if no agent has this name, or more than one.
        type: str
      agent_version:
        description:
          - V(current), V(production), or a version such as V(v3).
          - Use V(production) for a number in service. V(current) is the draft, which changes while it is edited.
          - If left out, the assigned version stays if the agent is the same. Otherwise the API uses V(current).
        type: str
  outbound_agent:
    description:
      - The agent that makes calls from the number.
      - An empty dictionary V({}) removes the agent.
    type: dict
    suboptions: *agent
  sms_inbound_agent:
    description:
      - The agent that answers text messages to the number.
      - An empty dictionary V({}) removes the agent.
    type: dict
    suboptions: *agent
  cancel_vox_number:
    description:
      - Whether O(state=absent) may end the paid contract of a number bought from vox.ai.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Register a number on a SIP trunk
  voxai.telephony.vox_telephone_number:
    number: '07011112222'  # quotes are needed
    address: sip:trunk.example.com:5060
    auth_username: vox-customer-12
    auth_password: "{{ sip_password }}"
    memo: 본사 대표번호
  register: line

- name: Show the record
  ansible.builtin.debug:
    var: line.telephone_number

- name: Assign an agent to incoming calls, and remove the agent for text messages
  voxai.telephony.vox_telephone_number:
    number: 070-1111-2222
    inbound_agent:
      agent_name: Front desk
      agent_version: production
    sms_inbound_agent: {}

- name: Move several numbers to another trunk
  voxai.telephony.vox_telephone_number:
    number: "{{ item }}"
    address: sip:new-trunk.example.com
    auth_username: vox-customer-12
    auth_password: "{{ sip_password }}"
  loop:
    - 070-1111-2222
    - 070-3333-4444

- name: Change the SIP password
  voxai.telephony.vox_telephone_number:
    number: 070-1111-2222
    auth_username: vox-customer-12
    auth_password: "{{ new_sip_password }}"
    update_password: always

- name: Release a number
  voxai.telephony.vox_telephone_number:
    number: 070-1111-2222
    state: absent

- name: End the contract of a number bought from vox.ai
  voxai.telephony.vox_telephone_number:
    number: 070-4000-1001
    state: absent
    cancel_vox_number: true
"""

RETURN = r"""
telephone_number:
  description:
    - The number's record after the task, as the API returns it. Fields that are not described here are included.
    - In check mode, the record as it would be. Fields that the server assigns, such as C(id), are null.
    - Null if the number is not held after the task.
    - Also null after a failure if the current record is not known, for example if the API accepted a deletion and the
      number could not be read afterwards. The module does not return the record from before the task in this case.
  returned: always
  type: dict
  sample:
    id: 3f0e9a52-6c7d-4a0b-9a53-1a2f6c1e7d10
    number: "07011112222"
    provider: custom
    status: active
    start_at: 1767225600000
    created_at: 1767225600000
    updated_at: 1767225600000
    monthly_fee:
    address: sip:trunk.example.com:5060
    inbound_trunk_id: ST_in_6c1e7d10
    outbound_trunk_id: ST_out_6c1e7d10
    inbound_agent:
      agent_id: 9b2c6c1e-7d10-4f0e-9a52-6c7d4a0b9a53
      agent_version: production
    outbound_agent:
    sms_inbound_agent:
    memo: 본사 대표번호
    end_at:
    cancel_requested_at:
  contains:
    id:
      description: The record's id.
      type: str
      returned: always
    number:
      description: The number in digits.
      type: str
      returned: always
    provider:
      description: V(custom) for your own number on your own SIP trunk, V(vox) for a number bought from vox.ai.
      type: str
      returned: always
    status:
      description: V(active), V(scheduled), V(cancel_requested) or V(expired).
      type: str
      returned: always
    start_at:
      description: When the number starts, in milliseconds since 1970.
      type: int
      returned: always
    created_at:
      description: When the record was created, in milliseconds since 1970.
      type: int
      returned: always
    updated_at:
      description: When the record was last changed, in milliseconds since 1970.
      type: int
      returned: always
    monthly_fee:
      description: The monthly fee of a number bought from vox.ai, in KRW. Null for a custom number.
      type: int
      returned: always
    address:
      description: The SIP address of the trunk.
      type: str
      returned: always
    inbound_trunk_id:
      description: The id of the trunk for incoming calls.
      type: str
      returned: always
    outbound_trunk_id:
      description: The id of the trunk for outgoing calls.
      type: str
      returned: always
    inbound_agent:
      description: The agent that answers calls, with C(agent_id) and C(agent_version). Null if there is none.
      type: dict
      returned: always
    outbound_agent:
      description: The agent that makes calls, with C(agent_id) and C(agent_version). Null if there is none.
      type: dict
      returned: always
    sms_inbound_agent:
      description: The agent that answers text messages, with C(agent_id) and C(agent_version). Null if there is none.
      type: dict
      returned: always
    memo:
      description: The note. Null if there is none.
      type: str
      returned: always
    end_at:
      description: When the number expires or has expired, in milliseconds since 1970. Null if it has no end.
      type: int
      returned: always
    cancel_requested_at:
      description: When the cancellation was requested, in milliseconds since 1970. Null if none was requested.
      type: int
      returned: always
actions:
  description:
    - The actions that were done, or in check mode would be done, in this order. Empty if nothing changed.
    - Any of V(registered), V(cancel_revoked), V(sip_updated), V(memo_updated), V(agents_updated), V(deleted),
      V(cancel_requested).
    - After a failure, actions that the API confirmed are included, even if the number could not be read afterwards.
    - If the record disappears while the task works on it, the actions done to that record are not included. A warning
      reports them.
  returned: always
  type: list
  elements: str
  sample:
    - registered
    - agents_updated
diff:
  description:
    - The changes. After a failure, the changes that were made before it.
    - Outside check mode, C(after) is the record after the task, with the user name that was sent. If the record after
      the task is not known, it is the last known record with the changes that the API confirmed.
    - If the record was replaced by a new one of the same number, both sides have the C(id).
  returned: in diff mode
  type: dict
  contains:
    before:
      description: The fields before the task. Empty if the number was not held.
      type: dict
      returned: always
    after:
      description: The fields after the task, or in check mode as they would be. Empty if the number is not held.
      type: dict
      returned: always
msg:
  description: The result, or the error, as a text.
  returned: always
  type: str
  sample: "07011112222: registered, agents_updated"
api_requests:
  description:
    - The number of requests sent, including retries. A request that did not reach the API, for example because a proxy
      refused the connection, is not counted.
    - Null after an unexpected internal error, as are RV(telephone_number) and RV(actions).
  returned: always
  type: int
  sample: 2
failure:
  description: The error. RV(actions) lists what was done before it. Run the task again to do the rest.
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
  sample:
    http_status: 400
    code: VALIDATION_ERROR
    message: 잘못된 주소입니다.
    details:
      field: address
"""

from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_number import TASK


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
