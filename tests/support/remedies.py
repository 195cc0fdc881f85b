"""What each error tells the user to type, with the value that typing it has to give."""

from typing import NamedTuple

import numpy as np

import gridgrad as gg


class Row(NamedTuple):
    """A wrong call, what its message says, what is typed instead, and the value of that."""

    call: str
    message: str  # a part of it, word by word
    remedy: str
    value: str
    given: str = ""
    needs: str = ""


def names_of(row):
    """What the code of a row may use: a parabola on irregular points, for which every row is exact."""
    x = np.array([0.0, 1.0, 3.0, 4.0, 6.0])
    X, Y = np.array([0.0, 1.0, 3.0, 4.0]), x
    grid = gg.Grid(X, Y)
    names = {
        "np": np,
        "numpy": np,
        "gg": gg,
        "gridgrad": gg,
        "x": x,
        "f": x**2,
        "X": X,
        "Y": Y,
    }
    names |= {name: getattr(gg, name) for name in gg.__all__}
    names |= {
        "grid": grid,
        "U": np.add.outer(X**2, 3 * Y**2),
        "line": gg.Grid(x),
        "slope": 2 * x,  # not the end of that name
        "close": np.testing.assert_allclose,
    }
    exec(row.given, names)
    return names


def run(code, names):
    """The value of an expression."""
    return eval(code, names)


def refusal(row):
    """The message with which the call of a row is refused."""
    try:
        run(row.call, names_of(row))
    except (TypeError, ValueError, IndexError, RuntimeError, AttributeError, ImportError) as error:
        return str(error)
    return "nothing was refused"


