"""Points beside gaps that hold a value: components, breaks, axes, solves and products, by hand."""

import numpy as np
import pytest
from coasts import AXES, MASKS, SHAPE, beside_gaps, held, is_held
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(19)
V, K = RNG.standard_normal(SHAPE), RNG.uniform(1, 2, SHAPE)
VALUE = RNG.standard_normal(SHAPE)
OPERATORS = {
    "laplacian": lambda g: g.laplacian,
    "step": lambda g: g.identity - 0.1 * g.laplacian,
    "reaction": lambda g: K * g.laplacian - g.multiply(V) + g.derivative(0),
    "diffuse": lambda g: g.diffuse(K),
}


def grid_of(mask, value=VALUE, ends="plain", axes="uneven"):
    walls = [(gg.value(VALUE[0]), "reflect"), ("one-sided", gg.value(-3.0))]
    grid = gg.Grid(*AXES[axes], boundary=walls if ends == "walls" else "one-sided")
    return grid.with_mask(MASKS[mask], boundary=gg.value(value))


def written(f, mask, value=VALUE, ends="plain"):
    """By hand: those of coasts where they meet walls."""
    f = np.array(f)
    if ends == "walls":
        f[..., 0, :], f[..., -1] = VALUE[0], -3.0
    return held(f, MASKS[mask], value)


def test_components_have_values_of_their_own():
    """Where coasts across two axes meet the later axis counts; each component has its own."""
    side = gg.components(normal=gg.value(1.0), tangential=gg.value(2.0), scalar="reflect")
    for mask, inside in MASKS.items():
        grid = gg.Grid(*AXES["even"]).with_mask(inside, boundary=side)
        F = RNG.standard_normal((2, *SHAPE))
        own = F.copy()
        for axis in (0, 1):
            there = beside_gaps(inside, axis)
            own[axis][there], own[1 - axis][there] = 1.0, 2.0
        spoiled = np.where(is_held(mask), np.nan, F)
        assert same_bits(np.asarray((grid.identity + 0 * grid.vector_laplacian)(F)), np.where(inside, own, 0))
        for A in (grid.vector_laplacian, grid.jacobian, grid.divergence, grid.curl):
            assert same_bits(np.asarray(A(spoiled)), np.asarray(A(own)))
            assert np.isfinite(np.asarray(A(spoiled))).all()
        p = RNG.standard_normal(SHAPE)
        assert same_bits(grid.identity(p), np.where(inside, p, 0))
        assert grid.laplacian.bare is grid.laplacian


def test_only_one_component_holds():
    side = gg.components(normal=gg.value(4.0), tangential="reflect", scalar="reflect")
    inside = MASKS["channels"]
    grid = gg.Grid(*AXES["even"]).with_mask(inside, boundary=side)
    A = grid.identity - 0.1 * grid.vector_laplacian
    F = RNG.standard_normal((2, *SHAPE))
    own = F.copy()
    for axis in (0, 1):
        own[axis][beside_gaps(inside, axis)] = 4.0
        assert np.array_equal(A.unknowns[axis], inside & ~beside_gaps(inside, axis))
    spoiled = F.copy()
    for axis in (0, 1):
        spoiled[axis][beside_gaps(inside, axis)] = np.nan
    assert same_bits(np.asarray(A(spoiled)), np.asarray(A(own)))
    assert np.isfinite(np.asarray(A(spoiled))).all()
    u = np.asarray(A.solve(F))
    for axis in (0, 1):
        assert (u[axis][beside_gaps(inside, axis)] == 4.0).all()
        assert np.abs((np.asarray(A(u)) - F)[axis][A.unknowns[axis]]).max() < 1e-11


@pytest.mark.parametrize("breaks", [[3], [1, 2, 7]])
def test_breaks(breaks):
    grid = gg.Grid(*AXES["uneven"]).with_breaks(0, breaks, boundary=gg.value(VALUE))
    f = RNG.standard_normal(SHAPE)
    own = held(f, np.ones(SHAPE, bool), VALUE, breaks={0: breaks})
    there = beside_gaps(np.ones(SHAPE, bool), 0, breaks=breaks)
    assert same_bits(grid.identity(f), own)
    for A in (grid.gradient, grid.laplacian, grid.identity - grid.derivative(1)):
        assert same_bits(np.asarray(A(np.where(there, np.nan, f))), np.asarray(A(own)))
    ring = gg.Grid((6, 1.0), (4, 1.0), boundary="periodic").with_breaks(0, [0], boundary=gg.value(5.0))
    assert same_bits(ring.identity(np.ones((6, 4)))[[0, -1]], np.full((2, 4), 5.0))


