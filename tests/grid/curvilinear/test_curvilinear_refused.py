"""Positions that make no grid, and operators that curvilinear grids have not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from curvilinear_maps import channel, joined, positions

import gridgrad as gg

SLANTED = np.einsum("ab,bij->aij", [[1, 0.1], [-0.1, 1]], np.mgrid[:7, :9])


def test_folds_are_found_where_they_are():
    x, y = positions("sheared", 8)
    x[3, 4], x[4, 4] = x[4, 4], x[3, 4]  # central differences would not see it
    with pytest.raises(
        ValueError,
        match=r"from index \(3, 4\), position \(0\.821429, 0\.585714\), to \(4, 5\).* changes sign: the grid is folded",
    ):
        gg.gradient(x, x, y)
    s, t = np.meshgrid(np.linspace(0, 1, 8), np.linspace(0, 1, 9), indexing="ij")
    with pytest.raises(
        ValueError, match=r"from index \(4, 0\).* folded; put the points in the order of neighbours"
    ):
        gg.Grid(np.sin(3 * s) + 0.1 * t, t + 0.1 * s)
    x, y = positions("sheared", 8)
    x[3], y[3] = x[2], y[2]
    with pytest.raises(ValueError, match=r"from index \(2, 0\), .* the Jacobian is 0"):
        gg.Grid(x, y)
    with pytest.raises(ValueError, match=r"from index \(0, 2\), .* the Jacobian is 0"):
        gg.Grid(x.T, y.T, axes=[-1, -2])  # the index is that of the field


def test_the_axis_of_a_polar_grid_is_left_out():
    r, angle = np.meshgrid(np.linspace(0, 1, 6), np.arange(12) * np.pi / 6, indexing="ij")
    x, y = r * np.cos(angle), r * np.sin(angle)
    with pytest.raises(
        ValueError,
        match=r"the Jacobian is 0: .* leave out rows that repeat a point, as that of r = 0, x\[1:\]",
    ):
        gg.Grid(x, y, periodic=[False, True])
    grid = gg.Grid(x[1:], y[1:], periodic=[False, True])
    assert abs(grid.gradient(x[1:])[0] - 1).max() < 1e-12


REFUSED = {
    "hessian": lambda g, f: g.hessian,
    "mixed": lambda g, f: g.mixed_derivative(0, 1),
    "second": lambda g, f: g.derivative(0, order=2),
    "side": lambda g, f: g.derivative(0, side="left"),
    "upwind": lambda g, f: g.advect((f, f), upwind=1),
    "diffuse": lambda g, f: g.diffuse(f),
    "wide": lambda g, f: g.laplacian.with_(form="wide"),
    "conservative": lambda g, f: g.laplacian.with_(form="conservative"),
    "faces": lambda g, f: g.faces(0),
    "rows": lambda g, f: g.gradient.weights(0),
    "steps": lambda g, f: g.steps,
    "mirror": lambda g, f: gg.gradient(f, *g.coordinates, boundary="reflect"),
    "wall": lambda g, f: gg.Grid(*g.coordinates, boundary=gg.value(0.0)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_offered_says_so(name):
    grid = gg.Grid(*positions("polar", 6))
    with pytest.raises(
        TypeError, match=r"is not offered on a curvilinear grid; there are gradient, .* Products make others"
    ):
        REFUSED[name](grid, np.ones(grid.shape))


def stretched():
    s, t = np.meshgrid([0.0, 1.0, 5.0, 6.0], np.arange(4.0), indexing="ij")
    return s + 0.1 * t, t + 0.001 * s


x, y = positions("polar", 6)
BAD = {
    "a NaN": (lambda: gg.gradient(x, np.where(x == x[2, 3], np.nan, x), y), ValueError, r"coordinate 0 .* is not finite: it is nan at index \(2, 3\)"),
    "one coordinate twice": (lambda: gg.gradient(x, x, x), ValueError, "the Jacobian is 0: points of it coincide or lie on one line"),
    "other shapes": (lambda: gg.gradient(x, x[1:], y), ValueError, r"have shapes \(5, 7\) and \(6, 7\), and its points \(6, 7\)"),
    "grids that vary": (lambda: gg.gradient(joined([x, x]), joined([x, x]), joined([y, y]), axis=(1, 2)), ValueError, "of each grid by itself"),
    "the period of the other coordinate": (
        lambda: gg.Grid(30 * np.arange(12.0) + 14 * np.arange(7.0)[:, None], 10 * np.arange(7.0)[:, None] + np.zeros(12), periodic=[False, True], period=360.0),
        ValueError, "in the order of the axes along which they go on",
    ),
    "weights that are no numbers": (
        lambda: gg.Grid(SLANTED[0] * 1e-140, SLANTED[1] * 1e140).laplacian(SLANTED[0]), ValueError, "exponents of float64",
    ),
    "a ring that goes on": (lambda: gg.Grid(*channel()[:2], periodic=[True, False]), ValueError, "give period= where its coordinate goes on"),
    "a sphere": (lambda: gg.Grid(x, y, geometry="sphere"), ValueError, "geometry= takes coordinates along each axis"),
    "cells by axis": (lambda: gg.Grid(x, y).quadrature, TypeError, "their areas are grid.measure"),
    "one derivative": (lambda: gg.derivative(x, x, y, axis=0), TypeError, r"give gridgrad.Grid\(x, y\).derivative\(0\)\(f\)"),
    "steps that change too much": (lambda: gg.Grid(*stretched()), ValueError, r"at index \(0, 0\), though its cells have none: .* give edge_order=1"),
    "times": (lambda: gg.gradient((x * 9).astype("m8[s]"), x, y), TypeError, "by positions of a curvilinear grid; give numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_positions(name):
    call, error, match = BAD[name]
    with pytest.raises(error, match=match):
        call()


def test_remedies_give_the_right_values(rng):
    grid = gg.Grid(*positions("sheared", 24))
    x, y = grid.coordinates
    inside = (slice(3, -3),) * 2
    k = 1 + x
    assert abs((grid.divergence @ (k * grid.gradient))(x**2) - 2 * k - 2 * x)[inside].max() < 1e-10
    assert abs((grid.derivative(0) @ grid.derivative(1))(x * y) - 1)[inside].max() < 1e-10
    A, g, m = grid.laplacian, rng.normal(size=x.shape), grid.measure
    f = rng.normal(size=x.shape)
    assert abs(np.sum(m * g * A(f)) - np.sum(m * f * (A.adjoint(m * g) / m))) < 1e-9


def test_meshes_of_vectors_stay_refused():
    for a, b in product((0, 1), repeat=2):
        mesh = np.meshgrid(np.arange(4.0), np.arange(5.0), indexing="ij")
        with pytest.raises(
            ValueError, match=r"distances must be either scalars or 1d: .* it varies along its axis [01] only"
        ):
            gg.gradient(mesh[0], mesh[a], mesh[b])
