"""`show_config`: what this installation runs on."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ._backends import cuda, ladder
from ._backends.numpy import core
from ._base import cache
from ._base.version import __version__


def show_config(mode: str = "print") -> dict[str, Any] | None:
    """Print what this installation runs on, or return it with ``mode="dict"``.

    Tells the path of the compiled core, the CPU level it chose, the threads it may use, the CuPy and
    CUDA devices it finds, and what its caches hold: entries, bytes (shared memory counted by each that
    shares it), and how many were ever made. ``core: None`` means that gridgrad was installed without a
    C++ compiler and works through array slices: the same values, slower. ``ways`` counts since the
    start of the process how arrays in memory were computed: ``kernel`` sweeps; calls that needed several of
    them (``split``), copies of the arrays (``copy``: unaligned data), or array slices (``slices``: long double,
    weights beyond the exponents, no core), which take memory and are slow.

    Parameters
    ----------
    mode : "print" or "dict"
        Whether to print the facts or to return them.

    Returns
    -------
    None or dict

    Raises
    ------
    ValueError
        Another mode.

    Examples
    --------
    >>> import gridgrad as gg
    >>> gg.show_config("dict")["gridgrad"] == gg.__version__
    True
    """
    if mode not in ("print", "dict"):
        raise ValueError(f"mode must be 'print' or 'dict', got {mode!r}")
    facts: dict[str, Any] = {
        "gridgrad": __version__,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }
    facts |= core.describe()
    facts["ways"] = _ways()
    facts |= cuda.describe()
    facts["caches"] = cache.describe()
    if mode == "dict":
        return facts
    facts["caches"] = _in_words(facts["caches"])
    print("\n".join(f"{name:>14}: {value}" for name, value in facts.items()))
    return None


def _ways() -> dict[str, int]:
    """How calls were computed so far."""
    counted = dict(ladder.counts)
    return {"kernel": core.sweeps() + counted.pop("launch"), **counted}


def _in_words(caches: dict[str, dict[str, int]]) -> str:
    """The caches that hold something."""
    used = (
        f"{name} {c['entries']} ({c['bytes'] / 2**20:.1f} MiB)" for name, c in caches.items() if c["entries"]
    )
    return ", ".join(used) or "empty"
