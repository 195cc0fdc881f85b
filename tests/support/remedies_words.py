"""What errors tell the user to type for keywords and attributes of other libraries, and its value."""

from remedies import Row

INSIDE = "inside = np.array([True, True, True, False, True]); mask = ~inside; even = Grid((5, 1.0)); f = np.arange(5.0)**2; "
RIGHT = "np.array([0., 2, 4, 0, 0])"
BENT = "derivative(f, x, order=2, boundary=('one-sided', {}))"
SECOND = "np.full(5, 2.)"
HELD = "held = Grid((5, 1.0), boundary=gridgrad.value(4.0)); "
LABELS = "import xarray, gridgrad.xarray; d = xarray.DataArray(U, dims=('a', 'b'), coords={'a': X, 'b': Y}); labelled = gridgrad.xarray.Grid(d, boundary=gridgrad.value(3.0)); "
KEYWORDS = [
    # masks and breaks
    Row("even.with_mask(mask=mask)", "of a mask that is True where it is not, inside=~mask", "even.with_mask(inside=~mask).gradient(f)", RIGHT, INSIDE),
    *(Row(f"even.with_mask({word}=inside)", f"'{word}'; here it is inside=", "even.with_mask(inside=inside).gradient(f)", RIGHT, INSIDE) for word in ("where", "cond", "valid")),
    Row("even.with_mask(inside, bc='symmetric')", "here it is boundary=", "even.with_mask(inside, boundary='symmetric').laplacian(f)[2]", "-3.0", INSIDE),
    Row("even.with_mask(inside, fill_value=np.nan)", "here it is fill=", "even.with_mask(inside, fill=np.nan).gradient(f)", "[0., 2, 4, np.nan, np.nan]", INSIDE),
    Row("even.with_mask(insid=inside)", "did you mean inside=?", "even.with_mask(inside=inside).gradient(f)", RIGHT, INSIDE),
    Row("even.with_mask(inside, colour=1)", "it takes inside=, boundary=, fill=", "even.with_mask(inside=inside, boundary='one-sided', fill=0).gradient(f)", RIGHT, INSIDE),
    *(Row(f"even.with_breaks(0, {word}=[3])", "here it is at=", "even.with_breaks(0, at=[3]).gradient(f)", "np.array([0., 2, 4, 7, 7])", INSIDE) for word in ("breaks", "indices")),
    Row("even.with_breaks(dim=0, at=[3])", "here it is axis=", "even.with_breaks(axis=0, at=[3]).gradient(f)", "np.array([0., 2, 4, 7, 7])", INSIDE),
    Row("labelled.with_mask(mask=d > 1)", "of a mask that is True where it is not, inside=~mask", "labelled.with_mask(inside=~(d > 1e9)).laplacian(0 * d + 3).values", "0 * U", LABELS, "xarray"),
    Row("labelled.with_mask(cond=d < 1e9)", "here it is inside=", "labelled.with_mask(inside=d < 1e9).laplacian(0 * d + 3).values", "0 * U", LABELS, "xarray"),
    # walls
    *(Row(f"gg.value({word}=36.0)", "here it is v=", BENT.format("gg.value(v=36.0)"), SECOND) for word in ("value", "val", "constant")),
    *(Row(f"gg.slope({word}=12.0)", "here it is s=", BENT.format("gg.slope(s=12.0)"), SECOND) for word in ("slope", "derivative", "value")),
    *(Row(f"gg.value(49.0, {word}=7.0)", "here it is wall=", BENT.format("gg.value(49.0, wall=7.0)") + "[:-1]", SECOND + "[:-1]") for word in ("at", "location", "position")),
    Row("gg.slope(12.0, label='rise')", "here it is name=", "gg.slope(12.0, name='rise').name", "'rise'"),
    Row("gg.robin(alpha=1.0, beta=2.0, gamma=60.0)", "'alpha'; here it is a=", BENT.format("gg.robin(a=1.0, b=2.0, c=60.0)"), SECOND),
    Row("gg.robin(h=1.0)", "heat that passes at a rate h, -k df/dn = h (f - f_outside), is robin(h, k, h * f_outside)", BENT.format("gg.robin(h, k, h * f_outside)"), SECOND,
        "h, k = 3.0, 2.0; f_outside = (h * 36.0 + k * 12.0) / h"),
    Row("gg.robin(value=2.0, const=84.0)", "of df/dn + value f = const it is robin(value, 1.0, const)", BENT.format("gg.robin(value, 1.0, const)"), SECOND, "value, const = 2.0, 84.0"),
    *(Row(f"gg.{kind}(value=0.0)", "here it is v=", f"Grid((5, 1.0), boundary=gg.{kind}(v=0.0)).biharmonic(np.zeros(5))", "np.zeros(5)") for kind in ("clamped", "supported")),
    Row("gg.clamped(wall='face')", "its wall is at the end point", "gg.clamped().given", "0.0"),
    Row("gg.slip(at='face')", "here it is wall=", "repr(gg.slip(wall='face'))", "\"slip(wall='face')\""),
    Row("gg.no_slip(velocity=2.0)", 'a wall that moves is components(normal=value(0.0), tangential=value(speed), scalar="reflect")',
        "Grid((5, 1.0), (5, 1.0), boundary=components(normal=value(0.0), tangential=value(speed), scalar='reflect')).vector_laplacian(np.zeros((2, 5, 5)))[0][2, 1]", "2.0", "speed = 2.0"),
    Row("gg.components(tangent='reflect', normal=gg.value(0.0))", "here it is tangential=", "gg.components(tangential='reflect', normal=gg.value(0.0)).tangential == gg.slip().tangential", "True"),
    Row("gg.components(u='reflect', v=gg.value(0.0))", "by their direction to the wall, components(normal=..., tangential=...)", "repr(gg.components(normal=gg.value(0.0), tangential='reflect').normal)", "'value(0.0)'"),
    # solvers, files, labels
    *(Row(f"held.laplacian.solver({word}=f)", "a right-hand side goes to what is made, A.solver()(b), or A.solve(b)", "held.laplacian.solver()(0 * f)", "held.laplacian.solve(0 * f)", HELD) for word in ("b", "rhs")),
    Row("held.laplacian.solver('cg', tol=1e-9)", "here it is rtol=", "(-held.laplacian).solver('cg', rtol=1e-9)(np.zeros(5))", "np.full(5, 4.0)", HELD),
    Row("held.laplacian.solver().solve(f)", "it is called, solver(b)", "(lambda solver, b: solver(b))(held.laplacian.solver(), 0 * f)", "np.full(5, 4.0)", HELD),
    Row("gridgrad.xarray.differentiate(d, dim='a')", "here it is coord=", "gridgrad.xarray.differentiate(d, coord='a', edge_order=2).values[:, 0]", "2 * X", LABELS, "xarray"),
    Row("gridgrad.xarray.differentiate(d, 'a', order=2)", "all else is gridgrad.derivative(f, dim='x', order=2, accuracy=4)", "gridgrad.derivative(d, dim='b', order=2, accuracy=2).values", "6 + 0 * U", LABELS, "xarray"),
    Row("labelled.apply(func=labelled.plain.laplacian, f=d)", "here it is operator=", "labelled.apply(operator=labelled.plain.laplacian, f=0 * d + 3).values", "0 * U", LABELS, "xarray"),
    *(Row(f"gg.dask.to_zarr(line.laplacian, source, {word}=target)", "here it is target=", "[gridgrad.dask.to_zarr(line.laplacian, source, target=target), zarr.open(target)[:]][1]", SECOND,
          "import os, tempfile, zarr; there = tempfile.mkdtemp(); source, target = os.path.join(there, 'a'), os.path.join(there, 'b'); zarr.create_array(source, data=f, chunks=(5,))", "zarr dask") for word in ("path", "out")),
]  # fmt: skip

