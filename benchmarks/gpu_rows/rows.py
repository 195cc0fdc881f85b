"""The rows of the benchmark, those that matter most first, and the operators and arrays that they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

import gridgrad as gg

STEP = 0.3
CUBE, ODD, LARGE = (512,) * 3, (511,) * 3, (1024,) * 3
PLANES, SLICES, BATCH = (64, 2048, 2048), (4, 4096, 16384), (256, 1023, 1023)
SQUARE, COLUMNS = (16384,) * 2, (64, 2**20)
# Lengths of a quick look: the parity stays, so that the same variants run.
SMALL = {512: 32, 511: 31, 1024: 36, 2048: 40, 16384: 64, 1023: 33, 4096: 48, 2**20: 256, 256: 9, 64: 9}
CHECKED = 8  # planes of an array whose values are compared with those of the CPU
MOST = 1 << 27  # points of it
AROUND = 4  # planes on each side of those in the middle of a large array: no row reaches further

Make = Callable[[gg.Grid, Sequence[Any]], Any]
# Of each operator: how many fields it has for coefficients, and how it is made of a grid and these.
OPERATORS: dict[str, tuple[int, Make]] = {
    "gradient": (0, lambda grid, c: grid.gradient),
    "laplacian": (0, lambda grid, c: grid.laplacian),
    "divergence": (0, lambda grid, c: grid.divergence),
    "curl": (0, lambda grid, c: grid.curl),
    "gradient.T": (0, lambda grid, c: grid.gradient.T),
    "curl.T": (0, lambda grid, c: grid.curl.T),
    "diffuse": (1, lambda grid, c: grid.diffuse(c[0])),
    "advect": (3, lambda grid, c: grid.advect(list(c))),
    "laplacian accuracy 4": (0, lambda grid, c: grid.laplacian.with_(accuracy=4)),
    "gradient accuracy 4": (0, lambda grid, c: grid.gradient.with_(accuracy=4)),
    "hessian": (0, lambda grid, c: grid.hessian),
    "identity + 0.1 laplacian": (0, lambda grid, c: grid.identity + 0.1 * grid.laplacian),
    "0.1 laplacian - advect": (3, lambda grid, c: 0.1 * grid.laplacian - grid.advect(list(c))),
    "vector laplacian": (0, lambda grid, c: grid.vector_laplacian),
    "gradient norm": (0, lambda grid, c: grid.gradient_norm),
    **{f"derivative {a}": (0, lambda grid, c, a=a: grid.derivative(a)) for a in range(3)},
}  # fmt: skip

VIEWS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda f: f.transpose(1, 0, 2),
    "every second plane": lambda f: f[::2],
    "every second element": lambda f: f[..., ::2],
    "odd start": lambda f: f[..., 1:],
    "reversed": lambda f: f[..., ::-1],
}


@dataclass(frozen=True)
class Row:
    """An operator on one array."""

    operator: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    uniform: bool = True
    dims: int = 0  # of the grid, the last ones of the array; by default all
    view: str = ""
    start: int = 0  # where the arrays lie in larger ones, along the first axis of the grid
    peers: bool = False
    shown: bool = True  # in the table of a terminal and of the guide

    @property
    def name(self) -> str:
        """In the JSON and in the table."""
        extra = ("" if self.uniform else " coordinates") + (f" {self.view}" if self.view else "")
        return f"{self.operator} {size(self.shape)} {self.dtype}{extra}"

    def steps(self, shape: Sequence[int]) -> list[Any]:
        """A step, or random increasing coordinates, of each axis of the grid on arrays of `shape`."""
        starts = [self.start] + [0] * len(shape)
        return [
            STEP if self.uniform else coordinates(a, n, starts[a]) for a, n in enumerate(shape[-self.dims :])
        ]

    def grid(self, shape: Sequence[int]) -> gg.Grid:
        """Its grid; the ends are those of the peers."""
        lengths = shape[-self.dims :]
        axes = [(n, h) if self.uniform else h for n, h in zip(lengths, self.steps(shape), strict=True)]
        return gg.Grid(*axes, edge_order=1)


def coordinates(axis: int, n: int, start: int) -> np.ndarray:
    """So many random increasing positions; those of a larger array from `start` on."""
    return np.cumsum(np.random.default_rng(axis).uniform(0.5, 1.5, start + n))[start:]


def size(shape: Sequence[int]) -> str:
    """512^3, 16384^2 or 64x2048x2048."""
    return f"{shape[0]}^{len(shape)}" if len(set(shape)) == 1 else "x".join(map(str, shape))


def rows() -> Iterator[Row]:
    """All, in the order in which they are measured."""
    for uniform, dtype, operator in product((True, False), ("float32", "float64"), ("gradient", "laplacian")):
        yield Row(operator, CUBE, dtype, uniform, peers=uniform or operator == "gradient")
    yield from (Row(operator, ODD) for operator in ("gradient", "laplacian"))
    yield Row("laplacian", ODD, "float64", shown=False)
    yield from (Row(operator, LARGE, "float64") for operator in ("gradient", "laplacian", "curl"))
    yield Row("laplacian", PLANES, "float64")
    yield Row("gradient", PLANES)
    for operator in ("divergence", "curl", "gradient.T", "diffuse", "laplacian accuracy 4"):
        yield Row(operator, CUBE, peers=operator in ("divergence", "curl", "diffuse"))
        yield Row(operator, CUBE, "float64", shown=operator in ("curl", "diffuse", "laplacian accuracy 4"))
    yield from _other_shapes()
    for dtype, a in product(("float32", "float64"), range(3)):
        yield Row(f"derivative {a}", CUBE, dtype, shown=dtype == "float32" and a != 1)
    yield Row("derivative 0", COLUMNS, "float64", dims=2)
    for dtype, shown in (("float16", True), ("complex64", True), ("complex128", False)):
        yield Row("gradient", CUBE, dtype, shown=shown)
        yield Row("laplacian", CUBE, dtype, shown=False)
    yield from _other_operators()
    yield from (Row("gradient", CUBE, view=view, shown=False) for view in VIEWS)


def _other_shapes() -> Iterator[Row]:
    yield Row("gradient", SQUARE)
    yield Row("laplacian", SQUARE, shown=False)
    yield Row("gradient", BATCH, dims=2)
    yield Row("laplacian", BATCH, "float64", dims=2)
    yield Row("gradient", ODD, "float64", shown=False)
    yield Row("gradient", ODD, "float32", uniform=False, shown=False)
    yield Row("laplacian", ODD, "float32", uniform=False, shown=False)
    yield Row("gradient", SQUARE, "float64", shown=False)
    yield Row("gradient", SLICES, shown=False)


def _other_operators() -> Iterator[Row]:
    for operator in ("advect", "hessian", "identity + 0.1 laplacian"):
        yield Row(operator, CUBE)
    for operator in (
        "0.1 laplacian - advect",
        "curl.T",
        "vector laplacian",
        "gradient norm",
        "gradient accuracy 4",
    ):
        yield Row(operator, CUBE, shown=False)
    yield Row("advect", CUBE, "float64", shown=False)
    yield Row("hessian", CUBE, "float64", uniform=False, shown=False)
    for operator, dtype in product(
        ("curl", "diffuse", "laplacian accuracy 4", "gradient.T"), ("float32", "float64")
    ):
        yield Row(operator, CUBE, dtype, uniform=False, shown=False)


def shrunk(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of a quick look."""
    return tuple(SMALL.get(n, n) for n in shape)


