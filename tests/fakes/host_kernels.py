"""Runs the CUDA kernel on NumPy arrays: the same text, built by g++, the same bytes and launch shape."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gridgrad._backends import ladder
from gridgrad._backends.cuda import variants
from gridgrad._backends.numpy import BACKEND
from gridgrad._plan.descriptor import DESCRIPTOR
from gridgrad._plan.plan import Plan
from gridgrad._stencils.derivatives import Rule, derivative_stencil
from gridgrad._stencils.wide import narrow
from gridgrad._terms.term import Term

ROOT = Path(__file__).parents[2]
LAUNCH = ROOT / "tests" / "fakes" / "host_launch.h"
KEPT = ROOT / "build" / "host_kernels"  # by content, for every run of tests in this checkout
SANITIZE = (  # optimised, what checks itself takes g++ three times as long
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g1",
    "-O0",
)


class HostKernels:
    """Variants of the kernel as shared objects in `folder`; `source` may be a mutated text."""

    def __init__(
        self, folder: Path = KEPT, flags: Sequence[str] = ("-O1",), source: str | None = None
    ) -> None:
        self.folder, self.flags = Path(folder), tuple(flags)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.source = source or variants.source()
        self.functions: dict[str, ctypes._CFuncPtr] = {}

    def function(self, macros: str) -> ctypes._CFuncPtr:
        """The launcher of the variant with these macros, built at its first use."""
        if macros not in self.functions:
            library = ctypes.CDLL(str(self.build(macros)))
            function = library.gridgrad_host_launch
            function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int]
            function.restype = None
            self.functions[macros] = function
        return self.functions[macros]

    def build(self, macros: str) -> Path:
        """Compile; warnings are errors. No streaming stores here, so no intrinsics header is read."""
        program = macros + self.source
        command = [
            os.environ.get("CXX", "g++"), "-x", "c++", "-std=c++17", "-ffp-contract=off", "-fno-strict-aliasing",
            "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas",
            "-Wno-maybe-uninitialized", "-U__SSE2__", "-U__AVX__", "-U__AVX512F__", *self.flags,
            "-I", str(ROOT / "kernels"), "-include", str(LAUNCH),
        ]  # fmt: skip
        digest = hashlib.sha256(
            "\0".join([*command, LAUNCH.read_text(encoding="utf-8"), program]).encode()
        ).hexdigest()[:24]
        target = self.folder / f"{digest}.so"
        if not target.exists():
            own = self.folder / f"{digest}-{os.getpid()}"  # other test processes may build the same
            own.with_suffix(".cu").write_text(program, encoding="utf-8")
            unwatched = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
            subprocess.run([*command, str(own.with_suffix(".cu")), "-o", str(own)], check=True, env=unwatched)
            own.replace(target)
        return target

    def run(self, plan: Plan, addresses: list[int], vector: int | None = None, index: str | None = None,
            backwards: bool = False) -> variants.Launch:  # fmt: skip
        """One launch; `vector` and `index` are the plan's own choice unless given."""
        width = (
            variants.fitting_vector(plan, variants.widest_vector(plan), addresses)
            if vector is None
            else vector
        )
        launch = variants.make_launch(plan, width, index)
        packed = variants.parameter(launch, addresses)
        self.launch(variants.macros(launch.variant), launch.grid, launch.block, packed, backwards)
        return launch

    def launch(self, macros: str, grid: tuple[int, ...], block: tuple[int, ...], packed: np.ndarray,
               backwards: bool = False) -> None:  # fmt: skip
        """What a device would do with these arguments."""
        shapes = [np.array(shape, dtype=np.uint32) for shape in (grid, block)]
        self.function(macros)(packed.ctypes.data, *(shape.ctypes.data for shape in shapes), int(backwards))

    def apply(self, terms: tuple[Term, ...], inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray],
              **how: object) -> variants.Launch:  # fmt: skip
        """`terms` of `inputs` into `outputs`, as `ladder.apply` does it on a host."""
        plan = ladder.plan_for(BACKEND, terms, inputs, outputs)
        return self.run(plan, [a.ctypes.data for a in (*inputs, *outputs)], **how)


