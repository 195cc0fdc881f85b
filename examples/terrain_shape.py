"""Hillshade and curvature of the Jacksboro fault: what the first and the second derivatives of heights show.

Light falls on a surface by its normal, (-z_east, -z_north, 1). Its mean curvature and the shape index of Koenderink and
van Doorn (Image Vision Comput. 10 (1992) 557) come from the hessian: pits are -1, valleys -1/2, saddles 0, ridges 1/2,
summits 1. The heights are whole metres, so they are smoothed first, by letting them diffuse: `diffuse` loses no ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from figures import colour_bar, label, page, save
from helpers import check, parse
from terrain import EARTH_RADIUS, Terrain, fault, metres, slopes, thinned

import gridgrad as gg

SUN = (315.0, 40.0)  # degrees: where it stands, clockwise from north, and its height
FINE, COARSE = 120.0, 350.0  # m, the standard deviations of the smoothing


class Shape(NamedTuple):
    """Light from 0 to 1, mean curvature in 1/m, positive in hollows, and the shape index from -1 to 1."""

    light: np.ndarray
    curvature: np.ndarray
    index: np.ndarray


def smoothed(terrain: Terrain, scale: float) -> Terrain:
    """The heights after diffusing for the time that spreads a point to this standard deviation."""
    (y, x), aspect = metres(terrain), np.cos(np.radians(terrain.latitude.mean()))
    grid = gg.Grid(y, x * aspect)
    steps = int(np.ceil(4 * scale**2 / min(np.abs(s).min() for s in grid.steps) ** 2))
    spread = (scale**2 / 2 / steps) * grid.diffuse(1.0)
    height = terrain.height.astype(float)
    for _ in range(steps):
        height += spread(height)
    return terrain._replace(height=height)


def shape(terrain: Terrain) -> Shape:
    """The three maps; eastward distances shrink with the cosine of the latitude."""
    per_east = 1 / np.cos(np.radians(terrain.latitude))[:, None]
    north, east = slopes(terrain)
    (nn, ne), (_, ee) = gg.Grid(*metres(terrain)).hessian(terrain.height.astype(float))
    ne, ee = ne * per_east, ee * per_east**2
    azimuth, altitude = np.radians(SUN)
    sun = np.array([np.sin(azimuth), np.cos(azimuth)]) * np.cos(altitude)
    steep = 1 + north**2 + east**2
    light = np.maximum(0, (np.sin(altitude) - sun[0] * east - sun[1] * north) / np.sqrt(steep))
    mean = ((1 + east**2) * nn - 2 * north * east * ne + (1 + north**2) * ee) / (2 * steep**1.5)
    gauss = (nn * ee - ne**2) / steep**2
    bend = np.sqrt(np.maximum(mean**2 - gauss, 0))  # half the difference of the principal curvatures
    return Shape(light, mean, -2 / np.pi * np.arctan2(mean, bend))


def dome(radius: float = 20e3) -> Terrain:
    """Part of a sphere, whose mean curvature is -1/radius: at the equator, where a degree is the same both ways."""
    side = np.linspace(-4e3, 4e3, 81)
    degrees = np.degrees(side / EARTH_RADIUS)
    return Terrain("dome", np.sqrt(radius**2 - np.add.outer(side**2, side**2)), degrees, degrees)


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Check the formulas on a sphere and the smoothing by the volume; map the fault."""
    arguments = parse("Hillshade and curvature", argv, 1000, "longest side, in points; more are thinned out")
    round_one = shape(dome())
    inside = (slice(2, -2), slice(2, -2))
    # Second differences err by h^2/12 f'''', and f'''' of a sphere is about 3/R^3: h^2/(4 R^2) of the curvature 1/R.
    bound = 2 * (100 / 20e3) ** 2 / 4
    wrong = np.abs(round_one.curvature * 20e3 + 1)[inside]
    check("curvature of a sphere of 20 km, relative error", float(wrong.max()), bound)
    check("shape index of a sphere, distance from 1", float(np.abs(round_one.index - 1)[inside].max()), bound)

    terrain = thinned(fault(), arguments.size)
    soft = smoothed(terrain, FINE)
    grid = gg.Grid(*metres(terrain))
    cells = np.outer(*grid.quadrature)
    before, after = (float(np.sum(cells * t.height)) for t in (terrain, soft))
    check("ground lost by smoothing, relative", abs(after / before - 1), 1e-12)
    found, coarse = shape(soft), shape(smoothed(terrain, COARSE))
    hollow, ridge = (float(np.quantile(found.curvature, q)) for q in (0.99, 0.01))
    print(
        f"  1 % of the ground is bent more sharply than {1 / hollow:.0f} m in hollows and {-1 / ridge:.0f} m on ridges"
    )
    print(f"  ridges and summits {np.mean(coarse.index > 0.25):.0%}, saddles {np.mean(np.abs(coarse.index) <= 0.25):.0%}, "
          f"valleys and pits {np.mean(coarse.index < -0.25):.0%}")  # fmt: skip
    path = draw(terrain, shape(terrain).light, found.curvature, coarse.index, arguments.out)
    return {"shape": found, "sphere": round_one, "figure": path}


def draw(terrain: Terrain, light: np.ndarray, curvature: np.ndarray, index: np.ndarray, folder: Path) -> Path:
    """The fault in light, by curvature and by shape."""
    figure, axes = page("Jacksboro fault, Tennessee: light and shape",
                        f"heights smoothed over {FINE:g} m for the curvature, over {COARSE:g} m for the shape", 3, size=4.3, height=4.9)  # fmt: skip
    west, east = terrain.longitude[[0, -1]]
    extent = (west, east, terrain.latitude.min(), terrain.latitude.max())
    most = 1e3 * float(np.quantile(np.abs(curvature), 0.99))
    panels = (
        (f"hillshade, sun at {SUN[0]:g}°, {SUN[1]:g}° high", light, "gray", (0, 1)),
        ("mean curvature (1/km)", 1e3 * curvature, "PuOr", (-most, most)),
        ("shape index", index, "Spectral_r", (-1, 1)),
    )
    for ax, (title, values, colours, (low, high)) in zip(axes[0], panels, strict=True):
        image = ax.imshow(values, cmap=colours, vmin=low, vmax=high, extent=extent)
        ax.set_aspect(1 / np.cos(np.radians(terrain.latitude.mean())))
        label(ax, title)
        ax.xaxis.set_major_formatter(lambda v, _: f"{-v:g}°W")
        ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}°N")
        ax.locator_params(nbins=4)
        bar = colour_bar(ax, image, "", location="bottom", shrink=0.9, aspect=32)
    bar.set_ticks(np.linspace(-1, 1, 5), labels=["pit", "valley", "saddle", "ridge", "summit"])
    return save(figure, folder, "terrain_shape")


if __name__ == "__main__":
    main()
