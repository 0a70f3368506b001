"""Sealed directories: arrays, files and `run.json`, checked by SHA-256 when they are read.

    <path>/
        <name>/         a pytree of arrays
        <file>          other content, such as `robot.xml` or `assets/arm.stl`
        run.json        format, versions and information about the run
        manifest.json   SHA-256 of every file above

A sealed directory appears complete, because it is written under a hidden name and renamed. Before that, its arrays are
read back and compared. Orbax does not detect a flipped bit and describes a truncated file at length, so the manifest is
checked first. The files in the directory must be exactly those of the manifest.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxtyping import PyTree

from dynax.errors import RunError, UserError
from dynax.runs.arrays import size_in_bytes, write_tree
from dynax.runs.disk import check_room, disk_full_as_error
from dynax.runs.files import replacing_directory, write_json
from dynax.runs.hashes import file_names, sha256
from dynax.runs.info import SavedInfo
from dynax.runs.json_files import read_json, read_text
from dynax.runs.provenance import provenance

FORMAT = 3
DAMAGED = "the checkpoint is damaged"
MANIFEST = "manifest.json"


def write(path: Path, trees: Mapping[str, PyTree], files: Mapping[str, bytes], info: Mapping[str, Any]) -> None:
    """Write the sealed directory `path`.

    Args:
        path: the directory; an older one with this name is replaced.
        trees: pytrees of arrays, by name.
        files: content of other files, by path below `path`.
        info: content of `run.json`; format and versions are added.

    Raises:
        DiskFullError: if the disk is full.
        RunError: if the files on the disk differ from the content that was written.
    """
    needed = size_in_bytes(trees) + sum(map(len, files.values()))
    check_room(path, needed)
    with disk_full_as_error(path, needed), replacing_directory(path) as draft:
        for name, tree in trees.items():
            write_tree(draft / name, tree)
        for name, content in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        write_json(draft / "run.json", {**info, "format": FORMAT, **provenance()})
        digests = {name: sha256(draft / name) for name in file_names(draft)}
        if any(digests[name] != hashlib.sha256(content).hexdigest() for name, content in files.items()):
            raise RunError(f"the files in {draft} differ from the content that was written: the disk is not reliable")
        write_json(draft / MANIFEST, digests)


def is_sealed(path: Path) -> bool:
    """Return whether `path` is a sealed directory, damaged or not. A dataset has a manifest, but no `robot.xml`."""
    return (path / "run.json").is_file() or ((path / MANIFEST).is_file() and (path / "robot.xml").is_file())


def verify(path: Path) -> None:
    """Raise `UserError` unless the sealed directory has exactly the files and the content that were written."""
    read_info(path)
    listed = read_json(path / MANIFEST, dict[str, str], DAMAGED)
    present = {name for name in file_names(path) if name != MANIFEST}
    for name in sorted(listed.keys() - present):
        raise UserError(f"{DAMAGED}: {path / name} is missing")
    for name in sorted(present - listed.keys()):
        raise UserError(f"{DAMAGED}: {path / name} is not listed in {MANIFEST}: delete the file if it is not needed")
    for name, digest in listed.items():
        if sha256(path / name) != digest:
            raise UserError(f"{DAMAGED}: the SHA-256 of {path / name} differs from {MANIFEST}")


def read_info(path: Path, schema: Any = SavedInfo) -> dict[str, Any]:
    """Return the content of `run.json`.

    Args:
        path: the sealed directory.
        schema: the types of its keys.

    Raises:
        UserError: if the file has another format, or does not conform to `schema`.
    """
    file = path / "run.json"
    found = read_json(file, dict[str, Any], DAMAGED).get("format")
    if found != FORMAT:
        raise UserError(
            f"{path} has format {json.dumps(found)}, but this version of Dynax reads format {FORMAT}: "
            "train the model again, or read it with the version of Dynax that wrote it"
        )
    return read_json(file, schema, DAMAGED)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of all files below `folder`, by relative path; none if `folder` does not exist."""
    return {name: (folder / name).read_bytes() for name in file_names(folder)}


def read_text_file(file: Path) -> str:
    """Return the text of a file of a sealed directory."""
    return read_text(file, DAMAGED)
