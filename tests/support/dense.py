"""Solves of small systems by LAPACK, from the matrix of an operator and nothing else of it."""

import numpy as np

from gridgrad._operators.solving.solver import inverse_of


def inverse_matrix(A):
    """What maps right-hand sides to solutions, of flat fields: 0 at points that are held, and of mean 0 where the operator makes 0 of constants."""
    free = A.unknowns.ravel()
    own = A.to_sparse().toarray()[np.ix_(free, free)]
    sizes = abs(own).sum(axis=1)
    found = np.zeros((free.size, free.size))
    if (abs(own.sum(axis=1)) <= 1e-12 * sizes).all():
        weights = np.asarray(A.grid.measure).ravel() / A.grid.measure.sum()
        mean = np.outer(np.ones(free.size), weights)
        return np.linalg.solve(own + sizes.max() * mean, np.eye(free.size) - mean)
    found[np.ix_(free, free)] = np.linalg.inv(own)
    return found


def residual(A, u, b):
    """Relative to the sizes of what is added, in units of the rounding of float64; by SciPy's matrix, not by the operator."""
    matrix, free = A.to_sparse(), A.unknowns.ravel()
    rest = b.ravel() - np.ravel(A(np.zeros(A.grid.shape))) - matrix @ u.ravel()
    norm = abs(matrix[free]).sum(axis=1).max()
    return abs(rest[free]).max() / (norm * abs(u).max() + abs(b).max()) / np.finfo(np.float64).eps


def check(A, rng, way):
    """Solves of one operator in this way, and what they promise, against the dense inverse, whose rounding is the bound."""
    grid, linear, free = A.grid, A.linear, np.asarray(A.unknowns)
    assert repr(A.solver()).endswith((f": {way}>", f": {way}, refined>")), repr(A.solver())
    inverse, solver = inverse_matrix(A), linear.solver()
    batch = np.stack([np.array(linear(f * free)) for f in rng.standard_normal((3, *grid.shape))])
    want = (batch.reshape(3, -1) @ inverse.T).reshape(batch.shape)
    sizes = abs(A.to_sparse()).sum(axis=1).max() * abs(want).max() + abs(batch).max()
    bound = 64 * np.finfo(np.float64).eps * np.linalg.norm(inverse, np.inf) * sizes
    found = solver(batch)
    assert np.abs(found - want).max() <= bound
    for b, u in zip(batch, found, strict=True):
        assert residual(linear, u, b) < 32
        target = np.full(grid.shape, np.nan)
        assert solver(b, out=target) is target
        for other in (target, solver(np.asfortranarray(b)), solver(b - 2j * b).real):
            assert np.abs(other - u).max() <= bound
        assert np.abs(solver(b.astype(np.float32)) - u).max() <= bound * 2.0**29
    b = batch[0] + np.asarray(A.offset)
    assert residual(A, A.solve(b), b) < 32
    transposed = inverse_of(linear, None, {}).transposed()
    v = rng.standard_normal(grid.shape)
    want = inverse.T @ v.ravel()
    bound = (
        64 * np.finfo(np.float64).eps * np.linalg.norm(inverse, 1) * sizes / abs(batch).max() * abs(v).max()
    )
    assert np.abs(transposed(v).ravel() - want).max() <= bound * np.linalg.norm(inverse, 1)
    again = transposed.transposed()
    assert np.abs(again(batch[0]) - found[0]).max() <= 1e-11 * np.abs(found[0]).max()
