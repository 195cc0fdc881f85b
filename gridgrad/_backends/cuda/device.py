"""A plan on CUDA memory of any library: tables and kernels on the device, one launch; the only module with cupy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ..._base.cache import Cache, cached
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._plan.plan import Plan
from ..._plan.tables import Tables
from ..ladder import counts
from . import variants

cupy: Any = None
why_no_cupy = ""
try:
    cupy = import_module("cupy")
except ImportError as error:  # not installed, or its CUDA libraries are missing
    why_no_cupy = str(error)


@dataclass(frozen=True, slots=True)
class Stream:
    """A foreign CUDA stream, as CuPy's launch wants it."""

    ptr: int

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self.ptr


@dataclass(frozen=True, eq=False, slots=True)
class Ready:
    """A plan on one device: its tables are there, its kernels are compiled at their first use."""

    plan: Plan
    widest: int
    tables: tuple[Array, ...]  # the memory that the addresses are in
    addresses: tuple[int, ...]
    launches: dict[int, tuple[Any, variants.Launch]] = field(default_factory=dict)


_ready: Cache[Ready] = Cache("device plans", entries=512)
_uploaded: Cache[tuple[Array, tuple[int, ...]]] = Cache("device tables", entries=512)
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

    Notes
    -----
    The first call for a plan and device uploads its tables and synchronises `stream_ptr`; later ones
    do neither, so they can be captured in a CUDA graph. Memory that is used on another stream than
    the one it belongs to must be kept alive by its owner.
    """
    require_cupy()
    stream = Stream(stream_ptr)
    with cupy.cuda.Device(device_id):
        ready = _ready_on(plan, device_id, stream)
        width = variants.fitting_vector(plan, ready.widest, addresses)
        if width not in ready.launches:
            launch = variants.make_launch(plan, width)
            ready.launches[width] = kernel_of(launch.variant), launch
        kernel, launch = ready.launches[width]
        packed = variants.parameter(launch, addresses, ready.addresses)
        kernel(launch.grid, launch.block, (packed,), stream=stream)
    counts["launch"] += 1


def _ready_on(plan: Plan, device_id: int, stream: Stream) -> Ready:
    capturing = stream.ptr > 2 and cupy.cuda.runtime.streamIsCapturing(stream.ptr)  # 0, 1, 2: default streams
    ready = _ready.get((plan, device_id))
    if ready is None:
        if capturing:
            raise ArgumentValueError(
                "a CUDA graph is being captured, and the weights of this grid are not on the device yet; "
                "make the same call once before the capture"
            )
        copies, addresses = _tables_on(plan.tables, device_id)
        ready = Ready(plan, variants.widest_vector(plan), copies, addresses)
        _ready.put((plan, device_id), ready, sum(copy.nbytes for copy in copies))
    if capturing:
        _captured.add(ready)
    return ready


def _tables_on(wanted: Sequence[Tables], device_id: int) -> tuple[tuple[Array, ...], tuple[int, ...]]:
    """Device copies of the tables of a plan, and the addresses of all in them; plans share the copies."""
    there: list[tuple[Array, tuple[int, ...]]] = []
    fresh = []
    for tables in wanted:
        found = _uploaded.get((tables, device_id))
        if found is None:
            found = _copied(tuple(tables.named().values()))
            fresh.append((tables, found))
        there.append(found)
    if fresh:
        cupy.cuda.get_current_stream().synchronize()  # before another thread can find them
    for tables, made in fresh:
        _uploaded.put((tables, device_id), made, made[0].nbytes)
    return tuple(copy for copy, _ in there), tuple(address for _, places in there for address in places)


def upload(tables: Sequence[Array]) -> tuple[Array, tuple[int, ...]]:
    """One device copy of them all, and their addresses in it.

    Any stream may read it, and its release waits for kernels that still do.
    """
    copy, addresses = _copied(tables)
    cupy.cuda.get_current_stream().synchronize()
    return copy, addresses


def _copied(tables: Sequence[Array]) -> tuple[Array, tuple[int, ...]]:
    """`upload`, which the current stream need not have done yet."""
    packed, offsets = variants.joined(tables)
    with cupy.cuda.using_allocator(None):  # plain cudaMalloc: a pool would reuse it at once
        copy = cupy.empty(packed.shape, packed.dtype)
    copy.set(packed)
    return copy, tuple(copy.data.ptr + offset for offset in offsets)


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
