# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Common parts of the simulator's tests: the paths, a registration, and the form of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

Api = Callable[..., requests.Response]

REGISTER = "/telephone-numbers/register"
NUMBERS = "/organization-telephone-numbers"
BODY = {"number": "07011112222", "address": "sip:trunk.example.com:5060"}


def error(response: requests.Response, status: int) -> dict[str, Any]:
    """Check that a response is an error in the API's envelope, and return its details."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert not body["error"]["message"].isascii(), "messages are Korean"
    details: dict[str, Any] = body["error"]["details"]
    return details
