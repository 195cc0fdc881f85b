"""Solves of products of operators, and of biharmonic ones, by transforms, beside dense matrices that are made of slices."""

import numpy as np
import pytest

import gridgrad as gg

N, M, H, K = 12, 9, 0.1, 0.2


def second(n, h, lower, upper):
    """Second differences; `lower` and `upper` are the rows of the end points, their own weight and that of the next point."""
    matrix = (np.eye(n, k=1) - 2 * np.eye(n) + np.eye(n, k=-1)) / h**2
    matrix[0, :2], matrix[-1, -2:] = np.array(lower) / h**2, np.array(upper)[::-1] / h**2
    return matrix


def ring(n, h):
    matrix = second(n, h, (-2, 1), (-2, 1))
    matrix[0, -1] = matrix[-1, 0] = 1 / h**2
    return matrix


ROWS = {"symmetric": (-1, 1), "reflect": (-2, 2), "antisymmetric": (-3, 1), "held": (-2, 1)}
HELD = gg.value(0.0)
ENDS = {
    "symmetric": ("symmetric", "symmetric", "DCT-II"),
    "reflect": ("reflect", "reflect", "DCT-I"),
    "between": ("symmetric", "antisymmetric", "DCT-IV"),
    "held": (HELD, HELD, "DST-I"),
    "half held": ("reflect", HELD, "DCT-III"),
    "cells": (gg.value(0.0, wall="face"), gg.value(0.0, wall="face"), "DST-II"),
}


def exact(ends):
    """The laplacian of points that are not held, and these points."""
    inside = slice(int(ends[0] is HELD), N - int(ends[1] is HELD))
    kinds = ["held" if end is HELD else end if isinstance(end, str) else "antisymmetric" for end in ends[:2]]
    n = inside.stop - inside.start
    along = second(n, H, *(ROWS[kind] for kind in kinds))
    return np.kron(along, np.eye(M)) + np.kron(np.eye(n), ring(M, K)), inside


def grid_of(ends):
    return gg.Grid((N, H), (M, K), boundary=[ends[:2], "periodic"])


