"""The one way of a call: an exact key of all that a plan depends on, and what was bound to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple, TypeAlias
from weakref import ref

import numpy as np

from ..._backends import dispatch, ladder, slices
from ..._backends.protocol import Backend
from ..._base.cache import HASHED_BYTES, POINTS_BYTES, SMALL_BYTES, Cache, Content, Entry
from ..._base.checks import clean_workers
from ..._base.tracing import is_compiling
from ..._base.types import Array, Shape
from ..._grid.walls.components import Components
from ..._grid.walls.conditions import Condition
from ..._plan.plan import Plan
from ..._terms.real import real_terms
from ..._terms.term import Term, shapes_of, stencil_bytes
from ..fields.forms import Form, has_form, parts, shaped

Key: TypeAlias = tuple[Hashable, ...]
Arrays: TypeAlias = Sequence[Array]
# Of fields, targets and a number of threads; None where the addresses do not allow one sweep, and nothing that is read was written.
Run: TypeAlias = Callable[[Arrays, Arrays | None, int | None], object]
Fresh: TypeAlias = Callable[[Array], tuple[Array | None, list[Array]]]

LENT_BYTES = 1 << 10  # about what is kept of a plan that is not held
_ndarray = np.ndarray
_SIMPLE = frozenset({int, str, bool, float, type(None), np.float64})  # no option distinguishes -0.0 from 0.0


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

    def find(self, key: Key) -> Bound | InParts | InGraph | None:
        """What is bound to a key, and holds its weights."""
        found = self.held.get(key)
        own = None if found is None else getattr(found.value, "__self__", None)
        return None if isinstance(own, Lent) else own

    def keep(self, key: Key, bound: Bound | InParts | InGraph, beside: Arrays = ()) -> None:
        """Bind to a key, which must not hold large weights of small arrays; with the coefficients that come behind its fields."""
        held = held_or_lent(bound) if isinstance(bound, Bound) else bound
        nbytes = held.nbytes + sum(map(bytes_of, beside)) + _bytes_in(key)
        run = held.__call__  # a method of an object is called sooner than the object
        self.put(key, _with(run, beside) if beside else run, nbytes)

    def keep_operator(self, key: Key, operator: Callable[..., object], inputs: Form, outputs: Form) -> None:
        """Find an operator, which takes several sweeps and stays with its grid, by a key."""
        self.put(key, _anew(ref(operator), inputs, outputs), LENT_BYTES + _bytes_in(key))

    def first(
        self, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form, workers: int | None
    ) -> object:
        """Bind a call to its key and run it; None where it is not one sweep over memory that need not be copied."""
        fields, targets = given.fields, given.targets
        if workers is not None:
            workers = clean_workers(workers)
        if targets is not None and not has_form(given.how.nested, form):
            return None  # to be refused, or to be read in another way
        if targets is None and any(library.facts(field) is None for field in fields):
            return self._in_graph(given, library, terms, form)
        # which refuses fields of several devices
        like, library = slices.leading(fields), library.among(fields)
        dtype, shapes = library.result_dtype(like), shapes_of(terms, fields, prod(form))
        if targets is not None:
            ladder.check_targets(library, targets, fields, dtype, shapes)
        shape = (*form, *shapes[0]) if given.how.is_stacked and form and len(set(shapes)) == 1 else None
        made = partial(_fresh, library, dtype=dtype, shape=shape, form=form, shapes=shapes)
        with library.at(like):
            whole, targets = made(fields[0]) if targets is None else (None, targets)
            if len(set(shapes)) > 1:
                return self._in_several(given, library, terms, form, targets, workers)
            kinds = ladder.in_parts(library, terms, fields)
            own, outs = fields, targets
            if kinds is not None:
                terms = real_terms(terms, kinds)
                own, outs = ladder.parts_of(library, fields, kinds), ladder.parts_of(library, targets)
            plan = ladder.bound(library, terms, own, outs, given.how.adds)
        if plan is None:
            return None
        if kinds is None:
            bound: Bound | InParts = Bound(library, plan, dtype, fields[0], form, shape)
        else:
            parts_bound = held_or_lent(Bound(library, plan, dtype, own[0], (len(outs),)))
            bound = InParts(library, parts_bound, kinds, form, made)
        self.keep(given.key, bound)
        done = bound(fields, targets, workers)
        return done if whole is None or done is None else whole

    def _in_graph(self, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form) -> object:
        """A call of fields of which some are differentiated; None where it is more than one step of a graph, or has large weights."""
        if given.key in self.held:  # as `_in_full`, else it had been run
            return None
        if given.how.is_stacked or stencil_bytes(terms) > 4 * SMALL_BYTES * len(terms):
            return None
        run = library.among(given.fields).in_graph(terms, given.fields, prod(form))
        if run is None:
            self.put(given.key, _in_full, LENT_BYTES)
            return None
        bound = InGraph(run, form, 4 * stencil_bytes(terms))  # with the transpose, and tables of both
        self.keep(given.key, bound)
        return bound(given.fields, None, None)

    def _in_several(
        self, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form, targets: Arrays,
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
            held.append((held_or_lent(bound), places))
        several = _several(held, form)
        self.put(given.key, several, LENT_BYTES * len(held))
        return several(fields, targets, workers)


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


class InGraph:
    """What was bound to arrays of which some are differentiated."""

    __slots__ = ("form", "nbytes", "run")

    def __init__(self, run: Callable[[Arrays], Arrays], form: Form, nbytes: int) -> None:
        self.run, self.form, self.nbytes = run, form, nbytes

    def __call__(self, fields: Arrays, targets: Arrays | None, workers: int | None) -> object:
        """The results, which the graph has too."""
        return shaped(self.run(fields), self.form)


def _in_full(fields: Arrays, targets: Arrays | None, workers: int | None) -> None:
    """A call that is looked at in full each time, as its derivatives take more than one step."""


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


class InParts:
    """What was bound to the real and the imaginary parts, which are views, of complex arrays: one sweep over all of them."""

    __slots__ = ("bound", "form", "fresh", "kinds", "library", "nbytes")

    def __init__(
        self, library: Backend[Array], bound: Bound | Lent, kinds: Sequence[bool], form: Form, fresh: Fresh
    ) -> None:
        self.library, self.bound = library, bound
        self.kinds, self.form, self.fresh = kinds, form, fresh
        self.nbytes = self.bound.nbytes

    def __call__(self, fields: Arrays, targets: Arrays | None, workers: int | None) -> object:
        """The results."""
        whole = None
        if targets is None:
            whole, targets = self.fresh(fields[0])
        library = self.library
        own, outs = ladder.parts_of(library, fields, self.kinds), ladder.parts_of(library, targets)
        if self.bound(own, outs, workers) is None:
            return None
        return shaped(targets, self.form) if whole is None else whole


functions = Calls("calls", entries=512)  # those of functions, of all grids


def _several(sweeps: Sequence[tuple[Run, Sequence[int]]], form: Form) -> Run:
    """Sweeps of outputs of different shapes, one after the other; each knows where all inputs are."""

    def run(fields: Arrays, targets: Arrays | None, workers: int | None) -> object:
        results: dict[int, Array] = {}
        for bound, places in sweeps:
            made = bound(fields, None if targets is None else [targets[k] for k in places], workers)
            if not isinstance(made, tuple):
                return None
            results.update(zip(places, made, strict=True))
        return shaped([results[k] for k in range(len(results))], form)

    return run


def _with(bound: Run, coefficients: Arrays) -> Run:
    """What was bound to fields and to coefficients behind them that stay: what a grid has itself, or is prescribed at walls."""
    return lambda fields, targets, workers: bound((*fields, *coefficients), targets, workers)


def _anew(held: Callable[[], Callable[..., object] | None], inputs: Form, outputs: Form) -> Run:
    """An operator that is called as what it is; None also where it is no more."""

    def run(fields: Arrays, targets: Arrays | None, workers: int | None) -> object:
        operator, out = held(), targets and shaped(targets, outputs)
        return None if operator is None else operator(shaped(fields, inputs), out=out, workers=workers)

    return run


def _fresh(
    library: Backend[Array], like: Array, dtype: object, shape: Shape | None, form: Form, shapes: Sequence[Shape]
) -> tuple[Array | None, list[Array]]:  # fmt: skip
    """New results in one array of a shape, or each for itself: that array if there is one, and the components."""
    if shape is None:
        return None, [library.empty(like, dtype, own) for own in shapes]
    whole = library.empty(like, dtype, shape)
    return whole, parts(whole, form)


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
