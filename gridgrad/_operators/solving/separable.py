"""Sums of rows along single axes, with the same rows everywhere: solved by a transform of each axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from ..._backends.numpy.memory import ALIVE, keep_room
from ..._backends.products import Means, Products
from ..._base.cache import cached_property
from ..._base.errors import ArgumentValueError
from ..._base.late import sparse
from ..._base.types import Array
from ..._grid.points import Points
from ..._stencils.matrix import matrix as matrix_of
from ..._terms.term import Term, joins_of, own_terms
from ..fields.forms import Form
from ..holding.held import components_of, free_points
from .eigenbasis import EVEN, Eigenbasis, Ring, Vectors, Waves, diagonalised, is_unfit
from .inverse import ROUNDING, Constants, Inverse, along, side_by_side, singular
from .staying.tridiagonal import Systems, staying

Along = Callable[[Array, bool], Array]  # solves along the axis that stays; in place where it may


@dataclass(frozen=True, eq=False)
class Separable(Inverse):
    """``u = F^-1 (F b / (sum of eigenvalues))`` with F the transforms of all axes: fast diagonalisation.

    Where one axis `stays`, F is that of the others, and between them there is a system along it for each of their
    coefficients.
    """

    grid: Points
    shift: float  # the multiple of the field itself
    bases: tuple[Eigenbasis, ...]
    free: tuple[slice, ...]
    constants: Constants | None  # which a right-hand side must have none of
    stays: int | None = None
    means: Constants | None = None  # that solutions have none of, where transforms leave some
    is_transposed: bool = False
    staying = "three diagonals"
    _inverses: dict[tuple[tuple[int, ...], ...], Along | Array] = field(default_factory=dict)

    @property
    def described(self) -> str:  # type: ignore[override]
        """The transform of each axis."""
        return ", ".join(
            f"{self.staying if k == self.stays else basis.described} along axis {a}"
            for k, (basis, a) in enumerate(zip(self.bases, self.grid.axes, strict=True))
        )

    @property
    def takes_batches(self) -> bool:  # type: ignore[override]
        """Where axes are counted from behind."""
        return max(self.grid.axes) < 0

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        """Where all transforms are: the axis that stays has its own rows."""
        return all(basis.is_exact for k, basis in enumerate(self.bases) if k != self.stays)

    def __call__(self, b: Array) -> Array:
        """Solve along the grid's axes of an array."""
        axes = self.grid.axes_of(b.shape)
        inside = self._inside(axes, b.ndim)
        u = self._inverted(b if inside is None else b[inside], axes)
        if inside is None:
            return u
        whole = np.zeros(b.shape, u.dtype)
        whole[inside] = u
        return whole

    def _inside(self, axes: tuple[int, ...], ndim: int) -> tuple[slice, ...] | None:
        if all(free == slice(0, n) for free, n in zip(self.free, self.grid.lengths, strict=True)):
            return None
        index = [slice(None)] * ndim
        for axis, points in zip(axes, self.free, strict=True):
            index[axis] = points
        return tuple(index)

    def _inverted(self, b: Array, axes: tuple[int, ...]) -> Array:
        """Where there are means, between projections, of which the transpose has the transposed ones."""
        if self.means is None:
            return self._mapped(b, axes)
        if self.is_transposed:
            return self._balanced(self._mapped(self._balanced(b, axes), axes), axes)
        u = self._mapped(b, axes)
        return u - self.means.mean(u, axes)

    def _balanced(self, f: Array, axes: tuple[int, ...]) -> Array:
        """With the sum 0, by a multiple of the weights of the mean."""
        assert self.means is not None
        taken: Array = f.sum(axis=axes, keepdims=True)
        for axis, width in zip(axes, self.means.widths, strict=True):
            taken = along(taken, width / width.sum(), axis)
        rest: Array = f - taken
        return rest

    def _mapped(self, b: Array, axes: tuple[int, ...]) -> Array:
        """Real transforms first: the first Fourier transform of real samples gives half of the coefficients.

        Of these the last axis, whose points are side by side, as they are again where it is the last one back.
        """
        order = self.in_order(axes)
        c, mean = b, None
        if self.constants is not None:
            mean = self.constants.mean(b, axes)
            c = b - mean
        for k in order:
            c = self.bases[k].analyse(c, axes[k])
        inverse = self._inverse(c, axes)
        c = c * inverse if isinstance(inverse, np.ndarray) else inverse(c, c is not b)
        for k in reversed(order):
            c = self.bases[k].synthesise(c, axes[k])
        if self.constants is not None and mean is not None:
            self.constants.check(b, mean, c, axes)
        return side_by_side(c)

    def in_order(self, axes: Sequence[int]) -> list[int]:
        """The axes with transforms, as these follow each other."""
        others = set(range(len(axes))) - {self.stays}
        return sorted(others, key=lambda k: (isinstance(self.bases[k], Ring), -axes[k]))

    def eigenvalues(self, shape: Sequence[int], axes: Sequence[int]) -> Array:
        """Of the whole, for coefficients of this shape."""
        return _sums(self.shift, self.bases, shape, axes)

    def _inverse(self, c: Array, axes: tuple[int, ...]) -> Along | Array:
        """1 over the sum of the eigenvalues, in the order of `c`; 0 for constants that the operator makes 0."""
        lengths = tuple(n if axis in axes else 1 for axis, n in enumerate(c.shape))
        memory = tuple(sorted(range(c.ndim), key=lambda axis: -abs(c.strides[axis])))
        key = lengths, axes, memory
        if key not in self._inverses:
            self._inverses[key] = self._made(*key)
            keep_room(ALIVE * c.nbytes)  # of each call, whose pages would otherwise be made anew
        return self._inverses[key]

    def _made(
        self, lengths: tuple[int, ...], axes: tuple[int, ...], memory: tuple[int, ...]
    ) -> Along | Array:
        if self.stays is None:
            found = _reciprocal(self.eigenvalues(lengths, axes))
            return np.ascontiguousarray(found.transpose(memory)).transpose(np.argsort(memory))
        basis, axis = self.bases[self.stays], axes[self.stays]
        assert isinstance(basis, (Vectors, Waves))  # of `staying`
        waves = tuple(a for k, a in enumerate(axes) if k != self.stays)
        others = [other for k, other in enumerate(self.bases) if k != self.stays]
        sums = np.broadcast_to(
            _sums(self.shift, others, lengths, waves), (*lengths[:axis], 1, *lengths[axis + 1 :])
        )
        return Systems.of(basis, sums, axis, waves, memory)

    def transposed(self) -> Inverse:
        """Each axis transposed; derivatives of what is projected out are projected out."""
        bases, turned = tuple(basis.transposed() for basis in self.bases), not self.is_transposed
        constants = None if turned else self.means
        return replace(self, bases=bases, constants=constants, is_transposed=turned, _inverses={})

    def rounded(self, rounding: float) -> Inverse:
        """With other limits of the mean."""
        return (
            self
            if self.constants is None
            else replace(self, constants=self.constants._replace(rounding=rounding))
        )

    def products(self) -> Products | None:
        """Transforms are matrices too; three diagonals have eigenvectors, where these are not too long."""
        return self._products if self.is_exact and not any(map(is_unfit, self.bases)) else None

    @cached_property
    def _products(self) -> Products:
        units = [
            np.eye(basis.size, dtype=complex if isinstance(basis, Ring) else float) for basis in self.bases
        ]
        pairs = list(zip(self.bases, units, strict=True))
        before = [basis.analyse(one, 0) for basis, one in pairs]
        after = [basis.synthesise(one, 0) for basis, one in pairs]
        sizes, constants = [basis.size for basis in self.bases], self.constants
        means = None
        if constants is not None:
            means = Means(tuple(width / width.sum() for width in constants.widths), constants.refuse)
        sums = self.eigenvalues(sizes, range(len(sizes)))
        return Products(self.grid.axes_of, self.free, before, after, _reciprocal(sums), means)


