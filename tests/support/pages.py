"""The pages of a user, README.md and docs/guide/: their blocks of code, sections and links."""

import contextlib
import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from host_kernels import compiler
from optional import libraries

from gridgrad._backends.cuda import device

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
    """What it prints; where it asks for a device and there is none, on the stand-in for one."""
    if re.search("^import cupy$", code, re.MULTILINE) and not device.device_names():
        return run_dry(code)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, f"<{name_of(page)}>", "exec"), {})
    return printed.getvalue()


def run_dry(code):
    """In a process of its own, whose CuPy is the stand-in."""
    if compiler() is None:
        pytest.skip("no C++ compiler for the host-run CUDA kernel")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "page.py"
        script.write_text(code, encoding="utf-8")
        command = [sys.executable, ROOT / "tests" / "fakes" / "dry_device.py", script]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


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
