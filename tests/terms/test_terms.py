"""The compiled core against loops written from docs/design/operators.md: the same products and sums, so the same bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from samples import LAYOUTS, noise

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.numpy import BACKEND
from gridgrad._stencils.stencil import CENTRAL, Stencil
from gridgrad._terms.term import Join, Term

pytestmark = pytest.mark.usefixtures("core")
DTYPES = ["f8", "f4", "f2", "c16", "c8", "i1", "u2", "i4", "i8", "u8"]


def difference(b, a, real):
    """``b - a`` rounded once: integers are subtracted as Python's."""
    if b.dtype.kind in "iu":
        return np.asarray(b.astype(object) - a.astype(object), real)
    return b.astype(real) - a.astype(real)


def pairs_of(stencil, i, real, faces):
    """The row of point `i` as points and weights; formula (1) with equal weights has the short form."""
    n, before = stencil.length, len(stencil.leading)
    if not before <= i < n - len(stencil.trailing):
        edge = stencil.leading[i] if i < before else stencil.trailing[i - n]
        return [(a, b, real(weight)) for a, b, weight in edge]
    weights = [real(weight if np.ndim(weight) == 0 else weight[i]) for weight in stencil.weights]
    if stencil.is_central and not faces and weights[0] == weights[1]:
        return [(i - 1, i + 1, weights[0])]
    return [(i + a, i + b, weight) for (a, b), weight in zip(stencil.offsets, weights, strict=True)]


def may_be_zero(stencil, i):
    """Whether a weight of 0 in a row of differences reads nothing: in vectors, but not in formula (1)."""
    inner = stencil.interior()
    return inner.start <= i < inner.stop and not stencil.is_uniform and not stencil.is_central


def rows(stencil, f, real, inner=None, faces=None):
    """Every row of a stencil along the first axis; factors at the samples and at the faces."""
    result = np.zeros(f.shape, real)
    for i in range(stencil.length):
        pairs = pairs_of(stencil, i, real, faces is not None)
        for k, (a, b, weight) in enumerate(pairs):
            scaled = np.broadcast_to(weight, f.shape[1:])
            if faces is not None:
                scaled = scaled * ((faces[a].astype(real) + faces[b].astype(real)) * real(0.5))
            if inner is not None:
                scaled = scaled * inner[b].astype(real)
            is_value = stencil.values or a == b
            value = scaled * (f[b].astype(real) if is_value else difference(f[b], f[a], real))
            if weight == 0 and (stencil.values or may_be_zero(stencil, i)):
                value = np.zeros_like(value)
            result[i] = value if k == 0 else result[i] + value
    return result


def hypot(p, q):
    """The norm of two, as the kernels form it."""
    p, q = np.abs(p), np.abs(q)
    big, small = np.where(p > q, p, q), np.where(p > q, q, p)
    ratio = np.where(small == big, 1, small / big)
    return big * np.sqrt(1 + ratio * ratio)


def value_of(term, inputs, real):
    """A term's values in the arithmetic type, real samples."""
    f, inner, faces = (
        None if k is None else np.moveaxis(inputs[k], term.axis, 0)
        for k in (term.input, term.inner, term.faces)
    )
    value = np.moveaxis(rows(term.stencil, f, real, inner, faces), 0, term.axis)
    if term.then is not None:
        axis, stencil = term.then
        value = np.moveaxis(rows(stencil, np.moveaxis(value, axis, 0), real), 0, axis)
    return value if term.outer is None else value * inputs[term.outer].astype(real)


def expected(terms, inputs, outputs):
    """All outputs, in the arithmetic type."""
    if any(f.dtype.kind == "c" for f in inputs):
        split = [
            [getattr(f, part) if f.dtype.kind == "c" else f for f in inputs] for part in ("real", "imag")
        ]
        parts = [expected(terms, half, outputs) for half in split]
        return [
            np.stack(pair, axis=-1).view(np.result_type(pair[0], 1j))[..., 0]
            for pair in zip(*parts, strict=True)
        ]
    real = np.float32 if inputs[0].dtype.name in ("float16", "float32") else np.float64
    sums = [None] * outputs
    for term in sorted(terms, key=lambda term: term.output):
        value, before = value_of(term, inputs, real), sums[term.output]
        if term.join is Join.NORM:
            sums[term.output] = np.abs(value) if before is None else hypot(before, value)
        else:
            value = value * value if term.join is Join.SQUARES else value
            sums[term.output] = value if before is None else before + value
    return sums


