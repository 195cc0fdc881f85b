"""Operators side by side with their peers and with what the memory allows, in one run; prints tables and writes JSON.

python benchmarks/operators.py            all rows, several minutes
python benchmarks/operators.py --quick    tiny arrays: shows that it works, not how fast
python benchmarks/operators.py --table    the newest results as a table of the guide; runs nothing
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from face_rows import FACE_ROWS
from mask_rows import MASK_ROWS
from measure import available_cpus, interleaved, machine, newest, peak_memory, share_of_ceiling, short_name
from operator_rows import ROWS, Contender, Goal, Row
from peers import Skip, versions
from wall_rows import WALL_ROWS

ALL_ROWS = ROWS + WALL_ROWS + FACE_ROWS + MASK_ROWS
RESULTS = Path(__file__).with_name("results")
DISTRIBUTIONS = ("gridgrad", "numpy", "scipy", "numba", "findiff", "py-pde", "MetPy")
WHOLE = "gridgrad, no gaps"  # beside which operators with gaps are measured
HIDDEN = ("gridgrad", "ceiling")  # of the list of peers: they have columns of their own
MEMORY_GOAL = 1.0  # MiB


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    return run("operators", measure, text, markdown, argv)


def run(
    name: str, measure: Callable[..., dict[str, Any]], text: Callable[..., str], markdown: Callable[..., str],
    argv: Sequence[str] | None,
) -> dict[str, Any]:  # fmt: skip
    """The command line of a benchmark: measure, print, write JSON; or print the newest results as Markdown."""
    parser = argparse.ArgumentParser(description=f"Benchmark: {name}")
    parser.add_argument("--quick", action="store_true", help="tiny arrays, two rounds")
    parser.add_argument("--table", action="store_true", help="print the newest results as Markdown")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--workers", type=int, default=available_cpus())
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON files")
    arguments = parser.parse_args(argv)
    if arguments.table:
        print(markdown(json.loads(newest(arguments.out, f"{name}-2*.json").read_text(encoding="utf-8"))))
        return {}
    report = measure(arguments.quick, 2 if arguments.quick else arguments.rounds, arguments.workers)
    print(text(report))
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"{name}-{report['machine']['date']}-{short_name(report['machine'])}.json"
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}")
    return report


def measure(quick: bool, rounds: int, workers: int) -> dict[str, Any]:
    """Every row, then memory."""
    report: dict[str, Any] = {"machine": machine(workers), "versions": versions(DISTRIBUTIONS)}
    report["rows"] = measure_rows(ALL_ROWS, quick, rounds, workers)
    points = 40 if quick else 200
    memory = peak_memory(points, ("laplacian", "diffuse"))
    report["MiB beyond the outputs"] = memory | {"points per side": points}
    return report


def measure_rows(rows: Sequence[Row], quick: bool, rounds: int, workers: int) -> dict[str, Any]:
    """The times of every row in which gridgrad itself can run; the others are said to be left out."""
    found = {}
    for row in rows:
        print(row.name, flush=True)
        times = measure_row(row, quick, rounds, workers)
        if times:
            found[row.name] = times
        else:
            print("  left out: gridgrad's own figure needs what is missing")
    return found


def measure_row(row: Row, quick: bool, rounds: int, workers: int) -> dict[str, dict[str, float]]:
    """Every contender's values are compared, then they take turns; nothing without gridgrad among them."""
    sides = tuple(min(n, 100 if len(row.sides) == 1 else 24) for n in row.sides) if quick else row.sides
    calls = {}
    for name, make in row.make(sides, workers).items():
        try:
            contender = make()
        except Skip as reason:
            print(f"  {name}: skipped, {reason}")
            continue
        agree(name, contender, row)
        calls[name] = contender.call
    if "gridgrad" not in calls:
        return {}
    times = interleaved(calls, rounds)
    ours = times["gridgrad"]["min"]
    print("  " + ", ".join(f"{n} {t['min'] * 1e3:.4g} ms ({t['min'] / ours:.2f})" for n, t in times.items()))
    for goal in row.goals:
        print(f"  {judged(goal, times)}", flush=True)
    return times


def agree(name: str, contender: Contender, row: Row) -> None:
    """Stop if values differ by more than rounding; two points at each end are left out, where formulas differ."""
    result = contender.call()
    if contender.expected is None:
        return
    inside = (..., *(slice(2, -2),) * len(row.sides))
    bound = 256 * np.finfo(np.asarray(contender.expected).dtype).eps * np.abs(contender.expected).max()
    worst = np.abs(contender.values(result)[inside] - np.asarray(contender.expected)[inside]).max()
    if not worst <= bound:
        raise SystemExit(
            f"{name} differs by {worst:.3g} in {row.name}, more than {bound:.3g}: nothing was timed"
        )


