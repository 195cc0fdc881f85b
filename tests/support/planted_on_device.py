"""A launch on a device that reads one element beyond its input: a sanitizer that does not see it proves nothing."""

from __future__ import annotations

import cupy

from gridgrad._backends.cuda import device
from gridgrad._plan.plan import Layout, make_plan
from gridgrad._stencils.derivatives import Rule, derivative_stencil
from gridgrad._stencils.wide import narrow
from gridgrad._terms.term import Term

LENGTH = 66


def main() -> None:
    """Launch it, on memory of its own."""
    cupy.cuda.set_allocator(None)
    f, out = cupy.zeros(LENGTH - 1), cupy.zeros(LENGTH)
    layout = Layout((LENGTH,), (1,))
    terms = (Term(0, 0, 0, derivative_stencil(narrow(1.0), LENGTH, Rule())),)
    plan = make_plan(terms, "float64", (layout,), (layout,), 1, False)
    device.launch(plan, [f.data.ptr, out.data.ptr], 0, 0)
    cupy.cuda.runtime.deviceSynchronize()


if __name__ == "__main__":
    main()
