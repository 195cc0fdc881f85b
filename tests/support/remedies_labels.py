"""What the errors about labelled arrays tell the user to type, and its value."""

from remedies import E2, Row

ONE = "import xarray; d = xarray.DataArray(f, dims='x', coords={'x': x, 'h': ('x', x), 'z': ('x', list('abcde'))}, name='T'); "
TWO = (
    "import xarray; D = xarray.DataArray(U, dims=('a', 'b'), coords={'a': X, 'b': Y, 'z': (('a', 'b'), 3 * np.stack([Y] * 4))}, name='u'); "
    "V = D.rename('v'); ds = xarray.Dataset({'u': D, 'v': V, 's': ('a', list('pqrs'))}); "
)
WINDS = (
    TWO + "D, V = (c.assign_coords(a=('a', X, {'axis': 'X'}), b=('b', Y, {'axis': 'Y'})) for c in (D, V)); "
)
MESH = TWO + "M = D.assign_coords(P=D.a + 0 * D, Q=(D.b + 0 * D).transpose('a', 'b')); "
PACKED = ONE + "P = d.copy(data=(2 * f).astype('i2')).assign_attrs(scale_factor=0.5); "
HELD = (
    ONE + "import pint, gridgrad.xarray; d['x'].attrs['units'] = 'km'; "
    "WITH_UNITS = gridgrad.xarray.Grid(d), d.copy(data=pint.UnitRegistry().Quantity(f, 'K')); "
)
EAST, NORTH = "6 * Y + np.zeros((4, 1))", "(2 * X)[:, None] + np.zeros(5)"  # along b, along a
SUM = f"{NORTH} + {EAST}"


def row(call, message, remedy, value, given=ONE, needs="xarray"):
    """A row with the names of labelled arrays."""
    return Row(call, message, remedy, value, given, needs)


