"""Threads inside one call and several calls at once, for ThreadSanitizer: `python tests/support/thread_stress.py`."""

from __future__ import annotations

import threading

import numpy as np

import gridgrad as gg


def work(shared, failures):
    """Gradients of one shared array, with 1 to 3 threads each, compared bit for bit."""
    reference = gg.gradient(shared, workers=1)
    for workers in (1, 2, 3):
        out = [np.empty_like(shared) for _ in range(3)]
        gg.gradient(shared, workers=workers, out=out)
        if not all(np.array_equal(a, b) for a, b in zip(reference, out, strict=True)):
            failures.append(workers)


def main():
    """Run 8 threads on one array; exit non-zero on any difference."""
    shared = np.random.default_rng(0).standard_normal((40, 50, 60))
    failures = []
    threads = [threading.Thread(target=work, args=(shared, failures)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"bits differ for workers={failures}")
    print("8 threads, same bits")


if __name__ == "__main__":
    main()
