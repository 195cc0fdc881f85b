"""Points beside gaps that hold a value, in every library: values, derivatives by the field and by what is held, compilers, files."""

import numpy as np
import pytest
from coasts import beside_gaps, held
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(3)
SHAPE = (8, 9)
INSIDE = np.ones(SHAPE, bool)
INSIDE[2:4, 3:6] = INSIDE[5:, 7] = INSIDE[6, 1] = INSIDE[0, 0] = False
F, SHORE, LEFT = RNG.random(SHAPE), RNG.random(SHAPE), RNG.random(9)
THERE = beside_gaps(INSIDE, 0) | beside_gaps(INSIDE, 1)
EPS = 1e-6


def operator(shore=SHORE, left=LEFT, inside=INSIDE, name="shore"):
    grid = gg.Grid((8, 0.5), (9, 0.25), boundary=[(gg.value(left), "one-sided"), "reflect"])
    grid = grid.with_mask(inside, boundary=gg.value(shore, name=name))
    return grid.identity + 0.1 * grid.laplacian


def written(shore=SHORE, left=LEFT):
    f = F.copy()
    f[0] = left
    return held(f, INSIDE, shore)


SPOILED = np.where(THERE, np.nan, F)
SPOILED[0] = np.nan
WANT = operator()(written())
FREE = operator().unknowns
BY_FIELD = 2 * (operator().to_sparse().T @ WANT.ravel()).reshape(SHAPE)


def total(shore):
    return (operator(shore)(written(shore)) ** 2).sum()


def by_shore():
    steps = EPS * np.eye(F.size).reshape(-1, *SHAPE)
    found = [(total(SHORE + step) - total(SHORE - step)) / (2 * EPS) for step in steps]
    return np.array(found).reshape(SHAPE)


def test_the_field_is_filled():
    assert same_bits(operator()(SPOILED), WANT)
    assert not BY_FIELD[~FREE].any()


def test_torch():
    torch = pytest.importorskip("torch")
    f, shore, left = (torch.tensor(a, requires_grad=True) for a in (F, SHORE, LEFT))
    other = torch.zeros(SHAPE, dtype=torch.float64)
    for result in (operator(shore, left)(f), operator(other, left)(f, shore=shore)):
        f.grad = shore.grad = None
        assert np.allclose(result.detach().numpy(), WANT, rtol=1e-13)
        (result**2).sum().backward()
        assert np.allclose(f.grad.numpy(), BY_FIELD, rtol=1e-12, atol=1e-12)
        assert np.allclose(shore.grad.numpy(), by_shore(), rtol=1e-6, atol=1e-6)
    spoiled = torch.tensor(SPOILED, requires_grad=True)
    (operator(torch.tensor(SHORE), torch.tensor(LEFT))(spoiled) ** 2).sum().backward()
    assert np.allclose(spoiled.grad.numpy(), BY_FIELD, rtol=1e-12, atol=1e-12)


def test_jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        given = [jax.numpy.asarray(a) for a in (SPOILED, SHORE, LEFT)]

        def loss(f, shore, left):
            return (operator(shore, left)(f) ** 2).sum()

        for grad in (jax.grad(loss, (0, 1)), jax.jit(jax.grad(loss, (0, 1)))):
            by_field, found = grad(*given)
            assert np.allclose(by_field, BY_FIELD, rtol=1e-12, atol=1e-12)
            assert np.allclose(found, by_shore(), rtol=1e-6, atol=1e-6)
        A = operator(*given[1:])
        assert np.allclose(jax.jit(A)(given[0]), WANT, rtol=1e-13)
        u = A.solve(jax.numpy.asarray(F))
        assert np.allclose(np.asarray(A(u))[FREE], F[FREE], rtol=1e-10)
        assert np.allclose(np.asarray(u)[THERE], SHORE[THERE])


def test_array_api_strict():
    xp = pytest.importorskip("array_api_strict")
    found = operator(xp.asarray(SHORE), xp.asarray(LEFT))(xp.asarray(SPOILED))
    assert np.allclose(np.asarray(found), WANT, rtol=1e-13)


@pytest.mark.parametrize("is_lazy", [False, True])
def test_dask(is_lazy):
    """Nothing is computed before results are, of the mask neither."""
    da = pytest.importorskip("dask.array")
    computed = []

    def seen(block):
        computed.append(block.shape)
        return block

    inside = da.from_array(INSIDE, chunks=(4, 3)).map_blocks(seen, dtype=bool, meta=np.ones((0, 0), bool))
    A = operator(inside=inside if is_lazy else INSIDE)
    result = A(da.from_array(SPOILED, chunks=(3, 4)))
    assert not computed
    assert np.allclose(result.compute(), WANT, rtol=1e-13)
    g = np.where(INSIDE, F, np.nan)
    turned = A.T(da.from_array(g, chunks=(3, 4)))
    assert np.allclose(turned.compute(), operator().T(g), rtol=1e-12, atol=1e-13)
    assert np.allclose(A(SPOILED), WANT, rtol=1e-13)


def test_files(tmp_path):
    zarr = pytest.importorskip("zarr")
    dask_files = pytest.importorskip("gridgrad.dask")
    zarr.create_array(tmp_path / "f.zarr", data=SPOILED, chunks=(3, 4))
    A = operator()
    G = A.grid.gradient
    dask_files.to_zarr(
        {"A": A, "G": G, "plain": A.grid.derivative(0)}, tmp_path / "f.zarr", tmp_path / "all.zarr"
    )
    found = zarr.open(tmp_path / "all.zarr")
    assert same_bits(found["A"][:], WANT)
    assert same_bits(found["G"][:], np.asarray(G(written())))
    assert same_bits(found["plain"][:], A.grid.derivative(0)(written()))
    g = np.where(INSIDE, F, np.nan)
    zarr.create_array(tmp_path / "g.zarr", data=g, chunks=(3, 4))
    dask_files.to_zarr(A.T, tmp_path / "g.zarr", tmp_path / "t.zarr")
    assert np.allclose(zarr.open(tmp_path / "t.zarr")[:], A.T(g), rtol=1e-13, atol=1e-13)
    halved = A.grid.whole.with_mask(INSIDE, boundary=gg.robin(2.0, 0.0, 2 * SHORE)).laplacian
    dask_files.to_zarr(halved, tmp_path / "f.zarr", tmp_path / "h.zarr")
    assert np.allclose(zarr.open(tmp_path / "h.zarr")[:], halved(written()), rtol=1e-12, atol=1e-12)


def test_masked_arrays_and_units():
    """A mask of the array's own is refused beside that of the grid, as by all operators."""
    with pytest.raises(TypeError, match="masked array"):
        operator()(np.ma.masked_array(F, ~INSIDE))
    pint = pytest.importorskip("pint")
    metre = pint.UnitRegistry().metre
    grid = operator().grid
    assert np.array_equal(grid.laplacian(SPOILED * metre).magnitude, grid.laplacian(F))
