"""docs/guide/: every block of code runs and prints what it says, every link leads somewhere, a question fits on a screen."""

import inspect
import operator
import re

import pytest
from pages import (
    GUIDE,
    README,
    ROOT,
    anchors,
    asking,
    blocks,
    name_of,
    prose,
    python_places,
    run,
    sections,
    text_of,
)
from scripts import run_benchmark

import gridgrad

PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINKS = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)`]+)\)(?!`)", prose(page))]


@pytest.mark.parametrize(("page", "place"), [asking(page, k) for page in GUIDE for k in python_places(page)])
def test_python_blocks_print_the_text_below_them(page, place):
    language, expected = blocks(page)[place + 1]
    assert language == "text"
    assert run(blocks(page)[place][1], page) == expected


@pytest.mark.parametrize("page", [README, *GUIDE], ids=name_of)
def test_every_block_is_of_a_kind_that_is_tested(page):
    assert {language for language, _ in blocks(page)} <= {"python", "text", "sh"}


def test_what_runs_is_formatted_as_the_package():
    """Short lines: no block is wider than a page."""
    wide = {name_of(page): line for page in GUIDE for kind, code in blocks(page) if kind == "python"
            for line in code.splitlines() if len(line) > 110}  # fmt: skip
    assert wide == {}


@pytest.mark.parametrize(("page", "link"), LINKS, ids=[f"{name_of(page)}-{link}" for page, link in LINKS])
def test_links_lead_to_files_and_headings(page, link):
    assert not link.startswith("http")
    path, _, heading = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    assert target.exists()
    assert not heading or heading in anchors(target)


@pytest.mark.parametrize("page", GUIDE, ids=name_of)
def test_a_question_fits_on_a_screen(page):
    for heading, text in sections(page).items():
        assert len(text.splitlines()) <= 50, heading
        assert heading.rstrip(".") != heading or heading.endswith("?"), f"{heading} is no question"


def test_the_index_names_every_page_and_example():
    index = GUIDE[[page.name for page in GUIDE].index("README.md")]
    named = set(re.findall(r"\]\((\w+\.md)\)", text_of(index)))
    assert named == {page.name for page in GUIDE} - {index.name}
    examples = {path.stem for path in (ROOT / "examples").glob("*.py") if "__main__" in path.read_text()}
    assert set(re.findall(r"\]\(../../examples/(\w+)\.py\)", text_of(index))) == examples


def test_the_index_of_operators_names_every_operator():
    index = sections(ROOT / "docs" / "guide" / "operators.md")["Which page has my operator?"]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", index, re.MULTILINE)))
    on_grids = {name for name in dir(gridgrad.Grid((3, 1.0))) if hasattr(gridgrad, name)}
    assert len(named) == len(set(named))
    assert set(named) == on_grids
    typed = re.findall(r"`help\(gg\.(.*?)\)`", index)
    assert all(operator.attrgetter(name)(gridgrad).__doc__ for name in typed)


@pytest.mark.parametrize(
    ("script", "files"),
    [("gradient", "2*.json"), ("operators", "operators-2*.json"), ("autodiff", "autodiff-2*.json")],
)
def test_tables_are_those_the_benchmarks_write(script, files):
    """Word for word the newest results; nothing where there are none."""
    speed = text_of(ROOT / "docs" / "guide" / "speed.md")
    written = speed.split(f"<!-- table: python benchmarks/{script}.py --table -->\n")[1]
    written = written.split("<!-- end of table -->")[0]
    if not list((ROOT / "benchmarks" / "results").glob(files)):
        assert not written
        return
    assert written == run_benchmark(script, "--table")
    tables = re.findall(r"(?:^\|.*\|\n)+", written, re.MULTILINE)
    assert tables
    for rows in map(str.splitlines, tables):
        assert len(rows) >= 3
        assert {row.count("|") for row in rows} == {rows[0].count("|")}
    assert re.search(r"^\d{4}-\d\d-\d\d, .* cores", written, re.MULTILINE)


def test_the_signature_is_that_of_gradient():
    """Without torch's two names, which have a sentence of their own."""
    page = text_of(ROOT / "docs" / "guide" / "accuracy.md")
    written = re.search(r"^`gradient\((.*)\)`$", page, re.MULTILINE)[1].replace("*spacing", "*varargs")
    parameters = inspect.signature(gridgrad.gradient).parameters
    names = [f"*{name}" if p.kind == p.VAR_POSITIONAL else name for name, p in parameters.items()]
    assert [part.partition("=")[0] for part in written.split(", ")] == [
        n for n in names if n not in ("spacing", "dim")
    ]
