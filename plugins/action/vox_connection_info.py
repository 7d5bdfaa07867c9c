# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.voxai.telephony.plugins.module_utils._connection_info import TASK
from ansible_collections.voxai.telephony.plugins.plugin_utils._in_controller import InControllerAction


class ActionModule(InControllerAction):
    TASK = TASK
