"""`metrics.jsonl`: a line an epoch, complete up to the checkpoint a run continues from."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class History:
    """The epochs of a run so far, in memory and on disk."""

    def __init__(self, path: Path, epochs: int):
        """Keep the first `epochs` epochs of the file: what a killed run wrote after its last checkpoint happens again."""
        self.path = path
        lines = path.read_text().splitlines()[:epochs] if epochs else []
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        draft = path.with_name(f".{path.name}.partial")
        draft.write_text("".join(f"{line}\n" for line in lines))
        os.replace(draft, path)

    def append(self, row: Mapping[str, Any]) -> None:
        self.rows.append(dict(row))
        with self.path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
