"""`make kernels`: its reader of machine code and its simulator of caches see what they should."""

import sys
from pathlib import Path

import numpy as np
import pytest
from host_kernels import compiler

from gridgrad._backends.cuda import launch_shape

FOLDER = Path(__file__).parents[2] / "benchmarks" / "kernels"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="not a checkout")


@pytest.fixture
def tools(monkeypatch):
    """The modules of benchmarks/kernels that need no compiler of CUDA."""
    monkeypatch.syspath_prepend(FOLDER)
    import goals
    import machine_code
    import traffic

    yield goals, machine_code, traffic
    for name in ("goals", "machine_code", "traffic"):
        sys.modules.pop(name, None)


# A loop over rows that are data stands beside the way that stores; so does a loop over planes around it.
CODE = """
        /*0000*/                   LDC R1, c[0x0][0x28] ;
        /*0010*/              @P0 EXIT ;
.L_x_0:
        /*0020*/                   LDG.E.128 R4, desc[UR6][R2.64] ;
        /*0030*/               @P1 BRA `(.L_x_2) ;
        /*0040*/                   MOV R9, RZ ;
.L_x_1:
        /*0050*/                   LDG.E R20, desc[UR6][R2.64] ;
        /*0060*/              @!P2 BRA `(.L_x_1) ;
        /*0070*/                   BRA `(.L_x_3) ;
.L_x_2:
        /*0080*/                   LDG.E.64 R8, desc[UR6][R2.64+0x8] ;
        /*0090*/                   FADD R10, R4, R8 ;
        /*00a0*/                   LDG.E R11, desc[UR6][R2.64+-0x4] ;
        /*00b0*/                   FADD R10, R10, R11 ;
.L_x_3:
        /*00c0*/                   STG.E desc[UR6][R2.64], R10 ;
        /*00d0*/              @!P3 BRA `(.L_x_0) ;
        /*00e0*/                   EXIT ;
"""


def test_the_way_of_a_thread_in_the_interior(tools):
    _, machine_code, _ = tools
    inside = machine_code.interior(CODE, 1, 1)
    assert [i.operation.split(".")[0] for i in inside.instructions] == [
        "LDC", "EXIT", "LDG", "BRA", "LDG", "FADD", "LDG", "FADD", "STG", "BRA", "EXIT",
    ]  # fmt: skip
    assert inside.count == 11
    assert machine_code.interior(CODE, 1, 4).count == 11 + 3 * 8
    assert list(machine_code.widths(inside.instructions, "LDG")) == [16, 8, 4]
    assert machine_code.load_waves(inside.instructions) == 2


def test_a_thread_may_be_done_before_the_end(tools):
    """What some threads of a row do beside their share is not counted."""
    _, machine_code, _ = tools
    beside = CODE.replace("              @!P3 BRA `(.L_x_0) ;", "               @P3 EXIT ;")
    inside = machine_code.interior(beside, 1, 1)
    assert [i.operation for i in inside.instructions[-2:]] == ["STG.E", "EXIT"]
    assert inside.instructions[-1].predicate == "@P3"


def moved(tools, operator, shape, dtype):
    """The simulated traffic of an operator's launch."""
    goals, _, traffic = tools
    if compiler() is None:
        pytest.skip("no C++ compiler for the simulator")
    return traffic.simulated(traffic.launch_of(goals.Row(operator, dtype, shape).terms(), shape, dtype), 40)


def test_what_fits_the_cache_is_read_once(tools):
    found = moved(tools, "laplacian", (24, 64, 256), "float64")
    assert found.over_least == 1
    assert found.memory == 16


def test_planes_beyond_the_cache_need_slabs(tools, monkeypatch):
    """Of 128 KB a plane and array, in a cache of 256 KB."""
    _, _, traffic = tools
    for name, value in (("multiprocessors", 4), ("first", 8 << 10), ("second", 256 << 10)):
        monkeypatch.setitem(traffic.DEVICE, name, value)
    shape = (24, 256, 64)
    monkeypatch.setattr(launch_shape, "CACHE_BYTES", 1 << 30)
    whole = moved(tools, "laplacian", shape, "float64")
    monkeypatch.setattr(launch_shape, "CACHE_BYTES", 128 << 10)
    slabs = moved(tools, "laplacian", shape, "float64")
    assert whole.over_least > 1.3
    assert slabs.over_least < 1.15


def test_reads_are_those_of_the_stencils(tools):
    goals, _, traffic = tools
    shape = (64, 64, 64)
    reads = {}
    for name in ("gradient", "laplacian", "laplacian 4", "gradient.T", "diffuse"):
        launch = traffic.launch_of(goals.Row(name, "float32", shape).terms(), shape, "float32")
        reads[name] = traffic.reads_of(launch.variant, list(launch.descriptor["length"]))
    star = {tuple(step * np.eye(3, dtype=int)[k]) for k in range(3) for step in (-1, 1)}
    assert reads["laplacian"] == {(0, *place) for place in star | {(0, 0, 0)}}
    assert reads["gradient"] == reads["laplacian"]  # a vector holds its own point
    assert len(reads["laplacian 4"]) == 13
    assert {array for array, *_ in reads["gradient.T"]} == {0, 1, 2}
    assert {read for read in reads["diffuse"] if read[0] == 1} == {
        (1, *place) for place in star | {(0, 0, 0)}
    }
