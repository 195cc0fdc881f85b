"""Points beside gaps that hold a value count with that, whatever stands in the array: of every operator, in every way it runs."""

import pickle

import numpy as np
import pytest
from coasts import AXES, MASKS, SHAPE, held, is_held, runs
from operator_table import NORMS, operators_of
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(18)
V, K = RNG.standard_normal(SHAPE), RNG.uniform(1, 2, SHAPE)
VALUE = RNG.standard_normal(SHAPE)

ENDS = {
    "plain": "one-sided",
    "ring": ["symmetric", "periodic"],
    "walls": [(gg.value(VALUE[0]), "reflect"), ("one-sided", gg.value(-3.0))],
}
OPERATORS = operators_of(V, K) | {
    "gradient, accuracy 4": lambda g: g.gradient.with_(accuracy=4),
    "product": lambda g: g.divergence @ g.gradient,
}
LINEAR = [name for name in OPERATORS if name not in NORMS]


def grid_of(mask, value=VALUE, ends="plain", axes="uneven", fill=0.0):
    grid = gg.Grid(*AXES[axes if ends != "ring" else "even"], boundary=ENDS[ends])
    return grid.with_mask(MASKS[mask], boundary=gg.value(value), fill=fill)


def written(f, mask, value=VALUE, ends="plain"):
    """By hand: those of coasts where they meet walls."""
    f = np.array(f)
    if ends == "walls":
        f[..., 0, :], f[..., -1] = VALUE[0], -3.0
    return held(f, MASKS[mask], value, rings=(1,) if ends == "ring" else ())


def components(results):
    return np.asarray(results).reshape(-1, *SHAPE)


CASES = [("island", 1.5), ("channels", VALUE), ("channels", 0.0), ("scattered", VALUE), ("ragged", 1.5)]


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(("mask", "value"), CASES)
def test_what_the_array_has_there_is_not_read(mask, value, ends):
    for name in OPERATORS:
        _check_not_read(mask, value, ends, name)


