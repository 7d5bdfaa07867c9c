#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_connection_info
short_description: Check the connection to the API of vox.ai
version_added: 0.2.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Checks proxy, TLS, API key and rate limit with four short requests, and reports the part that fails.
  - The report has no secrets, telephone numbers, host names or paths, so that you can paste it into an issue.
  - The playbook C(voxai.telephony.check_connection) prints the report.
  - The module only reads.
  - It runs in the same place as the other modules, which is inside the Ansible process with the connection C(local).
    So the report applies to the proxy, the certificates and the libraries that they use.
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
notes:
  - The module does not retry requests. O(retries) has no effect.
seealso:
  - module: voxai.telephony.vox_telephone_number
  - name: Troubleshooting
    description: Guide to errors, beginning with the connection.
    link: https://github.com/voxai/telephony/blob/main/docs/troubleshooting.md
  - name: vox.ai API reference
    description: The vendor's reference (Korean).
    link: https://docs.tryvox.co/api-reference/v3
"""

EXAMPLES = r"""
- name: Check the connection
  voxai.telephony.vox_connection_info:
  register: connection

- name: Show the report
  ansible.builtin.debug:
    var: connection.report
"""

RETURN = r"""
report:
  description: The results of the checks, one line per part.
  returned: always
  type: list
  elements: str
  sample:
    - The connection works.
    - "Key: accepted"
failed_part:
  description:
    - The part that fails, one of V(API), V(Proxy), V(TLS), V(Key), V(Rate limit) and V(options).
    - Null if the connection works.
  returned: always
  type: str
  sample: TLS
msg:
  description: Whether the connection works, or which part fails and why, as a text.
  returned: always
  type: str
  sample: The connection works.
api_requests:
  description:
    - The number of requests sent.
    - Null after an unexpected internal error, as are RV(report) and RV(failed_part).
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

from ansible_collections.voxai.telephony.plugins.module_utils._connection_info import TASK
from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
