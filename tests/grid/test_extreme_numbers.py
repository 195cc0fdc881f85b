"""Numbers at the ends of the exponents and beyond: a grid has results of them, or refuses them in words."""

import warnings

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._base.errors import ArgumentTypeError, ArgumentValueError

LONG = np.longdouble
WITHIN = [0, -0.0, 5e-324, -1e-320, 1e-310, 2.3e-308, 1e-200, 1e-160, 1e160, 1e300, -1e308, 1.7e308, np.float32(1e-45), np.float32(3e38), np.int8(-128),
          np.uint64(2**64 - 1), 2**63, LONG("1e-4900")]  # fmt: skip
BEYOND = [np.inf, -np.inf, np.nan, 10**400, -(10**400), LONG("1e4000")]
F = np.cos(np.arange(6.0))
X = np.array([0.0, 1.0, 2.5, 3.0, 4.0, 6.0])
LAT, LON = np.linspace(-60, 60, 6), np.arange(6) * 60.0
SQUARE = np.add.outer(F, 2 * F)
GRIDS = {
    "step": lambda v: gg.Grid((6, v)),
    "origin": lambda v: gg.Grid((6, 1.0, v)),
    "step with a wall": lambda v: gg.Grid((6, v), boundary=("symmetric", gg.value(1.0, wall=3.0))),
    "origin with a wall": lambda v: gg.Grid((6, 1.0, v), boundary=("symmetric", gg.value(1.0, wall=7.0))),
    "step with a plate": lambda v: gg.Grid((6, v), boundary=("one-sided", gg.clamped())),
    "last coordinate": lambda v: gg.Grid([0.0, 1.0, 2.5, 3.0, 4.0, v]),
    "second coordinate": lambda v: gg.Grid(
        [0.0, v, 1.0, 2.0, 3.0, 4.0], boundary=("reflect", gg.supported())
    ),
    "coordinates": lambda v: gg.Grid(
        [k * v / 8 for k in range(6)], boundary=(gg.slope(0.0), gg.slope(0.0, wall="face"))
    ),
    "period": lambda v: gg.Grid(X, boundary="periodic", period=v),
    "period of a step": lambda v: gg.Grid((6, 1.0), boundary="periodic", period=v),
    "step of a ring": lambda v: gg.Grid((6, v), boundary="periodic", period=7.0),
    "place of a wall": lambda v: gg.Grid(X, boundary=("reflect", gg.slope(0.5, wall=v))),
    "weight of a value": lambda v: gg.Grid(X, boundary=("reflect", gg.robin(v, 1.0, 0.5, wall="face"))),
    "weight of a slope": lambda v: gg.Grid(X, boundary=("reflect", gg.robin(1.0, v, 0.5))),
    "radius": lambda v: gg.Grid(LAT, LON, geometry="sphere", radius=v),
}
CALLS = {
    "gradient": lambda g, f: g.gradient(f),
    "second": lambda g, f: g.derivative(0, 2)(f),
    "laplacian": lambda g, f: g.laplacian(f),
    "weighed adjoint": lambda g, f: g.derivative(0).adjoint(f, weight="quadrature"),
    "measure": lambda g, f: g.measure,
    "coordinates": lambda g, f: g.coordinates,
    "text": lambda g, f: str(g),
    "solve": lambda g, f: (g.identity - g.laplacian).solve(f),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", GRIDS)
def test_there_is_a_result_or_a_refusal(name, call):
    told = 0
    # which NumPy would make objects
    for number in WITHIN + [b for b in BEYOND if "coordinate" not in name or not isinstance(b, int)]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if name == "coordinates":  # multiples of it are the test's
                warnings.filterwarnings("ignore", module=__name__)
            try:
                grid = GRIDS[name](number)
                CALLS[call](grid, SQUARE if grid.ndim == 2 else F)
            except (ArgumentTypeError, ArgumentValueError):
                told += 1
    assert told >= 3  # of what is no number


@pytest.mark.parametrize("kind", ["value", "slope", "clamped", "supported"])
def test_what_is_prescribed(kind):
    assert np.isfinite([getattr(gg, kind)(number).given for number in WITHIN]).all()
    for number in BEYOND:
        with pytest.raises(
            ArgumentValueError, match="a number must be finite, only arrays may hold other values"
        ):
            getattr(gg, kind)(number)
