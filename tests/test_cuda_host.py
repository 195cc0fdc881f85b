"""The CUDA kernel on NumPy arrays: identical text, bytes and launch shape; bits must be the host core's."""

from __future__ import annotations

import os
from itertools import combinations

import numpy as np
import pytest
from host_kernels import HostKernels, compiler, flags_from_environment, layout_of_the_struct

from gridgrad import _execute_host, _kernels
from gridgrad._execute_host import plan_for
from gridgrad._plan import DESCRIPTOR, Term
from gridgrad._stencils import Stencil, first_derivative

ml_dtypes = pytest.importorskip("ml_dtypes")
DTYPES = ["float16", ml_dtypes.bfloat16, "float32", "float64", "complex64", "complex128", "int8", "uint8",
          "int16", "uint16", "int32", "uint32", "int64", "uint64"]  # fmt: skip
CANARY = 77


@pytest.fixture(scope="session")
def kernels(tmp_path_factory):
    if compiler() is None and not os.environ.get("GRIDGRAD_REQUIRE_CORE"):
        pytest.skip("no C++ compiler for the host-run CUDA kernel")
    return HostKernels(tmp_path_factory.mktemp("kernels"), flags_from_environment())


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
        return first_derivative(0.3, length, edge_order)
    steps = rng.uniform(0.5, 2.0, length - 1)
    if length > 6:
        steps[2:5] = 1.0  # points with equal weights among others
    return first_derivative(steps, length, edge_order, wrap=0.7 if spacing == "periodic" else None)


def second_derivative(length):
    """Weights of opposite sign, the same everywhere, and an edge row of two far pairs."""
    return Stencil(
        length,
        -4.0,
        4.0,
        ((0, 1, -4.0), (1, 2, 4.0)),
        ((length - 3, length - 2, -4.0), (length - 2, length - 1, 4.0)),
    )


def gradient_terms(shape, axes=None, spacing="uniform", edge_order=1):
    axes = range(len(shape)) if axes is None else axes
    return tuple(Term(k, 0, a, stencil(shape[a], spacing, edge_order, a)) for k, a in enumerate(axes))


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


def result_type(f):
    return np.dtype("float64") if f.dtype.kind in "iu" else f.dtype


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
    _execute_host.apply(terms, inputs, [o for o, _ in wanted])
    launch = kernels.apply(terms, inputs, [o for o, _ in got], **how)
    for (a, around), (b, touched) in zip(wanted, got, strict=True):
        assert same_bits(a, b)
        a[...], b[...] = 0, 0
        assert np.array_equal(around.astype("c16"), touched.astype("c16"))
    return launch


@pytest.mark.parametrize("spacing", ["uniform", "irregular", "periodic"])
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
def test_every_dtype(kernels, dtype, spacing):
    for shape in [(64,), (6, 48), (5, 33)]:
        f = samples(shape, dtype)
        for edge_order in (1, 2):
            check(kernels, gradient_terms(shape, None, spacing, edge_order), [f], backwards=edge_order == 2)


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("spacing", ["uniform", "irregular"])
def test_every_length_to_130(kernels, spacing, dtype):
    vectors = set()
    for n in range(2, 131):
        f = samples((n,), dtype)
        for edge_order in (1, 2) if n > 2 else (1,):
            vectors.add(check(kernels, gradient_terms((n,), None, spacing, edge_order), [f]).variant.vector)
    assert vectors == {1, 2, 4} if dtype == "float32" else {2, 4}


@pytest.mark.parametrize(
    "shape", [(a, b) for a in (7, 8, 9, 17) for b in (31, 32, 33, 63, 124, 127, 128, 129, 132)], ids=str
)
def test_around_block_and_vector_widths(kernels, shape):
    for shape_ in (shape, shape[::-1], (3, *shape)):
        check(kernels, gradient_terms(shape_, None, "irregular", 2), [samples(shape_)], backwards=True)


SUBSETS = [(n, axes) for n in (1, 2, 3, 4) for k in range(1, n + 1) for axes in combinations(range(n), k)]


@pytest.mark.parametrize(("ndim", "axes"), SUBSETS, ids=str)
def test_all_axis_subsets(kernels, ndim, axes):
    for last in (8, 7):
        shape = (3, 5, 4, last)[-ndim:]
        check(kernels, gradient_terms(shape, axes, "irregular", 2), [samples(shape, "float64")])
        check(kernels, gradient_terms(shape, axes[::-1]), [samples(shape, "complex64")])


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


