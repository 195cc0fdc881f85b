"""Terms that join what their outputs hold already."""

from __future__ import annotations

import numpy as np

from .._stencils.stencil import Stencil
from .term import Term

UNIT = Stencil(1, ((0, 0),), (np.ones(())[()],), (), (), values=True, order=0)


def joining(terms: tuple[Term, ...], inputs: int, outputs: int) -> tuple[Term, ...]:
    """The terms behind the outputs themselves, which are read as further inputs, behind the first `inputs`."""
    return (*(Term(k, inputs + k, None, UNIT) for k in range(outputs)), *terms)
