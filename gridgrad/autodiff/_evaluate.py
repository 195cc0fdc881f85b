"""Which engine differentiates: chosen by the coordinates' library, or by name with conversion both ways."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any, Never, cast

import numpy as np

from .._base.checks import clean_workers
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.outputs import targets_of
from .._base.types import Array
from .._base.words import unexpected
from .._wraps.foreign import roots_of
from ._engines.bridge import Export, on_callers_stream, to_engine
from ._jets.algebra import Monomial
from ._jets.mesh import Clean, Mesh, clean_numpy, mesh_of
from ._jets.run import Combine, Direction, Expansion, Task, along_axes, run
from ._typed import Function

if TYPE_CHECKING:
    from ._engines.backend import Backend

ENGINES = ("auto", "jet", "torch", "jax", "sympy")
Directions = Callable[[Mesh, Callable[[object], Array]], tuple[Direction, ...]]


def library_of(a: object) -> str:
    """The library that an array belongs to; numbers and lists are NumPy's."""
    roots = roots_of(type(a))
    for name in ("torch", "cupy", "jax", "jaxlib"):
        if name in roots:
            return "jax" if name == "jaxlib" else name
    return "numpy"


def expand(
    function: Function,
    coords: tuple[object, ...],
    wanted: tuple[Monomial, ...],
    *,
    directions: Directions | None = None,
    combine: Combine | None = None,
    engine: str = "auto",
    points: bool = False,
    check: bool = True,
    out: object = None,
    workers: int | None = None,
    **others: Never,
) -> tuple[Expansion, Mesh]:
    """Derivatives of a function at coordinates, in the coordinates' own library."""
    if others:
        raise unexpected("gridgrad.autodiff", others, ["engine", "points", "check", "out", "workers"])
    home, engine = chosen(engine, coords)
    clean_workers(workers)
    function = _numeric(function, wanted, engine, directions)
    if engine in ("jet", "sympy"):
        clean: Clean = clean_numpy if home in ("numpy", "cupy") else lambda c, k: clean_numpy(_to_numpy(c), k)
        mesh = mesh_of(coords, clean, points)
        task = _task(function, mesh, wanted, directions, combine, check, lambda a: clean(a, 0))
        native = home in ("numpy", "cupy")
        result = run(task, out if native else None, workers)
        if not native:
            result = Expansion(
                [[_from_numpy(a, home, coords) for a in row] for row in result.parts], result.single
            )
            result = placed(result, out, mesh.shape)
        return result, mesh
    from ._engines.jets import expand as forward

    backend = backend_of(engine)
    with _wide(engine, coords), on_callers_stream(engine, home, coords):
        given = coords if home == engine else tuple(_to_engine(c, engine) for c in coords)
        mesh = mesh_of(given, backend.clean, points)
        task = _task(function, mesh, wanted, directions, combine, check, lambda a: backend.clean(a, 0))
        result = forward(task, backend)
        if home != engine:
            back = _exporter(engine, backend, home, coords, mesh)
            values = [not any(monomial) for monomial in wanted]
            values = values if combine is None else [any(values)] * max(map(len, result.parts))
            parts = [[back(a, v) for a, v in zip(row, values, strict=False)] for row in result.parts]
            result = Expansion(parts, result.single)
    return placed(result, out, mesh.shape), mesh


def _task(
    function: Function, mesh: Mesh, wanted: tuple[Monomial, ...], directions: Directions | None,
    combine: Combine | None, check: bool, clean: Callable[[object], Array],
) -> Task:  # fmt: skip
    along = along_axes(len(mesh.coords)) if directions is None else directions(mesh, clean)
    return Task(function, mesh, along, wanted, combine, bool(check))


def backend_of(engine: str) -> Backend:
    """The engine of another library, whose functions are those of a `Backend`."""
    return cast("Backend", import_module(f"gridgrad.autodiff._engines.{engine}"))


def chosen(engine: str, coords: tuple[object, ...]) -> tuple[str, str]:
    """The coordinates' library, and the engine."""
    if engine not in ENGINES:
        raise ArgumentValueError(f"engine must be one of {', '.join(map(repr, ENGINES))}, got {engine!r}")
    libraries = {library_of(c) for c in coords}
    home = next((name for name in ("torch", "jax", "cupy") if name in libraries), "numpy")
    if len(libraries - {"numpy"}) > 1:
        raise ArgumentTypeError(
            f"the coordinates come from {' and '.join(sorted(libraries))}; give them all in one library"
        )
    if engine != "auto":
        return home, engine
    return home, home if home in ("torch", "jax") else "jet"


