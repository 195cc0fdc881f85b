"""What the errors about solves tell the user to type, and its value."""

from remedies import Row

STEP = "A = line.identity - line.laplacian; b = f - 2; "
RING = "grid = Grid((5, 1.), boundary='symmetric'); b = f; "
ENDED = "A = Grid((5, 1.), boundary='symmetric'); A = A.identity - A.laplacian; b = f"
ROWS = [
    Row("grid.gradient.solve(U)", "for least squares solve A.T @ A", "(A.T @ A).solve(A.T(A(x)))", "x", "A = Grid((5, 1.), boundary='antisymmetric').gradient; A = A + 2 * Grid((5, 1.), boundary='antisymmetric').identity"),
    Row("A.solve(b * u.m)", "give its numbers, b.magnitude of pint, b.value of astropy", "A.solve((b * u.m).value)", "f", STEP + "import astropy.units as u", "astropy"),
    Row("A.solve(np.ma.array(b))", "fill it, b.filled(0.0)", "A.solve(np.ma.array(b).filled(0.0))", "f", STEP),
    Row("A.solver()(b, k=2 * k)", "make another solver, A.with_(k=k).solver()", "A.with_(k=k).solver()(A(f))", "f", "k = np.ones(5); A = line.identity - line.diffuse(k); b = f"),
    Row("A.solve(b.astype(np.longdouble))", "give b.astype(float)", "A.solve(b.astype(np.longdouble).astype(float))", "f", STEP, "longdouble"),
    Row("A.solver(b)", "method must be a name or None, got ndarray; a right-hand side goes to what is made, A.solver()(b)", "A.solver()(A(f))", "f", STEP),
    Row("A.solver(b)", "or A.solve(b)", "A.solve(A(f))", "f", STEP),
    Row("A.solve(b, method='CG')", "did you mean 'cg'? allowed are None, 'direct', 'cg'", "A.solve(b, method='direct')", "f", STEP),
    Row("A.solve(b, tol=1e-9)", 'iterations end by rtol= or maxiter=: A.solve(b, method="cg", rtol=1e-8)', 'A.solve(A(f), method="cg", rtol=1e-12)', "f", ENDED),
    Row("A.inv", "its inverse is applied to a field A.solve(b), and made once A.solver()", "A.solver()(A(f))", "f", STEP),
    Row("A.eigs()", "scipy.sparse.linalg.eigs(A.to_sparse())", "abs(scipy.sparse.linalg.eigs(A.to_sparse(), 1)[0]).max()", "abs(np.linalg.eigvals(A.to_sparse().toarray())).max()", ENDED + "; import scipy.sparse.linalg"),
    Row("A.norm", "abs(A.to_sparse()).sum(axis=1).max()", "0 if abs(np.linalg.eigvals(A.to_sparse().toarray())).max() <= abs(A.to_sparse()).sum(axis=1).max() else 1", "0", ENDED),
    Row("A.solve(b, rtol=1e-9)", 'give one as well, method="cg"', 'A.solve(A(f), method="cg", rtol=1e-12)', "f", ENDED),
    Row("A.solve(b, method='cg', maxiter=1)", "give maxiter= or rtol=", "A.solve(A(f), method='cg', maxiter=50, rtol=1e-12)", "f", ENDED),
    Row("A.solve(b, method='cg', maxiter=1)", "another method ('gmres' where the operator is not symmetric)", "A.solve(A(f), method='gmres', rtol=1e-12)", "f", ENDED),
    Row("A.solve(b, method='cg', maxiter=1)", "or none: solve(b)", "A.solve(A(f))", "f", ENDED),
    Row("grid.laplacian.solve(b)", "subtract it, b - (grid.measure * b).sum(grid.axes, keepdims=True) / grid.measure.sum()", "grid.laplacian(grid.laplacian.solve(b - (grid.measure * b).sum(grid.axes, keepdims=True) / grid.measure.sum()))", "b - b.mean()", RING),
    Row("grid.laplacian.solve(b)", "or prescribe a value at a wall", "Grid((5, 1.), boundary=[('symmetric', gg.value(8.0))]).laplacian.solve(0 * x)", "0 * x + 8", RING),
    Row("Grid((5, 1.), boundary='antireflect').laplacian.solve(b)", "prescribe a value at a wall, boundary=gridgrad.value(0.0)", "Grid((5, 1.), boundary=gridgrad.value(0.0)).laplacian.solve(0 * x)", "0 * x", STEP),
    Row("Grid((5, 1.), boundary='antireflect').laplacian.solve(b)", "or add a multiple of grid.identity", "(grid.laplacian - grid.identity).solve(-np.arange(5.))", "np.arange(5.)", STEP + "grid = Grid((5, 1.), boundary='antireflect')"),
    # central differences of central differences, as products and in one pass
    *(Row(call, said, f"({typed}).solve(ring.laplacian(wave))", "wave", "ring = Grid((8, 0.5), (6, 0.5), boundary='periodic'); wave = np.add.outer(np.cos(np.pi * np.arange(8) / 4), np.sin(np.pi * np.arange(6) / 3))")
      for call in ("(ring.divergence @ ring.gradient).solve(wave)", "ring.laplacian.with_(form='wide').solve(wave)")
      for said, typed in (("do not see values that alternate from point to point, take grid.laplacian", "ring.laplacian"),
                          ("or faces.divergence @ faces.gradient with faces = grid.faces()", "(lambda faces: faces.divergence @ faces.gradient)(ring.faces())"))),
    Row("Grid((33, 1 / 32)).derivative(0, 3).solve(np.full(33, 6.0))", "boundary=[(gridgrad.clamped(), gridgrad.value(0.0))]",
        "abs(Grid((33, 1 / 32), boundary=[(gridgrad.clamped(), gridgrad.value(0.0))]).derivative(0, 3).solve(np.full(33, 6.0))"
        " - np.linspace(0, 1, 33)**3 + np.linspace(0, 1, 33)**2).max() < 3e-4", "True"),
    Row("Grid((8, 1.), (8, 1.), periodic=True).mixed_derivative(0, 1, orders=(2, 2)).solve(np.ones((8, 8)))", "boundary=gridgrad.value(0.0)",
        "(lambda A: A(A.solve(np.ones((8, 8))))[1:-1, 1:-1])(Grid((8, 1.), (8, 1.), boundary=gridgrad.value(0.0)).mixed_derivative(0, 1, orders=(2, 2)))", "np.ones((6, 6))"),
    Row("Grid((9, 1.), boundary=gg.value(0.0)).biharmonic.solve(np.ones(9))", "boundary=gridgrad.clamped() or gridgrad.supported()",
        "(lambda A: A(A.solve(24.0 * np.ones(9)))[1:-1])(Grid((9, 1.), boundary=gridgrad.clamped()).biharmonic)", "np.full(7, 24.0)"),
    Row("Grid((5, 1e160), boundary='antisymmetric').laplacian.solve(b)", "rescale the coordinates", "(lambda A: A(A.solve(b)))(Grid((5, 1.0), boundary='antisymmetric').laplacian)", "f", "b = f"),
    Row("A.solve(b)", "make B, the operator A of detached coefficients, and S = B.solver(); S(b + B(u) - A(u)) at u = S(b) has the derivatives by k",
        "torch.autograd.grad(S(b + B(u) - A(u)).sum(), k)[0].numpy()", "[E.T.solve(np.ones(5)) @ line.diffuse(e)(E.solve(x)) for e in np.eye(5)]",
        "import torch; k = torch.ones(5, dtype=torch.float64, requires_grad=True); A = line.identity - line.diffuse(k); B = line.identity - line.diffuse(k.detach()); "
        "S = B.solver(); b = torch.tensor(x); u = S(b); E = line.identity - line.diffuse(1.0)", "torch"),
    Row("jax.jit(lambda k: (line.identity - line.diffuse(k)).solve(b))(x)", "With JAX solve by jax.scipy.sparse.linalg.bicgstab(A, b)[0]",
        "jax.jit(lambda k: linalg.bicgstab(line.identity - line.diffuse(k), b)[0])(1 + x)", "(line.identity - line.diffuse(1 + x)).solve(x)",
        "import jax; import jax.scipy.sparse.linalg as linalg; b = jax.numpy.array(x)", "jax"),
    Row("jax.jit(lambda k: line.diffuse(k).to_sparse() @ x)(f)", "make masks, matrices and solvers outside of what is traced, and close over them",
        "(lambda matrix: jax.jit(lambda g: g @ matrix.toarray().T)(x))(line.diffuse(1.0).to_sparse())", "line.diffuse(1.0)(x)", "import jax", "jax"),
    Row("torch.func.vmap(lambda inside: line.with_mask(inside).laplacian(b))(b[None] > 0)", "make masks, matrices and solvers outside of what is traced, and close over them",
        "(lambda part: torch.func.vmap(lambda g: part.laplacian(g))(b[None]))(line.with_mask(x > 0))[0].numpy()", "line.with_mask(x > 0).laplacian(x)",
        "import torch; b = torch.tensor(x)", "torch"),
    Row("A.solve(da.from_array(b))", "convert b to NumPy first", "A.solve(np.asarray(da.from_array(b)))", "f", STEP + "import dask.array as da", "dask"),
    Row("A.solve(torch.tensor(b, device='meta'))", "give b.cpu()", "A.solve(torch.tensor(b).cpu()).numpy()", "f", STEP + "import torch", "torch"),
    Row("A.solve([torch.tensor(b)] * 2)", "make one of them, torch.stack(b)", "A.solve(torch.stack([torch.tensor(b)] * 2)).numpy()", "[f, f]", STEP + "import torch", "torch"),
    Row("torch.func.functionalize(A.solve)(torch.tensor(b))", "solve outside of the traced function", "torch.func.functionalize(lambda u: 2 * u)(A.solve(torch.tensor(b))).numpy()", "2 * f", STEP + "import torch", "torch"),
    Row("torch.autograd.functional.jacobian(A.solve, torch.tensor(b), vectorize=True)", "torch.func.jacrev(S)(b), or torch.func.jacfwd(S)(b), of S = A.solver()",
        "(lambda S, b: torch.func.jacrev(S)(b) @ b)(A.solver(), torch.tensor(b)).numpy()", "f", STEP + "import torch", "torch"),
]  # fmt: skip