E2 = "edge_order=2"
SPACING = [
    Row("gradient(f, x[::-1].cumsum()[::-1] * 0)", "not strictly monotonic", f"gradient(f, x, {E2})", "slope"),
    # a seam
    Row(f"gradient(f, t, {E2})", "unwrap them, numpy.unwrap(x, period=360)", f"gradient(f, numpy.unwrap(t, period=360), {E2})", "slope",
        "t = np.array([357., 358., 0., 1., 3.])"),
    Row(f"gradient(f, t, {E2})", "numpy.unwrap(x, period=360)", f"gradient(f, numpy.unwrap(t, period=360), {E2})", "-slope",
        "t = np.array([-179., 180., 178., 177., 175.])"),
    Row(f"gradient(f, t, {E2})", "numpy.unwrap(x, period=2 * numpy.pi)", f"gradient(f, numpy.unwrap(t, period=2 * numpy.pi), {E2})", "slope * 8",
        "t = (x / 8 + 6) % (2 * np.pi)"),
    Row(f"gradient(f, t, {E2})", "numpy.unwrap(x, period=24)", f"gradient(f, numpy.unwrap(t, period=24), {E2})", "slope", "t = (x + 22).astype(int) % 24"),
    Row(f"gradient(f, t, {E2})", "numpy.unwrap(x, period=60)", f"gradient(f, numpy.unwrap(t, period=60), {E2})", "slope", "t = (x + 58) % 60"),
    # points in disorder, and repeated
    Row("gradient(g, t)", "x, k = numpy.unique(x, return_index=True)", f"(lambda t, k: gradient(numpy.take(g, k, 0), t, {E2}))(*numpy.unique(t, return_index=True))", "slope",
        "t = np.array([3., 0., 1., 1., 4., 6.]); g = t**2"),
    # steps for positions
    Row("gradient(g, h)", "the steps that follow each point, its positions are numpy.cumsum(x) - x", f"gradient(g, numpy.cumsum(h) - h, {E2})", "slope",
        "h = np.array([1., 2., 1., 2., 5.]); g = x**2"),
    Row("gradient(g, h)", "(numpy.cumsum(x), if they precede it)", f"gradient(g, numpy.cumsum(h), {E2})", "slope", "h = np.array([9., 1., 2., 1., 2.]); g = x**2"),
    Row("gradient(f, h)", "numpy.concatenate([[0], numpy.cumsum(x)])", f"gradient(f, numpy.concatenate([[0], numpy.cumsum(h)]), {E2})", "slope", "h = np.diff(x)"),
    # another number of positions
    Row("gradient(f, [0.5])", "a step goes in as the number itself, 0.5", "gradient(f, 0.5)", "numpy.gradient(f, 0.5)"),
    Row("gradient(e[1:]**2, e)", "the edges of cells, give their centres, (x[1:] + x[:-1]) / 2", f"gradient(f, (e[1:] + e[:-1]) / 2, {E2})", "2 * (e[1:] + e[:-1]) / 2",
        "e = np.array([0., 1, 2, 4, 5, 9]); f = ((e[1:] + e[:-1]) / 2) ** 2"),
    Row("gradient(f[:4], x)", "axis 0 has 4 points but 5 coordinates", f"gradient(f, x, {E2})", "slope"),
    Row("gradient(f, [0, 1, np.nan, 4, 6])", "give a position for every point", f"gradient(f, x, {E2})", "slope"),
    Row("gradient(f, t)", "overflows; rescale the coordinates", f"4 * gradient(f, t / 4, {E2}) / 4", "np.array([1, 1, 1, 1, 1.])", "t = np.array([-1.7, 1.7, 1.71, 1.72, 1.73]) * 1e308; f = t / 4"),
    Row("gradient(f, t)", "leave out points that all but coincide", "gradient(f[1:], t[1:])", "np.ones(4)", "t = np.array([0, 1e-320, 1e300, 2e300, 3e300]); f = t"),
    Row("gradient(f, t)", "or give f as numpy.longdouble", "gradient(f.astype(numpy.longdouble), t)[2:]", "np.ones(3)", "t = np.array([0, 1e-320, 1e300, 2e300, 3e300]); f = t", "longdouble"),
    # meshes, columns of their own, scattered points
    *(Row(f"gradient(U, {a}, {b})", typed, f"gradient(U, {c}, {d}, {E2})[1]", "6 * (np.zeros(4)[:, None] + Y)", f"A, B = np.meshgrid({mesh})") for a, b, typed, c, d, mesh in [
        ("A", "B", "it varies along its axis 0 only: as the coordinates of that axis give x[:, 0]", "A[:, 0]", "B[0, :]", "X, Y, indexing='ij'"),
        ("A", "B", "it varies along its axis 1 only: as the coordinates of that axis give x[0, :]", "B[:, 0]", "A[0, :]", "Y, X"),
    ]),
    Row("gradient(np.stack([U, U]), np.stack([B, B]), axis=1)", "as the coordinates of that axis give x[0, 0, :]", f"gradient(np.stack([U, U]), np.stack([B, B])[0, 0, :], axis=2, {E2})[1]",
        "6 * Y + np.zeros((4, 1))", "A, B = np.meshgrid(X, Y, indexing='ij')"),
    # lines of their own
    Row("gradient(z**2, z, axis=0, accuracy=4)", "take each line alone, f[:, j] with x[:, j]", "np.stack([gradient(f[:, j], z[:, j], accuracy=4) for j in range(3)], 1)", "2 * z", "z = np.outer(x, [1., 2, 3]) + 1; f = z**2"),
    Row("derivative(z**2, z, axis=-1, accuracy=4)", "take each line alone, f[i, :] with x[i, :]", "np.stack([derivative(f[i, :], z[i, :], accuracy=4) for i in range(3)])", "2 * z", "z = np.outer([1., 2, 3], x); f = z**2"),
    Row("advect([1.0, f], f, 1.0, z)", "multiply the derivative, v * grid.derivative(1)", "(v * Grid(1.0 * np.arange(3), z).derivative(1))(f)", "4 * z**2", "z = np.outer([1., 2, 3], x); f = z**2; v = 2 * z"),
    Row("diffuse(f, f, 1.0, z)", "compose grid.divergence @ (k * grid.gradient)", "(lambda grid, k: grid.divergence @ (k * grid.gradient))(Grid(np.arange(3.), z), 2.0 * np.ones(z.shape))(f)",
        "np.full((3, 5), 4.0)", "z = np.outer([1., 1, 1], x); f = z**2"),
    Row("Grid(np.arange(3.), z).diffuse([[f, 0.], [0., f]], form='tensor')", "compose grid.divergence @ (k * grid.gradient)", "(lambda grid, k: grid.divergence @ (k * grid.gradient))(Grid(np.arange(3.), z), 2.0 * np.ones(z.shape))(f)",
        "np.full((3, 5), 4.0)", "z = np.outer([1., 1, 1], x); f = z**2"),
    *(Row(f"(lambda A: A.{call})(Grid(1.0 * np.arange(3), z).identity * 2)", "solve with method='direct', and leave weight= away",
          f"(lambda A: A.{instead})(Grid(1.0 * np.arange(3), z).identity * 2)", value, "z = np.outer([1., 2, 3], x)")
      for call, instead, value in (
          ("solve(z, method='bicgstab')", "solve(z, method='direct')", "z / 2"), ("adjoint(z, weight='quadrature')", "adjoint(z)", "2 * z"),
      )),
    Row("gradient(z**2, z, axis=0)", "numpy.take_along_axis(x, k, 0) with k = numpy.argsort(x, 0), and f alike",
        f"(lambda k: gradient(numpy.take_along_axis(f, k, 0), numpy.take_along_axis(z, k, 0), axis=0, {E2}))(numpy.argsort(z, 0))", "2 * np.sort(z, 0)",
        "z = np.outer(x, [1., 2, 3]) + 1; z[1:3] = z[2:0:-1]; f = z**2"),
    Row("gradient(z**2, z, axis=0)", "leave out lines that repeat a position", f"gradient(f[:, 1:], z[:, 1:], axis=0, {E2})", "2 * z[:, 1:]", "z = np.outer(x, [0., 2, 3]) + 1; f = z**2"),
    Row("gradient(z * 1e-300, z, axis=0)", "to the next point overflows; rescale the coordinates", "gradient(z * 1e-300, z * 1e-300, axis=0)", "np.ones((5, 2))",
        "t = np.array([-1.7, 1.7, 1.71, 1.72, 1.73]) * 1e308; z = np.stack([t, t], 1)"),
    Row("gradient(z, z, axis=0)", "beyond the exponents of float64; rescale the coordinates", "gradient(z, z * 1e300, axis=0) * 1e300", "np.ones((5, 3))", "z = np.outer(x, [1., 2, 3]) * 1e-310"),
    Row("gradient(t, z, axis=0)", "give numbers, f / numpy.timedelta64(1, 's')", "gradient(t / numpy.timedelta64(1, 's'), z, axis=0)", "np.ones((5, 3))",
        "z = np.outer(x, [1., 2, 3]); t = z.astype('m8[s]')"),
    Row("gradient(U, z, axis=0)", "give a coordinate for each of them, in the shape of f or in one that broadcasts to it", f"gradient(U, z[:, :1], axis=0, {E2})", "(2 * X)[:, None] + np.zeros(5)",
        "z = np.stack([X, X], 1)"),
    Row("Grid(z, axes=[0]).gradient(z[..., None])", "count them from the end", "Grid(z.T, axes=[-1]).gradient(np.stack([z.T, z.T]) ** 2)[1]", "2 * z.T", "z = np.outer(x, [1., 2, 3]) + 1"),
    Row("Grid(z, Y[:3], axes=[0, 1])", "give as many there, or 1", "Grid(z[:, :1], Y[:3]).derivative(0)(z[:, :3]**2)", "2 * z[:, :3]", "z = np.outer(X, np.ones(5))"),
    Row("gradient(g(*p), *p)", "scattered points need a grid first, for example by scipy.interpolate.griddata(numpy.stack([x, y], -1), f, tuple(numpy.meshgrid(X, Y, indexing='ij')))",
        "gradient(scipy.interpolate.griddata(numpy.stack([x, y], -1), f, tuple(numpy.meshgrid(X, Y, indexing='ij'))), X, Y)[1]", "np.full((5, 6), 3.0)",
        "import scipy.interpolate; p = np.random.default_rng(0).uniform(-1, 1, (2, 400)); g = lambda x, y: 2 * x + 3 * y; x, y = p; f = g(x, y); X, Y = np.linspace(-.5, .5, 5), np.linspace(-.5, .5, 6)"),
    Row("gradient(U, [X, Y])", "a sequence of one for each axis goes in as gradient(f, *spacing)", f"gradient(U, *[X, Y], {E2})[0]", "(2 * X)[:, None] + np.zeros(5)"),
    Row("laplacian(U, 1, 2, 3)", "give none, one scalar, or one scalar or 1-D coordinate array for each axis", f"gradient(U, X, Y, {E2})[1]", "6 * Y + np.zeros((4, 1))"),
    # numbers of other kinds
    Row("gradient(f, 0.0)", "give a step that is not zero", "gradient(f, 0.5)", "numpy.gradient(f, 0.5)"),
    Row("gradient(f, None)", "leave it out for unit spacing", "gradient(f)", "numpy.gradient(f)"),
    Row("gradient(f, '1')", "give a number or coordinates", "gradient(f, 1)", "numpy.gradient(f)"),
    Row("gradient(f, np.nan)", "it must be finite", "gradient(f, 1)", "numpy.gradient(f)"),
    Row("gradient(f, x + 0j)", "real integer or floating-point numbers, for example x.real", f"gradient(f, (x + 0j).real, {E2})", "slope"),
    Row("gradient(f, x.astype(object))", "numpy.asarray(x, float)", f"gradient(f, numpy.asarray(x.astype(object), float), {E2})", "slope"),
    # masks
    Row("gradient(m, np.ma.array(x, mask=x == 3))", "give plain coordinates", f"gradient(f, x, {E2})", "slope", "m = np.ma.array(f, mask=x == 3)"),
]  # fmt: skip