def check(core, terms, inputs, outputs=1, workers=(1, 3)):
    """Every way of running the terms gives the bits of the loops, and writes the outputs only."""
    with np.errstate(all="ignore"):
        want = expected(terms, inputs, outputs)
        dtype = inputs[0].dtype if inputs[0].dtype.kind in "fc" else np.dtype(float)
        want = [a.astype(dtype) for a in want]
    order = "F" if inputs[0].flags.f_contiguous else "C"
    for streamed, threads in itertools.product([False, True], workers):
        got = [np.full(a.shape, 7, dtype, order=order) for a in want]
        before = core.gg_use_stream_bytes(0 if streamed else 1 << 40)
        try:
            ladder.apply(BACKEND, tuple(terms), inputs, got, threads)
        finally:
            core.gg_use_stream_bytes(before)
        for a, b in zip(got, want, strict=True):
            assert np.array_equal(a, b, equal_nan=True)
            assert np.array_equal(np.signbit(a.real)[a.real == 0], np.signbit(b.real)[b.real == 0])


def weights_of(rng, size, central):
    """Exact in every arithmetic type, sometimes 0, though never in formula (1)."""
    numbers = rng.integers(1 if central else 0, 9, size) / 4
    return numbers * rng.choice([-1, 1], size)


def edge_rows(rng, length, count, central):
    """Rows of no pair up to nine."""
    rows = []
    for pairs in rng.integers(0, 10, count):
        ends, numbers = rng.integers(0, length, (pairs, 2)), weights_of(rng, pairs, central)
        rows.append(tuple((int(a), int(b), float(w)) for (a, b), w in zip(ends, numbers, strict=True)))
    return tuple(rows)


