# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 1: where facts about an organization are kept.

In memory, for one process. ``plugin_utils/_run_store.py`` keeps them for all workers of a run.
"""

from __future__ import annotations

import threading
import typing as t
from contextlib import contextmanager

_Value = t.TypeVar("_Value")


class Facts(t.Protocol):
    """Values by kind and key. A value is what JSON can hold, and is never modified in place."""

    def get(self, kind: str, key: str) -> t.Any:
        """The value, or None if there is none."""

    def all(self, kind: str) -> dict[str, t.Any]: ...

    def some(self, kind: str, keys: t.Collection[str]) -> dict[str, t.Any]:
        """Those of the keys that there are."""

    def put(self, kind: str, values: t.Mapping[str, t.Any]) -> None: ...

    def drop(self, kind: str, key: str) -> None: ...


class Store(t.Protocol):
    """Facts that several threads, and with some stores several processes, read and write."""

    def do(self, work: t.Callable[[Facts], _Value]) -> _Value:
        """Do the work on the facts, all of it or nothing, while nobody else does anything to them.

        It may be done twice, so it must have no other effects.
        """

    def read(self, work: t.Callable[[Facts], _Value]) -> _Value:
        """The same for work that changes nothing, which may take its time: nobody has to wait for it."""

    def claim(self, name: str) -> t.ContextManager[bool]:
        """Have something for oneself, for as long as it takes, if nobody else has it: whether that is so.

        If a process dies, its claims end.
        """


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
    """Claims among the threads of one process."""

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
