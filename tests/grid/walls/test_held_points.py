"""What stands in an array at points on a wall that holds a value: read by rows along the wall at these points, and nowhere else."""

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(13)
SHAPE = (11, 12)
AXES = {"even": ((11, 0.5), (12, 0.25)), "uneven": tuple(np.cumsum(RNG.uniform(0.3, 1.2, n)) for n in SHAPE)}
INSIDE = np.zeros(SHAPE, bool)
INSIDE[1:-1, 1:-1] = True
OPERATORS = {
    "gradient": lambda g: g.gradient,
    "laplacian": lambda g: g.laplacian,
    "conservative": lambda g: g.laplacian.with_(form="conservative"),
    "wide": lambda g: g.laplacian.with_(form="wide"),
    "accuracy 4": lambda g: g.laplacian.with_(accuracy=4),
    "gradient, accuracy 6": lambda g: g.gradient.with_(accuracy=6),
    "hessian": lambda g: g.hessian,
    "biharmonic": lambda g: g.biharmonic,
    "third": lambda g: g.derivative(1, order=3),
    "mixed": lambda g: g.mixed_derivative(0, 1, orders=(2, 1)),
    "left": lambda g: g.derivative(0, side="left"),
    "advect": lambda g: g.advect((2.0, RNG.standard_normal(SHAPE))),
    "upwind": lambda g: g.advect((-1.0, RNG.standard_normal(SHAPE)), upwind=2),
    "diffuse": lambda g: g.diffuse(RNG.uniform(1, 2, SHAPE)),
    "size": lambda g: g.gradient_norm,
    "divergence": lambda g: g.divergence,
    "curl": lambda g: g.curl,
    "jacobian": lambda g: g.jacobian,
    "vector laplacian": lambda g: g.vector_laplacian,
    "step": lambda g: g.identity - 0.1 * g.laplacian,
    "vector step": lambda g: g.identity - 0.1 * g.vector_laplacian,
}


def sides(k):
    other = SHAPE[1 - k]
    return gg.value(RNG.standard_normal(other)), gg.value(RNG.standard_normal(other))


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("axes", AXES)
def test_no_point_inside_reads_it(axes, name):
    A = OPERATORS[name](gg.Grid(*AXES[axes], boundary=[sides(0), sides(1)]))
    f = RNG.standard_normal((*A.inputs, *SHAPE))
    spoiled = np.where(INSIDE, f, np.nan)
    for got, want in zip(components(A(spoiled)), components(A(f)), strict=True):
        assert same_bits(got[INSIDE], want[INSIDE])
        assert np.isfinite(got[INSIDE]).all()


def components(results):
    return np.asarray(results).reshape(-1, *SHAPE)


@pytest.mark.parametrize("axes", AXES)
def test_rows_across_the_wall_read_it_nowhere(axes):
    """Nor does a derivative along it of those."""
    grid = gg.Grid(*AXES[axes], boundary=[sides(0), "one-sided"])
    spoiled = RNG.standard_normal(SHAPE)
    spoiled[[0, -1]] = np.nan
    for A in (
        grid.derivative(0), grid.derivative(0, order=2), grid.derivative(0, order=2, accuracy=4),
        grid.mixed_derivative(0, 1), grid.mixed_derivative(0, 1, orders=(1, 2)),
    ):  # fmt: skip
        assert np.isfinite(A(spoiled)).all()


@pytest.mark.parametrize("name", [name for name in OPERATORS if name != "size"])
def test_columns_of_held_points_are_those_of_rows_on_walls(name):
    A = OPERATORS[name](gg.Grid(*AXES["uneven"], boundary=[sides(0), sides(1)]))
    columns = A.to_sparse().tocsc()[:, np.tile(~INSIDE.ravel(), max(1, int(np.prod(A.inputs))))]
    rows = np.unique(columns.tocoo().coords[0]) % INSIDE.size
    assert not INSIDE.ravel()[rows].any()
