"""A compact check of whatever core GRIDGRAD_CORE names; exit status 1 if it is wrong.

Arguments: the real dtypes to check, all by default; complex ones are pairs of them. With --faults N, of a core with N faults
of which its number gg_fault chooses one, a line for each from 0 on: ok, what is wrong, or how it ended.
"""

import argparse
import ctypes
import os
import pickle
import signal
import sys
from functools import partial
from unittest import mock

import numpy as np
from fuzz import CONTRACT_EPS, ORACLE_EPS
from oracles import extended_gradient, extended_steps, finfo
from samples import noise

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy import core as compiled
from gridgrad._backends.numpy.core import core
from gridgrad._backends.numpy.gaps import bands
from gridgrad._backends.numpy.operations import NUMPY

SECONDS = 60  # in which a fault is found, or it hangs


def within_contract(f, axis, spacing, edge_order, period):
    """Whether a result keeps the contract: a function of it."""
    steps = extended_steps(spacing, f.shape[axis])
    wrap = None
    if period is not None:
        wrap = steps[0] if np.ndim(spacing) == 0 else np.longdouble(period) - (spacing[-1] - spacing[0])
    parts = [f.real, f.imag] if f.dtype.kind == "c" else [f]
    known = [extended_gradient(samples, axis, steps, edge_order, wrap) for samples in parts]

    def fits(result):
        for got, (value, scale) in zip([result.real, result.imag], known, strict=False):
            eps, unit = float(finfo(got.dtype).eps), float(finfo(got.dtype).smallest_subnormal)
            bound = (CONTRACT_EPS * eps + ORACLE_EPS) * scale + unit
            if not (np.abs(got.astype(np.longdouble) - value) <= bound).all():
                return False
        return True

    return fits


def equal_to(*wanted):
    """Whether results are these arrays: a function of them."""
    return lambda got: all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, wanted, strict=True))


def applied(terms, inputs, outputs, shape):
    """What terms make of inputs: a call that has no arguments."""

    def call():
        got = [np.empty(shape) for _ in range(outputs)]
        ladder.apply(BACKEND, terms, inputs, got)
        return got

    return call


def problems(rng, dtypes):
    """Every code path of the host loops: rows, slow axes, strides, threads, streams, dtypes."""
    for dtype in (*dtypes, "c16"):
        for shape in ((13,), (7, 40), (40, 7), (5, 6, 3)):
            yield noise(rng, shape, dtype), {}
    yield noise(rng, (60, 60))[::2, ::-3], {}
    yield noise(rng, (9, 2100)), {"workers": 2}
    yield noise(rng, (3, 1001, 701)), {"workers": 2}


# Each of the following gives (what it is, a call, whether its result is right): the answers are known before the calls.


def values(dtypes):
    """Uniform and uneven axes, both edge orders, periodic."""
    rng = np.random.default_rng(3)
    for f, keywords in problems(rng, dtypes):
        for axis in range(f.ndim):
            n = f.shape[axis]
            x = np.cumsum(rng.uniform(0.2, 2, n))
            for spacing in (0.3, x):
                how = {"axis": axis, **keywords}
                for order in (1, 2):
                    call = partial(gg.gradient, f, spacing, edge_order=order, **how)
                    fits = within_contract(f, axis, spacing, order, None)
                    yield f"{f.shape} {f.dtype} axis {axis} edge_order {order}", call, fits
                period = None if np.ndim(spacing) == 0 else 2.0 * n
                call = partial(gg.gradient, f, spacing, periodic=True, period=period, **how)
                fits = within_contract(f, axis, spacing, 1, period or 1.0)
                yield f"{f.shape} {f.dtype} axis {axis} periodic", call, fits


def bits(dtypes):
    """All axes at once, NaN locality and signed zeros as the array path has them."""
    from gridgrad._grid.asked import Asked, clean_words, points_of

    rng = np.random.default_rng(4)
    for dtype in sorted({"f8", "f4", "f2"} & set(dtypes)):
        f = np.array(noise(rng, (9, 11, 33), dtype))
        f[rng.random(f.shape) < 0.02] = np.nan
        f[rng.random(f.shape) < 0.2] = -0.0
        spacing = (0.5, np.cumsum(rng.integers(1, 3, 11)), np.cumsum(rng.integers(1, 3, 33)))
        grid = points_of(gg.Grid, f.shape, (0, 1, 2), spacing, clean_words((0, 1, 2), Asked(2)), np.float64)
        want = slices.apply(NUMPY, grid.gradient.terms, [f], 3)
        yield f"bits of {dtype}", partial(gg.gradient, f, *spacing, edge_order=2), equal_to(*want)


