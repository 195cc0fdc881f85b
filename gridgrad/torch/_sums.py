"""What each row of a gradient contributes to its weights: sums over all lines, in blocks that stay in cache."""

from __future__ import annotations

from typing import Any

import torch

BLOCK = 1 << 17  # elements; a few arrays of as many fit the second cache
DEVICE_BLOCK = 1 << 24  # where each block is a few launches
FLUSH = 32  # blocks added to one another before float64 takes over


def lines(tensor: Any, axis: int) -> Any:
    """Samples as (lines before, points, numbers beside), real: a complex one is two numbers beside each other."""
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    tensor = tensor.resolve_neg()
    shape = tensor.shape
    return tensor.reshape(shape[:axis].numel(), shape[axis], shape[axis + 1 :].numel())


def row_sum(g: Any, difference: Any) -> Any:
    """The sum over all lines of one row's `g` times a difference of `f`."""
    return (g * difference).sum(dtype=torch.float64)


def interior_sums(f: Any, g: Any) -> Any:
    """The sums of ``g[i] (f[i] - f[i-1])`` and of ``g[i] (f[i+1] - f[i])`` over all lines.

    Of arrays made by `lines`; of shape (2, n - 2), for all rows i but the first and the last, in float64.
    No error grows with the number of lines beyond that of a block.
    """
    _, n, beside = f.shape
    most = DEVICE_BLOCK if f.device.type == "cuda" else BLOCK
    total = torch.zeros((2, max(n - 2, 0)), dtype=torch.float64, device=f.device)
    if n < 3 or not f.numel():
        return total
    if n * beside <= most:
        _whole_lines(f, g, max(1, most // (n * beside)), total)
    else:
        _parts_of_lines(f, g, max(1, most // beside), total)
    return total


def _whole_lines(f: Any, g: Any, some: int, total: Any) -> None:
    """Blocks of `some` lines, added to one another."""
    before, n, beside = f.shape
    some = min(some, before)
    kind = _arithmetic(f)
    room = torch.empty(some * (n - 1) * beside, dtype=kind, device=f.device)
    held = torch.zeros((2, some, n - 2, beside), dtype=kind, device=f.device)
    for count, k in enumerate(range(0, before, some), start=1):
        block = slice(k, k + some)
        slopes = _slopes(f[block].to(kind), room)
        held[:, : slopes.shape[1]].addcmul_(g[block, 1:-1].to(kind), slopes)
        if count % FLUSH == 0:
            total += held.sum((1, 3), dtype=torch.float64)
            held.zero_()
    total += held.sum((1, 3), dtype=torch.float64)


def _parts_of_lines(f: Any, g: Any, points: int, total: Any) -> None:
    """One line of wide rows at a time, in blocks of `points` rows, each of which is summed."""
    before, n, beside = f.shape
    points = min(points, n - 2)
    kind = _arithmetic(f)
    room = torch.empty((points + 1) * beside, dtype=kind, device=f.device)
    products = torch.empty(2 * points * beside, dtype=kind, device=f.device)
    for k in range(before):
        for start in range(1, n - 1, points):
            stop = min(start + points, n - 1)
            slopes = _slopes(f[k : k + 1, start - 1 : stop + 1].to(kind), room)[:, 0]
            product = products[: slopes.numel()].view(slopes.shape)
            torch.mul(g[k, start:stop].to(kind), slopes, out=product)
            total[:, start - 1 : stop - 1] += product.sum(2)


def _slopes(f: Any, room: Any) -> Any:
    """The differences below and above each inner point, shape (2, lines, points, beside): one array, seen twice."""
    before, n, beside = f.shape
    steps = room[: before * (n - 1) * beside].view(before, n - 1, beside)
    torch.sub(f[:, 1:], f[:, :-1], out=steps)
    return steps.as_strided(
        (2, before, n - 2, beside), (beside, (n - 1) * beside, beside, 1), steps.storage_offset()
    )


def _arithmetic(f: Any) -> Any:
    """The type of differences and of sums over a block."""
    return torch.float64 if f.dtype == torch.float64 else torch.float32
