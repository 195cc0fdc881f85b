"""`Jet`: an array with its Taylor coefficients, which NumPy, CuPy and Python's operators compute with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

import numpy as np

from ..._base.cache import cached
from ..._base.errors import ArgumentTypeError
from .algebra import Algebra

# What a ufunc does with jets, by its name; `_calculus`, `_rules` and `_special` fill these.
STRUCTURAL: dict[str, Callable[..., Any]] = {}  # takes jets and arrays, returns jets
UNARY: dict[str, tuple[Callable[..., Any], bool]] = {}  # derivative as a function of x (and of v, if flagged)
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}  # both partials, functions of x, y, v
CONSTANT: set[str] = set()  # piecewise constant
SPECIAL: set[str] = set()  # names that scipy.special evaluates
FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # functions that are not ufuncs
LINEAR: set[str] = set()  # functions that mix points linearly: for `dense` only
BILINEAR: set[str] = set()

ALIASES = {
    "true_divide": "divide", "mod": "remainder", "abs": "absolute", "conj": "conjugate", "digamma": "psi",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh", "pow": "power", "degrees": "rad2deg", "radians": "deg2rad",
    "bitwise_invert": "invert",
}  # fmt: skip

DENSE = "gg.autodiff.dense differentiates small functions of that kind"


class ShapeAsked(BaseException):
    """The function asked for the shape of a tile; it must see the whole mesh instead.

    Not an Exception: a function that catches those must not go on with another shape.
    """


class Jet:
    """A value and the Taylor coefficients beside it, by monomial number; a missing one is exactly 0.

    Coefficients are arrays or Python numbers, of any shape that broadcasts to the mesh: axes on which
    they do not depend stay open.
    """

    __slots__ = ("algebra", "coefficients", "memo", "tiled", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, value: Any, coefficients: dict[int, Any], algebra: Algebra, tiled: bool = False
    ) -> None:
        self.value = value
        self.coefficients = coefficients
        self.algebra = algebra
        self.tiled = tiled
        self.memo: dict[str, Any] | None = None

    def like(self, value: Any, coefficients: dict[int, Any] | None = None) -> Jet:
        """Another jet of this algebra, constant by default."""
        return Jet(value, {} if coefficients is None else coefficients, self.algebra, self.tiled)

    def below(self, degree: int) -> Any:
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

    def mapped(self, function: Callable[[Any], Any]) -> Jet:
        """A real-linear function of value and coefficients."""
        dtype = self.dtype
        return self.like(
            function(self.value),
            {k: function(dtype.type(c) if np.isscalar(c) else c) for k, c in self.coefficients.items()},
        )

    # What NumPy, CuPy and array-API code call.
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
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

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = FUNCTIONS.get(func)
        if self.tiled:
            _no_arrays_beside(args)
        if rule is not None:
            return rule(*args, **kwargs)
        name = func.__name__
        if not self.algebra.coupled or name not in LINEAR | BILINEAR:
            refuse(f"{func.__module__}.{name}")
        return FUNCTIONS["coupled"](func, args, kwargs)

    def __cupy_override_elementwise_kernel__(self, kernel: Any, *args: Any, **kwargs: Any) -> Any:
        name = kernel.name.removeprefix("cupyx_scipy_special_").removeprefix("cupyx_").removeprefix("cupy_")
        if kwargs.get("out") is not None:
            raise ArgumentTypeError(f"cupy.{name} with out= cannot hold derivatives; use the returned value")
        return apply(name, *args)

    def __array_namespace__(self, api_version: Any = None) -> Any:
        return np

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ArgumentTypeError(
            "numpy.asarray (or a function that calls it) would lose the derivatives of the coordinate it is given; "
            "write elementwise NumPy functions of the coordinates themselves: x + y for numpy.sum([x, y]), numpy.hypot(x, y) "
            f"for numpy.linalg.norm([x, y]); several outputs are a tuple; {DENSE}"
        )

    # What a function may ask of its coordinates.
    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the value."""
        return np.dtype(getattr(self.value, "dtype", type(self.value)))

    @property
    def ndim(self) -> int:
        """Number of axes of the mesh."""
        return int(np.ndim(self.value))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value, which is never shown for a tile."""
        if self.tiled:
            raise ShapeAsked
        return tuple(np.shape(self.value))

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def real(self) -> Any:
        """Real part."""
        return apply("real", self)

    @property
    def imag(self) -> Any:
        """Imaginary part."""
        return apply("imag", self)

    @property
    def T(self) -> Any:
        """Transpose: for `dense` only."""
        return self._linear("transpose")

    def conj(self) -> Any:
        """Complex conjugate."""
        return apply("conjugate", self)

    conjugate = conj

    def copy(self) -> Jet:
        """The jet itself, which never changes."""
        return self

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Jet:
        """The jet in another type; integers and booleans carry no derivative."""
        target = np.dtype(dtype)
        if target.kind not in "fc":
            return self.like(self.value.astype(target))
        return self.mapped(lambda a: a.astype(target))

    def clip(self, min: Any = None, max: Any = None, out: None = None) -> Any:
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

    def __getitem__(self, key: Any) -> Any:
        if self.algebra.coupled:
            return FUNCTIONS["coupled"](lambda a: a[key], (self,), {})
        return refuse("indexing a coordinate", "use numpy.where to select points")

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise ArgumentTypeError(
            "a coordinate, and what is computed from it, cannot be assigned to; write y = numpy.where(condition, new, y)"
        )

    def __iter__(self) -> Any:
        if self.algebra.coupled:
            return (self[k] for k in range(len(self)))
        return refuse("iterating over a coordinate", "write the formula for the whole array")

    def _linear(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if not self.algebra.coupled:
            refuse(f"the method or attribute {name!r} of a coordinate")
        if name in ("reshape", "transpose") and len(args) > 1:
            args = (args,)
        return getattr(np, name)(self, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("name", "layout", "is_cuda", "todense"):
            raise AttributeError(name)
        if self.algebra.coupled and name in LINEAR | BILINEAR:
            return lambda *args, **kwargs: self._linear(name, *args, **kwargs)
        if hasattr(np.ndarray, name):
            refuse(f"the method or attribute {name!r} of a coordinate")
        raise AttributeError(f"a coordinate has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"Jet(shape {np.shape(self.value)}, {self.dtype}, degree {self.algebra.order})"


def _operator(name: str, swap: bool = False) -> Callable[..., Any]:
    def method(self: Jet, other: Any) -> Any:
        if isinstance(other, (str, bytes, dict, set)):
            return NotImplemented
        return apply(name, other, self) if swap else apply(name, self, other)

    return method


for _name, _ufunc in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power", "matmul": "matmul",
    "floordiv": "floor_divide", "mod": "remainder", "divmod": "divmod", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
}.items():  # fmt: skip
    setattr(Jet, f"__{_name}__", _operator(_ufunc))
    setattr(Jet, f"__r{_name}__", _operator(_ufunc, swap=True))
for _name, _ufunc in {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal",
}.items():  # fmt: skip
    setattr(Jet, f"__{_name}__", _operator(_ufunc))
for _name, _ufunc in {
    "neg": "negative",
    "pos": "positive",
    "abs": "absolute",
    "invert": "invert",
}.items():
    setattr(Jet, f"__{_name}__", lambda self, _ufunc=_ufunc: apply(_ufunc, self))


def apply(name: str, *inputs: Any) -> Any:
    """A named elementwise function of jets and arrays."""
    name = ALIASES.get(name, name)
    _no_arrays_beside(inputs)
    if name in STRUCTURAL:
        return STRUCTURAL[name](*inputs)
    if name in UNARY:
        return FUNCTIONS["unary"](name, *inputs)
    if name in BINARY:
        return FUNCTIONS["binary"](name, *inputs)
    if name in CONSTANT:
        return first(inputs).like(evaluate(name, *(payload(a) for a in inputs)))
    if name in BILINEAR:
        jet = first(inputs)
        if not jet.algebra.coupled:
            refuse(f"numpy.{name} (the operator @)" if name == "matmul" else f"numpy.{name}")
        return FUNCTIONS["coupled"](getattr(np, name), inputs, {})
    return refuse_unknown(name)


def _no_arrays_beside(inputs: Sequence[Any]) -> None:
    """An array of the caller's beside a tile belongs to the whole mesh."""
    if any(isinstance(a, Jet) and a.tiled for a in inputs):
        for a in inputs:
            if is_callers_array(a):
                raise ShapeAsked


def is_callers_array(a: Any) -> bool:
    """Whether something met on a tile is an array that the caller made for the whole mesh."""
    return not isinstance(a, Jet) and getattr(a, "size", 1) != 1


def payload(a: Any) -> Any:
    """The plain value of a jet, or the thing itself."""
    return a.value if isinstance(a, Jet) else a


def first(inputs: Sequence[Any]) -> Jet:
    """The first jet among the inputs."""
    return next(a for a in inputs if isinstance(a, Jet))


def evaluate(name: str, *inputs: Any) -> Any:
    """A named function of plain arrays, by the library that the arrays belong to."""
    cupy = any(type(a).__module__.startswith("cupy") for a in inputs)
    return _function(name, cupy)(*inputs)


@cached("functions", entries=512)
def _function(name: str, cupy: bool) -> Any:
    if name in SPECIAL:
        return getattr(import_module("cupyx.scipy.special" if cupy else "scipy.special"), name)
    return getattr(np, name)  # CuPy arrays answer NumPy's functions with CuPy's


@cached("ufuncs", entries=512)
def _is_ours(ufunc: Any, name: str) -> bool:
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
