"""The back end of JAX: new arrays, of tracers too, made of slices that it differentiates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import jax
import numpy as np
from array_api_compat import array_namespace

from ..._base.errors import ArgumentTypeError
from ..._base.tracing import are_open
from ..._base.types import Array
from ..operations import Operations
from ..protocol import Backend, Call, HostMap, without_numbers


class OfJAX(Operations):
    """Differentiable and traceable; a device is nowhere asked for."""

    constant: Callable[[Array], Array] | None = staticmethod(jax.lax.stop_gradient)

    def real_type(self, like: object) -> object:
        """float64, or float32 without x64."""
        return self.result_type(float)

    def astype(self, f: Array, dtype: object) -> Array:
        """Of 32 bits without x64, also beside what was made with it."""
        made: Array = jax.numpy.astype(f, jax.dtypes.canonicalize_dtype(dtype))
        return made

    def weights(self, values: Array, dtype: object, like: object) -> Array:
        """Where JAX puts them; of 32 bits without x64, and places always where these suffice, as they may be kept."""
        if (
            dtype is None
            and values.dtype.kind == "i"
            and values.size
            and values.max() <= np.iinfo(np.int32).max
        ):
            dtype = np.int32
        own = None if dtype is None else jax.dtypes.canonicalize_dtype(dtype)
        made: Array = self.asarray(values, dtype=own)
        return made

    def reshape(self, f: Array, shape: Sequence[int]) -> Array:
        """Axes of an explicit mesh that do not stay as they are, as in flat fields, are first whole on each device."""
        sharding = _explicit([f])
        if sharding is not None:
            kept = len(f.shape) - next(k for k, names in enumerate(sharding.spec) if names)
            if tuple(shape)[-kept:] != tuple(f.shape)[-kept:]:
                whole = jax.sharding.PartitionSpec(*[None] * len(f.shape))
                f = jax.sharding.reshard(f, jax.sharding.NamedSharding(sharding.mesh, whole))
        made: Array = jax.numpy.reshape(f, shape)
        return made

    def complex_of(self, real: Array, imaginary: Array) -> Array:
        """By JAX's own function."""
        made: Array = jax.lax.complex(real, imaginary)
        return made


class JAX(Backend[Array]):
    """Arrays and tracers."""

    def operations(self, *fields: Array) -> Operations:
        """JAX's."""
        return OfJAX(array_namespace(*fields))

    def joined_by(self, field: object) -> Array | None:
        """NumPy's arrays, which JAX's own functions take beside its arrays as well."""
        if type(field) is not np.ndarray or field.dtype.char in "gG":  # JAX has no long double
            return None
        given = field.dtype.newbyteorder("=")
        own = jax.dtypes.canonicalize_dtype(given)
        if own != given and given.kind in "iu":  # without x64 it would wrap
            own = jax.dtypes.canonicalize_dtype(float)
        # with its dtype: without one, what was traced without x64 was found again with it
        joined: Array = jax.numpy.asarray(field.astype(own, copy=False), dtype=own)
        return joined

    def samples(self, f: object) -> Array:
        """Also what JAX puts in the place of an array is refused, which has no values to compute with."""
        if not isinstance(f, jax.Array):
            remedy = (
                "read it, f[...]" if hasattr(f, "__getitem__") else "trace the call, jax.eval_shape(A, f)"
            )
            raise ArgumentTypeError(f"f is a {type(f).__name__}, not an array; {remedy}")
        return super().samples(f)

    def carried(self, call: Call, fields: Sequence[Array]) -> list[Array]:
        """Through slices; of fields that are sharded explicitly the results are sharded as they are."""
        through = super().carried
        sharding = _explicit(fields)
        if sharding is None:
            return through(call, fields)
        kinds = [jax.ShapeDtypeStruct(f.shape, f.dtype) for f in fields]
        results = jax.eval_shape(lambda *own: through(call, own), *kinds)
        shardings = [_of_result(sharding, result.shape) for result in results]
        # where slices lie is for the compiler to say: JAX asks for the sharding of each, and has none for a single point
        made: list[Array] = jax.sharding.auto_axes(lambda *own: through(call, own), out_sharding=shardings)(
            *fields
        )
        return made

    def mapped(self, made: Callable[[], HostMap], field: Array) -> Array:
        """By a call back to the host, of which the transpose is another one."""
        return _linear(made(), field)

    def is_differentiated(self, a: Array) -> bool:
        """A tracer is, or is compiled."""
        return isinstance(a, jax.core.Tracer)

    def host(self, a: object, axis: int | None = None, name: str = "spacing") -> Any:
        """The values, if they are known: a tracer has none."""
        try:
            return np.asarray(a)
        except TypeError as error:
            if axis is None:
                raise without_numbers("an array of JAX") from error
            raise ArgumentTypeError(
                f"the {name} of axis {axis} is traced by JAX ({type(error).__name__}), but weights are made from concrete "
                f"numbers; close over the {name}, jax.jit(lambda f: gradient(f, x)), or mark a scalar static"
            ) from None


def _explicit(fields: Sequence[Array]) -> jax.sharding.NamedSharding | None:
    """How the first of the fields that has axes of an explicit mesh is sharded."""
    shardings = [jax.typeof(f).sharding for f in fields]
    return next((own for own in shardings if own.mesh.explicit_axes and any(own.spec)), None)


def _of_result(sharding: jax.sharding.NamedSharding, shape: tuple[int, ...]) -> jax.sharding.NamedSharding:
    """The same for a result; an axis that the devices do not divide, as of differences at faces, is whole on each."""
    spec, sizes = [None] * (len(shape) - len(sharding.spec)) + [*sharding.spec], sharding.mesh.shape
    for k, names in enumerate(spec):
        each = names if isinstance(names, tuple) else (names,)
        if names is not None and shape[k] % prod(sizes[name] for name in each):
            spec[k] = None
    return jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec(*spec))


def _linear(through: HostMap, field: Array) -> Array:
    """A map that JAX knows to be linear, and how to transpose: in both modes, mapped and compiled.

    Of what is solved JAX asks only for its derivatives by what it closes over, which is nothing.
    """
    result: Array = jax.lax.custom_linear_solve(
        lambda f: f,
        field,
        solve=lambda _, f: _called(through, f),
        transpose_solve=lambda _, g: _called(through.transposed(), g),
    )
    return result


def _called(through: HostMap, field: Array) -> Array:
    """On the host, when the numbers are there."""
    if are_open(field.shape):
        raise ArgumentTypeError(
            f"a solve is called back on the host, for which the shape {field.shape} is open, and which JAX does not export; "
            "solve outside of what is exported"
        )

    def on_host(values: object) -> Array:
        own = np.asarray(values)
        return through(own.astype(np.result_type(own.dtype, np.float64), copy=False)).astype(
            own.dtype, copy=False
        )

    batches: str = "expand_dims" if through.takes_batches else "sequential"
    result: Array = jax.pure_callback(
        on_host, jax.ShapeDtypeStruct(field.shape, field.dtype), field, vmap_method=batches
    )
    return result


BACKEND = JAX("jax.numpy")
