"""Operators that are made in every step: nothing is planned anew, and batches go the short way."""

from __future__ import annotations

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg
from gridgrad._operators import called
from gridgrad._plan import plan as plan_module

GRID = gg.Grid(np.array([0.0, 1, 3, 4, 6]), (6, 0.5), boundary=["one-sided", "periodic"])
SHAPE = GRID.shape

STEPS = {  # what a step makes of its fields
    "advect": lambda v, k: GRID.advect(v),
    "diffuse": lambda v, k: GRID.diffuse(k),
    "transport": lambda v, k: GRID.identity + 0.01 * GRID.laplacian - 0.1 * GRID.advect(v),
    "multiplied": lambda v, k: k * GRID.laplacian - GRID.multiply(v[0]),
    "inside": lambda v, k: v[0] * GRID.derivative(0) @ GRID.multiply(k),
    "named": lambda v, k: GRID.multiply(k, name="k") @ GRID.laplacian,
    "vectors": lambda v, k: k * GRID.gradient,
    "one element": lambda v, k: GRID.identity + np.full((1, 1), k[0, 0]) * GRID.laplacian,
}


def fields(rng, shape=SHAPE):
    return list(rng.standard_normal((2, *shape))), rng.uniform(1, 2, shape)


@pytest.fixture
def is_short(monkeypatch):
    """A function after which a call that gathers its arrays fails."""

    def refuse(*given, **words):
        raise AssertionError("the long way")

    return lambda: monkeypatch.setattr(called, "gather", refuse)


@pytest.mark.parametrize("name", STEPS)
class TestEveryStep:
    def test_shares_its_pattern(self, name, rng):
        make = STEPS[name]
        assert make(*fields(rng)).pattern is make(*fields(rng)).pattern

    def test_goes_the_short_way(self, name, rng, is_short, monkeypatch):
        make = STEPS[name]
        f, steps = rng.standard_normal(SHAPE), [fields(rng) for _ in range(3)]
        expected = [make(v, k)(f) for v, k in steps]
        is_short()
        monkeypatch.setattr(plan_module, "collapse", None)
        for (v, k), value in zip(steps, expected, strict=True):
            assert all(map(same_bits, make(v, k)(f), value))

    def test_batches_do_too(self, name, rng, is_short):
        """Of coefficients without a batch axis: as views, of what is written into them later as well."""
        (v, k), f = fields(rng), rng.standard_normal((3, *SHAPE))
        operator, out = STEPS[name](v, k), np.empty((2, 3, *SHAPE) if name == "vectors" else (3, *SHAPE))
        operator(f, out=out)
        if name != "one element":  # which has its own
            k *= 2
            v[0] += 1
        alone = np.stack([STEPS[name](v, k)(one) for one in f], axis=1 if name == "vectors" else 0)
        is_short()
        for made in (operator, STEPS[name](v, k)):
            out[...] = 0
            assert made(f, out=out) is out
            assert same_bits(out, alone)


class TestWhatIsKept:
    def test_changing_numbers_are_forgotten(self):
        """Each is a pattern of its own, of which a few are kept."""
        for dt in np.linspace(0.1, 0.2, 50):
            assert (GRID.identity + float(dt) * GRID.laplacian).terms
        for operator in (GRID.laplacian, GRID.identity):  # its multiples, and its sums
            assert 0 < len(operator.pattern.derived) <= 32

    def test_other_layouts_and_dtypes(self, rng):
        (v, k), f = fields(rng), rng.standard_normal((2, 3, *SHAPE))
        for A in (
            GRID.advect([v[0][:, ::-1], v[1]]),
            k.astype(np.float32) * GRID.laplacian,
            k[:, :1] * GRID.laplacian,
        ):
            expected = np.stack([[A(one) for one in batch] for batch in f])
            for _ in range(2):
                assert same_bits(A(f), expected)
        big = rng.uniform(1, 2, (3, *SHAPE))
        assert same_bits((big * GRID.laplacian)(f)[1, 2], (big[2] * GRID.laplacian)(f[1, 2]))
        with pytest.raises(ValueError, match=r"a factor of shape \(3, 5, 6\) does not broadcast"):
            (big * GRID.laplacian)(f[0, 0])

    def test_complex_fields_with_real_coefficients(self, rng):
        v, k = fields(rng)
        f = rng.standard_normal((3, *SHAPE)) + 1j
        A = k * GRID.laplacian - GRID.advect(v)
        for _ in range(2):
            assert same_bits(A(f), np.stack([A(one) for one in f]))
