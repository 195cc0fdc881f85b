"""The kernels that are looked at, and what they may take: the goals, and where one is not met, what is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

import gridgrad as gg

OPERATORS: dict[str, Callable[[gg.Grid, Any], Any]] = {
    "gradient": lambda grid, c: grid.gradient,
    "divergence": lambda grid, c: grid.divergence,
    "curl": lambda grid, c: grid.curl,
    "laplacian": lambda grid, c: grid.laplacian,
    "laplacian 4": lambda grid, c: grid.laplacian.with_(accuracy=4),
    "gradient.T": lambda grid, c: grid.gradient.T,
    "diffuse": lambda grid, c: grid.diffuse(c),
    "d/dx": lambda grid, c: grid.derivative(0),
    "gradient of planes": lambda grid, c: grid.gradient,
}
BATCHED = {"gradient of planes": 1}  # leading dims that are no axes of the grid


@dataclass(frozen=True)
class Row:
    """A kernel on an array of this shape, with steps or, where `irregular`, coordinates.

    What it may take: `instructions` a point, `waves` of loads, bytes a point from the `second` level of the cache,
    `traffic` of memory over the least, bytes of `spills`. `reached` holds what is more than a goal, as things are.
    """

    operator: str
    dtype: str
    shape: tuple[int, ...]
    goals: Mapping[str, float] = field(default_factory=dict)
    reached: Mapping[str, float] = field(default_factory=dict)
    irregular: bool = False

    def limits(self) -> dict[str, float]:
        """What fails if it is exceeded."""
        return {"spills": 0, **self.goals, **self.reached}

    def terms(self) -> tuple[Any, ...]:
        """The terms of the operator, and no array of this shape."""
        axes = self.shape[BATCHED.get(self.operator, 0) :]
        rng = np.random.default_rng(0)
        entries = [
            np.cumsum(rng.uniform(0.5, 2, n)) if self.irregular else (n, 0.3 + 0.1 * k)
            for k, n in enumerate(axes)
        ]
        coefficient = np.broadcast_to(np.ones((), self.dtype), axes)
        return OPERATORS[self.operator](gg.Grid(*entries), coefficient).pattern.terms_for(self.shape)


# Instructions a point in float32, whatever the length of a row is.
INSTRUCTIONS = {"gradient": 45, "laplacian": 50, "gradient.T": 55, "diffuse": 85, "laplacian 4": 80}
WAVES = 2  # of loads, in first derivatives and Laplacians
TRAFFIC = 1.08  # of memory over the least
# by operator, dtype and length of a row, or 0: by coordinates
NOT_YET: dict[tuple[str, str, int], dict[str, float]] = {
    ("curl", "float64", 512): {"waves": 3},  # of six differences of two values each
}


def code_rows() -> Iterator[Row]:
    """What a thread does: rows of 512 and of 511 elements."""
    for operator, length in product(INSTRUCTIONS, (512, 511)):
        goals = {"instructions": INSTRUCTIONS[operator]} | (
            {"waves": WAVES} if operator in ("gradient", "laplacian") else {}
        )
        yield Row(
            operator, "float32", (512, 512, length), goals, NOT_YET.get((operator, "float32", length), {})
        )
    for operator in ("gradient", "laplacian", "divergence", "curl"):
        yield Row(
            operator, "float64", (512,) * 3, {"waves": WAVES}, NOT_YET.get((operator, "float64", 512), {})
        )
    for operator, dtype in product(("gradient", "laplacian"), ("float32", "float64")):
        reached = NOT_YET.get((operator, dtype, 0), {})
        yield Row(operator, dtype, (512,) * 3, {"waves": WAVES}, reached, irregular=True)


def traffic_rows() -> Iterator[Row]:
    """What goes through the caches: fields that fit them, and those that do not."""
    for operator, dtype, shape, more in (
        ("laplacian", "float64", (512, 512, 512), {"second": 24}),
        ("gradient", "float64", (256, 256, 256), {}),
        ("gradient", "float32", (512, 512, 512), {}),
        ("divergence", "float64", (512, 512, 512), {}),
        ("gradient.T", "float64", (512, 512, 512), {}),
        ("diffuse", "float64", (512, 512, 512), {}),
        ("laplacian 4", "float64", (512, 512, 512), {}),
        ("gradient", "float64", (1024, 1024, 1024), {}),
        ("curl", "float64", (1024, 1024, 1024), {}),
        ("gradient", "float32", (64, 2048, 2048), {}),
        ("laplacian", "float64", (64, 2048, 2048), {}),
        ("gradient", "float32", (4, 4096, 16384), {}),
        ("d/dx", "float64", (64, 1_000_000), {}),
        ("gradient", "float32", (16384, 16384), {}),
        ("gradient of planes", "float64", (16, 4096, 4096), {}),
        ("gradient", "float32", (2**18, 8, 8), {}),
    ):  # fmt: skip
        yield Row(operator, dtype, shape, {"traffic": TRAFFIC, **more})
