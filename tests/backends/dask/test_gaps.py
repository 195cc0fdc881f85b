"""Arrays of chunks on grids with gaps: the bits of the whole for every chunking and mask, nothing computed before."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridgrad as gg

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")
Callback = pytest.importorskip("dask.callbacks").Callback


def refuses(*args, **kwargs):
    raise AssertionError("computed while a graph was built")


def of_chunks(lazy, wanted, chunks):
    """Whether lazy results have these chunks, and the bits of what was computed at once."""
    lazy, wanted = (own if isinstance(own, tuple) else (own,) for own in (lazy, wanted))
    return all(
        own.chunks[-len(chunks) :] == chunks
        and own.dtype == value.dtype
        and np.array_equal(own.compute(scheduler="synchronous"), value, equal_nan=True)
        for own, value in zip(lazy, wanted, strict=True)
    )


def at_once(make, *arrays):
    """What is made of lazy arrays, of which none may be computed meanwhile."""
    with dask.config.set(scheduler=refuses):
        return make(*arrays)


def cut(draw, n, sizes):
    """The chunks of an axis: of one point, of equal ones with a rest, of any."""
    kind = draw(st.sampled_from(["equal", "any"]))
    if kind == "equal":
        size = draw(st.sampled_from([*sizes, n]))
        return (*(size,) * (n // size), *([n % size] if n % size else []))
    places = sorted({0, n, *draw(st.lists(st.integers(1, n - 1), max_size=4))})
    return tuple(np.diff(places).tolist())


ENDS = ["one-sided", "periodic", "symmetric", "antisymmetric", gg.value(2.0), gg.slope(0.5, wall="face")]
BESIDE = ["one-sided", "symmetric", "reflect", gg.value(1.5), gg.value(1.5, wall="face"), gg.slope(-1.0)]


@st.composite
def cases(draw):
    """A grid with gaps, a field on it, and chunks of it."""
    shape = draw(st.integers(4, 7)), draw(st.sampled_from([9, 30, 61]))
    seed, share = draw(st.integers(0, 1 << 16)), draw(st.sampled_from([0.0, 0.01, 0.05, 0.3, 0.7]))
    rng = np.random.default_rng(seed)
    axes = [(n, 0.5) if draw(st.booleans()) else np.cumsum(rng.random(n) + 0.5) for n in shape]
    ends = [draw(st.sampled_from(ENDS)) for _ in axes]
    periods = [None if end != "periodic" else 1000.0 for end in ends]
    periods = [None if isinstance(x, tuple) else own for x, own in zip(axes, periods, strict=True)]
    grid = gg.Grid(*axes, boundary=ends, period=periods, edge_order=draw(st.sampled_from([1, 2])))
    inside = rng.random(shape) >= share
    inside.reshape(-1)[seed % inside.size] = True
    if draw(st.booleans()):  # coasts along the axes
        inside[:, shape[1] // 3] = False
        inside[0, 0] = True
    u = np.where(inside, rng.random((2, *shape)), np.nan)
    return (
        grid,
        inside,
        u,
        (draw(st.sampled_from([(2,), (1, 1)])), cut(draw, shape[0], [1, 3]), cut(draw, shape[1], [2, 7, 26])),
    )


OPERATORS = {
    "gradient": lambda g: g.gradient,
    "fine": lambda g: g.gradient.with_(accuracy=4),
    "laplacian": lambda g: g.laplacian,
    "conservative": lambda g: g.laplacian.with_(form="conservative"),
    "mixed": lambda g: g.mixed_derivative(0, 1),
    "norm": lambda g: g.gradient_norm,
    "upwind": lambda g: g.advect((1.0, -0.5), upwind=2),
    "fourth": lambda g: g.derivative(1, order=4, accuracy=4),
    "sum": lambda g: g.identity - 0.1 * g.laplacian + 2.0 * g.derivative(1),
    "diffuse": lambda g: g.diffuse(1.0 + g.mesh()[0] ** 2),
    "diffuse arithmetic": lambda g: g.diffuse(2.0),
    "advect": lambda g: g.advect((1.0, -0.5)),
}


@settings(max_examples=20)
@given(cases(), st.sampled_from(list(OPERATORS)), st.sampled_from(BESIDE), st.booleans(), st.booleans())
def test_every_chunking_has_the_bits_of_the_whole(case, name, beside, is_lazy, has_breaks):
    grid, inside, u, chunks = case
    plain = grid.with_mask(inside, boundary=beside, fill=np.nan)
    mask = da.from_array(inside, chunks=5) if is_lazy else inside
    ocean = at_once(lambda: grid.with_mask(mask, boundary=beside, fill=np.nan))
    if has_breaks:
        plain, ocean = (own.with_breaks(1, [3, 4], boundary=beside) for own in (plain, ocean))
    try:
        wanted = OPERATORS[name](plain)(u)
    except (ValueError, TypeError):
        with pytest.raises((ValueError, TypeError)):
            OPERATORS[name](ocean)(da.from_array(u, chunks=chunks))
        return
    lazy = at_once(lambda d: OPERATORS[name](ocean)(d), da.from_array(u, chunks=chunks))
    assert of_chunks(lazy, wanted, chunks)


TURNED = {
    "transpose": lambda own: own.T,
    "adjoint": lambda own: (1j * own).adjoint_operator(),
    "weighted": lambda own: own.adjoint_operator("quadrature"),
    "and back": lambda own: own.T.T,
}
LINEAR = {name: make for name, make in OPERATORS.items() if name != "norm"} | {
    "divergence": lambda g: g.divergence,
    "by a field": lambda g: g.mesh()[1] * g.laplacian,
    "wide": lambda g: g.laplacian.with_(form="wide"),
    "second": lambda g: g.derivative(1, order=2, accuracy=6),
}


@settings(max_examples=30)
@given(
    cases(),
    st.sampled_from(list(LINEAR)),
    st.sampled_from(list(TURNED)),
    st.sampled_from(BESIDE),
    st.booleans(),
    st.booleans(),
)
def test_transposes_have_the_bits_of_the_whole_in_every_chunking(
    case, name, form, beside, is_lazy, has_breaks
):
    grid, inside, u, chunks = case
    plain = grid.with_mask(inside, boundary=beside)
    ocean = grid.with_mask(da.from_array(inside, chunks=5), boundary=beside) if is_lazy else plain
    if has_breaks:
        plain, ocean = (own.with_breaks(1, [3, 4], boundary=beside) for own in (plain, ocean))
    try:
        plain = TURNED[form](LINEAR[name](plain))
    except (ValueError, TypeError):
        with pytest.raises((ValueError, TypeError)):
            TURNED[form](LINEAR[name](ocean))
        return
    g = (u, u[::-1]) if plain.inputs else u
    lazy = [da.from_array(own, chunks=chunks) for own in (u, u[::-1])]
    made = at_once(lambda: TURNED[form](LINEAR[name](ocean))(lazy if plain.inputs else lazy[0]))
    assert of_chunks(made, plain(g), chunks)


@pytest.mark.parametrize("n", [4, 5, 12, 23, 24, 25, 26, 30])
@pytest.mark.parametrize("name", ["laplacian", "second", "wide"])
def test_rows_of_one_end_are_not_taken_for_some_at_the_other(n, name):
    """Along short axes a chunk is beside both ends: a gap at one of them is none at the other."""
    rng = np.random.default_rng(n)
    grid = gg.Grid(np.cumsum(rng.uniform(0.5, 1.5, n)), np.cumsum(rng.uniform(0.5, 1.5, 9)))
    u = rng.random((n, 9))
    for gap in ((0, 6), (n - 1, 0), (1, 2), (n - 2, 8)):
        inside = np.ones((n, 9), bool)
        inside[gap] = False
        A = LINEAR[name](grid.with_mask(inside))
        for rows in ((2, n - 2), (1,) * n, (n - 1, 1)):
            assert of_chunks(A.T(da.from_array(u, chunks=(rows, (4, 5)))), A.T(u), (rows, (4, 5)))


@settings(max_examples=10)
@given(
    cases(),
    st.sampled_from(["gradient_norm", "gradient_squared"]),
    st.sampled_from([np.complex64, complex]),
    st.booleans(),
)
def test_sizes_of_complex_fields_have_the_chunks_of_these(case, name, dtype, is_lazy):
    grid, inside, u, chunks = case
    z = (u + 1j * u[::-1] ** 2).astype(dtype)
    ocean = grid.with_mask(da.from_array(inside, chunks=5) if is_lazy else inside)
    made = at_once(getattr(ocean, name), da.from_array(z, chunks=chunks))
    assert of_chunks(made, getattr(grid.with_mask(inside), name)(z), chunks)


LAT, LON = np.linspace(-60, 70, 40), np.arange(48) * 7.5

MISSING = {
    "gradient": lambda f: gg.gradient(f, LAT, LON, axis=(1, 2), edge_order=2, missing="one-sided"),
    "other order": lambda f: gg.gradient(f, LON, LAT, axis=(2, 1), missing="one-sided"),
    "sphere": lambda f: gg.gradient(f, LAT, LON, axis=(1, 2), missing="one-sided", geometry="sphere"),
    "laplacian": lambda f: gg.laplacian(f, LAT, LON, axis=(1, 2), missing="one-sided", geometry="sphere"),
    "divergence": lambda f: gg.divergence((f, 2 * f), LAT, LON, axis=(1, 2), missing="one-sided"),
    "breaks": lambda f: gg.derivative(f, LAT, axis=1, missing="one-sided", breaks=[20]),
    "norm": lambda f: gg.gradient_norm(f.astype(np.float32), 0.5, axis=2, missing="one-sided"),
}


def sea():
    """Three times of a sea, whose ice and coasts differ."""
    u = np.random.default_rng(0).random((3, 40, 48))
    u[:, 10:25, 5:20] = u[:, 5] = u[2, 30:, 45:] = np.nan
    u[np.random.default_rng(1).random(u.shape) < 0.02] = np.nan
    return u


@pytest.mark.parametrize("name", MISSING)
def test_missing_samples_are_not_looked_at_before(name):
    u, function = sea(), MISSING[name]
    for chunks in ((1, 20, 17), (2, 40, 5), 40):
        d = da.from_array(u, chunks=chunks)
        assert of_chunks(at_once(function, d), function(u), d.chunks)


def test_labels_pass():
    xarray = pytest.importorskip("xarray")
    u = xarray.DataArray(sea(), dims=("time", "lat", "lon"), coords={"lat": LAT, "lon": LON}, name="t")
    lazy = at_once(lambda f: gg.gradient(f, dim=("lat", "lon"), missing="one-sided"), u.chunk(time=1, lat=13))
    for own, wanted in zip(lazy, gg.gradient(u, dim=("lat", "lon"), missing="one-sided"), strict=True):
        assert own.chunks == u.chunk(time=1, lat=13).chunks
        assert wanted.identical(own.compute())


def test_a_mask_is_one_for_all_times_and_travels_by_its_chunks():
    """Tasks of a chunk: the sweep with its rows, faces of the field; of the mask as many as it has chunks."""
    u, inside = sea(), ~np.isnan(sea()[0])
    ocean = gg.Grid(LAT, LON).with_mask(inside)
    d = da.from_array(u, chunks=(1, 20, 24)).map_blocks(np.copy)
    lazy = ocean.laplacian(d)
    keys = []
    with Callback(pretask=lambda key, graph, state: keys.append((key, type(graph[key]).__name__))):
        dask.persist(lazy, scheduler="synchronous")
    assert sum("gridgrad" in str(key) and kind != "Alias" for key, kind in keys) <= 2 * d.npartitions + 4
    tasks = {key: task for key, task in lazy.__dask_graph__().items() if key[0].startswith("gridgrad")}
    assert max(len(pickle.dumps(task)) for task in tasks.values()) < 8 << 10


def test_other_processes_make_the_same():
    u = sea()
    d = da.from_array(u, chunks=(3, 20, 24))
    tasks = pickle.loads(pickle.dumps(MISSING["gradient"](d)))
    assert of_chunks(tasks, MISSING["gradient"](u), d.chunks)


def test_a_known_mask_has_its_rows_made_once():
    u = sea()
    ocean = gg.Grid(LAT, LON).with_mask(~np.isnan(u[0]))
    d = da.from_array(u[0], chunks=20)
    A = ocean.laplacian
    for make in (lambda: A, lambda: A.T, lambda: A.adjoint_operator("quadrature")):
        make()(d).compute()
        made = list(A.beside.blocks.values())[-1]
        kept = dict(made)
        make()(2.0 * d).compute()
        assert len(kept) == d.npartitions
        assert kept == made
    assert len(A.beside.blocks) == 3


@pytest.mark.parametrize("weight", [None, "quadrature"])
def test_transposes_on_a_sphere(weight):
    u = sea()
    ocean = gg.Grid(LAT, LON, geometry="sphere").with_mask(~np.isnan(u))
    A = ocean.gradient.adjoint_operator(weight)
    for chunks in ((1, 20, 17), (2, 40, 5)):
        d = da.from_array(u, chunks=chunks)
        assert of_chunks(at_once(A, (d, 2.0 * d)), A((u, 2.0 * u)), d.chunks)


def test_transposes_are_two_tasks_a_chunk():
    ocean = gg.Grid((800, 1.0), (800, 1.0)).with_mask(np.random.default_rng(0).random((800, 800)) > 0.1)
    d = da.zeros((800, 800), chunks=400)
    keys = []
    with Callback(pretask=lambda key, graph, state: keys.append((key, type(graph[key]).__name__))):
        dask.persist(ocean.laplacian.T(d), scheduler="synchronous")
    # one of the mask
    assert sum("gridgrad" in str(key) and kind != "Alias" for key, kind in keys) == 3 * d.npartitions


def test_lazy_masks_are_computed_for_what_is_at_once():
    u = sea()[0]
    inside = da.from_array(~np.isnan(u), chunks=20)
    ocean = gg.Grid(LAT, LON).with_mask(inside)
    assert "some of them inside" in repr(ocean)
    wanted = gg.Grid(LAT, LON).with_mask(~np.isnan(u)).laplacian
    assert np.array_equal(ocean.laplacian(u), wanted(u))
    g = np.nan_to_num(u)
    made = at_once(lambda d: gg.Grid(LAT, LON).with_mask(inside).laplacian.T(d), da.from_array(g, chunks=20))
    assert np.array_equal(made.compute(), wanted.T(g))
    with pytest.raises(ValueError, match="inside has shape"):
        gg.Grid(LAT).with_mask(inside[0])
    with pytest.raises(TypeError, match="inside has dtype float64"):
        gg.Grid(LAT, LON).with_mask(1.0 * inside)


def test_lazy_masks_of_one_name_are_the_same_gaps():
    inside = da.from_array(np.random.default_rng(3).random((12, 20)) > 0.2, chunks=(5, 8))
    grid, field = gg.Grid((12, 1.0), (20, 0.5)), np.random.default_rng(4).random((12, 20))
    first, second = grid.with_mask(inside), grid.with_mask(inside)
    total = at_once(lambda own: (first.laplacian + second.identity)(own), da.from_array(field, chunks=(4, 7)))
    known = grid.with_mask(np.asarray(inside))
    assert np.array_equal(total.compute(), (known.laplacian + known.identity)(field))
    for other in (~inside, inside[::-1]):
        with pytest.raises(ValueError, match="their gaps differ"):
            first.laplacian + grid.with_mask(other).identity


def test_masked_chunks_are_refused_as_masked_arrays_are():
    u = np.ma.masked_invalid(sea()[0])
    ocean = gg.Grid(LAT, LON).with_mask(~u.mask)
    for f in (u, da.from_array(u, chunks=20)):
        with pytest.raises(TypeError, match="masked array, and the grid has a mask of its own"):
            ocean.laplacian(f)
