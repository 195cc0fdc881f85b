"""`boundary=`, `periodic=` and `period=`, cleaned. Words are in `_stencils/ends/named.py`, what users prescribe in `walls/`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from .._backends.once import made_once
from .._base.checks import is_word
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted, shown
from .._base.words import answering, nearest
from .._stencils.ends import NAMED, ONE_SIDED, PERIODIC, End, OneSided
from .walls.components import Components, Wall, end_of
from .walls.conditions import Condition

Side = Wall | Components
Ends = tuple[Side, Side]
OPEN: tuple[End, End] = (ONE_SIDED, ONE_SIDED)
RING: tuple[End, End] = (PERIODIC, PERIODIC)


class Pole(OneSided):
    """Where latitudes and radii end: what rows there know of it is of the metric, until which they are one-sided."""

    word = "pole"


POLE = Pole()
_ON_POINT = 'the mirror at the end point is "reflect"'
_HALF = 'the mirror half a step outside is "symmetric", as in numpy.pad'
_EVEN = f"{_ON_POINT}, {_HALF}"
_NO_SLOPE = f"for a slope of 0 {_EVEN}, another slope is gridgrad.slope(s)"
_HELD = "a value at the end is gridgrad.value(v)"
_PRESCRIBING = ("value", "slope", "robin", "slip", "no_slip", "components", "clamped", "supported")
_OF_DICTS = {"value": "value", "derivative": "slope"}  # py-pde's
_ROUND = 'it is "periodic" here'
_INSIDE = 'rows that end at the last point are "one-sided" here'
# What numpy.pad, scipy.ndimage, xgcm and solvers call the ends of an axis.
_OTHER_NAMES = {
    "mirror": _ON_POINT, "even": _EVEN, "neumann": _NO_SLOPE, "no-flux": _NO_SLOPE, "zero-flux": _NO_SLOPE,
    "odd": 'the odd mirror about the value at the end point is "antireflect", about 0 half a step outside "antisymmetric"',
    "dirichlet": _HELD, "constant": _HELD, "fill": _HELD, "value": _HELD, "held": _HELD, "fixed": _HELD,
    "slope": "a slope at the end, outwards, is gridgrad.slope(s)", "flux": "a slope at the end, outwards, is gridgrad.slope(s)",
    "robin": "a f + b df/dn = c at the end is gridgrad.robin(a, b, c)", "mixed": "a f + b df/dn = c at the end is gridgrad.robin(a, b, c)",
    "clamped": "the end of a plate that is held fast is gridgrad.clamped()", "supported": "the end on which a plate rests is gridgrad.supported()",
    "simply-supported": "the end on which a plate rests is gridgrad.supported()",
    "slip": "the ends of vector fields at such a wall are gridgrad.slip()", "free-slip": "the ends of vector fields at such a wall are gridgrad.slip()",
    "no-slip": "the ends of vector fields at such a wall are gridgrad.no_slip()",
    "wrap": _ROUND, "grid-wrap": _ROUND, "circular": _ROUND,
    "edge": _HALF, "extend": _HALF, "nearest": _HALF, "grid-mirror": _HALF,
    "extrapolate": _INSIDE, "open": _INSIDE, "outflow": _INSIDE, "free": _INSIDE,
    "insulated": _NO_SLOPE, "insulating": _NO_SLOPE, "adiabatic": _NO_SLOPE, "zero-gradient": _NO_SLOPE,
    "pole": 'latitudes and radii end at a "pole", with geometry="sphere" or "polar" and an end for each axis, as boundary=["pole", "periodic"]',
}  # fmt: skip


def clean_ends(
    boundary: object,
    periodic: object,
    period: object,
    axes: Sequence[int],
    of_grid: bool = False,
    polar: int | None = None,
) -> tuple[tuple[Ends, ...], list[object]]:
    """Both ends of each axis and the periods, from ``boundary=`` or from its short form ``periodic=``; `polar` may end at a pole."""
    wraps = None if periodic is None else per_axis("periodic", periodic, axes, clean_periodic, of_grid)
    if boundary is None:
        ends: tuple[Ends, ...] = tuple((RING if wrap else OPEN) for wrap in wraps or [False] * len(axes))
        return ends, clean_periods(period, ends, axes, of_grid)
    ends = clean_boundary(boundary, axes, polar)
    for a, pair, wrap in zip(axes, ends, wraps or [pair == RING for pair in ends], strict=True):
        if wrap != (pair == RING):
            raise ArgumentTypeError(
                f"boundary={boundary!r} and periodic={periodic!r} contradict each other on axis {a}; "
                "give boundary= alone, which names the other ends too"
            )
    return ends, clean_periods(period, ends, axes, of_grid)


def clean_boundary(boundary: object, axes: Sequence[int], polar: int | None = None) -> tuple[Ends, ...]:
    """Both ends of each axis, of which the one of this number may end at a pole."""
    if isinstance(boundary, (str, Condition, Components)):
        return tuple(_ends(boundary, a, k == polar) for k, a in enumerate(axes))
    if not isinstance(boundary, (list, tuple)):
        raise ArgumentTypeError(
            f"boundary must be a name, or a sequence of names, got {shown(boundary)}; {_allowed()}{_called(boundary)}"
        )
    entries = list(boundary)
    if (
        len(axes) == 1
        and len(entries) == 2
        and not any(isinstance(entry, (list, tuple)) for entry in entries)
    ):
        entries = [tuple(entries)]  # the two ends of the only axis
    if len(entries) != len(axes):
        pairs = len(entries) == 2 * len(axes) and not any(
            isinstance(entry, (list, tuple)) for entry in entries
        )
        raise ArgumentValueError(
            f"boundary is of length {len(entries)} for {counted(len(axes), 'axis')}; give one name for all, or one (or a pair) for each"
            + (": boundary=list(zip(ends[::2], ends[1::2]))" if pairs else "")
        )
    return tuple(_ends(entry, a, k == polar) for k, (entry, a) in enumerate(zip(entries, axes, strict=True)))


def _ends(entry: object, axis: int, is_polar: bool) -> Ends:
    """Both ends of one axis; None is what is not said, of an axis or of an end."""
    pair = (entry, entry) if entry is None or isinstance(entry, (str, Condition, Components)) else entry
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise ArgumentTypeError(
            f"the boundary of axis {axis} is {shown(entry)}; give a name, or one for each of its two ends{_called(entry)}"
        )
    left, right = (
        POLE
        if is_polar and isinstance(name, str) and name == POLE.word
        else ONE_SIDED
        if name is None
        else _side(name, axis)
        for name in pair
    )
    if (left is PERIODIC) != (right is PERIODIC):
        raise ArgumentValueError(
            f'axis {axis} is "periodic" at one end only; an axis that repeats does so at both'
        )
    return left, right


def _side(given: object, axis: int) -> Side:
    """The end of a name, or what is prescribed there."""
    if isinstance(given, (End, Condition, Components)):  # cleaned before
        return given
    found = NAMED.get(given) if isinstance(given, str) else None
    if found is None:
        raise ArgumentValueError(
            f"unknown boundary {shown(given)} of axis {axis}; {_meant(given)}{_allowed()}{_called(given)}"
        )
    return found


def _called(given: object) -> str:
    """What to do with a function in the place of what it makes, with a number alone, or with the words of py-pde."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return (
            f"; a value at the end is gridgrad.value({given!r}), a slope outwards gridgrad.slope({given!r})"
        )
    if isinstance(given, dict):
        found = [
            f'gridgrad.{ours}({given[theirs]!r}, wall="face")'
            for theirs, ours in _OF_DICTS.items()
            if theirs in given
        ]
        return (
            f"; here it is {found[0]}"
            if found
            else '; axes are in their order, boundary=["periodic", ("reflect", "one-sided")]'
        )
    name = getattr(given, "__name__", None)
    return f"; call it, {name}(...)" if callable(given) and name in _PRESCRIBING else ""


