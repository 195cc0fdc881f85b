"""Derivatives by coefficients: exact differences of integers, the sweeps that make them, and what they keep."""

from fractions import Fraction

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._backends import ladder

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

BOUNDARIES = [None, "periodic", "symmetric", "reflect"]
OPERATORS = {
    "diffuse": lambda grid, k: grid.diffuse(k),
    "diffuse, transposed": lambda grid, k: grid.diffuse(k).T,
    "advect": lambda grid, k: grid.advect((k,) * grid.ndim),
    "multiply": lambda grid, k: grid.multiply(k),
    "before and behind": lambda grid, k: grid.multiply(k) @ grid.laplacian + grid.laplacian @ grid.multiply(k),
    "flux times a field": lambda grid, k: grid.multiply(torch.full(grid.shape, 2.0).double()) @ grid.diffuse(k),
}  # fmt: skip


def whole(shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(-8, 9, shape).astype(float))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("shape", [(6,), (4, 5)])
def test_is_the_difference_that_a_step_of_each_point_makes(name, boundary, shape):
    """Of integers and steps of 1 everything is exact, and the operators are linear in k."""
    grid = gg.Grid(*[(n, 1.0) for n in shape], boundary=boundary)
    f, k, w = whole(shape), whole(shape, 1), whole(shape, 2)
    own = k.clone().requires_grad_()
    result = OPERATORS[name](grid, own)(f)
    at = OPERATORS[name](grid, k)(f)
    assert torch.equal(result.detach(), at)
    (slopes,) = torch.autograd.grad(result, own, w)
    expected = torch.zeros_like(k)
    for place in np.ndindex(*shape):
        step = k.clone()
        step[place] += 1
        expected[place] = (w * (OPERATORS[name](grid, step)(f) - at)).sum()
    assert torch.equal(slopes, expected)


def faces(shape, boundary):
    """Rows, their two points and their weight in flux form, of steps of 1: cells at the ends are half as wide between ends at points."""
    for place in np.ndindex(*shape):
        for axis, n in enumerate(shape):
            at_end = place[axis] in (0, n - 1)
            for step in (-1, 1):
                other = list(place)
                other[axis] += step
                if boundary == "periodic":
                    other[axis] %= n
                if 0 <= other[axis] < n:
                    half = at_end and boundary in (None, "reflect")
                    yield place, tuple(other), Fraction(2 if half else 1)


def exact_harmonic_slopes(f, k, w, boundary):
    """The derivative of ``sum w_i s (f_j - f_i) 2 k_i k_j / (k_i + k_j)`` by each k; a closed face has none."""
    result = np.full(k.shape, Fraction(0), dtype=object)
    f, k, w = (np.vectorize(Fraction, otypes=[object])(a.numpy()) for a in (f, k, w))
    for here, there, weight in faces(k.shape, boundary):
        if k[here] and k[there]:
            flux = 2 * w[here] * weight * (f[there] - f[here]) / (k[here] + k[there]) ** 2
            result[here] += flux * k[there] ** 2
            result[there] += flux * k[here] ** 2
    return result.astype(float)


HARMONIC = {
    "itself": lambda grid, k: grid.diffuse(k, mean="harmonic"),
    "transposed": lambda grid, k: grid.diffuse(k, mean="harmonic").T,
    "times a field": lambda grid, k: grid.multiply(whole(grid.shape, 3).abs() + 1) @ grid.diffuse(k, mean="harmonic"),
    "times a field, transposed": lambda grid, k: (grid.multiply(whole(grid.shape, 3).abs() + 1) @ grid.diffuse(k, mean="harmonic")).T,
}  # fmt: skip


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("name", HARMONIC)
@pytest.mark.parametrize("shape", [(6,), (3,), (4, 5)])
def test_harmonic_means_beside_exact_rationals(name, boundary, shape, closed):
    grid = gg.Grid(*[(n, 1.0) for n in shape], boundary=boundary)
    f, k, w = whole(shape), whole(shape, 1).abs() + 1, whole(shape, 2)
    if closed:
        k.view(-1)[1] = 0
    own = k.clone().requires_grad_()
    before = ladder.counts["slices"]
    (slopes,) = torch.autograd.grad(HARMONIC[name](grid, own)(f), own, w)
    assert ladder.counts["slices"] == before
    a, b = (w, f) if "transposed" in name else (f, w)  # <w, A^T f> is <f, A w>
    expected = exact_harmonic_slopes(
        a, k, b * (whole(shape, 3).abs() + 1) if "field" in name else b, boundary
    )
    assert np.abs(slopes.numpy() - expected).max() <= 32 * np.finfo(float).eps * np.abs(expected).max(
        initial=1
    )


