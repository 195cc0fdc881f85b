"""What the errors about spheres and polar coordinates tell the user to type, and its value."""

from remedies import Row

LON = "[0., 90., 180., 270.]"
FLAT = "Grid([10., 20., 30.], [0., 1., 2.], geometry=%s).laplacian(np.ones((3, 3)))[1, 1]"
GLOBE = (
    "import xarray; D = xarray.DataArray(U, dims=('y', 'x'), coords={'y': X, 'x': Y}); "
    "P = D.assign_coords(y=('y', X, {'units': 'degrees_north'}), x=('x', Y, {'units': 'degrees_east'})); "
)
SCAN = "S = D.rename(y='range', x='azimuth').assign_coords(range=1 + X, azimuth=Y).T; "
ROWS = [
    Row("Grid([70., 80., 90.], [0., 120., 240.], geometry='sphere')", "divisible by 4, or leave that row out",
        f"Grid([70., 80., 90.], {LON}, geometry='sphere').laplacian(np.ones((3, 4)))[2, 1]", "0.0"),
    Row(f"Grid([70., 80., 90.], {LON}, geometry='sphere').diffuse(np.ones((3, 4)))", "leave that row out, or give k as a number",
        f"Grid([70., 80., 90.], {LON}, geometry='sphere').diffuse(2.0)(np.ones((3, 4)))[2, 1]", "0.0"),
    Row(f"Grid([70., 80., 90.], {LON}, geometry='sphere').with_mask(np.eye(3, 4, 1) == 0).laplacian(np.ones((3, 4)))", "leave the row on the pole out, x[:-1] and f[:-1]",
        f"Grid([70., 80., 90.], {LON}, geometry='sphere').with_mask([[True] * 4] * 2 + [[False] * 4]).laplacian(np.ones((3, 4)))[1, 1]", "0.0"),
    Row(f"Grid([70., 80., 95.], {LON}, geometry='sphere')", "latitudes are from -90 to 90", FLAT % "'sphere'", "0.0"),
    Row("Grid([-1., 1., 2.], [0., 1., 2.], geometry='polar')", "radii are 0 or above", FLAT % "'polar'", "0.0"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry='sphere', angle='radians')", "give degrees", FLAT % "'sphere'", "0.0"),
    *(Row(f"Grid([-0.5, 0., 0.5], {turn}, geometry='sphere')", "axis -1 is lon and counts as degrees, but it is 2 pi long; give angle='radians'",
        "Grid([-0.5, 0., 0.5], (8, np.pi / 4), geometry='sphere', angle='radians').boundary[1][0]", "'periodic'")
      for turn in ("(8, np.pi / 4)", "np.linspace(0, 2 * np.pi, 9)", "np.arange(0, 2 * np.pi, np.pi / 4).astype('f4')")),
    # the point of the seam twice, as in files of cyclic data
    *(Row(f"Grid([10., 20., 30.], {around}, geometry={word!r})", "and a full turn lies between its ends; the first point must not be repeated at the end: leave out the last of x and f, x[:-1]",
          f"(lambda x, f: Grid([10., 20., 30.], x[:-1], geometry={word!r}).laplacian(f[:, :-1])[1, 1])({around}, np.ones((3, 13)))", "0.0")
      for word, around in (("sphere", "np.linspace(0, 360, 13)"), ("sphere", "np.linspace(180, -180, 13).astype('f4')"), ("polar", "np.linspace(0, 2 * np.pi, 13)"))),
    Row("Grid([10., 20., 30.], (13, 30.), geometry='sphere')", "or say that rows do not go on over the seam, boundary='one-sided'", "Grid([10., 20., 30.], (13, 30.), geometry='sphere', boundary='one-sided').boundary[1]", "('one-sided', 'one-sided')"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry='torus')", 'allowed are "sphere", "polar"', FLAT % "'polar'", "0.0"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry=3)", "geometry must be", FLAT % "('lon', 'lat')", "0.0"),
    Row("Grid([10., 20., 30.], [0., 1., 2.], geometry=('lat', 'r'))", "is none that is known", FLAT % "('r', 'z')", "0.0"),
    Row("Grid([1., 2., 3.], (8, 10.), geometry='sphere', boundary=['one-sided', 'periodic'])", "8 steps of 10 are not 360",
        "Grid([1., 2., 3.], (36, 10.), geometry='sphere').boundary[1][0]", "'periodic'"),
    Row("Grid((5, 0.2, 1.0), (8, np.pi / 4), geometry='polar', boundary=['periodic', 'periodic'])", 'it ends at a "pole", "one-sided", or at walls, as in boundary=[("pole", gridgrad.value(0.0)), "periodic"]',
        "Grid((5, 0.2, 0.1), (8, np.pi / 4), geometry='polar', boundary=[(\"pole\", gg.value(0.0)), \"periodic\"]).boundary[0]", "('pole', gg.value(0.0))"),
    Row("Grid((5, 0.2, 0.1), (8, np.pi / 4), geometry='polar', boundary=[('symmetric', 'reflect'), 'periodic'])", 'give "pole" there, which nothing passes',
        "Grid((5, 0.2, 0.1), (8, np.pi / 4), geometry='polar', boundary=[('pole', 'reflect'), 'periodic']).laplacian(np.ones((5, 8)))[0, 1]", "0.0"),
    Row("Grid((5, 0.2), (8, np.pi / 4), geometry='polar', boundary=[(gg.value(1.0), 'reflect'), 'periodic'])", "or begin further from it",
        "Grid((5, 0.2, 0.2), (8, np.pi / 4), geometry='polar', boundary=[(gg.value(1.0), 'reflect'), 'periodic']).laplacian(np.ones((5, 8)))[0, 1]", "0.0"),
    Row("Grid((8, 0.2), (8, np.pi / 4), geometry='polar', boundary=[('pole', 'reflect'), 'periodic'])", "give 9 or more, or leave the row on the pole out",
        "Grid((9, 0.2), (8, np.pi / 4), geometry='polar', boundary=[('pole', 'reflect'), 'periodic']).laplacian(np.ones((9, 8)))[8, 1]", "0.0"),
    Row("Grid((8, 0.2), (8, np.pi / 4), geometry='polar', boundary=[('pole', 'reflect'), 'periodic'])", "leave the row on the pole out",
        "Grid((7, 0.2, 0.2), (8, np.pi / 4), geometry='polar', boundary=[('pole', 'reflect'), 'periodic']).laplacian(np.ones((7, 8)))[6, 1]", "0.0"),
    *(Row("grid.with_mask(inside).laplacian", f"it reads a gap, or across one; leave the row on the pole out, {said} along that axis", "Grid(lat[1:], (36, 10.), geometry='sphere').with_mask(inside[1:]).laplacian(f[1:])[4, 4]", "0.0",
          f"lat = np.arange(90., -90., -10.)[::{step}]; grid = Grid(lat, (36, 10.), geometry='sphere'); inside = np.ones((18, 36)) > 0; inside[3::11, 5] = False; f = np.ones((18, 36)); "
          f"lat, inside, f = (lat, inside, f) if {step} > 0 else (lat[::-1], inside[::-1], f[::-1])") for said, step in (("x[1:] and f[1:]", 1), ("x[:-1] and f[:-1]", -1))),
    Row("Grid(1 + X, Y, geometry='polar', boundary=['one-sided', ('one-sided', gg.robin(2.0, 3.0, c))])", "give gridgrad.slope((c - a * u) / b), of the last u at the wall",
        "Grid(1 + X, Y, geometry='polar', boundary=['one-sided', ('one-sided', gridgrad.slope((c - 2.0 * U[:, -1]) / 3.0))]).gradient(U)[1][:, -1]", "(c - 2 * U[:, -1]) / 3", "c = 1 + X"),
    Row("gradient(U, 1 + X[:, None] + 0.1 * np.outer(X, Y), Y, geometry='polar')", "one array of 1 dimension for all lines", "gradient(U, 1 + X, Y, geometry='polar', edge_order=2)[0][:, 0]", "2 * X"),
    Row("Grid(60 + 10 * X, Y, geometry='sphere', boundary='pole')", "an end for each axis, as boundary=[\"pole\", \"periodic\"]",
        f"Grid([-60., 0., 60.], {LON}, geometry='sphere', boundary=[\"pole\", \"periodic\"]).boundary[0]", "('pole', 'pole')"),
    Row(f"Grid([70., 80., 85.], {LON}, geometry='sphere', boundary=['pole', 'periodic'])", 'where a pole is; give boundary=[("one-sided", "pole"), "periodic"]',
        f"Grid([70., 80., 85.], {LON}, geometry='sphere', boundary=[('one-sided', 'pole'), 'periodic']).boundary[0]", "('one-sided', 'pole')"),
    Row("Grid(X, Y, radius=3.0)", 'belong to geometry="sphere"', "Grid(X, Y, geometry='sphere', radius=3.0).laplacian(np.ones(U.shape))[1, 1]", "0.0"),
    Row("Grid(1 + X, Y, geometry='sphere').hessian", "gradient, divergence, curl, laplacian, advect and diffuse are",
        "Grid(1 + X, Y, geometry='sphere').laplacian(np.ones(U.shape))[1, 1]", "0.0"),
    Row("pipe.curl", "d(1)(w) - d(2)(v), d(2)(u) - d(0)(w) and grid.divergence((v, -u, 0 * u)) with d = grid.derivative",
        "(lambda grid, d, u, v, w: np.stack([d(1)(w) - d(2)(v), d(2)(u) - d(0)(w), grid.divergence((v, -u, 0 * u))])[:, :-1])(pipe, pipe.derivative, z, r, 0 * r)",
        "np.stack([0 * r, 1 + 0 * r, 2 + 0 * r])[:, :-1]", "pipe = Grid((5, 0.5, 0.25), (8, np.pi / 4), (4, 1.0), geometry='cylindrical'); r, _, z = pipe.mesh()"),
    Row("Grid(X, 1 + X, Y, geometry='sphere').curl", "apply it level by level", "Grid(1 + X, Y, geometry='sphere').curl((0 * U, 0 * U))[1, 1]", "0.0"),
    Row("Grid(1 + X, Y, geometry='sphere').laplacian(q)", "give numbers, f.magnitude of pint", "Grid(1 + X, Y, geometry='sphere').laplacian(q.magnitude)[1, 1]", "0.0",
        "import pint; q = pint.UnitRegistry().Quantity(np.ones(U.shape), 'K')", "pint"),
    # of the free functions
    Row("derivative(U, 1 + X, axis=0, geometry='sphere')", "gradient(f, lat, lon, geometry='sphere', edge_order=2) has those along all",
        "gradient(U, 1 + X, Y, geometry='sphere', edge_order=2)[0][:, 0]", "2 * X / (6371229 * np.pi / 180)"),
    Row("derivative(U, 1 + X, axis=0, geometry='sphere')", "Grid(lat, lon, geometry='sphere').derivative(0)(f) is that along one",
        "Grid(1 + X, Y, geometry='sphere').derivative(0)(U)[:, 0]", "2 * X / (6371229 * np.pi / 180)"),
    Row("gradient(U, 1.0, Y, geometry='polar')", "give its coordinates: gradient(f, r, theta, geometry='polar')",
        "gradient(U, 1 + X, Y, geometry='polar', edge_order=2)[0][:, 0]", "2 * X"),
    Row("gradient(torch.tensor(U), torch.tensor(X, requires_grad=True), Y, geometry='sphere')", "give its numbers, x.detach()",
        "gradient(torch.tensor(U), torch.tensor(X, requires_grad=True).detach(), Y, geometry='sphere', edge_order=2)[0][:, 0].numpy()", "2 * X / (6371229 * np.pi / 180)",
        "import torch", "torch"),
    Row("gradient(U, geometry='sphere')", "axis 0 is lat, where lengths depend on the place, and a step came for it; give its coordinates: gradient(f, lat, lon, geometry='sphere')",
        "gradient(U, 1 + X, Y, geometry='sphere', edge_order=2)[0][:, 0]", "2 * X / (6371229 * np.pi / 180)"),
    Row("gradient(U, X, Y, geometry='sphere', radius=1e-200)", "give positions, and radius=, in other units", "gradient(U, X, Y, geometry='sphere', radius=1.0, edge_order=2)[0][:, 0]", "2 * X * 180 / np.pi"),
    Row("gradient(U, X, Y, geometry='sphere', radius=10**400)", "radius must be positive and finite", "gradient(U, X, Y, geometry='sphere', radius=1.0, edge_order=2)[0][:, 0]", "2 * X * 180 / np.pi"),
    # of labelled arrays
    *(Row(call, message, f"gradient({remedy}, edge_order=2)[0].values[:, 0]", "2 * X / (6371229 * np.pi / 180)", GLOBE, "xarray") for call, message, remedy in [
        ("gradient(P, geometry='sphere', boundary={'y': 'one-sided'})", "give boundary={'y': 'one-sided', 'x': 'periodic'}, or 'one-sided' there",
         "P, geometry='sphere', boundary={'y': 'one-sided', 'x': 'one-sided'}"),
        ("gradient(D, geometry='sphere')", "name two and what they are: dim=('y', 'x'), geometry=('lat', 'lon')", "D, dim=('y', 'x'), geometry=('lat', 'lon')"),
        ("gradient(P, geometry='sphere', radius=6371.229)", "radius=6371.229 is that of the Earth in kilometres, and the units of results are per metre; give metres, radius=6371229.0", "P, geometry='sphere', radius=6371229.0"),
        ("gradient(P, dim='y', geometry='sphere')", "give both and take one result, gradient(f, dim=('lat', 'lon'), geometry='sphere')[0]", "P, dim=('y', 'x'), geometry='sphere'"),
        ("gradient(D.rename(y='lat'), dim=('lat', 'x'), geometry='sphere')", "'lat' is lat, 'x' is neither; name two dims and what they are",
         "D.rename(y='lat'), dim=('lat', 'x'), geometry=('lat', 'lon')"),
        ("gradient(D, dim=('y', 'x'), geometry='cf')", "set f['y'].attrs['units'], 'degrees_north', 'degrees_east'", "P, geometry='cf'"),
        ("gradient(D.drop_vars('y'), 1., 1., dim=('y', 'x'), geometry=('lat', 'lon'))", "give it coordinates, f.assign_coords(y=...)",
         "D.drop_vars('y').assign_coords(y=X), dim=('y', 'x'), geometry=('lat', 'lon')"),
        ("gradient(P, dim=('y', 'x'), geometry=('lon', 'lat'))", "names are in the order of dim=, or geometry='sphere'", "P, dim=('y', 'x'), geometry='sphere'"),
        ("gradient(P, geometry='sphere', angle='radians')", "'y' is in degrees by its units, and angle='radians' was given; give both in one unit", "P, geometry='sphere', angle='degrees'"),
        ("gradient(D.assign_coords(y=('y', X, {'units': 'm'})), dim=('y', 'x'), geometry=('lat', 'lon'))", "f['y'].attrs['units'] = 'degrees_north'", "P, dim=('y', 'x'), geometry=('lat', 'lon')"),
        ("gradient(D.assign_coords(y=('y', X, {'units': 'degrees_north', 'axis': 'X'})), geometry='sphere')", "units='degrees_north' and axis='X', which contradict each other", "P, geometry='sphere'"),
    ]),
    *(Row(call, message, f"gradient({remedy}, edge_order=2)[0].values[0]", "2 * X", GLOBE + SCAN, "xarray") for call, message, remedy in [
        ("gradient(S, geometry='polar')", "geometry='polar' has the axes r and theta in this order, and here are 'azimuth', 'range'; say what each is, geometry=('theta', 'r'), or give dim=('range', 'azimuth')", "S, dim=('range', 'azimuth'), geometry='polar'"),
        ("gradient(S.expand_dims(time=[0.0, 1.0]), geometry='polar')", "here are 'time', 'azimuth', 'range'; name what is these, dim=('range', 'azimuth') for example", "S, dim=('range', 'azimuth'), geometry='polar'"),
        ("gradient(S.assign_coords(azimuth=30 * Y), dim=('range', 'azimuth'), geometry='polar')", "counts as radians, and it is longer than two turns; give angle='degrees', or angle='radians' if that is right", "S, dim=('range', 'azimuth'), geometry='polar', angle='degrees'"),
    ]),
    Row("gradient(S.transpose('range', 'azimuth'), geometry='cylindrical')", "here are 'range', 'azimuth'; say what each is, geometry=('r', 'theta')",
        "gradient(S.transpose('range', 'azimuth'), geometry=('r', 'theta'), edge_order=2)[0].values[:, 0]", "2 * X", GLOBE + SCAN, "xarray"),
    Row("gradient(S, geometry='polar')", "say what each is, geometry=('theta', 'r')", "gradient(S, geometry=('theta', 'r'), edge_order=2)[1].values[0]", "2 * X", GLOBE + SCAN, "xarray"),
    Row("gradient(D.assign_coords(y=('y', X, {'units': 'km'})), dim=('y', 'x'), geometry=('lat', 'lon'))", "or leave geometry= away where it is a length",
        "gradient(D.assign_coords(y=('y', X, {'units': 'km'})), dim=('y', 'x'), edge_order=2)[0].values[:, 0]", "2 * X", GLOBE, "xarray"),
    *(Row(f"gradient(P.isel(x=0){dim}, geometry='sphere')", "along latitudes alone give metres, gradient(f, 6371229 * numpy.deg2rad(f['y'].values), dim='y')",
          "gradient(P.isel(x=0), 6371229 * numpy.deg2rad(P['y'].values), dim='y', edge_order=2).values", "2 * X / (6371229 * np.pi / 180)", GLOBE, "xarray") for dim in ("", ", dim='y'")),
]  # fmt: skip
