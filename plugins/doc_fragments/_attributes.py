# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what it would change, without changing it.
    support: full
    details:
      - Nothing is written. The plan that check mode reports is the one that is carried out otherwise.
  diff_mode:
    description: Returns details on what has changed (or would change in C(check_mode)) when in diff mode.
    support: full
    details:
      - A password that is sent shows as V(VALUE_SPECIFIED_IN_NO_LOG_PARAMETER).
  action_group:
    description: Use C(group/voxai.telephony.vox) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - voxai.telephony.vox
  async:
    description: Supports being used with the C(async) keyword.
    support: full
"""
