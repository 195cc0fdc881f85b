"""`A.solve` and `A.solver`: the equation of an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._backends.once import left_out
from .._base.errors import MISSING
from .._base.late import Late
from .._base.words import answering, offered_as
from .on_fields import refuse

if TYPE_CHECKING:
    from .solving import iterative
    from .solving import solver as solving
else:
    iterative, solving = map(
        Late, ("gridgrad._operators.solving.iterative", "gridgrad._operators.solving.solver")
    )


class Solves:
    """The ways in which what an operator is applied to is found from what it gives."""

    @offered_as("Operator.solve")
    @left_out("solves")
    def solve(
        self: solving.Solvable, b: object = MISSING, *others: object, out: object = None, method: str | None = None, rtol: float | None = None,
        maxiter: int | None = None, **walls: object,
    ) -> Any:  # fmt: skip
        """The field u with ``A(u) = b``.

        Multiples of ``grid.identity`` plus second derivatives with constant factors are solved by transforms of each axis
        (FFT, cosine, sine, or eigenvectors), where its ends allow it, and so are sums of products of these on two axes or more.
        With factors that vary along one axis, as ``1/r**2`` or ``diffuse(k)`` with k(r), or any rows along it, as beside poles
        and at one-sided ends, the other axes are transformed, and there are three diagonals along that one, or LU factors of a
        few. All other operators are solved by LU factors of their matrix. Steps may be even but for rounding (`numpy.linspace`).
        Both are kept for the next call, as long as coefficients have the same values; `solver` keeps them as long as you do.

        Parameters
        ----------
        b : field of the operator's output form, in [f]/[x]^n
            An array of shape ``(..., *grid.shape)``: other axes are batches. Vector fields as in calls.
        out : array or nested sequence of arrays, optional
            Where the result goes, and what is then returned.
        method : None, "direct", "cg", "bicgstab", "gmres" or "lgmres"
            None is as above, "direct" always LU factors. The others are SciPy's iterations with the operator itself,
            without a matrix: "cg" for operators that are definite and symmetric, weighted with ``grid.measure``;
            on a terminal they show their progress.
        rtol, maxiter : float and int, optional
            Of iterations: the residual at which they end, relative to b, 1e-10 by default; how many at most.
        **walls
            What is prescribed at walls, by the names that it was given: ``A.solve(b, inflow=v)``.

        Returns
        -------
        field of the operator's input form
            In the library of b (NumPy, PyTorch on a CPU, JAX; CuPy with transforms), differentiable there by b and by
            prescribed values. Floating and complex dtypes are kept, integers become float64; everything is computed in
            double precision and rounded once. Prescribed boundary values are part of the operator: ``A(u)`` is b. Points
            whose value is prescribed (`value` at ``wall="point"``) have it in u; their equations are left out, whatever
            b has there.

        Raises
        ------
        ValueError
            Operators that are singular, or not square; a right-hand side without a solution; a wrong shape; an
            unknown method; units; iterations that do not come to their end.
        TypeError
            Operators that are not linear; a wrong dtype or library; masked arrays.

        Notes
        -----
        Where no value is prescribed (periodic axes, walls without flux) the operator gives 0 for constants, and b has a
        solution only if its mean, weighted with ``grid.measure``, is 0 to rounding; u is then the solution with mean 0. The
        same holds for each component of a vector field. A NaN in b spoils its own field, but no other field of a batch.

        Examples
        --------
        >>> import numpy as np
        >>> import gridgrad as gg
        >>> grid = gg.Grid((5, 1.0), boundary=[(gg.value(0.0), gg.value(16.0))])
        >>> grid.laplacian.solve(np.full(5, 2.0)).round(12)
        array([ 0.,  1.,  4.,  9., 16.])
        """
        if others or b is MISSING:
            refuse("Operator.solve", (b, *others), 'A.solve(b, out=u, method="cg")', walls, b=b)
        kept = solving.kept_solver(self, method, iterative.given_limits(rtol=rtol, maxiter=maxiter))
        return kept(b, out=out, **walls)

    @answering(field="a right-hand side goes to what is made, A.solver()(b), or A.solve(b): b rhs f out", rtol="tol eps", method="solver", maxiter="max_iter niter")  # fmt: skip
    @left_out("solves")
    def solver(self: solving.Solvable, method: str | None = None, *, rtol: float | None = None, maxiter: int | None = None) -> solving.Solver:  # fmt: skip
        """The solver of this operator: everything that does not depend on the right-hand side, made once.

        Parameters
        ----------
        method, rtol, maxiter
            As in `solve`, whose errors are raised here.

        Returns
        -------
        Solver
            ``solver(b, out=None, **walls)`` is as ``A.solve(b, out=out, **walls)``, with the coefficients of this moment.

        Examples
        --------
        >>> import numpy as np
        >>> import gridgrad as gg
        >>> grid = gg.Grid((64, 0.1), (64, 0.1), boundary="symmetric")
        >>> step = (grid.identity - 0.5 * grid.laplacian).solver()  # heat, implicit, no flux at the walls
        >>> u = np.pad(np.ones((10, 10)), 27)
        >>> for _ in range(10):
        ...     u = step(u)
        >>> float(u.sum().round(9))  # nothing is lost
        100.0
        """
        return solving.Solver(self, method, **iterative.given_limits(rtol=rtol, maxiter=maxiter)).made()
