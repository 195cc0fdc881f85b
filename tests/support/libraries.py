"""The libraries of arrays that back ends are tested with: a new one is one line here, and one in `dispatch.ROOMS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import pytest

from gridgrad._backends import dispatch


class Library(NamedTuple):
    """How a test makes an array of NumPy's, and what it may expect."""

    module: str  # with `asarray`
    make: Callable[[Any, Any], Any] = lambda xp, a: xp.asarray(a)
    has_memory: bool = False  # that kernels read and `out=` is written to
    marks: tuple[Any, ...] = ()

    def array(self, a: Any) -> Any:
        """An array of this library with the numbers of `a`."""
        return self.make(import_module(self.module), a)

    def host(self, a: Any) -> np.ndarray:
        """The numbers as NumPy has them."""
        return np.asarray(dispatch.host(a))

    @contextmanager
    def wide(self) -> Iterator[None]:
        """In which float64 is kept."""
        with import_module("jax").enable_x64(True) if self.module == "jax.numpy" else nullcontext():
            yield


LIBRARIES = [
    Library("numpy", lambda xp, a: a.copy(), has_memory=True),
    Library("torch", lambda xp, a: xp.from_numpy(a.copy()), has_memory=True),
    Library("jax.numpy"),
    Library("dask.array", lambda xp, a: xp.from_array(a, chunks=3)),
    Library("array_api_strict"),
    Library("own_arrays", lambda xp, a: xp.Array(a.copy()), has_memory=True),
    Library("cupy", has_memory=True, marks=(pytest.mark.gpu,)),
]
dispatch.ROOMS.setdefault("own_arrays", "own_arrays")


def parameters(*without: str, has_memory: bool = False) -> list[Any]:
    """The libraries as values of a parameter, each where it is installed."""
    chosen = [own for own in LIBRARIES if own.module not in without and own.has_memory >= has_memory]
    return [
        pytest.param(own, marks=[pytest.mark.needs(own.module), *own.marks], id=own.module) for own in chosen
    ]


def check_as_numpy(name, operator, f):
    """torch's or JAX's result of an operator has the bits of NumPy's, and torch's derivative by f is the transpose, to rounding."""
    library = pytest.importorskip("jax.numpy" if name == "jax" else name)
    given, wanted = library.asarray(f), operator(f)
    np.testing.assert_array_equal(np.asarray(operator(given)), wanted)
    if name == "torch":
        operator(given.requires_grad_()).sum().backward()
        turned = operator.T(np.ones_like(f))
        np.testing.assert_allclose(given.grad.numpy(), turned, atol=1e-6 * np.abs(wanted).max())
