"""Operators against the same in exact rationals; the free functions; every dtype, layout and choice of axes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from operator_cases import (
    BOUNDARIES,
    CASES,
    KINDS,
    SHAPE,
    Exact,
    ExactGrid,
    Setting,
    assert_close_to_exact,
    coefficients_of,
    exactly,
    field_of,
    flat,
    setting,
    shared_setting,
)
from oracles import fraction
from samples import LAYOUTS, frozen, same_bits

import gridgrad as gg


def made(name, rng, here, shape, dtype=np.float64):
    """An operator, a field for it, and its coefficients."""
    coefficients = coefficients_of(name, rng, shape, here.grid.ndim, dtype)
    operator = CASES[name].make(here.grid, coefficients)
    return operator, field_of(operator.inputs, rng, shape, dtype), coefficients


class TestExactly:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", CASES)
    def test_values(self, name, ends, kind, rng):
        here = shared_setting(kind, ends)
        operator, f, coefficients = made(name, rng, here, SHAPE)
        expected = CASES[name].exact(here.exact, exactly(f), exactly(coefficients) if coefficients is not None else None)
        for got, value in zip(flat(operator(f)), flat(expected), strict=True):
            assert got.dtype == np.float64
            assert_close_to_exact(got, value, CASES[name].roundings)

    @pytest.mark.parametrize("edge_order", [1, 2])
    @pytest.mark.parametrize("shape", [(5,), (4, 6), (3, 4, 3, 5)], ids=str)
    @pytest.mark.parametrize("name", CASES)
    def test_grids_of_other_dimensions(self, name, shape, edge_order, rng):
        if (name == "mixed" and len(shape) == 1) or (name == "curl" and len(shape) not in (2, 3)):
            pytest.skip("needs more axes, or fewer")
        here = any_grid(shape, edge_order)
        if len(shape) == 1 and name == "derivative 1":
            name = "gradient"
        operator, f, coefficients = made(name, rng, here, shape)
        along = exactly(f) if len(shape) > 1 or not CASES[name].vector else [exactly(f)]
        expected = CASES[name].exact(here.exact, along, exactly(coefficients) if coefficients is not None else None)
        for got, value in zip(flat(operator(f)), flat(expected), strict=True):
            assert_close_to_exact(got, value, CASES[name].roundings + 4)

    @pytest.mark.parametrize("dtype", [np.float32, np.longdouble], ids=["float32", "longdouble"])
    @pytest.mark.parametrize("name", CASES)
    def test_arithmetic_of_other_precisions(self, name, dtype, rng):
        real = np.longdouble if dtype is np.longdouble else np.float64
        here = setting("coordinates", "each another", (4, 5, 4), dtype=real)
        operator, f, coefficients = made(name, rng, here, (4, 5, 4), dtype)
        expected = CASES[name].exact(here.exact, exactly(f), exactly(coefficients) if coefficients is not None else None)
        for got, value in zip(flat(operator(f)), flat(expected), strict=True):
            assert got.dtype == dtype
            assert_close_to_exact(got, value, CASES[name].roundings + 1)  # weights are rounded twice

    @pytest.mark.parametrize("accuracy", [2, 4, 6])
    @pytest.mark.parametrize("kind", ["steps", "coordinates"])
    @pytest.mark.parametrize("ends", BOUNDARIES)
    def test_accuracies(self, ends, kind, accuracy, rng):
        here = shared_setting(kind, ends, (9, 10, 9))
        for a, order in product(range(3), (1, 2)):
            lines = field_of((), rng, (9, 10, 9))
            got = here.grid.derivative(a, order, accuracy)(lines)
            along = tuple(slice(None) if k == a else slice(1) for k in range(3))
            exact = here.exact.derivative(Exact.of(lines[along]), a, order, accuracy)
            assert_close_to_exact(got[along], exact, 3 + 8)

    def test_a_laplacian_of_some_accuracy_is_the_sum_of_its_derivatives(self, rng):
        here = shared_setting("coordinates", "walls and mirrors", (9, 10, 9))
        f = field_of((), rng, (9, 10, 9))
        parts = [here.grid.derivative(a, 2, 4)(f) for a in range(3)]
        assert same_bits(here.grid.laplacian(accuracy=4)(f), parts[0] + parts[1] + parts[2])

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex128])
    @pytest.mark.parametrize("ends", BOUNDARIES)
    def test_gradient_norm(self, ends, dtype, rng):
        real = np.longdouble if dtype is np.longdouble else np.float64
        here = setting("coordinates", ends, dtype=real)
        f = field_of((), rng, SHAPE, dtype)
        got = here.grid.gradient_norm(f)
        assert got.dtype == np.zeros(1, dtype).real.dtype
        parts = [Exact.of(f.real), Exact.of(f.imag)] if np.iscomplexobj(f) else [Exact.of(f)]
        slopes = [here.exact.derivative(part, a) for part in parts for a in range(3)]
        squares, size = sum(s.value**2 for s in slopes), sum(s.size for s in slopes)
        unit = fraction(np.finfo(got.dtype).eps) / 2
        for index in product(*map(range, SHAPE)):
            norm = fraction(got[index])
            room = unit * (6 * size[index] + 5 * len(slopes) * norm)  # of the slopes, and of each hypot
            assert max(norm - room, 0) ** 2 <= squares[index] <= (norm + room) ** 2


def any_grid(shape, edge_order):
    """Coordinates and steps in turn, one-sided and mirrored."""
    rng = np.random.default_rng(len(shape))
    spacings = [0.25 if k % 2 else np.cumsum(rng.uniform(0.5, 2, n)) for k, n in enumerate(shape)]
    boundary = ["one-sided" if k % 3 != 2 else "symmetric" for k in range(len(shape))]
    entries = [(n, s) if np.ndim(s) == 0 else s for s, n in zip(spacings, shape, strict=True)]
    grid = gg.Grid(*entries, boundary=boundary, edge_order=edge_order)
    return Setting(grid, ExactGrid(spacings, shape, boundary, [None] * len(shape), edge_order))
