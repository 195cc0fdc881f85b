"""One axis: what it makes of its points, how often, and what it keeps of them."""

import numpy as np
import pytest
from rules import RING
from samples import same_bits

import gridgrad as gg
from gridgrad._grid import axis as axis_module
from gridgrad._grid.axis import Axis, axis_stencil
from gridgrad._stencils.derivatives import Rule
from gridgrad._stencils.ends import closed, flipped

X = np.array([0, 1.0, 3, 4, 6.5])


@pytest.fixture
def made(monkeypatch):
    """The arrays that steps were made of."""
    gg.clear_caches()
    calls, honest = [], axis_module.exact_steps
    monkeypatch.setattr(axis_module, "exact_steps", lambda x, real: (calls.append(x), honest(x, real))[1])
    return calls


class TestSteps:
    def test_a_grid_makes_them_once(self, made):
        gg.Grid(X, X[::-1])
        assert len(made) == 2

    def test_an_equal_one_does_not_make_them(self, made):
        first, second = (gg.Grid(X.copy()) for _ in range(2))
        assert len(made) == 1
        assert first.stencil(0) is second.stencil(0)

    def test_they_are_not_kept_in_twice_the_precision(self):
        axis = gg.Grid(np.arange(1000.0) ** 1.5).axis_objects[0]
        held = sum(value.nbytes for value in vars(axis).values() if isinstance(value, np.ndarray))
        assert held == axis.spacing.nbytes

    @pytest.mark.parametrize("spacing", [X, -0.5])
    def test_of_a_ring_the_one_around(self, spacing):
        steps, around = Axis(0, 5, spacing, sides=RING, period=9.0).exact_steps()
        assert around.high == (2.5 if spacing is X else -7.0)
        assert np.ndim(steps.high) == np.ndim(spacing)
        assert Axis(0, 5, spacing).exact_steps()[1] is None

    def test_of_an_even_ring_the_step_itself(self):
        assert Axis(0, 5, 0.1, sides=RING).exact_steps()[1].high == 0.1


class TestStencils:
    def test_one_for_each_rule(self):
        axis = Axis(0, 9, np.arange(9.0) ** 1.5)
        other = Axis(0, 9, np.arange(9.0) ** 1.5, edge_order=2)
        assert axis.stencil() is axis.stencil()
        assert axis.stencil() is not other.stencil()
        assert axis.stencil(2) is not axis.stencil(2, None, closed)
        assert axis.stencil(1, 2) is other.stencil(1, 2)  # an accuracy holds at the ends too

    def test_ends_that_stay_are_the_same_rule(self):
        axis = Axis(0, 9, np.arange(9.0) ** 1.5, sides=RING, period=30.0)
        assert axis.stencil(2) is axis.stencil(2, None, closed) is axis.stencil(2, None, flipped)

    def test_of_arrays_that_change_afterwards(self):
        x = X.copy()
        before = axis_stencil(x, 5, 0, Rule(edge_order=2), None, np.float64)
        x *= 2
        after = axis_stencil(x, 5, 0, Rule(edge_order=2), None, np.float64)
        again = axis_stencil(X, 5, 0, Rule(edge_order=2), None, np.float64)
        assert same_bits(np.asarray(before.weights), 2 * np.asarray(after.weights))
        assert again.weights[0] is before.weights[0]


class TestPoints:
    def test_coordinates_are_not_copied_again(self):
        axis = Axis(0, 5, X)
        assert np.shares_memory(axis.coordinates, axis.spacing)
        assert not np.shares_memory(axis.coordinates, X)
        assert not axis.spacing.flags.writeable

    @pytest.mark.parametrize("given", [X, X.astype(np.float32), X.astype(int), (5, 0.5), (5, 0.5, -1.0)])
    def test_what_it_was_given(self, given):
        (axis,) = gg.Grid(given).axis_objects
        own, period = axis.given()
        assert period is None
        (again,) = gg.Grid(own).axis_objects
        assert same_bits(again.spacing, axis.spacing)
        assert same_bits(again.coordinates, axis.coordinates)
        assert again.position(3) == axis.position(3) == axis.coordinates[3]
