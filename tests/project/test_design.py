"""docs/design/ and CONTRIBUTING.md: the files and names that they mention exist, and the drawn ways are where calls go."""

import os
import re
import subprocess
import sys

import pytest
from house import NAMES, RANK
from pages import ROOT, name_of, prose, sections, text_of

NOTES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "design").glob("*.md"))]
PAGE = text_of(ROOT / "docs" / "design" / "journey.md")
FILE = re.compile(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|h|cpp|cu|md|toml))`")
NAME = re.compile(r"`(_\w+(?:\.\w+)+)`(?<!\.py`)")
SOURCES = [
    path
    for folder in ("gridgrad", "kernels", "tests", "docs", "benchmarks")
    for path in (ROOT / folder).rglob("*.*")
]


@pytest.mark.parametrize("page", NOTES, ids=name_of)
def test_files_that_a_note_names_exist(page):
    """By the end of their path: `stencil.h` is the one there is."""
    known = [f"/{path.relative_to(ROOT).as_posix()}" for path in [*SOURCES, *ROOT.glob("*.*")]]
    named = set(FILE.findall(prose(page)))
    assert {file for file in named if not any(path.endswith(f"/{file}") for path in known)} == set()


@pytest.mark.parametrize("page", NOTES, ids=name_of)
def test_names_that_a_note_mentions_exist(page):
    """`_plan.plan.collapse` is written in gridgrad/_plan/plan.py."""
    for name in NAME.findall(prose(page)):
        module = next(
            (m for m in sorted(NAMES, key=len, reverse=True) if f"{name}.".startswith(f"{m}.")), None
        )
        assert module, f"{name} is in no module"
        member = name.removeprefix(module).strip(".").partition(".")[0]
        assert re.search(rf"^(?:class |def )?{member}\b", NAMES[module].read_text(), re.MULTILINE), name


@pytest.mark.parametrize("page", NOTES, ids=name_of)
def test_what_a_note_places_in_a_file_is_there(page):
    """As in: `BOUNDARIES` of `gridgrad/_grid/boundary.py`."""
    for name, file in re.findall(
        r"`([\w.]+)`,? (?:of|in) `((?:gridgrad|tests|docs)/[\w/]+\.py)`", prose(page).replace("\n", " ")
    ):
        words = (ROOT / file).read_text(encoding="utf-8")
        assert all(re.search(rf"\b{part}\b", words) for part in name.split(".")), f"{name} is not in {file}"


def test_the_folders_of_contributing_are_in_the_order_of_imports():
    """Each room of the package but its ``__init__``, none above one that it may import."""
    table = sections(ROOT / "CONTRIBUTING.md")["Where things live"]
    rows = [
        re.findall(r"`(\w+)(?:/|\.py)?`", row) for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    ]
    assert {room for row in rows for room in row} == set(RANK) - {"__init__"}
    ranks = [RANK[room] for row in rows for room in row]
    assert ranks == sorted(ranks)


@pytest.fixture(scope="module")
def printed():
    """What the script prints, in a process of its own, whose first call is a first call."""
    command = [sys.executable, str(ROOT / "docs" / "journey.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "support"), "PYTHONUTF8": "1"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_pictures_are_the_ways_of_calls(printed):
    shown = PAGE.split("<!-- drawn: make docs -->\n")[1].split("<!-- end of drawing -->")[0]
    assert printed.startswith(shown), "a call goes another way: make docs"
    assert shown.count("```text") == 6


def test_no_call_goes_through_more_than_nine_folders(printed):
    folders = [int(number) for number in re.findall(r"drawn (\d+) folders", printed)]
    assert len(folders) == 6
    assert max(folders) <= 9


def test_the_layout_is_printed(printed):
    """Its limits are tested by test_architecture.py."""
    assert len(re.findall(r"^ *\d+ \w.*$", printed, re.MULTILINE)) == 5
