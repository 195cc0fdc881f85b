"""What the errors about masks and breaks tell the user to type, and its value."""

from remedies import Row

GAPS = "inside = np.array([True, True, True, False, True]); holed = np.where(inside, f, np.nan); line = Grid((5, 1.0)); F = np.arange(5.0)**2; "
RIGHT = "np.array([0., 2, 4, 0, 0])"
EPOCHS = "x = np.r_[np.arange(5.0), 100 + np.arange(4.0)]; f = np.r_[x[:5], 500 - 2 * x[5:]]; slopes = np.repeat([1., -2], [5, 4])"
ROWS = [
    Row("jax.jit(lambda f: gradient(f, x, missing='one-sided'))(f)", "missing= looks at the field, which is traced or mapped; make the grid outside: gridgrad.Grid(x).with_mask(inside)",
        "(lambda g: np.asarray(jax.jit(g.gradient)(f)))(gridgrad.Grid(x).with_mask(~np.isnan(f)))", "slope", "import jax", "jax"),
    Row("line.with_mask(np.ones(5))", "an array of bool, for example ~numpy.isnan(f)", "line.with_mask(~numpy.isnan(np.where(inside, F, np.nan))).gradient(F)", RIGHT, GAPS),
    Row("line.with_mask(inside[1:])", "numpy.broadcast_to(inside, grid.shape)", "Grid((2, 1.0), (5, 1.0), edge_order=1).with_mask(numpy.broadcast_to(inside, (2, 5))).derivative(1)(np.stack([F, F]))[0, 2]", "3.", GAPS),
    Row("line.with_mask(inside & False)", "True is where the field is", "line.with_mask(inside).gradient(F)", RIGHT, GAPS),
    Row("line.with_mask(inside, boundary=['reflect', 'reflect'])", 'beside gaps there is one end for all, "one-sided", "symmetric"', "line.with_mask(inside, boundary='symmetric').laplacian(F)[2]", "-3.", GAPS),
    Row("line.with_mask(inside, boundary=gg.value(1.0, wall=3.5))", 'give wall="face", midway to the gap', "line.with_mask(inside, boundary=gg.value(1.0, wall='face')).laplacian(F)[2]", "-3 - 2 * 3.", GAPS),
    Row("Grid((5, 1.0), (5, 1.0)).with_mask(np.stack([inside] * 5), boundary=gg.value(np.ones((5, 5)))).hessian", "give a number without a name",
        "Grid((5, 1.0), (5, 1.0)).with_mask(np.stack([inside] * 5), boundary=gg.value(1.0, wall='face')).hessian(np.stack([F] * 5))[1][1][2, 2]", "-3 - 2 * 3.", GAPS),
    Row("line.with_mask(inside, fill=7)", "write it, result[~inside] = value", "(lambda result: [result.__setitem__(~inside, 7.), result][1])(line.with_mask(inside).gradient(F))", "np.array([0., 2, 4, 7, 0])", GAPS),
    Row("line.with_breaks(0, [1.5])", "one at i is between the points i - 1 and i", "line.with_breaks(0, [3]).gradient(F)", "np.array([0., 2, 4, 7, 7])", GAPS),
    Row("line.with_breaks(0, [5])", "give 1 to 4", "line.with_breaks(0, [3]).gradient(F)", "np.array([0., 2, 4, 7, 7])", GAPS),
    Row("line.with_mask(inside).laplacian + line.laplacian", "make both with the same with_mask and with_breaks", "(line.with_mask(inside).gradient + line.with_mask(inside).gradient)(F)", f"2 * {RIGHT}", GAPS),
    Row("line.with_mask(inside).laplacian(np.ma.array(F))", "give numbers, (f * 1.0).filled(numpy.nan)", "line.with_mask(inside).gradient((np.ma.array(F) * 1.0).filled(numpy.nan))", RIGHT, GAPS),
    Row("gradient(np.ma.masked_equal([0, 1, 4, -999, 16], -999), missing='one-sided')", "give numbers, (f * 1.0).filled(numpy.nan)",
        "np.nan_to_num(gradient((np.ma.masked_equal([0, 1, 4, -999, 16], -999) * 1.0).filled(numpy.nan), missing='one-sided', edge_order=2))", RIGHT),
    # breaks are such a mask too, of which nothing is masked
    Row("gradient(np.ma.masked_equal(f, f[1]), x, breaks=[5])", "of with_mask, with_breaks, missing= or breaks=; give numbers, (f * 1.0).filled(numpy.nan)",
        "gradient((np.ma.masked_equal(f, f[1]) * 1.0).filled(numpy.nan), x, breaks=[5])", "np.where(np.isin(np.arange(9), [0, 2]), np.nan, slopes)", EPOCHS),
    Row("Grid(x).with_breaks(0, [5]).gradient(np.ma.masked_equal(f, f[1]))", 'nor by functions with missing="one-sided"',
        "gradient((np.ma.masked_equal(f, f[1]) * 1.0).filled(numpy.nan), x, breaks=[5], missing='one-sided')[2:]", "slopes[2:]", EPOCHS),
    Row("line.with_mask(inside).laplacian(da.from_array(np.ma.array(F), chunks=2))", "of Dask's chunks (f * 1.0).map_blocks(numpy.ma.filled, numpy.nan)",
        "line.with_mask(inside).gradient((da.from_array(np.ma.masked_where(~inside, F), chunks=2) * 1.0).map_blocks(numpy.ma.filled, numpy.nan)).compute()", RIGHT, GAPS + "import dask.array as da", "dask"),
    Row("gradient(F, missing=-999)", "numpy.where(f == -999, numpy.nan, f)", "np.nan_to_num(gradient(numpy.where(inside, F, numpy.nan), missing='one-sided', edge_order=2))", RIGHT, GAPS),
    Row("gradient(F, missing=True)", 'NaN is what missing="one-sided" leaves out', "np.nan_to_num(gradient(np.where(inside, F, np.nan), missing='one-sided', edge_order=2))", RIGHT, GAPS),
    Row("gradient(F, missing=np.nan)", 'NaN is what missing="one-sided" leaves out', "np.nan_to_num(gradient(np.where(inside, F, np.nan), missing='one-sided', edge_order=2))", RIGHT, GAPS),
    Row("gradient(F, nodata=-999)", "numpy.where(f == nodata, numpy.nan, f)", "np.nan_to_num(gradient(numpy.where(inside, F, numpy.nan), missing='one-sided', edge_order=2))", RIGHT, GAPS),
    Row("gradient(F, skipna=True)", "here it is missing=", "np.nan_to_num(gradient(numpy.where(inside, F, numpy.nan), missing='one-sided', edge_order=2))", RIGHT, GAPS),
    Row("Grid((5, 1.0, 0.5), (36, 10.0), geometry='polar', angle='degrees').with_mask(np.ones((5, 36), bool), boundary='symmetric')", "leave boundary= out",
        "Grid((5, 1.0, 0.5), (36, 10.0), geometry='polar', angle='degrees').with_mask(np.stack([inside] * 36, axis=1)).gradient(np.stack([F] * 36, axis=1))[0][1:, 0]", f"{RIGHT}[1:]", GAPS),
    Row("Grid((5, 1.0, 0.5), (36, 10.0), geometry='polar', angle='degrees').with_mask(np.ones((5, 36), bool), boundary='symmetric')", "or write operators as their formulas on a grid without geometry=",
        "(lambda g, r: ((1 / r) * g.derivative(0) + g.derivative(0, order=2))(r**2))(Grid((5, 1.0, 0.5)).with_mask(np.arange(5) < 4, boundary='symmetric'), np.arange(5) + 0.5)[1:3]", "np.full(2, 4.0)"),
    Row("line.with_mask(np.stack([inside, inside])).laplacian(F)", "give fields that have these", "line.with_mask(np.stack([inside, inside])).gradient(np.stack([F, F]))[1]", RIGHT, GAPS),
    Row("line.with_mask(np.stack([inside, inside])).gradient.to_sparse()", "make the grid with the mask of one", "line.with_mask(inside).gradient.to_sparse() @ F", RIGHT, GAPS),
    Row("gradient(f, missing=inside)", "where the field is, an array, is said by gridgrad.Grid(x).with_mask(inside)", "gridgrad.Grid(np.arange(5.)).with_mask(inside).gradient(F)", RIGHT, GAPS),
    Row("gradient(f, missing='skip')", 'missing must be None or "one-sided"', "gradient(np.where(inside, F, np.nan), edge_order=2, missing='one-sided')[:3]", f"{RIGHT}[:3]", GAPS),
    Row("gradient(np.ones((5, 5)), breaks=[3])", "give one sequence for each, None where there are none", "gradient(np.stack([F] * 5), breaks=[None, [3]])[1][0]", "np.array([1., 2, 3, 7, 7])", GAPS),
    Row("gradient(np.ones((5, 5)), breaks=[[3], [3], [3]])", "give one for each, None where there are none", "gradient(np.stack([F] * 5), breaks=[None, [3]])[1][0]", "np.array([1., 2, 3, 7, 7])", GAPS),
    Row("gradient(f, breaks=5)", "breaks=[5]", "gradient(f, x, breaks=[5])", "slopes", EPOCHS),
    Row("gradient(lambda x: x, x, breaks=[5])", "give its samples, f(x, y)", "gradient((lambda x: x)(x), x, breaks=[5])", "np.ones(9)", EPOCHS),
    Row("Grid(x, breaks=[5])", "Grid(x).with_breaks(0, [5])", "Grid(x).with_breaks(0, [5]).gradient(f)", "slopes", EPOCHS),
    Row("Grid(x).laplacian.with_(breaks=[5])", "gradient(f, x, breaks=[5])", "gradient(f, x, breaks=[5])", "slopes", EPOCHS),
    Row("Grid(x, mask=x > 2)", "a grid has a mask from grid.with_mask(inside)", "Grid((5, 1.0)).with_mask(inside).gradient(F)", RIGHT, GAPS),
    Row("torch.compile(lambda f: gradient(f, breaks=[2]), backend='eager', fullgraph=True)(torch.tensor(f))", "gridgrad.Grid(x).with_mask(inside)", "Grid(x).with_breaks(0, [5]).gradient(f)", "slopes", "import torch; " + EPOCHS, "torch"),
]  # fmt: skip
