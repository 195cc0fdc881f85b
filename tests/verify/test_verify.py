"""`gg.verify`: errors and orders are those computed by hand, and a wrong operator fails."""

import numpy as np
import pytest

import gridgrad as gg
from gridgrad import autodiff, verify

LONG = np.longdouble


def wave(x, y):
    return np.sin(2 * x) * np.exp(y)


def pair(x, y):
    return np.sin(x + 2 * y), x**3 * np.cos(y)


class TestCompare:
    def test_errors_are_those_computed_by_hand(self):
        x = np.array([0.0, 1.0, 3.0, 4.0, 4.5])
        found = verify.compare(lambda x: x**3, x, edge_order=1)
        error = np.abs(gg.gradient(x**3, x) - 3 * x**2)
        (only,) = found.components
        assert only.inside.max == error[1:-1].max()
        assert only.inside.points == 3
        assert only.ends.max == max(error[0], error[-1])
        assert only.ends.points == 2
        assert only.inside.rms == pytest.approx(np.sqrt(np.mean(error[1:-1] ** 2)), rel=1e-14)
        assert only.largest == 3 * 4.5**2

    def test_each_component_has_its_own_ends(self):
        found = verify.compare(lambda x, y: x * y**3, (5, 1.0), (7, 1.0))
        down, across = found.components
        assert (down.ends.points, down.inside.points) == (14, 21)
        assert (across.ends.points, across.inside.points) == (10, 25)
        assert down.inside.max <= 1e-12 < 1 <= across.inside.max

    def test_a_periodic_axis_has_no_ends(self):
        found = verify.compare(np.sin, (32, 2 * np.pi / 32), boundary="periodic")
        assert found.components[0].ends is None
        assert found.components[0].inside.points == 32
        assert np.isnan(found.worst("ends"))

    def test_mixed_rows_are_at_an_end_of_either_axis(self):
        found = verify.compare(wave, (6, 0.1), (8, 0.1), operator="mixed_derivative")
        assert found.components[0].inside.points == 4 * 6
        assert found.components[0].ends.points == 48 - 24

    def test_table_and_data_agree(self):
        found = verify.compare(pair, (9, 0.1), (9, 0.1), operator="curl")
        (inside, ends) = found.rows()
        assert (inside["part"], ends["part"]) == ("inside", "ends")
        assert inside["max"] == found.worst("inside")
        assert ends["rms"] == found.worst("ends", "rms")
        assert f"{inside['max']:.2e}" in str(found)
        assert "Grid of 9 x 9 points" in str(found)

    def test_rounding_is_within_the_floor(self):
        rng = np.random.default_rng(3)
        for dtype in (np.float32, np.float64):
            a = dtype(rng.uniform(1, 2))
            found = verify.compare(lambda x, a=a: a * x, (50, 0.125), dtype=dtype)  # the steps are exact
            assert 0 < found.worst("inside") <= found.floor.inside
            assert 0 < found.worst("ends") <= found.floor.ends

    def test_an_own_operator_against_own_values(self):
        found = verify.compare(
            wave, (9, 0.1), (9, 0.1), operator=lambda grid: grid.laplacian - 3 * grid.identity,
            exact=lambda x, y: -6 * wave(x, y),
        )  # fmt: skip
        same = verify.compare(wave, (9, 0.1), (9, 0.1), operator="laplacian")
        assert found.worst("inside") == pytest.approx(same.worst("inside"), rel=1e-9)

    def test_a_function_of_samples_is_judged_as_an_operator_of_the_same_values(self):
        def own(grid):
            return lambda f: np.gradient(f, *grid.coordinates, edge_order=2)

        def line(x):
            return np.sin(3 * x)

        for spacing in ("uniform", "random"):
            found = verify.convergence(
                line, (0, 1), operator=own, exact=lambda x: gg.gradient(line, x), stated=2, spacing=spacing
            ).require()
            same = verify.convergence(line, (0, 1), spacing=spacing)
            for part in ("inside", "ends"):
                np.testing.assert_allclose(found.errors(part), same.errors(part), rtol=1e-6)
                floors = [[getattr(level.floor, part) for level in of.levels] for of in (found, same)]
                for tried, bound in zip(*floors, strict=True):
                    assert 0.1 * bound < tried < 2 * bound  # what was tried, and the bound of what may be

    def test_ends_of_a_function_of_samples_are_as_wide_as_told(self):
        def fourth(grid):
            h = grid.coordinates[0][1] - grid.coordinates[0][0]

            def derivative(f):
                result = np.gradient(f, h, edge_order=2)
                result[2:-2] = (f[:-4] - 8 * f[1:-3] + 8 * f[3:-1] - f[4:]) / (12 * h)
                return result

            return derivative

        def found(ends, **options):
            return verify.convergence(
                np.exp,
                (0, 1),
                operator=fourth,
                exact=np.exp,
                stated=(4, 2),
                ends=ends,
                sizes=(17, 33, 65),
                **options,
            )

        assert found(2).passed
        assert found(2).levels[0].components[0].ends.points == 4
        assert found(1).verdict == "FAILED"  # a row of order 2 is taken for one inside
        assert found(2, dtype=np.float32).resolved("inside") == [False] * 3

    def test_functions_of_samples_of_vector_fields_and_periodic_axes(self):
        def divergence(grid):
            return lambda F: sum(
                np.gradient(a, x, axis=k) for k, (a, x) in enumerate(zip(F, grid.coordinates, strict=True))
            )

        assert verify.convergence(
            pair, (0, 1), (0, 1), operator=divergence, exact=lambda x, y: autodiff.divergence(pair, x, y), stated=(2, 1)
        ).passed  # fmt: skip

        def central(grid):
            return lambda f: (
                (np.roll(f, -1) - np.roll(f, 1)) / (2 * (grid.coordinates[0][1] - grid.coordinates[0][0]))
            )

        found = verify.convergence(
            np.sin, (0, 2 * np.pi), operator=central, exact=np.cos, stated=2, boundary="periodic"
        )
        assert found.passed
        assert found.levels[0].components[0].ends is None

    def test_ends_of_products_and_sums(self):
        found = verify.compare(
            lambda x: x**4, (12, 0.5), operator=lambda grid: grid.derivative(0) @ grid.derivative(0) + grid.identity,
            exact=lambda x: 12 * x**2 + x**4,
        )  # fmt: skip
        assert found.components[0].ends.points == 4
        assert "derivative(0, order=1) @" in found.operator

    def test_a_sympy_expression(self):
        sympy = pytest.importorskip("sympy")
        x = sympy.Symbol("x")
        a = verify.compare(sympy.sin(x) ** 2, (9, 0.1), engine="sympy")
        b = verify.compare(lambda x: np.sin(x) ** 2, (9, 0.1))
        assert a.worst("ends") == pytest.approx(b.worst("ends"), rel=1e-9)


