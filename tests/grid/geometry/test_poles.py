"""The word "pole" at the ends of latitudes and radii: what is seen there, in words."""

import pickle
import re

import numpy as np
import pytest

import gridgrad as gg

LAT, LON = np.linspace(-85, 85, 18), np.arange(0.0, 360.0, 10.0)
SOUTH = LAT[:11]  # to 15 degrees north
F, U, V = np.random.default_rng(2).standard_normal((3, 18, 36))


def made(grid, at):
    return [grid.laplacian(F[at]), grid.curl((V[at], U[at])), *grid.gradient(F[at]), grid.diffuse(2.0)(F[at])]


@pytest.mark.parametrize(
    ("lat", "at", "ends"),
    [
        (LAT, np.s_[:], "pole"),
        (SOUTH, np.s_[:11], ("pole", "one-sided")),
        (SOUTH[::-1], np.s_[10::-1], ("one-sided", "pole")),
        (-SOUTH, np.s_[:11], ("pole", "one-sided")),
        (LAT[3:9], np.s_[3:9], "one-sided"),
    ],
)
def test_the_word_is_what_is_seen_without_it(lat, at, ends):
    """In every order of latitudes and of axes; a hemisphere has one pole."""
    pair = (ends, ends) if isinstance(ends, str) else ends
    seen, said = (
        gg.Grid(lat, LON, geometry="sphere", **words) for words in ({}, {"boundary": [ends, "periodic"]})
    )
    assert seen.boundary == said.boundary == (pair, ("periodic", "periodic"))
    assert repr(seen) == repr(said) == repr(gg.Grid(lat, LON, geometry="sphere", boundary=seen.boundary))
    for a, b, c in zip(
        made(said, at), made(seen, at), made(pickle.loads(pickle.dumps(said)), at), strict=True
    ):
        assert np.array_equal(a, b)
        assert np.array_equal(a, c)
    turned = gg.Grid(LON, lat, geometry=("lon", "lat"), axes=[-1, -2], boundary=["periodic", ends])
    assert np.array_equal(turned.laplacian(F[at]), seen.laplacian(F[at]))
    free = gg.laplacian(F[at], lat, LON, geometry="sphere", boundary=[ends, "periodic"])
    assert np.array_equal(free, seen.laplacian(F[at]))


def test_the_axis_of_polar_coordinates_is_one():
    r, theta = (np.arange(8) + 0.5) / 8, np.arange(12) * np.pi / 6
    for axes, ends in (
        ((r, theta), [("pole", "one-sided"), "periodic"]),
        ((r[::-1], theta), [("one-sided", "pole"), "periodic"]),
    ):
        grid = gg.Grid(*axes, geometry="polar", boundary=ends)
        assert grid.boundary == gg.Grid(*axes, geometry="polar").boundary
        assert grid.boundary[0] == ends[0]
    pipe = gg.Grid(
        (8, 0.125, 0.0625), (5, 1.0), geometry="cylindrical", boundary=[("pole", "one-sided"), "reflect"]
    )
    assert "0.9375, step 0.125, pole | one-sided (edge order 2)" in repr(pipe)
    np.testing.assert_allclose(pipe.laplacian(pipe.mesh()[0] ** 2), 4, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: gg.Grid(LAT, LON, geometry="sphere", boundary="pole"), "unknown boundary 'pole' of axis 1; latitudes and radii end at a \"pole\""),
        (lambda: gg.Grid(LAT, LON, boundary=["pole", "periodic"], period=360), "'pole' of axis 0; latitudes and radii end at a \"pole\", with geometry="),
        (lambda: gg.Grid(SOUTH[::-1], LON, geometry="sphere", boundary=["pole", "periodic"]), 'its end at 15 is not within a step of -90 or 90, where a pole is; give boundary=[("one-sided", "pole"), "periodic"]'),
        (lambda: gg.Grid(SOUTH, LON, geometry="sphere", boundary=[("one-sided", "pole"), "periodic"]), 'give boundary=[("pole", "one-sided"), "periodic"]'),
        (lambda: gg.Grid(LON + 1, LON, geometry="polar", angle="degrees", boundary=["pole", "periodic"]), 'its end at 351 is not within a step of 0'),
        (lambda: gg.laplacian(F[3:9], LAT[3:9], LON, geometry="sphere", boundary=["pole", "periodic"]), 'give boundary=["one-sided", "periodic"]'),
        (lambda: gg.Grid(LAT, LON, geometry="sphere", boundary=["symmetric", "periodic"]), "its wall 'symmetric' is at -90, where a circle has no length, or beyond; give \"pole\" there"),
        (lambda: gg.Grid(LAT, LON, geometry="sphere", boundary=[("pole", "periodic"), "periodic"]), '"periodic" at one end only'),
        (lambda: gg.gradient(F, boundary="pole"), "unknown boundary 'pole' of axis 0"),
    ],
)  # fmt: skip
def test_refused_elsewhere(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()


def test_a_pole_lies_outwards_of_an_end():
    """One that is a step away on the other side is that of the other end."""
    assert gg.Grid([80.0, 90.0], LON, geometry="sphere", edge_order=1).boundary[0] == ("one-sided", "pole")
    assert gg.Grid([-90.0, -80.0], LON, geometry="sphere", edge_order=1).boundary[0] == ("pole", "one-sided")
    assert gg.Grid([70.0, 89.99, 90.0], LON, geometry="sphere").boundary[0] == ("one-sided", "pole")
    assert gg.Grid([0.0, 1.0], LON, geometry="polar", angle="degrees", edge_order=1).boundary[0] == (
        "pole",
        "one-sided",
    )
    with pytest.raises(ValueError, match="its end at 80 is not within a step of"):
        gg.Grid([80.0, 90.0], LON, geometry="sphere", edge_order=1, boundary=["pole", "periodic"])
