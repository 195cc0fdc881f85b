"""`Record`: named values that are not changed, of a class that costs an import next to nothing."""

from __future__ import annotations

from typing import ClassVar, Never, TypeVar, dataclass_transform

Own = TypeVar("Own", bound="Record")


@dataclass_transform(frozen_default=True, eq_default=False)
class Record:
    """As a frozen dataclass, whose methods Python would write and compile for each class: a millisecond at every import.

    Fields are what a class annotates, behind those of the records that it is derived from.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        cls._fields += tuple([name for name in cls.__annotations__ if name not in cls._fields])
        cls._required = frozenset([name for name in cls._fields if not hasattr(cls, name)])

    def __init__(self, *values: object, **named: object) -> None:
        given = dict(zip(self._fields, values, strict=False)) | named
        assert len(given) == len(values) + len(named), (
            f"{type(self).__name__}: a field is given twice, or is too many"
        )
        assert self._required <= given.keys() <= {*self._fields}, (
            f"{type(self).__name__} has fields {self._fields}"
        )
        self.__dict__.update(given)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"{type(self).__name__} is not to be changed; make another by `replace`")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([f'{name}={getattr(self, name)!r}' for name in self._fields])})"


class ValueRecord(Record):
    """A record that equals another one with equal values."""

    def __eq__(self, other: object) -> bool:
        names = self._fields
        return type(self) is type(other) and [getattr(self, n) for n in names] == [
            getattr(other, n) for n in names
        ]

    def __hash__(self) -> int:
        return hash((type(self), *[getattr(self, name) for name in self._fields]))


def replace(record: Own, **changes: object) -> Own:
    """A record with other values in some of its fields."""
    return type(record)(**{name: getattr(record, name) for name in record._fields} | changes)
