"""NPZ: NumPy arrays whose first axis are the samples."""

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from dynax.config.bounds import MAX_ENTRIES, check_memory, check_samples
from dynax.errors import UserError
from dynax.logs.recording import Recording, table


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of an NPZ file: its arrays of the most frequent length. Single numbers are left out.

    Raises:
        UserError: if the file is damaged, contains pickled objects, or has no arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {entry.filename.removesuffix(".npy"): _read(archive, entry) for entry in _columns(archive, path)}
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} is damaged or contains pickled objects: {' '.join(str(error).split())}") from None
    if not arrays:
        raise UserError(f"{path} contains no arrays of numbers")
    return [Recording(name, table(arrays))]


def _columns(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Return the arrays that are read. Only their headers are decompressed.

    Raises:
        UserError: if the arrays need more memory than there is.
    """
    shapes = {}
    for entry in archive.infolist():
        if entry.filename.endswith(".npy"):
            shape, dtype = _header(archive, entry)
            if shape and dtype.kind in "biuf" and math.prod(shape[1:]) <= MAX_ENTRIES:
                shapes[entry.filename] = entry, shape
    lengths = [shape[0] for _, shape in shapes.values()]
    length = max(set(lengths), key=lambda rows: (lengths.count(rows), rows), default=0)
    chosen = [(entry, shape) for entry, shape in shapes.values() if shape[0] == length]
    check_samples(str(path), length)
    check_memory(f"reading {path}", 16.0 * sum(math.prod(shape) for _, shape in chosen), "import a part of the log")
    return [entry for entry, _ in chosen]


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[tuple[int, ...], np.dtype]:
    """Return shape and dtype of an array."""
    with archive.open(entry) as stream:
        first = np.lib.format.read_magic(stream) == (1, 0)
        read_header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if any(type(size) is not int or size < 0 for size in shape):
            raise ValueError(f"the shape {shape} of {entry.filename} is not valid")
        return shape, dtype


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
