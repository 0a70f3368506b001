"""`metrics.jsonl`: a line an epoch, complete up to the checkpoint a run continues from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynax.errors import UserError


class History:
    """The epochs of a run so far, in memory and on disk."""

    def __init__(self, path: Path, epochs: int):
        """Keep the first `epochs` epochs of the file: what a killed run wrote after its last checkpoint happens again.

        Raises `UserError` where the file does not hold them.
        """
        self.path = path
        lines = path.read_text().splitlines()[:epochs] if epochs else []
        self.rows = _read(path, lines)
        if len(lines) < epochs:
            raise UserError(f"{path} is damaged: it has {len(lines)} of the {epochs} epochs of the checkpoint")
        draft = path.with_name(f".{path.name}.partial")
        draft.write_text("".join(f"{line}\n" for line in lines))
        draft.replace(path)

    def append(self, row: Mapping[str, Any]) -> None:
        self.rows.append(dict(row))
        with self.path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")


def _read(path: Path, lines: list[str]) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise UserError(f"{path} is damaged: {error}") from None
