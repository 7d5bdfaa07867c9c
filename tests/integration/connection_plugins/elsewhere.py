# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = """
name: elsewhere
short_description: Connects to this machine under another name than local
description:
  - With the connection C(local), the action plugins run in the controller. With this one, they run the module.
options:
  become_success_timeout:
    description: See the connection C(local).
    type: int
    default: 10
  become_strip_preamble:
    description: See the connection C(local).
    type: bool
    default: true
extends_documentation_fragment:
  - connection_pipelining
"""


class Connection(LocalConnection):
    transport = "elsewhere"
