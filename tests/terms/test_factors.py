"""Terms with factors as a user would write them: operators on a sphere, and every combination as matrix, mask and unit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from samples import noise, same_bits

import gridgrad as gg
from gridgrad._backends import slices
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._operators.sweep import Sweep
from gridgrad._stencils.ends import closed
from gridgrad._stencils.transpose import transposed
from gridgrad._terms.adjoint import adjoint_terms
from gridgrad._terms.real import real_terms
from gridgrad._terms.term import Term

EPS = np.finfo(float).eps
SLOTS = ("inner", "faces", "outer")


def made(grid, terms, factors):
    """The operator of these terms."""
    return Sweep.of(grid, "made of terms", terms).with_coefficients(tuple(factors))


class Sphere:
    """A belt of a sphere: latitudes phi that end at 1.2, all longitudes."""

    def __init__(self, count):
        self.phi, step = np.linspace(-1.2, 1.2, count, retstep=True)
        self.grid = gg.Grid(
            (count, step, -1.2), (2 * count, np.pi / count), boundary=["one-sided", "periodic"]
        )
        phi, self.longitude = self.grid.mesh()
        self.sine, self.cosine = np.sin(phi), np.cos(phi)
        self.wave = self.sine * self.cosine**2 * np.cos(2 * self.longitude)  # Y_3^2

    def flux(self, k):
        """``div(k grad f)``: k and the metric at faces, one over the measure at the point."""
        across, along = self.grid.stencil(0, 2, change=closed), self.grid.stencil(1, 2)
        terms = (Term(0, 0, 0, across, faces=0, outer=2), Term(0, 0, 1, along, faces=1, outer=3))
        factors = (k * self.cosine, k, 1 / self.cosine, 1 / self.cosine**2)
        return made(self.grid, terms, factors)

    def diffusivity(self):
        return 2 + self.sine + 0.3 * np.cos(self.longitude)

    def exact_flux(self):
        """``k lap Y + grad k . grad Y`` of `diffusivity` and `wave`."""
        slopes = self.cosine * (self.cosine**3 - 2 * self.sine**2 * self.cosine) * np.cos(2 * self.longitude)
        around = 0.6 * np.sin(self.longitude) * self.sine * np.sin(2 * self.longitude)
        return -12 * self.diffusivity() * self.wave + slopes + around


def orders(error_of):
    errors = [error_of(Sphere(count)) for count in (31, 61, 121)]
    return np.log2(np.divide(errors[:-1], errors[1:]))


class TestSphere:
    def test_the_laplacian_has_order_2(self):
        found = orders(lambda s: abs(s.flux(np.ones_like(s.wave))(s.wave) + 12 * s.wave)[1:-1].max())
        assert np.all((found > 1.9) & (found < 2.1)), found

    def test_div_k_grad_has_order_2(self):
        found = orders(lambda s: abs(s.flux(s.diffusivity())(s.wave) - s.exact_flux())[1:-1].max())
        assert np.all((found > 1.9) & (found < 2.1)), found

    def test_what_flows_out_flows_in(self):
        """Ends are closed: the integral over the belt is 0 but for rounding."""
        s = Sphere(31)
        flow = s.flux(s.diffusivity())(s.wave) * s.cosine
        assert abs(flow.sum()) <= 4 * EPS * flow.size**0.5 * abs(flow).sum()

    def test_constants_have_no_flux(self):
        s = Sphere(31)
        assert not s.flux(s.diffusivity())(np.full(s.wave.shape, 0.1)).any()

    def test_the_matrix_and_the_adjoint(self, rng):
        s = Sphere(15)
        operator = s.flux(s.diffusivity())
        matrix, f, g = operator.to_sparse(), noise(rng, s.wave.shape), noise(rng, s.wave.shape)
        bound = 16 * EPS * (abs(matrix) @ abs(f.ravel()))
        assert np.all(abs(matrix @ f.ravel() - operator(f).ravel()) <= bound)
        turned = operator.T.to_sparse() - matrix.T
        assert abs(turned).max() <= 4 * EPS * abs(matrix).max()
        difference = np.vdot(operator(f), g) - np.vdot(f, operator.T(g))
        assert abs(difference) <= 32 * EPS * (abs(g.ravel()) @ abs(matrix) @ abs(f.ravel()))

    def test_core_and_slices_have_the_same_bits(self, core, rng):
        s = Sphere(15)
        operator = s.flux(s.diffusivity())
        f = np.asarray(noise(rng, s.wave.shape))
        inputs = [f, *operator.coefficients]
        for one in (operator, operator.T):
            terms = one.pattern.terms_on((0, 1))
            assert same_bits(one(f), slices.apply(NUMPY, terms, inputs, 1)[0])

    @pytest.mark.needs("torch")
    def test_torch_differentiates_it(self, rng):
        import torch

        s = Sphere(9)
        plain = s.flux(s.diffusivity())
        operator = plain.with_coefficients(tuple(map(torch.from_numpy, plain.coefficients)))
        f, g = (torch.from_numpy(np.array(noise(rng, s.wave.shape))) for _ in range(2))
        f.requires_grad_()
        result = operator(f)
        (slope,) = torch.autograd.grad(result, f, g, create_graph=True)
        assert same_bits(result.detach().numpy(), plain(f.detach().numpy()))
        assert same_bits(slope.detach().numpy(), plain.T(g.numpy()))
        batched = torch.func.vmap(operator)(torch.stack([f.detach(), g]))
        assert same_bits(batched[1].numpy(), plain(g.numpy()))


def every_combination():
    """Which slots a term has, and its kind of stencil: samples have factors in stencils of values only."""
    chosen = itertools.chain.from_iterable(itertools.combinations(SLOTS, n) for n in (1, 2, 3))
    return [(slots, values) for slots in chosen for values in (False, True) if values or "inner" not in slots]


def one_term(grid, slots, values):
    """Along the first axis, factors numbered in the order of `slots`."""
    stencil = grid.stencil(0, 2, change=closed)
    stencil = transposed(stencil, faces="faces" in slots) if values else stencil
    return Term(0, 0, 0, stencil, **{slot: k for k, slot in enumerate(slots)})


@pytest.fixture
def grid():
    return gg.Grid(np.array([0.0, 1, 2.5, 3, 4.5, 6, 6.5]), (4, 0.5))


@pytest.mark.parametrize(("slots", "values"), every_combination())
class TestEveryCombination:
    def test_complex_factors_against_the_matrix(self, rng, grid, slots, values):
        """Up to eight real products in each part."""
        draw = [noise(rng, grid.shape, "c16") for _ in range(4)]
        term = one_term(grid, slots, values)
        operator = made(grid, (term,), draw[: len(slots)])
        for one in (operator, operator.T):
            matrix, f = one.to_sparse(), draw[3]
            bound = 64 * EPS * (abs(matrix) @ abs(f.ravel()))
            assert np.all(abs(one(f).ravel() - matrix @ f.ravel()) <= bound)
        kinds = (True,) * (1 + len(slots))
        assert len(real_terms(operator.pattern.terms_on((0, 1)), kinds)) == 2 ** (1 + len(slots))

    def test_the_adjoint_of_the_adjoint(self, rng, grid, slots, values):
        term = one_term(grid, slots, values)
        (turned,) = adjoint_terms((term,))
        assert (turned.inner, turned.faces, turned.outer) == (term.outer, term.faces, term.inner)
        operator = made(grid, (term,), [noise(rng, grid.shape)] * len(slots))
        again = (operator.T.T.to_sparse() - operator.to_sparse()).toarray()
        assert np.all(abs(again) <= 4 * EPS * abs(operator.to_sparse()).max())

    def test_masks_of_factors(self, rng, grid, slots, values):
        """Masked where a NaN in the place of what is missing shows, and where something is missing."""
        f, *factors = (noise(rng, grid.shape) for _ in range(1 + len(slots)))
        term = one_term(grid, slots, values)
        for which in range(len(slots)):
            mask = rng.random(grid.shape) < 0.1
            veiled, spoiled = list(factors), list(factors)
            veiled[which] = np.ma.array(factors[which], mask=mask)
            spoiled[which] = np.where(mask, np.nan, factors[which])
            got, holes = (made(grid, (term,), c)(f) for c in (veiled, spoiled))
            assert np.array_equal(np.ma.getmaskarray(got), np.isnan(holes) | mask)

    @pytest.mark.needs("pint")
    def test_units_multiply(self, grid, slots, values):
        import pint

        units = pint.UnitRegistry()
        plain = tuple(np.full(grid.shape, 2.0) for _ in slots)
        given = tuple(c * units(unit) for c, unit in zip(plain, ("m", "s", "K"), strict=False))
        f, term = np.ones(grid.shape), one_term(grid, slots, values)
        got = made(grid, (term,), given)(f * units.kg)
        assert np.array_equal(got.magnitude, made(grid, (term,), plain)(f))
        wanted = units.kg
        for unit, _ in zip((units.m, units.s, units.K), slots, strict=False):
            wanted = wanted * unit
        assert got.units == wanted
