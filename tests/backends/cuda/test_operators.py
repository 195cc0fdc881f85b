"""Operators by the CUDA kernel on NumPy arrays: factors, second axes, norms, wide rows; bits of the host core."""

from __future__ import annotations

import numpy as np
import pytest
from cuda_cases import (
    DTYPES,
    ENDS,
    GENERAL,
    IN_VECTORS,
    LAYOUTS,
    OF_REALS,
    OPERATORS,
    built_kernels,
    check,
    check_fault,
    holes,
    only_rows,
    operator,
    result_type,
    rows_of_values,
    same_bits,
    samples,
    stencil,
    uneven_rows,
)
from curvilinear_maps import positions

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.cuda import rows, variants
from gridgrad._backends.numpy import BACKEND, memory
from gridgrad._stencils.stencil import CENTRAL, Stencil
from gridgrad._terms.term import Join, Term

SHAPE = (9, 10, 16)
ACROSS, ALONG = 0, 1  # of a field of two axes


@pytest.fixture(scope="module")
def kernels():
    return built_kernels()


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator(kernels, name):
    """Other boundaries are other data for the same kernel."""
    for spacing in ("uniform", "irregular"):
        for ends in ENDS:
            terms, inputs = operator(name, SHAPE, "float32", spacing, ends)
            launch = check(kernels, terms, inputs, backwards=ends == ENDS[1])
            assert (launch.variant.vector == 1) == (name not in IN_VECTORS)


@pytest.mark.parametrize("name", ["factors", "factors and faces", "biharmonic"])
def test_factors_and_products(kernels, name):
    for dtype in ("float32", "complex128"):
        check(kernels, *operator(name, (6, 17), dtype, ends=ENDS[1][:2]))


@pytest.mark.parametrize("name", ["gradient", "divergence", "laplacian"])
def test_operators_of_curvilinear_grids(kernels, name):
    """Terms with factors of the grid's own, one of them behind two derivatives."""
    A = getattr(gg.Grid(*positions("sinusoidal", 9, 16)), name)
    for dtype in ("float32", "complex128"):
        f = [samples((9, 16), dtype, seed) for seed in range(2 if A.inputs else 1)]
        check(kernels, A.pattern.terms_on((0, 1)), [*f, *A.settled_like(f[0]).coefficients])


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("name", ["divergence", "diffuse", "mixed.T", "advect"])
def test_every_dtype(kernels, name, dtype):
    for shape in (SHAPE[1:], (6, 7)):
        check(kernels, *operator(name, shape, dtype))


@pytest.mark.parametrize(
    "dtype", [d for d in DTYPES if np.dtype(d).kind != "c"], ids=lambda d: np.dtype(d).name
)
def test_norms_of_every_real_dtype(kernels, dtype):
    for shape in (SHAPE[1:], (6, 7)):
        for name in OF_REALS:
            check(kernels, *operator(name, shape, dtype))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_fields_and_coefficients(kernels, layout):
    """Each field and coefficient is a view of its own; a coefficient may be broadcast among full fields."""
    shape = LAYOUTS[layout](samples((8, 9, 16))).shape

    def view(_, dtype, seed):
        return LAYOUTS[layout](samples((8, 9, 16), dtype, seed))

    for name, dtype in (("advect", "float32"), ("diffuse.T", "complex64")):
        for index in ("int32", "int64"):
            check(kernels, *operator(name, shape, dtype, make=view), index=index)
    terms, inputs = operator("advect", shape)
    check(kernels, terms, [inputs[0], *(np.broadcast_to(c[:1, :, :1], shape) for c in inputs[1:])])


def test_wide_rows_on_short_axes(kernels):
    for n in range(8, 20):
        check(kernels, *operator("laplacian 6", (n, n), "float64", ends="periodic", spacing="uniform"))
        check(kernels, *operator("laplacian 4.T", (n, n + 1), "float64"))


