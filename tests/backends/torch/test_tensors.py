"""Torch tensors: the core's bits on the tensor's own memory, any layout, `out`, and every wrong argument."""

import re
import warnings

import numpy as np
import pytest
from oracles import extended_gradient, extended_steps
from samples import frozen, noise

import gridgrad as gg

torch = pytest.importorskip("torch")

X = [0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.5]
LINE = torch.tensor([1.0, 4, 9, 16, 25], dtype=torch.float64)
PLANE = torch.arange(20.0, dtype=torch.float64).reshape(4, 5) ** 2
NAMES = ["float32", "float64", "complex64", "complex128",
         "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]  # fmt: skip
HALVES = ["float16", "bfloat16"]


def tensor_of(array):
    """The same numbers in memory of torch's own."""
    return torch.from_numpy(np.array(array))


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(_bytes(a), _bytes(b))


def _bytes(a):
    return a.detach().contiguous().reshape(-1).view(torch.uint8)


LAYOUTS = {
    "contiguous": lambda f: f.clone(),
    "channels_last": lambda f: f.to(memory_format=torch.channels_last),
    "transposed": lambda f: f.transpose(1, 3).contiguous().transpose(1, 3),
    "flipped": lambda f: f.flip(2).flip(2),
    "every second": lambda f: f.repeat_interleave(2, dim=3)[..., ::2],
    "expanded": lambda f: f[:1].expand(f.shape),
    "offset": lambda f: torch.cat([f[:1], f])[1:],
    "unaligned": lambda f: _unaligned(f),
}


def _unaligned(f):
    raw = torch.zeros(f.numel() * f.element_size() + 1, dtype=torch.uint8).numpy()[1:]
    shifted = torch.from_numpy(raw.view(str(f.dtype).rpartition(".")[2])).reshape(f.shape)
    return shifted.copy_(f)


class TestValues:
    @pytest.mark.parametrize("edge_order", [1, 2])
    @pytest.mark.parametrize("spacing", [0.3, X, X[::-1]], ids=["step", "coordinates", "decreasing"])
    @pytest.mark.parametrize("name", NAMES)
    def test_bits_of_numpy(self, name, spacing, edge_order, rng):
        array = noise(rng, (3, 7, 2), name)
        result = gg.gradient(tensor_of(array), spacing, axis=1, edge_order=edge_order)
        expected = gg.gradient(array, spacing, axis=1, edge_order=edge_order)
        assert same_bits(result, tensor_of(expected))

    @pytest.mark.parametrize("edge_order", [1, 2])
    @pytest.mark.parametrize("spacing", [0.3, X], ids=["step", "coordinates"])
    @pytest.mark.parametrize("name", HALVES)
    def test_halves_are_rounded_once_from_float32(self, name, spacing, edge_order, rng):
        f = tensor_of(noise(rng, (7, 3))).to(getattr(torch, name))
        result = gg.gradient(f, spacing, axis=0, edge_order=edge_order)
        assert same_bits(result, gg.gradient(f.float(), spacing, axis=0, edge_order=edge_order).to(f.dtype))

    @pytest.mark.parametrize("name", [name for name in NAMES if "complex" not in name])
    def test_against_long_double(self, name, rng):
        array = noise(rng, (7, 2), name)
        result = gg.gradient(tensor_of(array), X, axis=0, edge_order=2).numpy()
        value, scale = extended_gradient(array, 0, extended_steps(X, 7), 2)
        assert np.all(np.abs(result - value) <= 2 * np.finfo(result.dtype).eps * scale)

    @pytest.mark.parametrize("edge_order", [1, 2])
    @pytest.mark.parametrize("name", [*NAMES, *HALVES])
    def test_torch_operations_give_the_same_bits(self, name, edge_order, rng):
        """What a differentiated tensor goes through equals what plain memory goes through."""
        from gridgrad._backends import slices
        from gridgrad._backends.torch.operations import OPERATIONS
        from gridgrad._grid.axis import axis_stencil
        from gridgrad._stencils.derivatives import Rule
        from gridgrad._terms.term import Term

        array = noise(rng, (7, 3), "float32" if name in HALVES else name)
        f = tensor_of(array).to(getattr(torch, name))
        term = Term(0, 0, 0, axis_stencil(X, 7, 0, Rule(edge_order=edge_order), None, np.float64))
        (sliced,) = slices.apply(OPERATIONS, (term,), [f], 1)
        assert same_bits(sliced, gg.gradient(f, X, axis=0, edge_order=edge_order))

    def test_nan_locality(self):
        for place in range(7):
            f = torch.arange(7.0) ** 2
            f[place] = torch.nan
            for spacing in (1.0, X):
                expected = np.isnan(gg.gradient(f.numpy(), spacing, edge_order=2))
                assert np.array_equal(torch.isnan(gg.gradient(f, spacing, edge_order=2)).numpy(), expected)
                tracked = gg.gradient(f.clone().requires_grad_(), spacing, edge_order=2)
                assert np.array_equal(torch.isnan(tracked).numpy(), expected)

    def test_many_axes(self):
        f = torch.rand(2, 3, 2, 3, 2, 3, 2, 3, 2, dtype=torch.float64)
        for result, expected in zip(gg.gradient(f), gg.gradient(f.numpy()), strict=True):
            assert torch.equal(result, tensor_of(expected))

    def test_weights_beyond_all_exponents(self):
        f = torch.arange(5.0, dtype=torch.float64) ** 2 * 5e-324
        x = torch.arange(5.0, dtype=torch.float64) * 5e-324
        assert gg.gradient(f, x, edge_order=2).tolist() == [0, 2, 4, 6, 8]

    def test_mixed_scalar_and_coordinates_of_any_library(self):
        f = PLANE.clone()
        for x in (torch.arange(5), np.arange(5.0), [0, 1, 2, 3, 4], torch.arange(5, dtype=torch.bfloat16)):
            dy, dx = gg.gradient(f, torch.tensor(2.0), x)
            assert torch.equal(dy, gg.gradient(f, axis=0) / 2)
            assert torch.equal(dx, gg.gradient(f, axis=1))

    def test_numpy_samples_on_torch_coordinates(self):
        result = gg.gradient(PLANE.numpy(), torch.arange(5.0), axis=1)
        assert np.array_equal(result, gg.gradient(PLANE.numpy(), axis=1))


class TestLayouts:
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("name", ["float32", "complex128", "int16"])
    def test_same_bits_in_any_layout(self, name, layout, rng):
        f = LAYOUTS[layout](tensor_of(noise(rng, (2, 3, 4, 7), name)))
        kept = f.clone()
        results = gg.gradient(f, 0.5, [0, 1, 3], 2.0, X, edge_order=1)
        for result, expected in zip(
            results, gg.gradient(f.contiguous(), 0.5, [0, 1, 3], 2.0, X), strict=True
        ):
            assert torch.equal(result, expected)
            assert result.stride() == torch.empty_like(f).stride()
        assert torch.equal(f, kept)

    def test_lazy_conjugate_and_negative(self):
        f = torch.complex(PLANE, PLANE.flip(1))
        assert f.conj().is_conj()
        assert torch.equal(gg.gradient(f.conj(), axis=0), gg.gradient(f, axis=0).conj())
        negative = f.conj().imag
        assert negative.is_neg()
        assert torch.equal(gg.gradient(negative, axis=0), -gg.gradient(f.imag, axis=0))

    @pytest.mark.parametrize("name", ["float32", "bfloat16", "complex64", "int64"])
    def test_no_copy_of_f(self, name, monkeypatch):
        """Every way torch has to copy a tensor is closed; allocations are the results only."""
        f = torch.ones(4, 5).to(getattr(torch, name)).t()
        made = []
        empty_like = torch.empty_like
        monkeypatch.setattr(torch, "empty_like", lambda *a, **k: made.append(empty_like(*a, **k)) or made[-1])
        for method in ("contiguous", "clone", "copy_", "to", "numpy", "cpu"):
            monkeypatch.setattr(torch.Tensor, method, _refuse)
        results = gg.gradient(f, [0.0, 1, 3, 4, 7], 1.0)
        assert [r.data_ptr() for r in results] == [m.data_ptr() for m in made]


def _refuse(*arguments, **keywords):
    raise AssertionError("a tensor was copied")


class OnDevice:
    """A CPU tensor that says it is on a CUDA device: what is handed to the kernels can be seen."""

    device = torch.device("cuda", 3)

    def __init__(self, tensor):
        self.tensor = tensor

    def __getattr__(self, name):
        return getattr(self.tensor, name)


@pytest.mark.parametrize("name", ["bfloat16", "complex64", "int64", "float64"])
def test_cuda_tensors_are_handed_over_by_address(name, monkeypatch):
    from gridgrad._backends import ladder
    from gridgrad._backends.cuda import device
    from gridgrad._backends.numpy import memory
    from gridgrad._backends.torch.arrays import BACKEND
    from gridgrad._grid.axis import axis_stencil
    from gridgrad._stencils.derivatives import Rule
    from gridgrad._terms.term import Term

    places = []

    def launch(plan, addresses, number, stream):
        places.append((number, stream))
        memory.run(plan, addresses)

    monkeypatch.setattr(device, "cupy", object())
    monkeypatch.setattr(device, "launch", launch)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: type("Stream", (), {"cuda_stream": 7}))
    f = PLANE.t().to(getattr(torch, name))
    stencils = [
        axis_stencil(s, n, k, Rule(), None, np.float64) for k, (s, n) in enumerate(((X[:5], 5), (2.0, 4)))
    ]
    terms = tuple(Term(k, 0, k, stencil) for k, stencil in enumerate(stencils))
    expected = gg.gradient(f, X[:5], 2.0)
    targets = [torch.zeros_like(result) for result in expected]
    places_of = [OnDevice(target) for target in targets]
    monkeypatch.setattr(torch._C, "_increment_version", lambda tensors: None)
    ladder.apply(BACKEND, terms, [OnDevice(f)], places_of)
    assert places == [(3, 7)]
    assert all(map(torch.equal, targets, expected))


