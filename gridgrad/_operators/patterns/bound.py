"""What is bound to a call: a plan, the arrays that it takes and the form of what it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias
from weakref import ref

from ..._backends import ladder
from ..._backends.protocol import Backend
from ..._base.types import Array, Shape
from ..._plan.plan import Plan
from ..fields.forms import Form, parts, shaped

Fresh: TypeAlias = Callable[[Array], tuple[Array | None, list[Array]]]
LENT_BYTES = 1 << 10  # about what is kept of a plan that is not held


class Bound:
    """One sweep for all calls of a key: its plan, and the form of what is returned.

    With `shape` new results are the components of one array, which is returned.
    """

    __slots__ = ("dtype", "form", "library", "nbytes", "plan", "run", "shape")

    def __init__(
        self, library: Backend[Array], plan: Plan, dtype: object, like: Array, form: Form, shape: tuple[int, ...] | None = None
    ) -> None:  # fmt: skip
        self.library, self.plan, self.dtype = library, plan, dtype
        self.form, self.shape = form, shape
        self.nbytes = plan.nbytes  # of the weights that it holds
        self.run = library.bind(plan, dtype, like)

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """The results; None where the addresses do not allow one sweep."""
        if targets is None and self.shape is not None:
            whole = self.library.empty(fields[0], self.dtype, self.shape)
            return None if self.run(fields, parts(whole, self.form), workers) is None else whole
        results = self.run(fields, targets, workers)
        if results is None:
            return None
        if not self.form:
            return results[0]
        return tuple(results) if len(self.form) == 1 else shaped(results, self.form)


class InParts:
    """What was bound to the real and the imaginary parts, which are views, of complex arrays: one sweep over all of them."""

    __slots__ = ("bound", "form", "fresh", "kinds", "library", "nbytes")

    def __init__(
        self, library: Backend[Array], bound: Bound | Lent, kinds: Sequence[bool], form: Form, fresh: Fresh
    ) -> None:
        self.library, self.bound = library, bound
        self.kinds, self.form, self.fresh = kinds, form, fresh
        self.nbytes = self.bound.nbytes

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`."""
        whole = None
        if targets is None:
            whole, targets = self.fresh(fields[0])
        library = self.library
        own, outs = ladder.parts_of(library, fields, self.kinds), ladder.parts_of(library, targets)
        if self.bound(own, outs, workers) is None:
            return None
        return shaped(targets, self.form) if whole is None else whole


class Several:
    """Sweeps of outputs of different shapes, one after the other; each knows where all inputs are."""

    __slots__ = ("form", "parts")

    def __init__(self, parts: Sequence[tuple[Bound | Lent, Sequence[int]]], form: Form) -> None:
        self.parts, self.form = parts, form

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`: where one is None nothing that is read was written."""
        results: dict[int, Array] = {}
        for bound, places in self.parts:
            made = bound(fields, None if targets is None else [targets[k] for k in places], workers)
            if not isinstance(made, tuple):
                return None
            results.update(zip(places, made, strict=True))
        return shaped([results[k] for k in range(len(results))], self.form)


class Lent:
    """What was bound to a plan with large weights, which stay with the cache of plans: it is bound anew in each call."""

    __slots__ = ("bind", "plan")
    nbytes = LENT_BYTES

    def __init__(self, bound: Bound) -> None:
        self.plan = ref(bound.plan)
        self.bind = partial(Bound, bound.library, dtype=bound.dtype, form=bound.form, shape=bound.shape)

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`; None also where the plan is no more."""
        plan = self.plan()
        return None if plan is None else self.bind(plan=plan, like=fields[0])(fields, targets, workers)


class Beside:
    """What was bound to fields and to coefficients behind them that stay: what a grid has itself, or is prescribed at walls."""

    __slots__ = ("bound", "coefficients")

    def __init__(self, bound: Bound | Lent | InParts, coefficients: Sequence[Array]) -> None:
        self.bound, self.coefficients = bound, coefficients

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`."""
        return self.bound((*fields, *self.coefficients), targets, workers)


class Anew:
    """An operator of scalar fields that takes several sweeps, which stays with its grid: it is called as what it is."""

    __slots__ = ("operator",)

    def __init__(self, operator: Callable[..., object]) -> None:
        self.operator = ref(operator)

    def __call__(
        self, fields: Sequence[Array], targets: Sequence[Array] | None, workers: int | None
    ) -> object:
        """As of `Bound`; None also where the operator is no more."""
        operator = self.operator()
        return (
            None
            if operator is None
            else operator(fields[0], None if targets is None else targets[0], workers)
        )


def fresh(
    library: Backend[Array], like: Array, dtype: object, shape: tuple[int, ...] | None, form: Form, shapes: Sequence[Shape]
) -> tuple[Array | None, list[Array]]:  # fmt: skip
    """New results in one array of a shape, or each for itself: that array if there is one, and the components."""
    if shape is None:
        return None, [library.empty(like, dtype, own) for own in shapes]
    whole = library.empty(like, dtype, shape)
    return whole, parts(whole, form)
