"""The identity of a run: a random number in `identity.json`, which every checkpoint of the run repeats.

A checkpoint that was copied from another run is therefore recognized.
"""

import secrets
from pathlib import Path
from typing import TypedDict

from dynax.runs.files import write_json
from dynax.runs.json_files import read_json

FILE = "identity.json"


class Identity(TypedDict):
    """The content of the file."""

    run_id: str


def read_run_id(run: Path) -> str:
    """Return the identity of a run.

    Raises:
        UserError: if the file is missing or damaged.
    """
    return read_json(run / FILE, Identity, "the run is damaged")["run_id"]


def has_run_id(run: Path) -> bool:
    """Return whether a run has an identity."""
    return (run / FILE).exists()


def ensure_run_id(run: Path) -> str:
    """Return the identity of a run; draw and write one if the run has none."""
    if not has_run_id(run):
        run.mkdir(parents=True, exist_ok=True)
        write_json(run / FILE, Identity(run_id=secrets.token_hex(16)))
    return read_run_id(run)
