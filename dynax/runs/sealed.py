"""Sealed directories: arrays, files and `run.json`, checked by SHA-256 when they are read.

    <path>/
        <name>/         a pytree of arrays
        <file>          other content, such as `robot.xml` or `assets/arm.stl`
        run.json        format, versions and information about the run
        manifest.json   SHA-256 of every file above

A sealed directory appears complete, because it is written under a hidden name and renamed. Orbax does not detect a
flipped bit and describes a truncated file at length, so the manifest is checked first.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxtyping import PyTree

from dynax.errors import UserError
from dynax.runs.arrays import write_tree
from dynax.runs.files import replacing_directory, write_json
from dynax.runs.provenance import provenance

FORMAT = 2


def write(path: Path, trees: Mapping[str, PyTree], files: Mapping[str, bytes], info: Mapping[str, Any]) -> None:
    """Write the sealed directory `path`.

    Args:
        path: the directory; an older one with this name is replaced.
        trees: pytrees of arrays, by name.
        files: content of other files, by path below `path`.
        info: content of `run.json`; format and versions are added.
    """
    with replacing_directory(path) as draft:
        for name, tree in trees.items():
            write_tree(draft / name, tree)
        for name, content in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        write_json(draft / "run.json", {"format": FORMAT, **info, **provenance()})
        write_json(draft / "manifest.json", {str(p.relative_to(draft)): _sha256(p) for p in _files(draft)})


def is_sealed(path: Path) -> bool:
    """Return whether `path` is a sealed directory, damaged or not."""
    return (path / "run.json").is_file()


def verify(path: Path) -> None:
    """Raise `UserError` unless every file of the sealed directory has the content that was written."""
    for name, digest in _read_json(path / "manifest.json").items():
        file = path / name
        if not file.is_file():
            raise UserError(f"the checkpoint is damaged: {file} is missing")
        if _sha256(file) != digest:
            raise UserError(f"the checkpoint is damaged: the SHA-256 of {file} differs from manifest.json")


def read_info(path: Path) -> dict[str, Any]:
    """Return the content of `run.json`; raise `UserError` for another format."""
    info = _read_json(path / "run.json")
    if info.get("format") != FORMAT:
        raise UserError(
            f"{path} has format {info.get('format')}, but this version of Dynax reads format {FORMAT}: "
            "train the model again, or read it with the version of Dynax that wrote it"
        )
    return info


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of all files below `folder`, by relative path; none if `folder` does not exist."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in _files(folder)}


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"the checkpoint is damaged: {path} cannot be read ({error})") from None
