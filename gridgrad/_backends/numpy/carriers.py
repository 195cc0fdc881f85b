"""Arrays of NumPy that carry more than their numbers: masks, which spread to what reads a masked point, and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._base.checks import masked_arrays
from ..._base.errors import ArgumentTypeError
from ..._base.types import Array
from ..._plan.plan import Memory, arithmetic_type
from ..._stencils.stencil import Stencil
from ..._terms.term import Term, own_terms
from .. import slices
from ..ladder import operate
from ..operations import Operations
from ..protocol import Call
from ..rows import fitted
from .arrays import Carrier, result_type, storage_of
from .operations import NUMPY, OfNumPy

NAT_TICKS = -(2.0**63)  # what NumPy stores for NaT, whatever the unit


class OfMasked(OfNumPy):
    """Stacks keep their masks."""

    def stack(self, arrays: Sequence[Array]) -> Array:
        """As NumPy's for masked arrays."""
        stacked: Array = np.ma.stack(arrays)
        return stacked


MASKED = OfMasked(np)


class Masked(Carrier):
    """Fields and coefficients of which any is masked."""

    def carries(self, a: Array) -> bool:
        """Whether an array has a mask."""
        return isinstance(a, masked_arrays())

    def operations(self, *fields: Array) -> Operations:
        """NumPy's, but masks are joined as their numbers are."""
        return MASKED

    def check_target(self, name: str, target: object, fields: Sequence[Array]) -> Memory:
        """Refuse what has no mask to be written."""
        if not isinstance(target, masked_arrays()):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__} and cannot carry the mask of f; give a masked array"
            )
        return self.writeable(name, target)

    def carried(self, call: Call, fields: Sequence[Array]) -> list[Array]:
        """Each result with a mask of its own."""
        whole = [call._replace(terms=own_terms(call.terms, k), outputs=1) for k in range(call.outputs)]
        return [self._one(own, fields) for own in whole]

    def _one(self, call: Call, fields: Sequence[Array]) -> Array:
        """The mask spreads to every row that reads a masked point, and stays where it was unless only reading counts."""
        plain = [np.asarray(np.ma.getdata(field)) for field in fields]
        data = operate(self.plain, call.terms, plain, 1, None, call.workers)[0]
        storage = storage_of(data.dtype)
        real = self.weights_dtype(data) if storage is None else arithmetic_type(storage, call.terms)
        masks = [_mask_of(term, fields, real) for term in call.terms]
        if not call.as_read:
            used = {k for term in call.terms for k in term.reads()}
            masks += [np.ma.getmask(fields[k]) for k in used if fields[k].shape == data.shape]
        spread = [mask for mask in masks if mask is not None and mask is not np.ma.nomask]
        return np.ma.MaskedArray(data, mask=np.logical_or.reduce(spread) if spread else np.ma.nomask)


def _mask_of(term: Term, fields: Sequence[Any], real: Any) -> Any:
    """Where a term reads a masked sample, or a masked factor."""
    own, inner, faces, outer = (
        np.ma.nomask if k is None else np.ma.getmask(fields[k])
        for k in (term.input, term.inner, term.faces, term.outer)
    )
    read = np.ma.mask_or(_read(own, term.inner, term.inner_sign, fields), inner)
    if read is not np.ma.nomask:
        for axis, stencil in term.stencils():
            read = reads(read, stencil, axis, real)
        read = _read(read, term.outer, term.outer_sign, fields)
    if faces is not np.ma.nomask:  # both ends of a face are in its mean
        faces = reads(faces, replace(term.stencil, values=False), term.axis, real)
    if term.gated and term.outer is not None and read is not np.ma.nomask:  # where it is 0 nothing is read
        read = read & (np.ma.getdata(fields[term.outer]) != 0)
    flags = [mask for mask in (read, faces, outer) if mask is not np.ma.nomask]
    return np.logical_or.reduce(flags) if flags else None


def _read(mask: Any, factor: int | None, sign: int, fields: Sequence[Any]) -> Any:
    """A mask without the places where a factor has the other sign, so that nothing is read."""
    if factor is None or not sign or mask is np.ma.nomask:
        return mask
    return mask & ~slices.of_other_sign(np.ma.getdata(fields[factor]), sign)


class Times(Carrier):
    """datetime64 and timedelta64, whose derivative is a timedelta64: their ticks, differenced exactly."""

    def carries(self, a: Array) -> bool:
        """Whether the numbers are ticks."""
        return a.dtype.kind in "mM"

    def carried(self, call: Call, fields: Sequence[Array]) -> list[Array]:
        """The ticks of each result."""
        return [_ticks(own_terms(call.terms, k)[0], fields[0]) for k in range(call.outputs)]


def _ticks(term: Term, f: Array) -> Array:
    """Exact tick differences, cut to a whole tick as NumPy does, NaT where a NaT is read.

    Computed in long double. NumPy rounds to float64 before it cuts, so that what is a whole tick but for
    rounding is that tick; beyond 2**53, where float64 would lose ticks, long double does not. A result
    beyond the range of ticks is NaT.
    """
    native = f.astype(f.dtype.newbyteorder("="))
    value = slices.apply(NUMPY, (term,), [native.view(np.int64).astype(np.longdouble)], 1)[0]
    nearest = np.rint(value)
    is_whole = np.abs(value - nearest) <= 4 * np.finfo(value.dtype).eps * np.abs(value)
    beyond = np.where(is_whole, nearest, np.trunc(value))
    rounded = value.astype(np.float64)
    ticks = np.where(np.abs(rounded) < 2.0**53, np.trunc(rounded), beyond)
    touched = reads(np.isnat(native), term.stencil, term.axis, np.longdouble)
    lost = ~(np.abs(ticks) < 2.0**63) | touched
    result: Array = np.where(lost, NAT_TICKS, ticks).astype(np.int64).view(result_type(native.dtype))
    return result


def reads(flags: npt.ArrayLike, stencil: Stencil, axis: int | None, real: object) -> Array:
    """Which rows read a flagged point, with weights in `real`: a NumPy boolean array."""
    if axis is None:  # a line of one point
        point: Array = reads(np.asarray(flags)[None], stencil, 0, real)[0]
        return point
    along = np.moveaxis(np.asarray(flags), axis, 0)
    inner, n = stencil.interior(), stencil.length
    result = np.zeros((along.shape[0] - stencil.surplus, *along.shape[1:]), bool)
    for place, row in stencil.edge_rows():
        for a, b, _ in row:
            result[place] |= along[b] if stencil.values else along[a] | along[b]
    if inner.stop <= inner.start:
        return np.moveaxis(result, 0, axis)
    rounded = [np.broadcast_to(w, (n,))[inner] for w in fitted(stencil, real).weights]
    for (a, b), weight in zip(stencil.offsets, rounded, strict=True):
        used = np.ones(len(weight), bool) if stencil.is_central else weight != 0
        centre = ~np.equal(*rounded) if stencil.is_central else used  # the short form skips the centre
        for offset in {b} if stencil.values else {a, b}:
            touched = along[inner.start + offset : inner.stop + offset]
            result[inner] |= touched & (centre if offset == 0 else used).reshape(-1, *(1,) * (along.ndim - 1))
    return np.moveaxis(result, 0, axis)
