"""`dense`: full derivatives of small functions that mix the points of their arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from ._evaluate import _from_numpy, _to_numpy, _wide, backend_of, chosen
from ._exact import documented
from ._jets.algebra import Monomial, algebra_for, scale
from ._jets.jet import Jet, payload
from ._jets.mesh import clean_numpy, refuse_nested
from ._jets.plain import disagreement, refusal
from ._jets.run import called, check_carries
from ._typed import Dense, Engine, Function

if TYPE_CHECKING:
    from ._engines.backend import Backend

LIMIT = 1 << 24  # numbers: 128 MiB of float64


@documented[Dense]()
def dense(
    function: Function,
    *args: Array,
    order: int | Sequence[int] | None = None,
    engine: Engine = "auto",
    limit: int = LIMIT,
) -> object:
    """Every derivative of every element of a small function in every element of its arguments.

    Unlike the rest of `gridgrad.autodiff` the function may use sums, means, rolls, matrix products and
    other linear and bilinear functions of NumPy; with torch or JAX arrays, anything of theirs.

    Parameters
    ----------
    function : callable
        Any function of the arguments, which are arrays of any shape; one array is returned.
    *args : arrays or numbers
    order : sequence of int, optional
        Which arguments are differentiated, one after the other: ``(0, 1)`` is the derivative in the
        second argument of the derivative in the first. By default once, in each argument.
    engine : {"auto", "jet", "torch", "jax"}
        As in `gradient`.
    limit : int
        The most numbers that a result may have; a Jacobian of a 1000 x 1000 mesh has 10^12.

    Returns
    -------
    array or tuple of arrays
        Shape ``(*result, *args[order[0]], *args[order[1]], ...)``; without `order` one for each argument,
        bare for one.

    Raises
    ------
    ValueError
        A result would be larger than `limit`.
    TypeError
        The function uses what the jet engine has no rule for: sorting, maxima, inverses.

    Examples
    --------
    >>> import numpy as np
    >>> from gridgrad import autodiff
    >>> autodiff.dense(lambda x: x - x.mean(), np.array([1.0, 5.0]))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    if not args:
        raise ArgumentTypeError("dense needs arguments to differentiate at: dense(f, x, y)")
    refuse_nested(args)
    home, using = chosen(engine, args)
    paths = [(k,) for k in range(len(args))] if order is None else [_clean_path(order, len(args))]
    if using in ("torch", "jax"):
        backend = backend_of(using)
        with _wide(using, args):
            arrays = [backend.clean(a if home == using else _to_numpy(a), k) for k, a in enumerate(args)]
            result = function(*arrays)
            _check_size(int(np.prod(tuple(getattr(result, "shape", ())))), arrays, paths, limit)
            found = [_nested(cast(Callable[..., Array], function), arrays, path, backend) for path in paths]
            results = found if home == using else [backend.numpy(a) for a in found]
    else:
        arrays = [clean_numpy(_to_numpy(a), k) for k, a in enumerate(args)]
        results = [_columns(function, arrays, path, limit) for path in paths]
    if home not in (using, "numpy", "cupy"):
        results = [_from_numpy(a, home, args) for a in results]
    return results[0] if len(results) == 1 else tuple(results)


def _clean_path(order: object, count: int) -> tuple[int, ...]:
    path = tuple(order) if isinstance(order, (tuple, list)) else (order,)
    if not all(type(k) is int and 0 <= k < count for k in path):
        raise ArgumentValueError(
            f"order is {order!r}; give the numbers of arguments, from 0 to {count - 1}, such as (0, 1)"
        )
    return path


def _check_size(result: int, arrays: Sequence[Array], paths: Sequence[tuple[int, ...]], limit: int) -> None:
    for path in paths:
        size = result
        for k in path:
            size *= int(np.prod(tuple(arrays[k].shape), dtype=np.int64))
        if size > limit:
            raise ArgumentValueError(
                f"the derivative in arguments {path} has {size:,} numbers, more than limit={limit:,}; use jvp, vjp or hvp of an "
                "elementwise function, fewer points, or a larger limit="
            )


def _columns(function: Function, arrays: list[Array], path: tuple[int, ...], limit: int) -> Array:
    """All columns in one pass: each element of each argument is a variable of the jets."""
    _check_size(max(arrays[k].size for k in path), arrays, [path], limit)  # the seeds
    sizes = [a.size for a in arrays]
    first = {k: sum(sizes[j] for j in range(k) if j in path) for k in path}
    variables = sum(sizes[k] for k in set(path))
    monomials = [
        _exponents([first[k] + e for k, e in zip(path, place, strict=True)], variables)
        for place in np.ndindex(*(sizes[k] for k in path))
    ]
    algebra = algebra_for(tuple(set(monomials)), variables, any(a.dtype.kind == "c" for a in arrays), True)
    number = {m: i for i, m in enumerate(algebra.monomials)}
    jets = []
    for k, a in enumerate(arrays):
        seeds = {}
        if k in path:
            unit = np.eye(a.size, dtype=a.dtype).reshape(a.size, *a.shape)
            seeds = {number[_exponents([first[k] + e], variables)]: unit[e] for e in range(a.size)}
        jets.append(Jet(a, seeds, algebra))
    with np.errstate(all="ignore"):
        outputs, _ = called(function, jets)
    if len(outputs) != 1:
        raise ArgumentValueError("dense takes a function that returns one array; call it for each output")
    output = outputs[0]
    check_carries(output)
    if difference := disagreement(function, arrays, [payload(output)]):
        raise refusal(difference)
    value = output.value if isinstance(output, Jet) else np.asarray(output)
    shape = np.shape(value)
    _check_size(int(np.prod(shape, dtype=np.int64)), arrays, [path], limit)
    result = np.zeros((len(monomials), *shape), np.result_type(value, *(a.dtype for a in arrays)))
    for row, m in enumerate(monomials):
        c = output.coefficients.get(number[m]) if isinstance(output, Jet) else None
        if c is not None:
            result[row] = c * scale(m)
    moved = np.moveaxis(result, 0, -1)
    return np.ascontiguousarray(moved).reshape(shape + tuple(n for k in path for n in arrays[k].shape))


def _exponents(places: list[int], variables: int) -> Monomial:
    return tuple(map(places.count, range(variables)))


def _nested(
    function: Callable[..., Array], arrays: list[Array], path: tuple[int, ...], backend: Backend
) -> Array:
    """The library's own forward Jacobians, one inside the other."""
    for k in path:
        function = backend.jacfwd(function, k)
    return function(*arrays)
