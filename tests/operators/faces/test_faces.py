"""Points to faces and back, against loops in exact arithmetic; what passes the faces; chains, errors, matrices."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from oracles import fractions

import gridgrad as gg

EPS = np.finfo(float).eps
RNG = np.random.default_rng(11)
N, M = 7, 4
UNEVEN = np.cumsum(RNG.uniform(0.4, 1.6, N))
PERIOD = float(UNEVEN[-1] - UNEVEN[0] + 0.75)
AXES = {"even": (N, 0.375, -0.5), "uneven": UNEVEN, "falling": -UNEVEN}


# At a wall half a step outside (of the first step) a field has this value and this slope outwards, each a function of the
# value at the end point and the whole step; at one at the end point it has the value there.
HALF_STEP = {
    "symmetric": ("symmetric", lambda f, h: (f, 0)),
    "antisymmetric": ("antisymmetric", lambda f, h: (0, -2 * f / h)),
    "value": (gg.value(2.5, wall="face"), lambda f, h: (Fraction(2.5), 2 * (Fraction(2.5) - f) / h)),
    "slope": (gg.slope(1.25, wall="face"), lambda f, h: (f + Fraction(1.25) * h / 2, Fraction(1.25))),
}
AT_POINT = {
    "one-sided": ("one-sided", lambda f, g, h: (f - g) / h),  # edge_order 1
    "reflect": ("reflect", lambda f, g, h: 0),
    "antireflect": ("antireflect", lambda f, g, h: (f - g) / h),
    "slope at the point": (gg.slope(1.25), lambda f, g, h: Fraction(1.25)),
}
ENDS = [*HALF_STEP, *AT_POINT, "periodic"]


def grid_of(axis, end):
    own = (HALF_STEP | AT_POINT).get(end, (end,))[0]
    period = [PERIOD, None] if end == "periodic" and axis != "even" else None
    return gg.Grid(AXES[axis], (M, 0.5), boundary=[own, "reflect"], edge_order=1, period=period)


def exact(axis, end, f, walls):
    """Faces, slopes and means of one line, its cells' edges (all of them), in rational numbers."""
    x, f = fractions(np.asarray(grid_of(axis, end).coordinates[0])), fractions(f)
    steps = [b - a for a, b in pairwise(x)]
    places = [(a + b) / 2 for a, b in pairwise(x)]
    slopes = [(q - p) / h for (p, q), h in zip(pairwise(f), steps, strict=True)]
    means = [(p + q) / 2 for p, q in pairwise(f)]
    if end == "periodic":
        around = steps[0] if axis == "even" else np.sign(float(steps[0])) * Fraction(PERIOD) - (x[-1] - x[0])
        around = Fraction(around)
        places.insert(0, x[0] - around / 2)
        slopes.insert(0, (f[0] - f[-1]) / around)
        means.insert(0, (f[0] + f[-1]) / 2)
        return places, slopes, means, [*places, x[-1] + around / 2]
    edges = list(places)
    for side in (0, 1):
        k, h = (-1, steps[-1]) if side else (0, steps[0])
        size, way = abs(h), 1 if (h > 0) == bool(side) else -1  # outwards, along x
        if end in HALF_STEP:
            value, slope = HALF_STEP[end][1](f[k], size)
            place = x[k] + way * size / 2
        else:
            value, slope, place = f[k], AT_POINT[end][1](f[k], f[-2 if side else 1], size), x[k]
        at = len(edges) if side else 0
        edges.insert(at, place)
        if walls:
            places.insert(at, place)
            slopes.insert(at, way * slope)
            means.insert(at, value)
    return places, slopes, means, edges


def close(got, want, size):
    return np.all(np.abs(got - np.array([float(w) for w in want])) <= 8 * EPS * size)


