"""Every name on a grid: what it says of itself, its other forms, what of it is kept and pickled."""

import pickle
import pydoc

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg
from gridgrad._operators.catalogue import first, flux, norm, partials, second, transport
from gridgrad._operators.patterns.kinds import Kind, Shown

X = np.arange(7.0) ** 1.5
GRID = gg.Grid(X, (8, 0.25))
U, V = np.random.default_rng(5).standard_normal((2, 7, 8))
SHOWN = [name for name, value in vars(gg.Grid).items() if isinstance(value, Shown)]
MADE = {  # the operators that need an argument
    "derivative": lambda grid: grid.derivative(1, order=2),
    "mixed_derivative": lambda grid: grid.mixed_derivative(0, 1),
    "directional_derivative": lambda grid: grid.directional_derivative([U, 2.0]),
    "advect": lambda grid: grid.advect([U, V]),
    "diffuse": lambda grid: grid.diffuse(V),
}
NAMES = [*SHOWN, *MADE]
OPTIONS = {
    "gradient": {"accuracy": 4}, "divergence": {"accuracy": 4}, "curl": {"accuracy": 4}, "jacobian": {"accuracy": 6},
    "laplacian": {"form": "wide"}, "vector_laplacian": {"form": "conservative"}, "derivative": {"order": 1, "accuracy": 4},
    "mixed_derivative": {"orders": (2, 1)}, "biharmonic": {"accuracy": 2},
    "directional_derivative": {"accuracy": 4}, "advect": {"upwind": 2}, "diffuse": {"mean": "harmonic"},
    "gradient_norm": {"accuracy": 4}, "gradient_squared": {"accuracy": 6},
}  # fmt: skip


def operator(name, grid=GRID):
    return MADE[name](grid) if name in MADE else getattr(grid, name)


def fields(name):
    return [U, V] if operator(name).inputs else U


def flat(result):
    return [part for value in result for part in flat(value)] if isinstance(result, tuple) else [result]


def same(a, b):
    return all(map(same_bits, flat(a), flat(b)))


def test_every_kind_is_on_grids():
    kinds = {
        value.name
        for room in (first, flux, norm, partials, second, transport)
        for value in vars(room).values()
        if isinstance(value, Kind)
    }
    assert kinds == {*NAMES, "of_parts", "of_vector", "dot"}
    assert {name for name in NAMES if operator(name).origin.kind.options} == set(OPTIONS)


class TestHelp:
    @pytest.mark.parametrize("name", NAMES)
    def test_an_operator_shows_its_formula_and_its_options(self, name):
        own = operator(name)
        shown = pydoc.render_doc(own, renderer=pydoc.plaintext)
        formula = own.__doc__.partition("``")[2].partition("``")[0]
        for text in (formula, *(f"{option} : " for option in own.origin.kind.options)):
            assert text
            assert text in shown
        assert "sum d_a d_a" in GRID.laplacian.__doc__

    def test_a_grid_shows_all_operators(self):
        shown = pydoc.render_doc(gg.Grid, renderer=pydoc.plaintext)
        for name in NAMES:
            text = getattr(gg.Grid, name).__doc__
            assert text.partition("\n")[0] in shown
            assert text.partition("\n")[0] in pydoc.render_doc(
                getattr(gg.Grid, name), renderer=pydoc.plaintext
            )

    def test_what_is_made_of_operators_shows_what_operators_can_do(self):
        for made in (2 * GRID.laplacian, GRID.laplacian.T, GRID.divergence @ GRID.gradient):
            assert "to_sparse" in pydoc.render_doc(made, renderer=pydoc.plaintext)


