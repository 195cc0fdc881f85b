"""Fields of different dtypes in one operator: integers count as float64 and are differenced exactly."""

from __future__ import annotations

import numpy as np
import pytest
from operator_cases import CASES, assert_close_to_exact, exactly, flat, shared_setting
from samples import same_bits

import gridgrad as gg

SHAPE = (4, 5, 6)
FAR = {"int8": 0, "int16": 2**14, "int32": 2**30, "int64": 2**60, "uint8": 100, "uint64": 2**63}
JOINED = [name for name, case in CASES.items() if case.vector or case.coefficients]
MIXES = {  # of the fields in turn, and of coefficients
    "int32 and int64": (["int32", "int64"], "float64"),
    "int64 and uint64": (["int64", "uint64"], "float64"),
    "int8 and uint64": (["int8", "uint64"], "float64"),
    "int64 and float32": (["int64", "float32"], "float32"),
    "uint64 and float16": (["uint64", "float16"], "float16"),
    "int32 and float16": (["int32", "float16"], "float16"),
    "int64, coefficients of int8": (["int64"], "int8"),
    "float32, coefficients of int16": (["float32"], "int16"),  # of operators that have any
    "int64 and complex64": (["int64", "complex64"], "float32"),
}
EXACTLY = [(name, mix) for name in JOINED for mix, (fields, _) in MIXES.items()
           if "complex" not in mix and (CASES[name].coefficients or len(fields) > 1)]  # fmt: skip


def near(rng, dtype, shape=SHAPE):
    """Small differences between numbers that a float of the common type may not hold."""
    small = rng.integers(0, 100, shape)
    if np.dtype(dtype).kind not in "iu":
        return (small / 4).astype(dtype)
    return (np.array(FAR[dtype], np.uint64 if dtype[0] == "u" else np.int64) + small.astype(dtype)).astype(
        dtype
    )


def made(name, mix, rng):
    dtypes, own = MIXES[mix]
    case, here = CASES[name], shared_setting("coordinates", "each another")
    fields = [near(rng, dtypes[k % len(dtypes)]) for k in range(3 if case.vector else 1)]
    c = None
    if case.coefficients:
        c = [rng.integers(1, 50, SHAPE).astype(own) for _ in range(3)]
        c = c if case.coefficients == "velocity" else c[0]
    return case, here, fields, c


@pytest.mark.parametrize(("name", "mix"), EXACTLY)
def test_exactly(name, mix, rng):
    case, here, fields, c = made(name, mix, rng)
    got = case.make(here.grid, c)(fields if case.vector else fields[0])
    assert case.coefficients or len({f.dtype for f in fields}) > 1
    expected = case.exact(
        here.exact, exactly(fields if case.vector else fields[0]), None if c is None else exactly(c)
    )
    for part, value in zip(flat(got), flat(expected), strict=True):
        assert part.dtype == np.float64
        assert_close_to_exact(part, value, case.roundings)


@pytest.mark.parametrize("name", JOINED)
def test_complex_beside_integers(name, rng):
    """Part by part, as the operators are linear: integers with the real parts, nothing beside the imaginary ones."""
    case, here, fields, c = made(name, "int64 and complex64", rng)
    fields = [f * (1 + 2j) if f.dtype.kind == "c" else f for f in fields]
    operator = case.make(here.grid, c)
    real = operator([f.real for f in fields] if case.vector else fields[0])
    imaginary = operator(
        [f.imag if f.dtype.kind == "c" else np.zeros(SHAPE) for f in fields] if case.vector else fields[0] * 0
    )
    got = operator(fields if case.vector else fields[0])
    for part, a, b in zip(flat(got), flat(real), flat(imaginary), strict=True):
        assert np.array_equal(part.real, a)
        assert np.array_equal(part.imag, b)


@pytest.mark.parametrize("name", JOINED)
def test_where_float64_holds_the_integers_they_are_as_floats(name, rng):
    """The bits of both ways are the same, so that values do not depend on the largest one."""
    case, here, fields, c = made(name, "int64 and float32", rng)
    small = [f - FAR["int64"] if f.dtype.kind == "i" else f for f in fields]
    operator = case.make(here.grid, c)
    got = operator(small if case.vector else small[0])
    floats = [f.astype(float) for f in small]
    assert all(same_bits(a, b) for a, b in zip(flat(got), flat(operator(floats if case.vector else floats[0])), strict=True))  # fmt: skip


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("name", JOINED)
def test_torch_gives_the_same_bits(name, mix, rng):
    torch = pytest.importorskip("torch")
    case, here, fields, c = made(name, mix, rng)
    expected = case.make(here.grid, c)(fields if case.vector else fields[0])
    c = (
        [torch.as_tensor(part) for part in c]
        if isinstance(c, list)
        else None
        if c is None
        else torch.as_tensor(c)
    )
    tensors = [torch.as_tensor(f) for f in fields]
    got = case.make(here.grid, c)(tensors if case.vector else tensors[0])
    for a, b in zip(flat(got), flat(expected), strict=True):
        assert same_bits(a.numpy(), b)