class TestOut:
    def test_one_sequence_and_stacked(self):
        expected = gg.gradient(PLANE)
        single = torch.empty_like(PLANE)
        assert gg.gradient(PLANE, axis=0, out=single) is single
        assert torch.equal(single, expected[0])
        pair = [torch.empty(5, 4, dtype=PLANE.dtype).t(), torch.empty_like(PLANE)]
        results = gg.gradient(PLANE, out=pair)
        assert all(result is target for result, target in zip(results, pair, strict=True))
        assert all(map(torch.equal, pair, expected))
        stacked = torch.empty(2, 4, 5, dtype=PLANE.dtype)
        gg.gradient(PLANE, out=stacked)
        assert all(map(torch.equal, stacked, expected))

    def test_interleaved_outputs_are_separate(self):
        last = torch.empty(4, 5, 2, dtype=PLANE.dtype)
        gg.gradient(PLANE, out=last.movedim(-1, 0))
        assert all(map(torch.equal, last.unbind(-1), gg.gradient(PLANE)))

    @pytest.mark.parametrize("shift", [0, 1, -1])
    def test_overlap_with_f(self, shift):
        whole = torch.arange(42.0, dtype=torch.float64).reshape(6, 7) ** 2
        f, target = whole[1:5], whole[1 + shift : 5 + shift]
        expected = gg.gradient(f.clone(), X, axis=1)
        gg.gradient(f, X, axis=1, out=target)
        assert torch.equal(target, expected)

    @pytest.mark.parametrize("f", [PLANE[::2].repeat(2, 1), _unaligned(PLANE)], ids=["fresh", "unaligned"])
    def test_odd_inputs(self, f):
        target = torch.empty_like(PLANE)
        gg.gradient(f, axis=0, out=target)
        assert torch.equal(target, gg.gradient(f.clone(), axis=0))

    def test_lazy_conjugate_input(self):
        f = torch.complex(PLANE, PLANE.flip(1))
        target = torch.empty_like(f)
        gg.gradient(f.conj(), axis=0, out=target)
        assert torch.equal(target, gg.gradient(f.conj().resolve_conj(), axis=0))

    def test_empty(self):
        f = torch.ones(0, 5)
        target = torch.empty(0, 5)
        assert gg.gradient(f, axis=1, out=target) is target
        assert gg.gradient(f, axis=1).shape == (0, 5)


