"""Positions where none count: lines with gaps as lines without."""

from __future__ import annotations

import numpy as np

from ..._base.types import Array


def filled(x: Array, axis: int, is_known: Array) -> Array:
    """Coordinates of lines with others where they are not known, which keep the order of their line.

    They are evenly spaced between known ones, and beyond these go on by the step beside. No row that counts reads
    them: a line that goes on in another direction behind its gap is still seen.
    """
    # of more digits, so that what is known stays exact and there is room between
    x = x.astype(np.longdouble if x.dtype.kind in "iu" else np.promote_types(x.dtype, np.float64))
    lines, known = np.moveaxis(x, axis, -1), np.moveaxis(is_known, axis, -1)
    n = lines.shape[-1]
    index = np.arange(n)
    before = np.maximum.accumulate(np.where(known, index, -1), axis=-1)
    behind = np.minimum.accumulate(np.where(known, index, n)[..., ::-1], axis=-1)[..., ::-1]
    first, last = behind[..., :1], before[..., -1:]
    has_two = first < last

    def at(place: Array) -> Array:
        return np.take_along_axis(lines, np.clip(place, 0, n - 1), axis=-1)

    def step(a: Array, b: Array) -> Array:
        apart = (at(b) - at(a)) / np.where(has_two, b - a, 1)
        least = 4 * np.spacing(np.maximum(abs(at(a)), abs(at(b))))
        alone = np.where(at(a) == 0, 1, abs(at(a)) / 1024)  # of a line that says no step
        return np.where(has_two, np.copysign(np.maximum(abs(apart), least), apart), alone)

    with np.errstate(all="ignore"):
        second = np.take_along_axis(behind, np.minimum(first + 1, n - 1), axis=-1)
        last_but_one = np.take_along_axis(before, np.maximum(last - 1, 0), axis=-1)
        between = at(before) + (at(behind) - at(before)) * ((index - before) / (behind - before))
        made = np.where(
            before < 0, at(first) + (index - first) * step(first, second),
            np.where(behind == n, at(last) + (index - last) * step(last_but_one, last), between),
        )  # fmt: skip
    made = np.where(first == n, index, np.where(known, lines, made))
    return np.moveaxis(made, -1, axis)
