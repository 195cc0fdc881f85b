"""`Jet`: an array with its Taylor coefficients, which NumPy, CuPy and Python's operators compute with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import EllipsisType, ModuleType
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ..._base.cache import cached
from ..._base.errors import ArgumentTypeError
from ..._base.types import Array, DType, Shape, Value
from .algebra import Algebra

Coefficients = dict[int, Value]
Index = int | slice | EllipsisType | None | Array | tuple[int | slice | EllipsisType | None, ...]

# The modules beside this one fill these.
RULES: dict[str, Callable[..., Any]] = {}  # what an elementwise function makes of jets and arrays, by name
SPECIAL: set[str] = set()  # names that scipy.special evaluates
FUNCTIONS: dict[object, Callable[..., Any]] = {}  # functions that are not ufuncs

# Functions that mix points linearly, in one argument and in each of two: for `dense` only.
LINEAR = {
    "sum", "mean", "cumsum", "diff", "roll", "flip", "transpose", "reshape", "ravel", "swapaxes", "moveaxis",
    "squeeze", "expand_dims", "trace", "diag", "diagonal", "concatenate", "stack", "vstack", "hstack", "tril",
    "triu", "repeat", "tile", "take", "rot90", "fliplr", "flipud", "atleast_1d", "atleast_2d",
}  # fmt: skip
BILINEAR = {
    "matmul", "dot", "vdot", "inner", "outer", "tensordot", "einsum", "kron", "convolve", "cross", "vecdot",
}  # fmt: skip

ALIASES = {
    "true_divide": "divide", "mod": "remainder", "abs": "absolute", "conj": "conjugate", "digamma": "psi",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh", "pow": "power", "degrees": "rad2deg", "radians": "deg2rad",
    "bitwise_invert": "invert",
}  # fmt: skip

NOT_NUMBERS = (str, bytes, dict, set)
DENSE = "gg.autodiff.dense differentiates small functions of that kind"


class Kernel(Protocol):
    """An elementwise kernel of CuPy."""

    name: str


class ShapeAsked(BaseException):
    """The function asked for the shape of a tile; it must see the whole mesh instead.

    Not an Exception: a function that catches those must not go on with another shape.
    """


def _binary(name: str) -> Callable[[Jet, Operand], Jet]:
    def method(self: Jet, other: Operand) -> Jet:
        return NotImplemented if isinstance(other, NOT_NUMBERS) else apply(name, self, other)

    return method


def _reflected(name: str) -> Callable[[Jet, Operand], Jet]:
    def method(self: Jet, other: Operand) -> Jet:
        return NotImplemented if isinstance(other, NOT_NUMBERS) else apply(name, other, self)

    return method


def _unary(name: str) -> Callable[[Jet], Jet]:
    return lambda self: apply(name, self)


class Jet:
    """A value and the Taylor coefficients beside it, by monomial number; a missing one is exactly 0.

    Coefficients are arrays or Python numbers, of any shape that broadcasts to the mesh: axes on which
    they do not depend stay open.
    """

    __slots__ = ("algebra", "coefficients", "memo", "tiled", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, value: Array, coefficients: Coefficients, algebra: Algebra, tiled: bool = False
    ) -> None:
        self.value = value
        self.coefficients = coefficients
        self.algebra = algebra
        self.tiled = tiled
        self.memo: dict[str, Array] | None = None

    def like(self, value: Array, coefficients: Coefficients | None = None) -> Jet:
        """Another jet of this algebra, constant by default."""
        return Jet(value, {} if coefficients is None else coefficients, self.algebra, self.tiled)

    def below(self, degree: int) -> Operand:
        """The jet cut to a degree; the plain value for degree 0."""
        if degree == 0:
            return self.value
        algebra = self.algebra.below(degree)
        count = len(algebra.monomials)
        coefficients = {k: c for k, c in self.coefficients.items() if k < count}
        cut = Jet(self.value, coefficients, algebra)  # no tile: what rules hold beside it is cut alike
        if self.memo is None:
            self.memo = {}
        cut.memo = self.memo
        return cut

    def mapped(self, function: Callable[[Array], Array]) -> Jet:
        """A real-linear function of value and coefficients."""
        dtype = self.dtype
        return self.like(
            function(self.value),
            {k: function(dtype.type(c) if np.isscalar(c) else c) for k, c in self.coefficients.items()},  # type: ignore[arg-type]
        )

    # What NumPy, CuPy and array-API code call.
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: object) -> Jet:
        name = ufunc.__name__.removeprefix("_")  # the ufunc of scipy.special.zeta is _zeta
        if method != "__call__" or (ufunc.signature is not None and not self.algebra.coupled):
            refuse(f"numpy.{name}" + ("" if method == "__call__" else f".{method}"))
        if kwargs.get("out") is not None:
            raise ArgumentTypeError(
                f"numpy.{name} writes into an array here (out= or an operator like a += b), which cannot hold derivatives; "
                "write a = a + b"
            )
        if kwargs:
            raise ArgumentTypeError(
                f"numpy.{name} with {', '.join(kwargs)}= cannot be differentiated; "
                "leave the keyword out, and select points with numpy.where"
            )
        if not _is_ours(ufunc, name):
            refuse_unknown(name)
        return apply(name, *inputs)

    def __array_function__(
        self, func: Callable[..., object], types: object, args: tuple[Operand, ...], kwargs: dict[str, object]
    ) -> Jet:
        rule: Callable[..., Jet] | None = FUNCTIONS.get(func)
        if self.tiled:
            _no_arrays_beside(args)
        if rule is not None:
            return rule(*args, **kwargs)
        name = func.__name__
        if not self.algebra.coupled or name not in LINEAR | BILINEAR:
            refuse(f"{func.__module__}.{name}")
        return coupled(func, args, kwargs)

    def __cupy_override_elementwise_kernel__(self, kernel: Kernel, *args: Operand, **kwargs: object) -> Jet:
        name = kernel.name.removeprefix("cupyx_scipy_special_").removeprefix("cupyx_").removeprefix("cupy_")
        if kwargs.get("out") is not None:
            raise ArgumentTypeError(f"cupy.{name} with out= cannot hold derivatives; use the returned value")
        return apply(name, *args)

    def __array_namespace__(self, api_version: str | None = None) -> ModuleType:
        return np

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError(
            "numpy.asarray (or a function that calls it) would lose the derivatives of the coordinate it is given; "
            "write elementwise NumPy functions of the coordinates themselves: x + y for numpy.sum([x, y]), numpy.hypot(x, y) "
            f"for numpy.linalg.norm([x, y]); several outputs are a tuple; {DENSE}"
        )

    # What a function may ask of its coordinates.
    @property
    def dtype(self) -> DType:
        """Type of the value."""
        return np.dtype(getattr(self.value, "dtype", type(self.value)))

    @property
    def ndim(self) -> int:
        """Number of axes of the mesh."""
        return int(np.ndim(self.value))

    @property
    def shape(self) -> Shape:
        """Shape of the value, which is never shown for a tile."""
        if self.tiled:
            raise ShapeAsked
        return tuple(np.shape(self.value))

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def real(self) -> Jet:
        """Real part."""
        return apply("real", self)

    @property
    def imag(self) -> Jet:
        """Imaginary part."""
        return apply("imag", self)

    @property
    def T(self) -> Jet:
        """Transpose: for `dense` only."""
        return self._linear("transpose")

    def conj(self) -> Jet:
        """Complex conjugate."""
        return apply("conjugate", self)

    conjugate = conj

    def copy(self) -> Jet:
        """The jet itself, which never changes."""
        return self

    def astype(self, dtype: npt.DTypeLike, *args: object, **kwargs: object) -> Jet:
        """The jet in another type; integers and booleans carry no derivative."""
        target = np.dtype(dtype)
        if target.kind not in "fc":
            return self.like(self.value.astype(target))
        return self.mapped(lambda a: a.astype(target))

    def clip(self, min: Operand | None = None, max: Operand | None = None, out: None = None) -> Jet:
        """The jet between two bounds."""
        return apply("clip", self, min, max)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a coordinate that is a single number")
        return self.shape[0]

    def __bool__(self) -> bool:
        if self.ndim == 0:
            return bool(self.value)
        raise ArgumentTypeError(
            "an `if`, `and`, `or`, `not` or chained comparison of a coordinate array has no single answer; "
            "write numpy.where(condition, a, b), and & | ~ between conditions"
        )

    def __float__(self) -> float:
        raise ArgumentTypeError(
            "a function of `math` (or float()) takes one number and loses derivatives; write the NumPy one: numpy.sin for math.sin"
        )

    __complex__ = __int__ = __index__ = __float__

    def __getitem__(self, key: Index) -> Jet:
        if self.algebra.coupled:
            return coupled(lambda a: a[key], (self,), {})
        return refuse("indexing a coordinate", "use numpy.where to select points")

    def __setitem__(self, key: Index, value: object) -> NoReturn:
        raise ArgumentTypeError(
            "a coordinate, and what is computed from it, cannot be assigned to; write y = numpy.where(condition, new, y)"
        )

    def __iter__(self) -> Iterator[Jet]:
        if self.algebra.coupled:
            return (self[k] for k in range(len(self)))
        return refuse("iterating over a coordinate", "write the formula for the whole array")

    def _linear(self, name: str, *args: object, **kwargs: object) -> Jet:
        if not self.algebra.coupled:
            refuse(f"the method or attribute {name!r} of a coordinate")
        if name in ("reshape", "transpose") and len(args) > 1:
            args = (args,)
        found: Jet = getattr(np, name)(self, *args, **kwargs)
        return found

    def __getattr__(self, name: str) -> Callable[..., Jet]:
        if name.startswith("_") or name in ("name", "layout", "is_cuda", "todense"):
            raise AttributeError(name)
        if self.algebra.coupled and name in LINEAR | BILINEAR:
            return lambda *args, **kwargs: self._linear(name, *args, **kwargs)
        if hasattr(np.ndarray, name):
            refuse(f"the method or attribute {name!r} of a coordinate")
        raise AttributeError(f"a coordinate has no attribute {name!r}")

    # Python's operators.
    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("divide"), _reflected("divide")
    __pow__, __rpow__ = _binary("power"), _reflected("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _binary("remainder"), _reflected("remainder")
    __and__, __rand__ = _binary("bitwise_and"), _reflected("bitwise_and")
    __or__, __ror__ = _binary("bitwise_or"), _reflected("bitwise_or")
    __xor__, __rxor__ = _binary("bitwise_xor"), _reflected("bitwise_xor")
    __divmod__, __rdivmod__ = _binary("divmod"), _reflected("divmod")
    __lt__ = _binary("less")
    __le__ = _binary("less_equal")
    __gt__ = _binary("greater")
    __ge__ = _binary("greater_equal")
    __eq__ = _binary("equal")  # type: ignore[assignment]
    __ne__ = _binary("not_equal")  # type: ignore[assignment]
    __neg__, __pos__ = _unary("negative"), _unary("positive")
    __abs__, __invert__ = _unary("absolute"), _unary("invert")

    def __repr__(self) -> str:
        return f"Jet(shape {np.shape(self.value)}, {self.dtype}, degree {self.algebra.order})"


Operand: TypeAlias = Jet | Value  # what functions of coordinates meet
Rule: TypeAlias = Callable[..., Operand]


def apply(name: str, *inputs: Operand | None) -> Jet:
    """A named elementwise function of jets and arrays."""
    name = ALIASES.get(name, name)
    _no_arrays_beside(inputs)
    if name in RULES:
        found: Jet = RULES[name](*inputs)
        return found
    if name in BILINEAR:
        jet = first(inputs)
        if not jet.algebra.coupled:
            refuse(f"numpy.{name} (the operator @)" if name == "matmul" else f"numpy.{name}")
        return coupled(getattr(np, name), inputs, {})
    return refuse_unknown(name)


def coupled(function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> Jet:
    """A function that mixes points, in `dense`."""
    found: Jet = FUNCTIONS["coupled"](function, args, kwargs)
    return found


def _no_arrays_beside(inputs: Sequence[object]) -> None:
    """An array of the caller's beside a tile belongs to the whole mesh."""
    if any(isinstance(a, Jet) and a.tiled for a in inputs):
        for a in inputs:
            if is_callers_array(a):
                raise ShapeAsked