def sums():
    """A divergence: the second term of an output is added."""
    from gridgrad._grid.axis import axis_stencil
    from gridgrad._stencils.derivatives import Rule
    from gridgrad._terms.term import Term

    rng = np.random.default_rng(5)
    field = [noise(rng, (20, 30)) for _ in range(2)]
    terms = tuple(
        Term(0, k, k, axis_stencil(0.5, 20 + 10 * k, k, Rule(), None, np.float64)) for k in range(2)
    )
    want = np.gradient(field[0], 0.5, axis=0) + np.gradient(field[1], 0.5, axis=1)
    yield "sum of terms", applied(terms, field, 1, (20, 30)), equal_to(want)


def values_at_ends(shape):
    """Rows with values along both axes, and along one after the other."""
    from gridgrad._stencils.stencil import CENTRAL, Stencil
    from gridgrad._terms.term import Term

    def rows(n):
        trailing = ((n - 1, n - 1, 0.5), (n - 2, n - 1, 2.0))
        return Stencil(n, CENTRAL, (1.0, 2.0), (((0, 0, 3.0),), ((0, 1, 1.0), (1, 1, 1.5))), (trailing,))

    across, along = map(rows, shape)
    mixed = Term(0, 0, 1, along, then=(0, across))
    return (Term(0, 0, 0, across), Term(0, 0, 1, along), mixed, Term(1, 0, 0, across))


def operators(grid, g, h):
    """Terms, which read a field, g and h, and how many outputs they have."""
    from gridgrad._stencils import transpose
    from gridgrad._terms.adjoint import adjoint_terms
    from gridgrad._terms.term import Join, Term

    s = grid.stencil(0)
    norm, squares = (
        tuple(term._replace(output=0, join=join) for term in grid.gradient.terms)
        for join in (Join.NORM, Join.SQUARES)
    )
    faces = tuple(term._replace(faces=1) for term in grid.diffuse(g).terms)
    both = tuple(term._replace(outer=2) for term in faces)
    mixed = tuple(term._replace(outer=2) for term in grid.mixed_derivative(0, 1).terms)
    turned = adjoint_terms(grid.gradient.terms)
    fluxes = tuple(term._replace(input=k) for k, term in enumerate(grid.laplacian.terms))
    return {
        "faces": (faces, 1),
        "both factors": (both, 1),
        "both factors, transposed": (adjoint_terms(both), 1),
        "a factor of mixed derivatives": (mixed, 1),
        "a factor of mixed derivatives, transposed": (adjoint_terms(mixed), 1),
        "faces, transposed": (adjoint_terms(faces), 1),
        "mixed": (grid.mixed_derivative(0, 1).terms, 1),
        "norm": (norm, 1),
        "squares": (squares, 1),
        "wide": (grid.laplacian.with_(accuracy=4).terms, 1),
        "transposed": (turned, 1),
        "transposed, NaN along rows": (tuple(term._replace(input=1 - term.input) for term in turned), 1),
        "weights of 0": (grid.laplacian.with_(form="wide").terms, 1),
        "values at ends": (values_at_ends(grid.shape), 2),
        "in two sweeps": (tuple(Term(0, 0, 0, transpose.scaled(s, k + 1.5)) for k in range(14)), 1),
        "the field and its laplacian": ((grid.identity + 0.1 * grid.laplacian).terms, 1),
        "advection": ((0.1 * grid.laplacian - grid.advect((g, h))).terms, 1),
        "several fields": (fluxes, 1),
        "first derivatives in another order": (
            (grid.laplacian - (g * grid.derivative(1) + h * grid.derivative(0))).terms,
            1,
        ),
        "upwind": ((grid.identity - grid.advect((g, h), upwind=1)).terms, 1),
        "upwind, second order": (grid.advect((g, h), upwind=2).terms, 1),
        "differences to one side": (
            (grid.derivative(0, side="left") + grid.derivative(1, side="right")).terms,
            1,
        ),
        "both factors of values": (tuple(term._replace(input=0, inner=1, outer=2) for term in 2 * turned), 1),
        "a factor of values": ((grid.laplacian @ grid.multiply(g)).terms, 1),
        "a laplacian transposed": (adjoint_terms(grid.laplacian.terms), 1),
    }


def of_operators():
    """Factors, second axes, norms, wide and transposed rows as the array path has them, in long rows and short."""
    rng = np.random.default_rng(6)
    grids = [
        gg.Grid(np.cumsum(rng.integers(1, 3, n)), np.cumsum(rng.integers(1, 3, m)))
        for n, m in ((11, 70), (70, 24))
    ]
    for grid in [*grids, gg.Grid((70, 0.5), (24, 0.5), boundary="periodic")]:
        fields = [np.array(noise(rng, grid.shape)) for _ in range(3)]
        fields[0][rng.random(grid.shape) < 0.02] = np.nan
        fields[1][rng.random(grid.shape) < 0.1] = 0
        apart = [np.repeat(field, 2, axis=1)[:, ::2] for field in fields]
        between = [np.pad(field, ((0, 0), (0, 3)))[:, :-3] for field in fields]
        for name, (terms, outputs) in operators(grid, *fields[1:]).items():
            want = slices.apply(NUMPY, terms, fields, outputs)
            for own in (fields, apart, between):
                yield f"{name} of {grid.shape}", applied(terms, own, outputs, grid.shape), equal_to(*want)


