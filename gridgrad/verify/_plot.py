"""A convergence table as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ._convergence import Convergence

COLOURS = {"inside": "#1b6ca8", "ends": "#d1495b"}


def plot(found: Convergence, path: Any, ax: Any) -> Any:
    """Errors over lengths, the stated slopes beside them, and the floor of rounding."""
    from matplotlib.figure import Figure

    figure = None
    if ax is None:
        figure = Figure(figsize=(5, 4), layout="constrained")
        ax = figure.subplots()
    lengths = np.array(found.lengths)
    for part, where in (("inside", "inside"), ("ends", "at ends")):
        errors = np.array(found.errors(part))
        if not np.isfinite(errors).any():
            continue
        colour, kept = COLOURS[part], np.array(found.resolved(part))
        label = f"{where}: order {found.order(part):.2f}" if kept.sum() > 1 else where
        ax.loglog(lengths, errors, "o-", color=colour, label=label)
        slope = getattr(found.stated, part)
        if kept.any():
            first = np.argmax(kept)
            ax.loglog(lengths, errors[first] * (lengths / lengths[first]) ** slope, ":", color=colour,
                      label=f"slope {slope:g}")  # fmt: skip
    ax.loglog(
        lengths,
        [level.floor.inside for level in found.levels],
        "--",
        color="0.6",
        label="rounding of samples (inside)",
    )
    ax.set(xlabel="step / extent", ylabel=f"{found.norm} error", title=found.levels[0].operator)
    ax.legend(frameon=False, fontsize="small")
    if path is not None:
        ax.figure.savefig(path, dpi=150)
    return ax
