"""Slope and aspect of two real terrains: a sea floor on a non-uniform grid, and a fault whose rows run southwards.

Slope is rise over run (m/m). Aspect is the compass direction of steepest descent, in degrees
clockwise from north: water on a slope of aspect 90 runs east.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from helpers import check, interleaved, parse
from matplotlib.cbook import get_sample_data
from terrain_figure import draw

import gridgrad as gg

EARTH_RADIUS = 6_371_000.0  # m, mean


class Terrain(NamedTuple):
    """Heights in metres over latitudes (rows) and longitudes (columns) in degrees."""

    name: str
    height: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray


def sea_floor() -> Terrain:
    """Vancouver Island and Puget Sound: latitude steps shrink northwards, as on a Mercator chart."""
    data = get_sample_data("topobathy.npz")
    degrees = (data[name].astype(np.float64) for name in ("latitude", "longitude"))
    return Terrain("topobathy", data["topo"], *degrees)


def fault() -> Terrain:
    """The Jacksboro fault, Tennessee: the first row is the northernmost.

    The file calls the northern edge ``ymin`` and the southern one ``ymax``. Edges are 344 steps apart
    for 344 rows, so they bound the cells and the centres lie half a step inside. A decreasing
    latitude says all this to `gradient`; a positive step would turn north into south.
    """
    data = get_sample_data("jacksboro_fault_dem.npz")
    rows, columns = data["elevation"].shape
    latitude = data["ymin"] - data["dy"] * (np.arange(rows) + 0.5)
    longitude = data["xmin"] + data["dx"] * (np.arange(columns) + 0.5)
    return Terrain("jacksboro", data["elevation"], latitude, longitude)


def metres(terrain: Terrain) -> tuple[np.ndarray, np.ndarray]:
    """Northward and, at the equator, eastward distances; a parallel is shorter by cos(latitude)."""
    return EARTH_RADIUS * np.radians(terrain.latitude), EARTH_RADIUS * np.radians(terrain.longitude)


def slopes(terrain: Terrain, gradient: Any = gg.gradient) -> tuple[np.ndarray, np.ndarray]:
    """Rise per metre northwards and eastwards: dy = R dlat, dx = R cos(lat) dlon."""
    north, east = gradient(terrain.height, *metres(terrain), edge_order=2)
    return north, east / np.cos(np.radians(terrain.latitude))[:, None]


def slope_and_aspect(north: np.ndarray, east: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steepness (m/m) and the direction of descent, against the gradient; NaN where it is flat."""
    slope = np.hypot(north, east)
    aspect = np.degrees(np.arctan2(-east, -north)) % 360
    return slope, np.where(slope == 0, np.nan, aspect)


def describe(terrain: Terrain, slope: np.ndarray) -> None:
    """Print the grid, its steps and the extremes."""
    height, (y, x) = terrain.height, metres(terrain)
    dy, dx = np.abs(np.diff(y)), np.diff(x) * np.cos(np.radians(terrain.latitude.mean()))
    row, column = np.unravel_index(slope.argmax(), slope.shape)
    print(
        f"{terrain.name}: {height.shape[0]} x {height.shape[1]} {height.dtype}, {height.min()} to {height.max()} m"
    )
    print(
        f"  steps  {dy.min():.1f} to {dy.max():.1f} m north-south, {dx.min():.1f} to {dx.max():.1f} m east-west"
    )
    place = f"{terrain.latitude[row]:.3f} N, {360 - terrain.longitude[column] % 360:.3f} W"
    print(f"  slope  median {np.median(slope):.3f}, steepest {slope.max():.3f} m/m at {place}")


def verify(terrain: Terrain) -> float:
    """Compare with `np.gradient` and with a plane of known slope; return the worst error of the plane."""
    (y, x), height = metres(terrain), terrain.height
    ours, theirs = slopes(terrain), slopes(terrain, np.gradient)
    eps = np.finfo(ours[0].dtype).eps
    # np.gradient rounds products of heights, not of differences: their size sets the bound.
    finest = min(np.abs(np.diff(y)).min(), np.diff(x).min() / 2)  # cos(latitude) > 1/2 here
    rounding = 8 * eps * np.abs(height.astype(float)).max() / finest
    apart = max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True))
    check("largest difference from np.gradient, m/m", apart, rounding)

    # A plane over (y, x): its rise per metre along a parallel grows as 1/cos(latitude).
    rise_north, rise_east = 0.25, 0.125
    plane = terrain._replace(height=rise_north * (y - y.mean())[:, None] + rise_east * (x - x.mean()))
    east = rise_east / np.cos(np.radians(terrain.latitude))[:, None]
    known = slope_and_aspect(np.full(height.shape, rise_north), np.broadcast_to(east, height.shape))
    worst = [float(np.abs(a - b).max()) for a, b in zip(slope_and_aspect(*slopes(plane)), known, strict=True)]
    check("plane of known slope, m/m", worst[0], 1e-9)
    check("plane of known aspect, degrees", worst[1], 1e-7)

    flipped = terrain._replace(height=height[::-1], latitude=terrain.latitude[::-1])
    turned = max(float(np.abs(a - b[::-1]).max()) for a, b in zip(ours, slopes(flipped), strict=True))
    check(
        "rows in the other order give the same north slope, m/m",
        turned,
        4 * eps * max(np.abs(a).max() for a in ours),
    )
    return worst[0]


def thinned(terrain: Terrain, size: int) -> Terrain:
    """Every n-th point, so that no side has more than `size` of them."""
    every = -(-max(terrain.height.shape) // size)
    height = terrain.height[::every, ::every]
    return Terrain(terrain.name, height, terrain.latitude[::every], terrain.longitude[::every])


def survey(terrain: Terrain, folder: Path) -> dict[str, Any]:
    """Slope and aspect of one terrain: facts, checks, time and figure."""
    slope, aspect = slope_and_aspect(*slopes(terrain))
    describe(terrain, slope)
    plane_error = verify(terrain)
    spacing = metres(terrain)
    ours, theirs = interleaved(
        lambda: gg.gradient(terrain.height, *spacing, edge_order=2),
        lambda: np.gradient(terrain.height, *spacing, edge_order=2),
    )
    print(
        f"  time   {ours * 1e6:.0f} us, np.gradient {theirs * 1e6:.0f} us: {theirs / ours:.1f} times as long"
    )
    path = draw(terrain, slope, aspect, folder)
    print(f"  figure {path}")
    return {"slope": slope, "aspect": aspect, "plane_error": plane_error, "figure": path}


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Run both terrains; return the facts that the tests look at."""
    arguments = parse(
        "Slope and aspect of real terrain", argv, 1000, "longest side, in points; more are thinned out"
    )
    return {t.name: survey(thinned(t, arguments.size), arguments.out) for t in (fault(), sea_floor())}


if __name__ == "__main__":
    main()