@answering(
    normal="n", tangential="tangent parallel shear", scalar="scalars pressure p",
    named="components are told by their direction to the wall, components(normal=..., tangential=...): u v w x y z",
)  # fmt: skip
@made_once
def components(normal: object, tangential: object, scalar: object = None) -> Components:
    """The ends at a wall for each component of vector fields: words of ``boundary=``, or what is prescribed.

    Parameters
    ----------
    normal : end
        Of the component across the wall, that of the wall's axis.
    tangential : end, or tuple with one for each
        Of the components along the wall, in the order of the axes.
    scalar : end, optional
        Of scalar fields; without it operators of scalar fields are refused.

    Returns
    -------
    Components
        For ``boundary=``.

    Raises
    ------
    TypeError, ValueError
        Ends that are none; "periodic" for some; walls at different places.

    See Also
    --------
    slip, no_slip : the usual ones.

    Examples
    --------
    >>> import gridgrad as gg
    >>> lid = gg.components(normal=gg.value(0.0), tangential=gg.value(1.0), scalar="reflect")
    >>> gg.Grid((4, 1.0), (5, 1.0), boundary=[gg.no_slip(), (gg.no_slip(), lid)]).boundary[1]
    (no_slip(), components(value(0.0), value(1.0), 'reflect'))
    """
    several = tangential if isinstance(tangential, (list, tuple)) else (tangential,)
    ends = [_one_end(normal, "normal"), *(_one_end(end, "tangential") for end in several)]
    alone = None if scalar is None else _one_end(scalar, "scalar")
    places = {end_of(end).outside for end in (*ends, alone) if end is not None}
    if len(places) > 1:
        raise ArgumentValueError(
            'the walls of components() lie at different places; give all of them wall="point" ("reflect", "antireflect"), or all '
            'wall="face" ("symmetric", "antisymmetric")'
        )
    names = [spelled(end) for end in ends]
    along = tuple(names[1:]) if isinstance(tangential, (list, tuple)) else names[1]
    text = f"components({names[0]!r}, {along!r}" + (")" if alone is None else f", {spelled(alone)!r})")
    return Components(ends[0], tuple(ends[1:]) if len(several) > 1 else ends[1], alone, text)


