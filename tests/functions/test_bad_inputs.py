"""Wrong arguments: one clear error each, before any work, with nothing of the caller's changed."""

from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from samples import frozen

import gridgrad as gg

AxisError = np.exceptions.AxisError
LINE = frozen([1.0, 4, 9, 16, 25])
PLANE = frozen(np.arange(20.0).reshape(4, 5) ** 2)
X = [0.0, 1.0, 3.0, 4.0, 6.0]
UP_TO_5 = frozen(np.arange(5))


def with_value(index, value):
    x = np.array(X)
    x[index] = value
    return frozen(x)


def masked(values):
    return np.ma.MaskedArray(values, [False, True, False, False, False])


# name of the row in the acceptance table: (arguments, keywords, class, what the message says)
COORDINATES = {
    "duplicate coord value": ((LINE, with_value(4, 4.0)), {}, ValueError,
                              r"axis 0 are not strictly monotonic: x\[3\]=4.0, x\[4\]=4.0; sort .* remove repeated"),
    "non-monotonic coords": ((LINE, with_value(2, 0.5)), {}, ValueError,
                             r"axis 0 are not strictly monotonic: x\[1\]=1.0, x\[2\]=0.5"),
    "NaN in coords": ((LINE, with_value(3, np.nan)), {}, ValueError, r"axis 0 are not finite: x\[3\]=nan"),
    "inf in coords": ((LINE, with_value(4, np.inf)), {}, ValueError, r"axis 0 are not finite: x\[4\]=inf"),
    "all-equal coords": ((LINE, np.ones(5)), {}, ValueError, r"not strictly monotonic: x\[0\]=1.0, x\[1\]=1.0"),
    "coords too short by 1": ((LINE, X[:-1]), {}, ValueError, "axis 0 has 5 points but 4 coordinates came for it"),
    "coords too long by 1": ((LINE, [*X, 7]), {}, ValueError, "axis 0 has 5 points but 6 coordinates came for it"),
    "2-D coords for 1-D axis": ((LINE, np.ones((5, 1))), {}, ValueError, r"the spacing of axis 0 has shape \(5, 1\)"),
    "coords over a seam": ((LINE, [178.0, 179, 180, -179, -178]), {}, ValueError, r"x\[2\]=180.0, x\[3\]=-179.0; if they run over a seam, unwrap them, numpy.unwrap\(x, period=360\)"),
    "steps for coords": ((LINE, [10800, 10800, 9900, 5400, 6300]), {}, ValueError, r"x\[1\]=10800; if these are the steps .*numpy.cumsum\(x\) - x"),
    "steps between points": ((LINE, [2.0, 1, 3, 1]), {}, ValueError, r"5 points but 4 coordinates came for it; if these are the steps .*numpy.concatenate"),
    "edges of cells": ((LINE, [0, 1, 3, 4, 6, 7]), {}, ValueError, r"5 points but 6 coordinates came for it; if these are the edges .*\(x\[1:\] \+ x\[:-1\]\) / 2"),
    "a column out of order": ((PLANE, -np.abs(np.cumsum(PLANE * 0 + 1, axis=0) - [0, 0, 2.5, 0, 0][: PLANE.shape[1]])), {"axis": 0}, ValueError,
                              r"axis 0 are not strictly monotonic on the line x\[:, 2\]: x\[1, 2\]=-0.5, x\[2, 2\]=-0.5; sort the points of each line"),
    "a NaN in a column": ((PLANE, np.where(PLANE[1, 2] == PLANE, np.nan, np.cumsum(PLANE * 0 + 1, axis=0))), {"axis": 0}, ValueError, r"axis 0 are not finite: x\[1, 2\]=nan"),
    "columns of another plane": ((PLANE, np.cumsum(PLANE + 1, axis=0)[:, :2]), {"axis": 0}, ValueError, r"the spacing of axis 0 has shape \(4, 2\); .* f has shape \(4, 5\)"),
    "columns with a mirror": ((PLANE, np.cumsum(PLANE + 1, axis=0)), {"axis": 0, "boundary": "reflect"}, TypeError, r"the end .reflect. is not offered along axis 0, .* f\[:, j\] with x\[:, j\]"),
    "scattered points": ((LINE, X, X), {}, TypeError, "2 spacings for 1 differentiated axis; .*scattered points need a grid first"),
    "a list of datetimes": ((LINE, [datetime(2020, 1, 1, h) for h in range(5)]), {}, TypeError,
                            r"have datetime objects, and a derivative per time needs a unit; name it, for example \[\(s - t\[0\]\).total_seconds\(\) for s in t\]"),
    "a list of timedeltas": ((LINE, [timedelta(hours=h) for h in range(5)]), {}, TypeError, r"have timedelta objects, .*\[s.total_seconds\(\) for s in t\]"),
    "large 2-D meshgrid coords": ((np.ones((20, 30)), *np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 20))), {}, ValueError,
                                  r"spacing of axis 0 has shape \(20, 30\); it varies along its axis 1 only"),
    "2-D meshgrid coords both axes": ((PLANE, *np.meshgrid(X, X[:-1])), {}, ValueError,
                                      r"spacing of axis 0 has shape \(4, 5\); it varies along its axis 1 only: as the coordinates of that axis give x\[0, :\]"),
    "length-1 array as spacing": ((LINE, [0.5]), {}, ValueError, "axis 0 has 5 points but 1 coordinate came for it; a step goes in as the number itself"),
    "size-1 coords": ((np.ones((1, 5)), [0.0], 1.0), {}, ValueError, "axis 0 has 1 point but edge_order=1 needs at least 2"),
    "bool coords": ((LINE, np.array([0, 1, 1, 1, 0], bool)), {}, TypeError, "spacing of axis 0 has dtype bool; it must be real"),
    "complex coords": ((LINE, np.array(X, complex)), {}, TypeError, "the spacing of axis 0 is complex; it must be real"),
    "string coords": ((LINE, list("abcde")), {}, TypeError, "the spacing of axis 0 has dtype <U1; it must be real"),
    "object coords (floats)": ((LINE, np.array(X, object)), {}, TypeError, "the spacing of axis 0 has dtype object"),
    "datetime64 coords (s)": ((LINE, np.array(UP_TO_5, "M8[s]")), {}, TypeError,
                              r"dtype datetime64\[s\], and a derivative per time needs a unit; name it.*timedelta64\(1, 's'\)"),
    "timedelta64 coords": ((LINE, np.array(UP_TO_5, "m8[h]")), {}, TypeError, r"dtype timedelta64\[h\].*needs a unit"),
    "masked coords": ((LINE, masked(X)), {}, TypeError, "the coordinates of axis 0 are a masked array"),
    "steps beyond all exponents": ((LINE, [0, 1e-320, 1.0, 1e308, 1.1e308]), {}, ValueError,
                                   "the steps of axis 0 range over more than the exponents of float64; leave out points that all but coincide"),
    "a step that overflows": ((LINE, [-1.7e308, 1.7e308, 1.71e308, 1.72e308, 1.73e308]), {}, ValueError,
                              r"the step of axis 0 from x\[0\]=-1.7e\+308 to x\[1\]=1.7e\+308 overflows"),
}  # fmt: skip

