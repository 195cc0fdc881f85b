"""Forms of fields, scalar, vector and tensor: how the components of fields and results are nested."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import product
from math import prod
from types import EllipsisType
from typing import Any

import numpy as np

from ..._backends import dispatch
from ..._backends.protocol import Backend
from ..._base.checks import of_grid
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted
from ..._base.types import Array
from ..._plan.descriptor import MAX_ARRAYS

_ndarray = np.ndarray
Form = tuple[int, ...]  # () of a scalar field, (3,) of a vector field, (3, 3) of its jacobian


def components(f: Any, form: Form, name: str) -> tuple[list[Array], bool]:
    """The components of a vector or tensor field, and whether it is one stacked array."""
    if isinstance(f, (list, tuple)):
        if len(f) != form[0]:
            raise ArgumentValueError(
                f"{name} has {counted(len(f), 'component')}, but the operator takes {form[0]}; give one for each axis of the grid"
            )
        if len(form) == 1:
            return list(f), False
        own = [components(part, form[1:], f"{name}[{k}]")[0] for k, part in enumerate(f)]
        return [field for part in own for field in part], False
    shape = getattr(f, "shape", None)
    if shape is None or tuple(shape[: len(form)]) != form:
        mistaken = of_grid(f)
        if shape is None or mistaken:
            raise ArgumentTypeError(
                f"{name} is a {type(f).__name__}; give a sequence of {form[0]} arrays, or one array with the components along axis 0{mistaken}"
            )
        raise ArgumentValueError(
            f"{name} has shape {tuple(shape)}, but the operator takes {' x '.join(map(str, form))} components, which come first: "
            f"give a sequence of {form[0]}, or stack them to the shape ({', '.join(map(str, form))}, ...)"
            + _elsewhere(shape, form, name)
        )
    return parts(f, form), True


def _elsewhere(shape: Sequence[int], form: Form, name: str) -> str:
    """What to type where the components of a vector field are along another axis, as channels are."""
    found = [axis for axis, length in enumerate(shape) if axis and (length,) == form]
    if not found:
        return ""
    before = ":, " * found[0]
    those = ", ".join(f"{name}[{before}{k}]" for k in range(*form))
    return f"; those along axis {found[0]} are ({those})"


def parts(whole: Array, form: Form) -> list[Array]:
    """The components of a stacked array, as views."""
    try:
        if len(form) == 1:
            return list(whole)  # in torch one step backward
    except TypeError:  # the array API has no iteration
        pass
    places: list[tuple[int | EllipsisType, ...]] = [(*index, ...) for index in product(*map(range, form))]
    return [whole[place] for place in places]


def in_sequence(F: Array | Sequence[Array]) -> Sequence[Array]:
    """The components of a vector field, which may be one stacked array."""
    if isinstance(F, Sequence):
        return F
    return parts(F, tuple(F.shape[:1]))


def shaped(results: Sequence[Array], form: Form) -> object:
    """The results as nested tuples of this form."""
    if not form:
        return results[0]
    if len(form) == 1:  # without a detour: as long as the rest of a small call
        return tuple(results)
    share = prod(form[1:])
    return tuple([shaped(results[k * share : (k + 1) * share], form[1:]) for k in range(form[0])])


def flat(field: Any, form: Form) -> list[Array]:
    """The components of a result, whether nested tuples or one stacked array."""
    return [field] if not form else [part for k in range(form[0]) for part in flat(field[k], form[1:])]


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


def has_form(nested: Hashable, form: Form) -> bool:
    """Whether targets that are nested so are those of results of this form."""
    if not form or not isinstance(nested, tuple):
        return nested is None and not form
    return nested == form or (len(nested) == form[0] and all(has_form(entry, form[1:]) for entry in nested))


def stack(library: Backend[Array], results: list[Array], form: Form) -> Array:
    """The results as one array of shape ``(*form, *shape)``."""
    xp = library.among(results).operations(*results)
    whole: Array = xp.stack(results)
    return whole if len(form) == 1 else xp.reshape(whole, (*form, *results[0].shape))


def added(a: Any, b: Any) -> Any:
    """The sums of results, which may be in nested tuples; beside a stacked one others are stacked."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return tuple(map(added, a, b))
    return _stacked(a, b) + _stacked(b, a)


def _stacked(result: Array | tuple[Array, ...], beside: Array) -> Array:
    if not isinstance(result, tuple):
        return result
    parts = [_stacked(part, beside) for part in result]
    return dispatch.samples(beside)[0].operations(*parts).stack(parts)


def form_name(form: Form) -> str:
    """What a field of this form is called."""
    return {0: "scalar field", 1: "vector field"}.get(len(form), "tensor field")