@pytest.mark.parametrize("slot", ["outer", "faces"])
@pytest.mark.parametrize("make", [stencil, uneven_rows, only_rows, rows_of_values], ids=lambda f: f.__name__)
@pytest.mark.parametrize("axis", [ACROSS, ALONG])
def test_rows_of_data(kernels, axis, make, slot):
    """Several at an end, empty ones, nothing else: alone, and with a factor; complex ones in pairs."""
    for dtype in ("float32", "complex64"):
        f, real = samples((8, 7), dtype), samples((8, 7), seed=1)
        rows = make(f.shape[axis])
        terms = (Term(0, 0, axis, rows), Term(0, 0, axis, rows, **{slot: 1}))
        check(kernels, terms, [f, real])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "complex128"])
def test_values_in_vectors(kernels, dtype):
    """A wall's value in the one row of data that an end along the row may have, and across it in three."""
    along = Stencil(32, CENTRAL, (1.0, 2.0), (((0, 0, 2.0), (0, 1, 1.0)),), (((31, 31, -2.0),),))
    launch = check(
        kernels, (Term(0, 0, 0, rows_of_values(9)), Term(0, 0, 1, along)), [samples((9, 32), dtype)]
    )
    assert launch.variant.vector > 1


@pytest.mark.parametrize("axis", [ACROSS, ALONG])
def test_weights_of_zero_read_nothing(kernels, axis):
    rows = holes(9)
    f = samples((9, 9), "float64")
    f[::3, ::3] = np.nan
    for slot in ("inner", "faces"):
        check(
            kernels,
            (Term(0, 0, axis, rows), Term(1, 0, axis, rows, **{slot: 1})),
            [f, samples((9, 9), "float64", 1)],
        )


@pytest.mark.parametrize("slot", ["inner", "faces", "outer"])
@pytest.mark.parametrize("axis", [ACROSS, ALONG])
def test_factors_of_zero_read_nothing(kernels, axis, slot):
    shape = SHAPE[1:]
    f, factor = (samples(shape, "float64", seed=k) for k in range(2))
    factor[...] = np.where(np.isfinite(f), np.nan_to_num(factor), 0)
    factor[:, ::5] = 0
    own = holes(shape[axis]) if slot == "inner" else uneven_rows(shape[axis])
    for options in ({"gated": True}, {"gated": True, "harmonic": slot == "faces"}):
        check(kernels, (Term(0, 0, axis, own, **{slot: 1}, **options),), [f, factor])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("axis", [ACROSS, ALONG])
def test_harmonic_means(kernels, axis, dtype):
    shape = SHAPE[1:]
    f, k = samples(shape, dtype), np.abs(samples(shape, dtype, seed=1))
    for own in (stencil(shape[axis]), uneven_rows(shape[axis])):
        check(kernels, (Term(0, 0, axis, own, faces=1, harmonic=True),), [f, k])


