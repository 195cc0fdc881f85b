"""The lid-driven cavity at Re = 100 against the table of Ghia, Ghia and Shin, by Newton's method on sparse matrices.

Steady flow in a unit square whose lid y = 1 moves with speed 1, by the streamfunction psi and the vorticity w:

    u = d psi/dy,  v = -d psi/dx,  w = -lap psi,  u dw/dx + v dw/dy = lap w / Re.

At a wall psi is 0 and so is its normal derivative: it continues evenly, which is the boundary "reflect"; at the lid
d psi/dy = 1, which is `gg.slope(1.0)`. The compact laplacian of the wall row is then 2 psi_1/h^2, Thom's formula, and
the lid adds 2/h: operators with values at walls are affine, ``A(f) = A.linear(f) + A.offset``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, colour_bar, field, order_line, page, plain, save
from helpers import check, observed_order, parse
from matplotlib.colors import SymLogNorm
from scipy import sparse
from scipy.interpolate import CubicSpline
from scipy.sparse.linalg import splu

import gridgrad as gg

REYNOLDS = 100
# Ghia, Ghia and Shin, J. Comput. Phys. 48 (1982) 387, tables I and II, on their grid of 129 x 129:
# u on the vertical line x = 0.5, v on the horizontal line y = 0.5.
GHIA_Y = [0.0547, 0.0625, 0.0703, 0.1016, 0.1719, 0.2813, 0.4531, 0.5000, 0.6172, 0.7344, 0.8516, 0.9531,
          0.9609, 0.9688, 0.9766]  # fmt: skip
GHIA_U = [-0.03717, -0.04192, -0.04775, -0.06434, -0.10150, -0.15662, -0.21090, -0.20581, -0.13641, 0.00332,
          0.23151, 0.68717, 0.73722, 0.78871, 0.84123]  # fmt: skip
GHIA_X = [0.0625, 0.0703, 0.0781, 0.0938, 0.1563, 0.2266, 0.2344, 0.5000, 0.8047, 0.8594, 0.9063, 0.9453,
          0.9531, 0.9609, 0.9688]  # fmt: skip
GHIA_V = [0.09233, 0.10091, 0.10890, 0.12317, 0.16077, 0.17507, 0.17527, 0.05454, -0.24533, -0.22445,
          -0.16914, -0.10313, -0.08864, -0.07391, -0.05906]  # fmt: skip
# u in the middle: Marchi, Suero and Araki, J. Braz. Soc. Mech. Sci. Eng. 31 (2009) 186, from 1024 x 1024 cells.
MARCHI_U = -0.2091491418


def crowded(points: int) -> np.ndarray:
    """Coordinates from 0 to 1, closer at both walls."""
    s = np.linspace(-1, 1, points)
    return 0.5 * (1 + np.tanh(1.3 * s) / np.tanh(1.3))


def steady_flow(grid: gg.Grid) -> tuple[np.ndarray, np.ndarray]:
    """Streamfunction and vorticity, by Newton's method from rest."""
    points, inside = prod(grid.shape), np.zeros(grid.shape, bool)
    inside[1:-1, 1:-1] = True
    rows = sparse.eye_array(points, format="csr")[inside.ravel()]  # keeps the unknowns: psi inside the walls
    d_x, d_y, laplacian = (
        operator.to_sparse() for operator in (grid.derivative(0), grid.derivative(1), grid.laplacian)
    )
    lid, moving = grid.laplacian.offset.ravel(), grid.derivative(1).offset.ravel()

    psi, size = np.zeros(points), np.inf
    for turn in range(12):
        w = -(laplacian @ psi + lid)
        u, v, w_x, w_y = d_y @ psi + moving, -(d_x @ psi), d_x @ w, d_y @ w
        residual = rows @ (u * w_x + v * w_y - laplacian @ w / REYNOLDS)
        moved = sparse.diags_array(u) @ d_x + sparse.diags_array(v) @ d_y - laplacian / REYNOLDS
        slope = moved @ -laplacian + sparse.diags_array(w_x) @ d_y - sparse.diags_array(w_y) @ d_x
        step = splu((rows @ slope @ rows.T).tocsc()).solve(-residual)
        psi, last, size = psi + rows.T @ step, size, float(np.abs(step).max())
        print(f"    Newton {turn + 1}: psi changes by {size:.1e}")
        if size < 1e-8 or size >= last:  # the next step would be its square: rounding
            break
    return psi.reshape(grid.shape), -(laplacian @ psi + lid).reshape(grid.shape)


