"""CuPy arrays and the CUDA kernel."""

from __future__ import annotations


def describe() -> dict[str, object]:
    """What `show_config` tells of CUDA, without importing anything where there is none."""
    found = next((v for v in map(_version, ("cupy-cuda13x", "cupy-cuda12x", "cupy")) if v), None)
    return {"cupy": found, "cuda devices": _devices() if found else []}


def _version(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # a third of all import time

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _devices() -> list[str]:
    from . import device

    return device.device_names()
