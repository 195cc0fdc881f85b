"""Diffusion beside gaps in exact rationals: an explicit loop over the faces of each cell, which knows nothing of gridgrad."""

from __future__ import annotations

from fractions import Fraction as Q
from typing import NamedTuple

import numpy as np


class Line(NamedTuple):
    """An axis: positions of points, what both ends of the array are, and where it is cut."""

    x: list[Q]
    end: str = "symmetric"
    period: Q | None = None
    breaks: tuple[int, ...] = ()

    def beside(self, i: int, way: int) -> tuple[int, Q] | None:
        """The next point and its distance; None beyond an end."""
        j = i + way
        if self.end == "periodic":
            j, n = j % len(self.x), len(self.x)
            span = abs(self.x[j] - self.x[i])
            return j, (abs(self.period) - span if {i, j} == {0, n - 1} and n > 2 else span)
        return (j, abs(self.x[j] - self.x[i])) if 0 <= j < len(self.x) else None

    def is_cut(self, i: int, way: int) -> bool:
        return (i if way < 0 else (i + 1) % len(self.x) if self.end == "periodic" else i + 1) in self.breaks


class Cells:
    """The cells of a grid with gaps; `known` is what holds beside gaps, by a word and numbers."""

    def __init__(self, lines, inside, known=("closed",)):
        self.lines, self.inside, self.known = lines, np.asarray(inside), known

    def there(self, p, a, way):
        """The point beside `p`, its distance, and whether something passes to it; None beyond an end."""
        found = self.lines[a].beside(p[a], way)
        if found is None:
            return None
        q = (*p[:a], found[0], *p[a + 1 :])
        return q, found[1], bool(self.inside[q]) and not self.lines[a].is_cut(p[a], way)

    def is_at_gap(self, p, a):
        sides = [self.there(p, a, way) for way in (-1, 1)]
        return any(side is not None and not side[2] for side in sides)

    def filled(self, f):
        """A field with what is held at points beside gaps, if anything is."""
        word, *numbers = self.known
        made = np.array(f)
        for p in np.argwhere(self.inside) if word == "held" else ():
            if any(self.is_at_gap(tuple(p), a) for a in range(self.inside.ndim)):
                made[tuple(p)] = float(numbers[0])
        return made

    def is_alone(self, p, a):
        """Whether it is a run of one point: between gaps, or between a gap and an end."""
        sides = [self.there(p, a, way) for way in (-1, 1)]
        return self.is_at_gap(p, a) and not any(side is not None and side[2] for side in sides)

    def side(self, p, a, way, k, f):
        """How far the cell reaches to a side, and what comes in from there."""
        found, back = self.there(p, a, way), self.there(p, a, -way)
        word, *numbers = self.known
        if found is None:
            if self.lines[a].end == "one-sided":
                return Q(0), Q(0)
            return back[1] / 2, Q(0)
        q, step, is_open = found
        if is_open:
            beyond = numbers[0] if word == "held" and self.is_at_gap(q, a) else f(q)
            return step / 2, k(p, a, way) * (beyond - f(p)) / step
        if word == "closed":
            return step / 2, Q(0)
        if word in ("reflect", "held"):
            return Q(0), Q(0)
        half = (back[1] if back is not None and back[2] else step) / 2
        if word == "value":
            return half, k(p, a, way) * (numbers[0] - f(p)) / half
        rate, slope, made = numbers  # rate * f + slope * df/dn = made
        return half, k(p, a, way) * (made - rate * f(p)) / (rate * half + slope)

    def diffused(self, f, k):
        """``div(k grad f)``: `k` has an array for each axis, n - 1 faces along it, or n on a ring."""

        def at(p):
            return Q(float(f[p]))

        def face(p, a, way):
            n, is_ring = len(self.lines[a].x), self.lines[a].end == "periodic"
            i = p[a] + (way > 0) if is_ring else p[a] + (way > 0) - 1
            return Q(float(k[a][(*p[:a], i % n, *p[a + 1 :])]))

        made = np.zeros(self.inside.shape)
        for p in zip(*map(np.ndarray.tolist, np.nonzero(self.inside)), strict=True):
            total = Q(0)
            for a in range(len(self.lines)):
                is_held = self.known[0] == "held" and self.is_at_gap(p, a)
                is_short = self.known[0] != "closed" and self.is_alone(p, a)
                if not (is_held or is_short):
                    (before, low), (behind, high) = (self.side(p, a, way, face, at) for way in (-1, 1))
                    total += (low + high) / (before + behind)
            made[p] = float(total)
        return made

    def slope(self, p, a, f):
        """What f grows by across the faces of a cell that are open, over twice its width."""
        sides = [(way, self.there(p, a, way)) for way in (-1, 1)]
        rise = sum((way * (f(s[0]) - f(p)) for way, s in sides if s is not None and s[2]), Q(0))
        return rise / (2 * self.width(p, a))

    def width(self, p, a):
        return sum((self.side(p, a, way, lambda *_: Q(0), lambda _: Q(0))[0] for way in (-1, 1)), Q(0))

    def turned(self, f, k, a, b):
        """``d_a (k_ab d_b f)``: each cell's flux leaves it through its open faces, half through each, and comes to its neighbours."""

        def at(p):
            return Q(float(f[p]))

        gains: dict[tuple[int, ...], Q] = {}
        for p in zip(*map(np.ndarray.tolist, np.nonzero(self.inside)), strict=True):
            flux = Q(float(k[p])) * self.slope(p, b, at)
            for way in (-1, 1):
                found = self.there(p, a, way)
                if found is not None and found[2]:  # half of the face's flux is that of this cell
                    for cell, sign in ((p, way), (found[0], -way)):
                        gains[cell] = gains.get(cell, Q(0)) + sign * flux / 2 / self.width(cell, a)
        made = np.zeros(self.inside.shape)
        for p, gain in gains.items():
            made[p] = float(gain)
        return made


def less_along_coasts(k, inside):
    """A tensor on two even axes without what slopes across coasts take from fluxes along them, as the guide has it."""
    closed = [sum(inside & ~np.roll(inside, way, a) for way in (-1, 1)) / 2 for a in (0, 1)]
    (kxx, kxy), (_, kyy) = k
    return [[kxx - closed[1] * kxy**2 / kyy, kxy], [kxy, kyy - closed[0] * kxy**2 / kxx]]
