"""Lines without positions where no point counts: operators of the same points with all positions."""

import pickle

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

SHAPE = (14, 5, 6)


@pytest.fixture
def levels(rng):
    """Depths that follow the terrain, up and down; some lines count nowhere."""
    steps = rng.integers(1, 4, SHAPE) * rng.choice([0.25, 0.3], SHAPE)
    z = np.cumsum(steps, axis=0) * rng.choice([-1, 1], (1, *SHAPE[1:]))
    inside = rng.random(SHAPE) > 0.2
    inside[:, 2, 2] = False
    inside[:6, 1] = inside[-1, 3] = inside[0, 3] = False
    return z, inside, np.where(inside, rng.normal(size=SHAPE), np.nan)


def grids(z, inside, **words):
    """Without positions, and with."""
    others = (SHAPE[1], 0.5), np.cumsum(np.linspace(0.3, 1, SHAPE[2]))
    return [gg.Grid(x, *others, **words).with_mask(inside) for x in (np.where(inside, z, np.nan), z)]


def joined(f):
    return f if isinstance(f, np.ndarray) else np.stack([joined(part) for part in f])


OPERATORS = {
    "gradient": lambda g: g.gradient,
    "curl": lambda g: g.curl,
    "jacobian": lambda g: g.jacobian,
    "laplacian": lambda g: g.laplacian,
    "gradient_norm": lambda g: g.gradient_norm,
    "advect": lambda g: g.advect([1.0, -2.0, 3.0]),
    "step": lambda g: g.identity - 0.1 * g.laplacian,
}


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("name", OPERATORS)
def test_bits_are_those_of_the_grid_with_all_positions(name, edge_order, levels, rng):
    z, inside, f = levels
    own, known = (OPERATORS[name](g) for g in grids(z, inside, edge_order=edge_order))
    for dtype in (np.float64, np.float32, np.complex128):
        F = (f + rng.normal(size=(*own.inputs, *SHAPE))).astype(dtype)
        same_bits(joined(own(F)), joined(known(F)))
    F = F.real
    same_bits(joined(pickle.loads(pickle.dumps(own))(F)), joined(known(F)))
    if name != "gradient_norm":
        same_bits(own.to_sparse().toarray(), known.to_sparse().toarray())
        G = rng.normal(size=(*own.outputs, *SHAPE))
        same_bits(joined(own.adjoint(G)), joined(known.adjoint(G)))


def test_slopes_are_those_of_numpy_on_each_run(levels):
    z, inside, f = levels
    found, _ = grids(z, inside)
    found, count = found.derivative(0)(f), 0
    for j, i in np.ndindex(SHAPE[1:]):
        for run in np.split(np.arange(SHAPE[0]), np.flatnonzero(np.diff(inside[:, j, i])) + 1):
            if inside[run[0], j, i] and len(run) > 2:
                want = np.gradient(f[run, j, i], z[run, j, i], edge_order=2)
                np.testing.assert_allclose(found[run, j, i], want, rtol=1e-11, atol=1e-11)
                count += 1
    assert count > 40


def test_solves(levels, rng):
    z, inside, _ = levels
    own, known = (OPERATORS["step"](g) for g in grids(z, inside))
    b = np.where(inside, rng.normal(size=SHAPE), 0)
    same_bits(own.solve(b), known.solve(b))


def test_positions_are_those_that_were_given(levels):
    z, inside, f = levels
    given = np.where(inside, z, np.nan)
    grid, _ = grids(z, inside)
    for one in (grid, pickle.loads(pickle.dumps(grid)), grid.with_mask(inside), grid.whole):
        same_bits(one.coordinates[0], given)
        same_bits(one.mesh()[0], given)
    assert f"{np.nanmin(given):g} to {np.nanmax(given):g}" in repr(grid)
    assert "nan" not in repr(grid)
    given[...] = 0  # of which the grid has a copy
    assert np.isfinite(grid.laplacian(f)).all()


