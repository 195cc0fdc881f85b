"""Calls with quantities: the numbers go to the call, and [f]/[x] comes back with its results."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Never, Protocol

import numpy as np

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.outputs import targets_of
from ..._base.types import Array
from ..._grid.points import Points
from ..._stencils.stencil import Stencil
from ..._terms.term import Join, Term, joins_of
from ..._wraps.units import Maybe, alike, present, product, ratio, slope, told, unwrap, wrap
from .forms import Form, components, flat, shaped


class OnNumbers(Protocol):
    """An operator as calls with quantities need it."""

    name: str
    grid: Points
    terms: tuple[Term, ...]
    inputs: Form
    outputs: Form
    coefficients: tuple[Array, ...]

    def of_numbers(self, coefficients: tuple[Array, ...]) -> OnNumbers:
        """The operator of coefficients without units."""

    def on_numbers(
        self, f: object, out: object = None, workers: int | None = None, adds: bool = False
    ) -> object:
        """Apply it to arrays without units."""


def one_unit(units: Sequence[Maybe], why: str) -> Maybe:
    """The unit of all, where one array holds them."""
    for unit in units:
        if not alike(unit, units[0]):
            raise ArgumentTypeError(
                f"{why}, but the first result {told(units[0])} and another {told(unit)}; give a sequence with one for each"
            )
    return units[0]


def target_in(target: object, unit: Maybe, name: str) -> Any:
    """The numbers of an output, which must be in the unit of its result."""
    numbers, own = unwrap(target, name)
    if not alike(own, unit):
        raise ArgumentTypeError(
            f"{name} {told(own)}, but its result {told(unit)}; give one in that unit, or leave out= away"
        )
    return numbers


def refuse_lengths() -> Never:
    """For grids whose lengths are not those of their coordinates."""
    raise ArgumentTypeError(
        "lengths on a grid with geometry= have no unit, so that results would have a wrong one; give numbers, f.magnitude of pint, "
        "f.value of astropy or unyt"
    )


def operator(op: OnNumbers, f: object, out: object, workers: int | None, add: bool = False) -> object:
    """An operator applied to quantities, or on a grid whose coordinates are."""
    if op.grid.geometry is not None:
        refuse_lengths()
    parts, stacked = _parts(f, op.inputs)
    fields = [unwrap(part, "f" if len(parts) == 1 else f"f[{k}]") for k, part in enumerate(parts)]
    factors = [unwrap(c, "a coefficient") for c in op.coefficients]
    units = result_units(op, [unit for _, unit in fields], [unit for _, unit in factors])
    numbers = unwrap(f, "f")[0] if stacked else shaped([part for part, _ in fields], op.inputs)
    targets = None
    if out is not None:
        if op.outputs and not isinstance(out, (list, tuple)):
            one_unit(units, "out is one array")
        shape = tuple(np.shape(fields[0][0]))[len(op.inputs) if stacked else 0 :]
        outs = zip(targets_of(out, op.outputs, shape), units, strict=True)
        targets = shaped(
            [
                target_in(target, unit, f"out[{k}]" if op.outputs else "out")
                for k, (target, unit) in enumerate(outs)
            ],
            op.outputs,
        )
    elif stacked and op.outputs:
        one_unit(units, "f is one array and so is the result")
    results = op.of_numbers(tuple(c for c, _ in factors)).on_numbers(numbers, targets, workers, add)
    if out is not None:
        return out
    if stacked and op.outputs and not isinstance(results, tuple):
        return wrap(results, units[0])
    return shaped(list(map(wrap, flat(results, op.outputs), units)), op.outputs)


def _parts(f: Any, form: Form) -> tuple[list[Array], bool]:
    if not form:
        return [f], False
    if isinstance(f, (list, tuple)):
        return components(f, form, "f")
    numbers, _ = unwrap(f, "f")
    components(numbers, form, "f")
    return [f] * prod(form), True


def result_units(op: OnNumbers, fields: list[Maybe], factors: list[Maybe]) -> list[Maybe]:
    """The unit of each output; all terms that are added into one have the same."""
    units: dict[int, Maybe] = {}
    for term in op.terms:
        # what is prescribed counts in the units of the field and of the axes
        if term.ends or term.input >= len(fields):
            continue
        own = fields[term.input]
        own = ratio(own, "f") if term.stencil.values else slope(own, "f")
        powers = [(own, 1)]
        powers += [(ratio(factors[k], "a coefficient"), 1) for k in term.factors()]
        powers += [(op.grid.slopes[axis], -_order(op, stencil)) for axis, stencil in term.stencils()
                   if axis is not None and op.grid.slopes[axis] is not None]  # fmt: skip
        unit = product(powers)
        if not alike(unit, units.setdefault(term.output, unit)):
            raise ArgumentTypeError(
                f"{op.name} would add what {told(units[term.output])} and what {told(unit)}; give the axes (and the components "
                "of a vector) in one unit, converted with to()"
            )
    joins = joins_of(op.terms)
    return [product([(units[k], 1 + (joins.get(k) is Join.SQUARES))]) for k in range(prod(op.outputs))]


def _order(op: OnNumbers, stencil: Stencil) -> int:
    if stencil.order is None:
        raise ArgumentTypeError(
            f"{op.name} adds derivatives of different orders, which are in different units; make the grid of numbers"
        )
    return int(stencil.order)


def check_without_units(op: Any, what: str) -> None:
    """Refuse what holds numbers only, for a grid or coefficients with units."""
    for part in getattr(op, "parts", ()):  # of products and sums
        check_without_units(part, what)
    if op.grid.units is not None or present(*getattr(op, "coefficients", ())):
        raise ArgumentValueError(
            f"{what} holds numbers, but the grid or a coefficient has units; make it of their numbers "
            "(x.magnitude of pint, x.value of astropy and unyt)"
        )
