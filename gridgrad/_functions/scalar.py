"""The free functions of scalar fields: an array and its spacing in, an array out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from .._base.checks import UNSET, merge_aliases
from .._base.errors import MISSING, ArgumentValueError, counted
from .._base.types import Array, Axes, LaplacianForm, RowSide, Scalar, Spacing, Spacings
from .._operators.catalogue.options import clean_derivative
from .._operators.operator import Operator
from ..grid import Grid
from . import typed
from .share import call, documented, grid_of, spacing_of_one
from .typed import Ends


@typed.of_field
@documented
def derivative(
    f: Array = MISSING, *varargs: Spacing, axis: int = -1, order: int = 1, accuracy: int | None = None, side: RowSide | None = None,
    out: object = None,
    workers: int | None = None, spacing: Spacing | Sequence[Spacing] | None = UNSET, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """A derivative of order 1 to 4 along one axis.

    Parameters
    ----------
    f : array, shape (..., n, ...), real or complex
        Samples. Units: [f].
    *varargs : scalar or array
        The spacing: a step or the n coordinates of the axis (1 by default), or those of all its lines,
        in a shape that broadcasts to that of `f`; or one of them for each axis of `f`, in their order.
        Units: [x].
    axis : int
        The axis; of DataArrays it is named, ``dim="x"``.
    order : 1, 2, 3 or 4
        Of the derivative.
    accuracy : None, 2, 4 or 6; with `side` None, 1 or 2
        None is the narrowest stencil: three points, five for orders 3 and 4, two with `side`. A number is the
        order of accuracy at every point of every grid, ends included, by wider stencils.
    side : None, "left" or "right"
        None is centred. Of first derivatives "left" reads the points before, of lower index, and "right"
        those behind; at one-sided ends, where there are none, those inside.
    boundary, periodic, period, edge_order :
        As in `Grid`.
    out : array, optional
        Where the result goes.
    workers : int, optional
        Threads on a CPU.
    spacing : optional
        The spacing by name.

    Returns
    -------
    array, shape of `f`
        Units: [f]/[x]^order. Three-point second derivatives have the interior error
        ``(hr - hl)/3 f''' + O(h^2)``: second order where steps vary smoothly, first order on an
        irregular grid, as fourth ones of five points are; at one-sided ends one point more, second order.

    {raises}; an axis too short for the accuracy; an order or accuracy that is not offered.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> x = np.array([0.0, 1.0, 3.0, 4.0, 6.0])
    >>> gg.derivative(x**2, x, order=2)
    array([2., 2., 2., 2., 2.])
    >>> gg.derivative(x**2, x, side="left")
    array([ 1.,  1.,  4.,  7., 10.])
    """
    varargs, axis = merge_aliases(varargs, spacing, axis, UNSET)

    def make(grid: Grid) -> Operator[Scalar, Scalar]:
        clean_derivative(order, accuracy, side, grid)
        return grid.derivative(0, order, accuracy, side)

    options = {"order": order, "accuracy": accuracy, "side": side}
    return call("derivative", f, varargs, axis, ends, out, workers, options, make, on=_line_of)


def _line_of(name: str, f: Array, spacing: Spacings, axis: int, ends: Ends, vector: bool) -> Grid:
    """The grid of one axis."""
    if ends.get("geometry") is not None:
        raise ArgumentValueError(
            "a derivative is along one axis, and lengths with geometry= depend on the others; gradient(f, lat, lon, "
            "geometry='sphere', edge_order=2) has those along all, and Grid(lat, lon, geometry='sphere').derivative(0)(f) is that along one"
        )
    return grid_of(name, f, spacing_of_one(f, spacing, axis), (axis,), ends)


@typed.of_field
@documented
def mixed_derivative(
    f: Array = MISSING, *spacing: Spacing, axis: Axes = None, orders: Sequence[int] = (1, 1), accuracy: int | None = None,
    out: object = None, workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``d_a d_b f`` along two axes: the product of their derivatives, in one pass.

    Parameters
    ----------
    {f}
    orders : pair of 1, 2, 3 or 4
        Of the derivatives along the two axes, in their order: ``(2, 1)`` is ``d_a d_a d_b f``.
    {accuracy}
    {shared}

    Returns
    -------
    array, shape of `f`
        Accurate as `derivative` of the same orders, second order by default; units [f]/[x]^(sum of orders).

    {raises}; anything but two different axes; orders that are not offered.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> gg.mixed_derivative(x**2 * y)[0]
    array([0., 2., 4., 6.])
    """

    def make(grid: Grid) -> Operator[Scalar, Scalar]:
        if grid.ndim != 2:
            raise ArgumentValueError(
                f"axis={axis!r} names {counted(grid.ndim, 'axis')}; a mixed derivative is along two, axis=(0, 1), "
                "and d2/dx2 is derivative(f, order=2, axis=0)"
            )
        return grid.mixed_derivative(0, 1, orders, accuracy)

    options = {"orders": orders, "accuracy": accuracy}
    return call("mixed_derivative", f, spacing, axis, ends, out, workers, options, make)


@typed.of_field
@documented
def laplacian(
    f: Array = MISSING, *spacing: Spacing, axis: Axes = None, form: LaplacianForm = "compact", accuracy: int | None = None,
    out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``sum d_a d_a f``, the sum of second derivatives.

    Parameters
    ----------
    {f}
    form : "compact", "wide" or "conservative"
        Three-point second derivatives; the divergence of the gradient (five points along each axis); or
        differences of the fluxes through faces, none of which passes one-sided ends: then totals are
        conserved, and the matrix is symmetric in the inner product of `Grid.quadrature`.
    {accuracy}
    {shared}

    Returns
    -------
    array, shape of `f`
        Units: [f]/[x]^2.

    {raises}; an unknown form.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(4.0), np.arange(5.0), indexing="ij")
    >>> gg.laplacian(x**2 + 3 * y**2)[0]
    array([8., 8., 8., 8., 8.])
    """
    return call("laplacian", f, spacing, axis, ends, out, workers, {"form": form, "accuracy": accuracy})


@typed.of_field
@documented
def biharmonic(
    f: Array = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``sum d_a d_a d_b d_b f``, the laplacian of the laplacian, in one pass; on one axis the fourth derivative.

    Parameters
    ----------
    {f}
    {accuracy}
    {shared}

    Returns
    -------
    array, shape of `f`
        Second order where steps vary smoothly, ends included, first order on an irregular grid, where the laplacian of the
        laplacian is none; units [f]/[x]^4. Ends of plates are `clamped` and `supported`.

    {raises}; an axis too short, which needs five points.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(6.0), np.arange(7.0), indexing="ij")
    >>> gg.biharmonic(x**4 + x**2 * y**2)[0]
    array([32., 32., 32., 32., 32., 32., 32.])
    """
    return call("biharmonic", f, spacing, axis, ends, out, workers, {"accuracy": accuracy})


@typed.hessian
@documented
def hessian(
    f: Array = MISSING, *spacing: Spacing, axis: Axes = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``d_a d_b f`` as ``result[a][b]``: compact on the diagonal, products of first derivatives beside it.

    Parameters
    ----------
    {f}
    {shared}

    Returns
    -------
    tuple of tuples of arrays
        ``result[a][b]`` equals ``result[b][a]``; on one axis the array itself. Units [f]/[x]^2.

    {raises}.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> (f_yy, f_yx), (f_xy, f_xx) = gg.hessian(x**2 * y)
    >>> f_xx[2], f_yx[2]
    (array([4., 4., 4., 4.]), array([0., 2., 4., 6.]))
    """
    return call("hessian", f, spacing, axis, ends, out, workers, {})


@typed.norm_of_field
@documented
def gradient_norm(
    f: Array = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``sqrt(sum |d_a f|^2)``, the length of the gradient, in one pass.

    Parameters
    ----------
    {f}
    accuracy : None, 2, 4 or 6
        Of the slopes, as in `derivative`.
    {shared}

    Returns
    -------
    real array, shape of `f`
        Without overflow or underflow on the way; units [f]/[x].

    {raises}.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> gg.gradient_norm(3 * x + 4 * y)[0]
    array([5., 5., 5., 5.])
    """
    return call("gradient_norm", f, spacing, axis, ends, out, workers, {"accuracy": accuracy})


@typed.norm_of_field
@documented
def gradient_squared(
    f: Array = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``sum |d_a f|^2``, the squared length of the gradient, in one pass.

    Parameters
    ----------
    {f}
    accuracy : None, 2, 4 or 6
        Of the slopes, as in `derivative`.
    {shared}

    Returns
    -------
    real array, shape of `f`
        Of slopes beyond the root of the largest number of the dtype inf, where `gradient_norm` is not; units ([f]/[x])^2.

    {raises}.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> gg.gradient_squared(3 * x + 4 * y)[0]
    array([25., 25., 25., 25.])
    """
    return call("gradient_squared", f, spacing, axis, ends, out, workers, {"accuracy": accuracy})
