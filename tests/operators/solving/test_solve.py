"""Solves by transforms, eigenvectors, factors and iteration, against dense matrices and what solvers promise."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(9)
ENDS = {
    "one-sided": "one-sided",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "antireflect": "antireflect",
    "antisymmetric": "antisymmetric",
    "held": gg.value(0.75),
    "value at a face": gg.value(-0.5, wall="face"),
    "slope": gg.slope(0.25),
    "slope at a face": gg.slope(0.25, wall="face"),
    "robin": gg.robin(2.0, 1.0, 0.5),
    "robin at a face": gg.robin(2.0, 1.0, 0.5, wall="face"),
}
PAIRS = [("periodic", "periodic"), *product(ENDS, ENDS)]
TRANSFORMS = {
    ("periodic", "periodic"): "FFT", ("reflect", "reflect"): "DCT-I", ("symmetric", "symmetric"): "DCT-II",
    ("reflect", "held"): "DCT-III", ("symmetric", "antisymmetric"): "DCT-IV", ("held", "held"): "DST-I",
    ("antireflect", "antireflect"): "DST-I", ("antisymmetric", "value at a face"): "DST-II", ("held", "slope"): "DST-III",
    ("value at a face", "slope at a face"): "DST-IV", ("robin", "held"): "three diagonals", ("reflect", "symmetric"): "three diagonals",
}  # fmt: skip


def boundary_of(pair):
    return "periodic" if pair[0] == "periodic" else (ENDS[pair[0]], ENDS[pair[1]])


def is_held(pair, k):
    return pair[k] == "held"


def free_of(grid_shape, pairs):
    """Whether the value of a point is not prescribed."""
    free = np.ones(grid_shape, bool)
    for axis, pair in enumerate(pairs):
        for k, point in enumerate((0, -1)):
            if is_held(pair, k):
                np.moveaxis(free, axis, 0)[point] = False
    return free


def dense(A, b, free):
    """The solution by LAPACK, from the matrix and the offset alone, where held points have 0.75."""
    u = np.where(free, 0.0, 0.75)
    rows = free.ravel()
    M = A.to_sparse().toarray()
    rhs = (b - A.offset).ravel()[rows] - M[np.ix_(rows, ~rows)] @ u.ravel()[~rows]
    u.ravel()[rows] = np.linalg.solve(M[np.ix_(rows, rows)], rhs)
    return u


def stretched(n):
    return np.cumsum(RNG.uniform(0.5, 1.5, n))


@pytest.mark.parametrize("even", [True, False], ids=["even", "uneven"])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("n", [5, 8])
def test_every_pair_of_ends_agrees_with_lapack(pair, n, even):
    period = 1.5 * n if pair[0] == "periodic" else None
    axis = (n, 0.5) if even else stretched(n)
    grid = gg.Grid(axis, boundary=boundary_of(pair), period=None if even else period)
    for A in (2.0 * grid.identity - 0.3 * grid.laplacian, 0.5 * grid.laplacian - grid.identity):
        b = RNG.standard_normal(n)
        want = dense(A, b, free_of(grid.shape, [pair]))
        size = np.abs(want).max()
        assert np.abs(A.solve(b) - want).max() <= 1e-11 * size
        assert np.abs(A.solve(b, method="direct") - want).max() <= 1e-11 * size


@pytest.mark.parametrize("n", range(2, 10))
@pytest.mark.parametrize("pair", [p for p in PAIRS if "one-sided" not in p], ids="-".join)
def test_few_points(pair, n):
    try:
        grid = gg.Grid((n, 0.5), boundary=boundary_of(pair))
        A = 2.0 * grid.identity - 0.3 * grid.laplacian
    except ValueError:
        assert n <= 3
        return
    b = RNG.standard_normal(n)
    want = dense(A, b, free_of(grid.shape, [pair]))
    assert np.abs(A.solve(b) - want).max() <= 1e-12 * np.abs(want).max()


@pytest.mark.parametrize(
    ("pair", "transform"), TRANSFORMS.items(), ids=lambda p: "-".join(p) if isinstance(p, tuple) else p
)
def test_each_kind_of_ends_has_its_transform(pair, transform):
    grid = gg.Grid((9, 0.5), boundary=boundary_of(pair))
    assert transform + " along" in repr((grid.identity - grid.laplacian).solver())


@pytest.mark.parametrize(
    ("dtype", "ends"),
    [(float, "periodic"), (complex, "periodic"), (float, "symmetric"), (float, "antireflect")],
)
@pytest.mark.parametrize("axes", [[-2, -1], [-1, -2], [0, 1]])
def test_the_longest_stretched_axis_keeps_its_rows(dtype, ends, axes):
    """The other is transformed; both ways give what the factors of the matrix give."""
    grid = gg.Grid(stretched(13), (10, 0.3), axes=axes, boundary=["symmetric", ends])
    A = grid.identity - 0.3 * grid.laplacian
    b = RNG.standard_normal((2, *grid.shape) if axes[0] < 0 else grid.shape).astype(dtype)
    b = b + 1j * RNG.standard_normal(b.shape) if dtype is complex else b
    assert f"three diagonals along axis {axes[0]}" in repr(A.solver())
    kept = b.copy()
    np.testing.assert_allclose(A.solve(b), A.solve(b, method="direct"), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose((-A).solve(b), -A.solve(b), rtol=1e-12, atol=1e-13)
    # the bits of SciPy's transforms differ by layout
    for other in (np.asfortranarray(b), b[..., ::-1].copy()[..., ::-1]):
        np.testing.assert_allclose(A.solve(other), A.solve(b), rtol=1e-12, atol=1e-13)
    assert np.array_equal(b, kept)


def test_of_two_stretched_axes_the_shorter_has_eigenvectors():
    grid = gg.Grid(stretched(11), stretched(7), boundary="symmetric")
    A = grid.identity - grid.laplacian
    b = RNG.standard_normal(grid.shape)
    assert "three diagonals along axis -2, eigenvectors along axis -1" in repr(A.solver())
    np.testing.assert_allclose(A.solve(b), A.solve(b, method="direct"), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("shift", [0.0, -0.7])
def test_what_has_both_signs_or_zero_has_eigenvectors(shift):
    """Three diagonals are factored without pivots, which is safe for one sign of the eigenvalues only."""
    grid = gg.Grid(stretched(11), (8, 0.3), boundary=["symmetric", "periodic"])
    A = shift * grid.identity - grid.laplacian if shift else grid.laplacian
    b = grid.laplacian(RNG.standard_normal(grid.shape))
    assert "eigenvectors along axis -2" in repr(A.solver())
    np.testing.assert_allclose(A(A.solve(b)), b, rtol=1e-10, atol=1e-10)


def test_residuals_in_three_dimensions():
    """All ways of one axis beside each other, with values that vary along the walls."""
    shape = (6, 7, 9)
    wall = RNG.standard_normal((6, 9))
    grid = gg.Grid(
        (6, 0.5),
        stretched(7),
        (9, 0.25),
        boundary=["periodic", (gg.value(wall), gg.robin(1.0, 2.0, wall)), "symmetric"],
    )
    A = grid.identity - 0.1 * grid.laplacian
    for batch in ((), (3,), (2, 1)):
        b = RNG.standard_normal((*batch, *shape))
        u = A.solve(b)
        assert np.array_equal(u[..., 0, :], np.broadcast_to(wall, (*batch, 6, 9)))
        assert np.abs((A(u) - b)[..., 1:, :]).max() < 1e-11
        assert np.abs(u - A.solve(b, method="direct")).max() < 1e-11


@pytest.mark.parametrize("boundary", ["antisymmetric", "reflect", "symmetric", "periodic"])
@pytest.mark.parametrize(
    "axes", [((16, 0.1), (15, 0.1), stretched(12)), ((6, 0.5), stretched(7), stretched(9)), ((5, 0.3), (3, 0.3), (2, 0.3)),
             ((4, 0.5), (3, 0.5), stretched(8), (5, 0.5))],
)  # fmt: skip
def test_two_and_more_axes_beside_three_diagonals(axes, boundary):
    """The waves of several axes are no array in C order, which the core takes for one."""
    ends = [boundary if isinstance(axis, tuple) and axis[0] > 2 else "reflect" for axis in axes]
    grid = gg.Grid(*axes, boundary=ends)
    A = grid.identity - 0.5 * grid.laplacian
    for batch in ((), (2,)):
        b = np.random.default_rng(4).standard_normal((*batch, *grid.shape))
        for field in (b, np.moveaxis(np.ascontiguousarray(np.moveaxis(b, -1, 0)), 0, -1)):
            np.testing.assert_allclose(A(A.solve(field)), b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("axes", [(1, 0), (-1, -3), (0, 2), (-2, -1)])
def test_axes_of_any_order(axes):
    grid = gg.Grid((6, 0.5), stretched(5), axes=axes, boundary=["periodic", (gg.value(0.5), "reflect")])
    A = grid.identity - 0.1 * grid.laplacian
    shape = [3, 3, 3]
    for axis, n in zip(axes, (6, 5), strict=True):
        shape[axis] = n
    b = RNG.standard_normal(shape)
    u = A.solve(b)
    left = np.moveaxis(A(u) - b, axes[1], 0)
    assert np.abs(left[1:]).max() < 1e-12
    assert np.abs(A.solve(b, method="direct") - u).max() < 1e-12


@pytest.mark.parametrize(
    "pairs", [("periodic", "reflect"), ("symmetric", "reflect"), (gg.slope(0.0, wall="face"), "periodic")]
)
@pytest.mark.parametrize("method", [None, "direct"])
def test_without_a_value_the_mean_is_0(pairs, method):
    grid = gg.Grid(
        (8, 0.5), stretched(7), boundary=list(pairs), period=[None, 9.0 if pairs[1] == "periodic" else None]
    )
    b = RNG.standard_normal(grid.shape)
    H = grid.measure
    with pytest.raises(ValueError, match=r"no solution: .* b has mean 3\.\d* "):
        grid.laplacian.solve(b + 3.5 - (H * b).sum() / H.sum(), method=method)
    b -= (H * b).sum() / H.sum()
    u = grid.laplacian.solve(b, method=method)
    assert np.abs(grid.laplacian(u) - b).max() < 1e-11 * np.abs(b).max()
    assert abs((H * u).sum()) < 1e-11 * H.sum()


@pytest.mark.parametrize("dtype", ["float32", "complex64", "float64"])
@pytest.mark.parametrize(
    "k", [1.0, np.random.default_rng(0).uniform(1, 2, (16, 20))], ids=["transforms", "factors"]
)
def test_what_the_operator_makes_has_a_solution_in_each_precision(k, dtype):
    grid = gg.Grid((16, 0.1), (20, 0.2), boundary="reflect")
    A, H = grid.diffuse(k), grid.measure
    f = np.random.default_rng(1).standard_normal(grid.shape).astype(dtype)
    b = A(f).astype(dtype)  # of a coefficient in double precision it is in that
    u = A.solve(b)
    assert u.dtype == A(f).dtype
    assert np.abs(u - (f - (H * f).sum() / H.sum())).max() < 200 * np.finfo(dtype).eps
    with pytest.raises(ValueError, match="no solution"):
        A.solve(b + np.abs(b).max() / np.array(100, dtype))


def test_a_prescribed_flux_counts_in_the_mean():
    """What comes in has to be what b takes away."""
    grid = gg.Grid((9, 0.5), boundary=[(gg.slope(2.0, wall="face"), gg.slope(-1.0, wall="face"))])
    u = grid.laplacian.solve(np.full(9, 1.0 / 4.5))
    assert np.abs(grid.laplacian(u) - 1.0 / 4.5).max() < 1e-13
    with pytest.raises(ValueError, match="no solution"):
        grid.laplacian.solve(np.zeros(9))


def test_what_is_singular_otherwise():
    with pytest.raises(ValueError, match="singular: it makes 0 of 2 independent fields"):
        gg.Grid((8, 0.5), boundary="antireflect").laplacian.solver()
    with pytest.raises(ValueError, match="singular"):
        gg.Grid((8, 0.5), (8, 0.5)).laplacian.solver()


def test_coefficients_products_and_vectors():
    grid = gg.Grid(stretched(6), (7, 0.5), boundary=[(gg.value(0.0), "reflect"), "symmetric"])
    k = RNG.uniform(1, 2, grid.shape)
    b = RNG.standard_normal(grid.shape)
    diffuse = grid.diffuse(k)
    for A in (
        diffuse,
        grid.identity + 0.1 * (grid.laplacian @ grid.laplacian),
        grid.identity - 0.1 * grid.advect((1.0, k)),
    ):
        u = A.solve(b)
        assert np.abs((A(u) - b)[1:]).max() < 1e-10 * max(1, np.abs(u).max())
        assert not u[0].any()
    k[...] = 1.0  # the values of this moment
    assert np.abs(diffuse.solve(b) - grid.diffuse(np.ones(grid.shape)).solve(b)).max() < 1e-13
    plain = gg.Grid(stretched(6), (7, 0.5), boundary=["symmetric", "antisymmetric"])
    F = RNG.standard_normal((2, *plain.shape))
    A = plain.vector_laplacian
    u = A.solve(F)
    assert np.abs(A(u) - F).max() < 1e-11
    assert all(np.array_equal(a, b) for a, b in zip(u, A.solve(list(F)), strict=True))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int64"])
@pytest.mark.parametrize("method", [None, "direct"])
def test_dtypes_are_kept_and_solved_in_double_precision(dtype, method):
    grid = gg.Grid((6, 0.5), stretched(5), boundary=["periodic", "symmetric"])
    A = grid.identity - 0.25 * grid.laplacian
    b = (10 * RNG.standard_normal((2, *grid.shape)) * (1 + 0.5j if "complex" in dtype else 1)).astype(dtype)
    u = A.solve(b, method=method)
    wide = "complex128" if "complex" in dtype else "float64"
    assert u.dtype == ("float64" if dtype == "int64" else dtype)
    want = A.solve(b.astype(wide), method=method)
    assert np.abs(A(want) - b).max() < 1e-12
    assert np.array_equal(u, want.astype(u.dtype))


def test_out_and_repeated_calls():
    grid = gg.Grid((6, 0.5), boundary="symmetric")
    A = grid.identity - grid.laplacian
    b = RNG.standard_normal(6)
    want = A.solve(b)
    assert A.solve(b, out=b) is b
    assert np.array_equal(b, want)
    with pytest.raises(ValueError, match="out has shape"):
        A.solve(b, out=np.zeros(7))
    with pytest.raises(TypeError, match="out has dtype float32"):
        A.solve(b, out=np.zeros(6, "float32"))
    locked = np.zeros(6)
    locked.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        A.solve(b, out=locked)


def test_walls_change_between_calls_of_a_solver():
    inflow = gg.value(1.0, name="inflow")
    grid = gg.Grid((6, 0.5), boundary=[(inflow, gg.value(0.0))])
    solver = grid.laplacian.solver()
    line = np.linspace(1, 0, 6)
    assert np.abs(solver(np.zeros(6)) - line).max() < 1e-15
    assert np.abs(solver(np.zeros(6), inflow=np.array(3.0)) - 3 * line).max() < 1e-14
    assert np.abs(grid.laplacian.solve(np.zeros(6), inflow=3.0) - 3 * line).max() < 1e-14
    buffer = np.array(2.0)
    grid = gg.Grid((6, 0.5), boundary=[(gg.value(buffer), gg.value(0.0))])
    solver = grid.laplacian.solver()
    buffer[...] = 5.0
    assert np.abs(solver(np.zeros(6)) - 5 * line).max() < 1e-14


def test_values_of_a_batch_need_a_batch():
    wall = np.ones((3, 6))
    A = gg.Grid((8, 0.5), (6, 0.1), boundary=[gg.value(wall), "symmetric"]).laplacian
    with pytest.raises(
        ValueError, match=r"of shape \(3, 1, 6\) does not broadcast to the field's shape \(8, 6\)"
    ):
        A.solve(np.ones((8, 6)))
    assert A.solve(np.ones((3, 8, 6))).shape == (3, 8, 6)


@pytest.mark.parametrize("method", ["cg", "bicgstab", "gmres", "lgmres"])
def test_iterations_end_where_factors_do(method):
    grid = gg.Grid(stretched(7), (8, 0.5), boundary=[(gg.value(1.0), "reflect"), "symmetric"])
    b = RNG.standard_normal((2, *grid.shape))
    A = grid.identity - 0.5 * grid.laplacian
    assert np.abs(A.solve(b, method=method) - A.solve(b)).max() < 1e-8
    with pytest.raises(ValueError, match=f"{method} ended after .* residual"):
        A.solve(b, method=method, maxiter=1, rtol=1e-14)


def test_a_nan_spoils_its_own_field_only():
    grid = gg.Grid((6, 0.5), boundary="symmetric")
    b = RNG.standard_normal((2, 6))
    b[0, 3] = np.nan
    for method in (None, "direct"):
        u = (grid.identity - grid.laplacian).solve(b, method=method)
        assert np.isnan(u[0]).any()
        assert np.isfinite(u[1]).all()


def test_what_cannot_be_solved_is_refused():
    grid = gg.Grid((6, 0.5), (5, 0.5), boundary="symmetric")
    A = grid.identity - grid.laplacian
    b = np.zeros(grid.shape)
    with pytest.raises(ValueError, match="only operators with as many"):
        grid.gradient.solve(b)
    with pytest.raises(TypeError, match="not linear"):
        grid.gradient_norm.solve(b)
    with pytest.raises(ValueError, match=r"shape \(6, 6\)"):
        A.solve(np.zeros((6, 6)))
    with pytest.raises(ValueError, match="did you mean 'cg'"):
        A.solve(b, method="CG")
    with pytest.raises(TypeError, match="rtol= belongs to iterations"):
        A.solve(b, rtol=1e-3)
    with pytest.raises(TypeError, match="masked"):
        A.solve(np.ma.array(b))
    with pytest.raises(TypeError, match="double precision"):
        A.solve(b.astype(np.longdouble))
    with pytest.raises(TypeError, match="unexpected keyword argument 'inflow'"):
        A.solve(b, inflow=1.0)
    k = np.ones(grid.shape)
    with pytest.raises(TypeError, match="k= is part of what was factored"):
        (grid.identity - grid.diffuse(k)).solver()(b, k=k)


@pytest.mark.parametrize(("sign", "way"), [(-1, "three diagonals"), (1, "LU")])
def test_no_vectors_of_a_long_stretched_axis_are_made(sign, way):
    """They would fill the memory."""
    grid = gg.Grid(stretched(3000), boundary="symmetric")
    A = grid.identity + sign * grid.laplacian
    b = RNG.standard_normal(3000)
    assert way in repr(A.solver())
    u = A.solve(b)
    assert np.abs(A(u) - b).max() < 1e-12 * max(1.0, np.abs(u).max())


def test_quantities_are_refused():
    u = pytest.importorskip("astropy.units")
    with pytest.raises(ValueError, match="b has units"):
        gg.Grid((6, 0.5), boundary="antisymmetric").laplacian.solve(np.ones(6) * u.m)
    with pytest.raises(ValueError, match="the grid or a coefficient has units"):
        gg.Grid((6, 0.5 * u.m), boundary="antisymmetric").laplacian.solver()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_told_on_a_terminal_only(capsys, monkeypatch, is_terminal):
    from gridgrad._operators.solving import iterative

    seconds = iter(range(1000))
    monkeypatch.setattr(iterative, "monotonic", lambda: next(seconds))
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    grid = gg.Grid((8, 0.5), boundary="symmetric")
    (grid.identity - grid.laplacian).solve(RNG.standard_normal(8), method="cg")
    told = capsys.readouterr().err
    assert ("cg: 1 iterations, residual " in told) == is_terminal
    assert told.endswith("\n") == is_terminal
