"""Land on a sphere: rows beside it are those of a grid that ends there, and totals stay."""

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(3)
LAT, LON = np.linspace(-68, 68, 18), (36, 10.0)
SPHERE = gg.Grid(LAT, LON, geometry="sphere")
F, U, V = RNG.standard_normal((3, 18, 36))
OPERATORS = {
    "gradient": lambda g, at: g.gradient,
    "laplacian": lambda g, at: g.laplacian,
    "accurate": lambda g, at: g.laplacian.with_(accuracy=4),
    "advect": lambda g, at: g.advect((U[at], V[at])),
    "divergence": lambda g, at: g.divergence,
    "curl": lambda g, at: g.curl,
}
BANDS = {
    "latitudes": (np.s_[4:15, :], lambda: gg.Grid(LAT[4:15], LON, geometry="sphere")),
    "from an end": (np.s_[:11, :], lambda: gg.Grid(LAT[:11], LON, geometry="sphere")),
    "two": (np.s_[7:9, :], lambda: gg.Grid(LAT[7:9], LON, geometry="sphere", edge_order=1)),
    "longitudes": (np.s_[:, :30], lambda: gg.Grid(LAT, (30, 10.0), geometry="sphere", boundary="one-sided")),
}


CASES = [
    (name, band) for name in OPERATORS for band in BANDS
]  # two latitudes have no room for a second derivative
CASES = [case for case in CASES if case not in (("laplacian", "two"), ("accurate", "two"))]


@pytest.mark.parametrize(("name", "band"), CASES)
def test_a_band_is_a_grid_of_its_own(name, band):
    at, part = BANDS[band]
    inside = np.zeros(F.shape, bool)
    inside[at] = True
    fields = F if name not in ("divergence", "curl") else np.stack([F, U])
    found = OPERATORS[name](SPHERE.with_mask(inside), np.s_[:, :])(np.where(inside, fields, np.nan))
    expected = OPERATORS[name](part(), at)(fields[..., *at])
    rtol = 1e-12 if name == "accurate" else 0  # products of rows, each rounded
    np.testing.assert_allclose(np.asarray(found)[..., *at], np.asarray(expected), rtol=rtol)
    assert not np.where(inside, 0, found).any()


@pytest.mark.parametrize("name", OPERATORS)
def test_runs_of_one_length_where_steps_are_even_but_for_rounding(name):
    """Two gaps make two runs of 99 points, whose weights differ in the last bits: each has the rows that it has alone."""
    lat, lon = np.linspace(-60, 60, 9), np.arange(100) * 3.6
    grid = gg.Grid(lat, lon, geometry="sphere")
    fields = (
        RNG.standard_normal((2, 9, 100)) if name in ("divergence", "curl") else RNG.standard_normal((9, 100))
    )
    velocity = RNG.standard_normal((2, 9, 100))
    gaps = [(1, 10), (3, 20)]
    found = []
    for own in (gaps, *[[gap] for gap in gaps]):
        inside = np.ones((9, 100), bool)
        inside[tuple(np.transpose(own))] = False
        masked = grid.with_mask(inside)
        A = masked.advect(velocity) if name == "advect" else OPERATORS[name](masked, np.s_[:, :])
        found.append(np.asarray(A(fields)))
    both, *alone = found
    for (row, _), (_, column), one in zip(
        gaps, gaps[::-1], alone, strict=True
    ):  # but for the column of the other gap
        for own in np.s_[..., row, :column], np.s_[..., row, column + 1 :]:
            np.testing.assert_allclose(both[own], one[own], rtol=1e-12 if name == "accurate" else 0)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_band_beside_the_poles_is_one_too(name):
    """Whose rows along circles are exact for waves there."""
    lat, inside = np.linspace(-85, 85, 18), np.broadcast_to(np.arange(36) < 30, F.shape)
    globe, part = (gg.Grid(lat, (n, 10.0), geometry="sphere") for n in (36, 30))
    fields = F if name not in ("divergence", "curl") else np.stack([F, U])
    found = OPERATORS[name](globe.with_mask(inside), np.s_[:, :])(fields)
    expected = OPERATORS[name](part, np.s_[:, :30])(fields[..., :30])
    np.testing.assert_array_equal(np.asarray(found)[..., :30], np.asarray(expected))


