"""Threads inside one call and several calls at once, for ThreadSanitizer: `python tests/support/thread_stress.py`."""

from __future__ import annotations

import threading

import numpy as np

import gridgrad as gg


def work(shared, beside_gaps, failures):
    """Gradients of one shared array, with 1 to 3 threads each, compared bit for bit."""
    for gradient in (gg.gradient, beside_gaps):
        reference = gradient(shared, workers=1)
        for workers in (1, 2, 3):
            out = tuple([np.empty_like(shared) for _ in range(3)])
            gradient(shared, workers=workers, out=out)
            if not all(np.array_equal(a, b) for a, b in zip(reference, out, strict=True)):
                failures.append(workers)


def main():
    """Run 8 threads on one array; exit non-zero on any difference."""
    shared = np.random.default_rng(0).standard_normal((40, 50, 60))
    inside = np.random.default_rng(1).random(shared.shape) > 0.1
    beside_gaps = gg.Grid(*[(n, 1.0) for n in shared.shape]).with_mask(inside).gradient
    failures = []
    threads = [threading.Thread(target=work, args=(shared, beside_gaps, failures)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"bits differ for workers={failures}")
    print("8 threads, same bits")


if __name__ == "__main__":
    main()
