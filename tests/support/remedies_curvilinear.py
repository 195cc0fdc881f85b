"""What the errors about curvilinear grids tell the user to type, and its value."""

from remedies import Row

SKEWED = "A, B = np.meshgrid(X, Y, indexing='ij'); P, Q = A + 0.1 * B, B + 0.2 * A; grid = Grid(P, Q)"
POLAR = "R, T = np.meshgrid(np.arange(4.), np.arange(8) * np.pi / 4, indexing='ij'); x, y = R * np.cos(T), R * np.sin(T)"
RING = "S, T = np.meshgrid(np.arange(8.), np.arange(4.), indexing='ij'); x, y = S + 0.1 * T, T + 0.1 * np.cos(S * np.pi / 4)"
STEEP = (
    "S, T = np.meshgrid([0., 1., 5., 6.], np.arange(4.), indexing='ij'); x, y = S + 0.1 * T, T + 0.001 * S"
)
ROUND = "T, S = np.meshgrid(np.arange(4.), np.arange(8.), indexing='ij'); x, y = 45 * S + 10 * T, T + 0 * S"
ROWS = [
    Row("Grid(np.where(P == P[1, 1], np.nan, P), Q).gradient", "give a position for every point", "Grid(P, Q).gradient(P)[1]", "0 * P", SKEWED),
    Row("grid.hessian", "grid.derivative(0) @ grid.derivative(1)", "(grid.derivative(0) @ grid.derivative(1))(Q)", "0 * P", SKEWED),
    Row("grid.diffuse(P)", "grid.divergence @ (k * grid.gradient)", "(grid.divergence @ (2 * grid.gradient))(Q)", "0 * P", SKEWED),
    Row("grid.quadrature", "their areas are grid.measure", "grid.measure.sum()", "24 * 0.98", SKEWED),
    Row("grid.gradient.adjoint((P, Q), weight='quadrature')", "A.adjoint(grid.measure * g) / grid.measure",
        "(grid.identity.adjoint(grid.measure * P) / grid.measure)", "P", SKEWED),
    Row("derivative(P, P, Q, axis=0)", "gridgrad.Grid(x, y).derivative(0)(f)", "gridgrad.Grid(P, Q).derivative(0)(P)", "1 + 0 * P", SKEWED),
    Row("derivative(P, P, Q, axis=0)", "gridgrad.gradient(f, x, y, edge_order=2)[0]", "gridgrad.gradient(P**2, P, Q, edge_order=2)[0]",
        "gridgrad.Grid(P, Q).derivative(0)(P**2)", SKEWED),
    Row("grid.laplacian.solve(P)", "singular: its matrix has no inverse (condition number ",
        "(grid.identity - 0.01 * grid.laplacian).solve((grid.identity - 0.01 * grid.laplacian)(P**2))", "P**2", SKEWED),
    Row("Grid(P[[0, 2, 1, 3]], Q)", "put the points in the order of neighbours", "gradient(P, P, Q)[1]", "0 * P", SKEWED),
    Row("gradient(P, P[:3], Q)", "give arrays that broadcast to that", "gradient(P, P, Q)[1]", "0 * P", SKEWED),
    Row("gradient(np.stack([P, P]), np.stack([P, P]), np.stack([Q, Q]), axis=(1, 2))", "of each grid by itself", "gradient(np.stack([P, P]), P, Q, axis=(1, 2))[1][1]", "0 * P", SKEWED),
    Row("Grid(P, Q, geometry='sphere')", "without geometry=", "Grid(P, Q).gradient(P)[1]", "0 * P", SKEWED),
    Row("Grid(P * 1e-200, Q * 1e-200).laplacian", "rescale the coordinates", "Grid(P, Q).laplacian(P)", "0 * P", SKEWED),
    Row("Grid(x, y, periodic=[False, True])", "leave out rows that repeat a point, as that of r = 0, x[1:]", "Grid(x[1:], y[1:], periodic=[False, True]).gradient(x[1:])[1]", "0 * x[1:]", POLAR),
    Row("Grid(x, y, periodic=[True, False])", "give period= where its coordinate goes on", "Grid(x, y, periodic=[True, False], period=[8., None]).gradient(y)[1]", "1 + 0 * y", RING),
    Row("Grid(x, y, periodic=[False, True], period=360.)", "or the axes in that of the coordinates, Grid(x, y, axes=[-1, -2]) of f[y, x]",
        "Grid(x, y, axes=[-1, -2], periodic=[True, False], period=[360., None]).gradient(y)[1]", "1 + 0 * y", ROUND),
    Row("Grid(x, y)", "give edge_order=1 without accuracy=", "Grid(x, y, edge_order=1).gradient(x - y)[1]", "-1 + 0 * y", STEEP),
    Row("gradient(t, torch.tensor(P, requires_grad=True), Q)", "give their numbers, x.detach()", "gradient(t, torch.tensor(P).detach(), Q)[1]", "0 * P",
        f"{SKEWED}; import torch; t = torch.tensor(P)", "torch"),
]  # fmt: skip