@pytest.mark.parametrize("library", parameters("numpy"))
def test_totals_transposes_and_libraries(library):
    inside = RNG.random(F.shape) < 0.7
    ocean = SPHERE.with_mask(inside)
    k = U**2 + 0.1
    for make in (
        lambda k: ocean.diffuse(k),
        lambda _: ocean.laplacian.with_(form="conservative"),
        lambda _: ocean.laplacian,
    ):
        A = make(k)
        found = A(np.where(inside, F, np.nan))
        if A.name != ocean.laplacian.name:
            assert abs((SPHERE.measure * found).sum()) < 1e-12 * abs(SPHERE.measure * found).sum()
        scale = abs(found).max()
        np.testing.assert_allclose(A.to_sparse() @ F.ravel(), found.ravel(), atol=1e-13 * scale)
        np.testing.assert_allclose(A.T(F).ravel(), A.to_sparse().T @ F.ravel(), atol=1e-12 * scale)
        with library.wide():
            other = library.host(make(library.array(k))(library.array(np.where(inside, F, np.nan))))
        np.testing.assert_allclose(other, found, atol=1e-13 * scale)


def test_beside_a_pole_the_curvature_of_what_is_smooth_is_as_on_the_whole():
    lat = np.arange(-87.5, 90, 5.0)
    grid = gg.Grid(lat, (72, 5.0), geometry="sphere", radius=1.0)
    inside = np.broadcast_to((abs(lat - 50) > 10)[:, None], grid.shape)
    plane = np.cos(np.deg2rad(lat))[:, None] * np.cos(np.deg2rad(np.arange(72) * 5.0))
    found = grid.with_mask(inside).laplacian(np.where(inside, plane, np.nan))
    assert abs(found + 2 * plane)[lat > 65].max() < 0.01  # of 2; the whole grid has 0.0013
    np.testing.assert_array_equal(found[lat < 30], grid.laplacian(plane)[lat < 30])


def test_polar_constants_have_no_slope():
    inside = RNG.random((9, 16)) < 0.8
    ocean = gg.Grid((9, 1.0, 0.5), (16, np.pi / 8), geometry="polar").with_mask(inside)
    for A in (ocean.laplacian, ocean.gradient):
        assert np.abs(A(np.where(inside, 1.0, np.nan))).max() < 1e-14


def test_a_row_on_a_pole_reads_no_gap():
    """It is made of points all round: gaps are away from it, or it is one itself."""
    lat = np.linspace(90, -90, 37)
    grid, inside = gg.Grid(lat, (72, 5.0), geometry="sphere", radius=1.0), np.ones((37, 72), bool)
    inside[12:15, 10:30] = inside[30:] = False
    f, far = RNG.standard_normal(inside.shape), np.zeros(inside.shape, bool)
    far[:4] = far[22] = True
    for operator in ("laplacian", "gradient"):
        whole, own = getattr(grid, operator), getattr(grid.with_mask(inside), operator)
        for accuracy in (None, 4, 6):
            expected, found = (
                np.asarray(A.with_(accuracy=accuracy)(g))
                for A, g in ((whole, f), (own, np.where(inside, f, np.nan)))
            )
            assert not np.isnan(found).any()  # of 6, wide rows beside the pole read the gap, and are others
            assert accuracy == 6 or np.array_equal(found[..., far], expected[..., far])
    holed = np.ones((37, 72), bool)
    holed[0, 3] = False
    for name in ("laplacian", "gradient"):
        assert not np.isnan(getattr(grid.with_mask(holed), name)(np.where(holed, f, np.nan))).any()
        with pytest.raises(
            ValueError, match=rf"the row of {name} on the pole at index 0 .* in [0-9]+ of its 72 points"
        ):
            getattr(grid.with_breaks(1, [20]), name)


def reaches_from_the_pole(whole, fields):
    """How many rows beside the pole its row reads, by what NaN in one of them does to it."""
    spoilt = []
    for row in range(1, 9):
        spoiled = fields.copy()
        spoiled[..., row, :] = np.nan
        spoilt.append(np.isnan(np.asarray(whole(spoiled))[..., 0, :]).any())
    return 1 + max(np.flatnonzero(spoilt), default=-1)