THERE = "a spacing is not given with the field, the grid has it from where it was made: Grid(x).laplacian(f), or laplacian(f, x)"
ATTRIBUTES = [
    # what is behind the field, which is no place of out=
    *(Row(call, "all else has a name, A(f, out=o)", "line.laplacian(f, out=np.empty(5))", SECOND) for call in ("line.laplacian(f, np.empty(5))", "line.laplacian(f, f)", "line.laplacian(f, None, 1)")),
    Row("grid.divergence(U, U)", "the components of a vector field are one argument, A((u, v))", "grid.divergence((U, U))", "divergence((U, U), X, Y, edge_order=2)"),
    Row("line.laplacian.adjoint(f, f)", "A.adjoint takes g alone by position, and 2 arguments came; all else has a name, A.adjoint(g, out=o)", "line.laplacian.adjoint(f, out=np.empty(5))", "line.laplacian.to_sparse().T @ f"),
    Row("held.laplacian.solve(0 * f, 'cg')", 'all else has a name, A.solve(b, out=u, method="cg")', "(-held.laplacian).solve(0 * f, out=np.empty(5), method='cg')", "np.full(5, 4.0)", HELD),
    Row("held.laplacian.solver()(0 * f, f)", "all else has a name, solver(b, out=u)", "held.laplacian.solver()(0 * f, out=np.empty(5))", "np.full(5, 4.0)", HELD),
    *(Row(f"held.laplacian.solve({word}=0 * f)", "here it is b=", "held.laplacian.solve(b=0 * f)", "np.full(5, 4.0)", HELD) for word in ("rhs", "f", "g")),
    *(Row(f"line.laplacian.adjoint({word}=f)", "here it is g=", "line.laplacian.adjoint(g=f)", "line.laplacian.to_sparse().T @ f") for word in ("f", "b", "data")),
    *(Row(f"grid.multiply({word}=U)", "here it is b=", "grid.multiply(b=U)(U)", "U**2") for word in ("k", "f", "v")),
    *(Row(f"gradient({word}=f)", "here it is f=", "gradient(f=f, axis=0, edge_order=2)", "np.gradient(f, edge_order=2)") for word in ("input", "data", "array")),
    # more arguments than there are places
    Row("grid.multiply(U, U)", "Grid.multiply() takes b by position, and 2 arguments came; what is made is applied to a field, grid.multiply(b)(f)", "grid.multiply(b)(f)", "U**2", "b = f = U"),
    Row("gg.value(49.0, 7.0)", "value() takes v by position, and 2 arguments came; all else has a name, wall=, name=", BENT.format("gg.value(49.0, wall=7.0)") + "[:-1]", SECOND + "[:-1]"),
    Row("gg.robin(1.0, 2.0)", "robin() needs c; it takes a, b, c, wall, name", BENT.format("gg.robin(1.0, 2.0, 60.0)"), SECOND),
    Row("line.laplacian.with_(4)", "options and fields have names, A.with_(accuracy=4)", "Grid(np.arange(8.)).laplacian.with_(accuracy=4)(np.arange(8.) ** 2)", "np.full(8, 2.)"),
    Row("line.laplacian.weights()", "weights() needs axis", "(lambda c, w: (w * f[c]).sum(1))(*line.laplacian.weights(0))", "np.full(5, 2.)"),
    *(Row(f"{word}(line.laplacian)", "results have numbers, A(f), and so has its matrix, A.to_sparse()", "line.laplacian.to_sparse() @ f", "np.full(5, 2.)") for word in ("float", "int", "complex", "round")),
    *(Row(call, "divided by numbers as they are, A / 2", "(line.laplacian / 2)(f)", "np.ones(5)") for call in ("line.laplacian // 2", "line.laplacian % 2", "divmod(line.laplacian, 2)", "2 // line.laplacian")),
    Row("gg.robin(1.0, 2.0, 60.0, 'face')", "robin() takes a, b, c by position, and 4 arguments came", BENT.format("gg.robin(1.0, 2.0, 60.0)"), SECOND),
    Row("grid.mesh('ij')", "mesh() takes nothing by position, and 1 argument came", "grid.mesh()[1]", "Y + 0 * U"),
    *(Row(call, "A.to_sparse().astype(numpy.float32)", "line.laplacian.to_sparse().astype(numpy.float32).toarray()", "line.laplacian.to_sparse().toarray()")
      for call in ("line.laplacian.to_sparse(dtype='f4')", "line.laplacian.to_sparse('csr', 'f4')")),
    Row("line.laplacian.to_sparse(order='F')", "fields are flattened in C order", "grid.laplacian.to_sparse() @ U.ravel()", "np.full(20, 8.0)"),
    *(Row(f"line.laplacian.to_sparse({given})", "format must be one of csr, csc, coo", "line.laplacian.to_sparse('coo') @ f", SECOND) for given in ("float", "'dense'", "[1]")),
    Row("grid.derivative(0, U)", "got an array of shape (4, 5); if it is the field, give it to the operator, as grid.derivative(0)(f)", "grid.derivative(0)(f)", "2 * X[:, None] + 0 * U", "f = U"),
    Row("grid.mixed_derivative(0, 1, U)", "if it is the field, give it to the operator, as grid.mixed_derivative(0, 1)(f)", "grid.mixed_derivative(0, 1)(f)", "0 * U", "f = U"),
    Row("grid.faces(0, U)", "walls must be True or False, got an array of shape (4, 5)", "grid.faces(0, walls=False).derivative(U)", "np.diff(U, axis=0) / np.diff(X)[:, None]"),
    Row("even.with_mask(inside, f)", "boundary must be a name, or a sequence of names, got an array of shape (5,)", "even.with_mask(inside).gradient(f)", RIGHT, INSIDE),
    # a grid is no function, and no field
    Row("grid(U)", "its operators are: grid.gradient(f), grid.laplacian(f)", "grid.laplacian(f)", "8 + 0 * U", "f = U"),
    Row("grid(U)", "its operators are: grid.gradient(f)", "grid.gradient(f)[1]", "6 * Y + 0 * U", "f = U"),
    *(Row(call, "a grid has operators of its own, applied to a field: grid.gradient(f)", "grid.gradient(f)[1]", "6 * Y + 0 * U", "f = U")
      for call in ("laplacian(U, grid)", "laplacian(grid, U)", "gradient(U[0], grid)", "gradient(U, axis=0, spacing=grid)", "Grid(grid)")),
    Row("len(line.laplacian)", "results have parts, A(f)[0]", "grid.gradient(U)[0]", "2 * X[:, None] + 0 * U"),
    Row("abs(line.laplacian)", "that of a result is abs(A(f))", "abs((-line.laplacian)(f))", SECOND),
    Row("abs(line.laplacian)", "and of its matrix abs(A.to_sparse())", "abs(line.laplacian.to_sparse()).toarray()", "np.abs(line.laplacian.to_sparse().toarray())"),
    Row("line.laplacian < line.identity", "results are, A(f) < B(f)", "(line.laplacian(f) < line.identity(f)) * 1", "[0, 0, 1, 1, 1]"),
    Row("line.laplacian ** 2", "a derivative of higher order is grid.derivative(0, order=2)", "line.derivative(0, order=2)(f)", SECOND),
    # a shape is no axis
    *(Row(call, typed, f"{typed}.shape", shape, "dx = dy = dz = 0.5") for call, typed, shape in [
        ("Grid((5, 5))", "Grid((5, dx), (5, dy))", "(5, 5)"), ("Grid((5, 5, 5))", "Grid((5, dx), (5, dy), (5, dz))", "(5, 5, 5)"), ("Grid(np.eye(5).shape)", "Grid((5, 5.0))", "(5,)"),
        ("Grid((5, 5, 5))", "Grid((5, 5.0, 5))", "(5,)")]),
    Row("Grid((5, 1.0), 'periodic')", "how axes end is said by name, Grid(x, boundary='periodic')", "Grid(x, boundary='periodic').gradient(np.ones(5))", "np.zeros(5)", "x = (5, 1.0)"),
    # what holds numbers, and is none
    *(Row(f"{call}{given})", f"coordinates, {typed}", f"gradient(f, {typed}, edge_order=2)", "2 * np.array([0.0, 1, 3, 4, 6])", f"x = {given}")
      for call in ("gradient(f, ", "Grid(") for given, typed in [("iter(x)", "list(x)"), ("(i for i in x)", "list(x)"), ("map(float, x)", "list(x)"), ("set(x)", "sorted(x)")]),
    # functions of labelled arrays are no operators
    *(Row(call, "grid.apply(2 * grid.plain.laplacian, f)", "grid.apply(2 * grid.plain.laplacian, f).values", "6 + 0 * U", LABELS + "L = labelled.laplacian; grid = gridgrad.xarray.Grid(d); f = 3 * d / 8", "xarray")
      for call in ("2 * L", "np.float64(2) * L", "L + L", "L @ L", "L ** 2", "-L", "L[0]")),
    Row("labelled(d)", "its methods are: grid.gradient(f), grid.laplacian(f)", "grid.laplacian(f).values", "8 + 0 * U", LABELS + "grid = gridgrad.xarray.Grid(d); f = d", "xarray"),
    # no sequences
    *(Row(call, "results have parts, A(f)[0]", "grid.gradient(U)[0]", "2 * X[:, None] + 0 * U") for call in ("grid.gradient[0]", "list(grid.gradient)", "(lambda ux, uy: ux)(*grid.gradient)")),
    Row("grid.gradient[0]", "the derivative along one axis is grid.derivative(0)", "grid.derivative(0)(U)", "2 * X[:, None] + 0 * U"),
    Row("line.laplacian[2]", "a row of its matrix A.to_sparse()[[0]]", "line.laplacian.to_sparse()[[2]] @ f", "[2.0]"),
    Row("grid.mesh(indexing='xy')", 'as in numpy.meshgrid(*grid.coordinates, indexing="ij")', "grid.mesh()[1]", "np.meshgrid(*grid.coordinates, indexing='ij')[1]"),
    Row("grid.mesh(sparse=True)", "arrays that broadcast are numpy.ix_(*grid.coordinates)", "sum(numpy.ix_(*grid.coordinates))", "sum(grid.mesh())"),
    # the spacing in the place of out=
    *(Row(call, THERE, typed, SECOND, needs=needs) for typed in ("Grid(x).laplacian(f)", "laplacian(f, x)") for call, needs in [
        ("grid.laplacian(U, X)", ""), ("grid.laplacian(U, 0.5)", ""), ("line.derivative(0)(f, 0.5)", ""), ("grid.laplacian(U, (4, 0.5))", ""), ("grid.gradient(U, X, Y)", ""),
        ("grid.gradient(U, 0.5)", ""), ("grid.gradient(U, (0.5, 0.5))", ""), ("grid.laplacian(torch.tensor(U), 0.5)".replace("torch", "__import__('torch')"), "torch"),
    ]),
    # operators, with gaps and without
    *(Row(f"{operator}.weights(0)", "all rows, beside gaps too, are those of its matrix, A.to_sparse()", f"(lambda A: A.to_sparse() @ f)({operator})", f"{operator}(f)", "gaps = line.with_mask(x != 4)")
      for operator in ("gaps.laplacian", "gaps.laplacian.T", "(line.laplacian @ line.laplacian)")),
    *(Row(f"line.laplacian.{word}", "its rows along an axis are A.weights(axis)", "(lambda columns, weights: (weights * f[columns]).sum(1))(*line.laplacian.weights(0))", SECOND) for word in ("stencil", "coeffs")),
    *(Row(f"line.laplacian.{word}", "its transpose is A.T, and its adjoint is applied to a field A.adjoint(g)", typed, "line.laplacian.to_sparse().T @ f")
      for word in ("transpose", "conj", "backward") for typed in ("line.laplacian.T(f)", "line.laplacian.adjoint(f)")),
    *(Row(f"line.laplacian.{word}(f)", "apply it by calling it, A(f)", "line.laplacian(f)", SECOND) for word in ("forward", "rhs", "to", "cuda", "numpy", "compile")),
    *(Row(f"held.laplacian.{word}", 'iterations are a method of solve, A.solve(b, method="cg")', "(-held.laplacian).solve(0 * f, method='cg')", "np.full(5, 4.0)", HELD) for word in ("cg", "gmres")),
    Row("line.laplacian.order", "it is an option, A.with_(accuracy=4) for example", "Grid((9, 1.0)).laplacian.with_(accuracy=4)(np.arange(9.0)**2)", "np.full(9, 2.0)"),
    *(Row(f"line.laplacian.{word}", "Grid(x, boundary=gridgrad.value(0.0)).laplacian", "Grid(x, boundary=gridgrad.value(0.0)).laplacian(0 * f)", "np.zeros(5)") for word in ("set_bc", "boundary")),
    Row("line.laplacian.get_matrix()", "its matrix is A.to_sparse()", "line.laplacian.to_sparse() @ f", SECOND),
    Row("line.laplacian.eigsh", "scipy.sparse.linalg.eigs(A.to_sparse())", "__import__('scipy.sparse.linalg').sparse.linalg.eigs(Grid((9, 1.0), boundary='periodic').laplacian.to_sparse(), 1)[0].real", "[-2 - 2 * np.cos(np.pi / 9)]"),
    # grids and faces
    Row("grid.get_operator('laplace')", "operators are its attributes, grid.laplacian for example", "grid.laplacian(U)", "8 + 0 * U"),
    Row("grid.get_boundary_conditions", "Grid(x, boundary=gridgrad.value(0.0))", "Grid(x, boundary=gridgrad.value(0.0)).gradient(0 * x)", "np.zeros(5)"),
    *(Row(f"grid.{word}", "positions are grid.coordinates, as fields grid.mesh()", "grid.coordinates[0]", "X") for word in ("cell_coords", "axes_coords", "coords")),
    *(Row(f"grid.{word}", "the number of axes is grid.ndim", "grid.ndim", "2") for word in ("num_axes", "dims")),
    Row("grid.nx", "the lengths of axes are grid.lengths", "grid.lengths", "(4, 5)"),
    Row("grid.discretization", "steps are grid.steps", "grid.steps[0]", "np.diff(X)"),
    Row("grid.upwind", "grid.advect(v, upwind=1)", "line.advect(1.0, upwind=1)(3 * x)", "np.full(5, 3.0)"),
    Row("grid.upwind", 'of one axis grid.derivative(0, side="left")', "line.derivative(0, side='left')(3 * x)", "np.full(5, 3.0)"),
    Row("grid.cell_volume_data", "areas and volumes of cells are grid.measure", "grid.measure.sum()", "24.0"),
    *(Row(f"line.faces()[0].{word}(x)", "here it is mean", "line.faces()[0].mean(x)", "(x[1:] + x[:-1]) / 2") for word in ("interp", "average")),
    Row("grid.faces().laplacian", "here it is faces.points.laplacian", "grid.faces().points.laplacian(U)", "8 + 0 * U"),
    # the package
    Row("gg.geospatial_gradient(U)", 'gridgrad.gradient(f, lat, lon, geometry="sphere")', "gridgrad.gradient(f, lat, lon, geometry='sphere')[0]", "np.zeros((4, 5))", "lat, lon = 10 * X, 10 * Y; f = np.ones((4, 5))"),
    Row("gg.ScalarField(grid)", "numpy.zeros(grid.shape)", "grid.laplacian(numpy.zeros(grid.shape))", "0 * U"),
    *(Row(f"gg.{word}", 'a mirror is a word, Grid(x, boundary="reflect")', 'Grid(x, boundary="reflect").laplacian(f)[1:-1]', "np.full(3, 2.0)") for word in ("reflect", "periodic")),
    # methods of labelled grids are no operators
    *(Row(f"labelled.laplacian.{word}", "grid.apply(grid.plain.laplacian.solve, b)", "(lambda grid, b: grid.apply(grid.plain.laplacian.solve, b).values)(labelled, 0 * d)", "3 + 0 * U", LABELS, "xarray") for word in ("solve", "T", "to_sparse")),
]  # fmt: skip
STACKED = [
    # sequences of arrays of other libraries, which are no fields of these
    *(Row(f"gg.{call}([t, 2 * t, 4 * t])", f"make one of them, {library}.stack(f)", f"np.asarray({library}.stack([t, 2 * t, 4 * t]))", "np.outer([1., 2, 4], [0., 1, 4])",
          f"import {library}; t = {library}.arange(3.)**2", library.partition(".")[0])
      for library in ("torch", "jax.numpy", "dask.array") for call in ("gradient", "laplacian", "gradient_norm", "Grid((3, 1.0), (3, 1.0)).gradient", "Grid((3, 1.0)).derivative(0)")),
    Row("gg.divergence([[t, t, t], [t, t, t]])", "f is a list of torch tensors, whose results would be NumPy's", "gg.divergence([torch.stack([t, t, t]), torch.stack([t, t, t])])", "[[0., 2, 4]] * 3", "import torch; t = torch.arange(3.)**2", "torch"),
    Row("gradient([0.0, t[1], t[2]])", "make one of them all with torch.stack", "gradient(torch.stack([0 * t[0], t[1], t[2]]))", "[1., 2, 3]", "import torch; t = torch.arange(3.)**2; t = t.to(torch.float64)", "torch"),
    Row("grid.advect([[t] * 4, [t] * 4])", "make one of them, torch.stack(v[0])", "grid.advect([torch.stack([t] * 4), torch.stack([t] * 4)])(torch.zeros(4, 5, dtype=torch.float64))", "np.zeros((4, 5))", "import torch; t = torch.ones(5, dtype=torch.float64)", "torch"),
]  # fmt: skip
ROWS = [*KEYWORDS, *ATTRIBUTES, *STACKED]
