"""`Grid`: axes, boundaries and stencils, computed once; its operators are objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Never

import numpy as np

from ._base.checks import clean_axis
from ._base.errors import MISSING
from ._base.words import offered, required, unexpected
from ._grid.points import Points
from ._operators import catalogue
from ._operators.choice import Choice
from ._operators.fields import gather
from ._operators.operator import Operator
from ._wraps.units import unwrap, wrap


def _check_words(method: str, others: Any, **given: Any) -> None:
    if others:
        raise unexpected(f"Grid.{method}", others)
    required(f"Grid.{method}", **given)


class Grid(Points):
    """A rectilinear grid: its stencils are made once, its operators applied many times.

    Parameters
    ----------
    *coordinates : 1-D array, (n, step) or (n, step, origin)
        One entry for each axis: strictly monotonic positions, or a tuple of the number of points, the
        step and the position of the first point. Units: [x]; quantities of pint, astropy or unyt are
        carried to the results, see `units`.
    axes : sequence of int, optional
        The axes of the fields that these are; by default the last ones, so that all axes in front are
        batch axes. ``Grid(x, y, axes=[-1, -2])`` is for arrays ``f[y, x]``: components of vectors, and
        what is given for each axis, stay in the order x, y, as do `coordinates`, `steps`, `lengths` and
        `quadrature`; the `shape`, arrays of `mesh`, `measure` and matrices are in that of the fields.
    boundary : str, pair, or sequence with one of them for each axis, optional
        ``"one-sided"`` (the default), ``"periodic"``, ``"symmetric"`` (mirrored at the end point: zero normal
        derivative) or ``"antisymmetric"`` (reflected through the end point: odd where it is 0); a
        pair gives the two ends of an axis.
    periodic : bool or sequence of bool, optional
        Which axes repeat; all others are one-sided. The short form of ``boundary="periodic"``.
    period : float, optional, or sequence with one for each axis
        Length of periodic axes given by coordinates; ``n * step`` otherwise. One number is that of
        all periodic axes.
    edge_order : 1 or 2
        Order of accuracy of one-sided ends.
    dtype : numpy.float64 or numpy.longdouble
        In which weights are made.

    Raises
    ------
    ValueError
        Coordinates that are not finite or not strictly monotonic, an unknown boundary, a period not
        larger than the span, an axis too short for what is asked of it.
    TypeError
        Coordinates that are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> grid = gg.Grid(np.linspace(0, 1, 5) ** 2, (4, 0.5), boundary=["one-sided", "periodic"])
    >>> grid
    Grid of 5 x 4 points
      axis -2: 5 points, 0 to 1, steps 0.0625 to 0.4375, one-sided (edge order 2)
      axis -1: 4 points, 0 to 1.5, step 0.5, periodic
    >>> u = grid.coordinates[0][:, None] ** 2 * np.ones(4)
    >>> grid.derivative(0)(u)[:, 0]
    array([0.   , 0.125, 0.5  , 1.125, 2.   ])
    """

    @offered
    def __init__(
        self,
        *coordinates: Any,
        axes: Sequence[int] | None = None,
        boundary: Any = None,
        periodic: Any = None,
        period: Any = None,
        edge_order: int = 2,
        dtype: Any = np.float64,
        **others: Never,
    ) -> None:
        if others:
            raise unexpected("Grid.__init__", others)
        super().__init__(coordinates, axes, boundary, periodic, period, edge_order, dtype)

    # The operators, each made at its first use.

    @property
    def gradient(self) -> Choice:
        """``(d_a f)`` for all axes: a scalar field to a vector field; on one axis to its derivative."""
        return self.kept(Choice, catalogue.gradient, catalogue.accuracy_option)

    @property
    def divergence(self) -> Choice:
        """``sum d_a F_a``: a vector field to a scalar field.

        Component a belongs to axis a of the grid, whichever axis of the arrays that is: for arrays
        ``u[y, x]`` take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``. All components end as `boundary` says. At a wall where the normal one is odd and the others
        are even, minus the adjoint of the gradient of an even field is the divergence that fits:
        ``-grid.gradient.adjoint(F, weight="quadrature")``.
        """
        return self.kept(Choice, catalogue.divergence, catalogue.accuracy_option)

    @property
    def curl(self) -> Choice:
        """``d_0 F_1 - d_1 F_0`` on two axes, the curl vector on three.

        Components and signs follow the axes of the grid, not those of the arrays: for arrays
        ``u[y, x]`` take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``. ``Grid(y, x)`` would take u for the
        component along y, silently.
        """
        return self.kept(Choice, catalogue.curl, catalogue.accuracy_option)

    @property
    def laplacian(self) -> Choice:
        """``sum d_a d_a f``; ``grid.laplacian(form="wide")``, ``(accuracy=4)`` give other forms of it."""
        return self.kept(Choice, catalogue.laplacian, catalogue.laplacian_options)

    @property
    def vector_laplacian(self) -> Choice:
        """The laplacian of each component of a vector field; with the forms of `laplacian`."""
        return self.kept(Choice, catalogue.vector_laplacian, catalogue.laplacian_options)

    @property
    def hessian(self) -> Operator:
        """``(d_a d_b f)``: compact second derivatives on the diagonal, products beside it."""
        return self.kept(catalogue.hessian)

    @property
    def identity(self) -> Operator:
        """The field itself, for sums: ``grid.identity - dt * grid.laplacian``."""
        return self.kept(catalogue.identity)

    @property
    def jacobian(self) -> Choice:
        """``(d_b F_a)`` of a vector field, as ``result[a][b]``, a and b in the order of the grid's axes.

        For arrays ``u[y, x]`` take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``.
        """
        return self.kept(Choice, catalogue.jacobian, catalogue.accuracy_option)

    @offered
    def derivative(self, axis: int, order: int = 1, accuracy: int | None = None, **others: Never) -> Operator:
        """The derivative of order 1 or 2 along one axis of the grid.

        `accuracy` None is the three-point row; 2, 4 and 6 hold on every grid, edges included. For a third
        or fourth derivative compose accurate ones, because each takes two orders (a first derivative
        one) off the ends of the one before it: with ``d2 = grid.derivative(0, order=2, accuracy=4)``,
        ``d2 @ d2`` is of order 2 at one-sided ends, where three-point rows twice would not converge;
        ``grid.derivative(0, accuracy=4) @ d2`` is of order 3. Periodic and mirrored ends need no such care,
        if the second derivative is taken first: an even field has an odd slope.
        """
        _check_words("derivative", others)
        return self.kept(catalogue.derivative, self.clean_axis(axis), *catalogue.clean_order(order, accuracy))

    @offered
    def mixed_derivative(self, axis: int, other: int, **others: Never) -> Operator:
        """``d_a d_b`` for two different axes of the grid, the product of their first derivatives."""
        _check_words("mixed_derivative", others)
        a, b = clean_axis((axis, other), self.ndim)
        return self.kept(catalogue.mixed_derivative, a, b)

    @offered
    def directional_derivative(
        self, v: Any = MISSING, accuracy: int | None = None, **others: Never
    ) -> Operator:
        """``sum v_a d_a`` along a vector, or a vector field, `v`; not divided by its length.

        `v` is as in `advect`, also in the order of its components, and at a call.
        """
        _check_words("directional_derivative", others, v=v)
        return catalogue.advection(self, v, "directional_derivative", accuracy)

    @offered
    def advect(self, v: Any = MISSING, accuracy: int | None = None, **others: Never) -> Operator:
        """``sum v_a d_a``: the advection of a scalar field by the velocity `v`, numbers or fields.

        One component for each axis of the grid, in its order: ``(u, v)`` for arrays ``u[y, x]`` on
        ``Grid(x, y, axes=[-1, -2])``. Numbers must be finite; they become part of the weights.

        Fields are not copied: what is written into them later is what the operator uses. Where the
        names of buffers are swapped instead, ``u, new = new, u``, the operator still reads the array that
        was `u` when it was made. Give the fields at the call then, ``A(f, out=new, v=(u, v))``: this plans
        nothing anew, and goes through sums, multiples, products and adjoints.

        Central differences with one-sided ends of order 2 can grow at an inflow that the grid does not
        resolve; ``edge_order=1`` or a symmetric end does not.
        """
        _check_words("advect", others, v=v)
        return catalogue.advection(self, v, "advect", accuracy)

    @offered
    def diffuse(self, k: Any = MISSING, **others: Never) -> Operator:
        """``div(k grad f)`` in flux form: the mean of `k` at each face times the difference across it.

        No flux passes one-sided and symmetric ends, so that ``sum(H div(k grad f)) = 0``. The mean is the
        arithmetic one: beside an obstacle of ``k = 0`` it is half of the neighbour's `k`, and half of
        the flux passes.

        A field `k` is not copied, and may be given at the call, ``A(f, k=k)``, as in `advect`; a number
        must be finite.
        """
        _check_words("diffuse", others, k=k)
        return catalogue.diffusion(self, k)

    @offered
    def gradient_norm(self, f: Any, out: Any = None, workers: int | None = None, **others: Never) -> Any:
        """``sqrt(sum |d_a f|^2)`` of a scalar field: real, without overflow on the way."""
        _check_words("gradient_norm", others)
        numbers, unit = unwrap(f, "f")
        samples = gather(numbers, ()).samples[0]
        if "complex" not in str(samples.dtype):
            return self.kept(catalogue.gradient_norm, 1)(wrap(samples, unit), out, workers)
        parts = [wrap(part, unit) for part in (samples.real, samples.imag)]
        return self.kept(catalogue.gradient_norm, 2)(parts, out, workers)
