"""Blocks, grids and slabs: they cover the work, in an order that keeps neighbours in the cache; bits of the host core."""

from __future__ import annotations

import numpy as np
import pytest
from cuda_cases import built_kernels, check, check_fault, gradient_terms, operator, samples

from gridgrad._backends.cuda import launch_shape, variants
from gridgrad._plan.plan import Layout, make_plan

KIB = 1024


@pytest.fixture(scope="module")
def kernels():
    return built_kernels()


@pytest.fixture
def small_cache(monkeypatch):
    """Planes of a few kilobytes are too large for it."""
    monkeypatch.setattr(launch_shape, "CACHE_BYTES", 32 * KIB)
    monkeypatch.setattr(launch_shape, "FITS", 1)


def launch_of(shape, dtype, terms, **how):
    """The launch for contiguous arrays that need not exist."""
    strides = [1]
    for length in reversed(shape[1:]):
        strides.insert(0, strides[0] * length)
    layout = Layout(shape, tuple(strides))
    inputs, outputs = (1 + max(number) for number in zip(*((t.input, t.output) for t in terms), strict=True))
    plan = make_plan(terms, dtype, (layout,) * inputs, (layout,) * outputs, 1, False)
    return variants.make_launch(plan, variants.widest_vector(plan), **how)


def laplacian_terms(shape, axes=None):
    return tuple(term._replace(output=0) for term in gradient_terms(shape, axes))


@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize(
    "shape", [(9, 50, 132), (7, 33, 31), (3, 300, 16), (3, 5, 40, 65), (4, 3, 3, 70, 24)], ids=str
)
def test_slabs_give_the_same_bits(kernels, monkeypatch, shape, index):
    """Of one, two and more row blocks, the last of them not full."""
    slabs = set()
    for dtype in ("float32", "float64", "complex64"):
        f = samples(shape, dtype)
        for cache in (8, 16, 32, 64, 256):
            monkeypatch.setattr(launch_shape, "CACHE_BYTES", cache * KIB)
            monkeypatch.setattr(launch_shape, "FITS", 1)
            terms = gradient_terms(shape, None, "irregular", 2)
            launch = check(kernels, terms, [f], index=index, backwards=index == "int64")
            assert launch.variant.indices == index
            slabs.add(int(launch.descriptor["slab"]) if launch.variant.slabs else None)
    assert len(slabs - {None}) >= 2


def test_slabs_beside_batches(kernels, monkeypatch):
    """Planes lie between the points of an axis, whatever the order of axes; in a batch, or in one block of rows, none do."""
    monkeypatch.setattr(launch_shape, "CACHE_BYTES", 128 * KIB)
    monkeypatch.setattr(launch_shape, "FITS", 1)
    for axes, slabs in (((0, 2), 1), ((0, 1), 0), ((1, 3), 1), ((2, 3), 0)):
        shape = (4, 3, 60, 64)
        f = samples(shape, "float64")
        assert check(kernels, gradient_terms(shape, axes, "irregular", 2), [f]).variant.slabs == slabs
    f = np.asfortranarray(samples((36, 40, 5), "float64"))
    assert check(kernels, gradient_terms(f.shape, None, "irregular", 2), [f]).variant.slabs == 1


def test_slabs_of_more_rows_and_layers_than_a_grid_has(kernels, small_cache, monkeypatch):
    monkeypatch.setattr(launch_shape, "GRID_LIMIT", 2)
    for shape in [(9, 150, 36), (3, 4, 90, 40)]:
        launch = check(kernels, gradient_terms(shape, None, "irregular", 2), [samples(shape)], backwards=True)
        assert (launch.variant.slabs, launch.variant.strides) == (1, 1)
        assert max(launch.grid[1:]) == 2


def test_rows_beyond_every_cache(kernels, monkeypatch):
    """Even the rows of one block are too many bytes: down the rows first, then along."""
    monkeypatch.setattr(launch_shape, "CACHE_BYTES", 1 * KIB)
    monkeypatch.setattr(launch_shape, "FITS", 1)
    for shape, axes in (((40, 133), None), ((3, 40, 132), None), ((5, 70, 65), (1, 2))):
        f = samples(shape)
        launch = check(kernels, gradient_terms(shape, axes, "irregular", 2), [f], backwards=True)
        assert launch.variant.slabs == 1


def test_blocks_are_a_warp_wide():
    shape = (64, 64, 64)
    assert launch_of(shape, "float32", gradient_terms(shape)).block == (16, 16, 1)
    assert launch_of(shape, "float64", gradient_terms(shape)).block == (32, 8, 1)
    assert launch_of((64, 10**6), "float64", gradient_terms((64, 10**6), (0,))).block == (32, 8, 1)


@pytest.fixture
def few_blocks(monkeypatch):
    """Are enough for several layers a thread, of however many arrays."""
    monkeypatch.setattr(launch_shape, "MANY_BLOCKS", 1)
    monkeypatch.setattr(launch_shape, "FEW_ARRAYS", 20)


