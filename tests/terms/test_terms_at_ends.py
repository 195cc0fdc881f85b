"""Terms that stand at the ends only, read from side arrays: in every executor as loops have them, and nothing elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from samples import COMPILED, dtype_id, noise, same_bits
from stencil_oracles import loop, own_rows, read_by, row_entries, rows_with_values

from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._stencils.part import part
from gridgrad._stencils.stencil import CENTRAL, Stencil
from gridgrad._stencils.transpose import transposed
from gridgrad._terms.adjoint import adjoint_terms
from gridgrad._terms.real import real_terms
from gridgrad._terms.term import Join, Term, merged

SHAPE = (9, 10, 11)


def at_ends(rng, length, before=2, behind=1):
    """Random rows at the ends, one of them empty, nothing between."""

    def row(point):
        return tuple((point, int(b), rng.standard_normal()) for b in rng.integers(0, length, 2))

    leading = tuple(row(i) if i != 1 else () for i in range(before))
    return Stencil(length, (), (), leading, tuple(row(length - 1 - i) for i in range(behind)), True)


def side(rng, axis, shape=SHAPE, dtype="f8"):
    """An array of the side that an axis ends at, brought to the field's shape without a copy."""
    values = noise(rng, [1 if k == axis else n for k, n in enumerate(shape)], dtype)
    return np.broadcast_to(values, shape)


def rows_of(stencil, f, axis):
    """The values, and where there are rows."""
    along = np.moveaxis(f, axis, 0)
    there = np.array([bool(row_entries(stencil, i)) for i in range(stencil.length)])
    there = np.broadcast_to(there.reshape(-1, *(1,) * (f.ndim - 1)), along.shape)
    return np.moveaxis(loop(stencil, along), 0, axis), np.moveaxis(there, 0, axis)


def expected(terms, inputs):
    """The terms of one output in the order that is stated: those at ends last, and only where they have rows."""
    total = None
    for term in sorted(terms, key=lambda term: term.ends):
        value, there = rows_of(term.stencil, inputs[term.input], term.axis)
        if term.then is not None:
            value, also = rows_of(term.then[1], value, term.then[0])
            there = there & also
        value = value if term.outer is None else value * inputs[term.outer]
        if total is None:
            total = value
        elif term.ends:
            total = np.where(there, total + value, total)
        else:
            total = total + value
    return total


def through_core(terms, inputs, outputs=1, dtype=None, workers=None):
    out = [np.full(inputs[0].shape, np.nan, dtype or inputs[0].dtype) for _ in range(outputs)]
    ladder.apply(BACKEND, terms, inputs, out, workers)
    return out


def streamed(core, *arguments, **keywords):
    before = core.gg_use_stream_bytes(0)
    try:
        return through_core(*arguments, **keywords)
    finally:
        core.gg_use_stream_bytes(before)


def ways(core, terms, inputs, outputs=1):
    yield "core", through_core(terms, inputs, outputs)
    yield "threads", through_core(terms, inputs, outputs, workers=2)
    yield "streams", streamed(core, terms, inputs, outputs)
    yield "slices", slices.apply(NUMPY, terms, inputs, outputs)


def check(core, terms, inputs):
    want = expected(terms, inputs)
    for name, (got,) in ways(core, terms, inputs):
        assert same_bits(got, want), name


@pytest.fixture
def field(rng):
    f = np.array(noise(rng, SHAPE))
    f[rng.random(SHAPE) < 0.3] = -0.0
    return f


def laplacian(rng, shape=SHAPE):
    """Three terms around the same points."""
    return tuple(Term(0, 0, k, rows_with_values(rng, n, CENTRAL)) for k, n in enumerate(shape))


