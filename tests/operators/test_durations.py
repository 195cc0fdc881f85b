"""Durations and dates in the place of numbers: NumPy counts `timedelta64` among the integers, and its unit would be lost."""

import numpy as np
import pytest

import gridgrad as gg

LINE = gg.Grid((5, 1.0))
NAMED = gg.Grid((5, 1.0), boundary=[(gg.value(0.0, name="inflow"), "one-sided")])
F = np.arange(5.0) ** 2
AS_NUMBERS = {
    "times an operator": lambda t: t * LINE.laplacian,
    "an operator times": lambda t: LINE.laplacian * t,
    "an operator over": lambda t: LINE.laplacian / t,
    "of multiply": lambda t: LINE.multiply(t),
    "a value": lambda t: gg.value(t),
    "a slope": lambda t: gg.slope(t, wall="face"),
    "of a mixture": lambda t: gg.robin(t, 1.0, 0.0),
    "the place of a wall": lambda t: gg.value(0.0, wall=t),
    "a value at a call": lambda t: NAMED.laplacian(F, inflow=t),
    "a velocity": lambda t: gg.advect((t,), F),
    "a diffusivity": lambda t: gg.diffuse(t, F),
    "a radius": lambda t: gg.Grid(
        np.arange(-80, 81, 20.0), np.arange(0, 360, 30.0), geometry="sphere", radius=t
    ),
    "a number of points": lambda t: gg.Grid((t, 1.0)),
    "an origin": lambda t: gg.Grid((5, 1.0, t)),
    "a period": lambda t: gg.gradient(F, np.arange(5.0), periodic=True, period=t),
    "an axis of fields": lambda t: gg.Grid((5, 1.0), axes=[t]),
}
TIMES = {
    "nanoseconds": np.timedelta64(7, "ns"),  # whose Python number is an int
    "hours": np.timedelta64(7, "h"),
    "date": np.datetime64("2020-01-01"),
}


@pytest.mark.parametrize("name", AS_NUMBERS)
@pytest.mark.parametrize("time", TIMES)
def test_times_are_no_numbers(name, time):
    with pytest.raises(TypeError, match=r"timedelta64|datetime64"):
        AS_NUMBERS[name](TIMES[time])


@pytest.mark.parametrize(
    "call", [lambda t: gg.diffuse(t, F), lambda t: t * LINE.laplacian, gg.value], ids=["k", "b", "v"]
)
def test_arrays_of_durations_are_refused_under_their_own_names(call):
    """Not as the field is, of which a constant may be taken away first."""
    with pytest.raises(
        TypeError, match=r"has dtype timedelta64\[h\], .* [kbv] / numpy.timedelta64\(1, 's'\)"
    ):
        call(np.arange(5).astype("m8[h]"))


def test_what_the_errors_say_of_periods_and_origins():
    hours = np.arange(5.0)
    with pytest.raises(TypeError, match=r"the period of axis 0 .* period / np.timedelta64\(1, 's'\)"):
        gg.gradient(F, 3600 * hours, periodic=True, period=np.timedelta64(5, "h"))
    found = gg.gradient(
        F, 3600 * hours, periodic=True, period=np.timedelta64(5, "h") / np.timedelta64(1, "s")
    )
    np.testing.assert_allclose(found, (np.roll(F, -1) - np.roll(F, 1)) / 7200, rtol=1e-15)
    with pytest.raises(TypeError, match=r"the origin of axis -1 is None; leave it out$"):
        gg.Grid((5, 1.0, None))
