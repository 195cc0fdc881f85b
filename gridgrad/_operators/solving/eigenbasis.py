"""One axis of an operator, diagonalised: ``T = synthesis diag(values) analysis`` for the matrix T of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..._base.cache import cached_property
from ..._base.late import fft, sparse, sparse_linalg
from ..._base.types import Array
from .bands import Bands, Symmetric
from .inverse import along, at, lined, times

LONGEST = 2048  # points of an axis whose vectors are kept
SHORT = 256  # up to which products with vectors are quicker than transforms for even steps, and those for what is left
SPREAD = 2.0**10  # of the weights that make rows symmetric, by which rounding grows
CLOSE = 4 * np.finfo(np.float64).eps  # weights that differ by their rounding
EVEN = 2.0**-30  # by that of positions: in even steps all the same, but for a second solve of what is left


class Eigenbasis:
    """The eigenvectors of one axis, in one of the ways below."""

    described = ""
    values: Array  # the eigenvalues
    is_exact = True  # whether they are those of the matrix, or of one in even steps that is near to it

    @property
    def size(self) -> int:
        """How many points it has."""
        return len(self.values)

    @property
    def extremes(self) -> tuple[float, float]:
        """The least eigenvalue and the largest, of real ones."""
        return float(self.values.min()), float(self.values.max())

    def analyse(self, x: Array, axis: int) -> Array:
        """The coefficients of samples along an axis."""
        raise NotImplementedError

    def synthesise(self, c: Array, axis: int) -> Array:
        """The samples of coefficients."""
        raise NotImplementedError

    def transposed(self) -> Eigenbasis:
        """The same of the transposed matrix."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Still(Eigenbasis):
    """Rows that are all 0."""

    values: Array
    described = "none"

    def analyse(self, x: Array, axis: int) -> Array:
        """As they are."""
        return x

    def synthesise(self, c: Array, axis: int) -> Array:
        """As they are."""
        return c

    def transposed(self) -> Eigenbasis:
        """Itself."""
        return self


@dataclass(frozen=True, eq=False)
class Ring(Eigenbasis):
    """A circulant matrix: ``values`` are the Fourier transform of its first column.

    Real samples have the first half of the coefficients, of which the others are the conjugates.
    """

    values: Array
    is_exact: bool = True
    described = "FFT"

    def analyse(self, x: Array, axis: int) -> Array:
        """Transform."""
        return lined(fft.fft if np.iscomplexobj(x) else fft.rfft, x, axis)

    def synthesise(self, c: Array, axis: int) -> Array:
        """Transform back: to real samples where there is one half only."""
        n = len(self.values)
        return lined(partial(fft.irfft, n=n) if c.shape[axis] < n else fft.ifft, c, axis)

    def transposed(self) -> Eigenbasis:
        """The columns become rows: of real matrices the values are conjugate."""
        return replace(self, values=self.values.conj())


@dataclass(frozen=True, eq=False)
class Waves(Eigenbasis):
    """Rows ``l f[i-1] + d f[i] + l f[i+1]`` whose ends are mirrors: a cosine or sine transform of type 1 to 4.

    Strang, "The discrete cosine transform", SIAM Review 41 (1999): each type belongs to the places of its two mirrors,
    at points or between them. `symmetric` makes the rows symmetric: 1/2 at a mirror on a point, where fields are even.
    """

    name: str
    type: int
    values: Array
    symmetric: Array
    bands: Bands
    is_exact: bool = True
    is_transposed: bool = False

    @property
    def described(self) -> str:  # type: ignore[override]
        """As SciPy calls it."""
        return f"{self.name.upper()}-{['I', 'II', 'III', 'IV'][self.type - 1]}"

    def analyse(self, x: Array, axis: int) -> Array:
        """Transform."""
        transform = fft.dct if self.name == "dct" else fft.dst
        return lined(partial(transform, type=self.type), self._weighed(x, axis, -1), axis)

    def synthesise(self, c: Array, axis: int) -> Array:
        """Transform back."""
        transform = fft.idct if self.name == "dct" else fft.idst
        return self._weighed(lined(partial(transform, type=self.type), c, axis, is_own=True), axis, 1)

    def _weighed(self, x: Array, axis: int, power: int) -> Array:
        return along(x, self.symmetric**power, axis) if self.is_transposed else x

    def transposed(self) -> Eigenbasis:
        """``T^T = W T W^-1`` with W the symmetric weights."""
        return replace(self, is_transposed=not self.is_transposed)


