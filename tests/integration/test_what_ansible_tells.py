# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Ansible and ansible-runner print secrets, and how to prevent it, as docs/security.md describes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from integration._playbook import BULK, HIDDEN, KEY, MODULE, NUMBER, Ansible
from integration._scenario import BOTH, Script, scenario
from integration._secret_cases import CASES, MASK, ROLE, Case
from integration._secret_run import SecretRun, run_with_secrets, stage
from integration._traces import MARK, SECRETS, files_below, search
from simulator import Simulator
from tally import PROPERTY

# The key comes from the environment, as in AWX.
PASSWORDS_ALONE = {name: secret for name, secret in SECRETS.items() if name != "key"}
KEPT = ("registers", "registers, asynchronously", "registers many", "applies", "reads")
OF_THE_JOB = ("is refused, key", "is refused many", "applies and is refused", "reads")


def some(way: str, names: Sequence[str]) -> dict[str, Case]:
    return {name: case for name, case in CASES[way].items() if name in names}


# Files of modules


@pytest.fixture(scope="module")
def kept(core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SecretRun]]:
    """Runs that keep the files of modules."""
    environment = {
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_STDOUT_CALLBACK": "minimal",
        "VOX_API_KEY": SECRETS["key"],
    }
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        started = {}
        for way in BOTH:
            ansible = Ansible(core.bin, core.collections_path, core.root, tmp_path_factory.mktemp(way))
            keywords = {"environment": environment, "secrets": PASSWORDS_ALONE}
            started[way] = pool.submit(run_with_secrets, stack, ansible, way, some(way, KEPT), **keywords)
        yield {way: run.result() for way, run in started.items()}


@pytest.mark.parametrize("way", BOTH)
def test_arguments_are_only_in_kept_files_of_modules(
    kept: dict[str, SecretRun], record_property: Any, way: str
) -> None:
    places = {place: content for places in kept[way].places.values() for place, content in places.items()}
    # All processes inherit this variable from Ansible's environment.
    for name in [name for name in places if name.startswith("environment of ")]:
        places[name] = places[name].replace(b"VOX_API_KEY=" + SECRETS["key"].encode(), b"")
    found = {leak.place for leak in search(places)}
    payloads = {place for place in found if place.startswith("home/.ansible/tmp/ansible-tmp-")}
    record_property(PROPERTY, {"runs with secrets": 1, "places searched for secrets": len(places)})
    assert found == payloads
    assert {Path(place).name for place in payloads} <= {
        "AnsiballZ_vox_telephone_number.py",
        "AnsiballZ_vox_telephone_numbers.py",
    }
    # Only the user has access.
    assert {(kept[way].directory / place).parent.stat().st_mode & 0o777 for place in payloads} == {0o700}
    # A task in the controller has no file. Asynchronous tasks always run as a module.
    assert len(payloads) == (3 if way == "module" else 1)


# Secrets in the output

CONNECTED = {"number": NUMBER, "address": "sip:a", "api_url": "{{ url }}", "retries": 0}
REGISTERED = {**CONNECTED, "api_key": "{{ key }}"}
OF_ITEM = {**REGISTERED, "auth_password": "{{ item.password }}"}
ITEM = {"number": NUMBER, "password": "{{ secret }}"}
LABEL = {"label": "{{ item.number }}"}

# Tasks with a secret, and the ways in which the secret is printed at -vvvv and without -v, before ansible-core 2.22,
# which masks the secrets that a task has registered in its output.
TASKS: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "an item": ({MODULE: OF_ITEM, "loop": [ITEM]}, BOTH, BOTH),
    "an item with a label": ({MODULE: OF_ITEM, "loop": [ITEM], "loop_control": LABEL}, BOTH, ()),
    "an item, no_log": ({MODULE: OF_ITEM, "loop": [ITEM], "no_log": True}, (), ()),
    "looked up by item": (
        {
            MODULE: {**REGISTERED, "auth_password": "{{ passwords[item] }}"},
            "loop": [NUMBER],
            "vars": {"passwords": {NUMBER: "{{ secret }}"}},
        },
        (),
        (),
    ),
    "many": (
        {
            BULK: {
                "api_url": "{{ url }}",
                "api_key": "{{ key }}",
                "telephone_numbers": [{"number": NUMBER, "address": "sip:a", "auth_password": "{{ secret }}"}],
            }
        },
        (),
        (),
    ),
    "environment": ({MODULE: CONNECTED, "environment": {"VOX_API_KEY": "{{ secret }}"}}, ("module",), ()),
    "environment, no_log": (
        {MODULE: CONNECTED, "environment": {"VOX_API_KEY": "{{ secret }}"}, "no_log": True},
        ("module",),
        (),
    ),
    "an option": ({MODULE: {**CONNECTED, "api_key": "{{ secret }}"}}, (), ()),
    "a parameter of the role": (
        {
            "block": [{"ansible.builtin.include_role": {"name": ROLE}}],
            "module_defaults": {"group/voxai.telephony.vox": {"api_url": "{{ url }}", "api_key": "{{ key }}"}},
            "vars": {
                "vox_telephone_numbers": [{"number": NUMBER, "address": "sip:a", "auth_password": "{{ secret }}"}]
            },
        },
        (),
        (),
    ),
}


def _secret(task: str, way: str) -> str:
    return f"{MARK}-{way}-{task.translate(str.maketrans(', ', '--'))}."