SCALARS = {
    "zero spacing": ((LINE, 0.0), {}, ValueError, "the spacing of axis 0 is 0; give a step that is not zero"),
    "integer zero spacing": ((LINE, 0), {}, ValueError, "the spacing of axis 0 is 0"),
    "NaN spacing": ((LINE, np.nan), {}, ValueError, "the spacing of axis 0 is nan; it must be finite"),
    "inf spacing": ((LINE, -np.inf), {}, ValueError, "the spacing of axis 0 is -inf; it must be finite"),
    "bool spacing True": ((LINE, True), {}, TypeError, "the spacing of axis 0 has dtype bool"),
    'string spacing "1"': ((LINE, "1"), {}, TypeError, "the spacing of axis 0 is the string '1'"),
    "None spacing": ((LINE, None), {}, TypeError, "the spacing of axis 0 is None; leave it out for unit spacing"),
    "complex spacing": ((LINE, 1 + 0j), {}, TypeError, "the spacing of axis 0 is complex"),
    "object spacing": ((LINE, Fraction(1, 3)), {}, TypeError, "the spacing of axis 0 has dtype object"),
    "timedelta spacing": ((LINE, np.timedelta64(1, "s")), {}, TypeError, "a derivative per time needs a unit"),
    "3 spacings for 2 axes": ((PLANE, 1, 2, 3), {}, TypeError,
                              "invalid number of arguments: 3 spacings for 2 differentiated axes; give none, one scalar"),
    "2 spacings for axis=0": ((PLANE, 1, 2), {"axis": 0}, TypeError, "2 spacings for 1 differentiated axis"),
    "one coordinate array for two axes": ((np.ones((5, 5)), X), {}, TypeError, "1 spacing for 2 differentiated axes"),
    "torch: 3 spacings for 2 axes": ((PLANE,), {"spacing": (1, 2, 3)}, TypeError, "3 spacings for 2 differentiated"),
    "second spacing is wrong": ((PLANE, 1.0, 0.0), {}, ValueError, "the spacing of axis 1 is 0"),
}  # fmt: skip

