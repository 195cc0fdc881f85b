"""What errors tell the user to type where something of another kind came: files, sets, grids, tracers, fields in the place of vectors; and its value."""

from remedies import E2, Row

FIELD = "import os, tempfile; path = os.path.join(tempfile.mkdtemp(), 'u.npy'); np.save(path, f)"
FILE = "no file is read here: open it first, numpy.load(path) for example"
FILES = [
    *(Row(call, FILE, "gradient(numpy.load(path), x, edge_order=2)", "slope", FIELD)
      for call in ("gradient(path)", "gradient(__import__('pathlib').Path(path))", "gradient(path.encode())", "laplacian(path, x)", "line.laplacian(path)", "line.multiply(path)", "line.diffuse(path)")),
    Row("gradient(path)", "xarray.open_dataset(path)['u'] of a variable 'u' of NetCDF", "gradient(xarray.open_dataset(path)['u'], edge_order=2).values", "slope",
        "import os, tempfile, xarray; path = os.path.join(tempfile.mkdtemp(), 'u.nc'); xarray.DataArray(f, {'x': x}, name='u').to_netcdf(path)", "netCDF4 xarray"),
]  # fmt: skip
ARRAY = "not an array; give an array, a list or a tuple of numbers"
KINDS = [
    *(Row(f"gradient({given}, x)", ARRAY, f"gradient(list(f), x, {E2})", "slope") for given in ("set(f)", "np", "...", "slice(5)")),
    *(Row(f"gradient({given}, x)", "not an array; give list(f)", f"gradient(list(f), x, {E2})", "slope", f"f = {given}") for given in ("iter(f)", "(v for v in f)", "map(float, f)")),
    Row("laplacian({'u': f})", "it has arrays by name: give one of them, f['u'] for example", "laplacian(f['u'], x)", "np.full(5, 2.0)", "f = {'u': f}"),
    *(Row("laplacian(f)", "not an array; give what it computes, f.compute()", f"laplacian(f.compute({more}), x)", "np.full(5, 2.0)", f"import dask, dask.bag; f = {given}", "dask")
      for given, more in (("dask.delayed(f)", ""), ("dask.bag.from_sequence(f)", "scheduler='synchronous'"))),
    Row("gradient(m)", "give NaN in its place, f.to_tensor(float('nan')), and missing=\"one-sided\" where it is not to be read",
        "gradient(m.to_tensor(float('nan')), x, edge_order=2, missing='one-sided')[:3]", "slope[:3]", "import torch; m = torch.masked.masked_tensor(torch.tensor(f), torch.tensor(x < 5))", "torch"),
    Row("gradient(f, t)", "a tensor of numbers has dtype torch.float8_e4m3fn; convert it, for example x.to(torch.float32)",
        f"gradient(f, t.to(torch.float32), {E2})", "slope", "import torch; f = torch.tensor(f); t = torch.tensor(x).to(torch.float8_e4m3fn)", "torch"),
    Row("laplacian(f, t, missing='one-sided', boundary=[(gridgrad.value(f[0]), None)])", "whose coordinate is NaN; give the position of the wall",
        "laplacian(f, x, missing='one-sided', boundary=[(gridgrad.value(f[0]), None)])", "np.full(5, 2.0)", "t = x.astype(float); t[0] = np.nan"),
    # operators and grids in the place of fields
    *(Row(call, "operators are applied to fields, A(B(u)), and to each other as A @ B", typed, "8 + 0 * U", "A, B, u = grid.laplacian, grid.identity, U")
      for call in ("grid.divergence(A)", "laplacian(B)", "A(B)", "grid.multiply(A)") for typed in ("A(B(u))", "(A @ B)(u)")),
    Row("grid.divergence(grid)", "a grid has operators of its own, applied to a field: grid.gradient(f)", "grid.gradient(f)[1]", "6 * Y + 0 * U", "f = U"),
    # one field in the place of a vector field
    *(Row(call, "of a single field there are gradient(f) and laplacian(f)", "laplacian(f, X, Y)", "8 + 0 * U", "f = U")
      for call in ("divergence(U)", "divergence(U, X, Y)", "curl(U)", "jacobian(U, 1.0)", "divergence(U[0])", "divergence(None)", "vector_laplacian(np.ones((6, 4, 5)), 1, 1, 1)", "divergence([U[0], U[0]])")),
    Row("divergence(U, X, Y)", "give one for each axis, (u, v)", "divergence((u, v), X, Y)", "2 * X[:, None] + 6 * Y", "u = v = U"),
    # names of axes
    *(Row(f"gradient(U, axis={given})", "axis=0 (names are those of labelled arrays, xarray.DataArray(f, dims=('y', 'x')))", "gradient(f, axis=0)", "np.gradient(U, axis=0)", "f = U") for given in ("'y'", "('y', 'x')")),
    Row("gradient(U, axis='y')", "xarray.DataArray(f, dims=('y', 'x'))", "gradient(xarray.DataArray(f, dims=('y', 'x')), 1.0, dim='y').values", "np.gradient(U, axis=0)", "import xarray; f = U", "xarray"),
    Row("gradient(U, axis={0, 1})", "axis must be an int or a sequence of ints, axis=(0, 1)", "gradient(U, axis=(0, 1))[0]", "np.gradient(U, axis=0)"),
    # spacings of other axes
    Row("gradient(U, Y, X)", "spacings are in the order of the axes, gradient(f, y, x) for f[y, x]", f"gradient(f, y, x, {E2})[1]", "6 * Y + 0 * U", "f, y, x = U, X, Y"),
    Row("gradient(U, Y, X)", "or as axis= names them, gradient(f, x, y, axis=(1, 0))", f"gradient(f, x, y, axis=(1, 0), {E2})[0]", "6 * Y + 0 * U", "f, y, x = U, X, Y"),
    Row("gradient(U, 1.0, X)", "they fit axis 0: spacings are in the order of the axes", f"gradient(U, X, 1.0, {E2})[0]", "2 * X[:, None] + 0 * U"),
    Row("gradient(U, X, axis=1)", "they fit axis 0: axis=0", f"gradient(U, X, axis=0, {E2})", "2 * X[:, None] + 0 * U"),
    # axes of a grid
    Row("Grid((5.0, 0.1))", "the number of points is an int and comes first, (5, 0.1)", "Grid((5, 0.1)).shape", "(5,)"),
    Row("Grid((0.1, 5))", "the number of points is an int and comes first, (5, 0.1)", "Grid((5, 0.1)).shape", "(5,)"),
    *(Row(f"Grid(({a}, 1.0, 5))", f"it is numpy.linspace({a}, 1.0, 5)", f"Grid(numpy.linspace({a}, 1.0, 5)).gradient(numpy.linspace({a}, 1.0, 5) ** 2)", "np.linspace(0, 2, 5)") for a in ("0", "0.0")),
    *(Row(f"Grid({given})", "a number of points and a step are a tuple, Grid((5, 0.1))", "Grid((5, 0.1)).shape", "(5,)") for given in ("[5, 0.1]", "np.array([5, 0.1])", "[5, 0.1], [4, 0.1]")),
    Row("Grid(X, Y, geometry='Sphere')", 'here it is "sphere"', "Grid(X, Y, geometry='sphere').shape", "(4, 5)"),
    Row("Grid(X, Y, geometry='Polar')", 'here it is "polar"', "Grid(1 + X, (8, np.pi / 4), geometry='polar').shape", "(4, 8)"),
    Row("Grid(d)", "the grid of a labelled field is gridgrad.xarray.Grid(d)", "gridgrad.xarray.Grid(d).gradient(d)[1].values", "6 * Y + 0 * U", "import xarray, gridgrad.xarray; d = xarray.DataArray(U, {'y': X, 'x': Y})", "xarray"),
    Row("Grid(d)", "such positions go in as d.values", "Grid(d.values).gradient(2 * d.values)", "np.full((4, 5), 2.0)", "import xarray; d = xarray.DataArray(np.add.outer(X, Y), dims=('y', 'x'))", "xarray"),
]  # fmt: skip
OBJECTS = [
    # a grid is no sequence and no operator
    *(Row(call, "its axes are those of grid.coordinates[0]", "grid.coordinates[0]", "X") for call in ("grid[0]", "list(grid)", "(lambda x, y: x)(*grid)")),
    Row("grid[2:9]", "a part of it is a grid of a part of these, Grid(grid.coordinates[0][2:9])", "Grid(grid.coordinates[1][2:9]).coordinates[0]", "Y[2:9]"),
    *(Row(call, "its operators are: 2 * grid.laplacian + grid.identity", "(2 * grid.laplacian + grid.identity)(U)", "16 + U") for call in ("2 * grid", "grid + grid", "U * grid", "grid @ U", "np.float64(2) * grid", "grid / 2")),
    *(Row(call, "grid.apply(2 * grid.plain.laplacian, f)", "grid.apply(2 * grid.plain.laplacian, f).values", "16 + 0 * U", LABELLED, "xarray") for LABELLED in ["import xarray, gridgrad.xarray; f = xarray.DataArray(U, {'y': X, 'x': Y}); grid = gridgrad.xarray.Grid(f)"]
      for call in ("2 * grid", "grid + grid", "np.float64(2) * grid")),
    *(Row(call, instead, typed, value, "import xarray, gridgrad.xarray; f = xarray.DataArray(U, {'y': X, 'x': Y}); grid = gridgrad.xarray.Grid(f)", "xarray") for call, instead, typed, value in [
        ("grid['y']", "the coordinates of its axes are grid.plain.coordinates[0]", "grid.plain.coordinates[0]", "X"),
        ("grid.apply(grid.laplacian, f)", "grid.apply(grid.plain.laplacian, f), got grid.laplacian", "grid.apply(grid.plain.laplacian, f).values", "8 + 0 * U")]),
    # options of operators
    *(Row(f"line.laplacian.adjoint(f, weight={given})", "with weights w of your own it is A.adjoint(w * g) / w", "(lambda A, g, w: A.adjoint(w * g) / w)(line.laplacian, f, 1 + x)", "(line.laplacian.to_sparse().T @ ((1 + x) * f)) / (1 + x)")
      for given in ("1 + x", "'mass'", "['quadrature']")),
    *(Row(f"held.laplacian.solve(b, method='cg', rtol={given})", "rtol=1e-8 for example", "(-held.laplacian).solve(b, method='cg', rtol=1e-8)", "np.full(5, 4.0)", "held = Grid((5, 1.0), boundary=gg.value(4.0)); b = 0 * f")
      for given in ("'small'", "-1", "0", "True", "2.0", "f")),
    *(Row(f"held.laplacian.solve(b, method='cg', maxiter={given})", "maxiter=1000 for example", "(-held.laplacian).solve(b, method='cg', maxiter=1000)", "np.full(5, 4.0)", "held = Grid((5, 1.0), boundary=gg.value(4.0)); b = 0 * f")
      for given in ("1.5", "0", "-3", "'many'", "True")),
    Row("(line.identity * 2).solve(f, method=['direct'])", "method must be a name or None, got list; a right-hand side goes to what is made, A.solver()(b), or A.solve(b)", "(line.identity * 2).solve(f, method='direct')", "f / 2"),
    *(Row(f"gg.value(1.0, name={name!r})", "must be a word that a call can have as a keyword, and none of f, out", "Grid(x, boundary=gg.value(1.0, name='inflow')).identity(f, inflow=3.0)[[0, -1]]", "[3., 3.]") for name in ("out", "f", "two words", 3)),
    # functions
    Row("gridgrad.autodiff.derivative(g, x, 2)", "derivative() needs orders=, integers, one for each coordinate: derivative(function, x, orders=(2,))", "gridgrad.autodiff.derivative(g, x, orders=(2,))", "np.full(5, 2.0)", "g = lambda x: x**2"),
    Row("gradient(np.sin, x, x)", "and numpy.sin takes 1; say which it is of, lambda x, y: numpy.sin(x) for example", "gradient(lambda x, y: numpy.sin(x), X, Y)[0]", "np.cos(X)[:, None] + 0 * U"),
]  # fmt: skip
JIT = "import jax; f = f.astype('f4'); "
GRAD = "import torch; k = torch.full((5,), 2.0, dtype=torch.float64, requires_grad=True); u = torch.tensor(f); o = torch.empty_like(u)"
BOX = "import torch; v = np.full(5, 4.0); b = torch.zeros(4, 5, dtype=torch.float64); made = lambda v: Grid(X, Y, boundary=[(gg.value(v), gg.value(4.0)), gg.value(4.0)]).laplacian"
LIBRARIES = [
    # traced by JAX
    *(Row(f"jax.jit(line.laplacian.{name})(f)", "under jax.jit apply the operator itself to a field, A(x.reshape(grid.shape)).ravel()", "jax.jit(lambda x, A=grid.laplacian: A(x.reshape(grid.shape)).ravel())(U.astype('f4').ravel())", "np.full(20, 8.0, 'f4')", JIT, "jax")
      for name in ("matvec", "rmatvec")),
    Row("jax.jit(lambda n, u: Grid((n, 1.0)).laplacian(u))(5, f)", "the number of points of axis 0 of the grid is", "jax.jit(lambda u, n=5: Grid((n, 1.0)).derivative(0)(u))(np.arange(5, dtype='f4'))", "np.ones(5, 'f4')", JIT, "jax"),
    Row("jax.jit(lambda i, u: gradient(u, x, breaks=[i]))(2, f)", "which is traced; under jax.jit close over it", "jax.jit(lambda u, i=2: gradient(u, x, breaks=[i], edge_order=1))(x.astype('f4'))", "np.ones(5, 'f4')", JIT, "jax"),
    Row("jax.jit(lambda p, u: gradient(u, x, periodic=True, period=p))(9.0, f)", "close over the period", "jax.jit(lambda u, p=9.0: gradient(u, x, periodic=True, period=p))(0 * f)", "np.zeros(5, 'f4')", JIT, "jax"),
    # torch
    *(Row(call, "what the operator is made with requires grad, and writing into out= would cut the result from its graph; leave out= away", "(lambda k, u: line.diffuse(k)(u).detach()[1:-1])(k, u)", "np.full(3, 4.0)", GRAD, "torch")
      for call in ("line.diffuse(k)(u, out=o)", "diffuse(k, u, x, out=o)", "(k * line.laplacian)(u, out=o)")),
    Row("line.diffuse(k)(u, out=o)", "or give k.detach()", "line.diffuse(k.detach())(u, out=o)[1:-1]", "np.full(3, 4.0)", GRAD, "torch"),
    Row("made(v).solve(b)", "is an array of numpy, and the field is of another library; give it in that of the field, torch.asarray(v) for example", "made(torch.asarray(v)).solve(b)", "np.full((4, 5), 4.0)", BOX, "torch"),
]  # fmt: skip
ROWS = [*FILES, *KINDS, *OBJECTS, *LIBRARIES]
