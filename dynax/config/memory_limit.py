"""A limit of this process's memory, for libraries whose needs cannot be estimated before they allocate."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dynax.config.bounds import available_memory
from dynax.errors import UserError


@contextmanager
def limited_memory(subject: str, advice: str) -> Iterator[None]:
    """Let the block use the memory that the machine has, and no more. Without a limit, Linux would end the process.

    Args:
        subject: the subject of the message, such as `reading log.csv`.
        advice: the remedy, as an imperative sentence.

    Raises:
        UserError: if the block needs more memory.
    """
    available = available_memory()
    try:
        with _limited(used_for_data() + available):
            yield
    except MemoryError:
        raise UserError(
            f"{subject} needs more memory than the {available / 1e9:.3g} GB that are available: {advice}"
        ) from None


@contextmanager
def _limited(most: float) -> Iterator[None]:
    """Limit the memory for data to `most` bytes within the block, where the system has such a limit."""
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (int(most), hard))
    except (ImportError, ValueError, OSError, OverflowError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def used_for_data() -> int:
    """Return the memory in bytes that this process has for data, or 0 if the system does not report it."""
    with suppress(OSError):
        found = re.search(r"^VmData:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        return 1024 * int(found[1]) if found else 0
    return 0
