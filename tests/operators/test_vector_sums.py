"""What acts at points alone in sums with operators of vector fields: on each component."""

import pickle

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(6)
SHAPE = (6, 7)
X = np.cumsum(RNG.uniform(0.3, 1.2, 6))
C, Z = RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE) + 1j
ENDS = {
    "one-sided": "one-sided",
    "no slip": gg.no_slip(),
    "lid": gg.components(gg.value(0.0, wall="face"), gg.value(RNG.standard_normal(7)[:1], wall="face"), "symmetric"),
}  # fmt: skip
# The operator, and what it is of each component F and of what the vector laplacian L makes there.
SUMS = {
    "identity first": (lambda g: g.identity - 0.1 * g.vector_laplacian, lambda F, L: F - 0.1 * L),
    "identity last": (lambda g: g.vector_laplacian - 3 * g.identity, lambda F, L: L - 3 * F),
    "a field": (lambda g: g.vector_laplacian + C * g.identity, lambda F, L: L + C * F),
    "both": (lambda g: g.identity + g.multiply(C) - 0.1 * g.vector_laplacian, lambda F, L: F + C * F - 0.1 * L),
    "complex": (lambda g: g.multiply(Z) + 1j * g.vector_laplacian, lambda F, L: Z * F + 1j * L),
    "a product": (lambda g: g.identity - g.multiply(C) @ g.vector_laplacian, lambda F, L: F - C * L),
}  # fmt: skip


def fields():
    return np.random.default_rng(2).standard_normal((2, *SHAPE))


def grid_with(ends):
    return gg.Grid(X, (7, 0.5), boundary=ENDS[ends])


def close(got, want):
    assert np.abs(np.asarray(got) - want).max() <= 1e-13 * np.abs(want).max()


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("ends", ENDS)
def test_values_matrices_and_adjoints(ends, name):
    grid, F, (make, expected) = grid_with(ends), fields(), SUMS[name]
    A, L = make(grid), np.array(grid.vector_laplacian(F))
    held = F.copy()
    if ends == "no slip":  # points on such a wall are at rest
        held[:, [0, -1]] = held[:, :, [0, -1]] = 0
    close(A(F), np.stack([expected(*pair) for pair in zip(held, L, strict=True)]))
    assert A.inputs == A.outputs == (2,)
    M = A.to_sparse()
    close(A.linear(F), (M @ F.ravel()).reshape(F.shape))
    close(A.adjoint(F), (M.conj().T @ F.ravel()).reshape(F.shape))
    close(A.T(F), (M.T @ F.ravel()).reshape(F.shape))
    close(np.array(A.linear(F)) + np.array(A.offset), np.array(A(F)))


def test_products_of_vector_operators():
    grid, F = grid_with("one-sided"), fields()
    A = grid.identity - 0.5 * (grid.gradient @ grid.divergence)
    close(A(F), F - 0.5 * np.array(grid.gradient(grid.divergence(F))))
    close((0.5 * (grid.gradient @ grid.divergence) - grid.identity)(F), -np.array(A(F)))


@pytest.mark.parametrize(
    "make",
    [lambda g: C * (2.0 * g.identity), lambda g: g.multiply(C) @ g.multiply(C + 1) @ g.multiply(C),
     lambda g: (g.identity + g.multiply(C)) @ (g.identity - g.multiply(C))],
)  # fmt: skip
def test_products_of_what_acts_at_points_do_too(make):
    grid, F = grid_with("one-sided"), fields()
    at_points, V = make(grid), grid.vector_laplacian
    close((at_points + V)(F), np.stack([at_points(f) for f in F]) + np.array(V(F)))


@pytest.mark.parametrize("library", parameters("dask.array", "array_api_strict"))
def test_stacked_fields_stay_so_where_one_part_gives_a_tuple(library):
    grid = grid_with("one-sided")
    both = grid.gradient @ grid.divergence
    with library.wide():
        F = library.array(fields())
        for A in (grid.identity - both, both - grid.identity, grid.vector_laplacian + both):
            assert type(A(F)) is type(F)
            close(library.host(A(F)), np.array(A(fields())))


def test_it_is_one_sweep_that_is_kept():
    grid = grid_with("one-sided")
    A, again = (grid.identity - 0.1 * grid.vector_laplacian for _ in range(2))
    assert A.pattern is again.pattern
    assert len(A.terms) == 6


def test_a_field_has_one_name_for_all_components():
    grid, F = grid_with("one-sided"), fields()
    A = grid.multiply(C, name="drag") + grid.vector_laplacian
    close(A(F, drag=2 * C), np.array(A(F)) + C * F)


def test_on_one_axis_a_vector_is_an_array():
    line, f = gg.Grid(X), fields()[0, :, 0]
    assert same_bits(
        (line.identity - 0.1 * line.vector_laplacian)(f), (line.identity - 0.1 * line.laplacian)(f)
    )


