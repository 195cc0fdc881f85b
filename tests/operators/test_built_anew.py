"""Operators that are made in every step: nothing is planned anew, and batches go the short way."""

from __future__ import annotations

from functools import partial
from weakref import ref

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg
from gridgrad._operators import called
from gridgrad._plan import plan as plan_module


def open_grid():
    return gg.Grid(np.array([0.0, 1, 3, 4, 6]), (6, 0.5), boundary=["one-sided", "periodic"])


def walled():
    """Whose operators have numbers that follow the field, one of them with a name."""
    ends = gg.value(0.1, name="left"), gg.slope(-1.3)  # other numbers in float32
    return gg.Grid(np.array([0.0, 1, 3, 4, 6]), (6, 0.5), boundary=[ends, "periodic"])


GRID, WALLED = open_grid(), walled()
SHAPE = GRID.shape

ON = {  # what a step on a grid makes of its fields
    "advect": lambda grid, v, k: grid.advect(v),
    "diffuse": lambda grid, v, k: grid.diffuse(k),
    "transport": lambda grid, v, k: grid.identity + 0.01 * grid.laplacian - 0.1 * grid.advect(v),
    "multiplied": lambda grid, v, k: k * grid.laplacian - grid.multiply(v[0]),
    "inside": lambda grid, v, k: v[0] * grid.derivative(0) @ grid.multiply(k),
    "named": lambda grid, v, k: grid.multiply(k, name="k") @ grid.laplacian,
    "vectors": lambda grid, v, k: k * grid.gradient,
    "one element": lambda grid, v, k: grid.identity + np.full((1, 1), k[0, 0]) * grid.laplacian,
}
STEPS = {name: partial(make, GRID) for name, make in ON.items()}


def fields(rng, shape=SHAPE):
    return list(rng.standard_normal((2, *shape))), rng.uniform(1, 2, shape)


@pytest.fixture
def is_short(monkeypatch):
    """A function after which a call that gathers its arrays fails."""

    def refuse(*given, **words):
        raise AssertionError("the long way")

    return lambda: monkeypatch.setattr(called, "gather", refuse)


@pytest.mark.parametrize("name", STEPS)
class TestEveryStep:
    def test_shares_its_pattern(self, name, rng):
        make = STEPS[name]
        assert make(*fields(rng)).pattern is make(*fields(rng)).pattern

    def test_goes_the_short_way(self, name, rng, is_short, monkeypatch):
        make = STEPS[name]
        f, steps = rng.standard_normal(SHAPE), [fields(rng) for _ in range(3)]
        expected = [make(v, k)(f) for v, k in steps]
        is_short()
        monkeypatch.setattr(plan_module, "collapse", None)
        for (v, k), value in zip(steps, expected, strict=True):
            assert all(map(same_bits, make(v, k)(f), value))

    def test_batches_do_too(self, name, rng, is_short):
        """Of coefficients without a batch axis: as views, of what is written into them later as well."""
        (v, k), f = fields(rng), rng.standard_normal((3, *SHAPE))
        operator, out = STEPS[name](v, k), np.empty((2, 3, *SHAPE) if name == "vectors" else (3, *SHAPE))
        operator(f, out=out)
        if name != "one element":  # which has its own
            k *= 2
            v[0] += 1
        alone = np.stack([STEPS[name](v, k)(one) for one in f], axis=1 if name == "vectors" else 0)
        is_short()
        for made in (operator, STEPS[name](v, k)):
            out[...] = 0
            assert made(f, out=out) is out
            assert same_bits(out, alone)


