# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a process: `python -m simulator`, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import signal
from pathlib import Path

import yaml

from . import Simulator, Switches, observed_switches


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Simulate the vox.ai v3 telephone-number API on 127.0.0.1, until SIGINT or SIGTERM. "
        "The first line of output sets the collection's environment variables; comments list the agents.",
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: a free one)")
    parser.add_argument("--tls", action="store_true", help="https, with a new certificate authority")
    parser.add_argument("--key", action="append", metavar="KEY", help="API key of an organization; repeatable")
    parser.add_argument("--agent", action="append", default=[], metavar="NAME", help="agent of the first organization")
    parser.add_argument(
        "--bought", action="append", default=[], metavar="NUMBER", help="bought number of the first organization"
    )
    parser.add_argument("--log", action="store_true", help="log each request to stderr")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="JSON written when the port is open")
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="delay of each request in milliseconds")
    parser.add_argument(
        "--rate-limit", type=int, nargs=2, metavar=("SECOND", "MINUTE"), help="allowed requests per second and minute"
    )
    parser.add_argument(
        "--observed", type=Path, metavar="FILE", help="behave as the API did when `make contract` wrote this file"
    )
    return parser.parse_args()


def _switches(arguments: argparse.Namespace) -> Switches:
    switches = Switches()
    if arguments.observed:
        try:
            switches = observed_switches(yaml.safe_load(arguments.observed.read_text(encoding="utf-8")))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise SystemExit(f"--observed {arguments.observed}: {error}") from None
    if arguments.latency:
        switches.latency = arguments.latency / 1000
    if arguments.rate_limit:
        switches.rate_limit = tuple(arguments.rate_limit)
    return switches


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    arguments = _arguments()
    # Blocked before the second thread starts, so that sigwait() below receives them.
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    if arguments.log:
        # The log contains neither headers nor bodies, because they contain secrets.
        logging.basicConfig(format="%(asctime)s.%(msecs)03d %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("simulator").setLevel(logging.INFO)
    keys = arguments.key or ["key-a", "key-b"]
    with Simulator(keys, tls=arguments.tls, switches=_switches(arguments), port=arguments.port) as simulator:
        agents = [simulator.add_agent(name) for name in arguments.agent]
        for number in arguments.bought:
            simulator.add(number, provider="vox")
        variables = {"VOX_API_URL": simulator.url, "VOX_API_KEY": keys[0]}
        if simulator.ca_path:
            variables["VOX_CA_PATH"] = simulator.ca_path
        lines = ["export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())]
        lines += [f"# agent {agent['agent_id']} {agent['name']}" for agent in agents]
        print("\n".join(lines), flush=True)
        if arguments.ready_file:
            ready = {
                "url": simulator.url,
                "key": keys[0],
                "ca_path": simulator.ca_path,
                "agents": agents,
                "pid": os.getpid(),
            }
            # Renamed into place, so that a process that waits for the file never reads half of it.
            partial = arguments.ready_file.with_name(arguments.ready_file.name + ".partial")
            partial.write_text(json.dumps(ready), encoding="utf-8")
            partial.replace(arguments.ready_file)
        signal.sigwait(stop_signals)


if __name__ == "__main__":
    main()
