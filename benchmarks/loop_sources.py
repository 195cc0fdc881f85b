"""Loops over the inner points of an operator's terms, as one writes them for numba, for any number of axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from gridgrad._operators.joined import Product, Sum

INDICES = "ijk"
Shift = tuple[int, ...]
Value = Callable[[Shift], str]  # what is read some points from the loop's own


class Source:
    """The text of a loop; its arrays are ``x0``, ``x1``, ..., its weights ``w0``, ``w1``, ..., its outputs ``o0``, ..."""

    def __init__(self, operator: Any, fields: Sequence[np.ndarray]) -> None:
        self.axes, self.reach = fields[0].ndim, 1
        self.arrays, self.weights, self.lines = list(fields), list[Any](), list[str]()
        inputs = [partial(self.at, f"x{k}") for k in range(len(fields))]
        self.values = [value((0,) * self.axes) for value in self.outputs_of(operator, inputs)]

    def text(self) -> str:
        """A function of weights, arrays and outputs."""
        outs = [f"o{k}" for k in range(len(self.values))]
        given = [
            *(f"w{k}" for k in range(len(self.weights))),
            *(f"x{k}" for k in range(len(self.arrays))),
            *outs,
        ]
        lines = [f"def loop(half, {', '.join(given)}):"]
        for k, index in enumerate(INDICES[: self.axes]):
            lines.append(
                f"{'    ' * (k + 1)}for {index} in range({self.reach}, o0.shape[{k}] - {self.reach}):"
            )
        own = [
            *self.lines,
            *(f"{self.at(o, (0,) * self.axes)} = {v}" for o, v in zip(outs, self.values, strict=True)),
        ]
        return "\n".join([*lines, *("    " * (self.axes + 1) + line for line in own)])

    def at(self, array: str, shift: Shift) -> str:
        """An element of an array."""
        places = [f"{i}{s:+d}" if s else i for i, s in zip(INDICES, shift, strict=False)]
        return f"{array}[{', '.join(places)}]"

    def outputs_of(self, operator: Any, inputs: Sequence[Value]) -> list[Value]:
        """The outputs of an operator, of a sum or of a product."""
        if isinstance(operator, Product):
            return self.outputs_of(operator.outer, self.outputs_of(operator.inner, inputs))
        if isinstance(operator, Sum):
            pairs = zip(*(self.outputs_of(part, inputs) for part in operator.parts), strict=True)
            return [lambda shift, a=a, b=b: f"({a(shift)} + {b(shift)})" for a, b in pairs]
        coefficients = []
        settled = operator.settled_like(self.arrays[0]) if operator.pattern.follows else operator
        for array in settled.coefficients:
            coefficients.append(partial(self.at, f"x{len(self.arrays)}"))
            self.arrays.append(np.asarray(array))
        terms = [term for term in operator.terms if not term.ends]
        self.reach = max(
            self.reach,
            *(len(rows) for term in terms for _, s in term.stencils() for rows in (s.leading, s.trailing)),
        )
        return [
            partial(self.sum_of, [t for t in terms if t.output == k], inputs, coefficients, operator.name == "gradient_norm")
            for k in range(len(operator.grids_out))
        ]  # fmt: skip

    def sum_of(
        self, terms: list[Any], inputs: Sequence[Value], coefficients: Sequence[Value], is_norm: bool, here: Shift
    ) -> str:  # fmt: skip
        """The sum of some terms, or their norm."""
        found = []
        for k, term in enumerate(terms):
            own = partial(self.differences, term, inputs[term.input], coefficients)
            if term.outer_sign > 0:
                other = partial(self.differences, terms[k + 1], inputs[term.input], coefficients)
                found.append(self.chosen(coefficients[term.outer](here), own(here), other(here)))
            elif not term.outer_sign:
                value = own(here) if term.then is None else self.pairs(*term.then, here, own)
                found.append(value if term.outer is None else f"{coefficients[term.outer](here)} * {value}")
        return f"sqrt({' + '.join(f'({v}) ** 2' for v in found)})" if is_norm else f"({' + '.join(found)})"

    def chosen(self, field: str, below: str, above: str) -> str:
        """Of two values the one that the sign of their coefficient chooses."""
        one, other = (f"d{len(self.lines) + k}" for k in range(2))
        self.lines += [f"{one} = {below}", f"{other} = {above}"]
        return f"{field} * ({one} if {field} > 0 else {other})"

    def differences(self, term: Any, value: Value, coefficients: Sequence[Value], here: Shift) -> str:
        """The pairs of a term's own stencil."""
        if term.inner is not None:
            inner, plain = coefficients[term.inner], value
            value = lambda shift: f"({inner(shift)} * {plain(shift)})"  # noqa: E731
        faces = None if term.faces is None else coefficients[term.faces]
        return self.pairs(term.axis, term.stencil, here, value, faces)

    def pairs(
        self, axis: int | None, stencil: Any, here: Shift, value: Value, faces: Value | None = None
    ) -> str:  # fmt: skip
        """The sum of weights times differences, or times values; of one weight times a coefficient at each face."""
        found = []
        for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True):
            before, after = (
                here if axis is None else (*here[:axis], here[axis] + k, *here[axis + 1 :]) for k in (a, b)
            )
            mean = "" if faces is None else f"(({faces(before)} + {faces(after)}) * half) * "
            what = value(after) if stencil.values or a == b else f"({value(after)} - {value(before)})"
            found.append(f"{self.weight(weight, axis, here)} * {mean}{what}")
        return f"({' + '.join(found)})" if len(found) > 1 else found[0]

    def weight(self, weight: Any, axis: int | None, here: Shift) -> str:
        """A number, or one for each point of an axis."""
        known = next((k for k, own in enumerate(self.weights) if own is weight), len(self.weights))
        if known == len(self.weights):
            self.weights.append(weight)
        if axis is None or not np.ndim(weight):
            return f"w{known}"
        return f"w{known}[{INDICES[axis]}{here[axis]:+d}]"


@cache
def compiled(text: str) -> Callable[..., None] | None:
    """By numba; None without it."""
    try:
        import numba
    except ImportError:
        return None
    space: dict[str, Any] = {"sqrt": np.sqrt}
    exec(text, space)
    compiled: Callable[..., None] = numba.njit(space["loop"])
    return compiled


def make(
    operator: Any, fields: list[np.ndarray], outs: list[np.ndarray]
) -> tuple[Callable[[], Any] | None, int]:
    """A call that fills the inner points of `outs`, None without numba; and how many points at each end are not inner."""
    source, dtype = Source(operator, fields), fields[0].dtype
    loop = compiled(source.text())
    arrays = [np.ascontiguousarray(array, dtype) for array in source.arrays]
    weights = [np.asarray(weight, dtype)[()] for weight in source.weights]
    call = None if loop is None else lambda: loop(dtype.type(0.5), *weights, *arrays, *outs)
    return call, source.reach
