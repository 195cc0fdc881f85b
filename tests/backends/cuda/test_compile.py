"""NVRTC compiles every practical variant with CuPy's own options: no warning, no spill, no stack."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import product

import numpy as np
import pytest

from gridgrad._backends import ladder
from gridgrad._backends.cuda import variants as _kernels
from gridgrad._backends.cuda.launch_shape import THREADS
from gridgrad._backends.numpy import BACKEND
from gridgrad._plan.descriptor import ITEM_BYTES
from gridgrad.cuda import _practical_launches

try:
    from cuda.bindings import nvrtc
    from cuda.bindings.nvrtc import nvrtcVersion

    nvrtcVersion()
except (ImportError, RuntimeError) as missing:
    if os.environ.get("GRIDGRAD_REQUIRE_NVRTC"):
        raise
    pytest.skip(f"NVRTC is not installed: {missing}", allow_module_level=True)

from cuda_cases import COMBINED, OPERATORS, gradient_terms, operator, samples

ARCHITECTURES = ("75", "80", "86", "89", "90", "100", "120")
REGISTERS = 65536  # of a multiprocessor


@cache  # several tests ask for the same
def compile_variant(job):
    """(variant, arch) -> (registers, stack bytes, spilled bytes, 16-byte loads, 16-byte stores, log)."""
    variant, arch = job
    program = done(nvrtc.nvrtcCreateProgram(_kernels.program(variant).encode(), b"gridgrad.cu", 0, [], []))
    flags = [  # the order of cupy/cuda/compiler.py; the last -ftz wins
        *_kernels.OPTIONS, "-ftz=true", f"-arch=sm_{arch}", "--device-as-default-execution-space",
        "--ptxas-options=-v",
    ]  # fmt: skip
    status = nvrtc.nvrtcCompileProgram(program, len(flags), [flag.encode() for flag in flags])[0]
    log = text_of(program, nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog)
    failed = int(status) != 0 or "warning" in log
    assert not failed, f"sm_{arch}, {variant}:\n{log}"
    ptx = text_of(program, nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX)
    nvrtc.nvrtcDestroyProgram(program)
    used = re.search(r"Used (\d+) registers", log)
    memory = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", log)
    assert used, log
    assert memory, log
    stack, stores, loads = map(int, memory.groups())
    return int(used[1]), stack, stores + loads, wide(ptx, "ld"), wide(ptx, "st"), log


def wide(ptx, verb):
    """How many 16-byte accesses of global memory there are."""
    widths = {
        ("2", "64"): 16,
        ("4", "32"): 16,
        ("2", "32"): 8,
        ("4", "16"): 8,
        ("4", "8"): 4,
        ("2", "16"): 4,
        ("2", "8"): 2,
    }
    found = re.findall(rf"{verb}\.global\S*\.v([248])\.[bfsu](\d+)", ptx)
    return sum(widths.get(access, 16) == 16 for access in found)


def done(answer):
    status, *value = answer
    assert int(status) == 0, status
    return value[0]


def text_of(program, size, get):
    buffer = b" " * done(size(program))
    get(program, buffer)
    return buffer.decode().rstrip("\0")


def compile_all(jobs):
    """Results in order; NVRTC releases the interpreter's lock."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(compile_variant, jobs))


def gradient_variants():
    """What `gridgrad.cuda.warmup` can be asked for."""
    dtypes = [*ITEM_BYTES, "complex64", "complex128"]
    return {launch.variant for launch in _practical_launches(dtypes, (1, 2, 3))}


def variants_of(name, dtype, spacing="irregular", indices=("int32",)):
    """An operator on long rows: in the widest accesses, and in those of one element."""
    shape = (16, 16, 512)
    terms, fields = operator(name, shape, dtype, spacing)
    outputs = [np.zeros(shape, dtype) for _ in range(1 + max(t.output for t in terms))]
    plan = ladder.plan_for(BACKEND, terms, fields, outputs)
    for width in {1, _kernels.widest_vector(plan)}:
        yield from (_kernels.make_launch(plan, width, index).variant for index in indices)


