"""Keywords that a function does not have, answered with what is to be typed there instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from inspect import Parameter, signature
from typing import TypeVar, cast, get_args, get_type_hints

from ..errors import MISSING, ArgumentTypeError, crowded
from ..late import imported
from ..types import plain_signature

Function = TypeVar("Function", bound=Callable[..., object])
_offered: dict[str, Callable[..., object]] = {}

# What a keyword is about: in our other functions, NumPy, SciPy, torch, findiff, xarray, py-pde and others.
_TOPICS = {
    "spacing": "spacing coords coordinates coord varargs dx dy dz h step steps delta deltas x y z distances cellsize cell_size pixel_size res",
    "axis": "axis axes dim dims x_dim y_dim",
    "ends": "boundary periodic period edge_order bc bcs mode pad padding padding_mode wrap circular boundary_conditions",
    "values": "cval constant_values end_values values value ghost",
    "order": "order deriv degree n derivative",
    "accuracy": "accuracy acc",
    "form": "form",
    "side": "scheme side bias direction step_direction method upwind difference stencil offsets",
    "mask": "mask where",
    "breaks": "breaks segments split gap max_step",
    "weight": "weight",
    "workers": "workers threads nthreads num_threads n_jobs num_workers parallel",
    "out": "out output",
    "engine": "engine points check",
    "dtype": "dtype",
    "time": "datetime_unit time_unit",
    "device": "device stream cuda gpu",
    "velocity": "v velocity wind",
    "geometry": "geometry sphere spherical latlon lonlat projection crs",
    "iterations": "tol atol eps tolerance rtol maxiter max_iter",
    "missing": "missing skipna ignore_nan nan_policy",
    "nodata": "nodata no_data nodata_value fill_value missing_value na_value",
    "shape": "shape nx ny nz resolution num_points extent domain origin limits",
    "cells": "edges bounds bnds faces interfaces widths cell_edges cell_bounds vertices",
    "diffusivity": "k diffusivity d kappa nu alpha",
    "field": "f F g b rhs field data array input image right_hand_side source",
}
_TOPIC = {word: topic for topic, words in _TOPICS.items() for word in words.split()}

_ACCURATE = "accuracy= is offered by gradient, derivative, divergence, curl, jacobian, laplacian, vector_laplacian, biharmonic, mixed_derivative, advect, directional_derivative, gradient_norm and gradient_squared"
_ANYWHERE = {
    "form": 'the laplacian has forms: laplacian(f, x, form="conservative"); advection in flux form is divergence((u * f, v * f), x, y)',
    "values": "values at ends are prescribed by boundary=, gridgrad.value(v) for example",
    "side": 'differences to one side are those of derivative(f, x, side="left") and of advect(v, f, x, upwind=1); of a grid grid.derivative(0, side="left") and grid.advect(v, upwind=1)',
    "mask": "give a masked array, numpy.ma.array(f, mask=mask)",
    "breaks": "functions of samples have breaks, gradient(f, x, breaks=[5]), and so have grids: Grid(x).with_breaks(0, [5])",
    "weight": 'adjoints have weights: grid.gradient.adjoint(g, weight="quadrature")',
    "iterations": 'iterations end by rtol= or maxiter=: A.solve(b, method="cg", rtol=1e-8)',
    "engine": "it belongs to the derivatives of functions: gridgrad.autodiff.gradient(function, x)",
    "time": "name the unit by dividing: gradient(f, (t - t[0]) / numpy.timedelta64(1, 's'))",
    "device": "results are on the device of the field, on the current stream of its library, and a grid takes fields of every device",
    "velocity": "a velocity is the first argument of advect(v, f, x)",
    "diffusivity": "a diffusivity is the first argument of diffuse(k, f, x)",
    "nodata": 'what is missing is NaN, f = numpy.where(f == nodata, numpy.nan, f), and not read with missing="one-sided"; a grid has grid.with_mask(f != nodata)',
}
_FOR_SAMPLES = _ANYWHERE | {
    "cells": "samples are at points, those of cells at their centres: {call}, (edges[1:] + edges[:-1]) / 2)",
    **dict.fromkeys(
        ("spacing", "shape"),
        "the spacing goes in after the samples, a step or the coordinates of each axis: {call}, x, y)",
    ),
    "axis": "axes are named by axis=: {call}, x, axis=0)",
    "ends": 'the ends of axes are given by boundary=, periodic=, period= and edge_order=: {call}, boundary="periodic")',
    "order": "derivatives of order 2 are derivative(f, x, axis=0, order=2) and, for all axes, hessian(f, x, y)",
    "accuracy": f"{_ACCURATE}; this one has three-point rows",
    "dtype": "the result has the dtype of the samples, so convert those: f.astype(numpy.float32)",
}
_FOR_GRIDS = _ANYWHERE | {
    "cells": "the points of cells are their centres, Grid((edges[1:] + edges[:-1]) / 2), and fluxes into cells of other widths than its own (grid.quadrature[0] / widths) * grid.diffuse(k)",
    **dict.fromkeys(
        ("spacing", "shape"), "an axis of a grid is its coordinates, or (n, step): Grid(x, (64, 0.1))"
    ),
    "ends": 'the ends of axes are given by boundary=, periodic=, period= and edge_order=: Grid(x, boundary="reflect")',
    "order": "operators have an order: Grid(x).derivative(0, order=2)",
    "mask": "a grid has a mask from grid.with_mask(inside)",
    "accuracy": "operators have an accuracy: Grid(x).laplacian.with_(accuracy=4)",
    "workers": "operators have workers: Grid(x).laplacian(f, workers=1)",
    "out": "operators have out=: Grid(x).laplacian(f, out=result)",
}
_OF_THE_GRID = "the grid has it from where it was made: "
_FOR_OPERATORS = _ANYWHERE | {
    "velocity": "an operator has a velocity from where it was made: grid.advect((u, v))(f)",
    "diffusivity": "an operator has a diffusivity from where it was made: grid.diffuse(k)(f)",
    "spacing": _OF_THE_GRID + "Grid({axes}).{operator}",
    "axis": _OF_THE_GRID + "Grid(x, axes=(0,)).laplacian(f), and of one axis there is Grid(x).derivative(0)",
    "ends": _OF_THE_GRID + "Grid({axes}, {end}).{operator}",
    "order": "derivatives of order 2 are grid.derivative(0, order=2) and, for all axes, grid.hessian",
    "form": 'the laplacian has forms: grid.laplacian.with_(form="conservative"); advection in flux form is grid.divergence((u * f, v * f))',
    "accuracy": _ACCURATE.replace("gradient, ", "Grid's gradient, ", 1)
    + ": grid.laplacian.with_(accuracy=4)",
    "dtype": "the result has the dtype of the field, so convert that: f.astype(numpy.float32)",
    "workers": "the number of threads is given with the field: grid.laplacian(f, workers=1)",
    "out": "the result goes where out= says, given with the field: grid.laplacian(f, out=result)",
}
_EXACT = "derivatives of functions are exact, with no differences and no ends; those of samples are gradient(function(x), x, edge_order=2)"
_FOR_FUNCTIONS = {
    "ends": _EXACT,
    "accuracy": _EXACT,
    "side": _EXACT,
    "form": _EXACT,
    "spacing": "coordinates go in after the function: gridgrad.autodiff.gradient(function, x)",
    "axis": "one argument is differentiated by gridgrad.autodiff.partial(function, argnum=0)(x)",
    "order": "orders are those of gridgrad.autodiff.derivative(function, x, orders=(2,))",
    "dtype": "the result has the dtype of the coordinates, so convert those: x.astype(numpy.float32)",
}
_FOR_TORCH = _FOR_SAMPLES | {
    "ends": 'torch.gradient has edge_order= only; the other ends are those of gridgrad.gradient(f, 0.5, boundary="periodic")',
    "accuracy": "torch.gradient has none; use gridgrad.gradient(f, 0.5, accuracy=4)",
    "workers": "torch.gradient has none; use gridgrad.gradient(f, 0.5, workers=1)",
    "out": "torch.gradient has none; use gridgrad.gradient(f, 0.5, out=result)",
}


def offered(function: Function) -> Function:
    """Note a public function, whose keywords errors then name; the function itself, at no cost in calls.

    What catches other keywords, ``**others``, is no part of its signature, and what is `MISSING` has no default.
    """
    _offered[_name_of(function)] = function
    function.__signature__ = plain_signature(function)  # type: ignore[attr-defined]
    return function


def offered_as(name: str) -> Callable[[Function], Function]:
    """Note a method that stands in another class or module than that which users call it of."""

    def decorate(function: Function) -> Function:
        function.__qualname__ = name
        return offered(function)

    return decorate


def _name_of(function: Callable[..., object]) -> str:
    torch = function.__module__.startswith("gridgrad.torch")
    return f"gridgrad.torch.{function.__name__}" if torch else function.__qualname__


def answering(surplus: str = "", **told: str) -> Callable[[Function], Function]:
    """A function whose other keywords are answered: `told` has for each of its own, or for a sentence, what it may be called elsewhere.

    A sentence is ``words_of_it="sentence: other words"``, an own keyword ``keyword="other words"``; `surplus` is on too many arguments.
    Too few are answered by the names of those that are missing. A function that takes all keywords answers them itself.
    """

    def decorate(function: Function) -> Function:
        parameters = signature(function).parameters
        kinds = {name: p.kind for name, p in parameters.items()}
        takes_all = Parameter.VAR_KEYWORD in kinds.values()
        known = [name for name in parameters if name not in ("self", "grid", "others")]
        first = [name for name, kind in kinds.items() if kind is Parameter.POSITIONAL_OR_KEYWORD]
        most = len(first)
        needed = [name for name in first if parameters[name].default is Parameter.empty]
        instead: dict[str, str] = {}
        for own, entry in told.items():
            sentence, _, others = entry.rpartition(": ")
            instead |= dict.fromkeys(others.split(), sentence or f"here it is {own}=")

        @wraps(function)
        def call(*given: object, **words: object) -> object:
            wrong = [word for word in words if word not in known] if words and not takes_all else []
            missing = [word for word in needed[len(given) :] if word not in words]
            if not (wrong or missing) and len(given) <= most:
                return function(*given, **words)
            name = call.__qualname__ if call.__qualname__.startswith("Grid.") else function.__name__
            for word in wrong:
                said = instead.get(word.lower()) or _close(word, known) or _all_of(known)
                raise ArgumentTypeError(f"{name}() got an unexpected keyword argument {word!r}; {said}")
            if missing:
                raise ArgumentTypeError(
                    f"{name}() needs {' and '.join(missing)}; it takes {', '.join(known)}"
                )
            raise crowded(name, parameters, len(given), surplus)

        call.__signature__ = plain_signature(function)  # type: ignore[attr-defined]
        return cast(Function, call)

    return decorate


def required(name: str, **given: object) -> None:
    """Refuse a call of the function of this name without what it needs."""
    for word, value in given.items():
        if value is MISSING:
            raise ArgumentTypeError(f"{name}() needs {word}; it takes {', '.join(keywords(name))}")


def unexpected(name: str, others: Iterable[str], known: Sequence[str] | None = None) -> ArgumentTypeError:
    """The error on the first of the keywords that the function of this name does not have."""
    word, known = next(iter(others)), keywords(name) if known is None else known
    called = name.removesuffix(".__init__").removesuffix(".__call__") + "()"
    if name == "gridgrad.autodiff":
        called = "a function of gridgrad.autodiff"
    return ArgumentTypeError(
        f"{called} got an unexpected keyword argument {word!r}; {_instead(name, word, known)}"
    )


def misplaced(operator: str, options: dict[str, object], has_field: bool) -> ArgumentTypeError:
    """The error on options of an operator of a grid that came to its call."""
    _, call = _made_by(f"Grid.{operator}")
    made, _, field = call.rpartition("(")
    given = ", ".join(f"{word}={value!r}" for word, value in options.items())
    words = " and ".join(f"{word}=" for word in options)
    return ArgumentTypeError(
        f"{words} {'is an option' if len(options) == 1 else 'are options'} of the operator, not of its call: "
        f"grid.{made}.with_({given}){f'({field}' if has_field else ''}"
    )


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The one of those known that looks most like a word; nothing if none looks like it."""
    matches = imported("difflib").get_close_matches  # not at the import of gridgrad, which makes no mistakes
    return next(iter(matches(word, list(known), 1, likeness)), "")


