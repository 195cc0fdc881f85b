"""Values at walls in every library, derivatives by them, and the walls of other programs."""

import numpy as np
import pytest

import gridgrad as gg

EPS = np.finfo(float).eps
RNG = np.random.default_rng(0)
F, G, V = RNG.random((6, 7)), RNG.random((6, 7)), RNG.random(7)


def operator(v, name=None):
    sides = (gg.value(v, wall="face", name=name), gg.slope(2.0))
    return gg.Grid((6, 0.5), (7, 0.5), boundary=[sides, "periodic"]).laplacian


BY_VALUES = np.array([(G * (operator(V + e).offset - operator(V).offset)).sum() for e in np.eye(7)])
A = operator(0.0, "w")


def test_torch_differentiates_by_fields_and_by_values():
    torch = pytest.importorskip("torch")
    f, v = torch.tensor(F, requires_grad=True), torch.tensor(V, requires_grad=True)
    for apply in (lambda: operator(v)(f), lambda: A(f, w=v)):
        f.grad = v.grad = None
        result = apply()
        assert np.array_equal(result.detach().numpy(), operator(V)(F))
        (result * torch.tensor(G)).sum().backward()
        assert np.abs(v.grad.numpy() - BY_VALUES).max() <= 64 * EPS * np.abs(BY_VALUES).max()
        assert np.array_equal(f.grad.numpy(), operator(V).adjoint(G))
    assert A(torch.tensor(F, dtype=torch.float16)).dtype == torch.float16
    assert operator(v).offset.shape == (6, 7)
    traced = torch.compile(lambda u, w: A(u, w=w), backend="eager", fullgraph=True)
    assert np.array_equal(traced(f, v).detach().numpy(), operator(V)(F))


def test_functions_of_tensors_are_called_again():
    """What was bound to plain tensors does not serve values that begin to be differentiated."""
    torch = pytest.importorskip("torch")
    f, v = torch.tensor(F), torch.tensor(V)
    ends = [(gg.value(v, wall="face"), gg.slope(2.0)), gg.value(1.0)]
    for _ in range(2):
        for boundary in (ends, ends[1]):
            of_numbers = [(gg.value(V, wall="face"), ends[0][1]), ends[1]] if boundary is ends else boundary
            want = gg.laplacian(F, 0.5, boundary=of_numbers)
            assert np.array_equal(gg.laplacian(f, 0.5, boundary=boundary).numpy(), want)
    v.requires_grad_()
    assert gg.laplacian(f, 0.5, boundary=ends).requires_grad


def test_jax_differentiates_by_fields_and_by_values():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        f, v = jax.numpy.asarray(F), jax.numpy.asarray(V)

        def loss(f, v):
            return (A(f, w=v) * G).sum()

        for grad in (jax.grad(loss, (0, 1)), jax.jit(jax.grad(loss, (0, 1)))):
            by_f, by_v = grad(f, v)
            assert np.abs(by_v - BY_VALUES).max() <= 64 * EPS * np.abs(BY_VALUES).max()
            assert np.abs(by_f - A.adjoint(G)).max() <= 64 * EPS * np.abs(G).max() / 0.25


def test_other_libraries():
    want = A(F)
    strict = pytest.importorskip("array_api_strict")
    assert np.array_equal(np.asarray(A(strict.asarray(F))), want)
    dask = pytest.importorskip("dask.array")
    assert np.array_equal(A(dask.from_array(F, chunks=3)).compute(), want)
    masked = A(np.ma.array(F, mask=F > 0.9))
    assert np.array_equal(
        np.ma.getmaskarray(masked), np.ma.getmaskarray(A.linear(np.ma.array(F, mask=F > 0.9)))
    )
    pint = pytest.importorskip("pint").UnitRegistry()
    assert A(F * pint.K).units == pint.K
    with pytest.raises(TypeError, match="arrays of different libraries"):
        operator(strict.asarray(V))(F)


def test_long_double_goes_the_way_of_slices():
    assert np.abs(A(F.astype("g")) - A(F)).max() <= 16 * EPS * 16


@pytest.mark.parametrize("n", [2, 3, 12])
def test_mirrors_are_those_of_numpy_and_scipy(n):
    ndimage = pytest.importorskip("scipy.ndimage")
    f, h = RNG.standard_normal((n, n + 1)), 0.5
    largest = 4 * EPS * 4 * np.abs(f).max() / h**2
    for word, pad, mode in (("symmetric", {"mode": "symmetric"}, "reflect"), ("reflect", {"mode": "reflect"}, "mirror"),
                            ("periodic", {"mode": "wrap"}, "grid-wrap")):  # fmt: skip
        if word == "periodic" and n == 2:
            continue
        got = gg.laplacian(f, h, boundary=word)
        assert np.abs(got - ndimage.laplace(f, mode=mode) / h**2).max() <= largest
        for g, axis in zip(gg.gradient(f, h, boundary=word), (0, 1), strict=True):
            ghosts = np.pad(f, [(1, 1) if k == axis else (0, 0) for k in (0, 1)], **pad)
            want = np.gradient(ghosts, h, axis=axis)
            assert np.abs(g - (want[1:-1] if axis == 0 else want[:, 1:-1])).max() <= largest
    odd = np.pad(f, 1, "symmetric")
    odd[[0, -1]] *= -1
    odd[:, [0, -1]] *= -1
    want = (odd[2:, 1:-1] + odd[:-2, 1:-1] + odd[1:-1, 2:] + odd[1:-1, :-2] - 4 * f) / h**2
    assert np.abs(gg.laplacian(f, h, boundary="antisymmetric") - want).max() <= 2 * largest


def ghosts_of_pypde(kind, first, v, h, a=3.0):
    """The value beyond a wall half a step outside, as py-pde's ConstBC1stOrderBase computes it."""
    if kind == "value":
        return 2 * v - first
    if kind == "slope":
        return first + h * v
    return 2 * h * v / (a * h + 2) + (2 - a * h) / (2 + a * h) * first


@pytest.mark.parametrize("kind", ["value", "slope", "robin"])
def test_walls_are_those_of_py_pde(kind):
    f, h, sides = RNG.standard_normal((9, 8)), 0.375, [RNG.standard_normal(k) for k in (8, 8, 9, 9)]
    make = {"value": gg.value, "slope": gg.slope, "robin": lambda c, wall: gg.robin(3.0, 1.0, c, wall=wall)}[
        kind
    ]
    ends = [make(v, wall="face") for v in sides]
    got = gg.Grid((9, h), (8, h), boundary=[tuple(ends[:2]), tuple(ends[2:])]).laplacian(f)
    whole = np.pad(f, 1)
    whole[0, 1:-1], whole[-1, 1:-1] = (
        ghosts_of_pypde(kind, f[k], v, h) for k, v in zip((0, -1), sides, strict=False)
    )
    whole[1:-1, 0], whole[1:-1, -1] = (
        ghosts_of_pypde(kind, f[:, k], v, h) for k, v in zip((0, -1), sides[2:], strict=True)
    )
    want = (whole[2:, 1:-1] + whole[:-2, 1:-1] + whole[1:-1, 2:] + whole[1:-1, :-2] - 4 * f) / h**2
    assert np.abs(got - want).max() <= 4 * EPS * 4 * np.abs(whole).max() / h**2
