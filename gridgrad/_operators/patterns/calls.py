"""The one way of a call: an exact key of all that a plan depends on, and what was bound to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any, NamedTuple, TypeAlias
from weakref import ref

import numpy as np

from ..._backends import dispatch, ladder, slices
from ..._backends.protocol import Backend
from ..._base.cache import Cache, Entry
from ..._base.checks import clean_workers
from ..._base.content import HASHED_BYTES, POINTS_BYTES, SMALL_BYTES, Content
from ..._base.tracing import is_compiling
from ..._base.types import Array
from ..._grid.walls.components import Components
from ..._grid.walls.conditions import Condition
from ..._plan.descriptor import MAX_ARRAYS
from ..._plan.plan import Plan
from ..._terms.term import Term
from ..fields.forms import Form, shaped

Key: TypeAlias = tuple[Hashable, ...]
LENT_BYTES = 1 << 10  # about what is kept of a plan that is not held

_ndarray = np.ndarray
_SIMPLE = frozenset({int, str, bool, float, type(None), np.float64})  # no option distinguishes -0.0 from 0.0


class Bound:
    """One sweep for all calls of a key: its plan, and the form of what is returned.

    With `shape` new results are the components of one array, which is returned.
    """

    __slots__ = ("dtype", "form", "library", "plan", "run", "shape")

    def __init__(
        self, library: Backend[Array], plan: Plan, dtype: object, like: Array, form: Form, shape: tuple[int, ...] | None = None
    ) -> None:  # fmt: skip
        self.library, self.plan, self.dtype = library, plan, dtype
        self.form, self.shape = form, shape
        self.run = library.bind(plan, dtype, like)

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """The results; None where the addresses do not allow one sweep."""
        if targets is None and self.shape is not None:
            whole = self.library.empty(fields[0], self.dtype, self.shape)
            return None if self.run(fields, parts(whole, self.form), workers) is None else whole
        results = self.run(fields, targets, workers)
        if results is None:
            return None
        if len(self.form) > 1:
            return shaped(results, self.form)
        return tuple(results) if self.form else results[0]


class Several:
    """Sweeps of outputs of different shapes, one after the other; each knows where all inputs are."""

    __slots__ = ("form", "parts")

    def __init__(self, parts: Sequence[tuple[Bound | Lent, Sequence[int]]], form: Form) -> None:
        self.parts, self.form = parts, form

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`: where one is None nothing that is read was written."""
        results: dict[int, Array] = {}
        for bound, places in self.parts:
            made = bound(fields, None if targets is None else [targets[k] for k in places], workers)
            if not isinstance(made, tuple):
                return None
            results.update(zip(places, made, strict=True))
        return shaped([results[k] for k in range(len(results))], self.form)


class Lent:
    """What was bound to a plan with large weights, which stay with the cache of plans: it is bound anew in each call."""

    __slots__ = ("bind", "plan")

    def __init__(self, bound: Bound) -> None:
        self.plan = ref(bound.plan)
        self.bind = partial(Bound, bound.library, dtype=bound.dtype, form=bound.form, shape=bound.shape)

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`; None also where the plan is no more."""
        plan = self.plan()
        return None if plan is None else self.bind(plan=plan, like=fields[0])(fields, targets, workers)


class Beside:
    """What was bound to fields and to coefficients behind them that stay: what a grid has itself, or is prescribed at walls."""

    __slots__ = ("bound", "coefficients")

    def __init__(self, bound: Bound | Lent, coefficients: Sequence[Array]) -> None:
        self.bound, self.coefficients = bound, coefficients

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`."""
        return self.bound((*fields, *self.coefficients), targets, workers)


class Anew:
    """An operator of scalar fields that takes several sweeps, which stays with its grid: it is called as what it is."""

    __slots__ = ("operator",)

    def __init__(self, operator: Callable[..., object]) -> None:
        self.operator = ref(operator)

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`; None also where the operator is no more."""
        operator = self.operator()
        return None if operator is None else operator(fields[0], None if targets is None else targets[0], workers)


