"""Gradients of gridded data, on the array you already have."""

from typing import Any as _Any

from ._config import show_config as show_config
from ._gradient import gradient as gradient

__version__ = "0.1.0"
__all__ = ["gradient", "show_config"]


def __getattr__(name: str) -> _Any:
    """``gridgrad.cuda`` and ``gridgrad.torch``, imported when first used: they bring heavy libraries."""
    if name in ("cuda", "torch"):
        from importlib import import_module

        try:
            return import_module(f"gridgrad.{name}")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"gridgrad.{name} needs {error.name}, which is not installed") from None
    raise AttributeError(f"module 'gridgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", "cuda", "torch"])
