"""Every wrong argument of an operator or a free function: the fact, what is allowed, and nothing changed."""

from __future__ import annotations

import numpy as np
import pytest
from samples import frozen, same_bits

import gridgrad as gg

GRID = gg.Grid((4, 0.5), (5, 0.25))
U = frozen(np.arange(20.0).reshape(4, 5) ** 2)
LINE = frozen(np.arange(5.0))
PLANE_AXES = r"the grid has shape \(4, 5\) on axes \(-2, -1\)"
ALL = ["laplacian", "gradient", "divergence", "curl", "hessian", "jacobian", "vector_laplacian"]

OPERATORS = {
    # fields and the grid
    "another shape": (lambda: GRID.laplacian(U.T), ValueError, rf"the field has shape \(5, 4\) with 5 points along axis -2, but {PLANE_AXES}"),
    "one length differs": (lambda: GRID.laplacian(np.ones((4, 4))), ValueError, r"shape \(4, 4\) with 4 points along axis -1, but the grid has shape \(4, 5\)"),
    "too few axes": (lambda: GRID.laplacian(LINE), ValueError, rf"the field has shape \(5,\), but {PLANE_AXES}"),
    "of a batch": (lambda: GRID.gradient(np.ones((4, 5, 2))), ValueError, r"the field has shape \(4, 5, 2\) with 5 points along axis -2"),
    "of a vector": (lambda: GRID.divergence([U.T, U.T]), ValueError, rf"the field has shape \(5, 4\) .*{PLANE_AXES}"),
    "axes that meet": (lambda: gg.Grid((4, 1), (4, 1), axes=(0, -2)).laplacian(np.ones((4, 4))), ValueError, r"the axes \(0, -2\) of the grid meet in a field of shape \(4, 4\)"),
    "an axis the field lacks": (lambda: gg.Grid((4, 1), axes=(2,)).laplacian(np.ones((4, 4))), ValueError, r"the field has shape \(4, 4\), but the grid has shape \(4,\) on axes \(2,\)"),
    "a dual field of another shape": (lambda: GRID.laplacian.adjoint(U.T), ValueError, r"the field has shape \(5, 4\)"),
    # components
    "one component": (lambda: GRID.divergence([U]), ValueError, "f has 1 component, but the operator takes 2; give one for each axis of the grid"),
    "three components": (lambda: GRID.curl((U, U, U)), ValueError, "f has 3 components, but the operator takes 2"),
    "three stacked": (lambda: GRID.jacobian(np.ones((3, 4, 5))), ValueError, r"f has shape \(3, 4, 5\), but the operator takes 2 components, which come first: give a sequence of 2, or stack them to the shape \(2, ...\)"),
    "components last": (lambda: GRID.divergence(np.ones((4, 5, 2))), ValueError, "f has shape .*components, which come first"),
    "a scalar field": (lambda: GRID.divergence(U), ValueError, r"f has shape \(4, 5\), but the operator takes 2 components"),
    "no field": (lambda: GRID.divergence(None), TypeError, "f is a NoneType; give a sequence of 2 arrays, or one array with the components along axis 0"),
    "a dictionary": (lambda: GRID.divergence({"u": U, "v": U}), TypeError, "f is a dict; give a sequence of 2 arrays"),
    "components of two shapes": (lambda: GRID.divergence([U, U[None]]), ValueError, r"the components of f differ in shape: f\[0\] has \(4, 5\), f\[1\] has \(1, 4, 5\); a collocated grid has one shape"),
    "a tensor of three rows": (lambda: GRID.hessian.adjoint([[U, U]] * 3), ValueError, "f has 3 components, but the operator takes 2"),
    "a ragged tensor": (lambda: GRID.hessian.adjoint([[U, U], [U]]), ValueError, r"f\[1\] has 1 component, but the operator takes 2"),
    "a stacked tensor of one row": (lambda: GRID.hessian.adjoint(np.ones((1, 2, 4, 5))), ValueError, "the operator takes 2 x 2 components"),
    "a velocity of one": (lambda: GRID.advect([U]), ValueError, "v has 1 component, but the grid has 2 axes; give one for each"),
    "a velocity of three": (lambda: GRID.directional_derivative([1, 2, 3]), ValueError, "v has 3 components, but the grid has 2 axes"),
    "a number as velocity": (lambda: GRID.advect(2.0), TypeError, "v must have one component for each of 2 axes, got 2.0"),
    "no velocity": (lambda: GRID.advect(None), TypeError, "v must have one component for each of 2 axes, got None"),
    "a curl on one axis": (lambda: gg.Grid((4, 1.0)).curl, ValueError, "curl needs a grid of 2 or 3 axes, not 1"),
    "a curl on four axes": (lambda: gg.Grid(*[(4, 1.0)] * 4).curl, ValueError, "curl needs a grid of 2 or 3 axes, not 4"),
    # axes, order, accuracy, form, weight
    "axis out of range": (lambda: GRID.derivative(2), IndexError, "axis 2 is out of bounds for an array of dimension 2; allowed are -2 to 1"),
    "axis below the range": (lambda: GRID.laplacian.weights(-3), IndexError, "axis -3 is out of bounds"),
    "axis of another type": (lambda: GRID.derivative(1.0), TypeError, "axis must be an int or a sequence of ints, got 1.0 of type float"),
    "axis by name": (lambda: GRID.is_uniform("x"), TypeError, "axis must be an int .* got 'x'"),
    "an array as axis": (lambda: GRID.is_uniform(np.ones(500)), TypeError, r"axis is an array; .*, got an array of shape \(500,\) of type ndarray$"),
    "an array as form": (lambda: GRID.laplacian.with_(form=np.ones((50, 60))), ValueError, r"unknown form an array of shape \(50, 60\); allowed are 'compact'"),
    "a list as workers": (lambda: GRID.laplacian(U, workers=[1.5] * 500), TypeError, r"workers must be a positive int or None, got \[(1.5, )+.{0,4} \.\.\.$"),
    "mixed along one": (lambda: GRID.mixed_derivative(1, -1), ValueError, "repeated axis: axis 1 is named twice"),
    "mixed out of range": (lambda: GRID.mixed_derivative(0, 2), IndexError, "axis 2 is out of bounds"),
    "order 5": (lambda: GRID.derivative(0, 5), ValueError, r"order must be 1, 2, 3 or 4, got 5; compose accurate ones, \(grid.derivative\(0, accuracy=6\) @ grid.derivative\(0, order=4, accuracy=6\)\)\(f\)"),
    "order 0": (lambda: GRID.derivative(0, order=0), ValueError, "order must be 1, 2, 3 or 4, got 0"),
    "order True": (lambda: GRID.derivative(0, order=True), ValueError, "order must be 1, 2, 3 or 4, got True"),
    "order None": (lambda: GRID.derivative(0, order=None), ValueError, "order must be 1, 2, 3 or 4, got None"),
    "accuracy 3": (lambda: GRID.derivative(0, 1, 3), ValueError, "accuracy must be 2, 4, 6, or None for three-point rows, got 3"),
    "accuracy 8": (lambda: GRID.laplacian.with_(accuracy=8), ValueError, "accuracy must be 2, 4, 6, or None .*, got 8"),
    "accuracy of text": (lambda: GRID.laplacian.with_(accuracy="4"), ValueError, "accuracy must be 2, 4, 6, or None .*, got '4'"),
    "too short for the accuracy": (lambda: GRID.derivative(0, 1, 4), ValueError, "axis -2 has 4 points but a derivative of order 1 of accuracy=4 with boundary one-sided .*needs at least 5; use accuracy=2 or add points"),
    "too short for a ring": (lambda: gg.Grid((6, 1.0), boundary="periodic").derivative(0, 2, 6), ValueError, "axis -1 has 6 points but .* order 2 of accuracy=6 with boundary periodic .*needs at least 7"),
    "too short for mirrors": (lambda: gg.Grid((5, 1.0), boundary="reflect").laplacian.with_(accuracy=6), ValueError, "axis -1 has 5 points but .*boundary reflect .*needs at least 6"),
    "too short for coordinates": (lambda: gg.Grid([0, 1, 3, 4.0, 6]).derivative(0, 2, 4), ValueError, "needs at least 6"),
    "too short for a laplacian": (lambda: gg.Grid((2, 1.0), edge_order=1).laplacian, ValueError, "axis -1 has 2 points but a derivative of order 2 with boundary one-sided and edge_order=1 needs at least 3"),
    "unknown form": (lambda: GRID.laplacian.with_(form="fast"), ValueError, "unknown form 'fast'; allowed are 'compact', 'wide', 'conservative'"),
    "form None": (lambda: GRID.vector_laplacian.with_(form=None), ValueError, "unknown form None; allowed are"),
    "accurate wide rows": (lambda: GRID.laplacian.with_(form="wide", accuracy=4), ValueError, "accuracy=4 goes with form='compact', not with 'wide'"),
    "unknown weight": (lambda: GRID.laplacian.adjoint(U, weight="mass"), ValueError, 'weight must be None or "quadrature", got \'mass\''),
    "unknown weight of a product": (lambda: (GRID.laplacian @ GRID.laplacian).adjoint(U, weight=2), ValueError, "weight must be None"),
    "no workers": (lambda: GRID.laplacian(U, workers=0), ValueError, "workers must be at least 1, got 0"),
    "workers of text": (lambda: GRID.laplacian(U, workers="all"), TypeError, "workers must be a positive int or None, got 'all'"),
    # coefficients
    "a huge velocity": (lambda: GRID.advect([10**400, 1]), ValueError, r"v\[0\] is larger than any float; a velocity given as numbers must be finite"),
    "a NaN velocity": (lambda: GRID.advect([np.nan, 1]), ValueError, r"v\[0\] is nan; a velocity given as numbers must be finite"),
    "an infinite velocity": (lambda: GRID.advect([1, np.float32(np.inf)]), ValueError, r"v\[1\] is inf; .*must be finite"),
    "a complex velocity": (lambda: GRID.advect([1j, 1]), TypeError, r"v\[0\] is complex; give a real number, or a complex field"),
    "half a velocity": (lambda: GRID.advect([U, None]), TypeError, r"v\[1\] is None; give an array"),
    "a velocity of text": (lambda: GRID.advect(["a", 1.0]), TypeError, r"v\[0\] is a str, not an array"),
    "a velocity of booleans": (lambda: GRID.advect([U, U > 3]), TypeError, r"v\[1\] has dtype bool: .*v\[1\].astype\(float\)"),
    "a velocity of another shape": (lambda: GRID.advect([LINE[:3], 1.0])(U), ValueError, r"v\[0\] of shape \(3,\) does not broadcast to the field's shape \(4, 5\)"),
    "a larger velocity": (lambda: GRID.advect([np.ones((2, 4, 5)), 1.0])(U), ValueError, r"v\[0\] of shape \(2, 4, 5\) does not broadcast to the field's shape \(4, 5\)"),
    "a huge diffusivity": (lambda: GRID.diffuse(10**5000), ValueError, "k is larger than any float; a diffusivity given as a number must be finite"),
    "an infinite diffusivity of NumPy": (lambda: GRID.diffuse(np.float32(np.inf)), ValueError, "k is inf; a diffusivity given as a number must be finite, only fields may hold other values"),
    "a NaN diffusivity": (lambda: GRID.diffuse(np.nan), ValueError, "k is nan; a diffusivity given as a number must be finite"),
    "an infinite diffusivity": (lambda: GRID.diffuse(-np.inf), ValueError, "k is -inf; .*must be finite"),
    "no diffusivity": (lambda: GRID.diffuse(None), TypeError, "k is None; give an array, a list or a tuple of numbers"),
    "a diffusivity of booleans": (lambda: GRID.diffuse(U > 3), TypeError, r"k has dtype bool: .*k.astype\(float\)"),
    "a diffusivity of another shape": (lambda: GRID.diffuse(U.T)(U), ValueError, r"k of shape \(5, 4\) does not broadcast"),
    "a masked diffusivity of fewer axes": (lambda: GRID.diffuse(np.ma.array(LINE))(U), ValueError, r"a masked coefficient has shape \(5,\), but the field has shape \(4, 5\); give it in that shape"),
    # samples
    "booleans": (lambda: GRID.laplacian(U > 3), TypeError, "f has dtype bool: booleans are not taken for numbers"),
    "objects": (lambda: GRID.laplacian(U.astype(object)), TypeError, "f has dtype object"),
    "text": (lambda: GRID.laplacian("abcd"), TypeError, "f is a str, not an array"),
    "times": (lambda: GRID.laplacian(U.astype("M8[s]")), TypeError, r"f has dtype datetime64\[s\], whose derivatives would be cut off to whole units; give numbers, \(f - t0\) / numpy.timedelta64\(1, 's'\) with a date t0, numpy.nanmin\(f\) for example"),
    "durations": (lambda: GRID.divergence([U, U.astype("m8[s]")]), TypeError, r"f has dtype timedelta64\[s\], whose derivatives would be cut off to whole units"),
    "a ragged list": (lambda: GRID.laplacian([[1.0], [1.0, 2.0]]), ValueError, "f is not a regular array"),
    # algebra
    "sum of other shapes": (lambda: GRID.laplacian + gg.Grid((4, 0.5), (6, 1.0)).laplacian, ValueError, r"operators on different grids cannot be added: \(4, 5\) on axes \(-2, -1\) and \(4, 6\)"),
    "sum of other axes": (lambda: GRID.laplacian + gg.Grid((4, 0.5), (5, 1.0), axes=(0, 1)).laplacian, ValueError, "operators on different grids cannot be added"),
    "sum of other forms": (lambda: GRID.laplacian - GRID.gradient, ValueError, "cannot add .*they map scalar field -> scalar field and scalar field -> vector field"),
    "sum of other coordinates": (lambda: GRID.laplacian + gg.Grid((4, 0.25), (5, 1.0)).laplacian, ValueError, "their coordinates along axis -2 differ"),
    "sum with a number": (lambda: GRID.laplacian + 1, TypeError, r"added to operators, got int; a multiple of the field itself is 2 \* grid.identity"),
    "sum with an array": (lambda: U + GRID.laplacian, TypeError, "added to operators, got ndarray"),
    "number minus": (lambda: 2 - GRID.laplacian, TypeError, "added to operators, got int"),
    "minus a number": (lambda: GRID.laplacian - 1.5, TypeError, "added to operators, got float"),
    "divided by": (lambda: 2 / GRID.laplacian, TypeError, "solve with op.solve"),
    "power": (lambda: GRID.laplacian**2, TypeError, "compose them, op @ op"),
    "array times matrix": (lambda: U @ GRID.laplacian, TypeError, "@ composes operators, got ndarray; apply the transpose"),
    "huge multiple": (lambda: GRID.laplacian * 10**400, ValueError, "scaled by finite numbers, got 1000"),
    "operator times array": (lambda: GRID.laplacian * U, TypeError, r"a field is written with the field first, got ndarray; b \* A multiplies what A gives, and A @ grid.multiply\(b\) what it"),
    "divided by an array": (lambda: GRID.laplacian / U, TypeError, r"divided by numbers, got ndarray; multiply by the reciprocal, \(1 / r\) \* op"),
    "multiple of a short array": (lambda: np.ones(4) * GRID.laplacian, ValueError, r"a factor has shape \(4,\), but fields of the grid have shape \(..., 4, 5\); give a number, or what broadcasts to that: .* a.reshape\(-1, 1\)"),
    "multiple of None": (lambda: None * GRID.laplacian, TypeError, "a factor is None; give an array"),
    "array times a norm": (lambda: U * GRID.gradient_norm, TypeError, "gradient_norm is not linear"),
    "infinite complex multiple": (lambda: complex(0, np.inf) * GRID.laplacian, ValueError, "scaled by finite numbers, got infj"),
    "multiply without a field": (lambda: GRID.multiply(), TypeError, r"Grid.multiply\(\) needs b; it takes b, name"),
    "multiply by a bad name": (lambda: GRID.multiply(U, name="out"), TypeError, r"name='out' of multiply\(\) must be a word that a call can have as a keyword, and none of f, out"),
    "multiply by a named number": (lambda: GRID.multiply(2.0, name="c"), TypeError, r"c is the number 2.0, which is part of the weights; .*numpy.full\(\(1, 1\), 2.0\)"),
    "other word of multiply": (lambda: GRID.multiply(U, scale=2), TypeError, r"Grid.multiply\(\) got an unexpected keyword argument 'scale'; it takes b=, name="),
    "infinite multiple": (lambda: np.inf * GRID.laplacian, ValueError, "an operator is scaled by finite numbers, got inf"),
    "product of other forms": (lambda: GRID.laplacian @ GRID.gradient, ValueError, "cannot compose .*the second gives a vector field on .*, the first takes a scalar field on"),
    "product of other grids": (lambda: GRID.laplacian @ gg.Grid((4, 0.5), (6, 1.0)).laplacian, ValueError, "operators on different grids cannot be composed"),
    "product of other axes": (lambda: gg.Grid((5, 1.0), axes=(0,)).laplacian @ gg.Grid((5, 1.0), axes=(1,)).laplacian, ValueError, "cannot be composed"),
    "a function as a field": (lambda: GRID.laplacian(np.sin), TypeError, "gridgrad.autodiff.laplacian"),
    "product with an array": (lambda: GRID.laplacian @ U, TypeError, "@ composes operators, got ndarray; apply an operator by calling it"),
}  # fmt: skip

