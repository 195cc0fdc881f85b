"""Libraries of quantities for tests: pint, astropy, unyt, and one of our own that needs none installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

LIBRARIES = ("own", "pint", "astropy", "unyt")
_SIZES = {"m": ("m", 1.0), "km": ("m", 1000.0), "s": ("s", 1.0), "K": ("K", 1.0)}


class OwnUnit:
    """Powers of names."""

    def __init__(self, powers: dict[str, int]) -> None:
        self.powers = {name: power for name, power in powers.items() if power}

    def __mul__(self, other: OwnUnit) -> OwnUnit:
        names = self.powers.keys() | other.powers.keys()
        return OwnUnit({n: self.powers.get(n, 0) + other.powers.get(n, 0) for n in names})

    def __pow__(self, power: int) -> OwnUnit:
        return OwnUnit({name: power * own for name, own in self.powers.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnUnit) and self.powers == other.powers

    def __hash__(self) -> int:
        return hash(frozenset(self.powers.items()))

    def __repr__(self) -> str:
        return " ".join(f"{name}^{power}" for name, power in self.powers.items())


class OwnQuantity:
    """What pint's is to gridgrad: a magnitude, units, and a way to convert."""

    def __init__(self, magnitude: Any, units: OwnUnit) -> None:
        self._numbers, self._unit = magnitude, units

    magnitude = property(lambda self: self._numbers)
    units = property(lambda self: self._unit)
    shape = property(lambda self: np.shape(self.magnitude))
    ndim = property(lambda self: np.ndim(self.magnitude))
    real = property(lambda self: OwnQuantity(self.magnitude.real, self.units))

    def __len__(self) -> int:
        return len(self.magnitude)

    def __getitem__(self, index: Any) -> OwnQuantity:
        return OwnQuantity(self.magnitude[index], self.units)

    def __sub__(self, other: OwnQuantity) -> OwnQuantity:
        return OwnQuantity(self.magnitude - other.magnitude, self.units)

    def __truediv__(self, other: OwnQuantity) -> OwnQuantity:
        return OwnQuantity(self.magnitude / other.magnitude, self.units * other.units**-1)

    def __add__(self, other: OwnQuantity) -> OwnQuantity:
        return OwnQuantity(self.magnitude + other.to(self.units).magnitude, self.units)

    def to(self, units: Any) -> OwnQuantity:
        ((a, p),), ((b, q),) = self.units.powers.items(), units.powers.items()
        if _SIZES[a][0] != _SIZES[b][0] or p != q:
            raise ValueError(f"cannot convert {self.units} to {units}")
        return OwnQuantity(self.magnitude * (_SIZES[a][1] / _SIZES[b][1]) ** p, units)


class Library:
    """One library: ``q(values, "K / km**2")``, and what a quantity is made of."""

    def __init__(self, name: str) -> None:
        self.name = name
        if name != "own":
            self.module = pytest.importorskip("astropy.units" if name == "astropy" else name)
        self.registry = self.module.get_application_registry() if name == "pint" else None

    def q(self, values: Any, unit: str) -> Any:
        """A quantity; arrays are not copied."""
        if self.name == "own":
            return OwnQuantity(values, self.unit(unit))
        if self.name == "pint":
            return self.registry.Quantity(values, unit)
        if self.name == "astropy":
            return np.asarray(values) << self.unit(unit)
        scalar = np.ndim(values) == 0
        return (self.module.unyt_quantity if scalar else self.module.unyt_array)(values, unit)

    def unit(self, text: str) -> Any:
        """A unit by its text, products and powers of names."""
        if self.name == "own":
            powers = {}
            for part in text.replace(" * ", " ").replace(" / ", " -").split():
                name, _, power = part.strip("-*").partition("**")
                if name and name != "1":
                    powers[name] = int(power or 1) * (-1 if part.startswith("-") else 1)
            return OwnUnit(powers)
        if self.name == "pint":
            return self.registry.Unit(text)
        return self.module.Unit(text)

    def numbers(self, quantity: Any) -> Any:
        """The plain array in a quantity."""
        return quantity.view(np.ndarray) if isinstance(quantity, np.ndarray) else quantity.magnitude

    def check(self, quantity: Any, values: Any, unit: str) -> None:
        """A quantity of this library with these bits and this unit."""
        assert self.is_quantity(quantity), type(quantity)
        assert (quantity.unit if self.name == "astropy" else quantity.units) == self.unit(unit)
        got = self.numbers(quantity)
        assert type(got) is type(values)
        assert np.array_equal(got, values)
        assert got.dtype == values.dtype

    def is_quantity(self, value: Any) -> bool:
        """Whether a value carries a unit of this library."""
        return type(value) is type(self.q(np.zeros(2), "m"))


def stacked(f: Any) -> Any:
    """The field twice, as one array or quantity."""
    if type(f) is np.ndarray:
        return np.stack([f, f])
    if not isinstance(f, np.ndarray):
        return type(f)(np.stack([f.magnitude] * 2), f.units)
    return np.stack([f.view(np.ndarray)] * 2) * (f.unit if hasattr(f, "unit") else f.units)
