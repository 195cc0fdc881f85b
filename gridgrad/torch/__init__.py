"""A drop-in for ``torch.gradient``: its spelling, promotion and errors; our arithmetic."""

from ._gradient import gradient as gradient

__all__ = ["gradient"]
