"""Curvilinear grids without positions where no point counts: operators of the same points with all positions."""

import pickle

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg


def sea(n):
    s, t = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n + 3), indexing="ij")
    x, y = s + 0.1 * np.sin(2 * t), t + 0.15 * np.cos(2 * s)
    return x, y, (x - 0.6) ** 2 + (y - 0.5) ** 2 > 0.09


def without(inside, *arrays, mark=np.nan):
    return [np.where(inside, a, mark) for a in arrays]


@pytest.fixture
def ragged(rng):
    x, y, inside = sea(20)
    inside &= rng.random(x.shape) > 0.15
    return x, y, inside, np.where(inside, rng.normal(size=x.shape), np.nan)


@pytest.mark.parametrize("accuracy", [None, 2, 4])
@pytest.mark.parametrize("name", ["gradient", "laplacian", "jacobian", "gradient_norm"])
def test_what_reads_no_fluxes_has_the_bits_of_the_grid_with_all_positions(name, accuracy, ragged):
    x, y, inside, f = ragged
    known, lacking = (gg.Grid(*own).with_mask(inside) for own in ((x, y), without(inside, x, y)))
    field = (f, 2 * f) if name == "jacobian" else f
    own, want = (getattr(g, name).with_(accuracy=accuracy)(field) for g in (lacking, known))
    same_bits(np.asarray(own), np.asarray(want))
    again = pickle.loads(pickle.dumps(getattr(lacking, name).with_(accuracy=accuracy)))(field)
    same_bits(np.asarray(again), np.asarray(own))


@pytest.mark.parametrize("mark", [np.nan, 0.0, 1e20])
def test_functions_read_no_position_of_a_missing_sample(mark, ragged):
    x, y, inside, f = ragged
    marked = without(inside, x, y, mark=mark)
    for call in (gg.gradient, gg.laplacian):
        own, want = (np.asarray(call(f, *at, missing="one-sided")) for at in (marked, (x, y)))
        same_bits(own, want)
    batch = np.stack([f, 2 * f])
    own, want = (gg.gradient(batch, *at, axis=(1, 2), missing="one-sided")[1] for at in (marked, (x, y)))
    same_bits(own, want)


def test_a_sample_without_a_position_is_left_out(ragged):
    x, y, inside, f = ragged
    own = gg.gradient(np.where(inside, f, 3.0), *without(inside, x, y), missing="one-sided")
    same_bits(np.stack(own), np.stack(gg.gradient(f, x, y, missing="one-sided")))


def test_fluxes_are_of_second_order_and_0_of_constants():
    errors = []
    for n in (25, 50, 100):
        x, y, inside = sea(n)
        ocean = gg.Grid(*without(inside, x, y)).with_mask(inside)
        f, g = without(inside, np.sin(2 * x) * np.cos(y), x * y**2)
        fx = 2 * np.cos(2 * x) * np.cos(y)
        found, want = [ocean.divergence((f, g)), ocean.curl((g, f))], [fx + 2 * x * y, fx - 2 * x * y]
        errors.append([abs(a - b)[inside].max() for a, b in zip(found, want, strict=True)])
        assert abs(ocean.divergence((np.where(inside, 2.0, np.nan), 0 * f - 3))).max() < 1e-12 * n
    assert (np.log2(np.array(errors[0]) / errors[-1]) / 2 > 1.8).all()


def test_measure_is_0_without_a_position_and_that_of_the_whole_grid_away_from_it():
    x, y, inside = sea(60)
    known, lacking = (gg.Grid(*own).with_mask(inside).measure for own in ((x, y), without(inside, x, y)))
    assert (lacking[~inside] == 0).all()
    far = np.all([np.roll(inside, s, k) for k in (0, 1) for s in (-1, 1)], axis=0) & inside
    np.testing.assert_allclose(lacking[far], known[far], rtol=1e-14)
    np.testing.assert_allclose(lacking[inside], known[inside], rtol=1e-3)


def test_rings_across_missing_positions():
    lat, lon = np.meshgrid(np.linspace(-60, 60, 41), np.arange(0, 360, 5.0), indexing="ij")
    lat, lon = lat + 2 * np.cos(np.deg2rad(lon)), lon + 5 * np.sin(np.deg2rad(lat))
    inside = (abs(lat - 10) > 20) | (abs(lon - 180) < 120)  # land across the seam
    grid = gg.Grid(*without(inside, lat, lon), periodic=[False, True], period=[None, 360.0])
    f = np.where(inside, np.sin(np.deg2rad(lon)) + lat / 60, np.nan)
    north, east = grid.with_mask(inside).gradient(f)
    assert abs(north - 1 / 60)[inside].max() < 1e-4
    assert abs(east - np.deg2rad(np.cos(np.deg2rad(lon))))[inside].max() < 1e-4


