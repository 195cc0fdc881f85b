"""Curvilinear grids with gaps: slopes by indices and of positions from the same rows of runs; of order 2 beside coasts."""

import pickle

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg


def skewed(n):
    s, t = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n + 3), indexing="ij")
    return s + 0.1 * np.sin(2 * t), t + 0.15 * np.cos(2 * s)


def island(x, y):
    return (x - 0.6) ** 2 + (y - 0.5) ** 2 > 0.09


def by_index(f, inside, k, periodic=False):
    """Run by run by NumPy's gradient per index, NaN where a point is alone."""
    found = np.full(f.shape, np.nan)
    for spot in range(f.shape[1 - k]):
        at = (slice(None), spot) if k == 0 else (spot, slice(None))
        there = np.flatnonzero(inside[at])
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            if len(run) > 1:
                line = np.zeros(f.shape[k])
                line[run] = np.gradient(f[at][run], edge_order=2 if len(run) > 2 else 1)
                found[at][run] = line[run]
    return found


def by_hand(f, x, y, inside):
    """The chain rule, of the same rows for the field and for both positions."""
    (fs, ft), (xs, xt), (ys, yt) = ([by_index(a, inside, k) for k in (0, 1)] for a in (f, x, y))
    area = xs * yt - xt * ys
    return np.stack([(fs * yt - ft * ys) / area, (ft * xs - fs * xt) / area])


@pytest.fixture
def case(rng):
    x, y = skewed(20)
    inside = rng.random(x.shape) > 0.2
    inside[:, 14:] = True
    return gg.Grid(x, y), x, y, inside, np.where(inside, rng.normal(size=x.shape), np.nan)


def test_gradient_is_the_chain_rule_run_by_run(case):
    grid, x, y, inside, f = case
    want = by_hand(f, x, y, inside)
    found = np.stack(grid.with_mask(inside, fill=np.nan).gradient(f))
    np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-9)
    zero = grid.with_mask(inside)
    same_bits(np.stack(zero.gradient(f)), np.nan_to_num(found))
    same_bits(np.stack(gg.gradient(f, x, y, edge_order=2, missing="one-sided")), found)
    same_bits(zero.derivative(1)(f), np.nan_to_num(found[1]))
    jacobian = zero.jacobian((f, 2 * f))
    same_bits(np.stack(jacobian[0]), np.nan_to_num(found))
    norm = grid.with_mask(inside, fill=np.nan).gradient_norm(f)
    np.testing.assert_allclose(norm, np.hypot(*want), rtol=1e-9)
    v = np.stack([f, 0 * f + 2])
    carried = zero.advect(np.nan_to_num(v))(f)
    np.testing.assert_allclose(carried, np.nan_to_num((v * want).sum(axis=0)), rtol=1e-9, atol=1e-9)


def test_linear_functions_are_exact(case):
    grid, x, y, inside, f = case
    there = ~np.isnan(by_hand(f, x, y, inside)[0])
    f = np.where(inside, 3 * x - 2 * y + 5, np.nan)
    ocean = grid.with_mask(inside)
    for accuracy in (None, 2, 4):
        dx, dy = ocean.gradient.with_(accuracy=accuracy)(f)
        assert max(abs(dx - 3)[there].max(), abs(dy + 2)[there].max()) < 1e-12
        assert abs(ocean.laplacian.with_(accuracy=accuracy)(f)).max() < 1e-10
    dx, dy = gg.gradient(3 * x - 2 * y, x, y, breaks=[[7], [4, 9]])
    assert max(abs(dx - 3).max(), abs(dy + 2).max()) < 1e-12


