"""Faults that were once found, each as it was reported."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import types

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._grid import axis


def test_a_remembered_call_does_not_write_through_a_packed_field():
    f = np.arange(401.0) ** 2
    for order in (slice(None), slice(None, None, -1)):
        for _ in range(3):
            record = np.zeros(401, [("a", "f8"), ("b", "i1")])
            gg.gradient(f, out=record["a"][order])
            assert np.array_equal(record["a"][order], np.gradient(f))
            assert not record["b"].any()


def test_an_empty_or_misshapen_out_is_refused_by_a_remembered_call_too():
    f = np.arange(5.0)
    for _ in range(2):
        assert gg.gradient(f, 2.5).shape == (5,)
        for out, said in (([], "of length 0"), (np.array(0.0), "has shape"), (np.zeros((2, 0)), "has shape")):
            with pytest.raises(ValueError, match=said):
                gg.gradient(f, 2.5, out=out)


@pytest.mark.parametrize("h", [49, 98, 103, 107, 161, 187, 196, 197])
def test_a_whole_number_of_ticks_is_not_cut_to_the_one_below(h):
    ticks = (h * np.arange(5)).astype("m8[s]")
    assert np.array_equal(gg.gradient(ticks, h), np.ones(5, "m8[s]"))
    assert np.array_equal(gg.gradient(ticks, h * np.arange(5)), np.ones(5, "m8[s]"))
    assert np.array_equal(gg.gradient(ticks, h, edge_order=2), np.ones(5, "m8[s]"))


def test_a_fraction_of_a_tick_is_cut_and_no_bit_of_a_long_time_is_lost():
    assert gg.gradient(np.array([0, 999_999_999], "m8[ns]"), 10**9).tolist() == [0, 0]
    assert gg.gradient(np.array([0, 2**60 + 1, 5], "m8[ns]"))[0] == np.timedelta64(2**60 + 1, "ns")
    far = gg.gradient(np.array([-(2**62) * 3 // 2, 2**62 * 3 // 2], "m8[ns]"))
    assert np.isnat(far).all()


def test_a_mask_is_never_stripped_by_out():
    f = np.ma.MaskedArray([1.0, 2, 999, 4, 5, 6], mask=[0, 0, 1, 0, 0, 0])
    with pytest.raises(TypeError, match="cannot carry the mask"):
        gg.gradient(f, out=np.empty(6))
    out = np.ma.MaskedArray(np.zeros(6), mask=[1, 0, 0, 0, 0, 0])
    gg.gradient(f, out=out)
    assert out.mask.tolist() == gg.gradient(f).mask.tolist()
    with pytest.raises(TypeError, match="plain NumPy array"):
        gg.gradient(f.data, out=out)
    with pytest.raises(TypeError, match=r"numpy\.ma\.stack"):
        gg.gradient([f, f])
    times = np.ma.MaskedArray(np.arange(6).astype("m8[s]"), mask=f.mask)
    assert gg.gradient(times).mask.tolist() == gg.gradient(f).mask.tolist()


def test_remembered_calls_do_not_hold_large_weights():
    gg.clear_caches()
    f = np.zeros((4000, 63), np.int8)
    for k in range(5):
        gg.gradient(f, np.cumsum(np.arange(1, 4001, dtype=np.uint64)) + k, axis=0)
    coordinates = 4000 * 8  # are in the keys; the weights, twice that, are not held beside them
    assert gg.show_config(mode="dict")["caches"]["calls"]["bytes"] <= 5 * (coordinates + 2048)


FORKS = """
import os, signal, threading
import numpy as np
import gridgrad as gg

stop = threading.Event()

def busy():
    h = 1.0
    while not stop.is_set():
        h += 1e-6
        gg.gradient(np.arange(9.0), h)

threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads:
    thread.start()
hung = 0
for _ in range(60):
    child = os.fork()
    if not child:
        signal.alarm(5)  # ends a child that hangs
        gg.gradient(np.arange(9.0), np.cumsum(np.arange(1.0, 10)))
        os._exit(0)
    hung += os.waitpid(child, 0)[1] != 0
stop.set()
print("hung", hung)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_at_any_moment_leaves_the_child_able_to_call():
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=120, env=env, check=False
    )
    assert done.stdout.split() == ["hung", "0"], done.stderr


def test_a_cache_has_no_lock_to_meet_in_a_signal_handler():
    assert not any(isinstance(value, type(threading.Lock())) for value in vars(axis._stencils).values())


def test_a_half_imported_torch_is_no_obstacle(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    assert gg.gradient(np.arange(7.0), 0.123456).shape == (7,)


def test_the_peak_of_a_long_uneven_axis_is_its_weights(rng):
    import tracemalloc

    x, f = np.cumsum(rng.uniform(0.5, 1.5, 400_001)), rng.standard_normal(400_001)
    out = np.empty_like(f)
    tracemalloc.start()
    gg.gradient(f, x, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * f.nbytes


def test_torch_notices_that_out_was_written():
    torch = pytest.importorskip("torch")
    a = torch.ones(5, requires_grad=True)
    out = torch.arange(5.0)
    y = (a * out).sum()
    gg.gradient(torch.arange(5.0) ** 2, out=out)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while it imports its compiler
def test_compiled_backward_holds_for_extreme_steps():
    torch = pytest.importorskip("torch")
    for dtype, h in ((torch.float32, 1e-40), (torch.float64, 1e-310)):
        values = torch.arange(12.0, dtype=dtype).reshape(3, 4) ** 2 * h
        cotangent = torch.full((3, 4), 100 * h, dtype=dtype)
        grads = []
        for function in (lambda q, h=h: gg.gradient(q, h, axis=1),):
            for call in (function, torch.compile(function, backend="aot_eager", fullgraph=True)):
                q = values.clone().requires_grad_()
                call(q).backward(cotangent)
                grads.append(q.grad)
        assert torch.allclose(grads[0], grads[1], rtol=1e-5, atol=0)
        assert grads[0].abs().max() > 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_func_takes_constant_tensor_coordinates():
    torch = pytest.importorskip("torch")
    x, f = torch.linspace(0, 1, 8, dtype=torch.float64) ** 2, torch.randn(8, dtype=torch.float64)

    def energy(q):
        return (gg.gradient(q, x) ** 2).sum()

    q = f.clone().requires_grad_()
    energy(q).backward()
    assert torch.equal(torch.func.grad(energy)(f), q.grad)
    assert torch.func.jacfwd(lambda q: gg.gradient(q, x))(f).shape == (8, 8)
    by_x = torch.func.grad(lambda x: (gg.gradient(f, x) ** 2).sum())(x)
    wanted = x.clone().requires_grad_()
    (gg.gradient(f, wanted) ** 2).sum().backward()
    torch.testing.assert_close(by_x, wanted.grad, rtol=1e-12, atol=0)


@pytest.mark.parametrize("call", [
    lambda v, f: gg.advect(v, f, 0.5), lambda v, f: gg.directional_derivative(f, v, 0.5),
], ids=["advect", "directional_derivative"])  # fmt: skip
def test_a_velocity_of_one_axis_is_the_one_that_was_given(call):
    """A second call with another velocity, alone and not in a list, had the result of the first."""
    f = np.arange(6.0) ** 2
    first = call([1.0], f)
    for v in (2.0, -2.0, np.full(6, 2.0), np.full(6, -3.0), [4.0]):
        expected = first * np.ravel(v)[0]
        assert np.array_equal(call(v, f), expected)
        assert np.array_equal(call(v, f), expected)