@pytest.mark.parametrize("axis", [ACROSS, ALONG])
def test_differences_of_weight_zero_read_nothing(kernels, axis):
    f = samples((9, 9), "float64")
    f[::3, ::3] = np.nan
    rows = holes(9, values=False)
    launch = check(kernels, (Term(0, 0, axis, rows), Term(1, 0, axis, rows, faces=1)),
                   [f, samples((9, 9), "float64", 1)])  # fmt: skip
    assert launch.variant.stencils[0][2] == variants.SELECTED + variants.VALUED  # a value among them


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_terms_at_ends(kernels, dtype):
    """From side arrays with a stride of 0, after the others of their output, mixed, alone and added to what is held."""
    shape = (6, 9, 16)
    terms, inputs = operator("laplacian", shape, dtype)
    ends = [
        Stencil(n, (), (), (((0, 0, 2.0),), (), ((2, 1, 1.0),)), (((n - 1, n - 1, 3.0),),), True)
        for n in shape
    ]
    sides = [
        np.broadcast_to(samples([1 if k == a else n for k, n in enumerate(shape)], dtype, a), shape)
        for a in range(3)
    ]
    own = tuple(Term(0, 1 + axis, axis, rows, ends=True) for axis, rows in enumerate(ends))
    mixed = Term(0, 2, 2, stencil(16), then=(1, ends[1]), ends=True)
    check(kernels, (*own, *terms, mixed), [*inputs, *sides])
    check(kernels, (*own, mixed), [*inputs, *sides])
    around = Stencil(
        9, (), (), tuple(tuple((i, (i + 3 * j) % 9, 0.5 + i) for j in (1, 2)) for i in range(9)), (), True
    )
    # as means round a pole
    check(kernels, (*terms, Term(0, 2, 2, ends[2], then=(1, around), ends=True)), [*inputs, *sides])
    host, device = (np.full(shape, -0.0, dtype) for _ in range(2))
    plans = [
        ladder.plan_for(BACKEND, (*own, mixed), [*inputs, *sides], [out], True) for out in (host, device)
    ]
    addresses = [[a.ctypes.data for a in (*inputs, *sides, out)] for out in (host, device)]
    memory.run(plans[0], addresses[0])
    kernels.run(plans[1], addresses[1])
    assert same_bits(host, device)
    assert np.all(np.signbit(host[3:-1, 3:-1, 3:-1].real))


@pytest.mark.parametrize("name", ["laplacian", "divergence", "diffuse", "advect.T", *OF_REALS])
def test_sweeps_that_add(kernels, name):
    """To what the outputs hold: the second half of the terms after the first is all of them."""
    for dtype in ("float32", "complex64", "int16"):
        if name in OF_REALS and dtype == "complex64":
            continue
        terms, inputs = operator(name, (6, 9, 16), dtype)
        whole, host, device = (
            [np.full(inputs[0].shape, 3, result_type(inputs[0])) for _ in range(1 + terms[-1].output)]
            for _ in range(3)
        )
        ladder.apply(BACKEND, terms, inputs, whole)
        middle = (len(terms) + 1) // 2
        for adds, some in ((False, terms[:middle]), (True, terms[middle:])):
            plans = [ladder.plan_for(BACKEND, some, inputs, outputs, adds) for outputs in (host, device)]
            addresses = [[a.ctypes.data for a in (*inputs, *outputs)] for outputs in (host, device)]
            memory.run(plans[0], addresses[0])
            kernels.run(plans[1], addresses[1])
        written = {term.output for term in terms[:middle]}
        for k, (a, b, c) in enumerate(zip(whole, host, device, strict=True)):
            assert same_bits(b, c)
            assert same_bits(a, b) or k not in written


def test_second_stencils_of_every_kind(kernels):
    f = samples((9, 8), "float32")
    first = [stencil(8, spacing) for spacing in ("uniform", "irregular")] + [
        uneven_rows(8),
        holes(8),
        only_rows(8),
    ]
    second = [stencil(9, spacing) for spacing in ("uniform", "irregular")] + [
        uneven_rows(9),
        holes(9),
        only_rows(9),
    ]
    for k, (own, then) in enumerate(zip(first, second, strict=True)):
        check(
            kernels,
            (Term(0, 0, 1, own, then=(0, second[(k + 1) % 5])), Term(1, 0, 1, own, then=(0, then))),
            [f],
        )


def factors_of_every_kind():
    """Terms of fields of shape (9, 8) with factors 1 to 3."""
    return {
        "all factors": Term(0, 0, 1, holes(8), inner=1, faces=2, outer=3),
        "differences with factors": Term(0, 0, 0, uneven_rows(9), faces=1, outer=2),
        "mixed with factors": Term(0, 0, 1, holes(8), inner=1, outer=3, then=(0, stencil(9, "irregular"))),
        "mixed with factors along the row": Term(0, 0, 0, holes(9), inner=1, then=(1, stencil(8))),
    }


