"""Taking back directories that turned out not to be needed."""

import shutil
from pathlib import Path


def remove_if_only(folder: Path, *names: str) -> None:
    """Remove a folder that holds nothing but `names`, and what this leaves empty above it in the working directory.

    Never raises: it tidies up after something else has gone wrong.
    """
    try:
        if not {entry.name for entry in folder.iterdir()} <= set(names) or Path.cwd().is_relative_to(folder):
            return
        shutil.rmtree(folder)
        for parent in folder.parents:
            if parent == Path.cwd() or not parent.is_relative_to(Path.cwd()):
                return
            parent.rmdir()
    except OSError:
        pass
