"""What the commands compute, by the functions of labelled arrays."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from .._base.errors import ArgumentValueError
from .._functions import gradient, scalar, vector
from ._arguments import ends_of


def computed(data: Any, given: Namespace) -> Any:
    """The Dataset of results of a command."""
    names = given.var or _only(data)
    missing = [name for name in names if name not in data.data_vars]
    if missing:
        raise ArgumentValueError(f"there is no variable {missing[0]!r}; there are {_listed(data)}")
    _check_axes(data[names[0]], given)
    words = ("dim", "coord", "edge_order", "datetime_unit", "accuracy", "missing", "radius")
    options = {word: getattr(given, word) for word in words} | ends_of(given.boundary, given.periodic)
    options["geometry"] = "sphere" if given.sphere else None
    options = {word: value for word, value in options.items() if value is not None}
    steps = given.step or ()
    if given.command == "vorticity" and len(names) != 2:
        raise ArgumentValueError(
            f"vorticity is of two components, and {len(names)} were named; give --var u v"
        )
    if given.command in _OF_VECTORS:
        found = _OF_VECTORS[given.command]([data[name] for name in names], *steps, **options)
        return found.rename(given.command).to_dataset()
    # one by one, as of several those without the dims would be left out
    first, *others = (_OF_FIELDS[given.command](data[[name]], *steps, **options) for name in names)
    return first.assign({name: own for other in others for name, own in other.data_vars.items()})


_OF_VECTORS: dict[str, Any] = {"divergence": vector.divergence, "vorticity": vector.curl}
_OF_FIELDS: dict[str, Any] = {
    "gradient": gradient.gradient,
    "laplacian": scalar.laplacian,
    "slope": scalar.gradient_norm,
}


def _check_axes(sample: Any, given: Namespace) -> None:
    """Refuse, in words of the command line, axes that are not named and points at distances that are not known."""
    if given.command in _OF_VECTORS and not (given.dim or given.coord):
        raise ArgumentValueError(
            f"{given.command} needs --dim, one for each component in the order of --var: --var u v --dim lon lat"
        )
    dims = given.dim or (() if given.sphere else sample.dims)
    unknown = [dim for dim in dims if dim in sample.dims and dim not in sample.coords]
    if unknown and not (given.step or given.coord):
        raise ArgumentValueError(
            f"the dimension {unknown[0]!r} has no coordinate; give --step, one for all or one for each --dim, or --coord"
        )


def _only(data: Any) -> list[Any]:
    """The one variable of a file that has but one."""
    if len(data.data_vars) != 1:
        raise ArgumentValueError(
            f"--var is needed where there are several variables; there are {_listed(data)}"
        )
    return list(data.data_vars)


def _listed(data: Any) -> str:
    return (
        ", ".join(f"{name} ({', '.join(map(str, v.dims))})" for name, v in data.data_vars.items()) or "none"
    )
