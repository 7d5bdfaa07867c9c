# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tally
from ansible_collections.voxai.telephony.plugins.module_utils import _api, _http, _rate_limit
from ansible_collections.voxai.telephony.plugins.module_utils._api import Api
from ansible_collections.voxai.telephony.plugins.module_utils._http import HttpSession
from simulator import Simulator
from torture._cases import KEY, OTHER_KEY
from torture._trial import Trial

FASTER = 50
"""By what waits before another try are shorter than a user's."""

SECOND = 0.2
"""Seconds that a request is given, where a user gives it one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--effort",
        type=int,
        default=1,
        help="1 fits into a run of all tests; more tries everything, and so many stories",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # What has no end is tried again and again, each time as a test of its own.
    if "part" in metafunc.fixturenames:
        metafunc.parametrize("part", range(metafunc.config.getoption("--effort")))


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Whether to try everything there is."""
    return bool(pytestconfig.getoption("--effort") > 1)


@pytest.fixture(scope="session")
def hurry() -> Iterator[None]:
    """Shorter waits; nothing else of the collection is replaced."""
    backoff, make_session = Api.backoff, HttpSession.__init__

    def session(self: HttpSession, base_url: str, token: str, verify: bool | str, timeout: float) -> None:
        make_session(self, base_url, token, verify, timeout * SECOND)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Api, "backoff", lambda self, attempt, first=0.5: backoff(self, attempt, first) / FASTER)
        patch.setattr(HttpSession, "__init__", session)
        patch.setattr(_http, "_GRACE", 0.05)
        patch.setattr(_rate_limit, "_FIRST_GAP", 0.4 / FASTER)
        patch.setattr(_api, "MAX_REFUSED", 1.0)
        yield


@pytest.fixture(scope="session")
def simulator(hurry: None) -> Iterator[Simulator]:
    with Simulator(keys=(KEY, OTHER_KEY)) as simulator:
        yield simulator


@pytest.fixture
def trial(simulator: Simulator, record_property: Any) -> Iterator[Trial]:
    """Fails the test with all that must not have happened."""
    trial = Trial(simulator)
    yield trial
    record_property(tally.PROPERTY, dict(trial.tally))
    if trial.violations:
        pytest.fail("\n".join(trial.violations[:20]), pytrace=False)
