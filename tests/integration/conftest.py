# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration._playbook import KEY, OTHER_KEY, Ansible
from integration._scenario import Playing
from simulator import Simulator


@pytest.fixture(scope="session")
def core(ansible_bin: Path, collections_path: Path, pytestconfig: pytest.Config) -> Ansible:
    """The ansible-core under test, without its directory."""
    return Ansible(ansible_bin, collections_path, pytestconfig.rootpath, Path())


@pytest.fixture(scope="session")
def core_version(core: Ansible) -> tuple[int, ...]:
    return core.version()


@pytest.fixture
def ansible(core: Ansible, tmp_path: Path) -> Ansible:
    """The ansible-core under test, ready to run playbooks."""
    return Ansible(core.bin, core.collections_path, core.root, tmp_path)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(keys=(KEY, OTHER_KEY)) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def playing(
    core: Ansible, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Playing]:
    """The common run of all selected scenarios of the file."""
    scenarios = dict.fromkeys(
        item.function.scenario
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and hasattr(item.function, "scenario")
    )
    ansible = Ansible(core.bin, core.collections_path, core.root, tmp_path_factory.mktemp("scenarios"))
    with Playing(ansible, list(scenarios)) as played:
        yield played
        assert not played.secrets_shown()