ROWS = [
    # what is differentiated by
    row("gradient(d.drop_vars('x'))", "give a step, gradient(f, 1.0, dim='x')", "gradient(d.drop_vars('x'), 1.0, dim='x').values", "np.gradient(f)"),
    row("gradient(d.drop_vars('x'))", "or coord= for another of its coordinates", f"gradient(d.drop_vars('x'), coord='h', {E2}).values", "slope"),
    row("gradient(d, 'x')", "a dimension is named by dim='x'", f"gradient(d, dim='x', {E2}).values", "slope"),
    row("Grid(ds).laplacian", "give the one of this axis, x['lon'] for example", "Grid(ds['a'], ds['b']).derivative(0)(U)", NORTH, TWO),
    row("Grid(ds).laplacian", "a grid of a Dataset is gridgrad.xarray.Grid(ds)", "gridgrad.xarray.Grid(ds, dim='a').gradient(ds['v']).values", NORTH, TWO + "import gridgrad.xarray; "),
    row("ds.gridgrad.gradient('v')", "a variable is ds['v']", f"ds['v'].gridgrad.gradient({E2})[0].values", NORTH, TWO + "import gridgrad.xarray; "),
    row("gradient(d, coord='p')", "'T' has no coordinate 'p'; it has 'x', 'h', 'z'", f"gradient(d, coord='h', {E2}).values", "slope"),
    row("gradient(d, dim='x', coord='z')", "another coordinate, coord=", f"gradient(d, dim='x', coord='h', {E2}).values", "slope"),
    row("gradient(d.rename(x='y').assign_coords(y=list('abcde')), dim='y')", "name the dims that have numbers, dim=", f"gradient(d, dim='x', {E2}).values", "slope"),
    row("gradient(d, x, coord='h')", "give one of them", f"gradient(d, coord='h', {E2}).values", "slope"),
    row("gradient(D, Y)", "give one for each, or dim=", f"gradient(D, Y, dim='b', {E2}).values", EAST, TWO),
    row("gradient(D, Y, 1.0, 1.0)", "3 spacings came for the dims 'a', 'b'; give one for each", f"gradient(D, X, Y, {E2})[1].values", EAST, TWO),
    row("gradient(D, dim=('a', 'b'), coord='a')", "give one coord= for each dim=", f"gradient(D, dim=('a', 'b'), coord=('a', 'b'), {E2})[1].values", EAST, TWO),
    row("gradient(D, coord='z')", "name the one to differentiate along, dim=", "gradient(D, dim='b', edge_order=2).values", EAST, TWO),
    row("gradient(M, coord=('Q', 'P'), dim=('a', 'b'))", "give dim=('b', 'a')", f"gradient(M, coord=('Q', 'P'), dim=('b', 'a'), {E2})[1].values", NORTH, MESH),
    *(row(f"gradient({called}, geometry='sphere')", "derivatives are per degree, gradient(f, coord=('lon', 'lat'), dim=('b', 'a'))", f"gradient({called}, coord=('lon', 'lat'), dim=('b', 'a'), {E2})[0].values.squeeze()", EAST, MESH)
      for called in ("M.rename(P='lat', Q='lon')", "M.expand_dims(t=[0.0]).assign_coords(lon=M.Q.expand_dims(t=[0.0]), lat=M.P.expand_dims(t=[0.0]))")),
    row("gradient(M, coord='Q', dim='a')", "give dim='b'", f"gradient(M, coord='Q', dim='b', {E2}).values", EAST, MESH),
    row("gradient(M, coord=('Q', 'Q'), dim=('a', 'b'))", "name another coordinate, coord=", f"gradient(M, coord=('P', 'Q'), dim=('a', 'b'), {E2})[0].values", NORTH, MESH),
    row("gradient(D, dim='a', coord='b')", "name another one, coord=", "gradient(D, dim='b', coord='z', edge_order=2).values", f"({EAST}) / 3", TWO),
    row("gradient(d.assign_coords(x=np.arange(5).astype('M8[D]').astype('M8[ns]')), datetime_unit='M')", "use datetime_unit='D', and multiply by the days that are meant",
        "30 * gradient(d.assign_coords(x=np.arange(5).astype('M8[D]').astype('M8[ns]')), datetime_unit='D').values", "30 * np.gradient(f)"),
    row("gradient(d, datetime_unit='days')", "here it is 'D'; allowed are 'W', 'D', 'h'", f"gradient(d, datetime_unit='D', {E2}).values", "slope"),
    row("advect((D, V), D)", "advect((u, v), f, dim=('lon', 'lat'))", "advect((D, V), D, dim=('a', 'b')).dims[0]", "'a'", TWO),
    row("divergence(D, V, dim=('a', 'b'))", "give divergence((u, v), dim=('lon', 'lat'))", f"divergence((D, V), dim=('a', 'b'), {E2}).values", SUM, TWO),
    row("advect(D, (D, V), dim=('a', 'b'))", "give advect((u, v), f, dim=('lon', 'lat'))", "advect((D, V), D, dim=('a', 'b')).dims[0]", "'a'", TWO),
    row("directional_derivative((D, V), D, dim=('a', 'b'))", "give directional_derivative(f, (u, v), dim=('lon', 'lat'))", f"directional_derivative(D, (1.0, 0.0), dim=('a', 'b'), {E2}).values", NORTH, TWO),
    row("advect(D, D, V, dim=('a', 'b'))", "takes all components as one argument; give advect((u, v), f, dim=('lon', 'lat'))", "advect((D, V), D, dim=('a', 'b')).dims[0]", "'a'", TWO),
    row("gradient(xarray.DataTree(ds))", "f.map_over_datasets(lambda ds: gradient(ds, dim='x') if ds else ds)",
        f"(lambda f: f.map_over_datasets(lambda ds: gradient(ds[['u']], dim='b', {E2}) if ds else ds)['g'].du_db.values)(xarray.DataTree.from_dict({{'g': ds}}))", EAST, TWO),
    row("gradient(D.groupby('a'))", "of each group it is f.map(lambda f: gradient(f, dim='x'))", f"(lambda f: f.map(lambda f: gradient(f, dim='b', {E2})).values)(D.groupby('a'))", EAST, TWO),
    row("gradient(D.groupby('a'))", "and of their means gradient(f.mean(), dim='x')", f"(lambda f: gradient(f.mean(), dim='b', {E2}).values)(D.groupby('a'))", EAST, TWO),
    row("gradient(D.coarsen(a=1))", "of their means it is gradient(f.mean(), dim='x')", f"(lambda f: gradient(f.mean(), dim='b', {E2}).values)(D.coarsen(a=1))", EAST, TWO),
    row("gradient(D.isel(a=slice(0)))", "f.sel(a=slice(60, 20)) of latitudes that fall", f"(lambda f: gradient(f.sel(a=slice(60, 20)), dim='b', {E2}).values)(D.assign_coords(a=[50, 40, 30, 20]))", EAST, TWO),
    row("gradient(D.isel(a=slice(0)))", "or sort the axis before, f.sortby('a')", f"(lambda f: gradient(f.sortby('a').sel(a=slice(20, 60)), dim='b', {E2}).values)(D.assign_coords(a=[50, 40, 30, 20]))", EAST, TWO),
    *(row(call, "or plain arrays, for which gridgrad.Grid(x, y).faces() has the operators, divergence((u, v)) for example", "gridgrad.Grid(X, Y).faces().divergence((0 * U[1:] + 1, 0 * U[:, 1:]))[1, 1]", "0.0", TWO)
      for call in ("divergence((D.rename(a='a_u'), V.rename(b='b_v')), dim=('a', 'b'))", "advect((D.rename(a='a_u'), 1.0), D, dim=('a', 'b'))")),
    # words of plain arrays, and dims of others
    row("gradient(d, axis=0)", "the axes of labelled arrays are named: dim='x'", f"gradient(d, dim='x', {E2}).values", "slope"),
    row("gradient(d, out=f)", "give the numbers, f.data, for that", f"gradient(d.data, x, out=np.empty(5), {E2})", "slope"),
    row("gradient(d, spacing=0.5)", "and steps come after the field: gradient(f, 0.5, dim='x')", "gradient(d, 0.5, dim='x').values", "np.gradient(f, 0.5)"),
    # errors of arrays, said of dims
    row("gradient(S)", "the coordinates of the dim 'x' of 'T' are not strictly monotonic", f"gradient(S.isel(x=numpy.unique(S['x'], return_index=True)[1]), {E2}).values", "slope", ONE + "S = d.isel(x=[3, 0, 0, 4, 2, 1]); "),
    row("gradient(S, coord='h')", "remove repeated positions, f.isel(x=numpy.unique(f['h'], return_index=True)[1])",
        f"(lambda f: gradient(f.isel(x=numpy.unique(f['h'], return_index=True)[1]), coord='h', {E2}).values)(S)", "slope", ONE + "S = d.isel(x=[3, 0, 0, 4, 2, 1]); "),
    row("gradient(S)", "unwrap them, f.assign_coords(x=('x', numpy.unwrap(f['x'], period=360)))", f"(lambda f: gradient(f.assign_coords(x=('x', numpy.unwrap(f['x'], period=360))), {E2}).values)(S)", "slope",
        ONE + "S = d.assign_coords(x=(x + 357) % 360); "),
    row("gradient(S, periodic=True, period=360)", "leave out the last, f.isel(x=slice(None, -1))", "(lambda f: gradient(f.isel(x=slice(None, -1)), periodic=True, period=360).values)(S)",
        "gradient(np.sin(t), np.rad2deg(t), periodic=True, period=360)", "import xarray; t = np.arange(8) * np.pi / 4; s = np.rad2deg(np.append(t, 2 * np.pi)); S = xarray.DataArray(np.sin(np.deg2rad(s)), dims='x', coords={'x': s}); "),
    row("gradient(D.isel(a=[0]))", "leave the dim out, with dim=", f"gradient(D.isel(a=[0]), dim='b', {E2}).values[0]", "6 * Y", TWO),
    row("mixed_derivative(D, dim='a')", "name them, dim=('x', 'y')", f"mixed_derivative(D, dim=('a', 'b'), {E2}).values[1, 1]", "0.0", TWO),
    row("mixed_derivative(D, dim='a')", "and d2/dx2 is derivative(f, order=2, dim='x')", "derivative(D, order=2, dim='a').values[1, 1]", "2.0", TWO),
    row("derivative(D)", "name it, dim='b'", "derivative(D, dim='b', edge_order=2).values", EAST, TWO),
    row("derivative(D)", "or take gradient()", f"gradient(D, {E2})[0].values", NORTH, TWO),
    row("gradient(ds, dim='y')", "no variable of the Dataset has the dims 'y'; they have 'u' ('a', 'b')", f"gradient(ds, dim='b', {E2}).du_db.values", EAST, TWO),
    row("gradient(ds, dim='a')", "leave it out, ds.drop_vars('s')", f"gradient(ds.drop_vars('s'), dim='a', {E2}).dv_da.values", NORTH, TWO),
    row("gradient(d.astype('m8[s]'))", "give numbers, f / numpy.timedelta64(1, 's')", f"gradient((4 * d).astype('m8[s]') / numpy.timedelta64(1, 's'), {E2}).values", "4 * slope"),
    row("gradient(d.astype('M8[s]'))", "give numbers, (f - t0) / numpy.timedelta64(1, 's') with a date t0, numpy.nanmin(f.data) for example",
        f"(lambda f, t0: gradient((f - t0) / numpy.timedelta64(1, 's'), {E2}).values)((4 * d).astype('M8[s]'), numpy.nanmin((4 * d).astype('M8[s]').data))", "4 * slope"),
    row("gradient(t)", "with a date t0, numpy.nanmin(f.data) for example",
        f"(lambda f, t0: gradient((f - t0) / numpy.timedelta64(1, 's'), dim='x', {E2}).values[1, 2:])(t, numpy.nanmin(t.data))", "4 * slope[2:]",
        ONE + "t = (4 * d).astype('M8[s]'); t = xarray.concat([t, t], 'y'); t[0, 0] = t[1, 0] = np.datetime64('NaT', 's')"),
    row("gradient(ds, coord='a.h')", "'u' has no coordinate 'a.h'; it has 'a', 'b', 'z'", f"gradient(ds[['u']], coord='a', {E2}).du_da.values", NORTH, TWO),
    row("gradient(d.astype(str).rename(None), dim='x')", "the field is of dtype <U32, and cannot be differentiated; convert it, astype(float)",
        f"gradient(d.astype(str).astype(float), dim='x', {E2}).values", "slope"),
    row("gradient(d.astype(str), dim='x')", "or convert it, astype(float)", f"gradient(d.astype(str).astype(float), dim='x', {E2}).values", "slope"),
    *(row(f"gradient(d, {word}={value})", told, remedy, expected) for word, value, told, remedy, expected in [
        ("dims", "'x'", "the axes of labelled arrays are named: dim='x'", f"gradient(d, dim='x', {E2}).values", "slope"),
        ("dx", "0.5", "and steps come after the field: gradient(f, 0.5, dim='x')", "gradient(d, 0.5, dim='x').values", "np.gradient(f, 0.5)"),
        ("coords", "'h'", "coordinates of labelled arrays are named by coord='h'", f"gradient(d, coord='h', {E2}).values", "slope"),
        ("mask", "d > 0", "gradient(f.where(inside), dim='x', missing='one-sided')", f"(lambda f, inside: gradient(f.where(inside), dim='x', missing='one-sided', {E2}).values)(d, d < 20)", "np.append(slope[:4], np.nan)")]),
    row("gradient(d, coord=d.h)", "coordinates themselves come after the field, gradient(f, f['x'])", f"gradient(d, d['h'], {E2}).values", "slope"),
    row("gradient(d, dim={'x': 0})", "dims and coordinates are named, dim='x' or coord='h', got a dict", f"gradient(d, dim='x', {E2}).values", "slope"),
    row("gradient(D, dim=('b', 'b'))", "name each once, dim=('b',)", f"gradient(D, dim=('b',), {E2}).values", EAST, TWO),
    row("gradient([D, V])", "give one, or a Dataset of them, xarray.merge([f, g])", f"(lambda f, g: gradient(xarray.merge([f, g]), dim='b', {E2}).dv_db.values)(D, V)", EAST, TWO),
    row("gradient(D, geometry='Sphere')", "allowed are 'sphere', 'cf', 'polar', 'cylindrical', or what each dim is, geometry=('lat', 'lon')", "gradient(D, geometry=('lat', 'lon'), edge_order=2)[0].values", f"({NORTH}) / (6371229 * np.pi / 180)", TWO),
    row("gradient(xarray.Dataset())", "no variable of the Dataset has dims; they have none", f"gradient(ds[['u']], {E2}).du_da.values", NORTH, TWO),
    row("directional_derivative(D, dim=('a', 'b'))", "directional_derivative() needs v; it takes f, v", f"directional_derivative(D, v=(1.0, 0.0), dim=('a', 'b'), {E2}).values", NORTH, TWO),
    *(row(f"ds.gridgrad.{call}", told, remedy, SUM, TWO + "import gridgrad.xarray; ") for call, told, remedy in [
        ("divergence('u', 'v', dim=('a', 'b'))", "takes the names of all components as one argument, ('u', 'v'); got 'u'", "ds.gridgrad.divergence(('u', 'v'), dim=('a', 'b')).values"),
        ("divergence(('u', 'w'), dim=('a', 'b'))", "there is no variable 'w' here; there are 'a', 'b', 'z', 'u', 'v', 's'", "ds.gridgrad.divergence((ds.u, ds.v), dim=('a', 'b')).values"),
        ("divergence(dim=('a', 'b'))", "divergence() needs F; it takes F", "ds.gridgrad.divergence(F=('u', 'v'), dim=('a', 'b')).values")]),
    # vectors
    row("divergence((D, V))", "divergence((u, v), dim=('lon', 'lat'))", "divergence((D, V), dim=('a', 'b')).values", SUM, TWO),
    row("divergence(ds, dim=('a', 'b'))", "name its components: (ds['u'], ds['v'])", "divergence((ds['u'], ds['v']), dim=('a', 'b')).values", SUM, TWO),
    row("divergence((D,), dim=('a', 'b'))", "F has 1 component, and the call is along 'a', 'b'; give one for each", "divergence((D, V), dim=('a', 'b')).values", SUM, TWO),
    row("divergence((D, V.isel(a=0, drop=True)), dim=('a', 'b'))", "give them the same, xarray.broadcast(u, v)",
        "divergence(xarray.broadcast(D, V.isel(a=0, drop=True)), dim=('a', 'b')).values[0]", "6 * Y", TWO),
    row("divergence(xarray.concat([D, V], 'component'), dim=('a', 'b'))", "give them as a tuple, tuple(F.transpose('component', ...))",
        "(lambda F: divergence(tuple(F.transpose('component', ...)), dim=('a', 'b')).values)(xarray.concat([D, V], 'component'))", SUM, TWO + "D, V = D.rename('w'), D.rename('w'); "),
    row("divergence((D, U), dim=('a', 'b'))", "give it with names as well, f.copy(data=v)", "divergence((D, D.copy(data=U)), dim=('a', 'b')).values", SUM, TWO),
    row("divergence((D, V.isel(b=[0, 1, 2])), dim=('a', 'b'))", "xarray.align(u, v, join='inner')",
        "divergence(xarray.align(D, V.isel(b=[0, 1, 2]), join='inner'), dim=('a', 'b')).values", f"({SUM})[:, :3]", TWO),
    row("divergence((D, V.assign_coords(b=Y + 1)), dim=('a', 'b'))", "or v.interp_like(u)",
        "divergence((D, xarray.zeros_like(V).assign_coords(b=Y + 9).interp_like(D, kwargs={'fill_value': 0.})), dim=('a', 'b')).values", NORTH, TWO, "xarray"),
    row("diffuse(D, D.isel(a=0))", "broadcast the field to it, xarray.broadcast(f, v)[0]",
        "diffuse(0 * D + 2, xarray.broadcast(D.isel(a=0, drop=True), D)[0], dim='b').transpose('a', 'b').values[:, 1:-1]", "np.full((4, 3), 12.)", TWO),
    row("divergence((D, V), dim=('b', 'a'))", "F[0] is along x by its name 'u', and stands for 'b', along y; components are in the order of the axes, dim=('a', 'b')",
        "divergence((D, V), dim=('a', 'b')).values", SUM, WINDS),
    row("advect((D, V), D, dim=('b', 'a'))", "give them without such names, [c.rename(None).assign_attrs(standard_name='') for c in v]",
        "(lambda v: advect([c.rename(None).assign_attrs(standard_name='') for c in v], D, dim=('b', 'a')).values)((D, V))", f"U * ({SUM})", WINDS),
    row("divergence((D.assign_attrs(standard_name='eastward_wind'), V), dim=('b', 'a'))", "give them without such names, [c.rename(None).assign_attrs(standard_name='') for c in F]",
        "(lambda F: divergence([c.rename(None).assign_attrs(standard_name='') for c in F], dim=('b', 'a')).values)((D.assign_attrs(standard_name='eastward_wind'), V))", SUM, WINDS),
    row("divergence((D, W), dim=('a', 'b'))", "against it; turn it, and drop that name, (-F[1]).assign_attrs(standard_name='')", "divergence((D, (-W).assign_attrs(standard_name='')), dim=('a', 'b')).values", SUM,
        WINDS + "W = -D.rename('w').assign_attrs(standard_name='upward_sea_water_velocity'); D['b'].attrs.update(axis='Z', positive='down'); W['b'].attrs.update(D['b'].attrs); "),
    # coefficients
    row("diffuse(Y, D)", "give it with names as well, f.copy(data=v)", "(lambda f, v: diffuse(f.copy(data=v), D, dim='b').values[:, 1:-1])(D, np.full((4, 5), 2.))", "np.full((4, 3), 12.)", TWO),
    row("diffuse(D, U, X, Y)", "give it the same, k.copy(data=f)", "(lambda k, f: diffuse(k, k.copy(data=f), dim='b').values[:, 1:-1])(0 * D + 2, U)", "np.full((4, 3), 12.)", TWO),
    row("diffuse(D, U, X, Y)", "or numbers alone, k.values", "(lambda k: diffuse(k.values, U, X, Y)[1:-1, 1:-1])(0 * D + 2)", "np.full((2, 3), 16.)", TWO),
    row("gridgrad.Grid(X, Y).laplacian(D)", "which gridgrad.xarray.Grid(f).apply(operator, f) keeps; give its numbers, f.values",
        "(lambda f, operator: gridgrad.xarray.Grid(f).apply(operator, f).b.values)(D, gridgrad.Grid(X, Y).laplacian)", "Y", TWO + "import gridgrad.xarray; "),
    row("gridgrad.Grid(X, Y).laplacian(ds)", "give its numbers, f['u'].values of its variable 'u'", "(lambda f: gridgrad.Grid(X, Y).laplacian(f['u'].values))(ds)", "np.full((4, 5), 8.)", TWO),
    # numbers that stand for others
    row("gradient(P)", "unpack all, xarray.decode_cf(ds)", f"(lambda ds: gradient(xarray.decode_cf(ds), {E2}).dT_dx.values)(P.to_dataset())", "slope", PACKED),
    row("gradient(P)", "or where that is done del f.attrs['scale_factor']", f"(lambda f: [f.attrs.pop('scale_factor'), gradient(f, {E2}).values / 2][1])(P.copy())", "slope", PACKED),
    row("gradient(P.assign_attrs(scale_factor=1, _FillValue=32))", "f.where(f != f.attrs['_FillValue']), beside which there are one-sided differences with missing='one-sided'",
        f"(lambda f: gradient(f.where(f != f.attrs['_FillValue']), missing='one-sided', {E2}).values[:3] / 2)(P.assign_attrs(scale_factor=1, _FillValue=32))", "slope[:3]", PACKED),
    row("gradient(D.stack(p=('a', 'b')), dim='p')", "take its dims apart, f.unstack('p')", f"(lambda f: gradient(f.unstack('p'), {E2})[0].values)(D.stack(p=('a', 'b')))", NORTH, TWO + "D = D.drop_vars('z'); "),
    row("gradient(d.assign_coords(x=pandas.period_range('2001', periods=5, freq='D')))", "take dates, f.assign_coords(x=f.indexes['x'].to_timestamp())",
        "(lambda f: gradient(f.assign_coords(x=f.indexes['x'].to_timestamp()), datetime_unit='D').values)(d.assign_coords(x=pandas.period_range('2001', periods=5, freq='D')))", "np.gradient(f)",
        ONE + "import pandas; "),
    row("(lambda g, f: g.apply(g.plain.gradient, f))(*WITH_UNITS)", "give numbers, f.copy(data=f.data.magnitude) of pint", "(lambda g, f: g.apply(g.plain.gradient, f.copy(data=f.data.magnitude)).values)(*WITH_UNITS)", "slope", HELD, "xarray pint"),
    row("(lambda g, f: g.apply(g.plain.gradient, f))(*WITH_UNITS)", "or take a method of the grid, grid.laplacian(f)", "(lambda grid, f: grid.laplacian(f).data.to('K / km**2').magnitude)(*WITH_UNITS)", "np.full(5, 2.)", HELD, "xarray pint"),
    row("gradient(d.assign_attrs(units='K').chunk(2), 2.0 * km)", "give their numbers, x.value, with units as text", "(lambda x: gradient(d.chunk(2), x.value, dim='x').values)(2.0 * km)", "np.gradient(f, 2.)",
        ONE + "from astropy.units import km; ", "xarray dask astropy"),
    # units
    row("laplacian(D.assign_attrs(units='K').assign_coords(a=('a', X, {'units': 'm'}), b=('b', Y, {'units': 's'})))", "name the dims that are meant, dim=", "laplacian(D, dim='b').values[:, 1:-1]", "np.full((4, 3), 6.)", TWO),
    row("laplacian(D.assign_attrs(units='K').assign_coords(a=('a', X, {'units': 'm'}), b=('b', Y, {'units': 's'})))", "convert them to one, or drop what is wrong: del f['x'].attrs['units']",
        "laplacian(D.assign_coords(a=('a', X, {'units': 'm'}))).values", "np.full((4, 5), 8.)", TWO),
    row("gradient(d.copy(data=u.Quantity(f, 'K')).assign_coords(x=('x', x, {'units': 'turns_east'})))", "f['x'].attrs['units'] = 'degree'",
        f"gradient(d.copy(data=u.Quantity(f, 'K')).assign_coords(x=('x', x, {{'units': 'degree'}})), {E2}).data.to('K / degree').magnitude", "slope",
        ONE + "import pint; u = pint.UnitRegistry(); ", "xarray pint"),
    row("gradient(D.copy(data=u.Quantity(U, 'K')), geometry=('lat', 'lon'))", "give numbers, f.copy(data=f.data.magnitude) of pint, with their unit as text, attrs['units']",
        f"(lambda f: gradient(f.copy(data=f.data.magnitude), geometry=('lat', 'lon'), {E2})[0].values)(D.copy(data=u.Quantity(U, 'K')))", f"({NORTH}) / (6371229 * np.pi / 180)", TWO + "import pint; u = pint.UnitRegistry(); ", "xarray pint"),
    # grids
    row("(lambda g: g.apply(g.plain.gradient, D.isel(b=0)))(gridgrad.xarray.Grid(D, dim='a'))", "f.expand_dims('b')",
        "(lambda g: g.apply(g.plain.gradient, D.isel(b=0).expand_dims('b'))[:, 0].values)(gridgrad.xarray.Grid(D, dim='a'))", "2 * X", TWO),
    row("(lambda g: g.apply(g.plain.gradient, U))(gridgrad.xarray.Grid(D, dim='a'))", "plain arrays go to the operator, operator(f)",
        "gridgrad.xarray.Grid(D, dim='a').plain.gradient(U)", NORTH, TWO),
    row("(lambda g: g.apply(g.plain.gradient, ds[['u']]))(gridgrad.xarray.Grid(D, dim='a'))", "ds.map(lambda f: grid.apply(operator, f), keep_attrs=False)",
        "(lambda g: ds[['u']].map(lambda f: g.apply(g.plain.gradient, f), keep_attrs=False).u.values)(gridgrad.xarray.Grid(D, dim='a'))", NORTH, TWO),
    row("(lambda g, v: g.gradient(v))(gridgrad.xarray.Grid(M, dim=('a', 'b'), coord=('P', 'Q')), M.assign_coords(P=M.P * 2))", "or take v.drop_vars('P') where they are the same points",
        "(lambda g, v: g.gradient(v.drop_vars('P'))[0].values)(gridgrad.xarray.Grid(M, dim=('a', 'b'), coord=('P', 'Q')), M.assign_coords(P=M.P * 2))", NORTH, MESH),
    row("gridgrad.xarray.Grid(D).with_mask(U.T < 9)", "or names, xarray.DataArray(inside, dims=('a', 'b'))",
        "gridgrad.xarray.Grid(D).with_mask(xarray.DataArray(U.T < 999, dims=('b', 'a'))).gradient(D)[0].values", NORTH, TWO),
    row("gridgrad.xarray.Grid(D).with_mask(D.expand_dims(t=2) < 999).gradient(D)", "broadcast the field to it, xarray.broadcast(f, inside)[0]",
        "gridgrad.xarray.Grid(D).with_mask(D.expand_dims(t=2) < 999).gradient(xarray.broadcast(D, D.expand_dims(t=2))[0].transpose('t', 'a', 'b'))[0].values[1]", NORTH, TWO),
    row("gridgrad.xarray.Grid(U)", "of plain coordinates it is gridgrad.Grid(x, y)", "gridgrad.Grid(X, Y).gradient(U)[0]", NORTH, TWO),
    row("gridgrad.xarray.Grid(D, axes=['a'])", "here it is dim=", "gridgrad.xarray.Grid(D, dim=['a']).gradient(D).values", NORTH, TWO),
    row("(lambda g: g.gradient(D, dim='a'))(gridgrad.xarray.Grid(D))", "make another one, Grid(f, dim='a')", "gridgrad.xarray.Grid(D, dim='a').gradient(D).values", NORTH, TWO),
    row("(lambda g: g.gradient(U))(gridgrad.xarray.Grid(D))", "f.copy(data=a) gives names to an array", "(lambda g: g.gradient(D.copy(data=U))[0].values)(gridgrad.xarray.Grid(D))", NORTH, TWO),
    row("(lambda g: g.divergence(('u', 'v')))(gridgrad.xarray.Grid(D))", "a variable is ds['v']", "(lambda g: g.divergence((ds['u'], ds['v'])).values)(gridgrad.xarray.Grid(D))", SUM, TWO),
    row("(lambda g: g.gradient())(gridgrad.xarray.Grid(D))", "grid.gradient(f) takes 1 argument", "(lambda g: g.gradient(D)[0].values)(gridgrad.xarray.Grid(D))", NORTH, TWO),
    row("(lambda grid: grid.apply('laplacian', D))(gridgrad.xarray.Grid(D))", "grid.apply(grid.plain.laplacian, f)", "(lambda grid: grid.apply(grid.plain.laplacian, D))(gridgrad.xarray.Grid(D)).values", "np.full((4, 5), 8.)", TWO),
    row("(lambda grid: grid.apply(np.sum, D))(gridgrad.xarray.Grid(D))", "give the numbers where that is meant, operator(f.values)", "np.sum(D.values)", "U.sum()", TWO),
    # names that are elsewhere
    *(row(f"gridgrad.xarray.Grid(D).{name}", f"a Grid of labelled arrays has no attribute '{name}'; {told}", remedy, value, TWO + "grid = gridgrad.xarray.Grid(D); ") for name, told, remedy, value in [
        ("dx", "steps are grid.plain.steps", "np.cumsum(grid.plain.steps[1])", "Y[1:]"), ("steps", "here it is grid.plain.steps", "np.cumsum(grid.plain.steps[1])", "Y[1:]"),
        ("grad", "here it is gradient", "grid.gradient(D)[0].values", NORTH), ("laplacain", "did you mean laplacian?", "grid.laplacian(D).values", "np.full((4, 5), 8.)"),
        ("integrate", "an integral is (grid.measure * f).sum()", "(grid.measure * (0 * D + 1)).sum().item()", "24.0")]),
    *(row(f"D.gridgrad.{name}", f"the accessor .gridgrad has no attribute '{name}'; {told}", remedy, value, TWO + "import gridgrad.xarray; f = D; ") for name, told, remedy, value in [
        ("vorticity", "here it is ds.gridgrad.curl", "ds.gridgrad.curl(('u', 'v'), dim=('a', 'b')).values", f"{NORTH} - ({EAST})"),
        ("measure", "here it is gridgrad.xarray.Grid(f).measure", "gridgrad.xarray.Grid(f).measure.sum().item()", "24.0"), ("hesian", "did you mean hessian?", "D.gridgrad.hessian()[0][0].values[1, 1]", "2.0")]),
    # differentiate
    row("gridgrad.xarray.differentiate(f, 'x')", "of plain arrays it is gridgrad.gradient(f, x)", f"gridgrad.gradient(f, x, {E2})", "slope", ONE + "import gridgrad.xarray; "),
    row("gridgrad.xarray.differentiate(d, ['x'])", "got a list", "gridgrad.xarray.differentiate(d, 'x', 2).values", "slope", ONE + "import gridgrad.xarray; "),
    row("gridgrad.xarray.differentiate(d, 'y')", "there is no coordinate or dimension 'y'; there are 'x', 'h', 'z'", "gridgrad.xarray.differentiate(d, 'x', 2).values", "slope"),
    row("gridgrad.xarray.differentiate(D, 'z')", "one of one dimension is needed", "gridgrad.xarray.differentiate(D, 'b', 2).values", EAST, TWO),
]  # fmt: skip
