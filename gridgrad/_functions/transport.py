"""The free functions that move a scalar field: along a vector, with a flow, by diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .._base.errors import MISSING, ArgumentTypeError
from .._base.types import Axes, Spacing
from . import typed
from .share import call, documented, parts_of
from .typed import Components, Ends


@typed.of_field
@documented
def directional_derivative(
    f: object = MISSING, v: Components = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``sum v_a d_a f`` along the vector `v`, which is not normalised.

    Parameters
    ----------
    {f}
    v : sequence of numbers or arrays, or array of shape (k, ...)
        One component for each axis, in the order in which `axis` names them, by default that of the
        array: (v, u) for arrays ``f[y, x]``, or (u, v) with ``axis=(-1, -2)`` and spacings x, y. Arrays
        broadcast to `f`; numbers must be finite.
    {accuracy}
    {shared}

    Returns
    -------
    array, shape of `f`
        Second order; units [v][f]/[x].

    {raises}; a wrong number of components.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> gg.directional_derivative(x + 2 * y, (1.0, 3.0), axis=(-1, -2))[0]
    array([7., 7., 7., 7.])
    """
    if isinstance(f, (list, tuple)) and _is_velocity(f, v, axis):
        raise _swapped("directional_derivative(f, v, x)")

    fields, numbers = _apart(v)
    options = {"accuracy": accuracy, "numbers": numbers}
    return call("directional_derivative", f, spacing, axis, ends, out, workers, options,
                lambda grid: grid.directional_derivative(v, accuracy), fields)  # fmt: skip


@typed.advection
@documented
def advect(
    v: object = MISSING, f: object = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, upwind: int | None = None,
    out: object = None, workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``sum v_a d_a f``, the advection of `f` by the velocity `v`, in one pass.

    Parameters
    ----------
    v : sequence of numbers or arrays, or array of shape (k, ...)
        One component for each axis, in the order in which `axis` names them, by default that of the
        array: (v, u) for arrays ``f[y, x]``, or (u, v) with ``axis=(-1, -2)`` and spacings x, y. Arrays
        broadcast to `f`; numbers must be finite.
    {f}
    {accuracy}
    upwind : None, 1 or 2
        None is centred. 1 or 2 is the order of differences to the side that the flow comes from, by the
        sign of each component at each point; at an end through which it comes in, to the inside.
    {shared}

    Returns
    -------
    array, shape of `f`
        Second order, or `upwind`, not in flux form; units [v][f]/[x].

    {raises}; a wrong number of components.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> f = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
    >>> gg.advect(2.0, f, 1.0)
    array([ 0.,  4.,  8., 12., 16.])
    >>> gg.advect(2.0, f, 1.0, upwind=1)  # differences to the left, from where the flow comes
    array([ 2.,  2.,  6., 10., 14.])
    """
    if isinstance(f, (list, tuple)) and _is_velocity(f, v, axis):
        raise _swapped("advect(v, f, x)")
    shape = getattr(f, "shape", ())
    if 1 < len(shape) < len(spacing) and shape == getattr(v, "shape", ()) == getattr(spacing[0], "shape", ()):
        raise ArgumentTypeError("advect() takes all components as one argument; give advect((u, v), f, x, y)")

    fields, numbers = _apart(v)
    options = {"accuracy": accuracy, "upwind": upwind, "numbers": numbers}
    return call("advect", f, spacing, axis, ends, out, workers, options,
                lambda grid: grid.advect(v, accuracy, upwind), fields)  # fmt: skip


@typed.diffusion
@documented
def diffuse(
    k: object = MISSING, f: object = MISSING, *spacing: Spacing, axis: Axes = None, mean: str = "arithmetic", out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``div(k grad f)`` in conservative flux form, in one pass.

    Parameters
    ----------
    k : number or array, or sequence with one of them for each axis
        The diffusivity at the points, of which a mean is taken at the faces between them. A number must be finite.
    {f}
    mean : "arithmetic" or "harmonic"
        ``(k + k') / 2``: beside an obstacle of ``k = 0`` half of the flux passes. Or ``2 k k' / (k + k')``, for
        jumps of k: an obstacle is an insulating wall, and the values in it are not read.
    {shared}

    Returns
    -------
    array, shape of `f`
        ``(k_+ (f_+ - f)/h_+ - k_- (f - f_-)/h_-) / h``; no flux passes one-sided ends. Second order
        where steps vary smoothly, first order at such ends unless `k` is even there, too; units
        [k][f]/[x]^2.

    {raises}; a coefficient that does not broadcast to `f`.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> f = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    >>> gg.diffuse(2.0, f, 0.5)
    array([  0.,   8., -16.,   8.,   0.])
    >>> k = np.array([1.0, 1.0, 1.0, 0.0, 0.0])  # an obstacle on the right
    >>> gg.diffuse(k, f, 1.0, mean="harmonic")
    array([ 0.,  1., -1.,  0.,  0.])
    """
    if isinstance(f, (int, float)) and getattr(k, "ndim", 0) > 0:
        raise _swapped("diffuse(k, f, x)")

    fields, numbers = _apart(k, is_vector=False)
    options = {"mean": mean, "numbers": numbers}
    return call(
        "diffuse", f, spacing, axis, ends, out, workers, options, lambda grid: grid.diffuse(k, mean), fields
    )


def _apart(v: object, is_vector: bool = True) -> tuple[tuple[object, ...], str]:
    """The fields among the components of a velocity, and what stands in the places of all: numbers as one types them.

    That says too whether they came as a sequence: on one axis an array, even of one row, is the component itself, and
    ``[2.0]`` is no number of a diffusivity.
    """
    components: Sequence[object] = (parts_of(v) if is_vector else ()) or (v,)  # the only one, on one axis
    if isinstance(v, (list, tuple)):
        components = v
    is_number = [isinstance(c, (int, float)) for c in components]
    numbers = [repr(c) if number else "" for c, number in zip(components, is_number, strict=True)]
    fields = tuple(c for c, number in zip(components, is_number, strict=True) if not number)
    return fields, f"{components is v}:{','.join(numbers)}"


def _is_velocity(f: Sequence[object], v: Any, axis: Axes) -> bool:
    """Whether `f` is the components that go with the field `v`; only where this call could not be right."""
    ndim = getattr(v, "ndim", 0)
    if not ndim or ndim != len(f):
        return False
    if all(isinstance(entry, (int, float)) for entry in f):
        return True  # a line of samples, and more dimensions in `v`
    axes = len(axis) if isinstance(axis, (list, tuple)) else ndim + 1 if axis is None else 1
    alike = all(getattr(entry, "shape", ()) == v.shape for entry in f)
    return alike and axes > 1 and len(v) != axes


def _swapped(call: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"the field came in the place of the other argument; give {call}, in this order")
