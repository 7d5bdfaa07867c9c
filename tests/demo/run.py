# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook against the simulator, to show the collection without an account."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

from checkout import collections_path
from simulator import Simulator

CHECKOUT = Path(__file__).parents[2]
PLAYBOOK = "tests/demo/number.yml"
NEW_MEMO = ("-e", '{"memo": "본사 대표번호 (야간 포함)"}')
RUNS = (
    ("The number is new: it is registered, and an agent is assigned by name.", ()),
    ("The same again: nothing changes, and no write is sent.", ()),
    ("Another memo, in check mode with the diff.", ("--check", "--diff", *NEW_MEMO)),
    (
        "The same without check mode. The playbook shows the resulting record.",
        (*NEW_MEMO, "--tags", "all,show"),
    ),
)


def main() -> int:
    python = Path(sys.executable)
    with Simulator(keys=("demo-key",)) as simulator:
        simulator.add_agent(name="Front desk")
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
            "SIP_PASSWORD": "only-for-the-demo",
            "VOX_API_KEY": "demo-key",
            "VOX_API_URL": simulator.url,
        }
        for title, options in RUNS:
            print(f"\n# {title}\n$ ansible-playbook {shlex.join((PLAYBOOK, *options))}", flush=True)
            simulator.clear_log()
            command = [str(python.parent / "ansible-playbook"), str(CHECKOUT / PLAYBOOK), *options]
            run = subprocess.run(command, env=environment, check=False, stdout=subprocess.PIPE, text=True)
            print("\n".join(line for line in run.stdout.splitlines() if line.strip()))
            sent = Counter(request.method for request in simulator.requests)
            print("# Requests to the API: " + ", ".join(f"{count} {method}" for method, count in sent.items()))
            if run.returncode:
                return run.returncode
        print("\nNext: `make simulator` runs the simulated API for your own playbooks.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
