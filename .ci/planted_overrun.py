"""Tells the core that an array is longer than it is: AddressSanitizer must stop this."""

import numpy as np

from gridgrad._backends.numpy import core
from gridgrad._backends.numpy.memory import run
from gridgrad._grid.axis import axis_stencil
from gridgrad._plan.plan import Layout, make_plan
from gridgrad._stencils.derivatives import Rule
from gridgrad._terms.term import Term

stencil = axis_stencil(1.0, 1000, 0, Rule(), None, np.float64)
layout = Layout((1000,), (1,))
plan = make_plan((Term(0, 0, 0, stencil),), "float64", (layout,), (layout,), 1, False)
f, out = np.zeros(990), np.zeros(1000)
assert core.core is not None
run(plan, [f.ctypes.data, out.ctypes.data])
