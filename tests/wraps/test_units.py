"""Quantities in, quantities out: the numbers of plain calls, with [f]/[x]."""

from __future__ import annotations

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


class TestGradient:
    def test_of_a_step(self, lib):
        lib.check(gg.gradient(lib.q(LINE, "K"), lib.q(2.0, "km")), gg.gradient(LINE, 2.0), "K / km")
        lib.check(gg.gradient(LINE, lib.q(2.0, "km")), gg.gradient(LINE, 2.0), "1 / km")
        lib.check(gg.gradient(lib.q(LINE, "K"), 2.0), gg.gradient(LINE, 2.0), "K")
        lib.check(gg.gradient(lib.q(LINE, "K")), gg.gradient(LINE), "K")

    def test_kilometres_are_not_metres(self, lib):
        far, near = (
            gg.gradient(lib.q(LINE, "K"), lib.q(step, unit)) for step, unit in ((2.0, "km"), (2000.0, "m"))
        )
        lib.check(far, gg.gradient(LINE, 2.0), "K / km")
        lib.check(near, gg.gradient(LINE, 2000.0), "K / m")

    def test_of_coordinates(self, lib):
        lib.check(gg.gradient(lib.q(LINE, "K"), lib.q(X, "km")), gg.gradient(LINE, X), "K / km")
        lib.check(gg.gradient(LINE, lib.q(np.array(0.5), "km")), gg.gradient(LINE, 0.5), "1 / km")

    def test_of_lists_of_quantities(self, lib):
        x, f = ([lib.q(float(v), unit) for v in values] for values, unit in ((X, "km"), (LINE, "K")))
        lib.check(gg.gradient(f, x), gg.gradient(LINE, X), "K / km")
        lib.check(gg.laplacian(LINE, x), gg.laplacian(LINE, X), "1 / km**2")
        with pytest.raises(
            TypeError, match=r"the entries of the spacing of axis 0 have different units: .*\[1\] is in"
        ):
            gg.gradient(LINE, [x[0], lib.q(1000.0, "m"), *x[2:]])
        with pytest.raises(TypeError, match="has no unit; convert them to one"):
            gg.gradient(LINE, [x[0], 1.0, *x[2:]])

    def test_dates_beside_units_are_refused(self, lib):
        dates = np.arange("2000-01-01", "2000-01-07", dtype="M8[D]")
        with pytest.raises(TypeError, match=r"f has dtype datetime64\[D\].*give numbers"):
            gg.gradient(dates, lib.q(2.0, "km"))

    def test_each_axis_has_its_own(self, lib):
        parts = gg.gradient(lib.q(PLANE, "K"), lib.q(2.0, "s"), lib.q(0.5, "km"))
        for part, plain, unit in zip(parts, gg.gradient(PLANE, 2.0, 0.5), ("K / s", "K / km"), strict=True):
            lib.check(part, plain, unit)
        parts = gg.gradient(PLANE, 2.0, lib.q(0.5, "km"))
        assert type(parts[0]) is np.ndarray
        lib.check(parts[1], gg.gradient(PLANE, 2.0, 0.5)[1], "1 / km")
        for part, plain in zip(gg.gradient(PLANE, lib.q(0.5, "s")), gg.gradient(PLANE, 0.5), strict=True):
            lib.check(part, plain, "1 / s")

    def test_spellings_of_torch(self, lib):
        got = gg.gradient(PLANE, spacing=[lib.q(2.0, "km")], dim=1)
        lib.check(got, gg.gradient(PLANE, 2.0, axis=1), "1 / km")

    def test_other_data_keeps_its_dtype(self, lib):
        got = gg.gradient(lib.q(LINE.astype("f4"), "K"), lib.q(2.0, "km"))
        lib.check(got, gg.gradient(LINE.astype("f4"), 2.0), "K / km")
        lib.check(gg.gradient(LINE.astype("i2"), lib.q(2.0, "km")), gg.gradient(LINE, 2.0), "1 / km")

    def test_a_call_after_a_plain_one(self, lib):
        """What is kept of plain calls never answers one with units, and the other way round."""
        for _ in range(3):
            assert type(gg.gradient(LINE, 2.0)) is np.ndarray
            lib.check(gg.gradient(LINE, lib.q(2.0, "km")), gg.gradient(LINE, 2.0), "1 / km")


