"""The fallback without a compiled core, how the core is found, and what `show_config` tells."""

import os
import subprocess
import sys
from types import SimpleNamespace

import fuzz
import numpy as np
import pytest
from samples import COMPILED, dtype_id, frozen, noise, same_bits

import gridgrad as gg
from gridgrad._backends.numpy import core as _core


@pytest.fixture
def no_core(monkeypatch):
    """gridgrad as it is after an installation without a compiler."""
    gg.clear_caches()
    monkeypatch.setattr(_core, "core", None)


def test_the_fallback_stands_the_fuzz(no_core):
    found = fuzz.run(77_000_000, 3000)
    assert found is None, found


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
def test_the_fallback_has_the_bits_of_the_core(dtype, edge_order, rng, monkeypatch):
    f, x = noise(rng, (7, 40), dtype), frozen(np.cumsum(rng.integers(1, 3, 40)) / 10)
    with_core = gg.gradient(f, 0.3, x, edge_order=edge_order)
    gg.clear_caches()
    monkeypatch.setattr(_core, "core", None)
    without = gg.gradient(f, 0.3, x, edge_order=edge_order)
    assert all(same_bits(a, b) for a, b in zip(with_core, without, strict=True))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("name", ["gradient_squared", "gradient_norm", "laplacian", "hessian", "identity"])
def test_the_fallback_adds_as_the_core_does(name, dtype, rng, monkeypatch):
    grid = gg.Grid(np.cumsum(rng.integers(1, 3, 7)) / 10, (9, 0.3), boundary=[None, "periodic"])
    A = getattr(grid, name)
    f, held = noise(rng, (2, 7, 9), dtype), noise(rng, (*A.outputs, 2, 7, 9), dtype)
    with_core = A(f, out=np.array(held), add=True)
    gg.clear_caches()
    monkeypatch.setattr(_core, "core", None)
    grid = gg.Grid(*grid.coordinates[:1], (9, 0.3), boundary=[None, "periodic"])
    assert same_bits(getattr(grid, name)(f, out=np.array(held), add=True), with_core)


def test_the_fallback_writes_to_out_and_reads_round_overlap(no_core, rng):
    memory = np.array(noise(rng, (12, 8)))
    expected = gg.gradient(memory[1:11].copy(), axis=0)
    assert same_bits(gg.gradient(memory[1:11], axis=0, out=memory[:10]), expected)


def test_the_report_of_the_fallback_says_so(no_core):
    assert _core.describe() == {"core": None, "cpu level": None, "threads": 1}


def imported(tmp_path, **changes):
    """`import gridgrad` in a fresh process; exit status and words."""
    code = "import gridgrad; from gridgrad import _core; print(_core.core is not None)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **changes}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env, cwd=tmp_path
    )
    return done.returncode, done.stdout + done.stderr


def test_a_core_that_is_not_there_is_an_error_where_one_was_named(tmp_path):
    status, said = imported(tmp_path, GRIDGRAD_CORE=str(tmp_path / "nowhere.so"))
    assert status == 1
    assert "the compiled core of gridgrad is not at" in said
    assert "nowhere.so: " in said


def test_a_core_of_another_version_is_refused(tmp_path, core):
    source = tmp_path / "other.c"
    source.write_text("int gg_abi_version(void) { return 99; } int gg_descriptor_bytes(void) { return 8; }")
    library = tmp_path / "other.so"
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    except FileNotFoundError:
        pytest.skip("no C compiler")
    status, said = imported(tmp_path, GRIDGRAD_CORE=str(library))
    assert status == 1
    assert "other.so was built for another version of gridgrad; reinstall gridgrad" in said


def test_show_config_prints_and_returns_the_same_facts(capsys):
    facts = gg.show_config("dict")
    assert facts["numpy"] == np.__version__
    assert facts["core"] == _core.describe()["core"]
    assert gg.show_config() is None
    said = capsys.readouterr().out
    assert "\n        caches: " in said
    for name, value in facts.items():
        assert name == "caches" or f"{name}: {value}" in said
    with pytest.raises(ValueError, match="mode must be 'print' or 'dict', got 'json'"):
        gg.show_config("json")


@pytest.mark.parametrize(
    ("machine", "levels"),
    [
        ("x86_64", ["x86-64", "x86-64-v3 (AVX2)", "x86-64-v4 (AVX-512)"]),
        ("AMD64", ["x86-64", "x86-64-v3 (AVX2)", "x86-64-v4 (AVX-512)"]),
        ("aarch64", ["aarch64 (baseline)"]),
        ("ppc64le", ["ppc64le (baseline)"]),
    ],
)
def test_a_cpu_level_has_the_name_of_its_machine(monkeypatch, machine, levels):
    monkeypatch.setattr("platform.machine", lambda: machine)
    for level, name in enumerate(levels):
        core = SimpleNamespace(gg_cpu_level=lambda n=level: n, gg_sweeps=lambda: 0, _name="core.so")
        monkeypatch.setattr(_core, "core", core)
        assert gg.show_config("dict")["cpu level"] == name
