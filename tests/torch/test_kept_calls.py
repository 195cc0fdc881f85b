"""Calls of tensors that were seen before: bound like those of arrays, also where a graph is recorded; and what is another call."""

import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import gridgrad as gg  # noqa: E402
import gridgrad.torch as gt  # noqa: E402
from gridgrad._backends import ladder, slices  # noqa: E402

X, Y = np.array([0.0, 1, 3, 4, 7]), np.array([0.0, 2, 3, 7, 9, 10])
GRID = gg.Grid(X, Y)
K = np.arange(30.0).reshape(5, 6) % 7 + 1
DIFFUSIVITY = torch.from_numpy(K)
CALLS = {
    "by coordinates": lambda t: gg.gradient(t, X, Y),
    "by tensors": lambda t: gg.gradient(t, torch.from_numpy(X), torch.from_numpy(Y)),
    "by a step": lambda t: gg.gradient(t, 0.5),
    "along an axis": lambda t: (gg.gradient(t, Y, axis=1, edge_order=2),),
    "torch's": lambda t: gt.gradient(t, spacing=0.5),
    "torch's by tensors": lambda t: gt.gradient(t, spacing=(torch.from_numpy(X), torch.from_numpy(Y))),
    "torch's along a dim": lambda t: gt.gradient(t, spacing=[torch.from_numpy(Y)], dim=1, edge_order=2),
    "torch's along dims": lambda t: gt.gradient(t, dim=(1, 0)),
    "of a grid": GRID.gradient,
    "laplacian": lambda t: (GRID.laplacian(t),),
    "laplacian's function": lambda t: (gg.laplacian(t, X, Y),),
    "diffuse": lambda t: (GRID.diffuse(DIFFUSIVITY)(t),),
}


def field(seed=0):
    """Small integers, so that sums of few products are exact."""
    return torch.from_numpy(np.random.default_rng(seed).integers(-9, 9, (5, 6)).astype(float))


