"""Errors of functions, said in the flags of the command: words that are flags are spelled as such, and other code is left out."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Mapping

_FLAGS = {
    "dim": "--dim", "coord": "--coord", "edge_order": "--edge-order", "accuracy": "--accuracy", "missing": "--missing", "radius": "--radius",
    "boundary": "--boundary", "datetime_unit": "--datetime-unit", "geometry": "--sphere", "period": "--periodic DIM=PERIOD",
}  # fmt: skip
# What is said otherwise: facts in code, and remedies that are another flag or about the file.
_SAID = {
    r"\b[Fv]\[0\]": "the first of --var", r"\b[Fv]\[1\]": "the second of --var", r"\b[Fv]\[2\]": "the third of --var", r"(?<!')\bF\b(?!')": "--var",
    r"\bx\[(\d+)\]=": r"point \1 is ", r"\bperiod=(\S+) of": r"the period \1 of", r"\bdatetime_unit (?=')": "--datetime-unit ", r"^radius must": "--radius must",
    r"gradient\(f, ([\d.]+), dim=[^)]*\)": r"--step \1",
    r"^boundary= names": "--boundary or --periodic names",
    r"give both and take one result, .*": "give both, --dim lat lon, and keep what is wanted",
    r"radius= and angle= belong": "--radius belongs",
    r" and what gridgrad\.value, slope and robin prescribe": "",
    r"if these are the steps that follow each point, .*?; otherwise ": "",
    r"name two( dims)? and what they are: .*": "call their coordinates lat and lon, or give them the units degrees_north and degrees_east",
    r", or drop what is wrong: .*": "",
    r"f\[('[^']*')\]\.attrs\[.*": r"an attribute of \1",
}  # fmt: skip
_WORD = re.compile(r"\b(" + "|".join(_FLAGS) + r")=('[^']*'|\"[^\"]*\"|\([^)]*\)|\{[^}]*\}|[\d.]+)?")
_INNER = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"  # parentheses in parentheses in parentheses
_CODE = re.compile(rf"[\w.]+(?:{_INNER}|\[[^]]*\])(?:\.\w+|{_INNER}|\[[^]]*\])*|\[c\..*?\]$")


def in_flags(text: str) -> str:
    """The text of an error, without alternatives that are code."""
    for pattern, said in _SAID.items():
        text = re.sub(pattern, said, text)
    fact, *clauses = _WORD.sub(_spelled, text).split("; ")
    parts = (_CODE.sub("\0", clause).split(", ") for clause in clauses)
    kept = (", ".join(part for part in alternatives if "\0" not in part) for alternatives in parts)
    return "; ".join([fact, *filter(None, kept)])


def _spelled(word: re.Match[str]) -> str:
    flag, text = _FLAGS[word[1]], word[2]
    if text is None or word[1] in ("geometry", "period"):
        return flag
    given = literal_eval(text)
    if isinstance(given, Mapping):
        return " ".join([flag, *(f"{dim}={_typed(ends, ',')}" for dim, ends in given.items())])
    return f"{flag} {'DIM=' if word[1] == 'boundary' else ''}{_typed(given, ' ')}"


def _typed(given: object, between: str) -> str:
    return between.join(map(str, given)) if isinstance(given, tuple) else str(given)
