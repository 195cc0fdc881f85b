"""What errors tell the user to type where arguments came in another place, order or spelling, and its value."""

from remedies import E2, PLANE, Row

NINE = "x = np.array([0., 1, 3, 4, 6, 7, 9]); "
DATES = "t = ['2020-01-01', '2020-01-02', '2020-01-04', '2020-01-05', '2020-01-07']; day = 86400.; "
MASKED = "import pint; ureg = pint.UnitRegistry(); masked = np.ma.masked_where(x > 5, f)"
SLIPS = [
    Row("derivative(x**4, x, order=3)", "with grid = gridgrad.Grid(x, axes=[0])",
        "(lambda grid: (grid.derivative(0, accuracy=4) @ grid.derivative(0, order=2, accuracy=4))(x**4))(gridgrad.Grid(x, axes=[0]))", "24 * x", NINE),
    Row("derivative(x**4, 0.5, order=3)", "with grid = gridgrad.Grid((7, h), axes=[0])",
        "(lambda grid: (grid.derivative(0, accuracy=4) @ grid.derivative(0, order=2, accuracy=4))(x**4))(gridgrad.Grid((7, h), axes=[0]))", "24 * x", "h = 0.5; x = np.arange(7) * h"),
    Row("gradient(f, t)", "(t - t[0]) / numpy.timedelta64(1, 's') with t = numpy.asarray(t, 'datetime64[s]')",
        f"(lambda t: gradient(f, (t - t[0]) / numpy.timedelta64(1, 's'), {E2}))(numpy.asarray(t, 'datetime64[s]'))", "slope / day", DATES),
    Row("gradient(f, np.array(t, 'S'))", "numpy.asarray(t, 'datetime64[s]')",
        f"(lambda t: gradient(f, (t - t[0]) / numpy.timedelta64(1, 's'), {E2}))(numpy.asarray(t, 'datetime64[s]'))", "slope / day", DATES),
    Row("gradient(f, ['0', '1', '3', '4', '6'])", "numpy.asarray(x, float)", f"gradient(f, numpy.asarray(['0', '1', '3', '4', '6'], float), {E2})", "slope"),
    Row("gradient(masked * ureg.K, x)", "give one quantity of the whole array, ureg.Quantity(masked, 'kelvin')", f"gradient(ureg.Quantity(masked, 'kelvin'), x, {E2})[:3].magnitude.filled(-1)", "slope[:3]", MASKED, "pint"),
    Row("gradient(f, (4, 0.5), (5, 0.1))", "(n, step) is for Grid: here give the step, 0.5", "gradient(f, 0.5, 0.1)[0]", "np.gradient(U, 0.5, 0.1)[0]", PLANE),
]  # fmt: skip
ROWS = SLIPS
