"""`gridgrad.torch.gradient` against torch's own samples, errors and promotion."""

import inspect
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import gridgrad.torch as gt  # noqa: E402  needs torch

HALVES = (torch.float16, torch.bfloat16)
F = torch.arange(6.0) ** 2
X = torch.tensor([0.0, 1, 2, 4, 5, 8])


@pytest.fixture(scope="module")
def op():
    """What torch tests `torch.gradient` with."""
    expecttest = pytest.importorskip("expecttest")  # needed by torch.testing._internal
    assert expecttest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *a, **k: None)  # torch's test module warns as it loads
        from torch.testing._internal.common_methods_invocations import op_db
    return next(op for op in op_db if op.name == "gradient")


def reference(sample, dtype):
    """torch.gradient; of halves in float64, as torch's own arithmetic in halves is the less exact."""
    if dtype not in HALVES:
        return tuple(torch.gradient(sample.input, **sample.kwargs))
    keywords = dict(sample.kwargs)
    if isinstance(keywords["spacing"], list):
        keywords["spacing"] = [s.double() if isinstance(s, torch.Tensor) else s for s in keywords["spacing"]]
    return tuple(result.to(dtype) for result in torch.gradient(sample.input.double(), **keywords))


def run_samples(op, function):
    count = 0
    for dtype in sorted(op.supported_dtypes("cpu"), key=str):
        for sample in op.sample_inputs("cpu", dtype):
            results = function(sample.input, **sample.kwargs)
            assert type(results) is tuple
            torch.testing.assert_close(results, reference(sample, dtype))
            count += 1
    return count


def test_samples_of_torch(op):
    assert run_samples(op, gt.gradient) >= 80


def test_wrong_results_are_seen(op):
    with pytest.raises(AssertionError, match="not close"):
        run_samples(op, lambda *a, **k: tuple(1.5 * result for result in gt.gradient(*a, **k)))


def test_errors_of_torch(op):
    count = 0
    for case in op.error_inputs("cpu"):
        with pytest.raises(case.error_type, match=case.error_regex or None):
            gt.gradient(case.sample_input.input, **case.sample_input.kwargs)
        count += 1
    assert count >= 21


def test_samples_are_differentiable(op):
    for sample in op.sample_inputs("cpu", torch.float64, requires_grad=True):
        results = gt.gradient(sample.input, **sample.kwargs)
        slopes = [
            torch.autograd.grad(sum((r**2).sum() for r in rs), sample.input)[0]
            for rs in (results, torch.gradient(sample.input, **sample.kwargs))
        ]
        torch.testing.assert_close(*slopes)


def test_signature():
    parameters = inspect.signature(gt.gradient).parameters
    assert list(parameters) == ["input", "spacing", "dim", "edge_order"]
    assert all(p.kind is p.KEYWORD_ONLY for name, p in parameters.items() if name != "input")


PROMOTION = {
    "number": 2.0,
    "0-d float64": torch.tensor(2.0, dtype=torch.float64),
    "list of numbers": [2.0],
    "float16 coordinates": [X.half()],
    "float32 coordinates": [X],
    "float64 coordinates": [X.double()],
    "int64 coordinates": [X.long()],
}


@pytest.mark.parametrize("spacing", PROMOTION)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64,
                                   torch.complex64, torch.int32, torch.int64], ids=str)  # fmt: skip
def test_promotion(dtype, spacing):
    f = F.to(dtype)
    (result,) = gt.gradient(f, spacing=PROMOTION[spacing])
    (expected,) = torch.gradient(f, spacing=PROMOTION[spacing])
    assert result.dtype == expected.dtype
    # torch makes its coefficients in the type of the coordinates, so that is what may differ
    least = 2e-3 if spacing == "float16 coordinates" else 1e-6
    tolerance = max(least, {torch.float16: 2e-3, torch.bfloat16: 2e-2}.get(result.dtype, 0))
    torch.testing.assert_close(result, expected, rtol=tolerance, atol=tolerance)


def test_each_dim_promotes_by_itself():
    f = F.reshape(2, 3)
    dtypes = [r.dtype for r in gt.gradient(f, spacing=[X[:2], X[:3].double()])]
    assert dtypes == [r.dtype for r in torch.gradient(f, spacing=[X[:2], X[:3].double()])]
    assert dtypes == [torch.float32, torch.float64]


def test_integers_follow_the_default_dtype():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        assert gt.gradient(torch.arange(3))[0].dtype == torch.float64
    finally:
        torch.set_default_dtype(before)


def test_wider_than_torch():
    f = F.reshape(2, 3)
    mixed = gt.gradient(f, spacing=[2.0, [0.0, 1.0, 3.0]])
    assert torch.equal(mixed[1], gt.gradient(f, spacing=[X[[0, 1, 2]] * torch.tensor([1, 1, 1.5])], dim=1)[0])
    assert torch.equal(gt.gradient(F, spacing=X)[0], gt.gradient(F, spacing=[X])[0])
    assert gt.gradient(F, spacing=np.float64(2.0))[0].dtype == torch.float32
    assert gt.gradient(F.reshape(2, 3), dim=()) == ()
    assert gt.gradient(torch.tensor([9, 5, 0], dtype=torch.uint8))[0].tolist() == [-4, -4.5, -5]