@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "complex128", "int16"])
def test_layouts_of_input_and_output(kernels, dtype, layout, index):
    f = LAYOUTS[layout](samples((8, 9, 16), dtype))
    terms = gradient_terms(f.shape, None, "irregular", 2)
    check(kernels, terms, [f], index=index)
    check(kernels, terms, [f], lambda: poisoned(f.shape, result_type(f)), index=index)
    if layout == "reversed":

        def backward():
            o, buffer = poisoned(f.shape, result_type(f))
            return o[::-1, ::-1], buffer

        check(kernels, terms, [f], backward, index=index)


def scalar_operator(shape, kind):
    """Terms of an operator on a field with a vector of inputs: divergence, curl, laplacian, jacobian."""
    n = len(shape)
    first = [stencil(m, "irregular", 2, a) for a, m in enumerate(shape)]
    minus = [
        Stencil(
            s.length,
            -s.lower,
            -s.upper,
            *(tuple((a, b, -w) for a, b, w in row) for row in (s.leading, s.trailing)),
        )
        for s in first
    ]
    if kind == "divergence":
        return n, tuple(Term(0, a, a, first[a]) for a in range(n))
    if kind == "laplacian":
        return 1, tuple(Term(0, 0, a, second_derivative(shape[a])) for a in range(n))
    if kind == "jacobian":
        return n, tuple(Term(n * i + a, i, a, first[a]) for i in range(n) for a in range(n))
    pairs = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]  # curl: output, derivative axis, input
    return 3, tuple(t for o, a, i in pairs for t in (Term(o, i, a, first[a]), Term(o, a, i, minus[i])))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "uint8"])
@pytest.mark.parametrize("kind", ["divergence", "laplacian", "jacobian", "curl"])
@pytest.mark.parametrize("shape", [(5, 6, 36), (4, 9, 35), (6, 4, 8)], ids=str)
def test_operators_of_many_terms(kernels, shape, kind, dtype):
    count, terms = scalar_operator(shape, kind)
    fields = [samples(shape, dtype, seed) for seed in range(count)]
    if kind == "jacobian" and dtype == "complex64":
        fields = [np.asfortranarray(f) for f in fields]
    check(kernels, terms, fields)


def test_extreme_half_weights_compute_in_double(kernels):
    f = samples((6, 32), "float16")
    terms = tuple(Term(k, 0, k, first_derivative(1e-39, n, 1)) for k, n in enumerate(f.shape))
    assert check(kernels, terms, [f]).variant.real == "float64"


def test_an_empty_grid_limit_is_strided_over(kernels, monkeypatch):
    monkeypatch.setattr(_kernels, "GRID_LIMIT", 2)
    for shape in [(40, 33), (300, 5, 4), (9, 70, 64), (70000, 3)]:
        launch = check(kernels, gradient_terms(shape, None, "irregular", 2), [samples(shape)], backwards=True)
        assert launch.variant.strides == 1
        assert max(launch.grid[1:]) == 2


def test_offsets_beyond_31_bits_take_64_bit_indices(kernels):
    """2 GiB of address space, of which a few pages are touched."""
    buffer = np.zeros(2**31 + 8, np.int8)
    f = buffer[:: 2**30]
    f[...] = [1, 5, -7]
    target, _ = poisoned(f.shape, "float64")
    launch = kernels.apply(gradient_terms((3,), None, "uniform", 2), [f], [target])
    assert launch.variant.indices == "int64"
    wanted = np.empty(3)
    _execute_host.apply(gradient_terms((3,), None, "uniform", 2), [f], [wanted])
    assert np.array_equal(target, wanted)
    near = buffer[: 2**30 : 2**29 - 1]
    assert (
        kernels.apply(gradient_terms(near.shape), [near], [np.empty(near.shape)]).variant.indices == "int32"
    )


