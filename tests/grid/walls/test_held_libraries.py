"""Points on a wall that holds a value, in every library: values, derivatives by the field and by what is held, compilers, files."""

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(3)
SHAPE = (8, 9)
F, LEFT, TOP = RNG.random(SHAPE), RNG.random(9), RNG.random(8)
EPS = 1e-6


def operator(left=LEFT, top=TOP):
    grid = gg.Grid(
        (8, 0.5), (9, 0.25), boundary=[(gg.value(left), "one-sided"), ("reflect", gg.value(top, name="top"))]
    )
    return grid.identity + 0.1 * grid.laplacian


def written(left=LEFT, top=TOP):
    f = F.copy()
    f[0] = left
    f[:, -1] = top
    return f


WANT = operator().bare(written())
BY_FIELD = 2 * (operator().to_sparse().T @ WANT.ravel()).reshape(SHAPE)


def total(left, top):
    return (operator(left, top).bare(written(left, top)) ** 2).sum()


def slopes(function, x):
    steps = EPS * np.eye(len(x))
    return np.array([(function(x + step) - function(x - step)) / (2 * EPS) for step in steps])


def by_values():
    return slopes(lambda left: total(left, TOP), LEFT), slopes(lambda top: total(LEFT, top), TOP)


def test_torch():
    torch = pytest.importorskip("torch")
    f, left, top = (torch.tensor(a, requires_grad=True) for a in (F, LEFT, TOP))
    for result in (operator(left, top)(f), operator(left, torch.zeros(8, dtype=torch.float64))(f, top=top)):
        f.grad = left.grad = top.grad = None
        assert np.allclose(result.detach().numpy(), WANT, rtol=1e-13)
        (result**2).sum().backward()
        assert np.allclose(f.grad.numpy(), BY_FIELD, rtol=1e-12, atol=1e-12)
        for got, want in zip((left.grad, top.grad), by_values(), strict=True):
            assert np.allclose(got.numpy(), want, rtol=1e-6)
    assert not f.grad[0].any()
    A = operator(torch.tensor(LEFT), torch.tensor(TOP))
    traced = torch.compile(lambda f: A(f), backend="eager", fullgraph=True)
    assert np.allclose(traced(torch.tensor(F)).numpy(), WANT, rtol=1e-13)


def test_jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        given = [jax.numpy.asarray(a) for a in (F, LEFT, TOP)]

        def loss(f, left, top):
            return (operator(left, top)(f) ** 2).sum()

        for grad in (jax.grad(loss, (0, 1, 2)), jax.jit(jax.grad(loss, (0, 1, 2)))):
            by_field, *found = grad(*given)
            assert np.allclose(by_field, BY_FIELD, rtol=1e-12, atol=1e-12)
            for got, want in zip(found, by_values(), strict=True):
                assert np.allclose(got, want, rtol=1e-6)
        A = operator(*given[1:])
        assert np.allclose(jax.jit(A)(given[0]), WANT, rtol=1e-13)
        u = A.solve(given[0])
        assert np.allclose(np.asarray(A(u))[1:, :-1], F[1:, :-1], rtol=1e-12)


def test_dask():
    dask_array = pytest.importorskip("dask.array")
    spoiled = np.where(written() == F, F, np.nan)
    result = operator()(dask_array.from_array(spoiled, chunks=(3, 4)))
    assert same_bits(result.compute(), WANT)


def test_files(tmp_path):
    zarr = pytest.importorskip("zarr")
    dask_files = pytest.importorskip("gridgrad.dask")
    spoiled = np.where(written() == F, F, np.nan)
    zarr.create_array(tmp_path / "f.zarr", data=spoiled, chunks=(3, 4))
    A = operator()
    G = A.grid.gradient
    dask_files.to_zarr(
        {"A": A, "G": G, "plain": A.grid.derivative(0)}, tmp_path / "f.zarr", tmp_path / "all.zarr"
    )
    found = zarr.open(tmp_path / "all.zarr")
    assert same_bits(found["A"][:], WANT)
    assert same_bits(found["G"][:], np.asarray(G(F)))
    zarr.create_array(tmp_path / "g.zarr", data=F, chunks=(3, 4))
    dask_files.to_zarr(A.T, tmp_path / "g.zarr", tmp_path / "t.zarr")
    assert np.array_equal(zarr.open(tmp_path / "t.zarr")[:], A.T(F))


def test_array_api_strict():
    xp = pytest.importorskip("array_api_strict")
    assert same_bits(np.asarray(operator(xp.asarray(LEFT), xp.asarray(TOP))(xp.asarray(F))), WANT)
