"""The file `metrics.jsonl`: one JSON object per epoch. A checkpoint contains its size and its SHA-256."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from dynax.errors import RunError, UserError
from dynax.runs.disk import disk_full_as_error
from dynax.runs.files import sync, write_text
from dynax.runs.info import Metrics
from dynax.runs.json_files import parse_json

FILE = "metrics.jsonl"
ADVICE = "restore the file from a copy, or start a new run"


class Row(TypedDict):
    """The metrics of one epoch; other keys are allowed."""

    epoch: int


class History:
    """The metrics of the completed epochs, in memory and in a file.

    Args:
        path: the file.
        part: the part of the file to keep, from the newest checkpoint; None for a new run. Later lines, which a killed
            run wrote after its last checkpoint, are deleted.
        schema: the type of a line.

    Raises:
        UserError: if the file does not contain this part, or if a line does not conform to `schema`.
    """

    def __init__(self, path: Path, part: Metrics | None = None, schema: Any = Row):
        self.path = path
        content = check(path, part) if part else b""
        lines = content.decode().splitlines()
        self.rows: list[dict[str, Any]] = [parse_json(line, schema, f"{path} is damaged: a line") for line in lines]
        write_text(path, content.decode())
        self._size = len(content)  # bytes in the file

    def append(self, row: Mapping[str, Any]) -> None:
        """Add the metrics of one epoch. On a full disk, the file keeps its complete lines.

        Raises:
            RunError: if another program has changed or deleted the file.
        """
        if not self.path.is_file() or self.path.stat().st_size != self._size:
            raise RunError(f"{self.path} was changed or deleted during the training: start a new run")
        with disk_full_as_error(self.path), self.path.open("ab", buffering=0) as stream:
            size, line = self._size, json.dumps(row).encode() + b"\n"
            self._size += len(line)
            try:
                while line:
                    line = line[stream.write(line) :]
            except OSError:
                os.ftruncate(stream.fileno(), size)
                self._size = size
                raise
        self.rows.append(dict(row))


def metrics_digest(path: Path) -> Metrics:
    """Return size and SHA-256 of the metrics that have been written; of nothing, if there is no file.

    The metrics are on the disk when the function returns.
    """
    content = b""
    if path.exists():
        sync(path)
        content = path.read_bytes()
    return Metrics(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def check(path: Path, part: Metrics) -> bytes:
    """Return the part of the metrics that a checkpoint refers to.

    Raises:
        UserError: if the file does not begin with this part.
    """
    if path.exists() and not path.is_file():  # reading a pipe would never end
        raise UserError(f"{path} is not a regular file; {ADVICE}")
    try:
        with path.open("rb") as stream:
            content = stream.read(min(part["size"], path.stat().st_size))  # a wrong size needs no memory
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) < part["size"]:
        raise UserError(f"{path} is damaged: it does not contain all epochs of the checkpoint; {ADVICE}")
    if hashlib.sha256(content).hexdigest() != part["sha256"]:
        raise UserError(f"{path} is damaged: its SHA-256 differs from that in the checkpoint; {ADVICE}")
    return content
