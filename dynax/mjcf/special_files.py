"""The check that a model file loads only regular files, because reading a pipe or a device would never end."""

import stat
from collections.abc import Collection
from pathlib import Path

from dynax.errors import UserError
from dynax.mjcf.referenced_files import References, base_name, fill_references


def check_regular_files(
    text: str, folder: Path, source: str, argument: str | None = None, assets: Collection[str] = ()
) -> None:
    """Raise UserError if a model file names a pipe, a socket or a device.

    A text that is not strict XML is checked as far as it is well-formed.

    Args:
        text: the model file.
        folder: its folder.
        source: the model, for error messages.
        argument: name of the argument at the beginning of `source`, if there is one.
        assets: names of files that MuJoCo does not read from the disk.
    """
    found, included = References([], [], []), set[Path]()
    fill_references(text, found)
    names = {base_name(name) for name in assets}
    for name in found.nested:  # the list grows during the loop
        for path in _places(name, [folder]):
            if base_name(name) not in names and _is_regular(path, name, source, argument) and path not in included:
                included.add(path)
                fill_references(path.read_text("utf-8", "replace"), found)
    folders = [folder, *(folder / subfolder for subfolder in found.folders)]
    for name in found.files:
        for path in _places(name, folders):
            if base_name(name) not in names:
                _is_regular(path, name, source, argument)


def _places(name: str, folders: list[Path]) -> list[Path]:
    """Return the paths where MuJoCo may look for a file. The option `strippath` removes the folders of the name."""
    return [folder / part for folder in folders for part in (name, base_name(name))]


def _is_regular(path: Path, name: str, source: str, argument: str | None) -> bool:
    """Return whether a path is a file. Raise UserError if it is neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # MuJoCo cannot read it, either
        return False
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UserError(f"{source} loads {name}, which is not a regular file: name another file", argument)
    return stat.S_ISREG(mode)
