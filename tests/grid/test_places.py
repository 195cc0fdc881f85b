"""Grids whose axes are named in another order than the field's: all that they hand out fits the field."""

from __future__ import annotations

import pickle
from itertools import permutations

import numpy as np
import pytest
from operator_cases import (
    CASES,
    POINTS,
    SHAPE,
    coefficients_of,
    field_of,
    flat,
    flattened,
    matrix_size,
    setting,
)
from samples import same_bits

import gridgrad as gg

EPS = np.finfo(float).eps
ORDERS = list(permutations((-3, -2, -1)))
BATCHED = {  # axes of the grid, and the axes of fields that are then a batch
    "between": ((-1, -3), (4, 3, 6)),
    "in front": ((-1, -2), (3, 4, 6)),
    "behind": ((1, 0), (4, 6, 3)),
    "in front, from the start": ((2, 1), (3, 4, 6)),
    "on both sides": ((2, 1), (2, 4, 6, 3)),
    "from both ends": ((-1, 0), (4, 2, 3, 6)),
}
X, Y = np.array([0, 1.0, 3, 4, 6, 6.5]), np.array([0, 0.5, 0.75, 2])


def moved(field, axes):
    """A field on axes in order, as one whose axis ``axes[k]`` is the k-th: the oracle needs no permuted grid."""
    return np.ascontiguousarray(np.moveaxis(field, range(len(axes)), axes))


def moved_all(fields, axes):
    return [moved_all(field, axes) for field in fields] if isinstance(fields, list) else moved(fields, axes)


def both(name, axes, rng):
    """An operator on axes in order, and the same on permuted axes; with its coefficients permuted."""
    coefficients = coefficients_of(name, rng, SHAPE, 3)
    plain, permuted = (setting("coordinates", "each another", axes=given).grid for given in (None, axes))
    turned = None if coefficients is None else moved_all(coefficients, axes)
    return CASES[name].make(plain, coefficients), CASES[name].make(permuted, turned)


def order_of_points(axes, components):
    """Where each entry of a permuted flat field stands in the flat field on axes in order."""
    points = moved(np.arange(POINTS).reshape(SHAPE), axes).ravel()
    return np.concatenate([points + POINTS * k for k in range(components)])


@pytest.mark.parametrize("axes", ORDERS)
@pytest.mark.parametrize("name", CASES)
class TestEveryOrder:
    def test_matrix_and_values(self, name, axes, rng):
        plain, operator = both(name, axes, rng)
        f = field_of(plain.inputs, rng, SHAPE)
        result, expected = operator(moved_all(f, axes)), plain(f)
        matrix, expected_matrix = operator.to_sparse(), plain.to_sparse()
        size = matrix_size(expected_matrix) @ np.abs(flattened(f))
        components = [int(np.prod(form)) for form in (operator.outputs, operator.inputs)]
        rows, columns = (order_of_points(axes, count) for count in components)
        bound = CASES[name].roundings * EPS * size[rows]
        assert np.all(np.abs(flattened(result) - flattened(expected)[rows]) <= bound)
        assert np.array_equal(matrix.toarray(), expected_matrix.toarray()[np.ix_(rows, columns)])
        assert np.all(np.abs(matrix @ flattened(moved_all(f, axes)) - flattened(result)) <= 2 * bound)

    def test_linear_operator_and_adjoints(self, name, axes, rng):
        _, operator = both(name, axes, rng)
        shape = operator.grid.shape
        f, g = (field_of(form, rng, shape) for form in (operator.inputs, operator.outputs))
        linear, matrix = operator.to_linear_operator(), operator.to_sparse()
        assert np.array_equal(linear @ flattened(f), flattened(operator(f)))
        assert np.array_equal(linear.H @ flattened(g), flattened(operator.adjoint(g)))
        size = matrix_size(matrix).T @ np.abs(flattened(g))
        bound = 2 * CASES[name].roundings * EPS * size
        assert np.all(np.abs(matrix.T @ flattened(g) - flattened(operator.adjoint(g))) <= bound)
        assert np.all(np.abs(operator.T.to_sparse() @ flattened(g) - flattened(operator.T(g))) <= bound)

    def test_the_measure_weighs_the_adjoint(self, name, axes, rng):
        _, operator = both(name, axes, rng)
        shape, measure = operator.grid.shape, operator.grid.measure
        f, g = (field_of(form, rng, shape) for form in (operator.inputs, operator.outputs))
        left = sum(np.sum(measure * p * q) for p, q in zip(flat(operator(f)), flat(g), strict=True))
        adjoint = operator.adjoint(g, weight="quadrature")
        right = sum(np.sum(measure * p * q) for p, q in zip(flat(f), flat(adjoint), strict=True))
        weighed = np.concatenate([(measure * np.abs(part)).ravel() for part in flat(g)])
        total = weighed @ (matrix_size(operator.to_sparse()) @ np.abs(flattened(f)))
        assert abs(left - right) <= (2 * CASES[name].roundings + 8) * EPS * total


