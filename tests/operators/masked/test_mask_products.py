"""Products with fields, on grids with gaps as without: what NumPy multiplies is given to operators, or made by them."""

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(5)
INSIDE = RNG.random((8, 9)) < 0.8
A, B = RNG.random((2, 8, 9)) + 0.5
HELD = [(gg.value(A[0]), "one-sided"), ("reflect", gg.value(2.0))]
PLAIN = gg.Grid((8, 0.5), np.cumsum(RNG.random(9) + 0.5))
WALLS = gg.Grid((8, 0.5), np.cumsum(RNG.random(9) + 0.5), boundary=HELD)
GRIDS = {
    "whole": WALLS,
    "gaps": PLAIN.with_mask(INSIDE),
    "breaks": PLAIN.with_breaks(0, [3]),
    "walls, gaps": WALLS.with_mask(INSIDE),
    "walls, breaks": WALLS.with_breaks(1, [4]),
    "walls, all inside": WALLS.with_mask(np.ones((8, 9), bool)),
    "walls, values beside gaps": WALLS.with_mask(INSIDE, boundary=gg.value(1.5, wall="face")),
}
MADE = {
    "first": lambda g: g.derivative(0),
    "second": lambda g: g.derivative(1, order=2),
    "laplacian": lambda g: g.laplacian,
    "transport": lambda g: 0.1 * g.laplacian - g.advect((B, 2.0), upwind=1),
}
PRODUCTS = {  # at points alone a product takes what it is applied to as it is
    "A b": (lambda g, L: L @ g.multiply(B), lambda L, f, held: L(B * held(f))),
    "A (a b)": (
        lambda g, L: L @ (g.multiply(A) @ g.multiply(B)),
        lambda L, f, held: L(A * B * held(f)),
    ),
    "b A": (lambda g, L: g.multiply(B) @ L, lambda L, f, held: B * L(f)),
    "1 A": (lambda g, L: g.identity @ L, lambda L, f, held: L(f)),
    "2 b A": (lambda g, L: 2 * g.multiply(B) @ L, lambda L, f, held: 2 * B * L(f)),
    "(b - 1) A": (lambda g, L: (g.multiply(B) - g.identity) @ L, lambda L, f, held: (B - 1) * L(f)),
    "(a b) A": (lambda g, L: (g.multiply(A) @ g.multiply(B)) @ L, lambda L, f, held: A * B * L(f)),
    "(a b + a) A": (
        lambda g, L: (g.multiply(A) @ g.multiply(B) + g.multiply(A)) @ L,
        lambda L, f, held: (A * B + A) * L(f),
    ),
    "1j b A": (lambda g, L: (1j * g.multiply(B)) @ L, lambda L, f, held: 1j * B * L(f)),
    "A b A": (lambda g, L: L @ g.multiply(B) @ L, lambda L, f, held: L(B * L(f))),
}


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("name", GRIDS)
def test_products_with_fields(name, product):
    grid, f = GRIDS[name], RNG.standard_normal((8, 9))
    make, expected = PRODUCTS[product]
    for own in MADE.values():
        operator = own(grid)
        want = expected(operator, f, grid.identity)
        found = make(grid, operator)(f)
        assert np.abs(found - want).max() <= 1e-13 * np.abs(want).max()
