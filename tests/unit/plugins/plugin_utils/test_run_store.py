# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts in a directory, used by several processes, some of which are killed."""

from __future__ import annotations

import os
import signal
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.voxai.telephony.plugins.module_utils._store import MemoryStore
from ansible_collections.voxai.telephony.plugins.plugin_utils import _run_store

WORKERS = 10


def add_one(facts: t.Any) -> int:
    count = (facts.get("kind", "count") or 0) + 1
    facts.put("kind", {"count": count})
    return int(count)


def start_process(work: t.Callable[[], t.Any]) -> int:
    """Run ``work`` in a forked process, like Ansible's workers. Return the process id."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_facts(make_store: t.Any) -> None:
    store = make_store()

    def work(facts: t.Any) -> None:
        assert facts.get("a", "1") is None
        facts.put("a", {str(n): {"n": n, "ü": [None]} for n in range(600)})
        facts.put("b", {"1": True})
        facts.drop("a", "5")
        facts.drop("a", "none")
        assert facts.get("a", "1") == {"n": 1, "ü": [None]}
        assert len(facts.all("a")) == 599
        assert set(facts.some("a", ["4", "5", "6"])) == {"4", "6"}
        assert len(facts.some("a", [str(n) for n in range(2, 700)])) == 597
        assert facts.all("c") == {}

    store.do(work)


def test_claims_are_for_one_thread(make_store: t.Any) -> None:
    store = make_store()
    seen = []

    def claim() -> None:
        with store.claim("x") as mine, store.claim("y") as other:
            seen.append((mine, other))

    with store.claim("x") as mine:
        assert mine
        thread = threading.Thread(target=claim)
        thread.start()
        thread.join(10)
    claim()
    assert seen == [(False, True), (True, True)]


def test_updates_of_several_processes_are_not_lost(open_store: t.Any) -> None:
    def work() -> None:
        store = open_store()
        for _index in range(50):
            store.do(add_one)

    assert [exit_code(pid) for pid in [start_process(work) for _worker in range(WORKERS)]] == [0] * WORKERS
    assert open_store().do(add_one) == 50 * WORKERS + 1


def test_workers_may_open_a_store_at_once(open_store: t.Any, tmp_path: Path) -> None:
    """SQLite fails at once, without a timeout, if another process uses a database that is being created."""
    for index in range(5):
        directory = tmp_path / str(index)
        directory.mkdir()
        started, start = os.pipe()

        def work(directory: Path = directory, started: int = started, start: int = start) -> None:
            os.close(start)
            os.read(started, 1)
            messages: list[str] = []
            store = open_store(directory, messages.append)
            store.do(add_one)
            store.close()
            assert not messages, messages

        pids = [start_process(work) for _worker in range(WORKERS)]
        os.close(started)
        os.close(start)
        assert [exit_code(pid) for pid in pids] == [0] * WORKERS
        assert open_store(directory).do(add_one) == WORKERS + 1


@pytest.mark.parametrize("where", ["in a transaction", "with a claim"])
def test_a_killed_worker_does_not_block_others(open_store: t.Any, where: str) -> None:
    def work() -> None:
        store = open_store()

        def die(facts: t.Any) -> None:
            facts.put("kind", {"count": 1000})
            os.kill(os.getpid(), signal.SIGKILL)

        if where == "in a transaction":
            store.do(die)
        with store.claim("listing") as mine:
            assert mine
            os.kill(os.getpid(), signal.SIGKILL)

    store = open_store()
    assert store.do(add_one) == 1
    assert exit_code(start_process(work)) == -signal.SIGKILL
    with store.claim("listing") as mine:
        assert mine
    assert store.do(add_one) == 2, "the killed process has written nothing"


def test_a_claim_is_for_one_process(open_store: t.Any) -> None:
    def fails(name: str) -> t.Callable[[], None]:
        def work() -> None:
            with open_store().claim(name) as mine:
                assert mine

        return work

    with open_store().claim("number 1"):
        assert exit_code(start_process(fails("number 1"))) == 1
        assert exit_code(start_process(fails("number 2"))) == 0
    assert exit_code(start_process(fails("number 1"))) == 0


def test_files_are_accessible_only_to_the_user(open_store: t.Any, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store()
        store.do(add_one)
    finally:
        os.umask(before)
    assert len(list(tmp_path.iterdir())) >= 2
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("trouble", ["no directory", "no locks", "no room", "no database", "no sqlite3"])
def test_an_unusable_directory(
    open_store: t.Any, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    directory = tmp_path
    if trouble == "no directory":
        directory = tmp_path / "none"
    elif trouble == "no locks":

        def lockf(*_arguments: t.Any) -> None:
            raise OSError(37, "No locks available")

        monkeypatch.setattr("fcntl.lockf", lockf)
    elif trouble == "no database":
        (tmp_path / "vox-org.db").write_bytes(b"no database" * 1000)
    elif trouble == "no sqlite3":
        monkeypatch.setattr(_run_store, "IMPORT_ERROR", "No module named 'sqlite3'")
    store = open_store(directory, messages.append)
    if trouble == "no room":
        store._connection.execute("PRAGMA max_page_count = 8")
        store.do(lambda facts: facts.put("x", {str(n): "x" * 10_000 for n in range(100)}))
    assert store.do(add_one) == 1
    assert store.do(add_one) == 2
    with store.claim("x") as mine:
        assert mine
    assert len(messages) == 1 and "each worker" in messages[0]


def test_facts_are_ignored_if_a_worker_cannot_write(open_store: t.Any) -> None:
    """For example, it registers a number and the disk is full. The others would not know that the number is held."""
    messages: list[str] = []
    store, other = open_store(tell=messages.append), open_store(tell=messages.append)
    store.do(add_one)
    store._connection.execute("PRAGMA max_page_count = 8")
    store.do(lambda facts: facts.put("x", {str(n): "x" * 10_000 for n in range(100)}))
    for one in (other, open_store(tell=messages.append)):
        assert one.read(lambda facts: facts.get("kind", "count")) is None
    assert len(messages) == 3 and "another worker" in messages[1]


def test_a_reader_does_not_block_others(open_store: t.Any) -> None:
    """Reading 10,000 records takes a second, and 50 workers may do it in parallel."""
    store, other = open_store(), open_store()

    def work(facts: t.Any) -> t.Any:
        before = facts.get("kind", "count")
        other.do(add_one)
        return before, facts.get("kind", "count")

    store.do(add_one)
    assert store.read(work) == (1, 1), "a reader sees a consistent state"
    assert store.read(lambda facts: facts.get("kind", "count")) == 2


def test_a_claim_outlasts_the_facts(open_store: t.Any) -> None:
    """If the disk is full during a write, the number is claimed until the end of the write, but not longer."""
    messages: list[str] = []
    store = open_store(tell=messages.append)

    def is_free() -> bool:
        def work() -> None:
            with open_store().claim("number 1") as mine:
                assert mine

        return exit_code(start_process(work)) == 0

    with store.claim("number 1") as mine:
        store._connection.execute("PRAGMA max_page_count = 8")
        store.do(lambda facts: facts.put("x", {str(n): "x" * 10_000 for n in range(100)}))
        assert mine and messages and not is_free()
    assert is_free()


def test_memory_stores_are_independent() -> None:
    assert [MemoryStore().do(add_one) for _time in range(2)] == [1, 1]