@dataclass(frozen=True, eq=False)
class Vectors(Eigenbasis):
    """Eigenvectors of a matrix that weights make symmetric: ``T = W^-1/2 V diag(values) V^T W^1/2``.

    Fast diagonalisation: Lynch, Rice and Thomas, Numerische Mathematik 6 (1964). They are found at their first use.
    """

    rows: Symmetric
    is_transposed: bool = False
    described = "eigenvectors"

    @property
    def values(self) -> Array:  # type: ignore[override]
        """The eigenvalues."""
        return self.rows.decomposed[0]

    @property
    def bands(self) -> Bands:
        """The matrix."""
        return self.rows.bands

    @property
    def size(self) -> int:
        """How many points it has."""
        return len(self.rows.main)

    @property
    def extremes(self) -> tuple[float, float]:
        """The least eigenvalue and the largest."""
        return self.rows.extremes

    @cached_property
    def _ways(self) -> tuple[Array, Array]:
        """To coefficients, and back."""
        _, vectors = self.rows.decomposed
        forward, back = vectors.T * self.rows.root, vectors / self.rows.root[:, None]
        return (back.T, forward.T) if self.is_transposed else (forward, back)

    def analyse(self, x: Array, axis: int) -> Array:
        """By a product of matrices."""
        return times(self._ways[0], x, axis)

    def synthesise(self, c: Array, axis: int) -> Array:
        """By another one."""
        return times(self._ways[1], c, axis)

    def transposed(self) -> Eigenbasis:
        """``T^T = (V^T W^1/2)^T diag(values) (W^-1/2 V)^T``."""
        return replace(self, is_transposed=not self.is_transposed)


@dataclass(frozen=True, eq=False)
class Carried(Eigenbasis):
    """An axis with end points whose rows are 0: what they hold is carried inside by solutions of ``T f = 0``.

    With these points first, ``T = [[0, 0], [C, F]]``; the columns of `carry`, ``-F^-1 C``, continue their values, and
    the rest belongs to `inner`, the axis F between them.
    """

    inner: Eigenbasis
    inside: slice
    ends: tuple[int, ...]
    carry: Array
    is_transposed: bool = False

    @property
    def described(self) -> str:  # type: ignore[override]
        """Of what is between."""
        return self.inner.described

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        """Of what is between."""
        return self.inner.is_exact

    @property
    def values(self) -> Array:  # type: ignore[override]
        """0 at the ends."""
        values = np.zeros(len(self.carry) + len(self.ends), self.inner.values.dtype)
        values[self.inside] = self.inner.values
        return values

    def analyse(self, x: Array, axis: int) -> Array:
        """Take away what the ends carry."""
        return self._both(x, axis, self.inner.analyse, before=True)

    def synthesise(self, c: Array, axis: int) -> Array:
        """Add it again."""
        return self._both(c, axis, self.inner.synthesise, before=False)

    def _both(self, x: Array, axis: int, through: Callable[[Array, int], Array], before: bool) -> Array:
        """The inner map beside what the ends and the inside give each other, which is taken away `before` it, or added after it."""
        inside, ends = at(axis, self.inside), at(axis, list(self.ends))
        result = np.array(x)
        sign = -1 if before else 1
        if self.is_transposed:
            own = result[inside] if before else through(result[inside], axis)
            result[ends] -= sign * times(self.carry.T, own, axis)
            result[inside] = through(own, axis) if before else own
            return result
        carried = sign * times(self.carry, x[ends], axis)
        result[inside] = (
            through(result[inside] + carried, axis) if before else through(result[inside], axis) + carried
        )
        return result

    def transposed(self) -> Eigenbasis:
        """What was carried inside comes back to the ends."""
        return replace(self, inner=self.inner.transposed(), is_transposed=not self.is_transposed)


def diagonalised(matrix: sparse.csr_array, limit: float = EVEN) -> Eigenbasis | None:
    """The eigenvectors of one axis' rows, by what the matrix is; None where that is none of the kinds above.

    Entries of even steps may differ by the limit, `CLOSE` for eigenvectors of the very matrix.
    """
    if not matrix.nnz:
        return Still(np.zeros(matrix.shape[0]))
    empty = tuple(np.flatnonzero(np.diff(matrix.indptr) == 0).tolist())
    return _carried(matrix, empty, limit) if empty else _of_neighbours(matrix, limit) or ring(matrix, limit)


def _of_neighbours(matrix: sparse.csr_array, limit: float) -> Waves | Vectors | None:
    """Where rows read a point and the two beside it."""
    bands = Bands.of(matrix)
    if bands is None:
        return None
    exact = _waves(bands, CLOSE)
    if exact is not None:
        return exact
    near = _waves(bands, limit) if limit > CLOSE and len(bands.main) > SHORT else None
    return near or _vectors(bands) or _waves(bands, limit)


def _near(a: Array | float, b: Array | float, limit: float) -> bool:
    return bool(np.all(np.abs(np.subtract(a, b)) <= limit))


def _mean(x: Array) -> float:
    """The number itself where all are one."""
    return float(x[0] + (x - x[0]).mean())


