"""sympy expressions as functions: symbolic derivatives, their NumPy code, and their C or CUDA text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.late import Late
from ..._base.types import Array
from .._jets.algebra import Monomial
from .._jets.jet import Operand

if TYPE_CHECKING:
    import sympy  # type: ignore[import-untyped,unused-ignore]
else:
    sympy = Late("sympy")

Values: TypeAlias = Operand | list[Operand]  # of one output, or of each

_MODULES = {"numpy": ["numpy", "scipy"], "torch": "torch", "jax": "jax"}


class Symbolic:
    """Outputs of a function as expressions of its arguments; made by `symbolic`.

    Attributes
    ----------
    symbols : tuple of sympy.Symbol, the arguments
    expressions : tuple of sympy.Expr, the outputs
    single : whether there is one output that is not in a tuple
    """

    def __init__(
        self, symbols: tuple[sympy.Symbol, ...], expressions: tuple[sympy.Expr, ...], single: bool
    ) -> None:
        self.symbols = symbols
        self.expressions = expressions
        self.single = single
        self._compiled: dict[tuple[str, str], Callable[..., Any]] = {}

    def __call__(self, *coords: Operand) -> Values:
        """The values at coordinates, of NumPy code (which takes jets as well)."""
        return self.function("numpy")(*coords)

    def function(self, library: str) -> Callable[..., Values]:
        """The outputs as a function of arrays of a library, common subexpressions computed once."""
        values = self.expressions[0] if self.single else list(self.expressions)
        return self._lambdified(library, values)

    def derivatives(
        self, coords: Sequence[Array], wanted: tuple[Monomial, ...]
    ) -> tuple[list[list[Array]], bool]:
        """The wanted derivatives of every output, at NumPy coordinates."""
        rows = [list(self.derivative(*m).expressions) for m in wanted]
        flat = [rows[j][k] for k in range(len(self.expressions)) for j in range(len(wanted))]
        with np.errstate(all="ignore"):
            found = self._lambdified("numpy", flat)(*coords)
        n = len(wanted)
        return [list(found[k * n : (k + 1) * n]) for k in range(len(self.expressions))], self.single

    def derivative(self, *orders: int) -> Symbolic:
        """The symbolic derivative: one order for each argument."""
        if len(orders) != len(self.symbols):
            raise ArgumentValueError(f"give one order for each of the arguments {self.symbols}, got {orders}")
        steps = [(s, n) for s, n in zip(self.symbols, orders, strict=True) if n]
        found = tuple(sympy.diff(e, *steps) if steps else e for e in self.expressions)
        return Symbolic(self.symbols, found, self.single)

    def source(self, language: str = "c", name: str = "derivatives", dtype: str = "double") -> str:
        """Text of a C function, or CUDA device function, of the outputs and their first derivatives.

        ``void name(x, y, ..., out)`` writes each output, then its derivative in each argument; common
        subexpressions are computed once.
        """
        if language not in ("c", "cuda"):
            raise ArgumentValueError(f"language must be 'c' or 'cuda', got {language!r}")
        if dtype not in ("double", "float"):
            raise ArgumentValueError(f"dtype must be 'double' or 'float', got {dtype!r}")
        from .quotients import divided

        rows = [e for f in self.expressions for e in (f, *(sympy.diff(f, s) for s in self.symbols))]
        _check_source(self.symbols, rows)
        taken = [sympy.Symbol(s.name) for s in self.symbols]  # an argument may be called x0
        free = sympy.numbered_symbols(exclude=taken)
        common, results = sympy.cse([divided(e) for e in rows], symbols=free)
        lines = [f"    const {dtype} {s} = {_c_text(e, dtype)};" for s, e in common]
        lines += [f"    out[{k}] = {_c_text(e, dtype)};" for k, e in enumerate(results)]
        head = "#include <math.h>\n\n" if language == "c" else "__device__ __forceinline__ "
        arguments = ", ".join(f"{dtype} {s}" for s in self.symbols)
        return f"{head}void {name}({arguments}, {dtype} *out)\n{{\n" + "\n".join(lines) + "\n}\n"

    def _lambdified(self, library: str, values: sympy.Expr | list[sympy.Expr]) -> Callable[..., Any]:
        from .quotients import divided

        key = (library, str(values))
        if key not in self._compiled:
            values = [divided(e) for e in values] if isinstance(values, list) else divided(values)
            self._compiled[key] = _compiled(self.symbols, values, library)
        return self._compiled[key]

    def __repr__(self) -> str:
        return f"Symbolic({', '.join(map(str, self.symbols))}: {', '.join(map(str, self.expressions))})"


_NOT_ARGUMENTS = {"out", "double", "float", "int", "long", "short", "char", "signed", "unsigned", "void", "const", "static", "auto",
                  "register", "volatile", "struct", "union", "enum", "switch", "case", "default", "do", "goto", "sizeof",
                  "if", "else", "for", "while", "return", "break", "continue", "typedef", "extern", "inline", "restrict"}  # fmt: skip


def _check_source(symbols: Sequence[sympy.Symbol], rows: Sequence[sympy.Expr]) -> None:
    """Refuse what would be no text of C."""
    for s in symbols:
        if s.name in _NOT_ARGUMENTS or not (s.name.isascii() and s.name.isidentifier()):
            raise ArgumentValueError(
                f"the argument {s.name!r} cannot have that name in C; give other names to a function's arguments: "
                "gg.autodiff.symbolic(function, names=('x', 'y'))"
            )
    if any(e.has(sympy.I) for e in rows):
        raise ArgumentTypeError(
            "the function is complex, and its source would be real; return its parts, (sympy.re(f), sympy.im(f)) for f"
        )


def _c_text(e: sympy.Expr, dtype: str) -> str:
    """An expression in C, with the functions and constants of the type: sinf and 3.0F of floats."""
    from sympy.codegen.ast import float32, real

    options = {}
    if dtype == "float":  # M_PI is a double
        e = e.xreplace({s: s.evalf(17) for s in e.atoms(sympy.NumberSymbol)})
        options = {"type_aliases": {real: float32}, "math_macros": {}}
    try:
        text: str = sympy.ccode(e, standard="C99", **options)
    except NotImplementedError as error:
        what = str(error).splitlines()[0].rpartition(": ")[2]
        raise ArgumentTypeError(
            f"sympy has no C code for {what}, which is in the function or in a derivative of it; write steps and signs as "
            "sympy.Piecewise((1, x > 0), (0, True)), or give the class of a function of yours a method _ccode(self, printer)"
        ) from None
    return text


def _compiled(
    symbols: tuple[sympy.Symbol, ...], values: sympy.Expr | list[sympy.Expr], library: str
) -> Callable[..., Values]:
    """Code of a library; sympy writes functions that it has no code for by name, or, for torch, not at all."""

    def unknown(error: Exception) -> ArgumentTypeError:
        return ArgumentTypeError(
            f"sympy has no {library} code for a function of the expression ({str(error).splitlines()[0]}); give its class a method "
            f"_{library}code(self, printer), which returns the text of a call"
        )

    try:
        code = sympy.lambdify(symbols, values, modules=_MODULES[library], cse=True)
    except NotImplementedError as error:
        raise unknown(error) from None

    def run(*coords: Operand) -> Values:
        try:
            found: Values = code(*coords)
            return found
        except NameError as error:
            raise unknown(error) from None

    return run


def symbolic(function: object, names: Sequence[str] | None = None, arguments: int | None = None) -> Symbolic:
    """A function in sympy's form, with derivatives as expressions and as C or CUDA text.

    Parameters
    ----------
    function : sympy.Expr, sympy.Lambda, class of sympy functions, or a function of symbols
        The symbols of an expression are its arguments in the order of `names`, alphabetical by default.
        A Python function is called with symbols: it must use sympy's functions, or only arithmetic.
    names : sequence of str, optional
        The arguments' names and order.
    arguments : int, optional
        How many arguments there are, for a function that does not tell.

    Returns
    -------
    Symbolic
        Callable; with ``derivative(*orders)``, ``source("c" or "cuda")``, ``expressions``.

    Examples
    --------
    >>> import sympy
    >>> from gridgrad import autodiff
    >>> x = sympy.Symbol("x")
    >>> autodiff.symbolic(1 / x).derivative(1).expressions
    (-1/x**2,)
    """
    if isinstance(function, Symbolic):
        return function
    if isinstance(function, sympy.Lambda):
        symbols, result = tuple(function.signature), function.expr
    elif isinstance(function, (sympy.Expr, sympy.MatrixBase)):
        free = {s.name: s for s in function.free_symbols}
        order = sorted(free) if names is None else list(names)
        if set(free) - set(order) or (arguments is not None and len(order) != arguments):
            raise ArgumentValueError(
                f"the expression has the symbols {sorted(free)}, for {arguments or len(order)} coordinates; "
                "say which is which: gg.autodiff.symbolic(expression, names=('x', 'y'))"
            )
        symbols, result = tuple(free.get(name, sympy.Symbol(name)) for name in order), function
    elif callable(function):
        symbols = _symbols_for(function, names, arguments)
        try:
            result = function(*symbols)
        except TypeError as error:
            raise ArgumentTypeError(
                f"the function cannot be called with symbols ({error}); write it with sympy's functions, sympy.sin for numpy.sin, "
                "or use engine='jet'"
            ) from error
    else:
        raise ArgumentTypeError(f"a {type(function).__name__} is no function of sympy; give an expression")
    if isinstance(result, sympy.MatrixBase):
        result = tuple(result)
    single = not isinstance(result, (tuple, list, sympy.Tuple))
    return Symbolic(symbols, tuple(map(sympy.sympify, [result] if single else result)), single)


def _symbols_for(
    function: Callable[..., object], names: Sequence[str] | None, arguments: int | None
) -> tuple[sympy.Symbol, ...]:
    """Symbols named like the arguments of a Python function."""
    import inspect

    if names is None:
        if arguments is None or not isinstance(function, type):
            try:
                names = list(inspect.signature(function).parameters)
            except ValueError:
                names = None
        if names is None or (arguments is not None and len(names) != arguments):
            names = [f"x{k}" for k in range(arguments or 1)]
    return tuple(sympy.Symbol(name, real=True) for name in names)