DAY = "import datetime as dt; t0 = dt.datetime(2020, 1, 1); t = [t0 + dt.timedelta(hours=h) for h in x]; f = x**2; "
PER_HOUR = "slope / 3600"
TIMES = [
    Row("gradient(f, t)", "(t - t[0]) / np.timedelta64(1, 's')", f"gradient(f, (t - t[0]) / np.timedelta64(1, 's'), {E2})", PER_HOUR, DAY + "t = np.array(t, 'M8[ns]')"),
    Row("gradient(f, t)", "(t - t[0]) / np.timedelta64(1, 's')", f"gradient(f, (t - t[0]) / np.timedelta64(1, 's'), {E2})", PER_HOUR, DAY + "t = np.array(t, 'M8[s]') - np.datetime64(t0)"),
    Row("gradient(f, np.timedelta64(2, 'h'))", "t / np.timedelta64(1, 's')", "gradient(f, np.timedelta64(2, 'h') / np.timedelta64(1, 's'))", "np.gradient(f, 7200.)"),
    *(Row("gradient(f, t)", "[(s - t[0]).total_seconds() for s in t]", f"gradient(f, [(s - t[0]).total_seconds() for s in t], {E2})", PER_HOUR, DAY + more, needs)
      for more, needs in [("", ""), ("t = [s.replace(tzinfo=dt.timezone.utc) for s in t]", ""), ("t = np.array(t, object)", ""),
                          ("import pandas; t = list(pandas.to_datetime(t))", "pandas"),
                          ("import cftime; t = [cftime.DatetimeNoLeap(2020, 1, 1, int(h)) for h in x]", "cftime")]),
    *(Row("gradient(f, t)", "[s.total_seconds() for s in t]", f"gradient(f, [s.total_seconds() for s in t], {E2})", PER_HOUR, DAY + more, needs)
      for more, needs in [("t = [dt.timedelta(hours=h) for h in x]", ""), ("import pandas; t = [pandas.Timedelta(hours=h) for h in x]", "pandas")]),
    Row("gradient(f, t)", "t.total_seconds()", "gradient(f, t.total_seconds())", "np.gradient(f, 60.)", DAY + "t = dt.timedelta(minutes=1)"),
    Row("line.laplacian(t)", "(f - t0) / numpy.timedelta64(1, 's') with a date t0, numpy.nanmin(f) for example", "(lambda f, t0: line.laplacian((f - t0) / numpy.timedelta64(1, 's')))(t, numpy.nanmin(t))", "np.full(5, 2.)",
        "t = np.datetime64('2262-01-01', 'ns') + (x**2 * 1000000000).astype('m8[ns]')"),
    Row("line.laplacian(t)", "give numbers, f / numpy.timedelta64(1, 's')", "line.laplacian(t / numpy.timedelta64(1, 's'))", "np.full(5, 2.)", "t = (x**2).astype('m8[s]')"),
]  # fmt: skip

ROUND = "n = 12; t = np.arange(n) * 30.0; f = np.sin(np.deg2rad(t)); wave = np.cos(np.deg2rad(t)) * np.sin(np.pi / 6) / 30; lat = np.array([-60., 0, 60]); F = lat[:, None] + f; "
ENDS = [
    Row("gradient(F, lat, t, period=360)", "say which are, periodic=[False, True]", "gradient(F, lat, t, periodic=[False, True], period=360)[1][0]", "wave", ROUND),
    Row("gradient(f, t, period=360)", "say which are, periodic=True", "gradient(f, t, periodic=True, period=360)", "wave", ROUND),
    Row("Grid(t, period=360)", "or leave period= away", "Grid(t).gradient(t)", "np.ones(12)", ROUND),
    Row("gradient(F, lat, t, periodic=[False, True], period=[360, 360])", "give None in its place", "gradient(F, lat, t, periodic=[False, True], period=[None, 360])[1][0]", "wave", ROUND),
    Row("laplacian(F, lat, t, periodic=[False, True], period=[360, 360])", "or a number alone, which counts for the periodic axes", "gradient(F, lat, t, periodic=[False, True], period=360)[0][1]", "np.ones(12)", ROUND),
    Row("gradient(f, t, periodic=True)", "give period= (the distance after which the field repeats; with even steps n * step)", "gradient(f, t, periodic=True, period=360)", "wave", ROUND),
    Row("gradient(f, t, periodic=True, period=-360)", "must be positive", "gradient(f, t, periodic=True, period=360)", "wave", ROUND),
    Row("gradient(g, s, periodic=True, period=360)", "leave out the last of x and f, x[:-1]", "gradient(g[:-1], s[:-1], periodic=True, period=360)", "wave", ROUND + "s = np.append(t, 360.); g = np.sin(np.deg2rad(s))"),
    Row("gradient(f, t, boundary='periodic', periodic=False, period=360)", "give boundary= alone", "gradient(f, t, boundary='periodic', period=360)", "wave", ROUND),
    Row("gradient(f, periodic=1)", "periodic must be True or False", "gradient(f, 30.0, periodic=True)", "wave", ROUND),
    Row("gradient(F, 1.0, 30.0, periodic=[True])", "give one value, or one for each axis", "gradient(F, 1.0, 30.0, periodic=[False, True])[1][2]", "wave", ROUND),
    Row("gradient(f, 30.0, boundary='wrap')", 'it is "periodic" here', "gradient(f, 30.0, boundary='periodic')", "wave", ROUND),
    Row("gradient(f, 30.0, boundary='circular')", 'it is "periodic" here', "gradient(f, 30.0, boundary='periodic')", "wave", ROUND),
    Row("gradient(f, boundary='neumann')", 'for a slope of 0 the mirror at the end point is "reflect", ', "gradient(f, boundary='reflect')", "np.gradient(np.pad(f, 1, 'reflect'))[1:-1]"),
    Row("gradient(f, boundary='mirror')", 'the mirror at the end point is "reflect"', "gradient(f, boundary='reflect')", "np.gradient(np.pad(f, 1, 'reflect'))[1:-1]"),
    Row("gradient(f, boundary='neumann')", 'the mirror half a step outside is "symmetric", as in numpy.pad', "gradient(f, boundary='symmetric')", "np.gradient(np.pad(f, 1, 'symmetric'))[1:-1]"),
    Row("gradient(f, boundary='edge')", 'the mirror half a step outside is "symmetric", as in numpy.pad', "gradient(f, boundary='symmetric')", "np.gradient(np.pad(f, 1, 'symmetric'))[1:-1]"),
    Row("gradient(f, boundary='odd')", 'the odd mirror about the value at the end point is "antireflect"', "gradient(f, boundary='antireflect')",
        "np.gradient(np.pad(f, 1, 'reflect', reflect_type='odd'))[1:-1]"),
    Row("gradient(f, x, boundary='extrapolate')", 'are "one-sided" here', f"gradient(f, x, boundary='one-sided', {E2})", "slope"),
    Row("Grid(x, boundary=2)", "allowed are 'one-sided', 'periodic', 'reflect', 'symmetric', 'antireflect', 'antisymmetric'", "Grid(x, boundary='one-sided').gradient(f)", "slope"),
    Row("Grid(x, Y, boundary=['reflect'])", "give one name for all, or one (or a pair) for each", "Grid(X, Y, boundary=['one-sided', ('reflect', 'one-sided')]).derivative(1)(U)[1]", "6 * Y"),
    Row("Grid(x, boundary=[b'reflect'])", "give a name, or one for each of its two ends", "Grid(x, boundary=[('one-sided', 'one-sided')]).gradient(f)", "slope"),
    Row("Grid(x, boundary=('periodic', 'reflect'))", "an axis that repeats does so at both", "Grid((12, 30.), boundary=('periodic', 'periodic')).gradient(f)", "wave", ROUND),
    # lengths
    Row("gradient(f[:2], x[:2], edge_order=2)", "use edge_order=1 or add points", "gradient(f[:2], x[:2], edge_order=1)", "np.ones(2)"),
    Row("Grid(x[:2])", "use edge_order=1 or add points", "Grid(x[:2], edge_order=1).gradient(f[:2])", "np.ones(2)"),
    Row("gradient(np.ones((5, 1)) * x[:, None])", "leave the axis out, with axis=", "gradient(f[:, None], x, axis=0, edge_order=2)", "slope[:, None]"),
    Row("Grid(X[:2], Y, edge_order=1).laplacian", "or in a grid with axes=", "Grid(Y, axes=(-1,)).laplacian(U[:2])", "np.full((2, 5), 6.)"),
    Row("gradient(f[:2], periodic=True)", "needs at least 3; add points", "gradient(f, 30., periodic=True)", "wave", ROUND),
    Row("Grid(x).derivative(0, accuracy=6)", "use accuracy=4 or add points", "Grid(x).derivative(0, accuracy=4)(f)", "slope"),
    Row("gradient(f[:4], x[:4], accuracy=4)", "use accuracy=2 or add points", "gradient(f[:4], x[:4], accuracy=2)", "slope[:4]"),
    Row("Grid(x[:3]).derivative(0, 2, 2)", "leave accuracy= away or add points", "Grid(x[:3]).derivative(0, 2)(f[:3])", "np.full(3, 2.)"),
    # axis, edge_order, accuracy, order, form
    Row("gradient(U, axis=(0, -2))", "name each axis once", "gradient(U, X, Y, axis=(0, 1), edge_order=2)[1][0]", "6 * Y"),
    Row("gradient(U, axis=2)", "allowed are -2 to 1", "gradient(U, Y, axis=1, edge_order=2)[0]", "6 * Y"),
    Row("gradient(U, axis=1.0)", "axis must be an int or a sequence of ints", "gradient(U, Y, axis=1, edge_order=2)[0]", "6 * Y"),
    Row("gradient(f, x, edge_order=3)", "use 1 or 2", "gradient(f, x, edge_order=2)", "slope"),
    Row("gradient(f, x, edge_order=0)", "edge_order must be 1 or 2", "gradient(f, x, edge_order=2)", "slope"),
    Row("gradient(f, x, edge_order='2')", "edge_order must be the integer 1 or 2", "gradient(f, x, edge_order=2)", "slope"),
    Row("gradient(f, x, accuracy=3)", "accuracy must be 2, 4, 6, or None", "gradient(f, x, accuracy=4)", "slope"),
    Row("gradient(f, x, axis=0, dim=0)", "give one of them", "gradient(f, x, axis=0, edge_order=2)", "slope"),
    Row("gradient(f, x, spacing=x)", "give it once", "gradient(f, spacing=[x], edge_order=2)", "slope"),
    Row("gradient(f, workers='all')", "workers must be a positive int or None", "gradient(f, x, workers=2, edge_order=2)", "slope"),
    Row("gradient(f, workers=0)", "None chooses by size", "gradient(f, x, workers=None, edge_order=2)", "slope"),
    Row("gradient(np.sin, x, boundary='periodic')", "leave it out", "gradient(lambda x: x**2, x)", "slope"),
    Row("gradient(np.square, x, accuracy=4)", "gradient(f(x), x)", "gradient(np.square(x), x, accuracy=4)", "slope"),
    Row("line.laplacian.with_(form='wide', accuracy=4)", "goes with form='compact'", "line.laplacian.with_(form='compact', accuracy=2)(f)", "np.full(5, 2.)"),
    Row("line.laplacian.with_(form='fast')", "allowed are 'compact', 'wide', 'conservative'", "line.laplacian.with_(form='compact')(f)", "np.full(5, 2.)"),
    Row("mixed_derivative(U, axis=0)", "axis=(0, 1)", "mixed_derivative(np.multiply.outer(X**2, Y), X, Y, axis=(0, 1))", "np.multiply.outer(2 * X, np.ones(5))"),
    Row("mixed_derivative(U, axis=0)", "d2/dx2 is derivative(f, order=2, axis=0)", "derivative(U, X, order=2, axis=0)", "np.full((4, 5), 2.)"),
    Row("grid.advect([1, 2], U)", "give it to the operator, as grid.advect(v)(f)", "grid.advect([1, 2])(U)[0]", "12 * Y"),
]  # fmt: skip

