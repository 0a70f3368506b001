"""Folders that are never free for results: those inside a run, a dataset, a checkpoint or a saved model."""

import os
from pathlib import Path

from dynax.errors import UserError

_RUN = ("summary.json", ".lock", "checkpoints", "dynax.log")  # a run has `.hydra` and at least one of these entries
_SAVED = ("run.json", "manifest.json")  # a checkpoint or a saved model has all these entries


def check_given(option: str, folder: object) -> None:
    """Raise UserError unless an option is the path of a folder.

    Args:
        option: the name of the option.
        folder: its value. An empty text would be the working directory.
    """
    if not isinstance(folder, str) or not folder.strip():
        value = "null" if folder is None else folder
        raise UserError(f"{option}={value} is not the path of a folder: write {option}=path/to/folder, or remove it")


def check_outside(option: str, folder: Path, *, itself: bool = False) -> None:
    """Raise UserError if a folder is inside a run, a dataset, a checkpoint or a saved model.

    Args:
        option: the option that sets the folder.
        folder: the folder, which need not exist.
        itself: whether the folder itself must not be one of these either.
    """
    place = Path(os.path.realpath(folder))
    for path in [place] * itself + list(place.parents):
        if kind := _kind(path):
            where = f"is a {kind}" if path == place else f"is inside the {kind} {path}"
            raise UserError(f"{option}={folder} {where}: choose another {option}, outside of it")


def _kind(folder: Path) -> str | None:
    """Return the kind of a folder, or None if results may be in it. A folder that cannot be read has no kind."""
    if _has(folder, ".hydra") and any(_has(folder, name) for name in _RUN):
        return "run"
    if _has(folder, "qpos/zarr.json"):
        return "dataset"
    return "checkpoint or saved model" if all(_has(folder, name) for name in _SAVED) else None


def _has(folder: Path, name: str) -> bool:
    return os.path.lexists(folder / name)
