"""Every operator of a grid beside the same in exact rationals; the grids, boundaries and fields that tests share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from oracles import fraction, fractions
from scipy import sparse
from stencil_oracles import ExactAxis, nodes_of

import gridgrad as gg

SHAPE = (4, 5, 6)
POINTS = 4 * 5 * 6
# Each boundary meets each axis, and each pair of different ends one of them.
BOUNDARIES = {
    "one-sided": "one-sided",
    "each another": ["one-sided", "periodic", ("reflect", "antireflect")],
    "each another, turned": ["periodic", ("antireflect", "reflect"), "one-sided"],
    "walls and mirrors": [("one-sided", "antireflect"), "reflect", ("reflect", "one-sided")],
    "mirrors and rings": ["antireflect", ("antireflect", "one-sided"), "periodic"],
}
KINDS = ("steps", "coordinates", "decreasing")


class Setting(NamedTuple):
    """One grid of gridgrad, and the same grid exactly."""

    grid: gg.Grid
    exact: ExactGrid


@dataclass(frozen=True)
class Exact:
    """Exact values, and the sum of magnitudes that rounding errors are measured by."""

    value: Any
    size: Any

    @classmethod
    def of(cls, field: Any) -> Exact:
        value = np.empty(np.shape(field), object)
        for index, sample in np.ndenumerate(np.asarray(field)):
            value[index] = fraction(sample)
        return cls(value, abs(value))

    def __add__(self, other: Exact) -> Exact:
        return Exact(self.value + other.value, self.size + other.size)

    def __sub__(self, other: Exact) -> Exact:
        return Exact(self.value - other.value, self.size + other.size)

    def __mul__(self, other: Exact) -> Exact:
        return Exact(self.value * other.value, self.size * other.size)

    def along(self, rows: tuple[Any, Any], axis: int) -> Exact:
        """The matrix of values and that of sizes along an axis."""
        parts = zip(rows, (self.value, self.size), strict=True)
        return Exact(*(np.moveaxis(np.tensordot(m, part, (1, axis)), 0, axis) for m, part in parts))


class ExactGrid:
    """Positions, boundaries and matrices in rationals; knows nothing of gridgrad."""

    def __init__(self, spacings: Any, shape: Any, boundary: Any, periods: Any, edge_order: int) -> None:
        self.shape, self.edge_order, self.ndim = shape, edge_order, len(shape)
        self.boundary = [(ends, ends) if isinstance(ends, str) else ends for ends in boundary]
        self.x, self.periods = [], []
        for spacing, n, period, ends in zip(spacings, shape, periods, self.boundary, strict=True):
            x = [k * fraction(spacing) for k in range(n)] if np.ndim(spacing) == 0 else fractions(spacing)
            wrap = n * abs(x[1] - x[0]) if period is None else fraction(period)
            self.x.append(x)
            self.periods.append(wrap * (1 if x[1] > x[0] else -1) if ends[0] == "periodic" else None)
        self._rows: dict[Any, Any] = {}

    def rows(
        self, a: int, order: int = 1, accuracy: int | None = None, ends: Any = None, side: int = 0
    ) -> tuple[Any, Any]:
        """The derivative along axis `a` as a matrix, and the magnitudes of ``w_j (f_j - f_i)`` as another."""
        ends = self.boundary[a] if ends is None else ends
        key = (a, order, accuracy, ends, side)
        if key not in self._rows:
            self._rows[key] = self._make_rows(*key)
        return self._rows[key]

    def _make_rows(self, a: int, order: int, accuracy: int | None, ends: Any, side: int) -> tuple[Any, Any]:
        x, n = self.x[a], self.shape[a]
        axis = ExactAxis(x, ends, self.periods[a])
        matrix, sizes = np.full((n, n), Fraction(0)), np.full((n, n), Fraction(0))
        steps = {right - left for left, right in pairwise(x)}
        for i in range(n):
            nodes = nodes_of(i, n, order, accuracy, ends, self.edge_order, len(steps) == 1, side)
            gaps = {axis.position(k + 1) - axis.position(k) for k in nodes[:-1]}
            if len(steps) == 1 and len(gaps) > 1:  # a ring whose last step is another one
                nodes = nodes_of(i, n, order, accuracy, ends, self.edge_order, False, side)
            matrix[i] = axis.row(i, nodes, order)
            sizes[i] = abs(matrix[i])
            sizes[i, i] += sum(sizes[i]) - sizes[i, i]
        return matrix, sizes

    def derivative(
        self, f: Exact, a: int, order: int = 1, accuracy: int | None = None, side: int = 0
    ) -> Exact:
        return f.along(self.rows(a, order, accuracy, side=side), a)

    def laplacian(self, f: Exact, form: str = "compact", accuracy: int | None = None) -> Exact:
        if form == "conservative":
            return self.diffuse(Exact.of(np.ones(f.value.shape)), f)
        if form == "compact":
            parts = [self.derivative(f, a, 2, accuracy) for a in range(self.ndim)]
        else:
            flip = {"reflect": "antireflect", "antireflect": "reflect"}
            others = [tuple(flip.get(name, name) for name in ends) for ends in self.boundary]
            parts = [self.derivative(f, a).along(self.rows(a, ends=others[a]), a) for a in range(self.ndim)]
        return sum(parts[1:], parts[0])

    def diffuse(self, k: Exact, f: Exact) -> Exact:
        parts = [self._diffuse_along(k, f, a) for a in range(self.ndim)]
        return sum(parts[1:], parts[0])

    def _diffuse_along(self, k: Exact, f: Exact, a: int) -> Exact:
        """Fluxes through faces over the width between them; ends are closed, reflected or a ring."""
        x, n = self.x[a], self.shape[a]
        k, f = (Exact(*(np.moveaxis(part, a, 0) for part in (e.value, e.size))) for e in (k, f))
        value, size = np.empty_like(f.value), np.empty_like(f.value)

        def flux(i: int, j: int, distance: Fraction) -> Exact:
            mean = Exact((k.value[i] + k.value[j]) / 2, (k.size[i] + k.size[j]) / 2)
            return Exact(mean.value * (f.value[j] - f.value[i]) / distance,
                         mean.size * (f.size[j] + f.size[i]) / abs(distance))  # fmt: skip

        for i in range(n):
            sides = {}
            for name, j in (("left", i - 1), ("right", i + 1)):
                if 0 <= j < n:
                    sides[name] = j, x[j] - x[i]
                elif self.boundary[a][0] == "periodic":
                    sides[name] = j % n, x[j % n] - x[i] + (self.periods[a] if j == n else -self.periods[a])
            fluxes = [flux(i, j, distance) for j, distance in sides.values()]
            width = abs(sum((abs(d) for _, d in sides.values()), Fraction(0))) / 2
            reflected = len(fluxes) == 1 and self.boundary[a][i > 0] == "antireflect"
            size[i] = sum(part.size for part in fluxes) / width
            value[i] = 0 * size[i] if reflected else sum(
                part.value * (1 if d > 0 else -1) for part, (_, d) in zip(fluxes, sides.values(), strict=True)) / width  # fmt: skip
        return Exact(np.moveaxis(value, 0, a), np.moveaxis(size, 0, a))


class Case(NamedTuple):
    """How gridgrad makes an operator, what it is exactly, and how many numbers a row adds up."""

    make: Callable[[gg.Grid, Any], Any]
    exact: Callable[[ExactGrid, Any, Any], Any]  # of a field, or of a list of components
    pairs: int  # along all axes
    depth: int = 1  # stencils one after the other
    vector: bool = False
    coefficients: str = ""  # "velocity" or "diffusivity"

    @property
    def roundings(self) -> int:
        """Of the weight, the difference, the product; two of a coefficient; of sums, and of weights multiplied."""
        return self.depth * (3 + self.pairs) + (3 if self.coefficients else 0)


def _curl(grid: ExactGrid, f: Any) -> Any:
    if grid.ndim == 2:
        return grid.derivative(f[1], 0) - grid.derivative(f[0], 1)
    cycles = [(1, 2), (2, 0), (0, 1)]
    return [grid.derivative(f[b], a) - grid.derivative(f[a], b) for a, b in cycles]


def _sum(parts: list[Exact]) -> Exact:
    return sum(parts[1:], parts[0])


def _mixed(grid: ExactGrid, f: Exact, a: int, b: int) -> Exact:
    return grid.derivative(f, a, 2) if a == b else grid.derivative(grid.derivative(f, a), b)


def _advect(grid: ExactGrid, f: Exact, v: Any) -> Exact:
    return _sum([c * grid.derivative(f, a) for a, c in enumerate(v)])


def _each(grid: ExactGrid, change: Callable[..., Any]) -> list[Any]:
    return [change(a) for a in range(grid.ndim)]


CASES = {
    "derivative 1": Case(lambda g, c: g.derivative(1), lambda g, f, c: g.derivative(f, 1), 2),
    "derivative 2": Case(lambda g, c: g.derivative(-1, order=2), lambda g, f, c: g.derivative(f, g.ndim - 1, 2), 3),
    "derivative left": Case(lambda g, c: g.derivative(-1, side="left", accuracy=2),
                            lambda g, f, c: g.derivative(f, g.ndim - 1, 1, 2, -1), 2),
    "mixed": Case(lambda g, c: g.mixed_derivative(1, 0), lambda g, f, c: _mixed(g, f, 0, 1), 2, 2),
    "gradient": Case(lambda g, c: g.gradient, lambda g, f, c: _each(g, lambda a: g.derivative(f, a)), 2),
    "divergence": Case(lambda g, c: g.divergence,
                       lambda g, f, c: _sum(_each(g, lambda a: g.derivative(f[a], a))), 6, vector=True),
    "curl": Case(lambda g, c: g.curl, lambda g, f, c: _curl(g, f), 4, vector=True),
    "laplacian": Case(lambda g, c: g.laplacian, lambda g, f, c: g.laplacian(f), 9),
    "laplacian wide": Case(lambda g, c: g.laplacian.with_(form="wide"), lambda g, f, c: g.laplacian(f, "wide"), 12, 2),
    "laplacian conservative": Case(lambda g, c: g.laplacian.with_(form="conservative"),
                                   lambda g, f, c: g.laplacian(f, "conservative"), 6),
    "vector laplacian": Case(lambda g, c: g.vector_laplacian,
                             lambda g, f, c: [g.laplacian(part) for part in f], 9, vector=True),
    "hessian": Case(lambda g, c: g.hessian,
                    lambda g, f, c: _each(g, lambda a: _each(g, lambda b: _mixed(g, f, a, b))), 3, 2),
    "jacobian": Case(lambda g, c: g.jacobian,
                     lambda g, f, c: _each(g, lambda a: _each(g, lambda b: g.derivative(f[a], b))), 2, vector=True),
    "directional": Case(lambda g, c: g.directional_derivative(c), lambda g, f, c: _advect(g, f, c), 6,
                        coefficients="velocity"),
    "advect": Case(lambda g, c: g.advect(c), lambda g, f, c: _advect(g, f, c), 6, coefficients="velocity"),
    "diffuse": Case(lambda g, c: g.diffuse(c), lambda g, f, c: g.diffuse(c, f), 6, coefficients="diffusivity"),
}  # fmt: skip
PLAIN = [name for name, case in CASES.items() if not case.coefficients]


def setting(
    kind: str, ends: str, shape: Any = SHAPE, edge_order: int = 2, dtype: Any = np.float64, axes: Any = None
) -> Setting:
    """A grid of some kind with these boundaries, made from one seed."""
    rng = np.random.default_rng(len(shape) + edge_order)
    boundary = BOUNDARIES[ends]
    boundary = [boundary] * len(shape) if isinstance(boundary, str) else boundary[: len(shape)]
    if kind == "steps":
        spacings = [0.3, -0.7, 1.1][: len(shape)]
        entries = list(zip(shape, spacings, strict=True))
        periods = [None] * len(shape)
    else:
        spacings = [np.cumsum(rng.integers(20, 90, n)) / 64 for n in shape]  # short rationals
        spacings = [-x / 3 for x in spacings] if kind == "decreasing" else spacings
        entries = spacings
        periods = [
            1.3 * float(abs(x[-1] - x[0])) if b == "periodic" else None
            for x, b in zip(spacings, boundary, strict=True)
        ]
    grid = gg.Grid(*entries, boundary=boundary, period=periods, edge_order=edge_order, dtype=dtype, axes=axes)
    return Setting(grid, ExactGrid(spacings, shape, boundary, periods, edge_order))


shared_setting = cache(setting)  # for tests that change nothing


def coefficients_of(name: str, rng: Any, shape: Any, count: int, dtype: Any = np.float64) -> Any:
    """A velocity or a positive diffusivity of random numbers, or None."""
    kind = CASES[name].coefficients
    if kind == "velocity":
        return [random_field(rng, shape, dtype) for _ in range(count)]
    return np.abs(random_field(rng, shape, dtype)) + np.dtype(dtype).type(0.1) if kind else None


def random_field(rng: Any, shape: Any, dtype: Any = np.float64) -> Any:
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def field_of(form: Any, rng: Any, shape: Any, dtype: Any = np.float64) -> Any:
    """A random field of an operator's form: an array, or nested lists of them."""
    if not form:
        return random_field(rng, shape, dtype)
    return [field_of(form[1:], rng, shape, dtype) for _ in range(form[0])]


