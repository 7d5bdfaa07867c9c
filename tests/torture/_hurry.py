# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shorter delays, so that thousands of trials take minutes."""

from __future__ import annotations

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils import _api, _http, _rate_limit
from ansible_collections.voxai.telephony.plugins.module_utils._api import Api
from ansible_collections.voxai.telephony.plugins.module_utils._http import HttpSession

FASTER = 50
"""The factor by which the delays between retries are shortened."""

SECOND = 0.2
"""The timeout of a request in seconds, instead of one second."""


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Shorten all delays of this process."""
    backoff, make_session = Api.backoff, HttpSession.__init__

    def session(self: HttpSession, base_url: str, token: str, verify: bool | str, timeout: float) -> None:
        make_session(self, base_url, token, verify, timeout * SECOND)

    patch.setattr(Api, "backoff", lambda self, attempt, first=0.5: backoff(self, attempt, first) / FASTER)
    patch.setattr(HttpSession, "__init__", session)
    patch.setattr(_http, "_GRACE", 0.05)
    patch.setattr(_rate_limit, "_FIRST_GAP", 0.4 / FASTER)
    patch.setattr(_api, "MAX_REFUSED", 1.0)