def ends():
    """Terms at ends from side arrays, in rows that are alike, in segments, in streams."""
    from gridgrad._stencils.stencil import Stencil
    from gridgrad._terms.term import Term

    rng = np.random.default_rng(7)
    for shape in ((7, 30), (5, 2100), (1001, 2100)):
        grid = gg.Grid(*[(n, 0.5) for n in shape])
        sides, inputs = [], [noise(rng, shape)]
        for axis, n in enumerate(shape):
            rows = (((0, 0, 2.0), (0, 1, 3.0)), (), ((2, 2, 1.0),)), (((n - 1, n - 2, 5.0),),)
            rows = Stencil(n, (), (), *rows, True)
            then = None if axis == 0 else (0, grid.stencil(0))
            sides += [Term(0, 1 + axis, axis, rows, ends=True), Term(0, 0, axis, rows, then=then, ends=True)]
            sides.append(Term(0, 0, axis, rows, ends=True))
            side = noise(rng, [1 if k == axis else m for k, m in enumerate(shape)])
            inputs.append(np.broadcast_to(side, shape))
        for own in (grid.laplacian.terms, grid.gradient.terms[1:], grid.gradient.terms[:1]):
            terms = tuple(term._replace(output=0) for term in own) + tuple(sides)
            want = slices.apply(NUMPY, terms, inputs, 1)
            for first in (inputs[0], np.repeat(inputs[0], 2, axis=1)[:, ::2]):
                read = [first, *inputs[1:]]
                yield f"terms at ends of {shape}", applied(terms, read, 1, shape), equal_to(*want)


def beside_gaps():
    """Rows at points, in bands and of batches, as NumPy makes them."""
    bands.NEAR = 500  # so that there are several
    rng = np.random.default_rng(8)
    shape = 70, 40
    f, k, v, side = *(rng.random(shape) for _ in range(3)), rng.random(shape[0])
    k[rng.random(shape) < 0.1], f[rng.random(shape) < 0.01] = 0, np.nan
    inside, spacing = rng.random(shape) > 0.2, [np.cumsum(rng.integers(1, 3, n)) for n in shape]
    walls = gg.Grid(*spacing, boundary=[gg.slope(2.0), gg.value(side)]).with_mask(inside)
    grids = [
        gg.Grid((70, 0.5), (40, 0.25)).with_mask(inside, boundary=own)
        for own in (gg.value(1.5, wall="face"), gg.value(k))
    ]
    grid = gg.Grid(*spacing).with_mask(inside)
    operators = [own.laplacian for own in (grid, walls, *grids)] + [own.diffuse(v) for own in (grid, *grids)]
    operators += [
        grid.gradient_norm,
        grid.gradient_squared,
        grid.diffuse(k, mean="harmonic"),
        grid.gradient,
        grid.laplacian.with_(accuracy=4),
    ]
    operators += [grid.advect((v - 0.5, k), upwind=1), side[:, None] * grid.laplacian]
    for n, operator in enumerate(operators):
        with mock.patch.object(compiled, "core", None):
            want = np.stack(pickle.loads(pickle.dumps(operator))(f))
        yield f"gaps, operator {n}", partial(operator, f), equal_to(*want)
        yield (
            f"gaps, operator {n} of a batch",
            partial(operator, np.stack([f, f])),
            equal_to(*np.stack([want, want], axis=-3)),
        )
    over = grid.whole.with_mask(inside, boundary=gg.value(k, name="beside")).laplacian
    yield (
        "what is prescribed is written over",
        lambda: over(f, out=(own := k.copy()), beside=own),
        equal_to(*over(f)),
    )


def cases(dtypes):
    """All of them, what takes longest last."""
    yield from bits(dtypes)
    yield from sums()
    if "f8" in dtypes:
        yield from of_operators()
        yield from ends()
        yield from beside_gaps()
    yield from values(dtypes)


def found(cases):
    """What the first wrong result is of; None if all are right."""
    return next((name for name, call, fits in cases if not fits(call())), None)


def found_apart(cases, fault):
    """The same with a fault, in a process of its own, which may crash or hang."""
    process = os.fork()
    if process:
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        return f"ended by {signal.Signals(-status).name}" if status < 0 else None
    ctypes.c_int.in_dll(core, "gg_fault").value = fault
    signal.alarm(SECONDS)
    try:
        print(found(cases) or "ok", flush=True)
    except Exception as error:
        print(repr(error), flush=True)
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int)
    parser.add_argument("dtypes", nargs="*", default=["f8", "f4", "f2", "i8", "u8"])
    options = parser.parse_args()
    known = list(cases(options.dtypes))
    problem = found(known)
    print(problem or "ok", flush=True)
    for fault in range(1, 1 + (options.faults or 0)):
        ended = found_apart(known, fault)
        if ended:
            print(ended, flush=True)
    sys.exit(1 if problem else 0)
