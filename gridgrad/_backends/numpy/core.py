"""The compiled core: found, checked and typed once; the only module that touches ctypes functions."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from functools import cache
from os.path import abspath, isfile, join, pardir, realpath
from typing import Any

import numpy as np

from ..._plan.descriptor import ABI_VERSION, DESCRIPTOR

UNALIGNED, OVERLAP, NO_MEMORY, READ_ONLY = 6, 7, 8, 9  # statuses, as in kernels/host/core.cpp
REFUSED = UNALIGNED, OVERLAP, READ_ONLY  # facts of addresses


class CoreError(RuntimeError):
    """The compiled core refused a descriptor: a bug of gridgrad, not of its caller."""


def _load() -> ctypes.CDLL | None:
    names = {"darwin": "libgridgrad_core.dylib", "win32": "gridgrad_core.dll"}
    override = os.environ.get("GRIDGRAD_CORE")  # sanitizer and coverage builds
    folders = sys.modules[__name__.rpartition("._backends.")[0]].__path__  # two, of an editable install
    places = [join(folder, names.get(sys.platform, "libgridgrad_core.so")) for folder in folders]
    path = override or next(filter(isfile, places), places[0])
    if not isfile(path):
        checkout = abspath(join(__file__, *[pardir] * 4))
        shadowed = isfile(join(checkout, "kernels", "CMakeLists.txt"))
        remedy = (
            f"this is the source tree {checkout}, imported in place of an installed gridgrad; "
            "start Python in another directory, or pip install -e ."
            if shadowed
            else "reinstall with a C++17 compiler (gcc or clang) present"
        )
        if os.environ.get("GRIDGRAD_REQUIRE_CORE") or override:
            raise ImportError(f"the compiled core of gridgrad is not at {path}: {remedy}")
        if shadowed:
            warnings.warn(
                f"gridgrad works without its compiled core, slowly: {remedy}", RuntimeWarning, stacklevel=2
            )
        return None
    core = ctypes.CDLL(realpath(path))
    if core.gg_abi_version() != ABI_VERSION or core.gg_descriptor_bytes() != DESCRIPTOR.itemsize:
        raise ImportError(f"{path} was built for another version of gridgrad; reinstall gridgrad")
    pointer, integer = ctypes.c_void_p, ctypes.c_int64
    core.gg_sweeps.restype = core.gg_use_stream_bytes.restype = core.gg_use_block_bytes.restype = integer
    core.gg_message.restype = ctypes.c_char_p
    core.gg_use_stream_bytes.argtypes = core.gg_use_block_bytes.argtypes = [integer]
    core.gg_apply.argtypes = [pointer, pointer, integer, integer, ctypes.c_int]
    core.gg_apply_objects.argtypes = [pointer, ctypes.c_char_p]
    whole = ctypes.c_int
    core.gg_rows_at_points.argtypes = [pointer, integer, pointer, integer, whole, integer]
    core.gg_place.argtypes = [pointer, pointer, pointer, integer, pointer, integer, ctypes.c_double, whole]
    core.gg_apply_in_bands.argtypes = [pointer, ctypes.c_char_p, pointer, integer, integer]
    core.gg_tridiagonal.argtypes = [pointer] * 5
    core.gg_rows_at_points.restype = core.gg_place.restype = core.gg_tridiagonal.restype = None
    return core


core: Any = _load()


def _offsets() -> tuple[int, int] | None:
    """Where an ndarray object keeps its data pointer and its flags, or None if this Python does not tell.

    ``PyArrayObject_fields`` begins with the object header, the pointer, the number of dimensions, four more
    pointers and the flags; all are part of NumPy's C ABI. Reading them in C saves a small call more time than
    its arithmetic takes.
    """
    pointer = ctypes.sizeof(ctypes.c_void_p)
    data, flags = object.__basicsize__, object.__basicsize__ + 6 * pointer
    locked = np.zeros(5, np.int8)[2:]
    locked.flags.writeable = False
    for probe in (np.zeros(3), locked):
        if ctypes.c_void_p.from_address(id(probe) + data).value != probe.__array_interface__["data"][0]:
            return None
        if ctypes.c_int.from_address(id(probe) + flags).value != probe.flags.num:
            return None
    return data, flags


offsets = _offsets() if sys.implementation.name == "cpython" else None


def check(status: int) -> None:
    """Raise what a status of the core means."""
    if status == NO_MEMORY:
        raise MemoryError(core.gg_message(status).decode())
    if status:
        raise CoreError(core.gg_message(status).decode())


@cache
def available_cpus() -> int:
    """CPUs of this process, at most 16: more do not add memory bandwidth."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        count = os.cpu_count() or 1
    return min(count, 16)


def sweeps() -> int:
    """How often the core has applied a plan in this process."""
    return 0 if core is None else int(core.gg_sweeps())


def describe() -> dict[str, object]:
    """What `show_config` tells of the core."""
    if core is None:
        return {"core": None, "cpu level": None, "threads": 1}
    return {"core": core._name, "cpu level": _level_name(core.gg_cpu_level()), "threads": available_cpus()}


def _level_name(level: int) -> str:
    """What a CPU level of the core is called; only x86-64 has more than the one that the compiler takes unasked."""
    import platform  # slow for what an import of gridgrad may take

    machine = platform.machine()
    if machine not in ("x86_64", "AMD64"):
        return f"{machine} (baseline)"
    return ("x86-64", "x86-64-v3 (AVX2)", "x86-64-v4 (AVX-512)")[level]
