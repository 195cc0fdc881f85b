"""The report: written after every task, read again by whatever comes next, shown as a short table."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Report = dict[str, Any]
COLUMNS = 110
LINES = 45


def load(path: Path) -> Report:
    """What has been measured so far."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save(path: Path, report: Report) -> None:
    """At once: a reader sees the old file or the new one."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(report, indent=1, default=str), encoding="utf-8")
    os.replace(beside, path)


def best_peer(row: Report) -> tuple[str, float] | None:
    """The quickest peer whose values agree, and its milliseconds."""
    times = {name: peer["ms"] for name, peer in row.get("peers", {}).items() if peer.get("agrees")}
    name = min(times, key=times.__getitem__, default=None)
    return None if name is None else (name, times[name])


def table(report: Report, before: Report | None = None) -> str:
    """What a terminal shows last."""
    compared = "" if before is None else f"{'before/now':>11}"
    head = f"{'':46}{'ms':>9}{'GB/s':>7}{'of copy':>8}{'x best peer':>12}{compared}  regs, bits"
    measured, shown = report.get("rows", {}), report.get("shown", [])
    names = [name for name in shown if "ms" in measured.get(name, {})]
    notes = _notes(report, shown)
    lines = [_line(name, measured[name], before)[:COLUMNS] for name in names[: LINES - 1 - len(notes)]]
    return "\n".join([head, *lines, *notes])


def _line(name: str, row: Report, before: Report | None) -> str:
    peer = best_peer(row)
    share = f"{row['share']:.2f}" if "share" in row else "-"
    times = f"{peer[1] / row['ms']:.1f}" if peer else "-"
    ratio = ""
    if before is not None:
        earlier = before.get("rows", {}).get(name, {}).get("ms")
        ratio = f"{earlier / row['ms']:11.3f}" if earlier else f"{'-':>11}"
    return f"{name:46.46}{row['ms']:9.3f}{row['GB/s']:7.0f}{share:>8}{times:>12}{ratio}  {_kernel(row)}"


def _kernel(row: Report) -> str:
    """Registers, spills and wrong bits of a row."""
    words = ["/".join(str(k["registers"]) for k in row.get("kernels", []))]
    if any(k["spilled bytes"] for k in row.get("kernels", [])):
        words.append("SPILLS")
    differing = sum(row.get(where, {}).get("differing", 0) for where in ("bits", "bits in the middle"))
    if differing:
        words.append(f"{differing} DIFFER")
    return ", ".join(words)


def _notes(report: Report, shown: list[str]) -> list[str]:
    """What stands below the rows: small calls, what is not shown, what failed, what took how long, and where."""
    calls = report.get("small calls", {})
    words = [f"{name} {call['us']:.1f}" for name, call in calls.items() if "us" in call]
    if "s" in calls.get("first call", {}):
        words.append(
            "first call {s:.2f} s, {from the disk cache s:.2f} s from the disk cache".format(
                **calls["first call"]
            )
        )
    lines = wrapped("64^3 float32, us a call: ", words)[:5] + wrapped("copies, GB/s: ", copies(report))[:2]
    hidden = [
        row["share"] for name, row in report.get("rows", {}).items() if "share" in row and name not in shown
    ]
    if hidden:
        lines.append(
            f"{len(hidden)} more rows in the JSON, their shares from {min(hidden):.2f} to {max(hidden):.2f}"
        )
    failed, missed, facts = failures(report), report.get("not run", []), report.get("facts", {})
    lines += wrapped(f"FAILED ({len(failed)}): ", failed)[:4]
    lines += wrapped(f"not run ({len(missed)}): ", missed)[:2]
    lines += wrapped("seconds: ", [f"{name} {spent:.0f}" for name, spent in sections(report).items()])
    return [*lines, f"{facts.get('card')}, commit {facts.get('commit')}, {facts.get('date')}"[:COLUMNS]]


def copies(report: Report) -> list[str]:
    """The quickest copies by their reads and writes."""
    best: dict[str, float] = {}
    for row in report.get("rows", {}).values():
        if "copy" in row:
            name = f"{row['reads']}R:{row['writes']}W"
            best[name] = max(best.get(name, 0), row["copy"]["GB/s"])
    return [f"{name} {rate:.0f}" for name, rate in sorted(best.items())]


def sections(report: Report) -> dict[str, float]:
    """Seconds of our rows, of each library of peers, of small calls, and of all."""
    spent: dict[str, float] = {}
    for key, seconds in report.get("seconds of tasks", {}).items():
        section, _, rest = key.partition(": ")
        name = rest.partition(" | ")[2] or section
        spent[name] = spent.get(name, 0) + seconds
    return spent | {"in all": report.get("seconds", 0)}


def failures(report: Report) -> list[str]:
    """What raised an error, with the beginning of its text."""
    entries = [
        (name, entry) for part in ("rows", "small calls") for name, entry in report.get(part, {}).items()
    ]
    entries += [
        (f"{name} by {peer}", e)
        for name, row in report.get("rows", {}).items()
        for peer, e in row.get("peers", {}).items()
    ]
    return [f"{name}: {entry['error'][:60]}" for name, entry in entries if "error" in entry]


def wrapped(head: str, words: list[str]) -> list[str]:
    """The words as a list in lines of the table's width."""
    lines = [head]
    for k, word in enumerate(words):
        word = word.replace("\n", " ") + ("; " if k + 1 < len(words) else "")
        if len(lines[-1]) + len(word) > COLUMNS and lines[-1].strip():
            lines.append("    ")
        lines[-1] += word[: COLUMNS - 4]
    return [line.rstrip() for line in lines] if words else []


def markdown(report: Report) -> str:
    """The table of the guide, with card, date and versions."""
    lines = [
        "| `out=` | ms | GB/s | share of the copy | the best of the others |",
        "|---|---:|---:|---:|---|",
    ]
    for name in report.get("shown", []):
        row = report.get("rows", {}).get(name, {})
        if "ms" not in row:
            continue
        peer = best_peer(row)
        share = f"{row['share']:.2f}" if "share" in row else "-"
        times = f"{peer[0]}, {peer[1] / row['ms']:.1f} x the time" if peer else "-"
        lines.append(f"| {name} | {row['ms']:.3g} | {row['GB/s']:.0f} | {share} | {times} |")
    calls = [
        f"{name} {call['us']:.1f} µs" for name, call in report.get("small calls", {}).items() if "us" in call
    ]
    facts = report.get("facts", {})
    versions = [
        f"{name} {number}" for name, number in facts.get("versions", {}).items() if name != "gridgrad"
    ]
    small = [f"One call on 64³ float32: {', '.join(calls)}."] if calls else []
    where = (
        f"{facts.get('date')}, {facts.get('card')}; {', '.join(versions)}; gridgrad at {facts.get('commit')}."
    )
    return "\n".join([*lines, "", *small, where])
