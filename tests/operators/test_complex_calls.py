"""Complex numbers and coefficients, which kernels take only in real and imaginary parts, on the one way of a call."""

import numpy as np
import pytest
from samples import frozen, noise, same_bits

import gridgrad as gg
from gridgrad._backends import ladder

SHAPE = (5, 6)
X, Y = frozen([0.0, 1, 3, 4, 7]), frozen(np.arange(6) ** 2)
COMPLEX = {
    "1j * laplacian": lambda grid, v, c: 1j * grid.laplacian,
    "Hamiltonian": lambda grid, v, c: -0.5j * grid.laplacian + (2 + 1j) * grid.multiply(v),
    "by a complex field": lambda grid, v, c: c * grid.laplacian,
    "complex velocity": lambda grid, v, c: grid.advect((c, v)),
    "transpose": lambda grid, v, c: (1j * grid.laplacian + grid.multiply(c)).T,
    "gradient": lambda grid, v, c: 1j * grid.gradient,
}


def parts(result):
    return [part for own in result for part in parts(own)] if isinstance(result, tuple) else [result]


class TestComplexNumbers:
    """What kernels take only in real and imaginary parts is planned once too, with the bits of the way that it took."""

    @pytest.fixture
    def long_way(self, monkeypatch):
        def call(operator, *arguments, **words):
            with monkeypatch.context() as patch:
                patch.setattr(ladder, "bound", lambda *_: None)
                gg.clear_caches()
                return operator(*arguments, **words)

        return call

    def fields(self, rng, dtype):
        return (
            noise(rng, SHAPE, dtype),
            noise(rng, SHAPE, np.zeros(0, dtype).real.dtype),
            noise(rng, SHAPE, dtype),
        )

    @pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
    @pytest.mark.parametrize("name", COMPLEX)
    def test_are_planned_once(self, name, dtype, bound, long_way, core, rng):
        f, v, c = self.fields(rng, dtype)
        make = COMPLEX[name]
        expected = long_way(make(gg.Grid(X, Y), v, c), f)
        operator = make(gg.Grid(X, Y), v, c)
        bound["bound"] = bound["others"] = 0
        for workers in (None, 1, 2):
            for own in (operator(f, workers=workers), operator(f.copy(), workers=workers)):
                assert all(same_bits(a, b) for a, b in zip(parts(own), parts(expected), strict=True))
        assert bound == {"bound": 1, "others": 0}

    @pytest.mark.parametrize("name", ["Hamiltonian", "gradient"])
    def test_into_targets(self, name, bound, long_way, core, rng):
        """Of any strides, stacked, added to; and over the field itself, or its parts, which is another way."""
        f, v, c = self.fields(rng, np.complex128)
        operator = COMPLEX[name](gg.Grid(X, Y), v, c)
        expected = np.stack(parts(operator(f)))
        count = len(expected)
        bound["bound"] = bound["others"] = 0
        for wide in (np.zeros((count, 5, 6), complex), np.zeros((count, 10, 13), complex)[:, ::2, 12:0:-2]):
            out = wide if count > 1 else wide[0]
            for _ in range(3):
                wide[...] = 7
                assert operator(f, out=out) is out
                assert same_bits(wide, expected)
        assert bound == {"bound": 2, "others": 0}
        held = noise(rng, (count, *SHAPE), np.complex128)
        again = [held.copy(), held.copy()]
        for own in again:
            operator(f, out=own if count > 1 else own[0], add=True)
        assert bound == {"bound": 3, "others": 0}
        slow = held.copy()
        long_way(operator, f, out=slow if count > 1 else slow[0], add=True)
        assert same_bits(again[0], slow)
        assert same_bits(again[1], slow)
        for _ in range(2):
            own = np.array(f)
            outs = [own, *np.zeros((count - 1, *SHAPE), complex)]
            operator(own, out=outs if count > 1 else own)
            assert same_bits(np.stack(outs), expected)

    def test_long_axes_and_functions(self, bound, core, rng):
        x = np.cumsum(rng.uniform(0.5, 1.5, 20_000))
        f, v = noise(rng, x.shape, np.complex128), noise(rng, x.shape)
        first = gg.advect((f,), f, x)
        operator = 1j * gg.Grid(x).laplacian + gg.Grid(x).multiply(v)
        expected = operator(f)
        for _ in range(2):
            assert same_bits(operator(f), expected)
            assert same_bits(gg.advect((f,), f, x), first)
        assert bound == {"bound": 2, "others": 0}

    def test_tensors_go_the_same_way(self, bound, core, rng):
        torch = pytest.importorskip("torch")
        f = noise(rng, SHAPE, np.complex128)
        operator = 1j * gg.Grid(X, Y).laplacian
        expected = operator(f)
        bound["bound"] = 0
        for _ in range(3):
            assert same_bits(operator(torch.tensor(f)).numpy(), expected)
        assert bound == {"bound": 1, "others": 0}
