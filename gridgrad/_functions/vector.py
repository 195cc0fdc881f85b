"""The free functions of vector fields: an array and its spacing in, an array out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from .._base.errors import MISSING
from .._base.types import Array, Axes, LaplacianForm, Spacing
from . import typed
from .share import call, documented
from .typed import Ends


@typed.vector_to_vector
@documented
def vector_laplacian(
    F: Array | Sequence[Array] = MISSING, *spacing: Spacing, axis: Axes = None, form: LaplacianForm = "compact", accuracy: int | None = None,
    out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """The laplacian of each component of a vector field.

    Parameters
    ----------
    F : sequence of arrays, or array of shape (k, ...)
        One component for each axis. What goes in comes out: a tuple, or one stacked array.
    form, accuracy :
        As in `laplacian`.
    {shared}

    Returns
    -------
    vector field
        Units: [F]/[x]^2.

    {raises}; a wrong number of components.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> of_first, of_second = gg.vector_laplacian((y**2, 3 * x**2))
    >>> of_second[0]
    array([6., 6., 6., 6.])
    """
    options = {"form": form, "accuracy": accuracy}
    return call("vector_laplacian", F, spacing, axis, ends, out, workers, options, vector=True)


@typed.of_vector
@documented
def divergence(
    F: Array | Sequence[Array] = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``sum d_a F_a`` of a vector field.

    Parameters
    ----------
    F : sequence of arrays, or array of shape (k, ...)
        One component for each axis, in the order in which `axis` names them, by default that of the
        array: (v, u) for arrays ``u[y, x]``, or (u, v) with ``axis=(-1, -2)`` and spacings x, y.
    {accuracy}
    {shared}

    Returns
    -------
    array, shape of a component
        Second order; units [F]/[x].

    {raises}; a wrong number of components.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> gg.divergence([y**2, 3 * x], edge_order=2)[:, 0]
    array([3., 5., 7.])
    """
    return call("divergence", F, spacing, axis, ends, out, workers, {"accuracy": accuracy}, vector=True)


@typed.vector_to_curl
@documented
def curl(
    F: Array | Sequence[Array] = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """The curl of a vector field on two axes (a scalar) or three (a vector).

    Parameters
    ----------
    F : sequence of arrays, or array of shape (k, ...)
        One component for each axis, in the order of the axes, which count as right-handed.
    {accuracy}
    {shared}

    Returns
    -------
    array or vector field
        ``d_0 F_1 - d_1 F_0`` on two axes. For the usual ``dv/dx - du/dy`` of arrays ``u[y, x]`` name the axes in
        the order x, y, ``curl((u, v), x, y, axis=(-1, -2))``; ``curl((v, u), y, x)`` is its negative. Second order; units [F]/[x].

    {raises}; a wrong number of components, or of axes.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> u, v = -y, x  # turns counter-clockwise
    >>> gg.curl((u, v), 1.0, axis=(-1, -2))[0]
    array([2., 2., 2., 2.])
    """
    return call("curl", F, spacing, axis, ends, out, workers, {"accuracy": accuracy}, vector=True)


@typed.vector_to_rows
@documented
def jacobian(
    F: Array | Sequence[Array] = MISSING, *spacing: Spacing, axis: Axes = None, accuracy: int | None = None, out: object = None,
    workers: int | None = None, **ends: Unpack[Ends],
) -> object:  # fmt: skip
    """``d_b F_a`` of a vector field, as ``result[a][b]``.

    Parameters
    ----------
    F : sequence of arrays, or array of shape (k, ...)
        One component for each axis, in the order in which `axis` names them: as in `divergence`.
    {accuracy}
    {shared}

    Returns
    -------
    tuple of tuples of arrays, or one array of shape (k, k, ...)
        As `F` was given. Second order; units [F]/[x].

    {raises}; a wrong number of components.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    >>> u, v = x * y, 2 * x
    >>> (u_x, u_y), (v_x, v_y) = gg.jacobian((u, v), axis=(-1, -2))
    >>> u_y[0], v_x[0]
    (array([0., 1., 2., 3.]), array([2., 2., 2., 2.]))
    """
    return call("jacobian", F, spacing, axis, ends, out, workers, {"accuracy": accuracy}, vector=True)
