"""Derivatives of several orders along two axes, the biharmonic operator, and the plates that it is solved for."""

import numpy as np
import pytest
from oracles import GRIDS
from samples import same_bits

import gridgrad as gg
from gridgrad.verify import convergence

SMOOTH = [np.linspace(0, 1, n) ** 1.2 for n in (11, 13, 12)]
ENDS = {
    "one-sided": {},
    "rings": {"boundary": "periodic", "period": 1.1},
    "mirrors": {"boundary": ("reflect", "antireflect")},
    "walls": {"boundary": (gg.slope(0.0), gg.value(0.0, wall="face"))},
    "plates": {"boundary": (gg.clamped(), gg.supported())},
}


def on(ends, axes=2):
    """A grid of these ends on every axis."""
    options = dict(ENDS[ends])
    if "boundary" in options:
        options["boundary"] = [options["boundary"]] * axes
    return gg.Grid(*SMOOTH[:axes], **options)


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-11 * abs(np.asarray(expected)).max())


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(("orders", "accuracy"), [((2, 1), None), ((1, 3), None), ((2, 2), 4), ((4, 2), 2)])
def test_a_mixed_derivative_is_the_product_of_both(ends, orders, accuracy, rng):
    grid, f = on(ends), rng.standard_normal((11, 13))
    own = [grid.derivative(a, order, accuracy) for a, order in enumerate(orders)]
    mixed = grid.mixed_derivative(0, 1, orders=orders, accuracy=accuracy)
    # of what the second makes, which is no field with the values of the walls
    close(mixed(f), own[0].bare(own[1](f)))
    assert same_bits(grid.mixed_derivative(1, 0, orders[::-1], accuracy)(f), mixed(f))
    assert len(mixed.terms) == 1


@pytest.mark.parametrize("accuracy", [None, 4])
@pytest.mark.parametrize("ends", ENDS)
def test_the_biharmonic_is_fourth_derivatives_and_twice_the_mixed_ones(ends, accuracy, rng):
    grid, f = on(ends), rng.standard_normal((11, 13))
    operator = grid.biharmonic.with_(accuracy=accuracy)
    parts = [grid.derivative(a, 4, accuracy)(f) for a in (0, 1)]
    close(operator(f), sum(parts) + 2 * grid.mixed_derivative(0, 1, (2, 2), accuracy)(f))
    g = rng.standard_normal(f.shape)
    assert np.isclose(np.vdot(g, operator(f)), np.vdot(operator.adjoint(g), f), rtol=1e-10)
    close((operator.to_sparse() @ f.ravel()).reshape(f.shape), operator(f))
    close((operator.T.to_sparse() @ f.ravel()).reshape(f.shape), operator.T(f))


def test_three_axes_are_six_terms(rng):
    grid, f = on("one-sided", 3), rng.standard_normal((11, 13, 12))
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = sum(grid.derivative(a, 4)(f) for a in range(3))
    close(grid.biharmonic(f), expected + 2 * sum(grid.mixed_derivative(*pair, (2, 2))(f) for pair in pairs))
    assert len(grid.biharmonic.terms) == 6
    close(gg.biharmonic(f[..., 0], *SMOOTH[:2], edge_order=2), on("one-sided").biharmonic(f[..., 0]))
    x = SMOOTH[0]
    close(gg.biharmonic(f[:, 0, 0], x, edge_order=2), gg.derivative(f[:, 0, 0], x, order=4, edge_order=2))


@pytest.mark.parametrize("boundary", ["periodic", "reflect", "antireflect", "symmetric", "antisymmetric"])
def test_even_grids_know_the_laplacian_of_the_laplacian(boundary, rng):
    grid, f = gg.Grid((9, 0.5), (8, 0.25), boundary=boundary), rng.standard_normal((9, 8))
    close(grid.biharmonic(f), grid.laplacian(grid.laplacian(f)))


def u(x, y):
    return np.exp(x) * np.sin(2 * y + 0.3)


STATED = {
    "biharmonic": ({}, lambda x, y: 9 * u(x, y)),
    "mixed_derivative": ({"orders": (2, 1)}, lambda x, y: 2 * np.exp(x) * np.cos(2 * y + 0.3)),
}


