"""Gaps on lines of their own: each run of points of each line has the bits of a call on it alone, whatever stands outside."""

import pickle

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

SHAPE = (9, 6, 7)
CALLS = {
    "gradient": lambda f, z, axis=0, **words: gg.gradient(f, z, axis=axis, **words),
    "gradient 2": lambda f, z, axis=0, **words: gg.gradient(f, z, axis=axis, edge_order=2, **words),
    "accuracy 2": lambda f, z, axis=0, **words: gg.gradient(f, z, axis=axis, accuracy=2, **words),
    "derivative": lambda f, z, axis=0, **words: gg.derivative(f, z, axis=axis, **words),
    "second": lambda f, z, axis=0, **words: gg.derivative(f, z, axis=axis, order=2, **words),
    "second, edges of order 1": lambda f, z, axis=0, **words: gg.laplacian(f, z, axis=axis, edge_order=1, **words),
}  # fmt: skip
NEEDED = {"gradient": 2, "second": 3, "second, edges of order 1": 3}
KINDS = ("irregular", "even", "mixed")


def heights(rng, axis=0, kind="irregular", shape=SHAPE):
    """Lines up and down."""
    steps = {
        "irregular": rng.uniform(0.1, 1.1, shape),
        "even": np.broadcast_to(np.take(rng.uniform(0.1, 1, shape), [0], axis).round(2), shape),
        "mixed": rng.integers(1, 3, shape) * 0.5,
    }[kind]
    return np.cumsum(steps, axis=axis) * np.take(rng.choice([-1, 1], shape), [0], axis)