CASES = [
    ("gradient", wave, {}), ("gradient", wave, {"accuracy": 4}), ("gradient_norm", wave, {"accuracy": 4}), ("gradient_squared", wave, {"accuracy": 4}), ("derivative", wave, {"axis": 1, "order": 2}),
    ("derivative", wave, {"axis": 0, "order": 2, "accuracy": 2}), ("derivative", wave, {"axis": 0, "order": 3}),
    ("derivative", wave, {"axis": 1, "order": 4}), ("derivative", wave, {"axis": 0, "order": 4, "accuracy": 2}),
    ("derivative", wave, {"axis": 0, "side": "left"}), ("derivative", wave, {"axis": 1, "side": "right", "accuracy": 2}),
    ("mixed_derivative", wave, {}), ("divergence", pair, {}),
    ("curl", pair, {}), ("jacobian", pair, {}), ("hessian", wave, {}), ("laplacian", wave, {}),
    ("laplacian", wave, {"form": "wide"}), ("laplacian", wave, {"accuracy": 4}), ("biharmonic", wave, {}), ("biharmonic", wave, {"accuracy": 2}), ("vector_laplacian", pair, {}),
    ("laplacian", lambda x, y: np.cos(np.pi * x) * np.cos(1.6 * np.pi * y), {"form": "conservative"}),
    ("diffuse", lambda x, y: np.cos(np.pi * x) * np.cos(0.8 * np.pi * y), {"k": lambda x, y: 2 + x * y}),
    ("directional_derivative", wave, {"v": [0.6, -0.8]}), ("advect", wave, {"v": [lambda x, y: y, 2.0]}),
    ("advect", wave, {"v": [lambda x, y: y - 0.4, -2.0], "upwind": 1}), ("advect", wave, {"v": [lambda x, y: x - 0.7, 1.0], "upwind": 2}),
    ("gradient_norm", wave, {}), ("gradient_squared", wave, {}),
]  # fmt: skip