def test_another_mask_may_have_all_known_points_and_no_others(levels, rng):
    z, inside, f = levels
    fewer = inside & (rng.random(SHAPE) > 0.2)
    lacking, known = grids(z, inside)
    same_bits(lacking.with_mask(fewer).laplacian(f), known.with_mask(fewer).laplacian(f))
    back = lacking.with_mask(fewer).with_mask(inside)
    same_bits(back.laplacian(f), known.laplacian(f))
    same_bits(back.with_breaks(0, [7]).laplacian(f), known.with_breaks(0, [7]).laplacian(f))
    both = back.derivative(0) + lacking.derivative(0)
    same_bits(both(f), (known.derivative(0) + known.derivative(0))(f))


def test_a_point_that_counts_needs_a_position(levels):
    z, inside, f = levels
    whole = gg.Grid(np.where(inside, z, np.nan), (SHAPE[1], 0.5), (SHAPE[2], 1.0))
    first, some = tuple(np.argwhere(~inside)[0]), tuple(np.argwhere(~inside)[-3])
    for asked in (
        lambda: whole.gradient(f),
        lambda: whole.derivative(0).T,
        lambda: whole.with_breaks(0, [3]),
    ):
        with pytest.raises(
            ValueError, match=rf"not finite: x\[{', '.join(map(str, first))}\]=nan; .*with_mask"
        ):
            asked()
    more = inside.copy()
    more[some] = True
    for grid in (whole, whole.with_mask(inside)):
        with pytest.raises(
            ValueError, match=rf"axis -3 are not finite: x\[{', '.join(map(str, some))}\]=nan"
        ):
            grid.with_mask(more)
    for wrong in (np.inf, -np.inf):
        with pytest.raises(ValueError, match="not finite"):
            gg.Grid(np.where(inside, z, wrong), axes=[0])
    with pytest.raises(ValueError, match="not finite"):
        gg.Grid(np.full(SHAPE, np.nan), axes=[0])
    lines = np.where(inside, z, np.nan)
    lines[2, 0, 0], lines[3, 0, 0] = 5.0, 5.0
    with pytest.raises(ValueError, match=r"not strictly monotonic on the line x\[:, 0, 0\]"):
        gg.Grid(lines, axes=[0])


def test_axes_in_another_order(levels):
    """The place of a point is that in the coordinates, and a mask is in the order of axes and behind those of a batch."""
    z, inside, f = levels
    given, turned = np.where(inside, z, np.nan), inside.transpose(1, 2, 0)
    own, known = (gg.Grid(x, axes=[-3]).with_mask(turned).gradient(f) for x in (given, z))
    same_bits(own, known)
    more = turned.copy()
    more[2, 2, 5] = True
    with pytest.raises(ValueError, match=r"x\[5, 2, 2\]=nan"):
        gg.Grid(given, axes=[-3]).with_mask(more)
    shared = z[:, :, :1], inside.any(axis=2, keepdims=True)  # positions of all lines of a batch
    mask = (inside & shared[1]).transpose(1, 2, 0)
    own, known = (
        gg.Grid(x, axes=[-3]).with_mask(mask).gradient(f)
        for x in (np.where(shared[1], shared[0], np.nan), shared[0])
    )
    same_bits(own, known)


def ring(rng):
    """Lines round a ring of 10, up and down, of steps that differ much; missing positions are at the seam, and elsewhere."""
    cuts = np.sort(rng.random((SHAPE[0], *SHAPE[1:])), axis=0) ** 2
    x = (cuts + 0.01 * np.arange(SHAPE[0])[:, None, None]) * 8.5 * rng.choice([-1, 1], (1, *SHAPE[1:]))
    inside = rng.random(SHAPE) > 0.2
    inside[-3:, 0] = inside[:2, 1] = inside[-1, 2] = inside[0, 3] = inside[[0, -1], 4] = False
    inside[:-1, 0, 0] = inside[:, 1, 1] = False  # of one point, and of none
    return x, inside


@pytest.mark.parametrize("name", OPERATORS)
def test_rings_with_missing_positions_at_the_seam(name, rng):
    x, inside = ring(rng)
    words = {"periodic": [True, False, False], "period": [10.0, None, None]}
    own, known = (OPERATORS[name](g) for g in grids(x, inside, **words))
    F = np.where(inside, rng.normal(size=(*own.inputs, *SHAPE)), np.nan)
    same_bits(joined(own(F)), joined(known(F)))


