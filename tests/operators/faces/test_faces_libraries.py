"""Fields at points and faces in every library, with and without gaps: the bits of NumPy, derivatives, masks, dtypes, layouts."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy.operations import NUMPY

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
RNG = np.random.default_rng(12)
UNEVEN = np.cumsum(RNG.uniform(0.4, 1.6, 7))
GRIDS = {
    "between": (gg.Grid(UNEVEN, (5, 0.5), boundary=["symmetric", "one-sided"]), False),
    "walls": (gg.Grid(UNEVEN, (5, 0.5), boundary=["antisymmetric", (gg.value(2.0), "reflect")]), True),
    "ring": (gg.Grid((7, 0.5), (5, 0.5), boundary="periodic"), False),
}
INSIDE = RNG.random((7, 5)) < 0.75
WITH_GAPS = {
    "between coasts": (gg.Grid(UNEVEN, (5, 0.5), boundary=["symmetric", "one-sided"]).with_mask(INSIDE), False),
    "walls and coasts": (gg.Grid(UNEVEN, (5, 0.5), boundary=["one-sided", (gg.value(2.0), "reflect")]).with_mask(INSIDE), True),
    "ring with coasts": (gg.Grid((7, 0.5), (5, 0.5), boundary="periodic").with_mask(INSIDE, fill=np.nan), False),
}  # fmt: skip
ALL = GRIDS | WITH_GAPS
NAMES = ("derivative", "mean", "divergence", "mean_at_points")


def operators(which):
    """Those of both axes, and of all together; with gaps also a transpose of each kind."""
    grid, walls = ALL[which]
    faces = grid.faces(walls=walls)
    own = [getattr(each, name) for each in faces for name in NAMES] + [faces.gradient, faces.divergence]
    return own if which in GRIDS else own + [operator.T for operator in (own[0], own[2], own[-2], own[-1])]


def fields(operator, *batch, which="in"):
    """With NaN where nothing is read."""
    grids = getattr(operator, f"grids_{which}")
    arrays = [RNG.standard_normal((*batch, *own.shape)) for own in grids]
    arrays = [
        a if own.mask is None else np.where(own.mask.inside, a, np.nan)
        for own, a in zip(grids, arrays, strict=True)
    ]
    return arrays if (operator.inputs if which == "in" else operator.outputs) else arrays[0]


def parts(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def each(function, field):
    return [function(part) for part in field] if isinstance(field, list) else function(field)


@pytest.mark.parametrize("which", ALL)
@pytest.mark.parametrize("library", parameters("numpy"))
def test_the_bits_of_numpy(library, which):
    with library.wide():
        for operator in operators(which):
            f = fields(operator, 2)
            wanted = parts(operator(f))
            for _ in range(2):  # the second call finds what the first has made
                got = parts(operator(each(library.array, f)))
                assert all(same_bits(library.host(a), b) for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("which", ALL)
@pytest.mark.parametrize("library", parameters(has_memory=True))
def test_out(library, which):
    for operator in operators(which):
        f = fields(operator, 2)
        wanted = parts(operator(f))
        out = tuple(library.array(np.full_like(a, np.nan)) for a in wanted)
        for _ in range(2):
            given = out if operator.outputs else out[0]
            assert operator(each(library.array, f), out=given) is given
            assert all(same_bits(library.host(a), b) for a, b in zip(out, wanted, strict=True))


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64", "complex128", "longdouble", "int16"])
def test_dtypes(dtype):
    for operator in operators("walls"):
        f = each(lambda part: (8 * part).astype(dtype), fields(operator))
        for got, wide in zip(parts(operator(f)), parts(operator(each(lambda p: p.astype("complex128"), f))), strict=True):  # fmt: skip
            assert got.dtype == ("float64" if dtype == "int16" else dtype)
            assert np.allclose(got, wide, rtol=4e-3 if dtype == "float16" else 1e-5, atol=1e-2)


@pytest.mark.parametrize("which", GRIDS)
def test_layouts_and_one_sweep_for_each_shape(which):
    for operator in operators(which):
        f = fields(operator, 3)
        wanted = parts(operator(f))
        for change in (np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2], lambda a: np.flip(np.flip(a, 2).copy(), 2)):  # fmt: skip
            assert all(map(np.array_equal, parts(operator(each(change, f))), wanted))
        for k in range(3):
            alone = parts(operator([part[k] for part in f] if operator.inputs else f[k]))
            assert all(np.array_equal(a, b[k]) for a, b in zip(alone, wanted, strict=True))
        before = dict(ladder.counts)
        operator(f)
        assert {**ladder.counts, "launch": 0} == {**before, "launch": 0}


def test_out_beside_the_field_in_one_buffer():
    """What lies behind the last row is read too: an output there is another array's, and its call makes a copy."""
    operator = GRIDS["between"][0].faces(0).derivative
    f, buffer = fields(operator), np.zeros(100)
    x, out = buffer[:35].reshape(7, 5), buffer[30:60].reshape(6, 5)
    wanted = operator(f)
    for _ in range(3):
        x[:] = f
        operator(x, out=out)
        assert same_bits(out, wanted)


