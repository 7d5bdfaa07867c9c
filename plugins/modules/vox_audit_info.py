#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_audit_info
short_description: Find problems with the telephone numbers of a vox.ai organization
version_added: 0.2.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Reads all telephone numbers that a vox.ai organization holds, and its agents. Reports numbers whose calls are not
    answered, numbers that cannot be reached, and numbers that end soon.
  - The module only reads. Findings do not fail the task. The playbook C(voxai.telephony.audit) fails if there are
    errors, and writes a report.
  - The API does not show whether a SIP trunk works. Use M(voxai.telephony.vox_sip_trunk_info) to check whether it
    answers.
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
  rules:
    description:
      - The rules to apply. If left out or empty, all rules are applied.
      - V(no_inbound_agent) (error) - no inbound agent is assigned, so calls to the number are not answered.
      - V(unknown_agent) (error) - an agent is assigned that the organization does not have.
      - V(no_trunk) (error) - a custom number has no SIP address, or one of its trunk ids is missing.
      - V(private_trunk) (warning) - the SIP address cannot be reached from the internet. It is a loopback, private,
        link-local or reserved address, or a name that only a local network knows, such as V(pbx.lan).
      - V(draft_agent) (warning) - an agent is assigned with the version V(current), the draft that changes while it is
        edited.
      - V(no_production_version) (warning) - an agent is assigned with the version V(production), but has none.
      - V(ending) (warning) - the number's cancellation is pending.
      - V(odd_number) (notice) - the number does not have the form of a Korean telephone number.
      - V(held_twice) (error) - there is more than one record of the number that is not expired.
    type: list
    elements: str
    choices:
      - no_inbound_agent
      - unknown_agent
      - no_trunk
      - private_trunk
      - draft_agent
      - no_production_version
      - ending
      - odd_number
      - held_twice
seealso:
  - module: voxai.telephony.vox_telephone_number_info
  - module: voxai.telephony.vox_agent_info
  - name: Audit
    description: Guide to the audit of numbers, agents and SIP trunks.
    link: https://github.com/voxai/telephony/blob/main/docs/audit.md
  - name: vox.ai API reference
    description: The vendor's reference (Korean).
    link: https://docs.tryvox.co/api-reference/v3
"""

EXAMPLES = r"""
- name: Audit all numbers
  voxai.telephony.vox_audit_info:
  register: audit

- name: Show the problems
  ansible.builtin.debug:
    msg: "{{ audit.findings | map(attribute='msg') }}"

- name: Fail if calls to a number are not answered
  voxai.telephony.vox_audit_info:
    rules:
      - no_inbound_agent
      - unknown_agent
  register: audit
  failed_when: audit.findings | length > 0
"""

RETURN = r"""
findings:
  description: The problems, the most severe first, then by number. There is one finding per number and rule.
  returned: always
  type: list
  elements: dict
  contains:
    rule:
      description: The rule that found the problem.
      type: str
      returned: always
    severity:
      description: V(error), V(warning) or V(notice).
      type: str
      returned: always
    number:
      description: The telephone number.
      type: str
      returned: always
    id:
      description: The id of its record.
      type: str
      returned: always
    msg:
      description: The problem, and what to do.
      type: str
      returned: always
  sample:
    - rule: no_inbound_agent
      severity: error
      number: "07011112222"
      id: 3f0e9a52-6c7d-4a0b-9a53-1a2f6c1e7d10
      msg: "no inbound agent: calls to it are not answered. Assign one with inbound_agent"
summary:
  description: The number of telephone numbers and findings.
  returned: always
  type: dict
  contains:
    numbers:
      description: Numbers that are held.
      type: int
      returned: always
    by_status:
      description: Numbers by status.
      type: dict
      returned: always
    by_provider:
      description: Numbers by provider.
      type: dict
      returned: always
    monthly_fee:
      description: Sum of the monthly fees, in KRW.
      type: float
      returned: always
    errors:
      description: Findings that are errors.
      type: int
      returned: always
    warnings:
      description: Findings that are warnings.
      type: int
      returned: always
    notices:
      description: Findings that are notices.
      type: int
      returned: always
telephone_numbers:
  description:
    - The numbers that were audited, sorted, with the names of their agents.
    - RV(telephone_numbers[].number), C(id), C(provider), C(status), C(address), C(memo) and C(monthly_fee) are the
      fields of the record.
  returned: always
  type: list
  elements: dict
  contains:
    number:
      description: The telephone number.
      type: str
      returned: always
    inbound_agent:
      description:
        - The agent that answers calls, with C(agent_id), C(agent_name) and C(agent_version). Null if none is assigned.
        - The name is null if the organization has no such agent.
        - C(outbound_agent) and C(sms_inbound_agent) have the same form.
      type: dict
      returned: always
    written:
      description: The number with hyphens.
      type: str
      returned: always
    end_day:
      description: The day in Korea on which the number ends. Null if it does not end.
      type: str
      returned: always
    rules:
      description: The rules that found a problem with the number.
      type: list
      elements: str
      returned: always
    severity:
      description: The highest severity of these findings. Null without findings.
      type: str
      returned: always
  sample:
    - number: "07011112222"
      id: 3f0e9a52-6c7d-4a0b-9a53-1a2f6c1e7d10
      provider: custom
      status: active
      address: sip:trunk.example.com:5060
      memo: 본사 대표번호
      monthly_fee:
      inbound_agent:
        agent_id: 0b6f4f0e-8a39-4d8e-9f5e-9a6f4c0c3b11
        agent_name: Front desk
        agent_version: production
      outbound_agent:
      sms_inbound_agent:
      written: 070-1111-2222
      end_day:
      rules: []
      severity:
msg:
  description: The counts, or the error, as a text.
  returned: always
  type: str
  sample: "12 numbers: 1 errors, 0 warnings, 0 notices"
api_requests:
  description:
    - The number of requests sent, including retries.
    - Null after an unexpected internal error, as are RV(findings), RV(summary) and RV(telephone_numbers).
  returned: always
  type: int
  sample: 4
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

from ansible_collections.voxai.telephony.plugins.module_utils._audit_info import TASK
from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
