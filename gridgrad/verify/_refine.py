"""Grids of one kind at every refinement."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array

ENDS = 8  # points at each end, more than the rows there read
Positions = Callable[[int], Array]  # n positions from 0 to 1


def uniform(n: int) -> Array:
    """Even steps."""
    return np.arange(n) / (n - 1)


def smooth(n: int) -> Array:
    """Steps that vary by a factor of 4.4, smoothly also from the last to the first."""
    s = uniform(n)
    return s + 0.1 * np.sin(2 * np.pi * s)


def random(n: int) -> Array:
    """Even positions moved by up to 0.3 steps, the same ones at every call; at both ends alike for every n.

    The few rows at ends would else have other errors for each n, from which no order could be read.
    """
    inner = np.arange(1, n - 1)
    near = np.random.default_rng(0).uniform(-0.3, 0.3, ENDS)
    moved = np.random.default_rng(n).uniform(-0.3, 0.3, n - 2)
    count = min(ENDS, (n - 2) // 2)
    moved[:count], moved[n - 2 - count :] = near[:count], -near[:count][::-1]
    return np.concatenate([[0.0], (inner + moved) / (n - 1), [1.0]])


SPACINGS: dict[str, Positions] = {"uniform": uniform, "smooth": smooth, "random": random}


def axis(
    n: int, start: float, stop: float, spacing: str | Positions, periodic: bool
) -> Array | tuple[int, float, float]:
    """One axis of n points from start to stop, which is not one of them if periodic; as `Grid` takes it."""
    if spacing == "uniform":
        return n, (stop - start) / (n if periodic else n - 1), start
    positions = np.asarray(_positions(spacing)(n + periodic))
    if positions.shape != (n + periodic,):
        raise ArgumentValueError(
            f"spacing must give {n + periodic} positions from 0 to 1, got an array of shape {positions.shape}"
        )
    return (start + (stop - start) * positions)[:n]


def _positions(spacing: object) -> Positions:
    if callable(spacing):
        return cast(Positions, spacing)
    if not isinstance(spacing, str):
        raise ArgumentTypeError(f"spacing must be a name or a function of n, got {type(spacing).__name__}")
    if spacing not in SPACINGS:
        raise ArgumentValueError(
            f"unknown spacing {spacing!r}; allowed are {', '.join(map(repr, SPACINGS))}, or a function of n"
        )
    return SPACINGS[spacing]
