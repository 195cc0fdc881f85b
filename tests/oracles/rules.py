"""Every rule of a derivative, and the exact positions and periods of the grids that tests try them on."""

import numpy as np
from oracles import fraction, fractions

from gridgrad._stencils.derivatives import Rule
from gridgrad._stencils.ends import NAMED


def ends(*words):
    """Both ends of an axis."""
    first, last = words * (2 // len(words))
    return NAMED[first], NAMED[last]


RING = ends("periodic")
SIDES = ("one-sided", "reflect", "antireflect")
BOUNDARIES = [
    *(ends(a, b) for a in SIDES for b in SIDES),
    RING,
    ends("symmetric"),
    ends("reflect", "symmetric"),
]


def rules(boundaries, orders=(1, 2)):
    """Each with every order, accuracy and edge_order."""
    return [Rule(order, accuracy, boundary, edge_order) for order in orders for accuracy in (None, 2, 4, 6)
            for boundary in boundaries for edge_order in (1, 2) if edge_order == 1 or accuracy is None]  # fmt: skip


RULES = rules(BOUNDARIES)
WITH_VALUES = rules(
    [ends("antisymmetric"), ends("symmetric", "antisymmetric"), ends("antisymmetric", "one-sided")]
)


HIGHER = rules(
    [ends("one-sided"), RING, ends("reflect", "symmetric"), ends("antireflect", "antisymmetric")], (3, 4)
)
TO_A_SIDE = [Rule(1, accuracy, boundary, side=side) for side in (-1, 1) for accuracy in (1, 2)
             for boundary in (ends("one-sided"), ends("reflect", "one-sided"), RING,
                              ends("antireflect", "symmetric"), ends("antisymmetric"))]  # fmt: skip
# A few of them, for what is of all stencils.
SOME = [
    Rule(3, None),
    Rule(3, 4, RING),
    Rule(4, 2, ends("reflect")),
    Rule(4, 6),
    *[rule for rule in TO_A_SIDE if rule.boundary != ends("antisymmetric")][::2],
]


def name(rule):
    toward = {-1: "-left", 0: "", 1: "-right"}[rule.side]
    sides = "periodic" if rule.is_periodic else "-".join(end.word for end in rule.boundary)
    return f"order{rule.order}-accuracy{rule.accuracy}-{sides}-edge{rule.edge_order}{toward}"


def positions(spacing, n):
    return [k * fraction(spacing) for k in range(n)] if np.ndim(spacing) == 0 else fractions(spacing)


def around(x, rule):
    """A period for a periodic axis of coordinates."""
    return float(abs(x[-1] - x[0])) * 1.07 if rule.is_periodic else None
