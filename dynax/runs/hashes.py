"""The files of a directory and their SHA-256."""

import hashlib
from pathlib import Path

from dynax.errors import UserError


def file_names(folder: Path) -> list[str]:
    """Return the relative paths of all files below `folder`, sorted.

    Raises:
        UserError: if there is a link or a special file, which could lead outside or block a reader.
    """
    names = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UserError(f"{path} is a link or a special file: only regular files are allowed here")
        if path.is_file():
            names.append(path.relative_to(folder).as_posix())
    return names


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
