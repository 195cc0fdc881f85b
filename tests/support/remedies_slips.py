"""What errors tell the user to type where arguments came in another place, order or spelling, and its value."""

from remedies import E2, PLANE, ROUND, Row

NINE = "x = np.array([0., 1, 3, 4, 6, 7, 9]); "
DATES = "t = ['2020-01-01', '2020-01-02', '2020-01-04', '2020-01-05', '2020-01-07']; day = 86400.; "
MASKED = "import pint; ureg = pint.UnitRegistry(); masked = np.ma.masked_where(x > 5, f)"
SLIPS = [
    Row("Grid(x).diffuse(x, f)", "mean must be a word, got ndarray; if it is the field, give it to the operator, as grid.diffuse(k)(f)", "Grid(x).diffuse(x)(x)[1:-1]", "np.ones(3)"),
    Row("gradient(f, t)", "(t - t[0]) / numpy.timedelta64(1, 's') with t = numpy.asarray(t, 'datetime64[s]')",
        f"(lambda t: gradient(f, (t - t[0]) / numpy.timedelta64(1, 's'), {E2}))(numpy.asarray(t, 'datetime64[s]'))", "slope / day", DATES),
    Row("gradient(f, np.array(t, 'S'))", "numpy.asarray(t, 'datetime64[s]')",
        f"(lambda t: gradient(f, (t - t[0]) / numpy.timedelta64(1, 's'), {E2}))(numpy.asarray(t, 'datetime64[s]'))", "slope / day", DATES),
    Row("gradient(f, ['0', '1', '3', '4', '6'])", "numpy.asarray(x, float)", f"gradient(f, numpy.asarray(['0', '1', '3', '4', '6'], float), {E2})", "slope"),
    Row("gradient(masked * ureg.K, x)", "give one quantity of the whole array, ureg.Quantity(masked, 'kelvin')", f"gradient(ureg.Quantity(masked, 'kelvin'), x, {E2})[:3].magnitude.filled(-1)", "slope[:3]", MASKED, "pint"),
    Row("gradient(f, (4, 0.5), (5, 0.1))", "(n, step) is for Grid: here give the step, 0.5", "gradient(f, 0.5, 0.1)[0]", "np.gradient(U, 0.5, 0.1)[0]", PLANE),
    # words where the field is missing, and names of other books
    Row("grid.hessian(accuracy=4)", "accuracy= is offered by Grid's gradient, derivative", "grid.derivative(1, 2, accuracy=2)(U)[0]", "np.full(5, 6.)"),
    Row("grid.hessian(mode='wrap')", 'Grid(x, boundary="reflect").hessian(f)', 'Grid(x, boundary="reflect").hessian(f)[1:-1]', "np.full(3, 2.)"),
    Row("grid.identity(accuracy=4)", "accuracy= is offered by Grid's gradient, derivative", "grid.derivative(1, 2, accuracy=2)(U)[0]", "np.full(5, 6.)"),
    Row("grid.identity()", "an operator needs a field: give it, op(f)", "grid.identity(U)", "U"),
    Row("diffuse(D=k, f=f)", "here it is k=", "diffuse(k=k, f=f)", "diffuse(1.0, U)", PLANE),
    *(Row(f"grid.diffuse({word}=2.0)", "here it is k=", "grid.diffuse(k=2.0)(U)", "grid.diffuse(2.0)(U)") for word in ["kappa", "nu", "alpha", "D"]),
    Row("grid.diffuse(U)(U, kappa=U)", "here it is k=", "grid.diffuse(2 * U)(U, k=U)", "grid.diffuse(U)(U)"),
    Row("grid.advect(u=[0, 2.0])", "here it is v=", "grid.advect(v=[0, 2.0])(U)[0]", "12 * Y"),
    Row("advect(u=[0, 2.0], f=U)", "here it is v=", f"advect([0, 2.0], U, X, Y, {E2})[0]", "12 * Y"),
    Row("grid.derivative()", "Grid.derivative() needs axis; it takes axis, order", "grid.derivative(axis=1)(U)[0]", "6 * Y"),
    Row("grid.mixed_derivative((0, 1))", "Grid.mixed_derivative() needs other; it takes axis, other", "grid.mixed_derivative(axis=0, other=1)(np.outer(X, Y))", "np.ones((4, 5))"),
    Row("grid.diffuse()", "Grid.diffuse() needs k; it takes k", "grid.diffuse(2.0)(U)[1:-1, 1:-1]", "np.full((2, 3), 16.)"),
    *(Row(f"{name}()", f"{name}() needs {field}; it takes {field}, axis", f"np.shape({name}({field}={value}, axis=(0, 1), periodic=True))[-2:]", "(4, 5)")
      for name, field, value in [("gradient", "f", "U"), ("laplacian", "f", "U"), ("mixed_derivative", "f", "U"), ("hessian", "f", "U"), ("gradient_norm", "f", "U"), ("gradient_squared", "f", "U"),
                                 ("divergence", "F", "[U, U]"), ("curl", "F", "[U, U]"), ("jacobian", "F", "[U, U]"), ("vector_laplacian", "F", "[U, U]")]),
    Row("diffuse(2.0)", "diffuse() needs f; it takes k, f, axis", "diffuse(k=2.0, f=U, axis=0)", "diffuse(2.0, U, axis=0)"),
    # words of the grid, with the operator that was asked for
    Row("line.gradient(edge_order=1)", "Grid(x, edge_order=1).gradient(f)", "Grid(x, edge_order=1).gradient(f)", "np.gradient(f, x)"),
    Row("grid.curl(F, periodic=True)", "Grid(x, y, periodic=True, period=360).curl(F)", "Grid(x, y, periodic=True, period=360).curl(F)", "curl(F, x, y, periodic=True, period=360)", PLANE),
    Row("grid.divergence(F, dx=1.0)", "Grid(x, y).divergence(F)", "Grid(x, y).divergence(F)[0]", "6 * y", PLANE),
    Row("grid.advect([1, 2], mode='wrap')", 'Grid(x, boundary="reflect").advect(v)(f)', 'Grid(x, boundary="reflect").advect(v)(f)[1:-1]', "slope[1:-1]", "v = 1.0"),
    Row("grid.derivative(0, edge_order=1)", "Grid(x, edge_order=1).derivative(0)(f)", "Grid(x, edge_order=1).derivative(0)(f)", "np.gradient(f, x)"),
    Row("grid.mixed_derivative(0, 1, bc='wrap')", 'Grid(x, y, boundary="reflect").mixed_derivative(0, 1)(f)', 'Grid(x, y, boundary="reflect").mixed_derivative(0, 1)(f)', "np.zeros((4, 5))", PLANE),
    *(Row(f"derivative(U, {step}, 1.0)", "an axis is named, derivative(f, x, axis=0)", "derivative(U, X, axis=0, edge_order=2)[:, 0]", "2 * X") for step in ("0", "np.int64(0)")),
    # names of other libraries
    Row("gg.grad(f, x)", "here it is gradient", f"gg.gradient(f, x, {E2})", "slope"),
    Row("gg.vorticity(F, x, y)", "here it is curl", "gg.curl(F, x, y)", "grid.curl(F)", PLANE),
    *(Row(f"grid.{word}(U)", f"a Grid has no attribute '{word}'; here it is {ours}", f"grid.{ours}(U)[0]", f"grid.{ours}(U)[0]")
      for word, ours in [("laplace", "laplacian"), ("magnitude", "gradient_norm")]),
    Row("gg.Dirichlet(1.0)", "here it is value", "Grid((3, 1.0), boundary=gg.value(1.0)).laplacian(np.zeros(3))[1]", "2.0"),
    Row("gg.CartesianGrid([[0, 1]], [8])", "here it is Grid", "gg.Grid((8, 0.125)).shape", "(8,)"),
    Row("gg.multiply(U)", "here it is Grid(x, y).multiply", "Grid(X, Y).multiply(U)(U)", "U**2", "x, y = X, Y"),
    Row("grid.set_boundary('x')", "Grid(x, boundary=gridgrad.value(0.0))", "Grid(x, boundary=gridgrad.value(0.0)).gradient(0 * x)", "np.zeros(5)"),
    Row("grid.to_sparse()", "operators have it, grid.laplacian.to_sparse", "grid.laplacian.to_sparse().shape", "(20, 20)"),
    Row("gg.gradeint(f, x)", "did you mean gradient?", f"gg.gradient(f, x, {E2})", "slope"),
    Row("gg.slope(U, X)", "the slope of samples is gradient_norm(f, x, y)", "gradient_norm(f, x, y)", f"np.hypot(*gradient(U, X, Y, {E2}))", "f, x, y = U, X, Y"),
    *(Row(f"gg.{word}(U)", "dzdy, dzdx = gradient(z, y, x), the steepest of which is gradient_norm(z, y, x)", f"np.hypot(*gradient(U, X, Y, {E2}))", "gradient_norm(U, X, Y)") for word in ("aspect", "hillshade")),
    *(Row(f"gg.{word}(2)", "gradient(f, x, workers=2)", "gradient(f, x, workers=2)", "gradient(f, x)") for word in ("set_num_threads", "set_threads")),
    Row("gradient(f, resolution=30.)", "a step or the coordinates of each axis: gradient(f, x, y)", "gradient(U, X, Y)[0]", "gradient(U, X, axis=0)"),
    Row("gradient(U, X, Y, sphere=True)", "here it is geometry=", "gradient(U, X, Y, geometry='sphere', boundary='one-sided')[0]", "Grid(X, Y, geometry='sphere', boundary='one-sided', edge_order=1).gradient(U)[0]"),
    Row("grid.bounds", "positions are grid.coordinates, as fields grid.mesh()", "grid.coordinates[0]", "X"),
    Row("gg.solve(grid.laplacian, U)", "Grid(x, y).laplacian.solve(b)", "Grid(X, Y, boundary=gg.value(1.0)).laplacian.solve(0 * U)", "np.ones((4, 5))"),
    Row("grid.x", "positions are grid.coordinates, as fields grid.mesh()", "grid.coordinates[0] + 0 * grid.mesh()[0][:, 0]", "grid.mesh()[0][:, 0]"),
    Row("grid.dx", "steps are grid.steps", "np.cumsum(grid.steps[0])", "grid.coordinates[0][1:] - grid.coordinates[0][0]"),
    Row("grid.size", "the lengths of a field are grid.shape", "grid.shape", "grid.identity(np.ones(grid.shape)).shape"),
    Row("grid.integrate(U)", "(grid.measure * f).sum()", "(grid.measure * f).sum()", "24.0", "f = np.ones((4, 5))"),
    Row("grid.area", "areas and volumes of cells are grid.measure", "grid.measure.sum()", "24.0"),
    # the field is to blame before the coefficients are
    *(Row(f"{made}(U.T)", "the field has shape (5, 4) with 5 points along axis -2, but the grid has shape (4, 5)", f"{made}(U.T.T)", f"{made}(U)")
      for made in ["grid.diffuse(U)", "grid.advect([U, U])"]),
    Row("grid.diffuse(np.ones((7, 8)))(U)", "k of shape (7, 8) does not broadcast to the field's shape (4, 5)", "grid.diffuse(np.ones((4, 5)))(U)", "grid.diffuse(1.0)(U)"),
    Row("grid.advect([0, U.T])(U)", "v[1] of shape (5, 4) does not broadcast to the field's shape (4, 5)", "grid.advect([0, np.full((4, 5), 2.)])(U)[0]", "12 * Y"),
    Row("grid.diffuse(U)(U, k=0.5)", "k=numpy.array(0.5)", "grid.diffuse(U)(U, k=numpy.array(0.5))[1:-1, 1:-1]", "np.full((2, 3), 4.)"),
    Row("grid.advect([0, U])(U, v=[0, 2.0])", "numpy.array(2.0) in its place", "grid.advect([0, U])(U, v=[0, numpy.array(2.0)])[0]", "12 * Y"),
    # axes and components, together or apart
    Row("grid.divergence(F)", "those along axis 1 are (f[:, 0], f[:, 1])", "grid.divergence((f[:, 0], f[:, 1]))[2]", "grid.divergence((2 * U, 3 * U))", "f = F = np.stack([[k * U, (k + 1) * U] for k in range(3)])"),
    *(Row(f"Grid({axes})", "axes go in one by one, Grid(*axes)", f"Grid(*{axes}).derivative(1)({field})[0]", value)
      for axes, field, value in [("[X, Y]", "U", "6 * Y"), ("(X, Y)", "U", "6 * Y"), ("[Y, Y]", "np.add.outer(Y, Y**2)", "2 * Y"), ("(Y, Y)", "np.add.outer(Y, Y**2)", "2 * Y")]),
    Row("advect(U, U, U, X, Y)", "give advect((u, v), f, x, y)", "advect((u, v), f, x, y)", "grid.with_mask(U > -1).advect([U, U])(U)", "u = v = f = U; x, y = X, Y"),
    Row("Grid(-np.abs(U - 9))", "if this is the field, a grid is made of coordinates, Grid(x, y)", "Grid(x, y).laplacian(U)", "np.full((4, 5), 8.)", "x, y = X, Y"),
    Row("curl(U, U, X, Y)", "give curl((u, v), x, y)", f"curl((u, v), x, y, {E2})", "(2 * X)[:, None] - 6 * Y", "u = v = U; x, y = X, Y"),
    Row("curl(U, U)", "give curl((u, v))", f"curl((u, v), {E2})", f"curl([U, U], {E2})", "u = v = U"),
    Row("divergence(U, U, X, Y)", "give divergence((u, v), x, y)", f"divergence((u, v), x, y, {E2})[0]", "6 * Y", "u = v = U; x, y = X, Y"),
    Row("gradient(np.stack([U, U]), X, Y)", "of some of the axes: axis=(-2, -1)", f"gradient(np.stack([U, U]), X, Y, axis=(-2, -1), {E2})[1][0, 0]", "6 * Y"),
    Row("gradient(U, Y)", "of some of the axes: axis=-1", f"gradient(U, Y, axis=-1, {E2})[0]", "6 * Y"),
    Row("gradient(U, X)", "of some of the axes: axis=-2", f"gradient(U, X, axis=-2, {E2})[:, 0]", "2 * X"),
    Row("gradient(np.stack([U, U], -1), X, Y)", "of some of the axes: axis=(-3, -2)", f"gradient(np.stack([U, U], -1), X, Y, axis=(-3, -2), {E2})[1][0, :, 0]", "6 * Y"),
    *(Row(call, "axis must be an int where one axis is meant, axis=0", "derivative(U, X, axis=0, edge_order=2)[:, 0]", "2 * X") for call in ("derivative(U, X, axis=(0,))", "grid.derivative([0])", "grid.faces((0,))")),
    Row("derivative(f, x, 2)", "an order is named, derivative(f, x, order=2)", "derivative(f, x, order=2)", "np.full(5, 2.)"),
    Row("Grid((4, 5), (1.0, 0.5))", "of a shape and steps it is Grid(*zip(shape, steps))", "Grid(*zip((4, 5), (1.0, 0.5))).shape", "(4, 5)"),
    Row("Grid(shape=(4, 5))", "an axis of a grid is its coordinates, or (n, step): Grid(x, (64, 0.1))", "Grid(x, (64, 0.1)).shape", "(5, 64)"),
    Row("laplacian(np.stack([U, U]), X, Y)", "of some of the axes: axis=(-2, -1)", "laplacian(np.stack([U, U]), X, Y, axis=(-2, -1))[1]", "np.full((4, 5), 8.)"),
    Row("derivative(U, X)", "they fit axis 0: axis=0", f"derivative(U, X, axis=0, {E2})[:, 0]", "2 * X"),
    Row("derivative(U, list(Y), axis=0)", "they fit axis 1: axis=1", f"derivative(U, list(Y), axis=1, {E2})[0]", "6 * Y"),
    *(Row(call, f"give {order}, in this order", typed, value, PLANE) for call, order, typed, value in [
        ("advect(f, (f, f), x, y)", "advect(v, f, x)", f"advect((f, f), f, x, y, {E2})[0]", "f[0] * 6 * y"),
        ("advect(f, (f, f))", "advect(v, f, x)", "advect((f, f), f)", "Grid((4, 1.0), (5, 1.0)).advect((f, f))(f)"),
        ("advect(f, [0, 2.0], x, y)", "advect(v, f, x)", f"advect([0, 2.0], f, x, y, {E2})[0]", "12 * y"),
        ("directional_derivative([0, 2.0], f, x, y)", "directional_derivative(f, v, x)", f"directional_derivative(f, [0, 2.0], x, y, {E2})[0]", "12 * y"),
        ("directional_derivative((f, f), f, x, y)", "directional_derivative(f, v, x)", f"directional_derivative(f, (0, 2.0), x, y, {E2})[0]", "12 * y"),
        ("diffuse(f, 0.1)", "diffuse(k, f, x)", "diffuse(0.1, f, x, y)", "0.1 * diffuse(1.0, f, x, y)"),
    ]),
    # names of ends in other spellings
    *(Row(f"gradient(f, x, boundary={name!r}, {E2})", f'did you mean "{meant}"?', f"gradient(f, x, boundary={meant!r}, {E2})[1:-1]", "slope[1:-1]")
      for name, meant in [("one_sided", "one-sided"), ("one sided", "one-sided"), ("Reflect", "reflect"), ("antireflekt", "antireflect"), ("Symmetric", "symmetric")]),
    Row("gradient(f, 30.0, boundary='Periodic')", 'did you mean "periodic"?', "gradient(f, 30.0, boundary='periodic')", "wave", ROUND),
    Row("gradient(f, boundary='outflow')", 'rows that end at the last point are "one-sided" here', "gradient(f, boundary='one-sided')", "np.gradient(f)"),
    *(Row(f"gradient(f, boundary={word!r})", 'for a slope of 0 the mirror at the end point is "reflect", ', "gradient(f, boundary='reflect')", "np.gradient(np.pad(f, 1, 'reflect'))[1:-1]") for word in ("insulated", "zero gradient")),
    Row("gradient(f, cellsize=30.)", "here it is spacing=", "gradient(f, spacing=30.)", "np.gradient(f, 30.)"),
    Row("gradient(f, boundary='no flux')", 'for a slope of 0 the mirror at the end point is "reflect", ', "gradient(f, boundary='reflect')", "np.gradient(np.pad(f, 1, 'reflect'))[1:-1]"),
]  # fmt: skip
ROWS = SLIPS
