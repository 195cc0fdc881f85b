"""What the errors about fields of operators, files, units and subclasses tell the user to type, and its value."""

from remedies import E2, ROUND, TENSOR, Row
from remedies_functions import AD

VELOCITY = "u, v = 0 * U, 0 * U + 2; "
MATRIX = "(line.laplacian.to_sparse().T @ (f + 273.15))"
IN_JAX = "import jax; J = jax.numpy.asarray(f); A = line.gradient; "
FIELDS = [
    Row("gradient(jax.ShapeDtypeStruct((5,), 'float32'), x)", "trace the call, jax.eval_shape(A, f)", "jax.eval_shape(A, jax.ShapeDtypeStruct((5,), 'float32')).shape", "(5,)", IN_JAX, "jax"),
    Row("gradient(jax.new_ref(J), x)", "read it, f[...]", "np.asarray(gradient(jax.new_ref(J)[...], x, edge_order=2))", "slope", IN_JAX, "jax"),
    Row("jax.export.export(jax.jit(gradient))(jax.ShapeDtypeStruct(jax.export.symbolic_shape('n, m'), 'float32'))", "leave only axes of batches open, jax.export.symbolic_shape('b, 40, 50'), and name the others, axis=(1, 2)",
        "jax.export.export(jax.jit(lambda f: gradient(f, axis=(1, 2))))(jax.ShapeDtypeStruct(jax.export.symbolic_shape('b, 40, 50'), 'float32')).out_avals[1].shape[1:]", "(40, 50)", IN_JAX, "jax"),
    Row("jax.export.export(jax.jit(S))(jax.ShapeDtypeStruct(jax.export.symbolic_shape('b, 5'), 'float32'))", "solve outside of what is exported",
        "np.asarray(S(J))", "S(f)", IN_JAX + "S = (line.identity - line.laplacian).solver()", "jax"),
    Row("line.diffuse(x + 1)(T)", "convert them to one, torch.asarray(k)", "line.diffuse(torch.asarray(x + 1))(T).numpy()", "line.diffuse(x + 1)(x**2)", TENSOR, "torch"),
    Row("line.diffuse(V + 1)(T.to('meta'))", "bring all to one, k.to('meta')", "tuple(line.diffuse((V + 1).to('meta'))(T.to('meta')).shape)", "(5,)", TENSOR, "torch"),
    Row("Grid(x, dtype='x')", "dtype must be numpy.float64 or numpy.longdouble, got 'x'", "Grid(x, dtype=numpy.float64).gradient(f)", "slope"),
    Row("grid.advect([U, U])(U, v=(1.0, U))", "give an array, also a 0-dimensional one", "grid.advect([U, U])(U, v=(np.zeros((4, 5)), np.full((4, 5), 2.)))[0]", "12 * Y"),
    Row("grid.advect([U, U])(U, v=(1.0, U))", "also a 0-dimensional one of the library of f", "grid.advect([U, U])(U, v=(np.array(0.), np.array(2.)))[0]", "12 * Y"),
    Row("grid.advect([0, 10**400])", "a velocity given as numbers must be finite", "grid.advect([0, 2.0])(U)[0]", "12 * Y"),
    Row("(lambda b: b * grid.advect([u, v]))(np.timedelta64(120, 's'))", "b / numpy.timedelta64(1, 's')", "(lambda b: (b * grid.advect([u, v])))(np.timedelta64(120, 's') / np.timedelta64(60, 's'))(U)[0]", "24 * Y", VELOCITY),
    Row("grid.diffuse(np.full((4, 5), 2, 'm8[s]'))", "k / numpy.timedelta64(1, 's')", "(lambda k: grid.diffuse(k / np.timedelta64(1, 's')))(np.full((4, 5), 2, 'm8[s]'))(U)[1:-1, 1:-1]", "np.full((2, 3), 16.)"),
    Row("gradient(f, 3600 * np.arange(5.), periodic=True, period=np.timedelta64(5, 'h'))", "period / np.timedelta64(1, 's')",
        "gradient(f, 3600 * np.arange(5.), periodic=True, period=np.timedelta64(5, 'h') / np.timedelta64(1, 's'))[1:-1]", "(f[2:] - f[:-2]) / 7200"),
    Row("grid.diffuse(2.0)(U, k=U)", "make the operator with arrays to give others later", "grid.diffuse(U)(U, k=np.full((4, 5), 2.))[1:-1, 1:-1]", "np.full((2, 3), 16.)"),
    Row("(grid.advect([u, v]) + grid.advect([v, u]))(U, v=[u, v])", "apply each with its own and combine the results", "(grid.advect([v, v])(U, v=[u, v]) + grid.advect([v, u])(U, v=[u, u]))[0]", "12 * Y", VELOCITY),
    Row("(grid.advect([u, v]) + grid.advect([v, u]))(U, v=[u, v])", "or make the operator anew", "(grid.advect([u, v]) + grid.advect([u, v]))(U)[0]", "24 * Y", VELOCITY),
    Row("grid.advect([0, u])(U, v=[1.5, u])", "give that again", "grid.advect([0, u])(U, v=[0, v])[0]", "12 * Y", VELOCITY),
    Row("grid.advect([1.5, u])(U, v=[v, u])", "an array there, numpy.full(grid.shape, 1.5)", "grid.advect([numpy.full(grid.shape, 1.5), u])(U, v=[u, v])[0]", "12 * Y", VELOCITY),
    Row("grid.laplacian(U, v=[0, 2.0])", "an operator has a velocity from where it was made: grid.advect((u, v))(f)", "grid.advect((u, v))(U)[0]", "12 * Y", VELOCITY),
    Row("grid.advect([0, U])(U, k=2.0)", "an operator has a diffusivity from where it was made: grid.diffuse(k)(f)", "grid.diffuse(k)(U)[1:-1, 1:-1]", "np.full((2, 3), 16.)", "k = 2.0"),
    Row("grid.advect([0, U])(U, velocity=[u, v])", "here it is v=", "grid.advect([v, U])(U, v=[u, v])[0]", "12 * Y", VELOCITY),
    Row("line.derivative(0).adjoint(f, wieght='quadrature')", 'grid.gradient.adjoint(g, weight="quadrature")', 'line.gradient.adjoint(f, weight="quadrature")',
        "(line.gradient.to_sparse().T @ (line.measure * f)) / line.measure"),
    Row("line.laplacian(f, spacng=x)", "the grid has it from where it was made: Grid(x).laplacian(f)", "Grid(x).laplacian(f)", "np.full(5, 2.)"),
    Row("(grid.laplacian @ grid.identity + grid.identity)(U, out=np.empty((4, 5), 'f4'))", "has dtype float64; give an array of that dtype",
        "(grid.laplacian @ grid.identity + grid.identity)(U, out=np.empty((4, 5), 'float64'))", "8 + U"),
    Row("Grid(X, Y, axes=(1, -2)).diffuse(np.ones((1, 4, 5))).to_sparse()", "count all axes from the same end", "(Grid(X, Y, axes=(1, 2)).diffuse(np.full((1, 4, 5), 2.)).to_sparse() @ U.ravel()).reshape(4, 5)[1:-1, 1:-1]", "np.full((2, 3), 16.)"),
    Row("grid.diffuse(np.ma.array(np.ones((4, 5)), mask=U > 80)).to_sparse()", "numpy.ma.filled(k, 0.0)",
        "(grid.diffuse(numpy.ma.filled(np.ma.array(np.ones((4, 5)), mask=U > 200), 0.0)).to_sparse() @ U.ravel()).reshape(4, 5)[1:-1, 1:-1]", "np.full((2, 3), 8.)"),
    Row("(line.identity + line.laplacian @ line.diffuse(np.ma.array(x)))(f, out=np.empty(5))", "and cannot carry the mask of the result; give a masked array",
        "(line.identity + line.laplacian @ line.diffuse(np.ma.array(x)))(f, out=np.ma.empty(5))", "f + (line.laplacian @ line.diffuse(x))(f)"),
    Row("op.to_sparse()", "apply it, op(f)", "op(f * 1e-300)", "np.full(5, 2e8)", "op = line.laplacian * 1e308"),
    Row("op.to_linear_operator('x')", "dtype must be a type of numbers, numpy.float64 for example", "op.to_linear_operator(numpy.float64) @ f", "np.full(5, 2.)", "op = line.laplacian"),
    Row("op.to_sparse()", "or in a solver use op.to_linear_operator()", "op.to_linear_operator() @ (f * 1e-300)", "np.full(5, 2e8)", "op = line.laplacian * 1e308"),
]  # fmt: skip

