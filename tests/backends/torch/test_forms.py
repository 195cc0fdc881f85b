"""Every form of call under every tracer of torch: one function with all of them, against NumPy's results."""

import numpy as np
import pytest
from operator_calls import parts

import gridgrad as gg

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")

N, M = SHAPE = (5, 6)
X, Y = np.linspace(0, 1, N) ** 2 + np.arange(N), np.arange(M) / 2
NAMED = gg.value(1.0, name="inflow")
GRID = gg.Grid(X, (M, 0.3), boundary=[(NAMED, gg.slope(0.5, name="outflow")), "periodic"])
HELD = gg.Grid(X, Y, boundary=[(gg.value(1.0, wall="point", name="inflow"), "one-sided"), "reflect"])
INSIDE = np.ones(SHAPE, bool)
INSIDE[2, 3] = False
GAPS = gg.Grid(X, Y).with_mask(INSIDE)
COAST = gg.Grid(X, Y).with_mask(INSIDE, boundary=gg.value(1.0, name="coast"))
P, Q = np.meshgrid(X, Y, indexing="ij")
CURVED, LINES = gg.Grid(P + 0.1 * Q, Q - 0.1 * P), gg.Grid(P + 0.1 * Q, Y)
SPHERE = gg.Grid(np.linspace(-70, 70, N), np.arange(M) * 60.0, geometry="sphere")
FACES = GRID.faces()
ONES = np.ones(SHAPE)
ADVECT, DIFFUSE, TIMES = GRID.advect((ONES, ONES)), GRID.diffuse(ONES), GRID.multiply(ONES, name="b")
PRODUCT = HELD.divergence @ HELD.gradient
STEP = GRID.identity - 0.1 * DIFFUSE
FORMS = {
    "named number": lambda f, u, k, w: GRID.laplacian(f, inflow=3.0, outflow=2),
    "named array": lambda f, u, k, w: GRID.gradient(f, inflow=w, outflow=w),
    "named array of with_": lambda f, u, k, w: GRID.laplacian.with_(inflow=w)(f),
    "named field": lambda f, u, k, w: TIMES(f, b=k),
    "named at points": lambda f, u, k, w: HELD.laplacian(f, inflow=w),
    "named in a product": lambda f, u, k, w: PRODUCT(f, inflow=w),
    "named in a sum": lambda f, u, k, w: STEP(f, k=k, inflow=w),
    "named beside gaps": lambda f, u, k, w: COAST.laplacian(f, coast=2.0),
    "fields at the call": lambda f, u, k, w: ADVECT(f, v=(k, u)),
    "fields and walls at the call": lambda f, u, k, w: ADVECT(f, v=[k, u], inflow=w),
    "workers": lambda f, u, k, w: GRID.laplacian(f, workers=1),
    "add": lambda f, u, k, w: GRID.laplacian(f, out=None, add=False),
    "transpose": lambda f, u, k, w: GRID.gradient.T((f, u)),
    "adjoint": lambda f, u, k, w: DIFFUSE.adjoint(f, k=k, weight="quadrature"),
    "options": lambda f, u, k, w: GRID.laplacian.with_(form="wide")(f),
    "sum": lambda f, u, k, w: (GRID.identity - 0.1 * GRID.diffuse(k) + GRID.advect((k, 2.0)))(f),
    "tensor": lambda f, u, k, w: HELD.diffuse(((k, 0.1 * u), (0.1 * u, k)), form="tensor")(f),
    "one k for each axis": lambda f, u, k, w: GRID.diffuse((k, 2 * k), mean="harmonic")(f),
    "upwind": lambda f, u, k, w: GRID.advect((u, k), upwind=1)(f),
    "hessian": lambda f, u, k, w: GRID.hessian(f),
    "norm": lambda f, u, k, w: GRID.gradient_norm(f),
    "norm of what is made first": lambda f, u, k, w: HELD.gradient_norm(f),
    "squares": lambda f, u, k, w: GAPS.gradient_squared(f),
    "gaps": lambda f, u, k, w: GAPS.divergence((f, u)),
    "curvilinear": lambda f, u, k, w: CURVED.laplacian(f),
    "lines": lambda f, u, k, w: LINES.gradient(f),
    "sphere": lambda f, u, k, w: SPHERE.curl((f, u)),
    "faces": lambda f, u, k, w: FACES.divergence(FACES.gradient(f)),
    "faces made inside": lambda f, u, k, w: (GRID.faces().gradient(f), GRID.faces(0).mean(k)),
    "function with words": lambda f, u, k, w: gg.laplacian(f, 0.1, 0.3, boundary=["symmetric", "periodic"]),
    "function of fields": lambda f, u, k, w: gg.advect((k, u), f, 0.1, 0.2, upwind=2),
    "function of vectors": lambda f, u, k, w: gg.curl([f, u], 0.1),
}  # fmt: skip


def every(f, u, k, w):
    return tuple(part for call in FORMS.values() for part in parts(call(f, u, k, w)))


def compiled(*fields):
    torch._dynamo.reset()
    return torch.compile(every, fullgraph=True, backend="eager")(*fields)


def made_fx(mode):
    def traced(*fields):
        from torch.fx.experimental.proxy_tensor import make_fx

        other = [torch.ones_like(field) for field in fields]
        return make_fx(every, tracing_mode=mode)(*other)(*fields)

    return traced


TRACERS = {
    "compile": compiled,
    "make_fx": made_fx("fake"),
    "make_fx of symbols": made_fx("symbolic"),
    "functionalize": torch.func.functionalize(every),
    "vmap": lambda *fields: [r[1] for r in torch.func.vmap(every)(*(torch.stack([0 * a, a]) for a in fields))],
    "jvp": lambda *fields: torch.func.jvp(every, fields, fields)[0],
    "vjp": lambda *fields: torch.func.vjp(every, *fields)[0],
}  # fmt: skip


@pytest.mark.parametrize("tracer", TRACERS)
def test_every_form_of_call(tracer, rng):
    f, u, k, w = (*rng.standard_normal((2, *SHAPE)), rng.uniform(1, 2, SHAPE), rng.standard_normal(M))
    found = TRACERS[tracer](*map(torch.from_numpy, (f, u, k, w)))
    wanted = every(f, u, k, w)
    for own, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(own.numpy(), other, rtol=1e-12, atol=1e-12 * abs(other).max())
