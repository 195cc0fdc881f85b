"""One vocabulary: every function takes the same words, and says what to type for those it does not have."""

import inspect

import numpy as np
import pytest
from samples import frozen

import gridgrad as gg
from gridgrad._base import words as _words

X, Y = frozen([0.0, 1.0, 3.0, 4.0, 6.0, 7.0]), frozen(np.arange(5.0) ** 1.5)
F = frozen(np.sin(X[:, None]) * np.cos(Y))
ENDS = [
    {"boundary": "periodic"}, {"periodic": True}, {"boundary": "reflect"}, {"boundary": "antireflect"},
    {"boundary": [("reflect", "one-sided"), "periodic"]}, {"periodic": [False, True], "period": 5.0},
    {"boundary": ["one-sided", "periodic"], "periodic": [False, True], "period": [None, 5.0]}, {"edge_order": 1},
    {"edge_order": 2, "boundary": "one-sided"},
]  # fmt: skip
CALLS = {
    "gradient": lambda **words: gg.gradient(F, **words),
    "derivative": lambda **words: gg.derivative(F[0], **words),
    "mixed_derivative": lambda **words: gg.mixed_derivative(F, **words),
    "laplacian": lambda **words: gg.laplacian(F, **words),
    "biharmonic": lambda **words: gg.biharmonic(F, **words),
    "hessian": lambda **words: gg.hessian(F, **words),
    "gradient_norm": lambda **words: gg.gradient_norm(F, **words),
    "gradient_squared": lambda **words: gg.gradient_squared(F, **words),
    "vector_laplacian": lambda **words: gg.vector_laplacian([F, F], **words),
    "divergence": lambda **words: gg.divergence([F, F], **words),
    "curl": lambda **words: gg.curl([F, F], **words),
    "jacobian": lambda **words: gg.jacobian([F, F], **words),
    "directional_derivative": lambda **words: gg.directional_derivative(F, [1.0, 2.0], **words),
    "advect": lambda **words: gg.advect([1.0, 2.0], F, **words),
    "diffuse": lambda **words: gg.diffuse(2.0, F, **words),
}
GRID = gg.Grid(X, Y)
OPERATORS = {
    "Grid": lambda **words: gg.Grid((5, 1.0), (6, 1.0), **words),
    "grid.derivative": lambda **words: GRID.derivative(0, **words),
    "grid.mixed_derivative": lambda **words: GRID.mixed_derivative(0, 1, **words),
    "grid.directional_derivative": lambda **words: GRID.directional_derivative([1.0, 2.0], **words),
    "grid.advect": lambda **words: GRID.advect([1.0, 2.0], **words),
    "grid.diffuse": lambda **words: GRID.diffuse(2.0, **words),
    "grid.gradient_norm": lambda **words: GRID.gradient_norm(F, **words),
    "grid.gradient_squared": lambda **words: GRID.gradient_squared(F, **words),
    "grid.gradient": lambda **words: GRID.gradient(F, **words),
    "grid.laplacian": lambda **words: GRID.laplacian(F, **words),
    "grid.hessian": lambda **words: GRID.hessian(F, **words),
    "a sum": lambda **words: (GRID.laplacian - GRID.identity)(F, **words),
    "a product": lambda **words: (GRID.laplacian @ GRID.laplacian)(F, **words),
}
# Words of this package, of numpy.gradient, numpy.pad, torch.gradient, SciPy, findiff, xarray and py-pde.
WORDS = [
    "accuracy", "axes", "axis", "boundary", "dim", "dtype", "edge_order", "engine", "form", "k", "order", "out",
    "period", "periodic", "spacing", "v", "weight", "workers", "mode", "constant_values", "end_values", "cval",
    "acc", "bc", "coord", "coords", "datetime_unit", "deriv", "dx", "h", "scheme", "side", "mask", "where", "mean",
    "breaks", "spacng", "nonsense",
]  # fmt: skip


def refusal(call, words):
    """The error of a call, if it is refused."""
    try:
        call(**words)
    except (TypeError, ValueError) as error:
        return error
    return None


