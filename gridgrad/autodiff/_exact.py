"""Exact derivatives of functions: gradient, Jacobian, Hessian, and any mixed partial derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from inspect import cleandoc
from typing import Generic, TypeVar, Unpack, cast

import numpy as np

from .._base.checks import UNSET, int_or_none
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted
from .._base.types import Array
from .._grid.asked import Asked
from ._evaluate import expand
from ._jets.algebra import Monomial, units
from ._jets.run import Parts
from ._typed import Engine, Function, OfEach, OfOrders, OfOutputs, OfPairs, Options, Pointwise, WithValue

_SHARED = """function : callable
    An elementwise function of the coordinates, one argument for each; plain NumPy (CuPy, torch,
    JAX) code, or an expression of sympy. It may be called several times, on parts of the mesh.
*coords : array or number
    1-D coordinates are the axes of a grid, as for `gradient`; arrays of more dimensions that
    broadcast are points; numbers are a point. Integers become float64.
engine : {"auto", "jet", "torch", "jax", "sympy"}
    What differentiates; by default the library of the coordinates: torch and JAX their own,
    NumPy and CuPy the built-in one. Another engine converts, and converts back.
points : bool
    Take 1-D coordinates as scattered points instead of axes.
check : bool
    Find out whether derivatives can be right: for torch and JAX, with a product more for each
    coordinate, whether the function mixes points (not possible where values are being traced,
    ``jax.jit``, ``torch.func``); else, with a plain call on at most 1024 points, whether it
    computes the same of arrays.
out : array, sequence of arrays, or one stacked array, optional
    Where the results of a function of one output go.
