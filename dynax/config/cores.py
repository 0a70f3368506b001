"""The cores that a process may use."""

import math
import os
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Return the number of cores that the affinity and the control group of this process allow, at least 1.

    Args:
        root: the root of the file system, for tests.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_cgroup_cores(root / "sys" / "fs" / "cgroup")]))


def _cgroup_cores(folder: Path) -> list[int]:
    """Return the cores that the control group may keep busy, rounded up, if it has a limit (version 2, version 1)."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota, period = ((folder / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        except OSError:
            return []
    try:
        return [math.ceil(float(quota) / float(period))] if float(quota) > 0 else []
    except (ValueError, ZeroDivisionError):  # "max": no limit
        return []