@pytest.mark.parametrize("spacing", ["uniform", "smooth", "random"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join([case[0], *case[2]]))
def test_every_operator_has_its_stated_order(case, spacing):
    operator, function, options = case
    norm = "rms" if spacing == "random" else "max"  # which has less chance in it
    found = verify.convergence(
        function, (0, 1), (0, 1.25), operator=operator, spacing=spacing, norm=norm, sizes=(17, 33, 65, 129), **options
    )  # fmt: skip
    found.require()


class TestConvergence:
    def test_one_sided_ends_of_order_one(self):
        found = verify.convergence(lambda x: np.sin(3 * x), (0, 1), edge_order=1)
        assert found.passed
        assert 1.9 <= found.order("inside") <= 2.1
        assert 0.9 <= found.order("ends") <= 1.15
        assert found.stated == (2, 1)

    @pytest.mark.parametrize("wrong", [
        lambda grid: 1.01 * grid.derivative(0),  # not consistent
        lambda grid: grid.derivative(0) + 0.1 * float(grid.steps[0]) * grid.derivative(0, 2),  # first order
    ])  # fmt: skip
    def test_a_wrong_operator_fails(self, wrong):
        found = verify.convergence(np.exp, (0, 1), operator=wrong, exact=np.exp, stated=2)
        assert not found.passed
        assert "FAILED" in str(found)
        with pytest.raises(AssertionError, match="stated 2"):
            found.require()

    def test_a_wrong_end_fails_alone(self):
        found = verify.convergence(np.exp, (0, 1), edge_order=1, stated=(2, 2))
        assert not found.passed
        assert found.order("inside") > 1.9

    def test_the_inside_may_be_judged_alone(self):
        found = verify.convergence(np.exp, (0, 1), edge_order=1, stated=(2, None))
        assert found.passed
        assert "at ends" not in str(found).splitlines()[-1]

    def test_rising_orders_are_judged_where_they_have_risen_to(self):
        found = verify.convergence(np.sin, (-5, 5), sizes=(50, 100, 200, 400))
        assert found.orders("ends")[0] < 1.5
        assert found.require().order("ends") > 1.8

    def test_positions_that_are_rounded_belong_to_the_floor(self):
        found = verify.compare(np.sin, (100_000, 1e-4, 1000.0), operator="derivative", order=2)
        assert 0.001 * found.floor.inside < found.worst("inside") < found.floor.inside
        assert found.operator == "derivative(order=2)"

    def test_orders_are_those_of_the_errors(self):
        found = verify.convergence(np.exp, (0, 1), sizes=(11, 21, 41))
        a, b, c = found.errors("inside")
        assert found.orders("inside") == pytest.approx([np.log2(a / b), np.log2(b / c)], rel=1e-12)
        rows = found.rows()
        assert [row["points"] for row in rows] == [(11,), (21,), (41,)]
        assert rows[1]["order inside"] == found.orders("inside")[0]

    def test_parabolas_are_exact_to_rounding(self):
        found = verify.convergence(lambda x: x**2, (0, 1))
        assert found.passed
        assert found.order("inside") == np.inf
        assert "exact to rounding" in str(found)

    def test_levels_at_the_floor_are_left_out(self):
        found = verify.convergence(
            lambda x: np.sin(3 * x), (0, 1), dtype=np.float32, sizes=(17, 33, 65, 129, 1025, 4097)
        )
        assert found.resolved("inside") == [True] * 4 + [False] * 2
        assert found.passed
        assert str(found).count("*") == 2 + 2 + 1  # both columns, and the note

    def test_too_few_levels_above_the_floor_show_nothing(self):
        found = verify.convergence(np.exp, (0, 1), accuracy=6, sizes=(17, 257, 513))
        assert not found.passed
        assert "not shown" in str(found)
        assert verify.convergence(np.exp, (0, 1), accuracy=6, sizes=(17, 33, 65), dtype=LONG).passed

    @pytest.mark.parametrize("spacing", ["uniform", "smooth", "random"])
    def test_periodic_axes(self, spacing):
        found = verify.convergence(
            lambda x, y: np.sin(2 * np.pi * x) * np.cos(4 * np.pi * y), (0, 1), (2, 1), boundary="periodic",
            spacing=spacing, norm="rms",
        )  # fmt: skip
        assert found.passed
        assert all(np.isnan(found.errors("ends")))
        assert "ends" not in str(found).splitlines()[-1]

    def test_mirrored_ends(self):
        for boundary, function in (("reflect", np.cos), ("antireflect", np.sin)):
            found = verify.convergence(function, (0, np.pi), operator="laplacian", boundary=boundary)
            assert found.require().order("inside") > 1.9

    def test_positions_of_ones_own(self):
        found = verify.convergence(
            np.exp, (0, 2), spacing=lambda n: np.linspace(0, 1, n) ** 2 + np.linspace(0, 1, n)
        )
        assert found.levels[0].grid.coordinates[0][-1] == 4

    def test_nan_is_no_pass(self):
        found = verify.convergence(lambda x: np.sqrt(x - 0.5), (0, 1))
        assert not found.passed

    def test_a_component_of_nan_is_no_pass(self):
        def one_is_nan(x, y):
            return np.sin(3 * x) * y, np.nan * x * y

        found = verify.convergence(one_is_nan, (0, 1), (0, 1), operator="jacobian", sizes=(17, 33))
        assert not found.passed
        assert np.isnan(found.levels[0].worst("inside"))
        assert "not finite" in str(found)

    @pytest.mark.parametrize(("offset", "dtype"), [(1e4, np.float32), (1e13, np.float64)])
    def test_errors_that_drown_are_not_called_exact(self, offset, dtype):
        found = verify.convergence(
            lambda x: np.sin(3 * x) + offset, (0, 1), operator="laplacian", dtype=dtype
        )
        assert found.verdict == "not shown"
        assert "rounding" in str(found).splitlines()[-1]

    @pytest.mark.parametrize("phase", [0.3, 1.1, 2.5])
    def test_random_steps_are_no_chance_at_ends(self, phase):
        def f(x, y):
            return np.sin(2 * x + phase) * np.exp(y)

        for operator in ("gradient", "laplacian", "mixed_derivative"):
            verify.convergence(f, (0, 1), (0, 1), operator=operator, spacing="random").require()
        verify.convergence(lambda x: np.sin(2 * x + phase), (0, 1), spacing="random").require()

    @pytest.mark.parametrize(("function", "options"), [
        (np.exp, {"operator": "derivative", "accuracy": 6, "spacing": "smooth"}),
        (lambda x: np.exp(-20 * (x - 0.4) ** 2), {"operator": "laplacian"}),
    ])  # fmt: skip
    def test_sizes_that_cannot_tell_are_no_failure(self, function, options):
        found = verify.convergence(function, (0, 1), **options)
        assert found.verdict == "not shown"
        assert "take " in str(found)

    def test_complex_functions(self):
        found = verify.convergence(lambda x: np.exp(1j * x), (0, 1), operator="laplacian", sizes=(9, 17, 33))
        assert found.require().order("inside") < 2.1

    def test_functions_of_torch(self):
        torch = pytest.importorskip("torch")
        found = verify.compare(lambda x: torch.sin(3 * x), torch.linspace(0, 1, 9, dtype=torch.float64))
        same = verify.compare(lambda x: np.sin(3 * x), np.linspace(0, 1, 9))
        assert found.worst("inside") == pytest.approx(same.worst("inside"), rel=1e-9)

    def test_vector_fields_of_one_component(self):
        bare = verify.compare(np.sin, (9, 0.1), operator="vector_laplacian")
        for made in (tuple, list):
            found = verify.compare(
                lambda x, made=made: made([np.sin(x)]), (9, 0.1), operator="vector_laplacian"
            )
            assert found.worst("inside") == bare.worst("inside")

    def test_figure(self, tmp_path):
        pytest.importorskip("matplotlib")
        found = verify.convergence(np.exp, (0, 1), edge_order=1)
        ax = found.plot(tmp_path / "figure.png")
        assert (tmp_path / "figure.png").stat().st_size > 5000
        assert "slope 1" in [line.get_label() for line in ax.lines]
        assert found.plot(ax=ax) is ax


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda: verify.compare(np.sin, (5, 1.0), operator="grad"), ValueError, "unknown operator 'grad'.*'gradient'"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator="hessian", form="wide"), TypeError, r"hessian.with_\(\) got an unexpected keyword argument .form."),
    (lambda: verify.compare(np.sin, (5, 1.0), operator="directional_derivative", v=1, form="wide"), TypeError, "operator='directional_derivative' takes v=, got form="),
    (lambda: verify.compare(np.sin, (5, 1.0), (5, 1.0)), TypeError, "sin"),
    (lambda: verify.compare(wave, (5, 1.0), (5, 1.0), operator="divergence"), ValueError, "1 output"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=lambda g: g.gradient), ValueError, "exact= is needed"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=gg.Grid((5, 1.0)).gradient), TypeError, "a function that makes it"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=3), TypeError, "a name or a function of the grid, got int"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=lambda g: 3, exact=np.cos), TypeError, "must return an operator"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=lambda g: lambda f: f[1:], exact=np.cos), ValueError, r"shape \(4,\) on a grid of shape \(5,\)"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=lambda g: lambda f: None, exact=np.cos), TypeError, "no array of numbers"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=lambda f, x: f, exact=np.cos), TypeError, "called with the grid, and raised TypeError.*'x'"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=lambda g: np.square, exact=np.cos, ends=-1), ValueError, "at least 0; got -1"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator="laplacian", grid="random"), TypeError, r"laplacian.with_\(\) got an unexpected keyword argument .grid."),
    (lambda: verify.compare(wave, (5, 1.0)), TypeError, "wave.. missing 1 required positional argument: 'y'"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator=lambda g: g.gradient, exact=np.cos, k=1), TypeError, "given by name"),
    (lambda: verify.compare(np.sin, (5, 1.0), exact=lambda x: (x, x)), ValueError, "1 component, the exact values have 2"),
    (lambda: verify.compare(np.sin, (5, 1.0), dtype=np.float16), TypeError, "float16"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator="diffuse", k=np.ones(5)), TypeError, "got an array"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator="diffuse"), TypeError, "operator='diffuse' takes k=;"),
    (lambda: verify.convergence(np.sin), TypeError, "extent"),
    (lambda: verify.convergence(np.sin, 3), TypeError, r"pair \(start, stop\), got 3"),
    (lambda: verify.convergence(np.sin, (1, 1)), ValueError, "two different finite ends"),
    (lambda: verify.convergence(np.sin, (0, 1), sizes=(9,)), ValueError, "at least two numbers"),
    (lambda: verify.convergence(np.sin, (0, 1), sizes=(9, 9)), ValueError, "growing"),
    (lambda: verify.convergence(np.sin, (0, 1), sizes=(1, 2)), ValueError, "from 3 on"),
    (lambda: verify.convergence(np.sin, (0, 1), sizes=5), TypeError, "a sequence of integers"),
    (lambda: verify.convergence(np.sin, (0, 1), sizes=(33.5, 64.5)), TypeError, "a sequence of integers"),
    (lambda: verify.convergence(np.sin, (0, 1), sizes=(9, 17), spacing=lambda n: np.linspace(0, 1, n - 1)), ValueError, "9 positions from 0 to 1"),
    (lambda: verify.convergence(np.sin, (0, 1), stated=(None, None)), TypeError, "stated must be"),
    (lambda: verify.compare(np.sin, (5, 1.0), exact=lambda x: np.zeros(3)), ValueError, r"exact gives an array of shape \(3,\) on a mesh of shape \(5,\)"),
    (lambda: verify.compare(np.sin, (5, 1.0), exact=lambda x: None), TypeError, "exact gives None"),
    (lambda: verify.compare(wave, (5, 1.0), (5, 1.0), operator="advect"), TypeError, "operator='advect' takes v=;"),
    (lambda: verify.compare(np.sin, (5, 1.0), operator="mixed_derivative"), ValueError, "at least 2 axes"),
    (lambda: verify.compare(lambda x: np.exp(1j * x), (5, 1.0), operator="gradient_norm"), TypeError, "real and its imaginary"),
    (lambda: verify.convergence(np.sin, (0, 1), norm="l1"), ValueError, "'max' or 'rms'"),
    (lambda: verify.convergence(np.sin, (0, 1), spacing="log"), ValueError, "unknown spacing 'log'"),
    (lambda: verify.convergence(np.sin, (0, 1), spacing=3), TypeError, "a function of n, got int"),
    (lambda: verify.convergence(np.sin, (0, 1), stated="2"), TypeError, "stated must be an order"),
    (lambda: verify.convergence(np.sin, (0, 1), operator=lambda g: g.gradient, exact=np.cos), ValueError, "stated= is needed"),
])  # fmt: skip
def test_errors(call, error, says):
    with pytest.raises(error, match=says):
        call()
