"""A convergence table as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .._base.types import Array
from ._compare import Comparison
from ._ends import Parts

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # type: ignore[import-not-found,unused-ignore]

COLOURS = {"inside": "#1b6ca8", "ends": "#d1495b"}


class Table(Protocol):
    """What a figure shows of a convergence table."""

    @property
    def lengths(self) -> Sequence[float]:
        """The steps, in extents."""

    @property
    def levels(self) -> Sequence[Comparison]:
        """One comparison for each."""

    @property
    def norm(self) -> str:
        """What errors are measured in."""

    @property
    def stated(self) -> Parts:
        """The orders that the docstring promises."""

    def errors(self, part: str) -> Sequence[float]:
        """The errors of one part."""

    def resolved(self, part: str) -> Sequence[bool]:
        """Which of them are above the rounding of samples."""

    def order(self, part: str) -> float:
        """The order of one part."""


def plot(found: Table, path: str | PathLike[str] | None, ax: Axes | None) -> Axes:
    """Errors over lengths, the stated slopes beside them, and the floor of rounding."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    if ax is None:
        ax = Figure(figsize=(5, 4), layout="constrained").subplots()
        ax.set_title(found.levels[0].operator)
    lengths = np.array(found.lengths)
    for part, where in (("inside", "inside"), ("ends", "at ends")):
        errors = np.array(found.errors(part))
        if np.isfinite(errors).any():
            _lines(found, part, where, lengths, errors, ax)
    floor = np.array([level.floor.inside for level in found.levels])
    if not all(found.resolved("inside")):
        ax.loglog(lengths, floor, "--", color="0.6", label="rounding of samples")
    ax.set(xlabel="step / extent", ylabel=f"{found.norm} error")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(frameon=False, fontsize="small")
    if path is not None:
        ax.figure.savefig(path, dpi=150)  # type: ignore[union-attr,unused-ignore]
    return ax


def _lines(found: Table, part: str, where: str, lengths: Array, errors: Array, ax: Axes) -> None:
    """Errors of one part, and the stated slope through the first."""
    colour, kept, slope = COLOURS[part], np.array(found.resolved(part)), getattr(found.stated, part)
    label = f"{where}: order {found.order(part):.2f}" if kept.sum() > 1 else where
    ax.loglog(lengths, errors, "o-", color=colour, label=label)
    if kept.any() and slope is not None:
        first = np.argmax(kept)
        ax.loglog(lengths, errors[first] * (lengths / lengths[first]) ** slope, ":", color=colour,
                  label=f"slope {slope:g}")  # fmt: skip
