"""NumPy arrays and the compiled core."""

from .arrays import NumPy
from .carriers.masked import Masked
from .carriers.times import Times

BACKEND = NumPy()
BACKEND.carriers += [Masked(BACKEND), Times(BACKEND)]
