"""Solves by iteration with the operator itself, of which no matrix is made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple, TypedDict

import numpy as np

from ..._base.checks import as_float, int_or_none, is_real
from ..._base.errors import ArgumentTypeError, ArgumentValueError, typed
from ..._base.late import sparse_linalg
from ..._base.types import Array
from .factored import Unknowns
from .inverse import Inverse

METHODS = ("cg", "bicgstab", "gmres", "lgmres")
_SYMMETRIC = ("cg",)  # for operators that are symmetric with the weights of the grid's measure


class Tolerance(NamedTuple):
    """When an iteration ends."""

    rtol: float = 1e-10
    maxiter: int | None = None


class Limits(TypedDict, total=False):
    """Those that a call gives."""

    rtol: float
    maxiter: int | None


def given_limits(rtol: float | None, maxiter: int | None) -> Limits:
    """Those that are not None."""
    limits: Limits = {}
    if rtol is not None:
        given: object = rtol
        if isinstance(given, bool) or not is_real(given):
            raise ArgumentTypeError(
                f"rtol must be a positive number, got {typed(rtol)}; rtol=1e-8 for example"
            )
        if not 0 < as_float(given) < 1:
            raise ArgumentValueError(
                f"rtol must be between 0 and 1, got {rtol}; it is a part of b, rtol=1e-8 for example"
            )
        limits["rtol"] = as_float(given)
    if maxiter is not None:
        count = int_or_none(maxiter)
        if count is None or count < 1:
            raise ArgumentTypeError(
                f"maxiter must be a positive int, got {typed(maxiter)}; maxiter=1000 for example"
            )
        limits["maxiter"] = count
    return limits


class Iterated(Inverse):
    """By one of SciPy's Krylov methods, field by field of a batch."""

    def __init__(
        self, operator: sparse_linalg.LinearOperator, unknowns: Unknowns, method: str, tolerance: Tolerance, power: int = 1
    ) -> None:  # fmt: skip
        self.operator, self.unknowns, self.method, self.tolerance = operator, unknowns, method, tolerance
        self.described = f"{method}, rtol={tolerance.rtol:g}"
        self.takes_batches = not unknowns.form and max(unknowns.grid.axes) < 0
        self._power = power  # of the weights that make the operator symmetric; -1 of its transpose
        measure = np.tile(
            np.asarray(unknowns.grid.measure, np.float64).ravel(), unknowns.size // unknowns.grid.measure.size
        )
        self._weights = measure[unknowns.places] ** power if method in _SYMMETRIC else 1.0

    def __call__(self, b: Array) -> Array:
        """Solve each field."""
        columns = self.unknowns.vectors(b)
        size = len(columns)
        dtype = np.result_type(b.dtype, self.operator.dtype)
        rows = sparse_linalg.LinearOperator(
            (size, size), matvec=lambda x: self._weights * self._rows(np.ravel(x)), dtype=dtype
        )
        found = [self._iterated(rows, np.array(self._weights * column, dtype)) for column in columns.T]
        x = np.stack(found, axis=1) if found else np.zeros(columns.shape, dtype)
        return self.unknowns.fields(x, b)

    def _rows(self, x: Array) -> Array:
        unknowns = self.unknowns
        if unknowns.are_all:
            result: Array = self.operator @ x
            return result
        whole = np.zeros(unknowns.size, x.dtype)
        whole[unknowns.places] = x
        found: Array = (self.operator @ whole)[unknowns.places]
        return found

    def transposed(self) -> Inverse:
        """By the transposed operator."""
        return Iterated(self.operator.T, self.unknowns, self.method, self.tolerance, -self._power)

    def _iterated(self, rows: sparse_linalg.LinearOperator, b: Array) -> Array:
        told = Progress(self.method, lambda x: float(np.linalg.norm(b - rows @ x) / (np.linalg.norm(b) or 1)))
        more: dict[str, object] = {"callback_type": "x"} if self.method == "gmres" else {}
        if self.tolerance.maxiter is not None:
            more["maxiter"] = self.tolerance.maxiter
        x, _ = getattr(sparse_linalg, self.method)(
            rows, b, rtol=self.tolerance.rtol, atol=0.0, callback=told, **more
        )
        told.end()
        left = told.residual(x)
        if not left <= 10 * self.tolerance.rtol:
            raise ArgumentValueError(
                f"{self.method} ended after {told.count} iterations with a residual of {left:.1e} of b, not {self.tolerance.rtol:g}; give "
                "maxiter= or rtol=, another method ('gmres' where the operator is not symmetric), or none: solve(b)"
            )
        found: Array = x
        return found


class Progress:
    """Tells on a terminal, twice a second, how far an iteration has come."""

    def __init__(self, method: str, residual: Callable[[Array], float]) -> None:
        self.method, self.residual, self.count = method, residual, 0
        self._last = monotonic()
        self._told = False

    def __call__(self, x: Array) -> None:
        """One more step."""
        self.count += 1
        if monotonic() - self._last < 0.5 or not sys.stderr.isatty():
            return
        sys.stderr.write(f"\r{self.method}: {self.count} iterations, residual {self.residual(x):.1e} of b ")
        sys.stderr.flush()
        self._last, self._told = monotonic(), True

    def end(self) -> None:
        """Leave the line."""
        if self._told:
            sys.stderr.write("\n")
