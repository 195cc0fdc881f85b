"""What may be chosen of operators: accuracies, forms, orders."""

from __future__ import annotations

import numpy as np

from ..._base.checks import clean_accuracy, int_or_none, is_word
from ..._base.errors import ArgumentTypeError, ArgumentValueError, shown
from ..._grid.points import Points

FORMS = ("compact", "wide", "conservative")


SIDES = {None: 0, "left": -1, "right": 1}


_SAME_SIDE = {
    "backward": "left",
    "forward": "right",
    "lower": "left",
    "upper": "right",
    -1: "left",
    1: "right",
}


def mean_option(mean: object = "arithmetic") -> tuple[str]:
    """The mean of a diffusivity at faces.

    mean : "arithmetic" or "harmonic"
        ``(k + k') / 2``, or ``2 k k' / (k + k')``, which is 0 beside a 0: then no flux passes, and nothing is read.
    """
    if not isinstance(mean, str):
        raise ArgumentTypeError(
            f"mean must be a word, got {type(mean).__name__}; if it is the field, give it to the operator, as grid.diffuse(k)(f)"
        )
    if mean not in ("arithmetic", "harmonic"):
        raise ArgumentValueError(f'mean must be "arithmetic" or "harmonic", got {mean!r}')
    return (str(mean),)


def accuracy_option(accuracy: object = None) -> tuple[int | None]:
    """The option of first derivatives.

    accuracy : None, 2, 4 or 6
        None is the three-point stencil, with ends of the grid's `edge_order`. 2, 4 and 6 are the order of
        accuracy at every point of every grid, ends included, by wider stencils.
    """
    return (clean_accuracy(accuracy),)


def advection_options(accuracy: object = None, upwind: object = None) -> tuple[int | None, int | None]:
    """The options of advection.

    accuracy : None, 2, 4 or 6
        Of centred differences: None is the three-point stencil; 2, 4 and 6 are the order of accuracy at every
        point of every grid, ends included.
    upwind : None, 1 or 2
        None is centred. 1 or 2 is the accuracy of differences to the side that the flow comes from.
    """
    if upwind is None:
        return None if accuracy is None else clean_accuracy(accuracy), None
    order = int_or_none(upwind)
    if order not in (1, 2):
        raise ArgumentValueError(f"upwind must be 1, 2, or None for centred rows, got {shown(upwind)}")
    if accuracy is not None:
        raise ArgumentValueError(
            f"upwind={order} is an order of accuracy, so that accuracy={accuracy!r} has no meaning beside it; give one of them"
        )
    return None, order


def laplacian_options(form: object = "compact", accuracy: object = None) -> tuple[str, int | None]:
    """A form of the laplacian, and an accuracy that goes with it.

    form : "compact", "wide" or "conservative"
        Three-point second derivatives; the divergence of the gradient (five points along each axis); or
        differences of the fluxes through faces, none of which passes one-sided ends: then totals are
        conserved, and the matrix is symmetric in the inner product of the grid's `quadrature`.
    accuracy : None, 2, 4 or 6
        Of the compact form: None is the three-point stencil; 2, 4 and 6 are the order of accuracy at every
        point of every grid, ends included, by wider stencils.
    """
    if not is_word(form, *FORMS):
        raise ArgumentValueError(f"unknown form {shown(form)}; allowed are {', '.join(map(repr, FORMS))}")
    number = clean_accuracy(accuracy)
    if number is not None and form != "compact":
        raise ArgumentValueError(f"accuracy={number} goes with form='compact', not with {form!r}")
    return form, number


def biharmonic_options(accuracy: object = None) -> tuple[int | None]:
    """The option of the biharmonic operator.

    accuracy : None, 2, 4 or 6
        None is the stencil of 13 points on two axes. 2, 4 and 6 are the order of accuracy at every point of
        every grid, ends included, by wider stencils.
    """
    return (clean_accuracy(accuracy),)