DATA = {
    "bool data": ((np.array([True, False, True]),), {}, TypeError, "f has dtype bool: booleans are not taken for numbers"),
    "object data (floats)": ((np.array([1.0, 2.0], object),), {}, TypeError, r"f has dtype object: convert it first.*astype"),
    "object data (None inside)": (([1.0, None, 2.0],), {}, TypeError, "f has dtype object"),
    "object data (Fractions)": (([Fraction(1, 3)] * 3,), {}, TypeError, "f has dtype object"),
    "string data": ((["1", "2", "3"],), {}, TypeError, "f has dtype <U1: give numbers"),
    "bytes data": ((np.array([b"1", b"2"]),), {}, TypeError, "f has dtype .S1: give numbers"),
    "structured data": ((np.zeros(4, "f8,f8"),), {}, TypeError, r"f has dtype .*differentiate one field at a time"),
    "ragged nested list": (([[1, 2], [3]],), {}, ValueError, "f is not a regular array: .*inhomogeneous"),
    "None data": ((None,), {}, TypeError, "f is None; give an array"),
    "dict data": (({"a": 1},), {}, TypeError, "f is a dict, not an array; it has arrays by name: give one of them"),
    "np.recarray": ((np.zeros(4, "f8,f8").view(np.recarray),), {}, TypeError, "recarray, whose meaning"),
    "0-d data": ((np.array(3.0),), {}, ValueError, "f is 0-dimensional: a single number has no neighbours"),
    "python scalar data": ((3.0,), {}, ValueError, "f is 0-dimensional"),
    "numpy scalar data": ((np.float32(3),), {}, ValueError, "f is 0-dimensional"),
    "empty 1-D": ((np.array([]),), {}, ValueError, "axis 0 has 0 points but edge_order=1 needs at least 2"),
    "shape (0,5), axis=0": ((np.ones((0, 5)),), {"axis": 0}, ValueError, "axis 0 has 0 points"),
    "size-1 axis": ((np.ones((5, 1)),), {}, ValueError, "axis 1 has 1 point but edge_order=1 needs at least 2; add points or leave"),
    "size-2 edge_order 2": ((np.ones((4, 2)),), {"edge_order": 2}, ValueError,
                            "axis 1 has 2 points but edge_order=2 needs at least 3; use edge_order=1 or add points"),
    "periodic axis of 2 points": ((np.ones(2),), {"periodic": True}, ValueError,
                                  "axis 0 has 2 points but a periodic axis needs at least 3; add points"),
}  # fmt: skip

AXIS = {
    "duplicate axis (0,0)": ((PLANE,), {"axis": (0, 0)}, ValueError, r"axis 0 is named twice in axis=\(0, 0\); name each"),
    "duplicate axis (0,-2)": ((PLANE,), {"axis": (0, -2)}, ValueError, "repeated axis: axis 0 is named twice"),
    "axis out of range 5": ((PLANE,), {"axis": 5}, AxisError, "axis 5 is out of bounds .* dimension 2; allowed are -2 to 1"),
    "axis out of range -3": ((PLANE,), {"axis": -3}, AxisError, "axis -3 is out of bounds"),
    "axis out of range is an IndexError": ((PLANE,), {"axis": (0, 2)}, IndexError, "axis 2 is out of bounds"),
    "float axis 1.0": ((PLANE,), {"axis": 1.0}, TypeError, "axis must be an int or a sequence of ints, got 1.0 of type float"),
    "string axis": ((PLANE,), {"axis": "x"}, TypeError, "axis must be an int .* got 'x' of type str"),
    "bool axis True": ((PLANE,), {"axis": True}, TypeError, "axis must be an int .* got True of type bool"),
    "numpy bool axis": ((PLANE,), {"axis": np.True_}, TypeError, "axis must be an int"),
    "float inside axis": ((PLANE,), {"axis": (0, 1.0)}, TypeError, "axis must be an int .* got 1.0"),
    "nested axis": ((PLANE,), {"axis": [[0, 1]]}, TypeError, r"axis must be an int .* got \[0, 1\]"),
    "dim out of range": ((PLANE,), {"dim": 2}, AxisError, "axis 2 is out of bounds"),
}  # fmt: skip

