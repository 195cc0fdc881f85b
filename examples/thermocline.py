"""How deep does the warm water of the tropical Atlantic reach? Profiles whose depths are 10 m apart at the top and 506 m at the bottom.

Potential temperature of the ocean from 34 degrees west to the meridian, south of the equator, a sample of the package
iris-sample-data, NaN below the sea floor. The thermocline is where it falls fastest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from figures import colour_bar, label, page, plain, save
from helpers import EPS, check, parse, sample_data

import gridgrad as gg


def profiles() -> xarray.DataArray:
    """Temperatures by depth, from west to east, in float64."""
    with xarray.open_dataset(sample_data("atlantic_profiles.nc")) as data:
        found = data.theta.load().astype(float)
    west = (found.lon + 180) % 360 - 180
    return found.assign_coords(lon=west, depth=found.depth.astype(float).assign_attrs(found.depth.attrs)).sortby("lon")  # fmt: skip


def verify(theta: xarray.DataArray, slope: xarray.DataArray) -> None:
    """Exact for a parabola at every depth, the uneven steps and the ends among them; between the slopes above and below; in K m-1."""
    parabola = (theta.depth / 1000) ** 2
    exact = 2 * theta.depth / 1e6
    off = np.abs(gg.gradient(parabola, dim="depth", edge_order=2) - exact).max()
    check("slope of a parabola, largest error, 1/m", float(off), 40 * EPS * float(parabola.max()) / 10)
    between = theta.diff("depth").values / theta.depth.diff("depth").values[:, None, None]
    least, most = np.minimum(between[:-1], between[1:]), np.maximum(between[:-1], between[1:])
    inside = slope.values[1:-1]
    outside = np.nanmax(np.maximum(least - inside, inside - most))  # NaN is below the sea floor
    check("slopes beyond those to the depths above and below, K/m", float(outside), 8 * EPS * 300 / 10)
    if slope.units != "K m-1":
        raise SystemExit(f"self-check failed: the unit is {slope.units}")


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Find the thermocline in each profile."""
    arguments = parse("The thermocline of the tropical Atlantic", argv, 400, "depth of the figure, in metres")
    theta = profiles()
    slope = gg.gradient(theta, dim="depth", edge_order=2, missing="one-sided")  # the sea floor is an end
    verify(theta, slope)
    depth = slope.idxmin("depth").rename("thermocline").assign_attrs(units="m")
    for lon, value, rate in zip(
        depth.lon.values, depth.mean("lat").values, slope.min("depth").mean("lat").values, strict=True
    ):
        print(f"  {lon:6.1f} east: thermocline {value:4.0f} m deep, {1000 * rate:.0f} mK per metre")
    return {"depth": depth, "slope": slope, "figure": draw(theta, slope, depth, arguments)}


def draw(theta: xarray.DataArray, slope: xarray.DataArray, depth: xarray.DataArray, arguments: Any) -> Path:
    """A section along the parallel in the middle, and one profile with its slope."""
    figure, axes = page("The thermocline of the tropical Atlantic",
                        "Potential temperature on depths 10 to 506 m apart, differentiated by depth", 2, size=4.6, height=3.9)  # fmt: skip
    left, right = axes[0]
    at = {"lat": float(theta.lat[3])}
    section, line = slope.sel(at), depth.sel(at)
    image = left.pcolormesh(section.lon, section.depth, -1000 * section, cmap="inferno", shading="gouraud", rasterized=True)  # fmt: skip
    left.contour(
        section.lon,
        section.depth,
        theta.sel(at),
        levels=np.arange(280, 300, 4),
        colors="white",
        linewidths=0.6,
    )
    left.plot(line.lon, line, color="#7fd0e6", linewidth=2)
    left.set_ylim(arguments.size, 5)
    label(
        left, f"cooling with depth along {-at['lat']:.1f} south, and its maximum", "degrees east", "depth (m)"
    )
    colour_bar(left, image, "mK per metre", location="bottom", shrink=0.9, aspect=32)
    one = {**at, "lon": float(theta.lon[4])}
    right.plot(theta.sel(one) - 273.15, theta.depth, "o-", color="#420a68", markersize=3, label="temperature (degrees C)")  # fmt: skip
    right.plot(-100 * slope.sel(one), theta.depth, "s-", color="#dd513a", markersize=3, label="cooling (K per 100 m)")  # fmt: skip
    right.axhline(float(depth.sel(one)), color="#7fd0e6", linewidth=2, zorder=0)
    right.set_ylim(arguments.size, 5)
    plain(right, f"the profile at {one['lon']:.1f} east", "", "depth (m)", legend="lower right", square=False)
    return save(figure, arguments.out, "thermocline")


if __name__ == "__main__":
    main()