def test_coordinates_that_turn_round():
    x = torch.tensor([0.0, 2, 1, 4], dtype=torch.float64)
    torch.testing.assert_close(
        gt.gradient(x**2, spacing=[x], edge_order=2), tuple(torch.gradient(x**2, spacing=[x], edge_order=2))
    )


class TestRightWhereTorchIsWrong:
    def test_integers_do_not_wrap(self):
        f = torch.tensor([-128, 127, -128, 127], dtype=torch.int8)
        assert gt.gradient(f)[0].tolist() == [255, 0, 0, 255]
        f = 2**24 + torch.tensor([0, 1, 2, 3, 5], dtype=torch.int32)
        assert gt.gradient(f, edge_order=2)[0].tolist() == [1, 1, 1, 1.5, 2.5]
        f = 10**9 + torch.arange(6) ** 2
        assert gt.gradient(f, edge_order=2)[0].tolist() == [0, 2, 4, 6, 8, 10]

    def test_integer_coordinates_are_exact(self):
        x = torch.tensor([0, 1, 3, 4, 6, 7])
        f = x.double() ** 2
        torch.testing.assert_close(
            gt.gradient(f, spacing=[x], edge_order=2)[0], 2.0 * x.double(), rtol=4e-16, atol=0
        )
        (far,) = gt.gradient(f, spacing=[x * 10**10 + 17 * 10**17])
        torch.testing.assert_close(far, gt.gradient(f, spacing=[x])[0] / 1e10, rtol=1e-15, atol=0)
        (narrow,) = gt.gradient(f, spacing=[torch.tensor([100, 80, 60, 40, 20, 0], dtype=torch.uint8)])
        torch.testing.assert_close(narrow, gt.gradient(f, spacing=-20.0)[0], rtol=1e-15, atol=0)


COMPLEX_X = X.to(torch.complex64)
ERRORS = {
    "three coordinates for any length": ((F,), {"spacing": [X[:3]]}, (RuntimeError, ValueError), "6 points but 3 coordinates"),
    "repeated coordinate": ((F,), {"spacing": [X.clamp(min=1)]}, (RuntimeError, ValueError), "x[0]=1.0, x[1]=1.0"),
    "coordinates that come back": ((F,), {"spacing": [torch.tensor([0.0, 1, 0, 2, 3, 4])]}, (RuntimeError, ValueError),
                                   "repeat a position within one row: x[0]=0.0, x[2]=0.0"),
    "NaN coordinate": ((F,), {"spacing": [X * torch.nan]}, (RuntimeError, ValueError), "not finite: x[0]=nan"),
    "complex coordinates": ((F,), {"spacing": [COMPLEX_X + 1j]}, (RuntimeError, TypeError), "is complex"),
    "zero": ((F,), {"spacing": 0}, (RuntimeError, ValueError), "the spacing of axis 0 is 0"),
    "a string": ((F,), {"spacing": "1"}, (RuntimeError, TypeError), "is the string"),
    "one tensor for two dims": ((F.reshape(2, 3),), {"spacing": X[:3]}, (RuntimeError, TypeError), "but got one tensor"),
    "bool data": ((F > 2,), {}, (RuntimeError, TypeError), "torch.bool"),
    "0-d data": ((torch.tensor(1.0),), {}, (RuntimeError, ValueError), "0-dimensional"),
    "not a tensor": ((np.ones(3),), {}, (TypeError,), "must be a torch.Tensor, got ndarray; use gridgrad.gradient"),
    "dim as a float": ((F,), {"dim": 1.0}, (TypeError,), "axis must be an int"),
    "dim out of range": ((F,), {"dim": -2}, (IndexError,), "axis -2 is out of bounds"),
    "edge_order as a float": ((F,), {"edge_order": 1.5}, (TypeError,), "must be the integer 1 or 2, got 1.5"),
    "edge_order True": ((F,), {"edge_order": True}, (TypeError,), "must be the integer 1 or 2, got True"),
}  # fmt: skip


@pytest.mark.parametrize("row", ERRORS)
def test_bad_inputs(row):
    arguments, keywords, classes, message = ERRORS[row]
    with pytest.raises(classes[0], match=re.escape(message)) as caught:
        gt.gradient(*arguments, **keywords)
    assert all(isinstance(caught.value, cls) for cls in classes)


@pytest.mark.parametrize("axis", [0, -1, (1, 0)])
def test_axis_is_read_as_dim_as_torch_does(axis):
    plane = torch.outer(F, F)
    for ours, theirs in zip(gt.gradient(plane, axis=axis), torch.gradient(plane, axis=axis), strict=True):
        assert torch.equal(ours, theirs)
    with pytest.raises(TypeError, match="'axis'; here it is dim="):
        gt.gradient(plane, axis=axis, dim=0)