def is_callers_array(a: object) -> bool:
    """Whether something met on a tile is an array that the caller made for the whole mesh."""
    return not isinstance(a, Jet) and getattr(a, "size", 1) != 1


def payload(a: Operand | None) -> Array:
    """The plain value of a jet, or the thing itself; numbers pass for arrays."""
    return a.value if isinstance(a, Jet) else a  # type: ignore[return-value]


def first(inputs: Sequence[object]) -> Jet:
    """The first jet among the inputs."""
    return next(a for a in inputs if isinstance(a, Jet))


def evaluate(name: str, *inputs: Value) -> Array:
    """A named function of plain arrays, by the library that the arrays belong to."""
    return _function(name, any(map(of_cupy, inputs)))(*inputs)


def of_cupy(a: object) -> bool:
    """Whether an array is of CuPy."""
    return type(a).__module__.startswith("cupy")


@cached("functions", entries=512)
def _function(name: str, cupy: bool) -> Callable[..., Array]:
    special = "cupyx.scipy.special" if cupy else "scipy.special"
    # CuPy's arrays answer NumPy's functions with CuPy's.
    found: Callable[..., Array] = getattr(import_module(special) if name in SPECIAL else np, name)
    return found


@cached("ufuncs", entries=512)
def _is_ours(ufunc: np.ufunc, name: str) -> bool:
    """Whether the ufunc is the one of NumPy or scipy.special that its name promises."""
    if getattr(np, name, None) is ufunc or ufunc.__name__ in ("clip", "conjugate", "_zeta"):
        return True
    return getattr(import_module("scipy.special"), name, None) is ufunc


def refuse(what: str, instead: str = "") -> NoReturn:
    """The error for what mixes mesh points."""
    raise ArgumentTypeError(
        f"{what} is not elementwise: it would mix the points of the mesh, and derivatives point by point would be wrong; "
        f"{instead or 'use elementwise functions'}; {DENSE}"
    )


def refuse_unknown(name: str) -> NoReturn:
    """The error for an elementwise function without a rule."""
    raise ArgumentTypeError(
        f"the elementwise function {name!r} has no derivative rule; write it with functions that have one "
        "(NumPy's ufuncs and the common ones of scipy.special), or give torch or JAX arrays"
    )
