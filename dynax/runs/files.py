"""Write files and directories so that a reader finds the old content or the new content, never a part of either.

The content is written beside its place under a hidden name and then renamed.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a draft path, and rename the draft to `path` when the block ends; an error deletes the draft.

    The draft has the suffix of `path` and lies in the same directory, which must exist.
    """
    draft = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def replacing_directory(path: Path) -> Iterator[Path]:
    """Yield an empty draft directory, and rename the draft to `path` when the block ends.

    An existing directory `path` is deleted just before. An error deletes the draft.
    """
    draft = path.with_name(f".{path.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        shutil.rmtree(path, ignore_errors=True)
        draft.replace(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to the file `path`."""
    with replacing(path) as draft:
        draft.write_text(text)


def write_json(path: Path, content: Any) -> None:
    """Write `content` to the file `path` as JSON."""
    write_text(path, json.dumps(content, indent=1) + "\n")
