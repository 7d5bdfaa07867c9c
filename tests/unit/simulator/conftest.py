# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator for each test, and a plain HTTP client for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulator import Simulator
from unit.simulator.calling import Api


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def api(sim: Simulator) -> Iterator[Api]:
    """Call `api(method, path, key=..., **requests arguments)`: one session, no environment, no redirects followed."""
    with requests.Session() as session:
        session.trust_env = False

        def call(method: str, path: str, key: str | None = "key-a", **arguments: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            arguments["headers"] = headers | arguments.get("headers", {})
            defaults = {"timeout": 5, "allow_redirects": False}
            return session.request(method, sim.url + path, **(defaults | arguments))

        yield call
