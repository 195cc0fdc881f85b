"""The compiled core through ctypes: layouts and addresses in, results written in place."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ._plan import ABI_VERSION, DESCRIPTOR, Plan

PIECE_BYTES = 64 << 20  # moved between two looks at pending signals: well under 50 ms
THREAD_BYTES = 16 << 20  # a call that moves less stays on the caller's thread

_BUILD_HINT = (
    "the compiled core of gridgrad was not found; reinstall with a C++17 compiler present "
    "(pip install --force-reinstall gridgrad), or unset GRIDGRAD_REQUIRE_CORE"
)


class CoreError(RuntimeError):
    """The compiled core refused a descriptor: a bug of gridgrad, not of its caller."""


def _load() -> ctypes.CDLL | None:
    name = {"darwin": "libgridgrad_core.dylib", "win32": "gridgrad_core.dll"}.get(
        sys.platform, "libgridgrad_core.so"
    )
    override = os.environ.get("GRIDGRAD_CORE")  # sanitizer and coverage builds
    path = Path(override) if override else Path(str(files("gridgrad").joinpath(name)))
    if not path.is_file():
        if os.environ.get("GRIDGRAD_REQUIRE_CORE"):
            raise ImportError(_BUILD_HINT)
        return None
    core = ctypes.CDLL(str(path.resolve()))
    if core.gg_abi_version() != ABI_VERSION or core.gg_descriptor_bytes() != DESCRIPTOR.itemsize:
        raise ImportError(f"{path} was built for another gridgrad: reinstall gridgrad")
    return core


core = _load()
_UNALIGNED = 6

if core is not None:
    core.gg_message.restype = ctypes.c_char_p
    core.gg_apply.argtypes = [
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int,
    ]  # fmt: skip


class UnalignedData(ValueError):
    """An address is not a multiple of the element size: the caller copies first."""


def run(plan: Plan, addresses: list[int], workers: int | None = None) -> None:
    """Apply `plan` to the arrays at `addresses`: inputs, then outputs."""
    if plan.elements == 0:
        return
    assert core is not None
    pointers = (ctypes.c_void_p * len(addresses))(*addresses)
    threads = workers or default_workers(plan.traffic)
    pieces = 1 + plan.traffic // PIECE_BYTES
    descriptor = plan.descriptor.ctypes.data
    for piece in range(pieces):
        status = core.gg_apply(descriptor, pointers, piece, pieces, threads)
        if status == _UNALIGNED:
            raise UnalignedData
        if status:
            raise CoreError(core.gg_message(status).decode())


def default_workers(traffic: int) -> int:
    """One thread for a call that is over before a second would help, else all this process may use."""
    return 1 if traffic < THREAD_BYTES else available_cpus()


@lru_cache(maxsize=1)
def available_cpus() -> int:
    """CPUs of this process, at most 16: more do not add memory bandwidth."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    return min(count, 16)


def describe() -> dict[str, Any]:
    """What `show_config` prints of the core."""
    if core is None:
        return {"core": None}
    names = ("x86-64", "x86-64-v3 (AVX2)", "x86-64-v4 (AVX-512)")
    return {"core": core._name, "cpu level": names[core.gg_cpu_level()], "threads": available_cpus()}
