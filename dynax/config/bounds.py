"""Upper bounds of sizes, and the memory that this process may use.

The bounds are far above useful values. They keep a wrong number from tracing a network for hours or from allocating all
memory; the estimate of the memory then decides.
"""

import os
from pathlib import Path

from dynax.errors import UserError

MAX_TRAJECTORIES = 10_000_000
MAX_STEPS = 10_000_000  # control steps of a trajectory
MAX_SAMPLES = 100_000_000  # rows of a recording
MAX_ENTRIES = 10_000  # numbers in each row of an array; an image has more
MAX_SECONDS = 1e6  # of a trajectory
MAX_EPOCHS = 1_000_000
MAX_SEED = 2**63 - 1
MAX_WIDTH = 2**16  # units of a layer
MAX_LAYERS = 100
MAX_HISTORY = 10_000  # control steps
MAX_ENSEMBLE = 1_000
MAX_SHARDS = 4096  # of a batch
MAX_RATE = 1e6  # learning rates, noise and other factors

_CGROUP_FILES = (  # limit and usage, version 2 and version 1
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def check_memory(subject: str, needed: float, advice: str) -> None:
    """Raise UserError if something needs more memory than this process may still use.

    Args:
        subject: the subject of the sentence, such as `a dataset of 10 trajectories`.
        needed: the estimated memory, bytes.
        advice: the options to decrease.
    """
    available = available_memory()
    if needed > available:
        raise UserError(
            f"{subject} needs about {needed / 1e9:,.3g} GB of memory, but {available / 1e9:.3g} GB are available: "
            f"{advice}"
        )


def check_samples(subject: str, samples: int) -> None:
    """Raise UserError if a recording has more samples than any machine logs."""
    if samples > MAX_SAMPLES:
        raise UserError(f"{subject} has {samples:,} samples, more than {MAX_SAMPLES:,}: import a part of the log")


def available_memory(root: Path = Path("/")) -> float:
    """Return the memory in bytes that this process may still use, on the machine and in its control group.

    Args:
        root: the root of the file system, for tests.
    """
    return min([_free_memory(root), *_free_in_cgroup(root / "sys" / "fs" / "cgroup")])


def _free_memory(root: Path) -> float:
    """Return the free memory of the machine; where the system does not tell, its physical memory or no limit."""
    try:
        lines = (root / "proc" / "meminfo").read_text().splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _free_in_cgroup(folder: Path) -> list[float]:
    """Return the memory that is left in the control group, if it has a limit. Its file cache counts as free."""
    for limit, usage in _CGROUP_FILES:
        try:
            most = (folder / limit).read_text().strip()
            if most != "max":
                cache = _file_cache((folder / limit).with_name("memory.stat"))
                return [max(0.0, float(most) - float((folder / usage).read_text()) + cache)]
        except (OSError, ValueError):
            continue
    return []


def _file_cache(path: Path) -> float:
    try:
        rows = dict(line.split() for line in path.read_text().splitlines())
        return float(rows.get("inactive_file", 0))
    except (OSError, ValueError):
        return 0.0
