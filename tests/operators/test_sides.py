"""Operators that read side arrays beside their field: hand-made patterns, in every library, changed between calls."""

from __future__ import annotations

import numpy as np
import pytest
from samples import noise, same_bits

import gridgrad as gg
from gridgrad._operators.fields.coefficients import Argument
from gridgrad._operators.sweep import Sweep
from gridgrad._stencils.stencil import Stencil
from gridgrad._terms.term import Term

EPS = np.finfo(float).eps
SHAPE = (7, 9)


def wall(length, last, weight=2.0):
    """One value at an end."""
    row = ((length - 1, length - 1, weight),) if last else ((0, 0, weight),)
    return Stencil(length, (), (), *(((), (row,)) if last else ((row,), ())), True, order=2)


def walled(grid, base, sides, names=None):
    """An operator of one field with a term for each (axis, last) of `sides`."""
    behind = sum(argument.fields for argument in base.arguments)
    terms = tuple(
        Term(0, 1 + behind + k, axis, wall(grid.lengths[axis], last, 2.0 + k), ends=True)
        for k, (axis, last) in enumerate(sides)
    )
    arguments = tuple(Argument(f"wall{k}", (None,), False, side=axis) for k, (axis, _) in enumerate(sides))
    return Sweep.of(grid, "walled", base.terms + terms, arguments=base.arguments + arguments)


def expected(base, f, sides, values):
    want = np.array(base(f))
    for k, ((axis, last), value) in enumerate(zip(sides, values, strict=True)):
        index = [slice(None)] * 2
        index[axis] = -1 if last else 0
        want[(..., *index)] += (2.0 + k) * value
    return want


ALL = [(0, False), (1, True), (1, False), (0, True)]


@pytest.fixture
def grid():
    return gg.Grid((7, 0.5), (9, 0.25))


@pytest.fixture
def values(rng):
    return [np.array(noise(rng, (SHAPE[1 - axis],))) for axis, _ in ALL]


class TestNumbers:
    def test_sides_of_every_axis(self, core, rng, grid, values):
        f = np.array(noise(rng, SHAPE))
        operator = walled(grid, grid.laplacian, ALL).with_coefficients(tuple(values))
        assert same_bits(operator(f), expected(grid.laplacian, f, ALL, values))

    def test_every_form_of_a_side(self, core, rng, grid, values):
        """Without the axis, with length 1 there, one number, batch axes in front; in batches of fields."""
        f = np.array(noise(rng, (3, *SHAPE)))
        operator = walled(grid, grid.laplacian, ALL)
        want = expected(grid.laplacian, f, ALL, values)
        kept = [
            v.reshape((1, -1) if axis == 0 else (-1, 1)) for v, (axis, _) in zip(values, ALL, strict=True)
        ]
        for given in (values, kept):
            assert same_bits(operator.with_coefficients(tuple(given))(f), want)
        numbers = [np.float64(k) for k in range(4)]
        assert same_bits(
            operator.with_coefficients(tuple(map(np.asarray, numbers)))(f),
            expected(grid.laplacian, f, ALL, numbers),
        )
        batch = [np.array(noise(rng, (3, v.size))) for v in values]
        assert same_bits(operator.with_coefficients(tuple(batch))(f), expected(grid.laplacian, f, ALL, batch))

    def test_what_is_written_between_calls_counts(self, core, rng, grid, values):
        """From a buffer that stays the caller's, without planning anew."""
        f = np.array(noise(rng, SHAPE))
        operator = walled(grid, grid.laplacian, ALL).with_coefficients(tuple(values))
        operator(f)
        bound = len(operator.pattern.calls)
        assert bound == 1
        for _ in range(3):
            values[1][...] = noise(rng, values[1].shape)
            assert same_bits(operator(f), expected(grid.laplacian, f, ALL, values))
        others = [np.array(noise(rng, v.shape)) for v in values]
        assert same_bits(
            operator.with_coefficients(tuple(others))(f), expected(grid.laplacian, f, ALL, others)
        )
        assert len(operator.pattern.calls) == bound
        assert same_bits(
            operator(f, wall2=others[2]),
            expected(grid.laplacian, f, ALL, [*values[:2], others[2], values[3]]),
        )

    def test_no_copies(self, core, rng, grid, values):
        out, f = np.empty(SHAPE), np.array(noise(rng, SHAPE))
        operator = walled(grid, grid.laplacian, ALL).with_coefficients(tuple(values))
        assert operator(f, out=out) is out
        out[...] = np.nan
        assert operator(f, out=out) is out
        assert same_bits(out, expected(grid.laplacian, f, ALL, values))

    def test_a_side_that_does_not_fit(self, grid, values):
        operator = walled(grid, grid.laplacian, ALL).with_coefficients((np.zeros(5), *values[1:]))
        with pytest.raises(
            ValueError, match=r"wall0 of shape .* does not broadcast to the field's shape \(7, 9\)"
        ):
            operator(np.zeros(SHAPE))

    def test_sums_and_multiples(self, core, rng, grid, values):
        """With coefficients of another operator before and behind."""
        f, k = np.array(noise(rng, SHAPE)), rng.uniform(1, 2, SHAPE)
        sides = walled(grid, grid.laplacian, ALL).with_coefficients(tuple(values))
        flux = grid.diffuse(k)
        for one in (sides + flux, flux + sides, flux + 2.0 * sides, sides - flux):
            got = one(f)
            assert np.isfinite(got).all()
        bound = 100 * EPS * abs(flux(f)).max()
        assert np.all(abs((sides + flux)(f) - sides(f) - flux(f)) <= bound)
        assert np.all(abs((flux + 2.0 * sides)(f) - 2 * sides(f) - flux(f)) <= bound)


