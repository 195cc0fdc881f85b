"""Side by side: gridgrad, its peers and what the memory allows, in one run; prints tables and writes JSON.

python benchmarks/gradient.py            all rows, several minutes
python benchmarks/gradient.py --quick    tiny arrays: shows that it works, not how fast
python benchmarks/gradient.py --table    the newest results as a table of the guide; runs nothing
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cases import CASES, Case, aligned, small
from measure import (
    available_cpus,
    import_time,
    interleaved,
    machine,
    newest,
    peak_memory,
    share_of_ceiling,
    short_name,
)
from peers import CONTENDERS, Skip, versions

import gridgrad as gg

RESULTS = Path(__file__).with_name("results")
SHOWN = [name for name, _, _ in CONTENDERS if name not in ("gridgrad", "ceiling")]


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description="Benchmark of gradient()")
    parser.add_argument("--quick", action="store_true", help="tiny arrays, two rounds")
    parser.add_argument("--table", action="store_true", help="print the newest results as Markdown")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--workers", type=int, default=available_cpus())
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON files")
    arguments = parser.parse_args(argv)
    if arguments.table:
        print(markdown(json.loads(newest(arguments.out, "2*.json").read_text())))
        return {}
    report = measure(arguments.quick, 2 if arguments.quick else arguments.rounds, arguments.workers)
    print(text(report))
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"{report['machine']['date']}-{short_name(report['machine'])}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {path}")
    return report


def measure(quick: bool, rounds: int, workers: int) -> dict[str, Any]:
    """Every row, then memory and import time."""
    report: dict[str, Any] = {"machine": machine(workers), "versions": versions(), "rows": {}}
    for case in CASES:
        print(case.name, flush=True)
        report["rows"][case.name] = measure_case(small(case) if quick else case, rounds, workers)
    points = 40 if quick else 200
    report["MiB beyond the outputs"] = peak_memory(points) | {"points per side": points}
    report["import seconds"] = import_time(rounds)
    return report


def measure_case(case: Case, rounds: int, workers: int) -> dict[str, dict[str, float]]:
    """One row: every contender's values are compared with gridgrad's, then they take turns."""
    f, spacing = case.make()
    outs = [aligned(case.shape, case.dtype) for _ in case.axes]
    expected = gg.gradient(f, *spacing, axis=case.axis)
    calls = {}
    for name, make, _ in CONTENDERS:
        try:
            call = make(case, f, spacing, outs, workers)
        except Skip as reason:
            print(f"  {name}: skipped, {reason}")
            continue
        result = call()
        if name != "ceiling":
            agree(name, result, expected, case, spacing)
        calls[name] = call
    del expected, result
    row = interleaved(calls, rounds)
    ours = row["gridgrad"]["min"]
    print(
        "  "
        + ", ".join(f"{name} {r['min'] * 1e3:.4g} ms ({r['min'] / ours:.2f})" for name, r in row.items()),
        flush=True,
    )
    return row


def agree(name: str, result: Any, expected: Any, case: Case, spacing: list[Any]) -> None:
    """Stop if values differ by more than rounding; ends are left out, as not every peer has the same rows there."""
    parts = (
        [result] if len(case.axes) == 1 and getattr(result, "ndim", 0) == len(case.shape) else list(result)
    )
    wanted = [expected] if len(case.axes) == 1 else expected
    inside = (slice(1, -1),) * len(case.shape)
    for part, want, step in zip(parts, wanted, spacing, strict=True):
        bound = 16 * np.finfo(want.dtype).eps / (step if np.ndim(step) == 0 else np.diff(step).min())
        worst = np.abs(np.asarray(part)[inside] - want[inside]).max()
        if not worst <= bound:
            raise SystemExit(
                f"{name} differs by {worst:.3g} in {case.name}, more than {bound:.3g}: nothing was timed"
            )


def ratios(row: dict[str, dict[str, float]]) -> dict[str, str]:
    """How many times as long as gridgrad each peer takes, and gridgrad's share of the ceiling."""
    ours = row["gridgrad"]["min"]
    found = {name: f"{row[name]['min'] / ours:.1f}" if name in row else "-" for name in SHOWN}
    return found | {"of ceiling": f"{share_of_ceiling(row):.2f}" if "ceiling" in row else "-"}


def text(report: dict[str, Any]) -> str:
    """The tables for a terminal."""
    heads = [*SHOWN, "of ceiling"]
    wide = max(map(len, report["rows"]))
    lines = [
        "",
        "Time of each, in multiples of gridgrad's (best of all rounds):",
        " " * wide + "".join(f"{h:>19}" for h in heads),
    ]
    for name, row in report["rows"].items():
        lines.append(f"{name:<{wide}}" + "".join(f"{value:>19}" for value in ratios(row).values()))
    memory, seconds = report["MiB beyond the outputs"], report["import seconds"]
    lines += [
        "",
        f"memory beyond the outputs, {memory['points per side']}³ float64: {memory}",
        f"import, seconds: {seconds}",
        f"machine: {report['machine']}",
    ]
    return "\n".join(lines)


def markdown(report: dict[str, Any]) -> str:
    """The table of docs/guide/speed.md, with machine, date and versions."""
    facts, found = report["machine"], report["versions"]
    heads = [*SHOWN, "share of ceiling"]
    lines = [
        "| time, in multiples of gridgrad's | " + " | ".join(heads) + " |",
        "|---|" + "---:|" * len(heads),
    ]
    lines += [
        f"| {name} | " + " | ".join(ratios(row).values()) + " |" for name, row in report["rows"].items()
    ]
    memory, seconds = report["MiB beyond the outputs"], report["import seconds"]
    peers = ", ".join(
        f"{name} {number}"
        for name, number in found.items()
        if number != "not installed" and name != "gridgrad"
    )
    side = memory["points per side"]
    lines += [
        "",
        f"{facts['date']}, {facts['cpu']}, {facts['cores']} cores, {facts['workers']} threads; Python {facts['python']}, {peers}.",
        f"Memory beyond the outputs, {side}³ float64: {memory['gridgrad']:.1f} MiB; np.gradient {memory['np.gradient']:.0f} MiB. "
        f"`import gridgrad` adds {100 * seconds['gridgrad over numpy'] / seconds['numpy']:.0f} % to the time of `import numpy`.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
