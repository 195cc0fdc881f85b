"""Tells the core that an array is longer than it is: AddressSanitizer must stop this."""

import numpy as np

from gridgrad import _core
from gridgrad._axes import axis_stencil
from gridgrad._derivatives import Rule
from gridgrad._execute_host import run
from gridgrad._plan import Layout, Term, make_plan

stencil = axis_stencil(1.0, 1000, 0, Rule(), None, np.float64)
layout = Layout((1000,), (1,))
plan = make_plan((Term(0, 0, 0, stencil),), "float64", (layout,), (layout,))
f, out = np.zeros(990), np.zeros(1000)
assert _core.core is not None
run(plan, [f.ctypes.data, out.ctypes.data])
