"""A plan on CUDA memory of any library: tables and kernels on the device, one launch; the only module with cupy."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, NoReturn, Protocol

import numpy as np

from ..._base.cache import Cache, cached
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._plan.descriptor import DESCRIPTOR, MAX_ARRAYS, pointer_offset
from ..._plan.plan import Plan, Tables
from ..ladder import counts
from . import variants

cupy: Any = None
why_no_cupy = ""
try:
    cupy = import_module("cupy")
except ImportError as error:  # not installed, or its CUDA libraries are missing
    why_no_cupy = str(error)

_WORD = 8  # bytes of an address
_LOW = variants.ACCESS_BYTES - 1  # the bits of an address that say how wide an access may be


class Streamed(Protocol):
    """A CUDA stream of any library, as CuPy's launch wants it."""

    @property
    def ptr(self) -> int:
        """The ``cudaStream_t``."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A foreign CUDA stream."""

    ptr: int

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self.ptr


class Copy:
    """Tables in memory of a device, and their addresses in it; any stream may read them.

    The memory is plain cudaMalloc, whose release waits for kernels that still read it, where a pool would hand it
    out at once. It is given back where the next is asked for, not when it is dropped: both break a CUDA graph that
    some thread is capturing, and so they happen together, where no capture goes on.
    """

    __slots__ = ("addresses", "memory", "nbytes")
    dropped: ClassVar[list[object]] = []  # what waits to be given back

    def __init__(self, memory: Any, offsets: Sequence[int]) -> None:
        self.memory, self.nbytes = memory, int(memory.nbytes)
        self.addresses = tuple([memory.data.ptr + offset for offset in offsets])

    def __del__(self) -> None:
        self.dropped.append(self.memory)


class Launcher:
    """One variant of a plan on a device: a kernel, the shape of its launch, and its parameter but for the arrays."""

    __slots__ = ("block", "grid", "kernel", "words")

    def __init__(self, launch: variants.Launch, tables: Sequence[int]) -> None:
        self.kernel, self.grid, self.block = kernel_of(launch.variant), launch.grid, launch.block
        self.words = array("Q", variants.parameter(launch, (), tables).tobytes())

    def __call__(self, addresses: Sequence[int], stream: Streamed) -> None:
        """Launch it on these arrays."""
        words = self.words[:]  # its own: other threads launch the same
        for place, address in zip(_POINTERS, addresses, strict=False):
            words[place] = address
        self.kernel(self.grid, self.block, (np.frombuffer(words, _PARAMETER),), stream=stream)


class Ready:
    """A plan on one device: its tables are there, its launchers are made at their first use."""

    __slots__ = ("addresses", "by_alignment", "by_width", "plan", "tables", "widest")

    def __init__(self, plan: Plan, tables: tuple[Copy, ...]) -> None:
        self.plan, self.tables = plan, tables
        self.addresses = [address for copy in tables for address in copy.addresses]
        self.widest = variants.widest_vector(plan)
        self.by_width: dict[int, Launcher] = {}
        self.by_alignment: dict[tuple[int, int], Launcher] = {}

    def launch(self, addresses: Sequence[int], stream: Streamed, capturing: bool) -> bool:
        """Launch it; False where an address is no multiple of its element's size."""
        low, inputs = [0, 0], self.plan.inputs
        for address in addresses[:inputs]:
            low[0] |= address
        for address in addresses[inputs:]:
            low[1] |= address
        key = low[0] & _LOW, low[1] & _LOW
        launcher = self.by_alignment.get(key)
        if launcher is None:
            launcher = self._launcher(addresses, capturing)
            if launcher is None:
                return False
            self.by_alignment[key] = launcher
        if capturing:
            _captured.add(self)
        launcher(addresses, stream)
        counts["launch"] += 1
        return True

    def _launcher(self, addresses: Sequence[int], capturing: bool) -> Launcher | None:
        """That of the widest access which these addresses allow."""
        plan = self.plan
        if any(address % item for address, item in zip(addresses, plan.items, strict=True)):
            return None
        width = variants.fitting_vector(plan, self.widest, addresses)
        if width not in self.by_width:
            if capturing:
                refuse("the kernel for arrays that begin at such addresses is not compiled yet; " + BEFORE)
            self.by_width[width] = Launcher(variants.make_launch(plan, width), self.addresses)
        return self.by_width[width]


