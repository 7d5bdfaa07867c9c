# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stateful simulator of the vox.ai v3 telephone-number API, served over real HTTP or TLS.

It is as strict as the vendor's reference. Where the reference leaves a behaviour open, a switch selects it: see
`Switches`.
"""

from __future__ import annotations

from ._exchange import LoggedRequest
from ._simulator import Simulator
from ._state import number_record
from ._switches import Switches, observed_switches

__all__ = ["LoggedRequest", "Simulator", "Switches", "number_record", "observed_switches"]
