"""What is made inside of a compiled function: operators of tensors, and what a compiler has to leave out, or refuses in words."""

import numpy as np
import pytest

import gridgrad as gg

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

N, M = SHAPE = (6, 7)
GRID = gg.Grid(np.linspace(0, 1, N) ** 2, (M, 0.3), boundary=["reflect", "periodic"])
INSIDE = np.ones(SHAPE, bool)
INSIDE[2, 3] = False
GAPS, L = GRID.with_mask(INSIDE), GRID.laplacian
ONES, WALL = np.ones(SHAPE), gg.value(2.0)


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


MADE = {
    "a field times an operator": lambda f, k: (k * L)(f),
    "of what is computed": lambda f, k: ((k * k + 1) * GRID.diffuse(k) - L)(f),
    "with gaps": lambda f, k: (k * GAPS.laplacian)(f),
    "multiples with gaps": lambda f, k: (2 * GAPS.laplacian + GAPS.diffuse(k))(f),
    "a wall from outside": lambda f, k: gg.laplacian(f, 0.1, 0.3, boundary=[(WALL, "reflect"), "periodic"]),
    "a wall from inside": lambda f, k: gg.laplacian(f, 0.1, 0.3, boundary=[gg.value(2.0), gg.slope(k_of(0.5))]),
    "no flow through walls": lambda f, k: gg.divergence((f, k), 0.1, 0.3, boundary=gg.slip()),
    "a wall that moves": lambda f, k: gg.divergence((f, k), 0.1, 0.3, boundary=gg.components(gg.value(0.0), gg.value(1.5))),
}  # fmt: skip


def k_of(number):
    return number


@pytest.mark.parametrize("name", MADE)
def test_made_inside_of_one_graph(name, rng):
    f, k = rng.standard_normal(SHAPE), rng.uniform(1, 2, SHAPE)
    tensors = [torch.from_numpy(a).requires_grad_() for a in (f, k)]
    found = torch.compile(MADE[name], backend="aot_eager", fullgraph=True)(*tensors)
    np.testing.assert_allclose(found.detach().numpy(), MADE[name](f, k), rtol=1e-12, atol=1e-10)
    wanted = torch.autograd.grad((MADE[name](*tensors) ** 2).sum(), tensors, allow_unused=True)
    slopes = torch.autograd.grad((found**2).sum(), tensors, allow_unused=True)
    for own, other in zip(slopes, wanted, strict=True):
        assert own is other is None or torch.allclose(own, other, rtol=1e-11, atol=1e-8)


NUMPY = {
    "an operator": lambda f: L(f),
    "one with a field": lambda f: GRID.diffuse(ONES)(f),
    "one made before": lambda f: DIFFUSE(f),
    "a vector field": lambda f: GRID.divergence([f, 2 * f]),
    "gaps": lambda f: GAPS.laplacian(f),
    "gaps made inside": lambda f: GRID.with_mask(INSIDE).laplacian(f),
    "a grid made inside": lambda f: gg.Grid((N, 0.1), (M, 0.3)).laplacian(f),
    "a function": lambda f: gg.gradient(f, 0.1, 0.3)[1],
    "a function of fields": lambda f: gg.diffuse(ONES, f, 0.1, 0.3),
    "a wall": lambda f: gg.laplacian(f, 0.1, 0.3, boundary=[gg.value(ONES[0]), "periodic"]),
    "a product": lambda f: (L @ L)(f),
    "a solve": lambda f: (GRID.identity - 0.1 * L).solve(f),
    "a matrix": lambda f: (L.to_sparse() @ f.ravel()).reshape(SHAPE),
}  # fmt: skip
DIFFUSE = GRID.diffuse(ONES)


@pytest.mark.parametrize("name", NUMPY)
def test_arrays_of_numpy_run_between_graphs(name, rng):
    """A compiler replaces them by tensors while it traces: kernels would read addresses that are none."""
    f = rng.standard_normal(SHAPE)
    found = torch.compile(lambda f: 2 * NUMPY[name](f + 1), backend="eager")(f)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, 2 * NUMPY[name](f + 1))


TENSORS = {
    "a grid": (lambda f: gg.Grid((N, 0.1), (M, 0.3)).laplacian(f), "are made of numbers"),
    "a mask": (lambda f: GRID.with_mask(INSIDE).laplacian(f), "are made of numbers"),
    "breaks": (lambda f: GRID.with_breaks(0, [2]).laplacian(f), "are made of numbers"),
    "a tensor at a wall": (lambda f: gg.laplacian(f, 0.1, 0.3, boundary=gg.value(f[0, 0])), "are made of numbers"),
    "a solve": (lambda f: (GRID.identity - 0.1 * L).solve(f), "a solve is made on the host"),
    "a solver": (lambda f: L.solver(), "a solve is made on the host"),
    "a matrix": (lambda f: f * L.to_sparse().sum(), "are made of numbers"),
    "a field of NumPy": (lambda f: GRID.diffuse(ONES)(f), "k is an array of NumPy"),
    "a velocity of NumPy": (lambda f: GRID.advect((ONES, 1.0))(f), r"v\[0\] is an array of NumPy"),
    "a factor of NumPy": (lambda f: (ONES * L)(f), "is an array of NumPy"),
    "a number of NumPy": (lambda f: (np.float64(2) * L)(f), "is an array of NumPy"),
    "at the call": (lambda f: DIFFUSE(f, k=ONES), "an array of NumPy has no numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", TENSORS)
def test_what_has_no_place_in_one_graph_is_refused_in_words(name, rng):
    function, told = TENSORS[name]
    with pytest.raises(Exception, match=told):
        torch.compile(function, backend="eager", fullgraph=True)(torch.from_numpy(rng.standard_normal(SHAPE)))


def test_an_array_at_a_wall_of_a_function_is_not_kept_in_the_graph(rng):
    f, wall = (torch.from_numpy(rng.standard_normal(shape)) for shape in (SHAPE, (M,)))
    end = gg.value(wall)

    def step(f):
        return gg.laplacian(f, 0.1, 0.3, boundary=[end, "periodic"])

    with pytest.raises(Exception, match=r"ArgumentTypeError"):
        torch.compile(step, backend="eager", fullgraph=True)(f)
    torch._dynamo.reset()
    compiled = torch.compile(step, backend="eager")
    assert torch.equal(compiled(f), step(f))
    wall += 1
    assert torch.equal(compiled(f), step(f))
