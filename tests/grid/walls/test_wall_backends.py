"""Every operator between prescribed walls: in each library, by slices, in each dtype, as a matrix, and differentiated by what is prescribed."""

from __future__ import annotations

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._operators.fields.forms import flat

EPS = np.finfo(float).eps
RNG = np.random.default_rng(17)
SHAPE = (12, 13)
X = np.cumsum(RNG.uniform(0.3, 1.2, SHAPE[0]))
SIDES = [RNG.standard_normal(SHAPE[1 - k]) for k in (0, 0, 1, 1)]
FIELD, OTHER, CONDUCTIVITY = RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE), RNG.uniform(1, 2, SHAPE)
FLOW = np.stack([FIELD, OTHER])


def mixture(c, wall):
    return gg.robin(1.5, 0.5, c, wall=wall)


def value(c, wall):
    return gg.value(c, wall=wall)


def slope(c, wall):
    return gg.slope(c, wall=wall)


KINDS = {"values": (value, slope, mixture, value), "slopes": (slope, mixture, value, slope)}
WALLS = [("values", "point"), ("slopes", "face")]
OPERATORS = {
    "gradient": lambda g, k, v: g.gradient,
    "gradient, accuracy 4": lambda g, k, v: g.gradient.with_(accuracy=4),
    "gradient, accuracy 6": lambda g, k, v: g.gradient.with_(accuracy=6),
    "laplacian": lambda g, k, v: g.laplacian,
    "conservative": lambda g, k, v: g.laplacian.with_(form="conservative"),
    "wide": lambda g, k, v: g.laplacian.with_(form="wide"),
    "laplacian, accuracy 4": lambda g, k, v: g.laplacian.with_(accuracy=4),
    "laplacian, accuracy 6": lambda g, k, v: g.laplacian.with_(accuracy=6),
    "third": lambda g, k, v: g.derivative(0, order=3),
    "fourth": lambda g, k, v: g.derivative(1, order=4, accuracy=4),
    "mixed": lambda g, k, v: g.mixed_derivative(0, 1),
    "mixed, higher": lambda g, k, v: g.mixed_derivative(0, 1, orders=(2, 1)),
    "hessian": lambda g, k, v: g.hessian,
    "biharmonic": lambda g, k, v: g.biharmonic,
    "left": lambda g, k, v: g.derivative(0, side="left"),
    "advect": lambda g, k, v: g.advect((2.0, v)),
    "upwind": lambda g, k, v: g.advect((k, v), upwind=2),
    "along": lambda g, k, v: g.directional_derivative((v, k)),
    "diffuse": lambda g, k, v: g.diffuse(k),
    "harmonic": lambda g, k, v: g.diffuse(k, mean="harmonic"),
    "step": lambda g, k, v: g.identity - 0.1 * g.laplacian,
    "field times": lambda g, k, v: g.multiply(k) @ (g.laplacian + g.advect((1.0, -2.0))),
    "divergence": lambda g, k, v: g.divergence,
    "curl": lambda g, k, v: g.curl,
    "jacobian": lambda g, k, v: g.jacobian,
    "vector laplacian": lambda g, k, v: g.vector_laplacian,
    "product": lambda g, k, v: g.laplacian @ g.diffuse(2.0),
}
NORMS = {"size": lambda g, k, v: g.gradient_norm, "squared": lambda g, k, v: g.gradient_squared}
ONE_SWEEP = [name for name in OPERATORS if name != "product"]


def made(name, kinds, wall, change=lambda a: a, sides=SIDES):
    """An operator between four walls, with all arrays changed."""
    ends = [make(change(c), wall) for make, c in zip(KINDS[kinds], sides, strict=True)]
    grid = gg.Grid(X, (SHAPE[1], 0.25), boundary=[tuple(ends[:2]), tuple(ends[2:])])
    return (OPERATORS | NORMS)[name](grid, change(CONDUCTIVITY), change(OTHER))


def fields_of(A):
    return FLOW if A.inputs else FIELD


def results(A, f):
    return flat(A(f if not A.inputs else tuple(f)), A.outputs)


@pytest.mark.parametrize(("kinds", "wall"), WALLS)
@pytest.mark.parametrize("name", [*OPERATORS, *NORMS])
@pytest.mark.parametrize("library", parameters("numpy", "dask.array"))
def test_every_library_has_the_numbers_of_numpy(library, name, kinds, wall):
    """And, but for compilers that join products and sums, their bits."""
    A = made(name, kinds, wall)
    wanted = results(A, fields_of(A))
    with library.wide():
        B = made(name, kinds, wall, library.array)
        found = results(B, [library.array(f) for f in FLOW] if A.inputs else library.array(FIELD))
        for own, want in zip(found, wanted, strict=True):
            assert type(own) is type(library.array(FIELD))
            if library.module == "jax.numpy":
                assert np.abs(library.host(own) - want).max() <= 1e-13 * np.abs(want).max()
            else:
                assert same_bits(library.host(own), want)