def _shared_pair():
    whole = torch.empty(5, 5, dtype=torch.float64)
    return [whole[:4], whole[1:]]


def with_value(index, value):
    x = torch.tensor(X[:5], dtype=torch.float64)
    x[index] = value
    return x


COORDINATES = {
    "duplicate coord value": ((LINE, with_value(4, 4.0)), {}, ValueError, "not strictly monotonic: x[3]=4.0, x[4]=4.0"),
    "non-monotonic coords": ((LINE, with_value(2, 0.5)), {}, ValueError, "not strictly monotonic: x[1]=1.0, x[2]=0.5"),
    "NaN in coords": ((LINE, with_value(3, torch.nan)), {}, ValueError, "not finite: x[3]=nan"),
    "inf in coords": ((LINE, with_value(4, torch.inf)), {}, ValueError, "not finite: x[4]=inf"),
    "all-equal coords": ((LINE, torch.ones(5)), {}, ValueError, "not strictly monotonic: x[0]=1.0, x[1]=1.0"),
    "coords too short by 1": ((LINE, torch.arange(4)), {}, ValueError, "axis 0 has 5 points but 4 coordinates"),
    "three coords for any length": ((LINE, torch.arange(3)), {}, ValueError, "5 points but 3 coordinates"),
    "coords too long by 1": ((LINE, torch.arange(6)), {}, ValueError, "axis 0 has 5 points but 6 coordinates"),
    "2-D coords for 1-D axis": ((LINE, torch.ones(5, 1)), {}, ValueError, "spacing of axis 0 has shape (5, 1)"),
    "length-1 array as spacing": ((LINE, torch.ones(1)), {}, ValueError, "5 points but 1 coordinate came for it"),
    "bool coords": ((LINE, torch.ones(5, dtype=torch.bool)), {}, TypeError, "has dtype bool"),
    "complex coords": ((LINE, torch.ones(5, dtype=torch.complex64)), {}, TypeError, "spacing of axis 0 is complex"),
    "coords on the meta device": ((LINE, torch.ones(5, device="meta")), {}, TypeError, "on meta whose values cannot be read"),
    "zero spacing": ((LINE, 0.0), {}, ValueError, "the spacing of axis 0 is 0"),
    "integer zero spacing": ((LINE, torch.tensor(0)), {}, ValueError, "the spacing of axis 0 is 0"),
    "NaN spacing": ((LINE, torch.tensor(torch.nan)), {}, ValueError, "is nan; it must be finite"),
    "inf spacing": ((LINE, torch.inf), {}, ValueError, "is inf; it must be finite"),
    "bool spacing True": ((LINE, torch.tensor(True)), {}, TypeError, "has dtype bool"),
    "string spacing": ((LINE, "1"), {}, TypeError, "is the string '1'"),
    "complex spacing": ((LINE, 1j), {}, TypeError, "is complex"),
    "3 spacings for 2 axes": ((PLANE, 1, 2, 3), {}, TypeError, "3 spacings for 2 differentiated axes"),
    "2 spacings for axis=0": ((PLANE, 1, 2), {"axis": 0}, TypeError, "2 spacings for 1 differentiated axis"),
}  # fmt: skip

