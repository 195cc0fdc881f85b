"""Fields that do not hold what is prescribed: rows made anew from strips have the bits of those of a copy that holds it."""

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._operators.holding import strips

SHAPE = (61, 70)


@pytest.fixture
def made(monkeypatch):
    """Of small fields too; how often strips were filled."""
    monkeypatch.setattr(strips, "LEAST_BYTES", 0)
    monkeypatch.setattr(strips, "FEW", 1)
    found, own = [], strips.Strip.into
    monkeypatch.setattr(strips.Strip, "into", lambda *a: found.append(1) or own(*a))
    return found


def random(*shape):
    return np.random.default_rng(5).random(shape)


X, Y = np.sort(random(SHAPE[0])), np.linspace(0, 2, SHAPE[1])
TOP, LEFT, RIGHT = random(SHAPE[1]), random(SHAPE[0]), random(SHAPE[0]) + 1


def grid(*spacing):
    """Arrays and a number on three sides; the fourth has none."""
    return gg.Grid(
        *(spacing or (X, Y)), boundary=[(gg.value(TOP), "one-sided"), (gg.value(LEFT), gg.value(RIGHT))]
    )


def holding(f):
    """The same field with the values, the later axis at corners."""
    f = f.copy()
    f[..., 0, :], f[..., 0], f[..., -1] = TOP, LEFT, RIGHT
    return f


K, V = random(*SHAPE) + 0.5, random(2, *SHAPE) - 0.5
OPERATORS = {
    "laplacian": lambda g: g.laplacian,
    "steps": lambda g: g.identity + 0.1 * g.laplacian,
    "accuracy": lambda g: g.laplacian.with_(accuracy=4),
    "wide": lambda g: g.laplacian.with_(form="wide"),
    "gradient": lambda g: g.gradient,
    "hessian": lambda g: g.hessian,
    "advect": lambda g: g.advect(list(V)),
    "upwind": lambda g: g.advect(list(V), upwind=2),
    "both": lambda g: 0.3 * g.laplacian - g.advect(list(V)),
    "diffuse": lambda g: g.diffuse(K),
    "harmonic": lambda g: g.diffuse(K, mean="harmonic"),
    "tensor": lambda g: g.diffuse([[K, 0.1 * K], [0.1 * K, 2 * K]], form="tensor"),
    "biharmonic": lambda g: g.biharmonic,
    "times": lambda g: g.multiply(K) @ g.laplacian,
}  # fmt: skip


@pytest.mark.parametrize("spacing", [(X, Y), ((SHAPE[0], 0.1), (SHAPE[1], 0.2))], ids=["uneven", "even"])
@pytest.mark.parametrize("name", OPERATORS)
def test_bits_are_those_of_fields_that_hold_it(name, spacing, made):
    operator = OPERATORS[name](grid(*spacing))
    f = random(3, *SHAPE)
    f[:, 0], f[..., 0], f[..., -1] = np.nan, np.inf, -np.inf
    for field in (
        f,
        f[0],
        f.astype(np.float32),
        f[..., ::-1][..., ::-1],
        f.transpose(1, 0, 2).copy().transpose(1, 0, 2),
    ):
        before, count = field.copy(), len(made)
        operator(field)  # what is called once is copied
        found, expected = operator(field), operator(holding(field))
        assert np.array_equal(np.asarray(found), np.asarray(expected)), name
        assert np.array_equal(field, before, equal_nan=True)
        assert (len(made) > count) == (field.dtype == TOP.dtype)  # float32 holds no values of float64
    assert np.isfinite(np.asarray(found)).all()


def test_outputs(made):
    operator, f = grid().gradient, random(*SHAPE)
    expected = operator(holding(f))
    assert all(map(np.array_equal, operator(f), expected))
    assert not made
    out = [np.empty(SHAPE), np.empty((2, *SHAPE))[1]]
    assert operator(f, out=out) is out
    whole = np.empty((2, *SHAPE))
    operator(f, out=whole)
    for results in (out, whole):
        assert all(map(np.array_equal, results, expected))
    assert len(made) == 6
    laplacian = grid().laplacian
    laplacian(f)
    own = f.copy()
    laplacian(own, out=own)  # what it reads is written over: of a copy
    total = np.ones(SHAPE)
    laplacian(f, out=total, add=True)
    assert len(made) == 6
    assert np.array_equal(own, laplacian(holding(f)))
    np.testing.assert_allclose(total, 1 + own, rtol=1e-13)


def test_values_are_those_of_now(made):
    wall = random(SHAPE[1])
    operator = gg.Grid(X, Y, boundary=[(gg.value(wall, name="top"), "reflect"), "one-sided"]).laplacian
    f = random(*SHAPE)
    for number in (1.0, 2.0):
        wall[:] = number
        f[0] = number
        expected = operator(f)
        f[0] = 7
        for _ in range(2):
            assert np.array_equal(operator(f), expected)
            assert np.array_equal(operator(f, top=wall), expected)
    assert made


def test_components_have_walls_of_their_own(made):
    own = gg.components(gg.value(1.0), "one-sided")
    operator = gg.Grid((61, 0.1), (70, 0.1), boundary=[(own, "reflect"), "one-sided"]).vector_laplacian
    v = random(2, *SHAPE)
    held = v.copy()
    held[0, 0] = 1
    operator(v)
    found, expected = operator(v), operator(held)
    assert np.array_equal(found, expected)
    assert made


def test_small_fields_and_thick_strips_are_copied(monkeypatch):
    found, own = [], strips.Strip.into
    monkeypatch.setattr(strips.Strip, "into", lambda *a: found.append(1) or own(*a))
    small = grid().laplacian
    for _ in range(3):
        small(random(*SHAPE))
    assert not found
    n = 760
    large = gg.Grid((n, 0.1), (n, 0.1), boundary=gg.value(0.5)).laplacian
    for dtype in (np.float64, np.float32):
        f = random(n, n).astype(dtype)
        held = f.copy()
        held[[0, -1]] = held[:, [0, -1]] = 0.5
        found.clear()
        for _ in range(2):
            assert np.array_equal(large(f), large(held))
        assert len(found) == 4


def test_shapes_that_were_asked_for_are_not_kept_for_ever(made):
    A = grid((61, 0.1), (70, 0.1)).laplacian
    for batch in range(1, 100):
        A(random(batch, *SHAPE))
    kept = [own for own in vars(A).values() if isinstance(own, (dict, set))]
    assert kept
    assert max(map(len, kept)) <= 16