def _check_not_read(mask, value, ends, name):
    A = OPERATORS[name](grid_of(mask, value, ends))
    f = RNG.standard_normal((*A.inputs, *SHAPE))
    there = is_held(mask, ends) | ~MASKS[mask]
    spoiled = np.where(there, np.nan, f)
    if ends == "walls":
        spoiled[..., 0, :] = spoiled[..., -1] = np.nan
    before = spoiled.copy()
    got, want = components(A(spoiled)), components(A(written(f, mask, value, ends)))
    assert same_bits(got, want)
    assert np.isfinite(got).all()
    assert same_bits(spoiled, before)  # arrays are never written into
    assert same_bits(components(A(np.where(there, RNG.standard_normal(SHAPE), f))), want)


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("mask", MASKS)
def test_the_identity_and_multiples_by_hand(mask, ends):
    grid, f = grid_of(mask, ends=ends), RNG.standard_normal(SHAPE)
    want = np.where(MASKS[mask], written(f, mask, ends=ends), 0)
    assert same_bits(grid.identity(f), want)
    assert same_bits(grid.multiply(K)(f), K * want)
    assert same_bits(grid.multiply(-2.0)(f), np.where(MASKS[mask], -2 * want, 0))
    free = MASKS[mask] & ~is_held(mask, ends)
    if ends == "walls":
        free[0] = free[:, -1] = False
    assert np.array_equal(grid.identity.unknowns, free)
    assert same_bits(grid.identity.offset, np.where(MASKS[mask] & ~free, want, 0))


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("mask", MASKS)
def test_gradients_are_those_of_numpy_on_every_run(mask, axes):
    inside, f = MASKS[mask], RNG.standard_normal(SHAPE)
    grid, own = grid_of(mask, axes=axes), written(f, mask)
    for axis, found in enumerate(grid.gradient(np.where(is_held(mask), 99.0, f))):
        want = np.zeros(SHAPE)
        for run in runs(inside, axis):
            values = own[run]
            step = AXES[axes][axis][1] if axes == "even" else AXES[axes][axis][run[axis]]
            if len(values) > 1:
                want[run] = np.gradient(values, step, edge_order=min(2, len(values) - 1))
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mask", MASKS)
def test_second_derivatives_along_coasts_are_differences_of_what_is_held(mask):
    inside, f = MASKS[mask], RNG.standard_normal(SHAPE)
    own, grid = written(f, mask), grid_of(mask, axes="even")
    found = grid.derivative(0, 2)(np.where(is_held(mask), np.nan, f))
    rows = np.zeros(SHAPE, bool)
    rows[1:-1] = inside[:-2] & inside[1:-1] & inside[2:]
    want = np.zeros(SHAPE)
    want[1:-1] = (own[:-2] - 2 * own[1:-1] + own[2:]) / 0.25
    assert rows.any()
    np.testing.assert_allclose(found[rows], want[rows], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize(("mask", "ends"), [("channels", "walls"), ("ragged", "plain")])
def test_linear_parts_offsets_transposes_and_matrices(mask, ends, name):
    A = OPERATORS[name](grid_of(mask, ends=ends))
    inside, there = MASKS[mask], is_held(mask, ends) | ~MASKS[mask]
    if ends == "walls":
        there[0] = there[:, -1] = True
    f, g = RNG.standard_normal((*A.inputs, *SHAPE)), RNG.standard_normal((*A.outputs, *SHAPE))
    spoiled, wrong = np.where(there, np.nan, f), np.where(inside, g, np.nan)
    size = np.abs(components(A(spoiled))).max()
    whole = components(A.linear(spoiled)) + components(A.offset)
    np.testing.assert_allclose(components(A(spoiled)), whole, atol=1e-12 * size)
    matrix = A.to_sparse()
    clean = np.where(there, 0, f).ravel()
    np.testing.assert_allclose(matrix @ clean, components(A.linear(spoiled)).ravel(), atol=1e-12 * size)
    turned = components(A.T(wrong))
    assert not turned[:, there].any()
    np.testing.assert_allclose(turned.ravel(), matrix.T @ np.where(inside, g, 0).ravel(), atol=1e-11 * size)
    np.testing.assert_allclose(components(A.T.T(spoiled)), components(A.linear(spoiled)), atol=1e-12 * size)
    assert np.abs(A.T.to_sparse() - matrix.T).max() <= 1e-12 * size
    weights = A.grid.measure
    for weight, w in ((None, np.ones(SHAPE)), ("quadrature", weights)):
        left = (w * components(A.linear(spoiled)) * np.where(inside, g, 0).reshape(-1, *SHAPE)).sum()
        back = components(A.adjoint(wrong, weight=weight))
        assert left == pytest.approx((w * np.where(there, 0, f).reshape(-1, *SHAPE) * back).sum(), rel=1e-9)
    again = pickle.loads(pickle.dumps(A))
    assert same_bits(components(again(spoiled)), components(A(spoiled)))
    assert same_bits(components(again.T(wrong)), turned)


@pytest.mark.parametrize("name", ["gradient", "laplacian", "step", "vector step", "product", "divergence"])
def test_batches_outputs_and_additions(name):
    grid = grid_of("channels", ends="walls")
    A = OPERATORS[name](grid)
    f = RNG.standard_normal((*A.inputs, 3, *SHAPE))
    want = np.stack([np.asarray(A(f[..., k, :, :])) for k in range(3)], len(A.outputs))
    np.testing.assert_allclose(np.asarray(A(f)), want, rtol=1e-13, atol=1e-13)
    out = np.full((*A.outputs, 3, *SHAPE), 7.0)
    assert A(f, out=out) is out
    assert same_bits(out, np.asarray(A(f)))
    before = RNG.standard_normal(out.shape)
    out[...] = before
    A(f, out=out, add=True)
    np.testing.assert_allclose(out, before + np.asarray(A(f)), rtol=1e-12, atol=1e-12)
    if A.inputs == A.outputs:
        aliased = f.copy()
        A(aliased, out=aliased)
        assert same_bits(aliased, np.asarray(A(f)))


@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128", "longdouble", "float16", "int64"])
@pytest.mark.parametrize("value", [0.0, 1.5])
def test_dtypes(dtype, value):
    grid = grid_of("channels", value, axes="even")
    f = (10 * RNG.standard_normal(SHAPE)).astype(dtype)
    own = written(f, "channels", value).astype(dtype if dtype != "int64" else "float64")
    for A in (grid.identity, grid.laplacian, grid.identity - 0.1 * grid.laplacian):
        assert A(f).dtype == own.dtype
        assert same_bits(A(f), A(own))
        spoiled = np.where(is_held("channels"), 9, f).astype(dtype)
        assert same_bits(A(spoiled), A(own))


def test_values_that_change():
    given = VALUE.copy()
    inside = MASKS["channels"]
    grid = gg.Grid(*AXES["even"]).with_mask(inside, boundary=gg.value(given, name="shore"))
    A, f = grid.identity + 0.1 * grid.laplacian, RNG.standard_normal(SHAPE)

    def want(value):
        own = gg.Grid(*AXES["even"]).with_mask(inside, boundary=gg.value(value))
        return (own.identity + 0.1 * own.laplacian)(held(f, inside, value))

    assert same_bits(A(f), want(VALUE))
    given[:] = K  # read at the next call
    assert same_bits(A(f), want(K))
    for other in (2.5, -VALUE, np.float64(3.0)):
        assert same_bits(A(f, shore=other), want(other))
        assert same_bits(A.with_(shore=other)(f), want(other))
        free = A.unknowns | ~inside
        assert same_bits(grid.identity(f, shore=other)[~free], np.broadcast_to(other, SHAPE)[~free])
    assert same_bits(A(f), want(K))
    with pytest.raises(TypeError, match="coast"):
        A(f, coast=1.0)
    assert same_bits(pickle.loads(pickle.dumps(A))(f), A(f))


def test_arrays_that_hold_the_values_are_not_copied():
    for ends in ENDS:
        A = grid_of("channels", ends=ends).laplacian
        f = written(RNG.standard_normal(SHAPE), "channels", ends=ends)
        assert A._as_it_is(f) is f
        f[2, 4] += 1
        assert A._as_it_is(f) is None
