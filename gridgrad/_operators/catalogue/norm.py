"""The norm of the gradient and its square, which are not linear."""

from __future__ import annotations

from math import prod
from typing import Never, cast

import numpy as np

from ..._backends.ladder import parts_of
from ..._backends.slices import is_complex
from ..._base.types import Scalar, Vector
from ..._grid.points import Points
from ..._terms.term import Join, Term
from ..._wraps.units import unwrap, wrap
from ..fields.coefficients import Argument, Given, check_names
from ..fields.forms import Form, flat
from ..fields.gather import gather
from ..operator import Operator
from ..patterns.build import unit
from ..patterns.kinds import Origin, kind
from ..sweep import Sweep
from .first import gradient, vector
from .options import accuracy_option


@kind(accuracy_option, geometry=True, holds=False)
def gradient_norm(grid: Points, accuracy: int | None) -> OfSlopes:
    """``sqrt(sum |d_a f|^2)`` of a scalar field: real, without overflow on the way; it is not linear."""
    return OfSlopes.joined(grid, "gradient_norm", Join.NORM, accuracy)


@kind(accuracy_option, geometry=True, holds=False)
def gradient_squared(grid: Points, accuracy: int | None) -> OfSlopes:
    """``sum |d_a f|^2`` of a scalar field: real; it is not linear.

    Where slopes are beyond the root of the largest number of the dtype it is inf, and `gradient_norm` is not.
    """
    return OfSlopes.joined(grid, "gradient_squared", Join.SQUARES, accuracy)


class OfSlopes(Sweep[Scalar, Scalar]):
    """What the slopes along all axes make together; it takes complex samples as their two parts.

    Slopes that are sums, as those in a metric, with weights of lines, beside gaps or prescribed ends, are made before they are
    squared, and so are those of fields that hold a value at walls.
    """

    accuracy: int | None = None  # of the slopes
    slopes: Operator[Scalar, Vector] | None = None  # that make them, where they are made first

    @classmethod
    def joined(cls, grid: Points, name: str, join: Join, accuracy: int | None) -> OfSlopes:
        """The operator of this name."""
        made_first = grid.has_lines or grid.mask is not None
        terms = (Term(0, 0, None, unit(grid), join=join),) if made_first else _slopes(grid, join, accuracy, 1)
        made = cls.of(grid, name, terms)
        made.accuracy = accuracy
        if (
            made_first
            or grid.metric is not None
            or any(axis.along().sides or any(end.is_held for end in axis.ends) for axis in grid.axis_objects)
        ):
            made.slopes = gradient.on(grid, (), accuracy)
        return made

    def _prescribed(self) -> tuple[Argument, ...]:
        """What is prescribed for the slopes."""
        return () if self.slopes is None else self.slopes.arguments

    arguments = cast(tuple[Argument, ...], property(_prescribed))

    def taken(self) -> list[Given]:
        """The same with its fields."""
        return [] if self.slopes is None else self.slopes.taken()

    def with_own(self, fields: dict[str, object]) -> OfSlopes:
        """The operator of slopes with other fields."""
        return self if self.slopes is None else self.of_slopes(self.slopes.with_own(fields))

    def of_slopes(self, slopes: Operator[Scalar, Vector]) -> OfSlopes:
        """The same, which other slopes make."""
        made = type(self)(self.pattern)
        made.accuracy, made.slopes = self.accuracy, slopes
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return _of_slopes, (self.grid, self.origin, self.slopes)

    @property
    def linear(self) -> Never:
        """Refused: what walls prescribe is not added to what the field makes."""
        self.pattern.require_linear("a linear part and an offset")
        raise AssertionError

    def with_gaps(self, grid: Points) -> OfSlopes:
        """The same on this grid with gaps, of its gradient."""
        made = type(self).joined(grid, self.name, self.terms[0].join, self.accuracy)
        assert self.origin is not None
        made.descend_from(self.origin)
        return made

    def applied_to(
        self, f: object, out: object = None, workers: int | None = None, add: bool = False, fields: dict[str, object] | None = None
    ) -> object:  # fmt: skip
        """Apply it."""
        grid, join = self.grid, self.terms[0].join
        if self.slopes is not None:
            if fields:
                self._check(fields, f)
            slopes = self.slopes.applied_to(f, None, workers, fields=fields)
            form = vector(grid)
            if is_complex(flat(slopes, form)[0]):
                numbers, unit = unwrap(slopes, "f")
                call = gather(numbers, form)
                parts = [wrap(part, unit) for part in parts_of(call.library, call.samples)]
                return _of_vector.on(grid.whole, (self.name, join, (len(parts),))).applied_to(
                    parts, out, workers, add
                )
            return _of_vector.on(grid.whole, (self.name, join, form)).applied_to(slopes, out, workers, add)
        numbers, unit = unwrap(f, "f")
        if fields or (type(f) is np.ndarray and f.dtype.kind != "c"):
            return super().applied_to(f, out, workers, add, fields)
        call = gather(numbers, ())
        if not is_complex(call.samples[0]):
            return super().applied_to(wrap(call.samples[0], unit), out, workers, add)
        parts = [wrap(part, unit) for part in parts_of(call.library, call.samples)]
        return self.of_parts().applied_to(parts, out, workers, add)

    def _check(self, fields: dict[str, object], f: object) -> None:
        """Refuse words of a call that are none of what is prescribed, as those of this operator."""
        assert self.origin is not None
        self.origin.refuse_options(fields, f)
        check_names(self.arguments, fields, self.taken, f"{self.origin.path}.__call__")

    def of_parts(self) -> Sweep[Vector, Scalar]:
        """The same of the real and the imaginary part of complex samples."""
        return _of_parts.on(self.grid, (self.name, self.terms[0].join, self.accuracy))


def _of_slopes(grid: Points, origin: Origin, slopes: Operator[Scalar, Vector] | None) -> OfSlopes:
    made: OfSlopes = origin.made(grid)
    return made if slopes is None else made.of_slopes(slopes)


@kind(geometry=True, holds=False)
def _of_parts(grid: Points, name: str, join: Join, accuracy: int | None) -> Sweep[Vector, Scalar]:
    """The same over the axes and over the real and the imaginary part of complex samples."""
    return Sweep.of(grid, name, _slopes(grid, join, accuracy, 2), (2,))


@kind(geometry=True, holds=False)
def _of_vector(grid: Points, name: str, join: Join, form: Form) -> Sweep[Vector, Scalar]:
    """The length of a vector field at each point, or its square; of complex ones of their two parts."""
    terms = tuple(Term(0, k, None, unit(grid), join=join) for k in range(prod(form)))
    return Sweep.of(grid, name, terms, form)


def _slopes(grid: Points, join: Join, accuracy: int | None, parts: int) -> tuple[Term, ...]:
    rows = [axis.along(1, accuracy).field for axis in grid.axis_objects]
    return tuple(Term(0, p, a, row, join=join) for p in range(parts) for a, row in enumerate(rows))
