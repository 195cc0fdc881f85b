"""JAX as an engine: `jax.jvp`, in float64 where a coordinate is float64."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._base.errors import ArgumentTypeError
from .._jets.mesh import Arrays
from .jax_division import careful as careful  # quotients that are differentiated as in the rest of gridgrad

name = "jax"
jvp, jacfwd = jax.jvp, jax.jacfwd
unrecorded = nullcontext  # JAX records nothing that is not asked for
opaque = ("Tracer", "traced array", "Abstract tracer", "boolean value of an array", "truth value of an array",
           "Only scalar arrays")  # fmt: skip


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