EDGE_ORDER = {
    "edge_order=3": ((LINE,), {"edge_order": 3}, ValueError, "'edge_order' greater than 2 not supported: got 3; use 1 or 2"),
    "edge_order=0": ((LINE,), {"edge_order": 0}, ValueError, "edge_order must be 1 or 2, got 0"),
    "edge_order=-1": ((LINE,), {"edge_order": -1}, ValueError, "edge_order must be 1 or 2, got -1"),
    "edge_order='2'": ((LINE,), {"edge_order": "2"}, TypeError, "edge_order must be the integer 1 or 2, got '2' of type str"),
    "edge_order=True": ((LINE,), {"edge_order": True}, TypeError, "edge_order must be the integer 1 or 2, got True"),
    "edge_order=2.0": ((LINE,), {"edge_order": 2.0}, TypeError, "edge_order must be the integer 1 or 2, got 2.0"),
    "edge_order=1.5": ((LINE,), {"edge_order": 1.5}, TypeError, "edge_order must be the integer 1 or 2, got 1.5"),
    "edge_order=None": ((LINE,), {"edge_order": None}, TypeError, "edge_order must be the integer 1 or 2, got None"),
    "edge_order=[1,2]": ((PLANE,), {"edge_order": [1, 2]}, TypeError, r"edge_order must be the integer 1 or 2, got \[1, 2\]"),
}  # fmt: skip

