"""Seeded differential fuzzing of `gradient` against long double: ``python tests/support/fuzz.py --seed S --calls N``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from oracles import extended_gradient, extended_steps, finfo
from samples import COMPILED, LAYOUTS, noise, same_bits

import gridgrad as gg

LENGTHS = (2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 33)
# The oracle's own roundings (about six of 2**-64 each) beside float64's eps of 2**-52.
# The contract's bound, in eps = 2u: weight, difference and product of each pair (3u), their sum (1u).
CONTRACT_EPS = 2.0
ORACLE_EPS = 8 * float(np.finfo(np.longdouble).eps)


@dataclass
class Case:
    """One random problem; every call made on it must agree."""

    f: Any
    axes: tuple[int, ...]
    spacings: list[Any]
    edge_order: int
    periodic: list[bool]
    periods: list[Any]

    def arguments(self) -> dict[str, Any]:
        """Keywords of the call; `periodic` only where needed, so that the fast path is taken too."""
        keywords: dict[str, Any] = {"axis": self.axes, "edge_order": self.edge_order}
        if any(self.periodic):
            keywords |= {"periodic": self.periodic, "period": self.periods}
        return keywords


def random_spacing(rng: Any, n: int) -> Any:
    """A scalar or coordinates of any kind, in either direction."""
    kind = rng.integers(8)
    if kind < 3:
        return (
            (1, -2.5, 0.1, 3, np.float32(0.7), 1e-3)[rng.integers(6)]
            if kind
            else float(rng.standard_normal() or 1)
        )
    scale = float(10.0 ** rng.integers(-6, 7))
    x = {
        3: np.arange(n) * scale,
        4: np.cumsum(rng.uniform(0.2, 2, n)) * scale,
        5: np.cumsum(rng.integers(1, 100, n)),
        6: np.cumsum(10.0 ** rng.uniform(-3, 3, n)),
        7: np.cumsum(rng.integers(1, 4, n)).astype(np.float32),
    }[int(kind)]
    return -x if rng.random() < 0.3 else x[::-1] if rng.random() < 0.3 else x


def random_case(rng: Any) -> Case:
    """Shape, dtype, axes, spacings, edges."""
    ndim = int(rng.choice([1, 1, 1, 2, 2, 3, 4]))
    shape = tuple(int(rng.choice(LENGTHS[: 13 - 3 * (ndim - 1)])) for _ in range(ndim))
    f = noise(rng, shape, COMPILED[rng.integers(len(COMPILED))])
    edge_order = int(rng.integers(1, 3))
    usable = [a for a in range(ndim) if shape[a] > edge_order]
    count = int(rng.integers(1, len(usable) + 1)) if usable else 0
    axes = tuple(int(a) for a in rng.permutation(usable)[:count])
    spacings = [random_spacing(rng, shape[a]) for a in axes]
    periodic = [bool(rng.random() < 0.15) and shape[a] > 2 for a in axes]
    periods = [
        _period(rng, x, shape[a]) if wrap else None
        for a, x, wrap in zip(axes, spacings, periodic, strict=True)
    ]
    return Case(f, axes, spacings, edge_order, periodic, periods)


def _period(rng: Any, x: Any, n: int) -> Any:
    if np.ndim(x) == 0:
        return None
    return float(abs(float(x[-1]) - float(x[0])) * (n + rng.random()) / (n - 1))


def expected(case: Case) -> list[tuple[Any, Any]]:
    """Value and ``sum |w||df|`` of every result; complex data by parts."""
    results = []
    for a, x, wrap, period in zip(case.axes, case.spacings, case.periodic, case.periods, strict=True):
        n = case.f.shape[a]
        steps = extended_steps(x, n)
        back = None
        if wrap:
            back = steps[0] if period is None else np.sign(steps[0]) * np.longdouble(period) - _span(x)
        parts = (case.f.real, case.f.imag) if case.f.dtype.kind == "c" else (case.f,)
        results.append([extended_gradient(part, a, steps, case.edge_order, back) for part in parts])
    return results


def _span(x: Any) -> Any:
    return np.longdouble(x[-1]) - np.longdouble(x[0])


def fault(result: Any, parts: Any) -> str | None:
    """What is wrong with a result, if anything."""
    limits = finfo(result.dtype)
    eps, unit, largest = float(limits.eps), float(limits.smallest_subnormal), float(limits.max)
    for got, (value, scale) in zip((result.real, result.imag), parts, strict=False):
        got = got.astype(np.longdouble)
        bound = (CONTRACT_EPS * eps + ORACLE_EPS) * scale + unit
        beyond = np.isinf(got) & (np.abs(value) + bound > largest) & (np.sign(got) == np.sign(value))
        with np.errstate(invalid="ignore"):
            wrong = ~(beyond | (np.abs(got - value) <= bound))
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            return f"{got[at]!r} at {at} for {value[at]!r}, bound {bound[at]!r}"
    return None


def calls(case: Case, rng: Any) -> Any:
    """The same derivative asked for in several ways: (description, function)."""
    keywords = case.arguments()
    yield "plain", lambda: gg.gradient(case.f, *case.spacings, **keywords)
    layout = list(LAYOUTS)[rng.integers(len(LAYOUTS))]
    changed = LAYOUTS[layout](case.f)
    yield f"layout {layout!r}", lambda: gg.gradient(changed, *case.spacings, **keywords)
    dtype = np.float64 if case.f.dtype.kind in "iu" else case.f.dtype
    outs = [LAYOUTS[layout](np.full(case.f.shape, 7, dtype)) for _ in case.axes]
    yield f"out of layout {layout!r}", lambda: gg.gradient(case.f, *case.spacings, **keywords, out=outs)
    yield "workers=2", lambda: gg.gradient(case.f, *case.spacings, **keywords, workers=2)
    yield "again", lambda: gg.gradient(case.f, *case.spacings, **keywords)
    for k, a in enumerate(case.axes):
        alone: dict[str, Any] = {"axis": a, "edge_order": case.edge_order}
        if case.periodic[k]:
            alone |= {"periodic": True, "period": case.periods[k]}
        yield f"axis {a} alone", lambda k=k, alone=alone: (k, gg.gradient(case.f, case.spacings[k], **alone))


def run(seed: int, count: int) -> str | None:
    """At least `count` calls from this seed on; the first fault with how to replay it, or None."""
    done = 0
    while done < count:
        rng = np.random.default_rng(seed)
        case = random_case(rng)
        done += 1
        if case.axes:
            done += _run_case(case, rng, problem := [])
            if problem:
                return f"{problem[0]}\n{case}\nreplay: python tests/support/fuzz.py --seed {seed} --calls 1"
        seed += 1
    return None


def _run_case(case: Case, rng: Any, problem: list[str]) -> int:
    """All calls of one case: the first against the oracle, the others bit for bit against the first."""
    first: Any = None
    count = 0
    for name, call in calls(case, rng):
        got = call()
        count += 1
        if first is None:
            first = got if isinstance(got, tuple) else (got,)
            for k, (result, parts) in enumerate(zip(first, expected(case), strict=True)):
                if wrong := fault(result, parts):
                    problem.append(f"result {k}: {wrong}")
        elif name.startswith("axis"):
            k, alone = got
            if not same_bits(alone, first[k]):
                problem.append(f"{name}: other bits than together")
        else:
            got = got if isinstance(got, tuple) else (got,)
            if not all(same_bits(a, b) for a, b in zip(got, first, strict=True)):
                problem.append(f"{name}: other bits")
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calls", type=int, default=100_000)
    given = parser.parse_args()
    found = run(given.seed, given.calls)
    print(found or f"no fault in {given.calls} calls")
    sys.exit(bool(found))
