"""Every operator under everything that torch does to functions, against dense matrices in plain torch."""

from functools import cache

import numpy as np
import pytest
from operator_calls import NAMES, Call, call_of, dense_gradient, dense_of
from operator_cases import field_of

import gridgrad as gg

torch = pytest.importorskip("torch")

from torch_transforms import DERIVATIVES, MAPS, REAL, assert_alike, leaves  # noqa: E402  needs torch

import gridgrad.torch as gt  # noqa: E402  needs torch

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

SHAPE = (3, 4)
DTYPES = {"real": np.float64, "complex": np.complex128}


@cache
def example(name, dtype):
    """The operator as a function of tensors, the same from dense matrices, and its arguments in two groups."""
    call = call_of(name, np.random.default_rng(7), dtype, shape=SHAPE)
    joined = JOINED.get(name)
    dense = dense_of(call) if joined is None else dense_gradient(call)
    matrix, slopes = torch.from_numpy(dense.matrix), torch.from_numpy(dense.slopes)
    count = len(call.fields)

    def explicit(*arrays):
        f = torch.cat([a.reshape(-1) for a in arrays[:count]])
        c = torch.cat([f.new_zeros(0), *(a.reshape(-1) for a in arrays[count:])])
        c = c.conj() if name.startswith("adjoint of") else c
        values = ((matrix + torch.einsum("c,cof->of", c, slopes)) @ f).reshape(-1, *SHAPE)
        return values if joined is None else joined(values)[None]

    fields, coefficients = ([torch.from_numpy(a) for a in group] for group in call[1:])
    return lambda *arrays: torch.stack(call.function(*arrays)), explicit, fields, coefficients


def root(values):
    """The norm over axis 0, with the subgradient 0."""
    squares = squared(values)
    return torch.where(squares == 0, 0.0, torch.where(squares == 0, 1.0, squares).sqrt())


def squared(values):
    """The sum of squares over axis 0."""
    return (values.real**2 + values.imag**2 if values.is_complex() else values**2).sum(0)


JOINED = {"gradient norm": root, "gradient squared": squared}


def roles(fields, coefficients):
    """Which arguments are differentiated; the others are constants."""
    every = list(range(len(fields) + len(coefficients)))
    of_fields, of_coefficients = every[: len(fields)], every[len(fields) :]
    found = [of_fields, of_coefficients, every, of_fields[:1], of_coefficients[:1]]
    return [role for k, role in enumerate(found) if role and role not in found[:k]]


def of_some(function, arrays, places):
    """The function of the arguments at these places, the others constant."""

    def partial(*xs):
        given = dict(zip(places, xs, strict=True))
        return function(*(given.get(k, a) for k, a in enumerate(arrays)))

    return partial


@pytest.mark.parametrize(
    ("dtype", "way"), [(d, w) for d in DTYPES for w in DERIVATIVES | MAPS if d == "real" or w not in REAL]
)
@pytest.mark.parametrize("name", NAMES)
def test_by_fields_and_by_coefficients(name, way, dtype):
    function, explicit, fields, coefficients = example(name, DTYPES[dtype])
    arrays = fields + coefficients
    for places in roles(fields, coefficients):
        found, wanted = (of_some(f, arrays, places) for f in (function, explicit))
        assert_alike(way, found, wanted, [arrays[k] for k in places])


@pytest.mark.parametrize("way", DERIVATIVES)
@pytest.mark.parametrize("name", NAMES)
def test_of_constants(name, way):
    """A loss with data in it: plain tensors, and parameters of an outer graph."""
    function, explicit, fields, coefficients = example(name, np.float64)
    for arrays in (fields + coefficients, [a.clone().requires_grad_() for a in fields + coefficients]):
        found, wanted = (lambda p, f=f, arrays=arrays: p * f(*arrays) for f in (function, explicit))
        assert_alike(way, found, wanted, [torch.tensor(1.5, dtype=torch.float64)])


FLAT = {
    "constant": lambda x, y, z: 0 * x,
    "one point": lambda x, y, z: 1.0 * (x + y + z == 0),
    "along one axis": lambda x, y, z: y**2,
    "plane x + y": lambda x, y, z: x + y,
    "plane x - y + z": lambda x, y, z: x - y + z,
    "x y z": lambda x, y, z: x * y * z,
}


@pytest.mark.parametrize("way", ["backward", "backward of backward", "is_grads_batched", "dual numbers", "jacfwd",
                                 "hessian", "jacrev of jacrev", "jacfwd of jacfwd", "vmap of grad"])  # fmt: skip
