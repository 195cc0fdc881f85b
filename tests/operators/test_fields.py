"""What goes in comes out: sequences, stacked arrays, lists, masks; every shape of `out=`, also over the inputs."""

from __future__ import annotations

import numpy as np
import pytest
from operator_cases import CASES, SHAPE, coefficients_of, field_of, flat, shared_setting
from samples import frozen, noise, same_bits

import gridgrad as gg

OUTPUTS = [
    "laplacian",
    "curl",
    "hessian",
    "jacobian",
    "gradient",
    "divergence",
    "advect",
    "diffuse",
    "vector laplacian",
]


def made(name, rng, shape=SHAPE, dtype=np.float64):
    here = shared_setting("coordinates", "each another")
    operator = CASES[name].make(here.grid, coefficients_of(name, rng, shape, 3))
    return operator, field_of(operator.inputs, rng, shape, dtype)


def depth(result):
    """Nested sequences around the arrays."""
    return 1 + depth(result[0]) if isinstance(result, (list, tuple)) else 0


def like(result, change=np.empty_like):
    """Lists in the place of tuples, other arrays in the place of arrays."""
    return [like(part, change) for part in result] if isinstance(result, (list, tuple)) else change(result)


class TestForms:
    @pytest.mark.parametrize("name", CASES)
    def test_a_sequence_gives_tuples(self, name, rng):
        operator, f = made(name, rng)
        result = operator(tuple(f) if operator.inputs else f)
        assert depth(result) == len(operator.outputs)
        assert all(type(part) is np.ndarray and part.shape == SHAPE for part in flat(result))
        assert not depth(result) or type(result) is tuple

    @pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.vector])
    def test_a_stacked_array_gives_one_array(self, name, rng):
        operator, f = made(name, rng)
        result, expected = operator(np.stack(f)), operator(f)
        assert type(result) is np.ndarray
        assert result.shape == (*operator.outputs, *SHAPE)
        assert same_bits(result, np.array(expected))
        assert same_bits(operator(np.stack(f, axis=-1).transpose(3, 0, 1, 2)), result)

    def test_free_functions_too(self, rng):
        u, v = noise(rng, (4, 5)), noise(rng, (4, 5))
        stacked = np.stack([u, v])
        for function in (gg.curl, gg.divergence, gg.jacobian, gg.vector_laplacian):
            parts = function([u, v], 0.5)
            assert same_bits(function(stacked, 0.5), np.array(parts))
            assert function is gg.curl or function is gg.divergence or type(parts) is tuple
        assert type(gg.hessian(u, 0.5)) is tuple
        assert type(gg.hessian(u, 0.5)[0]) is tuple

    def test_components_come_first_before_batch_axes(self, rng):
        grid = gg.Grid((4, 0.5), (5, 0.5))
        F = noise(rng, (2, 3, 4, 5))
        assert same_bits(grid.divergence(F), grid.divergence([F[0], F[1]]))
        assert grid.jacobian(F).shape == (2, 2, 3, 4, 5)
        assert same_bits(gg.divergence(F, 0.5, axis=(1, 2)), grid.divergence(F))

    def test_one_axis_needs_no_vector(self, rng):
        f = noise(rng, (6,))
        grid = gg.Grid((6, 0.5))
        slope = grid.derivative(0)(f)
        for operator in (grid.gradient, grid.divergence, grid.jacobian):
            assert same_bits(operator(f), slope)
        for result in (gg.divergence([f], 0.5), gg.divergence(f[None], 0.5), gg.jacobian([f], 0.5)):
            assert same_bits(result, slope)
        assert same_bits(gg.hessian(f, 0.5), gg.derivative(f, 0.5, order=2))
        assert same_bits(gg.vector_laplacian([f], 0.5), gg.laplacian(f, 0.5))
        assert same_bits(grid.advect(2.0)(f), 2 * slope)
        assert same_bits(grid.advect([f])(f), grid.advect(f)(f))

    def test_lists_of_numbers(self):
        rows = [[1, 2, 4], [3, 5, 9], [7, 7, 7]]
        grid = gg.Grid((3, 1), (3, 1))
        array = np.array(rows)
        assert same_bits(grid.laplacian(rows), grid.laplacian(array))
        assert same_bits(gg.laplacian(rows), gg.laplacian(array))
        assert same_bits(grid.divergence([rows, rows]), grid.divergence([array, array]))
        assert same_bits(grid.advect(np.array([array, array]))(rows), grid.advect([array, array])(array))
        assert same_bits(grid.diffuse(rows)(rows), grid.diffuse(array)(array))

    def test_inputs_are_not_changed(self, rng):
        for name in CASES:
            operator, f = made(name, rng)
            kept = [part.copy() for part in flat(f)]
            operator(like(f, frozen))
            assert all(same_bits(a, b) for a, b in zip(flat(f), kept, strict=True))

    def test_empty_batches(self):
        grid = shared_setting("coordinates", "one-sided").grid
        assert grid.laplacian(np.ones((0, *SHAPE))).shape == (0, *SHAPE)
        assert grid.curl(np.ones((3, 0, *SHAPE))).shape == (3, 0, *SHAPE)


