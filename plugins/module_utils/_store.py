# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 1: stores for facts about an organization.

The store here is in memory, for one process. ``plugin_utils/_run_store.py`` has a store for all workers of a run.
"""

from __future__ import annotations

import threading
import typing as t
from contextlib import contextmanager

_Value = t.TypeVar("_Value")


class Facts(t.Protocol):
    """Values by kind and key. A value can be represented in JSON, and is never modified in place."""

    def get(self, kind: str, key: str) -> t.Any:
        """The value. None if there is none."""

    def all(self, kind: str) -> dict[str, t.Any]:
        """All values of a kind."""

    def some(self, kind: str, keys: t.Collection[str]) -> dict[str, t.Any]:
        """The values of those keys that exist."""

    def put(self, kind: str, values: t.Mapping[str, t.Any]) -> None:
        """Add the values, and replace those of the same keys."""

    def drop(self, kind: str, key: str) -> None:
        """Remove a value, if there is one."""


class Store(t.Protocol):
    """Facts that several threads, and with some stores several processes, can read and write."""

    def do(self, work: t.Callable[[Facts], _Value]) -> _Value:
        """Do the work on the facts as an exclusive transaction.

        The work may be done twice, so it must not have other effects.
        """

    def read(self, work: t.Callable[[Facts], _Value]) -> _Value:
        """The same for work that changes nothing. It does not block other users, so it can take longer."""

    def claim(self, name: str) -> t.ContextManager[bool]:
        """Claim a name exclusively in the ``with`` block. Yields False if another user has claimed it.

        The claims of a process end with the process.
        """


POLL = 0.02
"""Seconds between two checks whether a claim has ended."""


@contextmanager
def claimed(store: Store, name: str, sleep: t.Callable[[float], t.Any]) -> t.Iterator[None]:
    """Claim something exclusively. Waits for it."""
    while True:
        with store.claim(name) as mine:
            if mine:
                yield
                return
        sleep(POLL)


class MemoryFacts:
    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, t.Any]] = {}

    def get(self, kind: str, key: str) -> t.Any:
        return self._kinds.get(kind, {}).get(key)

    def all(self, kind: str) -> dict[str, t.Any]:
        return dict(self._kinds.get(kind, {}))

    def some(self, kind: str, keys: t.Collection[str]) -> dict[str, t.Any]:
        values = self._kinds.get(kind, {})
        return {key: values[key] for key in keys if key in values}

    def put(self, kind: str, values: t.Mapping[str, t.Any]) -> None:
        self._kinds.setdefault(kind, {}).update(values)

    def drop(self, kind: str, key: str) -> None:
        self._kinds.get(kind, {}).pop(key, None)


class Claims:
    """Claims between the threads of one process."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @contextmanager
    def claim(self, name: str) -> t.Iterator[bool]:
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        claimed = lock.acquire(blocking=False)
        try:
            yield claimed
        finally:
            if claimed:
                lock.release()


class MemoryStore(Claims):
    def __init__(self) -> None:
        super().__init__()
        self._facts = MemoryFacts()
        self._doing = threading.RLock()

    def do(self, work: t.Callable[[Facts], _Value]) -> _Value:
        with self._doing:
            return work(self._facts)

    read = do
