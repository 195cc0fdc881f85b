"""Operators against the same in exact rationals; the free functions; every dtype, layout and choice of axes."""

from __future__ import annotations

from itertools import product

import ml_dtypes
import numpy as np
import pytest
from operator_cases import (
    BOUNDARIES,
    CASES,
    PLAIN,
    SHAPE,
    Exact,
    ExactGrid,
    Setting,
    assert_close_to_exact,
    coefficients_of,
    exactly,
    field_of,
    flat,
    setting,
    shared_setting,
)
from oracles import fraction
from samples import LAYOUTS, frozen, same_bits

import gridgrad as gg

# Coordinates with every boundary, the other kinds with those that treat them differently.
PAIRS = [("coordinates", ends) for ends in BOUNDARIES] + [
    (kind, ends) for kind in ("steps", "decreasing") for ends in ("each another", "walls and mirrors")
]
OTHER_DIMENSIONS = [
    (name, shape)
    for name in CASES
    for shape in [(5,), (4, 6), (3, 4, 3, 5)]
    if not (len(shape) == 1 and name in ("mixed", "derivative 1"))
    and not (len(shape) != 2 and name == "curl")
]


def made(name, rng, here, shape, dtype=np.float64):
    """An operator, a field for it, and its coefficients."""
    coefficients = coefficients_of(name, rng, shape, here.grid.ndim, dtype)
    operator = CASES[name].make(here.grid, coefficients)
    return operator, field_of(operator.inputs, rng, shape, dtype), coefficients


