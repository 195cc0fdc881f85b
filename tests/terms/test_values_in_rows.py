"""Values in the rows at the ends, ``(a, a, weight)``: every executor and every stencil made of them against loops."""

from __future__ import annotations

import numpy as np
import pytest
from samples import COMPILED, LAYOUTS, dtype_id, noise, same_bits
from stencil_oracles import dense, loop, own_rows, read_by, row_entries, rows_with_values

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._operators.sweep import Sweep
from gridgrad._stencils.matrix import matrix, pairs
from gridgrad._stencils.part import part
from gridgrad._stencils.stencil import CENTRAL, Stencil
from gridgrad._stencils.sums import added
from gridgrad._stencils.transpose import negated, product, scaled, transposed
from gridgrad._terms.matrix import term_matrix
from gridgrad._terms.term import Join, Term, merged

EPS = np.finfo(float).eps
INTERIORS = [CENTRAL, ((-1, 1),), ((0, -2), (0, 1)), ()]
N = 11


@pytest.fixture(params=range(8))
def stencil(request, rng):
    """Formula (1), other pairs, none; the same weights at every point and not."""
    kind, uneven = request.param % 4, request.param >= 4
    return rows_with_values(rng, N, INTERIORS[kind], uneven=uneven)


def through_core(terms, inputs, outputs=1, dtype=None):
    f = inputs[0]
    out = [np.full(f.shape, np.nan, dtype or f.dtype) for _ in range(outputs)]
    ladder.apply(BACKEND, terms, inputs, out)
    return out


def ways(terms, inputs, outputs=1):
    yield through_core(terms, inputs, outputs)
    yield slices.apply(NUMPY, terms, inputs, outputs)


class TestApplied:
    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_rows_and_factors(self, core, rng, stencil, axis):
        shape = [5, 6, 7]
        shape[axis] = N
        f, k = (np.array(noise(rng, shape)) for _ in range(2))
        along = np.moveaxis(f, axis, 0)
        want = loop(stencil, along)
        # A short form would be of formula (1) with equal weights, which no random row has.
        expected = {
            "plain": want,
            "outer": want * np.moveaxis(k, axis, 0),
            "faces": loop(stencil, along, np.moveaxis(k, axis, 0)),
        }
        for slot, value in expected.items():
            term = Term(0, 0, axis, stencil, **({} if slot == "plain" else {slot: 1}))
            for (got,) in ways((term,), [f, k]):
                assert same_bits(np.moveaxis(got, axis, 0), value), slot

    @pytest.mark.parametrize("axis", [0, 1])
    def test_second_stencils(self, core, rng, stencil, axis):
        """Rows of values of rows of values."""
        then = rows_with_values(rng, 9, CENTRAL)
        f = np.array(noise(rng, (9, N)))
        want = loop(then, loop(stencil, f.T).T)
        for (got,) in ways((Term(0, 0, 1, stencil, then=(0, then)),), [f]):
            assert same_bits(got, want)

    def test_sums_and_norms(self, core, rng, stencil):
        f = np.array(noise(rng, (N, N)))
        both = (Term(0, 0, 0, stencil), Term(0, 0, 1, stencil))
        one, other = loop(stencil, f), loop(stencil, f.T).T
        for (got,) in ways(both, [f]):
            assert same_bits(got, one + other)
        norms = [list(way) for way in ways(tuple(t._replace(join=Join.NORM) for t in both), [f])]
        assert same_bits(norms[0][0], norms[1][0])
        assert np.allclose(norms[0][0], np.hypot(one, other), rtol=4 * EPS, atol=0)

    @pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
    @pytest.mark.parametrize("axis", [0, 1])
    def test_every_dtype(self, core, rng, stencil, dtype, axis):
        f = np.array(noise(rng, (N, N), dtype))
        kept = "f8" if f.dtype.kind in "iu" else f.dtype
        (got,) = through_core((Term(0, 0, axis, stencil),), [f], dtype=kept)
        assert same_bits(got, slices.apply(NUMPY, (Term(0, 0, axis, stencil),), [f], 1)[0])

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_layouts_and_streams(self, core, rng, stencil, layout):
        f = LAYOUTS[layout](noise(rng, (N, 3, N)))
        terms = (Term(0, 0, 0, stencil), Term(1, 0, 2, stencil))
        want = slices.apply(NUMPY, terms, [f], 2)
        before = core.gg_use_stream_bytes(0)
        try:
            streamed = through_core(terms, [f], 2)
        finally:
            core.gg_use_stream_bytes(before)
        for got in (streamed, through_core(terms, [f], 2)):
            assert all(map(same_bits, got, want))

    def test_only_what_is_named_is_read(self, core, rng):
        """A NaN elsewhere stays where it is; its own point is read but in no difference."""
        stencil = Stencil(
            N, CENTRAL, (1.0, 2.0), (((2, 2, 3.0),),), (((N - 1, N - 1, 1.0), (N - 2, N - 1, 1.0)),)
        )
        f = np.array(noise(rng, (N,)))
        f[0] = np.nan
        for (got,) in ways((Term(0, 0, 0, stencil),), [f]):
            assert got[0] == 3 * f[2]
            assert got[-1] == f[-1] + (f[-1] - f[-2])
        veiled = gg.Grid((N, 1.0))
        got = Sweep.of(veiled, "values", (Term(0, 0, 0, stencil),))(np.ma.masked_invalid(f))
        assert list(np.flatnonzero(np.ma.getmaskarray(got))) == [0, 1]


