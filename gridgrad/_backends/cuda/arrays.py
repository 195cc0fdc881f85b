"""CuPy arrays, and CUDA memory of other libraries, through the CUDA kernel; the only module with cupy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from ..._base.cache import Cache, cached
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.outputs import split_out
from ..._base.types import Array
from ..._plan.layout import Layout
from ..._plan.plan import Plan, make_plan
from ..._plan.tables import Tables
from ..._terms.term import Term
from .. import slices
from ..ladder import Ladder, counts
from ..numpy import arrays as _numpy
from ..numpy import memory
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
    tables: tuple[Any, ...]  # the memory that the addresses are in
    addresses: tuple[int, ...]
    launches: dict[int, tuple[Any, variants.Launch]] = field(default_factory=dict)


_ready: Cache[Ready] = Cache("device plans", entries=512)
_uploaded: Cache[tuple[Any, tuple[int, ...]]] = Cache("device tables", entries=512)
# No cache: CUDA graphs hold addresses of these weights for as long as they like.
_captured: set[Ready] = set()


def samples(f: Any) -> Any:
    """`f`, if it is a plain CuPy array of a dtype that has differences."""
    if not isinstance(f, cupy.ndarray):
        raise ArgumentTypeError(
            f"f is a {type(f).__module__}.{type(f).__name__}; give a cupy.ndarray of its values"
        )
    if f.dtype.kind == "b":
        raise ArgumentTypeError(
            "f has dtype bool: booleans have no differences; convert them first, f.astype(float)"
        )
    return f


def real_of(f: Any) -> Any:
    """The type weights are made in."""
    return np.float64


def empty_stack(fields: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """One array for all results, on the device of the fields."""
    with cupy.cuda.Device(fields[0].device.id):
        return cupy.empty(shape, _numpy.result_dtype(slices.leading(fields)))


def operate(
    terms: tuple[Term, ...], fields: Sequence[Any], outputs: int, out: Any, workers: int | None
) -> list[Any]:
    """The `outputs` arrays of `terms` applied to `fields`, on their device; `workers` is for CPUs."""
    f = slices.leading(fields)
    dtype = _numpy.result_dtype(f)
    check_devices(fields)
    with cupy.cuda.Device(f.device.id):
        if out is None:
            targets = [cupy.empty_like(f, dtype=dtype) for _ in range(outputs)]
            apply(terms, fields, targets)
            return targets
        targets = split_out(out, outputs, f.shape)
        check_targets(targets, f, dtype)
        places = [shadow(target) for target in targets]
        apply(terms, [_apart(field, places) for field in fields], targets)
        return targets


def _apart(field: Any, places: list[Array]) -> Any:
    own = shadow(field)
    return field.copy(order="K") if any(np.may_share_memory(own, place) for place in places) else field


def check_devices(fields: Sequence[Any]) -> None:
    """All components and coefficients are where the first one is."""
    devices = [field.device.id for field in fields]
    if len(set(devices)) > 1:
        raise ArgumentValueError(
            f"the components or coefficients of f are on CUDA devices {', '.join(map(str, devices))}; "
            "copy them to one device"
        )


def check_targets(targets: list[Any], f: Any, dtype: np.dtype[Any]) -> None:
    """Every output array fits, is on the device of `f`, and shares no memory with another."""
    for k, target in enumerate(targets):
        name = f"out[{k}]" if len(targets) > 1 else "out"
        if not isinstance(target, cupy.ndarray):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__}; f is a CuPy array, so out must be one too"
            )
        if target.device.id != f.device.id:
            raise ArgumentValueError(
                f"{name} is on CUDA device {target.device.id}, but f is on {f.device.id}"
            )
    _numpy.check_targets([shadow(target) for target in targets], shadow(f), dtype)


class _Interface:
    def __init__(self, a: Any) -> None:
        self.__array_interface__ = {
            "version": 3, "data": (a.data.ptr, False), "shape": a.shape, "strides": a.strides, "typestr": a.dtype.str,
        }  # fmt: skip


def shadow(a: Any) -> Array:
    """A NumPy array with the addresses of `a`, to ask about overlaps; its elements must not be read."""
    if a.size == 0:
        return np.empty(a.shape, a.dtype)
    return np.asarray(_Interface(a))


def apply(terms: tuple[Term, ...], inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Write `terms` of `inputs` into `outputs`: CuPy arrays of the current device, any layout."""
    if not outputs or outputs[0].size == 0:
        return
    _Memory().apply(terms, inputs, outputs)


