"""What gridgrad asks of a library of arrays: one class each, of the methods of `Backend`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Generic, NamedTuple, NoReturn, Protocol, TypeAlias

import numpy as np

from .._base.checks import numbers_of_times
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from .._plan.plan import Memory, Plan, meet
from .._terms.term import Term
from . import slices
from .operations import INTEGERS, A, Operations, dtype_name, is_time
from .products import Products

DType: TypeAlias = Any  # of the library, whatever it has for one
Run: TypeAlias = Callable[[Sequence[A], Sequence[A] | None, int | None], Sequence[A] | None]
InGraph: TypeAlias = Callable[[Sequence[A]], Sequence[A]]
Facts: TypeAlias = Hashable  # None: there are none
Find: TypeAlias = "Callable[[type], Backend[Array] | None]"  # the back end of a class, if there is one
_KNOWN = ("float16", "bfloat16", "float32", *INTEGERS, "float64", "complex64", "complex128")


class Call(NamedTuple):
    """What is asked for: `outputs` arrays of `terms`, on at most `workers` threads of a CPU.

    Of masked fields, a missing point is missing in all that is made of it, or with `as_read` only in the rows
    that read it, as NumPy has it for its gradient.
    """

    terms: tuple[Term, ...]
    outputs: int
    workers: int | None = None
    as_read: bool = False


class Place(NamedTuple):
    """Where a block is along an axis that is differentiated, with what is beside it."""

    low: int  # its first point on the whole axis, less than 0 beyond the seam of a ring
    rows: slice  # those of its points whose rows are asked for


OfFields: TypeAlias = Callable[[Sequence[Array]], list[Array]]


class Gaps(Protocol):
    """Rows that a sweep over the whole grid gets wrong, as it does not know of a mask: made for each block of its own."""

    @property
    def rings(self) -> tuple[bool | None, ...]:
        """Which axes of fields go on beyond their ends; None of those that are not the grid's."""

    @property
    def halo(self) -> int:
        """How many points beside a block these rows depend on."""

    @property
    def reach(self) -> int:
        """How far beside a block there are rows that its results are made of: none of its own, but those of a transpose."""

    def made(
        self, library: Backend[Array], places: Sequence[Place | None], inside: Array, fields: list[Array], sweep: OfFields
    ) -> list[Array]:  # fmt: skip
        """The results of a block, of its part of the mask and of the fields, with what is beside it: `sweep` makes all but these rows."""


class HostMap(Protocol):
    """A linear map of NumPy arrays to NumPy arrays of the same shape and dtype, or a wider one."""

    @property
    def takes_batches(self) -> bool:
        """Whether it may have one more axis in front."""

    def __call__(self, f: Array, /) -> Array:
        """Apply it."""

    def transposed(self) -> HostMap:
        """Its transpose."""

    def products(self) -> Products | None:
        """The same for a device; None where it has no such form."""


