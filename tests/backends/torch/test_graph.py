"""Derivatives through torch: autograd and torch.func never lose the graph, for no operator."""

import numpy as np
import pytest
from operator_calls import LINEAR, NAMES, SHAPE, call_of, parts
from operator_cases import CASES, PLAIN, setting
from processes import python

import gridgrad as gg

torch = pytest.importorskip("torch")

# torch's own decompositions for forward mode are still scripted.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

X = [0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.5]
WAYS = {
    "step": {"spacing": [0.5]},
    "coordinates": {"spacing": [X]},
    "step, order 2": {"spacing": [0.5], "edge_order": 2},
    "coordinates, order 2": {"spacing": [X], "edge_order": 2},
    "periodic step": {"spacing": [0.5], "periodic": True},
    "periodic coordinates": {"spacing": [X], "periodic": True, "period": 10.0},
}
ways = pytest.mark.parametrize("way", WAYS)


def operator(way):
    return lambda f: gg.gradient(f, axis=0, **WAYS[way])


def matrix(way):
    """The operator's columns, by NumPy."""
    return np.stack([gg.gradient(row, **WAYS[way]) for row in np.eye(7)], axis=1)


def tensor(rng, shape=(7,), dtype=None):
    f = torch.from_numpy(rng.standard_normal(shape))
    f = torch.complex(f, f.flip(0)) if dtype is torch.complex128 else f
    return f.requires_grad_()


class TestAutograd:
    @ways
    @pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
    def test_gradcheck(self, way, dtype, rng):
        f = tensor(rng, (7, 2), dtype)
        assert torch.autograd.gradcheck(operator(way), f, check_forward_ad=True, check_batched_grad=True)
        assert torch.autograd.gradgradcheck(lambda f: operator(way)(f) ** 2, f)

    @ways
    def test_backward_is_the_transposed_matrix(self, way, rng):
        f = tensor(rng)
        g = torch.from_numpy(rng.standard_normal(7))
        (slope,) = torch.autograd.grad(operator(way)(f), f, g)
        np.testing.assert_allclose(slope.numpy(), matrix(way).T @ g.numpy(), rtol=0, atol=1e-14)

    def test_no_grad_mode_and_detached(self, rng):
        f = tensor(rng)
        with torch.no_grad():
            assert not gg.gradient(f).requires_grad
        assert gg.gradient(f).requires_grad
        assert not gg.gradient(f.detach()).requires_grad

    def test_bfloat16(self):
        f = torch.arange(7, dtype=torch.bfloat16).requires_grad_()
        gg.gradient(f, 2.0).sum().backward()
        assert f.grad.tolist() == [-0.75, 0.25, 0, 0, 0, -0.25, 0.75]

    def test_parameters_and_subclasses(self):
        class Labelled(torch.Tensor):
            pass

        parameter = torch.nn.Parameter(torch.arange(3.0))
        assert gg.gradient(parameter).grad_fn is not None
        labelled = torch.arange(3.0).as_subclass(Labelled)
        assert type(gg.gradient(labelled)) is Labelled

    def test_meta_tensors_have_shapes_only(self):
        results = gg.gradient(torch.empty(7, 3, device="meta"), X, 1.0)
        assert [(r.shape, r.device.type) for r in results] == [((7, 3), "meta")] * 2


class TestFunctions:
    @ways
    def test_jvp(self, way, rng):
        f, tangent = tensor(rng).detach(), tensor(rng).detach()
        value, slope = torch.func.jvp(operator(way), (f,), (tangent,))
        assert torch.equal(value, operator(way)(f))
        assert torch.equal(slope, operator(way)(tangent))

    def test_forward_mode_alone(self, rng):
        f, tangent = tensor(rng).detach(), tensor(rng).detach()
        with torch.autograd.forward_ad.dual_level():
            dual = gg.gradient(torch.autograd.forward_ad.make_dual(f, tangent), X)
            slope = torch.autograd.forward_ad.unpack_dual(dual).tangent
        assert torch.equal(slope, gg.gradient(tangent, X))

    @ways
    def test_jacobians(self, way, rng):
        f = tensor(rng).detach()
        for jacobian in (torch.func.jacrev, torch.func.jacfwd):
            np.testing.assert_allclose(jacobian(operator(way))(f).numpy(), matrix(way), rtol=0, atol=1e-15)

    @pytest.mark.parametrize("in_dim", [0, 1])
    def test_vmap(self, in_dim, rng):
        f = tensor(rng, (7, 7)).detach()
        mapped = torch.func.vmap(lambda row: gg.gradient(row, X, edge_order=2), in_dims=in_dim)(f)
        assert torch.equal(mapped, gg.gradient(f if in_dim == 0 else f.t(), X, axis=1, edge_order=2))

    def test_mapped_coordinates_are_refused(self):
        x = torch.tensor([X, X], dtype=torch.float64)
        with pytest.raises(TypeError, match="whose values cannot be read here"):
            torch.func.vmap(lambda row: gg.gradient(row**2, row))(x)


