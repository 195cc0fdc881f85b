"""The command: words to files, errors to one line and an exit code."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Never

import numpy as np

from .._base.version import __version__
from ._arguments import chunks_of, parsed
from ._files import check_free, kind_of, read, write
from ._flags import in_flags
from ._info import lines
from ._operators import computed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``gridgrad``.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words behind the command; those of the process by default.

    Returns
    -------
    int
        The exit code: 0 done, 1 a file cannot be read or written, 2 something that is refused, 130 interrupted;
        terminated, it raises SystemExit of 143.
    """
    given = parsed(arguments)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        return _info(given) if given.command == "info" else _operate(given, arguments)
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except ModuleNotFoundError as error:
        return _failed(f"{error.name} is needed, which is not installed: pip install 'gridgrad[cli]'", 1)
    except OSError as error:
        return _failed(str(error), 1)
    except Exception as error:  # the command line shows no traceback
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        return _failed(in_flags(f"{error}{notes}"), 2)
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(*_: object) -> Never:
    """Ended from outside: what was begun is removed on the way."""
    raise SystemExit(128 + signal.SIGTERM)


def _failed(text: str, code: int) -> int:
    print(f"gridgrad: {' '.join(text.split())}", file=sys.stderr)
    return code


def _info(given: Namespace) -> int:
    with read(Path(given.input), None, given.group) as data:
        text = "\n".join(lines(data))
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:  # who reads has enough, as ``head`` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _operate(given: Namespace, arguments: Sequence[str] | None) -> int:
    source, target = Path(given.input), Path(given.output)
    kind_of(target)
    check_free(target, given.overwrite)
    with read(source, chunks_of(given.chunks), given.group) as data:
        found = computed(data, given)
        command = shlex.join(["gridgrad", *(sys.argv[1:] if arguments is None else arguments)])
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}: {command} (gridgrad {__version__})"
        before = np.atleast_1d(data.attrs.get("history", [])).astype(str)
        found.attrs["history"] = "\n".join([line, *filter(None, before)])
        with _progress(given):
            write(found, target, given.overwrite)
    return 0


def _progress(given: Namespace) -> Any:
    """A bar on a terminal, where there are chunks to be counted."""
    if given.quiet or not given.chunks or not sys.stderr.isatty():
        return nullcontext()
    return import_module("dask.diagnostics").ProgressBar(out=sys.stderr)
