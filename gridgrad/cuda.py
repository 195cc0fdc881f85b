"""CUDA: compiling kernels before they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from ._backends.cuda import variants as _kernels
from ._plan.descriptor import ITEM_BYTES
from ._plan.plan import Layout, make_plan
from ._stencils.derivatives import Rule, derivative_stencil
from ._stencils.wide import narrow
from ._terms.term import Term

__all__ = ["warmup"]

# of every axis of an example: threads share long rows and large fields otherwise than small ones
_LENGTHS = (64, 512)
_REAL_PARTS = {"complex64": ("float32", 2), "complex128": ("float64", 2)}


def warmup(dtypes: Sequence[str] = ("float32", "float64"), ndims: Sequence[int] = (1, 2, 3)) -> int:
    """Compile the kernels of `gradient` over all axes, so that no later call has to wait for it.

    For each dtype and number of dims: uniform and non-uniform spacing, small fields and large ones,
    arrays that allow 16-byte accesses and arrays that do not. Edge orders, periodic axes, shapes and strides are data of
    one kernel, so nothing is compiled for them. Other operators, some axes only, mixed spacings
    and arrays beyond 2**31 elements are compiled at their first use, in about 0.3 s (a hessian in
    1 to 4 s). CuPy keeps what is compiled on disk.

    Parameters
    ----------
    dtypes : sequence of str
        Names of dtypes, for example ``"float32"`` or ``"complex64"``.
    ndims : sequence of int
        Numbers of dims, 1 to 7.

    Returns
    -------
    int
        How many kernels are ready on the current device.

    Raises
    ------
    RuntimeError
        No CuPy, or no CUDA device that it can use.
    ValueError
        A dtype the kernels do not know, or a number of dims out of range.

    Examples
    --------
    >>> import gridgrad.cuda
    >>> gridgrad.cuda.warmup(dtypes=["float32"], ndims=[3])  # doctest: +SKIP
    8
    """
    variants = {launch.variant for launch in _practical_launches(dtypes, ndims)}
    from ._backends.cuda import device

    if not device.device_names():
        raise RuntimeError(
            "no CUDA device: CuPy is not installed or finds no driver; gridgrad.show_config() tells what there is"
        )
    for variant in variants:
        device.kernel_of(variant).compile()
    return len(variants)


def _practical_launches(dtypes: Sequence[str], ndims: Sequence[int]) -> Iterator[_kernels.Launch]:
    """The launches `warmup` compiles for, on examples of arrays."""
    for dtype in dtypes:
        storage, components = _REAL_PARTS.get(dtype, (dtype, 1))
        if storage not in ITEM_BYTES:
            raise ValueError(f"dtype {dtype!r} has no kernel; choose from {[*ITEM_BYTES, *_REAL_PARTS]}")
        for ndim in ndims:
            if not 1 <= ndim <= 7:
                raise ValueError(f"ndims must be from 1 to 7, got {ndim}")
            for length, uniform in product(_LENGTHS if ndim < 4 else _LENGTHS[:1], (True, False)):
                steps = narrow(1.0 if uniform else np.arange(1.0, length))
                terms = tuple(Term(k, 0, k, derivative_stencil(steps, length, Rule())) for k in range(ndim))
                layout = _contiguous((length,) * ndim, components)
                plan = make_plan(terms, storage, (layout,), (layout,) * ndim, components, False)
                for width in {1, _kernels.widest_vector(plan)}:
                    yield _kernels.make_launch(plan, width)


def _contiguous(shape: tuple[int, ...], components: int) -> Layout:
    strides = [components]
    for length in reversed(shape[1:]):
        strides.insert(0, strides[0] * length)
    return Layout(shape, tuple(strides))
