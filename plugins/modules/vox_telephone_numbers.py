#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_telephone_numbers
short_description: Keep many telephone numbers at vox.ai as wanted, in one task
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Brings many telephone numbers of a vox.ai organization to their wanted states. For each of them the rules of
    M(voxai.telephony.vox_telephone_number) hold.
  - The organization's numbers are listed once, a hundred with each request. What is as wanted already costs no request
    more.
  - All numbers are planned before the first one is changed. If anything in the list can't be meant, all of it is told
    at once, with position and number, and nothing is changed.
  - Then the numbers are changed side by side, within the pace. If one of them fails, the others go on.
  - Numbers are given up last, and only if everything else has succeeded.
  - Where the task would run on the controller anyway, it runs in the controller's own process, and tells now and then
    how far it is. Otherwise, and with C(async), it runs as an ordinary module. Results are the same.
extends_documentation_fragment:
  - voxai.telephony._connection
  - voxai.telephony._attributes
attributes:
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: partial
    details:
      - The API never returns SIP credentials, so they can't be compared.
        With C(update_password=always) they are sent, and reported as changed, on each run.
notes:
  - A task that runs into its keyword C(timeout) fails with Ansible's own message and none of this module's results.
    Requests that were already sent may still take effect, and are not waited for. Nothing else is sent where the task
    ran in the controller's own process; a module that was started for it may go on for a while, because Ansible does
    not stop it. Run the task again. It looks first, and does what is left.