GRIDS = [
    Row("Grid()", "a grid needs coordinates, or (n, step), for at least one axis", "Grid((5, 0.5)).gradient(np.arange(5.))", "np.full(5, 2.)"),
    Row("Grid(64, 0.1)", "give (n, step) or the coordinates", "Grid((64, 0.1)).gradient(np.arange(64.))", "np.full(64, 10.)"),
    Row("Grid((0., 1., 3.))", "or the coordinates as a list", "Grid([0., 1., 3.]).gradient(f[:3])", "slope[:3]"),
    Row("Grid((64, 0.1, 0, 1))", "give (n, step) or (n, step, origin)", "Grid((3, 0.5, 1.0)).coordinates[0]", "np.array([1, 1.5, 2])"),
    Row("Grid((1, 0.1))", "it needs at least 2", "Grid((2, 0.5), edge_order=1).gradient(np.arange(2.))", "np.full(2, 2.)"),
    Row("Grid([1.0])", "it needs at least 2", "Grid([1.0, 3.0], edge_order=1).gradient(np.arange(2.))", "np.full(2, 0.5)"),
    Row("Grid(X, Y, axes=(0,))", "name one for each", "Grid(X, Y, axes=(0, 1)).derivative(1)(U)[0]", "6 * Y"),
    Row("Grid(X, axes='x')", "axes must be ints", "Grid(x, axes=(0,)).gradient(f)", "slope"),
    Row("Grid(x, dtype='f4')", "dtype must be numpy.float64 or numpy.longdouble", "Grid(x, dtype=numpy.float64).gradient(f)", "slope"),
    Row("laplacian(3.0)", "give an array with at least one axis", "laplacian(f, x)", "np.full(5, 2.)"),
    Row("gradient(3.0)", "give an array with at least one axis", f"gradient(f, x, {E2})", "slope"),
    Row("divergence([])", "give one for each axis", f"divergence([U, U], X, Y, {E2})[0]", "6 * Y"),
    Row("divergence(x)", "one array with its components along axis 0", f"divergence(np.stack([U, U]), X, Y, {E2})[0]", "6 * Y"),
    Row("grid.divergence([U])", "give one for each axis of the grid", "grid.divergence([U, U])[0]", "6 * Y"),
    Row("grid.divergence(5)", "give a sequence of 2 arrays, or one array with the components along axis 0", "grid.divergence(np.stack([U, U]))[0]", "6 * Y"),
    Row("grid.divergence(np.stack([U, U], -1))", "which come first: give a sequence of 2, or stack them to the shape (2, ...)", "grid.divergence(np.stack([U, U], 0))[0]", "6 * Y"),
    Row("grid.divergence([U, U[:, :2]])", "a collocated grid has one shape for all", "grid.divergence([U, U])[0]", "6 * Y"),
    Row("grid.advect(2.0)", "v must have one component for each of 2 axes", "grid.advect([0, 2.0])(U)[0]", "12 * Y"),
    Row("grid.advect([1, 2, 3])", "give one for each", "grid.advect([0, 2.0])(U)[0]", "12 * Y"),
    Row("grid.advect([0, 1j])", "give a real number, or a complex field", "grid.advect([0, np.full((4, 5), 2j)])(U + 0j)[0]", "12j * Y"),
    Row("grid.advect([0, np.nan])", "must be finite", "grid.advect([0, 2.0])(U)[0]", "12 * Y"),
    Row("grid.diffuse(np.inf)", "must be finite", "line.diffuse(3.0)(f)[1:-1]", "np.full(3, 6.)"),
    Row("grid.diffuse(np.ma.array(Y))(U)", "give it in that shape", "grid.diffuse(np.ma.array(np.ones((4, 5))))(U)[1:-1, 1:-1]", "np.full((2, 3), 8.)"),
    Row("gg.Grid(X).curl", "curl needs a grid of 2 or 3 axes", "grid.curl([np.zeros((4, 5)), U])[:, 0]", "2 * X"),
    # algebra
    Row("line.laplacian @ f", "apply an operator by calling it, op(f)", "line.laplacian(f)", "np.full(5, 2.)"),
    Row("f @ line.laplacian", "apply the transpose to a field, op.T(f)", "line.laplacian.T(f)", "f @ line.laplacian.to_sparse().toarray()"),
    Row("line.laplacian**2", "compose them, op @ op", "(line.derivative(0) @ line.derivative(0))(f)", "np.full(5, 2.)"),
    Row("f / (line.identity - line.laplacian)", "solve with op.solve(b)", "(line.identity - line.laplacian).solve(f - 2)", "f"),
    Row("line.laplacian + 2", "a multiple of the field itself is 2 * grid.identity", "(line.laplacian + 2 * line.identity)(f)", "2 + 2 * f"),
    Row("line.laplacian * f", "b * A multiplies what A gives", "(f * line.laplacian)(f)", "2 * f"),
    Row("line.laplacian * f", "A @ grid.multiply(b) what it is applied to", "(line.laplacian @ line.multiply(f))(1 + 0 * f)", "np.full(5, 2.)"),
    Row("line.laplacian / f", "multiply by the reciprocal, (1 / r) * op", "((1 / (1 + f)) * line.laplacian)(f)", "2 / (1 + f)"),
    Row("X * grid.laplacian", "a vector a along the first axis as a.reshape(-1, 1)", "(X.reshape(-1, 1) * grid.identity)(U)", "X[:, None] * U"),
    Row("line.multiply(2.0, name='c')", "numpy.full((1,), 2.0)", "line.multiply(numpy.full((1,), 2.0), name='c')(f, c=numpy.full((1,), 3.0))", "3 * f"),
    Row("line.laplacian(f, add=True)", "give it, A(f, out=o, add=True)", "(lambda o: line.laplacian(f, out=o, add=True))(np.ones(5))", "np.full(5, 3.)"),
    Row("line.laplacian + f", "V * grid.identity of a field V", "(line.laplacian + f * line.identity)(f)", "2 + f * f"),
    Row("line.laplacian * np.inf", "scaled by finite numbers", "(line.laplacian * 2.5)(f)", "np.full(5, 5.)"),
    Row("line.laplacian.adjoint(f, weight='mass')", 'weight must be None or "quadrature"', "line.laplacian.adjoint(f, weight=None)", "line.laplacian.to_sparse().T @ f"),
    Row("gg.show_config('text')", "mode must be 'print' or 'dict'", "gg.show_config('dict')['gridgrad']", "gg.__version__"),
]  # fmt: skip

