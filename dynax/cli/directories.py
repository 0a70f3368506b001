"""The directories that commands write to, and the additions of this process."""

import shutil
from contextlib import suppress
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

DATASETS = Path("outputs", "datasets")  # relative to the working directory

_created: list[Path] = []  # directories that this process has created, parents first


def run_directory() -> Path:
    """Return the directory of the current job."""
    return Path(HydraConfig.get().runtime.output_dir)


def create(folder: Path) -> None:
    """Create a directory with its missing parents, and record those that this process has created.

    The function never raises OSError: Hydra creates the directory again, and reports the error.
    """
    folder = folder.absolute()
    for path in (*reversed(folder.parents), folder):
        with suppress(OSError):
            path.mkdir()  # fails if the directory exists, so that a directory has one creator
            _created.append(path)


def is_created(folder: Path) -> bool:
    """Return whether this process has created a directory."""
    return folder.absolute() in _created


def remove_empty() -> None:
    """Remove the directories that this process has created and that are empty."""
    for path in reversed(_created):
        with suppress(OSError):
            path.rmdir()


class Additions:
    """The entries that this process adds to a directory.

    Args:
        folder: the directory, before this process writes to it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._before = _names(folder)

    def discard(self, *names: str) -> None:
        """Remove the new entries `names`, unless there are other new entries, which may be valuable.

        The function is called while another error is handled, so it never raises OSError.
        """
        new = _names(self.folder) - self._before
        if new <= set(names):
            for path in (self.folder / name for name in new):
                with suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _names(folder: Path) -> set[str]:
    """Return the names of the entries of a directory, or an empty set if it cannot be read."""
    try:
        return {entry.name for entry in folder.iterdir()}
    except OSError:
        return set()
