# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make contract`: check each statement of docs/api.md against the API at VOX_API_URL with VOX_API_KEY.

Reads only, unless WRITE=yes NUMBER=... ADDRESS=... are set. Exit status: 0 if nothing differs, 1 if something
differs, 2 if a setting is wrong or some statements could not be checked, 3 if a number may still be registered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ._client import Client, SettingsError, Stop, checked_url
from ._findings import Findings, Scrubber
from ._reading import Reading
from ._writing import Refused, Writing, checked_address, checked_number

DEFAULT_URL = "https://client-api.tryvox.co/v3"


def run(environment: Mapping[str, str], say: Callable[[str], None], **options: Any) -> int:
    """Run with the settings from an environment. `options`: `clock` and `sleep` of the client, `patience`."""
    settings = {
        name: environment.get(name, "").strip() for name in ("VOX_API_KEY", "VOX_API_URL", "WRITE", "NUMBER", "ADDRESS")
    }
    key, write = settings["VOX_API_KEY"], settings["WRITE"]
    patience = options.pop("patience", 10.0)
    scrubber = Scrubber([key])
    try:
        url = checked_url(settings["VOX_API_URL"] or DEFAULT_URL)
        if not key or not all("!" <= char <= "~" for char in key):
            raise SettingsError("VOX_API_KEY must be the organization's API key")
        if write not in ("", "no", "yes"):
            raise SettingsError("WRITE must be yes or unset")
        number = checked_number(settings["NUMBER"]) if write == "yes" else ""
        address = checked_address(settings["ADDRESS"]) if write == "yes" else ("", "")
        verify: bool | str = environment.get("VOX_CA_PATH") or True
        if isinstance(verify, str) and not Path(verify).is_file():
            raise SettingsError("VOX_CA_PATH must be a file")
        timeout = environment.get("VOX_TIMEOUT") or "10"
        if not timeout.isdecimal() or not 1 <= int(timeout) <= 120:
            raise SettingsError("VOX_TIMEOUT must be a number from 1 to 120")
    except SettingsError as error:
        say(f"{error}.")
        return 2
    client = Client(url, key, verify, int(timeout), **options)
    findings = Findings(scrubber)
    left: list[str] = []
    interrupted = False
    why = ""
    try:
        reading = Reading(client, findings)
        why = reading.run()
        if write == "yes" and not why:
            writing = Writing(client, findings, say, number, address, reading.agent_id, url, patience)
            why = _write(writing, say, left)
    except KeyboardInterrupt:
        interrupted, why = True, "interrupted"
    except Exception as error:
        why = f"the suite failed ({type(error).__name__}), please report it"
    findings.finish(why.partition(":")[0], writes=write == "yes")
    say(findings.table())
    say("")
    say(findings.summary())
    say(f"{client.requests} requests.")
    if why:
        say(f"Not all statements were checked: {scrubber.scrub(why)}.")
    for fault in scrubber.faults:
        say(f"Unexpected answer of the API, please report it: {fault}.")
    if not interrupted:
        _save(findings, environment.get("OBSERVED") or "observed.yml", write, say)
    for text in left:
        say(f"NOT CLEANED UP. {scrubber.without_lines(text)}")
    if left:
        return 3
    return 2 if why or scrubber.faults else int(bool(findings.differing))


def _write(writing: Writing, say: Callable[[str], None], left: list[str]) -> str:
    try:
        writing.check_free()
    except (Refused, Stop) as reason:
        return f"nothing was written: {reason}"
    say(writing.plan())
    try:
        return writing.run()
    finally:
        try:
            left += writing.clean_up()
        except KeyboardInterrupt:
            # The interrupt arrived before the clean-up had started.
            left += writing.clean_up()
        say("Some registered numbers could not be deleted." if left else "All registered numbers are deleted.")


def _save(findings: Findings, path: str, write: str, say: Callable[[str], None]) -> None:
    text = findings.observed("write" if write == "yes" else "read", datetime.now(UTC).date().isoformat())
    try:
        # Written in place: OBSERVED may be a device or a link, which a rename would replace.
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        say(f"{path} cannot be written: {error.strerror}.")
    else:
        say(f"Written: {path}. To simulate this behaviour: python -m simulator --observed {path}")


def main() -> int:
    """Run with the environment of this process."""
    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")]

    def interrupt(_signal: int, _frame: object) -> None:
        # Only once: the clean-up must not be interrupted.
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for one in signals:
        signal.signal(one, interrupt)

    def say(text: str) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        try:
            sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
            sys.stdout.flush()
        except OSError:
            # The output has no reader any more. The registered numbers must be deleted anyway.
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115

    return run(os.environ, say)


if __name__ == "__main__":
    sys.exit(main())