@pytest.mark.parametrize("shape", [(3, 4), (3, 3, 3)], ids=len)
def test_norm_where_components_are_equal_or_zero(shape, way):
    grid = gg.Grid(*((n, 1.0) for n in shape))
    x, y, z = [*np.meshgrid(*map(np.arange, shape), indexing="ij"), np.zeros(shape)][:3]
    matrix = torch.from_numpy(dense_of(Call(grid.gradient, [np.zeros(shape)], [])).matrix)

    def explicit(f):
        return root((matrix.to(f.dtype) @ f.reshape(-1)).reshape(-1, *shape))

    for field in FLAT.values():
        for scale in (1.0,) if way in REAL else (1.0, 1.0j, 1.0 + 1.0j):
            assert_alike(way, grid.gradient_norm, explicit, [torch.from_numpy(field(x, y, z) * scale)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_slope_of_a_norm_of_any_size(dtype, rng):
    """The unit vector of the components, from subnormal to largest numbers, and the bits of the plain result."""
    limits = torch.finfo(dtype)
    exponents = np.linspace(np.log10(limits.smallest_normal) - 5, np.log10(limits.max) - 1, 400)
    f = torch.from_numpy(10**exponents * rng.uniform(1, 2, 400)).to(dtype)[:, None, None] * torch.tensor(
        [[0.0, 3], [4, 0]], dtype=dtype
    )
    f.requires_grad_()
    result = gg.gradient_norm(f, axis=(1, 2), edge_order=1)
    assert torch.equal(result, gg.gradient_norm(f.detach(), axis=(1, 2), edge_order=1))
    dx, dy = (d.detach().to(torch.float64) for d in gg.gradient(f, axis=(1, 2)))
    size = torch.hypot(dx, dy)
    (slope,) = torch.autograd.grad(result[:, 0, 0].sum(), f)
    ux, uy = ((d / size)[:, 0, 0] for d in (dx, dy))
    wanted = torch.stack([torch.stack([-ux - uy, uy]), torch.stack([ux, 0 * ux])]).movedim(2, 0)
    torch.testing.assert_close(slope.to(torch.float64), wanted, rtol=0, atol=4 * limits.eps)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.complex64])
def test_norm_has_the_same_bits_with_and_without_a_graph(dtype, rng):
    f = torch.from_numpy(rng.standard_normal((30, 40))).to(dtype)
    grid = gg.Grid(np.cumsum(rng.uniform(1, 2, 30)), (40, 0.3))
    asked = f.clone().requires_grad_()
    result = grid.gradient_norm(asked)
    assert result.requires_grad
    assert torch.equal(result, grid.gradient_norm(f))
    (slope,) = torch.autograd.grad(result.sum(), asked)
    exact = f.to(torch.complex128 if dtype.is_complex else torch.float64).requires_grad_()
    (wanted,) = torch.autograd.grad(grid.gradient_norm(exact).sum(), exact)
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(slope.to(exact.dtype), wanted, rtol=8 * eps, atol=40 * eps)


def fields_of(operator, dtype, rng):
    """Random tensors for an operator, as a nested list."""
    numbers = field_of(operator.inputs, rng, SHAPE, np.float64)
    return nested(lambda a: (torch.from_numpy(a) * 9).to(dtype), numbers)


def nested(change, fields):
    return [nested(change, f) for f in fields] if isinstance(fields, list) else change(fields)


GRID = gg.Grid([0.0, 1.0, 2.5], (4, 0.5))
OPERATORS = {
    "gradient": GRID.gradient, "hessian": GRID.hessian, "curl": GRID.curl, "jacobian": GRID.jacobian,
    "adjoint of jacobian": GRID.jacobian.adjoint_operator(), "identity": GRID.identity,
    "quadrature adjoint": GRID.laplacian.adjoint_operator("quadrature"), "transpose": GRID.divergence.T,
    "numbers": GRID.advect([1.0, -2.0]) - GRID.diffuse(0.5), "product": GRID.laplacian + GRID.divergence @ GRID.gradient,
}  # fmt: skip
INSIDE = {  # what a function returns beside the value that is differentiated
    "grad": lambda f, p: torch.func.grad(f, has_aux=True)(p)[1],
    "vjp": lambda f, p: torch.func.vjp(f, p, has_aux=True)[2],
    "jvp": lambda f, p: torch.func.jvp(f, (p,), (p,), has_aux=True)[2],
    "jacrev": lambda f, p: torch.func.jacrev(f, has_aux=True)(p)[1],
    "grad of grad": lambda f, p: torch.func.grad(
        lambda q: torch.func.grad(lambda r: (r * q, f(r)[1]), has_aux=True)(p), has_aux=True
    )(p)[1],
    "vmap": lambda f, p: [leaf[0] for leaf in leaves(torch.func.vmap(lambda q: f(q)[1])(torch.ones(2)))],
}


