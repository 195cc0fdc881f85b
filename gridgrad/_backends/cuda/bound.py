"""A plan that was bound to arrays of one kind on a device: each call looks at their addresses, and launches."""

from __future__ import annotations

from collections.abc import Sequence

from ..._plan.descriptor import ITEM_BYTES
from ..._plan.plan import Plan, overlap
from . import device


class Bound:
    """What `Backend.bind` of a library with memory on CUDA devices stands on."""

    __slots__ = ("device_id", "even", "inputs", "plan", "reach", "ready")

    def __init__(self, plan: Plan, device_id: int) -> None:
        self.plan, self.device_id, self.inputs = plan, device_id, plan.inputs
        self.reach, self.even = _reach(plan), _of_even_steps(plan)
        self.ready: device.Ready | None = None  # from its first call on

    def __call__(self, addresses: Sequence[int], stream: device.Streamed, is_fresh: bool) -> bool:
        """Launch on the current device; False, and nothing is, where addresses are unaligned or `out` overlaps.

        Outputs that are `is_fresh` are apart from all else.
        """
        if not (is_fresh or self._are_apart(addresses)):
            return False
        capturing = device.is_capturing(stream.ptr)
        ready = self.ready
        if ready is None:
            ready = self.ready = device.ready_on(self.plan, self.device_id, capturing)
        return ready.launch(addresses, stream, capturing)

    def on_stream(self, addresses: Sequence[int], stream_ptr: int, is_fresh: bool) -> bool:
        """The same from any device, on a stream of any library."""
        with device.at(self.device_id):
            return self(addresses, device.Stream(stream_ptr), is_fresh)

    def _are_apart(self, addresses: Sequence[int]) -> bool:
        """Whether no output meets another array."""
        extents = [(a + low, a + high) for a, (low, high) in zip(addresses, self.reach, strict=True)]
        line, end = sorted([*set(extents[: self.inputs]), *extents[self.inputs :]]), 0
        for start, stop in line:
            if start < end:
                return self._are_apart_by_lanes(addresses, extents)  # it may be inputs that meet, as they may
            end = stop
        return True

    def _are_apart_by_lanes(self, addresses: Sequence[int], extents: Sequence[tuple[int, int]]) -> bool:
        """The same where parts of complex numbers lie between each other, at even and at odd places of one item."""
        item, lanes = ITEM_BYTES[self.plan.output_storage], (0, 1)
        own = [{a // item % 2} if even else set(lanes) for a, even in zip(addresses, self.even, strict=True)]
        for lane in lanes:
            there = [k for k, places in enumerate(own) if lane in places]
            if overlap([extents[k] for k in there], sum(k < self.inputs for k in there)):
                return False
        return True


def _of_even_steps(plan: Plan) -> list[bool]:
    """Whether each array has only even steps, and items as outputs have."""
    items = plan.items
    steps = plan.descriptor["array"]["stride"][: len(items)]
    return [item == items[-1] and not (own % 2).any() for item, own in zip(items, steps, strict=True)]


def _reach(plan: Plan) -> list[tuple[int, int]]:
    """Of each array its first byte and the first behind, from its address on."""
    reach = []
    for k, (item, lengths) in enumerate(zip(plan.items, _lengths(plan), strict=True)):
        own = plan.descriptor["array"]["stride"][k].tolist()
        steps = [(n - 1) * s * item for n, s in zip(lengths, own, strict=True)]
        reach.append((sum(min(step, 0) for step in steps), sum(max(step, 0) for step in steps) + item))
    return reach


def _lengths(plan: Plan) -> list[list[int]]:
    """Of each array along each dim: an axis that a term reads may have more points than rows, or fewer."""
    packed = plan.descriptor
    lengths = [packed["length"].tolist() for _ in range(plan.inputs + plan.outputs)]
    for term in packed["term"][: packed["terms"]]:
        for s in (int(term["stencil"]), int(term["then"])):
            stencil, surplus = packed["stencil"][s], int(packed["surplus"][s])
            if s >= 0 and surplus:
                for k in {int(term[name]) for name in ("input", "inner", "faces")} - {-1}:
                    lengths[k][int(stencil["dim"])] = int((stencil["length"] + surplus) * stencil["inner"])
    return lengths
