"""Arrays of chunks on grids with gaps: the bits of the whole for every chunking and mask, nothing computed before."""

import numpy as np
import pytest
from hypothesis import given
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


def cut(draw, n):
    """The chunks of an axis: of one point, of equal ones with a rest, of any."""
    kind = draw(st.sampled_from(["equal", "any"]))
    if kind == "equal":
        size = draw(st.sampled_from([1, 2, 7, 26, n]))
        return (*(size,) * (n // size), *([n % size] if n % size else []))
    places = sorted({0, n, *draw(st.lists(st.integers(1, n - 1), max_size=4))})
    return tuple(np.diff(places).tolist())


ENDS = ["one-sided", "periodic", "symmetric", "antisymmetric", gg.value(2.0), gg.slope(0.5, wall="face")]
BESIDE = ["one-sided", "symmetric", "reflect", gg.value(1.5), gg.value(1.5, wall="face"), gg.slope(-1.0)]


@st.composite
def cases(draw):
    """A grid with gaps, a field on it, and chunks of it."""
    shape = draw(st.integers(4, 12)), draw(st.sampled_from([9, 30, 61, 80]))
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
    return grid, inside, u, (draw(st.sampled_from([(2,), (1, 1)])), *(cut(draw, n) for n in shape))


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
