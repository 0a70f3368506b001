"""NPZ: NumPy arrays whose first axis are the samples."""

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from dynax.config.bounds import check_memory, check_samples
from dynax.errors import UserError
from dynax.logs.recording import Recording, fault_of_array, fault_of_length, no_columns, table

MAX_HEADER = 10_000  # bytes; NumPy also limits headers of files that are not trusted


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of an NPZ file: its arrays of the most frequent length. Single numbers are left out.

    Raises:
        UserError: if the file is damaged or has no arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            chosen, unusable = _columns(archive, path)
            arrays = {name: _read(archive, entry) for name, entry in chosen.items()}
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    if not arrays:
        raise no_columns(path, unusable)
    return [Recording(name, table(arrays, name), unusable=unusable)]


def _columns(archive: zipfile.ZipFile, path: Path) -> tuple[dict[str, zipfile.ZipInfo], dict[str, str]]:
    """Return the arrays that are read, and a clause about each other array. Only their headers are decompressed.

    Raises:
        UserError: if the arrays need more memory than there is, or two of them have the same name.
    """
    shapes, unusable = {}, {}
    for entry in archive.infolist():
        if entry.filename.endswith(".npy"):
            name = entry.filename.removesuffix(".npy")
            if name in shapes or name in unusable:
                raise UserError(f"{path} contains two arrays called {name}: save the log again")
            shape, dtype = _header(archive, entry)
            if fault := fault_of_array(shape, dtype):
                unusable[name] = fault
            else:
                shapes[name] = entry, shape
    lengths = [shape[0] for _, shape in shapes.values()]
    length = max(set(lengths), key=lambda rows: (lengths.count(rows), rows), default=0)
    unusable |= {name: fault_of_length(shape[0], length) for name, (_, shape) in shapes.items() if shape[0] != length}
    chosen = {name: found for name, found in shapes.items() if name not in unusable}
    check_samples(str(path), length)
    numbers = sum(math.prod(shape) for _, shape in chosen.values())
    check_memory(f"reading {path}", 16.0 * numbers, "import a part of the log")
    return {name: entry for name, (entry, _) in chosen.items()}, unusable


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[tuple[int, ...], np.dtype]:
    """Return shape and dtype of an array."""
    with archive.open(entry) as stream:
        first = np.lib.format.read_magic(stream) == (1, 0)
        length = int.from_bytes(stream.read(2 if first else 4), "little")
        if length > MAX_HEADER:  # NumPy reads all of it
            raise ValueError(f"the header of {entry.filename} has {length:,} bytes, more than {MAX_HEADER:,}")
        stream.seek(np.lib.format.MAGIC_LEN)
        read_header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if any(type(size) is not int or size < 0 for size in shape):
            raise ValueError(f"the shape {shape} of {entry.filename} is not valid")
        return shape, dtype


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
