"""torch.compile: whole graphs of every operator, forward, backward, forward mode and vmap, as eager calls give them."""

import shutil

import numpy as np
import pytest
from operator_calls import parts

import gridgrad as gg

torch = pytest.importorskip("torch")

import gridgrad.torch as gt  # noqa: E402  needs torch
from gridgrad._backends.torch.compiled import CONSTANTS  # noqa: E402  needs torch

# torch's compiler warns of its own parts.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

X = [0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.5]


@pytest.fixture(autouse=True)
def fresh():
    """Nothing compiled before, and no more of it afterwards."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def tensor(rng, shape=(7,), requires_grad=True):
    return torch.from_numpy(rng.standard_normal(shape)).requires_grad_(requires_grad)


LIMIT = "recompile_limit" if hasattr(torch._dynamo.config, "recompile_limit") else "cache_size_limit"


def compiled(function, backend="aot_eager", **options):
    return torch.compile(function, fullgraph=True, backend=backend, **options)


def close(found, wanted, tolerance=1e-13):
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def graphs():
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


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
    "words without a meaning": lambda f: (gg.laplacian(f, 0.5, missing=None, breaks=None, boundary=None),),
}


@pytest.mark.filterwarnings("ignore:.*recompil")
@pytest.mark.parametrize("is_known", [True, False], ids=["known", "new"])
@pytest.mark.parametrize("name", ["laplacian", "derivative"])
def test_a_period_where_the_graph_breaks(name, is_known, rng):
    """While a function is traced numbers of NumPy are arrays, which are no keys."""
    f, x = tensor(rng, (6, 3)).detach(), np.linspace(0, 1, 6) ** 2

    def call(f):
        return getattr(gg, name)(f, x, axis=0, boundary="periodic", period=1.3)

    gg.clear_caches()
    expected = call(f) if is_known else None
    found = torch.compile(call, backend="eager")(f)
    assert torch.equal(found, call(f) if expected is None else expected)


class TestGradient:
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

    def test_coordinates_and_steps_that_require_grad(self, rng):
        f, x = tensor(rng, (3, 7)), TORCH_X.clone().requires_grad_()
        h = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)

        def function(f, h, x):
            return gg.gradient(f, h, x, edge_order=2, periodic=[False, True], period=[None, 10.0])

        results, expected = compiled(function)(f, h, x), function(f, h, x)
        close(results, expected)
        slopes = (torch.autograd.grad(sum((r**2).sum() for r in rs), (f, h, x)) for rs in (results, expected))
        close(*slopes, 1e-12)
        with pytest.raises(ValueError, match="not strictly monotonic"):
            compiled(lambda x: gg.gradient(f.detach(), x, axis=1))(torch.zeros(7, requires_grad=True))

    def test_out_is_refused(self):
        with pytest.raises(Exception, match=r"out= is not supported under torch\.compile"):
            compiled(lambda f: gg.gradient(f, out=f))(TORCH_X**2)


class TestRegistration:
    """Torch's own tests of an operator: schema, fake tensors, autograd, dynamic shapes; twice differentiable."""

    @pytest.mark.parametrize(("spacing", "edge_order", "boundary", "period", "accuracy"), [
        (X, 2, "one-sided one-sided", float("nan"), 0), (X, 1, "periodic periodic", 10.0, 0),
        (0.5, 1, "one-sided one-sided", float("nan"), 0), (X, 1, "reflect antireflect", float("nan"), 0),
        (X, 1, "one-sided reflect", float("nan"), 4)])  # fmt: skip
    def test_gradient(self, spacing, edge_order, boundary, period, accuracy, rng):
        import gridgrad.torch._traced  # noqa: F401  registers them

        f = tensor(rng, (3, 7))
        spacings = [torch.tensor(spacing, dtype=torch.float64)]
        for transposed in (False, True):
            rest = (spacings, [1], edge_order, boundary, [period], accuracy, transposed)

            def results(f, rest=rest):
                return torch.ops.gridgrad.gradient([f], *rest)

            torch.library.opcheck(torch.ops.gridgrad.gradient.default, ([f], *rest))
            for options in ({"check_forward_ad": True}, {}):
                assert torch.autograd.gradcheck(results, f, **options)
            assert torch.autograd.gradgradcheck(lambda f, results=results: results(f)[0] ** 2, f)
            mapped = torch.func.vmap(
                lambda f, rest=rest: torch.ops.gridgrad.gradient([f], spacings, [0], *rest[2:])
            )(f)
            assert all(map(torch.equal, mapped, results(f)))

    @pytest.mark.parametrize("transposed", [False, True])
    def test_apply(self, transposed, rng):
        import gridgrad._backends.torch.traced  # noqa: F401  registers it

        grid = gg.Grid(X, (5, 0.2))
        k = tensor(rng, (7, 5), requires_grad=False) + 1
        pattern = (grid.laplacian + grid.diffuse(np.ones((7, 5)))).pattern
        rest = (CONSTANTS.keep(pattern), [0, 1], transposed)
        f = tensor(rng, (7, 5))
        torch.library.opcheck(torch.ops.gridgrad.apply.default, ([f], [k], *rest))
        torch.library.opcheck(torch.ops.gridgrad.apply.default, ([f], [k.clone().requires_grad_()], *rest))
        assert torch.autograd.gradcheck(
            lambda f: torch.ops.gridgrad.apply([f], [k], *rest), f, check_forward_ad=True, fast_mode=True
        )
        assert torch.autograd.gradgradcheck(
            lambda f: torch.ops.gridgrad.apply([f], [k], *rest)[0] ** 2, f, fast_mode=True
        )


