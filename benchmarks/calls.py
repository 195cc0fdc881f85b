"""Small calls: what a keyword, a free function or another library costs beside the plain call.

    python benchmarks/calls.py [--rounds 40] [--base path/to/another/python] [--json path]

With ``--base`` the same calls run in turn under another interpreter, which has another gridgrad.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from timeit import timeit
from typing import Any

import measure
import numpy as np

import gridgrad as gg

REPEATS = 100
# What is to be no larger than so many times what.
GOALS = [
    ("gradient, workers=1", "gradient", 1.1),
    ("operator, workers=1", "operator", 1.1),
    ("laplacian(u, x, y)", "gradient", 1.2),
    ("divergence", "gradient", 1.3),
    ("laplacian on a sphere", "operator on a sphere", 1.3),
    ("norm on a sphere", "its operator", 1.3),
    ("laplacian by positions", "operator by positions", 1.5),  # with reading them
    ("torch gradient", "gradient", 4.0),
    ("torch gradient, step", "torch.gradient, step", 1.0),
    ("gridgrad.torch.gradient, step", "torch.gradient, step", 1.0),
    ("torch gradient, coordinates", "torch.gradient, coordinates", 1.0),
    ("gridgrad.torch.gradient, coordinates", "torch.gradient, coordinates", 1.0),
    ("graph, gradient", "graph, torch.gradient", 1.0),
    ("graph, gridgrad.torch.gradient", "graph, torch.gradient", 1.0),
    ("backward, gradient", "backward, torch.gradient", 1.0),
    ("backward, gridgrad.torch.gradient", "backward, torch.gradient", 1.0),
    ("backward, learned diffusivity", "backward, the same by hand", 1.0),
]


def cases() -> dict[str, Callable[[], Any]]:
    """The calls, by name."""
    rng = np.random.default_rng(0)
    f, h = rng.random(100), 0.1
    u, x, y = rng.random((40, 50)), np.linspace(0, 1, 40) ** 2, np.linspace(0, 3, 50)
    grid = gg.Grid(x, y)
    operator, gradient, advection = grid.laplacian, grid.gradient, grid.advect((u, u))
    lat, lon = np.linspace(-87.75, 87.75, 40), np.arange(50) * 7.2
    s = np.linspace(0, 1, 40)[:, None]
    X, Y = s + 0.05 * y**2, y - 0.2 * s
    sphere, curvilinear = gg.Grid(lat, lon, geometry="sphere"), gg.Grid(X, Y)
    out, outs, line = np.empty_like(u), [np.empty_like(u) for _ in range(2)], np.empty_like(f)
    found = {
        "np.gradient, 100 points": lambda: np.gradient(f, h),
        "gradient, 100 points": lambda: gg.gradient(f, h),
        "gradient, 100 points, out=": lambda: gg.gradient(f, h, out=line),
        "gradient": lambda: gg.gradient(u, x, y),
        "gradient, workers=1": lambda: gg.gradient(u, x, y, workers=1),
        "laplacian(u, x, y)": lambda: gg.laplacian(u, x, y),
        "divergence": lambda: gg.divergence((u, u), x, y),
        "operator": lambda: operator(u),
        "operator, workers=1": lambda: operator(u, workers=1),
        "operator, out=": lambda: operator(u, out=out),
        "grid.gradient, out=": lambda: gradient(u, out=outs),
        "advect, fields at the call": lambda: advection(u, out=out, v=(u, u)),
        "laplacian on a sphere": lambda: gg.laplacian(u, lat, lon, geometry="sphere"),
        "operator on a sphere": lambda: sphere.laplacian(u),
        "norm on a sphere": lambda: gg.gradient_norm(u, lat, lon, geometry="sphere"),
        "its operator": lambda: sphere.gradient_norm(u),
        "laplacian by positions": lambda: gg.laplacian(u, X, Y),
        "operator by positions": lambda: curvilinear.laplacian(u),
    }
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(1)
    t = torch.from_numpy(u)
    found |= {"torch gradient": lambda: gg.gradient(t, x, y), "torch operator": lambda: operator(t)}
    return found | tensors(torch, f, h)


def tensors(torch: Any, f: np.ndarray, h: float) -> dict[str, Callable[[], Any]]:
    """Of 100 points, beside the same of torch; with a graph, and with a backward pass too."""
    import gridgrad.torch as ours

    line, x = torch.from_numpy(f), torch.from_numpy(np.linspace(0, 1, len(f)) ** 2)
    leaf, k = line.clone().requires_grad_(), torch.ones_like(line).requires_grad_()
    operator, ones, steps = gg.Grid(x).laplacian, torch.ones_like(line), x[1:] - x[:-1]
    diffuse, out = gg.Grid(x).diffuse(k), torch.empty_like(line)

    def backward(call: Callable[[], Any], leaf: Any = leaf) -> Callable[[], Any]:
        return lambda: torch.autograd.grad(call(), leaf, ones)

    def by_hand() -> Any:
        flux = (k[1:] + k[:-1]) * 0.5 * (line[1:] - line[:-1]) / steps
        return torch.nn.functional.pad((flux[1:] - flux[:-1]) / steps[1:], (1, 1))

    def without_graph() -> Any:
        with torch.no_grad():
            return gg.gradient(leaf, h)

    return {
        "torch.gradient, step": lambda: torch.gradient(line, spacing=h),
        "torch gradient, step": lambda: gg.gradient(line, h),
        "gridgrad.torch.gradient, step": lambda: ours.gradient(line, spacing=h),
        "torch.gradient, coordinates": lambda: torch.gradient(line, spacing=(x,)),
        "torch gradient, coordinates": lambda: gg.gradient(line, x),
        "gridgrad.torch.gradient, coordinates": lambda: ours.gradient(line, spacing=(x,)),
        "torch operator, out=": lambda: operator(line, out=out),
        "graph, torch.gradient": lambda: torch.gradient(leaf, spacing=h),
        "graph, gradient": lambda: gg.gradient(leaf, h),
        "graph, gridgrad.torch.gradient": lambda: ours.gradient(leaf, spacing=h),
        "graph, operator": lambda: operator(leaf),
        "no_grad, gradient": without_graph,
        "backward, torch.gradient": backward(lambda: torch.gradient(leaf, spacing=h)[0]),
        "backward, gradient": backward(lambda: gg.gradient(leaf, h)),
        "backward, gridgrad.torch.gradient": backward(lambda: ours.gradient(leaf, spacing=h)[0]),
        "backward, operator": backward(lambda: operator(leaf)),
        "backward, learned diffusivity": backward(lambda: diffuse(line), k),
        "backward, the same by hand": backward(by_hand, k),
    }


def measured(rounds: int) -> dict[str, float]:
    """Seconds of one call of each, medians of rounds that take turns."""
    calls = cases()
    seconds: dict[str, list[float]] = {name: [timeit(call, number=REPEATS)] for name, call in calls.items()}
    for _ in range(rounds):
        for name, call in calls.items():
            seconds[name].append(timeit(call, number=REPEATS) / REPEATS)
    return {name: median(found[1:]) for name, found in seconds.items()}


def under(python: str, rounds: int) -> dict[str, float]:
    """The same under another interpreter."""
    command = [python, "-P", __file__, "--rounds", str(rounds), "--bare"]
    environment = {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def table(own: list[dict[str, float]], base: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Seconds by name, and with a base the median of the ratios of runs that took turns."""
    rows = {name: {"seconds": median([run[name] for run in own])} for name in own[0]}
    for name, row in rows.items():
        if base and name in base[0]:
            row["base"] = median([run[name] for run in base])
            row["to base"] = median([a[name] / b[name] for a, b in zip(own, base, strict=True)])
    return rows


def show(rows: dict[str, dict[str, float]]) -> None:
    """The table, and the ratios that have a goal."""
    print(f"{'small call':38} {'us':>8} {'base us':>8} {'to base':>8}")
    for name, row in rows.items():
        base = f"{row['base'] * 1e6:8.2f} {row['to base']:8.2f}" if "base" in row else ""
        print(f"{name:38} {row['seconds'] * 1e6:8.2f} {base}")
    for name, other, goal in GOALS:
        if name in rows:
            print(f"{name} / {other}: {rows[name]['seconds'] / rows[other]['seconds']:.2f} (goal {goal})")


def main() -> None:
    """Measure, print, and with ``--json`` write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--base")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--bare", action="store_true", help="this run's times alone, as JSON")
    arguments = parser.parse_args()
    if arguments.bare:
        json.dump(measured(arguments.rounds), sys.stdout)
        return
    own, base = [], []
    for _ in range(arguments.runs):
        own.append(under(sys.executable, arguments.rounds))
        if arguments.base:
            base.append(under(arguments.base, arguments.rounds))
    rows = table(own, base)
    show(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": measure.machine(1), "calls": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
