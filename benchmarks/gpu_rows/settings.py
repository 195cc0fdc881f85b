"""Rows under other settings than those that the kernels are made with: what the choices are worth on this card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cupy

import gridgrad as gg
from gridgrad._backends.cuda import launch_shape, variants
from gridgrad._backends.cuda import rows as sharing

from . import card, timing, watch
from .rows import Arrays, Row, rows, shrunk

# Of each setting: where it is, and its other values.
SETTINGS: dict[str, tuple[Any, tuple[int | None, ...]]] = {
    "BLOCKS": (variants, (0, 3, 5)),  # on a multiprocessor, which registers are left for
    # several planes a thread where there are blocks for it, or never
    "MANY_BLOCKS": (launch_shape, (1, 1 << 40)),
    "FEW_ARRAYS": (launch_shape, (8,)),  # several planes of more arrays too
    "FITS": (launch_shape, (1, 100)),  # more slabs, or none
    "VALUE_BYTES": (sharing, (1,)),  # one element a thread where accesses are of one
}
VARIED = {
    "gradient 512^3 float32", "laplacian 512^3 float32", "gradient 511^3 float32", "curl 512^3 float32", "gradient.T 512^3 float32",
    "diffuse 512^3 float64", "gradient 512^3 float32 every second element", "laplacian 64x2048x2048 float64", "hessian 512^3 float32",
    "gradient accuracy 4 512^3 float32", "divergence 512^3 float32",
}  # fmt: skip


def measures(quick: bool) -> dict[str, Callable[[], dict[str, Any]]]:
    """Some rows as they are, and under each other value of each setting."""
    return {
        f"{row.name} with {name} {value}": lambda row=row, name=name, value=value: _measured(
            row, quick, name, value
        )
        for row in rows()
        if row.name in VARIED
        for name, value in (("BLOCKS", None), *_others())
    }


def _others() -> Iterator[tuple[str, int | None]]:
    for name, (_, values) in SETTINGS.items():
        yield from ((name, value) for value in values)


def _measured(row: Row, quick: bool, name: str, value: int | None) -> dict[str, Any]:
    watch.forget()
    with setting(name, value):
        arrays = Arrays(row, shrunk(row.shape) if quick else row.shape, card.random, cupy.empty)
        return timing.milliseconds(arrays.call, rounds=5) | {"kernels": watch.seen()}


@contextmanager
def setting(name: str, value: int | None) -> Iterator[None]:
    """Everything is planned anew under it, and again without it."""
    module, _ = SETTINGS[name]
    before = getattr(module, name)
    gg.clear_caches()
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
        gg.clear_caches()
