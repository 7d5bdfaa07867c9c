# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator import Simulator
from unit.contract.running import KEY, populate


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(keys=(KEY,)) as simulator:
        populate(simulator)
        yield simulator