GRID = gg.Grid((6, 0.1), np.linspace(0, 1, 7) ** 2, boundary=["reflect", "one-sided"])
LAPLACIAN, PRODUCT = GRID.laplacian, GRID.divergence @ GRID.gradient
OPERATORS = {
    "an operator from outside": lambda f, u, k: LAPLACIAN(f),
    "another form": lambda f, u, k: GRID.laplacian.with_(form="wide")(f),
    "derivative": lambda f, u, k: GRID.derivative(1, order=2)(f),
    "gradient": lambda f, u, k: GRID.gradient(f),
    "stacked": lambda f, u, k: (GRID.divergence(torch.stack([f, u])), GRID.jacobian(torch.stack([f, u]))),
    "divergence, curl": lambda f, u, k: GRID.divergence((f, u)) + GRID.curl([u, f]),
    "hessian": lambda f, u, k: GRID.hessian(f),
    "norm": lambda f, u, k: GRID.gradient_norm(f),
    "squares": lambda f, u, k: GRID.gradient_squared(f),
    "advect": lambda f, u, k: GRID.advect([k, -2.0])(f),
    "directional": lambda f, u, k: GRID.directional_derivative([1.5, -2.0])(f),
    "diffuse": lambda f, u, k: GRID.diffuse(k)(f),
    "sum": lambda f, u, k: (GRID.diffuse(k) + 0.5 * GRID.laplacian - GRID.advect([k, k]))(f),
    "time step": lambda f, u, k: (GRID.identity - 0.1 * LAPLACIAN)(f),
    "adjoint": lambda f, u, k: GRID.advect([k, k]).adjoint(f) + GRID.diffuse(k).T(u),
    "quadrature": lambda f, u, k: GRID.gradient.adjoint((f, u), weight="quadrature"),
    "product": lambda f, u, k: (PRODUCT + LAPLACIAN)(f),
    "free": lambda f, u, k: gg.laplacian(f, 0.1, axis=(1, 2), boundary=("periodic", "reflect")),
    "free with coefficients": lambda f, u, k: gg.diffuse(k, f, 0.1, axis=(1, 2)) + gg.advect([k, 2.0], f, 0.2, axis=(1, 2)),
    "free of vectors": lambda f, u, k: gg.curl((f, u), 0.1, [0.0, 1, 2, 4, 5, 6, 9], axis=(1, 2)),
    "all in one": lambda f, u, k: gg.gradient_norm(f, 0.1, axis=2) * GRID.laplacian(u) + gg.gradient(f, 0.2, axis=0),
}  # fmt: skip


