#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_sip_trunk_info
short_description: Check whether a SIP trunk answers
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Sends a SIP request C(OPTIONS) to the address of a trunk, over UDP, TCP or TLS, and reports the answer.
  - The request comes from the host on which the task runs, and not from vox.ai. A trunk that answers there may still be
    closed to vox.ai, and a trunk that is silent there may accept vox.ai. So RV(reachable=false) is a result, not a
    failure.
  - An answer proves that a SIP server is reachable at the address from this host. It does not prove that calls work,
    that audio passes, or that the trunk is configured for your numbers.
  - The name of the trunk is resolved by the system. No SRV records are used, as vox.ai uses none.
  - This module does not use the API of vox.ai, and needs no API key.
requirements:
  - sipmessage, which needs Python 3.10 or newer
extends_documentation_fragment:
  - voxai.telephony._attributes
attributes:
  check_mode:
    details:
      - Changes nothing, and does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - Changes nothing.
  action_group:
    support: none
    details:
      - The action group holds options of the connection to the API, which this module does not use.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
options:
  address:
    description:
      - The SIP address of the trunk, such as V(sip:trunk.example.com:5060), as for
        O(voxai.telephony.vox_telephone_number#module:address).
      - If it has no port, 5060 is used, and 5061 with TLS.
    type: str
    required: true
  transport:
    description:
      - The transport to use. V(auto) takes the one that the address names by C(sips:) or C(;transport=), otherwise
        V(udp), and V(tcp) if there is no answer over UDP.
    type: str
    choices:
      - auto
      - udp
      - tcp
      - tls
    default: auto
  auth_username:
    description:
      - The user name, used if the trunk asks for authentication (SIP status 401 or 407).
    type: str
  auth_password:
    description:
      - The password. It is not sent itself, only a digest of it.
    type: str
  timeout:
    description:
      - Seconds for one transport, all requests and the resolution of the name included.
    type: float
    default: 5
  validate_certs:
    description:
      - Whether the trunk's certificate must be trusted. Only used with TLS.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's. Only used with TLS.
    type: path
seealso:
  - module: voxai.telephony.vox_audit_info
  - name: Check your telephone numbers
    description: Guide to the audit of numbers, agents and SIP trunks.
    link: https://github.com/voxai/telephony/blob/main/docs/audit.md
  - name: RFC 3261, section 11
    description: Querying for capabilities with OPTIONS.
    link: https://www.rfc-editor.org/rfc/rfc3261#section-11
"""

EXAMPLES = r"""
- name: Check from the controller whether a trunk answers
  voxai.telephony.vox_sip_trunk_info:
    address: sip:trunk.example.com:5060
  register: trunk
  delegate_to: localhost

- name: Check from the network of the PBX, with credentials
  voxai.telephony.vox_sip_trunk_info:
    address: sip:trunk.example.com:5061
    transport: tls
    auth_username: vox-customer-12
    auth_password: "{{ sip_password }}"
  register: trunk
  failed_when: not trunk.ok
  delegate_to: pbx.example.com
"""

RETURN = r"""
reachable:
  description: Whether an answer in SIP came, whatever its status.
  returned: always
  type: bool
  sample: true
ok:
  description: Whether the status is a success (200 to 299).
  returned: always
  type: bool
  sample: true
status:
  description: The SIP status of the last answer. Null if there is none.
  returned: always
  type: int
  sample: 200
reason:
  description: The reason phrase of the last answer. Null if there is none.
  returned: always
  type: str
  sample: OK
transport:
  description: The transport that was used last. Null if none was.
  returned: always
  type: str
  sample: udp
remote:
  description: Address and port that answered. Null if there was no answer.
  returned: always
  type: str
  sample: 198.51.100.7:5060
resolved:
  description: The IP addresses of the trunk.
  returned: always
  type: list
  elements: str
  sample:
    - 198.51.100.7
round_trip_ms:
  description: Milliseconds from the last request to its answer. Null if there is none.
  returned: always
  type: float
  sample: 12.4
server:
  description: What the answer has as C(Server) or C(User-Agent). Null if it has neither.
  returned: always
  type: str
  sample: kamailio (5.6.3 (x86_64/linux))
authentication:
  description:
    - V(not_asked) if the trunk asked for no credentials, V(accepted) or V(refused) if it was sent some, V(not_tried) if
      there were none to send, or it asked for a method that is not supported.
    - V(refused) as well if the trunk answered the request with credentials with 403, or gave it no final answer.
  returned: always
  type: str
  sample: not_asked
problem:
  description:
    - Why there was no answer. Null if there was one.
    - V(unresolved) if the name does not resolve, V(refused) if nothing listens at the port, V(unreachable) if the
      network reports an error, V(tls) if there is no TLS connection, V(silent) otherwise. V(invalid) if an option
      is invalid, and so the task fails.
  returned: always
  type: str
  sample: null
msg:
  description: The result in words.
  returned: always
  type: str
  sample: 198.51.100.7:5060 answered over udp with 200 OK
failure:
  description: What is wrong with the input.
  returned: on failure
  type: dict
  contains:
    message:
      description: What is wrong.
      type: str
      returned: on failure
"""

from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module
from ansible_collections.voxai.telephony.plugins.module_utils._sip_trunk_info import TASK


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
