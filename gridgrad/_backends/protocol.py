"""What gridgrad asks of a library of arrays: one class each, of these methods."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from .._base.types import Array
from .._plan.layout import Layout
from .._plan.plan import Plan, make_plan
from .._terms.term import Term
from .operations import Operations
from .products import Products

A = TypeVar("A", bound="AnArray")
DType: TypeAlias = Any  # of the library, whatever it has for one
Run: TypeAlias = Callable[[Sequence[A], Sequence[A] | None, int | None], Sequence[A] | None]
Facts: TypeAlias = Hashable  # None: there are none
Find: TypeAlias = "Callable[[type], Backend[Array] | None]"  # the back end of a class, if there is one


class AnArray(Protocol):
    """As much as every array has."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its lengths."""

    @property
    def dtype(self) -> object:
        """Of its library."""

    def __getitem__(self, index: Any, /) -> Any:
        """A view, or a new array."""


class Memory(NamedTuple):
    """Where the elements of an array are."""

    storage: (
        str | None
    )  # the kernels' name of the type, of complex elements that of their parts; None: not read
    components: int  # 2 of complex elements
    item: int  # bytes of an element, or of its part
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # as the library counts them
    step: int  # bytes of a stride of 1
    address: int
    is_native: bool = True  # in the byte order of the machine

    @property
    def is_aligned(self) -> bool:
        """Whether kernels can read it where it is."""
        if not self.is_native or self.address % self.item:
            return False
        steps = zip(self.shape, self.strides, strict=True)
        return self.step % self.item == 0 or not any(n > 1 and s % self.item for n, s in steps)

    def layout(self, components: int) -> Layout:
        """Strides in real numbers; a real array among complex ones has one component."""
        strides = tuple(s * self.step // self.item for s in self.strides)
        return Layout(self.shape, strides, 0 if components > self.components else 1)

    @property
    def extent(self) -> tuple[int, int]:
        """The first address, and the first behind."""
        if 0 in self.shape:
            return 0, 0
        reach = [s * self.step * (n - 1) for n, s in zip(self.shape, self.strides, strict=True)]
        whole = self.item * self.components
        return self.address + sum(min(r, 0) for r in reach), self.address + sum(
            max(r, 0) for r in reach
        ) + whole

    def shadow(self) -> Array:
        """A NumPy array over the same addresses, to ask about overlaps; its elements must not be read."""
        whole = np.dtype((np.void, self.item * self.components))
        return np.asarray(_Interface(self, whole.str)) if 0 not in self.shape else np.empty(self.shape, whole)


def are_read(inputs: list[Memory]) -> bool:
    """Whether kernels read them, of one storage: integers beside another dtype are differenced as they are, in slices."""
    return inputs[0].storage is not None and all(place.storage == inputs[0].storage for place in inputs)


def kinds_of(inputs: list[Memory]) -> tuple[bool, ...]:
    """Which of them are complex."""
    return tuple([place.components > 1 for place in inputs])


def plan_at(terms: tuple[Term, ...], places: list[Memory], inputs: int, adds: bool) -> Plan:
    """The cached plan of arrays that lie so; with `adds` the terms join what the outputs hold. Raises TooManyDims."""
    storage, components = places[0].storage, places[0].components
    assert storage is not None
    layouts = tuple([place.layout(components) for place in places])
    return make_plan(terms, storage, layouts[:inputs], layouts[inputs:], components, adds)


def meet(places: Sequence[Memory], inputs: int) -> bool:
    """Whether the extent of an output meets that of an array before it; behind the inputs are outputs."""
    return overlap([place.extent for place in places], inputs)


def overlap(extents: Sequence[tuple[int, int]], inputs: int) -> bool:
    """The same of extents."""
    before = ((a, b) for k, b in enumerate(extents[inputs:], start=inputs) for a in extents[:k])
    return any(a[0] < b[1] and b[0] < a[1] for a, b in before)


class _Interface:
    def __init__(self, memory: Memory, typestr: str) -> None:
        self.__array_interface__ = {
            "version": 3, "data": (memory.address, False), "shape": memory.shape, "typestr": typestr,
            "strides": tuple(stride * memory.step for stride in memory.strides),
        }  # fmt: skip


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


class Backend(Protocol[A]):
    """A library of arrays. `array_api.ArrayAPI` has every method for arrays that are new at each step.

    `facts`, `bind`: a call that was seen before needs no more. `memory`, `empty`, `copy`, `assign`, `launch`: the ladder
    goes over them from terms to kernels, for arrays that are plain memory. `carried`: all others.
    """

    find: Find  # set by the look-up itself: for arrays that are made of arrays of other libraries

    @property
    def name(self) -> str:
        """The module with which a user writes its functions."""

    @property
    def noun(self) -> str:
        """What a user calls its arrays."""

    def samples(self, f: Any) -> A:
        """`f` as an array of a dtype that has differences; what would lose something is refused."""

    def joined_by(self, field: object) -> A | None:
        """An array of another library as one of this, which it joins in a call; None where it must not."""

    def among(self, fields: Sequence[A]) -> Backend[A]:
        """The back end of all these together; another one where an array carries more than its numbers."""

    def at(self, like: A) -> AbstractContextManager[object]:
        """In which `memory` to `launch` are called: the device of `like` is current, and no transform looks on."""

    def operations(self, *fields: A) -> Operations:
        """The namespace of the arrays, with what slices need beside it."""

    def facts(self, a: A) -> Facts:
        """Shape, strides, dtype and more of plain memory: with equal facts a plan fits, wherever the array lies.

        None where the numbers at an address are not all there is to it: it is traced, lazy, differentiated, masked.
        """

    def memory(self, a: A) -> Memory:
        """Where an array with `facts` lies at this moment."""

    def result_dtype(self, f: A) -> DType:
        """Floating and complex kept, integers to the widest real type."""

    def weights_dtype(self, f: A) -> type[np.floating]:
        """The type weights are made in."""

    def empty(self, like: A, dtype: DType = None, shape: tuple[int, ...] | None = None) -> A:
        """New memory beside `like`, in its order; in its dtype and shape unless others are given."""

    def copy(self, a: A, dtype: DType = None) -> A:
        """A compact copy that kernels can read, in the same dtype unless another one is given."""

    def assign(self, target: A, values: A) -> None:
        """Write `values`, which may have another dtype, into `target`."""

    def launch(self, plan: Plan, arrays: Sequence[A], workers: int | None = None) -> None:
        """Apply a plan to inputs, then outputs: aligned, and apart from each other."""

    def about_to_copy(self, like: A, why: str) -> None:
        """The call needs memory of its own until it is over, `why`: refuse it where it is recorded, to be repeated later."""

    def bind(self, plan: Plan, dtype: DType, like: A) -> Run[A]:
        """What applies a plan to all arrays with the facts that it was made for; `like` is the first of its inputs.

        ``run(inputs, out, workers)`` writes into `out`, or into new outputs of `dtype`, and returns them. None, and
        nothing is written, where the addresses do not allow it: unaligned, overlapping, write-protected.
        """

    def check_target(self, name: str, target: object, fields: Sequence[A]) -> Memory | None:
        """Refuse an output of another library or device, or one not to be written; else where it lies, if anywhere."""

    def carried(self, call: Call, fields: Sequence[A]) -> list[A]:
        """The results where an array is without `facts`, with what it carries."""

    def in_blocks(self, call: Call, fields: Sequence[A], inside: Array, gaps: Gaps) -> list[A] | None:
        """The results of lazy fields in blocks, on a grid with gaps; None of arrays that are one.

        `inside`, the mask, lies as the fields do, of length 1 along axes that it is the same along.
        """

    @property
    def is_lazy(self) -> bool:
        """Whether numbers are still to be computed, and not to be looked at."""

    def mapped(self, through: HostMap, field: A) -> A:
        """A map on the host applied to a floating field, differentiable where the library is; the dtype is kept."""

    def within(self, field: A, limit: int) -> bool:
        """Whether no integer of the field is larger in size than `limit`, where a look at it costs no waiting."""

    def is_differentiated(self, a: A) -> bool:
        """Whether derivatives by an array are being taken, or a compiler traces it: its numbers are not all that counts."""

    def host(self, a: object, axis: int | None = None, name: str = "spacing") -> Any:
        """The numbers on the host, for ``numpy.asarray``; those of an `axis` are refused where they are not all."""
