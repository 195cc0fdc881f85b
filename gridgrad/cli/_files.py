"""Files of the command line: read without running what is in them, written under another name and then renamed."""

from __future__ import annotations

import atexit
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .._base.errors import ArgumentValueError

_NETCDF = (".nc", ".nc4", ".cdf", ".netcdf")
_ENGINES = {"zarr": "zarr"}  # of the others xarray finds it
_HELD = {"netcdf": "fd", "zarr": "efdFD", "npy": "efdgFDG"}  # the dtypes of results that files have
KINDS = (*_NETCDF, ".zarr", ".npy")


def kind_of(path: Path) -> str:
    """``"netcdf"``, ``"zarr"`` or ``"npy"``."""
    suffix = path.suffix.lower()
    if suffix not in KINDS:
        raise ArgumentValueError(f"{path} ends in {suffix or 'nothing'}; known are {', '.join(KINDS)}")
    return "netcdf" if suffix in _NETCDF else suffix[1:]


def read(path: Path, chunks: Any, group: str | None) -> Any:
    """A file, or a group of it, as a Dataset, in chunks of Dask if there are `chunks`."""
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}")
    kind, xarray = kind_of(path), import_module("xarray")
    if kind == "npy" and group is not None:
        raise ArgumentValueError(f"{path} has no groups; leave out --group, or give a NetCDF or Zarr file")
    try:
        data = _opened(xarray, path, kind, group)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise OSError(f"{path} cannot be read: {_no_group(xarray, path, kind, group) or error}") from error
    for dim in chunks if isinstance(chunks, dict) else ():
        if dim not in data.dims:
            raise ArgumentValueError(
                f"--chunks names {dim!r}, and the dimensions are {', '.join(map(str, data.dims))}"
            )
    return data if chunks is None else data.chunk(chunks)  # unread until here


def _opened(xarray: Any, path: Path, kind: str, group: str | None) -> Any:
    if kind == "npy":
        _check_npy(path)
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        dims = [str(a) for a in range(values.ndim)]
        return xarray.Dataset({f"f{path.stem}" if path.stem in dims else path.stem: (dims, values)})
    if kind == "zarr":
        _without_pickle()
    words = {"engine": _ENGINES.get(kind), "group": group}
    with _quiet():
        try:
            return xarray.open_dataset(path, **words)
        except ValueError:  # of times in months, or since no day of the calendar, the numbers
            return xarray.open_dataset(path, decode_times=False, **words)


def _check_npy(path: Path) -> None:
    """Refuse what has that ending alone: of text and of archives NumPy says something of pickles, or nothing."""
    with path.open("rb") as file:
        start = file.read(6)
    if start == np.lib.format.MAGIC_PREFIX:
        return
    if start.startswith(b"PK"):
        raise ValueError(
            "it is no .npy file but an archive of several, .npz; save one array of it by numpy.save"
        )
    told = "it is empty" if not start else f"it begins with {start!r}"
    raise ValueError(
        f"it is no .npy file: {told}; of numbers in text numpy.save makes one, numpy.save(name, numpy.loadtxt(text))"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of metadata that are not in one place."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Failed to open Zarr store")
        yield


def _no_group(xarray: Any, path: Path, kind: str, group: str | None) -> str:
    """That a file has other groups than the one that was named, if that is so."""
    if group is None:
        return ""
    try:
        with _quiet():
            names = [name.strip("/") for name in xarray.open_groups(path, engine=_ENGINES.get(kind))]
    except Exception:  # what is no file of groups has another error
        return ""
    if group.strip("/") in names:
        return ""
    others = ", ".join(sorted(filter(None, names)))
    return f"it has no group {group!r}; " + (f"there are {others}" if others else "leave out --group")


def _without_pickle() -> None:
    """Forget the codec that runs what it reads: a file that needs it is refused."""
    registry = import_module("numcodecs.registry")
    for table in (registry.codec_registry, registry.entries):
        table.pop("pickle", None)


def write(data: Any, path: Path, overwrite: bool) -> None:
    """A Dataset to a file, which has its name when it is complete."""
    kind = kind_of(path)
    for name, variable in data.data_vars.items():
        if variable.dtype.char not in _HELD[kind]:
            others = " or ".join(f".{other}" for other, held in _HELD.items() if variable.dtype.char in held)
            raise ArgumentValueError(
                f"{name} is of {variable.dtype}, which {kind} files do not hold; give OUT another ending, {others}"
            )
    writers: dict[str, Callable[[Path], object]] = {
        "netcdf": lambda part: data.to_netcdf(part),
        "zarr": lambda part: _stored_anew(data).to_zarr(part, mode="w"),
        "npy": lambda part: _save(data, part),
    }
    with _renamed(path, overwrite) as part, warnings.catch_warnings():
        # of format 3: xarray writes and reads both
        warnings.filterwarnings("ignore", "Consolidated metadata|The data type")
        writers[kind](part)


def _stored_anew(data: Any) -> Any:
    """Coordinates without the chunks of the file that was read, and its codecs, which may be of another format; results have none of these."""
    for variable in data.variables.values():
        for word in {*variable.encoding} & {"chunks", "shards", "filters", "compressors", "serializer"}:
            variable.encoding.pop(word)
    return data


def _save(data: Any, part: Path) -> None:
    """One variable as it is, several as one array with an axis for them in front."""
    arrays = [np.asarray(variable.data) for variable in data.data_vars.values()]
    with part.open("wb") as file:
        np.save(file, arrays[0] if len(arrays) == 1 else np.stack(arrays), allow_pickle=False)


@contextmanager
def _renamed(path: Path, overwrite: bool) -> Iterator[Path]:
    """A name beside `path` to write to, which becomes `path` at the end, and is removed if it does not come to that."""
    path = path.resolve()  # of a link what it leads to
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        check_free(path, overwrite)
        if path.is_dir():  # cannot be replaced in one step; the old one is there until the new one is
            old = path.with_name(f".{path.stem}.{os.getpid()}.old{path.suffix}")
            path.rename(old)
            part.rename(path)
            shutil.rmtree(old, ignore_errors=True)
        else:
            part.replace(path)
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    """What is not complete; of a folder also what threads that still run write to it, most of which end before the process."""
    if part.is_dir():
        atexit.register(_clear, part)
        _clear(part)
    else:
        part.unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    """Remove a folder until no thread has made it again for a while, or for ten seconds."""
    end, quiet = time.monotonic() + 10, 0
    while (folder.exists() or quiet < 5) and time.monotonic() < end:
        quiet = 0 if folder.exists() else quiet + 1
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.02)


def check_free(path: Path, overwrite: bool) -> None:
    """Refuse to replace what is there without being asked to, and a folder that is not there."""
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent}")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; give another name, or --overwrite to replace it")
    if path.is_dir() and kind_of(path) != "zarr":
        raise IsADirectoryError(f"{path} is a folder; give another name")
