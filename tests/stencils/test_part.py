"""Parts of stencils against the whole, bit for bit: any block of any axis, through the core and through slices."""

from __future__ import annotations

import pickle
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from rules import RING, RULES, SOME, around, ends, name, positions
from stencil_oracles import dense, own_rows, read_by

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._base.errors import ArgumentValueError
from gridgrad._grid.axis import axis_stencil
from gridgrad._stencils.derivatives import Rule, points_needed
from gridgrad._stencils.part import part
from gridgrad._stencils.sums import added
from gridgrad._stencils.transpose import product, scaled, transposed
from gridgrad._terms.term import Term

EPS = np.finfo(float).eps
BOTH = [False, True]
N = 37
CUTS = [[0, N], [0, 10, 20, N], [0, 7, 15, 23, 30, N], [0, 1, 2, 35, 36, N], [*range(N + 1)]]


def made(rng, rule, uneven, n=N):
    """The stencil of a rule on one axis."""
    x = np.cumsum(rng.uniform(0.2, 1.5, n)) if uneven else -0.3
    return axis_stencil(x, n, 0, rule, around(positions(x, n), rule) if uneven else None, np.float64)


def through_core(stencil, *fields, slot="outer"):
    """One term by the compiled core."""
    out = np.full(fields[0].shape, np.nan, fields[0].dtype if fields[0].dtype.kind in "fc" else "f8")
    ladder.apply(BACKEND, (term_of(stencil, fields, slot),), list(fields), [out])
    return out


def through_slices(stencil, *fields, slot="outer"):
    """One term by slices of arrays."""
    return slices.apply(NUMPY, (term_of(stencil, fields, slot),), list(fields), 1)[0]


def term_of(stencil, fields, slot):
    return Term(0, 0, 0, stencil, **({slot: 1} if len(fields) == 2 else {}))


WAYS = [through_core, through_slices]


def read(f, reads):
    """What a file or a neighbour hands over."""
    return np.concatenate([f[piece] for piece in reads])


def in_blocks(apply, stencil, cuts, *fields, slot="outer"):
    """The whole result, one block after the other."""
    results = []
    for start, stop in pairwise(cuts):
        block = part(stencil, start, stop)
        assert block.stencil.length == block.before + stop - start + block.after
        halo = [read(f, read_by(block, start, stop, stencil.length)) for f in fields]
        results.append(apply(block.stencil, *halo, slot=slot)[own_rows(block)])
    return np.concatenate(results)


def check(stencil, *fields, cuts=CUTS, ways=WAYS, slot="outer"):
    for apply in ways:
        whole = apply(stencil, *fields, slot=slot)
        for cut in cuts:
            blocks = in_blocks(apply, stencil, cut, *fields, slot=slot)
            assert np.array_equal(blocks, whole, equal_nan=True)
            assert np.array_equal(np.signbit(blocks.real), np.signbit(whole.real))


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", RULES + SOME, ids=name)
def test_blocks_have_the_bits_of_the_whole_and_so_has_the_transpose(core, rng, rule, uneven):
    f = rng.standard_normal((N, 5))
    for stencil in (made(rng, rule, uneven), transposed(made(rng, rule, uneven))):
        check(stencil, f)


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", RULES + SOME, ids=name)
def test_every_block_of_short_axes(rng, rule, uneven):
    least = points_needed(rule, uniform=not uneven)
    for n in {max(least, 2), least + 1, least + 2, 2 * least}:
        stencil = made(rng, rule, uneven, n)
        for one in (stencil, transposed(stencil)):
            for start in range(n):
                for stop in range(start + 1, n + 1):
                    block = part(one, start, stop)
                    points = np.concatenate([np.arange(n)[piece] for piece in read_by(block, start, stop, n)])
                    assert len(set(points)) == len(points) == block.stencil.length
                    assert list(points[own_rows(block)]) == list(range(start, stop))
                    embedded = np.zeros((stop - start, n))
                    embedded[:, points] = dense(block.stencil)[own_rows(block)]
                    assert np.array_equal(embedded, dense(one)[start:stop])


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "c8", "c16", "i4", "u8"])
@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", [Rule(1), Rule(2, 4), Rule(1, 6, RING), Rule(2, None, RING)], ids=name)
def test_every_dtype(core, rng, rule, uneven, dtype):
    f = rng.uniform(0, 100, (N, 3))
    f = (f + 1j * f[::-1] if dtype[0] == "c" else f).astype(dtype)
    for stencil in (made(rng, rule, uneven), transposed(made(rng, rule, uneven))):
        check(stencil, f, cuts=CUTS[1:3])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "rule", [Rule(1), Rule(1, 4), Rule(2, None, ends("reflect", "antireflect"))], ids=name
)
def test_what_is_not_finite_stays_where_it_is_read(core, rng, rule, value):
    f = rng.standard_normal((N, 3))
    f[[9, 10, 30]] = value
    for uneven in BOTH:
        check(made(rng, rule, uneven), f)