class TestApplied:
    @pytest.mark.parametrize("own", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
    def test_all_sides_of_a_field(self, core, rng, field, own):
        """One term alone, which streams, a star of two and of three, with sides along every axis."""
        terms = laplacian(rng)
        chosen = tuple(terms[k] for k in own)
        sides = [Term(0, 1 + k, k % 3, at_ends(rng, SHAPE[k % 3]), ends=True) for k in range(6)]
        inputs = [field, *(side(rng, k % 3) for k in range(6))]
        check(core, chosen + tuple(sides), inputs)
        check(core, tuple(sides[::-1]) + chosen, inputs)  # wherever they are given
        for axis in range(3):
            check(core, (*chosen, sides[axis]), inputs)

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    @pytest.mark.parametrize("length", [127, 128, 141, 300])
    def test_ends_of_rows_that_go_past_the_caches(self, core, rng, length, dtype):
        """Several terms at the same end, at one end only, and in the rows at the ends of other axes."""
        shape = (6, 7, length)
        f = np.array(noise(rng, shape, dtype))
        f[rng.random(shape) < 0.3] = -0.0
        own = tuple(Term(0, 0, k, rows_with_values(rng, n, CENTRAL)) for k, n in enumerate(shape))
        at = ((2, 1, 2), (2, 0, 1), (1, 2, 0), (0, 1, 1))
        sides = tuple(
            Term(0, 1 + k, at[k][0], at_ends(rng, shape[at[k][0]], *at[k][1:]), ends=True) for k in range(4)
        )
        inputs = [f, *(side(rng, axis, shape, dtype) for axis, _, _ in at)]
        for terms in (own, own[2:], own[1:], own[:1]):
            for chosen in (terms + sides, terms + sides[:2]):
                if dtype == "f8":
                    check(core, chosen, inputs)
                (want,) = slices.apply(NUMPY, chosen, inputs, 1)
                assert same_bits(streamed(core, chosen, inputs)[0], want)

    @pytest.mark.parametrize("shape", [(2100,), (7, 2100), (40, 12), (7, 8, 30), (2, 7, 8, 9)])
    def test_long_rows_and_rows_alike(self, core, rng, shape):
        f = np.array(noise(rng, shape))
        terms = laplacian(rng, shape)[-3:] if len(shape) < 4 else laplacian(rng, shape)[1:]
        sides = tuple(
            Term(0, 1 + k, k, at_ends(rng, n, before=min(2, n - 1)), ends=True) for k, n in enumerate(shape)
        )
        inputs = [f, *(side(rng, k, shape) for k in range(len(shape)))]
        check(core, terms + sides, inputs)
        for term in terms:
            check(core, (term, *sides), inputs)
        if len(shape) > 1:  # the same side everywhere, and one between other numbers
            inputs[1:] = [np.broadcast_to(noise(rng, (1,) * len(shape)), shape)] * len(shape)
            check(core, terms + sides, inputs)
            wide = np.array(noise(rng, [2 * n for n in shape]))[tuple(slice(1, None, 2) for _ in shape)]
            check(core, terms + sides, [f, *[wide] * len(shape)])

    def test_the_inside_is_as_if_there_were_no_such_term(self, core, rng, field):
        """Its zeros keep their signs, and nothing is read."""
        point = Term(0, 0, None, Stencil(1, ((0, 0),), (1.0,), (), (), True))
        poison = np.full(SHAPE, np.nan)
        for axis in range(3):
            ends = Stencil(SHAPE[axis], (), (), (((0, 0, 2.0),),), (), True)
            sides = np.moveaxis(poison.copy(), axis, 0)
            sides[0] = 1.0
            terms = (point, Term(0, 1, axis, ends, ends=True))
            for name, (got,) in ways(core, terms, [field, np.moveaxis(sides, 0, axis)]):
                inside, first = np.moveaxis(got, axis, 0)[1:], np.moveaxis(got, axis, 0)[0]
                assert same_bits(inside, np.moveaxis(field, axis, 0)[1:]), name
                assert same_bits(first, np.moveaxis(field, axis, 0)[0] + 2.0), name

    def test_differences_and_values_of_the_field_at_ends(self, core, rng, field):
        rows = (((0, 1, 2.0), (0, 0, 1.0)),), (((10, 8, 3.0),),)
        terms = (*laplacian(rng), Term(0, 0, 2, Stencil(11, (), (), *rows), ends=True))
        check(core, terms, [field])

    @pytest.mark.parametrize("outer", [None, 2])
    @pytest.mark.parametrize("axes", [(1, 0), (2, 0), (2, 1)])
    def test_mixed_derivatives(self, core, rng, field, axes, outer):
        """Of a side along itself, in either order; corners are of two sides."""
        axis, then = axes
        inner, along = (
            rows_with_values(rng, SHAPE[axis], CENTRAL),
            rows_with_values(rng, SHAPE[then], CENTRAL, uneven=True),
        )
        empty = Stencil(SHAPE[axis], CENTRAL, (1.0, 2.0), ((),), (((0, 1, 1.0),),))  # as of an even mirror
        ends = [at_ends(rng, SHAPE[axis]), at_ends(rng, SHAPE[then])]
        own = Term(0, 0, axis, inner, then=(then, along))
        for first, second in ((ends[0], along), (inner, ends[1]), (empty, ends[1]), ends):
            sides = Term(0, 1, axis, first, then=(then, second), outer=outer, ends=True)
            inputs = [field, np.array(noise(rng, SHAPE)), np.array(noise(rng, SHAPE))]
            check(core, (own, sides), inputs)
            check(core, (sides,), inputs)

    @pytest.mark.parametrize("axes", [(1, 0), (2, 0), (2, 1)])
    def test_rows_of_their_own_at_each_point_of_another_axis(self, cpu_levels, core, rng, field, axes):
        """As of means all round a pole: no two rows of memory are alike, though those of the end are."""
        axis, then = axes
        n = SHAPE[then]
        own = tuple(
            tuple((i, int(b), rng.standard_normal()) for b in rng.integers(0, n, 1 + i % 3)) for i in range(n)
        )
        terms = (
            *laplacian(rng),
            Term(
                0,
                1,
                axis,
                at_ends(rng, SHAPE[axis]),
                then=(then, Stencil(n, (), (), own, (), True)),
                ends=True,
            ),
        )
        inputs = [field, np.array(noise(rng, SHAPE))]
        for level in cpu_levels:
            core.gg_use_cpu_level(level)
            check(core, terms, inputs)
            check(core, terms[-1:], inputs)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_factors(self, core, rng, field, axis):
        k = np.array(noise(rng, SHAPE))
        ends = at_ends(rng, SHAPE[axis])
        inputs = [field, side(rng, axis), k]
        check(core, (*laplacian(rng), Term(0, 1, axis, ends, outer=2, ends=True)), inputs)
        terms = (*laplacian(rng), Term(0, 1, axis, ends, inner=2, faces=2, ends=True))
        first, *others = (got for _, (got,) in ways(core, terms, inputs))
        assert all(same_bits(first, other) for other in others)

    def test_alone_they_make_zeros_elsewhere(self, core, rng, field):
        for count in (1, 2):
            check(
                core, tuple(Term(0, 0, k, at_ends(rng, SHAPE[k]), ends=True) for k in range(count)), [field]
            )

    def test_norms(self, core, rng, field):
        terms = tuple(term._replace(join=Join.NORM) for term in laplacian(rng))
        terms += (
            Term(0, 1, 0, at_ends(rng, 9), join=Join.NORM, ends=True),
            Term(0, 1, 2, at_ends(rng, 11), join=Join.NORM, ends=True),
        )
        first, *others = (got for _, (got,) in ways(core, terms, [field, side(rng, 0)]))
        assert all(same_bits(first, other) for other in others)

    @pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_every_dtype(self, core, rng, dtype, axis):
        f, wall = np.array(noise(rng, SHAPE, dtype)), side(rng, axis, dtype=dtype)
        kept = "f8" if f.dtype.kind in "iu" else f.dtype
        ends = Term(0, 1, axis, at_ends(rng, SHAPE[axis]), ends=True)
        for own in (laplacian(rng), laplacian(rng)[:1], laplacian(rng)[2:]):
            (got,) = through_core((*own, ends), [f, wall], dtype=kept)
            assert same_bits(got, slices.apply(NUMPY, (*own, ends), [f, wall], 1)[0])
            assert same_bits(got, streamed(core, (*own, ends), [f, wall], dtype=kept)[0])

    @pytest.mark.parametrize("order", ["F", "rotated", "every second"])
    def test_layouts(self, core, rng, field, order):
        view = {
            "F": np.asfortranarray,
            "rotated": lambda f: np.ascontiguousarray(f.transpose(2, 0, 1)).transpose(1, 2, 0),
            "every second": lambda f: np.repeat(f, 2, axis=2)[..., ::2],
        }[order]
        sides = tuple(Term(0, 1 + k, k, at_ends(rng, n), ends=True) for k, n in enumerate(SHAPE))
        check(core, laplacian(rng) + sides, [view(field), *(side(rng, k) for k in range(3))])


class TestSweeps:
    def test_more_than_a_descriptor_holds(self, core, rng, field):
        """The ends follow in sweeps of their own, which touch nothing else."""
        sides = tuple(Term(0, 1 + k, k % 3, at_ends(rng, SHAPE[k % 3]), ends=True) for k in range(17))
        inputs = [field, *(side(rng, k % 3) for k in range(17))]
        before = ladder.counts["split"]
        check(core, sides[:9] + laplacian(rng) + sides[9:], inputs)
        check(core, sides, inputs)
        assert ladder.counts["split"] > before

    @pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c16"])
    def test_of_several_outputs(self, core, rng, dtype):
        f, inputs = np.array(noise(rng, SHAPE, dtype)), []
        terms = [term._replace(output=k) for k, term in enumerate(laplacian(rng))]
        for k in range(12):
            terms.append(Term(k % 3, 1 + k, k % 2, at_ends(rng, SHAPE[k % 2]), ends=True))
            inputs.append(side(rng, k % 2, dtype=dtype))
        want = slices.apply(NUMPY, tuple(terms), [f, *inputs], 3)
        assert all(map(same_bits, through_core(tuple(terms), [f, *inputs], 3), want))
        terms = [term for term in terms if term.ends or term.output]  # an output of nothing else
        want = slices.apply(NUMPY, tuple(terms), [f, *inputs], 3)
        assert all(map(same_bits, through_core(tuple(terms), [f, *inputs], 3), want))

    def test_into_outputs_of_any_stride(self, core, rng, field):
        sides = tuple(Term(0, 1 + k, k % 3, at_ends(rng, SHAPE[k % 3]), ends=True) for k in range(17))
        inputs = [field, *(side(rng, k % 3) for k in range(17))]
        own = laplacian(rng)
        want = through_core(own + sides, inputs)[0]
        out = np.full((*SHAPE[:2], 3 * SHAPE[2]), np.nan)[..., 1::3]
        ladder.apply(BACKEND, own + sides, inputs, [out])
        assert same_bits(out, want)

    def test_a_side_moves_little_memory(self, core, rng):
        shape = (64, 64)
        inputs = [np.zeros(shape), *(side(rng, k, shape) for k in range(2))]
        sides = tuple(Term(0, 1 + k, k, at_ends(rng, 64), ends=True) for k in range(2))
        plan = ladder.plan_for(BACKEND, laplacian(rng, shape) + sides, inputs, [np.zeros(shape)])
        assert plan.traffic == 8 * (2 * 64 * 64 + 2 * 64)


class TestMade:
    def test_parts_have_the_bits_of_the_whole(self, core, rng):
        """Blocks without an end, of an end alone, and more: as terms stay at ends, zeros keep their signs."""
        n, f, wall = 12, np.zeros((12, 3)), np.array(noise(rng, (12, 3)))
        f[::2] = -0.0
        point, ends = Stencil(n, ((0, 0),), (np.ones(n),), (), (), True), at_ends(rng, n)
        (whole,) = through_core((Term(0, 0, 0, point), Term(0, 1, 0, ends, ends=True)), [f, wall])
        for start in range(n):
            for stop in range(start + 1, n + 1):
                block = part(ends, start, stop)
                held = np.concatenate([wall[piece] for piece in read_by(block, start, stop, n)])
                base = np.zeros((block.stencil.length, 3))
                base[own_rows(block)] = f[start:stop]
                whole_of_block = Stencil(block.stencil.length, ((0, 0),), (1.0,), (), (), True)
                terms = (Term(0, 0, 0, whole_of_block), Term(0, 1, 0, block.stencil, ends=True))
                for _, (got,) in ways(core, terms, [base, held]):
                    assert same_bits(got[own_rows(block)], whole[start:stop])

    def test_what_keeps_it(self, rng):
        term = Term(0, 1, 0, at_ends(rng, 9), ends=True)
        assert adjoint_terms((term,))[0].ends
        assert all(part.ends for part in real_terms((term,), (True, True)))
        (both,) = merged((term, term._replace(stencil=at_ends(rng, 9))))
        assert both.ends
        assert not both.stencil.offsets
        assert not transposed(term.stencil).offsets
        assert len(merged((term, term._replace(ends=False)))) == 2