@pytest.mark.parametrize(("dtype", "tiny"), [(torch.float64, 1e-300), (torch.float32, 1e-36)])
@pytest.mark.parametrize("scale", ["tiny", "one", "both"])
def test_harmonic_slopes_do_not_depend_on_the_scale_of_the_factor(dtype, tiny, scale):
    """No square of a factor or of its reciprocal is made, which would leave the range."""
    grid = gg.Grid((5, 1.0), boundary="symmetric")
    f, k, w = (a.to(dtype) for a in (whole((5,)), whole((5,), 1).abs() + 1, whole((5,), 2)))
    if scale == "both":
        k[2] = tiny
    own = (k * tiny if scale == "tiny" else k).requires_grad_()
    (slopes,) = torch.autograd.grad(grid.diffuse(own, mean="harmonic")(f), own, w)
    expected = exact_harmonic_slopes(f, own.detach(), w, "symmetric")
    assert np.abs(slopes.numpy() - expected).max() <= 32 * torch.finfo(dtype).eps * np.abs(expected).max()


SPREAD = {  # factors of a, subnormal beside 0 and beside the largest too, and of both signs
    "subnormal": lambda tiny, big: [tiny / 2, tiny / 4, tiny / 8, tiny / 2, 0.0],
    "beside 0": lambda tiny, big: [0.0, tiny / 2, 1.0, 0.0, tiny / 4],
    "of all sizes": lambda tiny, big: [tiny / 2, big, tiny * 4, 1.0, tiny / 8],
    "negative": lambda tiny, big: [-tiny / 2, -tiny / 4, -tiny / 8, 1.0, -0.5],
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", SPREAD)
def test_harmonic_slopes_of_subnormal_factors(name, dtype):
    """Finite and right, as far as the mean has digits there; backward and forward."""
    kind, grid = torch.finfo(dtype), gg.Grid((5, 1.0), boundary="symmetric")
    f, w = (whole((5,), seed).to(dtype) for seed in (0, 2))
    k = torch.tensor(SPREAD[name](kind.tiny, kind.max / 64), dtype=dtype, requires_grad=True)

    def flow(k):
        return grid.diffuse(k, mean="harmonic")(f)

    (slopes,) = torch.autograd.grad(flow(k), k, w)
    expected = exact_harmonic_slopes(f, k.detach(), w, "symmetric")
    eps = 64 * kind.eps * np.abs(expected).max()
    assert np.abs(slopes.numpy() - expected).max() <= eps
    for place in range(5):
        tangent = torch.zeros_like(k)
        tangent[place] = 1
        _, moved = torch.func.jvp(flow, (k.detach(),), (tangent,))
        assert abs(float(moved @ w) - expected[place]) <= eps


@pytest.mark.needs("jax")
@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e-15, 1e-20, 1e-30, 1e-37, 1e8, 1e9, 1e12, 1e20, 1e36])
def test_harmonic_slopes_of_slices_do_not_depend_on_the_scale_either(scale):
    """JAX squares the reciprocals of what it divides by; float32 leaves its range at 1e-19."""
    jax = pytest.importorskip("jax")
    grid = gg.Grid((5, 1.0), boundary="symmetric")
    f, w, k = (whole((5,), seed).float() for seed in range(3))
    k = (k.abs() + 1) * scale
    k[2] = 0
    expected = exact_harmonic_slopes(f, k, w, "symmetric")

    def total(k):
        return (grid.diffuse(k, mean="harmonic")(jax.numpy.asarray(f.numpy())) * w.numpy()).sum()

    own = jax.numpy.asarray(k.numpy())
    eps = 64 * np.finfo(np.float32).eps * np.abs(expected).max()
    assert np.abs(jax.grad(total)(own) - expected).max() <= eps
    for place in range(5):
        _, moved = jax.jvp(total, (own,), (jax.numpy.zeros(5).at[place].set(1.0),))
        assert abs(moved - expected[place]) <= eps


def exact_harmonic_curvature(f, k, w, v):
    """What the exact slopes by k change along v, between ends half a step outside."""
    result = np.full(k.shape, Fraction(0), dtype=object)
    f, k, w, v = (np.vectorize(Fraction, otypes=[object])(a.numpy()) for a in (f, k, w, v))
    for here, there, weight in faces(k.shape, "symmetric"):
        if k[here] and k[there]:
            flux = 4 * w[here] * weight * (f[there] - f[here]) / (k[here] + k[there]) ** 3
            turn = k[here] * v[there] - k[there] * v[here]
            result[here] += flux * k[there] * turn
            result[there] -= flux * k[here] * turn
    return result.astype(float)


TWICE = {  # a tangent is of the size of k, as a step of it is
    "backward twice": lambda slope, k, v, size: torch.func.vjp(slope, k)[1](v)[0],
    "forward over backward": lambda slope, k, v, size: torch.func.jvp(slope, (k,), (v * size,))[1] / size,
    "mapped": lambda slope, k, v, size: torch.func.vmap(lambda own: torch.func.vjp(slope, own)[1](v)[0])(k[None])[0],
}  # fmt: skip


