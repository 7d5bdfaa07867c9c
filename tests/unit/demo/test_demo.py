# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the README for new users."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import collections_path

ROOT = Path(__file__).parents[3]


def test_demo_registers_once_and_changes_only_the_memo() -> None:
    done = subprocess.run(
        [sys.executable, "tests/demo/run.py"],
        env={**os.environ, "PYTHONPATH": "tests"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = [line for line in done.stdout.splitlines() if line.startswith("# Requests to the API: ")]
    assert [line.partition(": ")[2] for line in seen] == ["4 GET, 1 POST, 1 PATCH", "2 GET", "2 GET", "2 GET, 1 PATCH"]
    assert "memo: 본사 대표번호 (야간 포함)" in done.stdout
    assert "only-for-the-demo" not in done.stdout + done.stderr


@pytest.fixture
def simulator_variables() -> Iterator[dict[str, str]]:
    """The variables that `make simulator` prints. The command is that of the Makefile, with the running Python."""
    # Independent of a make that may run these tests.
    without_make = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    dry = subprocess.run(
        ["make", "--dry-run", "simulator"], env=without_make, cwd=ROOT, capture_output=True, text=True, check=True
    )
    words = shlex.split(dry.stdout.splitlines()[-1])
    command = [sys.executable, *words[words.index("-m") :]]
    environment = {**os.environ, "PYTHONPATH": "tests"}
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            first = process.stdout.readline()
            yield dict(word.split("=", 1) for word in shlex.split(first)[1:])
        finally:
            process.terminate()


def test_make_simulator_serves_the_playbook_of_the_readme(simulator_variables: dict[str, str], tmp_path: Path) -> None:
    assert set(simulator_variables) == {"VOX_API_URL", "VOX_API_KEY"}
    for changed in (1, 0):
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), "tests/demo/number.yml"],
            env={
                **os.environ,
                **simulator_variables,
                "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
                "ANSIBLE_HOME": str(tmp_path),
                "SIP_PASSWORD": "secret",
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert f"changed={changed} " in done.stdout, done.stdout + done.stderr
