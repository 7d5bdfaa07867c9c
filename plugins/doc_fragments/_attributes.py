# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details:
      - Check mode sends no request that writes. It reports the same plan that a real run carries out.
      - Errors that only the API can detect appear in the real run, such as an unknown agent id.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
    details:
      - A password that is sent is shown as V(VALUE_SPECIFIED_IN_NO_LOG_PARAMETER).
  action_group:
    description: Use C(group/voxai.telephony.vox) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - voxai.telephony.vox
  async:
    description: Supports being used with the C(async) keyword.
    support: full
"""