def ring(matrix: sparse.csr_array, limit: float = EVEN) -> Ring | None:
    """Where each row is the one before, one point further, round the ring."""
    n = matrix.shape[0]
    if n < 3:
        return None
    entries = matrix.tocoo()
    rows, columns = entries.coords
    behind = (rows - columns) % n
    first = np.zeros(n)
    first[behind[columns == 0]] = entries.data[columns == 0]
    if matrix.nnz != n * np.count_nonzero(first):
        return None
    apart = entries.data - first[behind]
    size = float(abs(first).max())
    if not _near(apart, 0, limit * size):
        return None
    is_exact = _near(apart, 0, CLOSE * size)
    first += np.bincount(behind, apart, n) / n
    values = np.fft.fft(first)
    is_even = _near(first[1:], first[:0:-1], (CLOSE if is_exact else limit) * size)
    return Ring(values.real if is_even else values, is_exact)


# By the first row and the last: whether the field is even or odd there, and whether the mirror is between points.
# A point outside of the axis where the field is 0 is an odd mirror on a point, "held".
_TYPES = {
    ("reflect", "reflect"): ("dct", 1), ("symmetric", "symmetric"): ("dct", 2), ("reflect", "held"): ("dct", 3),
    ("symmetric", "antisymmetric"): ("dct", 4), ("held", "held"): ("dst", 1), ("antisymmetric", "antisymmetric"): ("dst", 2),
    ("held", "reflect"): ("dst", 3), ("antisymmetric", "symmetric"): ("dst", 4),
}  # fmt: skip


def _waves(bands: Bands, limit: float) -> Waves | None:
    """The transform for these two mirrors, if there is one."""
    n = len(bands.main)
    if n < 3:
        return None
    inner, own = np.concatenate([bands.lower[:-1], bands.upper[1:]]), bands.main[1:-1]
    beside, middle = _mean(inner), _mean(own)
    near = limit * max(abs(beside), abs(middle))
    if not (beside and _near(inner, beside, near) and _near(own, middle, near)):
        return None
    ends = [
        _mirror(bands.main[k], bands.upper[0] if k == 0 else bands.lower[-1], middle, beside, near)
        for k in (0, -1)
    ]
    name, type = _TYPES.get((ends[0], ends[1]), ("", 0))
    if not name:
        return None
    symmetric = np.ones(n)
    for k, end in zip((0, -1), ends, strict=True):
        symmetric[k] = 0.5 if end == "reflect" else 1.0
    values = middle + 2 * beside * np.cos(_angles(name, type, n))
    return Waves(name, type, values, symmetric, bands, bool(limit <= CLOSE))


def _mirror(own: float, other: float, middle: float, beside: float, near: float) -> str:
    """What the end point's row says about the end."""
    if _near(own, middle, near) and _near(other, 2 * beside, near):
        return "reflect"
    if not _near(other, beside, near):
        return ""
    found = [
        (word, middle + k * beside) for word, k in (("symmetric", 1), ("held", 0), ("antisymmetric", -1))
    ]
    return next((word for word, value in found if _near(own, value, near)), "")


def _angles(name: str, type: int, n: int) -> Array:
    """Of the waves from one point to the next."""
    k = np.arange(n)
    if type == 1:
        return np.pi * k / (n - 1) if name == "dct" else np.pi * (k + 1) / (n + 1)
    if type == 2:
        return np.pi * (k if name == "dct" else k + 1) / n
    return np.pi * (k + 0.5) / n


def _vectors(bands: Bands) -> Vectors | None:
    """Where both neighbours have weights of one sign, the product of their ratios makes the rows symmetric."""
    rows = Symmetric.of(bands)
    return None if rows is None else Vectors(rows)


def is_unfit(basis: Eigenbasis) -> bool:
    """Whether it has more points than vectors are kept of, or vectors that lose digits, as those of advection."""
    if not isinstance(basis, Vectors):
        return False
    root = basis.rows.root
    return basis.size > LONGEST or bool(root.max() > SPREAD * root.min())


def _carried(matrix: sparse.csr_array, empty: tuple[int, ...], limit: float) -> Carried | None:
    """Where only end points have rows of 0."""
    n = matrix.shape[0]
    if not set(empty) <= {0, n - 1}:
        return None
    inside = slice(int(0 in empty), n - int(n - 1 in empty))
    between = matrix[inside, inside]
    inner = _of_neighbours(between, limit) if between.shape[0] else None
    if inner is None or is_unfit(inner) or abs(inner.values).min() <= CLOSE * abs(inner.values).max():
        return None
    carry = -sparse_linalg.splu(between.tocsc()).solve(matrix[inside][:, list(empty)].toarray())
    return Carried(inner, inside, empty, carry)