class Backend(Generic[A]):
    """A library of arrays: this one of the array API standard, made anew at each step; others write what they do better.

    `facts`, `bind`: a call that was seen before needs no more. `memory`, `empty`, `copy`, `assign`, `launch`: the ladder
    goes over them from terms to kernels, for arrays that are plain memory. `carried`: all others.
    """

    find: Find  # set by the look-up itself: for arrays that are made of arrays of other libraries
    is_lazy = False  # whether numbers are still to be computed, and not to be looked at
    linalg: str | None = None  # the module of its LinearOperator, if there is one

    def __init__(self, name: str, noun: str = "array") -> None:
        """`name` is the module with which a user writes its functions, `noun` what a user calls its arrays."""
        self.name, self.noun = name, noun

    def samples(self, f: Any) -> A:
        """`f` as an array of a dtype that has differences; what would lose something is refused."""
        if dtype_name(f) == "bool":
            raise ArgumentTypeError(
                "f has dtype bool: booleans are not taken for numbers; convert them first, f.astype(float)"
            )
        if dtype_name(f) not in _KNOWN:
            if is_time(f):
                raise ArgumentTypeError(
                    f"f has dtype {f.dtype}, which only NumPy's arrays may have; give numbers, {numbers_of_times('f', f.dtype)}"
                )
            raise ArgumentTypeError(f"f has dtype {f.dtype}; convert it to one of {', '.join(_KNOWN)}")
        if any(n is None or n != n for n in f.shape):
            raise ArgumentValueError(
                f"f has unknown sizes, shape {f.shape}; compute its chunk sizes first, f.compute_chunk_sizes()"
            )
        samples: A = f
        return samples

    def joined_by(self, field: object) -> A | None:
        """An array of another library as one of this, which it joins in a call; None where it must not."""
        return None

    def among(self, fields: Sequence[A]) -> Backend[A]:
        """The back end of all these together; another one where an array carries more than its numbers."""
        return self

    def at(self, like: A) -> AbstractContextManager[object]:
        """In which `memory` to `launch` are called: the device of `like` is current, and no transform looks on."""
        return nullcontext()

    def operations(self, *fields: A) -> Operations:
        """The namespace that the arrays name, with what slices need beside it."""
        from array_api_compat import array_namespace  # not at the import of gridgrad

        return Operations(array_namespace(*fields))

    def facts(self, a: A) -> Facts:
        """Shape, strides, dtype and more of plain memory: with equal facts a plan fits, wherever the array lies.

        None where the numbers at an address are not all there is to it: it is traced, lazy, differentiated, masked.
        """
        return None

    def key(self, a: A) -> Facts:
        """The facts; those of an array that is differentiated, in the one way that `in_graph` knows, and that it is."""
        return self.facts(a)

    def in_graph(self, terms: tuple[Term, ...], fields: Sequence[A], outputs: int) -> InGraph[A] | None:
        """What applies terms to all arrays with the keys of these, of which some are differentiated, and so are its results.

        None where it takes more than one step of a graph.
        """
        return None

    def memory(self, a: A) -> Memory:
        """Where an array with `facts` lies at this moment."""
        self._refuse()

    def result_dtype(self, f: A) -> DType:
        """Floating and complex kept, integers to the widest real type."""
        return slices.result_dtype(self.operations(f), f)

    def weights_dtype(self, f: A) -> type[np.floating]:
        """The type weights are made in."""
        return np.float64

    def empty(self, like: A, dtype: DType = None, shape: tuple[int, ...] | None = None) -> A:
        """New memory beside `like`, in its order; in its dtype and shape unless others are given."""
        self._refuse()

    def copy(self, a: A, dtype: DType = None) -> A:
        """A compact copy that kernels can read, in the same dtype unless another one is given."""
        self._refuse()

    def assign(self, target: A, values: A) -> None:
        """Write `values`, which may have another dtype, into `target`."""
        self._refuse()

    def launch(self, plan: Plan, arrays: Sequence[A], workers: int | None = None) -> None:
        """Apply a plan to inputs, then outputs: aligned, and apart from each other."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotImplementedError(f"arrays of {self.name} are no memory that kernels read")

    def about_to_copy(self, like: A, why: str) -> None:
        """The call needs memory of its own until it is over, `why`: refuse it where it is recorded, to be repeated later."""

    def bind(self, plan: Plan, dtype: DType, like: A) -> Run[A]:
        """What applies a plan to all arrays with the facts that it was made for; `like` is the first of its inputs.

        ``run(inputs, out, workers)`` writes into `out`, or into new outputs of `dtype`, and returns them. None, and
        nothing is written, where the addresses do not allow it: unaligned, overlapping, write-protected.
        """
        return partial(self._run, plan, dtype)

    def _run(
        self, plan: Plan, dtype: DType, inputs: Sequence[A], out: Sequence[A] | None, workers: int | None
    ) -> Sequence[A] | None:  # fmt: skip
        """By `memory`, `empty` and `launch`, for libraries that have them."""
        with self.at(inputs[0]):
            results = (
                [self.empty(inputs[0], dtype, plan.shape) for _ in range(plan.outputs)]
                if out is None
                else list(out)
            )
            places = [self.memory(a) for a in (*inputs, *results)]
            if not all(place.is_aligned for place in places) or (
                out is not None and meet(places, len(inputs))
            ):
                return None
            self.launch(plan, (*inputs, *results), workers)
        return results

    def check_target(self, name: str, target: object, fields: Sequence[A]) -> Memory | None:
        """Refuse an output of another library or device, or one not to be written; else where it lies, if anywhere."""
        raise ArgumentTypeError(
            f"out= is not supported for arrays of {self.name.partition('.')[0]}, which cannot be written in place"
        )

    def carried(self, call: Call, fields: Sequence[A]) -> list[A]:
        """The results where an array is without `facts`, with what it carries; here through slices."""
        return slices.apply(self.operations(*fields), call.terms, fields, call.outputs)

    def in_blocks(self, call: Call, fields: Sequence[A], inside: Array, gaps: Gaps) -> list[A] | None:
        """The results of lazy fields in blocks, on a grid with gaps; None of arrays that are one.

        `inside`, the mask, lies as the fields do, of length 1 along axes that it is the same along.
        """
        return None

    def mapped(self, made: Callable[[], HostMap], field: A) -> A:
        """A map on the host applied to a floating field, differentiable where the library is; the dtype is kept.

        It is made when the field is known to be one that is taken: factors may take minutes.
        """
        raise ArgumentTypeError(
            f"solves are for arrays of NumPy, PyTorch, JAX and CuPy, not of {_root(field)}; convert b to NumPy first"
        )

    def within(self, field: A, limit: int) -> bool:
        """Whether no integer of the field is larger in size than `limit`, where a look at it costs no waiting."""
        return False

    def is_differentiated(self, a: A) -> bool:
        """Whether derivatives by an array are being taken, or a compiler traces it: its numbers are not all that counts."""
        return False

    def host(self, a: object, axis: int | None = None, name: str = "spacing") -> Any:
        """The numbers on the host, for ``numpy.asarray``; those of an `axis` are refused where they are not all."""
        return a


def _root(a: object) -> str:
    return type(a).__module__.partition(".")[0]


def without_numbers(noun: str) -> ArgumentTypeError:
    """That an array has no numbers where these are asked for."""
    return ArgumentTypeError(
        f"{noun} that is traced or mapped has no numbers, and they are needed; make masks, matrices and solvers outside of what is traced, and close over them"
    )


def on_the_host_alone() -> ArgumentTypeError:
    """That a solve has no place in a graph, of any tracer."""
    return ArgumentTypeError(
        "a solve is made on the host, and is no part of what compilers with fullgraph=True, export, make_fx or functionalize trace; "
        "solve outside of the traced function, or have it compiled without fullgraph=True"
    )
