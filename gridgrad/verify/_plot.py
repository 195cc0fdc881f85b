"""A convergence table as a figure."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from .._base.late import Late
from ._fall import Fall

if TYPE_CHECKING:
    from matplotlib import axes  # type: ignore[import-not-found,unused-ignore]
else:
    axes = Late("matplotlib.axes")

COLOURS = {"inside": "#1b6ca8", "at ends": "#d1495b"}


def plot(title: str, norm: str, falls: dict[str, Fall], path: str | PathLike[str] | None, ax: axes.Axes | None) -> axes.Axes:  # fmt: skip
    """Errors of each part over lengths, the stated slopes beside them, and the floor of rounding."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    if ax is None:
        ax = Figure(figsize=(5, 4), layout="constrained").subplots()
        ax.set_title(title)
    for where, fall in falls.items():
        if np.isfinite(fall.errors).any():
            _lines(fall, where, ax)
    inside = falls["inside"]
    if not all(inside.resolved):
        ax.loglog(inside.lengths, inside.floors, "--", color="0.6", label="rounding of samples")
    ax.set(xlabel="step / extent", ylabel=f"{norm} error")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(frameon=False, fontsize="small")
    if path is not None:
        ax.figure.savefig(path, dpi=150)  # type: ignore[union-attr,unused-ignore]
    return ax


def _lines(fall: Fall, where: str, ax: axes.Axes) -> None:
    """Errors of one part, and the stated slope through the first."""
    colour, kept = COLOURS[where], np.array(fall.resolved)
    label = f"{where}: order {fall.order:.2f}" if kept.sum() > 1 else where
    ax.loglog(fall.lengths, fall.errors, "o-", color=colour, label=label)
    if kept.any() and fall.stated is not None:
        first = np.argmax(kept)
        slope = fall.errors[first] * (np.array(fall.lengths) / fall.lengths[first]) ** fall.stated
        ax.loglog(fall.lengths, slope, ":", color=colour, label=f"slope {fall.stated:g}")
