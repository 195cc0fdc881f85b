"""Optional libraries: how a test asks for one, and which skips are honest.

A test asks with ``pytest.importorskip("torch")`` where it uses the module itself, else with the marker
``needs("torch")``; `optional` puts that on one value of a parameter. Both skip in the same words, which
`verdict` reads: on a bare machine only tests of optional libraries may be left out, and on a full one
only those of a CUDA device.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
NO_DEVICE = "no CUDA device"
MAY_SKIP = {"optional": {"optional", "gpu"}, "gpu": {"gpu"}}  # values of GRIDGRAD_MAY_SKIP


def optional(value, library=None):
    """A value of a parameter that is tested where its library is installed."""
    return pytest.param(value, marks=pytest.mark.needs(library or value))


def requirements(*extras: str) -> Iterator[Requirement]:
    """The dependencies of pyproject.toml and those of some extras, and of the extras that these name."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    yield from map(Requirement, project["dependencies"])
    yield from _of_extras(project, extras)


def _of_extras(project: dict[str, Any], extras: Iterable[str]) -> Iterator[Requirement]:
    for requirement in (Requirement(t) for e in extras for t in project["optional-dependencies"][e]):
        if requirement.name == project["name"]:
            yield from _of_extras(project, requirement.extras)
        else:
            yield requirement


@lru_cache(maxsize=1)
def libraries() -> set[str]:
    """What `make test-all` installs and `make test` does not."""
    required = {r.name for r in requirements("examples", "dev")}
    return {r.name.lower().replace("-", "_") for r in requirements("test-all") if r.name not in required}


def verdict(reason: str, gpu: bool) -> tuple[str, str]:
    """Kind of a skip, "optional", "gpu" or "other", and what was missing."""
    missing = re.search(r"could not import '(\w+)", reason)
    library = missing[1] if missing else ""
    if gpu or library in ("cupy", "cupyx") or NO_DEVICE in reason:
        return "gpu", "a CUDA device"
    if library.lower() in libraries():
        return "optional", library
    return "other", reason


class Skips:
    """Counts what a run leaves out, and fails it for a reason that GRIDGRAD_MAY_SKIP does not allow."""

    def __init__(self, allowed: str | None) -> None:
        if allowed and allowed not in MAY_SKIP:
            raise pytest.UsageError(f"GRIDGRAD_MAY_SKIP is {allowed!r}, not one of {sorted(MAY_SKIP)}")
        self.allowed = MAY_SKIP[allowed] if allowed else {"optional", "gpu", "other"}
        self.counts: Counter[tuple[str, str]] = Counter()

    def pytest_runtest_logreport(self, report) -> None:
        """Take note of a skipped test."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.counts[verdict(report.longrepr[2], "gpu" in getattr(report, "keywords", ()))] += 1

    def pytest_collectreport(self, report) -> None:
        """Take note of a skipped file."""
        self.pytest_runtest_logreport(report)

    def refused(self) -> list[str]:
        """The reasons for which nothing may be skipped here."""
        return [missing for kind, missing in self.counts if kind not in self.allowed]

    def pytest_sessionfinish(self, session) -> None:
        """Turn a pass into a failure."""
        if self.refused() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter) -> None:
        """Print the counts, and what was not allowed."""
        kinds = Counter(kind for kind, _ in self.counts.elements())
        terminalreporter.section(
            "skips: " + ", ".join(f"{kinds[k]} {k}" for k in ("optional", "gpu", "other"))
        )
        for (_, missing), count in sorted(self.counts.items()):
            terminalreporter.write_line(f"{count:5} for want of {missing}")
        for missing in self.refused():
            terminalreporter.write_line(f"ERROR: nothing may be skipped here for: {missing}")