@pytest.mark.parametrize("way", TWICE)
@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e-30, 1e-36, 1e12, 1e20, 1e36])
def test_second_derivatives_of_harmonic_means_stay_in_the_range_of_float32(scale, way):
    """Each slope goes as 1 / k: with the square of a reciprocal in between it would be inf for k below 1e-19."""
    grid = gg.Grid((5, 1.0), boundary="symmetric")
    f, w, k, v = (whole((5,), seed).float() for seed in range(4))
    k = (k.abs() + 1) * scale
    k[4] = 0
    slope = torch.func.grad(lambda k: (grid.diffuse(k, mean="harmonic")(f) * w).sum())
    expected = exact_harmonic_curvature(f, k, w, v)
    eps = 64 * np.finfo(np.float32).eps * np.abs(expected).max() + np.finfo(np.float32).tiny
    assert np.abs(TWICE[way](slope, k, v, scale).numpy() - expected).max() <= eps


def test_a_closed_face_reads_nothing_in_slopes_either():
    grid = gg.Grid((6, 1.0), boundary="symmetric")
    f, k, w = whole((6,)), whole((6,), 1).abs() + 1, whole((6,), 2)
    k[2] = 0
    own = k.clone().requires_grad_()
    (expected,) = torch.autograd.grad(grid.diffuse(own, mean="harmonic")(f), own, w)
    f[2] = w[2] = torch.nan
    (slopes,) = torch.autograd.grad(grid.diffuse(own, mean="harmonic")(f), own, w)
    assert torch.equal(slopes, expected)


@pytest.mark.parametrize("boundary", [None, "antisymmetric"])
@pytest.mark.parametrize("name", HARMONIC)
def test_harmonic_means_in_every_mode(name, boundary):
    """Of uneven points, twice, batched and forward."""
    grid = gg.Grid(np.linspace(0, 1, 5) ** 2, boundary=boundary)
    f, k = ((torch.rand(5, dtype=torch.float64) + 0.5).requires_grad_() for _ in range(2))

    def made(k, f):
        return HARMONIC[name](grid, k)(f)

    assert torch.autograd.gradcheck(made, (k, f), check_batched_grad=True, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(made, (k, f), check_batched_grad=True, check_fwd_over_rev=True)


@pytest.mark.parametrize("mean", ["arithmetic", "harmonic"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_both_ways_are_sweeps_of_kernels_and_keep_fields_alone(dtype, mean):
    grid = gg.Grid((7, 0.5), (6, 0.25), boundary="symmetric")
    f = whole(grid.shape).to(dtype).requires_grad_()
    k = (whole(grid.shape, 1).abs() + 1).to(dtype).requires_grad_()
    kept = []
    before = dict(ladder.counts)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        result = grid.diffuse(k, mean=mean)(f)
    torch.autograd.grad(result, (f, k), torch.ones_like(f))
    assert ladder.counts["slices"] == before["slices"]
    assert {t.data_ptr() for t in kept} == {f.data_ptr(), k.data_ptr()}


def test_signs_stay_torch_operations():
    grid = gg.Grid((7, 0.5), boundary="symmetric")
    f = whole((7,))
    k = (whole((7,), 1).abs() + 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda k: grid.advect((k,), upwind=1)(f), k)


def test_harmonic_means_beside_a_value_at_the_wall():
    grid = gg.Grid((5, 0.5), boundary=[(gg.value(2.0), gg.slope(1.0))])
    f, k = ((torch.rand(5, dtype=torch.float64) + 0.5).requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(
        lambda k, f: grid.diffuse(k, mean="harmonic")(f), (k, f), check_forward_ad=True
    )


@pytest.mark.parametrize("boundary", [None, "symmetric"])
def test_twice_and_batched_on_uneven_points(boundary):
    x = np.linspace(0, 1, 6) ** 2
    grid = gg.Grid(x, boundary=boundary)
    f, k = (torch.rand(6, dtype=torch.float64).requires_grad_() for _ in range(2))

    def made(k, f):
        return grid.diffuse(k)(f)

    assert torch.autograd.gradcheck(made, (k, f), check_batched_grad=True, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(made, (k, f), check_batched_grad=True, check_fwd_over_rev=True)


@pytest.mark.parametrize("name", OPERATORS)
def test_tangents_of_slopes(name):
    """The backward pass is linear in the slopes of the results, and what it makes of a field is so in that field."""
    grid = gg.Grid((4, 1.0), (5, 1.0), boundary="symmetric")
    f, k, w, v = (whole(grid.shape, seed) for seed in range(4))
    k.requires_grad_()
    result = OPERATORS[name](grid, k)(f)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(w, v)
        (slopes,) = torch.autograd.grad(result, k, dual, retain_graph=True)
        value, tangent = torch.autograd.forward_ad.unpack_dual(slopes)
    for found, given in ((value, w), (tangent, v)):
        assert torch.equal(found, torch.autograd.grad(result, k, given, retain_graph=True)[0])