class TestPeriod:
    def test_in_another_unit(self, lib):
        plain = gg.gradient(LINE, X, periodic=True, period=7.0)
        lib.check(
            gg.gradient(LINE, lib.q(X, "km"), periodic=True, period=lib.q(7000.0, "m")), plain, "1 / km"
        )
        got = gg.laplacian(LINE, lib.q(X, "km"), boundary="periodic", period=lib.q(7000.0, "m"))
        lib.check(got, gg.laplacian(LINE, X, boundary="periodic", period=7.0), "1 / km**2")

    def test_one_for_each_axis(self, lib):
        steps = (lib.q(0.5, "km"), lib.q(2.0, "s"))
        got = gg.gradient(PLANE, *steps, periodic=[False, True], period=[None, lib.q(11.0, "s")])
        plain = gg.gradient(PLANE, 0.5, 2.0, periodic=[False, True], period=[None, 11.0])
        lib.check(got[1], plain[1], "1 / s")
        one = gg.gradient(
            PLANE, *steps, periodic=[False, True], period=lib.q(11.0, "s")
        )  # of the axis that repeats
        lib.check(one[1], plain[1], "1 / s")
        with pytest.raises(
            ValueError, match="of axes in different units give one for each, None where it does not"
        ):
            gg.gradient(PLANE, *steps, periodic=True, period=lib.q(11.0, "s"))

    @pytest.mark.parametrize("call", [
        lambda x, period: gg.gradient(LINE, x, periodic=True, period=period),
        lambda x, period: gg.Grid(x, boundary="periodic", period=period),
        lambda x, period: gg.laplacian(LINE, x, boundary="periodic", period=period),
    ])  # fmt: skip
    def test_one_without_the_other(self, lib, call):
        with pytest.raises(
            TypeError, match=r"is in k.*, but period has no unit; give both with one, or none"
        ):
            call(lib.q(X, "km"), 7.0)
        with pytest.raises(TypeError, match=r"period is in .*has no unit; give both with one, or none"):
            call(X, lib.q(7.0, "km"))
        with pytest.raises(ValueError, match=r"period is in s.*, which is not converted to k"):
            call(lib.q(X, "km"), lib.q(7.0, "s"))


FREE = {  # of a field in K, on axes in km
    "derivative": (lambda f, x: gg.derivative(f, x, axis=0), "K / km"),
    "second derivative": (lambda f, x: gg.derivative(f, x, axis=0, order=2, accuracy=2), "K / km**2"),
    "mixed": (lambda f, x: gg.mixed_derivative(f, x, axis=(0, 1)), "K / km**2"),
    "laplacian": (lambda f, x: gg.laplacian(f, x), "K / km**2"),
    "wide": (lambda f, x: gg.laplacian(f, x, form="wide"), "K / km**2"),
    "conservative": (lambda f, x: gg.laplacian(f, x, form="conservative"), "K / km**2"),
    "biharmonic": (lambda f, x: gg.biharmonic(f, x, boundary="reflect"), "K / km**4"),
    "hessian": (lambda f, x: gg.hessian(f, x)[0][0], "K / km**2"),
    "gradient_norm": (lambda f, x: gg.gradient_norm(f, x), "K / km"),
    "gradient_squared": (lambda f, x: gg.gradient_squared(f, x), "K**2 / km**2"),
    "directional": (lambda f, x: gg.directional_derivative(f, [1.0, 2.0], x), "K / km"),
    "diffuse": (lambda f, x: gg.diffuse(2.0, f, x), "K / km**2"),
    "divergence": (lambda f, x: gg.divergence([f, f], x), "K / km"),
    "divergence of a stack": (lambda f, x: gg.divergence(stacked(f), x), "K / km"),
    "curl": (lambda f, x: gg.curl([f, f], x), "K / km"),
    "jacobian": (lambda f, x: gg.jacobian([f, f], x)[1][0], "K / km"),
    "jacobian of a stack": (lambda f, x: gg.jacobian(stacked(f), x)[1, 0], "K / km"),
    "vector_laplacian": (lambda f, x: gg.vector_laplacian([f, f], x)[0], "K / km**2"),
}


