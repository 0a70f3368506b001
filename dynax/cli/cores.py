"""Workers of a sweep on one machine, each on cores of its own.

Two processes whose threads share cores hold each other up: XLA hands every operation from one thread to another, and
waits whenever the other one's core is taken. Two trainings on two cores so took ten times as long as with a core each.
"""

import multiprocessing
import os
from collections.abc import Sequence

from hydra.core.hydra_config import HydraConfig

from dynax.cli import results


def keep_to_share() -> None:
    """In a worker of joblib's launcher, before JAX is imported: run on this worker's cores alone, where the system can.

    Variables the user has set stand.
    """
    if not hasattr(os, "sched_setaffinity") or results.is_parent() or "PJRT_NPROC" in os.environ:
        return
    jobs = HydraConfig.get().launcher.get("n_jobs") or 1
    numbers = multiprocessing.current_process()._identity  # pyright: ignore[reportAttributeAccessIssue] counted from 1
    if jobs != 1 and numbers:
        cores = share(sorted(os.sched_getaffinity(0)), jobs, numbers[-1] - 1)
        os.sched_setaffinity(0, cores)
        os.environ["PJRT_NPROC"] = str(len(cores))


def share(cores: Sequence[int], workers: int, worker: int) -> Sequence[int]:
    """The cores of one of `workers` (negative: one less than that for each core, as joblib counts)."""
    workers = workers if workers > 0 else max(1, len(cores) + 1 + workers)
    size = max(1, len(cores) // workers)
    first = worker * size % (len(cores) // size * size)
    return cores[first : first + size]
