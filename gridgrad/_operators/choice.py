"""An operator with options: `grid.laplacian(u)`, and `grid.laplacian(form="wide")` for another of its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._base.checks import UNSET
from .._base.words import unexpected
from .._grid.points import Points
from .operator import Operator


class Choice(Operator):
    """The operator of the default options; called without a field, the operator of those given."""

    def __init__(
        self, grid: Points, build: Callable[..., Operator], clean: Callable[..., tuple[Any, ...]]
    ) -> None:
        super().__init__(build(grid, *clean()).pattern)
        self._build, self._clean = build, clean

    def __reduce__(self) -> Any:
        return getattr, (self.grid, self._build.__name__)

    def __call__(self, f: Any = UNSET, out: Any = None, workers: int | None = None, **options: Any) -> Any:
        """Apply the operator to `f`; without `f`, the operator of these options."""
        if not options and f is not UNSET:
            return super().__call__(f, out, workers)
        allowed = [word for word in self._clean.__annotations__ if word != "return"]
        unknown = [word for word in options if word not in allowed]
        if unknown:
            raise unexpected(f"Grid.{self._build.__name__}", unknown, ["f", "out", "workers", *allowed])
        chosen = self.grid.kept(self._build, *self._clean(**options))
        return chosen if f is UNSET else chosen(f, out, workers)
