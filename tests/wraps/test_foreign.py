"""Objects that are no plain arrays, as data and as coordinates: what the error says to type gives the right value."""

from __future__ import annotations

import re

import numpy as np
import pytest
from libraries import parameters

import gridgrad as gg

VALUES = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
X = np.array([0.0, 1.0, 2.5, 3.0, 4.5])


def netcdf(tmp_path, values, mask=False):
    netCDF4 = pytest.importorskip("netCDF4")
    file = netCDF4.Dataset(tmp_path / "a.nc", "w")
    file.createDimension("x", len(values))
    variable = file.createVariable("v", "f8", ("x",), fill_value=-9e9)
    variable[:] = np.ma.array(values, mask=mask)
    return variable


def hdf5(tmp_path, values):
    file = pytest.importorskip("h5py").File(tmp_path / "a.h5", "w")
    file["v"] = values
    return file["v"]


def zarr(tmp_path, values):
    return pytest.importorskip("zarr").array(values)


class Capsule:
    """An array that can only be exchanged."""

    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class Convertible:
    """An array to whoever asks for one."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


class OnDevice(Convertible):
    """Numba's arrays: to whoever asks for one they are copied from the device."""

    __cuda_array_interface__ = property(lambda self: pytest.fail("nothing is read of what is refused"))


class Branded(np.ndarray):
    """Means something of its own."""


def astropy_masked(tmp_path, values):
    masked = pytest.importorskip("astropy.utils.masked")
    return masked.Masked(values, mask=[False] * len(values))


def masked_quantity(tmp_path, values):
    units = pytest.importorskip("astropy.units")
    return astropy_masked(tmp_path, values << units.m)


def column(tmp_path, values):
    return pytest.importorskip("astropy.table").Column(values, unit="m")


def masked_column(tmp_path, values):
    return pytest.importorskip("astropy.table").MaskedColumn(values, unit="m")


def series(tmp_path, values):
    return pytest.importorskip("pandas").Series(values)


def labelled(tmp_path, values):
    return pytest.importorskip("xarray").DataArray(values, dims="x")


OBJECTS = {  # and how the remedy for one called v begins
    "netCDF4": (netcdf, "v[:]"),
    "h5py": (hdf5, "v[:]"),
    "zarr": (zarr, "v[:]"),
    "dlpack": (lambda _, values: Capsule(values), "numpy.from_dlpack(v)"),
    "subclass": (lambda _, values: values.view(Branded), "numpy.asarray(v)"),
    "astropy Masked": (astropy_masked, "numpy.ma.array(v.unmasked, mask=v.mask)"),
    "astropy masked quantity": (masked_quantity, "numpy.ma.array(v.unmasked.value, mask=v.mask)"),
    "astropy Column": (column, "v.quantity"),
    "astropy MaskedColumn": (masked_column, "numpy.ma.array(numpy.asarray(v.data), mask=v.mask)"),
}
DATA_ONLY = {  # whose labels are lost of data, while coordinates have no more than numbers
    "pandas": (series, "v.to_numpy()"),
    "xarray": (labelled, "v.values"),
    "convertible": (lambda _, values: Convertible(values), "numpy.asarray(v)"),
}

BY_FUNCTIONS = ("xarray",)  # whose labels functions carry, and operators of a grid do not


def said(error):
    return re.search(r"give (?:its numbers, )?(.*)$", str(error.value)).group(1)


def plain(values):
    return np.asarray(getattr(values, "value", values))


@pytest.mark.parametrize("kind", [*OBJECTS, *DATA_ONLY])
def test_as_data(kind, tmp_path):
    make, remedy = (OBJECTS | DATA_ONLY)[kind]
    f = make(tmp_path, VALUES)
    functions = () if kind in BY_FUNCTIONS else (gg.gradient, lambda f: gg.laplacian(f, 0.5))
    for call in (gg.Grid(X).derivative(0), *functions):
        with pytest.raises(TypeError) as error:
            call(f)
        assert (
            said(error) == remedy.replace("v", "f", 1)
            if remedy.startswith("v")
            else said(error) == re.sub(r"\bv\b", "f", remedy)
        )
    numbers = eval(said(error), {"numpy": np, "f": f})
    assert np.array_equal(plain(gg.gradient(numbers)), gg.gradient(VALUES))


def test_what_is_on_a_device_stays_there():
    for call in (gg.gradient, gg.Grid(X).derivative(0)):
        with pytest.raises(TypeError) as error:
            call(OnDevice(VALUES))
        assert said(error) == "cupy.asarray(f)"


@pytest.mark.parametrize("kind", OBJECTS)
def test_as_coordinates(kind, tmp_path):
    make, remedy = OBJECTS[kind]
    x = make(tmp_path, X)
    for call in (lambda x: gg.gradient(VALUES, x), gg.Grid, lambda x: gg.laplacian(VALUES, x)):
        with pytest.raises(TypeError, match=r"the spacing of axis .* not a plain array") as error:
            call(x)
        assert said(error) == re.sub(r"\bv\b", "x", remedy)
    numbers = eval(said(error), {"numpy": np, "x": x})
    assert np.array_equal(plain(gg.gradient(VALUES, numbers)), gg.gradient(VALUES, X))
    assert np.array_equal(gg.Grid(numbers).coordinates[0], X)


