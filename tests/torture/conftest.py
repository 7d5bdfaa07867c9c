# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tally
from simulator import Simulator
from torture._cases import KEY, OTHER_KEY
from torture._hurry import hurry
from torture._trial import Trial


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--effort",
        type=int,
        default=1,
        help="1: a short run; more: everything, repeated this many times",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # Random tests are repeated, each time as a separate test.
    if "part" in metafunc.fixturenames:
        metafunc.parametrize("part", range(metafunc.config.getoption("--effort")))


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Whether to test everything."""
    return bool(pytestconfig.getoption("--effort") > 1)


@pytest.fixture(scope="session")
def hurried() -> Iterator[None]:
    """Shorten the delays; nothing else of the collection is replaced."""
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        yield


@pytest.fixture(scope="session")
def simulator(hurried: None) -> Iterator[Simulator]:
    with Simulator(keys=(KEY, OTHER_KEY)) as simulator:
        yield simulator


@pytest.fixture
def trial(simulator: Simulator, record_property: Any) -> Iterator[Trial]:
    """Fails the test with all violations."""
    trial = Trial(simulator)
    yield trial
    record_property(tally.PROPERTY, dict(trial.tally))
    if trial.violations:
        pytest.fail("\n".join(trial.violations[:20]), pytrace=False)
