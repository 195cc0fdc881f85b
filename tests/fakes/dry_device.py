"""A dry run of what needs a CUDA device: CuPy's stand-in, host-run kernels, and torch and JAX in the host's memory.

Run ``python tests/fakes/dry_device.py SCRIPT ...`` or ``python tests/fakes/dry_device.py -m MODULE ...``.
"""

from __future__ import annotations

import runpy
import sys
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]


def install() -> Any:
    """The stand-in, in the place of the library and of the names by which tests reach a device."""
    import dry_cupy
    import dry_gpu
    import gpu_cases

    from gridgrad._backends import dispatch
    from gridgrad._backends.cuda import arrays, device
    from gridgrad._grid import spacing

    dry_gpu.FOLDER.mkdir(exist_ok=True)
    sys.modules["cupyx.scipy.ndimage"] = dry_gpu.LAPLACE
    device.cupy = cupy = sys.modules["cupy"] = dry_cupy.DryCupy()
    found, is_foreign = dispatch.found, spacing.is_foreign
    dispatch.found = lambda cls: arrays.BACKEND if issubclass(cls, cupy.ndarray) else found(cls)
    spacing.is_foreign = lambda cls: not issubclass(cls, cupy.ndarray) and is_foreign(cls)
    gpu_cases.TORCH = gpu_cases.JAX = "cpu"
    gpu_cases.WORK = (8, 8)
    gpu_cases.torch_graph = repeated
    with suppress(ImportError):
        stand_in_streams(import_module("torch"))
    return cupy


def repeated(call: Any) -> tuple[Any, Any]:
    """A graph of tensors, as far as they are on the host: the call again, into the results of the first."""
    results = call()

    def replay() -> None:
        for result, fresh in zip(results, call(), strict=True):
            result.data.copy_(fresh.data)

    return replay, results


def stand_in_streams(torch: Any) -> None:
    """Streams that do nothing."""
    stream = SimpleNamespace(synchronize=lambda: None, wait_stream=lambda other: None, cuda_stream=0)
    torch.cuda.is_available = lambda: True
    torch.cuda.synchronize = lambda: None
    torch.cuda.Stream = lambda: stream
    torch.cuda.current_stream = lambda device=None: stream
    torch.cuda.stream = lambda own: nullcontext()


def main(arguments: list[str]) -> None:
    """Run a script or a module as ``python`` does."""
    sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("oracles", "fakes", "support")]
    install()
    if arguments[:1] == ["-m"]:
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
