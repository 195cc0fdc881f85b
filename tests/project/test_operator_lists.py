"""No list of operators in the tests leaves one out without saying why."""

import ast
import re
from pathlib import Path

import pytest

import gridgrad as gg

TESTS = Path(__file__).parents[1]
OPERATORS = [name for name in gg.__all__ if hasattr(gg.Grid, name)]
LISTS = {  # file: (its list, or the whole file; what is not in it, with the reason)
    "operators/test_operators.py": ("FREE", {"biharmonic": "needs more points; test_biharmonic.py"}),
    "oracles/operator_cases.py": ("CASES", {"biharmonic": "a sum of rows that have oracles; test_biharmonic.py", "gradient_norm": "not linear", "gradient_squared": "not linear"}),
    "verify/test_verify.py": ("CASES", {}),
    "wraps/test_units.py": ("FREE", {"gradient": "the tests before it", "advect": "the test after it"}),
    "terms/test_reads.py": ("FREE", {"gradient": "the tests before it"}),
    "base/test_words.py": ("CALLS", {}),
    "xarray/test_functions.py": ("CALLS", {}),
    "backends/test_ladder.py": (None, {"directional_derivative": "advect of numbers"}),
    "fakes/cuda_cases.py": (None, {"directional_derivative": "advect of numbers"}),
    "support/typed_code.py": (None, {}),
}  # fmt: skip


def text_of(file, name):
    """The file, or what is assigned to a name in it."""
    text = (TESTS / file).read_text()
    if name is None:
        return text
    found = [
        node.value for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]  # fmt: skip
    assert len(found) == 1, f"{file} has no list {name}"
    return ast.get_source_segment(text, found[0])


@pytest.mark.parametrize("file", LISTS)
def test_every_operator_is_in_the_list_or_has_a_reason(file):
    name, reasons = LISTS[file]
    listed = text_of(file, name)
    missing = {operator for operator in OPERATORS if not re.search(rf"\b{operator}\b", listed)}
    assert missing == set(reasons)
