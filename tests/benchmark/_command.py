# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Common command line options of the benchmarks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any


def parser(description: str, rounds: int, quick: str) -> argparse.ArgumentParser:
    """Return a parser with --rounds, --quick (described by ``quick``), --json and --ansible-bin."""
    made = argparse.ArgumentParser(description=description.partition("\n")[0])
    made.add_argument("--rounds", type=int, default=rounds, help=f"number of measurements (default: {rounds})")
    made.add_argument("--quick", action="store_true", help=f"{quick}: only to test that it runs")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write all samples to this file")
    made.add_argument(
        "--ansible-bin",
        type=Path,
        default=Path(sys.executable).parent,
        help="directory of the ansible-playbook to measure with (default: beside the running Python)",
    )
    return made


def result_of(
    rounds: int, machine: Any, targets: Any, samples: Mapping[str, Mapping[str, Sequence[Any]]]
) -> dict[str, Any]:
    """Return the result for ``save``. ``samples``: the measurements (dataclasses) by scenario and contender."""
    return {
        "rounds": rounds,
        "machine": machine,
        "targets": targets,
        "samples": {
            scenario: {way: [asdict(sample) for sample in measured] for way, measured in ways.items()}
            for scenario, ways in samples.items()
        },
    }


def save(result: dict[str, Any], file: Path | None) -> None:
    """Write the result to the file of --json, if there is one."""
    if file:
        file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
