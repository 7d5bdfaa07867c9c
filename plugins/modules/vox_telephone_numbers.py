#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_telephone_numbers
short_description: Manage many telephone numbers at vox.ai in one task
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Registers, updates or releases many telephone numbers of a vox.ai organization. The rules for each number are those
    of M(voxai.telephony.vox_telephone_number).
  - The module lists the organization's numbers once, 100 per request. Numbers that are up to date need no further
    request.
  - It plans all numbers before it changes the first one. If any entry is invalid, it reports each invalid entry
    with its position and number, and changes nothing.
  - It changes numbers in parallel, within the rate limit. If one number fails, it still changes the others.
  - It releases numbers last, and only if everything else has succeeded.
  - A task with the connection C(local) runs inside the Ansible process, and reports its progress. Otherwise, for
    example with C(async) or C(become), it runs as an ordinary module. The results are the same.
extends_documentation_fragment:
  - voxai.telephony._connection
  - voxai.telephony._attributes
attributes:
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: partial
    details:
      - The API never returns SIP credentials, so the module cannot compare them.
        With C(update_password=always), each run sends them and reports a change.
notes:
  - If the task exceeds its keyword C(timeout), it fails with Ansible's own message and without the results of this
    module. It does not wait for requests that were already sent. They may still take effect. A task inside the Ansible
    process sends no further request. A task that runs as an ordinary module may continue for a while, because Ansible
    does not stop it. Run the task again. It reads the numbers first and only does what is missing.
seealso:
  - module: voxai.telephony.vox_telephone_number
  - module: voxai.telephony.vox_telephone_number_info
  - plugin: voxai.telephony.numbers_from_text
    plugin_type: filter
  - name: Many numbers
    description: Guide to lists of numbers, and to releasing numbers that are not in the list.
    link: https://github.com/voxai/telephony/blob/main/docs/many-numbers.md
  - name: vox.ai API reference
    description: The vendor's reference (Korean).
    link: https://docs.tryvox.co/api-reference/v3