def test_beside_gaps():
    inside = np.random.default_rng(3).random(SHAPE) > 0.15
    grid, F = grid_with("one-sided").with_mask(inside), fields()
    A, L = grid.identity - 0.1 * grid.vector_laplacian, np.array(grid.vector_laplacian(F))
    close(np.where(inside, np.array(A(F)), 0), np.where(inside, F - 0.1 * L, 0))
    close(A.adjoint(F), (A.to_sparse().T @ F.ravel()).reshape(F.shape))
    for at_points in (
        0.0 * grid.identity,
        grid.multiply(C).T,
        grid.multiply(C).adjoint_operator("quadrature"),
    ):
        assert same_bits(
            np.array((grid.vector_laplacian + at_points)(F)), L + np.stack([at_points(f) for f in F])
        )


@pytest.mark.needs("torch")
def test_tensors():
    import torch

    A, F = of_libraries()
    given = torch.tensor(F, requires_grad=True)
    close(A(given).detach().numpy(), np.array(A(F)))
    assert torch.autograd.gradcheck(A, given)


def test_jax(jax):
    A, F = of_libraries()
    close(np.asarray(jax.jit(A)(jax.numpy.asarray(F))), np.array(A(F)))


@pytest.mark.needs("dask")
def test_chunks():
    import dask.array

    A, F = of_libraries()
    for got, want in zip(A([dask.array.from_array(f, chunks=3) for f in F]), A(F), strict=True):
        assert same_bits(got.compute(), want)


def of_libraries():
    """An operator of numbers at walls, and a field."""
    grid = grid_with("no slip")
    return grid.identity - 0.1 * grid.vector_laplacian, fields()


def test_what_reads_neighbours_stays_what_it_is():
    grid = grid_with("one-sided")
    for refused in (
        lambda: grid.laplacian + grid.vector_laplacian,
        lambda: grid.identity + grid.gradient,
        lambda: grid.identity - grid.divergence,
        lambda: (grid.identity + grid.laplacian) - grid.vector_laplacian,
        lambda: grid.multiply(C) @ grid.laplacian + grid.vector_laplacian,
        lambda: grid.laplacian @ grid.laplacian + grid.vector_laplacian,
    ):
        with pytest.raises(ValueError, match=r"cannot add .*they map scalar field -> scalar field and"):
            refused()


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("name", SUMS)
def test_beside_walls_with_values_and_gaps(name, has_gaps):
    """What is prescribed counts in `identity`, once; not in transposes, nor in linear parts."""
    wall = gg.components(normal=gg.value(1.5), tangential=gg.slope(2.0), scalar="reflect")
    grid, F, (make, expected) = gg.Grid(X, (7, 0.5), boundary=[wall, "one-sided"]), fields(), SUMS[name]
    held, inside = F.copy(), np.ones(SHAPE, bool)
    held[0, [0, -1]] = 1.5
    if has_gaps:
        inside[[2, 3], [3, 0]] = False
        grid, held = grid.with_mask(inside), np.where(inside, held, 0)
    A, V = make(grid), grid.vector_laplacian
    L = np.array(V(np.where(inside, F, np.nan)))
    close(A(np.where(inside, F, np.nan)), np.stack([expected(*pair) for pair in zip(held, L, strict=True)]))
    M = A.to_sparse()
    close(A.linear(F), (M @ F.ravel()).reshape(F.shape))
    close(A.T(F), (M.T @ F.ravel()).reshape(F.shape))
    of_parts = grid.identity.T - 0.1 * V.T
    close(of_parts(F), (grid.identity - 0.1 * V).T(F))
    close(of_parts.T(F), (grid.identity - 0.1 * V).linear(F))


TRANSPOSES = {  # of what is held P, and what is multiplied C: matrices
    "first": (lambda g, V: g.identity.T + V, lambda P, C, M: P + M, True),
    "last": (lambda g, V: V - 3 * g.identity.T, lambda P, C, M: M - 3 * P, True),
    "adjoint": (lambda g, V: g.identity.adjoint_operator("quadrature") + V, lambda P, C, M: P + M, True),
    "linear part": (lambda g, V: g.multiply(C).linear + V, lambda P, C, M: C @ P + M, True),
    "a field": (lambda g, V: 2 * g.multiply(C).T + V, lambda P, C, M: 2 * P @ C + M, True),
    "a sum": (lambda g, V: (g.identity.T + g.multiply(C).T) + V, lambda P, C, M: P + P @ C + M, True),
    "of both": (lambda g, V: g.identity.T + V.T, lambda P, C, M: P + M.T, False),
    "twice": (lambda g, V: g.identity.T.T + V, lambda P, C, M: P + M, True),
    "twice, a multiple": (lambda g, V: V - (3 * g.identity).T.T, lambda P, C, M: M - 3 * P, True),
    "a multiple turned back": (lambda g, V: (3 * g.identity.T).T + V, lambda P, C, M: 3 * P + M, True),
    "twice, adjoint": (
        lambda g, V: (2 * g.identity.adjoint_operator("quadrature")).adjoint_operator("quadrature") + V,
        lambda P, C, M: 2 * P + M,
        True,
    ),
    "twice, a field": (lambda g, V: g.multiply(C).T.T + V, lambda P, C, M: C @ P + M, True),
    "both twice": (lambda g, V: g.identity.T.T + V.T.T, lambda P, C, M: P + M, False),
}

