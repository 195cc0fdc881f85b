"""A run after others takes a sample of what passed in them: what differs from one environment to the next is seldom one value.

The sample has the first test of every function, and of the others those whose names a checksum picks: one in N of
every library, dtype and way, whatever the order of the parameters, and the same ones in every worker and every run.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from zlib import crc32


class Passed:
    """Writes the names of the tests that pass."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report) -> None:
        """Take note of a test that has run and passed."""
        if report.when == "call" and report.passed:
            self.names.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write one name a line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(self.names) + "\n", encoding="utf-8")


def sample(items: Iterable, one_in: int, passed: str | None = None) -> set:
    """The tests to run: one in so many of those named in the file `passed`, or of all, and all others.

    Where that file was not written nothing has passed, and all are run.
    """
    known = None if passed is None else _names_in(Path(passed))
    kept, functions = set(), set()
    for item in items:
        function = item.nodeid.partition("[")[0]
        if (
            function not in functions
            or (known is not None and item.nodeid not in known)
            or crc32(item.nodeid.encode()) % one_in == 0
        ):
            kept.add(item)
        functions.add(function)
    return kept


def _names_in(path: Path) -> set[str]:
    """The lines of a file, none where it is not there."""
    return {*path.read_text(encoding="utf-8").splitlines()} if path.exists() else set()
