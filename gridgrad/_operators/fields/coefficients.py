"""The fields that an operator is made of, a velocity or a diffusivity: by which name a call gives others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from numbers import Real
from sys import float_info
from typing import Any, NamedTuple

import numpy as np

from ..._backends import dispatch
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted
from ..._base.tracing import is_compiling
from ..._base.types import Array, Shape
from ..._base.words import unexpected
from ..._grid.walls.conditions import Condition
from .forms import in_sequence
from .gather import clean_coefficient
from .sides import AtGaps, Constant, Side, are_constants
from .weights import AtFaces, as_given

Numbers = tuple[float | None, ...]
_ndarray = np.ndarray


class Argument(NamedTuple):
    """What an operator was given under a name, without the fields: these are coefficients of the operator."""

    name: str
    numbers: Numbers  # of each component, which are in the weights; None for a field
    is_vector: bool
    conjugate: bool = False  # an adjoint reads the conjugates of its fields
    side: Side | AtGaps | None = None  # prescribed there
    of_grid: str = ""  # what it is, if it is the grid's own
    is_named: bool = False  # by the user, who may give one name to several
    at_faces: bool = False  # which points read as fields of their own, see `AtFaces`

    @property
    def fields(self) -> int:
        """How many coefficients are its fields."""
        return self.numbers.count(None)

    @property
    def is_of_user(self) -> bool:
        """Whether it is a coefficient that was given, and not prescribed at a wall."""
        return self.side is None and not self.of_grid

    def labels(self) -> list[str]:
        """What its fields are called: ``k``, or ``v[0]`` and ``v[1]``."""
        if self.side is not None:
            return [self.side.label]
        if self.of_grid:
            return [self.of_grid]
        if not self.is_vector:
            return [self.name or "a factor"] * self.fields
        return [f"{self.name}[{a}]" for a, number in enumerate(self.numbers) if number is None]


Coefficients = tuple[Array, ...]
Given = tuple[Argument, Coefficients]  # with its fields


def velocity(v: object, axes: int) -> tuple[Numbers, Coefficients]:
    """The numbers, None for a field, of one component for each axis; and the fields."""
    components = v if type(v) is tuple and len(v) == axes else _components(v, axes)
    for c in components:
        if type(c) is not _ndarray or is_compiling() or c.dtype.kind not in "fc":
            break
    else:
        return (None,) * axes, tuple(components)  # the usual case, without a detour
    numbers = tuple(
        [_number_or_none(c, f"v[{a}]", "a velocity given as numbers") for a, c in enumerate(components)]
    )
    places = [a for a, number in enumerate(numbers) if number is None]
    return numbers, tuple([clean_coefficient(components[a], f"v[{a}]") for a in places])


def diffusivity(k: object) -> tuple[float | None, Coefficients]:
    """A number, or None and the field; a number that no weight can hold is a field of one value."""
    if type(k) is _ndarray and not is_compiling() and k.dtype.kind in "fc":
        return None, (k,)  # the usual case, without a detour
    if isinstance(k, (complex, np.complexfloating, np.longdouble)):
        k = np.asarray(k)
    number = _number_or_none(k, "k", "a diffusivity given as a number")
    return number, (clean_coefficient(k, "k"),) if number is None else ()


def diffusivities(k: Any, axes: int) -> tuple[Numbers, bool, Coefficients]:
    """The number of a diffusivity, None for a field, or one for each axis; whether it is that; and the fields."""
    of_axes = (
        axes > 1 and isinstance(k, (list, tuple)) and not any(isinstance(part, (list, tuple)) for part in k)
    )
    if not of_axes:
        number, fields = diffusivity(k)
        return (number,), False, fields
    if len(k) != axes:
        raise ArgumentValueError(
            f"k has {counted(len(k), 'component')}, but the grid has {counted(axes, 'axis')}; give one for each, or one for all"
        )
    each = [diffusivity(part) for part in k]
    return tuple(number for number, _ in each), True, tuple(field for _, own in each for field in own)


def beside_gaps(conditions: Sequence[Condition]) -> tuple[tuple[Argument, ...], Coefficients]:
    """What is prescribed beside gaps: an argument for each condition, and what it was given."""
    sides = [AtGaps(condition.name or f"{condition.end.word} beside gaps") for condition in conditions]
    pairs = list(zip(conditions, sides, strict=True))
    arguments = tuple(
        [Argument(condition.name or "", (None,), False, side=side) for condition, side in pairs]
    )
    return arguments, tuple([side.field(condition.given) for condition, side in pairs])


def is_finite(number: float) -> bool:
    """Whether it is neither infinite nor NaN: a comparison, as a compiler can trace no more of its own symbols."""
    return abs(number) <= float_info.max


def _components(v: Any, axes: int) -> Sequence[Any]:
    if axes == 1 and not isinstance(v, (list, tuple)):
        return [v]
    if not isinstance(v, (list, tuple)) and getattr(v, "ndim", 0) < 1:
        raise ArgumentTypeError(f"v must have one component for each of {counted(axes, 'axis')}, got {v!r}")
    components = v if isinstance(v, (list, tuple)) else in_sequence(v)
    if len(components) != axes:
        raise ArgumentValueError(
            f"v has {counted(len(components), 'component')}, but the grid has {counted(axes, 'axis')}; give one for each"
        )
    return components


def _number_or_none(value: object, label: str, what: str) -> float | None:
    """A finite real number, None of a field."""
    if isinstance(value, (complex, np.complexfloating)):
        raise ArgumentTypeError(f"{label} is complex; give a real number, or a complex field")
    if type(value) is np.timedelta64 or not isinstance(value, (int, float, Real)):
        return None  # NumPy's times are `Real`; a compiler's symbols answer no more than for their type
    try:
        number = float(value)
    except OverflowError:
        raise ArgumentValueError(f"{label} is larger than any float; {what} must be finite") from None
    if not is_finite(number):
        raise ArgumentValueError(
            f"{label} is {number}; {what} must be finite, only fields may hold other values"
        )
    return number


def taken(arguments: Sequence[Argument], coefficients: Coefficients) -> Iterator[Given]:
    """Each argument with its own coefficients."""
    start = 0
    for argument in arguments:
        stop = start + argument.fields
        yield argument, coefficients[start:stop]
        start = stop


def check_sides(given: Iterable[Given], shape: Shape) -> None:
    """Refuse what is prescribed at walls in fewer axes than sides of fields of this shape have, where that does not say which."""
    for argument, own in given:
        if argument.side is not None and not isinstance(own[0], Constant):
            argument.side.check_in(own[0], shape)


def own_fields(arguments: Sequence[Argument]) -> list[int]:
    """The numbers of the coefficients that are not prescribed at walls."""
    sides = [argument.side is not None for argument in arguments for _ in range(argument.fields)]
    return [number for number, is_side in enumerate(sides) if not is_side]


def conjugated(arguments: Sequence[Argument], coefficients: Coefficients) -> Coefficients:
    """The coefficients as they are now, conjugated where an adjoint wants it: never kept, as fields may change."""
    if not any([argument.conjugate for argument in arguments]):
        return coefficients
    return tuple(
        [
            _conjugate(c) if argument.conjugate and "complex" in str(getattr(c, "dtype", "")) else c
            for argument, own in taken(arguments, coefficients)
            for c in own
        ]
    )


def _conjugate(c: Array) -> Array:
    dispatch.about_to_copy(
        c, "an adjoint reads the conjugate of a coefficient; take .T with conjugates of your own"
    )
    conjugate: Array = c.conj()
    return conjugate


def replaced(given: Iterable[Given], fields: dict[str, object]) -> Coefficients:
    """The coefficients with those of `fields`, by the names of their arguments, in the place of the old ones."""
    result: list[Array] = []
    for argument, own in given:
        is_given = argument.fields and argument.name in fields
        result += _anew(argument, fields[argument.name], own) if is_given else own
    return tuple(result)


def copied(given: Iterable[Given]) -> Coefficients:
    """The coefficients with copies of those that were given, which may change; what is prescribed at walls stays."""
    result: list[Array] = []
    for argument, own in given:
        result += map(_copy, own) if argument.is_of_user else own
    return tuple(result)


def _copy(c: Array) -> Array:
    library, array = dispatch.samples(as_given(c))
    made: Array = copy(array) if library.facts(array) is None else library.copy(array)
    return c.of(made) if isinstance(c, AtFaces) else made


def changed_at_walls(given: Iterable[Given], before: Iterable[Given]) -> dict[str, object]:
    """What walls were given by a name that nothing else has, in the place of what they had `before`.

    Of walls that share a name each keeps its own value until one is given for all of them.
    """
    given = list(given)
    held: dict[tuple[str, object], list[Array]] = {}
    for argument, own in before:
        if argument.side is not None:
            held[argument.name, argument.side] = [*held.get((argument.name, argument.side), ()), *own]
    taken = {"", *(argument.name for argument, _ in given if argument.is_of_user)}
    found: dict[str, object] = {}
    for argument, own in given:
        former = held.get((argument.name, argument.side))
        if argument.side is None or argument.name in taken or not former:
            continue
        if not _is_unchanged(own[0], former.pop(0)):
            found[argument.name] = argument.side.given(own[0])
    return found


def _is_unchanged(now: Array, before: Array) -> bool:
    return repr(now) == repr(before) if are_constants((now, before)) else is_same(now, before)


def _anew(argument: Argument, value: object, own: Coefficients) -> list[Array]:
    """The fields of one argument, in the places where its `own` were."""
    if argument.side is not None:
        return [argument.side.field(value)]
    numbers, before = argument.numbers, iter(own)
    components = _components(value, len(numbers)) if argument.is_vector else [value]
    fields = []
    for a, (component, number) in enumerate(zip(components, numbers, strict=True)):
        label = f"{argument.name}[{a}]" if argument.is_vector else argument.name
        if number is None:
            former = next(before)
            is_plain = _is_plain(component, former)  # the usual case, without a detour
            field = component if is_plain else _field(component, label)
            fields.append(former.of(field) if isinstance(former, AtFaces) else field)
        elif not (_is_number(component) and component == number):
            raise ArgumentValueError(
                f"{label} was made part of the weights, as the number {number!r}; give that again, or make the operator with "
                f"an array there, numpy.full(grid.shape, {number!r})"
            )
    return fields


def _is_plain(component: Array, before: Array) -> bool:
    """Whether it is a floating array and nothing more, or in the memory of another library like the one `before`."""
    cls = type(component)
    if cls is np.ndarray:
        return component.dtype.kind in "fc"
    if cls is not type(before) or is_compiling() or component.dtype != before.dtype:
        return False
    library = dispatch.found(cls)
    return library is not None and library.facts(component) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, complex, Real, np.number)) and not isinstance(value, np.timedelta64)


def _field(value: object, label: str) -> Array:
    if _is_number(value):
        array = f"numpy.array({value!r})"
        typed = f"{array} in its place" if "[" in label else f"{label}={array}"
        raise ArgumentTypeError(
            f"{label} is the number {value!r}, but the operator was made with a field there; give an array, also a "
            f"0-dimensional one of the library of f, {typed}"
        )
    return clean_coefficient(value, label)


def check_names(
    arguments: Sequence[Argument], fields: dict[str, object], taken: Callable[[], Sequence[Given]], method: str,
    options: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Refuse names that the operators of an expression do not have, or have for different fields.

    `method` has these `options` beside the fields. Those of the expression, `taken`, are looked at only where a name occurs twice: a compiler that sees a field which is about to be replaced
    may hold it for the new one, if they are the same in the call that it traces.
    """
    for name in fields:
        own = [argument for argument in arguments if argument.name == name]
        varied = [argument for argument in own if argument.fields]
        if not own:
            of_calls = ("f", "out", "workers", "add") if method.endswith(".__call__") else options
            known = dict.fromkeys((*of_calls, *(argument.name for argument in arguments if argument.name)))
            raise unexpected(method, (name,), tuple(known))
        if not varied:
            raise ArgumentTypeError(
                f"{name} was given as numbers, which are in the weights; make the operator with arrays to give others later"
            )
        # the user chose their names
        if len(varied) > 1 and not all([argument.side or argument.is_named for argument in varied]):
            _check_alike(name, [one for one in taken() if one[0].name == name and one[0].fields])


def _check_alike(name: str, varied: Sequence[Given]) -> None:
    """Refuse one name for arguments that were given different fields."""
    first, *others = varied
    for argument, own in others:
        if argument.numbers != first[0].numbers or not all(map(is_same, first[1], own)):
            raise ArgumentTypeError(
                f"{name}= is ambiguous: {len(varied)} operators of this expression were made with different {name}; apply each "
                "with its own and combine the results, or make the operator anew"
            )


def is_same(a: Array, b: Array) -> bool:
    """The same memory, seen in the same way; of fields at faces from either side."""
    a, b = as_given(a), as_given(b)
    if type(a) is np.ndarray and type(b) is np.ndarray:
        return bool(a.__array_interface__ == b.__array_interface__)
    return a is b
