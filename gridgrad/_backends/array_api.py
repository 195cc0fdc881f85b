"""Any library of the array API standard: new arrays, made of slices; what the others take from it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Generic, NoReturn

import numpy as np

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from .._plan.plan import Plan
from . import slices
from .operations import INTEGERS, Operations, dtype_name
from .protocol import A, Backend, Call, DType, Facts, Find, Gaps, HostMap, Memory, Run, meet

_KNOWN = ("float16", "bfloat16", "float32", *INTEGERS, "float64", "complex64", "complex128")


def _root(a: object) -> str:
    return type(a).__module__.partition(".")[0]


def without_numbers(noun: str) -> ArgumentTypeError:
    """That an array has no numbers where these are asked for."""
    return ArgumentTypeError(
        f"{noun} that is traced or mapped has no numbers, and they are needed; make masks, matrices and solvers outside of what is traced, and close over them"
    )


class ArrayAPI(Generic[A]):
    """A `Backend` without memory of its own: nothing is written, no kernel runs."""

    find: Find  # of all libraries
    is_lazy = False
    linalg: str | None = None  # the module of its LinearOperator, if there is one

    def __init__(self, name: str, noun: str = "array") -> None:
        self.name, self.noun = name, noun

    def samples(self, f: A) -> A:
        """`f` itself, if its dtype has differences."""
        if dtype_name(f) == "bool":
            raise ArgumentTypeError(
                "f has dtype bool: booleans are not taken for numbers; convert them first, f.astype(float)"
            )
        if dtype_name(f) not in _KNOWN:
            raise ArgumentTypeError(f"f has dtype {f.dtype}; convert it to one of {', '.join(_KNOWN)}")
        if any(n is None or n != n for n in f.shape):
            raise ArgumentValueError(
                f"f has unknown sizes, shape {f.shape}; compute its chunk sizes first, f.compute_chunk_sizes()"
            )
        return f

    def joined_by(self, field: object) -> A | None:
        """None: there is one library."""
        return None

    def among(self, fields: Sequence[A]) -> Backend[A]:
        """Itself."""
        return self

    def at(self, like: A) -> AbstractContextManager[object]:
        """Anywhere."""
        return nullcontext()

    def operations(self, *fields: A) -> Operations:
        """The namespace that the arrays name."""
        from array_api_compat import array_namespace  # not at the import of gridgrad

        return Operations(array_namespace(*fields))

    def facts(self, a: A) -> Facts:
        """None: where the numbers are is not known."""
        return None

    def result_dtype(self, f: A) -> DType:
        """Floating and complex kept, integers to the widest real type."""
        return slices.result_dtype(self.operations(f), f)

    def weights_dtype(self, f: A) -> type[np.floating]:
        """Double precision."""
        return np.float64

    def carried(self, call: Call, fields: Sequence[A]) -> list[A]:
        """New arrays, through slices."""
        return slices.apply(self.operations(*fields), call.terms, fields, call.outputs)

    def in_blocks(self, call: Call, fields: Sequence[A], inside: Array, gaps: Gaps) -> list[A] | None:
        """None: there is one block."""
        return None

    def mapped(self, through: HostMap, field: A) -> A:
        """Nothing: the numbers are not on the host."""
        raise ArgumentTypeError(
            f"solves are for arrays of NumPy, PyTorch, JAX and CuPy, not of {_root(field)}; convert b to NumPy first"
        )

    def within(self, field: A, limit: int) -> bool:
        """False: a look may have to wait."""
        return False

    def is_differentiated(self, a: A) -> bool:
        """False: no derivatives are taken."""
        return False

    def host(self, a: object, axis: int | None = None, name: str = "spacing") -> Any:
        """The array itself, which ``numpy.asarray`` takes."""
        return a

    def check_target(self, name: str, target: object, fields: Sequence[A]) -> Memory | None:
        """Refuse every one."""
        raise ArgumentTypeError(
            f"out= is not supported for arrays of {_root(fields[0])}, which cannot be written in place"
        )

    def about_to_copy(self, like: A, why: str) -> None:
        """Nothing stands against it."""

    def bind(self, plan: Plan, dtype: DType, like: A) -> Run[A]:
        """By `memory`, `empty` and `launch`, for libraries that have them."""
        return partial(self._run, plan, dtype)

    def _run(
        self, plan: Plan, dtype: DType, inputs: Sequence[A], out: Sequence[A] | None, workers: int | None
    ) -> Sequence[A] | None:  # fmt: skip
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

    def memory(self, a: A) -> Memory:
        """Nowhere that is known."""
        self._refuse()

    def empty(self, like: A, dtype: DType = None, shape: tuple[int, ...] | None = None) -> A:
        """Nothing to write to."""
        self._refuse()

    def copy(self, a: A, dtype: DType = None) -> A:
        """Nothing that kernels could read."""
        self._refuse()

    def assign(self, target: A, values: A) -> None:
        """Nothing is written."""
        self._refuse()

    def launch(self, plan: Plan, arrays: Sequence[A], workers: int | None = None) -> None:
        """Nothing is launched."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotImplementedError(f"arrays of {self.name} are no memory that kernels read")
