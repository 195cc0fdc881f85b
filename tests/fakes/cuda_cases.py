"""What the tests of the CUDA kernel share: samples, terms of every kind, and outputs that show every write."""

from __future__ import annotations

import os
from math import prod

import numpy as np
import pytest
from host_kernels import HostKernels, compiler, flags_from_environment

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.numpy import BACKEND
from gridgrad._stencils.derivatives import Rule, derivative_stencil
from gridgrad._stencils.ends import ONE_SIDED, PERIODIC
from gridgrad._stencils.stencil import CENTRAL, Stencil
from gridgrad._stencils.wide import narrow
from gridgrad._terms.term import Term

ml_dtypes = pytest.importorskip("ml_dtypes")
DTYPES = ["float16", ml_dtypes.bfloat16, "float32", "float64", "complex64", "complex128", "int8", "uint8",
          "int16", "uint16", "int32", "uint32", "int64", "uint64"]  # fmt: skip
CANARY = 77
LAYOUTS = {
    "transposed": lambda f: f.transpose(2, 0, 1),
    "fortran": np.asfortranarray,
    "every second": lambda f: f[::2, :, ::2],
    "odd start": lambda f: f[:, :, 1:-1],
    "reversed": lambda f: f[::-1, :, ::-1],
    "broadcast": lambda f: np.broadcast_to(f[:, :1], f.shape),
    "broadcast row": lambda f: np.broadcast_to(f[..., :1], f.shape),
    "window": lambda f: f[2:5, 1:7, 4:12],
}

# Operators of a grid with coefficients c. The first stay in vectors, the others go element by element.
IN_VECTORS = {
    "divergence": lambda g, c: g.divergence,
    "curl": lambda g, c: g.curl,
    "laplacian": lambda g, c: g.laplacian,
    "jacobian": lambda g, c: g.jacobian,
    "advect": lambda g, c: g.advect(c),
    "gradient norm": lambda g, c: g.gradient_norm,
    "gradient squared": lambda g, c: g.gradient_squared,
    "implicit step": lambda g, c: g.identity - 0.25 * g.laplacian,
    "laplacian - advect": lambda g, c: g.laplacian - g.advect([1.0, -2.0, 3.0][: g.ndim]),
}
GENERAL = {
    "laplacian 4": lambda g, c: g.laplacian.with_(accuracy=4),
    "laplacian 6": lambda g, c: g.laplacian.with_(accuracy=6),
    "laplacian wide": lambda g, c: g.laplacian.with_(form="wide"),
    "gradient norm 4": lambda g, c: g.gradient_norm.with_(accuracy=4),
    "hessian": lambda g, c: g.hessian,
    "diffuse": lambda g, c: g.diffuse(c[0]),
    "transport": lambda g, c: g.diffuse(c[0]) + 0.5 * g.laplacian - g.advect(c) + g.identity,
    "gradient.T": lambda g, c: g.gradient.T,
    "divergence.T": lambda g, c: g.divergence.T,
    "curl.T": lambda g, c: g.curl.T,
    "laplacian 4.T": lambda g, c: g.laplacian.with_(accuracy=4).T,
    "mixed.T": lambda g, c: g.mixed_derivative(0, g.ndim - 1).T,
    "left": lambda g, c: g.derivative(g.ndim - 1, side="left") + g.derivative(0, side="right", accuracy=2),
    "upwind": lambda g, c: g.advect(c, upwind=2),
    "upwind.T": lambda g, c: g.advect(c, upwind=1).T,
    "diffuse.T": lambda g, c: g.diffuse(c[0]).T,
    "advect.T": lambda g, c: g.advect(c).T,
    "hessian.T": lambda g, c: g.hessian.T,
}
OPERATORS = {**IN_VECTORS, **GENERAL}
OF_REALS = ("gradient norm", "gradient norm 4", "gradient squared")  # complex fields are two fields to them
# What else the documentation makes of them: the same rows, more of them at once.
COMBINED = {
    "gradient 6": lambda g, c: g.gradient.with_(accuracy=6),
    "curl 6": lambda g, c: g.curl.with_(accuracy=6),
    "jacobian 6": lambda g, c: g.jacobian.with_(accuracy=6),
    "jacobian.T": lambda g, c: g.jacobian.T,
    "vector laplacian": lambda g, c: g.vector_laplacian,
    "vector laplacian 4": lambda g, c: g.vector_laplacian.with_(accuracy=4),
    "vector laplacian.T": lambda g, c: g.vector_laplacian.T,
    "laplacian 6.T": lambda g, c: g.laplacian.with_(accuracy=6).T,
    "advect and diffuse": lambda g, c: 0.1 * g.laplacian - g.advect(c),
    "advect and diffuse 6": lambda g, c: 0.1 * g.laplacian.with_(accuracy=6) - g.advect(c).with_(accuracy=6),
    "diffuse - advect": lambda g, c: g.diffuse(c[0]) - g.advect(c),
    "factors": lambda g, c: c[0] * g.laplacian @ g.multiply(c[1]) - g.multiply(c[0]),
    "factors and faces": lambda g, c: c[1] * g.diffuse(c[0]) @ g.multiply(c[1]),
    "diffuse twice": lambda g, c: g.diffuse(c[0]) + 2 * g.diffuse(c[1]),
    "biharmonic": lambda g, c: g.biharmonic,
}
ENDS = ["one-sided", ["periodic", "symmetric", ("antisymmetric", "one-sided")]]


