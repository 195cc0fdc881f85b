"""The figure of heat_stretched.py: snapshots, the grid, the error and how it shrinks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

UNITS = "L: side of the plate, T₀: initial temperature, k: diffusivity"


def draw(
    x: np.ndarray,
    times: np.ndarray,
    solution: np.ndarray,
    wrong: np.ndarray,
    sizes: list[int],
    errors: dict[str, list[float]],
    folder: Path,
) -> Path:
    """Write ``heat_stretched.png``; return its path."""
    figure = Figure(figsize=(12.6, 7.2), layout="constrained", facecolor="white")
    title, top, bottom = figure.subfigures(3, 1, height_ratios=[0.12, 1, 1], hspace=0.02)
    title.text(0.012, 0.5, "A hot plate, quenched at its rim", va="center", fontsize=13, fontweight="bold")
    title.text(0.32, 0.5, UNITS, va="center", fontsize=10)
    axes = top.subplots(1, 4, sharey=True)
    shown = np.linspace(0, len(times) - 1, 4).round().astype(int)
    for ax, k in zip(axes, shown, strict=True):
        image = ax.pcolormesh(
            x, x, solution[k].T, cmap="inferno", vmin=0, vmax=1, shading="gouraud", rasterized=True
        )
        ax.contour(
            x, x, solution[k].T, levels=np.arange(0.1, 1, 0.2), colors="white", linewidths=0.6, alpha=0.6
        )
        _square(ax, f"t = {times[k]:.2g} L²/k")
        ax.label_outer()
    _bar(top, image, axes, "temperature (T₀)")

    grid, layer, error, shrink = bottom.subplots(1, 4)
    lines = x[:: max(1, len(x) // 48)]
    grid.vlines(lines, 0, 1, color="#3b4a6b", linewidth=0.4)
    grid.hlines(lines, 0, 1, color="#3b4a6b", linewidth=0.4)
    _square(grid, f"the grid, {len(lines)} of {len(x)} lines")
    _layer(layer, x, times, solution, shown)
    k = shown[1]
    most = np.abs(wrong[k]).max()
    image = error.pcolormesh(
        x, x, wrong[k].T, cmap="RdBu_r", vmin=-most, vmax=most, shading="gouraud", rasterized=True
    )
    _square(error, f"error (T₀), t = {times[k]:.2g} L²/k")
    bar = _bar(bottom, image, error, "")
    bar.formatter.set_powerlimits((0, 0))
    _shrink(shrink, sizes, errors)
    path = folder / "heat_stretched.png"
    figure.savefig(path, dpi=80)
    return path


def _square(ax: Any, title: str) -> None:
    ax.set_title(title, loc="left", fontsize=11)
    ax.set(aspect="equal", xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.set_xlabel("x (L)", fontsize=9)
    ax.set_ylabel("y (L)", fontsize=9)
    ax.tick_params(labelsize=8, length=3)


def _bar(parent: Any, image: Any, ax: Any, label: str) -> Any:
    bar = parent.colorbar(image, ax=ax, shrink=0.8, aspect=22, pad=0.02)
    bar.set_label(label, fontsize=9)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=0)
    return bar


def _layer(ax: Any, x: np.ndarray, times: np.ndarray, solution: np.ndarray, shown: np.ndarray) -> None:
    """The cold layer on the middle line, with the grid points that resolve it."""
    for k, colour in zip(shown, ("#fca50a", "#dd513a", "#932667", "#420a68"), strict=True):
        ax.plot(
            x,
            solution[k][:, len(x) // 2],
            ".-",
            color=colour,
            markersize=4,
            linewidth=1,
            label=f"t = {times[k]:.2g} L²/k",
        )
    ax.set(xlim=(0, 0.3), ylim=(0, 1.03))
    ax.set_title("on y = L/2, near the rim", loc="left", fontsize=11)
    ax.set_xlabel("x (L)", fontsize=9)
    ax.set_ylabel("temperature (T₀)", fontsize=9)
    _plain(ax, "lower right", (1.02, 0.14))  # between the last two curves


def _shrink(ax: Any, sizes: list[int], errors: dict[str, list[float]]) -> None:
    """Error over refinement, beside a line of order 2."""
    for (kind, values), colour, mark in zip(errors.items(), ("#932667", "#7f8aa3"), "os", strict=True):
        ax.loglog(sizes, values, mark + "-", color=colour, markersize=5, linewidth=1.2, label=kind)
    second = errors["stretched"][0] * (np.array(sizes, float) - 1) ** -2 * (sizes[0] - 1) ** 2
    ax.loglog(sizes, second * 0.6, ":", color="black", linewidth=1, label="order 2")
    ax.set_xticks(sizes, labels=[str(n) for n in sizes])
    ax.set_xticks([], minor=True)
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_title("error over refinement", loc="left", fontsize=11)
    ax.set_xlabel("points per side", fontsize=9)
    ax.set_ylabel("rms error (T₀)", fontsize=9)
    _plain(ax)


def _plain(ax: Any, place: str = "upper right", anchor: tuple[float, float] | None = None) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8, length=3)
    ax.legend(frameon=False, fontsize=8, loc=place, handlelength=1.2, bbox_to_anchor=anchor)
    ax.set_box_aspect(1)
