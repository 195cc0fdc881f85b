"""What errors about the orders, sides and accuracies of derivatives tell the user to type, and its value."""

from remedies import Row

LONG = "x = np.arange(13) / 8; f = x**5; line = gg.Grid(x); "
BACK = "np.array([1., 1, 4, 7, 10])"  # to the point before; the first row turns to the inside
FIFTH = "(grid.derivative(0, accuracy=6) @ grid.derivative(0, order=4, accuracy=6))(f), of order 5 at one-sided ends"
PRODUCT = "(lambda grid: (grid.derivative(0{}, accuracy=6) @ grid.derivative(0, order=4, accuracy=6))(f))({})"
ROWS = [
    Row("line.derivative(0, order=0)", "order must be 1, 2, 3 or 4", "line.derivative(0, order=2)(f)", "np.full(5, 2.)"),
    Row("line.derivative(0, order=5)", FIFTH, PRODUCT.format("", "line"), "np.full(13, 120.)", LONG),
    Row("line.derivative(0, order=6)", "grid.derivative(0, order=2, accuracy=6) @ ", PRODUCT.format(", order=2", "line"), "720 * x", LONG + "f = x**7 / 7"),
    Row("derivative(f, x, order=5)", "with grid = gridgrad.Grid(x, axes=[0])", PRODUCT.format("", "gridgrad.Grid(x, axes=[0])"), "np.full(13, 120.)", LONG),
    Row("derivative(f, 0.125, order=5)", "with grid = gridgrad.Grid((13, h), axes=[0])", PRODUCT.format("", "gridgrad.Grid((13, 0.125), axes=[0])"), "np.full(13, 120.)", LONG),
    Row("mixed_derivative(U, X, Y, orders=(2, 0))", "orders must be a pair of 1, 2, 3 or 4", "mixed_derivative(np.multiply.outer(X**2, Y), X, Y, orders=(2, 1))", "np.full((4, 5), 2.)"),
    Row("Grid(x, x, x).mixed_derivative(0, 1, orders=(1, 1, 1))", "of more axes a product, grid.derivative(2) @ grid.mixed_derivative(0, 1)",
        "(lambda grid: (grid.derivative(2) @ grid.mixed_derivative(0, 1))(f[:, None, None] * f[:, None] * f))(Grid(x, x, x))", "np.ones((5, 5, 5))", "f = x"),
    *(Row(f"derivative(f, x, side={word!r})", f'here it is side="{side}"', f"derivative(f, x, side='{side}')", value)
      for word, side, value in [("backward", "left", BACK), (-1, "left", BACK), ("forward", "right", "np.array([1., 4, 7, 10, 10])")]),
    Row("derivative(f, x, side='up')", 'side must be "left", "right", or None', "derivative(f, x, side='left')", BACK),
    Row("derivative(f, x, scheme='backward')", "here it is side=", "derivative(f, x, side='left')", BACK),
    Row("derivative(f, x, side='left', order=2)", "leave side= away for the centred row", "derivative(f, x, order=2)", "np.full(5, 2.)"),
    Row("derivative(f, x, side='left', accuracy=4)", "accuracy must be 1, 2 or None with side='left'", "derivative(f, x, side='left', accuracy=2)", "slope"),
    Row("derivative(f, x, accuracy=1)", 'side="left" or side="right"', "derivative(f, x, side='left', accuracy=1)", BACK),
    Row("laplacian(f, x, side='left')", 'derivative(f, x, side="left")', "derivative(f, x, side='left')", BACK),
    Row("laplacian(f, x, scheme='upwind')", "advect(v, f, x, upwind=1)", "advect(2.0, f, x, upwind=1)", "2 * " + BACK),
    Row("line.laplacian(f, upwind=1)", "grid.advect(v, upwind=1)", "line.advect(2.0, upwind=1)(f)", "2 * " + BACK),
    Row("advect(2.0, f, x, scheme='upwind')", "here it is upwind=", "advect(2.0, f, x, upwind=1)", "2 * " + BACK),
    Row("line.advect(2.0, upwind=3)", "upwind must be 1, 2, or None for centred rows, got 3", "line.advect(2.0, upwind=2)(f)", "2 * slope"),
    Row("line.advect(2.0, upwind=True)", "upwind must be 1, 2, or None", "line.advect(2.0, upwind=1)(f)", "2 * " + BACK),
    Row("line.advect(2.0, accuracy=2, upwind=1)", "has no meaning beside it; give one of them", "line.advect(2.0, upwind=2)(f)", "2 * slope"),
    *(Row(f"line.advect(v, upwind=1){call}", "chooses by the sign of a real velocity, got a complex one; give v.real",
          f"line.advect(v.real, upwind=1){call.replace('f + 0j', 'f')}{end}", "2 * f", "v = np.full(5, 2 + 0j); f = x")
      for call, end in [("(f + 0j)", " * x"), (".to_sparse()", " @ f * x")]),
    *(Row(f"derivative(f, z, axis=0, {words})", "take each line alone, f[:, j] with x[:, j]", f"np.stack([derivative(f[:, j], z[:, j], {words}) for j in range(3)], 1)",
          value, "z = np.outer(x, [1., 2, 3]); f = z**2; D = lambda v: np.diff(v, axis=0)")
      for words, value in [("side='left'", "np.concatenate([(D(f) / D(z))[:1], D(f) / D(z)])"), ("order=3, edge_order=1", "np.zeros((5, 3))")]),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry='sphere').advect([1.0, 0.0], upwind=1)", "upwind= is not offered with geometry=; gradient, divergence",
        "np.shape(gg.Grid((4, 1.0), (5, 1.0)).advect([1.0, 0.0], upwind=1)(np.ones((4, 5))))", "(4, 5)"),
    Row("Grid(x[:2], edge_order=1).derivative(0, side='left', accuracy=2)", "needs at least 3; use accuracy=1 or add points",
        "Grid(x[:2], edge_order=1).derivative(0, side='left', accuracy=1)(f[:2])", "np.ones(2)"),
    # beyond the exponents
    Row("gradient(f, np.longdouble('1e-4000'))", "or give f as numpy.longdouble", "gradient(f.astype('g') * h, h) - gradient(f)", "np.zeros(5)", "h = np.longdouble('1e-4000')", "longdouble"),
    Row("gradient(f, x * np.longdouble('1e-4000'))", "or give f as numpy.longdouble", "gradient(f.astype('g') * h, x * h, edge_order=2)", "slope", "h = np.longdouble('1e-4000')", "longdouble"),
    Row("Grid((5, 1e308)).coordinates", "overflow; rescale the coordinates", "Grid((5, 1e307)).coordinates[0]", "1e307 * np.arange(5)"),
    Row("Grid((5, 1e200), (5, 1e200)).measure", "overflow; rescale the coordinates", "Grid((5, 1e100), (5, 1e200)).measure[1, 1]", "1e300"),
    Row("Grid(t).derivative(0).adjoint(f, weight='quadrature')", "or leave weight= away", "Grid(t).derivative(0).adjoint(f * 1e-300)[0]", "-1e100", "t = np.array([0., 1e-200, 1., 2., 3.]); f = np.zeros(5); f[1] = 1e200"),
]  # fmt: skip
