"""Fields that are not on the grid are told of, whatever the grid: by its operators on every kind of axes, ends, coordinates and gaps."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

SHAPE = (9, 12)
LATITUDES, LONGITUDES = np.linspace(-60, 60, 9), np.arange(0, 360, 30.0)
RADII = np.linspace(0.5, 1, 9)
ONE, TWO = np.meshgrid(LATITUDES, LONGITUDES, indexing="ij")
FIELD = np.sin(ONE) + 2
INSIDE = np.ones(SHAPE, bool)
INSIDE[3:5, 4:7] = False
PRESCRIBED = [(gg.value(1.0), gg.slope(np.ones(12))), "one-sided"]

GRIDS = {
    "plane": gg.Grid(LATITUDES, LONGITUDES),
    "numbers at walls": gg.Grid((9, 1.0), (12, 1.0), boundary=[(gg.value(1.0), gg.slope(2.0)), "one-sided"]),
    "arrays at walls": gg.Grid((9, 1.0), (12, 1.0), boundary=PRESCRIBED),
    "sphere": gg.Grid(LATITUDES, LONGITUDES, geometry="sphere"),
    "polar": gg.Grid(RADII, LONGITUDES, geometry="polar", angle="degrees"),
    "lines": gg.Grid(ONE * np.linspace(1, 2, 12), LONGITUDES),
    "curvilinear": gg.Grid(ONE + TWO / 10, TWO - ONE / 10),
    "gaps": gg.Grid(LATITUDES, LONGITUDES).with_mask(INSIDE),
    "gaps on a sphere": gg.Grid(LATITUDES, LONGITUDES, geometry="sphere").with_mask(INSIDE),
}
OPERATORS = {
    "gradient": lambda grid: grid.gradient,
    "laplacian": lambda grid: grid.laplacian,
    "divergence": lambda grid: grid.divergence,
    "curl": lambda grid: grid.curl,
    "advect": lambda grid: grid.advect((FIELD, 2.0)),
    "a sum": lambda grid: grid.identity + FIELD * grid.laplacian,
    "gradient_norm": lambda grid: grid.gradient_norm,
    "transpose": lambda grid: grid.laplacian.linear.T,
}
VECTORS = {"divergence", "curl"}
# not offered there
CASES = [(grid, name) for grid in GRIDS for name in OPERATORS if (grid, name) != ("lines", "advect")]


@pytest.mark.parametrize("shape", [(), (12,), (9, 1), (5, 7), (12, 9), (2, 9, 11)], ids=str)
@pytest.mark.parametrize(("grid", "name"), CASES)
def test_another_shape(grid, name, shape):
    operator, field = OPERATORS[name](GRIDS[grid]), np.ones(shape)
    with pytest.raises(ValueError, match=rf"shape \({', '.join(map(str, shape))}.*\(9, 12\)"):
        operator((field, field) if name in VECTORS else field)


@pytest.mark.parametrize(("grid", "name"), CASES)
def test_times(grid, name):
    operator, field = OPERATORS[name](GRIDS[grid]), FIELD.astype("M8[s]")
    with pytest.raises(TypeError, match=r"f has dtype datetime64\[s\].*give numbers"):
        operator((field, field) if name in VECTORS else field)


@pytest.mark.parametrize("grid", GRIDS)
def test_lists_are_fields_too(grid):
    laplacian = GRIDS[grid].laplacian
    np.testing.assert_array_equal(laplacian(FIELD.tolist()), laplacian(FIELD))
