"""What the errors about fields at faces and cells tell the user to type, and its value."""

from remedies import Row

STEPS = "line.faces(0).derivative(f)"
SLOPES = "np.array([1.0, 4.0, 7.0, 10.0])"
LINES = "Z = np.stack([x, 2 * x, 3 * x], axis=1)"
K = "k = np.ones((4, 5))"
FLOWS = "np.full((2, 3), 8.0)"  # of U = x**2 + 3 y**2, inside
TENSOR = ", form='tensor')"
CELLS = "edges = np.array([0., 1, 2, 4, 7]); x = (edges[1:] + edges[:-1]) / 2; widths = np.diff(edges); f = x**2; k = 0.25; grid = gg.Grid(x)"
ROWS = [
    Row("gradient(f, x, bounds=x)", "those of cells at their centres: gradient(f, (edges[1:] + edges[:-1]) / 2)", "gradient(f, (edges[1:] + edges[:-1]) / 2, edge_order=2)", "slope", "edges = np.array([-0.25, 0.25, 1.75, 4.25, 3.75, 8.25])"),
    Row("Grid(x, edges=x)", "(grid.quadrature[0] / widths) * grid.diffuse(k)", "widths * ((grid.quadrature[0] / widths) * grid.diffuse(k))(f)", "0.25 * np.diff([0, 2, 4.5, 8.5, 0])", CELLS),
    Row("Grid(faces=x)", "Grid((edges[1:] + edges[:-1]) / 2)", "Grid((edges[1:] + edges[:-1]) / 2).gradient(f)", "2 * x", CELLS),
    Row("grid.diffuse((k, k), form='faces')", "of a k at the points it is grid.diffuse(k)", "grid.diffuse(k)(U)[1:-1, 1:-1]", FLOWS, K),
    Row("grid.diffuse((np.ones((3, 5)), 1.0), mean='harmonic', form='faces')", "with form='faces' leave it away",
        "grid.diffuse((np.ones((3, 5)), 1.0), form='faces')(U)[1:-1, 1:-1]", FLOWS),
    Row("Grid((5, 1.), boundary=gg.value(1., wall='face')).diffuse(np.ones(4), form='faces')", "give k at 6 faces, of the shape of grid.faces(0, walls=True)",
        "Grid((5, 1.), boundary=gg.value(1., wall='face')).diffuse(np.ones(6), form='faces')(np.zeros(5))", "np.array([2., 0, 0, 0, 2.])"),
    Row("line.diffuse([[1.0]]" + TENSOR, "on one axis it is grid.diffuse(k)", "line.diffuse(1.0)(f)[1:-1]", "np.full(3, 2.)"),
    Row("Grid(1 + X, Y, geometry='sphere').diffuse(np.eye(2)" + TENSOR, "grid.diffuse(k) is", "Grid(1 + X, Y, geometry='sphere').diffuse(k)(np.ones(U.shape))[1, 1]", "0.0", K),
    Row("grid.with_mask(U > 0, boundary='reflect').diffuse(np.eye(2)" + TENSOR, "grid.diffuse(k) is", "grid.with_mask(U > 0, boundary='reflect').diffuse(k)(U)[2, 2]", "8.0", K),
    Row("grid.with_mask(U > 0, boundary='reflect').diffuse(np.eye(2)" + TENSOR, 'with_mask(inside) and with_mask(inside, boundary="symmetric")',
        f"[grid.with_mask(inside).diffuse(np.eye(2){TENSOR}(U)[2, 2] for grid in [grid] for inside in [U > 0]]", "8.0"),
    Row("line.with_mask(f < 9).diffuse([np.ones(4)], form='faces')(f, k=[np.ones(5)])", "give as many, or make the operator anew",
        "(lambda A: A(f, k=[2 * np.ones(4)]) - A(f))(line.with_mask(f < 9).diffuse([np.ones(4)], form='faces'))", "line.with_mask(f < 9).diffuse(1.0)(f)"),
    Row("Grid(X, Y, boundary='antireflect').diffuse(np.eye(2)" + TENSOR, '("one-sided", "reflect", "symmetric"), for "periodic" ones, and for those that hold a value, gridgrad.value(v)',
        f"Grid(X, Y, boundary=gridgrad.value(1.0)).diffuse(np.eye(2){TENSOR}(np.ones((4, 5)))[1, 1]", "0.0"),
    Row("grid.diffuse([[1.0, 0.5], [-0.5, 1.0]]" + TENSOR, "so give half of the sum for both", f"grid.diffuse([[1.0, 0.0], [0.0, 1.0]]{TENSOR}(U)[1:-1, 1:-1]", FLOWS),
    Row("grid.faces(boundary='reflect')", "give it with axis=, grid.faces(0, boundary=...)", "grid.faces(0, boundary='reflect').derivative(U)[:, 0]", "np.array([1.0, 4.0, 7.0])"),
    Row("Grid(1 + X, Y, geometry='sphere').faces(0)", "divergence and diffuse of the grid conserve totals there",
        "Grid(1 + X, Y, geometry='sphere').diffuse(1.0)(np.ones(U.shape))[1, 1]", "0.0"),
    Row("Grid(Z, (3, 1.)).faces(0)", "give coordinates of one line", STEPS, SLOPES, LINES),
    Row("line.with_mask(np.arange(5) > 0, boundary='reflect').faces(0)", 'with_mask(inside) or with_mask(inside, boundary="symmetric")',
        "[line.with_mask(inside).faces(0).derivative(f) for inside in [np.arange(5) > 0]][0]", "np.array([0.0, 4.0, 7.0, 10.0])"),
    Row("line.faces().derivative(f)", "here it is faces[0].derivative", "(lambda faces: faces[0].derivative)(line.faces())(f)", SLOPES),
    Row("line.faces(0).grad", "a Faces has no attribute 'grad'; here it is grid.faces().gradient", "np.ravel(line.faces().gradient(f))", SLOPES),
    Row("line.faces(0).dx", "steps are faces.grid.steps", "(lambda faces: np.cumsum(faces.grid.steps[0]))(line.faces(0))", "np.array([1.5, 3.0, 4.5])"),
    Row("line.faces(0).derivate", "did you mean derivative?", STEPS, SLOPES),
    Row("Grid((3, 1.0)).faces(0)", "are too few for a grid of edge_order=2; add points", "Grid((5, 1.0)).faces(0).derivative(np.arange(5.0))", "np.ones(4)"),
    Row("line.faces(0).derivative.solve(f)", "for least squares solve A.T @ A", "(lambda A: (A.T @ A + line.identity).solve(A.T(A(f)) + f))(line.faces(0).derivative)", "f"),
    Row("grid.faces().divergence(U)", "which come first: give a sequence of 2", "grid.faces().divergence((np.ones((3, 5)), np.ones((4, 4))))[1, 1]", "0.0"),
    Row("U * grid.faces().gradient", "multiply what A makes: [k * g for k, g in zip(factors, A(f))]",
        "(lambda A, factors, f: [k * g for k, g in zip(factors, A(f))])(grid.faces().gradient, (2.0, np.ones((4, 4))), U)[0][:, 0]", "np.array([2.0, 8.0, 14.0])"),
    Row("grid.faces().divergence((np.ones((2, 3, 5)), np.ones((3, 4, 4))))", "the components of f differ in their batch axes",
        "grid.faces().divergence((np.ones((2, 3, 5)), np.ones((2, 4, 4))))[0, 1, 1]", "0.0"),
]  # fmt: skip
