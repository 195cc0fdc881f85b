"""What tests of calls count, and JAX in double precision."""

import pytest

import gridgrad as gg
from gridgrad._backends import ladder


@pytest.fixture
def bound(monkeypatch):
    """How often a call was bound to its key, which is when it is planned; and how often it went another way."""
    made = {"bound": 0, "others": 0}
    first, operate = ladder.bound, ladder.operate

    def counted(name, function):
        def call(*arguments, **words):
            made[name] += 1
            return function(*arguments, **words)

        return call

    monkeypatch.setattr(ladder, "bound", counted("bound", first))
    monkeypatch.setattr(ladder, "operate", counted("others", operate))
    gg.clear_caches()
    return made


@pytest.fixture
def jax():
    """JAX with float64."""
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", before)