KEYWORDS = {
    "unknown keyword spacng=2": ((LINE,), {"spacng": 2}, TypeError, "unexpected keyword argument 'spacng'"),
    "axis and dim": ((LINE,), {"axis": 0, "dim": 0}, TypeError, "axis= and its alias dim= were both given; give one"),
    "spacing twice": ((LINE, 1.0), {"spacing": 1.0}, TypeError, "spacing was given both positionally and as spacing="),
    "workers=0": ((LINE,), {"workers": 0}, ValueError, "workers must be at least 1, got 0; None chooses by size"),
    "workers=1.5": ((LINE,), {"workers": 1.5}, TypeError, "workers must be a positive int or None, got 1.5"),
    "workers=True": ((LINE,), {"workers": True}, TypeError, "workers must be a positive int or None, got True"),
    "a function with an edge_order": ((np.sin, LINE), {"edge_order": 2}, TypeError, "edge_order is given with a function"),
    "periodic=1": ((LINE,), {"periodic": 1}, TypeError, "periodic must be True or False .*, got 1 for axis 0"),
    "periodic='x'": ((LINE,), {"periodic": "x"}, TypeError, "periodic must be True or False .*, got 'x'"),
    "periodic of wrong length": ((PLANE,), {"periodic": (True,)}, ValueError,
                                 "periodic is of length 1 for 2 differentiated axes; give one value, or one for each axis"),
    "period without periodic": ((LINE,), {"period": 5.0}, ValueError, 'period is given, but no axis is "periodic"; say which are, periodic=True for example, or leave'),
    "period of wrong length": ((PLANE,), {"periodic": True, "period": [5.0]}, ValueError, "period is of length 1 for 2 differentiated axes"),
    "period on an axis that does not repeat": ((PLANE,), {"periodic": [False, True], "period": [5.0, 5.0]}, ValueError,
                                              "period is given for axis 0, which is not periodic; give None in its place, or a number alone"),
    "one period, no axis repeats": ((PLANE,), {"period": 5.0}, ValueError, r"no axis is \"periodic\"; say which are, periodic=\[False, True\]"),
    "boundary and periodic": ((PLANE,), {"boundary": "reflect", "periodic": [False, True]}, TypeError,
                              r"boundary='reflect' and periodic=\[False, True\] contradict each other on axis 1; give boundary= alone"),
    "periodic=False of a periodic boundary": ((LINE,), {"boundary": "periodic", "periodic": False}, TypeError, "contradict each other on axis 0"),
    "unknown boundary": ((PLANE,), {"boundary": ["wall", "periodic"]}, ValueError, "unknown boundary 'wall' of axis 0; allowed are 'one-sided', 'periodic'"),
    "unknown boundary of the named axis": ((PLANE,), {"boundary": "wall", "axis": 1}, ValueError, "unknown boundary 'wall' of axis 1"),
    "scipy.ndimage's mirror": ((LINE,), {"boundary": "mirror"}, ValueError, 'unknown boundary .mirror. of axis 0; the mirror at the end point is "reflect"; allowed'),
    "a value as boundary": ((LINE,), {"boundary": ("value", 1.0)}, ValueError, r"unknown boundary 'value' of axis 0; a value at the end is gridgrad.value\(v\)"),
    "half a ring": ((LINE,), {"boundary": ("periodic", "reflect")}, ValueError, 'axis 0 is "periodic" at one end only'),
    "boundary of wrong length": ((PLANE,), {"boundary": ["periodic"]}, ValueError, "boundary is of length 1 for 2 axes; give one name for all"),
    "boundary=True": ((LINE,), {"boundary": True}, TypeError, "boundary must be a name, or a sequence of names, got True"),
    "accuracy=3": ((LINE,), {"accuracy": 3}, ValueError, "accuracy must be 2, 4, 6, or None for three-point rows, got 3"),
    "accuracy='4'": ((LINE,), {"accuracy": "4"}, ValueError, "accuracy must be 2, 4, 6, or None .* got '4'"),
    "accuracy=4.0": ((LINE,), {"accuracy": 4.0}, ValueError, "accuracy must be 2, 4, 6, or None .* got 4.0"),
    "accuracy=True": ((LINE,), {"accuracy": True}, ValueError, "accuracy must be 2, 4, 6, or None .* got True"),
    "accuracy of an array": ((LINE,), {"accuracy": LINE}, TypeError, r"accuracy is an array; if it is the field, .* grid.advect\(v\)\(f\)"),
    "too short for accuracy=6": ((LINE,), {"accuracy": 6}, ValueError,
                                 "axis 0 has 5 points but a derivative of order 1 of accuracy=6 .*needs at least 7; use accuracy=4 or add points"),
    "too short for a ring of accuracy=4": ((PLANE,), {"accuracy": 4, "boundary": "periodic", "axis": 0}, ValueError, "axis 0 has 4 points but .*needs at least 5; use accuracy=2"),
    "a function with a boundary": ((np.sin, LINE), {"boundary": "periodic"}, TypeError, "boundary is given with a function"),
    "a function with an accuracy": ((np.sin, LINE), {"accuracy": 4, "periodic": True}, TypeError, "periodic and accuracy are given with a function"),
    "another function's keyword": ((LINE,), {"order": 2}, TypeError,
                                   r"gradient\(\) got an unexpected keyword argument 'order'; derivatives of order 2 are derivative\(f, x, axis=0, order=2\)"),
    "numpy.pad's mode": ((LINE,), {"mode": "wrap"}, TypeError, "unexpected keyword argument 'mode'; the ends of axes are given by boundary="),
    "backward differences": ((LINE,), {"scheme": "backward"}, TypeError, r"unexpected keyword argument 'scheme'; .*derivative\(f, x, side=\"left\"\)"),
    "coordinates without period": ((LINE, X), {"periodic": True}, ValueError,
                                   "axis 0 is periodic and has coordinates, so its period is not known; give period="),
    "period not beyond the span": ((LINE, X), {"periodic": True, "period": 6.0}, ValueError,
                                   "period=6.0 of axis 0 is not larger than the span of its points, 6.0; the first point"),
    "period not beyond the steps": ((LINE, 2.0), {"periodic": True, "period": 8.0}, ValueError, "period=8.0 of axis 0 is not larger"),
    "negative period": ((LINE, X[::-1]), {"periodic": True, "period": -7.0}, ValueError, "period=-7.0 of axis 0 must be positive"),
    "NaN period": ((LINE, X), {"periodic": True, "period": np.nan}, ValueError, "the period of axis 0 is nan; it must be finite"),
    "period as array": ((np.ones((5, 5)), X, X), {"periodic": True, "period": ([7.0], 7.0)}, TypeError,
                        "the period of axis 0 must be a number"),
    "string period": ((LINE, X), {"periodic": True, "period": "7"}, TypeError, "axis 0 is the string '7'"),
}  # fmt: skip