options:
  telephone_numbers:
    description:
      - The numbers, each with its desired state. A number that is listed twice is an error, even if it is written in
        two forms.
      - An option that is null counts as left out.
    type: list
    elements: dict
    required: true
    suboptions:
      number:
        description:
          - The telephone number, as a B(string), such as V('07011112222'), V(070-1111-2222) or V(+82 70-1111-2222). An
            integer is an error.
          - See O(voxai.telephony.vox_telephone_number#module:number).
        type: raw
        required: true
      state:
        description:
          - With V(present), the number is registered if it is not held, and updated if it differs.
          - With V(absent), the number is released.
        type: str
        choices:
          - present
          - absent
        default: present
      address:
        description:
          - The SIP address of the trunk, such as V(sip:trunk.example.com:5060).
          - Required if the number is not held yet. An error for a number bought from vox.ai.
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
          - With V(on_create), the credentials are sent when the number is registered and when its address changes.
          - With V(always), they are sent on each run, which reports a change each time. Requires a password.
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
          - The agent that answers calls to the number. An empty dictionary V({}) removes the agent.
        type: dict
        suboptions: &agent
          agent_id:
            description:
              - The agent's id. Exactly one of the agent's id and name is required.
            type: str
          agent_name:
            description:
              - The agent's exact name. The task fails if no agent has this name, or more than one. Each name is looked
                up once.
            type: str
          agent_version:
            description:
              - V(current), V(production), or a version such as V(v3).
              - Use V(production) for a number in service. V(current) is the draft, which changes while it is edited.
              - If left out, the assigned version stays if the agent is the same. Otherwise the API uses V(current).
            type: str
      outbound_agent:
        description:
          - The agent that makes calls from the number. An empty dictionary V({}) removes the agent.
        type: dict
        suboptions: *agent
      sms_inbound_agent:
        description:
          - The agent that answers text messages to the number. An empty dictionary V({}) removes the agent.
        type: dict
        suboptions: *agent
      cancel_vox_number:
        description:
          - Whether V(absent) may end the paid contract of a number bought from vox.ai.
        type: bool
        default: false
  prune:
    description:
      - Whether to release every custom number of the organization that is not in O(telephone_numbers). These numbers
        expire at once, which cannot be undone.
      - Numbers bought from vox.ai, and numbers outside the Korean numbering plan, are never pruned.
      - An error with an empty list, and with a list in which every entry has C(state=absent).
    type: bool
    default: false
  max_deletions:
    description:
      - The maximum number of telephone numbers that O(prune) may release, V(0) or more. If there are more to release,
        the task fails before it changes anything.
      - Entries with C(state=absent) do not count.
      - Required if O(prune=true).
    type: int
"""

EXAMPLES = r"""
- name: Manage three numbers
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

- name: Release all custom numbers that are not in the list, but no more than five
  voxai.telephony.vox_telephone_numbers:
    telephone_numbers: "{{ our_numbers }}"
    prune: true
    max_deletions: 5
  register: result

- name: Show how many numbers were registered, updated and released
  ansible.builtin.debug:
    var: result.summary

- name: Show the result for each number
  ansible.builtin.debug:
    msg: "{{ item.number }}: {{ item.msg }}"
  loop: "{{ result.telephone_numbers + result.pruned }}"
  loop_control:
    label: "{{ item.number }}"
"""

RETURN = r"""
telephone_numbers:
  description: The result for each entry, in the order of the list.
  returned: always
  type: list
  elements: dict
  contains: &entry
    number:
      description: The number in digits. If it is invalid, as it was written.
      type: str
      returned: always
    changed:
      description: Whether the number was changed, or in check mode would be.
      type: bool
      returned: always
    failed:
      description: Whether this entry failed.
      type: bool
      returned: always
    actions:
      description:
        - The actions that were done, or in check mode would be done, in this order.
        - See RV(voxai.telephony.vox_telephone_number#module:actions).
      type: list
      elements: str
      returned: always
    telephone_number:
      description:
        - The number's record after the task, as in RV(voxai.telephony.vox_telephone_number#module:telephone_number).
        - Null if the number is not held, or if the current record is not known.
      type: dict
      returned: always
    failure:
      description:
        - The error, as in RV(voxai.telephony.vox_telephone_number#module:failure). Null if there was none.
      type: dict
      returned: always
    msg:
      description: The result, the error, or the reason why the number was not processed, as a text.
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
    - The result for each number that O(prune) releases, sorted by number.
    - The items have the same keys as those of RV(telephone_numbers).
  returned: always
  type: list
  elements: dict
  contains: *entry
  sample: []
summary:
  description: The number of telephone numbers by result. A number that failed only counts as failed.
  returned: always
  type: dict
  contains:
    registered:
      description: Numbers that were registered, or in check mode would be.
      type: int
      returned: always
    updated:
      description: Numbers that were held and were updated.
      type: int
      returned: always
    unchanged:
      description: Numbers that are up to date, and numbers that were not processed.
      type: int
      returned: always
    deleted:
      description: Numbers that were released, including pruned ones.
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
    - The changes, by number. Only fields and numbers that changed are included.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: The fields before the task. A number that was not held is left out.
      type: dict
      returned: always
    after:
      description: The fields after the task, or in check mode as they would be. A released custom number is left out.
      type: dict
      returned: always
msg:
  description: The counts, or the errors with the position and number of each entry, as a text.
  returned: always
  type: str
  sample: 1 registered, 2 unchanged
api_requests:
  description:
    - The number of requests sent, including retries.
    - Null after an unexpected internal error, as are RV(telephone_numbers), RV(pruned) and RV(summary).
  returned: always
  type: int
  sample: 4
failure:
  description:
    - The error that stopped the whole task before it changed anything, such as a failed listing.
    - Null if only entries failed.
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
from ansible_collections.voxai.telephony.plugins.module_utils._telephone_numbers import TASK


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