FREE = {
    "too many spacings": (lambda: gg.laplacian(U, 1.0, 2.0, 3.0), TypeError, "3 spacings for 2 differentiated axes; give none, one scalar, or one"),
    "one array for two axes": (lambda: gg.laplacian(U, LINE), TypeError, "1 spacing for 2 differentiated axes"),
    "coordinates of another length": (lambda: gg.laplacian(U, LINE, LINE), ValueError, "axis 0 has 4 points but 5 coordinates came for it"),
    "axis out of range": (lambda: gg.laplacian(U, axis=2), IndexError, "axis 2 is out of bounds for an array of dimension 2"),
    "axis twice": (lambda: gg.hessian(U, axis=(0, -2)), ValueError, "repeated axis: axis 0 is named twice"),
    "two axes of a derivative": (lambda: gg.derivative(U, axis=(0, 1)), TypeError, r"axis must be an int where one axis is meant, axis=0, got \(0, 1\)"),
    "one axis of a mixed derivative": (lambda: gg.mixed_derivative(U, axis=0), ValueError, r"axis=0 names 1 axis; a mixed derivative is along two, axis=\(0, 1\), and d2/dx2 is derivative\(f, order=2, axis=0\)"),
    "a number": (lambda: gg.laplacian(3.0), ValueError, "f is 0-dimensional: a single number has no neighbours"),
    "no components": (lambda: gg.divergence([]), ValueError, "the vector field has no components; give one for each axis"),
    "none stacked": (lambda: gg.curl(np.zeros((0, 5))), ValueError, "the vector field has no components; give one for each axis"),
    "a grid for a vector field": (lambda: gg.curl(GRID, [U, U]), TypeError, "a vector field is a sequence of arrays"),
    "form array": (lambda: GRID.laplacian.with_(form=U), ValueError, r"unknown form an array of shape \(4, 5\)"),
    "form of diffuse": (lambda: GRID.diffuse(U, form=U), ValueError, 'form must be "points", "faces" or "tensor", got an array of shape'),
    "wall array": (lambda: gg.slope(1.0, wall=U), TypeError, 'of slope.. must be "point", "face" or the position of the wall'),
    "wall of slip": (lambda: gg.slip(wall=U), TypeError, 'of slip.. must be "point" or "face"'),
    "component array": (lambda: gg.components(U, "reflect"), ValueError, r"unknown boundary an array of shape \(4, 5\) normal="),
    "no lines": (lambda: gg.Grid(np.zeros((0, 5)), axes=[-1]), ValueError, "it has no points"),
    "one array as a vector": (lambda: gg.divergence(LINE), TypeError, "a vector field is a sequence of arrays, or one array with its components along axis 0; got an array of shape"),
    "a number as a vector": (lambda: gg.curl(5), TypeError, "a vector field is a sequence of arrays"),
    "a wrong number of components": (lambda: gg.divergence([U]), ValueError, "f has 1 component, but the operator takes 2"),
    "components on one axis": (lambda: gg.divergence([LINE, LINE]), ValueError, "the vector field has 2 components, but there is 1 axis"),
    "an axis too short": (lambda: gg.laplacian(np.ones((2, 5))), ValueError, "axis 0 has 2 points but edge_order=2 needs at least 3; use edge_order=1 or add points"),
    "an axis too short for the accuracy": (lambda: gg.derivative(U, axis=0, accuracy=6), ValueError, "axis 0 has 4 points but .*accuracy=6 .*needs at least 7"),
    "edge order 3": (lambda: gg.curl([U, U], edge_order=3), ValueError, "greater than 2 not supported"),
    "unknown boundary": (lambda: gg.advect([1, 1], U, boundary="wall"), ValueError, "unknown boundary 'wall' of axis 0; allowed are 'one-sided', 'periodic', 'reflect', 'symmetric', 'antireflect', 'antisymmetric'"),
    "a period that is too short": (lambda: gg.derivative(LINE, LINE, boundary="periodic", period=4), ValueError, "period=4 of axis 0 is not larger than the span"),
    "an unknown keyword": (lambda: gg.laplacian(U, bondary="reflect"), TypeError, "bondary"),
    "unknown form": (lambda: gg.vector_laplacian([U, U], form="thin"), ValueError, "unknown form 'thin'"),
    "order 5": (lambda: gg.derivative(U, order=5), ValueError, "order must be 1, 2, 3 or 4, got 5"),
    "a velocity of one": (lambda: gg.directional_derivative(U, [1.0]), ValueError, "v has 1 component, but the grid has 2 axes"),
    "no spacing": (lambda: gg.gradient_norm(U, None), TypeError, "the spacing of axis 0 is None"),
    "out of another shape": (lambda: gg.laplacian(U, out=np.empty((5, 4))), ValueError, r"out has shape \(5, 4\), but the result has shape \(4, 5\)"),
}  # fmt: skip


