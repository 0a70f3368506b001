"""The end of the workers of a sweep whose parent was killed."""

import os
import signal
import threading
import time

INTERVAL = 0.5  # time between two looks at the parent, s
PATIENCE = 10.0  # time in which a worker can save a checkpoint, s
_NAME = "dynax-parent"  # of the thread


def end_with_parent() -> None:
    """Stop this worker as SIGTERM does once its parent no longer exists. A training then saves a checkpoint."""
    if not any(thread.name == _NAME for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(os.getppid(),), name=_NAME, daemon=True).start()


def _watch(parent: int) -> None:
    """Wait for the end of the process `parent`. Then end this process."""
    while os.getppid() == parent:
        time.sleep(INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(128 + signal.SIGTERM)
