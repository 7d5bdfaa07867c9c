# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes ansible_collections.voxai.telephony importable from the checkout, and selects the ansible-core to test with."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

# ansible-test replaces pytest's configuration, so the path of the test helpers is set here.
sys.path.insert(0, str(Path(__file__).parent))

import checkout
import tally

COLLECTIONS_PATH = checkout.collections_path()
sys.path.insert(0, str(COLLECTIONS_PATH))

# No test reaches the live service or uses the user's key: without a test's own settings, requests go nowhere.
for name in [name for name in os.environ if name.startswith("VOX_")]:
    del os.environ[name]
os.environ["VOX_API_URL"] = "http://127.0.0.1:1/v3"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ansible-bin",
        type=Path,
        default=Path(sys.executable).parent,
        help="directory of the ansible-playbook to test with (default: beside the running Python)",
    )


@pytest.fixture(scope="session")
def ansible_bin(pytestconfig: pytest.Config) -> Path:
    """The directory that holds ansible-playbook and the other commands of the ansible-core under test."""
    path: Path = pytestconfig.getoption("--ansible-bin").absolute()
    assert (path / "ansible-playbook").is_file(), f"no ansible-playbook in {path}"
    return path


@pytest.fixture(scope="session")
def collections_path() -> Path:
    """The value of ANSIBLE_COLLECTIONS_PATH with which ansible-playbook finds the collection of this checkout."""
    return COLLECTIONS_PATH


def pytest_terminal_summary(terminalreporter: Any) -> None:
    lines = tally.summary(tally.of(report for reports in terminalreporter.stats.values() for report in reports))
    if lines:
        terminalreporter.section("tests and failed invariants")
        for line in lines:
            terminalreporter.line(line)
