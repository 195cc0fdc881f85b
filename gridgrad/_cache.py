"""A cache bounded by entries and by bytes, without a lock."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """Values by key; when the next one would pass a bound, all are forgotten.

    Single dictionary operations are all that touch it, so threads can share it, a forked child and
    a signal handler can use it at any moment, and there is no lock to be left held.
    """

    def __init__(self, entries: int, nbytes: int) -> None:
        self.entries, self.nbytes = entries, nbytes
        self._held: dict[Any, Value] = {}
        self._bytes = 0

    def get(self, key: Any) -> Value | None:
        """The value of `key`, or None."""
        return self._held.get(key)

    def put(self, key: Any, value: Value, nbytes: int) -> None:
        """Keep `value`, unless it alone is more than the bound."""
        if nbytes > self.nbytes:
            return
        if len(self._held) >= self.entries or self._bytes + nbytes > self.nbytes:
            self.clear()
        self._held[key] = value
        self._bytes += nbytes

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """Forget everything."""
        self._held = {}
        self._bytes = 0