def test_second_order_beside_coasts():
    errors = []
    for n in (25, 50, 100):
        x, y = skewed(n)
        inside = island(x, y)
        ocean = gg.Grid(x, y).with_mask(inside)
        f, g = (np.where(inside, a, np.nan) for a in (np.sin(2 * x) * np.cos(y), x * y**2))
        fx, fy = 2 * np.cos(2 * x) * np.cos(y), -np.sin(2 * x) * np.sin(y)
        found = [*ocean.gradient(f), ocean.divergence((f, g)), ocean.curl((g, f)), ocean.laplacian(f)]
        want = [fx, fy, fx + 2 * x * y, fx - 2 * x * y, -5 * np.sin(2 * x) * np.cos(y)]
        errors.append([abs(a - b)[inside].max() for a, b in zip(found, want, strict=True)])
    orders = np.log2(np.array(errors[0]) / errors[-1]) / 2
    assert (orders[:4] > 1.8).all()
    assert orders[4] > 1.2  # of second derivatives with ends of three and four points


@pytest.mark.parametrize(
    "name", ["gradient", "divergence", "curl", "laplacian", "jacobian", "vector_laplacian"]
)
def test_rows_that_read_no_gap_adjoint_matrix_out_and_pickles(name, case, rng):
    grid, x, _, inside, _ = case
    A, whole = getattr(grid.with_mask(inside), name), getattr(grid, name)
    f = rng.normal(size=(*A.inputs, *x.shape))
    g = rng.normal(size=(*A.outputs, *x.shape))

    def joined(a):
        return a if isinstance(a, np.ndarray) else np.stack([joined(part) for part in a])

    holed = np.where(inside, f, np.nan)
    found, without = joined(A(holed)), joined(whole(f))
    padded = np.pad(inside, 3, constant_values=True)
    far = np.all([np.roll(padded, (a, b), (0, 1)) for a in range(-3, 4) for b in range(-3, 4)], axis=0)[
        3:-3, 3:-3
    ]
    assert far.any()
    same_bits(found[..., far], without[..., far])
    same_bits(joined(A(f)), found)
    np.testing.assert_allclose(A.to_sparse() @ f.ravel(), found.ravel(), rtol=1e-10, atol=1e-9)
    assert np.isclose(
        np.vdot(np.where(inside, g, 0), found), np.vdot(joined(A.adjoint(np.where(inside, g, np.nan))), f)
    )
    out = np.empty_like(found)
    A(holed, out=out)
    same_bits(out, found)
    same_bits(joined(pickle.loads(pickle.dumps(A))(holed)), found)


@pytest.mark.parametrize("name", ["gradient", "divergence", "laplacian", "directional_derivative"])
def test_what_is_made_of_operators_is_pickled(name, case):
    """Also from where the weights of the positions were not made yet."""
    grid, x, _, inside, f = case
    sea = grid.with_mask(inside)
    A = getattr(sea, name)
    A = A((1.0, 2.0)) if name == "directional_derivative" else A
    B = A + 0.5 * sea.curl if A.inputs else A @ sea.multiply(x + 2)
    field = (f, x * f) if A.inputs else f
    same_bits(np.stack(pickle.loads(pickle.dumps(B))(field)), np.stack(B(field)))


def test_rings():
    """Longitudes go on after a turn."""
    lat, lon = np.meshgrid(np.linspace(-60, 60, 41), np.arange(0, 360, 5.0), indexing="ij")
    lat, lon = lat + 2 * np.cos(np.deg2rad(lon)), lon + 5 * np.sin(np.deg2rad(lat))
    grid = gg.Grid(lat, lon, periodic=[False, True], period=[None, 360.0])
    inside = (abs(lat - 10) > 20) | (abs(lon - 180) < 120)  # land across the seam
    f = np.sin(np.deg2rad(lon)) + lat / 60
    north, east = grid.with_mask(inside).gradient(np.where(inside, f, np.nan))
    assert abs(north - 1 / 60)[inside].max() < 1e-4
    assert abs(east - np.deg2rad(np.cos(np.deg2rad(lon))))[inside].max() < 1e-4
    again = grid.with_mask(np.ones_like(inside)).gradient(f)
    same_bits(np.stack(again), np.stack(grid.gradient(f)))


