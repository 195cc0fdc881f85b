"""The one way of a call: what is planned once, what is another key, and what every call looks at."""

import threading

import numpy as np
import pytest
from samples import frozen, noise, same_bits

import gridgrad as gg
from gridgrad._base.cache import SHARES
from gridgrad._operators.patterns.calls import functions

SHAPE = (5, 6)
X, Y = frozen([0.0, 1, 3, 4, 7]), frozen(np.arange(6) ** 2)
ENDS = {"boundary": ["reflect", "one-sided"]}
SIDE = frozen([1.0, 4, 2, 0, 3, 5])
WALLS = {"boundary": [(gg.value(SIDE, wall="face"), gg.slope(0.5)), gg.robin(1.0, 2.0, 3.0)]}
ROUND = np.arange(6)
POSITIONS = [np.arange(5.0)[:, None] + 0.1 * Y, ROUND - 0.2 * np.arange(5.0)[:, None]]
CALLS = {
    "gradient": lambda u, w: gg.gradient(u, X, Y, workers=w),
    "of one axis": lambda u, w: gg.gradient(u, X, axis=0, workers=w),
    "with ends": lambda u, w: gg.gradient(u, X, Y, edge_order=2, **ENDS, workers=w),
    "accurate": lambda u, w: gg.gradient(u, 0.5, accuracy=4, boundary="reflect", workers=w),
    "out": lambda u, w: gg.gradient(u, X, Y, out=[np.empty(SHAPE), np.empty(SHAPE)], workers=w),
    "stacked out": lambda u, w: gg.gradient(u, X, Y, out=np.empty((2, *SHAPE)), workers=w),
    "laplacian": lambda u, w: gg.laplacian(u, X, Y, workers=w),
    "laplacian with ends": lambda u, w: gg.laplacian(u, 0.5, **ENDS, workers=w),
    "derivative": lambda u, w: gg.derivative(u, X, axis=0, order=2, workers=w),
    "mixed": lambda u, w: gg.mixed_derivative(u, X, Y, workers=w),
    "hessian": lambda u, w: gg.hessian(u, X, Y, workers=w),
    "norm": lambda u, w: gg.gradient_norm(u, X, Y, workers=w),
    "squares": lambda u, w: gg.gradient_squared(u, X, Y, workers=w),
    "divergence": lambda u, w: gg.divergence((u, u), X, Y, workers=w),
    "of a stack": lambda u, w: gg.divergence(np.stack([u, u]), X, Y, workers=w),
    "jacobian of a stack": lambda u, w: gg.jacobian(np.stack([u, u]), X, Y, workers=w),
    "curl": lambda u, w: gg.curl((u, u), X, Y, workers=w),
    "vector laplacian": lambda u, w: gg.vector_laplacian([u, u], X, Y, workers=w),
    "advect": lambda u, w: gg.advect((u, 2.0), u, X, Y, workers=w),
    "along": lambda u, w: gg.directional_derivative(u, (u, u), X, Y, workers=w),
    "diffuse": lambda u, w: gg.diffuse(u, u, X, Y, workers=w),
    "a wall made at each call": lambda u, w: gg.laplacian(u, X, Y, boundary=gg.value(0), workers=w),
    "values at walls": lambda u, w: gg.laplacian(u, X, Y, **WALLS, workers=w),
    "gradient with walls": lambda u, w: gg.gradient(u, X, Y, **WALLS, out=np.empty((2, *SHAPE)), workers=w),
    "stack with walls": lambda u, w: gg.divergence(np.stack([u, u]), X, Y, boundary=gg.no_slip(), workers=w),
    "advect with walls": lambda u, w: gg.advect((u, 2.0), u, X, Y, **WALLS, workers=w),
    "gradient on a sphere": lambda u, w: gg.gradient(u, 2 * X, Y, geometry="sphere", workers=w),
    "on a sphere": lambda u, w: gg.laplacian(
        u, 2 * X, 60.0 * ROUND, geometry=["lat", "lon"], radius=2, workers=w
    ),
    "stack on a sphere": lambda u, w: gg.divergence(
        np.stack([u, u]), 2 * X, Y, geometry="sphere", out=np.empty(SHAPE), workers=w
    ),
    "advect on a sphere": lambda u, w: gg.advect(
        (u, 2.0), u, 2 * X, 60.0 * ROUND, geometry="sphere", workers=w
    ),
    "polar": lambda u, w: gg.curl(
        (u, u), 0.5 + X, 60.0 * ROUND, geometry="polar", angle="degrees", workers=w
    ),
    "curvilinear": lambda u, w: gg.gradient(u, *POSITIONS, workers=w),
    "curvilinear stack": lambda u, w: gg.divergence(np.stack([u, u]), *map(np.copy, POSITIONS), workers=w),
    "lines of their own": lambda u, w: gg.laplacian(u, POSITIONS[0], Y, workers=w),
}
LARGE = np.meshgrid(np.linspace(0, 1, 100), np.linspace(0, 2, 90) ** 1.5, indexing="ij")
LARGE = [LARGE[0] + 0.1 * LARGE[1] ** 2, LARGE[1] - 0.1 * LARGE[0]]  # more than is hashed as bytes