OWN = "B = type('B', (np.ndarray,), {'__module__': 'own'}); "
FOREIGN = [
    Row("gradient(x.view(B))", "give numpy.asarray(f)", "gradient(numpy.asarray(x.view(B)))", "np.gradient(x)", OWN),
    Row("gradient(f, x.view(B))", "give its numbers, numpy.asarray(x)", f"gradient(f, numpy.asarray(x.view(B)), {E2})", "slope", OWN),
    Row("gradient(np.ma.array(x.view(B), mask=x == 6))", "give numpy.ma.array(numpy.asarray(f.data), mask=f.mask)",
        "(lambda f: gradient(numpy.ma.array(numpy.asarray(f.data), mask=f.mask)))(np.ma.array(x.view(B), mask=x == 6)).filled(-1)[:3]", "np.gradient(x)[:3]", OWN),
    Row("gradient(f, z)", "give its numbers, x[:]", f"gradient(f, z[:], {E2})", "slope", "import zarr; z = zarr.array(x)", "zarr"),
    Row("gradient([z, z])", "give their numbers, f[0][:] and so on", "gradient([z[:], z[:]], axis=1)[0]", "np.gradient(x)", "import zarr; z = zarr.array(x)", "zarr"),
    Row("gradient(h, x)", "give its numbers, f[:]", f"gradient(h[:], x, {E2})", "slope", "import h5py; h = h5py.File('h', 'w', driver='core', backing_store=False).create_dataset('v', data=f)", "h5py"),
    Row("gradient(v, x)", "give its numbers, f[:]", f"gradient(v[:], x, {E2})[:3].filled(-1)", "slope[:3]",
        "import netCDF4; file = netCDF4.Dataset('v', 'w', memory=1024); file.createDimension('x', 5); v = file.createVariable('v', 'f8', ('x',)); v[:] = np.ma.array(f, mask=x == 6)", "netCDF4"),
]  # fmt: skip

