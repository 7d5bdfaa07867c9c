# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-playbook, and get the result and the requests of each task."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator import LoggedRequest, Simulator

HERE = Path(__file__).parent
_COMPILED = HERE.parents[1] / ".cache" / "compiled"
COLLECTION = "voxai.telephony."
MODULE = COLLECTION + "vox_telephone_number"
BULK = COLLECTION + "vox_telephone_numbers"
KEY, OTHER_KEY = "vox-key-Xyzzy-1", "vox-key-Xyzzy-2"
SECRET = "Xyzzy"
"""A part of every secret in the tests. It must not be in any output."""

LIST = "GET /organization-telephone-numbers"
GET = "GET /organization-telephone-numbers/{id}"
AGENTS = "GET /agents"
REGISTER = "POST /telephone-numbers/register"
REVOKE_CANCEL = "POST /organization-telephone-numbers/{id}/revoke-cancel"
PATCH_MEMO = "PATCH /organization-telephone-numbers/{id}"
PATCH_SIP = "PATCH /organization-telephone-numbers/{id}/sip"
PATCH_AGENTS = "PATCH /organization-telephone-numbers/{id}/agent"
DELETE = "DELETE /organization-telephone-numbers/{id}"
UNKNOWN = [LIST, LIST, LIST]
"""The requests that show that a number is not held: one list for each status."""

NUMBER = "07011112222"
PASSWORD = "sip-Xyzzy"
VENDOR_EXAMPLE = {
    "number": NUMBER,
    "address": "sip:trunk.example.com:5060",
    "auth_username": "vox-customer-12",
    "auth_password": PASSWORD,
    "memo": "본사 대표번호",
}
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass
class Seen:
    """A finished task on a host."""

    host: str
    name: str
    action: str
    event: str
    """`ok`, `failed` or `unreachable`."""
    check_mode: bool
    result: dict[str, Any]
    start: float
    end: float

    @property
    def failed(self) -> bool:
        return self.event == "failed"

    @property
    def message(self) -> str:
        return str(self.result["msg"])

    @property
    def record(self) -> dict[str, Any]:
        """The record of the number after the task."""
        record: dict[str, Any] = self.result["telephone_number"]
        return record

    def logged(self, simulator: Simulator) -> list[LoggedRequest]:
        """Return the requests that the simulator received while the task ran."""
        return [request for request in simulator.requests if self.start <= request.at <= self.end]

    def requests(self, simulator: Simulator) -> list[str]:
        """Return them as text, like `GET /agents`, with `{id}` instead of ids."""
        return [f"{request.method} {re.sub(UUID, '{id}', request.path)}" for request in self.logged(simulator)]

    def after_look_up(self, simulator: Simulator) -> list[str]:
        """Return the text from the first request that is not a look-up of a number.

        A look-up uses the list or the id, depending on the state of the run.
        """
        requests = self.requests(simulator)
        while requests and requests[0] in (LIST, GET):
            del requests[0]
        return requests

    def bodies(self, simulator: Simulator) -> list[Any]:
        """Return the bodies of the writes of the task."""
        return [request.body for request in self.logged(simulator) if request.method != "GET"]


@dataclass
class Run:
    """A finished run of ansible-playbook."""

    code: int
    stdout: str
    stderr: str
    tasks: list[Seen]

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def of(self, host: str) -> list[Seen]:
        return [seen for seen in self.tasks if seen.host == host]

    def modules(self, host: str) -> int:
        """Return how many modules ran for a host, outside of the controller process."""
        return self.stdout.count(f"<{host}> EXEC ")


