#!/usr/bin/python

# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vox_connection_info
short_description: Check the connection to the API of vox.ai
version_added: 0.1.0
author:
  - voxai.telephony contributors (@voxai)
description:
  - Checks proxy, TLS, API key and rate limit with four short requests, and names the part that fails.
  - The report has no secrets, telephone numbers, names of hosts or paths in it, so that it can be pasted into an issue.
  - The playbook C(voxai.telephony.check_connection) prints the report.
  - Reads, and never writes.
  - Runs where the modules that register numbers run, which is inside Ansible itself for a local connection. So the
    report is about the proxy, the certificates and the libraries that they use.
extends_documentation_fragment:
  - voxai.telephony._connection
  - voxai.telephony._attributes
attributes:
  check_mode:
    details:
      - Changes nothing, and does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - Changes nothing.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
notes:
  - O(retries) is not used. The first failure is reported.
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
  description: What was found, a line for each part.
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
api_requests:
  description:
    - How many requests were sent.
    - Null after an unexpected internal error, like all results other than RV(failure).
  returned: always
  type: int
  sample: 4
failure:
  description: What went wrong.
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

from ansible_collections.voxai.telephony.plugins.module_utils._connection_info import TASK
from ansible_collections.voxai.telephony.plugins.module_utils._module import run_module


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
