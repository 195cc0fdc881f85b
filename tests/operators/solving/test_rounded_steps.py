"""Axes that were given by points in even steps, which are rounded: solved as by their step, to the same residuals."""

import numpy as np
import pytest
from dense import check, residual

import gridgrad as gg
from gridgrad._operators.solving import eigenbasis
from gridgrad._operators.solving.solver import inverse_of

RNG = np.random.default_rng(41)
N = 14
RINGS = {
    "arange": np.arange(N) * 2 * np.pi / N,
    "linspace": np.linspace(0, 2 * np.pi, N, endpoint=False),
    "downwards": -np.arange(N) * (2 * np.pi / N) + 1.3,
    "far away": 1e4 + np.linspace(0, 2 * np.pi, N, endpoint=False),
}
WAY = "FFT along axis -2, FFT along axis -1"


@pytest.fixture
def long_axes(monkeypatch):
    """Axes of these tests count as long, where transforms are quicker than products with eigenvectors."""
    monkeypatch.setattr(eigenbasis, "SHORT", 4)


def polar(theta, wall, form="conservative"):
    grid = gg.Grid((9, 1 / 9, 0.5 / 9), theta, geometry="polar", boundary=[("pole", wall), "periodic"])
    return grid.laplacian.with_(form=form)


@pytest.mark.parametrize("name", RINGS)
@pytest.mark.parametrize("wall", [gg.value(2.0), "symmetric"], ids=["held", "no flux"])
def test_angles(name, wall):
    A = polar(RINGS[name], wall)
    check(A, RNG, "three diagonals along axis -2, FFT along axis -1")
    step = A.grid.identity - 0.3 * A
    check(step, RNG, "three diagonals along axis -2, FFT along axis -1")
    assert name != "far away" or "refined" in repr(A.solver())
    assert repr(A.solver()).replace(", refined", "") == repr(polar((N, 2 * np.pi / N), wall).solver())


def test_longitudes_in_thirds_of_degrees():
    lon = np.arange(15) * 360 / 15 + 1 / 3
    A = gg.Grid(np.linspace(-80, 80, 9), lon, geometry="sphere", radius=1.0).laplacian
    assert "FFT along axis -1" in repr(A.solver())
    check(A.with_(form="conservative"), RNG, "three diagonals along axis -2, FFT along axis -1")


@pytest.mark.parametrize("name", RINGS)
def test_rings_of_a_plane(name):
    grid = gg.Grid(RINGS[name], (8, 0.5), boundary="periodic", period=[2 * np.pi, None])
    for A in (
        grid.laplacian,
        grid.identity - 0.1 * grid.laplacian,
        2.3 * grid.identity + grid.laplacian,
        grid.identity + 0.1 * grid.laplacian @ grid.laplacian,
        grid.identity - 0.1 * grid.laplacian + 0.2 * grid.derivative(-1),
    ):
        check(A, RNG, WAY)


WALLS = {
    ("symmetric", "symmetric"): "DCT-II along axis -2, DCT-II along axis -1",
    ("reflect", "symmetric"): "DCT-I along axis -2, DCT-II along axis -1",
    ("antisymmetric", "reflect"): "DST-II along axis -2, three diagonals along axis -1",
    (gg.value(1.5), gg.value(0.5)): "three diagonals along axis -2, DST-I along axis -1",
}


@pytest.mark.usefixtures("long_axes")
@pytest.mark.parametrize("ends", WALLS, ids=lambda ends: "-".join(map(str, ends)))
def test_linspace_between_mirrors(ends):
    grid = gg.Grid(np.linspace(1e3, 1001, 12), np.linspace(1e3, 1001, 14), boundary=list(ends))
    check(grid.laplacian, RNG, WALLS[ends])
    assert "refined" in repr(grid.laplacian.solver())


def test_one_axis_of_rounded_steps_stays_and_needs_no_second_solve():
    grid = gg.Grid((9, 0.1), np.linspace(0, 1, 10), boundary="symmetric")
    check(grid.identity - 0.1 * grid.laplacian, RNG, "DCT-II along axis -2, three diagonals along axis -1")
    line = gg.Grid(np.linspace(0, 1, 10), boundary="antisymmetric")
    assert "three diagonals along axis -1>" in repr(line.laplacian.solver())


@pytest.mark.parametrize(
    ("n", "way"),
    [(250, "eigenvectors along axis -1"), (300, "DCT-II along axis -1, refined")],
)
def test_short_axes_between_mirrors_have_eigenvectors(n, way):
    """Whose products add n roundings, where those of transforms grow with log n."""
    axis = np.linspace(1e3, 1001, n)
    grid = gg.Grid(axis, axis, boundary="symmetric")
    A = grid.identity - 1e-5 * grid.laplacian
    assert repr(A.solver()).endswith(f": three diagonals along axis -2, {way}>")
    b = RNG.standard_normal(grid.shape)
    assert residual(A, A.solve(b), b) < (32 if "refined" in way else n)


