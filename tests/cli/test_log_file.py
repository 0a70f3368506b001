"""The log file: a full disk is an error of the run."""

import contextlib
import logging
import sys
from pathlib import Path

import pytest

from dynax.cli.errors.report import report
from dynax.cli.log_file import LogFile
from dynax.errors import DiskFullError


@pytest.fixture
def logger():
    logger = logging.Logger("test")
    yield logger
    for handler in logger.handlers:
        with contextlib.suppress(OSError):  # the rest of the buffer has no place
            handler.close()


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
def test_a_full_disk_ends_the_run(logger):
    logger.addHandler(LogFile("/dev/full"))
    with pytest.raises(DiskFullError, match="the disk is full: /dev/full cannot be written"):
        logger.info("a line")


def test_other_errors_are_printed(logger, tmp_path, capsys):
    logger.addHandler(LogFile(tmp_path / "dynax.log"))
    logger.info("%d", "no number")
    assert "TypeError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "path"),
    [
        (DiskFullError("the disk is full: /x"), "/x"),
        (OSError(28, "No space left on device", "/x"), "/x"),
        (OSError(28, "No space left on device"), "/run"),
    ],
)
def test_a_full_disk_is_one_line_with_a_path(error, path, capsys):
    assert report(error, log=Path("/run/dynax.log")) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"dynax: failed: the disk is full: {path}")