@pytest.mark.parametrize("boundary", [ends("one-sided"), RING, ends("reflect", "one-sided")])
@pytest.mark.parametrize("uneven", BOTH)
def test_sums_products_and_multiples(core, rng, boundary, uneven):
    f = rng.standard_normal((N, 3))
    first, second = (made(np.random.default_rng(1), Rule(order, None, boundary), uneven) for order in (1, 2))
    made_of_both = [
        added(first, second), product(first, first), product(transposed(first), first),
        product(first, transposed(second)), scaled(second, -1 / 3), added(first, scaled(first, -1.0)),
        transposed(first, rng.uniform(0.5, 2, N)),
    ]  # fmt: skip
    for stencil in made_of_both:
        check(stencil, f)


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("boundary", [ends("one-sided"), RING, ends("antireflect", "reflect")])
def test_coefficients_are_cut_as_the_field_is(core, rng, boundary, uneven):
    f, k = rng.standard_normal((N, 3)), rng.uniform(0.5, 2, (N, 3))
    stencil = made(rng, Rule(2, None, boundary), uneven)
    check(stencil, f, k, slot="outer")
    check(stencil, f, k, slot="faces")
    check(transposed(stencil), f, k, slot="inner")
    check(transposed(stencil, faces=True), f, k, slot="faces")


def test_operators_of_a_grid(core, rng):
    """The wide laplacian, adjoints and ratios of measures, as a grid makes them."""
    x, y = np.cumsum(rng.uniform(0.2, 1.5, N)), np.linspace(0, 1, N)
    f = rng.standard_normal((N, 3))
    for boundary in ("one-sided", "periodic", "reflect"):
        period = float(x[-1] - x[0] + 1) if boundary == "periodic" else None
        grid = gg.Grid(x, boundary=boundary, period=period)
        even = gg.Grid((N, float(y[1])), boundary=boundary)
        for operator in (grid.laplacian.with_(form="wide"), even.laplacian.with_(form="wide"), grid.gradient,
                         grid.gradient.adjoint_operator("quadrature"),
                         grid.identity.ratio_of_measures(grid, even, ())):  # fmt: skip
            for term in operator.terms:
                check(term.stencil, f)


@pytest.mark.parametrize("exponent", [-700, -80, 0, 80, 700])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_whole_decides_the_arithmetic(core, rng, exponent, dtype):
    """On an axis whose steps grow a million times, also where float32 or float64 has not the weights."""
    x = np.cumsum(np.ldexp(rng.uniform(0.5, 1, N), np.linspace(0, 60, N).astype(int) + exponent))
    f = rng.standard_normal((N, 3)).astype(dtype)
    for rule in (Rule(1), Rule(2), Rule(2, 4)):
        stencil = axis_stencil(x, N, 0, rule, None, np.float64)
        for one in (stencil, transposed(stencil)):
            check(one, f)
            block = part(one, 0, 5).stencil
            again = pickle.loads(pickle.dumps(block))
            assert again.smallest_and_largest_weight() == one.smallest_and_largest_weight()
            assert (again.power, again.fits("f4"), again.fits("f8")) == (
                one.power,
                one.fits("f4"),
                one.fits("f8"),
            )