@pytest.mark.parametrize("fault", OPERATORS)
def test_operators(fault):
    call, error, message = OPERATORS[fault]
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("fault", FREE)
def test_free_functions(fault):
    call, error, message = FREE[fault]
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_changed_by_a_refusal(name):
    operator = getattr(GRID, name)
    wrong = [np.ones((5, 4)) for _ in range(2)] if operator.inputs else np.ones((5, 4))
    out = np.full((*operator.outputs, 5, 4), 7.0)
    with pytest.raises(ValueError, match="the field has shape"):
        operator(wrong, out=out)
    assert np.all(out == 7)
    assert all(np.all(part == 1) for part in wrong)


def test_a_coefficient_is_refused_before_anything_is_written():
    out = np.full((4, 5), 7.0)
    for operator in (GRID.diffuse(np.ones(3)), GRID.advect([1.0, np.ones((5, 4))])):
        with pytest.raises(ValueError, match="does not broadcast"):
            operator(U, out=out)
    assert np.all(out == 7)


def test_arrays_of_two_libraries():
    torch = pytest.importorskip("torch")
    with pytest.raises(
        TypeError,
        match="f and its components or coefficients are arrays of different libraries, numpy and torch; convert",
    ):
        GRID.divergence([U, torch.ones(4, 5, dtype=torch.float64)])
    with pytest.raises(TypeError, match="are arrays of different libraries"):
        GRID.diffuse(U)(torch.ones(4, 5, dtype=torch.float64))
    with pytest.raises(TypeError, match="out is a ndarray; f is a torch tensor"):
        GRID.laplacian(torch.ones(4, 5, dtype=torch.float64), out=np.empty((4, 5)))


