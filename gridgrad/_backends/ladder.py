"""From terms to memory by the best way there is: one sweep, several, copies, slices; one ladder for every library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic

import numpy as np

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.outputs import check_places
from .._base.types import Shape
from .._plan.descriptor import TooManyDims
from .._plan.plan import Memory, Plan, are_read, arithmetic_type, has_kernel, kinds_of, meet, plan_at
from .._terms.real import real_terms
from .._terms.term import Join, Term, joining, joins_of, own_terms, shapes_of
from . import slices
from .operations import A, dtype_name
from .protocol import Backend, Call, DType

Part = tuple[tuple[Term, ...], list[A], list[A], bool]  # terms, inputs, outputs, whether they add

# Calls that took another way than one sweep; single additions, so that a race loses a count and no more.
counts = {"launch": 0, "split": 0, "copy": 0, "slices": 0}


def operate(
    library: Backend[A], terms: tuple[Term, ...], fields: Sequence[A], outputs: int, targets: list[A] | None = None,
    workers: int | None = None, as_read: bool = False, adds: bool = False,
) -> list[A]:  # fmt: skip
    """The `outputs` arrays of `terms` applied to `fields`, in `targets` if they are given.

    `workers` is the most threads on a CPU; of `as_read` see `Call`. What `adds` joins what the targets hold.
    """
    library, f = library.among(fields), slices.leading(fields)
    dtype, shapes = library.result_dtype(f), shapes_of(terms, fields, outputs)
    if targets is not None:
        check_targets(library, targets, fields, dtype, shapes)
        if adds and not _can_add(library, terms, fields, targets):
            return _added(library, terms, fields, targets, workers, as_read)
    if any(library.facts(a) is None for a in (*fields, *(targets or ()))):
        results = library.carried(Call(terms, outputs, workers, as_read), fields)
        for target, result in zip(targets or (), results, strict=bool(targets)):
            library.assign(target, result)
        return targets or results
    with library.at(f):
        if targets is None:
            targets = [library.empty(fields[0], dtype, shape) for shape in shapes]
        else:
            fields = [_apart(library, field, targets) for field in fields]
        apply(library, terms, fields, targets, workers, adds)
    return targets


def _can_add(library: Backend[A], terms: tuple[Term, ...], fields: Sequence[A], targets: Sequence[A]) -> bool:
    """Whether kernels can add to the targets: they are of the type that terms are summed in."""
    if any(library.facts(a) is None for a in (*fields, *targets)):
        return False
    places = list(map(library.memory, fields))
    return (
        are_read(places)
        and has_kernel(terms, [False] * len(places))
        and _is_summed_in(library.memory(targets[0]), places, terms)
    )


def _is_summed_in(target: Memory, inputs: Sequence[Memory], terms: tuple[Term, ...]) -> bool:
    return Join.NORM not in joins_of(terms).values() and target.storage == arithmetic_type(
        str(inputs[0].storage), terms
    )


def _added(
    library: Backend[A], terms: tuple[Term, ...], fields: Sequence[A], targets: Sequence[A], workers: int | None,
    as_read: bool,
) -> list[A]:  # fmt: skip
    """The targets as further inputs, whose terms come first; the results are new, and then assigned."""
    name = dtype_name(targets[0])
    if Join.SQUARES in joins_of(terms).values() and name == arithmetic_type(name, terms):
        apart = tuple(term._replace(output=k, join=Join.TOTAL) for k, term in enumerate(terms))
        values = operate(library, apart, fields, len(terms), None, workers, as_read)
        results: list[A] = list(targets)
        with np.errstate(all="ignore"):  # as kernels, one square after the other
            for term, value in zip(terms, values, strict=True):
                results[term.output] = results[term.output] + value * value  # type: ignore[operator]
    elif joins_of(terms):
        values = operate(library, terms, fields, len(targets), None, workers, as_read)
        results = [target + value for target, value in zip(targets, values, strict=True)]  # type: ignore[operator]
    else:
        whole = joining(terms, len(fields), len(targets))
        results = operate(library, whole, [*fields, *targets], len(targets), None, workers, as_read)
    for target, result in zip(targets, results, strict=True):
        library.assign(target, result)
    return list(targets)


def stack_for(library: Backend[A], fields: Sequence[A], shape: tuple[int, ...]) -> A | None:
    """One array for all results of these fields, or None where they must be joined afterwards."""
    library, f = library.among(fields), slices.leading(fields)
    if any(library.facts(field) is None for field in fields):
        return None
    return library.empty(f, library.result_dtype(f), shape)


def check_targets(
    library: Backend[A], targets: Sequence[A], fields: Sequence[A], dtype: DType, shapes: Sequence[Shape]
) -> None:
    """Every output fits, can be written, and shares no memory with another."""
    own = tuple(fields[0].shape)
    places: list[Memory] = []
    for k, (target, shape) in enumerate(zip(targets, shapes, strict=True)):
        made = "empty_like(f" if shape == own else f"empty({shape}"
        remedy = f"{library.name}.{made}, dtype={_quoted(dtype)})"
        name = f"out[{k}]" if len(targets) > 1 else "out"
        place = library.check_target(name, target, fields)
        if tuple(target.shape) != shape:
            raise ArgumentValueError(
                f"{name} has shape {tuple(target.shape)}, but the result has shape {shape}; give {remedy}"
            )
        if target.dtype != dtype:
            raise ArgumentTypeError(
                f"{name} has dtype {target.dtype}, but the result has dtype {dtype}; give {remedy}"
            )
        if place is not None:
            check_places(
                name, place.shadow(), [other.shadow() for other in places], place.strides, library.noun
            )
            places.append(place)


def _quoted(dtype: DType) -> str:
    """A dtype as one types it: by its name, or as an attribute of its library."""
    return str(dtype) if "." in str(dtype) else repr(str(dtype))


def _apart(library: Backend[A], field: A, targets: Sequence[A]) -> A:
    """The field, or a copy where a target may be in its memory."""
    places = [library.memory(a) for a in (field, *targets)]
    if not any(meet([places[0], other], 1) for other in places[1:]):
        return field
    library.about_to_copy(field, "out= may share memory with what is read; give out= memory of its own")
    return library.copy(field)


def apply(
    library: Backend[A], terms: tuple[Term, ...], inputs: Sequence[A], outputs: Sequence[A], workers: int | None = None,
    adds: bool = False,
) -> None:  # fmt: skip
    """Write `terms` of `inputs` into `outputs`, plain memory of any layout that is not shared among them, or add them to it."""
    for own, places in alike(terms, [tuple(output.shape) for output in outputs]):
        if 0 not in outputs[places[0]].shape:
            Ladder(library, workers).apply(own, inputs, [outputs[k] for k in places], adds)


def alike(terms: tuple[Term, ...], shapes: Sequence[Shape]) -> list[tuple[tuple[Term, ...], list[int]]]:
    """The terms of each shape of outputs, which are sweeps of their own, and the places of these outputs."""
    if len(set(shapes)) <= 1:
        return [(terms, list(range(len(shapes))))] if shapes else []
    groups = [[k for k, own in enumerate(shapes) if own == shape] for shape in dict.fromkeys(shapes)]
    return [(_of_outputs(terms, places), places) for places in groups]


def _of_outputs(terms: tuple[Term, ...], chosen: Sequence[int]) -> tuple[Term, ...]:
    """The terms of some outputs, as its only ones."""
    return tuple(
        term._replace(output=k) for k, output in enumerate(chosen) for term in own_terms(terms, output)
    )


def plan_for(
    library: Backend[A],
    terms: tuple[Term, ...],
    inputs: Sequence[A],
    outputs: Sequence[A],
    adds: bool = False,
) -> Plan:
    """The cached plan of these arrays' layout; with `adds` the terms join what the outputs hold. Raises TooManyDims."""
    return plan_at(terms, list(map(library.memory, (*inputs, *outputs))), len(inputs), adds)