def same_rows(one, other):
    return (one.length, one.offsets, one.leading, one.trailing) == (
        other.length, other.offsets, other.leading, other.trailing
    ) and np.array_equal(dense(one), dense(other))  # fmt: skip


@pytest.mark.parametrize("uneven", BOTH)
@pytest.mark.parametrize("rule", [Rule(1), Rule(1, 4, RING), Rule(2, 4), Rule(2, None, RING)], ids=name)
def test_parts_have_parts(core, rng, rule, uneven):
    """A rank's slab cut into chunks."""
    stencil, f = made(rng, rule, uneven), rng.standard_normal((N, 3))
    for one in (stencil, transposed(stencil)):
        whole = through_core(one, f)
        for start, stop in ((0, 20), (5, 30), (18, N)):
            slab = part(one, start, stop)
            held = read(f, read_by(slab, start, stop, N))
            for a, b in ((start, start + 6), (start + 6, start + 7), (start + 7, stop)):
                own = slab.before + a - start, slab.before + b - start
                chunk = part(slab.stencil, *own)
                assert same_rows(chunk.stencil, part(one, a, b).stencil)
                reads = read_by(chunk, *own, len(held))
                got = through_core(chunk.stencil, read(held, reads))[own_rows(chunk)]
                assert np.array_equal(got, whole[a:b])


@pytest.mark.parametrize("uneven", BOTH)
def test_a_whole_ring_is_itself_and_needs_no_halo(rng, uneven):
    for rule in (Rule(1, None, RING), Rule(2, 6, RING), Rule(1)):
        stencil = made(rng, rule, uneven)
        block = part(stencil, 0, N)
        assert (block.before, block.after, block.stencil.length) == (0, 0, N)
        assert same_rows(block.stencil, stencil)


@pytest.mark.parametrize(
    ("rule", "block", "before", "after", "reads"),
    [
        (Rule(1), (0, 10), 0, 1, (slice(0, 11),)),
        (Rule(1), (10, 20), 1, 1, (slice(9, 21),)),
        (Rule(2, None, edge_order=2), (36, 37), 3, 0, (slice(33, 37),)),
        (Rule(1, 4, RING), (0, 10), 2, 2, (slice(35, 37), slice(0, 12))),
        (Rule(1, 4, RING), (36, 37), 2, 2, (slice(34, 37), slice(0, 2))),
        (Rule(1, 4, RING), (1, 36), 1, 1, (slice(0, 37),)),
        (Rule(1, 6, ends("reflect")), (1, 2), 1, 3, (slice(0, 5),)),
        (
            Rule(1, None, ends("reflect")),
            (0, 1),
            0,
            1,
            (slice(0, 2),),
        ),  # an empty row; no axis of 1 point
    ],
)
def test_what_a_block_reads(rng, rule, block, before, after, reads):
    got = part(made(rng, rule, False), *block)
    assert (got.before, got.after, read_by(got, *block, N)) == (before, after, reads)


@pytest.mark.parametrize("block", [(0, 0), (5, 5), (7, 3), (-1, 5), (30, 38)])
def test_what_is_no_block_is_refused(rng, block):
    message = f"an axis of 37 points needs 0 <= start < stop <= 37, got {block[0]} to {block[1]}"
    with pytest.raises(ArgumentValueError, match=message):
        part(made(rng, Rule(), False), *block)


def test_a_block_of_a_long_axis_costs_the_block():
    """Neither time nor memory of the axis: a part of a uniform one has no vector at all."""
    n = 1 << 20
    x = np.arange(float(n))
    x[n // 2 :] += 0.5
    for spacing, most in ((x, 4 * 1000 * 8), (1.0, 16000)):
        stencil = axis_stencil(spacing, n, 0, Rule(), None, np.float64)
        assert stencil.smallest_and_largest_weight()[0] > 0  # measured once, as every use of the whole does
        tracemalloc.start()
        block = part(stencil, n // 2 - 500, n // 2 + 500).stencil
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most
        assert block.is_uniform == stencil.is_uniform
        if not block.is_uniform:
            assert block.table() is not None  # kernels read it as it is
            assert all(weight.base.nbytes == block.nbytes for weight in block.weights)
