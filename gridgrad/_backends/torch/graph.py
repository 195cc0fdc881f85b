"""Terms as nodes of torch's graphs, whose derivatives by fields and coefficients are terms again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ..._base.cache import Cache
from ..._terms.adjoint import adjoint_terms, conjugate_terms
from ..._terms.slopes import Slope, are_harmonic_in, have_slopes_by, moved_by, slopes_by
from ..._terms.term import Join, Term, joins_of, shifted, stencil_bytes
from .. import ladder, slices
from ..protocol import Backend, Run
from .node import Map, Shapes, Tensors, applied, apply, is_transforming
from .operations import OPERATIONS
from .tensors import batched_first, is_plain_in_transforms

IN_GRAPH = "in a graph"  # the last entry of the key of a tensor that is differentiated


class ByTerms(Map):
    """Terms whose constants are their coefficients, by the executor.

    What was bound to tensors that lie alike, its transpose and its parts stay with it.
    """

    def __init__(self, terms: tuple[Term, ...], outputs: int, library: Backend[Tensor]) -> None:
        self.terms, self._outputs, self.library = terms, outputs, library
        self.bound: Cache[Run[Tensor]] = Cache(None, entries=16, nbytes=1 << 20)
        self.derived: Cache[Any] = Cache(None, entries=16, nbytes=1 << 20)

    @property
    def outputs(self) -> int:
        """How many results it has."""
        return self._outputs

    def __call__(self, fields: Tensors, constants: Tensors) -> Tensors:
        """Apply them."""
        tensors = (*fields, *constants)
        return self._at(tuple([self.library.facts(tensor) for tensor in tensors]), tensors)

    def _at(self, key: tuple[Any, ...], tensors: Tensors) -> Tensors:
        """Apply them to tensors of these facts."""
        run = self.bound.get(key)
        results = None if run is None else run(tensors, None, None)
        if results is not None:
            return results
        made = ladder.operate(self.library, self.terms, tensors, self._outputs)
        if run is None and None not in key and len({result.shape for result in made}) == 1:
            plan = ladder.bound(self.library, self.terms, tensors, made)
            if plan is not None:
                self.bound.put(key, self.library.bind(plan, made[0].dtype, tensors[0]), plan.nbytes)
        return made

    def of(self, field: Tensor) -> Tensors:
        """The results of its one field, of any kind."""
        key: Any = self.library.key(field)
        if key is None:
            return ladder.operate(self.library, self.terms, [field], self._outputs)
        return self.node([field]) if key[-1] == IN_GRAPH else self._at((key,), [field])

    def node(self, tensors: Tensors, count: int | None = None) -> Tensors:
        """The results in a graph; all tensors are fields, or the first `count`."""
        return apply(self, len(tensors) if count is None else count, *tensors)

    def plain(self, fields: Tensors, constants: Tensors) -> Tensors | None:
        """Apply them to plain memory."""
        if is_transforming() or forward_ad._current_level >= 0:  # where tensors may be asked for less
            return None
        tensors = (*fields, *constants)
        key = tuple([self.library.facts(tensor) for tensor in tensors])
        return None if None in key else self._at(key, tensors)

    def transposed(self, inputs: int) -> ByTerms:
        """The adjoint terms; of coefficients that come conjugate."""
        found: ByTerms | None = self.derived.get(inputs)
        if found is None:
            terms = shifted(adjoint_terms(conjugate_terms(self.terms)), self._outputs - inputs)
            found = ByTerms(terms, inputs, self.library)
            self.derived.put(inputs, found, stencil_bytes(terms))
        return found

    def slope(
        self, constant: int, fields: Tensors, constants: Tensors, grads: Sequence[Tensor | None]
    ) -> Tensor | None:
        """By sweeps, which are nodes again: no slope is made of slices."""
        factor, before = len(fields) + constant, len(fields) + len(constants)
        given = {k: before + k for k, grad in enumerate(grads) if grad is not None}
        tensors: Any = [*fields, *constants, *grads]
        scale: Tensor | None = None
        if are_harmonic_in(self.terms, factor):
            scale = _scale(constants[constant])
            tensors.append(_reciprocal(constants[constant], scale))
        key = ("slope", factor, *given)
        sweeps: list[_Sweeps] | None = self.derived.get(key)
        if sweeps is None:
            slopes = slopes_by(self.terms, factor, given, before + len(grads))
            sweeps = [_Sweeps(slope, self.library) for slope in slopes]
            self.derived.put(key, sweeps, sum(own.nbytes for own in sweeps))
        total = None
        for own in sweeps:
            (value,) = own(tensors)
            total = value if total is None else total + value
        return total if scale is None or total is None else total * scale * scale

    def moved(
        self, constant: int, fields: Tensors, constants: Tensors, tangent: Tensor
    ) -> list[Tensor | None]:
        """By sweeps with the tangent in the place of the constant, or with its ratio to that."""
        results: list[Tensor | None] = [None] * self._outputs
        factor, place = len(fields) + constant, len(fields) + len(constants)
        tensors: Any = [*fields, *constants, tangent]
        if are_harmonic_in(self.terms, factor):
            scale = _scale(constants[constant])
            share = _reciprocal(constants[constant], scale)
            tensors += [share, tangent * scale * scale * share]
        for slope in moved_by(self.terms, factor, place, place + 1, place + 2):
            last = slope.second or slope.first
            reached = sorted({term.output for term in last})
            last = tuple(term._replace(output=reached.index(term.output)) for term in last)
            own = Slope(slope.first, last) if slope.second else Slope(last)
            for k, value in zip(reached, _Sweeps(own, self.library)(tensors), strict=True):
                held = results[k]
                results[k] = value if held is None else held + value
        return results

    def batched(self, size: int, dims: Sequence[int | None], constants: Tensors) -> tuple[Map, list[Tensor]]:
        """The terms one axis further."""
        terms = tuple(term.with_axes(lambda axis: axis + 1) for term in self.terms)
        moved = [batched_first(size, dim, c) for dim, c in zip(dims, constants, strict=True)]
        return ByTerms(terms, self._outputs, self.library), moved

    def among(self, fields: Sequence[Tensor | None], shapes: Shapes) -> tuple[Map, list[Tensor], list[int]]:
        """Only the terms of given fields."""
        given = [field for field in fields if field is not None]
        places = [k for k, field in enumerate(fields) if field is not None]
        key = (len(fields), *places)
        found = self.derived.get(key)
        if found is None:
            terms = tuple(term for term in self.terms if term.input in places)
            reached = sorted({term.output for term in terms})
            own = self
            if len(given) < len(fields) or len(reached) < self._outputs:
                terms = tuple(
                    t._replace(input=places.index(t.input), output=reached.index(t.output)) for t in terms
                )
                own = ByTerms(shifted(terms, len(given) - len(fields)), len(reached), self.library)
            found = None if own is self else own, reached  # not itself: no circle of references
            self.derived.put(key, found, 0)
        part, places = found
        return part or self, given, places


class _Sweep:
    """Terms and which tensors they read, in the order of a node: what is read, then what only multiplies."""

    def __init__(self, terms: tuple[Term, ...], library: Backend[Tensor]) -> None:
        used = {k for term in terms for k in term.reads()}
        terms, order, self.count = _read_first(terms, used)
        self.own = ByTerms(terms, 1 + max(term.output for term in terms), library)
        self.fields, self.constants = order[: self.count], order[self.count :]
        self.nbytes = stencil_bytes(terms)

    def __call__(self, tensors: Tensors) -> Tensors:
        return applied(self.own, [tensors[k] for k in self.fields], [tensors[k] for k in self.constants])


class _Sweeps:
    """The sweep of a slope, or the two of it."""

    def __init__(self, slope: Slope, library: Backend[Tensor]) -> None:
        self.steps = [_Sweep(terms, library) for terms in slope if terms]
        self.nbytes = sum(own.nbytes for own in self.steps)

    def __call__(self, tensors: Tensors) -> Tensors:
        values: Tensors = []
        for own in self.steps:
            values = own([*values, *tensors])
        return values


def _scale(factor: Tensor) -> Tensor:
    """A power of two where a factor is subnormal, whose reciprocal may not be a number; 1 elsewhere."""
    kind = torch.finfo(factor.dtype)
    return torch.where(factor.abs() < kind.tiny, 1 / kind.eps, 1.0).to(factor.dtype)


def _reciprocal(factor: Tensor, scale: Tensor) -> Tensor:
    """That of a factor times its scale, 0 where it is 0, also in derivatives: a closed face lets nothing past."""
    inverse: Tensor = _Inverse.apply(torch.where(factor == 0, torch.inf, factor * scale))
    return inverse


class _Inverse(torch.autograd.Function):  # type: ignore[misc]
    """The reciprocal, in whose derivative `-r^2` no square stands by itself, as that leaves the range of the type."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.reciprocal()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.save_for_backward(output)
        ctx.save_for_forward(output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (inverse,) = ctx.saved_tensors
        return -(grad * inverse) * inverse

    jvp = backward


def in_graph(
    library: Backend[Tensor], terms: tuple[Term, ...], tensors: Tensors, outputs: int
) -> Callable[[Tensors], Tensors] | None:
    """What makes the results with their derivatives attached; None where torch operations have to do it."""
    whole = terms
    terms, order, count = _read_first(terms, range(len(tensors)))
    varied = [k for k in order[count:] if library.facts(tensors[k]) is None]
    if not terms or (varied and not _has_slopes(library, whole, tensors, varied)):
        return None
    if not all(map(is_plain_in_transforms, tensors)):
        return None
    # it multiplies what is read, and is itself read
    if any(k < count for term in terms for k in term.factors()):
        return None
    if joins_of(terms):
        return partial(_joined, library, terms)
    own = ByTerms(terms, outputs, library)
    return (
        own.node
        if order == list(range(len(tensors))) == order[:count]
        else partial(_in_order, own, order, count)
    )


def _in_order(own: ByTerms, order: Sequence[int], count: int, tensors: Tensors) -> Tensors:
    """The node of a map that has what it reads first."""
    return own.node([tensors[k] for k in order], count)


def _joined(library: Backend[Tensor], terms: tuple[Term, ...], fields: Tensors) -> Tensors:
    """A norm or squares: of all fields, as they are no coefficients."""

    def run(own: tuple[Term, ...], arrays: Tensors) -> Any:
        return ByTerms(own, 1 + own[-1].output, library).node(arrays)

    return [joined(terms, fields, run, run)]


def _has_slopes(
    library: Backend[Tensor], terms: tuple[Term, ...], tensors: Tensors, varied: Sequence[int]
) -> bool:
    """Whether sweeps make the derivatives by these coefficients, in the type that all is computed in."""
    dtypes = {tensor.dtype for tensor in tensors}
    if len(dtypes) > 1 or any(library.key(tensors[k]) is None for k in varied):
        return False
    own = slices.arithmetic_of(OPERATIONS, tensors[0], terms)
    is_plain = dtypes == {own} and not any(s.power for term in terms for _, s in term.stencils())
    return is_plain and have_slopes_by(terms, varied)


def _read_first(terms: tuple[Term, ...], used: Iterable[int]) -> tuple[tuple[Term, ...], list[int], int]:
    """What terms read before what only multiplies: the fields, among them the arrays of sides, and their number."""
    read = sorted({term.input for term in terms})
    order = [*read, *sorted(set(used).difference(read))]
    if order == list(range(len(order))):
        return terms, order, len(read)
    place = {k: new for new, k in enumerate(order)}
    moved = (term._replace(input=place[term.input]).with_factors(place.__getitem__) for term in terms)
    return tuple(moved), order, len(read)


def joined(terms: tuple[Term, ...], fields: Tensors, size_of: Any, components_of: Any) -> Tensor:
    """What is no sum of its terms, from these components; of a norm only its derivatives, its size is from a kernel."""
    narrow = fields[0].dtype in (torch.float16, torch.bfloat16)
    wide = [field.to(torch.float32) for field in fields] if narrow else fields  # the type kernels compute in
    components = tuple(term._replace(output=k, join=Join.TOTAL) for k, term in enumerate(terms))
    values, join = components_of(components, wide), terms[0].join
    if join is Join.NORM:
        (size,) = size_of(terms, [field.detach() for field in wide])
        result: Tensor = slices.with_slope(OPERATIONS, size, values)
    else:
        result = slices.joined(OPERATIONS, join, values)
    return result.to(fields[0].dtype) if narrow else result