@pytest.mark.parametrize("name", JOINED)
def test_jax_without_float64(name, rng):
    """Its widest float is float32, which int32 data is not rounded to before it is differenced."""
    jnp = pytest.importorskip("jax.numpy")
    case, here = CASES[name], shared_setting("coordinates", "each another")
    fields = [near(rng, ("int32", "float32")[k % 2]) for k in range(3 if case.vector else 1)]
    c = [rng.integers(1, 50, SHAPE).astype("f4") for _ in range(3)]
    c = {"velocity": c, "diffusivity": c[0]}.get(case.coefficients)
    expected = case.make(here.grid, c)(fields if case.vector else fields[0])
    of_jax = (
        [jnp.asarray(part) for part in c] if isinstance(c, list) else None if c is None else jnp.asarray(c)
    )
    given = [jnp.asarray(f) for f in fields]
    got = case.make(here.grid, of_jax)(given if case.vector else given[0])
    for a, b in zip(flat(got), flat(expected), strict=True):
        assert a.dtype == jnp.float32
        assert np.allclose(a, b, rtol=1e-5, atol=1e-5 * np.abs(b).max())


class TestCalls:
    def test_of_the_review(self):
        count = np.arange(4)
        assert np.array_equal(gg.advect([np.ones(4, "f4")], 2**40 + count, 1.0), [1, 1, 1, 1])
        assert np.array_equal(gg.advect([np.ones(4, "f4")], (2**30 + count).astype("i4"), 1.0), [1, 1, 1, 1])
        near = np.arange(9).reshape(3, 3)
        assert np.array_equal(gg.divergence([np.zeros((3, 3), "i4"), 2**60 + near]), np.ones((3, 3)))
        far = (2**63 + near.astype("u8")).astype("u8")
        assert np.array_equal(gg.divergence([np.zeros((3, 3), "i8"), far]), np.ones((3, 3)))
        got = gg.diffuse(np.ones(4, "f2"), np.array([0, 10**5, 4 * 10**5, 9 * 10**5]), 1.0)
        assert got[0] == 2e5

    def test_out_and_repeated_calls(self):
        """A kept plan of one storage is never used for two."""
        grid, v, f = gg.Grid((5, 1.0)), np.ones(5), 2**60 + np.arange(5)
        operator, out = grid.advect([v]), np.empty(5)
        for _ in range(3):
            assert np.array_equal(operator(f), np.ones(5))
            assert operator(f, out=out) is out
            assert np.array_equal(out, np.ones(5))
        stacked = gg.jacobian(np.stack([f.reshape(1, 5).repeat(3, 0)] * 2), 1.0)
        assert np.array_equal(stacked[0, 1], np.ones((3, 5)))

    def test_the_dtype_of_out_is_float64(self):
        with pytest.raises(TypeError, match="out has dtype float32, but the result has dtype float64"):
            gg.advect([np.ones(4, "f4")], np.arange(4), 1.0, out=np.empty(4, "f4"))

    def test_masked_integers(self):
        f = np.ma.array(2**60 + np.arange(5), mask=[0, 0, 0, 0, 1])
        got = gg.advect([np.ones(5, "f4")], f, 1.0)
        assert got.dtype == np.float64
        assert got.tolist() == [1.0, 1.0, 1.0, None, None]
        nothing = gg.advect([np.ones(5, "f4")], np.ma.array(f, mask=True), 1.0)
        assert nothing.dtype == np.float64
        assert nothing.mask.all()

    def test_derivatives_beside_integers(self):
        torch = pytest.importorskip("torch")
        v, f = torch.ones(4, requires_grad=True), 2**60 + torch.arange(4)
        gg.advect([v], f, 1.0).sum().backward()
        assert v.grad.tolist() == [1.0, 1.0, 1.0, 1.0]
        g = torch.zeros((3, 4), dtype=torch.float64, requires_grad=True)
        gg.divergence([g, f.repeat(3, 1)], 1.0).sum().backward()
        alone = torch.zeros((3, 4), dtype=torch.float64, requires_grad=True)
        gg.divergence([alone, torch.zeros(3, 4, dtype=torch.float64)], 1.0).sum().backward()
        assert torch.equal(g.grad, alone.grad)
