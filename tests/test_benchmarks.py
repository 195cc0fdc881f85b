"""The benchmarks run at a tiny size, with their values compared, and print their tables."""

import json

import pytest
from scripts import run_benchmark

pytest.importorskip("scipy")


def test_operators(tmp_path):
    printed = run_benchmark("operators", "--quick", "--out", tmp_path)
    (path,) = tmp_path.glob("operators-2*.json")
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == 12
    assert all(row["gridgrad"]["min"] > 0 for row in rows.values())
    assert (
        printed.count("goal <= ") == 2 * 13 + 2
    )  # by each row and in the end, and the memory of two operators
    assert "| Gray-Scott step, 512² |" in run_benchmark("operators", "--readme", "--out", tmp_path)


def test_autodiff(tmp_path):
    printed = run_benchmark("autodiff", "--quick", "--out", tmp_path)
    (path,) = tmp_path.glob("autodiff-2*.json")
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == 6
    assert all(row["gridgrad"]["min"] > 0 for row in rows.values())
    assert printed.count("goal <= ") == 2 * 12  # by each row and in the end
    assert "| backward of differences, 2000² float32 |" in run_benchmark(
        "autodiff", "--readme", "--out", tmp_path
    )
