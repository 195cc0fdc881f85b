"""Solves of tensors and of JAX's arrays: the same values, derivatives in both modes, maps and compiled functions."""

import numpy as np
import pytest
from optional import optional

import gridgrad as gg

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
RNG = np.random.default_rng(4)
METHODS = [None, "direct", "cg"]


def step():
    grid = gg.Grid(
        (4, 0.5), np.array([0.0, 0.3, 0.9, 1.0, 1.7]), boundary=["reflect", (gg.value(0.0), "symmetric")]
    )
    return grid.identity - 0.3 * grid.laplacian


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_a_right_hand_side_that_is_refused_costs_no_factors(monkeypatch):
    from gridgrad._operators.solving import solver

    made = []
    inverse_of = solver.inverse_of
    monkeypatch.setattr(solver, "inverse_of", lambda *a: [made.append(a), inverse_of(*a)][1])
    b = RNG.standard_normal((4, 5))
    A = gg.Grid((4, 0.5), (5, 0.7), boundary=gg.value(0.0, wall="face")).laplacian
    refused = [
        (b.ravel(), ValueError, r"f.reshape\(grid.shape\)"),
        (b.T, ValueError, "the grid has shape"),
        (np.ma.masked_less(b, 0), TypeError, "b is masked"),
        (b.astype("M8[s]"), TypeError, "dtype datetime64"),
    ]
    for wrong, error, message in refused:
        with pytest.raises(error, match=message):
            A.solve(wrong)
    try:
        import dask.array
    except ImportError:
        pass
    else:
        with pytest.raises(TypeError, match="not of dask"):
            A.solve(dask.array.from_array(b))
    assert not made
    expected = np.linalg.solve(A.to_sparse().toarray(), b.ravel()).reshape(4, 5)
    for _ in range(2):
        assert np.allclose(A.solve(b), expected, rtol=1e-12, atol=1e-12)
    assert len(made) == 1
    A.with_().solver()
    assert len(made) == 2  # a solver has its factors before it is called


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [optional("torch"), optional("jax")])
def test_values_are_those_of_numpy(name, method, request):
    request.getfixturevalue(name)
    b = RNG.standard_normal((2, 4, 5))
    solver = step().solver(method)
    for dtype in ("float32", "float64", "complex128"):
        given = b.astype(dtype)
        if name == "torch":
            import torch as library

            u = solver(library.tensor(given)).numpy()
        else:
            import jax.numpy as library

            u = np.asarray(solver(library.array(given)))
        assert u.dtype == dtype
        assert np.array_equal(u, solver(given))


def are_alike(among_others, alone, method):
    """A field of a batch has the bits of one alone, but for LU factors: SuperLU calls other functions of BLAS for several columns."""
    if method == "direct":
        return np.abs(np.asarray(among_others) - np.asarray(alone)).max() < 1e-14
    return np.array_equal(among_others, alone)


@pytest.mark.parametrize("method", METHODS)
def test_gradients_of_tensors(torch, method):
    b = torch.tensor(RNG.standard_normal((4, 5)), requires_grad=True)
    solver = step().solver(method)
    assert torch.autograd.gradcheck(solver, b)
    assert torch.autograd.gradgradcheck(lambda x: solver(x) ** 2, b)
    z = torch.tensor(RNG.standard_normal((4, 5)) + 1j, requires_grad=True)
    assert torch.autograd.gradcheck(solver, z)
    plain = b.detach()
    assert torch.equal(torch.func.jvp(solver, (plain,), (plain,))[1], solver(plain))
    assert are_alike(torch.func.vmap(solver)(torch.stack([plain, plain]))[1], solver(plain), method)


def test_gradients_by_what_is_prescribed(torch):
    v = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    s = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    b = torch.ones(5, dtype=torch.float64)

    def u(v, s):
        return gg.Grid((5, 0.5), boundary=[(gg.value(v), gg.slope(s))]).laplacian.solve(b)

    assert torch.autograd.gradcheck(u, (v, s))


def test_gradients_of_a_problem_without_values(torch):
    """Where the mean is projected out, of b and of the gradient."""
    grid = gg.Grid((6, 0.5), np.array([0.0, 0.3, 0.9, 1.0, 1.7]), boundary=["periodic", "reflect"])
    weights = torch.tensor(grid.measure / grid.measure.sum())
    f = torch.tensor(RNG.standard_normal(grid.shape), requires_grad=True)
    for method in (None, "direct"):
        assert torch.autograd.gradcheck(
            lambda x, own=method: grid.laplacian.solve(x - (weights * x).sum(), method=own), f
        )


@pytest.mark.parametrize("method", METHODS)
def test_derivatives_in_jax(jax, method):
    b = jax.numpy.array(RNG.standard_normal((4, 5)))
    solver = step().solver(method)

    def loss(x):
        return (solver(x) ** 2).sum()

    M = step().to_sparse().toarray()
    inside = np.arange(20).reshape(4, 5)[:, 1:].ravel()
    inverse = np.zeros((20, 20))
    inverse[np.ix_(inside, inside)] = np.linalg.inv(M[np.ix_(inside, inside)])
    want = 2 * inverse.T @ inverse
    assert np.abs(jax.grad(loss)(b).ravel() - want @ np.ravel(b)).max() < 1e-9
    assert np.abs(jax.hessian(loss)(b).reshape(20, 20) - want).max() < 1e-8
    assert np.array_equal(jax.jit(solver)(b), solver(b))
    assert are_alike(jax.vmap(solver)(jax.numpy.stack([b, 2 * b]))[1], solver(2 * b), method)
    assert np.array_equal(jax.jit(jax.vmap(jax.grad(loss)))(b[None])[0], jax.grad(loss)(b))


@pytest.mark.parametrize("method", METHODS[:2])
def test_derivatives_by_what_is_prescribed_in_jax(jax, method):
    """A solution is linear in it, so that a change of it by 1 is its derivative."""
    with jax.enable_x64(True):
        b = jax.numpy.array(RNG.standard_normal((4, 5)))
        sides = tuple(jax.numpy.array(RNG.standard_normal(4)) for _ in range(2))

        def u(v, s):
            ends = gg.value(v, name="inflow"), gg.slope(s)
            return gg.Grid((4, 0.5), (5, 0.3), boundary=["reflect", ends]).laplacian.solve(b, method=method)

        for found in (jax.jacobian(u, (0, 1))(*sides), jax.jit(jax.jacfwd(u, (0, 1)))(*sides)):
            for k, own in enumerate(found):
                changed = [[v + (k == n) * e for n, v in enumerate(sides)] for e in np.eye(4)]
                want = np.stack([u(*both) - u(*sides) for both in changed], axis=-1)
                assert np.abs(own - want).max() < 1e-12
        solver = gg.Grid((5, 0.3), boundary=[(gg.value(0.0, name="inflow"), "reflect")]).laplacian.solver(
            method
        )
        by_name = jax.jacobian(lambda v: solver(b[0], inflow=v))(1.0)
        assert np.abs(by_name - (solver(b[0], inflow=2.0) - solver(b[0], inflow=1.0))).max() < 1e-12


def test_numbers_at_walls_do_not_outlive_a_trace(jax):
    grid = gg.Grid((4, 0.5), boundary=[(gg.value(1.0), gg.slope(2.0))])
    b = jax.numpy.ones(4)
    for A in (grid.laplacian, grid.laplacian.solver()):
        traced = jax.jit(A)(b)
        assert np.abs(A(b) - traced).max() < 1e-14
        assert np.abs(jax.vmap(A)(b[None])[0] - traced).max() < 1e-14
