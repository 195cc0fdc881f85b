"""The back end of NumPy arrays: plain memory on a CPU, through the compiled core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..._base.checks import masked_arrays
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._plan.descriptor import STORAGE
from ..._plan.plan import Memory, Plan
from ..._wraps.foreign import is_stored, named, remedy, remedy_for_units
from ..._wraps.units import held, is_quantity_class, present, unwrap
from ..operations import Operations
from ..protocol import Backend, DType, Facts, HostMap, Run
from . import core, memory
from .operations import NUMPY

_ndarray, _memmap = _PLAIN = np.ndarray, np.memmap
# As asking a dtype its name is slow; bfloat16 is not NumPy's.
_NAMES = {np.dtype(name): name for name in STORAGE if name != "bfloat16"}
_NAMES |= {np.dtype("complex64"): "float32", np.dtype("complex128"): "float64"}
_SECOND_THOUGHTS = {
    "b": "booleans are not taken for numbers; convert them first, f.astype(float)",
    "O": "convert it first, for example f.astype(float)",
    "S": "give numbers",
    "U": "give numbers",
    "V": "differentiate one field at a time, f['name']",
    "T": "give numbers, f.astype(float)",
}


def samples_of(f: Any) -> Array:
    """`f` as an ndarray of a dtype that has differences; containers that would lose something are refused."""
    if isinstance(f, np.ndarray):
        if type(f) not in _PLAIN and type(f) not in masked_arrays():
            raise ArgumentTypeError(
                f"f is {named(type(f))}, whose meaning a plain result would lose; give {remedy(type(f), 'f')}"
            )
        if type(f) not in _PLAIN and isinstance(f, masked_arrays()) and f.baseclass not in _PLAIN:
            raise ArgumentTypeError(
                f"f is a masked array over one {named(f.baseclass)}, whose meaning a plain result would lose; "
                f"give {remedy(type(f), 'f')}"
            )
    else:
        if isinstance(f, (list, tuple)):
            _check_entries(f)
        try:
            f = np.asarray(f)
        except ValueError as error:
            raise ArgumentValueError(f"f is not a regular array: {error}") from None
    data: Array = f
    kind = "f" if f.dtype.name == "bfloat16" else f.dtype.kind
    if kind == "V" and f.dtype.names is None:
        raise ArgumentTypeError(
            f"f has dtype {f.dtype}, which is not supported; convert it, f.astype('float32')"
        )
    entry = np.asarray(f).flat[0] if kind == "O" and f.size else None
    if entry is not None and is_quantity_class(type(entry)):
        raise ArgumentTypeError(
            "f is an array of single quantities, as masked * ureg.K makes them; give one quantity of the whole array, "
            f"ureg.Quantity(masked, {str(unwrap(entry, 'f')[1])!r})"
        )
    if kind in _SECOND_THOUGHTS:
        raise ArgumentTypeError(f"f has dtype {f.dtype}: {_SECOND_THOUGHTS[kind]}")
    return data


def _check_entries(f: Sequence[object]) -> None:
    """Refuse a list of what would lose something in one plain array."""
    kinds: set[type] = set(map(type, f))
    if any(issubclass(kind, masked_arrays()) for kind in kinds):
        raise ArgumentTypeError("f holds masked arrays, whose masks would be lost; give numpy.ma.stack(f)")
    for entry in f if kinds & {list, tuple} else ():
        if isinstance(entry, (list, tuple)):
            _check_entries(entry)
    if present(f, *held(f)):
        raise ArgumentTypeError(
            f"f holds quantities, whose units would be lost; give their numbers, {remedy_for_units(f, 'f')}"
        )
    for kind in filter(is_stored, kinds):
        raise ArgumentTypeError(
            f"f holds entries {named(kind)}, not arrays; give their numbers, {remedy(kind, 'f[0]')} and so on"
        )


class NumPy(Backend[Array]):
    """Arrays of numbers and nothing else; `carriers` are back ends of arrays with more."""

    linalg = "scipy.sparse.linalg"
    at = staticmethod(nullcontext)  # type: ignore[assignment]  # there is no device, and nothing looks on

    def __init__(self) -> None:
        super().__init__("numpy")
        self.carriers: list[Carrier] = []

    samples = staticmethod(samples_of)

    def among(self, fields: Sequence[Array]) -> NumPy:
        """The first carrier that finds something to carry, which nothing with `facts` has."""
        others = [field for field in fields if self.facts(field) is None]
        return next((own for own in self.carriers if any(map(own.carries, others))), self)

    def operations(self, *fields: Array) -> Operations:
        """NumPy's."""
        return NUMPY

    def facts(self, a: Array) -> Facts:
        """Shape, strides in bytes and dtype, which has no masks and no ticks."""
        cls = type(a)
        plain = (cls is _ndarray or cls is _memmap) and a.dtype.kind not in "mM"
        return (a.shape, a.strides, a.dtype) if plain else None

    def memory(self, a: Array) -> Memory:
        """Its address; without a core there is nobody to read it."""
        own = memory_of(a, a.ctypes.data)
        return own if core.core is not None else own._replace(storage=None)

    def result_dtype(self, f: Array) -> np.dtype:
        """Floating and complex kept, integers to float64, datetimes to their timedelta."""
        return result_type(f.dtype)

    def weights_dtype(self, f: Array) -> type[np.floating]:
        """Double precision, or that of what is wider."""
        return np.longdouble if f.dtype.char in "gG" or f.dtype.kind in "mM" else np.float64

    def empty(self, like: Array, dtype: DType = None, shape: tuple[int, ...] | None = None) -> Array:
        """A plain array; in the machine's byte order unless a dtype says otherwise."""
        dtype = like.dtype.newbyteorder("=") if dtype is None else dtype
        if shape is None or shape == like.shape:
            return np.empty_like(like, dtype, subok=False)
        return np.empty(shape, dtype, "F" if len(shape) == like.ndim and like.flags.fnc else "C")

    def copy(self, a: Array, dtype: DType = None) -> Array:
        """In the machine's byte order."""
        return a.astype(a.dtype.newbyteorder("=") if dtype is None else dtype, order="C", subok=False)

    def assign(self, target: Array, values: Array) -> None:
        """As NumPy assigns."""
        target[...] = values

    def launch(self, plan: Plan, arrays: Sequence[Array], workers: int | None = None) -> None:
        """On at most `workers` threads."""
        memory.run(plan, [a.ctypes.data for a in arrays], workers)

    def bind(self, plan: Plan, dtype: DType, like: Array) -> Run[Array]:
        """By the objects themselves, where this Python tells what is in them."""
        return (
            super().bind(plan, dtype, like)
            if memory.apply_objects is None
            else memory.Bound(plan, dtype, like)
        )

    def _run(
        self, plan: Plan, dtype: DType, inputs: Sequence[Array], out: Sequence[Array] | None, workers: int | None
    ) -> Sequence[Array] | None:  # fmt: skip
        is_locked = out is not None and not all(target.flags.writeable for target in out)
        return None if is_locked else super()._run(plan, dtype, inputs, out, workers)

    def check_target(self, name: str, target: Any, fields: Sequence[Array]) -> Memory:
        """Refuse what is no plain array, or read-only."""
        if type(target) not in _PLAIN:
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__}; f is a plain NumPy array, so out must be one too"
            )
        return self.writeable(name, target)

    def writeable(self, name: str, target: Array) -> Memory:
        """Where an array lies that can be written."""
        if not target.flags.writeable:
            raise ArgumentValueError(f"{name} is read-only; give an array that can be written")
        return self.memory(target)

    def mapped(self, made: Callable[[], HostMap], field: Array) -> Array:
        """In double precision, rounded once."""
        wide = field.astype(np.result_type(field.dtype, np.float64), copy=False)
        return made()(wide).astype(field.dtype, copy=False)

    def within(self, field: Array, limit: int) -> bool:
        """By a look at all values."""
        values = np.asarray(field)
        return values.size == 0 or (int(values.min()) >= -limit and int(values.max()) <= limit)


