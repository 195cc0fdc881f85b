"""What may be chosen of operators: accuracies, forms, orders."""

from __future__ import annotations

from ..._base.checks import clean_accuracy, int_or_none
from ..._base.errors import ArgumentValueError
from ..._grid.points import Points

FORMS = ("compact", "wide", "conservative")


_TWICE = "compose accurate ones, d2 = grid.derivative(0, order=2, accuracy=4) and"


_ENDS = "three-point rows one after the other do for periodic and mirrored ends of smooth grids only"


_HIGHER = {  # orders at one-sided ends as measured: an end's larger error is differenced by the operator that follows
    3: f"; {_TWICE} (grid.derivative(0, accuracy=4) @ d2)(f), of order 3 at one-sided ends; {_ENDS}",
    4: f"; {_TWICE} (d2 @ d2)(f), of order 2 at one-sided ends; {_ENDS}",
}


def accuracy_option(accuracy: object = None) -> tuple[int | None]:
    """The option of first derivatives.

    accuracy : None, 2, 4 or 6
        None is the three-point row, with ends of the grid's `edge_order`. 2, 4 and 6 hold at every
        point of every grid, ends included, with wider rows.
    """
    return (clean_accuracy(accuracy),)


def laplacian_options(form: object = "compact", accuracy: object = None) -> tuple[str, int | None]:
    """A form of the laplacian, and an accuracy that goes with it.

    form : "compact", "wide" or "conservative"
        Three-point second derivatives; the divergence of the gradient (rows of five points); or the
        compact rows with ends that no flux passes, symmetric in the inner product of the grid's
        `quadrature`.
    accuracy : None, 2, 4 or 6
        Of the compact form: None is the three-point row; 2, 4 and 6 hold at every point of every grid,
        ends included, with wider rows.
    """
    if form not in FORMS:
        raise ArgumentValueError(f"unknown form {form!r}; allowed are {', '.join(map(repr, FORMS))}")
    number = clean_accuracy(accuracy)
    if number is not None and form != "compact":
        raise ArgumentValueError(f"accuracy={number} goes with form='compact', not with {form!r}")
    return form, number


def derivative_options(order: object = 1, accuracy: object = None) -> tuple[int, int | None]:
    """The options of one derivative.

    order : 1 or 2
        Of the derivative.
    accuracy : None, 2, 4 or 6
        None is the three-point row; 2, 4 and 6 hold at every point of every grid, ends included.
    """
    return clean_order(order, accuracy)


def clean_order(order: object, accuracy: object, made: Points | None = None) -> tuple[int, int | None]:
    """A derivative of order 1 or 2, of accuracy 2, 4, 6 or None; `made` is a grid that the caller did not make."""
    number = int_or_none(order)
    if number not in (1, 2):
        higher = _HIGHER.get(number or 0, "")
        if higher and made is not None:
            x = "x" if made.has_coordinates(0) else f"({made.lengths[0]}, h)"
            higher += f"; with grid = gridgrad.Grid({x}, axes=[{made.axes[0]}])"
        raise ArgumentValueError(f"order must be 1 or 2, got {order!r}{higher}")
    return number, clean_accuracy(accuracy)
