"""README.md tells the truth: its code runs and prints what it says, and what it names exists."""

import contextlib
import io
import re
import tomllib
from pathlib import Path

import pytest
from optional import NO_DEVICE, libraries, optional
from scripts import run_benchmark

import gridgrad

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [k for k, (language, _) in enumerate(BLOCKS) if language == "python"]


def run(code):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    return printed.getvalue()


def test_every_block_is_of_a_kind_that_is_tested():
    assert {language for language, _ in BLOCKS} <= {"python", "text", "sh"}
    assert len(PYTHON) == 8


def asking(place):
    """The number of a block, with the libraries that it imports."""
    imports = re.findall(r"^import (\w+)$", BLOCKS[place][1], re.MULTILINE)
    return pytest.param(place, marks=pytest.mark.needs(*(set(imports) & libraries())))


@pytest.mark.parametrize("place", [asking(place) for place in PYTHON])
def test_python_blocks_print_the_text_below_them(place):
    language, expected = BLOCKS[place + 1]
    assert language == "text"
    assert run(BLOCKS[place][1]) == expected


@pytest.mark.parametrize(
    "library",
    ["numpy", optional("torch"), optional("jax.numpy"), pytest.param("cupy", marks=pytest.mark.gpu)],
)
def test_first_example_runs_unchanged_on_every_library(library):
    if library == "cupy" and not pytest.importorskip(library).cuda.is_available():
        pytest.skip(NO_DEVICE)
    code = BLOCKS[PYTHON[0]][1]
    code, changed = re.subn(r"^import numpy as xp ", f"import {library} as xp ", code)
    assert changed == 1
    printed = run(code)
    # The error of the formula is 9e-4; float32 (torch, JAX) adds the rounding of neighbours 2.5e-5 apart.
    assert float(printed.split()[-1]) <= 5e-3, printed


def test_first_example_has_eight_lines():
    assert len([line for line in BLOCKS[PYTHON[0]][1].splitlines() if line.strip()]) <= 8


def test_solver_has_fifteen_lines():
    solver = BLOCKS[PYTHON[1]][1]
    assert "solve_ivp" in solver
    assert len([line for line in solver.splitlines() if line.strip()]) <= 15


def test_shell_blocks_name_targets_and_extras_that_exist():
    shell = "".join(text for language, text in BLOCKS if language == "sh") + README
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", shell, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert set(re.findall(r"\.\[(\w+)\]", shell)) <= set(extras)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_to_files(link):
    assert not link.startswith("http")
    assert (ROOT / link).exists()


def test_figures_are_light():
    figures = list((ROOT / "docs" / "figures").glob("*.png"))
    assert figures
    assert all(figure.stat().st_size < 300_000 for figure in figures)


@pytest.mark.parametrize(
    ("script", "files"),
    [("gradient", "2*.json"), ("operators", "operators-2*.json"), ("autodiff", "autodiff-2*.json")],
)
def test_tables_are_those_the_benchmarks_write(script, files):
    """Word for word the newest results; nothing where there are none."""
    written = README.split(f"<!-- table: python benchmarks/{script}.py --readme -->\n")[1]
    written = written.split("<!-- end of table -->")[0]
    if not list((ROOT / "benchmarks" / "results").glob(files)):
        assert not written
        return
    assert written == run_benchmark(script, "--readme")
    rows = re.findall(r"^\| .*\|$", written, re.MULTILINE)
    assert len(rows) >= 2
    assert {row.count("|") for row in rows} == {rows[0].count("|")}
    assert re.search(r"^\d{4}-\d\d-\d\d, .* cores", written, re.MULTILINE)


def test_operator_table_names_every_function():
    table = README.split("## Operators\n")[1].split("\n- **Ends")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)} - {"2", "4", "6"}
    others = {"Grid", "Operator", "clear_caches", "show_config"}
    assert named == set(gridgrad.__all__) - others
    assert all(hasattr(gridgrad.Grid, name) for name in named)
