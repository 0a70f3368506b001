"""Paths for Orbax and TensorStore, which read some characters in a name as a pattern or a separator.

They also remove `..` together with the name before it, even if that name is a link to a place elsewhere.
"""

import atexit
import functools
import os
import re
import shutil
import tempfile
from pathlib import Path

SPECIAL = re.compile(r"[*?\[\\:]")  # `[`, `*` and `?` of patterns, `\` as a separator, `gs:` of a cloud


def plain_path(path: Path) -> Path:
    """Return a path of the same file or directory without special characters, for the rest of this process.

    It leads through a temporary link to the parent directory, if that is necessary. With the path itself, Orbax finds
    no arrays in `lr=[0.1]` and writes an empty checkpoint without an error, and TensorStore writes the files of `a\\b`
    into `a/b`.

    Args:
        path: the path. Its last part must not have special characters.
    """
    if ".." in path.parts:
        path = path.resolve()
    if not SPECIAL.search(str(path.parent)):
        return path
    return _link(path.parent.absolute(), os.getpid()) / path.name


@functools.cache
def _link(folder: Path, process: int) -> Path:
    """Return a link to a directory, which need not exist yet. The process removes the link when it ends."""
    place = Path(tempfile.mkdtemp(prefix="dynax-"))
    atexit.register(_remove, place, process)
    link = place / "link"
    link.symlink_to(folder, target_is_directory=True)
    return link


def _remove(place: Path, process: int) -> None:
    if os.getpid() == process:  # not in a forked process
        shutil.rmtree(place, ignore_errors=True)