EVERY = "import dask.array; c = dask.array.from_array(f, chunks=5); every = lambda b: b[::2]; "
PINT = "import pint; u = pint.UnitRegistry(); q = u.Quantity; "
ASTROPY = "import astropy.units as u; "
LABELLED = PINT + "import xarray; d = xarray.DataArray(q(x, 'km'), dims='x'); "
IN_TORCH = PINT + "import torch; T = torch.tensor(f); "
UNITS = [
    Row("gridgrad.Grid(q(x, 'm')).laplacian((x**2).astype('m8[s]'))", "f / numpy.timedelta64(1, 's'), as a quantity in seconds where axes have units",
        "gridgrad.Grid(q(x, 'm')).laplacian(q((x**2).astype('m8[s]') / numpy.timedelta64(1, 's'), 's')).to('s / m**2').magnitude", "np.full(5, 2.)", PINT, "pint"),
    Row("gradient(c.map_blocks(every, dtype=float), x).compute()", "has the shape (3,), and the array says (5,); say what the function makes of each chunk, f.map_blocks(function, chunks=...)",
        "gradient(c.map_blocks(every, dtype=float, chunks=((3,),)), x[::2]).compute()", "np.gradient(f[::2], x[::2])", EVERY, "dask"),
    Row("gradient(c.map_blocks(every, dtype=float), x).compute()", "or have it found, f.compute_chunk_sizes()", "gradient(c.map_blocks(every, dtype=float).compute_chunk_sizes(), x[::2]).compute()", "np.gradient(f[::2], x[::2])", EVERY, "dask"),
    Row("gridgrad.torch.gradient(T, spacing=q(2.0, 'km'))", "give its numbers, x.magnitude", "gridgrad.torch.gradient(T, spacing=q(2.0, 'km').magnitude)[0].numpy()", "np.gradient(f, 2.)", IN_TORCH, "pint torch"),
    Row("gridgrad.torch.gradient(T, spacing=[list(q(x, 'km'))])", "give its numbers, [s.magnitude for s in x]",
        "gridgrad.torch.gradient(T, spacing=[torch.tensor([s.magnitude for s in q(x, 'km')])], edge_order=2)[0].numpy()", "slope", IN_TORCH, "pint torch"),
    Row("gradient(f, d)", "give its numbers, x.data.magnitude", f"gradient(f, d.data.magnitude, {E2})", "slope", LABELLED, "pint xarray"),
    Row("gradient(f, list(d))", "give its numbers, [s.data.magnitude for s in x]", f"gradient(f, [s.data.magnitude for s in list(d)], {E2})", "slope", LABELLED, "pint xarray"),
    Row("line.laplacian([d, d])", "give their numbers, [s.data.magnitude for s in f]", "gradient([s.data.magnitude for s in [d, d]], axis=1)[0]", "np.gradient(x)", LABELLED, "pint xarray"),
    Row("line.identity + q(3.0, 's') * line.laplacian", "add what they give, f + dt * L(f)", "(q(f, 's') + q(3.0, 's') * line.laplacian(f)).magnitude", "f + 6", PINT, "pint"),
    Row("gradient(f, q(x, 'K'), periodic=True, period=q(9., 'degC'))", "for example 'K'", "gradient(f, q(x, 'K'), periodic=True, period=q(9., 'K')).magnitude",
        "gradient(f, x, periodic=True, period=9.)", PINT, "pint"),
    Row("torch.compile(lambda f: line.diffuse(np.ones(5))(f), backend='eager', fullgraph=True)(T)", "make a tensor of it, or make what holds it outside",
        "torch.compile(lambda f: line.diffuse(torch.ones(5, dtype=T.dtype))(f), backend='eager', fullgraph=True)(T).numpy()", "line.diffuse(np.ones(5))(f)", TENSOR, "torch"),
    Row("torch.compile(lambda f: laplacian(f, 1.0, boundary=W), backend='eager', fullgraph=True)(T)", "give the array at the call: grid.laplacian(f, inflow=v)",
        "Grid((5, 1.0), boundary=gridgrad.value(0.0, name='inflow')).laplacian(T, inflow=torch.ones(())).numpy()", "Grid((5, 1.0), boundary=gridgrad.value(1.0)).laplacian(f)", TENSOR + "import gridgrad; W = gridgrad.value(torch.ones(()))", "torch"),
    Row("torch.compile(lambda f: Q.laplacian(f), backend='eager', fullgraph=True)(T)", "call the operator outside, or make the grid of numbers", "Q.laplacian(f).magnitude",
        "np.full(5, 2.)", PINT + TENSOR + "Q = Grid(q(x, 'km'))", "pint torch"),
    Row("torch.compile(lambda f: Q.laplacian(f), backend='eager', fullgraph=True)(T)", "or make the grid of numbers",
        "torch.compile(lambda f: line.laplacian(f), backend='eager', fullgraph=True)(T).numpy()", "np.full(5, 2.)", PINT + TENSOR + "Q = Grid(q(x, 'km'))", "pint torch"),
    # periods, outputs, sums
    Row("gradient(F, q(lat, 's'), q(t, 'km'), periodic=True, period=q(360., 'km'))", "give one for each, None where it does not repeat",
        "gradient(F, q(lat, 's'), q(t, 'km'), periodic=[False, True], period=[None, q(360., 'km')])[1].to('1/km').magnitude[0]", "wave", ROUND + PINT, "pint"),
    Row("gradient(f, q(t, 'km'), periodic=True, period=360.)", "give both with one", "gradient(f, q(t, 'km'), periodic=True, period=q(360., 'km')).to('1/km').magnitude", "wave", ROUND + PINT, "pint"),
    Row("gradient(f, q(t, 'km'), periodic=True, period=360.)", "or none", "gradient(f, t, periodic=True, period=360.)", "wave", ROUND + PINT, "pint"),
    Row("gradient(q(f, 'K'), q(x, 'km'), out=np.empty(5))", "give one in that unit", f"gradient(q(f, 'K'), q(x, 'km'), {E2}, out=q(np.empty(5), 'K/km')).to('K/km').magnitude", "slope", PINT, "pint"),
    Row("gradient(q(f, 'K'), q(x, 'km'), out=np.empty(5))", "or leave out= away", f"gradient(q(f, 'K'), q(x, 'km'), {E2}).to('K/m').magnitude", "slope / 1000", PINT, "pint"),
    Row("gradient(U, q(X, 's'), q(Y, 'm'), out=np.empty((2, 4, 5)))", "give a sequence with one for each",
        f"gradient(U, q(X, 's'), q(Y, 'm'), {E2}, out=[q(np.empty((4, 5)), '1/s'), q(np.empty((4, 5)), '1/m')])[1].to('1/m').magnitude[0]", "6 * Y", PINT, "pint"),
    Row("Grid(q(X, 'km'), q(Y, 'm')).laplacian(U)", "in one unit, converted with to()", "Grid(q(X, 'km').to('m'), q(Y, 'm')).laplacian(U).to('1/m**2').magnitude", "np.full((4, 5), 6 + 2e-6)", PINT, "pint"),
    Row("grid.advect([q(0., 'm/s'), q(2., 'km/s')])(U)", "(and the components of a vector) in one unit, converted with to()", "grid.advect([q(0., 'm/s'), q(2., 'km/s').to('m/s')])(U).to('m/s').magnitude[0]", "12000 * Y", PINT, "pint"),
    Row("(L.derivative(0) + L.laplacian)(f)", "make the grid of numbers", "(lambda L: L.derivative(0) + L.laplacian)(Grid(q(x, 'km').magnitude))(f)", "slope + 2", PINT + "L = Grid(q(x, 'km'))", "pint"),
    Row("Grid(q(x, 'km')).laplacian.to_sparse()", "make it of their numbers (x.magnitude of pint", "Grid(q(x, 'km').magnitude).laplacian.to_sparse() @ f", "np.full(5, 2.)", PINT, "pint"),
    Row("Grid(x * u.km).laplacian.to_linear_operator()", "x.value of astropy and unyt)", "Grid((x * u.km).value).laplacian.to_linear_operator() @ f", "np.full(5, 2.)", ASTROPY, "astropy"),
    # what units are
    Row("gradient(f, list(q(x[:4], 'km')) + [q(6000., 'm')])", "convert them to one, with to()", f"gradient(f, [s.to('km') for s in list(q(x[:4], 'km')) + [q(6000., 'm')]], {E2}).to('1/km').magnitude", "slope", PINT, "pint"),
    Row("gradient(q(f, 'K'), 2 * a.km)", "give all quantities in one", "gradient(q(f, 'K'), q((2 * a.km).value, 'km')).to('K/km').magnitude", "np.gradient(f, 2.)", PINT + "import astropy.units as a", "pint astropy"),
    Row("line.laplacian.T(q(f, 'degC'))", "convert it to an absolute unit, for example with to('K')", "line.laplacian.T(q(f, 'degC').to('K')).to('K').magnitude", MATRIX, PINT, "pint"),
    Row("gradient(q(f, 'dBm'), q(2., 'km'))", "convert it to a linear unit, with to()", "gradient(q(f, 'dBm').to('mW'), q(2., 'km')).to('mW/km').magnitude", "np.gradient(10 ** (f / 10), 2.)", PINT, "pint"),
    Row("gradient(f * u.mag, 2 * u.km)", "or give its numbers (f.magnitude of pint, f.value of astropy and unyt)", "gradient((f * u.mag).value, 2 * u.km).to('1/m').value", "np.gradient(f, 2000.)", ASTROPY, "astropy"),
    Row("gradient(m, 2 * u.km)", "give f and the spacing without units, x.value", "gradient(m, (2 * u.km).value)[:3].filled(-1)", "np.gradient(f, 2.)[:3]", ASTROPY + "m = np.ma.array(f, mask=x == 6)", "astropy"),
    Row("gradient(m, 2 * u.km)", "or f as a plain NumPy array of numbers", "gradient(m.data, 2 * u.km).to('1/m').value", "np.gradient(f, 2000.)", ASTROPY + "m = np.ma.array(f, mask=x == 6)", "astropy"),
]  # fmt: skip

