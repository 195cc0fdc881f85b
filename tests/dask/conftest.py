"""Tasks one after the other, and those of files counted; they fail where a test asks for it."""

import pytest


@pytest.fixture
def synchronous():
    dask = pytest.importorskip("dask")
    with dask.config.set(scheduler="synchronous"):
        yield


class Tasks:
    """The chunks that were made, and how many there may be before tasks fail."""

    def __init__(self):
        self.made, self.most = [], None


@pytest.fixture
def tasks(monkeypatch):
    from gridgrad.dask import _job

    run, own = _job.Job.run, Tasks()

    def counted(job, number):
        if own.most is not None and len(own.made) >= own.most:
            raise RuntimeError("out of luck")
        own.made.append(number)
        run(job, number)

    monkeypatch.setattr(_job.Job, "run", counted)
    return own