class TestExactly:
    @pytest.mark.parametrize(("kind", "ends"), PAIRS)
    @pytest.mark.parametrize("name", CASES)
    def test_values(self, name, kind, ends, rng):
        here = shared_setting(kind, ends)
        operator, f, coefficients = made(name, rng, here, SHAPE)
        expected = CASES[name].exact(
            here.exact, exactly(f), exactly(coefficients) if coefficients is not None else None
        )
        for got, value in zip(flat(operator(f)), flat(expected), strict=True):
            assert got.dtype == np.float64
            assert_close_to_exact(got, value, CASES[name].roundings)

    @pytest.mark.parametrize("edge_order", [1, 2])
    @pytest.mark.parametrize(("name", "shape"), OTHER_DIMENSIONS)
    def test_grids_of_other_dimensions(self, name, shape, edge_order, rng):
        here = any_grid(shape, edge_order)
        operator, f, coefficients = made(name, rng, here, shape)
        along = exactly(f) if len(shape) > 1 or not CASES[name].vector else [exactly(f)]
        expected = CASES[name].exact(
            here.exact, along, exactly(coefficients) if coefficients is not None else None
        )
        for got, value in zip(flat(operator(f)), flat(expected), strict=True):
            assert_close_to_exact(got, value, CASES[name].roundings + 4)

    @pytest.mark.parametrize("dtype", [np.float32, np.longdouble], ids=["float32", "longdouble"])
    @pytest.mark.parametrize("name", CASES)
    def test_arithmetic_of_other_precisions(self, name, dtype, rng):
        real = np.longdouble if dtype is np.longdouble else np.float64
        here = setting("coordinates", "each another", (4, 5, 4), dtype=real)
        operator, f, coefficients = made(name, rng, here, (4, 5, 4), dtype)
        expected = CASES[name].exact(
            here.exact, exactly(f), exactly(coefficients) if coefficients is not None else None
        )
        for got, value in zip(flat(operator(f)), flat(expected), strict=True):
            assert got.dtype == dtype
            assert_close_to_exact(got, value, CASES[name].roundings + 1)  # weights are rounded twice

    @pytest.mark.parametrize("accuracy", [2, 4, 6])
    @pytest.mark.parametrize("kind", ["steps", "coordinates"])
    @pytest.mark.parametrize("ends", BOUNDARIES)
    def test_accuracies(self, ends, kind, accuracy, rng):
        here = shared_setting(kind, ends, (9, 10, 9))
        for a, order in product(range(3), (1, 2)):
            lines = field_of((), rng, (9, 10, 9))
            got = here.grid.derivative(a, order, accuracy)(lines)
            along = tuple(slice(None) if k == a else slice(1) for k in range(3))
            exact = here.exact.derivative(Exact.of(lines[along]), a, order, accuracy)
            assert_close_to_exact(got[along], exact, 3 + 8)

    def test_a_laplacian_of_some_accuracy_is_the_sum_of_its_derivatives(self, rng):
        here = shared_setting("coordinates", "walls and mirrors", (9, 10, 9))
        f = field_of((), rng, (9, 10, 9))
        parts = [here.grid.derivative(a, 2, 4)(f) for a in range(3)]
        assert same_bits(here.grid.laplacian.with_(accuracy=4)(f), parts[0] + parts[1] + parts[2])

    @pytest.mark.parametrize("accuracy", [2, 4, 6])
    def test_an_accuracy_holds_at_the_ends_whatever_the_edge_order(self, accuracy, rng):
        f, x = rng.standard_normal(10), np.cumsum(rng.uniform(0.5, 2, 10))
        for order in (1, 2):
            first, second = (gg.Grid(x, edge_order=e).derivative(0, order, accuracy)(f) for e in (1, 2))
            assert same_bits(first, second)

    @pytest.mark.parametrize("accuracy", [2, 4])
    def test_operators_of_accurate_first_derivatives(self, accuracy, rng):
        grid = shared_setting("coordinates", "walls and mirrors", (9, 10, 9)).grid
        F = field_of((3,), rng, (9, 10, 9))
        d = [[grid.derivative(a, 1, accuracy)(part) for a in range(3)] for part in F]
        options = {"accuracy": accuracy}
        expected = {
            grid.gradient.with_(**options): (F[0], d[0]),
            grid.divergence.with_(**options): (F, [d[0][0] + d[1][1] + d[2][2]]),
            grid.curl.with_(**options): (F, [d[2][1] - d[1][2], d[0][2] - d[2][0], d[1][0] - d[0][1]]),
            grid.jacobian.with_(**options): (F, flat(d)),
            grid.advect([F[1], 2.0, F[2]], **options): (
                F[0],
                [F[1] * d[0][0] + 2 * d[0][1] + F[2] * d[0][2]],
            ),
        }
        for operator, (f, results) in expected.items():
            for a, b in zip(flat(operator(f)), results, strict=True):
                assert same_bits(a, b)
        assert same_bits(gg.divergence(F, *grid.coordinates, boundary=list(grid.boundary), accuracy=accuracy),
                         d[0][0] + d[1][1] + d[2][2])  # fmt: skip

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex128])
    @pytest.mark.parametrize("ends", BOUNDARIES)
    def test_gradient_norm_and_its_square(self, ends, dtype, rng):
        real = np.longdouble if dtype is np.longdouble else np.float64
        here = setting("coordinates", ends, dtype=real)
        f = field_of((), rng, SHAPE, dtype)
        got, square = here.grid.gradient_norm(f), here.grid.gradient_squared(f)
        assert got.dtype == square.dtype == np.zeros(1, dtype).real.dtype
        parts = [Exact.of(f.real), Exact.of(f.imag)] if np.iscomplexobj(f) else [Exact.of(f)]
        slopes = [here.exact.derivative(part, a) for part in parts for a in range(3)]
        squares, size = sum(s.value**2 for s in slopes), sum(s.size for s in slopes)
        unit = fraction(np.finfo(got.dtype).eps) / 2
        for index in product(*map(range, SHAPE)):
            norm = fraction(got[index])
            room = unit * (6 * size[index] + 5 * len(slopes) * norm)  # of the slopes, and of each hypot
            assert max(norm - room, 0) ** 2 <= squares[index] <= (norm + room) ** 2
            # Each square has twice its slope's rounding, and one of its own; as have their sums.
            room = unit * (12 * size[index] ** 2 + (1 + len(slopes)) * squares[index])
            assert abs(fraction(square[index]) - squares[index]) <= room


def any_grid(shape, edge_order):
    """Coordinates and steps in turn, one-sided and mirrored."""
    rng = np.random.default_rng(len(shape))
    spacings = [0.25 if k % 2 else np.cumsum(rng.uniform(0.5, 2, n)) for k, n in enumerate(shape)]
    boundary = ["one-sided" if k % 3 != 2 else "reflect" for k in range(len(shape))]
    entries = [(n, s) if np.ndim(s) == 0 else s for s, n in zip(spacings, shape, strict=True)]
    grid = gg.Grid(*entries, boundary=boundary, edge_order=edge_order)
    return Setting(grid, ExactGrid(spacings, shape, boundary, [None] * len(shape), edge_order))


