"""Positions where none count: lines with gaps as lines without."""

from __future__ import annotations

import numpy as np

from ..._base.types import Array


def filled(x: Array, axis: int, period: Array | None = None) -> Array:
    """Coordinates of lines with others where they are NaN, which keep the order of their line.

    They are evenly spaced between known ones, round a ring also across its seam, and beyond the ends of other lines go
    on by the step beside. No row that counts reads them: a line that goes on in another direction behind its gap is
    still seen.
    """
    # of more digits, so that there is room between what is known
    lines = np.moveaxis(x.astype(np.promote_types(x.dtype, np.float64)), axis, -1)
    known, n = ~np.isnan(lines), lines.shape[-1]
    index = np.arange(n)
    before = np.maximum.accumulate(np.where(known, index, -1), axis=-1)
    behind = np.minimum.accumulate(np.where(known, index, n)[..., ::-1], axis=-1)[..., ::-1]
    first, last = behind[..., :1], before[..., -1:]
    has_two = first < last

    def at(place: Array) -> Array:
        return np.take_along_axis(lines, np.clip(place, 0, n - 1), axis=-1)

    def step(a: Array, b: Array) -> Array:
        if period is not None:
            apart = at(last) - at(first)
            own = (period - abs(apart)) / (n - (last - first))
        else:
            apart = (at(b) - at(a)) / np.where(has_two, b - a, 1)
            own = np.where(has_two, abs(apart), np.where(at(a) == 0, 1, abs(at(a)) / 1024))
        least = 4 * np.spacing(np.maximum(abs(at(a)), abs(at(b))))
        found: Array = np.copysign(np.maximum(own, least), np.where(has_two, apart, 1))
        return found

    with np.errstate(all="ignore"):
        second = np.where(has_two, np.take_along_axis(behind, np.minimum(first + 1, n - 1), axis=-1), first)
        last_but_one = np.where(has_two, np.take_along_axis(before, np.maximum(last - 1, 0), axis=-1), last)
        between = at(before) + (at(behind) - at(before)) * ((index - before) / (behind - before))
        made = np.where(
            before < 0, at(first) + (index - first) * step(first, second),
            np.where(behind == n, at(last) + (index - last) * step(last_but_one, last), between),
        )  # fmt: skip
    of_none = index if period is None else index * (period / n)
    made = np.where(first == n, of_none, np.where(known, lines, made))
    return np.moveaxis(made, -1, axis)
