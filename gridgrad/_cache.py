"""A cache of what was used last, bounded by entries and by bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class RecentlyUsed(Generic[Value]):
    """Values by key; the least recently used go first. Safe to share between threads."""

    def __init__(self, entries: int, nbytes: int) -> None:
        self.entries, self.nbytes = entries, nbytes
        self._held: OrderedDict[Any, tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Any) -> Value | None:
        """The value of `key`, or None."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Any, value: Value, nbytes: int) -> None:
        """Keep `value`, unless it alone is more than the bound."""
        if nbytes > self.nbytes:
            return
        with self._lock:
            replaced = self._held.pop(key, None)
            self._bytes += nbytes - (replaced[1] if replaced else 0)
            self._held[key] = value, nbytes
            while len(self._held) > self.entries or self._bytes > self.nbytes:
                self._bytes -= self._held.popitem(last=False)[1][1]

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._bytes = 0
