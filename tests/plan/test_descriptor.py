"""The C ABI checks a descriptor again: a corrupted one returns its status and writes nothing."""

import ctypes
import struct

import numpy as np
import pytest
from samples import noise

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy import core as _core
from gridgrad._backends.numpy.memory import AtAddresses
from gridgrad._grid.axis import axis_stencil
from gridgrad._plan.descriptor import DESCRIPTOR, MAX_ARRAYS, MAX_PAIRS, MAX_STENCILS, MAX_TERMS, PAIR
from gridgrad._stencils.derivatives import Rule
from gridgrad._terms.term import Term

pytestmark = pytest.mark.skipif(_core.core is None, reason="no compiled core")

OK, BAD_ABI, BAD_COUNTS, BAD_TERM, BAD_STENCIL, NULL_POINTER, UNALIGNED = range(7)
BIG = 2**62


def put(*path, value):
    """A change of one field, named by its path."""

    def change(descriptor):
        target = descriptor
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    change.__name__ = ".".join(map(str, path)) + f"={value}"
    return change


def table(name, entry, value):
    """A change in a copy of a table that the second stencil points to."""
    kind = PAIR if name == "pair" else np.dtype("i8")

    def change(descriptor):
        count = 4 if name == "pair" else 3
        place = int(descriptor["stencil"][1][name])
        copy = np.frombuffer((ctypes.c_char * (count * kind.itemsize)).from_address(place), kind).copy()
        if name == "pair":
            copy["a" if entry == 0 else "b"][1] = value
        else:
            copy[entry] = value
        change.kept = copy
        descriptor["stencil"][1][name] = copy.ctypes.data

    change.__name__ = f"{name}.{entry}={value}"
    return change


def samples_of_differences(descriptor):
    """A factor of samples belongs to stencils of values."""
    descriptor["term"][1]["inner"] = 0


def faces_and_another_axis(descriptor):
    """Faces are of one axis."""
    descriptor["term"][1]["then"], descriptor["term"][1]["faces"] = 0, 0


def before_a_whole_one(descriptor):
    """Terms at ends are the last of their output."""
    descriptor["terms"] = 3
    descriptor["term"][2] = descriptor["term"][1]
    for k, ends in ((1, 1), (2, 0)):
        descriptor["term"][k]["output"], descriptor["term"][k]["assign"], descriptor["term"][k]["ends"] = (
            0,
            0,
            ends,
        )


CORRUPTIONS = [
    (put("abi", value=0), BAD_ABI),
    (put("abi", value=2**31 - 1), BAD_ABI),
    *[(put("storage", value=v), BAD_COUNTS) for v in (-1, 12, 2**31 - 1)],
    *[(put("real_bytes", value=v), BAD_COUNTS) for v in (0, 2, 16, -8)],
    *[(put("inputs", value=v), BAD_COUNTS) for v in (0, -1, MAX_ARRAYS, MAX_ARRAYS + 1)],
    *[(put("outputs", value=v), BAD_COUNTS) for v in (0, -1, MAX_ARRAYS + 1)],
    *[(put("terms", value=v), BAD_COUNTS) for v in (0, -1, MAX_TERMS + 1, 2**31 - 1)],
    *[(put("stencils", value=v), BAD_COUNTS) for v in (0, -1, MAX_STENCILS + 1)],
    *[(put("length", k, value=-1), BAD_COUNTS) for k in (0, 5, 7)],
    *[(put("term", 1, name, value=v), BAD_TERM) for name in ("output", "input", "stencil") for v in (-1, 2, 12)],
    *[(put("stencil", 0, "dim", value=v), BAD_STENCIL) for v in (-1, 8)],
    (put("stencil", 0, "dim", value=0), BAD_STENCIL),  # of length 1
    *[(put("stencil", 0, "inner", value=v), BAD_STENCIL) for v in (0, -1, 2)],
    *[(put("stencil", 1, "inner", value=v), BAD_STENCIL) for v in (2, 2**31 - 1)],
    *[(put("stencil", 0, "length", value=v), BAD_STENCIL) for v in (-1, 0, 1, 7, BIG)],
    *[(put("stencil", 0, name, value=v), BAD_STENCIL) for name in ("leading", "trailing") for v in (-1, 6, 2**31 - 1)],
    *[(put("stencil", 0, "pairs", value=v), BAD_STENCIL) for v in (-1, MAX_PAIRS + 1)],
    *[(put("stencil", 1, p, 0, value=v), BAD_STENCIL) for p in "ab" for v in (-128, -2, 2, 127)],
    *[(put("stencil", 1, name, value=0), BAD_STENCIL) for name in ("start", "pair")],
    *[(table("start", k, v), BAD_STENCIL) for k, v in ((0, 1), (1, 5), (2, 0))],
    *[(table("pair", k, v), BAD_STENCIL) for k in (0, 1) for v in (-1, 20, BIG, -BIG)],
    *[(put("term", 1, name, value=v), BAD_TERM) for name in ("inner", "faces", "outer") for v in (-2, 1)],
    *[(put("term", 1, "then", value=v), BAD_TERM) for v in (-2, 1, 2)],  # 1 is its own axis
    *[(put("term", 0, "then", value=v), BAD_TERM) for v in (1,)],  # along the row
    *[(put("term", 1, "ends", value=v), BAD_TERM) for v in (-1, 1, 2)],  # it assigns
    (before_a_whole_one, BAD_TERM),
    (samples_of_differences, BAD_TERM),
    (faces_and_another_axis, BAD_TERM),
]  # fmt: skip


