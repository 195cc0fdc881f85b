"""`Faces`: what goes from the points of a grid to the faces between them, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, Never, TypeVar, overload

import numpy as np

from ..._backends.once import made_once
from ..._base.cache import cached_property
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted, shown
from ..._base.late import Late
from ..._base.types import Array, Boundary, In, Out, Scalar, Seen, Vector, seen
from ..._base.words.names import unknown
from ..._grid.axis import Along
from ..._grid.points import Points
from ..._stencils.ends import closed
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..fields.coefficients import Argument, Numbers
from ..fields.grids import Grids, Place
from ..operator import Operator
from ..patterns.build import Build, weighed
from ..patterns.kinds import method, refuse_words
from ..sweep import Sweep
from .axis import FaceAxis

if TYPE_CHECKING:
    from . import coasts
else:
    coasts = Late("gridgrad._operators.faces.coasts")

OnPoints = TypeVar("OnPoints", bound=Points)


if TYPE_CHECKING:

    @overload
    def faces(
        grid: OnPoints, axis: int, walls: bool = False, boundary: Boundary | None = None, **others: Never
    ) -> Faces[OnPoints]: ...
    @overload
    def faces(
        grid: OnPoints, axis: None = None, walls: bool = False, **others: Never
    ) -> AllFaces[OnPoints]: ...


@method
def faces(
    grid: OnPoints, axis: int | None = None, walls: bool = False, boundary: Boundary | None = None, **others: Never
) -> Faces[OnPoints] | AllFaces[OnPoints]:  # fmt: skip
    """The faces between the points of one axis, or, without `axis`, of all axes, for staggered fields.

    Each face lies midway between two points. A periodic axis has as many faces as points, face i below point i. Other
    axes have one face less than points, face i above point i; with ``walls=True`` they have faces in both walls too,
    one more than points, face i below point i.

    On a grid with gaps (`Grid.with_mask`, `Grid.with_breaks`) those between two points inside are open, see `Faces.open`.
    The values at others are not read, and no flux passes them.

    Parameters
    ----------
    axis : int, optional
        An axis of the grid.
    walls : bool
        Whether there are faces in the walls. Without them no flux passes the walls: `Faces.divergence` and
        `Faces.mean_at_points` take 0 there. Walls are where `Grid.quadrature` ends: at the end point, or outside
        of it where the boundary condition says so.
    boundary : as of `Grid`, optional
        The boundary conditions of `Faces.grid`: by default those of this grid, and "one-sided" along `axis`.

    Returns
    -------
    Faces, or AllFaces

    Raises
    ------
    ValueError
        An axis too short; grids with ``geometry=``, curvilinear or with coordinates of lines; gaps beside which anything
        but "one-sided" or "symmetric" holds.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> grid = gg.Grid((5, 1.0))
    >>> faces = grid.faces(0)
    >>> faces.derivative(grid.coordinates[0] ** 2)
    array([1., 3., 5., 7.])
    >>> faces.mean_at_points(faces.derivative(grid.coordinates[0] ** 2))[1:-1]
    array([2., 4., 6.])
    """
    if others:
        refuse_words("faces", others)
    if not isinstance(walls, bool):
        raise ArgumentTypeError(f"walls must be True or False, got {shown(walls)}")
    check_plain(grid)
    if axis is not None:
        k = grid.clean_axis(axis)
        return grid.kept(Faces, k, walls) if boundary is None else Faces(grid, k, walls, boundary)
    if boundary is not None:
        raise ArgumentTypeError(
            "boundary= is for the faces of one axis, whose grids differ; give it with axis=, grid.faces(0, boundary=...)"
        )
    return grid.kept(AllFaces, walls)


def check_plain(grid: Points) -> None:
    """Refuse grids whose faces would lose something."""
    if grid.metric is not None:
        raise ArgumentValueError(
            "faces are not offered with geometry=; divergence and diffuse of the grid conserve totals there"
        )
    if grid.mapping is not None:
        raise grid.mapping.refusal("a field at faces")
    if grid.has_lines:
        raise ArgumentValueError(
            "faces are not offered on grids whose coordinates differ from line to line; give coordinates of one line"
        )
    if grid.mask is not None:
        coasts.check_closed(grid)


class Faces(Generic[OnPoints], metaclass=Seen):
    """The faces across one axis of a grid; see `Grid.faces`. Immutable.

    Attributes
    ----------
    points : Grid
        The grid between whose points they are.
    axis : int
        The axis of the grid across which they lie.
    grid : Grid
        The grid of the faces: of the same kind, with operators and faces of its own.
    """

    _seen = ("axis", "derivative", "divergence", "grid", "mean", "mean_at_points", "open", "points")
    __dir__ = seen

    def __init__(self, grid: OnPoints, k: int, walls: bool, boundary: object = None) -> None:
        self.points, self.axis = grid, k
        self.face_axis = FaceAxis(grid, k, walls)
        self.grid: OnPoints = _grid_of(grid, self.face_axis, boundary)

    if not TYPE_CHECKING:  # or a checker would take every name for one

        def __getattr__(self, name: str) -> Never:
            places = {"grid.faces()": AllFaces, "faces.grid": vars(self).get("grid")}
            raise unknown(self, "a Faces", name, places)

    def __repr__(self) -> str:
        return (
            f"<gridgrad {self.face_axis.words} of a grid of {' x '.join(map(str, self.points.shape))} points>"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Faces, (self.points, self.axis, self.face_axis.has_walls, self.grid.boundary)

    @cached_property
    @made_once
    def derivative(self) -> Operator[Scalar, Scalar]:
        """From points to faces: the difference of the points beside a face over their distance.

        At faces in walls it is what the boundary condition says: a prescribed slope, the difference to a prescribed
        value, 0 for an even field, or a one-sided difference.
        """
        return self._to_faces("derivative", self.face_axis.derivative())

    @cached_property
    @made_once
    def mean(self) -> Operator[Scalar, Scalar]:
        """From points to faces: the mean of the two points beside a face; in walls the value there."""
        return self._to_faces("mean", self.face_axis.mean())

    @cached_property
    @made_once
    def divergence(self) -> Operator[Scalar, Scalar]:
        """From faces to points: the flux through the face above less that below, over the width of the cell.

        ``sum(points.measure * divergence(F))`` is what passes the walls, to rounding: nothing where they have no faces.
        """
        return self._to_points("divergence", self.face_axis.divergence())

    @cached_property
    @made_once
    def mean_at_points(self) -> Operator[Scalar, Scalar]:
        """From faces to points: the mean of the two faces beside a point, with 0 for walls without faces."""
        return self._to_points("mean_at_points", self.face_axis.mean_at_points())

    @property
    def open(self) -> Array:
        """Which faces are open, an array of bool: on a grid with gaps those between two points inside, else all; read-only."""
        return np.broadcast_to(True, self.grid.shape) if self.grid.mask is None else coasts.open_of(self.grid)

    @property
    def here(self) -> Place:
        """The faces, in words."""
        return Place(self.grid, self.face_axis.words)

    def _name(self, operator: str) -> str:
        return f"faces({self.axis}{', walls=True' if self.face_axis.has_walls else ''}).{operator}"

    def gate(self, rows: Stencil | None = None) -> coasts.Gate:
        """Which faces count, of rows of points those whose row is all inside."""
        return coasts.at_faces(self.points, self.face_axis, self.grid, rows)

    def _to_faces(self, operator: str, along: Along) -> Operator[Scalar, Scalar]:
        build = Build(self.points.whole)
        build.add(0, 0, self.axis, along)
        grids = Grids((place_of_points(self.points),), (self.here,))
        made: Sweep[Scalar, Scalar] = Sweep.built(build, self._name(operator), grids=grids)
        return between(made, (self,)).held()

    def _to_points(self, operator: str, rows: Stencil) -> Operator[Scalar, Scalar]:
        grids, term = Grids((self.here,), (place_of_points(self.points),)), Term(0, 0, self.axis, rows)
        made: Sweep[Scalar, Scalar] = Sweep.of(self.grid, self._name(operator), (term,), grids=grids)
        return between(made, (self,), reads_faces=True)


class AllFaces(Generic[OnPoints], metaclass=Seen):
    """The faces across all axes of a grid, ``faces[k]`` those across axis k; see `Grid.faces`.

    Attributes
    ----------
    points : Grid
        The grid between whose points they are.
    """

    _seen = ("divergence", "gradient", "points")
    __dir__ = seen

    def __init__(self, grid: OnPoints, walls: bool | tuple[bool, ...]) -> None:
        self.points, self.has_walls = grid, walls
        each = walls if isinstance(walls, tuple) else (walls,) * grid.ndim
        self._axes: tuple[Faces[OnPoints], ...] = tuple(grid.kept(Faces, *own) for own in enumerate(each))

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.points.shape))
        return f"<gridgrad faces across all axes of a grid of {shape} points: {', '.join(str(own.grid.shape) for own in self)}>"

    if not TYPE_CHECKING:  # or a checker would take every name for one

        def __getattr__(self, name: str) -> Never:
            each = vars(self).get("_axes", (None,))
            raise unknown(
                self, "an AllFaces", name, {"faces[0]": each[0], "faces.points": vars(self).get("points")}
            )

    def __len__(self) -> int:
        return len(self._axes)

    def __getitem__(self, k: int) -> Faces[OnPoints]:
        return self._axes[k]

    def __iter__(self) -> Iterator[Faces[OnPoints]]:
        return iter(self._axes)

    def __reduce__(self) -> tuple[object, ...]:
        return AllFaces, (self.points, self.has_walls)

    @cached_property
    @made_once
    def gradient(self) -> Operator[Scalar, Vector]:
        """``d_a f`` at the faces across each axis a: a tuple of fields of their shapes."""
        build = Build(self.points.whole)
        for a, own in enumerate(self._axes):
            build.add(a, 0, a, own.face_axis.derivative())
        return between(self._to_faces("gradient", build), self._axes).held()

    def fluxes(self, numbers: Numbers) -> Operator[Scalar, Vector]:
        """``k_a d_a f`` at the faces across each axis a, where k is one of the numbers or, of None, a field at these faces.

        Nothing passes one-sided ends.
        """
        build = Build(self.points, arguments=(Argument("k", numbers, True),))
        for a, own in enumerate(self._axes):
            change, outer = weighed(numbers, a)
            build.add(a, 0, a, own.face_axis.derivative(closed), change, outer=outer)
        return self._to_faces("diffuse", build).held()

    def _to_faces(self, name: str, build: Build) -> Sweep[Scalar, Vector]:
        grids = Grids((place_of_points(self.points),), self._places)
        return Sweep.built(build, self._name(name), (len(self._axes),), grids=grids)

    @cached_property
    @made_once
    def divergence(self) -> Operator[Vector, Scalar]:
        """What leaves each cell through its faces, over its measure, of one field of fluxes for each axis.

        ``sum(points.measure * divergence(F))`` is what passes the walls, to rounding: nothing where they have no faces.
        """
        return between(self._to_points(False), self._axes, reads_faces=True)

    @cached_property
    def balance(self) -> Sweep[Vector, Scalar]:
        """The divergence of what `fluxes` makes, of which a held point has none across its wall."""
        return self._to_points(True)

    def _to_points(self, is_balanced: bool) -> Sweep[Vector, Scalar]:
        terms = tuple(
            Term(0, a, a, own.face_axis.divergence(is_balanced)) for a, own in enumerate(self._axes)
        )
        grids = Grids(self._places, (place_of_points(self.points),))
        return Sweep.of(self._axes[0].grid, self._name("divergence"), terms, (len(terms),), grids=grids)

    @property
    def _places(self) -> tuple[Place, ...]:
        return tuple(own.here for own in self._axes)

    def _name(self, operator: str) -> str:
        return f"faces({f'walls={self.has_walls}' if self.has_walls else ''}).{operator}"


def between(
    whole: Sweep[In, Out], faces: Sequence[Faces[OnPoints]], reads_faces: bool = False
) -> Operator[In, Out]:
    """A sweep from points to these faces, or from them to points; of a grid with gaps those that are open."""
    points = faces[0].points
    if points.mask is None:
        return whole
    rows = [None if reads_faces else term.stencil for term in whole.terms]
    at_points, at_faces = (coasts.Gate(points),), tuple(map(Faces.gate, faces, rows))
    gates = (at_faces, at_points) if reads_faces else (at_points, at_faces)
    return coasts.BetweenCoasts(whole, gates, reads_faces, points.mask.fill)


def place_of_points(grid: Points) -> Place:
    """The points of a grid, in words."""
    return Place(grid, f"the {' x '.join(map(str, grid.shape))} points")


def _grid_of(grid: OnPoints, face_axis: FaceAxis, boundary: object) -> OnPoints:
    """The grid of the faces of an axis."""
    needed = 2 + (grid.edge_order > 1 and not face_axis.is_ring)
    if face_axis.length < needed:
        raise ArgumentValueError(
            f"axis {face_axis.axis.number} of the grid has {counted(face_axis.points, 'point')}, whose {face_axis.length} faces are too few "
            f"for a grid of edge_order={grid.edge_order}; add points"
        )
    given, periods = zip(*(own.given() for own in grid.axis_objects), strict=True)
    entries, ends = list(given), list[object](grid.boundary)
    k = face_axis.k
    entries[k], ends[k] = face_axis.given(), "periodic" if face_axis.is_ring else "one-sided"
    make: Callable[..., OnPoints] = type(grid)
    made = make(
        *entries, axes=grid.axes, boundary=ends if boundary is None else boundary, period=list(periods),
        edge_order=grid.edge_order, dtype=grid.dtype,
    )  # fmt: skip
    return made if grid.mask is None else coasts.with_coasts(made, grid, face_axis)
