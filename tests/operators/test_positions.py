"""All but the field is given by name: what came behind it is refused, and no array is written that was not named."""

import inspect

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(5)
X = np.cumsum(RNG.random(6) + 0.3)
F = RNG.random((6, 6))
INSIDE = F < 0.9
GRID = gg.Grid(X, X)
WALLS = gg.Grid(X, X, boundary=gg.value(1.0))
SCALAR = {
    "laplacian": GRID.laplacian,
    "gradient": GRID.gradient,
    "derivative": GRID.derivative(0),
    "identity": GRID.identity,
    "norm": GRID.gradient_norm,
    "a field": GRID.diffuse(F),
    "product": GRID.laplacian @ GRID.laplacian,
    "sum": GRID.laplacian + GRID.laplacian @ GRID.laplacian,
    "multiple": 2 * GRID.laplacian,
    "transpose": GRID.laplacian.T,
    "walls": WALLS.laplacian,
    "transpose at walls": WALLS.laplacian.T,
    "gaps": GRID.with_mask(INSIDE).laplacian,
    "transpose beside gaps": GRID.with_mask(INSIDE).laplacian.T,
    "faces": GRID.faces().gradient,
    "coasts": GRID.with_mask(INSIDE).faces().gradient,
}
VECTOR = {
    "divergence": GRID.divergence,
    "curl": GRID.curl,
    "jacobian": GRID.jacobian,
    "vectors": WALLS.vector_laplacian,
}


@pytest.mark.parametrize(
    "other", [F, X, None, 1, 0.5, [F, F]], ids=["field", "axis", "None", "int", "step", "list"]
)
@pytest.mark.parametrize("name", SCALAR)
def test_what_is_behind_the_field_is_refused(name, other):
    f, before = F.copy(), np.copy(other) if isinstance(other, np.ndarray) else None
    for more in [(other,), (other, 1)]:
        with pytest.raises(
            TypeError,
            match=f"its field alone by position, and {1 + len(more)} arguments came; .*out=o.*spacing",
        ):
            SCALAR[name](f, *more)
    assert np.array_equal(f, F)
    assert before is None or np.array_equal(other, before)


@pytest.mark.parametrize("name", VECTOR)
def test_components_are_one_argument(name):
    u, v = F.copy(), F.copy()
    with pytest.raises(TypeError, match=r"the components of a vector field are one argument, A\(\(u, v\)\)"):
        VECTOR[name](u, v)
    with pytest.raises(TypeError, match="the grid has it from where it was made"):
        VECTOR[name]((u, v), X)
    assert np.array_equal(v, F)


def test_adjoints_and_solves():
    A = WALLS.laplacian
    for call, said in [
        (lambda: A.adjoint(F, F), r"A.adjoint takes g alone by position, and 2 arguments came; .*A.adjoint\(g, out=o\)"),
        (lambda: A.solve(F, F), r"A.solve takes b alone by position, and 2 arguments came; .*A.solve\(b, out=u, method=\"cg\"\)"),
        (lambda: A.solve(F, None, "cg"), "and 3 arguments came"),
        (lambda: A.solver()(F, F), r"solver takes b alone by position, and 2 arguments came; .*solver\(b, out=u\)"),
    ]:  # fmt: skip
        before = F.copy()
        with pytest.raises(TypeError, match=said):
            call()
        assert np.array_equal(F, before)


@pytest.mark.parametrize("name", SCALAR)
def test_one_signature(name):
    """Of every operator, whatever it is made of."""
    parameters = inspect.signature(SCALAR[name]).parameters
    assert [*parameters] == ["f", "out", "workers", "add", "fields"]
    assert all(parameters[word].kind is inspect.Parameter.KEYWORD_ONLY for word in ("out", "workers", "add"))