@pytest.mark.parametrize(
    ("spacing", "accuracy", "stated"),
    [("uniform", None, 2), ("smooth", None, 2), ("random", None, 1), ("uniform", 4, 4)],
)
@pytest.mark.parametrize("name", STATED)
def test_orders_are_those_stated(name, spacing, accuracy, stated):
    options, exact = STATED[name]
    found = convergence(
        u, (0, 1), (0, 1), operator=name, exact=exact, spacing=GRIDS[spacing], edge_order=2, accuracy=accuracy,
        sizes=(33, 65, 129) if accuracy is None else (17, 33, 65), norm="rms", **options,
    )  # fmt: skip
    assert spacing == "random" or found.stated == (stated, stated)
    for part in ("inside", "ends"):
        assert stated - 0.2 <= found.order(part) <= stated + 0.35, found


@pytest.mark.parametrize(
    ("kind", "wall"), [("value", "point"), ("value", "face"), ("slope", "point"), ("clamped", None)]
)
def test_corners_of_higher_orders_converge(kind, wall):
    """What is prescribed varies along its wall, as far as the next one."""
    place = {} if wall is None else {"wall": wall}

    def own(x, y):
        return np.cos(np.pi * x) * np.cos(np.pi * y) if kind == "clamped" else u(x, y)

    errors = []
    for n in (16, 32, 64):
        h = 1 / n if wall == "face" else 1 / (n - 1)
        at = (np.arange(n) + 0.5) * h if wall == "face" else np.arange(n) * h
        slopes = [
            lambda s, e: np.exp(e) * np.sin(2 * s + 0.3),
            lambda s, e: 2 * np.exp(s) * np.cos(2 * e + 0.3),
        ]
        sides = []
        for a in (0, 1):
            values = [own(float(e), at) if a == 0 else own(at, float(e)) for e in (0, 1)]
            if kind == "slope":
                values = [(2 * e - 1) * slopes[a](at, float(e)) for e in (0, 1)]
            sides.append(tuple(getattr(gg, kind)(v, **place) for v in values))
        X, Y = np.meshgrid(at, at, indexing="ij")
        accuracy = None if kind in ("value", "clamped") and wall != "face" else 2
        exact = np.pi**4 * own(X, Y) if kind == "clamped" else -4 * own(X, Y)
        got = gg.Grid((n, h), (n, h), boundary=sides).mixed_derivative(0, 1, (2, 2), accuracy)(own(X, Y))
        errors.append(abs(got - exact)[1:-1, 1:-1].max())
    assert np.log2(errors[0] / errors[-1]) / 2 > 0.9, errors


class TestPlates:
    """Deflections of square plates, Timoshenko and Woinowsky-Krieger, Theory of Plates and Shells, tables 8 and 35."""

    @pytest.mark.parametrize(("end", "deflection"), [(gg.supported, 0.00406235), (gg.clamped, 0.00126532)])
    def test_of_a_load_that_is_the_same_everywhere(self, end, deflection):
        grid = gg.Grid((21, 1 / 20), (21, 1 / 20), boundary=end())
        w = grid.biharmonic.solve(np.ones((21, 21)))
        assert w[10, 10] == pytest.approx(deflection, rel=0.03)
        assert not w[[0, -1]].any()
        matrix = (
            grid.biharmonic.to_sparse().toarray().reshape((21,) * 4)[1:-1, 1:-1, 1:-1, 1:-1].reshape(361, 361)
        )
        assert np.array_equal(matrix, matrix.T)
        if end is gg.clamped:
            assert 1250 < np.linalg.eigvalsh(matrix)[0] < 1300  # 35.99**2 is that of the plate

    @pytest.mark.parametrize("accuracy", [None, 2, 4])
    @pytest.mark.parametrize("stretched", [False, True])
    @pytest.mark.parametrize("end", [gg.supported, gg.clamped])
    def test_solutions_are_of_the_stated_order(self, end, stretched, accuracy):
        power = 2 if end is gg.clamped else 1
        errors = []
        for n in (17, 33):
            s = np.linspace(0, 1, n)
            grid = gg.Grid(
                *[s + 0.02 * np.sin(2 * np.pi * s) if stretched else (n, s[1])] * 2, boundary=end()
            )
            X, Y = (np.pi * c for c in grid.mesh())
            w = np.sin(X) ** power * np.sin(Y) ** power
            load = 4 * np.pi**4 * w
            if end is gg.clamped:
                a, b = np.cos(2 * X), np.cos(2 * Y)
                load = 4 * np.pi**4 * (4 * a * b - a - b)
            found = grid.biharmonic.with_(accuracy=accuracy).solve(load)
            errors.append(abs(found - w).max())
        assert np.log2(errors[0] / errors[1]) > (accuracy or 2) - 0.25, errors

    @pytest.mark.parametrize("accuracy", [None, 4])
    def test_edges_may_be_bent_and_move(self, accuracy):
        """cos(pi x) cos(pi y) has no slope at any side of the unit square."""
        s = np.linspace(0, 1, 33)
        w = np.multiply.outer(np.cos(np.pi * s), np.cos(np.pi * s))
        edges = [
            (gg.clamped(w[0], name="low"), gg.clamped(w[-1])),
            (gg.clamped(w[:, 0]), gg.clamped(w[:, -1])),
        ]
        operator = gg.Grid(s, s, boundary=edges).biharmonic.with_(accuracy=accuracy)
        assert abs(operator.solve(4 * np.pi**4 * w) - w).max() < (4e-3 if accuracy is None else 2e-4)
        assert abs(operator.solve(4 * np.pi**4 * w, low=0 * w[0]) - w).max() > 0.1

    @pytest.mark.parametrize("side", [0, 1])
    @pytest.mark.parametrize("accuracy", [2, 4, 6])
    @pytest.mark.parametrize(
        ("end", "f"), [(gg.clamped, lambda x: 3 + x**2), (gg.supported, lambda x: 3 + x + x**3)]
    )
    def test_accurate_rows_are_exact_for_what_ends_so(self, end, f, accuracy, side):
        x = np.arange(14.0) ** 1.25 / 8
        x = x - x[-1] if side else x
        ends = ("one-sided", end(3.0)) if side else (end(3.0), "one-sided")
        for order in (2, 3) if accuracy == 2 else (1, 2, 3, 4):
            exact = np.polyval(np.polyder(np.polyfit(x, f(x), 3), order), x)
            got = gg.derivative(f(x), x, order=order, accuracy=accuracy, boundary=ends)
            assert abs(got - exact).max() < 1e-6

    def test_words(self):
        assert repr(gg.clamped()) == "clamped(0.0)"
        assert repr(gg.supported(2, name="edge")) == "supported(2.0, name='edge')"
        with pytest.raises(ValueError, match=r"gridgrad.clamped\(\)"):
            gg.Grid((5, 1.0), boundary="clamped")


