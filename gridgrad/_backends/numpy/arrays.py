"""NumPy arrays, lists, masked arrays and datetimes: what they become and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.ma import MaskedArray  # now, not in a first call that a fork may interrupt

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.outputs import check_places, split_out
from ..._base.types import Array
from ..._plan.descriptor import arithmetic_type
from ..._terms.term import Term, own_terms
from ..._wraps.foreign import is_stored, named, remedy, remedy_for_units
from ..._wraps.units import held, is_quantity_class, present, unwrap
from .. import reads, slices
from ..slices import leading
from . import memory

_SECOND_THOUGHTS = {
    "b": "booleans have no differences; convert them first, f.astype(float)",
    "O": "convert it first, for example f.astype(float)",
    "S": "give numbers",
    "U": "give numbers",
    "V": "differentiate one field at a time, f['name']",
    "T": "give numbers, f.astype(float)",
}


def samples(f: Any) -> Array:
    """`f` as an ndarray of a dtype that has differences; containers that would lose something are refused."""
    if isinstance(f, np.ndarray):
        if type(f) not in (np.ndarray, MaskedArray, np.memmap):
            raise ArgumentTypeError(
                f"f is {named(type(f))}, whose meaning a plain result would lose; give {remedy(type(f), 'f')}"
            )
        if isinstance(f, MaskedArray) and f.baseclass not in (np.ndarray, np.memmap):
            raise ArgumentTypeError(
                f"f is a masked array over one {named(f.baseclass)}, whose meaning a plain result would lose; "
                f"give {remedy(type(f), 'f')}"
            )
    else:
        if isinstance(f, (list, tuple)):
            _check_entries(f)
        try:
            f = np.asarray(f)
        except ValueError as error:
            raise ArgumentValueError(f"f is not a regular array: {error}") from None
    data: Array = f
    kind = "f" if f.dtype.name == "bfloat16" else f.dtype.kind
    if kind == "V" and f.dtype.names is None:
        raise ArgumentTypeError(
            f"f has dtype {f.dtype}, which is not supported; convert it, f.astype('float32')"
        )
    entry = np.ma.getdata(f).flat[0] if kind == "O" and f.size else None
    if entry is not None and is_quantity_class(type(entry)):
        raise ArgumentTypeError(
            "f is an array of single quantities, as masked * ureg.K makes them; give one quantity of the whole array, "
            f"ureg.Quantity(masked, {str(unwrap(entry, 'f')[1])!r})"
        )
    if kind in _SECOND_THOUGHTS:
        raise ArgumentTypeError(f"f has dtype {f.dtype}: {_SECOND_THOUGHTS[kind]}")
    return data


def _check_entries(f: Any) -> None:
    """Refuse a list of what would lose something in one plain array."""
    kinds: set[Any] = set(map(type, f))
    if any(issubclass(kind, MaskedArray) for kind in kinds):
        raise ArgumentTypeError("f holds masked arrays, whose masks would be lost; give numpy.ma.stack(f)")
    for entry in f if kinds & {list, tuple} else ():
        if isinstance(entry, (list, tuple)):
            _check_entries(entry)
    if present(f, *held(f)):
        raise ArgumentTypeError(
            f"f holds quantities, whose units would be lost; give their numbers, {remedy_for_units(f, 'f')}"
        )
    for kind in filter(is_stored, kinds):
        raise ArgumentTypeError(
            f"f holds entries {named(kind)}, not arrays; give their numbers, {remedy(kind, 'f[0]')} and so on"
        )


def real_of(f: Array) -> Any:
    """The type weights are made in."""
    return np.longdouble if f.dtype.char in "gG" or f.dtype.kind in "mM" else np.float64


def is_within(field: Array, limit: int) -> bool:
    """Whether no integer of the field is larger in size than `limit`."""
    values = np.ma.getdata(field)
    return values.size == 0 or (int(values.min()) >= -limit and int(values.max()) <= limit)


def result_dtype(f: Array) -> np.dtype[Any]:
    """Floating and complex kept, integers to float64, datetimes to their timedelta."""
    if f.dtype.kind == "M":
        return np.dtype(f.dtype.name.replace("datetime", "timedelta"))
    return np.dtype(np.float64) if f.dtype.kind in "iu" else f.dtype


def empty_stack(fields: Sequence[Array], shape: tuple[int, ...]) -> Array | None:
    """One array for all results, or None where they must be joined afterwards."""
    if any(isinstance(field, MaskedArray) for field in fields):
        return None
    return np.empty(shape, result_dtype(leading(fields)))


def operate_as_read(
    terms: tuple[Term, ...], fields: Sequence[Array], outputs: int, out: Any, workers: int | None
) -> list[Array]:
    """`operate` by NumPy's rule for masks: a masked point masks the rows that read it, and no other."""
    return operate(terms, fields, outputs, out, workers, False)