def relative(operator, f, dtype):
    """The operator's results on the field in another dtype."""
    return flat(operator(of_dtype(f, dtype)))


def of_dtype(f, dtype):
    return [of_dtype(part, dtype) for part in f] if isinstance(f, list) else f.astype(dtype)


def scaled_integers(rng, form, shape, dtype):
    """Small whole numbers, which every dtype holds."""
    return of_dtype(
        [rng.integers(0, 100, shape) for _ in range(form[0])] if form else rng.integers(0, 100, shape), dtype
    )


class TestDtypes:
    @pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16], ids=["float16", "bfloat16"])
    @pytest.mark.parametrize("name", CASES)
    def test_halves_are_rounded_once_from_float32(self, name, dtype, rng):
        here = shared_setting("coordinates", "each another")
        coefficients = coefficients_of(name, rng, SHAPE, 3)
        half, single = (None if coefficients is None else of_dtype(of_dtype(coefficients, dtype), t)
                        for t in (dtype, np.float32))  # fmt: skip
        f = of_dtype(field_of(CASES[name].make(here.grid, half).inputs, rng, SHAPE), dtype)
        got = flat(CASES[name].make(here.grid, half)(f))
        expected = relative(CASES[name].make(here.grid, single), f, np.float32)
        for a, b in zip(got, expected, strict=True):
            assert same_bits(a, b.astype(dtype))

    @pytest.mark.parametrize(
        "dtype", [np.complex64, np.complex128, np.clongdouble], ids=lambda d: np.dtype(d).name
    )
    @pytest.mark.parametrize("name", CASES)
    def test_complex_fields_are_two_real_ones(self, name, dtype, rng):
        here = shared_setting("coordinates", "each another")
        real = np.zeros(1, dtype).real.dtype
        operator, _, _ = made(name, rng, here, SHAPE, real)
        f = field_of(operator.inputs, rng, SHAPE, dtype)
        whole = flat(operator(f))
        for part in ("real", "imag"):
            along = operator(
                [getattr(c, part).copy() for c in f] if operator.inputs else getattr(f, part).copy()
            )
            for a, b in zip(whole, flat(along), strict=True):
                assert a.dtype == dtype
                assert same_bits(getattr(a, part), b)

    @pytest.mark.parametrize(
        "dtype", [np.int8, np.uint8, np.int32, np.uint64], ids=lambda d: np.dtype(d).name
    )
    @pytest.mark.parametrize("name", PLAIN)
    def test_integers_give_float64(self, name, dtype, rng):
        operator = CASES[name].make(shared_setting("coordinates", "each another").grid, None)
        f = scaled_integers(rng, operator.inputs, SHAPE, dtype)
        for a, b in zip(flat(operator(f)), relative(operator, f, np.float64), strict=True):
            assert same_bits(a, b)

    def test_differences_of_integers_are_exact(self):
        f = np.array([2**62, 2**62 + 1, 2**62 + 3, 2**62 + 3])
        assert np.array_equal(gg.derivative(f, order=2), [4.0, 1.0, -2.0, -5.0])
        bytes_ = np.array([0, 255, 0, 255], np.uint8)
        assert np.array_equal(gg.derivative(bytes_, edge_order=1), [255.0, 0.0, 0.0, 255.0])
        assert np.array_equal(gg.laplacian(bytes_, boundary="periodic"), [510.0, -510.0, 510.0, -510.0])

    def test_foreign_byte_order_is_kept(self, rng):
        f = rng.standard_normal(SHAPE)
        operator = shared_setting("coordinates", "one-sided").grid.laplacian
        got = operator(f.astype(">f8"))
        assert got.dtype == np.dtype(">f8")
        assert np.array_equal(got, operator(f))

    def test_promotion(self, rng):
        grid = gg.Grid((4, 0.5), (5, 2.0))
        u, v = rng.integers(0, 9, (4, 5)), rng.standard_normal((4, 5))
        assert grid.divergence([u, v]).dtype == np.float64
        assert np.array_equal(grid.divergence([u, v]), grid.divergence([u.astype(float), v]))
        assert grid.divergence([u, v.astype(np.float32)]).dtype == np.float64  # integers count as float64
        assert grid.divergence([v.astype(np.float32), v]).dtype == np.float64
        assert grid.divergence([u, v + 0j]).dtype == np.complex128
        assert grid.divergence([u.astype(np.int8), u]).dtype == np.float64
        assert grid.diffuse(u)(u).dtype == np.float64
        assert grid.diffuse(u)(v.astype(np.float32)).dtype == np.float64
        assert grid.diffuse(v)((v + 0j).astype(np.complex64)).dtype == np.complex128
        assert grid.advect([v + 1j, u])(v).dtype == np.complex128

    @pytest.mark.parametrize("form", ["compact", "wide", "conservative"])
    def test_weights_beyond_all_exponents(self, form, rng):
        f, x = rng.standard_normal((5, 6)), np.cumsum(rng.uniform(0.5, 2, 6))
        near = gg.laplacian(f, 0.5, x, form=form)
        far = gg.laplacian(f * 2.0**-700, 0.5 * 2.0**-600, x * 2.0**-600, form=form)
        assert same_bits(far, near * 2.0**500)


