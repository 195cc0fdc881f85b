"""Derivatives through torch: autograd, torch.func and torch.compile never lose the graph."""

import numpy as np
import pytest

import gridgrad as gg

torch = pytest.importorskip("torch")

import gridgrad.torch as gt  # noqa: E402  needs torch

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


NUMPY_X, TORCH_X = np.array(X), torch.tensor(X, dtype=torch.float64)
CALLS = {
    "nothing": lambda f: gg.gradient(f),
    "step": lambda f: gg.gradient(f, 0.5, axis=-1),
    "list": lambda f: gg.gradient(f, X, axis=0, edge_order=2),
    "numpy coordinates": lambda f: gg.gradient(f, NUMPY_X, 0.5, edge_order=2),
    "torch coordinates": lambda f: gg.gradient(f, TORCH_X, axis=0),
    "periodic": lambda f: gg.gradient(f, TORCH_X, 2.0, periodic=(True, False), period=(10.0, None)),
    "keywords of torch": lambda f: gg.gradient(f, spacing=2.0, dim=(1, 0)),
    "drop-in": lambda f: gt.gradient(f, spacing=[TORCH_X, torch.arange(3)], edge_order=2),
    "drop-in, default": lambda f: gt.gradient(f),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's compiler warns of its own parts
class TestCompile:
    @pytest.fixture(autouse=True)
    def fresh(self):
        torch._dynamo.reset()

    @pytest.mark.parametrize("backend", ["eager", "aot_eager"])
    @pytest.mark.parametrize("call", CALLS)
    def test_one_graph_same_bits_same_derivative(self, call, backend, rng):
        f = tensor(rng, (7, 3))
        compiled = torch.compile(CALLS[call], fullgraph=True, backend=backend)
        results, expected = compiled(f), CALLS[call](f)
        assert type(results) is type(expected)
        results, expected = (r if isinstance(r, tuple) else (r,) for r in (results, expected))
        assert all(map(torch.equal, results, expected))
        slopes = [torch.autograd.grad(sum((r**2).sum() for r in rs), f)[0] for rs in (results, expected)]
        torch.testing.assert_close(*slopes, rtol=1e-13, atol=1e-13)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.complex64, torch.int64])
    def test_dtypes(self, dtype):
        f = (torch.arange(7.0) ** 2).to(dtype)
        compiled = torch.compile(
            lambda f: gg.gradient(f, X, edge_order=2), fullgraph=True, backend="aot_eager"
        )
        expected = gg.gradient(f, X, edge_order=2)
        assert compiled(f).dtype == expected.dtype
        assert torch.equal(compiled(f), expected)

    def test_coordinates_are_read_when_the_graph_runs(self):
        compiled = torch.compile(gg.gradient, fullgraph=True, backend="aot_eager")
        f = TORCH_X**2
        assert torch.equal(compiled(f, TORCH_X), gg.gradient(f, TORCH_X))
        assert torch.equal(compiled(f, 2 * TORCH_X), gg.gradient(f, 2 * TORCH_X))
        with pytest.raises(ValueError, match="not strictly monotonic"):
            compiled(f, TORCH_X.sort(descending=True).values.roll(1))

    @pytest.mark.parametrize("way", ["coordinates, order 2", "periodic coordinates", "step"])
    def test_operator_is_well_registered(self, way, rng):
        """Torch's own tests of an operator: schema, fake tensors, autograd; twice differentiable."""
        from gridgrad import _torch_operators

        spacing, options = WAYS[way]["spacing"][0], WAYS[way]
        f = tensor(rng, (3, 7))
        rest = ([torch.tensor(spacing, dtype=torch.float64)], [1], options.get("edge_order", 1),
                [options.get("periodic", False)], [options.get("period", float("nan"))])  # fmt: skip
        torch.library.opcheck(_torch_operators.gradient_operator, (f, *rest))
        torch.library.opcheck(_torch_operators.adjoint_operator, ([f], *rest))
        assert torch.autograd.gradcheck(lambda f: torch.ops.gridgrad.gradient(f, *rest), f)
        assert torch.autograd.gradgradcheck(lambda f: torch.ops.gridgrad.gradient(f, *rest)[0] ** 2, f)

    def test_spacing_that_requires_grad_and_out_are_refused(self):
        x = TORCH_X.clone().requires_grad_()
        f = TORCH_X**2
        with pytest.raises(Exception, match=r"not differentiable under torch\.compile"):
            torch.compile(lambda f: gg.gradient(f, x), fullgraph=True, backend="eager")(f)
        with pytest.raises(Exception, match=r"out= is not supported under torch\.compile"):
            torch.compile(lambda f: gg.gradient(f, out=f), fullgraph=True, backend="eager")(f)
