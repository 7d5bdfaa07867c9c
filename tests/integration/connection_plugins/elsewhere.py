# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = """
name: elsewhere
short_description: This machine, by a connection that Ansible can't know to lead here
description:
  - What runs in the controller over the connection C(local) is a module here.
options:
  become_success_timeout:
    description: As of the connection C(local).
    type: int
    default: 10
  become_strip_preamble:
    description: As of the connection C(local).
    type: bool
    default: true
extends_documentation_fragment:
  - connection_pipelining
"""


class Connection(LocalConnection):
    transport = "elsewhere"
