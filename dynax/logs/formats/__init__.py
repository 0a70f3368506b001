"""Formats of logs: one file per format, and the choice between them.

A reader takes a path and the name of the file in the source, and returns recordings.
"""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dynax.config.memory_limit import limited_memory
from dynax.errors import RunError, UserError
from dynax.logs.recording import Log, Recording
from dynax.runs.user_path import as_path

FILES = {  # suffix: module and format
    ".csv": ("csv", "CSV"),
    ".tsv": ("csv", "CSV"),
    ".parquet": ("parquet", "Parquet"),
    ".npz": ("npz", "NPZ"),
    ".hdf5": ("hdf5", "HDF5"),
    ".h5": ("hdf5", "HDF5"),
    ".mcap": ("rosbag", "MCAP"),
    ".db3": ("rosbag", "ROS 2 bag"),
}
FOLDERS = {  # a file that only folders of this format have: module and format
    "meta/info.json": ("lerobot", "LeRobot"),
    "metadata.yaml": ("rosbag", "ROS 2 bag"),
    "data/main_data.hdf5": ("hdf5", "Minari"),
    "main_data.hdf5": ("hdf5", "Minari"),
}


def read(source: Path) -> Log:
    """Read a log: a file, a folder in a format of its own, or all files in a folder that have a known suffix.

    Raises:
        UserError: if no format fits, a file cannot be read, or a package for the format is not installed.
    """
    as_path("source", source)
    if source.is_file():
        module, label = _format_of_file(source)
        return Log(source, label, _read(module, source, source.name), [source])
    if not source.is_dir():
        reason = "this is not a regular file" if source.exists() else "there is no such file or directory"
        raise UserError(f"source={source}: {reason}")
    for marker, (module, label) in FOLDERS.items():
        if (source / marker).is_file():
            files = _reader(module).files(source)
            return Log(source, label, _read(module, source, source.name), files)
    files = [path for path in sorted(source.iterdir()) if path.suffix.lower() in FILES and path.is_file()]
    if not files:
        raise UserError(
            f"source={source} contains no log: the formats are {', '.join(FILES)} and the folders of "
            "LeRobot, Minari and ROS 2"
        )
    for path in files:
        as_path("source", path)
    labels = sorted({_format_of_file(path)[1] for path in files})
    return Log(source, " and ".join(labels), list(_all(files)), files)


def _all(files: list[Path]) -> Iterator[Recording]:
    for path in files:
        yield from _read(_format_of_file(path)[0], path, path.name)


def _format_of_file(path: Path) -> tuple[str, str]:
    if path.suffix.lower() in FILES:
        return FILES[path.suffix.lower()]
    raise UserError(f"source={path}: the suffix {path.suffix or '(none)'} is not one of {', '.join(FILES)}")


def _read(module: str, path: Path, name: str) -> list[Recording]:
    """Call the reader of a format, and explain its errors.

    The sizes in the headers of a file are checked by its reader, but a damaged file contains more than they state.
    """
    reader: Callable[[Path, str], list[Recording]] = _reader(module).read
    try:
        with limited_memory(f"reading {path}", "import a part of the log"):
            recordings = reader(path, name)
    except (UserError, RunError):
        raise
    except ImportError as error:
        raise UserError(f"{path} needs the package {error.name}: run pip install 'dynax[logs]'") from None
    except OSError as error:
        reason = " ".join(str(error.strerror or error).split())[:200]
        problem = "is damaged" if error.errno is None else "cannot be read"  # PyArrow's errors have no number
        raise UserError(f"{path} {problem}: {reason}") from None
    except Exception as error:  # the packages raise errors of many classes
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{path} is damaged, or its content is not supported: {reason}") from error
    if not any(len(column.values) for recording in recordings for column in recording.columns.values()):
        raise UserError(f"{path} contains no samples: it must have columns of numbers with a row for each sample")
    return recordings


def _reader(module: str) -> Any:
    return importlib.import_module(f"dynax.logs.formats.{module}")
