"""A drop-in for ``torch.gradient``: its spelling, promotion and errors; our arithmetic."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Never

import numpy as np
import torch

from .._backends.torch.arrays import BACKEND
from .._backends.torch.graph import ByTerms
from .._base.cache import SMALL_BYTES
from .._base.checks import clean_axis
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Axes, Spacing
from .._base.words import offered, unexpected
from .._grid.asked import Asked
from .._grid.axis import axis_stencil, check_length
from .._grid.spacing import check_coordinates, to_host
from .._operators.patterns.calls import Key, functions, kept_key, start_of
from .._stencils.derivatives import Rule, derivative_stencil
from .._stencils.stencil import Stencil
from .._stencils.wide import exact_steps
from .._terms.term import Term, stencil_bytes
from ._coordinates import Way, carries_derivative, concrete, differentiated

__all__ = ["gradient"]

_NAME = "gridgrad.torch.gradient"


class TorchValueError(ArgumentValueError, RuntimeError):
    """A value that cannot be right: torch raises RuntimeError for it, everyone else ValueError."""


class TorchTypeError(ArgumentTypeError, RuntimeError):
    """A type that is not accepted: torch raises RuntimeError or TypeError for it."""


@offered
def gradient(
    input: torch.Tensor,
    *,
    spacing: Spacing | Sequence[Spacing] | None = 1,
    dim: Axes = None,
    edge_order: int = 1,
    **others: Never,
) -> tuple[torch.Tensor, ...]:
    """Second-order central differences, called as ``torch.gradient`` is.

    Parameters
    ----------
    input : torch.Tensor, shape (..., n, ...), real or complex
        Samples. Units: [f].
    spacing : scalar, sequence of scalars and 1-D tensors, or None
        One step for all dims, or one entry for each: a step or the n coordinates. Units: [x].
        Coordinates may be in any order, as torch allows, as long as no two that meet in one row are equal.
    dim : int or sequence of int, optional
        Differentiated dims; all by default. May be called ``axis=``, as in torch.
    edge_order : 1 or 2
        Order of accuracy at the ends; a dim needs ``edge_order + 1`` points.

    Returns
    -------
    tuple of torch.Tensor, each of the shape of `input`
        Coordinates promote: float32 data on float64 coordinates gives float64. Numbers do not.
        Integers give the default dtype. Differentiable with respect to `input` and to spacings that
        are tensors. Units: [f]/[x].

    Raises
    ------
    RuntimeError
        What torch refuses, and coordinates of a wrong length, repeated or not finite, which it does
        not always see; also a ValueError or a TypeError, whichever `gridgrad.gradient` raises.
    IndexError
        A dim is out of range.
    TypeError
        Arguments of types that mean nothing here.

    Notes
    -----
    Where torch gives wrong numbers this gives right ones: integer data never wraps or loses bits,
    and integer coordinates are differenced exactly. Under ``torch.compile`` coordinates must be monotonic.

    Examples
    --------
    >>> import torch
    >>> import gridgrad.torch
    >>> x = torch.tensor([-2.0, -1.0, 1.0, 4.0])
    >>> gridgrad.torch.gradient(x**2, spacing=[x])
    (tensor([-3., -2.,  2.,  5.]),)
    """
    if dim is None and others.keys() == {"axis"}:  # NumPy's word, which torch reads too
        return gradient(input, spacing=spacing, dim=others["axis"], edge_order=edge_order)
    if others:
        raise unexpected("gridgrad.torch.gradient", others)
    start = None if torch.compiler.is_compiling() else _start_of(spacing, dim, edge_order)
    found: Any = None if start is None else functions.again(start, (input,), None, None)
    if found is not None:
        results: tuple[torch.Tensor, ...] = found
        return results
    key = None if start is None else kept_key(tuple(start))
    with _torch_errors():
        if not isinstance(input, torch.Tensor):
            raise TypeError(
                f"input must be a torch.Tensor, got {type(input).__name__}; use gridgrad.gradient"
            )
        dims = _clean_dims(dim, input.ndim)
        order = _clean_order(edge_order)
        spacings = _clean_spacing(spacing, len(dims))
        _check_sizes(input.shape, dims, order)
        f = BACKEND.samples(input)
        if torch.compiler.is_compiling():
            return _compiled(f, spacings, dims, order)
        stencils = [
            _stencil(concrete(s), input.shape[a], a, order) for s, a in zip(spacings, dims, strict=True)
        ]
        run = _Sweeps.of(f, spacings, dims, stencils)
        each = list(run((f,)))
        if key is not None and f is input:
            _keep(key, f, run)
        for k, (s, d, stencil) in enumerate(zip(spacings, dims, stencils, strict=True)):
            if carries_derivative(s):
                exact = f.to(_result_dtype(f, s))
                way = Way(d, Rule(edge_order=order), None)
                (each[k],) = differentiated(exact, [s], (way,), (stencil,))
        return tuple(each)


@contextmanager
def _torch_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError:
        raise
    except ArgumentValueError as error:
        raise TorchValueError(str(error)) from None
    except ArgumentTypeError as error:
        raise TorchTypeError(str(error)) from None


def _clean_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    if ndim == 0:
        raise ArgumentValueError(
            "input is 0-dimensional: a single number has no neighbours; give at least one dim"
        )
    try:
        return clean_axis(dim, ndim)
    except ArgumentValueError:
        dims = [d % ndim for d in dim]
        twice = next(d for d in dims if dims.count(d) > 1)
        raise TorchValueError(
            f"dim {twice} appears multiple times in the list of dims; name each dim once"
        ) from None


def _clean_order(edge_order: Any) -> int:
    if isinstance(edge_order, bool) or not isinstance(edge_order, (int, np.integer)):
        raise ArgumentTypeError(f"edge_order must be the integer 1 or 2, got {edge_order!r}")
    if edge_order not in (1, 2):
        raise ArgumentValueError(
            f"torch.gradient only supports edge_order=1 and edge_order=2. Got {edge_order}"
        )
    return int(edge_order)


def _clean_spacing(spacing: Any, count: int) -> list[Any]:
    """One entry for each dim."""
    if isinstance(spacing, (list, tuple)):
        given = list(spacing)
        devices = {entry.device for entry in given if isinstance(entry, torch.Tensor) and entry.ndim}
        if len(devices) > 1:
            raise ArgumentValueError(
                "torch.gradient expected each tensor to be on the same device, "
                f"but got {', '.join(sorted(map(str, devices)))}"
            )
        if len(given) == count:
            return given
        got = f"a sequence of {len(given)}"
    elif spacing is None:
        return [1.0] * count
    elif getattr(spacing, "ndim", 0) == 0:
        return [spacing] * count
    elif count == 1:
        return [spacing]
    else:
        got = "one tensor"
    raise ArgumentTypeError(
        "torch.gradient expected spacing to be unspecified, a scalar or a sequence with one entry for each of the "
        f"{count} dims, but got {got}"
    )


def _check_sizes(shape: Any, dims: tuple[int, ...], order: int) -> None:
    for d in dims:
        try:
            check_length(shape[d], d, Rule(edge_order=order))
        except ArgumentValueError as error:
            raise TorchValueError(
                f"torch.gradient expected each dimension size to be at least edge_order+1; {error}"
            ) from None


def _stencil(spacing: Any, length: int, axis: int, order: int) -> Stencil:
    """As `gradient` makes it, but coordinates may turn round, which torch's callers rely on."""
    values = to_host(_real(spacing, axis), axis)
    if values.ndim == 0:
        return axis_stencil(values, length, axis, Rule(edge_order=order), None, np.float64)
    check_coordinates(values, length, axis)
    exact = exact_steps(values)
    steps = exact.high
    if np.all(steps > 0) or np.all(steps < 0) or not np.isfinite(steps).all():
        return axis_stencil(values, length, axis, Rule(edge_order=order), None, np.float64)
    across = steps[1:] + steps[:-1]
    if not steps.all() or not across.all():
        i = int(np.argmin(steps != 0)) if not steps.all() else int(np.argmin(across != 0))
        j = i + 1 if not steps.all() else i + 2
        raise ArgumentValueError(
            f"the coordinates of dim {axis} repeat a position within one row: x[{i}]={values[i]}, x[{j}]={values[j]}; "
            "remove repeated positions"
        )
    return derivative_stencil(exact, length, Rule(edge_order=order))


