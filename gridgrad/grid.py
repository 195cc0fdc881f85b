"""`Grid`: axes, boundaries and stencils, computed once; its operators are objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, Never, TypedDict, Unpack, overload

import numpy as np
import numpy.typing as npt

from ._base.errors import refused
from ._base.types import Angle, AxisLike, Boundary, Matrix, OnGrid, Period, Scalar, Seen, Vector, seen
from ._base.words import offered, unexpected
from ._base.words.names import unknown
from ._grid.asked import Asked, lay_out
from ._grid.points import Points
from ._operators.catalogue import first, flux, multiply, norm, partials, second, transport
from ._operators.faces.faces import faces
from ._operators.masked.grids import with_breaks, with_mask
from ._operators.operator import AtPoints, Operator
from ._operators.patterns.kinds import Shown


class Options(TypedDict, total=False):
    """The keywords of a grid."""

    axes: Sequence[int] | None
    boundary: Boundary | None
    periodic: bool | Sequence[bool] | None
    period: Period
    edge_order: int
    dtype: npt.DTypeLike
    geometry: str | Sequence[str] | None
    radius: float | None
    angle: Angle | None


_OF_POINTS = (
    "axes", "boundary", "coordinates", "dtype", "edge_order", "lengths", "measure", "mesh", "ndim", "quadrature", "shape", "steps", "units",
)  # fmt: skip


class Grid(Points, Generic[OnGrid], metaclass=Seen):
    """A rectilinear or curvilinear grid: its weights are made once, its operators applied many times.

    Operators of scalar fields are `gradient`, `derivative`, `mixed_derivative`, `laplacian`, `biharmonic`,
    `hessian`, `directional_derivative`, `advect`, `diffuse`, `gradient_norm` and `gradient_squared`; of vector
    fields `divergence`, `curl`, `jacobian` and `vector_laplacian`; and `identity` and `multiply` for sums and
    products. ``grid.laplacian(u)`` applies one, ``help(grid.laplacian)`` shows its formula and options, and
    `Operator` what all can do: sums, adjoints, matrices, solves. `with_mask` and `with_breaks` make grids with
    gaps, `faces` has the operators of staggered grids.

    Parameters
    ----------
    *coordinates : array, (n, step) or (n, step, origin)
        One entry for each axis: strictly monotonic positions, or a tuple of the number of points, the
        step and the position of the first point. They are copied: arrays on a device are read here, and
        no operator waits for them again. Units: [x]; quantities of pint, astropy or unyt are carried to
        the results, see `units`.

        An array of several dimensions for one axis has the positions on each line along it, and its
        dimensions are aligned with the last ones of the fields. Arrays of several dimensions for several
        axes, in the shape of the grid, are positions of a curvilinear grid: the operators of
        ``Grid(x, y)`` with x[i, j] and y[i, j] differentiate by x and by y. Arrays of several dimensions
        may be NaN at points that `with_mask` leaves out.
    axes : sequence of int, optional
        To which axes of the fields they belong; by default the last ones, so that all axes in front are
        batch axes. ``Grid(x, y, axes=[-1, -2])`` is for arrays ``f[y, x]``: components of vectors, and
        what is given for each axis, stay in the order x, y, as do `coordinates`, `steps`, `lengths` and
        `quadrature`; the `shape`, arrays of `mesh`, `measure` and matrices are in that of the fields.
    boundary : str, condition, pair, or sequence with one of them for each axis, optional
        The boundary conditions; a pair gives the two ends of an axis, and None in a sequence is the default of
        that axis or end. ``"one-sided"`` (the default),
        ``"periodic"``, or mirrors by the words of `numpy.pad`: ``"reflect"`` (even about the end point),
        ``"symmetric"`` (even about a wall half a step outside), ``"antireflect"`` (odd about the value at
        the end point) or ``"antisymmetric"`` (odd about a wall half a step outside); for latitudes and
        radii ``"pole"``, see `geometry`. Prescribed are `value` (Dirichlet), `slope` (Neumann), `robin`, for
        plates `clamped` and `supported`, and for velocities `slip`, `no_slip` and `components`.
    periodic : bool or sequence of bool, optional
        Which axes repeat; all others are one-sided. The short form of ``boundary="periodic"``.
    period : float, optional, or sequence with one for each axis
        Length of periodic axes given by coordinates; ``n * step`` otherwise. One number is that of
        all periodic axes.
    edge_order : 1 or 2
        Order of accuracy of one-sided ends.
    dtype : numpy.float64 or numpy.longdouble
        In which weights are made.
    geometry : "sphere", "polar", "cylindrical", or what each axis is, optional
        Curvilinear coordinates of spheres and cylinders: latitudes and longitudes,
        ``Grid(lat, lon, geometry="sphere")``, a radius and an angle, or these and a height. Another order is
        ``geometry=("lon", "lat")``, levels in front are ``("z", "lat", "lon")``, and no angle ``("r", "z")``.

        Operators are per unit of length, with components of vectors along the axes, in their order.
        Longitudes and angles that go all round are periodic, unless `boundary` says how they end. Latitudes
        and radii that end within a step of a pole or of r = 0 have the boundary ``"pole"`` in the place of
        ``"one-sided"``.
        Slopes at walls are per unit of length, at the ends of longitudes and angles too. Tensors (`jacobian`,
        `hessian`, `vector_laplacian`, `mixed_derivative`) and `biharmonic` are not offered.
    radius : float, optional
        Of a sphere; 6 371 229 m, that of weather models. Units: [length], in which results are.
    angle : "degrees" or "radians", optional
        What angles are in: degrees on a sphere, radians otherwise.

    Attributes
    ----------
    shape : tuple of int
        The lengths of a field along the grid's axes, in the order of the field's axes.
    ndim : int
        The number of axes.
    lengths, axes : tuple of int
        Of each axis of the grid, in the order given: its number of points, and which axis of fields it is.
    edge_order, dtype :
        As given.

    Raises
    ------
    ValueError
        Coordinates that are not finite or not strictly monotonic, an unknown boundary, a period not
        larger than the span, an axis too short for what is asked of it.
    TypeError
        Coordinates that are not real numbers; ``Grid((64, 64))``, which looks like a shape and would be one axis.

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

    if TYPE_CHECKING:

        @overload
        def __init__(self: Grid[Scalar], x: AxisLike, /, **options: Unpack[Options]) -> None: ...
        @overload
        def __init__(
            self: Grid[Vector], x: AxisLike, y: AxisLike, /, *more: AxisLike, **options: Unpack[Options]
        ) -> None: ...

    @offered
    def __init__(
        self,
        *coordinates: AxisLike,
        axes: Sequence[int] | None = None,
        boundary: Boundary | None = None,
        periodic: bool | Sequence[bool] | None = None,
        period: Period = None,
        edge_order: int = 2,
        dtype: npt.DTypeLike = np.float64,
        geometry: str | Sequence[str] | None = None,
        radius: float | None = None,
        angle: Angle | None = None,
        **others: Never,
    ) -> None:
        if others:
            raise unexpected("Grid.__init__", others)
        asked = Asked(edge_order, periodic, period, boundary, None, geometry, radius, angle)
        lay_out(self, coordinates, axes, asked, dtype)

    gradient = Shown[Operator[Scalar, OnGrid]](first.gradient)
    divergence = Shown[Operator[OnGrid, Scalar]](first.divergence)
    curl = Shown[Operator[Vector, Any]](first.curl)
    laplacian = Shown[Operator](second.laplacian)
    vector_laplacian = Shown[Operator[OnGrid, OnGrid]](second.vector_laplacian)
    biharmonic = Shown[Operator](second.biharmonic)
    hessian = Shown[Operator[Scalar, Matrix[OnGrid]]](second.hessian)
    jacobian = Shown[Operator[OnGrid, Matrix[OnGrid]]](first.jacobian)
    gradient_norm = Shown[Operator](norm.gradient_norm)
    gradient_squared = Shown[Operator](norm.gradient_squared)
    identity = Shown[AtPoints](second.identity)

    with_mask = with_mask
    with_breaks = with_breaks

    derivative = partials.derivative
    mixed_derivative = partials.mixed_derivative
    directional_derivative = transport.directional_derivative
    advect = transport.advect
    diffuse = flux.diffuse
    multiply = multiply.multiply
    faces = faces

    _seen = (*_OF_POINTS, *(name for name in vars() if not name.startswith("_")))

    __dir__ = seen

    if not TYPE_CHECKING:  # or a checker would take every name for one, and a grid for a function
        __call__ = refused(
            "a grid is not applied to fields, its operators are: grid.gradient(f), grid.laplacian(f)"
        )
        __getitem__ = refused(  # without __iter__ or __len__, for which others take what has them for a list
            "a grid is no sequence; its axes are those of grid.coordinates[0], grid.steps[0] and grid.lengths[0], and a part of it is a grid of "
            "a part of these, Grid(grid.coordinates[0][2:9])"
        )
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = (
            __truediv__
        ) = refused(
            "a grid is no operator, and is not added or multiplied; its operators are: 2 * grid.laplacian + grid.identity"
        )
        __array_ufunc__ = None  # so that NumPy leaves ``array * grid`` to the grid

        def __getattr__(self, name: str) -> Never:
            raise unknown(self, "a Grid", name)
