"""What a call asks for: the terms of all its operators on the arrays that they read, without a look at a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from .._backends import dispatch
from .._backends.dask.gaps import over_ends
from .._backends.dask.spans import Span
from .._backends.protocol import Call
from .._backends.slices import leading
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array, DType, Field, Shape
from .._operators.catalogue.norm import OfSlopes
from .._operators.fields.forms import Form, shaped
from .._operators.fields.gather import Fields, gather
from .._operators.fields.sides import all_like
from .._operators.holding.coasts import Shore
from .._operators.holding.operator import Holding, Released
from .._operators.holding.walls import Wall, places_of, shores_of
from .._operators.masked.gapped import Gapped, OverWhole
from .._operators.masked.places.blocks import Blocks
from .._operators.masked.places.flat import Flat
from .._operators.operator import AnyOperator
from .._operators.sweep import Sweep
from .._terms.term import Term, joins_of, shifted

if TYPE_CHECKING:
    from zarr import Array as Stored


class Repeated(NamedTuple):
    """A coefficient as it broadcasts to the shape of the field, in no more memory than it has, or a mask, which is of length 1 where it does."""

    own: Array
    shape: Shape

    def region(self, index: tuple[slice, ...]) -> Array:
        """A part of it."""
        there = tuple([slice(0, 1) if n == 1 else own for n, own in zip(self.shape, index, strict=True)])
        return np.broadcast_to(self.own, self.shape)[there]


def _repeated(wide: Array) -> Repeated:
    along = tuple([slice(0, 1) if not step else slice(None) for step in wide.strides])
    return Repeated(wide[along], wide.shape)


class Filled(NamedTuple):
    """Points of arrays and what they get: those of an index, of which beside gaps some are chosen."""

    at: tuple[slice, ...]
    values: Repeated
    chosen: Repeated | None = None

    @classmethod
    def beside_gaps(cls, chosen: Array, shape: Shape, values: Repeated) -> Filled:
        """The points that flags choose, which broadcast to the shape."""
        return cls((slice(None),) * len(shape), values, Repeated(chosen, shape))

    def write(self, found: Array, region: tuple[slice, ...], shape: Shape) -> None:
        """Write it into a region of an array of this shape."""
        there, place = common(self.at, region, shape)
        values = self.values.region(there)
        if self.chosen is None:
            found[place] = values
        else:
            np.copyto(found[place], values, where=self.chosen.region(there))

    @property
    def told(self) -> list[object]:
        """What tells it from others."""
        return [repr(self.at), self.values.own, None if self.chosen is None else self.chosen.own]


class Held:
    """An array in a file whose points on walls have what is prescribed there."""

    def __init__(self, array: Stored, walls: list[Filled]) -> None:
        self.array, self.walls = array, walls
        self.dtype, self.shards = array.dtype, array.shards

    def __getitem__(self, region: tuple[slice, ...]) -> Array:
        found = np.asarray(self.array[region])
        for wall in self.walls:
            wall.write(found, region, self.array.shape)
        return found


def common(
    index: tuple[slice, ...], region: tuple[slice, ...], shape: Shape
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The points of an index that are in a region of an array, and where they are in that."""
    there, place = [], []
    for n, own, part in zip(shape, index, region, strict=True):
        first, last, _ = own.indices(n)
        start = min(max(first, part.start), part.stop)
        stop = max(min(last, part.stop), start)
        there.append(slice(start, stop))
        place.append(slice(start - part.start, stop - part.start))
    return tuple(there), tuple(place)


class Request(NamedTuple):
    """Results that are made together: of all operators without gaps and points that are held, or of one with them."""

    call: Call
    # what is read behind the components of the field, of a grid with gaps its mask last
    coefficients: list[Repeated]
    forms: dict[str, Form]  # how the outputs of each operator are stacked
    dtype: DType
    gaps: Blocks | None
    held: list[list[Filled]]  # of each component of the field
    released: list[list[Filled]]  # the points of each output that are 0


_OF_ZARR = {".", "..", "zarr.json"}  # which are no names of arrays