def _one_end(given: object, word: str) -> Wall:
    if is_word(given, "periodic") or isinstance(given, Components):
        raise ArgumentValueError(
            f"{word}={shown(given)} is no end of one component; an axis is periodic for all of them"
        )
    try:
        end = _side(given, 0)
    except ArgumentValueError as error:
        raise ArgumentValueError(str(error).replace(" of axis 0", f" {word}={shown(given)}")) from None
    assert not isinstance(end, Components)
    return end


def without_poles(pair: Ends) -> Ends:
    """The ends as rows know them before there is a metric."""
    left, right = (ONE_SIDED if side is POLE else side for side in pair)
    return left, right


def spelled(side: Side) -> str | Condition | Components:
    """An end as a user gives it."""
    return side.word if isinstance(side, End) else side


def _meant(name: object) -> str:
    """What another library calls by this name, in our words, or one of ours in another spelling."""
    if not isinstance(name, str):
        return ""
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    for other, told in _OTHER_NAMES.items():
        if plain.replace("-", "") == other.replace("-", ""):  # "noflux" and "no flux" alike
            return f"{told}; "
    close = nearest(plain, NAMED)
    return f'did you mean "{close}"? ' if close else ""


def _allowed() -> str:
    return (
        "allowed are " + ", ".join(map(repr, NAMED)) + " and what gridgrad.value, slope and robin prescribe"
    )


def clean_periodic(value: object, axis: int) -> bool:
    """One axis' periodic flag."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentTypeError(
            f"periodic must be True or False (or one of them per axis), got {shown(value)} for axis {axis}"
        )
    return bool(value)


def clean_periods(period: object, ends: tuple[Ends, ...], axes: Sequence[int], of_grid: bool) -> list[object]:
    """The period of each axis, None where there is none; one number is that of all periodic axes."""
    repeats = [pair == RING for pair in ends]
    if not _is_sequence(period):
        if period is not None and not any(repeats):
            raise ArgumentValueError(
                'period is given, but no axis is "periodic"; say which are, '
                + ("periodic=True" if len(axes) == 1 else f"periodic={[k > 0 for k in range(len(axes))]}")
                + " for example, or leave period= away"
            )
        return [period if wrap else None for wrap in repeats]
    periods = per_axis("period", period, axes, lambda value, _: value, of_grid)
    for a, value, wrap in zip(axes, periods, repeats, strict=True):
        if value is not None and not wrap:
            raise ArgumentValueError(
                f"period is given for axis {a}{' of the grid' if of_grid else ''}, which is not periodic; "
                "give None in its place, or a number alone, which counts for the periodic axes"
            )
    return periods


Checked = TypeVar("Checked")


def per_axis(
    name: str, value: Any, axes: Sequence[int], check: Callable[[Any, int], Checked], of_grid: bool = False
) -> list[Checked]:
    """One value for all axes, or a sequence with one for each."""
    many = _is_sequence(value)
    if many and len(value) != len(axes):
        of = (
            f"a grid of {counted(len(axes), 'axis')}"
            if of_grid
            else counted(len(axes), "differentiated axis")
        )
        raise ArgumentValueError(
            f"{name} is of length {len(value)} for {of}; give one value, or one for each axis"
        )
    return [check(v, a) for v, a in zip(value if many else [value] * len(axes), axes, strict=True)]


def _is_sequence(value: object) -> bool:
    return isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1
