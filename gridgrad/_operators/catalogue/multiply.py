"""The multiplication by a field, which joins other operators without a pass of its own."""

from __future__ import annotations

from typing import cast

from ..._base.checks import RESERVED, clean_name
from ..._base.errors import MISSING, ArgumentTypeError
from ..._base.words import answering, required
from ..._grid.points import Points
from ..fields.factors import factor_on, number_of
from ..operator import AtPoints
from ..patterns.kinds import method
from ..sweep import multiplication
from .second import identity


@method
@answering(
    b="k f g a c u v field factor coefficient other",
    name="label",
    surplus="what is made is applied to a field, grid.multiply(b)(f)",
)
def multiply(grid: Points, b: object = MISSING, *, name: str | None = None) -> AtPoints:
    """``b * f``: the multiplication by a number or a field `b`, a diagonal matrix.

    Parameters
    ----------
    b : number or array
        Broadcasts to ``(..., *grid.shape)`` as in NumPy, and is not copied: what is written into it later
        counts. A vector along one axis stays one, ``grid.multiply(r[:, None])``. A number is part of the weights;
        where it changes give an array of one element, ``dt = numpy.full((1, 1), 0.1)``.
    name : str, optional
        By which a call gives another array, ``A(f, name=...)``.

    Returns
    -------
    Operator

    Notes
    -----
    In products it costs no pass: ``grid.multiply(a) @ A`` is ``a * A``, and ``A @ grid.multiply(b)``
    applies A to ``b * f``, in one pass. Only where A is multiplied there already, as `advect` by its
    fields, ``a * A`` takes two, with a temporary. Alone, and in sums, it reads what is prescribed at points on walls, as every operator;
    in products it takes what A gives as it is. On vector fields A each component is multiplied.
    """
    required("Grid.multiply", b=b)
    number, name = number_of(b), clean_name(name, "multiply", (*RESERVED, "g", "weight"))
    if number is not None:
        if name is not None:
            one = (1,) * grid.ndim
            raise ArgumentTypeError(
                f"{name} is the number {b!r}, which is part of the weights; to give another at a call give an array of one element, "
                f"numpy.full({one}, {b!r})"
            )
        return cast(AtPoints, identity.on(grid).scaled(number))
    return cast(AtPoints, multiplication(grid, (), factor_on(grid, b, name)).held())