DATA = [
    Row("gradient(x > 2)", "convert them first, f.astype(float)", "gradient((x > 2).astype(float))", "np.gradient((x > 2) * 1.0)"),
    Row("gradient(x.astype(object))", "f.astype(float)", "gradient(x.astype(object).astype(float))", "np.gradient(x)"),
    Row("gradient(np.array(['1', '4', '9']))", "give numbers", "gradient(np.array(['1', '4', '9']).astype(float))", "np.array([3, 4, 5.])"),
    Row("gradient(s)", "one field at a time, f['name']", "gradient(s['a'], 1.0)", "np.zeros(4)", "s = np.zeros(4, [('a', 'f8')])"),
    Row("gradient(None)", "give an array, a list or a tuple of numbers", "gradient([0, 1, 4, 9])", "np.gradient([0, 1, 4, 9.])"),
    Row("gradient([np.ma.array(x), np.ma.array(f)])", "give numpy.ma.stack(f)", "gradient(numpy.ma.stack([np.ma.array(x), np.ma.array(f)]), axis=1)", "np.gradient(np.stack([x, f]), axis=1)"),
    Row("grid.laplacian(np.sin)", "give its samples, f(x, y)", "line.laplacian(np.square(x))", "np.full(5, 2.)"),
    Row("grid.laplacian(np.sin)", "gridgrad.autodiff.laplacian(f, x, y)", "gridgrad.autodiff.laplacian(lambda x: x**2, x)", "np.full(5, 2.)"),
    Row("(U > 3) * grid.identity", "a factor has dtype bool: booleans are not taken for numbers; convert them first, b.astype(float)",
        "((U > 3).astype(float) * grid.identity)(U)", "np.where(U > 3, U, 0)"),
    Row("grid.diffuse(np.square)", "k is a function; give its samples, k(x, y)", "grid.diffuse((lambda k, x, y: k(x, y))(np.add, *grid.mesh()))(U)[1, 1]", "28.0"),
    Row("grid.advect([U > 3, U])", "v[0].astype(float)", "grid.advect([(U > -1).astype(float), 0])(U)[:, 0]", "2 * X"),
    Row("gradient(pandas.Series(f), x)", "give its numbers, f.to_numpy()", f"gradient(pandas.Series(f).to_numpy(), x, {E2})", "slope", "import pandas", "pandas"),
    Row("gradient(np.asmatrix(U))", "numpy.asarray(f)", f"gradient(numpy.asarray(np.asmatrix(U)), X, Y, {E2})[1][0]", "6 * Y", "import warnings; warnings.simplefilter('ignore')"),
    Row("gradient(x.astype(ml_dtypes.float8_e4m3fn))", "convert it, f.astype('float32')", "gradient(x.astype(ml_dtypes.float8_e4m3fn).astype('float32'))", "np.gradient(x)", "import ml_dtypes", "ml_dtypes"),
    Row("grid.advect([0, np.ones((3, 4, 5))]).to_sparse()", "a matrix is for one field of shape (4, 5)", "(grid.advect([0, np.ones((3, 4, 5))[0]]).to_sparse() @ U.ravel())[:5]", "6 * Y"),
    # out=
    Row("gradient(U, out=[U])", "give one array for each", "gradient(U, X, Y, edge_order=2, out=[U.copy(), U.copy()])[1][0]", "6 * Y"),
    Row("gradient(U, out=7)", "give an array of shape (2, 4, 5) or a sequence of arrays", "gradient(U, X, Y, edge_order=2, out=np.empty((2, 4, 5)))[1][0]", "6 * Y"),
    Row("gradient(f, out=np.lib.stride_tricks.as_strided(np.empty(1), (5,), (0,)))", "give a plain array", "gradient(f, x, edge_order=2, out=np.empty(5))", "slope"),
    Row("gradient(U, out=[o, o])", "give separate array", "gradient(U, X, Y, edge_order=2, out=[o.copy(), o])[1][0]", "6 * Y", "o = np.empty((4, 5))"),
    Row("gradient(f, out=np.asmatrix(f))", "so out must be one too", "gradient(f, x, edge_order=2, out=np.empty(5))", "slope", "import warnings; warnings.simplefilter('ignore')"),
    Row("gradient(f, out=np.empty(4))", "give numpy.empty_like(f, dtype='float64')", "gradient(f, x, edge_order=2, out=numpy.empty_like(f, dtype='float64'))", "slope"),
    Row("gradient(f, out=np.empty(5, 'f4'))", "give numpy.empty_like(f, dtype='float64')", "gradient(f, x, edge_order=2, out=numpy.empty_like(f, dtype='float64'))", "slope"),
    Row("gradient(np.ma.array(f), out=np.empty(5))", "give a masked array", "gradient(np.ma.array(f), x, edge_order=2, out=np.ma.array(np.empty(5)))", "slope"),
    Row("gradient(f, out=r)", "give an array that can be written", "gradient(f, x, edge_order=2, out=r.copy())", "slope", "r = np.empty(5); r.flags.writeable = False"),
    Row("grid.gradient(U, out=[U])", "give one array for each", "grid.gradient(U, out=[U.copy(), U.copy()])[1][0]", "6 * Y"),
    Row("grid.gradient(U, out=7)", "give an array of shape (2, 4, 5) or a sequence of arrays", "grid.gradient(U, out=np.empty((2, 4, 5)))[1, 0]", "6 * Y"),
    Row("grid.gradient(U, out=np.empty((3, 4, 5)))", "the result needs (2, 4, 5), or a sequence of arrays", "grid.gradient(U, out=np.empty((2, 4, 5)))[1, 0]", "6 * Y"),
]  # fmt: skip