@pytest.fixture
def only_bound(monkeypatch):
    """From when it is called on, a call that is looked at in full fails."""

    def begin():
        def refuse(*_, **__):
            raise AssertionError("it was not bound")

        monkeypatch.setattr(ladder, "operate", refuse)
        monkeypatch.setattr(slices, "apply", refuse)

    return begin


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", ["plain", "in a graph", "parameter", "no_grad"])
def test_the_second_call_is_bound_and_equal(name, kind, only_bound):
    """Its numbers are those of NumPy's arrays, and its slopes those of all unit fields, which is the matrix of the map."""
    gg.clear_caches()
    call = CALLS[name]

    def made(seed):
        t = field(seed)
        return t if kind == "plain" else torch.nn.Parameter(t) if kind == "parameter" else t.requires_grad_()

    def run(t):
        with torch.set_grad_enabled(kind != "no_grad"):
            results = call(t)
        slopes = None
        if kind not in ("plain", "no_grad"):
            assert all(r.requires_grad for r in results)
            cotangents = [torch.full_like(r, k + 1) for k, r in enumerate(results)]
            (slopes,) = torch.autograd.grad(results, t, cotangents)
        else:
            assert not any(r.requires_grad for r in results)
        return [r.detach() for r in results], slopes

    units = torch.eye(30, dtype=torch.float64).reshape(30, 5, 6)
    columns = [
        [r.clone() for r in call(unit)] for unit in units
    ]  # one by one: of the same shape as the calls
    other = made(1).detach().clone()
    want = [
        sum(v * c[k] for v, c in zip(other.flatten(), columns, strict=True)) for k in range(len(columns[0]))
    ]
    slope = torch.stack([sum((k + 1) * r.sum() for k, r in enumerate(c)) for c in columns]).reshape(5, 6)
    first = run(made(1))
    only_bound()
    again = run(made(1))
    for a, b, exact in zip(first[0], again[0], want, strict=True):
        assert torch.equal(a, b)
        assert torch.allclose(a, exact, rtol=1e-12, atol=1e-12)
    if first[1] is not None:
        assert torch.equal(first[1], again[1])
        assert torch.allclose(again[1], slope, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("call", [
    lambda t, x: gg.gradient(t, x), lambda t, x: gt.gradient(t, spacing=[x])[0], lambda t, x: gg.laplacian(t, x),
], ids=["gradient", "torch's", "laplacian"])  # fmt: skip
@pytest.mark.parametrize("graph", [False, True])
def test_a_coordinate_that_was_changed_is_seen(call, graph):
    t, x = field()[0].requires_grad_(graph), torch.from_numpy(Y.copy())
    call(t, x), call(t, x)
    x[2] = 4.5
    changed = call(t, x)
    gg.clear_caches()
    assert torch.equal(changed, call(t, torch.tensor([0.0, 2, 4.5, 7, 9, 10], dtype=torch.float64)))


def test_what_grad_mode_says_holds_for_each_call():
    t = field().requires_grad_()
    for run in CALLS.values():
        for _ in range(2):
            assert all(r.requires_grad for r in run(t))
            with torch.no_grad():
                assert not any(r.requires_grad for r in run(t))
            with torch.inference_mode():
                assert all(r.is_inference() for r in run(t))


@pytest.mark.parametrize("out", [False, True])
def test_coordinates_that_require_grad(out):
    """They have their slopes where a graph is recorded, before and after calls with the same numbers, and are numbers under no_grad."""
    t, x = field()[0], torch.from_numpy(Y.copy())
    want = gg.gradient(t, x)
    leaf = x.clone().requires_grad_()
    for _ in range(2):
        result = gg.gradient(t, leaf)
        assert result.requires_grad
        assert torch.equal(result.detach(), want)
        assert gt.gradient(t, spacing=[leaf])[0].requires_grad
        with torch.no_grad():
            under = gg.gradient(t, leaf, out=torch.empty_like(t) if out else None)
            assert not under.requires_grad
            assert torch.equal(under, want)
            assert torch.equal(gt.gradient(t, spacing=[leaf])[0], want)
        gg.clear_caches()


def test_types_that_promote_are_other_calls():
    """Of coordinates with the same numbers those that are tensors promote, by their dtype; bfloat16 has none of NumPy's."""
    t = torch.arange(6.0) ** 2
    kinds = (torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64)
    for f in (t, t.to(torch.bfloat16), t.to(torch.int32)):
        for default in (torch.float32, torch.float64):
            torch.set_default_dtype(default)
            try:
                for dtype in kinds:
                    x = torch.from_numpy(Y).to(dtype)
                    for _ in range(2):
                        ours = gt.gradient(f, spacing=[x])[0]
                        known = torch.gradient(f.to(ours.dtype), spacing=[x.to(ours.dtype)])[0]
                        inexact = dtype if dtype.is_floating_point else default
                        base = f.dtype if f.dtype.is_floating_point else None
                        assert ours.dtype is (default if base is None and not dtype.is_floating_point else
                                              torch.promote_types(f.dtype, inexact))  # fmt: skip
                        assert torch.allclose(ours, known, rtol=0.02, atol=0.02)
                        assert gt.gradient(f, spacing=[Y])[0].dtype is (base or default)
            finally:
                torch.set_default_dtype(torch.float32)


class Own(torch.Tensor):
    """A subclass, which is to see what is done to it."""


def test_what_is_more_than_numbers_goes_its_own_way():
    t = field()
    for run in CALLS.values():
        want = run(t)
        run(t.clone().requires_grad_())
        for r, w in zip(run(t.as_subclass(Own)), want, strict=True):
            assert type(r) is Own
            assert torch.allclose(r.as_subclass(torch.Tensor), w)
        negative = torch.complex(t, t).conj().imag
        assert negative.is_neg()
        for r, w in zip(run(negative), want, strict=True):
            assert torch.equal(r, -w)
        for r, w in zip(run(t.to("meta")) if run is not CALLS["diffuse"] else want, want, strict=True):
            assert r.shape == w.shape
        for leaf in (torch.complex(t, 2 * t).requires_grad_(),):
            for r, w in zip(run(leaf.conj()), want, strict=True):
                assert torch.allclose(r.detach().resolve_conj(), torch.complex(w, -2 * w))


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_transforms_after_kept_calls():
    """torch.func, forward mode, derivatives of derivatives and batches of cotangents find no call that was bound without them."""
    t, v = field(), field(3)
    for run in CALLS.values():
        leaf = t.clone().requires_grad_()
        for _ in range(2):
            want = run(t)
            results = run(leaf)
        values, slopes = torch.func.jvp(lambda u, run=run: tuple(run(u)), (t,), (v,))
        for a, b, s, w in zip(values, want, slopes, run(v), strict=True):
            assert torch.equal(a, b)
            assert torch.allclose(s, w)
        stacked = torch.func.vmap(lambda u, run=run: tuple(run(u)))(torch.stack([t, v]))
        for a, b, w in zip(stacked, want, run(v), strict=True):
            assert torch.allclose(a, torch.stack([b, w]))
        (plain,) = torch.autograd.grad(
            results, leaf, [torch.ones_like(r) for r in results], retain_graph=True
        )
        of_loss = torch.func.grad(lambda u, run=run: sum(r.sum() for r in run(u)))(t)
        assert torch.allclose(of_loss, plain)
        batch = [torch.stack([torch.ones_like(r), 2 * torch.ones_like(r)]) for r in results]
        (both,) = torch.autograd.grad(results, leaf, batch, is_grads_batched=True, retain_graph=True)
        assert torch.allclose(both, torch.stack([plain, 2 * plain]))
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(leaf, v)
            for r, w in zip(run(dual), run(v), strict=True):
                assert torch.allclose(torch.autograd.forward_ad.unpack_dual(r).tangent, w)
        energy = sum((r * r).sum() for r in run(leaf))
        (first,) = torch.autograd.grad(energy, leaf, create_graph=True)
        (second,) = torch.autograd.grad(first, leaf, v)  # the map is linear: its Hessian is 2 A^T A
        (wanted,) = torch.autograd.grad(run(leaf), leaf, [2 * w for w in run(v)])
        assert torch.allclose(second, wanted)


def test_compiled_after_kept_calls():
    t = field().requires_grad_()
    run = CALLS["by coordinates"]
    want, _ = run(t), run(t)
    torch.compiler.reset()
    for r, w in zip(torch.compile(run, backend="eager", fullgraph=True)(t), want, strict=True):
        assert torch.equal(r, w)


def test_one_component_of_two_and_saved_outputs():
    leaf = field().requires_grad_()
    for _ in range(2):
        of_x, of_y = gg.gradient(leaf, X, Y)
        (slopes,) = torch.autograd.grad(of_y.sum(), leaf, retain_graph=True)
        (both,) = torch.autograd.grad((of_x * 0).sum() + gg.gradient(leaf, Y, axis=1).sum(), leaf)
        assert torch.allclose(slopes, both)
    with pytest.raises(TypeError, match="cut the result from its graph"):
        gg.gradient(leaf, X, Y, out=[torch.empty(5, 6, dtype=torch.float64) for _ in range(2)])


def test_views_and_strides_are_other_calls():
    whole = torch.from_numpy(np.random.default_rng(2).random((12, 10)))
    leaf = whole.clone().requires_grad_()
    for cut in (
        lambda w: w[:5, :6],
        lambda w: w[::2][:5, 4:],
        lambda w: w.T[:5, :6],
        lambda w: w.flip(0)[2:7, 1:7],
    ):
        for run in CALLS.values():
            for _ in range(2):
                for r, w in zip(run(cut(leaf)), run(cut(whole).contiguous()), strict=True):
                    assert torch.equal(r.detach(), w)


def test_threads_and_deterministic_mode():
    leaf = field().requires_grad_()
    results = GRID.gradient(leaf)
    (want,) = torch.autograd.grad(results, leaf, [torch.ones_like(r) for r in results])
    found = []

    def work():
        for _ in range(20):
            own = field().requires_grad_()
            made = GRID.gradient(own)
            found.extend(torch.autograd.grad(made, own, [torch.ones_like(r) for r in made]))

    torch.use_deterministic_algorithms(True)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    finally:
        torch.use_deterministic_algorithms(False)
    assert len(found) == 80
    assert all(torch.equal(slopes, want) for slopes in found)


def test_fields_of_two_devices_are_refused():
    k = torch.from_numpy(K).to("meta")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"are on the devices cpu, meta; bring all to one"):
            GRID.diffuse(k)(field())


def test_arrays_beside_tensors_say_what_to_type():
    with pytest.raises(
        TypeError, match=r"different libraries, torch and numpy; convert them to one, torch\.asarray\(k\)"
    ):
        GRID.diffuse(K)(field())
    assert torch.equal(
        GRID.diffuse(torch.asarray(K))(field()), torch.from_numpy(GRID.diffuse(K)(field().numpy()))
    )
