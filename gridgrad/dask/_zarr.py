"""`to_zarr`: operators applied to Zarr arrays, into Zarr arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from uuid import uuid4

import dask
import numpy as np
import zarr
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph

from .._backends.dask.gaps import with_gaps
from .._backends.dask.recipe import contents, recipe_of
from .._backends.dask.tasks import reference, task
from .._backends.dispatch import found
from .._base.types import Shape
from .._base.words import answering
from .._operators.operator import AnyOperator
from ._files import Source, check_outside, chunks_of, create, opened, place_of, state_of, targets
from ._job import Job, Part, wait_for
from ._partial import Partial
from ._request import Held, Repeated, Request, check_ends, forms_of, requests_of


@answering(
    operators="operator op func",
    source="input src f",
    target="path store output out dest",
    overwrite="mode overwrite_existing clobber force",
)
def to_zarr(
    operators: AnyOperator | Mapping[str, AnyOperator], source: Source | Sequence[Source], target: str | PathLike[str],
    *, overwrite: bool = False,
) -> None:  # fmt: skip
    """Apply operators to an array in a file, chunk by chunk, into another file.

    Parameters
    ----------
    operators : operator, or dict of them
        Of a `Grid` with the lengths of the array's axes (its last ones, unless it has `axes`): each one sweep,
        ``grid.gradient`` or ``grid.laplacian + grid.advect(v)``, but not ``A @ B``. Of a dict all are
        applied at once, and the array is read once.
    source : path or zarr.Array, or a sequence of them
        The field; of a vector field one array for each component, of one shape, dtype and chunks.
    target : path
        A new array, or for a dict of operators a new group with an array for each name. Components of a
        vector result lie along axis 0. Chunks are those of `source`, and so is compression where that is
        of format 3; results are.
    overwrite : bool
        Whether a target that exists is replaced, once the new one is complete, and what another call has begun is discarded.

    Raises
    ------
    ValueError
        The target exists, is no path on a disk, has the source in it, or another call has begun it; the grid does not fit the array; arrays of a
        vector field differ; no operators.
    TypeError
        What is no operator or one of several sweeps, units, coefficients of a wider dtype
        than the field, sizes of complex ones, arrays whose attributes say that they are packed or mark what is missing.

    Notes
    -----
    Each chunk is one task, which reads it with its neighbours' faces. Dask's scheduler runs them: under
    ``dask.diagnostics.ProgressBar()``, with ``dask.config.set(num_workers=...)``, or a ``distributed.Client``
    whose workers see the same paths. Memory is that of a few chunks for each worker, whatever the size of the
    file, and of at most 64 MiB of faces that a process keeps, so that a chunk is decoded twice and not once for
    each neighbour. The values have the bits of ``operator(f)``.

    What stands at `target` is always complete: until then it grows in a folder beside it, ``TARGET.partial``.
    Where the call was killed, the same call goes on with the chunks that are missing; of a source that has been written
    anew it is another call.

    Examples
    --------
    >>> import tempfile
    >>> import gridgrad as gg
    >>> import numpy as np
    >>> import zarr
    >>> from gridgrad.dask import to_zarr
    >>> folder = tempfile.mkdtemp()
    >>> f = np.random.default_rng(0).random((40, 30))
    >>> _ = zarr.save(f"{folder}/f.zarr", f)
    >>> grid = gg.Grid((40, 0.5), (30, 0.25), boundary="periodic")
    >>> to_zarr(grid.laplacian, f"{folder}/f.zarr", f"{folder}/laplacian.zarr")
    >>> np.array_equal(zarr.open(f"{folder}/laplacian.zarr")[:], grid.laplacian(f))
    True
    """
    place, arrays = place_of(target), opened(source)
    named = operators if isinstance(operators, Mapping) else {"": operators}
    check_outside(place, arrays)
    requests = requests_of(named, arrays[0].shape, arrays[0].dtype, len(arrays))
    chunks = chunks_of(arrays[0])
    files = [(str(a.store_path), a.shape, str(a.dtype), state_of(a)) for a in arrays]
    parts, inputs, told = _parts(requests, chunks, arrays)
    # of a dict Dask forgets the order
    token = tokenize(files, chunks, list(forms_of(requests).items()), told)
    partial = Partial(place)
    if not partial.begun(token, overwrite):
        create(partial, arrays[0], requests)
        partial.begin(token)
    _run(Job(parts, chunks, inputs, targets(partial, requests), partial))
    partial.complete()


def _parts(
    requests: Sequence[Request], chunks: tuple[Shape, ...], arrays: Sequence[zarr.Array]
) -> tuple[list[Part], list[zarr.Array | Held | Repeated], list[object]]:
    """What is made of the arrays and of coefficients behind them, and what it is named by."""
    parts: list[Part] = []
    inputs: list[zarr.Array | Held | Repeated] = [*arrays]
    told: list[object] = []
    for own in requests:
        recipe, stencils = recipe_of(own.call, found)
        if own.gaps is not None:
            recipe = with_gaps(recipe, own.gaps, len(arrays) + len(own.coefficients))
        spans = recipe.along(stencils, chunks)
        check_ends(own, spans)
        fields = list(range(len(arrays)))
        for k, walls in enumerate(own.held):
            if walls:
                fields[k] = len(inputs)
                inputs.append(Held(arrays[k], walls))
        behind = range(len(inputs), len(inputs) + len(own.coefficients))
        parts.append(Part(recipe, spans, (*fields, *behind)))
        inputs += own.coefficients
        told += [contents(recipe, stencils), [each.own for each in own.coefficients]]
        told += [[wall.told for wall in walls] for walls in own.held]
    return parts, inputs, told


def _run(job: Job) -> None:
    """All chunks that are not finished, by Dask."""
    every = job.reads.order()
    todo = every[~np.isin(every, job.partial.finished())].tolist()
    if todo:
        name = f"gridgrad-{uuid4().hex}"  # what is a call's own is nowhere kept
        shared = dask.delayed(job, name=f"{name}-job", traverse=False)
        # Dask begins with the last by name
        keys = [(name, f"{rest:010}") for rest in range(len(todo), 0, -1)]
        tasks = {
            key: task(key, Job.run, reference(shared.key), number)
            for key, number in zip(keys, todo, strict=True)
        }
        ends = task(f"{name}-end", wait_for, *map(reference, tasks))
        graph = HighLevelGraph.from_collections(name, tasks | {f"{name}-end": ends}, dependencies=[shared])
        Delayed(f"{name}-end", graph, layer=name).compute()
