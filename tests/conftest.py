"""What every test shares: the hypothesis profile, the report header, optional libraries, CPU levels."""

from __future__ import annotations

import os
from importlib import import_module

import hypothesis
import numpy as np
import pytest
from optional import NO_DEVICE, Skips
from sample import Passed, sample

from gridgrad._backends.numpy import core as _core

# CI runs the same examples every time; HYPOTHESIS_PROFILE=search looks for new ones.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100, database=None)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser):
    """What a run after others may leave out; see tests/support/sample.py."""
    group = parser.getgroup("gridgrad")
    group.addoption("--write-passed", metavar="FILE", help="write the names of the tests that pass")
    group.addoption("--passed", metavar="FILE", help="what passed elsewhere, of which --one-in is taken")
    group.addoption(
        "--one-in", metavar="N", type=int, default=1, help="run one in N, and one of every function"
    )


def pytest_collection_modifyitems(config, items):
    """Take a sample, which is the same in every worker."""
    kept = sample(items, config.getoption("one_in"), config.getoption("passed"))
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def pytest_configure(config):
    """Refuse to pass on the fallback by accident."""
    if os.environ.get("GRIDGRAD_REQUIRE_CORE") and _core.core is None:
        raise pytest.UsageError("GRIDGRAD_REQUIRE_CORE is set, but gridgrad has no compiled core")
    if not hasattr(config, "workerinput"):  # where the reports of all workers arrive
        config.pluginmanager.register(Skips(os.environ.get("GRIDGRAD_MAY_SKIP")))
        if config.getoption("write_passed"):
            config.pluginmanager.register(Passed(config.getoption("write_passed")))
        wait_for_workers()
    if (
        os.environ.get("GRIDGRAD_NO_POOL") and device_names()
    ):  # or a sanitizer sees one piece of memory for all
        import_module("cupy").cuda.set_allocator(None)


def wait_for_workers():
    """Give them time to end: a core that counts its lines writes the counts then, and who takes 10 s is killed."""
    try:
        from xdist.workermanage import NodeManager
    except ImportError:
        return
    NodeManager.EXIT_TIMEOUT = 120


def pytest_runtest_setup(item):
    """Leave out what needs a library that is not installed, or a device that is not there."""
    for mark in item.iter_markers("needs"):
        for library in mark.args:
            pytest.importorskip(library)
    if item.get_closest_marker("gpu") and not device_names():
        pytest.skip(NO_DEVICE)


def device_names():
    """The CUDA devices, where gridgrad would find them."""
    from gridgrad._backends.cuda import device  # which imports CuPy

    return device.device_names()


def pytest_report_header(config):
    """Which core, on which CPU level."""
    facts = _core.describe()
    return f"gridgrad core: {facts['core']}, cpu level: {facts['cpu level']}, threads: {facts['threads']}"


@pytest.fixture
def rng():
    """A seeded generator."""
    return np.random.default_rng(20240229)


@pytest.fixture
def core():
    """The compiled core's functions, or a visible skip."""
    if _core.core is None:
        pytest.skip("no compiled core")
    return _core.core


@pytest.fixture
def cpu_levels(core):
    """Every CPU level this machine can run; the chosen one is restored."""
    before = core.gg_cpu_level()
    yield [level for level in range(core.gg_cpu_levels()) if core.gg_use_cpu_level(level)]
    core.gg_use_cpu_level(before)
