"""Zarr arrays: opened, compared, and made like others."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from hashlib import blake2b
from itertools import product
from os import PathLike, fspath
from pathlib import Path
from typing import TypeAlias

import numpy as np
import zarr
from zarr.storage import LocalStore

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Shape
from ._job import Target
from ._partial import Partial
from ._request import Request, forms_of

Source: TypeAlias = str | PathLike[str] | zarr.Array
_NAN = b64encode(np.array(np.nan, "<f8").tobytes()).decode()  # as xarray writes it in format 3


def opened(source: Source | Sequence[Source]) -> list[zarr.Array]:
    """The components of a field: arrays of one shape, dtype and chunks."""
    given = list(source) if isinstance(source, (list, tuple)) else [source]
    arrays = [_anywhere(own if isinstance(own, zarr.Array) else _open(own)) for own in given]
    for own in arrays:
        _check_unpacked(own)
    for k, own in enumerate(arrays[1:], start=1):
        first, other = [(a.shape, str(a.dtype), _whole(a)) for a in (arrays[0], own)]
        if first != other:
            raise ArgumentValueError(
                f"source[{k}] has shape, dtype and chunks {other}, but source[0] has {first}; components have the same; "
                "those at faces across several axes do not: take Dask arrays, operator((dask.array.from_zarr(u), dask.array.from_zarr(v))).to_zarr(target)"
            )
    return arrays


def _check_unpacked(array: zarr.Array) -> None:
    """Refuse numbers that stand for others by their attributes, which only xarray reads: packed ones, and marks of missing ones."""
    attrs = dict(array.attrs)
    if "_ARRAY_DIMENSIONS" in attrs:  # xarray's arrays of format 2, which have the mark elsewhere
        attrs.setdefault("_FillValue", array.fill_value)
    for word in ("scale_factor", "add_offset", "_FillValue", "missing_value"):
        value = attrs.get(word)
        if value not in (None, "NaN", _NAN) and value == value:
            raise ArgumentTypeError(
                f"{array.store_path} has {word}={value!r}, so that its numbers stand for others; call the operator's function with "
                "xarray.open_zarr(group)[name], which reads them, and write what it gives, result.to_zarr(...)"
            )


def _open(source: object) -> zarr.Array:
    if not isinstance(source, (str, PathLike)):
        raise ArgumentTypeError(
            f"source is the path of a Zarr array or a zarr.Array, got {type(source).__name__}; arrays in memory and Dask arrays "
            "go to the operator itself, operator(f)"
        )
    found = zarr.open(fspath(source), mode="r")
    if isinstance(found, zarr.Array):
        return found
    names = ", ".join(sorted(found.array_keys()))
    raise ArgumentTypeError(
        f"{source} is a group; give one of its arrays by its path: {source}/ and one of {names}"
    )


def _anywhere(array: zarr.Array) -> zarr.Array:
    """The array by a path that processes in other folders find too: where there is none they would read the fill value."""
    root: Path | None = getattr(array.store, "root", None)
    if root is None or root.is_absolute():
        return array
    return zarr.open_array(LocalStore(root.absolute(), read_only=True), path=array.path, mode="r")


def state_of(array: zarr.Array) -> str:
    """What another one is told by that was written in its place: names, sizes and times of its files, where they are on a disk."""
    digest, root = blake2b(), getattr(array.store, "root", None)
    for folder, _, names in [] if root is None else sorted(os.walk(root / array.path)):
        for name in sorted(names):
            own = os.stat(os.path.join(folder, name))
            digest.update(f"{os.path.join(folder, name)} {own.st_size} {own.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def place_of(target: object) -> Path:
    """Where a result goes."""
    if not isinstance(target, (str, PathLike)):
        raise ArgumentTypeError(
            f"target is the path of what is made, got {type(target).__name__}; give 'out.zarr', or take Dask arrays, "
            "operator(dask.array.from_zarr(source)).to_zarr(target)"
        )
    if "://" in fspath(target):
        raise ArgumentValueError(
            f"target is a path on a disk, which {target} is not, as a result is renamed when it is complete; take Dask arrays, "
            "operator(dask.array.from_zarr(source)).to_zarr(target), or give a path"
        )
    return Path(fspath(target)).absolute()


def check_outside(target: Path, arrays: Sequence[zarr.Array]) -> None:
    """Refuse to replace a group that a source is in, which would be gone with it."""
    for array in arrays:
        root = getattr(array.store, "root", None)
        if root is not None and target.resolve() in (Path(root) / array.path).resolve().parents:
            raise ArgumentValueError(
                f"{target} has the source {array.path or Path(root).name!r} in it, which would be removed with it; give another target, "
                f"{str(target.with_name('out.zarr'))!r}"
            )


def _whole(array: zarr.Array) -> Shape:
    """The shape of what is written at once."""
    return tuple(array.shards or array.chunks)


def chunks_of(array: zarr.Array) -> tuple[Shape, ...]:
    """The lengths of all chunks along each axis."""
    pairs = zip(array.shape, _whole(array), strict=True)
    return tuple(tuple(min(size, n - start) for start in range(0, n, size)) for n, size in pairs)


def create(partial: Partial, like: zarr.Array, requests: Sequence[Request]) -> None:
    """The arrays of all results, still empty; those of a dict in a group."""
    forms = forms_of(requests)
    if "" not in forms:
        zarr.create_group(partial.result)
    for name, form in forms.items():
        ones = (1,) * len(form)
        kept = {"compressors": like.compressors} if like.metadata.zarr_format == 3 else {}
        names = getattr(like.metadata, "dimension_names", None)
        zarr.create_array(
            partial.result, name=name or None, shape=(*form, *like.shape), dtype=requests[0].dtype, chunks=(*ones, *like.chunks),
            shards=None if like.shards is None else (*ones, *like.shards),
            dimension_names=None if names is None else [*[None] * len(form), *names], **kept,
        )  # fmt: skip


def targets(partial: Partial, requests: Sequence[Request]) -> list[Target]:
    """Where each output goes."""
    found = []
    released = iter([places for own in requests for places in own.released])
    for name, form in forms_of(requests).items():
        array = zarr.open_array(partial.result / name if name else partial.result, mode="r+")
        found += [Target(array, component, next(released)) for component in product(*map(range, form))]
    return found
