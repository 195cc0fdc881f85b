"""Sweeps in bands, each overwritten beside gaps while it is in the cache: the bits of one sweep, overwritten afterwards."""

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._backends.numpy import core as compiled
from gridgrad._backends.numpy import memory
from gridgrad._backends.numpy.gaps import bands
from gridgrad._operators.masked.operator import Masked

SHAPES = [(300,), (40, 30), (3, 700), (70, 5), (9, 11, 40)]
BESIDE = {"one-sided": lambda ones: "one-sided", "a number": lambda ones: gg.value(2.0, wall="face"),
          "an array": lambda ones: gg.value(3 * ones, wall="face")}  # fmt: skip


@pytest.fixture(autouse=True)
def small_bands(monkeypatch):
    monkeypatch.setattr(bands, "NEAR", 200)


def operators(grid, k):
    last = grid.ndim - 1
    return {
        "laplacian": grid.laplacian, "gradient": grid.gradient, "diffuse": grid.diffuse(k), "along the last": grid.derivative(last),
        "heat": grid.identity + 0.1 * grid.diffuse(k), "product": k * grid.laplacian, "advect": grid.advect([k] * grid.ndim),
    }  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fill", [0.0, np.nan])
def test_bits_are_those_of_the_whole(shape, beside, dtype, fill, monkeypatch):
    rng = np.random.default_rng(3)
    inside = rng.random(shape) > 0.3
    f, k = np.where(inside, rng.random(shape), np.nan).astype(dtype), rng.random(shape).astype(dtype)
    f.flags.writeable = False
    whole = gg.Grid(*[(n, 0.1) for n in shape], boundary="symmetric")
    grid = whole.with_mask(inside, boundary=BESIDE[beside](np.ones(shape, dtype)), fill=fill)
    for name, operator in operators(grid, k).items():
        banded = [np.stack(operator(f, workers=workers)) for workers in (1, 3)]
        out = np.empty_like(banded[0])
        assert operator(f, out=out, workers=1) is out
        with monkeypatch.context() as patch:
            patch.setattr(Masked, "_in_bands", lambda *given: None)
            expected = np.stack(operator(f, workers=1))
        assert all(made.tobytes() == expected.tobytes() for made in (*banded, out)), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bands_that_are_streamed_have_the_bits_of_those_that_are_not(core, cpu_levels, dtype):
    """Those of which little is overwritten: some bands have no gaps, one has few of them, the others many."""
    rng = np.random.default_rng(11)
    shape = (60, 67)
    inside = rng.random(shape) > 0.3
    inside[:24] = True
    inside[30, 40] = False
    inside[31:36] = True
    f = np.where(inside, rng.random(shape), np.nan).astype(dtype)
    grid = gg.Grid(*[(n, 0.1) for n in shape]).with_mask(inside)
    for level in cpu_levels:
        assert core.gg_use_cpu_level(level)
        for operator in (grid.laplacian, grid.gradient):
            stored, before = np.stack(operator(f, workers=1)), core.gg_use_stream_bytes(0)
            try:
                streamed = [np.stack(operator(f, workers=workers)) for workers in (1, 3)]
            finally:
                core.gg_use_stream_bytes(before)
            assert all(made.tobytes() == stored.tobytes() for made in streamed)


def walled(shape, of_side):
    """A grid with what is prescribed at walls along its last axis, and at one end of the first."""
    side = of_side(shape[:-1])
    ends = [
        (gg.value(2.0), gg.slope(-1.5)),
        *["periodic"] * (len(shape) - 2),
        (gg.value(side, wall="face"), gg.slope(side)),
    ]
    return gg.Grid(*[np.cumsum(np.random.default_rng(n).random(n) + 0.5) if end != "periodic" else (n, 0.1)
                     for n, end in zip(shape, ends, strict=True)], boundary=ends)  # fmt: skip


