"""Grid: what it knows of its axes, what it prints, keeps and pickles, and every argument it refuses."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from oracles import GRIDS, fraction
from samples import frozen, same_bits

import gridgrad as gg

EPS = np.finfo(float).eps
X = frozen([0.0, 1, 3, 4, 6.5])


class TestWhatItKnows:
    def test_shape_axes_and_steps(self):
        grid = gg.Grid(X, (4, -0.5), (3, 2, 10), boundary=["one-sided", "periodic", "reflect"])
        assert grid.shape == (5, 4, 3)
        assert grid.ndim == 3
        assert grid.axes == (-3, -2, -1)
        assert grid.edge_order == 2
        assert grid.dtype == np.float64
        assert np.array_equal(grid.steps[0], np.diff(X))
        assert grid.steps[1] == -0.5
        assert grid.steps[2] == 2
        assert np.array_equal(grid.coordinates[0], X)
        assert np.array_equal(grid.coordinates[1], [0, -0.5, -1, -1.5])
        assert np.array_equal(grid.coordinates[2], [10, 12, 14])

    def test_is_uniform(self):
        grid = gg.Grid(X, (4, 0.1), np.arange(5) * 0.25, np.arange(5), [9, 7, 5, 3])
        assert [grid.is_uniform(a) for a in range(5)] == [False, True, True, True, True]
        assert [grid.is_uniform(a) for a in range(-5, 0)] == [False, True, True, True, True]

    def test_given_axes(self):
        grid = gg.Grid((4, 1.0), (5, 1.0), axes=(2, 0))
        assert grid.axes == (2, 0)
        assert grid.laplacian(np.ones((5, 3, 4))).shape == (5, 3, 4)
        assert gg.Grid((4, 1.0), axes=1).axes == (1,)
        assert gg.Grid((4, 1.0), axes=np.int64(1)).axes == (1,)

    @pytest.mark.parametrize(
        "kind", [np.array, list, lambda x: np.array(x, np.float32), lambda x: np.array(x, np.int32)]
    )
    def test_coordinates_of_any_kind(self, kind):
        x = kind([0, 1, 3, 4, 8])
        f = np.arange(5.0) ** 2
        assert same_bits(gg.Grid(x).derivative(0)(f), gg.derivative(f, [0.0, 1, 3, 4, 8]))
        assert same_bits(gg.Grid((5, kind([2])[0])).derivative(0)(f), gg.derivative(f, 2.0))
        assert same_bits(gg.Grid((np.int32(5), np.float32(0.5))).derivative(0)(f), gg.derivative(f, 0.5))

    def test_an_origin_changes_positions_only(self, rng):
        f = rng.standard_normal(6)
        here, there = gg.Grid((6, 0.1)), gg.Grid((6, 0.1, 1e9))
        assert same_bits(here.laplacian(f), there.laplacian(f))
        assert there.coordinates[0][0] == 1e9
        assert "1e+09" in repr(there)

    def test_operators_are_kept(self):
        grid = gg.Grid((6, 0.5), X)
        assert grid.gradient is grid.gradient
        assert grid.derivative(0, 2) is grid.derivative(-2, order=2)
        assert grid.laplacian.with_(form="wide") is grid.laplacian.with_(form="wide")
        assert grid.laplacian.with_(accuracy=2) is not grid.laplacian.with_(accuracy=None)

    def test_every_operator_is_there(self):
        grid = gg.Grid((6, 0.5), X)
        for name in (
            "gradient",
            "divergence",
            "curl",
            "laplacian",
            "vector_laplacian",
            "hessian",
            "jacobian",
        ):
            operator = getattr(grid, name)
            assert callable(operator)
            assert name in repr(operator)
            assert operator.grid is grid
        assert "vector field -> scalar field on (6, 5), 2 terms" in repr(grid.divergence)
        assert "scalar field -> tensor field" in repr(grid.hessian)
        assert repr(grid.laplacian @ grid.divergence).count("gridgrad operator") == 2

    def test_the_callers_arrays_may_change_afterwards(self, rng):
        x, f = np.array(X), rng.standard_normal(5)
        grid = gg.Grid(x)
        expected = gg.derivative(f, X, order=2)
        gg.derivative(f, x)
        x *= 2
        assert same_bits(grid.derivative(0, 2)(f), expected)
        assert same_bits(pickle.loads(pickle.dumps(grid)).derivative(0, 2)(f), expected)
        assert np.array_equal(grid.coordinates[0], X)
        assert same_bits(gg.derivative(f, X, order=2), expected)  # whatever grid was kept of the first call
        assert not same_bits(gg.derivative(f, x, order=2), expected)
        names = ["reflect", "reflect"]
        mirrored = gg.Grid(X, X, boundary=names)
        names[0] = "one-sided"
        assert mirrored.boundary[0][0] == "reflect"
        assert pickle.loads(pickle.dumps(mirrored)).boundary == mirrored.boundary

    def test_long_double(self):
        x = np.array([0, 1, 3, 4, 6.5], np.longdouble) / 3
        grid = gg.Grid(x, (4, 0.5), dtype=np.longdouble)
        assert grid.quadrature[0].dtype == np.longdouble
        assert grid.coordinates[0].dtype == np.longdouble
        f = x[:, None] ** 2 * np.ones(4, np.longdouble)
        assert np.abs(grid.derivative(0)(f) - 2 * x[:, None]).max() <= 20 * np.finfo(np.longdouble).eps
        assert grid.derivative(0).weights(0)[1].dtype == np.longdouble


class TestQuadrature:
    @pytest.mark.parametrize("grid", GRIDS)
    def test_it_is_the_trapezoidal_rule(self, grid):
        x = GRIDS[grid](17)
        (widths,) = gg.Grid(x).quadrature
        exact = [fraction(v) for v in x]
        for i, width in enumerate(widths):
            left, right = exact[max(i - 1, 0)], exact[min(i + 1, 16)]
            assert abs(fraction(width) - (right - left) / 2) <= Fraction(EPS) / 2 * (right - left) / 2
        a, b = 3.0, -2.0  # linear functions are integrated exactly, but for rounding
        assert abs(np.sum(widths * (a * x + b)) - (a / 2 + b)) <= 17 * 4 * EPS

    def test_lengths_whichever_way_an_axis_runs(self):
        up, down, steps = (gg.Grid(x).quadrature[0] for x in (X, X[::-1], (5, -2.0)))
        assert np.array_equal(up, [0.5, 1.5, 1.5, 1.75, 1.25])
        assert np.array_equal(down, up[::-1])
        assert np.array_equal(steps, [1, 2, 2, 2, 1])

    def test_all_round_a_periodic_axis(self):
        assert np.array_equal(gg.Grid((4, 0.5), boundary="periodic").quadrature[0], [0.5] * 4)
        widths = gg.Grid(X, boundary="periodic", period=8.0).quadrature[0]
        assert np.array_equal(widths, [1.25, 1.5, 1.5, 1.75, 2.0])
        assert widths.sum() == 8
        assert np.array_equal(
            gg.Grid((4, 1.0), boundary="periodic", period=5.0).quadrature[0], [1.5, 1, 1, 1.5]
        )

    def test_the_measure_is_the_product_over_the_mesh(self):
        grid = gg.Grid(X, (4, -0.5), (3, 2, 10), boundary=["one-sided", "periodic", "reflect"])
        x, y, z = grid.mesh()
        assert x.shape == y.shape == z.shape == grid.measure.shape == (5, 4, 3)
        assert np.array_equal(x[:, 1, 2], X)
        assert np.array_equal(y[2, :, 0], grid.coordinates[1])
        assert np.array_equal(z[0, 3], [10, 12, 14])
        widths = grid.quadrature
        assert np.array_equal(grid.measure, widths[0][:, None, None] * widths[1][:, None] * widths[2])
        assert abs(np.sum(grid.measure * (x + z)) - (3.25 + 12) * 6.5 * 2 * 4) <= 60 * EPS * 800

    def test_mirrored_ends_have_half_a_step(self):
        assert np.array_equal(gg.Grid((4, 1.0), boundary="reflect").quadrature[0], [0.5, 1, 1, 0.5])


class TestPrinting:
    def test_a_summary(self):
        grid = gg.Grid(X, (4, 0.5, 1.0), boundary=["one-sided", "periodic"])
        assert repr(grid).splitlines() == [
            "Grid of 5 x 4 points",
            "  axis -2: 5 points, 0 to 6.5, steps 1 to 2.5, one-sided (edge order 2)",
            "  axis -1: 4 points, 1 to 2.5, step 0.5, periodic",
        ]

    def test_of_two_ends_and_given_axes(self):
        text = repr(gg.Grid([5, 3, 2], boundary=[("reflect", "one-sided")], edge_order=1, axes=(3,)))
        assert (
            text.splitlines()[1]
            == "  axis 3: 3 points, 5 to 2, steps 1 to 2, reflect | one-sided (edge order 1)"
        )

    def test_positions_are_not_made_for_it(self):
        text = repr(gg.Grid((10**12, 0.5, -2.0)))
        assert "1000000000000 points, -2 to 5e+11, step 0.5" in text


class TestWhatBelongsToTheGrid:
    """Arrays that the grid itself uses are read-only; the others are the caller's own."""

    @pytest.mark.parametrize("entry", [X, (5, 0.5)])
    def test_they_cannot_be_changed(self, entry):
        grid = gg.Grid(entry, X)
        for array in (*grid.quadrature, *grid.coordinates, *grid.steps[1:]):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 7.0
            with pytest.raises(ValueError, match="read-only"):
                array /= 2
        adjoint = grid.laplacian.adjoint(np.ones((5, 5)), weight="quadrature")
        for array in (grid.measure, *grid.mesh(), gg.Grid(entry).measure, *gg.Grid(entry).mesh()):
            array[...] = 7.0
        assert same_bits(grid.laplacian.adjoint(np.ones((5, 5)), weight="quadrature"), adjoint)
        assert grid.measure.max() < 7