class TestWhatIsKept:
    def test_changing_numbers_are_forgotten(self):
        """Each is a pattern of its own, of which a few are kept."""
        for dt in np.linspace(0.1, 0.2, 50):
            assert (GRID.identity + float(dt) * GRID.laplacian).terms
        for operator in (GRID.laplacian, GRID.identity):  # its multiples, and its sums
            assert 0 < len(operator.pattern.derived) <= 32

    def test_other_layouts_and_dtypes(self, rng):
        (v, k), f = fields(rng), rng.standard_normal((2, 3, *SHAPE))
        for A in (
            GRID.advect([v[0][:, ::-1], v[1]]),
            k.astype(np.float32) * GRID.laplacian,
            k[:, :1] * GRID.laplacian,
        ):
            expected = np.stack([[A(one) for one in batch] for batch in f])
            for _ in range(2):
                assert same_bits(A(f), expected)
        big = rng.uniform(1, 2, (3, *SHAPE))
        assert same_bits((big * GRID.laplacian)(f)[1, 2], (big[2] * GRID.laplacian)(f[1, 2]))
        with pytest.raises(ValueError, match=r"a factor of shape \(3, 5, 6\) does not broadcast"):
            (big * GRID.laplacian)(f[0, 0])

    def test_complex_fields_with_real_coefficients(self, rng):
        v, k = fields(rng)
        f = rng.standard_normal((3, *SHAPE)) + 1j
        A = k * GRID.laplacian - GRID.advect(v)
        for _ in range(2):
            assert same_bits(A(f), np.stack([A(one) for one in f]))


def alike(a, b):
    """The same bits of one result or of several, in the same types."""
    pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    return all(same_bits(one, other) and type(one) is type(other) for one, other in pairs)


@pytest.mark.parametrize(("kept", "new"), [(GRID, open_grid), (WALLED, walled)], ids=["open", "walled"])
@pytest.mark.parametrize("name", ON)
class TestNothingIsStale:
    """Beside a grid that has made nothing yet."""

    def test_arrays_that_are_written_into(self, name, kept, new, rng):
        (v, k), f = fields(rng), rng.standard_normal(SHAPE)
        for _ in range(3):
            assert alike(ON[name](kept, v, k)(f), ON[name](new(), v, k)(f))
            k += 0.5
            v[1] *= -1

    def test_arrays_at_the_place_of_others(self, name, kept, new, rng):
        """Objects of the same identity, at the same address, with other values."""
        f, memory, seen = rng.standard_normal(SHAPE), np.empty((3, *SHAPE)), set()
        for _ in range(200):
            u, w, k = views = list(memory)
            memory[...] = rng.uniform(1, 2, memory.shape)
            result, places = ON[name](kept, (u, w), k)(f), tuple(map(id, views))
            if places in seen:
                assert alike(result, ON[name](new(), (u.copy(), w.copy()), k.copy())(f))
                break
            seen.add(places)
            del u, w, k, views
        else:
            raise AssertionError("no array came to the place of another")

    def test_other_kinds_of_arrays(self, name, kept, new, rng):
        (v, k), f = fields(rng), rng.standard_normal(SHAPE)
        kinds = [(np.float64, np.float32), (np.float32, np.float32), (np.float32, np.float64),
                 (np.complex128, np.float64), (np.float64, np.complex64)]  # fmt: skip
        for of_fields, of_f in [*kinds, *kinds]:
            own, c = [a.astype(of_fields) for a in v], k.astype(of_fields)
            for samples in (f.astype(of_f), np.stack([f, -f]).astype(of_f)):
                if samples.ndim == f.ndim or name != "one element":
                    assert alike(ON[name](kept, own, c)(samples), ON[name](new(), own, c)(samples))
        masked = np.ma.array(f, mask=f > 1)
        result, expected = ON[name](kept, v, k)(masked), ON[name](new(), v, k)(masked)
        for one, other in (
            zip([result], [expected], strict=True)
            if name != "vectors"
            else zip(result, expected, strict=True)
        ):
            assert np.array_equal(one.mask, other.mask)
            assert np.array_equal(one.filled(0), other.filled(0))

    def test_tensors_after_arrays(self, name, kept, new, rng):
        torch = pytest.importorskip("torch")
        (v, k), f = fields(rng), rng.standard_normal(SHAPE)
        if name == "one element":
            return
        for to in (np.asarray, torch.from_numpy, np.asarray):
            own, c, samples = [to(a) for a in v], to(k), to(f)
            assert alike(ON[name](kept, own, c)(samples), ON[name](new(), own, c)(samples))

    def test_no_coefficient_is_held(self, name, kept, new, rng):
        make, f = ON[name], rng.standard_normal(SHAPE)
        for of_fields in (np.float64, np.float32, complex):
            v, k = fields(rng)
            v, k = [a.astype(of_fields) for a in v], k.astype(of_fields)
            for samples in (f, np.stack([f, f])):
                make(kept, v, k)(samples)
                out = make(kept, v, k)(samples)
                make(kept, v, k)(samples, out=list(out) if name == "vectors" else out)
            held = [ref(a) for a in (*v, k)]
            del v, k
            assert [a() for a in held] == [None] * 3