class TestOperators:
    @pytest.fixture
    def arrays(self, rng):
        return tensor(rng, (3, 6, 7)), tensor(rng, (3, 6, 7)), tensor(rng, (6, 7))

    @pytest.mark.parametrize("name", OPERATORS)
    def test_one_graph_same_bits_same_derivative(self, name, arrays):
        function = OPERATORS[name]
        results, expected = compiled(function)(*arrays), function(*arrays)
        assert type(results) is type(expected)
        results, expected = parts(results), parts(expected)
        assert all(map(torch.equal, results, expected))
        slopes = [
            torch.autograd.grad(sum((r**2).sum() for r in rs), arrays, allow_unused=True)
            for rs in (results, expected)
        ]
        assert [s is None for s in slopes[0]] == [s is None for s in slopes[1]]
        close(*([s for s in group if s is not None] for group in slopes), 1e-11)

    def test_the_norm_where_components_are_equal_or_zero(self):
        x, y = torch.meshgrid(torch.arange(6.0), torch.arange(7.0), indexing="ij")
        grid = gg.Grid((6, 1.0), (7, 1.0))
        slope = torch.func.grad(lambda f: grid.gradient_norm(f).square().sum() + grid.gradient_norm(f).sum())
        for f in (x + y, x * 0, y**2, x * (y > 3)):
            found = compiled(slope)(f)
            assert found.isfinite().all()
            close([found], [slope(f)], 1e-6)

    def test_numbers_that_an_operator_is_made_of_are_traced_again(self):
        """The README's words, and what it says to write instead."""
        u = torch.arange(7.0) ** 2
        laplacian, identity = gg.Grid((7, 1.0)).laplacian, gg.Grid((7, 1.0)).identity
        numbers, most = [0.1 * k for k in range(1, 7)], 3
        with torch._dynamo.config.patch(LIMIT, most):  # 8 by default
            for again in (lambda u, h: u - h * laplacian(u), lambda u, h: gg.gradient(u, h)):
                step = compiled(again, "eager")
                for h in numbers:
                    close([step(u, h)], [again(u, h)], 1e-6)
            for anew in (lambda u, h: (identity - h * laplacian)(u), lambda u, h: gg.laplacian(u, h)):
                step = compiled(anew, "eager")
                for h in numbers[:most]:
                    close([step(u, h)], [anew(u, h)], 1e-6)
                with pytest.raises(torch._dynamo.exc.FailOnRecompileLimitHit):
                    step(u, numbers[most])

    @pytest.mark.parametrize("name", ["an operator from outside", "norm", "diffuse"])
    def test_torch_func_inside(self, name, arrays):
        """Forward mode is never silently 0, alone or over reverse mode; vmap is the batch axis."""
        f, u, k = (a.detach() for a in arrays)

        def function(f, k):
            return tuple(parts(OPERATORS[name](f, u, k)))

        def energy(f, k):
            return sum((r**2).sum() for r in function(f, k))

        tangents = torch.cos(f), torch.cos(k)

        def every(f, k):
            return (
                torch.func.jvp(function, (f, k), tangents),
                torch.func.grad(energy, argnums=(0, 1))(f, k),
                torch.func.jvp(torch.func.grad(energy), (f, k), tangents),
                torch.func.vmap(lambda row: function(row, k))(torch.stack([f, 2 * f])),
            )

        results, expected = compiled(every)(f, k), every(f, k)
        close(parts(results), parts(expected), 1e-11)
        assert all(slope.abs().max() > 0 for slope in results[0][1])

    def test_gradient_inside_torch_func(self, rng):
        f, x = tensor(rng, (3, 7), False), torch.tensor(X, dtype=torch.float64)

        def every(f, x):
            value, slope = torch.func.jvp(lambda f, x: gg.gradient(f, x, axis=1), (f, x), (f**2, x.cos()))
            alone = torch.func.jvp(lambda f: gg.gradient(f, x, axis=1), (f,), (f**2,))[1]
            back = torch.func.grad(lambda f, x: (gg.gradient(f, x, axis=1) ** 2).sum(), argnums=(0, 1))(f, x)
            return value, slope, alone, *back, torch.func.vmap(lambda row: gg.gradient(row, X))(f)

        results = compiled(every)(f, x)
        close(results, every(f, x), 1e-12)
        assert torch.equal(results[2], gg.gradient(f**2, x, axis=1))

    @pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # the compiler looks at a dual leaf
    @pytest.mark.parametrize("requires_grad", [False, True])
    @pytest.mark.parametrize("name", ["an operator from outside", "diffuse"])
    def test_tangents_from_outside_are_refused(self, name, requires_grad, arrays):
        f, u, k = (a.detach().requires_grad_(requires_grad) for a in arrays)
        function = compiled(OPERATORS[name])
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(f, torch.ones_like(f))
            with pytest.raises(
                (TypeError, NotImplementedError), match=r"a tensor with a tangent|jvp function"
            ):
                function(dual, u, k)

    @pytest.mark.skipif(shutil.which("g++") is None, reason="Inductor needs a compiler")
    def test_inductor(self, arrays):
        def step(f, u, k):
            return f * 2 + (GRID.advect([k.detach(), 1.0]) + 0.5 * LAPLACIAN)(f) - GRID.divergence((f, u * k))

        results, expected = compiled(step, "inductor")(*arrays), step(*arrays)
        close([results], [expected], 1e-12)
        slopes = (torch.autograd.grad((r**2).sum(), arrays) for r in (results, expected))
        close(*slopes, 1e-11)

    @pytest.mark.parametrize("dtypes", [("float32", "float32"), ("float32", "float64"), ("complex64", "float32"),
                                        ("complex128", "complex128"), ("bfloat16", "float16"), ("int32", "float64")])  # fmt: skip
    def test_dtypes(self, dtypes, rng):
        f, k = (tensor(rng, (6, 7), False).mul(8).to(getattr(torch, name)) for name in dtypes)
        result, expected = compiled(lambda f, k: GRID.diffuse(k)(f))(f, k), GRID.diffuse(k)(f)
        assert result.dtype == expected.dtype
        assert torch.equal(result, expected)

    def test_batch_axes_and_numbers_change(self, rng):
        torch._dynamo.utils.counters.clear()
        function = compiled(lambda f, h: (GRID.identity - h * GRID.laplacian + GRID.diffuse(2 * h))(f))
        for n, h in ((2, 0.5), (3, 0.5), (4, 0.25), (5, 0.125)):
            f = tensor(rng, (n, 6, 7), False)
            assert torch.equal(function(f, h), (GRID.identity - h * GRID.laplacian + GRID.diffuse(2 * h))(f))
        batches = compiled(lambda f: LAPLACIAN(f), dynamic=True)
        before = graphs()
        for n in (2, 3, 4):
            batches(tensor(rng, (n, 6, 7), False))
        assert graphs() == before + 1

    def test_another_grid_is_another_graph_and_eager_use_is_none(self, rng):
        torch._dynamo.utils.counters.clear()
        function, f = compiled(lambda f, grid: grid.divergence(grid.gradient(f))), tensor(rng, (6, 7), False)
        for step in (0.5, 0.25):
            grid = gg.Grid((6, step), (7, 1.0))
            for _ in range(2):
                assert torch.equal(function(f, grid), grid.divergence(grid.gradient(f)))
                _ = grid.curl, grid.gradient.with_(accuracy=4), grid.gradient(np.zeros((6, 7)))
        assert graphs() == 2


