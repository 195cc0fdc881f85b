"""The back end of CuPy arrays: memory of a CUDA device, through the CUDA kernel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from array_api_compat import array_namespace

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._plan.plan import Plan
from ..array_api import ArrayAPI
from ..numpy.arrays import result_type
from ..numpy.memory import memory_of
from ..numpy.operations import OfNumPy
from ..operations import Operations
from ..protocol import DType, Facts, Memory
from . import device


class CuPy(ArrayAPI[Any]):
    """Arrays of the library's own class, each on its device."""

    linalg = "cupyx.scipy.sparse.linalg"

    def samples(self, f: Any) -> Any:
        """`f`, if it is a plain CuPy array of a dtype that has differences."""
        if not isinstance(f, device.cupy.ndarray):
            raise ArgumentTypeError(
                f"f is a {type(f).__module__}.{type(f).__name__}; give a cupy.ndarray of its values"
            )
        if f.dtype.kind == "b":
            raise ArgumentTypeError(
                "f has dtype bool: booleans have no differences; convert them first, f.astype(float)"
            )
        return f

    def among(self, fields: Sequence[Any]) -> CuPy:
        """Itself, where all components and coefficients are on one device."""
        devices = [field.device.id for field in fields]
        if len(set(devices)) > 1:
            raise ArgumentValueError(
                f"the components or coefficients of f are on CUDA devices {', '.join(map(str, devices))}; "
                "copy them to one device"
            )
        return self

    def at(self, like: Any) -> AbstractContextManager[Any]:
        """The device of `like` is the current one."""
        there: AbstractContextManager[Any] = device.cupy.cuda.Device(like.device.id)
        return there

    def operations(self, *fields: Any) -> Operations:
        """The namespace that the arrays name; their parts can be written."""
        return OfNumPy(array_namespace(*fields))

    def facts(self, a: Any) -> Facts:
        """Shape, strides in bytes, dtype and device."""
        return a.shape, a.strides, a.dtype, a.device.id

    def memory(self, a: Any) -> Memory:
        """Its address on the device."""
        return memory_of(a, a.data.ptr)

    def result_dtype(self, f: Any) -> DType:
        """Floating and complex kept, integers to float64."""
        return result_type(f.dtype)

    def empty(self, like: Any, dtype: DType = None, shape: tuple[int, ...] | None = None) -> Any:
        """On the device of `like`."""
        dtype = like.dtype if dtype is None else dtype
        with self.at(like):
            return device.cupy.empty_like(like, dtype=dtype) if shape is None else device.cupy.empty(shape, dtype)

    def copy(self, a: Any, dtype: DType = None) -> Any:
        """On its device."""
        fresh = device.cupy.empty(a.shape, a.dtype if dtype is None else dtype)
        fresh[...] = a
        return fresh

    def assign(self, target: Any, values: Any) -> None:
        """As CuPy assigns."""
        target[...] = values

    def launch(self, plan: Plan, arrays: Sequence[Any], workers: int | None = None) -> None:
        """One launch on the current stream; `workers` is for CPUs."""
        stream = device.cupy.cuda.get_current_stream().ptr
        device.launch(plan, [a.data.ptr for a in arrays], arrays[0].device.id, stream)

    def check_target(self, name: str, target: Any, fields: Sequence[Any]) -> Memory:
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

    def host(self, a: Any, axis: int | None = None, name: str = "spacing") -> Any:
        """A copy of the device's memory, which is waited for."""
        return a.get()


BACKEND = CuPy("cupy")