class TestOut:
    @pytest.mark.parametrize("name", OUTPUTS)
    def test_nested_sequences(self, name, rng):
        operator, f = made(name, rng)
        expected = operator(f)
        for change in (
            np.empty_like,
            lambda a: np.empty(a.shape[::-1]).T,
            lambda a: np.empty((*a.shape, 2))[..., 1],
        ):
            out = like(expected, change)
            assert operator(f, out=out) is out
            assert all(same_bits(a, b) for a, b in zip(flat(out), flat(expected), strict=True))

    @pytest.mark.parametrize(
        "name", [name for name in OUTPUTS if name not in ("laplacian", "divergence", "advect", "diffuse")]
    )
    def test_a_stacked_array(self, name, rng):
        operator, f = made(name, rng)
        out = np.full((*operator.outputs, *SHAPE), np.nan)
        assert operator(f, out=out) is out
        assert same_bits(out, np.array(operator(f)))
        outer = [np.empty((*operator.outputs[1:], *SHAPE)) for _ in range(3)]
        assert operator(f, out=outer) is outer
        assert same_bits(np.array(outer), out)

    @pytest.mark.parametrize("name", ["laplacian", "laplacian wide", "mixed", "derivative 2", "derivative 1"])
    @pytest.mark.parametrize("shift", [-1, 0, 1, 2])
    def test_over_the_input(self, name, shift, rng):
        operator, f = made(name, rng, (8, *SHAPE))
        expected = operator(f[3:5])
        out = f[3 + shift : 5 + shift]
        assert operator(f[3:5], out=out) is out
        assert same_bits(out, expected)

    @pytest.mark.parametrize("name", ["curl", "jacobian", "vector laplacian"])
    def test_over_the_components_in_another_order(self, name, rng):
        operator, f = made(name, rng)
        expected = flat(operator(f))
        out = flat(like(operator(f)))
        out[:3] = [f[2], f[0], f[1]]
        nested = [out[:3], out[3:6], out[6:]] if len(out) == 9 else out
        operator(f, out=nested)
        assert all(same_bits(a, b) for a, b in zip(out, expected, strict=True))

    def test_over_coefficients(self, rng):
        grid = shared_setting("coordinates", "each another").grid
        f, k = rng.standard_normal(SHAPE), rng.uniform(1, 2, SHAPE)
        expected = grid.diffuse(k)(f)
        assert same_bits(grid.diffuse(k)(f, out=k), expected)
        v = [rng.standard_normal(SHAPE) for _ in range(3)]
        expected = grid.advect(v)(f)
        assert same_bits(grid.advect(v)(f, out=v[1]), expected)

    def test_of_the_other_functions(self, rng):
        f = rng.standard_normal((4, 5))
        for function in (gg.derivative, gg.laplacian, gg.gradient_norm):
            out = np.empty((4, 5))
            assert function(f, 0.5, out=out) is out
            assert same_bits(out, function(f, 0.5))
        F = [f, 2 * f]
        for function in (
            gg.curl,
            gg.divergence,
            gg.jacobian,
            gg.vector_laplacian,
            lambda F, h, **out: gg.hessian(F[0], h, **out),
        ):
            expected = function(F, 0.5)
            out = like(expected)
            assert function(F, 0.5, out=out) is out
            assert all(same_bits(a, b) for a, b in zip(flat(out), flat(expected), strict=True))
        out = np.empty((4, 5))
        gg.gradient_norm(f + 1j * f[::-1], 0.5, out=out)
        assert same_bits(out, gg.gradient_norm(f + 1j * f[::-1], 0.5))
        grid = gg.Grid((4, 0.5), (5, 0.5))
        for operator, g in ((grid.gradient @ grid.laplacian, f), (grid.laplacian @ grid.divergence, [f, f])):
            out = like(operator(g))
            assert operator(g, out=out) is out
            assert all(same_bits(a, b) for a, b in zip(flat(out), flat(operator(g)), strict=True))

    def test_of_adjoints(self, rng):
        for name in OUTPUTS:
            operator, _ = made(name, rng)
            g = field_of(operator.outputs, rng, SHAPE)
            expected = operator.adjoint(g)
            out = like(expected)
            assert operator.adjoint(g, out=out) is out
            assert all(same_bits(a, b) for a, b in zip(flat(out), flat(expected), strict=True))


