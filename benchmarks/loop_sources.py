"""Loops over the inner points of a grid, as one writes them for numba, for any number of axes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

INDICES = "ijk"


def at(name: str, axes: int, axis: int = 0, shift: int = 0) -> str:
    """An element of an array, some points along an axis from the loop's own."""
    places = list(INDICES[:axes])
    if shift:
        places[axis] += f"{shift:+d}"
    return f"{name}[{', '.join(places)}]"


def weighted(pair: tuple[str, str], axes: int, axis: int) -> str:
    """Formula (1) along an axis."""
    lower, upper = pair
    return f"({lower} * ({at('f', axes)} - {at('f', axes, axis, -1)}) + {upper} * ({at('f', axes, axis, 1)} - {at('f', axes)}))"


def flux(pair: tuple[str, str], axes: int, axis: int) -> str:
    """Formula (1) with a coefficient at each face."""
    lower, upper = pair
    below, here, above = at("a0", axes, axis, -1), at("a0", axes), at("a0", axes, axis, 1)
    return (
        f"({lower} * (({below} + {here}) * half) * ({at('f', axes)} - {at('f', axes, axis, -1)})"
        f" + {upper} * (({here} + {above}) * half) * ({at('f', axes, axis, 1)} - {at('f', axes)}))"
    )


def first(axes: int, axis: int, uniform: bool) -> str:
    """The first derivative: the short form on even steps."""
    if uniform:
        return f"p{axis} * ({at('f', axes, axis, 1)} - {at('f', axes, axis, -1)})"
    return weighted(names("pq", axis, uniform), axes, axis)


def names(pair: str, axis: int, uniform: bool) -> tuple[str, str]:
    """The weights of an axis: numbers, or one for each point."""
    place = "" if uniform else f"[{INDICES[axis]}]"
    lower, upper = (f"{letter}{axis}{place}" for letter in pair)
    return lower, upper


def source(name: str, axes: int, uniform: bool) -> str:
    """The text of a loop."""
    every = range(axes)
    laplacian = " + ".join(weighted(names("lu", k, uniform), axes, k) for k in every)
    advection = " + ".join(f"{at(f'a{k}', axes)} * ({first(axes, k, uniform)})" for k in every)
    squares = " + ".join(f"({first(axes, k, uniform)}) ** 2" for k in every)
    values = {
        "laplacian": [laplacian],
        "I + c L": [f"{at('f', axes)} + {laplacian}"],
        "advect": [advection],
        "c L - advect": [f"{laplacian} - ({advection})"],
        "diffuse": [" + ".join(flux(names("lu", k, uniform), axes, k) for k in every)],
        "gradient_norm": [f"sqrt({squares})"],
        "gradient": [first(axes, k, uniform) for k in every],
    }[name]
    numbers = [f"{letter}{k}" for k in every for letter in "lupq"] + [f"a{k}" for k in every]
    outs = [f"o{k}" for k in range(len(values))]
    lines = [f"def loop(half, f, {', '.join(numbers + outs)}):"]
    lines += [f"{'    ' * (k + 1)}for {INDICES[k]} in range(1, f.shape[{k}] - 1):" for k in every]
    lines += [f"{'    ' * (axes + 1)}{at(f'o{k}', axes)} = {value}" for k, value in enumerate(values)]
    return "\n".join(lines)


@cache
def compiled(name: str, axes: int, uniform: bool) -> Callable[..., None] | None:
    """By numba; None without it."""
    try:
        import numba
    except ImportError:
        return None
    space: dict[str, Any] = {"sqrt": np.sqrt}
    exec(source(name, axes, uniform), space)
    compiled: Callable[..., None] = numba.njit(space["loop"])
    return compiled


def weights(steps: np.ndarray, scale: float, dtype: np.dtype, uniform: bool) -> list[Any]:
    """Of the second derivative times `scale`, and of the first, at every point or as numbers."""
    left, right = np.ones(steps.size + 1), np.ones(steps.size + 1)
    left[1:], right[:-1] = steps, steps
    found = (
        -2 * scale / (left * (left + right)),
        2 * scale / (right * (left + right)),
        right / (left * (left + right)),
        left / (right * (left + right)),
    )
    return [own[1].astype(dtype) if uniform else own.astype(dtype) for own in found]


def make(
    name: str, steps: list[np.ndarray], f: np.ndarray, fields: list[np.ndarray], outs: list[np.ndarray]
) -> Callable[[], Any] | None:
    """A call that fills the inner points of `outs`; None without numba."""
    uniform = all(bool((own == own[0]).all()) for own in steps)
    loop = compiled(name, f.ndim, uniform)
    if loop is None:
        return None
    scale = 0.1 if name in ("I + c L", "c L - advect") else 1.0
    numbers = [value for own in steps for value in weights(own, scale, f.dtype, uniform)]

    def call() -> list[np.ndarray]:
        loop(f.dtype.type(0.5), f, *numbers, *fields, *outs)
        return outs

    return call