def of_more_than_contiguous_fields(shape, rng):
    """Operators of which rows beside gaps read broadcast arrays and strided ones, and which are more than sums."""
    uneven = gg.Grid(*[np.cumsum(rng.random(n) + 0.5) for n in shape])
    sphere = gg.Grid(
        np.linspace(-60, 60, shape[-2]), np.arange(shape[-1]) * 360 / shape[-1], geometry="sphere"
    )
    sphere = sphere if len(shape) == 2 else None
    k, v = rng.random(shape), rng.random(shape) - 0.5
    k[rng.random(shape) < 0.1] = 0
    column, line = k.reshape(shape[0], -1)[:, 0].reshape(-1, *[1] * (len(shape) - 1)), k[..., ::-1]
    inside = rng.random(shape) > 0.2
    for beside in ("one-sided", gg.value(rng.random((*shape, 2))[..., 0], wall="face")):
        grid, walls = (
            uneven.with_mask(inside, boundary=beside),
            walled(shape, rng.random).with_mask(inside, boundary=beside),
        )
        yield from {
            "norm": uneven.with_mask(inside).gradient_norm, "squares": uneven.with_mask(inside).gradient_squared,
            "upwind": grid.advect([v] * len(shape), upwind=1), "walls": walls.laplacian, "gradient and walls": walls.gradient,
            "upwind and walls": walls.advect([v] * len(shape), upwind=2), "harmonic": uneven.with_mask(inside).diffuse(k, mean="harmonic"),
            "profiles": column * grid.laplacian + line * grid.derivative(0), "by name": walls.diffuse(k),
        }.items()  # fmt: skip
        if sphere is not None:
            yield "sphere", sphere.with_mask(inside).laplacian
            yield "gradient on a sphere", sphere.with_mask(inside).gradient


