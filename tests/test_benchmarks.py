"""The benchmark of the operators runs at a tiny size, with its values compared, and prints its table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytest.importorskip("scipy")


def run(*arguments):
    command = [sys.executable, ROOT / "benchmarks" / "operators.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_operators(tmp_path):
    printed = run("--quick", "--out", tmp_path)
    (path,) = tmp_path.glob("operators-2*.json")
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == 12
    assert all(row["gridgrad"]["min"] > 0 for row in rows.values())
    assert (
        printed.count("goal <= ") == 2 * 13 + 2
    )  # by each row and in the end, and the memory of two operators
    assert "| Gray-Scott step, 512² |" in run("--readme", "--out", tmp_path)
