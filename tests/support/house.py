"""The package as its source shows it: modules, all their imports, the folders that they are in."""

import ast
import re
from pathlib import Path

import gridgrad

PACKAGE = Path(gridgrad.__file__).parent
KERNELS = next(
    (p for p in (PACKAGE / "kernels", PACKAGE.parent / "kernels") if p.is_dir()), PACKAGE.parent / "kernels"
)
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "kernels" not in p.parts)
TREES = {path: ast.parse(path.read_text()) for path in MODULES}

# From the bottom to the top; a module imports from its own room and from rooms in lower rows.
RANKS = [
    {"_base"},
    {"_stencils", "_wraps"},
    {"_terms"},
    {"_plan"},
    {"_backends"},
    {"_grid"},
    {"_operators"},
    {"grid"},
    {"torch", "autodiff", "dask"},
    {"_functions"},
    {"verify", "cuda", "_config", "xarray", "cli"},
    {"__init__", "__main__"},
]
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}


def name_of(path):
    """``_grid.points`` of a file; a folder's ``__init__`` is called as the folder."""
    name = path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


NAMES = {name_of(path): path for path in MODULES}


def room_of(name):
    """The folder (or the file) at the top that a module is in."""
    return name.partition(".")[0]


def imports_of(path):
    """The modules of gridgrad that a file imports anywhere: also in functions, for type checkers, by a string."""
    found = set(_strings_of(path))
    for stem, node in _statements_of(path):
        inner = {f"{stem}.{alias.name}".removeprefix(".") for alias in node.names}
        modules = inner & set(NAMES)  # names of a package may be modules of it
        found |= modules if modules == inner else modules | {stem}
    return {other for other in found if other in NAMES} - {name_of(path)}


def stems_of(path):
    """What its imports name before ``import``, and by a string: what is imported first."""
    return {*_strings_of(path), *(stem for stem, _ in _statements_of(path))}


def _statements_of(path):
    name = name_of(path)
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    package = [] if name == "__init__" else package
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield ".".join([*base, *(node.module.split(".") if node.module else [])]), node


def _strings_of(path):
    for node in ast.walk(TREES[path]):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.match(r"gridgrad\.(\w+\.)*_", node.value)
        ):
            yield node.value.removeprefix("gridgrad.")


def circles():
    """Groups of modules that import each other, however indirectly."""
    reached = {name: imports_of(path) for name, path in NAMES.items()}
    for middle in NAMES:
        for others in reached.values():
            if middle in others:
                others |= reached[middle]
    groups = {frozenset(b for b in reached[a] if a in reached[b]) for a in NAMES if a in reached[a]}
    return sorted(map(sorted, groups))


# Where arrays are of libraries that have no types, or whose types are not looked into.
UNTYPED = ("_wraps.", "_backends.torch.", "_backends.dask.", "torch.", "xarray.", "cli.", "autodiff._engines.torch",
           "autodiff._engines.jax", "autodiff._torch_series.")  # fmt: skip


def lines_of_any():
    """How many lines of each module outside of `UNTYPED` name `Any`, of which a checker sees nothing."""
    counts = {}
    for name, path in NAMES.items():
        if not f"{name}.".startswith(UNTYPED) and name not in UNTYPED:
            lines = {
                node.lineno
                for node in ast.walk(TREES[path])
                if isinstance(node, ast.Name) and node.id == "Any"
            }
            counts[name] = len(lines)
    return {name: count for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count}