TABLE = COORDINATES | SCALARS | DATA | AXIS | EDGE_ORDER | KEYWORDS


@pytest.mark.parametrize("row", TABLE)
def test_row_of_the_acceptance_table(row):
    arguments, keywords, error, message = TABLE[row]
    with pytest.raises(error, match=message):
        gg.gradient(*arguments, **keywords)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_subclasses_with_a_meaning_are_refused():
    class Metres(np.ndarray):
        pass

    for f in (np.asmatrix(PLANE), np.ones(5).view(Metres)):
        with pytest.raises(TypeError, match=f"{type(f).__name__}, whose meaning a plain result would lose"):
            gg.gradient(f)


@pytest.mark.parametrize("row", [*COORDINATES, *SCALARS, *EDGE_ORDER])
def test_out_is_untouched_by_a_refused_call(row):
    arguments, keywords, error, message = TABLE[row]
    count = np.ndim(arguments[0]) if keywords.get("axis") is None else 1
    out = [np.full(np.shape(arguments[0]), 7.0) for _ in range(count)]
    with pytest.raises(error, match=message):
        gg.gradient(*arguments, **keywords, out=out)
    assert all((target == 7).all() for target in out)


@pytest.mark.parametrize("row", TABLE)
def test_a_refused_call_says_the_same_the_second_time(row):
    arguments, keywords, error, _ = TABLE[row]
    said = []
    for _ in range(2):
        with pytest.raises(error) as caught:
            gg.gradient(*arguments, **keywords)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("f", "spacing", "keywords"),
    [
        (LINE, with_value(4, 4.0), {}), (LINE, with_value(2, 0.5), {}), (LINE, 0.0, {}), (LINE, np.inf, {}), (LINE, np.nan, {}), (LINE, True, {}),
        (LINE, Fraction(1, 2), {}), (np.array([Fraction(1), Fraction(2)]), 1, {}), (3.0, 1, {}),
        (LINE, 1.0, {"edge_order": 2.0}), (LINE, 1.0, {"edge_order": 0}), (LINE, 1.0, {"axis": {0}}),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_numpy_takes_and_the_guide_lists(f, spacing, keywords):
    np.gradient(f, *([spacing] if np.ndim(f) else []), **keywords)
    with pytest.raises((TypeError, ValueError)):
        gg.gradient(f, *([spacing] if np.ndim(f) else []), **keywords)


def test_errors_come_before_any_allocation():
    vast = np.broadcast_to(np.float64(1), (1 << 20, 1 << 20, 5))  # results of 40 TiB each
    with pytest.raises(ValueError, match="not strictly monotonic"):
        gg.gradient(vast, with_value(4, 4.0), axis=2)
    with pytest.raises(ValueError, match="edge_order must be 1 or 2"):
        gg.gradient(vast, edge_order=0)


def test_a_request_larger_than_memory_names_its_size():
    vast = np.broadcast_to(np.float64(1), (1 << 20, 1 << 20, 5))
    with pytest.raises(MemoryError, match=r"40\.0 TiB"):
        gg.gradient(vast, axis=2)


@pytest.mark.parametrize("name", ["laplacian", "biharmonic", "hessian", "gradient_norm", "gradient_squared"])
@pytest.mark.parametrize("options", [{}, {"missing": "one-sided"}], ids=["", "missing"])
def test_no_axes_are_no_grid(name, options):
    with pytest.raises(TypeError, match=r"a grid needs coordinates, or \(n, step\), for at least one axis"):
        getattr(gg, name)(PLANE, axis=(), **options)
