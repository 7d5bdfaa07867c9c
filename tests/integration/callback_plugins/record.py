# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
short_description: Write the result and the time of each task to a file of JSON lines
description:
  - E(RECORD_FILE) is the path of the file.
type: aggregate
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: t.Any, **keywords: t.Any) -> None:
        super().__init__(*arguments, **keywords)
        self._started: dict[tuple[str, str], float] = {}

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        self._started[host.get_name(), task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._write(result, "unreachable")

    def _write(self, result: t.Any, event: str) -> None:
        host, task = result._host.get_name(), result._task
        line = {
            "host": host,
            "name": task.get_name(),
            "action": task.action,
            "event": event,
            "check_mode": bool(task.check_mode),
            "result": result._result,
            # The monotonic clock is the same for all processes, so it can be compared with the simulator's log.
            "start": self._started[host, task._uuid],
            "end": time.monotonic(),
        }
        with open(os.environ["RECORD_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