@dataclass(frozen=True, eq=False)
class Componentwise(Inverse):
    """Components of a vector field that do not meet, each by its own inverse."""

    inverses: tuple[Inverse, ...]
    takes_batches = False  # the components are along axis 0

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        """Of all of them."""
        return all(inverse.is_exact for inverse in self.inverses)

    @property
    def described(self) -> str:  # type: ignore[override]
        """The ways of all components, in their order; one where they are alike."""
        return "; ".join(dict.fromkeys(inverse.described for inverse in self.inverses))

    def __call__(self, b: Array) -> Array:
        """Solve for each component."""
        return np.stack([inverse(own) for inverse, own in zip(self.inverses, b, strict=True)])

    def transposed(self) -> Inverse:
        """Each transposed."""
        return Componentwise(tuple(inverse.transposed() for inverse in self.inverses))

    def rounded(self, rounding: float) -> Inverse:
        """Each with other limits of the mean."""
        return Componentwise(tuple(inverse.rounded(rounding) for inverse in self.inverses))


def separable(
    grid: Points, terms: tuple[Term, ...] | None, form: Form, limit: float = EVEN
) -> Inverse | None:
    """The inverse of terms of these kinds, on fields of a form: rows along one axis that are `diagonalised`, and multiples of the field itself."""
    if terms is None or any(term.output != term.input for term in terms):
        return None
    found = [
        _of_scalars(grid, own_terms(terms, k), component, limit)
        for k, component in enumerate(components_of(form))
    ]
    inverses = tuple(inverse for inverse in found if inverse is not None)
    if len(inverses) < len(found):
        return None
    return Componentwise(inverses) if form else inverses[0]


