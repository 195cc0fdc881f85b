"""CUDA graphs: what is not in a graph is refused while one is captured, and nothing that a graph reads is given back."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import numpy as np
import pytest
from cuda_cases import same_bits, samples
from fake_cupy import steps_of
from host_kernels import compiler

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.cuda import arrays, device
from gridgrad._stencils.stencil import Stencil
from gridgrad._terms.term import Term

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler for the host-run CUDA kernel")
SHAPE = (6, 8)


def before_and_within(cupy, call):
    """Make a call as it should be made: once before the capture. It then is refused within, or not."""
    call()
    cupy.capturing = True
    call()


def refused(cupy, call, match):
    """A call that works, and is refused before it launches or copies anything while a graph is captured."""
    call()
    cupy.capturing = True
    cupy.launches.clear()
    for _ in range(2):
        with pytest.raises(ValueError, match=f"a CUDA graph is being captured, and .*{match}"):
            call()
    assert cupy.launches == []
    cupy.capturing = False
    call()


@pytest.mark.parametrize("grid", [[0.5], steps_of(SHAPE)], ids=["steps", "coordinates"])
def test_a_capture_needs_the_tables_before_it_and_keeps_them(cupy, grid):
    f = cupy.asarray(samples(SHAPE))
    cupy.capturing = True
    with pytest.raises(ValueError, match="once before the capture"):
        gg.gradient(f, *grid)
    cupy.capturing = False
    gg.gradient(f, *grid)
    assert not device._captured
    cupy.capturing = True
    gg.gradient(f, *grid)
    assert len(device._captured) == 1


class TestTemporaries:
    """Memory of CuPy's pool is free again when a call is over, and a graph would go on writing it."""

    @pytest.mark.parametrize(
        "call", [gg.gradient, gg.Grid(steps_of((9,))[0]).laplacian], ids=["function", "operator"]
    )
    def test_out_that_is_the_input(self, cupy, call):
        f = cupy.asarray(samples((9,)))
        refused(cupy, lambda: call(f, out=f), "give out= memory of its own")
        cupy.capturing = True
        call(f, out=f * 0)

    def test_arrays_that_are_not_aligned(self, cupy):
        f = cupy.asarray(np.zeros(4 * 40 + 1, np.uint8))[1:].view("f4")
        refused(cupy, lambda: gg.gradient(f), "give a copy of it")

    def test_what_no_kernel_takes(self, cupy):
        f = cupy.asarray(samples((9,), "float64"))
        refused(cupy, lambda: gg.gradient(f, 1e-310), "array slices")

    def test_sums_in_a_wider_type(self, cupy):
        """Halves, in more sweeps than one."""
        weights = np.linspace(1, 2, 14)
        terms = tuple(
            Term(0, 0, 0, Stencil(9, ((-1, 0), (0, 1)), (w, 2 * w), (((0, 1, w),),), ((),))) for w in weights
        )
        f, out = (cupy.asarray(samples((9,), "float16")) for _ in range(2))
        refused(cupy, lambda: ladder.apply(arrays.BACKEND, terms, [f], [out]), "wider type")

    def test_arrays_of_several_dtypes(self, cupy):
        f, k = cupy.asarray(samples(SHAPE)), cupy.asarray(samples(SHAPE, "float64"))
        refused(cupy, lambda: gg.Grid(*steps_of(SHAPE)).diffuse(k)(f), "give it in that dtype")

    def test_products_and_their_sums(self, cupy):
        grid, f = gg.Grid(*steps_of(SHAPE)), cupy.asarray(samples(SHAPE))
        for operator in (grid.divergence @ grid.gradient, grid.divergence @ grid.gradient + grid.laplacian):
            refused(cupy, lambda own=operator: own(f), "each with its own out=")

    def test_conjugates(self, cupy):
        grid, f = gg.Grid(*steps_of(SHAPE)), cupy.asarray(samples(SHAPE, "complex64"))
        operator = grid.advect([f, f])
        refused(cupy, lambda: operator.adjoint(f), "conjugates of your own")
        before_and_within(cupy, lambda: operator.T(f))


class TestCoordinatesOnTheDevice:
    def test_are_refused_where_reading_them_would_end_the_capture(self, cupy):
        f, (x,) = cupy.asarray(samples((9,))), map(cupy.asarray, steps_of((9,)))
        refused(cupy, lambda: gg.gradient(f, x), "make a gridgrad.Grid of it before")
        grid = gg.Grid(x)
        before_and_within(cupy, lambda: grid.gradient(f))


