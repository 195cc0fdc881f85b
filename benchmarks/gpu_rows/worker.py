"""The process that measures: task after task, each one's outcome on disk before the next begins."""

from __future__ import annotations

import sys
import time
import traceback
from datetime import date
from pathlib import Path
from typing import Any

from . import report as reports

NO_DEVICE = 3  # exit codes of a worker
LOST = 4  # after an error of which a context does not recover
RESERVE = 2.0  # seconds that a task may need at least


def work(path: Path, deadline: float, quick: bool, only: list[str]) -> int:
    """Measure what is not in the report yet; an exit code."""
    try:
        import cupy

        devices = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        print(
            f"no CUDA device: CuPy is missing or finds no driver ({error}); nothing was measured",
            file=sys.stderr,
        )
        return NO_DEVICE
    if not devices:
        print("no CUDA device: CuPy finds none; nothing was measured", file=sys.stderr)
        return NO_DEVICE
    from . import card, tasks, watch

    watch.watch()
    report = reports.load(path)
    report.setdefault(
        "facts", card.facts() | {"date": date.today().isoformat(), "small": quick, "before": card.state()}
    )
    every = [task for task in tasks.tasks(quick) if not only or any(word in task.key for word in only)]
    report |= {"tasks": [task.key for task in every], "shown": tasks.shown()}
    code = _run(every, report, path, deadline)
    report["facts"]["after"] = card.state()
    reports.save(path, report)
    return code


def _run(every: list[Any], report: dict[str, Any], path: Path, deadline: float) -> int:
    from . import card

    done = report.setdefault("seconds of tasks", {})
    for task in every:
        if task.key in done:
            continue
        if time.time() + RESERVE > deadline:
            break
        report["running"] = task.key
        reports.save(path, report)
        start = time.time()
        print(f"{task.key} ... ", end="", flush=True)
        outcome = _outcome(task)
        done[task.key] = time.time() - start
        put(report, task.section, task.name, task.library, outcome)
        print(f"{said(outcome)} ({done[task.key]:.1f} s)", flush=True)
        report["running"] = None
        reports.save(path, report)
        try:
            card.free()
        except Exception:  # the device is lost: every later call in this process would fail
            return LOST
    return 0


def _outcome(task: Any) -> dict[str, Any]:
    """What the task measured, or its error; nothing of it is alive afterwards."""
    try:
        return task.run()
    except Exception as error:
        return {
            "error": f"{type(error).__name__}: {error}"[:500],
            "traceback": traceback.format_exc()[-2000:],
        }


def put(report: dict[str, Any], section: str, name: str, library: str, outcome: dict[str, Any]) -> None:
    """In its place; peers go into the row that they are of."""
    rows = report.setdefault(section, {})
    if not library:
        rows[name] = outcome | ({"peers": rows[name]["peers"]} if "peers" in rows.get(name, {}) else {})
        return
    found = {library: outcome} if "error" in outcome else outcome
    rows.setdefault(name, {}).setdefault("peers", {}).update(found)


def said(outcome: dict[str, Any]) -> str:
    """An outcome in a few words."""
    for word in ("error", "ms", "us", "s"):
        if word in outcome:
            value = outcome[word]
            return f"{value:.4g} {word}" if isinstance(value, float) else f"ERROR {value[:200]}"
    return ", ".join(f"{name} {said(peer)}" for name, peer in outcome.items())
