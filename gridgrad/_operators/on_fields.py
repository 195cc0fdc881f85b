"""`A(f)`: how operators are applied, by users, who name all but the field, and by each other, in order."""

from __future__ import annotations

from sys import modules
from typing import TYPE_CHECKING, Never

from .._backends.once import run
from .._base.errors import MISSING, ArgumentTypeError, counted, refused
from .._base.tracing import COMPILER, holds_numpy, is_compiling
from .._base.types import In, Maps, Out, applies
from .._base.words import offered, required, unexpected
from .fields.coefficients import Argument
from .fields.forms import Form


class OnFields(Maps[In, Out]):
    """What takes fields of one form and gives those of another."""

    inputs: Form
    arguments: tuple[Argument, ...]  # what it was made with, without the fields

    @applies
    @offered
    def __call__(
        self, f: object = MISSING, *others: object, out: object = None, workers: int | None = None, add: bool = False, **fields: object
    ) -> object:  # fmt: skip
        """Apply the operator to a field.

        Parameters
        ----------
        f : array of shape ``(..., *grid.shape)``, or a vector field
            Other axes are batches. A vector field is a sequence of components, or one array with these along axis 0.
        out : array, nested sequence of arrays or one stacked array, optional
            Where the result goes, and what is then returned. May overlap `f`.
        workers : int, optional
            Threads on a CPU.
        add : bool
            Add to what `out` holds, ``out += A(f)``, in one pass and term by term: last digits may differ from those.
        **fields
            Others than those that the operator was made with, for this call: ``v=`` of `Grid.advect`, ``k=`` of
            `Grid.diffuse`, and by its ``name=`` what walls or `Grid.multiply` have. Where numbers were, numbers.

        Returns
        -------
        array, or tuple of arrays
            In the library, dtype and memory order of `f`; stacked where `f` was. Units of fields or of the grid make
            quantities. What is masked is so in all results made of it, of `gradient` in those that read it.

        Raises
        ------
        TypeError
            More than the field by position: what else there is has a name.
        """
        if others:
            meant = _meant(self.inputs, f, others[0])
            raise behind("an operator takes its field", (f, *others), f"A(f, out=o); {meant}")
        if COMPILER in modules and is_compiling() and holds_numpy(f, *fields.values()):
            return run("numpy", self.applied_to, f, out, workers, add, fields)
        return self.applied_to(f, out, workers, add, fields)

    if not TYPE_CHECKING:  # or a checker would take it for a sequence
        __getitem__ = __len__ = refused(  # also where it is unpacked, or gone through
            "an operator is no sequence; results have parts, A(f)[0], the derivative along one axis is grid.derivative(0), "
            "and a row of its matrix A.to_sparse()[[0]]"
        )
        __abs__ = refused(
            "an operator has no absolute value; that of a result is abs(A(f)), and of its matrix abs(A.to_sparse())"
        )
        __float__ = __int__ = __complex__ = __round__ = refused(
            "an operator is no number; results have numbers, A(f), and so has its matrix, A.to_sparse()"
        )
        __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = refused(
            "an operator is divided by numbers as they are, A / 2; what is whole, and what remains, is of results, A(f) // 2"
        )
        __lt__ = __le__ = __gt__ = __ge__ = refused(
            "operators are not compared; results are, A(f) < B(f), and matrices, A.to_sparse()"
        )

        def __bool__(self) -> bool:  # else there would have to be a length
            return True

    def applied_to(
        self, f: object, out: object = None, workers: int | None = None, add: bool = False, fields: dict[str, object] | None = None
    ) -> object:  # fmt: skip
        """The call, with all that it may have in this order."""
        raise NotImplementedError


def _meant(form: Form, f: object, other: object) -> str:
    """What another array behind the field may be."""
    if form and not isinstance(f, (list, tuple)) and getattr(f, "shape", f) == getattr(other, "shape", form):
        return "the components of a vector field are one argument, A((u, v))"
    return "a spacing is not given with the field, the grid has it from where it was made: Grid(x).laplacian(f), or laplacian(f, x)"


def refuse(
    name: str, given: tuple[object, ...], call: str, words: dict[str, object], **needed: object
) -> Never:
    """Refuse a call that lacks what it needs, or has more than that without a name; of the public method of this `name`, as in `call`."""
    if len(given) > 1:
        raise behind(f"{call.partition('(')[0]} takes {', '.join(needed)}", given, call)
    if words:
        raise unexpected(name, words)
    required(name, **needed)
    raise AssertionError


def behind(taken: str, given: tuple[object, ...], call: str) -> ArgumentTypeError:
    """The error on what came behind the one argument that has no name: a result would go there, and nobody said so."""
    return ArgumentTypeError(
        f"{taken} alone by position, and {counted(len(given), 'argument')} came; all else has a name, {call}"
    )
