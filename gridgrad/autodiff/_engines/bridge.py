"""Arrays to an engine and back: by DLPack and without a copy where no one else's memory is lent."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np

from ..._base.types import Array


def shares_device(engine: str) -> bool:
    """Whether an engine computes where CuPy does; else arrays go through the host."""
    module = import_module(engine)
    if engine == "torch":
        return bool(module.cuda.is_available())
    return any(device.platform in ("gpu", "cuda") for device in module.devices())


def on_callers_stream(engine: str, home: str, coords: tuple[Any, ...]) -> AbstractContextManager[object]:
    """A context in which torch queues its work behind the caller's, on CuPy's current stream.

    Nothing has to wait then. JAX has streams of its own; DLPack orders them at both exchanges.
    """
    if (engine, home) != ("torch", "cupy") or not shares_device("torch"):
        return nullcontext()
    cuda = sys.modules["torch"].cuda
    device = next(c.device.id for c in coords if hasattr(c, "__cuda_array_interface__"))
    pointer = sys.modules["cupy"].cuda.get_current_stream().ptr
    own = cuda.ExternalStream(pointer, device=device) if pointer else cuda.default_stream(device)
    stream: AbstractContextManager[object] = cuda.stream(own)
    return stream


def to_engine(c: object, library: str, engine: str) -> object:
    """A coordinate of another library for an engine: device memory by DLPack, what is lent by NumPy as it is."""
    if library == "cupy":
        if not shares_device(engine):
            return sys.modules["cupy"].asnumpy(c)
        module = import_module(engine)
        return module.from_dlpack(c) if engine == "torch" else module.dlpack.from_dlpack(c)
    return c


def tensor_of(c: object) -> object:
    """A tensor on the memory of a NumPy array that can be written to; of anything else a copy."""
    torch = sys.modules["torch"]
    lent = (
        type(c) is np.ndarray
        and c.flags.writeable
        and c.flags.aligned
        and c.dtype.isnative
        and all(stride > 0 and stride % c.itemsize == 0 for stride in c.strides)
    )
    if not lent:
        c = np.array(c)
        c = c.astype(c.dtype.newbyteorder("="), copy=False)
    return torch.from_numpy(c)


class Export:
    """Results of an engine in the coordinates' library; each has memory of its own."""

    def __init__(self, engine: str, home: str, given: tuple[Array, ...]) -> None:
        self.engine, self.home = engine, home
        self._taken = {_place(c) for c in given}

    def __call__(self, a: Any, is_value: bool) -> Any:
        """One result; a value may be an array of the function's own, and is copied."""
        if self.engine == "jax":
            return self._of_jax(a)
        a = a.detach().resolve_conj().resolve_neg()
        if is_value or _place(a) in self._taken:
            a = a.clone()
        self._taken.add(_place(a))
        if self.home == "cupy":
            if shares_device("torch"):
                return sys.modules["cupy"].from_dlpack(a)
            return sys.modules["cupy"].asarray(a.cpu().numpy())
        values = a.cpu().numpy()
        return values[()] if not values.ndim else values

    def _of_jax(self, a: Array) -> object:
        """A copy: JAX takes its arrays for unchanging."""
        if self.home == "cupy":
            cupy = sys.modules["cupy"]
            return cupy.from_dlpack(a).copy() if shares_device("jax") else cupy.asarray(np.asarray(a))
        values = np.array(a)
        return values[()] if not values.ndim else values


def _place(a: object) -> int:
    """Where the memory of a tensor begins; 0, which is no place, of anything else."""
    return int(a.untyped_storage().data_ptr()) if hasattr(a, "untyped_storage") else 0