IN_FUNCTIONS = [
    Row("ad.gradient(lambda x: x**2, q(x, 'km'))", "give the numbers, x.magnitude of pint, x.value of astropy and unyt, and multiply the units to the result",
        "(ad.gradient(lambda x: x**2, q(x, 'km').magnitude) * u.km).to('m').magnitude", "slope * 1000", AD + PINT, "pint"),
    Row("ad.gradient(lambda x: k * x, x)", "(k.magnitude * x if k is a quantity with a unit)", "ad.gradient(lambda x: k.magnitude * x, x)", "np.full(5, 2.)", AD + PINT + "k = q(2.0, 'm')", "pint"),
    Row("ad.gradient(lambda x: k * x, x)", "compute with plain arrays: numpy.asarray(k) * x for k * x", "ad.gradient(lambda x: numpy.asarray(k) * x, x)", "x", AD + "import xarray; k = xarray.DataArray(x, dims='x')", "xarray"),
    Row("ad.gradient(lambda x: x * k, x)", "k.magnitude (pint)", "ad.gradient(lambda x: x * k.magnitude, x)", "np.full(5, 2.)", AD + PINT + "k = q(2.0, 'm')", "pint"),
    Row("ad.gradient(lambda x: k * x, x)", "or k.value (astropy, unyt) for k", "ad.gradient(lambda x: k.value * x, x)", "np.full(5, 2.)", AD + ASTROPY + "k = 2 * u.m", "astropy"),
    Row("ad.gradient(lambda x: x * k, x)", "compute with k.filled(numpy.nan) for k", "ad.gradient(lambda x: x * k.filled(numpy.nan), x)", "np.array([0, 1, np.nan, 4, 6])", AD + "k = np.ma.array(x, mask=x == 3)"),
    Row("ad.gradient(lambda x: np.interp(x, [0, 2, 1], [0, 1, 2]), x)", "give xp[order] and fp[order] with order = numpy.argsort(xp)",
        "(lambda xp, fp, order: ad.gradient(lambda t: np.interp(t, xp[order], fp[order]), 0.5))(np.array([0., 2, 1]), np.array([0., 4, 2]), np.argsort([0, 2, 1]))", "2.0", AD),
    Row("ad.gradient(np.square, (5, 0.5))", "give numpy.arange(5) * 0.5 for that", "ad.gradient(np.square, numpy.arange(5) * 0.5)", "np.arange(5.)", AD),
    Row("ad.gradient(np.square, (5, 0.5))", "or a list for two coordinates, [5, 0.5]", "ad.gradient(np.square, [5, 0.5])", "np.array([10., 1.])", AD),
    Row("ad.gradient(torch.special.bessel_j0, V)", "use engine='jet' with the function of scipy.special", "ad.gradient(scipy.special.j0, V, engine='jet').numpy()", "-scipy.special.j1(x)", AD + "import torch, scipy.special; V = torch.tensor(x)", "torch"),
    Row("ad.gradient(torch.special.bessel_j0, V)", "or write it with functions that have one", "ad.gradient(torch.sin, V).numpy()", "np.cos(x)", AD + "import torch; V = torch.tensor(x)", "torch"),
    Row("ad.gradient(lambda x: x.detach() ** 2, V)", "leave that out", "ad.gradient(lambda x: x**2, V).numpy()", "slope", AD + "import torch; V = torch.tensor(x)", "torch"),
    Row("ad.gradient(lambda x: x.detach() ** 2, V)", "or use engine='jet' with functions of NumPy and scipy.special", "ad.gradient(lambda x: np.square(x), V, engine='jet').numpy()", "slope", AD + "import torch; V = torch.tensor(x)", "torch"),
    Row("ad.gradient(lambda x: x if np.isscalar(x) else 2 * x, 3.0)", "Write numpy.ndim(x) == 0 for numpy.isscalar(x)", "ad.gradient(lambda x: x if numpy.ndim(x) == 0 else 2 * x, 3.0)", "1.0", AD),
]  # fmt: skip
QUINTIC = "x = np.array([0., 1, 3, 4, 6, 7, 9]); line = Grid(x); f = x**5; "
CARRIED = "u, v, f, x, y = X[:, None] / 2 + 0 * U, 0 * U, 2 * X[:, None] + 0 * U, X, Y"
OPTIONS = [
    Row("line.laplacian(accuracy=4)", "accuracy= is an option of the operator, not of its call: grid.laplacian.with_(accuracy=4)",
        "grid.laplacian.with_(accuracy=4)(f)", "20 * x**3", QUINTIC + "grid = line"),
    *(Row(f"{call}(f, accuracy=4)", f"{made}.with_(accuracy=4)(f)", f"{made}.with_(accuracy=4)(f)", value, QUINTIC + "grid = line; v = 2.0; k = 0 * f + 2")
      for call, made, value in [("line.laplacian", "grid.laplacian", "20 * x**3"), ("line.gradient", "grid.gradient", "grid.derivative(0, accuracy=4)(f)"),
                                ("line.derivative(0)", "grid.derivative(0)", "grid.derivative(0, accuracy=4)(f)"), ("line.advect(2.0)", "grid.advect(v)", "grid.advect(2.0, accuracy=4)(f)"),
                                ("line.directional_derivative(k)", "grid.directional_derivative(v)", "grid.advect(2.0, accuracy=4)(f)")]),
    Row("grid.divergence([U, U], accuracy=2)", "grid.divergence.with_(accuracy=2)(F)", "grid.divergence.with_(accuracy=2)(F)", "divergence([U, U], X, Y, accuracy=2)", "F = [U, U]"),
    Row("line.laplacian(f, form='conservative', accuracy=None)", "form= and accuracy= are options of the operator, not of its call: grid.laplacian.with_(form='conservative', accuracy=None)(f)",
        "grid.laplacian.with_(form='conservative', accuracy=None)(f)", "laplacian(f, x, form='conservative')", "grid = line"),
    Row("(line.laplacian @ line.laplacian).with_(accuracy=4)", "accuracy= is offered by Grid's gradient, derivative", "(line.laplacian.with_(accuracy=4) @ line.laplacian)(x)", "0 * x", QUINTIC),
    Row("(line.laplacian @ line.laplacian).with_(accuracy=4)", "gradient_norm and gradient_squared: grid.laplacian.with_(accuracy=4)", "grid.laplacian.with_(accuracy=4)(f)", "20 * x**3", QUINTIC + "grid = line"),
    Row("grid.advect([U, U], form='conservative')", "advection in flux form is grid.divergence((u * f, v * f))", "grid.divergence((u * f, v * f))", "2 * X[:, None] + 0 * U", CARRIED),
    Row("gg.advect([U, U], U, form='conservative')", "advection in flux form is divergence((u * f, v * f), x, y)", "divergence((u * f, v * f), x, y)", "2 * X[:, None] + 0 * U", CARRIED),
    Row("grid.diffuse([[U, 0 * U], [0 * U, U]])(U)", 'a tensor k[a][b] is grid.diffuse(k, form="tensor")', 'grid.diffuse(k, form="tensor")(U)', "grid.diffuse(1.0)(U)", "k = [[1 + 0 * U, 0 * U], [0 * U, 1 + 0 * U]]"),
    Row("line.diffuse(f).with_(form='wide')", 'the laplacian has forms: grid.laplacian.with_(form="conservative")', 'grid.laplacian.with_(form="conservative")(f)', "laplacian(f, x, form='conservative')", "grid = line"),
    Row("line.laplacian.with_(acc=4)", "here it is accuracy=", "line.laplacian.with_(accuracy=4)(f)", "20 * x**3", QUINTIC),
    Row("line.laplacian.with_(workers=1)", "the number of threads is given with the field: grid.laplacian(f, workers=1)", "grid.laplacian(f, workers=1)", "np.full(5, 2.)", "grid = line"),
]  # fmt: skip

