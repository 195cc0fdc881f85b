"""The words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Container, Iterator, Sequence
from math import inf
from typing import Any

from .._base.errors import ArgumentValueError
from .._base.version import __version__
from .._base.words import topic_of

_COMMANDS = {
    "gradient": "the derivative of each variable along each --dim",
    "laplacian": "the sum of second derivatives along all --dim",
    "slope": "the length of the gradient: rise over run",
    "divergence": "of a vector field: --var u v --dim lon lat, the component along each dimension in this order",
    "vorticity": "dv/dx - du/dy: --var u v --dim x y",
}
# the functions of these commands, which are known too
_IN_PYTHON = {"slope": ["gradient_norm"], "vorticity": ["curl"]}
_EXIT = "Exit codes: 0 done, 1 a file cannot be read or written, 2 something in the command or the data that is refused."


# What flags of other names are about (`topic_of`), and the flags that are here.
_TOPICS = {
    "spacing": "--step H", "axis": "--dim NAME", "ends": "--boundary DIM=END or --periodic DIM", "geometry": "--sphere", "out": "OUT, behind IN, without a flag",
    "field": "--var NAME", "missing": "--missing one-sided", "accuracy": "--accuracy 4", "time": "--datetime-unit UNIT",
}  # fmt: skip


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The words of a command; the parser ends the process where it does not know one."""
    made = parser()
    given, others = made.parse_known_args(arguments)
    if others:
        made.error(f"unrecognized arguments: {' '.join(others)}; {_instead(others[0])}")
    return given


def _instead(word: str) -> str:
    name = word.lstrip("-").partition("=")[0].replace("-", "_")
    if not word.startswith("-"):
        return (
            "a command takes two files, IN OUT; variables are named by --var NAME, dimensions by --dim NAME"
        )
    if name in ("edge_order", "datetime_unit"):
        return f"here it is --{name.replace('_', '-')}"
    topic = "field" if name in ("variable", "variables", "name") else topic_of(name)
    here = _TOPICS.get(topic)
    return f"here it is {here}" if here else "gridgrad COMMAND --help lists those that there are"


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made = argparse.ArgumentParser(
        prog="gridgrad", description="Derivatives of gridded data, from file to file: NetCDF (.nc), Zarr (.zarr) or NumPy (.npy).",
        epilog=_EXIT,
    )  # fmt: skip
    made.add_argument("--version", action="version", version=f"gridgrad {__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in _COMMANDS.items():
        others = _IN_PYTHON.get(name, [])
        command = commands.add_parser(
            name, aliases=others, help=what, description=f"{name}: {what}.", epilog=_EXIT
        )
        command.set_defaults(command=name)  # by whichever name it came
        _add_operator(command)
    info = commands.add_parser(
        "info", help="what is in a file: variables, dimensions, coordinates and their steps"
    )
    info.add_argument("input", metavar="IN")
    _add_group(info)
    return made


def _add_group(command: argparse.ArgumentParser) -> None:
    command.add_argument("--group", metavar="NAME", help="a group of a NetCDF or Zarr file, /a/b")


def _add_operator(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("input", metavar="IN")
    add("output", metavar="OUT")
    _add_group(command)
    add("--var", nargs="+", metavar="NAME", help="variables; the only one of the file by default")
    add("--dim", nargs="+", metavar="NAME", help="dimensions; of an npy file 0, 1, ...")
    add("--coord", nargs="+", metavar="NAME", help="other one-dimensional coordinates to differentiate by")
    add("--step", nargs="+", type=float, metavar="H", help="distances of points, for dimensions without coordinate")  # fmt: skip
    add("--periodic", nargs="+", metavar="DIM[=PERIOD]", help="dimensions that repeat, with their period where they have coordinates: lon=360")  # fmt: skip
    add("--boundary", nargs="+", metavar="DIM=END[,END]", help="ends of dimensions, or the two of each: reflect, symmetric, antireflect, antisymmetric, one-sided, pole")  # fmt: skip
    add("--edge-order", type=int, choices=(1, 2), default=2, help="order of accuracy at the ends (2)")
    add("--accuracy", type=int, choices=(2, 4, 6), help="wider rows, of this order everywhere")
    add("--sphere", action="store_true", help="--dim are latitude and longitude, by their attributes or names: per metre on a sphere")  # fmt: skip
    add("--radius", type=float, metavar="R", help="metres, of --sphere (6371229)")
    add("--missing", choices=("one-sided",), help="rows beside missing values (NaN) are one-sided, as at ends")  # fmt: skip
    add("--datetime-unit", default="s", metavar="UNIT", help="unit of time axes: W, D, h, m, s, ms, us or ns (s)")  # fmt: skip
    add("--chunks", nargs="+", metavar="DIM=N", help="points of a chunk along dimensions, or the word auto: computed piece by piece")  # fmt: skip
    add("--overwrite", action="store_true", help="replace OUT where it exists")
    add("--quiet", "-q", action="store_true", help="no progress on a terminal")


def ends_of(boundary: list[str] | None, periodic: list[str] | None) -> dict[str, Any]:
    """``["lon=360"]`` and ``["lat=one-sided,reflect"]`` as the words of functions."""
    ends: dict[str, object] = {}
    periods: dict[str, float] = {}
    for dim, period in _pairs("--periodic", periodic, "DIM or DIM=PERIOD, lon=360", _is_period, ends):
        ends[dim] = "periodic"
        if period:
            periods[dim] = float(period)
    for dim, words in _pairs("--boundary", boundary, "DIM=END or DIM=END,END, x=reflect", bool, ends):
        ends[dim] = tuple(words.split(",")) if "," in words else words
    return {**({"boundary": ends} if ends else {}), **({"period": periods} if periods else {})}


def _pairs(
    flag: str, given: list[str] | None, form: str, allowed: Callable[[str], bool], known: Container[str]
) -> Iterator[tuple[str, str]]:
    for entry in given or ():
        dim, _, word = entry.partition("=")
        if not dim or not allowed(word):
            raise ArgumentValueError(f"{flag} takes {form} for example; got {entry!r}")
        if dim in known:
            raise ArgumentValueError(
                f"the ends of {dim!r} are given twice; name them once, by --boundary or --periodic"
            )
        yield dim, word


def _is_period(word: str) -> bool:
    try:
        return not word or 0 < float(word) < inf
    except ValueError:
        return False


def chunks_of(given: list[str] | None) -> dict[str, int] | str | None:
    """``["time=10", "lat=100"]`` by dimension, or ``auto``."""
    if not given or given == ["auto"]:
        return "auto" if given else None
    found = {}
    for entry in given:
        dim, _, number = entry.partition("=")
        if not number.isdecimal() or not int(number):
            raise ArgumentValueError(f"--chunks takes DIM=N, time=10 for example, or auto; got {entry!r}")
        found[dim] = int(number)
    return found