class _Memory(Ladder):
    """CuPy arrays of the current device."""

    def has_kernels(self, f: Any) -> bool:
        """Whether the kernel knows the dtype."""
        return storage_of(f.dtype)[0] is not None

    def storage_of(self, f: Any) -> str:
        """The kernels' name of a dtype they know."""
        return str(storage_of(f.dtype)[0])

    def is_complex(self, a: Any) -> bool:
        """Whether the elements have an imaginary part."""
        return bool(a.dtype.kind == "c")

    def is_aligned(self, a: Any) -> bool:
        """Whether address and strides are multiples of what the kernel reads."""
        item = a.dtype.itemsize // (2 if a.dtype.kind == "c" else 1)
        return not (a.data.ptr % item or any(s % item for s in a.strides))

    def parts(self, a: Any) -> list[Any]:
        """Views of the real and the imaginary parts."""
        return [a.real, a.imag]

    def empty(self, like: Any, real: str | None = None) -> Any:
        """A compact array."""
        return cupy.empty(like.shape, like.dtype if real is None else np.result_type(real, like.dtype))

    def copy(self, a: Any, real: str | None = None) -> Any:
        """A compact copy."""
        fresh = self.empty(a, real)
        fresh[...] = a
        return fresh

    def write(self, target: Any, result: Any) -> None:
        """Round `result` into `target`."""
        target[...] = (
            result.astype(np.float32) if target.dtype.itemsize < 4 < result.dtype.itemsize else result
        )

    def launch(
        self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: Sequence[Any], adds: bool
    ) -> None:
        """One launch on the current stream."""
        storage, components = storage_of(inputs[0].dtype)
        arrays, count = (*inputs, *outputs), len(inputs)
        layouts = [memory.layout_of(a, components) for a in arrays]
        addresses = [a.data.ptr for a in arrays]
        device, stream = inputs[0].device.id, cupy.cuda.get_current_stream().ptr
        apply_pointers(
            terms, str(storage), components, layouts[:count], layouts[count:], addresses, device, stream, adds
        )

    def sliced(self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int) -> list[Any]:
        """The results as new arrays."""
        return slices.apply(array_namespace(inputs[0]), terms, inputs, outputs)


def storage_of(dtype: np.dtype[Any]) -> tuple[str | None, int]:
    """The kernels' name of a dtype and its components; None if they lack it."""
    return memory.storage_of(dtype), (2 if dtype.kind == "c" else 1)


def apply_pointers(
    terms: tuple[Term, ...],
    storage: str,
    components: int,
    input_layouts: Sequence[Layout],
    output_layouts: Sequence[Layout],
    addresses: Sequence[int],
    device_id: int,
    stream_ptr: int,
    adds: bool = False,
) -> None:
    """Launch `terms` on memory of any library; returns before the kernel has run.

    Parameters
    ----------
    terms : tuple of Term
        What to compute; float64 must have the exponents of all weights, no coefficient may be complex.
    storage : str
        Element type of the inputs, a name in ``_plan.STORAGE``. Outputs have the same, float64 for
        integers.
    components : int
        2 for complex data, whose `storage` is its real type and whose strides count real numbers.
    input_layouts, output_layouts : sequences of Layout
        Shape and strides in elements of `storage`; all shapes are equal and not empty. A real
        coefficient of complex samples has component 0.
    addresses : sequence of int
        Device addresses, inputs first, each a multiple of its element size.
    device_id, stream_ptr : int
        CUDA device of all addresses, and the ``cudaStream_t`` to launch on.
    adds : bool
        Whether the terms join what the outputs hold, which must be of the arithmetic type.

    Raises
    ------
    TooManyDims
        One descriptor cannot hold this; apply fewer terms or slices.
    ArgumentTypeError
        CuPy cannot be imported.

    Notes
    -----
    The first call for a plan and device uploads its tables and synchronises `stream_ptr`; later ones
    do neither, so they can be captured in a CUDA graph. Memory that is used on another stream than
    the one it belongs to must be kept alive by its owner.
    """
    require_cupy()
    plan = make_plan(terms, storage, tuple(input_layouts), tuple(output_layouts), components, adds)
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


def _tables_on(wanted: Sequence[Tables], device_id: int) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """Device copies of the tables of a plan, and the addresses of all in them; plans share the copies."""
    there: list[tuple[Any, tuple[int, ...]]] = []
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


def upload(tables: Sequence[Array]) -> tuple[Any, tuple[int, ...]]:
    """One device copy of them all, and their addresses in it.

    Any stream may read it, and its release waits for kernels that still do.
    """
    copy, addresses = _copied(tables)
    cupy.cuda.get_current_stream().synchronize()
    return copy, addresses


def _copied(tables: Sequence[Array]) -> tuple[Any, tuple[int, ...]]:
    """`upload`, which the current stream need not have done yet."""
    packed, offsets = variants.joined(tables)
    with cupy.cuda.using_allocator(None):  # plain cudaMalloc: a pool would reuse it at once
        copy = cupy.empty(packed.shape, packed.dtype)
    copy.set(packed)
    return copy, tuple(copy.data.ptr + offset for offset in offsets)


@cached("kernels", entries=512, each=2 << 10)
def kernel_of(variant: variants.Variant) -> Any:
    """The compiled kernel; CuPy loads it on each device and keeps it on disk."""
    module = cupy.RawModule(code=variants.source(), options=variants.options(variant), backend="nvrtc")
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
