"""What an engine of another library provides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Arrays = tuple[Any, ...]


class Backend(Protocol):
    """What an engine provides: its `jvp`, and how arrays are made and finished in its library."""

    name: str

    def clean(self, c: Any, k: int) -> Any:
        """A coordinate as an array of the library."""

    def jvp(self, f: Callable[..., Any], primals: Arrays, tangents: Arrays) -> tuple[Arrays, Arrays]:
        """Value and forward product of a function with a tuple of outputs."""

    def careful(self, f: Callable[..., Arrays], coords: Arrays) -> Callable[..., Arrays]:
        """The function with rules that hold where the library's own overflow."""

    def array(self, a: Any, like: Arrays) -> Any:
        """Any number as a floating array of the library, on the coordinates' device."""

    def widened(self, a: Any, shape: tuple[int, ...]) -> Any:
        """An array broadcast to a shape, in memory of its own."""

    def explains(self, text: str) -> bool:
        """Whether an error says only that something cannot be traced."""

    def filled(self, v: Any, c: Any) -> Any:
        """`v` in the type and shape of c, for a tangent."""

    def finish(self, a: Any, shape: tuple[int, ...], coords: Arrays) -> Any:
        """A result at full shape, in memory of its own."""

    def numpy(self, a: Any) -> Any:
        """A NumPy copy; raises TypeError for an array that is being traced."""

    def unrecorded(self) -> Any:
        """A context without the library's own record of what is computed."""

    def carries(self, f: Callable[..., Any], c: Any) -> bool:
        """Whether the library carries a derivative from c to what a function returns."""

    def watched_jvp(self, f: Callable[..., Any], c: Any, tangent: Any) -> tuple[Arrays, str]:
        """Forward product, and the name of a function of c that the library takes for a constant, or ""."""
