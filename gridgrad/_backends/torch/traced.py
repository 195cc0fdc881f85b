"""What a compiler traces in the place of the back end: a grid's operator as one node of its graph."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Protocol

import torch
from torch import Tensor

from ..._base.errors import ArgumentTypeError
from ..._terms.adjoint import adjoint_terms, conjugate_terms
from ..._terms.term import Term, joins_of, shifted
from .. import slices
from .arrays import Torch
from .compiled import CONSTANTS, check_out, name_of
from .define import LIBRARY, Defined, define, is_transformed, is_varied
from .graph import joined
from .node import Map, Tensors
from .operations import OPERATIONS
from .tensors import batched_first


class Kept(Protocol):
    """An operator without its coefficients, which the compiler takes for a constant."""

    grid: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def terms_on(self, axes: tuple[int, ...]) -> tuple[Term, ...]:
        """The terms on these axes of an array, its coefficients behind its fields."""


class ByName(Defined):
    """A kept pattern or its transpose, whose constants are its coefficients."""

    operator, schema = "apply", "str name, int[] axes, bool transposed"

    def __init__(self, name: str, axes: Sequence[int], is_transposed: bool) -> None:
        super().__init__(name, axes, is_transposed)
        self.name, self.axes, self.is_transposed = name, axes, is_transposed

    @property
    def outputs(self) -> int:
        """How many results it has."""
        kept: Kept = CONSTANTS.of(self.name)
        return prod(kept.inputs if self.is_transposed else kept.outputs)

    def reads(self, fields: Tensors, constants: Tensors) -> list[Tensor]:
        """All of them."""
        return [*fields, *constants]

    def terms(self, fields: Tensors, constants: Tensors) -> tuple[Term, ...]:
        """The terms on the axes."""
        kept: Kept = CONSTANTS.of(self.name)
        terms = kept.terms_on(tuple(self.axes))
        if not self.is_transposed:
            return terms
        linear = tuple(term for term in terms if term.input < prod(kept.inputs))
        return shifted(adjoint_terms(conjugate_terms(linear)), len(fields) - prod(kept.inputs))

    def transposed(self, inputs: int) -> ByName:
        """The same name, transposed."""
        return ByName(self.name, self.axes, not self.is_transposed)

    def beside_tangents(self, fields: int, constants: Tensors) -> list[Tensor]:
        """With 0 in the place of what is prescribed at walls: of constants, what terms read."""
        kept: Kept = CONSTANTS.of(self.name)
        read = {term.input - fields for term in kept.terms_on(tuple(self.axes))}
        return [torch.zeros_like(c) if k in read else c for k, c in enumerate(constants)]

    def batched(self, size: int, dims: Sequence[int | None], constants: Tensors) -> tuple[Map, list[Tensor]]:
        """The same name, one axis further."""
        moved = [batched_first(size, dim, c) for dim, c in zip(dims, constants, strict=True)]
        return ByName(self.name, [axis + 1 for axis in self.axes], self.is_transposed), moved

    def by_operations(self, fields: Tensors, constants: Tensors, graph: bool) -> list[Tensor] | None:
        """A norm or squares, derivatives by coefficients, and those inside of torch.func's transforms."""
        terms, tensors = self.terms(fields, constants), [*fields, *constants]
        if joins_of(terms):
            return [self._joined(terms, fields)]
        is_slow = is_varied(constants) or slices.is_mixed(tensors) or (graph and is_transformed(tensors))
        return slices.apply(OPERATIONS, terms, tensors, self.outputs) if is_slow else None

    def _joined(self, terms: tuple[Term, ...], fields: Tensors) -> Tensor:
        """What is no sum of its terms, and has no coefficients and no transpose."""

        def size_of(_: Any, own: Tensors) -> Tensors:
            return self(own, [])

        def components_of(components: tuple[Term, ...], own: Tensors) -> Tensors:
            return slices.apply(OPERATIONS, components, own, len(components))

        return joined(terms, fields, size_of, components_of)


define(ByName)


class Whole(Protocol):
    """An operator without its fields, of which more is known than terms."""

    def on_components(self, fields: Tensors, coefficients: Tensors) -> list[Tensor]:
        """With fields, applied as outside of a compiler."""


def _whole(fields: Tensors, coefficients: Tensors, name: str) -> list[Tensor]:
    """As it runs outside of a compiler, and so by operations that have derivatives and batches of their own."""
    kept: Whole = CONSTANTS.of(name)
    return kept.on_components(fields, coefficients)


def _batched(info: Any, dims: Any, fields: Tensors, coefficients: Tensors, name: str) -> Any:
    """One batch axis more, as all are of one shape."""
    moved = [
        [batched_first(info.batch_size, dim, tensor) for dim, tensor in zip(own, tensors, strict=True)]
        for own, tensors in zip(dims[:2], (fields, coefficients), strict=True)
    ]
    results = torch.ops.gridgrad.whole(*moved, name)
    return results, [0] * len(results)


LIBRARY.define(
    "whole(Tensor[] fields, Tensor[] coefficients, str name) -> Tensor[]",
    tags=(torch.Tag.pt2_compliant_tag,),
)
LIBRARY.impl("whole", _whole, "CompositeImplicitAutograd")
torch.library.register_vmap("gridgrad::whole", _batched, lib=LIBRARY)


class Traced(Torch):
    """The back end of tensors while a compiler traces, and where it leaves off in the middle of a call."""

    def within(self, field: Tensor, limit: int) -> bool:
        """False: there are no values to look at."""
        return False

    def traced(
        self, pattern: Kept, axes: Sequence[int], fields: Tensors, coefficients: Tensors, out: object
    ) -> list[Tensor]:
        """A pattern applied to fields of one shape and dtype."""
        check_out(out)
        if pattern.grid.has_units:
            raise ArgumentTypeError(
                "quantities are not carried under torch.compile; call the operator outside, or make the grid of numbers"
            )
        return list(torch.ops.gridgrad.apply(fields, coefficients, name_of(pattern), list(axes), False))

    def traced_whole(self, alone: Whole, fields: Tensors, coefficients: Tensors, out: object) -> list[Tensor]:
        """An operator with its fields apart, applied to fields of one shape and dtype."""
        check_out(out)
        return list(torch.ops.gridgrad.whole(fields, coefficients, name_of(alone)))


BACKEND = Traced("torch", "tensor")