@pytest.mark.parametrize("ends", ["one-sided", "periodic"])
def test_one_and_three_axes(ends):
    rings = (0, 1, 2) if ends == "periodic" else ()
    inside, f = np.arange(14) % 9 > 1, RNG.standard_normal(14)
    line = gg.Grid((14, 0.5), boundary=ends).with_mask(inside, boundary=gg.value(3.0))
    there = beside_gaps(inside, 0, ends == "periodic")
    assert line.laplacian.bare is line.laplacian  # which reads them nowhere
    for A in (line.laplacian, line.gradient, line.identity - line.laplacian):
        assert same_bits(
            np.asarray(A(np.where(there, np.nan, f))), np.asarray(A(held(f, inside, 3.0, rings)))
        )
        assert np.isfinite(np.asarray(A(np.where(there, np.nan, f)))).all()
    shape = (6, 7, 8)
    inside = RNG.random(shape) < 0.8
    grid = gg.Grid((6, 0.5), (7, 0.25), (8, 1.0), boundary=ends).with_mask(inside, boundary=gg.value(-1.0))
    f = RNG.standard_normal(shape)
    own = held(f, inside, -1.0, rings)
    there = np.logical_or.reduce([beside_gaps(inside, a, ends == "periodic") for a in range(3)])
    assert same_bits(grid.identity(f), np.where(inside, own, 0))
    for A in (grid.laplacian, grid.gradient, grid.identity - 0.1 * grid.laplacian, grid.diffuse(2.0)):
        assert same_bits(np.asarray(A(np.where(there, np.nan, f))), np.asarray(A(own)))
        assert np.isfinite(np.asarray(A(np.where(there, np.nan, f)))).all()
    F = RNG.standard_normal((3, *shape))
    own = np.stack([held(c, inside, -1.0, rings) for c in F])
    for A in (grid.curl, grid.divergence, grid.vector_laplacian):
        assert same_bits(np.asarray(A(np.where(there, np.nan, F))), np.asarray(A(own)))


def test_axes_in_another_order_and_masks_of_batches():
    value, inside = RNG.standard_normal((4, 5, 6)), RNG.random((5, 6)) < 0.8
    f = RNG.standard_normal((4, 5, 6))
    own = np.stack([held(f[k], inside, value[k]) for k in range(4)])
    for axes in ([-1, -2], [2, 1]):
        grid = gg.Grid((6, 0.5), (5, 0.25), axes=axes).with_mask(inside, boundary=gg.value(value))
        assert same_bits(grid.identity(f), np.where(inside, own, 0))
        assert same_bits(grid.laplacian(f), grid.laplacian(own))
    many = RNG.random((4, 5, 6)) < 0.8
    grid = gg.Grid((5, 0.25), (6, 0.5)).with_mask(many, boundary=gg.value(value))
    own = np.stack([held(f[k], many[k], value[k]) for k in range(4)])
    assert same_bits(grid.identity(f), np.where(many, own, 0))
    there = np.stack([beside_gaps(many[k], 0) | beside_gaps(many[k], 1) for k in range(4)])
    assert np.array_equal(grid.laplacian.unknowns, many & ~there)
    for method in (None, "cg"):
        with pytest.raises(ValueError, match="make the grid with the mask of one"):
            grid.laplacian.solve(f, method=method)
    for A in (grid.laplacian, grid.gradient):
        assert same_bits(np.asarray(A(np.where(there, np.nan, f))), np.asarray(A(own)))
        assert not np.asarray(A.T(RNG.standard_normal((*A.outputs, 4, 5, 6))))[there].any()
        each = [
            gg.Grid((5, 0.25), (6, 0.5)).with_mask(many[k], boundary=gg.value(value[k])) for k in range(4)
        ]
        alone = [(g.laplacian if not A.outputs else g.gradient)(f[k]) for k, g in enumerate(each)]
        np.testing.assert_allclose(np.asarray(A(f)), np.stack(alone, len(A.outputs)), rtol=1e-13)


