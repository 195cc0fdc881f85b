"""Operators between prescribed walls by the kernels of the CUDA source: the bits of the core, whatever is prescribed."""

import numpy as np
import pytest
from cuda_cases import built_kernels, same_bits, samples
from cuda_cases import check as check_terms

import gridgrad as gg

RNG = np.random.default_rng(21)
SHAPE = (9, 16)
X = np.cumsum(RNG.uniform(0.5, 1.5, SHAPE[0]))
SPACINGS = {"even": (9, 0.25), "uneven": X}
CONDITIONS = {
    "value": lambda c, wall: gg.value(c, wall=wall),
    "slope": lambda c, wall: gg.slope(c, wall=wall),
    "robin": lambda c, wall: gg.robin(1.5, 0.5, c, wall=wall),
}
OPERATORS = {
    "gradient": lambda g, k: g.gradient,
    "laplacian": lambda g, k: g.laplacian,
    "laplacian 6": lambda g, k: g.laplacian.with_(accuracy=6),
    "laplacian conservative": lambda g, k: g.laplacian.with_(form="conservative"),
    "hessian": lambda g, k: g.hessian,
    "advect": lambda g, k: g.advect((k, -2.0)),
    "upwind": lambda g, k: g.advect((k, k), upwind=2),
    "diffuse": lambda g, k: g.diffuse(k),
    "implicit step": lambda g, k: g.identity - 0.25 * g.laplacian,
    "gradient norm": lambda g, k: g.gradient_norm,
}


def grid(kind, wall, prescribed, spacing="uneven"):
    """Both ends of the first axis have the condition, and the last end of the other another one; its first end is odd."""
    make, (first, last, side) = CONDITIONS[kind], prescribed
    return gg.Grid(
        SPACINGS[spacing],
        (16, 0.5),
        boundary=[(make(first, wall), make(last, wall)), ("antisymmetric", gg.slope(side))],
    )


def flat(result):
    return [part for own in result for part in flat(own)] if isinstance(result, (tuple, list)) else [result]


@pytest.fixture(scope="module")
def kernels():
    return built_kernels()


def check(found, wanted):
    for own, want in zip(flat(found), flat(wanted), strict=True):
        assert same_bits(np.asarray(own), want)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("name", OPERATORS)
def test_numbers(kernels, name, kind, wall, spacing):
    k, f = np.abs(samples(SHAPE, "float64", 3)), samples(SHAPE, "float64")
    A = OPERATORS[name](grid(kind, wall, (0.7, -1.3, 2.0), spacing), k)
    f = f if A is A.bare else A.inner(f)  # what is on walls with a value has it
    A = A.bare.settled_like(f)
    coefficients = [np.broadcast_to(c, SHAPE) for c in A.coefficients]
    check_terms(kernels, A.pattern.terms_on((0, 1)), [f, *coefficients])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int16"])
@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("name", ["gradient", "laplacian", "laplacian 6", "hessian", "diffuse"])
def test_arrays_along_the_sides(cupy, name, kind, dtype):
    """They stay the user's: what is written into them counts at the next call."""
    f, k = (
        samples(SHAPE, dtype),
        np.abs(samples(SHAPE, "float64", 3)).astype("f4" if dtype != "float64" else "f8"),
    )
    sides = [RNG.standard_normal(n).astype(k.dtype) for n in (SHAPE[1], SHAPE[1], SHAPE[0])]
    on_device = [cupy.asarray(side) for side in sides]
    A, B = (
        OPERATORS[name](grid(kind, "face", sides), k),
        OPERATORS[name](grid(kind, "face", on_device), cupy.asarray(k)),
    )
    check(B(cupy.asarray(f)), A(f))
    for side, own in zip(sides, on_device, strict=True):
        side *= 3
        np.asarray(own)[...] = side
    check(B(cupy.asarray(f)), A(f))


@pytest.mark.parametrize("kind", ["value", "slope"])
def test_other_values_at_a_call(cupy, kind):
    first, second = RNG.standard_normal((2, 16))
    f = samples(SHAPE, "float64")

    def on_walls(values):
        end = getattr(gg, kind)(values, name="wall")
        return gg.Grid(X, (16, 0.5), boundary=[(end, "reflect"), "periodic"]).laplacian

    B = on_walls(cupy.asarray(first))
    for values, more in ((first, {}), (second, {"wall": cupy.asarray(second)})):
        check(B(cupy.asarray(f), **more), on_walls(values)(f))
    assert not same_bits(on_walls(first)(f), on_walls(second)(f))


@pytest.mark.parametrize("name", ["gradient", "laplacian", "diffuse"])
def test_linear_parts_and_their_adjoints(cupy, name):
    walls, k = grid("robin", "face", (0.7, -1.3, 2.0)), np.abs(samples(SHAPE, "float64", 3))
    f = samples(SHAPE, "float64")
    A, B = OPERATORS[name](walls, k), OPERATORS[name](walls, cupy.asarray(k))
    check(B.linear(cupy.asarray(f)), A.linear(f))
    g = A.linear(f)
    for weight in (None, "quadrature"):
        on_device = [cupy.asarray(part) for part in flat(g)]
        check(
            B.adjoint(on_device if len(on_device) > 1 else on_device[0], weight=weight),
            A.adjoint(g, weight=weight),
        )
