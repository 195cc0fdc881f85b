"""What one thread in the interior runs, read off the text of nvdisasm: its way, its loads, how often it waits for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from gridgrad._plan.descriptor import DESCRIPTOR

PARAMETER = 0x210  # where the constant bank of sm_90 has the kernel's parameter
EDGE_FIELDS = ("start", "pair")  # of a stencil: who reads them is at an end of an axis


@dataclass(frozen=True)
class Instruction:
    """One line: ``@!P0 BRA `(.L_x_2)`` as its predicate, its operation and the rest."""

    predicate: str
    operation: str
    operands: str

    @property
    def target(self) -> str | None:
        """The label that a branch goes to."""
        match = re.search(r"`\((\.L_\w+)\)", self.operands)
        return match[1] if match and self.operation.startswith("BRA") else None

    @property
    def falls_through(self) -> bool:
        """Whether the next instruction may follow."""
        conditional = bool(self.predicate) or bool(re.match(r"!?U?P\d", self.operands))
        return conditional or not self.operation.startswith(("BRA", "EXIT", "RET"))

    def registers(self) -> tuple[set[int], set[int]]:
        """Those it writes and those it reads."""
        parts = [part.strip() for part in self.operands.split(",")]
        count = {"128": 4, "64": 2}.get(self.operation.rpartition(".")[2], 1)
        written: set[int] = set()
        if not self.operation.startswith(("ST", "BRA", "EXIT", "ISETP", "FSETP", "DSETP")):
            first = re.match(r"R(\d+)", parts[0])
            written = set(range(int(first[1]), int(first[1]) + count)) if first else set()
            parts = parts[1:] if first else parts
        read: set[int] = set()
        for number, wide in re.findall(r"\bR(\d+)(\.64)?", ",".join(parts)):
            read |= {int(number), int(number) + 1} if wide else {int(number)}
        return written, read


def instructions(text: str) -> tuple[list[Instruction], dict[str, int]]:
    """The kernel's instructions in order, and where its labels are."""
    lines, labels = [], {}
    for line in text.splitlines():
        label = re.match(r"(\.L_\w+):", line)
        code = re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(@!?U?P\w+)?\s*([A-Z][\w.]*)\s*(.*?)\s*;", line)
        if label:
            labels[label[1]] = len(lines)
        elif code:
            lines.append(Instruction(code[1] or "", code[2], code[3]))
    return lines, labels


class Block(NamedTuple):
    """Instructions that run together, and the numbers of the blocks that may follow."""

    body: tuple[Instruction, ...]
    follow: tuple[int, ...]

    def has(self, prefix: str) -> bool:
        """Whether an operation begins so."""
        return any(i.operation.startswith(prefix) for i in self.body)

    def reads(self, places: set[str]) -> bool:
        """Whether it reads one of these places of the constant bank."""
        return any(place in i.operands for i in self.body for place in places)


def blocks_of(text: str) -> dict[int, Block]:
    """The kernel's blocks by the number of their first instruction."""
    code, labels = instructions(text)
    starts = {0, *labels.values()}
    starts |= {k + 1 for k, i in enumerate(code) if i.target or i.operation == "EXIT"}
    order = sorted(start for start in starts if start < len(code))
    blocks = {}
    for start, end in zip(order, [*order[1:], len(code)], strict=True):
        last = code[end - 1]
        follow = [labels[last.target]] if last.target else []
        if last.falls_through and end < len(code):
            follow.append(end)
        blocks[start] = Block(tuple(code[start:end]), tuple(follow))
    return blocks


def loops_of(blocks: dict[int, Block]) -> list[set[int]]:
    """The bodies of the loops: what reaches a jump back without passing its target."""
    found = []
    for tail, block in blocks.items():
        for head in block.follow:
            if head <= tail and _reaches(blocks, head, tail):
                body, todo = {head, tail}, [tail]
                while todo:
                    at = todo.pop()
                    before = {k for k, b in blocks.items() if at in b.follow} - body if at != head else set()
                    body |= before
                    todo += before
                found.append(body)
    return found


def _reaches(blocks: dict[int, Block], start: int, end: int) -> bool:
    """Whether every way from the kernel's start to `end` passes `start`."""
    seen, todo = {start}, [0]
    while todo and start != 0:
        at = todo.pop()
        if at == end:
            return False
        seen.add(at)
        todo += [k for k in blocks[at].follow if k not in seen]
    return True


class Interior(NamedTuple):
    """What a thread in the interior runs."""

    instructions: tuple[Instruction, ...]
    count: int  # with the planes after the first


def interior(text: str, stencils: int, planes: int) -> Interior:
    """The shortest way that stores and never looks at rows that are data; with the loop over planes, that way again."""
    blocks = blocks_of(text)
    loops = loops_of(blocks)
    stores = {k for k, block in blocks.items() if block.has("STG")}
    edge = {k for k, block in blocks.items() if block.reads(_edge_places(stencils))}
    edge |= set().union(*(body for body in loops if not body & stores), set())
    ends = {k for k, block in blocks.items() if block.body[-1].operation == "EXIT"}
    way = _shortest(blocks, edge, 0, stores, ends)
    path = tuple(i for k in way for i in blocks[k].body)
    count = len(path)
    if planes > 1:
        body = max((body for body in loops if body & stores), key=len)
        again = [k for k in way if k in body]
        count += (planes - 1) * sum(len(blocks[k].body) for k in again)
    return Interior(path, count)


def _edge_places(stencils: int) -> set[str]:
    base, stencil = PARAMETER + DESCRIPTOR.fields["stencil"][1], DESCRIPTOR["stencil"].base
    return {
        f"c[0x0][{base + k * stencil.itemsize + stencil.fields[f][1]:#x}]"
        for k in range(stencils)
        for f in EDGE_FIELDS
    }


def _shortest(
    blocks: dict[int, Block], without: set[int], start: int, through: set[int], ends: set[int]
) -> list[int]:
    """Dijkstra's way from `start` to one of `ends` by one of `through`."""
    best: dict[tuple[int, bool], tuple[int, tuple[int, bool] | None]] = {}
    todo: list[tuple[int, int, bool, tuple[int, bool] | None]] = [(0, start, start in through, None)]
    while todo:
        length, at, stored, before = heappop(todo)
        if (at, stored) in best:
            continue
        best[at, stored] = length, before
        if at in ends and stored:
            way, state = [], (at, stored)
            while state is not None:
                way.append(state[0])
                state = best[state][1]
            return way[::-1]
        for k in blocks[at].follow:
            if k not in without and (k, stored or k in through) not in best:
                heappush(todo, (length + len(blocks[at].body), k, stored or k in through, (at, stored)))
    raise RuntimeError("no way of the machine code stores without looking at rows that are data")


def load_waves(path: tuple[Instruction, ...]) -> int:
    """How often a thread waits for loads before its last one is issued: at least 1, at most so many."""
    waves, waiting, pending = 0, True, set()
    for instruction in path:
        written, read = instruction.registers()
        if read & pending:
            pending, waiting = set(), True
        if instruction.operation.startswith("LDG"):
            waves += waiting
            waiting = False
            pending |= written
    return waves


def widths(path: tuple[Instruction, ...], verb: str) -> Iterator[int]:
    """The bytes of each load (LDG) or store (STG)."""
    for instruction in path:
        if instruction.operation.startswith(verb):
            part = re.search(r"\.(128|64|U16|S16|U8|S8)\b", instruction.operation)
            yield {"128": 16, "64": 8, "U16": 2, "S16": 2, "U8": 1, "S8": 1}[part[1]] if part else 4
