"""Patterns: what operators of different fields share, and what is made of operators."""

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._operators.joined import Joined
from gridgrad._operators.sweep import Sweep

GRID = gg.Grid((6, 0.5), np.linspace(0, 1, 7) ** 2)


def fields(rng, count):
    return [rng.standard_normal((6, 7)) for _ in range(count)]


def test_operators_of_other_fields_share_their_pattern(rng):
    k, other = fields(rng, 2)
    for change in (
        lambda op: op,
        lambda op: op.T,
        lambda op: op.adjoint_operator("quadrature"),
        lambda op: 0.5 * op,
    ):
        operator = change(GRID.diffuse(k))
        again = operator.with_(k=other)
        assert again.pattern is operator.pattern is change(GRID.diffuse(other)).pattern
        assert again.coefficients[0] is other


def test_the_fields_of_a_sum_stand_in_the_order_of_its_parts(rng):
    k, u, v, f = fields(rng, 4)
    together = GRID.diffuse(k) - GRID.advect([u, 2.0]) + GRID.advect([v, v])
    assert all(a is b for a, b in zip(together.coefficients, (k, u, v, v), strict=True))
    assert [argument.fields for argument in together.pattern.arguments] == [1, 1, 2]
    parts = GRID.diffuse(k)(f), -GRID.advect([u, 2.0])(f), GRID.advect([v, v])(f)
    np.testing.assert_allclose(together(f), sum(parts), rtol=1e-12, atol=1e-12)


class Masked(Joined):
    """Another way to make one operator of two: the second one where the first gives 0."""

    takes = 0  # both are applied to the field

    def __call__(self, f, out=None, workers=None, **given):
        first, second = (part(f) for part in (self.with_(**given) if given else self).parts)
        return np.where(first == 0, second, first)


def test_what_is_made_of_operators_takes_their_fields(rng):
    k, other, v, f = fields(rng, 4)
    whole = Masked(GRID.diffuse(k) @ GRID.identity, 0.0 * GRID.laplacian + GRID.advect([v, v]))
    assert [argument.name for argument, _ in whole.taken()] == ["k", "v"]
    again = whole.with_(k=other)
    assert isinstance(again, Masked)
    assert isinstance(again.parts[1], Sweep)
    np.testing.assert_array_equal(again(f), whole(f, k=other))
    np.testing.assert_array_equal(again(f), Masked(GRID.diffuse(other) @ GRID.identity, whole.parts[1])(f))
    with pytest.raises(TypeError, match="w"):
        whole.with_(w=v)
