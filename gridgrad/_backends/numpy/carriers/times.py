"""Datetimes: their ticks, differenced exactly and rounded as NumPy does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...._base.types import Array
from ...._terms.term import Term, own_terms
from ... import slices
from ...protocol import Call
from ..arrays import Carrier, result_type
from ..operations import NUMPY
from .reads import reads


class Times(Carrier):
    """datetime64 and timedelta64, whose derivative is a timedelta64."""

    def carries(self, a: Array) -> bool:
        """Whether the numbers are ticks."""
        return a.dtype.kind in "mM"

    def carried(self, call: Call, fields: Sequence[Array]) -> list[Array]:
        """The ticks of each result."""
        return [_gradient(own_terms(call.terms, k)[0], fields[0]) for k in range(call.outputs)]


NAT_TICKS = -(2.0**63)  # what NumPy stores for NaT, whatever the unit


def _gradient(term: Term, f: Array) -> Array:
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
