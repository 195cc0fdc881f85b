"""What the figures of the simulations share: a titled page of panels, maps with a colour bar, plain plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

COLOURS = ("#420a68", "#dd513a", "#2f7ea6", "#fca50a")


def page(
    title: str, note: str, columns: int, rows: int = 1, size: float = 3.2, height: float | None = None
) -> tuple[Figure, Any]:
    """A figure of `rows` by `columns` panels, `size` inches wide, under a bold title and a note; its axes."""
    tall = rows * (size if height is None else height) + 0.75
    figure = Figure(figsize=(columns * size, tall), layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.05)
    head, body = figure.subfigures(2, 1, height_ratios=[0.55, tall - 0.55])
    head.text(0.012, 0.72, title, va="center", fontsize=13, fontweight="bold")
    head.text(0.012, 0.2, note, va="center", fontsize=9.5, color="#444444")
    return figure, body.subplots(rows, columns, squeeze=False)


def field(
    ax: Any, x: np.ndarray, y: np.ndarray, values: np.ndarray, title: str, colours: str = "inferno",
    bar: str | None = None, **scale: Any,
) -> Any:  # fmt: skip
    """A map of values[i, j] at (x[i], y[j]), true to scale; with a colour bar where `bar` names it."""
    image = ax.pcolormesh(x, y, values.T, cmap=colours, shading="gouraud", rasterized=True, **scale)
    ax.set(aspect="equal", xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    label(ax, title)
    if bar is not None:
        colour_bar(ax, image, bar)
    return image


def colour_bar(ax: Any, image: Any, name: str, **place: Any) -> Any:
    """A slim colour bar of one panel, or of an array of them."""
    of = ax.ravel().tolist() if isinstance(ax, np.ndarray) else ax
    owner = of[0] if isinstance(of, list) else of
    place = {"shrink": 0.8, "aspect": 24, "pad": 0.02, **place}
    bar = owner.figure.colorbar(image, ax=of, **place)
    bar.set_label(name, fontsize=9)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=0)
    return bar


def label(ax: Any, title: str, x: str = "", y: str = "") -> None:
    """A title at the left, and small labels."""
    ax.set_title(title, loc="left", fontsize=10.5)
    ax.set_xlabel(x, fontsize=9)
    ax.set_ylabel(y, fontsize=9)
    ax.tick_params(labelsize=8, length=3)


def plain(ax: Any, title: str, x: str, y: str, legend: str | None = "best", square: bool = True) -> None:
    """A plot of lines: labels, no box, a legend without a frame."""
    label(ax, title, x, y)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_box_aspect(1 if square else None)
    if legend is not None:
        ax.legend(frameon=False, fontsize=8, loc=legend, handlelength=1.4)


def order_line(ax: Any, sizes: Any, error: float, order: int, named: bool = True) -> None:
    """A dotted line of this order below `error`, which belongs to the first size; sizes as the only ticks."""
    sizes = np.asarray(sizes, float)
    name = f"order {order}" if named else None
    ax.loglog(sizes, 0.6 * error * (sizes / sizes[0]) ** -order, ":", color="black", linewidth=1, label=name)
    ax.set_xticks(sizes, labels=[f"{n:.0f}" for n in sizes])
    ax.set_xticks([], minor=True)
    ax.yaxis.set_minor_formatter(NullFormatter())


def save(figure: Figure, folder: Path, name: str) -> Path:
    """Write ``<name>.png``; return its path."""
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=90)
    print(f"  figure {path}")
    return path
