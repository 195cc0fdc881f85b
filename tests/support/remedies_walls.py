"""What the errors about values, slopes and mirrors at walls tell the user to type, and its value."""

from remedies import Row

HELD = "boundary=(gridgrad.value(0.0), gridgrad.value(36.0))"
D2 = "derivative(f, x, order=2, boundary={})[1:-1]"
SECOND = "np.full(3, 2.)"
WALLS = [
    *(Row(f"Grid(x, boundary={word!r})", "a value at the end is gridgrad.value(v)", f"derivative(f, x, order=2, {HELD})[1:-1]", SECOND)
      for word in ("dirichlet", "value", "constant", "fixed")),
    *(Row(f"Grid(x, boundary={word!r})", "is gridgrad.slope(s)", D2.format("('one-sided', gridgrad.slope(12.0))"), SECOND) for word in ("neumann", "slope", "flux", "no-flux", "zero flux")),
    *(Row(f"Grid(x, boundary={word!r})", f'{where} is "{mirror}"', f"Grid((5, 1.), boundary='{mirror}').laplacian(x)", f"np.diff(np.pad(x, 1, '{mirror}'), 2)")
      for word in ("no-flux", "neumann") for where, mirror in (("the mirror at the end point", "reflect"), ("the mirror half a step outside", "symmetric"))),
    Row("Grid(x, boundary='mirror')", 'the mirror at the end point is "reflect"', "Grid((5, 1.), boundary='reflect').laplacian(x)", "scipy.ndimage.laplace(x, mode='mirror')", "import scipy.ndimage"),
    Row("Grid(x, boundary='wrap')", 'it is "periodic" here', "Grid((5, 1.), boundary='periodic').laplacian(x)", "scipy.ndimage.laplace(x, mode='wrap')", "import scipy.ndimage"),
    Row("Grid(x, boundary='robin')", "is gridgrad.robin(a, b, c)", D2.format("('one-sided', gridgrad.robin(1.0, 2.0, 60.0))"), SECOND),
    *(Row(f"Grid(x, boundary={word!r})", f"gridgrad.{name}()", f"repr(Grid(x, boundary=gridgrad.{name}()).boundary[0][0])", repr(f"{name}(0.0)"))
      for word, name in [("clamped", "clamped"), ("supported", "supported"), ("simply supported", "supported")]),
    Row("Grid(X, Y, boundary='slip')", "gridgrad.slip()", "Grid(X, Y, boundary=gridgrad.slip()).divergence((U, U))[1, 1]", "2 * X[1] + 6 * Y[1]"),
    Row("Grid(X, Y, boundary='no-slip')", "gridgrad.no_slip()", "Grid(X, Y, boundary=gridgrad.no_slip(wall='face')).divergence((U, U))[1, 1]", "2 * X[1] + 6 * Y[1]"),
    Row("Grid(x, boundary=36.0)", "a value at the end is gridgrad.value(36.0)", "derivative(f, x, order=2, boundary=('one-sided', gridgrad.value(36.0)))[1:-1]", SECOND),
    Row("Grid(x, boundary=[0, 'one-sided'])", "a slope outwards gridgrad.slope(0)", "derivative(f, x, order=2, boundary=(gridgrad.slope(0), 'one-sided'))[1:-1]", SECOND),
    Row("Grid((5, 1.), boundary={'value': 2.0})", 'here it is gridgrad.value(2.0, wall="face")', 'Grid((5, 1.), boundary=gridgrad.value(2.0, wall="face")).laplacian(np.full(5, 2.))', "np.zeros(5)"),
    Row("Grid((5, 1.), boundary=[[{'derivative': 0}, 'reflect']])", 'here it is gridgrad.slope(0, wall="face")', 'Grid((5, 1.), boundary=gridgrad.slope(0, wall="face")).laplacian(np.full(5, 2.))', "np.zeros(5)"),
    *(Row(f"Grid(X, Y, boundary={given})", 'axes are in their order, boundary=["periodic", ("reflect", "one-sided")]',
          'Grid((4, 1.0), (5, 1.0), boundary=["periodic", ("reflect", "one-sided")]).derivative(1)(U)[:, 0]', "np.zeros(4)")
      for given in ("{'x': 'periodic'}", "{'left': gg.value(0.0), 'right': 'reflect'}")),
    Row("Grid(X, Y, boundary=ends)", "for 2 axes; give one name for all, or one (or a pair) for each: boundary=list(zip(ends[::2], ends[1::2]))",
        "Grid(X, Y, boundary=list(zip(ends[::2], ends[1::2]))).derivative(0)(U)[0]", "np.zeros(5)", "ends = ['reflect', 'one-sided', 'reflect', 'reflect']"),
    Row("Grid(X, Y, boundary=[gg.value(v), 'reflect']).laplacian(U)", "does not broadcast to the field's shape (4, 5); it has more axes than a side of the field, where values along it are v[0] for example",
        "Grid(X, Y, boundary=[(gg.value(v[0]), 'one-sided'), 'reflect']).identity(U)[0]", "np.full(5, 3.)", "v = np.full((4, 5), 3.)"),
    Row("gradient(f, boundary=gg.value)", "call it, value(...)", "gradient(f, x, boundary=gg.value(7.0))[2]", "6.0"),
    Row("gradient(f, boundary=('one-sided', gg.slip))", "call it, slip(...)", "Grid(x, boundary=('one-sided', gg.slip())).laplacian(f)[1:-1]", SECOND),
    Row("gg.robin(np.ones(3), 1.0, 2.0)", "of which only c may be an array", "repr(gg.robin(1.0, 1.0, np.ones(3)))", "'robin(1.0, 1.0, <array of shape (3,)>)'"),
    Row("laplacian(U, boundary=[(gg.value(np.ma.array(np.ones(5), mask=[0, 0, 1, 0, 0])), 'one-sided'), 'one-sided'])", "numpy.ma.filled(v, 0.0)",
        "laplacian(U, boundary=[(gg.value(numpy.ma.filled(np.ma.array(np.ones(5), mask=[0, 0, 1, 0, 0]), 0.0)), 'one-sided'), 'one-sided'])", "laplacian(U, boundary=[(gg.value(np.array([1., 1, 0, 1, 1])), 'one-sided'), 'one-sided'])"),
    Row("gg.value(np.timedelta64(36, 's'))", "v / numpy.timedelta64(1, 's')", "repr(gg.value(np.timedelta64(36, 's') / np.timedelta64(1, 's')))", "'value(36.0)'"),
    *(Row(f"Grid(X, Y, boundary=['one-sided', ('one-sided', gg.robin({weights}, c))]).laplacian(U)", "where a or b varies along it give gridgrad.slope((c - a * u) / b), of the last u at the wall",
          "Grid(X, Y, boundary=['one-sided', ('one-sided', gridgrad.slope((c - a * u) / b))]).laplacian(U)", "8 + 0 * U", f"a, b = {weights}; u = U[:, -1]; c = a * u + 36.0 * np.array(b)")
      for weights in ("1 + X, 2.0", "2.0, 1 + X", "1 - X, 2 + X", "[1., 2., 3., 4.], 2.0")),
    Row("gg.robin(0, 0, 1.0)", "prescribes nothing where a and b are both 0", "repr(gg.robin(1, 0, 1.0))", "'robin(1, 0, 1.0)'"),
    Row("gg.value(lambda t: t)", "give a number or an array, which may be written into later", "derivative(f, x, order=2, boundary=('one-sided', gg.value(np.array(36.0))))[1:-1]", SECOND),
    Row("gg.value(None)", "or a name= by which calls give others",
        "Grid(x, boundary=('one-sided', gg.value(0.0, name='v'))).laplacian(f, v=36.0)[1:-1]", SECOND),
    Row("gg.value([1.0, 2.0])", "give an array, numpy.array([1.0, 2.0])", "Grid((2, 1.), Y, boundary=['reflect', ('one-sided', gg.value(numpy.array([36.0, 36.0])))]).derivative(1, order=2)(np.stack([Y**2] * 2))[0, 1:-1]", SECOND),
    *(Row(f"Grid(x, boundary={kind}(1e300)).laplacian({given}f.astype('f4'))", f"a number at a wall is 1e+300, beyond all numbers of {name}, the dtype of the field; give f in another, f.astype(numpy.float64)",
          f"np.isfinite(Grid(x, boundary={kind}(1e300)).laplacian(f.astype(numpy.float64))).all()", "True") for kind in ("gg.value", "gg.slope") for given, name in (("", "float32"), ("1j * ", "complex64"))),
    Row("A(f.astype('f4'), v=1e300)", "a number at a wall is 1e+300", "A(f.astype('f4'), v=36.0)[1:-1]", SECOND, "A = Grid(x, boundary=('one-sided', gg.value(0.0, name='v'))).laplacian; A(f.astype('f4'), v=1.0)"),
    Row("gg.value(float('nan'))", "only arrays may hold other values", "np.isnan(Grid(x, boundary=gg.value(np.array(float('nan')))).laplacian(f)[1])", "True"),
    Row("gg.value(1.0, wall='wall')", '"point", "face" or the position of the wall', "Grid(x, boundary=('one-sided', gg.value(49.0, wall=7.0))).quadrature[0][-1]", "2.0"),
    Row("Grid(x, boundary=('one-sided', gg.value(1.0, wall=5.0)))", 'give a position outside, or wall="point" or "face"', D2.format("('one-sided', gg.value(36.0, wall='point'))"), SECOND),
    Row("Grid((5, 1e308), boundary=('one-sided', gg.value(0.0, wall=3.0)))", "overflow; rescale the coordinates", "Grid((5, 1.0), boundary=('one-sided', gg.value(0.0, wall=4.5))).quadrature[0][-1]", "1.0"),
    *(Row(f"gg.{call}", said, typed, value) for call, said, typed, value in [
        ("value(10**400)", "only arrays may hold other values", "np.isinf(Grid(x, boundary=gg.value(np.array(np.inf))).laplacian(f)[1])", "True"),
        ("robin(1.0, 10**400, 2.0)", "it must be finite", "repr(gg.robin(1.0, 1.0, 2.0))", "'robin(1.0, 1.0, 2.0)'"),
        ("slope(0.0, wall=-10**400)", "must be finite", "repr(gg.slope(0.0, wall=-1.0))", "'slope(0.0, wall=-1.0)'"),
    ]),
    Row("gg.slip(wall=0.5)", '"point" or "face"', "repr(gg.slip(wall='face'))", "\"slip(wall='face')\""),
    Row("Grid((5, 1.), boundary=gg.robin(2.0, -1.0, 0.0, wall='face')).laplacian", "give a and b of one sign", "Grid((5, 1.), boundary=gg.robin(2.0, 1.0, 0.0, wall='face')).laplacian(x)[1]", "1.0"),
    Row("gg.components('reflect', 'symmetric')", 'give all of them wall="point" ("reflect", "antireflect")', "repr(gg.components('reflect', 'antireflect'))", "\"components('reflect', 'antireflect')\""),
    Row("gg.components('symmetric', gg.value(0.0))", 'or all wall="face" ("symmetric", "antisymmetric")', "repr(gg.components('symmetric', gg.value(0.0, wall='face')))", "\"components('symmetric', value(0.0, wall='face'))\""),
    Row("gg.components('periodic', 'reflect')", "an axis is periodic for all of them", "Grid(X, (5, 1.), boundary=['reflect', 'periodic']).boundary[1][0]", "'periodic'"),
    Row("Grid(X, Y, boundary=gg.components('antireflect', 'reflect')).laplacian", 'say it with components(..., scalar="reflect")',
        'Grid(X, Y, boundary=gg.components("antireflect", "reflect", scalar="reflect")).laplacian(U)[1, 1]', "8.0"),
    Row("Grid(X, Y, boundary=gg.value(np.ones(7))).laplacian", "give a number, or an array that broadcasts to it",
        "Grid(X, Y, boundary=[('one-sided', gg.value(16. + 3 * Y**2)), 'one-sided']).laplacian(U)[1, 1]", "8.0"),
    Row("Grid(X, Y, axes=(0, 2), boundary=['reflect', gg.value(np.ones(4))]).laplacian", "the whole shape of the side",
        "Grid(X, Y, axes=(0, 2), boundary=['one-sided', ('one-sided', gg.value(np.stack([X**2 + 108.] * 2, 1)))]).laplacian(np.stack([U] * 2, 1))[1, 1, 1]", "8.0"),
    Row("gg.value(3000.0 * u.mm)", "v.to_value(f.unit) of astropy", "Grid(x, boundary=gg.value((36e3 * u.mm).to_value((f * u.m).unit))).laplacian(f * u.m)[-2].value", "2.0", "import astropy.units as u", "astropy"),
    Row("gg.slope(36e3 * r.mm)", "v.to(f.units).magnitude of pint", "Grid(x, boundary=gg.value((36e3 * r.mm).to((f * r.m).units).magnitude)).laplacian(f * r.m)[-2].magnitude", "2.0", "import pint; r = pint.UnitRegistry()", "pint"),
    Row("Grid(x, boundary=gg.value(0.0, name='v')).laplacian(f, v=36e3 * u.mm)", "v.to_value(f.units) of unyt",
        "Grid(x, boundary=gg.value(0.0, name='v')).laplacian(f, v=(36e3 * u.mm).to_value((f * u.m).units))[-2]", "2.0", "import unyt as u", "unyt"),
    Row("gg.robin(float('inf'), 1.0, 2.0)", "it must be finite", "repr(gg.robin(1.0, 1.0, 2.0))", "'robin(1.0, 1.0, 2.0)'"),
    Row("gradient(torch.tensor(f), t, boundary=gg.value(1.0)).sum().backward()", "with what is prescribed at ends gradient is not differentiable by a spacing; give its numbers, x.detach()",
        "gradient(torch.tensor(f), t.detach(), boundary=(gg.value(0.0), gg.value(36.0)))[1:-1].numpy()", "2 * x[1:-1]",
        "import torch; t = torch.tensor(x, requires_grad=True)", "torch"),
    Row("gradient(torch.tensor(f), t, boundary='antisymmetric')", "a derivative with the end 'antisymmetric' is not differentiable by the spacing of axis 0; give its numbers, x.detach()",
        "gradient(torch.tensor(f), t.detach(), boundary='antisymmetric')[1:-1].numpy()", "2 * x[1:-1]", "import torch; t = torch.tensor(x, requires_grad=True)", "torch"),
    Row("laplacian(U, X, Y, cval=0.0)", "values at ends are prescribed by boundary=, gridgrad.value(v) for example", "laplacian(U, X, Y, boundary=['one-sided', (gridgrad.value(X**2), 'one-sided')])[1, 1]", "8.0"),
]  # fmt: skip
ROWS = WALLS