def operate(
    terms: tuple[Term, ...], fields: Sequence[Array], outputs: int, out: Any, workers: int | None,
    own_masks: bool = True,
) -> list[Array]:  # fmt: skip
    """The `outputs` arrays of `terms` applied to `fields`, which have one shape.

    A missing point is missing in what is made of it, read or not, unless `own_masks` is False.
    """
    f = leading(fields)
    dtype = result_dtype(f)
    masked = any(isinstance(field, MaskedArray) for field in fields)
    if out is None:
        targets = None
    else:
        targets = split_out(out, outputs, f.shape)
        check_targets(targets, f, dtype, masked)
    if masked:
        results = [_masked(own_terms(terms, k), fields, workers, own_masks) for k in range(outputs)]
    elif f.dtype.kind in "mM":
        results = [_time_gradient(own_terms(terms, k)[0], f) for k in range(outputs)]
    elif targets is None or not (f.dtype.isnative and dtype.isnative):
        results = _fresh(terms, fields, outputs, dtype, workers)
    else:
        sources = [_apart(field, targets) for field in fields]
        memory.apply(terms, sources, targets, workers)
        return targets
    if targets is None:
        return results
    for target, result in zip(targets, results, strict=True):
        target[...] = result
    return targets


def _apart(field: Array, targets: list[Array]) -> Array:
    return field.copy() if any(np.may_share_memory(field, target) for target in targets) else field


def _fresh(
    terms: tuple[Term, ...], fields: Sequence[Array], outputs: int, dtype: np.dtype[Any], workers: int | None
) -> list[Array]:
    native = [field.astype(field.dtype.newbyteorder("="), copy=False) for field in fields]
    results = [np.empty_like(native[0], dtype.newbyteorder("="), subok=False) for _ in range(outputs)]
    memory.apply(terms, native, results, workers)
    return [result.astype(dtype, copy=False) for result in results]


def _masked(terms: tuple[Term, ...], fields: Sequence[Any], workers: int | None, own: bool) -> Any:
    """The mask spreads to every row that reads a masked point; with `own` it also stays where it was."""
    plain = [np.asarray(np.ma.getdata(field)) for field in fields]
    data = operate(terms, plain, 1, None, workers)[0]
    storage = memory.storage_of(data.dtype)
    real = real_of(data) if storage is None else arithmetic_type(storage, terms)
    masks: list[Any] = [_mask_of(term, fields, real) for term in terms]
    if own:
        used = {k for term in terms for k in (term.input, term.coefficient) if k is not None}
        masks += [np.ma.getmask(fields[k]) for k in used]
    spread = [mask for mask in masks if mask is not None and mask is not np.ma.nomask]
    return MaskedArray(data, mask=np.logical_or.reduce(spread) if spread else np.ma.nomask)


def _mask_of(term: Term, fields: Sequence[Any], real: Any) -> Any:
    """Where a term reads a masked sample, or a masked coefficient."""
    flags, factor = (
        np.ma.nomask if k is None else np.ma.getmask(fields[k]) for k in (term.input, term.coefficient)
    )
    if term.place == "samples":
        flags, factor = np.ma.mask_or(flags, factor), np.ma.nomask
    if flags is not np.ma.nomask:
        for axis, stencil in term.stencils():
            flags = reads.reads(flags, stencil, axis, real)
    if term.place == "faces" and factor is not np.ma.nomask:  # both ends of a face are in its mean
        factor = reads.reads(factor, replace(term.stencil, values=False), term.axis, real)
    if factor is not np.ma.nomask:
        flags = factor if flags is np.ma.nomask else flags | factor
    return None if flags is np.ma.nomask else flags


NAT_TICKS = -(2.0**63)  # what NumPy stores for NaT, whatever the unit


def _time_gradient(term: Term, f: Array) -> Array:
    """Datetimes: exact tick differences, cut to a whole tick as NumPy does, NaT where a NaT is read.

    Computed in long double. NumPy rounds to float64 before it cuts, so that what is a whole tick but for
    rounding is that tick; beyond 2**53, where float64 would lose ticks, long double does not. A result
    beyond the range of ticks is NaT.
    """
    native = f.astype(f.dtype.newbyteorder("="))
    value = slices.apply(np, (term,), [native.view(np.int64).astype(np.longdouble)], 1)[0]
    nearest = np.rint(value)
    is_whole = np.abs(value - nearest) <= 4 * np.finfo(value.dtype).eps * np.abs(value)
    beyond = np.where(is_whole, nearest, np.trunc(value))
    rounded = value.astype(np.float64)
    ticks = np.where(np.abs(rounded) < 2.0**53, np.trunc(rounded), beyond)
    touched = reads.reads(np.isnat(native), term.stencil, term.axis, np.longdouble)
    lost = ~(np.abs(ticks) < 2.0**63) | touched
    result: Array = np.where(lost, NAT_TICKS, ticks).astype(np.int64).view(result_dtype(native))
    return result


def check_targets(targets: list[Any], f: Array, dtype: np.dtype[Any], masked: bool = False) -> None:
    """Every output array fits, can be written, and shares no memory with another."""
    for k, target in enumerate(targets):
        name = f"out[{k}]" if len(targets) > 1 else "out"
        if masked and not isinstance(target, MaskedArray):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__} and cannot carry the mask of f; give a masked array"
            )
        if not masked and type(target) not in (np.ndarray, np.memmap):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__}; f is a plain NumPy array, so out must be one too"
            )
        if target.shape != f.shape:
            raise ArgumentValueError(
                f"{name} has shape {target.shape}, but the result has shape {f.shape}; give numpy.empty_like(f, dtype={str(dtype)!r})"
            )
        if target.dtype != dtype:
            raise ArgumentTypeError(
                f"{name} has dtype {target.dtype}, but the result has dtype {dtype}; give numpy.empty_like(f, dtype={str(dtype)!r})"
            )
        if not target.flags.writeable:
            raise ArgumentValueError(f"{name} is read-only; give an array that can be written")
        check_places(name, target, targets[:k], target.strides, "array")