def test_beside_a_gap_rows_turn_inside():
    x, y = (np.arange(n) / 8 for n in (20, 19))
    f = np.add.outer(x**4, y**4) + np.multiply.outer(x**2, y**2)
    hole = np.zeros(f.shape, bool)
    hole[9:11, 9] = True
    operator = gg.Grid(x, y).with_mask(~hole).biharmonic.with_(accuracy=4)
    np.testing.assert_allclose(operator(np.where(hole, np.nan, f))[~hole], 56, rtol=1e-6)


@pytest.mark.needs("torch")
def test_autograd():
    import torch

    grid = gg.Grid(
        SMOOTH[0][:7], SMOOTH[1][:8], boundary=[(gg.clamped(), gg.supported()), ("one-sided", "reflect")]
    )
    f = torch.rand(7, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(grid.biharmonic, (f,))
    assert torch.autograd.gradcheck(grid.mixed_derivative(0, 1, (1, 2)), (f,))


@pytest.mark.parametrize("orders", [(1, 0), (1,), (1, 1, 1), 2, (5, 1), ("2", 1), (1.5, 2)])
def test_orders_that_are_none(orders):
    with pytest.raises(ValueError, match="orders must be a pair of 1, 2, 3 or 4"):
        on("one-sided").mixed_derivative(0, 1, orders=orders)


def test_orders_in_every_spelling():
    f = np.multiply.outer(np.arange(6.0) ** 2, np.arange(7.0) ** 3)
    expected = gg.mixed_derivative(f, orders=(2, 1))
    for orders in ([2, 1], np.array([2, 1]), (np.int64(2), 1)):
        assert same_bits(gg.mixed_derivative(f, orders=orders), expected)
        assert same_bits(gg.Grid((6, 1.0), (7, 1.0)).mixed_derivative(0, 1, orders)(f), expected)
    with pytest.raises(ValueError, match="orders must be a pair"):  # not what an earlier call left
        gg.mixed_derivative(f, orders="(2, 1)")


def test_where_there_is_none():
    with pytest.raises(ValueError, match="not offered with geometry="):
        gg.Grid((6, 1.0, 0.5), (8, np.pi / 4), geometry="polar").biharmonic(np.ones((6, 8)))
    with pytest.raises(ValueError, match="needs at least 5"):
        gg.biharmonic(np.ones((4, 9)))
