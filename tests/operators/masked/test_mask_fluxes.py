"""Diffusion by diffusivities at faces, and by tensors, on grids with gaps; the oracle loops over the faces of cells in exact rationals."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from gap_fluxes import Cells, Line, less_along_coasts
from libraries import parameters
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(7)
EVEN, UNEVEN = np.arange(9) * 0.5, np.cumsum(RNG.integers(1, 5, 8)) / 4
INSIDE = RNG.random((9, 8)) > 0.25
INSIDE[0, 0] = INSIDE[4, 7] = True
PLANES = {
    "even": ((9, 0.5), (8, 0.5), ["symmetric", "one-sided"], [None, None]),
    "uneven": ((9, 0.5), UNEVEN, ["one-sided", "symmetric"], [None, None]),
    "ring": ((9, 0.5), UNEVEN, ["symmetric", "periodic"], [None, float(UNEVEN[-1] - UNEVEN[0] + 1)]),
    "rings": ((9, 0.5), (8, 0.25), ["periodic", "periodic"], [None, None]),
}
KNOWN = {
    "one-sided": ("one-sided", ("closed",)),
    "symmetric": ("symmetric", ("closed",)),
    "antisymmetric": ("antisymmetric", ("value", Fraction(0))),
    "reflect": ("reflect", ("reflect",)),
    "value": (gg.value(2.0, wall="face"), ("value", Fraction(2))),
    "held": (gg.value(2.0), ("held", Fraction(2))),
    "slope": (gg.slope(1.5, wall="face"), ("mixed", Fraction(0), Fraction(1), Fraction(3, 2))),
    "robin": (gg.robin(1, 2, 3.0, wall="face"), ("mixed", Fraction(1), Fraction(2), Fraction(3))),
}


def made(plane, known="one-sided", breaks=((), ()), fill=0.0):
    """A grid with gaps, and its cells by loops."""
    *axes, ends, periods = PLANES[plane]
    boundary, word = KNOWN[known]
    grid = gg.Grid(*axes, boundary=ends, period=periods).with_mask(INSIDE, boundary=boundary, fill=fill)
    for axis, own in enumerate(breaks):
        grid = grid.with_breaks(axis, list(own), boundary=boundary) if own else grid
    lines = []
    for given, end, period, cut in zip(axes, ends, periods, breaks, strict=True):
        x = np.arange(given[0]) * given[1] if isinstance(given, tuple) else given
        round_ = Fraction(given[0] * given[1] if period is None and isinstance(given, tuple) else period or 0)
        lines.append(Line([Fraction(float(v)) for v in x], end, round_, cut))
    return grid, Cells(lines, INSIDE, word)


def at_faces(plane):
    """Diffusivities, NaN at each face beside a point that does not count unless something is known there."""
    shapes = [[9, 8], [9, 8]]
    for a, end in enumerate(PLANES[plane][2]):
        shapes[a][a] -= end != "periodic"
    return [RNG.integers(1, 9, shape) / 4 for shape in shapes]


def with_nan(k, plane):
    """NaN at all faces beside a gap."""
    for a, (own, end) in enumerate(zip(k, PLANES[plane][2], strict=True)):
        before = np.roll(INSIDE, 1, a) if end == "periodic" else np.delete(INSIDE, -1, a)
        own[~(before & (INSIDE if end == "periodic" else np.delete(INSIDE, 0, a)))] = np.nan
    return k


def field(n=()):
    """NaN in gaps."""
    return np.where(INSIDE, RNG.integers(-9, 10, (*n, 9, 8)) / 2, np.nan)


def close(got, expected, eps=1e-13):
    np.testing.assert_allclose(got, expected, rtol=0, atol=eps * np.nanmax(abs(np.asarray(expected))))


def tensor(n=2):
    """Positive definite at each point, NaN in gaps."""
    m = RNG.standard_normal((n, n, 9, 8))
    k = np.einsum("ab...,cb...->ac...", m, m)
    return np.where(INSIDE, (k + k.swapaxes(0, 1)) / 2, np.nan)


class TestFaces:
    @pytest.mark.parametrize("breaks", [((), ()), ((3, 6), (5,))], ids=["gaps", "gaps and breaks"])
    @pytest.mark.parametrize("known", KNOWN)
    @pytest.mark.parametrize("plane", PLANES)
    def test_rows_are_those_of_loops_over_faces(self, plane, known, breaks):
        grid, cells = made(plane, known, breaks)
        k, f = at_faces(plane), field()
        k = with_nan(k, plane) if KNOWN[known][1] == ("closed",) else k
        close(grid.diffuse(k, form="faces")(f), cells.diffused(cells.filled(f), k))

    def test_breaks_alone_and_round_a_ring(self):
        grid = gg.Grid((6, 0.5), boundary="periodic").with_breaks(0, [0, 2])
        cells = Cells(
            [Line([Fraction(i, 2) for i in range(6)], "periodic", Fraction(3), (0, 2))], np.ones(6, bool)
        )
        k, f = np.array([np.nan, 2, np.nan, 3, 4, 5]), RNG.standard_normal(6)
        close(grid.diffuse(k, form="faces")(f), cells.diffused(f, [k]))

    @pytest.mark.parametrize("plane", PLANES)
    def test_totals_stay_and_the_matrix_is_symmetric(self, plane):
        grid, _ = made(plane)
        A, f = grid.diffuse(with_nan(at_faces(plane), plane), form="faces"), field((3,))
        rates = grid.measure * A(f)
        assert (abs(rates.sum((1, 2))) < 1e-14 * abs(rates).sum((1, 2))).all()
        matrix, own = A.to_sparse().toarray(), np.nan_to_num(f[1])
        close((matrix @ own.ravel()).reshape(9, 8), A(f[1]))
        weighted = grid.measure.ravel()[:, None] * matrix
        close(weighted, weighted.T)
        close(A.T(f[0]).ravel(), matrix.T @ np.nan_to_num(f[0]).ravel())
        close(A.adjoint(f[0], weight="quadrature"), A(f[0]))
        assert same_bits(pickle.loads(pickle.dumps(A))(f), A(f))

    def test_walls_of_the_array_and_numbers(self):
        """Of walls that fluxes pass k is given too, and a number is the same at all faces."""
        boundary = [(gg.value(2.0, wall="face"), "one-sided"), "antisymmetric"]
        grid = gg.Grid((9, 0.5), UNEVEN, boundary=boundary).with_mask(INSIDE)
        k = [
            np.full(own.grid.shape, c)
            for own, c in zip(grid.whole.faces(walls=True), (1.5, 0.5), strict=True)
        ]
        f, expected = field(), grid.diffuse((1.5, 0.5))
        for given in (k, (k[0], 0.5), (1.5, k[1][:1]), (1.5, 0.5)):
            A = grid.diffuse(given, form="faces")
            close(A(f), expected(f))
            close(A.linear(f) + A.offset, A(f))
        with pytest.raises(ValueError, match="fluxes pass its walls"):
            grid.diffuse((k[0][1:-1], 0.5), form="faces")

    def test_values_prescribed_beside_gaps_may_change(self):
        grid, cells = made("even", "value")
        touch = gg.value(np.full((9, 8), 7.0), wall="face", name="touch")
        k, f = at_faces("even"), field()
        A = grid.whole.with_mask(INSIDE, boundary=touch).diffuse(k, form="faces")
        close(A(f, touch=2.0), cells.diffused(f, k))
        close(A.linear(f) + A.offset, A(f))
        island = np.ones((9, 8), bool)
        island[4:6, 3:5] = False
        A = grid.whole.with_mask(island, boundary=touch).diffuse(k, form="faces")
        close(A.solve(np.zeros((9, 8)), touch=2.0)[island], np.full(island.sum(), 2.0), 1e-10)

    def test_the_field_is_read_at_each_call(self):
        grid, _ = made("even")
        k, f = at_faces("even"), field()
        A, twice = grid.diffuse(k, form="faces"), [2 * own for own in k]
        before = A(f)
        assert same_bits(A(f, k=twice), 2 * before)
        assert same_bits((A + grid.diffuse(k, form="faces"))(f, k=twice), 4 * before)
        assert same_bits(A.T(f, k=twice), 2 * A.T(f))
        k[0] *= 2
        k[1] *= 2
        assert same_bits(A(f), 2 * before)
        out = np.ones((9, 8))
        assert A(f, out=out, add=True) is out
        assert same_bits(out, 1 + 2 * before)
        with pytest.raises(
            ValueError, match=r"k\[0\] at faces has shape \(9, 8\), but the operator was made with 8 along"
        ):
            A(f, k=[np.ones((9, 8)), k[1]])
        with pytest.raises(TypeError, match="k= is ambiguous"):
            (A + grid.diffuse(twice, form="faces"))(f, k=k)

    def test_what_is_given_is_not_written_to(self):
        grid, _ = made("uneven")
        k = [RNG.random((10, 8)), RNG.random((9, 9))]
        k[0][1:-1][~(INSIDE[1:] & INSIDE[:-1])] = np.nan
        own, f = k[0].copy(), field()
        found = grid.diffuse(k, form="faces")(f)
        assert np.isfinite(found).all()
        assert same_bits(k[0], own)
        close(found, grid.diffuse([k[0][1:-1], k[1][:, 1:-1]], form="faces")(f))

    def test_one_array_for_two_axes(self):
        grid = gg.Grid((9, 0.5), (9, 0.25), boundary="periodic").with_mask(
            np.arange(81).reshape(9, 9) % 7 > 0
        )
        k, f = RNG.random((9, 9)), RNG.standard_normal((9, 9))
        assert same_bits(grid.diffuse((k, k), form="faces")(f), grid.diffuse((k, k.copy()), form="faces")(f))

    def test_fill_batches_and_other_places_of_axes(self):
        k, f = at_faces("even"), field((2,))
        expected = made("even")[0].diffuse(k, form="faces")(f)
        filled = made("even", fill=np.nan)[0].diffuse(k, form="faces")(f)
        assert same_bits(filled, np.where(INSIDE, expected, np.nan))
        *axes, ends, _ = PLANES["even"]
        first = gg.Grid(*axes, boundary=ends, axes=(0, 1)).with_mask(INSIDE)
        close(
            first.diffuse([own[..., None] for own in k], form="faces")(np.moveaxis(f, 0, -1)),
            np.moveaxis(expected, 0, -1),
        )
        many = gg.Grid(*axes, boundary=ends).with_mask(np.stack([INSIDE, np.ones_like(INSIDE)]))
        whole = gg.Grid(*axes, boundary=ends).diffuse(k, form="faces")
        both = many.diffuse(k, form="faces")(np.stack([f[0], np.nan_to_num(f[1])]))
        close(both, [expected[0], whole(np.nan_to_num(f[1]))])

    def test_types(self):
        grid, _ = made("even")
        k, f = at_faces("even"), field()
        expected = grid.diffuse(k, form="faces")(f)
        single = grid.diffuse([own.astype(np.float32) for own in k], form="faces")(f.astype(np.float32))
        assert single.dtype == np.float32
        close(single, expected, 1e-5)
        assert grid.diffuse(k, form="faces")(f.astype(np.float32)).dtype == np.float64
        turned = grid.diffuse([1j * own for own in k], form="faces")
        close(turned(f), 1j * expected)
        close(turned.adjoint(f), -1j * grid.diffuse(k, form="faces").T(f))


class TestTensor:
    @pytest.mark.parametrize("breaks", [((), ()), ((3, 6), (5,))], ids=["gaps", "gaps and breaks"])
    @pytest.mark.parametrize("known", ["one-sided", "symmetric"])
    @pytest.mark.parametrize("plane", PLANES)
    def test_rows_are_those_of_loops_over_cells(self, plane, known, breaks):
        grid, cells = made(plane, known, breaks)
        k, f = tensor(), field()
        rest = cells.turned(f, k[0, 1], 0, 1) + cells.turned(f, k[1, 0], 1, 0)
        close(grid.diffuse(k, form="tensor")(f), grid.diffuse((k[0, 0], k[1, 1]))(f) + rest)

    @pytest.mark.parametrize("plane", PLANES)
    def test_totals_stay_and_the_matrix_is_symmetric_and_negative(self, plane):
        grid, _ = made(plane)
        A, f = grid.diffuse(tensor(), form="tensor"), field()
        rates = grid.measure * A(f)
        assert abs(rates.sum()) < 1e-14 * abs(rates).sum()
        matrix, own = A.to_sparse().toarray(), np.nan_to_num(f).ravel()
        close((matrix @ own).reshape(9, 8), A(f))
        weighted = grid.measure.ravel()[:, None] * matrix
        close(weighted, weighted.T)
        values = np.linalg.eigvalsh(weighted)
        assert values[-1] < 1e-12 * abs(values[0])
        close(A.T(f).ravel(), matrix.T @ own)
        close(A.adjoint(f), A.T(f))
        close(A.adjoint(f, weight="quadrature"), A(f))
        assert same_bits(pickle.loads(pickle.dumps(A))(f), A(f))

    def test_three_axes_and_other_fields(self):
        inside = RNG.random((5, 6, 7)) > 0.2
        grid = gg.Grid((5, 0.5), (6, 0.5), (7, 0.25)).with_mask(inside, fill=np.nan)
        m = RNG.standard_normal((3, 3, *inside.shape))
        k = np.einsum("ab...,cb...->ac...", m, m)
        k = (k + k.swapaxes(0, 1)) / 2
        f = np.where(inside, RNG.standard_normal((2, *inside.shape)), np.nan)
        got = grid.diffuse(k, form="tensor")(f)
        assert (np.isnan(got) == ~inside).all()
        assert abs(np.nansum(grid.measure * got)) < 1e-13 * np.nansum(abs(grid.measure * got))
        turned = [[k[b, a] for b in (2, 0, 1)] for a in (2, 0, 1)]
        other = gg.Grid((7, 0.25), (5, 0.5), (6, 0.5)).with_mask(np.moveaxis(inside, 2, 0), fill=np.nan)
        turned = [[np.moveaxis(own, 2, 0) for own in row] for row in turned]
        close(np.moveaxis(other.diffuse(turned, form="tensor")(np.moveaxis(f, 3, 1)), 1, 3), got)

    def test_order_where_no_slope_crosses_the_coast(self):
        """Order 2 in every row and of solutions, as beside a mirror."""
        rows, solved = zip(*(self.errors(n, self.along_coasts) for n in (16, 32, 64)), strict=True)
        assert np.log2(abs(rows[0]).max() / abs(rows[-1]).max()) / 2 > 1.95
        assert np.log2(solved[0] / solved[-1]) / 2 > 1.95

    def test_order_where_a_slope_crosses_the_coast(self):
        """No flux passes, of two parts that are not 0: 2 inside, 1 beside straight coasts, and between 1/2 and 1 of solutions in the mean."""
        rows, solved = zip(*(self.errors(n, self.across_coasts) for n in (32, 64, 128)), strict=True)
        inner, beside = (
            [abs(own[part]).max() for own in rows] for part in (np.s_[1:-1, 1:-1], np.s_[0, 2:-2])
        )
        assert np.log2(inner[0] / inner[-1]) / 2 > 1.95
        assert 0.95 < np.log2(beside[0] / beside[-1]) / 2 < 1.5
        assert 0.5 < np.log2(solved[0] / solved[-1]) / 2 < 1

    def test_order_with_less_along_coasts(self):
        """What the slopes across coasts take from the flux along them, as the guide has it: 1 in every row, nearly 2 of solutions."""
        rows, solved = zip(*(self.errors(n, self.across_coasts, True) for n in (32, 64, 128)), strict=True)
        assert 0.9 < np.log2(abs(rows[0]).max() / abs(rows[-1]).max()) / 2 < 1.1
        assert 1.8 < np.log2(solved[0] / solved[-1]) / 2 < 2

    def test_less_along_coasts_stays_negative(self):
        """On two even axes beside any coasts, also where nearly nothing passes in one direction."""
        for share in np.linspace(0.5, 1, 10):
            inside, v = np.pad(RNG.random((7, 6)) < share, 1), RNG.standard_normal((2, 9, 8))
            k = less_along_coasts(v[:, None] * v + 1e-6 * np.eye(2)[..., None, None], inside)
            A = gg.Grid((9, 0.5), (8, 0.25)).with_mask(inside).diffuse(k, form="tensor").to_sparse()
            values = np.linalg.eigvalsh(A.toarray()[np.ix_(*[inside.ravel()] * 2)])
            assert values[-1] < 1e-12 * abs(values[0])

    def errors(self, n, problem, is_less=False):
        """Of rows, and of a solution in the mean, between four coasts, at 0 and at 1."""
        axis = n + n // 2, 1 / n, (0.5 - n // 4) / n
        grid = gg.Grid(axis, axis)
        x, y = grid.mesh()
        inside = (abs(2 * x - 1) < 1) & (abs(2 * y - 1) < 1)
        u, rate, k = problem(np.pi * x, np.pi * y)
        if is_less:
            k = less_along_coasts(k, inside)
        ocean = grid.with_mask(inside)
        A = ocean.diffuse(k, form="tensor")
        wrong = (A(u) - rate)[inside].reshape(n, n)
        found = (ocean.identity - 0.1 * A).solve(np.where(inside, u - 0.1 * rate, np.nan))
        return wrong, np.sqrt(((found - u)[inside] ** 2).mean())

    @staticmethod
    def along_coasts(x, y):
        u, kxx, kyy = np.cos(x) * np.cos(2 * y), 2 + np.sin(x + y), 2 + np.cos(y) + 0 * x
        kxy = 0.8 * np.sin(x) * np.sin(y)
        ux, uy, uxy = (
            -np.sin(x) * np.cos(2 * y),
            -2 * np.cos(x) * np.sin(2 * y),
            2 * np.sin(x) * np.sin(2 * y),
        )
        rate = np.cos(x + y) * ux - kxx * u - np.sin(y) * uy - 4 * kyy * u + 2 * kxy * uxy
        rate += 0.8 * np.cos(x) * np.sin(y) * uy + 0.8 * np.sin(x) * np.cos(y) * ux
        return u, np.pi**2 * rate, [[kxx, kxy], [kxy, kyy]]

    @staticmethod
    def across_coasts(x, y):
        k = [[1 + np.sin(x) ** 2 + 0 * y, -0.5], [-0.5, 0.25 + np.sin(y) ** 2 + 0 * x]]
        return (x + 2 * y) / np.pi, np.pi * (np.sin(2 * x) + 2 * np.sin(2 * y)), k

    def test_refusals(self):
        grid = made("even")[0].whole.with_mask(INSIDE, boundary=gg.value(1.0))
        with pytest.raises(
            ValueError, match=r"beside gaps that no flux passes, .* but not where .*value\(1.0\).* holds"
        ):
            grid.diffuse(np.eye(2), form="tensor")


def on_both(grid, library, k, tensor_, f):
    faces = grid.diffuse([library.array(own) for own in k], form="faces")
    rows = [[library.array(tensor_[a, b]) for b in (0, 1)] for a in (0, 1)]
    both = faces, grid.diffuse(rows, form="tensor")
    given = library.array(f)
    return [library.host(made) for A in both for made in (A(given), A.T(given))]


@pytest.mark.parametrize("library", parameters())
@pytest.mark.parametrize("known", ["one-sided", "value"])
def test_libraries(library, known):
    grid, _ = made("ring", known)
    k, f, t = at_faces("ring"), field(), tensor()
    k = with_nan(k, "ring") if known == "one-sided" else k
    with library.wide():
        if known == "value":
            A = grid.diffuse([library.array(own) for own in k], form="faces")
            got, expected = [library.host(A(library.array(f)))], [grid.diffuse(k, form="faces")(f)]
        else:
            got = on_both(grid, library, k, t, f)
            both = grid.diffuse(k, form="faces"), grid.diffuse(t, form="tensor")
            expected = [made for A in both for made in (A(f), A.T(f))]
    for one, other in zip(got, expected, strict=True):
        close(one, other)


@pytest.mark.needs("torch")
def test_autograd():
    import torch

    inside = RNG.random((5, 4)) > 0.2
    grid = gg.Grid((5, 0.5), (4, 0.5)).with_mask(inside)
    torch.manual_seed(0)
    f, kxx, kxy, kyy = torch.rand(4, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda f, a, b, c: grid.diffuse([[a, b], [b, c]], form="tensor")(f), (f, kxx, kxy, kyy)
    )
    k = torch.rand(4, 4, dtype=torch.float64, requires_grad=True)
    A = grid.diffuse((k, 1.0), form="faces")
    assert torch.autograd.gradcheck(lambda f, k: A(f, k=(k, 1.0)), (f, k))
    for _ in range(2):  # nothing of a former graph is kept
        A(f).sum().backward()
    lost = k.detach().clone()
    lost[~torch.tensor(inside[1:] & inside[:-1])] = torch.nan
    holed = torch.where(torch.tensor(inside), f.detach(), torch.nan).requires_grad_()
    lost.requires_grad_()
    (grid.diffuse((lost, 1.0), form="faces")(holed) ** 2).sum().backward()
    assert torch.isfinite(lost.grad).all()
    assert torch.isfinite(holed.grad).all()


@pytest.mark.needs("dask")
@pytest.mark.parametrize("is_lazy", [False, True])
def test_chunks(is_lazy):
    import dask.array as da

    grid, _ = made("uneven")
    mask = da.from_array(INSIDE, chunks=(4, 3)) if is_lazy else INSIDE
    chunked = grid.whole.with_mask(mask)
    k, f = with_nan(at_faces("uneven"), "uneven"), field()
    lazy = [da.from_array(own, chunks=(4, 3)) for own in k]
    A = chunked.diffuse(lazy, form="faces")
    got = A(da.from_array(f, chunks=(4, 3)))
    assert same_bits(got.compute(), grid.diffuse(k, form="faces")(f))
    assert same_bits(chunked.diffuse(k, form="faces")(f), grid.diffuse(k, form="faces")(f))
    close(chunked.diffuse(k, form="faces")(da.from_array(f, chunks=(4, 3))).compute(), got.compute())
    close(A.T(da.from_array(f, chunks=(4, 3))).compute(), grid.diffuse(k, form="faces").T(f))
    t = tensor()
    rows = [[da.from_array(own, chunks=(4, 3)) for own in row] for row in t]
    close(
        chunked.diffuse(rows, form="tensor")(da.from_array(f, chunks=(4, 3))).compute(),
        grid.diffuse(t, form="tensor")(f),
    )