def fields_and_factors(shape, dtype):
    real = np.dtype(dtype).type(0).real.dtype
    return [samples(shape, dtype), *(samples(shape, real, seed) for seed in (1, 2, 3))]


@pytest.mark.parametrize("name", factors_of_every_kind())
def test_several_factors(kernels, name):
    for dtype in ("float32", "complex128", "int16"):
        check(kernels, (factors_of_every_kind()[name],), fields_and_factors((9, 8), dtype))


@pytest.mark.parametrize("join", [Join.NORM, Join.SQUARES])
def test_norms_and_squares_of_everything(kernels, join):
    """A factor and a second stencil inside; of a norm huge and tiny numbers neither overflow nor vanish."""
    f, c = samples((9, 8), "float64") * 1e200, samples((9, 8), "float64", 1)
    own, other = stencil(8, "irregular"), stencil(9)
    terms = (
        Term(0, 0, 1, own, outer=1, join=join),
        Term(0, 0, 0, other, join=join),
        Term(0, 0, 1, own, then=(0, other), join=join),
    )
    check(kernels, terms, [f, c])
    check(kernels, terms, [f * 1e-300 * 1e-200, c])


def test_only_formula_1_stays_in_vectors():
    """Its norm and its factor at the point do too, if the factor's elements are adjacent."""
    for name in ("advect", *GENERAL):
        terms, inputs = operator(name, (8, 8, 64))
        outputs = [np.empty_like(inputs[0]) for _ in range(1 + max(t.output for t in terms))]
        plan = ladder.plan_for(BACKEND, terms, inputs, outputs)
        assert variants.widest_vector(plan) == (1 if name in GENERAL else 4)
    inputs[1:] = [np.broadcast_to(c[..., :1], c.shape) for c in inputs[1:]]
    terms, _ = operator("advect", (8, 8, 64))
    assert variants.widest_vector(ladder.plan_for(BACKEND, terms, inputs, outputs)) == 1


@pytest.mark.parametrize("layout", ["as they come", "every second", "odd start", "reversed", "broadcast row"])
@pytest.mark.parametrize("name", OPERATORS)
def test_elements_apart(kernels, monkeypatch, name, layout):
    """Rows of any length and stride are shared in fours or twos; a warp of four threads shows it on short rows."""
    monkeypatch.setattr(rows, "WARP", 4)

    def view(shape, dtype, seed):
        full = samples([2 * n + 2 for n in shape], dtype, seed)
        views = {"every second": full[..., :-2:2], "odd start": full[..., 1 : shape[-1] + 1],
                 "reversed": full[..., shape[-1] - 1 :: -1], "broadcast row": np.broadcast_to(full[..., :1], full.shape)}  # fmt: skip
        return views.get(layout, full)[tuple(slice(n) for n in shape)]

    shared = set()
    for k, dtype in enumerate(("float32", "float64") if name in OF_REALS else ("float32", "complex64")):
        for row in (18, 21, 33):
            terms, inputs = operator(name, (8, 9, row), dtype, ("uniform", "irregular")[k], make=view)
            variant = check(
                kernels, terms, inputs, index="int64" if row == 33 else None, backwards=row == 21
            ).variant
            shared.add(variant.elements if variant.vector == 1 else 0)
    assert shared & {2, 4} or len(variant.terms) > rows.LIGHT_TERMS


def test_what_adds_shares_nothing(kernels):
    """A last warp that repeats elements would add to them twice."""
    terms, inputs = operator("diffuse", (8, 200))
    outputs = [np.zeros_like(inputs[0])]
    plans = [ladder.plan_for(BACKEND, terms, inputs, outputs, adds) for adds in (False, True)]
    assert [variants.make_launch(plan, 1).variant.elements for plan in plans] == [4, 1]


