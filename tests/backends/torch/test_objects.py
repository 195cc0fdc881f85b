"""Operators as the functions that torch's transforms are given, inside of what torch compiles."""

from functools import partial

import numpy as np
import pytest
from operator_calls import parts

import gridgrad as gg

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # torch's compiler warns of its own parts

SHAPE = (4, 5)
X = [0.0, 1.0, 1.5, 3.0]
GRID = gg.Grid(X, (5, 0.5), boundary=["reflect", "periodic"])
INSIDE = np.ones(SHAPE, bool)
INSIDE[1, 3] = False
OPERATORS = {
    "product": gg.Grid(X, (5, 0.5)).divergence @ gg.Grid(X, (5, 0.5)).gradient,
    "held": gg.Grid(X, (5, 0.5), boundary=[gg.value(1.0, wall="point"), "reflect"]).laplacian,
    "gaps": GRID.with_mask(INSIDE).laplacian,
}


class Layer(torch.nn.Module):
    """A module with an operator."""

    def __init__(self, operator):
        super().__init__()
        self.operator = operator

    def forward(self, f):
        return torch.func.vmap(self.operator)(f[None])


def energy(operator):
    return lambda f: sum((part**2).sum() for part in leaves(operator(f)))


def leaves(results):
    return (
        [leaf for part in results for leaf in leaves(part)] if isinstance(results, list) else parts(results)
    )


WAYS = {
    "vmap": lambda A: lambda f: torch.func.vmap(A)(f[None]),
    "attribute": Layer,
    "partial": lambda A: lambda f: list(map(partial(A, workers=1), [f, 2 * f])),
    "jvp": lambda A: lambda f: torch.func.jvp(A, (f,), (f.cos(),)),
    "jacrev": lambda A: torch.func.jacrev(A),
    "vmap of grad": lambda A: lambda f: torch.func.vmap(torch.func.grad(energy(A)))(f[None]),
    "hessian": lambda A: lambda f: torch.func.hessian(energy(A))(f),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_operator_is_a_function(way, rng):
    """Of which torch asks the name, and what else functions have; results are those outside of a compiler."""
    f = torch.from_numpy(rng.standard_normal(SHAPE))
    for name, operator in OPERATORS.items():
        torch._dynamo.reset()
        function = WAYS[way](operator)
        found = leaves(torch.compile(function, fullgraph=True, backend="eager")(f))
        for own, wanted in zip(found, leaves(function(f)), strict=True):
            torch.testing.assert_close(own, wanted, rtol=1e-12, atol=1e-12, msg=name)


CONDITIONS = [gg.value(1.0), gg.slope(2.0), gg.robin(1.0, 2.0, 3.0), gg.value(1.0, wall="point")]


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_tangents_do_not_have_what_is_prescribed_at_walls(backend, rng):
    """``A(f + t e) = A(f) + t A.linear(e)``: by NumPy."""
    f, e = rng.standard_normal((2, *SHAPE))
    for condition in CONDITIONS:
        A = gg.Grid(X, (5, 0.5), boundary=[condition, "reflect"]).laplacian

        def forward(f, e, A=A):
            return torch.func.jvp(A, (f,), (e,))

        torch._dynamo.reset()
        found = torch.compile(forward, fullgraph=True, backend=backend)(*map(torch.from_numpy, (f, e)))
        np.testing.assert_array_equal(found[0], A(f))
        np.testing.assert_array_equal(found[1], A.linear(e))
        assert abs(A.offset).max() > 1


def test_numbers_at_walls_by_name(rng):
    f = rng.standard_normal(SHAPE)
    for wall in ("face", "point"):
        A = gg.Grid(X, (5, 0.5), boundary=[gg.value(1.0, wall=wall, name="inflow"), "reflect"]).laplacian

        def call(f, number, A=A):
            return A(f, inflow=number) + A.with_(inflow=3.0)(f)

        torch._dynamo.reset()
        traced = torch.compile(call, fullgraph=True, backend="eager")
        for number in (2.0, 5):
            np.testing.assert_array_equal(traced(torch.from_numpy(f), number), call(f, number))


SOLVER = (GRID.identity - 0.1 * GRID.laplacian).solver()
OUTSIDE = "a solve is made on the host"


class Solve(torch.nn.Module):
    def forward(self, b):
        return SOLVER(b)


def made_fx(b):
    from torch.fx.experimental.proxy_tensor import make_fx

    return make_fx(SOLVER)(b)


def on_fakes(b):
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        return SOLVER(mode.from_tensor(b))


TRACED = {
    "compile": torch.compile(lambda b: 2 * SOLVER(b), fullgraph=True, backend="eager"),
    "compile solve": torch.compile(lambda b: SOLVER.operator.solve(b), fullgraph=True, backend="eager"),
    "compile solver": torch.compile(lambda b: SOLVER.operator.solver()(b), fullgraph=True, backend="eager"),
    "export": lambda b: torch.export.export(Solve(), (b,), strict=False),
    "make_fx": made_fx,
    "functionalize": torch.func.functionalize(SOLVER),
    "fake tensors": on_fakes,
}


@pytest.mark.parametrize("way", TRACED)
def test_solves_are_no_part_of_a_graph(way, rng):
    torch._dynamo.reset()
    b = torch.from_numpy(rng.standard_normal(SHAPE))
    with pytest.raises(Exception, match=OUTSIDE):
        TRACED[way](b)


def test_solves_where_the_graph_may_break(rng):
    b = rng.standard_normal(SHAPE)
    torch._dynamo.reset()
    found = torch.compile(lambda b: 1 + SOLVER(2 * b), backend="eager")(torch.from_numpy(b))
    np.testing.assert_allclose(found, 1 + SOLVER(2 * b), rtol=1e-13)


def test_jacobians_of_solves(rng):
    """The inverse matrix; what torch maps in another way is refused, with these in its place."""
    b = torch.from_numpy(rng.standard_normal(SHAPE))
    inverse = np.linalg.inv(SOLVER.operator.to_sparse().toarray())
    for jacobian in (torch.func.jacfwd, torch.func.jacrev):
        np.testing.assert_allclose(jacobian(SOLVER)(b).reshape(20, 20), inverse, rtol=1e-12, atol=1e-14)
    for strategy in ("forward-mode", "reverse-mode"):
        with pytest.raises(TypeError, match=r"take torch\.func, .*torch\.func\.jacfwd\(S\)\(b\)"):
            torch.autograd.functional.jacobian(SOLVER, b, vectorize=True, strategy=strategy)


def test_a_list_of_right_hand_sides_is_called_b():
    b = torch.zeros(SHAPE)
    with pytest.raises(TypeError, match=r"b is a list of torch tensors.*torch\.stack\(b\)"):
        SOLVER([b, b])
