"""README.md: short, its examples run, and what it names exists."""

import re
import tomllib

import numpy as np
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


def test_versions_agree():
    """The package says its version twice; what cites it says none, which would be a third."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == gridgrad.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert "\nversion:" not in citation
    assert f"license: {project['license']}\n" in citation
    assert all(f"- name: {author['name']}\n" in citation for author in project["authors"])


def test_figures_are_light():
    figures = list((ROOT / "docs" / "figures").glob("*.png"))
    assert figures
    assert all(figure.stat().st_size < 300_000 for figure in figures)


def test_speed_is_what_the_table_of_the_guide_says():
    """Its two figures, and the share of the ceiling, are those of the first and third row."""
    claim = re.search(
        r"takes ([\d.]+) times as long .* ([\d.]+) times .*\n.*`out=`. That is ([\d.]+) of", text_of(README)
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


LAT, LON = np.arange(-80.0, 81, 20), np.arange(0.0, 360, 30)
SHAPE = LAT.size, LON.size
F, U, V, K = np.random.default_rng(0).random((4, *SHAPE))
ROWS = {  # of the table: what it names, on a grid and, where there is one, as a function
    "`gradient`": [(lambda g: g.gradient(F), lambda f, **a: gridgrad.gradient(f, **a))],
    "`derivative`, `order=1`": [(lambda g, n=n: g.derivative(0, order=n)(F), lambda f, n=n, **a: gridgrad.derivative(f, order=n, dim="lat")) for n in (1, 2, 3, 4)],
    "`derivative`, `accuracy=2`": [(lambda g, n=n: g.derivative(0, order=n, accuracy=4)(F), lambda f, n=n, **a: gridgrad.derivative(f, order=n, accuracy=4, dim="lat")) for n in (1, 2)],
    "`derivative`, `side=": [(lambda g: g.derivative(0, side="left")(F), lambda f, **a: gridgrad.derivative(f, side="left", dim="lat"))],
    "`mixed_derivative`": [(lambda g: g.mixed_derivative(0, 1)(F), lambda f, **a: gridgrad.mixed_derivative(f, **a))],
    "`divergence`, `curl`, `jacobian`": [(lambda g, n=n: getattr(g, n)((F, U)), lambda f, n=n, **a: getattr(gridgrad, n)((f, f), **a)) for n in ("divergence", "curl", "jacobian")],
    "`laplacian`, `vector_laplacian`": [(lambda g: g.laplacian(F), lambda f, **a: gridgrad.laplacian(f, **a)), (lambda g: g.vector_laplacian((F, U)), lambda f, **a: gridgrad.vector_laplacian((f, f), **a))],
    '- `form="wide"`': [(lambda g: g.laplacian.with_(form="wide")(F), lambda f, **a: gridgrad.laplacian(f, form="wide", **a))],
    '- `form="conservative"`': [(lambda g: g.laplacian.with_(form="conservative")(F), lambda f, **a: gridgrad.laplacian(f, form="conservative", **a))],
    "`biharmonic`": [(lambda g: g.biharmonic(F), lambda f, **a: gridgrad.biharmonic(f, **a))],
    "`hessian`": [(lambda g: g.hessian(F), lambda f, **a: gridgrad.hessian(f, **a))],
    "`advect`, `directional_derivative`": [(lambda g: g.advect((U, V))(F), lambda f, **a: gridgrad.advect((f, f), f, **a)), (lambda g: g.directional_derivative((U, V))(F), lambda f, **a: gridgrad.directional_derivative(f, (f, f), **a))],
    "- `upwind=1`": [(lambda g: g.advect((U, V), upwind=1)(F), lambda f, **a: gridgrad.advect((f, f), f, upwind=1, **a))],
    "`diffuse`": [(lambda g: g.diffuse(K, mean="harmonic")(F), lambda f, **a: gridgrad.diffuse(2.0, f, **a)), (lambda g: g.diffuse((K, K, 0 * K), form="tensor")(F), lambda f, **a: gridgrad.diffuse((f, 1.0), f, **a))],
    "grids only, `grid.faces()`": [(lambda g: g.faces().gradient(F), None)],
    "grids only, `grid.multiply(b)`": [(lambda g: g.multiply(K)(F), None)],
    "`gradient_norm`, `gradient_squared`": [(lambda g, n=n: getattr(g, n)(F), lambda f, n=n, **a: getattr(gridgrad, n)(f, **a)) for n in ("gradient_norm", "gradient_squared")],
}  # fmt: skip


def is_offered(call, grid):
    try:
        call(grid)
    except (ValueError, TypeError):
        return False
    return True


def test_columns_of_the_operator_table():
    """What a sphere offers of a row, all, nothing or what is named, and which rows are functions of labelled arrays."""
    rows = re.findall(r"^\| (.*) \|$", sections(README)["Operators"], re.MULTILINE)[1:]
    cells = {row.split(" | ")[0]: row.split(" | ")[-3:] for row in rows}
    sphere = gridgrad.Grid(LAT, LON, geometry="sphere")
    assert len(cells) == len(ROWS)
    for start, calls in ROWS.items():
        (own,) = [own for name, own in cells.items() if name.startswith(start)]
        offered = {is_offered(on_grid, sphere) for on_grid, _ in calls}
        assert (
            own[0] not in ("yes", "-") if len(offered) == 2 else own[0] == ("yes" if True in offered else "-")
        ), start
        assert own[1:] == ["-" if calls[0][1] is None else "yes", "yes"], start


@pytest.mark.needs("xarray", "dask")
@pytest.mark.parametrize("start", ROWS)
def test_labels_and_chunks_of_the_operator_table(start):
    xarray, array = pytest.importorskip("xarray"), pytest.importorskip("dask.array")
    field = xarray.DataArray(F, {"lat": LAT, "lon": LON}, ("lat", "lon"))
    for _, function in ROWS[start]:
        if function is not None:
            made, lazy = (function(f, dim=("lon", "lat")) for f in (field, field.chunk(lat=4)))
            for own, chunks in zip(flat(made), flat(lazy), strict=True):
                assert isinstance(chunks.data, array.Array)
                assert np.array_equal(own, chunks)


def flat(results):
    return [own for part in results for own in flat(part)] if isinstance(results, tuple) else [results]