def test_scalars_that_only_rounding_makes_equal_take_the_short_form(kernels):
    """As in every executor: whether weights are equal is asked of the rounded ones."""
    rows = stencil(12)
    rows = type(rows)(12, rows.offsets, (1.0, 1.0 + 2.0**-40), rows.leading, rows.trailing)
    f = samples((5, 12))
    f[2, 5] = np.nan
    assert check(kernels, (Term(0, 0, 1, rows),), [f]).variant.stencils[0][1] == variants.EQUAL


FAULTS = {
    "a factor of another sample": ("advect.T", "factor = inner(b * inner_step);\n      weight", "factor = inner(0);\n      weight"),
    "a face of one point": ("diffuse", "after = faces(b * faces_step)", "after = faces(a * faces_step)"),
    "no faces beside a factor": ("all factors", "return weight.at[e] * load<Real>(factor", "return load<Real>(factor"),
    "a factor of the first row for all": ("mixed with factors", "aside * stride_of(array, other)", "(k ? 0 : aside * stride_of(array, other))"),
    "values as differences": ("diffuse.T", "if (values == VALUE)", "if (values > 1)"),
    "values as differences at ends": ("values", "(values & VALUED) && a == b", "(values & VALUED) && a > b"),
    "weights of 0 that read": ("holes", "sample_value(weight.at[e], scaled", "sample_value(Real(1), scaled"),
    "differences of weight 0 that read": ("holes of differences", "values & SELECTED ? unless_zero(weight.at[e], value) : value", "value"),
    "the second stencil at the first point": ("mixed.T", "Unscaled{}, at[other], 1)", "Unscaled{}, at[ROW], 1)"),
    "the second stencil along the first axis": ("mixed.T", "rows{plan, at, other}", "rows{plan, at, ROW}"),
    "the row's ends as its inside": ("laplacian 4", "ELEMENTS == 1 || shape.dim != ROW", "shape.dim != ROW"),
    "the first edge row for all": ("laplacian 4", "return i < stencil.leading ? i :", "return i < stencil.leading ? 0 :"),
    "weights of the first point": ("laplacian 4", "weights_of(stencil, k)[at]", "weights_of(stencil, k)[0]"),
    "elements side by side": ("apart", "from[e * GAP * stride]", "from[e * stride]"),
    "a last warp that is not moved": ("apart", "(start < latest ? start : latest)", "(start < latest ? start : start)"),
    "ends that are forgotten": ("apart", "if (end >= elements(plan.length[ROW])) return;", "if (end > 0) return;"),
    "ends of one side": ("apart", "thread - span.first + span.last", "thread + span.last"),
    "inside the ends of one axis": ("apart", "if (first > span.first) span.first = first;", "if (first > span.first) span.first = 1;"),
    "component forgotten": ("complex", "stride_of(plan.array[k], dim) * inner_of(stencil, dim)", "stride_of(plan.array[k], dim)"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(kernels, tmp_path, fault):
    """As in test_cuda_host.py, of what only the general path does."""
    name, right, wrong = FAULTS[fault]
    if name.startswith("holes"):
        f = samples((9, 9))
        f[::3] = np.nan
        terms, inputs = (Term(0, 0, 0, holes(9, values=name == "holes")),), [f]
    elif name == "values":
        along = Stencil(32, CENTRAL, (1.0, 2.0), (((0, 0, 2.0),),), ((),))
        terms = (Term(0, 0, 0, rows_of_values(9)), Term(0, 0, 1, along))
        inputs = [samples((9, 32))]
    elif name == "complex":
        terms, inputs = operator("laplacian 4", (9, 9), "complex64")
    elif name == "apart":
        terms, inputs = operator("laplacian 4", (7, 150))
    elif "factors" in name:
        terms, inputs = (factors_of_every_kind()[name],), fields_and_factors((9, 8), "float32")
    else:
        terms, inputs = operator(name, (10, 8))
    check_fault(kernels, tmp_path, right, wrong, terms, inputs)
