"""Names that the package, a grid or an operator does not have, answered with what there is instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from sys import modules
from typing import Never

from ..tracing import is_compiling
from . import nearest

_MATRIX = "its dense matrix is A.to_sparse().toarray()"
_CALL = "apply it by calling it, A(f)"
OF_OPERATORS = {  # what of operators has another name here, or is done elsewhere
    **dict.fromkeys(("inverse", "inv", "factorized", "splu"), "its inverse is applied to a field A.solve(b), and made once A.solver()"),
    **dict.fromkeys(("eig", "eigs", "eigsh", "eigenvalues", "svd", "svds"), "its eigenvalues are those of its matrix, scipy.sparse.linalg.eigs(A.to_sparse())"),
    **dict.fromkeys(("norm", "spectral_radius", "max_dt", "cfl"), "a bound of its eigenvalues is abs(A.to_sparse()).sum(axis=1).max(), and an explicit step of diffusion is at most 2 over that"),
    "to_dense": _MATRIX, "todense": _MATRIX, "toarray": _MATRIX,
    **dict.fromkeys(("to_matrix", "as_matrix", "asmatrix", "get_matrix", "to_csr", "tocsr", "tocsc", "todia", "tocoo", "diagonal", "nnz"), "its matrix is A.to_sparse(), an array of scipy.sparse"),
    "dtype": "that of a result is the field's, that of its matrix A.to_sparse().dtype; scipy.sparse.linalg.eigsh takes A.to_sparse() or A.to_linear_operator()",
    "H": "its adjoint is applied to a field A.adjoint(g), and as an operator A.adjoint_operator()",
    **dict.fromkeys(("to", "cuda", "cpu", "device"), "it takes fields of every device as it is: " + _CALL),
    "apply": _CALL, "dot": _CALL + ", and its matrix to a flat vector by A.matvec(x)",
    "weights": "they are those of one sweep without gaps; all rows, beside gaps too, are those of its matrix, A.to_sparse()",
    **dict.fromkeys(("stencil", "stencils", "kernel", "coeffs"), "its rows along an axis are A.weights(axis), and all of them its matrix, A.to_sparse()"),
    **dict.fromkeys(("transpose", "conj", "conjugate", "backward", "vjp"), "its transpose is A.T, and its adjoint is applied to a field A.adjoint(g)"),
    **dict.fromkeys(("forward", "jvp", "evaluate", "rhs"), _CALL),
    **dict.fromkeys(("cg", "gmres", "bicgstab", "lgmres"), 'iterations are a method of solve, A.solve(b, method="cg")'),
    **dict.fromkeys(("order", "accuracy", "form"), "it is an option, A.with_(accuracy=4) for example"),
    **dict.fromkeys(("set_bc", "bc", "boundary"), "ends are given with the axes, Grid(x, boundary=gridgrad.value(0.0)).laplacian"),
    **dict.fromkeys(("numpy", "compile"), "it has no device, and takes the arrays of each library: " + _CALL),
    "with_fields": "another velocity is A.with_(v=v), another diffusivity A.with_(k=k)",
}  # fmt: skip
_OTHER_NAMES = {  # what other books and libraries call our functions and operators
    "gradient": "grad nabla",
    "divergence": "div",
    "curl": "vorticity rot rotation",
    "laplacian": "laplace lap del2",
    "derivative": "diff differentiate findiff partial ddx d_dx first_derivative second_derivative",
    "mean": "interp interpolate average",
    "gradient_norm": "norm magnitude gradient_magnitude",
    "advect": "advection",
    "diffuse": "diffusion",
    "value": "dirichlet dirichletbc",
    "slope": "neumann neumannbc",
    "robin": "mixedbc mixed",
    "Grid": "cartesiangrid uniformgrid regulargrid structuredgrid unitgrid rectilineargrid",
}
_OUR_NAME = {name: ours for ours, names in _OTHER_NAMES.items() for name in names.split()}
_TOLD = {  # what is no function or attribute of ours, by what there is instead
    "operators are solved, Grid(x, y).laplacian.solve(b)": "solve poisson",
    "positions are grid.coordinates, as fields grid.mesh()": "x y z X Y Z points nodes centers meshgrid extent origin bounds cell_coords axes_coords axes_bounds coords",
    "the number of axes is grid.ndim": "num_axes dim dims",
    "the lengths of axes are grid.lengths": "nx ny nz npoints",
    "operators are its attributes, grid.laplacian for example, with the ends that the grid has, Grid(x, boundary=gridgrad.value(0.0))": "make_operator get_operator operators",
    'upwind differences are those of advect, grid.advect(v, upwind=1), or of one axis grid.derivative(0, side="left")': "upwind",
    'on latitudes and longitudes it is the function of that name with geometry=, gridgrad.gradient(f, lat, lon, geometry="sphere")': "geospatial_gradient geospatial_laplacian",
    'a mirror is a word, Grid(x, boundary="reflect"), and so is periodic': "reflect symmetric antireflect antisymmetric periodic one_sided",
    "fields are arrays of your library, of the lengths of the grid, numpy.zeros(grid.shape)": "scalarfield vectorfield",
    "ends are given with the axes, Grid(x, boundary=gridgrad.value(0.0))": "bc bcs set_boundary with_boundary dirichlet neumann get_boundary_conditions boundaryconditions",
    "steps are grid.steps": "dx dy dz h spacing discretization",
    "the lengths of a field are grid.shape": "size",
    "a field is an array of its shape, numpy.zeros(grid.shape)": "zeros empty ones field",
    "it is made of second derivatives, gridgrad.hessian(z, y, x)": "curvature mean_curvature",
    "it is a filter of scipy.ndimage; derivatives are gridgrad.gradient(f, y, x)": "sobel prewitt scharr",
    "files larger than memory are gridgrad.dask.to_zarr(operator, source, target)": "to_zarr open_zarr",
    "it is made of slopes, dzdy, dzdx = gradient(z, y, x), the steepest of which is gradient_norm(z, y, x)": "aspect hillshade",
    "a grid takes fields of every device as it is": "to cuda cpu device",
    "threads are given with a call, gradient(f, x, workers=2)": "set_num_threads set_threads",
    "an integral is (grid.measure * f).sum()": "integrate integral integrate_over",
    "areas and volumes of cells are grid.measure": "area volume volumes cell_volumes cell_volume_data dV",
}
_NOT_FUNCTIONS = {name: told for told, names in _TOLD.items() for name in names.split()} | {
    name: f"operators have it, grid.laplacian.{name}"
    for name in ("to_sparse", "to_linear_operator", "solver", "adjoint", "T")
}


def unknown(
    owner: object, called: str, name: str, places: Mapping[str, object] | None = None, sentences: Mapping[str, str] | None = None
) -> AttributeError:  # fmt: skip
    """The error on a name that the package or an object does not have, with what has it under another name, or is in one of the `places`.

    A property that ended in an AttributeError comes here too: it is asked once more, for the error of its own.
    """
    if is_compiling():  # whose tracer follows no search, and only asks, as for the name of a function
        return AttributeError(f"{called} has no attribute {name!r}")
    if hasattr(type(owner), name):
        object.__getattribute__(owner, name)
    instead = _elsewhere(owner, name, places or {}, _NOT_FUNCTIONS if sentences is None else sentences)
    return AttributeError(f"{called} has no attribute {name!r}{instead}", name=name, obj=owner)


def answered(package: str) -> Callable[[str], Never]:
    """The ``__getattr__`` of a part of the package, for names that it does not have."""

    def __getattr__(name: str) -> Never:
        whole = package.partition(".")[0]
        raise unknown(modules[package], f"module {package!r}", name, {whole: modules[whole]})

    return __getattr__


def absent(operator: object, name: str) -> Never:
    """Refuse an attribute that operators do not have."""
    raise unknown(operator, "an operator", name, sentences=OF_OPERATORS)


def _elsewhere(owner: object, name: str, places: Mapping[str, object], sentences: Mapping[str, str]) -> str:
    if name.startswith("_"):  # what libraries ask for
        return ""
    ours = _OUR_NAME.get(name.lower(), name)
    for place, held in {"": owner, **places}.items():
        if (place or ours != name) and hasattr(held, ours):
            return f"; here it is {place and place + '.'}{ours}"

    def placed(attribute: re.Match[str]) -> str:
        held = [] if hasattr(owner, attribute[1]) else [p for p in places if hasattr(places[p], attribute[1])]
        return f"{held[0]}.{attribute[1]}" if held else attribute[0]

    sentence = sentences.get(name) or sentences.get(name.lower())
    if sentence:
        return "; " + re.sub(r"\bgrid\.(\w+)", placed, sentence)
    known = {own.lower(): own for own in dir(owner) if not own.startswith("_")}
    close = nearest(name.lower(), known, 0.7)
    return f"; did you mean {known[close]}?" if close else ""
