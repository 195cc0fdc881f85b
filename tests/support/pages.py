"""The pages of a user, README.md and docs/guide/: their blocks of code, sections and links."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from optional import libraries

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))


def text_of(page):
    """A page as text."""
    return page.read_text(encoding="utf-8")


def name_of(page):
    """A page by its place in the project: the name of a test."""
    return page.relative_to(ROOT).as_posix()


def blocks(page):
    """(language, text) of every block of code."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)


def prose(page):
    """What is not code."""
    return re.sub(r"^```\w*\n.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def python_places(page):
    """The places of Python among its blocks."""
    return [place for place, (language, _) in enumerate(blocks(page)) if language == "python"]


def asking(page, place):
    """A page and the place of a block, with the optional libraries that the block imports."""
    imports = re.findall(r"^import (\w+)", blocks(page)[place][1], re.MULTILINE)
    needs = pytest.mark.needs(*(set(imports) & libraries()))
    return pytest.param(page, place, marks=needs, id=f"{name_of(page)}-{place}")


def run(code, page):
    """What it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, f"<{name_of(page)}>", "exec"), {})
    return printed.getvalue()


def anchor(heading):
    """What a link calls a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page):
    """Every name that a link may have behind `#`."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {*map(anchor, headings), *re.findall(r'<a id="([\w-]+)"></a>', text_of(page))}


def sections(page):
    """Heading and text of every section."""
    parts = re.split(r"^## (.*)$", text_of(page), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))
