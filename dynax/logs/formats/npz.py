"""NPZ: NumPy arrays whose first axis are the samples."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from dynax.config.bounds import check_memory
from dynax.errors import UserError
from dynax.logs.recording import Recording, table


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of an NPZ file: its arrays of the most frequent length. Single numbers are left out.

    Raises:
        UserError: if the file is damaged, contains pickled objects, or has no arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            check_memory(f"reading {path}", 2 * sum(entry.file_size for entry in entries), "import a part of the log")
            arrays = {entry.filename.removesuffix(".npy"): _read(archive, entry) for entry in entries}
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UserError(f"{path} is damaged or contains pickled objects: {' '.join(str(error).split())}") from None
    arrays = {key: array for key, array in arrays.items() if array.ndim and array.dtype.kind in "biuf"}
    lengths = [len(array) for array in arrays.values()]
    if not lengths:
        raise UserError(f"{path} contains no arrays of numbers")
    length = max(set(lengths), key=lengths.count)
    return [Recording(name, table({key: array for key, array in arrays.items() if len(array) == length}))]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