def test_levels_over_a_curvilinear_plane(rng):
    x, y = skewed(9)
    z = np.cumsum(rng.uniform(0.5, 1.5, 7))
    f = z[:, None, None] ** 2 + 3 * x - 2 * y
    inside = z[:, None, None] > 2 * rng.random(x.shape)  # the sea floor
    dz, dx, dy = gg.Grid(z, x, y).with_mask(inside).gradient(np.where(inside, f, np.nan))
    assert abs(dz - 2 * z[:, None, None])[inside].max() < 1e-10  # also where a point is alone on its level
    padded = np.pad(inside, ((0, 0), (1, 1), (1, 1)))
    for axis in (1, 2):
        inside = inside & (np.roll(padded, 1, axis) | np.roll(padded, -1, axis))[:, 1:-1, 1:-1]
    assert max(abs(dx - 3)[inside].max(), abs(dy + 2)[inside].max()) < 1e-12


def test_batches_have_the_same_gaps(case):
    _, x, y, _, f = case
    both = gg.gradient(np.stack([f, 2 * f]), x, y, axis=(1, 2), missing="one-sided")
    same_bits(np.ascontiguousarray(both[0][1]), gg.gradient(2 * f, x, y, missing="one-sided")[0])
    with pytest.raises(ValueError, match="take the fields one by one"):
        gg.gradient(np.stack([f, f[::-1]]), x, y, axis=(1, 2), missing="one-sided")


def test_areas_are_those_of_the_whole_grid_and_solves_invert(case):
    grid, _, _, inside, f = case
    ocean = grid.with_mask(inside)
    same_bits(ocean.measure, grid.measure)
    step = ocean.identity - 1e-4 * ocean.laplacian
    assert np.nanmax(abs(step.solve(step(f)) - f)) < 1e-10
    same_bits(
        ocean.with_mask(np.ones_like(inside)).laplacian(np.nan_to_num(f)), grid.laplacian(np.nan_to_num(f))
    )


@pytest.mark.parametrize("library", parameters("own_arrays", "array_api_strict", "cupy"))
def test_other_libraries(library, case):
    grid, _, _, inside, f = case
    ocean = grid.with_mask(inside)
    with library.wide():
        for A in (ocean.laplacian, ocean.derivative(0), ocean.derivative(1).T):
            np.testing.assert_allclose(library.host(A(library.array(f))), A(f), rtol=1e-11, atol=1e-9)
        for own, want in zip(ocean.gradient(library.array(f)), ocean.gradient(f), strict=True):
            np.testing.assert_allclose(library.host(own), want, rtol=1e-11, atol=1e-9)


@pytest.mark.needs("dask")
def test_chunks(case):
    import dask.array as da

    grid, x, y, inside, f = case
    lazy = da.from_array(f, chunks=(9, 8))
    for mask in (inside, da.from_array(inside, chunks=10)):
        ocean = grid.with_mask(mask)
        same_bits(ocean.laplacian(lazy).compute(), grid.with_mask(inside).laplacian(f))
        same_bits(ocean.divergence((lazy, lazy)).compute(), grid.with_mask(inside).divergence((f, f)))
    same_bits(
        gg.gradient(lazy, x, y, missing="one-sided")[0].compute(),
        gg.gradient(f, x, y, missing="one-sided")[0],
    )


def test_what_is_known_beside_gaps_is_refused(case):
    grid, _, _, inside, _ = case
    for beside in ("symmetric", gg.value(1.0)):
        with pytest.raises(ValueError, match="rows beside gaps are one-sided"):
            grid.with_mask(inside, boundary=beside)


@pytest.mark.parametrize("name", ["gradient", "laplacian", "divergence", "gradient_norm"])
def test_what_gaps_are_filled_with_is_no_part_of_rows(name, rng):
    """Also where a point is alone along an axis, and has no slope along that: weights with it are 0."""
    x, y = skewed(12)
    inside = rng.random(x.shape) > 0.2
    inside[5, 5], inside[5, [4, 6]] = True, False
    f = np.where(inside, np.sin(x) * y, np.nan)
    f = (f, x + f) if name == "divergence" else f
    plain, filled = (
        np.asarray(getattr(gg.Grid(x, y).with_mask(inside, fill=fill), name)(f)) for fill in (0.0, np.nan)
    )
    is_filled = np.isnan(filled)
    assert is_filled[..., ~inside].all()
    assert same_bits(filled[~is_filled], plain[~is_filled])
