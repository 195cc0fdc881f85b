"""Units of grids, sums, `out=` and scales; where they are not carried they are refused, never dropped."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from quantities import LIBRARIES, Library, stacked
from samples import frozen

import gridgrad as gg

LINE = frozen(np.arange(6.0) ** 2)
X = frozen([0.0, 1, 2.5, 3, 4.5, 6])
PLANE = frozen(np.add.outer(np.arange(4.0) ** 2, np.arange(5.0) ** 3))


@pytest.fixture(params=LIBRARIES)
def lib(request):
    return Library(request.param)


class TestGrids:
    def test_plain_fields_and_quantities(self, lib):
        grid, plain = gg.Grid((4, lib.q(0.5, "km")), lib.q(X[:5], "km")), gg.Grid((4, 0.5), X[:5])
        assert grid.units == (lib.unit("km"), lib.unit("km"))
        assert plain.units is None
        for _ in range(3):  # what small calls keep
            lib.check(grid.laplacian(PLANE), plain.laplacian(PLANE), "1 / km**2")
            lib.check(grid.laplacian(lib.q(PLANE, "K")), plain.laplacian(PLANE), "K / km**2")
            lib.check(grid.derivative(0)(PLANE), plain.derivative(0)(PLANE), "1 / km")
            lib.check(plain.laplacian(lib.q(PLANE, "K")), plain.laplacian(PLANE), "K")
            assert type(plain.laplacian(PLANE)) is np.ndarray
        for a, b in zip(grid.gradient(lib.q(PLANE, "K")), plain.gradient(PLANE), strict=True):
            lib.check(a, b, "K / km")
        lib.check(grid.identity(lib.q(PLANE, "K")), PLANE, "K")

    def test_origins(self, lib):
        grid = gg.Grid((4, lib.q(0.5, "km"), lib.q(2000.0, "m")))
        assert np.array_equal(grid.coordinates[0], [2.0, 2.5, 3.0, 3.5])
        assert f"2 to 3.5 {lib.unit('km')}," in repr(grid)
        with pytest.raises(TypeError, match="the origin of axis 0 has no unit; give both with one, or none"):
            gg.Grid((4, lib.q(0.5, "km"), 2.0))
        with pytest.raises(TypeError, match=r"the origin of axis 0 is in .*, but its step has no unit"):
            gg.Grid((4, 0.5, lib.q(2.0, "km")))

    def test_adjoints_and_other_forms(self, lib):
        grid, plain = gg.Grid((6, lib.q(0.5, "km"))), gg.Grid((6, 0.5))
        for weight in (None, "quadrature"):
            lib.check(grid.laplacian.adjoint(lib.q(LINE, "K"), weight=weight),
                      plain.laplacian.adjoint(LINE, weight=weight), "K / km**2")  # fmt: skip
        lib.check((2 * grid.derivative(0)).T(LINE), (2 * plain.derivative(0)).T(LINE), "1 / km")
        product = grid.laplacian @ grid.derivative(0)
        lib.check(product(LINE), (plain.laplacian @ plain.derivative(0))(LINE), "1 / km**3")
        total = product + grid.derivative(0) @ grid.laplacian
        expected = product(LINE) + (grid.derivative(0) @ grid.laplacian)(LINE)
        assert np.array_equal(lib.numbers(total(LINE)), lib.numbers(expected))

    def test_a_call_is_known_by_its_units_too(self, lib):
        """Free functions keep the grids of their calls."""
        for unit in ("km", "m", "km", "m"):
            lib.check(gg.laplacian(LINE, lib.q(0.5, unit)), gg.laplacian(LINE, 0.5), f"1 / {unit}**2")
            lib.check(gg.laplacian(LINE, lib.q(X, unit)), gg.laplacian(LINE, X), f"1 / {unit}**2")
            period = lib.q(7.0 if unit == "km" else 7000.0, "km" if unit == "km" else "m")
            got = gg.derivative(LINE, lib.q(X, "km"), boundary="periodic", period=period)
            lib.check(got, gg.derivative(LINE, X, boundary="periodic", period=7.0), "1 / km")
            assert type(gg.laplacian(LINE, 0.5)) is np.ndarray

    def test_what_needs_numbers(self, lib):
        grid = gg.Grid((6, lib.q(0.5, "km")))
        for form in (grid.laplacian.to_sparse, grid.laplacian.to_linear_operator):
            with pytest.raises(
                ValueError, match=r"holds numbers, .*\(x.magnitude of pint, x.value of astropy and unyt\)"
            ):
                form()
        with pytest.raises(TypeError, match="would add what has no unit and what is in"):
            (grid.identity - grid.laplacian)(LINE)

    def test_grids_of_other_units_do_not_meet(self, lib):
        for other in (gg.Grid((6, 0.5)), gg.Grid((6, lib.q(0.5, "m")))):
            with pytest.raises(TypeError, match="grids of different units cannot be added"):
                gg.Grid((6, lib.q(0.5, "km"))).laplacian + other.laplacian

    def test_pickles(self, lib):
        grid = gg.Grid((6, lib.q(0.5, "km"), lib.q(1.0, "km")), boundary="periodic", period=lib.q(4.0, "km"))
        grid = pickle.loads(pickle.dumps(grid))
        lib.check(
            grid.laplacian(LINE),
            gg.Grid((6, 0.5), boundary="periodic", period=4.0).laplacian(LINE),
            "1 / km**2",
        )
        assert grid.coordinates[0][0] == 1.0


class TestSums:
    """Terms that are added have one unit; the remedy gives the right number."""

    @pytest.mark.parametrize(
        "function", [gg.laplacian, gg.gradient_norm, lambda f, *x: gg.divergence([f, f], *x)]
    )
    def test_of_axes_in_different_units(self, lib, function):
        y, x = lib.q(500.0, "m"), lib.q(1.0, "km")
        with pytest.raises(TypeError, match=r"would add what is in .*1 ?/ ?m.*|would add what is in m"):
            function(PLANE, y, x)
        y = y.to(lib.unit("km"))
        assert np.allclose(lib.numbers(function(PLANE, y, x)), function(PLANE, 0.5, 1.0), rtol=1e-14)

    def test_the_length_of_a_gradient(self, lib):
        """1 K per point on 500 m by 1 km."""
        T = np.add.outer(np.arange(5.0), np.arange(6.0))
        y, x = lib.q(np.arange(5) * 500.0, "m"), lib.q(np.arange(6.0), "km")
        with pytest.raises(TypeError, match=r"give the axes .* in one unit, converted with to\(\)"):
            gg.gradient_norm(T, y, x)
        got = gg.gradient_norm(lib.q(T, "K"), y.to(lib.unit("km")), x)
        assert np.allclose(lib.numbers(got), 5**0.5)

    def test_components_may_differ_where_terms_do_not(self, lib):
        F = [lib.q(PLANE, "s"), lib.q(PLANE, "km")]
        got = gg.divergence(F, lib.q(0.5, "s"), lib.q(0.5, "km"))
        assert np.array_equal(lib.numbers(got), gg.divergence([PLANE, PLANE], 0.5))
        with pytest.raises(TypeError, match="divergence would add"):
            gg.divergence(F, lib.q(0.5, "km"), lib.q(0.5, "s"))

    def test_one_array_has_one_unit(self, lib):
        F = stacked(lib.q(PLANE, "K"))
        with pytest.raises(
            TypeError, match=r"f is one array and so is the result, .* give a sequence with one for each"
        ):
            gg.jacobian(F, lib.q(0.5, "km"), lib.q(0.5, "s"))
        rows = gg.jacobian([F[0], F[1]], lib.q(0.5, "km"), lib.q(0.5, "s"))
        lib.check(rows[0][1], gg.jacobian([PLANE, PLANE], 0.5)[0][1], "K / s")


class TestOut:
    def test_is_written_in_the_unit_of_the_result(self, lib):
        numbers = np.empty(6)
        out = lib.q(numbers, "K / km")
        assert gg.gradient(lib.q(LINE, "K"), lib.q(2.0, "km"), out=out) is out
        assert np.array_equal(lib.numbers(out), gg.gradient(LINE, 2.0))
        out = lib.q(np.empty(6), "K / km**2")
        assert gg.laplacian(lib.q(LINE, "K"), lib.q(2.0, "km"), out=out) is out
        assert np.array_equal(lib.numbers(out), gg.laplacian(LINE, 2.0))

    def test_of_several(self, lib):
        outs = [lib.q(np.empty((4, 5)), "1 / s"), lib.q(np.empty((4, 5)), "1 / km")]
        for call in (
            gg.gradient,
            lambda f, *x, out: gg.Grid((4, x[0]), (5, x[1]), edge_order=1).gradient(f, out=out),
        ):
            assert call(PLANE, lib.q(2.0, "s"), lib.q(0.5, "km"), out=outs) is outs
            for out, plain in zip(outs, gg.gradient(PLANE, 2.0, 0.5), strict=True):
                assert np.array_equal(lib.numbers(out), plain)
        whole = lib.q(np.empty((2, 4, 5)), "1 / km")
        assert gg.gradient(PLANE, lib.q(0.5, "km"), out=whole) is whole
        assert np.array_equal(lib.numbers(whole), gg.gradient(PLANE, 0.5))
        with pytest.raises(
            TypeError, match=r"out is one array, but the first result is in .* and another is in"
        ):
            gg.gradient(PLANE, lib.q(2.0, "s"), lib.q(0.5, "km"), out=whole)

    @pytest.mark.parametrize("call", [gg.gradient, gg.derivative, gg.gradient_norm])
    def test_of_another_unit_is_refused(self, lib, call):
        f, x = lib.q(LINE, "K"), lib.q(2.0, "km")
        for out in (np.full(6, 7.0), lib.q(np.full(6, 7.0), "K / m")):
            with pytest.raises(
                TypeError, match=r"out .*, but its result is in .*; give one in that unit, or leave out= away"
            ):
                call(f, x, out=out)
            assert np.all((out if type(out) is np.ndarray else lib.numbers(out)) == 7)
        with pytest.raises(TypeError, match="but its result has no unit"):
            call(LINE, 2.0, out=lib.q(np.empty(6), "K"))


class TestScales:
    """Temperatures are differenced into degrees; levels of a logarithm have no slope that keeps a unit."""

    def test_pint(self):
        u = pytest.importorskip("pint").UnitRegistry()
        got = gg.gradient(u.Quantity(LINE, "degC"), u.Quantity(2.0, "km"))
        assert got.units == u.Unit("delta_degC / km")
        assert np.allclose(got.to("K/km").magnitude, gg.gradient(LINE, 2.0))
        got = gg.gradient(LINE, u.Quantity(X, "degC"), periodic=True, period=u.Quantity(7.0, "delta_degC"))
        assert np.array_equal(got.magnitude, gg.gradient(LINE, X, periodic=True, period=7.0))
        for level in ("dB", "dBm"):
            with pytest.raises(TypeError, match="whose differences have no unit to multiply or divide"):
                gg.gradient(u.Quantity(LINE, level), u.Quantity(2.0, "km"))
        linear = u.Quantity(LINE, "dBm").to("mW")
        assert gg.gradient(linear, u.Quantity(2.0, "km")).units == u.Unit("mW / km")

    def test_astropy(self):
        u = pytest.importorskip("astropy.units")
        assert gg.gradient(LINE * u.deg_C, 2 * u.km).unit == u.deg_C / u.km
        for level in (LINE * u.mag, LINE * u.dB, u.Magnitude(LINE), LINE * u.ABmag):
            with pytest.raises(TypeError, match=r"a logarithmic unit.*convert it to a linear unit"):
                gg.gradient(level, 2 * u.km)
        assert gg.gradient((LINE * u.ABmag).to(u.Jy), 2 * u.km).unit == u.Jy / u.km
        got = gg.gradient((LINE * u.mag).value, 2 * u.km)
        assert np.array_equal(got.value, gg.gradient(LINE, 2.0))

    def test_unyt(self):
        u = pytest.importorskip("unyt")
        got = gg.laplacian(u.unyt_array(LINE, "degC"), u.unyt_quantity(2.0, "km"))
        assert got.units == u.Unit("delta_degC / km**2")
        with pytest.raises(TypeError, match="convert it to a linear unit"):
            gg.gradient(u.unyt_array(LINE, "dB"), u.unyt_quantity(2.0, "km"))

    @pytest.mark.parametrize("name", ["pint", "unyt"])
    def test_where_the_zero_matters(self, name):
        lib = Library(name)
        f, grid = lib.q(LINE, "degC"), gg.Grid((6, 0.5))
        for call in (
            grid.derivative(0).T,
            grid.laplacian.adjoint,
            grid.identity,
            gg.Grid((6, 0.5)).advect([f]),
        ):
            field = LINE if call is not grid.derivative(0).T and "advect" in repr(call) else f
            with pytest.raises(TypeError, match="a scale with a zero of its own"):
                call(field)
        got = grid.laplacian.adjoint(f.to("K"))
        assert np.array_equal(lib.numbers(got), grid.laplacian.adjoint(lib.numbers(f.to("K"))))

    @pytest.mark.parametrize("name", LIBRARIES[1:])
    def test_angles_and_pure_numbers(self, name):
        lib = Library(name)
        text = {"astropy": "deg"}.get(lib.name, "degree")
        lib.check(gg.gradient(LINE, lib.q(2.0, text)), gg.gradient(LINE, 2.0), f"1 / {text}")
        plain = {"astropy": ""}.get(lib.name, "dimensionless")
        got = gg.gradient(lib.q(LINE, plain), lib.q(2.0, plain))
        assert lib.is_quantity(got)
        assert np.array_equal(lib.numbers(got), gg.gradient(LINE, 2.0))


class TestRefused:
    """Where units are not carried, they are not dropped."""

    def test_functions(self, lib):
        for call in (
            lambda x: gg.gradient(lambda t: t**2, x),
            lambda x: gg.gradient(lambda t: t**2, [x, x]),
            lambda x: gg.autodiff.gradient(lambda t: t**2, x),
            lambda x: gg.autodiff.laplacian(lambda t: t**2, x),
        ):
            with pytest.raises(
                TypeError, match=r"a function is evaluated at numbers, .* x.magnitude of pint"
            ):
                call(lib.q(2.0, "km"))

    def test_verification(self, lib):
        for call in (
            lambda x: gg.verify.compare(np.sin, (6, x)),
            lambda x: gg.verify.compare(np.sin, (6, 0.5), operator="advect", v=[x]),
            lambda x: gg.verify.convergence(np.sin, (0.0, x)),
        ):
            with pytest.raises(
                TypeError, match="a function is evaluated at numbers, and a coordinate or coefficient"
            ):
                call(lib.q(0.5, "km"))

    def test_the_drop_in_for_torch(self, lib):
        torch = pytest.importorskip("torch")
        with pytest.raises(TypeError, match="has units, which are not carried here; give its numbers"):
            gg.torch.gradient(torch.arange(4.0), spacing=lib.q(2.0, "km"))

    @pytest.mark.parametrize("name", ["astropy", "unyt"])
    def test_under_a_compiler(self, name):
        torch, lib = pytest.importorskip("torch"), Library(name)
        f, step = torch.arange(6.0) ** 2, lib.q(2.0, "km")
        for function in (
            lambda f: gg.gradient(f, step),
            lambda f: gg.gradient(f, 1.0, periodic=True, period=step),
            lambda f: gg.laplacian(f, step),
        ):
            torch._dynamo.reset()
            with pytest.raises(
                TypeError, match=r"the spacing of axis 0 is of class .*give its numbers, numpy.asarray"
            ):
                torch.compile(function, backend="eager")(f)

    def test_quantities_of_two_libraries(self):
        pint, u = pytest.importorskip("pint"), pytest.importorskip("astropy.units")
        one, other = pint.UnitRegistry(), pint.UnitRegistry()
        for f, x in (
            (one.Quantity(LINE, "K"), 2 * u.km),
            (one.Quantity(LINE, "K"), other.Quantity(2.0, "km")),
        ):
            for call in (gg.gradient, gg.laplacian):
                with pytest.raises(TypeError, match=r"units of different libraries \(or registries\) meet"):
                    call(f, x)
        with pytest.raises(TypeError, match="quantities of different libraries"):
            gg.gradient(LINE, 2 * u.km, periodic=True, period=one.Quantity(12.0, "km"))

    def test_masks_and_tensors_in_quantities_that_are_arrays(self):
        u = pytest.importorskip("astropy.units")
        masked = np.ma.masked_greater(LINE, 20)
        with pytest.raises(
            TypeError, match=r"cannot hold a MaskedArray .*give f and the spacing without units"
        ):
            gg.gradient(masked, 2 * u.km)
        pint = pytest.importorskip("pint").UnitRegistry()
        got = gg.gradient(pint.Quantity(masked, "K"), pint.Quantity(2.0, "km"))
        assert np.array_equal(got.magnitude.mask, gg.gradient(masked, 2.0).mask)

    def test_other_subclasses_of_arrays(self):
        """The shape of a quantity without its arithmetic."""

        class Labelled(np.ndarray):
            unit = "km"

        x = X.view(Labelled)
        for call in (lambda: gg.gradient(LINE, x), lambda: gg.Grid(x), lambda: gg.laplacian(LINE, x)):
            with pytest.raises(
                TypeError, match=r"Labelled, not a plain array: .*give its numbers, numpy.asarray\(x\)"
            ):
                call()
        assert np.array_equal(gg.gradient(LINE, np.asarray(x)), gg.gradient(LINE, X))

    def test_labelled_coordinates_with_units_inside(self):
        xarray, pint = pytest.importorskip("xarray"), pytest.importorskip("pint").UnitRegistry()
        x = xarray.DataArray(pint.Quantity(X, "km"), dims="x")
        with pytest.raises(TypeError, match="has units, which are not carried here"):
            gg.gradient(LINE, x)
        lib = Library("pint")
        assert lib.is_quantity(gg.gradient(LINE, lib.q(X, "km")))


def test_no_library_is_imported():
    code = (
        "import sys, numpy, gridgrad; gridgrad.gradient([1., 2, 4]); gridgrad.Grid((4, 1.0)).laplacian([1., 2, 4, 8]);"
        "print([name for name in ('pint', 'astropy', 'unyt', 'xarray', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