def velocities(grid: gg.Grid, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The components u and v: 0 at the walls, where psi continues evenly, and 1 at the lid."""
    v, u = grid.gradient(psi)
    return u, -v


def against_table(x: np.ndarray, u: np.ndarray, v: np.ndarray) -> float:
    """The largest difference from the published numbers, at their points."""
    middle = x.size // 2
    along_y = CubicSpline(x, u[middle])(GHIA_Y) - GHIA_U
    along_x = CubicSpline(x, v[:, middle])(GHIA_X) - GHIA_V
    return float(max(np.abs(along_y).max(), np.abs(along_x).max()))


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Three refinements against both references, and a figure."""
    arguments = parse("Lid-driven cavity", argv, 129, "points per side of the finest grid, odd")
    sizes = [(arguments.size - 1) // part // 2 * 2 + 1 for part in (3, 2, 1)]
    errors = []
    for points in sizes:
        x = crowded(points)
        grid = gg.Grid(x, x, boundary=["reflect", ("reflect", gg.slope(1.0))])
        psi, w = steady_flow(grid)
        u, v = velocities(grid, psi)
        apart = against_table(x, u, v)
        errors.append(abs(float(u[points // 2, points // 2]) - MARCHI_U))
        print(f"  {points}^2 points: u in the middle wrong by {errors[-1]:.1e}, the vortex has psi = {psi.min():.5f}, "
              f"largest difference from Ghia et al. {apart:.4f}", flush=True)  # fmt: skip
    # Finer computations, as Marchi's, leave the table by up to 0.009; what falls as h^2 is the distance from them.
    check("largest difference from the table of Ghia et al.", apart, 0.01)
    order = observed_order([n - 1 for n in sizes], errors)
    check("distance of the observed order from 2", abs(order - 2), 0.3)
    path = draw(x, psi, w, u, v, sizes, errors, arguments.out)
    return {"u": u, "v": v, "x": x, "apart": apart, "order": order, "figure": path}


def draw(x: np.ndarray, psi: np.ndarray, w: np.ndarray, u: np.ndarray, v: np.ndarray, sizes: list[int],
         errors: list[float], folder: Path) -> Path:  # fmt: skip
    """Vorticity and streamlines, both profiles on the table, and the error."""
    figure, axes = page(f"Lid-driven cavity, Re = {REYNOLDS}",
                        f"unit square, lid speed 1; {x.size} x {x.size} points, crowded at the walls", 4)  # fmt: skip
    flow, vertical, horizontal, error = axes[0]
    image = field(flow, x, x, w, "vorticity and streamlines", "RdBu_r", norm=SymLogNorm(1, vmin=-30, vmax=30))
    ticks = [-30, -10, -3, -1, 0, 1, 3, 10, 30]
    colour_bar(flow, image, "").set_ticks(ticks, labels=[str(tick) for tick in ticks])
    levels = [*np.arange(-0.1, -0.005, 0.015), -1e-3, -1e-4, 0, 1e-6, 3e-6, 1e-5]
    flow.contour(x, x, psi.T, levels=levels, colors="black", linewidths=0.7, linestyles="-")
    middle = x.size // 2
    vertical.plot(u[middle], x, color=COLOURS[2], label="gridgrad")
    rings = {"color": "black", "marker": "o", "linestyle": "", "markersize": 3.5, "fillstyle": "none"}
    vertical.plot(GHIA_U, GHIA_Y, **rings, label="Ghia et al. 1982")
    plain(vertical, "u on x = 0.5", "u", "y")
    horizontal.plot(x, v[:, middle], color=COLOURS[1], label="gridgrad")
    horizontal.plot(GHIA_X, GHIA_V, **rings, label="Ghia et al. 1982")
    plain(horizontal, "v on y = 0.5", "x", "v")
    error.loglog(sizes, errors, "o-", color=COLOURS[0], label="|u - Marchi et al. 2009|")
    order_line(error, sizes, errors[0], 2)
    plain(error, "u in the middle", "points per side", "error")
    return save(figure, folder, "lid_driven_cavity")


if __name__ == "__main__":
    main()
