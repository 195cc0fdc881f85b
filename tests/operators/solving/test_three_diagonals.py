"""Axes between mirrors that keep their three diagonals beside transforms of the others."""

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._backends.numpy import core as core_room
from gridgrad._operators.solving.solver import inverse_of

RNG = np.random.default_rng(12)
WAYS = {
    ("symmetric", "symmetric"): ["three diagonals along axis -2", "DCT-II along axis -1"],
    ("symmetric", "reflect"): ["DCT-II along axis -2", "three diagonals along axis -1"],  # of type I
    ("periodic", "symmetric"): ["FFT along axis -2", "three diagonals along axis -1"],
    ("reflect", "held"): ["three diagonals along axis -2", "DST-I along axis -1"],
    ("periodic", "periodic"): ["FFT along axis -2", "FFT along axis -1"],
}


def grid_with(*ends):
    held = gg.value(0.0)
    return gg.Grid(
        *[(7 + k, 0.5) for k in range(len(ends))], boundary=[held if end == "held" else end for end in ends]
    )


def step_with(*ends):
    grid = grid_with(*ends)
    return grid.identity - 0.3 * grid.laplacian


@pytest.mark.parametrize("ends", WAYS, ids="-".join)
def test_which_axis_keeps_them(ends):
    A = step_with(*ends)
    assert repr(A.solver()).endswith(f"{', '.join(WAYS[ends])}>")


def test_none_does_alone_or_where_constants_become_0_or_signs_differ():
    assert "three diagonals" not in repr(step_with("symmetric").solver())
    grid = grid_with("symmetric", "reflect")
    for A in (grid.laplacian, grid.identity + 0.3 * grid.laplacian):
        assert "three diagonals" not in repr(A.solver())
    assert "three diagonals" in repr(grid_with("symmetric", "held").laplacian.solver())


@pytest.mark.parametrize("has_core", [True, False], ids=["core", "no core"])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize(
    "ends", [*WAYS, ("symmetric", "reflect", "antisymmetric"), ("periodic", "held", "reflect")], ids="-".join
)
def test_values_are_those_of_factors(ends, dtype, has_core, monkeypatch):
    if not has_core:
        monkeypatch.setattr(core_room, "core", None)
    A = step_with(*ends)
    b = RNG.standard_normal((2, *A.grid.shape)).astype(dtype)
    b = b + 1j * RNG.standard_normal(b.shape) if dtype == "complex128" else b
    for field in (b, np.asfortranarray(b), b[..., ::-1]):
        want = A.solve(field, method="direct")
        assert np.abs(A.solve(field) - want).max() <= 1e-13 * np.abs(want).max()


@pytest.mark.parametrize("ends", WAYS, ids="-".join)
def test_transposes(ends):
    """Of rows that are not symmetric at mirrors on points."""
    A = step_with(*ends)
    u, v = RNG.standard_normal((2, *A.grid.shape))
    if "held" in ends:
        u[:, [0, -1]] = v[:, [0, -1]] = 0
    inverse = inverse_of(A, None, {})
    assert abs((v * inverse(u)).sum() - (inverse.transposed()(v) * u).sum()) < 1e-12


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((9,), [-1]), ((4, 9), [-1]), ((3, 8, 9), [-1, -2]), ((8, 3, 9), [2, 0]), ((9, 3, 8), [0, 2])],
)
def test_three_diagonals_do_not_depend_on_the_core(shape, axes, monkeypatch):
    """Of batches, with the waves before and behind the axis, and where `b` itself is what they are solved for."""
    ends = ["symmetric", "antisymmetric"][: len(axes)]
    stretched = np.cumsum(RNG.uniform(0.5, 1.5, 9))
    grid = gg.Grid(*[stretched, (8, 0.5)][: len(axes)], axes=axes, boundary=ends)
    solver = (grid.identity - grid.laplacian).solver()
    assert "three diagonals" in repr(solver)
    b = RNG.standard_normal(shape)
    kept = b.copy()
    for field in (b, b + 1j):
        with_core = solver(field)
        with monkeypatch.context() as without:
            without.setattr("gridgrad._backends.numpy.core.core", None)
            assert np.array_equal(solver(field), with_core)
    assert np.array_equal(b, kept)
