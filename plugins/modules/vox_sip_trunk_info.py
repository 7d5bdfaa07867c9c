#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_sip_trunk_info
short_description: Check whether a SIP trunk answers
version_added: 0.2.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Sends a SIP request C(OPTIONS) to the address of a trunk, over UDP, TCP or TLS, and reports the answer.
  - The request comes from the host on which the task runs, not from vox.ai. A trunk that answers this host may still
    refuse vox.ai, and a trunk that does not answer this host may accept vox.ai. Therefore a trunk that does not answer
    does not fail the task. It returns RV(reachable=false).
  - An answer shows that a SIP server is reachable at the address from this host. It does not show that calls work, that
    audio passes, or that the trunk is configured for your numbers.
  - The system resolves the host name of the trunk. SRV records are not used, because vox.ai does not use them.
  - The module does not use the API of vox.ai, and needs no API key.
requirements:
  - sipmessage, which needs Python 3.10 or newer
extends_documentation_fragment:
  - voxai.telephony._attributes
attributes:
  check_mode:
    details:
      - Does not change anything. It does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - Does not change anything.
  action_group:
    support: none
    details:
      - The action group is for the options of the connection to the API, which this module does not have.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
options:
  address:
    description:
      - The SIP address of the trunk, such as V(sip:trunk.example.com:5060), as for
        O(voxai.telephony.vox_telephone_number#module:address).
      - The default port is 5060, and 5061 with TLS.
    type: str
    required: true
  transport:
    description:
      - The transport to use. V(auto) uses the transport of the address (C(sips:) or C(;transport=)). Without one, it
        uses V(udp), and then V(tcp) if there is no answer over UDP.
    type: str
    choices:
      - auto
      - udp
      - tcp
      - tls
    default: auto
  auth_username:
    description:
      - The user name, used if the trunk requires authentication (SIP status 401 or 407). Requires O(auth_password).
    type: str
  auth_password:
    description:
      - The password. Only a digest of it is sent. Requires O(auth_username).
    type: str
  timeout:
    description:
      - Timeout for one transport in seconds, including the DNS lookup and all requests. More than V(0), and at most
        V(600).
    type: float
    default: 5
  validate_certs:
    description:
      - Whether the trunk's certificate must be trusted. Only used with TLS.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM file with the CA certificates to trust, instead of the system's. Only used with TLS.
    type: path
seealso:
  - module: voxai.telephony.vox_audit_info
  - plugin: voxai.telephony.unique_trunks
    plugin_type: filter
  - name: Your SIP trunk
    description: Guide to what the PBX must allow.
    link: https://github.com/voxai/telephony/blob/main/docs/sip-trunk.md
  - name: Audit
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
  description: Whether there was a SIP answer, with any status.
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
  description: The transport that was used last. Null if none was used.
  returned: always
  type: str
  sample: udp
remote:
  description: The IP address and port that answered. Null if there was no answer.
  returned: always
  type: str
  sample: 198.51.100.7:5060
resolved:
  description: The IP addresses to which the host name resolves.
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
  description: The C(Server) or C(User-Agent) header of the answer. Null if it has neither.
  returned: always
  type: str
  sample: kamailio (5.6.3 (x86_64/linux))
authentication:
  description:
    - V(not_asked) if the trunk did not require credentials. V(accepted) or V(refused) if credentials were sent.
      V(not_tried) if there were no credentials, or if the trunk requires an unsupported method.
    - Also V(refused) if the trunk answered the request with credentials with 403, or did not send a final answer.
  returned: always
  type: str
  sample: not_asked
problem:
  description:
    - Why there was no answer. Null if there was one.
    - V(unresolved) if the host name does not resolve, V(refused) if the port refuses the connection, V(unreachable) if
      the network reports an error, V(tls) if the TLS connection fails, V(silent) otherwise.
    - V(invalid) if an option is invalid. The task then fails.
  returned: always
  type: str
  sample: null
msg:
  description: The result, or the error, as a text.
  returned: always
  type: str
  sample: 198.51.100.7:5060 answered over udp with 200 OK
failure:
  description: The error in the input.
  returned: on failure
  type: dict
  contains:
    message:
      description: The message.
      type: str
      returned: on failure
"""

from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module
from ansible_collections.voxai.telephony.plugins.module_utils._sip_trunk_info import TASK


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
