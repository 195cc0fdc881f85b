"""What the kernels take, known without a device: registers, instructions, loads, traffic; fails where it is more than allowed.

With ``--code`` without the simulated traffic: what the compiler says alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import NamedTuple

import compiled
import goals
import machine_code
import numpy as np
import traffic

from gridgrad._backends.cuda import variants

LOADED, STORED = "LDG", "STG"


class Result(NamedTuple):
    """What was found for a row, by the names of its goals, and more to print."""

    row: goals.Row
    launch: variants.Launch
    registers: int
    loads: str
    found: dict[str, float]

    def beyond(self) -> list[str]:
        """Regressions: found is more than allowed."""
        limits = self.row.limits()
        return [
            f"{name_of(self.row)}: {name} {found:g}, allowed {limits[name]:g}"
            for name, found in self.found.items()
            if round(found, 2) > limits.get(name, np.inf)
        ]


def examined(row: goals.Row, simulates: bool) -> Result:
    """Compile a row's kernel, read its machine code, and simulate its launch."""
    launch = traffic.launch_of(row.terms(), row.shape, row.dtype)
    variant = launch.variant
    made = compiled.compile_variant(variant)
    inside = machine_code.interior(compiled.disassembled(made.code), len(variant.stencils), variant.planes)
    points = traffic.elements_of(variant) * variant.planes
    found = {
        "spills": made.spills + made.stack,
        "instructions": inside.count / points,
        "waves": machine_code.load_waves(inside.instructions),
    }
    if simulates:
        moved = traffic.simulated(launch, made.registers)
        found |= {"second": moved.second, "traffic": moved.over_least}
    return Result(row, launch, made.registers, accesses(inside.instructions), found)


def accesses(path: tuple[machine_code.Instruction, ...]) -> str:
    """``5x16 2x4 > 3x16``: loads and stores of a plane, by bytes."""

    def of(verb: str) -> str:
        return " ".join(
            f"{n}x{width}"
            for width, n in sorted(Counter(machine_code.widths(path, verb)).items(), reverse=True)
        )

    return f"{of(LOADED)} > {of(STORED)}"


def name_of(row: goals.Row) -> str:
    """The kernel, and what it is run on."""
    shape = f"{row.shape[0]}^{len(row.shape)}" if len(set(row.shape)) == 1 else "x".join(map(str, row.shape))
    return f"{row.operator} {row.dtype} {shape}{', coordinates' if row.irregular else ''}"


COLUMNS = ("spills", "waves", "instructions", "second", "traffic")


def line(result: Result) -> str:
    """One line of the table; what is more than its goal has a star."""

    def cell(name: str) -> str:
        if name not in result.found:
            return ""
        goal = result.row.goals.get(name)
        missed = goal is not None and round(result.found[name], 2) > goal
        digits = {"instructions": 1, "second": 1, "traffic": 3}.get(name, 0)
        text = f"{result.found[name]:.{digits}f}{'*' if missed else ''}"
        return f"{text} / {goal:g}" if goal is not None else text

    block = "x".join(map(str, result.launch.block))
    planes, slab = result.launch.variant.planes, int(result.launch.descriptor["slab"])
    walk = f"{block}{f', {planes} planes' if planes > 1 else ''}{f', slabs of {2**slab}' if result.launch.variant.slabs else ''}"
    cells = " | ".join(cell(name) for name in COLUMNS)
    return f"| {name_of(result.row)} | {walk} | {result.registers} | {cells} | {result.loads} |"


def main() -> int:
    """Print the table; 1 if something is worse than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--code", action="store_true", help="without the simulated traffic")
    options = parser.parse_args()
    begun = perf_counter()
    jobs = [(row, False) for row in goals.code_rows()]
    jobs += [] if options.code else [(row, True) for row in goals.traffic_rows()]
    print(f"{compiled.release()}, sm_90; a star: more than the goal behind the slash")
    print(f"| kernel | block | registers | {' | '.join(COLUMNS)} | loads > stores of a plane |")
    print("|" + "---|" * (4 + len(COLUMNS)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = []
        for result in pool.map(lambda job: examined(*job), jobs):
            print(line(result), flush=True)
            results.append(result)
    worse = [text for result in results for text in result.beyond()]
    print(f"{len(results)} kernels in {perf_counter() - begun:.0f} s", *worse, sep="\n")
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