def topic_of(word: str) -> str:
    """What a keyword is about, in whichever library; nothing where that is not known."""
    return _TOPIC.get(word.lower(), "")


def keywords(name: str) -> list[str]:
    """The keywords of a public function, those of its ``**ends`` included."""
    found: list[str] = []
    for parameter in signature(_offered[name]).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            hints = get_type_hints(_offered[name]).get(parameter.name)
            found += [key for typed in get_args(hints) for key in get_type_hints(typed)]
        elif parameter.kind is not parameter.VAR_POSITIONAL and parameter.name not in ("self", "grid"):
            found.append(parameter.name)
    return found


def _instead(name: str, word: str, known: Sequence[str]) -> str:
    flows = "v" in known and "k" not in known  # what else could be meant by u
    topic = _TOPIC.get(word.lower(), "velocity" if flows and word.lower() in ("u", "c", "w") else "")
    meant = [key for key in known if _TOPIC.get(key) == topic != "ends"]
    if len(meant) == 1:
        return f"here it is {meant[0]}="
    sentence = _sentences(name).get(topic)
    if sentence is not None:
        axes, operator = _made_by(name)
        return sentence.format(call=_call_of(name, known), axes=axes, operator=operator, end=_end(word.lower()))  # fmt: skip
    close = _close(word, known)
    if close:
        return close
    elsewhere = nearest(word, _TOPIC, 0.8)
    if elsewhere not in ("", word):  # a typing error in a word that another function has
        return _instead(name, elsewhere, known)
    return _all_of(known)


