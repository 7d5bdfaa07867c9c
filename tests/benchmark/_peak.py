# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a program and append its peak memory to a file: ``python _peak.py FILE PROGRAM [ARGUMENT …]``.

This small process is the parent of the program. Linux includes in a program's peak the memory of its process before
exec, a fork of its parent, which for a module would be the controller.
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    file, *command = sys.argv[1:]
    _pid, status, usage = os.wait4(os.posix_spawn(command[0], command, os.environ), 0)
    with open(file, "a", encoding="utf-8") as peaks:
        print(usage.ru_maxrss * 1024, file=peaks)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
