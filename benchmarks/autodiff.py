"""Exact derivatives of functions, and backward passes, side by side with torch, JAX and HIPS autograd.

python benchmarks/autodiff.py            all rows, a few minutes
python benchmarks/autodiff.py --quick    tiny arrays: shows that it works, not how fast
python benchmarks/autodiff.py --table    the newest results as a table of the guide; runs nothing
"""

from __future__ import annotations

from typing import Any

from autodiff_rows import ROWS
from measure import machine
from operators import duration, facts, goals, measure_rows, others, run
from peers import versions

DISTRIBUTIONS = ("gridgrad", "numpy", "torch", "jax", "autograd")


def measure(quick: bool, rounds: int, workers: int) -> dict[str, Any]:
    """Every row."""
    report: dict[str, Any] = {"machine": machine(workers), "versions": versions(DISTRIBUTIONS)}
    return report | {"rows": measure_rows(ROWS, quick, rounds, workers)}


def text(report: dict[str, Any]) -> str:
    """Goals and figures for a terminal."""
    return "\n".join([*goals(ROWS, report), f"machine: {report['machine']}"])


def markdown(report: dict[str, Any]) -> str:
    """The table of docs/guide/speed.md, with machine, date and versions."""
    lines = ["| | gridgrad | the others, in multiples of its time |", "|---|---:|---|"]
    for name, times in report["rows"].items():
        lines.append(f"| {name} | {duration(times['gridgrad']['min'])} | {others(times)} |")
    return "\n".join([*lines, "", facts(report)])


if __name__ == "__main__":
    run("autodiff", measure, text, markdown, None)