@pytest.mark.usefixtures("long_axes")
def test_vector_fields():
    grid = gg.Grid(np.linspace(1e3, 1001, 8), np.linspace(1e3, 1001, 7), boundary=gg.value(0.0, wall="face"))
    A = grid.identity - 0.1 * grid.vector_laplacian
    assert "refined" in repr(A.solver())
    F = RNG.standard_normal((2, *grid.shape))
    want = np.linalg.solve(A.to_sparse().toarray(), F.ravel()).reshape(F.shape)
    assert np.abs(np.array(A.solve(F)) - want).max() < 1e-14 * np.abs(want).max() * 64


def test_steps_that_differ_by_more_are_no_ring():
    x = np.arange(N) * 2 * np.pi / N
    x[3] += 1e-7
    grid = gg.Grid(x, (8, 0.5), boundary="periodic", period=[2 * np.pi, None])
    assert "FFT along axis -2" not in repr(grid.laplacian.solver())


def test_what_is_almost_singular_is_solved_by_its_very_matrix():
    """There what is left of a first solve is as large as that."""
    x = 1e4 + np.linspace(0, 1, N, endpoint=False)
    grid = gg.Grid(x, (8, 0.5), boundary="periodic", period=[1.0, None])
    values = np.linalg.eigvals(grid.laplacian.to_sparse().toarray()).real
    k = np.argmin(abs(values - values.min() / 2))
    A = -(values[k] * (1 + 1e-12)) * grid.identity + grid.laplacian
    assert "refined" not in repr(A.solver())
    f = RNG.standard_normal(grid.shape)
    b = A(f)
    assert residual(A, A.solve(b), b) < 32
    away = A + 0.3 * grid.identity
    assert "refined" in repr(away.solver())


@pytest.mark.parametrize("noise", [1e-11, 1e-12, 1e-13])
@pytest.mark.parametrize("ends", ["periodic", "reflect", "antisymmetric"])
@pytest.mark.usefixtures("long_axes")
def test_what_would_be_singular_on_even_steps(ends, noise):
    rng = np.random.default_rng(3)
    x = np.arange(12) * 0.25 + noise * rng.standard_normal(12)
    ring = {"period": [None, 3.0]} if ends == "periodic" else {}
    grid, even = (gg.Grid((5, 0.25), own, boundary=["symmetric", ends], **ring) for own in (x, (12, 0.25)))
    values = np.linalg.eigvals(even.laplacian.linear.to_sparse().toarray()).real
    A = grid.laplacian - values[np.argsort(values)[7]] * grid.identity
    b = A(rng.standard_normal(grid.shape))
    assert residual(A, A.solve(b), b) < 32


@pytest.mark.usefixtures("long_axes")
@pytest.mark.parametrize("axes", [1, 2])
def test_transposes_without_an_inverse_are_refused(axes):
    """Where constants become 0 on even steps, they become rounding on these."""
    points = [np.linspace(1e5, 1e5 + 1, n) for n in (7, 9)][:axes]
    grid = gg.Grid(*points, boundary="symmetric")
    T = grid.laplacian.T
    try:
        u = T.solve(T(RNG.standard_normal(grid.shape)))
    except ValueError as error:
        assert "singular" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(u).all()


def test_a_mean_is_refused_as_ever():
    for theta in RINGS.values():
        A = polar(theta, "symmetric")
        with pytest.raises(ValueError, match="b has no solution"):
            A.solve(np.ones(A.grid.shape))


@pytest.mark.usefixtures("long_axes")
def test_eigenvectors_for_devices_are_those_of_the_very_matrix():
    axis = np.linspace(1e3, 1001, 8)
    grid = gg.Grid(axis, axis, boundary="reflect")
    A = grid.identity - 0.1 * grid.laplacian
    assert "refined" in repr(A.solver())
    assert inverse_of(A, None, {}).products() is not None
    ring = polar(RINGS["arange"], gg.value(0.0))
    assert inverse_of(ring.linear, None, {}).products() is None


@pytest.mark.needs("torch")
def test_gradients_of_tensors():
    import torch

    for wall in (gg.value(0.0), "symmetric"):
        A = polar(RINGS["arange"], wall)
        f = torch.tensor(RNG.standard_normal(A.grid.shape), requires_grad=True)
        weights = torch.tensor(RNG.standard_normal(A.grid.shape))
        (weights * A.solver()(A.linear(f))).sum().backward()
        want = weights.numpy() * A.unknowns
        if wall == "symmetric":
            want = want - A.grid.measure / A.grid.measure.sum() * want.sum()
        assert np.abs(f.grad.numpy() - want).max() < 1e-11