def _real(spacing: Any, axis: int) -> Any:
    """Complex coordinates that lie on the real axis, as real ones."""
    if not (isinstance(spacing, torch.Tensor) and spacing.is_complex()) or spacing.requires_grad:
        return spacing
    if bool((spacing.imag != 0).any()):
        raise ArgumentTypeError(
            f"the spacing of dim {axis} is complex; it must be real integer or floating-point numbers, for example x.real"
        )
    return spacing.real


def _result_dtype(f: Any, spacing: Any) -> Any:
    """What torch promotes to: coordinates take part, numbers and 0-d tensors do not, integers become the default."""
    if not isinstance(spacing, torch.Tensor) or spacing.ndim == 0:
        return _inexact(f.dtype)
    return _inexact(torch.promote_types(f.dtype, _inexact(spacing.dtype)))


def _inexact(dtype: Any) -> Any:
    return dtype if dtype.is_floating_point or dtype.is_complex else torch.get_default_dtype()


class _Sweeps:
    """All dims of one result dtype in one sweep, of any tensor like the one that it was made for."""

    def __init__(self, sweeps: list[tuple[Any, list[int], ByTerms]], count: int) -> None:
        self.sweeps, self.count = sweeps, count

    @classmethod
    def of(cls, f: Any, spacings: list[Any], dims: tuple[int, ...], stencils: list[Stencil]) -> _Sweeps:
        """Those of the dtypes that the spacings promote to."""
        dtypes = [_result_dtype(f, spacing) for spacing in spacings]
        sweeps = []
        for dtype in dict.fromkeys(dtypes):
            places = [k for k, own in enumerate(dtypes) if own is dtype]
            terms = tuple(Term(n, 0, dims[k], stencils[k]) for n, k in enumerate(places))
            sweeps.append((dtype, places, ByTerms(terms, len(terms), BACKEND)))
        return cls(sweeps, len(dims))

    def __call__(
        self, fields: Sequence[Any], targets: object = None, workers: object = None
    ) -> tuple[Any, ...]:
        """The gradient of one field."""
        (f,), results = fields, [None] * self.count
        for dtype, places, own in self.sweeps:
            is_exact = f.dtype is dtype or not (f.is_floating_point() or f.is_complex())
            exact = f if is_exact else f.to(dtype)
            for k, value in zip(places, own.of(exact), strict=True):
                results[k] = value if value.dtype is dtype else value.to(dtype)
        return tuple(results)