def _close(word: str, known: Sequence[str]) -> str:
    close = nearest(word, known)
    return f"did you mean {close}=?" if close else ""


def _all_of(known: Sequence[str]) -> str:
    return f"it takes {', '.join(f'{key}=' for key in known) or 'none'}"


def _sentences(name: str) -> dict[str, str]:
    if name.startswith("gridgrad.torch."):
        return _FOR_TORCH
    if name == "gridgrad.autodiff":
        return _FOR_FUNCTIONS
    if name == "Grid.__init__":
        return _FOR_GRIDS
    return _FOR_OPERATORS if "." in name else _FOR_SAMPLES


def _call_of(name: str, known: Sequence[str]) -> str:
    """The beginning of a call, with the samples."""
    return f"{name}({', '.join(key for key in known if key in ('f', 'F', 'v', 'k'))}"


_OF_OPERATORS = {"derivative": "0)(f", "mixed_derivative": "0, 1)(f", "directional_derivative": "v)(f", "advect": "v)(f", "diffuse": "k)(f"}  # fmt: skip
_OF_VECTORS = ("divergence", "curl", "jacobian", "vector_laplacian")


def _made_by(name: str) -> tuple[str, str]:
    """The axes of a grid, and the call of the operator of this name on it."""
    method = name.split(".")[1] if name.startswith("Grid.") else "laplacian"
    given = "F" if method in _OF_VECTORS else _OF_OPERATORS.get(method, "f")
    return "x, y" if given in ("F", "0, 1)(f") else "x", f"{method}({given})"


def _end(word: str) -> str:
    """The word of a grid about its ends that is meant, with a value."""
    if word == "edge_order":
        return "edge_order=1"
    return "periodic=True, period=360" if word in ("periodic", "period") else 'boundary="reflect"'