@pytest.mark.parametrize("accuracy", [None, 4, 6])
@pytest.mark.parametrize(
    "name", ["gradient", "laplacian", "divergence", "curl", "derivative", "gradient_norm"]
)
def test_gaps_are_refused_where_the_row_on_the_pole_reads_them(name, accuracy):
    """Elsewhere that row is the one of the whole grid."""
    lat = np.linspace(90, -90, 25)
    grid = gg.Grid(lat, (48, 7.5), geometry="sphere", radius=1.0)
    fields = RNG.standard_normal((2, 25, 48) if name in ("divergence", "curl") else (25, 48))

    def make(grid):
        return grid.derivative(0, accuracy=accuracy) if name == "derivative" else getattr(grid, name).with_(accuracy=accuracy)  # fmt: skip

    whole = make(grid)
    reach, expected = reaches_from_the_pole(whole, fields), np.asarray(whole(fields))
    for row in range(1, 12):
        inside = np.ones(grid.shape, bool)
        inside[row, 5:9] = inside[-1 - row, 20] = False
        gapped = grid.with_mask(inside)
        if row <= reach:
            with pytest.raises(ValueError, match="leave the row on the pole out"):
                make(gapped)(np.where(inside, fields, np.nan))
        if row <= reach + (name == "laplacian"):  # beside a gap its wide rows are others
            continue
        found = np.asarray(make(gapped)(np.where(inside, fields, np.nan)))
        assert not np.isnan(found).any()
        np.testing.assert_array_equal(found[..., [0, -1], :], expected[..., [0, -1], :])


def test_points_on_a_pole_that_would_read_a_gap_are_left_out_themselves():
    grid = gg.Grid(np.linspace(90, -90, 19), (36, 10.0), geometry="sphere")
    inside = np.ones(grid.shape, bool)
    inside[1, 5] = False
    with pytest.raises(
        ValueError, match=r"on the pole at index 0 of axis -2 .* in 3 of its 36 points it reads a gap"
    ):
        grid.with_mask(inside).gradient  # noqa: B018
    inside[0, 4:7] = False
    f = RNG.standard_normal(inside.shape)
    found = np.asarray(grid.with_mask(inside).gradient(np.where(inside, f, np.nan)))
    expected = np.asarray(grid.gradient(f))
    apart = np.r_[:3, 8:36]  # from what is left out
    np.testing.assert_array_equal(found[:, 0, apart], expected[:, 0, apart])
    np.testing.assert_allclose(found[:, 0, [3, 7]], expected[:, 0, [3, 7]], rtol=1e-14)
    np.testing.assert_allclose(found[:, 3:], expected[:, 3:], rtol=1e-14)


@pytest.mark.parametrize("name", ["laplacian", "divergence"])
def test_rows_beside_a_missing_latitude_are_those_of_a_sphere_with_poles(name):
    """A grid that ends there knows of no pole and has other rows, of the same order and no more accurate."""
    errors = []
    for n in (36, 72, 144):
        lat, lon = -90 + (np.arange(n) + 0.5) * 180 / n, np.arange(2 * n) * 180 / n
        phi, lam = np.deg2rad(lat)[:, None], np.deg2rad(lon)
        f = np.sin(phi) * np.cos(phi) * np.cos(lam) + np.cos(phi) ** 2 * np.sin(2 * lam)  # of degree 2
        slopes = (
            np.cos(2 * phi) * np.cos(lam) - np.sin(2 * phi) * np.sin(2 * lam),
            -np.sin(phi) * np.sin(lam) + 2 * np.cos(phi) * np.cos(2 * lam),
        )
        top = n - 1 - n // 12
        inside = np.ones(f.shape, bool)
        inside[top] = False
        field = np.stack(slopes) if name == "divergence" else f
        whole = gg.Grid(lat, lon, geometry="sphere", radius=1.0)
        made = [getattr(whole.with_mask(inside), name)(field), getattr(whole, name)(field),
                getattr(gg.Grid(lat[:top], lon, geometry="sphere", radius=1.0), name)(field[..., :top, :])]  # fmt: skip
        masked, own, ended = (np.asarray(values)[: top - 3] for values in made)
        assert same_bits(masked, own)
        errors.append([abs(values + 6 * f[: top - 3]).max() for values in (masked, ended)])
    errors = np.array(errors)
    assert np.all(np.log2(errors[:-1] / errors[1:]).mean(axis=0) > 1.8)
    assert np.all(errors[:, 0] <= 1.01 * errors[:, 1])