class TestRefused:
    def test_under_a_compiler(self, rng):
        f, x = tensor(rng, (7,)), torch.tensor(X)
        with pytest.raises(Exception, match=r"make the grid outside: grid = gridgrad\.Grid\(x\)"):
            compiled(lambda f, x: gg.laplacian(f, x))(f, x)
        with pytest.raises(Exception, match=r"out= is not supported under torch\.compile"):
            compiled(lambda f: gg.laplacian(f, 0.5, out=torch.empty(7)))(f)
        with pytest.raises(Exception, match="the field has shape"):
            compiled(lambda f: LAPLACIAN(f))(f)
        grid = gg.Grid((7, 1.0))
        with pytest.raises(Exception, match="curl needs a grid of 2 or 3 axes"):
            compiled(lambda f: grid.curl((f, f)))(f)


def test_a_grid_with_units_is_refused():
    pint = pytest.importorskip("pint")
    grid = gg.Grid((4, pint.UnitRegistry().Quantity(2.0, "km")))
    with pytest.raises(Exception, match=r"quantities are not carried under torch.compile|Observed exception"):
        compiled(lambda f: grid.laplacian(f))(torch.arange(4.0))


def test_several_fields_at_the_call_that_are_those_of_a_global_operator(rng):
    """Whose old fields the compiler must not see, or it takes them for the arguments."""
    f, w, k, w2, k2 = (tensor(rng, (6, 7), False) for _ in range(5))
    made = GRID.advect([2.0, w]) + GRID.diffuse(k)
    both = GRID.advect([w, w]) @ GRID.diffuse(k)
    HELD.update(made=made, both=both)
    calls = (
        lambda f, w, k: HELD["made"](f, v=[2.0, w], k=k),
        lambda f, w, k: (GRID.identity - 0.1 * HELD["made"]).adjoint(f, v=[2.0, w], k=k),
        lambda f, w, k: HELD["both"](f, v=[w, w], k=k),
    )
    for call in calls:
        torch._dynamo.reset()
        function = compiled(call)
        for fields in ((f, w, k), (f, w2, k2), (f, k, w)):
            assert torch.equal(function(*fields), call(*fields))


HELD = {}
