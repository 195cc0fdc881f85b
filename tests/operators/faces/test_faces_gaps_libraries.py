"""Faces of grids with gaps in every library: the bits of NumPy, `out=`, derivatives of both engines, compiled graphs, chunks."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
RNG = np.random.default_rng(23)
UNEVEN = np.cumsum(RNG.uniform(0.4, 1.6, 7))
INSIDE = RNG.random((7, 5)) < 0.75
GRIDS = {
    "between": (gg.Grid(UNEVEN, (5, 0.5), boundary=["symmetric", "one-sided"]).with_mask(INSIDE), False),
    "walls": (gg.Grid(UNEVEN, (5, 0.5), boundary=["one-sided", (gg.value(2.0), "reflect")]).with_mask(INSIDE), True),
    "ring": (gg.Grid((7, 0.5), (5, 0.5), boundary="periodic").with_mask(INSIDE, fill=np.nan), False),
}  # fmt: skip
NAMES = ("derivative", "mean", "divergence", "mean_at_points")


def operators(which):
    """Those of both axes, of all together, and a transpose of each kind."""
    grid, walls = GRIDS[which]
    faces = grid.faces(walls=walls)
    own = [getattr(each, name) for each in faces for name in NAMES] + [faces.gradient, faces.divergence]
    return own + [operator.T for operator in (own[0], own[2], own[-2], own[-1])]


def fields(operator, *batch, which="in"):
    """With NaN where nothing is read."""
    grids = getattr(operator, f"grids_{which}")
    arrays = [np.where(own.mask.inside, RNG.standard_normal((*batch, *own.shape)), np.nan) for own in grids]
    return arrays if (operator.inputs if which == "in" else operator.outputs) else arrays[0]


def parts(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def each(function, field):
    return [function(part) for part in field] if isinstance(field, list) else function(field)


@pytest.mark.parametrize("which", GRIDS)
@pytest.mark.parametrize("library", parameters("numpy"))
def test_the_bits_of_numpy(library, which):
    with library.wide():
        for operator in operators(which):
            f = fields(operator, 2)
            wanted = parts(operator(f))
            for _ in range(2):
                got = parts(operator(each(library.array, f)))
                assert all(same_bits(library.host(a), b) for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("which", GRIDS)
@pytest.mark.parametrize("library", parameters(has_memory=True))
def test_out(library, which):
    for operator in operators(which):
        f = fields(operator, 2)
        wanted = parts(operator(f))
        out = tuple(library.array(np.full_like(a, np.nan)) for a in wanted)
        given = out if operator.outputs else out[0]
        assert operator(each(library.array, f), given) is given
        assert all(same_bits(library.host(a), b) for a, b in zip(out, wanted, strict=True))


@pytest.mark.parametrize("which", ["between", "walls"])
@pytest.mark.needs("torch")
def test_torch_derivatives(which):
    torch = import_module("torch")
    for operator in operators(which):
        f, g = fields(operator, 2), fields(operator, 2, which="out")
        leaves = [torch.from_numpy(part).requires_grad_() for part in parts(f)]
        results = parts(operator(leaves if operator.inputs else leaves[0]))
        torch.autograd.backward(results, [torch.from_numpy(part) for part in parts(g)])
        for leaf, wanted in zip(leaves, parts(operator.T(g)), strict=True):
            assert np.allclose(leaf.grad.numpy(), wanted, rtol=0, atol=1e-14)


@pytest.mark.needs("torch")
def test_torch_compile():
    torch = import_module("torch")
    faces = GRIDS["between"][0].faces()
    f = torch.from_numpy(np.where(INSIDE, RNG.standard_normal((7, 5)), np.nan)).requires_grad_()
    (wanted,) = torch.autograd.grad(faces.divergence(faces.gradient(f)).square().sum(), f)
    flux = torch.compile(lambda f: faces.divergence(faces.gradient(f)), fullgraph=True)
    assert torch.equal(flux(f), faces.divergence(faces.gradient(f)))
    (got,) = torch.autograd.grad(flux(f).square().sum(), f)
    assert torch.allclose(got, wanted, rtol=1e-14)


@pytest.mark.needs("jax")
def test_jax_derivatives():
    jax = import_module("jax")
    with jax.enable_x64(True):
        for operator in operators("walls"):
            f, g = fields(operator), fields(operator, which="out")
            given = tuple(f) if operator.inputs else f
            _, back = jax.vjp(jax.jit(operator.linear), given)
            (got,) = back(tuple(map(jax.numpy.asarray, g)) if operator.outputs else jax.numpy.asarray(g))
            for part, wanted in zip(parts(got), parts(operator.T(g)), strict=True):
                assert np.allclose(part, wanted, rtol=0, atol=1e-13)


@pytest.mark.parametrize("which", GRIDS)
@pytest.mark.needs("dask.array")
def test_a_mask_that_is_computed_with_the_results(which):
    da = import_module("dask.array")
    known, walls = GRIDS[which]
    computed = []

    def block(part):
        computed.append(part.shape)
        return part

    lazy = da.from_array(INSIDE, chunks=3).map_blocks(block, dtype=bool, meta=np.empty((0, 0), bool))
    faces = known.whole.with_mask(lazy, fill=known.mask.fill).faces(walls=walls)
    plain, f = known.faces(walls=walls), np.where(INSIDE, RNG.standard_normal((7, 5)), np.nan)
    found = faces.gradient(da.from_array(f, chunks=3))
    F = [np.where(own.open, 1 + part, np.nan) for own, part in zip(plain, plain.gradient(f), strict=True)]
    back = faces.divergence([da.from_array(part, chunks=3) for part in F])
    opened = [own.open for own in faces]
    assert not computed
    for part, wanted in zip(found, plain.gradient(f), strict=True):
        assert same_bits(part.compute(), wanted)
    assert same_bits(back.compute(), plain.divergence(F))
    for part, own in zip(opened, plain, strict=True):
        assert np.array_equal(part.compute(), own.open)
