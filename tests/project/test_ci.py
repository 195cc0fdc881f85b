"""What builds and checks the project: environments of the Makefile, the Pythons and lowest releases of .ci."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from optional import requirements

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / ".ci").is_dir(), reason="not a checkout")


def ran(command, folder, **environment):
    """A command that has ended, without what `make` and this run have set."""
    kept = {
        k: v for k, v in os.environ.items() if k not in ("PYTHON", "VENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.run(
        command, cwd=folder, env=kept | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def said_by(command, folder=ROOT, **environment):
    """What a command prints."""
    done = ran(command, folder, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fake_python(path, version):
    """A program that answers as the Python of a version does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def test_an_environment_of_another_python_is_made_anew(tmp_path):
    old, new = (
        fake_python(tmp_path / "old", "3.11.1 (main, Jan 1) [GCC 12]"),
        fake_python(tmp_path / "new", "3.13.0 (main, Jan 1) [GCC 12]"),
    )
    fake_python(tmp_path / ".venv" / "bin" / "python", "3.11.1 (main, Jan 1) [GCC 12]")
    (tmp_path / ".venv" / "made").touch()
    plan = ["make", "-n", "-f", ROOT / "Makefile", ".venv/made"]
    assert "up to date" in said_by(plan, tmp_path)
    assert "up to date" in said_by([*plan, old], tmp_path)
    assert "new -m venv --clear .venv" in said_by([*plan, new], tmp_path)
    (tmp_path / ".venv" / "bin" / "python").unlink()  # the Python that made it was removed
    assert "old -m venv --clear .venv" in said_by([*plan, old], tmp_path)


def test_the_oldest_and_the_newest_python_are_found(tmp_path):
    for name, fact in (
        ("python3.12", "3 12 4"),
        ("python3.11", "3 11 9"),
        ("python3.99", "3 99 0"),
        ("python3", ""),
    ):
        fake_python(tmp_path / "bin" / name, f"{fact} {tmp_path}/bin/{name}")
    (tmp_path / "bin" / "python3.98").write_text("no program")
    where = {"PATH": str(tmp_path / "bin") + os.pathsep + "/usr/bin:/bin", "PYENV_ROOT": str(tmp_path)}
    oldest, newest = said_by([sys.executable, ROOT / ".ci" / "pythons.py"], **where).split()
    assert newest == f"{tmp_path}/bin/python3.99"
    assert "3.11" in oldest or "python3" in oldest


def test_the_lowest_releases_are_those_of_pyproject():
    extras = ("test", "plot", "jax", "dask", "xarray")
    pins = said_by([sys.executable, ROOT / ".ci" / "minima.py", *extras]).split()
    assert len(pins) == 1 + len(list(requirements(*extras)))
    assert {"numpy==2.0", "dask[array]==2025.5.1"} <= set(pins)


@pytest.mark.parametrize("extra", ["test", "test-all", "dev", "torch"])
def test_every_requirement_says_from_which_release_on_it_works(extra):
    for requirement in requirements(extra):
        assert [s.operator for s in requirement.specifier if s.operator == ">="], str(requirement)


def test_the_releases_of_pre_commit_are_among_those_that_check_installs():
    pinned = re.findall(r"\[(\S+)==(\S+)\]", (ROOT / ".pre-commit-config.yaml").read_text())
    allowed = {requirement.name: requirement.specifier for requirement in requirements("dev")}
    assert {name for name, _ in pinned} == {"ruff", "clang-format"}
    assert all(version in allowed[name] for name, version in pinned)


def test_check_installs_the_tree_once(tmp_path):
    """Another Python file runs as it is; another list of them, or another kernel, is installed again."""
    for name in ("gridgrad/one.py", "kernels/apply.h", "pyproject.toml", ".venv-check/made"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    plan = ["make", "-n", "-f", ROOT / "Makefile", "VENV=.venv-check", "checked"]
    first = said_by(plan, tmp_path)
    assert "--editable" in first
    (tmp_path / re.search(r"touch (\S+)", first)[1]).touch()
    (tmp_path / "gridgrad" / "one.py").write_text("changed")
    assert "--editable" not in said_by(plan, tmp_path)
    later = (tmp_path / "gridgrad" / "one.py").stat().st_mtime + 10
    os.utime(tmp_path / "kernels" / "apply.h", (later, later))
    assert "--editable" in said_by(plan, tmp_path)
    os.utime(tmp_path / "kernels" / "apply.h", (0, 0))
    (tmp_path / "gridgrad" / "two.py").touch()
    assert "--editable" in said_by(plan, tmp_path)


@pytest.mark.parametrize(
    ("ends", "made"),
    [
        ("0 0", True),
        ("0 5", True),
        ("5 0", True),
        ("5 5", False),
        ("1 0", False),
        ("0 1", False),
        ("5 1", False),
    ],
)
def test_a_part_of_the_tests_may_have_none_of_one_kind_but_not_none_at_all(tmp_path, ends, made):
    """pytest ends with 5 where it found nothing."""
    many, few = ends.split()
    program = fake_python(tmp_path / "bin" / "pytest", "").removeprefix("PYTHON=")
    Path(program).write_text(f'#!/bin/sh\ncase "$*" in *"not alone"*) exit {many};; esac\nexit {few}\n')
    (tmp_path / "tools").touch()
    command = ["make", "-f", ROOT / "Makefile", f"VENV={tmp_path}", "-o", tmp_path / "tools", "test"]
    done = ran(command, tmp_path)
    assert (done.returncode == 0) == made, done.stdout + done.stderr
