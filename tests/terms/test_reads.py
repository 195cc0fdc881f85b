"""Masked arrays: what is missing in a field is missing in what is made of it, read or not."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from operator_calls import DERIVED, parts
from operator_cases import CASES, coefficients_of, random_field, setting

import gridgrad as gg

SHAPE = (5, 6)


def call_of(name, kind, rng):
    """A function of plain or masked arrays that gives the components of the result, and such arrays."""
    own, change = DERIVED.get(name, (name, lambda g, c, op: op))
    case, grid = CASES[own], setting(kind, "each another", SHAPE).grid
    count = len(SHAPE) if case.vector else 1
    c = coefficients_of(own, rng, SHAPE, len(SHAPE))
    arrays = [random_field(rng, SHAPE) for _ in range(count)]
    arrays += c if isinstance(c, list) else [] if c is None else [c]

    def function(*given):
        own = given[count:]
        c = list(own) if case.coefficients == "velocity" else own[0] if own else None
        operator = change(grid, c, case.make(grid, c))
        return parts(operator(list(given[:count]) if count > 1 else given[0]))

    return function, arrays


def veiled(arrays, rng, share=0.07):
    masks = [rng.random(SHAPE) < share for _ in arrays]
    return masks, [np.ma.array(a, mask=mask) for a, mask in zip(arrays, masks, strict=True)]


def lost(function, arrays, masks):
    """Where a NaN in the place of missing values shows: what reads them."""
    holes = [np.where(mask, np.nan, a) for a, mask in zip(arrays, masks, strict=True)]
    return [np.isnan(part) for part in function(*holes)]


def made_of(function, arrays):
    """For each result, the arrays that it depends on at all."""
    used = [
        [np.isnan(part).any() for part in function(*[a * np.nan if k == own else a for k, a in enumerate(arrays)])]
        for own in range(len(arrays))
    ]  # fmt: skip
    return list(zip(*used, strict=True))


@pytest.mark.parametrize("kind", ["steps", "coordinates"])
@pytest.mark.parametrize("name", [name for name in (*CASES, *DERIVED) if name != "gradient"])
def test_a_missing_point_stays_missing(name, kind, rng):
    function, arrays = call_of(name, kind, rng)
    masks, given = veiled(arrays, rng)
    expected = lost(function, arrays, masks)
    for own, part, read in zip(made_of(function, arrays), function(*given), expected, strict=True):
        kept = np.logical_or.reduce([mask for mask, used in zip(masks, own, strict=True) if used])
        assert isinstance(part, np.ma.MaskedArray)
        assert np.array_equal(np.ma.getmaskarray(part), read | kept)


@pytest.mark.parametrize("name", [name for name in (*CASES, *DERIVED) if name != "gradient"])
def test_values_that_are_there_are_those_of_plain_arrays(name, rng):
    function, arrays = call_of(name, "steps", rng)
    _, given = veiled(arrays, rng)
    for got, plain in zip(function(*given), function(*arrays), strict=True):
        there = ~np.ma.getmaskarray(got)
        assert np.array_equal(got.data[there], plain[there])


@pytest.mark.parametrize("kind", ["steps", "coordinates"])
def test_gradient_follows_numpy(kind, rng):
    """The value in the middle of an even axis is not read, and its row is not missing."""
    function, arrays = call_of("gradient", kind, rng)
    masks, given = veiled(arrays, rng)
    for got, read in zip(function(*given), lost(function, arrays, masks), strict=True):
        assert np.array_equal(np.ma.getmaskarray(got), read)
    grid, spacing = gg.Grid(*[(n, 0.5) for n in SHAPE]), [0.5] * 2
    for free, own in zip(gg.gradient(given[0], *spacing, edge_order=2), grid.gradient(given[0]), strict=True):
        assert np.array_equal(np.ma.getmaskarray(free), np.ma.getmaskarray(own))


def test_multiples_and_sums_of_the_gradient_follow_it_too(rng):
    """Whatever becomes of it that is still a gradient; a sum with anything else, and its transpose, keep every mask."""
    grid = gg.Grid((5, 0.5), (5, 0.5))
    f, D = island(), grid.gradient
    expected = [np.ma.getmaskarray(part) for part in D(f)]
    assert not expected[0][2, 2]
    for same in (
        1.0 * D,
        D / 3,
        -D,
        D + D,
        2 * D - D,
        grid.gradient.with_(accuracy=2),
        pickle.loads(pickle.dumps(2.0 * D)),
    ):
        assert all(map(np.array_equal, map(np.ma.getmaskarray, same(f)), expected)), same
    assert np.ma.getmaskarray(D.T([f, f]))[2, 2]
    line = gg.Grid((5, 0.5))
    assert not np.ma.getmaskarray(line.gradient(f[2]))[2]
    assert np.ma.getmaskarray((line.gradient + line.derivative(0))(f[2]))[2]


def island(shape=(5, 5)):
    f = np.ma.array(np.add.outer(np.arange(5.0), np.arange(5.0)), mask=np.zeros(shape, bool))
    f[2, 2] = np.ma.masked
    return f


FREE = {
    "gradient_norm": lambda m: gg.gradient_norm(m),
    "gradient_squared": lambda m: gg.gradient_squared(m),
    "divergence": lambda m: gg.divergence([m, m]),
    "divergence of one": lambda m: gg.divergence([m, m.data]),
    "directional_derivative": lambda m: gg.directional_derivative(m, [1.0, 1.0]),
    "advect": lambda m: gg.advect([1.0, 2.0], m),
    "a velocity": lambda m: gg.advect([m, 2.0], m.data),
    "diffuse": lambda m: gg.diffuse(1.0, m),
    "a diffusivity": lambda m: gg.diffuse(m, m.data),
    "derivative": lambda m: gg.derivative(m),
    "second derivative": lambda m: gg.derivative(m, order=2),
    "mixed": lambda m: gg.mixed_derivative(m, axis=(0, 1)),
    "laplacian": lambda m: gg.laplacian(m),
    "curl": lambda m: gg.curl([m, m]),
    "biharmonic": lambda m: gg.biharmonic(m, boundary="reflect"),
    "hessian": lambda m: gg.hessian(m)[0][1],
    "jacobian": lambda m: gg.jacobian([m, m])[0][1],
    "stacked": lambda m: gg.jacobian(np.ma.stack([m, m]))[1, 0],
    "vector_laplacian": lambda m: gg.vector_laplacian([m, m])[1],
}


@pytest.mark.parametrize("name", FREE)
def test_an_island_of_one_missing_point(name):
    result = FREE[name](island())
    assert np.ma.getmaskarray(result)[2, 2]
    assert not np.ma.getmaskarray(result).all()


def test_the_other_components_of_a_jacobian_are_there():
    """Their fields miss nothing."""
    m = island()
    rows = gg.jacobian([m, m.data])
    assert np.ma.getmaskarray(rows[0][0])[2, 2]
    assert not np.ma.getmaskarray(rows[1][0]).any()


def test_out_over_the_field_itself():
    m = island()
    expected = gg.gradient_norm(m)
    got = gg.gradient_norm(m, out=m)
    assert got is m
    assert np.array_equal(m.mask, expected.mask)
    assert np.array_equal(m.compressed(), expected.compressed())


class TestOut:
    """A plain `out` cannot carry a mask, whichever of the fields has it."""

    GRID = gg.Grid((4, 1.0))
    K = np.ma.array([1, 1e9, 1, 1], mask=[0, 1, 0, 0])
    F = np.arange(4.0) ** 2

    @pytest.mark.parametrize("of_sum", [False, True])
    def test_of_plain_fields_and_masked_coefficients(self, of_sum):
        grid = self.GRID
        operator = grid.diffuse(self.K)
        if of_sum:
            operator = grid.identity + grid.laplacian @ operator
        expected = operator(self.F)
        with pytest.raises(TypeError, match=r"cannot carry the mask of .*; give a masked array"):
            operator(self.F, out=np.empty(4))
        out = np.ma.empty(4)
        assert operator(self.F, out=out) is out
        assert np.array_equal(out.mask, expected.mask)
        assert np.array_equal(out.compressed(), expected.compressed())

    def test_of_plain_and_masked_components(self):
        grid = gg.Grid((4, 1.0), (4, 1.0))
        F = [np.zeros((4, 4)), np.ma.array(np.arange(16.0).reshape(4, 4), mask=np.eye(4, dtype=bool))]
        for components in (F, F[::-1]):
            with pytest.raises(TypeError, match="cannot carry the mask"):
                grid.divergence(components, out=np.empty((4, 4)))
            out = np.ma.empty((4, 4))
            grid.divergence(components, out=out)
            assert np.array_equal(out.mask, np.ma.getmaskarray(grid.divergence(components)))
