"""A drop-in for ``torch.gradient``: its spelling, promotion and errors; our arithmetic."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._base.words.names import answered as _answered
from ._gradient import gradient as gradient

__all__ = ["gradient"]

if not _TYPE_CHECKING:
    __getattr__ = _answered(__name__)