def flat(fields: Any) -> list[Any]:
    """The components of a scalar, vector or tensor field, in order."""
    return (
        [part for field in fields for part in flat(field)] if isinstance(fields, (list, tuple)) else [fields]
    )


def exactly(fields: Any) -> Any:
    """The same numbers as `Exact`."""
    return [exactly(field) for field in fields] if isinstance(fields, (list, tuple)) else Exact.of(fields)


def assert_close_to_exact(result: Any, expected: Exact, roundings: int) -> None:
    """Half an eps of the sum of magnitudes for each rounding."""
    limits = np.finfo(result.dtype)
    allowed = Fraction(roundings, 2) * fraction(limits.eps) * (1 + 8 * roundings * fraction(limits.eps))
    assert result.shape == expected.value.shape
    for index in product(*map(range, result.shape)):
        error = abs(fraction(result[index]) - expected.value[index])
        bound = allowed * expected.size[index]
        assert error <= bound, (
            f"{index}: {result[index]!r} for {float(expected.value[index])!r}, bound {float(bound):g}"
        )


def made(name: str, here: Setting, dtype: Any = np.float64) -> Any:
    """The operator, with coefficients from one seed."""
    rng = np.random.default_rng(5)
    return CASES[name].make(here.grid, coefficients_of(name, rng, SHAPE, 3, dtype))


@cache
def facts(name: str, kind: str, ends: str) -> tuple[Any, Any, Any]:
    """An operator, its matrix, and the magnitudes that its errors are measured by."""
    operator = made(name, shared_setting(kind, ends))
    matrix = operator.to_sparse()
    return operator, matrix, matrix_size(matrix)


def matrix_size(matrix: Any) -> Any:
    """Magnitudes of ``w_j (f_j - f_i)``: each block's row sums on its diagonal too."""
    size = abs(sparse.csr_array(matrix))
    rows, columns = (n // POINTS for n in size.shape)
    for i, j in product(range(rows), range(columns)):
        block = size[i * POINTS : (i + 1) * POINTS, j * POINTS : (j + 1) * POINTS]
        place = sparse.coo_array(([1.0], ([i], [j])), shape=(rows, columns))
        size = size + sparse.kron(place, sparse.diags_array(block.sum(axis=1)))
    return sparse.csr_array(size)


def flattened(fields: Any) -> Any:
    """All components one after the other, as matrices take them."""
    return np.concatenate([part.ravel() for part in flat(fields)])