@pytest.mark.parametrize("walls", [False, True], ids=["between", "walls"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("axis", AXES)
class TestOneAxis:
    def test_to_faces(self, axis, end, walls):
        faces, f = grid_of(axis, end).faces(0, walls), RNG.standard_normal((N, M))
        places, *_ = exact(axis, end, f[:, 0], walls)
        assert close(faces.grid.coordinates[0], places, 10)
        slopes, means = faces.derivative(f), faces.mean(f)
        assert slopes.shape == means.shape == (len(places), M) == faces.grid.shape
        for k in range(M):
            _, slope, mean, _ = exact(axis, end, f[:, k], walls)
            assert close(slopes[:, k], slope, 40)
            assert close(means[:, k], mean, 10)

    def test_to_points(self, axis, end, walls):
        grid = grid_of(axis, end)
        faces = grid.faces(0, walls)
        *_, edges = exact(axis, end, np.zeros(N), walls)
        F = RNG.standard_normal(faces.grid.shape)
        whole = F if walls and end != "periodic" else np.pad(F, ((1, 1), (0, 0)))
        if end == "periodic":
            whole = np.concatenate([F, F[:1]])
        widths = np.array([float(b - a) for a, b in pairwise(edges)])[:, None]
        assert np.all(np.abs(faces.divergence(F) - np.diff(whole, axis=0) / widths) <= 40 * EPS)
        assert np.all(np.abs(faces.mean_at_points(F) - (whole[1:] + whole[:-1]) / 2) <= 4 * EPS)
        through = (whole[-1] - whole[0]) * np.sign(widths[0])
        total = (grid.measure * faces.divergence(F)).sum(0) / 0.5
        assert np.allclose(total[1:-1], through[1:-1], rtol=0, atol=100 * EPS)

    def test_forms(self, axis, end, walls):
        faces = grid_of(axis, end).faces(0, walls)
        for operator in (faces.derivative, faces.mean, faces.divergence, faces.mean_at_points):
            f, g = (RNG.standard_normal(own[0].shape) for own in (operator.grids_in, operator.grids_out))
            linear = operator.linear
            matrix = operator.to_sparse()
            assert matrix.shape == operator.shape == (g.size, f.size)
            assert np.allclose(matrix @ f.ravel(), linear(f).ravel(), rtol=0, atol=100 * EPS)
            assert abs(operator.T.to_sparse() - matrix.T).max() <= 4 * EPS * abs(matrix).max()
            assert np.allclose(matrix.T @ g.ravel(), operator.T(g).ravel(), rtol=0, atol=100 * EPS)
            assert np.array_equal(operator(f, out=np.empty_like(g)), operator(f))
            assert np.allclose(operator(f), linear(f) + operator.offset, rtol=0, atol=100 * EPS)
            before, after = (own[0].measure for own in (operator.grids_in, operator.grids_out))
            assert np.isclose((after * g * linear(f)).sum(), (before * f * operator.adjoint(g, weight="quadrature")).sum())  # fmt: skip
            flat = operator.to_linear_operator()
            assert np.allclose(flat.rmatvec(g.ravel()), matrix.T @ g.ravel(), rtol=0, atol=100 * EPS)


class TestHeldEnds:
    def test_faces_read_the_value_and_not_the_point(self):
        grid = gg.Grid((5, 0.5), boundary=[(gg.value(3.0), gg.value(1.0))])
        f = np.array([np.nan, 2.0, 4.0, 8.0, np.nan])
        assert grid.faces(0).derivative(f).tolist() == [-2.0, 4.0, 8.0, -14.0]
        assert grid.faces(0).mean(f).tolist() == [2.5, 3.0, 6.0, 4.5]
        assert grid.faces(0, walls=True).mean(f).tolist() == [3.0, 2.5, 3.0, 6.0, 4.5, 1.0]

    def test_other_values_at_a_call(self):
        grid = gg.Grid((5, 0.5), boundary=[(gg.value(3.0, wall="face", name="inflow"), "symmetric")])
        slope, f = grid.faces(0, walls=True).derivative, np.arange(5.0)
        assert slope(f)[0] == -12
        assert slope(f, inflow=1.0)[0] == -4
        assert np.array_equal(slope.linear(f), slope(f, inflow=0.0))


class TestAllAxes:
    grid = gg.Grid(UNEVEN, (5, 0.5), (6, 0.25), boundary=["symmetric", "periodic", "one-sided"])

    @pytest.mark.parametrize("walls", [False, True])
    def test_the_parts_are_those_of_each_axis(self, walls):
        faces, f = self.grid.faces(walls=walls), RNG.standard_normal((2, *self.grid.shape))
        for own, part, again in zip(faces, faces.gradient(f), faces.gradient(f), strict=True):
            assert np.array_equal(part, own.derivative(f))
            assert np.array_equal(part, again)
        F = [RNG.standard_normal((2, *own.grid.shape)) for own in faces]
        parts = sum(own.divergence(part) for own, part in zip(faces, F, strict=True))
        assert np.allclose(faces.divergence(F), parts, rtol=0, atol=40 * EPS)
        assert np.array_equal(faces.divergence.offset, np.zeros(self.grid.shape))
        assert faces[0] is self.grid.faces(0, walls)
        assert len(faces) == 3

    @pytest.mark.parametrize("walls", [False, True])
    def test_chains_sums_and_matrices(self, walls):
        faces, f = self.grid.faces(walls=walls), RNG.standard_normal(self.grid.shape)
        chain = faces.divergence @ faces.gradient
        assert np.allclose(chain(f), faces.divergence(faces.gradient(f)), rtol=0, atol=0)
        assert np.allclose(
            (chain.to_sparse() @ f.ravel()).reshape(f.shape), chain(f), rtol=0, atol=1000 * EPS
        )
        assert np.allclose((2 * chain - self.grid.identity)(f), 2 * chain(f) - f, rtol=0, atol=1000 * EPS)
        assert np.allclose((3 * faces.gradient + faces.gradient)(f)[1], 4 * faces.gradient(f)[1], rtol=0, atol=100 * EPS)  # fmt: skip
        turned = chain.T.to_sparse()
        assert abs(turned - chain.to_sparse().T).max() < 1000 * EPS
        out = tuple(np.empty(own.grid.shape) for own in faces)
        assert faces.gradient(f, out=out) is out
        assert all(np.array_equal(a, b) for a, b in zip(out, faces.gradient(f), strict=True))
        weighted = chain.adjoint(f, weight="quadrature")
        measure = self.grid.measure
        assert np.allclose(weighted, (chain.to_sparse().T @ (measure * f).ravel()).reshape(f.shape) / measure)

    def test_the_chain_is_the_conservative_laplacian(self):
        grid = gg.Grid(
            UNEVEN, (5, 0.5), boundary=["symmetric", (gg.value(2.0, wall="face"), "antisymmetric")]
        )
        faces, f = grid.faces(walls=True), RNG.standard_normal(grid.shape)
        chain = faces.divergence @ faces.gradient
        wanted = grid.laplacian.with_(form="conservative")(f)
        assert np.allclose(chain(f), wanted, rtol=0, atol=1000 * EPS)
        b = RNG.standard_normal(grid.shape)
        assert np.allclose(chain(chain.solve(b)), b)

    def test_corners(self):
        """The faces of a grid of faces: both ways round to the same corners."""
        grid = gg.Grid(UNEVEN, (5, 0.5), boundary="symmetric")
        f = RNG.standard_normal(grid.shape)
        x, y = grid.faces()
        first, second = x.grid.faces(1).mean @ x.mean, y.grid.faces(0).mean @ y.mean
        assert np.allclose(first(f), second(f), rtol=0, atol=4 * EPS)
        assert np.allclose((first + second)(f), 2 * first(f), rtol=0, atol=8 * EPS)

    def test_arrays_y_x(self):
        """The axis is the grid's, wherever fields have it."""
        grid = gg.Grid(UNEVEN, (5, 0.5), axes=[-1, -2])
        f = RNG.standard_normal(grid.shape)
        plain = gg.Grid(UNEVEN, (5, 0.5)).faces(0)
        assert np.array_equal(grid.faces(0).derivative(f), plain.derivative(f.T).T)
        matrix = grid.faces(0).derivative.to_sparse()
        assert np.allclose(matrix @ f.ravel(), grid.faces(0).derivative(f).ravel())

    def test_pickles(self):
        faces = pickle.loads(pickle.dumps(self.grid.faces()))
        f = RNG.standard_normal(self.grid.shape)
        chain = pickle.loads(pickle.dumps(faces.divergence @ faces.gradient))
        own = self.grid.faces()
        assert np.array_equal(chain(f), (own.divergence @ own.gradient)(f))
        assert np.array_equal(pickle.loads(pickle.dumps(own[1])).mean(f), own[1].mean(f))

    def test_other_ends_of_the_faces(self):
        grid = gg.Grid((8, 0.125, 0.0625), (5, 0.5), boundary="symmetric")
        walls = [(gg.value(0.0, wall=0.0), gg.value(0.0, wall=1.0)), "antisymmetric"]
        faces = grid.faces(0, boundary=walls)
        assert faces.grid.boundary[1] == ("antisymmetric", "antisymmetric")
        u = RNG.standard_normal((7, 5))
        by_hand = gg.Grid((7, 0.125, 0.125), (5, 0.5), boundary=walls)
        assert np.array_equal(faces.grid.laplacian(u), by_hand.laplacian(u))
        assert np.array_equal(faces.divergence(u), grid.faces(0).divergence(u))
        assert np.allclose((faces.grid.identity @ faces.mean)(grid.mesh()[0]), faces.grid.mesh()[0])


class TestCoefficients:
    """A field at what comes out, or at what goes in, in the same pass."""

    grid = gg.Grid(UNEVEN, (5, 0.5), boundary=["symmetric", "one-sided"])
    faces = grid.faces(0)
    f, b = RNG.standard_normal((2, *grid.shape))
    k = RNG.standard_normal(faces.grid.shape)

    def test_both(self):
        slope = self.faces.derivative
        both = self.k * slope @ self.grid.multiply(self.b)
        assert np.allclose(both(self.f), self.k * slope(self.b * self.f), rtol=0, atol=40 * EPS)
        assert np.allclose(both.to_sparse() @ self.f.ravel(), both(self.f).ravel(), rtol=0, atol=40 * EPS)
        assert np.allclose(both.T(self.k), slope.T(self.k**2) * self.b, rtol=0, atol=80 * EPS)
        turned = (1j * slope).adjoint(self.k + 0j, weight="quadrature")
        assert np.allclose(turned, -1j * slope.adjoint(self.k, weight="quadrature"), rtol=0, atol=40 * EPS)

    def test_fluxes(self):
        spread = self.faces.divergence @ (self.k * self.faces.derivative)
        assert np.array_equal(spread(self.f), self.faces.divergence(self.k * self.faces.derivative(self.f)))
        batch = RNG.standard_normal((3, *self.grid.shape))
        assert np.allclose(spread(batch)[1], spread(batch[1]), rtol=0, atol=0)

    def test_one_of_points_is_none_of_faces(self):
        with pytest.raises(
            ValueError, match=r"shape \(7, 5\), but fields of the grid have shape \(..., 6, 5\)"
        ):
            self.b * self.faces.derivative


class TestOrder:
    """Both ways are of order 2 on even grids, and on uneven ones from points to faces and back again in the mean."""

    @pytest.mark.parametrize("name", ["derivative", "mean"])
    def test_to_faces(self, name):
        errors = []
        for n in (40, 80):
            s = np.linspace(0, 1, n)
            faces = gg.Grid(s + 0.2 * s * s).faces(0)
            x, at = faces.points.coordinates[0], faces.grid.coordinates[0]
            wanted = np.cos(at) if name == "derivative" else np.sin(at)
            errors.append(np.abs(getattr(faces, name)(np.sin(x)) - wanted).max())
        assert 3.7 < errors[0] / errors[1] < 4.4

    def test_divergence(self):
        errors = []
        for n in (40, 80):
            faces = gg.Grid((n, 1 / n, 0.5 / n), boundary="symmetric").faces(0, walls=True)
            got = faces.divergence(np.sin(faces.grid.coordinates[0]))
            errors.append(np.abs(got - np.cos(faces.points.coordinates[0])).max())
        assert 3.9 < errors[0] / errors[1] < 4.1


GRID = gg.Grid((5, 0.5), (4, 1.0))
ERRORS = {
    "points in the place of faces": (lambda: GRID.faces(0).divergence(np.zeros((5, 4))), ValueError, r"5 points along axis -2.*takes a field at the 4 faces across axis -2 and gives a field at the 5 x 4 points"),
    "faces in the place of points": (lambda: GRID.faces(0).mean(np.zeros((4, 4))), ValueError, "takes a field at the 5 x 4 points and gives a field at the 4 faces"),
    "one shape for all": (lambda: GRID.faces().divergence(np.zeros((2, 5, 4))), ValueError, "takes 2 fields at the 4 faces across axis -2 and the 3 faces across axis -1"),
    "other batches": (lambda: GRID.faces().divergence((np.zeros((2, 4, 4)), np.zeros((3, 5, 3)))), ValueError, "differ in their batch axes"),
    "out of points": (lambda: GRID.faces(0).mean(np.zeros((5, 4)), out=np.zeros((5, 4))), ValueError, r"out has shape \(5, 4\), but the result has shape \(4, 4\); give numpy.empty\(\(4, 4\), dtype='float64'\)"),
    "out of all": (lambda: GRID.faces().gradient(np.zeros((5, 4)), out=np.zeros((2, 5, 4))), ValueError, r"out\[0\] has shape \(5, 4\), but the result has shape \(4, 4\)"),
    "chain of other faces": (lambda: GRID.faces(0).divergence @ GRID.faces(1).derivative, ValueError, "different grids cannot be composed"),
    "sum of other faces": (lambda: GRID.faces(0).derivative + GRID.faces(1).derivative, ValueError, "different grids cannot be added"),
    "chain of points and faces": (lambda: GRID.laplacian @ GRID.faces(0).derivative, ValueError, "different grids cannot be composed"),
    "no square": (lambda: GRID.faces(0).derivative.solve(np.zeros((4, 4))), ValueError, r"between fields of the shapes \(4, 4\) and \(5, 4\), and only operators with one shape are solved; for least squares solve A.T @ A"),
    "too few": (lambda: gg.Grid((3, 1.0)).faces(0), ValueError, "axis -1 of the grid has 3 points, whose 2 faces are too few for a grid of edge_order=2"),
    "no axis": (lambda: GRID.faces(2), ValueError, "axis"),
    "walls": (lambda: GRID.faces(0, walls=1), TypeError, "walls must be True or False, got 1"),
    "boundary of all": (lambda: GRID.faces(boundary="reflect"), TypeError, r"grid.faces\(0, boundary=...\)"),
    "geometry": (lambda: gg.Grid((6, 0.2, 0.1), (8, 0.5), geometry="polar").faces(0), ValueError, "faces are not offered with geometry="),
    "gaps": (lambda: GRID.with_mask(np.arange(20).reshape(5, 4) > 2, boundary="reflect").faces(0), ValueError, "faces to gaps are closed"),
    "lines": (lambda: gg.Grid(np.cumsum(np.ones((5, 4)) + np.arange(4), 0), (4, 1.0)).faces(), ValueError, "faces are not offered on grids whose coordinates differ"),
    "unknown word": (lambda: GRID.faces(0, wall=True), TypeError, "wall"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    make, error, message = ERRORS[case]
    with pytest.raises(error, match=message):
        make()


def test_the_words_of_an_operator():
    assert repr(GRID.faces(0).mean) == (
        "<gridgrad operator faces(0).mean: takes a field at the 5 x 4 points and gives a field at the 4 faces across axis -2>"
    )
    assert repr(GRID.faces(1)) == "<gridgrad the 3 faces across axis -1 of a grid of 5 x 4 points>"
