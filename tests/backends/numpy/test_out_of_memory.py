"""No memory for the rows of a sum: MemoryError from every entry and thread, and the process goes on."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from processes import linux, python

from gridgrad._backends.numpy import core

COMPILER = shutil.which("g++") or shutil.which("c++")
pytestmark = [linux, pytest.mark.skipif(core.core is None, reason="no compiled core")]

SHIM = """
#include <atomic>
#include <cstdlib>
#include <new>
static std::atomic<long> left{-1}, failed{0};
extern "C" void shim_arm(long count) { left = count; }
extern "C" long shim_failed() { return failed; }
static void count() {
  if (left > 0) --left;
  else if (left == 0) { ++failed; throw std::bad_alloc(); }
}
static void* take(std::size_t size) {
  count();
  void* const found = std::malloc(size);
  if (!found) throw std::bad_alloc();
  return found;
}
void* operator new(std::size_t size) { return take(size); }
void* operator new(std::size_t size, std::align_val_t align) {
  count();
  return std::aligned_alloc(static_cast<std::size_t>(align), (size + 63) / 64 * 64);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
"""

EVERY_ALLOCATION = """
import ctypes
import numpy as np, gridgrad as gg
shim = ctypes.CDLL(SHIM_PATH)
shim.shim_arm.argtypes = [ctypes.c_long]
shim.shim_failed.restype = ctypes.c_long
x = np.cumsum(np.random.default_rng(0).uniform(0.5, 1.5, 64))
f = np.random.default_rng(1).standard_normal((64, 70))
grid, k = gg.Grid(x, (70, 0.1)), np.exp(f)
calls = {
    "laplacian": (grid.laplacian, f),
    "float32": (grid.laplacian, f.astype("f4")),
    "hessian": (grid.hessian, f),
    "diffuse": (grid.diffuse(k), f),
    "divergence": (grid.divergence, [f, f]),
    "adjoint": (grid.gradient.adjoint_operator(), [f, f]),
    "integers": (grid.laplacian, (100 * f).astype("i4")),
    "complex": (grid.advect([1j * k, k]), f + 0j),
    "sum": (grid.identity - grid.laplacian, f),
}
def values(result):
    return np.concatenate([np.ravel(part) for part in result]) if isinstance(result, tuple) else np.ravel(result)
for name, (operator, field) in calls.items():
    for workers in (None, 1, 3):  # None: the short way of a known call
        expected = values(operator(field, workers=workers))
        errors = 0
        for count in range(40):
            before = shim.shim_failed()
            shim.shim_arm(count)
            try:
                got = operator(field, workers=workers)
            except MemoryError as error:
                assert "no memory for the rows" in str(error), error
                errors += 1
            else:
                assert np.array_equal(values(got), expected), (name, workers, count)
            finally:
                shim.shim_arm(-1)
            if shim.shim_failed() == before:
                break
        assert errors, (name, workers)
        assert np.array_equal(values(operator(field, workers=workers)), expected)
print("ok")
"""

LIMITED = """
import ctypes, resource
import numpy as np, gridgrad as gg
f = np.random.default_rng(1).standard_normal((400, 300)).astype("f4")
grid = gg.Grid(np.cumsum(np.random.default_rng(0).uniform(0.5, 1.5, 400)), (300, 0.1))
operator, out = grid.hessian, [[np.empty_like(f) for _ in range(2)] for _ in range(2)]
operator(f, out=out)
expected = np.array(out)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used, -1))
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
for size in (1 << 20, 1 << 16, 1 << 14, 9000, 8300):
    while libc.malloc(size):
        pass
said = "done"
try:
    operator(f, out=out, workers=WORKERS)
except MemoryError:
    said = "MemoryError"
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
operator(f, out=out)
assert np.array_equal(np.array(out), expected)
print(said)
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """An operator new that fails after as many calls as it is told, ahead of the one of the C++ library."""
    if COMPILER is None:
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.cpp").write_text(SHIM)
    library = folder / "shim.so"
    subprocess.run([COMPILER, "-std=c++17", "-shared", "-fPIC", "-O1", str(folder / "shim.cpp"), "-o", str(library)],
                   check=True)  # fmt: skip
    return library


def test_each_allocation_that_fails(shim, tmp_path):
    """On the caller's thread, in workers, and where a thread could not be started."""
    code = EVERY_ALLOCATION.replace("SHIM_PATH", repr(str(shim)))
    said = python(code, folder=tmp_path, env={**os.environ, "LD_PRELOAD": str(shim)}, timeout=300)
    assert said == "ok\n"


@pytest.mark.parametrize("workers", [1, 16])
def test_a_process_at_its_limit(workers):
    assert python(LIMITED.replace("WORKERS", str(workers))) in ("MemoryError\n", "done\n")


def test_the_message():
    with pytest.raises(MemoryError, match="there is no memory for the rows of a sum"):
        core.check(core.NO_MEMORY)
