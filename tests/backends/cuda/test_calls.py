"""Repeated calls on a device: one launch, of addresses patched into what was bound, and nothing that waits."""

from __future__ import annotations

import sys
import threading
from importlib import import_module

import numpy as np
import pytest
from cuda_cases import same_bits, samples
from fake_cupy import ndarray, steps_of
from host_kernels import compiler

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.cuda.bound import Bound
from gridgrad._backends.numpy import BACKEND
from gridgrad._terms.real import real_terms

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler for the host-run CUDA kernel")
SHAPE = (6, 8)
GRID = gg.Grid(*steps_of(SHAPE))
X, Y = steps_of(SHAPE)
CALLS = {  # of a field, two targets, a coefficient, and the advection by it
    "gradient": lambda f, out, c, A: gg.gradient(f, X, Y),
    "gradient into out": lambda f, out, c, A: gg.gradient(f, X, Y, out=out),
    "laplacian": lambda f, out, c, A: gg.laplacian(f, 0.5, boundary="reflect"),
    "grid.gradient": lambda f, out, c, A: GRID.gradient(f),
    "grid.laplacian into out": lambda f, out, c, A: GRID.laplacian(f, out=out[0]),
    "grid.divergence": lambda f, out, c, A: GRID.divergence([f, f]),
    "with fields": lambda f, out, c, A: A(f, out=out[0], v=(c, c)),
    "adjoint": lambda f, out, c, A: GRID.gradient.adjoint([f, f]),
}


def parts(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


class Work:
    """Python functions of the package that are called while this is entered."""

    def __enter__(self):
        self.calls = []
        sys.setprofile(self._note)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)

    def _note(self, frame, event, argument):
        if event == "call" and "gridgrad" in frame.f_code.co_filename.replace("\\", "/").split("/"):
            self.calls.append(frame.f_code.co_qualname)


@pytest.mark.parametrize("name", CALLS)
def test_a_repeated_call_is_bound(cupy, monkeypatch, name):
    """Measured with CuPy's own arrays, and launches stubbed: 6 to 11 us; what is counted here does not depend on a machine."""
    f, c, *out = (cupy.asarray(samples(SHAPE, seed=seed)) for seed in range(4))
    call, A = CALLS[name], GRID.advect([c, c])
    for _ in range(2):
        call(cupy.asarray(samples(SHAPE, seed=9)), out, c, A)
    before = cupy.uploads, cupy.compiled, ndarray.reads
    cupy.launches.clear()
    with Work() as work:
        got = parts(call(f, out, c, A))
    assert len(cupy.launches) == 1
    assert (cupy.uploads, cupy.compiled, ndarray.reads) == before
    assert len(work.calls) <= 60, work.calls
    f, c, out = np.array(f), np.array(c), [np.empty(SHAPE, "f4") for _ in out]
    wanted = parts(call(f, out, c, GRID.advect([c, c])))
    assert all(same_bits(a, np.array(b)) for a, b in zip(wanted, got, strict=True))


class TestCoordinatesOnTheDevice:
    """A grid reads them once; a function at each call, as an array that was changed in place looks the same."""

    def test_a_grid_reads_them_once(self, cupy):
        f, x, y = map(cupy.asarray, (samples(SHAPE), X, Y))
        before = ndarray.reads
        grid = gg.Grid(x, y)
        assert ndarray.reads == before + 2
        for operator in (grid.gradient, grid.laplacian, grid.gradient.T):
            for _ in range(3):
                operator([f, f] if operator.inputs else f)
        assert ndarray.reads == before + 2

    def test_a_function_sees_every_change(self, cupy):
        f, x = cupy.asarray(samples(SHAPE)), cupy.asarray(X)
        for k in range(4):
            x[-1] += k  # also a first time unchanged, and bound
            assert same_bits(
                np.array(gg.gradient(f, np.array(x), axis=0)), np.array(gg.gradient(f, x, axis=0))
            )

    @pytest.mark.parametrize("function", [gg.gradient, gg.laplacian])
    def test_a_function_reads_each_once_a_call(self, cupy, monkeypatch, function):
        f, x, y = map(cupy.asarray, (samples(SHAPE), X, Y))
        function(f, x, y)
        planned = []
        bound = ladder.bound
        monkeypatch.setattr(ladder, "bound", lambda *given: planned.append(given) or bound(*given))
        for _ in range(3):
            before = ndarray.reads
            function(f, x, y)
            assert ndarray.reads == before + 2
        assert planned == []


class TestAddresses:
    """What is bound looks at the addresses of every call."""

    def test_out_in_the_memory_of_the_field(self, cupy):
        memory = cupy.asarray(np.arange(60.0) ** 2)
        operator = gg.Grid((20, 0.5)).laplacian
        wanted = np.array(operator(memory[:20].copy()))
        for start in (20, 0, 1, 19, 40):
            own = memory.copy()
            operator(own[:20], out=own[start : start + 20])
            assert same_bits(wanted, np.array(own[start : start + 20]))

    def test_fields_may_share_memory(self, cupy):
        f = cupy.asarray(samples((7, 8)))
        out = cupy.asarray(samples(SHAPE))
        for _ in range(2):
            GRID.divergence([f[:6], f[1:]], out=out)
        a = np.array(f)
        assert same_bits(GRID.divergence([a[:6].copy(), a[1:].copy()]), np.array(out))

    def test_reversed_arrays(self, cupy):
        f = cupy.asarray(samples(SHAPE))[::-1, ::-1]
        outs = [cupy.asarray(samples(SHAPE))[::-1] for _ in range(2)]
        for _ in range(2):
            GRID.gradient(f, out=outs)
        assert all(same_bits(a, np.array(b)) for a, b in zip(GRID.gradient(np.array(f)), outs, strict=True))

    def test_complex_data(self, cupy):
        f, out = (cupy.asarray(samples(SHAPE, "complex64")) for _ in range(2))
        for _ in range(2):
            GRID.laplacian(f, out=out)
        assert same_bits(GRID.laplacian(np.array(f)), np.array(out))

    def test_a_device_that_is_not_the_current_one(self, cupy):
        f = cupy.asarray(samples(SHAPE), device=1)
        results = [GRID.laplacian(f) for _ in range(3)]
        assert [launch.device for launch in cupy.launches] == [1, 1, 1]
        assert all(result.device.id == 1 for result in results)