def bound(
    library: Backend[A],
    terms: tuple[Term, ...],
    inputs: Sequence[A],
    outputs: Sequence[A],
    adds: bool = False,
) -> Plan | None:
    """The plan of a call that is one sweep over arrays with these facts; None where it takes more than that.

    What `Backend.bind` makes of it applies it to all arrays with the same facts.
    """
    if any(library.facts(a) is None for a in (*inputs, *outputs)) or 0 in inputs[0].shape:
        return None
    places = list(map(library.memory, (*inputs, *outputs)))
    own = places[: len(inputs)]
    if not (are_read(own) and all(place.is_aligned for place in places) and has_kernel(terms, kinds_of(own))):
        return None
    if adds and not _is_summed_in(places[-1], own, terms):
        return None
    try:
        return plan_at(terms, places, len(inputs), adds)
    except TooManyDims:
        return None


def in_parts(library: Backend[A], terms: tuple[Term, ...], fields: Sequence[A]) -> tuple[bool, ...] | None:
    """Which fields are complex, where kernels read the parts of these and not the whole; else None."""
    if any(library.facts(a) is None for a in fields):
        return None
    kinds = kinds_of(list(map(library.memory, fields)))
    is_one = not any(kinds) or has_kernel(terms, kinds) or not has_kernel(terms, [False] * len(kinds))
    return None if is_one else kinds


