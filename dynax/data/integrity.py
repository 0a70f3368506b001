"""The files of a dataset compared with the SHA-256 in its manifest."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dynax.data.manifest import ADVICE, FILE
from dynax.errors import UserError
from dynax.runs.hashes import file_names, sha256

OPTIONAL = {"warmstart.json"}  # files that a dataset may have beside its arrays
THREADS = 8  # hashing releases the interpreter lock

_checked: set[tuple[int, int, int, int, str]] = set()  # files that this process has compared, see `_key`


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below `folder`, except the manifest, by relative path."""
    names = [name for name in file_names(folder) if name != FILE]
    with ThreadPoolExecutor(THREADS) as threads:
        found = dict(zip(names, threads.map(lambda name: sha256(folder / name), names), strict=True))
    _checked.update(_key(folder / name, digest) for name, digest in found.items())
    return found


def check_names(path: Path, files: Mapping[str, str], arrays: Iterable[str]) -> None:
    """Raise `UserError` unless a dataset has exactly the files of its manifest, and they are all that it needs.

    Args:
        path: directory of the dataset.
        files: the files of the manifest.
        arrays: the files of its arrays.
    """
    needed, present = set(arrays), {name for name in file_names(path) if name != FILE}
    if missing := (needed | files.keys()) - present:
        raise _damaged(path, f"{min(missing)} is missing")
    if extra := (present | files.keys()) - needed - OPTIONAL:
        raise _damaged(path, f"{min(extra)} does not belong to it")
    if unlisted := present - files.keys():
        raise _damaged(path, f"{min(unlisted)} is not listed in {FILE}")


def check_files(path: Path, files: Mapping[str, str]) -> None:
    """Raise `UserError` unless files of a dataset have the SHA-256 of the manifest.

    A file is hashed once per process, and again if its size, its time of change or its place on the disk differs.
    """
    try:
        unchecked = {name: digest for name, digest in files.items() if _key(path / name, digest) not in _checked}
        with ThreadPoolExecutor(THREADS) as threads:
            found = threads.map(lambda name: sha256(path / name), unchecked)
        for (name, digest), actual in zip(unchecked.items(), found, strict=True):
            if actual != digest:
                raise _damaged(path, f"{name} does not match its SHA-256 in {FILE}")
            _checked.add(_key(path / name, digest))
    except OSError as error:
        raise UserError(
            f"the dataset {path} cannot be used: {error.filename} cannot be read ({error.strerror})"
        ) from None


def _key(file: Path, digest: str) -> tuple[int, int, int, int, str]:
    status = file.stat()
    return status.st_dev, status.st_ino, status.st_ctime_ns, status.st_size, digest


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(f"the dataset {path} is damaged: {reason}; {ADVICE}")
