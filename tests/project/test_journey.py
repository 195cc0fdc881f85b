"""docs/journey.py: the pictures of docs/design/journey.md are where calls go, and its numbers are printed."""

import os
import re
import subprocess
import sys

import pytest
from pages import ROOT, text_of

PAGE = text_of(ROOT / "docs" / "design" / "journey.md")


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


def test_the_first_call_goes_down_and_comes_back(printed):
    """Of what is drawn, in which the loops over axes and terms are there once."""
    folders, moves = re.search(r"gradient.*first call.* drawn (\d+) folders, (\d+) moves", printed).groups()
    assert int(folders) <= 9
    assert int(moves) <= 30


def test_the_layout_is_printed(printed):
    """Its limits are tested by test_architecture.py."""
    assert len(re.findall(r"^ *\d+ \w.*$", printed, re.MULTILINE)) == 5
