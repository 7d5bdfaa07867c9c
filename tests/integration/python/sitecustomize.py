# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every Python of a run begins with, where this directory is on PYTHONPATH: Ansible's own, and the modules'.

What would go to the system's log goes to the file named by SYSLOG_FILE. And a request to a URL with ``/unforeseen`` in
it raises what nobody expects, with everything of the request in its text, the key in base64 as well. With ``/later`` in
it, only a POST does so.
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
        raise RuntimeError(f"nobody expects {key!r} {prepared.headers} {keywords}")
    return send(self, method, url.replace(LATER, ""), **keywords)


syslog.syslog = write_to_file  # type: ignore[assignment]
send = requests.Session.request
requests.Session.request = request  # type: ignore[method-assign,assignment]