def requests_of(
    operators: Mapping[str, AnyOperator], shape: Shape, dtype: DType, components: int
) -> list[Request]:
    """All results of a call on arrays of this shape and dtype."""
    if not operators:
        raise ArgumentValueError(
            "operators is an empty dict; give an operator, grid.laplacian, or several by name"
        )
    if "" in operators and len(operators) > 1:
        raise ArgumentValueError(
            "an operator of several has the name ''; name each, as an array of a group, {'laplacian': grid.laplacian, 'gradient': grid.gradient}"
        )
    for name in operators:
        if not isinstance(name, str) or {*name.split("/")} & _OF_ZARR:
            raise ArgumentValueError(
                f"an operator has the name {name!r}, which no array of a group has; give it another one, {{'laplacian': grid.laplacian}}"
            )
    groups: list[dict[str, AnyOperator]] = []
    # those that hold values first: the others may read what these do
    for name, own in sorted(operators.items(), key=lambda item: not isinstance(item[1], Holding)):
        group = next((group for group in groups if _are_read_alike(next(iter(group.values())), own)), None)
        if group is None:
            groups.append({name: own})
        else:
            group[name] = own
    return [_together(own, shape, dtype, components) for own in groups]


def _are_read_alike(first: AnyOperator, other: AnyOperator) -> bool:
    """Whether operators may be applied at once."""
    if any(isinstance(_bare(own), Gapped) for own in (first, other)):
        return False
    if isinstance(first, Holding):
        return first.reads_alike(other)
    return not isinstance(other, Holding)


def _bare(operator: AnyOperator) -> AnyOperator:
    """The one sweep of an operator with points that are held or left out."""
    if isinstance(operator, Released):
        return operator.inner
    return operator.bare if isinstance(operator, Holding) else operator


def forms_of(requests: Sequence[Request]) -> dict[str, Form]:
    """How the outputs of each operator are stacked."""
    return {name: form for own in requests for name, form in own.forms.items()}


def _together(operators: Mapping[str, AnyOperator], shape: Shape, dtype: DType, components: int) -> Request:
    """The terms of operators, one after the other."""
    terms: list[Term] = []
    coefficients: list[Repeated] = []
    outputs = 0
    one = np.broadcast_to(np.zeros((), dtype), shape)  # takes no memory
    for name, operator in operators.items():
        sweep = _sweep(name, operator, components)
        field, settled = shaped([one] * components, sweep.inputs), all_like(one, sweep.current_coefficients())
        own = gather(
            field, sweep.inputs, settled, check=sweep.pattern.terms_for, arguments=sweep.arguments,
            is_turned=sweep.pattern.is_turned, beside=sweep.pattern.beside,
        )  # fmt: skip
        _check_kept(name, sweep, one, own)
        moved = shifted(sweep.pattern.terms_for(shape), len(coefficients), components)
        terms += [term._replace(output=term.output + outputs) for term in moved]
        coefficients += map(_repeated, own.coefficients)
        outputs += prod(sweep.outputs)
    library, _ = dispatch.samples(one)
    forms = {name: operator.outputs for name, operator in operators.items()}
    gaps = _gaps(operators, shape)
    if gaps is not None:
        inside = gaps.flat.spread(gaps.operator.mask.inside)
        coefficients.append(Repeated(inside, inside.shape))
    dtype = library.result_dtype(leading([one]))
    released = [places for own in operators.values() for places in _released(own, shape, dtype)]
    return Request(
        Call(tuple(terms), outputs, 1),
        coefficients,
        forms,
        dtype,
        gaps,
        _held(operators, one, components),
        released,
    )


def _released(operator: AnyOperator, shape: Shape, dtype: DType) -> list[list[Filled]]:
    """Of each output the points that a transpose leaves out."""
    zero, found = Repeated(np.zeros((1,) * len(shape), dtype), shape), []
    if isinstance(operator, Released):
        found = [(k, Filled(index, zero)) for k, index in operator.places(shape)]
        shores = shores_of(operator.outer)
        found += [(own.component, Filled.beside_gaps(own.places(shape), shape, zero)) for own in shores]
    return [[filled for k, filled in found if k == output] for output in range(prod(operator.outputs))]


def _held(operators: Mapping[str, AnyOperator], one: Array, components: int) -> list[list[Filled]]:
    """What is prescribed at points on walls of each component."""
    found: list[list[Filled]] = [[] for _ in range(components)]
    ((name, operator),) = list(operators.items())[:1]
    if not isinstance(operator, Holding):
        return found
    for wall, index in places_of(operator.inner, one.shape):
        found[wall.component].append(Filled(index, _values(name, wall, one)))
    for own in shores_of(operator.inner):
        filled = Filled.beside_gaps(own.places(one.shape), one.shape, _values(name, own, one))
        found[own.component].append(filled)
    return found