def stencil(rng, length, central=False, varying=None, values=None, data=None):
    """A random stencil; what is not given is drawn."""
    varying, values = (bool(rng.integers(2)) if flag is None else flag for flag in (varying, values))
    data = rng.random() < 0.1 if data is None else data
    leading, trailing = (int(k) for k in rng.integers(0, 4, 2))
    if central or data or leading + trailing > length:
        leading, trailing = (1, 1) if central and not data else (length - length // 3, length // 3)
    offsets = CENTRAL
    if not central:
        offsets = tuple(
            tuple(map(int, rng.integers(-leading, trailing + 1, 2))) for _ in range(rng.integers(1, 9))
        )
    weights = list(weights_of(rng, (len(offsets), length) if varying else len(offsets), central))
    if central and rng.random() < 0.6:  # the short form, everywhere or at some points
        weights[1] = np.where(rng.random(length) < 0.6, *weights) if varying else weights[0]
    edges = (edge_rows(rng, length, count, central) for count in (leading, trailing))
    return Stencil(length, offsets, tuple(weights), *edges, values=values and not central)


def with_factors(rng, f, layout=lambda a: a):
    """The field and three factors, some of fewer axes."""
    inputs = [layout(f)]
    for _ in SLOTS:
        c = rng.integers(-5, 6, f.shape).astype(f.real.dtype)
        if rng.random() < 0.4:
            c = np.broadcast_to(np.take(c, [0], int(rng.integers(f.ndim))), f.shape)
        inputs.append(layout(c))
    return inputs


SLOTS = {"inner": 1, "faces": 2, "outer": 3}  # the inputs that `with_factors` gives
KINDS = ["plain", "central", "outer", "inner", "faces", "faces outer", "inner outer", "inner faces outer", "then", "then outer",
         "then inner outer", "norm", "norm outer", "squares", "squares outer"]  # fmt: skip


def join_of(kind):
    """What terms of a kind make of their output."""
    return next((join for join in Join if join.name.lower() in kind), Join.TOTAL)


def term(rng, kind, shape, output):
    """A random term of a kind."""
    words = kind.split()
    axis = int(rng.integers(1 if "then" in words else 0, len(shape)))
    central = kind == "central" or rng.random() < 0.4
    values = True if "inner" in words else None
    rows = stencil(rng, shape[axis], central and "inner" not in words, values=values)
    slots = {slot: k for slot, k in SLOTS.items() if slot in words}
    made = Term(output, 0, axis, rows, **slots, join=join_of(kind))
    if "then" in words:
        lower = int(rng.integers(axis))
        return made._replace(then=(lower, stencil(rng, shape[lower], rng.random() < 0.5)))
    return made


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_any_term_on_any_layout(core, rng, kind, dtype):
    for layout, shape in itertools.product(LAYOUTS.values(), [(7,), (5, 6), (4, 3, 19), (3, 2, 4, 5)]):
        if "then" in kind and len(shape) == 1:
            continue
        f = np.asarray(noise(rng, shape, dtype))
        terms = [term(rng, kind, shape, 0) for _ in range(int(rng.integers(1, 3)))]
        if dtype in ("f2", "f4", "c8") and not any(t.factors() for t in terms):
            terms = [terms[0]]
        check(core, terms, with_factors(rng, f, layout))


@pytest.mark.parametrize("seed", range(40))
def test_terms_of_all_kinds_in_several_outputs(core, seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.permutation([2 + seed % 3, 5, int(rng.integers(9, 40))]).tolist())
    f = np.asarray(noise(rng, shape))
    terms = []
    for output in range(2):
        join = rng.choice(list(Join), p=[0.6, 0.2, 0.2])
        kinds = rng.choice([kind for kind in KINDS if join_of(kind) == join], 2)
        terms += [term(rng, kind, shape, output) for kind in kinds]
    check(core, terms[::-1] if seed % 2 else terms, with_factors(rng, f), 2)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_longer_than_a_tile_and_many_planes(core, rng, kind):
    for shape in [(3, 2500), (40, 130), (2500, 3)]:
        f = np.asarray(noise(rng, shape))
        check(core, [term(rng, kind, shape, 0) for _ in range(2)], with_factors(rng, f))


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("varying", [False, True])
def test_a_weight_of_zero_reads_neither_sample_nor_factor(core, rng, varying, values, slot):
    if slot == "inner" and not values:
        return
    f = rng.standard_normal((5, 40))
    f[rng.random(f.shape) < 0.2] = np.nan
    c = rng.choice([0.0, -0.0, 1.5, np.nan, np.inf], f.shape)
    for axis in (0, 1):
        terms = [
            Term(0, 0, axis, stencil(rng, f.shape[axis], False, varying, values), **{slot: 1})
            for _ in range(2)
        ]
        check(core, terms, [f, c])
        check(core, [t._replace(**{slot: None}) for t in terms], [f])


def test_a_norm_and_squares_of_every_pair_of_special_values(core):
    special = np.array(
        [0.0, -0.0, 1.0, -2.0, 5e-324, 1e-310, 1e-170, 1e170, 1.7e308, np.inf, -np.inf, np.nan]
    )
    special = np.concatenate([special, -special])
    p, q = (np.ascontiguousarray(a.T) for a in np.meshgrid(special, special))
    value = Stencil(len(special), ((0, 0),), (1.0,), (), (), values=True)
    for dtype in ("f8", "f4"):
        with np.errstate(over="ignore"):
            inputs = [p.astype(dtype), q.astype(dtype)]
        for join in (Join.NORM, Join.SQUARES):
            check(core, [Term(0, k, 1, value, join=join) for k in range(2)], inputs)


def test_every_cpu_level_gives_the_same_bits(cpu_levels, core, rng):
    f = np.asarray(noise(rng, (5, 6, 70)))
    inputs = with_factors(rng, f)
    for kind in KINDS:
        terms = [term(rng, kind, f.shape, 0) for _ in range(2)]
        for level in cpu_levels:
            core.gg_use_cpu_level(level)
            check(core, terms, inputs, workers=(1,))


@pytest.mark.parametrize("shape", [(6, 7), (9, 40), (5, 6, 70), (12, 530)])
def test_derivatives_along_two_axes_on_every_level(cpu_levels, core, rng, shape):
    """Where weights are the same at all points they have loops, alone and together with others."""
    f = np.asarray(noise(rng, shape))
    sides = {
        "one-sided": None,
        "mirrors": "reflect",
        "one mirror": ["periodic", *["reflect"] * (len(shape) - 1)],
    }
    for boundary in sides.values():
        grid = gg.Grid(
            *[(n, 0.5 + k) for k, n in enumerate(shape)], **({"boundary": boundary} if boundary else {})
        )
        operators = [grid.biharmonic, grid.hessian, 2 * grid.biharmonic - grid.laplacian]
        if not boundary and len(shape) == 2:
            i, j = np.meshgrid(*map(np.arange, shape), indexing="ij")
            operators.append(gg.Grid(i + 0.1 * j, j + 0.1 * i).laplacian)
        for level in cpu_levels:
            core.gg_use_cpu_level(level)
            for operator in operators:
                terms, outputs = operator.pattern.terms_for(shape), len(operator.grids_out)
                check(core, terms, [f, *map(np.asarray, operator.coefficients_for(f))], outputs, workers=(1,))
