"""Bytes that a device really moves for an operator, and instructions it takes, counted by Nsight Compute.

Run ``python benchmarks/traffic.py`` where ``ncu`` is and its counters may be read. Traffic of the memory is over the bytes
of all arrays, each once; what the second cache gives to the first, and the instructions of a thread, are for a point.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from math import prod
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # also where Python was told not to do so itself

from gpu_rows.rows import COLUMNS, CUBE, ODD, PLANES, Arrays, Row, shrunk

ROWS = (
    Row("laplacian", CUBE, "float64"), Row("gradient", CUBE), Row("laplacian", PLANES, "float64"), Row("gradient", PLANES),
    Row("gradient", (512, 1024, 1024), "float64"), Row("laplacian", ODD), Row("gradient", ODD), Row("laplacian", CUBE),
    Row("curl", CUBE, "float64"), Row("diffuse", CUBE), Row("laplacian accuracy 4", CUBE), Row("gradient.T", CUBE),
    Row("derivative 0", COLUMNS, "float64", dims=2),
)  # fmt: skip
TIME, READ, WRITTEN = "gpu__time_duration.sum", "dram__bytes_read.sum", "dram__bytes_write.sum"
SECTORS, INSTRUCTIONS = "lts__t_sectors_srcunit_tex_op_read.sum", "smsp__thread_inst_executed.sum"
ISSUING = "smsp__issue_active.avg.pct_of_peak_sustained_active"
METRICS = (TIME, READ, WRITTEN, SECTORS, INSTRUCTIONS, ISSUING)
COLUMN_NAMES = ("", "ms", "traffic", "L2 B/point", "instr/point", "issuing %", "launches")


def launch_all(notes: Path, small: bool) -> None:
    """One profiled call of each row, the second one: tables and kernels are there; `notes` tells of each as it is done."""
    import cupy
    from gpu_rows import card

    from gridgrad._backends.ladder import counts

    done = []
    for row in ROWS:
        shape = shrunk(row.shape) if small else row.shape
        try:
            arrays = Arrays(row, shape, card.random, cupy.empty)
            arrays.call()
            card.synchronize()
            before = counts["launch"]
            cupy.cuda.runtime.profilerStart()
            arrays.call()
            card.synchronize()
            cupy.cuda.runtime.profilerStop()
            fields = len(arrays.bases) + len(arrays.targets)
            done.append({"name": row.name, "launches": counts["launch"] - before, "points": prod(shape),
                         "bytes": fields * arrays.nbytes})  # fmt: skip
            notes.write_text(json.dumps(done), encoding="utf-8")
        except Exception as error:  # a row that fails is one line less
            print(f"{row.name}: {type(error).__name__}: {error}", flush=True)
        arrays = None
        card.free()


def counted(report: str) -> list[dict[str, float]]:
    """What ncu counted of each launch, in their order; one line of its table is one number."""
    lines = report.splitlines()
    start = next((k for k, line in enumerate(lines) if line.startswith('"ID"')), len(lines))
    launches: dict[str, dict[str, float]] = {}
    for line in csv.DictReader(lines[start:]):
        value = line["Metric Value"].replace(",", "")
        launches.setdefault(line["ID"], {})[line["Metric Name"]] = float(value)
    return list(launches.values())


def table(rows: list[dict], launches: list[dict[str, float]]) -> Iterator[tuple[str, ...]]:
    """A line for each row, of the sums over its launches."""
    yield COLUMN_NAMES
    following = iter(launches)
    for row in rows:
        own = [next(following, {}) for _ in range(row["launches"])]
        total = {metric: sum(launch.get(metric, float("nan")) for launch in own) for metric in METRICS}
        per = 1 / row["points"]
        figures = (total[TIME] / 1e6, (total[READ] + total[WRITTEN]) / row["bytes"], 32 * total[SECTORS] * per,
                   total[INSTRUCTIONS] * per, total[ISSUING] / max(len(own), 1))  # fmt: skip
        yield row["name"], *(f"{figure:.2f}" for figure in figures), str(len(own))


def profiled(small: bool) -> int:
    """Run this script under ncu, which leaves the clocks as they are, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        notes, report = Path(folder) / "notes.json", Path(folder) / "report.csv"
        profiler = ["ncu", "--csv", "--log-file", str(report), "--print-units", "base", "--clock-control", "none",
                    "--profile-from-start", "off", "--kernel-name", "gridgrad_apply", "--metrics", ",".join(METRICS)]  # fmt: skip
        own = [sys.executable, *sys.orig_argv[1 : -len(sys.argv)], *sys.argv, "--launch", str(notes)]
        status = subprocess.run([*profiler, *own]).returncode
        text = report.read_text(encoding="utf-8") if report.exists() else ""
        rows = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else []
    launches = counted(text)
    for name, *figures in table(rows, launches):
        print(f"{name:36}", *(f"{figure:>11}" for figure in figures))
    if len(launches) != sum(row["launches"] for row in rows) or len(rows) != len(ROWS):
        print(
            f"{len(launches)} launches of {len(rows)} rows were counted, of {len(ROWS)}:",
            *text.splitlines()[:20],
            sep="\n",
        )
        return status or 1
    return status


if __name__ == "__main__":
    if "--launch" in sys.argv:
        launch_all(Path(sys.argv[-1]), "--small" in sys.argv)
    else:
        sys.exit(profiled("--small" in sys.argv))
