"""What users of other libraries asked for, each as one call with the answer by hand or by another library."""

import numpy as np
import pytest

import gridgrad as gg


def test_fourth_derivatives_converge_up_to_the_ends():
    """By two second derivatives in turn the error at the ends stays as large as the derivative."""
    errors = []
    for n in (21, 41, 81):
        x = np.linspace(0, 2, n)
        errors.append(np.abs(gg.derivative(np.cosh(x), x, order=4) - np.cosh(x)).max())
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_heights_of_columns():
    """Of terrain-following levels; NumPy does one column at a time."""
    rng = np.random.default_rng(11)
    z = np.cumsum(rng.uniform(0.2, 1.0, (8, 2, 3)), axis=0)
    f = 3 * z**2 - z
    found = gg.gradient(f, z, axis=0, edge_order=2)
    for j, i in np.ndindex(2, 3):
        column = np.gradient(f[:, j, i], z[:, j, i], edge_order=2)
        assert np.abs(found[:, j, i] - column).max() < 1e-12
    assert np.abs(found - (6 * z - 1)).max() < 1e-12


def test_backward_differences_and_upwind_advection():
    x = np.array([0.0, 2.0, 3.0, 5.0])
    f = x**2
    assert gg.derivative(f, x, side="left").tolist() == [2, 2, 5, 8]
    assert gg.derivative(f, x, side="right").tolist() == [2, 5, 8, 8]
    grid = gg.Grid(x)
    assert grid.advect(3.0, upwind=1)(f)[1:].tolist() == [6, 15, 24]
    assert grid.advect(-1.0, upwind=1)(f)[:-1].tolist() == [-2, -5, -8]


def test_no_flux_through_the_faces_of_cells():
    n = 40
    f = np.cos(3 * np.pi * (np.arange(n) + 0.5) / n)
    ratio = gg.laplacian(f, 1 / n, boundary="symmetric") / f
    assert np.ptp(ratio) < 1e-9 * abs(ratio).max()  # the wave is an eigenvector, walls included
    assert ratio[0] == pytest.approx(-4 * n**2 * np.sin(1.5 * np.pi / n) ** 2, rel=1e-12)


@pytest.mark.parametrize(
    ("end", "exact"),
    [(gg.slope(-1.0), -1.0), (gg.value(0.5), 0.5), (gg.robin(1.0, 2.0, 0.5 - 2.0), 0.5)],
    ids=repr,
)
def test_what_is_known_at_a_wall_enters(end, exact):
    """u = 1/2 + x + 3 x**2 has u(0) = 1/2 and the outward slope -1; 7 more of what is prescribed is noticed."""
    x = np.array([0.0, 0.5, 1.0, 2.0, 3.0])
    u = 0.5 + x + 3 * x**2
    found = gg.derivative(u, x, order=2, boundary=[(end, "one-sided")])
    assert np.abs(found - 6).max() < 1e-12
    kind = getattr(gg, end.end.word)
    other = kind(1.0, 2.0, 6.0) if kind is gg.robin else kind(exact + 7)
    assert np.abs(gg.derivative(u, x, order=2, boundary=[(other, "one-sided")]) - found).max() > 1


@pytest.mark.parametrize("spacing", [(), ([0.0, 1.0, 2.5, 3.0, 4.0],) * 2], ids=["even", "uneven"])
@pytest.mark.parametrize(
    "name", ["gradient_norm", "divergence", "directional_derivative", "laplacian", "gradient_squared"]
)
def test_a_missing_cell_stays_missing(name, spacing):
    """Though rows of an even axis do not read their own point."""
    f = np.ma.array(np.add.outer(np.arange(5.0), np.arange(5.0)), mask=False)
    f[1, 3] = np.ma.masked
    more = {"directional_derivative": ([1.0, 1.0],)}.get(name, ())
    found = getattr(gg, name)([f, f] if name == "divergence" else f, *more, *spacing)
    assert found.mask[1, 3]
    assert not found.mask[3, 0]


def test_epochs_do_not_reach_over_a_pause():
    t = np.array([0.0, 1.0, 3.0, 60.0, 61.0, 64.0])
    f = np.where(t < 30, 2 * t, 7 - t)
    assert gg.gradient(f, t, breaks=[3]).tolist() == [2, 2, 2, -1, -1, -1]
    assert gg.gradient(f, t)[2] != 2
