"""Where is the sea surface of the tropics steepest, and when? Real temperatures with coasts, whose fronts are in kelvin per metre.

OSTIA, monthly means of 2006 to 2010 within 5 degrees of the equator (Donlon et al., Remote Sens. Environ. 116 (2012) 140-158),
as iris-sample-data has them: float32 in NetCDF, with NaN on land.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from figures import colour_bar, label, page, save
from helpers import EPS, check, parse, sample_data

import gridgrad as gg

RADIUS = 6_371_229.0  # m, as in the file, and as geometry="sphere" has it
ALONG = {"dim": ("longitude", "latitude"), "edge_order": 2}
ROUND = {"periodic": {"longitude": True}, "period": {"longitude": 360}}
EAST_PACIFIC = {"longitude": slice(220, 265), "latitude": slice(0, 4.5)}


def temperatures(months: int) -> xarray.DataArray:
    """The first months; in float64, in which degrees become metres as well. Longitudes, rounded in the file, are even round the globe."""
    with xarray.open_dataset(sample_data("ostia_monthly.nc")) as data:
        found = data.surface_temperature.isel(time=slice(months)).load().astype(float)
    n, lat, lon = found.longitude.size, found.latitude, found.longitude
    axes = {
        "latitude": ("latitude", lat.values.astype(float), lat.attrs),
        "longitude": ("longitude", np.arange(n) * (360 / n), lon.attrs),
    }
    return found.assign_coords(axes)


def slopes(field: xarray.DataArray) -> tuple[xarray.DataArray, xarray.DataArray]:
    """Eastward and northward, per metre: rows beside coasts are one-sided. By hand, what geometry="sphere" does with the same missing=."""
    east, north = gg.gradient(field, **ALONG, **ROUND, missing="one-sided")
    metre = np.pi / 180 * RADIUS  # of a degree
    return east / (metre * np.cos(np.deg2rad(field.latitude))), north / metre


def verify(field: xarray.DataArray, east: xarray.DataArray, north: xarray.DataArray) -> None:
    """Away from coasts it is the sphere; beside them what is linear has its slope; only lone points have none."""
    for name, ours, theirs in zip(
        ("eastward", "northward"), (east, north), gg.gradient(field, **ALONG, geometry="sphere"), strict=True
    ):
        apart = float(np.abs(ours - theirs).max() / np.abs(ours).max())
        check(f"{name}, largest difference from the sphere where that reads no land", apart, 8 * EPS)
    land = field.isel(time=0).isnull()
    linear = (field.latitude + 0 * field.longitude).where(~land)
    of_linear = slopes(linear)[1] * np.pi / 180 * RADIUS
    check("northward slope of the latitude, largest error", float(np.abs(of_linear - 1).max()), 40 * EPS)
    has_neighbour = ~land & (~land.shift(latitude=1, fill_value=True) | ~land.shift(latitude=-1, fill_value=True))  # fmt: skip
    odd = int((of_linear.notnull() != has_neighbour).sum())
    check("points beside the sea north or south without a slope, or the other way round", odd, 0)


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Map the fronts, and their year in the eastern Pacific."""
    arguments = parse("Fronts of the sea surface", argv, 54, "months")
    field = temperatures(arguments.size)
    east, north = slopes(field)
    verify(field, east, north)
    strength = (1e5 * np.hypot(east, north)).rename("strength").assign_attrs(units="K (100 km)-1")
    year = strength.sel(EAST_PACIFIC).mean(("latitude", "longitude")).groupby("time.month").mean()
    for month, value in zip(year.month.values, year.values, strict=True):
        print(f"  month {month:2d}: {value:.2f} K per 100 km in the eastern Pacific, 0 to 4.5 degrees north")
    return {"strength": strength, "year": year, "figure": draw(strength, arguments.out)}


def draw(strength: xarray.DataArray, folder: Path) -> Path:
    """The mean map above months by longitude."""
    figure, axes = page("Fronts of the tropical sea surface",
                        "OSTIA, 2006 to 2010: temperature differences per distance, one-sided beside coasts; grey is land", 1, 2, size=10, height=2.2)  # fmt: skip
    top, bottom = axes[:, 0]
    look = {"cmap": "inferno", "vmin": 0.0, "vmax": 1.6, "shading": "nearest", "rasterized": True}
    mean = strength.mean("time")
    image = top.pcolormesh(mean.longitude, mean.latitude, mean, **look)
    top.set_aspect("auto")
    label(top, "mean strength of fronts (K per 100 km)", "", "degrees north")
    north_of_equator = strength.sel(latitude=slice(0, 4.5)).mean("latitude")
    months = 2006 + (3.5 + np.arange(len(strength.time))) / 12
    bottom.pcolormesh(strength.longitude, months, north_of_equator, **look)
    bottom.set_yticks([2007, 2008, 2009, 2010])
    label(bottom, "between the equator and 4.5 degrees north, month by month", "degrees east", "year")
    for ax in (top, bottom):
        ax.set_facecolor("#b8b8b8")
    colour_bar(axes, image, "K / 100 km")
    return save(figure, folder, "sea_fronts")


if __name__ == "__main__":
    main()