class TestNumbersThatFollowTheField:
    def test_others_at_the_call(self, rng):
        """New numbers where others were before, that are no more; one kind of fields after the other."""
        v, f, alone = list(rng.standard_normal((2, *SHAPE))), rng.standard_normal(SHAPE), walled()
        kept = alone.identity - alone.advect(v)
        kinds = [f, f.astype(np.float32), [f], np.stack([f, f])]
        numbers = [3, True + 0.5, np.float32(0.1), 2 + 1j, 1.0, 1 + 0j, *rng.standard_normal(300).tolist()]
        for n, left in enumerate(numbers):
            for own in kinds if n < 8 else kinds[n % 4 : n % 4 + 1]:
                made = (WALLED.identity - WALLED.advect(v)).with_(left=left)(own)
                assert same_bits(made, kept(own, left=left))

    def test_a_few_are_kept(self, rng):
        v, f = list(rng.standard_normal((2, *SHAPE))), rng.standard_normal(SHAPE)
        for left in range(50):
            A = WALLED.advect(v).with_(left=float(left))
            A(f)
        assert 0 < len(A.bare.pattern.followers) <= 16

    def test_the_short_way(self, rng, is_short, monkeypatch):
        """The second operator asks nothing of the back ends that the first one asked."""
        f, steps = rng.standard_normal(SHAPE), [fields(rng) for _ in range(3)]
        expected = [ON["transport"](WALLED, v, k)(f) for v, k in steps]
        is_short()
        monkeypatch.setattr(called, "all_like", None)
        monkeypatch.setattr(called, "dispatch", None)
        for (v, k), value in zip(steps, expected, strict=True):
            assert same_bits(ON["transport"](WALLED, v, k)(f), value)


class TestMultiples:
    def test_equal_numbers_of_other_kinds(self, rng):
        f = rng.standard_normal(SHAPE)
        for _ in range(2):
            for number, kind in ((1.0, "float64"), (1 + 0j, "complex128"), (1, "float64"), (-1.0, "float64")):
                result = (number * GRID.laplacian)(f)
                assert result.dtype == kind
                assert same_bits(result, (number * open_grid().laplacian)(f))


WRONG = {
    "shape": lambda grid, u, v: grid.advect((u, v[:-1])),
    "components": lambda grid, u, v: grid.advect((u, v, v)),
    "number": lambda grid, u, v: grid.advect((u, np.nan)),
    "complex": lambda grid, u, v: grid.advect((u, 1j)),
    "dtype": lambda grid, u, v: grid.advect((u, v.astype("datetime64[s]"))),
    "objects": lambda grid, u, v: grid.advect((u, v.astype(object))),
    "none": lambda grid, u, v: grid.advect(None),
    "nothing": lambda grid, u, v: grid.advect(),
    "word": lambda grid, u, v: grid.advect((u, v), acuracy=2),
    "accuracy": lambda grid, u, v: grid.advect((u, v), accuracy=2.0),
    "upwind": lambda grid, u, v: grid.advect((u, v), upwind=True),
    "library": lambda grid, u, v: grid.advect((u, pytest.importorskip("torch").from_numpy(v))),
    "factor": lambda grid, u, v: u * grid.advect((u, v)) - np.inf * grid.laplacian,
    "factor's shape": lambda grid, u, v: v[:-1] * grid.laplacian,
    "diffusivity": lambda grid, u, v: grid.diffuse(v[:, :-1]),
    "form": lambda grid, u, v: grid.diffuse(v, form="point"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_as_before(name, rng):
    """Whatever the grid has made, and kept, of what is right."""
    u, v = rng.standard_normal((2, *SHAPE))
    said = []
    for grid in (open_grid(), GRID, GRID):
        (u * GRID.advect((u, v), accuracy=2))(u)
        GRID.diffuse(v)(u)
        with pytest.raises((TypeError, ValueError)) as caught:
            WRONG[name](grid, u, v)(u)
        said.append((caught.type, str(caught.value)))
    assert len(set(said)) == 1