@pytest.mark.parametrize(("kinds", "wall"), WALLS)
@pytest.mark.parametrize("name", [*OPERATORS, *NORMS])
def test_chunks_have_the_bits_of_the_whole(name, kinds, wall):
    dask = pytest.importorskip("dask.array")
    A = made(name, kinds, wall)
    f = fields_of(A)
    chunked = dask.from_array(f, chunks=(1, 5, 6)[-f.ndim :])
    found = results(A, list(chunked) if A.inputs else chunked)
    for own, want in zip(found, results(A, f), strict=True):
        assert same_bits(own.compute(), want)


@pytest.mark.parametrize("dtype", ["f2", "f8", "c8", "i4"])
@pytest.mark.parametrize(("kinds", "wall"), WALLS)
@pytest.mark.parametrize("name", ONE_SWEEP)
def test_core_and_slices(core, monkeypatch, name, kinds, wall, dtype):
    """Of numbers at walls, which take the type of the field."""
    real = {"c8": "f4", "i4": "f8"}.get(dtype, dtype)
    A = made(name, kinds, wall, lambda a: a.astype(real) if a.ndim > 1 else float(a[0]))
    f = (8 * fields_of(A) * (1 + 0.5j if dtype == "c8" else 1)).astype(dtype)
    own = A.bare.settled(f)
    read = f if A is A.bare else A.inner(f)  # what is on walls with a value has it
    arrays = [*(read if A.inputs else [read]), *own.coefficients]
    sliced = slices.apply(NUMPY, own.pattern.terms_for(SHAPE), arrays, int(np.prod(A.outputs)))
    monkeypatch.setattr(ladder.Ladder, "sliced", None)
    for got, want in zip(results(A, f), sliced, strict=True):
        assert same_bits(got, want)


@pytest.mark.parametrize(("kinds", "wall"), WALLS)
@pytest.mark.parametrize("name", OPERATORS)
def test_matrices_and_adjoints_are_of_the_linear_part(name, kinds, wall):
    A = made(name, kinds, wall)
    f = fields_of(A)
    whole, offset = (
        np.concatenate([np.ravel(own) for own in flat(got, A.outputs)]) for got in (A(f), A.offset)
    )
    matrix = A.to_sparse()
    size = abs(matrix) @ np.abs(f).ravel() + np.abs(offset)
    assert (np.abs(matrix @ f.ravel() + offset - whole) <= 64 * EPS * size.max()).all()
    g = RNG.standard_normal((*A.outputs, *SHAPE))
    back = np.concatenate([np.ravel(own) for own in flat(A.adjoint(g), A.inputs)])
    assert np.abs(back - matrix.T @ g.ravel()).max() <= 64 * EPS * (abs(matrix).T @ np.abs(g).ravel()).max()


@pytest.mark.parametrize(("kinds", "wall"), WALLS)
@pytest.mark.parametrize("name", OPERATORS)
def test_torch_differentiates_by_all_that_is_prescribed(name, kinds, wall):
    """The offset is linear in it: a change of it is its derivative along that change."""
    torch = pytest.importorskip("torch")
    sides = [torch.tensor(c, requires_grad=True) for c in SIDES]
    changes = [RNG.standard_normal(c.shape) for c in SIDES]
    A = made(name, kinds, wall, lambda a: a if isinstance(a, torch.Tensor) else torch.tensor(a), sides)
    found = results(A, [torch.tensor(f) for f in FLOW] if A.inputs else torch.tensor(FIELD))
    weights = [RNG.standard_normal(SHAPE) for _ in found]
    sum((own * torch.tensor(w)).sum() for own, w in zip(found, weights, strict=True)).backward()
    along = sum(
        0.0 if s.grad is None else float(s.grad.numpy() @ d) for s, d in zip(sides, changes, strict=True)
    )
    offsets = flat(made(name, kinds, wall, sides=changes).offset, A.outputs)
    want = sum((own * w).sum() for own, w in zip(offsets, weights, strict=True))
    assert abs(along - want) <= 1e-12 * max(
        sum(np.abs(own * w).sum() for own, w in zip(offsets, weights, strict=True)), 1.0
    )