class TestWith:
    @pytest.mark.parametrize("name", OPTIONS)
    def test_an_option_gives_another_of_its_kind(self, name):
        own, options = operator(name), OPTIONS[name]
        other = own.with_(**options)
        assert other.origin.kind is own.origin.kind
        assert other.with_(**options).terms == other.terms
        assert not same(other(fields(name)), own(fields(name)))
        defaults = dict(zip(own.origin.kind.options, own.origin.options, strict=True))
        assert same(other.with_(**defaults)(fields(name)), own(fields(name)))

    def test_options_stay_when_others_change(self):
        second = GRID.derivative(0, order=2).with_(accuracy=4)
        assert second is GRID.derivative(0, 2, 4)
        assert second.with_(order=1) is GRID.derivative(0, 1, 4)

    def test_fields_and_options_together(self):
        expected = GRID.advect([V, U], accuracy=4)(U)
        assert same_bits(GRID.advect([U, V]).with_(accuracy=4, v=[V, U])(U), expected)
        assert same_bits(GRID.advect([U, V]).with_(v=[V, U]).with_(accuracy=4)(U), expected)
        assert same_bits(GRID.advect([U, V], accuracy=4)(U, v=[V, U]), expected)

    def test_numbers_stay(self):
        assert same_bits(GRID.advect([1.5, U]).with_(accuracy=4)(V), GRID.advect([1.5, U], 4)(V))

    def test_without_changes_it_is_the_operator(self):
        assert GRID.laplacian.with_() is GRID.laplacian
        assert GRID.laplacian.with_(form="compact", accuracy=None) is GRID.laplacian

    @pytest.mark.parametrize("name", OPTIONS)
    def test_an_option_is_refused_at_a_call(self, name):
        for given in ((), (fields(name),)):
            with pytest.raises(TypeError, match=r"of the operator, not of its call: grid\.\w+.*\.with_\("):
                operator(name)(*given, **OPTIONS[name])


class TestKept:
    @pytest.mark.parametrize("name", SHOWN)
    def test_one_for_each_grid(self, name):
        assert operator(name) is operator(name)
        assert operator(name, gg.Grid(X, (8, 0.25))) is not operator(name)

    def test_numbers_are_not_kept(self):
        grid = gg.Grid(X, (8, 0.25))
        for k in range(20):
            grid.advect([0.5 + k, U])(U)
            grid.diffuse(0.5 + k)(U)
            grid.directional_derivative([1.0, k]).with_(accuracy=4)(U)
        before = len(grid.held)
        grid.advect([U, V])
        grid.advect([V, U])
        assert before <= 1
        assert len(grid.held) == before + 1


class TestPickles:
    @pytest.mark.parametrize("name", NAMES)
    def test_by_what_it_was_made_from(self, name):
        own = operator(name).with_(**OPTIONS.get(name, {}))
        other = pickle.loads(pickle.dumps(own))
        assert repr(other) == repr(own)
        assert other.__doc__ == own.__doc__
        assert other.origin == own.origin
        assert same(other(fields(name)), own(fields(name)))

    def test_on_the_grid_that_comes_with_it(self):
        grid, laplacian, gradient = pickle.loads(pickle.dumps((GRID, GRID.laplacian, GRID.gradient)))
        assert laplacian is grid.laplacian
        assert gradient.grid is grid

    def test_without_the_weights(self):
        grid = gg.Grid(np.arange(1000.0) ** 1.5)
        assert len(pickle.dumps(grid.laplacian.with_(accuracy=6))) < 2 * grid.coordinates[0].nbytes


class TestNorm:
    def test_it_is_an_operator_on_a_grid(self):
        assert isinstance(GRID.gradient_norm, gg.Operator)
        assert isinstance(GRID.gradient_squared, gg.Operator)
        assert (
            repr(GRID.gradient_norm)
            == "<gridgrad operator gradient_norm: scalar field -> scalar field on (7, 8), 2 terms>"
        )

    @pytest.mark.parametrize(
        "kind", [np.array, np.ma.array, list, lambda f: f.astype(np.float32), lambda f: f.astype(int)]
    )
    def test_complex_and_real(self, kind):
        f = kind(U)
        both = np.ma.asarray(f) * (3 - 4j) if isinstance(f, np.ma.MaskedArray) else np.asarray(f) * (3 - 4j)
        out = np.empty_like(both.real)
        expected = GRID.gradient_norm(f)
        np.testing.assert_allclose(GRID.gradient_norm(both), 5 * expected, rtol=1e-5)
        assert GRID.gradient_norm(both, out=out) is out
        np.testing.assert_allclose(out, 5 * expected, rtol=1e-5)


def test_operators_can_be_annotated():
    for made in (GRID.laplacian, 2 * GRID.laplacian, GRID.divergence @ GRID.gradient, GRID.advect([U, 1.0]).T,
                 GRID.divergence @ GRID.gradient + GRID.identity):  # fmt: skip
        assert isinstance(made, gg.Operator)