def holes(rng, shape=SHAPE, share=0.25):
    inside = rng.random(shape) > share
    inside[: shape[0] // 3] &= rng.random(shape[1:]) > 0.4  # as under the ground
    return inside


def alone(call, f, z, axis, breaks=()):
    """Run by run: NaN outside, and where a run is too short for any rows."""
    result = np.full(f.shape, np.nan, np.result_type(f, np.float16))
    for spot in np.ndindex(tuple(n for a, n in enumerate(f.shape) if a != axis % f.ndim)):
        at = (*spot[: axis % f.ndim], slice(None), *spot[axis % f.ndim :])
        own, x = f[at], np.broadcast_to(z, f.shape)[at]
        cuts = np.flatnonzero(np.diff(np.isnan(own))) + 1
        for run in np.split(np.arange(len(own)), sorted({*cuts.tolist(), *breaks})):
            if len(run) and not np.isnan(own[run]).any():
                result[(*spot[: axis % f.ndim], run, *spot[axis % f.ndim :])] = of_run(call, own[run], x[run])
    return result


def of_run(call, f, x):
    for words in ({}, {"edge_order": 1, "accuracy": None}):
        try:
            return call(f, x) if not words else lower(call)(f, x)
        except (ValueError, IndexError):
            continue
    return np.full(len(f), np.nan)


def lower(call):
    """The same of fewer points."""
    second = call in (CALLS["second"], CALLS["second, edges of order 1"])
    return lambda f, x: (
        gg.derivative(f, x, order=2, edge_order=1) if second else gg.gradient(f, x, edge_order=1)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CALLS)
def test_each_run_has_the_bits_that_it_has_alone(name, kind, rng):
    for axis in (0, 1, 2, -1):
        z = heights(rng, axis, kind)
        f = np.where(holes(rng), rng.normal(size=SHAPE), np.nan)
        same_bits(CALLS[name](f, z, axis, missing="one-sided"), alone(CALLS[name], f, z, axis))


@pytest.mark.parametrize("dtype", ["float32", "longdouble", "complex128"])
def test_dtypes(dtype, rng):
    for kind in KINDS:
        z, inside = heights(rng, 0, kind), holes(rng)
        f = np.where(inside, rng.normal(size=SHAPE) * 50, np.nan).astype(dtype)
        found = gg.gradient(f, z, axis=0, edge_order=2, missing="one-sided")
        assert found.dtype == f.dtype
        np.testing.assert_allclose(
            found,
            alone(CALLS["gradient 2"], f, z, 0),
            rtol=1e-5 if dtype == "float32" else 1e-13,
            atol=1e-4 if dtype == "float32" else 1e-12,
        )


def test_breaks(rng):
    z = heights(rng)
    f = np.where(holes(rng, share=0.1), rng.normal(size=SHAPE), np.nan)
    same_bits(
        gg.gradient(f, z, axis=0, missing="one-sided", breaks=[4]), alone(CALLS["gradient"], f, z, 0, (4,))
    )
    whole = np.nan_to_num(f)
    cut = gg.Grid(z, (6, 1.0), (7, 1.0), edge_order=1).with_breaks(0, [4]).derivative(0)
    same_bits(cut(whole), alone(CALLS["gradient"], whole, z, 0, (4,)))


def test_a_ring_of_lines(rng):
    """A run that goes on across the seam."""
    z = np.cumsum(rng.uniform(0.1, 1.1, SHAPE), axis=0)
    inside = holes(rng)
    inside[:, 0, 0] = True
    f = np.where(inside, rng.normal(size=SHAPE), np.nan)
    found = gg.gradient(f, z, axis=0, periodic=True, period=12.0, missing="one-sided")
    for spot in np.ndindex(SHAPE[1:]):
        at = (slice(None), *spot)
        one = gg.gradient(f[at], z[at], periodic=True, period=12.0, missing="one-sided")
        same_bits(np.ascontiguousarray(found[at]), one)


def test_a_plane_of_heights_serves_a_batch(rng):
    z = heights(rng, 0, shape=(9, 1, 7))
    f = np.where(holes(rng), rng.normal(size=SHAPE), np.nan)
    same_bits(gg.gradient(f, z, axis=0, missing="one-sided"), alone(CALLS["gradient"], f, z, 0))
    times = heights(rng, -1, shape=SHAPE[1:])
    same_bits(gg.gradient(f, times, axis=-1, missing="one-sided"), alone(CALLS["gradient"], f, times, -1))


def test_positions_outside_may_be_none(rng):
    """Missing with their samples, as the times of a trajectory; or repeated, as levels clipped at the ground."""
    z = heights(rng, 0)
    inside = holes(rng)
    inside[:, 2, 2] = False
    f = np.where(inside, rng.normal(size=SHAPE), np.nan)
    want = alone(CALLS["gradient 2"], f, z, 0)
    for outside in (np.nan, 0.0, 1e300, np.inf):
        given = np.where(inside, z, outside)
        same_bits(gg.gradient(f, given, axis=0, edge_order=2, missing="one-sided"), want)
        same_bits(gg.derivative(f, given, axis=0, missing="one-sided"), want)
    known = np.where(rng.random(SHAPE) < 0.9, f, np.pi)  # samples without positions
    known[np.isnan(f)] = np.pi
    same_bits(gg.gradient(known, np.where(inside, z, np.nan), axis=0, edge_order=2, missing="one-sided"),
              alone(CALLS["gradient 2"], np.where(inside, known, np.nan), z, 0))  # fmt: skip
    wrong = np.where(inside, z, np.nan)
    first, second = np.flatnonzero(inside[:, 0, 0])[:2]
    wrong[[first, second], 0, 0] = z[[second, first], 0, 0]
    with pytest.raises(ValueError, match=r"not strictly monotonic on the line x\[:, 0, 0\]"):
        gg.gradient(f, wrong, axis=0, missing="one-sided")
    with pytest.raises(ValueError, match="not finite"):
        gg.gradient(np.nan_to_num(f), np.where(inside, z, np.nan), axis=0)


@pytest.fixture
def grid(rng):
    return gg.Grid(heights(rng, 0, shape=SHAPE), np.cumsum(rng.uniform(0.5, 1, 6)), (7, 0.5))


OPERATORS = {
    "gradient": lambda g: g.gradient,
    "divergence": lambda g: g.divergence,
    "curl": lambda g: g.curl,
    "jacobian": lambda g: g.jacobian,
    "laplacian": lambda g: g.laplacian,
    "vector_laplacian": lambda g: g.vector_laplacian,
    "advect": lambda g: g.advect([1.0, -2.0, 3.0]),
    "directional_derivative": lambda g: g.directional_derivative([1.0, -2.0, 3.0]),
    "step": lambda g: g.identity - 0.1 * g.laplacian + g.advect([1.0, -2.0, 3.0]),
}


def joined(f):
    return f if isinstance(f, np.ndarray) else np.stack([joined(part) for part in f])


def along(grid, f, inside, k, order=1):
    """The derivative along one axis, 0 outside and where there is none."""
    x = grid.coordinates[k]
    x = np.broadcast_to(x if x.ndim > 1 else x.reshape([-1 if a == k else 1 for a in range(3)]), f.shape)
    call = CALLS["gradient 2" if order == 1 else "second"]
    return np.nan_to_num(alone(call, np.where(inside, f, np.nan), x, k))


def by_hand(name, grid, f, inside):
    """What operators are, of derivatives along the axes."""

    def d(f, k, order=1):
        return along(grid, f, inside, k, order)

    x, y, z = range(3)
    if name == "gradient":
        return np.stack([d(f, k) for k in range(3)])
    if name == "divergence":
        return sum(d(f[k], k) for k in range(3))
    if name == "curl":
        return np.stack([d(f[z], y) - d(f[y], z), d(f[x], z) - d(f[z], x), d(f[y], x) - d(f[x], y)])
    if name == "jacobian":
        return np.stack([np.stack([d(f[a], k) for k in range(3)]) for a in range(3)])
    lap = lambda f: sum(d(f, k, 2) for k in range(3))  # noqa: E731
    adv = lambda f: d(f, 0) - 2 * d(f, 1) + 3 * d(f, 2)  # noqa: E731
    if name == "laplacian":
        return lap(f)
    if name == "vector_laplacian":
        return np.stack([lap(part) for part in f])
    if name == "advect":
        return adv(f)
    if name == "directional_derivative":
        return adv(f)
    return np.where(inside, f, 0) - 0.1 * lap(f) + adv(f)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_of_a_grid(name, grid, rng):
    inside = holes(rng)
    A = OPERATORS[name](grid.with_mask(inside))
    f = rng.normal(size=(*A.inputs, *SHAPE))
    found = joined(A(np.where(inside, f, np.nan)))
    np.testing.assert_allclose(found, by_hand(name, grid, f, inside), rtol=1e-12, atol=1e-11)
    out = np.empty_like(found)
    A(np.where(inside, f, np.nan), out=out)
    same_bits(out, found)
    single = joined(A(np.where(inside, f, np.nan).astype(np.float32)))
    np.testing.assert_allclose(single, found, rtol=1e-3, atol=2e-3)
    same_bits(joined(pickle.loads(pickle.dumps(A))(np.where(inside, f, np.nan))), found)


@pytest.mark.parametrize("name", OPERATORS)
def test_adjoint_and_matrix(name, grid, rng):
    inside = holes(rng)
    A = OPERATORS[name](grid.with_mask(inside))
    f, g = rng.normal(size=(*A.inputs, *SHAPE)), rng.normal(size=(*A.outputs, *SHAPE))
    made = joined(A(f))
    np.testing.assert_allclose(A.to_sparse() @ f.ravel(), made.ravel(), rtol=1e-12, atol=1e-11)
    back = joined(A.adjoint(np.where(inside, g, np.nan)))
    np.testing.assert_allclose(
        (A.to_sparse().T @ np.where(inside, g, 0).ravel()), back.ravel(), rtol=1e-12, atol=1e-11
    )
    assert np.isclose(np.vdot(np.where(inside, g, 0), made), np.vdot(back, f))


def test_batches_and_out_over_the_field(grid, rng):
    inside = holes(rng)
    A = grid.with_mask(inside).laplacian
    f = np.where(inside, rng.normal(size=(2, *SHAPE)), np.nan)
    whole = A(f)
    same_bits(whole[1], A(f[1]))
    many = np.stack([inside, holes(rng)])
    each = grid.with_mask(many).laplacian(np.nan_to_num(f))
    same_bits(each[0], whole[0])
    same_bits(each[1], grid.with_mask(many[1]).laplacian(np.nan_to_num(f[1])))
    own = f[0].copy()
    assert A(own, out=own) is own
    same_bits(own, whole[0])


def test_one_axis_of_a_field_with_several(rng):
    """A mask is in the order of the grid's axes, behind the others."""
    z, inside = heights(rng, 0, shape=(9, 7)), holes(rng, (9, 7))
    f = np.where(inside, rng.normal(size=(9, 7)), np.nan)
    own = gg.Grid(z, axes=[-2]).with_mask(inside.T, fill=np.nan).derivative(0)
    same_bits(own(f), alone(CALLS["gradient 2"], f, z, 0))
    above = gg.Grid(z, axes=[-2]).with_mask(np.arange(9) > 2, fill=np.nan).derivative(0)
    f = rng.normal(size=(9, 7))
    f[:3] = np.nan
    same_bits(above(f), alone(CALLS["gradient 2"], f, z, 0))


def test_nan_within_a_run_stays_where_it_is(rng):
    z = heights(rng, 0, "mixed")
    inside = holes(rng)
    f = np.where(inside, rng.normal(size=SHAPE), np.nan)
    f[5, 3, 3] = np.nan
    inside[5, 3, 3] = inside[4, 3, 3] = True
    A = gg.Grid(z, (6, 1.0), (7, 1.0)).with_mask(inside, fill=np.nan).derivative(0)
    for spot in np.ndindex(SHAPE[1:]):
        at = (slice(None), *spot)
        one = gg.Grid(z[at]).with_mask(inside[at], fill=np.nan).gradient(f[at]) if inside[at].any() else f[at]
        np.testing.assert_array_equal(A(f)[at], one)


@pytest.mark.parametrize("library", parameters("own_arrays", "array_api_strict", "cupy", "dask"))
def test_other_libraries(library, grid, rng):
    inside = holes(rng)
    f = np.where(inside, rng.normal(size=SHAPE), np.nan)
    ocean = grid.with_mask(inside)
    with library.wide():
        for A in (ocean.laplacian, ocean.derivative(0), ocean.derivative(0).T):
            found = library.host(A(library.array(f)))
            np.testing.assert_allclose(found, A(f), rtol=1e-12, atol=1e-11)
        z = grid.coordinates[0]
        found = library.host(gg.gradient(library.array(f), library.array(z), axis=0, missing="one-sided"))
        np.testing.assert_allclose(
            found, gg.gradient(f, z, axis=0, missing="one-sided"), rtol=1e-12, atol=1e-11
        )


@pytest.mark.needs("dask")
@pytest.mark.parametrize("chunks", [(60, 5, 7), (13, 6, 7), (20, 4, 3)])
def test_chunks(chunks, rng):
    """Rows of a chunk are found on whole lines, which it may have a part of, and in any part of all lines."""
    import dask.array as da

    shape = (60, 6, 7)
    z, inside = heights(rng, 0, shape=shape), holes(rng, shape)
    f = np.where(inside, rng.normal(size=shape), np.nan)
    lazy = da.from_array(f, chunks=chunks)
    grid, turned = gg.Grid(z, (6, 1.0), (7, 2.0)), inside.transpose(1, 2, 0)
    for mask in (inside, da.from_array(inside, chunks=chunks)):
        for A in (grid.with_mask(mask).derivative(0), grid.with_mask(mask).laplacian):
            same_bits(A(lazy).compute(), A(f))
    batch = gg.Grid(z, axes=[-3]).with_mask(turned).gradient
    same_bits(batch(lazy).compute(), batch(f))
    np.testing.assert_allclose(
        batch.T(np.nan_to_num(lazy)).compute(), batch.T(np.nan_to_num(f)), rtol=1e-12, atol=1e-12
    )
    given = np.where(inside, z, np.nan)
    same_bits(
        gg.gradient(lazy, given, axis=0, missing="one-sided").compute(),
        gg.gradient(f, given, axis=0, missing="one-sided"),
    )


@pytest.mark.needs("xarray")
def test_times_that_are_missing_with_their_samples(rng):
    """By labels: dates of trajectories, NaT where nothing was measured."""
    import xarray

    seconds = np.cumsum(rng.integers(1, 5, (5, 12)), axis=1)
    inside = rng.random((5, 12)) > 0.25
    inside[0, 0] = False  # of which all dates are counted
    times = np.datetime64("2020-01-01", "ns") + seconds * np.timedelta64(1, "s")
    times[~inside] = np.datetime64("NaT", "ns")
    f = np.where(inside, rng.normal(size=seconds.shape), np.nan)
    track = xarray.DataArray(f, {"time": (("track", "obs"), times)}, ("track", "obs"), "x")
    found = gg.gradient(track, dim="obs", coord="time", missing="one-sided")
    same_bits(found.values, alone(CALLS["gradient"], f, 1.0 * seconds, 1))


def test_what_is_known_beside_gaps_is_refused(grid, rng):
    for beside in ("symmetric", "reflect", gg.value(0.0)):
        with pytest.raises(ValueError, match="rows beside gaps are one-sided"):
            grid.with_mask(holes(rng), boundary=beside)


def test_order_beside_terrain():
    """Of the second order everywhere, the points beside the ground included."""
    errors = []
    for n in (20, 40, 80):
        x, level = np.linspace(0, 4, n), np.linspace(0, 1, n)
        ground = 0.3 * np.sin(2 * x)
        z = np.outer((level + 0.2 * level**2) / 1.2, 3 + 0.5 * np.cos(x))
        above = z > ground + 0.5
        f = np.where(above, np.sin(2 * z), np.nan)
        got = gg.Grid(z, (n, x[1])).with_mask(above).derivative(0)(f)
        errors.append(abs(got - 2 * np.cos(2 * z))[above].max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert ((orders > 1.7) & (orders < 2.4)).all()
