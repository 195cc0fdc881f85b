"""New outputs of calls that follow each other."""

import platform

import pytest
from processes import python

from gridgrad._backends.numpy import core


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="counts faults with the GNU C library")
@pytest.mark.skipif(core.core is None, reason="slices have temporaries")
def test_new_outputs_lie_where_the_last_ones_were():
    said = python("""
import resource
import numpy as np, gridgrad as gg
f = np.ones((1024, 1024))
for _ in range(3):
    gg.gradient(f)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    gg.gradient(f)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
""")
    assert int(said) < 1000  # given back to the system after each call they have 10 000 and more
