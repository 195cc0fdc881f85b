"""Boundaries per axis and side: as ghost nodes, on even and odd functions; what NaN and infinities reach."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from operator_cases import BOUNDARIES, CASES, KINDS, SHAPE, coefficients_of, field_of, flat, shared_setting
from samples import same_bits

import gridgrad as gg

EPS = np.finfo(float).eps
SIDES = ["one-sided", "reflect", "antireflect"]
HALF = [("symmetric", "symmetric"), ("symmetric", "reflect"), ("one-sided", "symmetric")]
PADDED = {
    "reflect": {"mode": "reflect"},
    "antireflect": {"mode": "reflect", "reflect_type": "odd"},
    "symmetric": {"mode": "symmetric"},
    "periodic": {"mode": "wrap"},
}
RULES = [(1, None), (2, None), (1, 4), (2, 2), (2, 4), (1, 6), (2, 6)]


def extended(x, f, ends, period, width=4):
    """Positions and samples with `width` ghost nodes at each end that is not one-sided, by numpy.pad."""
    for side, name in enumerate(ends):
        if name == "one-sided":
            continue
        beside = (width, 0) if side == 0 else (0, width)
        if name == "periodic":
            ghosts = x[-width:] - period if side == 0 else x[:width] + period
            if side == 1:
                ghosts = x[width : 2 * width] + period  # the first four points of this array are ghosts
            f = np.pad(f, beside, "wrap") if side == 0 else np.concatenate([f, f[width : 2 * width]])
        else:
            own = name.endswith("symmetric")  # the end point is mirrored too, half of the first step outside
            walls = (3 * x[0] - x[1], 3 * x[-1] - x[-2]) if own else (2 * x[0], 2 * x[-1])
            inside = np.flip(
                x[1 - own : width + 1 - own] if side == 0 else x[-1 - width + own : len(x) - 1 + own]
            )
            ghosts = walls[side] - inside
            f = np.pad(f, beside, **PADDED[name])
        x = np.concatenate([ghosts, x] if side == 0 else [x, ghosts])
    return x, f


def kept(ends, width=4):
    return slice(0 if ends[0] == "one-sided" else width, None if ends[1] == "one-sided" else -width)


@pytest.mark.parametrize("ends", [*product(SIDES, SIDES), *HALF, ("periodic", "periodic")], ids=" | ".join)
@pytest.mark.parametrize(("order", "accuracy"), RULES)
@pytest.mark.parametrize("kind", ["step", "coordinates"])
def test_ends_are_ghost_nodes(kind, order, accuracy, ends, rng):
    n = 11
    steps = np.full(n, 0.5) if kind == "step" else rng.integers(20, 90, n) / 64
    x = np.concatenate([[0.0], np.cumsum(steps)])[:-1]
    period = float(steps.sum()) if ends[0] == "periodic" else None
    f = rng.integers(-50, 50, n).astype(float)  # ghosts are exact
    grid = gg.Grid(
        (n, 0.5) if kind == "step" else x, boundary=[ends], period=None if kind == "step" else period
    )
    got = grid.derivative(0, order, accuracy)
    positions, samples = extended(x, f, ends, n * 0.5 if kind == "step" else period)
    outer = gg.Grid(positions, boundary="one-sided").derivative(0, order, accuracy)
    # Both round: the weights, differences of up to 200, products, and sums of up to 8 pairs.
    bound = 2 * 11 * EPS * np.abs(got.weights(0)[1]).sum(axis=1).max() * 200
    assert np.abs(got(f) - outer(samples)[kept(ends)]).max() <= bound


def eigenpairs(n, k):
    h = np.pi / (n - 1)
    x = h * np.arange(n)
    ring = 2 * np.pi / n * np.arange(n)
    return {
        "reflect": (h, np.cos(k * x), "reflect"),
        "antireflect": (h, np.sin(k * x), "antireflect"),
        "even, then odd": (h, np.cos((k + 0.5) * x), ("reflect", "antireflect")),
        "odd, then even": (h, np.sin((k + 0.5) * x), ("antireflect", "reflect")),
        "periodic": (2 * np.pi / n, np.cos(k * ring + 0.3), "periodic"),
    }


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("which", eigenpairs(3, 1))
def test_waves_are_eigenvectors_up_to_the_ends(which, k):
    h, wave, ends = eigenpairs(33, k)[which]
    number = k + 0.5 if "then" in which else k
    theta = number * h
    symbols = {
        "compact": -((2 / h * np.sin(theta / 2)) ** 2),
        "wide": -((np.sin(theta) / h) ** 2),
        4: (-2.5 + 8 / 3 * np.cos(theta) - np.cos(2 * theta) / 6) / h**2,
        6: (-49 / 18 + 3 * np.cos(theta) - 0.3 * np.cos(2 * theta) + np.cos(3 * theta) / 45) / h**2,
    }
    for form, symbol in symbols.items():
        options = {"form": form} if isinstance(form, str) else {"accuracy": form}
        got = gg.laplacian(wave, h, boundary=[ends] if isinstance(ends, tuple) else ends, **options)
        # Samples are rounded, phases of up to 40 too; weights of up to 8 / h^2 multiply that.
        assert np.abs(got - symbol * wave).max() <= 8 / h**2 * (theta * 33 + 12) * EPS


@pytest.mark.parametrize("accuracy", [None, 4, 6])
@pytest.mark.parametrize("k", [1, 5])
def test_first_derivatives_of_even_and_odd_waves(k, accuracy):
    n = 41
    h = np.pi / (n - 1)
    x = h * np.arange(n)
    theta = k * h
    symbol = {
        None: np.sin(theta),
        4: 4 / 3 * np.sin(theta) - np.sin(2 * theta) / 6,
        6: 1.5 * np.sin(theta) - 0.3 * np.sin(2 * theta) + np.sin(3 * theta) / 30,
    }[accuracy] / h
    rounding = 4 / h * (np.pi * k + 12) * EPS
    odd = gg.derivative(np.sin(k * x), h, boundary="antireflect", accuracy=accuracy)
    even = gg.derivative(np.cos(k * x), h, boundary="reflect", accuracy=accuracy)
    assert np.abs(odd - symbol * np.cos(k * x)).max() <= rounding
    assert np.abs(even + symbol * np.sin(k * x)).max() <= rounding
    assert even[0] == 0
    assert even[-1] == 0


@pytest.mark.parametrize("name", CASES)
def test_constants_give_exactly_zero(name):
    for kind, ends in product(KINDS, BOUNDARIES):
        grid = shared_setting(kind, ends).grid
        rng = np.random.default_rng(1)
        operator = CASES[name].make(grid, coefficients_of(name, rng, SHAPE, 3))
        constant = np.full(SHAPE, 1e15 / 3)
        for part in flat(operator([constant] * 3 if operator.inputs else constant)):
            assert np.all(part == 0)


@cache
def reading(exact, a, order, accuracy=None, side=0):
    """Which points each row reads: those of weights, and its own unless the differences skip it."""
    matrix = exact.rows(a, order, accuracy, side=side)[0]
    n, x, ring = len(matrix), exact.x[a], exact.periods[a]
    reads = matrix != 0
    for i in range(n):
        reads[i, i] = reads[i].sum() - reads[i, i] > 0
        inner = 0 < i < n - 1 or ring is not None
        steps = {
            right - left
            for left, right in pairwise([x[k % n] + (ring or 0) * (k // n) for k in (i - 1, i, i + 1)])
        }
        if order == 1 and not side and inner and len(steps) == 1:
            reads[i, i] = False
    return reads.astype(int)


@cache
def closed(exact, a):
    """What the rows of fluxes read: a closed end as a mirror does."""
    names = ["reflect" if name == "one-sided" else name for name in exact.boundary[a]]
    other = type(exact).__new__(type(exact))
    other.__dict__.update(
        exact.__dict__,
        _rows={},
        boundary=[tuple(names) if k == a else b for k, b in enumerate(exact.boundary)],
    )
    return reading(other, a, 2)


def spread(flags, reads, axis):
    return np.moveaxis(np.tensordot(reads, flags, (1, axis)), 0, axis) > 0


def touched(name, exact, flags):
    """Where the rows of each output read a flagged sample; all components of a vector are flagged."""
    first, second = ([reading(exact, a, order) for a in range(3)] for order in (1, 2))

    def union(*parts):
        return np.logical_or.reduce(parts)

    d = [spread(flags, first[a], a) for a in range(3)]
    dd = [spread(flags, second[a], a) for a in range(3)]
    mixed = [[dd[a] if a == b else spread(d[a], first[b], b) for b in range(3)] for a in range(3)]
    flux = [spread(flags, closed(exact, a), a) for a in range(3)]
    return {
        "derivative 1": [d[1]], "derivative 2": [dd[2]], "derivative left": [spread(flags, reading(exact, 2, 1, 2, -1), 2)], "mixed": [mixed[0][1]], "gradient": d, "divergence": [union(*d)],
        "curl": [union(d[1], d[2]), union(d[2], d[0]), union(d[0], d[1])], "laplacian": [union(*dd)],
        "laplacian conservative": [union(*flux)], "vector laplacian": [union(*dd)] * 3, "hessian": flat(mixed),
        "jacobian": d * 3, "directional": [union(*d)], "advect": [union(*d)], "diffuse": [union(*flux)],
    }[name]  # fmt: skip


PLACES = [(0, 0, 0), (1, 3, 4), (2, 2, 2), (3, 4, 5), (3, 1, 1)]


class TestNonFinite:
    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", [name for name in CASES if name != "laplacian wide"])
    def test_reach_what_reads_them_and_nothing_else(self, name, ends, bad, rng):
        for kind in ("steps", "coordinates"):
            here = shared_setting(kind, ends)
            operator = CASES[name].make(here.grid, coefficients_of(name, rng, SHAPE, 3))
            f = field_of(operator.inputs, rng, SHAPE)
            clean = flat(operator(f))
            for place in PLACES:
                flags = np.zeros(SHAPE, int)
                flags[place] = 1
                spoiled = [np.where(flags, bad, part) for part in flat(f)]
                results = flat(operator(spoiled if operator.inputs else spoiled[0]))
                for got, plain, lost in zip(results, clean, touched(name, here.exact, flags), strict=True):
                    assert np.array_equal(~np.isfinite(got), lost)
                    assert same_bits(got[~lost], plain[~lost])

    def test_wide_rows_reach_two_points_further(self):
        for n, ends, place, lost in [
            (9, "periodic", 4, {2, 4, 6}), (9, "periodic", 0, {0, 2, 7}), (9, "reflect", 4, {2, 4, 6}),
            (9, "reflect", 1, {1, 3}), (9, "antireflect", 4, {2, 4, 6}),
        ]:  # fmt: skip
            f = np.arange(float(n)) ** 2
            f[place] = np.nan
            got = gg.laplacian(f, 0.5, form="wide", boundary=ends)
            assert set(np.flatnonzero(np.isnan(got)).tolist()) == lost, (ends, place)

    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", ["advect", "diffuse"])
    def test_of_a_coefficient(self, name, ends, rng):
        here = shared_setting("coordinates", ends)
        f = rng.standard_normal(SHAPE)
        for place in PLACES:
            flags = np.zeros(SHAPE, int)
            flags[place] = 1
            c = np.where(flags, np.nan, 1.0)
            got = CASES[name].make(here.grid, c if name == "diffuse" else [1.0, c, c])(f)
            lost = flags > 0 if name == "advect" else touched(name, here.exact, flags)[0]
            assert np.array_equal(np.isnan(got), lost)

    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("order", [1, 2])
    def test_under_the_adjoint(self, order, ends, rng):
        for kind, a in product(("steps", "coordinates"), range(3)):
            here = shared_setting(kind, ends)
            operator = here.grid.derivative(a, order)
            reads = (here.exact.rows(a, order)[0] != 0).T.astype(int)
            g = rng.standard_normal(SHAPE)
            clean = operator.adjoint(g)
            for place in PLACES:
                flags = np.zeros(SHAPE, int)
                flags[place] = 1
                got = operator.adjoint(np.where(flags, np.nan, g))
                lost = spread(flags, reads, a)
                assert np.array_equal(np.isnan(got), lost)
                assert same_bits(got[~lost], clean[~lost])

    def test_of_a_norm(self):
        f = np.arange(20.0).reshape(4, 5) ** 1.5
        grid = gg.Grid((4, 1.0), (5, 1.0), edge_order=1)
        expected = grid.gradient_norm(f)
        for bad in (np.nan, np.inf):
            g = f.copy()
            g[1, 2] = bad
            got = grid.gradient_norm(g)
            lost = np.zeros(f.shape, bool)
            lost[[0, 2], 2] = lost[1, [1, 3]] = True
            assert np.array_equal(~np.isfinite(got), lost)
            assert same_bits(got[~lost], expected[~lost])


class TestNames:
    def test_one_name_for_all_or_one_for_each(self):
        assert gg.Grid((4, 1.0), (5, 1.0), boundary="reflect").boundary == (("reflect", "reflect"),) * 2
        grid = gg.Grid((4, 1.0), (5, 1.0), boundary=["periodic", ("reflect", "one-sided")])
        assert grid.boundary == (("periodic", "periodic"), ("reflect", "one-sided"))
        assert gg.Grid((4, 1.0), boundary=("reflect", "one-sided")).boundary == (("reflect", "one-sided"),)
        assert gg.Grid((4, 1.0), boundary=[("reflect", "one-sided")]).boundary == (("reflect", "one-sided"),)
        assert gg.Grid((4, 1.0), boundary=["antireflect"]).boundary == (("antireflect", "antireflect"),)
        # of two axes, two names are one for each
        assert gg.Grid((4, 1.0), (5, 1.0), boundary=("reflect", "one-sided")).boundary[0] == ("reflect",) * 2

    @pytest.mark.parametrize(
        ("boundary", "error", "message"),
        [
            ("walls", ValueError, "unknown boundary 'walls' of axis 0; allowed are 'one-sided', 'periodic', 'reflect', 'symmetric', 'antireflect', 'antisymmetric'"),
            (["periodic", "neumann"], ValueError, "unknown boundary 'neumann' of axis 1; for a slope of 0 the mirror at the end point is \"reflect\", the mirror half a step outside is \"symmetric\", as in numpy.pad, another slope is gridgrad.slope\\(s\\); allowed are 'one-sided'"),
            (["periodic", ("reflect", "dirichlet")], ValueError, "unknown boundary 'dirichlet' of axis 1"),
            (["periodic"], ValueError, "boundary is of length 1 for 2 axes; give one name for all, or one"),
            (["periodic"] * 3, ValueError, "boundary is of length 3 for 2 axes"),
            ([("periodic", "one-sided"), "reflect"], ValueError, 'axis 0 is "periodic" at one end only'),
            (2.0, TypeError, "boundary must be a name, or a sequence of names, got 2.0; allowed are 'one-sided'"),
            ([b"reflect", "periodic"], TypeError, "the boundary of axis 0 is b.reflect.; give a name, or one for each of its two ends"),
            (["periodic", ("reflect",)], TypeError, "the boundary of axis 1 is .*give a name, or one for each"),
            ({"x": "periodic"}, TypeError, "boundary must be a name, or a sequence"),
            (True, TypeError, "boundary must be a name"),
            ([["one-sided", 1], "periodic"], ValueError, "unknown boundary 1 of axis 0"),
            ([[["one-sided"], "one-sided"], "periodic"], (TypeError, ValueError), r"unknown boundary \['one-sided'\] of axis 0"),
        ],
    )  # fmt: skip
    def test_what_is_no_boundary(self, boundary, error, message):
        with pytest.raises(error, match=message):
            gg.Grid((4, 1.0), (5, 1.0), boundary=boundary)
        with pytest.raises(error, match=message):
            gg.laplacian(np.ones((4, 5)), boundary=boundary)
