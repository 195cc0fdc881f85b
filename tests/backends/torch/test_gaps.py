"""Operators of grids with gaps as a compiler and an exporter trace them, against the same calls outside."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import gridgrad as gg  # noqa: E402  after torch is known to be there

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

INSIDE = np.ones((6, 7), bool)
INSIDE[2:4, 3:5] = False
X, Y = np.linspace(0, 1, 6) ** 2, np.linspace(0, 2, 7)
GRID = gg.Grid(X, Y).with_mask(INSIDE)
HELD = gg.Grid(X, Y, boundary=[(gg.value(1.5), "one-sided"), "reflect"]).with_mask(INSIDE)
SPHERE = gg.Grid(np.linspace(-70, 70, 6), 45.0 * np.arange(7), geometry="sphere").with_mask(INSIDE)
TURNED = GRID.laplacian.T
CALLS = {
    "laplacian": lambda f, k: GRID.laplacian(f),
    "gradient": lambda f, k: torch.stack(GRID.gradient(f)),
    "made in the graph": lambda f, k: GRID.diffuse(k)(f),
    "multiplied": lambda f, k: GRID.multiply(k)(f),
    "upwind": lambda f, k: GRID.advect((k, 2 * k), upwind=1)(f),
    "transpose": lambda f, k: TURNED(f),
    "held": lambda f, k: HELD.laplacian(f),
    "sphere": lambda f, k: SPHERE.laplacian(f),
    "norm": lambda f, k: GRID.gradient_norm(f),
    "mapped": lambda f, k: torch.func.vmap(lambda row: GRID.diffuse(k)(row * k))(torch.stack([f, k])),
}


@pytest.fixture(autouse=True)
def fresh():
    """Nothing compiled before, and no more of it afterwards."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def fields(rng, *batch):
    return [torch.from_numpy(rng.standard_normal((*batch, 6, 7))).requires_grad_() for _ in range(2)]


class Module(torch.nn.Module):
    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, f):
        return self.call(f)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_whole_graphs(call, rng):
    f, k = fields(rng)
    result, expected = torch.compile(call, fullgraph=True, backend="eager")(f, k), call(f, k)
    assert torch.equal(result, expected)
    slopes = [torch.autograd.grad((r**2).sum(), (f, k), allow_unused=True) for r in (result, expected)]
    torch.testing.assert_close(*slopes, rtol=1e-14, atol=1e-14)


def test_backward_passes_are_traced(rng):
    f, k = fields(rng)
    call = CALLS["made in the graph"]
    results = [torch.compile(call, fullgraph=True, backend="aot_eager")(f, k), call(f, k)]
    slopes = [torch.autograd.grad((r**2).sum(), (f, k)) for r in results]
    torch.testing.assert_close(*results, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(*slopes, rtol=1e-13, atol=1e-13)


def test_one_graph_serves_batches(rng):
    traced = torch.compile(lambda f: GRID.laplacian(f), fullgraph=True, dynamic=True, backend="aot_eager")
    before = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    for n in (2, 3, 5):
        f = fields(rng, n)[0].detach()
        assert torch.equal(traced(f), GRID.laplacian(f))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == before + 1


def test_out_is_refused():
    traced = torch.compile(lambda f, o: GRID.laplacian(f, out=o), fullgraph=True, backend="aot_eager")
    with pytest.raises(Exception, match=r"out= is not supported under torch\.compile"):
        traced(torch.zeros(6, 7), torch.zeros(6, 7))


PLAIN = gg.Grid(X, Y)
K = torch.linspace(1, 2, 42, dtype=torch.float64).reshape(6, 7)
EXPORTED = {
    "gaps": GRID.laplacian, "coefficients and gaps": GRID.diffuse(K), "plain": PLAIN.laplacian,
    "coefficients": PLAIN.diffuse(K), "sphere": gg.Grid(np.linspace(-70, 70, 6), 45.0 * np.arange(7), geometry="sphere").laplacian,
    "held": gg.Grid(X, Y, boundary=[(gg.value(1.5), "one-sided"), "reflect"]).laplacian,
}  # fmt: skip


@pytest.mark.parametrize("operator", EXPORTED.values(), ids=EXPORTED)
def test_export_with_an_open_batch(operator, rng):
    f = fields(rng, 3)[0].detach()
    shapes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(Module(lambda f: operator(f)), (f,), dynamic_shapes=shapes, strict=False)
    more = fields(rng, 7)[0].detach()
    torch.testing.assert_close(program.module()(more), operator(more), rtol=1e-14, atol=1e-14)


def test_devices_differ():
    with pytest.raises(ValueError, match=r"on the devices meta, cpu; bring all to one"):
        GRID.diffuse(K)(K.to("meta"))


def made_of_numbers():
    """Operators whose coefficients are made of numbers at their first call."""
    x = np.linspace(0, 1, 6)[:, None]
    positions = x + 0.1 * Y**2, Y + 0.1 * x
    return {
        "sphere": gg.Grid(np.linspace(-70, 70, 6), 45.0 * np.arange(7), geometry="sphere").laplacian,
        "positions": gg.Grid(*positions).laplacian,
        "gaps": gg.Grid(X, Y).with_mask(INSIDE).laplacian,
    }


@pytest.mark.parametrize("name", ["sphere", "positions", "gaps"])
def test_training_after_inference(name, rng):
    """What the first call makes for the next ones is no inference tensor, which no graph may save."""
    f, operator = fields(rng)[0], made_of_numbers()[name]
    with torch.inference_mode():
        before = operator(f)
    slope = torch.autograd.grad((operator(f) ** 2).sum(), f)[0]
    assert torch.equal(before.clone(), operator(f.detach()))
    expected = torch.autograd.grad((made_of_numbers()[name](f) ** 2).sum(), f)[0]
    assert torch.equal(slope, expected)


OUT = {
    "another type": (lambda f: torch.zeros_like(f, dtype=torch.float32), "has dtype torch.float32"),
    "another shape": (lambda f: torch.zeros(3, 6, 7, dtype=f.dtype), "has shape"),
    "a leaf of a graph": (lambda f: torch.zeros_like(f).requires_grad_(), "out.* requires grad"),
}


@pytest.mark.parametrize("operator", [GRID.laplacian, HELD.laplacian, GRID.gradient_norm, GRID.laplacian.T])
@pytest.mark.parametrize("name", OUT)
def test_what_does_not_fit_is_not_written(operator, name, rng):
    f = fields(rng)[0].detach()
    make, told = OUT[name]
    out = make(f)
    with pytest.raises((TypeError, ValueError), match=told):
        operator(f, out=out)
    assert not out.any()
    np.testing.assert_array_equal(operator(f, out=torch.empty_like(f)), operator(f))


def test_nothing_is_written_twice_or_cut_from_its_graph(rng):
    f, k = fields(rng)
    out = torch.zeros(6, 7, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"out\[1\] shares memory with another output"):
        GRID.gradient(f.detach(), out=[out, out])
    for call in (lambda: GRID.laplacian(f, out=out), lambda: GRID.diffuse(k)(f.detach(), out=out)):
        with pytest.raises(TypeError, match="would cut the result from its graph"):
            call()
    assert not out.any()