TENSOR = "import torch, gridgrad.torch; T, V = torch.tensor(x**2), torch.tensor(x); "
TORCH = [
    Row("gradient(T > 3)", "convert them first, f.to(torch.float32)", "gradient((T > -1).to(torch.float32)).numpy()", "np.zeros(5)", TENSOR),
    Row("gradient(T.to_sparse())", "give a dense one, f.to_dense()", "gradient(T.to_sparse().to_dense(), x, edge_order=2).numpy()", "slope", TENSOR),
    *(Row(f"{call}(N)", "give its parts one by one, [A(part) for part in f.unbind()]", "[line.laplacian(part) for part in N.unbind()][1].numpy()", "np.full(5, 2.)", TENSOR + "\nimport warnings\nwith warnings.catch_warnings(action='ignore'): N = torch.nested.nested_tensor([T, T])") for call in ("gradient", "line.laplacian")),
    Row("gradient(torch.quantize_per_tensor(T.float(), 1.0, 0, torch.qint32), x)", "give its values, f.dequantize()",
        "gradient(torch.quantize_per_tensor(T.float(), 1.0, 0, torch.qint32).dequantize(), x, edge_order=2).numpy()", "slope", TENSOR),
    Row("gradient(T.to(torch.float8_e5m2), x)", "for example f.to(torch.float32)", "gradient(T.to(torch.float32), x, edge_order=2).numpy()", "slope", TENSOR),
    Row("laplacian(T, V.requires_grad_())", "detach it, x.detach(), to differentiate by f only", "laplacian(T, V.detach()).numpy()", "np.full(5, 2.)", TENSOR),
    Row("gradient(T, V.requires_grad_(), accuracy=4)", "give its numbers, x.detach()", "gradient(T, V.detach(), accuracy=4).numpy()", "slope", TENSOR),
    Row("gradient(T, V.requires_grad_(), accuracy=4)", "or use accuracy=2", "gradient(T, V, accuracy=2).detach().numpy()", "slope", TENSOR),
    Row("gradient(T.requires_grad_(), out=V)", "leave out= away", "gradient(T, x, edge_order=2).detach().numpy()", "slope", TENSOR),
    Row("gradient(T.requires_grad_(), out=V)", "or give f.detach()", "gradient(T.detach(), x, edge_order=2, out=V).numpy()", "slope", TENSOR),
    Row("gradient(T, out=x)", "so out must be one too", "gradient(T, x, edge_order=2, out=torch.empty_like(T)).numpy()", "slope", TENSOR),
    Row("gradient(T, out=V.requires_grad_())", "give a tensor that does not, out.detach()", "gradient(T, x, edge_order=2, out=V.detach()).numpy()", "slope", TENSOR),
    Row("gradient(T, out=torch.empty_like(T, device='meta'))", "give one on the device of f", "gradient(T, x, edge_order=2, out=torch.empty_like(T)).numpy()", "slope", TENSOR),
    Row("torch.func.vmap(torch.func.grad(lambda x: gradient(T, x).sum()))(torch.stack([V, V]))", "map over f only, or loop over the spacings",
        "torch.stack([torch.func.grad(lambda x: gradient(T, x, edge_order=2).sum())(v) for v in (V, V)])[1].numpy()", "torch.func.grad(lambda x: gridgrad.torch.gradient(T, spacing=[x], edge_order=2)[0].sum())(V).numpy()", TENSOR),
    Row("gradient(T, out=V.to_sparse())", "give a dense tensor", "gradient(T, x, edge_order=2, out=V.to_sparse().to_dense()).numpy()", "slope", TENSOR),
    Row("grid.divergence([torch.tensor(U), U])", "convert them to one", "grid.divergence([U, U])[0]", "6 * Y", TENSOR),
    Row("gridgrad.torch.gradient(f)", "use gridgrad.gradient", "gradient(f, x, edge_order=2)", "slope", TENSOR),
    Row("gridgrad.torch.gradient(T.sum())", "give at least one dim", "gridgrad.torch.gradient(T, spacing=[V], edge_order=2)[0].numpy()", "slope", TENSOR),
    Row("gridgrad.torch.gradient(T, dim=(0, 0))", "name each dim once", "gridgrad.torch.gradient(T, dim=(0,), spacing=[V], edge_order=2)[0].numpy()", "slope", TENSOR),
    Row("gridgrad.torch.gradient(T, spacing=[V + 0j * 0 + 1j * V])", "for example x.real", "gridgrad.torch.gradient(T, spacing=[(V + 1j * V).real], edge_order=2)[0].numpy()", "slope", TENSOR),
    Row("gridgrad.torch.gradient(T, spacing=[torch.tensor([0., 1, 1, 4, 6])])", "remove repeated positions", "gridgrad.torch.gradient(T[[0, 1, 3, 4]], spacing=[V[[0, 1, 3, 4]]], edge_order=2)[0].numpy()", "slope[[0, 1, 3, 4]]", TENSOR),
    Row("gridgrad.torch.gradient(T, edge_order=2.0)", "edge_order must be the integer 1 or 2", "gridgrad.torch.gradient(T, spacing=[V], edge_order=2)[0].numpy()", "slope", TENSOR),
    Row("gridgrad.torch.gradient(T[:2], edge_order=2)", "use edge_order=1 or add points", "gridgrad.torch.gradient(T[:2], edge_order=1)[0].numpy()", "np.ones(2)", TENSOR),
    Row("torch.compile(lambda f: gradient(f, x, out=f), backend='eager', fullgraph=True)(T)", "leave it away, the compiler plans memory",
        "torch.compile(lambda f: gradient(f, V, edge_order=2), backend='eager', fullgraph=True)(T).numpy()", "slope", TENSOR),
    Row("torch.compile(lambda f: laplacian(f, V), backend='eager', fullgraph=True)(T)", "under torch.compile give a number or a list, or make the grid outside: grid = gridgrad.Grid(x)",
        "torch.compile(lambda f: line.laplacian(f), backend='eager', fullgraph=True)(T).numpy()", "np.full(5, 2.)", TENSOR),
    Row("gridgrad.torch.gradient(T, boundary='periodic')", 'gridgrad.gradient(f, 0.5, boundary="periodic")', "gridgrad.gradient(T, 0.5, boundary='periodic').numpy()", "gradient(f, 0.5, periodic=True)", TENSOR),
    Row("gridgrad.torch.gradient(T, accuracy=4)", "gridgrad.gradient(f, 0.5, accuracy=4)", "gridgrad.gradient(T, 0.5, accuracy=4).numpy()", "gradient(f, 0.5, accuracy=4)", TENSOR),
    Row("gridgrad.torch.gradient(T, workers=1)", "gridgrad.gradient(f, 0.5, workers=1)", "gridgrad.gradient(T, 0.5, workers=1).numpy()", "gradient(f, 0.5)", TENSOR),
    Row("gridgrad.torch.gradient(T, out=V)", "gridgrad.gradient(f, 0.5, out=result)", "gridgrad.gradient(T, 0.5, out=V).numpy()", "gradient(f, 0.5)", TENSOR),
    Row("gridgrad.torch.gradient(T, axes=0)", "here it is dim=", "gridgrad.torch.gradient(T, dim=0, spacing=[V], edge_order=2)[0].numpy()", "slope", TENSOR),
    Row("gridgrad.torch.gradient(T, dx=0.5)", "here it is spacing=", "gridgrad.torch.gradient(T, spacing=0.5)[0].numpy()", "gradient(f, 0.5)", TENSOR),
    Row("torch.func.vmap(lambda x: gradient(T, x))(torch.stack([V, V]))", "give coordinates that are concrete, not traced, mapped", "torch.stack([gradient(T, x, edge_order=2) for x in (V, V)])[1].numpy()", "slope", TENSOR),
]  # fmt: skip

