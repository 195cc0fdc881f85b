"""What the errors about spheres and polar coordinates tell the user to type, and its value."""

from remedies import Row

LON = "[0., 90., 180., 270.]"
FLAT = "Grid([10., 20., 30.], [0., 1., 2.], geometry=%s).laplacian(np.ones((3, 3)))[1, 1]"
ROWS = [
    Row("Grid([70., 80., 90.], [0., 120., 240.], geometry='sphere')", "divisible by 4, or leave that row out",
        f"Grid([70., 80., 90.], {LON}, geometry='sphere').laplacian(np.ones((3, 4)))[2, 1]", "0.0"),
    Row(f"Grid([70., 80., 90.], {LON}, geometry='sphere').diffuse(np.ones((3, 4)))", "leave that row out, or give k as a number",
        f"Grid([70., 80., 90.], {LON}, geometry='sphere').diffuse(2.0)(np.ones((3, 4)))[2, 1]", "0.0"),
    Row(f"Grid([70., 80., 95.], {LON}, geometry='sphere')", "latitudes are from -90 to 90", FLAT % "'sphere'", "0.0"),
    Row("Grid([-1., 1., 2.], [0., 1., 2.], geometry='polar')", "radii are 0 or above", FLAT % "'polar'", "0.0"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry='sphere', angle='radians')", "give degrees", FLAT % "'sphere'", "0.0"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry='torus')", 'allowed are "sphere", "polar"', FLAT % "'polar'", "0.0"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry=3)", "geometry must be", FLAT % "('lon', 'lat')", "0.0"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry=('lat', 'r'))", "is none that is known", FLAT % "('r', 'z')", "0.0"),
    Row("Grid([1., 2., 3.], (8, 10.), geometry='sphere', boundary=['one-sided', 'periodic'])", "8 steps of 10 are not 360",
        "Grid([1., 2., 3.], (36, 10.), geometry='sphere').boundary[1][0]", "'periodic'"),
    Row("Grid([1., 2., 3.], [0., 1., 2.], geometry='sphere', boundary='reflect')", "ends one-sided or at a pole", FLAT % "'sphere'", "0.0"),
    Row("Grid(X, Y, radius=3.0)", 'belong to geometry="sphere"', "Grid(X, Y, geometry='sphere', radius=3.0).laplacian(np.ones(U.shape))[1, 1]", "0.0"),
    Row("Grid(1 + X, Y, geometry='sphere').hessian", "gradient, divergence, curl, laplacian, advect and diffuse are",
        "Grid(1 + X, Y, geometry='sphere').laplacian(np.ones(U.shape))[1, 1]", "0.0"),
    Row("Grid(X, 1 + X, Y, geometry='sphere').curl", "apply it level by level", "Grid(1 + X, Y, geometry='sphere').curl((0 * U, 0 * U))[1, 1]", "0.0"),
    Row("Grid(1 + X, Y, geometry='sphere').laplacian(q)", "give numbers, f.magnitude of pint", "Grid(1 + X, Y, geometry='sphere').laplacian(q.magnitude)[1, 1]", "0.0",
        "import pint; q = pint.UnitRegistry().Quantity(np.ones(U.shape), 'K')", "pint"),
]  # fmt: skip
