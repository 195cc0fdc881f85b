"""The one kind of cache: bounded in entries and bytes, the least recently used goes first, without a lock; arrays as its keys."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from .types import Array

Value = TypeVar("Value")
Function = TypeVar("Function", bound=Callable[..., object])

if TYPE_CHECKING:
    from functools import cached_property as cached_property
else:

    class cached_property(functools.cached_property):
        """Without the lock that it has in Python 3.11: a child forked meanwhile would wait for it for ever."""

        def __get__(self, of, owner=None):
            return self if of is None else of.__dict__.setdefault(self.attrname, self.func(of))

        def __repr__(self):  # as `help` shows it
            return "<made at the first use>"


def attributes(of: object) -> dict[str, object]:
    """The attributes of an object without what is made when it is asked for: equal objects are the same bytes."""
    kind = type(of)
    return {k: v for k, v in vars(of).items() if not isinstance(getattr(kind, k, None), cached_property)}


# What all caches together may hold of this machine's memory, and the share of each. Beyond it each keeps
# its two largest entries (a derivative and its adjoint), or a long axis would be made again at every call.
BUDGET = 128 << 20
LARGE = 2
SHARES = {
    "stencils": 36 << 20,
    "solvers": 4 << 20,
    "multiples": 7 << 20,
    "tables": 30 << 20,
    "plans": 24 << 20,
    "chunks": 2 << 20,
    "adjoints": 8 << 20,
    "grids": 8 << 20,
    "calls": 4 << 20,
    "algebras": 2 << 20,
    "complex terms": 1 << 20,
    "kernels": 1 << 20,
    "libraries": 128 << 10,
    "files": 1 << 10,
    "labelled classes": 64 << 10,
    "array API libraries": 64 << 10,
    "functions": 256 << 10,
    "ufuncs": 256 << 10,
    "units": 255 << 10,
}
DEVICE_SHARES = {"device tables": 128 << 20, "device plans": 128 << 20}  # of a device's memory

# Arrays in keys, by their content.
SMALL_BYTES = 32 << 10  # of coordinates whose calls are kept
POINTS_BYTES = 512 << 10  # the same of those at every point, beside which fields are as large
HASHED_BYTES = 4 << 10  # up to this, hashing bytes is faster than comparing arrays
SAMPLES, PIECE = 64, 1 << 16  # points that are hashed; points that are compared at a time

_caches: dict[str, Cache[Any]] = {}
_by_use = attrgetter("used")


class Entry(Generic[Value]):
    """A value with its key, what it weighs, and when it was last used.

    Time goes on when an entry is made, as between two of them nothing can leave: by two, so that what
    is used after an entry was made is younger than that.
    """

    __slots__ = ("key", "nbytes", "used", "value")
    now: ClassVar[int] = 0

    def __init__(self, key: Hashable, value: Value, nbytes: int) -> None:
        Entry.now += 2
        self.key, self.value, self.nbytes, self.used = key, value, nbytes, Entry.now - 1


class Cache(Generic[Value]):
    """Values by key; when there are too many, those leave that were not used for longest, and no others.

    The bound of bytes is for all entries but the two largest, so that the newest is kept whatever its
    size, and small ones beside it do not drive it out. Every step is a single operation of a dictionary:
    threads can share it, a forked child and a signal handler can use it at any moment, and there is no
    lock to be left held. What a race can lose is an entry, which then is made again.
    """

    def __init__(self, name: str | None, entries: int, nbytes: int | None = None) -> None:
        """A `name` makes it one of those that `show_config` lists and `clear_caches` empties."""
        self.entries = entries
        self.nbytes = (SHARES | DEVICE_SHARES)[name or ""] if nbytes is None else nbytes
        self.made = 0
        self.bytes = 0
        self._exempt = 0  # the bytes of the two largest, when they were last looked for
        self.held: dict[Hashable, Entry[Value]] = {}
        if name is not None:
            _caches[name] = self

    def get(self, key: Hashable) -> Value | None:
        """The value of `key`, or None."""
        entry = self.held.get(key)
        if entry is None:
            return None
        entry.used = Entry.now
        return entry.value

    def put(self, key: Hashable, value: Value, nbytes: int) -> None:
        """Keep `value`; others leave while there are more than the bounds allow."""
        entry, before = Entry(key, value, nbytes), self.held.get(key)
        if before is not None:
            self.bytes, self._exempt = self.bytes - before.nbytes, 0
        self.bytes += nbytes
        self.held[key] = entry
        self.made += 1
        if len(self.held) > self.entries or self.bytes - self._exempt > self.nbytes:
            self._shrink()

    def pop(self, key: Hashable) -> Value | None:
        """The value of `key`, which is forgotten, or None."""
        entry = self.held.pop(key, None)
        if entry is None:
            return None
        self.bytes, self._exempt = self.bytes - entry.nbytes, 0
        return entry.value

    def _shrink(self) -> None:
        """What was used last stays, up to the bounds, or an eighth below the one that was passed: sorting takes time."""
        line = sorted(list(self.held.values()), key=_by_use)[::-1]
        is_full, is_large = len(line) > self.entries, self.bytes - self._exempt > self.nbytes
        entries = self.entries - is_full * self.entries // 8
        nbytes = self.nbytes - is_large * self.nbytes // 8
        total, exempt, stays = 0, [0] * LARGE, 0
        for entry in line:
            largest = sorted([*exempt, entry.nbytes])[-LARGE:]
            if stays and (stays >= entries or total + entry.nbytes - sum(largest) > nbytes):
                break
            total, exempt, stays = total + entry.nbytes, largest, stays + 1
        for entry in line[stays:]:
            self.held.pop(entry.key, None)
        self.bytes, self._exempt = total, sum(exempt)  # also right where threads counted past each other

    def __len__(self) -> int:
        return len(self.held)

    def clear(self) -> None:
        """Forget everything."""
        self.held.clear()
        self.bytes = self._exempt = 0


class Content:
    """An array as a key: hashed by a sample of it, and then compared in full.

    So an array that was changed in place, if only at one point, is another key. Comparing runs at the
    speed of memory, several times faster than hashing. A key that stays must be `kept`.
    """

    __slots__ = ("hash", "nbytes", "sample", "values", "whole")

    def __init__(self, values: Array) -> None:
        self.values = line = values.reshape(-1)
        self.nbytes = values.nbytes
        self.whole = values.size < 2 * SAMPLES  # the sample is all of it
        points = line if self.whole else line[:: line.size // SAMPLES]
        self.sample = (values.dtype, values.shape, points.tobytes())
        self.hash = hash(self.sample)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Content) or self.sample != other.sample:
            return False
        mine, others = self.values, other.values
        starts = range(0, 0 if self.whole else len(mine), PIECE)
        return all(np.array_equal(mine[k : k + PIECE], others[k : k + PIECE]) for k in starts)

    def kept(self) -> Content:
        """The same key, with a copy that nobody else can change."""
        return self if self.whole else Content(self.values.copy().reshape(self.sample[1]))


def by_content(values: Array) -> Hashable:
    """The part of a key that an array is."""
    small = values.nbytes <= HASHED_BYTES
    return (values.dtype, values.shape, values.tobytes()) if small else Content(values)


def cached(name: str, entries: int, each: int | Callable[..., int] = 256) -> Callable[[Function], Function]:
    """A function whose results are kept by its (hashable) arguments, `each` counted as so many bytes.

    Where that differs, a function tells the bytes of a result and its arguments.
    """

    def of(function: Function) -> Function:
        cache: Cache[object] = Cache(name, entries)

        @functools.wraps(function)
        def call(*arguments: Hashable, **words: Hashable) -> object:
            key = (*arguments, *words.items()) if words else arguments
            found = cache.get(key)
            if found is None:
                found = function(*arguments, **words)
                cache.put(key, found, each if isinstance(each, int) else each(found, *arguments, **words))
            return found

        call.cache_clear = cache.clear  # type: ignore[attr-defined]  # functools' name
        return call  # type: ignore[return-value]

    return of


def clear_caches() -> None:
    """Forget all that was kept to make later calls fast: stencils, plans, device tables and the rest.

    No result changes, only the time of the next calls. Grids and operators that you hold keep what
    they have made, and CUDA graphs that were captured keep their weights. Memory of a CUDA device is
    given back when tables are next copied to it, as freeing it would break a graph that is being captured.

    Examples
    --------
    >>> import gridgrad as gg
    >>> gg.clear_caches()
    >>> gg.show_config(mode="dict")["caches"]["plans"]["entries"]
    0
    """
    for cache in list(_caches.values()):
        cache.clear()


def describe() -> dict[str, dict[str, int]]:
    """For each cache that is in use: its entries, their bytes, and how many were ever made."""
    return {
        name: {"entries": len(cache), "bytes": cache.bytes, "made": cache.made}
        for name, cache in sorted(_caches.items())
    }
