"""Fields that hold values beside gaps, by loops over points that know nothing of gridgrad."""

from __future__ import annotations

import numpy as np


def beside_gaps(inside, axis, is_ring=False, breaks=()):
    """Which points that count have a gap, or a break, next to them along an axis."""
    found = np.zeros(inside.shape, bool)
    n = inside.shape[axis]
    for p in np.argwhere(inside):
        for way in (-1, 1):
            at = p[axis] + way
            if not is_ring and not 0 <= at < n:
                continue
            q = p.copy()
            q[axis] = at % n
            cut = p[axis] if way < 0 else (p[axis] + 1) % n if is_ring else p[axis] + 1
            if not inside[tuple(q)] or cut in breaks:
                found[tuple(p)] = True
    return found


def held(f, inside, value, rings=(), breaks=None):
    """A copy of a field with `value` at all points beside gaps: numbers, or an array of its shape."""
    made = np.array(f)
    for axis in range(inside.ndim):
        cuts = (breaks or {}).get(axis, ())
        there = beside_gaps(inside, axis, axis in rings, cuts)
        made = np.where(there, value, made)
    return made


def runs(inside, axis):
    """The runs of points that count along an axis: indices of fields, each a slice along it."""
    lines = np.moveaxis(inside, axis, -1)
    for at in np.ndindex(lines.shape[:-1]):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], lines[at].astype(int), [0]])))
        for start, stop in edges.reshape(-1, 2):
            yield (*at[:axis], slice(int(start), int(stop)), *at[axis:])


RNG = np.random.default_rng(17)
SHAPE = (11, 12)
AXES = {"even": ((11, 0.5), (12, 0.25)), "uneven": tuple(np.cumsum(RNG.uniform(0.3, 1.2, n)) for n in SHAPE)}


def island():
    inside = np.ones(SHAPE, bool)
    inside[3:6, 4:8] = False
    return inside


def channels():
    """Straits one point wide, an island of one point, land and gaps at the ends of the grid, an L."""
    inside = island()
    inside[7:, 3] = inside[7:, 5] = inside[8, 9] = inside[0, 2:5] = inside[-1, -1] = inside[2:4, 10] = False
    return inside


MASKS = {
    "island": island(),
    "channels": channels(),
    "scattered": RNG.random(SHAPE) < 0.85,
    "ragged": RNG.random(SHAPE) < 0.6,
}


def is_held(mask, ends="plain"):
    rings = (1,) if ends == "ring" else ()
    return np.logical_or.reduce([beside_gaps(MASKS[mask], axis, axis in rings) for axis in (0, 1)])
