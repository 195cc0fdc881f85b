"""Zarr arrays: opened, compared, and made like others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from os import PathLike, fspath
from typing import TypeAlias

import zarr

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Shape
from ._asked import Asked
from ._job import Target
from ._partial import Partial

Source: TypeAlias = "str | PathLike[str] | zarr.Array"


def opened(source: Source | Sequence[Source]) -> list[zarr.Array]:
    """The components of a field: arrays of one shape, dtype and chunks."""
    given = list(source) if isinstance(source, (list, tuple)) else [source]
    arrays = [own if isinstance(own, zarr.Array) else _open(own) for own in given]
    for k, own in enumerate(arrays[1:], start=1):
        first, other = [(a.shape, str(a.dtype), _whole(a)) for a in (arrays[0], own)]
        if first != other:
            raise ArgumentValueError(
                f"source[{k}] has shape, dtype and chunks {other}, but source[0] has {first}; components have the same"
            )
    return arrays


def _open(source: object) -> zarr.Array:
    found = zarr.open(fspath(source), mode="r")  # type: ignore[call-overload]
    if isinstance(found, zarr.Array):
        return found
    names = ", ".join(sorted(found.array_keys()))
    raise ArgumentTypeError(
        f"{source} is a group; give one of its arrays by its path: {source}/ and one of {names}"
    )


def _whole(array: zarr.Array) -> Shape:
    """The shape of what is written at once."""
    return tuple(array.shards or array.chunks)


def chunks_of(array: zarr.Array) -> tuple[Shape, ...]:
    """The lengths of all chunks along each axis."""
    pairs = zip(array.shape, _whole(array), strict=True)
    return tuple(tuple(min(size, n - start) for start in range(0, n, size)) for n, size in pairs)


def create(partial: Partial, like: zarr.Array, asked: Asked) -> None:
    """The arrays of all results, still empty; those of a dict in a group."""
    if "" not in asked.forms:
        zarr.create_group(partial.result)
    for name, form in asked.forms.items():
        ones = (1,) * len(form)
        kept = {"compressors": like.compressors} if like.metadata.zarr_format == 3 else {}
        names = getattr(like.metadata, "dimension_names", None)
        zarr.create_array(
            partial.result, name=name or None, shape=(*form, *like.shape), dtype=asked.dtype, chunks=(*ones, *like.chunks),
            shards=None if like.shards is None else (*ones, *like.shards),
            dimension_names=None if names is None else [*[None] * len(form), *names], **kept,
        )  # fmt: skip


def targets(partial: Partial, asked: Asked) -> list[Target]:
    """Where each output goes."""
    found = []
    for name, form in asked.forms.items():
        array = zarr.open_array(partial.result / name if name else partial.result, mode="r+")
        found += [Target(array, component) for component in product(*map(range, form))]
    return found