@pytest.mark.parametrize("which", GRIDS)
def test_masks(which):
    """A missing point is missing at the faces that read it."""
    grid, walls = GRIDS[which]
    faces = grid.faces(0, walls)
    f = np.ma.masked_array(RNG.standard_normal(grid.shape), mask=False)
    f[3, 2] = np.ma.masked
    low = faces.face_axis.below
    for operator in (faces.derivative, faces.mean):
        where = np.argwhere(operator(f).mask)
        assert {(2 + low, 2), (3 + low, 2)} <= set(map(tuple, where))
        assert len(where) == 2
        assert same_bits(operator(f).filled(0), np.where(operator(f).mask, 0, operator(f.data)))


@pytest.mark.parametrize("which", GRIDS)
@pytest.mark.needs("torch")
def test_torch_derivatives(which):
    torch = import_module("torch")
    for operator in operators(which):
        f, g = (
            each(torch.from_numpy, own) for own in (fields(operator, 2), fields(operator, 2, which="out"))
        )
        leaves = [part.requires_grad_() for part in parts(f)]
        results = parts(operator(leaves if operator.inputs else leaves[0]))
        torch.autograd.backward(results, parts(g))
        turned = operator.T(each(lambda part: part.numpy(), g))
        assert all(
            same_bits(leaf.grad.numpy(), wanted) for leaf, wanted in zip(leaves, parts(turned), strict=True)
        )
        leaf = leaves[0].detach().requires_grad_()  # one result of several, one field of several
        others = [part.detach() for part in leaves[1:]]
        result = parts(operator([leaf, *others] if operator.inputs else leaf))[-1]
        assert torch.autograd.grad(result.sum(), leaf)[0].shape == leaf.shape


@pytest.mark.needs("torch")
def test_torch_transforms():
    torch = import_module("torch")
    faces = GRIDS["walls"][0].faces(walls=True)
    f = torch.from_numpy(RNG.standard_normal((7, 5)))
    chain = (faces.divergence @ faces.gradient).linear
    value, slope = torch.func.jvp(chain, (f,), (2 * f,))
    assert torch.allclose(slope, 2 * value)
    batch = torch.stack([f, 2 * f])
    for part, wanted in zip(torch.vmap(faces.gradient)(batch), faces.gradient(batch), strict=True):
        assert torch.equal(part, wanted)
    F = [torch.from_numpy(RNG.standard_normal(own.grid.shape)) for own in faces]
    u, v = (own.mean_at_points for own in faces)
    both = torch.func.jvp(lambda x: u(x) + v(F[1]), (F[0],), (F[0],))
    assert torch.allclose(both[1], u(F[0]))
    assert torch.autograd.gradcheck(
        lambda x, y: faces.divergence((x, y)), [part.requires_grad_() for part in F]
    )