@pytest.fixture(scope="module")
def outputs(core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The output of the tasks, by verbosity."""
    ansible = Ansible(core.bin, core.collections_path, core.root, tmp_path_factory.mktemp("outputs"))
    tasks = [
        {**task, "ignore_errors": True, "vars": {**task.get("vars", {}), "secret": f"{{{{ secrets['{name}'] }}}}"}}
        for name, (task, _loud, _quiet) in TASKS.items()
    ]
    with Simulator(keys=[KEY]) as sim:
        hosts = {
            way: ansible.host(way, url=sim.url, key=KEY, secrets={name: _secret(name, way) for name in TASKS})
            for way in BOTH
        }
        play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
        runs = {verbosity: ansible.run(play, hosts, verbosity=verbosity) for verbosity in ("-vvvv", "--diff")}
    for run in runs.values():
        assert run.code == 0, run.output
    return {verbosity: run.output for verbosity, run in runs.items()}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("way", BOTH)
def test_secrets_in_the_output(outputs: dict[str, str], core_version: tuple[int, ...], way: str, task: str) -> None:
    _task, loud, quiet = TASKS[task] if core_version < (2, 22) else ({}, (), ())
    assert (_secret(task, way) in outputs["-vvvv"]) == (way in loud)
    assert (_secret(task, way) in outputs["--diff"]) == (way in quiet)


LITERAL = f"api_key: {MARK}-k, auth_password: {MARK}-p"


@pytest.mark.parametrize("number", ["none", "'{{ x }}'"])
def test_secrets_in_the_lines_of_a_failed_task(ansible: Ansible, core_version: tuple[int, ...], number: str) -> None:
    playbook = f"""\
- hosts: all
  gather_facts: false
  tasks:
    - voxai.telephony.vox_telephone_number: {{number: {number}, {LITERAL}}}
"""
    run = ansible.run(playbook, {"here": ansible.host("action")}, verbosity="--diff")
    assert run.tasks[0].failed
    # Every release prints the lines of an error before the task has its arguments. Errors of tasks have them since
    # ansible-core 2.19, and with masked secrets since 2.22.
    shows = number != "none" or (2, 19) <= core_version < (2, 22)
    assert (LITERAL in run.output) == shows
    assert (MARK in run.output) == shows


def test_a_key_in_the_environment_is_a_fact(ansible: Ansible) -> None:
    """Fact caches store facts, also that of AWX."""
    facts = ansible.directory / "facts"
    run = ansible.run(
        [
            {"hosts": "gathers", "gather_subset": ["min"], "tasks": []},
            {"hosts": "leaves-it-out", "gather_subset": ["min", "!env"], "tasks": []},
            {"hosts": "does-not", "gather_facts": False, "tasks": []},
        ],
        {host: ansible.host("action") for host in ("gathers", "leaves-it-out", "does-not")},
        VOX_API_KEY=SECRETS["key"],
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(facts),
    )
    assert run.code == 0, run.output
    leaks = search(files_below(facts))
    assert len(leaks) == 1
    assert leaks[0].place.endswith("gathers")
    assert any(name.endswith("leaves-it-out") for name in files_below(facts))


# ansible-runner


@pytest.fixture(scope="module")
def artifacts(core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of ansible-runner after a job with the key in its environment, as in AWX."""
    directory = tmp_path_factory.mktemp("runner")
    ansible = Ansible(core.bin, core.collections_path, core.root, directory)
    ansible.home.mkdir()
    project = directory / "job" / "project"
    project.mkdir(parents=True)
    variables = ansible.environment(directory / "record.jsonl") | {"VOX_API_KEY": SECRETS["key"]}
    with ExitStack() as stack:
        stage(stack, project, ansible.host("action"), some("action", OF_THE_JOB), PASSWORDS_ALONE)
        command = ["run", "job", "--playbook", "site.yml", "--inventory", str(project / "hosts.yml"), "--ident", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "ansible_runner", *command, "-vvvv"],
            env=variables,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
    return {"stdout": done.stdout, "stderr": done.stderr, **files_below(directory / "job" / "artifacts")}


def test_a_job_stores_only_secrets_in_its_environment(artifacts: dict[str, bytes], record_property: Any) -> None:
    leaks = search(artifacts)
    record_property(PROPERTY, {"runs with secrets": 1, "places searched for secrets": len(artifacts)})
    assert [leak.place for leak in leaks] == ["1/command"]
    assert json.loads(artifacts["1/command"].partition(b"\n")[2])["env"]["VOX_API_KEY"] == SECRETS["key"]
    assert search({"command": artifacts["1/command"].replace(SECRETS["key"].encode(), b"")}) == []
    for kind in ("1/job_events/", "1/fact_cache/", "1/stdout", "stdout"):
        assert any(NUMBER.encode() in content for place, content in artifacts.items() if place.startswith(kind))


# Common words as passwords


@scenario()
def test_a_password_that_is_a_common_word_masks_that_word(sim: Simulator) -> Script:
    """It is masked everywhere in the result, but the outcome of the task is not affected."""
    password = "registered"
    registered, again = yield [
        {MODULE: {"number": NUMBER, "address": "sip:a", "auth_password": password}},
        {MODULE: {"number": NUMBER, "address": "sip:a", "auth_password": password}},
    ]
    assert registered.result["changed"] is True and again.result["changed"] is False
    assert registered.result["actions"] == [HIDDEN]
    assert registered.message == f"{NUMBER}: {MASK}"
    assert registered.record["number"] == NUMBER