def compiler() -> str | None:
    """The C++ compiler that builds the kernels, if there is one."""
    return shutil.which(os.environ.get("CXX", "g++"))


def sanitize() -> int:
    """Run the kernel's host tests with every kernel built for Address- and UBSanitizer; 0 if all is well.

    First a kernel that reads beyond its row must be reported: a sanitizer that sees nothing is no proof.
    """
    libraries = [
        subprocess.run(
            [compiler() or "g++", f"-print-file-name={name}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = os.environ | {
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1:abort_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "GRIDGRAD_HOST_KERNEL_FLAGS": " ".join(SANITIZE),
    }
    planted = [sys.executable, __file__, "--planted-overrun"]
    found = subprocess.run(planted, env=environment, cwd=ROOT, capture_output=True, text=True)
    if "heap-buffer-overflow" not in found.stderr:
        print(f"the planted overrun was not reported:\n{found.stdout}{found.stderr}", file=sys.stderr)
        return 1
    host, operators, shapes = (
        f"tests/backends/cuda/test_{name}.py" for name in ("host", "operators", "launch_shape")
    )
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-n",
        "2",
        "-s",  # what a sanitizer says is kept otherwise, and lost with the worker that it stops
        "--max-worker-restart",
        "0",
        "-p",
        "no:cacheprovider",
        host,
        operators,
        *[f"{shapes}::test_{name}_give_the_same_bits" for name in ("slabs", "several_layers_a_thread")],
    ]
    return subprocess.run(tests, env=environment, cwd=ROOT).returncode


def planted_overrun() -> int:
    """A kernel whose last element reads its missing neighbour."""
    right = "has_above ? e + inner : e]"
    if variants.source().count(right) != 1:
        return 0
    text = variants.source().replace(right, "e + inner + 0 * has_above]")
    f, out = np.zeros(66), np.zeros(66)
    with tempfile.TemporaryDirectory() as folder:
        kernels = HostKernels(Path(folder), flags_from_environment(), text)
        kernels.apply((Term(0, 0, 0, derivative_stencil(narrow(1.0), 66, Rule())),), [f], [out])
    return 0


def flags_from_environment() -> tuple[str, ...]:
    """What the sanitizer and coverage jobs ask for."""
    return tuple(os.environ.get("GRIDGRAD_HOST_KERNEL_FLAGS", "-O1").split())


def layout_of_the_struct(folder: Path) -> dict[str, int]:
    """`sizeof` and offsets of the descriptor as the C++ compiler sees them."""
    names = DESCRIPTOR.names or ()
    offsets = "".join(f'  std::printf("{n} %zu\\n", offsetof(gridgrad::Descriptor, {n}));\n' for n in names)
    text = (
        "#include <cstddef>\n#include <cstdio>\n"
        f'#include "descriptor.h"\nint main() {{\n{offsets}'
        '  std::printf("size %zu\\n", sizeof(gridgrad::Descriptor));\n}\n'
    )
    (folder / "layout.cpp").write_text(text, encoding="utf-8")
    program = folder / "layout"
    subprocess.run([compiler() or "g++", "-I", str(ROOT / "kernels"), str(folder / "layout.cpp"), "-o", str(program)],
                   check=True)  # fmt: skip
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split("\n")
    return {name: int(value) for name, value in (line.split() for line in lines if line)}


if __name__ == "__main__":
    actions = {"--sanitize": sanitize, "--planted-overrun": planted_overrun}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit("usage: python tests/fakes/host_kernels.py --sanitize")
    if compiler() is None:
        sys.exit("no C++ compiler: set CXX or install g++")
    sys.exit(actions[sys.argv[1]]())
