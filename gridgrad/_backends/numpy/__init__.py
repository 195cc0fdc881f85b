"""NumPy arrays and the compiled core."""

from .arrays import NumPy
from .carriers import Masked, Times

BACKEND = NumPy()
BACKEND.carriers += [Masked(BACKEND), Times(BACKEND)]