class TestLinearPart:
    def test_matrix_transpose_and_adjoint_leave_the_sides_out(self, core, rng, grid, values):
        f, k = np.array(noise(rng, SHAPE)), rng.uniform(1, 2, SHAPE)
        base = grid.diffuse(k)
        operator = walled(grid, base, ALL).with_coefficients((k, *values))
        assert abs(operator.to_sparse() - base.to_sparse()).max() == 0
        assert same_bits(operator.T(f), base.T(f))
        assert same_bits(operator.adjoint(f, weight="quadrature"), base.adjoint(f, weight="quadrature"))
        columns, weights = walled(grid, grid.laplacian, ALL).weights(0)
        assert np.array_equal(weights, grid.laplacian.weights(0)[1])
        assert np.array_equal(columns, grid.laplacian.weights(0)[0])


@pytest.mark.needs("torch")
class TestTorch:
    @pytest.fixture(autouse=True)
    def torch(self):
        return pytest.importorskip("torch")

    # torch's own decompositions for forward mode are still scripted.
    @pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
    def test_bits_and_derivatives_by_the_sides(self, core, rng, grid, values, torch):
        f, k = np.array(noise(rng, SHAPE)), rng.uniform(1, 2, SHAPE)
        operator = walled(grid, grid.diffuse(k), ALL)
        plain = operator.with_coefficients((k, *values))
        tensors = [torch.from_numpy(a.copy()).requires_grad_() for a in (f, *values)]

        def function(field, *sides):
            return operator.with_coefficients((torch.from_numpy(k), *sides))(field)

        result = function(*tensors)
        assert same_bits(result.detach().numpy(), plain(f))
        assert type(result.grad_fn).__name__ == "NodeBackward"
        g = np.array(noise(rng, SHAPE))
        slopes = torch.autograd.grad(result, tensors, torch.from_numpy(g))
        assert same_bits(slopes[0].numpy(), plain.T(g))
        for j, ((axis, last), slope) in enumerate(zip(ALL, slopes[1:], strict=True)):
            assert np.array_equal(slope.numpy(), (2.0 + j) * np.take(g, -1 if last else 0, axis))
        assert torch.autograd.gradcheck(function, tensors, check_forward_ad=True)
        assert torch.autograd.gradgradcheck(lambda *t: function(*t) ** 2, tensors)
        (only,) = torch.autograd.grad(function(*tensors).sum(), tensors[2])
        assert np.array_equal(only.numpy(), np.full(SHAPE[0], 3.0))

    def test_vmap_over_sides(self, core, rng, grid, values, torch):
        f = torch.from_numpy(np.array(noise(rng, SHAPE)))
        operator = walled(grid, grid.laplacian, ALL)
        batch = [torch.from_numpy(np.array(noise(rng, (3, v.size)))) for v in values]
        got = torch.func.vmap(lambda *sides: operator.with_coefficients(sides)(f))(*batch)
        for k in range(3):
            one = operator.with_coefficients(tuple(b[k].numpy() for b in batch))
            assert np.allclose(got[k].numpy(), one(f.numpy()), rtol=0, atol=100 * EPS * 16)


@pytest.mark.needs("jax")
class TestJAX:
    def test_values_and_derivatives(self, core, rng, grid, values):
        import jax

        f, g = (np.array(noise(rng, SHAPE)) for _ in range(2))
        operator = walled(grid, grid.laplacian, ALL)

        def function(field, *sides):
            return operator.with_coefficients(sides)(field)

        plain = operator.with_coefficients(tuple(values))
        with jax.enable_x64(True):
            got, back = jax.vjp(jax.jit(function), *map(jax.numpy.asarray, (f, *values)))
            slopes = back(jax.numpy.asarray(g))
        bound = 64 * EPS * 16 * max(abs(f).max(), abs(g).max())
        assert np.all(abs(np.asarray(got) - plain(f)) <= bound)
        assert np.all(abs(np.asarray(slopes[0]) - plain.T(g)) <= bound)
        for j, ((axis, last), slope) in enumerate(zip(ALL, slopes[1:], strict=True)):
            assert np.array_equal(np.asarray(slope), (2.0 + j) * np.take(g, -1 if last else 0, axis))


@pytest.mark.needs("dask")
def test_dask(core, rng, grid, values):
    import dask.array

    f = np.array(noise(rng, SHAPE))
    operator = walled(grid, grid.laplacian, ALL)
    got = operator.with_coefficients(tuple(map(dask.array.from_array, values)))(
        dask.array.from_array(f, chunks=(3, 4))
    )
    assert same_bits(np.asarray(got), expected(grid.laplacian, f, ALL, values))