@dataclass
class Ansible:
    """An ansible-core with its own home below `directory`, and an empty environment.

    It uses neither the user's files and variables nor the machine's proxies and certificates.
    """

    bin: Path
    collections_path: Path
    root: Path
    directory: Path

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def python(self) -> str:
        return str(self.bin / "python")

    def version(self) -> tuple[int, ...]:
        """The version of ansible-core."""
        code = "import ansible.release; print(ansible.release.__version__)"
        text = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True).stdout
        return tuple(int(part) for part in text.split(".")[:2])

    def run(
        self,
        playbook: Path | str | Sequence[Mapping[str, Any]],
        hosts: Path | Mapping[str, Mapping[str, Any]],
        *options: str,
        verbosity: str = "-vvvv",
        **environment: str,
    ) -> Run:
        """Run a playbook (a file, YAML text, or plays as data) on hosts (an inventory, or each with its variables)."""
        command, variables = self.prepare(playbook, hosts, *options, verbosity=verbosity, **environment)
        done = subprocess.run(
            command,
            env=variables,
            # Coverage searches the plugins here.
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
            timeout=600,
        )
        record = Path(variables["RECORD_FILE"])
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        return Run(done.returncode, done.stdout, done.stderr, [Seen(**json.loads(line)) for line in lines])

    def prepare(
        self,
        playbook: Path | str | Sequence[Mapping[str, Any]],
        hosts: Path | Mapping[str, Mapping[str, Any]],
        *options: str,
        verbosity: str = "-vvvv",
        **environment: str,
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command that runs a playbook, and its whole environment."""
        self.home.mkdir(exist_ok=True)
        _COMPILED.mkdir(parents=True, exist_ok=True)
        # The default of a poll every millisecond takes half of a run's CPU time.
        (self.directory / "ansible.cfg").write_text("[defaults]\ninternal_poll_interval = 0.01\n", encoding="utf-8")
        if not isinstance(playbook, Path):
            text = playbook if isinstance(playbook, str) else as_yaml(playbook)
            playbook = self.directory / "playbook.yml"
            playbook.write_text(text, encoding="utf-8")
        if not isinstance(hosts, Path):
            inventory = as_yaml({"all": {"hosts": hosts}})
            hosts = self.directory / "inventory.yml"
            hosts.write_text(inventory, encoding="utf-8")
        record = self.directory / "record.jsonl"
        record.unlink(missing_ok=True)
        command = [str(self.bin / "ansible-playbook"), "-i", str(hosts), str(playbook), verbosity, *options]
        return command, self.environment(record) | environment

    def environment(self, record: Path) -> dict[str, str]:
        """Return the environment of a run, which records the tasks in a file."""
        return {
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
            "PATH": os.pathsep.join([str(self.bin), os.defpath]),
            "HOME": str(self.home),
            "TMPDIR": str(self.directory),
            "LANG": "C.UTF-8",
            # Some messages of Ansible contain a set, whose order depends on this.
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(HERE / "python"),
            "COMPILED_DIRECTORY": str(_COMPILED),
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            # By default, these are below the home of the user database, not below HOME.
            "ANSIBLE_REMOTE_TMP": str(self.home / ".ansible" / "tmp"),
            "ANSIBLE_ASYNC_DIR": str(self.home / ".ansible_async"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections_path),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection_plugins"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            # More than hosts: while all workers are busy, Ansible looks for a free one every 0.1 milliseconds.
            "ANSIBLE_FORKS": "100",
            "RECORD_FILE": str(record),
            "VOX_REQUESTS_PER_SECOND": "0",
            "VOX_REQUESTS_PER_MINUTE": "0",
        }

    def host(self, way: str, **variables: Any) -> dict[str, Any]:
        """Return variables of a host, with the way its tasks run: as `action` (in the controller) or `module`."""
        connection = {"action": "local", "module": "elsewhere"}[way]
        return {
            "ansible_connection": connection,
            "ansible_python_interpreter": self.python,
            "sip_password": PASSWORD,
            **variables,
        }


def as_yaml(value: Any) -> str:
    """Return JSON as YAML. The first line prevents Ansible from using its JSON parser, which does not support tags."""
    return f"---\n{json.dumps(value, ensure_ascii=False)}\n"


def vox(arguments: Mapping[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a task with the module under test, whose failure does not end the play.

    The password comes from a variable, because Ansible prints the lines of a failed task.
    """
    written = {name: "{{ sip_password }}" if value == PASSWORD else value for name, value in arguments.items()}
    return {MODULE: written, "ignore_errors": True, **keywords}


def bulk(entries: Sequence[Any] | str, **options: Any) -> dict[str, Any]:
    """Return a task for many numbers, whose failure does not end the play, with options of the module and keywords."""
    keywords: dict[str, Any] = {name: options.pop(name) for name in ("check_mode", "diff") if name in options}
    written = json.loads(json.dumps(entries).replace(f'"{PASSWORD}"', '"{{ sip_password }}"'))
    return {BULK: {"telephone_numbers": written, **options}, "ignore_errors": True, **keywords}