class TestLayouts:
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("name", CASES)
    def test_same_bits_in_any_layout(self, name, layout, rng):
        operator, f, _ = made(name, rng, shared_setting("coordinates", "each another"), SHAPE)
        expected = flat(operator(f))
        there = [LAYOUTS[layout](frozen(c)) for c in f] if operator.inputs else LAYOUTS[layout](frozen(f))
        for a, b in zip(flat(operator(there)), expected, strict=True):
            assert same_bits(a, b)

    @pytest.mark.parametrize("name", CASES)
    def test_batch_axes_are_fields_of_their_own(self, name, rng):
        operator, _, _ = made(name, rng, shared_setting("coordinates", "walls and mirrors"), SHAPE)
        batch = field_of(operator.inputs, rng, (2, 3, *SHAPE))
        whole = flat(operator(batch))
        for index in product(range(2), range(3)):
            one = [c[index] for c in batch] if operator.inputs else batch[index]
            for a, b in zip(whole, flat(operator(one)), strict=True):
                assert same_bits(a[index], b)

    def test_coefficients_of_a_batch_and_of_fewer_axes(self, rng):
        grid, f, k = (
            gg.Grid((5, 0.5), (6, 0.25)),
            rng.standard_normal((3, 5, 6)),
            rng.uniform(1, 2, (3, 5, 6)),
        )
        rows = rng.uniform(1, 2, 6)
        for b in range(3):
            assert same_bits(grid.diffuse(k)(f)[b], grid.diffuse(k[b])(f[b]))
            assert same_bits(grid.advect([k, 2.0])(f)[b], grid.advect([k[b], 2.0])(f[b]))
            assert same_bits(grid.diffuse(k[0])(f)[b], grid.diffuse(k[0])(f[b]))
        assert same_bits(grid.diffuse(rows)(f), grid.diffuse(np.broadcast_to(rows, (5, 6)).copy())(f))
        assert same_bits(grid.diffuse(2.0)(f), 2 * grid.diffuse(1.0)(f))
        assert same_bits(grid.diffuse(np.float32(2))(f), grid.diffuse(np.full((5, 6), 2.0))(f))

    @pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 3, 0), (-1, -4, -2)], ids=str)
    @pytest.mark.parametrize("name", CASES)
    def test_any_axes_in_any_order(self, name, axes, rng):
        here = setting("coordinates", "each another", axes=axes)
        last = shared_setting("coordinates", "each another").grid
        shape = [2, 2, 2, 2]
        for a, n in zip(axes, SHAPE, strict=True):
            shape[a] = n
        operator, f, coefficients = made(name, rng, here, tuple(shape))

        def moved(field):
            if isinstance(field, list):
                return [moved(part) for part in field]
            return np.moveaxis(field, axes, (-3, -2, -1))

        expected = flat(
            CASES[name].make(last, None if coefficients is None else moved(coefficients))(moved(f))
        )
        in_order = [a % 4 for a in axes] == sorted(a % 4 for a in axes)
        for a, b in zip(flat(operator(f)), expected, strict=True):
            if in_order or name not in ("mixed", "hessian"):
                assert same_bits(moved(a), b)
        if not in_order and name in ("mixed", "hessian"):  # which take the axes in the array's order
            exact = CASES[name].exact(here.exact, exactly(moved(f)[0]), None)
            for a, b in zip(flat(operator(f)), flat(exact), strict=True):
                assert_close_to_exact(moved(a)[0], b, CASES[name].roundings)

    def test_mixed_derivatives_do_not_depend_on_the_order_of_naming(self, rng):
        x, y, f = (
            np.cumsum(rng.uniform(0.5, 2, 5)),
            np.cumsum(rng.uniform(0.5, 2, 6)),
            rng.standard_normal((5, 6)),
        )
        expected = gg.mixed_derivative(f, x, y, axis=(0, 1))
        assert same_bits(gg.mixed_derivative(f, y, x, axis=(1, 0)), expected)
        assert same_bits(gg.hessian(f, y, x, axis=(1, 0))[0][1], expected)
        assert same_bits(gg.Grid(x, y).mixed_derivative(1, 0)(f), expected)


