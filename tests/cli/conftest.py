import pytest


@pytest.fixture
def winds(tmp_path):
    from commands import DATA

    DATA.to_netcdf(tmp_path / "winds.nc")
    return tmp_path / "winds.nc"
