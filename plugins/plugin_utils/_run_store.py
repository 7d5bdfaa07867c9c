# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that all workers of a run share, in the run's directory, which Ansible removes at the end of the run.

It is an SQLite database, so that a worker that is killed leaves no partial data. It must be opened after the fork.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import typing as t
from contextlib import contextmanager, suppress

from ansible_collections.voxai.telephony.plugins.module_utils._store import Claims, Facts, MemoryStore

try:
    import fcntl
    import sqlite3
except ImportError as error:  # Some systems do not install these modules with Python.
    IMPORT_ERROR: str | None = str(error)
else:
    IMPORT_ERROR = None

_Value = t.TypeVar("_Value")

_TIMEOUT = 30.0
"""Seconds to wait for another worker's transaction, which takes a few milliseconds."""

_MAX_SINGLE_KEYS = 500
"""Maximum number of keys that are read one by one. With more keys, all values of their kind are read."""

_CLAIMS = 2**62
"""Number of bytes in the file of claims that can be locked. It is empty unless a worker cannot use the database."""


class _StoredFacts:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, kind: str, key: str) -> t.Any:
        query = "SELECT value FROM facts WHERE kind = ? AND key = ?"
        row = self._connection.execute(query, (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> dict[str, t.Any]:
        rows = self._connection.execute("SELECT key, value FROM facts WHERE kind = ?", (kind,))
        return {key: json.loads(value) for key, value in rows}

    def some(self, kind: str, keys: t.Collection[str]) -> dict[str, t.Any]:
        if len(keys) > _MAX_SINGLE_KEYS:
            values = self.all(kind)
            return {key: values[key] for key in keys if key in values}
        found = ((key, self.get(kind, key)) for key in keys)
        return {key: value for key, value in found if value is not None}

    def put(self, kind: str, values: t.Mapping[str, t.Any]) -> None:
        rows = ((kind, key, json.dumps(value)) for key, value in values.items())
        self._connection.executemany("REPLACE INTO facts VALUES (?, ?, ?)", rows)

    def drop(self, kind: str, key: str) -> None:
        self._connection.execute("DELETE FROM facts WHERE kind = ? AND key = ?", (kind, key))


class RunStore(Claims):
    """A store in a directory. If the directory cannot be used, the store falls back to this process's memory.

    ``report``: called with a message if it falls back.
    """

    def __init__(self, directory: str, name: str, report: t.Callable[[str], None]) -> None:
        super().__init__()
        self._report = report
        self._doing = threading.RLock()
        self._memory: MemoryStore | None = None
        self._claims = -1
        self._connection: sqlite3.Connection | None = None
        try:
            if IMPORT_ERROR:
                raise OSError(IMPORT_ERROR)
            self._claims = _open_private(os.path.join(directory, f"vox-{name}.claims"))
            # One worker after the other: SQLite does not wait for a lock to change the journal mode, but fails. Locking
            # itself fails if the file system has no locks.
            fcntl.lockf(self._claims, fcntl.LOCK_EX, 1, _CLAIMS)
            try:
                self._connect(os.path.join(directory, f"vox-{name}.db"))
            finally:
                fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, _CLAIMS)
        except Exception as error:
            self._fall_back(error)

    def _connect(self, path: str) -> None:
        os.close(_open_private(path))
        connection = sqlite3.connect(path, timeout=_TIMEOUT, isolation_level=None, check_same_thread=False)
        self._connection = connection
        # The data is not needed after a crash of the machine, so do not wait for the disk.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS facts (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key))"
        )

    def do(self, work: t.Callable[[Facts], _Value]) -> _Value:
        return self._work("BEGIN IMMEDIATE", work)

    def read(self, work: t.Callable[[Facts], _Value]) -> _Value:
        return self._work("BEGIN", work)

    def _work(self, begin: str, work: t.Callable[[Facts], _Value]) -> _Value:
        with self._doing:
            if not self._memory:
                try:
                    self._check_complete()
                    return self._transact(begin, work)
                except (sqlite3.Error, OSError, ValueError) as error:
                    self._fall_back(error)
            return t.cast(MemoryStore, self._memory).do(work)

    def _transact(self, begin: str, work: t.Callable[[Facts], _Value]) -> _Value:
        connection = t.cast("sqlite3.Connection", self._connection)
        try:
            connection.execute(begin)
            value = work(_StoredFacts(connection))
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        return value

    @contextmanager
    def claim(self, name: str) -> t.Iterator[bool]:
        with super().claim(name) as mine:
            if not mine or self._claims < 0:
                yield mine
                return
            place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % _CLAIMS
            try:
                fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except BlockingIOError:
                yield False
                return
            except OSError as error:
                self._fall_back(error)
                yield True
                return
            try:
                yield True
            finally:
                with suppress(OSError):
                    fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, place)

    def close(self) -> None:
        self._disconnect()
        if self._claims >= 0:
            os.close(self._claims)
        self._claims = -1

    def _disconnect(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _check_complete(self) -> None:
        if os.fstat(self._claims).st_size:
            raise OSError("another worker could not use it")

    def _fall_back(self, error: Exception) -> None:
        with self._doing:
            if self._memory:
                return
            # This worker no longer writes its facts to the database, so the others must not use it either. A file can
            # grow on a full disk too, if no data is written.
            with suppress(OSError):
                os.ftruncate(self._claims, 1)
            # Claims stay: other threads may have some, and other workers respect them.
            self._disconnect()
            self._memory = MemoryStore()
        self._report(
            f"the run's directory cannot be used ({error}): each worker lists the telephone numbers itself and has its"
            " own rate limit"
        )


def _open_private(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