SPACINGS = (0.5, frozen([0.0, 1, 3, 4, 7]), -2.0)
FREE = {
    "derivative": (lambda f, **k: gg.derivative(f, SPACINGS[1], axis=k.pop("axis")[1], **k), lambda g: g.derivative(1)),
    "mixed": (lambda f, axis, **k: gg.mixed_derivative(f, *SPACINGS[:2], axis=axis[:2], **k), lambda g: g.mixed_derivative(0, 1)),
    "mixed 2 1": (lambda f, axis, **k: gg.mixed_derivative(f, *SPACINGS[:2], axis=axis[:2], orders=(2, 1), **k),
                  lambda g: g.mixed_derivative(0, 1, orders=(2, 1))),
    "gradient norm": (lambda f, **k: gg.gradient_norm(f, *SPACINGS, **k), lambda g: g.gradient_norm),
    "gradient squared": (lambda f, **k: gg.gradient_squared(f, *SPACINGS, **k), lambda g: g.gradient_squared),
    "divergence": (lambda f, **k: gg.divergence([f, f, f], *SPACINGS, **k), lambda g: lambda f: g.divergence([f, f, f])),
    "curl": (lambda f, **k: gg.curl([f, 2 * f, f], *SPACINGS, **k), lambda g: lambda f: g.curl([f, 2 * f, f])),
    "laplacian": (lambda f, **k: gg.laplacian(f, *SPACINGS, **k), lambda g: g.laplacian),
    "wide": (lambda f, **k: gg.laplacian(f, *SPACINGS, form="wide", **k), lambda g: g.laplacian.with_(form="wide")),
    "conservative": (lambda f, **k: gg.laplacian(f, *SPACINGS, form="conservative", **k), lambda g: g.laplacian.with_(form="conservative")),
    "vector laplacian": (lambda f, **k: gg.vector_laplacian([f, f, 2 * f], *SPACINGS, **k), lambda g: lambda f: g.vector_laplacian([f, f, 2 * f])),
    "hessian": (lambda f, **k: gg.hessian(f, *SPACINGS, **k), lambda g: g.hessian),
    "jacobian": (lambda f, **k: gg.jacobian([f, f, 2 * f], *SPACINGS, **k), lambda g: lambda f: g.jacobian([f, f, 2 * f])),
    "directional": (lambda f, **k: gg.directional_derivative(f, [1, 2.0, f], *SPACINGS, **k), lambda g: lambda f: g.directional_derivative([1, 2.0, f])(f)),
    "advect": (lambda f, **k: gg.advect([f, 2.0, f], f, *SPACINGS, **k), lambda g: lambda f: g.advect([f, 2.0, f])(f)),
    "diffuse": (lambda f, **k: gg.diffuse(f, f, *SPACINGS, **k), lambda g: lambda f: g.diffuse(f)(f)),
}  # fmt: skip


@pytest.mark.parametrize("ends", [{}, {"edge_order": 1}, {"boundary": "reflect"},
                                  {"boundary": ["periodic", "periodic", "one-sided"], "period": [None, 8.5, None]}],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("name", FREE)
def test_free_functions_are_the_operators_of_a_grid(name, ends, rng):
    free, of_grid = FREE[name]
    f = frozen(rng.standard_normal((4, 3, 5, 6)))
    axis = (0, 2, 3)
    grid = gg.Grid((4, 0.5), SPACINGS[1], (6, -2.0), axes=axis, **ends)
    one = {"derivative": slice(1, 2), "mixed": slice(2), "mixed 2 1": slice(2)}.get(name, slice(3))
    chosen = {key: value[one] if isinstance(value, list) else value for key, value in ends.items()}
    for a, b in zip(flat(free(f, axis=axis, **chosen)), flat(of_grid(grid)(f)), strict=True):
        assert same_bits(a, b)