def samples(shape, dtype="float32", seed=0):
    """Values over the whole range of integers; floating data with zeros of both signs, inf and NaN."""
    rng, dtype = np.random.default_rng([seed, *shape]), np.dtype(dtype)
    if dtype.kind in "iu":
        return np.frombuffer(rng.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape).copy()
    values = rng.standard_normal(shape) * 10.0 ** rng.integers(-4, 4, shape)
    if dtype.kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    f = values.astype(dtype)
    flat = f.reshape(-1)
    if flat.size > 40:
        flat[[3, 11, 19, 20]] = [0.0, -0.0, np.inf, np.nan]
    return f


def stencil(length, spacing="uniform", edge_order=1, seed=0):
    rng = np.random.default_rng(seed + length)
    if spacing == "uniform":
        return derivative_stencil(narrow(0.3), length, Rule(edge_order=edge_order))
    steps = rng.uniform(0.5, 2.0, length - 1)
    if length > 6:
        steps[2:5] = 1.0  # points with equal weights among others
    end, wrap = (PERIODIC, narrow(0.7)) if spacing == "periodic" else (ONE_SIDED, None)
    return derivative_stencil(narrow(steps), length, Rule(boundary=(end, end), edge_order=edge_order), wrap)


def gradient_terms(shape, axes=None, spacing="uniform", edge_order=1):
    axes = range(len(shape)) if axes is None else axes
    return tuple(Term(k, 0, a, stencil(shape[a], spacing, edge_order, a)) for k, a in enumerate(axes))


def operator(name, shape, dtype="float32", spacing="irregular", ends="one-sided", make=samples):
    """Terms of an operator on arrays of this shape, and its inputs, coefficients last."""
    rng = np.random.default_rng(len(shape))
    if spacing == "uniform":
        entries, periods = [(n, 0.3) for n in shape], None
    else:
        entries = [np.cumsum(rng.uniform(0.5, 2.0, n)) for n in shape]
        periods = [2.5 * n if e == "periodic" else None for n, e in zip(shape, ends, strict=False)]
    grid = gg.Grid(*entries, boundary=ends, period=None if ends == "one-sided" else periods)
    real = np.zeros(0, dtype).real.dtype
    made = {**OPERATORS, **COMBINED}[name](grid, [make(shape, real, seed=20 + k) for k in range(len(shape))])
    fields = [make(shape, dtype, seed=k) for k in range(prod(made.inputs))]
    return made.pattern.terms_for(shape), [*fields, *made.coefficients]


def uneven_rows(length):
    """Formula (1) with more than one row of data at each end; one is empty, one has three pairs."""
    last = length - 1
    return Stencil(
        length,
        CENTRAL,
        (np.linspace(1, 2, length), np.linspace(2, 1, length)),
        (((0, 1, 2.0),), (), ((1, 2, -0.5), (2, 0, 3.0), (last, 2, 1.5))),
        (((last - 1, last, 0.25), (0, last, -1.0)), ((last, 0, 2.0),)),
    )


