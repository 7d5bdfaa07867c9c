# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the command lines of the benchmarks have in common."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def parser(description: str, rounds: int, quick: str) -> argparse.ArgumentParser:
    """With --rounds, --quick (which is told of as ``quick``), --json and --ansible-bin."""
    made = argparse.ArgumentParser(description=description.partition("\n")[0])
    made.add_argument(
        "--rounds", type=int, default=rounds, help=f"how often everything is measured (default: {rounds})"
    )
    made.add_argument("--quick", action="store_true", help=f"{quick}: to see that it works, not to quote")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all samples, too")
    made.add_argument(
        "--ansible-bin",
        type=Path,
        default=Path(sys.executable).parent,
        help="directory of the ansible-playbook to measure with (default: beside the running Python)",
    )
    return made


def save(result: dict[str, Any], file: Path | None) -> None:
    """Write the result where --json says."""
    if file:
        file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
