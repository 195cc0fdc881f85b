"""How steep is the sea floor at which depth? A real map as a DataArray: axes by names, units that follow, statistics by depth.

Vancouver Island and Puget Sound, from terrain.py: latitudes whose steps shrink northwards, and distances in metres as
coordinates beside the degrees, by which the heights are differentiated.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from figures import colour_bar, label, page, plain, save
from helpers import check, parse
from terrain import Terrain, metres, sea_floor, slopes, thinned

import gridgrad as gg

ZONES = np.array([-1500, -400, -200, -150, -100, -50, 0, 100, 250, 500, 1000, 2500])  # m


def labelled(terrain: Terrain) -> xarray.DataArray:
    """The map: metres northwards, and eastwards at the equator, are coordinates along latitude and longitude."""
    y, x = metres(terrain)
    coords = {
        "lat": ("lat", terrain.latitude, {"units": "degrees_north"}),
        "lon": ("lon", terrain.longitude, {"units": "degrees_east"}),
        "northward": ("lat", y, {"units": "m"}),
        "eastward": ("lon", x, {"units": "m"}),
    }
    attrs = {"units": "m", "long_name": "height above the sea"}
    return xarray.DataArray(terrain.height, coords, ("lat", "lon"), name="height", attrs=attrs)


def slope_of(height: xarray.DataArray) -> xarray.DataArray:
    """Rise over run: a parallel is shorter by the cosine of its latitude, which xarray spreads over the map by its name."""
    east, north = gg.gradient(height, coord=("eastward", "northward"), edge_order=2)
    across = east / np.cos(np.radians(height.lat))
    return np.hypot(north, across).rename("slope").assign_attrs(units=north.units)


def verify(terrain: Terrain, height: xarray.DataArray, slope: xarray.DataArray) -> None:
    """The numbers are those of plain arrays, whatever the order of the dims; metres per metre are 1."""
    north, east = slopes(terrain)
    check(
        "largest difference from plain arrays, m/m", float(np.abs(slope - np.hypot(north, east)).max()), 0.0
    )
    turned = slope_of(height.transpose("lon", "lat")).transpose("lat", "lon")
    check("largest difference with dims in the other order, m/m", float(np.abs(turned - slope).max()), 0.0)
    theirs = height.differentiate("northward", edge_order=2)
    # Theirs rounds products of heights, not of differences: their size sets the bound.
    finest = float(np.abs(np.diff(height.northward)).min())
    rounding = 8 * np.finfo(height.dtype).eps * float(np.abs(height).max()) / finest
    ours = height.gridgrad.differentiate("northward", edge_order=2)
    check(
        "largest difference from DataArray.differentiate, m/m", float(np.abs(ours - theirs).max()), rounding
    )
    if slope.units != "1" or ours.units != "1":
        raise SystemExit(f"self-check failed: units are {slope.units} and {ours.units}")


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Map the slope, and its median in each zone of height."""
    arguments = parse("Slopes by depth", argv, 1000, "longest side, in points; more are thinned out")
    _ = gg.xarray  # brings the accessor
    terrain = thinned(sea_floor(), arguments.size)
    height = labelled(terrain)
    slope = slope_of(height)
    verify(terrain, height, slope)
    zones = slope.groupby_bins(height, ZONES)
    median = zones.median()
    for zone, value in zip(median.height_bins.values, median.values, strict=True):
        print(f"  {zone.left:6g} to {zone.right:5g} m: median slope {100 * value:5.2f} %")
    return {"slope": slope, "median": median, "figure": draw(height, slope, median, arguments.out)}


def draw(height: xarray.DataArray, slope: xarray.DataArray, median: xarray.DataArray, folder: Path) -> Path:
    """The map of slopes with the coast, and the slopes by height."""
    figure, axes = page("How steep is the sea floor at which depth?",
                        "Vancouver Island and Puget Sound: heights and depths as a DataArray, differentiated by metres", 2, size=4.6, height=4.2)  # fmt: skip
    left, right = axes[0]
    west = height.lon.values - 360 * (height.lon.values > 180)
    image = left.pcolormesh(west, height.lat, 100 * slope, cmap="inferno", shading="nearest", rasterized=True,
                            vmax=float(100 * slope.quantile(0.99)))  # fmt: skip
    left.contour(west, height.lat, height, levels=[0], colors="#b9dcdc", linewidths=0.8)
    left.set_aspect(1 / np.cos(np.radians(float(height.lat.mean()))))
    label(left, "slope (%), and the coast", "degrees east", "degrees north")
    colour_bar(left, image, "", location="bottom", shrink=0.9, aspect=32)
    names = [f"{zone.left:g} to {zone.right:g}" for zone in median.height_bins.values]
    sea = median.height_bins.values.astype(object)
    colours = ["#164a78" if zone.right <= 0 else "#8a6552" for zone in sea]
    right.barh(names, 100 * median, color=colours)
    plain(right, "median slope (%) by height (m)", "", "", legend=None)
    return save(figure, folder, "labelled_terrain")


if __name__ == "__main__":
    main()
