"""Derivatives by coordinates and steps: torch's own checks, torch.gradient's backward, and refusals."""

import math

import pytest

import gridgrad as gg

torch = pytest.importorskip("torch")

from torch_transforms import DERIVATIVES, REAL, assert_alike  # noqa: E402  needs torch

import gridgrad.torch as gt  # noqa: E402  needs torch
from gridgrad.torch import _sums  # noqa: E402  needs torch

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")


@pytest.fixture
def problem():
    """Samples of shape (5, 7), a step for the first axis and coordinates for the second."""
    torch.manual_seed(0)
    f = torch.randn(5, 7, dtype=torch.float64, requires_grad=True)
    h = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    x = torch.cumsum(torch.rand(7, dtype=torch.float64) + 0.5, 0).requires_grad_()
    return f, h, x


WAYS = {
    "order 1": {},
    "order 2": {"edge_order": 2},
    "periodic": {"periodic": True, "period": [None, 12.0]},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("down", [False, True])
def test_gradcheck(problem, way, down):
    f, h, x = problem
    x = (-x if down else x).detach().requires_grad_()

    def gradient(f, h, x):
        return gg.gradient(f, h, x, **WAYS[way])

    assert torch.autograd.gradcheck(gradient, (f, h, x), check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(gradient, (f, h, x))


@pytest.mark.parametrize("way", WAYS)
def test_values_are_those_of_constant_coordinates(problem, way):
    f, h, x = problem
    fixed = gg.gradient(f.detach(), h.detach(), x.detach(), **WAYS[way])
    for got, want in zip(gg.gradient(f, h, x, **WAYS[way]), fixed, strict=True):
        assert torch.equal(got, want)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("axis", [0, 1])
def test_backward_is_that_of_torch_gradient(edge_order, axis):
    torch.manual_seed(1)
    f = torch.randn(6, 6, 6, dtype=torch.float64, requires_grad=True)
    x = torch.cumsum(torch.rand(6, dtype=torch.float64) + 0.5, 0).requires_grad_()
    g = torch.randn_like(f)
    theirs = torch.gradient(f, spacing=[x], dim=axis, edge_order=edge_order)[0]
    wanted = torch.autograd.grad(theirs, (f, x), g)
    for value in (
        gg.gradient(f, x, axis=axis, edge_order=edge_order),
        gt.gradient(f, spacing=[x], dim=axis, edge_order=edge_order)[0],
    ):
        torch.testing.assert_close(torch.autograd.grad(value, (f, x), g), wanted, rtol=1e-12, atol=1e-12)


def test_a_shift_of_all_coordinates_changes_nothing_and_a_stretch_divides(problem):
    """J 1 = 0 and J x = -D f for J = d(D f)/dx: peers_pde's identities, here by forward mode."""
    f, _, x = (tensor.detach() for tensor in problem)

    def along(x):
        return gg.gradient(f, x, axis=1, edge_order=2)

    value, shift = torch.func.jvp(along, (x,), (torch.ones_like(x),))
    _, stretch = torch.func.jvp(along, (x,), (x,))
    assert shift.abs().max() < 1e-13
    torch.testing.assert_close(stretch, -value, rtol=1e-12, atol=1e-13)


def test_float32_complex_and_integers():
    x = torch.tensor([0.0, 1, 3, 4, 6], dtype=torch.float64, requires_grad=True)
    f = torch.arange(5.0) ** 2
    result = gg.gradient(f, x)
    assert result.dtype == torch.float32
    (by_x,) = torch.autograd.grad(result.sum(), x)
    assert by_x.dtype == torch.float64
    whole = gg.gradient((torch.arange(5) ** 2), x)
    assert whole.dtype == torch.float64
    torch.testing.assert_close(torch.autograd.grad(whole.sum(), x)[0], by_x)
    z = torch.complex(f.double(), 2 * f.double())
    assert torch.autograd.gradcheck(lambda x: gg.gradient(z, x), x)


def test_a_scalar_step_alone(problem):
    f, h, _ = problem
    results = gg.gradient(f, h)
    (slope,) = torch.autograd.grad(results[0].sum() + results[1].sum(), h)
    torch.testing.assert_close(slope, -(results[0].sum() + results[1].sum()).detach() / h.detach())


def test_refusals(problem):
    f, _, x = problem
    with pytest.raises(TypeError, match="not differentiable here"):
        gg.gradient(f.detach(), x, axis=1, out=torch.empty_like(f))
    with pytest.raises(TypeError, match="not differentiable here"):
        gg.Grid(x)
    with pytest.raises(ValueError, match="not strictly monotonic"):
        gg.gradient(f, torch.zeros(7, requires_grad=True), axis=1)
    for wall in (gg.value(0.0), gg.value(1.0, wall="point")):
        with pytest.raises(
            TypeError, match=r"prescribed at ends gradient is not differentiable.*x\.detach\(\)"
        ):
            gg.gradient(f, 0.5, x, boundary=wall)
    with pytest.raises(TypeError, match=r"mapped by torch\.func\.vmap"):
        torch.func.vmap(torch.func.grad(lambda x: gg.gradient(f.detach()[0], x).sum()))(
            torch.stack([x.detach()] * 2)
        )


TAKEN = {
    "coordinates": lambda x, f: gg.gradient(f, x, axis=0),
    "of a kept call": lambda x, f: gg.laplacian(f, x, axis=0),
    "a step": lambda x, f: gg.gradient(f, x[1]),
    "a grid": lambda x, f: gg.Grid(x).laplacian(f),
    "a mask": lambda x, f: gg.Grid((5, 1.0)).with_mask(x >= 1 if x.dtype is torch.float32 else x).laplacian(f),
}  # fmt: skip


@pytest.mark.parametrize("call", TAKEN.values(), ids=TAKEN)
def test_numbers_of_a_type_for_storage_alone_are_refused_with_the_way_out(call):
    f, x = torch.arange(5.0) ** 2, torch.arange(5.0).to(torch.float8_e4m3fn)
    with pytest.raises(
        TypeError, match=r"has dtype torch\.float8_e4m3fn; convert it, .*x\.to\(torch\.float32\)"
    ):
        call(x, f)
    call(x.to(torch.float32), f)


@pytest.mark.parametrize("block", [1, 20, 1 << 17])
@pytest.mark.parametrize("shape", [(7, 40), (40, 7), (5, 6, 7), (3, 4)])
def test_backward_in_blocks_of_any_size(block, shape, monkeypatch):
    """Blocks of lines and of parts of lines give the derivative that torch operations give."""
    monkeypatch.setattr(_sums, "BLOCK", block)
    monkeypatch.setattr(_sums, "FLUSH", 2)
    torch.manual_seed(2)
    f = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    xs = [torch.cumsum(torch.rand(n, dtype=torch.float64) + 0.5, 0).requires_grad_() for n in shape]
    for options in ({"edge_order": 2}, {"periodic": True, "period": 100.0}):
        results = gg.gradient(f, *xs, **options)
        g = [torch.randn_like(r) for r in results]
        found = torch.autograd.grad(results, (f, *xs), g, retain_graph=True)
        wanted = torch.autograd.grad(results, (f, *xs), g, create_graph=True)
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("shape", "axis"), [((1, 9, 4000), 1), ((20000, 9), 1), ((50, 9, 40), 1)])
def test_float32_sums_over_many_lines_lose_nothing(shape, axis):
    """A few roundings of float32 in all, however many lines, and however far f is from 0."""
    torch.manual_seed(3)
    f, g = torch.randn(shape) + 100, torch.randn(shape) + 1
    found = _sums.interior_sums(_sums.lines(f, axis), _sums.lines(g, axis))
    f, g = (t.double() for t in (f, g))
    steps = f.diff(dim=axis)
    n = shape[axis]
    for k, sums in enumerate(found):
        products = g.narrow(axis, 1, n - 2) * steps.narrow(axis, k, n - 2)
        over = [a for a in range(len(shape)) if a != axis]
        error = (sums - products.sum(over)).abs() / products.abs().sum(over)
        assert error.max() < 4 * torch.finfo(torch.float32).eps


def test_several_axes_of_which_some_are_constant(problem):
    f, h, x = problem
    dy, dx = gg.gradient(f, h.item(), x)
    (alone,) = torch.autograd.grad(dy.sum(), f, retain_graph=True)  # dx asks for nothing
    torch.testing.assert_close(alone, torch.autograd.grad(gg.gradient(f, h.item(), axis=0).sum(), f)[0])
    found = torch.autograd.grad((dy * dx).sum(), (f, x))
    dy, dx = (gg.gradient(f, s, axis=a) for a, s in ((0, h.item()), (1, x)))
    torch.testing.assert_close(found, torch.autograd.grad((dy * dx).sum(), (f, x)))
    steps = torch.tensor([0.5, 1.0, 2.0, 1.0], dtype=torch.float16).cumsum(0).requires_grad_()
    half = torch.arange(4, dtype=torch.float16)
    (slope,) = torch.autograd.grad(gg.gradient(half, steps).sum(), steps)
    assert slope.dtype == torch.float16
    wide = steps.detach().double().requires_grad_()
    (expected,) = torch.autograd.grad(gg.gradient(half.double(), wide).sum(), wide)
    torch.testing.assert_close(slope.double(), expected, rtol=2e-3, atol=2e-3)


def explicit(f, *spacings, edge_order=1, periodic=False, period=None):
    """Derivatives of the polynomials through neighbouring points, in plain torch."""
    spacings = spacings * f.ndim if len(spacings) == 1 else spacings
    ends = edge_order, periodic, period
    return [polynomial(f.movedim(a, 0), x, *ends).movedim(0, a) for a, x in enumerate(spacings)]


def polynomial(f, x, edge_order, periodic, period):
    n = len(f)
    x = x * torch.arange(n) if x.ndim == 0 else x
    rows = []
    for i in range(n):
        nodes = [i - 1, i, i + 1]
        if not periodic and i in (0, n - 1):
            nodes = [abs(i - k) for k in range(edge_order + 1)]
        length = 0 if period is None else period * torch.sign(x[1] - x[0])
        weights = slopes_at(x[i], [x[k % n] + k // n * length for k in nodes])
        rows.append(sum(w * f[k % n] for w, k in zip(weights, nodes, strict=True)))
    return torch.stack(rows)


def slopes_at(here, places):
    """The derivatives of Lagrange's polynomials, each a sum over the factor that is differentiated."""
    for j, own in enumerate(places):
        others = places[:j] + places[j + 1 :]
        total = 0
        for m, differentiated in enumerate(others):
            rest = [(here - p) / (own - p) for k, p in enumerate(others) if k != m]
            total = total + math.prod(rest, start=1 / (own - differentiated))
        yield total


X, Y = (torch.tensor(x, dtype=torch.float64) for x in ([0.0, 1.0, 1.5, 3.0], [2.5, 1.0, 0.0, -1.0]))
STEP = torch.tensor(0.3, dtype=torch.float64)
FIELD = torch.arange(16, dtype=torch.float64).reshape(4, 4).sin()
GIVEN = {  # the arguments of the gradient, made of those that are differentiated
    "two axes": (lambda f, x, y: (f, x, y), X, Y),
    "step and coordinates": (lambda f, h, x: (f, h, x), STEP, X),
    "one step": (lambda f, h: (f, h), STEP),
    "one coordinate tensor": (lambda f, x: (f, x, x), X),
    "one made of another": (lambda f, x: (f, x, x * 2), X),
    "field made of coordinates": (lambda f, x: (f * x**2, x, torch.exp(x)), X),
}
ENDS = {"order 1": {}, "order 2": {"edge_order": 2}, "periodic": {"periodic": True, "period": 30.0}}


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("way", DERIVATIVES)
@pytest.mark.parametrize("given", GIVEN)
def test_every_way_of_differentiating_by_every_argument(given, way, ends):
    """Also where one tensor is several arguments; by one of them the others are constants."""
    make, *spacings = GIVEN[given]
    for field in (FIELD,) if way in REAL else (FIELD, FIELD * (1 + 0.5j)):
        arrays = [field, *spacings]
        for places in ([0], [1], list(range(len(arrays)))):

            def partial(gradient, arrays=arrays, places=places):
                def function(*xs):
                    varied = dict(zip(places, xs, strict=True))
                    own = make(*(varied.get(k, a) for k, a in enumerate(arrays)))
                    return torch.stack(tuple(gradient(*own, **ENDS[ends])))

                return function

            assert_alike(way, partial(gg.gradient), partial(explicit), [arrays[k] for k in places])


@pytest.mark.parametrize("way", DERIVATIVES)
def test_the_drop_in_by_one_tensor_in_several_places(way):
    def found(f, x):
        return torch.stack(gt.gradient(f * x, spacing=[x, x], edge_order=2))

    def wanted(f, x):
        return torch.stack(explicit(f * x, x, x, edge_order=2))

    assert_alike(way, found, wanted, [FIELD, X])


def test_parameters_of_an_outer_graph_inside_transforms():
    """Coordinates that require grad are constants of a torch.func transform by something else."""
    x = X.clone().requires_grad_()
    wanted = torch.stack(explicit(FIELD, x, Y)).sum()
    one = torch.ones((), dtype=torch.float64)
    for transformed in (
        torch.func.grad(lambda p: p * torch.stack(gg.gradient(FIELD, x, Y)).sum())(one),
        torch.func.vmap(lambda p: p * torch.stack(gg.gradient(FIELD, x, Y)).sum())(one[None])[0],
        torch.func.jvp(lambda p: p * torch.stack(gg.gradient(FIELD, x, Y)).sum(), (one,), (one,))[1],
    ):
        slopes = [torch.autograd.grad(total, x, retain_graph=True)[0] for total in (transformed, wanted)]
        torch.testing.assert_close(*slopes, rtol=1e-12, atol=1e-12)


def test_a_period_that_requires_grad_is_named():
    period = torch.tensor(9.0, dtype=torch.float64, requires_grad=True)
    message = r"the period of axis 0 is a tensor that requires grad.*detach it, period\.detach\(\)"
    for x in (X, X.clone().requires_grad_()):
        with pytest.raises(TypeError, match=message):
            gg.gradient(FIELD, x, axis=0, periodic=True, period=period)
        found = gg.gradient(FIELD, x, axis=0, periodic=True, period=period.detach())
        assert torch.equal(found, gg.gradient(FIELD, X, axis=0, periodic=True, period=9.0))
    with pytest.raises(TypeError, match=message.replace("axis 0", "axis -1")):
        gg.Grid(X, boundary="periodic", period=period)