def _numeric(
    function: Function, wanted: tuple[Monomial, ...], engine: str, directions: Directions | None
) -> Function:
    """The function to call with arrays: sympy's become NumPy's (or the engine's)."""
    if engine == "sympy" or is_symbolic(function):
        from ._engines.symbolic import Symbolic, symbolic

        count = len(wanted[0])
        form = function if isinstance(function, Symbolic) else symbolic(function, arguments=count)
        if engine != "sympy":
            return form.function("torch" if engine == "torch" else "jax" if engine == "jax" else "numpy")
        if directions is not None:
            raise ArgumentTypeError(
                "engine='sympy' gives partial derivatives only; use engine='jet' for products with vectors"
            )
        return form
    if not callable(function):
        raise ArgumentTypeError(
            f"the function is a {type(function).__name__}, which cannot be called; give a function of the coordinates, "
            "or use gg.gradient for samples"
        )
    return function


def is_symbolic(function: object) -> bool:
    """Whether a function is an expression, Lambda or function class of sympy, or made by `symbolic`."""
    cls = function if isinstance(function, type) else type(function)
    return "sympy" in roots_of(cls) or cls.__name__ == "Symbolic"


def _wide(engine: str, coords: tuple[object, ...]) -> AbstractContextManager[object]:
    """JAX computes in float64 inside, where a coordinate is of that type (or an integer or Python number)."""
    if engine != "jax":
        return nullcontext()
    names = [
        str(getattr(c, "dtype", np.asarray(c).dtype if library_of(c) == "numpy" else "")).rpartition(".")[2]
        for c in coords
    ]
    foreign = "jax" not in {library_of(c) for c in coords}
    wide = any(n in ("float64", "complex128") or (foreign and "int" in n) for n in names)
    if not wide:
        return nullcontext()
    doubles: AbstractContextManager[object] = import_module("gridgrad.autodiff._engines.jax").float64()
    return doubles


def _to_numpy(c: Any) -> object:
    library = library_of(c)
    if library == "torch":
        if c.requires_grad:
            raise ArgumentTypeError(
                "a torch coordinate requires a gradient, which another engine would lose; give x.detach(), or engine='torch'"
            )
        return c.detach().cpu().numpy()
    return sys.modules["cupy"].asnumpy(c) if library == "cupy" else np.asarray(c) if library == "jax" else c


def _from_numpy(a: Array, home: str, coords: tuple[Any, ...]) -> Any:
    if home == "torch":
        torch = sys.modules["torch"]
        device = next(c.device for c in coords if library_of(c) == "torch")
        return torch.from_numpy(np.array(a)).to(device)
    return sys.modules["jax"].numpy.asarray(a)


def _to_engine(c: object, engine: str) -> object:
    library = library_of(c)
    if library == engine:
        return c
    return _to_numpy(c) if library in ("torch", "jax") else to_engine(c, library, engine)


def _exporter(
    engine: str, backend: Backend, home: str, coords: tuple[object, ...], mesh: Mesh
) -> Callable[[Array, bool], Array]:
    """How a result comes home; torch and JAX exchange through the host."""
    if home in ("numpy", "cupy"):
        return Export(engine, home, mesh.coords)
    return lambda a, is_value: _from_numpy(backend.numpy(a), home, coords)


def placed(result: Expansion, out: object, shape: tuple[int, ...]) -> Expansion:
    """Results copied into `out`, for engines that cannot write there themselves."""
    if out is None:
        return result
    rows = []
    for row in result.parts:
        targets = targets_of(out, (len(row),), shape)
        for target, a in zip(targets, row, strict=True):
            if tuple(target.shape) != tuple(a.shape) or target.dtype != a.dtype:
                raise ArgumentValueError(
                    f"out has shape {tuple(target.shape)} and dtype {target.dtype}, but the result has shape {tuple(a.shape)} and dtype {a.dtype}"
                )
            if library_of(target) == "jax":
                raise ArgumentTypeError("JAX arrays cannot be written to: leave out= away")
            target[...] = a
        rows.append(targets)
    return Expansion(rows, result.single)