class TestCopies:
    @pytest.mark.parametrize("copied", [lambda g: pickle.loads(pickle.dumps(g)), copy.copy, copy.deepcopy])
    def test_the_same_bits(self, copied, rng):
        grid = gg.Grid(X, (6, -0.3, 2.0), (7, 1), axes=(0, 2, 1), boundary=["periodic", "reflect", ("one-sided", "antireflect")],
                       period=[9.0, None, None], edge_order=1)  # fmt: skip
        other = copied(grid)
        assert repr(other) == repr(grid)
        f = rng.standard_normal((5, 7, 6))
        for a, b in zip(grid.gradient(f), other.gradient(f), strict=True):
            assert same_bits(a, b)
        assert same_bits(grid.laplacian(f), other.laplacian(f))
        assert all(same_bits(a, b) for a, b in zip(grid.quadrature, other.quadrature, strict=True))
        assert all(same_bits(a, b) for a, b in zip(grid.coordinates, other.coordinates, strict=True))

    def test_a_step_that_has_no_short_decimal(self, rng):
        step, f = np.longdouble(1) / 3, rng.standard_normal(6).astype(np.longdouble)
        grid = gg.Grid((6, step), dtype=np.longdouble)
        assert same_bits(pickle.loads(pickle.dumps(grid)).laplacian(f), grid.laplacian(f))