@pytest.mark.parametrize("name", FREE)
def test_free_functions(lib, name):
    function, unit = FREE[name]
    plain = function(PLANE, 0.5)
    lib.check(function(lib.q(PLANE, "K"), lib.q(0.5, "km")), plain, unit)
    lib.check(function(PLANE, lib.q(0.5, "km")), plain, unit.replace("K**2", "1").replace("K", "1"))
    lib.check(function(lib.q(PLANE, "K"), 0.5), plain, unit.partition(" / ")[0])


class TestCoefficients:
    def test_velocities(self, lib):
        plain = gg.advect([PLANE, 2.0 * np.ones(())], PLANE, 0.5)
        v = [lib.q(PLANE, "m"), lib.q(2.0, "m")]
        lib.check(gg.advect(v, lib.q(PLANE, "K"), lib.q(0.5, "km")), plain, "K * m / km")
        lib.check(gg.Grid((4, 0.5), (5, 0.5)).advect(v)(PLANE), plain, "m")
        with pytest.raises(
            TypeError, match=r"advect would add what is in .* and what .*in one unit, converted"
        ):
            gg.advect([v[0], 2.0], PLANE, lib.q(0.5, "km"))

    def test_diffusivities(self, lib):
        k = 1 + np.abs(PLANE)
        plain = gg.diffuse(k, PLANE, 0.5)
        lib.check(gg.diffuse(lib.q(k, "m**2"), PLANE, lib.q(0.5, "km")), plain, "m**2 / km**2")
        plain = gg.diffuse(2.0 * np.ones(()), PLANE, 0.5)
        lib.check(gg.diffuse(lib.q(2.0, "m"), PLANE, 0.5), plain, "m")

    def test_they_have_no_matrix(self, lib):
        operator = gg.Grid((4, 0.5), (5, 0.5)).diffuse(lib.q(2.0, "m"))
        for made in (operator, operator @ operator, operator + operator @ operator):
            for form in (made.to_sparse, made.to_linear_operator):
                with pytest.raises(
                    ValueError, match="holds numbers, but the grid or a coefficient has units"
                ):
                    form()


@pytest.mark.parametrize("name", FREE)
def test_one_physical_number_in_any_unit(name):
    """The same field on the same axes, in kilometres and in metres."""
    lib, (function, unit) = Library("astropy"), FREE[name]
    far = function(lib.q(PLANE, "K"), lib.q(0.5, "km"))
    near = function(lib.q(PLANE, "K"), lib.q(500.0, "m"))
    assert np.allclose(lib.numbers(far.to(near.unit)), lib.numbers(near), rtol=1e-12)
    assert near.unit == lib.unit(unit.replace("km", "m"))


def test_stacked_fields_into_stacked_out():
    pint = pytest.importorskip("pint")
    q = pint.UnitRegistry().Quantity
    grid = gg.Grid((4, q(2.0, "km")), (5, q(0.5, "km")))
    F = np.arange(40.0).reshape(2, 4, 5) ** 2
    out = q(np.empty_like(F), "K/km**2")
    grid.vector_laplacian(q(F, "K"), out=out)
    assert np.array_equal(out.magnitude, gg.Grid((4, 2.0), (5, 0.5)).vector_laplacian(F))