FAULTS = {
    "swapped weights": ("row_value(weights, lower, upper, below.at", "row_value(weights, upper, lower, below.at"),
    "no leading edge row": ("!inside && i < stencil.leading", "!inside && i < 0"),
    "no trailing edge row": ("!inside && i >= elements(stencil.length) - stencil.trailing", "!inside && i >= elements(stencil.length)"),
    "edge row of the other end": ("return edge_across(stencil.edge[1]", "return edge_across(stencil.edge[0]"),
    "neighbour off by one": ("above = fetch(f + stride)", "above = fetch(f + 2 * stride)"),
    "row neighbour off by one": ("(has_above ? e + inner : e)", "(has_above ? e + inner - 1 : e)"),
    "wrong stride": ("sum += at[dim] * stride_of(array, dim)", "sum += at[dim] * stride_of(array, ROW)"),
    "terms always assign": ("term.assign ? value.at[e]", "true ? value.at[e]"),
    "a point too many": ("if (at[ROW - 1] >= elements(plan.length[ROW - 1])) return;", "if (at[ROW - 1] > elements(plan.length[ROW - 1])) return;"),
    "a row too few": ("if (point >= slow) return;", "if (point >= slow - 1) return;"),
    "component forgotten": ("elements(pair.b) * inner + component - j", "elements(pair.b) * inner - j"),
    "weights of the first point": ("static_cast<const Real*>(stencil.lowers)[i]", "static_cast<const Real*>(stencil.lowers)[0]"),
    "offsets of 31 bits": ("static_cast<int64>(offset(array, at)) *", "static_cast<int64>(static_cast<int16>(offset(array, at) * 4096) / 4096) *"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(kernels, tmp_path, fault):
    """A kernel with a typical mistake must fail the very comparison that the tests above pass."""
    if "-fsanitize" in os.environ.get("GRIDGRAD_HOST_KERNEL_FLAGS", ""):
        pytest.skip("the faults read outside on purpose")
    right, wrong = FAULTS[fault]
    text = _kernels.source()
    assert text.count(right) == 1
    faulty = HostKernels(tmp_path, source=text.replace(right, wrong))
    shape = (4, 9, 35)
    laplacian = scalar_operator(shape, "laplacian")[1]
    complex_terms = gradient_terms((5, 6), None, "irregular", 2)
    cases = [
        (gradient_terms(shape, None, "irregular", 2), [samples(shape, seed=1)[:, :, :].copy()]),
        (laplacian, [samples(shape, "float64")]),
        (complex_terms, [samples((5, 6), "complex64")]),
    ]
    for terms, inputs in cases:
        check(kernels, terms, inputs)
    failures = 0
    for terms, inputs in cases:
        try:
            check(faulty, terms, inputs)
        except AssertionError:
            failures += 1
    assert failures > 0


def test_a_macro_never_carries_a_foreign_word():
    plan = plan_for(gradient_terms((8,)), [np.zeros(8)], [np.zeros(8)])
    good = _kernels.make_launch(plan, 1).variant
    evil = "float\n#include </etc/passwd>"
    for name in ("stored", "real", "out", "indices"):
        with pytest.raises(KeyError):
            _kernels.options(good._replace(**{name: evil}))
    for name in ("rank", "vector", "inner", "inputs", "outputs", "strides"):
        with pytest.raises(ValueError, match="invalid literal"):
            _kernels.options(good._replace(**{name: evil}))
    for table in ({"terms": ((0, 0, 0, evil),)}, {"stencils": ((7, evil),)}):
        with pytest.raises(ValueError, match="invalid literal"):
            _kernels.options(good._replace(**table))


def test_the_struct_is_the_same_in_python_and_cpp(kernels, tmp_path):
    seen = layout_of_the_struct(tmp_path)
    assert seen == {"size": DESCRIPTOR.itemsize, **{n: DESCRIPTOR.fields[n][1] for n in DESCRIPTOR.names}}
    assert DESCRIPTOR.itemsize < 4096  # what CUDA takes by value


@pytest.mark.parametrize(
    "work",
    [
        (1, 1, 1),
        (1, 1, 9),
        (2, 10**9, 1),
        (5, 3, 2),
        (32, 8, 1),
        (33, 9, 4),
        (10**6, 1, 1),
        (1, 1, 10**6),
        (3, 1, 1000),
    ],
)
def test_blocks_are_full_where_there_is_work(work):
    block = _kernels.block_shape(*work)
    assert all(b & (b - 1) == 0 for b in block)
    assert block[2] <= 64
    threads = block[0] * block[1] * block[2]
    assert threads <= _kernels.THREADS
    room = [1 << (n - 1).bit_length() for n in work]
    assert threads == _kernels.THREADS or block[:2] == tuple(room[:2])


def test_the_device_row_is_the_densest_dim():
    """The host takes the longest dim as row when the last is short; on a device that would not coalesce."""
    f = np.zeros((400, 8, 8), "float32")
    terms = gradient_terms(f.shape)
    plan = plan_for(terms, [f], [np.empty_like(f) for _ in terms])
    assert plan.descriptor["array"]["stride"][0, _kernels.ROW] != 1
    launch = _kernels.make_launch(plan, _kernels.widest_vector(plan))
    assert launch.descriptor["array"]["stride"][0, _kernels.ROW] == 1
    assert launch.variant.vector == 4
