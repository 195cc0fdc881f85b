"""Transposes and adjoints on grids with gaps of what is one already; products of them; and rings. The oracle are matrices."""

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(7)
INSIDE = RNG.random((9, 8)) > 0.25
PLANES = {
    "uneven": lambda: gg.Grid((9, 0.5), np.cumsum(RNG.random(8) + 0.5), boundary=["one-sided", "symmetric"]),
    "sphere": lambda: gg.Grid(np.arange(-80.0, 81, 20), np.arange(0.0, 360, 45), geometry="sphere"),
}


def close(got, expected, eps=1e-13):
    np.testing.assert_allclose(got, expected, rtol=0, atol=eps * np.nanmax(abs(np.asarray(expected))))


class TestTransposes:
    """Transposes and adjoints of weighted adjoints, and weighted adjoints of transposes."""

    @pytest.mark.parametrize("name", ["laplacian", "gradient", "diffuse"])
    @pytest.mark.parametrize("plane", ["uneven", "sphere"])
    def test_are_those_of_matrices(self, name, plane):
        grid = PLANES[plane]().with_mask(INSIDE)
        operator = grid.diffuse(2.0 + 1j * RNG.random((9, 8))) if name == "diffuse" else getattr(grid, name)
        matrix = operator.to_sparse().toarray()
        rows, columns = (np.tile(grid.measure.ravel(), n // 72) for n in matrix.shape)
        H = np.conj(matrix.T) * rows / columns[:, None]
        W = operator.adjoint_operator("quadrature")
        expected = {
            "T of the weighted": (W.T, H.T),
            "adjoint of the weighted": (W.adjoint_operator(), np.conj(H.T)),
            "weighted adjoint of the weighted": (W.adjoint_operator("quadrature"), matrix),
            "weighted adjoint of T": (
                operator.T.adjoint_operator("quadrature"),
                np.conj(matrix) * columns / rows[:, None],
            ),
        }
        for made_, values in expected.values():
            close(made_.to_sparse().toarray(), values)
            f = RNG.standard_normal(values.shape[1])
            parts = [*f.reshape(-1, 9, 8)]
            got = made_(parts if len(parts) > 1 else parts[0])
            close(np.ravel(got), values @ f)

    def test_times_a_field_with_fill(self):
        grid = PLANES["uneven"]().with_mask(INSIDE, fill=np.nan)
        b, g = np.where(INSIDE, 2.0, np.nan), np.where(INSIDE, RNG.standard_normal((9, 8)), np.nan)
        for turned in (grid.laplacian.T, grid.laplacian.adjoint_operator("quadrature")):
            assert same_bits((b * turned)(g), 2 * turned(g))
            close((b * turned).T(g), turned.T(np.where(INSIDE, 2 * g, np.nan)))


def test_rings_beside_symmetric_gaps():
    """The first derivative keeps the difference to the point that counts, across the seam too."""
    f = RNG.standard_normal(8)
    got = gg.Grid((8, 1.0), boundary="periodic").with_mask(np.arange(8) < 7, boundary="symmetric").gradient(f)
    close(got[[0, 6]], [(f[1] - f[0]) / 2, (f[6] - f[5]) / 2])
    got = (
        gg.Grid((8, 1.0), boundary="periodic").with_mask(np.arange(8) != 1, boundary="symmetric").gradient(f)
    )
    close(got[[0, 2]], [(f[0] - f[7]) / 2, (f[3] - f[2]) / 2])
