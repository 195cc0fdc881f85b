"""What arrays of coordinates of several dimensions are: those of the lines along one axis, or of a mesh."""

from __future__ import annotations

from collections.abc import Sequence

from ..._base.errors import ArgumentValueError, counted
from ..._base.types import Array
from .. import hints


def check_mesh(arrays: Sequence[Array], axes: Sequence[int]) -> None:
    """Refuse what is the mesh of a rectilinear grid; positions of a curvilinear one are no longer among these arrays.

    A mesh is one array for each axis, of which each varies along one dimension only. A single array is that of lines,
    though all of them may be alike, unless all points of a line coincide.
    """
    many = [k for k, x in enumerate(arrays) if x.ndim > 1]
    varying = {k: hints.varied(arrays[k]) for k in many}
    for k in many:
        own = axes[k] % arrays[k].ndim if -arrays[k].ndim <= axes[k] < arrays[k].ndim else None
        if len(varying[k]) < 2 and (len(many) > 1 or varying[k] != [own]):
            raise _refused(arrays[k], axes[k], hints.of_shape(arrays[k], axes[k]))


def in_shape(x: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Coordinates of lines with as many dimensions as a field of this shape, to which they must broadcast."""
    full = (1,) * (len(shape) - x.ndim) + x.shape
    fits = len(full) == len(shape) and all(m in (1, n) for m, n in zip(full, shape, strict=True))
    if fits and full[axis] == shape[axis]:
        return x.reshape(full)
    raise _refused(
        x,
        axis,
        f"with {counted(shape[axis], 'point')} along that axis f has shape {shape}; give a coordinate for each of them, in the shape of f or "
        "in one that broadcasts to it",
    )


def _refused(x: Array, axis: int, why: str) -> ArgumentValueError:
    return ArgumentValueError(
        f"distances must be either scalars or 1d: the spacing of axis {axis} has shape {x.shape}; {why}"
    )
