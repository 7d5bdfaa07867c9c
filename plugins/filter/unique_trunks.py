# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.voxai.telephony.plugins.module_utils._values import unique_addresses

DOCUMENTATION = r"""
name: unique_trunks
short_description: Remove duplicate SIP trunks from a list of addresses
version_added: 0.2.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Returns the addresses without duplicates. Each SIP trunk is returned as it is written first.
  - Addresses are duplicates if they only differ in a leading C(sip:), the letter case of scheme and host, the spelling
    of an IPv6 address, a dot at the end of the host name, or a default port.
  - Empty and null values are left out.
positional: _input
options:
  _input:
    description: The addresses.
    type: list
    elements: raw
    required: true
seealso:
  - module: voxai.telephony.vox_sip_trunk_info
  - name: Audit
    description: Guide to the audit of numbers, agents and SIP trunks.
    link: https://github.com/voxai/telephony/blob/main/docs/audit.md
"""

EXAMPLES = r"""
- name: Read the numbers
  voxai.telephony.vox_telephone_number_info:
  register: result

- name: Check each SIP trunk once
  voxai.telephony.vox_sip_trunk_info:
    address: "{{ item }}"
  loop: "{{ result.telephone_numbers | map(attribute='address') | voxai.telephony.unique_trunks }}"
"""

RETURN = r"""
_value:
  description: The addresses without duplicates, in the order of the list.
  type: list
  elements: raw
  sample:
    - sip:trunk.example.com:5060
    - sips:trunk.example.com
"""


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"unique_trunks": unique_addresses}