def tensors(arrays, requires_grad=False):
    return [torch.from_numpy(np.asarray(a)).requires_grad_(requires_grad) for a in arrays]


def squares(function):
    """Not linear, so that a second derivative is not 0."""
    return lambda *arrays: tuple(value * value for value in function(*arrays))


def like(results):
    """Random numbers in the form of a result."""
    return tuple(map(like, results)) if isinstance(results, tuple) else torch.randn_like(results)


class TestEveryOperator:
    @pytest.mark.parametrize("dtype", [np.float64, np.complex128], ids=["real", "complex"])
    @pytest.mark.parametrize("name", NAMES)
    def test_gradcheck_twice_by_fields_and_by_coefficients(self, name, dtype, rng):
        function, *given = call_of(name, rng, dtype)
        for asked in ((True, False), (False, True), (True, True)):
            if not given[1] and asked != (True, False):
                continue
            arrays = [t for part, flag in zip(given, asked, strict=True) for t in tensors(part, flag)]
            options = {"fast_mode": True, "check_batched_grad": True}
            assert torch.autograd.gradcheck(function, arrays, check_forward_ad=True, **options)
            twice = function if name == "gradient norm" else squares(function)
            if asked != (False, True):
                assert torch.autograd.gradgradcheck(twice, arrays, fast_mode=True)

    @pytest.mark.parametrize("name", LINEAR)
    def test_forward_mode_is_the_operator_of_the_tangent(self, name, rng):
        function, fields, coefficients = call_of(name, rng)
        fields, coefficients = tensors(fields), tensors(coefficients)
        tangents = [torch.randn_like(f) for f in fields]
        value, slope = torch.func.jvp(lambda *f: function(*f, *coefficients), tuple(fields), tuple(tangents))
        assert all(map(torch.equal, value, function(*fields, *coefficients)))
        assert all(map(torch.equal, slope, function(*tangents, *coefficients)))
        assert all(s.abs().max() > 0 for s in slope)

    @pytest.mark.parametrize("name", [name for name in LINEAR if call_of(name, np.random.default_rng(0))[2]])
    def test_forward_mode_by_coefficients(self, name, rng):
        """An operator is linear in its coefficients, but for the part that has none."""
        function, fields, coefficients = call_of(name, rng)
        fields, coefficients = tensors(fields), tensors(coefficients)
        tangents = [torch.randn_like(c) for c in coefficients]
        _, slope = torch.func.jvp(lambda *c: function(*fields, *c), tuple(coefficients), tuple(tangents))
        nothing = function(*fields, *map(torch.zeros_like, coefficients))
        for s, there, none in zip(slope, function(*fields, *tangents), nothing, strict=True):
            torch.testing.assert_close(s, there - none, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("name", NAMES)
    def test_vmap_is_the_loop(self, name, rng):
        function, *given = call_of(name, rng)
        first = [t for part in given for t in tensors(part)]
        second = [2 + t.flip(0) for t in first]
        stacked = [torch.stack([a, b], dim=k % 2) for k, (a, b) in enumerate(zip(first, second, strict=True))]
        mapped = torch.func.vmap(function, in_dims=tuple(k % 2 for k in range(len(first))))(*stacked)
        for k, arrays in enumerate((first, second)):
            for row, alone in zip(mapped, function(*arrays), strict=True):
                torch.testing.assert_close(row[k], alone, rtol=1e-14, atol=1e-14)
        if given[1]:  # one set of coefficients for all
            count = len(given[0])
            rest = first[count:]
            mapped = torch.func.vmap(lambda *f: function(*f, *rest))(
                *[torch.stack([f, -f]) for f in first[:count]]
            )
            for row, alone in zip(mapped, function(*first), strict=True):
                assert torch.equal(row[0], alone)
                assert torch.equal(row[1], -alone)

    @pytest.mark.parametrize("name", LINEAR)
    def test_backward_is_the_adjoint_and_nothing_of_the_fields_is_saved(self, name, rng):
        function, fields, coefficients = call_of(name, rng)
        fields, coefficients = tensors(fields, True), tensors(coefficients)
        saved = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
            results = function(*fields, *coefficients)
        known = {c.data_ptr() for c in coefficients}
        assert all(t.data_ptr() in known for t in saved)
        assert len(saved) == len(coefficients) * (2 if name == "sum" else 1)
        g = [torch.randn_like(r) for r in results]
        slopes = torch.autograd.grad(results, fields, g)
        v = [torch.randn_like(f) for f in fields]
        there = sum((a * b).sum() for a, b in zip(g, function(*v, *coefficients), strict=True))
        back = sum((a * b).sum() for a, b in zip(slopes, v, strict=True))
        torch.testing.assert_close(there, back, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("name", PLAIN)
    def test_backward_has_the_bits_of_the_adjoint_operator(self, name, rng):
        operator = CASES[name].make(setting("coordinates", "each another", SHAPE).grid, None)
        f = [tensor(rng, SHAPE) for _ in range(len(SHAPE))] if CASES[name].vector else tensor(rng, SHAPE)
        results = operator(f)
        g = like(results)
        fields = f if CASES[name].vector else [f]
        slopes = torch.autograd.grad(parts(results), fields, parts(g))
        assert all(map(torch.equal, slopes, parts(operator.adjoint(g))))


class TestSides:
    """What is prescribed at walls stands behind coefficients that only multiply: both in one node."""

    X, V = np.random.default_rng(3).random((2, 6, 7)), np.random.default_rng(4).random(7)

    def operator(self, k, v):
        sides = (gg.value(v, wall="face"), gg.slope(1.5, wall="face"))
        return gg.Grid((6, 0.5), (7, 0.25), boundary=[sides, "periodic"]).diffuse(k)

    def tensors(self):
        f, k = (torch.from_numpy(np.array(x)).requires_grad_(n == 0) for n, x in enumerate(self.X))
        return f, k + 1.0, torch.from_numpy(self.V.copy()).requires_grad_()

    def test_of_a_field_and_a_wall(self):
        f, k, v = self.tensors()
        result = self.operator(k, v)(f)
        plain = self.operator(k.numpy(), self.V)
        assert type(result.grad_fn).__name__ == "NodeBackward"
        assert np.array_equal(result.detach().numpy(), plain(f.detach().numpy()))
        g = np.random.default_rng(5).random((6, 7))
        by_f, by_v = torch.autograd.grad(result, (f, v), torch.from_numpy(g))
        assert np.array_equal(by_f.numpy(), plain.adjoint(g))
        columns = [
            (g * (self.operator(k.numpy(), e).offset - self.operator(k.numpy(), 0 * e).offset)).sum()
            for e in np.eye(7)
        ]
        assert np.abs(by_v.numpy() - columns).max() <= 64 * np.finfo(float).eps * np.abs(columns).max()

    def test_gradcheck_in_every_mode(self):
        f, k, v = self.tensors()
        assert torch.autograd.gradcheck(lambda f, v: self.operator(k, v)(f), (f, v), check_forward_ad=True)
        k.requires_grad_()
        assert torch.autograd.gradcheck(lambda f, k, v: self.operator(k, v)(f), (f, k, v))


EAGER = """
import sys
import torch
import torch._functorch.pyfunctorch
had = "torch._dynamo" in sys.modules
import gridgrad as gg
import gridgrad.torch
grid, k = gg.Grid((5, 1.0), (6, 1.0)), torch.ones(5, 6, dtype=torch.float64, requires_grad=True)
gg.laplacian(k.detach())
gg.gradient(k, torch.arange(5.0), 1.0)
grid.diffuse(k, mean="harmonic")(k).sum().backward()
grid.with_mask(k.detach().numpy() > 0).advect((k, k), upwind=1)(k).sum().backward()
gridgrad.torch.gradient(k.bfloat16())[0].sum().backward()
(grid.identity - 0.1 * grid.laplacian).solve(k).sum().backward()
print("torch._dynamo" in sys.modules and not had)
"""


def test_nothing_of_torchs_compiler_is_imported_where_nothing_is_compiled():
    """800 modules, which each process that loads data would import again."""
    assert python(EAGER, timeout=300).strip() == "False"
