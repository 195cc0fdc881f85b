"""A result that is not yet complete: a folder beside its place, where what is done is known after a kill."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from socket import gethostname

import numpy as np

from .._base.errors import ArgumentValueError
from .._base.types import Array

_NUMBER = np.dtype("<i8")


class Partial:
    """The folder ``TARGET.partial``: the arrays, logs of finished chunks, and a token of the call."""

    def __init__(self, target: Path) -> None:
        self.target, self.folder = target, target.with_name(f"{target.name}.partial")
        self.result, self.logs, self._token = (self.folder / name for name in ("result", "done", "call"))

    def begun(self, token: str, overwrite: bool) -> bool:
        """Whether this very call was begun before; what stands in its way is refused, or removed."""
        if self._token.exists() and not self.result.exists():  # killed after all was in its place
            shutil.rmtree(self.folder)
        if overwrite:
            if self._token.exists() and self._token.read_text() != token:
                shutil.rmtree(self.folder)
        elif self.target.exists():
            raise ArgumentValueError(f"{self.target} exists; give another target, or overwrite=True")
        elif self._token.exists() and self._token.read_text() != token:
            raise ArgumentValueError(
                f"{self.folder} is what another call has begun; finish that one, give another target, or overwrite=True"
            )
        if self._token.exists():
            return True
        shutil.rmtree(self.folder, ignore_errors=True)  # nothing that could be gone on with
        self.logs.mkdir(parents=True)
        return False

    def begin(self, token: str) -> None:
        """The arrays are there: from now on it can be gone on with."""
        new = self._token.with_suffix(".new")
        new.write_text(token)
        new.replace(self._token)

    def finished(self) -> Array:
        """The numbers of finished chunks."""
        logs = [path.read_bytes() for path in sorted(self.logs.iterdir())]
        whole = [log[: len(log) // _NUMBER.itemsize * _NUMBER.itemsize] for log in logs]
        return np.unique(
            np.concatenate([np.empty(0, _NUMBER), *(np.frombuffer(log, _NUMBER) for log in whole)])
        )

    def note(self, number: int) -> None:
        """A chunk is written: a record in the log of this process."""
        log = os.open(self.logs / f"{gethostname()}-{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(log, np.array(number, _NUMBER).tobytes())
        finally:
            os.close(log)

    def complete(self) -> None:
        """All at once in its place."""
        if self.target.exists():
            self.target.replace(self.folder / "replaced")
        self.result.replace(self.target)
        shutil.rmtree(self.folder)
