"""The back end of CuPy arrays: memory of a CUDA device, through the CUDA kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol, cast

import numpy as np
from array_api_compat import array_namespace

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._plan.plan import Memory, Plan
from ..numpy.arrays import memory_of, result_type
from ..numpy.operations import OfNumPy
from ..operations import Operations
from ..protocol import Backend, DType, Facts, HostMap, Run
from . import device
from .bound import Bound


class Numbered(Protocol):
    """A device."""

    id: int


class Placed(Protocol):
    """Memory of a device."""

    ptr: int


class Ordered(Protocol):
    """In which orders elements are side by side."""

    c_contiguous: bool
    f_contiguous: bool


class OnDevice(Protocol):
    """What we ask of a CuPy array."""

    device: Numbered
    data: Placed
    dtype: np.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    flags: Ordered

    def __getitem__(self, index: object, /) -> OnDevice: ...
    def __setitem__(self, index: object, values: object, /) -> None: ...


class CuPy(Backend[OnDevice]):
    """Arrays of the library's own class, each on its device."""

    linalg = "cupyx.scipy.sparse.linalg"

    def samples(self, f: object) -> OnDevice:
        """`f`, if it is a plain CuPy array of a dtype that has differences."""
        if not isinstance(f, device.cupy.ndarray):
            raise ArgumentTypeError(
                f"f is a {type(f).__module__}.{type(f).__name__}; give a cupy.ndarray of its values"
            )
        if f.dtype.kind == "b":
            raise ArgumentTypeError(
                "f has dtype bool: booleans are not taken for numbers; convert them first, f.astype(float)"
            )
        return cast(OnDevice, f)

    def among(self, fields: Sequence[OnDevice]) -> CuPy:
        """Itself, where all components and coefficients are on one device."""
        devices = [field.device.id for field in fields]
        if len(set(devices)) > 1:
            raise ArgumentValueError(
                f"the components or coefficients of f are on CUDA devices {', '.join(map(str, devices))}; "
                "copy them to one device"
            )
        return self

    def at(self, like: OnDevice) -> AbstractContextManager[object]:
        """The device of `like` is the current one."""
        return device.at(like.device.id)

    def operations(self, *fields: OnDevice) -> Operations:
        """The namespace that the arrays name; their parts can be written."""
        return OfNumPy(array_namespace(*fields))

    def facts(self, a: OnDevice) -> Facts:
        """Shape, strides in bytes, dtype and device."""
        return a.shape, a.strides, a.dtype, a.device.id

    def memory(self, a: OnDevice) -> Memory:
        """Its address on the device."""
        return memory_of(cast(Array, a), a.data.ptr)

    def result_dtype(self, f: OnDevice) -> DType:
        """Floating and complex kept, integers to float64."""
        return result_type(f.dtype)

    def empty(self, like: OnDevice, dtype: DType = None, shape: tuple[int, ...] | None = None) -> OnDevice:
        """On the device of `like`."""
        dtype = like.dtype if dtype is None else dtype
        with self.at(like):
            new = (
                device.cupy.empty_like(like, dtype=dtype)
                if shape is None or shape == like.shape
                else device.cupy.empty(shape, dtype)
            )
            return cast(OnDevice, new)

    def copy(self, a: OnDevice, dtype: DType = None) -> OnDevice:
        """On its device."""
        fresh = device.cupy.empty(a.shape, a.dtype if dtype is None else dtype)
        fresh[...] = a
        return cast(OnDevice, fresh)

    def assign(self, target: OnDevice, values: OnDevice) -> None:
        """As CuPy assigns."""
        target[...] = values

    def launch(self, plan: Plan, arrays: Sequence[OnDevice], workers: int | None = None) -> None:
        """One launch on the current stream; `workers` is for CPUs."""
        stream = device.cupy.cuda.get_current_stream().ptr
        device.launch(plan, [a.data.ptr for a in arrays], arrays[0].device.id, stream)

    def about_to_copy(self, like: OnDevice, why: str) -> None:
        """A CUDA graph would go on using memory that is the pool's again when the call is over."""
        self._outside_of_captures(
            f"this call would need memory of its own for as long as the graph lives: {why}"
        )

    def bind(self, plan: Plan, dtype: DType, like: OnDevice) -> Run[OnDevice]:
        """By what is bound to the device."""
        # An array in a known order is made faster than one like another.
        order = "C" if like.flags.c_contiguous else "F" if like.flags.f_contiguous else None
        if plan.shape != like.shape:
            order = order or "C"
        return partial(self._on_device, Bound(plan, like.device.id), dtype, order)

    def _on_device(
        self, bound: Bound, dtype: DType, order: str | None, inputs: Sequence[OnDevice], out: Sequence[OnDevice] | None,
        workers: int | None,
    ) -> Sequence[OnDevice] | None:  # fmt: skip
        cupy, results = device.cupy, out
        with device.at(bound.device_id):
            if results is None:
                outputs = range(bound.plan.outputs)
                results = (
                    [cupy.empty_like(inputs[0], dtype) for _ in outputs]
                    if order is None
                    else [cupy.empty(bound.plan.shape, dtype, order) for _ in outputs]
                )
            addresses = [a.data.ptr for a in inputs]
            addresses += [a.data.ptr for a in results]
            done = bound(addresses, cupy.cuda.get_current_stream(), out is None)
        return results if done else None

    def check_target(self, name: str, target: object, fields: Sequence[OnDevice]) -> Memory:
        """Refuse what is no CuPy array on the device of the fields."""
        f = fields[0]
        if not isinstance(target, device.cupy.ndarray):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__}; f is a CuPy array, so out must be one too"
            )
        if target.device.id != f.device.id:
            raise ArgumentValueError(
                f"{name} is on CUDA device {target.device.id}, but f is on {f.device.id}"
            )
        return self.memory(target)

    def mapped(self, made: Callable[[], HostMap], field: OnDevice) -> OnDevice:
        """By products of matrices on the device, in double precision."""
        products = made().products()
        if products is None:
            raise ArgumentTypeError(
                "this solve has no transforms, and its factors or iterations are on the host; give b.get(), and cupy.asarray(u) brings "
                "back what is found, or iterate on the device, cupyx.scipy.sparse.linalg.gmres(A.to_linear_operator(xp=cupy), b.ravel())"
            )
        self.about_to_copy(field, "a solve has temporaries")
        xp, given = self.operations(field), cast(Array, field)
        wide = given.astype(np.result_type(given.dtype, np.float64), copy=False)
        with self.at(field):
            found = products.on(field.device.id, xp, self.host, wide)
        return cast(OnDevice, found.astype(given.dtype, copy=False))

    def host(self, a: Any, axis: int | None = None, name: str = "spacing") -> Any:
        """A copy of the device's memory, which is waited for."""
        self._outside_of_captures(
            f"the {name} is on the device, where reading it would wait; make a gridgrad.Grid of it before the capture"
        )
        return a.get()

    def _outside_of_captures(self, why: str) -> None:
        if device.is_capturing(device.cupy.cuda.get_current_stream().ptr):
            device.refuse(why)


BACKEND = CuPy("cupy")
