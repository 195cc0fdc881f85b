"""Latitudes and longitudes as files have them: rounded to float32, in any dtype, with a gap over the seam that is not quite a step."""

import pickle

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._grid.geometry.geometry import even
from gridgrad._grid.points import Points

N = 3600  # of which 0.1 degrees are no numbers of float32


def band(kind):
    """Latitudes and longitudes of a band that ends beside the north pole, or on it, and a harmonic of degree 3 with its Laplacian."""
    lat = 90 - (np.arange(24) + {"pole": 0, "half": 0.5, "whole": 1}[kind]) * 360 / N
    lon = {"pole": 0, "half": -180, "whole": 0.05}[kind] + np.arange(N) * 360 / N
    phi, lam = np.meshgrid(np.deg2rad(lat), np.deg2rad(lon), indexing="ij")
    f = np.sin(phi) * np.cos(phi) ** 2 * np.sin(2 * lam)
    return lat, lon, f, -12 * f


@pytest.mark.parametrize("kind", ["pole", "half", "whole"])
@pytest.mark.parametrize("way", [1, -1])
def test_the_rounding_of_float32_is_no_bend(kind, way):
    """Second differences took it for one, with errors of a tenth of the largest value, and a row on a pole was refused."""
    lat, lon, f, laplacian = band(kind)
    lat32, lon32 = lat.astype(np.float32)[::way], lon.astype(np.float32)[::way]
    grid = gg.Grid(lat32, lon32, geometry="sphere", radius=1.0)
    for own, exact in zip(grid.coordinates, (lat[::way], lon[::way]), strict=True):
        np.testing.assert_allclose(own, exact, rtol=0, atol=1e-12)
    assert grid.boundary == (("pole", "one-sided")[::way], ("periodic", "periodic"))
    f, laplacian = f[::way, ::way], laplacian[::way, ::way]
    unrounded = gg.Grid(lat[::way], lon[::way], geometry="sphere", radius=1.0).laplacian(f)
    largest = np.abs(laplacian).max()
    assert np.abs(unrounded - laplacian)[4:-4].max() < 1e-3 * largest
    assert np.abs(grid.laplacian(f) - unrounded).max() < 1e-6 * largest
    words = {"geometry": "sphere", "radius": 1.0}
    wide = lat32.astype(np.float64), lon32.astype(np.float64)  # as some readers give them
    for found in (gg.laplacian(f, lat32, lon32, **words), gg.laplacian(f, *wide, **words), pickle.loads(pickle.dumps(grid)).laplacian(f)):  # fmt: skip
        assert np.array_equal(found, grid.laplacian(f))


def test_a_grid_of_rounded_positions_is_found_again(monkeypatch):
    lat, lon, f, _ = (x.astype(np.float32) for x in band("half"))
    made, lay = [], Points.lay
    monkeypatch.setattr(Points, "lay", lambda self, cleaned: (made.append(self), lay(self, cleaned)))
    for _ in range(3):
        gg.laplacian(f, lat - np.float32(0.1), lon, geometry="sphere", boundary="one-sided")
    assert len(made) == 1


@pytest.mark.parametrize(
    "x",
    [
        np.float32([10, 20, 31, 40]),  # in other steps
        np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(640)[0])).astype(np.float32),
        np.arange(3600) * 0.1,  # with no rounding but that of float64
        10 + 1e-6 * np.array([0, 1, 2.2, 3]),
        np.float32([10, 10, 10.000001, 10.000001]),  # of which nothing is known
        np.float32([10, np.nan, 20]),
        np.float32([10, 20]),
    ],
)
def test_other_positions_stay_as_they_are(x):
    assert even(x, 360.0) is x


@pytest.mark.parametrize("x", [np.arange(0, 360, 0.25), np.linspace(90, -90, 181), np.arange(3.0, 60, 7), -180 + 2.8125 * np.arange(128)])  # fmt: skip
def test_even_positions_keep_their_bits(x):
    assert np.array_equal(even(x, 360.0), x)


@pytest.mark.parametrize(
    "lon",
    [
        np.arange(330, -1, -30, dtype=np.uint16),  # whose differences are no numbers of their dtype
        np.float32(0.02) + np.arange(36_000, dtype=np.float32) / np.float32(100),
        np.arange(-180, 180, 0.1, np.float32),  # NumPy adds steps of 0.1000061
        np.cumsum([20.0, 25, 30, 35, 40, 45, 50, 40, 50]),
    ],
    ids=["uint16", "hundredths", "arange", "uneven"],
)  # fmt: skip
def test_longitudes_that_go_all_round(lon):
    assert gg.Grid([10.0, 20, 30], lon, geometry="sphere").boundary[1] == ("periodic", "periodic")


@pytest.mark.parametrize(
    "lon", [np.linspace(0, 360, 36_001, dtype=np.float32), np.arange(-180, 180.05, 0.1), np.arange(-1.0, 361)]
)
def test_a_full_turn_between_the_ends_is_seen_through_rounding(lon):
    """Also where several columns are repeated; longitudes over a seam are another matter."""
    with pytest.raises(ValueError, match="a full turn lies between its ends"):
        gg.Grid([10.0, 20, 30], lon, geometry="sphere")
    with pytest.raises(ValueError, match="if they run over a seam, unwrap them"):
        gg.Grid([10.0, 20, 30], np.roll(np.arange(0.0, 360, 2), 9), geometry="sphere")


@pytest.mark.parametrize("lon", [np.arange(0, 358.5), np.arange(0.0, 330, 30), np.arange(12.0, 40)])
def test_regions_are_open(lon):
    assert gg.Grid([10.0, 20, 30], lon, geometry="sphere").boundary[1] == ("one-sided", "one-sided")
