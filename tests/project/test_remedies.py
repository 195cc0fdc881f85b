"""Every remedy that an error names is typed, and gives the right value; every error that names one is in the table."""

import ast
import re
from functools import cache

import numpy as np
import pytest
from house import MODULES, NAMES, name_of
from remedies import ROWS as SAMPLES
from remedies import TORCH, names_of, refusal, run
from remedies_curvilinear import ROWS as CURVILINEAR
from remedies_derivatives import ROWS as DERIVATIVES
from remedies_faces import ROWS as FACES
from remedies_functions import ROWS as FUNCTIONS
from remedies_labels import ROWS as LABELS
from remedies_masks import ROWS as MASKS
from remedies_mistakes import ROWS as MISTAKES
from remedies_objects import ROWS as OBJECTS
from remedies_slips import ROWS as SLIPS
from remedies_solves import ROWS as SOLVES
from remedies_sphere import ROWS as SPHERE
from remedies_walls import ROWS as WALLS
from remedies_words import ROWS as WORDS

from gridgrad._base import words

ROWS = [
    *SAMPLES, *CURVILINEAR, *DERIVATIVES, *FACES, *FUNCTIONS, *LABELS, *MASKS, *MISTAKES, *OBJECTS, *SLIPS, *SOLVES, *SPHERE, *WALLS, *WORDS,
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.call[:60])
@pytest.mark.filterwarnings("ignore:.*quantized tensor creation")
def test_the_remedy_gives_the_right_value(row):
    for library in {*row.needs.split(), *(["torch"] if row in TORCH else [])} - {"longdouble"}:
        pytest.importorskip(library)
    if row.needs == "longdouble" and np.finfo(np.longdouble).max == np.finfo(float).max:
        pytest.skip("long double is float64 here")
    assert row.message in refusal(row)
    names = names_of(row)
    value, expected = run(row.remedy, names), run(row.value, names)
    if isinstance(expected, (str, tuple)):
        np.testing.assert_equal(value, expected)
    else:
        tolerance = 1e-6 if np.asarray(value).dtype == np.float32 else 1e-9
        np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)


# Messages that no call on a CPU can show, or that say what is so and leave nothing to type.
NOT_HERE = {
    "_backends.cuda.device": "needs a device; tests/backends/cuda/test_executor.py",
    "_backends.cuda.arrays": "needs a device; tests/backends/cuda/test_executor.py",
    "cuda": "needs a device",
    "_backends.numpy.core": "about the installation",
    "cli._arguments": "one line of a command; tests/cli/test_cli.py",
    "cli._files": "one line of a command; tests/cli/test_cli.py",
    "cli._operators": "one line of a command; tests/cli/test_cli.py",
    "dask._request": "about files; tests/dask/test_to_zarr.py",
    "dask._files": "about files; tests/dask/test_to_zarr.py",
    "dask._partial": "about files; tests/dask/test_to_zarr.py",
    "torch._traced": "torch shortens what is said inside of compiled graphs; tests/backends/torch/test_compile.py",
    "_backends.torch.compiled": "about a graph of another process; tests/backends/torch/test_compile.py",
    "_backends.torch.define": "tests/backends/torch/test_compile.py",
}


LIBRARIES = (
    "torch", "jax", "dask", "sympy", "pandas", "ml_dtypes", "pint", "astropy", "xarray", "zarr", "h5py", "netCDF4",
)  # fmt: skip


def text_of(node):
    """The constant parts of a message as a regular expression, None for what is computed elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return ".*"


@cache
def messages():
    """What the errors of the table say, of libraries that are here."""
    return [refusal(row) for row in ROWS]


def remedies_in(path):
    """The messages of a module that tell what to type."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    errors = [call for call in calls if ast.unparse(call.func).endswith("Error")]
    texts = [text_of(error.args[0]) for error in errors if error.args]
    return [text for text in texts if re.search(r"; |\bgive\b|\buse\b", text.replace("\\ ", " "))]


def test_modules_that_are_left_out_exist():
    assert set(NOT_HERE) <= set(NAMES)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_remedy_is_in_the_table(path):
    if name_of(path) in NOT_HERE:
        return
    for library in LIBRARIES:
        pytest.importorskip(library)
    missing = [
        text
        for text in remedies_in(path)
        if "cupy" not in text and not any(re.search(text, said, re.S) for said in messages())
    ]
    assert missing == []


def test_every_sentence_about_a_keyword_is_in_the_table():
    pytest.importorskip("torch")  # some are of its functions
    tables = (
        words._FOR_SAMPLES,
        words._FOR_GRIDS,
        words._FOR_OPERATORS,
        words._FOR_TORCH,
        words._FOR_FUNCTIONS,
    )
    sentences = {sentence for table in tables for sentence in table.values()}
    said = "\n".join(messages())
    assert [s for s in sentences if not re.search(re.sub(r"\\{\w+\\}", ".*", re.escape(s)), said)] == []