BEFORE = "make the same call once before the capture, with these arrays"
# The descriptor as bytes: CuPy asks each argument for its fields, which takes longer than the launch where there are many.
_PARAMETER = np.dtype((np.void, DESCRIPTOR.itemsize))
_POINTERS = [pointer_offset(k) // _WORD for k in range(MAX_ARRAYS)]
_ready: Cache[Ready] = Cache("device plans", entries=512)
_uploaded: Cache[Copy] = Cache("device tables", entries=512)
# No cache: CUDA graphs hold addresses of these weights for as long as they like.
_captured: set[Ready] = set()


def launch(plan: Plan, addresses: Sequence[int], device_id: int, stream_ptr: int) -> None:
    """Apply a plan on memory of any library; returns before the kernel has run.

    Parameters
    ----------
    plan : Plan
        What to compute, and how all arrays lie.
    addresses : sequence of int
        Device addresses, inputs first, each a multiple of its element size.
    device_id, stream_ptr : int
        CUDA device of all addresses, and the ``cudaStream_t`` to launch on.

    Raises
    ------
    ArgumentTypeError
        CuPy cannot be imported.
    ArgumentValueError
        A CUDA graph is being captured, and the call needs what cannot be made within one.

    Notes
    -----
    The first call for a plan and device uploads its tables and waits until they are there; later ones
    do neither, so they can be captured in a CUDA graph. Memory that is used on another stream than
    the one it belongs to must be kept alive by its owner.
    """
    require_cupy()
    with at(device_id):
        capturing = is_capturing(stream_ptr)
        ready_on(plan, device_id, capturing).launch(addresses, Stream(stream_ptr), capturing)


def at(device_id: int) -> AbstractContextManager[object]:
    """In which the device is the current one."""
    if cupy.cuda.runtime.getDevice() == device_id:
        return _HERE
    there: AbstractContextManager[object] = cupy.cuda.Device(device_id)
    return there


_HERE = nullcontext()


def is_capturing(stream_ptr: int) -> bool:
    """Whether a CUDA graph is being captured on a stream; on the legacy default stream, 0 or 1, there can be none."""
    return stream_ptr > 1 and bool(cupy.cuda.runtime.streamIsCapturing(stream_ptr))


def refuse(why: str) -> NoReturn:
    """Say why a call cannot be part of a CUDA graph."""
    raise ArgumentValueError(f"a CUDA graph is being captured, and {why}")


def ready_on(plan: Plan, device_id: int, capturing: bool) -> Ready:
    """A plan with its tables on the current device."""
    ready = _ready.get((plan, device_id))
    if ready is None:
        if capturing:
            refuse("the weights of this grid are not on the device yet; " + BEFORE)
        ready = Ready(plan, _tables_on(plan.tables, device_id))
        _ready.put((plan, device_id), ready, sum(copy.nbytes for copy in ready.tables))
    return ready


def _tables_on(wanted: Sequence[Tables], device_id: int) -> tuple[Copy, ...]:
    """Device copies of the tables of a plan; plans share the copies."""
    there, fresh = [], []
    for tables in wanted:
        found = _uploaded.get((tables, device_id))
        if found is None:
            found = _copied(tuple(tables.named.values()))
            fresh.append((tables, found))
        there.append(found)
    if fresh:
        cupy.cuda.get_current_stream().synchronize()  # before another thread can find them
    for tables, made in fresh:
        _uploaded.put((tables, device_id), made, made.nbytes)
    return tuple(there)


def upload(tables: Sequence[Array]) -> tuple[Copy, tuple[int, ...]]:
    """One device copy of them all, and their addresses in it."""
    copy = _copied(tables)
    cupy.cuda.get_current_stream().synchronize()
    return copy, copy.addresses


def _copied(tables: Sequence[Array]) -> Copy:
    """`upload`, which the current stream need not have done yet."""
    packed, offsets = variants.joined(tables)
    Copy.dropped.clear()
    with cupy.cuda.using_allocator(None):  # of no pool
        memory = cupy.empty(packed.shape, packed.dtype)
    memory.set(packed)
    return Copy(memory, offsets)


@cached("kernels", entries=512, each=2 << 10)
def kernel_of(variant: variants.Variant) -> Any:
    """The compiled kernel; CuPy loads it on each device and keeps it on disk."""
    module = cupy.RawModule(code=variants.program(variant), options=variants.OPTIONS, backend="nvrtc")
    return module.get_function(variants.ENTRY)


def require_cupy() -> None:
    """Raise a clear error where CuPy is missing."""
    if cupy is None:
        raise ArgumentTypeError(
            f"CUDA arrays need CuPy ({why_no_cupy}); install gridgrad[cuda13] or gridgrad[cuda12], as your driver is"
        )


def device_names() -> list[str]:
    """The CUDA devices CuPy finds; none without CuPy or a driver."""
    names: list[str] = []
    with suppress(Exception):  # whatever a broken driver raises, there is no device to use
        for device in range(cupy.cuda.runtime.getDeviceCount()):
            names.append(cupy.cuda.runtime.getDeviceProperties(device)["name"].decode())
    return names
