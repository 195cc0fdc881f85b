"""Files of ocean models by their labels: positions that are missing under land and below the bottom, in memory, in Dask and by the command."""

import pickle

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

xr = pytest.importorskip("xarray")

DIMS, LEVELS = ("y", "x"), ("time", "s_rho", "y", "x")


@pytest.fixture
def ocean(rng):
    """Longitudes and latitudes of a rotated grid, levels that follow a bottom and a sea surface that moves, and land."""
    s, t = np.meshgrid(np.linspace(0, 1, 14), np.linspace(0, 1, 17), indexing="ij")
    lon, lat = -60 + 30 * t + 3 * np.sin(2 * s), 20 + 20 * s + 2 * np.cos(3 * t)
    sea = (lon + 42) ** 2 / 30 + (lat - 30) ** 2 / 20 > 1
    share, bottom = np.linspace(-0.97, -0.03, 8)[:, None, None], 200 + 150 * np.sin(3 * s) * np.cos(2 * t)
    z = np.stack([share * bottom + zeta * (1 + share) for zeta in (0.3 * np.sin(4 * s), 0.5 * t)])
    wet = sea & (z > -0.7 * (200 + 100 * s))  # of the levels some are below the ground
    T = np.where(wet, np.sin(z / 50) + lat / 20 + 0.1 * rng.random(z.shape), np.nan)
    return lon, lat, sea, z, wet, T


def dataset(ocean, mark=None):
    """With these marks where there is no sea; of None with all positions."""
    lon, lat, sea, z, wet, T = ocean
    if mark is not None:
        lon, lat, z = np.where(sea, lon, mark), np.where(sea, lat, mark), np.where(wet, z, mark)
    own = {"T": (LEVELS, T, {"units": "K"}), "sst": (DIMS, np.where(sea, T[0, -1], np.nan))}
    return xr.Dataset(own, {"nav_lat": (DIMS, lat), "nav_lon": (DIMS, lon), "z": (LEVELS, z), "sea": (DIMS, sea), "wet": (LEVELS, wet)})  # fmt: skip


WORDS = {"missing": "one-sided", "edge_order": 2}
CURVED = {"dim": DIMS, "coord": ("nav_lat", "nav_lon")}
CALLS = {
    "surface": lambda d: gg.gradient(d.sst, **CURVED, **WORDS),
    "batch": lambda d: gg.gradient(d["T"].isel(s_rho=-1), **CURVED, **WORDS),
    "laplacian": lambda d: [gg.laplacian(d.sst, **CURVED, **WORDS)],
    "levels": lambda d: [gg.derivative(d["T"], dim="s_rho", coord="z", **WORDS)],
    "second": lambda d: [gg.derivative(d["T"], dim="s_rho", coord="z", order=2, **WORDS)],
    "all three": lambda d: gg.gradient(
        d["T"][0].assign_coords(z=d.z[0]), dim=("s_rho", *DIMS), coord=("z", "nav_lat", "nav_lon"), **WORDS
    ),
    "dataset": lambda d: [*gg.gradient(d[["sst"]], **CURVED, **WORDS).data_vars.values()],
}


@pytest.mark.parametrize("mark", [np.nan, 0.0, 1e20])
@pytest.mark.parametrize("name", CALLS)
def test_functions(name, mark, ocean):
    found, want = (CALLS[name](dataset(ocean, own)) for own in (mark, None))
    for a, b in zip(found, want, strict=True):
        same_bits(a.values, b.values)
        assert np.isfinite(b.values).any()


@pytest.mark.needs("dask")
@pytest.mark.parametrize("name", CALLS)
def test_functions_of_chunks(name, ocean):
    found = CALLS[name](dataset(ocean, np.nan).chunk({"y": 5, "x": 6, "s_rho": 3}))
    for a, b in zip(found, CALLS[name](dataset(ocean)), strict=True):
        assert a.chunks
        same_bits(a.values, b.values)


def labelled(d):
    from gridgrad.xarray import Grid

    return Grid(d["T"], dim="s_rho", coord="z"), Grid(d.sst, **CURVED)


@pytest.mark.parametrize(
    "chunks", [{}, pytest.param({"y": 5, "x": 6, "s_rho": 3}, marks=pytest.mark.needs("dask"))]
)
def test_grids(chunks, ocean):
    d, known = dataset(ocean, np.nan), dataset(ocean)
    d = d.chunk(chunks) if chunks else d
    (levels, plane), (all_levels, whole) = labelled(d), labelled(known)
    same_bits(levels.gradient(d["T"], missing="one-sided").values, all_levels.gradient(known["T"], missing="one-sided").values)  # fmt: skip
    for mask in (d.wet, d["T"].notnull(), known.wet.drop_vars(["z", "nav_lat", "nav_lon"])):
        own = levels.with_mask(mask)
        for one in (own, pickle.loads(pickle.dumps(own))):
            same_bits(
                one.laplacian(d["T"]).values, all_levels.with_mask(known.wet).laplacian(known["T"]).values
            )
    for a, b in zip(plane.with_mask(d.sea).gradient(d.sst), whole.with_mask(known.sea).gradient(known.sst), strict=True):  # fmt: skip
        same_bits(a.values, b.values)
    with pytest.raises(ValueError, match=r"not finite: x\[0, 0, 0, 0\]=nan; .*leave these out by with_mask"):
        levels.gradient(d["T"]).compute()
    more = d.wet.compute() | ((known.x == 3) & (known.y == 2))
    with pytest.raises(ValueError, match=r"not finite: x\[0, 0, 2, 3\]=nan"):
        levels.with_mask(more.chunk(chunks) if chunks else more).gradient(d["T"]).compute(scheduler="sync")


@pytest.mark.needs("netCDF4", "dask")
@pytest.mark.parametrize("more", [(), ("--chunks", "y=5")], ids=["", "chunks"])
def test_the_command(more, ocean, tmp_path, monkeypatch, capsys):
    from commands import main

    monkeypatch.chdir(tmp_path)
    dataset(ocean, np.nan).to_netcdf("lacking.nc")
    dataset(ocean).to_netcdf("known.nc")
    plane = ("--var", "sst", "--dim", *DIMS, "--coord", "nav_lat", "nav_lon")
    levels = ("--var", "T", "--dim", "s_rho", "--coord", "z")
    for words in (plane, levels):
        for name in ("lacking", "known"):
            own = ("--missing", "one-sided", "--overwrite", "--quiet", *more)
            assert main("gradient", f"{name}.nc", f"of_{name}.nc", *words, *own) == 0
        with xr.open_dataset("of_lacking.nc") as found, xr.open_dataset("of_known.nc") as want:
            for a, b in zip(found.data_vars.values(), want.data_vars.values(), strict=True):
                same_bits(a.values, b.values)
        capsys.readouterr()
        assert main("gradient", "lacking.nc", "none.nc", *words, "--quiet", *more) == 2
        assert "not finite" in (told := capsys.readouterr().err)
        assert "--missing one-sided leaves out others" in told
