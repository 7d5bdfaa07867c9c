# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is in the output of a run, or in the files that it leaves."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from integration._playbook import COLLECTION, HIDDEN, NUMBER, Ansible
from integration._scenario import BOTH
from integration._secret_cases import CASES, MASK, SIP
from integration._secret_run import HOST, SecretRun, run_with_secrets
from integration._traces import MARK, SECRETS, files_below, processes_with, search, ways_to_write
from tally import PROPERTY

# The kinds of places, each with a text that shows that the place was used by the run.
KINDS = {
    "stdout": NUMBER,
    "stderr": "",
    "processes": "ansible-playbook",
    "ansible": "",  # The empty configuration.
    "facts": NUMBER,
    "home": "home",
    "junit": NUMBER,
    "log": NUMBER,
    "record": NUMBER,
    "retry": HOST,
    "syslog": NUMBER,
    "tree": NUMBER,
}
# With ANSIBLE_DEBUG, Ansible prints the arguments of tasks that run as a module.
DEBUGGED = re.compile(rb"^.*done with _execute_module \(.*$", re.MULTILINE)


def loudly(directory: Path) -> dict[str, str]:
    """Return variables with which Ansible prints and stores as much as possible."""
    return {
        "ANSIBLE_DEBUG": "1",
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_LOG_PATH": str(directory / "log"),
        "ANSIBLE_CALLBACKS_ENABLED": "record,tree,junit",
        "ANSIBLE_CALLBACK_TREE_DIR": str(directory / "tree"),
        "JUNIT_OUTPUT_DIR": str(directory / "junit"),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(directory / "facts"),
        "ANSIBLE_RETRY_FILES_ENABLED": "1",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(directory / "retry"),
        "SYSLOG_FILE": str(directory / "syslog"),
    }


@pytest.fixture(scope="module")
def runs(core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SecretRun]]:
    """The runs of all cases, both ways in parallel."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        started = {}
        for way in BOTH:
            ansible = Ansible(core.bin, core.collections_path, core.root, tmp_path_factory.mktemp(way))
            environment = loudly(ansible.directory / "run")
            started[way] = pool.submit(
                run_with_secrets, stack, ansible, way, CASES[way], "--diff", environment=environment
            )
        yield {way: run.result() for way, run in started.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", BOTH)
def test_no_secret_is_left(runs: dict[str, SecretRun], record_property: Any, way: str, kind: str) -> None:
    places = {place: DEBUGGED.sub(b"", content) for place, content in runs[way].places[kind].items()}
    leaks = search(places)
    record_property(PROPERTY, {"places searched for secrets": len(places), "leak": len(leaks)})
    assert not leaks, "\n".join(map(str, leaks))
    assert any(KINDS[kind].encode() in content for content in places.values())


def test_a_result_without_polling_is_searched(runs: dict[str, SecretRun]) -> None:
    assert any(NUMBER.encode() in content for content in runs["action"].places["home"].values())


@pytest.mark.parametrize("way", BOTH)
def test_all_places_are_searched(runs: dict[str, SecretRun], record_property: Any, way: str) -> None:
    record_property(PROPERTY, {"runs with secrets": 1, "tasks with secrets": len(CASES[way])})
    assert set(runs[way].places) == set(KINDS)


@pytest.mark.parametrize(("way", "case"), [(way, case) for way in BOTH for case in CASES[way]])
def test_a_case_has_its_message(runs: dict[str, SecretRun], way: str, case: str) -> None:
    assert CASES[way][case].message in str(runs[way].seen(case).result.get("msg"))


@pytest.mark.parametrize(
    ("way", "case"), [(way, case) for way in BOTH for case in CASES[way] if case.startswith("is refused, ")]
)
def test_all_quoted_secrets_are_masked(runs: dict[str, SecretRun], way: str, case: str) -> None:
    failure = runs[way].seen(case).result["failure"]
    secret = SECRETS.get(case.removeprefix("is refused, "), SECRETS["plain"])
    hidden = [HIDDEN] * len(ways_to_write(secret))
    assert failure["message"] == f"not {', '.join([MASK] * len(hidden))}"
    assert failure["details"] == {
        "field": "auth_password",
        "reason": hidden,
        "allowed_values": [[hidden]],
        HIDDEN: {"a": hidden},
    }


@pytest.mark.parametrize("way", BOTH)
def test_the_key_is_not_sent_to_a_redirect(runs: dict[str, SecretRun], way: str) -> None:
    (request,) = runs[way].simulators["is redirected"].requests
    assert request.headers["host"].startswith("127.0.0.1:")


@pytest.mark.parametrize("way", BOTH)
def test_debug_output_has_arguments_of_modules_only(
    runs: dict[str, SecretRun], core_version: tuple[int, ...], way: str
) -> None:
    lines = [line for line in DEBUGGED.findall(runs[way].run.stdout.encode()) if COLLECTION.encode() in line]
    cases = CASES[way].values()
    modules = [case for case in cases if way == "module" or case.action == SIP or "async" in case.keywords]
    assert len(lines) == len(modules)
    # ansible-core 2.22 masks the secrets in them; for a module without an action plugin, only those of other tasks.
    assert search({"stdout": b"\n".join(lines)}) or core_version >= (2, 22)


def _written() -> Iterator[tuple[str, bytes]]:
    for name, secret in SECRETS.items():
        for index, written in enumerate(sorted(ways_to_write(secret))):
            yield f"{name}-{index}", written.encode()
    for before in range(3):
        yield f"base64-{before}", base64.b64encode(b"x" * before + SECRETS["plain"].encode() + b"x")


@pytest.mark.parametrize("written", [pytest.param(written, id=name) for name, written in _written()])
def test_the_search_finds_a_secret_in_each_encoding(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "file").write_bytes(b"before " + written + b" after")
    assert {leak.place for leak in search(files_below(tmp_path))} == {"place/file"}


def test_the_search_finds_a_secret_in_a_name(tmp_path: Path) -> None:
    (tmp_path / f"{MARK}.retry").mkdir()
    assert [leak.place for leak in search(files_below(tmp_path))] == [f"{MARK}.retry"]


def test_the_search_finds_a_secret_of_a_process(tmp_path: Path) -> None:
    command = ["sh", "-c", "read line", "sh", SECRETS["odd"]]
    environment = {"DIRECTORY": str(tmp_path), "PASSWORD": SECRETS["plain"]}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as process:
        # For a moment after the start of a process, the kernel has neither.
        leaks = next(filter(None, (search(processes_with(str(tmp_path))) for _look in range(100))), [])
        process.communicate()
    assert [leak.place for leak in leaks] == [f"arguments of {process.pid}", f"environment of {process.pid}"]
