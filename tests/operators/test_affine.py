"""Affine operators: their linear part, their offset, sums and products, values that change, and what is conserved."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

EPS = np.finfo(float).eps
N, M = 9, 11
X = np.cumsum(np.random.default_rng(1).uniform(0.3, 1.2, N))
LEFT, BELOW = np.random.default_rng(2).standard_normal(M), np.random.default_rng(4).standard_normal(N)
BOUNDARY = [
    (gg.value(LEFT), gg.slope(0.5, wall="face")),
    (gg.robin(2.0, 1.0, BELOW), gg.value(3.0, wall="face")),
]
GRID = gg.Grid(X, (M, 0.25), boundary=BOUNDARY)
OPERATORS = {
    "laplacian": lambda grid: grid.laplacian, "accurate": lambda grid: grid.laplacian.with_(accuracy=4),
    "gradient": lambda grid: grid.gradient, "diffuse": lambda grid: grid.diffuse(1 + np.outer(X, np.arange(M))),
    "advect": lambda grid: grid.advect((2.0, np.ones((N, M)))), "mixed": lambda grid: grid.mixed_derivative(0, 1),
    "sum": lambda grid: grid.identity - 0.5 * grid.laplacian + grid.advect((1.0, 2.0)),
    "product": lambda grid: grid.laplacian @ grid.diffuse(2.0),
    "sum of products": lambda grid: grid.laplacian @ grid.laplacian - 3 * grid.laplacian,
}  # fmt: skip


def stacked(result):
    return np.stack(result) if isinstance(result, tuple) else result


@pytest.fixture(params=OPERATORS)
def operator(request):
    return OPERATORS[request.param](GRID)


def noise(*shape, seed=5):
    return np.random.default_rng(seed).standard_normal(shape)


class TestParts:
    def test_the_whole_is_linear_part_and_offset(self, operator):
        f = noise(N, M)
        whole, linear, offset = (stacked(part) for part in (operator(f), operator.linear(f), operator.offset))
        assert np.abs(offset).max() > 0
        size = np.abs(linear).max() + np.abs(offset).max() + np.abs(whole).max()
        assert np.abs(whole - (linear + offset)).max() <= 64 * EPS * size

    def test_the_linear_part_is_linear(self, operator):
        f = noise(N, M)
        linear = operator.linear
        assert np.array_equal(stacked(linear(np.zeros((N, M)))), np.zeros_like(stacked(linear(f))))
        assert same_bits(stacked(linear(2 * f)), 2 * stacked(linear(f)))
        assert linear.linear is linear
        assert np.array_equal(stacked(linear.offset), np.zeros_like(stacked(linear(f))))

    def test_matrices_are_those_of_the_linear_part(self, operator):
        f = noise(N, M)
        want = stacked(operator.linear(f)).ravel()
        for got in (operator.to_sparse() @ f.ravel(), operator.to_linear_operator() @ f.ravel()):
            assert (
                np.abs(got - want).max()
                <= 64 * EPS * abs(operator.to_sparse()).sum(axis=1).max() * np.abs(f).max()
            )

    @pytest.mark.parametrize("weight", [None, "quadrature"])
    def test_adjoints_are_those_of_the_linear_part(self, operator, weight):
        f = noise(N, M)
        image = stacked(operator.linear(f))
        g = noise(*image.shape, seed=6)
        back = operator.adjoint(tuple(g) if g.ndim == 3 else g, weight=weight)
        measure = GRID.measure if weight else 1
        left, right = np.sum(measure * image * g), np.sum(measure * f * back)
        assert abs(left - right) <= 1e-12 * np.sum(abs(measure * image * g))
        assert same_bits(
            stacked(operator.T(tuple(g) if g.ndim == 3 else g)),
            stacked(operator.linear.T(tuple(g) if g.ndim == 3 else g)),
        )

    def test_of_what_is_prescribed_nowhere(self):
        free = gg.Grid(X, (M, 0.25), boundary=["reflect", gg.value(0.0, wall="face")])
        assert free.laplacian.linear is free.laplacian  # a zero adds nothing
        assert len(free.laplacian.terms) == 2
        assert np.array_equal(free.laplacian.offset, np.zeros((N, M)))

    def test_pickles_have_the_values(self, operator):
        f = noise(N, M)
        assert same_bits(stacked(pickle.loads(pickle.dumps(operator))(f)), stacked(operator(f)))
        grid = pickle.loads(pickle.dumps(GRID))
        assert same_bits(grid.laplacian(f), GRID.laplacian(f))


class TestArithmetic:
    def test_offsets_of_sums_multiples_and_products(self):
        f, A, B = noise(N, M), GRID.laplacian, GRID.diffuse(2.0)
        close(stacked((A + B)(f)), A(f) + B(f))
        close((3 * A)(f), 3 * A(f))
        close((-A)(f), -A(f))
        close((A - B)(f), A(f) - B(f))
        close((A @ B)(f), A(B(f)))
        close((A @ B).offset, A.linear(B.offset) + A.offset)
        close((A + A)(f), 2 * A(f))
        step = GRID.identity - 0.1 * A
        held = np.vstack([[LEFT], f[1:]])  # points on a wall count with its value
        close(step(f), held - 0.1 * A(f))

    def test_what_is_prescribed_comes_last_in_a_sum(self):
        total = GRID.laplacian + GRID.diffuse(2.0)
        kinds = [term.input > 0 for term in total.terms]
        assert kinds == sorted(kinds)

    def test_grids_with_other_values(self):
        f = noise(N, M)
        other = gg.Grid(X, (M, 0.25), boundary=gg.value(1.0))
        close((GRID.laplacian + other.laplacian)(f), GRID.laplacian(f) + other.laplacian(f))


def close(got, want):
    assert np.abs(got - want).max() <= 64 * EPS * np.abs(want).max()


class TestValues:
    def test_what_is_written_into_an_array_counts(self):
        wall = np.zeros(M)
        A, f = (
            gg.Grid(X, (M, 0.25), boundary=[(gg.value(wall), "one-sided"), "periodic"]).laplacian,
            noise(N, M),
        )
        before = A(f)
        wall[:] = LEFT
        fresh = gg.Grid(X, (M, 0.25), boundary=[(gg.value(LEFT), "one-sided"), "periodic"]).laplacian
        assert same_bits(A(f), fresh(f))
        assert not same_bits(A(f), before)
        single = np.array(0.0)
        A = gg.Grid(X, (M, 0.25), boundary=[(gg.slope(single), "one-sided"), "periodic"]).laplacian
        single[...] = 2.0
        assert same_bits(
            A(f), gg.Grid(X, (M, 0.25), boundary=[(gg.slope(2.0), "one-sided"), "periodic"]).laplacian(f)
        )

    @pytest.mark.parametrize("given", [LEFT, 2.0, np.float64(2.0), np.array(2.0), LEFT[:1], 0.0])
    def test_values_at_the_call(self, given):
        f = noise(N, M)

        def grid(v, name=None):
            return gg.Grid(X, (M, 0.25), boundary=[("reflect", gg.value(v, name=name)), "periodic"])

        A, want = grid(0.0, "inflow").laplacian, grid(given).laplacian(f)
        out = np.empty_like(f)
        assert same_bits(A(f, inflow=given), want)
        assert A(f, out=out, inflow=given) is out
        assert same_bits(out, want)
        assert same_bits(A.with_(inflow=given)(f), want)
        assert same_bits((2 * A)(f, inflow=given), 2 * want)
        close((A @ A)(f, inflow=given), grid(given).laplacian(want))
        assert same_bits(A(f), grid(0.0).laplacian(f))
        assert same_bits(A.with_(inflow=given).offset, grid(given).laplacian.offset)

    @pytest.mark.parametrize(
        ("kept", "others"), [(LEFT, (2 * LEFT, BELOW[:1], 5.0)), (1.5, (2.5, np.float64(-0.0), LEFT, 3, 1j))]
    )
    @pytest.mark.parametrize("dtype", ["f4", "f8", "c8"])
    def test_each_call_has_its_own_values(self, kept, others, dtype):
        f = noise(N, M).astype(dtype)

        def made(v, **name):
            sides = gg.value(v, wall="face", **name), gg.slope(0.5)
            return gg.Grid(X, (M, 0.25), boundary=[sides, "periodic"]).laplacian

        A = made(kept, name="v")
        for v in (*others, *others, kept):
            assert same_bits(A(f, v=v), made(v)(f))
            assert same_bits(A(f[None] + [[[0]], [[1]]], v=v), made(v)(f[None] + [[[0]], [[1]]]))

    @pytest.mark.parametrize("values", [(LEFT, 2 * LEFT, -LEFT), (1.5, 2.5, np.float64(-3.0))])
    def test_values_of_a_known_layout_take_a_short_way(self, values, monkeypatch):
        f, out = noise(N, M), np.zeros((N, M))
        A, *others = (
            gg.Grid(
                X, (M, 0.25), boundary=[(gg.value(v, wall="face", name="v"), "symmetric"), "periodic"]
            ).laplacian
            for v in values
        )
        A(f, out=out, v=values[1])
        wanted = [other(f) for other in others]
        monkeypatch.setattr(type(A), "of_fields", None)
        monkeypatch.setattr(type(A), "on_numbers", None)
        for v, want in zip(values[1:], wanted, strict=True):
            assert A(f, out=out, v=v) is out
            assert same_bits(out, want)

    @pytest.mark.parametrize(
        "value", ["x", None, True, {}, np.array(["q"]), [[1.0, 2.0], [3.0]], np.sin, np.nan]
    )
    def test_errors_name_what_is_prescribed(self, value):
        A = gg.Grid((N, 0.5), boundary=gg.value(0.0, name="inflow")).laplacian
        with pytest.raises((TypeError, ValueError), match=r"^inflow(\(\))? (is|has|got) "):
            A(noise(N), inflow=value)

    def test_one_name_for_several_sides(self):
        f, wall = noise(N, N), gg.value(1.0, name="wall", wall="face")
        A = gg.Grid((N, 0.5), (N, 0.5), boundary=wall).laplacian
        other = gg.Grid((N, 0.5), (N, 0.5), boundary=gg.value(5.0, wall="face")).laplacian
        assert same_bits(A(f, wall=5.0), other(f))
        along = noise(N)
        assert same_bits(
            A(f, wall=along), gg.Grid((N, 0.5), (N, 0.5), boundary=gg.value(along, wall="face")).laplacian(f)
        )

    def test_batches_have_values_of_their_own(self):
        f, wall = noise(3, N, M), noise(3, 1, M)[:, 0]
        A = gg.Grid(X, (M, 0.25), boundary=[(gg.value(wall), "reflect"), "periodic"]).laplacian
        for k in range(3):
            one = gg.Grid(X, (M, 0.25), boundary=[(gg.value(wall[k]), "reflect"), "periodic"]).laplacian
            assert same_bits(A(f)[k], one(f[k]))
        assert A.offset.shape == (3, N, M)
        same_for_all = gg.Grid(X, (M, 0.25), boundary=[(gg.value(wall[1]), "reflect"), "periodic"]).laplacian
        assert same_bits(same_for_all(f)[2], same_for_all(f[2]))

    def test_batches_of_coefficients_behind_the_axes(self):
        boundary = [gg.value(1.0), (gg.slope(0.5), gg.value(2.0, wall="face"))]
        grid = gg.Grid(X, (M, 0.25), boundary=boundary, axes=(0, 1))
        f, k = noise(N, M, 3), 1 + np.abs(noise(N, M, 3, seed=6))
        for A in (grid.diffuse(k), grid.multiply(k) + grid.diffuse(1.0)):
            assert A.offset.shape == (N, M, 3)
            assert np.allclose(A(f), A.linear(f) + A.offset, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "c8", "c16", "i4", "u8"])
    def test_numbers_take_the_dtype_of_the_field(self, dtype):
        f = (10 * np.abs(noise(N, M))).astype(dtype)
        for v in (2.0, np.float32(2.0), 2):
            A = gg.Grid(X, (M, 0.25), boundary=gg.value(v, wall="face")).laplacian
            got = A(f)
            assert got.dtype == (np.dtype(dtype) if np.dtype(dtype).kind in "fc" else np.float64)
            want = A.linear(f.astype("c16" if dtype[0] == "c" else "f8")) + A.offset
            eps = np.finfo(got.dtype).eps
            assert (
                np.abs(got - want).max()
                <= 32 * max(eps, EPS) * np.abs(A.to_sparse()).sum(axis=1).max() * np.abs(f).max()
            )

    def test_complex_values(self):
        f = noise(N, M) + 1j * noise(N, M, seed=7)
        A = gg.Grid(X, (M, 0.25), boundary=[(gg.value(1 + 2j), gg.slope(LEFT * 1j)), "periodic"]).laplacian
        real = gg.Grid(X, (M, 0.25), boundary=[(gg.value(1.0), gg.slope(0.0)), "periodic"]).laplacian
        imaginary = gg.Grid(X, (M, 0.25), boundary=[(gg.value(2.0), gg.slope(LEFT)), "periodic"]).laplacian
        close(A(f), real(f.real) + 1j * imaginary(f.imag))
        close(A(f.real), real(f.real) + 1j * imaginary(0 * f.real))

    def test_permuted_axes(self):
        f, wall = noise(M, N), noise(M)
        A = gg.Grid(X, (M, 0.25), axes=[-1, -2], boundary=[(gg.value(wall), "reflect"), "periodic"]).laplacian
        straight = gg.Grid(X, (M, 0.25), boundary=[(gg.value(wall), "reflect"), "periodic"]).laplacian
        close(A(f), straight(f.T).T)
        front = gg.Grid(
            X, (M, 0.25), axes=(0, 1), boundary=[(gg.value(wall), "reflect"), "periodic"]
        ).laplacian
        close(front(f.T.copy()), straight(f.T))


class TestConservation:
    @pytest.mark.parametrize("form", ["compact", "conservative"])
    def test_no_slope_loses_nothing(self, form):
        grid, f = gg.Grid(X, (M, 0.25), boundary=gg.slope(0.0, wall="face")), noise(N, M)
        change = grid.measure * grid.laplacian.with_(form=form)(f)
        assert abs(change.sum()) <= 8 * EPS * abs(change).sum()
        assert same_bits(grid.laplacian(f), gg.Grid(X, (M, 0.25), boundary="symmetric").laplacian(f))

    @pytest.mark.parametrize("wall", ["face", "point"])
    def test_a_slope_brings_in_its_flux(self, wall):
        f, inflow = noise(N, M), noise(M)
        sides = (gg.slope(inflow, wall=wall), gg.slope(0.0, wall=wall))
        grid = gg.Grid(X, (M, 0.25), boundary=[sides, gg.slope(0.0, wall=wall)])
        for k, A in (
            (1.0, grid.laplacian),
            (2.0, grid.diffuse(2.0)),
            (2.0, grid.diffuse(np.full((N, M), 2.0))),
        ):
            change = grid.measure * A(f)
            assert abs(change.sum() - k * (grid.quadrature[1] * inflow).sum()) <= 8 * EPS * abs(change).sum()

    def test_cells_reach_to_the_wall(self):
        grid = gg.Grid(
            X, (M, 0.25), boundary=[("symmetric", gg.value(1.0, wall=X[-1] + 2.0)), "antisymmetric"]
        )
        steps = np.diff(X)
        assert np.allclose(grid.quadrature[0][[0, -1]], [steps[0], steps[-1] / 2 + 2.0], rtol=EPS)
        assert np.allclose(grid.quadrature[1], 0.25, rtol=EPS)

    def test_walls_are_symmetric_in_the_measure(self):
        for side in (
            gg.value(1.0, wall="face"),
            gg.robin(2.0, 1.0, 1.0, wall="face"),
            "antisymmetric",
            gg.value(1.0, wall=X[0] - 3),
        ):
            grid = gg.Grid(X, boundary=(side, "symmetric"))
            matrix = np.diag(grid.quadrature[0]) @ grid.laplacian.to_sparse().toarray()
            assert np.abs(matrix - matrix.T).max() <= 4 * EPS * np.abs(matrix).max()
            assert np.linalg.eigvalsh((matrix + matrix.T) / 2).max() <= 1e-12


@pytest.mark.parametrize("name", ["gradient", "hessian"])
def test_long_sums_with_walls_are_split(name):
    """Of which some outputs have no terms at ends."""
    grid = gg.Grid((6, 0.5), (7, 0.5), boundary=[(gg.value(1.0), gg.value(2.0)), "one-sided"])
    rng = np.random.default_rng(0)
    f, a = rng.standard_normal((2, 6, 7))
    A = getattr(grid, name)
    for many, expected in (
        (1j * A + A + A + A + A, (4 + 1j) * np.array(A(f))),
        (2j * (a * A) + A + A, 2j * (a * np.array(A(f))) + 2 * np.array(A(f))),
    ):
        np.testing.assert_allclose(np.array(many(f)), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["lines", "wall", "sphere"])
def test_what_follows_the_field_has_the_type_of_the_result(kind):
    """A coefficient of float64 makes float64 of float32 samples in one pass, weights and walls among them."""
    rng = np.random.default_rng(3)
    f, a = rng.standard_normal((2, 5, 6))
    if kind == "lines":
        grid = gg.Grid(np.cumsum(rng.random((5, 6)) + 0.5, axis=0), (6, 0.5))
        A = grid.laplacian + grid.multiply(a)
    elif kind == "wall":
        A = a * gg.Grid((5, 0.5), (6, 0.5), boundary=[gg.value(1 / 3, wall="face"), "one-sided"]).laplacian
    else:
        A = gg.Grid(np.linspace(10, 50, 5), np.linspace(0, 50, 6), geometry="sphere", radius=1.0).diffuse(
            np.abs(a)
        )
    narrow = f.astype(np.float32)
    assert A(narrow).dtype == np.float64
    np.testing.assert_array_equal(A(narrow), A(narrow.astype(np.float64)))


V = np.random.default_rng(6).standard_normal((2, N, M))
ENDS = gg.value(3.0, wall="face"), gg.value(5.0, wall="face", name="behind")


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        (lambda grid, **options: grid.derivative(0, **options), [{"side": "right"}, {"side": None}, {"side": "left"}]),
        (lambda grid, **options: grid.advect((1.0, -2.0), **options), [{"upwind": 1}, {"upwind": None}]),
        (lambda grid, **options: grid.advect(list(V), **options), [{"upwind": 2}, {"upwind": None}]),
    ],
)  # fmt: skip
def test_other_options_read_their_own_walls(make, changes):
    """One option reads the wall in front, another that behind: each has the value that is prescribed there."""
    grid = gg.Grid(
        (N, 1.0), (M, 0.5), boundary=[ENDS, (gg.slope(7.0, wall="face"), gg.value(11.0, wall="face"))]
    )
    f = np.random.default_rng(3).standard_normal(grid.shape)
    for before in changes:
        for after in changes:
            made = make(grid, **before).with_(**after)
            assert same_bits(made(f), make(grid, **after)(f))


def test_a_value_given_by_its_name_stays_with_other_options():
    grid = gg.Grid((N, 1.0), (M, 0.5), boundary=[ENDS, "one-sided"])
    f = np.random.default_rng(3).standard_normal(grid.shape)
    right = grid.derivative(0, side="right").with_(behind=LEFT)
    both = right.with_(side=None)
    assert same_bits(both(f), grid.derivative(0)(f, behind=LEFT))
    assert same_bits(both.with_(side="right")(f), right(f))
    np.testing.assert_allclose(right(f)[-1], 2 * (LEFT - f[-1]))  # half a step to the wall
    assert same_bits(right.with_(side="left")(f), grid.derivative(0, side="left")(f))
