"""The file `metrics.jsonl`: one JSON object per epoch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynax.errors import UserError
from dynax.runs.files import write_text


class History:
    """The metrics of the completed epochs, in memory and in a file.

    Args:
        path: the file.
        epoch: last epoch to keep. Later lines, which a killed run wrote after its last checkpoint, are deleted.

    Raises:
        UserError: if the file does not contain `epoch`.
    """

    def __init__(self, path: Path, epoch: int):
        self.path = path
        self.rows = _read(path, epoch) if epoch else []
        write_text(path, "".join(f"{json.dumps(row)}\n" for row in self.rows))

    def append(self, row: Mapping[str, Any]) -> None:
        """Add the metrics of one epoch."""
        self.rows.append(dict(row))
        with self.path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")


def _read(path: Path, epoch: int) -> list[dict[str, Any]]:
    """Return the rows up to and including `epoch`."""
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise UserError(f"{path} is damaged: {error}") from None
        if rows[-1].get("epoch") == epoch:
            return rows
    raise UserError(f"{path} is damaged: the checkpoint has epoch {epoch}, but the file does not")
