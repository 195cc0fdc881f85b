"""Gradients of gridded data, on the array you already have."""

from ._config import show_config as show_config
from ._gradient import gradient as gradient

__version__ = "0.1.0"
__all__ = ["gradient", "show_config"]
