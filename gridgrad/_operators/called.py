"""What a call of an operator in one sweep does: its arrays brought together, and the shortest way to a kernel."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import prod
from operator import is_
from typing import Any, TypeVar, cast

import numpy as np

from .._backends import dispatch, ladder
from .._backends.operations import dtype_name, is_time
from .._backends.protocol import Backend
from .._backends.slices import is_complex
from .._base.checks import clean_workers
from .._base.errors import MISSING
from .._base.outputs import targets_of
from .._base.tracing import are_open, is_compiling
from .._base.types import Array, In, Out, Shape
from .._terms.term import Term, shapes_of
from .._wraps.units import present, unwrap
from .fields import quantities
from .fields.coefficients import Coefficients, check_sides
from .fields.forms import components, flat_out, parts, shaped, stack
from .fields.gather import check_add, gather, spread
from .fields.sides import Followers, all_like, are_constants, facts_beside, is_memory
from .fields.weights import PARTS, AtFaces, in_wider, widened
from .joined import Joinable
from .operator import AnyOperator
from .patterns import binding
from .patterns.calls import How, Plain, bytes_of, is_traced, plain_of
from .patterns.pattern import Pattern

_ndarray = np.ndarray
Found = TypeVar("Found")


def shared(of: Callable[[Called], Found]) -> Found:
    """What operators have from their pattern: a property."""
    return cast(Found, property(of))


class Called(Joinable[In, Out]):
    """An operator of a pattern and its coefficients, as calls need it."""

    pattern: Pattern
    coefficients: Coefficients
    grid = shared(lambda own: own.pattern.grid)
    grids = shared(lambda own: own.pattern.grids)
    grids_in = shared(lambda own: own.pattern.grids_in)
    grids_out = shared(lambda own: own.pattern.grids_out)
    inputs = shared(lambda own: own.pattern.inputs)
    outputs = shared(lambda own: own.pattern.outputs)
    arguments = shared(lambda own: own.pattern.arguments)
    name = shared(lambda own: own.pattern.name)
    terms = shared(lambda own: own.pattern.terms)
    origin = shared(lambda own: own.pattern.origin)
    _settled: dict[Hashable, Called[In, Out]] | None = None  # the same coefficients for fields of one kind

    def with_coefficients(self, coefficients: Coefficients) -> Called[In, Out]:
        """The operator of these fields, which shares with this one what does not depend on them."""
        raise NotImplementedError

    def current_coefficients(self) -> Coefficients:
        """The coefficients with the values that they have now, as the terms read them."""
        raise NotImplementedError

    def of_numbers(self, coefficients: Coefficients) -> Called[In, Out]:
        """The operator of the same coefficients without their units."""
        raise NotImplementedError

    def applied_to(
        self, f: object, out: object = None, workers: int | None = None, add: bool = False, fields: dict[str, object] | None = None
    ) -> object:  # fmt: skip
        """A call, with all that it may have in this order; see `OnFields`."""
        if fields:
            coefficients = self._at_other_walls(f, fields)
            if coefficients is not None:
                found = self._again((cast(Array, f), *coefficients), out, workers, add)
                if found is not None:
                    return found
                other: AnyOperator = self.with_coefficients(coefficients)
                return other.applied_to(f, out, workers, add)
            origin = self.pattern.origin
            if origin is not None:
                origin.refuse_options(fields, f)
            return self.of_fields(fields, "__call__").applied_to(f, out, workers, add)
        pattern = self.pattern
        if type(f) is _ndarray and self._settled and not pattern.inputs:
            known: AnyOperator | None = self._settled.get((f.shape, f.dtype))
            if known is not None:
                return known.applied_to(f, out, workers, add)
        # Not sooner: a compiler that sees fields which are about to be replaced takes them for the new ones.
        if pattern.follows and f is not MISSING and are_constants(self.coefficients):
            wide = widened(f, self.inputs, self.coefficients)
            settled: AnyOperator = self.settled(f if wide is None else wide)
            if wide is None:
                return settled.applied_to(f, out, workers, add)
            return in_wider(
                lambda wide: settled.applied_to(wide, None, workers),
                f,
                wide,
                self.inputs,
                self.outputs,
                out,
                add,
            )
        if type(f) is _ndarray and not pattern.inputs:
            arrays, is_stacked = (f, *self.coefficients), False
        else:
            arrays, is_stacked = self._components(f)
            if is_traced(arrays):
                check_add(add, out)
                return self._traced(f, out)
        targets, nested = (None, None) if out is None else flat_out(out, arrays)
        if arrays:
            found = pattern.calls.again([is_stacked, nested, add], arrays, targets, workers)
            if found is not None:
                return found if out is None else out
            if self.coefficients:
                fitted: AnyOperator | None = self._fitted(getattr(arrays[0], "shape", None))
                if fitted is not None:
                    return fitted.applied_to(f, out, workers, add)
        if add is not False:
            check_add(add, out)
        given = plain_of(arrays, targets, How(is_stacked, nested, add))
        if self.grid.has_units or present(f, out, *self.coefficients):
            return quantities.operator(self, f, out, workers, add)
        return self.on_numbers(f, out, workers, add, given)

    def on_numbers(
        self, f: object, out: object = None, workers: int | None = None, adds: bool = False, given: Plain | None = None
    ) -> object:  # fmt: skip
        """The operator applied to arrays without units, as if its grid had none; `given` if they are plain memory."""
        if given is not None and given.how.is_stacked:
            f = shaped(given.fields[: prod(self.inputs)], self.inputs)
        call = gather(
            f, self.inputs, self.current_coefficients() if self.coefficients else (), check=self.pattern.terms_for,
            arguments=self.arguments, is_turned=self.pattern.is_turned, beside=self.pattern.grids and self.pattern.shapes_beside,
        )  # fmt: skip
        arrays, terms = call.samples + call.coefficients, cast("tuple[Term, ...]", call.checked)
        shape = tuple(call.samples[0].shape)
        targets = None if out is None else targets_of(out, self.outputs, shape)
        if given is not None and all(map(is_, given.fields, arrays)):
            found = binding.first(self.pattern.calls, given, call.library, terms, self.outputs, workers)
            if found is not None:
                return found if out is None else out
        if (
            targets is None
            and self.outputs
            and (call.stacked or (given is not None and given.how.is_stacked))
        ):
            shapes = shapes_of(terms, arrays, prod(self.outputs))
            if len(set(shapes)) == 1:
                return self._into_stack(call.library, arrays, shapes[0], workers)
        results = self.results(call.library, arrays, targets, workers, adds)
        return shaped(results, self.outputs) if out is None else out

    def _components(self, f: Any) -> tuple[tuple[Array, ...], bool]:
        """The arrays of a call as they came, and whether its field is one stacked array; none where they are odd."""
        form = self.inputs
        if not form:
            return (f, *self.coefficients), False
        if type(f) is list or type(f) is tuple:
            return ((*f, *self.coefficients) if form == (len(f),) else ()), False
        if is_compiling() or tuple(getattr(f, "shape", ())[: len(form)]) != form:
            return (), False
        return (*parts(f, form), *self.coefficients), True

    def _into_stack(self, library: Backend[Array], arrays: list[Array], shape: Shape, workers: int | None) -> object:  # fmt: skip
        """One array for all components: written in place where the library can."""
        whole = ladder.stack_for(library, arrays, (*self.outputs, *shape))
        if whole is None:
            return stack(library, self.results(library, arrays, None, workers), self.outputs)
        self.results(library, arrays, targets_of(whole, self.outputs, shape), workers)
        return whole

    def results(
        self, library: Backend[Array], arrays: list[Array], targets: list[Array] | None, workers: int | None,
        adds: bool = False,
    ) -> list[Array]:  # fmt: skip
        """What becomes of fields and coefficients of one shape, by the library that serves them."""
        terms, workers = self._terms_of(arrays), clean_workers(workers)
        return ladder.operate(
            library, terms, arrays, prod(self.outputs), targets, workers, self.pattern.masks_as_read, adds
        )

    def _traced(self, f: object, out: object) -> object:
        """The call as one node of a compiler's graph."""
        fields = gather(
            f,
            self.inputs,
            self.current_coefficients(),
            is_turned=self.pattern.is_turned,
            beside=self.pattern.beside,
        )
        axes = self.grid.axes_of(tuple(fields.samples[0].shape))
        library: Any = fields.library  # that of tensors, while a compiler traces
        results = library.traced(self.pattern, axes, fields.samples, fields.coefficients, out)
        if fields.stacked and self.outputs:
            return stack(library, results, self.outputs)
        return shaped(results, self.outputs)

    def _at_other_walls(self, f: object, fields: dict[str, object]) -> Coefficients | None:
        """The coefficients with other values at walls, of the kind of those that they have; None of all else, which takes checks."""
        if type(f) is not _ndarray or self.inputs or is_compiling():
            return None
        places = self.pattern.walls_named(tuple(fields))
        if places is None:
            return None
        own = self._settled.get((f.shape, f.dtype)) if self._settled else None
        if own is None:
            own = self.settled_like(f) if are_constants(self.coefficients) else self
        coefficients = list(own.coefficients)
        for name, k, side in places:
            found = side.again(fields[name], self.coefficients[k], coefficients[k])
            if found is None:
                return None
            coefficients[k] = found
        return tuple(coefficients)

    def _again(self, arrays: Sequence[Array], out: object, workers: int | None, add: bool) -> object:
        """A call with these fields and coefficients that was seen before, with others in their place; else None."""
        targets, nested = (None, None) if out is None else flat_out(out, arrays)
        found = self.pattern.calls.again([False, nested, add], arrays, targets, workers)
        return found if found is None or out is None else out

    def coefficients_for(self, f: object) -> Coefficients:
        """The coefficients as a call takes them: in the type and in the shape of a field."""
        own = self.settled(f) if are_constants(self.coefficients) else self
        first = components(f, self.inputs, "f")[0][0] if self.inputs else f
        return (own._fitted(getattr(first, "shape", None)) or own).coefficients

    def settled(self, f: object) -> Called[In, Out]:
        """The operator whose numbers, prescribed at walls, are arrays like those of a field."""
        return self.settled_like(components(f, self.inputs, "f")[0][0] if self.inputs else f)

    def settled_like(self, first: object) -> Called[In, Out]:
        """The same of a scalar field."""
        key: Hashable
        if type(first) is _ndarray:
            key = first.shape, first.dtype
        else:
            facts = [str(getattr(first, word, "")) for word in ("dtype", "device")]
            shape = tuple(getattr(first, "shape", ()))
            key = type(first), shape, *facts
            # to ask for a key settles lengths that a graph may have left open
            if is_compiling() or are_open(shape):
                return self.with_coefficients(self._followed(first))
        found = (self._settled or {}).get(key)
        if found is not None:
            return found
        own, kept = self.coefficients, self.pattern.followers
        beside = facts_beside(own) if type(first) is _ndarray else None
        made = None if beside is None else kept.get((key, beside))
        if made is None:
            found = self.with_coefficients(self._followed(first))
            # what is traced does not outlive its trace, and what was at faces is a copy of what may change
            if not all(map(is_memory, found.coefficients)) or AtFaces in map(type, own):
                return found
            if beside is not None:
                made = Followers.of(own, found.coefficients)
                kept.put((key, beside), made, sum(map(bytes_of, made.arrays)))
        else:
            found = self.with_coefficients(made.among(own))
        self._settle(key, found)
        return found

    def _followed(self, first: object) -> Coefficients:
        """The coefficients with arrays like a scalar field in the place of numbers, profiles and weights."""
        sample = self._of_result(first)
        if self.pattern.grids is None:
            _, field = dispatch.samples(unwrap(sample, "f")[0])
            # the field is to blame for another shape, before what is made like it
            self.pattern.terms_for(tuple(field.shape))
        return tuple(all_like(sample, self.coefficients))

    def _of_result(self, first: object) -> object:
        """The field, or, where coefficients make results of a wider type, one of that type in its place."""
        if is_compiling() or present(first) or not hasattr(first, "dtype"):
            return first
        library, field = dispatch.samples(first)
        own = dtype_name(field)
        if is_time(field):
            return first
        wanted = self.result_name(own)
        wanted = wanted if is_complex(field) else PARTS.get(wanted, wanted)
        if wanted == own or own.startswith(("int", "uint")):
            return first
        xp = library.operations(field)
        return xp.broadcast_to(xp.weights(np.zeros(()), getattr(xp, wanted), field), tuple(field.shape))

    def _settle(self, key: Hashable, found: Called[In, Out]) -> None:
        """Keep an operator of the same coefficients, made for fields of one kind."""
        if self._settled is None or len(self._settled) >= 16:
            self._settled = {}
        self._settled[key] = found

    def _fitted(self, shape: Shape | None) -> Called[In, Out] | None:
        """The operator whose coefficients have the shape of a field, as views; None where they do, or are no plain memory."""
        if (
            not self.coefficients
            or shape is None
            or self.pattern.grids is not None
            or are_open(shape)
            or all([c.shape == shape for c in self.coefficients])
        ):
            return None
        found = (self._settled or {}).get(shape)
        if found is None and all(map(is_memory, self.coefficients)):
            check_sides(self.taken(), shape)
            views = [view for c in self.coefficients if (view := spread(c, tuple(shape))) is not None]
            if len(views) == len(self.coefficients):
                found = self.with_coefficients(tuple(views))
                self._settle(shape, found)
        return found

    def _terms_of(self, arrays: Sequence[Array]) -> tuple[Term, ...]:
        """The terms on these fields, of which one is enough where all are on one grid."""
        count = 1 if self.pattern.grids is None else prod(self.inputs)
        return self.pattern.terms_for(*[tuple(a.shape) for a in arrays[:count]])