class TestMade:
    """What is made of stencils with values, as matrices by loops over the pairs."""

    def test_matrices(self, rng, stencil):
        assert np.array_equal(matrix(stencil).toarray(), dense(stencil))
        k = rng.uniform(0.5, 2, N)
        want = np.zeros((N, N))
        for row, a, b, weight in zip(*pairs(stencil), strict=True):
            want[row, b] += weight * ((k[a] + k[b]) * 0.5)
            want[row, a] -= weight * ((k[a] + k[b]) * 0.5) * (a != b)
        got = term_matrix(Term(0, 0, 0, stencil, faces=0), (N,), [k]).toarray()
        assert np.all(abs(got - want) <= 4 * EPS * (abs(want) + abs(want).max()))

    def test_the_transpose(self, stencil):
        size = dense(Stencil(*abs_of(stencil)))
        turned = transposed(stencil)
        assert turned.values
        assert np.all(abs(dense(turned) - dense(stencil).T) <= 4 * EPS * size.T)
        assert np.all(abs(dense(transposed(turned)) - dense(stencil)) <= 8 * EPS * size)

    def test_the_transpose_with_faces(self, core, rng):
        """A value at its own point takes the coefficient there; one elsewhere has no place in the transpose."""
        rows = (((0, 0, 3.0), (0, 1, 2.0)),), (((N - 2, N - 1, 5.0), (N - 1, N - 1, -4.0)),)
        stencil = Stencil(N, CENTRAL, (1.0, 2.0), *rows)
        k, f, g = rng.uniform(0.5, 2, N), rng.standard_normal(N), rng.standard_normal(N)
        turned = transposed(stencil, faces=True)
        for (got,) in ways((Term(0, 0, 0, turned, faces=1),), [g, k]):
            assert abs(got @ f - loop(stencil, f, k) @ g) <= 100 * EPS
        far = Stencil(N, CENTRAL, (1.0, 2.0), (((1, 1, 3.0),),), ())
        with pytest.raises(ValueError, match=r"row 0 has the pair \(1, 1\)"):
            transposed(far, faces=True)

    @pytest.mark.parametrize("faces", [False, True])
    def test_sums(self, rng, stencil, faces):
        other = rows_with_values(rng, N, CENTRAL)
        size = dense(Stencil(*abs_of(stencil))) + dense(Stencil(*abs_of(other)))
        for one in (other, stencil, negated(stencil)):
            whole = added(stencil, one, faces)
            bound = 8 * EPS * (size + size.sum(axis=1, keepdims=True) * np.eye(N))
            assert np.all(abs(dense(whole) - dense(stencil) - dense(one)) <= bound)
            if faces:
                k, f = rng.uniform(0.5, 2, N), rng.standard_normal(N)
                want = loop(stencil, f, k) + loop(one, f, k)
                assert np.all(abs(loop(whole, f, k) - want) <= 100 * EPS * size.sum(axis=1))
        (both,) = merged((Term(0, 0, 0, stencil), Term(0, 0, 0, other)))
        assert np.array_equal(dense(both.stencil), dense(added(stencil, other)))

    def test_sums_keep_values_beside_differences(self):
        """So the differences of a constant are exactly 0 in a sum, too."""
        one = Stencil(4, CENTRAL, (1.0, 2.0), (((0, 1, 0.1), (0, 0, 7.0)),), (((2, 3, 0.7),),))
        other = Stencil(4, CENTRAL, (1.0, 2.0), (((1, 2, 0.3),),), (((3, 3, 5.0),),))
        whole = added(one, other)
        assert loop(whole, np.full(4, 0.1)).tolist() == [7.0 * 0.1, 0, 0, 5.0 * 0.1]
        assert row_entries(whole, 3) == [(2, 3, 0.7), (3, 3, 5.0)]

    def test_multiples(self, stencil):
        assert np.array_equal(dense(scaled(stencil, -4.0)), -4 * dense(stencil))
        assert np.array_equal(dense(negated(stencil)), -dense(stencil))

    def test_products(self, rng, stencil):
        other = rows_with_values(rng, N, CENTRAL)
        for outer, inner in ((other, stencil), (stencil, other), (transposed(other), stencil)):
            made = product(outer, inner)
            sizes = [dense(Stencil(*abs_of(one))) for one in (outer, inner)]
            bound = 64 * EPS * np.sum(sizes[0] @ sizes[1], axis=1, keepdims=True)
            assert np.all(abs(dense(made) - dense(outer) @ dense(inner)) <= bound)

    def test_products_keep_values_beside_differences(self):
        inner = Stencil(6, CENTRAL, (1.0, 1.0), (((0, 1, 2.0), (0, 0, 4.0)),), (((4, 5, 1.0),),))
        outer = Stencil(6, CENTRAL, (0.5, 0.5), (((0, 1, 1.0),),), (((4, 5, 1.0),),))
        made = product(outer, inner)
        assert [pair for pair in made.leading[0] if pair[0] == pair[1]] == [(0, 0, -4.0)]
        assert [pair for pair in made.leading[1] if pair[0] == pair[1]] == [(0, 0, -2.0)]
        assert not any(a == b for row in made.trailing for a, b, _ in row)

    def test_parts(self, core, rng, stencil):
        f = np.array(noise(rng, (N, 3)))
        whole = loop(stencil, f)
        for start in range(N):
            for stop in range(start + 1, N + 1):
                block = part(stencil, start, stop)
                held = np.concatenate([f[piece] for piece in read_by(block, start, stop, N)])
                for (got,) in ways((Term(0, 0, 0, block.stencil),), [held]):
                    assert same_bits(got[own_rows(block)], whole[start:stop])