def documented_variants():
    """What the documentation makes of operators, by coordinates, which takes most; and with 64-bit indices."""
    found = set()
    for name, dtype in product([*OPERATORS, *COMBINED], ("float32", "float64")):
        found |= set(variants_of(name, dtype, indices=("int32", "int64")))
    for name, dtype in (("diffuse", "float16"), ("gradient norm", "float16"), ("hessian", "complex64"),
                        ("advect.T", "int64"), ("laplacian 6", "float32"), ("gradient.T", "float64")):  # fmt: skip
        found |= set(variants_of(name, dtype, "uniform", ("int64",)))
    return found


def some_variants(k):
    """A third of the operators, of alternating dtype and spacing: another third for another k."""
    found = set()
    for n, name in enumerate([*OPERATORS, *COMBINED]):
        if n % 3 == k % 3:
            dtype, spacing = ("float32", "float64")[(n + k) % 2], ("irregular", "uniform")[n % 5 == k % 5]
            found |= set(variants_of(name, dtype, spacing))
    return found


def wide_index_variants():
    """Beyond 2**31 elements, and more rows than a grid has."""
    found = set()
    for dtype in ("float32", "float64", "complex64", "float16"):
        for spacing in ("uniform", "irregular"):
            f = samples((8, 8, 64), dtype)
            terms = gradient_terms(f.shape, None, spacing)
            plan = ladder.plan_for(BACKEND, terms, [f], [np.empty_like(f) for _ in terms])
            for width in {1, _kernels.widest_vector(plan)}:
                variant = _kernels.make_launch(plan, width, "int64").variant
                found |= {variant, variant._replace(strides=1), variant._replace(strides=1, indices="int32")}
    return found


def check_and_report(variants, arch, capsys):
    variants = sorted(variants)
    results = compile_all([(variant, arch) for variant in variants])
    with capsys.disabled():
        registers = sorted(result[0] for result in results)
        print(f"\n  sm_{arch}: {len(results)} variants, registers {registers[0]} to {registers[-1]}, "
              f"median {registers[len(registers) // 2]}", end="")  # fmt: skip
    for variant, (used, stack, spilled, *_) in zip(variants, results, strict=True):
        assert (stack, spilled) == (0, 0), variant
        assert used * THREADS * max(variant.blocks, 1) <= REGISTERS, variant
    return dict(zip(variants, results, strict=True))


@pytest.mark.parametrize("variants", [gradient_variants, documented_variants, wide_index_variants])
def test_every_variant_for_hopper(variants, capsys):
    results = check_and_report(variants(), "90", capsys)
    for variant, (*_, loads, stores, _log) in results.items():
        item = ITEM_BYTES[variant.out]
        if variant.vector * item == 16:
            assert stores >= variant.outputs, variant
        if variant.vector * ITEM_BYTES[variant.stored] == 16:
            assert loads >= variant.inputs, variant
        if variant.vector == 1:
            assert stores == 0, variant


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_common_variants_for_every_architecture(arch, capsys):
    three_d = {launch.variant for launch in _practical_launches(("float32", "float64", "float16"), (3,))}
    check_and_report(three_d | some_variants(ARCHITECTURES.index(arch)), arch, capsys)


def test_the_source_is_one_text():
    assert '#include "' not in _kernels.source()
    assert _kernels.source().count("MAX_DIMS = 8") == 1


def test_a_spill_would_be_seen():
    """The report is read right: sixteen sums of float64 and their rows do not fit 64 registers."""
    variant = max(gradient_variants(), key=lambda v: (v.stored == "float64", v.outputs, v.vector))
    _, stack, spilled, *_ = compile_variant((variant._replace(vector=16, elements=16), "90"))
    assert stack > 0
    assert spilled > 0


def test_a_compiler_error_is_reported():
    variant = next(iter(gradient_variants()))
    with pytest.raises(AssertionError, match="error: "):
        compile_variant((variant._replace(terms=()), "90"))
