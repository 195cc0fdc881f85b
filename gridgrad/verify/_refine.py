"""Grids of one kind at every refinement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._errors import ArgumentTypeError, ArgumentValueError
from .._stencils import Array

Positions = Callable[[int], Array]  # n positions from 0 to 1


def uniform(n: int) -> Array:
    """Even steps."""
    return np.arange(n) / (n - 1)


def smooth(n: int) -> Array:
    """Steps that vary by a factor of 4.4, smoothly also from the last to the first."""
    s = uniform(n)
    return s + 0.1 * np.sin(2 * np.pi * s)


def random(n: int) -> Array:
    """Even positions moved by up to 0.3 steps, the same ones at every call."""
    moved = np.random.default_rng(n).uniform(-0.3, 0.3, n - 2)
    return np.concatenate([[0.0], (np.arange(1, n - 1) + moved) / (n - 1), [1.0]])


SPACINGS: dict[str, Positions] = {"uniform": uniform, "smooth": smooth, "random": random}


def axis(n: int, start: float, stop: float, spacing: str | Positions, periodic: bool) -> Any:
    """One axis of n points from start to stop, which is not one of them if periodic; as `Grid` takes it."""
    if spacing == "uniform":
        return n, (stop - start) / (n if periodic else n - 1), start
    positions = _positions(spacing)(n + periodic)
    return (start + (stop - start) * np.asarray(positions))[:n]


def _positions(spacing: Any) -> Positions:
    if callable(spacing):
        made: Positions = spacing
        return made
    if not isinstance(spacing, str):
        raise ArgumentTypeError(f"spacing must be a name or a function of n, got {type(spacing).__name__}")
    if spacing not in SPACINGS:
        raise ArgumentValueError(
            f"unknown spacing {spacing!r}; allowed are {', '.join(map(repr, SPACINGS))}, or a function of n"
        )
    return SPACINGS[spacing]