JAX = [
    Row("jax.jit(lambda f, x: gradient(f, x))(f, x)", "close over the spacing, jax.jit(lambda f: gradient(f, x))", "np.asarray(jax.jit(lambda f: gradient(f, x, edge_order=2))(f))", "slope", "import jax", "jax"),
    Row("jax.jit(lambda f, h: gradient(f, h))(f, 0.5)", "or mark a scalar static", "np.asarray(jax.jit(lambda f, h: gradient(f, h), static_argnums=1)(f, 0.5))", "np.gradient(f, 0.5)", "import jax", "jax"),
    Row("jax.jit(lambda f, k: gradient(f, edge_order=k))(f, 2)", "under jax.jit close over it", "np.asarray(jax.jit(lambda f: gradient(f, x, edge_order=2))(f))", "slope", "import jax", "jax"),
    Row("gradient(jax.numpy.asarray(x) > 3)", "convert them first, f.astype(float)", "np.asarray(gradient((jax.numpy.asarray(x) > -1).astype(float)))", "np.zeros(5)", "import jax", "jax"),
    Row("gradient(jax.numpy.asarray(x), out=x)", "out= is not supported", "np.asarray(gradient(jax.numpy.asarray(f), x, edge_order=2))", "slope", "import jax", "jax"),
    Row("gradient(d[d >= 0])", "compute its chunk sizes first, f.compute_chunk_sizes()", "gradient(d[d >= 0].compute_chunk_sizes(), x, edge_order=2).compute()", "slope", "import dask.array; d = dask.array.from_array(f, chunks=3)", "dask"),
]  # fmt: skip