PLANE = ((4, 1.0), (5, 0.5))
PERIODIC = {"boundary": "periodic"}
REFUSED = {
    "nothing": ((), {}, TypeError, r"a grid needs coordinates, or \(n, step\), for at least one axis"),
    "a number": ((5,), {}, TypeError, r"axis 0 of the grid is 5; give \(n, step\) or the coordinates"),
    "a 0-d array": ((X, np.array(5.0)), {}, TypeError, "axis 1 of the grid is array"),
    "a string": (("xyz",), {}, TypeError, "axis 0 of the grid is 'xyz'; give"),
    "None": ((X, None), {}, TypeError, "axis 1 of the grid is None; give"),
    "a float count": (((4.0, 1.0),), {}, TypeError, r"is the tuple \(4.0, 1.0\); give \(n, step\) or \(n, step, origin\), or the coordinates as a list"),
    "a bool count": (((True, 1.0),), {}, TypeError, "is the tuple"),
    "a tuple of coordinates": (((0.0, 1.0, 2.0, 4.0),), {}, TypeError, "or the coordinates as a list"),
    "a tuple of one": (((4,),), {}, TypeError, "is the tuple"),
    "one point": (((1, 1.0),), {}, ValueError, "axis 0 of the grid has 1 point; it needs at least 2"),
    "one coordinate": (([3.0],), {}, ValueError, "axis 0 of the grid has 1 point; it needs at least 2"),
    "no coordinate": ((X, []), {}, ValueError, "axis 1 of the grid has 0 points"),
    "two points of order 2": (((2, 1.0),), {}, ValueError, "axis -1 has 2 points but edge_order=2 needs at least 3; use edge_order=1 or add points"),
    "two periodic points": (((2, 1.0),), PERIODIC, ValueError, "axis -1 has 2 points but a periodic axis needs at least 3; add points"),
    "a zero step": (((4, 0),), {}, ValueError, "the spacing of axis -1 is 0; give a step that is not zero"),
    "an infinite step": (((4, np.inf),), {}, ValueError, "the spacing of axis -1 is inf; it must be finite"),
    "a NaN step": ((X, (4, np.nan)), {}, ValueError, "the spacing of axis -1 is nan"),
    "a complex step": (((4, 1j),), {}, TypeError, "the spacing of axis -1 is complex"),
    "a step of text": (((4, "1"),), {}, TypeError, "is the string '1'; give a number"),
    "an array as step": (((4, np.ones(3)),), {}, ValueError, "axis -1 has 4 points but 3 coordinates came for it"),
    "a NaN origin": (((4, 1.0, np.nan),), {}, ValueError, "the origin of axis -1 is nan; it must be finite"),
    "an origin of text": (((4, 1.0, "a"),), {}, TypeError, "the origin of axis -1 is the string 'a'; give a number"),
    "an origin of many": (((4, 1.0, X),), {}, TypeError, r"the origin of axis -1 must be a number, got shape \(5,\)"),
    "NaN coordinates": (([0, 1, np.nan],), {}, ValueError, r"not finite: x\[2\]=nan"),
    "turning coordinates": ((X, [0.0, 2, 1]), {}, ValueError, r"the coordinates of axis -1 are not strictly monotonic: x\[1\]=2.0, x\[2\]=1.0"),
    "repeated coordinates": (([0.0, 2, 2], X), {}, ValueError, "the coordinates of axis -2 are not strictly monotonic"),
    "a meshgrid": ((np.ones((3, 3)),), {}, ValueError, r"has shape \(3, 3\); it varies along its axis 1 only: as the coordinates of that axis give x\[0, :\]"),
    "masked coordinates": ((np.ma.masked_less(X, X.max()),), {}, TypeError, "are a masked array; every point needs a position"),
    "times": ((np.array(["2020", "2021", "2023"], "M8[Y]"),), {}, TypeError, "a derivative per time needs a unit"),
    "booleans": (([True, False, True],), {}, TypeError, "has dtype bool"),
    "float32 weights": (PLANE, {"dtype": np.float32}, TypeError, "dtype must be numpy.float64 or numpy.longdouble, got"),
    "edge order 3": (PLANE, {"edge_order": 3}, ValueError, "greater than 2 not supported: got 3"),
    "edge order 0": (PLANE, {"edge_order": 0}, ValueError, "edge_order must be 1 or 2, got 0"),
    "edge order None": (PLANE, {"edge_order": None}, TypeError, "edge_order must be the integer 1 or 2, got None"),
    "axes of another number": (PLANE, {"axes": (0, 1, 2)}, ValueError, "axes names 3 axes for a grid of 2; name one for each"),
    "one of two axes": (PLANE, {"axes": 0}, ValueError, "axes names 1 axis for a grid of 2"),
    "an axis twice": (PLANE, {"axes": (1, 1)}, ValueError, r"axes \(1, 1\) names an axis twice"),
    "float axes": (PLANE, {"axes": (0, 1.0)}, TypeError, r"axes must be ints, got \(0, 1.0\)"),
    "one float as axes": (((4, 1.0),), {"axes": 1.5}, TypeError, "axes must be ints, got 1.5"),
    "axes of text": (PLANE, {"axes": ("x", "y")}, TypeError, "axes must be ints"),
    "no period of coordinates": ((X,), PERIODIC, ValueError, "is periodic and has coordinates, so its period is not known; give period="),
    "the span as period": ((X,), PERIODIC | {"period": 6.5}, ValueError, r"period=6.5 of axis -1 is not larger than the span of its points, 6.5; the first point must not be repeated"),
    "a period less than the span": (((4, 1.0),), PERIODIC | {"period": 2.0}, ValueError, "period=2.0 of axis -1 is not larger than the span of its points, 3.0"),
    "points that span more than any float": (((5, 1e308),), PERIODIC | {"period": 100.0}, ValueError, "period=100.0 of axis -1 is not larger than the span of its points, more than the largest float; "),
    "a negative period": ((X[::-1],), PERIODIC | {"period": -9.0}, ValueError, "period=-9.0 of axis -1 must be positive, whichever way the axis runs"),
    "a NaN period": ((X,), PERIODIC | {"period": np.nan}, ValueError, "the period of axis -1 is nan; it must be finite"),
    "a period of text": ((X,), PERIODIC | {"period": "9"}, TypeError, "the period of axis -1 is the string '9'"),
    "a period of no ring": ((X,), {"period": 9.0}, ValueError, 'period is given, but no axis is "periodic"'),
    "a period for another axis": (PLANE, {"boundary": ["periodic", "reflect"], "period": [9.0, 9.0]}, ValueError, "period is given for axis 1 of the grid, which is not periodic; give None in its place"),
    "periods of another number": (PLANE, PERIODIC | {"period": [9.0]}, ValueError, "period is of length 1 for a grid of 2 axes"),
    "an unknown keyword": (PLANE, {"bc": "wrap"}, TypeError, r"Grid\(\) got an unexpected keyword argument 'bc'; the ends of axes are given by boundary="),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_refused(fault):
    arguments, keywords, error, message = REFUSED[fault]
    with pytest.raises(error, match=message):
        gg.Grid(*arguments, **keywords)


@pytest.mark.parametrize("owner", [gg.Grid, type(gg.Grid((4, 0.5), (4, 0.5)).faces())])
def test_an_error_inside_a_property_is_told_as_it_is(owner):
    class Own(owner):
        @property
        def broken(self):
            return np.ones(3).foo

    grid = gg.Grid((4, 0.5), (4, 0.5))
    own = Own((4, 0.5)) if owner is gg.Grid else Own(grid, False)
    with pytest.raises(AttributeError, match=r"'numpy.ndarray' object has no attribute 'foo'"):
        own.broken  # noqa: B018


def test_none_is_the_default_of_an_axis_or_of_an_end():
    plane = gg.Grid((4, 1.0), (5, 1.0), boundary=[None, (None, "reflect")])
    assert plane.boundary == (("one-sided", "one-sided"), ("one-sided", "reflect"))
    assert gg.Grid((5, 1.0), boundary=[None, "reflect"]).boundary == (("one-sided", "reflect"),)
    f = np.arange(20.0).reshape(4, 5) ** 2
    rows, columns = gg.gradient(f, boundary=[None, "periodic"])
    assert np.array_equal(rows, gg.gradient(f, axis=0))
    assert np.array_equal(columns, (np.roll(f, -1, 1) - np.roll(f, 1, 1)) / 2)


def test_none_leaves_what_goes_all_round_to_the_geometry():
    lat, lon = np.linspace(-80, 80, 9), np.arange(0, 360, 30.0)
    ring, poles = ("periodic", "periodic"), ("pole", "pole")
    for boundary, ends in (
        ([None, None], (poles, ring)),
        (["reflect", None], (("reflect", "reflect"), ring)),
        ([None, "one-sided"], (poles, ("one-sided", "one-sided"))),
    ):
        assert gg.Grid(lat, lon, geometry="sphere", boundary=boundary).boundary == ends
    assert gg.Grid(lon, lat, geometry=("lon", "lat"), boundary=[None, ("one-sided", None)]).boundary == (
        ring,
        poles,
    )
