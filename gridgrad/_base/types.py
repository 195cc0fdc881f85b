"""The types that signatures share."""

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
