"""The log file of a run."""

import logging
import sys
from pathlib import Path

from dynax.runs.disk import disk_full_error, is_full


class LogFile(logging.FileHandler):
    """A log file. A full disk ends the run, as it does for every other file."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message, unless the run directory does not belong to the job yet.

        Libraries write messages before that with `hydra.verbose=true`. Standard error contains them.
        """
        if self.stream is not None or Path(self.baseFilename).with_name(".hydra").exists():
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Raise `DiskFullError` if the disk is full; otherwise, print the error as `logging` does."""
        error = sys.exc_info()[1]
        if error is not None and is_full(error):
            raise disk_full_error(Path(self.baseFilename), None) from error
        super().handleError(record)