def abs_of(stencil):
    """The fields of a stencil of values whose matrix has the sums of magnitudes."""
    rows = [
        tuple(tuple((b, b, abs(w)) for a, c, w in row for b in {a, c}) for row in side)
        for side in (stencil.leading, stencil.trailing)
    ]
    pairs = [
        ((b, b), abs(w)) for pair, w in zip(stencil.offsets, stencil.weights, strict=True) for b in set(pair)
    ]
    return stencil.length, tuple(p for p, _ in pairs), tuple(w for _, w in pairs), *rows, True


class TestOperators:
    @pytest.fixture
    def operator(self, stencil):
        return Sweep.of(gg.Grid((N, 1.0), (4, 1.0)), "values", (Term(0, 0, 0, stencil),))

    def test_matrix_and_adjoint(self, core, rng, operator):
        f, g = (np.array(noise(rng, (N, 4))) for _ in range(2))
        matrix = operator.to_sparse()
        bound = 32 * EPS * (abs(matrix) @ abs(f.ravel()) + abs(f).max())
        assert np.all(abs(operator(f).ravel() - matrix @ f.ravel()) <= bound)
        assert abs(np.vdot(operator(f), g) - np.vdot(f, operator.T(g))) <= 500 * EPS * abs(matrix).max()

    @pytest.mark.needs("torch")
    def test_torch(self, core, rng, operator):
        import torch

        f = torch.from_numpy(np.array(noise(rng, (N, 4)))).requires_grad_()
        assert same_bits(operator(f).detach().numpy(), operator(f.detach().numpy()))
        assert torch.autograd.gradcheck(operator, f)
        assert torch.autograd.gradgradcheck(lambda f: operator(f) ** 2, f)

    @pytest.mark.needs("jax")
    def test_jax(self, core, rng, operator):
        import jax

        f, g = (np.array(noise(rng, (N, 4))) for _ in range(2))
        with jax.enable_x64(True):
            got, back = jax.vjp(operator, jax.numpy.asarray(f))
            (slope,) = back(jax.numpy.asarray(g))
        bound = 200 * EPS * abs(operator.to_sparse()).max()
        assert np.all(abs(np.asarray(got) - operator(f)) <= bound)
        assert np.all(abs(np.asarray(slope) - operator.T(g)) <= bound)

    @pytest.mark.needs("dask")
    def test_chunks(self, core, rng, operator):
        import dask.array

        f = np.array(noise(rng, (N, 4)))
        assert same_bits(np.asarray(operator(dask.array.from_array(f, chunks=(3, 2)))), operator(f))
