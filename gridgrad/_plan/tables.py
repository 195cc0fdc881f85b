"""The tables of a stencil that a descriptor points to, shared by plans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._base.cache import Cache
from .._base.types import Array
from .._stencils.stencil import Stencil
from .descriptor import PAIR


@dataclass(frozen=True, eq=False, slots=True)
class Tables:
    """What a descriptor points to for one stencil: its edge rows, and its weights where they vary.

    The weights are in the arithmetic type, each `inner` times. Plans share them, so `nbytes` is what a
    plan and a cache keep alive together.
    """

    named: dict[str, Array]  # "start", "pair" and, where they vary, "weights": the fields of the descriptor that point to them
    nbytes: int  # the weights of the stencil included


_tables: Cache[Tables] = Cache("tables", entries=512)


def tables_of(stencil: Stencil, real: str, inner: int) -> Tables:
    """The tables of a stencil, shared by all plans that want the same."""
    key = (stencil, real, inner)
    tables = _tables.get(key)
    if tables is None:
        tables = _make_tables(*key)
        _tables.put(key, tables, tables.nbytes)
    return tables


def _make_tables(stencil: Stencil, real: str, inner: int) -> Tables:
    rows = (*stencil.leading, *stencil.trailing)
    start = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    pair = np.array([pair for row in rows for pair in row], dtype=PAIR)
    named, held = {"start": start, "pair": pair}, start.nbytes + pair.nbytes + stencil.nbytes
    if not stencil.is_uniform:
        vectors = stencil.table() if inner == 1 else None
        if vectors is None or vectors.dtype != real:
            vectors = _expanded(stencil, real, inner)
            held += vectors.nbytes
        named["weights"] = vectors
    return Tables(named, held)


def _expanded(stencil: Stencil, real: str, inner: int) -> Array:
    vectors = np.empty((len(stencil.weights), stencil.length * inner), real)
    for vector, values in zip(vectors, stencil.weights, strict=True):
        vector.reshape(stencil.length, inner)[...] = np.reshape(values, (-1, 1))
    return vectors
