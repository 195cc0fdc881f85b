"""Rows beside gaps, made for many runs at once: the bits of each run alone, in few steps."""

import sys

import numpy as np
import pytest
from libraries import parameters

import gridgrad as gg
from gridgrad._grid.masks import piece
from gridgrad._grid.masks.many import rows_of_many
from gridgrad._grid.masks.table import table_of
from gridgrad._stencils.derivatives import Rule, derivative_stencil, points_needed
from gridgrad._stencils.wide import exact_steps

RNG = np.random.default_rng(11)
RULES = [
    Rule(edge_order=1),
    Rule(edge_order=2),
    Rule(order=2),
    Rule(order=2, edge_order=2),
    Rule(accuracy=4),
    Rule(order=2, accuracy=4),
    Rule(order=3),
    Rule(order=4, accuracy=2),
    Rule(accuracy=1, side=-1),
    Rule(accuracy=2, side=1),
]
AXES = {
    "random": lambda n: np.cumsum(RNG.random((n, 5)) + 0.3, axis=0),
    "integers": lambda n: np.cumsum(np.r_[[[1, 2, 1, 1, 2], [2, 1, 1, 2, 2], [1, 1, 2, 2, 1]], RNG.integers(1, 3, (n, 5))][:n], axis=0),
    "down": lambda n: -(np.arange(n)[:, None] + [0.1, 0.7, 0.2, 0.4, 0.3]) ** 2,
}  # fmt: skip


@pytest.mark.parametrize("at_ends", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rows_of_many_pieces_are_those_of_each(rule, axis, at_ends):
    for n in (max(3, points_needed(rule)), 9, 13):
        x = AXES[axis](n)
        steps = exact_steps(x)
        many = table_of(rows_of_many(steps, n, rule, at_ends), np.dtype(float))
        before, behind = rule.reach(uniform=False)
        inner = np.arange(before, n - behind) if at_ends else []
        for k in range(x.shape[1]):
            if np.ptp(steps.high[:, k]) == 0:  # even pieces are not among many
                continue
            alone = table_of(derivative_stencil(exact_steps(x[:, k]), n, rule), np.dtype(float))
            asked = np.setdiff1d(np.arange(n), inner)
            alone = alone._replace(is_there=alone.w != 0).at(asked).packed()
            for found, own in zip(many.of(asked, np.full(len(asked), k)), alone, strict=True):
                width = min(found.shape[1], own.shape[1])
                assert not found[:, width:].any()
                assert not own[:, width:].any()
                np.testing.assert_array_equal(found[:, :width], own[:, :width])


def test_a_row_that_was_not_made_is_not_taken_for_0():
    """Where those at ends alone were asked for."""
    steps = exact_steps(AXES["random"](9))
    for rule in RULES:
        before, behind = rule.reach(uniform=False)
        for inner in range(before, 9 - behind):
            table = table_of(rows_of_many(steps, 9, rule, True), np.dtype(float))
            with pytest.raises(AssertionError, match="has no pairs"):
                table.of(np.array([0, inner]), np.array([1, 1]))
            assert (
                table_of(rows_of_many(steps, 9, rule, False), np.dtype(float))
                .of(np.array([inner]), np.array([1]))
                .w.any()
            )


@pytest.mark.parametrize("name", ["gradient", "laplacian"])
@pytest.mark.parametrize("is_even", [True, False])
def test_other_masks_of_a_grid_find_the_rows_of_the_first(is_even, name, monkeypatch):
    made = []
    for rows in ("derivative_rows", "rows_of_many"):
        make = getattr(piece, rows)
        monkeypatch.setattr(
            piece, rows, lambda *given, make=make, **words: made.append(given) or make(*given, **words)
        )
    rng = np.random.default_rng(3)
    inside, f = rng.random((50, 40)) < 0.8, rng.random((50, 40))
    axes = [(n, 0.1) if is_even else np.cumsum(rng.random(n) + 0.5) for n in inside.shape]
    grid = gg.Grid(*axes)
    getattr(grid.with_mask(inside), name)(f)
    assert made
    made.clear()
    turned = inside[::-1, ::-1]  # with runs of the same lengths, elsewhere
    found = getattr(grid.with_mask(turned), name)(f)
    assert not made
    np.testing.assert_array_equal(found, getattr(gg.Grid(*axes).with_mask(turned), name)(f))


@pytest.mark.parametrize("made_with", ["diffusivity", "value"])
def test_numbers_leave_nothing_on_the_grid(made_with):
    rng = np.random.default_rng(4)
    inside, f = rng.random((30, 20)) < 0.8, rng.random((30, 20))
    grid, sizes = gg.Grid((30, 0.1), np.cumsum(rng.random(20) + 0.5)), set()
    for number in (1.5, 2.5, 3.5):
        if made_with == "value":
            grid.with_mask(inside, boundary=gg.value(number, wall="face")).laplacian(f)
        else:
            grid.with_mask(inside).diffuse((number, 2.0))(f)
        sizes.add(len(grid.held))
    assert len(sizes) == 1


@pytest.mark.parametrize("is_even", [True, False])
def test_first_use_takes_steps_by_the_kinds_of_rows_not_by_their_number(is_even):
    def calls(n):
        x = np.cumsum(np.random.default_rng(1).random(n) + 0.5)
        inside = np.random.default_rng(2).random((n, n)) < 0.7
        operator = gg.Grid(*([(n, 0.1)] * 2 if is_even else [x] * 2)).with_mask(inside).laplacian
        count = 0

        def note(*_):
            nonlocal count
            count += 1

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            operator(np.zeros((n, n)))
        finally:
            sys.setprofile(before)
        return count

    calls(40)
    assert calls(320) < 2 * calls(80)  # sixteen times the rows


def test_fill_beside_walls():
    """NaN is for points without a row: what a wall prescribes has no row elsewhere, and needs none."""
    inside = np.arange(12) != 6
    f = np.arange(12.0) ** 2
    grid = gg.Grid((12, 1.0), boundary=gg.slope(1.0))
    expected = grid.with_mask(inside).laplacian(f)
    found = grid.with_mask(inside, fill=np.nan).laplacian(f)
    np.testing.assert_array_equal(found, np.where(inside, expected, np.nan))


def test_upwind_numbers_beside_single_points():
    x = np.array([0.0, 1.0, 3.0, 4.0, 6.0, 9.0])
    inside = np.array([True, False, True, True, True, True])
    f = np.where(inside, x**2, np.nan)
    found = gg.Grid(x).with_mask(inside).advect([2.0], upwind=1)(f)
    np.testing.assert_allclose(found, [0, 0, 14, 14, 20, 30], rtol=1e-14)


@pytest.mark.parametrize("accuracy", [1, 2])
@pytest.mark.parametrize("library", parameters("numpy"))
def test_upwind_beside_gaps_chooses_by_the_sign_of_the_field(library, accuracy):
    x, (n, step) = np.cumsum(RNG.random(9) + 0.5), (11, 0.25)
    inside = RNG.random((9, 11)) < 0.7
    grid = gg.Grid(x, (n, step)).with_mask(inside)
    f, u, v = RNG.standard_normal((3, 9, 11))
    u[RNG.random((9, 11)) < 0.2] = 0
    expected = sum(
        np.maximum(c, 0) * grid.derivative(a, side="left", accuracy=accuracy)(f)
        + np.minimum(c, 0) * grid.derivative(a, side="right", accuracy=accuracy)(f)
        for a, c in enumerate((u, v))
    )
    holed = np.where(inside, [f, u, v], np.nan)
    with library.wide():
        own, *velocity = map(library.array, holed)
        found = library.host(grid.advect(velocity, upwind=accuracy)(own))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)
    A = grid.advect((u, v), upwind=accuracy)
    np.testing.assert_allclose(A.to_sparse() @ f.ravel(), expected.ravel(), atol=1e-13)
    np.testing.assert_allclose(A.T(f).ravel(), A.to_sparse().T @ f.ravel(), atol=1e-13)
    np.testing.assert_allclose((2 * grid.identity - A)(f), 2 * np.where(inside, f, 0) - expected, atol=1e-13)