def locked(a):
    a = np.array(a)
    a.flags.writeable = False
    return a


FULL = np.full(SHAPE, 7.0)
REFUSED = {
    "wrong shape": (lambda: np.full((4, 5, 5), 7.0), ValueError, r"has shape \(4, 5, 5\), but the result has shape \(4, 5, 6\)"),
    "wrong dtype": (lambda: FULL.astype("f4"), TypeError, "has dtype float32, but the result has dtype float64"),
    "read-only": (lambda: locked(FULL), ValueError, "is read-only"),
    "overlapping itself": (lambda: np.broadcast_to(np.full((5, 6), 7.0), SHAPE), ValueError, "read-only|at one address"),
    "a masked array": (lambda: np.ma.array(FULL), TypeError, "is a MaskedArray; f is a plain NumPy array"),
    "not an array": (lambda: 3, TypeError, "is a int"),
    "a matrix": (lambda: np.full((4, 30), 7.0).view(np.matrix), TypeError, "matrix"),
}  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize("fault", REFUSED)
    def test_of_a_scalar_out(self, fault, rng):
        operator, f = made("laplacian", rng)
        bad, error, message = REFUSED[fault]
        out = bad()
        with pytest.raises(error, match=message):
            operator(f, out=out)
        assert np.all(np.asarray(out) == (3 if fault == "not an array" else 7))

    @pytest.mark.parametrize("fault", REFUSED)
    @pytest.mark.parametrize("name", ["gradient", "curl"])
    def test_of_one_component_before_any_is_written(self, name, fault, rng):
        operator, f = made(name, rng)
        bad, error, message = REFUSED[fault]
        out = [FULL.copy(), FULL.copy(), bad()]
        kept = [part.copy() for part in flat(f)]
        with pytest.raises(error, match=message):
            operator(f, out=out)
        assert all(np.all(part == 7) for part in out[:2])
        assert all(same_bits(a, b) for a, b in zip(flat(f), kept, strict=True))

    def test_of_the_whole(self, rng):
        operator, f = made("gradient", rng)
        hessian, _ = made("hessian", rng)
        pairs = [
            (operator, [FULL.copy()] * 2, ValueError, "out is of length 2, but the result has 3 components"),
            (
                operator,
                FULL.copy(),
                ValueError,
                r"out has shape \(4, 5, 6\), but the result needs \(3, 4, 5, 6\)",
            ),
            (operator, 5, TypeError, r"out is a int; give an array of shape \(3, 4, 5, 6\) or a sequence"),
            (operator, [FULL.copy()] * 3, ValueError, r"out\[1\] shares memory with another output"),
            (hessian, [[FULL.copy()] * 3] * 2, ValueError, "out is of length 2"),
            (hessian, [[FULL.copy()] * 2] * 3, ValueError, "out is of length 2"),
            (hessian, np.zeros((3, 4, 5, 6)), ValueError, r"the result needs \(3, 3, 4, 5, 6\)"),
        ]
        for which, out, error, message in pairs:
            with pytest.raises(error, match=message):
                which(f, out=out)


