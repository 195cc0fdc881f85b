"""Diffusion in flux form: what passes the face between two points leaves one and comes to the other."""

from __future__ import annotations

from typing import Never

from ..._base.checks import is_word
from ..._base.errors import MISSING, ArgumentValueError, shown
from ..._base.types import Scalar
from ..._grid.points import Points
from ..._stencils.ends import closed
from ..faces.fluxes import diffuse_at_faces
from ..fields.coefficients import Argument, Numbers, diffusivities
from ..operator import Operator
from ..patterns.build import Build, weighed
from ..patterns.kinds import kind, method, refuse_words
from ..sweep import Sweep
from .diffuse_tensor import diffuse_tensor
from .options import mean_option


@method
def diffuse(
    grid: Points, k: object = MISSING, mean: str = "arithmetic", form: str = "points", **others: Never
) -> Operator[Scalar, Scalar]:  # fmt: skip
    """``div(k grad f)`` in flux form: the mean of `k` at each face times the difference across it.

    No flux passes one-sided, reflected and symmetric ends: the total ``sum(grid.measure * div(k grad f))`` is 0.

    Parameters
    ----------
    k : number, array, or sequence with one of them for each axis
        A sequence is in the order of the grid's axes. A field is not copied, and may be given at the call,
        ``A(f, k=k)``, as in `advect`; a number must be finite.
    mean : "arithmetic" or "harmonic"
        Of points at a face. ``(k + k') / 2`` lets half of the flux pass beside an obstacle of ``k = 0``. With
        ``"harmonic"``, ``2 k k' / (k + k')``, the obstacle is an insulating wall: no flux passes, and the values in it
        are not read. It is also the mean for a k that jumps at faces (two resistances in series).
    form : "points", "faces" or "tensor"
        What `k` is. ``"faces"`` takes it at the faces, one number or array for each axis, in the shapes of
        ``grid.faces()``: n - 1 along its own axis, or n where that is periodic. With n + 1 it is given in the walls
        too, which is required where fluxes pass them: at antisymmetric and antireflected ends, and at all prescribed
        conditions but a value at the end point. It takes two passes: the fluxes, then their divergence.

        ``"tensor"`` takes a symmetric tensor at the points, ``k[a][b]`` for the axes a and b, made of numbers and
        fields: ``sum d_a (k_ab d_b f)``. Diagonal entries are as above; the others use slopes averaged over cells, in
        two more passes. No flux passes the ends, and the total is 0.

    Returns
    -------
    Operator

    Notes
    -----
    The matrix of a tensor is symmetric in the inner product of `quadrature`, and negative semidefinite where the
    tensor is positive semidefinite at each point. Rows are of order 2 inside where steps vary smoothly, and of
    order 1 at ends where only the sum of two parts of the flux is 0; solutions are then of order 2 in the mean.

    On grids with gaps k is not read in them, nor at a face to them that no flux passes, and totals stay 0. Where a
    condition beside gaps lets fluxes pass, k at faces counts there. A tensor needs gaps that no flux passes. Slopes
    count as 0 at their faces, as at symmetric ends: order 2 where the slope across a coast is 0; elsewhere
    solutions converge by an order between 1/2 and 1 in the mean.
    """
    if others or k is MISSING:
        refuse_words("diffuse", others, k=k)
    if not is_word(form, "points"):
        return _other_form(grid, k, mean, form)
    numbers, is_vector, fields = diffusivities(k, grid.ndim)
    return _diffuse.on(grid, (numbers, is_vector), mean).with_first(fields)


def _other_form(grid: Points, k: object, mean: str, form: str) -> Operator[Scalar, Scalar]:
    if not is_word(form, "faces", "tensor"):
        raise ArgumentValueError(f'form must be "points", "faces" or "tensor", got {shown(form)}')
    if mean_option(mean) != mean_option():
        raise ArgumentValueError(
            f'mean={mean!r} is of diffusivities at points, form="points"; with form={form!r} leave it away'
        )
    return diffuse_tensor(grid, k) if form == "tensor" else diffuse_at_faces(grid, k)


@kind(mean_option, geometry=True, is_flux=True)
def _diffuse(grid: Points, numbers: Numbers, is_vector: bool, mean: str) -> Sweep:
    """``div(k grad f)`` in flux form, the mean of k at the faces between points."""
    build = Build(grid, arguments=(Argument("k", numbers, is_vector),))
    for a in range(grid.ndim):
        along = grid.axis_objects[a].along(2, change=closed)
        change, faces = weighed(numbers, a if is_vector else 0)
        is_harmonic = faces is not None and mean == "harmonic"
        build.add_second(0, 0, a, along, None, "conservative", change, faces, is_harmonic)
    return Sweep.built(build, "diffuse" if mean == "arithmetic" else f"diffuse ({mean})")