def test_slopes_round_a_ring_are_those_of_numpy_on_what_goes_on(rng):
    x, inside = ring(rng)
    f = np.where(inside, rng.normal(size=SHAPE), np.nan)
    given = np.where(inside, x, np.nan)
    found = [
        grids(x, inside, periodic=[True, False, False], period=[10.0, None, None])[0].derivative(0)(f),
        gg.gradient(f, given, axis=0, edge_order=2, periodic=True, period=10.0, missing="one-sided"),
    ]
    n = SHAPE[0]
    for j, i in np.ndindex(SHAPE[1:]):
        way = 1 if x[-1, j, i] > x[0, j, i] else -1
        at = np.concatenate([x[:, j, i] + 10 * way * turn for turn in (-1, 0, 1)])
        values, there = np.tile(f[:, j, i], 3), np.tile(inside[:, j, i], 3)
        for run in np.split(np.arange(3 * n), np.flatnonzero(np.diff(there)) + 1):
            own = (run >= n) & (run < 2 * n)
            if there[run[0]] and len(run) > 2 and run[0] > 0 and run[-1] < 3 * n - 1:
                want = np.gradient(values[run], at[run], edge_order=2)[own]
                for one in found:
                    np.testing.assert_allclose(one[run[own] - n, j, i], want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mark", [np.nan, 0.0, 1e20])
def test_functions_with_breaks(mark, levels):
    z, inside, f = levels
    words = {"axis": 0, "edge_order": 2, "missing": "one-sided", "breaks": [7]}
    same_bits(gg.gradient(f, np.where(inside, z, mark), **words), gg.gradient(f, z, **words))


@pytest.mark.needs("dask")
def test_masks_that_are_still_to_be_computed(levels):
    import dask.array as da

    z, inside, f = levels
    chunks = (5, 3, 6)
    given, lazy = np.where(inside, z, np.nan), da.from_array(f, chunks=chunks)
    whole = gg.Grid(given, (SHAPE[1], 0.5), (SHAPE[2], 1.0))
    known = gg.Grid(z, (SHAPE[1], 0.5), (SHAPE[2], 1.0)).with_mask(inside)
    read = []

    def asked(part):
        read.append(part.size)
        return part

    mask = da.from_array(inside, chunks=chunks).map_blocks(asked, dtype=bool, meta=np.zeros((0, 0, 0), bool))
    ocean = whole.with_mask(mask)
    result = ocean.laplacian(lazy)
    assert not read
    with np.errstate(all="raise"):
        same_bits(result.compute(scheduler="threads"), known.laplacian(f))
    assert read
    for own in (whole.with_mask(inside), whole.with_mask(da.from_array(inside, chunks=chunks))):
        for take in (lambda g: g.laplacian, lambda g: g.derivative(0), lambda g: g.curl):
            F = joined(f for _ in range(3)) if take(known).inputs else f
            same_bits(joined([np.asarray(part) for part in take(own)(da.from_array(F))]) if take(known).inputs else
                      take(own)(lazy).compute(), joined(take(known)(F)))  # fmt: skip
    more = inside.copy()
    some = tuple(np.argwhere(~inside)[-1])
    more[some] = True
    wrong = whole.with_mask(da.from_array(more, chunks=chunks)).derivative(0)
    for call in (lambda: wrong(lazy).compute(scheduler="sync"), lambda: wrong(f)):
        with pytest.raises(ValueError, match=rf"x\[{', '.join(map(str, some))}\]=nan"):
            call()


@pytest.mark.needs("dask")
def test_chunks_of_a_ring_across_its_seam(rng):
    import dask.array as da

    x, inside = ring(rng)
    f = np.where(inside, rng.normal(size=SHAPE), np.nan)
    words = {"periodic": [True, False, False], "period": [10.0, None, None]}
    own, known = grids(x, inside, **words)
    lazy = own.derivative(0)(da.from_array(f, chunks=(5, 3, 4)))
    graph = pickle.loads(pickle.dumps(dict(lazy.__dask_graph__())))
    travelled = da.Array(graph, lazy.name, lazy.chunks, lazy.dtype)
    for one in (lazy, travelled):
        same_bits(one.compute(scheduler="sync"), known.derivative(0)(f))


PROFILES = {
    "gradient": lambda f, p, **words: gg.gradient(f, p, axis=-1, edge_order=2, **words),
    "second": lambda f, p, **words: gg.derivative(f, p, axis=-1, order=2, **words),
    "plane": lambda f, p, **words: gg.laplacian(f, 0.5, p, **words),
    "accuracy": lambda f, p, **words: gg.gradient(f, p, axis=-1, accuracy=4, **words),
}


@pytest.mark.parametrize("mark", [np.nan, 0.0, 1e20])
@pytest.mark.parametrize("name", PROFILES)
def test_a_vector_of_positions_in_functions(name, mark, rng):
    """A profile whose pressures are missing with its samples; a sample without a pressure is left out."""
    p, there = np.cumsum(rng.uniform(0.5, 2, 30)), rng.random(30) > 0.25
    there[0] = there[-1] = False
    f = np.where(there & (rng.random((4, 30)) > 0.1), rng.normal(size=(4, 30)), np.nan)
    given, words = np.where(there, p, mark), {"missing": "one-sided"}
    want = PROFILES[name](f, p, **words)
    same_bits(PROFILES[name](f, given, **words), want)
    if name == "plane":
        return
    for run in np.split(np.arange(30), np.flatnonzero(np.diff(np.isnan(f[0]))) + 1):
        if not np.isnan(f[0, run[0]]) and len(run) > 2 and name == "gradient":
            np.testing.assert_allclose(want[0, run], np.gradient(f[0, run], p[run], edge_order=2), rtol=1e-11)
    same_bits(PROFILES[name](f[0], given, **words), PROFILES[name](f[0], p, **words))
    if np.isnan(mark):
        same_bits(PROFILES[name](np.where(there, f, 5.0), given, **words), want)
        with pytest.raises(ValueError, match=r"axis 1 are not finite: x\[0\]=nan"):
            PROFILES[name](np.nan_to_num(f), given)
    with pytest.raises(ValueError, match=r"not strictly monotonic|not finite"):
        PROFILES[name](np.nan_to_num(f), np.where(there, p, 0.0), **words)


def test_cells_end_midway_to_a_position_that_is_evenly_between(rng):
    there, f = np.arange(30) % 7 != 3, rng.normal(size=30)
    given, f = np.where(there, 1.5 * np.arange(30), np.nan), np.where(there, f, np.nan)
    same_bits(
        gg.diffuse(1.0, f, given, missing="one-sided"),
        gg.diffuse(1.0, f, 1.5 * np.arange(30), missing="one-sided"),
    )


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_a_line_with_one_position(known):
    """Beside others that have all; nothing is differentiated along it."""
    z = np.repeat([[0.0], [1.0], [2.0], [4.0]], 3, axis=1)
    f = z**2
    missing = np.arange(4) != known
    f[missing, 1] = z[missing, 1] = np.nan
    slopes = gg.gradient(f, z, axis=0, missing="one-sided")
    np.testing.assert_allclose(slopes[:, [0, 2]], np.gradient(z[:, 0] ** 2, z[:, 0])[:, None] * [1, 1])
    assert np.isnan(slopes[:, 1]).all()
    grid = gg.Grid(z, (3, 1.0), edge_order=1).with_mask(~np.isnan(f), fill=np.nan)
    np.testing.assert_array_equal(grid.derivative(0)(f), slopes)
    line = gg.gradient(f[:, 1], z[:, 1], missing="one-sided")
    assert np.isnan(line).all()


@pytest.mark.parametrize("wall", [gg.value(1.5), gg.robin(1.0, 2.0, 3.0), gg.value(1.0, wall="face")])
def test_a_wall_needs_its_position(wall):
    x = np.arange(9.0)
    for end in (0, -1):
        y, ends = x.copy(), [(wall, "reflect") if end == 0 else ("reflect", wall)]
        y[end] = np.nan
        with pytest.raises(ValueError, match="give the position of the wall"):
            gg.laplacian(np.sin(x), y, missing="one-sided", boundary=ends)
        y[[0, 4, -1]] = 0.0, np.nan, 8.0
        assert np.isfinite(gg.laplacian(np.sin(x), y, missing="one-sided", boundary=ends)[[1, -2]]).all()