ARGUMENTS = {
    "bool data": ((LINE > 3,), {}, TypeError, "torch.bool: booleans are not taken for numbers; convert them first, f.to("),
    "sparse data": ((PLANE.to_sparse(),), {}, TypeError, "sparse tensor (layout torch.sparse_coo); give a dense one, f.to_dense()"),
    "float8 data": ((LINE.to(torch.float8_e4m3fn),), {}, TypeError, "f has dtype torch.float8_e4m3fn; convert it to one of"),
    "0-d data": ((torch.tensor(3.0),), {}, ValueError, "f is 0-dimensional"),
    "empty 1-D": ((torch.ones(0),), {}, ValueError, "axis 0 has 0 points"),
    "shape (0,5), axis=0": ((torch.ones(0, 5),), {"axis": 0}, ValueError, "axis 0 has 0 points"),
    "size-1 axis": ((torch.ones(1, 5),), {}, ValueError, "axis 0 has 1 point but edge_order=1 needs"),
    "size-2 edge_order 2": ((torch.ones(2),), {"edge_order": 2}, ValueError, "2 points but edge_order=2 needs"),
    "duplicate axis (0,-2)": ((PLANE,), {"axis": (0, -2)}, ValueError, "repeated axis"),
    "axis out of range -3": ((PLANE,), {"axis": -3}, IndexError, "axis -3 is out of bounds"),
    "float axis 1.0": ((PLANE,), {"axis": 1.0}, TypeError, "axis must be an int"),
    "bool axis True": ((PLANE,), {"axis": True}, TypeError, "axis must be an int"),
    "edge_order=3": ((LINE,), {"edge_order": 3}, ValueError, "greater than 2 not supported"),
    "edge_order=0": ((LINE,), {"edge_order": 0}, ValueError, "must be 1 or 2, got 0"),
    "edge_order=True": ((LINE,), {"edge_order": True}, TypeError, "integer 1 or 2, got True"),
    "unknown keyword": ((LINE,), {"spacng": 2}, TypeError, "spacng"),
    "out of another library": ((LINE,), {"out": np.ones(5)}, TypeError, "out is a ndarray; f is a torch tensor"),
    "out of a wrong shape": ((LINE,), {"out": LINE[:4].clone()}, ValueError, "out has shape (4,), but the result has shape (5,)"),
    "out of a wrong dtype": ((LINE,), {"out": LINE.float()}, TypeError, "dtype torch.float32, but the result has dtype torch.float64"),
    "out on another device": ((LINE,), {"out": LINE.to("meta")}, ValueError, "out is on device meta, but f is on cpu"),
    "out that requires grad": ((LINE,), {"out": LINE.clone().requires_grad_()}, TypeError, "out requires grad"),
    "f that requires grad": ((LINE.clone().requires_grad_(),), {"out": LINE.clone()}, TypeError, "cut the result from its graph"),
    "out with zero stride": ((PLANE,), {"axis": 0, "out": LINE.expand(4, 5)}, ValueError, "several elements at one address"),
    "outs sharing memory": ((PLANE,), {"out": _shared_pair()}, ValueError, "out[1] shares memory with another output"),
    "wrong number of outs": ((PLANE,), {"out": [PLANE.clone()]}, ValueError, "out is of length 1, but the result has 2 components"),
}  # fmt: skip


