"""New outputs of calls that follow each other."""

import platform
import tracemalloc

import numpy as np
import pytest
from processes import python

import gridgrad as gg
from gridgrad._backends.numpy import core

FAULTS = """
import resource
import numpy as np, gridgrad as gg
f, grid = np.ones((1024, 1024)), gg.Grid((300, 1.0), (300, 1.0))
u = f[:300, :300].copy()
def gradient():
    gg.gradient(f)
def rate():
    u_x, u_y = grid.gradient(u)
    return grid.divergence((u * u_x, u * u_y)) - grid.laplacian(u + grid.laplacian(u)) - (u_x**2 + u_y**2) / 2
for _ in range(3):
    CALL()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    CALL()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.alone  # not measured by coverage, whose own objects lie in the heap
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="counts faults with the GNU C library")
@pytest.mark.skipif(core.core is None, reason="slices have temporaries")
@pytest.mark.parametrize("call", ["gradient", "rate"])
def test_new_outputs_lie_where_the_last_ones_were(call):
    """Of one call, and of several in the right-hand side of an equation with the arrays that NumPy makes between them."""
    faults = (
        int(python(FAULTS.replace("CALL", call))) for _ in range(3)
    )  # the heap of a process may lie so that none of it helps
    # given back to the system after each call they have 10 000 and more
    assert any(count < 1000 for count in faults)


@pytest.mark.skipif(core.core is None, reason="slices have temporaries")
def test_a_call_into_given_arrays_takes_no_memory():
    grid = gg.Grid((37, 1.0), (128, 1.0), (131, 1.0))  # a kind of array that no call had before
    f = np.ones(grid.shape)
    out = [np.zeros_like(f) for _ in range(3)]
    grid.gradient(np.ones(grid.shape, "float32"))  # what the grid keeps
    tracemalloc.start()
    grid.gradient(f, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