def _start_of(spacing: Any, dim: Any, edge_order: Any) -> list[Hashable] | None:
    """The key of a call before its tensor: coordinates promote by their dtype, integers to the default.

    None also of a spacing that is refused, in the words of torch's callers.
    """
    kind = type(spacing)
    if kind is float or kind is int:
        return start_of(_NAME, (spacing,), (dim, edge_order), torch.get_default_dtype())
    is_each = isinstance(spacing, (list, tuple))
    each = () if spacing is None else tuple(spacing) if is_each else (spacing,)
    kinds = [(s.dtype, s.device) if isinstance(s, torch.Tensor) else type(s) for s in each]
    how = is_each, spacing is None, torch.get_default_dtype(), *kinds
    try:
        return start_of(_NAME, each, (dim, edge_order), how)
    except (ArgumentTypeError, ArgumentValueError):
        return None


def _keep(key: Key, f: Any, run: _Sweeps) -> None:
    """Bind the key of a call to what was made for it, unless that has large weights."""
    nbytes = sum(stencil_bytes(own.terms) for *_, own in run.sweeps)
    if BACKEND.key(f) is not None and nbytes <= 4 * SMALL_BYTES * run.count:
        functions.put(key, run, 4 * nbytes)  # with the transposes, and tables of all


def _compiled(f: Any, spacings: list[Any], dims: tuple[int, ...], order: int) -> tuple[Any, ...]:
    """Under ``torch.compile``: one node of the graph for each dim."""
    from ._traced import traced_gradient

    results = []
    for spacing, d in zip(spacings, dims, strict=True):
        dtype = _result_dtype(f, spacing)
        exact = f.to(dtype) if f.is_floating_point() or f.is_complex() else f
        results.append(traced_gradient(exact, (spacing,), d, Asked(order)).to(dtype))
    return tuple(results)
