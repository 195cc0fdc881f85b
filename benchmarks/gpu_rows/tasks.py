"""Everything there is to measure, in the order of importance, as named tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from . import measured, peers, settings, small, torch_rows
from .rows import Row, rows, shrunk

MAIN = 16  # rows that come before all else


class Task(NamedTuple):
    """What gives a part of the report: under ``report[section][name]``, or its ``peers``."""

    section: str
    name: str
    run: Callable[[], dict[str, Any]]
    library: str = ""

    @property
    def key(self) -> str:
        """The name of a task among all."""
        return f"{self.section}: {self.name}" + (f" | {self.library}" if self.library else "")


def tasks(quick: bool) -> list[Task]:
    """All of them; `quick` is for small arrays."""
    every = list(rows())
    main, rest = every[:MAIN], every[MAIN:]
    calls = [Task("small calls", name, run) for name, run in small.measures().items()]
    foreign = [task for task in calls if "torch" in task.name or "jax" in task.name]
    return [
        *_rows(main, quick),
        *_peers(main, "by hand", quick),
        *(task for task in calls if task not in foreign),
        *_rows(rest, quick),
        *_peers(every, "cupy", quick),
        *(Task("rows", name, run) for name, run in torch_rows.measures(quick).items()),
        *_peers(every, "torch", quick),
        *foreign,
        *_peers(every, "jax", quick),
        Task("small calls", "first call", small.first_calls),
        *_peers(every, "torch.compile", quick),
        *(Task("settings", name, run) for name, run in settings.measures(quick).items()),
    ]  # fmt: skip


def shown() -> list[str]:
    """The rows of the short table."""
    return [*(row.name for row in rows() if row.shown), *torch_rows.SHOWN]


def _rows(chosen: list[Row], quick: bool) -> Iterator[Task]:
    for row in chosen:
        yield Task("rows", row.name, lambda row=row: measured.measure(row, _shape(row, quick)))


def _peers(chosen: list[Row], library: str, quick: bool) -> Iterator[Task]:
    for row in chosen:
        if row.peers and any(peers.LIBRARIES[library](row)):
            run = lambda row=row: peers.measure(row, _shape(row, quick), library)  # noqa: E731
            yield Task("rows", row.name, run, library)


def _shape(row: Row, quick: bool) -> tuple[int, ...]:
    return shrunk(row.shape) if quick else row.shape
