"""The way of a call through the package, as one picture, and the layout in numbers.

make docs                                             renews the pictures of docs/design/journey.md
PYTHONPATH=tests/support python docs/journey.py       prints them, and the numbers
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
from house import MODULES, RANK, RANKS, TREES, circles, lines_of_any, name_of, room_of

import gridgrad as gg

ROOT = Path(__file__).parents[1]

PAGE = ROOT / "docs" / "design" / "journey.md"
MARKS = "<!-- drawn: make docs -->\n", "<!-- end of drawing -->"
WIDTH = 60  # of the names of files beside a lane


class Way(NamedTuple):
    """What one call calls inside of the package, in order: modules, each as often as one of its functions is called."""

    label: str
    modules: tuple[str, ...]

    def stays(self) -> list[str]:
        """The files it is in, one after the other."""
        return [name for name, _ in groupby(self.modules)]

    def drawn(self) -> list[str]:
        """Its folders without `_base`, which everyone asks; what repeats, for each axis or term, is there once."""
        return once([room for room, _ in groupby(map(room_of, self.modules)) if room != "_base"])

    def summary(self) -> str:
        """Its label and its numbers."""
        files, drawn = self.stays(), self.drawn()
        return (
            f"{self.label}: {len(self.modules)} calls, {len(set(files))} files, {len(files) - 1} moves between them; "
            f"drawn {len(set(drawn))} folders, {len(drawn) - 1} moves"
        )


def follow(label: str, call: Callable[[], Any]) -> Way:
    """Every function of the package that `call` enters, in order; comprehensions are not functions."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path in TREES and not frame.f_code.co_name.startswith("<"):
            entered.append(name_of(path))

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return Way(label, tuple(entered))


def ways() -> list[Way]:
    """The first and the second call of `gradient`, of an operator and of a function, small and with no options."""
    x, y = np.linspace(0, 1, 40) ** 2, np.linspace(0, 3, 50)
    u = np.sin(3 * x)[:, None] * np.cos(y)
    laplacian = gg.Grid(x, y).laplacian
    calls = {
        "gg.gradient(u, x, y)": lambda: gg.gradient(u, x, y),
        "grid.laplacian(u)": lambda: laplacian(u),
        "gg.laplacian(u, x, y)": lambda: gg.laplacian(u, x, y),
    }
    return [
        follow(f"{name}, {which} call", call) for name, call in calls.items() for which in ("first", "second")
    ]


def drawing(way: Way) -> str:
    """A lane for each folder, time from left to right: where the call is, and how it moves."""
    stays = way.drawn()
    lanes = {
        room: [" "] * (2 * len(stays) - 1)
        for room in sorted(dict.fromkeys(stays), key=lambda room: -RANK[room])
    }
    order = list(lanes)
    for k, room in enumerate(stays):
        lanes[room][2 * k] = "●"
    for k, (here, there) in enumerate(pairwise(stays)):
        first, last = sorted((order.index(here), order.index(there)))
        for room in order[first + 1 : last]:
            lanes[room][2 * k + 1] = "│"
        lanes[here][2 * k + 1], lanes[there][2 * k + 1] = "┐└" if RANK[here] > RANK[there] else "┘┌"
    wide = max(map(len, lanes))
    rows = [f"{room:{wide}}  {''.join(lane)}  {_files(way, room)}".rstrip() for room, lane in lanes.items()]
    return "\n".join([way.summary(), "", *rows, ""])


def once(stays: Sequence[str]) -> list[str]:
    """Without repetitions: of every part that follows itself, one is left."""
    left = list(stays)
    for size in range(1, len(left) // 2 + 1):
        k = 0
        while k + 2 * size <= len(left):
            if left[k : k + size] == left[k + size : k + 2 * size]:
                del left[k : k + size]
            else:
                k += 1
    return left


def _files(way: Way, room: str) -> str:
    """The files of a folder that a call enters, as far as there is room."""
    names = dict.fromkeys(name.partition(".")[2] or name for name in way.modules if room_of(name) == room)
    text = ", ".join(names)
    return text if len(text) <= WIDTH else text[:WIDTH].rpartition(",")[0] + ", ..."


def layout() -> dict[str, int]:
    """The numbers of the layout; every import is counted, in functions, for type checkers and by a string too."""
    folders = [path.parent for path in MODULES]
    return {
        "files in the fullest folder": max(map(folders.count, folders)),
        "ranks of folders": len(RANKS),
        "circles of imports": len(circles()),
        "lines that say Any, outside of rooms of libraries without types": sum(lines_of_any().values()),
        "lines of gridgrad/": sum(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES),
    }


def pictures(found: Sequence[Way]) -> str:
    """All drawings, as blocks of a page."""
    return "\n".join(f"```text\n{drawing(way)}```\n" for way in found)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the pictures and the numbers; with ``--write`` renew the page too."""
    parser = argparse.ArgumentParser(description="The way of a call, and the layout in numbers")
    parser.add_argument("--write", action="store_true", help="renew the pictures of docs/design/journey.md")
    arguments = parser.parse_args(argv)
    drawn = pictures(ways())
    print(drawn)
    for name, number in layout().items():
        print(f"{number:6} {name}")
    if arguments.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
        PAGE.write_text(before + MARKS[0] + drawn + MARKS[1] + rest.split(MARKS[1])[1], encoding="utf-8")


if __name__ == "__main__":
    main()
