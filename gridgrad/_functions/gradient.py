"""`gradient`: samples on a grid to their derivatives, on the caller's own array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Never, cast

import numpy as np

from .._backends import dispatch, ladder
from .._base.checks import UNSET, clean_accuracy, clean_workers, merge_aliases
from .._base.errors import MISSING, ArgumentTypeError
from .._base.late import imported
from .._base.outputs import targets_of
from .._base.tracing import is_compiling
from .._base.types import Angle, Array, Axes, Boundary, Breaks, Missing, Period, Spacing, Spacings
from .._base.words import offered, required, unexpected
from .._grid.asked import Asked, clean_axes, clean_words, points_of
from .._operators.catalogue.first import gradient as gradient_operator
from .._operators.fields import quantities
from .._operators.fields.forms import flat_out
from .._operators.patterns import binding
from .._operators.patterns.calls import How, Key, functions, kept_key, plain_of, start_of
from .._operators.sweep import Sweep
from .._wraps.units import present, require_numbers, unwrap
from ..grid import Grid
from . import typed
from .gaps import refuse_gaps
from .share import grid_of, keep, takes_labels
from .typed import Ends

_ndarray = np.ndarray


@typed.gradient
@takes_labels
@offered
def gradient(
    f: Any = MISSING,
    *varargs: Spacing,
    axis: Axes = UNSET,
    edge_order: int = 1,
    boundary: Boundary | None = None,
    periodic: bool | Sequence[bool] | None = None,
    period: Period = None,
    accuracy: int | None = None,
    geometry: str | Sequence[str] | None = None,
    radius: float | None = None,
    angle: Angle | None = None,
    missing: Missing = None,
    breaks: Breaks = None,
    out: object = None,
    workers: int | None = None,
    spacing: Spacing | Sequence[Spacing] | None = UNSET,
    dim: Axes = UNSET,
    **others: Never,
) -> object:
    """Second-order central differences of samples along chosen axes; of a function, exact derivatives.

    Interior points use both neighbours and are second-order accurate on any grid; the ends of an
    axis are one-sided, of order `edge_order`, or wrap round where the axis is periodic. A drop-in
    for ``numpy.gradient``; torch's spellings ``spacing=`` and ``dim=`` are accepted too.

    Parameters
    ----------
    f : array, shape (..., n, ...), real or complex
        Samples; NumPy, CuPy, torch, JAX or any array-API array. Units: [f]. Or a DataArray or Dataset,
        whose axes are named, ``gradient(f, dim="x")``: see `gridgrad.xarray`. Or a function of the
        coordinates, which then are differentiated exactly: see `gridgrad.autodiff.gradient`. Where a point
        is masked, so are the results whose stencil reads it, and no others.
    *varargs : scalar or array
        Spacing: nothing (1 for every axis), one scalar for all axes, or exactly one entry for each
        differentiated axis, a step or the n coordinates. Coordinates are strictly monotonic, in
        either direction; a list is coordinates. Units: [x].

        Coordinates of one axis may differ from line to line (heights of columns): give an array in the
        shape of `f` or in one that broadcasts to it. Those of several axes, ``gradient(f, x, y)``, may be
        positions x[i, j], y[i, j] of a curvilinear grid, in the shape of its axes; the results are then
        the derivatives by x and by y. Coordinates on a device are read at each call, which waits for it,
        as a changed array looks the same; a `Grid` reads them once.
    axis : int or sequence of int, optional
        Differentiated axes, in the order of the result; all by default. The others are batch axes.
    edge_order : 1 or 2
        Order of accuracy at the ends. An axis needs ``edge_order + 1`` points.
    boundary : str, pair, or sequence with one of them for each axis, optional
        How the axes end, as in `Grid`: ``"one-sided"`` (the default), ``"periodic"``, ``"reflect"``,
        ``"symmetric"``, ``"antireflect"``, ``"antisymmetric"``, or what `value`, `slope` and `robin`
        prescribe; a pair gives the two ends of an axis, and None in a sequence is the default of that axis or end.
    periodic : bool or sequence of bool, optional
        Whether each axis repeats; its first point then is not repeated at its end. Needs 3 points.
        The short form of ``boundary="periodic"``.
    period : scalar or sequence of scalars, optional
        Length after which a periodic axis repeats; needed with coordinates, ``n * step`` otherwise.
        One number counts for all periodic axes.
    accuracy : None, 2, 4 or 6
        None is the three-point stencil, with ends of `edge_order`. 2, 4 and 6 are the order of accuracy at
        every point of every grid, ends included, by wider stencils.
    geometry, radius, angle : optional
        As in `Grid`: ``gradient(f, lat, lon, geometry="sphere")`` is per metre, northwards and eastwards,
        of degrees (`angle`) on a sphere of 6 371 229 m (`radius`).
    missing : None or "one-sided"
        With ``"one-sided"`` a NaN (or a masked point) is not read: differences beside it are one-sided, as
        at a coast. The result is NaN there, and where a point has no neighbour along the axis. See
        `Grid.with_mask`.
    breaks : sequence of int, or one for each axis, optional
        Points before which an axis is cut, as in `numpy.split`: no difference reaches across. See
        `Grid.with_breaks`.
    out : array, sequence of arrays, or one array of shape (k, *f.shape), optional
        Where the results go; any strides, result dtype. May overlap `f`.
    workers : int, optional
        Threads on a CPU; by default one for small arrays and all available CPUs for large ones.
    spacing, dim : optional
        torch's names of the spacing (None, scalar, or one entry for each axis) and of `axis`.

    Returns
    -------
    array or tuple of arrays, shape of `f`
        One array for one axis (an int, or the only axis), else a tuple. Library, device, dtype and
        memory order of `f`; integers give float64, datetimes timedelta64. Units: [f]/[x], quantities
        of pint, astropy or unyt where `f` or the spacing are. Beside the results at most 1 MiB is
        allocated on the compiled path, and for coordinates two weights and a copy for each point of
        their axis (weights times 2 for complex data, or the length of a short batch axis that
        follows); these are kept for later calls, see `clear_caches`.

    Raises
    ------
    ValueError
        An axis is too short; a curvilinear grid is folded; a coordinate array has the wrong length, is
        not finite or not strictly monotonic; a step is 0; an axis is repeated; `edge_order`, `boundary` or
        `accuracy` is none that is offered; a period does not go with the ends; `out` does not fit.
    TypeError
        Data that is not numeric (or boolean), a wrong number of spacings, complex or datetime
        coordinates, an argument given under two names, a keyword that is none of these.
    IndexError
        An axis is out of range (``numpy.exceptions.AxisError``, also a ValueError).

    See Also
    --------
    Grid : boundaries, operators, adjoints, matrices and solves; `Grid.gradient` is this one as an operator.
    derivative : along one axis, of orders 1 to 4, and backward or forward differences.

    Notes
    -----
    With left and right steps hl and hr, the formula at an interior point is

        (hr/(hl+hr))/hl * (f[i]-f[i-1]) + (hl/(hl+hr))/hr * (f[i+1]-f[i]),   error (hl hr / 6) f'''

    (Fornberg, Math. Comp. 51 (1988) 699-706, written in differences so that constants give exactly
    0); where both weights are equal it is ``w * (f[i+1]-f[i-1])`` and a NaN at f[i] is not read.
    Values of one call have the same bits for every thread count, layout and CPU.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> x = np.array([0.0, 1.0, 3.0, 4.0])
    >>> gg.gradient(x**2, x, edge_order=2)
    array([0., 2., 6., 8.])
    >>> dy, dx = gg.gradient(np.array([[1.0, 2.0, 4.0], [2.0, 4.0, 8.0]]))
    >>> dy
    array([[1., 2., 4.],
           [1., 2., 4.]])
    >>> lat, lon = np.array([-60.0, 0.0, 60.0]), np.array([0.0, 90.0, 180.0, 270.0])
    >>> f = lat[:, None] + np.array([0.0, 1.0, 0.0, -1.0])
    >>> of_lat, of_lon = gg.gradient(f, lat, lon, periodic=[False, True], period=360)
    >>> of_lon[0] * 180
    array([ 2.,  0., -2.,  0.])
    """
    if others:
        raise unexpected("gradient", others)
    if spacing is not UNSET or dim is not UNSET:
        varargs, axis = merge_aliases(varargs, spacing, axis, dim)
    elif axis is UNSET:
        axis = None
    options: tuple[object, ...] = axis, edge_order
    if not (boundary is None and periodic is None and period is None and accuracy is None):
        options = axis, edge_order, boundary, periodic, period, accuracy
    if not (geometry is None and radius is None and angle is None):
        options = *options, geometry, radius, angle
    if not (missing is None and breaks is None):
        if is_compiling():
            refuse_gaps(missing, breaks)
        ends = Ends(
            edge_order=edge_order, periodic=periodic, period=period, boundary=boundary, geometry=geometry, radius=radius, angle=angle,
            missing=missing, breaks=breaks,
        )  # fmt: skip
        return _with_gaps(f, varargs, axis, ends, accuracy, out, workers)
    key: Key | None = None
    if type(f) is _ndarray or not is_compiling():
        targets, nested = (None, None) if out is None else flat_out(out, (f,))
        start = start_of("gradient", varargs, options, (False, nested))
        found = None if start is None else functions.again(start, (f,), targets, workers)
        if found is not None:
            return found
        # What stays is of what the coordinates are now: `out` may be written over them.
        key = None if start is None else kept_key(tuple(start))
    if f is MISSING:
        required("gradient", f=f)
    asked = Asked(edge_order, periodic, period, boundary, accuracy, geometry, radius, angle)
    if present(f, period, out, *varargs):
        if is_function(f):
            require_numbers(*varargs, period, out)
        if geometry is not None:
            quantities.refuse_lengths()
        return _of_samples(f, varargs, axis, asked, out, workers, has_units=True)
    if hasattr(f, "requires_grad"):  # a torch tensor
        if is_compiling():
            from ..torch import _traced  # not `torch._traced`: a package goes before its modules

            return _traced.traced_gradient(f, varargs, axis, asked, out)
        if any(hasattr(value, "requires_grad") for value in varargs):
            from ..torch import _coordinates

            if out is None and any(map(_coordinates.carries_derivative, varargs)):
                return _coordinates.gradient_by_coordinates(f, varargs, axis, asked)
    if is_function(f):
        return gradient_of(f, varargs, axis, asked, out, workers)
    return _of_samples(f, varargs, axis, asked, out, workers, key)


def _with_gaps(
    f: Array, varargs: Spacings, axis: object, ends: Ends, accuracy: object, out: object, workers: int | None
) -> object:
    """The gradient of samples with gaps."""
    if is_function(f):
        raise ArgumentTypeError(
            "missing= and breaks= are for samples, and f is a function; give its samples, f(x, y)"
        )
    # not kept by the grid, as in `_of_samples`
    return gradient_operator.made(
        grid_of("gradient", f, varargs, axis, ends), (), (clean_accuracy(accuracy),)
    ).applied_to(f, out, workers)


def _of_samples(
    f: Any,
    varargs: Spacings,
    axis: object,
    asked: Asked,
    out: object,
    workers: int | None,
    key: Key | None = None,
    has_units: bool = False,
) -> Array | tuple[Array, ...]:
    """The gradient of an array that has to be looked at in full: also of times, which no other operator takes."""
    as_given = f
    library, f = dispatch.samples(unwrap(f, "f")[0] if has_units else f)
    real, shape = library.weights_dtype(f), tuple(f.shape)
    axes, spacings = clean_axes(axis, shape, varargs)
    words = clean_words(axes, asked)
    if not axes:  # there is no such grid
        targets = None if out is None else targets_of(out, (0,), shape)
        return tuple(ladder.operate(library, (), [f], 0, targets, clean_workers(workers)))
    grid = points_of(Grid, shape, axes, spacings, words, real)
    # With a metric by its lengths; not kept by the grid, which it holds: both would stay until Python looks for circles.
    make = gradient_operator if grid.metric is None else gradient_operator.made
    operator = make(grid, (), (words.accuracy,))
    if has_units:
        return cast(Array, operator.applied_to(as_given, out, workers))
    if type(operator) is not Sweep or operator.coefficients:  # of what is prescribed at ends
        whole = cast("Array | tuple[Array, ...]", operator.applied_to(as_given, out, workers))
        flat, nested = (None, None) if out is None else flat_out(out, (f,))
        keep(key, operator, as_given, (as_given,), flat, How(False, nested))
        return whole if flat is None else flat[0] if len(axes) == 1 else tuple(flat)
    targets = None if out is None else targets_of(out, (len(axes),), shape)
    nested = None if out is None else flat_out(out, (f,))[1]
    given = plain_of((as_given,), targets, How(False, nested))
    if given is not None:
        # by the key of the function, as the operator is not kept
        calls, own = (operator.pattern.calls, given) if key is None else (functions, given._replace(key=key))
        terms = operator.pattern.terms_for(shape)
        found = binding.first(calls, own, library, terms, operator.outputs, workers)
        if found is not None:
            return cast("Array | tuple[Array, ...]", found)
    results = operator.results(library, [f], targets, workers)
    return results[0] if len(results) == 1 else tuple(results)


def is_function(f: object) -> bool:
    """Whether `f` is to be evaluated: a callable, or an expression of sympy, that is no array."""
    if hasattr(f, "shape"):
        return False
    return callable(f) or any(base.__module__.startswith("sympy.") for base in type(f).__mro__)


def gradient_of(f: object, *arguments: object) -> object:
    """Exact derivatives, by a package that is imported at the first use: the package before its modules."""
    found: object = imported("gridgrad.autodiff")._exact.gradient_of(f, *arguments)
    return found