@pytest.mark.parametrize("kind", DATA_ONLY)
def test_coordinates_that_are_only_labelled(kind, tmp_path):
    make, _ = DATA_ONLY[kind]
    assert np.array_equal(gg.gradient(VALUES, make(tmp_path, X)), gg.gradient(VALUES, X))


@pytest.mark.parametrize("library", parameters("numpy"))
def test_coordinates_of_array_libraries(library):
    for spacing in (X, np.asarray(0.5)):
        assert np.array_equal(gg.gradient(VALUES, library.array(spacing)), gg.gradient(VALUES, spacing))


def test_missing_cells_of_a_file(tmp_path):
    v = netcdf(tmp_path, [20.0, 20.5, 21.0, 0.0, 0.0, 22.0], [0, 0, 0, 1, 1, 0])
    got = gg.gradient(v[:])
    assert got.tolist() == [0.5, 0.5, None, None, None, None]
    with pytest.raises(
        TypeError, match=r"f holds entries of class netCDF4.*give their numbers, f\[0\]\[:\] and so on"
    ):
        gg.gradient([v, v])


class TestMaskedCoordinates:
    def test_positions_that_are_not_there(self, tmp_path):
        x = netcdf(tmp_path, X, [0, 0, 1, 0, 0])[:]
        for call in (lambda: gg.gradient(VALUES, x), lambda: gg.Grid(x), lambda: gg.laplacian(VALUES, x)):
            with pytest.raises(
                TypeError, match=r"every point needs a position: .* f\[~x.mask\] and x.compressed\(\)"
            ):
                call()
        f = VALUES
        kept = X[[0, 1, 3, 4]]
        assert np.array_equal(
            gg.gradient(f[~x.mask], x.compressed()), gg.gradient(VALUES[[0, 1, 3, 4]], kept)
        )

    def test_a_mask_of_nothing(self):
        for x in (np.ma.array(X), np.ma.array(X, mask=[False] * 5)):
            assert np.array_equal(gg.gradient(VALUES, x), gg.gradient(VALUES, X))

    def test_a_hole_in_a_list(self):
        with pytest.raises(TypeError, match="every point needs a position"):
            gg.gradient([1.0, 2.0, 4.0], [0.0, np.ma.masked, 2.0])


class TestNames:
    def test_classes_by_their_module(self, tmp_path):
        with pytest.raises(TypeError, match=r"f is of class zarr\.core\.array\.Array, not an array"):
            gg.gradient(zarr(tmp_path, VALUES))
        with pytest.raises(TypeError, match="f is an object, not an array; give an array, a list or a tuple"):
            gg.gradient(object())

    def test_strings(self):
        f = np.array(["1", "2", "4"], np.dtypes.StringDType())
        with pytest.raises(TypeError, match=r"f has dtype StringDType\(\): give numbers, f.astype\(float\)"):
            gg.gradient(f)
        assert np.array_equal(gg.gradient(f.astype(float)), [1.0, 1.5, 2.0])
        with pytest.raises(TypeError, match="the spacing of axis 0 has dtype StringDType"):
            gg.gradient([1.0, 2.0, 4.0], f)

    def test_masks_in_nested_lists(self):
        for f in ([np.ma.array(VALUES)], [[np.ma.array(VALUES)]]):
            with pytest.raises(TypeError, match=r"f holds masked arrays, .* give numpy.ma.stack\(f\)"):
                gg.gradient(f)
        parts = [np.ma.masked_less(VALUES, 1), np.ma.array(VALUES)]
        got = gg.gradient(np.ma.stack(parts), axis=1)
        assert got.mask.tolist() == [[True, True, False, False, False], [False] * 5]

    def test_sparse_matrices(self):
        f = pytest.importorskip("scipy.sparse").csr_array(np.eye(3))
        with pytest.raises(TypeError, match=r"give its numbers, f.toarray\(\)"):
            gg.gradient(f)
        assert np.array_equal(gg.gradient(f.toarray())[0], gg.gradient(np.eye(3))[0])

    def test_masked_arrays_over_something_else(self):
        f = np.ma.array(VALUES.view(Branded), mask=[0, 1, 0, 0, 0])
        with pytest.raises(TypeError, match=r"a masked array over one of class .*Branded, whose meaning"):
            gg.gradient(f)
        got = gg.gradient(np.ma.array(np.asarray(f.data), mask=f.mask))
        assert got.mask.tolist() == [True, False, True, False, False]


class Opaque:
    """Numba's, as little of it as is looked at: an address, and no sequence."""

    __cuda_array_interface__ = {"shape": (5,), "typestr": "<f8", "data": (0, True), "version": 3}  # noqa: RUF012


@pytest.mark.parametrize(
    ("given", "word"),
    [(Opaque(), r", cupy\.asarray\(x\)$"), (set(X), r", sorted\(x\)$"), (iter(X), r", list\(x\)$"),
     (gg.Grid(X), r"; a grid has operators of its own, applied to a field: grid\.gradient\(f\)$")],
)  # fmt: skip
def test_what_is_no_sequence_is_no_axis(given, word):
    """As a spacing, and as an axis of a grid."""
    with pytest.raises(TypeError, match="the spacing of axis 0 is .*; give a number or coordinates" + word):
        gg.gradient(VALUES, given)
    with pytest.raises(
        TypeError, match=r"(?s)axis 0 of the grid is .*; give \(n, step\) or the coordinates" + word
    ):
        gg.Grid(given)
