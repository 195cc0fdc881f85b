"""What an engine of another library provides."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from ..._base.types import Array, Shape, Value
from .._jets.mesh import Arrays
from .._jets.run import Parts, Task

Function = Callable[..., Arrays]  # of arrays, with a tuple of outputs
Results = TypeVar("Results", Arrays, tuple[Arrays, ...])


class Backend(Protocol):
    """What an engine provides: its `jvp`, and how arrays are made and finished in its library."""

    name: str
    opaque: tuple[str, ...]  # words of errors that say only that something cannot be traced

    def clean(self, c: object, k: int) -> Array:
        """A coordinate as an array of the library."""

    def jvp(self, f: Callable[..., Results], primals: Arrays, tangents: Arrays) -> tuple[Results, Results]:
        """Value and forward product of a function with a tuple of outputs, or tuples of them."""

    def careful(self, f: Function, coords: Arrays) -> Function:
        """The function with rules that hold where the library's own overflow."""

    def array(self, a: Value, like: Arrays) -> Array:
        """Any number as a floating array of the library, on the coordinates' device."""

    def widened(self, a: Array, shape: Shape) -> Array:
        """An array broadcast to a shape, in memory of its own."""

    def filled(self, v: Value | complex, c: Array) -> Array:
        """`v` in the type and shape of c, for a tangent."""

    def numpy(self, a: Array) -> Array:
        """A NumPy copy; raises TypeError for an array that is being traced."""

    def unrecorded(self) -> AbstractContextManager[object]:
        """A context without the library's own record of what is computed."""

    def jacfwd(self, f: Callable[..., Array], k: int) -> Callable[..., Array]:
        """The library's own Jacobian in argument k, by forward products."""

    def carries(self, f: Callable[[Array], Array], c: Array) -> bool:
        """Whether the library carries a derivative from c to what a function returns."""

    def watched_jvp(self, f: Callable[[Array], Arrays], c: Array, tangent: Array) -> tuple[Arrays, str]:
        """Forward product, and the name of a function of c that the library takes for a constant, or ""."""

    def series(self, task: Task, f: Function) -> Parts | None:
        """The wanted derivatives of each output by truncated Taylor series; None where there are no rules for that."""
