"""Transposes, products and matrices of stencils against dense matrices made by a loop over their rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse
from oracles import exact_steps, exact_wrap
from rules import RING, RULES, SOME, around, ends, name, positions
from stencil_oracles import dense, row_entries

from gridgrad._grid.axis import Axis, axis_stencil
from gridgrad._stencils.derivatives import Rule, derivative_stencil, points_needed
from gridgrad._stencils.matrix import matrix
from gridgrad._stencils.transpose import dual_widths, negated, product, scaled, transposed
from gridgrad._stencils.wide import narrow

EPS = np.finfo(float).eps
BOTH = [False, True]


def stencils(rng, rule, uneven):
    """Stencils of a rule on short and long axes."""
    least = points_needed(rule, uniform=not uneven)
    for n in (least, least + 1, least + 2, 29):
        x = np.cumsum(rng.uniform(0.2, 1.5, n)) if uneven else -0.3
        period = around(positions(x, n), rule) if uneven else None
        yield axis_stencil(x, n, 0, rule, period, np.float64)


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", RULES + SOME, ids=name)
def test_the_transpose_has_the_entries_of_the_matrix_and_so_has_its_transpose(rng, rule, uneven):
    for stencil in stencils(rng, rule, uneven):
        turned = transposed(stencil)
        assert turned.values
        assert turned.is_uniform == (not uneven) or len(turned.leading) == turned.length
        assert all(a == b for a, b in turned.offsets)
        assert np.array_equal(dense(turned), dense(stencil).T)
        assert transposed(turned).values
        assert np.array_equal(dense(transposed(turned)), dense(stencil))


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", RULES + SOME, ids=name)
def test_the_sparse_matrix_has_the_entries_in_order(rng, rule, uneven):
    for stencil in stencils(rng, rule, uneven):
        for made in (stencil, transposed(stencil)):
            got = matrix(made)
            assert isinstance(got, scipy.sparse.csr_array)
            assert got.has_canonical_format
            assert got.dtype == np.float64
            assert np.array_equal(got.toarray(), dense(made))


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", RULES + SOME, ids=name)
def test_a_scaled_transpose_is_the_adjoint_of_a_weighted_inner_product(rng, rule, uneven):
    for stencil in stencils(rng, rule, uneven):
        scale = rng.uniform(0.5, 2, stencil.length)
        want = dense(stencil).T * scale / scale[:, None]
        assert np.all(abs(dense(transposed(stencil, scale)) - want) <= 2 * EPS * abs(want))


def with_faces(stencil):
    """(row, point that is read, ends of the face) -> weight, by a loop."""
    entries = {}
    for row in range(stencil.length):
        for a, b, weight in row_entries(stencil, row):
            face = frozenset((a, b))
            entries[row, b, face] = entries.get((row, b, face), 0.0) + weight
            if not stencil.values:
                entries[row, a, face] = entries.get((row, a, face), 0.0) - weight
    return {place: weight for place, weight in entries.items() if weight}


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.order == 2], ids=name)
def test_every_entry_keeps_its_face_in_the_transpose(rng, rule, uneven):
    for stencil in stencils(rng, rule, uneven):
        entries = with_faces(stencil)
        turned = transposed(stencil, faces=True)
        assert with_faces(turned) == {
            (read, row, face): weight for (row, read, face), weight in entries.items()
        }
        assert with_faces(transposed(turned, faces=True)) == entries


def test_a_pair_without_its_own_point_has_no_face_in_the_transpose():
    stencil = derivative_stencil(narrow(1.0), 9, Rule(1, 4, RING), narrow(1.0))
    with pytest.raises(ValueError, match=r"row 0 has the pair .*: its face has no place"):
        transposed(stencil, faces=True)


def test_the_faces_of_formula_1():
    """Point j gets what the pairs of its neighbours read there, and gives what its own pairs take."""
    stencil = derivative_stencil(narrow(2.0 ** np.arange(9)), 10, Rule(2))
    lower, upper = stencil.weights
    turned = transposed(stencil, faces=True)
    assert turned.offsets == ((0, -1), (-1, 0), (1, 0), (0, 1))
    j, inner = turned.interior(), range(10)[turned.interior()]
    from_below, below, above, from_above = (weight[j] for weight in turned.weights)
    assert list(inner) == [3, 4, 5, 6]
    assert np.array_equal(from_below, upper[2:6])
    assert np.array_equal(below, lower[3:7])
    assert np.array_equal(above, -upper[3:7])
    assert np.array_equal(from_above, -lower[4:8])


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", RULES + SOME, ids=name)
def test_products_have_the_entries_of_the_matrix_product(rng, rule, uneven):
    """But for the weight of the own point, which follows from the others and sums their roundings."""
    for stencil in stencils(rng, rule, uneven):
        turned = transposed(stencil)
        for outer, inner in ((stencil, stencil), (turned, stencil), (stencil, turned), (turned, turned)):
            left, right, made = dense(outer), dense(inner), product(outer, inner)
            terms = np.abs(left) @ np.abs(right)
            error, bound = np.abs(dense(made) - left @ right), 30 * EPS * terms
            if not made.values:
                assert all(a == i for i in range(made.length) for a, *_ in row_entries(made, i))
                np.fill_diagonal(bound, 30 * EPS * terms.sum(axis=1))
            assert made.values == inner.values
            assert np.all(error <= bound)


def test_the_wide_laplacian_reads_every_second_point():
    made = product(*[axis_stencil(0.5, 9, 0, Rule(boundary=RING), None, np.float64)] * 2)
    assert (made.offsets, made.weights) == (((0, -2), (0, 2)), (1.0, 1.0))
    assert len(made.leading) == len(made.trailing) == 2
    assert made.leading[0] == ((0, 7, 1.0), (0, 2, 1.0))


@pytest.mark.parametrize("exponent", [-700, 700])
def test_a_product_keeps_a_power_where_numbers_cannot_hold_it(exponent):
    stencil, unit = (axis_stencil(step, 9, 0, Rule(), None, np.float64) for step in (2.0**exponent, 1.0))
    made, want = product(stencil, stencil), product(unit, unit)
    assert (stencil.power, want.power) == (0, 0)
    shift = made.power + 2 * exponent  # between the two forms of the same numbers
    assert abs(shift) < 8
    assert np.array_equal(np.ldexp(dense(replace(made, power=0)), shift), dense(want))


def test_multiples():
    stencil = axis_stencil(np.arange(9.0) ** 2, 9, 0, Rule(edge_order=2), None, np.float64)
    assert np.array_equal(dense(scaled(stencil, 4.0)), 4 * dense(stencil))
    assert np.array_equal(dense(negated(stencil)), -dense(stencil))
    assert negated(stencil).is_central


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("periodic", BOTH)
def test_dual_widths_are_half_of_both_steps(rng, periodic, direction):
    x = direction * np.cumsum(rng.uniform(0.2, 1.5, 9))
    period = 1.2 * abs(x[-1] - x[0]) if periodic else None
    boundary = ends("periodic" if periodic else "one-sided")
    steps, wrap = Axis(0, 9, x, sides=boundary, period=period).exact_steps()
    got = dual_widths(steps, 9, wrap, wrap)
    beyond = [exact_wrap(x, 9, period)] if periodic else [0]
    exact = [*beyond, *exact_steps(x, 9), *beyond]
    want = [float(abs(a + b) / 2) for a, b in pairwise(exact)]
    assert np.array_equal(got, want)


def test_dual_widths_of_one_step():
    assert np.array_equal(dual_widths(narrow(-0.5), 4), [0.25, 0.5, 0.5, 0.25])
    assert np.array_equal(dual_widths(narrow(0.5), 4, narrow(1.5), narrow(1.5)), [1, 0.5, 0.5, 1])
    assert np.array_equal(dual_widths(narrow(0.5), 4, None, narrow(0.5)), [0.25, 0.5, 0.5, 0.5])
    assert dual_widths(0.3, 3).dtype == np.float64