LINEAR_PARTS = ("linear part", "twice", "twice, a multiple", "a multiple turned back", "twice, adjoint", "twice, a field")  # fmt: skip


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize(
    ("name", "scalar"),
    [
        (name, scalar)
        for name in TRANSPOSES
        for scalar in (gg.value(3.0), gg.value(0.0), "reflect")
        if scalar == gg.value(3.0) or name not in LINEAR_PARTS  # else the operator is its own linear part
    ],
    ids=str,
)
def test_transposes_of_what_acts_at_points_take_nothing_that_is_prescribed(name, scalar, has_gaps):
    """They are those of the operator on each component, whose held points count with 0; a linear part takes as little."""
    wall = gg.components(normal=gg.value(1.5), tangential=gg.slope(2.0), scalar=scalar)
    grid, F, (make, expected, is_affine) = (
        gg.Grid(X, (7, 0.5), boundary=[wall, "one-sided"]),
        fields(),
        TRANSPOSES[name],
    )
    inside = np.ones((2, *SHAPE), bool)
    if has_gaps:
        inside[:, [2, 3], [3, 0]] = False
        grid = grid.with_mask(inside[0], fill=0.0)
    V, free = grid.vector_laplacian, inside.copy()
    free[0, [0, -1]] = False
    A, M = make(grid, V), V.to_sparse().toarray()
    P, factor = np.diag(free.ravel().astype(float)), np.diag(np.tile(C.ravel(), 2))
    matrix = expected(P, factor, M)
    close(A(F), (matrix @ F.ravel()).reshape(F.shape) + (np.array(V.offset) if is_affine else 0))
    close(A.to_sparse().toarray(), matrix)
    close(A.T(F), (matrix.T @ F.ravel()).reshape(F.shape))
    close(pickle.loads(pickle.dumps(A))(F), np.array(A(F)))


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("factor", [1, -2.5, 0, 1j, 2 - 1j])
def test_a_transpose_is_turned_back_into_an_operator_of_held_fields(factor, has_gaps):
    """It is the linear part, and one sweep with that in sums; the second adjoint has the factor again."""
    grid = gg.Grid(X, (7, 0.5), boundary=gg.value(2.0))
    if has_gaps:
        inside = np.ones(SHAPE, bool)
        inside[[2, 3], [3, 0]] = False
        grid = grid.with_mask(inside, fill=0.0, boundary=gg.value(1.0))
    A = grid.laplacian
    for back in ((factor * A).T.T, (factor * A.T).T, (factor * A).adjoint_operator().adjoint_operator()):
        close(back(C), (factor * A.linear)(C))
        close(back.to_sparse().toarray(), factor * A.linear.to_sparse().toarray())
        close(pickle.loads(pickle.dumps(back))(C), back(C))
    assert type(A.T.T + A.linear) is type(A)
    close((factor * A.T).T.T(C), (factor * A.T)(C))


def test_the_transpose_of_a_scalar_operator_beside_walls_of_components_alone_is_as_it_was():
    grid = gg.Grid(
        X, (7, 0.5), boundary=[gg.components(gg.value(1.5), gg.value(2.0), "reflect"), "one-sided"]
    )
    assert same_bits(grid.identity.T(C), C)


@pytest.mark.parametrize("value", [5.0, 0.0, np.arange(7.0)], ids=["number", "zero", "array"])
@pytest.mark.parametrize("before", [1.0, np.arange(7.0)], ids=["number", "array"])
def test_values_given_to_what_acts_at_points_stay_in_the_sum(before, value):
    grid = gg.Grid(X, (7, 0.5), boundary=[gg.value(before, name="wall"), "reflect"])
    V, F = grid.vector_laplacian, RNG.standard_normal((2, *SHAPE))
    own = F.copy()
    own[:, [0, -1]] = value
    for made, wanted in zip((grid.identity.with_(wall=value) + V)(F), own + V(F), strict=True):
        np.testing.assert_allclose(made, wanted, rtol=1e-13, atol=1e-13)
    for made, wanted in zip((V - grid.multiply(C).with_(wall=value))(F), V(F) - C * own, strict=True):
        np.testing.assert_allclose(made, wanted, rtol=1e-13, atol=1e-13)


def test_values_given_beside_gaps_stay_in_the_sum():
    inside = np.ones(SHAPE, bool)
    inside[2:4, 3] = False
    grid = gg.Grid(X, (7, 0.5)).with_mask(inside, boundary=gg.value(1.0, name="coast"))
    V, F = grid.vector_laplacian, np.where(inside, RNG.standard_normal((2, *SHAPE)), np.nan)
    own = np.where(grid.laplacian.unknowns, F, 5.0)
    for made, wanted in zip((grid.identity.with_(coast=5.0) + V)(F), own + V(F), strict=True):
        np.testing.assert_allclose(made[inside], wanted[inside], rtol=1e-13, atol=1e-13)
