"""The one way of a call: an exact key of all that a plan depends on, and what was bound to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple, Protocol, TypeAlias
from weakref import ref

import numpy as np

from ..._backends import dispatch
from ..._backends.protocol import Backend
from ..._base.cache import HASHED_BYTES, POINTS_BYTES, SMALL_BYTES, Cache, Content, Entry
from ..._base.checks import clean_workers
from ..._base.tracing import is_compiling
from ..._base.types import Array, Shape
from ..._grid.walls.components import Components
from ..._grid.walls.conditions import Condition
from ..._plan.plan import Plan
from ..fields.forms import Form, parts, shaped

Key: TypeAlias = tuple[Hashable, ...]
Arrays: TypeAlias = Sequence[Array]
# Of fields, targets and a number of threads; None where the addresses do not allow one sweep, and nothing that is read was written.
Run: TypeAlias = Callable[[Arrays, Arrays | None, int | None], object]

LENT_BYTES = 1 << 10  # about what is kept of a plan that is not held
_ndarray = np.ndarray
_SIMPLE = frozenset({int, str, bool, float, type(None), np.float64})  # no option distinguishes -0.0 from 0.0


class Kept(Protocol):
    """What was bound to calls of one key."""

    @property
    def nbytes(self) -> int:
        """Of the weights that it holds."""

    def __call__(self, fields: Arrays, targets: Arrays | None, workers: int | None, /) -> object:
        """The results."""


class Calls(Cache[Run]):
    """What was bound to the keys of calls."""

    def again(
        self, key: list[Hashable], fields: Arrays, targets: Arrays | None, workers: int | None
    ) -> object:
        """The results of a call that was seen before; None if it has to be looked at in full.

        `key` is all but the facts of the arrays, which are added to it.
        """
        key.append(len(fields) if targets is None else -len(fields))
        known: type | None = None  # the class that was looked up last: arrays of one call are of one
        for a in fields if targets is None else (*fields, *targets):
            cls = type(a)
            if cls is _ndarray:
                key += a.shape, a.strides, a.dtype
                continue
            if cls is not known:
                known, library = cls, dispatch.found(cls)
            key.append(None if library is None else library.key(a))
            if key[-1] is None:
                return None
        found = self.held.get(tuple(key))
        if found is None:
            return None
        found.used = Entry.now
        if workers is not None:
            workers = clean_workers(workers)
        return found.value(fields, targets, workers)

    def find(self, key: Key) -> Kept | None:
        """What is bound to a key, and holds its weights."""
        found = self.held.get(key)
        own = None if found is None else getattr(found.value, "__self__", None)
        return None if isinstance(own, Lent) else own

    def keep(self, key: Key, bound: Kept, beside: Arrays = ()) -> None:
        """Bind to a key, which must not hold large weights of small arrays; with the coefficients that come behind its fields."""
        held = held_or_lent(bound) if isinstance(bound, Bound) else bound
        nbytes = held.nbytes + sum(map(bytes_of, beside)) + _bytes_in(key)
        run = held.__call__  # a method of an object is called sooner than the object
        self.put(key, _with(run, beside) if beside else run, nbytes)

    def keep_operator(self, key: Key, operator: Callable[..., object], inputs: Form, outputs: Form) -> None:
        """Find an operator, which takes several sweeps and stays with its grid, by a key."""
        self.put(key, _anew(ref(operator), inputs, outputs), LENT_BYTES + _bytes_in(key))


class Bound:
    """One sweep for all calls of a key: its plan, and the form of what is returned.

    With `shape` new results are the components of one array, which is returned.
    """

    __slots__ = ("dtype", "form", "library", "nbytes", "plan", "run", "shape")

    def __init__(
        self, library: Backend[Array], plan: Plan, dtype: object, like: Array, form: Form, shape: Shape | None = None
    ) -> None:  # fmt: skip
        self.library, self.plan, self.dtype = library, plan, dtype
        self.form, self.shape = form, shape
        self.nbytes = plan.nbytes  # of the weights that it holds
        self.run = library.bind(plan, dtype, like)

    def __call__(self, fields: Arrays, targets: Arrays | None, workers: int | None) -> object:
        """The results."""
        if targets is None and self.shape is not None:
            whole = self.library.empty(fields[0], self.dtype, self.shape)
            return None if self.run(fields, parts(whole, self.form), workers) is None else whole
        results = self.run(fields, targets, workers)
        if results is None:
            return None
        if not self.form:
            return results[0]
        return tuple(results) if len(self.form) == 1 else shaped(results, self.form)


class Lent:
    """What was bound to a plan with large weights, which stay with the cache of plans: it is bound anew in each call."""

    __slots__ = ("bind", "plan")
    nbytes = LENT_BYTES

    def __init__(self, bound: Bound) -> None:
        self.plan = ref(bound.plan)
        self.bind = partial(Bound, bound.library, dtype=bound.dtype, form=bound.form, shape=bound.shape)

    def __call__(self, fields: Arrays, targets: Arrays | None, workers: int | None) -> object:
        """The results; None also where the plan is no more."""
        plan = self.plan()
        return None if plan is None else self.bind(plan=plan, like=fields[0])(fields, targets, workers)


functions = Calls("calls", entries=512)  # those of functions, of all grids


def _with(bound: Run, coefficients: Arrays) -> Run:
    """What was bound to fields and to coefficients behind them that stay: what a grid has itself, or is prescribed at walls."""
    return lambda fields, targets, workers: bound((*fields, *coefficients), targets, workers)


def _anew(held: Callable[[], Callable[..., object] | None], inputs: Form, outputs: Form) -> Run:
    """An operator that is called as what it is; None also where it is no more."""

    def run(fields: Arrays, targets: Arrays | None, workers: int | None) -> object:
        operator, out = held(), targets and shaped(targets, outputs)
        return None if operator is None else operator(shaped(fields, inputs), out=out, workers=workers)

    return run


class How(NamedTuple):
    """What of a call decides its plan beside the arrays."""

    is_stacked: bool = False  # the field came as one array
    nested: Hashable = None  # how the targets were nested
    adds: bool = False  # to what the targets hold


class Plain(NamedTuple):
    """The arrays of a call as they came, which are plain memory."""

    key: Key
    fields: Arrays  # and coefficients
    targets: Arrays | None
    how: How


def key_of(key: list[Hashable], fields: Arrays, targets: Arrays | None) -> Key | None:
    """A key that begins so, with the facts of all arrays; None where the numbers of one are not all there is."""
    # Where fields end, and whether there are targets; as `Calls.again` makes it, which must be fast.
    key.append(len(fields) if targets is None else -len(fields))
    for a in fields if targets is None else (*fields, *targets):
        if type(a) is _ndarray and a.dtype.kind not in "mM":  # of others the first may not be all there is
            key += a.shape, a.strides, a.dtype
            continue
        library = dispatch.found(type(a))
        key.append(None if library is None else library.key(a))
        if key[-1] is None:
            return None
    return tuple(key)


def _facts(a: Array) -> Any:
    """Of an array of any library."""
    library = dispatch.found(type(a))
    return None if library is None else library.facts(a)


def bytes_of(c: Array) -> int:
    """What a coefficient holds, which may be the view of one number: strides are in bytes, or else in numbers of 8 bytes at most."""
    shape, strides = _facts(c)[:2]
    reach: int = sum(abs(step) * n for n, step in zip(shape, strides, strict=True))
    return reach if hasattr(c, "strides") else 8 * reach


def _bytes_in(key: Key) -> int:
    """The coordinates that it keeps, but for small ones."""
    return sum(part.nbytes for part in key if type(part) is Content)


def kept_key(key: Key) -> Key:
    """A key that may stay in a cache."""
    return tuple([part.kept() if type(part) is Content else part for part in key])


def held_or_lent(bound: Bound) -> Bound | Lent:
    """What is bound, held with its weights where these are small."""
    return bound if bound.nbytes <= 4 * SMALL_BYTES * len(bound.plan.terms) else Lent(bound)


def plain_of(fields: Arrays, targets: Arrays | None, how: How) -> Plain | None:
    """The arrays of a call, if they are plain memory."""
    key = key_of([*how], fields, targets) if fields else None
    return None if key is None else Plain(key, fields, targets, how)


def is_traced(fields: Arrays) -> bool:
    """Whether a compiler traces a call with these: it has no facts of them."""
    return not (fields and type(fields[0]) is _ndarray) and is_compiling()


def start_of(
    name: str, spacing: tuple[Any, ...], options: tuple[object, ...], how: Hashable
) -> list[Hashable] | None:
    """The key of a function's call before its arrays, exactly typed, as 1, 1.0 and True are equal.

    Coordinates enter by content, so an array that was changed in place is another key. None of what is not kept.
    """
    kinds = (*map(type, options),)
    key: list[Any] = [name, how, options, kinds]
    for value in spacing:
        kind = type(value)
        if kind is _ndarray and value.nbytes <= HASHED_BYTES:
            key += value.dtype, value.shape, value.tobytes()
        elif kind is float or kind is int or kind is np.float64:
            key += kind, value
        elif kind is _ndarray and value.nbytes <= (SMALL_BYTES if value.ndim < 2 else POINTS_BYTES):
            key.append(Content(value))
        else:
            values = _small_memory(value)
            if values is None:
                return None
            key += values.dtype, values.shape, values.tobytes()
    if not _SIMPLE.issuperset(kinds):
        key[2] = _frozen(options)
        return None if key[2] is None else key
    return key


def _small_memory(value: Any) -> Array | None:
    """The numbers of a small array of another library, which may have changed since it was read; None of all else."""
    if getattr(value, "ndim", 2) > 1 or _facts(value) is None or prod(value.shape) * 8 > SMALL_BYTES:
        return None
    values: Array = np.asarray(dispatch.host(value, 0))
    return values


def _frozen(value: Any) -> Hashable:
    """Sequences of options, exactly typed; None of what is not kept."""
    kind = type(value)
    if kind in _SIMPLE or kind is Condition or kind is Components:
        return kind, value
    if kind is not tuple and kind is not list:
        return None
    entries = tuple([_frozen(entry) for entry in value])
    return None if None in entries else (kind, entries)