SUMS = {
    "Cahn-Hilliard": (
        lambda g, L: g.identity + 1e-3 * (L @ L) - 2e-3 * L,
        lambda e, L: e + 1e-3 * L @ L - 2e-3 * L,
    ),
    "factors": (
        lambda g, L: (g.identity - 0.1 * L) @ (2 * g.identity - 0.3 * L),
        lambda e, L: (e - 0.1 * L) @ (2 * e - 0.3 * L),
    ),
    "sixth order": (
        lambda g, L: g.identity - 1e-5 * (L @ L @ L),
        lambda e, L: e - 1e-5 * L @ L @ L,
    ),
    "Crank and Nicolson": (lambda g, L: g.identity - 0.05j * L, lambda e, L: e - 0.05j * L),
    "Ginzburg and Landau": (
        lambda g, L: (0.9 - 0.2j) * g.identity - (0.1 + 0.2j) * L + 1e-3j * (L @ L),
        lambda e, L: (0.9 - 0.2j) * e - (0.1 + 0.2j) * L + 1e-3j * L @ L,
    ),
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("made", SUMS.values(), ids=SUMS)
def test_products_are_solved_by_transforms(ends, made):
    grid, (laplacian, inside) = grid_of(ends), exact(ends)
    solver = made[0](grid, grid.laplacian).solver()
    assert f"{ends[2]} along axis -2, FFT along axis -1" in repr(solver)
    b = np.random.default_rng(0).standard_normal((3, *grid.shape))
    matrix = made[1](np.eye(len(laplacian)), laplacian)
    wanted = np.zeros(b.shape, matrix.dtype)
    b = b + 1j * b[::-1] if np.iscomplexobj(matrix) else b
    for k in range(3):
        wanted[k, inside] = np.linalg.solve(matrix, b[k, inside].ravel()).reshape(-1, M)
    np.testing.assert_allclose(solver(b), wanted, rtol=0, atol=1e-12 * abs(wanted).max())
    adjoint = made[0](grid, grid.laplacian).T.solve(b[0])
    wanted[0, inside] = np.linalg.solve(matrix.T, b[0, inside].ravel()).reshape(-1, M)
    np.testing.assert_allclose(adjoint, wanted[0], rtol=0, atol=1e-12 * abs(wanted).max())


def test_complex_operators_on_rings_and_their_transposes():
    """A packet that drifts: eigenvalues are complex, of the transpose those of the other direction."""
    grid = gg.Grid((N, H), (M, K), boundary="periodic")
    drift = grid.derivative(0) - 0.5 * grid.derivative(1)
    A = grid.identity + 0.02j * grid.laplacian + (0.1 + 0.03j) * drift
    steps = ((n, h, (np.eye(n, k=1) + np.eye(n, k=1 - n)) / (2 * h)) for n, h in ((N, H), (M, K)))
    (a, along), (b, across) = ((ring(n, h), ahead - ahead.T) for n, h, ahead in steps)
    matrix = np.eye(N * M) + 0.02j * (np.kron(a, np.eye(M)) + np.kron(np.eye(N), b))
    matrix += (0.1 + 0.03j) * (np.kron(along, np.eye(M)) - 0.5 * np.kron(np.eye(N), across))
    f = np.random.default_rng(0).standard_normal(grid.shape)
    assert "FFT along axis -2, FFT along axis -1" in repr(A.solver())
    for own, exact in ((A, matrix), (A.T, matrix.T)):
        wanted = np.linalg.solve(exact, f.ravel()).reshape(grid.shape)
        np.testing.assert_allclose(own.solve(f), wanted, rtol=0, atol=1e-13 * abs(wanted).max())


def test_constants_that_a_complex_operator_makes_0():
    grid = gg.Grid((N, H), (M, K), boundary=["symmetric", "periodic"])
    b = np.random.default_rng(0).standard_normal(grid.shape)
    b -= b.mean()
    np.testing.assert_allclose((1j * grid.laplacian).solve(b), -1j * grid.laplacian.solve(b), atol=1e-13)
    with pytest.raises(ValueError, match="b has no solution: the operator makes 0 of constants"):
        (1j * grid.laplacian).solve(b + 1)


@pytest.mark.parametrize("ends", [ENDS["symmetric"], ENDS["reflect"]], ids=["symmetric", "reflect"])
def test_the_biharmonic_between_mirrors_is_the_square(ends):
    grid, (laplacian, _) = grid_of(ends), exact(ends)
    solver = (grid.identity + 1e-3 * grid.biharmonic - 2e-3 * grid.laplacian).solver()
    assert f"{ends[2]} along axis -2" in repr(solver)
    b = np.random.default_rng(0).standard_normal(grid.shape)
    matrix = np.eye(N * M) + 1e-3 * laplacian @ laplacian - 2e-3 * laplacian
    wanted = np.linalg.solve(matrix, b.ravel()).reshape(grid.shape)
    np.testing.assert_allclose(solver(b), wanted, rtol=0, atol=1e-12 * abs(wanted).max())


def test_a_plate_that_rests_on_its_edges_is_solved_by_sines():
    """Navier: a load of one wave bends it to that wave."""
    n = 33
    plate = gg.Grid((n, 1 / 32), (n, 1 / 32), boundary=gg.supported())
    x, y = plate.mesh()
    wave = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
    of_one = [(2 - 2 * np.cos(k * np.pi / 32)) * 32**2 for k in (1, 2)]
    solver = plate.biharmonic.solver()
    assert "DST-I along axis -2, DST-I along axis -1" in repr(solver)
    np.testing.assert_allclose(solver(wave * sum(of_one) ** 2), wave, rtol=0, atol=1e-12)


def test_on_uneven_axes_by_the_eigenvectors_of_the_laplacian():
    x = np.linspace(0, 1, 14) ** 1.5
    grid = gg.Grid(x, (M, K), boundary=[("symmetric", gg.value(1.0)), "periodic"])
    A = (grid.identity - 0.01 * grid.laplacian) @ (grid.identity - 0.03 * grid.laplacian)
    solver, b = A.solver(), np.random.default_rng(0).standard_normal(grid.shape)
    assert "eigenvectors along axis -2" in repr(solver)
    u = solver(b)
    np.testing.assert_allclose(A(u)[:-1], b[:-1], rtol=0, atol=1e-10)
    assert (u[-1] == 1).all()


def test_constants_that_become_0():
    grid = gg.Grid((N, H), (M, K), boundary=["reflect", "periodic"])
    square, u = grid.laplacian @ grid.laplacian, np.random.default_rng(0).standard_normal(grid.shape)
    u -= (grid.measure * u).sum() / grid.measure.sum()
    np.testing.assert_allclose(square.solve(square(u)), u, rtol=0, atol=1e-10)
    with pytest.raises(ValueError, match="b has no solution"):
        square.solve(square(u) + 1)


@pytest.mark.parametrize(
    "made",
    [
        lambda g, k: g.identity - 1e-3 * (g.diffuse(k) @ g.laplacian),  # a coefficient
        lambda g, k: g.identity + 1e-4 * (g.laplacian @ g.laplacian.with_(accuracy=4)),  # wider rows
        lambda g, k: (
            g.identity - 1e-3 * (g.derivative(0) @ g.derivative(0))
        ),  # not made of second differences
        lambda g, k: g.identity + 1e-4 * (g.laplacian.with_(form="wide") @ g.laplacian),
    ],
)
@pytest.mark.parametrize("end", ["symmetric", "reflect", "one-sided"])
def test_all_else_has_its_right_values(made, end):
    grid = gg.Grid((N, H), (M, K), boundary=end)
    rng = np.random.default_rng(0)
    A, b = made(grid, 1 + rng.random(grid.shape)), rng.standard_normal(grid.shape)
    wanted = np.linalg.solve(A.to_sparse().toarray(), b.ravel()).reshape(grid.shape)
    np.testing.assert_allclose(A.solve(b), wanted, rtol=0, atol=1e-9 * abs(wanted).max())


def test_ends_that_differ_between_two_grids():
    """Points are the same, and what is known beyond them is not: the rows have no common eigenvectors."""
    even, odd = (gg.Grid((N, H), (M, K), boundary=end) for end in ("symmetric", "antisymmetric"))
    A, b = even.identity - 1e-3 * (odd.laplacian @ even.laplacian), np.random.default_rng(0).random((N, M))
    wanted = np.linalg.solve(A.to_sparse().toarray(), b.ravel()).reshape(b.shape)
    np.testing.assert_allclose(A.solve(b), wanted, rtol=0, atol=1e-9 * abs(wanted).max())


def test_what_reads_along_one_axis_has_constants_of_each_line():
    """Of these more than the mean of all is to be 0, and an operator that makes 0 of everything has no inverse."""
    grid = gg.Grid((N, H), (M, K), boundary="periodic")
    D, one = grid.derivative(0, order=2), grid.identity
    for A in (D @ D, D @ D - D, one - one @ one):
        with pytest.raises(ValueError, match="singular"):
            A.solve(np.outer(np.ones(N), np.arange(M) - M // 2))
    S = (one + D @ D).solver()
    b = np.random.default_rng(8).standard_normal((N, M))
    np.testing.assert_allclose(
        S(b), np.linalg.solve(np.eye(N) + ring(N, H) @ ring(N, H), b), rtol=1e-9, atol=1e-12
    )
    assert "FFT" in repr(S)