@pytest.mark.parametrize("shape", [(40, 30), (9, 11, 40)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_are_those_of_numpy(shape, dtype, monkeypatch):
    """In bands, and of batches without; NumPy's rows do not share anything with those of the core."""
    rng = np.random.default_rng(8)
    f = rng.random(shape).astype(dtype)
    for name, operator in of_more_than_contiguous_fields(shape, rng):
        bare = operator.bare
        narrow = bare.with_coefficients(
            tuple(c.astype(dtype) if isinstance(c, np.ndarray) else c for c in bare.coefficients)
        )
        banded = [np.stack(narrow(f, workers=workers)) for workers in (1, 3)]
        assert [made is not None for made in narrow.beside._in_bands.values()] == [True], name
        batch = np.moveaxis(np.stack(narrow(np.stack([f, f]))), -len(shape) - 1, 0)
        with monkeypatch.context() as patch:
            patch.setattr(Masked, "_in_bands", lambda *given: None)
            patch.setattr(Masked, "_compiled", lambda *given: None)
            expected = np.stack(narrow(f))
        assert all(made.tobytes() == expected.tobytes() for made in (*banded, *batch)), name


def with_straight_coasts(shape):
    """Gaps whose coasts have many points with the same rows: of runs of three points and of long ones, and in corners."""
    inside = np.ones(shape, bool)
    inside[..., 3 : shape[-1] // 3] = False
    inside[tuple(slice(n // 3, n // 2) for n in shape[:-1])][..., -shape[-1] // 3 :] = False
    return inside


@pytest.mark.parametrize("shape", [(60, 50), (14, 30, 20), (12, 12, 12, 15)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("beside", ["one-sided", "symmetric", gg.value(2.0, wall="face")], ids=str)
def test_rows_alike_in_many_points_have_the_bits_of_numpy(shape, dtype, beside, monkeypatch):
    """Beside straight coasts: the core adds differences of up to three terms at once, of other rows term by term."""
    monkeypatch.setattr(bands, "NEAR", 1 << 16)
    inside = with_straight_coasts(shape)
    f = np.random.default_rng(12).random(shape).astype(dtype)
    f[: shape[0] // 4] = 0  # so that signs of zeros are seen
    grid = gg.Grid(*[(n, 0.1) for n in shape]).with_mask(inside, boundary=beside)
    for name in ("laplacian", "gradient", "gradient_norm"):
        operator = getattr(grid, name)
        made = np.stack(operator(f, workers=1))
        if beside == "one-sided":
            rows = operator.beside.compiled(np.dtype(dtype))
            assert not any(term.varies for own in rows for term in own.terms), name
        with monkeypatch.context() as patch:
            patch.setattr(Masked, "_in_bands", lambda *given: None)
            patch.setattr(Masked, "_compiled", lambda *given: None)
            assert made.tobytes() == np.stack(operator(f)).tobytes(), name


def test_what_is_prescribed_may_be_written_over():
    """An array that only rows beside gaps read is looked at too, where it may be in the memory of the result."""
    rng = np.random.default_rng(9)
    shape = (40, 30)
    (beside, out), f, inside = rng.random((2, *shape)), rng.random(shape), rng.random(shape) > 0.2
    laplacian = (
        gg.Grid(*[(n, 0.1) for n in shape])
        .with_mask(inside, boundary=gg.value(beside, wall="face", name="b"))
        .laplacian
    )
    expected = laplacian(f)
    assert laplacian(f, out=out) is out
    assert np.array_equal(out, expected)
    crooked = np.zeros(beside.nbytes + 1, np.int8)[1:].view(float).reshape(shape)
    crooked[...] = beside
    assert np.array_equal(laplacian(f, b=crooked), expected)
    laplacian(f, out=beside)
    assert np.array_equal(beside, expected)


@pytest.mark.parametrize("is_single", [False, True])
def test_an_unaligned_array_beside_gaps_of_a_batch(is_single):
    """No address that is none of a number goes to the core, as UBSan sees; also of one number for all points."""
    shape = (12, 9)
    inside = np.random.default_rng(4).random(shape) > 0.2
    values = np.full(shape, 2.5) if is_single else np.random.default_rng(5).random(shape)
    raw = np.zeros(values.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(shape)
    raw[...] = values
    given = np.broadcast_to(raw[:1, :1], shape) if is_single else raw
    assert not given.flags.aligned
    f = np.random.default_rng(6).random((3, *shape))
    A = (
        gg.Grid(*[(n, 0.1) for n in shape])
        .with_mask(inside, boundary=gg.value(np.ones(shape), name="b"))
        .laplacian
    )
    assert np.array_equal(A(f, b=given), A(f, b=values))


def test_a_transpose_of_a_transpose_has_bands_of_its_own(monkeypatch):
    """Its sweep is rounded otherwise than that which it is of, whichever is applied first."""
    f = np.random.default_rng(0).random((9, 20))
    laplacian = gg.Grid((9, 0.1), (20, 0.2)).with_mask(f > 0.15).laplacian
    operators = [laplacian, laplacian.T.T, laplacian.adjoint_operator().adjoint_operator(), laplacian]
    banded = [operator(f) for operator in operators]
    monkeypatch.setattr(Masked, "_in_bands", lambda *given: None)
    assert all(np.array_equal(made, operator(f)) for made, operator in zip(banded, operators, strict=True))
    assert not np.array_equal(banded[0], banded[1])


def test_many_bands_are_one_call_of_the_core(monkeypatch):
    calls, made = [], bands.InBands.__call__
    monkeypatch.setattr(bands.InBands, "__call__", lambda own, *given: calls.append(own) or made(own, *given))
    inside = np.random.default_rng(4).random((64, 50)) > 0.1
    laplacian = gg.Grid((64, 0.1), (50, 0.1)).with_mask(inside).laplacian
    f = np.ones((64, 50))
    laplacian(f)
    laplacian(f)
    assert len(calls) == 2
    assert calls[0] is calls[1]
    assert calls[0].bands == 16
    assert np.abs(laplacian(f)).max() == 0


@pytest.mark.parametrize(
    ("shape", "is_banded"), [((3, 700), False), ((8, 400), False), ((16, 400), True), ((2100,), True)]
)
def test_no_fewer_bands_than_threads(shape, is_banded, monkeypatch):
    """An axis of few planes has few bands, which would leave threads without work."""
    monkeypatch.setattr(memory, "THREAD_BYTES", 0)
    monkeypatch.setattr(compiled, "available_cpus", lambda: 3)
    inside = np.random.default_rng(4).random(shape) > 0.1
    derivative = gg.Grid(*[(n, 0.1) for n in shape]).with_mask(inside).derivative(0)
    assert np.abs(derivative(np.ones(shape))).max() == 0
    (made,) = derivative.beside._in_bands.values()
    assert (made is not None) == is_banded


def test_what_the_core_refuses_is_done_otherwise():
    inside = np.random.default_rng(5).random((64, 50)) > 0.1
    laplacian = gg.Grid((64, 0.1), (50, 0.1)).with_mask(inside).laplacian
    f = np.random.default_rng(6).random((64, 50))
    expected = laplacian(f)
    turned, locked = np.asfortranarray(f), np.empty((64, 50))
    locked.flags.writeable = False
    assert np.array_equal(laplacian(turned), expected)
    assert np.array_equal(laplacian(np.stack([f, f]))[1], expected)
    with pytest.raises(ValueError, match="out is read-only"):
        laplacian(f, out=locked)
    own = f.copy()
    assert laplacian(own, out=own) is own
    assert np.array_equal(own, expected)


@pytest.mark.parametrize(("points", "lines"), [(1000, 0), (1000, 10), (1000, 1), (900, 300), (7, 7)])
def test_bands_are_cut_at_lines(points, lines):
    edges = bands.edges_of(points, lines)
    assert edges[0] == 0
    assert edges[-1] == points
    assert np.all(np.diff(edges) > 0)
    assert np.all(edges % (points // (lines or points)) == 0)