def judged(goal: Goal, times: dict[str, dict[str, float]]) -> str:
    """The goal next to the measured figure."""
    unit = "s" if goal.of is None else f"x {goal.of}"
    if not {"gridgrad", goal.of or "gridgrad"} <= set(times):
        return f"goal <= {goal.at_most:.3g} {unit}: not measured"
    ours = times["gridgrad"]["min"]
    if goal.of == "ceiling":
        figure = 1 / share_of_ceiling(times)
    else:
        figure = ours if goal.of is None else ours / times[goal.of]["min"]
    return f"goal <= {goal.at_most:.3g} {unit}: measured {figure:.3g}, {'met' if figure <= goal.at_most else 'MISSED'}"


def text(report: dict[str, Any]) -> str:
    """Goals and figures for a terminal."""
    memory, lines = report["MiB beyond the outputs"], goals(ALL_ROWS, report)
    for name in ("laplacian", "diffuse"):
        if memory[name] is not None:
            met = "met" if memory[name] <= MEMORY_GOAL else "MISSED"
            lines.append(f"memory of {name}, {memory['points per side']}³: goal <= {MEMORY_GOAL:g} MiB beyond the output: "
                         f"measured {memory[name]:.2f}, {met}")  # fmt: skip
    return "\n".join([*lines, f"machine: {report['machine']}"])


def goals(rows: Sequence[Row], report: dict[str, Any]) -> list[str]:
    """What each row was to reach beside what was measured."""
    lines = ["", "Goals (best of all rounds):"]
    for row in rows:
        lines += [f"{row.name}: {judged(goal, report['rows'].get(row.name, {}))}" for goal in row.goals]
    return lines


def markdown(report: dict[str, Any]) -> str:
    """The table of docs/guide/speed.md, with machine, date and versions."""
    lines = ["| float64, `out=` | gridgrad | the others, in multiples of its time | share of ceiling |",
             "|---|---:|---|---:|"]  # fmt: skip
    for name, times in report["rows"].items():
        if WHOLE in times:
            continue
        ours = times["gridgrad"]["min"]
        share = f"{share_of_ceiling(times):.2f}" if "ceiling" in times else "-"
        lines.append(f"| {name} | {duration(ours)} | {others(times)} | {share} |")
    memory = report["MiB beyond the outputs"]
    return "\n".join([
        *lines, "", *beside_gaps(report["rows"]), "", facts(report),
        f"Memory beyond the output, {memory['points per side']}³: laplacian {memory['laplacian']:.1f} MiB, diffuse {memory['diffuse']:.1f} MiB.",
    ])  # fmt: skip


def beside_gaps(rows: dict[str, Any]) -> list[str]:
    """A line for each kind of gaps, a column for each size: their time over that of the same operator without gaps."""
    found: dict[str, dict[str, str]] = {}
    for name, times in rows.items():
        if WHOLE in times:
            what, size = name.rsplit(", ", 1)
            ratio = times["gridgrad"]["min"] / times[WHOLE]["min"]
            found.setdefault(what, {})[size] = f"{ratio:.2f}"
    sizes = list(dict.fromkeys(size for ratios in found.values() for size in ratios))
    lines = [f"| time over that without gaps | {' | '.join(sizes)} |", f"|---|{'---:|' * len(sizes)}"]
    return lines + [
        f"| {what} | {' | '.join(ratios.get(size, '-') for size in sizes)} |"
        for what, ratios in found.items()
    ]


def others(times: dict[str, dict[str, float]]) -> str:
    """The peers of a row in multiples of gridgrad's time."""
    ours = times["gridgrad"]["min"]
    return ", ".join(f"{n} {t['min'] / ours:.2g}" for n, t in times.items() if n not in HIDDEN)


def facts(report: dict[str, Any]) -> str:
    """Date, machine and versions."""
    known = report["machine"]
    peers = ", ".join(
        f"{n} {v}" for n, v in report["versions"].items() if v != "not installed" and n != "gridgrad"
    )
    return f"{known['date']}, {known['cpu']}, {known['cores']} cores, {known['workers']} threads; Python {known['python']}, {peers}."


def duration(seconds: float) -> str:
    """With a unit and two or three digits."""
    unit, scale = ("µs", 1e6) if seconds < 1e-3 else ("ms", 1e3) if seconds < 1 else ("s", 1)
    return f"{seconds * scale:.3g} {unit}"


if __name__ == "__main__":
    main()
