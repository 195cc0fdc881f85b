"""README.md: short, its examples run, and what it names exists."""

import re
import tomllib

import pytest
from optional import optional
from pages import README, ROOT, asking, blocks, prose, python_places, run, sections, text_of

import gridgrad
from gridgrad.verify import _subjects

PYTHON = python_places(README)


def test_it_is_short():
    assert len(text_of(README).splitlines()) <= 200
    assert len(PYTHON) == 3


@pytest.mark.parametrize(("page", "place"), [asking(README, place) for place in PYTHON])
def test_python_blocks_print_the_text_below_them(page, place):
    language, expected = blocks(page)[place + 1]
    assert language == "text"
    assert run(blocks(page)[place][1], page) == expected


@pytest.mark.parametrize(
    "library",
    ["numpy", optional("torch"), optional("jax.numpy"), pytest.param("cupy", marks=pytest.mark.gpu)],
)
def test_first_example_runs_unchanged_on_every_library(library):
    code = blocks(README)[PYTHON[0]][1]
    code, changed = re.subn(r"^import numpy as xp ", f"import {library} as xp ", code)
    assert changed == 1
    printed = run(code, README)
    # The error of the formula is 9e-4; float32 (torch, JAX) adds the rounding of neighbours 2.5e-5 apart.
    assert float(printed.split()[-1]) <= 5e-3, printed


def lines_of(place):
    """Lines of code."""
    return [line for line in blocks(README)[PYTHON[place]][1].splitlines() if line.strip()]


def test_first_example_has_eight_lines():
    assert len(lines_of(0)) <= 8


def test_solver_has_fifteen_lines():
    assert "solve_ivp" in blocks(README)[PYTHON[1]][1]
    assert len(lines_of(1)) <= 15


def test_shell_blocks_name_targets_and_extras_that_exist():
    shell = "".join(text for language, text in blocks(README) if language == "sh") + prose(README)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", shell, re.MULTILINE))
    assert {"demo", "test", "check"} <= named <= targets
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert set(re.findall(r"\.\[(\w+)\]", shell)) <= set(extras)


def test_figures_are_light():
    figures = list((ROOT / "docs" / "figures").glob("*.png"))
    assert figures
    assert all(figure.stat().st_size < 300_000 for figure in figures)


def test_speed_is_what_the_table_of_the_guide_says():
    """Its two figures, and the share of the ceiling, are those of the first and third row."""
    claim = re.search(
        r"takes ([\d.]+) times as long .* ([\d.]+) times .*\n.*: ([\d.]+) of what", text_of(README)
    )
    table = text_of(ROOT / "docs" / "guide" / "speed.md")
    rows = {
        name: cells.split(" | ")
        for name, cells in re.findall(r"^\| (.*?300³.*?|same.*?) \| (.*) \|$", table, re.M)
    }
    given, fresh = rows["3-D, 300³ float64, all axes, `out=`"], rows["same, uniform, fresh outputs"]
    assert claim.groups() == (fresh[0], given[0], given[-1])


def test_operator_table_names_every_function():
    rows = re.findall(r"^\| (`.*?) \|", sections(README)["Operators"], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)} - {"2", "4", "6"}
    others = {"Grid", "Operator", "clear_caches", "show_config"}
    others |= {"clamped", "components", "no_slip", "robin", "slip", "slope", "supported", "value"}  # ends
    assert named == set(gridgrad.__all__) - others
    assert all(hasattr(gridgrad.Grid, name) for name in named)
    assert named == set(_subjects._MAKERS)  # the guide says that verify takes every operator of the table