def _sums(shift: float, bases: Sequence[Eigenbasis], shape: Sequence[int], axes: Sequence[int]) -> Array:
    """The eigenvalues of the sum, for coefficients of this shape."""
    total: Array = np.full([1] * len(shape), shift)
    for basis, axis in zip(bases, axes, strict=True):
        total = total + placed(basis.values, shape, axis)
    return total


def placed(values: Array, shape: Sequence[int], axis: int) -> Array:
    """The eigenvalues of one axis beside the others', as many as there are coefficients: of real Fourier transforms the first half."""
    place = [1] * len(shape)
    place[axis] = shape[axis]
    return values[: shape[axis]].reshape(place)


def _reciprocal(values: Array) -> Array:
    small = abs(values) <= ROUNDING * abs(values).max(initial=0.0)
    with np.errstate(over="ignore"):
        inverse = np.where(small, 0, 1 / np.where(small, 1, values))
    if not np.isfinite(inverse).all():
        raise ArgumentValueError(
            "the inverse of the operator has numbers beyond the exponents of float64; rescale the coordinates"
        )
    return inverse


def _of_scalars(grid: Points, terms: Sequence[Term], component: int | None, limit: float) -> Separable | None:
    """The inverse of all terms of one output, of one field."""
    if not is_plain(terms) or any(t.then or t.turns for t in terms):
        return None
    shift = at_the_point(terms)
    free = free_points(grid, component)
    matrices = [rows_along(grid, terms, k)[points, points] for k, points in enumerate(free)]
    if not all(matrix.shape[0] for matrix in matrices):
        return None
    found = [diagonalised(matrix, limit) for matrix in matrices]
    bases = tuple(basis for basis in found if basis is not None)
    if len(bases) < len(matrices):
        return None
    stays = staying(shift, bases, grid.axes)
    if any(is_unfit(basis) for k, basis in enumerate(bases) if k != stays):
        return None
    constants = None if stays is not None else _constants(grid, shift, bases, matrices)
    return with_means(Separable(grid, shift, bases, free, constants, stays))


Made = TypeVar("Made", bound=Separable)


def with_means(made: Made) -> Made:
    """Waves of even steps have the mean 0 of these, which is not that of the steps that there are."""
    return made if made.is_exact else replace(made, means=made.constants, _inverses={})


def is_plain(terms: Sequence[Term]) -> bool:
    """Whether all are rows with the same weights for all lines, not multiplied."""
    return not joins_of(terms) and not any(t.factors() for t in terms)


def at_the_point(terms: Sequence[Term]) -> float:
    """The multiple of the field itself among the terms."""
    return sum(float(matrix_of(t.stencil).toarray()[0, 0]) for t in terms if t.axis is None)


def rows_along(grid: Points, terms: Sequence[Term], k: int) -> sparse.csr_array:
    """The matrix of all terms along one axis."""
    whole = sparse.csr_array((grid.lengths[k],) * 2)
    for term in terms:
        if term.axis == k:
            whole = whole + matrix_of(term.stencil)
    whole.sum_duplicates()
    whole.eliminate_zeros()
    return whole.tocsr()


def _constants(
    grid: Points, shift: float, bases: Sequence[Eigenbasis], matrices: Sequence[sparse.csr_array]
) -> Constants | None:
    """None of what has an inverse; other fields that become 0 than constants are refused."""
    axes = tuple(range(len(bases)))
    sizes = [len(basis.values) for basis in bases]
    values = abs(_sums(shift, bases, sizes, axes))
    zeros = int((values <= ROUNDING * values.max()).sum())
    if not zeros:
        return None
    norm = abs(shift) + sum(float(abs(matrix).sum(axis=1).max()) for matrix in matrices)
    widths = tuple(np.asarray(width, np.float64) for width in grid.quadrature)
    whole = abs(shift) <= ROUNDING * values.max() and all(
        n == m for n, m in zip(sizes, grid.lengths, strict=True)
    )
    if zeros > 1 or not whole or not all(map(keeps_constants, matrices, map(np.ones_like, widths), widths)):
        raise singular(
            f"it makes 0 of {zeros} independent fields"
            if zeros > 1
            else "it makes 0 of a field that is no constant",
            is_product=any(map(misses_alternating, matrices)),
        )
    return Constants(widths, norm)


def misses_alternating(matrix: sparse.csr_array) -> bool:
    """Whether it makes 0 of values that alternate from point to point, as central differences of central differences do."""
    alternating = np.resize([1.0, -1.0], matrix.shape[1])
    return bool((abs(matrix @ alternating) <= ROUNDING * abs(matrix).sum(axis=1)).all())


def keeps_constants(matrix: sparse.csr_array, ones: Array, weights: Array) -> bool:
    """Whether it makes 0 of constants, which are multiples of `ones`, and all that it makes has the weighted mean 0."""
    sizes = abs(matrix)
    rows = abs(matrix @ ones) <= ROUNDING * (sizes @ ones)
    columns = abs(matrix.T @ weights) <= ROUNDING * (sizes.T @ weights)
    return bool(rows.all() and columns.all())