workers : int, optional
    Threads on a CPU; by default all for large meshes."""

_KEYWORDS = """engine, points, check, out, workers :
    As in `value_and_gradient`."""


Kind = TypeVar("Kind")
Result = TypeVar("Result")


class documented(Generic[Kind]):
    """Puts the shared paragraphs in their places; a checker takes the function for one of `Kind`."""

    def __call__(self, function: Function) -> Kind:
        """The function itself."""
        if function.__doc__:  # not under -OO
            function.__doc__ = (
                cleandoc(function.__doc__).replace("{shared}", _SHARED).replace("{keywords}", _KEYWORDS)
            )
        return cast(Kind, function)


def gradient_of(
    function: Function,
    coords: tuple[Array, ...],
    axis: object,
    asked: Asked,
    out: object,
    workers: int | None,
) -> Array | tuple[Array, ...]:
    """The body of ``gridgrad.gradient(function, *coords)``."""
    odd = [
        name
        for name, given in (
            ("axis (or dim)", axis is not UNSET and axis is not None),
            ("edge_order", int_or_none(asked.edge_order) != 1),
            ("periodic", asked.periodic is not None and asked.periodic is not False),
            ("period", asked.period is not None),
            ("boundary", asked.boundary is not None),
            ("accuracy", asked.accuracy is not None),
            ("geometry", not (asked.geometry is None and asked.radius is None and asked.angle is None)),
        )
        if given
    ]
    if odd:
        raise ArgumentTypeError(
            f"{' and '.join(odd)} {'is' if len(odd) == 1 else 'are'} given with a function, whose derivatives are exact: there are no "
            "differences and no edges; leave it out, or evaluate the function and differentiate the samples, gradient(f(x), x)"
        )
    return gradient(function, *coords, out=out, workers=workers)


def one(parts: list[list[Result]], name: str, instead: str = "jacobian") -> list[list[Result]]:
    """The parts of a function with one output; others are refused."""
    if len(parts) != 1:
        raise ArgumentValueError(
            f"the function returned {counted(len(parts), 'output')}, but {name} takes a function with one; "
            f"use gg.autodiff.{instead}"
        )
    return parts


def row_of(
    function: Function, coords: tuple[Array, ...], wanted: tuple[Monomial, ...], name: str, options: Options
) -> list[Array]:
    """The wanted derivatives of a function with one output, for the function `name` here."""
    return expand(function, coords, wanted, combine=functools.partial(one, name=name), **options)[0].parts[0]


def _one_for_out(out: object) -> Callable[[Parts], Parts] | None:
    """Refuse `out` beside several outputs: their number is known only once the function was called."""

    def combine(parts: Parts) -> Parts:
        if len(parts) != 1:
            raise ArgumentTypeError(
                f"the function returned {counted(len(parts), 'output')}, but out= takes the results of one; leave out= away, "
                "or call once for each output"
            )
        return parts

    return None if out is None else combine


def _bare(row: Sequence[Result]) -> Result | tuple[Result, ...]:
    return row[0] if len(row) == 1 else tuple(row)


@documented[OfEach]()
def gradient(function: Function, *coords: Array, **options: Unpack[Options]) -> object:
    """Exact partial derivatives of a function, one array for each coordinate.

    Parameters
    ----------
    {shared}

    Returns
    -------
    array or tuple of arrays, shape of the mesh
        One array for one coordinate, else a tuple. Library and device of the coordinates, the
        function's type (float32 stays); units [f]/[x]. A coordinate that the function does not
        use gets zeros. At kinks: 0 for abs at 0, the mean of both sides for a tie of max or min.

    Raises
    ------
    TypeError
        The function mixes points of the mesh, branches on arrays, or uses what has no rule.
    ValueError
        Coordinates do not broadcast, several outputs, `out` does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from gridgrad import autodiff
    >>> dt, dk = autodiff.gradient(lambda t, k: t * k + 2 * t * k**2, [1.0, 2.0, 4.0], [2.0, 3.0])
    >>> dk
    array([[ 9., 13.],
           [18., 26.],
           [36., 52.]])
    """
    return _bare(row_of(function, coords, units(len(coords)), "gradient", options))


@documented[WithValue]()
def value_and_gradient(function: Function, *coords: Array, **options: Unpack[Options]) -> object:
    """The function on the mesh and its exact partial derivatives, in one pass.

    Parameters
    ----------
    {shared}

    Returns
    -------
    value : array, shape of the mesh
    gradient : array or tuple of arrays
        As `gradient` returns. With ``out``, the value is the first of the arrays.

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> value, slope = autodiff.value_and_gradient(lambda x: 2 * x**2 + 5, 5.0)
    >>> float(value), float(slope)
    (55.0, 20.0)
    """
    wanted = ((0,) * len(coords), *units(len(coords)))
    value, *slopes = row_of(function, coords, wanted, "value_and_gradient", options)
    return value, _bare(slopes)


@documented[OfOutputs]()
def jacobian(function: Function, *coords: Array, **options: Unpack[Options]) -> object:
    """Exact partial derivatives of several outputs, all in one pass that shares their work.

    Parameters
    ----------
    {shared}

    Returns
    -------
    tuple of tuples of arrays
        ``result[component][coordinate]``, each of the mesh's shape; for a function that returns one
        array rather than a tuple or list, its row alone.

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> rows = autodiff.jacobian(lambda a, b, c: (a * b * c, b**2, a + c), 1.0, 2.0, 3.0)
    >>> [[float(entry) for entry in row] for row in rows]
    [[6.0, 3.0, 2.0], [0.0, 4.0, 0.0], [1.0, 0.0, 1.0]]
    """
    if options.get("out") is not None:
        raise ArgumentTypeError("jacobian takes no out=: it has as many arrays as outputs times coordinates")
    result, _ = expand(function, coords, units(len(coords)), **options)
    rows = tuple(tuple(row) for row in result.parts)
    return rows[0] if result.single else rows


@documented[OfPairs]()
def hessian(function: Function, *coords: Array, **options: Unpack[Options]) -> object:
    """Exact second derivatives ``result[i][j]`` of a function of one output.

    Parameters
    ----------
    {shared}

    Returns
    -------
    tuple of tuples of arrays
        Symmetric: ``result[i][j] is result[j][i]``; for one coordinate the array itself. Each of the
        n (n + 1)/2 different ones is computed once.

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> rows = autodiff.hessian(lambda x, y: x**2 * y, 3.0, 5.0)
    >>> [[float(entry) for entry in row] for row in rows]
    [[10.0, 6.0], [6.0, 0.0]]
    """
    n = len(coords)
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    wanted = tuple(tuple((k == i) + (k == j) for k in range(n)) for i, j in pairs)
    entries = dict(zip(pairs, row_of(function, coords, wanted, "hessian", options), strict=True))
    rows = tuple(tuple(entries[min(i, j), max(i, j)] for j in range(n)) for i in range(n))
    return rows[0][0] if n == 1 else rows


@documented[OfOrders]()
def derivative(
    function: Function, *coords: Array, orders: object = None, **options: Unpack[Options]
) -> object:
    """Any mixed partial derivatives: ``orders=(2, 0, 1)`` is twice in the first, once in the third coordinate.

    Parameters
    ----------
    {shared}
    orders : int, sequence of int, or list of such
        The order in each coordinate; an int for a function of one coordinate. With a list of them, as
        ``[(0, 0), (1, 0), (0, 2)]``, all derivatives of an equation come from one pass.

    Returns
    -------
    array, or tuple of arrays for a function of several outputs
        Units [f]/[x]^order. Of a list of orders a tuple, with one for each. NaN beyond the first order
        for hypot and arctan2 at the origin, where they have none.

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> float(autodiff.derivative(lambda x, y: x**3 * y**2, 2.0, 5.0, orders=(2, 1)))
    120.0
    >>> u, ut, uxx = autodiff.derivative(lambda t, x: t * x**2, 2.0, 5.0, orders=[(0, 0), (1, 0), (0, 2)])
    >>> float(u), float(ut), float(uxx)
    (50.0, 25.0, 4.0)
    """
    orders = orders.tolist() if isinstance(orders, np.ndarray) else orders
    each = list(orders) if isinstance(orders, (tuple, list)) else [orders]
    several = bool(each) and isinstance(each[0], (tuple, list))
    wanted = tuple(_clean_orders(given, len(coords)) for given in (each if several else [orders]))
    result, _ = expand(function, coords, wanted, combine=_one_for_out(options.get("out")), **options)
    rows = [tuple(row) if several else row[0] for row in result.parts]
    return rows[0] if result.single else tuple(rows)


def _clean_orders(orders: object, count: int) -> Monomial:
    if orders is None:
        raise ArgumentTypeError(
            "derivative() needs orders=, integers, one for each coordinate: derivative(function, x, orders=(2,)); (2, 0, 1) is twice in the first "
            "coordinate and once in the third"
        )
    given = tuple(orders) if isinstance(orders, (tuple, list)) else (orders,)
    whole = tuple(int_or_none(value) for value in given)
    if any(value is None for value in whole):
        raise ArgumentTypeError(
            f"orders= must be integers, got {orders!r}; (2, 0, 1) is twice in the first coordinate and once in the third"
        )
    if len(whole) != count or any(value is None or value < 0 for value in whole):
        many = (
            f", or several of them in a list, orders={[(value,) for value in whole]}"
            if count == 1 < len(whole)
            else ""
        )
        raise ArgumentValueError(
            f"orders is {orders!r} for {counted(count, 'coordinate')}; give one integer of at least 0 for each{many}"
        )
    return tuple(value for value in whole if value is not None)


def partial(
    function: Function, argnum: int = 0, order: int = 1, *, engine: Engine = "auto", check: bool = True
) -> Pointwise:
    """The derivative in one argument, as a function of the same arguments.

    Parameters
    ----------
    function : callable
        As in `gradient`.
    argnum : int
        Which argument is differentiated.
    order : int
        How often.
    engine, check :
        As in `gradient`.

    Returns
    -------
    callable
        ``df(*args)``: pointwise, with NumPy's broadcasting of the arguments (1-D arrays are points
        here, not axes of a grid).

    Examples
    --------
    >>> import numpy as np
    >>> from gridgrad import autodiff
    >>> autodiff.partial(lambda x: 2 * x**3 + 5 * x**2 + 7 * x + 10)(np.array([1, 2, 3]))
    array([23., 51., 91.])
    """
    place, times = int_or_none(argnum), int_or_none(order)
    if place is None or times is None:
        raise ArgumentTypeError(f"argnum and order must be integers, got {argnum!r} and {order!r}")
    if times < 0:
        raise ArgumentValueError(f"order must be at least 0, got {times}")

    @functools.wraps(function, assigned=("__name__", "__doc__", "__module__"), updated=())
    def differentiated(*args: Array) -> object:
        if not -len(args) <= place < len(args):
            raise ArgumentValueError(
                f"argnum {place} names no argument: {counted(len(args), 'argument')} given"
            )
        orders = tuple(times if k == place % len(args) else 0 for k in range(len(args)))
        return derivative(function, *args, orders=orders, points=True, engine=engine, check=check)

    return cast(Pointwise, differentiated)