def _values(name: str, held: Wall | Shore, one: Array) -> Repeated:
    """What a field has there."""
    given = np.zeros((), one.dtype) if held.given is None else cast(Array, held.given)
    own = gather(one, (), all_like(one, [given]))
    _check_dtype(name, one, own)
    values = own.coefficients[0]
    return _repeated(values if held.factor == 1 else (values * held.factor).astype(one.dtype))


def check_ends(request: Request, spans: Sequence[Sequence[Span | None]]) -> None:
    """Refuse chunks beside gaps that read over the ends of an axis, of which they need the whole."""
    if request.gaps is not None and over_ends(request.gaps, spans):
        raise ArgumentValueError(
            "an operator on a grid with gaps has rows from end to end of an axis that is in several chunks, and needs the whole; "
            "take Dask arrays, operator(dask.array.from_zarr(source)).to_zarr(target)"
        )


def _gaps(operators: Mapping[str, AnyOperator], shape: Shape) -> Blocks | None:
    """What the chunks of an operator on a grid with gaps have in common; each makes rows of its own mask."""
    operator = _bare(next(iter(operators.values())))
    if not isinstance(operator, Gapped):
        return None
    flat_ = Flat(operator.grid, shape)
    # rows are kept where others read them again
    return Blocks(cast(Gapped[Field, Field], operator), flat_, {} if flat_.flat[0] > 1 else None)


def _sweep(name: str, operator: AnyOperator, components: int) -> Sweep[Field, Field]:
    called, operator = _called(name), _bare(operator)
    if isinstance(operator, Gapped):
        operator = operator.whole
    elif isinstance(operator, OverWhole):
        raise _between_grids(called)
    if not isinstance(operator, Sweep) or (isinstance(operator, OfSlopes) and operator.slopes is not None):
        what = "is made of several, which are applied one after the other: write what is between them to a file of its own"
        raise ArgumentTypeError(
            f"{called} {what}" if hasattr(operator, "inputs") else
            f"{called} is a {type(operator).__name__}; give an operator of a grid, grid.laplacian, or a dict of them by name"
        )  # fmt: skip
    if operator.grid.units is not None:
        raise ArgumentTypeError(f"{called} has units, which a file has not; make its grid of numbers")
    needed = prod(operator.inputs)
    if needed != components:
        raise ArgumentValueError(
            f"{called} takes {needed} component(s), but source has {components}; give one array for each, [u, v]"
        )
    return operator


def _called(name: str) -> str:
    """How an operator is called, one of several by its name."""
    return f"operator {name!r}" if name else "the operator"


def _between_grids(called: str) -> ArgumentValueError:
    """For operators between points and faces, coasts among them or not."""
    return ArgumentValueError(
        f"{called} goes from one grid to another, between points and faces say, and here all have the points and the chunks of source; "
        "take Dask arrays, operator(dask.array.from_zarr(source)).to_zarr(target)"
    )


def _check_kept(name: str, operator: Sweep[Field, Field], one: Array, call: Fields) -> None:
    """Refuse fields that would have to become others before they are read, and results of another length."""
    wanted = call.samples[0].dtype
    if joins_of(operator.terms) and wanted.kind == "c":
        raise ArgumentTypeError(
            f"{_called(name)} makes real numbers of complex ones, and here results have the dtype of source; Dask does it: "
            "operator(dask.array.from_zarr(source)).to_zarr(target)"
        )
    _check_dtype(name, one, call)
    if any(stencil.surplus for term in operator.terms for _, stencil in term.stencils()):
        raise _between_grids(_called(name))


def _check_dtype(name: str, one: Array, call: Fields) -> None:
    """Refuse coefficients that would widen the field."""
    wanted = call.samples[0].dtype
    if wanted != one.dtype:
        raise ArgumentTypeError(
            f"{_called(name)} makes {wanted} of a source of {one.dtype}; give a source of that dtype, or coefficients of "
            f"the source's, k.astype({one.dtype.name!r})"
        )