@pytest.mark.parametrize("axes", ORDERS)
def test_shape_mesh_and_measure_are_those_of_the_field(axes):
    grid = setting("coordinates", "each another", axes=axes).grid
    assert grid.lengths == SHAPE
    assert grid.shape == moved(np.empty(SHAPE), axes).shape == grid.measure.shape
    assert f"on {grid.shape}" in repr(grid.laplacian)
    assert f"Grid of {' x '.join(map(str, grid.shape))} points\n  axis {axes[0]}: 4 points" in repr(grid)
    for axis, positions, x in zip(axes, grid.mesh(), grid.coordinates, strict=True):
        assert positions.shape == grid.shape
        along = np.moveaxis(positions, axis, -1)
        assert np.array_equal(along, np.broadcast_to(x, along.shape))
    weights = np.einsum("i,j,k", *grid.quadrature)
    assert np.all(np.abs(grid.measure - moved(weights, axes)) <= 2 * EPS * grid.measure)
    again = pickle.loads(pickle.dumps(grid))
    assert (again.shape, again.lengths, again.axes) == (grid.shape, grid.lengths, axes)


SHORT = [
    "in front",
    "in front, from the start",
    "between",
    "behind",
]  # where leading axes of length 1 may be left away


@pytest.mark.parametrize(
    ("place", "shortest"), [(place, False) for place in BATCHED] + [(place, True) for place in SHORT]
)
class TestBatches:
    """The matrix belongs to each field of the batch, flattened as it lies in the array."""

    def test_the_matrix_of_each_field(self, place, shortest, rng):
        axes, shape = BATCHED[place]
        grid = gg.Grid(X, Y, axes=axes, boundary=["one-sided", ("reflect", "antireflect")])
        lone = grid.alone(len(shape))
        own = lone[min(a % len(shape) for a in axes) :] if shortest else lone  # both broadcast to fields
        k, u = rng.uniform(1, 2, own), rng.standard_normal(own)
        f = rng.standard_normal(shape)
        for operator in (grid.laplacian, grid.diffuse(k), 0.1 * grid.laplacian - grid.advect((u, 2.0)), grid.gradient,
                         grid.mixed_derivative(0, 1)):  # fmt: skip
            matrix, linear = operator.to_sparse(), operator.to_linear_operator()
            results, batch = flat(operator(f)), [a for a, n in enumerate(lone) if n == 1]
            for index in np.ndindex(*[shape[a] for a in batch]):
                pick = tuple(index[batch.index(a)] if a in batch else slice(None) for a in range(len(shape)))
                one, wanted = f[pick], np.concatenate([result[pick].ravel() for result in results])
                assert one.shape == grid.shape
                size = matrix_size_of(matrix) @ np.abs(one.ravel())
                assert np.all(np.abs(matrix @ one.ravel() - wanted) <= 40 * EPS * size)
                assert np.array_equal(linear @ one.ravel(), wanted)


def matrix_size_of(matrix):
    """Magnitudes of ``w (f_j - f_i)``, of matrices of any number of points."""
    size = abs(matrix).toarray()
    points = size.shape[1]
    for block in range(0, len(size), points):
        size[block : block + points] += np.diag(size[block : block + points].sum(axis=1))
    return size


