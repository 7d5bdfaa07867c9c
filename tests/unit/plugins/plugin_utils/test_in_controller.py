# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
import typing as t

import pytest
from ansible import constants as C
from ansible import context
from ansible.utils.display import Display

from ansible_collections.voxai.telephony.plugins.plugin_utils._in_controller import _Progress


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., list[str]]:
    """What is shown when there is news each second for some seconds, by default where people read it."""
    now = 0.0

    def show(seconds: int, callback: str = "default", **arguments: bool) -> list[str]:
        nonlocal now
        shown: list[str] = []
        monkeypatch.setattr(time, "monotonic", lambda: now)
        monkeypatch.setattr(C, "DEFAULT_STDOUT_CALLBACK", callback)
        monkeypatch.setattr(context, "CLIARGS", arguments)
        monkeypatch.setattr(Display, "display", lambda self, line: shown.append(line))
        tell = _Progress("[org]: Numbers")
        for second in range(seconds):
            tell(f"{second} s")
            now += 1
        return shown

    return show


def test_a_line_now_and_then(progress: t.Callable[..., list[str]]) -> None:
    assert progress(12) == ["PROGRESS - [org]: Numbers (5 s)", "PROGRESS - [org]: Numbers (10 s)"]


def test_a_short_run_is_silent(progress: t.Callable[..., list[str]]) -> None:
    assert progress(5) == []


@pytest.mark.parametrize("callback", ["ansible.builtin.default", "awx_display", "community.general.yaml"])
def test_callbacks_for_people(progress: t.Callable[..., list[str]], callback: str) -> None:
    assert len(progress(12, callback)) == 2


@pytest.mark.parametrize("callback", ["ansible.posix.json", "oneline", "minimal", "ansible.posix.jsonl"])
def test_no_line_in_output_of_another_form(progress: t.Callable[..., list[str]], callback: str) -> None:
    assert progress(12, callback) == []


def test_no_line_where_each_task_is_one(progress: t.Callable[..., list[str]]) -> None:
    assert progress(12, one_line=True) == []
