"""Units as text, in the attribute `units`: products of powers, as climate files write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..._base.errors import ArgumentValueError

Text = dict[str, int] | None  # powers of named units; None where nothing is known

_FACTOR = re.compile(r"\s*([/*.·]?)\s*(?:([A-Za-z%°µ_]+)(?:\^|\*\*)?([+-]?\d+)?|1)(?=$|[\s/*.·])")
_SPELLINGS = {
    "m": "meter meters metre metres",
    "s": "second seconds sec",
    "h": "hour hours hr",
    "d": "day days",
    "min": "minute minutes",
    "degree": "degrees deg ° degree_north degrees_north degree_east degrees_east degrees_N degrees_E",
}
_READ = {
    r"((°|\bdeg(ree)?s?(_?| (?!\w+[-+\d^*])))(C|K|celsius)|\bcelsius|\bkelvins?)(?![A-Za-z])": "K",  # of temperatures only differences are written
    r"(?<=\w)\s+since\s.*": "",  # of times those between dates
    r"\s+per\s+": "/",
}  # fmt: skip
_PLAIN = {spelling: unit for unit, words in _SPELLINGS.items() for spelling in words.split()}


def parsed(text: object) -> Text:
    """A unit from an attribute: what cannot be read is one unit of its own, in brackets."""
    if text is None:
        return None
    written, found, place = str(text).strip(), dict[str, int](), 0
    for pattern, plain in _READ.items():
        written = re.sub(pattern, plain, written, flags=re.IGNORECASE)
    while place < len(written):
        factor = _FACTOR.match(written, place)
        if factor is None:
            return {f"({written})": 1}
        place = factor.end()
        name, power = factor[2], int(factor[3] or 1)
        if name:
            name = _PLAIN.get(name, name)
            found[name] = found.get(name, 0) + (-power if factor[1] == "/" else power)
    return found


def product(*factors: tuple[Text, int]) -> Text:
    """The unit of a product of powers; nothing where one is not known."""
    found: dict[str, int] = {}
    for unit, power in factors:
        if unit is None:
            return None
        for name, own in unit.items():
            found[name] = found.get(name, 0) + own * power
    return {name: power for name, power in found.items() if power}


def of_sum(units: Iterable[Text], what: str) -> Text:
    """The unit of a sum, whose terms must have one; nothing where one is not known."""
    found = list(units)
    known = [unit for unit in found if unit is not None]
    for unit in known[1:]:
        if unit != known[0]:
            raise ArgumentValueError(
                f"{what} adds terms in {written(known[0])!r} and in {written(unit)!r}, by the `units` of the fields and "
                "coordinates; name the dims that are meant, dim=; convert them to one, or drop what is wrong: del f['x'].attrs['units']"
            )
    return known[0] if known and len(known) == len(found) else None


def written(unit: Text) -> str | None:
    """``K m-1``, what is divided by behind; ``1`` of what has no dimension."""
    if unit is None:
        return None
    powers = sorted(unit.items(), key=lambda own: own[1] < 0)
    return " ".join(name if power == 1 else f"{name}{power}" for name, power in powers) or "1"