class Carrier(NumPy):
    """The back end of arrays that have more than numbers; those alone go through `plain`."""

    def __init__(self, plain: NumPy) -> None:
        super().__init__()
        self.plain = plain

    def carries(self, a: Array) -> bool:
        """Whether an array has what this back end carries."""
        raise NotImplementedError

    def facts(self, a: Array) -> Facts:
        """None: the numbers are not all there is."""
        return None


def storage_of(dtype: np.dtype) -> str | None:
    """The kernels' name of a dtype, in whatever byte order; complex data is pairs of reals; None if they lack it."""
    known = _NAMES.get(dtype)
    if known is not None:
        return known
    return dtype.name if dtype.name in STORAGE else _NAMES.get(dtype.newbyteorder("="))


def memory_of(a: Array, address: int) -> Memory:
    """Where an array lies that has NumPy's dtypes and strides in bytes."""
    components = 2 if a.dtype.kind == "c" else 1
    item = a.dtype.itemsize // components
    return Memory(storage_of(a.dtype), components, item, a.shape, a.strides, 1, address, a.dtype.isnative)


def result_type(dtype: np.dtype) -> np.dtype:
    """Of derivatives: floating and complex kept, integers to float64, datetimes to their timedelta."""
    if dtype.kind == "M":
        return np.dtype(dtype.name.replace("datetime", "timedelta"))
    return np.dtype(np.float64) if dtype.kind in "iu" else dtype
