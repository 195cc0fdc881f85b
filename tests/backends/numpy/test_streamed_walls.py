"""What stands at walls is added to ends of rows that go past the caches: the bits of rows that stay in them, for each kind of run."""

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg
from gridgrad._operators.fields.forms import flat

RNG = np.random.default_rng(29)
SHAPES = [(3, 300), (5, 7, 130), (4, 6, 9), (40, 33)]
ENDS = {
    "value": lambda c: gg.value(c, wall="face"),
    "held": gg.value,
    "slope": gg.slope,
    "robin": lambda c: gg.robin(2.0, 1.0, c, wall="face"),
}
OPERATORS = {
    "laplacian": lambda g: g.laplacian,
    "gradient": lambda g: g.gradient,
    "accurate": lambda g: g.laplacian.with_(accuracy=2),
    "along rows": lambda g: g.derivative(g.ndim - 1),
    "step": lambda g: g.identity - 0.1 * g.laplacian,
    "advect": lambda g: g.advect([2.0, *[-1.0] * (g.ndim - 1)]),
    "hessian": lambda g: g.hessian,
}


@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_streams_have_the_bits_of_stores(core, dtype, name, kind):
    for shape in SHAPES:
        for walls in ("all", "rows", "first"):
            sides = [
                RNG.standard_normal([n for b, n in enumerate(shape) if b != a]) for a in range(len(shape))
            ]
            ends = [(ENDS[kind](c), ENDS[kind](2 * c)) for c in sides]
            kept = {"all": ends, "rows": ["reflect"] * (len(shape) - 1) + ends[-1:],
                    "first": [("reflect", "one-sided")] * (len(shape) - 1) + [(ends[-1][0], "reflect")]}[walls]  # fmt: skip
            even = gg.Grid(*[(n, 0.5) for n in shape], boundary=kept)
            uneven = gg.Grid(*[np.cumsum(RNG.uniform(0.5, 1.5, n)) for n in shape], boundary=kept)
            f = RNG.standard_normal(shape).astype(dtype)
            for grid in (even, uneven):
                try:
                    A = OPERATORS[name](grid)
                except ValueError:  # too few points
                    continue
                stored, before = flat(A(f, workers=1), A.outputs), core.gg_use_stream_bytes(0)
                try:
                    streamed = [flat(A(f, workers=k), A.outputs) for k in (1, 2)]
                finally:
                    core.gg_use_stream_bytes(before)
                for found in streamed:
                    assert all(same_bits(own, want) for own, want in zip(found, stored, strict=True)), (
                        shape,
                        walls,
                    )