@pytest.mark.parametrize("index", ["int32", "int64"])
def test_several_layers_a_thread_give_the_same_bits(kernels, few_blocks, index):
    """Whole groups of layers and others, of one slow axis and of two."""
    for shape in ((8, 20, 132), (3, 9, 33), (5, 17, 70), (3, 7, 20, 65)):
        for dtype in ("float32", "float64", "complex64"):
            f = samples(shape, dtype)
            launch = check(
                kernels, gradient_terms(shape, None, "irregular", 2), [f], index=index, backwards=True
            )
            assert launch.variant.planes == (launch_shape.PLANES if launch.block[2] == 1 else 1)


# Of formula (1) and not, of several inputs, outputs, factors and axes.
KINDS = [
    "curl",
    "laplacian",
    "jacobian",
    "gradient norm",
    "laplacian 6",
    "transport",
    "hessian",
    "curl.T",
    "mixed.T",
]


@pytest.mark.parametrize("cache", [200 * KIB, 1 << 22], ids=["slabs", "planes"])
@pytest.mark.parametrize("name", KINDS)
def test_operators_of_every_kind(kernels, monkeypatch, few_blocks, name, cache):
    """Several planes a thread, in slabs and without."""
    monkeypatch.setattr(launch_shape, "CACHE_BYTES", cache)
    monkeypatch.setattr(launch_shape, "FITS", 1)
    launch = check(kernels, *operator(name, (9, 90, 132)), backwards=True)
    assert (launch.variant.slabs, launch.variant.planes) == (cache < 1 << 22, launch_shape.PLANES)


def test_several_layers_of_more_than_a_grid_has(kernels, monkeypatch, few_blocks):
    monkeypatch.setattr(launch_shape, "GRID_LIMIT", 2)
    shape = (21, 40, 66)
    launch = check(
        kernels, gradient_terms(shape, None, "irregular", 2), [samples(shape, "float64")], backwards=True
    )
    assert (launch.variant.planes, launch.variant.strides) == (launch_shape.PLANES, 1)


def test_large_fields_take_several_layers_a_thread():
    for n, planes in ((512, launch_shape.PLANES), (256, launch_shape.PLANES), (128, 1)):
        shape = (n, n, n)
        assert launch_of(shape, "float64", laplacian_terms(shape)).variant.planes == planes
        assert launch_of(shape, "float64", laplacian_terms(shape, (1, 2))).variant.planes == 1
        assert launch_of(shape, "float64", gradient_terms(shape)).variant.planes == 1  # of four arrays
    assert launch_of((2**18, 8, 8), "float32", gradient_terms((2**18, 8, 8))).variant.planes == 1


# What the last column says is the log2 of the row blocks of a slab.
@pytest.mark.parametrize(
    ("shape", "dtype", "make", "slab"),
    [
        ((256,) * 3, "float64", gradient_terms, None),
        ((512,) * 3, "float32", gradient_terms, None),
        ((512,) * 3, "float64", laplacian_terms, None),
        ((512,) * 3, "float64", gradient_terms, None),
        ((1024,) * 3, "float64", gradient_terms, 4),
        ((64, 2048, 2048), "float32", gradient_terms, 4),
        ((64, 2048, 2048), "float64", laplacian_terms, 4),
        ((4, 4096, 16384), "float32", gradient_terms, 1),
        ((16384, 16384), "float32", gradient_terms, None),
        ((64, 4096, 4096), "float64", lambda shape: gradient_terms(shape, (1, 2)), None),
        ((2**18, 8, 8), "float32", gradient_terms, None),
        ((4, 64, 10**7), "float32", gradient_terms, 3),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_slabs_are_for_planes_too_large_for_the_cache(shape, dtype, make, slab):
    launch = launch_of(shape, dtype, make(shape))
    assert launch.variant.slabs == (slab is not None)
    assert launch.descriptor["slab"] == (slab or 0)


def test_a_slab_fits_the_cache_and_few_blocks_are_idle():
    for rows in (257, 300, 1000, 1023, 1025, 2049, 5000):
        lengths = [1] * 5 + [64, rows, 4096]
        if rows * 3 * 4096 * 16 <= launch_shape.FITS * launch_shape.CACHE_BYTES:
            continue
        reads = [launch_shape.Reads(dim, 2) for dim in (5, 6, 7)]
        made = launch_shape.launch_shape(lengths, 2048, (8, 8), reads)
        planes = 2 + made.block[2]  # of the layers that a block and its neighbours read
        assert planes * 4096 * 16 * made.block[1] * 2**made.slab <= launch_shape.CACHE_BYTES
        assert rows <= made.covers()[1] <= rows * 1.125 + 2 * made.block[1]


def test_a_planted_fault_is_caught(kernels, tmp_path, monkeypatch):
    monkeypatch.setattr(launch_shape, "CACHE_BYTES", 80 * KIB)
    monkeypatch.setattr(launch_shape, "FITS", 1)
    shape = (6, 130, 36)
    for k, (right, wrong) in enumerate(
        [
            ("blockIdx.x & ((1u << slab) - 1)", "blockIdx.x & (1u << slab)"),
            ("(blockIdx.z << slab) + within", "blockIdx.z + within"),
            ("{blockIdx.x >> slab,", "{blockIdx.x,"),
        ]
    ):
        folder = tmp_path / str(k)
        folder.mkdir()
        check_fault(
            kernels, folder, right, wrong, gradient_terms(shape, None, "irregular", 2), [samples(shape)]
        )