def test_upwind_beside_gaps_reads_nothing_downwind():
    """NaN of one sample spreads to the points downwind of it only."""
    inside = np.arange(9) != 5
    v = np.array([1.0, 1, 1, -1, -1, 0, 1, 1, 1])
    f = np.arange(9.0)
    f[[2, 5]] = np.nan
    A = gg.Grid((9, 1.0)).with_mask(inside).advect([v], upwind=1)
    np.testing.assert_array_equal(A(f), [1, 1, np.nan, -1, -1, 0, 1, 1, 1])


@pytest.mark.parametrize("library", parameters())
@pytest.mark.parametrize("name", ["gradient_norm", "gradient_squared"])
def test_sizes_of_complex_fields_are_real(name, library, rng):
    inside = np.ones((8, 9), bool)
    inside[3:5, 4] = False
    f = rng.standard_normal((8, 9)) + 1j * rng.standard_normal((8, 9))
    grid = gg.Grid((8, 0.5), (9, 0.3)).with_mask(inside)
    size = np.sqrt(sum(abs(part) ** 2 for part in grid.gradient(f)))
    expected = size if name == "gradient_norm" else size**2
    for dtype, real, rtol in ((np.complex128, np.float64, 1e-12), (np.complex64, np.float32, 1e-5)):
        with library.wide():
            got = library.host(getattr(grid, name)(library.array(f.astype(dtype))))
        assert got.dtype == real
        np.testing.assert_allclose(got, expected, rtol=rtol)
