"""The CUDA kernel on NumPy arrays: identical text, bytes and launch shape; bits must be the host core's."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from cuda_cases import (
    DTYPES,
    LAYOUTS,
    built_kernels,
    check,
    check_fault,
    gradient_terms,
    operator,
    poisoned,
    result_type,
    samples,
    uneven_rows,
)
from host_kernels import layout_of_the_struct

from gridgrad._backends import ladder
from gridgrad._backends.cuda import launch_shape, variants
from gridgrad._backends.numpy import BACKEND
from gridgrad._plan.descriptor import DESCRIPTOR
from gridgrad._stencils.derivatives import Rule, derivative_stencil
from gridgrad._stencils.wide import narrow
from gridgrad._terms.term import Term


@pytest.fixture(scope="session")
def kernels():
    return built_kernels()


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
    assert vectors == {1, 2, 4}


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


def test_rows_of_data_at_each_end(kernels):
    """Any number of them across the row; more than one in the row takes the general path."""
    shape = (8, 80)
    for axis, vector in ((0, 4), (1, 1)):
        terms = (Term(0, 0, axis, uneven_rows(shape[axis])),)
        assert check(kernels, terms, [samples(shape)]).variant.vector == vector


def test_extreme_half_weights_compute_in_double(kernels):
    f = samples((6, 32), "float16")
    terms = tuple(Term(k, 0, k, derivative_stencil(narrow(1e-39), n, Rule())) for k, n in enumerate(f.shape))
    assert check(kernels, terms, [f]).variant.real == "float64"


def test_an_empty_grid_limit_is_strided_over(kernels, monkeypatch):
    monkeypatch.setattr(launch_shape, "GRID_LIMIT", 2)
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
    ladder.apply(BACKEND, gradient_terms((3,), None, "uniform", 2), [f], [wanted])
    assert np.array_equal(target, wanted)
    near = buffer[: 2**30 : 2**29 - 1]
    assert (
        kernels.apply(gradient_terms(near.shape), [near], [np.empty(near.shape)]).variant.indices == "int32"
    )


FAULTS = {
    "swapped weights": ("gradient", "row_value(weights, lower.at[e], upper.at[e]", "row_value(weights, upper.at[e], lower.at[e]"),
    "no leading edge row": ("gradient", "i >= stencil.leading &&", "i >= 0 &&"),
    "no trailing edge row": ("gradient", "i + stencil.trailing < elements(stencil.length);", "i < elements(stencil.length);"),
    "edge row of the other end": ("gradient", "edge_row<N>(stencil, edge_of(stencil, i)", "edge_row<N>(stencil, i < stencil.leading ? 1 : 0"),
    "row edge of the other end": ("gradient", "edge_row<1>(stencil, first ? 0 : stencil.leading", "edge_row<1>(stencil, 0"),
    "neighbour off by one": ("gradient", "above = read(step)", "above = read(2 * step)"),
    "row neighbour off by one": ("gradient", "has_above ? e + inner : e]", "has_above ? e + inner - 1 : e]"),
    "wrong stride": ("gradient", "sum += at[dim] * stride_of(array, dim)", "sum += at[dim] * stride_of(array, ROW)"),
    "terms always assign": ("laplacian", "return term.assign ? begun", "return true ? begun"),
    "a point too many": ("gradient", "if (at[ROW] >= elements(plan.length[ROW])) return;", "if (at[ROW] > elements(plan.length[ROW])) return;"),
    "a row too few": ("gradient", "if (point >= slow) return;", "if (point >= slow - 1) return;"),
    "component forgotten": ("complex", "first ? 0 : points - 1, inner)", "first ? 0 : points - 1, 1)"),
    "weights of the first point": ("gradient", "weights_of(stencil, k)[at]", "weights_of(stencil, k)[0]"),
    "upper weights are the lower": ("gradient", "upper = fetch<N>(weights_of(stencil, 1)", "upper = fetch<N>(weights_of(stencil, 0)"),
    "offsets of 31 bits": ("gradient", "static_cast<int64>(offset(array, at)) *", "static_cast<int64>(static_cast<int16>(offset(array, at) * 4096) / 4096) *"),
    "a factor of another element": ("advect", "load<Real>(c.at[e])", "load<Real>(c.at[0])"),
    "a sum for squares": ("gradient squared", "join = JOINS[term.output]", "join = TOTAL"),
    "a sum for a norm": ("gradient norm", "join = JOINS[term.output]", "join = TOTAL"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(kernels, tmp_path, fault):
    """A kernel with a typical mistake must fail the very comparison that the tests above pass."""
    name, right, wrong = FAULTS[fault]
    shape = (4, 9, 36)
    if name == "gradient":
        terms, inputs = gradient_terms(shape, None, "irregular", 2), [samples(shape, seed=1)]
    elif name == "complex":
        terms, inputs = gradient_terms((5, 6), None, "irregular", 2), [samples((5, 6), "complex64")]
    else:
        terms, inputs = operator(name, shape)
    check_fault(kernels, tmp_path, right, wrong, terms, inputs)


def test_a_macro_never_carries_a_foreign_word():
    plan = ladder.plan_for(BACKEND, gradient_terms((8,)), [np.zeros(8)], [np.zeros(8)])
    good = variants.make_launch(plan, 1).variant
    evil = "float\n#include </etc/passwd>"
    for name in ("stored", "real", "out", "indices"):
        with pytest.raises(KeyError):
            variants.macros(good._replace(**{name: evil}))
    for name in (
        "rank",
        "vector",
        "elements",
        "gap",
        "unit",
        "inner",
        "inputs",
        "outputs",
        "strides",
        "blocks",
    ):
        with pytest.raises(ValueError, match="invalid literal"):
            variants.macros(good._replace(**{name: evil}))
    for table in ({"terms": ((0, 0, 0, evil),)}, {"stencils": ((7, evil),)}, {"stencils": ((7, (0, evil)),)}):
        with pytest.raises(ValueError, match="invalid literal"):
            variants.macros(good._replace(**table))


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
    block = launch_shape.block_shape(*work)
    assert all(b & (b - 1) == 0 for b in block)
    assert block[2] <= 64
    threads = block[0] * block[1] * block[2]
    assert threads <= launch_shape.THREADS
    room = [1 << (n - 1).bit_length() for n in work]
    assert threads == launch_shape.THREADS or block[:2] == tuple(room[:2])


def test_the_device_row_is_the_densest_dim():
    """The host takes the longest dim as row when the last is short; on a device that would not coalesce."""
    f = np.zeros((400, 8, 8), "float32")
    terms = gradient_terms(f.shape)
    plan = ladder.plan_for(BACKEND, terms, [f], [np.empty_like(f) for _ in terms])
    assert plan.descriptor["array"]["stride"][0, variants.ROW] != 1
    launch = variants.make_launch(plan, variants.widest_vector(plan))
    assert launch.descriptor["array"]["stride"][0, variants.ROW] == 1
    assert launch.variant.vector == 4