def parts(result):
    return [part for own in result for part in parts(own)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", CALLS)
def test_a_function_is_planned_once(name, bound, core, rng):
    """With any keyword, whatever `workers` says, and with new arrays."""
    first = CALLS[name](noise(rng, SHAPE), None)
    assert bound == {"bound": 1, "others": 8 * ("curvilinear" in name)}  # differences of its positions
    assert len(functions) == 1
    for workers in (None, 1, 2):
        u = noise(rng, SHAPE)
        seen = dict(bound)
        again = CALLS[name](u, workers)
        assert bound == seen
        gg.clear_caches()
        fresh = CALLS[name](u, workers)
        assert all(same_bits(a, b) for a, b in zip(parts(again), parts(fresh), strict=True))
        assert type(again) is type(fresh) is type(first)


@pytest.mark.parametrize("name", ["large weights", "values at walls"])
def test_what_is_called_again_is_not_looked_at_in_full(name, core, rng, monkeypatch):
    """Also where weights stay with their plan, or an operator in several parts with its grid."""
    x = np.cumsum(1 + rng.random(4000))
    calls = {
        "large weights": lambda f: gg.gradient(f, x, accuracy=6),
        "values at walls": lambda f: gg.laplacian(f, X, Y, boundary=gg.value(2.0)),
    }
    fields = noise(rng, (2, *(x.shape if name == "large weights" else SHAPE)))
    wanted = [calls[name](f) for f in fields]
    gg.clear_caches()
    calls[name](fields[0])
    for module in ("gradient", "share"):
        monkeypatch.setattr(f"gridgrad._functions.{module}.points_of", None)
    assert all(same_bits(calls[name](f), own) for f, own in zip(fields, wanted, strict=True))


def test_several_sweeps_are_found_by_their_operator(bound, core, rng):
    """The norm of a gradient on a sphere is that of its result, and integers are converted."""
    lat, lon, ints = 2 * X, 60.0 * ROUND, rng.integers(-9, 9, SHAPE)
    wanted = gg.Grid(lat, lon, geometry="sphere")
    for f in (noise(rng, SHAPE), ints):
        for name in ("gradient_norm", "laplacian"):
            operator, function = getattr(wanted, name), getattr(gg, name)
            gg.clear_caches()
            function(f, lat, lon, geometry="sphere")
            assert len(functions) == 1
            for out in (None, np.empty(SHAPE)):
                for _ in range(2):
                    assert same_bits(function(f, lat.copy(), lon, geometry="sphere", out=out), operator(f))


@pytest.mark.parametrize(("x", "y"), [POSITIONS, LARGE], ids=["small", "large"])
def test_what_changes_in_place_is_another_key(x, y, core, rng):
    """At every point; also of coordinates over which results are written."""
    x, y, u = x.copy(), y.copy(), noise(rng, x.shape)
    gg.laplacian(u, x, y)
    before = len(functions)
    for place in ((0, 0), (2, 3), (-1, -1)):
        x[place] += 1e-3
        assert same_bits(gg.laplacian(u, x, y), gg.Grid(x, y).laplacian(u))
        assert same_bits(gg.laplacian(u, x, y), gg.Grid(x, y).laplacian(u))
    assert len(functions) == before + 3
    kept = x.copy()
    wanted = gg.Grid(kept, y).laplacian(u)
    for _ in range(2):
        x[...] = kept
        assert same_bits(gg.laplacian(u, x, y, out=x), wanted)


def test_positions_that_move_do_not_pile_up(core, rng):
    """What is kept of each step is counted, and goes when there is more than the share of these calls."""
    x, y = LARGE
    u, large = noise(rng, x.shape), 8 * x.nbytes
    gg.clear_caches()
    for k in range(20):
        gg.laplacian(u, x + 1e-3 * k, y)
        held = gg.show_config(mode="dict")["caches"]["calls"]
        assert 0 < held["bytes"] <= SHARES["calls"] + 2 * large
        assert held["entries"] <= 2 + SHARES["calls"] // (3 * x.nbytes)


def test_operators_and_their_sums_and_adjoints_too(bound, core, rng):
    grid, u = gg.Grid(X, Y), noise(rng, SHAPE)
    operators = (
        grid.laplacian,
        2 * grid.laplacian - grid.identity,
        grid.laplacian.T,
        grid.advect((u, u)),
        grid.hessian,
    )
    for operator in operators:
        bound["bound"] = 0
        for workers in (None, 1, 2):
            for _ in range(2):
                operator(u, workers=workers)
        assert bound == {"bound": 1, "others": 0}
    moving = grid.advect((u, u))
    bound["bound"] = 0
    for _ in range(3):
        moving(u, v=(noise(rng, SHAPE), noise(rng, SHAPE)))
    assert bound == {"bound": 0, "others": 0}


def test_large_arrays_go_the_same_way(bound, core, rng):
    f = noise(rng, (300, 300, 40))
    expected = gg.gradient(f, workers=2)
    for workers in (None, 1, 3):
        assert all(same_bits(a, b) for a, b in zip(gg.gradient(f, workers=workers), expected, strict=True))
    assert bound == {"bound": 1, "others": 0}


def test_tensors_go_the_same_way(bound, core, rng):
    torch = pytest.importorskip("torch")
    u = torch.tensor(noise(rng, SHAPE))
    calls = (
        lambda t: gg.gradient(t, X, Y), lambda t: gg.laplacian(t, 0.5), gg.Grid(X, Y).laplacian,
        lambda t: gg.laplacian(t, 2 * X, Y, geometry="sphere"), lambda t: gg.laplacian(t, *POSITIONS),
    )  # fmt: skip
    for call in calls:
        call(u)
        seen = dict(bound)
        for _ in range(2):
            call(u)
        assert bound == seen
    on_sphere = gg.Grid(2 * X, Y, geometry="sphere").laplacian(u)
    assert torch.equal(calls[3](u), on_sphere)
    leaf = u.clone().requires_grad_()
    calls[3](leaf).sum().backward()
    assert torch.equal(calls[3](leaf).detach(), on_sphere)
    leaf = u.clone().requires_grad_()
    gg.laplacian(leaf, 0.5).sum().backward()
    assert leaf.grad is not None
    assert torch.equal(gg.laplacian(leaf, 0.5).detach(), gg.laplacian(u, 0.5))


def test_what_is_equal_but_of_another_type_is_another_key(core):
    """1, 1.0 and True are equal, and hash alike."""
    f = np.arange(5.0) ** 2
    for _ in range(2):
        assert same_bits(gg.gradient(f, edge_order=1), gg.gradient(f, 1.0))
        for wrong in (True, 1.0):
            with pytest.raises(TypeError, match="edge_order must be the integer 1 or 2"):
                gg.gradient(f, edge_order=wrong)
        with pytest.raises(TypeError, match="dtype bool"):
            gg.gradient(f, True)
        gg.laplacian(f, 1, periodic=True)
        with pytest.raises(TypeError, match="periodic must be True or False"):
            gg.laplacian(f, 1, periodic=1)
        gg.gradient(f, axis=(0,))
        for axis in ((False,), (0.0,), False):
            with pytest.raises(TypeError, match="axis must be"):
                gg.gradient(f, axis=axis)
        gg.gradient(f, workers=1)
        with pytest.raises(TypeError, match="workers must be a positive int"):
            gg.gradient(f, workers=True)


def test_numbers_of_a_velocity_are_in_the_key(core):
    f = np.arange(5.0) ** 2
    for _ in range(2):
        for number in (1.0, 2.0, 0.0, -0.0, 3):
            got = gg.advect([number], f)
            assert same_bits(got, gg.Grid((5, 1.0)).advect([number])(f))


def test_lists_and_masked_arrays_are_not_taken_for_each_other(core):
    """What has no facts is never kept."""
    f = [0.0, 1, 4, 9]
    for given in (f, np.ma.array(f, mask=[0, 1, 0, 0]), np.arange(4).astype("m8[s]"), np.array(f)) * 2:
        result = gg.gradient(given)
        assert isinstance(result, np.ma.MaskedArray) == isinstance(given, np.ma.MaskedArray)
        assert (result.dtype.kind == "m") == (getattr(given, "dtype", np.dtype("f8")).kind == "m")
    assert len(functions) >= 1


def test_the_address_is_looked_at_in_every_call(core, rng):
    memory = np.array(noise(rng, 60))
    expected = gg.Grid((20, 0.5)).laplacian(memory[:20].copy())
    operator = gg.Grid((20, 0.5)).laplacian
    for _ in range(2):
        operator(memory[:20].copy(), out=np.empty(20))
        for start in (0, 1, 19, 20):
            own = memory.copy()
            assert same_bits(operator(own[:20], out=own[start : start + 20]), expected)
        locked = np.zeros(20)
        locked.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            operator(memory[:20], out=locked)
        assert not locked.any()
    raw = np.zeros(8 * 20 + 1, np.uint8)[1:].view(float)
    assert same_bits(operator(memory[:20], out=raw), expected)


def test_threads_share_what_is_bound(core, rng):
    fields = [noise(rng, (4, n)) for n in range(5, 25)]
    gg.clear_caches()
    expected = [gg.laplacian(f.copy(), 0.5) for f in fields]
    gg.clear_caches()
    wrong = []

    def work():
        for _ in range(20):
            for f, e in zip(fields, expected, strict=True):
                if not same_bits(gg.laplacian(f, 0.5), e):
                    wrong.append(f.shape)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class TestOutOfAnotherForm:
    """Looked at in full each time, and refused: also after a call that was bound."""

    A, B = np.arange(12.0).reshape(3, 4) ** 2, np.arange(6.0) ** 3
    GRID = gg.Grid((3, 1.0), (4, 1.0))

    @pytest.mark.parametrize(
        "out",
        [np.full((3, 3, 4), 5.0), [np.full((3, 4), 5.0)] * 2, [np.full((3, 4), 5.0)], [[np.full((3, 4), 5.0)]], []],
        ids=["stacked", "two", "one", "nested", "none"],
    )  # fmt: skip
    @pytest.mark.parametrize("call", [gg.laplacian, GRID.laplacian], ids=["function", "operator"])
    def test_of_a_scalar_result(self, call, out):
        for _ in range(2):
            with pytest.raises((ValueError, TypeError), match="out"):
                call(self.A, out=out)
        assert all(np.all(np.asarray(part) == 5) for part in out)

    @pytest.mark.parametrize(
        "out", [[np.zeros((2, 3, 4))] * 2, [[], [np.zeros((3, 4))]], [np.zeros((3, 4))], []], ids=range(4)
    )
    @pytest.mark.parametrize("call", [gg.gradient, GRID.gradient], ids=["function", "operator"])
    def test_of_a_vector_result(self, call, out):
        call(self.A, out=[np.empty((3, 4)), np.empty((3, 4))])
        for _ in range(2):
            with pytest.raises((ValueError, TypeError), match="out"):
                call(self.A, out=out)

    def test_of_a_line(self):
        with pytest.raises(ValueError, match="out has shape"):
            gg.laplacian(self.B, out=np.zeros((3, 6)))
        single = np.empty(6)
        for out in ([single], single[None], single):
            for _ in range(2):
                gg.gradient(self.B, out=out)
                assert same_bits(single, gg.gradient(self.B))

    def test_a_target_is_never_taken_for_a_field(self, rng):
        u, v, w = (noise(rng, (5, 6)).copy() for _ in range(3))
        gg.divergence((u, v), out=w)
        kept = w.copy()
        with pytest.raises(ValueError, match="3 components"):
            gg.divergence((u, v, w))
        gg.divergence((self.B,), out=np.empty(6))
        with pytest.raises(ValueError, match="2 components"):
            gg.divergence((self.B, self.B))
        gg.advect((self.B,), self.B)
        with pytest.raises((ValueError, TypeError), match="v has 0 components"):
            gg.advect([], self.B, out=np.empty(6))
        assert same_bits(w, kept)


def test_results_have_the_order_of_the_first_field(rng):
    """Whichever field decides their dtype: integers that no float holds are differenced as they are."""
    large = np.asfortranarray(rng.integers(2**53, 2**54, (7, 9)) + 1)
    for first in (large, large // 2**10):
        assert gg.divergence((first, noise(rng, (7, 9)))).strides == (8, 56)


class TestLongAxes:
    """A key holds no large weights, and a call that was seen before is still not looked at in full."""

    def test_are_bound_without_holding_their_weights(self, bound, core, rng):
        x = np.cumsum(rng.uniform(0.5, 1.5, 20_000))
        grid, f, out = gg.Grid(x), noise(rng, x.shape), np.empty(x.shape)
        expected = grid.laplacian(f)
        bound["bound"] = 0
        for _ in range(3):
            assert same_bits(grid.laplacian(f, out=out), expected)
            assert same_bits(grid.laplacian(f), expected)
        assert bound == {"bound": 1, "others": 0}
        gg.clear_caches()  # the plan goes, as nothing else held it
        assert same_bits(grid.laplacian(f, out=out), expected)
        assert bound["bound"] == 2


F4, G8, V8 = np.ones(9, np.float32), np.ones((9, 9)), np.ones((9, 9))


@pytest.mark.parametrize(
    "calls",
    [
        [lambda: gg.diffuse([2.0], F4), lambda: gg.diffuse(2.0, F4)],
        [lambda: gg.diffuse((2.0,), G8), lambda: gg.diffuse(2.0, G8)],
        [lambda: gg.advect(V8[None], G8, axis=1), lambda: gg.advect((V8,), G8, axis=1)],
        [lambda: gg.directional_derivative(G8, V8[None], axis=1), lambda: gg.directional_derivative(G8, [V8], axis=1)],
    ],
)  # fmt: skip
def test_what_is_nested_otherwise_is_another_call(calls):
    """Whatever was called before: errors and dtypes of results are those of a first call."""

    def told(call):
        try:
            return call().dtype
        except ValueError as error:
            return str(error)

    for one, other in (calls, reversed(calls)):
        gg.clear_caches()
        first = told(one)
        gg.clear_caches()
        others = [told(other) for _ in range(3)]
        assert first not in others
        assert told(one) == first
