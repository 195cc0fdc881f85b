"""Prints the lowest releases that pyproject.toml allows, as pins: to build it, to run it, and for the extras named."""

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from optional import PYPROJECT, requirements


def lowest(requirement):
    """``name==version`` of a requirement with one lower bound."""
    bounds = [s.version for s in requirement.specifier if s.operator == ">="]
    assert len(bounds) == 1, f"{requirement} does not say from which release on it works"
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}=={bounds[0]}"


build = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["build-system"]["requires"]
print(*map(lowest, [*map(Requirement, build), *requirements(*sys.argv[1:])]), sep="\n")
