# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes every Python of a run, Ansible's own and the modules', if this directory is on PYTHONPATH."""

from __future__ import annotations

import os
from importlib import import_module

import_module("compile_once")
if "SYSLOG_FILE" in os.environ:
    import_module("unforeseen")
