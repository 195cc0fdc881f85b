"""On a real device: torch's tensors, in every direction of its graphs, on its streams, in its CUDA graphs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import gpu_cases
import numpy as np
import pytest
from cuda_cases import same_bits, samples
from gpu_cases import written_late
from optional import NO_DEVICE

import gridgrad as gg
from gridgrad._backends.cuda import device

torch = pytest.importorskip("torch")
import gridgrad.torch as gt  # noqa: E402  needs torch

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")]
if not (device.device_names() and torch.cuda.is_available()):
    pytest.skip(NO_DEVICE, allow_module_level=True)

SHAPE = (9, 64)
X = [np.cumsum(np.random.default_rng(n).uniform(0.5, 2, n)) for n in SHAPE]
DTYPES = ["float16", "bfloat16", "float32", "float64", "complex64", "complex128", "uint8", "int16", "int64"]


def tensor(seed=0, dtype="float32", shape=SHAPE):
    """Samples in the memory of the host; integers of every size."""
    known = "float32" if dtype == "bfloat16" else dtype
    return torch.from_numpy(samples(shape, known, seed)).to(getattr(torch, dtype))


def there(f):
    """A copy on the device."""
    return f.to(gpu_cases.TORCH)


def numbers(f):
    """What `same_bits` compares."""
    f = f.detach().cpu()
    return f.float().numpy() if f.dtype is torch.bfloat16 else f.resolve_conj().numpy()


def are_same(wanted, got):
    """Same dtypes, and the same bits in tensors of the host and of the device."""
    wanted, got = ([r] if isinstance(r, torch.Tensor) else r for r in (wanted, got))
    return all(
        b.device.type == gpu_cases.TORCH and a.dtype == b.dtype and same_bits(numbers(a), numbers(b))
        for a, b in zip(wanted, got, strict=True)
    )


@pytest.mark.parametrize("spacing", [[0.3], X], ids=["steps", "coordinates"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_of_the_host(dtype, spacing):
    f = tensor(dtype=dtype)
    assert are_same(gg.gradient(f, *spacing, edge_order=2), gg.gradient(there(f), *spacing, edge_order=2))


def test_other_layouts():
    f = tensor(shape=(6, 9, 16))
    for layout in (lambda f: f.transpose(0, 2), lambda f: f[::2, 1:, ::3], lambda f: f[:, :1].expand(6, 9, 16),
                   lambda f: f[..., 1:]):  # fmt: skip
        assert are_same(gg.gradient(layout(f)), gg.gradient(layout(there(f))))


def test_coordinates_on_the_device():
    steps = [torch.from_numpy(x) for x in X]
    assert are_same(gg.gradient(tensor(), *steps), gg.gradient(there(tensor()), *map(there, steps)))


@pytest.mark.parametrize("dtype", ["float32", "complex64", "bfloat16"])
def test_the_drop_in(dtype):
    f, steps = tensor(dtype=dtype), [torch.from_numpy(x).float() for x in X]
    for spacing, moved in ((2, 2), ((0.5, 2.0), (0.5, 2.0)), (steps, [*map(there, steps)])):
        wanted = gt.gradient(f, spacing=spacing, edge_order=2)
        assert are_same(wanted, gt.gradient(there(f), spacing=moved, edge_order=2))


def test_the_drop_in_and_torch():
    """Of values without inf; torch rounds each of its three products."""
    f = there(torch.linspace(0, 3, 64, dtype=torch.float64).sin() * torch.ones(9, 1, dtype=torch.float64))
    for a, b in zip(gt.gradient(f, spacing=0.25), torch.gradient(f, spacing=0.25), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ["diffuse", "advect", "divergence", "laplacian 4", "adjoint"])
def test_operators_and_coefficients(name):
    grid = gg.Grid(*X)
    make = {
        "diffuse": lambda c: (grid.diffuse(c[0]), 1), "advect": lambda c: (grid.advect(c), 1),
        "divergence": lambda c: (grid.divergence, 2), "laplacian 4": lambda c: (grid.laplacian.with_(accuracy=4), 1),
        "adjoint": lambda c: (grid.gradient.T, 2),
    }[name]  # fmt: skip
    fields, factors = ([tensor(seed) for seed in range(start, start + 2)] for start in (0, 5))

    def result(move):
        operator, count = make([move(c) for c in factors])
        given = [move(f) for f in fields[:count]]
        return operator(given if operator.inputs else given[0])

    assert are_same(result(lambda f: f), result(there))


def test_out_is_written_and_returned():
    wanted, f = gg.gradient(tensor(), *X), there(tensor())
    for out in (
        [torch.full_like(f, torch.nan) for _ in range(2)],
        torch.full((2, *SHAPE), torch.nan, device=f.device),
    ):
        version = out[0]._version
        results = gg.gradient(f, *X, out=out)
        assert are_same(wanted, list(results))
        assert are_same(wanted, list(out))
        assert out[0]._version > version  # a graph that saved it notices


def test_out_may_be_the_input():
    f = there(tensor())
    assert gg.gradient(f, X[0], axis=0, out=f) is f
    assert are_same(gg.gradient(tensor(), X[0], axis=0), f)


def test_out_on_another_device_is_refused():
    f = there(tensor())
    if f.device.type == "cpu":
        pytest.skip(NO_DEVICE)
    with pytest.raises(ValueError, match="out is on device cpu, but f is on cuda:0"):
        gg.gradient(f, axis=0, out=tensor())


def backward(f, weights, along):
    """The gradient of a weighted sum of results, and that of its own weighted sum."""
    f, weights = f.clone().requires_grad_(), [w.clone().requires_grad_() for w in weights]
    (first,) = torch.autograd.grad(gg.gradient(f, *X), f, weights, create_graph=True)
    second = torch.autograd.grad(first, weights, along)
    return [first, *second]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "bfloat16"])
def test_backward_and_double_backward(dtype):
    f, *weights = (tensor(seed, dtype) for seed in range(3))
    along = tensor(7, dtype)
    moved = backward(there(f), [there(w) for w in weights], there(along))
    assert are_same(backward(f, weights, along), moved)


def test_backward_through_coefficients():
    def slopes(move):
        f, c = (move(tensor(seed, "float64")).requires_grad_() for seed in (1, 2))
        return torch.autograd.grad(gg.Grid(*X).diffuse(c)(f), (f, c), move(tensor(3, "float64")))

    wanted, got = slopes(lambda f: f), slopes(there)
    for a, b in zip(wanted, got, strict=True):
        assert np.allclose(numbers(a), numbers(b), rtol=1e-12, atol=1e-12, equal_nan=True)


def test_forward_mode_and_vmap():
    f, along = tensor(0), tensor(1)
    _, slopes = torch.func.jvp(lambda f: gg.gradient(f, *X), (there(f),), (there(along),))
    assert are_same(gg.gradient(along, *X), slopes)
    batch = torch.stack([f, along])
    mapped = torch.func.vmap(lambda f: gg.gradient(f, *X))(there(batch))
    assert are_same(gg.gradient(batch, *X, axis=(1, 2)), mapped)


def test_a_side_stream():
    f, stream = tensor(shape=(512, 512)), torch.cuda.Stream()
    moved, work = there(f), there(torch.ones(gpu_cases.WORK))
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        results = gg.gradient(written_late(moved, work))
    stream.synchronize()
    assert are_same(gg.gradient(f), results)


def test_a_graph_replays_with_new_data():
    """Fresh results lie in the graph's own memory; `out=` and coefficients where the caller has them."""
    f, c, out = (there(tensor(seed, shape=(64, 64))) for seed in range(3))
    x = np.cumsum(np.random.default_rng(3).uniform(0.5, 2, 64))
    diffuse = gg.Grid(x, x).diffuse(c)

    def call():
        diffuse(f, out=out)
        return gg.gradient(f, x, x)

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        call()
    torch.cuda.current_stream().wait_stream(stream)
    replay, results = gpu_cases.torch_graph(call)
    others = [tensor(seed, shape=(64, 64)) for seed in (8, 9)]
    for own, other in zip((f, c), others, strict=True):
        own.copy_(other)
    out.fill_(torch.nan)
    replay()
    torch.cuda.synchronize()
    assert are_same(gg.gradient(others[0], x, x), results)
    assert are_same(gg.Grid(x, x).diffuse(others[1])(others[0]), out)


def test_a_graph_of_a_backward_pass():
    f, weights = there(tensor(0)).requires_grad_(), there(tensor(1))

    def call():
        return torch.autograd.grad(gg.gradient(f, *X, axis=(0, 1))[1], f, weights)

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        call()
    torch.cuda.current_stream().wait_stream(stream)
    replay, results = gpu_cases.torch_graph(call)
    weights.copy_(tensor(5))
    replay()
    torch.cuda.synchronize()
    host = tensor(0).requires_grad_()
    assert are_same(torch.autograd.grad(gg.gradient(host, *X)[1], host, tensor(5)), results)


def test_two_host_threads():
    def result(k):
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            f = there(tensor(k))
            results = [gg.gradient(f, *X) for _ in range(20)]
        stream.synchronize()
        return all(are_same(gg.gradient(tensor(k), *X), r) for r in results)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(result, range(2))) == [True, True]