class TestArraysOfRowsAndColumns:
    """``f[y, x]``: x runs along the last axis, and vectors stay (u, v)."""

    def test_vectors_are_in_the_order_of_the_grid(self):
        grid = gg.Grid(X, Y, axes=[-1, -2])
        x, y = grid.mesh()
        assert x.shape == (4, 6)
        u, v = -x * y, x**2 + y**2  # polynomials of degree 2: exact but for rounding
        close = {"rtol": 0, "atol": 200 * EPS}
        np.testing.assert_allclose(grid.curl((u, v)), 2 * x + x, **close)
        np.testing.assert_allclose(grid.divergence((u, v)), -y + 2 * y, **close)
        (ux, uy), (vx, vy) = grid.jacobian((u, v))
        for got, exact in [(ux, -y), (uy, -x), (vx, 2 * x), (vy, 2 * y)]:
            np.testing.assert_allclose(got, exact, **close)
        np.testing.assert_allclose(grid.advect((u, v))(x**2 * 0.5), u * x, **close)

    def test_functions_name_the_axes_in_the_same_order(self, rng):
        grid, (u, v, f) = gg.Grid(X, Y, axes=[-1, -2]), rng.standard_normal((3, 4, 6))
        named = {"axis": (-1, -2)}
        for got, expected in [
            (gg.curl((u, v), X, Y, **named), grid.curl((u, v))),
            (gg.divergence((u, v), X, Y, **named), grid.divergence((u, v))),
            (gg.divergence((v, u), Y, X), grid.divergence((u, v))),
            (gg.advect((u, v), f, X, Y, **named), grid.advect((u, v))(f)),
            (gg.jacobian((u, v), X, Y, **named)[0][1], grid.jacobian((u, v))[0][1]),
        ]:
            np.testing.assert_allclose(got, expected, rtol=0, atol=100 * EPS)
        assert (
            np.abs(gg.Grid(Y, X).curl((u, v)) - grid.curl((u, v))).max() > 0.1
        )  # what the docstring warns of
        np.testing.assert_allclose(gg.curl((v, u), Y, X), -grid.curl((u, v)), rtol=0, atol=100 * EPS)

    def test_an_integral(self):
        grid = gg.Grid(X, Y, axes=[-1, -2])
        x, _ = grid.mesh()
        assert np.isclose(np.sum(grid.measure * x**2), 2 * np.trapezoid(X**2, X))


class TestAxesFromBothEnds:
    def test_the_smallest_field_gives_the_order(self, rng):
        grid = gg.Grid(X, Y, axes=(1, -2))
        assert grid.shape == (4, 6)
        f, operator = rng.standard_normal((4, 6)), grid.derivative(0)
        assert np.allclose(operator.to_sparse() @ f.ravel(), operator(f).ravel(), rtol=0, atol=1e-13)
        assert same_bits(operator(f.T.reshape(1, 6, 4, 1)), operator(f).T.reshape(1, 6, 4, 1))

    def test_a_batch_that_turns_the_order_has_no_matrix(self, rng):
        grid = gg.Grid(X, Y, axes=(1, -2))
        operator = grid.diffuse(np.ones((1, 6, 4, 1)))
        assert operator(np.ones((1, 6, 4, 1))).shape == (1, 6, 4, 1)
        with pytest.raises(
            ValueError, match=r"come in another order in a field of 4 dimensions, .* from the same end"
        ):
            operator.to_sparse()

    def test_a_field_with_room_for_all(self, rng):
        grid = gg.Grid(X, Y, axes=(0, -2))
        f = rng.standard_normal((6, 4, 1))
        for operator in (grid.laplacian, grid.diffuse(rng.uniform(1, 2, (6, 4, 1)))):
            matrix = operator.to_sparse()
            size = matrix_size_of(matrix) @ np.abs(f.ravel())
            assert np.all(np.abs(matrix @ f.ravel() - operator(f).ravel()) <= 40 * EPS * size)
            assert np.array_equal(operator.to_linear_operator() @ f.ravel(), operator(f).ravel())


class TestGridsOfDifferentSpelling:
    def test_counted_from_the_other_end(self, rng):
        here, there = gg.Grid(X, Y), gg.Grid(X, Y, axes=(0, 1), boundary="reflect")
        with pytest.raises(
            ValueError, match=r"the same axes of fields of 2 dimensions only: give both grids axes=\(-2, -1\)"
        ):
            _ = here.laplacian + there.laplacian
        f, there = rng.standard_normal((6, 4)), gg.Grid(X, Y, axes=(-2, -1), boundary="reflect")
        assert np.allclose((here.laplacian + there.laplacian)(f), here.laplacian(f) + there.laplacian(f))

    def test_named_in_another_order(self, rng):
        here, there = gg.Grid(X, Y, axes=(-1, -2)), gg.Grid(Y, X)
        message = (
            r"the first names its axes in the order \(-1, -2\), the second \(-2, -1\): name them in one order"
        )
        with pytest.raises(ValueError, match=message):
            _ = here.laplacian @ there.laplacian
        f, there = rng.standard_normal((4, 6)), gg.Grid(X, Y, axes=(-1, -2))
        assert same_bits((here.laplacian @ there.laplacian)(f), here.laplacian(there.laplacian(f)))

    def test_other_axes_have_no_remedy(self):
        with pytest.raises(ValueError, match=r"\(6,\) on axes \(0,\) and \(6,\) on axes \(1,\)$"):
            _ = gg.Grid(X, axes=0).laplacian + gg.Grid(X, axes=1).laplacian

    def test_a_field_that_does_not_fit(self):
        with pytest.raises(
            ValueError,
            match=r"with 4 points along axis -1, but the grid has shape \(4, 6\) on axes \(-2, -1\)",
        ):
            gg.Grid(X, Y, axes=(-1, -2)).laplacian(np.ones((6, 4)))
