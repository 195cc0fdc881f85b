"""The figure of terrain.py: shaded relief, slope and aspect side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LightSource, LinearSegmentedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from PIL import Image

SUN = LightSource(azdeg=315, altdeg=40)
SEA = LinearSegmentedColormap.from_list(
    "sea", [(0, "#08203e"), (0.6, "#164a78"), (0.85, "#2f7ea6"), (0.96, "#74b4c4"), (1, "#b9dcdc")]
)
LAND = LinearSegmentedColormap.from_list(
    "land", ["#54794e", "#a9b577", "#dccb9a", "#b58a60", "#8a6552", "#f7f5f2"]
)
LEVEL = 1e-3  # m/m: on a slope below this the direction of descent is mostly rounding of the heights
TITLES = {
    "jacksboro": "Jacksboro fault, Tennessee: 344 x 403 heights, int16",
    "topobathy": "Vancouver Island and Puget Sound: 91 x 120 heights and depths, float32",
}


def draw(terrain: Any, slope: np.ndarray, aspect: np.ndarray, folder: Path) -> Path:
    """Write ``terrain_<name>.png``; return its path."""
    northwards = terrain.latitude[0] < terrain.latitude[-1]
    height, slope, aspect = (
        a[::-1] if northwards else a for a in (terrain.height.astype(float), slope, aspect)
    )
    sea = height <= 0
    aspect = np.where(sea | (slope < LEVEL), np.nan, aspect)
    grey = ("grey: sea or slope" if sea.any() else "grey: slope") + f" < {LEVEL:g}"
    y, x = (np.radians(c) * 6371e3 for c in (terrain.latitude, terrain.longitude))
    step_y = abs(y[-1] - y[0]) / (len(y) - 1)
    step_x = (x[-1] - x[0]) / (len(x) - 1) * np.cos(np.radians(terrain.latitude.mean()))
    shade = SUN.hillshade(height, vert_exag=2 if step_y < 500 else 8, dx=step_x, dy=step_y)
    left, right = terrain.longitude[[0, -1]]
    if left > 180:
        left, right = left - 360, right - 360
    extent = (left, right, terrain.latitude.min(), terrain.latitude.max())

    tall = len(y) * step_y / (len(x) * step_x)
    figure = Figure(figsize=(12.6, 4 * tall + 1.1), layout="constrained", facecolor="white")
    figure.suptitle(TITLES[terrain.name], x=0.012, ha="left", fontsize=13, fontweight="bold")
    axes = figure.subplots(1, 3, sharey=True)
    steep = Normalize(0, np.quantile(slope, 0.995))
    panels = (
        ("height (m)", relief(height, shade), *height_scale(height)),
        ("slope (m/m)", mpl.colormaps["inferno"](steep(slope)), "inferno", steep),
        (
            f"descends towards ({grey})",
            lit(mpl.colormaps["twilight_shifted"](aspect / 360), shade),
            "twilight_shifted",
            Normalize(0, 360),
        ),
    )
    for ax, (title, image, colours, norm) in zip(axes, panels, strict=True):
        ax.imshow(image, extent=extent, aspect=1 / np.cos(np.radians(terrain.latitude.mean())))
        ax.set_facecolor("#8c8c8c")  # seen where there is no aspect
        ax.set_title(title, loc="left", fontsize=11)
        ax.tick_params(labelsize=8, length=3)
        ax.xaxis.set_major_formatter(lambda v, _: f"{-v:g}°W")
        ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}°N")
        ax.locator_params(nbins=4)
        bar = figure.colorbar(
            mpl.cm.ScalarMappable(norm, colours), ax=ax, location="bottom", shrink=0.9, aspect=32, pad=0.02
        )
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, length=0)
        if title.startswith("descends"):
            bar.set_ticks([0, 90, 180, 270, 360], labels=["N", "E", "S", "W", "N"])
    path = folder / f"terrain_{terrain.name}.png"
    figure.savefig(path, dpi=90)
    if path.stat().st_size > 300_000:  # a palette keeps it small enough for a README
        with Image.open(path) as picture:
            few = picture.convert("RGB").quantize(
                256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
        few.save(path, optimize=True)
    return path


def height_scale(height: np.ndarray) -> tuple[Any, Any]:
    """Land colours, with sea colours below 0 where there is sea."""
    if height.min() >= 0:
        return LAND, Normalize(height.min(), height.max())
    both = np.vstack([SEA(np.linspace(0, 1, 128)), LAND(np.linspace(0, 1, 128))])
    return LinearSegmentedColormap.from_list("both", both), TwoSlopeNorm(0, height.min(), height.max())


def relief(height: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """Heights as colours under the sun."""
    colours, norm = height_scale(height)
    return lit(colours(norm(height)), shade)


def lit(colours: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """`colours` under a hillshade, by soft light: mid grey leaves them unchanged."""
    colours = np.array(colours)
    colours[..., :3] = SUN.blend_soft_light(colours[..., :3], shade[..., None])
    return colours