STEP = "import scipy; A = line.identity - 0.1 * line.laplacian; b = A(f); g = x; "
ELSEWHERE = [
    *(Row(f"A.{name}", "A.to_sparse().toarray()", "A.to_sparse().toarray() @ f", "b", STEP) for name in ["to_dense()", "toarray()", "todense()"]),
    *(Row(f"{call}(A)", "an operator is no array; its dense matrix is A.to_sparse().toarray(), and what it makes of a field A(f)", "A.to_sparse().toarray() @ f", "A(f)", STEP) for call in ("np.array", "np.asarray")),
    Row("A.to_spars()", "did you mean to_sparse?", "A.to_sparse() @ f", "b", STEP),
    Row("A.H", "applied to a field A.adjoint(g)", "A.adjoint(g)", "A.to_sparse().toarray().T @ g", STEP),
    Row("A.H", "and as an operator A.adjoint_operator()", "A.adjoint_operator()(g)", "A.T(g)", STEP),
    Row("(A @ A).apply(f)", "apply it by calling it, A(f)", "A(f)", "b", STEP),
    Row("A.dot(f)", "apply it by calling it, A(f)", "A(f)", "b", STEP),
    Row("A.dot(f)", "and its matrix to a flat vector by A.matvec(x)", "A.matvec(f.ravel())", "b", STEP),
    *(Row(call, "its matrix times a flat vector is op.matvec(x)", "op.matvec(f)", "b", STEP + "op = A") for call in ("A @ f", "A @ A.to_sparse()")),
    *(Row(f"A.{name}", "its matrix is A.to_sparse(), an array of scipy.sparse", "A.to_sparse() @ f", "b", STEP) for name in ("to_matrix()", "tocsr()", "diagonal()")),
    *(Row("scipy.sparse.linalg.eigsh(A)", "scipy.sparse.linalg.eigsh takes A.to_sparse() or A.to_linear_operator()", f"scipy.sparse.linalg.eigsh({typed}, 1, which='SA')[0]", "[1.0]",
          "import scipy.sparse.linalg; A = Grid((5, 1.), boundary='symmetric'); A = A.identity - A.laplacian") for typed in ("A.to_sparse()", "A.to_linear_operator()")),
    Row("A.with_fields(v=f)", "another velocity is A.with_(v=v)", "A.with_(v=v)(f)", "2 * line.gradient(f)", "A = line.advect(x); v = 0 * x + 2"),
]  # fmt: skip
ROWS = [*OPTIONS, *ELSEWHERE, *FIELDS, *FOREIGN, *UNITS, *IN_FUNCTIONS]
