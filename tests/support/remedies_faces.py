"""What the errors about fields at faces tell the user to type, and its value."""

from remedies import Row

STEPS = "line.faces(0).derivative(f)"
SLOPES = "np.array([1.0, 4.0, 7.0, 10.0])"
LINES = "Z = np.stack([x, 2 * x, 3 * x], axis=1)"
ROWS = [
    Row("grid.faces(boundary='reflect')", "give it with axis=, grid.faces(0, boundary=...)", "grid.faces(0, boundary='reflect').derivative(U)[:, 0]", "np.array([1.0, 4.0, 7.0])"),
    Row("Grid(1 + X, Y, geometry='sphere').faces(0)", "divergence and diffuse of the grid conserve totals there",
        "Grid(1 + X, Y, geometry='sphere').diffuse(1.0)(np.ones(U.shape))[1, 1]", "0.0"),
    Row("Grid(Z, (3, 1.)).faces(0)", "give coordinates of one line", STEPS, SLOPES, LINES),
    Row("Grid(Z, (3, 1.)).with_mask(np.arange(15).reshape(5, 3) > 0)", "give coordinates of one line",
        "line.with_mask(np.arange(5) > 0).derivative(0)(f)[2]", "6.0", LINES),
    Row("line.with_mask(np.arange(5) > 0).faces(0)", "make them of the whole grid", STEPS, SLOPES),
    Row("Grid((3, 1.0)).faces(0)", "are too few for a grid of edge_order=2; add points", "Grid((5, 1.0)).faces(0).derivative(np.arange(5.0))", "np.ones(4)"),
    Row("line.faces(0).derivative.solve(f)", "for least squares solve A.T @ A", "(lambda A: (A.T @ A + line.identity).solve(A.T(A(f)) + f))(line.faces(0).derivative)", "f"),
    Row("grid.faces().divergence(U)", "which come first: give a sequence of 2", "grid.faces().divergence((np.ones((3, 5)), np.ones((4, 4))))[1, 1]", "0.0"),
    Row("U * grid.faces().gradient", "multiply what A makes: [k * g for k, g in zip(factors, A(f))]",
        "(lambda A, factors, f: [k * g for k, g in zip(factors, A(f))])(grid.faces().gradient, (2.0, np.ones((4, 4))), U)[0][:, 0]", "np.array([2.0, 8.0, 14.0])"),
    Row("grid.faces().divergence((np.ones((2, 3, 5)), np.ones((3, 4, 4))))", "the components of f differ in their batch axes",
        "grid.faces().divergence((np.ones((2, 3, 5)), np.ones((2, 4, 4))))[0, 1, 1]", "0.0"),
]  # fmt: skip
