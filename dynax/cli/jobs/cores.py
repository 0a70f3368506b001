"""Separate cores for the workers of a sweep.

XLA passes each operation from one thread to another, and waits if another process occupies that thread's core. Two
trainings that shared two cores therefore took ten times as long as two trainings with one core each.
"""

import multiprocessing
import os
from collections.abc import Sequence

from hydra.core.hydra_config import HydraConfig

from dynax.cli.jobs import outcomes


def use_own_cores() -> None:
    """Restrict a worker of the joblib launcher to its own cores, if the operating system supports that.

    Call the function before JAX is imported. It does nothing if the user has set PJRT_NPROC.
    """
    if not hasattr(os, "sched_setaffinity") or outcomes.is_parent() or "PJRT_NPROC" in os.environ:
        return
    jobs = HydraConfig.get().launcher.get("n_jobs") or 1
    numbers = multiprocessing.current_process()._identity  # pyright: ignore[reportAttributeAccessIssue] counted from 1
    if jobs != 1 and numbers:
        cores = cores_of_worker(sorted(os.sched_getaffinity(0)), jobs, numbers[-1] - 1)
        os.sched_setaffinity(0, cores)
        os.environ["PJRT_NPROC"] = str(len(cores))


def cores_of_worker(cores: Sequence[int], workers: int, worker: int) -> Sequence[int]:
    """Return the cores of one worker.

    Args:
        cores: All cores of the machine.
        workers: Number of workers. As in joblib, -1 means one worker per core, -2 one worker less, and so on.
        worker: Number of the worker, from 0. A replacement of a dead worker has a number of `workers` or more.
    """
    workers = workers if workers > 0 else max(1, len(cores) + 1 + workers)
    size = max(1, len(cores) // workers)
    first = worker * size % (len(cores) // size * size)
    return cores[first : first + size]