def spread_by_hand(operator, mask):
    """Where a NaN in place of each masked sample shows."""
    f = np.where(mask, np.nan, 1.0)
    return [np.isnan(part) for part in flat(operator(f))]


class TestMasked:
    @pytest.mark.parametrize("name", ["derivative 1", "derivative 2", "mixed", "gradient", "laplacian", "laplacian wide",
                                      "laplacian conservative", "hessian"])  # fmt: skip
    def test_the_mask_spreads_to_what_reads_it(self, name, rng):
        operator, f = made(name, rng)
        for place in [(0, 0, 0), (2, 2, 3), (3, 4, 5)]:
            mask = np.zeros(SHAPE, bool)
            mask[place] = True
            results = flat(operator(np.ma.array(f, mask=mask)))
            for got, plain, lost in zip(
                results, flat(operator(f)), spread_by_hand(operator, mask), strict=True
            ):
                assert isinstance(got, np.ma.MaskedArray)
                kept = lost if name == "gradient" else lost | mask
                assert np.array_equal(np.ma.getmaskarray(got), kept)
                assert same_bits(got.data[~lost], plain[~lost])

    def test_masks_of_components_and_coefficients(self, rng):
        grid = shared_setting("coordinates", "each another").grid
        f = rng.standard_normal(SHAPE)
        mask = np.zeros(SHAPE, bool)
        mask[1, 2, 3] = True
        veiled = np.ma.array(f, mask=mask)
        got = grid.divergence([f, veiled, f])
        assert np.array_equal(got.mask, spread_by_hand(grid.derivative(1), mask)[0] | mask)
        got = grid.divergence(np.ma.stack([veiled, veiled, veiled]))
        assert np.array_equal(
            got.mask,
            np.logical_or.reduce([mask, *(spread_by_hand(grid.derivative(a), mask)[0] for a in range(3))]),
        )
        assert np.array_equal(grid.advect([veiled, 1.0, f])(f).mask, mask)
        got = grid.diffuse(veiled)(f)
        expected = np.isnan(grid.diffuse(np.where(mask, np.nan, 1.0))(f)) | mask
        assert np.array_equal(got.mask, expected)

    def test_forms_of_masked_fields(self, rng):
        grid = shared_setting("coordinates", "each another").grid
        veiled = np.ma.array(rng.standard_normal((3, *SHAPE)), mask=rng.random((3, *SHAPE)) < 0.02)
        stacked, parts = grid.curl(veiled), grid.curl([veiled[k] for k in range(3)])
        assert isinstance(stacked, np.ma.MaskedArray)
        assert type(parts) is tuple
        for k in range(3):
            assert np.array_equal(np.ma.getmaskarray(stacked)[k], np.ma.getmaskarray(parts[k]))
            assert same_bits(stacked.data[k], parts[k].data)
        out = [np.ma.empty(SHAPE) for _ in range(3)]
        assert grid.curl(veiled, out=out) is out
        assert np.array_equal(np.ma.getmaskarray(out[1]), np.ma.getmaskarray(parts[1]))
        with pytest.raises(TypeError, match="cannot carry the mask"):
            grid.curl(veiled, out=[np.empty(SHAPE) for _ in range(3)])

    def test_a_norm(self, rng):
        f = np.ma.array(rng.standard_normal((5, 6)), mask=np.arange(30).reshape(5, 6) == 14)
        grid = gg.Grid((5, 1.0), [0.0, 1, 3, 4, 6, 9])
        expected = np.isnan(grid.gradient_norm(f.filled(np.nan))) | f.mask
        assert np.array_equal(grid.gradient_norm(f).mask, expected)
        assert np.array_equal(grid.gradient_norm(f * (1 + 1j)).mask, expected)