PLANE = "f = U; x, y = X, Y; F = [U, U]; k = v = 1.0; of_x = (2 * X)[:, None] + np.zeros(5); second = np.full((4, 5), 2.) + 6; "
WORDS = [
    Row("gradient(f, x, y, form='wide')", 'laplacian(f, x, form="conservative")', 'laplacian(f, x, y, form="conservative")[1:-1, 1:-1]', "second[1:-1, 1:-1]", PLANE),
    Row("laplacian(f, x, where=x > 2)", "numpy.ma.array(f, mask=mask)", "laplacian(numpy.ma.array(f, mask=x > 5), x)[:3].filled(0)", "np.full(3, 2.)"),
    Row("gradient(f, x, segments=[5])", "here it is breaks=", "gradient(f, x, breaks=[5])", "np.repeat([1., -2], [5, 4])", "x = np.r_[np.arange(5.0), 100 + np.arange(4.0)]; f = np.r_[x[:5], 500 - 2 * x[5:]]"),
    Row("gradient(f, x, weight='quadrature')", 'grid.gradient.adjoint(g, weight="quadrature")', 'line.gradient.adjoint(f, weight="quadrature")',
        "(line.gradient.to_sparse().T @ (line.measure * f)) / line.measure"),
    Row("gradient(f, x, engine='jet')", "gridgrad.autodiff.gradient(function, x)", "gridgrad.autodiff.gradient(lambda x: x**2, x)", "slope"),
    Row("gradient(f, t, datetime_unit='s')", "gradient(f, (t - t[0]) / numpy.timedelta64(1, 's'))", "gradient(f, (t - t[0]) / numpy.timedelta64(1, 's'), edge_order=2)", PER_HOUR, DAY + "t = np.array(t, 'M8[s]')"),
    Row("laplacian(f, v=[1, 2])", "advect(v, f, x)", "advect([0, 2.0], f, x, y)[0]", "12 * y", PLANE),
    Row("laplacian(f, k=2.0)", "diffuse(k, f, x)", "diffuse(2.0, f, x, y)[1:-1, 1:-1]", "2 * second[1:-1, 1:-1]", PLANE),
    Row("diffuse(x, f, x, mean='median')", 'mean must be "arithmetic" or "harmonic"', "diffuse(x, x, x, mean='arithmetic')[1:-1]", "np.ones(3)"),
    Row("diffuse(x + 1j, f, x, mean='harmonic')", 'use mean="arithmetic"', "diffuse(x + 0j, x, x, mean='arithmetic')[1:-1]", "np.ones(3)"),
    Row("grid.diffuse([1.0, 2.0, 3.0])", "give one for each, or one for all", "grid.diffuse([1.0, 2.0])(U)[1:-1, 1:-1]", "np.full((2, 3), 14.)"),
    *(Row(f"{call}, dx=0.5)", f"the spacing goes in after the samples, a step or the coordinates of each axis: {call}, x, y)", f"np.shape({call}, x, y))[-2:]", "(4, 5)", PLANE)
      for call in ["laplacian(f", "hessian(f", "mixed_derivative(f", "divergence(F", "curl(F", "diffuse(k, f"]),
    Row("gradient(f, axes=0)", "axes are named by axis=: gradient(f, x, axis=0)", "gradient(f, x, axis=0, edge_order=2)", "of_x", PLANE),
    Row("gradient(f, dx=0.5)", "here it is spacing=", "gradient(f, spacing=0.5)[0]", "np.gradient(U, 0.5)[0]", PLANE),
    Row("laplacian(f, dim=0)", "here it is axis=", "laplacian(f, x, axis=0)", "np.full((4, 5), 2.)", PLANE),
    Row("laplacian(f, acc=4)", "here it is accuracy=", "laplacian(x**2, x, accuracy=2)", "np.full(5, 2.)"),
    Row("laplacian(f, output=f)", "here it is out=", "laplacian(f, x, y, out=np.empty((4, 5)))", "second", PLANE),
    Row("laplacian(f, n_jobs=2)", "here it is workers=", "laplacian(f, x, y, workers=2)", "second", PLANE),
    *(Row(f"{call}, mode='wrap')", f'{call}, boundary="periodic")', f'{call}, boundary="periodic")', f"{call}, periodic=True)", PLANE)
      for call in ["gradient(f", "laplacian(f", "gradient_norm(f", "gradient_squared(f", "divergence(F", "diffuse(k, f", "derivative(f"]),
    Row("gradient(f, x, y, order=2)", "derivative(f, x, axis=0, order=2)", "derivative(f, x, axis=0, order=2)", "np.full((4, 5), 2.)", PLANE),
    Row("gradient(f, order=2)", "for all axes, hessian(f, x, y)", "hessian(f, x, y)[1][1]", "np.full((4, 5), 6.)", PLANE),
    Row("hessian(f, accuracy=4)", "accuracy= is offered by gradient, derivative, divergence, curl, jacobian, laplacian, vector_laplacian, biharmonic, mixed_derivative, advect, directional_derivative, gradient_norm and gradient_squared",
        "np.stack([o(accuracy=2) for o in calls]).shape",
        "(7, 4, 5)", "from functools import partial as p; x, y = X, Y; F = [U, U]; calls = [p(derivative, U, X, axis=0), p(divergence, F, X, Y), p(curl, F, x, y), p(laplacian, U, x, y, axis=(0, 1)), "
        "p(mixed_derivative, U), p(advect, [1, 2], U), p(directional_derivative, U, [1, 2])]; calls[3] = lambda accuracy: gradient(U, X, Y, accuracy=accuracy)[0]"),
    Row("laplacian(f, dtype='f4')", "f.astype(numpy.float32)", "laplacian(f.astype(numpy.float32), x, y).dtype.name", "'float32'", PLANE),
    # grids
    Row("Grid(x, dx=0.5)", "Grid(x, (64, 0.1))", "Grid(x, (64, 0.1)).shape", "(5, 64)"),
    Row("Grid(x, mode='mirror')", 'Grid(x, boundary="reflect")', 'Grid(x, boundary="reflect").gradient(f)[0]', "0.0"),
    Row("Grid(x, order=2)", "Grid(x).derivative(0, order=2)", "Grid(x).derivative(0, order=2)(f)", "np.full(5, 2.)"),
    Row("Grid(x, accuracy=4)", "Grid(x).laplacian.with_(accuracy=4)", "Grid(x).laplacian.with_(accuracy=4)(x**5)", "20 * x**3", "x = np.array([0., 1, 3, 4, 6, 7, 9])"),
    Row("Grid(x, axis=0)", "here it is axes=", "Grid(x, axes=0).gradient(f)", "slope"),
    Row("Grid(x, workers=1)", "Grid(x).laplacian(f, workers=1)", "Grid(x).laplacian(f, workers=1)", "np.full(5, 2.)"),
    Row("Grid(x, out=f)", "Grid(x).laplacian(f, out=result)", "Grid(x).laplacian(f, out=result)", "np.full(5, 2.)", "result = np.empty(5)"),
    # operators
    Row("line.laplacian(f, dx=0.5)", "from where it was made: Grid(x).laplacian(f)", "Grid(x).laplacian(f)", "np.full(5, 2.)"),
    Row("line.laplacian(f, axis=0)", "Grid(x, axes=(0,)).laplacian(f)", "Grid(x, axes=(0,)).laplacian(f)", "np.full(5, 2.)"),
    Row("line.laplacian(f, axis=0)", "of one axis there is Grid(x).derivative(0)", "Grid(x).derivative(0)(f)", "slope"),
    Row("(line.laplacian + line.identity)(f, boundary='reflect')", 'Grid(x, boundary="reflect").laplacian(f)', 'Grid(x, boundary="reflect").laplacian(f)[1:-1]', "np.full(3, 2.)"),
    Row("line.gradient(f, order=2)", "grid.derivative(0, order=2)", "line.derivative(0, order=2)(f)", "np.full(5, 2.)"),
    Row("line.gradient(f, order=2)", "for all axes, grid.hessian", "grid.hessian(U)[1][1]", "np.full((4, 5), 6.)"),
    Row("line.advect([1.0], workers=1)", "grid.laplacian(f, workers=1)", "line.laplacian(f, workers=1)", "np.full(5, 2.)"),
    Row("line.advect([1.0], out=f)", "grid.laplacian(f, out=result)", "line.laplacian(f, out=result)", "np.full(5, 2.)", "result = np.empty(5)"),
    Row("grid.hessian(U, accuracy=4)", "accuracy= is offered by Grid's gradient, derivative", "grid.derivative(1, 2, accuracy=2)(U)[0]", "np.full(5, 6.)"),
    Row("grid.hessian(U, dtype='f4')", "f.astype(numpy.float32)", "grid.laplacian(U.astype(numpy.float32)).dtype.name", "'float32'"),
    # functions
    *(Row(f"gridgrad.autodiff.gradient(np.square, x, {word})", "gradient(function(x), x, edge_order=2)", "gradient(function(x), x, edge_order=2)", "slope", "function = np.square")
      for word in ["edge_order=2", "accuracy=4", "side='backward'", "form='wide'"]),
    Row("gridgrad.autodiff.laplacian(np.square, dx=x)", "gridgrad.autodiff.gradient(function, x)", "gridgrad.autodiff.gradient(np.square, x)", "slope"),
    Row("gridgrad.autodiff.hessian(np.square, x, axis=0)", "gridgrad.autodiff.partial(function, argnum=0)(x)", "gridgrad.autodiff.partial(np.square, argnum=0)(x)", "slope"),
    Row("gridgrad.autodiff.gradient(np.square, x, order=2)", "gridgrad.autodiff.derivative(function, x, orders=(2,))", "gridgrad.autodiff.derivative(np.square, x, orders=(2,))", "np.full(5, 2.)"),
    Row("gridgrad.autodiff.gradient(np.square, x, dtype='f4')", "x.astype(numpy.float32)", "gridgrad.autodiff.gradient(np.square, x.astype(numpy.float32)).dtype.name", "'float32'"),
    # typing errors
    Row("gradient(f, spacng=x)", "did you mean spacing=?", "gradient(f, spacing=[x], edge_order=2)", "slope"),
    Row("laplacian(f, x, bondary='reflect')", "did you mean boundary=?", "laplacian(f, x, boundary='reflect')[1:-1]", "np.full(3, 2.)"),
]  # fmt: skip

ROWS = [*SPACING, *TIMES, *ENDS, *GRIDS, *DATA, *WORDS, *TORCH, *JAX]
