"""Times on the device: calls that are enqueued before the first of them runs, between two events."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import cupy

from . import card

Call = Callable[[], Any]
TICKS = 2e6  # of the device's clock in a millisecond, or fewer: a hold lasts at least as long as it says
LONGEST_HOLD = 50.0  # milliseconds
ROUNDS = 7


def milliseconds(call: Call, rounds: int = ROUNDS) -> dict[str, Any]:
    """Of one call: the median over rounds, and all rounds.

    The stream is held back while the calls of a round are enqueued, so the time of Python is not in it;
    "starved" counts the rounds where it may be, because a call waited for the device itself.
    """
    enqueued, total = _first_look(call)
    calls = 20 if total < 2 else 10 if total < 50 else 3
    rounds = rounds if total < 20 else 3
    held, times, starved = min(1.5 * enqueued * calls + 0.3, LONGEST_HOLD), [], 0
    for _ in range(rounds):
        taken, each = _round(call, calls, held)
        starved += taken > held
        held = min(max(held, 1.5 * taken), LONGEST_HOLD)
        times.append(each)
    return summary(times, calls) | {"starved": starved}


def _first_look(call: Call) -> tuple[float, float]:
    """Milliseconds until a call returns, and until the device has done it; two are not counted."""
    call()
    call()
    card.synchronize()
    start = time.perf_counter()
    call()
    returned = time.perf_counter()
    card.synchronize()
    return (returned - start) * 1e3, (time.perf_counter() - start) * 1e3


def _round(call: Call, calls: int, held: float) -> tuple[float, float]:
    """Milliseconds until all calls were enqueued, and of the device for one."""
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    began = time.perf_counter()
    card.kernel("hold")((1,), (1,), card.call_of(n=(int(held * TICKS),)))
    start.record()
    for _ in range(calls):
        call()
    end.record()
    taken = (time.perf_counter() - began) * 1e3
    end.synchronize()
    return taken, cupy.cuda.get_elapsed_time(start, end) / calls


def wall_milliseconds(call: Call, wait: Callable[[Any], Any], rounds: int = 5) -> dict[str, Any]:
    """Of one call of a library with streams of its own: many are enqueued, `wait` waits for the last."""
    _first_look(call)
    start = time.perf_counter()
    wait(call())
    calls = 20 if time.perf_counter() - start < 0.02 else 5
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            last = call()
        wait(last)
        times.append((time.perf_counter() - start) * 1e3 / calls)
    return summary(times, calls)


def summary(times: list[float], calls: int) -> dict[str, Any]:
    """The median, the spread, and what they are made of."""
    middle = median(times)
    return {"ms": middle, "spread": (max(times) - min(times)) / middle, "calls": calls, "rounds": times}
