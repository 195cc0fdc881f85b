"""The loops that a user of numba would write: one pass, every output at once, both ends of an axis by their own line."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from cases import Case


@lru_cache(maxsize=16)
def compiled(loop: Callable[..., None], parallel: bool) -> Callable[..., None]:
    return numba.njit(parallel=parallel)(loop)


def uniform3(f: Any, wx: Any, wy: Any, wz: Any, gx: Any, gy: Any, gz: Any) -> None:
    """One weight for each axis, 1/(2 h); at an end the difference is half as wide."""
    nx, ny, nz = f.shape
    for i in numba.prange(nx):
        below, above = max(i - 1, 0), min(i + 1, nx - 1)
        vx = wx if above - below == 2 else wx + wx
        for j in range(ny):
            left, right = max(j - 1, 0), min(j + 1, ny - 1)
            vy = wy if right - left == 2 else wy + wy
            for k in range(nz):
                gx[i, j, k] = vx * (f[above, j, k] - f[below, j, k])
                gy[i, j, k] = vy * (f[i, right, k] - f[i, left, k])
            for k in range(1, nz - 1):
                gz[i, j, k] = wz * (f[i, j, k + 1] - f[i, j, k - 1])
            gz[i, j, 0] = (wz + wz) * (f[i, j, 1] - f[i, j, 0])
            gz[i, j, nz - 1] = (wz + wz) * (f[i, j, nz - 1] - f[i, j, nz - 2])


def weighted3(f: Any, lower: Any, upper: Any, gx: Any, gy: Any, gz: Any) -> None:
    """Two weights for each point of each axis; the weight of a missing neighbour is 0."""
    nx, ny, nz = f.shape
    (ax, ay, az), (bx, by, bz) = lower, upper
    for i in numba.prange(nx):
        below, above = max(i - 1, 0), min(i + 1, nx - 1)
        for j in range(ny):
            left, right = max(j - 1, 0), min(j + 1, ny - 1)
            for k in range(nz):
                centre = f[i, j, k]
                gx[i, j, k] = ax[i] * (centre - f[below, j, k]) + bx[i] * (f[above, j, k] - centre)
                gy[i, j, k] = ay[j] * (centre - f[i, left, k]) + by[j] * (f[i, right, k] - centre)
            for k in range(1, nz - 1):
                centre = f[i, j, k]
                gz[i, j, k] = az[k] * (centre - f[i, j, k - 1]) + bz[k] * (f[i, j, k + 1] - centre)
            gz[i, j, 0] = bz[0] * (f[i, j, 1] - f[i, j, 0])
            gz[i, j, nz - 1] = az[nz - 1] * (f[i, j, nz - 1] - f[i, j, nz - 2])


def uniform2(f: Any, wx: Any, wy: Any, gx: Any, gy: Any) -> None:
    nx, ny = f.shape
    for i in numba.prange(nx):
        below, above = max(i - 1, 0), min(i + 1, nx - 1)
        vx = wx if above - below == 2 else wx + wx
        for j in range(ny):
            gx[i, j] = vx * (f[above, j] - f[below, j])
        for j in range(1, ny - 1):
            gy[i, j] = wy * (f[i, j + 1] - f[i, j - 1])
        gy[i, 0] = (wy + wy) * (f[i, 1] - f[i, 0])
        gy[i, ny - 1] = (wy + wy) * (f[i, ny - 1] - f[i, ny - 2])


def uniform1(f: Any, w: Any, g: Any) -> None:
    n = f.shape[0]
    for i in range(1, n - 1):
        g[i] = w * (f[i + 1] - f[i - 1])
    g[0] = (w + w) * (f[1] - f[0])
    g[n - 1] = (w + w) * (f[n - 1] - f[n - 2])


def batch(f: Any, w: Any, g: Any) -> None:
    """The middle axis of three."""
    m, ny, nz = f.shape
    for i in numba.prange(m):
        for j in range(ny):
            left, right = max(j - 1, 0), min(j + 1, ny - 1)
            v = w if right - left == 2 else w + w
            for k in range(nz):
                g[i, j, k] = v * (f[i, right, k] - f[i, left, k])


def laplacian3(f: Any, weight: Any, g: Any) -> None:
    """Seven points of a grid with one step; mirrored at the ends."""
    nx, ny, nz = f.shape
    for i in numba.prange(nx):
        below, above = abs(i - 1), nx - 1 - abs(nx - 2 - i)
        for j in range(ny):
            left, right = abs(j - 1), ny - 1 - abs(ny - 2 - j)
            for k in range(1, nz - 1):
                across = f[below, j, k] + f[above, j, k] + f[i, left, k] + f[i, right, k]
                g[i, j, k] = weight * (across + f[i, j, k - 1] + f[i, j, k + 1] - 6 * f[i, j, k])
            for k in (0, nz - 1):
                across = f[below, j, k] + f[above, j, k] + f[i, left, k] + f[i, right, k]
                beside = f[i, j, 1] if k == 0 else f[i, j, nz - 2]
                g[i, j, k] = weight * (across + 2 * beside - 6 * f[i, j, k])


def weights(x: np.ndarray, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper weights of every point; one-sided at the ends."""
    left, right = np.diff(x)[:-1], np.diff(x)[1:]
    lower, upper = np.zeros(x.size), np.zeros(x.size)
    lower[1:-1], upper[1:-1] = right / (left + right) / left, left / (left + right) / right
    upper[0], lower[-1] = 1 / (x[1] - x[0]), 1 / (x[-1] - x[-2])
    return lower.astype(dtype), upper.astype(dtype)


def make(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray]) -> Callable[[], Any]:
    """A call that fills and returns outputs, as gridgrad does for this case."""
    if case.uniform:
        loop = batch if case.axis is not None else {1: uniform1, 2: uniform2, 3: uniform3}[f.ndim]
        arguments = [f.dtype.type(0.5 / h) for h in spacing]
    else:
        loop = weighted3
        arguments = list(zip(*(weights(x, f.dtype) for x in spacing), strict=True))
    run = compiled(loop, f.ndim > 1)

    def call() -> list[np.ndarray]:
        targets = [np.empty_like(f) for _ in outs] if case.fresh else outs
        run(f, *arguments, *targets)
        return targets

    return call