@pytest.mark.parametrize("which", ["between", "between coasts"])
@pytest.mark.needs("torch")
def test_torch_compile(which):
    torch = import_module("torch")
    faces = ALL[which][0].faces()
    f = torch.from_numpy(fields(faces.gradient)).requires_grad_()
    flux = torch.compile(lambda f: faces.divergence(faces.gradient(f)), fullgraph=True)
    (wanted,) = torch.autograd.grad(faces.divergence(faces.gradient(f)).square().sum(), f)
    assert torch.equal(flux(f), faces.divergence(faces.gradient(f)))
    (got,) = torch.autograd.grad(flux(f).square().sum(), f)
    assert torch.allclose(got, wanted, rtol=1e-14)


@pytest.mark.parametrize("which", ["walls", "walls and coasts"])
@pytest.mark.needs("jax")
def test_jax_derivatives(which):
    jax = import_module("jax")
    with jax.enable_x64(True):
        for operator in operators(which):
            f, g = fields(operator), fields(operator, which="out")
            linear = operator.linear
            given = tuple(f) if operator.inputs else f
            _, back = jax.vjp(jax.jit(linear), given)
            (got,) = back(tuple(map(jax.numpy.asarray, g)) if operator.outputs else jax.numpy.asarray(g))
            for part, wanted in zip(parts(got), parts(operator.T(g)), strict=True):
                assert np.allclose(part, wanted, rtol=0, atol=1e-13)


@pytest.mark.parametrize("which", ["between coasts", "walls and coasts"])
@pytest.mark.needs("torch")
def test_torch_derivatives_beside_coasts(which):
    torch = import_module("torch")
    for operator in operators(which):
        f, g = fields(operator, 2), fields(operator, 2, which="out")
        leaves = [torch.from_numpy(part).requires_grad_() for part in parts(f)]
        results = parts(operator(leaves if operator.inputs else leaves[0]))
        torch.autograd.backward(results, [torch.from_numpy(part) for part in parts(g)])
        for leaf, wanted in zip(leaves, parts(operator.T(g)), strict=True):
            assert np.allclose(leaf.grad.numpy(), wanted, rtol=0, atol=1e-14)


@pytest.mark.parametrize("which", WITH_GAPS)
@pytest.mark.needs("dask.array")
def test_a_mask_that_is_computed_with_the_results(which):
    da = import_module("dask.array")
    known, walls = WITH_GAPS[which]
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


@pytest.mark.needs("pint")
def test_units():
    ureg = import_module("pint").UnitRegistry()
    x = ureg.Quantity(UNEVEN, "m")
    faces = gg.Grid(x, (5, 0.5)).faces(0)
    f = RNG.standard_normal((7, 5))
    slope = faces.derivative(ureg.Quantity(f, "K"))
    assert str(slope.units) == "kelvin / meter"
    assert np.array_equal(slope.magnitude, gg.Grid(UNEVEN, (5, 0.5)).faces(0).derivative(f))
    assert str(faces.grid.units[0]) == "meter"
    assert str(faces.divergence(slope).units) == "kelvin / meter ** 2"
    assert str(faces.mean(ureg.Quantity(f, "K")).units) == "kelvin"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_length_on_every_cpu_level(cpu_levels, core, dtype):
    """Rows in memory are longer than those that are made, or shorter; slices are the other executor."""
    for n in (*range(4, 40), 64, 129):
        grid = gg.Grid((n, 0.5), np.cumsum(RNG.uniform(0.5, 1.5, n)), boundary=["antisymmetric", "one-sided"])
        for walls in (False, True):
            faces = grid.faces(walls=walls)
            for operator in (faces.gradient, faces.divergence, faces[1].mean, faces[1].mean_at_points):
                f = [part.astype(dtype) for part in parts(fields(operator))]
                terms = operator.pattern.terms_for(*(part.shape for part in f))
                wanted = slices.apply(NUMPY, terms, f, len(operator.grids_out))
                for level in cpu_levels:
                    assert core.gg_use_cpu_level(level)
                    got = parts(operator(f if operator.inputs else f[0]))
                    assert all(map(same_bits, got, wanted))
