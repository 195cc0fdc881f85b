"""What NVRTC makes of a variant for an architecture: machine code, registers and spills."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from cuda.bindings import nvrtc

from gridgrad._backends.cuda import variants


class Compiled(NamedTuple):
    """A variant for one architecture, as ptxas reports it."""

    code: bytes
    registers: int
    stack: int
    spills: int  # bytes stored and loaded


def compile_variant(variant: variants.Variant, arch: str = "90") -> Compiled:
    """Compile with the options that CuPy passes."""
    program = _done(nvrtc.nvrtcCreateProgram(variants.program(variant).encode(), b"gridgrad.cu", 0, [], []))
    options = [
        *variants.OPTIONS, "-ftz=true", f"-arch=sm_{arch}", "--device-as-default-execution-space",
        "--ptxas-options=-v",
    ]  # fmt: skip
    status = nvrtc.nvrtcCompileProgram(program, len(options), [option.encode() for option in options])[0]
    log = b" " * _done(nvrtc.nvrtcGetProgramLogSize(program))
    nvrtc.nvrtcGetProgramLog(program, log)
    text = log.decode()
    if int(status):
        raise RuntimeError(f"sm_{arch}, {variant}:\n{text}")
    code = b" " * _done(nvrtc.nvrtcGetCUBINSize(program))
    nvrtc.nvrtcGetCUBIN(program, code)
    nvrtc.nvrtcDestroyProgram(program)
    stack, stores, loads = map(int, _found(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+)", text))
    return Compiled(code, int(_found(r"Used (\d+) registers", text)[0]), stack, stores + loads)


def release() -> str:
    """The compiler's."""
    major, minor = nvrtc.nvrtcVersion()[1:]
    return f"NVRTC {major}.{minor}"


def _done(answer: tuple) -> int:
    status, *value = answer
    if int(status):
        raise RuntimeError(str(status))
    return value[0]


def _found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"NVRTC does not say {pattern!r}:\n{text}")
    return match.groups()


@cache
def disassembler() -> str | None:
    """nvdisasm, of its wheel or of a CUDA toolkit."""
    spec = find_spec("nvidia")
    for folder in spec.submodule_search_locations or () if spec else ():
        for program in sorted(Path(folder).glob("*/bin/nvdisasm")):
            return str(program)
    return shutil.which("nvdisasm")


def disassembled(code: bytes) -> str:
    """The machine code as text."""
    program = disassembler()
    if program is None:
        raise RuntimeError("nvdisasm is missing: pip install nvidia-cuda-nvdisasm")
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(code)
        file.flush()
        return subprocess.run([program, "-c", file.name], capture_output=True, text=True, check=True).stdout
