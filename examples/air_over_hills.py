"""Where is the air over hills stable? Potential temperature on levels that follow the ground, by the height of each point.

A forecast of 15 levels on 100 m by 100 m, on a rotated pole, a sample of the package iris-sample-data: levels are hybrid heights,
which is a + sigma times the height of the ground below, so that every column has heights of its own.
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

LEVEL, PLANE = "model_level_number", ("grid_longitude", "grid_latitude")
ON_SPHERE = {"dim": PLANE, "geometry": "sphere", "edge_order": 2}


def forecast(points: int) -> xarray.DataArray:
    """Temperatures with the height above the sea of each as a coordinate; in float64, of points along each side."""
    with xarray.open_dataset(sample_data("hybrid_height.nc")) as data:
        found = data.air_potential_temperature.load().astype(float)
    for name in PLANE:  # near 360 degrees steps of float32 are off by 3 %
        x = found[name].values.astype(float)
        found[name] = (name, np.linspace(x[0], x[-1], x.size), found[name].attrs)
    ground = found.surface_altitude.astype(float)
    height = found.level_height.astype(float) + found.sigma.astype(float) * ground
    at = {"ground": ground, "height": height.transpose(*found.dims).assign_attrs(units="m")}
    return found.rename("theta").assign_coords(at).isel({name: slice(points) for name in PLANE})


def upwards(field: xarray.DataArray) -> xarray.DataArray:
    """By the heights of each column: the coordinate has all three dims, and is no dim itself."""
    return gg.gradient(field, coord="height", dim=LEVEL, edge_order=2)


def across(field: xarray.DataArray) -> tuple[xarray.DataArray, xarray.DataArray]:
    """Eastwards and northwards of the rotated pole at constant height, per metre: without what the slope of levels adds."""
    along, slopes = gg.gradient(field, **ON_SPHERE), gg.gradient(field.height.rename("z"), **ON_SPHERE)
    return tuple(own - upwards(field) * slope for own, slope in zip(along, slopes, strict=True))


def verify(theta: xarray.DataArray, up: xarray.DataArray) -> None:
    """Exact for parabolas of the height in every column, one column has the bits of its numbers alone; what is the same at one height has no slope there."""
    high = theta.height / 1000
    off = upwards(theta.copy(data=high**2)) - 2 * high / 1000
    step = float(theta.height.diff(LEVEL).min())
    check("slope of a parabola of heights, largest error, 1/m", float(np.abs(off).max()), 40 * EPS * float(high.max()) ** 2 / step)  # fmt: skip
    column = {name: theta.sizes[name] // 2 for name in PLANE}
    one = theta.isel(column)
    alone = gg.gradient(one.values, one.height.values, edge_order=2)
    check("a column beside the same numbers alone, K/m", float(np.abs(up.isel(column) - alone).max()), 0.0)
    layered = theta.copy(data=300 + 4 * high)
    slopes = gg.gradient(layered, **ON_SPHERE)
    left = max(float(np.abs(own).max()) for own in across(layered))
    check("layers at constant height, over their slope along the levels", left / float(np.abs(slopes[0]).max()), 1e-9)  # fmt: skip
    if (up.name, up.units, slopes[0].units) != ("dtheta_dheight", "K m-1", "K m-1"):
        raise SystemExit(f"self-check failed: {up.name} in {up.units}, {slopes[0].units}")


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Stability by level, and what goes with the ground along the levels and at constant height."""
    arguments = parse("Stability of the air over hills", argv, 100, "points along each side")
    theta = forecast(arguments.size)
    up = upwards(theta)
    verify(theta, up)
    slopes = gg.gradient(theta.height.rename("z"), **ON_SPHERE)[0]
    ways = {"along the levels": gg.gradient(theta, **ON_SPHERE)[0], "at constant height": across(theta)[0]}
    ties = {name: xarray.corr(own, slopes, dim=PLANE) for name, own in ways.items()}
    mean = 100 * up.mean(PLANE)
    for k, above in enumerate(theta.level_height.values):
        said = ", ".join(f"{own.values[k]:5.2f} {name}" for name, own in ties.items())
        print(f"  {above:4.0f} m above the ground: {mean.values[k]:6.3f} K per 100 m; correlation with its slope {said}")  # fmt: skip
    return {"up": up, "ties": ties, "figure": draw(theta, up, ties, arguments.out)}


def draw(theta: xarray.DataArray, up: xarray.DataArray, ties: dict[str, Any], folder: Path) -> Path:
    """A section through the highest hill, and how much of the slopes is that of the levels."""
    figure, axes = page("Where is the air over hills stable?",
                        "Potential temperature on 15 levels that follow the ground, differentiated by the height of each point", 2, size=4.9, height=3.9)  # fmt: skip
    left, right = axes[0]
    row = int(np.argmax(theta.ground.max(PLANE[0]).values))
    section, ground = up.isel({PLANE[1]: row}), theta.ground.isel({PLANE[1]: row})
    distance = 0.1 * np.arange(ground.size)  # km
    across_page = np.broadcast_to(distance, section.shape)
    image = left.pcolormesh(across_page, section.height, 100 * section, cmap="RdBu_r", vmin=-0.6, vmax=0.6, shading="gouraud", rasterized=True)  # fmt: skip
    for k in range(0, theta.sizes[LEVEL], 2):
        left.plot(distance, section.height[k], color="#555555", linewidth=0.4)
    left.fill_between(distance, ground.min() - 50, ground, color="#5b4a3f")
    left.set_ylim(float(ground.min()) - 50, float(section.height.max()))
    label(left, "K per 100 m over the highest hill; lines: levels", "km eastwards", "metres above the sea")
    colour_bar(left, image, "red: stable", location="bottom", shrink=0.9, aspect=32)
    for (name, own), colour in zip(ties.items(), ("#dd513a", "#2f7ea6"), strict=True):
        right.plot(own, theta.level_height, "o-", color=colour, markersize=3, label=name)
    right.axvline(0, color="#999999", linewidth=0.7, zorder=0)
    plain(right, "eastward slopes that go with those of the ground", "correlation", "metres above the ground", legend="lower right", square=False)  # fmt: skip
    return save(figure, folder, "air_over_hills")


if __name__ == "__main__":
    main()
