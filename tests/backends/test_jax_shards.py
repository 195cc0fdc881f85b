"""Fields that lie on several devices of JAX: results are sharded as they are, and devices exchange rows, no fields."""

import os
import subprocess
import sys

import numpy as np
import pytest

import gridgrad as gg

jax = pytest.importorskip("jax")
P = jax.sharding.PartitionSpec

N, M = SHAPE = (8, 12)
X, Y = np.linspace(0, 1, N) + np.arange(N), (M, 0.2)
WALLS = gg.Grid(X, Y, boundary=[gg.value(1.0, name="inflow"), "periodic"])
HELD = gg.Grid(X, Y, boundary=[gg.value(1.0, wall="point"), gg.value(1.0)])
GAPS = gg.Grid(X, Y).with_mask(np.arange(N * M).reshape(SHAPE) % 7 != 3)
CURVED = gg.Grid(X[:, None] + 0.1 * np.arange(M), np.arange(M) - 0.1 * X[:, None])
IMPLICIT = WALLS.identity - 0.1 * WALLS.laplacian
EVEN = {  # results lie as the field does
    "steps": lambda f: gg.gradient(f, 0.1, 0.2, edge_order=2),
    "coordinates": lambda f: gg.laplacian(f, X, 0.2),
    "vectors": lambda f: (WALLS.divergence((f, f)), gg.curl((f, f), X, 0.2), HELD.jacobian((f, f))),
    "norms": lambda f: (gg.gradient_norm(f, X, 0.2), HELD.gradient_norm(f)),
    "hessian": HELD.hessian,
    "transport": lambda f: (WALLS.advect((f, 1.0), upwind=1)(f), WALLS.diffuse(f, mean="harmonic")(f), WALLS.diffuse(f).T(f)),
    "walls": lambda f: (WALLS.laplacian(f, inflow=2.0), HELD.laplacian(f), HELD.gradient(f)),
    "sums and products": lambda f: (IMPLICIT(f), (f * HELD.laplacian)(f), (WALLS.divergence @ WALLS.gradient)(f)),
    "curved": CURVED.gradient,
    "batches of one": lambda f: WALLS.laplacian(f[None])[0],
    "slopes": jax.grad(lambda f: (WALLS.laplacian(f) ** 2).sum()),
    "numpy's beside it": lambda f: WALLS.diffuse(np.ones(SHAPE))(f),
}  # fmt: skip
WHOLE = {  # or are whole on each device, as flat fields are
    "gaps": GAPS.laplacian,
    "coefficients and gaps": lambda f: GAPS.diffuse(f)(f),
    "transposed gaps": GAPS.laplacian.T,
}


def on_mesh(axis, shape=SHAPE):
    """A field that four devices share along an axis, and how; it is traced alone, for which there need be no devices."""
    mesh = jax.sharding.AbstractMesh((4,), ("x",), axis_types=(jax.sharding.AxisType.Explicit,))
    spec = P(*("x" if k == axis else None for k in range(len(shape))))
    return jax.ShapeDtypeStruct(shape, "float32", sharding=jax.sharding.NamedSharding(mesh, spec)), spec


@pytest.mark.parametrize("form", [*EVEN, *WHOLE])
@pytest.mark.parametrize("axis", [0, 1])
def test_results_on_an_explicit_mesh(form, axis):
    field, spec = on_mesh(axis)
    wanted = spec if form in EVEN else P(None, None)
    for made in jax.tree.leaves(jax.eval_shape({**EVEN, **WHOLE}[form], field)):
        assert made.shape == SHAPE
        assert made.sharding.spec == wanted


@pytest.mark.parametrize("axis", [0, 1])
def test_an_axis_that_devices_do_not_divide_is_whole(axis):
    """As that of differences at faces, which is one longer."""
    field, spec = on_mesh(axis)
    at_faces = jax.eval_shape(HELD.faces().gradient, field)
    assert [made.sharding.spec for made in at_faces] == [P(None, None) if k == axis else spec for k in (0, 1)]


def test_batches_and_solves():
    field, spec = on_mesh(0, (4, *SHAPE))
    assert jax.eval_shape(WALLS.laplacian, field).sharding.spec == spec
    assert jax.eval_shape(IMPLICIT.solve, field).shape == field.shape


ON_DEVICES = """
import jax
import numpy as np
import gridgrad as gg

values = np.random.default_rng(0).standard_normal((32, 16)).astype("float32")
ring = gg.Grid((32, 0.1), (16, 0.2), boundary=["periodic", "reflect"])
gaps = gg.Grid((32, 0.1), (16, 0.2)).with_mask(np.arange(512).reshape(32, 16) % 7 != 3)
for kind in jax.sharding.AxisType.Explicit, jax.sharding.AxisType.Auto:
    mesh = jax.make_mesh((4,), ("x",), axis_types=(kind,))
    f = jax.device_put(values, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x")))
    for operator in ring.laplacian, ring.diffuse(values + 10), gaps.laplacian:
        wanted = operator(values)
        for found in operator(f), jax.jit(operator)(f):
            np.testing.assert_allclose(found, wanted, rtol=0, atol=3e-6 * abs(wanted).max())
    compiled = jax.jit(ring.laplacian).lower(f).compile().as_text()
    assert "collective-permute(" in compiled
    assert "all-gather(" not in compiled
    assert len(jax.jit(ring.laplacian)(f).addressable_shards) == 4
"""


def test_values_on_four_devices_that_exchange_rows():
    """In a process of its own, as JAX takes the number of its devices at its first call."""
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run([sys.executable, "-c", ON_DEVICES], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
