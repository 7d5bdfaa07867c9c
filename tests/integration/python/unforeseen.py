# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes every Python of a run, if SYSLOG_FILE is set.

Messages for the system's log are written to the file SYSLOG_FILE. A request to a URL with ``/unforeseen`` raises an
unexpected exception, whose text contains the whole request, and the key also in base64. With ``/later``, only POST
raises it.
"""

from __future__ import annotations

import os
import syslog
from base64 import b64encode
from typing import Any

import requests

UNFORESEEN, LATER = "/unforeseen", "/later"


def write_to_file(*arguments: Any) -> None:
    with open(os.environ["SYSLOG_FILE"], "a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{arguments[-1]}\n")


def request(self: requests.Session, method: str, url: str, **keywords: Any) -> Any:
    if UNFORESEEN in url or (LATER in url and method == "POST"):
        prepared = self.prepare_request(requests.Request(method, url))
        key = b64encode(prepared.headers["Authorization"].encode())
        raise RuntimeError(f"unexpected error {key!r} {prepared.headers} {keywords}")
    return send(self, method, url.replace(LATER, ""), **keywords)


syslog.syslog = write_to_file  # type: ignore[assignment]
send = requests.Session.request
requests.Session.request = request  # type: ignore[method-assign,assignment]
