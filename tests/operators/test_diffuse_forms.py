"""Diffusion with a diffusivity at faces, and by a symmetric tensor."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

X, Y, Z = (np.linspace(0, 1, n) ** 1.2 for n in (9, 8, 7))
ENDS = {
    "one-sided": {},
    "mirrors": {"boundary": ["symmetric", ("reflect", "symmetric")]},
    "ring": {"boundary": ["periodic", "one-sided"], "period": [1.1, None]},
}
WALLS = {
    **{word: word for word in ("one-sided", "reflect", "symmetric", "antireflect", "antisymmetric", "periodic")},
    "held": gg.value(2.0), "value": gg.value(2.0, wall="face"), "placed": (gg.value(1.0, wall=-0.3), "symmetric"),
    "slope": gg.slope(1.5), "outer slope": gg.slope(1.5, wall="face"), "robin": gg.robin(1, 2, 3.0),
    "outer robin": gg.robin(1, 2, 3.0, wall="face"), "clamped": gg.clamped(), "supported": gg.supported(),
    "one wall": ("one-sided", gg.value(1.0, wall="face")), "varying": (gg.value(np.arange(5.0), wall="face"), gg.slope(np.ones(5))),
}  # fmt: skip


def close(got, expected, eps=1e-13):
    np.testing.assert_allclose(got, expected, rtol=0, atol=eps * abs(np.asarray(expected)).max())


def positive(rng, shape, n=2):
    """A tensor that is positive definite at each point, symmetric to the last bit."""
    m = rng.standard_normal((n, n, *shape))
    k = np.einsum("ab...,cb...->ac...", m, m)
    return (k + k.swapaxes(0, 1)) / 2


class TestFaces:
    @pytest.mark.parametrize("ends", ENDS)
    def test_means_at_faces_are_the_diffusivity_at_points(self, ends, rng):
        grid = gg.Grid(X, Y, **ENDS[ends])
        f, k = rng.standard_normal(grid.shape), rng.uniform(0.5, 2, grid.shape)
        at_faces = [own.mean(k) for own in grid.faces()]
        operator = grid.diffuse(at_faces, form="faces")
        close(operator(f), grid.diffuse(k)(f))
        close((operator.to_sparse() @ f.ravel()).reshape(f.shape), operator(f))
        close(grid.diffuse((at_faces[0], 0.25), form="faces")(f), grid.diffuse((k, 0.25))(f))

    def test_totals_stay_and_the_matrix_is_symmetric(self, rng):
        grid = gg.Grid(X, Y, Z)
        k = [rng.uniform(0.5, 2, own.grid.shape) for own in grid.faces()]
        k[0][3] = 0  # an insulating wall between points
        operator = grid.diffuse(k, form="faces")
        f = rng.standard_normal((2, *grid.shape))
        got = operator(f)
        assert (
            abs((grid.measure * got).sum((1, 2, 3))) < 1e-14 * abs(grid.measure * got).sum((1, 2, 3))
        ).all()
        assert (abs((grid.measure * got)[:, :4].sum((1, 2, 3))) < 1e-14 * abs(grid.measure * got).sum()).all()
        weighted = grid.measure.ravel()[:, None] * operator.to_sparse().toarray()
        close(weighted, weighted.T)
        g = rng.standard_normal(grid.shape)
        close(operator.adjoint(g, weight="quadrature"), operator(g))

    @pytest.mark.parametrize("batch", [(), (3,)])
    def test_linear_part_and_offset(self, batch, rng):
        held = gg.value(np.arange(1.0, 9.0), wall="face"), gg.value(-2.0, wall="face")
        for grid in (gg.Grid(X, Y), gg.Grid(X, Y, boundary=[held, "reflect"])):
            faces = [grid.faces(0, walls="value" in repr(grid)), grid.faces(1)]
            k = [rng.uniform(0.5, 2, batch + own.grid.shape) for own in faces]
            A, f = grid.diffuse(k, form="faces"), rng.standard_normal(batch + grid.shape)
            assert A.offset.shape == f.shape
            assert A.offset.any() == ("value" in repr(grid))
            close(A.linear(f) + A.offset, A(f))

    def test_other_diffusivities_at_the_call(self, rng):
        grid = gg.Grid(X, Y)
        k = [rng.uniform(0.5, 2, own.grid.shape) for own in grid.faces()]
        f, twice = rng.standard_normal(grid.shape), [2 * own for own in k]
        operator = grid.diffuse(k, form="faces")
        assert same_bits(operator(f, k=twice), grid.diffuse(twice, form="faces")(f))
        assert same_bits(pickle.loads(pickle.dumps(operator))(f), operator(f))

    def test_fluxes_through_walls(self):
        """Steady between two values: what passes each face is the same, so f falls by steps of 1/k."""
        n = 6
        ends = gg.value(0.0, wall="face"), gg.value(1.0, wall="face")
        grid = gg.Grid((n, 1.0, 0.5), boundary=[ends])
        k = np.array([2.0, 1, 4, 0.5, 1, 2, 4])
        ways = np.array([0.5, 1, 1, 1, 1, 1, 0.5]) / k
        f = np.cumsum(ways)[:-1] / ways.sum()
        assert abs(grid.diffuse(k, form="faces")(f)).max() < 1e-14
        k[[0, -1]] = 0
        closed = grid.diffuse(k, form="faces")(f)
        assert abs(closed.sum()) < 1e-14
        assert abs(closed[0] - 1 / ways.sum()) < 1e-14

    @pytest.mark.parametrize("end", WALLS.values(), ids=WALLS)
    @pytest.mark.parametrize("x", [(7, 0.5), np.linspace(0, 2, 7) ** 1.3], ids=["even", "irregular"])
    def test_constants_are_those_of_points_at_every_end(self, x, end, rng):
        n, period = (7, [9.0, None]) if end == "periodic" else (8, None)
        grid = gg.Grid(x, (5, 1.0), boundary=[end, "one-sided"], period=period)
        f = rng.standard_normal((2, *grid.shape))
        expected = grid.diffuse((1.3, 0.7))(f)
        everywhere = np.full((n, 5), 1.3), np.full((7, 6), 0.7)
        for k in ((1.3, 0.7), (np.full((1, 5), 1.3), 0.7), (everywhere[0], 0.7), everywhere):
            close(grid.diffuse(k, form="faces")(f), expected)

    @pytest.mark.parametrize(
        "end", ["one-sided", "symmetric", gg.slope(0.0), gg.value(2.0), gg.clamped()], ids=str
    )
    def test_walls_that_nothing_passes_need_no_faces(self, end, rng):
        grid, f = gg.Grid((7, 0.5), boundary=[end]), rng.standard_normal(7)
        close(grid.diffuse(np.full(6, 1.3), form="faces")(f), grid.diffuse(1.3)(f))

    @pytest.mark.parametrize(
        "end", ["antisymmetric", gg.value(2.0, wall="face"), ("one-sided", gg.slope(1.0))], ids=str
    )
    def test_walls_that_fluxes_pass_need_faces(self, end):
        with pytest.raises(
            ValueError,
            match=r"fluxes pass its walls, .*: give k at 8 faces, of the shape of grid.faces\(0, walls=True",
        ):
            gg.Grid((7, 0.5), boundary=[end]).diffuse(np.ones(6), form="faces")

    @pytest.mark.parametrize("n", [8, 10, 11])
    def test_wrong_shapes(self, n):
        grid = gg.Grid(X, Y)
        for k, axis in ((np.ones((n - 1 if n == 10 else n + 4, 8)), 0), (np.ones((9, n)), 1)):
            pair = (k, 1.0) if axis == 0 else (1.0, k)
            with pytest.raises(
                ValueError, match=rf"k\[{axis}\] of form=\"faces\" has shape .* faces between points"
            ):
                grid.diffuse(pair, form="faces")
        with pytest.raises(ValueError, match="takes one k for each of 2 axes, at the faces across it, got 1"):
            grid.diffuse(np.ones((8, 8)), form="faces")
        with pytest.raises(ValueError, match="9 faces round the axis"):
            gg.Grid((9, 1.0), boundary="periodic").diffuse(np.ones(8), form="faces")


class TestTensor:
    @pytest.mark.parametrize("ends", ENDS)
    def test_totals_stay_and_the_matrix_is_symmetric_and_negative(self, ends, rng):
        grid = gg.Grid(X, Y, **ENDS[ends])
        k, f = positive(rng, grid.shape), rng.standard_normal(grid.shape)
        operator = grid.diffuse(k, form="tensor")
        got = operator(f)
        assert abs((grid.measure * got).sum()) < 1e-14 * abs(grid.measure * got).sum()
        weighted = grid.measure.ravel()[:, None] * operator.to_sparse().toarray()
        close(weighted, weighted.T)
        values = np.linalg.eigvalsh(weighted)
        assert abs(values[-1]) < 1e-12 * abs(values[0])  # constants
        assert values[-2] < -1e-4 * abs(values[0])  # and nothing else
        close((operator.to_sparse() @ f.ravel()).reshape(f.shape), got)
        close(operator.adjoint(f, weight="quadrature"), got)
        assert same_bits(grid.diffuse([list(row) for row in k], form="tensor")(f), got)

    def test_on_three_axes(self, rng):
        grid = gg.Grid(X, Y, Z)
        k, f = positive(rng, grid.shape, 3), rng.standard_normal((2, *grid.shape))
        got = grid.diffuse(k, form="tensor")(f)
        assert (
            abs((grid.measure * got).sum((1, 2, 3))) < 1e-14 * abs(grid.measure * got).sum((1, 2, 3))
        ).all()
        plane = k.copy()
        plane[2, :2] = plane[:2, 2] = 0
        flat = [[plane[a, b] if a < 2 and b < 2 else 0.0 for b in range(3)] for a in range(3)]
        for j in range(Z.size):
            own = gg.Grid(X, Y).diffuse(plane[:2, :2, ..., j], form="tensor")(f[..., j])
            close(grid.diffuse(flat, form="tensor")(f)[..., j], own)

    def test_diagonal_tensors_are_one_diffusivity_for_each_axis(self, rng):
        grid, f = gg.Grid(X, Y), rng.standard_normal((9, 8))
        k = rng.uniform(0.5, 2, f.shape)
        assert same_bits(grid.diffuse([[k, 0], [0, 2.0]], form="tensor")(f), grid.diffuse((k, 2.0))(f))
        numbers = grid.diffuse([[2, 0.5], [0.5, 1]], form="tensor")(f)
        arrays = np.multiply.outer([[2, 0.5], [0.5, 1]], np.ones(f.shape))
        close(numbers, grid.diffuse(arrays, form="tensor")(f))

    @pytest.mark.parametrize("stretched", [False, True])
    def test_order_2_round_rings(self, stretched):
        errors = []
        for n in (16, 32, 64):
            s = np.arange(n) * 2 * np.pi / n
            s = s + 0.3 * np.sin(s) * stretched
            grid = gg.Grid(s, s, boundary="periodic", period=2 * np.pi)
            x, y = grid.mesh()
            kxx, kyy, kxy = 2 + np.sin(x + y), 2 + np.cos(y) + 0 * x, 0.8 * np.cos(x) * np.sin(y)
            ux, uy, u = np.cos(x) * np.cos(y), -np.sin(x) * np.sin(y), np.sin(x) * np.cos(y)
            exact = np.cos(x + y) * ux - kxx * u - np.sin(y) * uy - kyy * u - 2 * kxy * np.cos(x) * np.sin(y)
            exact += -0.8 * np.sin(x) * np.sin(y) * uy + 0.8 * np.cos(x) * np.cos(y) * ux
            got = grid.diffuse([[kxx, kxy], [kxy, kyy]], form="tensor")(u)
            errors.append(abs(got - exact).max())
        assert np.log2(errors[0] / errors[-1]) / 2 > 1.85, errors

    def test_no_flux_is_no_flux_of_the_whole_tensor(self):
        """u = x + 2 y has slopes at every wall; the tensor turns its flux along them."""
        errors = []
        for n in (17, 33, 65):
            grid = gg.Grid((n, 1 / (n - 1)), (n, 1 / (n - 1)))
            x, y = (np.pi * c for c in grid.mesh())
            k = [[1 + np.sin(x) ** 2 + 0 * y, -0.5], [-0.5, 0.25 + np.sin(y) ** 2 + 0 * x]]
            exact = np.pi * np.sin(2 * x) + 2 * np.pi * np.sin(2 * y)
            wrong = grid.diffuse(k, form="tensor")((x + 2 * y) / np.pi) - exact
            errors.append(abs(wrong).max())
        assert np.log2(errors[0] / errors[-1]) / 2 > 0.95, errors

    def test_solves_between_held_values(self):
        errors = []
        for n in (17, 33):
            s = np.linspace(0, 1, n)
            u = np.multiply.outer(np.exp(s), np.sin(2 * s))
            ends = [(gg.value(u[0]), gg.value(u[-1])), (gg.value(u[:, 0]), gg.value(u[:, -1]))]
            grid = gg.Grid(s, s, boundary=ends)
            load = 2 * u + 2 * 0.5 * 2 * np.multiply.outer(np.exp(s), np.cos(2 * s)) - 4 * u
            operator = grid.diffuse([[2.0, 0.5], [0.5, 1.0]], form="tensor")
            errors.append(abs(operator.solve(load) - u).max())
        assert errors[0] / errors[1] > 3.7, errors

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_a_tensor_may_be_symmetric_to_rounding(self, rng, dtype):
        """As R D R^T is, whose entries beside the diagonal may be all but 0."""
        grid = gg.Grid(X, Y)
        angle, (lower, upper) = rng.uniform(-4, 4, grid.shape), (0.3, 0.7)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        scaled = (turn * np.array([lower, upper])[:, None, None]).astype(dtype)
        k = np.einsum("ab...,cb...->ac...", scaled, turn.astype(dtype))
        assert (k[0, 1] != k[1, 0]).any()
        even = [[k[0, 0], k[0, 1]], [k[0, 1], k[1, 1]]]
        f = rng.standard_normal(grid.shape).astype(dtype)
        np.testing.assert_array_equal(grid.diffuse(k, form="tensor")(f), grid.diffuse(even, form="tensor")(f))
        k[1, 0, 3, 4] += 1e-3 * k[1, 1, 3, 4]
        with pytest.raises(ValueError, match="symmetric"):
            grid.diffuse(k, form="tensor")

    def test_errors(self, rng):
        grid = gg.Grid(X, Y)
        k = rng.standard_normal((2, 2, 9, 8))
        with pytest.raises(
            ValueError, match=r"k\[1\]\[0\] is not k\[0\]\[1\], but a tensor of diffusion is symmetric"
        ):
            grid.diffuse(k, form="tensor")
        with pytest.raises(ValueError, match=r"symmetric"):
            grid.diffuse([[1, 0.5], [-0.5, 1]], form="tensor")
        for wrong in (
            np.ones((9, 8)),
            [k[0, 0], k[1, 1]],
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            1.0,
            [[1, 0], [1]],
        ):
            with pytest.raises(ValueError, match='form="tensor" takes 2 x 2 diffusivities'):
                grid.diffuse(wrong, form="tensor")
        with pytest.raises(ValueError, match=r"k\[0\]\[1\] of shape \(5,\) does not broadcast"):
            grid.diffuse([[1.0, np.ones(5)], [np.ones(5), 1.0]], form="tensor")(np.ones((9, 8)))
        with pytest.raises(ValueError, match="axis -2 ends with 'antireflect'"):
            gg.Grid(X, Y, boundary=["antireflect", "one-sided"]).diffuse(np.ones((2, 2)), form="tensor")
        with pytest.raises(ValueError, match="on one axis it is"):
            gg.Grid(X).diffuse([[1.0]], form="tensor")
        with pytest.raises(ValueError, match="is not offered with geometry="):
            gg.Grid(60 * X, 300 * Y, geometry="sphere").diffuse(np.ones((2, 2)), form="tensor")
        with pytest.raises(ValueError, match='form must be "points", "faces" or "tensor", got \'edges\''):
            grid.diffuse(1.0, form="edges")
        with pytest.raises(
            ValueError, match="mean='harmonic' is of diffusivities at points, form=\"points\""
        ):
            grid.diffuse(k, mean="harmonic", form="tensor")


@pytest.mark.parametrize("library", parameters())
def test_libraries(library, rng):
    grid = gg.Grid(X, Y)
    f, k = rng.standard_normal(grid.shape), positive(rng, grid.shape)
    faces = [rng.uniform(0.5, 2, own.grid.shape) for own in grid.faces()]
    with library.wide():
        rows = [[library.array(k[a, b]) for b in (0, 1)] for a in (0, 1)]
        got = library.host(grid.diffuse(rows, form="tensor")(library.array(f)))
        other = library.host(
            grid.diffuse([library.array(own) for own in faces], form="faces")(library.array(f))
        )
    close(got, grid.diffuse(k, form="tensor")(f))
    close(other, grid.diffuse(faces, form="faces")(f))


@pytest.mark.needs("torch")
def test_autograd(rng):
    import torch

    grid = gg.Grid(X[:5], Y[:4])
    f, kxx, kxy, kyy = torch.rand(4, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda f, a, b, c: grid.diffuse([[a, b], [b, c]], form="tensor")(f), (f, kxx, kxy, kyy)
    )
    k = torch.rand(4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda f, k: grid.diffuse((k, 1.0), form="faces")(f), (f, k))
