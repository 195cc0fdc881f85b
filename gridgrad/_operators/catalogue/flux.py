"""Diffusion in flux form: what passes the face between two points leaves one and comes to the other."""

from __future__ import annotations

from functools import partial
from typing import Never

from ..._base.checks import is_word
from ..._base.errors import MISSING, ArgumentValueError
from ..._base.types import Scalar
from ..._grid.points import Points
from ..._stencils import transpose
from ..._stencils.ends import closed
from ..faces.fluxes import diffuse_at_faces
from ..fields.coefficients import Argument, Numbers, diffusivities
from ..operator import Operator
from ..patterns.build import Build
from ..patterns.kinds import check_words, kind, method
from ..sweep import Sweep
from .diffuse_tensor import diffuse_tensor
from .options import mean_option


@method
def diffuse(
    grid: Points, k: object = MISSING, mean: str = "arithmetic", form: str = "points", **others: Never
) -> Operator[Scalar, Scalar]:  # fmt: skip
    """``div(k grad f)`` in flux form: the mean of `k` at each face times the difference across it.

    No flux passes one-sided and even ends, so that ``sum(H div(k grad f)) = 0``. With the arithmetic mean half of the
    flux passes beside an obstacle of ``k = 0``, as k is half of the neighbour's there. With ``mean="harmonic"``,
    ``2 k k' / (k + k')``, that is an insulating wall: no flux passes, and what stands in it is not read. It is
    the mean for jumps of k at faces, of which it is the series.

    A sequence of numbers and fields gives one `k` for each axis of the grid, in its order. A field `k` is not
    copied, and may be given at the call, ``A(f, k=k)``, as in `advect`; a number must be finite.

    ``form="faces"`` takes `k` at the faces, one number or array for each axis, of the shapes of ``grid.faces()``: n - 1
    along its own axis, n on a periodic one, or n + 1 where it is given in the walls too, as it has to be where fluxes pass
    them: at odd ends, and at walls that prescribe something but hold no point. Two passes: the fluxes, then what they bring into cells.

    ``form="tensor"`` takes a symmetric tensor at the points, ``k[a][b]`` of axes a and b, numbers and fields:
    ``sum d_a (k_ab d_b f)``. The diagonal is as above, all else by means of slopes over cells, in two passes more. No flux
    passes the ends, ``sum(H div(k grad f)) = 0``, the matrix is symmetric in the inner product of `quadrature`, and negative
    semidefinite where the tensor is positive semidefinite at each point. Rows are of order 2 inside where steps vary
    smoothly, and of order 1 at ends where only the sum of two parts of the flux is 0; solutions then of order 2 in the mean.
    """
    check_words("diffuse", others, k=k)
    if not is_word(form, "points"):
        return _other_form(grid, k, mean, form)
    numbers, is_vector, fields = diffusivities(k, grid.ndim)
    return _diffuse.on(grid, numbers, is_vector, mean=mean).with_first(fields)


def _other_form(grid: Points, k: object, mean: str, form: str) -> Operator[Scalar, Scalar]:
    if not is_word(form, "faces", "tensor"):
        raise ArgumentValueError(f'form must be "points", "faces" or "tensor", got {form!r}')
    if mean_option(mean) != mean_option():
        raise ArgumentValueError(
            f'mean={mean!r} is of diffusivities at points, form="points"; with form={form!r} leave it away'
        )
    return diffuse_tensor(grid, k) if form == "tensor" else diffuse_at_faces(grid, k)


@kind(mean_option, geometry=True)
def _diffuse(grid: Points, numbers: Numbers, is_vector: bool, mean: str) -> Sweep:
    """``div(k grad f)`` in flux form, the mean of k at the faces between points."""
    build = Build(grid, arguments=(Argument("k", numbers, is_vector),))
    for a in range(grid.ndim):
        along, own = grid.axis_objects[a].along(2, change=closed), a if is_vector else 0
        number, place = numbers[own], numbers[:own].count(None)
        if number is not None:
            change = partial(transpose.scaled, factor=number)
            build.add_second(0, 0, a, along, None, "conservative", change)
        else:
            build.add_second(0, 0, a, along, None, "conservative", faces=place, harmonic=mean == "harmonic")
    return Sweep.built(build, "diffuse" if mean == "arithmetic" else f"diffuse ({mean})")
