"""`metrics.jsonl`: a line an epoch, complete up to the checkpoint a run continues from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynax.errors import UserError


class History:
    """The epochs of a run so far, in memory and on disk."""

    def __init__(self, path: Path, epoch: int):
        """Keep the file up to `epoch`, if any: what a killed run wrote after its last checkpoint happens again.

        Raises `UserError` where the file does not hold it.
        """
        self.path = path
        self.rows = _read(path, epoch) if epoch else []
        draft = path.with_name(f".{path.name}.partial")
        draft.write_text("".join(f"{json.dumps(row)}\n" for row in self.rows))
        draft.replace(path)

    def append(self, row: Mapping[str, Any]) -> None:
        self.rows.append(dict(row))
        with self.path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")


def _read(path: Path, epoch: int) -> list[dict[str, Any]]:
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise UserError(f"{path} is damaged: {error}") from None
        if rows[-1].get("epoch") == epoch:
            return rows
    raise UserError(f"{path} is damaged: it has no epoch {epoch}, which is that of the checkpoint")