def mixed_options(orders: object = (1, 1), accuracy: object = None) -> tuple[tuple[int, int], int | None]:
    """The options of a mixed derivative.

    orders : pair of 1, 2, 3 or 4
        Of the derivatives along the two axes, in the order in which they were named.
    accuracy : None, 2, 4 or 6
        None is the narrowest stencil along each axis, as in `Grid.derivative`. A number is the order of accuracy
        at every point of every grid, ends included.
    """
    given = orders.tolist() if isinstance(orders, np.ndarray) else orders
    pair = given if isinstance(given, (list, tuple)) else ()
    numbers = tuple([number for number in map(int_or_none, pair) if number in (1, 2, 3, 4)])
    if len(pair) != 2 or len(numbers) != 2:
        raise ArgumentValueError(
            f"orders must be a pair of 1, 2, 3 or 4, one for each of the two axes, got {shown(orders)}; of one axis it is "
            "derivative(order=...), of more axes a product, grid.derivative(2) @ grid.mixed_derivative(0, 1)"
            + _field(orders, "grid.mixed_derivative(0, 1)(f)")
        )
    return (numbers[0], numbers[1]), clean_accuracy(accuracy)


def derivative_options(
    order: object = 1, accuracy: object = None, side: object = None
) -> tuple[int, int | None, str | None]:
    """The options of one derivative.

    order : 1, 2, 3 or 4
        Of the derivative.
    accuracy : None, 2, 4 or 6; with `side` None, 1 or 2
        None is the narrowest stencil: three points, five for orders 3 and 4, two with `side`. A number is the
        order of accuracy at every point of every grid, ends included.
    side : None, "left" or "right"
        None is centred. "left" reads the points before, of lower index, "right" those behind, of the
        first derivative only.
    """
    return clean_derivative(order, accuracy, side)


def clean_derivative(
    order: object, accuracy: object, side: object, made: Points | None = None
) -> tuple[int, int | None, str | None]:
    """A derivative of order 1 to 4, of an accuracy that goes with its side; `made` is a grid that the caller did not make."""
    number = int_or_none(order)
    if number not in (1, 2, 3, 4):
        raise ArgumentValueError(
            f"order must be 1, 2, 3 or 4, got {shown(order)}{_composed(number, made)}{_field(order, 'grid.derivative(0)(f)')}"
        )
    word = _clean_side(side)
    if word is None:
        if int_or_none(accuracy) == 1:
            raise ArgumentValueError(
                "accuracy must be 2, 4, 6, or None for the narrowest rows, got 1; rows of first order are those to one "
                'side: side="left" or side="right"'
            )
        return number, clean_accuracy(accuracy), None
    if number != 1:
        raise ArgumentValueError(
            f"side={word!r} goes with order=1, got order={number}; leave side= away for the centred row"
        )
    if accuracy is not None and int_or_none(accuracy) not in (1, 2):
        raise ArgumentValueError(f"accuracy must be 1, 2 or None with side={word!r}, got {shown(accuracy)}")
    return 1, int_or_none(accuracy), word


def _clean_side(side: object) -> str | None:
    if side is None or (isinstance(side, str) and side in SIDES):
        return side
    known = side if isinstance(side, str) else int_or_none(side)
    meant = f'; here it is side="{_SAME_SIDE[known]}"' if known in _SAME_SIDE else ""
    raise ArgumentValueError(
        f'side must be "left", "right", or None for centred rows, got {shown(side)}{meant}'
    )


def _field(given: object, call: str) -> str:
    """On an array in the place of an option."""
    return f"; if it is the field, give it to the operator, as {call}" if getattr(given, "ndim", 0) else ""


def _composed(order: int | None, made: Points | None) -> str:
    """How higher derivatives are made of two."""
    if order not in (5, 6, 7, 8):
        return ""
    outer = "" if order == 5 else f", order={order - 4}"
    product = f"(grid.derivative(0{outer}, accuracy=6) @ grid.derivative(0, order=4, accuracy=6))(f)"
    where = ""
    if made is not None:
        x = "x" if made.axis_objects[0].has_coordinates else f"({made.lengths[0]}, h)"
        where = f"; with grid = gridgrad.Grid({x}, axes=[{made.axes[0]}])"
    return f"; compose accurate ones, {product}, of order {10 - order} at one-sided ends{where}"