def test_threads_share_what_is_bound(cupy):
    """Each launches the addresses of its own arrays."""
    fields = [samples(SHAPE, "float64", seed) for seed in range(8)]
    wanted = [GRID.laplacian(f) for f in fields]
    given = [cupy.asarray(f) for f in fields]
    GRID.laplacian(given[0])
    wrong = []

    def work():
        for _ in range(50):
            for f, w in zip(given, wanted, strict=True):
                if not same_bits(w, np.array(GRID.laplacian(f))):
                    wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class OnDevice:
    """A torch tensor of a CPU that says it is on a CUDA device."""

    requires_grad = is_cpu = False

    def __init__(self, tensor):
        self.tensor, self.shape = tensor, tensor.shape
        self.device = type("Device", (), {"type": "cuda", "index": 1})

    def data_ptr(self):
        return self.tensor.data_ptr()


class TestTensors:
    @pytest.fixture
    def torch(self, monkeypatch):
        torch = pytest.importorskip("torch")
        stream = type("Stream", (), {"cuda_stream": 7})
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device: stream)
        arrays = import_module("gridgrad._backends.torch.arrays")
        monkeypatch.setattr(
            arrays, "_empty_like", lambda like, dtype: OnDevice(torch.zeros(SHAPE, dtype=dtype))
        )
        return torch

    @pytest.fixture
    def run(self, torch, cupy):
        """The laplacian of a plane of float64, bound to a device."""
        from gridgrad._backends.torch.arrays import BACKEND

        f = torch.tensor(samples(SHAPE, "float64"))
        plan = ladder.bound(BACKEND, GRID.laplacian.pattern.terms_for(SHAPE), [f], [f.clone()])
        return BACKEND.bind(plan, f.dtype, OnDevice(f))

    def test_are_bound_too(self, torch, cupy, run, monkeypatch):
        f, out = (OnDevice(torch.tensor(samples(SHAPE, "float64", seed))) for seed in range(2))
        written = []
        monkeypatch.setattr(torch._C, "_increment_version", written.append)
        wanted = GRID.laplacian(f.tensor.numpy())
        for _ in range(2):
            (fresh,) = run([f], None, None)
            assert same_bits(wanted, fresh.tensor.numpy())
            assert run([f], [out], None) == [out]
            assert same_bits(wanted, out.tensor.numpy())
        assert {(launch.device, launch.stream) for launch in cupy.launches} == {(1, 7)}
        assert written == [[out]] * 2
        assert cupy.uploads == 1

    def test_what_addresses_do_not_allow(self, torch, cupy, run):
        f = OnDevice(torch.tensor(samples(SHAPE, "float64")))
        assert run([f], [f], None) is None
        f.requires_grad = True
        assert run([OnDevice(f.tensor)], [f], None) is None
        assert cupy.launches == []

    def test_are_looked_at_in_full_once_a_kind(self, torch, monkeypatch):
        """As a first one on a device is; only what is plain is taken for plain later."""
        from gridgrad._backends.torch import arrays

        known = list(arrays.BACKEND._plain_keys)[:1]
        monkeypatch.setattr(arrays.BACKEND, "_plain_keys", [])
        z = torch.ones(3, dtype=torch.complex64)
        for _ in range(2):
            assert arrays.BACKEND.facts(z.conj()) is None
            assert arrays.BACKEND.facts(z.clone().requires_grad_()) is None
            assert arrays.BACKEND.facts(z) == ((3,), (1,), torch.complex64, z.device)
        assert arrays.BACKEND._plain_keys == known
        monkeypatch.setattr(arrays, "is_plain_memory", None)
        assert arrays.BACKEND.facts(z) is not None


def test_parts_of_complex_numbers_lie_between_each_other_and_do_not_meet():
    """Real and imaginary parts are apart, those of overlapping arrays are not."""
    f, out = np.zeros((9, 8), complex), np.zeros((9, 8), complex)
    terms = real_terms((1j * gg.Grid((9, 0.5), (8, 0.5)).laplacian).pattern.terms_for(f.shape), (True,))
    plan = ladder.bound(BACKEND, terms, [f.real, f.imag], [out.real, out.imag])
    bound = Bound(plan, 0)

    def are_apart(first, second):
        return bound._are_apart([first, first + 8, second, second + 8])

    assert are_apart(0, f.nbytes)
    assert are_apart(f.nbytes, 0)
    assert not are_apart(0, f.nbytes - 16)
    assert not are_apart(0, 0)
    assert not are_apart(f.nbytes - 16, 0)
    assert not are_apart(0, 8)
    assert are_apart(0, f.nbytes + 8)