def only_rows(length):
    """No interior row at all."""
    rows = tuple(((i, (i + 2) % length, i + 1.0), (i, 0, -0.5)) for i in range(length))
    return Stencil(length, (), (), rows[:2], rows[2:])


def rows_of_values(length):
    """Formula (1) with values in its rows at the ends, alone, first, last, beside differences."""
    last = length - 1
    leading = (((0, 0, 2.0),), ((0, 0, 1.5), (0, 1, -0.5)), ((1, 2, 3.0), (2, 2, -1.0), (last, last, 0.5)))
    return Stencil(length, CENTRAL, (1.0, 2.0), leading, (((last, last, 2.0), (last, last - 1, 0.25)),))


def holes(length, values=True):
    """Rows with weights of 0, which must not let a NaN through."""
    weights = np.linspace(-1, 1, length)
    weights[::3] = 0
    first, last = ((0, 1, 1.5), (0, 0, -2.0)), ((length - 1, length - 2, 0.5),)
    return Stencil(
        length, ((0, -1), (0, 0), (1, 1)), (weights, 2 * weights, weights + 1), (first,), (last,), values
    )


def result_type(f):
    return np.dtype("float64") if f.dtype.kind in "iu" else f.dtype


def poisoned(shape, dtype, like=None):
    """An output full of NaN inside a buffer of canaries; returns both."""
    margin = 64
    order = (
        np.argsort(np.argsort([-abs(s) for s in like.strides], kind="stable")) if like is not None else None
    )
    dims = sorted(range(len(shape)), key=lambda k: order[k]) if order is not None else range(len(shape))
    size = int(np.prod(shape))
    buffer = np.full(size + 2 * margin, CANARY, dtype)
    inner = buffer[margin : margin + size].reshape([shape[k] for k in dims])
    inner[...] = np.nan
    return inner.transpose(np.argsort(list(dims))), buffer


def same_bits(a, b):
    """Equal values, NaN at the same places, zeros of the same sign."""
    if a.dtype.kind == "c":
        return same_bits(a.real, b.real) and same_bits(a.imag, b.imag)
    if a.dtype.itemsize < 4:
        a, b = a.astype("f4"), b.astype("f4")
    numbers = ~np.isnan(a)
    return np.array_equal(a, b, equal_nan=True) and np.array_equal(
        np.signbit(a[numbers]), np.signbit(b[numbers])
    )


def check(kernels, terms, inputs, make_output=None, **how):
    """Both executors into poisoned outputs: same bits, every element written, nothing around touched."""
    count, f = 1 + max(t.output for t in terms), inputs[0]
    make_output = make_output or (lambda: poisoned(f.shape, result_type(f), like=f))
    wanted, got = ([make_output() for _ in range(count)] for _ in range(2))
    ladder.apply(BACKEND, terms, inputs, [o for o, _ in wanted])
    launch = kernels.apply(terms, inputs, [o for o, _ in got], **how)
    for (a, around), (b, touched) in zip(wanted, got, strict=True):
        assert same_bits(a, b)
        a[...], b[...] = 0, 0
        assert np.array_equal(around.astype("c16"), touched.astype("c16"))
    return launch


def check_fault(kernels, folder, right, wrong, terms, inputs):
    """The kernel passes `check`; the kernel with `wrong` in place of `right` must not."""
    if "-fsanitize" in os.environ.get("GRIDGRAD_HOST_KERNEL_FLAGS", ""):
        pytest.skip("the faults read outside on purpose")
    assert kernels.source.count(right) == 1
    check(kernels, terms, inputs)
    with pytest.raises(AssertionError):
        check(HostKernels(folder, source=kernels.source.replace(right, wrong)), terms, inputs)


def built_kernels():
    """Every variant a test asks for, built at its first use; a visible skip where there is no compiler."""
    if compiler() is None and not os.environ.get("GRIDGRAD_REQUIRE_CORE"):
        pytest.skip("no C++ compiler for the host-run CUDA kernel")
    return HostKernels(flags=flags_from_environment())