@pytest.mark.parametrize("name", ["gradient_norm", "gradient_squared"])
def test_norms_and_squares_are_not_linear(name):
    norm = getattr(GRID, name)
    for use in (
        lambda: norm.T,
        lambda: norm.adjoint(U),
        lambda: norm.to_sparse(),
        lambda: 2 * norm,
        lambda: norm + norm,
        lambda: -norm,
    ):
        with pytest.raises(TypeError, match=f"{name} is not linear, so it has no such form"):
            use()


@pytest.mark.parametrize("name", ["gradient_norm", "gradient_squared"])
def test_norms_and_squares_have_no_linear_part(name):
    """With walls it was the norm itself, and ``A.linear(f) + A.offset`` another field than ``A(f)``."""
    walls = gg.Grid((4, 0.5), (5, 1.0), boundary=[(gg.value(3.0), gg.slope(1.0)), "reflect"])
    norms = [getattr(grid, name) for grid in (GRID, walls, walls.with_mask(U > 3))]
    for norm in (*norms, GRID.laplacian @ norms[0], norms[0] @ GRID.laplacian):
        for use in (lambda norm=norm: norm.linear, lambda norm=norm: norm.offset):
            with pytest.raises(TypeError, match=f"{name} is not linear, so it has no such form"):
                use()


def test_after_a_refusal_the_grid_works_as_before():
    expected = GRID.laplacian(U)
    with pytest.raises(ValueError, match="needs at least"):
        GRID.laplacian.with_(accuracy=6)
    with pytest.raises(ValueError, match="the field has shape"):
        GRID.laplacian(U.T)
    assert same_bits(GRID.laplacian(U), expected)
