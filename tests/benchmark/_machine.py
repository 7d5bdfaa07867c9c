# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine and the versions of a measurement."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

_VERSIONS = """
import platform, ansible.release, requests, ssl
print(ansible.release.__version__, platform.python_version(), requests.__version__, ssl.OPENSSL_VERSION, sep="\\n")
"""


def describe(ansible_bin: Path) -> dict[str, str | int]:
    """Return the properties of the machine that influence the results."""
    printed = subprocess.run(
        [ansible_bin / "python", "-c", _VERSIONS], capture_output=True, check=True, text=True
    ).stdout.splitlines()
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        **dict(zip(("ansible-core", "python", "requests", "openssl"), printed, strict=True)),
        "uvicorn": version("uvicorn"),
    }


def _processor() -> str:
    """Return the processor's name, or at least its architecture."""
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()