def few(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape with the same planes, or rows where these are large, whose values the CPU has in no time."""
    planes = (min(shape[0], CHECKED), *shape[1:])
    return planes if prod(planes) < MOST else (planes[0], min(shape[1], 8 * CHECKED), *shape[2:])


class Arrays:
    """A row's operator, the arrays that it reads and writes on the device, and the call to measure."""

    def __init__(
        self, row: Row, shape: Sequence[int], made: Callable[..., Any], empty: Callable[..., Any]
    ) -> None:
        coefficients, make = OPERATORS[row.operator]
        bases = [made(shape, row.dtype) for _ in range(coefficients)]
        view = VIEWS.get(row.view, lambda f: f)
        sample = made(shape, row.dtype)
        viewed = view(sample).shape
        self.operator = make(row.grid(viewed), bases)
        more = prod(self.operator.inputs) - 1
        self.bases = [sample, *(made(shape, row.dtype) for _ in range(more)), *bases]
        self.fields = [view(base) for base in self.bases[: 1 + more]]
        self.coefficients = bases
        self.f = self.fields if self.operator.inputs else self.fields[0]
        outputs = self.operator.outputs
        self.targets = [empty(viewed, row.dtype) for _ in range(prod(outputs))]
        self.out = nested(self.targets, outputs)
        self.nbytes = self.targets[0].nbytes
        self.reads, self.writes = len(self.bases), len(self.targets)

    def call(self) -> Any:
        """Apply the operator."""
        return self.operator(self.f, out=self.out)


def nested(parts: list[Any], form: Sequence[int]) -> Any:
    """The parts as a list of lists of this form; one part where it is ()."""
    if not form:
        return parts[0]
    each = len(parts) // form[0]
    return [nested(parts[k * each : (k + 1) * each], form[1:]) for k in range(form[0])]
