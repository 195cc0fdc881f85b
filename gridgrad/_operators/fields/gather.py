"""The arrays of one call brought together: fields and coefficients of one library, one shape and one dtype."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..._backends import dispatch
from ..._backends.once import made_once
from ..._backends.operations import Operations, check_no_times, dtype_name, is_time, name_of
from ..._backends.protocol import Backend
from ..._backends.slices import is_complex
from ..._base.checks import masked_arrays, numbers_of_times
from ..._base.errors import MISSING, ArgumentTypeError, ArgumentValueError
from ..._base.types import Array, Shape
from ..._wraps.units import unwrap, wrap
from .forms import Form, components

Arguments: TypeAlias = Sequence[Any]  # `Argument` of coefficients.py, which imports this


class Fields(NamedTuple):
    """The arrays of one call: equal shapes and one dtype, with the library that serves them."""

    library: Backend[Array]
    samples: list[Array]
    coefficients: list[Array]
    stacked: bool  # a vector field came as one array
    checked: object = None  # what `check` made of the shapes, of an operator the terms on them


def gather(
    f: Any, form: Form, coefficients: Sequence[Array] = (), name: str = "f", check: Callable[..., object] | None = None,
    arguments: Arguments = (), is_turned: bool = False, beside: Callable[[Sequence[Shape], int], Sequence[Shape]] | None = None,
) -> Fields:  # fmt: skip
    """The components of `f`, and the coefficients broadcast to their shape, promoted to one dtype.

    `check` is called with the shape of the field, which is to blame before the coefficients of `arguments` are. What
    `is_turned` gets complex fields. Where not all fields are on one grid, `check` is called with the shapes of all
    components, and `beside` tells from these the shapes of the coefficients.
    """
    if f is MISSING:
        raise ArgumentTypeError("an operator needs a field: give it, op(f)")
    stacked = False
    if form:
        given, stacked = components(f, form, name)
    else:
        given = [f]
    library: Any = None
    fields: list[Array] = []
    factors: list[Array] = []
    for k, field in enumerate((*given, *coefficients)):
        own, cleaned = dispatch.samples(field) if name == "f" or k >= len(given) else _samples(field, name)
        if library is not None and own is not library:
            joins = library.joined_by(cleaned)
            if joins is not None:
                own, cleaned = library, joins
            else:  # a field of NumPy, and a coefficient that is learnt
                before = _joined(own, (*fields, *factors))
                if before is not None:
                    library, fields, factors = own, before[: len(fields)], before[len(fields) :]
        if library is not None and own is not library:
            first, other = (type(a).__module__.partition(".")[0] for a in (given[0], field))
            raise ArgumentTypeError(
                f"{name} and its components or coefficients are arrays of different libraries, {first} and {other}; "
                f"convert them to one, {library.name}.asarray({_called(k - len(given), arguments)})"
            )
        library = own
        check_numbers(cleaned, name)
        (fields if k < len(given) else factors).append(cleaned)
    names = {dtype_name(a) for a in (*fields, *factors)} | (TURNED if is_turned else set())
    for k, field in enumerate(fields[1:], start=1):
        if beside is None and tuple(field.shape) != tuple(fields[0].shape):
            raise ArgumentValueError(
                f"the components of {name} differ in shape: {name}[0] has {tuple(fields[0].shape)}, "
                f"{name}[{k}] has {tuple(field.shape)}; a collocated grid has one shape for all"
            )
    shapes = [tuple(field.shape) for field in (fields[:1] if beside is None else fields)]
    checked = None if check is None else check(*shapes)
    if factors or len(names) > 1:
        sides = [argument.side is not None for argument in arguments for _ in range(argument.fields)]
        fields, factors = _promoted(library, fields, factors, sides, names)
    wanted = shapes * len(factors) if beside is None else beside(shapes, len(factors))
    for k, (factor, shape) in enumerate(zip(factors, wanted, strict=True)):
        if len(factor.shape) != len(shape) or tuple(factor.shape) != shape:  # lengths may be open
            factors[k] = _broadcast(library, factor, shape, k, arguments)
    return Fields(library, fields, factors, stacked, checked)


def _joined(library: Backend[Array], arrays: Sequence[Array]) -> list[Array] | None:
    """The arrays as those of a library; None where it does not take one of them."""
    joined = []
    for array in arrays:
        own = library.joined_by(array)
        if own is None:
            return None
        joined.append(own)
    return joined


def _called(k: int, arguments: Arguments) -> str:
    """How a coefficient is called where it is one of several."""
    names = [label for argument in arguments for label in argument.labels()]
    return names[k] if 0 <= k < len(names) and names[k].isidentifier() else "b"


def check_numbers(samples: Array, name: str) -> None:
    """Refuse times."""
    if is_time(samples):
        raise ArgumentTypeError(
            f"{name} has dtype {samples.dtype}, whose derivatives would be cut off to whole units; give numbers, "
            f"{numbers_of_times(name, samples.dtype)}, as a quantity in seconds where axes have units"
        )


def clean_coefficient(value: object, name: str) -> Array:
    """A coefficient field, cleaned as samples are, with its unit; refused under its own name."""
    try:
        numbers, unit = unwrap(value, name)
        samples = dispatch.samples(numbers)[1]
        check_no_times(samples, "f", "f")
        field: Array = wrap(samples, unit)
        return field
    except (ArgumentTypeError, ArgumentValueError) as error:
        raise _renamed(error, name) from None


def _samples(value: object, name: str) -> tuple[Backend[Array], Array]:
    """What is no field of an operator, but cleaned as these are; refused under its own name."""
    try:
        return dispatch.samples(value)
    except (ArgumentTypeError, ArgumentValueError) as error:
        raise _renamed(error, name) from None


def _renamed(error: ArgumentTypeError | ArgumentValueError, name: str) -> Exception:
    """The error on samples, of what has another name."""
    word = name if " " not in name else "b"  # of what is typed
    said = re.sub(r"\bf\b", word, str(error)).partition(", or have it differentiated")[0]
    said = re.sub(r", which \S+ \S+ keeps", "", said)  # of fields
    return type(error)(re.sub(rf"\b{re.escape(word)}\b", lambda _: name, said, count=1))


TURNED = {"complex64"}  # what becomes of a dtype together with it


def _promoted(
    library: Backend[Array], fields: list[Array], factors: list[Array], sides: list[bool], names: set[str]
) -> tuple[list[Array], list[Array]]:
    """One dtype for all, which have those of these `names`; integers count as float64, and a coefficient stays real where it is, unless it is added.

    An integer field that the common dtype would round keeps its own, and is differenced in that.
    """
    if len(names) > 1 or (
        factors and not names & {"float16", "bfloat16", "float32", "float64", "complex64", "complex128"}
    ):
        xp = library.operations(*fields, *factors)
        wanted = _common(names, library, fields[0], len(factors))
        fields = [_as_exactly(library, xp, field, wanted) for field in fields]
        real = {"complex64": "float32", "complex128": "float64"}.get(wanted, wanted)
        added = sides or [False] * len(factors)
        factors = [
            _as(library, xp, c, wanted if is_complex(c) or is_side else real)
            for c, is_side in zip(factors, added, strict=True)
        ]
    return fields, factors


def _common(names: set[str], library: Backend[Array], like: Array, factors: int) -> str:
    """The dtype of all: of integers alone an integer one that holds them, if there is one."""
    if not factors and all(name.startswith(("int", "uint")) for name in names):
        together = _widest(*names)
        if together.startswith(("int", "uint")):
            return together
    return joined_name(names, name_of(library.operations(like).real_type(like)))


def joined_name(names: Set[str], real: str = "float64") -> str:
    """The floating dtype that all of these become together, where integers count as `real`."""
    floating = {real if name.startswith(("int", "uint")) else name for name in names}
    if len(floating) == 1:
        return floating.pop()
    known = ["float32" if name == "bfloat16" else name for name in sorted(floating)]
    return _widest(*known)


@made_once
def _widest(*names: str) -> str:
    return np.result_type(*names).name


def _as_exactly(library: Backend[Array], xp: Operations, field: Array, name: str) -> Array:
    """The field in a dtype; integers that it may not hold as they are, where they are beyond it."""
    own = dtype_name(field)
    if not own.startswith(("int", "uint")) or name.startswith(("int", "uint")):
        return _as(library, xp, field, name)
    digits = _digits(name)
    if int(own.strip("uint")) - (own[0] == "i") <= digits:
        return _as(library, xp, field, name)
    return _as(library, xp, field, name) if library.within(field, 2**digits) else field


@made_once
def _digits(name: str) -> int:
    """Bits of the integers that a floating dtype holds exactly."""
    return int(np.finfo(name).nmant) + 1


def _as(library: Backend[Array], xp: Operations, field: Array, name: str) -> Array:
    if dtype_name(field) == name:
        return field
    library.about_to_copy(field, f"an array of another dtype becomes {name}; give it in that dtype")
    dtype = getattr(xp, name, None)
    found: Array = xp.astype(field, np.dtype(name) if dtype is None else dtype)
    return found


def _broadcast(
    library: Backend[Array], c: Array, shape: tuple[int, ...], k: int, arguments: Arguments
) -> Array:
    """Coefficient number `k`, of another shape, in that of the field."""
    sides = [argument.side for argument in arguments for _ in range(argument.fields)]
    side = sides[k] if sides else None
    if isinstance(c, masked_arrays()):
        raise ArgumentValueError(
            "what is prescribed at a wall is masked, and a wall has no place for a mask; give values, numpy.ma.filled(v, 0.0)"
            if side
            else f"a masked coefficient has shape {c.shape}, but the field has shape {shape}; give it in that shape"
        )
    if side:
        side.check_in(c, shape)
    labels = [label for argument in arguments for label in argument.labels()]
    return broadcast(library.operations(c), c, shape, labels[k] if labels else "a coefficient")


def broadcast(xp: Operations, c: Array, shape: tuple[int, ...], label: str) -> Array:
    """A coefficient, `label`, in the shape of a field."""
    try:
        wide: Array = xp.broadcast_to(c, shape)
        return wide
    except (ValueError, RuntimeError, TypeError) as error:
        if isinstance(error, TypeError):  # it is of another library than the functions
            own = type(c).__module__.partition(".")[0]
            raise ArgumentTypeError(
                f"{label} is an array of {own}, and the field is of another library; give it in that of the field, torch.asarray(v) for example"
            ) from None
        is_tensor = label == "k" and c.ndim == len(shape) + 2 and c.shape[0] == c.shape[1]
        hint = '; a tensor k[a][b] is grid.diffuse(k, form="tensor")' if is_tensor else ""
        if " of axis " in label and c.ndim > len(shape):  # a whole field, say, at a wall
            hint = "; it has more axes than a side of the field, where values along it are v[0] for example"
        raise ArgumentValueError(
            f"{label} of shape {tuple(c.shape)} does not broadcast to the field's shape {shape}{hint}"
        ) from None


def spread(c: Array, shape: tuple[int, ...]) -> Array | None:
    """A coefficient of plain memory in the shape of a field, a view; None where it does not broadcast."""
    lead = len(shape) - c.ndim
    behind = shape[lead:]
    if type(c) is np.ndarray and c.shape == behind and c.flags.c_contiguous:
        return np.ndarray(shape, c.dtype, c, 0, (0,) * lead + c.strides)  # faster
    pairs = list(zip(c.shape, behind, strict=False))
    if lead < 0 or not all([own in (1, n) for own, n in pairs]):
        return None
    if type(c) is not np.ndarray or not c.flags.c_contiguous:
        wide: Array = dispatch.library_of(type(c)).operations(c).broadcast_to(c, shape)
        return wide
    strides = [0 if own == 1 else stride for (own, _), stride in zip(pairs, c.strides, strict=True)]
    return np.ndarray(shape, c.dtype, c, 0, (*[0] * lead, *strides))


def dtype_of(f: object, form: Form) -> str:
    """The dtype of a field, of its components together."""
    if form and isinstance(f, (list, tuple)):
        names = {dtype_of(part, form[1:]) for part in f}
        return names.pop() if len(names) == 1 else joined_name(names)
    return dtype_name(f if hasattr(f, "dtype") else np.asarray(f))


def check_dtypes(targets: list[Array], wanted: str) -> None:
    """Refuse an `out` that would round, before anything is written."""
    for k, target in enumerate(targets):
        if hasattr(target, "dtype") and dtype_name(target) != wanted:
            name = f"out[{k}]" if len(targets) > 1 else "out"
            raise ArgumentTypeError(
                f"{name} has dtype {dtype_name(target)}, but the result has dtype {wanted}; give an array of that dtype"
            )


def check_add(add: object, out: object) -> None:
    """Refuse an `add` without anything to add to."""
    if add not in (True, False):
        raise ArgumentTypeError(f"add must be True or False, got {add!r}")
    if add and out is None:
        raise ArgumentTypeError("add=True adds to what out= holds; give it, A(f, out=o, add=True)")


def check_masks(targets: list[Array], values: list[Array]) -> bool:
    """Whether values have masks, which then their targets must be able to carry."""
    masked = [isinstance(value, masked_arrays()) for value in values]
    for target, has_mask in zip(targets, masked, strict=True):
        if has_mask and not isinstance(target, masked_arrays()):
            raise ArgumentTypeError(
                f"out is a {type(target).__name__} and cannot carry the mask of the result; give a masked array"
            )
    return any(masked)


def about_to_hold(f: object) -> object:
    """The field of a call that is about to make another, between operators that are applied one after the other."""
    first = f
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    why = "a result is kept between operators; apply them one after the other, each with its own out="
    dispatch.about_to_copy(first, why)
    return f
