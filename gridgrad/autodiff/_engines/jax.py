"""JAX as an engine: `jax.jvp`, in float64 where a coordinate is float64.

Divisions have the derivative ``(dx - v dy)/y``, where JAX itself has ``-dy x / y**2``: the square overflows in float32 from
a denominator of 1e19 on, and vanishes below 1e-19: nan, inf and 0 for what is an ordinary number. JAX's own rule cannot be
replaced, so a function is traced once and evaluated step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._base.errors import ArgumentTypeError
from .._jets.mesh import Arrays

name = "jax"
jvp, jacfwd = jax.jvp, jax.jacfwd
unrecorded = nullcontext  # JAX records nothing that is not asked for
opaque = ("Tracer", "traced array", "Abstract tracer", "boolean value of an array", "truth value of an array",
           "Only scalar arrays")  # fmt: skip
NARROW = 4  # bytes of the widest type in which the rule of divisions matters


def float64() -> Any:
    """A context in which JAX computes in float64."""
    return jax.enable_x64(True)


def clean(c: Any, k: int) -> Any:
    """A coordinate as a floating JAX array."""
    a = c if hasattr(c, "aval") else np.asarray(c)
    kind = np.dtype(a.dtype).kind
    if kind in "iu":
        return jnp.asarray(a, dtype=jnp.result_type(float))
    if kind not in "fc" and a.dtype.name != "bfloat16":
        raise ArgumentTypeError(
            f"coordinate {k} has dtype {a.dtype}; give real or complex numbers, x.astype(float)"
        )
    return jnp.asarray(a)


def carries(f: Callable[..., Any], c: Any) -> bool:
    """JAX loses a derivative only where ``stop_gradient`` asks for it."""
    return True


def watched_jvp(f: Callable[..., Any], c: Any, tangent: Any) -> tuple[Arrays, str]:
    """Forward product; JAX itself raises an error for a function without a derivative."""
    return jvp(f, (c,), (tangent,))[1], ""


def array(a: Any, like: Arrays) -> Any:
    """A floating JAX array of what a function returned."""
    a = jnp.asarray(a)
    if not jnp.issubdtype(a.dtype, jnp.inexact):
        a = a.astype(jnp.result_type(*like))
    return a


def widened(a: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast."""
    return jnp.broadcast_to(a, shape)


def filled(v: Any, c: Any) -> Any:
    """`v` in the type and shape of c."""
    return jnp.broadcast_to(jnp.asarray(v, c.dtype), c.shape)


def numpy(a: Any) -> Any:
    """On the host; a traced array has no values."""
    if isinstance(a, jax.core.Tracer):
        raise TypeError("traced")
    return np.asarray(a, dtype="float32" if a.dtype.name == "bfloat16" else None)


@jax.custom_jvp  # type: ignore[untyped-decorator,unused-ignore]
def divide(x: Any, y: Any) -> Any:
    """Quotient of two arrays of one type."""
    return jax.lax.div(x, y)


def _slope(primals: Any, tangents: Any) -> tuple[Any, Any]:
    (x, y), (dx, dy) = primals, tangents
    v = divide(x, y)
    return v, divide(dx - v * dy, y)


divide.defjvp(_slope)


def careful(f: Callable[..., tuple[Any, ...]], coords: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    """A function of narrow floating arrays with such divisions, where it has any and can be traced."""
    if any(c.dtype.itemsize > NARROW * (1 + jnp.iscomplexobj(c)) for c in coords):
        return f

    found: dict[Any, Any] = {}  # what was traced, by shapes; None where f is to be called itself

    def stepwise(*arrays: Any) -> tuple[Any, ...]:
        key = tuple(a.shape for a in arrays)
        if key not in found:
            found[key] = _traced(f, arrays)
        traced = found[key]
        return f(*arrays) if traced is None else tuple(_evaluated(traced.jaxpr, traced.consts, arrays))

    return stepwise


def _traced(f: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    try:
        traced = jax.make_jaxpr(f)(*arrays)
    except Exception:  # a branch on a number, or what f itself raises
        return None
    return traced if _divides(traced.jaxpr) else None


def _inner(step: Any) -> Any:
    """The traced function that a step calls as it is."""
    return step.params.get("jaxpr") if step.primitive.name in ("jit", "pjit") else None


def _quotient(step: Any) -> bool:
    inverse = step.primitive.name == "integer_pow" and step.params["y"] == -1
    divides = step.primitive.name == "div" or inverse
    return divides and bool(jnp.issubdtype(step.outvars[0].aval.dtype, jnp.inexact))


def _divides(jaxpr: Any) -> bool:
    return any(
        _quotient(step) or (_inner(step) is not None and _divides(_inner(step).jaxpr)) for step in jaxpr.eqns
    )


def _evaluated(jaxpr: Any, consts: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    """The outputs of a traced function, step by step."""
    known = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*consts, *arrays), strict=True))

    def value(v: Any) -> Any:
        return v.val if hasattr(v, "val") else known[v]  # a literal holds its value

    for step in jaxpr.eqns:
        operands = [value(v) for v in step.invars]
        inner = _inner(step)
        if _quotient(step):
            x, y = operands if len(operands) == 2 else (jnp.ones_like(operands[0]), operands[0])
            dtype = step.outvars[0].aval.dtype
            found = [divide(jnp.asarray(x, dtype), jnp.asarray(y, dtype))]
        elif inner is not None and _divides(inner.jaxpr):
            found = _evaluated(inner.jaxpr, inner.consts, operands)
        else:
            bound = step.primitive.get_bind_params(step.params)
            # the first until JAX 0.9
            functions, parameters = bound if isinstance(bound, tuple) else ((), bound)
            result = step.primitive.bind(*functions, *operands, **parameters)
            found = result if step.primitive.multiple_results else [result]
        known.update(zip(step.outvars, found, strict=True))
    return [value(v) for v in jaxpr.outvars]


def series(task: object, f: object) -> None:
    """None: its compiler joins nested products."""
