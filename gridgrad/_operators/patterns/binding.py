"""A call that is seen for the first time: which way its arrays go, bound to its key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TypeAlias

from ..._backends import ladder, slices
from ..._backends.protocol import Backend
from ..._base.cache import SMALL_BYTES
from ..._base.checks import clean_workers
from ..._base.types import Array, Shape
from ..._terms.real import real_terms
from ..._terms.term import Term, shapes_of, stencil_bytes
from ..fields.forms import Form, has_form, parts, shaped
from .calls import LENT_BYTES, Arrays, Bound, Calls, Lent, Plain, Run, held_or_lent

Fresh: TypeAlias = Callable[[Array], tuple[Array | None, list[Array]]]


def first(
    calls: Calls, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form, workers: int | None
) -> object:  # fmt: skip
    """Bind a call to its key and run it; None where it is not one sweep over memory that need not be copied."""
    fields, targets = given.fields, given.targets
    if workers is not None:
        workers = clean_workers(workers)
    if targets is not None and not has_form(given.how.nested, form):
        return None  # to be refused, or to be read in another way
    like = slices.leading(fields)
    if targets is None and any(library.facts(field) is None for field in fields):
        return _in_graph(calls, given, library, terms, form)
    library = library.among(fields)  # which refuses fields of several devices
    dtype, shapes = library.result_dtype(like), shapes_of(terms, fields, prod(form))
    if targets is not None:
        ladder.check_targets(library, targets, fields, dtype, shapes)
    shape = (*form, *shapes[0]) if given.how.is_stacked and form and len(set(shapes)) == 1 else None
    made = partial(_fresh, library, dtype=dtype, shape=shape, form=form, shapes=shapes)
    with library.at(like):
        whole, targets = made(fields[0]) if targets is None else (None, targets)
        if len(set(shapes)) > 1:
            return _in_several(calls, given, library, terms, form, targets, workers)
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
    calls.keep(given.key, bound)
    done = bound(fields, targets, workers)
    return done if whole is None or done is None else whole


def _in_graph(
    calls: Calls, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form
) -> object:
    """A call of fields of which some are differentiated; None where it is more than one step of a graph, or has large weights."""
    if given.key in calls.held:  # as `_in_full`, else it had been run
        return None
    if given.how.is_stacked or stencil_bytes(terms) > 4 * SMALL_BYTES * len(terms):
        return None
    run = library.among(given.fields).in_graph(terms, given.fields, prod(form))
    if run is None:
        calls.put(given.key, _in_full, LENT_BYTES)
        return None
    bound = InGraph(run, form, 4 * stencil_bytes(terms))  # with the transpose, and tables of both
    calls.keep(given.key, bound)
    return bound(given.fields, None, None)


def _in_several(
    calls: Calls, given: Plain, library: Backend[Array], terms: tuple[Term, ...], form: Form, targets: Arrays,
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
    calls.put(given.key, several, LENT_BYTES * len(held))
    return several(fields, targets, workers)


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


def _fresh(
    library: Backend[Array], like: Array, dtype: object, shape: Shape | None, form: Form, shapes: Sequence[Shape]
) -> tuple[Array | None, list[Array]]:  # fmt: skip
    """New results in one array of a shape, or each for itself: that array if there is one, and the components."""
    if shape is None:
        return None, [library.empty(like, dtype, own) for own in shapes]
    whole = library.empty(like, dtype, shape)
    return whole, parts(whole, form)
