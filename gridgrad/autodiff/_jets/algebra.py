"""Which Taylor coefficients a jet carries, and how their indices combine."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from math import factorial, prod

from ..._base.cache import cached

Monomial = tuple[int, ...]


class Algebra:
    """Polynomials in a few small variables, cut to a set of monomials that is closed under division.

    For a laplacian in (x, y) the set is {1, x, y, xx, yy}: no work goes into xy. Monomials are ordered
    by degree, so that those up to a lower degree are a prefix and keep their numbers; number 0 is 1.

    Attributes
    ----------
    monomials : exponents of each number
    order : the largest degree
    table : ``table[i][j]`` is the number of the product of i and j (both not 0), where it is kept
    splits : for number k the pairs (i, j) with product k and j not 0
    chains : for number k the triples (i, j, weight) of the chain rule, see `chained`
    holomorphic : whether the variables are complex
    products : which coefficients of a series multiply which, by the numbers that both have
    coupled : whether functions may mix the points of an array (`dense`)
    """

    __slots__ = ("chains", "coupled", "holomorphic", "monomials", "order", "products", "splits", "table")

    def __init__(self, monomials: tuple[Monomial, ...], holomorphic: bool, coupled: bool) -> None:
        self.monomials = monomials
        self.holomorphic = holomorphic
        self.coupled = coupled
        self.order = sum(monomials[-1])
        self.products: dict[object, object] = {}
        number = {m: k for k, m in enumerate(monomials)}
        self.table: list[dict[int, int]] = [{} for _ in monomials]
        self.splits: list[list[tuple[int, int]]] = [[] for _ in monomials]
        self.chains: list[list[tuple[int, int, float]]] = [[] for _ in monomials]
        for k, whole in enumerate(monomials[1:], 1):
            pivot = next(p for p, e in enumerate(whole) if e)
            for part in _divisors(whole):
                j, i = number[part], number[tuple(w - p for w, p in zip(whole, part, strict=True))]
                if not j:
                    continue
                self.splits[k].append((i, j))
                if i:
                    self.table[i][j] = k
                if part[pivot]:
                    self.chains[k].append((i, j, part[pivot] / whole[pivot]))

    def below(self, degree: int) -> Algebra:
        """The same algebra up to a degree."""
        kept = tuple(m for m in self.monomials if sum(m) <= degree)
        return _algebra(kept, self.holomorphic, self.coupled)


def algebra_for(
    wanted: Iterable[Monomial], variables: int, holomorphic: bool = False, coupled: bool = False
) -> Algebra:
    """The smallest algebra that holds the wanted monomials."""
    closed = {divisor for m in wanted for divisor in _divisors(m)} | {(0,) * variables}
    ordered = sorted(closed, key=lambda m: (sum(m), tuple(-e for e in m)))
    return _algebra(tuple(ordered), holomorphic, coupled)


@cached("algebras", entries=256, each=8 << 10)
def _algebra(monomials: tuple[Monomial, ...], holomorphic: bool, coupled: bool) -> Algebra:
    return Algebra(monomials, holomorphic, coupled)


def _divisors(m: Monomial) -> Iterable[Monomial]:
    """Every monomial that divides `m`; only exponents that are not 0 are walked."""
    places = [p for p, e in enumerate(m) if e]
    for exponents in product(*(range(m[p] + 1) for p in places)):
        divisor = [0] * len(m)
        for p, e in zip(places, exponents, strict=True):
            divisor[p] = e
        yield tuple(divisor)


def scale(m: Monomial) -> int:
    """What turns a Taylor coefficient into a derivative: the product of factorials."""
    return prod(factorial(e) for e in m)


def units(variables: int) -> tuple[Monomial, ...]:
    """The first-degree monomial of each variable."""
    return tuple(tuple(int(p == k) for p in range(variables)) for k in range(variables))
