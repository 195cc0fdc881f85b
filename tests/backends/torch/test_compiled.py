"""Constants of torch's compiler: what numbers are made in runs at tracing, and graphs hold it by name."""

import gc

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._backends.once import made_once
from gridgrad._grid.asked import _grids

torch = pytest.importorskip("torch")

from gridgrad._backends.torch.compiled import CONSTANTS, Constants  # noqa: E402  needs torch

# torch's compiler warns of its own parts.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def fresh():
    """Nothing compiled before, and no more of it afterwards."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def compiled(function):
    return torch.compile(function, fullgraph=True, backend="aot_eager")


class TestNames:
    def test_content_names_an_operator(self):
        one, same, other = (gg.Grid((5, h)).laplacian.pattern for h in (0.5, 0.5, 0.25))
        assert CONSTANTS.keep(one) == CONSTANTS.keep(same) != CONSTANTS.keep(other)
        assert CONSTANTS.of(CONSTANTS.keep(other)).grid.steps == (0.25,)

    def test_a_forgotten_operator_is_traced_again(self, rng, monkeypatch):
        monkeypatch.setattr(Constants, "most", 2)
        f, grid = torch.from_numpy(rng.standard_normal(9)).requires_grad_(), gg.Grid((9, 0.5))
        function = compiled(lambda f: grid.laplacian(f))
        result = function(f)
        for n in range(5, 8):
            CONSTANTS.keep(gg.Grid((n, 0.5)).laplacian.pattern)
        assert len(vars(CONSTANTS)) == 2
        with pytest.raises(RuntimeError, match="compile the function again"):
            result.sum().backward()
        assert torch.equal(function(f), result)
        function(f).sum().backward()

    def test_grids_of_free_functions_live_as_long_as_their_graphs(self, rng):
        f = torch.from_numpy(rng.standard_normal(9))
        function = compiled(lambda f: gg.laplacian(f, 0.37))
        function(f)
        _grids.clear()
        gc.collect()
        assert torch.equal(function(f), gg.laplacian(f, 0.37))


class TestMadeOnce:
    def test_it_is_the_function_itself_where_nothing_is_traced(self):
        @made_once
        def power(base: float, exponent: float = 2.0) -> float:
            """Of a number."""
            return base**exponent

        assert power(3.0) == 9.0
        assert power(2.0, exponent=3.0) == 8.0
        assert power.__name__ == "power"
        assert power.__doc__ == "Of a number."

    def test_it_runs_when_it_is_traced_and_for_each_other_number(self):
        calls = []

        @made_once
        def made(n, step=1.0):
            calls.append((type(n), type(step)))
            return gg.Grid((n, step)).laplacian  # which no compiler may trace into

        def function(f, h):
            return made(5, step=h)(f)

        f, traced = torch.arange(5.0) ** 2, compiled(function)
        for h in (0.5, 0.25, 0.125):
            before = len(calls)
            assert torch.equal(traced(f, h), torch.full((5,), 2 / h**2))
            made_by = len(calls)
            assert made_by > before
            assert torch.equal(traced(f, h), torch.full((5,), 2 / h**2))
            assert len(calls) == made_by
        assert set(calls) == {(int, float)}  # no symbols of the compiler

    @pytest.mark.filterwarnings("ignore::UserWarning")
    def test_what_the_compiler_leaves_in_the_middle_goes_on_as_it_is(self, rng):
        """Without `fullgraph` the rest of a call may run on what was looked up while it was traced."""
        f, x = torch.from_numpy(rng.standard_normal(6)).requires_grad_(), torch.arange(6.0)

        def function(f):
            torch._dynamo.graph_break()
            return gg.laplacian(f, x)

        result, expected = torch.compile(function, backend="eager")(f), function(f)
        assert torch.equal(result, expected)
        assert torch.equal(*(torch.autograd.grad(r.sum(), f)[0] for r in (result, expected)))


HELD = gg.Grid((6, 0.2), (7, 0.3), boundary=[(gg.value(1.5), "one-sided"), "reflect"])
SPHERE = gg.Grid([-60.0, -30.0, 0.0, 20.0, 40.0, 70.0], [50.0 * k for k in range(7)], geometry="sphere")
END = gg.value(1.5)
BATCHES = {
    "a number at a wall": HELD.laplacian,
    "weights at points": SPHERE.laplacian,
    "a function's number at a wall": lambda f: gg.laplacian(
        f, 0.2, 0.3, axis=(1, 2), boundary=[END, "reflect"]
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_one_graph_serves_batches(name, rng):
    """What is made like a field for its numbers at walls does not settle how many fields there are."""
    call, before = BATCHES[name], torch._dynamo.utils.counters["stats"]["unique_graphs"]
    traced = torch.compile(lambda f: call(f), fullgraph=True, dynamic=True, backend="eager")
    for n in (2, 3, 5):
        f = rng.standard_normal((n, 6, 7))
        wanted = call(f)
        np.testing.assert_allclose(traced(torch.from_numpy(f)), wanted, rtol=1e-12, atol=1e-12)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == before + 1


class Module(torch.nn.Module):
    def forward(self, f):
        return HELD.laplacian(f) + SPHERE.laplacian(f)


def test_strict_export_with_an_open_batch(rng):
    f, more = (rng.standard_normal((n, 6, 7)) for n in (3, 5))
    shapes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(Module(), (torch.from_numpy(f),), dynamic_shapes=shapes, strict=True)
    wanted = HELD.laplacian(more) + SPHERE.laplacian(more)
    np.testing.assert_allclose(program.module()(torch.from_numpy(more)), wanted, rtol=1e-12, atol=1e-12)
