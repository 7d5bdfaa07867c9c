# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the start time of each task, by the clock of the simulator's log."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_times
type: aggregate
short_description: Writes the start time of each task
description: A JSON object from task names to seconds, with the end of the playbook as C(end).
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_times"

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[str, float] = {}

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._began[task.name] = time.monotonic()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._began["end"] = time.monotonic()
        Path(os.environ["BENCHMARK_TASK_TIMES"]).write_text(json.dumps(self._began), encoding="utf-8")
