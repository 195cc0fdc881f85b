"""The ends of an axis: what lies beyond them, and the words for it."""

from .end import End, Equation, Known, Seen
from .named import ANTIREFLECT, ANTISYMMETRIC, NAMED, ONE_SIDED, PERIODIC, REFLECT, SYMMETRIC, OneSided
from .prescribed import Plate, Prescribed, opened, undetermined

__all__ = ["ANTIREFLECT", "ANTISYMMETRIC", "NAMED", "ONE_SIDED", "PERIODIC", "REFLECT", "SYMMETRIC", "End", "Equation", "Known",
           "OneSided", "Plate", "Prescribed", "Seen", "closed", "flipped", "opened", "undetermined"]  # fmt: skip


def closed(end: End) -> End:
    """The end that no flux passes."""
    return end.closed()


def flipped(end: End) -> End:
    """The end of the derivative of a field with this one."""
    return end.flipped()