@pytest.mark.parametrize("row", [*COORDINATES, *ARGUMENTS])
def test_bad_inputs(row):
    arguments, keywords, error, message = {**COORDINATES, **ARGUMENTS}[row]
    with pytest.raises(error, match=re.escape(message)):
        gg.gradient(*arguments, **keywords)


def test_quantized_data():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions of torch are giving quantized tensors up
        f = torch.quantize_per_tensor(LINE.float(), 0.1, 0, torch.qint8)
    with pytest.raises(TypeError, match=re.escape("quantized tensor; give its values, f.dequantize()")):
        gg.gradient(f)


RIGHT = {
    "int64 coords": (LINE.numpy(), np.arange(5)),
    "uint8 decreasing coords": (LINE.numpy(), np.array([5, 4, 2, 1, 0], np.uint8)),
    "int8 coords diff overflow": (LINE.numpy(), np.array([-128, -60, 0, 60, 127], np.int8)),
    "int64 coords >2^53": (LINE.numpy(), 1_700_000_000_000_000_000 + np.arange(5)),
    "coords scale 1e-200": (LINE.numpy(), np.array(X[:5]) * 1e-200),
    "coords scale 1e200": (LINE.numpy(), np.array(X[:5]) * 1e200),
    "f32 coords scale 1e-25": (
        LINE.numpy().astype(np.float32),
        np.array(X[:5], np.float32) * np.float32(1e-25),
    ),
    "f32 coords scale 1e25": (
        LINE.numpy().astype(np.float32),
        np.array(X[:5], np.float32) * np.float32(1e25),
    ),
    "float16 coords, f64 data": (LINE.numpy(), np.array(X[:5], np.float16)),
    "negative spacing": (LINE.numpy(), np.float64(-0.5)),
    "uint8 decreasing": (np.array([9, 7, 4, 2, 0], np.uint8), np.float64(1)),
    "int8 wraparound": (np.array([-128, 127, -128, 127, 0], np.int8), np.float64(1)),
    "int32 extremes": (np.array([-(2**31), 2**31 - 1, 0, 5, -7], np.int32), np.float64(1)),
    "int64 near 2^62": (2**62 + np.array([0, 1, 3, 4, 9]), np.float64(1)),
    "uint64 > 2^63": (2**63 + np.array([0, 1, 3, 4, 9], np.uint64), np.float64(1)),
    "int64 = 1e9 + i^2": (10**9 + np.arange(5) ** 2, np.float64(1)),
    "large offset constant 1e16": (np.full(5, 1e16), np.array(X[:5])),
    "1e308 and edge_order 2": (np.array([1, 0.9, 0.5, 0.9, 1]) * 1e308, np.float64(1)),
}


