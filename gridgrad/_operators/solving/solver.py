"""`Solver`: an operator's inverse, made once, for right-hand sides of every library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, Never, Protocol, Self, Unpack

import numpy as np

from ..._backends import dispatch
from ..._backends.once import left_out
from ..._backends.operations import dtype_name
from ..._backends.protocol import Backend
from ..._base.cache import Cache, cached_property
from ..._base.errors import MISSING, ArgumentTypeError, ArgumentValueError
from ..._base.late import sparse
from ..._base.outputs import targets_of
from ..._base.types import Array, Seen, seen
from ..._base.words import nearest, offered
from ..._base.words.names import unknown
from ..._grid.points import Points
from ..._terms.term import Term
from ..._wraps.units import present
from ..fields.coefficients import Argument, Given
from ..fields.forms import flat, shaped
from ..fields.gather import check_dtypes, gather
from ..fields.quantities import check_without_units
from ..fields.weights import as_given
from ..holding.held import components_of, with_values
from ..on_fields import refuse
from ..sparse import Applied, linear_operator
from .eigenbasis import CLOSE, EVEN
from .factored import Unknowns, factored
from .inverse import ROUNDING, Inverse
from .iterative import METHODS, Iterated, Limits, Tolerance
from .polynomial import Chains, polynomial
from .refined import refined
from .separable import separable
from .staying.blocked import blocked
from .staying.profiled import profiled

_EPS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "complex64": 2.0**-23}
_kept: Cache[tuple[list[Array], Solver]] = Cache("solvers", entries=8)


class Solvable(Applied, Protocol):
    """What a solver needs of an operator."""

    grid: Points
    arguments: tuple[Argument, ...]

    def taken(self) -> list[Given]:
        """Its arguments, each with its fields."""

    def with_own(self, fields: dict[str, object]) -> Solvable:
        """With other fields."""

    def of_copies(self) -> Solvable:
        """With copies of its fields."""

    def of_fields(self, fields: dict[str, object], method: str) -> Solvable:
        """With other fields, whose names are checked."""

    def matrix(self) -> sparse.csr_array:
        """Of its linear part."""

    def separate(self) -> tuple[Term, ...] | None:
        """Its terms, where they are all that there is to it."""

    def factor_values(self) -> list[Array]:
        """What multiplies in them."""

    def chains(self) -> Chains | None:
        """The sum of products of sweeps that it is, each by its terms."""

    @property
    def linear(self) -> Solvable:
        """Without what is prescribed."""

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""


_CALLS = dict.fromkeys(("solve", "apply", "matvec", "dot"), "it is called, solver(b)")  # as solvers elsewhere


class Solver(metaclass=Seen):
    """What `Operator.solver` makes: the inverse of an operator, with all that does not depend on the right-hand side.

    Coefficients count with the values that they had when it was made; what is prescribed at walls with those of each call.

    Attributes
    ----------
    operator : Operator
        What it solves.
    method : str or None
        As it was asked for; ``print`` of the solver says which way it takes.
    """

    _seen = ("method", "operator")
    __dir__ = seen

    def __init__(self, operator: Solvable, method: str | None = None, **tolerance: Unpack[Limits]) -> None:
        check_method(method)
        check_square(operator)
        constants_of(operator)
        self.operator, self.method = operator.of_copies(), method
        self._tolerance = tolerance
        self._of_dtypes: dict[str, Inverse] = {}
        self._is_affine = operator.linear is not operator

    @cached_property
    def _inverse(self) -> Inverse:
        return inverse_of(self.operator.linear, self.method, self._tolerance)

    def made(self) -> Self:
        """With its transforms and factors, which are otherwise those of the first right-hand side that fits."""
        self._inverse  # noqa: B018
        return self

    def __repr__(self) -> str:
        return f"<solver of {self.operator!r}: {self._inverse.described}>"

    if not TYPE_CHECKING:  # or a checker would take every name for one

        def __getattr__(self, name: str) -> Never:
            raise unknown(self, "a solver", name, sentences=_CALLS)

    @offered
    @left_out("solves")
    def __call__(self, b: Any = MISSING, *others: object, out: Any = None, **walls: object) -> Any:
        """The field u with ``A(u) = b``.

        Parameters
        ----------
        b : field of the operator's output form
            An array of shape ``(..., *grid.shape)``, or a vector field. What stands at points whose value is
            prescribed does not count.
        out : array or nested sequence of arrays, optional
            Where the result goes.
        **walls
            What is prescribed at walls, by the names that `value`, `slope` and `robin` were given.

        Returns
        -------
        field of the operator's input form
            In the library of `b`; see `Operator.solve`.
        """
        if others or b is MISSING:
            refuse("Solver.__call__", (b, *others), "solver(b, out=u)", walls, b=b)
        operator = self.operator
        if walls:
            operator = self._with(walls)
        form = operator.inputs
        if present(b, out):
            raise ArgumentValueError(
                "a solve is for numbers, and b has units; give its numbers, b.magnitude of pint, b.value of astropy"
            )
        if not form and hasattr(b, "mask"):
            raise ArgumentTypeError("b is masked, and a solve needs all values; fill it, b.filled(0.0)")
        given = gather(b, form, name="b", check=operator.grid.axes_of)
        library, fields = given.library, self._floating(given.library, given.samples)
        targets = None if out is None else self._targets(library, out, fields)
        start = self._start(library, operator, fields)
        rest = (
            fields
            if start is None
            else _differences(fields, flat(self.operator(shaped(start, form), **walls), form))
        )
        found = self._solved(library, rest, partial(self._of_dtype, dtype_name(given.samples[0])))
        if start is not None:
            found = [a + s for a, s in zip(found, start, strict=True)]
        if targets is not None:
            for target, field in zip(targets, found, strict=True):
                library.assign(target, field)
            return out
        if given.stacked and form:
            xp = library.operations(*found)
            return xp.reshape(xp.stack(found), (*form, *found[0].shape))
        return shaped(found, form)

    def _with(self, walls: dict[str, object]) -> Solvable:
        """The operator with something else prescribed; coefficients are in the factors."""
        inside = [a.name for a in self.operator.arguments if a.side is None and a.name in walls]
        if inside:
            raise ArgumentTypeError(
                f"{inside[0]}= is part of what was factored; make another solver, A.with_({inside[0]}={inside[0]}).solver()"
            )
        return self.operator.of_fields(walls, "solver")

    def _floating(self, library: Backend[Array], fields: Sequence[Array]) -> list[Array]:
        wanted = self.operator.result_name(dtype_name(fields[0]))
        if wanted in ("longdouble", "clongdouble", "float128", "complex256"):
            raise ArgumentTypeError(
                f"solves are in double precision, and b has dtype {wanted}; give b.astype(float)"
            )
        xp = library.operations(*fields)
        return [f if dtype_name(f) == wanted else xp.astype(f, getattr(xp, wanted)) for f in fields]

    def _targets(self, library: Backend[Array], out: object, fields: Sequence[Array]) -> list[Array]:
        targets: list[Array] = targets_of(out, self.operator.inputs, tuple(fields[0].shape))
        for k, target in enumerate(targets):
            name = f"out[{k}]" if len(targets) > 1 else "out"
            library.check_target(name, target, fields)
            if tuple(target.shape) != tuple(fields[0].shape):
                raise ArgumentValueError(
                    f"{name} has shape {tuple(target.shape)}, but the result has {tuple(fields[0].shape)}"
                )
        check_dtypes(targets, dtype_name(fields[0]))
        return targets

    def _start(
        self, library: Backend[Array], operator: Solvable, fields: Sequence[Array]
    ) -> list[Array] | None:
        """What is prescribed at points, 0 elsewhere; None where nothing is prescribed at all."""
        if not self._is_affine:
            return None
        xp = library.operations(*fields)
        components = components_of(operator.inputs)
        return [
            with_values(xp.zeros_like(f), operator.grid, c, xp, operator.taken)
            for f, c in zip(fields, components, strict=True)
        ]

    def _solved(
        self, library: Backend[Array], fields: list[Array], inverse: Callable[[], Inverse]
    ) -> list[Array]:
        if not self.operator.inputs:
            return [library.mapped(inverse, fields[0])]
        whole = library.mapped(inverse, library.operations(*fields).stack(fields))
        return [whole[k] for k in range(len(fields))]

    def _of_dtype(self, name: str) -> Inverse:
        """The inverse for right-hand sides that came in a dtype: solves are in double precision, but these were rounded before."""
        eps = _EPS.get(name)
        if eps is None:
            return self._inverse
        if name not in self._of_dtypes:
            self._of_dtypes[name] = self._inverse.rounded(ROUNDING / np.finfo(np.float64).eps * eps)
        return self._of_dtypes[name]


def _differences(a: Sequence[Array], b: Sequence[Array]) -> list[Array]:
    return [x - y for x, y in zip(a, b, strict=True)]


def check_square(operator: Solvable) -> None:
    """Refuse what has no inverse by its form."""
    if operator.inputs != operator.outputs:
        raise ArgumentValueError(
            f"{operator!r} has {prod(operator.outputs)} results of {prod(operator.inputs)} fields, and only operators with as many are "
            "solved; for least squares solve A.T @ A"
        )
    shapes = {own.shape for own in (*operator.grids_in, *operator.grids_out)}
    if len(shapes) > 1:
        raise ArgumentValueError(
            f"{operator!r} is between fields of the shapes {' and '.join(map(str, sorted(shapes)))}, and only operators with one shape "
            "are solved; for least squares solve A.T @ A"
        )
    check_without_units(operator, "a solver")


def constants_of(operator: Solvable) -> list[Array]:
    """The coefficients that were given; derivatives by them, and tracers, are refused, as factors would lose them."""
    found = []
    for argument, own in operator.taken():
        given = map(as_given, own)
        for label, field in zip(argument.labels(), given, strict=True) if argument.is_of_user else ():
            if dispatch.is_differentiated(field):
                raise ArgumentTypeError(
                    f"{label} is differentiated or traced, and a solver is made of numbers: make B, the operator A of detached coefficients, and "
                    f"S = B.solver(); S(b + B(u) - A(u)) at u = S(b) has the derivatives by {label}. With JAX solve by jax.scipy.sparse.linalg.bicgstab(A, b)[0]"
                )
            found.append(field)
    return found


def check_method(method: object) -> None:
    """Refuse what is no name."""
    if method is not None and not isinstance(method, str):
        raise ArgumentTypeError(
            f"method must be a name or None, got {type(method).__name__}; a right-hand side goes to what is made, A.solver()(b), or A.solve(b)"
        )


def inverse_of(operator: Solvable, method: str | None, tolerance: Limits) -> Inverse:
    """By transforms where the operator has them, else by factors; or as asked for."""
    if method not in (None, "direct", *METHODS):
        close = nearest(method.lower(), ("direct", *METHODS))
        hint = f"did you mean {close!r}? " if close else ""
        raise ArgumentValueError(
            f"method {method!r} is unknown; {hint}allowed are None, 'direct', {', '.join(map(repr, METHODS))}"
        )
    if method in METHODS:
        unknowns = Unknowns(operator.grid, operator.inputs)
        return Iterated(linear_operator(operator, None, None), unknowns, str(method), Tolerance(**tolerance))
    if tolerance:
        raise ArgumentTypeError(
            f'{next(iter(tolerance))}= belongs to iterations; give one as well, method="cg"'
        )
    found = None if method else _by_even_steps(operator)
    if found is not None and not found.is_exact:
        found = refined(found, operator, partial(_by_transforms, operator, CLOSE))
    if found is not None:
        return found
    order = max((s.order or 0 for term in operator.separate() or () for _, s in term.stencils()), default=0)
    return factored(operator.matrix(), Unknowns(operator.grid, operator.inputs), order)


def _by_even_steps(operator: Solvable) -> Inverse | None:
    """Also of steps that are even but for rounding, where an operator of even ones is not singular."""
    try:
        return _by_transforms(operator, EVEN)
    except ArgumentValueError:
        return _by_transforms(operator, CLOSE)


def _by_transforms(operator: Solvable, limit: float) -> Inverse | None:
    """Along axes whose entries differ by no more than the limit."""
    grid, terms = operator.grid, operator.separate()
    found = separable(grid, terms, operator.inputs, limit)
    if found is not None or operator.inputs:
        return found
    return (
        profiled(grid, terms, operator.factor_values, limit)
        or polynomial(grid, operator.chains(), limit)
        or blocked(grid, terms, operator.factor_values, limit)
    )


def kept_solver(operator: Solvable, method: str | None, tolerance: Limits) -> Solver:
    """The solver of an earlier call, as long as the coefficients have the same values."""
    check_method(method)
    values = constants_of(operator)
    key = operator, method, tuple(sorted(tolerance.items()))
    found = _kept.get(key)
    if found is not None and all(map(_are_equal, found[0], values)):
        return found[1]
    solver = Solver(operator, method, **tolerance)
    copies = [np.array(dispatch.host(value)) for value in values]
    _kept.put(key, (copies, solver), 1024 + sum(copy.nbytes for copy in copies))
    return solver


def _are_equal(copy: Array, value: object) -> bool:
    return bool(np.array_equal(copy, np.asarray(dispatch.host(value))))