def parts_of(library: Backend[A], arrays: Sequence[A], kinds: Sequence[bool] | None = None) -> list[A]:
    """Views of the real and the imaginary parts of those that are complex, which all are without `kinds`; and what is real."""
    xp: Any = library.operations(*arrays)
    own = zip(arrays, kinds or (True,) * len(arrays), strict=True)
    return [part for a, is_complex in own for part in ((xp.real(a), xp.imag(a)) if is_complex else (a,))]


class Ladder(Generic[A]):
    """The way of one call, on memory of one library."""

    def __init__(self, library: Backend[A], workers: int | None) -> None:
        self.library, self.workers = library, workers

    def apply(self, terms: tuple[Term, ...], inputs: Sequence[A], outputs: Sequence[A], adds: bool = False) -> None:  # fmt: skip
        """By kernels, in as few sweeps as it takes, else through slices; what `adds` there are kernels for."""
        places = list(map(self.library.memory, inputs))
        if not (are_read(places) and has_kernel(terms, [False] * len(places))):
            self._write(outputs, self.sliced(terms, inputs, len(outputs)))
            return
        kinds = kinds_of(places)
        if not has_kernel(terms, kinds):
            terms = real_terms(terms, kinds)
            inputs, outputs = parts_of(self.library, inputs, kinds), parts_of(self.library, outputs)
            places = list(map(self.library.memory, inputs))
        places += map(self.library.memory, outputs)
        if all([place.is_aligned for place in places]):
            self._sweep(terms, inputs, outputs, adds)
            return
        counts["copy"] += 1
        self.library.about_to_copy(
            inputs[0], "an array begins or steps between its elements; give a copy of it, f.copy()"
        )
        aligned = {id(a) for a, place in zip((*inputs, *outputs), places, strict=True) if place.is_aligned}
        fresh = self.library.copy if adds else self.library.empty
        results = [o if id(o) in aligned else fresh(o) for o in outputs]
        own = [f if id(f) in aligned else self.library.copy(f) for f in inputs]
        self._sweep(terms, own, results, adds)
        self._write(outputs, results)

    def sliced(self, terms: tuple[Term, ...], inputs: Sequence[A], outputs: int) -> list[A]:
        """New arrays, through slices: the last way, which takes memory and is slow."""
        counts["slices"] += 1
        self.library.about_to_copy(inputs[0], "no kernel takes it, so that it goes through array slices")
        return slices.apply(self.library.operations(*inputs), terms, inputs, outputs)

    def _storage(self, a: A) -> str | None:
        return self.library.memory(a).storage

    def _write(self, targets: Sequence[A], results: Sequence[A]) -> None:
        """Round the results into their targets, where those are others; to a half by way of float32, as kernels do."""
        for target, result in zip(targets, results, strict=True):
            if result is not target:
                narrow = slices.through_float32(self.library.operations(result), result, target.dtype)
                self.library.assign(target, narrow)

    def _launch(self, terms: tuple[Term, ...], inputs: Sequence[A], outputs: Sequence[A], adds: bool) -> None:
        plan = plan_for(self.library, terms, inputs, outputs, adds)
        self.library.launch(plan, (*inputs, *outputs), self.workers)

    def _sweep(self, terms: tuple[Term, ...], inputs: Sequence[A], outputs: Sequence[A], adds: bool) -> None:
        try:
            self._launch(terms, inputs, outputs, adds)
        except TooManyDims as error:
            counts["split"] += 1
            storage = str(self._storage(inputs[0]))
            wide = storage != "float64" and arithmetic_type(storage, terms) == "float64"
            if wide and storage == self._storage(outputs[0]):
                assert not adds  # `_can_add` was asked before
                self._widened("float64", terms, inputs, outputs)  # every part in the type of the whole
            else:
                self._split(error, terms, list(inputs), list(outputs), adds)

    def _widened(self, real: str, terms: tuple[Term, ...], inputs: Sequence[A], outputs: Sequence[A]) -> None:
        """Through copies in the arithmetic type, so that no part of a sum is rounded to less."""
        counts["copy"] += 1
        self.library.about_to_copy(
            inputs[0], "its parts are summed in a wider type; give arrays of that type, f.astype(float)"
        )
        results = [self.library.empty(o, self._wide(o, real)) for o in outputs]
        self._part(terms, [self.library.copy(f, self._wide(f, real)) for f in inputs], results, False)
        self._write(outputs, results)

    def _wide(self, a: A, real: str) -> DType:
        """The dtype of an array with the precision of `real`."""
        xp = self.library.operations(a)
        return xp.result_type(a.dtype, getattr(xp, real))

    def _part(self, terms: tuple[Term, ...], inputs: list[A], outputs: list[A], adds: bool) -> None:
        try:
            self._launch(terms, inputs, outputs, adds)
        except TooManyDims as error:
            self._split(error, terms, inputs, outputs, adds)

    def _split(
        self, error: TooManyDims, terms: tuple[Term, ...], inputs: list[A], outputs: list[A], adds: bool
    ) -> None:
        """In parts: along a batch axis where there are too many dims, else the ends apart, by outputs, then by terms."""
        shape = tuple(outputs[0].shape)
        free = _batch_axes(terms, shape) if error.dims else []
        storage = str(self._storage(outputs[0]))
        real = arithmetic_type(storage, terms)
        if free:
            parts = _along(min(free, key=lambda axis: shape[axis]), terms, inputs, outputs, adds)
        elif storage == real and _are_apart(terms, adds):
            parts = _by_terms(terms, inputs, outputs, adds)
        elif len(outputs) > 1:
            parts = _by_outputs(terms, inputs, outputs, adds)
        elif len(terms) > 1:
            if storage != real:
                self._widened(real, terms, inputs, outputs)
                return
            parts = _by_terms(terms, inputs, outputs, adds)
        else:
            raise error
        for part in parts:
            if part[0]:  # some outputs have no terms at ends
                self._part(*part)


