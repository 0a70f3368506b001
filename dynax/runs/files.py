"""JSON files that are either whole or not there."""

import json
from pathlib import Path
from typing import Any


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` at once: a reader sees the old file or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.partial")
    draft.write_text(json.dumps(content, indent=1) + "\n")
    draft.replace(path)
