"""From terms to memory by the best way there is: one sweep, several, copies, slices; one ladder for every library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .._plan.descriptor import TooManyDims, arithmetic_type, has_kernel
from .._terms.real import real_terms
from .._terms.term import Term, own_terms

Part = tuple[tuple[Term, ...], list[Any], list[Any], bool]  # terms, inputs, outputs, whether they add

# Calls that took another way than one sweep; single additions, so that a race loses a count and no more.
counts = {"launch": 0, "split": 0, "copy": 0, "slices": 0}


class Ladder:
    """What a library's memory must offer; `apply` does the rest."""

    def has_kernels(self, f: Any) -> bool:
        """Whether kernels are there, and know the dtype."""
        raise NotImplementedError

    def storage_of(self, f: Any) -> str:
        """The kernels' name of a dtype, of complex data that of its parts."""
        raise NotImplementedError

    def is_complex(self, a: Any) -> bool:
        """Whether the elements have an imaginary part."""
        raise NotImplementedError

    def is_aligned(self, a: Any) -> bool:
        """Whether kernels can read it where it is."""
        raise NotImplementedError

    def parts(self, a: Any) -> list[Any]:
        """Views of the real and the imaginary parts."""
        raise NotImplementedError

    def empty(self, like: Any, real: str | None = None) -> Any:
        """A compact array, in the precision of `real` if that is given."""
        raise NotImplementedError

    def copy(self, a: Any, real: str | None = None) -> Any:
        """A compact copy, in the precision of `real` if that is given."""
        raise NotImplementedError

    def write(self, target: Any, result: Any) -> None:
        """Round `result` into `target`, float64 to a half by way of float32, as kernels do."""
        raise NotImplementedError

    def launch(
        self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: Sequence[Any], adds: bool
    ) -> None:
        """One sweep; with `adds` the terms join what the outputs hold. Raises TooManyDims."""
        raise NotImplementedError

    def sliced(self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int) -> list[Any]:
        """The results as new arrays, through slices."""
        raise NotImplementedError

    def apply(self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Write `terms` of `inputs` into `outputs`, which share no memory."""
        if not self._has_kernels_for(terms, inputs):
            counts["slices"] += 1
            for target, result in zip(outputs, self.sliced(terms, inputs, len(outputs)), strict=True):
                self.write(target, result)
            return
        kinds = [self.is_complex(f) for f in inputs]
        if not has_kernel(terms, kinds):
            terms = real_terms(terms, tuple(kinds))
            inputs = [
                part
                for f, kind in zip(inputs, kinds, strict=True)
                for part in (self.parts(f) if kind else [f])
            ]
            outputs = [part for target in outputs for part in self.parts(target)]
        if all(map(self.is_aligned, (*inputs, *outputs))):
            self._sweep(terms, inputs, outputs)
            return
        counts["copy"] += 1
        results: list[Any] = [o if self.is_aligned(o) else self.empty(o) for o in outputs]
        self._sweep(terms, [f if self.is_aligned(f) else self.copy(f) for f in inputs], results)
        self._write_others(outputs, results)

    def _has_kernels_for(self, terms: tuple[Term, ...], inputs: Sequence[Any]) -> bool:
        """Of inputs of one storage: integers beside another dtype are differenced as they are, in slices."""
        if not self.has_kernels(inputs[0]) or not has_kernel(terms, [False] * len(inputs)):
            return False
        return len(inputs) == 1 or len({self.storage_of(f) for f in inputs}) == 1

    def _write_others(self, outputs: Sequence[Any], results: list[Any]) -> None:
        for target, result in zip(outputs, results, strict=True):
            if result is not target:
                self.write(target, result)

    def _sweep(self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        try:
            self.launch(terms, inputs, outputs, False)
        except TooManyDims as error:
            counts["split"] += 1
            storage = self.storage_of(inputs[0])
            wide = storage != "float64" and arithmetic_type(storage, terms) == "float64"
            if wide and storage == self.storage_of(outputs[0]):
                self._widened("float64", terms, inputs, outputs)  # every part in the type of the whole
            else:
                self._split(error, terms, list(inputs), list(outputs), False)

    def _widened(
        self, real: str, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> None:
        """Through copies in the arithmetic type, so that no part of a sum is rounded to less."""
        counts["copy"] += 1
        results = [self.empty(o, real) for o in outputs]
        self._part(terms, [self.copy(f, real) for f in inputs], results, False)
        self._write_others(outputs, results)

    def _part(self, terms: tuple[Term, ...], inputs: list[Any], outputs: list[Any], adds: bool) -> None:
        try:
            self.launch(terms, inputs, outputs, adds)
        except TooManyDims as error:
            self._split(error, terms, inputs, outputs, adds)

    def _split(
        self, error: TooManyDims, terms: tuple[Term, ...], inputs: list[Any], outputs: list[Any], adds: bool
    ) -> None:
        """In parts: along a batch axis where there are too many dims, else by outputs, then by terms."""
        free = _batch_axes(terms, outputs[0].shape) if error.dims else []
        if free:
            parts = _along(min(free, key=lambda axis: outputs[0].shape[axis]), terms, inputs, outputs, adds)
        elif len(outputs) > 1:
            parts = _by_outputs(terms, inputs, outputs, adds)
        elif len(terms) > 1:
            storage = self.storage_of(outputs[0])
            real = arithmetic_type(storage, terms)
            if storage != real:
                self._widened(real, terms, inputs, outputs)
                return
            parts = _by_terms(terms, inputs, outputs, adds)
        else:
            raise error
        for part in parts:
            self._part(*part)


def _batch_axes(terms: tuple[Term, ...], shape: Sequence[int]) -> list[int]:
    """The axes that no term differentiates along."""
    used = {axis for term in terms for axis, _ in term.stencils()}
    return [axis for axis, length in enumerate(shape) if length > 1 and axis not in used]


def _along(
    axis: int, terms: tuple[Term, ...], inputs: list[Any], outputs: list[Any], adds: bool
) -> Iterator[Part]:
    """One index of a batch axis after the other."""

    def lower(own: int) -> int:
        return own - (own > axis)

    fewer = tuple(
        term._replace(axis=lower(term.axis), then=None if term.then is None else (lower(term.then[0]), term.then[1]))
        for term in terms
    )  # fmt: skip
    for k in range(outputs[0].shape[axis]):
        at = (slice(None),) * axis + (k,)
        yield fewer, [f[at] for f in inputs], [o[at] for o in outputs], adds


def _by_outputs(terms: tuple[Term, ...], inputs: list[Any], outputs: list[Any], adds: bool) -> Iterator[Part]:
    """Half of the outputs each, with what their terms read."""
    middle = len(outputs) // 2
    for chosen in (range(middle), range(middle, len(outputs))):
        own = tuple(
            term._replace(output=k) for k, output in enumerate(chosen) for term in own_terms(terms, output)
        )
        yield *_reading(own, inputs), [outputs[k] for k in chosen], adds


def _by_terms(terms: tuple[Term, ...], inputs: list[Any], outputs: list[Any], adds: bool) -> Iterator[Part]:
    """Half of the terms each, in their order; the second half adds to what the first has left."""
    middle = len(terms) // 2
    yield *_reading(terms[:middle], inputs), outputs, adds
    yield *_reading(terms[middle:], inputs), outputs, True


def _reading(terms: tuple[Term, ...], inputs: list[Any]) -> tuple[tuple[Term, ...], list[Any]]:
    """The terms on those inputs only that they read."""
    used = sorted({k for term in terms for k in (term.input, term.coefficient) if k is not None})
    place = {k: new for new, k in enumerate(used)}
    renumbered = tuple(
        term._replace(
            input=place[term.input],
            coefficient=None if term.coefficient is None else place[term.coefficient],
        )
        for term in terms
    )
    return renumbered, [inputs[k] for k in used]
