"""What users write, as a type checker sees it: mypy reads this file, nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import gridgrad as gg

Float64 = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Untyped = npt.NDArray[Any]


def gradients(f: Float64, g: Float32, a: Untyped, x: Float64, y: Float64) -> None:
    """One array for coordinates of one axis, a tuple for those of several; either for a step."""
    assert_type(gg.gradient(f, x), Float64)
    assert_type(gg.gradient(f, x, axis=(0,), edge_order=2), Float64)
    assert_type(gg.gradient(f, axis=0), Float64)
    assert_type(gg.gradient(f, 0.1, y), tuple[Float64, Float64])
    assert_type(gg.gradient(f, x, y, 0.5), tuple[Float64, Float64, Float64])
    assert_type(gg.gradient(f, x, y, x, y), Float64 | tuple[Float64, ...])
    assert_type(gg.gradient(f), Float64 | tuple[Float64, ...])
    assert_type(gg.gradient(f, np.float64(0.1)), Float64 | tuple[Float64, ...])
    assert_type(gg.gradient(f, spacing=(x, y), dim=(0, 1)), Float64 | tuple[Float64, ...])
    assert_type(gg.gradient(g, x, y), tuple[Float32, Float32])
    assert_type(
        gg.gradient(a, x, y, boundary=["periodic", "reflect"], period=[360.0, None]),
        tuple[Untyped, Untyped],
    )
    assert_type(gg.gradient([1.0, 2.0, 4.0]), Untyped | tuple[Untyped, ...])


class Labels:
    """As an array of xarray is seen, which need not be installed."""

    dims: tuple[str, ...]
    coords: dict[str, object]


def of_labels(f: Labels, u: Labels) -> None:
    """Labelled in, labelled out, with axes by names."""
    assert_type(gg.gradient(f, dim=("x", "y")), Labels | tuple[Labels, ...])
    assert_type(gg.laplacian(f, dim="x", coord="h", datetime_unit="D"), Labels)
    assert_type(gg.divergence((f, u), dim=("x", "y"), periodic={"x": True}), Labels)
    assert_type(gg.advect((f, 2.0), u, dim=("x", "y")), Labels)
    assert_type(gg.curl((f, u), dim=("x", "y")), Labels)
    assert_type(gg.curl((f, u, u), dim=("x", "y", "z")), tuple[Labels, Labels, Labels])
    assert_type(gg.curl([f, u], dim=("x", "y")), Labels | tuple[Labels, ...])


def of_functions(x: Float64, y: Float64) -> None:
    """Exact derivatives have the type of the coordinates."""
    assert_type(gg.gradient(np.sin, x), Float64)
    assert_type(gg.gradient(lambda x, y: x * y, x, y), tuple[Float64, ...])
    assert_type(gg.autodiff.gradient(np.sin, x), Float64)
    assert_type(gg.autodiff.gradient(np.hypot, x, y), tuple[Float64, Float64])
    assert_type(gg.autodiff.gradient(np.sin, 2.0), Untyped)
    assert_type(gg.gradient(np.hypot, 2.0, 1.0), tuple[Untyped, ...])
    assert_type(gg.autodiff.laplacian(lambda x, y: x * y, x, y, engine="jet"), Float64)
    assert_type(gg.autodiff.value_and_gradient(np.hypot, x, y), tuple[Float64, tuple[Float64, Float64]])
    assert_type(gg.autodiff.curl(lambda x, y: (y, x), x, y), Float64)
    assert_type(gg.autodiff.hessian(np.hypot, x, y), tuple[tuple[Float64, ...], ...])
    assert_type(gg.autodiff.derivative(np.sin, x, orders=2), Float64 | tuple[Float64, ...])
    assert_type(gg.autodiff.partial(np.sin)(x), Float64)


def scalars(f: Float64, g: Float32, x: Float64, y: Float64) -> None:
    """Array in, array out."""
    counts = np.arange(12).reshape(3, 4)
    assert_type(gg.laplacian(f, x, y, form="wide", boundary="periodic"), Float64)
    assert_type(gg.laplacian(g, accuracy=4, workers=1), Float32)
    assert_type(gg.laplacian(counts, x, y), Float64)
    assert_type(gg.derivative(f, x, axis=0, order=2), Float64)
    assert_type(gg.derivative(f, x, side="left"), Float64)
    assert_type(gg.mixed_derivative(f, x, y, orders=(2, 1)), Float64)
    assert_type(gg.biharmonic(f, x, y), Float64)
    assert_type(gg.gradient_norm(f, x, y), Float64)
    assert_type(gg.gradient_norm(f + 1j, x, y), npt.NDArray[np.floating])
    assert_type(gg.gradient_squared(f, x, y), Float64)
    assert_type(gg.hessian(f, x), Float64)
    assert_type(gg.hessian(f, x, y), tuple[tuple[Float64, ...], ...])
    assert_type(gg.advect((f, 2.0), g, x, y), Float32)
    assert_type(gg.advect((f, 2.0), g, x, y, upwind=1), Float32)
    assert_type(gg.diffuse(k=0.5, f=f), Float64)
    assert_type(gg.directional_derivative(f, (1.0, f), x, y), Float64)


def vectors(u: Float64, v: Float64, stacked: Float32, x: Float64, y: Float64) -> None:
    """Components in a tuple keep their number; a stacked array stays one."""
    assert_type(gg.divergence((u, v), x, y), Float64)
    assert_type(gg.divergence([u, v], x, y), Float64)
    assert_type(gg.divergence(stacked, x, y), Float32)
    assert_type(gg.curl((u, v), x, y, axis=(-1, -2)), Float64)
    assert_type(gg.curl((u, v, u)), tuple[Float64, Float64, Float64])
    assert_type(gg.vector_laplacian((u, v), x, y), tuple[Float64, Float64])
    assert_type(gg.vector_laplacian(stacked, x, y), Float32)
    assert_type(gg.jacobian((u, v), x, y), tuple[tuple[Float64, ...], ...])


def operators(f: Float64, g: Float32, u: Float64, v: Float64, stacked: Float32, x: Float64) -> None:
    """Operators keep the type of arrays, and know what they take and give."""
    grid = gg.Grid(x, (64, 0.1), boundary=["reflect", "periodic"])
    assert_type(grid.laplacian(f), Float64)
    assert_type(grid.laplacian(g, workers=1), Float32)
    assert_type(grid.laplacian.with_(accuracy=4)(f, out=f), Float64)
    assert_type(grid.laplacian(np.arange(12).reshape(3, 4)), Float64)
    assert_type(grid.gradient(f), tuple[Float64, ...])
    assert_type(grid.gradient.adjoint((u, v), weight="quadrature"), Float64)
    assert_type(grid.divergence((u, v)), Float64)
    assert_type(grid.divergence.T(f), tuple[Float64, ...])
    assert_type(grid.vector_laplacian([u, v]), tuple[Float64, ...])
    assert_type(grid.vector_laplacian(stacked), Float32)
    assert_type(grid.jacobian((u, v)), tuple[tuple[Float64, ...], ...])
    assert_type(grid.hessian(f), tuple[tuple[Float64, ...], ...])
    assert_type(grid.gradient_norm(f), Float64)
    assert_type(grid.gradient_squared(f), Float64)
    assert_type(grid.derivative(0, order=2)(g), Float32)
    assert_type(grid.advect((u, 2.0))(f, v=(v, 2.0)), Float64)
    assert_type(grid.diffuse(u)(g), Float32)


def algebra(f: Float64, u: Float64, x: Float64) -> None:
    """Sums, multiples and products of operators are operators of the same fields."""
    grid = gg.Grid(x, x)
    step: gg.Operator = grid.identity - 0.1 * grid.laplacian / 2
    assert_type(step(f), Float64)
    assert_type((step @ step)(f), Float64)
    assert_type((grid.divergence @ grid.gradient)(f), Float64)
    assert_type((grid.gradient @ step)(f), tuple[Float64, ...])
    assert_type(sum([step, grid.advect((u, u))], start=step).T(f), Float64)
    drag = grid.identity - 0.1 * grid.vector_laplacian
    assert_type(drag((u, f)), tuple[Float64, ...])
    assert_type((grid.vector_laplacian + grid.identity).T((u, f)), tuple[Float64, ...])
    polar = (1 / u) * grid.derivative(0) + u**2 * grid.laplacian  # fields in front
    assert_type(polar(f), Float64)
    assert_type((u * grid.advect((u, u)) - grid.laplacian)(f), Float64)
    assert_type((u * grid.gradient)(f), tuple[Float64, ...])
    grid.gradient @ grid.gradient  # type: ignore[operator]
    grid.divergence + grid.laplacian  # type: ignore[operator]


def at_points(f: Float64, u: Float64, x: Float64) -> None:
    """What only multiplies joins operators of vector fields too, and stays such an operator under arithmetic; nothing else does."""
    grid = gg.Grid(x, x)
    one, vectors = grid.identity, grid.vector_laplacian
    plain: gg.Operator = one  # it is an operator of arrays
    assert_type(plain(f), Float64)
    for made in (
        2 * one, u * one, one * 2, one / 3, -one, +one, one.T, one @ one, one + one, one - grid.multiply(u), 0 + one, one - 0, 0 - one,
        grid.multiply(u), grid.multiply(2.0), grid.multiply(u, name="b").with_(b=f), grid.multiply(u).linear,
    ):  # fmt: skip
        assert_type((vectors + made)((u, f)), tuple[Float64, ...])
        assert_type((made - vectors)((u, f)), tuple[Float64, ...])
        assert_type((grid.laplacian - made)(f), Float64)
        assert_type((made + grid.laplacian)(f), Float64)
    assert_type((one + grid.gradient @ grid.divergence)((u, f)), tuple[Float64, ...])
    assert_type((grid.multiply(u) @ grid.gradient)(f), tuple[Float64, ...])
    assert_type((grid.divergence @ grid.multiply(u))((u, f)), Float64)
    assert_type(sum([vectors, vectors], start=one + vectors)((u, f)), tuple[Float64, ...])
    grid.laplacian + vectors  # type: ignore[operator]
    vectors - grid.laplacian  # type: ignore[operator]
    vectors + (one - grid.laplacian)  # type: ignore[operator]
    grid.advect((u, u)) @ one + vectors  # type: ignore[operator]
    one + grid.gradient  # type: ignore[operator]
    grid.divergence - one  # type: ignore[operator]


def on_one_axis(f: Float64, x: Float64) -> None:
    """What is a vector elsewhere is an array there; such a grid goes where any grid does."""
    line = gg.Grid(x, edge_order=1)
    assert_type(line.gradient(f), Float64)
    assert_type(line.divergence(f), Float64)
    assert_type(line.hessian(f), Float64)

    def diffused(grid: gg.Grid, f: Float64) -> Float64:
        return f + 0.1 * grid.laplacian(f)

    assert_type(diffused(line, f), Float64)


def refused(f: Float64, x: Float64) -> None:
    """Words that do not exist; where mypy sees none of these errors, it says so."""
    gg.laplacian(f, x, bc="periodic")  # type: ignore[call-overload]
    gg.gradient(f, x, boundary="mirror")  # type: ignore[arg-type]
    gg.laplacian(f, x, form="compac")  # type: ignore[call-overload]
    gg.divergence(2.0, x)  # type: ignore[call-overload]
    gg.autodiff.gradient(np.sin, x, engine="numpy")  # type: ignore[call-overload]
    gg.Grid(x, boundary="mirror")  # type: ignore[arg-type]
    gg.gradiant(f, x)  # type: ignore[attr-defined]
