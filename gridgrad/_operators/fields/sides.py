"""What is prescribed at walls as coefficients of an operator: arrays that broadcast to a side of the field, and numbers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import inf, isfinite
from types import EllipsisType
from typing import NamedTuple, cast

import numpy as np

from ..._backends import dispatch
from ..._backends.operations import dtype_name
from ..._backends.slices import is_complex
from ..._base.errors import ArgumentValueError
from ..._base.tracing import is_compiling
from ..._base.types import Array, Shape
from ..._grid.points import Points
from ..._grid.walls.conditions import Condition
from ..._grid.walls.given import Number, number_of, require_number
from ..._wraps.units import present, unwrap
from .gather import check_numbers, clean_coefficient
from .weights import PARTS, AtFaces, OwnWeights, as_given

_LARGEST = {
    **dict.fromkeys(("float16", "e"), 65504.0),
    **dict.fromkeys(("float32", "complex64", "bfloat16", "f", "F"), float(np.finfo(np.float32).max)),
}


class Constant(NamedTuple):
    """A number in the place of a coefficient, until the field is known whose dtype and library it takes."""

    number: Number


class Profile(NamedTuple):
    """Values along one axis of a grid in the place of a coefficient, until the field is known; see `Constant`."""

    values: Array
    axis: int  # of fields
    numbers: tuple[float, ...]  # the same for a compiler, which sees no arrays of NumPy


class Side(NamedTuple):
    """A side of fields: across which of their axes it lies, and their shape without batch axes, where that is known."""

    axis: int
    shape: Shape | None
    label: str
    side: Shape | None = None  # that of the shape without the axis

    @classmethod
    def of(cls, grid: Points, k: int, condition: Condition) -> Side:
        """The side of a grid across its axis `k`."""
        are_last = all(axis < 0 for axis in grid.axes) and -min(grid.axes) == grid.ndim
        axis = grid.axes[k]
        label = condition.name or f"{condition.end.word} of axis {axis}"
        if not are_last:
            return cls(axis, None, label)
        place = axis % grid.ndim
        return cls(axis, grid.shape, label, grid.shape[:place] + grid.shape[place + 1 :])

    def field(self, value: object) -> Array:
        """A number as a `Constant`; an array with its missing axis, as a view of the same memory."""
        if type(value) is np.ndarray and value.dtype.kind in "fc" and not is_compiling():
            view = self._view(value)  # the usual case, without a detour
            if view is not None:
                return view
        constant = _constant(value, self.label)
        if constant is not None:
            return constant
        library, array = dispatch.samples(clean_coefficient(value, self.label))
        if array.ndim == 0:
            return array
        xp = library.operations(array)
        behind = -self.axis - 1 if self.axis < 0 else array.ndim - self.axis
        if self.shape is not None:
            self._check(tuple(array.shape))
        if self.axis >= 0 and behind < 0:
            raise self._lacks_axes(tuple(array.shape))
        if array.ndim >= behind:
            array = array[(*(slice(None),) * (array.ndim - behind), None, ...)]
        if self.shape is not None and array.ndim <= len(self.shape):
            array = xp.broadcast_to(array, self.shape)
        found: Array = array
        return found

    def given(self, field: object) -> object:
        """What such a field was made of."""
        if isinstance(field, Constant):
            return field.number
        array = cast(Array, field)
        if array.ndim < (-self.axis if self.axis < 0 else self.axis + 1):
            return array
        before = (slice(None),) * (self.axis % array.ndim)
        first: tuple[slice | int | EllipsisType, ...] = (*before, 0, ...)  # `...`: of one axis too an array
        return array[first]

    def _view(self, value: np.ndarray) -> np.ndarray | None:
        """An array of the whole side, with its missing axis; None of others."""
        if self.shape is None or value.shape != self.side or not value.flags.c_contiguous:
            return None
        place, strides = self.axis % len(self.shape), value.strides
        return np.ndarray(self.shape, value.dtype, value, 0, (*strides[:place], 0, *strides[place:]))

    def again(self, value: object, given: object, before: Array) -> Array | None:
        """`value` in the place of what was `given`, which stands as the array `before`; None where that takes a detour.

        Results have the type that they had before.
        """
        if type(value) is np.ndarray:
            return self._view(value) if value.dtype == before.dtype and value.dtype.kind in "fc" else None
        is_known = type(given) is Constant and type(given.number) is float and type(before) is np.ndarray
        # NumPy's float64 too; ints may not fit
        if is_known and isinstance(value, float) and isfinite(value) and _fits(value, before.dtype.char):
            return np.ndarray(before.shape, before.dtype, np.asarray(value, before.dtype), 0, before.strides)
        return None

    def check_in(self, field: Array, shape: Shape) -> None:
        """Refuse an array that `field` made of one with fewer axes than the side of fields of this shape has.

        Its missing axis is counted from the front, and NumPy's rule would take another one for it.
        """
        if self.shape is None and self.axis > 0 and 0 < field.ndim < len(shape) and max(field.shape) > 1:
            raise self._lacks_axes(tuple(self.given(field).shape))  # type: ignore[attr-defined]

    def _lacks_axes(self, shape: Shape) -> ArgumentValueError:
        return ArgumentValueError(
            f"{self.label} has shape {shape}; beside axis {self.axis}, counted from the front, it needs the whole shape of the side, "
            "that of the field without this axis"
        )

    def _check(self, shape: Shape) -> None:
        """Refuse what does not broadcast to the side."""
        assert self.side is not None
        pairs = zip(reversed(shape), reversed(self.side), strict=False)
        if not all(own in (1, n) for own, n in pairs):
            raise ArgumentValueError(
                f"{self.label} has shape {shape}, but that side of the grid has shape {self.side}: the shape {self.shape} of its fields without axis "
                f"{self.axis}; give a number, or an array that broadcasts to it"
            )


_NO_NUMBERS = (bool, np.bool_, np.timedelta64)


class AtGaps(NamedTuple):
    """All points of fields, of which those beside gaps read what is prescribed there."""

    label: str

    def field(self, value: object) -> Array:
        """A number as a `Constant`; an array as it is, which broadcasts to fields."""
        constant = _constant(value, self.label)
        return dispatch.samples(clean_coefficient(value, self.label))[1] if constant is None else constant

    def check_in(self, field: Array, shape: Shape) -> None:
        """Refuse nothing: it broadcasts as fields do."""

    def given(self, field: object) -> object:
        """What such a field was made of."""
        return field.number if isinstance(field, Constant) else field


def _constant(value: object, label: str) -> Array | None:
    """A number in the place of an array; None of others."""
    if isinstance(value, (int, float, complex, np.number)) and not isinstance(value, _NO_NUMBERS):
        number = number_of(value.item() if isinstance(value, np.generic) else value, label)
        return cast(Array, Constant(number))
    require_number(value, label)
    return None


def zeros_for(grid: Points, coefficients: list[Array]) -> Array:
    """A field of zeros on a grid, with the batch axes, the library and the dtype of coefficients, at faces or at points."""
    given = map(as_given, coefficients)
    arrays = [_first_points(c, grid.axes) for c in given if not are_constants((c,))]
    if not arrays:
        return np.zeros(grid.shape, grid.dtype)
    library, widest = dispatch.samples(unwrap(max(arrays, key=lambda c: len(c.shape)), "f")[0])
    xp = library.operations(widest)
    shape = np.broadcast_shapes(grid.alone(widest.ndim), *(tuple(c.shape) for c in arrays))
    zeros: Array = xp.zeros_like(xp.broadcast_to(widest, shape))
    return zeros


def _first_points(coefficient: Array, axes: tuple[int, ...]) -> Array:
    """A coefficient at the first of its points along the axes of a grid: whatever lies at faces has others."""
    ndim = len(coefficient.shape)
    places = {axis % ndim for axis in axes if -ndim <= axis < ndim}
    first: Array = coefficient[(*(slice(1) if k in places else slice(None) for k in range(ndim)), ...)]
    return first


def are_constants(coefficients: tuple[object, ...]) -> bool:
    """Whether one is still to follow the field: a number, a profile, weights of lines, or a field at faces."""
    return any([type(c) in (Constant, Profile, OwnWeights, AtFaces) for c in coefficients])


def all_like(f: object, coefficients: Sequence[object]) -> list[Array]:
    """Coefficients as arrays that fit a field, at its points."""
    padded: dict[tuple[int, int], Array] = {}
    return [c.like(f, padded) if isinstance(c, AtFaces) else like(f, c) for c in coefficients]


_PLAIN = frozenset({np.ndarray, Constant, Profile, OwnWeights})


class Followers(NamedTuple):
    """What is still to follow the field, of one operator, and arrays in their place."""

    given: tuple[object, ...]  # whose ids nothing else can have, therefore
    arrays: tuple[Array, ...]

    @classmethod
    def of(cls, coefficients: tuple[Array, ...], found: tuple[Array, ...]) -> Followers:
        """Of the coefficients of an operator, for which these were found."""
        pairs = [(c, a) for c, a in zip(coefficients, found, strict=True) if type(c) is not np.ndarray]
        return cls(tuple([c for c, _ in pairs]), tuple([a for _, a in pairs]))

    def among(self, coefficients: tuple[Array, ...]) -> tuple[Array, ...]:
        """Coefficients of the same kinds, with the arrays in their places."""
        arrays = iter(self.arrays)
        return tuple([c if type(c) is np.ndarray else next(arrays) for c in coefficients])


def facts_beside(coefficients: tuple[object, ...]) -> tuple[Hashable, ...] | None:
    """What tells `Followers` apart: dtypes of arrays, what follows itself; None beside arrays of other libraries."""
    if not _PLAIN.issuperset(map(type, coefficients)):
        return None
    return tuple([c.dtype if type(c) is np.ndarray else id(c) for c in coefficients])


def like(f: object, coefficient: object) -> Array:
    """A number or a profile as an array with the shape, the dtype and the library of a field; an array as it is."""
    if isinstance(coefficient, OwnWeights):
        return coefficient.like(f)
    if not isinstance(coefficient, (Constant, Profile)):
        return cast(Array, coefficient)
    library, sample = dispatch.samples(unwrap(f, "f")[0])
    check_numbers(sample, "f")
    xp = library.operations(sample)
    dtype: object = library.result_dtype(sample)
    if isinstance(coefficient, Profile):
        dtype = getattr(xp, PARTS.get(dtype_name(sample), ""), dtype)
        shape = [1] * len(sample.shape)
        shape[coefficient.axis] = len(coefficient.values)
        if is_compiling():
            flat = xp.asarray(coefficient.numbers, dtype=dtype, device=getattr(sample, "device", None))
            single = xp.reshape(flat, shape)
        else:
            single = xp.weights(coefficient.values.reshape(shape), dtype, sample)
        return xp.broadcast_to(single, tuple(sample.shape))
    number, name = coefficient.number, dtype_name(sample)
    if not _fits(number, name):
        raise ArgumentValueError(
            f"a number at a wall is {number}, beyond all numbers of {name}, the dtype of the field; give f in another, f.astype(numpy.float64)"
        )
    if isinstance(number, complex) and not is_complex(sample):
        dtype = getattr(xp, "complex64" if name == "float32" else "complex128")
    if is_compiling():  # which sees no arrays of NumPy
        single = xp.full((), number, dtype=dtype, device=getattr(sample, "device", None))
    else:
        single = xp.weights(np.asarray(number), dtype, sample)
    found: Array = xp.broadcast_to(single, tuple(sample.shape))
    return found


def _fits(number: Number, name: str) -> bool:
    """Whether fields of a dtype, by its name or NumPy's letter, can hold a number."""
    return abs(number) <= _LARGEST.get(name, inf)


def is_memory(c: Array) -> bool:
    """Whether the numbers of an array are all there is to it."""
    if type(c) is np.ndarray:
        return c.dtype.kind in "fciu"
    if is_compiling() or present(c):
        return False
    library, array = dispatch.samples(c)
    return library.facts(array) is not None
