"""Functions that numbers are made in: called as they are, also while a compiler traces their caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from .._base.tracing import is_compiling

Given = ParamSpec("Given")
Made = TypeVar("Made")


def made_once(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """A function of constants whose result a compiler keeps as a constant, not tracing into it."""

    @wraps(make)
    def call(*given: Given.args, **words: Given.kwargs) -> Made:
        if not is_compiling():
            return make(*given, **words)
        from .torch import compiled  # by a statement that the compiler can trace

        made: Made = compiled.made(make, *given, **words)
        return made

    return call