@pytest.mark.parametrize("row", RIGHT)
def test_hard_inputs(row):
    f, spacing = map(frozen, RIGHT[row])
    for edge_order in (1, 2):
        result = gg.gradient(tensor_of(f), tensor_of(spacing), edge_order=edge_order).numpy()
        value, scale = extended_gradient(f, 0, extended_steps(spacing, 5), edge_order)
        assert np.all(
            np.abs(result - value) <= 2 * np.finfo(result.dtype).eps * scale + np.finfo(result.dtype).tiny
        )


class TestPublishedExamples:
    def test_seed_17_coordinates(self):
        x = torch.tensor([-2.0, -1, 1, 4])
        assert gg.gradient(x**2, x).tolist() == [-3, -2, 2, 5]
        assert gg.gradient(x**2, x, edge_order=2).tolist() == [-4, -2, 2, 8]

    def test_seed_18_default_step_and_axis(self):
        t = torch.tensor([[1.0, 2, 4, 8], [10, 20, 40, 80]])
        down, along = [[9, 18, 36, 72]] * 2, [[1, 1.5, 3, 4], [10, 15, 30, 40]]
        assert [g.tolist() for g in gg.gradient(t)] == [down, along]
        assert [(2 * g).tolist() for g in gg.gradient(t, 2.0)] == [down, along]
        assert gg.gradient(t, dim=1).tolist() == along

    def test_seed_19_two_steps(self):
        t = torch.tensor([[1.0, 2, 4, 8], [10, 20, 40, 80]])
        dy, dx = gg.gradient(t, spacing=[3.0, 2.0])
        assert dy.tolist() == [[3, 6, 12, 24]] * 2
        assert dx.tolist() == [[0.5, 0.75, 1.5, 2], [5, 7.5, 15, 20]]

    def test_seed_9_differentiable_in_the_samples(self):
        u = torch.rand(4, 5, dtype=torch.float64, requires_grad=True)
        dy, dx = gg.gradient(u, 0.5, X[:5])
        (slope,) = torch.autograd.grad((dy + dx).sum(), u)
        total = gg.gradient(np.eye(20).reshape(20, 4, 5), 0.5, X[:5], axis=(1, 2))
        np.testing.assert_allclose(slope.numpy().ravel(), sum(total).sum(axis=(1, 2)), rtol=0, atol=1e-14)
