"""The one way of a call: an exact key of all that a plan depends on, and what was bound to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..._backends import dispatch, ladder, slices
from ..._backends.protocol import Backend
from ..._base.cache import HASHED_BYTES, POINTS_BYTES, SMALL_BYTES, Cache, Content, Entry
from ..._base.checks import clean_workers
from ..._base.tracing import is_compiling
from ..._base.types import Array
from ..._grid.walls.components import Components
from ..._grid.walls.conditions import Condition
from ..._plan.descriptor import MAX_ARRAYS
from ..._terms.real import real_terms
from ..._terms.term import Term, shapes_of
from ..fields.forms import Form, parts
from .bound import LENT_BYTES, Anew, Beside, Bound, InParts, Lent, Several, fresh

Key: TypeAlias = tuple[Hashable, ...]

_ndarray = np.ndarray
_SIMPLE = frozenset({int, str, bool, float, type(None), np.float64})  # no option distinguishes -0.0 from 0.0


class Calls(Cache["Bound | Lent | InParts | Several | Beside | Anew"]):
    """What was bound to the keys of calls."""

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
        found = self.held.get(tuple(key))
        if found is None:
            return None
        found.used = Entry.now
        if workers is not None:
            workers = clean_workers(workers)
        return found.value(fields, targets, workers)

    def find(self, key: Key) -> Bound | InParts | None:
        """What is bound to a key, and holds its weights."""
        found = self.held.get(key)
        return found.value if found is not None and isinstance(found.value, (Bound, InParts)) else None

    def keep(self, key: Key, bound: Bound | InParts, beside: Sequence[Array] = ()) -> None:
        """Bind to a key, which must not hold large weights of small arrays; with the coefficients that come behind its fields."""
        held = held_or_lent(bound) if isinstance(bound, Bound) else bound
        nbytes = held.nbytes + sum(map(_bytes_of, beside)) + _bytes_in(key)
        self.put(key, Beside(held, beside) if beside else held, nbytes)

    def keep_operator(self, key: Key, operator: Callable[..., object]) -> None:
        """Find the operator of scalar fields by a key."""
        self.put(key, Anew(operator), LENT_BYTES + _bytes_in(key))

    def first(
        self, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form, workers: int | None
    ) -> object:
        """Bind a call to its key and run it; None where it is not one sweep over memory that need not be copied."""
        fields, targets = given.fields, given.targets
        if workers is not None:
            workers = clean_workers(workers)
        if targets is not None and not _has_form(given.how.nested, form):
            return None  # to be refused, or to be read in another way
        # which refuses fields of several devices
        like, library = slices.leading(fields), library.among(fields)
        dtype, shapes = library.result_dtype(like), shapes_of(terms, fields, prod(form))
        if targets is not None:
            ladder.check_targets(library, targets, fields, dtype, shapes)
        shape = (*form, *shapes[0]) if given.how.is_stacked and form and len(set(shapes)) == 1 else None
        made = partial(fresh, library, dtype=dtype, shape=shape, form=form, shapes=shapes)
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
            held.append((held_or_lent(bound), places))
        several = Several(held, form)
        self.put(given.key, several, LENT_BYTES * len(held))
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


def key_of(key: list[Hashable], fields: Sequence[Array], targets: Sequence[Array] | None) -> Key | None:
    """A key that begins so, with the facts of all arrays; None where the numbers of one are not all there is."""
    # Where fields end, and whether there are targets; as `Calls.again` makes it, which must be fast.
    key.append(len(fields) if targets is None else -len(fields))
    for a in fields if targets is None else (*fields, *targets):
        if type(a) is _ndarray and a.dtype.kind not in "mM":  # of others the first may not be all there is
            key += a.shape, a.strides, a.dtype
            continue
        key.append(_facts(a))
        if key[-1] is None:
            return None
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


def kept_key(key: Key) -> Key:
    """A key that may stay in a cache."""
    return tuple([part.kept() if type(part) is Content else part for part in key])


def held_or_lent(bound: Bound) -> Bound | Lent:
    """What is bound, held with its weights where these are small."""
    return bound if bound.nbytes <= 4 * SMALL_BYTES * len(bound.plan.terms) else Lent(bound)


def plain_of(fields: Sequence[Array], targets: Sequence[Array] | None, how: How) -> Plain | None:
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