@pytest.mark.parametrize("mark", [np.nan, 0.0, 1e20])
@pytest.mark.parametrize("words", [{}, {"breaks": [[3], [0, 9]]}], ids=["", "breaks"])
def test_functions_on_rings_with_land_at_the_seam(words, mark):
    """That close in their positions, and that go on by a period."""
    r, a = np.meshgrid(np.linspace(1, 2, 12), np.arange(20) * np.pi / 10 + 0.1, indexing="ij")
    plane = r * np.cos(a) + 0.1 * r * np.sin(2 * a), r * np.sin(a)
    globe = 20 * r + 2 * np.cos(a), np.rad2deg(a) + 5 * r
    inside = (abs(a - 3) < 2) | (r > 1.6)
    f = np.where(inside, np.sin(a) * r, np.nan)
    for at, period in ((plane, None), (globe, [None, 360.0])):
        ends = {"periodic": [False, True], "period": period, "missing": "one-sided", **words}
        own = gg.gradient(f, *without(inside, *at, mark=mark), **ends)
        same_bits(np.stack(own), np.stack(gg.gradient(f, *at, **ends)))


def test_levels_with_positions_in_the_sea_alone(rng):
    x, y, _ = sea(9)
    z = np.cumsum(rng.uniform(0.5, 1.5, 7))
    inside = (z[:, None, None] > 2 * rng.random(x.shape)) & (x < 0.9)
    f = np.where(inside, z[:, None, None] ** 2 + 3 * x - 2 * y, np.nan)
    own = gg.Grid(z, *without(inside, x, y)).with_mask(inside)
    want = gg.Grid(z, x, y).with_mask(inside).gradient(f)
    same_bits(np.stack(own.gradient(f)[1:]), np.stack(want[1:]))
    assert np.isfinite(own.divergence((f, f, f))).all()


def test_sums_of_operators_travel_and_join_those_of_an_equal_grid(ragged):
    x, y, inside, f = ragged
    known, lacking, equal = (
        gg.Grid(*own).with_mask(inside) for own in ((x, y), without(inside, x, y), without(inside, x, y))
    )
    steps = [g.identity - 0.01 * g.laplacian for g in (known, lacking)]
    want = steps[0](f)
    same_bits(pickle.loads(pickle.dumps(steps[1]))(f), want)
    same_bits((equal.identity - 0.01 * lacking.laplacian)(f), want)


@pytest.mark.needs("dask")
@pytest.mark.parametrize("mark", [np.nan, None])
@pytest.mark.parametrize("name", ["gradient", "divergence", "curl", "laplacian"])
def test_tasks_of_other_processes_have_the_weights_beside_gaps(name, mark, ragged):
    """Each has a part of the mask; weights at points depend on all of it."""
    import dask.array as da

    x, y, inside, f = ragged
    grid = gg.Grid(*([x, y] if mark is None else without(inside, x, y, mark=mark))).with_mask(inside)
    A = getattr(grid, name)
    F = np.stack([f, 2 * f]) if A.inputs else f
    lazy = A(da.from_array(F, chunks=(*F.shape[:-2], 7, 9)))
    for own, want in zip(*((r if A.outputs else [r]) for r in (lazy, A(F))), strict=True):
        graph = pickle.loads(pickle.dumps(dict(own.__dask_graph__())))
        found = da.Array(graph, own.name, own.chunks, own.dtype).compute(scheduler="sync")
        same_bits(np.asarray(found), np.asarray(want))


def test_a_point_that_counts_needs_a_position(ragged):
    x, y, inside, f = ragged
    grid = gg.Grid(*without(inside, x, y))
    for asked in (lambda: grid.gradient(f), lambda: grid.divergence((f, f)), lambda: grid.measure):
        with pytest.raises(ValueError, match=r"coordinate 0 .* is not finite: it is nan at index"):
            asked()
    more = inside.copy()
    more[tuple(np.argwhere(~inside)[2])] = True
    i, j = np.argwhere(~inside)[2]
    with pytest.raises(
        ValueError, match=rf"nan at index \({i}, {j}\).* leave these out by with_mask\(inside\)"
    ):
        grid.with_mask(more)
    with pytest.raises(ValueError, match="nan at index"):
        grid.with_mask(inside).with_mask(more)
    with pytest.raises(ValueError, match="inf at index"):
        gg.Grid(np.where(inside, x, np.inf), y)


@pytest.mark.needs("xarray")
def test_labelled_positions():
    xr = pytest.importorskip("xarray")
    import gridgrad.xarray as labelled

    x, y, inside = sea(20)
    f = np.where(inside, np.sin(x) * y, np.nan)
    own, want = (
        xr.DataArray(f, dims=("j", "i"), coords={"x": (("j", "i"), a), "y": (("j", "i"), b)})
        for a, b in (without(inside, x, y), (x, y))
    )
    named = {"coord": ("x", "y"), "dim": ("j", "i")}
    for a, b in zip(*(gg.gradient(one, **named, missing="one-sided") for one in (own, want)), strict=True):
        same_bits(a.values, b.values)
    gaps = xr.DataArray(inside, dims=("j", "i"))
    found = (labelled.Grid(one, **named).with_mask(gaps).gradient(one.fillna(0.0)) for one in (own, want))
    for a, b in zip(*found, strict=True):
        same_bits(a.values, b.values)