def same(a, b):
    """Nested tuples of arrays, bit for bit."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b)


@pytest.mark.parametrize("words", ENDS, ids=str)
def test_gradient_takes_the_words_of_grid(words):
    spacing = (0.5, 0.25)
    words = {"edge_order": 1} | words
    expected = gg.Grid((6, 0.5), (5, 0.25), **words).gradient(F)
    for _ in range(2):  # by the long way, and by the short one
        assert same(gg.gradient(F, *spacing, **words), expected)
    assert same(gg.jacobian(np.stack([F, F]), *spacing, **words)[0], np.stack(expected))


@pytest.mark.parametrize("accuracy", [2, 4])
@pytest.mark.parametrize("boundary", ["one-sided", "reflect", ("antireflect", "one-sided")])
def test_accuracy(accuracy, boundary):
    found = gg.gradient(F, X, Y, accuracy=accuracy, boundary=[boundary, "one-sided"])
    assert same(found, gg.Grid(X, Y, boundary=[boundary, "one-sided"]).gradient.with_(accuracy=accuracy)(F))
    # edge_order is of three-point rows only: an accuracy holds at the ends too
    assert same(
        found, gg.gradient(F, X, Y, accuracy=accuracy, boundary=[boundary, "one-sided"], edge_order=2)
    )
    along = gg.directional_derivative(
        F, [1.0, 0.0], X, Y, accuracy=accuracy, boundary=[boundary, "one-sided"]
    )
    assert same(along, found[0])


@pytest.mark.parametrize("name", CALLS)
def test_every_free_function_takes_every_end(name):
    for words in ENDS:
        error = refusal(CALLS[name], words)
        assert error is None or (name == "derivative" and "of length 2 for" in str(error))  # of one axis
    assert same(CALLS[name](periodic=True), CALLS[name](boundary="periodic"))
    with pytest.raises(TypeError, match="contradict each other on axis 0; give boundary= alone"):
        CALLS[name](boundary="periodic", periodic=False)
    with pytest.raises(TypeError, match="contradict each other on axis 0"):
        CALLS[name](boundary="reflect", periodic=True)


@pytest.mark.parametrize("name", [*CALLS, *OPERATORS])
@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_taken_or_answered(name, word):
    error = refusal((CALLS | OPERATORS)[name], {word: None})
    if "unexpected keyword" in str(error):
        assert "; " in str(error)  # Python's own message ends before
    else:
        assert error is None or word in str(error)  # it is known, and perhaps cannot be None


def test_a_wrong_word_beside_right_ones():
    with pytest.raises(
        TypeError,
        match=r"laplacian\(\) got an unexpected keyword argument 'bondary'; did you mean boundary=\?",
    ):
        gg.laplacian(F, 1.0, axis=(0, 1), bondary="reflect")
    with pytest.raises(
        TypeError, match=r"gradient\(\) got an unexpected keyword argument 'acc'; here it is accuracy="
    ):
        gg.gradient(F, acc=4)


@pytest.mark.parametrize(
    "function",
    [gg.gradient, gg.Grid, gg.Grid.advect, gg.Grid.derivative],
    ids=lambda function: function.__qualname__,
)
def test_signatures_show_what_is_taken(function):
    assert "others" not in inspect.signature(function).parameters


def test_keywords_of_a_function_with_ends():
    assert set(_words.keywords("curl")) == {
        "F", "axis", "accuracy", "out", "workers", "boundary", "periodic", "period", "edge_order",
        "geometry", "radius", "angle", "missing", "breaks"}  # fmt: skip


def test_completion_lists_what_users_see():
    """Public names all, each of which is there, and none of the internals."""
    grid = gg.Grid((6, 1.0), (7, 1.0))
    for owner in (grid, grid.laplacian, grid.laplacian + grid.identity, grid.gradient, grid.gradient.T):
        names = set(dir(owner))
        assert all(hasattr(owner, name) for name in names)
        assert not {name for name in names if name.startswith("_")}
    assert {"laplacian", "with_mask", "coordinates", "measure"} <= set(dir(grid))
    assert {"solve", "adjoint", "to_sparse", "with_"} <= set(dir(grid.laplacian))
    assert not {"clean_axis", "held", "pattern", "terms"} & {*dir(grid), *dir(grid.laplacian)}


def test_apart_components_of_a_velocity_are_told_and_batches_taken():
    with pytest.raises(TypeError, match=r"give advect\(\(u, v\), f, x, y\)"):
        gg.advect(F, F, F, X, Y)
    fields = np.stack([F, 2 * F])
    found = gg.advect(fields, fields, X, Y, axis=(-2, -1))  # a batch of as many fields as components
    assert np.array_equal(found[1], gg.advect(fields, 2 * F, X, Y))


class TestDerivativeOfSeveralSpacings:
    """One for its axis, or one for each axis of the samples."""

    @pytest.mark.parametrize("axis", [0, 1, -1, -2])
    def test_its_own_is_used(self, axis):
        own = (X, Y)[axis]
        expected = gg.derivative(F, own, axis=axis)
        assert same(gg.derivative(F, X, Y, axis=axis), expected)
        assert same(gg.derivative(F, spacing=own, axis=axis), expected)
        assert same(gg.derivative(F, spacing=(X, Y), axis=axis), expected)
        assert same(gg.derivative(F.tolist(), list(X), list(Y), axis=axis), expected)

    def test_the_others_have_to_fit_too(self):
        with pytest.raises(ValueError, match="axis 0 has 6 points but 5 coordinates came for it"):
            gg.derivative(F, Y, X, axis=1)
        with pytest.raises(TypeError, match="3 spacings for 1 differentiated axis"):
            gg.derivative(F, X, Y, 1.0)


@pytest.mark.parametrize("library", ["jax.numpy", "dask.array"])
@pytest.mark.parametrize("words", [
    {"accuracy": 4}, {"boundary": "reflect"}, {"boundary": ("antireflect", "one-sided"), "accuracy": 2},
    {"periodic": True, "period": 8.0, "accuracy": 4}], ids=str)  # fmt: skip
def test_other_libraries(library, words):
    f = pytest.importorskip(library).asarray(np.sin(X).astype("f4"))
    expected = gg.gradient(np.sin(X).astype("f4"), X, **words)
    assert same(np.asarray(gg.gradient(f, X, **words)), expected)


def test_other_dtypes():
    """Integers do not wrap, times are rounded once, and a masked point is missing where a row reads it."""
    words = {"accuracy": 4, "boundary": "one-sided"}
    assert np.allclose(gg.gradient((100 - X**2).astype("u1"), X, **words), -2 * X, atol=1e-13)
    times = np.datetime64("2020-01-01", "s") + (10 * X).astype("m8[s]")
    assert same(gg.gradient(times, X, **words), np.full(6, 10, "m8[s]"))
    masked = gg.gradient(np.ma.array(X**2, mask=X == 3), X, boundary="reflect")
    assert same(masked.mask, [False, True, True, True, False, False])
    assert same(masked[[0, 5]].data, [0.0, 0.0])


TENSOR_WORDS = [
    {"boundary": "reflect"}, {"boundary": ["antireflect", ("one-sided", "reflect")]},
    {"accuracy": 4}, {"accuracy": 2, "boundary": "antireflect"}, {"periodic": [False, True], "period": 9.5},
    {"boundary": [("one-sided", "antireflect"), "periodic"], "period": 9.5},
]  # fmt: skip


class TestTorch:
    """The same words on tensors: plain, under a compiler, and differentiated by coordinates."""

    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    @pytest.mark.parametrize("words", TENSOR_WORDS, ids=str)
    def test_compiled(self, torch, words):
        f = torch.tensor(F)
        function = torch.compile(
            lambda f, x, y: gg.gradient(f, x, y, **words), backend="eager", fullgraph=True
        )
        found = function(f, torch.tensor(X), torch.tensor(Y))
        assert same(tuple(d.numpy() for d in found), gg.gradient(F, X, Y, **words))

    @pytest.mark.parametrize("words", [w for w in TENSOR_WORDS if w.get("accuracy") != 4], ids=str)
    @pytest.mark.parametrize("compiled", [False, True])
    def test_differentiated_by_coordinates(self, torch, words, compiled):
        function = lambda f, x, y: torch.stack(gg.gradient(f, x, y, **words))  # noqa: E731
        if compiled:
            function = torch.compile(function, backend="aot_eager", fullgraph=True)
        arguments = [torch.tensor(a, requires_grad=True) for a in (F, X, Y)]
        assert np.allclose(
            function(*arguments).detach(), gg.gradient(F, X, Y, **words), rtol=1e-14, atol=1e-14
        )
        assert torch.autograd.gradcheck(function, arguments)
        if not compiled:
            assert torch.autograd.gradgradcheck(function, arguments)

    def test_accurate_rows_are_not_differentiated_by_coordinates(self, torch):
        x = torch.tensor(X, requires_grad=True)
        with pytest.raises(
            TypeError, match=r"accuracy=4 is not differentiable .* of axis 0; give its numbers, x.detach\(\)"
        ):
            gg.gradient(torch.tensor(F), x, axis=0, accuracy=4)
        found = gg.gradient(torch.tensor(F), x.detach(), axis=0, accuracy=4)
        assert same(found.numpy(), gg.gradient(F, X, axis=0, accuracy=4))

    @pytest.mark.parametrize(
        "word", ["axes", "boundary", "accuracy", "workers", "out", "period", "dx", "acc"]
    )
    def test_the_drop_in_answers(self, torch, word):
        import gridgrad.torch

        with pytest.raises(
            TypeError, match=rf"gridgrad.torch.gradient\(\) got an unexpected keyword argument '{word}'; "
        ):
            gridgrad.torch.gradient(torch.tensor(F), **{word: 1})
