"""The house rules as facts about the source: sizes, import directions, one preprocessor file, public names."""

import ast
import importlib
import inspect
import re
import statistics
from importlib.util import find_spec
from pathlib import Path

import pytest
from house import KERNELS, MODULES, NAMES, RANK, RANKS, TREES, circles, imports_of, name_of, room_of

import gridgrad

TESTS = Path(__file__).parents[1]
SOURCES = sorted(p for p in KERNELS.rglob("*") if p.suffix in {".h", ".cpp", ".cu"})
HEAVY = {"cupy", "torch", "jax", "jaxlib", "dask", "xarray", "pandas"}


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def body_lines(function):
    """Lines of a function's body, without its docstring."""
    body = function.body
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def outer_imports(node):
    """Statements that run when the module is imported: not inside functions, not for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        yield from outer_imports(child)


def roots(statement):
    """The top-level packages an import names; '' is gridgrad itself."""
    if isinstance(statement, ast.ImportFrom):
        return {"" if statement.level else (statement.module or "").partition(".")[0]}
    return {alias.name.partition(".")[0] for alias in statement.names}


def named_imports(tree):
    """Packages that ``import_module("...")`` names anywhere."""
    calls = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith("import_module")
    ]
    return {c.args[0].value.partition(".")[0] for c in calls if isinstance(c.args[0], ast.Constant)}


@pytest.mark.parametrize("path", [*MODULES, *SOURCES, *sorted(TESTS.rglob("*.py"))], ids=lambda p: p.name)
def test_no_file_is_over_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


def docstring_lines(tree):
    """Lines that only explain."""
    owners = [n for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    return sum(n.body[0].end_lineno - n.body[0].lineno + 1 for n in owners if ast.get_docstring(n))


def test_the_median_file_has_about_120_lines():
    """Beside docstrings, which are as long as a reader needs them."""
    sizes = [len(p.read_text().splitlines()) - docstring_lines(TREES[p]) for p in MODULES]
    sizes += [len(path.read_text().splitlines()) for path in SOURCES]
    assert statistics.median(sizes) <= 140


def test_function_bodies_are_short():
    sizes = {f"{path.name}:{f.name}": body_lines(f) for path, tree in TREES.items() for f in functions(tree)}
    assert {name: size for name, size in sizes.items() if size > 60} == {}
    assert sum(size < 25 for size in sizes.values()) >= 0.9 * len(sizes)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path):
    """All of them: also those in functions, for type checkers only, and by a string."""
    own = room_of(name_of(path))
    for other in map(room_of, imports_of(path)):
        assert other == own or RANK[other] < RANK[own], (
            f"{name_of(path)} imports {other}, which is not below it"
        )


def test_the_ranks_name_rooms_that_exist():
    assert set(RANK) == {room_of(name) for name in NAMES}
    assert len(RANKS) <= 12


def test_no_modules_import_each_other():
    assert circles() == []


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in [*MODULES, *SOURCES]}), ids=lambda p: p.name
)
def test_a_folder_is_a_room_of_at_most_10_files(folder):
    assert (
        len([p for p in folder.iterdir() if p.is_file() and p.suffix in {".py", ".h", ".cpp", ".cu"}]) <= 10
    )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_libraries_are_imported_where_they_belong(path):
    name = name_of(path)
    at_import = {root for s in outer_imports(TREES[path]) for root in roots(s)} & HEAVY
    statements = [s for s in ast.walk(TREES[path]) if isinstance(s, (ast.Import, ast.ImportFrom))]
    anywhere = ({r for s in statements for r in roots(s)} | named_imports(TREES[path])) & HEAVY
    own = {library for library in ("torch", "jax", "dask", "xarray") if library in name}
    assert at_import <= own
    allowed = {"_backends.cuda.device": {"cupy"}, "cli._files": {"xarray"}, "cli._run": {"dask"}}
    allowed |= {
        f"autodiff.{module}": {"torch", "jax", "cupy"} for module in ("_dense", "_evaluate", "_jets.jet")
    }
    assert anywhere <= allowed.get(name, own)


# What a module may fill while it runs. A cache is what can be forgotten without changing any result, and is
# made by `_base/cache.py`; these are none: tables filled when they are imported, and what graphs outside refer to.
NO_CACHES = {
    "_base.cache": {"_caches"},  # the list of caches itself
    "_backends.cuda.device": {"_captured"},  # CUDA graphs hold addresses in it
    "_backends.torch.compiled": {"CONSTANTS"},  # compiled graphs name what is in it
    "_base.words": {"_offered"},  # the public functions, noted as they are defined
    "_base.late": {"_importing"},  # threads at work
    "autodiff._jets.jet": {"RULES", "FUNCTIONS", "SPECIAL"},
    "autodiff._torch_series.series": {"RULES"},
}
CONTAINERS = {"dict", "set", "list", "OrderedDict", "defaultdict", "deque", "Counter"}


def makes_container(value):
    """Whether an expression is an empty container, or an instance of a class of the module."""
    if isinstance(value, (ast.Dict, ast.List)):
        return not ast.unparse(value).strip("{}[]")
    called = value.func if isinstance(value, ast.Call) else None
    name = getattr(called, "id", getattr(called, "attr", ""))
    return (
        (name in CONTAINERS and "zip" not in ast.unparse(value))
        or name.startswith("Weak")
        or name == "Constants"
    )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_has_a_cache_of_another_kind(path):
    """Functions kept by functools have no arguments: one value, which is a constant."""
    tree, name = TREES[path], name_of(path)
    found = {
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and node.value is not None
        and makes_container(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    assert found == NO_CACHES.get(name, set())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    kept = [f for f in functions(tree) for d in f.decorator_list if ast.unparse(d) == "cache"]
    assert [f.name for f in kept if f.args.args or f.args.vararg or f.args.kwonlyargs] == []
    assert "lru_cache" not in path.read_text()
    named = [
        n.value
        for n in tree.body
        if isinstance(n, (ast.Assign, ast.AnnAssign)) and "Cache(" in ast.unparse(n)
    ]
    assert all(isinstance(made.args[0], ast.Constant) and made.args[0].value for made in named)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "set()", "dict()", "WeakKeyDictionary()", "defaultdict(list)", "Constants()"]
)
def test_a_cache_of_another_kind_would_be_found(text):
    assert makes_container(ast.parse(text, mode="eval").body)
    assert not makes_container(ast.parse("{1: 2}", mode="eval").body)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "portable.h"], ids=lambda p: p.name)
def test_preprocessor_conditions_are_in_portable_h_only(path):
    lines = [
        line.strip() for line in path.read_text().splitlines() if re.match(r"\s*#\s*(if|elif|else)", line)
    ]
    guard = "#ifndef GRIDGRAD_" + path.stem.upper() + "_H"
    assert lines == ([guard] if path.suffix == ".h" else []), lines


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.parent == KERNELS and p.name != "portable.h"], ids=lambda p: p.name
)
def test_what_the_device_compiles_includes_no_system_header(path):
    assert re.findall(r"#\s*include\s*<.*>", path.read_text()) == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_and_public_function_is_documented(path):
    tree = TREES[path]
    assert ast.get_docstring(tree)
    public = [
        n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")
    ]
    assert [n.name for n in public if not ast.get_docstring(n)] == []


HERE = [
    name for name in gridgrad.__all__ if name in vars(gridgrad) and not inspect.ismodule(vars(gridgrad)[name])
]


def test_all_is_what_the_package_shows():
    shown = {
        name
        for name, value in vars(gridgrad).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert shown == set(HERE)
    later = set(gridgrad.__all__) - shown
    assert later <= set(NAMES)  # modules that bring heavy libraries
    assert set(gridgrad.__all__) <= set(dir(gridgrad))
    with pytest.raises(AttributeError, match="no attribute 'numpi'"):
        _ = gridgrad.numpi


@pytest.mark.parametrize("name", HERE)
def test_public_functions_explain_every_parameter(name):
    text = inspect.getdoc(getattr(gridgrad, name))
    assert text
    for parameter in inspect.signature(getattr(gridgrad, name)).parameters:
        assert parameter in text, f"{name}() does not explain {parameter}"


def test_every_module_of_the_core_can_be_imported():
    for path in MODULES:
        name = name_of(path)
        missing = [
            library
            for library in ("torch", "jax", "dask", "xarray")
            if library in name and not find_spec(library)
        ]
        if not missing and name not in ("__init__", "_backends.cuda.arrays", "_backends.cuda.device", "cuda"):
            assert importlib.import_module(f"gridgrad.{name}").__doc__


@pytest.mark.parametrize("path", [*MODULES, *SOURCES], ids=lambda p: p.name)
def test_no_eval_and_no_paths_of_a_machine(path):
    text = path.read_text()
    assert not re.search(r"(?<![\w.])(eval|exec)\(", text)
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)
