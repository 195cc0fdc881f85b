"""The figures of a CUDA device: `gradient` and operators beside the copy of as many arrays, and beside others' code.

Run ``python benchmarks/gpu.py --json PATH --seconds N``. PATH is written after every row and may be a folder. Times
are medians of CUDA events around calls that were enqueued before; GB/s count every array once, so a share of 1 means
that the operator is as quick as a copy that reads and writes as many arrays. A row that fails, hangs or ends its
process is a line of the report: the others run in a new process. ``--table PATH`` shows a report, ``--compare PATH``
puts the times of an earlier one beside it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import subprocess
import sys
import time
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # also where Python was told not to do so itself

from gpu_rows import report as reports
from gpu_rows import worker

TRIES = 8  # processes, at most
GRACE = 8  # seconds after the deadline for the task that runs then


def main() -> int:
    """Measure, or show what was measured; 1 where there is no device."""
    arguments = parsed()
    if arguments.table:
        print(reports.markdown(reports.load(arguments.table)))
        return 0
    path = destination(arguments.json)
    path.unlink(missing_ok=True)
    code = supervised(path, arguments)
    if code == worker.NO_DEVICE:
        return 1
    before = reports.load(arguments.compare) if arguments.compare else None
    print("\n" + reports.table(reports.load(path), before))
    print(path)
    return 0


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=Path("out"), help="the report, or a folder for it")
    parser.add_argument(
        "--seconds", type=float, default=240, help="what is not measured by then is only named"
    )
    parser.add_argument("--longest", type=float, default=90, help="a task that takes longer is ended")
    parser.add_argument("--small", action="store_true", help="arrays of a quick look")
    parser.add_argument("--only", type=lambda words: words.split(","), default=[], metavar="NAME,...",
                        help="tasks with one of these in their names")  # fmt: skip
    parser.add_argument("--compare", type=Path, help="an earlier report: a column before/now")
    parser.add_argument("--table", type=Path, help="show this report as markdown, measure nothing")
    arguments = parser.parse_args()
    for path in (arguments.compare, arguments.table):
        if path is not None and not path.exists():
            parser.error(f"there is no file {path}")
    return arguments


def supervised(path: Path, arguments: argparse.Namespace) -> int:
    """Workers, one after the other, until all tasks were run or the time is over."""
    start = time.time()
    deadline = start + arguments.seconds
    code = 0
    for _ in range(TRIES):
        process = multiprocessing.get_context("fork").Process(
            target=_work, args=(path, deadline, arguments.small, arguments.only)
        )
        process.start()
        is_over = _watch(process, path, deadline, arguments.longest)
        code = process.exitcode or 0
        if code in (0, worker.NO_DEVICE):
            break
        blamed(path, f"the process ended with {code}")
        if is_over:
            break
    report = reports.load(path)
    if report:
        report["seconds"] = time.time() - start
        report["not run"] = [
            key for key in report.get("tasks", []) if key not in report.get("seconds of tasks", {})
        ]
        reports.save(path, report)
    return code


def _work(path: Path, deadline: float, quick: bool, only: list[str]) -> None:
    sys.exit(worker.work(path, deadline, quick, only))


def _watch(process: BaseProcess, path: Path, deadline: float, longest: float) -> bool:
    """Wait for the worker; end it where nothing is written for too long, or well after the deadline.

    Whether the time is over, or someone interrupts: what was measured is shown then.
    """
    began = time.time()
    is_over = False
    try:
        while process.is_alive() and not is_over:
            process.join(0.2)
            is_over = time.time() > deadline + GRACE
            written = path.stat().st_mtime if path.exists() else began
            if time.time() > max(written, began) + longest:
                break
    except KeyboardInterrupt:
        is_over = True
    if process.is_alive():
        process.kill()
    process.join()
    return is_over


def blamed(path: Path, why: str) -> None:
    """The task that was running when a worker ended has failed."""
    report = reports.load(path)
    key = report.get("running")
    if key:
        section, _, rest = key.partition(": ")
        name, _, library = rest.partition(" | ")
        worker.put(report, section, name, library, {"error": why})
        report["seconds of tasks"][key] = 0.0
        report["running"] = None
        reports.save(path, report)


def destination(given: Path) -> Path:
    """The file of the report: as the other results are named, where a folder is given."""
    if given.suffix == ".json":
        given.parent.mkdir(parents=True, exist_ok=True)
        return given
    given.mkdir(parents=True, exist_ok=True)
    return given / f"gpu-{date.today().isoformat()}-{card_name()}.json"


def card_name() -> str:
    """The card in words of a file name, asked of nvidia-smi so that this process has no CUDA context."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader", "-i", "0"]
    try:
        name = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        name = "unknown"
    return re.sub(r"[^a-z0-9]+", "-", name.strip().lower()).strip("-")


if __name__ == "__main__":
    sys.exit(main())
