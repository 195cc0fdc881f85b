"""Examples whose data are no package of `make test-all`: on files of the same form, whose results are known."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")


def test_vorticity_is_exact_for_winds_across_the_poles(example, tmp_path, monkeypatch):
    """The files of the example, whose package has no wheel of what it needs, with winds of known vorticity in them."""
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("netCDF4")
    module = example("examples", "vorticity")
    lat, lon = np.linspace(90, -90, 73, dtype="f4"), np.arange(0, 360, 2.5, "f4")
    phi, lam = np.deg2rad(lat.astype(float))[:, None], np.deg2rad(lon.astype(float))
    fields = {"uwnd": 10 * (np.cos(phi) - np.sin(phi) * np.cos(lam)), "vwnd": 10 * np.sin(lam) + 0 * phi,
              "vrt": 20 * (np.sin(phi) + np.cos(phi) * np.cos(lam)) / 6.3712e6}  # fmt: skip
    time = np.arange("2000-01", "2001-01", dtype="M8[M]").astype("M8[ns]")
    for name, values in fields.items():
        np.save(tmp_path / f"{name}.ref.npy", values[None, None].astype("f4"))
        at = {"time": time, "latitude": lat, "longitude": lon}
        data = np.broadcast_to(values, (12, 73, 144)).astype("f4")
        xarray.DataArray(data, at, [*at], name).to_netcdf(tmp_path / f"{name}_mean.nc")
    monkeypatch.setattr(module, "sample_data", lambda name, *place: tmp_path / name)
    facts = module.main(["--size", "2", "--out", str(tmp_path)])
    exact = fields["vrt"] * 6.3712e6 / 6_371_229
    assert facts["vorticity"].shape == (2, 73, 144)
    assert np.abs(facts["vorticity"] - exact).max() < 1e-5 * exact.max()
    assert facts["figure"].stat().st_size > 10_000