class TestOtherAddresses:
    def test_never_compile_a_kernel_within(self, cupy):
        wide = cupy.asarray(samples((4, 72)))
        start = next(k for k in range(4) if wide[:, k:].data.ptr % 16 == 0)
        aligned, shifted = wide[:, start : start + 64], wide[:, start + 1 : start + 65]
        for call in (lambda f: gg.gradient(f, axis=0), gg.Grid((4, 1.0), (64, 1.0)).laplacian):
            cupy.capturing = False
            call(aligned)
            cupy.capturing = True
            compiled = cupy.compiled
            with pytest.raises(
                ValueError, match="not compiled yet; make the same call once before the capture"
            ):
                call(shifted)
            assert cupy.compiled == compiled
            cupy.capturing = False
            wanted = np.array(call(shifted))
            cupy.capturing = True
            assert same_bits(wanted, np.array(call(shifted)))


class TestStreams:
    @pytest.mark.parametrize("number", [0, 1])
    def test_a_legacy_default_stream_is_never_asked(self, cupy, number):
        cupy.stream.ptr = number  # or the fake would fail
        assert gg.gradient(cupy.asarray(samples((9,)))).shape == (9,)

    def test_the_default_stream_of_a_thread_is(self, cupy):
        cupy.stream.ptr, cupy.capturing = 2, True
        with pytest.raises(ValueError, match="once before the capture"):
            gg.gradient(cupy.asarray(samples((9,))))


class TestNothingIsGivenBack:
    """To free memory of a device breaks a capture, whichever thread it is of."""

    def test_while_a_graph_is_captured(self, cupy):
        f = cupy.asarray(samples((9,)))
        grids = [gg.Grid(*steps_of((9,)), edge_order=order) for order in (1, 2)]
        for own in grids:
            own.laplacian(f)
        del own
        cupy.capturing = True
        gc.collect()
        freed = len(cupy.freed)
        grids.clear()
        gg.clear_caches()
        gc.collect()
        assert len(cupy.freed) == freed
        cupy.capturing = False
        gg.gradient(f, *steps_of((9,)))  # which asks for memory anyway
        gc.collect()
        assert len(cupy.freed) > freed

    def test_that_a_graph_reads(self, cupy):
        f, out = cupy.asarray(samples((9,))), cupy.asarray(samples((9,)))
        grid = gg.Grid(*steps_of((9,)))
        before_and_within(cupy, lambda: grid.laplacian(f, out=out))
        cupy.capturing = False
        (ready,) = device._captured
        addresses = {address for copy in ready.tables for address in copy.addresses}
        del ready
        grid = None
        gg.clear_caches()
        gg.Grid(*steps_of((9,)), edge_order=1).laplacian(f)
        gc.collect()
        assert addresses.isdisjoint(cupy.freed)


class OnDevice:
    """As much of a torch tensor on a CUDA device as is asked before anything is done to it."""

    requires_grad = False

    def __init__(self, kind="cuda"):
        self.device = SimpleNamespace(type=kind)


class TestTensors:
    """torch keeps what is made while it captures for the graph; what would wait is refused."""

    @pytest.fixture(autouse=True)
    def capturing(self, monkeypatch):
        torch = pytest.importorskip("torch")
        from gridgrad._backends.torch import arrays, tensors

        assert arrays.BACKEND is not None  # imported before a name is put in its place
        monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
        monkeypatch.setattr(tensors, "is_differentiated", lambda tensor: False)

    def test_coordinates(self):
        from gridgrad._backends.torch.tensors import coordinates_to_host

        with pytest.raises(
            ValueError, match=r"captured, and the spacing is on the device.* make a gridgrad.Grid of it"
        ):
            coordinates_to_host(OnDevice(), 0)

    def test_weights_of_slices(self):
        from gridgrad._backends.torch.operations import OPERATIONS

        with pytest.raises(ValueError, match="captured, and its weights go to the device in each call"):
            OPERATIONS.weights(np.ones(3), None, OnDevice())

    def test_what_is_on_the_host_is_taken(self):
        import torch

        t = torch.tensor([0.0, 1, 4])
        assert gg.gradient(t, t + torch.arange(3)).shape == (3,)
