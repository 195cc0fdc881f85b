"""What kernels read: the layout of a descriptor, and its bounds."""

from __future__ import annotations

import numpy as np

ABI_VERSION = 9
MAX_DIMS, MAX_ARRAYS, MAX_TERMS, MAX_STENCILS, MAX_PAIRS = 8, 20, 27, 13, 12
MAX_OFFSET = 127  # of a pair from its own point
GATED, HARMONIC = 1, 2  # flags of a term

# Storage types the kernels read, in the order of `Storage` in kernels/descriptor.h.
STORAGE = ("float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "uint16",
           "int32", "uint32", "int64", "uint64")  # fmt: skip
ITEM_BYTES = dict(zip(STORAGE, (2, 2, 4, 8, 1, 1, 2, 2, 4, 4, 8, 8), strict=True))

PAIR = np.dtype([("a", "i8"), ("b", "i8"), ("weight", "f8")])
_STENCIL = np.dtype(
    [("dim", "i1"), ("pairs", "i1"), ("values", "i1"), ("selects", "i1"), ("inner", "i4"), ("leading", "i4"),
     ("trailing", "i4"), ("length", "i8"), ("a", "i1", MAX_PAIRS), ("b", "i1", MAX_PAIRS), ("weight", "f8", MAX_PAIRS),
     ("weights", "u8"), ("start", "u8"), ("pair", "u8")],
    align=True,
)  # fmt: skip
_TERM = np.dtype([(name, "i1") for name in
                  ("output", "input", "stencil", "assign", "inner", "faces", "outer", "then", "ends", "flags",
                   "inner_sign", "outer_sign")])  # fmt: skip
_ARRAY = np.dtype([("data", "u8"), ("stride", "i8", MAX_DIMS)])
DESCRIPTOR = np.dtype(
    [("abi", "i4"), ("storage", "i4"), ("real_bytes", "i4"), ("output_bytes", "i4"),
     ("inputs", "i4"), ("outputs", "i4"), ("terms", "i4"), ("stencils", "i4"),
     ("length", "i8", MAX_DIMS), ("array", _ARRAY, MAX_ARRAYS), ("term", _TERM, MAX_TERMS),
     ("stencil", _STENCIL, MAX_STENCILS), ("join", "i1", MAX_ARRAYS), ("slab", "i1"),
     ("surplus", "i1", MAX_STENCILS)],
    align=True,
)  # fmt: skip


def pointer_offset(array: int) -> int:
    """Bytes from the start of a descriptor to the data pointer of one of its arrays."""
    return int(DESCRIPTOR.fields["array"][1]) + array * _ARRAY.itemsize  # type: ignore[index]


class TooManyDims(Exception):
    """The dims that do not collapse, the arrays, terms or stencils are more than a descriptor holds."""

    def __init__(self, dims: bool) -> None:
        self.dims = dims  # whether it is the dims
        super().__init__("too many dims" if dims else "too many arrays, terms or stencils")