options:
  telephone_numbers:
    description:
      - The numbers, each with its wanted state. No number may be listed twice, in whatever form it is written.
      - An option that is null is an option left out.
    type: list
    elements: dict
    required: true
    suboptions:
      number:
        description:
          - The telephone number, as a B(string), such as V('07011112222'), or written for people, such as
            V(070-1111-2222) or V(+82 70-1111-2222). An integer is refused.
          - See O(voxai.telephony.vox_telephone_number#module:number).
        type: raw
        required: true
      state:
        description:
          - With V(present), the number is registered if it is not held, and changed if it differs.
          - With V(absent), the number is given up.
        type: str
        choices:
          - present
          - absent
        default: present
      address:
        description:
          - The SIP address of the trunk, such as V(sip:trunk.example.com:5060).
          - Needed when the number is not held yet. An error for a number that was bought from vox.ai.
        type: str
      auth_username:
        description:
          - The user name for the SIP trunk.
        type: str
      auth_password:
        description:
          - The password for the SIP trunk. Put it in quotes if it consists of digits.
        type: str
      update_password:
        description:
          - With V(on_create), the credentials are sent when the number is registered, and along with a change of its
            address.
          - With V(always), they are sent on each run, which is reported as changed. Needs a password.
        type: str
        choices:
          - on_create
          - always
        default: on_create
      memo:
        description:
          - A note of up to 200 characters. An empty string clears it.
        type: str
      inbound_agent:
        description:
          - The agent that answers calls to the number. An empty dictionary V({}) removes the mapping.
        type: dict
        suboptions: &agent
          agent_id:
            description:
              - The agent's id. Exactly one of the agent's id and name is needed.
            type: str
          agent_name:
            description:
              - The agent's exact name. It must be the name of one agent alone. Each name is looked up once.
            type: str
          agent_version:
            description:
              - V(current), V(production), or a version such as V(v3).
              - Write V(production) for a number in service. V(current) is the draft, which changes while it is edited.
              - If left out, what is mapped stays if the agent is the same. Otherwise the API takes V(current).
            type: str
      outbound_agent:
        description:
          - The agent that makes calls from the number. An empty dictionary V({}) removes the mapping.
        type: dict
        suboptions: *agent
      sms_inbound_agent:
        description:
          - The agent that answers text messages to the number. An empty dictionary V({}) removes the mapping.
        type: dict
        suboptions: *agent
      cancel_vox_number:
        description:
          - Whether a number that was bought from vox.ai may be given up, which ends a paid contract.
        type: bool
        default: false
  prune:
    description:
      - Give up every number of one's own that O(telephone_numbers) does not name. They expire at once.
        This cannot be undone.
      - Numbers that were bought from vox.ai are never pruned.
      - Refused with an empty list, and with one in which all are absent.
    type: bool
    default: false
  max_deletions:
    description:
      - The most numbers that O(prune) may give up. If there are more, the task fails before it changes anything.
      - Entries that are wanted absent don't count.
      - Required with O(prune).
    type: int
"""

EXAMPLES = r"""
- name: Keep three numbers as wanted
  voxai.telephony.vox_telephone_numbers:
    telephone_numbers:
      - number: '07011112222'  # quotes are needed
        address: sip:trunk.example.com:5060
        auth_username: vox-customer-12
        auth_password: "{{ sip_password }}"
        memo: 본사 대표번호
        inbound_agent:
          agent_name: Front desk
          agent_version: production
      - number: 1588-0000
        address: sip:trunk.example.com:5060
        auth_username: vox-customer-12
        auth_password: "{{ sip_password }}"
      - number: 070-3333-4444
        state: absent

- name: Give up what is not in the list, but never more than five numbers
  voxai.telephony.vox_telephone_numbers:
    telephone_numbers: "{{ our_numbers }}"
    prune: true
    max_deletions: 5
  register: converged

- name: Show how many were treated how
  ansible.builtin.debug:
    var: converged.summary

- name: Show what has become of each number
  ansible.builtin.debug:
    msg: "{{ item.number }}: {{ item.msg }}"
  loop: "{{ converged.telephone_numbers + converged.pruned }}"
  loop_control:
    label: "{{ item.number }}"
"""

RETURN = r"""
telephone_numbers:
  description: What has become of each entry, in the order of the list.
  returned: always
  type: list
  elements: dict
  contains: &entry
    number:
      description: The number in digits. As it was written, if it can't be a number.
      type: str
      returned: always
    changed:
      description: Whether the number was changed, or in check mode would be.
      type: bool
      returned: always
    failed:
      description: Whether the number is not as wanted because of an error of its own, or of the API.
      type: bool
      returned: always
    actions:
      description:
        - What was done, or in check mode would be done, in this order.
        - See RV(voxai.telephony.vox_telephone_number#module:actions).
      type: list
      elements: str
      returned: always
    telephone_number:
      description:
        - The number's record after the task, as in RV(voxai.telephony.vox_telephone_number#module:telephone_number).
        - Null if the number is not held, or if that is not known.
      type: dict
      returned: always
    failure:
      description:
        - What went wrong, as in RV(voxai.telephony.vox_telephone_number#module:failure). Null if nothing did.
      type: dict
      returned: always
    msg:
      description: The same in words; or why nothing was begun.
      type: str
      returned: always
  sample:
    - number: "07011112222"
      changed: true
      failed: false
      actions:
        - registered
      telephone_number:
        id: 3f0e9a52-6c7d-4a0b-9a53-1a2f6c1e7d10
        number: "07011112222"
        provider: custom
        status: active
        address: sip:trunk.example.com:5060
        memo: 본사 대표번호
      failure:
      msg: registered
pruned:
  description:
    - What has become of each number that O(prune) gives up, sorted by number.
    - In the same shape as RV(telephone_numbers).
  returned: always
  type: list
  elements: dict
  contains: *entry
  sample: []
summary:
  description: How many numbers were treated how. A number that failed counts as failed, whatever was done before.
  returned: always
  type: dict
  contains:
    registered:
      description: Numbers that were registered.
      type: int
      returned: always
    updated:
      description: Numbers that were held and have been changed.
      type: int
      returned: always
    unchanged:
      description: Numbers that are as wanted, and those on which nothing was begun.
      type: int
      returned: always
    deleted:
      description: Numbers that were given up, pruned ones included.
      type: int
      returned: always
    failed:
      description: Numbers that failed.
      type: int
      returned: always
  sample:
    registered: 1
    updated: 0
    unchanged: 2
    deleted: 0
    failed: 0
diff:
  description:
    - What changes, by number. Fields that stay as they are, and numbers to which nothing was done, are left out.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: The fields as they were. A number that was not held is left out.
      type: dict
      returned: always
    after:
      description: The fields as they are, or in check mode would be. A number that is given up is left out.
      type: dict
      returned: always
api_requests:
  description:
    - How many requests were sent, retries included.
    - Null after an unexpected internal error, like all results other than RV(failure).
  returned: always
  type: int
  sample: 4
failure:
  description:
    - What stopped the task as a whole before anything was changed, such as a listing that failed.
    - Null if it is entries that failed.
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
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_numbers import TASK


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