@pytest.fixture
def call(rng):
    """A good two-term plan with its arrays, as a function of a corrupted descriptor and pointers."""
    f = noise(rng, (6, 20))
    outs = [np.full(f.shape, 7.0) for _ in range(2)]
    terms = tuple(
        Term(k, 0, k, axis_stencil(1.0, f.shape[k], k, Rule(edge_order=2), None, np.float64))
        for k in range(2)
    )
    plan = ladder.plan_for(BACKEND, terms, [f], outs)

    def apply(change=None, addresses=None, piece=0, pieces=1, workers=1):
        descriptor = plan.descriptor.copy()
        if change:
            change(descriptor)
        pointers = (ctypes.c_void_p * 3)(*(addresses or [a.ctypes.data for a in (f, *outs)]))
        return _core.core.gg_apply(descriptor.ctypes.data, pointers, piece, pieces, workers)

    apply.f, apply.outs = f, outs
    return apply


def test_the_descriptor_itself_is_good(call):
    assert call() == OK
    for got, expected in zip(call.outs, np.gradient(call.f, edge_order=2), strict=True):
        assert np.allclose(got, expected, rtol=0, atol=8 * np.finfo(float).eps * np.abs(call.f).max())


@pytest.mark.parametrize(("change", "status"), CORRUPTIONS, ids=[c.__name__ for c, _ in CORRUPTIONS])
def test_a_corrupted_descriptor_is_refused_and_nothing_written(change, status, call):
    assert call(change) == status
    assert all((out == 7).all() for out in call.outs)
    with pytest.raises(_core.CoreError, match=r"descriptor|term|stencil"):
        _core.check(status)


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize(
    ("move", "status", "message"),
    [(None, NULL_POINTER, "null"), (1, UNALIGNED, "not aligned"), (4, UNALIGNED, "not aligned")],
)
def test_a_bad_pointer_is_refused_and_nothing_written(which, move, status, message, call):
    addresses = [a.ctypes.data for a in (call.f, *call.outs)]
    addresses[which] = 0 if move is None else addresses[which] + move
    assert call(addresses=addresses) == status
    assert all((out == 7).all() for out in call.outs)
    with pytest.raises(_core.CoreError, match=message):
        _core.check(status)


@pytest.mark.parametrize(
    ("piece", "pieces", "workers"), [(-1, 1, 1), (1, 1, 1), (0, 0, 1), (0, 1, 0), (5, 5, 1), (0, 1, -1)]
)
def test_a_piece_that_is_not_there_is_refused(piece, pieces, workers, call):
    assert call(piece=piece, pieces=pieces, workers=workers) == BAD_COUNTS
    assert all((out == 7).all() for out in call.outs)


@pytest.mark.parametrize("pieces", [2, 3, 6, 7, 50, 2**62])
def test_pieces_write_every_element_once(pieces, call):
    for piece in range(min(pieces, 60)):
        assert call(piece=piece, pieces=pieces) == OK
    if pieces < 60:
        whole = [out.copy() for out in call.outs]
        assert call() == OK
        assert all(np.array_equal(a, b) for a, b in zip(whole, call.outs, strict=True))


def test_object_calls_check_the_descriptor_too(call):
    f, out = call.f, call.outs[0]
    terms = (Term(0, 0, 0, axis_stencil(1.0, 6, 0, Rule(edge_order=1), None, np.float64)),)
    plan = ladder.plan_for(BACKEND, terms, [f], [out])
    bad = plan.descriptor.copy()
    bad["abi"] = 99

    def apply(*objects):
        packed = struct.pack(f"{6 + len(objects)}q", *_core.offsets, 0, 1, 1, len(objects), *map(id, objects))
        return _core.core.gg_apply_objects(bad.ctypes.data, packed)

    assert apply(f, out) == BAD_ABI
    bad["abi"], bad["outputs"] = plan.descriptor["abi"], 9
    assert apply(f, out) == BAD_COUNTS
    bad["outputs"] = 1
    assert apply(f) == apply(f, out, out) == BAD_COUNTS
    assert apply(out, out) == _core.OVERLAP
    out.flags.writeable = False
    assert apply(f, out) == _core.READ_ONLY
    out.flags.writeable = True
    assert (out == 7).all()


def test_python_and_the_core_agree_on_the_descriptor(core):
    assert core.gg_descriptor_bytes() == DESCRIPTOR.itemsize
    assert core.gg_message(0) == b"ok"
    _core.check(0)


@pytest.mark.parametrize("k", range(2))
@pytest.mark.parametrize("walls", [False, True])
def test_an_array_ends_with_the_last_point_that_it_has(k, walls):
    """Between points and faces inputs have fewer points than rows, or more: what lies right behind is apart, and nothing before."""
    divergence = gg.Grid((9, 0.5), (8, 0.5)).faces(walls=walls).divergence
    shapes = [grid.shape for grid in divergence.grids_in]
    memory = np.zeros(400)
    out = memory[200:272].reshape(9, 8)
    begin = 200 - np.prod(shapes[k])

    def apply(shift):
        fields = [np.zeros(shape) for shape in shapes]
        fields[k] = memory[begin + shift : 200 + shift].reshape(shapes[k])
        plan = ladder.bound(BACKEND, divergence.pattern.terms_for(*shapes), fields, [out])
        return AtAddresses(plan)([a.ctypes.data for a in (*fields, out)])

    assert apply(0)
    assert not apply(1)
    assert not apply(71 + np.prod(shapes[k]))
    assert apply(72 + np.prod(shapes[k]))
