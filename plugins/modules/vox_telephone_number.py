#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_telephone_number
short_description: Register a telephone number with vox.ai and keep it as wanted
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Brings one telephone number of a vox.ai organization to the wanted state.
  - A number that is not held is registered, once, with its SIP trunk. One that is held is changed only where it differs
    from what is wanted. It is never deleted and registered anew to change it.
  - Options that are left out are left alone. They are neither cleared nor compared.
  - Where the task would run on the controller anyway, it runs in the controller's own process, and the items of a
    C(loop) share one connection and one listing. Otherwise, and with C(async), it runs as an ordinary module.
    Results are the same.
extends_documentation_fragment:
  - voxai.telephony._connection
  - voxai.telephony._attributes
attributes:
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: partial
    details:
      - The API never returns SIP credentials, so they can't be compared.
        With O(update_password=always) they are sent, and reported as changed, on each run.
notes:
  - A task that runs into its keyword C(timeout) fails with Ansible's own message and none of this module's results. A
    request that was already sent may still take effect. Run the task again. It looks first, and does what is left.
options:
  number:
    description:
      - The telephone number, as a B(string), such as V('07011112222').
      - It may be written for people, such as V(070-1111-2222), V(070 1111 2222), V(070.1111.2222) or
        V(+82 70-1111-2222), also with parentheses around the first group. The country code +82 becomes the leading 0,
        except before the eight-digit representative numbers (15xx, 16xx, 18xx), which have none.
      - It is read by the Korean numbering plan. The prefix says how many digits the number has, and where its groups
        end. Separators are accepted only there. Anything else is refused, such as an extension or a second number
        behind it, or C(82) without the plus sign.
      - A number whose prefix the numbering plan does not know is accepted without separators, with a warning.
      - An integer is refused. Without quotes, YAML reads V(07011112222) as an octal number, which is another number.
      - Exactly one of O(number) and O(id) is needed.
    type: raw
  id:
    description:
      - The record's id in the API, instead of O(number). No numbers are listed then.
      - Nothing can be registered by id.
    type: str
  state:
    description:
      - With V(present), the number is registered if it is not held, and changed if it differs. A pending cancellation
        of a number that was bought from vox.ai is taken back.
      - With V(absent), the number is given up. A registered number expires at once, which cannot be undone. One that
        was bought from vox.ai is held until its paid period ends, and needs O(cancel_vox_number=true).
    type: str
    choices:
      - present
      - absent
    default: present
  address:
    description:
      - The SIP address of the trunk, such as V(sip:trunk.example.com:5060).
      - Needed when the number is not held yet. An error for a number that was bought from vox.ai.
      - Addresses that differ only in a leading V(sip:), in the letter case of the host, or in a default port 5060
        that is written or not, are the same.
    type: str
  auth_username:
    description:
      - The user name for the SIP trunk.
      - Sent together with O(auth_password), see O(update_password).
    type: str
  auth_password:
    description:
      - The password for the SIP trunk. Put it in quotes if it consists of digits.
      - The API never returns it, so it can't be compared. See O(update_password) for when it is sent.
      - The API asks for it whenever O(address) changes.
    type: str
  update_password:
    description:
      - When O(auth_username) and O(auth_password) are sent.
      - With V(on_create), when the number is registered, and along with a change of O(address).
      - With V(always), on each run, which is reported as changed. Needs O(auth_password).
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
      - An empty dictionary V({}) removes the mapping.
    type: dict
    suboptions: &agent
      agent_id:
        description:
          - The agent's id.
          - Exactly one of the agent's id and name is needed.
        type: str
      agent_name:
        description:
          - The agent's exact name. It must be the name of one agent alone.
        type: str
      agent_version:
        description:
          - V(current), V(production), or a version such as V(v3).
          - Write V(production) for a number in service. V(current) is the draft, which changes while it is edited.
          - If left out, what is mapped stays if the agent is the same. Otherwise the API takes V(current).
        type: str
  outbound_agent:
    description:
      - The agent that makes calls from the number.
      - An empty dictionary V({}) removes the mapping.
    type: dict
    suboptions: *agent
  sms_inbound_agent:
    description:
      - The agent that answers text messages to the number.
      - An empty dictionary V({}) removes the mapping.
    type: dict
    suboptions: *agent
  cancel_vox_number:
    description:
      - Whether O(state=absent) may end the paid contract of a number that was bought from vox.ai.
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

- name: Show its record
  ansible.builtin.debug:
    var: line.telephone_number

- name: Let an agent answer calls, and nobody text messages
  voxai.telephony.vox_telephone_number:
    number: 070-1111-2222
    inbound_agent:
      agent_name: Front desk
      agent_version: production
    sms_inbound_agent: {}

- name: Move several numbers to another trunk, with one listing and one connection for all
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

- name: Give a number up
  voxai.telephony.vox_telephone_number:
    number: 070-1111-2222
    state: absent

- name: End the contract of a number that was bought from vox.ai
  voxai.telephony.vox_telephone_number:
    number: 070-4000-1001
    state: absent
    cancel_vox_number: true
"""

RETURN = r"""
telephone_number:
  description:
    - The number's record after the task, as the API returns it. Fields that are not described here are passed through.
    - In check mode the record as it would be. What the server makes up is null then.
    - Null if the number is not held, or no longer. Also null after a failure that leaves open what the number is now,
      for example if a deletion was answered and the number could not be read afterwards. It is never the record from
      before then.
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
      description: V(custom) for a number of one's own, V(vox) for one that was bought from vox.ai.
      type: str
      returned: always
    status:
      description: V(active), V(scheduled), V(cancel_requested) or V(expired).
      type: str
      returned: always
    start_at:
      description: Since when the number is held, in milliseconds since 1970.
      type: int
      returned: always
    created_at:
      description: When the record was made, in milliseconds since 1970.
      type: int
      returned: always
    updated_at:
      description: When the record was last changed, in milliseconds since 1970.
      type: int
      returned: always
    monthly_fee:
      description: What a number that was bought costs each month, in KRW. Null for a number of one's own.
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
      description: When the number ends or has ended, in milliseconds since 1970. Null if there is no end.
      type: int
      returned: always
    cancel_requested_at:
      description: When the cancellation was asked for, in milliseconds since 1970. Null if it was not.
      type: int
      returned: always
actions:
  description:
    - What was done, or in check mode would be done, in this order. Empty if nothing was.
    - After a failure, what the API answered as done is included, even if the result could not be read.
    - What was done to a record that was gone before the end of the task is not included. A warning tells of it.
    - Any of V(registered), V(cancel_revoked), V(sip_updated), V(memo_updated), V(agents_updated), V(deleted),
      V(cancel_requested).
  returned: always
  type: list
  elements: str
  sample:
    - registered
    - agents_updated
diff:
  description:
    - What changes, and after a failure, what was changed before it.
    - Outside check mode C(after) is the record after the task, with the user name that was sent. If that is not
      known, it is the last one that was seen, with what was answered as done.
    - Where a record was replaced by a new one of the same number, both sides have the C(id).
  returned: in diff mode
  type: dict
  contains:
    before:
      description: The number's fields as they were. Empty if it was not held.
      type: dict
      returned: always
    after:
      description: The fields as they are, or in check mode would be. Empty if it is given up.
      type: dict
      returned: always
api_requests:
  description:
    - How many requests were sent, retries included. What did not leave the machine, because a proxy refused the
      connection for example, does not count.
    - Null after an unexpected internal error, like all results other than RV(failure).
  returned: always
  type: int
  sample: 2
failure:
  description: What went wrong. RV(actions) tells what was done before. The next run finishes it.
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
