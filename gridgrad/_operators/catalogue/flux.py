"""Diffusion in flux form: what passes the face between two points leaves one and comes to the other."""

from __future__ import annotations

from functools import partial
from typing import Never

from ..._base.errors import MISSING
from ..._grid.points import Points
from ..._stencils import transpose
from ..._stencils.ends import closed
from ..fields.coefficients import Argument, Numbers, diffusivities
from ..patterns.build import Build
from ..patterns.kinds import check_words, kind, method
from ..sweep import Sweep
from .options import mean_option


@method
def diffuse(grid: Points, k: object = MISSING, mean: str = "arithmetic", **others: Never) -> Sweep:
    """``div(k grad f)`` in flux form: the mean of `k` at each face times the difference across it.

    No flux passes one-sided and even ends, so that ``sum(H div(k grad f)) = 0``. With the arithmetic mean half of the
    flux passes beside an obstacle of ``k = 0``, as k is half of the neighbour's there. With ``mean="harmonic"``,
    ``2 k k' / (k + k')``, that is an insulating wall: no flux passes, and what stands in it is not read. It is
    the mean for jumps of k at faces, of which it is the series.

    A sequence of numbers and fields gives one `k` for each axis of the grid, in its order. A field `k` is not
    copied, and may be given at the call, ``A(f, k=k)``, as in `advect`; a number must be finite.
    """
    check_words("diffuse", others, k=k)
    numbers, is_vector, fields = diffusivities(k, grid.ndim)
    return _diffuse.on(grid, numbers, is_vector, mean=mean).with_first(fields)


@kind(mean_option)
def _diffuse(grid: Points, numbers: Numbers, is_vector: bool, mean: str) -> Sweep:
    """``div(k grad f)`` in flux form, the mean of k at the faces between points."""
    build = Build(grid, arguments=(Argument("k", numbers, is_vector),))
    for a in range(grid.ndim):
        along, own = grid.along(a, 2, change=closed), a if is_vector else 0
        number, place = numbers[own], numbers[:own].count(None)
        if number is not None:
            change = partial(transpose.scaled, factor=number)
            build.add_second(0, 0, a, along, None, "conservative", change)
        else:
            build.add_second(0, 0, a, along, None, "conservative", faces=place, harmonic=mean == "harmonic")
    return Sweep.built(build, "diffuse" if mean == "arithmetic" else f"diffuse ({mean})")
