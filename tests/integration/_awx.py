# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a job like AWX: a directory with the variables, a credential's environment, and ansible-runner.

This follows AWX's source: awx/main/tasks/jobs.py and awx/main/utils/safe_yaml.py. Containers are left out: the
execution environment is the Python environment of the ansible-core under test.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

from integration._playbook import SECRET, Ansible

EXAMPLE = Path("docs", "examples", "awx")
CREDENTIAL_TYPE = Path("extensions", "awx", "credential_type.yml")
LOCALHOST = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@dataclass
class Job:
    """A finished job."""

    status: str
    stdout: str
    events: list[dict[str, Any]]

    @property
    def artifacts(self) -> dict[str, Any]:
        """The artifacts that the job passes to the next node of a workflow."""
        found: dict[str, Any] = self._stats.get("artifact_data", {})
        return found

    @property
    def changed(self) -> bool:
        return bool(self._stats["changed"])

    @property
    def failure(self) -> str:
        """The message of the task that failed the job: the last failed one, since earlier ones may be rescued."""
        assert self.status == "failed"
        *_rescued, message = (str(data["res"]["msg"]) for data in self._data("runner_on_failed"))
        return message

    def results(self, action: str) -> list[dict[str, Any]]:
        """Return the results of the tasks with that module."""
        return [
            data["res"]
            for data in self._data("runner_on_ok", "runner_on_failed")
            if action in (data["task_action"], data.get("resolved_action"))
        ]

    @property
    def _stats(self) -> dict[str, Any]:
        (stats,) = self._data("playbook_on_stats")
        return stats

    def _data(self, *kinds: str) -> Iterator[dict[str, Any]]:
        return (event["event_data"] for event in self.events if event["event"] in kinds)


@dataclass
class Project:
    """The project of the example after its update: the collection is built from the checkout and installed."""

    ansible: Ansible
    """Jobs run below its directory."""

    def __post_init__(self) -> None:
        self.files = self.ansible.directory / "project"
        self._collections = self.ansible.directory / "requirements_collections"
        shutil.copytree(self.ansible.root / EXAMPLE, self.files)
        self._galaxy("build", str(self.ansible.root), "--output-path", str(self.ansible.directory))
        (tarball,) = self.ansible.directory.glob("voxai-telephony-*.tar.gz")
        requirements = self.files / "collections" / "requirements.yml"
        (published,) = yaml.safe_load(requirements.read_text())["collections"]
        assert published["name"] == "voxai.telephony"
        requirements.write_text(json.dumps({"collections": [{"name": str(tarball), "type": "file"}]}))
        self._galaxy("install", "--offline", "-r", str(requirements), "-p", str(self._collections))

    def launch(
        self,
        playbook: str,
        answers: Mapping[str, Any] | None = None,
        *,
        credential: Mapping[str, str] | None = None,
        job_type: str = "run",
        diff_mode: bool = False,
        verbosity: int = 0,
        yaml_output: bool = False,
    ) -> Job:
        """Run a playbook of the project, with answers to its survey, and with a credential of type vox.ai.

        Fails if a secret is in the output or in a file. Results are printed as JSON, as before ansible-runner 2.4.3, or
        in the format of the project's ansible.cfg.
        """
        directory = Path(tempfile.mkdtemp(prefix="job-", dir=self.ansible.directory))
        shutil.copytree(self.files, directory / "project")
        for folder in ("env", "inventory"):
            (directory / folder).mkdir()
        variables = {**(answers or {}), "awx_job_id": 1, "awx_job_template_name": playbook}
        (directory / "env" / "extravars").write_text(safe_dump(variables))
        inventory = directory / "inventory" / "hosts"
        hosts = {"all": {"hosts": ["localhost"]}, "_meta": {"hostvars": {"localhost": LOCALHOST}}}
        inventory.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(hosts)!r})\n")
        inventory.chmod(0o700)
        options = [*(["--check"] if job_type == "check" else []), "-u", "root", *(["--diff"] if diff_mode else [])]
        options += ["-" + "v" * verbosity] if verbosity else []
        environment = self._environment(directory)
        if not yaml_output:
            environment["ANSIBLE_CALLBACK_RESULT_FORMAT"] = "json"
        if credential is not None:
            definition = yaml.safe_load((self.ansible.root / CREDENTIAL_TYPE).read_text())
            environment |= injected(definition, credential, directory)
        command = [sys.executable, "-m", "ansible_runner", "run", str(directory), "-p", playbook]
        done = subprocess.run(
            [*command, "--ident", "1", "--cmdline", " ".join(options)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
            timeout=120,
        )
        artifacts = directory / "artifacts" / "1"
        assert artifacts.is_dir(), done.stderr
        # ansible-runner stores here the command and its environment. AWX deletes it.
        (artifacts / "command").unlink()
        shown = [path for path in directory.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
        assert not shown
        assert SECRET not in done.stdout + done.stderr
        events = sorted((artifacts / "job_events").glob("*.json"), key=lambda path: int(path.name.partition("-")[0]))
        return Job(
            (artifacts / "status").read_text(),
            (artifacts / "stdout").read_text(encoding="utf-8"),
            [json.loads(path.read_text(encoding="utf-8")) for path in events],
        )

    def _environment(self, directory: Path) -> dict[str, str]:
        home = str(directory / "home")
        return {
            "PATH": os.pathsep.join([str(self.ansible.bin), os.defpath]),
            "HOME": home,
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": home,
            # By default, this is below the home of the user database, not below HOME.
            "ANSIBLE_REMOTE_TMP": home,
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_FORCE_COLOR": "1",
            "VOX_REQUESTS_PER_SECOND": "0",
            "VOX_REQUESTS_PER_MINUTE": "0",
        }

    def _galaxy(self, *arguments: str) -> None:
        command = [str(self.ansible.bin / "ansible-galaxy"), "collection", *arguments]
        done = subprocess.run(
            command, env=self._environment(self.ansible.directory), capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def injected(definition: Mapping[str, Any], inputs: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return the environment from a credential. Fails if there is more, or if AWX shows a secret of it."""
    parts = {name: definition[name] for name in ("name", "kind", "inputs", "injectors")}
    environment: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    arguments: list[str] = []
    inject_credential(
        ManagedCredentialType(namespace="vox", **parts),
        Credential(dict(inputs)),
        environment,
        shown,
        arguments,
        str(directory),
    )
    assert not arguments
    assert SECRET not in str(shown)
    return environment


class _Unsafe(yaml.SafeDumper):
    """Tags each text as unsafe, so that it is never a template."""

    def represent_data(self, data: Any) -> yaml.Node:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def safe_dump(variables: Mapping[str, Any]) -> str:
    """Return extra variables as AWX writes them: a YAML document, in which names are tagged too."""
    return "".join(yaml.dump({name: value}, Dumper=_Unsafe) for name, value in variables.items())
