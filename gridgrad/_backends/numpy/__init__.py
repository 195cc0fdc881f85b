"""NumPy arrays and the compiled core."""

from .arrays import NumPy
from .masked import Masked
from .times import Times

BACKEND = NumPy()
BACKEND.carriers += [Masked(BACKEND), Times(BACKEND)]
