"""The examples at a small size: they run, their own checks pass, and their physics is right."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
pytest.importorskip("matplotlib")


@pytest.fixture
def example(monkeypatch):
    """Import a module of examples/ or benchmarks/ as if run from its folder; forgotten afterwards."""

    def load(folder, name):
        before = set(sys.modules)
        monkeypatch.syspath_prepend(str(ROOT / folder))
        module = importlib.import_module(name)
        for new in set(sys.modules) - before:
            path = getattr(sys.modules[new], "__file__", None)
            if path and Path(path).parent == ROOT / folder:
                monkeypatch.setitem(sys.modules, new, sys.modules[new])
                monkeypatch.delitem(sys.modules, new)
        return module

    return load


def test_terrain(example, tmp_path):
    facts = example("examples", "terrain").main(["--size", "80", "--out", str(tmp_path)])
    for name in ("jacksboro", "topobathy"):
        assert facts[name]["plane_error"] < 1e-12
        assert facts[name]["figure"].stat().st_size > 10_000
        slope, aspect = facts[name]["slope"], facts[name]["aspect"]
        assert 0 < np.median(slope) < slope.max() < 2
        assert np.array_equal(np.isnan(aspect), slope == 0)
        assert np.nanmin(aspect) >= 0
        assert np.nanmax(aspect) < 360


def test_terrain_knows_north(example):
    """Ground that rises northwards descends to the south, whichever way the rows run; one that rises eastwards, to the west."""
    terrain = example("examples", "terrain")
    for latitude in (np.linspace(36.0, 36.2, 9), np.linspace(36.2, 36.0, 9)):
        height = 1000 * np.broadcast_to(latitude[:, None], (9, 7))
        hill = terrain.Terrain("hill", height, latitude, np.linspace(-84, -83.9, 7))
        assert np.allclose(terrain.slope_and_aspect(*terrain.slopes(hill))[1], 180, atol=1e-9)
        east = hill._replace(height=np.broadcast_to(np.arange(7.0), (9, 7)))
        assert np.allclose(terrain.slope_and_aspect(*terrain.slopes(east))[1], 270, atol=1e-9)


def test_fault_rows_run_southwards(example):
    terrain = example("examples", "terrain")
    fault = terrain.fault()
    assert fault.latitude[0] > fault.latitude[-1]
    assert np.all(np.diff(fault.longitude) > 0)
    # Pine Mountain, the straight ridge in the north-east of the map, runs from south-west to north-east.
    slope = np.hypot(*terrain.slopes(fault))
    rows = np.arange(45, 150, 15)
    steepest = fault.longitude[200 + slope[rows, 200:].argmax(axis=1)]
    assert np.corrcoef(fault.latitude[rows], steepest)[0, 1] > 0.9


def test_heat_is_second_order(example, tmp_path):
    facts = example("examples", "heat_stretched").main(["--size", "49", "--out", str(tmp_path)])
    stretched = facts["errors"]["stretched"]
    assert stretched[0] > stretched[1] > stretched[2]
    assert 1.65 < facts["order"] < 2.35
    assert stretched[-1] < facts["errors"]["uniform"][-1]
    assert facts["figure"].stat().st_size > 10_000


def test_benchmark_runs_and_prints_its_table(example, tmp_path, capsys):
    benchmark = example("benchmarks", "gradient")
    report = benchmark.main(["--quick", "--out", str(tmp_path)])
    assert all("np.gradient" in row and row["gridgrad"]["min"] > 0 for row in report["rows"].values())
    benchmark.main(["--readme", "--out", str(tmp_path)])
    assert "| 1-D, 100 points, fresh |" in capsys.readouterr().out