def assert_constant(results, inside):
    """What is made of constants inside a transform has the bits of what is made outside."""
    wanted = leaves(results())
    found = leaves(INSIDE[inside](lambda p: (1.0 * p, results()), torch.tensor(2.0)))
    assert all(map(torch.equal, found, wanted))
    assert len(found) == len(wanted)


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "complex64", "uint8", "int64", "uint64"])
def test_constants_of_every_dtype(dtype, inside, rng):
    dtype = getattr(torch, dtype)
    for operator in OPERATORS.values():
        f = fields_of(operator, dtype, rng)
        assert_constant(lambda f=f, op=operator: op(f), inside)
        if len(operator.inputs) == 1:
            stacked = torch.stack(f)
            assert_constant(lambda f=stacked, op=operator: op(f), inside)
    f = fields_of(GRID.identity, dtype, rng)
    assert_constant(lambda: GRID.gradient_norm(f), inside)


F, K = torch.arange(12.0).reshape(SHAPE) ** 2 / 7, torch.arange(12.0).reshape(SHAPE) + 1
X, Y = torch.tensor([0.0, 1.0, 2.5]), torch.tensor([3.0, 2.0, 0.0, -4.0])
FREE = {
    "gradient": lambda: gg.gradient(F, X, Y),
    "gradient of integers": lambda: gg.gradient(F.to(torch.int32), 2.0, Y),
    "drop-in": lambda: gt.gradient(F, spacing=[X, 2.0]),
    "laplacian": lambda: gg.laplacian(F, X, Y),
    "hessian": lambda: gg.hessian(F, X, Y),
    "jacobian": lambda: gg.jacobian([F, K], X, Y),
    "divergence": lambda: gg.divergence(torch.stack([F, K]), X, Y),
    "advect": lambda: gg.advect([K, 2.0], F, X, Y),
    "diffuse": lambda: gg.diffuse(K, F, X, Y),
    "norm": lambda: gg.gradient_norm(F, X, Y),
    "made inside": lambda: gg.laplacian(torch.sin(F), X.detach() * 2, torch.linspace(0, 1, 4)),
    "coordinates made inside": lambda: gg.gradient(F, 2 * X, torch.linspace(0, 1, 4)),
    "grid made inside": lambda: gg.Grid(X.clone(), torch.linspace(0, 1, 4)).gradient(F),
    "transpose": lambda: gg.laplacian(F.t(), Y, X),
    "conjugate": lambda: GRID.laplacian(torch.complex(F, K).conj()),
    "out": lambda: GRID.gradient(F, out=torch.empty(2, *SHAPE)),
    "workers": lambda: GRID.laplacian(F, workers=1),
}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("call", FREE)
def test_constants_in_functions(call, inside):
    assert_constant(FREE[call], inside)


def test_tensors_that_escaped_from_a_transform():
    kept = []
    torch.func.grad(lambda x: (kept.append(x), kept.append(2 * x), x.sum())[2])(X)
    torch.func.jvp(lambda x: (kept.append(x), kept.append(2 * x), x.sum())[2], (X,), (X,))
    for x in kept:
        plain = torch.tensor(x.tolist())
        assert torch.equal(gg.gradient(x), gg.gradient(plain))
        assert torch.equal(gg.gradient(Y[1:], x.detach()), gg.gradient(Y[1:], plain))
    torch.func.vmap(lambda x: (kept.append(x), x.sum())[1])(torch.rand(2, 5))
    with pytest.raises(RuntimeError, match="escaped from inside a function being vmapped"):
        gg.gradient(kept[-1])


def test_out_inside_a_transform_may_overlap():
    f = F.clone()
    (wanted,) = torch.func.vjp(lambda p: (p, GRID.laplacian(f, out=f)), X.sum(), has_aux=True)[2:]
    assert torch.equal(wanted, GRID.laplacian(F))
    assert torch.equal(f, wanted)


@pytest.mark.parametrize("name", OPERATORS)
def test_tangents_from_outside_of_a_transform_are_seen(name, rng):
    """Of a dual number that a function under torch.func closes over."""
    operator = OPERATORS[name]
    f = fields_of(operator, torch.float64, rng)
    wanted = sum(leaf.sum() for leaf in leaves(operator(f)))
    one = torch.ones((), dtype=torch.float64)
    with torch.autograd.forward_ad.dual_level():
        dual = nested(lambda a: torch.autograd.forward_ad.make_dual(a, a), f)
        total = lambda p: p * sum(leaf.sum() for leaf in leaves(operator(dual)))  # noqa: E731  one formula
        for result in (torch.func.grad(total)(one), torch.func.vmap(total)(one[None])[0]):
            slope = torch.autograd.forward_ad.unpack_dual(result).tangent
            torch.testing.assert_close(slope, wanted, rtol=1e-12, atol=1e-12)


def test_a_diffusivity_of_a_numpy_scalar_is_a_number():
    f = torch.arange(5.0) ** 2
    operator = gg.Grid((5, 1.0)).diffuse
    for two in (np.float32(2), np.float16(2), np.int8(2), np.uint64(2)):
        assert torch.equal(operator(two)(f), operator(2.0)(f))
        assert operator(two)(f).dtype == torch.float32
    with pytest.raises(ValueError, match="k is nan; a diffusivity given as a number must be finite"):
        operator(np.float32("nan"))
