"""What users of torch write, as a type checker sees it: mypy reads this file, nothing runs it."""

from __future__ import annotations

from typing import assert_type

import torch

import gridgrad as gg
import gridgrad.torch


def tensors(f: torch.Tensor, u: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> None:
    """Tensors in, tensors out."""
    assert_type(gridgrad.torch.gradient(f, spacing=[x, 0.5], dim=(0, 1)), tuple[torch.Tensor, ...])
    assert_type(gg.gradient(f, x, y), tuple[torch.Tensor, torch.Tensor])
    assert_type(gg.gradient(f, x), torch.Tensor)
    assert_type(gg.laplacian(f, x, y), torch.Tensor)
    assert_type(gg.divergence((f, u), x, y), torch.Tensor)
    assert_type(gg.autodiff.gradient(torch.sin, x), torch.Tensor)
    grid = gg.Grid(x, y)
    assert_type(grid.laplacian(f), torch.Tensor)
    assert_type(grid.gradient(f), tuple[torch.Tensor, ...])
    assert_type((grid.divergence @ grid.gradient)(f), torch.Tensor)
    assert_type(grid.advect((u, u))(f), torch.Tensor)


def refused(f: torch.Tensor) -> None:
    """What torch.gradient does not take either."""
    gridgrad.torch.gradient(f, 0.5)  # type: ignore[call-arg]
    gridgrad.torch.gradient([1.0, 2.0])  # type: ignore[arg-type]
