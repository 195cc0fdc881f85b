"""An array of tasks where Dask plans arrays as expressions (``array.query-planning``): one more of these."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from dask.array._array_expr._expr import ArrayExpr
from dask.base import tokenize

from ..._base.types import Array


class OfTasks(ArrayExpr):  # type: ignore[misc,unused-ignore]
    """Tasks of the expressions behind its parameters, made when their names are known."""

    _parameters = ("tasks", "prefix", "chunks", "meta")

    @cached_property
    def _meta(self) -> Array:
        made: Array = self.operand("meta")
        return made

    @cached_property
    def _name(self) -> str:
        return f"{self.operand('prefix')}-{tokenize([own._name for own in self.dependencies()])}"

    def __dask_tokenize__(self) -> str:
        return self._name

    def _layer(self) -> dict[Any, Any]:
        return dict(self.operand("tasks")(self._name, *[own._name for own in self.dependencies()]))