def _batch_axes(terms: tuple[Term, ...], shape: Sequence[int]) -> list[int]:
    """The axes that no term differentiates along."""
    used = {axis for term in terms for axis, _ in term.stencils()}
    return [axis for axis, length in enumerate(shape) if length > 1 and axis not in used]


def _along(
    axis: int, terms: tuple[Term, ...], inputs: list[A], outputs: list[A], adds: bool
) -> Iterator[Part[A]]:
    """One index of a batch axis after the other."""

    def lower(own: int) -> int:
        return own - (own > axis)

    fewer = tuple(term.with_axes(lower) for term in terms)
    for k in range(outputs[0].shape[axis]):
        at = (slice(None),) * axis + (k,)
        yield fewer, [f[at] for f in inputs], [o[at] for o in outputs], adds


def _by_outputs(terms: tuple[Term, ...], inputs: list[A], outputs: list[A], adds: bool) -> Iterator[Part[A]]:
    """Half of the outputs each, with what their terms read."""
    middle = len(outputs) // 2
    for chosen in (range(middle), range(middle, len(outputs))):
        yield *reading(_of_outputs(terms, chosen), inputs), [outputs[k] for k in chosen], adds


def _are_apart(terms: tuple[Term, ...], adds: bool) -> bool:
    """Whether terms at ends can follow in a sweep of their own, which costs little: all outputs have others before."""
    whole, ends = ({term.output for term in terms if term.ends == at_ends} for at_ends in (False, True))
    return bool(whole) and bool(ends) and (adds or ends <= whole)


def _by_terms(terms: tuple[Term, ...], inputs: list[A], outputs: list[A], adds: bool) -> Iterator[Part[A]]:
    """Those at ends apart, else half of the terms each, in their order; the second half adds to what the first has left."""
    terms = tuple(sorted(terms, key=lambda term: term.ends))
    middle = sum(not term.ends for term in terms) if _are_apart(terms, adds) else len(terms) // 2
    yield *reading(terms[:middle], inputs), outputs, adds
    yield *reading(terms[middle:], inputs), outputs, True


def reading(terms: tuple[Term, ...], inputs: Sequence[A]) -> tuple[tuple[Term, ...], list[A]]:
    """The terms on those inputs only that they read."""
    used = sorted({k for term in terms for k in term.reads()})
    place = {k: new for new, k in enumerate(used)}
    renumbered = (term._replace(input=place[term.input]).with_factors(place.__getitem__) for term in terms)
    return tuple(renumbered), [inputs[k] for k in used]