@pytest.mark.parametrize("name", ["laplacian", "step", "reaction", "diffuse"])
@pytest.mark.parametrize("mask", ["channels", "scattered"])
def test_solutions_hold_the_values_and_their_images_are_the_right_hand_side(mask, name):
    A = OPERATORS[name](grid_of(mask, ends="walls"))
    b = RNG.standard_normal(SHAPE)
    inside = MASKS[mask]
    own = written(np.zeros(SHAPE), mask, ends="walls")
    for u in (A.solve(b), A.solver(method="direct")(b)):
        assert same_bits(u[inside & ~A.unknowns], own[inside & ~A.unknowns])
        assert np.abs((A(u) - b)[A.unknowns]).max() <= 1e-9
    free = A.unknowns.ravel()
    matrix = A.to_sparse("csc")
    assert abs(matrix[:, ~free]).sum() == 0


def test_solutions_by_matrices_of_numpy():
    """Poisson's equation: the matrix of differences between inner points, written by hand."""
    inside = MASKS["island"]
    grid = gg.Grid((11, 0.5), (12, 0.5), boundary=gg.value(0.0)).with_mask(inside, boundary=gg.value(VALUE))
    free = inside & ~is_held("island")
    free[[0, -1]] = free[:, [0, -1]] = False
    number = np.full(SHAPE, -1)
    number[free] = np.arange(free.sum())
    b = RNG.standard_normal(SHAPE)
    edge = np.zeros(SHAPE)
    edge = held(edge, inside, VALUE)
    matrix, right = np.zeros((free.sum(),) * 2), b[free].copy()
    for p in np.argwhere(free):
        row = number[tuple(p)]
        matrix[row, row] = -4 / 0.25
        for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            q = tuple(p + step)
            if number[q] >= 0:
                matrix[row, number[q]] = 1 / 0.25
            else:
                right[row] -= edge[q] / 0.25
    want = edge.copy()
    want[free] = np.linalg.solve(matrix, right)
    u = grid.laplacian.solve(b)
    np.testing.assert_allclose(u[inside], want[inside], rtol=1e-10, atol=1e-10)


def test_products_and_sums_of_grids_with_other_values():
    inside, f = MASKS["channels"], RNG.standard_normal(SHAPE)
    grid = grid_of("channels", axes="even")
    assert same_bits(
        (grid.laplacian @ grid.laplacian)(f), grid.laplacian(written(grid.laplacian(f), "channels"))
    )
    assert same_bits((grid.identity @ grid.laplacian)(f), grid.laplacian(f))
    assert same_bits((grid.multiply(K) @ grid.laplacian)(f), (K * grid.laplacian)(f))
    own = np.where(inside, written(f, "channels"), 0)
    np.testing.assert_allclose((grid.laplacian @ grid.multiply(K))(f), grid.laplacian(K * own), rtol=1e-12)
    np.testing.assert_allclose((grid.multiply(V) @ grid.multiply(K))(f), V * (K * own), rtol=1e-13)
    np.testing.assert_allclose(
        (grid.derivative(0).T @ grid.multiply(K))(f), grid.derivative(0).T(K * own), rtol=1e-12, atol=1e-13
    )
    walls = gg.Grid(*AXES["even"], boundary=gg.value(7.0)).with_mask(inside, boundary=gg.value(VALUE))
    for A, B in (
        (grid.derivative(0), grid.identity),
        (grid.identity, grid.derivative(1)),
        (grid.laplacian, walls.laplacian),
        (walls.identity, grid.identity),
    ):
        np.testing.assert_allclose((A - 2 * B)(f), A(f) - 2 * B(f), rtol=1e-12, atol=1e-12)
    one = grid.identity - 0.1 * grid.laplacian
    assert type(one.bare) is type(grid.laplacian.bare)  # one sweep
    assert one._as_it_is(written(f, "channels")) is not None


def test_conditions_a_f_equals_c():
    grid = gg.Grid(*AXES["even"]).with_mask(MASKS["channels"], boundary=gg.robin(2.0, 0.0, VALUE))
    f = RNG.standard_normal(SHAPE)
    own = written(f, "channels", VALUE / 2)
    np.testing.assert_allclose(grid.identity(f), np.where(MASKS["channels"], own, 0), rtol=1e-14)
    spoiled = np.where(is_held("channels"), np.nan, f)
    np.testing.assert_allclose(grid.laplacian(spoiled), grid.laplacian(own), rtol=1e-12, atol=1e-12)


def test_walls_midway_read_the_array():
    """Where the wall is no point, no point holds anything."""
    grid = gg.Grid(*AXES["even"]).with_mask(MASKS["channels"], boundary=gg.value(1.0, wall="face"))
    f = RNG.standard_normal(SHAPE)
    for A in (grid.laplacian, grid.identity, grid.gradient):
        assert A.bare is A
    assert same_bits(grid.identity(f), np.where(MASKS["channels"], f, 0))