class Calls:
    """What was bound to the keys of calls."""

    def __init__(self, name: str | None, entries: int, nbytes: int | None = None) -> None:
        self._bounds: Cache[Bound | Lent | Several | Beside | Anew] = Cache(name, entries, nbytes)
        self._held = self._bounds.held

    def again(
        self,
        key: list[Hashable],
        fields: Sequence[Array],
        targets: Sequence[Array] | None,
        workers: int | None,
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
            key.append(None if library is None else library.facts(a))
            if key[-1] is None:
                return None
        found = self._held.get(tuple(key))
        if found is None:
            return None
        found.used = Entry.now
        if workers is not None:
            workers = clean_workers(workers)
        return found.value(fields, targets, workers)

    def __len__(self) -> int:
        return len(self._bounds)

    def find(self, key: Key) -> Bound | None:
        """What is bound to a key, and holds its weights."""
        found = self._bounds.get(key)
        return found if isinstance(found, Bound) else None

    def keep(self, key: Key, bound: Bound, beside: Sequence[Array] = ()) -> None:
        """Bind to a key, which must not hold large weights of small arrays; with the coefficients that come behind its fields."""
        held = self._held_or_lent(bound)
        nbytes = LENT_BYTES if isinstance(held, Lent) else bound.plan.nbytes
        nbytes += sum(map(_bytes_of, beside)) + _bytes_in(key)
        self._bounds.put(key, Beside(held, beside) if beside else held, nbytes)

    def keep_operator(self, key: Key, operator: Callable[..., object]) -> None:
        """Find the operator of scalar fields by a key."""
        self._bounds.put(key, Anew(operator), LENT_BYTES + _bytes_in(key))

    def _held_or_lent(self, bound: Bound) -> Bound | Lent:
        return bound if bound.plan.nbytes <= 4 * SMALL_BYTES * len(bound.plan.terms) else Lent(bound)

    def first(
        self, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form, workers: int | None
    ) -> object:
        """Bind a call to its key and run it; None where it is not one sweep over memory that need not be copied."""
        fields, targets = given.fields, given.targets
        if targets is not None and not _has_form(given.how.nested, form):
            return None  # to be refused, or to be read in another way
        library = library.among(fields)  # which refuses fields of several devices
        like = slices.leading(fields)
        dtype, shapes = library.result_dtype(like), ladder.result_shapes(terms, fields, prod(form))
        if targets is not None:
            ladder.check_targets(library, targets, fields, dtype, shapes)
        shape = (*form, *shapes[0]) if given.how.is_stacked and form and len(set(shapes)) == 1 else None
        with library.at(like):
            whole = None if targets is not None or shape is None else library.empty(fields[0], dtype, shape)
            if targets is None:
                targets = (
                    parts(whole, form)
                    if whole is not None
                    else [library.empty(fields[0], dtype, own) for own in shapes]
                )
            if len(set(shapes)) > 1:
                return self._in_several(given, library, terms, form, targets, workers)
            plan = ladder.bound(library, terms, fields, targets, given.how.adds)
        if plan is None:
            return None
        bound = Bound(library, plan, dtype, fields[0], form, shape)
        self.keep(given.key, bound)
        done = bound(fields, targets, workers)
        return done if whole is None or done is None else whole

    def _in_several(
        self, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form, targets: Sequence[Array],
        workers: int | None,
    ) -> object:  # fmt: skip
        """A call whose outputs differ in shape; None where one of its sweeps is not that."""
        fields, held = given.fields, []
        dtype = library.result_dtype(slices.leading(fields))
        for own, places in ladder.alike(terms, [tuple(target.shape) for target in targets]):
            plan = ladder.bound(library, own, fields, [targets[k] for k in places], given.how.adds)
            if plan is None:
                return None
            bound = Bound(library, plan, dtype, fields[0], (len(places),))
            held.append((self._held_or_lent(bound), places))
        several = Several(held, form)
        self._bounds.put(given.key, several, LENT_BYTES * len(held))
        return several(fields, targets, workers)


class How(NamedTuple):
    """What of a call decides its plan beside the arrays."""

    is_stacked: bool = False  # the field came as one array
    nested: Hashable = None  # how the targets were nested
    adds: bool = False  # to what the targets hold


class Plain(NamedTuple):
    """The arrays of a call as they came, which are plain memory."""

    key: Key
    fields: Sequence[Array]  # and coefficients
    targets: Sequence[Array] | None
    how: How


def parts(whole: Array, form: Form) -> list[Array]:
    """The components of a stacked array, as views."""
    return list(whole) if len(form) == 1 else [whole[index] for index in product(*map(range, form))]


def key_of(key: list[Hashable], fields: Sequence[Array], targets: Sequence[Array] | None) -> Key | None:
    """A key that begins so, with the facts of all arrays; None where the numbers of one are not all there is."""
    # Where fields end, and whether there are targets; as `Calls.again` makes it, which must be fast.
    key.append(len(fields) if targets is None else -len(fields))
    for a in fields if targets is None else (*fields, *targets):
        facts = _facts(a)
        if facts is None:
            return None
        if type(a) is _ndarray:
            key += facts
        else:
            key.append(facts)
    return tuple(key)


def _facts(a: Array) -> Any:
    """Of an array of any library."""
    library = dispatch.found(type(a))
    return None if library is None else library.facts(a)


def _bytes_of(c: Array) -> int:
    """What a coefficient holds, which may be the view of one number: strides are in bytes, or else in numbers of 8 bytes at most."""
    shape, strides = _facts(c)[:2]
    reach: int = sum(abs(step) * n for n, step in zip(shape, strides, strict=True))
    return reach if hasattr(c, "strides") else 8 * reach


def _bytes_in(key: Key) -> int:
    """The coordinates that it keeps, but for small ones."""
    return sum(part.nbytes for part in key if type(part) is Content)


def plain_of(
    fields: Sequence[Array], targets: Sequence[Array] | None, how: How
) -> Plain | None:
    """The arrays of a call, if they are plain memory."""
    key = key_of([*how], fields, targets) if fields else None
    return None if key is None else Plain(key, fields, targets, how)


def is_traced(fields: Sequence[Array]) -> bool:
    """Whether a compiler traces a call with these: it has no facts of them."""
    return not (fields and type(fields[0]) is _ndarray) and is_compiling()


def flat_out(out: object, fields: Sequence[Array]) -> tuple[list[Array], Hashable]:
    """The arrays of ``out=``, and how they are nested: what is odd there is one array."""
    if type(out) is _ndarray and fields and type(fields[0]) is _ndarray and out.ndim == fields[0].ndim:
        return [out], None
    return _flat(out, getattr(fields[0], "ndim", 0) if fields else 0)


def _flat(out: Any, ndim: int) -> tuple[list[Array], Hashable]:
    if type(out) is list or type(out) is tuple:
        found = [_flat(entry, ndim) for entry in out]
        return [a for entry in found for a in entry[0]], tuple([entry[1] for entry in found])
    extra = getattr(out, "ndim", 0) - ndim
    if extra <= 0 or extra > 2 or prod(out.shape[:extra]) > MAX_ARRAYS:
        return [out], None
    shape = tuple(out.shape[:extra])
    return parts(out, shape), shape


def _has_form(nested: Hashable, form: Form) -> bool:
    """Whether targets that are nested so are those of results of this form."""
    if not form or not isinstance(nested, tuple):
        return nested is None and not form
    return nested == form or (len(nested) == form[0] and all(_has_form(entry, form[1:]) for entry in nested))


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
